//! A domain's record with all included records, independent of the client: what each term refers to, and how many
//! lookups it needs. Terms that can never be evaluated are kept, but they need no lookup and are not followed.
//!
//! The size of the tree is limited: at most [`MAX_NAMES`] names are looked up, loops are not followed, and at most
//! [`MAX_BRANCHES`] terms are kept.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use super::evaluate::SpfResult;
use super::macros::{MacroString, MacroUse, MacroValues};
use super::record::{SpfMechanism, SpfQualifier, SpfRecord, SpfTermKind};
use super::select::{SpfTexts, select};
use super::{MAX_HOSTS, SpfKnown, SpfLookup, SpfNeed, addresses};
use crate::evidence::RecordData;
use crate::wire::{DnsName, RecordKind};

/// The maximum number of names that are looked up for one domain.
pub(crate) const MAX_NAMES: usize = 60;

/// The maximum number of terms in a tree.
const MAX_BRANCHES: usize = 1000;

/// The maximum depth of included records.
const MAX_DEPTH: usize = 16;

/// A tree, and the names that are needed to complete it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SpfTree {
    pub(crate) root: SpfNode,
    /// The names to look up next.
    pub(crate) needed: Vec<SpfNeed>,
    /// Whether names or terms were left out because of a limit.
    pub(crate) is_cut: bool,
    /// The explanation of the domain's own record, if it has one.
    pub(crate) exp: Option<SpfExp>,
}

/// The state of the explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SpfExp {
    /// It depends on the message, or is not known yet.
    Unknown,
    /// Valid text.
    Valid(String),
    /// Receivers ignore it.
    Ignored(SpfExpProblem),
}

/// Why receivers ignore an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpfExpProblem {
    NoRecord,
    Several,
    Syntax,
}

/// The SPF record of one name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SpfNode {
    pub(crate) name: DnsName,
    pub(crate) found: SpfFound,
    pub(crate) branches: Vec<SpfBranch>,
}

/// What was found at a name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SpfFound {
    Pending,
    Failed,
    NxDomain,
    /// There is no SPF record, but there may be other TXT records.
    NoRecord(SpfTexts),
    Several(SpfTexts),
    Record(SpfRecord, SpfTexts),
}

/// A term.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SpfBranch {
    /// The term as it is written.
    pub(crate) text: String,
    /// The number of lookups that the term itself needs.
    pub(crate) cost: u32,
    pub(crate) effect: SpfEffect,
    /// The record of `include` or `redirect`.
    pub(crate) child: Option<SpfNode>,
}

/// What a term refers to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SpfEffect {
    /// It needs no lookup.
    Free,
    /// It can never be evaluated: it follows `all`, or is a `redirect` in a record with `all`.
    Unused,
    /// It depends on the client or on the sender.
    Depends,
    /// The record of another name: see the child.
    Record,
    /// The term refers to a record that already contains it (a loop).
    Loop(DnsName),
    /// The name is not a DNS name.
    NoName,
    /// The name has no record of the required type. `is_missing` is true if the name does not exist.
    Void { name: DnsName, is_missing: bool },
    /// The lookup failed.
    Failed(DnsName),
    /// These addresses.
    Addresses(Vec<IpAddr>),
    /// These hosts, and their addresses.
    Hosts { hosts: Vec<DnsName>, addresses: Vec<IpAddr> },
    /// Not known yet, or left out.
    Pending,
}

/// The number of lookups of a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpfCount {
    pub(crate) lookups: u32,
    pub(crate) voids: u32,
    /// Whether the numbers are minimums, because part of the tree is not known.
    pub(crate) is_minimum: bool,
}

impl SpfTree {
    /// Builds the tree of a domain from the known records.
    pub(crate) fn of(domain: &DnsName, known: SpfKnown<'_>) -> SpfTree {
        // The tree is built level by level, so the names on higher levels count towards the limit first.
        let mut depth = 1;
        let (mut grow, root) = loop {
            let (grow, root) = Grow::to(depth, domain, known);
            let is_full = grow.seen.len() + grow.needed.len() >= MAX_NAMES || grow.branches > MAX_BRANCHES;
            if is_full || !grow.is_deeper || depth == MAX_DEPTH {
                break (grow, root);
            }
            depth += 1;
        };
        grow.is_cut |= grow.is_deeper;
        let exp = match &root.found {
            SpfFound::Record(record, _) => record.exp().map(|target| grow.exp(target)),
            _ => None,
        };
        let mut names = grow.seen;
        let mut needed = Vec::new();
        let mut is_cut = grow.is_cut;
        for (name, kind) in grow.needed {
            if names.contains(&name) || names.len() < MAX_NAMES {
                names.insert(name.clone());
                needed.push((name, kind));
            } else {
                is_cut = true;
            }
        }
        SpfTree { root, needed, is_cut, exp }
    }
}

impl SpfNode {
    /// The number of lookups of this record: all terms that can be evaluated.
    pub(crate) fn count(&self) -> SpfCount {
        let own =
            SpfCount { is_minimum: matches!(self.found, SpfFound::Pending | SpfFound::Failed), ..SpfCount::default() };
        self.branches.iter().map(SpfBranch::count).fold(own, SpfCount::plus)
    }

    /// Every record of the tree, starting with this one.
    pub(crate) fn all(&self) -> Vec<&SpfNode> {
        let mut nodes = vec![self];
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            let children: Vec<&SpfNode> = node.branches.iter().filter_map(|branch| branch.child.as_ref()).collect();
            nodes.extend(children);
            at += 1;
        }
        nodes
    }

    /// Whether the record, with the records that it refers to, gives any client the result `pass`. Only terms without a
    /// qualifier or with `+` can do so, and a record with a syntax error gives no client a result other than `permerror`
    /// (RFC 7208 §4.6). A lookup that failed or has not ended counts as if it found nothing.
    pub(crate) fn can_pass(&self) -> bool {
        let SpfFound::Record(record, _) = &self.found else { return false };
        if record.mistakes().next().is_some() {
            return false;
        }
        record.terms.iter().zip(&self.branches).any(|(term, branch)| match (&term.kind, &branch.effect) {
            (SpfTermKind::Directive(SpfQualifier::Pass, _) | SpfTermKind::Redirect(_), effect) => match effect {
                SpfEffect::Unused
                | SpfEffect::Void { .. }
                | SpfEffect::NoName
                | SpfEffect::Loop(_)
                | SpfEffect::Failed(_)
                | SpfEffect::Pending => false,
                SpfEffect::Record => branch.child.as_ref().is_some_and(SpfNode::can_pass),
                // The only host of a null MX has no name (RFC 7505 §3).
                SpfEffect::Hosts { hosts, .. } => !hosts.iter().all(DnsName::is_root),
                SpfEffect::Free | SpfEffect::Depends | SpfEffect::Addresses(_) => true,
            },
            _ => false,
        })
    }

    /// The text of the record.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.found {
            SpfFound::Record(_, texts) | SpfFound::Several(texts) => texts.records.first().map(String::as_str),
            _ => None,
        }
    }
}

impl SpfBranch {
    /// The number of lookups of the term and of all terms below it.
    pub(crate) fn count(&self) -> SpfCount {
        let is_include = self.child.is_some();
        let own = SpfCount {
            lookups: self.cost,
            voids: u32::from(matches!(self.effect, SpfEffect::Void { .. })),
            is_minimum: matches!(self.effect, SpfEffect::Pending | SpfEffect::Failed(_))
                || (self.effect == SpfEffect::Depends && (is_include || is_record_term(&self.text))),
        };
        self.child.iter().map(SpfNode::count).fold(own, SpfCount::plus)
    }
}

/// Whether the term refers to another record.
fn is_record_term(text: &str) -> bool {
    let text = text.trim_start_matches(['+', '-', '~', '?']).to_ascii_lowercase();
    text.starts_with("include:") || text.starts_with("redirect=")
}

impl SpfCount {
    fn plus(self, other: SpfCount) -> SpfCount {
        SpfCount {
            lookups: self.lookups + other.lookups,
            voids: self.voids + other.voids,
            is_minimum: self.is_minimum || other.is_minimum,
        }
    }
}

struct Grow<'g> {
    domain: &'g DnsName,
    known: SpfKnown<'g>,
    /// The names whose records are known.
    seen: BTreeSet<DnsName>,
    needed: Vec<SpfNeed>,
    branches: usize,
    is_cut: bool,
    /// The number of levels of included records that are followed.
    depth: usize,
    /// Whether there are records below the last level.
    is_deeper: bool,
}

impl<'g> Grow<'g> {
    /// The tree with this number of levels.
    fn to(depth: usize, domain: &'g DnsName, known: SpfKnown<'g>) -> (Grow<'g>, SpfNode) {
        let (seen, needed) = (BTreeSet::new(), Vec::new());
        let mut grow = Grow { domain, known, seen, needed, branches: 0, is_cut: false, depth, is_deeper: false };
        let root = grow.node(domain, &[]);
        (grow, root)
    }

    fn lookup(&mut self, name: &DnsName, kind: RecordKind) -> SpfLookup {
        let found = (self.known)(name, kind);
        if found == SpfLookup::Pending {
            let need = (name.clone(), kind);
            if !self.needed.contains(&need) {
                self.needed.push(need);
            }
        } else {
            self.seen.insert(name.clone());
        }
        found
    }

    fn node(&mut self, name: &DnsName, above: &[DnsName]) -> SpfNode {
        let found = match self.lookup(name, RecordKind::Txt) {
            SpfLookup::Pending => SpfFound::Pending,
            SpfLookup::Failed => SpfFound::Failed,
            SpfLookup::NxDomain => SpfFound::NxDomain,
            SpfLookup::NoRecord => SpfFound::NoRecord(SpfTexts::default()),
            SpfLookup::Found(records) => {
                let texts = select(&records);
                match texts.records.as_slice() {
                    [] => SpfFound::NoRecord(texts),
                    [text] => SpfFound::Record(SpfRecord::parse(text), texts),
                    _ => SpfFound::Several(texts),
                }
            }
        };
        let branches = match &found {
            SpfFound::Record(record, texts) => {
                let text = texts.records.first().map_or("", String::as_str);
                self.terms(record, text, name, above)
            }
            _ => Vec::new(),
        };
        SpfNode { name: name.clone(), found, branches }
    }

    fn terms(&mut self, record: &SpfRecord, text: &str, name: &DnsName, above: &[DnsName]) -> Vec<SpfBranch> {
        let above: Vec<DnsName> = above.iter().chain(std::iter::once(name)).cloned().collect();
        let all = record.all().map(|(at, _)| at);
        let mut branches = Vec::new();
        for (at, term) in record.terms.iter().enumerate() {
            self.branches += 1;
            if self.branches > MAX_BRANCHES {
                self.is_cut = true;
                break;
            }
            let text = text.get(term.at.clone()).unwrap_or_default().to_owned();
            let is_unused = match term.kind {
                SpfTermKind::Directive(..) => all.is_some_and(|all| at > all),
                SpfTermKind::Redirect(_) => all.is_some(),
                SpfTermKind::Exp(_) | SpfTermKind::Unknown { .. } | SpfTermKind::Wrong(_) => false,
            };
            let (cost, effect, child) =
                if is_unused { (0, SpfEffect::Unused, None) } else { self.term(&term.kind, name, &above) };
            branches.push(SpfBranch { text, cost, effect, child });
        }
        branches
    }

    fn term(&mut self, kind: &SpfTermKind, name: &DnsName, above: &[DnsName]) -> (u32, SpfEffect, Option<SpfNode>) {
        let mechanism = match kind {
            SpfTermKind::Directive(_, mechanism) => mechanism,
            SpfTermKind::Redirect(target) => return self.record(target, name, above),
            SpfTermKind::Exp(_) | SpfTermKind::Unknown { .. } | SpfTermKind::Wrong(_) => {
                return (0, SpfEffect::Free, None);
            }
        };
        let target = match mechanism {
            SpfMechanism::All | SpfMechanism::Network { .. } => return (0, SpfEffect::Free, None),
            SpfMechanism::Include(target) => return self.record(target, name, above),
            SpfMechanism::Ptr { .. } => return (1, SpfEffect::Depends, None),
            SpfMechanism::A { target, .. } | SpfMechanism::Mx { target, .. } => target.as_ref(),
            SpfMechanism::Exists(target) => Some(target),
        };
        let host = match target {
            None => name.clone(),
            Some(target) => match self.expand(target, name) {
                Ok(host) => host,
                Err(effect) => return (1, effect, None),
            },
        };
        let effect = match mechanism {
            SpfMechanism::Mx { .. } => self.mx(&host),
            SpfMechanism::Exists(_) => self.address_effect(&host, &[RecordKind::A]),
            _ => self.address_effect(&host, &[RecordKind::A, RecordKind::Aaaa]),
        };
        (1, effect, None)
    }

    fn record(&mut self, target: &MacroString, name: &DnsName, above: &[DnsName]) -> (u32, SpfEffect, Option<SpfNode>) {
        let next = match self.expand(target, name) {
            Ok(next) => next,
            Err(effect) => return (1, effect, None),
        };
        if above.contains(&next) {
            return (1, SpfEffect::Loop(next), None);
        }
        if above.len() > self.depth {
            self.is_deeper = true;
            return (1, SpfEffect::Pending, None);
        }
        (1, SpfEffect::Record, Some(self.node(&next, above)))
    }

    fn expand(&self, target: &MacroString, name: &DnsName) -> Result<DnsName, SpfEffect> {
        if target.depends_on_message() {
            return Err(SpfEffect::Depends);
        }
        let values = MacroValues {
            ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            local: "postmaster",
            sender_domain: self.domain.as_str(),
            domain: name.as_str(),
            helo: "",
            validated: "unknown",
        };
        target.expand_name(&values).ok_or(SpfEffect::NoName)
    }

    /// The address records of a host; void only if it has no record of any of these types.
    fn address_effect(&mut self, host: &DnsName, kinds: &[RecordKind]) -> SpfEffect {
        let found: Vec<SpfLookup> = kinds.iter().map(|kind| self.lookup(host, *kind)).collect();
        let mut all = Vec::new();
        for lookup in &found {
            match lookup {
                SpfLookup::Found(records) => all.extend(addresses(records)),
                SpfLookup::Pending => return SpfEffect::Pending,
                SpfLookup::Failed | SpfLookup::NoRecord | SpfLookup::NxDomain => {}
            }
        }
        if !all.is_empty() {
            SpfEffect::Addresses(all)
        } else if found.contains(&SpfLookup::Failed) {
            SpfEffect::Failed(host.clone())
        } else {
            SpfEffect::Void { name: host.clone(), is_missing: found.contains(&SpfLookup::NxDomain) }
        }
    }

    fn mx(&mut self, host: &DnsName) -> SpfEffect {
        let records = match self.lookup(host, RecordKind::Mx) {
            SpfLookup::Pending => return SpfEffect::Pending,
            SpfLookup::Failed => return SpfEffect::Failed(host.clone()),
            SpfLookup::NoRecord => return SpfEffect::Void { name: host.clone(), is_missing: false },
            SpfLookup::NxDomain => return SpfEffect::Void { name: host.clone(), is_missing: true },
            SpfLookup::Found(records) => records,
        };
        let hosts: Vec<DnsName> = records
            .iter()
            .filter_map(|record| match record {
                RecordData::Mx { host, .. } if !host.is_root() => Some(host.clone()),
                _ => None,
            })
            .collect();
        let mut all = Vec::new();
        let mut is_pending = false;
        for host in hosts.iter().take(MAX_HOSTS) {
            match self.address_effect(host, &[RecordKind::A, RecordKind::Aaaa]) {
                SpfEffect::Addresses(addresses) => all.extend(addresses),
                SpfEffect::Pending => is_pending = true,
                _ => {}
            }
        }
        if is_pending { SpfEffect::Pending } else { SpfEffect::Hosts { hosts, addresses: all } }
    }

    fn exp(&mut self, target: &MacroString) -> SpfExp {
        let name = match self.expand(target, self.domain) {
            Ok(name) => name,
            Err(SpfEffect::Depends) => return SpfExp::Unknown,
            Err(_) => return SpfExp::Ignored(SpfExpProblem::NoRecord),
        };
        match self.lookup(&name, RecordKind::Txt) {
            SpfLookup::Pending | SpfLookup::Failed => SpfExp::Unknown,
            SpfLookup::NoRecord | SpfLookup::NxDomain => SpfExp::Ignored(SpfExpProblem::NoRecord),
            SpfLookup::Found(records) => match records.as_slice() {
                [RecordData::Txt { text, .. }] => match MacroString::parse(text, MacroUse::Explanation) {
                    Ok(_) => SpfExp::Valid(text.clone()),
                    Err(_) => SpfExp::Ignored(SpfExpProblem::Syntax),
                },
                _ => SpfExp::Ignored(SpfExpProblem::Several),
            },
        }
    }
}

/// Whether a record gives every address the result `pass` (RFC 7208 §4.7, without lookups): `+all`, or networks that
/// together contain all IPv4 addresses.
pub(crate) fn allows_everyone(record: &SpfRecord) -> Option<Vec<usize>> {
    // RFC 7208 §4.6: a syntax error anywhere makes the whole record invalid.
    if record.mistakes().next().is_some() {
        return None;
    }
    let mut networks: Vec<(RangeInclusive<u32>, usize)> = Vec::new();
    for (at, term) in record.terms.iter().enumerate() {
        let SpfTermKind::Directive(qualifier, mechanism) = &term.kind else { continue };
        match mechanism {
            SpfMechanism::All if *qualifier == SpfQualifier::Pass => return Some(vec![at]),
            SpfMechanism::All => break,
            SpfMechanism::Network { prefix: 0, .. } if *qualifier == SpfQualifier::Pass => return Some(vec![at]),
            SpfMechanism::Network { ip: IpAddr::V4(ip), prefix } if *qualifier == SpfQualifier::Pass => {
                let hosts = u32::MAX.checked_shr(u32::from(*prefix)).unwrap_or(0);
                let first = u32::from(*ip) & !hosts;
                networks.push((first..=first | hosts, at));
            }
            _ => {}
        }
    }
    covering(networks)
}

/// The terms of a node that give every address of a family the result `pass`: those of [`allows_everyone`], or `a` and `mx`
/// with the prefix length 0 whose host has an address of the family.
pub(crate) fn everyone_at(node: &SpfNode) -> Option<Vec<usize>> {
    let SpfFound::Record(record, _) = &node.found else { return None };
    allows_everyone(record).or_else(|| {
        let found: Vec<usize> = wide_hosts(node, 0, 0).collect();
        (!found.is_empty()).then_some(found)
    })
}

/// The first record of a tree that gives every address of a family the result `pass`, with its terms. Only `include` with the
/// qualifier `+` and `redirect` take over this result (RFC 7208 §5.2 and 6.1), and terms after a term that matches all
/// IPv4 addresses are never reached.
pub(crate) fn first_for_everyone(node: &SpfNode) -> Option<(&SpfNode, Vec<usize>)> {
    let SpfFound::Record(record, _) = &node.found else { return None };
    let matches_all = |kind: &SpfTermKind| {
        let is_v4 = |ip: &IpAddr| ip.is_ipv4();
        matches!(kind, SpfTermKind::Directive(SpfQualifier::Fail | SpfQualifier::SoftFail | SpfQualifier::Neutral, SpfMechanism::Network { ip, prefix: 0 }) if is_v4(ip))
    };
    if record.mistakes().next().is_some() {
        return None;
    }
    let end = record.terms.iter().position(|term| matches_all(&term.kind)).unwrap_or(record.terms.len());
    if let Some(terms) = everyone_at(node).filter(|terms| terms.iter().all(|at| *at < end)) {
        return Some((node, terms));
    }
    record.terms.iter().zip(&node.branches).take(end).find_map(|(term, branch)| match &term.kind {
        SpfTermKind::Directive(SpfQualifier::Pass, SpfMechanism::Include(_)) | SpfTermKind::Redirect(_)
            if branch.effect == SpfEffect::Record =>
        {
            first_for_everyone(branch.child.as_ref()?)
        }
        _ => None,
    })
}

/// The `a` and `mx` terms with the result `pass` whose prefix length for a family is at most this one, and whose hosts have
/// an address of the family.
pub(crate) fn wide_hosts(node: &SpfNode, v4: u8, v6: u8) -> impl Iterator<Item = usize> {
    let record = match &node.found {
        SpfFound::Record(record, _) if record.mistakes().next().is_none() => Some(record),
        _ => None,
    };
    let terms = record.into_iter().flat_map(|record| &record.terms).zip(&node.branches).enumerate();
    terms.filter_map(move |(at, (term, branch))| {
        let SpfTermKind::Directive(SpfQualifier::Pass, mechanism) = &term.kind else { return None };
        let (SpfMechanism::A { prefixes, .. } | SpfMechanism::Mx { prefixes, .. }) = mechanism else { return None };
        let (SpfEffect::Addresses(ips) | SpfEffect::Hosts { addresses: ips, .. }) = &branch.effect else { return None };
        let has = |is_ipv4: bool| ips.iter().any(|ip| ip.is_ipv4() == is_ipv4);
        ((prefixes.v4 <= v4 && has(true)) || (prefixes.v6 <= v6 && has(false))).then_some(at)
    })
}

/// The networks that together contain all IPv4 addresses, if there are such networks.
fn covering(mut networks: Vec<(RangeInclusive<u32>, usize)>) -> Option<Vec<usize>> {
    networks.sort_by_key(|(network, _)| *network.start());
    let (mut next, mut used) = (0, Vec::new());
    for (network, at) in networks {
        if *network.start() > next {
            return None;
        }
        if *network.end() >= next {
            used.push(at);
            match network.end().checked_add(1) {
                Some(after) => next = after,
                None => return Some(used),
            }
        }
    }
    None
}

/// The result for clients that no term matches, if the record is valid and has no `redirect`.
pub(crate) fn default_result(record: &SpfRecord) -> SpfResult {
    match record.all() {
        Some((_, SpfQualifier::Pass)) => SpfResult::Pass,
        Some((_, SpfQualifier::Fail)) => SpfResult::Fail,
        Some((_, SpfQualifier::SoftFail)) => SpfResult::SoftFail,
        Some((_, SpfQualifier::Neutral)) | None => SpfResult::Neutral,
    }
}
