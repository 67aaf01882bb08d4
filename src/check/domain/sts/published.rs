//! The MTA-STS record and policy of the domain, and their effect on delivery to a host (RFC 8461).
//!
//! The record and the policy are requested at the same time. A sender that has no stored policy and cannot fetch the
//! policy delivers as if there were no policy (RFC 8461 §3.3), so only a valid policy in `enforce` mode prevents
//! delivery.

use crate::check::domain::seen::{Delivery, NotTested, PublishedState, StsResultSeen, StsSeen};
use crate::check::domain::sight::{Known, Sight, is_bogus, is_conclusive, records};
use crate::check::domain::tls::StarttlsResult;
use crate::check::domain::{dnssec, mx, purpose};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{
    DnsCode, DnsFaultKind, Doubt, Fault, FetchSeen, HttpResponse, NameMatch, Presented, Probe, RecordsSeen,
};
use crate::policy::mta_sts::{StsEffect, StsMode, StsPolicy, StsRecord, versioned};
use crate::question::{FetchRequest, Question};
use crate::wire::{DnsName, DomainName, RecordKind};

/// The TXT record.
#[derive(Clone, Debug)]
pub(super) enum PublishedRecord<'s> {
    /// The lookup has not ended yet, or it failed.
    Unknown,
    /// There is no record, and no TXT record that was intended as one.
    Absent,
    /// There is a TXT record that was probably intended as an MTA-STS record, but it does not begin with the version.
    Other { probe: &'s Probe, text: &'s str },
    /// There are several records.
    Several { probe: &'s Probe, texts: Vec<&'s str> },
    /// There is one record.
    Found { probe: &'s Probe, text: &'s str, record: StsRecord<'s>, texts: usize },
}

/// The policy.
#[derive(Clone, Debug)]
pub(super) enum PublishedPolicy<'s> {
    /// There is no response. If a request was sent, it failed because of this machine.
    Unknown,
    /// The policy cannot be fetched.
    Unreachable { probe: &'s Probe, why: FetchFailure<'s> },
    /// There is a policy.
    Fetched { probe: &'s Probe, response: &'s HttpResponse, policy: StsPolicy<'s> },
}

/// Why a policy cannot be fetched.
#[derive(Clone, Debug)]
pub(super) enum FetchFailure<'s> {
    /// The name of the web server does not exist (NXDOMAIN).
    NoName,
    /// The name has no IP address, or it is not known why none was found.
    NoAddress,
    /// The lookup of the IP addresses fails, with the reason as a short phrase, for example `SERVFAIL`.
    Lookup(String),
    /// The connection or the TLS handshake failed.
    Connection(&'s Fault),
    /// The web server's certificate is not valid.
    Certificate { seen: &'s FetchSeen, word: &'static str },
    /// A redirect, which senders must not follow (RFC 8461 §3.3).
    Redirect(&'s HttpResponse),
    /// A status other than 200.
    Status(&'s HttpResponse),
    /// The body exceeds the limit.
    TooLong,
    /// The connection was closed before the body was complete.
    Cut,
    /// The body was not complete when the time limit was reached.
    Endless,
}

impl FetchFailure<'_> {
    /// The TLS report result type (RFC 8460 §4.3).
    pub(super) fn report_word(&self) -> &'static str {
        match self {
            FetchFailure::Certificate { .. } => "sts-webpki-invalid",
            _ => "sts-policy-fetch-error",
        }
    }

    /// The failure as a short phrase, without received text.
    pub(super) fn words(&self) -> String {
        match self {
            FetchFailure::NoName => "the web server's name does not exist (NXDOMAIN)".to_owned(),
            FetchFailure::NoAddress => "the web server has no IP address".to_owned(),
            FetchFailure::Lookup(why) => format!("the web server's IP addresses cannot be looked up ({why})"),
            FetchFailure::Connection(fault) => connection_words(fault).to_owned(),
            FetchFailure::Certificate { word, .. } => {
                format!("the web server's certificate is not valid ({word})")
            }
            FetchFailure::Redirect(response) => format!("redirect (status {})", response.status),
            FetchFailure::Status(response) => format!("status {}", response.status),
            FetchFailure::TooLong => "the response is longer than 64 KiB".to_owned(),
            FetchFailure::Cut => "the response is not complete".to_owned(),
            FetchFailure::Endless => "the response does not end".to_owned(),
        }
    }
}

fn connection_words(fault: &Fault) -> &'static str {
    match fault {
        Fault::NotConnected { connect } => match connect.kind {
            ConnectFaultKind::Refused => "connection refused",
            ConnectFaultKind::TimedOut => "no response to the connection attempt",
            _ => "the connection fails",
        },
        Fault::Silent { .. } => "the web server does not respond",
        Fault::Closed { .. } => "the web server closes the connection",
        Fault::Tls { .. } => "the TLS handshake fails",
        Fault::Http { .. } => "the response is not valid HTTP",
        Fault::Endless { .. } => "the response does not end",
        _ => "the request fails",
    }
}

/// The name of the record.
pub(super) fn record_name(sight: Sight<'_>) -> Option<DnsName> {
    sight.name().below("_mta-sts").ok()
}

/// The request for the policy.
pub(super) fn policy_request(sight: Sight<'_>) -> Option<FetchRequest> {
    let host = DomainName::parse(&format!("mta-sts.{}", sight.domain.name.ascii())).ok()?;
    Some(FetchRequest::https(host, sight.domain.https_port, "/.well-known/mta-sts.txt"))
}

/// The name of the web server.
pub(in crate::check::domain) fn policy_host(sight: Sight<'_>) -> Option<DnsName> {
    policy_request(sight).map(|request| DnsName::from(&request.host))
}

/// Whether the policy cannot be fetched, although there is a record. The resolver may have returned false IP addresses of
/// the web server, or none.
pub(in crate::check::domain) fn is_policy_missing(sight: Sight<'_>) -> bool {
    let is_unreachable = matches!(published_policy(sight), PublishedPolicy::Unreachable { .. });
    is_unreachable && matches!(published_record(sight), PublishedRecord::Found { .. })
}

/// A name at which no domain publishes a record on purpose. If this name has the same record, the record is a wildcard.
pub(super) fn wildcard_name(sight: Sight<'_>) -> Option<DnsName> {
    sight.name().below("_mta-sts-wildcard-test").ok()
}

/// The lookups and requests that are useful at this point.
pub(super) fn questions(sight: Sight<'_>) -> Vec<Question> {
    let mut questions: Vec<Question> = record_name(sight).iter().map(|name| records(name, RecordKind::Txt)).collect();
    questions.extend(policy_request(sight).map(Question::Fetch));
    let is_found = matches!(published_record(sight), PublishedRecord::Found { .. });
    // The request for the policy has looked up the addresses, so no query is sent.
    let host = policy_host(sight).filter(|_| is_found);
    questions.extend(host.into_iter().flat_map(|host| mx::KINDS.map(|kind| records(&host, kind))));
    if let (true, PublishedPolicy::Unreachable { why, .. }) = (is_found, published_policy(sight)) {
        questions.extend(wildcard_name(sight).iter().map(|name| records(name, RecordKind::Txt)));
        if matches!(why, FetchFailure::NoAddress | FetchFailure::NoName | FetchFailure::Lookup(_)) {
            questions.extend(policy_host(sight).iter().map(|host| records(host, RecordKind::A)));
        }
    }
    questions
}

/// The record of the domain.
pub(super) fn published_record(sight: Sight<'_>) -> PublishedRecord<'_> {
    let Some(name) = record_name(sight) else { return PublishedRecord::Absent };
    let Known::Seen(probe, seen) = sight.records(&name, RecordKind::Txt) else { return PublishedRecord::Unknown };
    if !is_conclusive(seen) {
        return PublishedRecord::Unknown;
    }
    let texts: Vec<&str> = seen.texts().collect();
    let is_similar = |text: &&&str| {
        let start: String = text.chars().filter(|c| !c.is_whitespace() && *c != '"').take(5).collect();
        start.eq_ignore_ascii_case("v=STS") || text.to_ascii_lowercase().contains("v=stsv1")
    };
    match versioned(&texts, "v=STSv1").as_slice() {
        [] => match texts.iter().find(is_similar) {
            Some(text) => PublishedRecord::Other { probe, text },
            None => PublishedRecord::Absent,
        },
        [text] => PublishedRecord::Found { probe, text, record: StsRecord::parse(text), texts: texts.len() },
        several => PublishedRecord::Several { probe, texts: several.to_vec() },
    }
}

/// The policy of the domain.
pub(super) fn published_policy(sight: Sight<'_>) -> PublishedPolicy<'_> {
    let Some(request) = policy_request(sight) else { return PublishedPolicy::Unknown };
    let unreachable = |probe, why| PublishedPolicy::Unreachable { probe, why };
    match sight.fetched(&request) {
        Known::Unasked | Known::Waiting | Known::Skipped => PublishedPolicy::Unknown,
        Known::Failed(probe, fault) => match fault {
            Fault::NoAddress => match sight.records(&DnsName::from(&request.host), RecordKind::A) {
                Known::Seen(_, seen) if is_bogus(seen) => {
                    unreachable(probe, FetchFailure::Lookup(dnssec::reason_of(seen).unwrap_or_default()))
                }
                // The name has IP addresses, but this machine cannot connect to any of them.
                Known::Seen(_, seen) if !seen.records.is_empty() => PublishedPolicy::Unknown,
                Known::Seen(_, seen) if seen.code == DnsCode::NxDomain => unreachable(probe, FetchFailure::NoName),
                Known::Seen(_, seen) if !seen.is_answer() => {
                    unreachable(probe, FetchFailure::Lookup(mx::code_words(seen.code)))
                }
                Known::Failed(..) | Known::Skipped => PublishedPolicy::Unknown,
                Known::Seen(..) | Known::Unasked | Known::Waiting => unreachable(probe, FetchFailure::NoAddress),
            },
            fault if is_local(fault) => PublishedPolicy::Unknown,
            Fault::Dns { .. } => {
                let code = match sight.records(&DnsName::from(&request.host), RecordKind::A) {
                    Known::Seen(_, seen) if !seen.is_answer() => Some(mx::code_words(seen.code)),
                    _ => None,
                };
                unreachable(probe, FetchFailure::Lookup(code.unwrap_or_else(|| mx::fault_words(fault).to_owned())))
            }
            fault => unreachable(probe, FetchFailure::Connection(fault)),
        },
        Known::Seen(probe, seen) => match &seen.response {
            _ if let Some(why) = bogus_address(sight, &request) => unreachable(probe, FetchFailure::Lookup(why)),
            None => unreachable(probe, certificate_failure(sight, seen)),
            Some(_) if seen.presented.as_deref().is_some_and(has_only_common_name) => {
                unreachable(probe, certificate_failure(sight, seen))
            }
            Some(response) if (300..400).contains(&response.status) => {
                unreachable(probe, FetchFailure::Redirect(response))
            }
            Some(response) if response.status != 200 => unreachable(probe, FetchFailure::Status(response)),
            Some(response) if response.too_long => unreachable(probe, FetchFailure::TooLong),
            Some(response) if response.timed_out => unreachable(probe, FetchFailure::Endless),
            Some(response) if response.is_cut => unreachable(probe, FetchFailure::Cut),
            Some(response) => PublishedPolicy::Fetched { probe, response, policy: StsPolicy::parse(&response.body) },
        },
    }
}

/// Why validating senders do not find the web server: all its addresses are bogus. `None` if they find it.
fn bogus_address(sight: Sight<'_>, request: &FetchRequest) -> Option<String> {
    let host = DnsName::from(&request.host);
    let seen = || mx::KINDS.into_iter().filter_map(|kind| sight.records(&host, kind).answer());
    let is_found = seen().any(|seen| is_conclusive(seen) && !seen.records.is_empty());
    seen().find(|seen| is_bogus(seen)).filter(|_| !is_found).and_then(dnssec::reason_of)
}

/// Whether a fault is on this machine and therefore reveals nothing about the domain.
fn is_local(fault: &Fault) -> bool {
    match fault {
        Fault::TimeUp { .. } | Fault::Interrupted => true,
        Fault::NotConnected { connect } => matches!(
            connect.kind,
            ConnectFaultKind::NetworkUnreachable
                | ConnectFaultKind::NoSourceAddress
                | ConnectFaultKind::SourceMissing
                | ConnectFaultKind::SourceFamily
                | ConnectFaultKind::SourcePorts
                | ConnectFaultKind::DeniedHere
        ),
        Fault::Dns { kind, .. } => {
            matches!(kind, DnsFaultKind::NoResolver | DnsFaultKind::Unreachable | DnsFaultKind::SizeLimit)
        }
        _ => false,
    }
}

fn certificate_failure<'s>(sight: Sight<'s>, seen: &'s FetchSeen) -> FetchFailure<'s> {
    let word = seen.presented.as_deref().and_then(|presented| certificate_word(sight, presented));
    let word = word.unwrap_or("certificate-not-trusted");
    FetchFailure::Certificate { seen, word }
}

/// The fault of a certificate, as a TLS report result type (RFC 8460 §4.3); `None` if the certificate is valid.
pub(super) fn certificate_word(sight: Sight<'_>, presented: &Presented) -> Option<&'static str> {
    let doubts = presented.doubts(sight.evidence.started_at);
    if doubts.is_empty() && !has_only_common_name(presented) {
        None
    } else if doubts.is_empty() || doubts.contains(&Doubt::Name) {
        Some("certificate-host-mismatch")
    } else if doubts.iter().any(|doubt| matches!(doubt, Doubt::OutOfDate(_))) {
        Some("certificate-expired")
    } else {
        Some("certificate-not-trusted")
    }
}

/// Whether only the common name covers the host. Senders that use MTA-STS require a name in subjectAltName (RFC 8461 §4.1 and
/// 3.3).
pub(super) fn has_only_common_name(presented: &Presented) -> bool {
    let is_without = presented.leaf().is_some_and(|leaf| leaf.names_total == 0 && leaf.common_name.is_some());
    is_without && matches!(presented.name, NameMatch::Matches { .. })
}

/// All faults of a certificate, as the ends of sentences.
pub(super) fn certificate_faults(sight: Sight<'_>, presented: &Presented) -> Vec<&'static str> {
    let doubts = presented.doubts(sight.evidence.started_at);
    let is_of_date = |doubt: &Doubt<'_>| matches!(doubt, Doubt::OutOfDate(_));
    let is_other = |doubt: &Doubt<'_>| *doubt != Doubt::Name && !is_of_date(doubt);
    [
        (doubts.contains(&Doubt::Name), "is for a different name"),
        (has_only_common_name(presented), "contains the host name only in its common name"),
        (doubts.iter().any(is_of_date), "has expired or is not valid yet"),
        (doubts.iter().any(is_other), "is not trusted"),
    ]
    .into_iter()
    .filter_map(|(is_so, words)| is_so.then_some(words))
    .collect()
}

/// The policy that senders without a stored policy apply; `None` if there is no valid policy, or if the policy is not
/// known.
pub(super) fn valid_policy(sight: Sight<'_>) -> Option<StsPolicy<'_>> {
    match (published_record(sight), published_policy(sight)) {
        (PublishedRecord::Found { record, .. }, PublishedPolicy::Fetched { policy, .. })
            if record.is_usable() && policy.is_usable() =>
        {
            Some(policy)
        }
        _ => None,
    }
}

/// The MTA-STS policy of the domain.
pub(in crate::check::domain) fn summary(sight: Sight<'_>) -> StsSeen {
    let mut seen = StsSeen::default();
    let (record, policy) = (published_record(sight), published_policy(sight));
    seen.state = match &record {
        PublishedRecord::Unknown => PublishedState::Unknown,
        PublishedRecord::Absent => PublishedState::Absent,
        PublishedRecord::Other { text, .. } => {
            seen.record = Some((*text).to_owned());
            seen.problem = Some("the record does not begin with the version".to_owned());
            PublishedState::Invalid
        }
        PublishedRecord::Several { texts, .. } => {
            seen.record = texts.first().map(|text| (*text).to_owned());
            seen.problem = Some("there are several records".to_owned());
            PublishedState::Invalid
        }
        PublishedRecord::Found { text, record, .. } => {
            seen.record = Some((*text).to_owned());
            seen.id = record.id.map(str::to_owned);
            if record.is_usable() {
                PublishedState::Unknown
            } else {
                seen.problem = Some("the record does not follow the grammar".to_owned());
                PublishedState::Invalid
            }
        }
    };
    let is_open = seen.state == PublishedState::Unknown && seen.record.is_some();
    match policy {
        PublishedPolicy::Unknown => {}
        PublishedPolicy::Unreachable { why, .. } => {
            if let FetchFailure::Redirect(response) | FetchFailure::Status(response) = why {
                seen.status = Some(response.status);
            }
            if is_open {
                seen.state = PublishedState::Invalid;
                seen.problem = Some(format!("{}: {}", why.report_word(), why.words()));
            }
        }
        PublishedPolicy::Fetched { response, policy, .. } => {
            seen.status = Some(response.status);
            seen.mode = policy.mode.map(|mode| mode_word(mode).to_owned());
            seen.max_age = policy.max_age;
            seen.mx = policy.mx.clone();
            if is_open {
                let is_usable = policy.is_usable();
                seen.state = if is_usable { PublishedState::Valid } else { PublishedState::Invalid };
                seen.problem = if !is_usable {
                    Some("sts-policy-invalid".to_owned())
                } else {
                    (!policy.faults.is_empty()).then(|| "some senders do not accept the policy".to_owned())
                };
            }
        }
    }
    seen
}

/// Why it is not known whether the domain has MTA-STS, or what its policy is.
pub(in crate::check::domain) fn not_tested(sight: Sight<'_>) -> Option<NotTested> {
    let why = match published_record(sight) {
        PublishedRecord::Unknown => mx::why_unknown(sight, &record_name(sight)?, RecordKind::Txt)?,
        PublishedRecord::Found { record, .. } if record.is_usable() => why_no_policy(sight)?,
        PublishedRecord::Absent
        | PublishedRecord::Other { .. }
        | PublishedRecord::Several { .. }
        | PublishedRecord::Found { .. } => return None,
    };
    Some(NotTested { what: "MTA-STS".to_owned(), why })
}

/// Why the policy could not be requested from this machine.
fn why_no_policy(sight: Sight<'_>) -> Option<String> {
    if !matches!(published_policy(sight), PublishedPolicy::Unknown) {
        return None;
    }
    let why = match sight.fetched(&policy_request(sight)?) {
        Known::Unasked | Known::Waiting | Known::Seen(..) => return None,
        Known::Skipped => "a limit of this check was reached",
        Known::Failed(_, fault) => match fault {
            Fault::NoAddress => "this machine cannot connect to the IP addresses of the web server",
            Fault::NotConnected { connect } if connect.kind == ConnectFaultKind::DeniedHere => {
                "a policy on this machine forbids the connection"
            }
            Fault::NotConnected { .. } => "this machine has no connection of the web server's address family",
            other => mx::fault_words(other),
        },
    };
    Some(format!("the policy could not be requested: {why}"))
}

pub(super) fn mode_word(mode: StsMode) -> &'static str {
    match mode {
        StsMode::Enforce => "enforce",
        StsMode::Testing => "testing",
        StsMode::None => "none",
    }
}

/// What a sender that uses MTA-STS does with a host where TLS starts, or fails, in this way.
pub(in crate::check::domain) fn result(sight: Sight<'_>, host: &DnsName, tls: StarttlsResult<'_>) -> StsResultSeen {
    let opportunistic = tls.opportunistic();
    let without = |result: Option<&str>| StsResultSeen {
        delivers: opportunistic,
        listed: None,
        result: result.map(str::to_owned),
    };
    // The policy applies to mail between servers (RFC 8461 §1), not to submission.
    if purpose::is_submission(sight) {
        return StsResultSeen::default();
    }
    let (record, policy) = (published_record(sight), published_policy(sight));
    let PublishedRecord::Found { record, .. } = record else {
        return match record {
            PublishedRecord::Unknown => StsResultSeen::default(),
            _ => without(None),
        };
    };
    let policy = match policy {
        _ if !record.is_usable() => return without(None),
        PublishedPolicy::Unknown => return StsResultSeen::default(),
        PublishedPolicy::Unreachable { why, .. } => return without(Some(why.report_word())),
        PublishedPolicy::Fetched { policy, .. } if !policy.is_usable() => return without(Some("sts-policy-invalid")),
        PublishedPolicy::Fetched { policy, .. } => policy,
    };
    let listed = policy.allows(host);
    let failure = match tls {
        _ if !listed => Some("validation-failure"),
        StarttlsResult::Chain(chain) => certificate_word(sight, chain),
        StarttlsResult::NotOffered => Some("starttls-not-supported"),
        StarttlsResult::Fails(failure) => Some(failure.report_word()),
    };
    let delivers = match (policy.mode, failure) {
        (Some(StsMode::Enforce), None) => Delivery::Authenticated,
        (Some(StsMode::Enforce), Some(_)) => Delivery::NotDelivered,
        (Some(StsMode::Testing), _) => opportunistic,
        (Some(StsMode::None) | None, _) => return without(None),
    };
    StsResultSeen { delivers, listed: Some(listed), result: failure.map(str::to_owned) }
}

/// Whether there is a fault with this effect.
pub(super) fn has_effect(faults: &[crate::policy::mta_sts::StsFault], effect: StsEffect) -> bool {
    faults.iter().any(|fault| fault.effect == effect)
}

/// Whether the record is a wildcard: an unpublished name has the same record.
pub(super) fn is_wildcard(sight: Sight<'_>) -> bool {
    let texts = |name: Option<DnsName>| -> Option<Vec<&str>> {
        let seen: &RecordsSeen = sight.records(&name?, RecordKind::Txt).answer()?;
        Some(versioned(&seen.texts().collect::<Vec<_>>(), "v=STSv1"))
    };
    match (texts(record_name(sight)), texts(wildcard_name(sight))) {
        (Some(record), Some(other)) => !record.is_empty() && record == other,
        _ => false,
    }
}
