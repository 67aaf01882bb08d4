//! The closed list of things that one may ask the world. A question is a value: it can be compared, kept in a report,
//! and asked again. It holds no secret and no address of this machine.
//!
//! Who asks is a check, who answers is `gather/`; equal questions are asked once.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::{Family, Login, Plan, QuitAfter, TlsUse};
use crate::wire::tls::{ClientHello, Version, WeakClass};
use crate::wire::{DomainName, EhloName, ForwardPath, Host, ReversePath};

/// One thing to ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Question {
    /// The addresses of a name: A and AAAA.
    Resolve {
        /// The name.
        host: DomainName,
    },
    /// One SMTP session.
    Session(SessionRequest),
    /// A ClientHello whose handshake is not completed.
    Hello(HelloRequest),
    /// Where this machine stands, by what it says of itself. Nothing is asked over the network.
    Machine {
        /// Names of environment variables that would tell.
        variables: Vec<String>,
    },
}

/// One SMTP session, from the TCP connection to QUIT.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SessionRequest {
    /// Why it is held.
    pub purpose: Purpose,
    /// Where to connect.
    pub host: Host,
    /// The TCP port.
    pub port: u16,
    /// Which addresses may be used.
    pub family: Family,
    /// What to say.
    pub script: Script,
}

/// Why a session is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// It is what the user asked for.
    Main,
    /// The port that was asked for cannot be reached: does another one answer?
    SiblingPort,
    /// The server was silent or spoke something else: does it answer in the other TLS mode?
    OtherTlsMode,
    /// The server turned us away at one address family: does it take us at the other?
    OtherFamily,
    /// The server turned us away: does it take us at another address of the same family?
    OtherAddress,
    /// The commands that precede a ClientHello.
    TlsHello,
    /// Does a command that came in one packet with STARTTLS take effect inside TLS?
    StarttlsInjection,
    /// Does the server take a login or MAIL before TLS?
    BeforeTls,
    /// Replies and commands got out of step: what does the server reply to a client that waits before each command?
    InStep,
    /// Does the handshake succeed with another server name (SNI)?
    ServerName,
}

/// What to say in a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Script {
    /// What EHLO announces.
    pub ehlo: EhloName,
    /// What to do about TLS.
    pub tls: TlsUse,
    /// Who logs in.
    pub login: Option<Login>,
    /// Sender and recipients.
    pub envelope: Option<Envelope>,
    /// The last step.
    pub quit_after: QuitAfter,
    /// How STARTTLS is said.
    pub starttls: Starttls,
    /// Whether a login is begun without a password and broken off, to hear whether one would be taken.
    #[serde(default)]
    pub asks_for_auth: bool,
    /// When a command is sent.
    #[serde(default)]
    pub pacing: Pacing,
    /// The server name in the ClientHello (SNI), where it is another one than the plan's.
    #[serde(default)]
    pub sni: Option<String>,
}

/// When a command is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Pacing {
    /// As soon as the protocol allows it: several at once where the server has PIPELINING (RFC 2920).
    #[default]
    Prompt,
    /// One at a time, and only when nothing more has arrived for a moment, so that a reply too many is seen as such.
    Paused,
}

/// How STARTTLS is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Starttls {
    /// By itself, as RFC 3207 §4 wants it.
    Alone,
    /// In one packet with NOOP, which a server must forget (CVE-2011-0411); after the handshake nothing is said, to hear
    /// whether it did.
    WithNoop,
}

/// A ClientHello, after the SMTP commands that precede it unless TLS is implicit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HelloRequest {
    /// Where to connect.
    pub host: Host,
    /// The TCP port.
    pub port: u16,
    /// Which addresses may be used.
    pub family: Family,
    /// What EHLO announces.
    pub ehlo: EhloName,
    /// Whether TLS begins with the first byte or by STARTTLS.
    pub tls: TlsUse,
    /// The server name that is sent; an address never is (RFC 6066 §3).
    pub sni: Option<String>,
    /// What is offered.
    pub offer: Offer,
}

/// What a ClientHello offers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "offer", rename_all = "kebab-case")]
pub enum Offer {
    /// One version, with everything that servers of its time took.
    Version {
        /// Which one.
        version: Version,
    },
    /// TLS 1.2 for servers with an ECDSA certificate.
    EcdsaOnly,
    /// TLS 1.2 for servers with an RSA certificate.
    RsaOnly,
    /// No forward secrecy: keys encrypted to the RSA certificate.
    StaticRsa {
        /// In which version.
        #[serde(default = "tls12")]
        version: Version,
    },
    /// What no server should accept, and only that.
    Weak {
        /// In which version.
        #[serde(default = "tls12")]
        version: Version,
        /// Classes that are known already; suites of others are offered.
        #[serde(default)]
        known: Vec<WeakClass>,
    },
    /// Ephemeral Diffie-Hellman over a prime, to see its size.
    Dhe {
        /// In which version.
        version: Version,
    },
    /// A version with the mark that a newer one failed before (RFC 7507).
    Fallback {
        /// Which one.
        version: Version,
    },
    /// TLS 1.2 with MD5, SHA-1 and SHA-224 only.
    OldHashes,
    /// SSLv2.
    Sslv2,
    /// TLS 1.3 with post-quantum groups only.
    PostQuantum,
    /// A current client, in a small ClientHello.
    Small,
    /// A current client, in a ClientHello of more than one packet.
    Large,
    /// A version without the suites that are known already.
    OtherSuites {
        /// Which version.
        #[serde(default = "tls12")]
        version: Version,
        /// Out of which list.
        #[serde(default)]
        list: SuiteList,
        /// Those that are known.
        known: Vec<u16>,
    },
    /// Suites that are accepted, in an order that the server has not shown: does it keep its own?
    Order {
        /// In which version.
        version: Version,
        /// Those, in this order.
        suites: Vec<u16>,
    },
    /// A version without the groups that are known already.
    OtherGroups {
        /// Which version.
        #[serde(default = "tls13")]
        version: Version,
        /// Those that are known.
        known: Vec<u16>,
    },
}

/// A list of cipher suites to offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SuiteList {
    /// What mail servers have been seen with.
    #[default]
    Common,
    /// What few servers have.
    Rare,
}

/// The version of offers in reports from before they had one.
fn tls12() -> Version {
    Version::Tls12
}

/// As [`tls12`], for groups.
fn tls13() -> Version {
    Version::Tls13
}

impl Offer {
    /// The ClientHello.
    pub fn hello(&self) -> ClientHello {
        match self {
            Offer::Version { version } => ClientHello::everything(*version),
            Offer::EcdsaOnly => ClientHello::ecdsa_only(),
            Offer::RsaOnly => ClientHello::rsa_only(),
            Offer::StaticRsa { version } => ClientHello::static_rsa(*version),
            Offer::Weak { version, known } => ClientHello::weak(*version, known),
            Offer::Dhe { version } => ClientHello::dhe(*version),
            Offer::Fallback { version } => ClientHello::fallback(*version),
            Offer::OldHashes => ClientHello::old_hashes(),
            Offer::Sslv2 => ClientHello::sslv2(),
            Offer::PostQuantum => ClientHello::post_quantum(),
            Offer::Small => ClientHello::small(),
            Offer::Large => ClientHello::large(),
            Offer::OtherSuites { version, list: SuiteList::Common, known } => {
                ClientHello::everything(*version).without_suites(known)
            }
            Offer::OtherSuites { version, list: SuiteList::Rare, known } => {
                ClientHello::rare(*version).without_suites(known)
            }
            Offer::Order { version, suites } => ClientHello::of_suites(*version, suites),
            Offer::OtherGroups { version: Version::Tls13, known } => {
                ClientHello::everything(Version::Tls13).without_groups(known)
            }
            Offer::OtherGroups { version, known } => ClientHello::ecdhe(*version).without_groups(known),
        }
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // TLS 1.2 is what a server is asked about where nothing else is said.
        let in_version = |version: &Version| match version {
            Version::Tls12 => String::new(),
            other => format!(", in {other}"),
        };
        match self {
            Offer::Version { version } => write!(f, "{version} with everything"),
            Offer::EcdsaOnly => f.write_str("an ECDSA certificate only"),
            Offer::RsaOnly => f.write_str("an RSA certificate only"),
            Offer::StaticRsa { version } => write!(f, "no forward secrecy{}", in_version(version)),
            Offer::Weak { version, known } if known.is_empty() => {
                write!(f, "weak cipher suites only{}", in_version(version))
            }
            Offer::Weak { version, known } => {
                let known: Vec<String> = known.iter().map(WeakClass::to_string).collect();
                write!(f, "weak cipher suites other than {}{}", known.join(", "), in_version(version))
            }
            Offer::Dhe { version } => write!(f, "ephemeral Diffie-Hellman only{}", in_version(version)),
            Offer::Fallback { version } => write!(f, "{version} as a fallback (RFC 7507)"),
            Offer::OldHashes => f.write_str("signatures with MD5, SHA-1 and SHA-224 only"),
            Offer::Sslv2 => f.write_str("SSLv2 only"),
            Offer::PostQuantum => f.write_str("post-quantum groups only"),
            Offer::Small => f.write_str("a small ClientHello"),
            Offer::Large => f.write_str("a large ClientHello"),
            Offer::OtherSuites { version, list, known } => {
                let (which, other) = match list {
                    SuiteList::Common => ("", "the other "),
                    SuiteList::Rare if known.is_empty() => ("rare ", ""),
                    SuiteList::Rare => ("rare ", "the other "),
                };
                write!(f, "{other}{which}cipher suites{}", in_version(version))
            }
            Offer::Order { version, .. } => {
                write!(f, "the accepted cipher suites in another order{}", in_version(version))
            }
            Offer::OtherGroups { version: Version::Tls13, .. } => f.write_str("the other groups"),
            Offer::OtherGroups { version, .. } => write!(f, "the other groups, in {version}"),
        }
    }
}

impl HelloRequest {
    /// A ClientHello to the plan's server, with the plan's TLS mode.
    pub fn new(plan: &Plan, offer: Offer) -> HelloRequest {
        HelloRequest {
            host: plan.target.host.clone(),
            port: plan.target.port,
            family: plan.family,
            ehlo: plan.ehlo.clone(),
            tls: if plan.tls_use() == TlsUse::Implicit { TlsUse::Implicit } else { TlsUse::Required },
            sni: Some(plan.tls.sni.clone().unwrap_or_else(|| plan.target.host.to_string())),
            offer,
        }
    }

    /// The session that leads to it.
    pub fn way(&self) -> SessionRequest {
        SessionRequest {
            purpose: Purpose::TlsHello,
            host: self.host.clone(),
            port: self.port,
            family: self.family,
            script: Script {
                ehlo: self.ehlo.clone(),
                tls: self.tls,
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

/// Whether a login is repeated in a follow-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// How many recipients are asked about once more.
pub const REPEATED_RECIPIENTS: usize = 10;

/// Sender and recipients.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Envelope {
    /// MAIL FROM.
    pub from: ReversePath,
    /// RCPT TO, in this order; may be empty.
    pub to: Vec<ForwardPath>,
}

impl SessionRequest {
    /// The session that the user requested.
    pub fn main(plan: &Plan) -> SessionRequest {
        SessionRequest {
            purpose: Purpose::Main,
            host: plan.target.host.clone(),
            port: plan.target.port,
            family: plan.family,
            script: Script {
                ehlo: plan.ehlo.clone(),
                tls: plan.tls_use(),
                login: plan.login.clone(),
                envelope: plan.from.clone().map(|from| Envelope { from, to: plan.to.clone() }),
                quit_after: plan.quit_after,
                starttls: Starttls::Alone,
                asks_for_auth: false,
                pacing: Pacing::Prompt,
                sni: None,
            },
        }
    }

    /// Whether who holds this session sees all that the other one would show: the same line, at least as far, and
    /// the other one neither logs in nor names anybody.
    pub fn covers(&self, other: &SessionRequest) -> bool {
        let (ours, theirs) = (&self.script, &other.script);
        self.host == other.host
            && self.port == other.port
            && self.family == other.family
            && ours.ehlo == theirs.ehlo
            && ours.tls == theirs.tls
            && ours.quit_after >= theirs.quit_after
            && theirs.login.is_none()
            && theirs.envelope.is_none()
            && ours.starttls == theirs.starttls
            && ours.sni == theirs.sni
            && !theirs.asks_for_auth
            && ours.pacing == theirs.pacing
    }

    /// The main session again, one command at a time. Without a login where the server has rejected it already: a second
    /// failure could lock the account.
    pub fn in_step(plan: &Plan, login: Repeat) -> SessionRequest {
        let mut request = SessionRequest { purpose: Purpose::InStep, ..SessionRequest::main(plan) };
        request.script.pacing = Pacing::Paused;
        if let Some(envelope) = &mut request.script.envelope {
            // A pause for each: the rest is not tested again.
            envelope.to.truncate(REPEATED_RECIPIENTS);
        }
        if login == Repeat::No && request.script.login.take().is_some() {
            request.script.envelope = None;
        }
        request
    }

    /// A look at a port of the same host: no login, no envelope.
    pub fn probe(plan: &Plan, purpose: Purpose, port: u16, tls: TlsUse, quit_after: QuitAfter) -> SessionRequest {
        SessionRequest {
            purpose,
            host: plan.target.host.clone(),
            port,
            family: plan.family,
            script: Script {
                ehlo: plan.ehlo.clone(),
                tls,
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
