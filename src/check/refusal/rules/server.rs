//! Rules for rejections that are caused by the server's limits, policies or faults, or by the command.

use crate::check::finding::{Docs, Rule, Severity};

pub(crate) static RATE_LIMITED: Rule = Rule {
    id: "rate-limited",
    severity: Severity::Error,
    title: "the client has reached a rate limit of the server",
    docs: Docs {
        sees: "The reply means that the client has sent too many messages, recipients, logins or connections within a period of time.",
        matters: "If the code begins with 4, the sending server keeps the mail in its queue and retries, usually for several days. Further attempts may extend the time for which the receiving server rejects the client.",
        action: "Wait, and then send more slowly. If you regularly send this amount of mail, ask the provider for a higher limit.",
        example: "452 4.4.5 Rate limit exceeded, try again later.",
        references: "RFC 5321 section 4.2.2 (421, 450)",
    },
};

pub(crate) static TOO_MANY_CONNECTIONS: Rule = Rule {
    id: "too-many-connections",
    severity: Severity::Error,
    title: "the server has too many simultaneous connections",
    docs: Docs {
        sees: "The reply means that the server has too many connections, from this client or in total.",
        matters: "The server accepts no more connections until others have ended. The next attempt may succeed.",
        action: "Use fewer parallel connections, end each one with QUIT, and retry later.",
        example: "421 4.7.0 mx.example.net Error: too many connections from 192.0.2.1",
        references: "RFC 5321 section 4.2.2 (421)",
    },
};

pub(crate) static MESSAGE_TOO_LARGE: Rule = Rule {
    id: "message-too-large",
    severity: Severity::Error,
    title: "the message is larger than the server accepts",
    docs: Docs {
        sees: "The reply means that the message is larger than the limit of the server or the mailbox.",
        matters: "The server will reject the same message again.",
        action: "Send a link instead of the attachment. Server operator: raise the limit (SIZE in the EHLO reply).",
        example: "552 5.3.4 Message size exceeds fixed limit",
        references: "RFC 1870 section 6.1",
    },
};

pub(crate) static TOO_MANY_RECIPIENTS: Rule = Rule {
    id: "too-many-recipients",
    severity: Severity::Error,
    title: "the message has too many recipients",
    docs: Docs {
        sees: "The reply means that the message has more recipients than the server accepts.",
        matters: "The server does not accept the recipients beyond the limit. After 452, mail servers send the message to the remaining recipients separately, but other programs might not.",
        action: "Send the message to fewer recipients at a time.",
        example: "452 4.5.3 Too many recipients",
        references: "RFC 5321 section 4.5.3.1.10",
    },
};

pub(crate) static CONTENT_POLICY: Rule = Rule {
    id: "content-policy",
    severity: Severity::Error,
    title: "a policy of the receiving server forbids the mail",
    docs: Docs {
        sees: "The reply mentions spam, viruses or the content of the message, or it mentions a policy without a more specific reason.",
        matters: "The server will probably reject the same mail again. Often only the operator of the receiving server can find out the reason.",
        action: "Read the server's reply, and open the web page that it names. If the reason is not clear, send the complete reply to the operator of the receiving server.",
        example: "554 5.7.1 Message rejected by content filter",
        references: "RFC 3463 section 3.8 (x.7.0, x.7.1)",
    },
};

pub(crate) static COMMAND_SYNTAX_REFUSED: Rule = Rule {
    id: "command-syntax-refused",
    severity: Severity::Error,
    title: "the server rejects the syntax of a command",
    docs: Docs {
        sees: "The reply means that the server considers the syntax of a command or an email address invalid.",
        matters: "The server will reject the same command again.",
        action: "Check the email addresses for unusual characters. If the email addresses are correct, a proxy on the network path may have changed the commands.",
        example: "501 5.1.3 Bad recipient address syntax",
        references: "RFC 5321 section 4.2.4",
    },
};

pub(crate) static COMMAND_OUT_OF_SEQUENCE: Rule = Rule {
    id: "command-out-of-sequence",
    severity: Severity::Error,
    title: "the server expected another command first",
    docs: Docs {
        sees: "The reply means that a command was sent in the wrong order (503).",
        matters: "Usually this is a consequence of an earlier rejection, which is the actual cause.",
        action: "Read the first rejection in the session. If no earlier command was rejected, the server probably expects a login or EHLO first.",
        example: "503 5.5.1 Error: need MAIL command",
        references: "RFC 5321 section 4.1.4",
    },
};

pub(crate) static COMMAND_UNSUPPORTED: Rule = Rule {
    id: "command-unsupported",
    severity: Severity::Error,
    title: "the server does not support the command",
    docs: Docs {
        sees: "The reply means that the server does not implement a command or a parameter.",
        matters: "Features that need the command are not available. Old servers, appliances and filters on the network path send such replies.",
        action: "Configure your program not to use the command. Repeat the check from another network: if the reply is different there, a filter on your network path is the cause.",
        example: "502 5.5.1 Command not implemented",
        references: "RFC 5321 section 4.2.4",
    },
};

pub(crate) static SERVER_FAULT: Rule = Rule {
    id: "server-fault",
    severity: Severity::Error,
    title: "the server has an internal fault",
    docs: Docs {
        sees: "The reply means that a DNS lookup failed, or that the database, the configuration or another part of the server is faulty.",
        matters: "The client is not the cause. If the code begins with 4, mail remains in the queue of the sending server, which retries later.",
        action: "Retry later. Server operator: read the mail log for the time of the check.",
        example: "451 4.3.5 <x@example.net>: Server configuration error",
        references: "RFC 5321 section 4.2.3 (451), RFC 3463 section 3.4 (x.3.5)",
    },
};

pub(crate) static SERVER_STORAGE_FULL: Rule = Rule {
    id: "server-storage-full",
    severity: Severity::Error,
    title: "the server has no storage space left",
    docs: Docs {
        sees: "The reply means that the server's disk or queue is full, not just one mailbox.",
        matters: "The server accepts no mail until space is free. Mail remains in the queues of the sending servers.",
        action: "Retry later. Server operator: free space on the disk that contains the mail queue.",
        example: "452 4.3.1 Insufficient system storage",
        references: "RFC 3463 section 3.4 (x.3.1)",
    },
};
