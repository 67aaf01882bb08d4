//! The plan: the resolved wish of the user. Nothing optional is left undecided here, and for what the user may
//! wonder about, [`Plan::origins`] tells where the value came from.
//!
//! A plan holds no secret: the password travels beside it, from the argument parser to the gatherer.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::wire::host::HostError;
use crate::wire::{EhloName, ForwardPath, Host, ReversePath};

/// What to check, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plan {
    /// The server.
    pub target: Target,
    /// Which address families may be used.
    pub family: Family,
    /// Addresses that the user gave for names (`--resolve`).
    pub overrides: Vec<Override>,
    /// The resolver to ask; none is the system's.
    pub resolver: Option<SocketAddr>,
    /// Deadlines and budgets.
    pub limits: Limits,
    /// What EHLO announces.
    pub ehlo: EhloName,
    /// The sender, if MAIL FROM is wanted.
    pub from: Option<ReversePath>,
    /// The recipients; a plan with recipients has a sender.
    pub to: Vec<ForwardPath>,
    /// The last step.
    pub quit_after: QuitAfter,
    /// How the line is encrypted and whom to believe.
    pub tls: Tls,
    /// Who logs in, if AUTH is wanted.
    pub login: Option<Login>,
    /// What else is tried, because the user asked for it.
    pub probes: Vec<IntrusiveProbe>,
    /// When the result is a failure.
    pub gate: Gate,
    /// Where each value came from, by the name of its flag.
    pub origins: BTreeMap<String, ValueOrigin>,
}

/// The server to check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Target {
    /// As it was typed.
    pub input: String,
    /// Where to connect.
    pub host: Host,
    /// The TCP port, 1 to 65535.
    pub port: u16,
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ValueOrigin {
    /// A flag on the command line.
    Flag,
    /// The target itself (`host:port`, `smtps://`).
    Target,
    /// An environment variable.
    Environment,
    /// A profile of the configuration file.
    Profile,
    /// The defaults of the configuration file.
    Config,
    /// This machine: its host name.
    Machine,
    /// No setting at all.
    Default,
}

/// `-4`, `-6` or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Both, IPv6 preferred as RFC 8305 §2 says.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// `--resolve HOST:PORT:ADDR[,ADDR]`, as in curl; one for each address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Override {
    /// The name that is not looked up, the address that is not connected to, or `*` for every host.
    #[cfg_attr(test, schemars(with = "String"))]
    pub host: OverrideHost,
    /// The port for which this holds.
    pub port: u16,
    /// The address to use.
    pub address: std::net::IpAddr,
    /// Whether no target of the run has this host and port.
    #[serde(default)]
    pub is_unused: bool,
}

/// For which hosts an address is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum OverrideHost {
    /// `*`.
    Every,
    /// A name or an address.
    One(Host),
}

impl OverrideHost {
    /// Whether it is for this host.
    pub fn is_for(&self, host: &Host) -> bool {
        match self {
            OverrideHost::Every => true,
            OverrideHost::One(one) => one == host,
        }
    }
}

impl fmt::Display for OverrideHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OverrideHost::Every => f.write_str("*"),
            OverrideHost::One(host) => host.fmt(f),
        }
    }
}

impl TryFrom<String> for OverrideHost {
    type Error = HostError;

    fn try_from(text: String) -> Result<OverrideHost, HostError> {
        if text == "*" { Ok(OverrideHost::Every) } else { Host::parse(&text).map(OverrideHost::One) }
    }
}

impl From<OverrideHost> for String {
    fn from(host: OverrideHost) -> String {
        host.to_string()
    }
}

/// Deadlines in milliseconds, and the connection budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Limits {
    /// Until TCP is connected, lookup included.
    pub connect_ms: u64,
    /// Until one reply is whole.
    pub reply_ms: u64,
    /// Until everything is done.
    pub total_ms: u64,
    /// Conversations with the target, follow-ups included.
    pub max_connections: u32,
}

/// The last step of the session (`--quit-after`, the words of swaks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum QuitAfter {
    /// TCP is connected (and TLS, if implicit).
    Connect,
    /// The greeting was read.
    Banner,
    /// EHLO was answered.
    Ehlo,
    /// TLS is active.
    Starttls,
    /// AUTH was answered.
    Auth,
    /// MAIL FROM was answered.
    Mail,
    /// Everything that there is to do.
    Rcpt,
}

/// How the line is encrypted and whom to believe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tls {
    /// When TLS starts.
    pub mode: TlsMode,
    /// The name that is asked for and expected in the certificate, if it is not the host.
    pub sni: Option<String>,
    /// A file of trusted certificates instead of the system's.
    pub cacert: Option<PathBuf>,
    /// What is shown to a server that asks for a certificate.
    pub identity: Option<ClientCertificate>,
    /// Whether a certificate that does not verify is a fault.
    pub verify: Verify,
    /// The lowest version that is offered.
    pub min: TlsVersion,
    /// When the end of a certificate is worth a word.
    pub days: CertificateDays,
    /// Whether everything that the server accepts is looked at (`--tls-scan`).
    pub scan: bool,
    /// How much of it.
    #[serde(default)]
    pub scan_depth: ScanDepth,
    /// The published profile that it is compared with (`--tls-profile`).
    #[serde(default)]
    pub profile: Option<TlsProfile>,
}

/// How much `--tls-scan` looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ScanDepth {
    /// Versions, weak suites, certificates, in few connections.
    #[default]
    Basic,
    /// Every suite of every version, every group, whose order counts.
    Full,
}

/// A published profile of TLS for servers.
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
    /// Each with its name on the command line and in reports.
    pub const ALL: [(&'static str, TlsProfile); 4] = [
        ("mozilla-intermediate", TlsProfile::MozillaIntermediate),
        ("mozilla-modern", TlsProfile::MozillaModern),
        ("ncsc-nl-2025", TlsProfile::NcscNl2025),
        ("bsi-tr-03116", TlsProfile::BsiTr03116),
    ];
}

/// `--cert` and `--key`: the files, which are read before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientCertificate {
    /// The certificate with its chain, PEM.
    pub cert: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// `--cert-days WARN[,ERROR]`: days left of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CertificateDays {
    /// This many days or fewer are a warning.
    pub warning: u16,
    /// This many days or fewer are an error.
    pub error: u16,
}

impl Default for CertificateDays {
    /// Automatic renewal comes 30 days before the end, so at 21 it has failed.
    fn default() -> CertificateDays {
        CertificateDays { warning: 21, error: 0 }
    }
}

/// `--tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Implicit on 465, elsewhere STARTTLS when offered.
    Auto,
    /// STARTTLS is required.
    Starttls,
    /// TLS before the greeting (RFC 8314 §3).
    Implicit,
    /// Never.
    None,
}

/// `--insecure` or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// A bad certificate is a finding, and no secret is sent to its owner.
    Required,
    /// Yes; the user accepted the risk with the flag.
    Insecure,
}

/// Versions that can be asked for.
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

/// `--probe`: intrusive probes, which run only on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IntrusiveProbe {
    /// STARTTLS and another command in one packet (CVE-2011-0411).
    StarttlsInjection,
    /// MAIL FROM before TLS.
    MailBeforeTls,
    /// AUTH before TLS, without a password.
    AuthBeforeTls,
}

impl IntrusiveProbe {
    /// Each with its word.
    pub const ALL: [(&str, IntrusiveProbe); 3] = [
        ("starttls-injection", IntrusiveProbe::StarttlsInjection),
        ("mail-before-tls", IntrusiveProbe::MailBeforeTls),
        ("auth-before-tls", IntrusiveProbe::AuthBeforeTls),
    ];
}

/// Who logs in, without the password.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Login {
    /// The user name; may be empty where no name is needed (EXTERNAL, ANONYMOUS).
    pub user: String,
    /// The authorization identity, if it differs from the user (`--authzid`).
    pub authzid: Option<String>,
    /// What proves it.
    pub proof: LoginProof,
    /// Whether another mechanism is tried after a refusal (`--try-all-mechanisms`).
    pub try_all: bool,
    /// Mechanisms the user allows, best first; empty is every mechanism that smtpcheck has.
    pub mechanisms: Vec<String>,
    /// Whether a password may go over a line that is not encrypted.
    pub plaintext: Plaintext,
    /// Whether it may go to a peer whose certificate does not verify.
    pub unverified: Unverified,
}

/// What proves who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LoginProof {
    /// A password.
    Password,
    /// An OAuth 2.0 access token.
    Token,
    /// The certificate of the TLS handshake, or nothing.
    NoSecret,
}

/// `--allow-plaintext-auth` or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Plaintext {
    /// The password stays here.
    Refused,
    /// Yes; the user accepted the risk with the flag.
    Allowed,
}

/// `--insecure` or not, for the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unverified {
    /// The password stays here.
    Refused,
    /// Yes; the user accepted the risk with the flag.
    Allowed,
}

/// `--retry` and `--wait`: how often, and for how long, a check is begun again that ended with 3 or 4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// Further tries; none is as many as `wait_ms` has room for.
    pub tries: Option<u32>,
    /// Milliseconds over which they are spread; none is as the pauses come.
    pub wait_ms: Option<u64>,
}

impl Retry {
    /// The pause before the next try, in milliseconds, after this many further tries and this long after the first began.
    /// Pauses double, so that a server in trouble is not pushed. With `--retry` alone they begin at 1 s and end at 60 s; with
    /// `--wait` too, they fill its time; with `--wait` alone they end at 30 s, until its time is up.
    pub fn pause(self, done: u32, elapsed_ms: u64) -> Option<u64> {
        let doubled = |most: u64| 1000_u64.saturating_mul(1 << done.min(16)).min(most);
        match (self.tries, self.wait_ms) {
            (None, None) => None,
            (Some(tries), _) if done >= tries => None,
            (Some(_), None) => Some(doubled(60_000)),
            (Some(tries), Some(wait)) => {
                // 1 + 2 + 4 ... of `tries` parts; more than 30 doublings no clock can tell from the first pause.
                let parts = (1_u64 << tries.min(30)) - 1;
                Some((wait.saturating_mul(1 << done.min(30)) / parts).max(1))
            }
            (None, Some(wait)) => Some(doubled(30_000).min(wait.saturating_sub(elapsed_ms))).filter(|&pause| pause > 0),
        }
    }
}

/// When the result is a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gate {
    /// From which severity on.
    pub fail_on: FailOn,
    /// Rules that are shown and do not count.
    pub ignore: Vec<String>,
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Everything.
    Notice,
    /// Nothing.
    Never,
}

impl Plan {
    /// The mode on the plan's port, with `auto` decided (RFC 8314 §7.3: 465 is TLS from the first byte).
    pub fn tls_use(&self) -> crate::plan::TlsUse {
        match self.tls.mode {
            TlsMode::Implicit => TlsUse::Implicit,
            TlsMode::Starttls => TlsUse::Required,
            TlsMode::None => TlsUse::Never,
            TlsMode::Auto if self.target.port == 465 => TlsUse::Implicit,
            TlsMode::Auto => TlsUse::IfOffered,
        }
    }

    /// The addresses that `--resolve` gives for a host; those for the host itself come before those for every host.
    pub fn given_addresses(&self, host: &Host) -> Vec<std::net::IpAddr> {
        let of_port = || self.overrides.iter().filter(|given| given.port == self.target.port);
        let own: Vec<_> = of_port().filter(|given| given.host == OverrideHost::One(host.clone())).collect();
        let given =
            if own.is_empty() { of_port().filter(|given| given.host == OverrideHost::Every).collect() } else { own };
        given.into_iter().map(|given| given.address).collect()
    }

    /// Where a value came from; defaults have no origin.
    pub fn origin(&self, flag: &str) -> ValueOrigin {
        self.origins.get(flag).copied().unwrap_or(ValueOrigin::Default)
    }
}

/// What one session does about TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TlsUse {
    /// TLS before the greeting.
    Implicit,
    /// STARTTLS, or the session ends.
    Required,
    /// STARTTLS when it is offered.
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
    fn pauses_grow_and_end() {
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
