//! The validity dates of the server's certificate and of the intermediate certificates.

use jiff::{SignedDuration, Timestamp};

use super::super::finding::{Finding, PhaseFailure, Severity};
use super::super::place;
use super::context::CertificateContext;
use super::rules::{
    CERTIFICATE_EXPIRED, CERTIFICATE_EXPIRES_SOON, CERTIFICATE_INTERMEDIATE_EXPIRED, CERTIFICATE_NOT_YET_VALID,
};
use crate::evidence::Certificate;
use crate::lexicon::providers::Provider;
use crate::lexicon::{Confidence, Fix};

/// The finding about a certificate that is not valid at this time.
pub(super) fn out_of_date(seen: CertificateContext<'_>, place: usize) -> Option<Finding> {
    let one = seen.presented.chain.get(place)?;
    Some(if place == 0 { leaf(seen) } else { intermediate(seen, place, one) })
}

fn leaf(seen: CertificateContext<'_>) -> Finding {
    let (leaf, now) = (seen.leaf, seen.now);
    if now > leaf.not_after {
        let summary = format!("the certificate expired {} ({})", ago(days(leaf.not_after, now)), date(leaf.not_after));
        let mut finding = seen.finding(&CERTIFICATE_EXPIRED, Confidence::Certain, summary);
        finding.cause = "According to this machine's clock, the server's certificate has expired. Clients that verify certificates refuse to connect.".to_owned();
        let clock = Fix::text("If the certificate should still be valid, check this machine's clock");
        finding.fixes = match place::public_provider(seen.plan) {
            Some(provider) => provider_renews(seen, provider).into_iter().chain([clock]).collect(),
            None => vec![reload(), renewal(), on_hosting(), clock],
        };
        return finding;
    }
    let summary = format!("the certificate becomes valid on {}", date(leaf.not_before));
    let mut finding = seen.finding(&CERTIFICATE_NOT_YET_VALID, Confidence::Certain, summary);
    finding.cause =
        "According to this machine's clock, the certificate is not valid yet. Clients that verify certificates refuse to connect until it is."
            .to_owned();
    finding.fixes = vec![
        Fix::run("Check this machine's clock", "date -u"),
        Fix::text("Server operator: use a certificate that is already valid"),
    ];
    finding
}

/// What users of a provider can do until the provider renews its certificate.
fn provider_renews(seen: CertificateContext<'_>, provider: &Provider) -> [Fix; 2] {
    let port = seen.plan.target.port;
    let other = provider.ports.iter().map(|known| known.port).find(|known| *known != port).unwrap_or(port);
    [
        Fix::text(format!(
            "Only {} can renew the certificate: see its status page or tell its support, and repeat the check later",
            provider.name
        )),
        Fix::run(
            "Check whether another port presents a valid certificate",
            format!("smtpcheck {}", seen.plan.target.host.with_port(other)),
        ),
    ]
}

fn on_hosting() -> Fix {
    Fix::text(
        "On shared hosting, renew the certificate of the mail server's name in the control panel (cPanel: SSL/TLS Status, Run AutoSSL), or ask the hosting company to renew it",
    )
}

fn intermediate(seen: CertificateContext<'_>, place: usize, one: &Certificate) -> Finding {
    let when = if seen.now > one.not_after {
        format!("expired {} ({})", ago(days(one.not_after, seen.now)), date(one.not_after))
    } else {
        format!("becomes valid on {}", date(one.not_before))
    };
    let summary = format!("{} {when}", seen.called(place));
    let mut finding = seen.finding(&CERTIFICATE_INTERMEDIATE_EXPIRED, Confidence::Certain, summary);
    finding.cause =
        "This certificate is part of the chain from the server's certificate to the root, so clients that verify certificates refuse to connect."
            .to_owned();
    finding.fixes = vec![Fix::run(
        "Server operator: install the CA's current chain and reload the mail service (command for Postfix)",
        "postfix reload",
    )];
    finding
}

/// The predicate of a sentence about when a valid certificate expires; `None` if that is not within `limit` days.
pub(in crate::check) fn ending_in(one: &Certificate, now: Timestamp, limit: u16) -> Option<String> {
    let is_soon =
        one.is_in_date(now) && one.not_after.duration_since(now) <= SignedDuration::from_hours(i64::from(limit) * 24);
    is_soon.then(|| format!("expires {} ({})", ahead(days(now, one.not_after)), date(one.not_after)))
}

/// Findings about certificates that expire within the limits of `--cert-days`. The second limit is an error on every
/// port, because the user set it explicitly.
pub(super) fn ending(seen: CertificateContext<'_>) -> Vec<Finding> {
    let (lineage, limits) = (seen.lineage(), seen.plan.tls.days);
    let soon =
        lineage.into_iter().filter_map(|(place, one)| Some((place, one, ending_in(one, seen.now, limits.warning)?)));
    soon.map(|(place, one, end)| {
        let summary = format!("{} {end}", seen.called(place));
        let mut finding = seen.finding(&CERTIFICATE_EXPIRES_SOON, Confidence::Certain, summary);
        finding.cause =
            "Once the certificate has expired, clients that verify certificates refuse to connect. Automatic renewal usually takes place about 30 days before expiry, so it may have failed."
                .to_owned();
        finding.fixes = vec![renewal(), Fix::repeat("Repeat the check after renewing the certificate", format!("smtpcheck {}", seen.target()))];
        if limits.error > 0 && ending_in(one, seen.now, limits.error).is_some() {
            finding.severity = Severity::Error;
            finding.failure = Some(PhaseFailure::Tls);
        }
        finding
    })
    .collect()
}

/// The most frequent cause: the file was renewed, and the service still has the old certificate in memory.
fn reload() -> Fix {
    Fix::run(
        "Server operator: if the certificate was already renewed, the mail service still uses the old one; reload the service (command for Postfix)",
        "postfix reload",
    )
}

fn renewal() -> Fix {
    Fix::run(
        "Server operator: renew the certificate and reload the mail service (command for certbot and Postfix)",
        "certbot renew --deploy-hook 'postfix reload'",
    )
}

pub(super) fn days(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_hours() / 24
}

pub(super) fn date(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn ahead(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}

pub(super) fn ago(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}
