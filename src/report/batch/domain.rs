//! The results of a mail domain in a record of `smtpcheck batch --domain`, and their counts in a summary.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::count::count;
use crate::check::domain::seen::{DaneState, Delivery, DnssecSeen, DomainSeen, MxSeen, PublishedState, SenderKind};
use crate::report::fields::json_word;

/// The main results of a domain. The keys are those of `domain` in a report, with the same meaning; a record contains fewer
/// of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DomainOverview {
    /// The domain in ASCII.
    domain: String,
    /// The DNSSEC state of the domain's MX records.
    dnssec: DnssecSeen,
    /// Whether the domain declares that it receives no mail (RFC 7505).
    null_mx: bool,
    /// The hosts that receive mail for the domain, in the order in which senders try them.
    mx: Vec<MxOverview>,
    /// How mail is delivered to the domain, by the policies that a sender supports.
    senders: Vec<SenderDelivery>,
    /// The worst DANE result of all MX hosts; null while unknown.
    dane: Option<DaneState>,
    /// The MTA-STS policy.
    mta_sts: StsOverview,
    /// The TLS-RPT record.
    tls_rpt: TlsRptOverview,
    /// The SPF record.
    spf: SpfOverview,
    /// The DMARC record.
    dmarc: DmarcOverview,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MxOverview {
    /// The preference of the MX record; null for the domain itself, if it has no MX record.
    preference: Option<u16>,
    /// The host name.
    host: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SenderDelivery {
    /// The kind of sender.
    sender: SenderKind,
    /// The result for the domain: that of the first host that the sender can use.
    delivers: Delivery,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StsOverview {
    /// The state.
    state: PublishedState,
    /// The mode of the policy: `enforce`, `testing`, `none`.
    mode: Option<String>,
    /// What is wrong, in a few words.
    problem: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TlsRptOverview {
    /// The state.
    state: PublishedState,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SpfOverview {
    /// The state.
    state: PublishedState,
    /// The number of lookups that the entire record needs; null if part of it depends on the sender.
    lookups: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DmarcOverview {
    /// The state.
    state: PublishedState,
    /// The policy that applies to the domain: `none`, `quarantine`, `reject`.
    policy: Option<String>,
}

impl From<&DomainSeen> for DomainOverview {
    fn from(seen: &DomainSeen) -> DomainOverview {
        let host = |mx: &MxSeen| MxOverview { preference: mx.preference, host: mx.host.clone() };
        let senders = seen.senders.iter();
        DomainOverview {
            domain: seen.domain.clone(),
            dnssec: seen.dnssec.clone(),
            null_mx: seen.null_mx,
            mx: seen.mx.iter().map(host).collect(),
            senders: senders.map(|one| SenderDelivery { sender: one.sender, delivers: one.delivers }).collect(),
            dane: seen.dane,
            mta_sts: StsOverview {
                state: seen.mta_sts.state,
                mode: seen.mta_sts.mode.clone(),
                problem: seen.mta_sts.problem.clone(),
            },
            tls_rpt: TlsRptOverview { state: seen.tls_rpt.state },
            spf: SpfOverview { state: seen.spf.state, lookups: seen.spf.lookups },
            dmarc: DmarcOverview { state: seen.dmarc.state, policy: seen.dmarc.policy.clone() },
        }
    }
}

/// The counts of the domains. The words are the same as in the records; `unknown` means that the result is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DomainCounts {
    /// The number of domains that were checked.
    pub domains: u64,
    /// The number of domains that declare that they receive no mail (RFC 7505).
    pub null_mx: u64,
    /// The number of other domains with each number of MX hosts.
    pub by_mx: BTreeMap<usize, u64>,
    /// The number of domains with each DNSSEC state.
    pub by_dnssec: BTreeMap<String, u64>,
    /// The number of domains with each DANE state: the worst of the MX hosts.
    pub by_dane: BTreeMap<String, u64>,
    /// The number of domains with each mode of the MTA-STS policy. A domain without a valid policy counts with the state of
    /// MTA-STS: `absent`, `invalid` or `unknown`.
    pub by_mta_sts: BTreeMap<String, u64>,
    /// The number of domains with each state of the TLS-RPT record.
    pub by_tls_rpt: BTreeMap<String, u64>,
    /// The number of domains with each state of the SPF record.
    pub by_spf: BTreeMap<String, u64>,
    /// The number of domains with each DMARC policy. A domain without a valid record counts with the state of the record:
    /// `absent`, `invalid` or `unknown`.
    pub by_dmarc: BTreeMap<String, u64>,
    /// For each kind of sender, the number of domains with each result of the delivery.
    pub by_sender: BTreeMap<String, BTreeMap<String, u64>>,
}

impl DomainCounts {
    pub(super) fn add(&mut self, domain: &DomainOverview) {
        let DomainOverview { domain: _, dnssec, null_mx, mx, senders, dane, mta_sts, tls_rpt, spf, dmarc } = domain;
        self.domains += 1;
        if *null_mx {
            self.null_mx += 1;
        } else {
            *self.by_mx.entry(mx.len()).or_default() += 1;
        }
        let mode_or_state = |mode: &Option<String>, state| match (mode, state) {
            (Some(mode), PublishedState::Valid) => mode.clone(),
            _ => word(Some(state)),
        };
        count(&mut self.by_dnssec, &word(dnssec.state));
        count(&mut self.by_dane, &word(*dane));
        count(&mut self.by_mta_sts, &mode_or_state(&mta_sts.mode, mta_sts.state));
        count(&mut self.by_tls_rpt, &word(Some(tls_rpt.state)));
        count(&mut self.by_spf, &word(Some(spf.state)));
        count(&mut self.by_dmarc, &mode_or_state(&dmarc.policy, dmarc.state));
        for SenderDelivery { sender, delivers } in senders {
            let counts = self.by_sender.entry(word(Some(*sender))).or_default();
            count(counts, &word(Some(*delivers)));
        }
    }
}

fn word(value: Option<impl Serialize>) -> String {
    value.and_then(json_word).unwrap_or_else(|| "unknown".to_owned())
}
