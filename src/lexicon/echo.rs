//! Removes the client's own text that a server repeats in its reply: addresses (`550 <spam@example.com>: ...`), host
//! names (`<dynamic-1.example.net[192.0.2.1]>: Client host rejected`) and commands (`500 unrecognized: "AUTH PLAIN"`).
//! Repeated text does not show the reason.
//!
//! Web addresses, blocklist names and contact addresses (`contact tosa@...`) are not removed.

/// The commands that a server may repeat.
const COMMANDS: [&str; 10] =
    ["auth ", "bdat ", "data", "ehlo ", "helo ", "mail from:", "rcpt to:", "starttls", "vrfy ", "rset"];

/// Words before a repeated command.
const COMPLAINTS: [&str; 12] = [
    "unrecogni",
    "unknown",
    "not recogni",
    "invalid",
    "bad ",
    "syntax",
    "illegal",
    "unsupported",
    "not implemented",
    "unimplemented",
    "not understood",
    "unexpected",
];

/// Words before an address that the client sent.
const BEFORE_ADDRESS: [&str; 14] = [
    "",
    "to:",
    "from:",
    "to",
    "from",
    "recipient",
    "sender",
    "address",
    "user",
    "for",
    "of",
    "by",
    "mailbox",
    "account",
];

/// Prepared text without the repeated parts. The punctuation around each part is kept, because phrases may require it.
pub(super) fn without(text: &str) -> String {
    without_addresses(&without_commands(&without_brackets(without_callout(without_frame(text)))))
}

/// The words in which Exim wraps the reason, if it has rejected every recipient and the client sends DATA nevertheless.
const FRAME: (&str, &str) =
    ("all rcpt commands were rejected with this error:", "valid rcpt command must precede data");

/// The reason that Exim repeats at DATA; the rest of the text only states that no recipient is left.
fn without_frame(text: &str) -> &str {
    let framed = text.split_once(FRAME.0).map(|(_, rest)| rest.split(FRAME.1).next().unwrap_or(rest).trim());
    framed.filter(|reason| !reason.is_empty()).unwrap_or(text)
}

/// Removes the session of a callout, which Exim quotes in the lines `Called:`, `Sent:` and `Response:`. The other
/// server's quoted reply does not show why this server rejects the command.
fn without_callout(text: &str) -> &str {
    match text.split_once("called:") {
        Some((before, quoted)) if quoted.contains("sent:") && quoted.contains("response:") => before,
        _ => text,
    }
}

/// `<user@example.com>` becomes `<@>`, and `<host.example.com[192.0.2.1]>` becomes `<>`.
fn without_brackets(text: &str) -> String {
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('<') {
        kept.push_str(before);
        kept.push('<');
        let inner = |end: &usize| after.get(..*end).unwrap_or_default();
        let end = after.find(['>', ' ']);
        let address = end.filter(|end| inner(end).contains('@'));
        let host = after.find('>').filter(|end| is_host(inner(end)));
        // Phrases may require an address, or a client without a name.
        kept.push_str(match (address, host) {
            (Some(_), _) => "@",
            (None, Some(end)) if inner(&end).starts_with("unknown[") => "unknown[]",
            _ => "",
        });
        rest = address.or(host).and_then(|end| after.get(end..)).unwrap_or(after);
    }
    kept + rest
}

fn is_host(word: &str) -> bool {
    let signs = |one: char| one.is_alphanumeric() || ['.', '-', '_', '[', ']', ':'].contains(&one);
    word.contains('.') && word.chars().all(signs)
}

/// Removes a repeated command in quotation marks, or a repeated MAIL FROM or RCPT TO with an address.
fn without_commands(text: &str) -> String {
    for quote in ['"', '\''] {
        let Some((before, rest)) = text.split_once(quote) else { continue };
        let Some((inner, after)) = rest.rsplit_once(quote) else { continue };
        let is_command = COMMANDS.iter().any(|command| inner.starts_with(command));
        if is_command && COMPLAINTS.iter().any(|word| before.contains(word) || after.contains(word)) {
            return format!("{before}{quote}{quote}{after}");
        }
    }
    for command in ["mail from:", "rcpt to:"] {
        let Some((before, after)) = text.split_once(command) else { continue };
        let is_repeated = after.trim_start().trim_start_matches('<').starts_with('@');
        if is_repeated && before.ends_with([' ', '[']) && COMPLAINTS.iter().any(|word| before.contains(word)) {
            return before.to_owned();
        }
    }
    text.to_owned()
}

/// An address without brackets at the start, or after a word like "recipient", becomes `@`.
fn without_addresses(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let mut previous = "";
    let words = text.split(' ').map(|word| {
        let bare = word.trim_start_matches("to:").trim_start_matches("from:").trim_end_matches([':', ',', ';', '.']);
        let end = word.get(word.trim_end_matches([':', ',', ';', '.']).len()..).unwrap_or_default();
        let is_address = bare.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
        // `4.7.1 user@example.com`: the address is at the start.
        let is_start = previous.chars().all(|one| one.is_ascii_digit() || one == '.' || one == '#');
        let is_clients = is_start || BEFORE_ADDRESS.contains(&previous);
        previous = word;
        if is_address && is_clients && !bare.contains(['/', '<', '(']) { format!("@{end}") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn repeated_client_text_is_removed() {
        for (text, expected) in [
            ("<spam@example.com>: user unknown", "<@>: user unknown"),
            ("<dynamic-1.example.net[192.0.2.1]>: client host rejected", "<>: client host rejected"),
            ("<unknown[192.0.2.1]>: client host rejected", "<unknown[]>: client host rejected"),
            ("500 unrecognized: \"auth plain\"", "500 unrecognized: \"\""),
            ("command \"rcpt to:<spam@example.com>\" unrecognized", "command \"\" unrecognized"),
            ("syntax error in parameters: rcpt to:<spam@example.com>", "syntax error in parameters: "),
            ("spam@example.com: user unknown", "@: user unknown"),
            (
                "all rcpt commands were rejected with this error: relay not permitted valid rcpt command must precede data",
                "relay not permitted",
            ),
            ("5.1.1 recipient spam@example.com does not exist", "5.1.1 recipient @ does not exist"),
            ("daily limit has been exceeded for shop@example.com", "daily limit has been exceeded for @"),
        ] {
            assert_eq!(without(text), expected);
        }
    }

    #[test]
    fn server_text_is_kept() {
        for text in [
            "see <https://www.spamhaus.org/query/ip/192.0.2.1>",
            "ask your postmaster to contact tosa@rx.t-online.de",
            "bare <lf> received",
            "\"mail from\" doesn't conform with authentication",
            "syntax: rcpt to:<address>",
            "need mail from: first",
        ] {
            assert_eq!(without(text), text);
        }
    }
}
