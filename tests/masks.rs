//! Masks: text that repeats the password is not in any output, and no other text is masked. The sessions are replayed
//! from transcripts, which is fast enough for hundreds of echoes. `leaks.rs` does the same with the built program and
//! real connections.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::io;

use crate::support::leak::leaks_of;
use crate::support::replay::play_live;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use smtpcheck::evidence::{Event, Evidence, Probe};
use smtpcheck::inquiry::EvidenceListener;
use smtpcheck::plan::Plan;
use smtpcheck::render::{Display, FORMATS, Verbosity, ndjson, text};
use smtpcheck::report::Report;

const USER: &str = "ann@example.net";
/// One password of letters only, one with special characters, and one that looks like a token.
const PASSWORDS: [&str; 3] = ["purplehorsebattery", "c4nary pw,=%s+/~Q", "ya29.A0AfB_byC7x-Kq3"];

/// The output that is written while the session runs.
struct Live(String);

impl EvidenceListener for Live {
    fn event(&mut self, plan: &Plan, evidence: &Evidence, event: &Event) -> io::Result<()> {
        self.0 += &text::event(plan, evidence, event, &look());
        self.0 += &ndjson::happened(1, event);
        Ok(())
    }

    fn answered(&mut self, plan: &Plan, evidence: &Evidence, probe: &Probe) -> io::Result<()> {
        self.0 += &text::answered(plan, evidence, probe, &look());
        self.0 += &ndjson::answered(1, probe);
        Ok(())
    }

    fn waiting(&mut self, _: &Plan, _: &Evidence, _: f64) -> io::Result<()> {
        Ok(())
    }
}

fn look() -> Display {
    Display { volume: Verbosity::Verbose, ..Display::plain() }
}

/// The report of a login over TLS to which the server replies with `reply`, followed by a session without TLS, and the
/// output that was written during both.
fn check(password: &str, reply: &str, later: &str) -> (Report, String) {
    let sent = if reply.contains("235 ") { "" } else { "C: QUIT\nS: 221 bye\n" };
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let toml = format!(
        r#"summary = "a login"
args = ["mail.example.net:587", "--user", "{USER}", "--auth", "PLAIN", "--probe", "mail-before-tls", "--to", "x@example.org"]
password = {}
expect = []
exit = 7
[[session]]
dialogue = {}
[[session]]
dialogue = {}
"#,
        quoted(password),
        quoted(&format!(
            "S: 220 mail.example.net ESMTP Postfix\nC: EHLO client.example.org\nS: 250-mail.example.net\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 2.0.0 Ready to start TLS\nTLS\nC: EHLO client.example.org\nS: 250-mail.example.net\nS: 250-SIZE 10240000\nS: 250 AUTH PLAIN\nC: AUTH PLAIN [password, not shown]\n{reply}\n{sent}"
        )),
        quoted(later),
    );
    let mut live = Live(String::new());
    let played = play_live("masks".to_owned(), &toml, &mut live);
    (played.report, live.0)
}

const LATER: &str = "S: 220 mail.example.net ESMTP Postfix\nC: EHLO client.example.org\nS: 250-mail.example.net\nS: 250 STARTTLS\nC: MAIL FROM:<>\nS: 530 5.7.0 Must issue a STARTTLS command first\nC: QUIT\nS: 221 2.0.0 Bye";

fn rendered(report: &Report) -> String {
    FORMATS.iter().map(|format| format.one(report, &look())).collect()
}

fn each(text: &str, one: impl Fn(u8) -> String, between: &str) -> String {
    text.bytes().map(one).collect::<Vec<_>>().join(between)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Encodings of the text, with their names.
fn encodings(text: &str) -> Vec<(&'static str, String)> {
    let hex =
        |bytes: &[u8], between: &str| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between);
    let bytes = text.as_bytes();
    vec![
        ("plain", text.to_owned()),
        ("upper case", text.to_uppercase()),
        ("base64", STANDARD.encode(text)),
        ("base64 behind one byte", STANDARD.encode(format!("x{text}yy"))),
        ("base64 behind two bytes", STANDARD.encode(format!("xy{text}"))),
        ("base64 of the message", STANDARD.encode(format!("\0{USER}\0{text}"))),
        ("base64 for URLs", URL_SAFE_NO_PAD.encode(text)),
        ("base64 twice", STANDARD.encode(STANDARD.encode(text))),
        ("base64 of hexadecimal", STANDARD.encode(hex(bytes, ""))),
        ("hexadecimal of base64", hex(STANDARD.encode(text).as_bytes(), "")),
        ("hexadecimal", hex(bytes, "")),
        ("hexadecimal, upper case", hex(bytes, "").to_uppercase()),
        ("hexadecimal with colons", hex(bytes, ":")),
        ("hexadecimal with hyphens", hex(bytes, "-")),
        ("hexadecimal with blanks", hex(bytes, " ")),
        ("hexadecimal with \\x", format!("\\x{}", hex(bytes, "\\x"))),
        ("hexadecimal with 0x", format!("0x{}", hex(bytes, ", 0x"))),
        ("percent", each(text, |byte| format!("%{byte:02X}"), "")),
        ("quoted-printable", each(text, |byte| format!("={byte:02X}"), "")),
        ("HTML, decimal", each(text, |byte| format!("&#{byte};"), "")),
        ("HTML, hexadecimal", each(text, |byte| format!("&#x{byte:x};"), "")),
        ("JSON", each(text, |byte| format!("\\u{byte:04x}"), "")),
        ("octal", each(text, |byte| format!("\\{byte:03o}"), "")),
        ("numbers", format!("[{}]", each(text, |byte| byte.to_string(), ", "))),
        ("UTF-16 in base64", STANDARD.encode(utf16(text))),
        ("UTF-16 in hexadecimal", hex(&utf16(text), "")),
        ("UTF-16 in hexadecimal with blanks", hex(&utf16(text), " ")),
        ("backwards", text.chars().rev().collect()),
        ("a character at a time", each(text, |byte| char::from(byte).to_string(), " ")),
    ]
}

/// The entire text, its first and last two thirds, and its first half.
fn cuts(text: &str) -> [String; 4] {
    let length = text.chars().count();
    let part = |from: usize, to: usize| text.chars().skip(from).take(to - from).collect();
    [text.to_owned(), part(0, length * 2 / 3), part(length / 3, length), part(0, length / 2)]
}

#[test]
fn no_echo_of_the_password_is_in_any_output() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for password in PASSWORDS {
        for cut in cuts(password) {
            for (at, (name, echo)) in encodings(&cut).into_iter().enumerate() {
                // A short part of the password is not recognised if it is reversed or if its characters are separated
                // by spaces.
                let is_short = cut.chars().filter(char::is_ascii_alphanumeric).count() < 6;
                if name == "backwards" && cut.len() < 12 || name == "a character at a time" && is_short {
                    continue;
                }
                let reply = match at % 3 {
                    0 => format!("S: 535 5.7.8 you sent {echo}"),
                    1 => format!("S: 535-5.7.8 wrong password\nS: 535-5.7.8 {echo}!\nS: 535 5.7.8 go away"),
                    _ => format!("S: 334 {echo}\nC: *\nS: 535 5.7.8 \"{echo}\""),
                };
                let (report, live) = check(password, &reply, LATER);
                let format = &FORMATS[count % FORMATS.len()];
                let shown = format!("{live}{}{report:?}", format.one(&report, &look()));
                let forms = leaks_of(password, shown.as_bytes());
                if !forms.is_empty() || shown.contains(&echo) {
                    wrong.push(format!("{password} {cut:?} {name}: {echo} {forms:?}"));
                }
                count += 1;
            }
        }
    }
    assert!(count >= 250, "only {count} echoes");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_echo_of_the_password_in_a_later_phase_is_in_any_output() {
    for password in PASSWORDS {
        for (name, echo) in encodings(password) {
            let after = format!(
                "S: 235 2.7.0 {echo}\nC: MAIL FROM:<{USER}>\nS: 250 2.1.0 {echo}\nC: RCPT TO:<x@example.org>\nS: 550 5.7.1 {echo}\nC: RSET\nS: 250 {echo}\nC: QUIT\nS: 221 {echo}"
            );
            let later = format!(
                "S: 220 mail.example.net {echo}\nC: EHLO client.example.org\nS: 250-mail.example.net {echo}\nS: 250-X{echo}\nS: 250 STARTTLS\nC: MAIL FROM:<>\nS: 530 5.7.0 {echo}\nC: QUIT\nS: 221 {echo}"
            );
            let (report, live) = check(password, &after, &later);
            let shown = format!("{live}{}{report:?}", FORMATS[1].one(&report, &look()));
            let forms = leaks_of(password, shown.as_bytes());
            assert!(forms.is_empty() && !shown.contains(&echo), "{password} {name}: {echo} {forms:?}");
        }
    }
}

/// Words that also occur in smtpcheck's own messages, in registries, in certificates and in ordinary replies.
const WORDS: &[&str] = &[
    "server",
    "auth",
    "login",
    "plain",
    "starttls",
    "mail",
    "smtp",
    "password",
    "esmtp",
    "postfix",
    "example",
    "mail.example.net",
    "client.example.org",
    USER,
    "5.7.8",
    "2.0.0",
    "digital",
    "signature",
    "digitalSignature",
    "certificate",
    "rejected",
    "refused",
    "encrypted",
    "ehlo",
    "pipelining",
    "size",
    "10240000",
    "authentication",
    "failed",
    "authentication failed",
    "ready",
    "command",
    "first",
    "issue",
    "serverAuth",
    "TLSv1.3",
    "X25519",
    "not shown",
    "wrong",
    "sent",
    "the server",
    "quit",
    "error",
    "warning",
    "phase",
    "event",
    "report",
    "finding",
    "null",
    "true",
    "code",
    "text",
    "transcript",
    "kind",
    "received",
    "summary",
];

#[test]
fn a_password_that_is_an_ordinary_word_changes_nothing_in_the_output() {
    let reply = "S: 535 5.7.8 authentication failed";
    let (report, live) = check("Zq7-vX3k-mW9p", reply, LATER);
    let expected = format!("{live}{}", rendered(&report));
    for word in WORDS {
        let (report, live) = check(word, reply, LATER);
        let shown = format!("{live}{}", rendered(&report));
        let difference = shown.lines().zip(expected.lines()).find(|(one, other)| one != other);
        let is_repeated = ["failed"].contains(word);
        assert!(shown == expected || is_repeated, "{word}: {difference:?}");
    }
}

/// If the output depended on the password, an on-path attacker without the password could send a list of words, and see
/// in a public log which word was masked.
#[test]
fn a_session_without_a_successful_login_looks_the_same_for_every_password() {
    let list = "hunter22 purplehorsebattery swordfish99 letmein1 trustno1";
    let later = LATER.replace("ESMTP Postfix", &format!("ESMTP {list}")).replace("STARTTLS command", list);
    let shown = |password: &str| {
        let (report, live) = check(password, "S: 535 5.7.8 authentication failed", &later);
        format!("{live}{}", rendered(&report))
    };
    let expected = shown("Zq7-vX3k-mW9p");
    assert!(expected.contains("[text not shown]") && !expected.contains("swordfish99"));
    for guess in list.split(' ') {
        assert_eq!(shown(guess), expected, "{guess}");
    }
}

#[test]
fn text_received_before_the_password_was_sent_is_not_masked() {
    let (report, _) = check("Postfix", "S: 535 5.7.8 Postfix says no", LATER);
    let json = smtpcheck::render::json::render_run(&smtpcheck::report::Run::of(report), &look());
    assert!(json.contains("mail.example.net ESMTP Postfix"));
}

#[test]
fn masks_do_not_reveal_the_number_of_characters() {
    let shown = |password: &str| {
        let letters: String = password.chars().map(|letter| format!("S: 535-5.7.8 {letter}\n")).collect();
        let (report, _) = check(password, &format!("{letters}S: 535 5.7.8 no"), LATER);
        rendered(&report)
    };
    assert_eq!(shown("correcthorse"), shown("purplehorsebatterystaple"));
}
