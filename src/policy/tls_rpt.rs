//! TLS-RPT records (RFC 8460 §3). Their grammar is that of MTA-STS records; the `rua` field lists the addresses that
//! receive reports.

use super::mta_sts::{StsEffect, StsFault, StsFaultKind, fault, is_extension, versioned_fields};

/// A TLS-RPT record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsRptRecord<'t> {
    /// The addresses of the first `rua`.
    pub(crate) rua: Vec<ReportUri<'t>>,
    /// Whether there is an `rua` field.
    pub(crate) has_rua: bool,
    pub(crate) faults: Vec<StsFault>,
}

/// An address that receives reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportUri<'t> {
    /// `mailto:`, with the email address.
    Mail(&'t str),
    /// `https:`, the complete URI.
    Web(&'t str),
    /// An email address without `mailto:`.
    BareAddress(&'t str),
    /// Any other value: a different scheme, a syntax error, or an empty string.
    Unusable(&'t str),
}

impl<'t> ReportUri<'t> {
    fn parse(text: &'t str) -> ReportUri<'t> {
        let scheme = |name: &str| {
            let head = text.get(..name.len()).filter(|head| head.eq_ignore_ascii_case(name));
            head.and_then(|_| text.get(name.len()..))
        };
        // RFC 8460 §3: exclamation points must be encoded. A size limit (`!10m`) belongs only to DMARC records.
        let is_visible = text.bytes().all(|b| b.is_ascii_graphic() && b != b'!');
        if let Some(address) = scheme("mailto:").filter(|_| is_visible) {
            // A query, such as `?subject=`, is not part of the address.
            let address = address.split_once('?').map_or(address, |(address, _)| address);
            let is_complete = address
                .rsplit_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && crate::wire::DomainName::parse(domain).is_ok());
            return if is_complete { ReportUri::Mail(address) } else { ReportUri::Unusable(text) };
        }
        if scheme("https://").is_some_and(|rest| is_visible && !rest.is_empty() && !rest.starts_with('/')) {
            return ReportUri::Web(text);
        }
        if is_visible && text.contains('@') && !text.contains(':') {
            return ReportUri::BareAddress(text);
        }
        ReportUri::Unusable(text)
    }

    /// The text as it is written, without `mailto:`.
    pub(crate) fn text(&self) -> &'t str {
        match self {
            ReportUri::Mail(text) | ReportUri::Web(text) | ReportUri::BareAddress(text) | ReportUri::Unusable(text) => {
                text
            }
        }
    }

    /// Whether reports can be sent to it.
    pub(crate) fn is_usable(&self) -> bool {
        matches!(self, ReportUri::Mail(_) | ReportUri::Web(_))
    }
}

impl<'t> TlsRptRecord<'t> {
    /// Parses a record.
    pub(crate) fn parse(text: &'t str) -> TlsRptRecord<'t> {
        let (fields, mut faults) = versioned_fields(text, "v=TLSRPTv1");
        let mut rua = None;
        for field in &fields {
            if field.name == "rua" {
                rua.get_or_insert(field.value);
            } else if !is_extension(field) {
                faults.push(fault(StsFaultKind::Field, StsEffect::Differs, field.at.clone()));
            }
        }
        let uris = rua.map(|value: &str| value.split(',').map(|uri| ReportUri::parse(uri.trim_matches([' ', '\t']))));
        TlsRptRecord { has_rua: rua.is_some(), rua: uris.into_iter().flatten().collect(), faults }
    }

    /// Whether senders can send a report to at least one address.
    pub(crate) fn is_usable(&self) -> bool {
        self.rua.iter().any(ReportUri::is_usable) && self.faults.iter().all(|one| one.effect != StsEffect::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::{ReportUri, TlsRptRecord};

    /// Each case contains a record, whether reports are sent, and the addresses.
    const CASES: &[(&str, bool, &[&str])] = &[
        ("v=TLSRPTv1;rua=mailto:reports@example.com", true, &["reports@example.com"]),
        ("v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt", true, &["https://reporting.example.com/v1/tlsrpt"]),
        ("v=TLSRPTv1; rua=mailto:a@example.com , https://b.example/;", true, &["a@example.com", "https://b.example/"]),
        ("v=TLSRPTv1; rua=MAILTO:a@example.com; ext=1", true, &["a@example.com"]),
        ("v=TLSRPTv1; rua=mailto:a@example.com?subject=x", true, &["a@example.com"]),
        ("v=TLSRPTv1; rua=a@example.com", false, &["a@example.com"]),
        ("v=TLSRPTv1; rua=http://example.com/", false, &["http://example.com/"]),
        ("v=TLSRPTv1; rua=mailto:a@example.com!10m", false, &["mailto:a@example.com!10m"]),
        ("v=TLSRPTv1; rua=mailto:a!b@example.com", false, &["mailto:a!b@example.com"]),
        ("v=TLSRPTv1; rua=mailto:a%21b@example.com", true, &["a%21b@example.com"]),
        ("v=TLSRPTv1; rua=mailto:", false, &["mailto:"]),
        ("v=TLSRPTv1; rua=", false, &[""]),
        ("v=TLSRPTv1;", false, &[]),
        ("v=TLSRPTv1", false, &[]),
        ("v=TLSRPTv2; rua=mailto:a@example.com", false, &[]),
        ("rua=mailto:a@example.com; v=TLSRPTv1", false, &[]),
        ("v=tlsrptv1; rua=mailto:a@example.com", false, &[]),
        ("v=TLSRPTv1; RUA=mailto:a@example.com", false, &[]),
    ];

    #[test]
    fn records_are_read_by_the_grammar() {
        for (text, is_usable, addresses) in CASES {
            let record = TlsRptRecord::parse(text);
            assert_eq!(record.is_usable(), *is_usable, "{text}");
            assert_eq!(record.rua.iter().map(ReportUri::text).collect::<Vec<_>>(), *addresses, "{text}");
        }
    }
}
