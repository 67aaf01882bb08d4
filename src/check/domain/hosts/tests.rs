use super::super::results;
use super::super::seen::{Delivery, ProbeReplyState};
use super::super::world::{MailServer, World, chain, plan_with_recipient};

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
