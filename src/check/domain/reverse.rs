//! Reverse DNS: the names of the IP addresses that send mail (`--sending`) and of the MX hosts' IP addresses, and
//! whether a name resolves back to its address. No RFC requires the PTR name to be the EHLO name. Receivers check that
//! both names resolve. For MX hosts, which only receive mail, a missing name is a notice.

use std::net::IpAddr;

use super::seen::{NotTested, SendingSeen};
use super::sight::{Known, Sight, is_conclusive, records};
use super::{lists, mx};
use crate::check::finding::{Check, Docs, Finding, Rule, Severity, in_shell};
use crate::evidence::{Evidence, Phase, Probe, RecordData, RecordsSeen};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::policy::dmarc::search::organizational_domain_by_list;
use crate::question::Question;
use crate::wire::{DnsName, RecordKind, reverse_name};

pub(super) static CHECK: Check = Check {
    subject: "domain-reverse",
    ask,
    judge,
    rules: &[&MISSING, &NOT_CONFIRMED, &GENERIC, &EHLO_UNRESOLVED, &EHLO_DIFFERS],
};

static MISSING: Rule = Rule {
    id: "ptr-missing",
    severity: Severity::Error,
    title: "an IP address has no PTR record",
    docs: Docs {
        sees: "An IP address given with --sending has no PTR record. For IP addresses of MX hosts, the finding is a notice.",
        matters: "Gmail, GMX, Telekom and many other receivers reject mail from IP addresses without a PTR record, some of them before EHLO. For hosts that only receive mail, a missing PTR record has no effect.",
        action: "Owner of the IP address, usually the hosting provider: set the reverse DNS name to the mail server's name, and make sure that this name resolves to the IP address.",
        example: "7.2.0.192.in-addr.arpa does not exist",
        references: "RFC 1035 section 3.5 (in-addr.arpa), RFC 3596 section 2.5 (ip6.arpa); support.google.com/a/answer/81126; postmaster.gmx.com",
    },
};

static NOT_CONFIRMED: Rule = Rule {
    id: "ptr-not-confirmed",
    severity: Severity::Warning,
    title: "the name in the PTR record does not resolve back to the IP address",
    docs: Docs {
        sees: "None of the names in the IP address's PTR records has an A or AAAA record with this IP address. For IP addresses of MX hosts, the finding is a notice.",
        matters: "Anyone who controls a reverse zone can enter any name, so receivers trust only names that resolve back to the IP address. Gmail and several others reject or defer the mail.",
        action: "DNS operator: add the IP address to the A or AAAA records of the name. Alternatively, the owner of the IP address can set the PTR record to a name that resolves to this IP address.",
        example: "192.0.2.7 has the name mail.example.com, but mail.example.com has the IP address 198.51.100.9",
        references: "support.google.com/a/answer/81126 (PTR and forward record must match); RFC 5321 section 4.1.4 does not require it",
    },
};

static GENERIC: Rule = Rule {
    id: "ptr-generic",
    severity: Severity::Warning,
    title: "the PTR name of the sending IP address is generic",
    docs: Docs {
        sees: "The name in the PTR record contains the IP address, or a word such as dyn, dhcp, dsl, pool or static.",
        matters: "Such names are typical of customer connections. GMX, Telekom and Comcast reject mail from hosts with such names.",
        action: "Owner of the IP address, usually the hosting provider: set the reverse DNS name to the mail server's name.",
        example: "static.7.2.0.192.clients.example.net",
        references: "postmaster.gmx.com (generic PTR records); postmaster.t-online.de",
    },
};

static EHLO_UNRESOLVED: Rule = Rule {
    id: "ehlo-name-unresolved",
    severity: Severity::Warning,
    title: "the EHLO name of the sending host does not resolve to its IP address",
    docs: Docs {
        sees: "The name given with --from-host has no A or AAAA record with an IP address given with --sending.",
        matters: "Spam filters check the EHLO name. A few receivers reject the mail, although RFC 5321 does not allow that.",
        action: "DNS operator: publish an A or AAAA record with the IP address at the EHLO name. Alternatively, the server operator can use a name that resolves to the IP address (in Postfix: smtp_helo_name).",
        example: "EHLO mail.example.com from 192.0.2.7, but mail.example.com resolves to a web proxy",
        references: "RFC 5321 section 4.1.4 (the name must not be the reason for a rejection), section 2.3.5 (it must resolve)",
    },
};

static EHLO_DIFFERS: Rule = Rule {
    id: "ehlo-name-differs",
    severity: Severity::Notice,
    title: "the EHLO name and the PTR name differ",
    docs: Docs {
        sees: "The name given with --from-host is not among the names in the PTR records of the IP address. Both names resolve to this IP address.",
        matters: "This is not a fault: no RFC requires the names to be the same. Some spam filters treat a difference as suspicious.",
        action: "No action is required. If a receiver complains, use the same name for both.",
        example: "EHLO mail.example.com from 192.0.2.7, whose name is host7.example.com",
        references: "RFC 5321 section 4.1.4",
    },
};

/// The maximum number of PTR names that are looked up. RFC 7208 §5.5 has the same limit.
const MAX_NAMES: usize = 10;

/// The names in an IP address's PTR records, at most as many as are looked up; `None` while unknown.
fn names(sight: Sight<'_>, ip: IpAddr) -> Option<(&Probe, Vec<&DnsName>)> {
    let Known::Seen(probe, seen) = sight.records(&reverse_name(ip), RecordKind::Ptr) else { return None };
    let names = seen.records.iter().filter_map(|record| match &record.data {
        RecordData::Ptr { host } => Some(host),
        _ => None,
    });
    is_conclusive(seen).then(|| (probe, names.take(MAX_NAMES).collect()))
}

/// The type of address record for an IP address: A or AAAA.
fn kind_of(ip: IpAddr) -> RecordKind {
    if ip.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa }
}

/// Whether a name resolves to an IP address; `None` while unknown.
fn resolves(sight: Sight<'_>, name: &DnsName, ip: IpAddr) -> Option<bool> {
    let seen: &RecordsSeen = sight.records(name, kind_of(ip)).answer().filter(|seen| is_conclusive(seen))?;
    Some(seen.addresses().any(|found| found == ip))
}

/// The lookups of the addresses of an IP address's PTR names.
pub(super) fn of_names(sight: Sight<'_>, ip: IpAddr) -> Vec<(DnsName, RecordKind)> {
    let found = names(sight, ip).map(|(_, names)| names).unwrap_or_default();
    found.into_iter().map(|name| (name.clone(), kind_of(ip))).collect()
}

/// The MX hosts' IP addresses, without the sending addresses.
fn receiving(sight: Sight<'_>) -> Vec<IpAddr> {
    let hosts = mx::mail_hosts(sight);
    let mut found: Vec<IpAddr> = Vec::new();
    for ip in hosts.iter().flat_map(|host| mx::addresses(sight, &host.name)) {
        if !found.contains(&ip) && !sight.domain.sending.contains(&ip) {
            found.push(ip);
        }
    }
    found
}

/// Whether public DNS can have names for an IP address.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified()),
        IpAddr::V6(ip) => {
            !(ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local())
        }
    }
}

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut questions = Vec::new();
    for ip in sight.domain.sending.iter().copied().chain(receiving(sight)).filter(|ip| is_public(*ip)) {
        questions.push(records(&reverse_name(ip), RecordKind::Ptr));
        let found = names(sight, ip).map(|(_, names)| names).unwrap_or_default();
        questions.extend(found.into_iter().map(|name| records(name, kind_of(ip))));
    }
    if let Some(host) = &sight.domain.sending_host {
        questions.extend(sight.domain.sending.iter().map(|ip| records(&DnsName::from(host), kind_of(*ip))));
    }
    questions
}

/// The sending IP addresses.
pub(super) fn summary(sight: Sight<'_>) -> Vec<SendingSeen> {
    let of = |ip: &IpAddr| {
        let (ptr, forward_confirmed) = confirmed(sight, *ip);
        SendingSeen { ip: *ip, ptr, forward_confirmed, lists: lists::of_address(sight, *ip) }
    };
    sight.domain.sending.iter().map(of).collect()
}

/// The PTR names of an IP address, and whether one of them resolves back to it; `None` while unknown.
pub(super) fn confirmed(sight: Sight<'_>, ip: IpAddr) -> (Vec<String>, Option<bool>) {
    let Some((_, names)) = names(sight, ip) else { return (Vec::new(), None) };
    let results: Vec<Option<bool>> = names.iter().map(|name| resolves(sight, name, ip)).collect();
    let is_confirmed = if results.contains(&Some(true)) {
        Some(true)
    } else {
        results.iter().all(|result| *result == Some(false)).then_some(false)
    };
    (names.into_iter().map(DnsName::to_string).collect(), is_confirmed)
}

/// The sending IP addresses for which the lookup of the PTR names, or of the addresses of a PTR name, failed.
pub(super) fn not_tested(sight: Sight<'_>) -> Vec<NotTested> {
    let entry = |ip: &IpAddr| {
        let (_, None) = confirmed(sight, *ip) else { return None };
        let why = match names(sight, *ip) {
            Some((_, names)) => names.into_iter().find_map(|name| mx::why_unknown(sight, name, kind_of(*ip))),
            None if is_public(*ip) => mx::why_unknown(sight, &reverse_name(*ip), RecordKind::Ptr),
            None => Some("the address is not public".to_owned()),
        };
        let why = why.unwrap_or_else(|| "the lookup failed".to_owned());
        Some(NotTested { what: format!("PTR of {ip}"), why })
    };
    sight.domain.sending.iter().filter_map(entry).collect()
}

/// Whether an IP address certainly has no PTR record.
pub(super) fn has_no_name(sight: Sight<'_>, ip: IpAddr) -> bool {
    names(sight, ip).is_some_and(|(_, names)| names.is_empty())
}

/// A sign of a generated name: a typical word, or the IP address in any notation, in the part of the name that its
/// owner can choose freely.
fn generic_sign(name: &DnsName, ip: IpAddr) -> Option<&'static str> {
    let organization = organizational_domain_by_list(name);
    let own = name.as_str().strip_suffix(organization.as_str()).unwrap_or_default().trim_end_matches('.');
    // The public suffix list contains the domains below which cloud providers name their hosts.
    if contains_address(name.as_str(), ip) {
        return Some("it contains the IP address");
    }
    let is_word = |word: &str| {
        let letters = word.trim_matches(|c: char| c.is_ascii_digit());
        matches!(
            letters,
            "dyn"
                | "dynamic"
                | "dynip"
                | "dhcp"
                | "dsl"
                | "adsl"
                | "vdsl"
                | "xdsl"
                | "pool"
                | "static"
                | "ppp"
                | "pppoe"
                | "cust"
                | "customer"
                | "customers"
                | "dialin"
                | "dialup"
                | "ip"
        )
    };
    own.split(['.', '-', '_']).any(is_word).then_some("it contains a word that is common in generated names")
}

fn contains_address(text: &str, ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let octets = ip.octets();
            let numbers: Vec<Option<u8>> = text
                .split(|c: char| !c.is_ascii_digit())
                .filter(|word| !word.is_empty())
                .map(|word| word.parse().ok())
                .collect();
            let reversed: Vec<u8> = octets.iter().rev().copied().collect();
            let in_row = |wanted: &[u8]| {
                numbers.windows(4).any(|four| four.iter().zip(wanted).all(|(number, octet)| *number == Some(*octet)))
            };
            let hexadecimal: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            let padded: String = octets.iter().map(|octet| format!("{octet:03}")).collect();
            in_row(&octets) || in_row(&reversed) || text.contains(&hexadecimal) || text.contains(&padded)
        }
        IpAddr::V6(ip) => {
            let groups = ip.segments();
            let padded: String = groups.iter().skip(4).map(|group| format!("{group:04x}")).collect();
            let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
            let nibbles: String = padded.chars().rev().collect();
            let words: Vec<String> =
                groups.iter().filter(|group| **group != 0).map(|group| format!("{group:x}")).collect();
            digits.contains(&padded)
                || digits.contains(&nibbles)
                || (words.len() > 2 && text.contains(&words.join("-")))
        }
    }
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut findings: Vec<Finding> =
        sight.domain.sending.iter().filter(|ip| is_public(**ip)).flat_map(|ip| of_sender(sight, *ip)).collect();
    findings.extend(of_receivers(sight, receiving(sight)));
    findings
}

fn finding(rule: &'static Rule, probe: &Probe, summary: String, cause: &str) -> Finding {
    let mut finding = Finding::new(rule, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    cause.clone_into(&mut finding.cause);
    finding
}

/// The name to suggest for a sending address: the EHLO name or the MX host, if this name has the sending address or no
/// address.
fn host_name(sight: Sight<'_>, ip: IpAddr) -> String {
    let sending =
        sight.domain.sending_host.as_ref().map(DnsName::from).filter(|host| !leads_elsewhere(sight, host, ip));
    let receiving = || {
        let hosts = mx::mail_hosts(sight);
        hosts.into_iter().map(|host| host.name).find(|host| resolves(sight, host, ip) == Some(true))
    };
    sending.or_else(receiving).map_or_else(|| format!("mail.{}", sight.name()), |host| host.to_string())
}

/// Whether a name has addresses of this family, but not this address. Its addresses may belong to another host, such as
/// a web server.
fn leads_elsewhere(sight: Sight<'_>, host: &DnsName, ip: IpAddr) -> bool {
    let seen = sight.records(host, kind_of(ip)).answer();
    resolves(sight, host, ip) == Some(false) && seen.is_some_and(|seen| seen.addresses().next().is_some())
}

/// The findings about a sending address.
fn of_sender(sight: Sight<'_>, ip: IpAddr) -> Vec<Finding> {
    let mut findings: Vec<Finding> = ehlo_name(sight, ip).into_iter().collect();
    let Some((probe, names)) = names(sight, ip) else { return findings };
    let host = host_name(sight, ip);
    let owner = "Owner of the IP address, usually the hosting provider:";
    let ptr = format!("{}. PTR {host}.", reverse_name(ip));
    if names.is_empty() {
        let mut missing = finding(
            &MISSING,
            probe,
            format!("the sending address {ip} has no PTR record"),
            "Many receivers, including Gmail and GMX, reject mail from IP addresses without a name.",
        );
        missing.fixes.push(Fix::run(format!("{owner} set the reverse DNS name to the mail server's name"), ptr));
        missing.fixes.push(Fix::run(
            "DNS operator: publish an A or AAAA record that makes the name resolve back to the IP address",
            format!("{host}. {} {ip}", kind_of(ip)),
        ));
        findings.push(missing);
        return findings;
    }
    let quoted: Vec<String> = names.iter().map(|name| probe.quote(name.to_string()).to_string()).collect();
    let (_, is_confirmed) = confirmed(sight, ip);
    if is_confirmed == Some(false) {
        let summary = format!("no PTR name of the sending address {ip} resolves back to it: {}", quoted.join(", "));
        let cause = "Receivers trust the name in a PTR record only if it resolves to the IP address. Gmail and several others reject or defer the mail.";
        let mut unconfirmed = finding(&NOT_CONFIRMED, probe, summary, cause);
        unconfirmed = sight.tried(unconfirmed, of_names(sight, ip));
        let is_elsewhere = names.iter().any(|name| leads_elsewhere(sight, name, ip));
        let of_owner = Fix::run(
            format!("{owner} set the reverse DNS name to a name that resolves to the IP address"),
            ptr.clone(),
        );
        if is_elsewhere {
            unconfirmed
                .cause
                .push_str(" The name has other IP addresses, which may belong to another host, such as a web server.");
            unconfirmed.fixes.push(Fix::run(
                "DNS operator: give the mail host its own name",
                format!("{host}. {} {ip}", kind_of(ip)),
            ));
            unconfirmed.fixes.push(of_owner);
        } else {
            // The owner of the IP address cannot publish records at the root.
            let changeable = names.iter().zip(&quoted).find(|(name, _)| !name.is_root());
            unconfirmed.fixes.extend(changeable.map(|(_, name)| {
                Fix::run(
                    format!("DNS operator of {name}: add the IP address to the name's records"),
                    format!("{name}. {} {ip}", kind_of(ip)),
                )
            }));
            unconfirmed.fixes.push(of_owner);
        }
        findings.push(unconfirmed);
    }
    // One name that is not generic is enough.
    let signs: Option<Vec<&str>> = names.iter().map(|name| generic_sign(name, ip)).collect();
    if let Some(sign) = signs.as_ref().and_then(|signs| signs.first()) {
        let summary = format!("the PTR name of the sending IP address {ip} is generic: {}", quoted.join(", "));
        let mut generic = finding(
            &GENERIC,
            probe,
            summary,
            &format!(
                "The name looks like that of a customer connection: {sign}. Some receivers reject mail from hosts with such names."
            ),
        );
        generic.confidence = Confidence::Likely;
        generic.otherwise = Some("Each receiver uses its own patterns. If a receiver rejects the mail because of the name, its reply states this reason".to_owned());
        generic.fixes.push(Fix::run(format!("{owner} set the reverse DNS name to the mail server's name"), ptr));
        findings.push(generic);
    }
    if let Some(host) = &sight.domain.sending_host {
        let host = DnsName::from(host);
        let is_other =
            is_confirmed == Some(true) && resolves(sight, &host, ip) == Some(true) && !names.contains(&&host);
        if is_other {
            let summary = format!("the EHLO name {host} differs from the PTR name of {ip}: {}", quoted.join(", "));
            let cause = "Both names resolve to the IP address. No RFC requires them to be equal, but some spam filters treat a difference as suspicious.";
            findings.push(finding(&EHLO_DIFFERS, probe, summary, cause));
        }
    }
    findings
}

/// The EHLO name does not resolve to the sending address.
fn ehlo_name(sight: Sight<'_>, ip: IpAddr) -> Option<Finding> {
    let host = DnsName::from(sight.domain.sending_host.as_ref()?);
    if resolves(sight, &host, ip) != Some(false) {
        return None;
    }
    let probe = sight.records(&host, kind_of(ip)).probe()?;
    let summary = format!("the EHLO name {host} does not resolve to the sending address {ip}");
    let cause = "A client must send an EHLO name that resolves (RFC 5321 section 2.3.5). Spam filters compare the name's IP addresses with the client's IP address.";
    let mut unresolved = finding(&EHLO_UNRESOLVED, probe, summary, cause);
    let own = host_name(sight, ip);
    let (what, name) = if leads_elsewhere(sight, &host, ip) {
        ("give the mail host its own name, because this name has other IP addresses", own.as_str())
    } else {
        ("add the IP address to the records of this name", host.as_str())
    };
    let record = format!("{name}. {} {ip}", kind_of(ip));
    unresolved.fixes.push(Fix::run(format!("DNS operator: {what}"), record));
    // Only a name that already resolves can be used at once.
    let ptr = names(sight, ip).and_then(|(_, names)| {
        names.into_iter().find(|name| **name != host && resolves(sight, name, ip) == Some(true))
    });
    let usable = match ptr {
        Some(ptr) => Some((
            ptr.to_string(),
            "Server operator: alternatively, use the PTR name, which resolves to the IP address",
        )),
        None if name != host.as_str() && resolves(sight, &DnsName::parse(name).ok()?, ip) == Some(true) => {
            Some((name.to_owned(), "Server operator: alternatively, use a name that resolves to the IP address"))
        }
        None if name != host.as_str() => {
            Some((name.to_owned(), "Server operator: then use the new name, once it resolves to the IP address"))
        }
        None => None,
    };
    unresolved.fixes.push(match usable {
        Some((name, text)) => {
            let setting = format!("smtp_helo_name={name}");
            Fix::run(text, format!("postconf -e {}", probe.quote(in_shell(&setting))))
        }
        None => Fix::text(format!(
            "Server operator: alternatively, use another name in EHLO that resolves to {ip} (in Postfix, set smtp_helo_name)"
        )),
    });
    Some(unresolved)
}

/// The notices about MX hosts.
fn of_receivers(sight: Sight<'_>, addresses: Vec<IpAddr>) -> Vec<Finding> {
    let (mut missing, mut unconfirmed) = (Vec::new(), Vec::new());
    for ip in addresses.into_iter().filter(|ip| is_public(*ip)) {
        match names(sight, ip) {
            Some((probe, names)) if names.is_empty() => missing.push((ip, probe)),
            Some((probe, _)) if confirmed(sight, ip).1 == Some(false) => unconfirmed.push((ip, probe)),
            Some(_) | None => {}
        }
    }
    let cause = "This affects only mail that these hosts send. If one of them sends mail for the domain, specify its IP address with --sending.";
    [
        (&MISSING, missing, "without a PTR record"),
        (&NOT_CONFIRMED, unconfirmed, "whose PTR names do not resolve back to them"),
    ]
    .into_iter()
    .filter_map(|(rule, found, words)| {
        let (_, first) = found.first()?;
        let addresses: Vec<String> = found.iter().map(|(ip, _)| ip.to_string()).collect();
        let summary = format!("IP addresses of MX hosts {words}: {}", addresses.join(", "));
        let mut notice = finding(rule, first, summary, cause);
        notice.severity = Severity::Notice;
        let notice = found.iter().fold(notice, |notice, (_, probe)| notice.tried(probe.id));
        Some(found.iter().fold(notice, |notice, (ip, _)| sight.tried(notice, of_names(sight, *ip))))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

    use super::{confirmed, generic_sign, not_tested, of_receivers, summary};
    use crate::check::Finding;
    use crate::check::domain::sight::{Sight, records};
    use crate::check::domain::world::{World, name, plan, response};
    use crate::check::finding::Severity;
    use crate::evidence::fault::DnsFaultKind;
    use crate::evidence::{Answer, Outcome, RecordData};
    use crate::wire::{DomainName, RecordKind};

    fn checked(sending: &str, host: Option<&str>, world: &mut World) -> (Vec<Finding>, (Vec<String>, Option<bool>)) {
        let mut plan = plan("example.com");
        let domain = plan.domain.as_mut().unwrap();
        domain.sending = vec![sending.parse().unwrap()];
        domain.sending_host = host.map(|host| DomainName::parse(host).unwrap());
        let evidence = world.evidence(&plan);
        let findings = crate::check::judge(&plan, &evidence);
        let is_ours = |finding: &Finding| finding.rule.starts_with("ptr-") || finding.rule.starts_with("ehlo-name-");
        let sight = Sight::new(&plan, &evidence).unwrap();
        assert_eq!(summary(sight).len(), 1);
        let (_, is_confirmed) = confirmed(sight, sending.parse().unwrap());
        assert_eq!(is_confirmed.is_none(), !not_tested(sight).is_empty());
        (findings.into_iter().filter(is_ours).collect(), confirmed(sight, sending.parse().unwrap()))
    }

    fn in_zone(zone: &str, host: Option<&str>) -> (Vec<Finding>, (Vec<String>, Option<bool>)) {
        checked("192.0.2.7", host, World::new().zone(zone))
    }

    fn rules(findings: &[Finding]) -> Vec<(&str, Severity)> {
        findings.iter().map(|finding| (&*finding.rule, finding.severity)).collect()
    }

    const GOOD: &str = "7.2.0.192.in-addr.arpa PTR mail.example.com\nmail.example.com A 192.0.2.7";

    #[test]
    fn a_confirmed_name_raises_nothing() {
        let (findings, names) = in_zone(GOOD, Some("mail.example.com"));
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(names, (vec!["mail.example.com".to_owned()], Some(true)));
        // One of several names is enough.
        assert!(in_zone(&format!("7.2.0.192.in-addr.arpa PTR other.example.com\n{GOOD}"), None).0.is_empty());
    }

    // Cases REV-06, REV-09 in `tests/data/domain`.
    #[test]
    fn a_missing_name_is_an_error_with_the_record_to_publish() {
        let (findings, names) = in_zone("", None);
        assert_eq!(rules(&findings), [("ptr-missing", Severity::Error)]);
        assert_eq!(names, (Vec::new(), Some(false)));
        let command = findings[0].fixes[0].command.as_deref();
        assert_eq!(command, Some("7.2.0.192.in-addr.arpa. PTR mail.example.com."));
        let (findings, _) = checked("2001:db8::7", None, &mut World::new());
        assert_eq!(rules(&findings), [("ptr-missing", Severity::Error)]);
    }

    // Cases REV-03, REV-07 in `tests/data/domain`.
    #[test]
    fn a_name_that_does_not_resolve_back_is_a_warning() {
        let zone = "7.2.0.192.in-addr.arpa PTR mail.example.com\nmail.example.com A 198.51.100.1";
        let (findings, names) = in_zone(zone, Some("mail.example.com"));
        assert_eq!(
            rules(&findings),
            [("ehlo-name-unresolved", Severity::Warning), ("ptr-not-confirmed", Severity::Warning)]
        );
        assert_eq!(names.1, Some(false));
    }

    #[test]
    fn the_root_name_is_shown_as_a_dot() {
        let (found, (names, _)) = in_zone("7.2.0.192.in-addr.arpa PTR .", None);
        assert_eq!((rules(&found), names), (vec![("ptr-not-confirmed", Severity::Warning)], vec![".".to_owned()]));
        assert!(found[0].summary.ends_with(": .") || found[0].summary.contains("\"."), "{}", found[0].summary);
        let commands: Vec<&str> = found[0].fixes.iter().filter_map(|fix| fix.command.as_deref()).collect();
        assert_eq!(commands, ["7.2.0.192.in-addr.arpa. PTR mail.example.com."]);
    }

    #[test]
    fn an_ehlo_name_that_does_not_resolve_is_not_recommended() {
        let of = |zone: &str| {
            let (findings, _) = in_zone(zone, Some("nosuch.example.net"));
            let found = findings.into_iter().find(|one| one.rule == "ehlo-name-unresolved").unwrap();
            let text = |text: &str| crate::evidence::quote::resolve(text, |_, text| text.to_owned());
            let fix = &found.fixes[1];
            (text(&fix.text), fix.command.as_deref().map(text))
        };
        let (text, command) = of("");
        assert!(text.contains("another name in EHLO that resolves to 192.0.2.7") && command.is_none(), "{text}");
        let (text, command) = of(GOOD);
        assert!(text.contains("PTR name"), "{text}");
        assert_eq!(command.as_deref(), Some("postconf -e smtp_helo_name=mail.example.com"));
    }

    // Cases REV-01, REV-04, REV-12 in `tests/data/domain`.
    #[test]
    fn different_names_that_both_resolve_are_only_a_notice() {
        let zone = format!("{GOOD}\nmx1.example.com A 192.0.2.7");
        assert_eq!(rules(&in_zone(&zone, Some("mx1.example.com")).0), [("ehlo-name-differs", Severity::Notice)]);
    }

    #[test]
    fn generated_names_are_recognised() {
        for (host, ip) in [
            ("static.7.2.0.192.clients.example.net", "192.0.2.7"),
            ("192-0-2-7.pool.example.net", "192.0.2.7"),
            ("c0000207.example.net", "192.0.2.7"),
            ("host192000002007.example.net", "192.0.2.7"),
            ("dyn7.example.net", "192.0.2.7"),
            ("ip-7.example.net", "192.0.2.7"),
            ("2001-db8-1-2.v6.example.net", "2001:db8::1:2"),
        ] {
            assert!(generic_sign(&name(host), ip.parse().unwrap()).is_some(), "{host}");
        }
        for host in ["mail.example.net", "mx7.example.net", "mail.pool-shop.example.net.dyn.com", "relay2.dsl.com"] {
            let is_generic = generic_sign(&name(host), "192.0.2.7".parse().unwrap()).is_some();
            assert_eq!(is_generic, host.contains("pool-"), "{host}");
        }
        let zone = "7.2.0.192.in-addr.arpa PTR ip-192-0-2-7.example.net\nip-192-0-2-7.example.net A 192.0.2.7";
        assert_eq!(rules(&in_zone(zone, None).0), [("ptr-generic", Severity::Warning)]);
    }

    #[test]
    fn a_failed_lookup_is_not_a_missing_name() {
        let mut world = World::new();
        world.fails("7.2.0.192.in-addr.arpa", RecordKind::Ptr, DnsFaultKind::Timeout);
        assert_eq!(checked("192.0.2.7", None, &mut world), (Vec::new(), (Vec::new(), None)));
        let mut world = World::new();
        world.zone("7.2.0.192.in-addr.arpa PTR mail.example.com");
        world.fails("mail.example.com", RecordKind::A, DnsFaultKind::Timeout);
        let (findings, names) = checked("192.0.2.7", None, &mut world);
        assert!(findings.is_empty() && names.1.is_none());
    }

    #[test]
    fn reverse_dns_faults_of_mx_hosts_are_only_notices() {
        let plan = plan("example.com");
        let mut evidence = World::new().evidence(&plan);
        let mut answer = |of: &str, kind, data| {
            let answer = Answer::Records(response(&name(of), Vec::from_iter(data)));
            evidence.asked(records(&name(of), kind), 1.0, Outcome::Done { answer });
        };
        answer("1.2.0.192.in-addr.arpa", RecordKind::Ptr, None);
        answer("2.2.0.192.in-addr.arpa", RecordKind::Ptr, Some(RecordData::Ptr { host: name("mx.example.com") }));
        answer("3.2.0.192.in-addr.arpa", RecordKind::Ptr, Some(RecordData::Ptr { host: name("mx3.example.com") }));
        answer("mx.example.com", RecordKind::A, None);
        answer("mx3.example.com", RecordKind::A, Some(RecordData::A { ip: "192.0.2.3".parse().unwrap() }));
        let addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "10.0.0.1"].map(|ip| ip.parse().unwrap()).to_vec();
        let findings = of_receivers(Sight::new(&plan, &evidence).unwrap(), addresses);
        assert_eq!(rules(&findings), [("ptr-missing", Severity::Notice), ("ptr-not-confirmed", Severity::Notice)]);
        assert!(findings[0].summary.ends_with(": 192.0.2.1") && findings[1].summary.ends_with(": 192.0.2.2"));
    }

    #[test]
    fn private_addresses_have_no_public_name() {
        assert!(checked("10.0.0.1", None, &mut World::new()).0.is_empty());
    }
}
