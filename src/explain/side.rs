//! Determines which side of a session wrote a log line. A client logs the replies that it receives, so the reader of
//! its log was rejected. A server logs the replies that it sends, so the reader's server rejected another client, and
//! advice for a rejected sender would be wrong.

use crate::lexicon::Fix;

/// The side that wrote a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogSide {
    /// The client, or text that does not show the side.
    #[default]
    Client,
    /// The server.
    Server,
}

/// Words that only a server logs: Postfix (smtpd, postscreen, milters), OpenSMTPD, Exim, Haraka.
const SERVER: [&str; 17] = [
    "/smtpd[",
    "postscreen[",
    "NOQUEUE: ",
    "milter-reject: ",
    "failed-command",
    " rejected RCPT ",
    " rejected MAIL ",
    " rejected EHLO ",
    " rejected HELO ",
    " rejected connection ",
    "SMTP call from ",
    " rejected after DATA",
    " authenticator failed for ",
    " retval=DENY",
    " rejected by local_scan()",
    " sender verify fail for ",
    " sender verify defer for ",
];

impl LogSide {
    /// The side that wrote a line.
    pub(super) fn of(line: &str) -> LogSide {
        // Sendmail logs both sides in the same file; only a server ruleset has this field.
        let is_of_sendmail = line.contains("ruleset=") && line.contains("reject=");
        if is_of_sendmail || SERVER.iter().any(|words| line.contains(words)) {
            LogSide::Server
        } else {
            LogSide::Client
        }
    }

    /// The cause of a rejection, for the reader of the log.
    pub(super) fn cause(self, cause: String) -> String {
        match self {
            LogSide::Client => cause,
            LogSide::Server => format!("Your server sent this reply to a client. For the client, it means: {cause}"),
        }
    }

    /// A fix for the rejected client, reworded for the reader of the log.
    pub(super) fn for_client(self, fix: Fix) -> Fix {
        match self {
            LogSide::Client => fix,
            LogSide::Server => Fix { text: format!("For the client: {}", fix.text), ..fix },
        }
    }

    /// The first action for the reader of the log.
    pub(super) fn fix(self) -> Option<Fix> {
        let text = "If this client should not be able to send to your server, no action is needed";
        (self == LogSide::Server).then(|| Fix::text(text))
    }
}

/// Whether a fix is for the server's operator, who reads the server's log.
pub(super) fn is_for_operator(fix: &Fix) -> bool {
    fix.text.starts_with("Server operator")
}

#[cfg(test)]
mod tests {
    use super::LogSide;
    use crate::explain::{ExplainContext, Explained, arguments};

    fn explained(line: &str) -> Explained {
        arguments(&[line.to_owned()], &ExplainContext::default()).remove(0)
    }

    #[test]
    fn a_server_logs_the_replies_that_it_sends() {
        for line in [
            "postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 no; from=<a@example.org>",
            "postfix/submission/smtpd[9]: warning: x[192.0.2.1]: SASL PLAIN authentication failed: UGFzc3dvcmQ6",
            "postfix/cleanup[1]: 3A2B1: milter-reject: END-OF-MESSAGE from x[192.0.2.1]: 5.7.1 Spam; from=<a@example.org>",
            "sendmail[1]: x1: ruleset=check_rcpt, arg1=<a@example.org>, relay=[192.0.2.1], reject=550 5.7.1 Relaying denied",
            "smtpd[1]: 00 smtp failed-command command=\"RCPT TO:<a@example.org>\" result=\"550 Invalid recipient\"",
            "H=(x) [192.0.2.1] F=<a@example.org> rejected RCPT <b@example.net>: relay not permitted",
        ] {
            assert_eq!(LogSide::of(line), LogSide::Server, "{line}");
        }
        for line in [
            "postfix/smtp[1]: 3A2B1: to=<a@example.org>, status=bounced (host mx.example.org[192.0.2.1] said: 554 5.7.1 reject)",
            "sendmail[1]: x1: to=<a@example.org>, relay=mx.example.org. [192.0.2.1], dsn=5.1.1, stat=User unknown",
            "550 5.1.1 User unknown",
        ] {
            assert_eq!(LogSide::of(line), LogSide::Client, "{line}");
        }
    }

    #[test]
    fn the_reader_of_a_servers_log_is_not_called_the_rejected_sender() {
        let reject = "blocked using zen.spamhaus.org";
        let server = explained(&format!(
            "postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 Service unavailable; Client host \
             [192.0.2.1] {reject}; from=<a@example.org> to=<b@example.net> proto=ESMTP helo=<x>"
        ));
        assert!(server.cause.is_some_and(|cause| cause.starts_with("Your server sent this reply to a client.")));
        assert!(server.fixes.first().is_some_and(|fix| fix.text.contains("no action is needed")));
        assert!(server.fixes.iter().skip(1).all(|fix| fix.text.starts_with("For the client: ")));
        let relay = explained("H=(x) [192.0.2.1] F=<a@example.org> rejected RCPT <b@example.net>: relay not permitted");
        let texts: Vec<&str> = relay.fixes.iter().map(|fix| fix.text.as_str()).collect();
        assert!(texts.get(1).is_some_and(|text| text.starts_with("Server operator: ")), "{texts:?}");
        assert!(texts.last().is_some_and(|text| text.starts_with("For the client: ")), "{texts:?}");
        assert!(!texts.iter().any(|text| text.contains("client: Server operator")), "{texts:?}");
        let client = explained(&format!("554 5.7.1 Service unavailable; Client host [192.0.2.1] {reject}"));
        assert!(client.cause.is_some_and(|cause| cause.starts_with("Your IP address")));
    }

    #[test]
    fn a_rejection_in_the_log_of_exim_is_read_without_its_code() {
        for (line, rule) in [
            ("H=(x) [192.0.2.1] F=<a@example.org> rejected RCPT <b@example.net>: relay not permitted", "relay-denied"),
            ("H=x [192.0.2.1] F=<a@example.org> temporarily rejected RCPT <b@example.net>: greylisted", "greylisted"),
            ("H=x [192.0.2.1] F=<a@example.org> rejected after DATA: message too big", "message-too-large"),
            ("H=x [2001:db8::1] rejected EHLO or HELO x: Access denied - Invalid HELO name", "ehlo-name-refused"),
            (
                "H=x [192.0.2.1] rejected connection in \"connect\" ACL: host is listed in zen.spamhaus.org",
                "client-reputation",
            ),
        ] {
            let explained = explained(line);
            assert_eq!(explained.rule, Some(rule), "{line}: {explained:?}");
            assert!(explained.cause.is_some_and(|cause| cause.starts_with("Your server")), "{line}");
        }
    }

    #[test]
    fn client_settings_are_not_a_fix_for_a_login_that_a_server_rejected() {
        let settings =
            |line: &str| explained(line).fixes.iter().any(|fix| fix.text.contains("smtp_sasl_password_maps"));
        assert!(!settings(
            "postfix/smtpd[9]: warning: x[192.0.2.1]: SASL LOGIN authentication failed: authentication failure"
        ));
        assert!(settings(
            "postfix/smtp[9]: 3A2B1: to=<a@example.org>, status=deferred (SASL authentication failed; server \
             mx.example.net[192.0.2.1] said: 535 5.7.8 Error: authentication failed)"
        ));
    }
}
