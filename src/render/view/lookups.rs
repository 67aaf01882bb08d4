//! DNS lookups and web requests of a domain check, one line each: the question, the answer, how it was validated and
//! the duration. Received text has passed through [`escape`].

use super::duration;
use super::verdict::plural;
use crate::evidence::{
    Answer, DnsCode, DnssecState, Evidence, Fault, FetchSeen, Outcome, Probe, RecordData, RecordsSeen, SkipReason,
};
use crate::question::{FetchRequest, Question, RecordsRequest};
use crate::render::escape;

/// The maximum number of records that are shown for a lookup.
const SHOWN: usize = 20;

/// A line for each lookup and each request, in the order in which they were sent.
pub(in crate::render) fn lookups(evidence: &Evidence) -> Vec<String> {
    evidence.probes.iter().filter_map(line).collect()
}

fn line(probe: &Probe) -> Option<String> {
    let asked = match &probe.question {
        Question::Records(request) => lookup(request),
        Question::Fetch(request) => url(request),
        Question::Resolve { host } => format!("A and AAAA {host}"),
        Question::Session(_) | Question::Hello(_) | Question::Machine { .. } => return None,
    };
    let got = match &probe.outcome {
        Outcome::Underway => "not finished".to_owned(),
        Outcome::Skipped { reason } => format!("not tested ({})", skipped(*reason)),
        Outcome::Failed { fault } => failed(fault),
        Outcome::Done { answer } => match answer {
            Answer::Records(seen) => answered(seen),
            Answer::Fetch(seen) => fetched(seen),
            Answer::Names(names) => {
                let all: Vec<String> = names.addresses().map(|ip| ip.to_string()).collect();
                if all.is_empty() { "no IP address".to_owned() } else { all.join(", ") }
            }
            Answer::Machine(_) | Answer::Hello(_) | Answer::Session => return None,
        },
    };
    let took = probe.duration_ms.map(|ms| format!(", {}", duration(ms))).unwrap_or_default();
    Some(format!("{asked}: {got}{took}"))
}

fn lookup(request: &RecordsRequest) -> String {
    let server = request.server.map(|server| format!(" at {server}")).unwrap_or_default();
    let name = request.name.to_string();
    let name = if request.upper_case { name.to_ascii_uppercase() } else { name };
    format!("{} {}{server}", request.kind, escape::visible(&name))
}

fn url(request: &FetchRequest) -> String {
    let port = if request.port == 443 { String::new() } else { format!(":{}", request.port) };
    format!("https://{}{port}{}", request.host, escape::visible(&request.path))
}

fn skipped(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::ConnectionBudget => "--max-connections reached",
        SkipReason::TimeUp => "overall time limit reached",
    }
}

fn failed(fault: &Fault) -> String {
    match fault {
        Fault::Dns { detail, .. } if detail.is_empty() => "no usable response".to_owned(),
        Fault::Dns { detail, .. } => format!("no usable response ({})", escape::visible(detail)),
        Fault::Http { detail } => format!("no HTTP response ({})", escape::visible(detail)),
        Fault::NoAddress => "no IP address".to_owned(),
        Fault::NotPublic { address } => format!("not requested, because {address} is not a public IP address"),
        Fault::NotConnected { connect } => format!("no connection ({})", connect.kind),
        Fault::SocketNotConnected { socket } => format!("no connection ({})", socket.kind),
        Fault::Binary => "binary data".to_owned(),
        Fault::Proxy { proxy } => format!("no connection through the proxy ({})", proxy.kind),
        Fault::Tls { tls } => format!("TLS failed ({})", escape::visible(&super::tls::failure(tls))),
        Fault::Silent { .. } => "no response".to_owned(),
        Fault::Closed { .. } => "connection closed".to_owned(),
        Fault::Endless { .. } => "the response does not end".to_owned(),
        Fault::Unread { .. } => "the server stopped reading".to_owned(),
        Fault::TimeUp { .. } => "the overall time limit was reached".to_owned(),
        Fault::Interrupted => "interrupted".to_owned(),
    }
}

fn answered(seen: &RecordsSeen) -> String {
    let mut parts: Vec<String> =
        seen.aliases.iter().map(|alias| format!("alias of {}", escape::visible(&alias.to.to_string()))).collect();
    match seen.code {
        DnsCode::NoError if seen.records.is_empty() => parts.push("no such record".to_owned()),
        DnsCode::NoError => {
            parts.extend(seen.records.iter().take(SHOWN).map(|record| escape::visible(&content(&record.data))));
            let more = seen.records.len().saturating_sub(SHOWN) + seen.left_out;
            parts.extend((more > 0).then(|| format!("and {more} more")));
        }
        code => parts.push(code_word(code)),
    }
    let validated = match &seen.dnssec {
        DnssecState::Secure => " (secure)",
        DnssecState::Insecure => " (insecure)",
        DnssecState::Bogus { .. } => " (bogus)",
        DnssecState::Indeterminate { .. } => "",
    };
    format!("{}{validated}", parts.join(", "))
}

fn code_word(code: DnsCode) -> String {
    match code {
        DnsCode::NoError => "NOERROR".to_owned(),
        DnsCode::NxDomain => "NXDOMAIN, the name does not exist".to_owned(),
        DnsCode::ServFail => "SERVFAIL".to_owned(),
        DnsCode::Refused => "REFUSED".to_owned(),
        DnsCode::NotImplemented => "NOTIMP".to_owned(),
        DnsCode::FormErr => "FORMERR".to_owned(),
        DnsCode::Other(number) => format!("response code {number}"),
    }
}

/// The content of a record, in the form of a zone file.
fn content(data: &RecordData) -> String {
    match data {
        RecordData::A { ip } => ip.to_string(),
        RecordData::Aaaa { ip } => ip.to_string(),
        RecordData::Caa { critical, tag, value } => format!("{} {tag} \"{value}\"", if *critical { 128 } else { 0 }),
        RecordData::Cname { target } => target.to_string(),
        RecordData::Dnskey { flags, algorithm, tag } => format!("{flags} algorithm {algorithm} key tag {tag}"),
        RecordData::Ds { tag, algorithm, digest } => format!("{tag} {algorithm} {digest}"),
        RecordData::Mx { preference, host } => format!("{preference} {host}"),
        RecordData::Ns { host } | RecordData::Ptr { host } => host.to_string(),
        RecordData::Nsec3Param { iterations, salt } => {
            let iterations = plural(*iterations, "iteration", "iterations");
            format!("{iterations}, {} of salt", plural(*salt, "byte", "bytes"))
        }
        RecordData::Soa { primary, serial, .. } => format!("{primary} serial {serial}"),
        RecordData::Srv { priority, weight, port, host } => format!("{priority} {weight} {port} {host}"),
        RecordData::Tlsa { usage, selector, matching, data } => format!("{usage} {selector} {matching} {data}"),
        RecordData::Txt { text, .. } => format!("\"{text}\""),
        RecordData::Unreadable { text } => format!("unreadable ({text})"),
    }
}

fn fetched(seen: &FetchSeen) -> String {
    match &seen.response {
        None => "not requested, because the web server's certificate fails verification".to_owned(),
        Some(response) => {
            let media = response.content_type.as_deref().map(|media| format!(", {}", escape::visible(media)));
            format!("status {}{}, {} bytes", response.status, media.unwrap_or_default(), response.body_bytes)
        }
    }
}
