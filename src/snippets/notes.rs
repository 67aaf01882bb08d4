//! The notes for a configuration: what was not verified, what an unsafe default of the program would do, and what the
//! program needs in addition to the configuration.

use super::program::{NoteCondition, PasswordSupport, Program, Safeguard};
use super::server::{PASSWORD_VARIABLE, PasswordReference, Proven, ServerSettings, TransportSecurity};
use super::template::{self, TemplateError, ValueForm, Values};

/// All notes, most important first.
pub(super) fn notes(
    program: &Program,
    settings: &ServerSettings,
    values: &Values,
) -> Result<Vec<String>, TemplateError> {
    let mut notes: Vec<String> =
        unproved(settings).map(|(part, reason)| format!("Not verified: {part} ({reason})")).collect();
    if settings.security == TransportSecurity::None {
        notes.push(
            "The connection is unencrypted: anyone on the network path can read the messages and the password"
                .to_owned(),
        );
    }
    notes.extend(defaults(program, settings));
    notes.extend(mechanisms(program, settings));
    notes.extend(password(program, settings));
    if settings.ehlo.is_some() && !program.template.contains("ehlo") {
        notes.push(format!("{} has no option for the EHLO name", program.name));
    }
    if sender_of(settings).is_none() {
        notes.push("Replace you@example.net with your email address, which was not given (--from, or the address in smtpcheck settings)".to_owned());
    }
    for note in program.notes.iter().filter(|note| note.when.iter().all(|condition| holds(*condition, settings))) {
        notes.push(template::fill(note.text, ValueForm::Bare, values)?);
    }
    Ok(notes)
}

/// The parts of the settings that were verified.
pub(super) fn proved(settings: &ServerSettings) -> impl Iterator<Item = &'static str> {
    parts(settings).into_iter().filter(|(_, proven)| **proven == Proven::Yes).map(|(part, _)| part)
}

/// The parts of the settings that were not verified, with the reasons.
pub(super) fn unproved(settings: &ServerSettings) -> impl Iterator<Item = (&'static str, &str)> {
    parts(settings).into_iter().filter_map(|(part, proven)| match proven {
        Proven::No { reason } => Some((part, reason.as_str())),
        Proven::Yes | Proven::NotNeeded => None,
    })
}

fn parts(settings: &ServerSettings) -> [(&'static str, &Proven); 5] {
    let proof = &settings.proof;
    [
        ("host name", &proof.host),
        ("TLS", &proof.tls),
        ("certificate", &proof.certificate),
        ("login", &proof.login),
        ("sender", &proof.sender),
    ]
}

/// The sender, or the user name if it is an email address.
pub(super) fn sender_of(settings: &ServerSettings) -> Option<String> {
    let given = settings.sender.as_ref().and_then(|sender| sender.mailbox()).map(ToString::to_string);
    let user = || settings.login.as_ref().map(|login| login.user.clone());
    given.or_else(|| user().filter(|user| crate::wire::Mailbox::parse(user).is_ok()))
}

/// The path of the file that contains the password, if the configuration contains one.
pub(super) fn password_file(program: &Program, settings: &ServerSettings) -> Option<String> {
    let reference = &settings.login.as_ref()?.password;
    match (program.password, reference) {
        (PasswordSupport::Variable | PasswordSupport::OwnStore, _)
        | (PasswordSupport::Any, PasswordReference::Variable) => None,
        (_, PasswordReference::File(path)) => Some(path.display().to_string()),
        (PasswordSupport::File(path), PasswordReference::Variable) => Some(path.to_owned()),
    }
}

fn defaults(program: &Program, settings: &ServerSettings) -> Vec<String> {
    let (tls, login) = (settings.security, settings.login.is_some());
    let name = program.name;
    let rows = [
        (
            &program.defaults.unencrypted,
            tls == TransportSecurity::StartTls,
            "sends mail unencrypted if the server does not advertise STARTTLS",
        ),
        (&program.defaults.untrusted, tls != TransportSecurity::None, "accepts a certificate that is not trusted"),
        (
            &program.defaults.other_name,
            tls != TransportSecurity::None,
            "accepts a certificate for a different host name",
        ),
        (&program.defaults.no_login, login, "sends mail without a login if the server does not advertise AUTH"),
    ];
    let rows = rows.into_iter().filter(|(_, applies, _)| *applies);
    rows.filter_map(|(safeguard, _, what)| match safeguard.as_ref()? {
        Safeguard::Option(option) => {
            Some(format!("By default, {name} {what}; {option} in this configuration prevents this"))
        }
        Safeguard::Note => None,
        Safeguard::Missing => Some(format!(
            "{name} {what}, and no option prevents this: a message that arrives does not prove that the settings work"
        )),
    })
    .collect()
}

/// Whether the program and the server have a mechanism in common.
fn mechanisms(program: &Program, settings: &ServerSettings) -> Option<String> {
    let login = settings.login.as_ref()?;
    let is_common = |one: &String| program.mechanisms.iter().any(|known| known.eq_ignore_ascii_case(one));
    if login.mechanisms.is_empty() || login.mechanisms.iter().any(is_common) {
        return None;
    }
    let known = program.mechanisms.join(", ");
    Some(format!(
        "{} cannot log in to this server: it supports only {known}, which the server does not advertise",
        program.name
    ))
}

fn password(program: &Program, settings: &ServerSettings) -> Option<String> {
    let login = settings.login.as_ref()?;
    match (program.password, &login.password) {
        (PasswordSupport::OwnStore, _)
        | (PasswordSupport::Any | PasswordSupport::File(_), PasswordReference::File(_)) => None,
        (PasswordSupport::Any | PasswordSupport::Variable, PasswordReference::Variable) => Some(format!(
            "Set the environment variable {PASSWORD_VARIABLE} to the password: {} reads the password from this variable. Only smtpcheck reads SMTPCHECK_PASSWORD",
            program.name
        )),
        (PasswordSupport::Variable, PasswordReference::File(path)) => Some(format!(
            "Set the environment variable {PASSWORD_VARIABLE} to the password in {}: {} cannot read the password from a file. Only smtpcheck reads SMTPCHECK_PASSWORD",
            path.display(),
            program.name
        )),
        (PasswordSupport::File(path), PasswordReference::Variable) => Some(format!(
            "Write the password to the file {path}, and make sure that only {} can read this file",
            program.name
        )),
    }
}

fn holds(condition: NoteCondition, settings: &ServerSettings) -> bool {
    match condition {
        NoteCondition::Implicit => settings.security == TransportSecurity::Implicit,
        NoteCondition::StartTls => settings.security == TransportSecurity::StartTls,
        NoteCondition::Encrypted => settings.security != TransportSecurity::None,
        NoteCondition::Unencrypted => settings.security == TransportSecurity::None,
        NoteCondition::Login => settings.login.is_some(),
        NoteCondition::CaFile => settings.ca_file.is_some(),
        NoteCondition::IpAddress => settings.host.name().is_none(),
    }
}
