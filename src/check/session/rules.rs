//! The rules about the session in general, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All of them.
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
        sees: "The connection was closed or reset when a reply was due, without a 421.",
        matters: "A server must not close the connection without a reply. If it happens, a process has crashed, or a load balancer or a firewall closed the connection.",
        action: "Server operator: read the mail log for the time of the check. Look for a firewall or proxy on the network path that has its own limits.",
        example: "EHLO, and the connection is reset",
        references: "RFC 5321 section 3.8",
    },
};

pub(super) static REPLY_MISSING: Rule = Rule {
    id: "reply-missing",
    severity: Severity::Error,
    title: "the server stops responding",
    docs: Docs {
        sees: "After the greeting, no complete reply arrived within the time limit for one reply (--timeout).",
        matters: "The server itself waits for something: a lookup, a content filter, a database. RFC 5321 allows it five minutes for most commands.",
        action: "Repeat the check with a longer --timeout, to find out whether the server is only slow. Server operator: find out what the server waits for.",
        example: "RCPT TO, and no reply arrives",
        references: "RFC 5321 section 4.5.3.2",
    },
};

pub(super) static REPLY_ENDLESS: Rule = Rule {
    id: "reply-endless",
    severity: Severity::Error,
    title: "a reply of the server does not end",
    docs: Docs {
        sees: "A reply was longer than 512 lines or 64 KiB. smtpcheck cut it off and closed the connection.",
        matters: "No mail server sends such a long reply. The server is broken, or it attacks its clients.",
        action: "Check the host and port. Server operator: check the server.",
        example: "250-x without end",
        references: "RFC 5321 section 4.5.3.1.5",
    },
};

pub(super) static REPLY_INVALID: Rule = Rule {
    id: "reply-invalid",
    severity: Severity::Error,
    title: "a reply neither accepts nor rejects its command",
    docs: Docs {
        sees: "A reply has no code, a code that SMTP does not define, or a success code that is not defined for this command (only 220 is a greeting, 250, 251 and 252 accept a recipient, 235 a login). Or it contradicts itself: its lines have codes of different classes, or its code and enhanced status have different classes.",
        matters: "It is not known whether the server accepted the command, so nothing is counted as accepted.",
        action: "Check the host and port. Server operator: correct the reply in the server, or in the proxy or filter in front of it.",
        example: "120 to MAIL FROM, 220 to RCPT TO, 250 5.1.1 User unknown, or 550-No followed by 250 Ok",
        references: "RFC 5321 sections 4.2 and 4.3.2, RFC 4954 section 4 (235), RFC 3207 section 4 (220), RFC 2034 section 4 (code and enhanced status agree)",
    },
};

pub(super) static REPLY_MALFORMED: Rule = Rule {
    id: "reply-malformed",
    severity: Severity::Notice,
    title: "replies are malformed",
    docs: Docs {
        sees: "Replies have bare line feeds, missing codes, different codes in one reply, 250 instead of 221 to QUIT, control bytes, text that is not UTF-8, lines that are too long, or non-ASCII bytes.",
        matters: "smtpcheck can read such replies; other programs may not.",
        action: "Server operator: check the server, or the proxy in front of it.",
        example: "a reply that ends with LF instead of CR LF",
        references: "RFC 5321 section 4.2",
    },
};

pub(super) static REPLY_UNSOLICITED: Rule = Rule {
    id: "reply-unsolicited",
    severity: Severity::Error,
    title: "the server sends a reply without a command",
    docs: Docs {
        sees: "Data from the server arrived before a command was sent, so it is not the reply to a command. A warning if the data cannot be mistaken for a reply (no line begins with a digit).",
        matters: "A client that reads this data as the next reply misunderstands all later replies. It is not known which of two replies to one command counts, so smtpcheck ignores the results of all later phases. A second session, with a pause before each command, shows the server's actual replies.",
        action: "Server operator: find the server, proxy or filter that replies twice, and correct it. Repeat the check from another network to find out on which side it is.",
        example: "250 Ok twice after one EHLO, or 250 and 550 after one MAIL FROM",
        references: "RFC 5321 section 4.2 (exactly one reply to each command), RFC 5321 section 4.1.1",
    },
};

pub(super) static SESSION_OUT_OF_STEP: Rule = Rule {
    id: "session-out-of-step",
    severity: Severity::Error,
    title: "replies and commands are out of step",
    docs: Docs {
        sees: "A reply belongs to another command (250 to AUTH, 220 to EHLO, a rejection of RSET or QUIT, a rejected login after the login was accepted), or another reply follows the one to QUIT. So the server sent one reply too many or too few.",
        matters: "SMTP matches replies to commands only by their order. After one reply too many, each command gets the reply to an earlier one: a rejected recipient or a rejected login looks accepted. smtpcheck ignores all results after the last reply that is known to be in step. A second session, with a pause before each command, shows the server's actual replies.",
        action: "Server operator: find the server, proxy or filter that sends a reply twice or too late, and correct it. Repeat the check from another network to find out on which side it is.",
        example: "250 to EHLO, another 250 after 0.1 seconds, and at the end 250 to QUIT",
        references: "RFC 5321 section 4.2 (exactly one reply to each command), section 4.3.2 (which replies belong to which command)",
    },
};

pub(super) static TIME_LIMIT_REACHED: Rule = Rule {
    id: "time-limit-reached",
    severity: Severity::Error,
    title: "the overall time limit was reached",
    docs: Docs {
        sees: "The time limit for the check (--max-time) was reached before the session ended.",
        matters: "The report contains the results until then. The rest was not tested.",
        action: "Repeat the check with a longer --max-time.",
        example: "smtpcheck mx.example.net --max-time 5m --timeout 2m",
        references: "RFC 5321 section 4.5.3.2 (how long servers may take)",
    },
};

pub(super) static CONNECTION_LIMIT_REACHED: Rule = Rule {
    id: "connection-limit-reached",
    severity: Severity::Notice,
    title: "the connection limit was reached before all follow-up connections were made",
    docs: Docs {
        sees: "Another connection would have helped the diagnosis, but the limit of --max-connections was reached.",
        matters: "The diagnosis is less certain than it could be. What was not tested is not reported as passed.",
        action: "Repeat the check with a higher --max-connections.",
        example: "smtpcheck mx.example.net --max-connections 10",
        references: "RFC 5321 section 4.5.4.1 (how often to try)",
    },
};
