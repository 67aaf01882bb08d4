//! The section with the certificates of the main session, each with its faults.

use maud::{Markup, html};

use super::parts::{Place, heading, list};
use crate::check::{Severity, certificate};
use crate::evidence::{Certificate, Evidence};
use crate::render::view::tls;

/// The maximum number of names that are shown for a certificate.
const NAMES: usize = 20;

pub(super) fn section(place: &Place, evidence: &Evidence) -> Markup {
    let Some((_, handshake)) = evidence.main_session().and_then(|session| session.handshake()) else {
        return html! {};
    };
    let flaws = certificate::flaws(&handshake.presented, evidence.started_at);
    let left_out = handshake.presented.chain_length.saturating_sub(handshake.presented.chain.len());
    html! {
        (place.heading("certificates", "Certificates"))
        p { (tls::verdict(handshake, evidence.started_at)) } "\n"
        ol class="certificates" {
            "\n"
            @for (at, one) in handshake.presented.chain.iter().enumerate() {
                (item(place.level + 1, at, one, &flaws))
            }
            @if left_out > 0 { li { "and " (left_out) " more, which are not in the report" } "\n" }
        }
        "\n"
    }
}

fn item(level: u8, at: usize, one: &Certificate, flaws: &[certificate::Flaw]) -> Markup {
    let own: Vec<&certificate::Flaw> = flaws.iter().filter(|flaw| flaw.place == at).collect();
    let class = match own.iter().map(|flaw| flaw.severity).max() {
        Some(Severity::Error) => " error",
        Some(Severity::Warning) => " warning",
        Some(Severity::Notice) | None => "",
    };
    let role = match (at, one.is_authority) {
        (0, _) => "Server certificate",
        (_, true) => "CA certificate",
        (_, false) => "Other certificate",
    };
    let faults = own.iter().map(|flaw| flaw.word).collect::<Vec<_>>().join(", ");
    let title = html! {
        (role)
        @if !faults.is_empty() { " " span class={ "badge" (class) } { (faults) } }
    };
    html! {
        li class={ "certificate" (class) } { "\n" (heading(level, None, &title)) (list(&facts(one))) } "\n"
    }
}

fn facts(one: &Certificate) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Subject", one.subject.clone()), ("Issuer", one.issuer.clone())];
    if !one.names.is_empty() {
        let mut names = one.names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", ");
        let total = one.names_total.max(one.names.len());
        if total > NAMES {
            names.push_str(&format!(" and {} more", total - NAMES));
        }
        facts.push(("Names", names));
    }
    if one.is_readable() {
        let date = |moment: jiff::Timestamp| moment.strftime("%Y-%m-%d %H:%M UTC").to_string();
        facts.push(("Valid", format!("from {} to {}", date(one.not_before), date(one.not_after))));
        facts.push(("Key", format!("{}, signed with {}", one.key, one.signature)));
    }
    facts.push(("SHA-256", one.sha256.clone()));
    facts
}
