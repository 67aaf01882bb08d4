//! Parts of the sentences about TLSA records: their owner names, why they do not match, and where a chain ends.

use super::lookup::service_port;
use super::outcome::miss_words;
use crate::check::domain::sight::Sight;
use crate::evidence::{Presented, Probe};
use crate::policy::tlsa::{TlsaMatch, TlsaOutcome};
use crate::wire::DnsName;

/// Where the chain that the server sent ends, and which certificate would be next.
pub(super) fn end_of(chain: &Presented) -> String {
    let mut last = chain.leaf();
    for _ in 0..chain.chain.len() {
        match last.and_then(|one| one.issued_by).and_then(|at| chain.chain.get(at)) {
            Some(issuer) => last = Some(issuer),
            None => break,
        }
    }
    match last {
        Some(last) if last.self_signed => format!(" The chain ends at the root {}.", last.subject),
        Some(last) => {
            format!(" The chain ends at {}. The certificate of its issuer, {}, is not sent.", last.subject, last.issuer)
        }
        None => String::new(),
    }
}

/// Why each record does not match.
pub(super) fn reasons(probe: &Probe, outcome: &TlsaOutcome) -> String {
    let mut texts: Vec<String> = Vec::new();
    for one in &outcome.records {
        if let TlsaMatch::Misses(miss) = &one.result {
            let text = format!("{} ({})", probe.quote(one.record.kind()), miss_words(miss));
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    texts.join("; ")
}

pub(super) fn owner_of(sight: Sight<'_>, base: &DnsName, probe: &Probe) -> String {
    probe.quote(owner_text(sight, base)).to_string()
}

pub(super) fn owner_text(sight: Sight<'_>, base: &DnsName) -> String {
    format!("_{}._tcp.{base}", service_port(sight))
}

pub(super) fn owner_name(base: &DnsName, probe: &Probe) -> String {
    probe.quote(base.as_str()).to_string()
}
