//! Compares the domains of the user name and the sender with the server's provider: an account of one provider does not
//! exist at another, and a service for companies does not accept private accounts. A reply never states this; it only
//! rejects the login or the relaying.

use crate::evidence::Phase;
use crate::evidence::session::ReceivedReply;
use crate::lexicon::providers::{self, Provider};
use crate::lexicon::software::Software;
use crate::lexicon::{self, Cause, Confidence, Fix, Reading};
use crate::plan::{LoginProof, Plan};

use super::super::finding::in_shell;
use super::super::{peer, place};

/// The mailbox provider whose private users have addresses in the domain of an address (`gmail.com`).
fn provider_of(address: &str) -> Option<&'static Provider> {
    providers::of_addresses_at(lexicon::domain_of(address, ""))
}

/// Whether an address belongs to a private mailbox at a known provider.
pub(super) fn is_private_mailbox(address: &str) -> bool {
    provider_of(address).is_some()
}

/// Whether the server, by its name, belongs to the provider of a private mailbox.
pub(super) fn is_of_provider(plan: &Plan, address: &str) -> bool {
    let server = peer::provider_by_name(plan);
    provider_of(address).zip(server).is_some_and(|(own, server)| own.id == server.id || own.is_of_same_platform(server))
}

/// Corrects the reading of a rejected login if the account belongs to another provider than the server. Contact forms
/// and devices often have the host name of the hosting company and the login of a Gmail account. All of these conditions
/// must be met:
///
/// 1. The server rejects a password, not the mechanism. A demand for an app password shows that it knows the account.
/// 2. The user name is an address of a known mailbox provider, and the server does not belong to it, neither by its
///    name nor by what it sends.
/// 3. The server is not a sending service, whose user names can be addresses of any provider, and not that of
///    Microsoft, whose accounts can have such user names. The sender is in the same domain: customers of a sending
///    service that is not known send from their own domain.
/// 4. The server is not in a private network, where it can be a bridge to the provider.
pub(super) fn of_other_provider(
    plan: &Plan,
    received: ReceivedReply<'_>,
    provider: Option<&Provider>,
    is_inside: bool,
    reading: Reading,
) -> Reading {
    let is_of_password = matches!(reading.cause, Cause::Credentials | Cause::UnknownUser);
    let Some(login) = plan.login.as_ref().filter(|login| login.proof == LoginProof::Password) else { return reading };
    let domain = lexicon::domain_of(&login.user, "");
    let sends_from_other = plan.from.as_ref().is_some_and(|from| {
        from.mailbox().is_some_and(|from| !lexicon::domain_of(&from.to_string(), "").eq_ignore_ascii_case(domain))
    });
    if received.event.phase != Phase::Auth || !is_of_password || is_inside || sends_from_other {
        return reading;
    }
    let Some(own) = provider_of(&login.user) else { return reading };
    let by_name = peer::provider_by_name(plan);
    let is_own = |server: &Provider| server.id == own.id || server.is_of_same_platform(own);
    let takes_any_name = |server: &Provider| {
        server.kind == "relay"
            || server.kind == "local"
            || server.id.starts_with("outlook")
            || server.id.starts_with("microsoft")
    };
    if [provider, by_name].into_iter().flatten().any(|server| is_own(server) || takes_any_name(server)) {
        return reading;
    }
    let Some(host) = own.host_for(lexicon::domain_of(&login.user, "")) else { return reading };
    let server = plan.target.host.to_string();
    let (user, name) = (&login.user, &own.name);
    let port = own.recommended.unwrap_or(587);
    let password = own.password.map(|password| format!("; the password is {password}")).unwrap_or_default();
    // Some providers accept no passwords over SMTP, or offer no SMTP.
    let accepts_passwords = own.recommended.is_some()
        && own.password.is_none_or(|password| !["none", "token"].iter().any(|word| password.contains(word)));
    let own_server = if accepts_passwords {
        Fix::run(
            format!("To send from {user}, enter the server of {name} in the program: {host}, port {port}{password}"),
            format!("smtpcheck {host}:{port} --user {}", in_shell(user)),
        )
    } else {
        Fix::run(
            format!(
                "To send from {user}, see what {name} accepts; the password of the mailbox does not work over SMTP"
            ),
            format!("smtpcheck provider {}", own.id),
        )
    };
    let where_it_exists = match by_name {
        Some(_) => String::new(),
        None => " (in the hosting company's control panel: a mailbox of your own domain)".to_owned(),
    };
    let other_account = Fix::text(format!(
        "Log in with an account that exists on {server}{where_it_exists}, and use its address as the sender"
    ));
    Reading {
        cause: Cause::Credentials,
        confidence: Confidence::Likely,
        means: format!(
            "{user} is an account of {name}, but {server} is not a server of {name}. It does not know this account and its password."
        ),
        otherwise: Some(format!(
            "{server} may have an account with this name. In that case, its password is wrong or differs from that of {name}."
        )),
        fixes: if accepts_passwords { vec![own_server, other_account] } else { vec![other_account, own_server] },
        ..reading
    }
}

/// Corrects the reading if a private account uses Google's relay for companies.
pub(super) fn of_private_account(plan: &Plan, provider: Option<&Provider>, reading: Reading) -> Reading {
    if provider.is_none_or(|provider| provider.id != "google-workspace-relay") || reading.cause != Cause::RelayDenied {
        return reading;
    }
    // A company's user, or its registered IP address, may send with a private address as the sender.
    let is_private = |user: &&String| provider_of(user).is_some_and(|own| own.id == "gmail");
    let Some(address) = plan.login.as_ref().map(|login| &login.user).filter(is_private) else { return reading };
    Reading {
        confidence: Confidence::Likely,
        means: format!(
            "smtp-relay.gmail.com is Google's relay for companies with Google Workspace. It does not relay for private accounts such as {address}."
        ),
        otherwise: Some(
            "If this machine's IP address is registered for a company's relay, use a sender in the company's domain, and no login."
                .to_owned(),
        ),
        fixes: vec![Fix::run(
            "Use smtp.gmail.com, port 465 or 587, with the complete address as the user name and an app password",
            format!("smtpcheck smtp.gmail.com:465 --user {}", in_shell(address)),
        )],
        ..reading
    }
}

/// Corrects the reading of a rejected login at a sending service for which all customers have the same user name
/// (`apikey`), if the user name is another.
pub(super) fn of_fixed_user(
    plan: &Plan,
    received: ReceivedReply<'_>,
    provider: Option<&Provider>,
    reading: Reading,
) -> Reading {
    let (Some(provider), Some(login)) = (provider, &plan.login) else { return reading };
    let Some(user) = provider.user_is.filter(|user| *user != login.user) else { return reading };
    let is_of_login = matches!(reading.cause, Cause::Credentials | Cause::AppPassword | Cause::ServerFault);
    if received.event.phase != Phase::Auth || !is_of_login {
        return reading;
    }
    let name = &provider.name;
    let target = plan.target.host.with_port(plan.target.port);
    let key = provider.password.map_or_else(|| "the API key", |password| password.as_str());
    let key = Fix::text(format!("As the password, use {key}"));
    Reading {
        cause: Cause::Credentials,
        confidence: Confidence::Likely,
        means: format!(
            "{name} accepts only the word {user} as the user name, whatever the account is called, and {} is another.",
            login.user
        ),
        otherwise: Some(
            "The key may be wrong as well, or it may not be allowed to send from this machine's IP address.".to_owned(),
        ),
        fixes: vec![
            Fix::run(
                format!("Enter {user} as the user name in the program"),
                format!("smtpcheck {target} --user {user}"),
            ),
            match provider.password_url {
                Some(url) => Fix { url: Some(url.into()), ..key },
                None => key,
            },
        ],
        ..reading
    }
}

/// Corrects the reading of a rejection by another server that responds instead of the provider's. It does not know the
/// provider's accounts, and does not relay, so advice about the account or the password would be wrong.
pub(super) fn at_other_server(
    plan: &Plan,
    received: ReceivedReply<'_>,
    instead: Option<(&'static Provider, &'static Software)>,
    reading: Reading,
) -> Reading {
    let Some((provider, other)) = instead else { return reading };
    let is_explained = match received.event.phase {
        Phase::Auth => matches!(reading.cause, Cause::Credentials | Cause::AppPassword | Cause::OauthRequired),
        Phase::Mail | Phase::Rcpt => matches!(reading.cause, Cause::RelayDenied | Cause::AuthRequired),
        _ => false,
    };
    if !is_explained {
        return reading;
    }
    let effect = if received.event.phase == Phase::Auth {
        format!("It does not know the accounts of {}, so the password may be right", provider.name)
    } else {
        format!("It does not relay for you, so the reply says nothing about {}", provider.name)
    };
    let mut fixes = place::around_device(plan, provider);
    fixes.push(Fix::text(
        "If the connection is meant to be redirected, send through the hosting company's or internet provider's own server, with an account of that server",
    ));
    Reading {
        confidence: Confidence::Likely,
        means: format!(
            "This reply is not from {}: the greeting names {}, so a hosting company, an internet provider or a virus scanner redirects the connection to another server. {effect}.",
            provider.name, other.name
        ),
        otherwise: Some(format!(
            "{} may have changed its software. A certificate that is valid for {} would show that the server belongs to it.",
            provider.name, plan.target.host
        )),
        fixes,
        ..reading
    }
}
