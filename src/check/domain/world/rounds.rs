//! How many rounds of questions a domain check needs. Questions of one round are asked at the same time, and each round
//! takes at least one round trip.

use super::{MailServer, World, plan};
use crate::evidence::Evidence;
use crate::question::Question;

const ZONE: &str = "example.com MX 10 mx1.example.com
    example.com MX 10 mx2.example.com
    example.com MX 20 mx3.example.com
    example.com MX 20 mx4.example.com
    example.com TXT v=spf1 mx -all
    _dmarc.example.com TXT v=DMARC1; p=reject
    _mta-sts.example.com TXT v=STSv1; id=1;";

/// The round in which each question of this kind was asked, starting with 0.
fn rounds(evidence: &Evidence, is_of_kind: impl Fn(&Question) -> bool) -> Vec<f64> {
    let mut rounds: Vec<f64> =
        evidence.probes.iter().filter(|probe| is_of_kind(&probe.question)).map(|probe| probe.started_ms).collect();
    rounds.sort_by(f64::total_cmp);
    rounds.dedup();
    rounds
}

#[test]
fn the_sessions_of_eight_addresses_begin_together_after_two_rounds_of_lookups() {
    let mut world = World::new();
    world.zone(ZONE);
    for host in 1..=4 {
        let name = format!("mx{host}.example.com");
        for address in 1..=2 {
            let ip = format!("8.8.{host}.{address}");
            world.record(&format!("{name} A {ip}"));
            world.server(&ip, MailServer::new(&name));
        }
    }
    world.signed();
    let evidence = world.evidence(&plan("example.com"));
    let sessions = rounds(&evidence, |question| matches!(question, Question::Session(_)));
    let hellos = rounds(&evidence, |question| matches!(question, Question::Hello(_)));
    let fetches = rounds(&evidence, |question| matches!(question, Question::Fetch(_)));
    assert_eq!(evidence.probes.iter().filter(|probe| matches!(probe.question, Question::Session(_))).count(), 8);
    // First the MX records, then the addresses of the hosts.
    assert_eq!(sessions, [2.0]);
    // A server's certificate of the other key type is requested when its first certificate is known.
    assert_eq!(hellos, [3.0]);
    // The policy is fetched no later than the start of the sessions.
    assert!(fetches.iter().all(|round| *round <= 2.0), "{fetches:?}");
    let last = rounds(&evidence, |_| true).last().copied();
    assert_eq!(last, Some(3.0), "{:#?}", evidence.probes.last().map(|probe| &probe.question));
}
