//! A scenario: one server that is wrong in one way (or healthy), as a value. Nothing here does anything; `session`
//! plays it, `certificates` makes what it shows, and the lists below `scenarios/` are nothing but such values.
//!
//! A server answers like a small SMTP server of good manners, and what is in [`Server::on`] takes the place of
//! its manners. So a mail program that comes along can go any way it likes, and the fault waits where it belongs.

use super::hello::HelloAnswer;
use super::login::LoginBehaviour;

/// One server with one fault, and what a good client makes of it.
#[derive(Debug)]
pub struct Scenario {
    /// Public, kebab-case, never reused.
    pub name: &'static str,
    /// What is wrong, in one line, as a sentence without a full stop.
    pub summary: &'static str,
    /// The server.
    pub server: Server,
    /// How smtpcheck has to be called, beside the target, so that the fault shows.
    pub client: ClientUsage,
    /// The ids of the findings that a check has to end with, all of them and no other, in their order.
    pub expect: &'static [&'static str],
    /// The exit code of that check.
    pub exit: u8,
}

/// What a server does.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Whether TLS comes first.
    pub door: ConnectionStart,
    /// What it shows in the handshake.
    pub identity: Recipe,
    /// The versions that it speaks, and whether it asks for a certificate of the client.
    pub tls: TlsTerms,
    /// Which ClientHellos are answered by hand.
    pub hello: HelloAnswer,
    /// What it says first.
    pub greeting: &'static str,
    /// The keywords of EHLO before TLS.
    pub plain: &'static [&'static str],
    /// The keywords of EHLO inside TLS.
    pub inside: &'static [&'static str],
    /// What must have happened before MAIL.
    pub demands: RequiredBeforeMail,
    /// How AUTH goes.
    pub login: LoginBehaviour,
    /// How bytes go out.
    pub pace: Pace,
    /// What it does differently. The first row that fits counts.
    pub on: &'static [(Trigger, &'static [ServerAct])],
}

/// How smtpcheck has to be called.
#[derive(Clone, Copy, Debug)]
pub struct ClientUsage {
    /// The name by which the server is called, if it is not its address; the client gets its address.
    pub host: Option<&'static str>,
    /// Further words on the command line; `{client-certificate}` is the file of a certificate of the sandbox.
    pub flags: &'static [&'static str],
    /// The password or token that it is given on the side, if it is to log in.
    pub secret: Option<&'static str>,
    /// Whether it trusts the authority of the sandbox.
    pub trust: ClientTrust,
}

/// Whether the client trusts the CA of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientTrust {
    /// By `--cacert`.
    Sandbox,
    /// It keeps the roots of the machine.
    Machine,
}

/// What comes first on a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionStart {
    /// The greeting.
    Plain,
    /// The TLS handshake (RFC 8314 §3).
    Implicit,
}

/// What must have happened before MAIL is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredBeforeMail {
    /// Nothing: a server for mail from other servers.
    Nothing,
    /// STARTTLS (RFC 3207 §4).
    Tls,
    /// AUTH (RFC 4954 §6).
    Login,
}

/// How bytes go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A reply in one piece.
    Whole,
    /// Each byte in a packet of its own.
    Bytes,
}

/// The terms on which a handshake succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsTerms {
    /// TLS 1.2 and 1.3, nothing asked of the client.
    Open,
    /// TLS 1.2 only.
    Only12,
    /// The client has to show a certificate of this sandbox, in TLS 1.3.
    ClientCertificate,
    /// The client has to show a certificate of an authority that made none.
    ForeignClientCertificate,
    /// The same as `ClientCertificate` in TLS 1.2, where the refusal comes within the handshake.
    ClientCertificate12,
    /// A certificate of the client is asked for, and none is fine too.
    ClientCertificateWelcome,
}

/// What a server shows in the handshake. Made on first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recipe {
    /// A certificate of the sandbox's authority for localhost and the loopback addresses, in good order.
    Good,
    /// The same with the intermediate of an authority sent along.
    WithIntermediate,
    /// Days from now: not before, not after.
    Dates(i64, i64),
    /// For another host.
    OtherName,
    /// To who sends the scenario's name below `test` (SNI) a good one for it, to others one for another host.
    ByServerName,
    /// No subject alternative name, only a common name.
    CommonNameOnly,
    /// Signed by its own key.
    SelfSigned,
    /// Signed by its own key and marked as an authority, as `openssl req -x509` does.
    SelfSignedAuthority,
    /// Issued by a CA that is not trusted.
    UnknownAuthority,
    /// By an intermediate that is not sent.
    MissingIntermediate,
    /// By an intermediate that has ended.
    ExpiredIntermediate,
    /// The chain in the wrong order.
    Disordered,
    /// The leaf twice, and a certificate that has nothing to do with it.
    Surplus,
    /// With the root.
    RootSent,
    /// Signed with SHA-1.
    Sha1,
    /// By an authority with a key of 1024 bits.
    WeakKey,
    /// For client authentication only.
    ClientOnly,
    /// By an intermediate that may sign for another domain only.
    Constrained,
    /// It promises an OCSP staple that is not sent.
    StapleMissing,
    /// With an OCSP staple that says revoked.
    Revoked,
    /// An OCSP response that takes back another certificate.
    StapleForeign,
    /// A critical certificatePolicies extension, which not every client processes.
    CriticalPolicies,
    /// An intermediate certificate that may not sign certificates, and signed the server's.
    NotSigning,
    /// Valid for ten years.
    LongLived,
    /// Ended, for another host, and of an unknown authority.
    ThreeFaults,
    /// Issued by what an antivirus program calls itself.
    Interceptor,
    /// With a key that is not that of the certificate.
    ForeignKey,
    /// By an intermediate that is not sent and could be fetched.
    FetchableIntermediate,
    /// With two thousand names.
    ManyNames,
    /// Of a megabyte.
    Megabyte,
    /// A chain of forty.
    LongChain,
    /// With letters and signs in its names that a terminal would act upon.
    HostileNames,
}

/// At which moment a server does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A client has connected, instead of the greeting.
    Connect,
    /// A client has connected that is at least the nth within ten seconds, from 1.
    Visit(u32),
    /// The handshake is due, in its place.
    Handshake,
    /// The handshake is done.
    Secured,
    /// EHLO before TLS.
    Ehlo,
    /// EHLO inside TLS.
    EhloInside,
    /// HELO.
    Helo,
    /// STARTTLS.
    Starttls,
    /// AUTH, whatever the mechanism.
    Auth,
    /// The client's first answer to a challenge.
    AuthAnswer,
    /// MAIL before TLS.
    MailPlain,
    /// MAIL.
    Mail,
    /// RCPT with this in its address.
    RcptTo(&'static str),
    /// The nth RCPT of a connection, from 1.
    RcptNumber(u32),
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The end of a message.
    Message,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
    /// Whatever else.
    Other,
}

/// One thing that a server does.
#[derive(Clone, Copy, Debug)]
pub enum ServerAct {
    /// A reply. Lines are parted by `\n` and each ends with CRLF.
    Say(&'static str),
    /// Bytes as they are.
    Raw(&'static [u8]),
    /// The same bytes that often.
    Times(usize, &'static [u8]),
    /// The same bytes until the client closes, with this delay in milliseconds.
    Endless(&'static [u8], u64),
    /// One byte after the other, with that many milliseconds between.
    Drip(&'static [u8], u64),
    /// That many milliseconds of nothing.
    Wait(u64),
    /// The keywords, as EHLO wants them.
    Capabilities,
    /// The handshake. Bytes that came before it are forgotten (RFC 3207 §4.2).
    Tls,
    /// The handshake, after which commands that came before it are obeyed: the fault of CVE-2011-0411.
    TlsCarrying,
    /// The same, obeyed only when the next command arrives inside TLS.
    TlsHolding,
    /// A challenge of this many bytes, then nothing but silence.
    Challenge(usize),
    /// Challenges without end: each answer gets the next.
    Challenges(&'static str),
    /// Nothing more is said; what comes is read and forgotten.
    Silence,
    /// Nothing more is said or read: the client's writes will block.
    Deaf,
    /// The end of our side; what comes is read and forgotten.
    HalfClose,
    /// FIN, after close_notify in TLS.
    Close,
    /// FIN, without close_notify in TLS.
    CloseRudely,
    /// RST.
    Reset,
}

/// A server that takes mail from programs: STARTTLS, then AUTH, then MAIL.
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
};

/// A server that takes mail from other servers.
pub const RELAY: Server = Server {
    inside: &["PIPELINING", "SIZE 10240000", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN"],
    demands: RequiredBeforeMail::Nothing,
    ..SUBMISSION
};

/// A server that encrypts from the first byte.
pub const IMPLICIT: Server = Server { door: ConnectionStart::Implicit, ..SUBMISSION };

/// A check without flags.
pub const BARE: ClientUsage = ClientUsage { host: None, flags: &[], secret: None, trust: ClientTrust::Sandbox };

/// A check that names sender and recipient.
pub const SENDING: ClientUsage =
    ClientUsage { flags: &["--from", "me@sandbox.test", "--to", "you@sandbox.test"], ..BARE };

/// A check that logs in.
pub const LOGGING_IN: ClientUsage =
    ClientUsage { flags: &["--user", super::login::USER], secret: Some(super::login::PASSWORD), ..BARE };

impl Scenario {
    /// What is done at a moment, if the scenario says so.
    pub fn on(&self, moment: Trigger) -> Option<&'static [ServerAct]> {
        self.acts(|on| *on == moment)
    }

    /// What is done with a recipient: by address, by number, or with all of them.
    pub fn on_recipient(&self, argument: &str, number: u32) -> Option<&'static [ServerAct]> {
        self.acts(|on| match on {
            Trigger::RcptTo(part) => argument.contains(part),
            Trigger::RcptNumber(nth) => *nth == number,
            other => *other == Trigger::Rcpt,
        })
    }

    /// What is done with a client that comes too often.
    pub fn visited(&self, recent: u32) -> Option<&'static [ServerAct]> {
        self.acts(|on| matches!(on, Trigger::Visit(least) if recent >= *least))
    }

    fn acts(&self, fits: impl Fn(&Trigger) -> bool) -> Option<&'static [ServerAct]> {
        self.server.on.iter().find(|(on, _)| fits(on)).map(|(_, acts)| *acts)
    }
}
