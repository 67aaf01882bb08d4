//! smtpcheck called as check_smtp: accepts the flags of this monitoring plugin, and prints output in its format. The
//! check itself is the same as in `smtpcheck check`. This file adds the expectations of the plugin (`-e` and `-R`).

use std::ffi::OsString;

use clap::ArgMatches;

use super::CommandError;
use super::live::run_single;
use super::secrets;
use super::stdout::print;
use crate::cli::commands::check::CheckArgs;
use crate::cli::flags::display::OutputTarget;
use crate::cli::plugin::{ExpectedReply, PluginCheck, PluginCommand};
use crate::cli::{self, Invocation, plan as planning};
use crate::evidence::Phase;
use crate::host::{name, signals};
use crate::render::nagios;
use crate::report::{NoExpectations, Report, Run};
use crate::run::{Engine, Job, RetriedReport};
use crate::wire::Reply;

/// Runs the plugin with the arguments, without the name of the program.
pub(super) fn run(words: Vec<OsString>) -> Result<u8, CommandError> {
    match cli::plugin::parse(words)? {
        Ok(check) => {
            let words = std::iter::once("check".into()).chain(check.words.iter().cloned()).collect();
            match cli::parse(words)? {
                Invocation::Check(args, matches) => checked(&check, &args, &matches),
                _ => Err(CommandError::usage("no host given; add -H HOST".to_owned())),
            }
        }
        // The guidelines for monitoring plugins require UNKNOWN for the help and the version.
        Err(text) => print(&text).map(|_| nagios::PluginState::Unknown.code()),
    }
}

fn checked(check: &PluginCheck, args: &CheckArgs, matches: &ArgMatches) -> Result<u8, CommandError> {
    let look = args.display(&OutputTarget::default());
    let hostname = name::host_name();
    let target = args.targets.first().map(String::as_str).unwrap_or_default();
    let plan = planning::plan(args, matches, target, hostname.as_deref())?;
    let source =
        args.password.source(args.auth.user.as_deref(), plan.login.as_ref(), secrets::sources(plan.login.as_ref()))?;
    let fetch = || secrets::fetch_all(source.as_ref(), std::slice::from_ref(&plan));
    let (mut secrets, spent) = secrets::measured(source.as_ref(), fetch)?;
    let secret = secrets.pop().flatten();
    let proxies = secrets::proxies(&args.route, std::slice::from_ref(&plan))?;
    let job = Job { plan, secret, spent, expectations: Vec::new(), retry: crate::plan::Retry::default() };
    let mut engine = Engine::new()?;
    engine.use_proxies(&proxies);
    engine.prepare(&job)?;
    signals::end_if_unhandled();
    let RetriedReport { report, .. } = run_single(&mut engine, job)?;
    let mismatches = mismatches(check, &report);
    let run = Run::of(without_expected_rejections(check, report));
    let (state, text) = nagios::answer(&run, &look, &mismatches);
    print(&text)?;
    Ok(state.code())
}

/// The expectations that were not met. Without a greeting, the greeting is not compared.
fn mismatches(check: &PluginCheck, report: &Report) -> Vec<String> {
    let session = report.evidence.main_session();
    let greeting = session.and_then(|session| session.reply_at(Phase::Greeting)).map(|event| joined(event.reply));
    let mut all = Vec::new();
    if let Some(greeting) = greeting.filter(|greeting| !greeting.contains(&check.greeting)) {
        all.push(format!("the greeting does not contain {}: {greeting}", check.greeting));
    }
    for wanted in &check.answers {
        match answer(wanted, report) {
            Some(answer) if wanted.regex.is_match(&answer) => {}
            Some(answer) => all.push(format!("a reply does not match {}: {answer}", wanted.pattern)),
            None => all.push(format!("no reply was received to match against {}", wanted.pattern)),
        }
    }
    all
}

fn answer(wanted: &ExpectedReply, report: &Report) -> Option<String> {
    let session = report.evidence.main_session()?;
    let found = match wanted.command {
        PluginCommand::Mail => session.reply_at(Phase::Mail),
        PluginCommand::Rcpt(number) => session.reply_to_recipient(number),
    };
    found.map(|event| joined(event.reply))
}

fn joined(reply: &Reply) -> String {
    reply.lines().join(" ")
}

/// Ignores the findings about a rejection that the user expected.
fn without_expected_rejections(check: &PluginCheck, mut report: Report) -> Report {
    let is_met = |wanted: &&ExpectedReply| answer(wanted, &report).is_some_and(|answer| wanted.regex.is_match(&answer));
    let wanted: Vec<Phase> = check
        .answers
        .iter()
        .filter(is_met)
        .map(|wanted| if wanted.command == PluginCommand::Mail { Phase::Mail } else { Phase::Rcpt })
        .collect();
    let rules = report.findings.iter().filter(|finding| wanted.contains(&finding.phase));
    let rules: Vec<String> = rules.map(|finding| finding.rule.to_string()).collect();
    if rules.is_empty() {
        return report;
    }
    report.plan.gate.ignore.extend(rules);
    report.judged_again(&NoExpectations)
}
