//! Faults of the secret itself, after a login failed: the claims of a token, and features of a password that are often
//! mistakes. Token and password are never shown.

use super::super::finding::{Finding, PhaseFailure};
use super::super::peer;
use super::rules::{AUTH_TOKEN_EXPIRED, AUTH_TOKEN_UNSUITABLE};
use crate::evidence::{EventKind, Evidence, PasswordOddity, Phase, Session, TokenForm};
use crate::lexicon::{Category, Confidence, Fix};
use crate::plan::Plan;

/// A finding about a fault of the token itself, if the login did not succeed.
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
            "smtpcheck did not send the token, because it seems to be a refresh token".to_owned(),
            "A refresh token may be sent only to the token service, which issues access tokens in return. A mail server accepts only access tokens.",
            "Use the refresh token to get an access token from the token service, and log in with the access token",
        )
    } else if let Some(ago) = expires.map(|end| now - end).filter(|ago| *ago > 0) {
        (
            &AUTH_TOKEN_EXPIRED,
            format!("the access token expired {}", minutes_ago(ago / 60)),
            "According to this machine's clock, the access token has expired. Access tokens are usually valid for about an hour.",
            "Get a new token just before the login, for example with --token-command",
        )
    } else if let Some(audience) = audience.filter(|audience| is_foreign(plan, session, audience)) {
        (
            &AUTH_TOKEN_UNSUITABLE,
            format!("the access token is for {audience}, not for the mail service"),
            "Microsoft's mail servers accept only access tokens for https://outlook.office.com.",
            "Request the scope https://outlook.office.com/SMTP.Send from the token service",
        )
    } else {
        return None;
    };
    let mut finding = Finding::new(rule, Phase::Auth, Confidence::Likely, summary).on(event);
    // The rejection is a consequence of this fault, not a separate finding.
    if let Some(received) = session.reply_at(Phase::Auth) {
        finding = finding.on(received.event);
        finding.consequences.push(format!("The login was rejected: {}", received.first_line()));
        finding.consequences.extend(challenge_error(session));
    }
    Some(Finding {
        category: Some(Category::Credentials),
        cause: cause.to_owned(),
        otherwise: Some(
            "smtpcheck may have misinterpreted the token, or this machine's clock may be wrong. Check the clock and the type of the token to find out."
                .to_owned(),
        ),
        fixes: vec![Fix::text(fix)],
        failure: Some(PhaseFailure::Auth),
        ..finding
    })
}

fn minutes_ago(minutes: i64) -> String {
    match (minutes, minutes / 60, minutes / 60 / 24) {
        (0, ..) => "less than a minute ago".to_owned(),
        (1, ..) => "1 minute ago".to_owned(),
        (_, 0 | 1, _) => format!("{minutes} minutes ago"),
        (_, hours, 0 | 1) => format!("{hours} hours ago"),
        (_, _, days) => format!("{days} days ago"),
    }
}

/// Whether the token is not for mail. Only Microsoft's audiences are known.
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
            "The password looks like an app password with spaces between its groups. Google expects it without spaces."
        }
        PasswordOddity::NotAscii => {
            "The password contains non-ASCII characters, which programs encode in different ways. Try a password without them."
        }
    };
    found.unwrap_or_default().iter().map(|oddity| word(oddity).to_owned()).collect()
}

/// The server's explanation of a rejected token, which it sends before its 535 reply.
pub(in crate::check) fn challenge_error(session: Session<'_>) -> Vec<String> {
    let words = session.believed().filter_map(|event| match &event.what {
        EventKind::Explained { text } => Some(format!("The server's explanation: {}", event.quote(text))),
        _ => None,
    });
    words.collect()
}
