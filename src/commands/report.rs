//! `smtpcheck report FILE...`: saved reports in any format, judged again if that is wanted, or what has changed between
//! two of them. Nothing is asked of any network.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use super::outputs::Outputs;
use super::sink::{Draft, Readers, Sink, file_of};
use super::{CommandError, outlet};
use crate::cli::commands::report::ReportArgs;
use crate::cli::flags::display::OutputTarget;
use crate::cli::{Invocation, plan as planning};
use crate::gather;
use crate::plan::Plan;
use crate::render::{Display, Format, difference as rendering, escape, nagios};
use crate::report::{CheckOutcome, CheckResult, Difference, Report, Run, RunSource, Saved};

pub(super) fn run(args: &ReportArgs) -> Result<u8, CommandError> {
    let format = args.format.chosen();
    let outlet = if file_of(&args.output.output).is_some() { OutputTarget::default() } else { outlet() };
    let look = args.display(&outlet);
    let runs = args.files.iter().map(|file| read(file)).collect::<Result<Vec<Run>, _>>()?;
    let mut runs: Vec<Run> = match args.rejudge {
        true => runs.into_iter().map(rejudged).collect(),
        false => runs,
    };
    let reports = runs.iter().flat_map(|run| &run.cases).filter_map(CheckResult::report);
    let readers = Readers::of(reports.map(|report| &report.plan));
    let draft = file_of(&args.output.output).map(|path| Draft::begin(path, readers)).transpose()?;
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    if let ([before, after], false) = (runs.as_slice(), args.merge) {
        let difference = Difference::new(before, after);
        let text = rendered(&difference, format, args, &look)?;
        sink.write(&text).map_err(CommandError::Output)?;
        sink.finish()?;
        return Ok(u8::from(difference.changed));
    }
    let outputs = Outputs::begin(&args.reports.report, format, readers)?;
    let run = if runs.len() == 1 { runs.remove(0) } else { merged(runs) };
    sink.write(&(format.render)(&run, &look)).map_err(CommandError::Output)?;
    sink.finish()?;
    outputs.write(&run, &look)?;
    Ok(match format.name {
        "nagios" => nagios::state(&run, &look.thresholds).code(),
        _ => run.exit_code(),
    })
}

fn rendered(
    difference: &Difference,
    format: &Format,
    args: &ReportArgs,
    look: &Display,
) -> Result<String, CommandError> {
    if !args.reports.report.is_empty() {
        return Err(CommandError::usage("--report with two files needs --merge: what has changed has no such format"));
    }
    match format.name {
        "text" => Ok(rendering::render(difference, look)),
        "json" => Ok(rendering::json(difference)),
        other => Err(CommandError::usage(format!(
            "--format {other} with two files needs --merge: what has changed is shown as text or json"
        ))),
    }
}

fn read(path: &Path) -> Result<Run, CommandError> {
    let shown = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
    let wrong = |why: &dyn std::fmt::Display| CommandError::usage(format!("{shown}: {why}"));
    let bytes = gather::file::report(path).map_err(|error| wrong(&gather::file::reason(&error)))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong(&"this is not UTF-8, so it is no report"))?;
    // Windows PowerShell writes a byte order mark when it saves.
    let saved = Saved::read(text.strip_prefix('\u{feff}').unwrap_or(text), &plan_for).map_err(|error| wrong(&error))?;
    for remark in &saved.remarks {
        let line = format!("smtpcheck: {shown}: {remark}\n");
        // Nobody is left to be told when standard error is gone.
        let _ = io::Write::write_all(&mut io::stderr(), (escape::visible(line.trim_end()) + "\n").as_bytes());
    }
    Ok(saved.run)
}

/// A plan that says no more than the target.
fn plan_for(target: &str) -> Option<Plan> {
    match crate::cli::parse(vec!["check".into(), target.into()]).ok()? {
        Invocation::Check(args, matches) => planning::plan(&args, &matches, target, None).ok(),
        _ => None,
    }
}

fn rejudged(run: Run) -> Run {
    let again = |case: CheckResult| match case.outcome {
        CheckOutcome::Checked { report, earlier } => {
            let earlier = earlier.into_iter().map(Report::judged_again).collect();
            let report = Box::new(report.judged_again());
            CheckResult { outcome: CheckOutcome::Checked { report, earlier }, ..case }
        }
        CheckOutcome::Skipped { .. } => case,
    };
    Run { cases: run.cases.into_iter().map(again).collect(), ..run }
}

/// All checks of all files; a name that comes twice gets a number.
fn merged(runs: Vec<Run>) -> Run {
    let mut cases: Vec<CheckResult> = Vec::new();
    let mut taken: HashSet<String> = HashSet::new();
    // The number from which the search goes on: a monitor saves the same target thousands of times.
    let mut next: HashMap<String, usize> = HashMap::new();
    for mut case in runs.into_iter().flat_map(|run| run.cases) {
        if taken.contains(&case.name) {
            let number = next.entry(case.name.clone()).or_insert(2);
            let mut numbered = format!("{} ({number})", case.name);
            while taken.contains(&numbered) {
                *number += 1;
                numbered = format!("{} ({number})", case.name);
            }
            case.name = numbered;
        }
        taken.insert(case.name.clone());
        // Places belong to the one suite that a run has.
        case.place = None;
        cases.push(case);
    }
    Run { source: RunSource::Targets, cases }
}
