//! Rejections because of limits, policies or faults of the server, or because of the command.

use crate::check::finding::{Docs, Rule, Severity};

pub(crate) static RATE_LIMITED: Rule = Rule {
    id: "rate-limited",
    severity: Severity::Error,
    title: "a rate limit of the server was reached",
    docs: Docs {
        sees: "The reply mentions a limit on messages, recipients, logins or connections in a period of time.",
        matters: "Mail stays in the queue. More attempts make it worse.",
        action: "Send more slowly. If the volume is legitimate, ask the provider for a higher limit.",
        example: "452 4.4.5 Rate limit exceeded, try again later.",
        references: "RFC 5321 section 4.2.2 (421, 450)",
    },
};

pub(crate) static TOO_MANY_CONNECTIONS: Rule = Rule {
    id: "too-many-connections",
    severity: Severity::Error,
    title: "too many simultaneous connections",
    docs: Docs {
        sees: "The reply mentions too many connections or sessions, from this client or in total.",
        matters: "The server protects itself. The next attempt may succeed.",
        action: "Use fewer connections in parallel, close them with QUIT, and try again later.",
        example: "421 4.7.0 mx.example.net Error: too many connections from 192.0.2.1",
        references: "RFC 5321 section 4.2.2 (421)",
    },
};

pub(crate) static MESSAGE_TOO_LARGE: Rule = Rule {
    id: "message-too-large",
    severity: Severity::Error,
    title: "the message is larger than the server accepts",
    docs: Docs {
        sees: "The reply mentions the size of the message.",
        matters: "The same message will be rejected again.",
        action: "Send a link instead of the attachment. Server operator: you can raise the limit (SIZE in the EHLO reply shows it).",
        example: "552 5.3.4 Message size exceeds fixed limit",
        references: "RFC 1870 section 6.1",
    },
};

pub(crate) static TOO_MANY_RECIPIENTS: Rule = Rule {
    id: "too-many-recipients",
    severity: Severity::Error,
    title: "too many recipients in one message",
    docs: Docs {
        sees: "The reply mentions the number of recipients.",
        matters: "The recipients beyond the limit do not receive this message.",
        action: "Send to fewer recipients at a time. After 452, mail servers send the message to the other recipients separately.",
        example: "452 4.5.3 Too many recipients",
        references: "RFC 5321 section 4.5.3.1.10",
    },
};

pub(crate) static CONTENT_POLICY: Rule = Rule {
    id: "content-policy",
    severity: Severity::Error,
    title: "a policy of the receiving server forbids the mail",
    docs: Docs {
        sees: "The reply mentions spam, viruses, content, or a policy without another reason.",
        matters: "The same mail will be rejected again. Often only the receiving server's operator knows the reason.",
        action: "Read the text, open the web page that it names, and send the complete reply to the receiving server's administrator.",
        example: "554 5.7.1 Message rejected by content filter",
        references: "RFC 3463 section 3.8 (x.7.0, x.7.1)",
    },
};

pub(crate) static COMMAND_SYNTAX_REFUSED: Rule = Rule {
    id: "command-syntax-refused",
    severity: Severity::Error,
    title: "the server rejects the syntax of a command",
    docs: Docs {
        sees: "The reply means that the syntax of a command or an email address is not valid for the server.",
        matters: "The same command will be rejected again.",
        action: "Check the email addresses for unusual characters. If they are correct, a proxy on the network path may change the commands.",
        example: "501 5.1.3 Bad recipient address syntax",
        references: "RFC 5321 section 4.2.4",
    },
};

pub(crate) static COMMAND_OUT_OF_SEQUENCE: Rule = Rule {
    id: "command-out-of-sequence",
    severity: Severity::Error,
    title: "the server expected another command first",
    docs: Docs {
        sees: "The reply mentions the order of commands (503). Usually it is a consequence of an earlier rejection.",
        matters: "The cause is the earlier rejection, not this one.",
        action: "Read the first rejection above. If there is none, the server expects a login or EHLO first.",
        example: "503 5.5.1 Error: need MAIL command",
        references: "RFC 5321 section 4.1.4",
    },
};

pub(crate) static COMMAND_UNSUPPORTED: Rule = Rule {
    id: "command-unsupported",
    severity: Severity::Error,
    title: "the server does not support the command",
    docs: Docs {
        sees: "The reply means that a command or a parameter is not implemented.",
        matters: "Old servers, special appliances and filters on the network path reply in this way.",
        action: "Do not use the command. If the reply is different from another network, a filter on the network path is the cause.",
        example: "502 5.5.1 Command not implemented",
        references: "RFC 5321 section 4.2.4",
    },
};

pub(crate) static SERVER_FAULT: Rule = Rule {
    id: "server-fault",
    severity: Severity::Error,
    title: "the server has an internal fault",
    docs: Docs {
        sees: "The reply means that a lookup, a configuration, a database or another part of the server fails.",
        matters: "The client is not at fault. If the code begins with 4, mail stays in the queue and is retried.",
        action: "Try again later. Server operator: read the mail log for the time of the check.",
        example: "451 4.3.5 <x@example.net>: Server configuration error",
        references: "RFC 5321 section 4.2.3 (451), RFC 3463 section 3.4 (x.3.5)",
    },
};

pub(crate) static SERVER_STORAGE_FULL: Rule = Rule {
    id: "server-storage-full",
    severity: Severity::Error,
    title: "the server has no storage space left",
    docs: Docs {
        sees: "The reply is about the server's disk or queue, not about one mailbox.",
        matters: "All mail to this server stays in the senders' queues.",
        action: "Try again later. Server operator: free space on the disk of the queue.",
        example: "452 4.3.1 Insufficient system storage",
        references: "RFC 3463 section 3.4 (x.3.1)",
    },
};
