//! AUTH: what is offered where, and what came of a login.

use super::{Check, Confidence, Docs, Failure, Finding, Fix, Rule, Severity, asks_nothing, peer};
use crate::evidence::{CancelReason, Event, Evidence, PasswordOddity, Stage, Talk, TokenForm, What, WithheldReason};
use crate::plan::{Plan, QuitAfter, TlsUse};
use crate::wire::Capabilities;

pub static CHECK: Check = Check {
    subject: "auth",
    ask: asks_nothing,
    judge,
    rules: &[
        &AUTH_NOT_OFFERED,
        &AUTH_MECHANISM_MISMATCH,
        &AUTH_EXCHANGE_BROKEN,
        &AUTH_SERVER_UNPROVED,
        &AUTH_IN_PLAINTEXT,
        &AUTH_WITHHELD,
        &AUTH_TOKEN_EXPIRED,
        &AUTH_TOKEN_UNFIT,
        &AUTH_MECHANISM_OBSOLETE,
        &AUTH_TOKENS_ONLY,
    ],
};

static AUTH_NOT_OFFERED: Rule = Rule {
    id: "auth-not-offered",
    severity: Severity::Error,
    title: "the server takes no login here",
    cites: &["RFC 4954 section 3", "RFC 6409 section 4.3"],
    docs: Docs {
        sees: "A login was wanted (--user), and AUTH is not among the keywords of the last EHLO answer. Nothing was sent. Without --user and --from it is a notice, on the ports for mail programs (587 and 465) and inside TLS only.",
        matters: "Ports for mail between servers (25) take no login. Many servers offer AUTH only inside TLS.",
        action: "Use the submission port, 587 with STARTTLS or 465, or the provider's submission host in the place of its MX.",
        example: "smtpcheck mx.example.net:25 --user u@example.net",
        references: "RFC 4954 section 3, RFC 6409 section 4.3",
    },
};

static AUTH_MECHANISM_MISMATCH: Rule = Rule {
    id: "auth-mechanism-mismatch",
    severity: Severity::Error,
    title: "server and client have no login mechanism in common",
    cites: &["RFC 4954 section 3"],
    docs: Docs {
        sees: "AUTH is offered, with none of the mechanisms that smtpcheck has or that --auth allows. Nothing was sent.",
        matters: "A server with XOAUTH2 or OAUTHBEARER only has switched passwords off; one with GSSAPI only wants a domain login.",
        action: "Use a credential of the kind that the server wants, or have the operator add PLAIN inside TLS.",
        example: "250 AUTH XOAUTH2 OAUTHBEARER",
        references: "RFC 4954 section 3",
    },
};

static AUTH_EXCHANGE_BROKEN: Rule = Rule {
    id: "auth-exchange-broken",
    severity: Severity::Error,
    title: "the server does not follow the login mechanism",
    cites: &["RFC 4954 section 4"],
    docs: Docs {
        sees: "The server asked for more than the mechanism has, with something that is not base64 or not of this mechanism, or for a number of hashing rounds that is out of all bounds; smtpcheck cancelled the login with `*`.",
        matters: "No client can log in this way.",
        action: "Try another mechanism with --auth; the operator looks at the authentication service.",
        example: "334 after the password of AUTH LOGIN",
        references: "RFC 4954 section 4",
    },
};

static AUTH_SERVER_UNPROVED: Rule = Rule {
    id: "auth-server-unproved",
    severity: Severity::Error,
    title: "the server does not prove that it knows the password",
    cites: &["RFC 5802 section 3", "RFC 6331 section 2"],
    docs: Docs {
        sees: "In SCRAM and DIGEST-MD5 the server signs the login with what it knows of the password. Its signature was wrong, or it said yes without one.",
        matters: "It may be somebody else who lets everybody in, to collect mail or more passwords. The password itself was not sent.",
        action: "Do not use this server until its operator has looked at it; compare from another network.",
        example: "235 without the v= of SCRAM",
        references: "RFC 5802 section 3 (the client must check the server's signature)",
    },
};

static AUTH_TOKEN_EXPIRED: Rule = Rule {
    id: "auth-token-expired",
    severity: Severity::Error,
    title: "the access token has expired",
    cites: &["RFC 7519 section 4.1.4", "RFC 6750 section 3.1"],
    docs: Docs {
        sees: "The token is a JSON Web Token, and the moment of its end has passed by the clock of this machine. The token itself is never shown.",
        matters: "Access tokens live for an hour or so; no server takes an old one.",
        action: "Fetch a new one with the refresh token, just before the login; --token-command runs the program that does it.",
        example: "exp 1700000000",
        references: "RFC 7519 section 4.1.4 (exp), RFC 6750 section 3.1 (invalid_token)",
    },
};

static AUTH_TOKEN_UNFIT: Rule = Rule {
    id: "auth-token-unfit",
    severity: Severity::Error,
    title: "the token is not one for this server",
    cites: &["RFC 7519 section 4.1.3", "RFC 6749 section 1.5"],
    docs: Docs {
        sees: "The token is a refresh token (then it stayed here), or it says that it is for another service. The token itself is never shown.",
        matters: "A refresh token is as good as the password and belongs to the token service alone. A token for another service is refused.",
        action: "Ask the token service for an access token for mail: at Microsoft the scope https://outlook.office.com/SMTP.Send, at Google https://mail.google.com/.",
        example: "a token for https://graph.microsoft.com at smtp.office365.com",
        references: "RFC 7519 section 4.1.3 (aud), RFC 6749 section 1.5 (refresh tokens)",
    },
};

static AUTH_MECHANISM_OBSOLETE: Rule = Rule {
    id: "auth-mechanism-obsolete",
    severity: Severity::Notice,
    title: "the server offers login mechanisms that are given up",
    cites: &["RFC 6331 section 2", "RFC 4954 section 9"],
    docs: Docs {
        sees: "CRAM-MD5, DIGEST-MD5 or NTLM is among the mechanisms of AUTH. A warning where nothing else is offered.",
        matters: "Who listens can try passwords against what is sent, and the server has to keep every password readable, or its hash, which is as good. Inside TLS they protect nothing that PLAIN does not.",
        action: "The operator offers PLAIN inside TLS, better SCRAM-SHA-256, and takes the old ones away; in Dovecot: auth_mechanisms = plain login scram-sha-256.",
        example: "250 AUTH CRAM-MD5 DIGEST-MD5",
        references: "RFC 6331 (why DIGEST-MD5 is historic), RFC 4954 section 9",
    },
};

static AUTH_TOKENS_ONLY: Rule = Rule {
    id: "auth-tokens-only",
    severity: Severity::Notice,
    title: "the server takes OAuth tokens and no passwords",
    cites: &["RFC 7628 section 1"],
    docs: Docs {
        sees: "All mechanisms that the server offers take a token: XOAUTH2, OAUTHBEARER.",
        matters: "Programs that know only user name and password cannot log in here.",
        action: "Use a program that logs in with OAuth 2.0, or ask the provider whether app passwords or a relay with passwords exist.",
        example: "250 AUTH XOAUTH2",
        references: "RFC 7628 section 1; documents of Google and Microsoft about XOAUTH2",
    },
};

static AUTH_IN_PLAINTEXT: Rule = Rule {
    id: "auth-offered-in-plaintext",
    severity: Severity::Warning,
    title: "the server would take a password over an open line",
    cites: &["RFC 4954 section 9", "RFC 8314 section 4.1"],
    docs: Docs {
        sees: "AUTH with PLAIN or LOGIN is offered before TLS.",
        matters: "A program that is not careful sends its password for everybody to read. RFC 4954 forbids offering PLAIN there unless a policy wants it.",
        action: "The operator offers AUTH inside TLS only; in Postfix smtpd_tls_auth_only = yes, in Dovecot disable_plaintext_auth = yes, in Exim auth_advertise_hosts with $tls_in_cipher.",
        example: "250-STARTTLS and 250 AUTH PLAIN LOGIN in the same answer",
        references: "RFC 4954 section 9, RFC 8314 section 4.1",
    },
};

static AUTH_WITHHELD: Rule = Rule {
    id: "auth-withheld",
    severity: Severity::Error,
    title: "the password stayed here, because you chose an open line",
    cites: &["RFC 4954 section 9"],
    docs: Docs {
        sees: "A login was wanted together with --tls none.",
        matters: "Everybody on the way could read the password. No secret goes over a line that is not encrypted unless you say so by name.",
        action: "Leave --tls none away, or, on a line that you trust, add --allow-plaintext-auth.",
        example: "smtpcheck mail.example.net:25 --tls none --user u@example.net",
        references: "RFC 4954 section 9",
    },
};

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(talk) = evidence.main_talk() else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(offered_in_plaintext(plan, talk));
    findings.extend(withheld(plan, talk));
    findings.extend(cancelled(talk));
    findings.extend(token(plan, evidence, talk));
    findings.extend(obsolete(talk));
    if plan.login.is_none() {
        findings.extend(tokens_only(talk));
        findings.extend(missing_on_submission(plan, talk));
    }
    findings
}

/// CRAM-MD5 (RFC 2195), DIGEST-MD5 (historic by RFC 6331), NTLM (MS-NLMP).
const OBSOLETE: [&str; 3] = ["CRAM-MD5", "DIGEST-MD5", "NTLM"];

fn obsolete(talk: Talk<'_>) -> Option<Finding> {
    let (heard, offers) = talk.final_capabilities()?;
    let offered = offers.auth_mechanisms();
    let old: Vec<&str> = offered.iter().map(String::as_str).filter(|name| OBSOLETE.contains(name)).collect();
    if old.is_empty() {
        return None;
    }
    let only = old.len() == offered.len();
    let list = old.join(" ");
    let summary =
        if only { format!("AUTH {list} is all that is offered") } else { format!("AUTH {list} is still offered") };
    let finding = Finding::new(&AUTH_MECHANISM_OBSOLETE, heard.event.stage, Confidence::Certain, summary);
    Some(Finding {
        severity: if only { Severity::Warning } else { Severity::Notice },
        cause:
            "these are given up: who listens can try passwords, and the server must keep passwords or what is as good"
                .to_owned(),
        fixes: vec![Fix::text(
            "the operator offers PLAIN inside TLS and SCRAM-SHA-256, and takes the old ones away; in Dovecot: auth_mechanisms = plain login scram-sha-256",
        )],
        ..finding.on(heard.event)
    })
}

fn tokens_only(talk: Talk<'_>) -> Option<Finding> {
    let (heard, offers) = talk.final_capabilities()?;
    let offered = offers.auth_mechanisms();
    if offered.is_empty() || !offered.iter().all(|name| name.contains("OAUTH")) {
        return None;
    }
    let summary = format!("the server takes OAuth tokens only: AUTH {}", offered.join(" "));
    let finding = Finding::new(&AUTH_TOKENS_ONLY, heard.event.stage, Confidence::Certain, summary);
    Some(Finding {
        cause: "logins with a password are switched off there".to_owned(),
        fixes: vec![Fix::text(
            "use a program that logs in with OAuth 2.0, or ask the provider for an app password or a relay with passwords",
        )],
        ..finding.on(heard.event)
    })
}

/// Ports 587 and 465 are for programs that log in (RFC 6409 §4.3, RFC 8314 §3.3); a relay on them without is possible.
fn missing_on_submission(plan: &Plan, talk: Talk<'_>) -> Option<Finding> {
    let (heard, offers) = talk.capabilities(Stage::EhloTls).filter(|_| matches!(plan.target.port, 587 | 465))?;
    // With a sender the user knows what the port is for, and the reply to MAIL says more.
    if !offers.auth_mechanisms().is_empty() || plan.from.is_some() {
        return None;
    }
    let summary = "the server offers no AUTH inside TLS, on a port for programs that log in".to_owned();
    let finding = Finding::new(&AUTH_NOT_OFFERED, Stage::EhloTls, Confidence::Likely, summary);
    Some(Finding {
        severity: Severity::Notice,
        cause: "logins are not switched on there, or it takes mail from addresses that it knows".to_owned(),
        otherwise: Some("it may offer AUTH to other networks only; the operator can tell".to_owned()),
        fixes: vec![Fix::text(
            "if programs shall log in here, the operator switches AUTH on; in Postfix smtpd_sasl_auth_enable = yes",
        )],
        ..finding.on(heard.event)
    })
}

/// What the token says of itself, where the login did not succeed.
fn token(plan: &Plan, evidence: &Evidence, talk: Talk<'_>) -> Option<Finding> {
    if talk.reply_at(Stage::Auth).is_some_and(|heard| heard.reply.is_success()) {
        return None;
    }
    let (event, form, expires, audience) = talk.events().find_map(|event| match &event.what {
        What::Token { form, expires, audience } => Some((event, *form, *expires, audience.as_deref())),
        _ => None,
    })?;
    let now = evidence.started_at.as_second();
    let (rule, summary, cause, fix) = if form == TokenForm::Refresh {
        (
            &AUTH_TOKEN_UNFIT,
            "the token looks like a refresh token, so it stayed here".to_owned(),
            "a refresh token is for the token service, which gives an access token for it; a mail server takes the access token",
            "fetch an access token with it, and give that",
        )
    } else if let Some(ago) = expires.map(|end| now - end).filter(|ago| *ago > 0) {
        (
            &AUTH_TOKEN_EXPIRED,
            format!("the access token expired {} minutes ago", ago / 60),
            "access tokens live for an hour or so; by the clock of this machine this one is over",
            "fetch a new one just before the login, for example with --token-command",
        )
    } else if let Some(audience) = audience.filter(|audience| is_foreign(plan, talk, audience)) {
        (
            &AUTH_TOKEN_UNFIT,
            format!("the access token is for {audience}, not for mail"),
            "Microsoft's mail servers take tokens for https://outlook.office.com only",
            "ask the token service for the scope https://outlook.office.com/SMTP.Send",
        )
    } else {
        return None;
    };
    let finding = Finding::new(rule, Stage::Auth, Confidence::Likely, summary).on(event);
    Some(Finding {
        cause: cause.to_owned(),
        otherwise: Some("the look at the token may mislead, or the clock here be wrong; the token service tells for what it is good".to_owned()),
        fixes: vec![Fix::text(fix)],
        failure: Some(Failure::Auth),
        ..finding
    })
}

/// Whether an audience is not mail's, at the provider of which that is known.
fn is_foreign(plan: &Plan, talk: Talk<'_>, audience: &str) -> bool {
    let microsoft = peer::provider(plan, talk).is_some_and(|provider| provider.id.starts_with("microsoft"));
    microsoft && !audience.contains("outlook.office")
}

/// What about a password is often a mistake, in words.
pub(super) fn oddities(talk: Talk<'_>) -> Vec<String> {
    let found = talk.events().find_map(|event| match &event.what {
        What::OddPassword { oddities } => Some(oddities.as_slice()),
        _ => None,
    });
    let word = |oddity: &PasswordOddity| match oddity {
        PasswordOddity::LeadingBlank => "the password begins with a blank, which may have come along by copying",
        PasswordOddity::TrailingBlank => "the password ends with a blank, which may have come along by copying",
        PasswordOddity::AppPasswordWithBlanks => {
            "the password looks like an app password with blanks between its groups; Google wants it without them"
        }
        PasswordOddity::NotAscii => {
            "the password has characters beyond ASCII, which programs encode in different ways; try one without"
        }
    };
    found.unwrap_or_default().iter().map(|oddity| word(oddity).to_owned()).collect()
}

/// Where STARTTLS is missing altogether, that is the cause, and `starttls` says what it means for a login.
fn offered_in_plaintext(plan: &Plan, talk: Talk<'_>) -> Option<Finding> {
    let (heard, offers) = talk.capabilities(Stage::Ehlo)?;
    let clear = in_clear(&offers);
    let without_tls = !offers.has("STARTTLS") && plan.tls_use() != TlsUse::Never;
    if clear.is_empty() || without_tls || plan.quit_after < QuitAfter::Ehlo {
        return None;
    }
    let summary = format!("AUTH {} is offered before TLS, on an open line", clear.join(" "));
    let mut finding = Finding::new(&AUTH_IN_PLAINTEXT, Stage::Ehlo, Confidence::Certain, summary).on(heard.event);
    finding.cause =
        "a program that does not insist on TLS would send its password for everybody on the way to read".to_owned();
    finding
        .fixes
        .push(Fix::run("the operator offers AUTH inside TLS only; in Postfix", "postconf -e smtpd_tls_auth_only=yes"));
    finding.fixes.push(Fix::text(
        "in Dovecot: disable_plaintext_auth = yes (since 2.4: auth_allow_cleartext = no); in Exim: auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}",
    ));
    Some(finding)
}

/// The mechanisms that send the password as it is.
pub(super) fn in_clear(offers: &Capabilities) -> Vec<String> {
    offers.auth_mechanisms().into_iter().filter(|name| name == "PLAIN" || name == "LOGIN").collect()
}

fn withheld(plan: &Plan, talk: Talk<'_>) -> Option<Finding> {
    let (event, reason) = talk.events().find_map(|event| match &event.what {
        What::Withheld { reason } => Some((event, reason)),
        _ => None,
    })?;
    match reason {
        // Consequences of what starttls and certificate have found.
        WithheldReason::Unverified => None,
        // The finding about the token says it.
        WithheldReason::RefreshToken => None,
        WithheldReason::Plaintext => plaintext_by_choice(plan, talk, event),
        // What follows from a missing EHLO or a missing STARTTLS is told there.
        WithheldReason::NotOffered if talk.fell_back_to_helo() || is_for_want_of_tls(plan, talk) => None,
        WithheldReason::NotOffered => Some(not_offered(plan, talk, event)),
        WithheldReason::NoCommonMechanism { offered, allowed } => Some(no_common(event, offered, allowed)),
    }
}

/// `--tls none` with a user: nobody but the user is at fault, and STARTTLS may well be offered.
fn plaintext_by_choice(plan: &Plan, talk: Talk<'_>, event: &Event) -> Option<Finding> {
    if plan.tls_use() != TlsUse::Never {
        return None;
    }
    let summary = "the password stayed here: --tls none leaves the line open to everybody on the way".to_owned();
    let mut finding = Finding::new(&AUTH_WITHHELD, Stage::Auth, Confidence::Certain, summary).on(event);
    finding.cause = "no secret goes over a line that is not encrypted unless you say so by name".to_owned();
    if talk.capabilities(Stage::Ehlo).is_some_and(|(_, offers)| offers.has("STARTTLS")) {
        finding.fixes.push(Fix::text("leave --tls none away: the server offers STARTTLS"));
    }
    finding.fixes.push(Fix::text("or, on a line that you trust, add --allow-plaintext-auth"));
    finding.failure = Some(Failure::Auth);
    Some(finding)
}

fn is_for_want_of_tls(plan: &Plan, talk: Talk<'_>) -> bool {
    let wanted = matches!(plan.tls_use(), TlsUse::IfOffered | TlsUse::Required);
    let missing = talk.capabilities(Stage::Ehlo).is_some_and(|(_, offers)| !offers.has("STARTTLS"));
    wanted && missing && plan.target.port != 25
}

fn not_offered(plan: &Plan, talk: Talk<'_>, event: &Event) -> Finding {
    let encrypted = talk.handshake().is_some();
    let summary = if encrypted {
        "the server offers no AUTH, not even inside TLS, so there is nowhere to log in".to_owned()
    } else {
        "the server offers no AUTH on this open line, so there is nowhere to log in".to_owned()
    };
    let mut finding = Finding::new(&AUTH_NOT_OFFERED, Stage::Auth, Confidence::Certain, summary).on(event);
    finding.cause = match (plan.target.port, encrypted) {
        (25, _) => "port 25 is for mail between servers; logins belong to 587 or 465".to_owned(),
        (_, false) => "many servers offer AUTH inside TLS only, and --tls none leaves it out".to_owned(),
        _ => "this host receives mail and takes no logins".to_owned(),
    };
    if plan.target.port != 25 && encrypted {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("AUTH may not be switched on yet; the operator can tell".to_owned());
    }
    if plan.tls_use() == TlsUse::Never {
        finding.fixes.push(Fix::text("leave --tls none away, so that AUTH can be offered inside TLS"));
    }
    for port in [587u16, 465].into_iter().filter(|&port| port != plan.target.port).take(1) {
        finding.fixes.push(Fix::run(
            "log in on the submission port",
            format!("smtpcheck {} --user USER", plan.target.host.with_port(port)),
        ));
    }
    finding.fixes.push(Fix::text("use the provider's submission host (often smtp.* or mail.*), not its MX"));
    finding.consequences.push("the password stayed here".to_owned());
    finding.failure = Some(Failure::Auth);
    finding
}

fn no_common(event: &Event, offered: &[String], allowed: &[String]) -> Finding {
    let summary = format!("the server offers AUTH {}, and none of it can be used", offered.join(" "));
    let mut finding = Finding::new(&AUTH_MECHANISM_MISMATCH, Stage::Auth, Confidence::Certain, summary).on(event);
    let only_tokens = offered.iter().all(|name| name.contains("OAUTH"));
    let has_token = !allowed.is_empty() && allowed.iter().all(|name| name.contains("OAUTH"));
    finding.cause = if has_token {
        "a token is given, and the server takes passwords".to_owned()
    } else if only_tokens {
        "passwords are switched off at this server: it takes OAuth tokens only".to_owned()
    } else {
        format!("allowed here: {}", allowed.join(" "))
    };
    finding.fixes.push(if only_tokens {
        Fix::text(
            "use a program that logs in with OAuth 2.0, or ask the provider for an app password or SMTP credentials",
        )
    } else {
        Fix::text("allow another mechanism with --auth, or have the operator offer PLAIN inside TLS")
    });
    finding.consequences.push("the password stayed here".to_owned());
    finding.failure = Some(Failure::Auth);
    finding
}

fn cancelled(talk: Talk<'_>) -> Option<Finding> {
    let (event, reason) = talk.events().find_map(|event| match &event.what {
        What::AuthCancelled { reason } => Some((event, *reason)),
        _ => None,
    })?;
    if reason == CancelReason::ServerUnproved {
        return Some(unproved(event));
    }
    let summary = match reason {
        CancelReason::Malformed => "the server's challenge is not one of the login mechanism that it offers",
        CancelReason::Iterations => "the server asks for a number of hashing rounds that is out of all bounds",
        CancelReason::ServerUnproved | CancelReason::UnexpectedChallenge => {
            "the server asked for more than the login mechanism has"
        }
        CancelReason::NotBase64 => "the server sent a challenge that is not base64",
    };
    let mut finding =
        Finding::new(&AUTH_EXCHANGE_BROKEN, Stage::Auth, Confidence::Certain, summary.to_owned()).on(event);
    finding.cause = "the server does not follow the mechanism that it offers; the login was cancelled".to_owned();
    finding
        .fixes
        .push(Fix::text("try another mechanism with --auth; the operator looks at the authentication service"));
    finding.failure = Some(Failure::Protocol);
    Some(finding)
}

fn unproved(event: &Event) -> Finding {
    let summary = "the server does not prove that it knows the password, whatever it says".to_owned();
    let finding = Finding::new(&AUTH_SERVER_UNPROVED, Stage::Auth, Confidence::Certain, summary).on(event);
    Finding {
        cause: "its signature of the login is wrong or missing; somebody who does not know the password may stand there and let everybody in".to_owned(),
        fixes: vec![
            Fix::text("repeat the check from another network; the password itself was not sent"),
            Fix::text("the operator looks at the authentication service and at what stands in front of it"),
        ],
        failure: Some(Failure::Protocol),
        ..finding
    }
}
