//! Takes the secret out of what the *server* says, before it becomes evidence.
//!
//! A debugging or hostile server may repeat what it was sent: in plain, in base64 (of the password alone, or of a
//! message around it, at any of the three alignments), in hexadecimal, percent-encoded, or as a checksum; and so may it
//! repeat the proof that a mechanism made of the password, of which passwords can be guessed. Each such piece is
//! replaced, also where it is cut off or split over several lines or replies: [`PIECE`] characters are enough.
//!
//! Secrets of fewer than [`SHORTEST`] bytes are not looked for, and no piece of letters alone that is not the whole, nor
//! one that the user name has too: the gaps would tell more than the text. A server that wants to hide what it repeats from us can.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use crate::sasl::{self, Credentials};
use crate::secret::{NOT_SHOWN, Secret};
use crate::wire::Reply;

const SHORTEST: usize = 4;

/// Characters of a secret that are known again without the rest: six bytes in base64, four in hexadecimal.
const PIECE: usize = 8;

/// The forms in which the secret could come back.
#[derive(Default)]
pub struct Scrubber {
    wholes: Vec<Zeroizing<Vec<u8>>>,
    /// Sorted, so that a long reply costs little however long a token is.
    pieces: Zeroizing<Vec<u64>>,
    /// What may be shown though a password may hold it: who logs in.
    known: Vec<u64>,
}

/// One form of a secret, and which of the secret's bytes a character of it tells of.
struct Form {
    text: Zeroizing<Vec<u8>>,
    byte_of: ByteOf,
}

/// How characters stand for bytes.
#[derive(Clone, Copy)]
enum ByteOf {
    /// A character is a byte, or nearly so.
    Itself,
    /// So many characters a byte.
    Width(usize),
    /// Six bits a character, from this character of the encoding on, with so many other bytes before the secret.
    Base64 { first: usize, alignment: usize },
}

impl Form {
    /// Whether the piece at a place tells more than a word: "Password" is in many replies and in many passwords.
    fn tells(&self, secret: &[u8], at: usize) -> bool {
        let bytes = match self.byte_of {
            ByteOf::Itself => self.text.get(at..at + PIECE),
            ByteOf::Width(width) => secret.get(at / width..=(at + PIECE - 1) / width),
            ByteOf::Base64 { first, alignment } => {
                // Bytes of which all bits are in it.
                let from = ((first + at) * 6).div_ceil(8).saturating_sub(alignment);
                let to = ((first + at + PIECE) * 6 / 8).saturating_sub(alignment);
                secret.get(from..to.min(secret.len()))
            }
        };
        bytes.is_some_and(|bytes| !bytes.iter().all(u8::is_ascii_alphabetic))
    }
}

impl Scrubber {
    /// Prepares the forms of one password; with none, nothing is ever replaced.
    pub fn new(credentials: Option<&Credentials>) -> Scrubber {
        let mut scrubber = Scrubber::default();
        let Some(credentials) = credentials else { return scrubber };
        let names = [Some(&credentials.user), credentials.authzid.as_ref()];
        scrubber.known = names.into_iter().flatten().flat_map(|name| pieces(name.as_bytes())).collect();
        scrubber.look_for(credentials.secret());
        scrubber
    }

    /// Prepares the forms of a secret of which nobody knows yet whose it is.
    pub fn of(secret: Option<&Secret>) -> Scrubber {
        let mut scrubber = Scrubber::default();
        scrubber.look_for(secret);
        scrubber
    }

    fn look_for(&mut self, secret: Option<&Secret>) {
        if let Some(secret) = secret.map(Secret::reveal).filter(|secret| secret.len() >= SHORTEST) {
            self.add(secret.as_bytes());
            self.hide(&sasl::checksums(secret));
        }
    }

    /// Keeps out of sight what was made of the secret.
    pub fn hide(&mut self, made: &[Zeroizing<Vec<u8>>]) {
        for bytes in made {
            self.add(bytes);
        }
    }

    fn add(&mut self, secret: &[u8]) {
        for form in forms(secret) {
            let windows = form.text.windows(PIECE).enumerate().filter(|(at, _)| form.tells(secret, *at));
            let new: Zeroizing<Vec<u64>> = Zeroizing::new(
                windows.filter_map(|(_, piece)| key(piece)).filter(|piece| !self.known.contains(piece)).collect(),
            );
            // Where each piece counts, the pieces find the whole too.
            let all = form.text.len() >= PIECE && new.len() == form.text.len() - (PIECE - 1);
            let mut pieces = Zeroizing::new(Vec::with_capacity(self.pieces.len() + new.len()));
            pieces.extend_from_slice(&self.pieces);
            pieces.extend_from_slice(&new);
            self.pieces = pieces;
            if form.text.len() >= SHORTEST && !all && !self.wholes.contains(&form.text) {
                self.wholes.push(form.text);
            }
        }
        self.pieces.sort_unstable();
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
        if self.wholes.is_empty() && self.pieces.is_empty() {
            return reply;
        }
        if let Some(raw) = self.scrub(&reply.raw) {
            reply.raw = raw;
            reply.text = reply.text.into_iter().map(|line| self.scrub_text(line)).collect();
        }
        // Findings join the lines, and the transcript decodes base64: neither may put together what was taken apart.
        let hidden = |bytes: &[u8]| self.scrub(bytes).is_some();
        let decodes = |line: &String| STANDARD.decode(line.trim()).is_ok_and(|bytes| hidden(&bytes));
        let unwrapped: String = reply.text.iter().flat_map(|line| line.split_whitespace()).collect();
        if hidden(reply.text.join(" ").as_bytes())
            || hidden(reply.text.concat().as_bytes())
            || hidden(unwrapped.as_bytes())
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
        let mut found: Vec<(usize, usize)> = Vec::new();
        for whole in &self.wholes {
            let places = bytes.windows(whole.len()).enumerate();
            let same = places.filter(|(_, window)| window.eq_ignore_ascii_case(whole));
            found.extend(same.map(|(at, _)| (at, at + whole.len())));
        }
        let places = bytes.windows(PIECE).enumerate();
        let same = places.filter(|(_, window)| key(window).is_some_and(|key| self.pieces.binary_search(&key).is_ok()));
        found.extend(same.map(|(at, _)| (at, at + PIECE)));
        if found.is_empty() {
            return None;
        }
        found.sort_unstable();
        let mut result = Vec::with_capacity(bytes.len());
        let mut shown = 0;
        for (from, to) in found {
            // What touches the piece before goes with it.
            if from > shown || shown == 0 {
                result.extend_from_slice(bytes.get(shown..from).unwrap_or_default());
                result.extend_from_slice(NOT_SHOWN.as_bytes());
            }
            shown = shown.max(to);
        }
        result.extend_from_slice(bytes.get(shown..).unwrap_or_default());
        Some(result)
    }
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scrubber")
    }
}

/// The pieces of a text, as they are compared.
fn pieces(text: &[u8]) -> impl Iterator<Item = u64> {
    text.windows(PIECE).filter_map(key)
}

/// A piece in one number: any case, and base64 in either of its alphabets (RFC 4648 §4 and §5).
fn key(piece: &[u8]) -> Option<u64> {
    let same = |byte: u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other.to_ascii_lowercase(),
    };
    let bytes: [u8; PIECE] = piece.try_into().ok()?;
    Some(u64::from_be_bytes(bytes.map(same)))
}

fn forms(secret: &[u8]) -> Vec<Form> {
    let mut forms = vec![Form { text: Zeroizing::new(secret.to_vec()), byte_of: ByteOf::Itself }];
    forms.extend((0..3).map(|alignment| base64_core(secret, alignment)));
    for between in ["", ":", " "] {
        let text = joined(secret, between, |byte| format!("{byte:02x}"));
        forms.push(Form { text, byte_of: ByteOf::Width(2 + between.len()) });
    }
    for between in [",", ", ", " "] {
        let text = joined(secret, between, |byte| byte.to_string());
        forms.push(Form { text, byte_of: ByteOf::Itself });
    }
    // RFC 3986 §2.3: some encode more than they have to; forms of the web write a blank as a plus sign.
    let stays: [fn(u8) -> bool; 3] = [
        |_| false,
        |byte| byte.is_ascii_alphanumeric(),
        |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte),
    ];
    for (stays, blank) in [(stays[0], "%20"), (stays[1], "%20"), (stays[2], "%20"), (stays[1], "+"), (stays[2], "+")] {
        let text = joined(secret, "", |byte| match byte {
            b' ' => blank.to_owned(),
            byte if stays(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        });
        forms.push(Form { text, byte_of: ByteOf::Itself });
    }
    forms
}

fn joined(secret: &[u8], between: &str, one: impl Fn(u8) -> String) -> Zeroizing<Vec<u8>> {
    // At most three characters a byte, and two between: nothing is left behind by growing.
    let mut text = Zeroizing::new(Vec::with_capacity(secret.len() * 5));
    for (at, &byte) in secret.iter().enumerate() {
        if at > 0 {
            text.extend_from_slice(between.as_bytes());
        }
        text.extend_from_slice(Zeroizing::new(one(byte)).as_bytes());
    }
    text
}

/// The base64 characters that depend on the secret alone when `alignment` other bytes stand before it in the last
/// group of three.
fn base64_core(secret: &[u8], alignment: usize) -> Form {
    let mut padded = Zeroizing::new(Vec::with_capacity(alignment + secret.len()));
    padded.resize(alignment, 0);
    padded.extend_from_slice(secret);
    let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&*padded));
    // A character covers six bits: those that also cover bits of the neighbours are left out.
    let first = (alignment * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    let text = Zeroizing::new(encoded.as_bytes().get(first..last).unwrap_or_default().to_vec());
    Form { text, byte_of: ByteOf::Base64 { first, alignment } }
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

    #[test]
    fn a_piece_is_known_again_without_the_rest() {
        let scrubber = scrubber("Password-2024-x");
        let encoded = STANDARD.encode("\0u@example.net\0Password-2024-x");
        let cut = encoded.get(..34).expect("long enough");
        for (echo, told) in [
            ("you said word-2024", "word-2024"),
            (&format!("unknown command AUTH PLAIN {cut}..."), cut),
            ("got 50617373776f72642d32 and more", "776f72642d32"),
            ("got 50:61:73:73:77:6f:72:64:2d:32", "72:64:2d:32"),
            ("got Password%2D20", "word%2D20"),
        ] {
            let text = scrubber.scrub_text(echo.to_owned());
            assert!(text.contains("[password, not shown]") && !text.contains(told), "{echo} -> {text}");
        }
    }

    #[test]
    fn a_word_that_passwords_and_replies_have_in_common_stays() {
        let scrubber = scrubber("Password-2024-x");
        for text in ["535 Username and Password not accepted", "535 authentication failed: UGFzc3dvcmQ6"] {
            assert_eq!(scrubber.scrub_text(text.to_owned()), text);
        }
    }

    #[test]
    fn the_name_of_the_user_stays_though_the_password_begins_with_it() {
        let proof = Proof::Password(Secret::new("ann.miller@example.net1".to_owned()));
        let scrubber =
            Scrubber::new(Some(&Credentials { user: "ann.miller@example.net".to_owned(), authzid: None, proof }));
        assert_eq!(scrubber.scrub_text("535 ann.miller@example.net no".to_owned()), "535 ann.miller@example.net no");
        assert_eq!(scrubber.scrub_text("ann.miller@example.net1".to_owned()), "[password, not shown]");
    }

    #[test]
    fn what_was_made_of_the_password_is_hidden_once_it_is_known() {
        let mut scrubber = scrubber("hunter2x");
        let proof = STANDARD.encode("a proof of 20 bytes!");
        assert_eq!(scrubber.scrub_text(proof.clone()), proof);
        scrubber.hide(&[zeroize::Zeroizing::new(proof.clone().into_bytes())]);
        for text in [proof.clone(), STANDARD.encode(format!("c=biws,p={proof}"))] {
            assert!(scrubber.scrub_text(text.clone()).contains("[password, not shown]"), "{text}");
        }
    }
}
