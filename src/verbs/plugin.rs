//! The program under the name check_smtp: the flags of the plugin, and its answer. What is checked is what `smtpcheck
//! check` checks; what the plugin lets its users expect (`-e`, `-R`) is looked at here.

use std::ffi::OsString;

use clap::ArgMatches;

use super::check::{all_secrets, surroundings};
use super::ports::Patience;
use super::tries::{Job, Tried};
use super::{Trouble, print};
use crate::cli::args::CheckArgs;
use crate::cli::look::{self, Outlet};
use crate::cli::plugin::{Command, PluginCheck, Wanted};
use crate::cli::{self, Invocation, password, plan as planning};
use crate::evidence::Stage;
use crate::gather;
use crate::render::nagios;
use crate::report::{Report, Run};
use crate::wire::Reply;

/// The words after the program's name.
pub(super) fn run(words: Vec<OsString>) -> Result<u8, Trouble> {
    match cli::plugin::parse(words)? {
        Ok(check) => {
            let words = std::iter::once("check".into()).chain(check.words.iter().cloned()).collect();
            match cli::parse(words)? {
                Invocation::Check(args, matches) => checked(&check, &args, &matches),
                _ => Err(Trouble::Usage("a host is missing; write it with -H".to_owned())),
            }
        }
        // The guidelines want UNKNOWN for help and version, which no scheduler asks for.
        Err(text) => print(&text).map(|_| nagios::State::Unknown.code()),
    }
}

fn checked(check: &PluginCheck, args: &CheckArgs, matches: &ArgMatches) -> Result<u8, Trouble> {
    let look = look::check(args, &Outlet::default())?;
    let hostname = hostname::get().ok().and_then(|name| name.into_string().ok());
    let target = args.targets.first().map(String::as_str).unwrap_or_default();
    let plan = planning::plan(args, matches, target, hostname.as_deref())?;
    let source = password::source(args, plan.login.as_ref(), surroundings(plan.login.as_ref()))?;
    let secret = all_secrets(source.as_ref(), std::slice::from_ref(&plan))?.pop().flatten();
    let job = Job { plan, secret, expectations: Vec::new(), retry: planning::retry(None, None)? };
    let gatherer = job.gatherer()?;
    gather::end_on_unheard_signals();
    let Tried { report, .. } = job.run(gatherer, &mut Patience::new())?;
    let mismatches = mismatches(check, &report);
    let run = Run::of(as_wanted(check, report));
    let (state, text) = nagios::answer(&run, &look, &mismatches);
    print(&text)?;
    Ok(state.code())
}

/// What the user expected and did not come. Without a greeting there is nothing to compare.
fn mismatches(check: &PluginCheck, report: &Report) -> Vec<String> {
    let talk = report.evidence.main_talk();
    let greeting = talk.and_then(|talk| talk.reply_at(Stage::Greeting)).map(|heard| joined(heard.reply));
    let mut all = Vec::new();
    if let Some(greeting) = greeting.filter(|greeting| !greeting.contains(&check.greeting)) {
        all.push(format!("the greeting does not hold {}: {greeting}", check.greeting));
    }
    for wanted in &check.answers {
        match answer(wanted, report) {
            Some(answer) if wanted.regex.is_match(&answer) => {}
            Some(answer) => all.push(format!("an answer does not match {}: {answer}", wanted.pattern)),
            None => all.push(format!("no answer came that could match {}", wanted.pattern)),
        }
    }
    all
}

fn answer(wanted: &Wanted, report: &Report) -> Option<String> {
    let talk = report.evidence.main_talk()?;
    let heard = match wanted.command {
        Command::Mail => talk.reply_at(Stage::Mail),
        Command::Rcpt(number) => talk.reply_to_recipient(number),
    };
    heard.map(|heard| joined(heard.reply))
}

fn joined(reply: &Reply) -> String {
    reply.lines().join(" ")
}

/// A refusal that was expected and came is no fault.
fn as_wanted(check: &PluginCheck, mut report: Report) -> Report {
    let came = |wanted: &&Wanted| answer(wanted, &report).is_some_and(|answer| wanted.regex.is_match(&answer));
    let wanted: Vec<Stage> = check
        .answers
        .iter()
        .filter(came)
        .map(|wanted| if wanted.command == Command::Mail { Stage::Mail } else { Stage::Rcpt })
        .collect();
    let rules = report.findings.iter().filter(|finding| wanted.contains(&finding.stage));
    let rules: Vec<String> = rules.map(|finding| finding.rule.to_string()).collect();
    if rules.is_empty() {
        return report;
    }
    report.plan.gate.ignore.extend(rules);
    report.judged_again()
}
