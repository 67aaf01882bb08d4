//! The names of TLS alerts (RFC 8446 §6) in the spellings of TLS libraries: `AlertReceived(HandshakeFailure)` (rustls),
//! `Received alert [40]: Handshake failed` (GnuTLS), `fatal alert code is 40` (Schannel), `{tls_alert,{unknown_ca,...}}`
//! (Erlang).
//!
//! The lexicon's error messages contain the spelling of OpenSSL (`alert handshake failure`). This module finds the alert
//! in any other spelling, so that the same entries match. An alert that the program sent itself is not returned, because
//! it means that the program rejected what the other side sent.

/// An alert: its number, its name in OpenSSL's spelling, and its names in other spellings, as letters only.
struct Alert {
    number: u8,
    name: &'static str,
    spellings: &'static [&'static str],
}

const fn alert(number: u8, name: &'static str, spellings: &'static [&'static str]) -> Alert {
    Alert { number, name, spellings }
}

const ALERTS: [Alert; 27] = [
    alert(10, "unexpected message", &["unexpectedmessage"]),
    alert(20, "bad record mac", &["badrecordmac"]),
    alert(22, "record overflow", &["recordoverflow"]),
    alert(40, "handshake failure", &["handshakefailure", "handshakefailed"]),
    alert(42, "bad certificate", &["badcertificate", "certificateisbad"]),
    alert(43, "unsupported certificate", &["unsupportedcertificate", "certificateisnotsupported"]),
    alert(44, "certificate revoked", &["certificaterevoked", "certificatewasrevoked"]),
    alert(45, "certificate expired", &["certificateexpired", "certificatewasexpired", "certificateisexpired"]),
    alert(46, "certificate unknown", &["certificateunknown", "unknowncertificate"]),
    alert(47, "illegal parameter", &["illegalparameter"]),
    alert(48, "unknown ca", &["unknownca", "caisunknown", "unknowncertificateauthority"]),
    alert(49, "access denied", &["accessdenied", "accesswasdenied"]),
    alert(50, "decode error", &["decodeerror"]),
    alert(51, "decrypt error", &["decrypterror"]),
    alert(70, "protocol version", &["protocolversion", "errorinprotocolversion"]),
    alert(71, "insufficient security", &["insufficientsecurity"]),
    alert(80, "internal error", &["internalerror"]),
    alert(86, "inappropriate fallback", &["inappropriatefallback"]),
    alert(90, "user cancelled", &["usercanceled", "usercancelled"]),
    alert(100, "no renegotiation", &["norenegotiation"]),
    alert(109, "missing extension", &["missingextension", "anextensionwasexpected"]),
    alert(110, "unsupported extension", &["unsupportedextension", "anunsupportedextension"]),
    alert(112, "unrecognized name", &["unrecognizedname", "unrecognisedname", "servernamesentwasnotrecognized"]),
    alert(113, "bad certificate status response", &["badcertificatestatusresponse"]),
    alert(115, "unknown psk identity", &["unknownpskidentity", "pskusernameismissing"]),
    alert(116, "certificate required", &["certificaterequired", "certificateisrequired"]),
    alert(120, "no application protocol", &["noapplicationprotocol", "nosupportedapplicationprotocol"]),
];

/// Words that announce a received alert, in lower case. The word alone also occurs in the names of programs.
const SIGNS: [&str; 10] = [
    "alertreceived(",
    "fatal alert",
    "tls_alert",
    "tls alert",
    "ssl alert",
    "received alert",
    "server alert",
    "alert [",
    "alert number",
    "alert code",
];
/// Words in messages about an alert that the program sent itself.
const SENT: [&str; 4] = ["client alert", "generated", "sent to the remote", "alert sent"];
/// Words directly before the number of an alert.
const BEFORE_NUMBER: [&str; 5] = ["[", "alert number ", "code is ", "alert message ", "alert code "];
/// The number of bytes after a sign within which the name or number is.
const REACH: usize = 120;

/// The name of the alert that the other side sent, in OpenSSL's spelling. The text is in lower case.
pub(crate) fn in_text(text: &str) -> Option<&'static str> {
    if !text.contains("alert") || SENT.iter().any(|words| text.contains(words)) {
        return None;
    }
    let places = SIGNS.iter().filter_map(|sign| text.find(sign));
    let parts = places.filter_map(|at| {
        let end = (at + REACH).min(text.len());
        (at..=end).rev().find_map(|end| text.get(at..end))
    });
    parts.filter_map(|part| by_name(part).or_else(|| by_number(part))).next()
}

fn by_name(part: &str) -> Option<&'static str> {
    let letters: String = part.chars().filter(char::is_ascii_alphabetic).collect();
    let found = ALERTS.iter().flat_map(|alert| alert.spellings.iter().map(move |spelling| (alert, *spelling)));
    let places = found.filter_map(|(alert, spelling)| Some((letters.find(spelling)?, spelling.len(), alert)));
    // One name is the start of another: `bad certificate status response`.
    let first = places.min_by_key(|(at, length, _)| (*at, std::cmp::Reverse(*length)))?;
    Some(first.2.name)
}

fn by_number(part: &str) -> Option<&'static str> {
    BEFORE_NUMBER.iter().find_map(|words| {
        let (_, after) = part.split_once(words)?;
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let number: u8 = after.get(..end)?.parse().ok()?;
        ALERTS.iter().find(|alert| alert.number == number).map(|alert| alert.name)
    })
}

#[cfg(test)]
mod tests {
    use super::in_text;

    #[test]
    fn an_alert_is_found_in_the_spelling_of_each_library() {
        for (text, name) in [
            ("source: custom { kind: invaliddata, error: alertreceived(handshakefailure) } }", "handshake failure"),
            ("alertreceived(badcertificatestatusresponse)", "bad certificate status response"),
            ("received fatal alert: unrecognisedname", "unrecognized name"),
            ("*** received alert [48]: ca is unknown", "unknown ca"),
            ("a tls fatal alert has been received: [70]", "protocol version"),
            ("the tls protocol defined fatal alert code is 40.", "handshake failure"),
            ("ssl alert number 86", "inappropriate fallback"),
            ("{tls_alert,{insufficient_security,\"tls client: received server alert\"}}", "insufficient security"),
        ] {
            assert_eq!(in_text(text), Some(name), "{text}");
        }
    }

    #[test]
    fn other_alerts_are_not_tls_alerts() {
        for text in [
            "failed to send alert notification: access denied",
            "alertmanager: notify for alerts failed: unexpected message",
            "{:tls_alert, {:unknown_ca, 'tls client: generated client alert: fatal - unknown ca'}}",
            "a fatal alert was generated and sent to the remote endpoint. the fatal alert code is 40.",
            "a tls fatal alert has been received",
        ] {
            assert_eq!(in_text(text), None, "{text}");
        }
    }
}
