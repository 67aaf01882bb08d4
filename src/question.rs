//! The closed list of things that one may ask the world. A question is a value: it can be compared, kept in a report,
//! and asked again. It holds no secret and no address of this machine.
//!
//! Who asks is a check, who answers is `gather/`; equal questions are asked once.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::{Family, Login, Plan, QuitAfter, TlsUse};
use crate::wire::tls::{Hello, Version};
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
    /// One SMTP conversation.
    Talk(TalkRequest),
    /// A ClientHello of ours, which is never completed.
    Hello(HelloRequest),
    /// Where this machine stands, by what it says of itself. Nothing is asked over the network.
    Machine {
        /// Names of environment variables that would tell.
        variables: Vec<String>,
    },
}

/// One SMTP conversation, from the TCP connection to QUIT.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TalkRequest {
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

/// Why a conversation is held.
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
    /// The words that lead to a ClientHello of ours.
    TlsHello,
    /// Does a command that came in one packet with STARTTLS take effect inside TLS?
    StarttlsInjection,
    /// Does the server take a login or MAIL before TLS?
    BeforeTls,
    /// Does the handshake succeed with another server name (SNI)?
    ServerName,
}

/// What to say in a conversation.
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
    /// The server name in the ClientHello (SNI), where it is another one than the plan's.
    #[serde(default)]
    pub sni: Option<String>,
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

/// A ClientHello of ours, after the SMTP words that lead to it where TLS is not implicit.
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

/// What a ClientHello of ours offers.
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
    /// TLS 1.2 without forward secrecy.
    StaticRsa,
    /// TLS 1.2 with what no server should take.
    Weak,
    /// TLS 1.3 with post-quantum groups only.
    PostQuantum,
    /// A current client, in a small ClientHello.
    Small,
    /// A current client, in a ClientHello of more than one packet.
    Large,
    /// TLS 1.2 without the suites that are known already.
    OtherSuites {
        /// Those.
        known: Vec<u16>,
    },
    /// TLS 1.3 without the groups that are known already.
    OtherGroups {
        /// Those.
        known: Vec<u16>,
    },
}

impl Offer {
    /// The ClientHello.
    pub fn hello(&self) -> Hello {
        match self {
            Offer::Version { version } => Hello::everything(*version),
            Offer::EcdsaOnly => Hello::ecdsa_only(),
            Offer::RsaOnly => Hello::rsa_only(),
            Offer::StaticRsa => Hello::static_rsa(),
            Offer::Weak => Hello::weak(),
            Offer::PostQuantum => Hello::post_quantum(),
            Offer::Small => Hello::small(),
            Offer::Large => Hello::large(),
            Offer::OtherSuites { known } => Hello::everything(Version::Tls12).without_suites(known),
            Offer::OtherGroups { known } => Hello::everything(Version::Tls13).without_groups(known),
        }
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Offer::Version { version } => write!(f, "{version} with everything"),
            Offer::EcdsaOnly => f.write_str("an ECDSA certificate only"),
            Offer::RsaOnly => f.write_str("an RSA certificate only"),
            Offer::StaticRsa => f.write_str("no forward secrecy"),
            Offer::Weak => f.write_str("weak cipher suites only"),
            Offer::PostQuantum => f.write_str("post-quantum groups only"),
            Offer::Small => f.write_str("a small ClientHello"),
            Offer::Large => f.write_str("a large ClientHello"),
            Offer::OtherSuites { .. } => f.write_str("the other cipher suites"),
            Offer::OtherGroups { .. } => f.write_str("the other groups"),
        }
    }
}

impl HelloRequest {
    /// A ClientHello to the plan's server, on the way that the plan goes.
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

    /// The conversation that leads to it.
    pub fn way(&self) -> TalkRequest {
        TalkRequest {
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
                sni: None,
            },
        }
    }
}

/// Sender and recipients.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Envelope {
    /// MAIL FROM.
    pub from: ReversePath,
    /// RCPT TO, in this order; may be empty.
    pub to: Vec<ForwardPath>,
}

impl TalkRequest {
    /// The conversation that the user asked for.
    pub fn main(plan: &Plan) -> TalkRequest {
        TalkRequest {
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
                sni: None,
            },
        }
    }

    /// Whether who holds this conversation sees all that the other one would show: the same line, at least as far, and
    /// the other one neither logs in nor names anybody.
    pub fn covers(&self, other: &TalkRequest) -> bool {
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
    }

    /// A look at a port of the same host: no login, no envelope.
    pub fn probe(plan: &Plan, purpose: Purpose, port: u16, tls: TlsUse, quit_after: QuitAfter) -> TalkRequest {
        TalkRequest {
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
                sni: None,
            },
        }
    }
}
