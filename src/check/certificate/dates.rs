//! From when to when: the server's certificate and those between it and the root.

use jiff::{SignedDuration, Timestamp};

use super::super::{Confidence, Finding, Fix, PhaseFailure, Severity};
use super::CertificateContext;
use super::rules::{
    CERTIFICATE_EXPIRED, CERTIFICATE_EXPIRES_SOON, CERTIFICATE_INTERMEDIATE_EXPIRED, CERTIFICATE_NOT_YET_VALID,
};
use crate::evidence::Certificate;

/// The finding about a certificate that is out of date now.
pub(super) fn out_of_date(seen: CertificateContext<'_>, place: usize) -> Option<Finding> {
    let one = seen.presented.chain.get(place)?;
    Some(if place == 0 { leaf(seen) } else { intermediate(seen, place, one) })
}

fn leaf(seen: CertificateContext<'_>) -> Finding {
    let (leaf, now) = (seen.leaf, seen.now);
    if now > leaf.not_after {
        let summary = format!("the certificate expired {} ({})", ago(days(leaf.not_after, now)), date(leaf.not_after));
        let mut finding = seen.finding(&CERTIFICATE_EXPIRED, Confidence::Certain, summary);
        finding.cause =
            "its last day of validity has passed, and clients that verify refuse it from then on".to_owned();
        finding.fixes = vec![renewal(), Fix::text("if the date looks right to you, check the clock of this machine")];
        return finding;
    }
    let summary = format!("the certificate becomes valid on {}", date(leaf.not_before));
    let mut finding = seen.finding(&CERTIFICATE_NOT_YET_VALID, Confidence::Certain, summary);
    finding.cause =
        "by the clock of this machine its first day lies ahead, and clients that verify refuse it until then"
            .to_owned();
    finding.fixes = vec![
        Fix::run("check the clock of this machine", "date -u"),
        Fix::text("the operator issues a certificate that is valid now"),
    ];
    finding
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
        "the server's own certificate leads to the root by way of this one, so clients that verify refuse it"
            .to_owned();
    finding.fixes = vec![Fix::run(
        "the operator installs the current chain of the authority and reloads the mail service; for Postfix",
        "postfix reload",
    )];
    finding
}

/// What ends within the days that are worth a word. The second number of `--cert-days` makes it a failure, whatever the
/// port: the user drew that line.
pub(super) fn ending(seen: CertificateContext<'_>) -> Vec<Finding> {
    let (lineage, limits) = (seen.lineage(), seen.plan.tls.days);
    let within = |one: &Certificate, days: u16| {
        one.is_in_date(seen.now)
            && one.not_after.duration_since(seen.now) <= SignedDuration::from_hours(i64::from(days) * 24)
    };
    let soon = lineage.into_iter().filter(|(_, one)| within(one, limits.warning));
    soon.map(|(place, one)| {
        let summary = format!(
            "{} expires {} ({})",
            seen.called(place),
            ahead(days(seen.now, one.not_after)),
            date(one.not_after)
        );
        let mut finding = seen.finding(&CERTIFICATE_EXPIRES_SOON, Confidence::Certain, summary);
        finding.cause =
            "certificates are usually renewed 30 days before their end, so this has not happened here by itself"
                .to_owned();
        finding.fixes = vec![renewal(), Fix::run("then look again", format!("smtpcheck {}", seen.target()))];
        if limits.error > 0 && within(one, limits.error) {
            finding.severity = Severity::Error;
            finding.failure = Some(PhaseFailure::Tls);
        }
        finding
    })
    .collect()
}

fn renewal() -> Fix {
    Fix::run("the operator renews it and reloads the mail service; for Postfix", "postfix reload")
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
