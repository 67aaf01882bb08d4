//! The closed list of things that one may ask the world. A question is a value: it can be compared, kept in a report,
//! and asked again. It holds no secret and no address of this machine.
//!
//! Who asks is a check, who answers is `gather/`; equal questions are asked once.

use serde::{Deserialize, Serialize};

use crate::plan::{Family, Login, Plan, QuitAfter, TlsUse};
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
    }

    /// A look at a port of the same host: no login, no envelope.
    pub fn probe(plan: &Plan, purpose: Purpose, port: u16, tls: TlsUse, quit_after: QuitAfter) -> TalkRequest {
        TalkRequest {
            purpose,
            host: plan.target.host.clone(),
            port,
            family: plan.family,
            script: Script { ehlo: plan.ehlo.clone(), tls, login: None, envelope: None, quit_after },
        }
    }
}
