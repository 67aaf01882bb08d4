//! Takes the secret out of what the *server* says, before it becomes evidence.
//!
//! A debugging or hostile server may repeat what it was sent: in plain, in base64 (of the password alone, or of a
//! message around it, at any of the three alignments), in hexadecimal or percent-encoded. Each such piece is replaced.
//! Secrets of fewer than [`SHORTEST`] bytes are not looked for: the gaps would tell more than the text.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use crate::sasl::Credentials;
use crate::secret::NOT_SHOWN;
use crate::wire::Reply;

const SHORTEST: usize = 4;

/// The forms in which the secret could come back, longest first.
#[derive(Default)]
pub struct Scrubber {
    needles: Vec<Zeroizing<Vec<u8>>>,
}

impl Scrubber {
    /// Prepares the forms of one password; with none, nothing is ever replaced.
    pub fn new(credentials: Option<&Credentials>) -> Scrubber {
        let Some(credentials) = credentials else { return Scrubber::default() };
        let Some(secret) = credentials.secret().map(crate::secret::Secret::reveal) else { return Scrubber::default() };
        if secret.len() < SHORTEST {
            return Scrubber::default();
        }
        let mut needles = forms(secret.as_bytes());
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        Scrubber { needles }
    }

    /// The same text without the secret.
    pub fn scrub_text(&self, text: String) -> String {
        match self.scrub(text.as_bytes()) {
            Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            None => text,
        }
    }

    /// The same reply without the secret, in its words and in its raw bytes.
    pub fn scrub_reply(&self, mut reply: Reply) -> Reply {
        if let Some(raw) = self.scrub(&reply.raw) {
            reply.raw = raw;
            reply.text = reply.text.into_iter().map(|line| self.scrub_text(line)).collect();
        }
        // Findings join the lines, and the transcript decodes base64: neither may put together what was taken apart.
        let hidden = |bytes: &[u8]| self.scrub(bytes).is_some();
        let decodes = |line: &String| STANDARD.decode(line.trim()).is_ok_and(|bytes| hidden(&bytes));
        if hidden(reply.text.join(" ").as_bytes())
            || hidden(reply.text.concat().as_bytes())
            || reply.text.iter().any(decodes)
        {
            reply.text = vec![NOT_SHOWN.to_owned()];
            let code = reply.code.map(|code| format!("{code} ")).unwrap_or_default();
            reply.raw = format!("{code}{NOT_SHOWN}\r\n").into_bytes();
        }
        reply
    }

    /// The bytes with each form replaced, or nothing if there is none in them.
    fn scrub(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut result: Option<Vec<u8>> = None;
        for needle in &self.needles {
            let from = result.as_deref().unwrap_or(bytes);
            if let Some(replaced) = replace(from, needle) {
                result = Some(replaced);
            }
        }
        result
    }
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scrubber")
    }
}

fn forms(secret: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = vec![Zeroizing::new(secret.to_vec())];
    for alignment in 0..3 {
        forms.push(base64_core(secret, alignment));
    }
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    forms.push(Zeroizing::new(hex.to_uppercase().into_bytes()));
    forms.push(Zeroizing::new(hex.into_bytes()));
    let percent: String = secret
        .iter()
        .map(|&byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    forms.push(Zeroizing::new(percent.into_bytes()));
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

/// The base64 characters that depend on the secret alone when `alignment` other bytes stand before it in the last
/// group of three.
fn base64_core(secret: &[u8], alignment: usize) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(vec![0u8; alignment]);
    padded.extend_from_slice(secret);
    let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&*padded));
    // A character covers six bits: those that also cover bits of the neighbours are left out.
    let first = (alignment * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    Zeroizing::new(encoded.as_bytes().get(first..last).unwrap_or_default().to_vec())
}

fn replace(haystack: &[u8], needle: &[u8]) -> Option<Vec<u8>> {
    let found = |from: usize| {
        haystack
            .get(from..)?
            .windows(needle.len())
            .position(|window| window.eq_ignore_ascii_case(needle))
            .map(|at| from + at)
    };
    let mut at = found(0)?;
    let mut result = Vec::with_capacity(haystack.len());
    let mut from = 0;
    loop {
        result.extend_from_slice(haystack.get(from..at).unwrap_or_default());
        result.extend_from_slice(NOT_SHOWN.as_bytes());
        from = at + needle.len();
        match found(from) {
            Some(next) => at = next,
            None => break,
        }
    }
    result.extend_from_slice(haystack.get(from..).unwrap_or_default());
    Some(result)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::Scrubber;
    use crate::sasl::{Credentials, Proof};
    use crate::secret::Secret;

    fn scrubber(password: &str) -> Scrubber {
        let proof = Proof::Password(Secret::new(password.to_owned()));
        Scrubber::new(Some(&Credentials { user: "u".to_owned(), authzid: None, proof }))
    }

    #[test]
    fn an_echo_in_any_encoding_is_replaced() {
        let password = "c4nary pw,=\"";
        let scrubber = scrubber(password);
        let hex: String = password.bytes().map(|byte| format!("{byte:02x}")).collect();
        for echo in [
            password.to_owned(),
            STANDARD.encode(password),
            STANDARD.encode(format!("\0u@example.net\0{password}")),
            STANDARD.encode(format!("xy{password}zzz")),
            hex.clone(),
            hex.to_uppercase(),
            "c4nary%20pw%2C%3D%22".to_owned(),
        ] {
            let text = scrubber.scrub_text(format!("535 you said {echo}!"));
            assert!(text.contains("[password, not shown]"), "{echo} -> {text}");
            assert!(!text.contains(&echo), "{echo} -> {text}");
        }
    }

    #[test]
    fn other_text_stays_and_short_secrets_leave_no_gaps() {
        assert_eq!(scrubber("hunter2x").scrub_text("535 no".to_owned()), "535 no");
        assert_eq!(scrubber("no").scrub_text("535 no".to_owned()), "535 no");
    }
}
