//! DNS blocklists (RFC 5782): their zones, the meaning of the addresses in their responses, and the test entries that
//! show whether a list works. A known list also has codes for trusted senders and for rejected queries, which are not
//! listings. All its other codes, and all codes of an unknown list, are listings.
//!
//! The table contains facts from the websites of the lists. This module sends no queries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::evidence::{DnsCode, RecordsSeen};
use crate::wire::{DnsName, reversed};

/// A known list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListFacts {
    /// The zone.
    pub(crate) zone: &'static str,
    /// The name that is shown to the user.
    pub(crate) name: &'static str,
    /// What the list contains: IP addresses or domains.
    pub(crate) subject: ListSubject,
    /// How a listing affects mail.
    pub(crate) weight: ListWeight,
    /// The web page for requesting removal.
    pub(crate) removal: &'static str,
    /// The codes, by the last octet of the response. Other codes are listings without a known reason.
    codes: &'static [(u8, u8, CodeMeaning)],
    /// Whether the last octet is a bit mask; `codes` gives the meaning of each bit.
    is_bitmask: bool,
    /// Whether the list is queried if the user names no lists.
    is_default: bool,
}

/// What is looked up in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListSubject {
    /// IPv4 addresses.
    Ipv4,
    /// IPv4 and IPv6 addresses.
    Addresses,
    /// Domain names.
    Domains,
}

/// How a listing affects mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListWeight {
    /// Many receivers reject mail because of the list.
    Rejected,
    /// Some receivers use the list for a spam score.
    Counted,
    /// Hardly any receiver uses the list, or it lists neighbours of the sender.
    Noted,
}

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeMeaning {
    /// The address or domain is listed, for this reason.
    Listed(&'static str),
    /// The address is in a range that should not send mail directly to other servers.
    Range(&'static str),
    /// A listing that hardly any receiver uses to reject mail.
    Minor(&'static str),
    /// The address has a good or a neutral reputation.
    Good(&'static str),
    /// The list does not answer queries from this resolver, or queries of this type.
    Refused(&'static str),
    /// The response is not a blocklist code.
    NotACode,
}

use CodeMeaning::{Good, Listed, Minor, Range, Refused};

/// The reason for a response in 127.255.255.0/24, which means that the list rejected the query. Spamhaus documents the
/// codes; other lists use the range without a common meaning of the last number.
fn refusal(zone: &str, last: u8) -> &'static str {
    let is_of_spamhaus = zone.contains("spamhaus");
    match last {
        _ if !is_of_spamhaus => "it returned an error code",
        252 => "the name of the list is misspelt",
        254 => "it does not answer queries from public resolvers",
        255 => "this resolver sent too many queries, or is not registered",
        _ => "it returned an error code",
    }
}

const fn list(
    zone: &'static str,
    name: &'static str,
    weight: ListWeight,
    removal: &'static str,
    codes: &'static [(u8, u8, CodeMeaning)],
) -> ListFacts {
    let subject = ListSubject::Ipv4;
    ListFacts { zone, name, subject, weight, removal, codes, is_bitmask: false, is_default: false }
}

/// The known lists.
static LISTS: &[ListFacts] = &[
    ListFacts {
        subject: ListSubject::Addresses,
        is_default: true,
        ..list(
            "zen.spamhaus.org",
            "Spamhaus ZEN",
            ListWeight::Rejected,
            "https://check.spamhaus.org/",
            &[
                (2, 2, Listed("SBL: a source of spam")),
                (3, 3, Listed("CSS: sends mail as spammers do")),
                (4, 7, Listed("XBL: an infected or misused machine")),
                (9, 9, Listed("DROP: a hijacked or criminal network")),
                (10, 11, Range("PBL: a range that is not intended to send mail directly")),
                (30, 30, Listed("BCL: controls infected machines")),
            ],
        )
    },
    ListFacts {
        is_default: true,
        ..list(
            "bl.spamcop.net",
            "SpamCop",
            ListWeight::Rejected,
            "https://www.spamcop.net/bl.shtml",
            &[(2, 2, Listed("reported spam; expires about a day after the last report"))],
        )
    },
    ListFacts {
        is_default: true,
        ..list(
            "b.barracudacentral.org",
            "Barracuda",
            ListWeight::Rejected,
            "https://www.barracudacentral.org/rbl/removal-request",
            &[(2, 2, Listed("poor reputation"))],
        )
    },
    ListFacts {
        is_default: true,
        ..list(
            "psbl.surriel.com",
            "PSBL",
            ListWeight::Counted,
            "https://psbl.org/remove",
            &[(2, 2, Listed("mail to spam traps"))],
        )
    },
    ListFacts {
        is_default: true,
        ..list(
            "bl.mailspike.net",
            "Mailspike",
            ListWeight::Counted,
            "https://mailspike.io/ip_verify",
            &[(2, 2, Listed("source of spam")), (10, 12, Listed("poor reputation"))],
        )
    },
    list(
        "z.mailspike.net",
        "Mailspike Z",
        ListWeight::Counted,
        "https://mailspike.io/ip_verify",
        &[(2, 2, Listed("source of a current wave of spam"))],
    ),
    list(
        "rep.mailspike.net",
        "Mailspike reputation",
        ListWeight::Counted,
        "https://mailspike.io/ip_verify",
        &[(10, 12, Listed("poor reputation")), (13, 15, Good("neutral reputation")), (16, 20, Good("good reputation"))],
    ),
    ListFacts {
        subject: ListSubject::Addresses,
        is_default: true,
        ..list(
            "dnsbl.dronebl.org",
            "DroneBL",
            ListWeight::Counted,
            "https://dronebl.org/lookup",
            &[(3, 19, Listed("an infected machine or an open proxy"))],
        )
    },
    ListFacts {
        subject: ListSubject::Domains,
        is_default: true,
        ..list(
            "dbl.spamhaus.org",
            "Spamhaus DBL",
            ListWeight::Rejected,
            "https://check.spamhaus.org/",
            &[
                (2, 2, Listed("poor reputation")),
                (4, 4, Listed("phishing")),
                (5, 5, Listed("malware")),
                (6, 6, Listed("controls infected machines")),
                (102, 106, Listed("a legitimate domain that is abused")),
                (255, 255, Refused("an IP address was looked up in a list of domains")),
            ],
        )
    },
    ListFacts {
        subject: ListSubject::Domains,
        is_bitmask: true,
        ..list(
            "multi.uribl.com",
            "URIBL",
            ListWeight::Rejected,
            "https://lookup.uribl.com/",
            &[
                (1, 1, Refused("it does not answer queries from this resolver")),
                (2, 2, Listed("in spam")),
                (4, 4, Minor("grey: occurs in mail that some recipients do not want")),
                (8, 8, Listed("red: automatically listed")),
            ],
        )
    },
    ListFacts {
        subject: ListSubject::Domains,
        is_bitmask: true,
        ..list(
            "multi.surbl.org",
            "SURBL",
            ListWeight::Rejected,
            "https://surbl.org/surbl-analysis",
            &[
                (1, 1, Refused("it does not answer queries from this resolver")),
                (8, 8, Listed("phishing")),
                (16, 16, Listed("malware")),
                (64, 64, Listed("in spam")),
                (128, 128, Listed("a hacked website")),
            ],
        )
    },
    list(
        "dnsbl-1.uceprotect.net",
        "UCEPROTECT level 1",
        ListWeight::Counted,
        "https://www.uceprotect.net/en/rblcheck.php",
        &[(2, 2, Listed("mail to spam traps"))],
    ),
    list(
        "dnsbl-2.uceprotect.net",
        "UCEPROTECT level 2",
        ListWeight::Noted,
        "https://www.uceprotect.net/en/rblcheck.php",
        &[(2, 2, Minor("the address range, not this address"))],
    ),
    list(
        "dnsbl-3.uceprotect.net",
        "UCEPROTECT level 3",
        ListWeight::Noted,
        "https://www.uceprotect.net/en/rblcheck.php",
        &[(2, 2, Minor("the provider's entire network, not this address"))],
    ),
    list(
        "ips.backscatterer.org",
        "Backscatterer",
        ListWeight::Noted,
        "https://www.backscatterer.org/",
        &[(2, 2, Minor("sends bounces or callouts to forged senders; not spam"))],
    ),
    list(
        "all.spamrats.com",
        "SpamRATS",
        ListWeight::Counted,
        "https://www.spamrats.com/removal.php",
        &[
            (36, 36, Listed("a dynamic address range")),
            (37, 37, Listed("no PTR record")),
            (38, 38, Listed("source of spam")),
            (43, 43, Listed("attacks on logins")),
        ],
    ),
    list("bl.blocklist.de", "blocklist.de", ListWeight::Counted, "https://www.blocklist.de/en/delist.html", &[]),
    ListFacts {
        subject: ListSubject::Addresses,
        ..list("all.s5h.net", "s5h.net", ListWeight::Counted, "https://www.usenix.org.uk/content/rbl.html", &[])
    },
    list(
        "hostkarma.junkemailfilter.com",
        "Hostkarma",
        ListWeight::Counted,
        "https://wiki.junkemailfilter.com/index.php/Spam_DNS_Lists",
        &[
            (1, 1, Good("white: trusted")),
            (2, 2, Listed("black: source of spam")),
            (3, 3, Minor("yellow: sends spam and genuine mail")),
            (4, 4, Minor("brown: almost black")),
            (5, 5, Good("should not be listed")),
        ],
    ),
    list("bl.score.senderscore.com", "Validity", ListWeight::Counted, "https://senderscore.org/", &[]),
    list("dnsbl.zapbl.net", "ZapBL", ListWeight::Counted, "https://zapbl.net/", &[]),
    list("dnsrbl.swinog.ch", "swinog", ListWeight::Counted, "https://antispam.imp.ch/", &[]),
    list("bl.suomispam.net", "SuomiSpam", ListWeight::Counted, "https://suomispam.net/", &[]),
    list("bl.0spam.org", "0spam", ListWeight::Counted, "https://0spam.org/", &[]),
];

/// Lists that were shut down. Some of them list every address, so they are never queried. The entries include subzones.
const DEAD: &[&str] = &[
    "relays.ordb.org",
    "dnsbl.njabl.org",
    "ahbl.org",
    "dnsbl.sorbs.net",
    "ix.dnsbl.manitu.net",
    "cbl.abuseat.org",
    "bl.emailbasura.org",
    "list.dsbl.org",
    "rfc-ignorant.org",
    "opm.blitzed.org",
    "relays.osirusoft.com",
    "dnsbl.inps.de",
    "ubl.unsubscore.com",
    "no-more-funn.moensted.dk",
    "blackholes.mail-abuse.org",
];

/// The zones that are queried if the user names no lists.
pub(crate) fn default_zones() -> impl Iterator<Item = &'static str> {
    LISTS.iter().filter(|list| list.is_default).map(|list| list.zone)
}

/// A known list by its zone. The zone may begin with a customer key.
pub(crate) fn facts(zone: &str) -> Option<&'static ListFacts> {
    LISTS.iter().find(|list| zone == list.zone || zone.ends_with(&format!(".{}", list.zone)))
}

/// Whether a list was shut down.
pub(crate) fn is_dead(zone: &str) -> bool {
    DEAD.iter().any(|dead| zone == *dead || zone.strip_suffix(dead).is_some_and(|head| head.ends_with('.')))
}

/// What a list contains. An unknown list is assumed to contain IP addresses.
pub(crate) fn subject(zone: &str) -> ListSubject {
    facts(zone).map_or(ListSubject::Addresses, |list| list.subject)
}

/// The name to look up for an IP address (RFC 5782 §2.1, §2.4).
pub(crate) fn address_name(zone: &DnsName, ip: IpAddr) -> Option<DnsName> {
    zone.below(&reversed(ip)).ok()
}

/// The names of the test entries of a list (RFC 5782 §5). The first is listed, the second is not.
pub(crate) fn test_names(zone: &DnsName, subject: TestSubject) -> Option<(DnsName, DnsName)> {
    let of = |ip: IpAddr| address_name(zone, ip);
    match subject {
        TestSubject::Ipv4 => Some((of(Ipv4Addr::new(127, 0, 0, 2).into())?, of(Ipv4Addr::new(127, 0, 0, 1).into())?)),
        TestSubject::Ipv6 => {
            let mapped = |last: u16| of(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0x7f00, last).into());
            Some((mapped(2)?, mapped(1)?))
        }
        TestSubject::Domains => Some((zone.below("test").ok()?, zone.below("invalid").ok()?)),
    }
}

/// The kind of a test entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TestSubject {
    Ipv4,
    Ipv6,
    Domains,
}

/// What one code of a list means.
pub(crate) fn meaning(zone: &str, ip: Ipv4Addr) -> CodeMeaning {
    let list = facts(zone);
    match ip.octets() {
        [127, 255, 255, last] => Refused(refusal(zone, last)),
        [127, .., last] => {
            let known = list.and_then(|list| {
                let fits = |from: u8, to: u8| {
                    if list.is_bitmask { last & from != 0 } else { (from..=to).contains(&last) }
                };
                list.codes.iter().find(|(from, to, _)| fits(*from, *to)).map(|(_, _, meaning)| *meaning)
            });
            match known {
                Some(meaning) => meaning,
                // RFC 5782 §2.3: 127.0.0.1 is not used, because it is the address of this machine.
                None if ip == Ipv4Addr::LOCALHOST => CodeMeaning::NotACode,
                None => Listed("listed"),
            }
        }
        _ => CodeMeaning::NotACode,
    }
}

/// The meaning of a response about an address or domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListAnswer {
    /// There is no entry.
    NotListed,
    /// The codes are listings.
    Listed(Vec<(Ipv4Addr, CodeMeaning)>),
    /// The codes are known, and none of them is a listing.
    NotBad(&'static str),
    /// The list does not answer queries from this resolver.
    Refused(&'static str),
    /// The response is not from a working list.
    Wrong(&'static str),
}

/// Interprets a response of a list.
pub(crate) fn read(zone: &str, seen: &RecordsSeen) -> ListAnswer {
    match seen.code {
        DnsCode::Refused => return ListAnswer::Refused("its name servers reject the query"),
        DnsCode::NoError | DnsCode::NxDomain => {}
        DnsCode::ServFail | DnsCode::NotImplemented | DnsCode::FormErr | DnsCode::Other(_) => {
            return ListAnswer::Wrong("its name servers return an error");
        }
    }
    let codes: Vec<(Ipv4Addr, CodeMeaning)> = seen
        .addresses()
        .filter_map(|ip| match ip {
            IpAddr::V4(ip) => Some((ip, meaning(zone, ip))),
            IpAddr::V6(_) => None,
        })
        .collect();
    let refused = codes.iter().find_map(|(_, meaning)| match meaning {
        Refused(why) => Some(*why),
        _ => None,
    });
    let good = codes.iter().find_map(|(_, meaning)| match meaning {
        Good(why) => Some(*why),
        _ => None,
    });
    let is_listing = |meaning: &CodeMeaning| matches!(meaning, Listed(_) | Range(_) | Minor(_));
    let listings: Vec<(Ipv4Addr, CodeMeaning)> =
        codes.iter().copied().filter(|(_, meaning)| is_listing(meaning)).collect();
    match (refused, codes.as_slice()) {
        (_, []) => ListAnswer::NotListed,
        (Some(why), _) => ListAnswer::Refused(why),
        (None, codes) if codes.iter().any(|(_, meaning)| *meaning == CodeMeaning::NotACode) => {
            ListAnswer::Wrong("its response is not a blocklist code")
        }
        (None, _) if !listings.is_empty() => ListAnswer::Listed(listings),
        (None, _) => ListAnswer::NotBad(good.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

    use std::net::Ipv4Addr;

    use proptest::prelude::{any, proptest};

    use super::{CodeMeaning, LISTS, TestSubject, default_zones, facts, is_dead, meaning, test_names};
    use crate::wire::DnsName;

    fn of(zone: &str, ip: [u8; 4]) -> CodeMeaning {
        meaning(zone, Ipv4Addr::from(ip))
    }

    #[test]
    fn refusals_are_never_listings() {
        for (zone, ip) in [
            ("zen.spamhaus.org", [127, 255, 255, 254]),
            ("own.example", [127, 255, 255, 1]),
            ("dbl.spamhaus.org", [127, 0, 1, 255]),
            ("multi.uribl.com", [127, 0, 0, 1]),
            ("multi.surbl.org", [127, 0, 0, 1]),
            ("bl.score.senderscore.com", [127, 255, 255, 255]),
        ] {
            assert!(matches!(of(zone, ip), CodeMeaning::Refused(_)), "{zone} {ip:?}");
        }
    }

    #[test]
    fn white_entries_and_other_addresses_are_not_listings() {
        assert!(matches!(of("hostkarma.junkemailfilter.com", [127, 0, 0, 1]), CodeMeaning::Good(_)));
        assert!(matches!(of("rep.mailspike.net", [127, 0, 0, 18]), CodeMeaning::Good(_)));
        assert_eq!(of("zen.spamhaus.org", [127, 0, 0, 1]), CodeMeaning::NotACode);
        assert_eq!(of("zen.spamhaus.org", [192, 0, 2, 1]), CodeMeaning::NotACode);
    }

    #[test]
    fn codes_have_their_reasons() {
        assert!(matches!(of("zen.spamhaus.org", [127, 0, 0, 3]), CodeMeaning::Listed(why) if why.contains("CSS")));
        assert!(matches!(of("zen.spamhaus.org", [127, 0, 0, 11]), CodeMeaning::Range(_)));
        assert!(matches!(of("key.zen.spamhaus.org", [127, 0, 0, 11]), CodeMeaning::Range(_)));
        assert!(matches!(of("multi.surbl.org", [127, 0, 0, 80]), CodeMeaning::Listed("malware")));
        assert!(matches!(of("multi.uribl.com", [127, 0, 0, 4]), CodeMeaning::Minor(_)));
        assert!(matches!(of("own.example", [127, 0, 0, 7]), CodeMeaning::Listed(_)));
        assert!(matches!(of("dnsbl-3.uceprotect.net", [127, 0, 0, 2]), CodeMeaning::Minor(_)));
    }

    #[test]
    fn dead_lists_are_known_and_never_in_the_table() {
        for zone in ["dnsbl.ahbl.org", "bl.emailbasura.org", "ix.dnsbl.manitu.net", "spam.dnsbl.sorbs.net"] {
            assert!(is_dead(zone), "{zone}");
        }
        assert!(!is_dead("notahbl.org"));
        assert!(LISTS.iter().all(|list| !is_dead(list.zone)));
        assert_eq!(default_zones().count(), 7);
        assert!(default_zones().all(|zone| facts(zone).is_some() && DnsName::parse(zone).is_ok()));
    }

    #[test]
    fn test_entries_follow_the_standard() {
        let zone = DnsName::parse("bl.example").unwrap();
        let names = |subject| test_names(&zone, subject).map(|(first, _)| first.to_string()).unwrap();
        assert_eq!(names(TestSubject::Ipv4), "2.0.0.127.bl.example");
        assert_eq!(names(TestSubject::Domains), "test.bl.example");
        assert!(names(TestSubject::Ipv6).starts_with("2.0.0.0.0.0.f.7.f.f.f.f.0."));
    }

    proptest! {
        #[test]
        fn any_code_can_be_read(zone in any::<String>(), ip in any::<u32>()) {
            meaning(&zone, Ipv4Addr::from(ip));
            is_dead(&zone);
        }
    }
}
