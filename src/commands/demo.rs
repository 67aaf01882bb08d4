//! `smtpcheck demo [SCENARIO]`: runs servers or a mail domain with known faults and checks them, in one process. The
//! checks are ordinary checks with the arguments that a user would write. The text format shows these arguments.
//!
//! A lesson is one server or mail domain, and its check. The text format shows the lessons one after the other. All
//! other formats show them as one run, because a sequence of several documents is not a valid document.

use std::ffi::OsString;

use clap::ArgMatches;

use super::live::{self, ReportDisplay, Results, Retention};
use super::sandbox::{Folder, scenario};
use super::sink::Sink;
use super::stdout::{outlet, print};
use super::{CommandError, check, domain, settings};
use crate::cli::commands::check::CheckArgs;
use crate::cli::commands::demo::DemoArgs;
use crate::cli::{self, Invocation};
use crate::host::{clock, signals};
use crate::render::sandbox as rendering;
use crate::render::{Display, Format, Live};
use crate::report::RunSource;
use crate::run::{ConcurrencyLimits, Engine, Job};
use crate::sandbox::domains::case::{DomainCase, SettingsCase};
use crate::sandbox::domains::{DomainPorts, domain_case, settings_case};
use crate::sandbox::scenario::{ClientTrust, proxy_url};
use crate::sandbox::{Options, Remote, Running, Sandbox, Scenario, Service};

/// The scenarios of a demo without arguments: a healthy server, a wrong password, an expired certificate, and a
/// rejected recipient.
const LESSONS: [&str; 4] = ["healthy-submission", "auth-wrong-password", "certificate-expired", "relay-denied"];

/// The domain whose settings `demo settings` finds.
const FIRST_SETTINGS: &str = "settings-contradiction";

/// The domain that `demo domain` checks.
const FIRST_DOMAIN: &str = "dane-mismatch";

/// Exit codes of this value or greater mean that a signal ended a check. The demo then also ends.
const INTERRUPTED: u8 = 128;

pub(super) fn run(args: &DemoArgs) -> Result<u8, CommandError> {
    let look = args.look.display(&outlet());
    let format = args.format.chosen();
    // Install the signal handling before any file is created, so that the files are removed if a signal ends the
    // program.
    signals::end_if_unhandled();
    clock::now()?;
    match &args.scenario {
        Some(name) => {
            let of_domain = domain_case(if name == "domain" { FIRST_DOMAIN } else { name });
            let of_settings = settings_case(if name == "settings" { FIRST_SETTINGS } else { name });
            match (of_domain, of_settings) {
                (Some(case), _) => run_domain(args, case, format, &look),
                (None, Some(case)) => run_settings(args, case, format, &look),
                (None, None) => run_scenario(args, scenario(name)?, format, &look),
            }
        }
        None => {
            let chosen = LESSONS.iter().map(|name| scenario(name)).collect::<Result<Vec<_>, _>>()?;
            let servers = DemoServers::open(&chosen)?;
            match format.live {
                Live::Text => lessons(args, &servers, &look),
                Live::Records | Live::AtEnd => one_run(args, &servers, format),
            }
        }
    }
}

fn run_scenario(
    args: &DemoArgs,
    scenario: &'static Scenario,
    format: &Format,
    look: &Display,
) -> Result<u8, CommandError> {
    let servers = DemoServers::open(&[scenario])?;
    let Some(service) = servers.services.first() else { return Ok(0) };
    let words = servers.words(service)?;
    let explains = format.live == Live::Text && !args.verbosity.quiet;
    if explains {
        print(&rendering::lesson(scenario, None, &described(&words), look))?;
    }
    let (check_args, matches) = parsed(&words, args)?;
    let code = check::run(&check_args, &matches)?;
    if explains {
        print(&rendering::end_of_lesson(scenario, look))?;
    }
    Ok(code)
}

/// Starts the servers of all mail domains, and checks one domain.
fn run_domain(args: &DemoArgs, case: &'static DomainCase, format: &Format, look: &Display) -> Result<u8, CommandError> {
    let options = Options { domains: Some(DomainPorts::default()), ..local() };
    let sandbox = Sandbox::open(&[], &options)?;
    let authorities = sandbox.authorities()?;
    let Some(service) = sandbox.domains().cloned() else { return Ok(0) };
    let (folder, _running) = (Folder::new()?, sandbox.spawn(None)?);
    let mut words: Vec<OsString> = service.arguments(case).into_iter().map(Into::into).collect();
    words.extend(["--trust-anchor".into(), folder.write("trust-anchor.txt", &service.anchor)?.into()]);
    words.extend(["--cacert".into(), folder.write("ca.pem", &authorities)?.into()]);
    let explains = format.live == Live::Text && !args.verbosity.quiet;
    if explains {
        print(&rendering::domain_lesson(case, &described(&words), look))?;
    }
    // A domain check has no `--transcript` flag.
    let given = args.words_without_transcript();
    let Invocation::Domain(domain_args, matches) = cli::parse(words.into_iter().chain(given).collect())? else {
        return Err(CommandError::usage(
            "internal error: the arguments of the demo do not start a domain check".to_owned(),
        ));
    };
    let code = domain::run(&domain_args, &matches)?;
    if explains {
        print(&rendering::end_of_domain_lesson(look))?;
    }
    Ok(code)
}

/// Starts the servers of all mail domains, and finds the settings for one domain.
fn run_settings(
    args: &DemoArgs,
    case: &'static SettingsCase,
    format: &Format,
    look: &Display,
) -> Result<u8, CommandError> {
    let options = Options { domains: Some(DomainPorts::default()), ..local() };
    let sandbox = Sandbox::open(&[], &options)?;
    let authorities = sandbox.authorities()?;
    let Some(service) = sandbox.domains().cloned() else { return Ok(0) };
    let (folder, _running) = (Folder::new()?, sandbox.spawn(None)?);
    let mut words: Vec<OsString> = service.settings_arguments(case).into_iter().map(Into::into).collect();
    words.extend(["--trust-anchor".into(), folder.write("trust-anchor.txt", &service.anchor)?.into()]);
    words.extend(["--cacert".into(), folder.write("ca.pem", &authorities)?.into()]);
    if let Some(secret) = case.secret {
        words.extend(["--password-file".into(), folder.write("password", secret)?.into()]);
    }
    let explains = format.live == Live::Text && !args.verbosity.quiet;
    if explains {
        print(&rendering::domain_lesson(&case.domain, &described(&words), look))?;
    }
    let given = args.words_without_transcript();
    let Invocation::Settings(settings_args, matches) = cli::parse(words.into_iter().chain(given).collect())? else {
        return Err(CommandError::usage(
            "internal error: the arguments of the demo do not start smtpcheck settings".to_owned(),
        ));
    };
    let code = settings::run(&settings_args, &matches)?;
    if explains {
        print(&rendering::end_of_domain_lesson(look))?;
    }
    Ok(code)
}

/// The sandbox options that all demos use.
fn local() -> Options {
    Options {
        listen: std::net::Ipv4Addr::LOCALHOST.into(),
        port: None,
        remote: Remote::Refused,
        fleet: None,
        dns: None,
        domains: None,
    }
}

/// Shows each lesson with its explanation.
fn lessons(args: &DemoArgs, servers: &DemoServers, look: &Display) -> Result<u8, CommandError> {
    let mut is_as_expected = true;
    for (at, service) in servers.services.iter().enumerate() {
        let words = servers.words(service)?;
        if !args.verbosity.quiet {
            print(&rendering::lesson(service.scenario, Some((at + 1, LESSONS.len())), &described(&words), look))?;
        }
        let (check_args, matches) = parsed(&words, args)?;
        let code = check::run(&check_args, &matches)?;
        if code >= INTERRUPTED {
            return Ok(code);
        }
        is_as_expected &= code == service.scenario.exit;
        if !args.verbosity.quiet {
            print("\n")?;
        }
    }
    if !args.verbosity.quiet {
        print(&rendering::end_of_lessons(look))?;
    }
    Ok(if is_as_expected { 0 } else { 1 })
}

/// Shows all lessons as one run of several targets.
fn one_run(args: &DemoArgs, servers: &DemoServers, format: &'static Format) -> Result<u8, CommandError> {
    let (mut jobs, mut look): (Vec<Job>, Option<Display>) = (Vec::new(), None);
    let mut engine = Engine::new()?;
    for service in &servers.services {
        let (check_args, matches) = parsed(&servers.words(service)?, args)?;
        for job in check::plans(&check_args, &matches)?.jobs()? {
            engine.prepare(&job)?;
            jobs.push(job);
        }
        if look.is_none() {
            look = Some(check_args.display(&outlet()));
        }
    }
    let Some(look) = look else { return Ok(0) };
    let shown = ReportDisplay { format, look: &look, template: None };
    let limits = ConcurrencyLimits::in_all(LESSONS.len());
    let results =
        live::run(&mut engine, jobs, limits, RunSource::Targets, &shown, Retention::Reports, &mut Sink::Stdout)?;
    let Results::Kept(run) = results else { return Ok(0) };
    let code = run.exit_code();
    if code >= INTERRUPTED {
        return Ok(code);
    }
    let expected = servers.services.iter().map(|service| service.scenario.exit);
    Ok(if run.reports().map(|report| report.exit.code()).eq(expected) { 0 } else { 1 })
}

/// The arguments of a check, parsed like a command line.
fn parsed(words: &[OsString], args: &DemoArgs) -> Result<(Box<CheckArgs>, ArgMatches), CommandError> {
    // The servers are on this machine, so a proxy from the environment could not reach them.
    let has_proxy = words.iter().any(|word| word == "--proxy");
    let direct: &[&str] = if has_proxy { &[] } else { &["--noproxy", "*"] };
    let direct = direct.iter().map(OsString::from);
    match cli::parse(words.iter().cloned().chain(args.words()).chain(direct).collect())? {
        Invocation::Check(args, matches) => Ok((args, matches)),
        // The first argument is a host and port, which is never a command.
        _ => Err(CommandError::usage("internal error: the arguments of the demo do not start a check".to_owned())),
    }
}

fn described(words: &[OsString]) -> Vec<String> {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The servers, and the files that the checks need. When the demo ends, the servers are stopped and the files removed.
struct DemoServers {
    services: Vec<Service>,
    folder: Folder,
    authorities: String,
    client_certificate: String,
    _running: Running,
}

impl DemoServers {
    fn open(scenarios: &[&'static Scenario]) -> Result<DemoServers, CommandError> {
        let sandbox = Sandbox::open(scenarios, &local())?;
        let (services, authorities) = (sandbox.services().to_vec(), sandbox.authorities()?);
        let client_certificate = sandbox.client_certificate()?;
        let running = sandbox.spawn(None)?;
        Ok(DemoServers { services, folder: Folder::new()?, authorities, client_certificate, _running: running })
    }

    /// The arguments of a check that finds the fault of a server.
    fn words(&self, service: &Service) -> Result<Vec<OsString>, CommandError> {
        let client = &service.scenario.client;
        let mut words: Vec<OsString> = match client.host {
            None => vec![format!("{}{}", client.scheme, service.address).into()],
            Some(host) => {
                let (ip, port) = (service.address.ip(), service.address.port());
                let [target, resolve] = [format!("{}{host}:{port}", client.scheme), format!("{host}:{port}:{ip}")];
                vec![target.into(), "--resolve".into(), resolve.into()]
            }
        };
        words.extend(client.flags.iter().map(|flag| self.filled(flag, service)).collect::<Result<Vec<_>, _>>()?);
        if client.trust == ClientTrust::Sandbox {
            words.extend(["--cacert".into(), self.folder.write("ca.pem", &self.authorities)?.into()]);
        }
        if let Some(secret) = client.secret {
            words.extend(["--password-file".into(), self.folder.write("password", secret)?.into()]);
        }
        Ok(words)
    }

    /// Replaces a placeholder in an argument with the path of a new file.
    fn filled(&self, flag: &str, service: &Service) -> Result<OsString, CommandError> {
        match flag {
            "{client-certificate}" => Ok(self.folder.write("client.pem", &self.client_certificate)?.into()),
            other => Ok(proxy_url(other, service.address).unwrap_or_else(|| other.to_owned()).into()),
        }
    }
}
