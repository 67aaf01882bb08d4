//! The input of the domain checks: the plan and the evidence so far, with short functions that create questions and
//! find answers.

use std::net::IpAddr;

use crate::check::finding::Finding;
use crate::evidence::{
    Answer, DnsFaultKind, DnssecState, Evidence, Fault, FetchSeen, IndeterminateReason, Outcome, Probe, RecordData,
    RecordsSeen,
};
use crate::plan::{DomainPlan, Plan};
use crate::question::{FetchRequest, Question, RecordsRequest};
use crate::wire::{DnsName, RecordKind};

/// The maximum number of names, from a name upwards, at which its zone may begin.
const MAX_LEVELS: usize = 6;

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

    /// The records of a name that senders and receivers on the internet use. They come from the resolver of the plan, unless
    /// one of these conditions is true:
    ///
    /// 1. The resolver's response is bogus, and every authoritative server that answered sends records with valid
    ///    signatures.
    /// 2. The records are MX, TXT or TLSA records or IP addresses without valid signatures, and the authoritative servers that
    ///    answered agree on others. [`Sight::is_usable_mx`] limits this for MX records.
    /// 3. The resolver does not return the IP addresses because of an error, and the authoritative servers that answered
    ///    agree on them.
    pub(crate) fn records(&self, name: &DnsName, kind: RecordKind) -> Known<'s, RecordsSeen> {
        let known = self.at_resolver(name, kind);
        if self.needs_servers(name, kind) {
            let is_usable = |seen| is_usable_address(seen) || (has_address(seen) && self.is_in_unsigned_zone(name));
            let used = self.agreed_by_servers(name, kind).filter(|used| used.answer().is_some_and(is_usable));
            return used.unwrap_or(known);
        }
        if matches!(kind, RecordKind::Mx | RecordKind::Txt) && self.has_broken_alias(name, known) {
            let used = self.agreed_by_servers(name, kind);
            return used.filter(|used| kind != RecordKind::Mx || self.is_usable_mx(*used)).unwrap_or(known);
        }
        let Known::Seen(_, seen) = known else { return known };
        if is_bogus(seen) {
            // In an unsigned zone, only the alias that the resolver returned, or its target, is bogus.
            let has_alias = !seen.aliases.is_empty();
            let of_unsigned =
                || self.agreed_by_servers(name, kind).filter(|_| has_alias && self.is_in_unsigned_zone(name));
            return self.valid_at_servers(name, kind).or_else(of_unsigned).unwrap_or(known);
        }
        let is_compared =
            matches!(kind, RecordKind::Mx | RecordKind::A | RecordKind::Aaaa | RecordKind::Txt | RecordKind::Tlsa);
        // The user replaced the addresses with --resolve.
        if !is_compared || !seen.is_answer() || !self.plan.overrides.is_empty() {
            return known;
        }
        // Records whose signatures are valid are never replaced.
        if is_secure(seen) {
            return known;
        }
        let used = self.agreed_by_servers(name, kind).filter(|used| is_contradicted(seen, used.answer()));
        used.filter(|used| kind != RecordKind::Mx || self.is_usable_mx(*used)).unwrap_or(known)
    }

    /// Whether the resolver failed to return these IP addresses, so the authoritative servers are asked.
    pub(crate) fn needs_servers(&self, name: &DnsName, kind: RecordKind) -> bool {
        let is_address = matches!(kind, RecordKind::A | RecordKind::Aaaa);
        // The user replaced the addresses with --resolve.
        is_address && self.plan.overrides.is_empty() && may_be_of_resolver(self.at_resolver(name, kind))
    }

    /// Whether a lookup failed at the resolver because of an alias: the aliases do not end, or their target cannot be looked
    /// up. A resolver may return the alias only for CNAME queries.
    pub(crate) fn has_broken_alias(&self, name: &DnsName, known: Known<'s, RecordsSeen>) -> bool {
        let is_alias = || {
            let cname = self.at_resolver(name, RecordKind::Cname).answer();
            cname.is_some_and(|seen| !seen.records.is_empty() && !is_secure(seen))
        };
        match known {
            Known::Failed(_, Fault::Dns { kind: DnsFaultKind::AliasLoop | DnsFaultKind::AliasLimit, .. }) => true,
            Known::Seen(_, seen) => !seen.is_answer() && (!seen.aliases.is_empty() || is_alias()),
            Known::Failed(..) => may_be_of_resolver(known) && is_alias(),
            Known::Unasked | Known::Waiting | Known::Skipped => false,
        }
    }

    /// Whether the zone that contains a name is not signed, according to the resolver's responses about its SOA record, or a
    /// proof that the parent zone has no DS record.
    pub(crate) fn is_in_unsigned_zone(&self, name: &DnsName) -> bool {
        let is_insecure = |state: &DnssecState| *state == DnssecState::Insecure;
        let is_determined = |state: &DnssecState| matches!(state, DnssecState::Secure | DnssecState::Insecure);
        let is_denied = |seen: &RecordsSeen| {
            seen.is_void()
                && seen.aliases.is_empty()
                && matches!(seen.dnssec, DnssecState::Secure | DnssecState::Insecure)
        };
        let levels = std::iter::successors(Some(name.clone()), DnsName::parent).take(MAX_LEVELS);
        let mut of_zone = levels.filter_map(|level| match self.at_resolver(&level, RecordKind::Soa).answer() {
            Some(seen) if seen.aliases.iter().take(1).any(|alias| is_determined(&alias.dnssec)) => {
                seen.aliases.first().map(|alias| is_insecure(&alias.dnssec))
            }
            Some(seen) if !seen.records.is_empty() && seen.aliases.is_empty() => Some(is_insecure(&seen.dnssec)),
            _ => self.at_resolver(&level, RecordKind::Ds).answer().filter(|seen| is_denied(seen)).map(|_| true),
        });
        of_zone.next().unwrap_or(false)
    }

    /// Whether these MX records of the name servers can be used. If the resolver returned an alias, its response is about
    /// another name. Otherwise, the addresses of at least one host must be known, or that the host has none: a resolver with
    /// its own records for the domain may not know hosts that only the name servers list.
    fn is_usable_mx(&self, used: Known<'s, RecordsSeen>) -> bool {
        let is_known = |host: &DnsName, kind: RecordKind| {
            let of_servers = self.at_servers(host, kind);
            let is_denied = !of_servers.is_empty() && of_servers.iter().all(|(_, seen)| seen.is_void());
            let responses = of_servers.into_iter().map(|(_, seen)| seen).chain(self.at_resolver(host, kind).answer());
            is_denied || responses.into_iter().any(|seen| seen.addresses().next().is_some())
        };
        let at_resolver = self.at_resolver(&self.name(), RecordKind::Mx).answer();
        let is_other_name = at_resolver.is_none_or(|seen| !seen.aliases.is_empty());
        let records = used.answer().into_iter().flat_map(|seen| &seen.records);
        let mut hosts = records
            .filter_map(|record| match &record.data {
                RecordData::Mx { host, .. } => Some(host),
                _ => None,
            })
            .peekable();
        // The name servers deny that there are MX records.
        let is_void = hosts.peek().is_none();
        is_other_name
            || is_void
            || hosts.any(|host| {
                host.is_root()
                    || host.as_str().parse::<IpAddr>().is_ok()
                    || [RecordKind::A, RecordKind::Aaaa].iter().any(|&kind| is_known(host, kind))
            })
    }

    /// The response of an authoritative server to the query for MX records, if all servers that answered agree.
    pub(crate) fn mx_of_servers(&self) -> Option<&'s RecordsSeen> {
        self.agreed_by_servers(&self.name(), RecordKind::Mx).and_then(Known::answer)
    }

    /// Whether [`Sight::records`] returns the records of an authoritative server.
    pub(crate) fn uses_servers(&self, name: &DnsName, kind: RecordKind) -> bool {
        let request = self.records(name, kind).probe().map(|probe| &probe.question);
        matches!(request, Some(Question::Records(request)) if request.server.is_some())
    }

    /// The records of a name, from the resolver of the plan, even if they are bogus.
    pub(crate) fn at_resolver(&self, name: &DnsName, kind: RecordKind) -> Known<'s, RecordsSeen> {
        self.records_of(&RecordsRequest::to_resolver(name.clone(), kind))
    }

    /// The authoritative responses to the query for these records.
    fn at_servers(&self, name: &DnsName, kind: RecordKind) -> Vec<(&'s Probe, &'s RecordsSeen)> {
        let is_same = |request: &RecordsRequest| {
            request.kind == kind && request.server.is_some() && !request.upper_case && request.name == *name
        };
        let of_query = |probe: &&'s Probe| matches!(&probe.question, Question::Records(request) if is_same(request));
        let probes = self.evidence.probes.iter().filter(of_query);
        let seen = probes.filter_map(|probe| Some((probe, self.records_of_probe(probe)?)));
        seen.filter(|(_, seen)| seen.authoritative && seen.is_answer()).collect()
    }

    /// The records from an authoritative server, if all servers that answered send records with valid signatures.
    fn valid_at_servers(&self, name: &DnsName, kind: RecordKind) -> Option<Known<'s, RecordsSeen>> {
        let all = self.at_servers(name, kind);
        // If the resolver invents records or an alias, the servers prove that there are none.
        let has_any = |seen: &RecordsSeen| !seen.records.is_empty() || !seen.aliases.is_empty();
        let is_invented = self.at_resolver(name, kind).answer().is_some_and(has_any);
        let is_denied = |seen: &RecordsSeen| {
            is_invented && seen.is_void() && seen.aliases.is_empty() && seen.dnssec == DnssecState::Secure
        };
        let is_valid = all.iter().all(|(_, seen)| is_valid_answer(seen) || is_denied(seen));
        all.first().filter(|_| is_valid).map(|&(probe, seen)| Known::Seen(probe, seen))
    }

    /// The response of an authoritative server, if all servers that answered send the same records or denial. An alias does
    /// not count, because other servers may be responsible for its target, and a denial counts only with a SOA record.
    fn agreed_by_servers(&self, name: &DnsName, kind: RecordKind) -> Option<Known<'s, RecordsSeen>> {
        let all = self.at_servers(name, kind);
        let (probe, first) = *all.first()?;
        let is_plain = |seen: &RecordsSeen| {
            seen.aliases.is_empty() && !is_bogus(seen) && !(seen.records.is_empty() && seen.without_soa)
        };
        let is_agreed = all.iter().all(|(_, seen)| is_plain(seen) && has_same_records(seen, first));
        is_agreed.then_some(Known::Seen(probe, first))
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

/// Whether the signatures of the records, or of the proof that there are none, and of all aliases are valid.
pub(crate) fn is_secure(seen: &RecordsSeen) -> bool {
    let mut states = seen.aliases.iter().map(|alias| &alias.dnssec).chain([&seen.dnssec]);
    states.all(|state| *state == DnssecState::Secure)
}

/// Whether an authoritative server's response contains records with valid signatures. The server does not follow an alias
/// into another zone, which may be at fault.
pub(crate) fn is_valid_answer(seen: &RecordsSeen) -> bool {
    let is_complete = seen.aliases.is_empty() && !seen.records.is_empty();
    seen.authoritative && is_complete && seen.dnssec == DnssecState::Secure
}

/// Whether two responses contain the same records, in any order.
pub(crate) fn has_same_records(one: &RecordsSeen, other: &RecordsSeen) -> bool {
    let contains = |seen: &RecordsSeen, data: &RecordData| seen.records.iter().any(|record| record.data == *data);
    let is_within = |one: &RecordsSeen, other| one.records.iter().all(|record| contains(other, &record.data));
    one.code == other.code && is_within(one, other) && is_within(other, one)
}

/// Whether an authoritative response contradicts that of the resolver. A server may send a different selection of the
/// addresses in each response, so addresses must have nothing in common.
fn is_contradicted(at_resolver: &RecordsSeen, at_server: Option<&RecordsSeen>) -> bool {
    let Some(at_server) = at_server else { return false };
    let has_common = || at_resolver.addresses().any(|ip| at_server.addresses().any(|other| other == ip));
    let is_empty = at_resolver.records.is_empty() && at_server.records.is_empty() && at_resolver.aliases.is_empty();
    // The server's response contains no alias.
    let is_same = at_resolver.aliases.is_empty() && has_same_records(at_resolver, at_server);
    !is_empty && !is_same && !has_common()
}

/// Whether the resolver omitted the proof that there are no such records.
pub(crate) fn lacks_proof(seen: &RecordsSeen) -> bool {
    seen.dnssec == DnssecState::Indeterminate { why: IndeterminateReason::ProofMissing }
}

/// Whether the response, or an alias that leads to it, is bogus. Servers that validate DNSSEC get an error instead.
pub(crate) fn is_bogus(seen: &RecordsSeen) -> bool {
    let states = seen.aliases.iter().map(|alias| &alias.dnssec).chain([&seen.dnssec]);
    states.into_iter().any(|state| matches!(state, DnssecState::Bogus { .. }))
}

/// Whether the response contains IP addresses that senders can use: they are signed, or provably in an unsigned zone. If this
/// cannot be determined, the signatures may be the reason for the resolver's error.
fn is_usable_address(seen: &RecordsSeen) -> bool {
    matches!(seen.dnssec, DnssecState::Secure | DnssecState::Insecure) && has_address(seen)
}

/// The response of a name server of an unsigned zone is not validated, so its state is not known.
fn has_address(seen: &RecordsSeen) -> bool {
    !is_bogus(seen) && seen.addresses().next().is_some()
}

/// Whether a lookup failed at the resolver in a way that authoritative servers may not share: an error code, no
/// response, a malformed response, or aliases without an end.
pub(crate) fn may_be_of_resolver(known: Known<'_, RecordsSeen>) -> bool {
    match known {
        Known::Seen(_, seen) => !seen.is_answer(),
        Known::Failed(_, Fault::Dns { kind, .. }) => matches!(
            kind,
            DnsFaultKind::Timeout
                | DnsFaultKind::TcpFailed
                | DnsFaultKind::Malformed
                | DnsFaultKind::ErrorCode
                | DnsFaultKind::AliasLoop
                | DnsFaultKind::AliasLimit
        ),
        Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => false,
    }
}
