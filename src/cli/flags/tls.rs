//! TLS flags: when TLS starts, which certificates are trusted, and which properties of the server are examined.

use std::path::PathBuf;

use clap::Args;

use super::{InvalidValue, closed_list, one_of};
use crate::plan::{CertificateDays, IntrusiveProbe, TlsMode, TlsProfile, TlsVersion};
use crate::wire::Host;

const HEADING: &str = "TLS";

closed_list!(TlsMode {
    TlsMode::Auto => "auto",
    TlsMode::Starttls => "starttls",
    TlsMode::Implicit => "implicit",
    TlsMode::None => "none",
});

closed_list!(TlsVersion {
    TlsVersion::V1_2 => "1.2" | "tls1.2" | "tlsv1.2",
    TlsVersion::V1_3 => "1.3" | "tls1.3" | "tlsv1.3",
});

/// How much `--tls-scan` examines. The aliases allow `SMTPCHECK_TLS_SCAN=1` and `tls-scan = true` in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanChoice {
    /// No scan.
    Off,
    /// TLS versions, weak cipher suites, groups and certificates.
    Basic,
    /// Like `Basic`, and also all cipher suites and groups.
    Full,
}

closed_list!(ScanChoice {
    ScanChoice::Basic => "basic" | "true" | "yes" | "on" | "y" | "t" | "1",
    ScanChoice::Full => "full",
    ScanChoice::Off => "off" | "false" | "no" | "n" | "f" | "0",
});

/// The server name, and the trusted CAs.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct TrustArgs {
    /// Server name to send as SNI and to expect in the certificate [default: the host]
    #[arg(long, value_name = "NAME", value_parser = server_name, help_heading = HEADING)]
    pub sni: Option<String>,
    /// Trust the CA certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub cacert: Option<PathBuf>,
}

/// When TLS starts, the client certificate, and which properties of the server are examined.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct TlsArgs {
    /// When to use TLS: "auto" uses implicit TLS on port 465 and, on other ports, STARTTLS if the server advertises it; "starttls" requires STARTTLS; "implicit" starts TLS before the greeting; "none" disables TLS
    #[arg(long, value_name = "MODE", default_value = "auto", value_enum, help_heading = HEADING)]
    pub tls: TlsMode,
    /// Send the client certificate in this PEM file, with its chain, if the server requests one
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub cert: Option<PathBuf>,
    /// PEM file with the private key of the client certificate [default: the --cert file]
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = HEADING)]
    pub key: Option<PathBuf>,
    /// Report a warning if the certificate expires within WARN days, and an error if it expires within ERROR days
    #[arg(long, value_name = "WARN[,ERROR]", default_value = "21,0", value_parser = days, help_heading = HEADING)]
    pub cert_days: CertificateDays,
    /// Test which TLS versions, weak cipher suites and key exchange groups the server accepts, and which certificates it uses; with =full, test all cipher suites and groups
    #[arg(long, value_name = "DEPTH", num_args = 0..=1, require_equals = true, default_missing_value = "basic", value_enum, help_heading = HEADING)]
    pub tls_scan: Option<ScanChoice>,
    /// Compare the server's TLS configuration with a published profile (implies --tls-scan=full)
    #[arg(long, value_name = "NAME", value_parser = one_of(TlsProfile::ALL), help_heading = HEADING)]
    pub tls_profile: Option<TlsProfile>,
    /// Run an intrusive probe, which a normal check does not run (repeatable)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = one_of(IntrusiveProbe::ALL), help_heading = HEADING)]
    pub probe: Vec<IntrusiveProbe>,
    /// Print the certificates that the server sends, as PEM
    #[arg(long, help_heading = HEADING)]
    pub show_chain: bool,
    /// Accept any certificate, and send the password even if the certificate is not trusted
    #[arg(short = 'k', long, help_heading = HEADING)]
    pub insecure: bool,
    /// Lowest TLS version to offer
    #[arg(long, value_name = "VERSION", default_value = "1.2", value_enum, help_heading = HEADING)]
    pub tls_min: TlsVersion,
}

/// The value of `--sni`.
pub fn server_name(text: &str) -> Result<String, InvalidValue> {
    Host::parse(text).map(|host| host.to_string()).map_err(|error| InvalidValue::new(error.to_string(), ""))
}

fn days(text: &str) -> Result<CertificateDays, InvalidValue> {
    let wrong = |why| InvalidValue::new(why, "use WARN[,ERROR], for example 21,7");
    let number = |part: &str| part.trim().parse::<u16>().map_err(|_| wrong("not a number of days"));
    let (warning, error) = match text.split_once(',') {
        Some((warning, error)) => (number(warning)?, number(error)?),
        None => (number(text)?, 0),
    };
    if error > warning {
        return Err(wrong("ERROR is greater than WARN"));
    }
    Ok(CertificateDays { warning, error })
}
