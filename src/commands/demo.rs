//! `smtpcheck demo [SCENARIO]`: a server that is wrong on purpose and a check of it, in one process. The check is the
//! ordinary one, called with the words that a user would write; they are shown.

use std::ffi::OsString;

use super::sandbox::{Folder, scenario};
use super::{CommandError, check, outlet, print};
use crate::cli::commands::demo::DemoArgs;
use crate::cli::{self, Invocation};
use crate::gather;
use crate::render::Display;
use crate::render::sandbox as rendering;
use crate::sandbox::scenario::ClientTrust;
use crate::sandbox::{Options, Remote, Running, Sandbox, Scenario, Service};

/// What is shown without a name: a healthy server, then a login, a certificate and a recipient that fail.
const LESSONS: [&str; 4] = ["healthy-submission", "auth-wrong-password", "certificate-expired", "relay-denied"];

/// Exit codes from here on say that a signal ended a check; no lesson follows it.
const INTERRUPTED: u8 = 128;

pub(super) fn run(args: &DemoArgs) -> Result<u8, CommandError> {
    let look = args.look.display(&outlet());
    // Before there is a file that has to go.
    gather::end_on_unhandled_signals();
    gather::clock()?;
    match &args.scenario {
        Some(name) => run_scenario(args, scenario(name)?, &look),
        None => lessons(args, &look),
    }
}

fn run_scenario(args: &DemoArgs, scenario: &'static Scenario, look: &Display) -> Result<u8, CommandError> {
    let phase = DemoServers::open(&[scenario])?;
    let Some(service) = phase.services.first() else { return Ok(0) };
    let words = phase.words(service)?;
    if shows_words(args) {
        print(&rendering::lesson(scenario, None, &described(&words), look))?;
    }
    let code = check_with(&words, args)?;
    if shows_words(args) {
        print(&rendering::end_of_lesson(scenario, look))?;
    }
    Ok(code)
}

fn lessons(args: &DemoArgs, look: &Display) -> Result<u8, CommandError> {
    let chosen = LESSONS.iter().map(|name| scenario(name)).collect::<Result<Vec<_>, _>>()?;
    let phase = DemoServers::open(&chosen)?;
    let is_json = !shows_words(args) && !args.verbosity.quiet;
    let mut as_expected = true;
    for (at, service) in phase.services.iter().enumerate() {
        let words = phase.words(service)?;
        if shows_words(args) {
            print(&rendering::lesson(service.scenario, Some((at + 1, LESSONS.len())), &described(&words), look))?;
        } else if is_json {
            print(if at == 0 { "[\n" } else { ",\n" })?;
        }
        let code = check_with(&words, args)?;
        if code >= INTERRUPTED {
            return Ok(code);
        }
        as_expected &= code == service.scenario.exit;
        if shows_words(args) {
            print("\n")?;
        }
    }
    if is_json {
        print("]\n")?;
    }
    if shows_words(args) {
        print(&rendering::end_of_lessons(look))?;
    }
    Ok(if as_expected { 0 } else { 1 })
}

fn shows_words(args: &DemoArgs) -> bool {
    args.format.chosen().name == "text" && !args.verbosity.quiet
}

fn check_with(words: &[OsString], args: &DemoArgs) -> Result<u8, CommandError> {
    match cli::parse(words.iter().cloned().chain(args.words()).collect())? {
        Invocation::Check(args, matches) => check::run(&args, &matches),
        // The words begin with an address, which is never a verb.
        _ => Err(CommandError::usage("the demo is no check".to_owned())),
    }
}

fn described(words: &[OsString]) -> Vec<String> {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Servers, and the files that their client needs. All of it goes when the demo ends.
struct DemoServers {
    services: Vec<Service>,
    folder: Folder,
    authorities: String,
    client_certificate: String,
    _running: Running,
}

impl DemoServers {
    fn open(scenarios: &[&'static Scenario]) -> Result<DemoServers, CommandError> {
        let options = Options {
            listen: std::net::Ipv4Addr::LOCALHOST.into(),
            port: None,
            remote: Remote::Refused,
            fleet: None,
            dns: None,
        };
        let house = Sandbox::open(scenarios, &options)?;
        let (services, authorities) = (house.services().to_vec(), house.authorities()?);
        let client_certificate = house.client_certificate()?;
        let running = house.spawn(None)?;
        Ok(DemoServers { services, folder: Folder::new()?, authorities, client_certificate, _running: running })
    }

    /// The words behind `smtpcheck` with which the fault of a server shows.
    fn words(&self, service: &Service) -> Result<Vec<OsString>, CommandError> {
        let client = &service.scenario.client;
        let mut words: Vec<OsString> = match client.host {
            None => vec![service.address.to_string().into()],
            Some(host) => {
                let (ip, port) = (service.address.ip(), service.address.port());
                let [target, resolve] = [format!("{host}:{port}"), format!("{host}:{port}:{ip}")];
                vec![target.into(), "--resolve".into(), resolve.into()]
            }
        };
        words.extend(client.flags.iter().map(|flag| self.filled(flag)).collect::<Result<Vec<_>, _>>()?);
        if client.trust == ClientTrust::Sandbox {
            words.extend(["--cacert".into(), self.folder.write("ca.pem", &self.authorities)?.into()]);
        }
        if let Some(secret) = client.secret {
            words.extend(["--password-file".into(), self.folder.write("password", secret)?.into()]);
        }
        Ok(words)
    }

    /// A flag's value, where it stands for something that is made anew each time.
    fn filled(&self, flag: &str) -> Result<OsString, CommandError> {
        match flag {
            "{client-certificate}" => Ok(self.folder.write("client.pem", &self.client_certificate)?.into()),
            other => Ok(other.into()),
        }
    }
}
