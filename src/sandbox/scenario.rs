//! The types that describe a scenario: one server with one fault, or without faults. A scenario is data only. `session`
//! runs it, `certificates` makes its certificates, and `scenarios/` contains the lists of scenarios.
//!
//! By default, a server behaves like a small, correct SMTP server; [`Server::on`] lists where it behaves differently. A
//! scenario therefore supports any valid session, and the fault appears only at its command or phase.

use std::net::SocketAddr;

use super::hello::HelloAnswer;
use super::login::LoginBehaviour;

/// One server with one fault, and what smtpcheck should find.
#[derive(Debug)]
pub struct Scenario {
    /// The id that users type, in kebab case. A removed id is not used again.
    pub name: &'static str,
    /// A description of the server, without a full stop. It completes "Server: ..." in the output of `demo`.
    pub summary: &'static str,
    /// The behaviour of the server.
    pub server: Server,
    /// The arguments that make smtpcheck find the fault.
    pub client: ClientUsage,
    /// The rule ids of all findings that the check must report, in order.
    pub expect: &'static [&'static str],
    /// The exit code that the check must return.
    pub exit: u8,
}

/// The behaviour of a server.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Whether the connection starts with TLS.
    pub door: ConnectionStart,
    /// The certificate chain of the handshake.
    pub identity: Recipe,
    /// The accepted TLS versions, and whether the server requests a client certificate.
    pub tls: TlsTerms,
    /// The ClientHellos that `hello` answers instead of the TLS library.
    pub hello: HelloAnswer,
    /// The greeting.
    pub greeting: &'static str,
    /// The extensions in the reply to EHLO before TLS.
    pub plain: &'static [&'static str],
    /// The extensions in the reply to EHLO over TLS.
    pub inside: &'static [&'static str],
    /// What the client must do before MAIL.
    pub demands: RequiredBeforeMail,
    /// How the server handles AUTH.
    pub login: LoginBehaviour,
    /// Whether replies are sent in one piece.
    pub pace: Pace,
    /// Where the server differs from the default behaviour. The first matching row applies.
    pub on: &'static [(Trigger, &'static [ServerAct])],
    /// Whether other servers behind the same address serve some of the connections.
    pub backends: Backends,
}

/// Which server behind an address serves a connection. Connections are counted for each scenario and address.
#[derive(Clone, Copy, Debug)]
pub enum Backends {
    /// There is only one server.
    Single,
    /// These servers serve the connections in turn.
    InTurn(&'static [Server]),
    /// Another server replaces the first one after this number of connections.
    Replaced {
        /// The number of connections that the first server serves.
        after: u64,
        /// The server that serves all later connections.
        by: &'static Server,
    },
}

/// The arguments that make smtpcheck find the fault.
#[derive(Clone, Copy, Debug)]
pub struct ClientUsage {
    /// The scheme of the target with its slashes; empty for SMTP without implicit TLS.
    pub scheme: &'static str,
    /// The host name to pass as the target instead of the server's IP address (with `--resolve`).
    pub host: Option<&'static str>,
    /// More command-line arguments. `{client-certificate}` is replaced by the path of the sandbox's client certificate,
    /// and `{http-proxy}`, `{socks5-proxy}` and `{socks4-proxy}` by the server's address as a proxy.
    pub flags: &'static [&'static str],
    /// The password or token for the login; it is never passed as an argument.
    pub secret: Option<&'static str>,
    /// Whether the client trusts the sandbox's CA.
    pub trust: ClientTrust,
}

/// Whether the client trusts the sandbox's CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientTrust {
    /// Yes, with `--cacert`.
    Sandbox,
    /// No: it trusts only the root certificates of this machine.
    Machine,
}

/// How a connection starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionStart {
    /// With the greeting, unencrypted.
    Plain,
    /// With the TLS handshake (RFC 8314 §3).
    Implicit,
}

/// What the client must do before the server accepts MAIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredBeforeMail {
    /// No requirement, as on a server that receives mail from other servers.
    Nothing,
    /// STARTTLS (RFC 3207 §4).
    Tls,
    /// AUTH (RFC 4954 §6).
    Login,
}

/// Whether replies are sent in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each reply in one piece.
    Whole,
    /// Each byte separately.
    Bytes,
}

/// The conditions for a successful handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsTerms {
    /// TLS 1.2 or 1.3; no client certificate is requested.
    Open,
    /// TLS 1.2 only.
    Only12,
    /// TLS 1.2 or 1.3; the client must present a certificate issued by the sandbox's CA.
    ClientCertificate,
    /// The client must present a certificate issued by an unrelated CA, so every client certificate is rejected.
    ForeignClientCertificate,
    /// Like `ClientCertificate`, but in TLS 1.2, where the rejection is part of the handshake.
    ClientCertificate12,
    /// A client certificate is requested but not required.
    ClientCertificateWelcome,
}

/// The certificate chain of a server. It is made when it is first used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recipe {
    /// A correct certificate for localhost and the loopback addresses, issued by the sandbox's CA.
    Good,
    /// Like [`Recipe::Good`], but issued by an intermediate CA whose certificate is also sent.
    WithIntermediate,
    /// Like [`Recipe::WithIntermediate`], but the name of the intermediate CA contains that of a public CA.
    KnownAuthority,
    /// Valid from and valid until, in days from now.
    Dates(i64, i64),
    /// For another host.
    OtherName,
    /// A correct certificate if SNI is `SCENARIO.test`; otherwise a certificate for another host.
    ByServerName,
    /// The host name is only in the common name; there are no subject alternative names.
    CommonNameOnly,
    /// Self-signed.
    SelfSigned,
    /// Self-signed and marked as a CA, as `openssl req -x509` does.
    SelfSignedAuthority,
    /// Issued by a CA that is not trusted.
    UnknownAuthority,
    /// Issued by an intermediate CA whose certificate is not sent.
    MissingIntermediate,
    /// Issued by an intermediate CA whose certificate has expired.
    ExpiredIntermediate,
    /// The chain is sent in the wrong order.
    Disordered,
    /// The server's certificate is sent twice, with an unrelated one.
    Surplus,
    /// The root certificate is also sent.
    RootSent,
    /// Signed with SHA-1.
    Sha1,
    /// Issued by a CA with a key of 1024 bits.
    WeakKey,
    /// Valid for client authentication only.
    ClientOnly,
    /// Issued by an intermediate CA that may issue certificates only for another domain.
    Constrained,
    /// Requires a stapled OCSP response, which is not sent (must-staple).
    StapleMissing,
    /// Sent with an OCSP response that reports it as revoked.
    Revoked,
    /// Sent with an OCSP response that reports another certificate as revoked.
    StapleForeign,
    /// Has a critical certificatePolicies extension, which some clients do not support.
    CriticalPolicies,
    /// Issued by an intermediate CA whose certificate does not allow it to sign certificates.
    NotSigning,
    /// Valid for ten years.
    LongLived,
    /// Expired, for another host, and issued by an untrusted CA.
    ThreeFaults,
    /// Issued by a CA with the name of an antivirus program.
    Interceptor,
    /// The handshake is signed with a key that does not match the certificate.
    ForeignKey,
    /// Issued by an intermediate CA whose certificate is not sent; its URL is in the server's certificate.
    FetchableIntermediate,
    /// For 2000 names.
    ManyNames,
    /// 1 MB in size.
    Megabyte,
    /// A chain of 40 certificates.
    LongChain,
    /// Its names contain terminal escape sequences and HTML tags.
    HostileNames,
}

/// The event that a server reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A client has connected; replaces the greeting.
    Connect,
    /// A client has connected, and there were at least this many connections within 10 seconds, including this one.
    Visit(u32),
    /// The TLS handshake is about to start; replaces it.
    Handshake,
    /// The TLS handshake is complete.
    Secured,
    /// EHLO before TLS.
    Ehlo,
    /// EHLO over TLS.
    EhloInside,
    /// HELO.
    Helo,
    /// LHLO, the first command of LMTP (RFC 2033 §4.1). By default, it is not recognised.
    Lhlo,
    /// STARTTLS.
    Starttls,
    /// AUTH with any mechanism.
    Auth,
    /// The client's first response to a challenge.
    AuthAnswer,
    /// MAIL before TLS.
    MailPlain,
    /// MAIL.
    Mail,
    /// MAIL whose email address or parameters contain this text.
    MailWith(&'static str),
    /// RCPT whose email address or parameters contain this text.
    RcptTo(&'static str),
    /// The nth RCPT of a transaction, counted from 1.
    RcptNumber(u32),
    /// Every RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The end of a message.
    Message,
    /// XCLIENT, if it is advertised; by default, the server greets again.
    Xclient,
    /// VRFY whose argument contains this text.
    VrfyOf(&'static str),
    /// EXPN.
    Expn,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
    /// NOOP, VRFY and unknown commands.
    Other,
}

/// One action of a server.
#[derive(Clone, Copy, Debug)]
pub enum ServerAct {
    /// Sends a reply. `\n` separates its lines, and each line is sent with CRLF.
    Say(&'static str),
    /// Sends bytes unchanged.
    Raw(&'static [u8]),
    /// Sends the same bytes this many times.
    Times(usize, &'static [u8]),
    /// Sends the same bytes repeatedly until the client closes the connection, with this delay in milliseconds.
    Endless(&'static [u8], u64),
    /// Sends one byte at a time, with this delay in milliseconds.
    Drip(&'static [u8], u64),
    /// Waits for this many milliseconds.
    Wait(u64),
    /// Sends the reply to EHLO with the extensions of the scenario.
    Capabilities,
    /// Starts TLS and discards bytes that were received before it (RFC 3207 §4.2).
    Tls,
    /// Starts TLS, then executes commands that were received before it: the vulnerability CVE-2011-0411.
    TlsCarrying,
    /// Like `TlsCarrying`, but the commands are executed only when the first command over TLS arrives.
    TlsHolding,
    /// Sends a challenge of this many bytes, then sends no more data.
    Challenge(usize),
    /// Sends this challenge, and sends it again after each response.
    Challenges(&'static str),
    /// Sends no more data; discards what it receives.
    Silence,
    /// Stops sending and reading, so the client's writes block.
    Deaf,
    /// Closes the sending direction; discards what it receives.
    HalfClose,
    /// Closes the connection; over TLS, sends close_notify first.
    Close,
    /// Closes the connection without close_notify.
    CloseRudely,
    /// Resets the connection (RST).
    Reset,
}

/// A submission server for mail programs: STARTTLS, then AUTH, then MAIL.
pub const SUBMISSION: Server = Server {
    door: ConnectionStart::Plain,
    identity: Recipe::Good,
    tls: TlsTerms::Open,
    hello: HelloAnswer::Library,
    greeting: "220 localhost ESMTP smtpcheck sandbox",
    plain: &["PIPELINING", "SIZE 10240000", "STARTTLS", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN"],
    inside: &["PIPELINING", "SIZE 10240000", "AUTH PLAIN LOGIN", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN"],
    demands: RequiredBeforeMail::Login,
    login: LoginBehaviour::Right,
    pace: Pace::Whole,
    on: &[],
    backends: Backends::Single,
};

/// A server that receives mail from other servers.
pub const RELAY: Server = Server {
    inside: &["PIPELINING", "SIZE 10240000", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN"],
    demands: RequiredBeforeMail::Nothing,
    ..SUBMISSION
};

/// A submission server with implicit TLS.
pub const IMPLICIT: Server = Server { door: ConnectionStart::Implicit, ..SUBMISSION };

/// A check without flags.
pub const BARE: ClientUsage =
    ClientUsage { scheme: "", host: None, flags: &[], secret: None, trust: ClientTrust::Sandbox };

/// A check with a sender and a recipient.
pub const SENDING: ClientUsage =
    ClientUsage { flags: &["--from", "me@sandbox.test", "--to", "you@sandbox.test"], ..BARE };

/// A check that logs in.
pub const LOGGING_IN: ClientUsage =
    ClientUsage { flags: &["--user", super::login::USER], secret: Some(super::login::PASSWORD), ..BARE };

/// The URL of the server as a proxy, for a placeholder in [`ClientUsage::flags`].
pub fn proxy_url(placeholder: &str, address: SocketAddr) -> Option<String> {
    match placeholder {
        "{http-proxy}" => Some(format!("http://{address}")),
        "{socks5-proxy}" => Some(format!("socks5h://{address}")),
        "{socks4-proxy}" => Some(format!("socks4a://{address}")),
        _ => None,
    }
}

impl Scenario {
    /// The server that serves the connection with this number, from 1.
    pub fn server_for(&self, connection: u64) -> &Server {
        match &self.server.backends {
            Backends::Single => &self.server,
            Backends::InTurn(servers) => {
                let count = u64::try_from(servers.len()).unwrap_or(1).max(1);
                let at = usize::try_from(connection.saturating_sub(1) % count).unwrap_or(0);
                servers.get(at).unwrap_or(&self.server)
            }
            Backends::Replaced { after, by } => {
                if connection > *after {
                    by
                } else {
                    &self.server
                }
            }
        }
    }
}

impl Server {
    /// The server's own acts for an event, if it defines any.
    pub fn on(&self, moment: Trigger) -> Option<&'static [ServerAct]> {
        self.acts(|on| *on == moment)
    }

    /// The server's own acts for a recipient, selected by email address, by number, or for every RCPT.
    pub fn on_recipient(&self, argument: &str, number: u32) -> Option<&'static [ServerAct]> {
        self.acts(|on| match on {
            Trigger::RcptTo(part) => argument.contains(part),
            Trigger::RcptNumber(nth) => *nth == number,
            other => *other == Trigger::Rcpt,
        })
    }

    /// The server's own acts for a question about a mailbox.
    pub fn on_question(&self, argument: &str) -> Option<&'static [ServerAct]> {
        self.acts(|on| matches!(on, Trigger::VrfyOf(part) if argument.contains(part)))
    }

    /// The server's own acts for a sender or a parameter of MAIL.
    pub fn on_sender(&self, argument: &str) -> Option<&'static [ServerAct]> {
        self.acts(|on| matches!(on, Trigger::MailWith(part) if argument.contains(part)))
    }

    /// The server's own acts for a client that connects too often.
    pub fn visited(&self, recent: u32) -> Option<&'static [ServerAct]> {
        self.acts(|on| matches!(on, Trigger::Visit(least) if recent >= *least))
    }

    fn acts(&self, fits: impl Fn(&Trigger) -> bool) -> Option<&'static [ServerAct]> {
        self.on.iter().find(|(on, _)| fits(on)).map(|(_, acts)| *acts)
    }
}
