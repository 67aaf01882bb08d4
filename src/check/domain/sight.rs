//! The input of the domain checks: the plan and the evidence so far, with short functions that create questions and
//! find answers.

use crate::check::finding::Finding;
use crate::evidence::{Answer, DnssecState, Evidence, Fault, FetchSeen, Outcome, Probe, RecordsSeen};
use crate::plan::{DomainPlan, Plan};
use crate::question::{FetchRequest, Question, RecordsRequest};
use crate::wire::{DnsName, RecordKind};

/// The plan and the evidence of a domain check.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'s> {
    pub(crate) plan: &'s Plan,
    pub(crate) domain: &'s DomainPlan,
    pub(crate) evidence: &'s Evidence,
}

/// The state of a question.
#[derive(Debug)]
pub(crate) enum Known<'s, T> {
    /// It has not been asked yet.
    Unasked,
    /// There is no answer yet.
    Waiting,
    /// It was answered.
    Seen(&'s Probe, &'s T),
    /// There will be no answer.
    Failed(&'s Probe, &'s Fault),
    /// It will not be asked.
    Skipped,
}

impl<T> Clone for Known<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

// A derived implementation would require `T: Copy`.
impl<T> Copy for Known<'_, T> {}

impl<'s> Sight<'s> {
    /// `None` if the check is not about a domain.
    pub(crate) fn new(plan: &'s Plan, evidence: &'s Evidence) -> Option<Sight<'s>> {
        Some(Sight { plan, domain: plan.domain.as_deref()?, evidence })
    }

    /// The domain as a DNS name.
    pub(crate) fn name(&self) -> DnsName {
        DnsName::from(&self.domain.name)
    }

    /// The records of a name, from the resolver of the plan.
    pub(crate) fn records(&self, name: &DnsName, kind: RecordKind) -> Known<'s, RecordsSeen> {
        self.records_of(&RecordsRequest::to_resolver(name.clone(), kind))
    }

    /// The name at which the records of a name are changed: the end of its aliases, because a name with a CNAME record can
    /// have no other records (RFC 2181 §10.1).
    pub(crate) fn owner_of(&self, name: &DnsName, kind: RecordKind) -> DnsName {
        self.records(name, kind).answer().map_or_else(|| name.clone(), |seen| seen.final_name(name).clone())
    }

    /// The name at which a TXT record below a domain is changed, as in a zone file without the final dot. The end of an
    /// alias is marked as quoted text, because it was received from DNS.
    pub(crate) fn owner_below(&self, domain: &DnsName, labels: &str) -> String {
        let looked_up = domain.below(labels).ok().map(|name| self.records(&name, RecordKind::Txt));
        let alias = looked_up.and_then(|known| Some((known.probe()?, known.answer()?.aliases.last()?)));
        match alias {
            Some((probe, alias)) => probe.quote(alias.to.as_str()).to_string(),
            None => format!("{labels}.{domain}"),
        }
    }

    /// The records from this resolver or server.
    pub(crate) fn records_of(&self, request: &RecordsRequest) -> Known<'s, RecordsSeen> {
        known(self.evidence, &Question::Records(request.clone()), |answer| match answer {
            Answer::Records(seen) => Some(seen),
            _ => None,
        })
    }

    /// Adds the lookups of these records to the evidence of a finding, as far as they have ended.
    pub(crate) fn tried(&self, finding: Finding, lookups: impl IntoIterator<Item = (DnsName, RecordKind)>) -> Finding {
        let probes = lookups.into_iter().filter_map(|(name, kind)| self.records(&name, kind).probe());
        probes.fold(finding, |finding, probe| finding.tried(probe.id))
    }

    /// The records that a probe found.
    pub(crate) fn records_of_probe(&self, probe: &'s Probe) -> Option<&'s RecordsSeen> {
        match &probe.outcome {
            Outcome::Done { answer: Answer::Records(seen) } => Some(seen),
            _ => None,
        }
    }

    /// The response to a GET request.
    pub(crate) fn fetched(&self, request: &FetchRequest) -> Known<'s, FetchSeen> {
        fetched(self.evidence, request)
    }
}

/// The response to a GET request.
pub(crate) fn fetched<'s>(evidence: &'s Evidence, request: &FetchRequest) -> Known<'s, FetchSeen> {
    known(evidence, &Question::Fetch(request.clone()), |answer| match answer {
        Answer::Fetch(seen) => Some(&**seen),
        _ => None,
    })
}

/// The records of a name, from the resolver of the plan.
pub(crate) fn looked_up<'s>(evidence: &'s Evidence, name: &DnsName, kind: RecordKind) -> Known<'s, RecordsSeen> {
    known(evidence, &records(name, kind), |answer| match answer {
        Answer::Records(seen) => Some(seen),
        _ => None,
    })
}

fn known<'s, T>(evidence: &'s Evidence, question: &Question, of: impl Fn(&'s Answer) -> Option<&'s T>) -> Known<'s, T> {
    let Some(probe) = evidence.answer_to(question) else { return Known::Unasked };
    match &probe.outcome {
        Outcome::Underway => Known::Waiting,
        Outcome::Done { answer } => of(answer).map_or(Known::Waiting, |seen| Known::Seen(probe, seen)),
        Outcome::Failed { fault } => Known::Failed(probe, fault),
        Outcome::Skipped { .. } => Known::Skipped,
    }
}

impl<'s, T> Known<'s, T> {
    /// The answer, if there is one.
    pub(crate) fn answer(self) -> Option<&'s T> {
        match self {
            Known::Seen(_, seen) => Some(seen),
            Known::Unasked | Known::Waiting | Known::Failed(..) | Known::Skipped => None,
        }
    }

    /// The probe, once it has ended.
    pub(crate) fn probe(self) -> Option<&'s Probe> {
        match self {
            Known::Seen(probe, _) | Known::Failed(probe, _) => Some(probe),
            Known::Unasked | Known::Waiting | Known::Skipped => None,
        }
    }

    /// Whether an answer can still arrive.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Known::Unasked | Known::Waiting)
    }
}

/// A question about the records of a name, from the resolver of the plan.
pub(crate) fn records(name: &DnsName, kind: RecordKind) -> Question {
    Question::Records(RecordsRequest::to_resolver(name.clone(), kind))
}

/// Whether the response shows which records exist, or that none exist. If the signatures of the records, or of the proof
/// that there are none, are not valid, the response shows nothing, because the lookup fails for servers that validate
/// signatures (RFC 4035 §5.5).
pub(crate) fn is_conclusive(seen: &RecordsSeen) -> bool {
    seen.is_answer() && !is_bogus(seen)
}

/// Whether an authoritative server's response contains records with valid signatures. The server does not follow an alias
/// into another zone, which may be at fault.
pub(crate) fn is_valid_answer(seen: &RecordsSeen) -> bool {
    let is_complete = seen.aliases.is_empty() && !seen.records.is_empty();
    seen.authoritative && is_complete && seen.dnssec == DnssecState::Secure
}

/// Whether the response, or an alias that leads to it, is bogus. Servers that validate DNSSEC get an error instead.
pub(crate) fn is_bogus(seen: &RecordsSeen) -> bool {
    let states = seen.aliases.iter().map(|alias| &alias.dnssec).chain([&seen.dnssec]);
    states.into_iter().any(|state| matches!(state, DnssecState::Bogus { .. }))
}
