//! The one decision whether a server is verified: every reason against it, from the facts of the handshake.
//!
//! The login asks this before it sends a secret, the report and the checks say the same afterwards, so they cannot
//! disagree: each certificate finding that fails the run answers to a [`Doubt`], and without doubts none of them fires.
//! `--cert-days` is not among the reasons: a certificate that ends soon is verified, and the limit is the monitoring's.

use jiff::Timestamp;

use super::{
    Certificate, ChainFault, Handshake, NameMatch, PathFault, PathFaultKind, PathPlace, Presented, StapleFault, Trust,
};

/// A reason not to believe that the server is the one that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt<'a> {
    /// The server showed no certificate.
    NoCertificate,
    /// No path leads to an anchor, and why.
    NoPath(ChainFault),
    /// A rule of RFC 5280 that the path breaks.
    Path(&'a PathFault),
    /// The certificate at this place of the chain has expired, or is not valid yet.
    OutOfDate(usize),
    /// The key at this place is too short.
    WeakKey(usize),
    /// The signature at this place can be forged; over which hash.
    WeakSignature(usize, &'static str),
    /// The server's certificate is for another use.
    Misuse(Misuse),
    /// The server's certificate is for another name.
    Name,
    /// The handshake was not signed by the certificate's key; why.
    Proof(&'a str),
    /// The issuer has revoked the certificate.
    Revoked,
    /// The certificate must come with an OCSP response (RFC 7633 §4.2.2), and none that counts came.
    StapleMissing,
    /// An OCSP response came that is invalid (RFC 6960 §3.2): GnuTLS ends the connection, and it may hide a revocation.
    StapleInvalid(StapleFault),
}

/// How a server's certificate excludes its use by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// extKeyUsage is there and lacks serverAuth (RFC 5280 §4.2.1.12). anyExtendedKeyUsage is not enough for OpenSSL.
    ExtendedUsage,
    /// keyUsage is there and lacks digitalSignature (RFC 8446 §4.4.2.2; every key exchange of today is signed).
    Usage,
}

impl Doubt<'_> {
    /// A word for scripts.
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
    /// A word for scripts.
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
    /// Every reason not to believe the server; none: it is verified.
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

    /// Whether the server is verified: a secret may be sent.
    pub fn verifies(&self, now: Timestamp) -> bool {
        self.doubts(now).is_empty()
    }
}

impl Presented {
    /// Every reason against the certificates by themselves.
    pub fn doubts(&self, now: Timestamp) -> Vec<Doubt<'_>> {
        let Some(leaf) = self.leaf() else { return vec![Doubt::NoCertificate] };
        let mut doubts = Vec::new();
        let lineage = self.lineage();
        if let Trust::Untrusted { why: why @ (ChainFault::SelfSigned | ChainFault::UnknownIssuer), .. } = &self.trust {
            doubts.push(Doubt::NoPath(*why));
        }
        doubts.extend(self.faults.iter().filter(|fault| !is_told_by_facts(fault)).map(Doubt::Path));
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
        // Whatever is not trusted has a doubt, also where no fault says why.
        match &self.trust {
            Trust::Untrusted { why, .. } if doubts.is_empty() => doubts.push(Doubt::NoPath(*why)),
            Trust::Outdated { .. } if doubts.is_empty() => doubts.push(Doubt::NoPath(ChainFault::Expired)),
            Trust::Trusted { .. } | Trust::Outdated { .. } | Trust::Untrusted { .. } => {}
        }
        doubts
    }

    /// Whether nothing speaks against the certificates by themselves.
    pub fn verifies(&self, now: Timestamp) -> bool {
        self.doubts(now).is_empty()
    }

    /// The certificates from the leaf towards the root with their places, as far as they were sent: by the path that
    /// verifies, else by who signed whom. Roots that sign themselves are not among them.
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

/// Weak keys and signatures of certificates that were sent are in their facts, also where there is no path.
fn is_told_by_facts(fault: &PathFault) -> bool {
    let is_weakness = matches!(fault.kind, PathFaultKind::WeakKey { .. } | PathFaultKind::WeakSignature { .. });
    is_weakness && matches!(fault.at, PathPlace::Sent { .. })
}

impl Certificate {
    /// Less than 112 bits of security (RFC 9325 §4.5).
    pub fn has_weak_key(&self) -> bool {
        let least = match self.key.split(' ').next() {
            // OpenSSL counts 112 bits of security from here on.
            Some("RSA" | "RSA-PSS" | "DSA") => 1963,
            Some("EC") => 224,
            _ => return false,
        };
        self.key_bits.is_some_and(|bits| bits < least)
    }

    /// The hash of a signature that can be forged. What signs itself is not believed for its signature.
    pub fn forgeable(&self) -> Option<&'static str> {
        let name = self.signature.to_ascii_lowercase();
        let hashes = [("md2", "MD2"), ("md5", "MD5"), ("sha1", "SHA-1")];
        hashes.into_iter().find(|(hash, _)| name.contains(hash) && !self.self_signed).map(|(_, name)| name)
    }

    /// How it excludes its use by a server.
    pub fn misuse(&self) -> Option<Misuse> {
        let lacks = |uses: &Option<Vec<String>>, wanted: &str| {
            uses.as_ref().is_some_and(|uses| !uses.iter().any(|one| one == wanted))
        };
        // OpenSSL and GnuTLS take the server gated cryptography of Netscape and Microsoft for serverAuth.
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
