//! Rejections of MAIL and RCPT whose text is not specific to a provider.

use crate::sandbox::Scenario;
use crate::sandbox::scenario::{ClientUsage, RELAY, SENDING, Server, ServerAct, Trigger};

/// A receiving server with the given actions.
const fn rcpt(on: &'static [(Trigger, &'static [ServerAct])]) -> Server {
    Server { on, ..RELAY }
}

macro_rules! refuses {
    ($moment:ident, $name:literal, $summary:literal, $reply:literal, $rule:literal, $exit:literal) => {
        Scenario {
            name: $name,
            summary: $summary,
            server: rcpt(&[(Trigger::$moment, &[ServerAct::Say($reply)])]),
            client: SENDING,
            expect: &[$rule],
            exit: $exit,
        }
    };
}

const THREE: ClientUsage = ClientUsage {
    flags: &[
        "--from",
        "me@sandbox.test",
        "--to",
        "one@sandbox.test",
        "--to",
        "gone@sandbox.test",
        "--to",
        "three@sandbox.test",
    ],
    ..SENDING
};

pub(super) static ALL: &[Scenario] = &[
    refuses!(
        Rcpt,
        "recipient-unknown",
        "the recipient does not exist",
        "550 5.1.1 <you@sandbox.test>: Recipient address rejected: User unknown in local recipient table",
        "recipient-unknown",
        5
    ),
    refuses!(
        Rcpt,
        "recipient-refused",
        "rejects the recipient without a reason",
        "550 Requested action not taken",
        "recipient-refused",
        5
    ),
    refuses!(
        Rcpt,
        "recipient-deferred",
        "temporarily rejects the recipient without a reason",
        "450 4.0.0 Requested action not taken",
        "recipient-deferred",
        4
    ),
    refuses!(
        Rcpt,
        "mailbox-full",
        "the mailbox is full",
        "452 4.2.2 <you@sandbox.test>: Mailbox full",
        "mailbox-full",
        4
    ),
    refuses!(
        Rcpt,
        "mailbox-disabled",
        "the mailbox is disabled",
        "550 5.2.1 <you@sandbox.test>: Mailbox disabled, not accepting messages",
        "mailbox-disabled",
        5
    ),
    refuses!(
        Rcpt,
        "mailbox-moved",
        "the mailbox has moved",
        "551 5.1.6 User not local; please try <you@elsewhere.test>",
        "mailbox-moved",
        5
    ),
    refuses!(
        Rcpt,
        "domain-unknown",
        "the recipient's domain does not exist",
        "550 5.1.2 <you@sandbox.test>: Recipient address rejected: Domain not found",
        "domain-unknown",
        5
    ),
    refuses!(
        Rcpt,
        "no-mail-accepted",
        "the domain does not accept mail",
        "556 5.1.10 <you@sandbox.test>: Recipient address has null MX",
        "no-mail-accepted",
        5
    ),
    refuses!(
        Rcpt,
        "relay-denied",
        "the server does not relay mail for this recipient",
        "554 5.7.1 <you@sandbox.test>: Relay access denied",
        "relay-denied",
        5
    ),
    refuses!(
        Rcpt,
        "recipient-restricted",
        "only some senders may send to this recipient",
        "550 5.7.1 You do not have permission to send to this recipient",
        "recipient-restricted",
        5
    ),
    refuses!(
        Rcpt,
        "greylisted",
        "temporarily rejects the first attempt of an unknown client (greylisting)",
        "450 4.2.0 <you@sandbox.test>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/sandbox.test.html",
        "greylisted",
        4
    ),
    refuses!(
        Rcpt,
        "rate-limited",
        "temporarily rejects RCPT because of too many messages in a short time",
        "450 4.7.1 <you@sandbox.test>: Recipient address rejected: Policy rejection: rate limit exceeded",
        "rate-limited",
        4
    ),
    refuses!(
        Rcpt,
        "too-many-recipients",
        "rejects a recipient because the message has too many recipients",
        "452 4.5.3 Error: too many recipients",
        "too-many-recipients",
        4
    ),
    refuses!(
        Rcpt,
        "client-block-list",
        "rejects RCPT because the client's IP address is on a blocklist",
        "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using b.barracudacentral.org",
        "client-reputation",
        5
    ),
    refuses!(
        Rcpt,
        "client-reverse-dns",
        "the client's IP address has no reverse DNS name",
        "450 4.7.25 Client host rejected: cannot find your hostname, [127.0.0.1]",
        "client-reverse-dns",
        4
    ),
    refuses!(
        Rcpt,
        "client-helo-name",
        "rejects RCPT because of the EHLO name",
        "504 5.5.2 <laptop>: Helo command rejected: need fully-qualified hostname",
        "ehlo-name-refused",
        5
    ),
    refuses!(
        Rcpt,
        "sender-spf",
        "the sender's domain does not authorize this client (SPF)",
        "550 5.7.23 <you@sandbox.test>: Recipient address rejected: Message rejected due to: SPF fail - not authorized",
        "sender-authentication-failed",
        5
    ),
    refuses!(
        Rcpt,
        "content-policy",
        "rejects RCPT because of content restrictions",
        "550 5.7.1 Message rejected due to content restrictions",
        "content-policy",
        5
    ),
    refuses!(
        Rcpt,
        "server-fault",
        "temporarily rejects RCPT because of an internal error",
        "451 4.3.0 Error: queue file write error",
        "server-fault",
        4
    ),
    refuses!(
        Rcpt,
        "command-syntax",
        "rejects the recipient's email address as malformed",
        "501 5.1.3 Bad recipient address syntax",
        "command-syntax-refused",
        5
    ),
    refuses!(
        Mail,
        "sender-refused",
        "rejects the sender without a reason",
        "550 Requested action not taken",
        "sender-refused",
        5
    ),
    refuses!(
        Mail,
        "sender-not-accepted",
        "the sender's domain does not exist",
        "450 4.1.8 <me@sandbox.test>: Sender address rejected: Domain not found",
        "sender-not-accepted",
        4
    ),
    refuses!(
        Mail,
        "message-too-large",
        "rejects MAIL because the message would be too large",
        "552 5.3.4 Message size exceeds fixed maximum message size",
        "message-too-large",
        5
    ),
    refuses!(
        Mail,
        "server-storage-full",
        "temporarily rejects MAIL because its storage is full",
        "452 4.3.1 Insufficient system storage",
        "server-storage-full",
        4
    ),
    refuses!(
        Mail,
        "command-out-of-sequence",
        "rejects MAIL because the commands are out of order",
        "503 5.5.1 Bad sequence of commands",
        "command-out-of-sequence",
        5
    ),
    refuses!(
        Mail,
        "command-unsupported",
        "rejects MAIL as not implemented",
        "502 5.5.1 Command not implemented",
        "command-unsupported",
        5
    ),
    refuses!(
        Mail,
        "encryption-required",
        "requires STARTTLS although the connection is already encrypted",
        "530 5.7.0 Must issue a STARTTLS command first",
        "encryption-required",
        5
    ),
    Scenario {
        name: "one-of-three-refused",
        summary: "one of three recipients is unknown",
        server: rcpt(&[(Trigger::RcptTo("gone@"), &[ServerAct::Say("550 5.1.1 <gone@sandbox.test>: User unknown")])]),
        client: THREE,
        expect: &["recipient-unknown"],
        exit: 5,
    },
    Scenario {
        name: "third-recipient-too-many",
        summary: "the third recipient exceeds the server's limit",
        server: rcpt(&[(Trigger::RcptNumber(3), &[ServerAct::Say("452 4.5.3 Too many recipients")])]),
        client: THREE,
        expect: &["too-many-recipients"],
        exit: 4,
    },
    Scenario {
        name: "null-sender-refused",
        summary: "rejects the null sender of bounces, which violates RFC 5321",
        server: rcpt(&[(
            Trigger::Mail,
            &[ServerAct::Say("550 5.1.7 <>: Sender address rejected: Null sender not allowed")],
        )]),
        client: ClientUsage { flags: &["--from", "<>", "--to", "you@sandbox.test"], ..SENDING },
        expect: &["sender-not-accepted"],
        exit: 5,
    },
    Scenario {
        name: "smtputf8-missing",
        summary: "the recipient's email address is not ASCII, but the server does not advertise SMTPUTF8",
        server: RELAY,
        client: ClientUsage { flags: &["--from", "me@sandbox.test", "--to", "j\u{f6}rg@sandbox.test"], ..SENDING },
        expect: &["address-needs-smtputf8"],
        exit: 5,
    },
    Scenario {
        name: "refusals-after-data",
        summary: "a provider that accepts every RCPT command, and rejects some mail only after the message data",
        server: Server {
            greeting: "220 FR3P281CA0001.outlook.office365.com Microsoft ESMTP MAIL Service ready",
            ..RELAY
        },
        client: ClientUsage {
            host: Some("smtp.office365.com"),
            flags: &["--sni", "localhost", "--from", "me@sandbox.test", "--to", "you@sandbox.test"],
            ..SENDING
        },
        expect: &["refusals-after-data"],
        exit: 0,
    },
    Scenario {
        name: "tarpit",
        summary: "delays the replies to MAIL and RCPT by 300 ms",
        server: rcpt(&[
            (Trigger::Mail, &[ServerAct::Wait(300), ServerAct::Say("250 2.1.0 Ok")]),
            (Trigger::Rcpt, &[ServerAct::Wait(300), ServerAct::Say("250 2.1.5 Ok")]),
        ]),
        client: SENDING,
        expect: &[],
        exit: 0,
    },
];
