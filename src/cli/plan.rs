//! Arguments to a plan. Every value is parsed here once, and after it nothing needs checking.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use clap::ArgMatches;
use clap::parser::ValueSource;
use jiff::SignedDuration;

use super::UsageError;
use super::args::CheckArgs;
use super::display::choice;
use super::resolve;
use super::target::{self, TypedTarget, UrlScheme};
use crate::check;
use crate::plan::{
    CertificateDays, ClientCertificate, FailOn, Family, Gate, IntrusiveProbe, Limits, Login, LoginProof, Plaintext,
    Plan, QuitAfter, Retry, ScanDepth, Target, Tls, TlsMode, TlsProfile, TlsVersion, Unverified, ValueOrigin, Verify,
};
use crate::sasl::{self, CredentialKind};
use crate::wire::{EhloName, ForwardPath, Host, ReversePath};

/// The plan for one of the targets.
pub fn plan(args: &CheckArgs, matches: &ArgMatches, target: &str, hostname: Option<&str>) -> Result<Plan, UsageError> {
    let typed = target::parse(target)?;
    let mut origins = origins(matches, &args.from_file);
    let tls = tls(args, typed.scheme, origins.get("tls").copied())?;
    let (port, port_origin) = port(args, &typed, tls.mode, &origins)?;
    origins.insert("port".to_owned(), port_origin);
    let ehlo = ehlo(args.ehlo.as_deref(), hostname)?;
    if args.ehlo.is_none() {
        origins.insert("ehlo".to_owned(), ValueOrigin::Machine);
    }
    let to = args.to.iter().map(|text| recipient(text)).collect::<Result<Vec<_>, _>>()?;
    let login = login(args, tls.verify)?;
    let from = sender(args, &to, login.as_ref())?;
    Ok(Plan {
        target: Target { input: target.to_owned(), host: typed.host, port },
        family: match (args.ipv4, args.ipv6) {
            (true, _) => Family::V4,
            (false, true) => Family::V6,
            (false, false) => Family::Any,
        },
        overrides: resolve::overrides(&args.resolve)?,
        resolver: args.resolver.as_deref().map(resolver).transpose()?,
        limits: limits(args)?,
        ehlo,
        from,
        to,
        quit_after: quit_after(args.quit_after.as_deref())?,
        tls,
        login,
        probes: probes(args)?,
        gate: gate(&args.fail_on, &args.ignore)?,
        origins,
    })
}

pub(super) fn origins(
    matches: &ArgMatches,
    from_file: &BTreeMap<String, ValueOrigin>,
) -> BTreeMap<String, ValueOrigin> {
    let said = matches
        .ids()
        .filter_map(|id| {
            let origin = match matches.value_source(id.as_str())? {
                ValueSource::CommandLine => ValueOrigin::Flag,
                ValueSource::EnvVariable => ValueOrigin::Environment,
                _ => return None,
            };
            Some((id.as_str().replace('_', "-"), origin))
        })
        .filter(|(flag, _)| {
            !matches!(flag.as_str(), "targets" | "host" | "CheckArgs" | "PortsArgs" | "LookArgs" | "ConfigFlags")
        });
    let mut origins = from_file.clone();
    origins.extend(said);
    origins
}

/// Whether a value stands in the configuration file; then what the target itself says comes first.
fn is_from_file(origin: Option<ValueOrigin>) -> bool {
    matches!(origin, Some(ValueOrigin::Config | ValueOrigin::Profile))
}

fn port(
    args: &CheckArgs,
    typed: &TypedTarget,
    mode: TlsMode,
    origins: &BTreeMap<String, ValueOrigin>,
) -> Result<(u16, ValueOrigin), UsageError> {
    let origin = origins.get("port").copied();
    if let Some(text) = args.port.as_ref().filter(|_| typed.port.is_none() || !is_from_file(origin)) {
        let port = target::port_number(text).map_err(|why| UsageError::new(format!("--port: {why}")))?;
        return Ok((port, origin.unwrap_or(ValueOrigin::Flag)));
    }
    match (typed.port, mode) {
        (Some(port), _) => Ok((port, ValueOrigin::Target)),
        (None, TlsMode::Implicit) => Ok((465, ValueOrigin::Default)),
        (None, TlsMode::Auto | TlsMode::Starttls | TlsMode::None) => Ok((587, ValueOrigin::Default)),
    }
}

fn tls(args: &CheckArgs, scheme: Option<UrlScheme>, origin: Option<ValueOrigin>) -> Result<Tls, UsageError> {
    let given = match args.tls.as_str() {
        "auto" => TlsMode::Auto,
        "starttls" => TlsMode::Starttls,
        "implicit" => TlsMode::Implicit,
        "none" => TlsMode::None,
        other => return Err(choice("--tls", other, &["auto", "starttls", "implicit", "none"])),
    };
    let mode = match (scheme, given) {
        (Some(UrlScheme::Smtps), TlsMode::Auto | TlsMode::Implicit) => TlsMode::Implicit,
        (Some(UrlScheme::Smtps), _) if is_from_file(origin) => TlsMode::Implicit,
        (Some(UrlScheme::Smtps), _) => {
            return Err(UsageError::new(format!(
                "smtps:// means TLS from the first byte, and --tls {} says otherwise; give one of them",
                args.tls
            )));
        }
        (Some(UrlScheme::Smtp) | None, mode) => mode,
    };
    let min = match args.tls_min.as_str() {
        "1.2" => TlsVersion::V1_2,
        "1.3" => TlsVersion::V1_3,
        other => return Err(choice("--tls-min", other, &["1.2", "1.3"])),
    };
    Ok(Tls {
        mode,
        sni: args.sni.as_deref().map(sni).transpose()?,
        cacert: args.cacert.clone(),
        identity: identity(args)?,
        verify: if args.insecure { Verify::Insecure } else { Verify::Required },
        min,
        days: days(&args.cert_days)?,
        scan: scan_depth(args)?.is_some(),
        scan_depth: scan_depth(args)?.unwrap_or_default(),
        profile: profile(args)?,
    })
}

/// How much of a scan; none without one. A profile is about all suites, so it asks for all.
fn scan_depth(args: &CheckArgs) -> Result<Option<ScanDepth>, UsageError> {
    let asked = match args.tls_scan.as_deref() {
        None => None,
        Some("full") => Some(ScanDepth::Full),
        Some(word) => match word.to_ascii_lowercase().as_str() {
            // Words of variables and of files, where a flag is on or off.
            "basic" | "true" | "yes" | "on" | "y" | "t" | "1" => Some(ScanDepth::Basic),
            "false" | "no" | "off" | "n" | "f" | "0" => None,
            _ => return Err(choice("--tls-scan", word, &["basic", "full"])),
        },
    };
    Ok(if profile(args)?.is_some() { Some(ScanDepth::Full) } else { asked })
}

fn profile(args: &CheckArgs) -> Result<Option<TlsProfile>, UsageError> {
    let Some(word) = args.tls_profile.as_deref() else { return Ok(None) };
    let names: Vec<&str> = TlsProfile::ALL.iter().map(|(name, _)| *name).collect();
    let known = TlsProfile::ALL.iter().find(|(name, _)| *name == word);
    known.map(|(_, profile)| Some(*profile)).ok_or_else(|| choice("--tls-profile", word, &names))
}

/// Without `--key` the key is in the file of the certificate, as with curl.
fn identity(args: &CheckArgs) -> Result<Option<ClientCertificate>, UsageError> {
    match (&args.cert, &args.key) {
        (None, None) => Ok(None),
        (Some(cert), key) => {
            Ok(Some(ClientCertificate { cert: cert.clone(), key: key.clone().unwrap_or_else(|| cert.clone()) }))
        }
        (None, Some(_)) => Err(UsageError::new("--key is the key of a certificate; name that with --cert")),
    }
}

fn probes(args: &CheckArgs) -> Result<Vec<IntrusiveProbe>, UsageError> {
    let mut probes: Vec<IntrusiveProbe> = Vec::new();
    for word in args.probe.iter().flat_map(|words| words.split(',')) {
        let names: Vec<&str> = IntrusiveProbe::ALL.iter().map(|(name, _)| *name).collect();
        let known = IntrusiveProbe::ALL.iter().find(|(name, _)| *name == word.trim());
        let (_, probe) = known.ok_or_else(|| choice("--probe", word.trim(), &names))?;
        if !probes.contains(probe) {
            probes.push(*probe);
        }
    }
    Ok(probes)
}

fn days(text: &str) -> Result<CertificateDays, UsageError> {
    let wrong = || {
        UsageError::new(format!(
            "--cert-days {}: write the days that are a warning, and after a comma those that are an error: 21,7",
            text.escape_debug()
        ))
    };
    let number = |part: &str| part.trim().parse::<u16>().map_err(|_| wrong());
    let (warning, error) = match text.split_once(',') {
        Some((warning, error)) => (number(warning)?, number(error)?),
        None => (number(text)?, 0),
    };
    if error > warning {
        return Err(wrong());
    }
    Ok(CertificateDays { warning, error })
}

pub(super) fn sni(text: &str) -> Result<String, UsageError> {
    Host::parse(text)
        .map(|host| host.to_string())
        .map_err(|error| UsageError::new(format!("--sni: {}", error.to_string().replace("the host", "the name"))))
}

pub(super) fn ehlo(given: Option<&str>, hostname: Option<&str>) -> Result<EhloName, UsageError> {
    if let Some(text) = given {
        return EhloName::parse(text).map_err(|error| UsageError::new(format!("--ehlo: {error}")));
    }
    // RFC 5321 §4.1.4: a client without a full host name announces its address.
    let full = hostname.filter(|name| name.contains('.') && !name.starts_with("localhost."));
    Ok(full.and_then(|name| EhloName::parse(name).ok()).unwrap_or(EhloName::LocalAddress))
}

fn recipient(text: &str) -> Result<ForwardPath, UsageError> {
    ForwardPath::parse(text).map_err(|error| UsageError::new(format!("--to: {error}")))
}

/// Without `--from` the user is the sender if it is an address, else the null sender; without recipients, nobody.
fn sender(args: &CheckArgs, to: &[ForwardPath], login: Option<&Login>) -> Result<Option<ReversePath>, UsageError> {
    if let Some(text) = &args.from {
        return ReversePath::parse(text).map(Some).map_err(|error| UsageError::new(format!("--from: {error}")));
    }
    if to.is_empty() {
        return Ok(None);
    }
    let user = login.and_then(|login| ReversePath::parse(&login.user).ok());
    Ok(Some(user.unwrap_or(ReversePath::Null)))
}

fn login(args: &CheckArgs, verify: Verify) -> Result<Option<Login>, UsageError> {
    let mechanisms = match &args.auth {
        Some(text) => text.split(',').map(|name| mechanism(name.trim())).collect::<Result<Vec<_>, _>>()?,
        None => Vec::new(),
    };
    let proof = proof(args, &mechanisms)?;
    if args.no_auth || (args.user.is_none() && proof != LoginProof::NoSecret) {
        return Ok(None);
    }
    let user = args.user.clone().unwrap_or_default();
    if user.is_empty() && proof != LoginProof::NoSecret {
        return Err(UsageError::new("--user is empty"));
    }
    if user.contains(':') {
        return Err(UsageError::new(format!(
            "--user holds a colon; a password does not belong there, give it by {}",
            super::password::SOURCES
        )));
    }
    for (flag, name) in [("--user", Some(&user)), ("--authzid", args.authzid.as_ref())] {
        if name.is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(UsageError::new(format!("{flag} holds a line break or another control character")));
        }
    }
    Ok(Some(Login {
        user,
        authzid: args.authzid.clone(),
        proof,
        try_all: args.try_all_mechanisms,
        mechanisms,
        plaintext: if args.allow_plaintext_auth { Plaintext::Allowed } else { Plaintext::Refused },
        unverified: if verify == Verify::Insecure { Unverified::Allowed } else { Unverified::Refused },
    }))
}

/// What logs in, by what `--auth` names and where the secret comes from:
/// 1. `--token-command` gives a token, and only mechanisms with one can be named;
/// 2. mechanisms with a token alone make a token of whatever source is given;
/// 3. EXTERNAL and ANONYMOUS alone need no secret, and EXTERNAL a certificate;
/// 4. everything else is a password.
fn proof(args: &CheckArgs, mechanisms: &[String]) -> Result<LoginProof, UsageError> {
    let needs: Vec<CredentialKind> =
        mechanisms.iter().filter_map(|name| sasl::find(name)).map(|mechanism| mechanism.needs).collect();
    let all = |of: &[CredentialKind]| !needs.is_empty() && needs.iter().all(|one| of.contains(one));
    if args.token_command.is_some() {
        if !needs.is_empty() && !needs.contains(&CredentialKind::Token) {
            return Err(UsageError::new(
                "--token-command gives a token, and --auth names none of the mechanisms that take one: OAUTHBEARER, XOAUTH2",
            ));
        }
        return Ok(LoginProof::Token);
    }
    if all(&[CredentialKind::ClientCertificate]) && args.cert.is_none() {
        return Err(UsageError::new(
            "--auth EXTERNAL logs in with the certificate of the connection; name it with --cert",
        ));
    }
    Ok(if all(&[CredentialKind::Token]) {
        LoginProof::Token
    } else if all(&[CredentialKind::ClientCertificate, CredentialKind::Nothing]) {
        LoginProof::NoSecret
    } else {
        LoginProof::Password
    })
}

fn mechanism(name: &str) -> Result<String, UsageError> {
    let known: Vec<&str> = sasl::MECHANISMS.iter().map(|mechanism| mechanism.name).collect();
    sasl::find(name).map(|mechanism| mechanism.name.to_owned()).ok_or_else(|| choice("--auth", name, &known))
}

pub(super) fn resolver(text: &str) -> Result<SocketAddr, UsageError> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, 53));
    }
    text.parse().map_err(|_| {
        UsageError::new(format!(
            "--resolver {}: write an IP address, with a port if it is not 53: 192.0.2.53:5353",
            text.escape_debug()
        ))
    })
}

fn limits(args: &CheckArgs) -> Result<Limits, UsageError> {
    let max_connections = match args.max_connections.as_deref().map(str::parse::<u32>) {
        // RFC 5321 §4.5.4.1 asks for restraint. A server without weak suites gets 13 in a basic scan; each class of weak
        // suites costs one more. A full scan needs one for each suite of each version.
        None => match scan_depth(args)? {
            None => 6,
            Some(ScanDepth::Basic) => 24,
            Some(ScanDepth::Full) => 150,
        },
        Some(Ok(number @ 1..=1000)) => number,
        Some(_) => {
            return Err(UsageError::new(format!(
                "--max-connections {}: write a number from 1 to 1000",
                args.max_connections.as_deref().unwrap_or_default().escape_debug()
            )));
        }
    };
    Ok(Limits {
        connect_ms: duration("--connect-timeout", &args.connect_timeout)?,
        reply_ms: duration("--timeout", &args.timeout)?,
        total_ms: duration("--max-time", &args.max_time)?,
        max_connections,
    })
}

/// `20s`, `350ms`, `2m`, up to a day.
pub(super) fn duration(flag: &str, text: &str) -> Result<u64, UsageError> {
    let wrong = |why: &str| {
        UsageError::new(format!("{flag} {}: {why}; write for example 20s, 350ms or 2m", text.escape_debug()))
    };
    if text.trim().parse::<f64>().is_ok() {
        return Err(wrong("the unit is missing"));
    }
    let read: SignedDuration = text.trim().parse().map_err(|_| wrong("this is not a time"))?;
    let ms = u64::try_from(read.as_millis()).map_err(|_| wrong("a time cannot be negative"))?;
    match ms {
        0 => Err(wrong("this is no time at all")),
        1..=86_400_000 => Ok(ms),
        _ => Err(wrong("this is more than a day")),
    }
}

/// `--retry` and `--wait`.
pub fn retry(tries: Option<&str>, wait: Option<&str>) -> Result<Retry, UsageError> {
    let tries = match tries.map(|text| (text, text.trim().parse::<u32>())) {
        None => None,
        Some((_, Ok(tries @ 0..=100))) => Some(tries),
        Some((text, _)) => {
            return Err(UsageError::new(format!("--retry {}: write a number from 0 to 100", text.escape_debug())));
        }
    };
    Ok(Retry { tries, wait_ms: wait.map(|text| duration("--wait", text)).transpose()? })
}

fn quit_after(text: Option<&str>) -> Result<QuitAfter, UsageError> {
    Ok(match text {
        None | Some("rcpt" | "to") => QuitAfter::Rcpt,
        Some("connect") => QuitAfter::Connect,
        Some("banner" | "greeting") => QuitAfter::Banner,
        Some("ehlo" | "helo") => QuitAfter::Ehlo,
        Some("starttls" | "tls") => QuitAfter::Starttls,
        Some("auth") => QuitAfter::Auth,
        Some("mail" | "from") => QuitAfter::Mail,
        Some(other) => {
            return Err(choice(
                "--quit-after",
                other,
                &["connect", "banner", "ehlo", "starttls", "auth", "mail", "rcpt"],
            ));
        }
    })
}

pub(super) fn gate(fail_on: &str, ignore: &[String]) -> Result<Gate, UsageError> {
    let fail_on = match fail_on {
        "error" => FailOn::Error,
        "warning" => FailOn::Warning,
        "notice" => FailOn::Notice,
        "never" => FailOn::Never,
        other => return Err(choice("--fail-on", other, &["error", "warning", "notice", "never"])),
    };
    if let Some(unknown) = ignore.iter().find(|id| check::rule(id).is_none()) {
        return Err(UsageError::new(format!(
            "--ignore {}: there is no such rule; smtpcheck explain --list shows them",
            unknown.escape_debug()
        )));
    }
    Ok(Gate { fail_on, ignore: ignore.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::plan;
    use crate::cli::{Invocation, parse};
    use crate::plan::{Plan, TlsUse, ValueOrigin};
    use crate::wire::EhloName;

    fn made(words: &[&str]) -> Result<Plan, String> {
        match parse(words.iter().map(Into::into).collect()).map_err(|error| error.to_string())? {
            Invocation::Check(args, matches) => {
                let target = args.targets.first().cloned().unwrap_or_default();
                plan(&args, &matches, &target, Some("ci-7.example.net")).map_err(|error| error.to_string())
            }
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn the_port_is_the_flags_then_the_targets_then_the_modes() {
        let port = |words: &[&str]| made(words).map(|plan| (plan.target.port, plan.origin("port")));
        assert_eq!(port(&["h.example:25", "--port", "2525"]), Ok((2525, ValueOrigin::Flag)));
        assert_eq!(port(&["h.example:25"]), Ok((25, ValueOrigin::Target)));
        assert_eq!(port(&["smtps://h.example"]), Ok((465, ValueOrigin::Default)));
        assert_eq!(port(&["h.example", "--tls", "implicit"]), Ok((465, ValueOrigin::Default)));
        assert_eq!(port(&["h.example"]), Ok((587, ValueOrigin::Default)));
    }

    #[test]
    fn what_the_target_says_comes_before_the_configuration_file() {
        let file = "[defaults]\nport = 2525\ntls = \"none\"\n";
        let settings = crate::cli::config::read(file, std::path::Path::new("c.toml"), None, None).expect("fine");
        let made = |target: &str| match crate::cli::parse_with(vec![target.into()], &settings) {
            Ok(Invocation::Check(args, matches)) => plan(&args, &matches, target, None),
            Ok(_) => Err(crate::cli::UsageError::new("no check")),
            Err(error) => Err(error),
        };
        let made = |target: &str| made(target).expect("a plan");
        let plain = made("h.example");
        assert_eq!((plan_port(&plain), plain.origin("tls")), ((2525, ValueOrigin::Config), ValueOrigin::Config));
        assert_eq!(plan_port(&made("h.example:25")), (25, ValueOrigin::Target));
        assert_eq!(made("smtps://h.example:465").tls_use(), TlsUse::Implicit);
    }

    fn plan_port(plan: &Plan) -> (u16, ValueOrigin) {
        (plan.target.port, plan.origin("port"))
    }

    #[test]
    fn auto_is_implicit_on_465_and_opportunistic_elsewhere() {
        let tls = |words: &[&str]| made(words).map(|plan| plan.tls_use());
        assert_eq!(tls(&["h.example:465"]), Ok(TlsUse::Implicit));
        assert_eq!(tls(&["h.example:25"]), Ok(TlsUse::IfOffered));
        assert_eq!(tls(&["h.example", "--tls", "starttls"]), Ok(TlsUse::Required));
        assert!(tls(&["smtps://h.example", "--tls", "none"]).is_err());
    }

    #[test]
    fn the_sender_follows_from_the_user_or_is_null() {
        let from = |words: &[&str]| made(words).map(|plan| plan.from.map(|from| from.to_string()));
        assert_eq!(from(&["h.example"]), Ok(None));
        assert_eq!(from(&["h.example", "--to", "x@example.org"]), Ok(Some("<>".to_owned())));
        let words = ["h.example", "--to", "x@example.org", "--user", "u@example.net"];
        assert_eq!(from(&words), Ok(Some("u@example.net".to_owned())));
    }

    #[test]
    fn the_announced_name_is_the_machines() {
        assert_eq!(made(&["h.example"]).map(|plan| plan.ehlo), Ok(EhloName::Name("ci-7.example.net".to_owned())));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (words, needle) in [
            (&["h.example", "--timeout", "90"][..], "unit is missing"),
            (&["h.example", "--timeout=-5s"], "negative"),
            (&["h.example", "--max-time=0s"], "no time at all"),
            (&["h.example", "--tls", "ssl"], "auto, starttls, implicit, none"),
            (&["h.example", "--to", "root"], "root@example.net"),
            (&["h.example", "--from", "a@b\r\nDATA"], "line break"),
            (&["h.example", "--ehlo", "a b"], "one word"),
            (&["h.example", "--user", "u:secret"], "holds a colon"),
            (&["h.example", "--user", ""], "--user is empty"),
            (&["h.example", "--auth", "FOO"], "PLAIN, LOGIN"),
            (&["h.example", "--ignore", "nonsense"], "explain --list"),
            (&["h.example", "--resolve", "h.example"], "HOST:PORT:ADDRESS"),
            (&["h.example", "--resolver", "dns.example"], "IP address"),
            (&["h.example", "--port", "0"], "--port: 0 is not a port"),
        ] {
            let message = made(words).expect_err("a mistake");
            assert!(message.contains(needle), "{words:?} -> {message}");
            assert!(!message.contains('\n') && !message.contains("secret"), "{message}");
        }
    }
}
