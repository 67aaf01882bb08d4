//! `smtpcheck check TARGET...`: plan, inquire, judge, render, exit code. Everything that can be wrong with the
//! arguments is found before the first packet: all plans, all files, the password.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::path::Path;

use clap::ArgMatches;
use jiff::Timestamp;

use super::outputs::Outputs;
use super::progress::Progress;
use super::sink::{Draft, Sink, Written};
use super::{Trouble, outlet};
use crate::cli::args::CheckArgs;
use crate::cli::look::{self, Outlet};
use crate::cli::password::{self, PasswordSource, Surroundings};
use crate::cli::{UsageError, plan as planning, report, target};
use crate::evidence::{Attempt, Event, Evidence};
use crate::gather;
use crate::gather::netrc;
use crate::gather::password as secrets;
use crate::gather::{Gather, Gatherer};
use crate::inquiry::{self, Ended, Listener};
use crate::plan::{Login, LoginProof, Plan};
use crate::render::{self, Format, Look, nagios, ndjson, text};
use crate::report::{Case, Exit, Line, Report, Run, Source};
use crate::sasl::{Credentials, Proof};
use crate::secret::Secret;

const VARIABLE: &str = "SMTPCHECK_PASSWORD";

pub(super) fn run(args: &CheckArgs, matches: &ArgMatches) -> Result<u8, Trouble> {
    let format = chosen_format(args)?;
    let outlet = match args.output {
        Some(_) => Outlet::default(),
        None => outlet(),
    };
    let look = look::check(args, &outlet)?;
    let hostname = hostname::get().ok().and_then(|name| name.into_string().ok());
    let filled = args.targets.iter().map(|target| with_netrc(args, target)).collect::<Result<Vec<_>, _>>()?;
    let plans = args
        .targets
        .iter()
        .zip(&filled)
        .map(|(target, args)| planning::plan(args, matches, target, hostname.as_deref()))
        .collect::<Result<Vec<Plan>, UsageError>>()?;
    let args = filled.first().map_or(args, Cow::as_ref);
    let login = plans.first().and_then(|plan| plan.login.as_ref());
    let source = password::source(args, login, surroundings(login))?;
    let file = args.output.as_deref().map(Draft::begin).transpose()?;
    let outputs = Outputs::begin(&args.report, format)?;
    let credentials = all_credentials(source.as_ref(), &plans)?;
    let runs = plans
        .into_iter()
        .zip(credentials)
        .map(|(plan, credentials)| Gatherer::new(&plan, credentials).map(|gatherer| (plan, gatherer)));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    let mut sink = match file {
        Some(draft) => Sink::File(draft),
        None => Sink::Stdout,
    };
    let live = format.name == "text" && matches!(sink, Sink::Stdout);
    let origin = if args.targets.len() > 1 { Source::Targets } else { Source::Target };
    if format.name == "ndjson" && say_line(&mut sink, &Line::start(&origin, args.targets.len()))?.is_closed() {
        return Ok(0);
    }
    let mut reports = Vec::new();
    gather::end_on_unheard_signals();
    for (at, (plan, mut gatherer)) in runs.into_iter().enumerate() {
        if at > 0 && format.name == "text" && !args.quiet && sink.write("\n").map_err(Trouble::Output)?.is_closed() {
            return Ok(0);
        }
        let voice = match format.name {
            "ndjson" => Voice::Lines(at + 1),
            _ if live => Voice::Text,
            _ => Voice::Silent,
        };
        let mut narrator = Narrator { look: &look, voice, sink: &mut sink, progress: Progress::new() };
        let started_at = Timestamp::now();
        let heading = match voice {
            Voice::Text => text::header(&plan, &look),
            Voice::Lines(number) => ndjson::written(&Line::begun(number, &plan, started_at)),
            Voice::Silent => String::new(),
        };
        if narrator.say(&heading).is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return Ok(0);
        }
        let (evidence, ended) = inquiry::inquire(&plan, &mut gatherer, started_at, &mut narrator);
        narrator.progress.clear();
        let total_ms = gatherer.now_ms();
        drop(gatherer);
        if let Ended::Unheard(error) = ended {
            return if error.kind() == io::ErrorKind::BrokenPipe { Ok(0) } else { Err(Trouble::Output(error)) };
        }
        let report = Report::new(plan, evidence, &ended, total_ms);
        let text = match (format.name, live && look.transcript == render::Transcript::Full) {
            ("text", true) => text::conclusion(&report, &look),
            ("text", false) if live => without_header(&text::render(&report, &look), &heading),
            ("text", false) => text::render(&report, &look),
            ("ndjson", _) => ndjson::written(&Line::result(at + 1, &Case::of(report.clone()))),
            _ => String::new(),
        };
        if sink.write(&text).map_err(Trouble::Output)?.is_closed() {
            return Ok(0);
        }
        let interrupted = matches!(report.exit, Exit::Interrupted | Exit::Terminated);
        reports.push(report);
        if interrupted {
            break;
        }
    }
    let code = common_code(reports.iter());
    let run = Run { source: origin, cases: reports.into_iter().map(Case::of).collect() };
    let rest = match format.name {
        // They have told everything else as it happened.
        "text" => String::new(),
        "ndjson" => ndjson::written(&Line::end(&run)),
        _ => (format.render)(&run, &look),
    };
    if sink.write(&rest).map_err(Trouble::Output)?.is_closed() {
        return Ok(0);
    }
    sink.finish()?;
    outputs.write(&run, &look)?;
    let code = if format.name == "nagios" { nagios::state(&run, &look.thresholds).code() } else { code };
    Ok(code)
}

fn chosen_format(args: &CheckArgs) -> Result<&'static Format, UsageError> {
    report::format("--format", if args.json { "json" } else { args.format.as_str() })
}

fn environment_password() -> Result<Secret, Trouble> {
    match std::env::var(VARIABLE) {
        Ok(value) => Ok(secrets::from_environment(value)?),
        Err(_) => Err(Trouble::Usage(format!("{VARIABLE} is not UTF-8"))),
    }
}

pub(super) fn surroundings(login: Option<&Login>) -> Surroundings {
    let name = match login.map(|login| login.proof) {
        Some(LoginProof::Token) => "smtpcheck-token",
        _ => "smtpcheck-password",
    };
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(name));
    Surroundings {
        variable: std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty()),
        directory: directory.filter(|file| file.exists()),
        terminal: io::stdin().is_terminal() && io::stderr().is_terminal(),
    }
}

/// With `--netrc` and without `--user`, the user of the target's line.
fn with_netrc<'a>(args: &'a CheckArgs, target: &str) -> Result<Cow<'a, CheckArgs>, Trouble> {
    if !args.netrc || args.user.is_some() {
        return Ok(Cow::Borrowed(args));
    }
    let user = netrc::user(&target::parse(target)?.host.to_string())?;
    Ok(Cow::Owned(CheckArgs { user: Some(user), ..args.clone() }))
}

/// One secret for all targets, fetched once; but from `.netrc` to each host only its own.
pub(super) fn all_credentials(
    source: Option<&PasswordSource>,
    plans: &[Plan],
) -> Result<Vec<Option<Credentials>>, Trouble> {
    let shared = match (source, plans.first()) {
        (Some(source), Some(plan)) if *source != PasswordSource::Netrc => Some(fetch(source, plan)?),
        _ => None,
    };
    plans
        .iter()
        .map(|plan| {
            let own = match source {
                Some(source @ PasswordSource::Netrc) => Some(fetch(source, plan)?),
                _ => None,
            };
            Ok(credentials(plan, own.as_ref().or(shared.as_ref())))
        })
        .collect()
}

fn fetch(source: &PasswordSource, plan: &Plan) -> Result<Secret, Trouble> {
    let user = plan.login.as_ref().map(|login| login.user.as_str()).unwrap_or_default();
    Ok(match source {
        PasswordSource::TokenCommand(command) => secrets::from_command(command, "--token-command")?,
        PasswordSource::Netrc => netrc::password(&plan.target.host.to_string(), user)?,
        PasswordSource::Directory(path) => secrets::from_named_file(path, "$CREDENTIALS_DIRECTORY: ")?,
        PasswordSource::Stdin => secrets::from_stdin()?,
        PasswordSource::File(path) => secrets::from_file(path)?,
        PasswordSource::Command(command) => secrets::from_command(command, "--password-command")?,
        PasswordSource::Environment => environment_password()?,
        PasswordSource::Prompt => secrets::from_prompt(user)?,
    })
}

/// Each target gets a copy of its own, which is wiped with its gatherer.
fn credentials(plan: &Plan, secret: Option<&Secret>) -> Option<Credentials> {
    let login = plan.login.as_ref()?;
    let proof = match login.proof {
        LoginProof::Password => Proof::Password(secret?.duplicate()),
        LoginProof::Token => Proof::Token(secret?.duplicate()),
        LoginProof::NoSecret => Proof::NoSecret,
    };
    Some(Credentials { user: login.user.clone(), authzid: login.authzid.clone(), proof })
}

/// The common code if all failures share it, else 1.
pub(super) fn common_code<'a>(reports: impl Iterator<Item = &'a Report>) -> u8 {
    let mut failures: Vec<u8> = reports.map(|report| report.exit.code()).filter(|&code| code != 0).collect();
    if let Some(&signal) = failures.iter().find(|&&code| code >= 128) {
        return signal;
    }
    failures.dedup();
    match failures.as_slice() {
        [] => 0,
        [one] => *one,
        _ => 1,
    }
}

fn without_header(text: &str, heading: &str) -> String {
    text.strip_prefix(heading).unwrap_or(text).to_owned()
}

fn say_line(sink: &mut Sink, line: &Line) -> Result<Written, Trouble> {
    sink.write(&ndjson::written(line)).map_err(Trouble::Output)
}

/// What is told while the conversation runs.
#[derive(Clone, Copy)]
enum Voice {
    Silent,
    Text,
    /// A line for each event, of the check with this number.
    Lines(usize),
}

/// Tells the conversation while it runs.
struct Narrator<'a> {
    look: &'a Look,
    voice: Voice,
    sink: &'a mut Sink,
    progress: Progress,
}

impl Narrator<'_> {
    fn say(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.progress.clear();
        match self.sink.write(text)? {
            Written::Whole => Ok(()),
            Written::Closed => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Listener for Narrator<'_> {
    fn event(&mut self, plan: &Plan, evidence: &Evidence, event: &Event) -> io::Result<()> {
        let text = match self.voice {
            Voice::Silent => return Ok(()),
            Voice::Text => text::event(plan, evidence, event, self.look),
            Voice::Lines(number) => ndjson::happened(number, event),
        };
        self.say(&text)
    }

    fn answered(&mut self, plan: &Plan, evidence: &Evidence, attempt: &Attempt) -> io::Result<()> {
        let text = match self.voice {
            Voice::Silent => return Ok(()),
            Voice::Text => text::answered(plan, evidence, attempt, self.look),
            Voice::Lines(number) => ndjson::answered(number, attempt),
        };
        self.say(&text)
    }

    fn waiting(&mut self, _: &Plan, evidence: &Evidence, now_ms: f64) -> io::Result<()> {
        self.progress.wait(evidence, now_ms);
        Ok(())
    }
}
