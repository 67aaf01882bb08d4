//! The finding about a host with TLSA records whose servers advertise STARTTLS, but do not start TLS.

use super::judge::DaneHost;
use super::lookup::PublishedTlsa;
use super::rules::DANE_TLS_FAILS;
use crate::check::domain::senders::servers::addresses_of;
use crate::check::finding::Finding;
use crate::evidence::Phase;
use crate::lexicon::{Confidence, Fix};

impl DaneHost<'_> {
    /// The finding, if TLS fails at one of the IP addresses.
    pub(super) fn tls_fails(&self, published: PublishedTlsa<'_>) -> Option<Finding> {
        let (failure, servers) = self.host.with_failing_tls()?;
        let summary = format!("{} ({}) has TLSA records, but {}", self.name, addresses_of(&servers), failure.words());
        let mut finding =
            Finding::new(&DANE_TLS_FAILS, Phase::Tls, Confidence::Likely, summary).tried(published.probe.id);
        finding.evidence.probes.extend(servers.iter().filter_map(|server| server.probe));
        finding.cause = format!(
            "TLSA records require TLS, so {} {}.{}",
            self.client.noun(),
            self.client.do_not_use("this server"),
            self.client.reports(failure.report_word())
        );
        finding.otherwise = Some(
            "The server may start TLS for other clients, or for clients that support older versions of TLS. Repeat the check from another network to find out."
                .to_owned(),
        );
        finding.fixes = vec![Fix::text(
            "Server operator: make the server start TLS 1.2 or later with every client that sends STARTTLS. The other findings about this server show why TLS fails",
        )];
        Some(finding)
    }
}
