//! The rows about a mail domain. `[*]` stands for all items: an expectation must be true for each of them. For MX
//! hosts, the items are the tested IP addresses. The report lists the addresses that were not tested.

use super::convert::{count, fact, text, word};
use super::{Field, FieldValue, Refusal, RequiredPhase, Unit, ValueType};
use crate::check::domain::seen::{DkimState, DomainSeen, ListState, MxAddressSeen, MxSeen, SenderKind, SendingSeen};
use crate::report::document::Document;

const DNSSEC: &[&str] = &["secure", "insecure", "bogus", "indeterminate"];
const DANE: &[&str] = &["valid", "absent", "insecure", "unusable", "error", "invalid"];
const PUBLISHED: &[&str] = &["unknown", "absent", "valid", "invalid"];
const STS_MODES: &[&str] = &["enforce", "testing", "none"];
const DELIVERIES: &[&str] = &["unknown", "authenticated", "encrypted", "clear-text", "not-delivered"];
const REPLIES: &[&str] = &["not-tested", "accepted", "deferred", "rejected"];
const SPF_RESULTS: &[&str] = &["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"];
const DKIM_STATES: &[&str] = &["ok", "revoked", "weak", "broken", "absent", "unknown"];
const DMARC_POLICIES: &[&str] = &["none", "quarantine", "reject"];
const ALIGNMENTS: &[&str] = &["relaxed", "strict"];

/// A row whose values a function reads.
const fn row(
    name: &'static str,
    kind: ValueType,
    about: &'static str,
    read: fn(&Document, usize) -> Vec<FieldValue>,
) -> Field {
    Field { name, kind, unit: Unit::None, about, requires: RequiredPhase::Domain, refusal: Refusal::None, read }
}

/// A row about the domain.
macro_rules! of_domain {
    ($name:literal, $kind:expr, $about:literal, $read:expr) => {
        row($name, $kind, $about, |report, _| {
            let read: fn(&DomainSeen) -> FieldValue = $read;
            vec![report.domain.as_ref().map_or(FieldValue::Missing, read)]
        })
    };
}

/// A row about all IP addresses of all MX hosts, and a row about those of one host.
macro_rules! of_addresses {
    ($name:literal, $kind:expr, $about:literal, $read:expr) => {
        &[
            row(concat!("mx[*].", $name), $kind, concat!($about, ", for every tested IP address"), |report, _| {
                addresses(report, None, $read)
            }),
            row(
                concat!("mx[N].", $name),
                $kind,
                concat!($about, ", for one MX host; host 0 is the first"),
                |report, at| addresses(report, Some(at), $read),
            ),
        ]
    };
}

/// A row about all MX hosts, and a row about one.
macro_rules! of_hosts {
    ($name:literal, $kind:expr, $about:literal, $read:expr) => {
        &[
            row(concat!("mx[*].", $name), $kind, concat!($about, ", for every MX host"), |report, _| {
                hosts(report, None).map($read).collect()
            }),
            row(
                concat!("mx[N].", $name),
                $kind,
                concat!($about, ", for one MX host; host 0 is the first"),
                |report, at| hosts(report, Some(at)).map($read).collect(),
            ),
        ]
    };
}

fn hosts(report: &Document, index: Option<usize>) -> impl Iterator<Item = &MxSeen> {
    let all = report.domain.iter().flat_map(|seen| &seen.mx).enumerate();
    all.filter(move |(at, _)| index.is_none_or(|index| index == *at)).map(|(_, mx)| mx)
}

/// The values of the tested addresses.
fn addresses(report: &Document, index: Option<usize>, read: fn(&MxAddressSeen) -> Vec<FieldValue>) -> Vec<FieldValue> {
    let tested = hosts(report, index).flat_map(|mx| &mx.addresses).filter(|address| address.reachable.is_some());
    tested.flat_map(read).collect()
}

/// The values of all certificates; a missing value if there are none.
fn certificates(
    address: &MxAddressSeen,
    read: fn(&crate::check::domain::seen::MxCertificateSeen) -> FieldValue,
) -> Vec<FieldValue> {
    match address.certificates.as_slice() {
        [] => vec![FieldValue::Missing],
        all => all.iter().map(read).collect(),
    }
}

fn delivery(seen: &DomainSeen, kind: SenderKind) -> FieldValue {
    word(seen.senders.iter().find(|sender| sender.sender == kind).map(|sender| sender.delivers))
}

fn sending(report: &Document) -> impl Iterator<Item = &SendingSeen> {
    report.domain.iter().flat_map(|seen| &seen.sending)
}

fn listed<'a>(lists: impl IntoIterator<Item = &'a crate::check::domain::seen::ListSeen>) -> FieldValue {
    let listed = lists.into_iter().filter(|list| list.state == ListState::Listed);
    FieldValue::List(listed.map(|list| list.zone.clone()).collect())
}

/// The values about a domain, by subject.
pub(super) const DOMAIN: &[Field] = &[
    of_domain!("domain.name", ValueType::Text, "the mail domain", |seen| text(Some(&seen.domain))),
    of_domain!("domain.dnssec", ValueType::Word(DNSSEC), "the DNSSEC state of the MX records", |seen| word(
        seen.dnssec.state
    )),
    of_domain!("domain.null_mx", ValueType::Fact, "whether the domain declares that it receives no mail", |seen| fact(
        Some(seen.null_mx)
    )),
    of_domain!("domain.mx", ValueType::Names, "the MX hosts", |seen| FieldValue::List(
        seen.mx.iter().map(|mx| mx.host.clone()).collect()
    )),
    of_domain!("domain.mx_count", ValueType::Number, "the number of MX hosts", |seen| count(Some(seen.mx.len()))),
    of_domain!("domain.dane", ValueType::Word(DANE), "the worst DANE state of all MX hosts", |seen| word(seen.dane)),
    of_domain!("domain.mta_sts.state", ValueType::Word(PUBLISHED), "the state of MTA-STS", |seen| word(Some(
        seen.mta_sts.state
    ))),
    of_domain!("domain.mta_sts.mode", ValueType::Word(STS_MODES), "the mode of the MTA-STS policy", |seen| text(
        seen.mta_sts.mode.as_ref()
    )),
    of_domain!("domain.mta_sts.id", ValueType::Text, "the id of the MTA-STS policy", |seen| text(
        seen.mta_sts.id.as_ref()
    )),
    of_domain!(
        "domain.mta_sts.max_age",
        ValueType::Number,
        "the number of seconds for which senders keep the MTA-STS policy",
        |seen| count(seen.mta_sts.max_age)
    ),
    of_domain!("domain.tls_rpt.state", ValueType::Word(PUBLISHED), "the state of the TLS-RPT record", |seen| word(
        Some(seen.tls_rpt.state)
    )),
    of_domain!(
        "domain.catch_all",
        ValueType::Fact,
        "whether mail for a recipient that cannot exist is accepted",
        |seen| fact(seen.catch_all)
    ),
    of_domain!(
        "senders.dane",
        ValueType::Word(DELIVERIES),
        "how a sender that uses DANE delivers mail to the domain: the result of the first MX host that it can use",
        |seen| delivery(seen, SenderKind::Dane)
    ),
    of_domain!(
        "senders.mta_sts",
        ValueType::Word(DELIVERIES),
        "how a sender that uses MTA-STS delivers mail to the domain: the result of the first MX host that it can use",
        |seen| delivery(seen, SenderKind::MtaSts)
    ),
    of_domain!(
        "senders.neither",
        ValueType::Word(DELIVERIES),
        "how a sender that uses neither DANE nor MTA-STS delivers mail to the domain: the result of the first MX host that it can use",
        |seen| delivery(seen, SenderKind::Neither)
    ),
];

/// The values about MX hosts.
pub(super) const MX: [&[Field]; 17] = [
    of_hosts!("host", ValueType::Text, "the host name", |mx| text(Some(&mx.host))),
    of_hosts!("preference", ValueType::Number, "the preference", |mx| count(mx.preference)),
    of_hosts!("dnssec", ValueType::Word(DNSSEC), "the DNSSEC state of the address records", |mx| word(mx.dnssec.state)),
    of_addresses!("reachable", ValueType::Fact, "whether the server accepts connections", |address| vec![fact(
        address.reachable
    )]),
    of_addresses!("ready", ValueType::Fact, "whether the server sends a greeting and accepts EHLO", |address| vec![
        fact(Some(address.ready))
    ]),
    of_addresses!("starttls", ValueType::Fact, "whether STARTTLS is advertised", |address| vec![fact(
        address.starttls
    )]),
    of_addresses!("tls.version", ValueType::Version, "the negotiated TLS version", |address| {
        let version = address.tls_version.as_deref();
        vec![text(version.map(|version| version.strip_prefix("TLS ").unwrap_or(version)))]
    }),
    of_addresses!("certificate.verifies", ValueType::Fact, "whether the certificate is trusted and valid", |address| {
        certificates(address, |one| fact(Some(one.verifies)))
    }),
    of_addresses!("certificate.days_left", ValueType::Number, "the days until the certificate expires", |address| {
        certificates(address, |one| count(one.days_left))
    }),
    of_addresses!("dane", ValueType::Word(DANE), "the DANE state", |address| vec![word(address.policies.dane.state)]),
    of_addresses!("mta_sts.listed", ValueType::Fact, "whether the host matches the MTA-STS policy", |address| vec![
        fact(address.policies.mta_sts.listed)
    ]),
    of_addresses!(
        "forward_confirmed",
        ValueType::Fact,
        "whether a name in the PTR record resolves back to the IP address",
        |address| vec![fact(address.forward_confirmed)]
    ),
    of_addresses!("null_sender", ValueType::Word(REPLIES), "the reply to the null sender", |address| vec![word(Some(
        address.null_sender.state
    ))]),
    of_addresses!("postmaster", ValueType::Word(REPLIES), "the reply for postmaster", |address| vec![word(Some(
        address.postmaster.state
    ))]),
    of_addresses!("recipient", ValueType::Word(REPLIES), "the reply for the given recipient", |address| vec![word(
        Some(address.recipient.state)
    )]),
    of_addresses!(
        "unknown_recipient",
        ValueType::Word(REPLIES),
        "the reply for a recipient that cannot exist",
        |address| vec![word(Some(address.unknown_recipient.state))]
    ),
    of_addresses!("relay", ValueType::Word(REPLIES), "the reply for a recipient in another domain", |address| vec![
        word(Some(address.relay.state))
    ]),
];

/// The values about mail from the domain.
pub(super) const SENDING: &[Field] = &[
    of_domain!(
        "spf.state",
        ValueType::Word(PUBLISHED),
        "the state of the SPF record; a record that needs more than ten DNS lookups is also `invalid`",
        |seen| word(Some(seen.spf.state))
    ),
    row(
        "spf.result",
        ValueType::Word(SPF_RESULTS),
        "the result of SPF; an expectation must be true for every IP address that was evaluated",
        |report, _| {
            let results = report.domain.iter().flat_map(|seen| &seen.spf.results);
            results.map(|one| text(Some(&one.result))).collect()
        },
    ),
    of_domain!("spf.lookups", ValueType::Number, "the number of DNS lookups that the SPF record needs", |seen| count(
        seen.spf.lookups
    )),
    of_domain!("spf.void_lookups", ValueType::Number, "the number of those lookups that return no result", |seen| {
        count(seen.spf.void_lookups)
    }),
    of_domain!("dkim.selectors", ValueType::Names, "the DKIM selectors with a usable key", |seen| {
        let usable = seen.dkim.keys.iter().filter(|key| key.state == DkimState::Ok);
        FieldValue::List(usable.map(|key| key.selector.clone()).collect())
    }),
    row("dkim[*].state", ValueType::Word(DKIM_STATES), "the state of every DKIM key that was found", |report, _| {
        let keys = report.domain.iter().flat_map(|seen| &seen.dkim.keys);
        keys.map(|key| word(Some(key.state))).collect()
    }),
    row("dkim[*].bits", ValueType::Number, "the size of every DKIM RSA key that was found", |report, _| {
        // The size of an Ed25519 key is not a number of bits that can be compared.
        let keys = report.domain.iter().flat_map(|seen| &seen.dkim.keys).filter(|key| key.bits.is_some());
        keys.map(|key| count(key.bits)).collect()
    })
    .measured(Unit::Bits),
    of_domain!("dmarc.state", ValueType::Word(PUBLISHED), "the state of the DMARC record", |seen| word(Some(
        seen.dmarc.state
    ))),
    of_domain!("dmarc.policy", ValueType::Word(DMARC_POLICIES), "the DMARC policy of the domain", |seen| text(
        seen.dmarc.policy.as_ref()
    )),
    of_domain!(
        "dmarc.dkim_alignment",
        ValueType::Word(ALIGNMENTS),
        "whether the domain of a DKIM signature must equal the domain in the From header",
        |seen| word(seen.dmarc.dkim_alignment.as_ref().map(|alignment| alignment.mode))
    ),
    of_domain!(
        "dmarc.spf_alignment",
        ValueType::Word(ALIGNMENTS),
        "whether the domain of the envelope sender must equal the domain in the From header",
        |seen| word(seen.dmarc.spf_alignment.as_ref().map(|alignment| alignment.mode))
    ),
    of_domain!("dmarc.found_at", ValueType::Text, "the name at which the DMARC record was found", |seen| text(
        seen.dmarc.found_at.as_ref()
    )),
    row(
        "sending[*].forward_confirmed",
        ValueType::Fact,
        "whether a name in the PTR record resolves back to the IP address, for every sending IP address",
        |report, _| sending(report).map(|one| fact(one.forward_confirmed)).collect(),
    ),
    row(
        "sending[*].listed",
        ValueType::Names,
        "the blocklists that contain the IP address, for every sending IP address",
        |report, _| sending(report).map(|one| listed(&one.lists)).collect(),
    ),
    of_domain!("lists.listed", ValueType::Names, "the blocklists that contain the domain", |seen| listed(&seen.lists)),
];
