//! Tests of the comparison. The transcripts in `tests/transcripts/backends` test it with complete sessions.

#![allow(clippy::indexing_slicing, reason = "a failing test panics")]

use jiff::Timestamp;

use super::super::finding::{Finding, PhaseFailure, Severity};
use super::{BackendCertificate, BackendFailure, BackendSeen, CertificateFault, compare};
use crate::cli::{self, Invocation};
use crate::evidence::{Evidence, Phase, ProbeId};
use crate::plan::Plan;

fn plan(target: &str) -> Plan {
    let Ok(Invocation::Check(args, matches)) = cli::parse(vec![target.into()]) else { unreachable!("a check") };
    cli::plan::plan(&args, &matches, target, None).expect("a plan")
}

fn server(number: u8, host: &str) -> BackendSeen {
    BackendSeen {
        address: Some([192, 0, 2, number].into()),
        greeting_host: Some(host.to_owned()),
        extensions: Some(vec!["8BITMIME".to_owned(), "SIZE 1000".to_owned()]),
        tls_version: Some("1.3".to_owned()),
        certificate: Some(BackendCertificate {
            sha256: "ab".repeat(32),
            name: Some("mail.example.net".to_owned()),
            not_after: Timestamp::UNIX_EPOCH,
            fault: None,
        }),
        tickets: Some(true),
        failure: None,
        probe: ProbeId(0),
        greeting_event: None,
    }
}

fn with_fault(number: u8, host: &str, fault: CertificateFault) -> BackendSeen {
    let mut seen = server(number, host);
    seen.certificate.as_mut().expect("a certificate").fault = Some(fault);
    seen
}

fn failing(number: u8) -> BackendSeen {
    let reason = "connection refused".to_owned();
    let failure = BackendFailure { phase: Phase::Connect, kind: PhaseFailure::Unreachable, reason };
    let (tls_version, certificate, extensions, tickets) = (None, None, None, None);
    let greeting_host = None;
    BackendSeen {
        greeting_host,
        failure: Some(failure),
        tls_version,
        certificate,
        extensions,
        tickets,
        ..server(number, "")
    }
}

fn compared(target: &str, all: &[BackendSeen]) -> Vec<Finding> {
    let mut findings = compare(&plan(target), &all.iter().collect::<Vec<_>>());
    let none = Evidence::new(Timestamp::UNIX_EPOCH);
    let mask = none.mask();
    findings.iter_mut().flat_map(Finding::texts).for_each(|text| *text = mask.sentence(text));
    findings
}

fn summaries(all: &[BackendSeen]) -> Vec<String> {
    compared("mail.example.net:587", all).into_iter().map(|finding| finding.summary).collect()
}

#[test]
fn the_server_that_differs_is_named_by_its_host_and_its_address() {
    let all = [
        server(1, "mx1.example.net"),
        server(2, "mx2.example.net"),
        with_fault(3, "mx3.example.net", CertificateFault::Expired),
        server(4, "mx4.example.net"),
    ];
    assert_eq!(
        summaries(&all),
        ["1 of 4 backends of mail.example.net presents a certificate that has expired: mx3.example.net (192.0.2.3)"]
    );
}

#[test]
fn a_host_or_address_that_all_servers_share_is_left_out() {
    let mut same_host = [server(1, "mail.example.net"), server(2, "mail.example.net"), server(3, "mail.example.net")];
    same_host[1].extensions = Some(vec!["8BITMIME".to_owned()]);
    let same_host = summaries(&same_host);
    assert_eq!(same_host, ["1 of 3 backends of mail.example.net does not advertise SIZE 1000: 192.0.2.2"]);
    let same_address = [server(1, "mx1"), server(1, "mx2"), with_fault(1, "mx3", CertificateFault::OtherName)];
    assert_eq!(
        summaries(&same_address),
        ["1 of 3 backends of mail.example.net presents a certificate that is for another host: mx3"]
    );
}

#[test]
fn servers_that_do_not_differ_have_no_finding() {
    assert_eq!(summaries(&[server(1, "a"), server(2, "b")]), [""; 0]);
    assert_eq!(summaries(&[server(1, "a")]), [""; 0]);
    assert_eq!(summaries(&[failing(1), failing(2)]), [""; 0]);
    let expired = |number| with_fault(number, "a", CertificateFault::Expired);
    assert_eq!(summaries(&[expired(1), expired(2)]), [""; 0]);
    let mut renewed = server(2, "b");
    renewed.certificate.as_mut().expect("a certificate").sha256 = "cd".repeat(32);
    assert_eq!(summaries(&[server(1, "a"), renewed]), [""; 0]);
}

#[test]
fn a_server_that_fails_is_not_compared_in_other_ways() {
    let found = compared("mail.example.net:587", &[server(1, "a"), failing(2), server(3, "b")]);
    let found: Vec<_> = found.iter().map(|finding| (&*finding.rule, finding.severity, finding.failure)).collect();
    assert_eq!(found, [("backend-fails", Severity::Error, Some(PhaseFailure::Unreachable))]);
}

#[test]
fn on_port_25_an_invalid_certificate_is_a_warning() {
    let all = [server(1, "a"), with_fault(2, "b", CertificateFault::SelfSigned)];
    for (target, severity, failure) in [
        ("mail.example.net:25", Severity::Warning, None),
        ("mail.example.net:587", Severity::Error, Some(PhaseFailure::Tls)),
    ] {
        let found = compared(target, &all);
        assert_eq!(found.iter().map(|one| (one.severity, one.failure)).collect::<Vec<_>>(), [(severity, failure)]);
    }
}

#[test]
fn many_servers_are_counted_and_only_some_are_named() {
    let all: Vec<BackendSeen> =
        (1..=10).map(|number| if number < 8 { failing(number) } else { server(number, "a") }).collect();
    let summary = summaries(&all).concat();
    assert!(
        summary.starts_with("7 of 10 backends of mail.example.net fail: 192.0.2.1 (connection refused), "),
        "{summary}"
    );
    assert!(summary.ends_with("192.0.2.4 (connection refused), 3 more"), "{summary}");
}

#[test]
fn other_differences_are_named_with_both_values() {
    let mut all = [server(1, "a"), server(2, "b"), server(3, "c")];
    all[2].extensions = Some(vec!["8BITMIME".to_owned(), "SIZE 500".to_owned()]);
    all[2].tls_version = Some("1.2".to_owned());
    all[2].tickets = Some(false);
    assert_eq!(
        summaries(&all),
        [
            "1 of 3 backends of mail.example.net uses TLS 1.2: c (192.0.2.3)",
            "1 of 3 backends of mail.example.net advertises SIZE 500 instead of SIZE 1000: c (192.0.2.3)",
            "1 of 3 backends of mail.example.net sends no TLS session ticket: c (192.0.2.3)",
        ]
    );
}
