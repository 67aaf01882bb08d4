//! Evaluates SPF for one client (`check_host()`, RFC 7208 §4), strictly in the order of the standard.
//!
//! 1. If the domain is not a DNS name with several labels, the result is `none` (§4.3).
//! 2. No SPF record: `none`; several: `permerror` (§4.5); a failed lookup: `temperror` (§4.4).
//! 3. A syntax error anywhere in the record: `permerror` (§4.6).
//! 4. The first mechanism that matches determines the result. Each `include`, `a`, `mx`, `ptr`, `exists` and `redirect`
//!    first increases a counter for the entire evaluation; the eleventh results in `permerror` (§4.6.4).
//! 5. Without a match, the result is that of `redirect`, or `neutral` (§4.7).
//!
//! If the evaluation needs records that are not known yet, it stops and returns the names. The module `tree` requests
//! most of these names in advance, in parallel.

use std::net::IpAddr;

use super::macros::{MacroString, MacroUse, MacroValues};
use super::record::{SpfMechanism, SpfPrefixes, SpfQualifier, SpfRecord, SpfTermKind};
use super::select::select;
use super::{MAX_HOSTS, MAX_LOOKUPS, MAX_VOID, SpfKnown, SpfLookup, SpfNeed, addresses};
use crate::evidence::RecordData;
use crate::wire::{DnsName, RecordKind, reverse_name};

/// The client and the message.
#[derive(Clone, Debug)]
pub(crate) struct SpfClient<'c> {
    pub(crate) ip: IpAddr,
    /// The domain of the sender.
    pub(crate) domain: &'c str,
    /// The local part of the sender; `postmaster` if it has none (RFC 7208 §4.3).
    pub(crate) local: &'c str,
    /// The EHLO name.
    pub(crate) helo: &'c str,
}

/// A result (RFC 7208 §2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpfResult {
    None,
    Neutral,
    Pass,
    Fail,
    SoftFail,
    TempError,
    PermError,
}

/// Why an evaluation ended with `none`, `temperror` or `permerror`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SpfFailure {
    Syntax(DnsName),
    SeveralRecords(DnsName),
    /// An included name, or the target of `redirect`, has no SPF record.
    NoRecord(String),
    TooManyLookups,
    TooManyVoid,
    TooManyHosts(DnsName),
    Lookup(DnsName),
}

/// The outcome of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SpfVerdict {
    pub(crate) result: SpfResult,
    /// The reason for an error.
    pub(crate) failure: Option<SpfFailure>,
    /// The terms that determined the result, from the outermost record to the innermost; empty if no term matched.
    pub(crate) decided_by: Vec<String>,
    /// The number of terms with lookups that were evaluated before the result was known.
    pub(crate) lookups: u32,
    /// The number of terms whose lookup found no record.
    pub(crate) voids: u32,
    /// The domain's explanation, for the result `fail`.
    pub(crate) explanation: Option<String>,
    /// The outcome of each evaluated term. The path contains the position of the term in each record, starting with the
    /// outermost.
    pub(crate) trace: Vec<(Vec<usize>, SpfStep)>,
}

/// The outcome of an evaluated term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpfStep {
    Match,
    NoMatch,
    Void,
    Error,
}

impl SpfResult {
    /// The result as in a Received-SPF header (RFC 7208 §9.1).
    pub(crate) fn name(self) -> &'static str {
        match self {
            SpfResult::None => "none",
            SpfResult::Neutral => "neutral",
            SpfResult::Pass => "pass",
            SpfResult::Fail => "fail",
            SpfResult::SoftFail => "softfail",
            SpfResult::TempError => "temperror",
            SpfResult::PermError => "permerror",
        }
    }
}

/// Evaluates SPF for a client, or returns the names that must be looked up next.
pub(crate) fn evaluate(client: &SpfClient<'_>, known: SpfKnown<'_>) -> Result<SpfVerdict, Vec<SpfNeed>> {
    let client = SpfClient { ip: client.ip.to_canonical(), ..client.clone() };
    let mut walk = SpfEvaluation {
        client: &client,
        known,
        lookups: 0,
        voids: 0,
        needed: Vec::new(),
        decided_by: Vec::new(),
        trace: Vec::new(),
    };
    let domain = DnsName::parse(client.domain).ok().filter(|name| name.labels().count() > 1);
    let outcome = match &domain {
        None => Ok(Decision { result: SpfResult::None, exp: None }),
        Some(name) => walk.check_host(name, &mut Vec::new()),
    };
    let (result, failure, exp) = match outcome {
        Ok(decision) => (decision.result, None, decision.exp),
        Err(Stop::Pending) => return Err(walk.needed),
        Err(Stop::Error(result, failure)) => (result, Some(failure), None),
    };
    let explanation = match exp {
        Some((target, name)) if result == SpfResult::Fail => match walk.explanation(&target, &name) {
            Ok(text) => text,
            Err(Pending) => return Err(walk.needed),
        },
        _ => None,
    };
    let SpfEvaluation { lookups, voids, decided_by, trace, .. } = walk;
    Ok(SpfVerdict { result, failure, decided_by, lookups, voids, explanation, trace })
}

struct SpfEvaluation<'w> {
    client: &'w SpfClient<'w>,
    known: SpfKnown<'w>,
    lookups: u32,
    voids: u32,
    needed: Vec<SpfNeed>,
    decided_by: Vec<String>,
    trace: Vec<(Vec<usize>, SpfStep)>,
}

struct Decision {
    result: SpfResult,
    exp: Option<(MacroString, DnsName)>,
}

enum Stop {
    Pending,
    Error(SpfResult, SpfFailure),
}

/// The records of a name are not known yet.
struct Pending;

impl From<Pending> for Stop {
    fn from(Pending: Pending) -> Stop {
        Stop::Pending
    }
}

fn permanent(why: SpfFailure) -> Stop {
    Stop::Error(SpfResult::PermError, why)
}

impl SpfEvaluation<'_> {
    fn lookup(&mut self, name: &DnsName, kind: RecordKind) -> Result<SpfLookup, Pending> {
        match (self.known)(name, kind) {
            SpfLookup::Pending => {
                let need = (name.clone(), kind);
                if !self.needed.contains(&need) {
                    self.needed.push(need);
                }
                Err(Pending)
            }
            found => Ok(found),
        }
    }

    fn check_host(&mut self, name: &DnsName, path: &mut Vec<usize>) -> Result<Decision, Stop> {
        let texts = match self.lookup(name, RecordKind::Txt)? {
            SpfLookup::Found(records) => select(&records).records,
            SpfLookup::NoRecord | SpfLookup::NxDomain | SpfLookup::Pending => Vec::new(),
            SpfLookup::Failed => return Err(Stop::Error(SpfResult::TempError, SpfFailure::Lookup(name.clone()))),
        };
        let text = match texts.as_slice() {
            [] => return Ok(Decision { result: SpfResult::None, exp: None }),
            [text] => text,
            _ => return Err(permanent(SpfFailure::SeveralRecords(name.clone()))),
        };
        let record = SpfRecord::parse(text);
        if record.mistakes().next().is_some() {
            return Err(permanent(SpfFailure::Syntax(name.clone())));
        }
        for (at, term) in record.terms.iter().enumerate() {
            let SpfTermKind::Directive(qualifier, mechanism) = &term.kind else { continue };
            let depth = self.decided_by.len();
            path.push(at);
            let voids = self.voids;
            let matches = self.matches(mechanism, name, path);
            let step = match &matches {
                Ok(true) => SpfStep::Match,
                Ok(false) if self.voids > voids => SpfStep::Void,
                Ok(false) => SpfStep::NoMatch,
                Err(_) => SpfStep::Error,
            };
            self.trace.push((path.clone(), step));
            path.pop();
            if matches.as_ref().is_ok_and(|matched| !matched) {
                self.decided_by.truncate(depth);
                continue;
            }
            self.decided_by.insert(depth, text.get(term.at.clone()).unwrap_or_default().to_owned());
            matches?;
            let result = match qualifier {
                SpfQualifier::Pass => SpfResult::Pass,
                SpfQualifier::Fail => SpfResult::Fail,
                SpfQualifier::SoftFail => SpfResult::SoftFail,
                SpfQualifier::Neutral => SpfResult::Neutral,
            };
            return Ok(Decision { result, exp: record.exp().map(|target| (target.clone(), name.clone())) });
        }
        // RFC 7208 §6.1: `redirect` is used if no mechanism matched. If the record contains `all`, a mechanism always
        // matches.
        let Some((at, target)) = record.redirect() else {
            return Ok(Decision { result: SpfResult::Neutral, exp: None });
        };
        let term = record.terms.get(at).and_then(|term| text.get(term.at.clone())).unwrap_or_default();
        self.count()?;
        let depth = self.decided_by.len();
        self.decided_by.push(term.to_owned());
        let no_record = || permanent(SpfFailure::NoRecord(term.to_owned()));
        let next = self.expand(target, name)?.ok_or_else(no_record)?;
        path.push(at);
        let decision = self.check_host(&next, path);
        let step = if decision.is_ok() { SpfStep::Match } else { SpfStep::Error };
        self.trace.push((path.clone(), step));
        path.pop();
        let decision = decision?;
        if decision.result == SpfResult::None {
            self.decided_by.truncate(depth + 1);
            return Err(no_record());
        }
        Ok(decision)
    }

    /// Counts a term with lookups before it is evaluated.
    fn count(&mut self) -> Result<(), Stop> {
        self.lookups += 1;
        if self.lookups > MAX_LOOKUPS { Err(permanent(SpfFailure::TooManyLookups)) } else { Ok(()) }
    }

    fn void(&mut self) -> Result<(), Stop> {
        self.voids += 1;
        if self.voids > MAX_VOID { Err(permanent(SpfFailure::TooManyVoid)) } else { Ok(()) }
    }

    fn matches(&mut self, mechanism: &SpfMechanism, name: &DnsName, path: &mut Vec<usize>) -> Result<bool, Stop> {
        match mechanism {
            SpfMechanism::All => Ok(true),
            SpfMechanism::Network { ip, prefix } => Ok(is_in_network(self.client.ip, *ip, *prefix)),
            SpfMechanism::Include(target) => self.include(target, name, path),
            SpfMechanism::A { target, prefixes } => {
                self.count()?;
                let Some(host) = self.target(target.as_ref(), name)? else { return Ok(false) };
                match self.addresses(&host)? {
                    Some(addresses) => Ok(self.is_one_of(&addresses, *prefixes)),
                    None => self.void().map(|()| false),
                }
            }
            SpfMechanism::Mx { target, prefixes } => {
                self.count()?;
                let Some(host) = self.target(target.as_ref(), name)? else { return Ok(false) };
                self.mx(&host, *prefixes)
            }
            SpfMechanism::Ptr { target } => {
                self.count()?;
                let Some(host) = self.target(target.as_ref(), name)? else { return Ok(false) };
                match self.validated()? {
                    Some(names) => Ok(names.iter().any(|name| name.is_within(&host))),
                    None => self.void().map(|()| false),
                }
            }
            SpfMechanism::Exists(target) => {
                self.count()?;
                let Some(host) = self.expand(target, name)? else { return Ok(false) };
                // RFC 7208 §5.7: the query always has type A.
                match self.lookup(&host, RecordKind::A)? {
                    SpfLookup::Found(_) => Ok(true),
                    SpfLookup::Failed => Err(Stop::Error(SpfResult::TempError, SpfFailure::Lookup(host))),
                    SpfLookup::NoRecord | SpfLookup::NxDomain | SpfLookup::Pending => self.void().map(|()| false),
                }
            }
        }
    }

    /// RFC 7208 §5.2: `pass` is a match; `none` and `permerror` result in `permerror`.
    fn include(&mut self, target: &MacroString, name: &DnsName, path: &mut Vec<usize>) -> Result<bool, Stop> {
        self.count()?;
        let expanded = target.expand(&self.values(name, "unknown"));
        let no_record = || permanent(SpfFailure::NoRecord(expanded.clone()));
        let next = self.expand(target, name)?.ok_or_else(no_record)?;
        let decision = self.check_host(&next, path)?;
        match decision.result {
            SpfResult::Pass => Ok(true),
            SpfResult::None => Err(no_record()),
            _ => Ok(false),
        }
    }

    fn mx(&mut self, host: &DnsName, prefixes: SpfPrefixes) -> Result<bool, Stop> {
        let records = match self.lookup(host, RecordKind::Mx)? {
            SpfLookup::Found(records) => records,
            SpfLookup::Failed => return Err(Stop::Error(SpfResult::TempError, SpfFailure::Lookup(host.clone()))),
            SpfLookup::NoRecord | SpfLookup::NxDomain | SpfLookup::Pending => return self.void().map(|()| false),
        };
        let hosts: Vec<&DnsName> = records
            .iter()
            .filter_map(|record| match record {
                RecordData::Mx { host, .. } if !host.is_root() => Some(host),
                _ => None,
            })
            .collect();
        if hosts.len() > MAX_HOSTS {
            return Err(permanent(SpfFailure::TooManyHosts(host.clone())));
        }
        // All hosts are looked up at the same time, but evaluated in order.
        let looked_up: Vec<Result<Option<Vec<IpAddr>>, Stop>> =
            hosts.into_iter().map(|host| self.addresses(host)).collect();
        for addresses in looked_up {
            if addresses?.is_some_and(|addresses| self.is_one_of(&addresses, prefixes)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The addresses in the client's address family; `None` if there are none.
    fn addresses(&mut self, host: &DnsName) -> Result<Option<Vec<IpAddr>>, Stop> {
        match self.lookup(host, address_kind(self.client.ip))? {
            SpfLookup::Found(records) => Ok(Some(addresses(&records))),
            SpfLookup::Failed => Err(Stop::Error(SpfResult::TempError, SpfFailure::Lookup(host.clone()))),
            SpfLookup::NoRecord | SpfLookup::NxDomain | SpfLookup::Pending => Ok(None),
        }
    }

    fn is_one_of(&self, addresses: &[IpAddr], prefixes: SpfPrefixes) -> bool {
        let prefix = if self.client.ip.is_ipv4() { prefixes.v4 } else { prefixes.v6 };
        addresses.iter().any(|ip| is_in_network(self.client.ip, *ip, prefix))
    }

    /// The names of the IP address that resolve back to it (RFC 7208 §5.5); `None` if it has no name. A failed lookup
    /// does not match.
    fn validated(&mut self) -> Result<Option<Vec<DnsName>>, Pending> {
        let ip = self.client.ip;
        let names: Vec<DnsName> = match self.lookup(&reverse_name(ip), RecordKind::Ptr)? {
            SpfLookup::Found(records) => records
                .iter()
                .filter_map(|record| match record {
                    RecordData::Ptr { host } => Some(host.clone()),
                    _ => None,
                })
                .take(MAX_HOSTS)
                .collect(),
            SpfLookup::Failed => return Ok(Some(Vec::new())),
            SpfLookup::NoRecord | SpfLookup::NxDomain | SpfLookup::Pending => return Ok(None),
        };
        let mut is_pending = false;
        let mut validated = Vec::new();
        for name in names {
            match self.lookup(&name, address_kind(ip)) {
                Ok(SpfLookup::Found(records)) if addresses(&records).contains(&ip) => validated.push(name),
                Ok(_) => {}
                Err(Pending) => is_pending = true,
            }
        }
        if is_pending { Err(Pending) } else { Ok(Some(validated)) }
    }

    fn target(&mut self, target: Option<&MacroString>, name: &DnsName) -> Result<Option<DnsName>, Pending> {
        target.map_or_else(|| Ok(Some(name.clone())), |target| self.expand(target, name))
    }

    /// The expansion as a name; `None` if it is not a DNS name and therefore cannot match.
    fn expand(&mut self, target: &MacroString, name: &DnsName) -> Result<Option<DnsName>, Pending> {
        let validated = self.validated_name(target, name)?;
        Ok(target.expand_name(&self.values(name, &validated)))
    }

    fn values<'v>(&'v self, name: &'v DnsName, validated: &'v str) -> MacroValues<'v> {
        let SpfClient { ip, domain, local, helo } = self.client;
        MacroValues { ip: *ip, local, sender_domain: domain, domain: name.as_str(), helo, validated }
    }

    /// The value of `%{p}` (RFC 7208 §7.3): the domain itself if it is a validated name; otherwise, a validated
    /// subdomain of it; otherwise, any validated name.
    fn validated_name(&mut self, target: &MacroString, domain: &DnsName) -> Result<String, Pending> {
        if !target.contains("p") {
            return Ok(String::new());
        }
        let names = self.validated()?.unwrap_or_default();
        let best = names
            .iter()
            .find(|name| *name == domain)
            .or_else(|| names.iter().find(|name| name.is_within(domain)))
            .or_else(|| names.first());
        Ok(best.map_or("unknown".to_owned(), DnsName::to_string))
    }

    /// RFC 7208 §6.2: any problem is treated as if there were no explanation.
    fn explanation(&mut self, target: &MacroString, domain: &DnsName) -> Result<Option<String>, Pending> {
        let Some(name) = self.expand(target, domain)? else { return Ok(None) };
        let SpfLookup::Found(records) = self.lookup(&name, RecordKind::Txt)? else { return Ok(None) };
        let [RecordData::Txt { text, .. }] = records.as_slice() else { return Ok(None) };
        let Ok(text) = MacroString::parse(text, MacroUse::Explanation) else { return Ok(None) };
        let validated = self.validated_name(&text, domain)?;
        Ok(Some(text.expand(&self.values(domain, &validated))))
    }
}

/// The type of address records for this client.
fn address_kind(ip: IpAddr) -> RecordKind {
    if ip.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa }
}

/// Whether an address is in a network of the same family.
pub(crate) fn is_in_network(ip: IpAddr, network: IpAddr, prefix: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let shift = 32u32.saturating_sub(u32::from(prefix));
            (u32::from(ip) ^ u32::from(network)).checked_shr(shift).unwrap_or(0) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let shift = 128u32.saturating_sub(u32::from(prefix));
            (u128::from(ip) ^ u128::from(network)).checked_shr(shift).unwrap_or(0) == 0
        }
        _ => false,
    }
}
