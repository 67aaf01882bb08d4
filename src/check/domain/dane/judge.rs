//! Findings about TLSA records. Each host is judged separately. Each certificate chain of a host is judged once, even
//! if several IP addresses sent it.

use super::client::DaneClient;
use super::lookup::{PublishedTlsa, TlsaLookup, failure_words, owner, tlsa_lookup, unsigned_records, zones_above};
use super::lookup_faults;
use super::outcome::{is_mx_secure, references};
use super::phrases::{end_of, owner_name, owner_of, owner_text, reasons};
use super::rules::{
    DANE_ANCHOR_NOT_SENT, DANE_BREAKS_AT_RENEWAL, DANE_CERTIFICATE_INVALID, DANE_INCOMPLETE, DANE_LOOKUP_FAILS,
    DANE_MISMATCH, DANE_MX_NOT_SIGNED, DANE_NOT_SIGNED, DANE_STALE_DIGEST, DANE_UNUSABLE, DANE_WITHOUT_STARTTLS,
};
use super::wrong_name;
use crate::check::domain::mx;
use crate::check::domain::senders::servers::{PolicyHost, PolicyServer, addresses_of, key_of, name_of};
use crate::check::domain::sight::{Sight, is_bogus};
use crate::check::finding::{Finding, PhaseFailure, Rule, Severity, in_shell};
use crate::evidence::{Certificate, Phase, Presented, Probe, RecordData};
use crate::lexicon::{Confidence, Fix};
use crate::policy::tlsa::{self, ChainMiss, TlsaMatch, TlsaOutcome, TlsaRecord, TlsaVerdict};
use crate::wire::{DnsName, RecordKind};

/// With more NSEC3 iterations, many resolvers treat a proof as unsigned.
const MAX_ITERATIONS: u16 = 100;

/// All findings about the TLSA records of these hosts.
pub(super) fn findings(sight: Sight<'_>, hosts: &[PolicyHost<'_>]) -> Vec<Finding> {
    let hosts: Vec<DaneHost<'_>> = hosts.iter().map(|host| DaneHost::new(sight, host)).collect();
    let mut findings: Vec<Finding> = hosts.iter().flat_map(DaneHost::findings).collect();
    if DaneClient::of(sight) == DaneClient::MailProgram {
        return findings;
    }
    // Delivery fails only if senders that use DANE cannot deliver to any of the hosts.
    let is_lost = |host: &DaneHost<'_>| host.is_usable() == Some(false) || mx::has_no_address(sight, &host.host.name);
    if hosts.iter().all(is_lost) {
        for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::Error) {
            finding.failure = Some(PhaseFailure::Tls);
        }
    }
    findings.extend(unsigned_mx(sight, &hosts));
    findings.extend(incomplete(&hosts));
    findings.extend(wrong_name::finding(sight, hosts.iter().any(|host| host.published().is_some())));
    findings
}

/// The `3 1 1` records for the certificates that the servers of these hosts currently send. Their names contain the
/// port that smtpcheck connected to. A host without a certificate has no such record.
pub(super) fn suggested_records(sight: Sight<'_>, hosts: &[PolicyHost<'_>]) -> Vec<String> {
    // A record with the key of a server at a bogus address would authenticate an attacker.
    if sight.records(&sight.name(), RecordKind::Mx).answer().is_some_and(is_bogus) {
        return Vec::new();
    }
    let mut records = Vec::new();
    for host in hosts.iter().filter(|host| !mx::has_bogus_address(sight, &host.name)) {
        let suggested = DaneHost::new(sight, host).suggested(sight.plan.target.port);
        records.extend(suggested.into_iter().filter_map(|(_, record)| record));
    }
    records.dedup();
    records
}

/// An MX host with its TLSA records.
pub(super) struct DaneHost<'s> {
    pub(super) sight: Sight<'s>,
    pub(super) client: DaneClient,
    pub(super) host: &'s PolicyHost<'s>,
    /// The name of the host, for use in a sentence.
    pub(super) name: String,
    pub(super) lookup: TlsaLookup<'s>,
}

impl<'s> DaneHost<'s> {
    fn new(sight: Sight<'s>, host: &'s PolicyHost<'s>) -> DaneHost<'s> {
        let (name, lookup) = (name_of(sight, &host.name), tlsa_lookup(sight, &host.name));
        DaneHost { sight, client: DaneClient::of(sight), host, name, lookup }
    }

    fn published(&self) -> Option<PublishedTlsa<'_>> {
        self.lookup.published()
    }

    pub(super) fn evaluate(&self, published: PublishedTlsa<'_>, chain: &Presented) -> TlsaOutcome {
        tlsa::evaluate(published.records, chain, &references(self.sight, &self.host.name, published.base))
    }

    /// Whether senders that use DANE can deliver to the host; `None` while this is not known.
    fn is_usable(&self) -> Option<bool> {
        match &self.lookup {
            TlsaLookup::Open | TlsaLookup::Unknown => None,
            TlsaLookup::Unresolvable | TlsaLookup::Failed { .. } => Some(false),
            TlsaLookup::Insecure | TlsaLookup::Absent | TlsaLookup::Unsigned { .. } => {
                self.host.is_usable(false, |_| true)
            }
            TlsaLookup::Present { .. } => {
                let published = self.published()?;
                self.host.is_usable(true, |chain| {
                    let outcome = self.evaluate(published, chain);
                    outcome.is_unusable() || outcome.matches_leniently() || outcome.matches_with_record()
                })
            }
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = self.of_lookup();
        findings.extend(lookup_faults::of_resolver(self.sight, &self.host.name, &self.name));
        findings.extend(self.published().and_then(|published| {
            lookup_faults::denied_above(self.sight, published.base, published.probe, &self.name)
        }));
        findings
    }

    fn of_lookup(&self) -> Vec<Finding> {
        match &self.lookup {
            TlsaLookup::Failed { base, probe } => vec![self.lookup_fails(base, probe)],
            TlsaLookup::Unsigned { base, probe } => vec![self.not_signed(base, probe)],
            TlsaLookup::Insecure => {
                let probe = unsigned_records(self.sight, &self.host.name);
                probe.map(|probe| self.not_signed(&self.host.name, probe)).into_iter().collect()
            }
            _ => self.published().map_or_else(Vec::new, |published| self.of_records(published)),
        }
    }

    fn of_records(&self, published: PublishedTlsa<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.extend(self.without_starttls(published));
        findings.extend(self.tls_fails(published));
        findings.extend(self.unusable(published));
        for (chain, servers) in self.host.chains() {
            let outcome = self.evaluate(published, chain);
            findings.extend(self.of_chain(published, chain, &servers, &outcome));
        }
        findings.extend(self.ca_key(published));
        findings
    }

    fn of_chain(
        &self,
        published: PublishedTlsa<'_>,
        chain: &Presented,
        servers: &[&PolicyServer<'_>],
        outcome: &TlsaOutcome,
    ) -> Option<Finding> {
        let seen = SeenChain { chain, servers, outcome };
        if outcome.is_unusable() {
            return None;
        }
        if outcome.matches_strictly() {
            return self.stale(published, seen).or_else(|| self.breaks_at_renewal(published, seen));
        }
        if outcome.matches_leniently() {
            return self.stale(published, seen);
        }
        if outcome.matches_with_record() {
            return Some(self.anchor_not_sent(published, seen));
        }
        let misses = outcome.misses();
        let is_about_anchor = |miss: &&ChainMiss| {
            matches!(miss, ChainMiss::AnchorNotSent | ChainMiss::AnchorInRecord | ChainMiss::NoPath)
        };
        Some(if misses.iter().any(|miss| matches!(miss, ChainMiss::OutOfDate | ChainMiss::Name)) {
            self.certificate_invalid(published, seen)
        } else if misses.iter().all(is_about_anchor) {
            self.anchor_not_sent(published, seen)
        } else {
            self.mismatch(published, seen)
        })
    }

    fn lookup_fails(&self, base: &DnsName, probe: &Probe) -> Finding {
        let owner = owner_of(self.sight, base, probe);
        let summary =
            format!("the TLSA records of {} cannot be looked up: {}", self.name, failure_words(self.sight, base));
        let mut finding = Finding::new(&DANE_LOOKUP_FAILS, Phase::Dns, Confidence::Likely, summary).tried(probe.id);
        finding.cause = format!(
            "The IP addresses of the host can be looked up, but the TLSA records at {owner} cannot. {} {}, even if it has no TLSA records.",
            self.client.first_noun(),
            self.client.do_not_use("the host")
        );
        finding.otherwise = Some(
            "This machine's resolver, or a device on the network path to the resolver, may remove DNSSEC records. Repeat the check with another resolver (--resolver) to find out.".to_owned(),
        );
        finding.fixes = vec![Fix::run(
            format!(
                "DNS operator of {}: make your name servers answer queries for TLSA records, and test them with a validating resolver",
                self.name
            ),
            format!("dig +dnssec {} TLSA", probe.quote(in_shell(&owner_text(self.sight, base)))),
        )];
        finding
    }

    fn not_signed(&self, base: &DnsName, probe: &Probe) -> Finding {
        let summary =
            format!("the TLSA records of {} are not signed, so {} ignore them", self.name, self.client.noun());
        let mut finding = Finding::new(&DANE_NOT_SIGNED, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
        finding.cause = format!(
            "The TLSA records at {}, or the IP addresses of the host, are in a zone that is not signed, or that resolvers treat as unsigned. {} use TLSA records only if both have valid signatures.",
            owner_of(self.sight, base, probe),
            self.client.first_noun()
        );
        if self.sight.records_of_probe(probe).is_some_and(|seen| seen.signatures.is_some()) {
            let resolvers = match iterations_above(self.sight, base) {
                Some(count) => format!("The zone uses NSEC3 with {count} iterations. Resolvers that accept so many"),
                None => "Resolvers that have a trust anchor for the zone".to_owned(),
            };
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(format!(
                "The records have signatures, but no chain of DS records leads to them. {resolvers} may validate them. {} behind such a resolver use the TLSA records.",
                self.client.first_noun()
            ));
        }
        finding.fixes = vec![Fix::text(format!(
            "DNS operator of {}: sign the zones that contain the TLSA records and the IP addresses, and publish their DS records in the parent zones",
            self.name
        ))];
        finding
    }

    fn without_starttls(&self, published: PublishedTlsa<'_>) -> Option<Finding> {
        let servers = self.host.without_starttls();
        if servers.is_empty() {
            return None;
        }
        let summary =
            format!("{} ({}) has TLSA records, but does not advertise STARTTLS", self.name, addresses_of(&servers));
        let mut finding = Finding::new(&DANE_WITHOUT_STARTTLS, Phase::Starttls, Confidence::Certain, summary)
            .tried(published.probe.id);
        finding.evidence.probes.extend(servers.iter().filter_map(|server| server.probe));
        finding.cause = format!(
            "TLSA records require TLS, so {} {}.{}",
            self.client.noun(),
            self.client.do_not_use("this server"),
            self.client.reports("starttls-not-supported")
        );
        finding.fixes = vec![
            Fix::text(format!(
                "Server operator: configure a certificate, and advertise STARTTLS to every client on port {}",
                self.sight.plan.target.port
            )),
            Fix::text(format!("DNS operator of {}: remove the TLSA records if the server cannot use TLS", self.name)),
        ];
        Some(finding)
    }

    fn unusable(&self, published: PublishedTlsa<'_>) -> Option<Finding> {
        let unusable: Vec<(&TlsaRecord, String)> = published
            .records
            .iter()
            .filter_map(|record| record.unusable().map(|why| (record, why.to_string())))
            .collect();
        let (first, why) = unusable.first()?;
        let text = published.probe.quote(first.kind());
        let is_all = unusable.len() == published.records.len();
        let summary = if is_all {
            format!("no TLSA record of {} is usable for SMTP ({text}: {why})", self.name)
        } else {
            format!("a TLSA record of {} is not usable for SMTP ({text}: {why})", self.name)
        };
        let mut finding =
            Finding::new(&DANE_UNUSABLE, Phase::Dns, Confidence::Certain, summary).tried(published.probe.id);
        if is_all {
            finding.cause = format!(
                "{} that use DANE require TLS for this host, but do not authenticate it, because no record is usable.{}",
                self.client.first_noun(),
                self.client.reports("tlsa-invalid")
            );
        } else {
            finding.severity = Severity::Notice;
            finding.cause = format!("{} ignore this record and use the others.", self.client.first_noun());
        }
        let fix = |record: &str| format!("DNS operator of {}: replace the unusable record with {record}", self.name);
        finding.fixes = self.records_to_publish(fix, |_| true);
        if !is_all {
            finding.fixes = vec![Fix::text(format!("DNS operator of {}: remove the unusable record", self.name))];
        }
        Some(finding)
    }

    fn mismatch(&self, published: PublishedTlsa<'_>, seen: SeenChain<'_>) -> Finding {
        let summary = format!("no TLSA record of {} matches {}", self.name, self.certificate_words(seen));
        let mut finding = self.about(&DANE_MISMATCH, published, seen, summary);
        let reasons = reasons(published.probe, seen.outcome);
        finding.cause = format!(
            "TLSA records: {reasons}. {} {}.{}",
            self.client.first_noun(),
            self.client.do_not_use("this server"),
            self.client.reports("validation-failure or tlsa-invalid")
        );
        finding.fixes = self.replacement(published, seen.chain);
        finding
    }

    fn stale(&self, published: PublishedTlsa<'_>, seen: SeenChain<'_>) -> Option<Finding> {
        let stale_kinds = seen.outcome.stale_kinds();
        if stale_kinds.is_empty() {
            return None;
        }
        let kinds = published.probe.quote(stale_kinds.iter().cloned().collect::<Vec<_>>().join(" and ")).to_string();
        let is_fatal = !seen.outcome.matches_strictly();
        let summary =
            format!("the {kinds} TLSA records of {} do not match {}", self.name, self.certificate_words(seen));
        let mut finding = self.about(&DANE_STALE_DIGEST, published, seen, summary);
        if is_fatal {
            finding.cause = format!(
                "Another record matches, but its digest is weaker. Of the records with the same usage and selector, strict {} use only those with the strongest digest. {}",
                self.client.noun(),
                match self.client {
                    DaneClient::Sender =>
                        "Postfix therefore does not deliver mail to the host. mox and other senders that accept any matching record deliver mail.",
                    DaneClient::MailProgram =>
                        "They do not connect to the host. Mail programs that accept any matching record do.",
                }
            );
        } else {
            finding.severity = Severity::Warning;
            finding.cause = format!(
                "Another record matches, so current {0} {1}. However, for each published combination of usage, selector and matching type, one record must match, because {0} may support only some combinations.",
                self.client.noun(),
                match self.client {
                    DaneClient::Sender => "deliver mail",
                    DaneClient::MailProgram => "connect",
                }
            );
        }
        finding.fixes = self.replacement_of_kinds(published, seen.chain, &stale_kinds, is_fatal);
        Some(finding)
    }

    fn anchor_not_sent(&self, published: PublishedTlsa<'_>, seen: SeenChain<'_>) -> Finding {
        let is_in_record =
            |one: &TlsaVerdict| one.result == TlsaMatch::Misses(ChainMiss::AnchorInRecord) && !one.is_superseded;
        let summary = format!("{} does not send the CA certificate that its TLSA record matches", self.name);
        let mut finding = self.about(&DANE_ANCHOR_NOT_SENT, published, seen, summary);
        finding.confidence = Confidence::Likely;
        let sent = match seen.chain.chain_length {
            1 => "only 1 certificate, which".to_owned(),
            more => format!("{more} certificates. This chain"),
        };
        finding.cause = format!(
            "{} compare a usage 2 record with the CA certificates that the server sends. The server sends {sent} does not lead to the CA certificate of any record.{}",
            self.client.first_noun(),
            end_of(seen.chain)
        );
        if seen.outcome.matches_with_record() {
            finding.severity = Severity::Warning;
            let is_key = !seen.outcome.records.iter().any(|one| is_in_record(one) && one.record.selector == 0);
            finding.cause.push_str(if is_key {
                " The record contains the full key of a CA, and this key signed the topmost certificate that the server sends. In this case, "
            } else {
                " The record contains the full CA certificate, and the names suggest that this CA issued the chain. In this case, "
            });
            finding.cause.push_str(match (self.client, is_key) {
                (DaneClient::Sender, false) => {
                    "Postfix and mox use the certificate in the record; other senders do not deliver mail to the host."
                }
                // RFC 7671 §5.2.3: clients SHOULD support this, but need not.
                (DaneClient::Sender, true) => {
                    "Postfix uses the key in the record; some other senders do not deliver mail to the host."
                }
                (DaneClient::MailProgram, _) => "some mail programs use the record; others do not connect to the host.",
            });
        } else {
            finding.cause.push_str(&format!(
                " {} {}.{}",
                self.client.first_noun(),
                self.client.do_not_use("the host"),
                self.client.reports("validation-failure")
            ));
        }
        finding.otherwise = Some(
            "The record may be for a CA that issued an earlier certificate. In that case, publish a record for the current CA."
                .to_owned(),
        );
        finding.fixes = vec![Fix::text(
            "Server operator: send the complete chain, including the CA certificate that the record matches, even if it is a root certificate",
        )];
        finding.fixes.extend(self.replacement(published, seen.chain));
        finding
    }

    fn certificate_invalid(&self, published: PublishedTlsa<'_>, seen: SeenChain<'_>) -> Finding {
        let is_expired = seen.outcome.misses().contains(&&ChainMiss::OutOfDate);
        let (what, word) = if is_expired {
            ("has expired or is not valid yet", "certificate-expired")
        } else {
            ("is for a different name", "certificate-host-mismatch")
        };
        let summary = format!(
            "{}: {} {what}, which the TLSA record with usage 2 does not allow",
            self.name,
            self.certificate_words(seen)
        );
        let mut finding = self.about(&DANE_CERTIFICATE_INVALID, published, seen, summary);
        finding.cause = format!(
            "Usage 2 requires valid dates and a matching name, so {} {}.{}",
            self.client.noun(),
            self.client.do_not_use("the host"),
            self.client.reports(word)
        );
        let name = owner_name(published.base, published.probe);
        finding.fixes = vec![Fix::text(format!("Server operator: renew the certificate for the name {name}"))];
        finding.fixes.extend(match self.host.chains().len() {
            // The usage 2 record matches the CA, so it would count as a stale record after the change.
            1 => self.publish(published, seen.chain, Some("the records with usage 2")),
            _ => self.replacement(published, seen.chain),
        });
        finding
    }

    fn breaks_at_renewal(&self, published: PublishedTlsa<'_>, seen: SeenChain<'_>) -> Option<Finding> {
        let is_matching = |one: &&TlsaVerdict| one.result == TlsaMatch::Matches && !one.is_superseded;
        let matching: Vec<&TlsaVerdict> = seen.outcome.records.iter().filter(is_matching).collect();
        if !matching.iter().all(|one| one.record.selector == 0) {
            return None;
        }
        if matching.iter().any(|one| one.record.usage == 2) {
            return self.breaks_with_next_ca(published, seen, &matching);
        }
        let kind_of_record = matching.first()?.record.kind();
        let kind = published.probe.quote(kind_of_record.as_str()).to_string();
        let summary = format!("the {kind} TLSA record of {} will not match the next certificate", self.name);
        let mut finding = self.about(&DANE_BREAKS_AT_RENEWAL, published, seen, summary);
        let end = seen.chain.leaf()?.not_after.strftime("%Y-%m-%d");
        finding.cause = format!(
            "The record matches the full certificate, which changes at every renewal. This certificate is valid until {end}. After it is renewed, {} {} until the record is replaced.",
            self.client.noun(),
            self.client.do_not_use("the host")
        );
        // RFC 7671 §8.1: the record of the next certificate is published before the certificate is used.
        let is_of_next =
            |one: &TlsaVerdict| one.record.kind() == kind_of_record && matches!(one.result, TlsaMatch::Misses(_));
        if seen.outcome.records.iter().any(is_of_next) {
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(
                "Another record of this kind matches no certificate now. If it is for the next certificate, no action is required."
                    .to_owned(),
            );
        }
        finding.fixes = self.publish(published, seen.chain, Some(&format!("the {kind} record of this certificate")));
        finding
            .fixes
            .push(Fix::text("Server operator: keep the key when you renew the certificate (certbot: --reuse-key)"));
        Some(finding)
    }

    /// The records match the full certificate of an intermediate CA. CAs replace their intermediate certificates more
    /// often than their root certificates. The server then sends a different chain after its next renewal.
    fn breaks_with_next_ca(
        &self,
        published: PublishedTlsa<'_>,
        seen: SeenChain<'_>,
        matching: &[&TlsaVerdict],
    ) -> Option<Finding> {
        let is_authority =
            |one: &&Certificate| matching.iter().any(|verdict| verdict.record.usage == 2 && verdict.record.is_of(one));
        let mut of_records = seen.chain.chain.iter().filter(is_authority);
        let authority = of_records.next()?;
        if authority.self_signed || of_records.next().is_some() {
            return None;
        }
        let kind = published.probe.quote(matching.first()?.record.kind()).to_string();
        let summary = format!("the {kind} TLSA record of {} will not match the next certificate of the CA", self.name);
        let mut finding = self.about(&DANE_BREAKS_AT_RENEWAL, published, seen, summary);
        finding.severity = Severity::Notice;
        let end = authority.not_after.strftime("%Y-%m-%d");
        finding.cause = format!(
            "The record matches the full certificate of an intermediate CA, which is valid until {end}. If another intermediate CA issues the server's next certificate, {} {} until the record is replaced.",
            self.client.noun(),
            self.client.do_not_use("the host")
        );
        finding.fixes = self.publish(published, seen.chain, Some(&format!("the {kind} record")));
        finding.fixes.push(Fix::text(
            "Server operator: before you install a renewed certificate, compare the chain with the TLSA records",
        ));
        Some(finding)
    }

    fn about(
        &self,
        rule: &'static Rule,
        published: PublishedTlsa<'_>,
        seen: SeenChain<'_>,
        summary: String,
    ) -> Finding {
        let mut finding = Finding::new(rule, Phase::Tls, Confidence::Certain, summary).tried(published.probe.id);
        for probe in seen.servers.iter().filter_map(|server| server.probe) {
            finding = finding.tried(probe);
        }
        finding
    }

    /// The certificate; if the host has other certificates, also its key type and the IP addresses that sent it.
    fn certificate_words(&self, seen: SeenChain<'_>) -> String {
        let chains = self.host.chains();
        let leaf = seen.chain.leaf();
        let addresses = addresses_of(seen.servers);
        match leaf {
            Some(leaf) if chains.len() > 1 => format!("the {} certificate that {addresses} sent", key_of(leaf)),
            _ => format!("the certificate that {addresses} sent"),
        }
    }
}

/// A certificate chain, the servers that sent it, and the result of its evaluation.
#[derive(Clone, Copy)]
struct SeenChain<'c> {
    chain: &'c Presented,
    servers: &'c [&'c PolicyServer<'c>],
    outcome: &'c TlsaOutcome,
}

/// The number of NSEC3 iterations of the zone that contains a name, if resolvers treat its proofs as unsigned because of it
/// (RFC 9276 §3.2).
fn iterations_above(sight: Sight<'_>, name: &DnsName) -> Option<u16> {
    let parameters = zones_above(name).filter_map(|zone| sight.records(&zone, RecordKind::Nsec3Param).answer());
    parameters.flat_map(|seen| &seen.records).find_map(|record| match record.data {
        RecordData::Nsec3Param { iterations, .. } if iterations > MAX_ITERATIONS => Some(iterations),
        _ => None,
    })
}

fn unsigned_mx(sight: Sight<'_>, hosts: &[DaneHost<'_>]) -> Option<Finding> {
    let host = hosts.iter().find(|host| host.published().is_some())?;
    if is_mx_secure(sight) != Some(false) {
        return None;
    }
    let probe = sight.records(&sight.name(), RecordKind::Mx).probe()?;
    let summary = format!("{} has TLSA records, but the MX records of {} are not signed", host.name, sight.name());
    let mut finding = Finding::new(&DANE_MX_NOT_SIGNED, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    finding.cause = "Without signatures, an attacker can replace the MX records, so the TLSA records of the hosts do not fully protect mail for the domain. Postfix still uses the TLSA records by default, but other senders may ignore them.".to_owned();
    finding.fixes = vec![Fix::text(format!(
        "DNS operator of {}: sign the zone with DNSSEC, and publish its DS record at the registrar",
        sight.name()
    ))];
    Some(finding)
}

fn incomplete(hosts: &[DaneHost<'_>]) -> Option<Finding> {
    let with = hosts.iter().find_map(DaneHost::published)?;
    let sight = hosts.first()?.sight;
    let is_without = |host: &&DaneHost<'_>| {
        matches!(host.lookup, TlsaLookup::Absent | TlsaLookup::Insecure | TlsaLookup::Unsigned { .. })
    };
    let without: Vec<&DaneHost<'_>> = hosts.iter().filter(is_without).collect();
    let names: Vec<&str> = without.iter().map(|host| host.name.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let summary = format!("only some MX hosts have TLSA records; there are none for {}", names.join(", "));
    let mut finding = Finding::new(&DANE_INCOMPLETE, Phase::Dns, Confidence::Certain, summary).tried(with.probe.id);
    let owners = without.iter().filter_map(|host| Some((owner(sight, &host.host.name)?, RecordKind::Tlsa)));
    finding = sight.tried(finding, owners);
    finding.cause = "Senders do not verify the certificates of hosts without TLSA records. An attacker who blocks the other hosts can force senders to use these hosts.".to_owned();
    finding.fixes = without
        .iter()
        .flat_map(|host| {
            let is_without_tls = !host.host.without_starttls().is_empty() || host.host.with_failing_tls().is_some();
            // With TLSA records, senders require TLS (RFC 7672 §2.2).
            let first = is_without_tls.then(|| {
                Fix::text(format!(
                    "Server operator of {}: first configure a certificate, and make the server start TLS with every client that sends STARTTLS. With TLSA records, senders do not deliver mail to a server without TLS",
                    host.name
                ))
            });
            let then = if is_without_tls { "then " } else { "" };
            let text = |record: &str| format!("DNS operator of {}: {then}publish {record} in a signed zone", host.name);
            first.into_iter().chain(host.records_to_publish(text, |_| true))
        })
        .collect();
    Some(finding)
}
