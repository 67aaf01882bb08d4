//! Authentication flags: the user name, and the SASL mechanisms to log in with.

use clap::Args;

use super::InvalidValue;
use crate::sasl;
use crate::source::nearest;

const HEADING: &str = "Authentication";

/// The flags of this group, except the sources of the password.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct AuthArgs {
    /// User name to log in with; without it, smtpcheck shows the advertised mechanisms but does not log in
    #[arg(short, long, value_name = "USER", value_parser = user_name, help_heading = HEADING)]
    pub user: Option<String>,
    /// SASL mechanisms to use, separated by commas, in order of preference
    #[arg(long, value_name = "MECH[,MECH]", value_parser = mechanisms, help_heading = HEADING)]
    pub auth: Option<Mechanisms>,
    /// Authorization identity: act as this user, if the server permits it
    #[arg(long, value_name = "NAME", value_parser = authorization_name, help_heading = HEADING)]
    pub authzid: Option<String>,
    /// If the login is rejected, try the next mechanism with the same password; each attempt may count towards an account lockout
    #[arg(long, help_heading = HEADING)]
    pub try_all_mechanisms: bool,
    /// Do not log in, even with --user
    #[arg(long, help_heading = HEADING)]
    pub no_auth: bool,
    /// Send the password even over an unencrypted connection
    #[arg(long, help_heading = HEADING)]
    pub allow_plaintext_auth: bool,
}

/// Names of mechanisms that smtpcheck implements, in order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mechanisms(pub Vec<String>);

pub(super) fn mechanisms(text: &str) -> Result<Mechanisms, InvalidValue> {
    text.split(',').map(|name| mechanism(name.trim())).collect::<Result<_, _>>().map(Mechanisms)
}

fn mechanism(name: &str) -> Result<String, InvalidValue> {
    if name.is_empty() {
        return Err(InvalidValue::new("a mechanism is empty", "for example: PLAIN,LOGIN"));
    }
    let names = || sasl::MECHANISMS.iter().map(|mechanism| mechanism.name);
    sasl::find(name).map(|mechanism| mechanism.name.to_owned()).ok_or_else(|| {
        let hint = match nearest(name, names()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("use one of {}", names().collect::<Vec<_>>().join(", ")),
        };
        InvalidValue::new(format!("unknown mechanism {}", name.escape_debug()), hint)
    })
}

pub(super) fn user_name(text: &str) -> Result<String, InvalidValue> {
    if text.contains(':') {
        let hint = format!("write only the user name, and provide the password with {}", super::password::SOURCES);
        return Err(InvalidValue { is_secret: true, ..InvalidValue::new("a user name cannot contain a colon", hint) });
    }
    authorization_name(text)
}

fn authorization_name(text: &str) -> Result<String, InvalidValue> {
    if text.chars().any(char::is_control) {
        let hint = "remove it";
        return Err(InvalidValue::new("the name contains a line break or another control character", hint));
    }
    Ok(text.to_owned())
}
