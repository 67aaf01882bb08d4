//! What the commands of a session contain in addition to email addresses: EHLO or HELO, the parameters of MAIL and
//! RCPT, and the attributes of XCLIENT and XFORWARD.

use serde::{Deserialize, Serialize};

use crate::wire::{ClientAttribute, Parameter};

/// The parameters of MAIL and RCPT that the user gave (`--mail-parameter`, `--rcpt-parameter`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EnvelopeParameters {
    /// The parameters of MAIL.
    pub mail: Vec<Parameter>,
    /// The parameters of every RCPT.
    pub rcpt: Vec<Parameter>,
    /// Whether parameters of extensions that the server does not advertise are also sent (`--force-parameters`).
    pub is_forced: bool,
}

/// Which of EHLO and HELO is sent (`--esmtp`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Esmtp {
    /// EHLO, and HELO if the server does not support EHLO (RFC 5321 §3.2).
    #[default]
    Auto,
    /// EHLO only.
    Always,
    /// HELO only: no extensions.
    Never,
}

/// The client that smtpcheck claims to be (`--xclient`, `--xforward`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientClaims {
    /// The attributes of XCLIENT, after which the server treats the session as that of this client.
    pub xclient: Vec<ClientAttribute>,
    /// The attributes of XFORWARD, which the server writes to its log.
    pub xforward: Vec<ClientAttribute>,
}

impl ClientClaims {
    /// Whether neither command is sent.
    pub fn is_empty(&self) -> bool {
        self.xclient.is_empty() && self.xforward.is_empty()
    }
}
