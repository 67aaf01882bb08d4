//! Collects the results of all modules of the domain check.

use super::seen::{DomainSeen, NotTested};
use super::sight::Sight;
use super::{dane, delegation, dkim, dmarc, dnssec, hosts, lists, mx, purpose, reverse, senders, spf, sts, tlsrpt};
use crate::evidence::Evidence;
use crate::plan::Plan;
use crate::wire::{DnsName, RecordKind};

/// The results of a domain check; `None` if the plan is about a server.
pub fn results(plan: &Plan, evidence: &Evidence) -> Option<DomainSeen> {
    let sight = Sight::new(plan, evidence)?;
    let hosts = hosts::summary(sight);
    Some(DomainSeen {
        domain: sight.domain.name.ascii().to_owned(),
        unicode: sight.domain.name.is_international().then(|| sight.domain.name.unicode().to_owned()),
        dnssec: dnssec::summary(sight),
        delegation: delegation::summary(sight),
        null_mx: mx::is_null(sight),
        senders: if purpose::is_submission(sight) {
            Vec::new()
        } else {
            senders::summary(&hosts, hosts::meaning_of_silence(sight))
        },
        dane: dane::worst(&hosts),
        mta_sts: sts::summary(sight),
        tls_rpt: tlsrpt::summary(sight),
        spf: spf::summary(sight),
        dkim: dkim::summary(sight),
        dmarc: dmarc::summary(sight),
        sending: reverse::summary(sight),
        lists: lists::of_domain(sight),
        catch_all: hosts::catch_all(sight),
        not_tested: not_tested(sight),
        mx: hosts,
    })
}

/// The TLSA records that match the certificates that the MX hosts send now, as lines of a zone file.
pub fn tlsa_records(plan: &Plan, evidence: &Evidence) -> Vec<String> {
    Sight::new(plan, evidence).map(dane::suggested).unwrap_or_default()
}

/// The tests that were not run, grouped by subject.
fn not_tested(sight: Sight<'_>) -> Vec<NotTested> {
    let mut list = mx::not_tested(sight);
    list.extend(hosts::not_tested(sight));
    list.extend(delegation::not_tested(sight));
    list.extend(dnssec::not_tested(sight));
    if purpose::is_submission(sight) {
        list.extend(["MTA-STS", "TLS-RPT"].map(|what| NotTested {
            what: what.to_owned(),
            why: format!("does not apply to submission (port {})", sight.plan.target.port),
        }));
    } else {
        list.extend(sts::not_tested(sight));
        list.extend(unknown_record(sight, "TLS-RPT", sight.name().below("_smtp._tls").ok()));
    }
    list.extend(unknown_record(sight, "SPF", Some(sight.name())));
    list.extend(dkim::not_tested(sight));
    list.extend(dmarc::not_tested(sight));
    list.extend(reverse::not_tested(sight));
    list.extend(lists::not_tested(sight));
    list
}

/// A TXT record that could not be looked up.
fn unknown_record(sight: Sight<'_>, what: &str, name: Option<DnsName>) -> Option<NotTested> {
    let why = mx::why_unknown(sight, &name?, RecordKind::Txt)?;
    Some(NotTested { what: what.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::results;
    use crate::check::domain::seen::PublishedState;
    use crate::check::domain::world::{World, name, plan, response};
    use crate::evidence::{BogusReason, DnsCode, DnsFaultKind, DnssecState, RecordsSeen};
    use crate::wire::RecordKind;

    /// The entries in the `not_tested` list.
    fn untested(world: &mut World) -> Vec<String> {
        let plan = plan("example.com");
        let evidence = world.evidence(&plan);
        let seen = results(&plan, &evidence).expect("results");
        seen.not_tested.into_iter().map(|one| format!("{}: {}", one.what, one.why)).collect()
    }

    #[test]
    fn mta_sts_and_tls_reports_do_not_apply_to_submission_ports() {
        let mut world = World::new();
        world.zone(
            "example.com MX 0 mx.example.com
            mx.example.com A 8.8.4.1
            _mta-sts.example.com TXT v=STSv1; id=1;
            _smtp._tls.example.com TXT v=TLSRPTv1; rua=mailto:tls@example.com",
        );
        for port in [465, 587] {
            let mut plan = plan("example.com");
            plan.target.port = port;
            let evidence = world.evidence(&plan);
            let seen = results(&plan, &evidence).expect("results");
            let states = (seen.mta_sts.state, seen.tls_rpt.state, seen.mta_sts.mode, seen.tls_rpt.rua);
            assert_eq!(states, (PublishedState::Unknown, PublishedState::Unknown, None, Vec::new()));
            let why = format!("does not apply to submission (port {port})");
            let untested = seen.not_tested.iter().filter(|one| one.why == why).map(|one| one.what.as_str());
            assert_eq!(untested.collect::<Vec<_>>(), ["MTA-STS", "TLS-RPT"]);
            let rules: Vec<String> =
                crate::check::judge(&plan, &evidence).into_iter().map(|one| one.rule.into_owned()).collect();
            assert!(
                !rules.iter().any(|rule| rule.starts_with("mta-sts")
                    || rule.starts_with("tls-rpt")
                    || rule.starts_with("tlsrpt")),
                "{rules:?}"
            );
        }
    }

    #[test]
    fn records_that_could_not_be_looked_up_are_listed_with_the_reason() {
        let mut world = World::new();
        world.zone("example.com MX 0 .");
        let known = untested(&mut world);
        let all = ["MTA-STS", "TLS-RPT", "SPF", "DMARC"];
        assert!(!known.iter().any(|entry| all.iter().any(|what| entry.starts_with(what))), "{known:?}");
        let bogus = DnssecState::Bogus { why: BogusReason::DenialUnproven, zone: None };
        let at = name("_mta-sts.example.com");
        world.answer(at.as_str(), RecordKind::Txt, RecordsSeen { dnssec: bogus, ..response(&at, Vec::new()) });
        world.fails("_smtp._tls.example.com", RecordKind::Txt, DnsFaultKind::Timeout);
        world.fails("_dmarc.example.com", RecordKind::Txt, DnsFaultKind::TcpFailed);
        world.fails("_domainkey.example.com", RecordKind::Txt, DnsFaultKind::Timeout);
        let code = DnsCode::ServFail;
        let at = name("example.com");
        world.answer(at.as_str(), RecordKind::Txt, RecordsSeen { code, ..response(&at, Vec::new()) });
        let list = untested(&mut world);
        for entry in [
            "MTA-STS: the lookup of _mta-sts.example.com failed: DNSSEC: bogus",
            "TLS-RPT: the lookup of _smtp._tls.example.com failed: the DNS server did not respond",
            "SPF: the lookup of example.com failed: SERVFAIL",
            "DMARC: the lookup of _dmarc.example.com failed",
            "DKIM: lookups of _domainkey or of names below it failed",
        ] {
            assert!(list.contains(&entry.to_owned()), "{entry} in {list:?}");
        }
    }
}
