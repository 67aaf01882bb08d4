//! `smtpcheck --version`. With `-v` it also prints the commit, the target, the TLS library and the features, for bug
//! reports.

use crate::cli::VersionDetails;

pub(super) fn text(details: VersionDetails) -> String {
    let version = format!("smtpcheck {}\n", env!("CARGO_PKG_VERSION"));
    match details {
        VersionDetails::Short => version,
        VersionDetails::Full => format!(
            "{version}commit: {}\ntarget: {}\nTLS: rustls {} (aws-lc-rs)\nfeatures: {}\n",
            env!("SMTPCHECK_COMMIT"),
            env!("SMTPCHECK_TARGET"),
            env!("SMTPCHECK_RUSTLS"),
            env!("SMTPCHECK_FEATURES"),
        ),
    }
}
