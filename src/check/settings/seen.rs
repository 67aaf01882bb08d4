//! The results of a search for client settings, in the form that reports use. Every value follows from the
//! plan and the evidence, so a saved report yields the same results again.

use serde::{Deserialize, Serialize};

use crate::check::domain::seen::NotTested;

/// The results of a search for client settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SettingsSeen {
    /// The domain in ASCII.
    pub domain: String,
    /// The domain in Unicode; null if it is the same.
    pub unicode: Option<String>,
    /// The email address; null if only a domain was given.
    pub address: Option<String>,
    /// The name of the mail provider, if a source names it.
    pub provider: Option<String>,
    /// The setting to use; null if no setting was proved.
    pub recommended: Option<RecommendedSetting>,
    /// The sources that were queried, each with its result.
    pub sources: Vec<SourceSeen>,
    /// The settings that were tested, best first.
    pub candidates: Vec<CandidateSeen>,
    /// What was not tested, and why.
    pub not_tested: Vec<NotTested>,
}

/// A source of client settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// The autoconfiguration file at `https://autoconfig.DOMAIN`.
    Autoconfig,
    /// The autoconfiguration file at `https://DOMAIN/.well-known`.
    AutoconfigWellKnown,
    /// The PACC file at `https://ua-auto-config.DOMAIN`.
    Pacc,
    /// The SRV records of the domain.
    Srv,
    /// The built-in list of providers.
    KnownProvider,
    /// The public database of settings (ISPDB).
    Database,
    /// Microsoft Autodiscover, which identifies a Microsoft 365 organisation.
    Autodiscover,
    /// The built-in list of providers, by the host that receives mail for the domain.
    ProviderOfMx,
    /// The autoconfiguration file in the domain of the host that receives mail.
    AutoconfigOfMx,
    /// The public database, with the domain of the host that receives mail.
    DatabaseOfMx,
    /// The autoconfiguration file at `http://autoconfig.DOMAIN`, without TLS.
    AutoconfigHttp,
    /// Usual host names, such as `smtp.DOMAIN`.
    Guess,
}

impl SourceKind {
    /// The name in tables.
    pub fn title(self) -> &'static str {
        match self {
            SourceKind::Autoconfig => "autoconfig",
            SourceKind::AutoconfigWellKnown => "autoconfig, well-known",
            SourceKind::Pacc => "PACC",
            SourceKind::Srv => "SRV records",
            SourceKind::KnownProvider => "known providers",
            SourceKind::Database => "ISPDB",
            SourceKind::Autodiscover => "Autodiscover",
            SourceKind::ProviderOfMx => "known providers, by MX",
            SourceKind::AutoconfigOfMx => "autoconfig of the MX",
            SourceKind::DatabaseOfMx => "ISPDB, by MX",
            SourceKind::AutoconfigHttp => "autoconfig over HTTP",
            SourceKind::Guess => "usual names",
        }
    }
}

/// The result of querying a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SourceSeen {
    /// The source.
    pub source: SourceKind,
    /// The result.
    pub state: SourceState,
    /// The URL or the names of the records; null for built-in knowledge.
    pub place: Option<String>,
    /// Whether it is proved that the settings come from the domain owner or from a known service; null without
    /// settings.
    pub authenticated: Option<bool>,
    /// What the source contains, or why it has no settings, as a short phrase.
    pub detail: String,
}

/// The result of querying a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// It contains settings.
    Found,
    /// It has no settings for this domain.
    NotPublished,
    /// It states that the domain does not offer the service.
    NotOffered,
    /// The published data cannot be used.
    Invalid,
    /// It could not be queried.
    Failed,
    /// It was not queried.
    NotAsked,
    /// The answer had not arrived when the check ended.
    Unfinished,
}

/// How a setting uses TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SettingSecurity {
    /// TLS from the first byte.
    ImplicitTls,
    /// STARTTLS is required.
    Starttls,
    /// No TLS.
    None,
}

impl SettingSecurity {
    /// The name in sentences.
    pub fn words(self) -> &'static str {
        match self {
            SettingSecurity::ImplicitTls => "implicit TLS",
            SettingSecurity::Starttls => "STARTTLS",
            SettingSecurity::None => "no TLS",
        }
    }
}

/// The setting to use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecommendedSetting {
    /// The host name.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// How TLS is used.
    pub security: SettingSecurity,
    /// The user name; null if it depends on an email address that was not given.
    pub user: Option<String>,
    /// The user name in words, for example `your email address`.
    pub user_form: String,
    /// The SASL mechanisms that the server advertises.
    pub mechanisms: Vec<String>,
    /// The mechanism with which the login succeeded; null if no login was tested.
    pub mechanism: Option<String>,
    /// The type of password to use, if the provider is known.
    pub password: Option<String>,
    /// The sources that name this setting.
    pub sources: Vec<SourceKind>,
    /// Why this setting is preferred.
    pub reason: String,
    /// What was proved.
    pub proved: Vec<String>,
    /// What was not proved.
    pub not_proved: Vec<String>,
    /// The command that checks the setting again.
    pub command: String,
}

/// A setting that was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CandidateSeen {
    /// The host name.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// How TLS is used.
    pub security: SettingSecurity,
    /// The user name; null if it depends on an email address that was not given.
    pub user: Option<String>,
    /// The sources that name the host.
    pub sources: Vec<SourceKind>,
    /// Whether a source names both this host and this port, not only the host.
    pub published: bool,
    /// Whether the source of the host name is authenticated.
    pub authenticated: bool,
    /// The result.
    pub state: CandidateState,
    /// Why the setting is not proved, as a short phrase; null if it is proved.
    pub problem: Option<String>,
    /// The TLS version; null without a handshake.
    pub tls_version: Option<String>,
    /// Whether the certificate is valid for the host name; null without a handshake.
    pub certificate_verifies: Option<bool>,
    /// The names in the certificate, if it is not valid.
    pub certificate_names: Vec<String>,
    /// The SASL mechanisms that the server advertises (over TLS, if TLS is used).
    pub mechanisms: Vec<String>,
    /// The result of the login.
    pub login: LoginTrial,
    /// Why the login was not tested, or why it failed; null if it succeeded.
    pub login_detail: Option<String>,
}

/// The result of testing a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CandidateState {
    /// The server responds, its certificate is valid, and it accepts logins.
    Proved,
    /// The server responds, but the setting cannot be recommended.
    Doubtful,
    /// The server does not respond, or rejects the session.
    Failed,
    /// Not tested.
    NotTested,
}

/// The result of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LoginTrial {
    /// Accepted.
    Accepted,
    /// No login was tested.
    NotTested,
    /// The login was started, but there is no conclusive reply.
    Inconclusive,
    /// Rejected.
    Rejected,
}
