//! Compares the sessions with several servers behind one name, and names the servers that differ from the others. The
//! smaller group is reported as different. For failures and certificates, the servers with the fault are reported, even
//! if they are the majority.

use std::collections::BTreeMap;
use std::fmt;

use super::super::finding::{Finding, PhaseFailure, Rule, Severity};
use super::rules::{
    BACKEND_CERTIFICATE_DIFFERS, BACKEND_EXTENSIONS_DIFFER, BACKEND_FAILS, BACKEND_TICKETS_DIFFER, BACKEND_TLS_DIFFERS,
};
use super::seen::{BackendSeen, CertificateFault};
use crate::evidence::quote::{Quote, QuoteOrigin};
use crate::evidence::{Phase, ProbeId};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Plan, TlsMode, Verify};

/// The maximum number of servers, and of extensions, that a sentence lists.
const LISTED: usize = 4;

/// The findings about servers that differ from the others. Each element is one server. Fewer than two servers cannot be
/// compared.
pub(crate) fn compare(plan: &Plan, seen: &[&BackendSeen]) -> Vec<Finding> {
    let servers = Servers { plan, all: seen };
    if seen.len() < 2 {
        return Vec::new();
    }
    let found = [failing(servers), certificates(servers), without_tls(servers), extensions(servers), tickets(servers)];
    found.into_iter().flatten().collect()
}

/// The servers behind a name.
#[derive(Clone, Copy)]
struct Servers<'a> {
    plan: &'a Plan,
    all: &'a [&'a BackendSeen],
}

impl<'a> Servers<'a> {
    /// The beginning of a sentence: "1 of 4 backends of mail.example.net".
    fn counted(self, some: usize) -> String {
        format!("{some} of {} backends of {}", self.all.len(), self.plan.target.host)
    }

    /// The names of some servers.
    fn named(self, some: &[&BackendSeen]) -> String {
        let mut names: Vec<String> = some.iter().take(LISTED).map(|one| self.label(one)).collect();
        if some.len() > LISTED {
            names.push(format!("{} more", some.len() - LISTED));
        }
        names.join(", ")
    }

    /// The name of a server: the host in its greeting with its IP address, or only one of the two if the other is the
    /// same for all servers. If both are the same for all servers, the certificate is added.
    fn label(self, one: &BackendSeen) -> String {
        let differ = |same: &dyn Fn(&BackendSeen) -> bool| self.all.iter().any(|other| !same(other));
        let has_own_host = differ(&|other| other.greeting_host == one.greeting_host);
        let has_own_address = differ(&|other| other.address == one.address);
        let host = one.greeting_host.clone().filter(|_| has_own_host || one.address.is_none()).map(|text| {
            let origin = one.greeting_event.map_or(QuoteOrigin::Attempt(one.probe), QuoteOrigin::Event);
            Quote { origin, text: text.into() }.to_string()
        });
        let address = one.address.filter(|_| has_own_address || host.is_none());
        let is_alone =
            self.all.iter().filter(|other| other.greeting_host == one.greeting_host && other.address == one.address);
        let certificate = match (&one.certificate, is_alone.count()) {
            (Some(certificate), 2..) => format!(", certificate {}", short(&certificate.sha256)),
            _ => String::new(),
        };
        match (host, address) {
            (Some(host), Some(address)) => format!("{host} ({address}{certificate})"),
            (Some(host), None) => format!("{host}{certificate}"),
            (None, Some(address)) => format!("{address}{certificate}"),
            (None, None) => format!("an unknown server{certificate}"),
        }
    }

    fn finding(self, rule: &'static Rule, phase: Phase, summary: String, some: &[&BackendSeen]) -> Finding {
        let finding = Finding::new(rule, phase, Confidence::Certain, summary);
        some.iter().map(|one| one.probe).filter(|probe| *probe != ProbeId(0)).fold(finding, Finding::tried)
    }

    /// The command that checks one server, if its IP address is known and no other server shares it.
    fn check_of(self, one: &BackendSeen) -> Option<Fix> {
        let same = self.all.iter().filter(|other| other.address == one.address).count();
        let address = one.address.filter(|_| same == 1)?;
        let target = self.plan.target.host.with_port(self.plan.target.port);
        let command = format!("smtpcheck {target} --resolve {target}:{address}");
        Some(Fix::run("Check this server alone", command))
    }
}

/// The first digits of a fingerprint, which are enough to distinguish certificates.
fn short(sha256: &str) -> &str {
    sha256.get(..8).unwrap_or(sha256)
}

/// Servers whose sessions fail although the sessions with other servers succeed.
fn failing(servers: Servers<'_>) -> Option<Finding> {
    let some: Vec<&BackendSeen> = servers.all.iter().copied().filter(|one| one.failure.is_some()).collect();
    let first = some.first()?;
    if some.len() == servers.all.len() {
        return None;
    }
    let failure = first.failure.as_ref()?;
    let reasons: Vec<String> = some
        .iter()
        .take(LISTED)
        .filter_map(|one| Some(format!("{} ({})", servers.label(one), one.failure.as_ref()?.reason)))
        .collect();
    let more = some.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    let predicate = if some.len() == 1 { "fails" } else { "fail" };
    let summary = format!("{} {predicate}: {}{more}", servers.counted(some.len()), reasons.join(", "));
    let mut finding = servers.finding(&BACKEND_FAILS, failure.phase, summary, &some);
    finding.failure = Some(failure.kind);
    finding.cause = "The other servers respond. A client fails if it reaches a faulty server, and often succeeds on the next attempt, so the fault is intermittent.".to_owned();
    finding.fixes = vec![Fix::text(format!(
        "Server operator: repair {}. Until then, remove every faulty server from the load balancer or from DNS.",
        servers.named(&some)
    ))];
    finding.fixes.extend(servers.check_of(first));
    Some(finding)
}

/// Servers whose certificates could not be verified although other servers' certificates could.
fn certificates(servers: Servers<'_>) -> Option<Finding> {
    let shown = |one: &&BackendSeen| one.certificate.is_some();
    let fault = |one: &BackendSeen| one.certificate.as_ref().and_then(|certificate| certificate.fault);
    let with: Vec<&BackendSeen> = servers.all.iter().copied().filter(shown).collect();
    let some: Vec<&BackendSeen> = with.iter().copied().filter(|one| fault(one).is_some()).collect();
    let first = some.first()?;
    if some.len() == with.len() {
        return None;
    }
    let faults: Vec<CertificateFault> = some.iter().filter_map(|one| fault(one)).collect();
    let is_common = faults.iter().all(|one| Some(one) == faults.first());
    let what = faults.first().filter(|_| is_common).map_or("could not be verified", |fault| fault.in_words());
    let predicate = if some.len() == 1 { "presents" } else { "present" };
    let summary =
        format!("{} {predicate} a certificate that {what}: {}", servers.counted(some.len()), servers.named(&some));
    let mut finding = servers.finding(&BACKEND_CERTIFICATE_DIFFERS, Phase::Tls, summary, &some);
    let plan = servers.plan;
    if plan.tls.verify == Verify::Insecure {
        finding.severity = Severity::Notice;
    } else if plan.target.port == 25 && plan.tls.mode == TlsMode::Auto && plan.login.is_none() {
        finding.severity = Severity::Warning;
    } else {
        finding.failure = Some(PhaseFailure::Tls);
    }
    finding.cause = "The certificates of the other servers are valid. A client fails only if it reaches a server with an invalid certificate. Usually, the cause is that a renewed certificate was not installed on every server.".to_owned();
    finding.fixes = vec![Fix::text(format!(
        "Server operator: install the current certificate on {}, and reload the mail service there",
        servers.named(&some)
    ))];
    finding.fixes.extend(servers.check_of(first));
    Some(finding)
}

/// Servers without TLS, or with a different TLS version.
fn without_tls(servers: Servers<'_>) -> Option<Finding> {
    let complete: Vec<&BackendSeen> = servers.all.iter().copied().filter(|one| one.is_complete()).collect();
    let some: Vec<&BackendSeen> = complete.iter().copied().filter(|one| !one.has_tls()).collect();
    if let Some(first) = some.first().filter(|_| some.len() < complete.len()) {
        let predicate = if some.len() == 1 { "does" } else { "do" };
        let summary = format!("{} {predicate} not support TLS: {}", servers.counted(some.len()), servers.named(&some));
        let mut finding = servers.finding(&BACKEND_TLS_DIFFERS, Phase::Starttls, summary, &some);
        finding.cause = "The other servers support TLS. A client that requires TLS fails if it reaches a server without TLS. Other clients send their messages unencrypted.".to_owned();
        finding.fixes = vec![Fix::text(format!(
            "Server operator: enable TLS on {}, as on the other servers",
            servers.named(&some)
        ))];
        finding.fixes.extend(servers.check_of(first));
        return Some(finding);
    }
    let (value, some) = minority(&complete, |one| one.tls_version.clone())?;
    let predicate = if some.len() == 1 { "uses" } else { "use" };
    let summary = format!("{} {predicate} TLS {value}: {}", servers.counted(some.len()), servers.named(&some));
    let mut finding = servers.finding(&BACKEND_TLS_DIFFERS, Phase::Tls, summary, &some);
    finding.severity = Severity::Notice;
    finding.cause = "The other servers use a different TLS version with the same client.".to_owned();
    finding.fixes = vec![Fix::text("Server operator: use the same TLS settings on all servers behind the name")];
    Some(finding)
}

/// Servers whose extensions differ from those of most servers.
fn extensions(servers: Servers<'_>) -> Option<Finding> {
    let has_tls = |one: &&BackendSeen| one.tls_version.is_some();
    let complete: Vec<&BackendSeen> = servers.all.iter().copied().filter(|one| one.is_complete()).collect();
    // Servers advertise different extensions before and over TLS, so only replies from the same state are compared.
    let encrypted = complete.iter().copied().filter(has_tls).count() * 2 >= complete.len();
    let compared: Vec<&BackendSeen> =
        complete.into_iter().filter(|one| one.tls_version.is_some() == encrypted).collect();
    let (value, some) = minority(&compared, |one| one.extensions.clone())?;
    let usual = compared.iter().find(|one| one.extensions.as_ref() != Some(&value))?;
    let usual_words = usual.extensions.clone().unwrap_or_default();
    let first = some.first()?;
    let listed = |words: &[String], without: &[String], from: &BackendSeen| -> String {
        let only: Vec<&String> = words.iter().filter(|word| !without.contains(word)).collect();
        let origin = from.greeting_event.map_or(QuoteOrigin::Attempt(from.probe), QuoteOrigin::Event);
        let shown = only
            .iter()
            .take(LISTED)
            .map(|word| Quote { origin, text: std::borrow::Cow::Borrowed(word.as_str()) }.to_string());
        let more = only.len().saturating_sub(LISTED);
        shown.chain((more > 0).then(|| format!("{more} more"))).collect::<Vec<_>>().join(", ")
    };
    let (extra, lacking) = (listed(&value, &usual_words, first), listed(&usual_words, &value, usual));
    let predicate = |one: &'static str, more: &'static str| if some.len() == 1 { one } else { more };
    let what = match (extra.is_empty(), lacking.is_empty()) {
        (true, _) => format!("{} not advertise {lacking}", predicate("does", "do")),
        (false, true) => format!("{} {extra}, and the others do not", predicate("advertises", "advertise")),
        (false, false) => format!("{} {extra} instead of {lacking}", predicate("advertises", "advertise")),
    };
    let summary = format!("{} {what}: {}", servers.counted(some.len()), servers.named(&some));
    let mut finding = servers.finding(&BACKEND_EXTENSIONS_DIFFER, Phase::Ehlo, summary, &some);
    finding.cause = "All other servers advertise the same extensions. One server may accept a message or login that another rejects, so the result depends on which server a client reaches.".to_owned();
    finding.fixes = vec![Fix::text(format!(
        "Server operator: compare the configuration and software version of {} with those of the other servers",
        servers.named(&some)
    ))];
    finding.fixes.extend(servers.check_of(first));
    Some(finding)
}

/// Servers that send session tickets although most do not, or that send none although most do.
fn tickets(servers: Servers<'_>) -> Option<Finding> {
    let complete: Vec<&BackendSeen> = servers.all.iter().copied().filter(|one| one.is_complete()).collect();
    let (sends, some) = minority(&complete, |one| one.tickets)?;
    let predicate = match (sends, some.len()) {
        (true, 1) => "sends TLS session tickets, and the others do not",
        (true, _) => "send TLS session tickets, and the others do not",
        (false, 1) => "sends no TLS session ticket",
        (false, _) => "send no TLS session ticket",
    };
    let summary = format!("{} {predicate}: {}", servers.counted(some.len()), servers.named(&some));
    let mut finding = servers.finding(&BACKEND_TICKETS_DIFFER, Phase::Tls, summary, &some);
    finding.cause = "The servers have different TLS settings or run different software.".to_owned();
    finding.fixes = vec![Fix::text("Server operator: use the same TLS settings on all servers behind the name")];
    Some(finding)
}

/// The value that the fewest servers have, together with these servers; `None` if all servers have the same value.
/// Servers without a value are not compared. If two values are equally frequent, the value that was seen later is
/// returned.
fn minority<'a, V: Clone + Ord + fmt::Debug>(
    all: &[&'a BackendSeen],
    value: impl Fn(&BackendSeen) -> Option<V>,
) -> Option<(V, Vec<&'a BackendSeen>)> {
    let mut groups: BTreeMap<V, (usize, Vec<&'a BackendSeen>)> = BTreeMap::new();
    for (at, one) in all.iter().enumerate() {
        if let Some(value) = value(one) {
            groups.entry(value).or_insert((at, Vec::new())).1.push(one);
        }
    }
    if groups.len() < 2 {
        return None;
    }
    let fewest = groups.into_iter().min_by_key(|(_, (first, some))| (some.len(), std::cmp::Reverse(*first)));
    fewest.map(|(value, (_, some))| (value, some))
}
