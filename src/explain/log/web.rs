//! Status lines of web servers and frameworks in a log: `"POST /mail HTTP/1.1" 500 27`, `Completed 500 Internal Server
//! Error in 12ms`, `HTTP "POST" "/mail" responded 500 in 12 ms`, `POST /mail 500 12ms`.
//!
//! A program that sends mail on behalf of a web page logs both, and a status of HTTP has the form of a reply code. The
//! status of the page only repeats that something failed, so it is removed before the line is searched for a reply.

use std::borrow::Cow;

/// The methods of HTTP requests in logs.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// Words directly before a status.
const BEFORE: [&str; 8] =
    ["Completed ", "responded ", "=> ", "HTTP status ", "status code ", "HTTP ", "HTTP error ", "HttpStatus."];
/// The reason phrases of HTTP that no mail server uses with the same code.
const REASONS: [(&str, &str); 12] = [
    ("500", "internal server error"),
    ("502", "bad gateway"),
    ("503", "service unavailable"),
    ("504", "gateway time"),
    ("400", "bad request"),
    ("401", "unauthorized"),
    ("403", "forbidden"),
    ("404", "not found"),
    ("405", "method not allowed"),
    ("408", "request time"),
    ("422", "unprocessable"),
    ("429", "too many requests"),
];

/// The line without the statuses of HTTP. The line keeps its length.
pub(in crate::explain) fn without_status(line: &str) -> Cow<'_, str> {
    let is_of_web =
        line.contains("HTTP") || line.contains('/') || line.contains("Error") || line.contains("Bad Gateway");
    if !is_of_web {
        return Cow::Borrowed(line);
    }
    let bytes = line.as_bytes();
    let places: Vec<usize> = (1..bytes.len()).filter(|at| is_number(bytes, *at) && is_status(line, *at)).collect();
    if places.is_empty() {
        return Cow::Borrowed(line);
    }
    let mut line = line.to_owned();
    for at in places {
        line.replace_range(at..at + 3, "***");
    }
    Cow::Owned(line)
}

/// Whether a separate number between 400 and 599 begins here.
fn is_number(bytes: &[u8], at: usize) -> bool {
    let is_digits = matches!(bytes.get(at..at + 3), Some([b'4' | b'5', b'0'..=b'9', b'0'..=b'9']));
    let is_separate = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'.');
    is_digits && is_separate(bytes.get(at - 1)) && is_separate(bytes.get(at + 3))
}

fn is_status(line: &str, at: usize) -> bool {
    let (Some(before), Some(after)) = (line.get(..at), line.get(at + 3..)) else { return false };
    let words = after.trim_start_matches([' ', '(', ':', '-', '"']);
    let has_reason = || {
        let (code, lower) = (line.get(at..at + 3), words.get(..24).unwrap_or(words).to_ascii_lowercase());
        REASONS.iter().any(|(of, reason)| code == Some(of) && lower.starts_with(reason))
    };
    let before = before.trim_end_matches('"');
    let follows_version = || {
        let version = before.trim_end_matches([' ', '"']);
        let (start, number) = version.rsplit_once("HTTP/").unwrap_or_default();
        !number.is_empty() && number.len() <= 3 && !start.ends_with('<')
    };
    let is_field = || before.ends_with("status=") && (line.contains("method=") || line.contains("path="));
    BEFORE.iter().any(|words| before.ends_with(words))
        || follows_version()
        || is_field()
        || has_reason()
        || follows_request(before)
        || precedes_request(words)
}

/// Whether the text ends with a request, and perhaps its duration: `POST /mail `.
fn follows_request(before: &str) -> bool {
    let places = METHODS.iter().filter_map(|method| Some((before.rfind(method)?, method.len())));
    let Some((at, length)) = places.max() else { return false };
    let Some(rest) = before.get(at + length..) else { return false };
    let path = rest.trim_start_matches(['"', '\'', ' ', ':']);
    let is_next = rest.starts_with([' ', '"', '\'']) && (path.starts_with('/') || path.starts_with("http"));
    // Words after the path belong to a message in which a reply may follow.
    is_next && !path.contains(": ") && path.split_whitespace().count() <= 2
}

/// Whether the text begins with a request: `[500]: POST /mail`.
fn precedes_request(words: &str) -> bool {
    let words = words.trim_start_matches([']', ')', ':', ' ', '|']);
    METHODS.iter().any(|method| words.strip_prefix(method).is_some_and(|rest| rest.trim_start().starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::without_status;

    #[test]
    fn the_status_of_a_page_is_removed() {
        for line in [
            "I, [2016-05-05T20:12:50.758036 #12290]  INFO -- : Completed 500 Internal Server Error in 772ms",
            "[ERR] HTTP \"POST\" \"/Account/Login\" responded 500 in 908.6053 ms",
            "192.0.2.1 - - [05/May/2016:20:12:50 +0000] \"POST /mail HTTP/1.1\" 500 27 \"-\" \"Mozilla/5.0\"",
            "POST /api/mail 500 123ms",
            "POST /api/contact 500 in 2311ms",
            "[INFO] POST /admin/test/smtp (test_smtp) => 404 Not Found",
            "Request Completed method=POST path=/api/test status=500 remote_addr=192.0.2.1",
            "production.ERROR [500]: POST /contact",
            "Server error: 502 Bad Gateway",
        ] {
            let shown = without_status(line);
            assert!(shown.contains("***") && shown.len() == line.len(), "{shown}");
        }
    }

    #[test]
    fn replies_keep_their_codes() {
        for line in [
            "500 Internal Server Error",
            "POST /api/mail failed: Error: Invalid login: 535 5.7.8 no",
            "smtp://smtp.example.com: 550 5.7.1 no",
            "host mx.example.com[192.0.2.1] said: 550 5.1.1 see https://example.com/ (in reply to RCPT TO command)",
            "smtp error: 503 Bad sequence of commands",
        ] {
            assert_eq!(without_status(line), line);
        }
    }
}
