//! Tests of the state with a virtual clock: the combined results of many checks, and the limits of memory use.

use jiff::{SignedDuration, Timestamp};

use super::Watch;
use super::backends::MOST_OBSERVATIONS;
use super::changes::{ChangeSubject, MOST_CHANGES};
use super::statistics::SAMPLES;
use super::target::MOST_ADDRESSES;
use super::timeline::PERIODS;
use crate::cli::{self, Invocation};
use crate::evidence::{
    Answer, ConnectFault, DialResult, EventKind, Evidence, Fault, Outcome, Phase, fault::ConnectFaultKind,
};
use crate::inquiry::Ended;
use crate::plan::{AddressChoice, Plan, SourceInterface};
use crate::question::{Question, SessionRequest};
use crate::report::Report;
use crate::wire::reply;

fn plan(target: &str) -> Plan {
    let words = vec![target.into(), "--tls".into(), "none".into()];
    let Ok(Invocation::Check(args, matches)) = cli::parse(words) else { unreachable!("a check") };
    cli::plan::plan(&args, &matches, target, None).expect("a plan")
}

fn at(second: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i64::try_from(second).expect("a small number"))
}

/// A server as one check sees it.
struct Seen<'a> {
    address: &'a str,
    greeting: &'a str,
    extensions: &'a str,
    ms: f64,
}

const USUAL: Seen<'_> =
    Seen { address: "192.0.2.1", greeting: "mx1.example.net ESMTP", extensions: "SIZE 1000", ms: 10.0 };

/// The report of a check without TLS that began at this time.
fn report(plan: &Plan, second: u64, seen: &Seen<'_>) -> Report {
    let mut evidence = Evidence::new(at(second));
    let probe = evidence.asked(Question::session(SessionRequest::main(plan)), 0.0, Outcome::Underway);
    let address = format!("{}:25", seen.address).parse().or_else(|_| format!("[{}]:25", seen.address).parse());
    let result = DialResult::Connected { local: "192.0.2.9:4000".parse().expect("an address") };
    let dialled = EventKind::Dialled { address: address.expect("an address"), started_ms: 0.0, result };
    let received =
        |text: String| EventKind::Received { reply: reply::from_text(&text).expect("a reply"), recipient: None };
    let sent = |text: &str| EventKind::Sent { text: text.to_owned(), recipient: None, redacted: false };
    let name = seen.greeting.split(' ').next().unwrap_or_default();
    for (share, phase, what) in [
        (0.1, Phase::Connect, dialled),
        (0.5, Phase::Greeting, received(format!("220 {}", seen.greeting))),
        (0.5, Phase::Ehlo, sent("EHLO client.example.org")),
        (1.0, Phase::Ehlo, received(format!("250-{name}\n250 {}", seen.extensions))),
    ] {
        evidence.happened(seen.ms * share, probe, phase, false, what);
    }
    evidence.ended(probe, seen.ms, Outcome::Done { answer: Answer::Session });
    Report::new(plan.clone(), evidence, &Ended::Complete, seen.ms)
}

/// The report of a check whose connection failed.
fn failed(plan: &Plan, second: u64, kind: ConnectFaultKind) -> Report {
    let mut evidence = Evidence::new(at(second));
    let connect = ConnectFault { kind, errno: None, detail: "failed".to_owned() };
    let outcome = Outcome::Failed { fault: Fault::NotConnected { connect } };
    evidence.asked(Question::session(SessionRequest::main(plan)), 0.0, outcome);
    Report::new(plan.clone(), evidence, &Ended::Complete, 10_000.0)
}

#[test]
fn phases_failures_and_timeouts_are_counted_separately() {
    let plan = plan("192.0.2.1:25");
    let mut watch = Watch::new([plan.clone()], at(0));
    for (second, ms) in [(0, 10.0), (5, 30.0), (10, 20.0)] {
        watch.ended(0, &report(&plan, second, &Seen { ms, ..USUAL }));
    }
    watch.ended(0, &failed(&plan, 15, ConnectFaultKind::TimedOut));
    watch.ended(0, &failed(&plan, 20, ConnectFaultKind::Refused));
    let summary = watch.summary(at(25), None);
    let target = summary.targets.first().expect("a target");
    assert_eq!((target.checks, target.failures, target.timeouts), (5, 2, 1));
    let connect = target.phases.first().expect("a phase");
    assert_eq!((connect.name.as_str(), connect.runs, connect.failures, connect.timeouts), ("connect", 5, 1, 1));
    assert_eq!((connect.best_ms, connect.worst_ms, connect.last_ms), (Some(1.0), Some(3.0), Some(2.0)));
    let total = target.phases.last().expect("a phase");
    assert_eq!((total.mean_ms, total.worst_ms), (Some(20.0), Some(30.0)));
    assert_eq!((summary.exit.code, watch.summary(at(25), Some(40.0)).exit.code), (3, 0));
    assert_eq!(watch.summary(at(25), Some(39.9)).exit.code, 3);
}

#[test]
fn a_watch_without_checks_is_incomplete_and_a_reset_forgets_everything() {
    let plan = plan("192.0.2.1:25");
    let mut watch = Watch::new([plan.clone()], at(0));
    watch.begun(0, at(0));
    assert_eq!(watch.summary(at(1), Some(100.0)).exit.code, 9);
    watch.ended(0, &failed(&plan, 1, ConnectFaultKind::Refused));
    watch.begun(0, at(5));
    watch.reset(at(6));
    assert_eq!((watch.checks(), watch.began), (0, at(6)));
    assert_eq!(watch.targets.first().and_then(|target| target.running_since), Some(at(5)));
}

#[test]
fn a_change_has_its_server_and_its_time() {
    let plan = plan("192.0.2.1:25");
    let mut watch = Watch::new([plan.clone()], at(0));
    let changes = |watch: &mut Watch, second, seen: &Seen<'_>| {
        let changes = watch.ended(0, &report(&plan, second, seen)).expect("a target").changes;
        changes.into_iter().map(|one| (one.subject, one.from, one.to, one.first)).collect::<Vec<_>>()
    };
    assert_eq!(changes(&mut watch, 0, &USUAL), []);
    let larger = Seen { extensions: "SIZE 2000", ..USUAL };
    let expected = (ChangeSubject::Extensions, "SIZE 1000".to_owned(), "SIZE 2000".to_owned(), at(5));
    assert_eq!(changes(&mut watch, 5, &larger), [expected]);
    let other = changes(&mut watch, 10, &Seen { greeting: "mx2.example.net ESMTP", ..larger });
    assert_eq!(other.iter().map(|(subject, ..)| *subject).collect::<Vec<_>>(), [ChangeSubject::Greeting]);
}

#[test]
fn the_addresses_of_a_name_take_turns() {
    let name = plan("mail.example.net:25");
    let mut watch = Watch::new([name], at(0));
    let target = watch.targets.first_mut().expect("a target");
    assert_eq!(target.next_address(), None);
    let all = ["192.0.2.1", "192.0.2.2", "2001:db8::1"].map(|text| text.parse().expect("an address"));
    target.list_addresses(all.to_vec());
    let turns: Vec<_> = (0..6).filter_map(|_| target.next_address()).collect();
    assert_eq!(turns, [all, all].concat());
}

#[test]
fn addresses_that_the_source_address_cannot_reach_have_no_turn() {
    let mut plan = plan("mail.example.net:25");
    plan.source.interface = Some(SourceInterface::Address { address: "2001:db8::7".parse().expect("an address") });
    let mut watch = Watch::new([plan], at(0));
    let target = watch.targets.first_mut().expect("a target");
    let all = ["192.0.2.1", "2001:db8::1", "2001:db8::2"].map(|text| text.parse().expect("an address"));
    target.list_addresses(all.to_vec());
    let turns: Vec<_> = (0..4).filter_map(|_| target.next_address()).collect();
    assert_eq!(turns, [&all[1..], &all[1..]].concat());
}

#[test]
fn an_address_without_a_network_of_its_family_is_left_out_and_is_not_a_loss() {
    let mut plan = plan("mail.example.net:25");
    let mut watch = Watch::new([plan.clone()], at(0));
    let six = "2001:db8::1".parse().expect("an address");
    plan.addresses = AddressChoice::Only { address: six };
    watch.targets.first_mut().expect("a target").list_addresses(vec![six, "192.0.2.1".parse().expect("an address")]);
    watch.ended(0, &failed(&plan, 0, ConnectFaultKind::NetworkUnreachable));
    assert_eq!(watch.checks(), 0);
    assert_eq!(watch.targets.first_mut().expect("a target").next_address(), None);
}

/// The server sends different facts in each session, so every list reaches its limit. From then on, the size of the
/// state is the same after any number of checks.
#[test]
fn memory_is_bounded_whatever_the_server_sends() {
    let plan = plan("mail.example.net:25");
    let mut watch = Watch::new([plan.clone()], at(0));
    let mut sizes = Vec::new();
    for number in 0..900_u64 {
        let address = format!("2001:db8::{:x}", number % 100);
        let greeting = format!("mx{number}.example.net ESMTP {}", "x".repeat(2000));
        let extensions = (0..100).map(|word| format!("X{number}Y{word}")).collect::<Vec<_>>().join(" ");
        let seen = Seen { address: &address, greeting: &greeting, extensions: &extensions, ms: 10.0 };
        watch.ended(0, &report(&plan, number * 5, &seen));
        if number >= 600 && number % 100 == 0 {
            let json = serde_json::to_string(&watch.summary(at(0), None)).expect("JSON");
            sizes.push(json.len());
        }
    }
    let target = watch.targets.first().expect("a target");
    assert_eq!((target.addresses.len(), target.changes.all().len()), (MOST_ADDRESSES, MOST_CHANGES));
    assert!(target.backends.servers().len() <= MOST_OBSERVATIONS);
    assert!(target.timeline.periods().len() <= PERIODS && target.total.durations.samples().len() <= SAMPLES);
    assert!(target.failed.len() <= 20 && target.rules.len() <= 300);
    let (least, most) = (sizes.iter().min().expect("sizes"), sizes.iter().max().expect("sizes"));
    assert!(*most < 1_000_000 && most - least < most / 10, "{sizes:?}");
}
