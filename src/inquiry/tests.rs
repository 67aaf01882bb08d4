//! Tests of the inquiry without a gatherer: a test passes arrivals and examines the steps.

#![allow(clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

use super::{Arrival, Ended, Inquiry, InquiryStep, Signal};
use crate::cli::{self, Invocation};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{Answer, SkipReason};
use crate::evidence::{ConnectFault, DialResult, EventKind, Fault, Lookup, NameSource, Names, Outcome, Phase, ProbeId};
use crate::plan::Plan;
use crate::question::{Purpose, Question, SessionRequest};
use crate::secret::Echoes;

fn plan(words: &[&str]) -> Plan {
    let Ok(Invocation::Check(args, matches)) = cli::parse(words.iter().map(Into::into).collect()) else {
        panic!("the arguments are those of a check")
    };
    cli::plan::plan(&args, &matches, &args.targets[0], Some("client.example.org")).expect("a plan")
}

fn inquiry(plans: &[Plan]) -> Inquiry<'_> {
    Inquiry::new(plans, "2026-11-21T09:00:00Z".parse().expect("a time"), &Echoes::default(), false)
}

/// Carries out steps until the inquiry waits or ends. Returns the questions and all other steps.
fn steps(inquiry: &mut Inquiry<'_>, now_ms: f64) -> (Vec<(ProbeId, Question)>, Vec<InquiryStep>) {
    let (mut asked, mut others) = (Vec::new(), Vec::new());
    loop {
        match inquiry.step(now_ms) {
            InquiryStep::Ask { probe, question } => asked.push((probe, *question)),
            InquiryStep::Await => return (asked, others),
            end @ InquiryStep::End(_) => {
                others.push(end);
                return (asked, others);
            }
            step => others.push(step),
        }
    }
}

fn happens(probe: ProbeId, at_ms: f64, phase: Phase, what: EventKind) -> Arrival {
    Arrival::Event { probe, at_ms, phase, tls: false, what }
}

fn connected(probe: ProbeId, at_ms: f64) -> Arrival {
    let address = "192.0.2.25:587".parse().expect("an address");
    let local = "192.0.2.9:40000".parse().expect("an address");
    let result = DialResult::Connected { local };
    happens(probe, at_ms, Phase::Connect, EventKind::Dialled { address, started_ms: 0.0, result })
}

fn refused(probe: ProbeId, at_ms: f64) -> Arrival {
    let connect = ConnectFault { kind: ConnectFaultKind::Refused, errno: None, detail: "refused".to_owned() };
    Arrival::Answered { probe, at_ms, outcome: Outcome::Failed { fault: Fault::NotConnected { connect } } }
}

#[test]
fn lookup_and_session_start_together_and_no_question_is_asked_twice() {
    let plans = [plan(&["mail.example.net"])];
    let mut inquiry = inquiry(&plans);
    let (asked, notified) = steps(&mut inquiry, 5.0);
    let [(first, Question::Resolve { host }), (second, Question::Session(request))] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!((first.0, second.0, host.ascii(), request.purpose), (1, 2, "mail.example.net", Purpose::Main));
    assert!(notified.is_empty());
    let names = Names {
        host: host.clone(),
        source: NameSource::System,
        resolvers: Vec::new(),
        a: Lookup::answered(vec!["192.0.2.25".parse().expect("an address")], 1.0),
        aaaa: Lookup::Empty { ms: 1.0 },
    };
    let outcome = Outcome::Done { answer: Answer::Names(names) };
    inquiry.arrive(Arrival::Answered { probe: *first, at_ms: 9.0, outcome }, 10.0);
    let (asked, notified) = steps(&mut inquiry, 10.0);
    assert!(
        asked.is_empty() && matches!(notified[..], [InquiryStep::Answered { case: 0, .. }]),
        "{asked:?} {notified:?}"
    );
    let evidence = inquiry.into_evidence().pop().expect("one plan");
    assert_eq!((evidence.probes[0].started_ms, evidence.probes[0].duration_ms), (5.0, Some(4.0)));
}

#[test]
fn a_refused_connection_raises_questions_about_other_ports_within_the_connection_limit() {
    let plans = [plan(&["192.0.2.25", "--max-connections", "3"])];
    let mut inquiry = inquiry(&plans);
    let (asked, _) = steps(&mut inquiry, 0.0);
    inquiry.arrive(refused(asked[0].0, 1.0), 1.0);
    let (asked, _) = steps(&mut inquiry, 1.0);
    assert_eq!(asked.len(), 2, "one of three connections is used: {asked:?}");
    for (probe, question) in asked {
        assert!(matches!(question, Question::Session(request) if request.purpose == Purpose::SiblingPort));
        inquiry.arrive(refused(probe, 2.0), 2.0);
    }
    let (asked, notified) = steps(&mut inquiry, 2.0);
    assert!(asked.is_empty() && matches!(notified.last(), Some(InquiryStep::End(Ended::Complete))), "{notified:?}");
    let evidence = inquiry.into_evidence().pop().expect("one plan");
    let skipped = |outcome: &Outcome| matches!(outcome, Outcome::Skipped { reason: SkipReason::ConnectionBudget });
    assert!(evidence.probes.iter().any(|probe| skipped(&probe.outcome)));
}

#[test]
fn a_question_of_two_plans_is_asked_once_and_both_receive_the_answer() {
    let plans = [plan(&["192.0.2.25:587"]), plan(&["192.0.2.25:587"])];
    let mut inquiry = inquiry(&plans);
    let (asked, _) = steps(&mut inquiry, 0.0);
    assert_eq!(asked.len(), 1, "{asked:?}");
    inquiry.arrive(connected(asked[0].0, 1.0), 1.0);
    let (_, notified) = steps(&mut inquiry, 1.0);
    let cases: Vec<usize> = notified
        .iter()
        .filter_map(|step| match step {
            InquiryStep::Happened { case, event } => inquiry.shown_event(*case, *event).map(|_| *case),
            _ => None,
        })
        .collect();
    assert_eq!(cases, [0, 1]);
    inquiry.arrive(Arrival::TimeUp, 2.0);
    steps(&mut inquiry, 2.0);
    let evidence = inquiry.into_evidence();
    assert_eq!((evidence[0].transcript.len(), evidence[1].transcript.len()), (1, 1));
}

#[test]
fn the_time_limit_ends_each_probe_in_its_phase() {
    let plans = [plan(&["192.0.2.25"])];
    let mut inquiry = inquiry(&plans);
    let (asked, _) = steps(&mut inquiry, 0.0);
    inquiry.arrive(connected(asked[0].0, 1.0), 1.0);
    steps(&mut inquiry, 1.0);
    inquiry.arrive(Arrival::TimeUp, 60_000.0);
    let (asked, notified) = steps(&mut inquiry, 60_000.0);
    assert!(asked.is_empty(), "nothing is asked after the end");
    assert!(
        matches!(notified[..], [InquiryStep::Answered { .. }, InquiryStep::End(Ended::TimeUp)]),
        "the listener is notified first: {notified:?}"
    );
    let evidence = inquiry.into_evidence().pop().expect("one plan");
    let Outcome::Failed { fault: Fault::TimeUp { phase } } = evidence.probes[0].outcome else { panic!("{evidence:?}") };
    assert_eq!((phase, evidence.probes[0].duration_ms), (Phase::Greeting, Some(60_000.0)));
}

#[test]
fn the_time_limit_in_supplementary_sessions_leaves_the_result_complete() {
    let plans = [plan(&["192.0.2.25"])];
    let mut inquiry = inquiry(&plans);
    let (asked, _) = steps(&mut inquiry, 0.0);
    inquiry.arrive(refused(asked[0].0, 1.0), 1.0);
    let (asked, _) = steps(&mut inquiry, 1.0);
    let Question::Session(request) = &asked[0].1 else { panic!("{asked:?}") };
    assert_eq!((request.purpose, request.connect_limit_ms(&plans[0])), (Purpose::SiblingPort, 4000));
    assert_eq!(SessionRequest::main(&plans[0]).connect_limit_ms(&plans[0]), 10_000);
    inquiry.arrive(Arrival::TimeUp, 3000.0);
    let (_, notified) = steps(&mut inquiry, 3000.0);
    assert!(matches!(notified.last(), Some(InquiryStep::End(Ended::Complete))), "{notified:?}");
    let evidence = inquiry.into_evidence().pop().expect("one plan");
    let cut = |outcome: &Outcome| matches!(outcome, Outcome::Failed { fault: Fault::TimeUp { .. } });
    assert!(evidence.probes.iter().any(|probe| cut(&probe.outcome)), "the sessions are listed as not finished");
}

#[test]
fn a_signal_ends_the_inquiry() {
    let plans = [plan(&["mail.example.net"])];
    let mut inquiry = inquiry(&plans);
    steps(&mut inquiry, 0.0);
    inquiry.arrive(Arrival::Interrupted(Signal::Terminate), 3.0);
    assert!(inquiry.is_interrupted());
    let (asked, notified) = steps(&mut inquiry, 3.0);
    assert!(asked.is_empty());
    assert!(matches!(notified.last(), Some(InquiryStep::End(Ended::Interrupted(Signal::Terminate)))), "{notified:?}");
    let evidence = inquiry.into_evidence().pop().expect("one plan");
    assert!(evidence.probes.iter().all(|probe| {
        matches!(probe.outcome, Outcome::Failed { fault: Fault::Interrupted }) && probe.duration_ms == Some(3.0)
    }));
}

#[test]
fn silence_raises_a_question_before_the_session_is_over() {
    let plans = [plan(&["192.0.2.25:587"])];
    let mut inquiry = inquiry(&plans);
    let (asked, _) = steps(&mut inquiry, 0.0);
    let main = asked[0].0;
    inquiry.arrive(connected(main, 1.0), 1.0);
    assert!(steps(&mut inquiry, 1.0).0.is_empty());
    inquiry.arrive(happens(main, 5000.0, Phase::Greeting, EventKind::Quiet { waited_ms: 5000.0 }), 5000.0);
    let (asked, _) = steps(&mut inquiry, 5000.0);
    let [(_, Question::Session(request))] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(request.purpose, Purpose::OtherTlsMode);
}

#[test]
fn the_waiting_step_names_the_plan_that_is_waiting() {
    let plans = [plan(&["192.0.2.25"]), plan(&["192.0.2.26"])];
    let mut inquiry = inquiry(&plans);
    let (asked, _) = steps(&mut inquiry, 0.0);
    let outcome = Outcome::Done { answer: Answer::Session };
    inquiry.arrive(Arrival::Answered { probe: asked[0].0, at_ms: 1.0, outcome }, 1.0);
    steps(&mut inquiry, 1.0);
    inquiry.arrive(Arrival::Waiting, 400.0);
    let (_, notified) = steps(&mut inquiry, 400.0);
    assert!(matches!(notified[..], [InquiryStep::Waiting { case: 1, .. }]), "{notified:?}");
}
