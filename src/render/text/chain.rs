//! `--show-chain`: the certificates as PEM.

use crate::render::{ChainDisplay, Display, escape};
use crate::report::Report;

/// The chain of the main session, as `openssl s_client -showcerts` prints it; empty unless
/// `--show-chain` is given.
pub(super) fn pem(report: &Report, look: &Display) -> String {
    if look.chain == ChainDisplay::Hidden {
        return String::new();
    }
    let Some((_, handshake)) = report.evidence.main_session().and_then(|session| session.handshake()) else {
        return String::new();
    };
    let mut text = String::new();
    for (at, one) in handshake.presented.chain.iter().enumerate() {
        text.push_str(&format!("{at} s:{}\n  i:{}\n", escape::visible(&one.subject), escape::visible(&one.issuer)));
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut rest = one.der_b64.as_str();
        while !rest.is_empty() {
            // Base64 is ASCII, so every byte position is a character boundary.
            let (line, next) = rest.split_at_checked(64).unwrap_or((rest, ""));
            text.push_str(line);
            text.push('\n');
            rest = next;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}
