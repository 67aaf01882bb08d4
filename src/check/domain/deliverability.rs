//! A one-word result for each server of the domain, and the names where DANE has no effect because their records are
//! not signed.

use super::seen::{Delivery, DnssecWord, DomainSeen, MxAddressSeen, PoliciesSeen, SenderKind};

/// The result for one IP address of an MX host, with one of its certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressResult<'a> {
    /// The server does not accept connections.
    Unreachable,
    /// Senders that follow one of these policies do not deliver mail. The list is never empty. Other senders may
    /// deliver.
    PolicyFails(Vec<PolicyFailure<'a>>),
    /// The server sends no greeting, or rejects EHLO.
    NotReady,
    /// No policy prevents delivery. The value shows how a sender that follows all policies delivers.
    Delivers(Delivery),
}

/// A policy that prevents a sender from delivering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyFailure<'a> {
    /// The senders that follow the policy.
    pub sender: SenderKind,
    /// The reason, as a TLS report result type (RFC 8460 §4.3).
    pub reason: &'a str,
}

/// The result that the strictest sender gets for an address. A failure counts only if it prevents delivery: a policy
/// that is in testing mode or cannot be fetched does not prevent delivery (RFC 8461 §5).
pub fn address_result<'a>(address: &MxAddressSeen, policies: &'a PoliciesSeen) -> AddressResult<'a> {
    if address.reachable == Some(false) {
        return AddressResult::Unreachable;
    }
    let failure = |sender, delivers, reason: &'a Option<String>| {
        let reason = reason.as_deref().filter(|_| delivers == Delivery::NotDelivered)?;
        Some(PolicyFailure { sender, reason })
    };
    let failures: Vec<PolicyFailure<'a>> = [
        failure(SenderKind::Dane, policies.dane.delivers, &policies.dane.result),
        failure(SenderKind::MtaSts, policies.mta_sts.delivers, &policies.mta_sts.result),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !failures.is_empty() {
        return AddressResult::PolicyFails(failures);
    }
    if address.reachable == Some(true) && !address.ready {
        return AddressResult::NotReady;
    }
    let all = [policies.dane.delivers, policies.mta_sts.delivers, policies.opportunistic];
    let known = all.into_iter().filter(|delivery| *delivery != Delivery::Unknown);
    AddressResult::Delivers(known.min().unwrap_or_default())
}

/// The names whose unsigned records cause senders to ignore the TLSA records: the domain (for its MX records) and its
/// MX hosts.
pub fn names_without_dnssec(seen: &DomainSeen) -> Vec<&str> {
    let is_unsigned = |state: Option<DnssecWord>| state == Some(DnssecWord::Insecure);
    let domain = is_unsigned(seen.dnssec.state).then_some(seen.domain.as_str());
    let hosts = seen.mx.iter().filter(|mx| is_unsigned(mx.dnssec.state)).map(|mx| mx.host.as_str());
    let mut names: Vec<&str> = domain.into_iter().chain(hosts).collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::{AddressResult, PolicyFailure, address_result};
    use crate::check::domain::seen::{DaneSeen, Delivery, MxAddressSeen, PoliciesSeen, SenderKind, StsResultSeen};
    use crate::check::domain::senders::tests::address;

    fn server() -> MxAddressSeen {
        address(true, Delivery::Encrypted, Delivery::Encrypted, Delivery::Encrypted)
    }

    fn policies(dane: (Delivery, Option<&str>), sts: (Delivery, Option<&str>)) -> PoliciesSeen {
        let text = |word: Option<&str>| word.map(str::to_owned);
        PoliciesSeen {
            opportunistic: Delivery::Encrypted,
            dane: DaneSeen { delivers: dane.0, result: text(dane.1), ..DaneSeen::default() },
            mta_sts: StsResultSeen { delivers: sts.0, result: text(sts.1), ..StsResultSeen::default() },
        }
    }

    #[test]
    fn a_failure_counts_only_if_mail_is_not_delivered_because_of_it() {
        use Delivery::{Authenticated, Encrypted, NotDelivered};
        // The policy cannot be fetched, or it is in testing mode.
        for word in ["sts-webpki-invalid", "sts-policy-fetch-error", "certificate-host-mismatch"] {
            let policies = policies((Encrypted, None), (Encrypted, Some(word)));
            assert_eq!(address_result(&server(), &policies), AddressResult::Delivers(Encrypted));
        }
        // No TLSA record is usable.
        let unusable = policies((Encrypted, Some("tlsa-invalid")), (Authenticated, None));
        assert_eq!(address_result(&server(), &unusable), AddressResult::Delivers(Authenticated));
        let fails = policies((Encrypted, None), (NotDelivered, Some("certificate-expired")));
        let failure = PolicyFailure { sender: SenderKind::MtaSts, reason: "certificate-expired" };
        assert_eq!(address_result(&server(), &fails), AddressResult::PolicyFails(vec![failure]));
        let both = policies((NotDelivered, Some("tlsa-invalid")), (NotDelivered, Some("certificate-expired")));
        let dane = PolicyFailure { sender: SenderKind::Dane, reason: "tlsa-invalid" };
        assert_eq!(address_result(&server(), &both), AddressResult::PolicyFails(vec![dane, failure]));
    }

    #[test]
    fn a_server_that_does_not_respond_has_no_other_result() {
        use Delivery::{Encrypted, NotDelivered};
        let fails = policies((NotDelivered, Some("tlsa-invalid")), (Encrypted, None));
        let unreachable = address(false, NotDelivered, NotDelivered, NotDelivered);
        assert_eq!(address_result(&unreachable, &fails), AddressResult::Unreachable);
        let silent = MxAddressSeen { ready: false, ..server() };
        let delivers = policies((Encrypted, None), (Encrypted, None));
        assert_eq!(address_result(&silent, &delivers), AddressResult::NotReady);
    }
}
