//! Decides whether the server's identity is verified. It collects every reason to doubt the identity from the facts of
//! the handshake.
//!
//! No other code makes this decision. The login, the report and the checks all use it, so they cannot contradict each
//! other. Each certificate finding that fails the run corresponds to a [`Doubt`], and if there are no doubts, no such
//! finding is raised. A certificate that expires within `--cert-days` is not a reason for doubt: it is still valid, and
//! the limit exists for monitoring.

use jiff::Timestamp;

use super::{
    Certificate, ChainFault, Handshake, NameMatch, PathFault, PathFaultKind, PathPlace, Presented, StapleFault, Trust,
};

/// A reason to doubt that the server is the intended one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt<'a> {
    /// The server sent no certificate.
    NoCertificate,
    /// There is no path to a trust anchor. The value is the reason.
    NoPath(ChainFault),
    /// The path violates a rule of RFC 5280.
    Path(&'a PathFault),
    /// The certificate at this position in the chain has expired or is not valid yet.
    OutOfDate(usize),
    /// The key at this position is too short.
    WeakKey(usize),
    /// The signature at this position can be forged, because it uses this hash.
    WeakSignature(usize, &'static str),
    /// The server's certificate is not permitted for a TLS server.
    Misuse(Misuse),
    /// The server's certificate does not cover the host name.
    Name,
    /// The handshake was not signed with the certificate's key. The string is the reason.
    Proof(&'a str),
    /// The issuer has revoked the certificate.
    Revoked,
    /// The certificate requires an OCSP response (RFC 7633 §4.2.2), and the server sent no valid one.
    StapleMissing,
    /// The server sent an invalid OCSP response (RFC 6960 §3.2). GnuTLS closes the connection, and the response may
    /// hide a revocation.
    StapleInvalid(StapleFault),
}

/// Why a certificate is not permitted for a TLS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// extKeyUsage is present but lacks serverAuth (RFC 5280 §4.2.1.12). OpenSSL does not accept anyExtendedKeyUsage
    /// instead.
    ExtendedUsage,
    /// keyUsage is present but lacks digitalSignature (RFC 8446 §4.4.2.2; all current key exchanges are signed).
    Usage,
}

impl Doubt<'_> {
    /// The reason as one word, for scripts.
    pub fn word(&self) -> &'static str {
        match self {
            Doubt::NoCertificate => "no-certificate",
            Doubt::NoPath(ChainFault::SelfSigned) => "self-signed",
            Doubt::NoPath(ChainFault::UnknownIssuer) => "unknown-issuer",
            Doubt::NoPath(_) => "untrusted",
            Doubt::Path(fault) => fault.kind.word(),
            Doubt::OutOfDate(_) => "out-of-date",
            Doubt::WeakKey(_) => "weak-key",
            Doubt::WeakSignature(..) => "weak-signature",
            Doubt::Misuse(_) => "other-use",
            Doubt::Name => "other-name",
            Doubt::Proof(_) => "handshake-signature",
            Doubt::Revoked => "revoked",
            Doubt::StapleMissing => "staple-missing",
            Doubt::StapleInvalid(_) => "staple-invalid",
        }
    }
}

impl PathFaultKind {
    /// The fault as one word, for scripts.
    pub fn word(&self) -> &'static str {
        match self {
            PathFaultKind::Unreadable => "unreadable",
            PathFaultKind::TooLarge => "too-large",
            PathFaultKind::OldVersion { .. } => "old-version",
            PathFaultKind::OutOfDate => "out-of-date",
            PathFaultKind::NotAuthority => "not-authority",
            PathFaultKind::MayNotSign => "may-not-sign",
            PathFaultKind::PathTooLong { .. } => "path-too-long",
            PathFaultKind::PathTooLongWithSelfIssued { .. } => "path-too-long-with-self-issued",
            PathFaultKind::Proxy => "proxy",
            PathFaultKind::CompressedKey => "compressed-key",
            PathFaultKind::MissingFeature { .. } => "missing-feature",
            PathFaultKind::AuthorityWithoutStaple => "authority-without-staple",
            PathFaultKind::CriticalExtension { .. } => "critical-extension",
            PathFaultKind::RepeatedExtension { .. } => "repeated-extension",
            PathFaultKind::UnreadableExtension { .. } => "unreadable-extension",
            PathFaultKind::OtherUse => "other-use",
            PathFaultKind::NameConstraint { .. } => "name-constraint",
            PathFaultKind::UnsupportedNameConstraint => "unsupported-name-constraint",
            PathFaultKind::TooManyNames => "too-many-names",
            PathFaultKind::OtherAuthorityKey => "other-authority-key",
            PathFaultKind::WrongSignature => "wrong-signature",
            PathFaultKind::AlgorithmsDiffer => "algorithms-differ",
            PathFaultKind::UnsupportedSignature { .. } => "unsupported-signature",
            PathFaultKind::WeakKey { .. } => "weak-key",
            PathFaultKind::WeakSignature { .. } => "weak-signature",
        }
    }
}

impl Handshake {
    /// Every reason not to trust the server; empty if its identity is verified.
    pub fn doubts(&self, now: Timestamp) -> Vec<Doubt<'_>> {
        let mut doubts = self.presented.doubts(now);
        if let Some(fault) = &self.signature_fault {
            doubts.push(Doubt::Proof(fault));
        }
        if self.staple.as_ref().is_some_and(super::Staple::revokes) {
            doubts.push(Doubt::Revoked);
        }
        let is_stapled = self
            .staple
            .as_ref()
            .is_some_and(|staple| staple.fault.is_none() && staple.next_update.is_none_or(|until| now <= until));
        if self.leaf().is_some_and(|leaf| leaf.must_staple) && !is_stapled {
            doubts.push(Doubt::StapleMissing);
        } else if let Some(fault) = self.staple.as_ref().and_then(|staple| staple.fault).filter(StapleFault::is_refused)
        {
            doubts.push(Doubt::StapleInvalid(fault));
        }
        doubts
    }

    /// Whether the server's identity is verified, so that a secret may be sent.
    pub fn verifies(&self, now: Timestamp) -> bool {
        self.doubts(now).is_empty()
    }
}

impl Presented {
    /// The reasons for doubt in the certificates alone, without the rest of the handshake.
    pub fn doubts(&self, now: Timestamp) -> Vec<Doubt<'_>> {
        let Some(leaf) = self.leaf() else { return vec![Doubt::NoCertificate] };
        let mut doubts = Vec::new();
        let lineage = self.lineage();
        if let Trust::Untrusted { why: why @ (ChainFault::SelfSigned | ChainFault::UnknownIssuer), .. } = &self.trust {
            doubts.push(Doubt::NoPath(*why));
        }
        doubts.extend(self.faults.iter().filter(|fault| !is_found_from_facts(fault)).map(Doubt::Path));
        let out = |(place, one): &(usize, &Certificate)| {
            (one.is_readable() && !one.is_in_date(now)).then_some(Doubt::OutOfDate(*place))
        };
        doubts.extend(lineage.iter().filter_map(out));
        if !matches!(self.name, NameMatch::Matches { .. }) {
            doubts.push(Doubt::Name);
        }
        doubts.extend(lineage.iter().filter(|(_, one)| one.has_weak_key()).map(|(place, _)| Doubt::WeakKey(*place)));
        let forgeable = |(place, one): &(usize, &Certificate)| Some(Doubt::WeakSignature(*place, one.forgeable()?));
        let is_pinned = matches!(&self.trust, Trust::Trusted { path } | Trust::Outdated { path } if path.len() == 1);
        doubts.extend(lineage.iter().filter(|_| !is_pinned).filter_map(forgeable));
        doubts.extend(leaf.misuse().map(Doubt::Misuse));
        // An untrusted chain always gives a reason for doubt, even if no fault explains it.
        match &self.trust {
            Trust::Untrusted { why, .. } if doubts.is_empty() => doubts.push(Doubt::NoPath(*why)),
            Trust::Outdated { .. } if doubts.is_empty() => doubts.push(Doubt::NoPath(ChainFault::Expired)),
            Trust::Trusted { .. } | Trust::Outdated { .. } | Trust::Untrusted { .. } => {}
        }
        doubts
    }

    /// Whether the certificates alone give no reason for doubt.
    pub fn verifies(&self, now: Timestamp) -> bool {
        self.doubts(now).is_empty()
    }

    /// The certificates that the server sent, from the leaf towards the root, with their positions. They follow the
    /// verified path if there is one, and otherwise the signatures. Self-signed roots are not included.
    pub fn lineage(&self) -> Vec<(usize, &Certificate)> {
        let chain = &self.chain;
        let mut places = self.path.clone();
        if places.is_empty() {
            let mut next = Some(0);
            while let Some(place) = next.filter(|place| !places.contains(place)) {
                places.push(place);
                next = chain.get(place).and_then(|one| one.issued_by);
            }
        }
        let found = places.into_iter().filter_map(|place| Some((place, chain.get(place)?)));
        found.filter(|(place, one)| *place == 0 || !one.self_signed).collect()
    }
}

/// Whether a path fault is left out. Weak keys and signatures are also detected from the certificates themselves, which
/// works even without a path, so the path fault would report the same weakness twice.
fn is_found_from_facts(fault: &PathFault) -> bool {
    let is_weakness = matches!(fault.kind, PathFaultKind::WeakKey { .. } | PathFaultKind::WeakSignature { .. });
    is_weakness && matches!(fault.at, PathPlace::Sent { .. })
}

impl Certificate {
    /// Whether the key has less than 112 bits of security (RFC 9325 §4.5).
    pub fn has_weak_key(&self) -> bool {
        let least = match self.key.split(' ').next() {
            // The smallest RSA key to which OpenSSL attributes 112 bits of security.
            Some("RSA" | "RSA-PSS" | "DSA") => 1963,
            Some("EC") => 224,
            _ => return false,
        };
        self.key_bits.is_some_and(|bits| bits < least)
    }

    /// The hash of the signature, if it can be forged. The signature of a self-signed certificate does not matter.
    pub fn forgeable(&self) -> Option<&'static str> {
        let name = self.signature.to_ascii_lowercase();
        let hashes = [("md2", "MD2"), ("md5", "MD5"), ("sha1", "SHA-1")];
        hashes.into_iter().find(|(hash, _)| name.contains(hash) && !self.self_signed).map(|(_, name)| name)
    }

    /// Why the certificate is not permitted for a TLS server; `None` if it is permitted.
    pub fn misuse(&self) -> Option<Misuse> {
        let lacks = |uses: &Option<Vec<String>>, wanted: &str| {
            uses.as_ref().is_some_and(|uses| !uses.iter().any(|one| one == wanted))
        };
        // OpenSSL and GnuTLS also accept the old Server Gated Cryptography purposes of Netscape and Microsoft as
        // serverAuth.
        let servers = ["serverAuth", "2.16.840.1.113730.4.1", "1.3.6.1.4.1.311.10.3.3"];
        if servers.into_iter().all(|usage| lacks(&self.extended_key_usage, usage)) {
            Some(Misuse::ExtendedUsage)
        } else if lacks(&self.key_usage, "digitalSignature") {
            Some(Misuse::Usage)
        } else {
            None
        }
    }
}
