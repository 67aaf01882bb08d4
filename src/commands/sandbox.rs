//! `smtpcheck sandbox [SCENARIO...]`: runs servers with known faults, to test any client.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::CommandError;
use super::stdout::{outlet, print};
use crate::cli::commands::sandbox::SandboxArgs;
use crate::host::{clock, file, signals};
use crate::render::Display;
use crate::render::sandbox::{self as rendering, SandboxStart};
use crate::sandbox::domains::{DOMAIN_CASES, DomainPorts, SETTINGS_CASES, domain_case, settings_case};
use crate::sandbox::fleet::Fleet;
use crate::sandbox::journal::{JournalEntry, JournalListener};
use crate::sandbox::{self, Hangup, Options, Remote, Sandbox, Scenario, StartError};

impl From<StartError> for CommandError {
    fn from(error: StartError) -> CommandError {
        match error {
            StartError::Machine(_) => CommandError::Machine(error.into()),
            _ => CommandError::usage(error.to_string()),
        }
    }
}

pub(super) fn run(args: &SandboxArgs) -> Result<u8, CommandError> {
    let look = args.look.display(&outlet());
    let request = args.request()?;
    let fleet = request.fleet.map(|seed| Fleet { seed });
    let chosen = if args.scenarios.is_empty() {
        sandbox::scenarios().collect()
    } else {
        args.scenarios.iter().map(|name| scenario(name)).collect::<Result<Vec<_>, _>>()?
    };
    if args.list && args.domains {
        return print(&listed_domains(args.json, &look));
    }
    if args.list {
        return print(&listed(fleet, &chosen, request.count, args.json, &look));
    }
    // The certificates of the sandbox are issued for the current date.
    clock::now()?;
    let options = Options {
        listen: request.listen,
        port: request.port,
        remote: if args.allow_remote { Remote::Allowed } else { Remote::Refused },
        fleet,
        dns: request.dns.filter(|_| !args.domains),
        domains: args.domains.then_some(DomainPorts {
            mail: request.port,
            dns: request.dns,
            https: args.https_port,
            http: args.http_port,
        }),
    };
    let chosen = if args.domains { Vec::new() } else { chosen };
    let mut sandbox = Sandbox::open(&chosen, &options)?;
    // Install the signal handling before any file is created, so that the files are removed if a signal ends the
    // program.
    sandbox.heed_signals(if signals::is_hangup_ignored() { Hangup::Ignored } else { Hangup::Ends });
    let folder = Folder::new()?;
    let authority = match &args.ca_file {
        Some(path) => written("--ca-file", path, &sandbox.authorities()?)?,
        None => folder.write("ca.pem", &sandbox.authorities()?)?,
    };
    let authority = authority.to_string_lossy().into_owned();
    let anchor = match (sandbox.domains(), &args.trust_anchor_file) {
        (None, _) => None,
        (Some(domains), Some(path)) => Some(written("--trust-anchor-file", path, &domains.anchor)?),
        (Some(domains), None) => Some(folder.write("trust-anchor.txt", &domains.anchor)?),
    };
    let anchor = anchor.map(|path| path.to_string_lossy().into_owned());
    let domains = sandbox.domains().zip(anchor.as_deref());
    let ready = SandboxStart { authority: &authority, fleet_port: sandbox.fleet_port(), dns: sandbox.dns(), domains };
    let of_domains = args.domains.then(|| listed_domains(args.json, &look));
    let services = sandbox.services().iter().map(|service| {
        let address = service.address.to_string();
        match args.json {
            true => rendering::server_json(service.scenario, Some(&address)),
            false => rendering::server(service.scenario, Some(&address), &look),
        }
    });
    let head = if args.json { rendering::ready_json(ready) } else { rendering::ready(ready, &look) };
    print(&std::iter::once(head).chain(services).chain(of_domains).collect::<String>())?;
    // If the output is not read, this thread blocks while writing and does not react to signals.
    signals::end_if_unhandled();
    Ok(sandbox.run((!args.quiet).then(|| journal_listener(args.json, look))))
}

/// A listener that writes what clients do to standard output. If standard output is closed, the servers continue.
fn journal_listener(json: bool, look: Display) -> JournalListener {
    Arc::new(move |entry: JournalEntry| {
        let text = if json { rendering::entry_json(&entry) } else { rendering::entry_text(&entry, &look) };
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    })
}

fn listed(fleet: Option<Fleet>, chosen: &[&'static Scenario], count: usize, json: bool, look: &Display) -> String {
    let one = |scenario: &Scenario, address: Option<&str>| match json {
        true => rendering::server_json(scenario, address),
        false => rendering::server(scenario, address, look),
    };
    match fleet {
        Some(fleet) => Fleet::addresses().take(count).map(|at| one(fleet.at(at), Some(&at.to_string()))).collect(),
        None => chosen.iter().map(|scenario| one(scenario, None)).collect(),
    }
}

fn listed_domains(json: bool, look: &Display) -> String {
    let one = |case| if json { rendering::domain_json(case) } else { rendering::domain(case, look) };
    DOMAIN_CASES.iter().chain(SETTINGS_CASES.iter().map(|case| &case.domain)).map(one).collect()
}

/// Finds a scenario by its name. The error suggests similar names.
pub(super) fn scenario(name: &str) -> Result<&'static Scenario, CommandError> {
    sandbox::scenario(name).ok_or_else(|| {
        if domain_case(name).is_some() || settings_case(name).is_some() {
            let name = name.escape_debug();
            return CommandError::usage(format!(
                "{name} is a domain, not a scenario; to check it: smtpcheck demo {name}; to serve all domains: smtpcheck sandbox --domains"
            ));
        }
        if name.ends_with(".test") {
            let domain = name
                .rsplit_once('@')
                .map(|(_, domain)| domain)
                .filter(|domain| domain_case(domain).is_some() || settings_case(domain).is_some());
            let hint = domain.map(|domain| format!("; did you mean {domain}?")).unwrap_or(";".to_owned());
            let name = name.escape_debug();
            return CommandError::usage(format!(
                "unknown domain {name}{hint} to list the domains: smtpcheck sandbox --domains --list"
            ));
        }
        let mut near: Vec<(f64, &str)> = sandbox::scenarios()
            .map(|one| (strsim::jaro_winkler(name, one.name), one.name))
            .filter(|(alike, one)| *alike > 0.8 || (name.len() > 3 && one.contains(name)))
            .collect();
        near.sort_by(|one, other| other.0.total_cmp(&one.0));
        let near: Vec<&str> = near.into_iter().take(3).map(|(_, one)| one).collect();
        let hint = if near.is_empty() { ";".to_owned() } else { format!("; did you mean {}?", near.join(" or ")) };
        let name = name.escape_debug();
        CommandError::usage(format!("unknown scenario {name}{hint} smtpcheck sandbox --list lists all scenarios"))
    })
}

/// Writes a file that the user named.
fn written(flag: &str, path: &Path, text: &str) -> Result<PathBuf, CommandError> {
    let wrong =
        |error: io::Error| CommandError::usage(format!("{flag} {}: {}", path.display(), file::write_reason(&error)));
    file::write(path, text).map_err(wrong)?;
    Ok(path.to_owned())
}

/// A temporary directory, which is removed when the program ends.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Result<Folder, CommandError> {
        let made = tempfile::Builder::new().prefix("smtpcheck-").tempdir();
        made.map(Folder)
            .map_err(|error| CommandError::usage(format!("a temporary directory cannot be created: {error}")))
    }

    /// Writes a file that only this user can read.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, CommandError> {
        let path = self.0.path().join(name);
        let wrong = |error: io::Error| CommandError::usage(format!("{}: {error}", path.display()));
        file::write(&path, text).map_err(wrong)?;
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(wrong)?;
        Ok(path)
    }
}
