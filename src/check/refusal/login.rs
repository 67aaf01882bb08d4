//! Uses facts about the login to correct the reading of a rejection: an error in the AUTH exchange does not concern the
//! password, a provider with API keys does not use app passwords, and after a login the sender must be an email address
//! of the account.

use super::super::auth::SUBMISSION_PORTS;
use super::super::finding::{Finding, in_shell};
use super::super::{place, programs};
use super::{hosting, null_sender};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Phase, Session};
use crate::lexicon::providers::Provider;
use crate::lexicon::{self, Basis, Cause, Confidence, Fix, FixWhen, Reading, ReplyPhase, phrases};
use crate::plan::{LoginProof, Plan, TlsUse};
use crate::wire::status::Class;

/// Corrects the reading of a rejected login.
pub(super) fn corrected(
    plan: &Plan,
    session: Session<'_>,
    received: ReceivedReply<'_>,
    provider: Option<&Provider>,
    reading: Reading,
) -> Reading {
    let reading = of_missing_login(plan, session, received, provider, reading);
    if received.event.phase == Phase::Mail && plan.from.as_ref().is_some_and(|from| from.mailbox().is_none()) {
        let logged_in = session.reply_at(Phase::Auth).is_some_and(|received| received.accepts());
        return if logged_in {
            null_sender::of_program(plan, received, reading)
        } else {
            null_sender::of_server(plan, received, reading)
        };
    }
    if received.event.phase == Phase::Mail {
        return of_own_address(plan, session, received, reading);
    }
    if received.event.phase != Phase::Auth {
        return reading;
    }
    let corrected = of_advertised(plan, session, &reading).or_else(|| of_exchange(plan, session, received, &reading));
    let reading = corrected.unwrap_or(reading);
    match provider {
        Some(provider) if is_with_key(provider) => with_key(provider, reading),
        Some(provider) if provider.id == "outlook-com" && is_personal(plan) => {
            without_passwords(plan, provider, reading)
        }
        Some(provider) if provider.kind != "local" => reading,
        Some(_) | None => with_open_relay(plan, session, reading),
    }
}

/// A fix for logins that a server accepts only from some networks. Hosting companies and providers do so in addition to
/// the password, without stating it in the reply.
pub(super) fn from_elsewhere() -> Fix {
    Fix::text(
        "If the same login works from another network (home, mobile), the server rejects it from this network or country: allow it in the mailbox's security settings (GEO protection, allowed countries or IP addresses), or ask the hosting company",
    )
}

/// Whether the user name is an address of Outlook.com. Accounts of companies also reach this host.
fn is_personal(plan: &Plan) -> bool {
    let domain = plan.login.as_ref().map(|login| lexicon::domain_of(&login.user, "").to_ascii_lowercase());
    domain.is_none_or(|domain| ["outlook.", "hotmail.", "live.", "msn.com"].iter().any(|own| domain.starts_with(own)))
}

/// Replaces the advice for administrators of Microsoft 365: personal accounts have no administrator, and Outlook.com
/// accepts only tokens.
fn without_passwords(plan: &Plan, provider: &Provider, mut reading: Reading) -> Reading {
    let by_password = plan.login.as_ref().is_some_and(|login| login.proof == LoginProof::Password);
    let is_disabled = matches!(&reading.basis, Basis::Phrase { id } if id == "m365-smtp-auth-disabled-mailbox");
    if is_disabled {
        // A private person has no administrator, and the host of Microsoft 365 does not know the account.
        reading.fixes = vec![
            Fix::text(
                "In outlook.com, open Settings, Mail, Forwarding and IMAP, and allow devices and apps to use POP and IMAP; wait some minutes",
            ),
            Fix::text(
                "In the mail program, select OAuth2 (Modern authentication) as the login method; for a program or device without it, use an account of another provider that accepts app passwords",
            ),
        ];
        return reading;
    }
    if reading.cause != Cause::Credentials || !by_password {
        return reading;
    }
    reading.cause = Cause::OauthRequired;
    reading.confidence = reading.confidence.min(Confidence::Likely);
    reading.means =
        format!("{} no longer accepts passwords or app passwords over SMTP, only OAuth 2.0 tokens.", provider.name);
    reading.otherwise =
        Some("The user name may be wrong. Sign in at outlook.live.com with the same user name to find out.".to_owned());
    reading.fixes = vec![
        Fix::text(
            "Use a program that logs in with OAuth 2.0 (Sign in with Microsoft), or a proxy that does this for the program, such as email-oauth2-proxy",
        ),
        Fix::text(
            "For programs and devices without OAuth 2.0, send from an account of another provider that still accepts app passwords (for example Gmail), or through a sending service",
        ),
    ];
    reading
}

/// A consequence about a user name with letters that many servers do not accept.
pub(super) fn letters_of_user(plan: &Plan) -> Option<String> {
    let login = plan.login.as_ref().filter(|login| !login.user.is_ascii())?;
    Some(format!(
        "The user name {} contains non-ASCII letters, which many servers reject regardless of the password (Dovecot: auth_username_chars)",
        login.user
    ))
}

/// Adds the fix to send without a login. Relays in a company's network often accept mail by IP address, and reject
/// logins that a program requires users to enter.
fn with_open_relay(plan: &Plan, session: Session<'_>, mut reading: Reading) -> Reading {
    let is_relay = plan.target.port == 25 || place::is_inside(plan, session);
    if matches!(reading.cause, Cause::Credentials | Cause::AuthMechanism) && is_relay {
        let at = reading.fixes.len().min(1);
        reading.fixes.insert(
            at,
            Fix::run(
                format!("If the server accepts mail from your network without a login, {}", programs::WITHOUT_LOGIN),
                format!("smtpcheck {} --no-auth", plan.target.host.with_port(plan.target.port)),
            ),
        );
    }
    reading
}

/// Corrects the reading if a submission server rejects a client that has not logged in without stating the reason, or
/// with general words about a policy, although no message was sent. In Postfix's configuration of the submission ports,
/// the rule for clients ends with `reject`.
fn of_missing_login(
    plan: &Plan,
    session: Session<'_>,
    received: ReceivedReply<'_>,
    provider: Option<&Provider>,
    mut reading: Reading,
) -> Reading {
    // Servers apply these checks only to clients that have not logged in.
    let is_check_of_servers =
        matches!(reading.cause, Cause::Reputation | Cause::ReverseDns | Cause::SenderAuthentication);
    // The first command after a complete EHLO is not out of sequence, unless AUTH has to come before it.
    let is_sequence = reading.cause == Cause::Sequence && received.event.phase == Phase::Mail;
    let is_unexplained = match &reading.basis {
        Basis::Phrase { id } => {
            is_sequence
                || matches!(
                    id.as_str(),
                    "client-rejected-postfix" | "access-denied-bare" | "policy-generic" | "recipient-access-denied"
                )
                || is_check_of_servers
        }
        Basis::CodeAtStep { .. } | Basis::Code { .. } | Basis::Class { .. } | Basis::Wording => {
            is_sequence
                || received.reply.class() == Class::Permanent
                    && matches!(reading.cause, Cause::ContentPolicy | Cause::Other | Cause::SenderRejected)
        }
        _ => false,
    };
    let is_submission = SUBMISSION_PORTS.contains(&plan.target.port) || is_sequence && plan.target.port != 25;
    let is_of_envelope = matches!(received.event.phase, Phase::Mail | Phase::Rcpt);
    if !is_unexplained || !is_submission || !is_of_envelope || plan.login.is_some() || plan.domain.is_some() {
        return reading;
    }
    // Searches the session, so it comes last: a server can reject hundreds of recipients.
    // Most servers advertise AUTH only over TLS.
    if !hosting::may_offer_login(session, received) {
        return reading;
    }
    // A temporary reply that states its reason may end by itself.
    if received.reply.class() == Class::Transient && matches!(&reading.basis, Basis::Phrase { .. }) {
        if is_check_of_servers {
            reading.fixes.insert(
                0,
                Fix::run(
                    "If you are a user of this server, log in: on a port for mail programs, servers check only clients that have not logged in",
                    "smtpcheck {host}:{port} --user {user} --from {from} --to {rcpt}",
                ),
            );
        }
        return reading;
    }
    Reading {
        cause: Cause::AuthRequired,
        confidence: Confidence::Likely,
        means: "This is a port for mail programs, and the server accepts mail on it only after a login. smtpcheck did not log in, so the server rejected the client.".to_owned(),
        otherwise: Some(if is_check_of_servers {
            format!("If the server still sends this reply after a login, its words count: {}", reading.means)
        } else {
            "The server may have a rule against your IP address, the sender or the recipient. To find out, log in: if the server still sends this reply, ask its operator."
                .to_owned()
        }),
        fixes: [
            Some(Fix::run(
                "Log in; smtpcheck prompts for the password",
                "smtpcheck {host}:{port} --user {user} --from {from} --to {rcpt}",
            )),
            Some(Fix::text(format!("In the program, {}", programs::WITH_LOGIN))),
            // Most servers allow the login only over TLS.
            (!received.event.tls)
                .then(|| Fix::text(format!("Also select {} in the program", programs::encryption(TlsUse::Required))))
                .filter(|_| session.final_capabilities().is_some_and(|(_, offers)| offers.has("STARTTLS"))),
            provider.is_none().then(|| Fix::text(
                "If the program cannot log in, ask the server's operator to allow its IP address (Postfix: mynetworks and permit_mynetworks), or use the port for your network's relay (often 25)",
            )),
        ]
        .into_iter()
        .flatten()
        .collect(),
        ..reading
    }
}

/// Adds the login to the reading of a server that does not relay: the server advertises AUTH, but smtpcheck did not log
/// in. A recipient in the server's own domain needs no relaying.
pub(super) fn of_relay_with_login(plan: &Plan, received: ReceivedReply<'_>, mut reading: Reading) -> Reading {
    // A sender cannot log in to the mail server of a recipient's domain.
    let is_relay = reading.cause == Cause::RelayDenied && matches!(received.event.phase, Phase::Mail | Phase::Rcpt);
    if !is_relay || plan.domain.is_some() || !received.event.tls {
        return reading;
    }
    let recipient = received.recipient.and_then(|at| plan.to.get(at)).map(ToString::to_string).unwrap_or_default();
    let domain = lexicon::domain_of(&recipient, "");
    if domain.is_empty() || hosting::is_server_in(plan, domain) {
        return reading;
    }
    let is_between_servers = plan.target.port == 25;
    if !is_between_servers {
        reading.fixes.retain(|fix| !fix.command.as_ref().is_some_and(|command| command.contains(" --user ")));
    }
    // A reply that states another reason keeps its meaning, and the login comes last.
    let has_reason = hosting::states_other_reason(received) || matches!(&reading.basis, Basis::ProviderStatus { .. });
    let has_login = reading.means.starts_with("The server advertises AUTH");
    if !has_reason && !has_login {
        reading.means = format!("The server advertises AUTH, but smtpcheck did not log in. {}", reading.means);
    }
    reading.confidence = reading.confidence.min(Confidence::Likely);
    reading.otherwise = reading.otherwise.or_else(|| {
        Some(
            "If a login does not help, the server may accept mail for other domains only from its own network."
                .to_owned(),
        )
    });
    // Port 25 may also be that of the recipient's server, which accepts no login of the sender.
    let log_in = if is_between_servers {
        Fix::text(format!(
            "If this is your own provider's server, log in, on port 587 or 465 if it has them: {}",
            programs::WITH_LOGIN
        ))
    } else {
        Fix::run(
            format!("Log in: {}", programs::WITH_LOGIN),
            "smtpcheck {host}:{port} --user {user} --from {from} --to {rcpt}",
        )
    };
    if has_login {
        reading.fixes.retain(|fix| !fix.command.as_ref().is_some_and(|command| command.contains(" --user ")));
    }
    reading.fixes.insert(if has_reason { reading.fixes.len() } else { 0 }, log_in);
    reading
}

/// Corrects the reading if, after a login, the server rejects a sender other than the account's own email address
/// without stating a reason. The reply contains only a code, or mentions a message policy although no message was sent.
fn of_own_address(plan: &Plan, session: Session<'_>, received: ReceivedReply<'_>, reading: Reading) -> Reading {
    let logged_in = session.reply_at(Phase::Auth).is_some_and(|received| received.accepts());
    let is_vague = match &reading.basis {
        Basis::CodeAtStep { .. } | Basis::Code { .. } | Basis::Class { .. } | Basis::Wording => {
            matches!(reading.cause, Cause::SenderRejected | Cause::ContentPolicy | Cause::Other | Cause::RelayDenied)
        }
        _ => reading.cause == Cause::ContentPolicy,
    };
    let is_other = plan.login.as_ref().is_some_and(|login| {
        let from = plan.from.as_ref().and_then(|from| from.mailbox());
        login.user.contains('@') && from.is_some_and(|from| !from.to_string().eq_ignore_ascii_case(&login.user))
    });
    if !logged_in || !is_vague || !is_other || received.reply.class() != Class::Permanent {
        return reading;
    }
    Reading {
        cause: Cause::SenderRejected,
        confidence: Confidence::Likely,
        means: "The server accepts the login but not the sender. This account is allowed to send only from its own email address.".to_owned(),
        otherwise: Some(
            "If the server also rejects the account's own email address, the reason is another rule. See the web page named in the reply, or the server's mail log."
                .to_owned(),
        ),
        fixes: vec![Fix::text(
            "If you must use this sender address, add it to the account at the provider (alias, sender identity, Send As)",
        )],
        ..reading
    }
}

/// Corrects the reading if the server rejects a mechanism that it advertises. In that case, the client has made no
/// mistake.
fn of_advertised(plan: &Plan, session: Session<'_>, reading: &Reading) -> Option<Reading> {
    let used = session.mechanism()?;
    let (_, offers) = session.final_capabilities()?;
    let is_advertised = offers.auth_mechanisms().iter().any(|one| one.eq_ignore_ascii_case(used));
    if reading.cause != Cause::AuthMechanism || !is_advertised {
        return None;
    }
    let user = plan.login.as_ref().map(|login| in_shell(&login.user))?;
    let target = plan.target.host.with_port(plan.target.port);
    // A library that lacks the passwords in clear text, or the plug-in for them, may have those for a challenge.
    let has_no_plain = matches!(&reading.basis, Basis::Phrase { id } if id == "auth-no-mechanism-available");
    let challenge = ["SCRAM-SHA-256", "CRAM-MD5"]
        .into_iter()
        .filter(|_| has_no_plain)
        .find(|name| *name != used && offers.auth_mechanisms().iter().any(|one| one == name));
    let by_other = match challenge.or_else(|| other_mechanism(session, Some(used))) {
        Some(other) => Fix::run(
            format!("Log in with {other}, which the server also advertises"),
            format!("smtpcheck {target} --user {user} --auth {other}"),
        ),
        None => Fix::text(
            "Ask the server's operator how programs can log in, because the server advertises no other mechanism for passwords",
        ),
    };
    Some(Reading {
        means: format!(
            "The server advertises the mechanism {used} in its EHLO reply, but rejects it. It did not check the user name and password."
        ),
        fixes: vec![
            by_other,
            Fix::text(format!("Server operator: configure {used}, or stop advertising it, and enable PLAIN over TLS")),
        ],
        ..reading.clone()
    })
}

/// Corrects the reading of a code, or of general wording about a command, in a reply to AUTH. The lexicon contains the
/// meaning of the code in a reply to AUTH. The fixes depend on the mechanisms that the server advertises.
fn of_exchange(plan: &Plan, session: Session<'_>, received: ReceivedReply<'_>, reading: &Reading) -> Option<Reading> {
    // General wording about a command does not show whether the reply is about AUTH or about the login data.
    let is_of_auth = matches!(&reading.basis, Basis::Phrase { id } if id.starts_with("auth-") && id != "auth-command-not-understood");
    let is_of_provider = matches!(&reading.basis, Basis::ProviderStatus { .. });
    let is_about_command = matches!(
        reading.cause,
        Cause::Unsupported | Cause::Syntax | Cause::Sequence | Cause::AuthMechanism | Cause::Other
    );
    if is_of_auth || is_of_provider || !is_about_command {
        return None;
    }
    let code = received.reply.code?.number();
    let used = session.mechanism();
    let other = other_mechanism(session, used);
    let user = plan.login.as_ref().map(|login| in_shell(&login.user))?;
    let target = plan.target.host.with_port(plan.target.port);
    let by_other = other.map(|other| {
        Fix::run(
            format!("Log in with {other}, which the server also advertises"),
            format!("smtpcheck {target} --user {user} --auth {other}"),
        )
    });
    let on_other_port = [587u16, 465].into_iter().find(|port| *port != plan.target.port).map(|port| {
        Fix::run(
            format!("Log in on port {port}, the port for mail programs"),
            format!("smtpcheck {} --user {user}", plan.target.host.with_port(port)),
        )
    });
    let operator = Fix::text(
        "Server operator: look up this session in the logs of the mail server and of the authentication service",
    );
    let is_answered =
        session.replies().any(|received| received.event.phase == Phase::Auth && received.reply.has_code(334));
    let of_code = lexicon::by_code_at(received.reply, ReplyPhase::Auth)?;
    let confidence = reading.confidence.min(Confidence::Likely);
    if is_answered && matches!(code, 500 | 502) {
        return Some(Reading {
            cause: Cause::Syntax,
            confidence,
            means: "The server no longer expected login data, so it treated the data as a command, and did not check the password.".to_owned(),
            otherwise: Some("A device between you and the server may have removed or changed a line of the exchange.".to_owned()),
            fixes: [by_other, on_other_port, Some(operator)].into_iter().flatten().collect(),
            ..reading.clone()
        });
    }
    let fixes = match code {
        500 | 502 => [on_other_port, by_other, Some(operator)],
        501 | 504 => [by_other, on_other_port, Some(operator)],
        503 => [on_other_port, None, Some(operator)],
        _ => return None,
    };
    let Reading { cause, means, otherwise, .. } = of_code;
    let fixes = fixes.into_iter().flatten().collect();
    Some(Reading { cause, confidence, means, otherwise, fixes, ..reading.clone() })
}

/// Another mechanism for the same type of secret.
fn other_mechanism(session: Session<'_>, used: Option<&str>) -> Option<&'static str> {
    let used = used?;
    let kind: &[&'static str] = if used.contains("OAUTH") {
        &["XOAUTH2", "OAUTHBEARER"]
    } else {
        &["PLAIN", "LOGIN", "SCRAM-SHA-256", "CRAM-MD5"]
    };
    let (_, offers) = session.final_capabilities()?;
    let offered = offers.auth_mechanisms();
    kind.iter().copied().find(|name| *name != used && offered.iter().any(|one| one == name))
}

/// Whether programs log in to the provider with a key or with credentials that were created for SMTP, never with the
/// password of a person's account.
fn is_with_key(provider: &Provider) -> bool {
    provider.kind == "relay" && !provider.password.as_deref().unwrap_or("app password").contains("app password")
}

/// Replaces a general reading of rejected credentials with one for the provider. The general readings recommend app
/// passwords and webmail, which such a provider does not offer.
fn with_key(provider: &Provider, mut reading: Reading) -> Reading {
    let is_of_provider = match &reading.basis {
        Basis::ProviderStatus { provider: whose, .. } => *whose == provider.id.as_str(),
        Basis::Phrase { id } => phrases::all().iter().any(|phrase| phrase.id == *id && phrase.is_of(provider)),
        _ => false,
    };
    if is_of_provider || !matches!(reading.cause, Cause::Credentials | Cause::AppPassword) {
        return reading;
    }
    let (name, id) = (&provider.name, &provider.id);
    let user = provider.user.as_deref().unwrap_or("the user name from the SMTP settings of the website");
    let password = provider.password.as_deref().unwrap_or("the key from the SMTP settings of the website");
    reading.cause = Cause::Credentials;
    reading.confidence = reading.confidence.min(Confidence::Likely);
    reading.means = format!(
        "{name} does not accept this user name with this key. {name} does not use app passwords: the user name is {user}, and the password is {password}."
    );
    reading.otherwise = Some(
        "The key may have been deleted, lack the permission to send, or belong to another region or account."
            .to_owned(),
    );
    let key = format!("As the password, use {password}");
    reading.fixes = vec![
        match &provider.password_url {
            Some(url) => Fix::open(key, *url),
            None => Fix::text(key),
        },
        Fix::text(format!("As the user name, use {user}")),
        Fix::run(
            "Compare the host, port and user name with the provider's settings",
            format!("smtpcheck providers {id}"),
        ),
    ];
    reading
}

/// Adds advice about a sender that was rejected after a login. Most often, the sender is not the account's own email
/// address.
pub(super) fn sender_of_account(
    plan: &Plan,
    session: Session<'_>,
    received: ReceivedReply<'_>,
    cause: Cause,
    finding: &mut Finding,
) {
    let Some(login) = plan.login.as_ref() else { return };
    let Some(from) = plan.from.as_ref().and_then(|from| from.mailbox()).map(ToString::to_string) else { return };
    // SPF of a sender at another provider fails at every server but that provider's.
    let is_of_sender = matches!(cause, Cause::SenderRejected | Cause::SenderAuthentication)
        && (cause == Cause::SenderRejected || !from.eq_ignore_ascii_case(&login.user))
        || cause == Cause::RelayDenied && received.event.phase == Phase::Mail;
    if !is_of_sender || !login.user.contains('@') || received.reply.class() != Class::Permanent {
        return;
    }
    finding.fixes.retain(|fix| fix.when != Some(FixWhen::OtherSender));
    if from.eq_ignore_ascii_case(&login.user) {
        if matches!(&finding.basis, Some(Basis::Phrase { id }) if id == "sender-not-owned") {
            finding.cause = "The login succeeded, but the server does not know that this user owns the sender address: its table of senders (Postfix: smtpd_sender_login_maps) has no entry for it, or an alias gives it to another user.".to_owned();
        }
        finding.consequences.push(
            "The sender is the same as the login's user name. If this name is an alias, send from the account's primary email address"
                .to_owned(),
        );
        return;
    }
    let user = in_shell(&login.user);
    let mut command = format!("smtpcheck {} --user {user} --from {user}", plan.target.host.with_port(plan.target.port));
    for to in plan.to.iter().take(1) {
        command.push_str(&format!(" --to {}", in_shell(&to.to_string())));
    }
    finding.fixes.insert(0, Fix::run("Send from the email address of the account that you log in with", command));
    if let Some(setting) = setting_of_sender(&from) {
        finding.fixes.insert(1, Fix::text(setting));
    }
    if place::is_inside(plan, session) {
        finding.fixes.push(Fix::run(
            "If the server accepts mail from your network without a login, it may accept this sender then",
            format!("smtpcheck {} --no-auth --from {}", plan.target.host.with_port(plan.target.port), in_shell(&from)),
        ));
    }
    finding.consequences.push(format!(
        "The login {} and the sender {from} are different email addresses. Many servers allow an account to send only from its own email addresses.",
        login.user
    ));
}

/// Where a sender comes from that a program or system made itself, and the setting for it.
fn setting_of_sender(from: &str) -> Option<&'static str> {
    let name = from.split('@').next().unwrap_or_default().to_lowercase();
    if matches!(name.as_str(), "root" | "www-data" | "apache" | "nginx" | "daemon" | "http" | "php" | "wwwrun") {
        return Some(
            "The system made this sender from the local user: set the sender in the program (PHP: sendmail_path with -f; Postfix: sender_canonical_maps or smtp_generic_maps; msmtp: from, auto_from off; ssmtp: rewriteDomain, FromLineOverride; cron: MAILFROM)",
        );
    }
    if name.starts_with("srs0") || name.starts_with("srs1") {
        return Some(
            "The forwarding service PostSRSd made this sender: set its domain to one of yours (SRS_DOMAIN, or srs-domain in postsrsd.conf)",
        );
    }
    let is_bounce = name.starts_with("bounce")
        || name.starts_with("prvs=")
        || name.ends_with("-bounces")
        || name.contains("bounces+");
    is_bounce.then_some(
        "A program made this sender for bounces: change its setting for the bounce, return-path or envelope sender address (Odoo: Alias Domain and mail.bounce.alias; Discourse, Mautic, listmonk: return path)",
    )
}
