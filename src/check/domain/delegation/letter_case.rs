//! Name servers whose responses depend on the letter case of names. RFC 4343 §3 requires servers to ignore letter case.
//! Some resolvers rely on this: they send names in mixed case to detect forged responses.

use super::super::mx::code_words;
use super::super::sight::{Known, Sight};
use super::rules::MX_CASE_DEPENDENT;
use super::servers::{self, NameServer, answer, normalised, shown_as};
use crate::check::finding::Finding;
use crate::evidence::{DnsCode, Phase, RecordsSeen};
use crate::lexicon::{Confidence, Fix};
use crate::question::RecordsRequest;
use crate::wire::RecordKind;

/// The query for the MX records with the name in upper case.
pub(super) fn request(sight: Sight<'_>, server: &NameServer) -> RecordsRequest {
    RecordsRequest { upper_case: true, ..servers::request(sight, &sight.name(), RecordKind::Mx, server.ip) }
}

/// Servers whose responses differ.
pub(super) fn finding(sight: Sight<'_>, servers: &[NameServer]) -> Option<Finding> {
    let domain = sight.name();
    let mut places = Vec::new();
    let mut probes = Vec::new();
    let mut first = None;
    for server in servers {
        let (Known::Seen(lower_probe, lower), Known::Seen(probe, upper)) =
            (answer(sight, &domain, RecordKind::Mx, server), sight.records_of(&request(sight, server)))
        else {
            continue;
        };
        if is_definite(lower) && is_definite(upper) && normalised(lower) != normalised(upper) {
            let shown = |seen: &RecordsSeen| match seen.code {
                DnsCode::NoError if seen.records.is_empty() => "no record".to_owned(),
                DnsCode::NoError => probe.quote(normalised(seen).join(", ")).to_string(),
                code => code_words(code),
            };
            places.push(format!("{} ({} instead of {})", shown_as(server, probe), shown(upper), shown(lower)));
            probes.extend([lower_probe.id, probe.id]);
            first = first.or(Some((server, probe)));
        }
    }
    let (server, probe) = first?;
    let upper = domain.as_str().to_ascii_uppercase();
    let summary =
        format!("name servers return different MX records for {upper} and for {domain}: {}", places.join(", "));
    let finding = Finding::new(&MX_CASE_DEPENDENT, Phase::Dns, Confidence::Likely, summary);
    let port = if sight.domain.dns_port == 53 { String::new() } else { format!(" -p {}", sight.domain.dns_port) };
    let finding = Finding {
        cause: "DNS names are not case-sensitive. Some senders and resolvers use upper or mixed case, so they find different MX records, or none.".to_owned(),
        otherwise: Some("The records may have changed between the two lookups, or the server may limit the rate of its responses. Repeat the check to find out.".to_owned()),
        fixes: vec![Fix::run(
            format!(
                "DNS operator: update the name server software on {}, or move the zone to another DNS provider. This command shows the fault",
                shown_as(server, probe)
            ),
            format!("dig +norecurse {upper} MX @{}{port}", server.ip),
        )],
        ..finding
    };
    Some(probes.into_iter().fold(finding, Finding::tried))
}

/// Whether a response shows how the server handles letter case. Refusals and errors do not show this, because a server
/// may send them only to limit the rate of its responses.
fn is_definite(seen: &RecordsSeen) -> bool {
    seen.authoritative && seen.is_answer()
}
