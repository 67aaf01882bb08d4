//! The ClientHellos of a scan with their results, computed once for each evaluation of the evidence.
//!
//! A response counts as a result for the version that the server chose, even if it is older than the version offered.

use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, Fault, HelloProbe, Session, TlsFaultKind};
use crate::question::Offer;
use crate::wire::tls::{self, ServerHello, Version, WeakClass};

/// Whether the server accepts or supports an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Support {
    /// The item is accepted.
    Yes,
    /// The item is rejected.
    No,
    /// It was not tested, or the response was not clear.
    Unknown,
}

/// The main session and all ClientHellos.
pub(super) struct Seen<'a> {
    pub(super) session: Session<'a>,
    pub(super) hellos: Vec<One<'a>>,
}

/// One ClientHello.
#[derive(Clone, Copy)]
pub(super) struct One<'a> {
    pub(super) hello: HelloProbe<'a>,
    /// The server's choice; none if it did not accept the offer.
    pub(super) taken: Option<&'a ServerHello>,
    /// Whether the server rejected the offer.
    pub(super) is_rejected: bool,
}

impl<'a> One<'a> {
    pub(super) fn offer(&self) -> &'a Offer {
        &self.hello.request.offer
    }

    pub(super) fn support(&self) -> Support {
        match (self.taken, self.is_rejected) {
            (Some(_), _) => Support::Yes,
            (None, true) => Support::No,
            (None, false) => Support::Unknown,
        }
    }
}

impl<'a> Seen<'a> {
    /// The main session and the ClientHellos so far; `None` before the main session has started.
    pub(super) fn of(evidence: &'a Evidence) -> Option<Seen<'a>> {
        let session = evidence.main_session()?;
        let mut hellos: Vec<One<'a>> = evidence
            .hellos()
            .map(|hello| One { hello, taken: hello.accepted(), is_rejected: hello.is_declined() })
            .collect();
        // Closing the connection counts as rejecting the offer only if the server responds to a later ClientHello.
        let last_answer = hellos.iter().rposition(|one| one.hello.is_answered());
        for (at, one) in hellos.iter_mut().enumerate() {
            if is_hung_up_on(&one.hello) {
                one.is_rejected = last_answer.is_some_and(|last| last > at);
            }
        }
        Some(Seen { session, hellos })
    }

    pub(super) fn has_tls(&self) -> bool {
        has_tls(self.session)
    }

    pub(super) fn by(&self, offer: &Offer) -> Option<&One<'a>> {
        self.hellos.iter().find(|one| one.offer() == offer)
    }

    /// The choices of the server, in the order of the ClientHellos.
    pub(super) fn taken(&self) -> impl Iterator<Item = &'a ServerHello> + '_ {
        self.hellos.iter().filter_map(|one| one.taken)
    }

    /// The TLS version of the main session.
    pub(super) fn of_handshake(&self) -> Option<Version> {
        match self.session.handshake()?.1.version.as_str() {
            "1.3" => Some(Version::Tls13),
            "1.2" => Some(Version::Tls12),
            _ => None,
        }
    }

    /// Whether a version is accepted, according to all results. A version is rejected if the server rejected it when it
    /// was offered alone, or if an alert means that the server supports only newer versions.
    pub(super) fn version(&self, version: Version) -> Support {
        if self.of_handshake() == Some(version) || self.taken().any(|taken| taken.version == version) {
            return Support::Yes;
        }
        if self.has_only_newer_than(version) {
            return Support::No;
        }
        let alone = |one: &&One<'_>| match one.offer() {
            Offer::Version { version: offered } => *offered == version,
            Offer::EcdsaOnly | Offer::RsaOnly => version == Version::Tls12,
            _ => false,
        };
        let asked: Vec<&One<'_>> = self.hellos.iter().filter(alone).collect();
        // TLS 1.2 is tested with both certificate types.
        let enough = if version == Version::Tls12 { 2 } else { 1 };
        // A server that responds with a version that was not offered does not support the offered version.
        let is_no = |one: &&One<'_>| one.is_rejected || one.taken.is_some();
        if asked.len() >= enough && asked.iter().all(is_no) { Support::No } else { Support::Unknown }
    }

    /// RFC 5246 §E.1 (obsolete): if all versions that a server supports are newer than those of the client, the server
    /// sends the alert `protocol_version`. Therefore this alert in response to TLS 1.1 means that the server does not
    /// support TLS 1.0 and SSLv3 either.
    fn has_only_newer_than(&self, version: Version) -> bool {
        self.hellos.iter().any(|one| {
            matches!(one.offer(), Offer::Version { version: offered } if *offered >= version && *offered < Version::Tls12)
                && one.hello.alert() == Some(PROTOCOL_VERSION)
        })
    }

    /// Versions that are accepted, newest first.
    pub(super) fn spoken(&self) -> Vec<Version> {
        Version::ALL.into_iter().rev().filter(|version| self.version(*version) == Support::Yes).collect()
    }

    /// The newest accepted version up to TLS 1.2. The names of its suites contain the key exchange and the certificate
    /// type.
    pub(super) fn newest_old_style(&self) -> Option<Version> {
        self.spoken().into_iter().find(|version| *version < Version::Tls13)
    }

    /// The numbers of the suites that are known to be accepted in a version, in the order in which they were found.
    pub(super) fn suites(&self, version: Version) -> Vec<u16> {
        let mut known: Vec<u16> = Vec::new();
        if let Some((_, handshake)) = self.session.handshake().filter(|_| self.of_handshake() == Some(version)) {
            let all = Offer::Version { version }.hello().suites;
            known.extend(all.into_iter().find(|id| tls::suite_name(*id) == handshake.cipher));
        }
        let taken = self.taken().filter(|taken| taken.version == version).map(|taken| taken.suite);
        for id in taken {
            if !known.contains(&id) {
                known.push(id);
            }
        }
        known
    }

    /// The numbers of the groups that are known to be accepted. For TLS 1.3, only results of TLS 1.3 count; for an
    /// older version, the results of all versions before TLS 1.3 count.
    pub(super) fn groups(&self, version: Version) -> Vec<u16> {
        let is_13 = version == Version::Tls13;
        let mut known: Vec<u16> = Vec::new();
        if let Some((_, handshake)) = self.session.handshake()
            && self.of_handshake().is_some_and(|of_handshake| (of_handshake == Version::Tls13) == is_13)
        {
            let all = Offer::Version { version }.hello().groups;
            known.extend(all.into_iter().find(|id| Some(tls::group_name(*id)) == handshake.group));
        }
        let taken = self.taken().filter(|taken| (taken.version == Version::Tls13) == is_13);
        for id in taken.filter_map(|taken| taken.group) {
            if !known.contains(&id) {
                known.push(id);
            }
        }
        known
    }

    /// The classes of weak suites from which the server accepted a suite.
    pub(super) fn weak(&self) -> Vec<WeakClass> {
        let has = |class: WeakClass| self.taken().any(|taken| class.has(&taken.suite_name));
        WeakClass::ALL.into_iter().filter(|class| has(*class)).collect()
    }

    /// Versions in which weak suites are tested: TLS 1.2, and the oldest accepted version, because EXPORT and DES exist
    /// only in old versions (RFC 4346 §A.5 and RFC 5469 §1 removed them).
    pub(super) fn versions_for_weak(&self) -> Vec<Version> {
        let oldest = self.spoken().pop().filter(|version| *version < Version::Tls12);
        let newest = (self.version(Version::Tls12) != Support::No).then_some(Version::Tls12);
        let newest = newest.or_else(|| self.newest_old_style());
        let mut versions: Vec<Version> = newest.into_iter().chain(oldest).collect();
        versions.dedup();
        versions
    }

    /// Whether the server rejected a ClientHello for which `is_it` is true, so that it accepts none of the offered
    /// items.
    pub(super) fn is_exhausted(&self, is_it: impl Fn(&Offer) -> bool) -> bool {
        self.hellos.iter().any(|one| is_it(one.offer()) && one.is_rejected)
    }
}

/// RFC 8446 §6.2.
const PROTOCOL_VERSION: u8 = 70;

/// Whether the session reached TLS: the handshake succeeded, or failed with a TLS error.
pub(super) fn has_tls(session: Session<'_>) -> bool {
    let failed_in_tls = |fault: &Fault| matches!(fault, Fault::Tls { tls } if tls.kind != TlsFaultKind::NotTls);
    session.handshake().is_some() || session.fault().is_some_and(failed_in_tls)
}

/// Whether the server closed the connection without a response. This is never the case for SSLv2: it has no alerts, so
/// servers usually reject it by closing the connection.
pub(super) fn is_hung_up_on(hello: &HelloProbe<'_>) -> bool {
    hello.is_hung_up() && hello.request.offer != Offer::Sslv2
}
