//! Simulated DNS servers, web servers and mail servers for the tests of this module. Tables contain the answers to all
//! questions of the checks. A name that is not in a table does not exist. The module [`servers`] describes mail
//! servers.

mod rounds;
mod servers;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;

use crate::cli::{self, Invocation};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{
    Answer, DnsAlias, DnsCode, DnsFaultKind, DnsRecord, DnssecState, Evidence, Fault, FetchSeen, Outcome, ProbeId,
    RecordData, RecordsSeen,
};
use crate::plan::{DomainPlan, Plan};
use crate::question::{FetchTransport, Question, RecordsRequest};
use crate::wire::{DnsName, DomainName, ForwardPath, Host, RecordKind};

pub(in crate::check) use servers::{MailServer, NOW, chain, self_signed};

/// The answers of DNS servers, web servers and mail servers. Other connections are refused.
pub(in crate::check) struct World {
    /// The mail servers by IP address, on every port; a fault instead of a server if connections fail.
    servers: HashMap<IpAddr, Result<MailServer, ConnectFaultKind>>,
    /// Servers that respond on one port only. Connections to other ports time out.
    only_on: HashMap<IpAddr, u16>,
    responses: HashMap<(DnsName, RecordKind, Option<SocketAddr>), Outcome>,
    /// The responses of authoritative servers for names in upper case, if they differ.
    upper_case: HashMap<(DnsName, RecordKind, Option<SocketAddr>), Outcome>,
    pages: HashMap<(String, String, FetchTransport), Outcome>,
    /// Whether the resolver's responses without records have no SOA record.
    hides_soa: bool,
    /// Answers to additional questions, for tests that need more than the tables.
    pub(in crate::check) others: fn(&Plan, &Question) -> Option<Outcome>,
    /// The questions, in the order in which they were asked.
    pub(in crate::check) asked: Vec<Question>,
}

/// A plan for a check of this domain.
pub(in crate::check) fn plan(domain: &str) -> Plan {
    let words = ["check", "mx.invalid:25"].map(Into::into).into();
    let Ok(Invocation::Check(args, matches)) = cli::parse(words) else { unreachable!("the arguments start a check") };
    let mut plan = cli::plan::plan(&args, &matches, "mx.invalid:25", None).expect("a plan");
    let name = DomainName::parse(domain).expect("a domain");
    plan.target.input = domain.to_owned();
    plan.target.host = Host::Name(name.clone());
    plan.limits.max_connections = 64;
    plan.domain = Some(Box::new(DomainPlan {
        name,
        recipient: None,
        sending: Vec::new(),
        sending_host: None,
        selectors: Vec::new(),
        lists: Vec::new(),
        list_keys: crate::secret::ListKeys::default(),
        relay_recipient: ForwardPath::parse("relay-test@example.org").expect("an address"),
        trust_anchor: None,
        dns_port: 53,
        https_port: 443,
    }));
    plan
}

/// A plan for a check of this domain with the recipient `user@` the domain.
pub(in crate::check) fn plan_with_recipient(domain: &str) -> Plan {
    let mut plan = plan(domain);
    if let Some(of_domain) = &mut plan.domain {
        of_domain.recipient = ForwardPath::parse(&format!("user@{domain}")).ok();
    }
    plan
}

/// A DNS name.
pub(in crate::check) fn name(text: &str) -> DnsName {
    DnsName::parse(text).expect("a DNS name")
}

/// A response with these records, from an unsigned zone.
pub(in crate::check) fn response(of: &DnsName, records: Vec<RecordData>) -> RecordsSeen {
    RecordsSeen {
        server: None,
        code: DnsCode::NoError,
        aliases: Vec::new(),
        records: records.into_iter().map(|data| DnsRecord { name: of.clone(), ttl: 3600, data }).collect(),
        left_out: 0,
        dnssec: DnssecState::Insecure,
        without_soa: false,
        signatures: None,
        authoritative: false,
        authenticated: false,
        over_tcp: false,
        size: 100,
    }
}

impl World {
    /// DNS servers without records.
    pub(in crate::check) fn new() -> World {
        World {
            servers: HashMap::new(),
            only_on: HashMap::new(),
            responses: HashMap::new(),
            upper_case: HashMap::new(),
            pages: HashMap::new(),
            hides_soa: false,
            others: |_, _| None,
            asked: Vec::new(),
        }
    }

    /// Sets the resolver's response to a question.
    pub(in crate::check) fn answer(&mut self, of: &str, kind: RecordKind, seen: RecordsSeen) -> &mut World {
        self.outcome(of, kind, None, Outcome::Done { answer: Answer::Records(seen) })
    }

    /// Sets the outcome of a question to the resolver or to an authoritative server.
    pub(in crate::check) fn outcome(
        &mut self,
        of: &str,
        kind: RecordKind,
        server: Option<SocketAddr>,
        outcome: Outcome,
    ) -> &mut World {
        self.responses.insert((name(of), kind, server), outcome);
        self
    }

    /// Sets the outcome of a question with the name in upper case, if it differs from the outcome with the name in
    /// lower case.
    pub(in crate::check) fn upper_case(
        &mut self,
        of: &str,
        kind: RecordKind,
        server: SocketAddr,
        outcome: Outcome,
    ) -> &mut World {
        self.upper_case.insert((name(of), kind, Some(server)), outcome);
        self
    }

    /// Adds a record in the form `example.com MX 10 mx.example.com`. Supported record types: A, AAAA, MX, NS, TXT and
    /// SPF (the rest of the line), PTR, TLSA, SRV, CNAME.
    pub(in crate::check) fn record(&mut self, line: &str) -> &mut World {
        let (of, rest) = line.split_once(' ').expect("a name");
        let (kind, value) = rest.split_once(' ').expect("a type");
        let words: Vec<&str> = value.split(' ').collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse().ok()).expect("a number");
        let (kind, data) = match kind {
            "A" => (RecordKind::A, RecordData::A { ip: value.parse().expect("an address") }),
            "AAAA" => (RecordKind::Aaaa, RecordData::Aaaa { ip: value.parse().expect("an address") }),
            "MX" => {
                (RecordKind::Mx, RecordData::Mx { preference: number(0), host: name(words.get(1).expect("a host")) })
            }
            "NS" => (RecordKind::Ns, RecordData::Ns { host: name(value) }),
            "PTR" => (RecordKind::Ptr, RecordData::Ptr { host: name(value) }),
            "TXT" | "SPF" => {
                let lengths = vec![value.len()];
                let of = if kind == "SPF" { RecordKind::Spf } else { RecordKind::Txt };
                (of, RecordData::Txt { text: value.to_owned(), lengths, raw_b64: None })
            }
            "TLSA" => {
                let field = |at: usize| u8::try_from(number(at)).expect("a small number");
                let data = words.get(3).expect("data").to_ascii_lowercase();
                (RecordKind::Tlsa, RecordData::Tlsa { usage: field(0), selector: field(1), matching: field(2), data })
            }
            "DNSKEY" => {
                let algorithm = u8::try_from(number(1)).expect("an algorithm");
                (RecordKind::Dnskey, RecordData::Dnskey { flags: number(0), algorithm, tag: number(2) })
            }
            "DS" => {
                let field = |at: usize| u8::try_from(number(at)).expect("a small number");
                (RecordKind::Ds, RecordData::Ds { tag: number(0), algorithm: field(1), digest: field(2) })
            }
            "NSEC3PARAM" => (RecordKind::Nsec3Param, RecordData::Nsec3Param { iterations: number(0), salt: 0 }),
            "SRV" => {
                let host = name(words.get(3).expect("a host"));
                let data = RecordData::Srv { priority: number(0), weight: number(1), port: number(2), host };
                (RecordKind::Srv, data)
            }
            "CNAME" => (RecordKind::Cname, RecordData::Cname { target: name(value) }),
            other => unreachable!("the type {other} is not supported"),
        };
        let key = (name(of), kind, None);
        match self.responses.get_mut(&key) {
            Some(Outcome::Done { answer: Answer::Records(seen) }) => {
                seen.records.push(DnsRecord { name: name(of), ttl: 3600, data });
            }
            _ => {
                let seen = response(&name(of), vec![data]);
                self.responses.insert(key, Outcome::Done { answer: Answer::Records(seen) });
            }
        }
        self
    }

    /// Adds several records, one on each line.
    pub(in crate::check) fn zone(&mut self, lines: &str) -> &mut World {
        lines.lines().map(str::trim).filter(|line| !line.is_empty()).for_each(|line| {
            self.record(line);
        });
        self
    }

    /// Marks every response as signed.
    pub(in crate::check) fn signed(&mut self) -> &mut World {
        for outcome in self.responses.values_mut() {
            if let Outcome::Done { answer: Answer::Records(seen) } = outcome {
                seen.dnssec = DnssecState::Secure;
            }
        }
        self
    }

    /// Makes the resolver send responses without records that have no SOA record.
    pub(in crate::check) fn hides_soa(&mut self) -> &mut World {
        self.hides_soa = true;
        self
    }

    /// Makes a lookup fail.
    pub(in crate::check) fn fails(&mut self, of: &str, kind: RecordKind, why: DnsFaultKind) -> &mut World {
        let fault = Fault::Dns { kind: why, detail: "test".to_owned() };
        self.outcome(of, kind, None, Outcome::Failed { fault })
    }

    /// Sets the mail server at an IP address.
    pub(in crate::check) fn server(&mut self, ip: &str, server: MailServer) -> &mut World {
        self.servers.insert(ip.parse().expect("an address"), Ok(server));
        self
    }

    /// Makes connections to other ports of an IP address time out.
    pub(in crate::check) fn only_on(&mut self, ip: &str, port: u16) -> &mut World {
        self.only_on.insert(ip.parse().expect("an address"), port);
        self
    }

    /// Makes connections to an IP address fail. Without a server, connections are refused.
    pub(in crate::check) fn closed(&mut self, ip: &str, kind: ConnectFaultKind) -> &mut World {
        self.servers.insert(ip.parse().expect("an address"), Err(kind));
        self
    }

    /// Sets the response of a web server.
    pub(in crate::check) fn page(&mut self, host: &str, path: &str, seen: FetchSeen) -> &mut World {
        self.page_over(FetchTransport::Https, host, path, seen)
    }

    /// Sets the response of a web server, with or without TLS.
    pub(in crate::check) fn page_over(
        &mut self,
        transport: FetchTransport,
        host: &str,
        path: &str,
        seen: FetchSeen,
    ) -> &mut World {
        let outcome = Outcome::Done { answer: Answer::Fetch(Box::new(seen)) };
        self.pages.insert((host.to_owned(), path.to_owned(), transport), outcome);
        self
    }

    /// Makes a request to a web server fail.
    pub(in crate::check) fn page_fails(&mut self, host: &str, path: &str, fault: Fault) -> &mut World {
        let key = (host.to_owned(), path.to_owned(), FetchTransport::Https);
        self.pages.insert(key, Outcome::Failed { fault });
        self
    }

    /// Answers all questions of the checks until there are no new questions.
    pub(in crate::check) fn evidence(&mut self, plan: &Plan) -> Evidence {
        self.evidence_for(plan, crate::check::ask)
    }

    /// Answers all questions that `ask` returns, until there are no new questions.
    pub(in crate::check) fn evidence_for(
        &mut self,
        plan: &Plan,
        ask: impl Fn(&Plan, &Evidence) -> Vec<Question>,
    ) -> Evidence {
        let mut evidence = Evidence::new(Timestamp::from_second(NOW).expect("a time"));
        for round in 0..100 {
            let questions = ask(plan, &evidence);
            let new: Vec<Question> =
                questions.into_iter().filter(|question| evidence.answer_to(question).is_none()).collect();
            if new.is_empty() {
                return evidence;
            }
            for question in new {
                if evidence.answer_to(&question).is_some() {
                    continue;
                }
                self.asked.push(question.clone());
                let id = evidence.asked(question.clone(), f64::from(round), Outcome::Underway);
                let outcome = self.outcome_of(plan, &question, &mut evidence, id);
                evidence.ended(id, f64::from(round) + 1.0, outcome);
            }
        }
        unreachable!("the checks do not stop asking");
    }

    fn outcome_of(&self, plan: &Plan, question: &Question, evidence: &mut Evidence, id: ProbeId) -> Outcome {
        if let Some(outcome) = (self.others)(plan, question) {
            return outcome;
        }
        let (host, port) = match question {
            Question::Records(request) => return self.lookup(request),
            Question::Fetch(request) => {
                let key = (request.host.ascii().to_owned(), request.path.clone(), request.transport);
                return self.pages.get(&key).cloned().unwrap_or(Outcome::Failed { fault: Fault::NoAddress });
            }
            Question::Machine { .. } => {
                return Outcome::Done { answer: Answer::Machine(crate::evidence::Machine::default()) };
            }
            Question::Resolve { .. } => return Outcome::Failed { fault: Fault::NoAddress },
            Question::Session(request) => (&request.host, request.port),
            Question::Hello(request) => (&request.host, request.port),
        };
        let Some(ip) = self.address_of(host) else { return Outcome::Failed { fault: Fault::NoAddress } };
        let (ip, address) = (&ip, SocketAddr::new(ip, port));
        let at_ms = evidence.probe(id).map_or(0.0, |probe| probe.started_ms);
        if self.only_on.get(ip).is_some_and(|open| *open != port) {
            return servers::not_connected(evidence, id, address, ConnectFaultKind::TimedOut, at_ms);
        }
        match (self.servers.get(ip), question) {
            (Some(Ok(server)), Question::Session(request)) => server.hold(evidence, id, request, address, at_ms),
            (Some(Ok(server)), Question::Hello(request)) => server.hello(request),
            (Some(Err(kind)), _) => servers::not_connected(evidence, id, address, *kind, at_ms),
            _ => servers::not_connected(evidence, id, address, ConnectFaultKind::Refused, at_ms),
        }
    }

    /// The first IPv4 address of a host.
    fn address_of(&self, host: &Host) -> Option<IpAddr> {
        let host = match host {
            Host::Ip(ip) => return Some(*ip),
            Host::Name(host) => DnsName::from(host),
            Host::Socket(_) => return None,
        };
        match self.lookup(&RecordsRequest::to_resolver(host, RecordKind::A)) {
            Outcome::Done { answer: Answer::Records(seen) } => seen.addresses().next(),
            _ => None,
        }
    }

    /// The response of a resolver, which follows CNAME records. A name exists if it has records of any type.
    pub(in crate::check) fn lookup(&self, request: &RecordsRequest) -> Outcome {
        let key = (request.name.clone(), request.kind, request.server);
        if let Some(outcome) = self.upper_case.get(&key).filter(|_| request.upper_case) {
            return outcome.clone();
        }
        let mut aliases: Vec<DnsAlias> = Vec::new();
        let mut at = request.name.clone();
        loop {
            let found = self.responses.get(&(at.clone(), request.kind, request.server));
            let alias = self.responses.get(&(at.clone(), RecordKind::Cname, request.server));
            match (found, alias) {
                (Some(Outcome::Done { answer: Answer::Records(seen) }), _) => {
                    aliases.extend(seen.aliases.iter().cloned());
                    let seen = RecordsSeen { aliases, ..seen.clone() };
                    return Outcome::Done { answer: Answer::Records(seen) };
                }
                (Some(other), _) => return other.clone(),
                (None, Some(Outcome::Done { answer: Answer::Records(seen) }))
                    if aliases.len() < 10 && !seen.records.is_empty() =>
                {
                    let Some(RecordData::Cname { target }) = seen.records.first().map(|record| &record.data) else {
                        unreachable!("an alias has a target")
                    };
                    let alias = DnsAlias { from: at, to: target.clone(), dnssec: seen.dnssec.clone() };
                    at = target.clone();
                    aliases.push(alias);
                }
                _ => {
                    let exists = self.responses.keys().any(|(known, ..)| known.is_within(&at));
                    let code = if exists { DnsCode::NoError } else { DnsCode::NxDomain };
                    let without_soa = self.hides_soa && request.server.is_none();
                    let seen = RecordsSeen { code, aliases, without_soa, ..response(&at, Vec::new()) };
                    return Outcome::Done { answer: Answer::Records(seen) };
                }
            }
        }
    }
}
