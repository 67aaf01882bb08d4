//! Oddities of a password, and the server's explanation of a rejected secret. The secret is not shown.

use crate::evidence::{EventKind, PasswordOddity, Session};
use crate::lexicon::Fix;

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
        PasswordOddity::Quoted => {
            "The password begins and ends with a quotation mark, which is probably not part of it (docker --env-file, for example, keeps quotation marks)"
        }
        PasswordOddity::PercentEncoded => {
            "The password contains a percent sign with two hexadecimal digits, as in a URL. If it was copied from a URL, %40 stands for @, %23 for # and %2F for /."
        }
        PasswordOddity::NotAscii => {
            "The password contains non-ASCII characters, which programs encode in different ways. Try a password without them."
        }
    };
    found.unwrap_or_default().iter().map(|oddity| word(oddity).to_owned()).collect()
}

/// A fix for a password in quotation marks. General advice recommends quotation marks for special characters.
pub(in crate::check) fn without_quotes(session: Session<'_>) -> Option<Fix> {
    let is_quoted = session.believed().any(|event| {
        matches!(&event.what, EventKind::OddPassword { oddities } if oddities.contains(&PasswordOddity::Quoted))
    });
    is_quoted.then(|| {
        Fix::text(
            "Enter the password without the quotation marks around it (docker --env-file and the fields of settings pages keep them; shells and most .env files remove them)",
        )
    })
}

/// The explanation that a server sends before its 535 reply if it rejects a token.
pub(in crate::check) fn challenge_error(session: Session<'_>) -> Vec<String> {
    let words = session.believed().filter_map(|event| match &event.what {
        EventKind::Explained { text } => Some(format!("The server's explanation: {}", event.quote(text))),
        _ => None,
    });
    words.collect()
}
