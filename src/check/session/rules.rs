//! Rules for the session in general, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this file.
pub(super) static RULES: &[&Rule] = &[
    &CONNECTION_CLOSED,
    &REPLY_MISSING,
    &REPLY_ENDLESS,
    &REPLY_INVALID,
    &REPLY_MALFORMED,
    &REPLY_UNSOLICITED,
    &SESSION_OUT_OF_STEP,
    &TIME_LIMIT_REACHED,
    &CONNECTION_LIMIT_REACHED,
];

pub(super) static CONNECTION_CLOSED: Rule = Rule {
    id: "connection-closed",
    severity: Severity::Error,
    title: "the server closes the connection in the middle of the session",
    docs: Docs {
        sees: "The connection was closed or reset when a reply was due, without a 421 reply.",
        matters: "A server must not close the connection without a reply. Usually, a server process has crashed, or a load balancer or a firewall closed the connection.",
        action: "Server operator: read the mail log for the time of the check. Check whether a firewall or proxy on the network path closes connections.",
        example: "smtpcheck sends EHLO, and the server resets the connection",
        references: "RFC 5321 section 3.8",
    },
};

pub(super) static REPLY_MISSING: Rule = Rule {
    id: "reply-missing",
    severity: Severity::Error,
    title: "the server stops responding",
    docs: Docs {
        sees: "After the greeting, no complete reply arrived within the time limit for one reply (--timeout).",
        matters: "Usually, the server is waiting for a DNS lookup, a content filter or a database. Programs with a short timeout close the connection. RFC 5321 recommends that mail servers wait five minutes for most replies.",
        action: "Repeat the check with a longer --timeout to find out whether the server is only slow. Server operator: find out which lookup, filter or database is slow.",
        example: "smtpcheck sends RCPT TO, and no reply arrives",
        references: "RFC 5321 section 4.5.3.2",
    },
};

pub(super) static REPLY_ENDLESS: Rule = Rule {
    id: "reply-endless",
    severity: Severity::Error,
    title: "the server sends an endless reply",
    docs: Docs {
        sees: "A reply was longer than 512 lines or 64 KiB. smtpcheck stopped reading and closed the connection.",
        matters: "No valid reply is this long. The server, or a device in front of it, is faulty or attacks its clients.",
        action: "Check that the host and port are those of a mail server. Server operator: read the mail log, and check the devices in front of the server.",
        example: "the server repeats the line 250-x and never sends the last line of the reply",
        references: "RFC 5321 section 4.5.3.1.5",
    },
};

pub(super) static REPLY_INVALID: Rule = Rule {
    id: "reply-invalid",
    severity: Severity::Error,
    title: "a reply neither accepts nor rejects its command",
    docs: Docs {
        sees: "A reply has no code, a code that SMTP does not define, or a success code that is not defined for its command (for example, only 235 accepts a login, and only 250, 251 and 252 accept a recipient). The rule also applies to a reply that contradicts itself: its lines have codes of different classes, or its code and its enhanced status have different classes.",
        matters: "It is not known whether the server accepted the command, so smtpcheck does not count it as accepted.",
        action: "Check that the host and port are those of a mail server. Server operator: correct the server, or the proxy or filter in front of it, so that it sends a valid reply.",
        example: "120 in reply to MAIL FROM, 220 in reply to RCPT TO, 250 5.1.1 User unknown, or 550-No followed by 250 Ok",
        references: "RFC 5321 sections 4.2 and 4.3.2, RFC 4954 section 4 (235), RFC 3207 section 4 (220), RFC 2034 section 4 (code and enhanced status must agree)",
    },
};

pub(super) static REPLY_MALFORMED: Rule = Rule {
    id: "reply-malformed",
    severity: Severity::Notice,
    title: "the server sends malformed replies",
    docs: Docs {
        sees: "Replies contain bare line feeds, lines without a code, different codes in one reply, control characters, non-ASCII bytes, text that is not UTF-8, or lines that are too long. The rule also applies if the reply to QUIT is 250 instead of 221.",
        matters: "These replies violate RFC 5321. smtpcheck can read them, but some other programs cannot.",
        action: "Server operator: correct the server, or the proxy or filter in front of it, so that it sends valid replies.",
        example: "a reply that ends with LF instead of CR LF",
        references: "RFC 5321 section 4.2",
    },
};

pub(super) static REPLY_UNSOLICITED: Rule = Rule {
    id: "reply-unsolicited",
    severity: Severity::Error,
    title: "the server sends data that is not the reply to a command",
    docs: Docs {
        sees: "Data from the server arrived before smtpcheck sent the next command, so it is not a reply to that command. The finding is a warning if the data cannot be mistaken for a reply, because none of its lines begins with a digit.",
        matters: "A client that treats this data as the next reply misinterprets all later replies. smtpcheck cannot know which of two replies to one command is valid, so it ignores the results of all later phases. A second session, with a pause before each command, shows the server's actual replies.",
        action: "Repeat the check from another network to find out whether the server or your network causes the fault. Server operator: find the server, proxy or filter that sends this data, and correct it.",
        example: "two replies 250 Ok to one EHLO, or 250 and 550 in reply to one MAIL FROM",
        references: "RFC 5321 section 4.2 (exactly one reply to each command), RFC 5321 section 4.1.1",
    },
};

pub(super) static SESSION_OUT_OF_STEP: Rule = Rule {
    id: "session-out-of-step",
    severity: Severity::Error,
    title: "the server's replies do not match the commands",
    docs: Docs {
        sees: "The server sent a reply that can only belong to another command, for example 250 after AUTH, 220 after EHLO, a rejection after RSET or QUIT, or a second reply about the login that contradicts the first. The rule also applies if the server sends another reply after the reply to QUIT. In each case, the server has sent too many or too few replies.",
        matters: "In SMTP, only the order shows which reply belongs to which command. After one extra reply, each command seems to get the reply to the command before it, so a rejected recipient or login can seem to be accepted. smtpcheck discards all results from the point at which it can no longer tell which command a reply belongs to. A second session, with a pause before each command, shows the server's actual replies.",
        action: "Repeat the check from another network to find out whether the server or your network causes the fault. Server operator: find the server, proxy or filter that sends a reply twice or too late, and correct it.",
        example: "250 in reply to EHLO, another 250 after 0.1 seconds, and at the end 250 in reply to QUIT",
        references: "RFC 5321 section 4.2 (exactly one reply to each command), section 4.3.2 (the replies that are defined for each command)",
    },
};

pub(super) static TIME_LIMIT_REACHED: Rule = Rule {
    id: "time-limit-reached",
    severity: Severity::Error,
    title: "the overall time limit was reached",
    docs: Docs {
        sees: "The overall time limit (--max-time) was reached before the session ended.",
        matters: "The report contains the results that were available at that time. Later phases were not tested.",
        action: "Repeat the check with a longer --max-time.",
        example: "smtpcheck mx.example.net --max-time 5m --timeout 2m",
        references: "RFC 5321 section 4.5.3.2 (timeouts of clients)",
    },
};

pub(super) static CONNECTION_LIMIT_REACHED: Rule = Rule {
    id: "connection-limit-reached",
    severity: Severity::Notice,
    title: "the connection limit was reached before smtpcheck made all follow-up connections",
    docs: Docs {
        sees: "Another connection would have improved the diagnosis, but the connection limit (--max-connections) was reached.",
        matters: "The diagnosis is less certain than it could be. Tests that did not run are reported as not tested, never as passed.",
        action: "Repeat the check with a higher --max-connections.",
        example: "smtpcheck mx.example.net --max-connections 10",
        references: "RFC 5321 section 4.5.4.1 (limits on connections to one host)",
    },
};
