//! Builds the plan for `smtpcheck settings`: the email address or domain, the sources to query, and the login.

use clap::ArgMatches;

use super::commands::settings::SettingsArgs;
use super::flags::password::{PasswordEnvironment, PasswordSource};
use super::flags::settings::DatabaseChoice;
use super::plan::{limits, origins};
use super::template::template;
use super::{UsageError, domain, resolve};
use crate::host::file;
use crate::plan::{
    Discovery, Login, LoginConsent, LoginProof, Plaintext, Plan, Protocol, QuitAfter, SettingsPlan, Target, Tls,
    Unverified, ValueOrigin,
};
use crate::sasl::{self, CredentialKind};
use crate::wire::Host;

/// The ports to try on guessed host names (RFC 8314).
const GUESSED_PORTS: [u16; 2] = [465, 587];

/// The plan, without a login.
pub fn plan(args: &SettingsArgs, matches: &ArgMatches, hostname: Option<&str>) -> Result<Plan, UsageError> {
    args.password.reject_argument()?;
    let [input] = args.domains.as_slice() else { return Err(several(&args.domains)) };
    let typed = domain::parse(input).map_err(|error| UsageError { flag: Some("address".into()), ..error })?;
    let mut origins = origins(matches, &args.from_file);
    if args.ehlo.ehlo.is_none() {
        origins.insert("ehlo".to_owned(), ValueOrigin::Machine);
    }
    let settings = SettingsPlan {
        domain: typed.name.clone(),
        address: typed.recipient,
        user: args.login.user.clone(),
        discovery: if args.sources.offline { Discovery::BuiltIn } else { Discovery::All },
        database: match &args.sources.ispdb {
            DatabaseChoice::Host(host) => Some(host.clone()),
            DatabaseChoice::None => None,
        },
        guessed_ports: if args.port.port.is_empty() { GUESSED_PORTS.to_vec() } else { args.port.port.clone() },
        consent: if args.login.yes { LoginConsent::All } else { LoginConsent::None },
        // A later process does not have the file descriptors of this one.
        password_file: args.password.password_file.clone().filter(|path| !file::is_of_this_process(path)),
        trust_anchor: args.sources.trust_anchor.clone(),
        https_port: args.port.https_port,
        http_port: args.port.http_port,
    };
    let target = Target { input: input.clone(), host: Host::Name(typed.name), port: 465, protocol: Protocol::Smtp };
    let base = template(target, limits(&args.connection, args.port.max_connections));
    Ok(Plan {
        family: args.connection.family(),
        overrides: resolve::overrides(&args.connection.resolve)?,
        resolver: args.connection.resolver,
        source: args.connection.source(),
        ehlo: args.ehlo.name(hostname),
        quit_after: QuitAfter::Auth,
        tls: Tls { cacert: args.cacert.clone(), ..base.tls },
        gate: args.gate.gate(),
        settings: Some(Box::new(settings)),
        origins,
        ..base
    })
}

/// The login and the source of its password; `None` if no login is tested. A login is tested if a flag or the
/// environment provides a password source. At a terminal, a user name is sufficient.
pub fn login(
    args: &SettingsArgs,
    plan: &Plan,
    environment: PasswordEnvironment,
) -> Result<Option<(Login, PasswordSource)>, UsageError> {
    let password = &args.password;
    if password.netrc {
        let error = UsageError::flag("--netrc", "cannot be used: the host is not known before the search");
        return Err(error.with_hint("use --password-file FILE, or another password source"));
    }
    let is_given = password.password_stdin
        || password.password_file.is_some()
        || password.password_command.is_some()
        || password.token_command.is_some()
        || !password.password.is_empty();
    let is_asked = args.login.user.is_some() && environment.terminal;
    if !is_given && !environment.variable && environment.directory.is_none() && !is_asked {
        return unused_auth(args);
    }
    let settings = plan.settings.as_ref();
    let address = settings.and_then(|settings| settings.address.as_ref()).map(ToString::to_string);
    let Some(user) = args.login.user.clone().or(address) else {
        if !is_given {
            return unused_auth(args);
        }
        let error = UsageError::new("a password is given, but neither an email address nor a user name");
        return Err(error.with_hint("write the email address instead of the domain, or add --user USER"));
    };
    if user.is_empty() {
        return Err(UsageError::flag("--user", "the user name is empty").with_hint("add a user name, or omit the flag"));
    }
    let mechanisms = args.login.auth.clone().map(|mechanisms| mechanisms.0).unwrap_or_default();
    let login = Login {
        user: user.clone(),
        authzid: None,
        proof: proof(args, &mechanisms)?,
        try_all: false,
        mechanisms,
        plaintext: Plaintext::Refused,
        unverified: Unverified::Refused,
    };
    let source = password.source(Some(&user), Some(&login), environment)?;
    Ok(source.map(|source| (login, source)))
}

fn unused_auth(args: &SettingsArgs) -> Result<Option<(Login, PasswordSource)>, UsageError> {
    let error = |flag: &'static str| {
        UsageError::flag(flag, "has no effect without a password")
            .with_hint("add --password-file FILE, or another password source")
    };
    match (&args.login.auth, args.login.yes) {
        (Some(_), _) => Err(error("--auth")),
        (None, true) => Err(error("--yes")),
        (None, false) => Ok(None),
    }
}

fn proof(args: &SettingsArgs, mechanisms: &[String]) -> Result<LoginProof, UsageError> {
    let needs: Vec<CredentialKind> =
        mechanisms.iter().filter_map(|name| sasl::find(name)).map(|mechanism| mechanism.needs).collect();
    let is_token = |kind: &CredentialKind| *kind == CredentialKind::Token;
    if needs.iter().any(|kind| matches!(kind, CredentialKind::ClientCertificate | CredentialKind::Nothing)) {
        let error = UsageError::flag("--auth", "one of the mechanisms uses neither a password nor a token");
        return Err(error.with_hint("use PLAIN, LOGIN, a SCRAM mechanism, XOAUTH2 or OAUTHBEARER"));
    }
    if args.password.token_command.is_some() {
        if !needs.is_empty() && !needs.iter().any(is_token) {
            let reason = "none of the mechanisms in --auth uses a token";
            return Err(UsageError::flag("--token-command", reason).with_hint("add OAUTHBEARER or XOAUTH2 to --auth"));
        }
        return Ok(LoginProof::Token);
    }
    let all_tokens = !needs.is_empty() && needs.iter().all(is_token);
    Ok(if all_tokens { LoginProof::Token } else { LoginProof::Password })
}

fn several(words: &[String]) -> UsageError {
    match words.get(1) {
        None => UsageError::new("no email address given").with_hint("for example: smtpcheck settings ann@example.com"),
        // The second word can be a password, so it is not repeated.
        Some(_) => {
            UsageError::new("`smtpcheck settings` finds the settings for one address, but several words are given")
                .with_hint("run it once for each address, and provide a password with --password-file")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{login, plan};
    use crate::cli::flags::password::PasswordEnvironment;
    use crate::cli::{Invocation, parse};
    use crate::plan::{Discovery, LoginConsent, Plan};

    fn made(words: &[&str], environment: PasswordEnvironment) -> Result<(Plan, Option<String>), String> {
        let words = ["settings"].iter().chain(words).map(Into::into).collect();
        let Invocation::Settings(args, matches) = parse(words).map_err(|error| error.to_string())? else {
            return Err("not a search for settings".to_owned());
        };
        let plan = plan(&args, &matches, None).map_err(|error| error.to_string())?;
        let login = login(&args, &plan, environment).map_err(|error| error.to_string())?;
        Ok((plan, login.map(|(login, _)| login.user)))
    }

    fn nothing() -> PasswordEnvironment {
        PasswordEnvironment { variable: false, directory: None, terminal: false }
    }

    #[test]
    fn the_plan_has_the_values_of_the_flags() {
        let words = ["Ann@Example.com", "--offline", "--ispdb", "none", "--port", "2525", "--https-port", "8443"];
        let (plan, login) = made(&words, nothing()).expect("a plan");
        let settings = plan.settings.as_ref().expect("settings");
        assert_eq!(
            (plan.name(), settings.local_part(), login),
            ("example.com".to_owned(), Some("Ann".to_owned()), None)
        );
        assert_eq!((settings.discovery, settings.database.as_ref()), (Discovery::BuiltIn, None));
        assert_eq!((settings.guessed_ports.as_slice(), settings.https_port), (&[2525][..], 8443));
        let (plan, _) = made(&["b\u{fc}cher.example"], nothing()).expect("a plan");
        let settings = plan.settings.expect("settings");
        assert_eq!((settings.domain.ascii(), settings.consent), ("xn--bcher-kva.example", LoginConsent::None));
        assert_eq!(settings.database.map(|host| host.to_string()).as_deref(), Some("v1.ispdb.net"));
    }

    #[test]
    fn a_login_is_tested_only_if_a_source_of_a_password_is_given() {
        let user = |words: &[&str], environment| made(words, environment).map(|(_, user)| user);
        let at_terminal = || PasswordEnvironment { terminal: true, ..nothing() };
        let by_variable = || PasswordEnvironment { variable: true, ..nothing() };
        assert_eq!(user(&["a@b.example"], at_terminal()), Ok(None));
        assert_eq!(user(&["a@b.example"], by_variable()), Ok(Some("a@b.example".to_owned())));
        assert_eq!(user(&["b.example"], by_variable()), Ok(None));
        assert_eq!(user(&["a@b.example", "--user", "x"], at_terminal()), Ok(Some("x".to_owned())));
        assert_eq!(user(&["a@b.example", "--user", "x"], nothing()), Ok(None));
        assert_eq!(user(&["a@b.example", "--password-file", "f"], nothing()), Ok(Some("a@b.example".to_owned())));
    }

    #[test]
    fn mistakes_are_usage_errors() {
        for (words, needle) in [
            (&[][..], "no email address given"),
            (&["a@b.example", "c@d.example"], "one address"),
            (&["a@b.example", "hunter2"], "provide a password with --password-file"),
            (&["a:hunter2@b.example"], "address a:...@b.example: the part before the @ contains a colon"),
            (&["a@b.example:hunter2"], "address a@b.example:...: after the @"),
            (&["a:hunter2"], "address: it contains a colon"),
            (&["smtp://a:hunter2@b.example"], "write b.example"),
            (&["b.example?password=hunter2"], "address b.example?..."),
            (&["192.0.2.1"], "an IP address"),
            (&["com"], "single label"),
            (&["a@b.example", "--netrc", "--user", "x"], "not known before the search"),
            (&["b.example", "--password-file", "f"], "neither an email address nor a user name"),
            (&["a@b.example", "--yes"], "no effect without a password"),
            (&["a@b.example", "--auth", "PLAIN"], "no effect without a password"),
            (&["a@b.example", "--password-file", "f", "--auth", "EXTERNAL"], "neither a password nor a token"),
            (&["a@b.example", "--ispdb", "192.0.2.1"], "not a host name"),
        ] {
            let message = made(words, nothing()).expect_err("an error");
            assert!(message.contains(needle) && !message.contains('\n'), "{words:?}: {message}");
            assert!(!message.contains("hunter2"), "{words:?}: {message}");
        }
    }
}
