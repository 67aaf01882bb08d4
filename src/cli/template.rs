//! The plan for commands that test a domain's servers: the values that none of their flags changes.

use std::collections::BTreeMap;

use crate::plan::{
    AddressChoice, CertificateDays, ClientClaims, ConnectionSource, EnvelopeParameters, Esmtp, FailOn, Family, Gate,
    Limits, Plan, QuitAfter, ScanDepth, Target, Tls, TlsMode, TlsVersion, Verify,
};
use crate::wire::EhloName;

/// A plan with the default of each flag, without an envelope or a login.
pub(super) fn template(target: Target, limits: Limits) -> Plan {
    Plan {
        target,
        family: Family::Any,
        addresses: AddressChoice::First,
        overrides: Vec::new(),
        resolver: None,
        proxy: None,
        source: ConnectionSource::default(),
        proxy_header: None,
        limits,
        ehlo: EhloName::LocalAddress,
        from: None,
        to: Vec::new(),
        parameters: EnvelopeParameters::default(),
        esmtp: Esmtp::Auto,
        claims: ClientClaims::default(),
        quit_after: QuitAfter::Rcpt,
        tls: Tls {
            mode: TlsMode::Auto,
            sni: None,
            cacert: None,
            identity: None,
            verify: Verify::Required,
            min: TlsVersion::V1_2,
            days: CertificateDays::default(),
            scan: false,
            scan_depth: ScanDepth::Basic,
            profile: None,
        },
        login: None,
        probes: Vec::new(),
        gate: Gate { fail_on: FailOn::Error, ignore: Vec::new() },
        domain: None,
        settings: None,
        origins: BTreeMap::new(),
    }
}
