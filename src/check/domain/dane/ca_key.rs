//! The notice about TLSA records that match only the public key of a CA (usage 2, selector 1). They are valid, but
//! RFC 7672 §3.1.2 prefers the certificate, because it contains limits: the path length and the names for which the CA
//! may issue certificates.

use super::judge::DaneHost;
use super::lookup::{PublishedTlsa, service_port};
use super::rules::DANE_CA_KEY;
use crate::check::finding::Finding;
use crate::evidence::{Certificate, Phase, Presented};
use crate::lexicon::{Confidence, Fix};
use crate::policy::tlsa::{self, TlsaMatch, TlsaRecord};

impl DaneHost<'_> {
    /// The notice, if such a record matches a chain of the host.
    pub(super) fn ca_key(&self, published: PublishedTlsa<'_>) -> Option<Finding> {
        let (chain, record) = self.host.chains().into_iter().find_map(|(chain, _)| {
            let verdicts = self.evaluate(published, chain).records;
            let is_by_key = |record: &TlsaRecord| record.usage == 2 && record.selector == 1;
            let found = verdicts.into_iter().find(|one| one.result == TlsaMatch::Matches && is_by_key(&one.record))?;
            Some((chain, found.record))
        })?;
        let kind = published.probe.quote(record.kind()).to_string();
        let summary = format!("the {kind} TLSA record of {} matches only the key of a CA", self.name);
        let mut finding =
            Finding::new(&DANE_CA_KEY, Phase::Dns, Confidence::Certain, summary).tried(published.probe.id);
        finding.cause = format!(
            "The certificate of a CA can limit the length of the chain and the names in certificates. {} that use this record know only the CA's key, so they may not apply these limits.",
            self.client.first_noun()
        );
        finding.fixes = self.publish_for_each(published, Some(&format!("the {kind} record")));
        finding.fixes.extend(self.certificate_of(published, chain, &record));
        Some(finding)
    }

    /// The record for the certificate of the same CA.
    fn certificate_of(&self, published: PublishedTlsa<'_>, chain: &Presented, record: &TlsaRecord) -> Option<Fix> {
        let authority: &Certificate = chain.chain.iter().find(|one| record.is_of(one))?;
        let owner = self.owner_of_record(published.base, service_port(self.sight));
        let instead = tlsa::suggested_for_ca(&owner, authority)?;
        Some(Fix::run(
            format!(
                "Or, DNS operator of {}: publish this record for the certificate of the same CA, and replace it before you use a certificate from another CA",
                self.name
            ),
            self.quoted_record(&instead),
        ))
    }
}
