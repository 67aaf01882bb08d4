//! Blocklists: looks up the IP addresses that send mail (`--sending`) in lists of IP addresses, and the domain in lists
//! of domains. The result of a list counts only if its test entries are correct (RFC 5782 §5): many lists do not answer
//! queries from public resolvers, and lists that were shut down may list every address. The test entries are looked up
//! at the same time as the address.

use std::net::IpAddr;

use super::seen::{ListSeen, ListState, NotTested};
use super::sight::{Known, Sight, records};
use crate::check::finding::{Check, Docs, Finding, Rule, Severity};
use crate::evidence::{Evidence, Phase, Probe};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::policy::blocklist::{self, CodeMeaning, ListAnswer, ListSubject, ListWeight, TestSubject};
use crate::question::Question;
use crate::wire::{DnsName, DomainName, RecordKind};

pub(super) static CHECK: Check =
    Check { subject: "domain-lists", ask, judge, rules: &[&LISTED, &REFUSES_RESOLVER, &NOT_WORKING, &SHUT_DOWN] };

static LISTED: Rule = Rule {
    id: "list-listed",
    severity: Severity::Error,
    title: "a blocklist contains the sending IP address or the domain",
    docs: Docs {
        sees: "The list has an entry for the domain, or for an IP address given with --sending, and the test entries show that the list works. The finding is an error for lists that many receivers use, a warning for other lists, and a notice for lists or codes that hardly any receiver uses to reject mail (UCEPROTECT levels 2 and 3, Backscatterer).",
        matters: "Receivers that use the list reject or filter mail that is sent from this IP address or contains this domain.",
        action: "First fix the cause that the code indicates, such as an infected machine, an abused web form, or mail to addresses that no longer exist. Then request removal on the list's website. If the entry is for a range of IP addresses that should not send mail (PBL), send through your provider's mail server, or ask the owner of the range to remove the IP address from the list.",
        example: "2.2.0.192.zen.spamhaus.org A 127.0.0.3",
        references: "RFC 5782 section 2 (queries and codes), section 5 (test entries)",
    },
};

static REFUSES_RESOLVER: Rule = Rule {
    id: "list-refuses-resolver",
    severity: Severity::Notice,
    title: "a blocklist does not answer queries from this resolver",
    docs: Docs {
        sees: "The list returned a code that indicates an error, not a listing (Spamhaus: 127.255.255.0/24; URIBL and SURBL: 127.0.0.1), or its name servers rejected the query. This never means that the IP address or domain is listed.",
        matters: "It is unknown whether the IP address or domain is listed. Many lists do not answer queries from public resolvers, or from resolvers that send too many queries.",
        action: "Use your own resolver (--resolver), or look up the IP address or domain on the list's website.",
        example: "2.0.0.127.zen.spamhaus.org A 127.255.255.254",
        references: "RFC 5782 section 5 (test entries); the lists' own documentation of their return codes",
    },
};

static NOT_WORKING: Rule = Rule {
    id: "list-not-working",
    severity: Severity::Notice,
    title: "a blocklist returns no usable responses, so smtpcheck ignores it",
    docs: Docs {
        sees: "The list does not respond, does not list its test entry 127.0.0.2 (for domains: TEST), or lists 127.0.0.1 (for domains: INVALID), which must not be listed.",
        matters: "It is unknown whether the IP address or domain is listed. Some lists respond only to registered resolvers.",
        action: "Look up the IP address or domain on the list's website, use your own resolver (--resolver), or query no lists (--list none). If the test entries are also wrong on your mail server, remove the list from that server's configuration.",
        example: "1.0.0.127.bl.example A 127.0.0.2",
        references: "RFC 5782 section 5 (test entries)",
    },
};

static SHUT_DOWN: Rule = Rule {
    id: "list-shut-down",
    severity: Severity::Notice,
    title: "a blocklist given with --list was shut down",
    docs: Docs {
        sees: "A list given with --list was shut down. smtpcheck does not query it.",
        matters: "A list that was shut down is empty, or lists every IP address.",
        action: "Do not use this list. If your own mail server uses it, remove it from that server's configuration; otherwise, the server may reject all mail.",
        example: "dnsbl.ahbl.org, which has listed every IP address since 2015",
        references: "RFC 5782 section 5; the announcements of the operators",
    },
};

/// The test entry is missing: the list does not work, or this resolver does not resolve names in the list's zone.
const NO_TEST_ENTRY: &str = "this resolver returns no test entry";
/// No response from the list.
const NO_RESPONSE: &str = "it does not respond; some lists respond only to registered resolvers";

/// The zones of the lists that are queried by default.
pub fn default_lists() -> Vec<DomainName> {
    blocklist::default_zones().filter_map(|zone| DomainName::parse(zone).ok()).collect()
}

/// The lists to query, without those that were shut down.
fn zones(sight: Sight<'_>) -> impl Iterator<Item = DnsName> {
    sight.domain.lists.iter().map(DnsName::from).filter(|zone| !blocklist::is_dead(zone.as_str()))
}

/// The lists in which an IP address is looked up.
fn zones_for(sight: Sight<'_>, ip: IpAddr) -> impl Iterator<Item = DnsName> {
    zones(sight).filter(move |zone| match blocklist::subject(zone.as_str()) {
        ListSubject::Addresses => true,
        ListSubject::Ipv4 => ip.is_ipv4(),
        ListSubject::Domains => false,
    })
}

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut questions = Vec::new();
    for lookup in all(sight) {
        let tests = lookup.tests();
        questions.extend(
            tests.into_iter().flat_map(|(first, second)| [first, second]).map(|name| records(&name, RecordKind::A)),
        );
        questions.push(records(&lookup.name, RecordKind::A));
        // The TXT record of an entry often contains the reason for the listing.
        if matches!(lookup.answer(sight), Some(ListAnswer::Listed(_))) {
            questions.push(records(&lookup.name, RecordKind::Txt));
        }
    }
    questions
}

/// The lookup of one IP address or domain in one list.
struct ListLookup {
    zone: DnsName,
    /// The name to look up.
    name: DnsName,
    test: TestSubject,
    /// The address or domain.
    entry: String,
}

fn all(sight: Sight<'_>) -> Vec<ListLookup> {
    let addresses = sight.domain.sending.iter().flat_map(|ip| for_address(sight, *ip));
    addresses.chain(for_domain(sight)).collect()
}

fn for_address(sight: Sight<'_>, ip: IpAddr) -> Vec<ListLookup> {
    let test = if ip.is_ipv4() { TestSubject::Ipv4 } else { TestSubject::Ipv6 };
    let lookup = |zone: DnsName| {
        let name = blocklist::address_name(&zone, ip)?;
        Some(ListLookup { zone, name, test, entry: ip.to_string() })
    };
    zones_for(sight, ip).filter_map(lookup).collect()
}

fn for_domain(sight: Sight<'_>) -> Vec<ListLookup> {
    let domain = sight.name();
    let lookup = |zone: DnsName| {
        let name = zone.below(domain.as_str()).ok()?;
        Some(ListLookup { zone, name, test: TestSubject::Domains, entry: domain.to_string() })
    };
    zones(sight).filter(|zone| blocklist::subject(zone.as_str()) == ListSubject::Domains).filter_map(lookup).collect()
}

impl ListLookup {
    fn tests(&self) -> Option<(DnsName, DnsName)> {
        blocklist::test_names(&self.zone, self.test)
    }

    /// The list's answer; `None` while unknown.
    fn answer(&self, sight: Sight<'_>) -> Option<ListAnswer> {
        answer(sight, &self.zone, &self.name)
    }

    /// The verdict; `None` while unknown.
    fn verdict(&self, sight: Sight<'_>) -> Option<(ListState, Option<String>)> {
        let (first, second) = self.tests()?;
        let (listed, unlisted) = (answer(sight, &self.zone, &first)?, answer(sight, &self.zone, &second)?);
        let own = self.answer(sight)?;
        let verdict = |state, detail: &str| Some((state, Some(detail.to_owned())));
        for answer in [&listed, &unlisted, &own] {
            if let ListAnswer::Refused(why) = answer {
                return verdict(ListState::Refused, why);
            }
        }
        for answer in [&listed, &unlisted, &own] {
            if let ListAnswer::Wrong(why) = answer {
                return verdict(ListState::NotWorking, why);
            }
        }
        match (listed, unlisted, own) {
            (_, ListAnswer::Listed(_), _) => {
                verdict(ListState::NotWorking, "it lists the test entry that must not be listed")
            }
            (ListAnswer::NotListed, ..) => verdict(ListState::NotWorking, NO_TEST_ENTRY),
            (.., ListAnswer::Listed(codes)) => {
                let reasons: Vec<&str> = codes.iter().map(|(_, meaning)| reason(*meaning)).collect();
                verdict(ListState::Listed, &reasons.join("; "))
            }
            (.., ListAnswer::NotBad(why)) => verdict(ListState::Clean, why),
            (.., ListAnswer::NotListed | ListAnswer::Refused(_) | ListAnswer::Wrong(_)) => {
                Some((ListState::Clean, None))
            }
        }
    }

    fn list_seen(&self, sight: Sight<'_>) -> Option<ListSeen> {
        let (state, detail) = self.verdict(sight)?;
        let seen = sight.records(&self.name, RecordKind::A).answer();
        let codes = seen.into_iter().flat_map(|seen| seen.addresses()).collect();
        Some(ListSeen { zone: self.zone.to_string(), state, codes, detail })
    }

    fn probe<'s>(&self, sight: Sight<'s>) -> Option<&'s Probe> {
        sight.records(&self.name, RecordKind::A).probe()
    }

    /// The list's name, with its zone.
    fn list_name(&self) -> String {
        match blocklist::facts(self.zone.as_str()) {
            Some(list) => format!("{} ({})", list.name, self.zone),
            None => self.zone.to_string(),
        }
    }
}

/// A list's answer for a name; `None` while unknown. A list that does not respond counts as not working.
fn answer(sight: Sight<'_>, zone: &DnsName, name: &DnsName) -> Option<ListAnswer> {
    match sight.records(name, RecordKind::A) {
        Known::Seen(_, seen) => Some(blocklist::read(zone.as_str(), seen)),
        Known::Failed(..) => Some(ListAnswer::Wrong(NO_RESPONSE)),
        Known::Unasked | Known::Waiting | Known::Skipped => None,
    }
}

fn reason(meaning: CodeMeaning) -> &'static str {
    match meaning {
        CodeMeaning::Listed(why)
        | CodeMeaning::Range(why)
        | CodeMeaning::Minor(why)
        | CodeMeaning::Good(why)
        | CodeMeaning::Refused(why) => why,
        CodeMeaning::NotACode => "not a code",
    }
}

/// The results of blocklists for an IP address.
pub(super) fn of_address(sight: Sight<'_>, ip: IpAddr) -> Vec<ListSeen> {
    for_address(sight, ip).iter().filter_map(|lookup| lookup.list_seen(sight)).collect()
}

/// The results of blocklists for the domain name.
pub(super) fn of_domain(sight: Sight<'_>) -> Vec<ListSeen> {
    for_domain(sight).iter().filter_map(|lookup| lookup.list_seen(sight)).collect()
}

/// The lists that did not answer, and what is needed to query lists of IP addresses.
pub(super) fn not_tested(sight: Sight<'_>) -> Vec<NotTested> {
    let mut entries: Vec<NotTested> = all(sight)
        .iter()
        .filter(|lookup| lookup.verdict(sight).is_none())
        .map(|lookup| NotTested {
            what: format!("{} in the blocklist {}", lookup.entry, lookup.zone),
            why: "there is no answer".to_owned(),
        })
        .collect();
    let has_address_lists = zones(sight).any(|zone| blocklist::subject(zone.as_str()) != ListSubject::Domains);
    if sight.domain.sending.is_empty() && has_address_lists {
        let why = "specify the IP address that sends mail with --sending".to_owned();
        entries.push(NotTested { what: "blocklists of IP addresses".to_owned(), why });
    }
    entries
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let (mut findings, mut refused, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    for lookup in all(sight) {
        match lookup.verdict(sight) {
            Some((ListState::Listed, _)) => findings.extend(listed(sight, &lookup)),
            Some((ListState::Refused, why)) => refused.push((lookup, why.unwrap_or_default())),
            Some((ListState::NotWorking, why)) => broken.push((lookup, why.unwrap_or_default())),
            Some((ListState::Clean, _)) | None => {}
        }
    }
    let refusal = "The list does not answer queries from this resolver. This does not mean that the IP address or domain is listed.";
    findings.extend(without_verdict(
        sight,
        &REFUSES_RESOLVER,
        refused,
        "do not answer queries from this resolver",
        refusal,
    ));
    let failure = "The test entries of a list show whether it works (RFC 5782 section 5). The responses did not pass this test, so smtpcheck ignores them.";
    findings.extend(without_verdict(
        sight,
        &NOT_WORKING,
        broken,
        "return no usable responses through this resolver",
        failure,
    ));
    for zone in sight.domain.lists.iter().map(DnsName::from).filter(|zone| blocklist::is_dead(zone.as_str())) {
        let summary = format!("the blocklist {zone} was shut down, so it was not queried");
        let mut finding = Finding::new(&SHUT_DOWN, Phase::Dns, Confidence::Certain, summary);
        "A list that was shut down is empty, or lists every IP address.".clone_into(&mut finding.cause);
        finding.fixes.push(Fix::text("Do not use this list, and remove it from your own mail server's configuration"));
        findings.push(finding);
    }
    findings
}

fn listed(sight: Sight<'_>, lookup: &ListLookup) -> Option<Finding> {
    let ListAnswer::Listed(codes) = lookup.answer(sight)? else { return None };
    let probe = lookup.probe(sight)?;
    let facts = blocklist::facts(lookup.zone.as_str());
    let is_minor = codes.iter().all(|(_, meaning)| matches!(meaning, CodeMeaning::Minor(_)));
    let is_range = codes.iter().all(|(_, meaning)| matches!(meaning, CodeMeaning::Range(_)));
    let words: Vec<String> = codes.iter().map(|(ip, meaning)| format!("{ip} ({})", reason(*meaning))).collect();
    let summary = format!("{} is listed at {} with {}", lookup.entry, lookup.list_name(), words.join(", "));
    let mut finding = Finding::new(&LISTED, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    finding.severity = match facts.map_or(ListWeight::Counted, |list| list.weight) {
        _ if is_minor => Severity::Notice,
        ListWeight::Rejected => Severity::Error,
        ListWeight::Counted => Severity::Warning,
        ListWeight::Noted => Severity::Notice,
    };
    finding.cause = if is_range {
        "The list, or the owner of the IP address range, declares that mail should not be sent directly from this range. Receivers that use the list reject such mail.".to_owned()
    } else if finding.severity == Severity::Notice {
        "The entry covers more than this sender, or has a reason other than spam. Hardly any receiver rejects mail because of this list."
            .to_owned()
    } else {
        "The list's test entries are correct, so the list works. It has an entry for the IP address or domain. Receivers that use the list reject or filter the mail.".to_owned()
    };
    if let Some((first, second)) = lookup.tests() {
        let proofs = [first, second].map(|name| sight.records(&name, RecordKind::A).probe());
        finding = proofs.into_iter().flatten().fold(finding, |finding, proof| finding.tried(proof.id));
    }
    if let Known::Seen(probe, seen) = sight.records(&lookup.name, RecordKind::Txt)
        && let Some(text) = seen.texts().next()
    {
        finding.consequences.push(format!("Reason given by the list: {}", probe.quote(text)));
    }
    finding.fixes.push(if is_range {
        Fix::text("You, or the server operator: send through your provider's mail server, or ask the owner of the IP address range to allow mail from this IP address")
    } else {
        Fix::text("Server operator: first fix the cause that the code indicates")
    });
    let removal = match facts {
        Some(list) => Fix::open("Server operator: then request removal", list.removal),
        None => Fix::text("Server operator: then ask the list's operator for removal"),
    };
    finding.fixes.push(removal);
    Some(finding)
}

/// One finding about all lists that have no verdict for the same reason.
fn without_verdict(
    sight: Sight<'_>,
    rule: &'static Rule,
    lookups: Vec<(ListLookup, String)>,
    words: &str,
    cause: &str,
) -> Option<Finding> {
    let mut zones: Vec<String> = lookups.iter().map(|(lookup, _)| lookup.zone.to_string()).collect();
    zones.sort();
    zones.dedup();
    let first = zones.first()?;
    let summary = match zones.len() {
        1 => {
            format!(
                "the blocklist {first} {}",
                words.replacen("do not", "does not", 1).replacen("return ", "returns ", 1)
            )
        }
        _ => format!("several blocklists {words}: {}", zones.join(", ")),
    };
    // A resolver that cannot resolve the list's zone returns the same responses as a list without test entries.
    let is_proved = !lookups.iter().any(|(_, why)| why == NO_TEST_ENTRY || why == NO_RESPONSE);
    let confidence = if is_proved { Confidence::Certain } else { Confidence::Possible };
    let mut finding = Finding::new(rule, Phase::Dns, confidence, summary);
    cause.clone_into(&mut finding.cause);
    for (lookup, why) in &lookups {
        let reason = format!("{}: {why}", lookup.zone);
        if !finding.consequences.contains(&reason) {
            finding.consequences.push(reason);
        }
        if let Some(probe) = lookup.probe(sight) {
            finding = finding.tried(probe.id);
        }
    }
    finding
        .fixes
        .push(Fix::text("Use your own resolver (--resolver), look up the IP address or domain on the list's website, or query no lists (--list none)"));
    Some(finding)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

    use super::{default_lists, of_address, of_domain};
    use crate::check::Finding;
    use crate::check::domain::seen::{ListSeen, ListState};
    use crate::check::domain::sight::Sight;
    use crate::check::domain::world::{World, plan};
    use crate::check::finding::Severity;
    use crate::evidence::fault::DnsFaultKind;
    use crate::question::Question;
    use crate::wire::{DomainName, RecordKind};

    /// The findings and results for 192.0.2.7 (or another address) and example.com in these lists.
    fn checked(lists: &[&str], sending: &str, world: &mut World) -> (Vec<Finding>, Vec<ListSeen>, Vec<ListSeen>) {
        let mut plan = plan("example.com");
        let domain = plan.domain.as_mut().unwrap();
        domain.lists = lists.iter().map(|zone| DomainName::parse(zone).unwrap()).collect();
        domain.sending = vec![sending.parse().unwrap()];
        let evidence = world.evidence(&plan);
        let findings = crate::check::judge(&plan, &evidence);
        let findings = findings.into_iter().filter(|finding| finding.rule.starts_with("list-")).collect();
        let sight = Sight::new(&plan, &evidence).unwrap();
        (findings, of_address(sight, sending.parse().unwrap()), of_domain(sight))
    }

    fn in_zone(zone: &str, lines: &str) -> (Vec<Finding>, Vec<ListSeen>) {
        let (findings, lists, _) = checked(&[zone], "192.0.2.7", World::new().zone(lines));
        (findings, lists)
    }

    fn rules(findings: &[Finding]) -> Vec<(&str, Severity)> {
        findings.iter().map(|finding| (&*finding.rule, finding.severity)).collect()
    }

    #[test]
    fn a_list_counts_only_with_both_test_entries() {
        let zone = "bl.example.net";
        let works = "2.0.0.127.bl.example.net A 127.0.0.2\n";
        let entry = "7.2.0.192.bl.example.net A 127.0.0.2\n";
        for (lines, state, rule) in [
            (format!("{works}{entry}"), ListState::Listed, Some("list-listed")),
            (works.to_owned(), ListState::Clean, None),
            (
                format!("{works}{entry}1.0.0.127.bl.example.net A 127.0.0.2"),
                ListState::NotWorking,
                Some("list-not-working"),
            ),
            (entry.to_owned(), ListState::NotWorking, Some("list-not-working")),
            (String::new(), ListState::NotWorking, Some("list-not-working")),
            (
                format!("{entry}2.0.0.127.bl.example.net A 127.255.255.254"),
                ListState::Refused,
                Some("list-refuses-resolver"),
            ),
            (
                format!("{works}7.2.0.192.bl.example.net A 127.255.255.255"),
                ListState::Refused,
                Some("list-refuses-resolver"),
            ),
            (format!("{works}7.2.0.192.bl.example.net A 203.0.113.1"), ListState::NotWorking, Some("list-not-working")),
        ] {
            let (findings, lists) = in_zone(zone, &lines);
            assert_eq!((lists[0].state, findings.first().map(|finding| &*finding.rule)), (state, rule), "{lines}");
            assert!(findings.len() <= 1);
        }
    }

    #[test]
    fn a_silent_list_does_not_work() {
        let mut world = World::new();
        for name in ["2.0.0.127", "1.0.0.127", "7.2.0.192"] {
            world.fails(&format!("{name}.bl.example.net"), RecordKind::A, DnsFaultKind::Timeout);
        }
        let (findings, lists, _) = checked(&["bl.example.net"], "192.0.2.7", &mut world);
        assert_eq!(
            (rules(&findings), lists[0].state),
            (vec![("list-not-working", Severity::Notice)], ListState::NotWorking)
        );
        assert_eq!(findings[0].confidence, crate::lexicon::Confidence::Possible);
    }

    // Case BLK-10 in `tests/data/domain`.
    #[test]
    fn the_severity_follows_the_list_and_the_code() {
        for (zone, code, severity) in [
            ("zen.spamhaus.org", "127.0.0.3", Severity::Error),
            ("zen.spamhaus.org", "127.0.0.11", Severity::Error),
            ("psbl.surriel.com", "127.0.0.2", Severity::Warning),
            ("dnsbl-3.uceprotect.net", "127.0.0.2", Severity::Notice),
            ("ips.backscatterer.org", "127.0.0.2", Severity::Notice),
            ("own.example.net", "127.0.0.9", Severity::Warning),
        ] {
            let text = format!("7.2.0.192.{zone} TXT see the page");
            let (findings, lists) =
                in_zone(zone, &format!("2.0.0.127.{zone} A 127.0.0.2\n7.2.0.192.{zone} A {code}\n{text}"));
            assert_eq!(rules(&findings), [("list-listed", severity)], "{zone}");
            assert!(findings[0].consequences[0].contains("see the page") && findings[0].fixes.len() == 2);
            assert_eq!(lists[0].codes, [code.parse::<std::net::IpAddr>().unwrap()]);
        }
    }

    #[test]
    fn good_entries_are_not_listings() {
        for (zone, code) in [("hostkarma.junkemailfilter.com", "127.0.0.1"), ("rep.mailspike.net", "127.0.0.18")] {
            let (findings, lists) = in_zone(zone, &format!("2.0.0.127.{zone} A 127.0.0.2\n7.2.0.192.{zone} A {code}"));
            assert!(findings.is_empty(), "{findings:?}");
            assert_eq!(lists[0].state, ListState::Clean);
        }
    }

    // Case BLK-06 in `tests/data/domain`.
    #[test]
    fn domains_and_addresses_are_looked_up_in_their_own_lists() {
        let mut world = World::new();
        world.zone(
            "test.dbl.spamhaus.org A 127.0.1.2\nexample.com.dbl.spamhaus.org A 127.0.1.4\n2.0.0.127.bl.example.net A 127.0.0.2",
        );
        let (findings, addresses, domains) = checked(&["dbl.spamhaus.org", "bl.example.net"], "192.0.2.7", &mut world);
        assert_eq!(rules(&findings), [("list-listed", Severity::Error)]);
        assert_eq!((addresses.len(), addresses[0].state), (1, ListState::Clean));
        assert_eq!(
            (domains.len(), domains[0].state, domains[0].detail.as_deref()),
            (1, ListState::Listed, Some("phishing"))
        );
    }

    #[test]
    fn ipv6_addresses_are_looked_up_in_lists_that_contain_them() {
        let test = "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.spamhaus.org A 127.0.0.2\n";
        let entry = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org A 127.0.0.3";
        let mut world = World::new();
        world.zone(&format!("{test}{entry}"));
        let (findings, lists, _) = checked(&["zen.spamhaus.org", "bl.spamcop.net"], "2001:db8::7", &mut world);
        assert_eq!(rules(&findings), [("list-listed", Severity::Error)]);
        assert_eq!(lists.len(), 1);
    }

    // Case BLK-07 in `tests/data/domain`.
    #[test]
    fn lists_that_were_shut_down_are_never_queried() {
        let mut world = World::new();
        world.zone("7.2.0.192.dnsbl.ahbl.org A 127.0.0.2\n2.0.0.127.dnsbl.ahbl.org A 127.0.0.2");
        let (findings, lists, _) = checked(&["dnsbl.ahbl.org"], "192.0.2.7", &mut world);
        assert_eq!((rules(&findings), lists.len()), (vec![("list-shut-down", Severity::Notice)], 0));
        assert!(!world.asked.iter().any(|question| match question {
            Question::Records(request) => request.name.as_str().ends_with("ahbl.org"),
            _ => false,
        }));
    }

    #[test]
    fn no_list_is_queried_without_a_request() {
        let (findings, lists, domains) = checked(&[], "192.0.2.7", &mut World::new());
        assert!(findings.is_empty() && lists.is_empty() && domains.is_empty());
        assert_eq!(default_lists().len(), 7);
    }
}
