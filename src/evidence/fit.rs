//! Decides whether a reply can belong to the command that it is paired with: a total function that maps a phase and a
//! reply to a [`Fit`].
//!
//! The following codes mean success. Any other 2yz code is not a success for that command:
//!
//! | phase | success | source |
//! |---|---|---|
//! | greeting | 220 | RFC 5321 §4.3.2 (connection establishment), §3.1 |
//! | EHLO, HELO | 250 | RFC 5321 §4.3.2, §4.1.1.1 |
//! | STARTTLS | 220 | RFC 3207 §4 |
//! | XCLIENT | 220: the session begins again (Postfix, XCLIENT_README) |
//! | XFORWARD | 250 (Postfix, XFORWARD_README) |
//! | VRFY, EXPN | 250, 251, 252 | RFC 5321 §4.3.2 |
//! | AUTH | 235 (334 continues the exchange) | RFC 4954 §4 |
//! | MAIL | 250 | RFC 5321 §4.3.2 |
//! | RCPT | 250, 251 | RFC 5321 §4.3.2 |
//! | RCPT | 252 | defined for VRFY (§3.5.3); servers also send it here: "will accept message and attempt delivery" |
//! | RSET | 250 | RFC 5321 §4.3.2, §4.1.1.5 |
//! | QUIT | 221 | RFC 5321 §4.3.2, §4.1.1.10 |
//!
//! A 4yz or 5yz reply rejects the command (a client acts on the first digit, §4.2.1). RSET and QUIT are an
//! exception, because no server has a reason to reject them: 500 to 504 ("command not implemented") are tolerated
//! there, and any other rejection belongs to an earlier command. 421 is a valid reply to every command (§3.8).
//!
//! [`super::sequence`] decides what a sequence of replies proves.

use super::Phase;
use crate::wire::reply::{Irregularity, Reply};
use crate::wire::{Class, EnhancedStatus, ReplyCode};

/// The relation of a reply to the command that it is paired with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The success code that is defined for the command.
    Accepts,
    /// 334 in reply to AUTH: the exchange continues.
    Continues,
    /// A 4yz or 5yz code, or 421 in any phase.
    Rejects,
    /// A reply to RSET or QUIT that the RFC does not define. Real servers send such replies, which are harmless.
    Odd,
    /// The reply contradicts itself: it has codes of different classes, or a code and an enhanced status of different
    /// classes.
    Contradicts,
    /// The reply neither accepts nor rejects: it has no code, a code that SMTP does not define, or a success code that
    /// is not defined for this command.
    Senseless,
    /// The reply belongs to another command of the session, so replies and commands are out of step.
    Foreign,
    /// The reply was never completed.
    Unfinished,
}

/// Compares a reply with the command of a phase.
pub(crate) fn fit(phase: Phase, reply: &Reply) -> Fit {
    let unfinished = |oddity: &Irregularity| matches!(oddity, Irregularity::CutShort | Irregularity::TooLong);
    if reply.irregularities.iter().any(unfinished) {
        return Fit::Unfinished;
    }
    let is_last = matches!(phase, Phase::Rset | Phase::Quit);
    let Some(code) = reply.code else { return if is_last { Fit::Odd } else { Fit::Senseless } };
    // RFC 5321 §3.8: a server that has to shut down may reply 421 to any command.
    if code == 421 {
        return Fit::Rejects;
    }
    if !is_last && contradicts(phase, reply) {
        return Fit::Contradicts;
    }
    let rejects = matches!(code.class(), Class::Transient | Class::Permanent);
    if matches!(phase, Phase::Mail | Phase::Rcpt | Phase::Rset) && is_list_of_extensions(reply) {
        return Fit::Foreign;
    }
    match (phase, code.number()) {
        (Phase::Greeting, 220)
        | (Phase::Ehlo | Phase::EhloTls, 250)
        | (Phase::Starttls, 220)
        | (Phase::Xclient, 220 | 250)
        | (Phase::Vrfy, 250..=252)
        | (Phase::Auth, 235)
        | (Phase::Mail, 250)
        | (Phase::Rcpt, 250..=252)
        | (Phase::Rset, 250)
        | (Phase::Quit, 221) => Fit::Accepts,
        (Phase::Auth, 334) => Fit::Continues,
        // Some servers reply to QUIT with 250. Whether replies and commands are out of step depends on whether another
        // reply follows; see `sequence`.
        (Phase::Quit, 250) => Fit::Odd,
        // RFC 5321 §4.2.4, §4.3.2: a server does not implement the command, or rejects its syntax.
        (Phase::Rset | Phase::Quit, 500..=504) => Fit::Odd,
        (Phase::Rset | Phase::Quit, _) if rejects => Fit::Foreign,
        (_, _) if rejects => Fit::Rejects,
        // No command is sent before the greeting, so the greeting cannot be the reply to another command.
        (Phase::Greeting | Phase::Dns | Phase::Connect | Phase::Tls, _) => Fit::Senseless,
        // The success codes of the commands that smtpcheck sends.
        (_, 220 | 221 | 235 | 250 | 251 | 334) => Fit::Foreign,
        (Phase::Rset | Phase::Quit, _) => Fit::Odd,
        (_, _) => Fit::Senseless,
    }
}

/// Whether the reply can only belong to EHLO (RFC 5321 §4.1.1.1): it is 250 and lists well-known extensions, one per
/// line.
fn is_list_of_extensions(reply: &Reply) -> bool {
    const KNOWN: [&str; 8] =
        ["PIPELINING", "8BITMIME", "STARTTLS", "SIZE", "AUTH", "DSN", "CHUNKING", "ENHANCEDSTATUSCODES"];
    let is_known = |line: &&String| line.split(' ').next().is_some_and(|word| KNOWN.contains(&word));
    reply.has_code(250) && reply.enhanced.is_none() && reply.text.iter().skip(1).filter(is_known).count() > 1
}

/// Whether a rejection can only refer to AUTH (RFC 4954 §6: 534, 535, 538 and X.7.8 "authentication credentials
/// invalid" are replies to AUTH). Oracle's Email Delivery rejects a sender with 535, in words about the envelope.
pub(crate) fn is_about_login(reply: &Reply) -> bool {
    let is_of_auth = reply.has_code(534)
        || reply.has_code(535)
        || reply.has_code(538)
        || reply.enhanced.is_some_and(|status| status.kind() == (7, 8) && status.class() != 2);
    is_of_auth && !names_the_envelope(reply)
}

fn names_the_envelope(reply: &Reply) -> bool {
    let text = reply.first_line().to_ascii_lowercase();
    ["envelope from", "mail from", "rcpt to", "from address <", "sender address"].iter().any(|word| text.contains(word))
}

/// Whether a reply contradicts itself, which means that it violates one of these rules:
///
/// 1. All lines of a reply have the same code (RFC 5321 §4.2.1). If a reply mixes 4yz and 5yz, the last line counts, as
///    in Postfix. In the greeting, a rejection may follow `220-` lines: postscreen sends `220-` before its tests.
/// 2. The code and the enhanced status have the same class (RFC 2034 §4). Real servers mix 4 and 5 (`451 5.7.3`). The
///    greeting and the reply to EHLO have no enhanced status.
fn contradicts(phase: Phase, reply: &Reply) -> bool {
    let rejects = |class: Class| matches!(class, Class::Transient | Class::Permanent);
    // Every reply is compared many times, so its lines are not copied.
    let (class, lines) = (reply.class(), reply.raw_lines());
    let other = |code: ReplyCode| code.class() != class && !(rejects(class) && rejects(code.class()));
    let codes = lines.clone().filter_map(|line| ReplyCode::parse(line.get(..3)?));
    // Without irregularities, all lines have the same code.
    let mut of_lines = codes.filter(|code| code.class() != Class::Undefined);
    let mixed = !reply.irregularities.is_empty() && of_lines.any(other);
    if mixed && !(phase == Phase::Greeting && rejects(class)) {
        return true;
    }
    if matches!(phase, Phase::Greeting | Phase::Ehlo | Phase::EhloTls) {
        return false;
    }
    let opposite = |status: EnhancedStatus| (status.class() == 2) != (class == Class::Success);
    // After bytes that are not UTF-8, nothing is a status.
    let lead = |line| Some(EnhancedStatus::lead(String::from_utf8_lossy(line).get(4..)?)?.0);
    let leading = lines.filter_map(lead);
    class != Class::Intermediate && leading.chain(reply.enhanced).any(opposite)
}

#[cfg(test)]
mod tests {
    use super::{Fit, fit, is_about_login};
    use crate::evidence::Phase;
    use crate::wire::Reply;
    use crate::wire::reply::from_text;

    #[test]
    fn each_command_has_its_own_success_codes() {
        let table = [
            (Phase::Greeting, &[220][..]),
            (Phase::Ehlo, &[250]),
            (Phase::EhloTls, &[250]),
            (Phase::Starttls, &[220]),
            (Phase::Xclient, &[220, 250]),
            (Phase::Vrfy, &[250, 251, 252]),
            (Phase::Auth, &[235]),
            (Phase::Mail, &[250]),
            (Phase::Rcpt, &[250, 251, 252]),
            (Phase::Rset, &[250]),
            (Phase::Quit, &[221]),
        ];
        for (phase, accepted) in table {
            for code in 200..300 {
                let reply = from_text(&format!("{code} words")).expect("a reply");
                let is_accepted = fit(phase, &reply) == Fit::Accepts;
                assert_eq!(is_accepted, accepted.contains(&code), "{code} at {phase}");
            }
        }
    }

    #[test]
    fn self_contradicting_replies_are_not_a_success() {
        for (phase, text) in [
            (Phase::Mail, "250 5.1.1 ok"),
            (Phase::Mail, "250-2.1.0 ok\r\n250 5.1.0 no"),
            (Phase::Rcpt, "550-no\r\n250 ok"),
            (Phase::Rcpt, "250-ok\r\n550 no"),
            (Phase::Rcpt, "250-ok\r\n550-no\r\n250 ok"),
            (Phase::Rcpt, "550 2.1.5 ok"),
            (Phase::Rcpt, "250 sorry, no mailbox here (#5.1.1)"),
            (Phase::Auth, "235 5.7.8 no"),
            (Phase::Auth, "334-more\r\n235 ok"),
            (Phase::Ehlo, "250-mx\r\n550 no"),
            (Phase::Greeting, "554-no\r\n220 mx"),
            (Phase::Starttls, "220 4.7.0 TLS not available"),
        ] {
            let reply = from_text(text).expect("a reply");
            assert_eq!(fit(phase, &reply), Fit::Contradicts, "{text:?} at {phase}");
        }
    }

    #[test]
    fn text_after_a_byte_that_is_not_utf8_is_not_a_status() {
        let reply = from_text("250 words").expect("a reply");
        let with = |raw: &[u8]| fit(Phase::Rcpt, &Reply { raw: raw.to_vec(), ..reply.clone() });
        assert_eq!(with(b"250\xff5.1.1 words\r\n"), Fit::Accepts);
        assert_eq!(with(b"250 5.1.1 words\r\n"), Fit::Contradicts);
    }

    #[test]
    fn replies_of_real_servers_fit() {
        for (phase, text, wanted) in [
            (Phase::Greeting, "220-mx\r\n521 5.7.1 blocked", Fit::Rejects),
            (Phase::Starttls, "220 2.0.0 Ready to start TLS", Fit::Accepts),
            (Phase::Starttls, "220 TLS go ahead", Fit::Accepts),
            (Phase::Auth, "235 2.7.0 Accepted", Fit::Accepts),
            (Phase::Auth, "334 VXNlcm5hbWU6", Fit::Continues),
            (Phase::Mail, "451 5.7.3 STARTTLS is required", Fit::Rejects),
            (Phase::Mail, "530 5.7.57 Client not authenticated", Fit::Rejects),
            (Phase::Rcpt, "251 2.1.5 will forward", Fit::Accepts),
            (Phase::Rcpt, "550-5.1.1 no\r\n550 5.1.1 such user", Fit::Rejects),
            (Phase::Rcpt, "450-4.2.0 later\r\n550 4.2.0 later", Fit::Rejects),
            (Phase::Rset, "250 2.0.0 Ok", Fit::Accepts),
            (Phase::Rset, "502 5.5.1 not implemented", Fit::Odd),
            (Phase::Quit, "221 2.0.0 Bye", Fit::Accepts),
            (Phase::Quit, "250 bye", Fit::Odd),
            (Phase::Quit, "205 closing connection", Fit::Odd),
            (Phase::Quit, "421 closing", Fit::Rejects),
        ] {
            let reply = from_text(text).expect("a reply");
            assert_eq!(fit(phase, &reply), wanted, "{text:?} at {phase}");
        }
    }

    #[test]
    fn the_reply_to_another_command_is_recognised() {
        for (phase, text) in [
            (Phase::Ehlo, "220 mx"),
            (Phase::Starttls, "250 ok"),
            (Phase::Auth, "250 ok"),
            (Phase::Mail, "221 bye"),
            (Phase::Rcpt, "235 ok"),
            (Phase::Rset, "550 5.1.1 no such user"),
            (Phase::Rset, "221 bye"),
            (Phase::Quit, "451 4.7.1 greylisted"),
        ] {
            let reply = from_text(text).expect("a reply");
            assert_eq!(fit(phase, &reply), Fit::Foreign, "{text:?} at {phase}");
        }
        for text in ["535 no", "535 5.7.8 no", "454 4.7.8 no"] {
            assert!(is_about_login(&from_text(text).expect("a reply")), "{text}");
        }
        assert!(!is_about_login(&from_text("530 5.7.0 log in first").expect("a reply")));
    }
}
