//! The order of the ClientHellos in a scan.
//!
//! 1. Facts that the handshake of the main session has proved are not tested again.
//! 2. Versions are tested first. If the server does not support a version, no further ClientHello of that version is
//!    sent. TLS 1.2 is tested with both types of certificates (RSA and ECDSA).
//! 3. All weak suites are offered together, and then again without the classes that the server accepted, until it
//!    rejects the remaining ones. Each ClientHello finds a class, so one class cannot hide another. A server without
//!    weak suites gets only one such ClientHello.
//! 4. Key exchange without forward secrecy and Diffie-Hellman with a prime are each tested alone. The next ClientHello
//!    is that of a client that was downgraded to an older version (RFC 7507).
//! 5. Without `--tls-scan=full`, the remaining ClientHellos (up to [`WITHOUT_FAULTS`]) test more groups and suites.
//!    With it, groups, and then the suites of each version, are tested until the server rejects the remaining ones.
//!    Then one ClientHello for each version tests whether the server's or the client's preference determines
//!    which suite is used.
//! 6. If the server closed the last connection, the ClientHello of a current client shows whether the server still
//!    responds.

use super::seen::{Seen, Support, is_hung_up_on};
use crate::question::{Offer, SuiteList};
use crate::wire::tls::{self, Version, WeakClass};

use crate::plan::ScanDepth;

/// The maximum number of ClientHellos for a server without weak suites. With the main session and the session that
/// sends MAIL before TLS, this makes 13 connections.
const WITHOUT_FAULTS: usize = 11;

/// The maximum number of ClientHellos in a basic scan: one more for each weak class that is accepted, and one for the
/// second version in which weak classes are tested. With the main session and the session that sends MAIL before TLS,
/// this makes 24 connections.
const MOST_BASIC: usize = 22;

/// The maximum number of ClientHellos in a full scan, independent of `--max-connections`. No real server needs so many
/// ClientHellos.
const MOST_FULL: usize = 1000;

/// The next ClientHello; none if the scan is complete.
pub(super) fn next(seen: &Seen<'_>, depth: ScanDepth) -> Option<Offer> {
    let asked = seen.hellos.len();
    let most = match depth {
        ScanDepth::Basic => MOST_BASIC,
        ScanDepth::Full => MOST_FULL,
    };
    if asked >= most {
        return None;
    }
    let next = version(seen, depth).or_else(|| weak(seen)).or_else(|| key_exchange(seen, depth));
    let next = next.or_else(|| match depth {
        ScanDepth::Basic if asked < WITHOUT_FAULTS => a_few_more(seen),
        ScanDepth::Basic => None,
        ScanDepth::Full => everything(seen),
    });
    next.or_else(|| control(seen))
}

/// Returns the offer, unless it was already sent.
fn unasked(seen: &Seen<'_>, offer: Offer) -> Option<Offer> {
    seen.by(&offer).is_none().then_some(offer)
}

fn version(seen: &Seen<'_>, depth: ScanDepth) -> Option<Offer> {
    let has_13 = seen.of_handshake() == Some(Version::Tls13);
    let is_post_quantum =
        |(_, handshake): (_, &crate::evidence::Handshake)| handshake.group.as_deref().is_some_and(tls::is_post_quantum);
    let has_post_quantum = seen.session.handshake().is_some_and(is_post_quantum);
    let mut offers: Vec<Offer> = Vec::new();
    if !has_13 {
        offers.push(Offer::Version { version: Version::Tls13 });
    }
    if !has_post_quantum && seen.version(Version::Tls13) != Support::No {
        offers.push(Offer::PostQuantum);
    }
    offers.extend([Offer::EcdsaOnly, Offer::RsaOnly]);
    for version in [Version::Tls11, Version::Tls10, Version::Ssl3] {
        // A full scan tests each version, even if an alert indicates that the server does not support it.
        if depth == ScanDepth::Full || seen.version(version) == Support::Unknown {
            offers.push(Offer::Version { version });
        }
    }
    let has_old = [Version::Tls10, Version::Ssl3].into_iter().any(|version| seen.version(version) == Support::Yes);
    if depth == ScanDepth::Full || has_old {
        offers.push(Offer::Sslv2);
    }
    offers.into_iter().find_map(|offer| unasked(seen, offer))
}

fn weak(seen: &Seen<'_>) -> Option<Offer> {
    let known = seen.weak();
    if known.len() == WeakClass::ALL.len() {
        return None;
    }
    seen.versions_for_weak().into_iter().find_map(|version| {
        let is_over = seen.hellos.iter().any(|one| {
            matches!(one.offer(), Offer::Weak { version: offered, .. } if *offered == version) && one.taken.is_none()
        });
        if is_over { None } else { unasked(seen, Offer::Weak { version, known: known.clone() }) }
    })
}

fn key_exchange(seen: &Seen<'_>, depth: ScanDepth) -> Option<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    if let Some(version) = seen.newest_old_style() {
        let has = |family: &str| seen.taken().any(|taken| taken.suite_name.starts_with(family));
        if depth == ScanDepth::Full || !has("TLS_RSA_") {
            offers.push(Offer::StaticRsa { version });
        }
        if depth == ScanDepth::Full || !has("TLS_DHE_") {
            offers.push(Offer::Dhe { version });
        }
    }
    // RFC 7507 §3: the fallback mark (TLS_FALLBACK_SCSV) matters for versions older than the newest one. It matters
    // most below TLS 1.2, because RFC 8446 §4.1.3 protects later versions.
    let below: Vec<Version> = seen.spoken().into_iter().skip(1).collect();
    let retired = below.iter().find(|version| **version < Version::Tls12);
    offers.extend(retired.or(below.first()).map(|version| Offer::Fallback { version: *version }));
    if depth == ScanDepth::Full && seen.version(Version::Tls12) == Support::Yes {
        offers.push(Offer::OldHashes);
    }
    offers.into_iter().find_map(|offer| unasked(seen, offer))
}

/// Up to two ClientHellos that offer more groups, and then more suites of TLS 1.2 or older.
fn a_few_more(seen: &Seen<'_>) -> Option<Offer> {
    let asked = seen.hellos.iter().filter(|one| matches!(one.offer(), Offer::OtherGroups { .. })).count();
    let group = if asked < 2 { next_group(seen, Version::Tls13) } else { None };
    group.or_else(|| next_suite(seen, seen.newest_old_style()?, SuiteList::Common))
}

fn everything(seen: &Seen<'_>) -> Option<Offer> {
    let groups = [Some(Version::Tls13), seen.newest_old_style()];
    groups.into_iter().flatten().find_map(|version| next_group(seen, version)).or_else(|| {
        seen.spoken().into_iter().find_map(|version| {
            next_suite(seen, version, SuiteList::Common)
                .or_else(|| next_suite(seen, version, SuiteList::Rare))
                .or_else(|| unasked(seen, Offer::Order { version, suites: other_order(&seen.suites(version))? }))
        })
    })
}

fn next_group(seen: &Seen<'_>, version: Version) -> Option<Offer> {
    let is_of = |offer: &Offer| matches!(offer, Offer::OtherGroups { version: of, .. } if *of == version);
    let is_over = seen.hellos.iter().any(|one| {
        is_of(one.offer())
            && one.taken.is_none_or(|taken| (taken.version == Version::Tls13) != (version == Version::Tls13))
    });
    let mut known = seen.groups(version);
    known.sort_unstable();
    if is_over || known.is_empty() || version == Version::Ssl3 {
        return None;
    }
    unasked(seen, Offer::OtherGroups { version, known })
}

fn next_suite(seen: &Seen<'_>, version: Version, list: SuiteList) -> Option<Offer> {
    let is_of = |offer: &Offer| matches!(offer, Offer::OtherSuites { version: of, list: from, .. } if *of == version && *from == list);
    let is_over =
        seen.hellos.iter().any(|one| is_of(one.offer()) && one.taken.is_none_or(|taken| taken.version != version));
    let mut known = seen.suites(version);
    known.sort_unstable();
    let offer = Offer::OtherSuites { version, list, known };
    if is_over || seen.suites(version).is_empty() || offer.hello().suites.is_empty() {
        return None;
    }
    unasked(seen, offer)
}

/// The suites in reverse order. A server that uses its own preference does not choose the first one. ChaCha20 is not
/// put first, because many servers choose it if the client prefers it, even if they use their own preference for other
/// suites.
pub(super) fn other_order(suites: &[u16]) -> Option<Vec<u16>> {
    let mut other: Vec<u16> = suites.iter().rev().copied().collect();
    let first = other.iter().position(|id| !tls::suite_name(*id).contains("_CHACHA20_"))?;
    other.swap(0, first);
    (other.len() > 1 && other.first() != suites.first()).then_some(other)
}

/// If the server closed the last connection, this is a ClientHello that every current server accepts. It shows whether
/// the server still responds.
fn control(seen: &Seen<'_>) -> Option<Offer> {
    let is_closed = seen.hellos.last().is_some_and(|one| is_hung_up_on(&one.hello));
    if is_closed { unasked(seen, Offer::Small) } else { None }
}
