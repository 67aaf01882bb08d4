//! The findings of the ordinary checks in the sessions with MX hosts.
//!
//! Each session is judged as if the user had requested it: the plan names the MX host as the target, and the evidence
//! contains only this session, with the purpose `main`. Probes and events keep their numbers. Equal findings about
//! several addresses are merged.
//!
//! | findings | what happens to them | reason |
//! |---|---|---|
//! | `connection-*`, `address-unreachable`, `name-*` | left out | `mx` and [`super::reach`] judge names and connections |
//! | `auth-*`, `account-restricted` | left out, unless they are about the recipient that the user gave | servers of other domains do not log in |
//! | `certificate-limited-clients`, `refusals-after-data`, `resolve-entry-unused` | left out | about mail programs |
//! | `time-limit-reached`, `connection-limit-reached` | left out | listed as not tested |
//! | `certificate-*` | warnings at most, without failure | [`super::certificates`] |
//! | `tls-*` and `starttls-*` | warnings at most, without failure | senders without a policy deliver unencrypted if TLS fails; `dane` and `sts` judge the policies |
//! | all findings about submission ports | without failure | no sender delivers mail there |
//! | rejections of the unknown and the foreign recipient | left out | a server should reject them |
//! | rejections of the postmaster and of the null sender | left out unless they are about this machine | [`super::own`] |
//! | permanent rejections of the recipient that the user gave | unchanged, for any reason | they answer the user's question |
//! | other rejections that are about this machine | warnings without failure, at most | not faults of the domain |
//! | other temporary rejections of recipients | warnings without failure, at most | they do not show what the server accepts later |
//!
//! [`super::acceptance`] then decides which of these findings determine the exit code, because that depends on the
//! other hosts.

use std::net::IpAddr;

use super::super::sight::Sight;
use super::super::{mx, mx::MxHost, purpose};
use super::ask::Recipient;
use super::names::places_of;
use super::{certificates, sessions};
use crate::check::finding::{Finding, PhaseFailure, Severity};
use crate::check::{refusal, server};
use crate::evidence::quote;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{EventKind, Evidence, Fault, Phase, Session};
use crate::lexicon::{self, Confidence, Context, Fix};
use crate::plan::{Plan, Protocol, QuitAfter, Target, TlsMode};
use crate::question::{Purpose, Question};
use crate::wire::status::Class;
use crate::wire::{Host, reply};

/// Rules whose findings are left out.
const LEFT_OUT: &[&str] = &[
    "address-unreachable",
    "resolve-entry-unused",
    "account-restricted",
    "certificate-limited-clients",
    // It is about this machine, not about the hosts of the domain.
    "trust-store-missing",
    "refusals-after-data",
    "time-limit-reached",
    "connection-limit-reached",
];

/// Rules whose ids begin with these words are left out.
const LEFT_OUT_GROUPS: &[&str] =
    &["connection-impossible", "connection-refused", "connection-timed-out", "name-", "auth-"];

/// Rules whose ids begin with these words are less important on port 25.
const OF_TLS: &[&str] = &["tls-", "starttls-", "client-certificate-"];

/// Rules for rejections that depend on this machine or on the time, not on the domain.
const OF_CLIENT: &[&str] = &[
    "client-reputation",
    "client-reverse-dns",
    "ehlo-name-refused",
    "ehlo-refused",
    "greeting-refused",
    "greylisted",
    "rate-limited",
    "sender-authentication-failed",
    "server-closing",
    "server-fault",
    "too-many-connections",
];

/// Whether a rejection concerns this machine or is temporary. Such a rejection does not show whether the server accepts
/// the sender or the recipient.
pub(super) fn is_about_client(received: ReceivedReply<'_>) -> bool {
    if received.reply.class() != Class::Permanent {
        return true;
    }
    lexicon::read(received.reply, &Context::default())
        .and_then(|reading| refusal::rule_of(reading.cause))
        .is_some_and(|rule| OF_CLIENT.contains(&rule.id))
}

/// The findings of the ordinary checks about all sessions.
pub(super) fn findings(sight: Sight<'_>) -> Vec<Finding> {
    let mut merged: Vec<MergedFinding> = Vec::new();
    for host in mx::mail_hosts(sight) {
        for ip in mx::addresses(sight, &host.name) {
            for session in sessions::sessions(sight, &host.name, ip) {
                if session.connected().is_none() {
                    continue;
                }
                for finding in of_session(sight, &host, session) {
                    merge(&mut merged, &host, ip, finding);
                }
            }
        }
    }
    merged.into_iter().map(|one| one.named(sight)).collect()
}

/// The findings of one session.
fn of_session(sight: Sight<'_>, host: &MxHost, session: Session<'_>) -> Vec<Finding> {
    let plan = plan_for(sight, host, session);
    let evidence = evidence_for(sight, session);
    let is_cut = matches!(session.fault(), Some(Fault::TimeUp { .. } | Fault::Interrupted));
    server::judge_by(server::CHECKS, &plan, &evidence)
        .into_iter()
        .filter(|finding| !is_left_out(finding) || is_about_given(sight, session, finding))
        .filter(|finding| !(is_cut && finding.failure == Some(PhaseFailure::Incomplete)))
        .filter(|finding| !is_replaced(session, finding))
        .filter_map(|finding| match is_about_given(sight, session, &finding) {
            true => Some(without_login(finding)),
            false => adapted(sight, host, session, finding),
        })
        .collect()
}

/// Whether a finding is about a permanent rejection of the recipient that the user gave. The user asked about this
/// recipient, so the finding keeps its severity. A temporary rejection, such as greylisting, does not show whether the
/// recipient is accepted.
fn is_about_given(sight: Sight<'_>, session: Session<'_>, finding: &Finding) -> bool {
    given_reply(sight, session)
        .filter(|received| received.reply.class() == Class::Permanent)
        .is_some_and(|received| finding.evidence.events.contains(&received.event.seq))
}

/// The reply about the recipient that the user gave.
fn given_reply<'s>(sight: Sight<'s>, session: Session<'s>) -> Option<ReceivedReply<'s>> {
    let given = Recipient::Given.address(sight)?;
    let envelope = session.request.script.envelope.as_ref()?;
    session.reply_to_recipient(envelope.to.iter().position(|to| *to == given)?)
}

/// A server that requires a login for a recipient of its domain rejects mail from all other servers, because they
/// cannot log in. The server's operator must fix this, not the user of smtpcheck.
fn without_login(finding: Finding) -> Finding {
    if !is_left_out(&finding) {
        return finding;
    }
    let fix = "Server operator: accept the recipients of the domain on this port without a login, and require a login only on the submission ports (465 and 587)";
    Finding {
        cause: "The server requires a login. Other domains' servers cannot log in, so they cannot deliver mail to this recipient.".to_owned(),
        fixes: vec![Fix::text(fix)],
        consequences: Vec::new(),
        failure: Some(PhaseFailure::RefusedPermanent),
        ..finding
    }
}

fn is_left_out(finding: &Finding) -> bool {
    let rule = finding.rule.as_ref();
    LEFT_OUT.contains(&rule) || LEFT_OUT_GROUPS.iter().any(|group| rule.starts_with(group))
}

/// Whether another finding replaces a rejection of the null sender.
fn is_replaced(session: Session<'_>, finding: &Finding) -> bool {
    let rejected = session.reply_at(Phase::Mail).filter(|received| !received.accepts());
    rejected.is_some_and(|received| {
        finding.phase == Phase::Mail
            && finding.evidence.events.contains(&received.event.seq)
            && !is_about_client(received)
    })
}

/// The finding with the severity that it has for a server that receives mail from other servers.
fn adapted(sight: Sight<'_>, host: &MxHost, session: Session<'_>, mut finding: Finding) -> Option<Finding> {
    let rule = finding.rule.as_ref();
    if rule.starts_with("certificate-") && mx::has_bogus_address(sight, &host.name) {
        return Some(certificates::at_bogus_address(finding));
    }
    if purpose::is_submission(sight) {
        // Mail programs verify certificates and require TLS, and no sender delivers to this port.
        finding.failure = None;
    } else if rule.starts_with("certificate-") {
        finding.severity = finding.severity.min(Severity::Warning);
        finding.failure = None;
        return certificates::adapted(sight, &host.name, session, finding);
    } else if OF_TLS.iter().any(|group| rule.starts_with(group)) {
        if finding.severity == Severity::Error {
            finding.consequences.push(
                "Senders without a policy do not verify certificates and deliver unencrypted if TLS fails; senders that use DANE or MTA-STS may refuse to deliver the mail"
                    .to_owned(),
            );
        }
        finding.severity = finding.severity.min(Severity::Warning);
        finding.failure = None;
    } else if OF_CLIENT.contains(&rule) {
        finding.severity = match rule {
            "greylisted" => Severity::Notice,
            _ => finding.severity.min(Severity::Warning),
        };
        finding.failure = None;
    } else if finding.phase == Phase::Rcpt && finding.category.is_some() {
        // The postmaster. `acceptance` judges the recipient that the user gave.
        finding.severity = finding.severity.min(Severity::Warning);
        finding.failure = None;
    }
    Some(finding)
}

/// The plan of a check of one MX host.
fn plan_for(sight: Sight<'_>, host: &MxHost, session: Session<'_>) -> Plan {
    let name = host.name.host_name().map_or_else(|| session.request.host.clone(), Host::Name);
    let envelope = session.request.script.envelope.clone();
    let mut plan = sight.plan.clone();
    plan.domain = None;
    plan.target = Target { input: name.to_string(), host: name, port: session.request.port, protocol: Protocol::Smtp };
    plan.from = envelope.as_ref().map(|envelope| envelope.from.clone());
    plan.to = envelope.map(|envelope| envelope.to).unwrap_or_default();
    plan.quit_after = QuitAfter::Rcpt;
    plan.login = None;
    plan.probes = Vec::new();
    plan.overrides = Vec::new();
    plan.tls.sni = None;
    plan.tls.scan = false;
    plan.tls.profile = None;
    plan.tls.mode = TlsMode::Auto;
    plan
}

/// The evidence with only this session. Expected rejections are replaced with acceptances, so no check reports them.
fn evidence_for(sight: Sight<'_>, session: Session<'_>) -> Evidence {
    let mut evidence = sight.evidence.clone();
    evidence.probes.retain(|probe| match &probe.question {
        Question::Session(_) => probe.id == session.probe.id,
        Question::Hello(hello) => {
            hello.host == session.request.host
                && hello.port == session.request.port
                && hello.sni == session.request.script.sni
        }
        Question::Machine { .. } => true,
        Question::Resolve { .. } | Question::Records(_) | Question::Fetch(_) => false,
    });
    for probe in &mut evidence.probes {
        if let Question::Session(request) = &mut probe.question {
            request.purpose = Purpose::Main;
        }
    }
    for event in &mut evidence.transcript {
        if event.probe != session.probe.id || event.phase != Phase::Rcpt {
            continue;
        }
        if let EventKind::Received { reply: received, recipient: Some(number) } = &mut event.what
            && is_expected(sight, session, *number)
            && let Some(accepted) = reply::from_text("250 2.1.5 Ok")
        {
            *received = accepted;
        }
    }
    evidence
}

/// Whether the rejection of a recipient is not a fault, or is reported in a separate finding.
fn is_expected(sight: Sight<'_>, session: Session<'_>, number: usize) -> bool {
    let address = session.request.script.envelope.as_ref().and_then(|envelope| envelope.to.get(number));
    let is = |recipient: Recipient| recipient.address(sight).as_ref() == address;
    let Some(received) = session.reply_to_recipient(number).filter(|received| !received.accepts()) else {
        return false;
    };
    if is(Recipient::Given) {
        return false;
    }
    is(Recipient::Unknown) || is(Recipient::Relay) || (is(Recipient::Postmaster) && !is_about_client(received))
}

/// Equal findings about several addresses.
struct MergedFinding {
    finding: Finding,
    places: Vec<(MxHost, Vec<IpAddr>)>,
    /// Different summaries of the later findings, with the first server of each.
    others: Vec<(MxHost, IpAddr, String)>,
}

fn merge(merged: &mut Vec<MergedFinding>, host: &MxHost, ip: IpAddr, finding: Finding) {
    let same = merged.iter_mut().find(|known| {
        known.finding.rule == finding.rule
            && known.finding.category == finding.category
            && known.finding.severity == finding.severity
            && known.finding.failure == finding.failure
            && known.finding.phase == finding.phase
            && has_same_meaning(&known.finding, &finding)
    });
    let Some(known) = same else {
        merged.push(MergedFinding { finding, places: vec![(host.clone(), vec![ip])], others: Vec::new() });
        return;
    };
    match known.places.iter_mut().find(|(one, _)| one == host) {
        Some((_, addresses)) if addresses.contains(&ip) => {}
        Some((_, addresses)) => addresses.push(ip),
        None => known.places.push((host.clone(), vec![ip])),
    }
    let is_new = |text: &String| is_other_sentence(text, &finding.summary);
    if is_new(&known.finding.summary)
        && known.finding.consequences.iter().all(is_new)
        && known.others.iter().all(|(.., summary)| is_new(summary))
    {
        known.others.push((host.clone(), ip, finding.summary));
    }
    for probe in finding.evidence.probes {
        if !known.finding.evidence.probes.contains(&probe) {
            known.finding.evidence.probes.push(probe);
        }
    }
    known.finding.evidence.events.extend(finding.evidence.events);
}

/// Whether two findings about certificates mean the same for senders. TLSA records are different for each host.
fn has_same_meaning(one: &Finding, other: &Finding) -> bool {
    let last = |finding: &Finding| finding.consequences.last().cloned().unwrap_or_default();
    !one.rule.starts_with("certificate-") || !is_other_sentence(&last(one), &last(other))
}

/// Whether two sentences differ in anything other than the origin of their quotations.
fn is_other_sentence(one: &str, other: &str) -> bool {
    let plain = |sentence: &str| quote::resolve(sentence, |_, text| text.to_owned());
    plain(one) != plain(other)
}

impl MergedFinding {
    /// The finding with the hosts and their addresses at the beginning of its summary.
    fn named(self, sight: Sight<'_>) -> Finding {
        let places = places_of(sight, self.places.iter().map(|(host, ips)| (&host.name, ips.as_slice())));
        let mut finding = self.finding;
        for (host, ip, summary) in &self.others {
            let place = places_of(sight, std::iter::once((&host.name, std::slice::from_ref(ip))));
            finding.consequences.push(format!("{place}: {summary}"));
        }
        // The host name comes from the MX record, so the domain owner controls it, not the user of this
        // check.
        if finding.rule == "certificate-name-mismatch" && finding.confidence > Confidence::Possible {
            finding
                .fixes
                .retain(|fix| !fix.command.as_deref().is_some_and(|command| command.starts_with("smtpcheck ")));
            finding.fixes.push(Fix::text(
                "Or, domain owner: in the MX record, use a host name from the certificate, if that name belongs to the same server",
            ));
        }
        finding.summary = format!("{places}: {}", finding.summary);
        finding
    }
}
