//! AUTH: what is offered where, and what came of a login.

use super::{Check, Confidence, Docs, Failure, Finding, Fix, Rule, Severity, asks_nothing};
use crate::evidence::{CancelReason, Event, Evidence, Stage, Talk, What, WithheldReason};
use crate::plan::{Plan, QuitAfter, TlsUse};
use crate::wire::Capabilities;

pub static CHECK: Check = Check {
    subject: "auth",
    ask: asks_nothing,
    judge,
    rules: &[&AUTH_NOT_OFFERED, &AUTH_MECHANISM_MISMATCH, &AUTH_EXCHANGE_BROKEN, &AUTH_IN_PLAINTEXT, &AUTH_WITHHELD],
};

static AUTH_NOT_OFFERED: Rule = Rule {
    id: "auth-not-offered",
    severity: Severity::Error,
    title: "the server takes no login here",
    cites: &["RFC 4954 section 3", "RFC 6409 section 4.3"],
    docs: Docs {
        sees: "A login was wanted (--user), and AUTH is not among the keywords of the last EHLO answer. Nothing was sent.",
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
        sees: "The server asked for more than the mechanism has, or with something that is not base64; smtpcheck cancelled the login with `*`.",
        matters: "No client can log in this way.",
        action: "Try another mechanism with --auth; the operator looks at the authentication service.",
        example: "334 after the password of AUTH LOGIN",
        references: "RFC 4954 section 4",
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
    findings
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
    finding.cause = if only_tokens {
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
    let summary = match reason {
        CancelReason::UnexpectedChallenge => "the server asked for more than the login mechanism has",
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
