//! Authentication in a session: decides whether a login may start, sends its lines, and continues the session after it.

use super::login::{AuthChannel, AuthExchange, AuthLine};
use super::state::{Action, AuthProbe, Dialogue, Drained, Encryption, Pairing, Peer, SessionState};
use crate::evidence::fit::{Fit, fit};
use crate::evidence::{CancelReason, EventKind, PasswordOddity, Phase, WithheldReason};
use crate::plan::{Plaintext, QuitAfter, Unverified};
use crate::sasl::token::{self, Facts};
use crate::sasl::{Credentials, Proof};
use crate::wire::{Class, Command, Reply};

impl<'a> Dialogue<'a> {
    /// Continues after the reply to the AUTH command that tests whether AUTH works before TLS. If the server responds
    /// to `*` with another challenge, the session ends, and `*` is not sent again.
    pub(super) fn question_answered(&mut self, asked: AuthProbe, reply: &Reply) {
        match (asked, reply.has_code(334)) {
            (AuthProbe::Begun, true) => {
                self.send_one(Command::Cancel, Phase::Auth, SessionState::AskAuth(AuthProbe::BrokenOff))
            }
            (AuthProbe::BrokenOff, true) => self.send_quit(),
            (_, false) => self.begin_envelope(),
        }
    }

    pub(super) fn begin_auth(&mut self) {
        let Some(wanted) = &self.script.login else { return self.begin_envelope() };
        if self.access.is_none() {
            return self.begin_envelope();
        }
        if self.drain_stray(Phase::Auth) == Drained::Closing {
            return;
        }
        if self.pairing == Pairing::OutOfStep {
            return self.send_quit();
        }
        let Some(access) = &self.access else { return };
        let offered = self.offers.auth_mechanisms();
        let channel = AuthChannel { binding: self.binding.as_ref(), tried: &self.tried };
        let login = AuthExchange::choose(wanted, &offered, access, channel);
        let withheld = match (&login, self.encryption) {
            // This reason takes precedence: if AUTH is not advertised, encryption and trust do not matter.
            (Err(reason), _) => Some(reason.clone()),
            (Ok(login), _) if !login.has_secret() => None,
            (Ok(_), Encryption::Plain) if wanted.plaintext == Plaintext::Refused => Some(WithheldReason::Plaintext),
            (Ok(_), Encryption::Encrypted(Peer::Unverified)) if wanted.unverified == Unverified::Refused => {
                Some(WithheldReason::Unverified)
            }
            (Ok(_), _) => None,
        };
        let looks = describe_secret(access.credentials);
        let is_refresh = matches!(&looks, Some(EventKind::Token { form, .. }) if form.has_refresh_token());
        let withheld = withheld.or(is_refresh.then_some(WithheldReason::RefreshToken));
        if self.tried.is_empty() {
            self.steps.extend(looks.map(|what| Action::Note(Phase::Auth, what)));
        }
        match (login, withheld) {
            (Ok(mut login), None) => {
                let turn = login.open();
                self.tried.push(login.name());
                self.state = SessionState::Auth(login);
                self.send_auth(turn);
            }
            (_, Some(reason)) => {
                // After the server has rejected a mechanism, it is normal that no mechanism remains, so this is not
                // recorded.
                if self.tried.is_empty() {
                    self.note(Phase::Auth, EventKind::Withheld { reason });
                }
                self.send_quit();
            }
            (Err(_), None) => self.send_quit(),
        }
    }

    pub(super) fn auth_answered(&mut self, mut login: AuthExchange<'a>, reply: &Reply) {
        let fits = fit(Phase::Auth, reply);
        let accepts = fits == Fit::Accepts && !login.is_cancelled();
        // If the server responds to `*` with another challenge, the exchange ends.
        if fits == Fit::Continues && !login.is_cancelled() {
            let turn = login.answer(reply);
            self.state = SessionState::Auth(login);
            return self.send_auth(turn);
        }
        if accepts && !login.is_proved() {
            // RFC 5802 §3: a server that accepts the login without sending its signature may be an impostor.
            self.note(Phase::Auth, EventKind::AuthCancelled { reason: CancelReason::ServerUnproved });
            return self.send_quit();
        }
        if accepts && self.script.quit_after > QuitAfter::Auth {
            return self.begin_envelope();
        }
        let try_all = self.script.login.as_ref().is_some_and(|wanted| wanted.try_all);
        // The next mechanism is also tried after an invalid challenge, if the server rejected `*` as RFC 4954 §4
        // requires. If the server did not prove that it has the password, no other mechanism is tried, because the next
        // one might send the password itself.
        if try_all && fits == Fit::Rejects && reply.class() == Class::Permanent && !login.is_unproved() {
            return self.begin_auth();
        }
        self.send_quit();
    }

    pub(super) fn send_auth(&mut self, turn: AuthLine) {
        self.made.extend(turn.hides);
        if self.drain_stray(Phase::Auth) == Drained::Closing {
            return;
        }
        if let Some(text) = turn.explained {
            self.note(Phase::Auth, EventKind::Explained { text });
        }
        if let Some(reason) = turn.cancelled {
            self.note(Phase::Auth, EventKind::AuthCancelled { reason });
        }
        let text = turn.shown;
        self.steps
            .push_back(Action::Note(Phase::Auth, EventKind::Sent { text, redacted: turn.redacted, recipient: None }));
        self.steps.push_back(Action::Send(turn.line));
    }
}

fn is_quoted(text: &str) -> bool {
    text.len() > 2 && ['"', '\''].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote))
}

/// Whether the text contains a special character in the form of a URL: %21 to %2F, %3A, %3D, %3F, %40.
fn is_percent_encoded(text: &str) -> bool {
    let special = |code: &str| {
        let code = code.to_ascii_uppercase();
        code.starts_with('2') && u8::from_str_radix(&code, 16).is_ok()
            || matches!(code.as_str(), "3A" | "3D" | "3F" | "40")
    };
    text.match_indices('%').any(|(at, _)| text.get(at + 1..at + 3).is_some_and(special))
}

/// Properties of the secret that are relevant if the server rejects it. The secret itself is not included.
fn describe_secret(credentials: &Credentials) -> Option<EventKind> {
    match &credentials.proof {
        Proof::Token(secret) => {
            let Facts { form, expires, audience, claims } = token::inspect(secret, &credentials.user);
            Some(EventKind::Token { form, expires, audience, claims })
        }
        Proof::Password(secret) => {
            let text = secret.reveal();
            let groups: Vec<&str> = text.split(' ').collect();
            let of_letters = |group: &&str| group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_lowercase());
            let signs = [
                (text.starts_with(char::is_whitespace), PasswordOddity::LeadingBlank),
                (text.ends_with(char::is_whitespace), PasswordOddity::TrailingBlank),
                (groups.len() == 4 && groups.iter().all(of_letters), PasswordOddity::AppPasswordWithBlanks),
                (!text.is_ascii(), PasswordOddity::NotAscii),
                (is_quoted(text), PasswordOddity::Quoted),
                (is_percent_encoded(text), PasswordOddity::PercentEncoded),
            ];
            let oddities: Vec<PasswordOddity> =
                signs.into_iter().filter(|(is_so, _)| *is_so).map(|(_, oddity)| oddity).collect();
            (!oddities.is_empty()).then_some(EventKind::OddPassword { oddities })
        }
        Proof::NoSecret => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_percent_encoded, is_quoted};

    #[test]
    fn quotation_marks_around_a_password_are_recognised() {
        assert!(is_quoted("\"secret\"") && is_quoted("'secret'"));
        assert!(!is_quoted("sec\"ret") && !is_quoted("\"secret'") && !is_quoted("\"") && !is_quoted(""));
    }

    #[test]
    fn the_codes_of_special_characters_in_urls_are_recognised() {
        assert!(is_percent_encoded("pa%40ss") && is_percent_encoded("pa%2fss") && is_percent_encoded("%3A"));
        assert!(!is_percent_encoded("100%") && !is_percent_encoded("50%ab") && !is_percent_encoded("%é"));
    }
}
