//! Rules for proxies, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this file.
pub(super) static RULES: &[&Rule] = &[
    &PROXY_NAME_UNKNOWN,
    &PROXY_UNREACHABLE,
    &PROXY_LOGIN_REQUIRED,
    &PROXY_LOGIN_REJECTED,
    &PROXY_DENIES_CONNECTION,
    &PROXY_SERVER_UNREACHABLE,
    &PROXY_UNSUPPORTED,
    &PROXY_NO_PROXY,
    &PROXY_PASSWORD_UNENCRYPTED,
];

pub(super) static PROXY_NAME_UNKNOWN: Rule = Rule {
    id: "proxy-name-unknown",
    severity: Severity::Error,
    title: "no IP address was found for the proxy",
    docs: Docs {
        sees: "The proxy's host name (--proxy, ALL_PROXY) could not be looked up, or has no IP address.",
        matters: "Without the proxy, no connection is possible. The mail server was not tested.",
        action: "Correct the proxy's name, or use the DNS resolver of the proxy's network (--resolver). To connect directly, use --noproxy '*'.",
        example: "smtpcheck smtp.example.net --proxy socks5h://proxy.invalid",
        references: "RFC 2308 section 2.1 (what NXDOMAIN means)",
    },
};

pub(super) static PROXY_UNREACHABLE: Rule = Rule {
    id: "proxy-unreachable",
    severity: Severity::Error,
    title: "the proxy cannot be reached",
    docs: Docs {
        sees: "The connection to the proxy was refused or timed out, or this machine could not open it.",
        matters: "The mail server was not tested. The fault is between this machine and the proxy.",
        action: "Check the host and port of the proxy, and make sure that the proxy is running. If the URL contains no port, smtpcheck uses port 1080, as curl does.",
        example: "smtpcheck smtp.example.net --proxy socks5h://127.0.0.1:1080 with no proxy running",
        references: "curl(1), --proxy",
    },
};

pub(super) static PROXY_LOGIN_REQUIRED: Rule = Rule {
    id: "proxy-login-required",
    severity: Severity::Error,
    title: "the proxy needs a user name and a password",
    docs: Docs {
        sees: "A SOCKS5 proxy accepts only authentication methods that need a login, or an HTTP proxy responded with 407 or 401. No password for the proxy was given.",
        matters: "The proxy does not connect to any server without a login. The mail server was not tested.",
        action: "Specify the user name with --proxy-user, and the password with --proxy-password-file, --proxy-password-command, --proxy-netrc or SMTPCHECK_PROXY_PASSWORD. Passwords in the --proxy URL are not accepted, because other users of the machine can read command-line arguments.",
        example: "HTTP/1.1 407 Proxy Authentication Required",
        references: "RFC 1928 section 3, RFC 1929, RFC 9110 section 15.5.8 (407)",
    },
};

pub(super) static PROXY_LOGIN_REJECTED: Rule = Rule {
    id: "proxy-login-rejected",
    severity: Severity::Error,
    title: "the proxy rejects the user name or the password",
    docs: Docs {
        sees: "The proxy rejected the login, with a SOCKS5 status other than 0, an HTTP response with status 407 or 401 to a request with a password, or a SOCKS4 reply with code 92 or 93.",
        matters: "The proxy does not connect to any server. The mail server was not tested, and the password for the mailbox was not sent.",
        action: "Correct the user name (--proxy-user) or the password for the proxy. They usually differ from those of the mailbox.",
        example: "tinyproxy responds with 401 Unauthorized to a wrong password",
        references: "RFC 1929 section 2, RFC 9110 section 11.7",
    },
};

pub(super) static PROXY_DENIES_CONNECTION: Rule = Rule {
    id: "proxy-denies-connection",
    severity: Severity::Error,
    title: "the proxy's rules forbid the connection",
    docs: Docs {
        sees: "A SOCKS5 proxy replied with code 2, or an HTTP proxy responded with 403. smtpcheck then tries the other mail ports through the same proxy.",
        matters: "HTTP proxies usually allow CONNECT only to port 443, so mail ports are forbidden. The mail server was not tested.",
        action: "Ask the proxy's administrator to allow the port, use a port that the proxy allows, or use a SOCKS proxy.",
        example: "squid's default configuration: http_access deny CONNECT !SSL_ports",
        references: "RFC 1928 section 6, RFC 9110 section 9.3.6 (CONNECT)",
    },
};

pub(super) static PROXY_SERVER_UNREACHABLE: Rule = Rule {
    id: "proxy-server-unreachable",
    severity: Severity::Error,
    title: "the proxy cannot connect to the server",
    docs: Docs {
        sees: "smtpcheck reached the proxy. The proxy reported that it could not connect to the server (SOCKS5 codes 1 and 3 to 6, SOCKS4 code 91, most HTTP status codes of 300 or higher), or it reported no result within the time limit.",
        matters: "The server may be down, the proxy may be unable to resolve the server's name, or the proxy's network may block mail ports.",
        action: "Check the host and port. Repeat the check without the proxy or through another proxy, and read the proxy's log.",
        example: "HTTP/1.1 503 Service Unavailable from squid, when the server refuses the connection",
        references: "RFC 1928 section 6, RFC 9110 section 15.6",
    },
};

pub(super) static PROXY_UNSUPPORTED: Rule = Rule {
    id: "proxy-unsupported",
    severity: Severity::Error,
    title: "the proxy does not support the request",
    docs: Docs {
        sees: "A SOCKS5 proxy replied with code 7 or 8, a SOCKS4 proxy was asked to connect to an IPv6 address, or an HTTP server responded with 400, 404, 405, 501 or 505 to CONNECT.",
        matters: "The proxy cannot open the requested connection. The mail server was not tested.",
        action: "For IPv6, use SOCKS5. If a web server responds, correct the host or the port of the proxy.",
        example: "--proxy socks4:// with a server that has only IPv6 addresses",
        references: "RFC 1928 section 6, RFC 9110 section 15.5.6",
    },
};

pub(super) static PROXY_NO_PROXY: Rule = Rule {
    id: "proxy-no-proxy",
    severity: Severity::Error,
    title: "the service at the proxy's address is not a proxy of the expected type",
    docs: Docs {
        sees: "The response does not use the protocol that the proxy URL specifies, or the service closed the connection or sent nothing.",
        matters: "The scheme, the host or the port of the proxy is wrong, or the proxy rejects this machine without a response. The mail server was not tested.",
        action: "Correct the scheme (http://, socks5h://, socks4a://), the host or the port of the proxy.",
        example: "--proxy socks5h://proxy.example.net:3128, where 3128 is the port of an HTTP proxy",
        references: "RFC 1928 section 3, RFC 9110 section 9.3.6",
    },
};

pub(super) static PROXY_PASSWORD_UNENCRYPTED: Rule = Rule {
    id: "proxy-password-unencrypted",
    severity: Severity::Notice,
    title: "the password for the proxy was sent unencrypted",
    docs: Docs {
        sees: "smtpcheck logged in to a proxy that is not on this machine. SOCKS5 proxies and HTTP proxies (with Basic authentication) receive the password in clear text.",
        matters: "Every device on the network path to the proxy can read the password. The mailbox password is not affected: by default, smtpcheck sends it only over TLS to the mail server.",
        action: "Use a tunnel to the proxy (ssh -L, WireGuard, VPN), or a password that you use only for this proxy.",
        example: "--proxy http://proxy.example.net:3128 --proxy-user me",
        references: "RFC 1929 section 3, RFC 7617 section 4",
    },
};
