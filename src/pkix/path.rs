//! Certification path validation (RFC 5280 §6.1) with a bounded search for the path (RFC 4158 describes the problem).
//!
//! Each violated rule of §6.1.3 to §6.1.5 is a separate fault, and all faults of the best path are returned, not only
//! the first. Where the RFC leaves a decision to the client, the stricter behaviour of OpenSSL 3 and GnuTLS is used; a
//! path that both accept is accepted. §6.1 does not check the certificate of a trust anchor; it uses only its name and
//! key (§6.1.1 (d)). Both libraries check that certificate by the same rules as the certificates below it, and so does
//! this code: dates, basicConstraints, keyUsage, critical extensions, path length and name constraints.
//!
//! Like both libraries by default, it checks neither revocation lists nor certificate policies. (The policy tree of
//! §6.1.2 cannot fail without policyConstraints and policyMappings, which are rejected if critical.)
//!
//! [`super::names`] compares the names of the server certificate with the host. `evidence::doubt` makes the decision
//! about a server, because the decision must be repeatable when a report is loaded.

use std::collections::HashMap;

use super::cache::SignatureCache;
use super::certificate::{self, KEY_CERT_SIGN, ParsedCertificate};
use super::constraints::{self, Comparisons, Violation};
use super::directory;
use super::form::{names_another_key, of_extensions, of_form, of_leniency, weak_key};
use super::issuer::{Anchor, Issuer};
use super::signature::{self, SignatureAlgorithm};
use crate::evidence::{PathFault, PathFaultKind, PathPlace};

/// The maximum number of signatures verified in one search. A chain has three or four, and the slowest kind (RSA 8192)
/// takes 0.3 ms.
const MAX_SIGNATURES: usize = 100;

/// The maximum number of certificates that one search visits. Certificates with the same name can have many orders.
const MAX_VISITS: usize = 300;

/// The best path of a search.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Positions in the chain, from the server certificate towards the trust anchor.
    pub(crate) path: Vec<usize>,
    /// The position of the trust anchor in the store; `None` if the path does not end at a trust anchor.
    pub(crate) anchor: Option<usize>,
    /// Faults in the path, except the expiry of certificates that the server sent.
    pub(crate) faults: Vec<PathFault>,
    /// Whether a certificate on the path that the server sent has expired or is not valid yet (§6.1.3 (a)(2)).
    pub(crate) is_outdated: bool,
}

/// Searches for a path from the first certificate to a trust anchor.
pub(crate) fn find<'a>(
    chain: &'a [&'a [u8]],
    anchors: &[Anchor<'a>],
    now: i64,
    signatures: &'a SignatureCache<'a>,
) -> Found {
    let sent: Vec<Option<ParsedCertificate<'_>>> =
        chain.iter().map(|der| ParsedCertificate::read(der).filter(|_| der.len() <= certificate::MAX_LENGTH)).collect();
    let Some(Some(_)) = sent.first() else {
        let is_large = chain.first().is_some_and(|der| der.len() > certificate::MAX_LENGTH);
        let kind = if is_large { PathFaultKind::TooLarge } else { PathFaultKind::Unreadable };
        let faults = vec![PathFault { at: PathPlace::Sent { place: 0 }, kind }];
        return Found { path: Vec::new(), anchor: None, faults, is_outdated: false };
    };
    let mut search = Search {
        chain,
        sent,
        anchors: anchors.iter().map(Issuer::of_anchor).collect(),
        now,
        signatures,
        verified: HashMap::new(),
        signatures_left: MAX_SIGNATURES,
        visits_left: MAX_VISITS,
        comparisons: Comparisons::default(),
        best: None,
        longest: vec![0],
    };
    search.pinned();
    search.extend(&mut vec![0]);
    let unreadable = search.unreadable();
    let of_others = search.rejected_by_others();
    let mut found = search.result();
    // If the server certificate itself is in the store, the paths that other clients choose are not considered.
    let is_pinned =
        found.path == [0] && found.anchor.and_then(|at| anchors.get(at)).is_some_and(|anchor| anchor.is(chain));
    let is_valid = found.faults.is_empty() && !found.is_outdated && !is_pinned;
    if let Some(other) = of_others.filter(|_| is_valid) {
        found = other;
    }
    found.faults.extend(unreadable);
    found
}

/// The issuer whose key verifies a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum By {
    Sent(usize),
    Anchor(usize),
}

struct Search<'a> {
    chain: &'a [&'a [u8]],
    sent: Vec<Option<ParsedCertificate<'a>>>,
    anchors: Vec<Option<Issuer<'a>>>,
    now: i64,
    signatures: &'a SignatureCache<'a>,
    /// The results by certificate and issuer, so that each signature is verified only once.
    verified: HashMap<(usize, By), Result<(), signature::SignatureFault>>,
    signatures_left: usize,
    visits_left: usize,
    comparisons: Comparisons,
    best: Option<(usize, Found)>,
    /// The longest path that did not end at a trust anchor.
    longest: Vec<usize>,
}

impl<'a> Search<'a> {
    /// A server certificate in the store is its own trust anchor, unless its issuer is in the store or in the chain:
    /// OpenSSL and GnuTLS follow issuers as long as they find one.
    fn pinned(&mut self) {
        let Some(der) = self.chain.first() else { return };
        let same = |anchor: &Option<Issuer<'_>>| anchor.as_ref().is_some_and(|anchor| anchor.der == *der);
        let Some(leaf) = self.certificate_at(0) else { return };
        let (is_own, issuer) = (leaf.is_self_issued(), leaf.issuer);
        let is_sent = (1..self.sent.len())
            .any(|at| self.certificate_at(at).is_some_and(|one| directory::is_same(one.subject, issuer)));
        let is_anchor = self.anchors.iter().flatten().any(|anchor| anchor.subject == issuer);
        if let Some(at) = self.anchors.iter().position(same).filter(|_| is_own || !(is_sent || is_anchor)) {
            let mut faults = self.of_each(&[0]);
            // GnuTLS ignores the extensions of such a certificate, so those that only OpenSSL supports do not matter.
            faults.retain(|fault| !is_own || !matches!(&fault.kind, PathFaultKind::CriticalExtension { extension } if OF_OPENSSL.contains(&extension.as_str())));
            let found = Found { path: vec![0], anchor: Some(at), is_outdated: self.is_outdated(&[0]), faults };
            self.offer(found);
        }
    }

    /// Continues the path with each possible issuer, trust anchors first.
    fn extend(&mut self, path: &mut Vec<usize>) {
        if self.visits_left == 0 || self.is_settled() {
            return;
        }
        self.visits_left -= 1;
        let Some(last) = path.last().and_then(|place| self.sent.get(*place)?.clone()) else { return };
        let named: Vec<usize> = self
            .anchors
            .iter()
            .enumerate()
            .filter(|(_, anchor)| anchor.as_ref().is_some_and(|anchor| anchor.subject == last.issuer))
            .map(|(at, _)| at)
            .collect();
        for anchor in named {
            let found = self.validate(path, anchor);
            self.offer(found);
            if self.is_settled() {
                return;
            }
        }
        for next in 1..self.sent.len() {
            if self.may_follow(path, next, &last) {
                path.push(next);
                if path.len() > self.longest.len() {
                    self.longest.clone_from(path);
                }
                self.extend(path);
                path.pop();
            }
        }
    }

    /// Whether a certificate that the server sent can be next in the path. It must have the issuer's name, the path
    /// must not contain a certificate with the same name and key, and its key must have made the signature (unless the
    /// signature cannot be verified here).
    fn may_follow(&mut self, path: &[usize], next: usize, last: &ParsedCertificate<'_>) -> bool {
        let Some(Some(one)) = self.sent.get(next) else { return false };
        if !directory::is_same(one.subject, last.issuer) {
            return false;
        }
        let is_known = path.iter().any(|place| {
            let earlier = self.sent.get(*place).and_then(Option::as_ref);
            earlier.is_some_and(|earlier| earlier.subject == one.subject && earlier.key == one.key)
        });
        let child = path.last().copied().unwrap_or(0);
        !is_known && !matches!(self.signature(child, By::Sent(next)), Err(signature::SignatureFault::Wrong))
    }

    /// OpenSSL and GnuTLS choose one issuer at each step and never go back. If several certificates have the same name,
    /// they may therefore choose a path that violates a rule, although a valid path exists. Returns such a path.
    fn rejected_by_others(&mut self) -> Option<Found> {
        if let Some((path, anchor)) = self.path_of_openssl() {
            let found = self.validate(&path, anchor);
            if !found.faults.is_empty() || found.is_outdated {
                return Some(found);
            }
        }
        let (path, anchor) = self.path_of_gnutls()?;
        let found = self.validate(&path, anchor);
        // GnuTLS tries again after an expired certificate, and checks extKeyUsage only of the server certificate.
        let counts = |fault: &PathFault| !matches!(fault.kind, PathFaultKind::OutOfDate | PathFaultKind::OtherUse);
        (!found.is_outdated && found.faults.iter().any(counts)).then_some(found)
    }

    /// Whether a certificate can be the issuer of another, according to their names and key identifiers.
    fn may_have_issued(issuer: &ParsedCertificate<'_>, child: &ParsedCertificate<'_>) -> bool {
        directory::is_same(issuer.subject, child.issuer) && !names_another_key(child, issuer)
    }

    /// The path that OpenSSL chooses: issuers in the store before those that the server sent, and, if there are
    /// several, the first that has not expired (X509_build_chain with X509_V_FLAG_TRUSTED_FIRST).
    fn path_of_openssl(&self) -> Option<(Vec<usize>, usize)> {
        let signs = |one: &ParsedCertificate<'_>| one.extensions.key_usage.is_none_or(|bits| bits & KEY_CERT_SIGN != 0);
        let mut path = vec![0];
        loop {
            let last = self.certificate_at(*path.last()?)?;
            let of_store = |anchor: &Option<Issuer<'_>>| {
                let anchor = anchor.as_ref()?;
                match &anchor.certificate {
                    Some(one) if signs(one) && Self::may_have_issued(one, last) => Some(one.is_in_date(self.now)),
                    None if anchor.subject == last.issuer => Some(true),
                    _ => None,
                }
            };
            let fitting: Vec<(usize, bool)> =
                self.anchors.iter().enumerate().filter_map(|(at, anchor)| Some((at, of_store(anchor)?))).collect();
            if let Some((at, _)) = fitting.iter().find(|(_, is_in_date)| *is_in_date).or(fitting.first()) {
                return Some((path, *at));
            }
            let is_next = |place: &usize| {
                let one = self.certificate_at(*place).filter(|_| !path.contains(place));
                one.is_some_and(|one| signs(one) && Self::may_have_issued(one, last))
            };
            let sent: Vec<usize> = (1..self.sent.len()).filter(is_next).collect();
            let in_date = |place: &&usize| self.certificate_at(**place).is_some_and(|one| one.is_in_date(self.now));
            path.push(*sent.iter().find(in_date).or(sent.first())?);
        }
    }

    /// The path that GnuTLS chooses: issuers that the server sent as long as there are any, then issuers in the store.
    /// If several in the store match, it chooses the last.
    fn path_of_gnutls(&self) -> Option<(Vec<usize>, usize)> {
        let mut path = vec![0];
        loop {
            let last = self.certificate_at(*path.last()?)?;
            let is_next = |place: &usize| {
                let one = self.certificate_at(*place).filter(|_| !path.contains(place));
                one.is_some_and(|one| Self::may_have_issued(one, last))
            };
            let Some(next) = (1..self.sent.len()).find(is_next).filter(|_| !last.is_self_issued()) else { break };
            let der = self.chain.get(next)?;
            let same = |anchor: &Option<Issuer<'_>>| anchor.as_ref().is_some_and(|anchor| anchor.der == *der);
            if let Some(at) = self.anchors.iter().position(same) {
                return Some((path, at));
            }
            path.push(next);
        }
        // If the server sent the root, it is ignored and looked up in the store.
        if path.len() > 1 && self.certificate_at(*path.last()?).is_some_and(ParsedCertificate::is_self_issued) {
            path.pop();
        }
        let last = self.certificate_at(*path.last()?)?;
        let is_other = |one: &ParsedCertificate<'_>| names_another_key(last, one);
        let fits = |anchor: &Option<Issuer<'_>>| {
            let anchor = anchor.as_ref().filter(|anchor| anchor.subject == last.issuer);
            anchor.is_some_and(|anchor| !anchor.certificate.as_ref().is_some_and(is_other))
        };
        self.anchors.iter().rposition(fits).map(|at| (path, at))
    }

    /// Certificates that cannot be parsed. OpenSSL and GnuTLS abort the handshake even if such a certificate is not
    /// needed.
    fn unreadable(&self) -> Vec<PathFault> {
        let is_none = |place: &usize| self.chain.get(*place).is_none_or(|der| ParsedCertificate::read(der).is_none());
        let places = (1..self.sent.len()).filter(|place| self.certificate_at(*place).is_none()).filter(is_none);
        places.map(|place| PathFault { at: PathPlace::Sent { place }, kind: PathFaultKind::Unreadable }).collect()
    }

    /// Whether a path without faults was found, which ends the search.
    fn is_settled(&self) -> bool {
        matches!(self.best, Some((0, _)))
    }

    fn offer(&mut self, found: Found) {
        let weigh = |fault: &PathFault| match fault.kind {
            PathFaultKind::WrongSignature => 1000,
            PathFaultKind::UnsupportedSignature { .. } => 100,
            // Another certificate with this name is probably the correct issuer.
            PathFaultKind::OtherAuthorityKey => 20,
            _ => 10,
        };
        let cost = found.faults.iter().map(weigh).sum::<usize>() + usize::from(found.is_outdated);
        if self.best.as_ref().is_none_or(|(least, _)| cost < *least) {
            self.best = Some((cost, found));
        }
    }

    fn result(mut self) -> Found {
        if let Some((_, found)) = self.best.take() {
            return found;
        }
        // Without a trust anchor, the faults along the longest path are reported.
        let path = std::mem::take(&mut self.longest);
        let mut faults = self.of_each(&path);
        faults.extend(self.of_signatures(&path, None));
        faults.extend(self.of_authorities(&path));
        faults.extend(self.of_names(&path, None));
        // Whether an issuer with the correct name was sent, but its key did not make the signature.
        let last = path.last().copied().unwrap_or(0);
        let is_forged = (1..self.sent.len()).any(|next| {
            let issuer = self.certificate_at(last).map(|one| one.issuer);
            let subject = self.certificate_at(next).map(|one| one.subject);
            let is_same = issuer.zip(subject).is_some_and(|(issuer, subject)| directory::is_same(issuer, subject));
            let is_named = !path.contains(&next) && is_same;
            is_named && self.signature(last, By::Sent(next)) == Err(signature::SignatureFault::Wrong)
        });
        if is_forged {
            faults.push(PathFault { at: PathPlace::Sent { place: last }, kind: PathFaultKind::WrongSignature });
        }
        Found { is_outdated: self.is_outdated(&path), path, anchor: None, faults }
    }

    /// Checks one path to this trust anchor, by the rules of §6.1.3 to §6.1.5.
    fn validate(&mut self, path: &[usize], anchor: usize) -> Found {
        let mut faults = self.of_each(path);
        faults.extend(self.of_signatures(path, Some(anchor)));
        faults.extend(self.of_authorities(path));
        faults.extend(self.of_names(path, Some(anchor)));
        faults.extend(self.of_features(path, Some(anchor)));
        faults.extend(self.of_anchor(path, anchor));
        Found { path: path.to_vec(), anchor: Some(anchor), is_outdated: self.is_outdated(path), faults }
    }

    fn certificate_at(&self, place: usize) -> Option<&ParsedCertificate<'a>> {
        self.sent.get(place).and_then(Option::as_ref)
    }

    /// Whether a certificate on the path has expired or is not valid yet (§6.1.3 (a)(2)).
    fn is_outdated(&self, path: &[usize]) -> bool {
        path.iter().any(|place| self.certificate_at(*place).is_some_and(|one| !one.is_in_date(self.now)))
    }

    /// The faults of single certificates, independent of their position.
    fn of_each(&self, path: &[usize]) -> Vec<PathFault> {
        let mut faults = Vec::new();
        for place in path {
            let Some(one) = self.certificate_at(*place) else { continue };
            let at = PathPlace::Sent { place: *place };
            // §6.1.4 (k): only version 3 has the extension that marks a CA certificate. §4.1.2.9: older versions must
            // not have extensions.
            if one.version < 3 && (*place > 0 || one.has_misplaced_extensions) {
                faults.push(PathFault { at, kind: PathFaultKind::OldVersion { version: one.version } });
            }
            faults.extend(of_extensions(one).into_iter().map(|kind| PathFault { at, kind }));
            // Netscape's predecessor of extKeyUsage, which OpenSSL checks for the server certificate.
            if *place == 0 && one.extensions.netscape_type.is_some_and(|bits| bits & 1 << 14 == 0) {
                faults.push(PathFault { at, kind: PathFaultKind::OtherUse });
            }
            if *place > 0 {
                faults.extend(of_leniency(one).into_iter().map(|kind| PathFault { at, kind }));
            }
            faults.extend(of_form(one).map(|kind| PathFault { at, kind }));
            if let Some(kind) = weak_key(one.key) {
                faults.push(PathFault { at, kind });
            }
        }
        faults
    }

    /// Verifies that each certificate is signed by the next one or by the trust anchor (§6.1.3 (a)(1) and (4)).
    fn of_signatures(&mut self, path: &[usize], anchor: Option<usize>) -> Vec<PathFault> {
        let mut faults = Vec::new();
        for (depth, place) in path.iter().enumerate() {
            let at = PathPlace::Sent { place: *place };
            let by = match (path.get(depth + 1), anchor) {
                (Some(next), _) => By::Sent(*next),
                (None, Some(anchor)) => By::Anchor(anchor),
                (None, None) => continue,
            };
            let verified = self.signature(*place, by);
            let Some(one) = self.certificate_at(*place) else { continue };
            let hash = SignatureAlgorithm::read(one.outer_algorithm).ok().and_then(SignatureAlgorithm::weak_hash);
            if let Some(hash) = hash {
                faults.push(PathFault { at, kind: PathFaultKind::WeakSignature { hash: hash.to_owned() } });
            }
            match verified {
                Ok(()) => {}
                // The weak hash has already been reported.
                Err(signature::SignatureFault::Unsupported(_)) if hash.is_some() => {}
                Err(signature::SignatureFault::Unsupported(algorithm)) => {
                    faults.push(PathFault { at, kind: PathFaultKind::UnsupportedSignature { algorithm } });
                }
                Err(signature::SignatureFault::Wrong | signature::SignatureFault::OtherKind) => {
                    faults.push(PathFault { at, kind: PathFaultKind::WrongSignature });
                }
            }
            let issuer = match by {
                By::Sent(next) => self.certificate_at(next),
                By::Anchor(anchor) => {
                    self.anchors.get(anchor).and_then(Option::as_ref).and_then(|anchor| anchor.certificate.as_ref())
                }
            };
            if issuer.is_some_and(|issuer| names_another_key(one, issuer)) {
                faults.push(PathFault { at, kind: PathFaultKind::OtherAuthorityKey });
            }
        }
        faults
    }

    /// The rules of §6.1.4 (k) to (n) for the certificates between the server certificate and the trust anchor.
    fn of_authorities(&self, path: &[usize]) -> Vec<PathFault> {
        let mut faults = Vec::new();
        for (depth, place) in path.iter().enumerate().skip(1) {
            let Some(one) = self.certificate_at(*place) else { continue };
            let at = PathPlace::Sent { place: *place };
            // (k): basicConstraints must be present with cA set.
            let is_authority = one.extensions.basic_constraints.is_some_and(|found| found.is_authority);
            // A basicConstraints extension that cannot be parsed is reported as a separate fault.
            if one.version >= 3 && one.has_readable_constraints() && !is_authority {
                faults.push(PathFault { at, kind: PathFaultKind::NotAuthority });
            }
            faults.extend(
                self.of_authority(one, path.get(1..depth).unwrap_or_default()).map(|kind| PathFault { at, kind }),
            );
        }
        faults
    }

    /// The rules for a CA certificate that depend on the CA certificates below it.
    fn of_authority(&self, one: &ParsedCertificate<'_>, below: &[usize]) -> impl Iterator<Item = PathFaultKind> {
        // (n): keyUsage, if present, must include keyCertSign.
        let may_sign = one.extensions.key_usage.is_none_or(|bits| bits & KEY_CERT_SIGN != 0);
        // (l) and (m): self-issued certificates are not counted, except by GnuTLS.
        let depth =
            below.iter().filter(|place| self.certificate_at(**place).is_some_and(|one| !one.is_self_issued())).count();
        let limit = one.extensions.basic_constraints.and_then(|found| found.path_length);
        let is_below =
            |depth: usize| limit.is_some_and(|limit| usize::try_from(limit).is_ok_and(|limit| depth > limit));
        let (is_exceeded, is_exceeded_for_gnutls) = (is_below(depth), !is_below(depth) && is_below(below.len()));
        // §4.2.1.12 limits only the key of this certificate, but every client also applies the limit to the
        // certificates below it.
        let is_for_servers = one.is_for_servers();
        [
            (!may_sign).then_some(PathFaultKind::MayNotSign),
            is_exceeded.then_some(PathFaultKind::PathTooLong { limit: limit.unwrap_or(0) }),
            is_exceeded_for_gnutls.then_some(PathFaultKind::PathTooLongWithSelfIssued { limit: limit.unwrap_or(0) }),
            (!is_for_servers).then_some(PathFaultKind::OtherUse),
        ]
        .into_iter()
        .flatten()
    }

    /// Applies the name constraints of each CA to each certificate below it (§6.1.3 (b) and (c)). Self-issued
    /// certificates are exempt unless they are the server certificate.
    fn of_names(&mut self, path: &[usize], anchor: Option<usize>) -> Vec<PathFault> {
        let mut faults = Vec::new();
        let mut left = self.comparisons;
        for (depth, place) in path.iter().enumerate() {
            let Some(one) = self.certificate_at(*place) else { continue };
            if depth > 0 && one.is_self_issued() {
                continue;
            }
            let above = path.iter().skip(depth + 1).filter_map(|place| self.certificate_at(*place));
            let above = above.filter_map(|issuer| issuer.extensions.name_constraints.as_ref());
            let of_anchor = anchor.and_then(|at| self.anchors.get(at)?.as_ref()?.constraints.as_ref());
            let violations =
                above.chain(of_anchor).filter_map(|limits| constraints::violation(one, depth == 0, limits, &mut left));
            let kinds: Vec<PathFaultKind> = violations.map(kind_of).collect();
            faults.extend(kinds.into_iter().map(|kind| PathFault { at: PathPlace::Sent { place: *place }, kind }));
        }
        self.comparisons = left;
        faults
    }

    /// RFC 7633 §4.2.2: a certificate must have all TLS features of the certificates above it. A certificate with
    /// status_request requires its own OCSP response, which GnuTLS also enforces for CA certificates.
    fn of_features(&self, path: &[usize], anchor: Option<usize>) -> Vec<PathFault> {
        let above = anchor.and_then(|at| self.anchors.get(at)?.as_ref()?.certificate.as_ref());
        let mut wanted: Vec<u32> = above.map(|one| one.extensions.tls_features.clone()).unwrap_or_default();
        let mut faults = Vec::new();
        for place in path.iter().rev() {
            let Some(one) = self.certificate_at(*place) else { continue };
            let (own, at) = (&one.extensions.tls_features, PathPlace::Sent { place: *place });
            if let Some(feature) = wanted.iter().find(|feature| !own.contains(feature)) {
                faults.push(PathFault { at, kind: PathFaultKind::MissingFeature { feature: *feature } });
            }
            if *place > 0 && own.contains(&STATUS_REQUEST) {
                faults.push(PathFault { at, kind: PathFaultKind::AuthorityWithoutStaple });
            }
            wanted.extend(own);
        }
        faults
    }

    /// The faults of the trust anchor's own certificate.
    fn of_anchor(&self, path: &[usize], anchor: usize) -> Vec<PathFault> {
        let Some(Some(issuer)) = self.anchors.get(anchor) else { return Vec::new() };
        let mut kinds: Vec<PathFaultKind> = weak_key(issuer.key).into_iter().collect();
        if let Some(one) = &issuer.certificate {
            kinds.extend(of_extensions(one));
            kinds.extend(of_leniency(one));
            kinds.extend(of_form(one));
            // The certificate is not signed; GnuTLS does not accept it as a CA certificate.
            if one.signature.is_empty() {
                kinds.push(PathFaultKind::WrongSignature);
            }
            if one.has_misplaced_extensions {
                kinds.push(PathFaultKind::OldVersion { version: one.version });
            }
            if !one.is_in_date(self.now) {
                kinds.push(PathFaultKind::OutOfDate);
            }
            // Version 1 is older than basicConstraints, and both libraries trust such a root if it is in the store. A
            // self-signed certificate of version 3 without basicConstraints is a CA certificate if its keyUsage allows
            // signing certificates.
            let may_sign = one.extensions.key_usage.is_some_and(|bits| bits & KEY_CERT_SIGN != 0);
            let is_authority = match (one.version, one.extensions.basic_constraints) {
                _ if !one.has_readable_constraints() => true,
                (_, Some(found)) => found.is_authority,
                (3.., None) => may_sign && one.is_self_issued(),
                (1, _) => one.is_self_issued(),
                _ => false,
            };
            if !is_authority {
                kinds.push(PathFaultKind::NotAuthority);
            }
            kinds.extend(self.of_authority(one, path.get(1..).unwrap_or_default()));
        }
        kinds.into_iter().map(|kind| PathFault { at: PathPlace::Anchor, kind }).collect()
    }

    /// Whether the certificate at this position was signed with this key. The result is cached.
    fn signature(&mut self, place: usize, by: By) -> Result<(), signature::SignatureFault> {
        if let Some(known) = self.verified.get(&(place, by)) {
            return known.clone();
        }
        let key = match by {
            By::Sent(next) => self.certificate_at(next).map(|one| one.key),
            By::Anchor(at) => self.anchors.get(at).and_then(Option::as_ref).map(|anchor| anchor.key),
        };
        let (Some(one), Some(key)) = (self.certificate_at(place), key) else {
            return Err(signature::SignatureFault::Wrong);
        };
        let result = if self.signatures_left == 0 {
            Err(signature::SignatureFault::Unsupported("too many signatures in the chain".to_owned()))
        } else {
            self.signatures.verify(one, key)
        };
        self.signatures_left = self.signatures_left.saturating_sub(1);
        self.verified.insert((place, by), result.clone());
        result
    }
}

/// The number of status_request (RFC 6066 §8), which a certificate can require as a TLS feature.
const STATUS_REQUEST: u32 = 5;

/// Critical extensions that OpenSSL supports and GnuTLS does not.
const OF_OPENSSL: [&str; 3] = ["Netscape certificate type", "policyConstraints", "policyMappings"];

fn kind_of(violation: Violation) -> PathFaultKind {
    match violation {
        Violation::Name(name) => PathFaultKind::NameConstraint { name },
        Violation::UnknownKind => PathFaultKind::UnsupportedNameConstraint,
        Violation::TooMany => PathFaultKind::TooManyNames,
    }
}
