//! Tests of the sessions with MX hosts and their findings.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use super::super::results;
use super::super::seen::{Delivery, MxAddressSeen, ProbeReply, ProbeReplyState};
use super::super::world::{MailServer, World, chain, plan, plan_with_recipient, self_signed};
use crate::check::finding::{Finding, PhaseFailure, Severity};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{DnsFaultKind, Phase, Presented};
use crate::lexicon::Confidence;
use crate::plan::QuitAfter;
use crate::policy::tlsa::TlsaRecord;
use crate::policy::tlsa::tests::{made, record, sent};
use crate::question::{Purpose, Question};
use crate::wire::RecordKind;

const TWO: &str = "example.com MX 10 mx1.example.com
    example.com MX 20 mx2.example.com
    mx1.example.com A 8.8.4.1
    mx2.example.com A 8.8.4.2";

/// Two servers without faults.
fn two() -> World {
    let mut world = World::new();
    world.zone(TWO);
    world.server("8.8.4.1", MailServer::new("mx1.example.com"));
    world.server("8.8.4.2", MailServer::new("mx2.example.com"));
    world
}

fn findings(world: &mut World) -> Vec<Finding> {
    let plan = plan_with_recipient("example.com");
    let evidence = world.evidence(&plan);
    super::judge(&plan, &evidence)
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule.as_ref()).collect()
}

/// The findings if this server is the second server.
fn with_second(server: MailServer) -> Vec<Finding> {
    findings(two().server("8.8.4.2", server))
}

fn second() -> MailServer {
    MailServer::new("mx2.example.com")
}

#[test]
fn every_address_has_a_session_and_both_certificates_are_seen() {
    let mut world = World::new();
    world.zone(
        "example.com MX 10 mx1.example.com
         mx1.example.com A 192.0.2.1
         mx1.example.com AAAA 2001:db8::1",
    );
    let both = vec![chain(&["mx1.example.com"], "EC P-256", 60), chain(&["other.example.com"], "RSA 2048", 9)];
    world.server("192.0.2.1", MailServer::new("mx1.example.com").with_chains(both));
    let plan = plan_with_recipient("example.com");
    let evidence = world.evidence(&plan);
    let seen = results(&plan, &evidence).expect("results");
    assert_eq!(seen.mx.len(), 1);
    let host = &seen.mx[0];
    assert_eq!(host.addresses.len(), 2);
    let first = &host.addresses[0];
    assert!(first.ready);
    assert_eq!(first.greeting_host.as_deref(), Some("mx1.example.com"));
    assert_eq!(first.tls_version.as_deref(), Some("TLS 1.3"));
    let kinds: Vec<_> = first.certificates.iter().map(|one| (one.kind.as_str(), one.verifies, one.days_left)).collect();
    assert_eq!(kinds, [("ecdsa", true, Some(60)), ("rsa", false, Some(9))]);
    assert_eq!(first.policies.opportunistic, Delivery::Encrypted);
    assert_eq!(first.null_sender.state, ProbeReplyState::Accepted);
    assert_eq!(first.postmaster.state, ProbeReplyState::Accepted);
    assert_eq!(first.recipient.state, ProbeReplyState::Accepted);
    assert_eq!(first.unknown_recipient.state, ProbeReplyState::Rejected);
    assert_eq!(first.relay.state, ProbeReplyState::Rejected);
    let second = &host.addresses[1];
    assert_eq!(second.reachable, Some(false));
    assert_eq!(second.problem.as_deref(), Some("connection refused"));
}

#[test]
fn good_servers_have_no_findings() {
    assert_eq!(rules(&findings(&mut two())), Vec::<&str>::new());
}

#[test]
fn a_missing_starttls_names_the_host() {
    let found = with_second(second().without_starttls());
    assert_eq!(rules(&found), ["starttls-not-offered"]);
    assert!(found[0].summary.contains("mx2.example.com") && !found[0].summary.contains("mx1.example.com"));
}

#[test]
fn a_certificate_that_does_not_verify_is_no_error_without_a_policy() {
    let found = with_second(second().with_chains(vec![self_signed(&["mx2.example.com"], "EC P-256", 60)]));
    assert_eq!(rules(&found), ["certificate-self-signed"]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert_eq!(found[0].failure, None);
}

#[test]
fn equal_findings_about_several_hosts_become_one() {
    let mut world = two();
    world.server("8.8.4.1", MailServer::new("mx1.example.com").without_starttls());
    world.server("8.8.4.2", second().without_starttls());
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["starttls-not-offered"]);
    assert!(found[0].summary.contains("mx1.example.com") && found[0].summary.contains("mx2.example.com"));
    assert_eq!(found[0].evidence.probes.len(), 2);
}

#[test]
fn one_address_that_does_not_respond_is_a_warning_and_a_host_an_error() {
    let mut world = two();
    world.record("mx1.example.com AAAA 2a00:1450::1").closed("2a00:1450::1", ConnectFaultKind::TimedOut);
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["mx-unreachable"]);
    assert_eq!(found[0].severity, Severity::Warning);
    let found = findings(two().closed("8.8.4.2", ConnectFaultKind::Refused));
    assert_eq!(rules(&found), ["mx-unreachable"]);
    assert_eq!((found[0].severity, found[0].failure), (Severity::Error, None));
    let mut world = two();
    world.closed("8.8.4.1", ConnectFaultKind::Refused).closed("8.8.4.2", ConnectFaultKind::Refused);
    assert!(findings(&mut world).iter().all(|finding| finding.failure == Some(PhaseFailure::Unreachable)));
}

#[test]
fn if_every_connection_times_out_the_hosts_are_not_blamed() {
    let mut world = two();
    world.closed("8.8.4.1", ConnectFaultKind::TimedOut).closed("8.8.4.2", ConnectFaultKind::TimedOut);
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["mx-port-blocked-here"]);
    assert_eq!(found[0].failure, Some(PhaseFailure::Unreachable));
    assert_eq!(found[0].confidence, Confidence::Likely);
    assert!(found[0].otherwise.is_some());
}

#[test]
fn a_family_that_this_machine_lacks_is_not_tested() {
    let mut world = two();
    world.record("mx1.example.com AAAA 2a00:1450::1").closed("2a00:1450::1", ConnectFaultKind::NoSourceAddress);
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    assert_eq!(rules(&super::judge(&plan, &evidence)), Vec::<&str>::new());
    let seen = results(&plan, &evidence).expect("results");
    assert_eq!(seen.not_tested.len(), 1);
    assert!(seen.not_tested[0].why.contains("no IPv6"));
}

#[test]
fn a_web_proxy_in_front_of_a_host_is_likely() {
    let mut world = World::new();
    world.zone(&TWO.replace("8.8.4.2", "104.16.0.1"));
    world.server("8.8.4.1", MailServer::new("mx1.example.com")).closed("104.16.0.1", ConnectFaultKind::TimedOut);
    world.server("104.16.0.1", MailServer::new("web")).only_on("104.16.0.1", 443);
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["mx-behind-web-proxy"]);
    assert_eq!(found[0].confidence, Confidence::Likely);
}

#[test]
fn if_the_only_host_is_behind_a_web_proxy_this_machine_is_not_blamed() {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nmx.example.com A 104.16.0.1");
    world.server("104.16.0.1", MailServer::new("web")).only_on("104.16.0.1", 443);
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["mx-behind-web-proxy"]);
    assert_eq!((found[0].confidence, found[0].failure), (Confidence::Likely, Some(PhaseFailure::Unreachable)));
    // The mail service of the proxy's operator also has such addresses.
    let mut world = World::new();
    world.zone("example.com MX 10 route1.mx.cloudflare.net\nroute1.mx.cloudflare.net A 162.159.205.11");
    world.server("162.159.205.11", MailServer::new("web")).only_on("162.159.205.11", 443);
    assert_eq!(rules(&findings(&mut world)), ["mx-port-blocked-here"]);
}

#[test]
fn a_blocked_port_is_reported_first_and_once() {
    let mut world = two();
    world.zone("mx3.example.com A 104.16.0.1\nexample.com MX 30 mx3.example.com").signed();
    world.server("104.16.0.1", MailServer::new("web")).only_on("104.16.0.1", 443);
    world.closed("8.8.4.1", ConnectFaultKind::TimedOut).closed("8.8.4.2", ConnectFaultKind::TimedOut);
    for host in ["mx1", "mx2", "mx3"] {
        world.fails(&format!("_25._tcp.{host}.example.com"), RecordKind::Tlsa, DnsFaultKind::Timeout);
    }
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    let found = crate::check::judge(&plan, &evidence);
    assert_eq!(found[0].rule, "mx-port-blocked-here", "{:?}", rules(&found));
    assert_eq!(found.iter().filter(|one| one.rule == "mx-port-blocked-here").count(), 1);
    assert!(!rules(&found).contains(&"mx-unreachable"));
    assert!(rules(&found).contains(&"dane-lookup-fails") && rules(&found).contains(&"mx-behind-web-proxy"));
}

#[test]
fn a_rejected_postmaster_is_a_warning_but_not_if_this_machine_is_rejected() {
    let found = with_second(second().replying("RCPT TO:<postmaster@", "550 5.1.1 User unknown"));
    assert_eq!(rules(&found), ["mx-postmaster-rejected"]);
    let listed = "550 5.7.1 Service unavailable; client [192.0.2.7] blocked using zen.spamhaus.org";
    let found = with_second(second().replying("RCPT", listed));
    assert_eq!(rules(&found), ["client-reputation"]);
    assert_eq!((found[0].severity, found[0].failure), (Severity::Warning, None));
}

#[test]
fn a_rejected_null_sender_is_an_error() {
    let found = with_second(second().replying("MAIL", "550 5.1.0 <>: Sender address rejected"));
    assert_eq!(rules(&found), ["mx-null-sender-rejected"]);
    let found = with_second(second().replying("MAIL", "451 4.3.0 Try again later"));
    assert!(!rules(&found).contains(&"mx-null-sender-rejected"));
}

#[test]
fn an_accepted_foreign_recipient_is_only_a_possible_relay() {
    let found = with_second(second().replying("RCPT TO:<relay-test@", "250 2.1.5 Ok"));
    assert_eq!(rules(&found), ["mx-relay-accepted"]);
    assert_eq!((found[0].severity, found[0].confidence), (Severity::Warning, Confidence::Possible));
}

#[test]
fn recipients_that_cannot_exist_show_catch_all_and_backups_that_differ() {
    let every = |name: &str| MailServer::new(name).replying("RCPT TO:<no-such-user-", "250 2.1.5 Ok");
    let found = with_second(every("mx2.example.com"));
    assert_eq!(rules(&found), ["mx-backup-differs"]);
    let mut world = two();
    world.server("8.8.4.1", every("mx1.example.com")).server("8.8.4.2", every("mx2.example.com"));
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["mx-accepts-every-recipient"]);
    assert_eq!(found[0].severity, Severity::Notice);
}

#[test]
fn greylisting_is_no_fault_and_is_listed_as_not_tested() {
    let mut world = two();
    let reply = "450 4.2.0 <user@example.com>: Recipient address rejected: Greylisted";
    world.server("8.8.4.2", second().replying("RCPT", reply).replying("RCPT TO:<", reply));
    let plan = plan_with_recipient("example.com");
    let evidence = world.evidence(&plan);
    let found = super::judge(&plan, &evidence);
    assert!(found.iter().all(|finding| finding.severity == Severity::Notice && finding.failure.is_none()), "{found:?}");
    let seen = results(&plan, &evidence).expect("results");
    assert!(seen.not_tested.iter().any(|one| one.what.contains("recipients at mx2.example.com")));
}

#[test]
fn a_server_without_a_fully_qualified_name_is_a_notice() {
    let found = with_second(second().greeting("220 localhost ESMTP"));
    assert_eq!(rules(&found), ["mx-server-name-not-valid"]);
}

#[test]
fn the_unknown_and_the_foreign_recipient_are_tested_at_one_address_of_each_host() {
    let mut world = two();
    world.record("mx1.example.com A 8.8.4.3").closed("8.8.4.1", ConnectFaultKind::TimedOut);
    world.server("8.8.4.3", MailServer::new("mx1.example.com"));
    let plan = plan_with_recipient("example.com");
    let evidence = world.evidence(&plan);
    let seen = results(&plan, &evidence).expect("results");
    let first = &seen.mx[0];
    assert_eq!(first.addresses[0].relay.state, ProbeReplyState::NotTested);
    assert_eq!(first.addresses[1].relay.state, ProbeReplyState::Rejected);
    assert_eq!(seen.catch_all, Some(false));
    let sessions = evidence.probes(Purpose::MailExchanger).count();
    assert_eq!(sessions, 4, "the first address, the second address twice, and the other host");
}

#[test]
fn sessions_are_requested_at_once_and_the_budget_is_stated() {
    let mut plan = plan("example.com");
    plan.limits.max_connections = 1;
    let evidence = two().evidence(&plan);
    let first = |purpose| evidence.probes(purpose).map(|session| session.probe.started_ms).collect::<Vec<_>>();
    let started = first(Purpose::MailExchanger);
    assert!(started.windows(2).all(|pair| pair[0] == pair[1]), "{started:?}");
    assert!(evidence.probes.iter().any(|probe| matches!(probe.question, Question::Session(_))));
}

#[test]
fn servers_that_were_not_tested_make_the_check_incomplete() {
    let mut world = two();
    world.others = |_, question| {
        matches!(question, Question::Session(_))
            .then_some(crate::evidence::Outcome::Skipped { reason: crate::evidence::SkipReason::ConnectionBudget })
    };
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["mx-not-tested"]);
    assert_eq!(found[0].failure, Some(PhaseFailure::Incomplete));
    let mut plan = plan("example.com");
    plan.family = crate::plan::Family::V6;
    let evidence = two().evidence(&plan);
    let found = super::judge(&plan, &evidence);
    assert_eq!(rules(&found), ["mx-not-tested"]);
    assert_eq!(found[0].failure, Some(PhaseFailure::Incomplete));
    let seen = results(&plan, &evidence).expect("results");
    assert!(seen.senders.iter().all(|sender| sender.delivers == Delivery::Unknown));
}

/// The severity and the failure of the findings about the recipient, if the two servers have these replies and
/// preferences.
fn about_recipient_at(preferences: [u16; 2], first: &str, second: &str) -> Vec<Finding> {
    let mut world = World::new();
    let [one, other] = preferences;
    world.zone(&TWO.replace("MX 10", &format!("MX {one}")).replace("MX 20", &format!("MX {other}")));
    world.server("8.8.4.1", MailServer::new("mx1.example.com").replying("RCPT TO:<user@", first));
    world.server("8.8.4.2", MailServer::new("mx2.example.com").replying("RCPT TO:<user@", second));
    let mut found = findings(&mut world);
    found.retain(|one| one.phase == Phase::Rcpt);
    found
}

fn weights(findings: &[Finding]) -> Vec<(Severity, Option<PhaseFailure>)> {
    findings.iter().map(|one| (one.severity, one.failure)).collect()
}

const UNKNOWN: &str = "550 5.1.1 <user@example.com>: User unknown";
const GREYLISTED: &str = "450 4.2.0 <user@example.com>: Greylisted, try again later";
const FULL: &str = "452 4.2.2 <user@example.com>: Mailbox full";
const ACCEPTED: &str = "250 2.1.5 Ok";
const PERMANENT: (Severity, Option<PhaseFailure>) = (Severity::Error, Some(PhaseFailure::RefusedPermanent));
const TEMPORARY: (Severity, Option<PhaseFailure>) = (Severity::Error, Some(PhaseFailure::RefusedTemporary));

#[test]
fn the_users_recipient_determines_the_exit_code_if_no_server_accepts_it() {
    let at = |first, second| weights(&about_recipient_at([10, 20], first, second));
    assert_eq!(at(UNKNOWN, UNKNOWN), [PERMANENT]);
    assert_eq!(at(GREYLISTED, GREYLISTED), [TEMPORARY]);
    assert_eq!(at(FULL, FULL), [TEMPORARY]);
    assert_eq!(at(ACCEPTED, ACCEPTED), []);
    assert_eq!(at("530 5.7.0 Authentication required", "530 5.7.0 Authentication required"), [PERMANENT]);
}

#[test]
fn a_permanent_rejection_by_the_preferred_host_loses_mail_even_if_a_later_host_accepts() {
    let found = about_recipient_at([10, 20], UNKNOWN, ACCEPTED);
    assert_eq!(weights(&found), [PERMANENT]);
    let text = found[0].consequences.join(" ");
    assert!(text.contains("mx2.example.com") && text.contains("do not try another host"), "{text}");
}

#[test]
fn a_rejection_by_a_later_host_loses_no_mail() {
    let found = about_recipient_at([10, 20], ACCEPTED, UNKNOWN);
    assert_eq!(weights(&found), [(Severity::Warning, None)]);
    assert!(found[0].consequences.join(" ").contains("Senders deliver mail"), "{found:?}");
}

#[test]
fn hosts_of_equal_preference_lose_part_of_the_mail() {
    for (first, second) in [(UNKNOWN, ACCEPTED), (ACCEPTED, UNKNOWN)] {
        let found = about_recipient_at([10, 10], first, second);
        assert_eq!(weights(&found), [PERMANENT]);
        assert!(found[0].consequences.join(" ").contains("at random"), "{found:?}");
    }
}

#[test]
fn senders_skip_a_host_that_defers_the_recipient() {
    let at = |first, second| weights(&about_recipient_at([10, 20], first, second));
    assert_eq!(at(GREYLISTED, ACCEPTED), [(Severity::Notice, None)]);
    assert_eq!(at(FULL, ACCEPTED), [(Severity::Warning, None)]);
    // The next host rejects it permanently.
    assert_eq!(at(FULL, UNKNOWN), [(Severity::Warning, None), PERMANENT]);
    let found = about_recipient_at([10, 20], "450 4.2.0 <user@example.com>: Recipient deferred", ACCEPTED);
    assert!(found.iter().all(|one| one.failure.is_none()), "{found:?}");
}

#[test]
fn an_accepted_recipient_changes_no_finding_about_others() {
    let mut world = two();
    let server = |name| MailServer::new(name).replying("RCPT TO:<relay-test@", "250 2.1.5 Ok");
    world.server("8.8.4.1", server("mx1.example.com").replying("RCPT TO:<postmaster@", FULL));
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["mailbox-full", "mx-relay-accepted"]);
    assert!(found.iter().all(|one| one.severity == Severity::Warning && one.failure.is_none()), "{found:?}");
}

/// The weights of the findings if both servers reply to a command in this way, and if only the second server does.
fn both_and_one(command: &str, reply: &str) -> [Vec<Finding>; 2] {
    let mut world = two();
    world.server("8.8.4.1", MailServer::new("mx1.example.com").replying(command, reply));
    world.server("8.8.4.2", second().replying(command, reply));
    [findings(&mut world), with_second(second().replying(command, reply))]
}

#[test]
fn if_no_server_gets_as_far_as_the_recipients_the_rejection_determines_the_exit_code() {
    for (command, reply, reason) in [
        ("", "554 5.7.1 Service unavailable; client [192.0.2.7] blocked using zen.spamhaus.org", 5),
        ("", "554 mx.example.com No SMTP service here", 5),
        ("", "554 go away", 5),
        ("", "421 4.7.0 Too many connections from your address", 4),
        ("EHLO", "550 5.7.1 Invalid HELO name", 5),
        ("EHLO", "501 Syntactically invalid EHLO argument(s)", 5),
        ("EHLO", "421 4.3.2 Service shutting down", 4),
        ("MAIL", "550 5.7.25 Client host rejected: cannot find your reverse hostname", 5),
        ("MAIL", "550 5.1.0 <>: Sender address rejected", 5),
        ("MAIL", "530 5.7.0 Authentication required", 5),
        ("MAIL", "451 4.3.0 Try again later", 4),
        ("MAIL", "450 4.7.1 Rate limit exceeded", 4),
    ] {
        let [both, one] = both_and_one(command, reply);
        let expected = if reason == 4 { TEMPORARY } else { PERMANENT };
        assert!(weights(&both).contains(&expected), "{command} {reply}: {both:?}");
        let failures = both.iter().filter(|finding| finding.failure.is_some());
        assert!(failures.clone().all(|finding| weights(std::slice::from_ref(finding)) == [expected]), "{both:?}");
        assert!(!one.is_empty() && one.iter().all(|finding| finding.failure.is_none()), "{command} {reply}: {one:?}");
    }
}

#[test]
fn a_service_that_is_not_smtp_rejects_nothing() {
    for greeting in ["HTTP/1.1 400 Bad Request", "SSH-2.0-OpenSSH_9.6"] {
        let mut world = two();
        world.server("8.8.4.1", MailServer::new("mx1.example.com").greeting(greeting));
        world.server("8.8.4.2", second().greeting(greeting));
        let found = findings(&mut world);
        let failures: Vec<_> = found.iter().filter_map(|one| one.failure).collect();
        assert_eq!(failures, [PhaseFailure::Protocol], "{found:?}");
        assert_eq!(rules(&found), ["greeting-not-smtp"]);
        // Senders retry because of a temporary rejection by the other host.
        world.server("8.8.4.2", second().greeting("421 4.3.2 Try again later"));
        let found = findings(&mut world);
        let failures: Vec<_> = found.iter().filter_map(|one| one.failure).collect();
        assert_eq!(failures, [PhaseFailure::RefusedTemporary], "{found:?}");
        // The other host works.
        world.server("8.8.4.2", second());
        let found = findings(&mut world);
        assert!(found.iter().all(|one| one.failure.is_none()), "{found:?}");
    }
}

#[test]
fn senders_retry_if_one_of_the_servers_rejects_temporarily() {
    let mut world = two();
    world.server("8.8.4.1", MailServer::new("mx1.example.com").greeting("554 5.7.1 Blocked using zen.spamhaus.org"));
    world.server("8.8.4.2", second().replying("MAIL", "451 4.3.0 Try again later"));
    let found = findings(&mut world);
    let failures: Vec<_> = found.iter().filter_map(|one| one.failure).collect();
    assert_eq!(failures, [PhaseFailure::RefusedTemporary], "{found:?}");
}

#[test]
fn the_same_reply_of_several_servers_is_quoted_once() {
    let [both, _] = both_and_one("", "554 5.7.1 No mail from your network");
    assert_eq!(rules(&both), ["client-reputation"]);
    let repeated = both[0].consequences.iter().filter(|one| one.contains("No mail from your network")).count();
    assert_eq!(repeated, 0, "{:?}", both[0].consequences);
}

#[test]
fn a_different_reply_of_a_later_server_is_listed_with_its_name() {
    let mut world = two();
    world.server("8.8.4.1", MailServer::new("mx1.example.com").greeting("554 5.7.1 No mail from your network"));
    world.server("8.8.4.2", MailServer::new("mx2.example.com").greeting("554 5.7.1 Your network is not welcome here"));
    let found = findings(&mut world);
    let listed = found.iter().flat_map(|one| &one.consequences).find(|one| one.contains("not welcome"));
    assert!(listed.is_some_and(|one| one.contains("mx2.example.com") && one.contains("[8.8.4.2]: ")), "{found:?}");
}

/// What was not tested, and the replies about the recipient, if both servers reply to a command in this way.
fn untested(command: &str, reply: &str) -> (Vec<String>, Vec<ProbeReply>) {
    let mut world = two();
    world.server("8.8.4.1", MailServer::new("mx1.example.com").replying(command, reply));
    world.server("8.8.4.2", second().replying(command, reply));
    let plan = plan_with_recipient("example.com");
    let evidence = world.evidence(&plan);
    let seen = results(&plan, &evidence).expect("results");
    let replies = seen.mx.iter().flat_map(|mx| &mx.addresses).map(|address| address.recipient.clone()).collect();
    (seen.not_tested.iter().map(|one| format!("{}: {}", one.what, one.why)).collect(), replies)
}

#[test]
fn recipients_that_the_session_did_not_reach_are_listed_with_the_reason() {
    for (command, reply, why) in [
        ("", "554 go away", "greeting rejected: 554"),
        ("EHLO", "550 5.7.1 Invalid HELO name", "EHLO rejected: 550"),
        ("MAIL", "550 5.1.0 <>: Sender address rejected", "null sender rejected: 550"),
    ] {
        let (list, replies) = untested(command, reply);
        for host in ["mx1.example.com [8.8.4.1]", "mx2.example.com [8.8.4.2]"] {
            assert!(list.contains(&format!("recipients at {host}: {why}")), "{list:?}");
        }
        assert!(replies.iter().all(|reply| reply.why.as_deref() == Some(why)), "{replies:?}");
    }
    let (list, replies) = untested("RCPT TO:<user@", ACCEPTED);
    assert!(!list.iter().any(|one| one.starts_with("recipients at")), "{list:?}");
    assert!(replies.iter().all(|reply| reply.why.is_none()));
}

#[test]
fn every_reply_that_was_not_tested_has_a_reason() {
    let mut world = two();
    world.record("mx1.example.com A 8.8.4.3").server("8.8.4.3", MailServer::new("mx1.example.com"));
    world.closed("8.8.4.2", ConnectFaultKind::Refused);
    for plan in [plan("example.com"), plan_with_recipient("example.com")] {
        let evidence = world.evidence(&plan);
        let seen = results(&plan, &evidence).expect("results");
        for address in seen.mx.iter().flat_map(|mx| &mx.addresses) {
            let MxAddressSeen { null_sender, postmaster, recipient, unknown_recipient, relay, .. } = address;
            for reply in [null_sender, postmaster, recipient, unknown_recipient, relay] {
                assert_eq!(reply.state == ProbeReplyState::NotTested, reply.why.is_some(), "{address:?}");
            }
        }
        for host in seen.senders.iter().flat_map(|sender| &sender.hosts) {
            assert!(host.delivers != Delivery::Unknown || host.reason.is_some(), "{host:?}");
        }
    }
}

/// The findings about a signed domain that has one host, these TLSA records and these other records. The host's server
/// sends this chain.
fn with_tlsa(chain: &Presented, records: &[TlsaRecord], zone: &str) -> Vec<Finding> {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nmx.example.com A 8.8.4.1").zone(zone);
    for record in records {
        world.record(&format!("_25._tcp.mx.example.com TLSA {record}"));
    }
    world.signed();
    world.server("8.8.4.1", MailServer::new("mx.example.com").with_chains(vec![chain.clone()]));
    findings(&mut world)
}

#[test]
fn a_root_that_a_tlsa_record_matches_is_not_unnecessary() {
    let made = made((-1, 30));
    let [leaf, middle, root] = &made.ders;
    let chain = sent(&[leaf, middle, root]);
    let with = |records: &[TlsaRecord]| with_tlsa(&chain, records, "");
    let unnecessary = |found: &[Finding]| found.iter().any(|one| one.rule == "certificate-chain-unnecessary");
    assert!(unnecessary(&with(&[])));
    for matching in [record(2, 0, 1, root), record(2, 1, 1, root), record(2, 1, 2, root)] {
        let found = with(&[matching]);
        assert!(!unnecessary(&found), "{found:?}");
    }
    let found = with(&[record(2, 1, 1, middle)]);
    assert!(unnecessary(&found), "no sender needs a root above the CA of the record");
    // The root is needed, but the other certificate is not.
    let other = crate::policy::tlsa::tests::made((-1, 30)).ders;
    let found = with_tlsa(&sent(&[leaf, middle, &other[1], root]), &[record(2, 0, 1, root)], "");
    let found = found.iter().find(|one| one.rule == "certificate-chain-unnecessary").unwrap();
    assert!(!found.summary.contains("root"), "{}", found.summary);
}

#[test]
fn unknown_tlsa_records_make_an_unnecessary_certificate_uncertain() {
    let made = made((-1, 30));
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nmx.example.com A 8.8.4.1").signed();
    world.fails("_25._tcp.mx.example.com", RecordKind::Tlsa, DnsFaultKind::Timeout);
    let chain = sent(&made.ders.iter().collect::<Vec<_>>());
    world.server("8.8.4.1", MailServer::new("mx.example.com").with_chains(vec![chain]));
    let found = findings(&mut world);
    let found = found.iter().find(|one| one.rule == "certificate-chain-unnecessary").unwrap();
    assert_eq!(found.confidence, Confidence::Likely);
    assert!(found.otherwise.as_ref().is_some_and(|text| text.contains("usage 2")));
}

#[test]
fn faults_that_senders_with_dane_ignore_are_notices_that_say_so() {
    let of = |days: (i64, i64), usage: u8, zone: &str| {
        let made = made(days);
        let [leaf, middle, _] = &made.ders;
        let matching = if usage == 3 { record(3, 1, 1, leaf) } else { record(2, 1, 1, middle) };
        with_tlsa(&sent(&[leaf, middle]), &[matching], zone)
    };
    let about = |found: &[Finding], rule: &str| {
        let finding = found.iter().find(|one| one.rule == rule).unwrap_or_else(|| panic!("{rule}: {found:?}"));
        (finding.severity, finding.consequences.join(" "))
    };
    for (usage, days, rule) in [
        (3, (-1, 30), "certificate-untrusted"),
        (3, (-60, -1), "certificate-expired"),
        (2, (-1, 30), "certificate-untrusted"),
    ] {
        let (severity, meaning) = about(&of(days, usage, ""), rule);
        assert_eq!(severity, Severity::Notice, "{rule}");
        assert!(
            meaning
                .contains(&format!("Senders that use DANE accept this certificate: a TLSA record with usage {usage}"))
        );
        assert!(!meaning.contains("MTA-STS"), "{meaning}");
    }
    // Senders that use MTA-STS verify the certificate.
    let policy = "_mta-sts.example.com TXT v=STSv1; id=1";
    let (severity, meaning) = about(&of((-1, 30), 3, policy), "certificate-untrusted");
    assert_eq!(severity, Severity::Warning);
    assert!(meaning.contains("MTA-STS"), "{meaning}");
    // A record with usage 2 stops matching when the certificate expires.
    let (severity, _) = about(&of((-1, 3), 2, ""), "certificate-expires-soon");
    assert_eq!(severity, Severity::Warning);
    let (severity, _) = about(&of((-1, 3), 3, ""), "certificate-expires-soon");
    assert_eq!(severity, Severity::Notice);
    // Without TLSA records, the finding does not mention DANE.
    let made = made((-1, 30));
    let (severity, meaning) = about(&with_tlsa(&sent(&[&made.ders[0]]), &[], ""), "certificate-untrusted");
    assert_eq!(severity, Severity::Warning);
    assert!(!meaning.contains("DANE"), "{meaning}");
}

#[test]
fn a_submission_port_is_not_judged_like_port_25() {
    let mut plan = plan_with_recipient("example.com");
    plan.target.port = 587;
    let mut world = two();
    let closed = |world: &mut World| {
        world.server(
            "8.8.4.1",
            MailServer::submission("mx1.example.com").replying("MAIL", "530 5.7.0 Authentication required"),
        );
        world.closed("8.8.4.2", ConnectFaultKind::Refused);
    };
    closed(&mut world);
    let evidence = world.evidence(&plan);
    let found = super::judge(&plan, &evidence);
    assert_eq!(rules(&found), ["mx-unreachable"]);
    let texts = [found[0].summary.clone(), found[0].cause.clone(), found[0].consequences.join(" ")].join(" ");
    assert!(texts.contains("port 587") && texts.contains("mail programs") && !texts.contains("enders"), "{texts}");
    let seen = results(&plan, &evidence).expect("results");
    assert!(seen.senders.is_empty(), "no sender delivers to this port");
    assert_eq!(seen.mx[0].addresses[0].null_sender.why.as_deref(), Some("submission requires a login"));
    let is_mail =
        |question: &Question| matches!(question, Question::Session(request) if request.script.envelope.is_some());
    assert!(!world.asked.iter().any(is_mail));
    let ends_before_tls = |question: &Question| matches!(question, Question::Session(request) if request.script.quit_after < QuitAfter::Starttls);
    assert!(!world.asked.iter().any(ends_before_tls), "the certificate must be seen");
    // Mail programs verify certificates, so a fault of the certificate is an error.
    let mut world = two();
    world.server(
        "8.8.4.1",
        MailServer::submission("mx1.example.com").with_chains(vec![self_signed(&["mx1.example.com"], "EC P-256", 60)]),
    );
    world.server("8.8.4.2", MailServer::submission("mx2.example.com"));
    let evidence = world.evidence(&plan);
    let found = super::judge(&plan, &evidence);
    assert_eq!(rules(&found), ["certificate-self-signed"]);
    assert_eq!((found[0].severity, found[0].failure), (Severity::Error, None));
}
