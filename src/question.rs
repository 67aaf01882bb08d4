//! The closed list of questions that checks can ask. A question is a value: it can be compared, saved in a report, and
//! asked again. It contains no secret and no IP address of this machine.
//!
//! Checks ask questions, and `gather/` answers them. Equal questions are asked only once.
//!
//! A new kind of question needs a branch in each `match` on `Question` or `Answer`, which the compiler finds. These are
//! in this file, `gather/gatherer.rs`, `inquiry/mod.rs`, `evidence/record.rs`, `evidence/views.rs`, `evidence/mask.rs`
//! (which text is masked), `check/domain/hosts/ordinary.rs`, `check/domain/world/mod.rs`, `check/settings/ordinary.rs`,
//! `render/text/domain.rs`, `render/view/lookups.rs`, `render/view/session.rs`, `tests/ports.rs`,
//! `tests/support/replay/network.rs` and `tests/support/bodies/server.rs`. Transcripts need a key for the answer: its
//! type in `tests/support/replay/format.rs`, and its value and description in `tests/support/replay/mod.rs`. If an
//! answer contains text from a peer, `evidence/quote.rs` describes how a finding quotes it.

mod hello;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

pub use hello::{HelloRequest, Offer, SuiteList};

use crate::plan::{ClientClaims, EnvelopeParameters, Esmtp, Family, Login, Plan, Protocol, QuitAfter, TlsUse};
use crate::wire::{AddressQuery, DnsName, DomainName, EhloName, ForwardPath, Host, RecordKind, ReversePath};

/// A question about the network or about this machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Question {
    /// The IP addresses of a name (A and AAAA records).
    Resolve {
        /// The name to look up.
        host: DomainName,
    },
    /// One SMTP session.
    Session(Box<SessionRequest>),
    /// A ClientHello whose handshake is not completed.
    Hello(HelloRequest),
    /// DNS records of one type.
    Records(RecordsRequest),
    /// A GET request over HTTPS or HTTP, without following redirects.
    Fetch(FetchRequest),
    /// Signs of the cloud or network that this machine is in. This sends nothing over the network.
    Machine {
        /// Names of environment variables that indicate a cloud or network.
        variables: Vec<String>,
    },
}

impl Question {
    /// A session with this request.
    pub fn session(request: SessionRequest) -> Question {
        Question::Session(Box::new(request))
    }

    /// Whether the answer needs a connection to a mail server, which `--max-connections` limits.
    pub fn connects(&self) -> bool {
        match self {
            Question::Session(_) | Question::Hello(_) => true,
            Question::Resolve { .. } | Question::Records(_) | Question::Fetch(_) | Question::Machine { .. } => false,
        }
    }
}

/// A question about DNS records.
#[derive(Clone, Debug, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::derived_hash_with_manual_eq, reason = "two questions are equal if all their fields are equal")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecordsRequest {
    /// The name.
    pub name: DnsName,
    /// The type of the records.
    pub kind: RecordKind,
    /// The authoritative server to ask, without recursion; null means the plan's resolver, whose response is validated.
    pub server: Option<SocketAddr>,
    /// Whether the name is sent in upper case, to find servers that do not ignore letter case.
    #[serde(default)]
    pub upper_case: bool,
}

/// Compares the names last: the checks of a domain look for a question among hundreds, of which most differ in the type.
impl PartialEq for RecordsRequest {
    fn eq(&self, other: &RecordsRequest) -> bool {
        (self.kind, self.upper_case, self.server) == (other.kind, other.upper_case, other.server)
            && self.name == other.name
    }
}

impl RecordsRequest {
    /// A question to the resolver of the plan.
    pub fn to_resolver(name: DnsName, kind: RecordKind) -> RecordsRequest {
        RecordsRequest { name, kind, server: None, upper_case: false }
    }

    /// A question to an authoritative server.
    pub fn to_server(name: DnsName, kind: RecordKind, server: SocketAddr) -> RecordsRequest {
        RecordsRequest { name, kind, server: Some(server), upper_case: false }
    }
}

/// A GET request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FetchRequest {
    /// The host, which is also the server name (SNI) and the name that the certificate must contain.
    pub host: DomainName,
    /// The TCP port, normally 443, or 80 without TLS.
    pub port: u16,
    /// The path, beginning with a slash.
    pub path: String,
    /// Whether TLS is used.
    #[serde(default)]
    pub transport: FetchTransport,
    /// The IP addresses to which the request may be sent.
    #[serde(default)]
    pub reach: FetchReach,
    /// The time limit in milliseconds for the request, from the lookup to the end of the response; null if each part
    /// has its own limit.
    #[serde(default)]
    pub limit_ms: Option<u64>,
}

/// Whether a GET request uses TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FetchTransport {
    /// HTTPS. If the certificate fails verification, no request is sent.
    #[default]
    Https,
    /// HTTP, without TLS. The response is not authenticated.
    Http,
}

/// The IP addresses to which a GET request may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FetchReach {
    /// All.
    #[default]
    Any,
    /// Public addresses, and those from `--resolve`. Otherwise, the operator of a public domain could make smtpcheck
    /// send requests to servers in the network of this machine.
    Public,
}

impl FetchRequest {
    /// A request over HTTPS to any IP address.
    pub fn https(host: DomainName, port: u16, path: impl Into<String>) -> FetchRequest {
        let (transport, reach) = (FetchTransport::Https, FetchReach::Any);
        FetchRequest { host, port, path: path.into(), transport, reach, limit_ms: None }
    }
}

/// One SMTP session, from the TCP connection to QUIT.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SessionRequest {
    /// The purpose of the session.
    pub purpose: Purpose,
    /// The host to connect to.
    pub host: Host,
    /// The TCP port.
    pub port: u16,
    /// The address families that may be used.
    pub family: Family,
    /// The commands to send.
    pub script: Script,
}

/// The purpose of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// The session that the user requested.
    Main,
    /// The requested port cannot be reached. Does another mail port respond?
    SiblingPort,
    /// The server sent no greeting, or data that is not SMTP. Does it respond in the other TLS mode?
    OtherTlsMode,
    /// The server rejected the session over one address family. Does it accept a session over the other?
    OtherFamily,
    /// The server rejected the session. Does it accept a session at another address of the same family?
    OtherAddress,
    /// How does the server respond at one more IP address of the host (`--every-address`)?
    EveryAddress,
    /// The commands that precede a ClientHello.
    TlsHello,
    /// Does the server execute, after the TLS handshake, a command that was sent in one packet with STARTTLS?
    StarttlsInjection,
    /// Does the server accept AUTH or MAIL FROM before TLS?
    BeforeTls,
    /// Replies could not be matched to commands. How does the server reply to a client that pauses before each command?
    InStep,
    /// Does the handshake succeed with another server name (SNI)?
    ServerName,
    /// The server may wait for a PROXY header. Does it accept a session that begins with one?
    ProxyHeader,
    /// How does the server at one IP address of an MX host respond to mail for the domain?
    MailExchanger,
    /// The server rejected MAIL or RCPT with parameters. Does it accept them without parameters?
    WithoutParameters,
    /// What does the server reveal about mailboxes (VRFY, EXPN)?
    Disclosure,
    /// The server rejected the first command. Does it accept the first command of the other protocol, LMTP or SMTP?
    OtherProtocol,
    /// Do client settings for sending mail work?
    ClientSettings,
}

impl Purpose {
    /// Whether the session only improves the advice about a fault that the main session has already shown.
    pub(crate) fn is_supplementary(self) -> bool {
        matches!(self, Purpose::SiblingPort | Purpose::OtherFamily | Purpose::OtherAddress)
    }
}

/// The commands of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Script {
    /// The protocol, which determines the first command.
    #[serde(default)]
    pub protocol: Protocol,
    /// The EHLO name.
    pub ehlo: EhloName,
    /// Whether and how TLS is used.
    pub tls: TlsUse,
    /// Which of EHLO and HELO is sent.
    #[serde(default)]
    pub esmtp: Esmtp,
    /// The client that smtpcheck claims to be.
    #[serde(default)]
    pub claims: ClientClaims,
    /// The mailboxes to ask about with VRFY or EXPN, instead of a login and an envelope.
    #[serde(default)]
    pub queries: Vec<Query>,
    /// The login, if the session logs in.
    pub login: Option<Login>,
    /// The sender and the recipients, if MAIL FROM is sent.
    pub envelope: Option<Envelope>,
    /// The last phase of the session.
    pub quit_after: QuitAfter,
    /// How STARTTLS is sent.
    pub starttls: Starttls,
    /// Whether a login is started without a password and cancelled, to test whether the server would accept a password.
    #[serde(default)]
    pub asks_for_auth: bool,
    /// When commands are sent.
    #[serde(default)]
    pub pacing: Pacing,
    /// The server name in the ClientHello (SNI), if it differs from that of the plan.
    #[serde(default)]
    pub sni: Option<String>,
}

/// A question about a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Query {
    /// VRFY or EXPN.
    pub command: QueryCommand,
    /// The mailbox.
    pub address: AddressQuery,
}

/// The command that asks about a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum QueryCommand {
    /// Does the mailbox exist?
    Vrfy,
    /// Who are the members of the mailing list?
    Expn,
}

/// When commands are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Pacing {
    /// As soon as the protocol allows it. With PIPELINING, several commands are sent at the same time (RFC 2920).
    #[default]
    Prompt,
    /// One command at a time, after a short pause in which no data arrived, so that an extra reply is recognised.
    Paused,
}

/// How STARTTLS is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Starttls {
    /// Alone, as RFC 3207 §4 requires.
    Alone,
    /// In one packet with NOOP, which the server must discard (CVE-2011-0411). After the handshake, no command is sent,
    /// to find out whether the server replies to the NOOP.
    WithNoop,
}

/// Whether a login is repeated in a follow-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The login is repeated.
    Yes,
    /// The login is not repeated.
    No,
}

/// The maximum number of recipients that a follow-up session repeats.
pub const REPEATED_RECIPIENTS: usize = 10;

/// The sender and the recipients.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Envelope {
    /// The sender for MAIL FROM.
    pub from: ReversePath,
    /// The recipients for RCPT TO, in this order; may be empty.
    pub to: Vec<ForwardPath>,
    /// The parameters of both commands.
    #[serde(default)]
    pub parameters: EnvelopeParameters,
}

impl Envelope {
    /// A sender and recipients without parameters.
    pub fn plain(from: ReversePath, to: Vec<ForwardPath>) -> Envelope {
        Envelope { from, to, parameters: EnvelopeParameters::default() }
    }
}

/// The time limit for connecting in supplementary sessions. Within it, TCP sends a lost SYN twice more (usually after
/// one second, then after two more).
const SUPPLEMENTARY_CONNECT_MS: u64 = 4000;

impl SessionRequest {
    /// The session that the user requested.
    pub fn main(plan: &Plan) -> SessionRequest {
        SessionRequest {
            purpose: Purpose::Main,
            host: plan.target.host.clone(),
            port: plan.target.port,
            family: plan.family,
            script: Script {
                protocol: plan.target.protocol,
                ehlo: plan.ehlo.clone(),
                tls: plan.tls_use(),
                esmtp: plan.esmtp,
                claims: plan.claims.clone(),
                queries: Vec::new(),
                login: plan.login.clone(),
                envelope: plan.from.clone().map(|from| Envelope {
                    from,
                    to: plan.to.clone(),
                    parameters: plan.parameters.clone(),
                }),
                quit_after: plan.quit_after,
                starttls: Starttls::Alone,
                asks_for_auth: false,
                pacing: Pacing::Prompt,
                sni: None,
            },
        }
    }

    /// The time limit for connecting, in milliseconds. A session that is only supplementary does not hold up the results
    /// of the others, so it does not wait for a port that drops packets as long as the main session does.
    pub(crate) fn connect_limit_ms(&self, plan: &Plan) -> u64 {
        let limit = plan.limits.connect_ms;
        if plan.is_about_server() && self.purpose.is_supplementary() {
            limit.min(SUPPLEMENTARY_CONNECT_MS)
        } else {
            limit
        }
    }

    /// Whether this session shows everything that the other session would show. This requires the same connection
    /// parameters and at least the same phases, and the other session must not log in or send an envelope.
    pub fn covers(&self, other: &SessionRequest) -> bool {
        let (ours, theirs) = (&self.script, &other.script);
        self.host == other.host
            && self.port == other.port
            && self.family == other.family
            && ours.protocol == theirs.protocol
            && ours.ehlo == theirs.ehlo
            && ours.esmtp == theirs.esmtp
            && ours.claims == theirs.claims
            && theirs.queries.is_empty()
            && ours.tls == theirs.tls
            && ours.quit_after >= theirs.quit_after
            && theirs.login.is_none()
            && theirs.envelope.is_none()
            && ours.starttls == theirs.starttls
            && ours.sni == theirs.sni
            && !theirs.asks_for_auth
            && ours.pacing == theirs.pacing
    }

    /// The main session again, with one command at a time. If the server has already rejected the login, it is not
    /// repeated, because a second failure could lock the account.
    pub fn in_step(plan: &Plan, login: Repeat) -> SessionRequest {
        let mut request = SessionRequest { purpose: Purpose::InStep, ..SessionRequest::main(plan) };
        request.script.pacing = Pacing::Paused;
        if let Some(envelope) = &mut request.script.envelope {
            // Each recipient needs a pause, so recipients beyond this number are not tested again.
            envelope.to.truncate(REPEATED_RECIPIENTS);
        }
        if login == Repeat::No && request.script.login.take().is_some() {
            request.script.envelope = None;
        }
        request
    }

    /// The main session again, without the parameters of MAIL and RCPT. The login is repeated, because the server has
    /// accepted it.
    pub fn without_parameters(plan: &Plan) -> SessionRequest {
        let mut request = SessionRequest { purpose: Purpose::WithoutParameters, ..SessionRequest::main(plan) };
        if let Some(envelope) = &mut request.script.envelope {
            envelope.parameters = EnvelopeParameters::default();
            envelope.to.truncate(REPEATED_RECIPIENTS);
        }
        request
    }

    /// A session on another port of the same host, without a login and without an envelope.
    pub fn probe(plan: &Plan, purpose: Purpose, port: u16, tls: TlsUse, quit_after: QuitAfter) -> SessionRequest {
        SessionRequest {
            purpose,
            host: plan.target.host.clone(),
            port,
            family: plan.family,
            script: Script {
                protocol: plan.target.protocol,
                ehlo: plan.ehlo.clone(),
                tls,
                esmtp: plan.esmtp,
                claims: ClientClaims::default(),
                queries: Vec::new(),
                login: None,
                envelope: None,
                quit_after,
                starttls: Starttls::Alone,
                asks_for_auth: false,
                pacing: Pacing::Prompt,
                sni: None,
            },
        }
    }
}

impl HelloRequest {
    /// The session whose commands precede the ClientHello.
    pub fn preceding_session(&self) -> SessionRequest {
        SessionRequest {
            purpose: Purpose::TlsHello,
            host: self.host.clone(),
            port: self.port,
            family: self.family,
            script: Script {
                protocol: self.protocol,
                ehlo: self.ehlo.clone(),
                tls: self.tls,
                esmtp: Esmtp::Auto,
                claims: ClientClaims::default(),
                queries: Vec::new(),
                login: None,
                envelope: None,
                quit_after: QuitAfter::Starttls,
                starttls: Starttls::Alone,
                asks_for_auth: false,
                pacing: Pacing::Prompt,
                sni: None,
            },
        }
    }
}
