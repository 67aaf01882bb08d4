//! NTLM version 2 (MS-NLMP, MS-SMTPNTLM), which old Exchange servers advertise. It is historic: the response is an
//! HMAC-MD5 with an MD4 hash as the key, so an eavesdropper can guess the password offline, and an attacker who steals
//! the hash does not need the password. smtpcheck supports it for diagnosis and uses it only if no other mechanism is
//! available.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::checksums::{nt_hash, utf16};
use super::{Broken, CredentialKind, Credentials, Exchange, ExchangeStart, Mechanism, Response, Vector};

pub(super) static MECHANISM: Mechanism = Mechanism {
    name: "NTLM",
    needs: CredentialKind::Password,
    begin: |opening| Box::new(Ntlm::new(opening)),
    vectors: &[Vector {
        // The messages contain binary data. The tests below use the values in MS-NLMP §4.2.4.
        initial: Some(b"NTLMSSP\0\x01\0\0\0\x05\x02\x08\0\0\0\0\0\x20\0\0\0\0\0\0\0\x20\0\0\0"),
        ..Vector::plain("MS-NLMP §2.2.1.1, without domain and workstation", "User", "Password")
    }],
};

const SIGNATURE: &[u8] = b"NTLMSSP\0";
/// Unicode, request target, NTLM, extended session security (MS-NLMP §2.2.2.5).
const FLAGS: u32 = 0x0008_0205;
/// The identifier of the server's timestamp (MS-NLMP §2.2.2.1).
const TIMESTAMP: u16 = 7;
/// The seconds from 1601, the epoch of Windows, to 1970.
const EPOCH: u64 = 11_644_473_600;

struct Ntlm<'a> {
    credentials: &'a Credentials,
    challenge: [u8; 8],
    unix_time: u64,
    state: NtlmState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NtlmState {
    Begun,
    Asked,
    Answered,
}

impl<'a> Ntlm<'a> {
    fn new(opening: &ExchangeStart<'a, '_>) -> Ntlm<'a> {
        let mut challenge = [0; 8];
        for (byte, random) in challenge.iter_mut().zip(Md5::digest(&opening.means.nonce)) {
            *byte = random;
        }
        Ntlm {
            credentials: opening.credentials,
            challenge,
            unix_time: opening.means.unix_time,
            state: NtlmState::Begun,
        }
    }

    fn negotiate(&mut self) -> Response {
        self.state = NtlmState::Asked;
        let mut message = SIGNATURE.to_vec();
        message.extend(1u32.to_le_bytes());
        message.extend(FLAGS.to_le_bytes());
        // Domain and workstation: empty, at the end of the message.
        for _ in 0..2 {
            message.extend([0, 0, 0, 0]);
            message.extend(32u32.to_le_bytes());
        }
        Response::open(message)
    }

    fn authenticate(&mut self, message: &[u8]) -> Result<Response, Broken> {
        let asked = Challenge::read(message).ok_or(Broken::Malformed)?;
        // Both `DOMAIN\\user` and `user@domain` include a domain. The second form is sent unchanged as the user name.
        let (domain, user) = self.credentials.user.split_once('\\').unwrap_or(("", &self.credentials.user));
        let key = response_key(self.credentials.revealed(), user, domain);
        let time = asked.timestamp().unwrap_or_else(|| ((self.unix_time + EPOCH) * 10_000_000).to_le_bytes());
        let (proof, blob) = response(&key, &asked, time, self.challenge);
        let mut answer = proof.clone();
        answer.extend_from_slice(&blob);
        // LMv2 is sent as zeros if the server sent its time (MS-NLMP §3.1.5.1.2). Current servers do not need it.
        let parts = [vec![0; 24], answer.to_vec(), utf16(domain), utf16(user), Vec::new(), Vec::new()];
        self.state = NtlmState::Answered;
        Ok(Response::proof(Zeroizing::new(message_three(&parts, asked.flags)), vec![proof, key]))
    }
}

impl Exchange for Ntlm<'_> {
    fn initial(&mut self) -> Option<Response> {
        Some(self.negotiate())
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Response, Broken> {
        match self.state {
            NtlmState::Begun => Ok(self.negotiate()),
            NtlmState::Asked => self.authenticate(challenge),
            NtlmState::Answered => Err(Broken::UnexpectedChallenge),
        }
    }
}

/// The server's CHALLENGE_MESSAGE (MS-NLMP §2.2.1.2).
struct Challenge<'a> {
    flags: u32,
    random: [u8; 8],
    target: &'a [u8],
}

impl<'a> Challenge<'a> {
    fn read(message: &'a [u8]) -> Option<Challenge<'a>> {
        let is_two = message.starts_with(SIGNATURE) && message.get(8..12)? == 2u32.to_le_bytes();
        if !is_two {
            return None;
        }
        let flags = u32::from_le_bytes(message.get(20..24)?.try_into().ok()?);
        let random = message.get(24..32)?.try_into().ok()?;
        let target = match (message.get(40..42), message.get(44..48)) {
            (Some(length), Some(offset)) => {
                let length = usize::from(u16::from_le_bytes(length.try_into().ok()?));
                let offset = usize::try_from(u32::from_le_bytes(offset.try_into().ok()?)).ok()?;
                message.get(offset..offset.checked_add(length)?)?
            }
            _ => &[],
        };
        Some(Challenge { flags, random, target })
    }

    fn timestamp(&self) -> Option<[u8; 8]> {
        let mut rest = self.target;
        loop {
            let id = u16::from_le_bytes(rest.get(..2)?.try_into().ok()?);
            let length = usize::from(u16::from_le_bytes(rest.get(2..4)?.try_into().ok()?));
            let value = rest.get(4..4 + length)?;
            match id {
                0 => return None,
                TIMESTAMP => return value.try_into().ok(),
                _ => rest = rest.get(4 + length..)?,
            }
        }
    }
}

/// NTOWFv2 (MS-NLMP §3.3.2): the key for the response, from password, user and domain.
fn response_key(password: &str, user: &str, domain: &str) -> Zeroizing<Vec<u8>> {
    hmac(&nt_hash(password), &[utf16(&user.to_uppercase()), utf16(domain)].concat())
}

/// NTProofStr and the data that it covers (MS-NLMP §3.3.2).
fn response(key: &[u8], asked: &Challenge<'_>, time: [u8; 8], ours: [u8; 8]) -> (Zeroizing<Vec<u8>>, Vec<u8>) {
    let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
    blob.extend(time);
    blob.extend(ours);
    blob.extend([0; 4]);
    blob.extend(asked.target);
    blob.extend([0; 4]);
    let proof = hmac(key, &[&asked.random[..], &blob].concat());
    (proof, blob)
}

/// AUTHENTICATE_MESSAGE (MS-NLMP §2.2.1.3): six parts, each with its length and offset in the header.
fn message_three(parts: &[Vec<u8>], flags: u32) -> Vec<u8> {
    let mut message = SIGNATURE.to_vec();
    message.extend(3u32.to_le_bytes());
    let mut place = 8 + 4 + parts.len() * 8 + 4;
    for part in parts {
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX).to_le_bytes();
        message.extend(length);
        message.extend(length);
        message.extend(u32::try_from(place).unwrap_or(u32::MAX).to_le_bytes());
        place += part.len();
    }
    message.extend((flags & FLAGS).to_le_bytes());
    message.extend(parts.iter().flatten());
    message
}

fn hmac(key: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC accepts a key of any length (RFC 2104 §2)");
    mac.update(data);
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::{Challenge, MECHANISM, response, response_key};
    use crate::sasl::checksums::hex;
    use crate::sasl::tests::{credentials, means};
    use crate::sasl::{CredentialKind, ExchangeStart};

    /// The names of domain and server, then the end of the list.
    const TARGET: &[u8] = b"\x02\0\x0c\0D\0o\0m\0a\0i\0n\0\x01\0\x0c\0S\0e\0r\0v\0e\0r\0\0\0\0\0";

    #[test]
    fn the_example_of_the_specification_is_reproduced() {
        // The values of MS-NLMP §4.2.4.1.1 and §4.2.4.2.2.
        let key = response_key("Password", "User", "Domain");
        assert_eq!(hex(&key), "0c868a403bfd7a93a3001ef22ef02e3f");
        let random = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let asked = Challenge { flags: 0, random, target: TARGET };
        let (proof, _) = response(&key, &asked, [0; 8], [0xaa; 8]);
        assert_eq!(hex(&proof), "68cd0ab851e51c96aabc927bebef6a1c");
    }

    #[test]
    fn a_valid_challenge_is_answered_and_an_invalid_one_is_not() {
        let mut message = b"NTLMSSP\0\x02\0\0\0\0\0\0\0\x30\0\0\0\x05\x02\x08\0".to_vec();
        message.extend([1; 8]);
        message.extend([0; 8]);
        message.extend(u16::try_from(TARGET.len()).expect("short").to_le_bytes());
        message.extend(u16::try_from(TARGET.len()).expect("short").to_le_bytes());
        message.extend(48u32.to_le_bytes());
        message.extend(TARGET);
        let (credentials, means) = (credentials(CredentialKind::Password, "Domain\\User", "Password"), means("", "n"));
        let opening = ExchangeStart { credentials: &credentials, means: &means, binding: None, offers_plus: false };
        let mut exchange = (MECHANISM.begin)(&opening);
        let _ = exchange.initial();
        let answer = exchange.answer(&message).expect("an answer");
        assert!(answer.bytes.starts_with(b"NTLMSSP\0\x03"));
        assert!(exchange.answer(&message).is_err());
        for cut in 0..32 {
            let mut exchange = (MECHANISM.begin)(&opening);
            let _ = exchange.initial();
            assert!(exchange.answer(message.get(..cut).unwrap_or_default()).is_err(), "{cut}");
        }
    }
}
