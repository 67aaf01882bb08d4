//! The DNS and the web servers of a replay, for checks of a domain.

use smtpcheck::evidence::{
    Answer, DnsAlias, DnsCode, DnsFaultKind, DnsRecord, DnssecState, Fault, FetchSeen, HttpResponse, Outcome,
    RecordData, RecordsSeen,
};
use smtpcheck::question::{FetchRequest, RecordsRequest};
use smtpcheck::wire::{DnsName, RecordKind};

use super::format::{TypedHandshake, TypedPage};
use super::handshake::handshake;

/// Answers a question from the lines of a zone. Authoritative servers do not respond.
pub(super) fn answer(zone: &[String], request: &RecordsRequest) -> Outcome {
    if request.server.is_some() {
        let fault = Fault::Dns { kind: DnsFaultKind::Timeout, detail: String::new() };
        return Outcome::Failed { fault };
    }
    let (mut name, mut aliases) = (request.name.clone(), Vec::new());
    while let Some(target) = zone.iter().filter_map(|line| parse(line)).find_map(|line| match line.data {
        Some(RecordData::Cname { target }) if line.name == name && request.kind != RecordKind::Cname => Some(target),
        _ => None,
    }) {
        aliases.push(DnsAlias { from: name, to: target.clone(), dnssec: DnssecState::Insecure });
        name = target;
        assert!(aliases.len() < 20, "an alias leads to itself");
    }
    let own: Vec<ZoneLine> = zone.iter().filter_map(|line| parse(line)).filter(|line| line.name == name).collect();
    let of_kind: Vec<&ZoneLine> = own.iter().filter(|line| line.kind == request.kind).collect();
    let fails = of_kind.iter().any(|line| line.data.is_none());
    let is_signed = zone.iter().any(|line| line.ends_with(" !"));
    let code = match () {
        () if fails => DnsCode::ServFail,
        () if own.is_empty() && !zone.iter().any(|line| line.contains(&format!(".{name} "))) => DnsCode::NxDomain,
        () => DnsCode::NoError,
    };
    let records = of_kind
        .iter()
        .filter_map(|line| Some(DnsRecord { name: line.name.clone(), ttl: 3600, data: line.data.clone()? }));
    let seen = RecordsSeen {
        server: Some("192.0.2.53:53".parse().unwrap()),
        code,
        aliases,
        records: records.collect(),
        left_out: 0,
        dnssec: if is_signed { DnssecState::Secure } else { DnssecState::Insecure },
        without_soa: false,
        signatures: None,
        authoritative: false,
        authenticated: is_signed,
        over_tcp: false,
        size: 100,
    };
    Outcome::Done { answer: Answer::Records(seen) }
}

struct ZoneLine {
    name: DnsName,
    kind: RecordKind,
    /// `None` if the question is answered with SERVFAIL.
    data: Option<RecordData>,
}

fn parse(line: &str) -> Option<ZoneLine> {
    let name = |text: &str| DnsName::parse(text).unwrap_or_else(|_| panic!("{line}"));
    let line = line.trim_end_matches(" !");
    let (line, fails) = line.strip_suffix(" ?").map_or((line, false), |line| (line, true));
    let (owner, rest) = line.split_once(' ').unwrap();
    let (kind, value) = rest.split_once(' ').unwrap_or((rest, ""));
    let words: Vec<&str> = value.split(' ').collect();
    let number = |at: usize| words[at].parse::<u16>().unwrap_or_else(|_| panic!("{line}"));
    let small = |at: usize| words[at].parse::<u8>().unwrap_or_else(|_| panic!("{line}"));
    let (kind, data): (RecordKind, Box<dyn Fn() -> RecordData>) = match kind {
        "A" => (RecordKind::A, Box::new(|| RecordData::A { ip: value.parse().unwrap() })),
        "AAAA" => (RecordKind::Aaaa, Box::new(|| RecordData::Aaaa { ip: value.parse().unwrap() })),
        "MX" => (RecordKind::Mx, Box::new(|| RecordData::Mx { preference: number(0), host: name(words[1]) })),
        "NS" => (RecordKind::Ns, Box::new(|| RecordData::Ns { host: name(value) })),
        "PTR" => (RecordKind::Ptr, Box::new(|| RecordData::Ptr { host: name(value) })),
        "CNAME" => (RecordKind::Cname, Box::new(|| RecordData::Cname { target: name(value) })),
        "TXT" => (
            RecordKind::Txt,
            Box::new(|| RecordData::Txt { text: value.to_owned(), lengths: vec![value.len()], raw_b64: None }),
        ),
        "TLSA" => (
            RecordKind::Tlsa,
            Box::new(|| RecordData::Tlsa {
                usage: small(0),
                selector: small(1),
                matching: small(2),
                data: words[3].to_owned(),
            }),
        ),
        other => panic!("{other}: {line}"),
    };
    let data = (!fails).then(data);
    Some(ZoneLine { name: name(owner), kind, data })
}

/// Answers a request from the pages.
pub(super) fn page(pages: &[TypedPage], request: &FetchRequest) -> Outcome {
    let host = request.host.to_string();
    let Some(page) = pages.iter().find(|page| page.host == host) else {
        return Outcome::Failed { fault: Fault::NoAddress };
    };
    let typed = TypedHandshake { names: Some(vec![host.clone()]), ..TypedHandshake::default() };
    let seen = FetchSeen {
        address: "192.0.2.80:443".parse().unwrap(),
        tls_version: Some("TLS 1.3".to_owned()),
        presented: Some(Box::new(handshake(host, &typed).presented)),
        response: Some(HttpResponse {
            status: 200,
            content_type: Some("text/plain".to_owned()),
            location: None,
            body: page.body.clone(),
            body_bytes: page.body.len(),
            too_long: false,
            is_cut: false,
            timed_out: false,
        }),
    };
    Outcome::Done { answer: Answer::Fetch(Box::new(seen)) }
}
