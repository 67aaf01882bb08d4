//! Builds a plan from the groups of flags. Their values are already parsed; this file resolves the dependencies between
//! them.
//!
//! The order of precedence is: the command line (including the port and the scheme of the target), the environment, the
//! profile, the defaults in the configuration file, and the built-in defaults. If two values on the command line
//! contradict each other, that is a usage error.

use std::collections::BTreeMap;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::commands::SettingsLevel;
use super::commands::check::CheckArgs;
use super::commands::ports::{PortList, PortsArgs};
use super::flags::auth::AuthArgs;
use super::flags::connection::ConnectionArgs;
use super::flags::session::EnvelopeArgs;
use super::flags::tls::{TlsArgs, TrustArgs};
use super::proxy::{self, SessionStart};
use super::requested::{Ranks, Requested, scan_depth};
use super::target::{self, TypedTarget, UrlScheme};
use super::{UsageError, client, resolve};
use crate::expect::{Expression, Mistake};
use crate::plan::{
    AddressChoice, CertificateDays, ClientCertificate, ClientClaims, EnvelopeParameters, Esmtp, IntrusiveProbe, Limits,
    Login, LoginProof, Override, Plaintext, Plan, Protocol, QuitAfter, ScanDepth, Target, Tls, TlsMode, TlsVersion,
    Unverified, ValueOrigin, Verify,
};
use crate::sasl::{self, CredentialKind};
use crate::wire::{Host, Parameter, ReversePath};

/// The number of IP addresses that `--every-address` checks by default.
const MOST_ADDRESSES: u32 = 32;

/// The plan for `smtpcheck check` with one target.
pub fn plan(args: &CheckArgs, matches: &ArgMatches, target: &str, hostname: Option<&str>) -> Result<Plan, UsageError> {
    let typed = target::parse(target)?;
    let protocol = typed.scheme.map_or(Protocol::Smtp, UrlScheme::protocol);
    let mut origins = origins(matches, &args.from_file);
    let ranks = Ranks { level: args.settings_level };
    let (tls_rank, port_rank) = (ranks.of_flag("tls", &origins), ranks.of_flag("port", &origins));
    let mode = tls_mode(args, typed.scheme, tls_rank)?;
    if mode != args.tls.tls && origins.contains_key("tls") {
        origins.insert("tls".to_owned(), ValueOrigin::Target);
    }
    let (port, is_targets) = port(args, &typed, mode, port_rank)?;
    if is_targets {
        origins.insert("port".to_owned(), ValueOrigin::Target);
    } else {
        origins.entry("port".to_owned()).or_insert(ValueOrigin::Default);
    }
    if args.ehlo.ehlo.is_none() {
        origins.insert("ehlo".to_owned(), ValueOrigin::Machine);
    }
    let verify = if args.tls.insecure { Verify::Insecure } else { Verify::Required };
    let mut requested = Requested {
        mode,
        is_implicit: mode == TlsMode::Implicit || (mode == TlsMode::Auto && port == 465),
        quit_after: args.envelope.quit_after,
        login: login(args, verify)?,
        tls: args.tls.clone(),
        envelope: args.envelope.clone(),
        ranks,
    };
    requested.settle_tls(&mut origins)?;
    requested.settle_end(&mut origins)?;
    let Requested { mode, is_implicit, quit_after, login, tls: tls_args, envelope, .. } = requested;
    let start = if is_implicit { SessionStart::ImplicitTls } else { SessionStart::Plain };
    let proxy = proxy::plan(&args.route, &typed.host, start)?.map(Box::new);
    let depth = scan_depth(&tls_args);
    let from = sender(&envelope, login.as_ref());
    if args.settings_level == SettingsLevel::Suite {
        // In a report, values from the `[defaults]` of a suite have the same origin as values from its checks: `flag`.
        origins
            .values_mut()
            .filter(|origin| **origin == ValueOrigin::Config)
            .for_each(|origin| *origin = ValueOrigin::Flag);
    }
    let plan = Plan {
        target: Target { input: target.to_owned(), host: typed.host, port, protocol },
        family: args.connection.family(),
        addresses: if args.port.every_address { AddressChoice::Every } else { AddressChoice::First },
        overrides: resolve::overrides(&args.connection.resolve)?,
        resolver: args.connection.resolver,
        proxy,
        source: args.connection.source(),
        proxy_header: args.route.proxy_header(),
        limits: limits(
            &args.connection,
            args.port.max_connections.unwrap_or(connection_budget(depth) + every_address(args)),
        ),
        ehlo: args.ehlo.name(hostname),
        parameters: parameters(&envelope, &origins, from.is_some())?,
        esmtp: args.client.esmtp,
        claims: ClientClaims { xclient: args.client.xclient.clone(), xforward: args.client.xforward.clone() },
        from,
        to: envelope.to,
        quit_after: quit_after.unwrap_or(QuitAfter::Rcpt),
        tls: tls(&tls_args, &args.trust, mode, verify),
        login,
        probes: probes(&tls_args.probe),
        gate: args.gate.gate(),
        domain: None,
        settings: None,
        origins,
    };
    proxy::reject_contradictions(&plan)?;
    client::reject_contradictions(&plan)?;
    Ok(plan)
}

/// The plans for `smtpcheck ports`: one for each port, in the given order. Each plan is an ordinary check without a
/// login and without an envelope, so that the report of each port has the same form as that of `check`.
pub fn ports(args: &PortsArgs, matches: &ArgMatches, hostname: Option<&str>) -> Result<Vec<Plan>, UsageError> {
    let host = only_host(args.host.as_deref())?;
    let mut origins = origins(matches, &args.from_file);
    let PortList(mut chosen) = args.ports.clone();
    // No port is added to a list that the user wrote.
    let of_profile = args.profile_port.filter(|port| !origins.contains_key("ports") && !chosen.contains(port));
    chosen.extend(of_profile);
    origins.insert("port".to_owned(), origins.get("ports").copied().unwrap_or(ValueOrigin::Default));
    if args.ehlo.ehlo.is_none() {
        origins.insert("ehlo".to_owned(), ValueOrigin::Machine);
    }
    let template = Plan {
        target: Target {
            input: args.host.clone().unwrap_or_default(),
            host: host.clone(),
            port: 0,
            protocol: Protocol::Smtp,
        },
        family: args.connection.family(),
        addresses: AddressChoice::First,
        overrides: on_all_ports(&args.connection, &chosen)?,
        resolver: args.connection.resolver,
        // Several ports are compared, so they use the same proxy.
        proxy: proxy::plan(&args.route, &host, SessionStart::Plain)?.map(Box::new),
        source: args.connection.source(),
        proxy_header: args.route.proxy_header(),
        // These limits are per port. A DNS lookup that several ports need is done only once.
        limits: limits(&args.connection, connection_budget(None)),
        ehlo: args.ehlo.name(hostname),
        from: None,
        to: Vec::new(),
        parameters: EnvelopeParameters::default(),
        esmtp: Esmtp::Auto,
        claims: ClientClaims::default(),
        quit_after: QuitAfter::Rcpt,
        tls: Tls {
            mode: TlsMode::Auto,
            sni: args.trust.sni.clone(),
            cacert: args.trust.cacert.clone(),
            identity: None,
            verify: Verify::Required,
            min: TlsVersion::V1_2,
            days: CertificateDays::default(),
            scan: false,
            scan_depth: ScanDepth::Basic,
            profile: None,
        },
        login: None,
        probes: Vec::new(),
        gate: args.gate.gate(),
        domain: None,
        settings: None,
        origins,
    };
    let mut plans: Vec<Plan> = chosen.iter().map(|&port| for_port(&template, port)).collect();
    resolve::mark_unused(&mut plans);
    plans.iter().try_for_each(proxy::reject_contradictions)?;
    Ok(plans)
}

/// Returns the expectations after checking that each of them can be evaluated with every plan.
pub fn expectations(expressions: &[Expression], plans: &[Plan]) -> Result<Vec<Expression>, Mistake> {
    for expression in expressions {
        plans.iter().try_for_each(|plan| expression.fits(plan))?;
    }
    Ok(expressions.to_vec())
}

/// The origins of the values, by the names of their flags.
pub(super) fn origins(
    matches: &ArgMatches,
    from_file: &BTreeMap<String, ValueOrigin>,
) -> BTreeMap<String, ValueOrigin> {
    let given = matches.ids().filter(|id| !matches!(id.as_str(), "targets" | "host" | "domains")).filter_map(|id| {
        let origin = match matches.value_source(id.as_str())? {
            ValueSource::CommandLine => ValueOrigin::Flag,
            ValueSource::EnvVariable => ValueOrigin::Environment,
            _ => return None,
        };
        Some((id.as_str().replace('_', "-"), origin))
    });
    let mut origins = from_file.clone();
    origins.extend(given);
    origins
}

/// The port, and whether it is the port in the target.
fn port(args: &CheckArgs, typed: &TypedTarget, mode: TlsMode, rank: u8) -> Result<(u16, bool), UsageError> {
    let ranks = Ranks { level: args.settings_level };
    let of_target = ranks.of(args.target_origin);
    if typed.host.socket().is_some() {
        return match args.port.port {
            Some(flag) if rank == ranks.of(ValueOrigin::Flag) => {
                let error = UsageError::flag("--port", "cannot be used with a Unix socket, which has no port");
                Err(error.with_value(flag.to_string()).with_hint("omit it"))
            }
            Some(_) | None => Ok((0, true)),
        };
    }
    match (args.port.port, typed.port) {
        (Some(flag), Some(port)) if rank == of_target && rank == ranks.of(ValueOrigin::Flag) && flag != port => {
            let error = UsageError::flag("--port", format!("the target already names port {port}"));
            Err(error.with_value(flag.to_string()).with_hint("remove one of them"))
        }
        (Some(flag), Some(_)) if rank > of_target => Ok((flag, false)),
        (_, Some(port)) => Ok((port, true)),
        (Some(flag), None) => Ok((flag, false)),
        // The port that LMTP servers usually have. RFC 2033 §5 forbids port 25, and none is registered.
        (None, None) if typed.scheme == Some(UrlScheme::Lmtp) => Ok((24, false)),
        (None, None) if mode == TlsMode::Implicit => Ok((465, false)),
        (None, None) => Ok((587, false)),
    }
}

/// The TLS mode, from `--tls` and the scheme of the target: smtps:// means implicit TLS.
fn tls_mode(args: &CheckArgs, scheme: Option<UrlScheme>, rank: u8) -> Result<TlsMode, UsageError> {
    let ranks = Ranks { level: args.settings_level };
    let of_target = ranks.of(args.target_origin);
    match (scheme, args.tls.tls) {
        (Some(UrlScheme::Smtps), mode @ (TlsMode::Starttls | TlsMode::None)) if rank > of_target => Ok(mode),
        (Some(UrlScheme::Smtps), TlsMode::Starttls | TlsMode::None) if rank == ranks.of(ValueOrigin::Flag) => {
            let error = UsageError::flag("--tls", "contradicts the target: smtps:// means implicit TLS");
            Err(error.with_hint("remove one of them"))
        }
        (Some(UrlScheme::Smtps), _) => Ok(TlsMode::Implicit),
        (Some(UrlScheme::Smtp | UrlScheme::Lmtp | UrlScheme::SmtpSocket | UrlScheme::LmtpSocket) | None, mode) => {
            Ok(mode)
        }
    }
}

fn tls(args: &TlsArgs, trust: &TrustArgs, mode: TlsMode, verify: Verify) -> Tls {
    let depth = scan_depth(args);
    // Without --key, the private key is in the file of the certificate, as with curl.
    let identity = args
        .cert
        .as_ref()
        .map(|cert| ClientCertificate { cert: cert.clone(), key: args.key.clone().unwrap_or_else(|| cert.clone()) });
    Tls {
        mode,
        sni: trust.sni.clone(),
        cacert: trust.cacert.clone(),
        identity,
        verify,
        min: args.tls_min,
        days: args.cert_days,
        scan: depth.is_some(),
        scan_depth: depth.unwrap_or_default(),
        profile: args.tls_profile,
    }
}

/// The default of `--max-connections`. RFC 5321 §4.5.4.1 asks clients to limit their load on a server. A basic scan of
/// a server without weak cipher suites needs 13 connections, and one more for each class of weak suites. A full scan
/// needs one connection for each cipher suite of each TLS version.
fn connection_budget(depth: Option<ScanDepth>) -> u32 {
    match depth {
        None => 6,
        Some(ScanDepth::Basic) => 24,
        Some(ScanDepth::Full) => 150,
    }
}

/// The additional connections that `--every-address` needs.
fn every_address(args: &CheckArgs) -> u32 {
    if args.port.every_address { MOST_ADDRESSES } else { 0 }
}

pub(super) fn limits(connection: &ConnectionArgs, max_connections: u32) -> Limits {
    Limits {
        connect_ms: connection.connect_timeout,
        reply_ms: connection.timeout,
        total_ms: connection.max_time,
        max_connections,
    }
}

fn probes(given: &[IntrusiveProbe]) -> Vec<IntrusiveProbe> {
    let mut probes: Vec<IntrusiveProbe> = Vec::new();
    for probe in given {
        if !probes.contains(probe) {
            probes.push(*probe);
        }
    }
    probes
}

/// The sender. Without `--from`, it is the user name if that is an email address, and otherwise the null sender.
/// Without recipients, there is no default sender.
fn sender(envelope: &EnvelopeArgs, login: Option<&Login>) -> Option<ReversePath> {
    if envelope.from.is_some() || envelope.to.is_empty() {
        return envelope.from.clone();
    }
    let user = login.and_then(|login| ReversePath::parse(&login.user).ok());
    Some(user.unwrap_or(ReversePath::Null))
}

/// The parameters of MAIL and RCPT. On the command line, they require the command that they belong to. In a file, they
/// apply only to the checks that send this command.
fn parameters(
    envelope: &EnvelopeArgs,
    origins: &BTreeMap<String, ValueOrigin>,
    has_sender: bool,
) -> Result<EnvelopeParameters, UsageError> {
    let EnvelopeArgs { mail_parameter: mail, rcpt_parameter: rcpt, force_parameters: is_forced, to, .. } = envelope;
    let is_flag = |name: &str| origins.get(name) == Some(&ValueOrigin::Flag);
    for (name, given, is_used, needed) in
        [("mail-parameter", mail, has_sender, "--from or --to"), ("rcpt-parameter", rcpt, !to.is_empty(), "--to")]
    {
        let flag = || format!("--{name}");
        if !given.is_empty() && !is_used && is_flag(name) {
            let error = UsageError::flag(flag(), "has no effect, because its command is not sent");
            return Err(error.with_hint(format!("add {needed}")));
        }
        let keywords = given.iter().map(Parameter::keyword);
        let twice =
            keywords.clone().enumerate().find(|(at, keyword)| keywords.clone().take(*at).any(|one| one == *keyword));
        if let Some((_, keyword)) = twice {
            return Err(UsageError::flag(flag(), format!("the parameter {keyword} is given twice"))
                .with_hint("remove one of them"));
        }
    }
    let of = |given: &[Parameter], is_used: bool| if is_used { given.to_vec() } else { Vec::new() };
    Ok(EnvelopeParameters { mail: of(mail, has_sender), rcpt: of(rcpt, !to.is_empty()), is_forced: *is_forced })
}

fn login(args: &CheckArgs, verify: Verify) -> Result<Option<Login>, UsageError> {
    let AuthArgs { user, auth, authzid, .. } = &args.auth;
    let mechanisms = auth.as_ref().map(|mechanisms| mechanisms.0.clone()).unwrap_or_default();
    let proof = proof(args, &mechanisms)?;
    if args.auth.no_auth || (user.is_none() && proof != LoginProof::NoSecret) {
        return Ok(None);
    }
    let user = user.clone().unwrap_or_default();
    if user.is_empty() && proof != LoginProof::NoSecret {
        return Err(UsageError::flag("--user", "the user name is empty").with_hint("add a user name, or omit the flag"));
    }
    Ok(Some(Login {
        user,
        authzid: authzid.clone(),
        proof,
        try_all: args.auth.try_all_mechanisms,
        mechanisms,
        plaintext: if args.auth.allow_plaintext_auth { Plaintext::Allowed } else { Plaintext::Refused },
        unverified: if verify == Verify::Insecure { Unverified::Allowed } else { Unverified::Refused },
    }))
}

/// The kind of credentials, from the mechanisms of `--auth` and the source of the secret:
/// 1. with `--token-command`, it is a token, and at least one mechanism must use a token;
/// 2. if all mechanisms use a token, the secret is a token, regardless of its source;
/// 3. if all mechanisms are EXTERNAL or ANONYMOUS, there is no secret. EXTERNAL needs a client certificate;
/// 4. in all other cases, it is a password.
fn proof(args: &CheckArgs, mechanisms: &[String]) -> Result<LoginProof, UsageError> {
    let needs: Vec<CredentialKind> =
        mechanisms.iter().filter_map(|name| sasl::find(name)).map(|mechanism| mechanism.needs).collect();
    let all = |of: &[CredentialKind]| !needs.is_empty() && needs.iter().all(|one| of.contains(one));
    if args.password.token_command.is_some() {
        if !needs.is_empty() && !needs.contains(&CredentialKind::Token) {
            let reason = "none of the mechanisms in --auth uses a token";
            return Err(UsageError::flag("--token-command", reason).with_hint("add OAUTHBEARER or XOAUTH2 to --auth"));
        }
        return Ok(LoginProof::Token);
    }
    if all(&[CredentialKind::ClientCertificate]) && args.tls.cert.is_none() {
        let error =
            UsageError::flag("--auth", "this mechanism needs a client certificate, but no certificate is given");
        return Err(error.with_value("EXTERNAL").with_hint("add --cert FILE"));
    }
    Ok(if all(&[CredentialKind::Token]) {
        LoginProof::Token
    } else if all(&[CredentialKind::ClientCertificate, CredentialKind::Nothing]) {
        LoginProof::NoSecret
    } else {
        LoginProof::Password
    })
}

fn for_port(template: &Plan, port: u16) -> Plan {
    let mut plan = template.clone();
    plan.target.port = port;
    // Some servers have additional ports for implicit TLS, for example 2465, 4465 or 10465.
    if port % 1000 == 465 {
        plan.tls.mode = TlsMode::Implicit;
    }
    plan
}

fn only_host(typed: Option<&str>) -> Result<Host, UsageError> {
    let Some(typed) = typed else {
        return Err(UsageError::new("no host given").with_hint("for example: smtpcheck ports smtp.example.net"));
    };
    let target = target::parse(typed)?;
    if target.scheme.is_some_and(|scheme| scheme.protocol() == Protocol::Lmtp) || target.host.socket().is_some() {
        let error = UsageError::new("`smtpcheck ports` checks the ports of SMTP servers");
        return Err(error.about("target", typed).with_hint(format!("for this server: smtpcheck {typed}")));
    }
    match target.port {
        Some(port) => {
            let reason = "`smtpcheck ports` takes a host without a port";
            let hint = format!("write {0}, or {0} --ports {port} to check only this port", target.host);
            Err(UsageError::new(reason).about("target", typed).with_hint(hint))
        }
        None => Ok(target.host),
    }
}

/// The overrides of `--resolve` for every port. The name is looked up once for all ports, so an override for one port
/// applies to all ports.
fn on_all_ports(connection: &ConnectionArgs, ports: &[u16]) -> Result<Vec<Override>, UsageError> {
    let mut all: Vec<Override> = Vec::new();
    for one in resolve::overrides(&connection.resolve)? {
        for &port in ports {
            let same = Override { port, ..one.clone() };
            if !all.contains(&same) {
                all.push(same);
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{plan, ports};
    use crate::cli::config::{self, Settings};
    use crate::cli::{Invocation, parse};
    use crate::plan::{Plan, QuitAfter, TlsMode, TlsUse, ValueOrigin};
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
    fn the_port_comes_from_the_flag_else_the_target_else_the_tls_mode() {
        let port = |words: &[&str]| made(words).map(|plan| (plan.target.port, plan.origin("port")));
        assert_eq!(port(&["h.example", "--port", "2525"]), Ok((2525, ValueOrigin::Flag)));
        assert_eq!(port(&["h.example:25", "--port", "25"]), Ok((25, ValueOrigin::Target)));
        assert!(port(&["h.example:25", "--port", "2525"]).is_err_and(|why| why.contains("already names port 25")));
        assert_eq!(port(&["h.example:25"]), Ok((25, ValueOrigin::Target)));
        assert_eq!(port(&["smtps://h.example"]), Ok((465, ValueOrigin::Default)));
        assert_eq!(port(&["h.example", "--tls", "implicit"]), Ok((465, ValueOrigin::Default)));
        assert_eq!(port(&["h.example"]), Ok((587, ValueOrigin::Default)));
    }

    #[test]
    fn port_and_scheme_of_the_target_take_precedence_over_the_configuration_file() {
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

    #[test]
    fn a_flag_for_a_phase_after_quit_after_is_an_error() {
        for (words, expected) in [
            (
                &["--to", "a@b.example", "--quit-after", "mail"][..],
                "--to: --quit-after mail ends the session before RCPT TO; omit one of them, or use --quit-after rcpt",
            ),
            (
                &["--from", "a@b.example", "--quit-after", "auth"],
                "--from: --quit-after auth ends the session before MAIL FROM",
            ),
            (
                &["--user", "u", "--quit-after", "starttls"],
                "--user: --quit-after starttls ends the session before the login",
            ),
            (
                &["--netrc", "--user", "u", "--quit-after", "ehlo"],
                "--user: --quit-after ehlo ends the session before the login",
            ),
            (
                &["--tls", "starttls", "--quit-after", "ehlo"],
                "--tls: --quit-after ehlo ends the session before STARTTLS",
            ),
            (&["--port", "465", "--probe", "mail-before-tls"], "--probe: cannot be used with implicit TLS"),
            (
                &["--show-chain", "--quit-after", "banner"],
                "--show-chain: --quit-after greeting ends the session before STARTTLS",
            ),
        ] {
            let message = made(&[&["h.example"], words].concat()).expect_err("a contradiction");
            assert!(message.starts_with(expected), "{words:?}: {message}");
        }
        for words in [
            &["h.example", "--user", "u", "--quit-after", "auth"][..],
            &["h.example", "--user", "u", "--no-auth", "--quit-after", "ehlo"],
            &["smtps://h.example", "--tls-scan", "--quit-after", "banner"],
            &["h.example", "--tls-scan=off", "--quit-after", "banner"],
        ] {
            assert!(made(words).is_ok(), "{words:?}: {:?}", made(words).err());
        }
    }

    #[test]
    fn of_contradictory_values_the_one_with_the_higher_precedence_is_used() {
        let of = |settings: &Settings, words: &[&str]| match crate::cli::parse_with(
            words.iter().map(Into::into).collect(),
            settings,
        ) {
            Ok(Invocation::Check(args, matches)) => {
                let target = args.targets.first().cloned().unwrap_or_default();
                plan(&args, &matches, &target, None).map_err(|error| error.to_string())
            }
            other => Err(format!("{other:?}")),
        };
        let file = "[defaults]\nquit-after = \"starttls\"\n[profile.p]\ntarget = \"h.example\"\nuser = \"u\"\nto = \"a@b.example\"\n";
        let read = |profile| config::read(file, std::path::Path::new("c.toml"), profile, None).expect("fine");
        let profile = of(&read(Some("p")), &["@p"]).expect("a plan");
        assert_eq!((profile.quit_after, profile.login.is_some(), profile.to.len()), (QuitAfter::Rcpt, true, 1));
        let narrowed = of(&read(Some("p")), &["@p", "--quit-after", "ehlo"]).expect("a plan");
        assert_eq!((narrowed.quit_after, narrowed.login.is_some(), narrowed.to.len()), (QuitAfter::Ehlo, false, 0));
        assert!(!narrowed.origins.contains_key("user") && narrowed.from.is_none());
        let asked = of(&read(None), &["h.example", "--from", "<>"]).expect("a plan");
        assert_eq!(asked.quit_after, QuitAfter::Rcpt);
        let scan = "[defaults]\ntls = \"none\"\n";
        let scan = config::read(scan, std::path::Path::new("c.toml"), None, None).expect("fine");
        assert_eq!(of(&scan, &["h.example", "--tls-scan"]).map(|plan| plan.tls.mode), Ok(TlsMode::Auto));
        let same = "[defaults]\nquit-after = \"starttls\"\nto = [\"a@b.example\"]\n";
        let same = config::read(same, std::path::Path::new("c.toml"), None, None).expect("fine");
        assert!(of(&same, &["h.example"]).is_err_and(|error| error.contains("before RCPT TO")));
    }

    fn plan_port(plan: &Plan) -> (u16, ValueOrigin) {
        (plan.target.port, plan.origin("port"))
    }

    #[test]
    fn tls_auto_is_implicit_tls_on_port_465_and_opportunistic_starttls_on_other_ports() {
        let tls = |words: &[&str]| made(words).map(|plan| plan.tls_use());
        assert_eq!(tls(&["h.example:465"]), Ok(TlsUse::Implicit));
        assert_eq!(tls(&["h.example:25"]), Ok(TlsUse::IfOffered));
        assert_eq!(tls(&["h.example", "--tls", "starttls"]), Ok(TlsUse::Required));
        assert!(tls(&["smtps://h.example", "--tls", "none"]).is_err());
    }

    #[test]
    fn lmtp_has_its_own_port_and_a_socket_has_none() {
        let of = |words: &[&str]| made(words).map(|plan| (plan.target.port, plan.name()));
        assert_eq!(of(&["lmtp://h.example"]), Ok((24, "lmtp://h.example:24".to_owned())));
        assert_eq!(of(&["lmtp://h.example", "--port", "2424"]), Ok((2424, "lmtp://h.example:2424".to_owned())));
        assert_eq!(of(&["lmtp+unix:/run/lmtp"]), Ok((0, "lmtp+unix:/run/lmtp".to_owned())));
        assert_eq!(of(&["smtp+unix:/run/smtp"]), Ok((0, "smtp+unix:/run/smtp".to_owned())));
    }

    #[test]
    fn the_default_sender_is_the_user_name_or_null() {
        let from = |words: &[&str]| made(words).map(|plan| plan.from.map(|from| from.to_string()));
        assert_eq!(from(&["h.example"]), Ok(None));
        assert_eq!(from(&["h.example", "--to", "x@example.org"]), Ok(Some("<>".to_owned())));
        let words = ["h.example", "--to", "x@example.org", "--user", "u@example.net"];
        assert_eq!(from(&words), Ok(Some("u@example.net".to_owned())));
    }

    #[test]
    fn the_default_ehlo_name_is_the_host_name_of_this_machine() {
        assert_eq!(made(&["h.example"]).map(|plan| plan.ehlo), Ok(EhloName::Name("ci-7.example.net".to_owned())));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (words, needle) in [
            (&["h.example", "--timeout", "90"][..], "unit is missing"),
            (&["h.example", "--timeout=-5s"], "negative"),
            (&["h.example", "--max-time=0s"], "zero"),
            (&["h.example", "--tls", "ssl"], "auto, starttls, implicit, none"),
            (&["h.example", "--to", "root"], "root@example.net"),
            (&["h.example", "--from", "a@b\r\nDATA"], "line break"),
            (&["h.example", "--ehlo", "a b"], "one word"),
            (&["h.example", "--user", "u:secret"], "cannot contain a colon"),
            (&["h.example", "--user", ""], "--user \"\": the value is empty"),
            (&["h.example", "--auth", "FOO"], "PLAIN, LOGIN"),
            (&["h.example", "--ignore", "nonsense"], "explain --list"),
            (&["h.example", "--resolve", "h.example"], "HOST:PORT:ADDRESS"),
            (&["h.example", "--resolver", "dns.example"], "IP address"),
            (&["h.example", "--mail-parameter", "SIZE=1"], "add --from or --to"),
            (&["h.example", "--from", "a@b.example", "--rcpt-parameter", "NOTIFY=NEVER"], "add --to"),
            (&["h.example", "--to", "a@b.example", "--mail-parameter", "A=1", "--mail-parameter", "a=2"], "twice"),
            (&["h.example", "--to", "a@b.example", "--mail-parameter", "ENVID=a b"], "xtext"),
            (&["h.example", "--port", "0"], "--port 0: not a port"),
            (&["lmtp+unix:/run/lmtp", "--port", "24"], "has no port"),
            (&["h.example", "--tls", "none", "--tls-scan"], "because it tests TLS"),
            (&["h.example", "--tls", "none", "--tls-profile", "mozilla-modern"], "--tls-profile: cannot be used with"),
            (&["h.example", "--quit-after", "banner", "--probe", "mail-before-tls"], "before STARTTLS"),
        ] {
            let message = made(words).expect_err("a mistake");
            assert!(message.contains(needle), "{words:?} -> {message}");
            assert!(!message.contains('\n') && !message.contains("secret"), "{message}");
        }
    }

    fn ports_of(words: &[&str]) -> Result<Vec<Plan>, String> {
        let words = std::iter::once(&"ports").chain(words).map(Into::into).collect();
        match parse(words).map_err(|error| error.to_string())? {
            Invocation::Ports(args, matches) => ports(&args, &matches, None).map_err(|error| error.to_string()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn the_usual_mail_ports_are_checked_unless_other_ports_are_given() {
        let of = |words: &[&str]| {
            ports_of(words).map(|plans| plans.iter().map(|plan| (plan.target.port, plan.tls_use())).collect::<Vec<_>>())
        };
        let (implicit, offered) = (TlsUse::Implicit, TlsUse::IfOffered);
        assert_eq!(of(&["h.example"]), Ok(vec![(25, offered), (465, implicit), (587, offered), (2525, offered)]));
        assert_eq!(of(&["h.example", "--ports", "2465, 26"]), Ok(vec![(2465, implicit), (26, offered)]));
    }

    #[test]
    fn an_override_for_one_port_applies_to_all_ports() {
        let words = ["h.example", "--ports", "25,587", "--resolve", "h.example:25:192.0.2.1"];
        let plans = ports_of(&words).expect("sound arguments");
        assert!(plans.iter().all(|plan| plan.overrides.iter().any(|given| given.port == plan.target.port)));
    }

    #[test]
    fn mistakes_about_ports_say_what_to_write() {
        for (words, needle) in [
            (&[][..], "no host given"),
            (&["h.example:25"], "--ports 25"),
            (&["h.example", "--ports", "abc"], "abc is not a port"),
            (&["h.example", "--ports", "25,0"], "0 is not a port"),
            (&["h.example", "--ports", "25,70000"], "70000 is not a port"),
            (&["h.example", "--ports", "25,587,25"], "port 25 is listed twice"),
            (&["h.example", "--ports", "25,,587"], "an empty item"),
            (&["h.example", "--ports", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"], "at most 16"),
            (&["h.example", "--timeout", "3"], "unit is missing"),
            (&["h.example", "--fail-on", "fatal"], "--fail-on fatal"),
            (&["h.example", "--ignore", "no-such-rule"], "unknown rule"),
            (&["u@h.example"], "--user"),
            (&["lmtp://h.example"], "smtpcheck lmtp://h.example"),
        ] {
            let message = ports_of(words).expect_err("a mistake");
            assert!(message.contains(needle), "{words:?} -> {message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
