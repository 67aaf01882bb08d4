//! The results of a domain check, in the wording that all formats for people use: the matrix of mail servers, what
//! senders do, what the domain publishes, and what was not tested. The SPF tree is in [`super::spf_tree`]. This module
//! judges nothing: all results come from [`DomainSeen`]. Received text has passed through [`escape`].

mod matrix;

use crate::check::domain::alignment::{AlignmentWord, DmarcAlignment};
use crate::check::domain::seen::{
    Delivery, DkimKeySeen, DkimState, DmarcSeen, DnssecWord, DomainSeen, HostDelivery, ListSeen, ListState,
    MxAddressSeen, MxSeen, NotTested, ProbeReply, ProbeReplyState, PublishedState, SenderKind, SpfResultSeen, SpfSeen,
};
use crate::render::escape;
use crate::render::style::Role;

use super::verdict::plural;
pub(in crate::render) use matrix::{MatrixCell, MatrixHost, MatrixRow, matrix, matrix_heads};

/// Text with its role.
pub(in crate::render) type DomainCell = (Role, String);

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

/// The common ending of the host names, which the matrix leaves out, with its dot; `None` if it is the domain that is
/// checked.
pub(in crate::render) fn left_out(seen: &DomainSeen) -> Option<String> {
    common_suffix(seen)
        .filter(|suffix| suffix.get(1..) != Some(seen.domain.as_str()))
        .map(|suffix| escape::visible(&suffix))
}

/// The longest ending that all host names share, if a part of each name remains before it. The ending begins with a
/// dot. If all hosts are in the domain that is checked, the ending is this domain.
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

/// A host name without the ending that all host names share.
fn shortened(host: &str, cut: Option<&str>) -> String {
    escape::visible(cut.and_then(|cut| host.strip_suffix(cut)).unwrap_or(host))
}

/// What each host replies about the recipient that the user gave: one line for each host, or for each of its addresses
/// if they reply differently. Empty if no server was queried.
pub(in crate::render) fn recipient(seen: &DomainSeen) -> Vec<DomainPart> {
    let is_asked = |address: &MxAddressSeen| address.recipient.state != ProbeReplyState::NotTested;
    if !seen.mx.iter().flat_map(|mx| &mx.addresses).any(is_asked) {
        return Vec::new();
    }
    let cut = common_suffix(seen);
    let of_host = |mx: &MxSeen| -> Vec<DomainPart> {
        let host = shortened(&mx.host, cut.as_deref());
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

/// What each kind of sender does: its name, and the results with the hosts that they apply to.
pub(in crate::render) fn senders(seen: &DomainSeen) -> Vec<(&'static str, Vec<DomainCell>)> {
    let cut = common_suffix(seen);
    let short = |host: &str| shortened(host, cut.as_deref());
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

/// Adds the reason to each part that was not tested and has no details.
fn with_reasons(seen: &DomainSeen, mut parts: Vec<DomainPart>) -> Vec<DomainPart> {
    for part in parts.iter_mut().filter(|part| part.state == PartState::NotTested && part.detail.is_empty()) {
        part.detail = escape::visible(&why_not_tested(seen, &part.name).unwrap_or_default());
    }
    parts
}

/// The reason why a part was not tested, if there is one.
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
    let failing = fails_policy(seen);
    let is_problem = sts.problem.is_some() || failing.is_some();
    let state = if is_problem { PartState::Problem } else { PartState::of(sts.state) };
    let detail = [
        sts.problem.clone(),
        failing,
        sts.mode.as_ref().map(|mode| format!("mode {mode}")),
        sts.max_age.map(|seconds| format!("max_age {}", age(seconds))),
        sts.id.as_ref().map(|id| format!("id {id}")),
    ];
    let rpt = &seen.tls_rpt;
    let rpt_state = if rpt.problem.is_some() { PartState::Problem } else { PartState::of(rpt.state) };
    let rua = (!rpt.rua.is_empty()).then(|| format!("reports to {}", rpt.rua.join(" and ")));
    let mut parts = unmatched_tlsa(seen);
    parts.push(part("MTA-STS", state, detail.into_iter().flatten()));
    parts.push(part("TLS-RPT", rpt_state, [rpt.problem.clone(), rua].into_iter().flatten()));
    with_reasons(seen, parts)
}

/// The hosts to which senders that use MTA-STS do not deliver mail because of the policy, as a short phrase.
fn fails_policy(seen: &DomainSeen) -> Option<String> {
    let fails = |address: &MxAddressSeen| {
        let result = &address.policies.mta_sts;
        result.listed.is_some() && result.result.is_some() && result.delivers == Delivery::NotDelivered
    };
    let failing = seen.mx.iter().filter(|mx| mx.addresses.iter().any(fails)).count();
    (failing > 0).then(|| format!("fails for {}", plural(failing, "MX host", "MX hosts")))
}

/// One line for each host that has TLSA records for a certificate that its servers do not send.
fn unmatched_tlsa(seen: &DomainSeen) -> Vec<DomainPart> {
    let cut = common_suffix(seen);
    let with_records = seen.mx.iter().filter(|mx| !mx.unmatched_tlsa.is_empty());
    let of_host = |mx: &MxSeen| {
        let records: Vec<String> = mx.unmatched_tlsa.iter().map(|record| beginning(record)).collect();
        let detail = match records.as_slice() {
            [one] => {
                format!("{one} matches no certificate that the server sends now: it is for the next key, or left over")
            }
            all => format!(
                "{} match no certificate that the server sends now: they are for the next keys, or left over",
                all.join(" and ")
            ),
        };
        part(&format!("TLSA of {}", shortened(&mx.host, cut.as_deref())), PartState::Ok, [detail])
    };
    with_records.map(of_host).collect()
}

/// The parameters of a TLSA record and the first digits of its data.
fn beginning(record: &str) -> String {
    const DIGITS: usize = 8;
    match record.rsplit_once(' ') {
        Some((parameters, data)) if data.len() > DIGITS => {
            format!("{parameters} {}...", data.chars().take(DIGITS).collect::<String>())
        }
        _ => record.to_owned(),
    }
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
                part(&name, PartState::Problem, [format!("no PTR name resolves back to the IP address: {names}")])
            }
            (None, _) => part(&name, PartState::NotTested, [names, why_not_tested(seen, &name).unwrap_or_default()]),
        });
        parts.extend(lists(&format!("Blocklists for {}", one.ip), &one.lists));
    }
    if seen.sending.is_empty() {
        let why = "the sending IP address is unknown; add --sending ADDRESS".to_owned();
        parts.push(part("PTR", PartState::NotTested, [why.clone()]));
        parts.push(part("Blocklists", PartState::NotTested, [why]));
    }
    parts.extend(lists("Blocklists for the domain", &seen.lists));
    with_reasons(seen, parts)
}

fn spf(seen: &DomainSeen) -> DomainPart {
    let spf = &seen.spf;
    let clients = if seen.sending.is_empty() { SpfClients::MxHosts } else { SpfClients::Sending };
    let results = spf_results(spf, clients);
    let counted = spf.lookups.map(|lookups| {
        let void = spf.void_lookups.map(|void| format!("; {void} of 2 void lookups")).unwrap_or_default();
        match lookups {
            ..=10 => format!("{lookups} of 10 lookups{void}"),
            _ => format!("{lookups} lookups (limit 10){void}"),
        }
    });
    let is_bad = |result: &str| match result {
        "permerror" | "temperror" => true,
        // It is not known whether an MX host sends mail.
        "fail" | "softfail" => clients == SpfClients::Sending,
        _ => false,
    };
    let is_problem = spf.problem.is_some() || spf.results.iter().any(|one| is_bad(&one.result));
    let state = if is_problem { PartState::Problem } else { PartState::of(spf.state) };
    part("SPF", state, spf.problem.clone().into_iter().chain(results).chain(counted))
}

/// The clients for which SPF was evaluated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SpfClients {
    /// The IP addresses that send mail for the domain (`--sending`).
    Sending,
    /// The MX hosts, because no sending address is known.
    MxHosts,
}

/// The SPF results, each with the IP addresses that it applies to. Without a record, there is no result to show.
fn spf_results(spf: &SpfSeen, clients: SpfClients) -> Vec<String> {
    if spf.state == PublishedState::Absent {
        return Vec::new();
    }
    let mut groups: Vec<(&SpfResultSeen, Vec<String>)> = Vec::new();
    for one in &spf.results {
        let is_same =
            |other: &SpfResultSeen| (&other.result, other.decided_by.last()) == (&one.result, one.decided_by.last());
        match groups.iter_mut().find(|(other, _)| is_same(other)) {
            Some((_, addresses)) => addresses.push(one.ip.to_string()),
            None => groups.push((one, vec![one.ip.to_string()])),
        }
    }
    let words = |(one, addresses): (&SpfResultSeen, Vec<String>)| {
        let is_error = matches!(one.result.as_str(), "permerror" | "temperror");
        let place = |term| if is_error { format!(" at {term}") } else { format!(" (matched by the term {term})") };
        let by = one.decided_by.last().map(place).unwrap_or_default();
        let shown = match addresses.as_slice() {
            [first, second, third, rest @ ..] if rest.len() > 1 => {
                format!("{first}, {second}, {third} and {} other addresses", rest.len())
            }
            [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
            all => all.concat(),
        };
        match (clients, one.result.as_str()) {
            (SpfClients::MxHosts, "fail" | "softfail" | "neutral") => {
                format!("the MX hosts are not among the senders ({} for {shown})", one.result)
            }
            _ => format!("{} for {shown}{by}", one.result),
        }
    };
    groups.into_iter().map(words).collect()
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
    let is_valid =
        |key: &DkimKeySeen| key.state == DkimState::Ok || (key.state == DkimState::Weak && !is_too_short(key));
    let has_valid = dkim.keys.iter().any(is_valid);
    // These states are only a notice: a key of 1024 bits is valid, and an alias without a key may be for the next key.
    let is_problem = |key: &DkimKeySeen| match key.state {
        DkimState::Broken => true,
        DkimState::Weak => is_too_short(key),
        DkimState::Absent => !has_valid || key.via.is_empty(),
        DkimState::Ok | DkimState::Revoked | DkimState::Unknown => false,
    };
    // Only for selectors that were guessed is there a number of other selectors without a key.
    let is_guessed = dkim.tried > 0;
    match () {
        () if dkim.keys.iter().any(is_problem) => part("DKIM", PartState::Problem, keys),
        () if has_valid => part("DKIM", PartState::Ok, keys),
        () if is(DkimState::Revoked) && !is_guessed => part("DKIM", PartState::Problem, keys),
        () if dkim.can_exist == Some(false) => {
            part("DKIM", PartState::Absent, ["_domainkey does not exist, so the domain itself has no key".to_owned()])
        }
        () if dkim.tried > 0 => {
            let tried = format!("no key for any of {} common selectors", dkim.tried);
            part("DKIM", PartState::NotTested, [tried, "add --dkim-selector NAME".to_owned()])
        }
        () => part("DKIM", PartState::NotTested, keys),
    }
}

/// Whether signatures with a key are never valid because of its size (RFC 8301 §3.2).
fn is_too_short(key: &DkimKeySeen) -> bool {
    key.bits.is_some_and(|bits| bits < 1024)
}

fn dmarc(seen: &DomainSeen) -> DomainPart {
    let dmarc = &seen.dmarc;
    let state = if dmarc.problem.is_some() { PartState::Problem } else { PartState::of(dmarc.state) };
    let policy = dmarc.policy.as_ref().map(|policy| match &dmarc.policy_by_list {
        Some(other) => format!("policy {policy} (under the historic RFC 7489: {other})"),
        None => format!("policy {policy}"),
    });
    let own = format!("_dmarc.{}", seen.domain);
    let found = dmarc.found_at.as_ref().filter(|name| **name != own).map(|name| format!("record at {name}"));
    let rua = (!dmarc.rua.is_empty()).then(|| format!("reports to {}", dmarc.rua.join(" and ")));
    part("DMARC", state, [dmarc.problem.clone(), policy, alignment(dmarc), found, rua].into_iter().flatten())
}

/// Which domains of DKIM signatures and envelope senders count for DMARC.
fn alignment(dmarc: &DmarcSeen) -> Option<String> {
    let (dkim, spf) = (dmarc.dkim_alignment.as_ref()?, dmarc.spf_alignment.as_ref()?);
    let words = |alignment: &DmarcAlignment| {
        let domain = alignment.domains.first().map(String::as_str).unwrap_or_default();
        match alignment.mode {
            AlignmentWord::Relaxed => format!("{domain} or below (relaxed)"),
            AlignmentWord::Strict => format!("only {domain} (strict)"),
        }
    };
    Some(if dkim == spf {
        format!("domains aligned for DKIM and for the envelope sender: {}", words(dkim))
    } else {
        format!("domains aligned for DKIM: {}, and for the envelope sender: {}", words(dkim), words(spf))
    })
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
        .chain(of(ListState::NotWorking).map(|list| format!("{} returns no usable answers", list.zone)))
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

/// What was not tested, with the reason. Entries with the same reason, such as all IP addresses of a family, are combined.
pub(in crate::render) fn not_tested(seen: &DomainSeen) -> Vec<String> {
    grouped_by_reason(&seen.not_tested)
}

fn grouped_by_reason(entries: &[NotTested]) -> Vec<String> {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for one in entries {
        match groups.iter_mut().find(|(why, _)| *why == one.why) {
            Some((_, all)) => all.push(escape::visible(&one.what)),
            None => groups.push((&one.why, vec![escape::visible(&one.what)])),
        }
    }
    let lines = |(why, all): (&str, Vec<String>)| {
        let why = escape::visible(why);
        match all.as_slice() {
            [first, second, third, rest @ ..] if rest.len() > 1 => {
                vec![format!("{first}, {second}, {third}, and {} more ({why})", rest.len())]
            }
            all => all.iter().map(|what| format!("{what} ({why})")).collect(),
        }
    };
    groups.into_iter().flat_map(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::{SpfClients, beginning, grouped_by_reason, spf_results};
    use crate::check::domain::seen::{NotTested, PublishedState, SpfResultSeen, SpfSeen};

    #[test]
    fn many_addresses_with_the_same_spf_result_are_one_part() {
        let result = |last: u8, result: &str, by: &str| SpfResultSeen {
            ip: [192, 0, 2, last].into(),
            result: result.to_owned(),
            decided_by: vec![by.to_owned()],
            lookups: 1,
        };
        let mut results: Vec<SpfResultSeen> = (1..=6).map(|last| result(last, "pass", "mx")).collect();
        results.extend([result(7, "fail", "-all"), result(8, "fail", "-all")]);
        let spf = SpfSeen { state: PublishedState::Valid, results, ..SpfSeen::default() };
        let of_hosts = "the MX hosts are not among the senders (fail for 192.0.2.7 and 192.0.2.8)";
        assert_eq!(spf_results(&spf, SpfClients::MxHosts).last().map(String::as_str), Some(of_hosts));
        let expected = [
            "pass for 192.0.2.1, 192.0.2.2, 192.0.2.3 and 3 other addresses (matched by the term mx)",
            "fail for 192.0.2.7 and 192.0.2.8 (matched by the term -all)",
        ];
        assert_eq!(spf_results(&spf, SpfClients::Sending), expected);
        let absent = SpfSeen { state: PublishedState::Absent, ..spf };
        assert!(spf_results(&absent, SpfClients::Sending).is_empty());
    }

    #[test]
    fn a_tlsa_record_is_named_by_its_parameters_and_its_first_digits() {
        assert_eq!(beginning("3 1 1 0123456789abcdef"), "3 1 1 01234567...");
        assert_eq!(beginning("3 1 1 0123"), "3 1 1 0123");
    }

    #[test]
    fn many_entries_that_were_not_tested_for_the_same_reason_are_one() {
        let entry = |what: &str, why: &str| NotTested { what: what.to_owned(), why: why.to_owned() };
        let mut entries: Vec<NotTested> = (1..=5).map(|number| entry(&format!("mx{number}"), "no IPv6")).collect();
        entries.extend([entry("DKIM", "no answer\u{202e}"), entry("SPF", "no answer\u{202e}")]);
        let expected = ["mx1, mx2, mx3, and 2 more (no IPv6)", "DKIM (no answer\\u{202e})", "SPF (no answer\\u{202e})"];
        assert_eq!(grouped_by_reason(&entries), expected);
    }
}
