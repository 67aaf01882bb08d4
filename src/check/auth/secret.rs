//! What the secret itself tells of a login that failed: a token by its claims, a password by its form. Neither is shown.

use super::super::{Confidence, Finding, Fix, PhaseFailure, peer};
use super::rules::{AUTH_TOKEN_EXPIRED, AUTH_TOKEN_UNFIT};
use crate::evidence::{EventKind, Evidence, PasswordOddity, Phase, Session, TokenForm};
use crate::lexicon::Category;
use crate::plan::Plan;

/// What the token says of itself, where the login did not succeed.
pub(in crate::check) fn token(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    if session.reply_at(Phase::Auth).is_some_and(|heard| heard.accepts()) {
        return None;
    }
    let (event, form, expires, audience) = session.believed().find_map(|event| match &event.what {
        EventKind::Token { form, expires, audience } => Some((event, *form, *expires, audience.as_deref())),
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
    } else if let Some(audience) = audience.filter(|audience| is_foreign(plan, session, audience)) {
        (
            &AUTH_TOKEN_UNFIT,
            format!("the access token is for {audience}, not for mail"),
            "Microsoft's mail servers take tokens for https://outlook.office.com only",
            "ask the token service for the scope https://outlook.office.com/SMTP.Send",
        )
    } else {
        return None;
    };
    let mut finding = Finding::new(rule, Phase::Auth, Confidence::Likely, summary).on(event);
    // The refusal follows from it, and is no finding of its own.
    if let Some(heard) = session.reply_at(Phase::Auth) {
        finding = finding.on(heard.event);
        finding.consequences.push(format!("the login is refused: {}", heard.first_line()));
        finding.consequences.extend(challenge_error(session));
    }
    Some(Finding {
        category: Some(Category::Credentials),
        cause: cause.to_owned(),
        otherwise: Some("the look at the token may mislead, or the clock here be wrong; the token service tells for what it is good".to_owned()),
        fixes: vec![Fix::text(fix)],
        failure: Some(PhaseFailure::Auth),
        ..finding
    })
}

/// Whether an audience is not mail's, at the provider of which that is known.
fn is_foreign(plan: &Plan, session: Session<'_>, audience: &str) -> bool {
    let microsoft = peer::provider(plan, session).is_some_and(|provider| provider.id.starts_with("microsoft"));
    microsoft && !audience.contains("outlook.office")
}

/// What about a password is often a mistake, in words.
pub(in crate::check) fn oddities(session: Session<'_>) -> Vec<String> {
    let found = session.believed().find_map(|event| match &event.what {
        EventKind::OddPassword { oddities } => Some(oddities.as_slice()),
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

/// What the server said about a refused token before its 535.
pub(in crate::check) fn challenge_error(session: Session<'_>) -> Vec<String> {
    let words = session.believed().filter_map(|event| match &event.what {
        EventKind::Explained { text } => Some(format!("the server's own words: {}", event.quote(text))),
        _ => None,
    });
    words.collect()
}
