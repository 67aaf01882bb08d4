//! The server settings that a check or a search for settings verified, for a mail program's configuration (`--for`).
//!
//! A setting is verified only if its phase succeeded in this session; every other setting has a reason why it is not
//! verified.

use super::phases::{PhaseStatus, phases};
use super::{Exit, Report};
use crate::check::settings::results;
use crate::check::settings::seen::{CandidateSeen, SettingSecurity};
use crate::evidence::Phase;
use crate::plan::{Plan, TlsUse, ValueOrigin, Verify};
use crate::snippets::{LoginSettings, PasswordReference, Proven, ServerSettings, SettingsProof, TransportSecurity};
use crate::wire::{EhloName, Host, ReversePath};

/// The settings in a plan, before its check has run: nothing is verified.
pub fn planned_settings(plan: &Plan, password: PasswordReference) -> ServerSettings {
    let unproved = || no("the check has not run");
    ServerSettings {
        host: plan.target.host.clone(),
        port: plan.target.port,
        security: match plan.tls_use() {
            TlsUse::Implicit => TransportSecurity::Implicit,
            TlsUse::Required | TlsUse::IfOffered => TransportSecurity::StartTls,
            TlsUse::Never => TransportSecurity::None,
        },
        login: plan.login.as_ref().map(|login| LoginSettings {
            user: login.user.clone(),
            password,
            mechanisms: Vec::new(),
        }),
        sender: plan.from.clone().filter(|from| *from != ReversePath::Null),
        ca_file: plan.tls.cacert.clone(),
        ehlo: chosen_ehlo(plan),
        proof: SettingsProof {
            host: Proven::NotNeeded,
            tls: unproved(),
            certificate: unproved(),
            login: unproved(),
            sender: unproved(),
        },
    }
}

/// The planned settings, with what the check verified. Fails with the reason if the check did not succeed, or if it
/// ended before it was known whether TLS is used.
pub fn proved_settings(report: &Report, planned: ServerSettings) -> Result<ServerSettings, String> {
    let Report { plan, evidence, exit, .. } = report;
    if *exit != Exit::Ok {
        return Err(format!("the check failed with exit code {}", exit.code()));
    }
    let session = evidence.decisive_session().ok_or("no session was started")?;
    let results = phases(plan, evidence);
    let of = |phase: Phase| results.iter().find(|result| result.name == phase);
    let proven = |phase: Phase| match of(phase) {
        Some(result) if result.status == PhaseStatus::Ok => Proven::Yes,
        Some(result) => no(result.reason.as_deref().unwrap_or("not tested")),
        None => no("not tested"),
    };
    let handshake = evidence.secured_session().and_then(|session| session.handshake()).map(|(_, handshake)| handshake);
    let security = match (handshake, plan.tls_use()) {
        (Some(_), TlsUse::Implicit) => TransportSecurity::Implicit,
        (Some(_), TlsUse::Required | TlsUse::IfOffered | TlsUse::Never) => TransportSecurity::StartTls,
        (None, _) if session.final_capabilities().is_some() => TransportSecurity::None,
        (None, _) => return Err("the session ended before EHLO".to_owned()),
    };
    let certificate = match handshake {
        None => Proven::NotNeeded,
        Some(_) if plan.tls.sni.is_some() => {
            no("the check compared it with the --sni name, but a mail program compares it with the host")
        }
        Some(handshake) if handshake.verifies(evidence.started_at) => Proven::Yes,
        Some(_) if plan.tls.verify == Verify::Insecure => {
            no("it is not valid; the program verifies it and cannot connect until the certificate is valid")
        }
        Some(_) => no("it is not valid"),
    };
    let tls = match (security, &plan.tls.identity) {
        (TransportSecurity::None, _) => Proven::NotNeeded,
        (_, Some(_)) => no("the check presented the --cert certificate, which this configuration does not contain"),
        (_, None) => Proven::Yes,
    };
    let mechanisms = session.final_capabilities().map(|(_, offers)| offers.auth_mechanisms()).unwrap_or_default();
    let login = match &planned.login {
        Some(_) => proven(Phase::Auth),
        None if mechanisms.is_empty() => Proven::NotNeeded,
        None => {
            no("no login was tested, but the server supports logins: if it requires one, repeat the check with --user")
        }
    };
    let sender = if planned.sender.is_some() { proven(Phase::Mail) } else { no("no --from was given") };
    let with_mechanisms = planned.login.clone().map(|login| LoginSettings { mechanisms, ..login });
    let proof = SettingsProof { host: Proven::NotNeeded, tls, certificate, login, sender };
    Ok(ServerSettings { security, login: with_mechanisms, proof, ..planned })
}

/// The settings that a search recommends. Fails with the reason if it recommends none, or if it failed for a reason that
/// concerns the recommended server.
pub fn recommended_settings(report: &Report, password: PasswordReference) -> Result<ServerSettings, String> {
    let Report { plan, evidence, exit, .. } = report;
    match exit {
        Exit::Ok | Exit::Findings => {}
        Exit::Auth => return Err("the login was rejected".to_owned()),
        _ => return Err(format!("the search failed with exit code {}", exit.code())),
    }
    let settings = results(plan, evidence).ok_or("no setting was verified")?;
    let recommended = settings.recommended.ok_or("no setting was verified")?;
    let is_same =
        |candidate: &CandidateSeen| (&candidate.host, candidate.port) == (&recommended.host, recommended.port);
    let is_authenticated = settings.candidates.iter().find(|one| is_same(one)).is_some_and(|one| one.authenticated);
    let of_host = if is_authenticated {
        Proven::Yes
    } else {
        no(
            "its source is not authenticated, so an attacker could have named it: compare it with the documentation of your mail provider before you use the password",
        )
    };
    let host = Host::parse(&recommended.host).map_err(|error| error.to_string())?;
    let user = recommended
        .user
        .ok_or("the user name depends on the email address: give the email address, not only the domain")?;
    let address = plan.settings.as_ref().and_then(|settings| settings.address.as_ref());
    let sender = address.and_then(|address| ReversePath::parse(&address.to_string()).ok());
    // If a verified server does not advertise AUTH, its source states that the server needs no login.
    let login = (!recommended.mechanisms.is_empty()).then_some(LoginSettings {
        user,
        password,
        mechanisms: recommended.mechanisms,
    });
    let of_login = match (&login, &recommended.mechanism) {
        (None, _) => Proven::NotNeeded,
        (Some(_), Some(_)) => Proven::Yes,
        (Some(_), None) => no("no password was given"),
    };
    let no_sender = if sender.is_some() { "a search for settings sends no MAIL FROM" } else { "no address was given" };
    Ok(ServerSettings {
        host,
        port: recommended.port,
        security: match recommended.security {
            SettingSecurity::ImplicitTls => TransportSecurity::Implicit,
            SettingSecurity::Starttls => TransportSecurity::StartTls,
            SettingSecurity::None => TransportSecurity::None,
        },
        login,
        sender,
        ca_file: plan.tls.cacert.clone(),
        ehlo: chosen_ehlo(plan),
        proof: SettingsProof {
            host: of_host,
            tls: Proven::Yes,
            certificate: Proven::Yes,
            login: of_login,
            sender: no(no_sender),
        },
    })
}

/// The EHLO name, if the user chose it.
fn chosen_ehlo(plan: &Plan) -> Option<EhloName> {
    let is_chosen = !matches!(plan.origin("ehlo"), ValueOrigin::Machine | ValueOrigin::Default);
    Some(plan.ehlo.clone()).filter(|name| is_chosen && matches!(name, EhloName::Name(_)))
}

fn no(reason: &str) -> Proven {
    Proven::No { reason: reason.to_owned() }
}
