//! The matrix of mail servers: for each MX host, its IP addresses and what a sender finds there. Each cell has a full
//! text and a brief form for narrow displays.

use super::{common_suffix, shortened};
use crate::check::domain::seen::{
    DaneSeen, DaneState, Delivery, DomainSeen, MxAddressSeen, MxCertificateSeen, MxSeen, PoliciesSeen, PublishedState,
    SenderKind, StsSeen,
};
use crate::check::domain::{AddressResult, PolicyFailure, address_result};
use crate::render::escape;
use crate::render::style::Role;

/// The headings of the columns.
pub(in crate::render) fn matrix_heads(hosts: &[MatrixHost]) -> [String; 8] {
    let port = format!("port {}", hosts.iter().find_map(|host| host.port).unwrap_or(25));
    ["MX", "address", &port, "TLS", "certificate", "DANE", "MTA-STS", "result"].map(str::to_owned)
}

/// An MX host.
pub(in crate::render) struct MatrixHost {
    /// The preference and the host name.
    pub(in crate::render) name: String,
    /// `name` without the ending that all host names share.
    pub(in crate::render) short: String,
    /// The port that was checked, if the host has an IP address.
    pub(in crate::render) port: Option<u16>,
    /// Why the host has no IP address. In that case, it has one row.
    pub(in crate::render) reason: Option<String>,
    /// The rows; at least one.
    pub(in crate::render) rows: Vec<MatrixRow>,
}

/// An IP address with one of the certificates there.
pub(in crate::render) struct MatrixRow {
    /// The IP address, or why the host has none.
    pub(in crate::render) address: MatrixCell,
    /// Whether the row above is about another address or host.
    pub(in crate::render) is_new_address: bool,
    /// The other cells, in the order of [`matrix_heads`].
    pub(in crate::render) cells: [MatrixCell; 6],
}

/// A cell.
#[derive(Clone, Debug)]
pub(in crate::render) struct MatrixCell {
    pub(in crate::render) role: Role,
    pub(in crate::render) text: String,
    /// A shorter form of the text.
    pub(in crate::render) brief: String,
}

/// A cell that has no brief form.
fn cell(role: Role, text: impl Into<String>) -> MatrixCell {
    let text = text.into();
    MatrixCell { role, brief: text.clone(), text }
}

impl MatrixCell {
    fn in_brief(self, brief: impl Into<String>) -> MatrixCell {
        MatrixCell { brief: brief.into(), ..self }
    }
}

/// The cell for an unknown value.
fn nothing() -> MatrixCell {
    cell(Role::Dim, "-")
}

/// The matrix.
pub(in crate::render) fn matrix(seen: &DomainSeen) -> Vec<MatrixHost> {
    let cut = common_suffix(seen);
    let host = |mx: &MxSeen| {
        let preference = mx.preference.map(|preference| format!("{preference} ")).unwrap_or_default();
        MatrixHost {
            name: format!("{preference}{}", escape::visible(&mx.host)),
            short: format!("{preference}{}", shortened(&mx.host, cut.as_deref())),
            port: mx.addresses.first().map(|address| address.port),
            reason: mx.addresses.is_empty().then(|| escape::visible(reason_of(mx))),
            rows: rows_of(mx, &seen.mta_sts),
        }
    };
    seen.mx.iter().map(host).collect()
}

/// Why a host has no IP address.
fn reason_of(mx: &MxSeen) -> &str {
    mx.problem.as_deref().unwrap_or("not tested")
}

fn rows_of(mx: &MxSeen, sts: &StsSeen) -> Vec<MatrixRow> {
    if mx.addresses.is_empty() {
        let [port, tls, certificate, dane, sts] = std::array::from_fn(|_| nothing());
        let cells = [port, tls, certificate, dane, sts, cell(Role::Error, "not usable")];
        let address = cell(Role::Error, escape::visible(reason_of(mx)));
        return vec![MatrixRow { address, is_new_address: true, cells }];
    }
    mx.addresses.iter().flat_map(|address| rows_of_address(address, sts)).collect()
}

/// One row, or one for each certificate if they lead to different results.
fn rows_of_address(address: &MxAddressSeen, sts: &StsSeen) -> Vec<MatrixRow> {
    let row = |certificate: MatrixCell, policies: &PoliciesSeen| MatrixRow {
        address: cell(Role::Plain, address.ip.to_string()),
        is_new_address: true,
        cells: [
            port(address),
            tls(address),
            certificate,
            dane(&policies.dane),
            sts_cell(policies, sts),
            result(address, policies),
        ],
    };
    match address.certificates.as_slice() {
        [] => vec![row(nothing(), &address.policies)],
        [one] => vec![row(certificate_cell(one), &one.policies)],
        all if differ(all) => {
            let rows = all.iter().map(|one| row(with_kind(one), &one.policies)).enumerate();
            rows.map(|(at, row)| MatrixRow { is_new_address: at == 0, ..row }).collect()
        }
        [first, ..] => vec![row(certificate_cell(first), &address.policies)],
    }
}

/// Whether certificates lead to different results.
fn differ(all: &[MxCertificateSeen]) -> bool {
    let shown = |one: &MxCertificateSeen| (one.verifies, one.problem.clone(), one.days_left, one.policies.clone());
    all.windows(2).any(|pair| matches!(pair, [one, other] if shown(one) != shown(other)))
}

fn port(address: &MxAddressSeen) -> MatrixCell {
    let problem = || address.problem.as_deref().map(escape::visible);
    match address.reachable {
        None => cell(Role::Dim, "not tested"),
        Some(false) => cell(Role::Error, problem().unwrap_or_else(|| "unreachable".to_owned())),
        Some(true) if address.ready => cell(Role::Plain, "ready"),
        Some(true) => cell(Role::Error, problem().unwrap_or_else(|| "not ready".to_owned())),
    }
}

fn tls(address: &MxAddressSeen) -> MatrixCell {
    match (&address.tls_version, address.starttls) {
        (Some(version), _) => cell(Role::Plain, escape::visible(version.strip_prefix("TLS ").unwrap_or(version))),
        (None, Some(false)) => cell(Role::Warning, "none"),
        (None, Some(true)) => cell(Role::Error, "failed"),
        (None, None) => nothing(),
    }
}

fn certificate_cell(certificate: &MxCertificateSeen) -> MatrixCell {
    match (&certificate.problem, certificate.verifies, certificate.days_left) {
        (Some(problem), _, _) => cell(Role::Warning, escape::visible(problem)),
        (None, true, Some(days)) => {
            let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            cell(Role::Plain, format!("ok, {days}")).in_brief(days)
        }
        (None, true, None) => cell(Role::Plain, "ok"),
        (None, false, _) => cell(Role::Warning, "not trusted"),
    }
}

/// A cell for one of several certificates. The cell begins with the key type of the certificate.
fn with_kind(certificate: &MxCertificateSeen) -> MatrixCell {
    let kind = match certificate.kind.as_str() {
        "rsa" => "RSA".to_owned(),
        "ecdsa" => "EC".to_owned(),
        "ed25519" => "Ed25519".to_owned(),
        other => escape::visible(other),
    };
    let MatrixCell { role, text, brief } = certificate_cell(certificate);
    MatrixCell { role, text: format!("{kind} {text}"), brief: format!("{kind} {brief}") }
}

/// The parameters of a TLSA record: `3 1 1`.
fn parameters(record: &str) -> String {
    escape::visible(&record.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}

fn dane(dane: &DaneSeen) -> MatrixCell {
    let of = |matches: Option<bool>| {
        let record = dane.records.iter().find(|record| matches.is_none() || record.matches == matches);
        record.map(|record| parameters(&record.record)).unwrap_or_default()
    };
    let with = |parameters: String, word: &str| format!("{parameters} {word}").trim().to_owned();
    match dane.state {
        Some(DaneState::Valid) => cell(Role::Plain, with(of(Some(true)), "ok")),
        // Without a certificate, nothing was compared.
        Some(DaneState::Invalid) if dane.records.iter().all(|record| record.matches.is_none()) => {
            cell(Role::Error, with(of(None), "no TLS")).in_brief("no TLS")
        }
        Some(DaneState::Invalid) => cell(Role::Error, with(of(Some(false)), "mismatch")).in_brief("mismatch"),
        Some(DaneState::Absent) => cell(Role::Dim, "none"),
        Some(DaneState::Insecure) => cell(Role::Dim, "insecure"),
        Some(DaneState::Unusable) => cell(Role::Warning, with(of(None), "unusable")).in_brief("unusable"),
        Some(DaneState::Error) => cell(Role::Error, "lookup failed").in_brief("failed"),
        None if dane.records.is_empty() => nothing(),
        None => cell(Role::Plain, of(None)),
    }
}

fn sts_cell(policies: &PoliciesSeen, sts: &StsSeen) -> MatrixCell {
    let mode = sts.mode.as_deref().map(escape::visible);
    match (&mode, sts.state, policies.mta_sts.listed) {
        (_, PublishedState::Absent, _) => cell(Role::Dim, "none"),
        (None, PublishedState::Invalid, _) => cell(Role::Warning, "invalid"),
        (None, _, _) => nothing(),
        (Some(_), _, Some(false)) if policies.mta_sts.delivers != Delivery::NotDelivered => {
            cell(Role::Warning, "not listed")
        }
        (Some(_), _, Some(false)) => cell(Role::Error, "not listed"),
        (Some(mode), _, _) => match (&policies.mta_sts.result, policies.mta_sts.delivers) {
            // Only in this mode does a failure prevent delivery (RFC 8461 §5).
            (Some(_), Delivery::NotDelivered) => cell(Role::Error, format!("{mode} fails")).in_brief("fails"),
            (Some(_), _) => cell(Role::Warning, format!("{mode} fails")),
            (None, Delivery::Authenticated) => cell(Role::Plain, format!("{mode} ok")),
            (None, _) => cell(Role::Plain, mode.clone()),
        },
    }
}

/// The result of a row.
fn result(address: &MxAddressSeen, policies: &PoliciesSeen) -> MatrixCell {
    let (role, word) = match address_result(address, policies) {
        AddressResult::PolicyFails(failures) => return failing(&failures),
        AddressResult::Unreachable => (Role::Error, "unreachable"),
        AddressResult::NotReady => (Role::Error, "not ready"),
        AddressResult::Delivers(Delivery::Unknown) => (Role::Dim, "not tested"),
        AddressResult::Delivers(Delivery::Authenticated) => (Role::Bold, "authenticated"),
        AddressResult::Delivers(Delivery::Encrypted) => (Role::Plain, "encrypted"),
        AddressResult::Delivers(Delivery::ClearText) => (Role::Warning, "clear text"),
        AddressResult::Delivers(Delivery::NotDelivered) => (Role::Error, "not delivered"),
    };
    cell(role, word)
}

/// The senders that do not deliver, with the reasons in the terms that TLS reports use.
fn failing(failures: &[PolicyFailure<'_>]) -> MatrixCell {
    let name = |failure: &PolicyFailure<'_>| match failure.sender {
        SenderKind::Dane => "DANE",
        SenderKind::MtaSts => "MTA-STS",
        SenderKind::Neither => "neither",
    };
    let names: Vec<&str> = failures.iter().map(name).collect();
    let reasons: Vec<String> = failures
        .iter()
        .map(|failure| format!("fails with {}: {}", name(failure), escape::visible(failure.reason)))
        .collect();
    cell(Role::Error, reasons.join(", ")).in_brief(format!("fails with {}", names.join(" and ")))
}
