//! The results of a check of a domain, in the words that every format for people shows: the matrix of mail servers, what
//! senders do, what the domain publishes, and what was not tested. The SPF tree is in [`super::spf_tree`]. Nothing is judged here: all results
//! are those of [`DomainSeen`]. Received text has passed [`escape`].

use crate::check::domain::seen::{
    DaneSeen, DaneState, Delivery, DkimKeySeen, DkimState, DnssecWord, DomainSeen, HostDelivery, ListSeen, ListState,
    MxAddressSeen, MxCertificateSeen, MxSeen, PoliciesSeen, ProbeReply, ProbeReplyState, PublishedState, SenderKind,
    StsSeen,
};
use crate::check::domain::{AddressResult, address_result};
use crate::render::escape;
use crate::render::style::Role;

use super::verdict::plural;

/// A text with its role.
pub(in crate::render) type DomainCell = (Role, String);

/// The heads of the matrix.
pub(in crate::render) const MATRIX_HEADS: [&str; 8] =
    ["MX", "address", "port 25", "TLS", "certificate", "DANE", "MTA-STS", "result"];

/// A row of the matrix: an MX host with one of its addresses and one of the certificates there.
pub(in crate::render) struct MatrixRow {
    /// The cells in the order of [`MATRIX_HEADS`]. The first one contains the shortened host name.
    pub(in crate::render) cells: [DomainCell; 8],
    /// The first cell with the complete host name.
    pub(in crate::render) full: String,
}

/// The domain and a summary, as separate parts.
pub(in crate::render) fn headline(seen: &DomainSeen) -> Vec<String> {
    let mut parts = vec!["mail domain".to_owned()];
    let explicit = seen.mx.iter().filter(|mx| !mx.implicit).count();
    let addresses: usize = seen.mx.iter().map(|mx| mx.addresses.len()).sum();
    if seen.null_mx {
        parts.push("receives no mail (null MX)".to_owned());
    } else if explicit == 0 && !seen.mx.is_empty() {
        parts.push("no MX".to_owned());
    } else {
        parts.push(format!("{explicit} MX"));
    }
    if addresses > 0 {
        parts.push(plural(addresses, "address", "addresses"));
    }
    parts.extend(seen.dnssec.state.map(|state| format!("DNSSEC {}", dnssec_word(state))));
    parts
}

fn dnssec_word(state: DnssecWord) -> &'static str {
    match state {
        DnssecWord::Secure => "secure",
        DnssecWord::Insecure => "insecure",
        DnssecWord::Bogus => "bogus",
        DnssecWord::Indeterminate => "indeterminate",
    }
}

/// The matrix.
pub(in crate::render) fn matrix(seen: &DomainSeen) -> Vec<MatrixRow> {
    let cut = common_suffix(seen);
    seen.mx.iter().flat_map(|mx| rows_of(mx, &seen.mta_sts, cut.as_deref())).collect()
}

/// The end of all host names that the matrix leaves out, with its dot, if it is not the domain that is checked.
pub(in crate::render) fn left_out(seen: &DomainSeen) -> Option<String> {
    common_suffix(seen)
        .filter(|suffix| suffix.get(1..) != Some(seen.domain.as_str()))
        .map(|suffix| escape::visible(&suffix))
}

/// The longest end that all host names have in common, beginning with a dot, which leaves a part of each name. For a single
/// host, it is the domain itself.
fn common_suffix(seen: &DomainSeen) -> Option<String> {
    let own = format!(".{}", seen.domain);
    if !seen.mx.is_empty() && seen.mx.iter().all(|mx| mx.host.ends_with(&own)) {
        return Some(own);
    }
    let [first, second, ..] = seen.mx.as_slice() else { return None };
    let hosts = || seen.mx.iter().map(|mx| mx.host.as_str());
    if first.host == second.host && hosts().all(|host| host == first.host) {
        return None;
    }
    let labels: Vec<&str> = first.host.split('.').collect();
    (1..labels.len().saturating_sub(1))
        .map(|at| format!(".{}", labels.get(at..).unwrap_or_default().join(".")))
        .find(|suffix| hosts().all(|host| host.len() > suffix.len() && host.ends_with(suffix.as_str())))
}

fn rows_of(mx: &MxSeen, sts: &StsSeen, cut: Option<&str>) -> Vec<MatrixRow> {
    let short = cut.and_then(|cut| mx.host.strip_suffix(cut)).unwrap_or(&mx.host);
    let named = |host: &str, kind: Option<&str>| {
        let preference = mx.preference.map(|preference| format!("{preference} ")).unwrap_or_default();
        let kind = kind.map(|kind| format!(" {}", kind_word(kind))).unwrap_or_default();
        format!("{preference}{}{kind}", escape::visible(host))
    };
    if mx.addresses.is_empty() {
        let why = mx.problem.as_deref().unwrap_or("not tested");
        let mut cells: [DomainCell; 8] = std::array::from_fn(|_| (Role::Dim, "-".to_owned()));
        let [first, address, .., result] = &mut cells;
        *first = (Role::Plain, named(short, None));
        *address = (Role::Error, escape::visible(why));
        *result = (Role::Error, "not usable".to_owned());
        return vec![MatrixRow { full: named(&mx.host, None), cells }];
    }
    mx.addresses
        .iter()
        .flat_map(|address| {
            let row =
                |kind: Option<&str>, certificate: Option<&MxCertificateSeen>, policies: &PoliciesSeen| MatrixRow {
                    full: named(&mx.host, kind),
                    cells: [
                        (Role::Plain, named(short, kind)),
                        (Role::Plain, address.ip.to_string()),
                        port(address),
                        tls(address),
                        certificate_cell(certificate),
                        dane(&policies.dane),
                        sts_cell(policies, sts),
                        result(address, policies),
                    ],
                };
            match address.certificates.as_slice() {
                [] => vec![row(None, None, &address.policies)],
                [one] => vec![row(None, Some(one), &one.policies)],
                all if differ(all) => {
                    all.iter().map(|one| row(Some(one.kind.as_str()), Some(one), &one.policies)).collect()
                }
                [first, ..] => vec![row(None, Some(first), &address.policies)],
            }
        })
        .collect()
}

/// Whether certificates lead to different results.
fn differ(all: &[MxCertificateSeen]) -> bool {
    let shown = |one: &MxCertificateSeen| (one.verifies, one.problem.clone(), one.days_left, one.policies.clone());
    all.windows(2).any(|pair| matches!(pair, [one, other] if shown(one) != shown(other)))
}

fn kind_word(kind: &str) -> String {
    match kind {
        "rsa" => "RSA".to_owned(),
        "ecdsa" => "EC".to_owned(),
        "ed25519" => "Ed25519".to_owned(),
        other => escape::visible(other),
    }
}

fn port(address: &MxAddressSeen) -> DomainCell {
    let problem = || address.problem.as_deref().map(escape::visible);
    match address.reachable {
        None => (Role::Dim, "not tested".to_owned()),
        Some(false) => (Role::Error, problem().unwrap_or_else(|| "unreachable".to_owned())),
        Some(true) if address.ready => (Role::Plain, "ready".to_owned()),
        Some(true) => (Role::Error, problem().unwrap_or_else(|| "not ready".to_owned())),
    }
}

fn tls(address: &MxAddressSeen) -> DomainCell {
    match (&address.tls_version, address.starttls) {
        (Some(version), _) => (Role::Plain, escape::visible(version.strip_prefix("TLS ").unwrap_or(version))),
        (None, Some(false)) => (Role::Warning, "none".to_owned()),
        (None, Some(true)) => (Role::Error, "failed".to_owned()),
        (None, None) => (Role::Dim, "-".to_owned()),
    }
}

fn certificate_cell(certificate: Option<&MxCertificateSeen>) -> DomainCell {
    let Some(certificate) = certificate else { return (Role::Dim, "-".to_owned()) };
    match (&certificate.problem, certificate.verifies, certificate.days_left) {
        (Some(problem), _, _) => (Role::Warning, escape::visible(problem)),
        (None, true, Some(days)) => (Role::Plain, format!("ok, {}", plural_days(days))),
        (None, true, None) => (Role::Plain, "ok".to_owned()),
        (None, false, _) => (Role::Warning, "not trusted".to_owned()),
    }
}

pub(in crate::render) fn plural_days(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// The parameters of a TLSA record: `3 1 1`.
fn parameters(record: &str) -> String {
    escape::visible(&record.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}

fn dane(dane: &DaneSeen) -> DomainCell {
    let of = |matches: Option<bool>| {
        let record = dane.records.iter().find(|record| matches.is_none() || record.matches == matches);
        record.map(|record| parameters(&record.record)).unwrap_or_default()
    };
    let with = |parameters: String, word: &str| format!("{parameters} {word}").trim().to_owned();
    match dane.state {
        Some(DaneState::Valid) => (Role::Plain, with(of(Some(true)), "ok")),
        Some(DaneState::Invalid) => (Role::Error, with(of(Some(false)), "mismatch")),
        Some(DaneState::Absent) => (Role::Dim, "none".to_owned()),
        Some(DaneState::Insecure) => (Role::Dim, "insecure".to_owned()),
        Some(DaneState::Unusable) => (Role::Warning, with(of(None), "unusable")),
        Some(DaneState::Error) => (Role::Error, "lookup failed".to_owned()),
        None if dane.records.is_empty() => (Role::Dim, "-".to_owned()),
        None => (Role::Plain, of(None)),
    }
}

fn sts_cell(policies: &PoliciesSeen, sts: &StsSeen) -> DomainCell {
    let mode = sts.mode.as_deref().map(escape::visible);
    match (&mode, sts.state, policies.mta_sts.listed) {
        (_, PublishedState::Absent, _) => (Role::Dim, "none".to_owned()),
        (None, PublishedState::Invalid, _) => (Role::Warning, "invalid".to_owned()),
        (None, _, _) => (Role::Dim, "-".to_owned()),
        (Some(_), _, Some(false)) => (Role::Error, "not listed".to_owned()),
        (Some(mode), _, _) => match (&policies.mta_sts.result, policies.mta_sts.delivers) {
            (Some(_), _) => (Role::Error, format!("{mode} fails")),
            (None, Delivery::Authenticated) => (Role::Plain, format!("{mode} ok")),
            (None, _) => (Role::Plain, mode.clone()),
        },
    }
}

/// The result of a row.
fn result(address: &MxAddressSeen, policies: &PoliciesSeen) -> DomainCell {
    let (role, word) = match address_result(address, policies) {
        AddressResult::PolicyFails(word) => return (Role::Error, escape::visible(word)),
        AddressResult::Unreachable => (Role::Error, "unreachable"),
        AddressResult::NotReady => (Role::Error, "not ready"),
        AddressResult::Delivers(Delivery::Unknown) => (Role::Dim, "not tested"),
        AddressResult::Delivers(Delivery::Authenticated) => (Role::Bold, "authenticated"),
        AddressResult::Delivers(Delivery::Encrypted) => (Role::Plain, "encrypted"),
        AddressResult::Delivers(Delivery::ClearText) => (Role::Warning, "clear text"),
        AddressResult::Delivers(Delivery::NotDelivered) => (Role::Error, "not delivered"),
    };
    (role, word.to_owned())
}

/// What each host replies about the recipient that the user gave: one line for each host, or for each of its addresses if
/// they reply differently. Empty if no server was asked.
pub(in crate::render) fn recipient(seen: &DomainSeen) -> Vec<DomainPart> {
    let is_asked = |address: &MxAddressSeen| address.recipient.state != ProbeReplyState::NotTested;
    if !seen.mx.iter().flat_map(|mx| &mx.addresses).any(is_asked) {
        return Vec::new();
    }
    let cut = common_suffix(seen);
    let of_host = |mx: &MxSeen| -> Vec<DomainPart> {
        let host = cut.as_deref().and_then(|cut| mx.host.strip_suffix(cut)).unwrap_or(&mx.host);
        let host = escape::visible(host);
        let is_same = |pair: &[MxAddressSeen]| matches!(pair, [one, other] if one.recipient == other.recipient);
        match mx.addresses.as_slice() {
            [] => {
                let why = mx.problem.clone().unwrap_or_else(|| "no IP address was tested".to_owned());
                vec![part(&host, PartState::NotTested, [why])]
            }
            [first, ..] if mx.addresses.windows(2).all(is_same) => vec![recipient_part(&host, &first.recipient)],
            all => all.iter().map(|one| recipient_part(&format!("{host} [{}]", one.ip), &one.recipient)).collect(),
        }
    };
    seen.mx.iter().flat_map(of_host).collect()
}

fn recipient_part(name: &str, reply: &ProbeReply) -> DomainPart {
    let (state, word) = match reply.state {
        ProbeReplyState::NotTested => return part(name, PartState::NotTested, reply.why.clone()),
        ProbeReplyState::Accepted => (PartState::Ok, "accepted"),
        ProbeReplyState::Deferred => (PartState::Problem, "temporarily rejected"),
        ProbeReplyState::Rejected => (PartState::Problem, "rejected"),
    };
    let code = reply.code.map(|code| format!(": {code}")).unwrap_or_default();
    let text = reply.text.as_ref().map(|text| format!(" {text}")).unwrap_or_default();
    part(name, state, [format!("{word}{code}{text}")])
}

/// What each kind of sender does: its name, and the results with the hosts to which they apply.
pub(in crate::render) fn senders(seen: &DomainSeen) -> Vec<(&'static str, Vec<DomainCell>)> {
    let cut = common_suffix(seen);
    let short = |host: &str| escape::visible(cut.as_deref().and_then(|cut| host.strip_suffix(cut)).unwrap_or(host));
    seen.senders
        .iter()
        .map(|sender| {
            let name = match sender.sender {
                SenderKind::Dane => "with DANE",
                SenderKind::MtaSts => "with MTA-STS",
                SenderKind::Neither => "with neither",
            };
            let mut groups: Vec<(String, Delivery, Vec<String>)> = Vec::new();
            for host in &sender.hosts {
                let words = delivery_words(host);
                match groups.iter_mut().find(|(known, ..)| *known == words) {
                    Some((.., hosts)) => hosts.push(short(&host.host)),
                    None => groups.push((words, host.delivers, vec![short(&host.host)])),
                }
            }
            let cells = groups
                .into_iter()
                .map(|(words, delivers, hosts)| (delivery_role(delivers), format!("{}: {words}", hosts.join(", "))));
            (name, cells.collect())
        })
        .collect()
}

fn delivery_role(delivers: Delivery) -> Role {
    match delivers {
        Delivery::Authenticated | Delivery::Encrypted => Role::Plain,
        Delivery::ClearText => Role::Warning,
        Delivery::NotDelivered => Role::Error,
        Delivery::Unknown => Role::Dim,
    }
}

fn delivery_words(host: &HostDelivery) -> String {
    let words = match host.delivers {
        Delivery::Authenticated => "encrypted and authenticated",
        Delivery::Encrypted => "encrypted, not authenticated",
        Delivery::ClearText => "unencrypted",
        Delivery::NotDelivered => "not delivered",
        Delivery::Unknown => "not tested",
    };
    match &host.reason {
        Some(reason) => format!("{words} ({})", escape::visible(reason)),
        None => words.to_owned(),
    }
}

/// The state of something that the domain publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum PartState {
    Ok,
    Problem,
    Absent,
    NotTested,
}

impl PartState {
    pub(in crate::render) fn word(self) -> &'static str {
        match self {
            PartState::Ok => "ok",
            PartState::Problem => "problem",
            PartState::Absent => "none",
            PartState::NotTested => "not tested",
        }
    }

    pub(in crate::render) fn role(self) -> Role {
        match self {
            PartState::Ok => Role::Plain,
            PartState::Problem => Role::Error,
            PartState::Absent => Role::Warning,
            PartState::NotTested => Role::Dim,
        }
    }

    fn of(state: PublishedState) -> PartState {
        match state {
            PublishedState::Unknown => PartState::NotTested,
            PublishedState::Absent => PartState::Absent,
            PublishedState::Valid => PartState::Ok,
            PublishedState::Invalid => PartState::Problem,
        }
    }
}

/// Something that the domain publishes, with its state and details.
pub(in crate::render) struct DomainPart {
    pub(in crate::render) name: String,
    pub(in crate::render) state: PartState,
    pub(in crate::render) detail: String,
}

/// The parts, with the reason from the list of what was not tested for each that has no details of its own.
fn with_reasons(seen: &DomainSeen, mut parts: Vec<DomainPart>) -> Vec<DomainPart> {
    for part in parts.iter_mut().filter(|part| part.state == PartState::NotTested && part.detail.is_empty()) {
        part.detail = escape::visible(&why_not_tested(seen, &part.name).unwrap_or_default());
    }
    parts
}

/// The reason from the list of what was not tested.
fn why_not_tested(seen: &DomainSeen, what: &str) -> Option<String> {
    seen.not_tested.iter().find(|entry| entry.what == what).map(|entry| entry.why.clone())
}

fn part(name: &str, state: PartState, detail: impl IntoIterator<Item = String>) -> DomainPart {
    let detail: Vec<String> = detail.into_iter().filter(|detail| !detail.is_empty()).collect();
    DomainPart { name: name.to_owned(), state, detail: escape::visible(&detail.join(", ")) }
}

/// The policies for receiving: MTA-STS and TLS-RPT.
pub(in crate::render) fn receiving(seen: &DomainSeen) -> Vec<DomainPart> {
    let sts = &seen.mta_sts;
    let state = if sts.problem.is_some() { PartState::Problem } else { PartState::of(sts.state) };
    let detail = [
        sts.problem.clone(),
        sts.mode.as_ref().map(|mode| format!("mode {mode}")),
        sts.max_age.map(|seconds| format!("max_age {}", age(seconds))),
        sts.id.as_ref().map(|id| format!("id {id}")),
    ];
    let rpt = &seen.tls_rpt;
    let rpt_state = if rpt.problem.is_some() { PartState::Problem } else { PartState::of(rpt.state) };
    let rua = (!rpt.rua.is_empty()).then(|| format!("reports to {}", rpt.rua.join(" and ")));
    let parts = vec![
        part("MTA-STS", state, detail.into_iter().flatten()),
        part("TLS-RPT", rpt_state, [rpt.problem.clone(), rua].into_iter().flatten()),
    ];
    with_reasons(seen, parts)
}

fn age(seconds: u64) -> String {
    match seconds {
        0..7200 => format!("{seconds} s"),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// What authenticates mail from the domain: SPF, DKIM, DMARC, PTR records and blocklists.
pub(in crate::render) fn sending(seen: &DomainSeen) -> Vec<DomainPart> {
    let mut parts = vec![spf(seen)];
    parts.push(dkim(seen));
    parts.push(dmarc(seen));
    for one in &seen.sending {
        let name = format!("PTR of {}", one.ip);
        let names = one.ptr.join(" and ");
        parts.push(match (one.forward_confirmed, one.ptr.is_empty()) {
            (Some(true), _) => part(&name, PartState::Ok, [names]),
            (Some(false), true) => part(&name, PartState::Absent, []),
            (Some(false), false) => {
                part(&name, PartState::Problem, [format!("{names} does not lead back to the IP address")])
            }
            (None, _) => part(&name, PartState::NotTested, [names, why_not_tested(seen, &name).unwrap_or_default()]),
        });
        parts.extend(lists(&format!("Blocklists for {}", one.ip), &one.lists));
    }
    if seen.sending.is_empty() {
        let why = "no IP address that sends mail is known: add --sending ADDRESS".to_owned();
        parts.push(part("PTR", PartState::NotTested, [why.clone()]));
        parts.push(part("Blocklists", PartState::NotTested, [why]));
    }
    parts.extend(lists("Blocklists for the domain", &seen.lists));
    with_reasons(seen, parts)
}

fn spf(seen: &DomainSeen) -> DomainPart {
    let spf = &seen.spf;
    let results = spf.results.iter().map(|one| {
        let by = one.decided_by.last().map(|term| format!(" by {term}")).unwrap_or_default();
        format!("{} for {}{by}", one.result, one.ip)
    });
    let counted = spf.lookups.map(|lookups| {
        let void = spf.void_lookups.map(|void| format!(", {void} of 2 void lookups")).unwrap_or_default();
        match lookups {
            ..=10 => format!("{lookups} of 10 lookups{void}"),
            _ => format!("{lookups} lookups, but the limit is 10{void}"),
        }
    });
    let is_bad = |result: &str| matches!(result, "permerror" | "temperror" | "fail" | "softfail");
    let is_problem = spf.problem.is_some() || spf.results.iter().any(|one| is_bad(&one.result));
    let state = if is_problem { PartState::Problem } else { PartState::of(spf.state) };
    part("SPF", state, spf.problem.clone().into_iter().chain(results).chain(counted))
}

fn dkim(seen: &DomainSeen) -> DomainPart {
    let dkim = &seen.dkim;
    let described = |key: &DkimKeySeen| {
        let kind = key.kind.as_deref().unwrap_or_default().to_owned();
        let bits = key.bits.map(|bits| format!(" {bits} bits")).unwrap_or_default();
        let word = match key.state {
            DkimState::Ok => format!("{kind}{bits}"),
            DkimState::Revoked => "revoked".to_owned(),
            DkimState::Weak => format!("weak, {kind}{bits}"),
            DkimState::Broken => "not readable".to_owned(),
            DkimState::Absent => "no record".to_owned(),
            DkimState::Unknown => "not tested".to_owned(),
        };
        let problem = key.problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
        format!("{} ({}{problem})", key.selector, word.trim())
    };
    let keys: Vec<String> = dkim.keys.iter().map(described).collect();
    let is = |state: DkimState| dkim.keys.iter().any(|key| key.state == state);
    match () {
        () if is(DkimState::Broken) || is(DkimState::Weak) || is(DkimState::Absent) => {
            part("DKIM", PartState::Problem, keys)
        }
        () if is(DkimState::Ok) => part("DKIM", PartState::Ok, keys),
        () if is(DkimState::Revoked) => part("DKIM", PartState::Problem, keys),
        () if dkim.can_exist == Some(false) => {
            part("DKIM", PartState::Absent, ["_domainkey does not exist, so the domain has no key".to_owned()])
        }
        () if dkim.tried > 0 => {
            let tried = format!("no key with one of {} common selectors", dkim.tried);
            part("DKIM", PartState::NotTested, [tried, "add --dkim-selector NAME".to_owned()])
        }
        () => part("DKIM", PartState::NotTested, keys),
    }
}

fn dmarc(seen: &DomainSeen) -> DomainPart {
    let dmarc = &seen.dmarc;
    let state = if dmarc.problem.is_some() { PartState::Problem } else { PartState::of(dmarc.state) };
    let policy = dmarc.policy.as_ref().map(|policy| match &dmarc.policy_by_list {
        Some(other) => format!("policy {policy} (by the historic RFC 7489: {other})"),
        None => format!("policy {policy}"),
    });
    let own = format!("_dmarc.{}", seen.domain);
    let found = dmarc.found_at.as_ref().filter(|name| **name != own).map(|name| format!("record at {name}"));
    let rua = (!dmarc.rua.is_empty()).then(|| format!("reports to {}", dmarc.rua.join(" and ")));
    part("DMARC", state, [dmarc.problem.clone(), policy, found, rua].into_iter().flatten())
}

fn lists(name: &str, lists: &[ListSeen]) -> Option<DomainPart> {
    if lists.is_empty() {
        return None;
    }
    let of = |state: ListState| lists.iter().filter(move |list| list.state == state);
    let named = |list: &ListSeen| match &list.detail {
        Some(detail) => format!("{} ({detail})", list.zone),
        None => list.zone.clone(),
    };
    let listed: Vec<String> = of(ListState::Listed).map(|list| format!("listed by {}", named(list))).collect();
    let unusable: Vec<String> = of(ListState::Refused)
        .map(|list| format!("{} does not answer this resolver", list.zone))
        .chain(of(ListState::NotWorking).map(|list| format!("{} gives no usable answers", list.zone)))
        .collect();
    let clean = of(ListState::Clean).count();
    let state = match () {
        () if !listed.is_empty() => PartState::Problem,
        () if clean == 0 => PartState::NotTested,
        () => PartState::Ok,
    };
    let clean = (clean > 0).then(|| format!("not listed by {}", plural(clean, "list", "lists")));
    Some(part(name, state, listed.into_iter().chain(clean).chain(unusable)))
}

/// What was not tested, with the reason.
pub(in crate::render) fn not_tested(seen: &DomainSeen) -> Vec<String> {
    seen.not_tested
        .iter()
        .map(|one| format!("{} ({})", escape::visible(&one.what), escape::visible(&one.why)))
        .collect()
}
