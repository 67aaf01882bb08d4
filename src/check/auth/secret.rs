//! Faults of the secret itself, if a login failed: the claims of a token, the form of a password. Neither is shown.

use super::super::finding::{Finding, PhaseFailure};
use super::super::peer;
use super::rules::{AUTH_TOKEN_EXPIRED, AUTH_TOKEN_UNSUITABLE};
use crate::evidence::{EventKind, Evidence, PasswordOddity, Phase, Session, TokenForm};
use crate::lexicon::{Category, Confidence, Fix};
use crate::plan::Plan;

/// A fault that the token itself shows, if the login did not succeed.
pub(in crate::check) fn token(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    if session.reply_at(Phase::Auth).is_some_and(|received| received.accepts()) {
        return None;
    }
    let (event, form, expires, audience) = session.believed().find_map(|event| match &event.what {
        EventKind::Token { form, expires, audience } => Some((event, *form, *expires, audience.as_deref())),
        _ => None,
    })?;
    let now = evidence.started_at.as_second();
    let (rule, summary, cause, fix) = if form == TokenForm::Refresh {
        (
            &AUTH_TOKEN_UNSUITABLE,
            "the token looks like a refresh token and was therefore not sent".to_owned(),
            "A refresh token is for the token service, which issues an access token for it. A mail server accepts only the access token.",
            "Use the refresh token to get an access token, and log in with that",
        )
    } else if let Some(ago) = expires.map(|end| now - end).filter(|ago| *ago > 0) {
        (
            &AUTH_TOKEN_EXPIRED,
            format!("the access token expired {} minutes ago", ago / 60),
            "Access tokens are valid for about an hour. By this machine's clock, this one has expired.",
            "Get a new token just before the login, for example with --token-command",
        )
    } else if let Some(audience) = audience.filter(|audience| is_foreign(plan, session, audience)) {
        (
            &AUTH_TOKEN_UNSUITABLE,
            format!("the access token is for {audience}, not for mail"),
            "Microsoft's mail servers accept only tokens for https://outlook.office.com.",
            "Request the scope https://outlook.office.com/SMTP.Send from the token service",
        )
    } else {
        return None;
    };
    let mut finding = Finding::new(rule, Phase::Auth, Confidence::Likely, summary).on(event);
    // The rejection follows from it and is not a separate finding.
    if let Some(received) = session.reply_at(Phase::Auth) {
        finding = finding.on(received.event);
        finding.consequences.push(format!("The login was rejected: {}", received.first_line()));
        finding.consequences.extend(challenge_error(session));
    }
    Some(Finding {
        category: Some(Category::Credentials),
        cause: cause.to_owned(),
        otherwise: Some("smtpcheck may misread the token, or this machine's clock may be wrong. Ask the token service what the token is for.".to_owned()),
        fixes: vec![Fix::text(fix)],
        failure: Some(PhaseFailure::Auth),
        ..finding
    })
}

/// Whether the token is not for mail, for the one provider whose audiences are known.
fn is_foreign(plan: &Plan, session: Session<'_>, audience: &str) -> bool {
    let microsoft = peer::provider(plan, session).is_some_and(|provider| provider.id.starts_with("microsoft"));
    microsoft && !audience.contains("outlook.office")
}

/// Sentences about features of a password that are often mistakes.
pub(in crate::check) fn oddities(session: Session<'_>) -> Vec<String> {
    let found = session.believed().find_map(|event| match &event.what {
        EventKind::OddPassword { oddities } => Some(oddities.as_slice()),
        _ => None,
    });
    let word = |oddity: &PasswordOddity| match oddity {
        PasswordOddity::LeadingBlank => "The password begins with a space, which may be a copying error",
        PasswordOddity::TrailingBlank => "The password ends with a space, which may be a copying error",
        PasswordOddity::AppPasswordWithBlanks => {
            "The password looks like an app password with spaces between its groups; Google expects it without them"
        }
        PasswordOddity::NotAscii => {
            "The password contains non-ASCII characters, which programs encode in different ways; try one without them"
        }
    };
    found.unwrap_or_default().iter().map(|oddity| word(oddity).to_owned()).collect()
}

/// The server's own explanation of a rejected token, which it sends before its 535.
pub(in crate::check) fn challenge_error(session: Session<'_>) -> Vec<String> {
    let words = session.believed().filter_map(|event| match &event.what {
        EventKind::Explained { text } => Some(format!("The server's explanation: {}", event.quote(text))),
        _ => None,
    });
    words.collect()
}
