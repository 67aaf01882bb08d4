//! Rules for connections to MX hosts and for their replies.

use crate::check::finding::{Docs, Rule, Severity};

pub(super) static MX_UNREACHABLE: Rule = Rule {
    id: "mx-unreachable",
    severity: Severity::Error,
    title: "an MX host does not accept connections",
    docs: Docs {
        sees: "Connections to an IP address of an MX host were refused, timed out or failed. Other hosts or other evidence show that neither this machine nor its network blocks the port. The finding is a warning if another IP address of the host accepts connections.",
        matters: "Senders cannot deliver mail to this IP address. If no IP address of any MX host responds, senders keep the mail for several days and then return it. An IPv6 address that does not respond delays senders that try it first.",
        action: "Server operator: start the mail service, make it listen on this IP address, and open port 25 in the firewall. Domain owner: delete the records of servers that no longer exist.",
        example: "mx1.example.com [2001:db8::25]: no connection to port 25 (no answer), but 192.0.2.25 responds",
        references: "RFC 5321 section 5.1 (senders try the hosts in order of preference), RFC 8305 section 5 (connection attempts)",
    },
};

pub(super) static MX_PORT_BLOCKED_HERE: Rule = Rule {
    id: "mx-port-blocked-here",
    severity: Severity::Error,
    title: "no MX host can be reached from this machine",
    docs: Docs {
        sees: "Every connection to every MX host timed out, or was blocked by this machine. smtpcheck also tries other ports of the hosts, and recognises cloud providers that block port 25.",
        matters: "The mail servers were not tested. This is probably not a fault of the domain: most home and cloud networks block outgoing connections to port 25.",
        action: "Repeat the check from a machine that can connect to port 25, for example from a mail server. If the check also fails from there, the operator of the mail servers must check the servers.",
        example: "a check from a virtual machine in a cloud that blocks port 25",
        references: "RFC 5321 section 4.5.4.1 (senders retry for days if hosts do not respond)",
    },
};

pub(super) static MX_BEHIND_WEB_PROXY: Rule = Rule {
    id: "mx-behind-web-proxy",
    severity: Severity::Error,
    title: "an MX host appears to be behind a web proxy",
    docs: Docs {
        sees: "All connections to the MX host on port 25 time out, but its port 443 (web) responds. The confidence is \"likely\" if the IP address belongs to a known web proxy, and \"possible\" otherwise.",
        matters: "Such a proxy forwards only web traffic. Senders cannot deliver mail to this host.",
        action: "Domain owner: publish the mail server's own IP address for the MX host (at Cloudflare: \"DNS only\").",
        example: "MX 10 mail.example.com, and mail.example.com has the IP address of a content delivery network",
        references: "RFC 5321 section 5.1 (the MX host must accept SMTP connections)",
    },
};

pub(super) static MX_NOT_TESTED: Rule = Rule {
    id: "mx-not-tested",
    severity: Severity::Error,
    title: "some or all of the domain's mail servers were not tested",
    docs: Docs {
        sees: "Either the connection limit was reached before smtpcheck could connect to every MX host, or smtpcheck could not connect to any MX host. In the second case, the user excluded the address family of the hosts (-4 or -6), or this machine has no connection of that family.",
        matters: "The result of the check is incomplete. This is not a fault of the domain.",
        action: "Repeat the check with a higher --max-connections, without -4 or -6, or from a machine that has a connection of the required family.",
        example: "--max-connections 1, and the domain has two MX hosts",
        references: "RFC 5321 section 5.1 (senders try all hosts and addresses)",
    },
};

pub(super) static MX_NULL_SENDER_REJECTED: Rule = Rule {
    id: "mx-null-sender-rejected",
    severity: Severity::Error,
    title: "an MX host rejects the null sender",
    docs: Docs {
        sees: "The server permanently rejected MAIL FROM:<>, for a reason that is unrelated to this machine.",
        matters: "Delivery reports and other automatic messages have the null sender. Users of the domain do not learn that their mail was not delivered, and servers that use callouts to verify senders reject mail from this domain.",
        action: "Server operator: accept MAIL FROM:<>.",
        example: "550 5.7.1 Null sender not allowed",
        references: "RFC 5321 section 4.5.5 (messages with a null reverse-path), section 6.1 (notifications)",
    },
};

pub(super) static MX_POSTMASTER_REJECTED: Rule = Rule {
    id: "mx-postmaster-rejected",
    severity: Severity::Warning,
    title: "an MX host rejects mail for the postmaster",
    docs: Docs {
        sees: "The server permanently rejected the domain's postmaster as a recipient, for a reason that is unrelated to this machine. smtpcheck sends no message.",
        matters: "Every domain that receives mail must accept mail for its postmaster. Without this address, other operators cannot report problems, and some services do not accept the domain.",
        action: "Server operator: create the email address postmaster as an alias for a mailbox that a person reads.",
        example: "550 5.1.1 <postmaster@example.com>: Recipient address rejected: User unknown",
        references: "RFC 5321 section 4.5.1 (minimum implementation)",
    },
};

pub(super) static MX_RELAY_ACCEPTED: Rule = Rule {
    id: "mx-relay-accepted",
    severity: Severity::Warning,
    title: "an MX host accepts a recipient in another domain",
    docs: Docs {
        sees: "Without a login, the server accepted RCPT TO with a recipient in a domain for which it is not responsible. smtpcheck sends no message, so it cannot determine whether the server would relay one.",
        matters: "If the server relays such mail, it is an open relay. Open relays are abused for spam and added to blocklists within hours.",
        action: "Server operator: accept recipients in other domains only from your own networks and from authenticated users. Check the server's log to find out what happens to such mail.",
        example: "the reply to RCPT TO:<relay-test@example.org> is 250",
        references: "RFC 5321 section 7.1 (mail security), section 3.6.2 (relaying)",
    },
};

pub(super) static MX_ACCEPTS_EVERY_RECIPIENT: Rule = Rule {
    id: "mx-accepts-every-recipient",
    severity: Severity::Notice,
    title: "the domain accepts a recipient that cannot exist",
    docs: Docs {
        sees: "The user specified a recipient to test, and the server also accepted a second recipient with a random name.",
        matters: "The domain has a catch-all mailbox that receives mail for all recipients, or the server checks recipients only after the message has been sent. In either case, an accepted recipient does not prove that the mailbox exists.",
        action: "No action is required if this is intended. Server operator: reject unknown recipients at RCPT TO. Senders then notice typing errors immediately, and the server does not have to return messages later.",
        example: "the reply to RCPT TO:<no-such-user-1a2b3c4d@example.com> is 250",
        references: "RFC 5321 section 4.1.1.3 (RCPT), section 6.2 (unwanted messages)",
    },
};

pub(super) static MX_BACKUP_DIFFERS: Rule = Rule {
    id: "mx-backup-differs",
    severity: Severity::Warning,
    title: "a less preferred MX host accepts a recipient that the most preferred host rejects",
    docs: Docs {
        sees: "The most preferred MX host (lowest preference value) rejects a recipient that cannot exist, but a less preferred host accepts it. smtpcheck tests this only if the user specified a recipient.",
        matters: "The less preferred host accepts mail that cannot be delivered and must return it, often to forged senders. Spammers prefer such hosts.",
        action: "Server operator: configure the list of valid recipients on this host, or remove its MX record.",
        example: "mx1 replies with 550 5.1.1, and mx2 (a backup MX that the provider runs) replies with 250",
        references: "RFC 5321 section 6.2 (unwanted messages), section 5.1 (preferences)",
    },
};

pub(super) static MX_SERVER_NAME_NOT_VALID: Rule = Rule {
    id: "mx-server-name-not-valid",
    severity: Severity::Notice,
    title: "an MX host does not identify itself with a fully qualified host name",
    docs: Docs {
        sees: "The first word of the greeting or of the reply to EHLO is not a fully qualified domain name.",
        matters: "The name has no effect on most senders. If the server uses the same name when it sends mail, receivers may reject that mail.",
        action: "Server operator: set the server's host name to a fully qualified name (Postfix: myhostname).",
        example: "220 localhost ESMTP",
        references: "RFC 5321 section 4.3.1 (the greeting contains the domain name of the host)",
    },
};

/// Every rule for sessions with MX hosts.
pub(super) static RULES: &[&Rule] = &[
    &MX_UNREACHABLE,
    &MX_PORT_BLOCKED_HERE,
    &MX_BEHIND_WEB_PROXY,
    &MX_NOT_TESTED,
    &MX_NULL_SENDER_REJECTED,
    &MX_POSTMASTER_REJECTED,
    &MX_RELAY_ACCEPTED,
    &MX_ACCEPTS_EVERY_RECIPIENT,
    &MX_BACKUP_DIFFERS,
    &MX_SERVER_NAME_NOT_VALID,
];
