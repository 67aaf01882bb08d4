//! The plan of a check: all settings, with their final values. [`Plan::origins`] contains the origins of values that
//! are not defaults.
//!
//! A plan contains no secret. The password is passed separately, from the reader of the password to the gatherer.

mod addresses;
mod commands;
mod domain;
mod overrides;
mod proxy;
mod proxy_header;
mod settings;
mod source;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use addresses::{AddressChoice, Family};
pub use commands::{ClientClaims, EnvelopeParameters, Esmtp};
pub use domain::DomainPlan;
pub use overrides::{Override, OverrideHost};
pub use proxy::{Proxy, ProxyException, ProxyPlan, ProxyScheme};
pub use proxy_header::ProxyHeaderPlan;
pub use settings::{Discovery, LoginConsent, SettingsPlan};
pub use source::{ConnectionSource, PortRange, SourceInterface};

use crate::wire::{EhloName, ForwardPath, Host, ReversePath};

/// The server to check, and all settings of the check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plan {
    /// The server to check.
    pub target: Target,
    /// The address families that may be used.
    pub family: Family,
    /// Which of the host's IP addresses are checked.
    #[serde(default)]
    pub addresses: AddressChoice,
    /// IP addresses that the user gave for hosts (`--resolve`).
    pub overrides: Vec<Override>,
    /// The DNS server to use; null means the system's resolver.
    pub resolver: Option<SocketAddr>,
    /// The proxy, if one is named; null if all connections are direct.
    #[serde(default)]
    pub proxy: Option<Box<ProxyPlan>>,
    /// The IP address, interface and ports of this machine that connections come from.
    #[serde(default)]
    pub source: ConnectionSource,
    /// The PROXY header at the beginning of each connection to the target's port; null if there is none.
    #[serde(default)]
    pub proxy_header: Option<ProxyHeaderPlan>,
    /// Time limits, and the limit of connections.
    pub limits: Limits,
    /// The EHLO name.
    pub ehlo: EhloName,
    /// The sender, if MAIL FROM is sent.
    pub from: Option<ReversePath>,
    /// The recipients. A plan with recipients has a sender.
    pub to: Vec<ForwardPath>,
    /// The parameters of MAIL and RCPT.
    #[serde(default)]
    pub parameters: EnvelopeParameters,
    /// Which of EHLO and HELO is sent.
    #[serde(default)]
    pub esmtp: Esmtp,
    /// The client that smtpcheck claims to be.
    #[serde(default)]
    pub claims: ClientClaims,
    /// The last phase of the session.
    pub quit_after: QuitAfter,
    /// When TLS starts, and which certificates are trusted.
    pub tls: Tls,
    /// The user name and the mechanisms, if the check logs in.
    pub login: Option<Login>,
    /// Intrusive probes that the user requested.
    pub probes: Vec<IntrusiveProbe>,
    /// Which findings make the check fail.
    pub gate: Gate,
    /// The mail domain, if the check tests a domain instead of one server.
    #[serde(default)]
    pub domain: Option<Box<DomainPlan>>,
    /// The search for client settings, if the plan describes one instead of a check.
    #[serde(default)]
    pub settings: Option<Box<SettingsPlan>>,
    /// The origin of each value that is not a default, by the name of its flag.
    pub origins: BTreeMap<String, ValueOrigin>,
}

/// The server to check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Target {
    /// The target as the user wrote it.
    pub input: String,
    /// The host to connect to.
    pub host: Host,
    /// The TCP port, 1 to 65535; 0 for a Unix socket, which has none.
    pub port: u16,
    /// The protocol of the server.
    #[serde(default)]
    pub protocol: Protocol,
}

/// The protocol of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// SMTP (RFC 5321), which begins with EHLO.
    #[default]
    Smtp,
    /// LMTP (RFC 2033), which begins with LHLO and is used for delivery to mailboxes.
    Lmtp,
}

impl Target {
    /// The target in the notation of the command line: `host:587`, `lmtp://host:24`, `lmtp+unix:/path`.
    pub fn notation(&self) -> String {
        let place = self.host.with_port(self.port);
        match (self.protocol, &self.host) {
            (Protocol::Smtp, Host::Name(_) | Host::Ip(_)) => place,
            (Protocol::Lmtp, Host::Name(_) | Host::Ip(_)) => format!("lmtp://{place}"),
            (Protocol::Smtp, Host::Socket(_)) => format!("smtp+unix:{place}"),
            (Protocol::Lmtp, Host::Socket(_)) => format!("lmtp+unix:{place}"),
        }
    }
}

/// The origin of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ValueOrigin {
    /// A flag on the command line.
    Flag,
    /// The port or the scheme in the target (`host:port`, `smtps://`).
    Target,
    /// An environment variable.
    Environment,
    /// A profile of the configuration file.
    Profile,
    /// The defaults of the configuration file.
    Config,
    /// The host name of this machine.
    Machine,
    /// The built-in default.
    Default,
}

/// Time limits in milliseconds, and the limit of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Limits {
    /// Time limit for connecting, including the DNS lookup.
    pub connect_ms: u64,
    /// Time limit for each complete reply.
    pub reply_ms: u64,
    /// Overall time limit.
    pub total_ms: u64,
    /// Maximum number of connections to the target, including follow-up probes.
    pub max_connections: u32,
}

/// The last phase of the session (`--quit-after`). The names are the same as in swaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum QuitAfter {
    /// After the TCP connection, or with implicit TLS after the handshake.
    Connect,
    /// After the greeting.
    Banner,
    /// After the reply to EHLO.
    Ehlo,
    /// After the TLS handshake; with implicit TLS, after the reply to EHLO.
    Starttls,
    /// After the login.
    Auth,
    /// After the reply to MAIL FROM.
    Mail,
    /// After the replies to all RCPT TO commands.
    Rcpt,
}

/// When TLS starts, which certificates are trusted, and which properties of the server are examined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tls {
    /// When TLS starts.
    pub mode: TlsMode,
    /// The server name that is sent as SNI and expected in the certificate, if it is not the host.
    pub sni: Option<String>,
    /// A file of CA certificates to trust instead of the system's.
    pub cacert: Option<PathBuf>,
    /// The client certificate, for a server that requests one.
    pub identity: Option<ClientCertificate>,
    /// Whether the certificate of the server must be valid.
    pub verify: Verify,
    /// The lowest TLS version to offer.
    pub min: TlsVersion,
    /// When a certificate that expires soon is reported.
    pub days: CertificateDays,
    /// Whether the TLS scan runs (`--tls-scan`).
    pub scan: bool,
    /// The depth of the scan.
    #[serde(default)]
    pub scan_depth: ScanDepth,
    /// The published TLS profile to compare the server with (`--tls-profile`).
    #[serde(default)]
    pub profile: Option<TlsProfile>,
}

/// The depth of `--tls-scan`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ScanDepth {
    /// Versions, weak cipher suites and certificates, with few connections.
    #[default]
    Basic,
    /// Also every cipher suite of every version, every group, and the order of preference.
    Full,
}

/// A published TLS profile for servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TlsProfile {
    /// Mozilla Server Side TLS, intermediate.
    MozillaIntermediate,
    /// Mozilla Server Side TLS, modern.
    MozillaModern,
    /// NCSC-NL, IT Security Guidelines for TLS, 2025.
    #[serde(rename = "ncsc-nl-2025")]
    NcscNl2025,
    /// BSI TR-03116-4.
    #[serde(rename = "bsi-tr-03116")]
    BsiTr03116,
}

impl TlsProfile {
    /// All profiles, with their names on the command line and in reports.
    pub const ALL: [(&'static str, TlsProfile); 4] = [
        ("mozilla-intermediate", TlsProfile::MozillaIntermediate),
        ("mozilla-modern", TlsProfile::MozillaModern),
        ("ncsc-nl-2025", TlsProfile::NcscNl2025),
        ("bsi-tr-03116", TlsProfile::BsiTr03116),
    ];
}

/// The files of `--cert` and `--key`. They are read before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientCertificate {
    /// The certificate and its chain, in PEM format.
    pub cert: PathBuf,
    /// The private key, in PEM format.
    pub key: PathBuf,
}

/// Limits for the number of days until a certificate expires (`--cert-days WARN[,ERROR]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CertificateDays {
    /// If this many days or fewer remain, a warning is reported.
    pub warning: u16,
    /// If this many days or fewer remain, an error is reported.
    pub error: u16,
}

impl Default for CertificateDays {
    /// Certificates are usually renewed 30 days before they expire. If only 21 days remain, the renewal has probably
    /// failed.
    fn default() -> CertificateDays {
        CertificateDays { warning: 21, error: 0 }
    }
}

/// When TLS starts (`--tls`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Implicit TLS on port 465, and STARTTLS on other ports if it is advertised.
    Auto,
    /// STARTTLS is required.
    Starttls,
    /// Implicit TLS: the handshake precedes the greeting (RFC 8314 §3).
    Implicit,
    /// No TLS.
    None,
}

/// Whether the certificate of the server must be valid (`--insecure`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// A certificate that is not valid is a finding, and no secret is sent to the server.
    Required,
    /// Any certificate is accepted, because the user gave `--insecure`.
    Insecure,
}

/// TLS versions that `--tls-min` accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum TlsVersion {
    /// TLS 1.2.
    #[serde(rename = "1.2")]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    V1_3,
}

/// Intrusive probes, which run only if the user requests them (`--probe`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IntrusiveProbe {
    /// STARTTLS and another command in one packet (CVE-2011-0411).
    StarttlsInjection,
    /// MAIL FROM before TLS.
    MailBeforeTls,
    /// AUTH before TLS. No password is sent.
    AuthBeforeTls,
    /// VRFY with known and made-up mailboxes.
    Vrfy,
    /// EXPN with the recipients.
    Expn,
}

impl IntrusiveProbe {
    /// All probes, with their names on the command line. A new probe also needs a check that asks its question
    /// (`check/disclosure.rs` is an example) and a section in `docs/reach.md`.
    pub const ALL: [(&str, IntrusiveProbe); 5] = [
        ("starttls-injection", IntrusiveProbe::StarttlsInjection),
        ("mail-before-tls", IntrusiveProbe::MailBeforeTls),
        ("auth-before-tls", IntrusiveProbe::AuthBeforeTls),
        ("vrfy", IntrusiveProbe::Vrfy),
        ("expn", IntrusiveProbe::Expn),
    ];

    /// Whether the probe tests STARTTLS, and therefore needs it.
    pub fn is_about_starttls(self) -> bool {
        match self {
            IntrusiveProbe::StarttlsInjection | IntrusiveProbe::MailBeforeTls | IntrusiveProbe::AuthBeforeTls => true,
            IntrusiveProbe::Vrfy | IntrusiveProbe::Expn => false,
        }
    }
}

/// The login, without the password.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Login {
    /// The user name. It may be empty for mechanisms that need no user name (EXTERNAL, ANONYMOUS).
    pub user: String,
    /// The authorization identity, if it differs from the user (`--authzid`).
    pub authzid: Option<String>,
    /// The kind of credentials.
    pub proof: LoginProof,
    /// Whether another mechanism is tried after a rejection (`--try-all-mechanisms`).
    pub try_all: bool,
    /// The mechanisms that the user allows, in order of preference. If empty, every implemented mechanism is allowed.
    pub mechanisms: Vec<String>,
    /// Whether the password may be sent over an unencrypted connection.
    pub plaintext: Plaintext,
    /// Whether the password may be sent to a server whose certificate could not be verified.
    pub unverified: Unverified,
}

/// The kind of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LoginProof {
    /// A password.
    Password,
    /// An OAuth 2.0 access token.
    Token,
    /// No secret: the client certificate of the TLS handshake (EXTERNAL), or no credentials (ANONYMOUS).
    NoSecret,
}

/// Whether the password may be sent over an unencrypted connection (`--allow-plaintext-auth`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Plaintext {
    /// The password is not sent.
    Refused,
    /// The password may be sent, because the user gave the flag.
    Allowed,
}

/// Whether the password may be sent to a server whose certificate could not be verified (`--insecure`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unverified {
    /// The password is not sent.
    Refused,
    /// The password may be sent, because the user gave the flag.
    Allowed,
}

/// How often, and for how long, a check that ended with exit code 3 or 4 is retried (`--retry`, `--wait`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// The maximum number of retries; `None` if only `wait_ms` limits it.
    pub tries: Option<u32>,
    /// The time over which the retries are spread, in milliseconds; `None` if only `tries` limits them.
    pub wait_ms: Option<u64>,
}

impl Retry {
    /// The delay before the next retry in milliseconds, or `None` if no retry is left. `done` is the number of retries
    /// so far, and `elapsed_ms` the time since the first run began. Each delay is twice as long as the previous one, to
    /// limit the load on a server with problems. With `--retry` alone, delays grow from 1 s to 60 s. With `--retry` and
    /// `--wait`, they fill the `--wait` time. With `--wait` alone, they grow from 1 s to 30 s until this time has
    /// passed.
    pub fn pause(self, done: u32, elapsed_ms: u64) -> Option<u64> {
        let doubled = |most: u64| 1000_u64.saturating_mul(1 << done.min(16)).min(most);
        match (self.tries, self.wait_ms) {
            (None, None) => None,
            (Some(tries), _) if done >= tries => None,
            (Some(_), None) => Some(doubled(60_000)),
            (Some(tries), Some(wait)) => {
                // The time is divided into 1 + 2 + 4 + ... parts. More than 30 doublings would make the first delay too
                // short to matter.
                let parts = (1_u64 << tries.min(30)) - 1;
                Some((wait.saturating_mul(1 << done.min(30)) / parts).max(1))
            }
            (None, Some(wait)) => Some(doubled(30_000).min(wait.saturating_sub(elapsed_ms))).filter(|&pause| pause > 0),
        }
    }
}

/// Which findings make the check fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gate {
    /// The lowest severity that makes the check fail.
    pub fail_on: FailOn,
    /// Rules whose findings are shown, but do not make the check fail.
    pub ignore: Vec<String>,
}

/// The lowest severity that makes the check fail (`--fail-on`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Notices, warnings and errors.
    Notice,
    /// No finding makes the check fail.
    Never,
}

impl Plan {
    /// The use of TLS on the port of the plan. `auto` is resolved: port 465 uses implicit TLS (RFC 8314 §7.3).
    pub fn tls_use(&self) -> crate::plan::TlsUse {
        match self.tls.mode {
            TlsMode::Implicit => TlsUse::Implicit,
            TlsMode::Starttls => TlsUse::Required,
            TlsMode::None => TlsUse::Never,
            TlsMode::Auto if self.target.port == 465 => TlsUse::Implicit,
            TlsMode::Auto => TlsUse::IfOffered,
        }
    }

    /// The IP addresses from `--resolve` for a host, on the port of the target. Entries for `*` are used only if the
    /// host has no entries.
    pub fn given_addresses(&self, host: &Host) -> Vec<std::net::IpAddr> {
        self.given_addresses_at(host, self.target.port)
    }

    /// The IP addresses from `--resolve` for a host on this port.
    pub fn given_addresses_at(&self, host: &Host, port: u16) -> Vec<std::net::IpAddr> {
        let own = self.overrides_of(&OverrideHost::One(host.clone()), port);
        if own.is_empty() { self.overrides_of(&OverrideHost::Every, port) } else { own }
    }

    /// The IP addresses that `--resolve` specifies for exactly this host (or `*`) and this port.
    pub fn overrides_of(&self, host: &OverrideHost, port: u16) -> Vec<std::net::IpAddr> {
        let matching = self.overrides.iter().filter(|given| given.port == port && given.host == *host);
        matching.map(|given| given.address).collect()
    }

    /// The proxy through which all connections of the check go.
    pub fn used_proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|plan| plan.exception.is_none()).map(|plan| &plan.proxy)
    }

    /// Whether this machine determines the target's IP addresses, with a lookup or from `--resolve`. Otherwise, a proxy
    /// looks up the name, and this machine sends no DNS query about the target.
    pub fn resolves_here(&self) -> bool {
        self.used_proxy().is_none_or(|proxy| proxy.scheme.resolves_here())
            || !self.given_addresses(&self.target.host).is_empty()
    }

    /// The name of what is checked: the server with its port, or the domain.
    pub fn name(&self) -> String {
        match (&self.domain, &self.settings) {
            (Some(domain), _) => domain.name.to_string(),
            (None, Some(settings)) => settings.domain.to_string(),
            (None, None) => self.target.notation(),
        }
    }

    /// Whether the check tests one server, not a domain or a domain's client settings.
    pub fn is_about_server(&self) -> bool {
        self.domain.is_none() && self.settings.is_none()
    }

    /// The file with the trust anchor for DNSSEC, if it is not that of the public root.
    pub fn trust_anchor(&self) -> Option<&PathBuf> {
        let of_domain = self.domain.as_ref().and_then(|domain| domain.trust_anchor.as_ref());
        of_domain.or(self.settings.as_ref().and_then(|settings| settings.trust_anchor.as_ref()))
    }

    /// The origin of a value, by the name of its flag.
    pub fn origin(&self, flag: &str) -> ValueOrigin {
        self.origins.get(flag).copied().unwrap_or(ValueOrigin::Default)
    }
}

/// How one session uses TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TlsUse {
    /// Implicit TLS.
    Implicit,
    /// STARTTLS. The session ends if it is not possible.
    Required,
    /// STARTTLS if it is advertised.
    IfOffered,
    /// No TLS.
    Never,
}

impl fmt::Display for TlsUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsUse::Implicit => "implicit TLS",
            TlsUse::Required => "STARTTLS required",
            TlsUse::IfOffered => "STARTTLS if advertised",
            TlsUse::Never => "no TLS",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Retry;

    fn pauses(tries: Option<u32>, wait_ms: Option<u64>) -> Vec<u64> {
        let retry = Retry { tries, wait_ms };
        let (mut all, mut elapsed) = (Vec::new(), 0);
        while let Some(pause) = retry.pause(u32::try_from(all.len()).expect("few"), elapsed) {
            all.push(pause);
            elapsed += pause;
        }
        all
    }

    #[test]
    fn delays_double_up_to_a_limit_and_end() {
        assert_eq!(pauses(None, None), Vec::<u64>::new());
        assert_eq!(pauses(Some(0), None), Vec::<u64>::new());
        assert_eq!(pauses(Some(8), None), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(pauses(Some(3), Some(7000)), [1000, 2000, 4000]);
        assert_eq!(pauses(Some(1), Some(5000)), [5000]);
        assert_eq!(pauses(None, Some(60_000)), [1000, 2000, 4000, 8000, 16_000, 29_000]);
        assert_eq!(pauses(None, Some(500)), [500]);
        assert!(pauses(Some(100), Some(1000)).iter().all(|&pause| pause >= 1));
    }
}
