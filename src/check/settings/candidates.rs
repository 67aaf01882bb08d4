//! The settings that are tested: settings from the sources, other ports of the same hosts, and guesses if no source has
//! settings.
//!
//! 1. Every setting of a source. Equal settings are tested once.
//! 2. Ports 465 and 587 of each host that a source names, because implicit TLS is preferred (RFC 8314 §3.3) and a
//!    setting without TLS is recommended only if TLS was tried.
//! 3. Ports 2525 and 25 of such a host, if none of its other ports can be reached.
//! 4. If no source has settings: the usual host names, on ports 465 and 587. If SRV records declare that
//!    the domain does not offer a service, no names are guessed for it.

use super::seen::{SettingSecurity, SourceKind};
use super::sight::SettingsSight;
use super::sources::{PreferredMx, PublishedSetting, SourceReport, UserForm, mx_host, srv_ports_not_offered};
use crate::evidence::{Probe, Session};
use crate::plan::{ClientClaims, Discovery, Esmtp, LoginConsent, Protocol, QuitAfter, TlsUse};
use crate::policy::autoconfig::AuthenticationWord;
use crate::question::{Pacing, Purpose, Script, SessionRequest, Starttls};
use crate::wire::{DomainName, Host};

/// The maximum number of hosts that are tested.
const MAX_HOSTS: usize = 8;
/// The maximum number of hosts that are also tried on the other ports. The limit leaves connections for the login.
const MAX_HOSTS_WITH_OTHER_PORTS: usize = 2;
/// Ports for sending mail with a login, the preferred port first (RFC 8314).
const USUAL: [(u16, SettingSecurity); 2] = [(465, SettingSecurity::ImplicitTls), (587, SettingSecurity::Starttls)];
/// Ports that are tried only if the usual ports cannot be reached.
const OTHER: [(u16, SettingSecurity); 2] = [(2525, SettingSecurity::Starttls), (25, SettingSecurity::Starttls)];

/// A setting that is tested.
#[derive(Clone)]
pub(super) struct SettingCandidate<'s> {
    pub(super) host: DomainName,
    pub(super) port: u16,
    pub(super) security: SettingSecurity,
    pub(super) user: UserForm,
    pub(super) methods: Vec<AuthenticationWord>,
    /// The sources that name it, or the sources of the host.
    pub(super) sources: Vec<SourceKind>,
    pub(super) is_authenticated: bool,
    pub(super) origin: CandidateOrigin,
    /// The probe whose answer contains the host name.
    pub(super) probe: Option<&'s Probe>,
    pub(super) provider: Option<&'static str>,
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CandidateOrigin {
    /// A source names the host and the port.
    Published,
    /// A source names the host.
    SameHost,
    /// No source names the host.
    Guessed,
}

impl<'s> SettingCandidate<'s> {
    /// The session without a login.
    pub(super) fn request(&self, sight: SettingsSight<'_>) -> SessionRequest {
        let tls = match self.security {
            SettingSecurity::ImplicitTls => TlsUse::Implicit,
            SettingSecurity::Starttls => TlsUse::Required,
            SettingSecurity::None => TlsUse::IfOffered,
        };
        SessionRequest {
            purpose: Purpose::ClientSettings,
            host: Host::Name(self.host.clone()),
            port: self.port,
            family: sight.plan.family,
            script: Script {
                protocol: Protocol::Smtp,
                ehlo: sight.plan.ehlo.clone(),
                tls,
                esmtp: Esmtp::Auto,
                claims: ClientClaims::default(),
                queries: Vec::new(),
                login: None,
                envelope: None,
                quit_after: QuitAfter::Auth,
                starttls: Starttls::Alone,
                asks_for_auth: false,
                pacing: Pacing::Prompt,
                sni: Some(self.host.ascii().to_owned()),
            },
        }
    }

    /// The session with a login; `None` if no login was requested, or if the user name is not known.
    pub(super) fn login_request(&self, sight: SettingsSight<'_>) -> Option<SessionRequest> {
        let user = self.user.value(sight)?;
        let mut request = self.request(sight);
        request.script.login = Some(crate::plan::Login { user, ..sight.plan.login.clone()? });
        Some(request)
    }

    /// The session, if it has been started.
    pub(super) fn session(&self, sight: SettingsSight<'s>) -> Option<Session<'s>> {
        let request = self.request(sight);
        sight.evidence.probes(Purpose::ClientSettings).find(|session| *session.request == request)
    }

    /// The session with a login, if it has been started.
    pub(super) fn login_session(&self, sight: SettingsSight<'s>) -> Option<Session<'s>> {
        let request = self.login_request(sight)?;
        sight.evidence.probes(Purpose::ClientSettings).find(|session| *session.request == request)
    }

    /// Whether the password may be sent to a server with this name. The certificate is judged separately.
    pub(super) fn has_consent(&self, sight: SettingsSight<'_>) -> bool {
        self.is_authenticated
            || match &sight.settings.consent {
                LoginConsent::None => false,
                LoginConsent::Hosts { hosts } => hosts.contains(&Host::Name(self.host.clone())),
                LoginConsent::All => true,
            }
    }

    /// The host and the port.
    pub(super) fn place(&self) -> String {
        Host::Name(self.host.clone()).with_port(self.port)
    }

    /// The host and the port, for use in a sentence. The host name may have been received from the network.
    pub(super) fn quoted(&self) -> String {
        match self.probe {
            Some(probe) => probe.quote(self.place()).to_string(),
            None => self.place(),
        }
    }
}

/// The settings to test so far.
pub(super) fn candidates<'s>(sight: SettingsSight<'s>, reports: &[SourceReport<'s>]) -> Vec<SettingCandidate<'s>> {
    let mut all: Vec<SettingCandidate<'s>> = Vec::new();
    for report in reports {
        for setting in &report.settings {
            add(&mut all, published(report, setting));
        }
    }
    let hosts = hosts_of(&all);
    all.retain(|candidate| hosts.contains(&candidate.host));
    for host in &hosts {
        let is_known = all.iter().any(|one| one.host == *host && one.provider.is_some());
        for (port, security) in USUAL.iter().copied().filter(|_| !is_known) {
            add_port(&mut all, host, port, security);
        }
    }
    for host in hosts.iter().take(MAX_HOSTS_WITH_OTHER_PORTS) {
        let sessions: Vec<Option<Session<'s>>> =
            all.iter().filter(|one| one.host == *host).map(|one| one.session(sight)).collect();
        // The lists of ports for known providers are complete.
        let is_known = all.iter().any(|one| one.host == *host && one.provider.is_some());
        let is_closed = |session: &Option<Session<'s>>| {
            session.is_some_and(|session| session.is_over() && session.connected().is_none())
        };
        if !is_known && sessions.iter().all(is_closed) {
            for (port, security) in OTHER {
                add_port(&mut all, host, port, security);
            }
        }
    }
    if all.is_empty() && reports.iter().all(SourceReport::is_over) {
        all = guesses(sight, reports);
    }
    all
}

fn published<'s>(report: &SourceReport<'s>, setting: &PublishedSetting<'s>) -> SettingCandidate<'s> {
    SettingCandidate {
        host: setting.host.clone(),
        port: setting.port,
        security: setting.security,
        user: setting.user.clone(),
        methods: setting.methods.clone(),
        sources: vec![report.kind],
        is_authenticated: report.is_authenticated || setting.is_own,
        origin: CandidateOrigin::Published,
        probe: setting.probe,
        provider: setting.provider,
    }
}

/// Adds a setting. If another source has the same setting, the sources are merged. The first source determines the user
/// name.
fn add<'s>(all: &mut Vec<SettingCandidate<'s>>, new: SettingCandidate<'s>) {
    let same =
        all.iter_mut().find(|known| known.host == new.host && known.port == new.port && known.security == new.security);
    match same {
        Some(known) => {
            if new.is_authenticated && !known.is_authenticated {
                known.user = new.user;
                known.is_authenticated = true;
            }
            known.provider = known.provider.or(new.provider);
            known
                .sources
                .extend(new.sources.into_iter().filter(|kind| !known.sources.contains(kind)).collect::<Vec<_>>());
        }
        None => all.push(new),
    }
}

/// The hosts without duplicates, with the hosts from authenticated sources first.
fn hosts_of(all: &[SettingCandidate<'_>]) -> Vec<DomainName> {
    let mut hosts: Vec<DomainName> = Vec::new();
    let ordered = all.iter().filter(|one| one.is_authenticated).chain(all.iter().filter(|one| !one.is_authenticated));
    for candidate in ordered {
        if !hosts.contains(&candidate.host) && hosts.len() < MAX_HOSTS {
            hosts.push(candidate.host.clone());
        }
    }
    hosts
}

/// Adds a port of a host, unless a source names it.
fn add_port(all: &mut Vec<SettingCandidate<'_>>, host: &DomainName, port: u16, security: SettingSecurity) {
    // A port with TLS replaces the same port without TLS: testing the port with TLS shows whether the server supports
    // STARTTLS.
    if all.iter().any(|known| known.host == *host && known.port == port && known.security != SettingSecurity::None) {
        return;
    }
    let own: Vec<&SettingCandidate<'_>> = all.iter().filter(|known| known.host == *host).collect();
    let best = own.iter().find(|one| one.is_authenticated).or(own.first());
    let Some(best) = best.map(|best| (*best).clone()) else { return };
    let mut sources: Vec<SourceKind> = Vec::new();
    for kind in own.iter().flat_map(|one| &one.sources) {
        if !sources.contains(kind) {
            sources.push(*kind);
        }
    }
    all.push(SettingCandidate { port, security, sources, origin: CandidateOrigin::SameHost, ..best });
}

/// Guessed settings with usual host names.
fn guesses<'s>(sight: SettingsSight<'s>, reports: &[SourceReport<'s>]) -> Vec<SettingCandidate<'s>> {
    if sight.settings.discovery == Discovery::BuiltIn {
        return Vec::new();
    }
    let excluded: Vec<u16> = reports.iter().flat_map(srv_ports_not_offered).collect();
    let mut hosts: Vec<(String, Option<&'s Probe>)> =
        ["smtp", "mail"].iter().map(|label| (format!("{label}.{}", sight.domain()), None)).collect();
    if let PreferredMx::Known { host, probe, .. } = mx_host(sight) {
        hosts.push((host.as_str().to_owned(), Some(probe)));
    }
    let mut all: Vec<SettingCandidate<'s>> = Vec::new();
    for (host, probe) in hosts {
        let Ok(host) = DomainName::parse(&host) else { continue };
        for port in sight.settings.guessed_ports.iter().copied().filter(|port| !excluded.contains(port)) {
            let security = if port == 465 { SettingSecurity::ImplicitTls } else { SettingSecurity::Starttls };
            add(
                &mut all,
                SettingCandidate {
                    host: host.clone(),
                    port,
                    security,
                    user: UserForm::address(),
                    methods: Vec::new(),
                    sources: vec![SourceKind::Guess],
                    is_authenticated: false,
                    origin: CandidateOrigin::Guessed,
                    probe,
                    provider: None,
                },
            );
        }
    }
    all
}
