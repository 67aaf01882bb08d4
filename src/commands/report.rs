//! `smtpcheck report FILE...`: shows saved reports in any format, or the difference between two. With `--rejudge`, the
//! rules are applied again to the saved evidence. This command does not use the network.

use std::io;
use std::path::Path;

use super::CommandError;
use super::batch;
use super::outputs::{Outputs, reject_clashes};
use super::sink::{Draft, Readers, Sink, file_of};
use super::stdout::outlet;
use super::watch;
use crate::cli::commands::report::ReportArgs;
use crate::cli::flags::display::OutputTarget;
use crate::cli::{Invocation, plan as planning};
use crate::expect::Expectation;
use crate::host::file;
use crate::plan::Plan;
use crate::render::{Display, Format, escape, names_of_formats};
use crate::report::{CheckOutcome, CheckResult, Difference, Report, Run, Saved};

pub(super) fn run(args: &ReportArgs) -> Result<u8, CommandError> {
    let summarised = match batch::merge::report(args)? {
        Some(code) => Some(code),
        None => watch::saved::report(args)?,
    };
    let code = match summarised {
        Some(code) => code,
        None => render_reports(args)?,
    };
    Ok(if args.exit_zero { 0 } else { code })
}

/// Shows saved reports, or the difference between two files. Returns the exit code.
fn render_reports(args: &ReportArgs) -> Result<u8, CommandError> {
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
    reject_clashes(file_of(&args.output.output), &args.reports.report, &[])?;
    let outputs = Outputs::begin(&args.reports.report, format, readers)?;
    let run = if runs.len() == 1 { runs.remove(0) } else { Run::merged(runs) };
    sink.write(&(format.render)(&run, &look)).map_err(CommandError::Output)?;
    sink.finish()?;
    outputs.write(&run, &look)?;
    Ok(format.exit_code(&run, &look))
}

fn rendered(
    difference: &Difference,
    format: &Format,
    args: &ReportArgs,
    look: &Display,
) -> Result<String, CommandError> {
    if !args.reports.report.is_empty() {
        return Err(CommandError::usage(
            "--report cannot write the difference between two files; to write both reports, add --merge",
        ));
    }
    match format.difference {
        Some(render) => Ok(render(difference, look)),
        None => Err(CommandError::usage(format!(
            "--format {} cannot show the difference between two files; use --format {}, or add --merge",
            format.name,
            names_of_formats(|format| format.difference.is_some())
        ))),
    }
}

fn read(path: &Path) -> Result<Run, CommandError> {
    let shown = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
    let wrong = |why: &dyn std::fmt::Display| CommandError::usage(format!("{shown}: {why}"));
    let bytes = file::report(path).map_err(|error| wrong(&file::reason(&error)))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong(&"not a report: the file is not UTF-8"))?;
    // When Windows PowerShell saves output, it adds a byte order mark.
    let saved = Saved::read(text.strip_prefix('\u{feff}').unwrap_or(text), &plan_for).map_err(|error| wrong(&error))?;
    for remark in &saved.remarks {
        let line = format!("smtpcheck: {shown}: {remark}\n");
        // If standard error is closed, the remark is lost.
        let _ = io::Write::write_all(&mut io::stderr(), (escape::visible(line.trim_end()) + "\n").as_bytes());
    }
    Ok(saved.run)
}

/// A plan with default values, for a saved report that contains only the target.
fn plan_for(target: &str) -> Option<Plan> {
    match crate::cli::parse(vec!["check".into(), target.into()]).ok()? {
        Invocation::Check(args, matches) => planning::plan(&args, &matches, target, None).ok(),
        _ => None,
    }
}

fn rejudged(run: Run) -> Run {
    let again = |case: CheckResult| match case.outcome {
        CheckOutcome::Checked { report, earlier } => {
            let again = |report: Report| {
                let expectations = Expectation::saved_in(&report);
                report.judged_again(&expectations)
            };
            let earlier = earlier.into_iter().map(again).collect();
            let report = Box::new(again(*report));
            CheckResult { outcome: CheckOutcome::Checked { report, earlier }, ..case }
        }
        CheckOutcome::Skipped { .. } => case,
    };
    Run { cases: run.cases.into_iter().map(again).collect(), ..run }
}
