//! Output flags: the format, the amount of output, and the files that it is written to.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::{InvalidValue, closed_list};
use crate::render::nagios::{Range, Thresholds};
use crate::render::write_out::Template;
use crate::render::{self, FORMATS, Format, Transcript, Verbosity};

const HEADING: &str = "Output";

closed_list!(Transcript {
    Transcript::Full => "full",
    Transcript::Problems => "problems",
    Transcript::None => "none",
});

/// An output format that was selected by its name.
#[derive(Clone, Copy)]
pub struct ChosenFormat(pub &'static Format);

impl fmt::Debug for ChosenFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

fn formats() -> impl TypedValueParser<Value = ChosenFormat> {
    let value = |format: &Format| PossibleValue::new(format.name).aliases(format.alias);
    PossibleValuesParser::new(FORMATS.iter().map(value)).try_map(|word| format(&word).map(ChosenFormat))
}

fn format(word: &str) -> Result<&'static Format, InvalidValue> {
    render::format(word.trim()).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        InvalidValue::new("unknown format", format!("use one of {}", names.join(", ")))
    })
}

/// The flags that select the format of the result.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct FormatArgs {
    /// Format of the result
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = formats(), help_heading = HEADING)]
    pub format: ChosenFormat,
    /// Same as --format json
    #[arg(long, help_heading = HEADING, conflicts_with = "format")]
    pub json: bool,
}

impl FormatArgs {
    /// The format that `--format` or `--json` selects.
    pub fn chosen(&self) -> &'static Format {
        let json = FORMATS.iter().find(|format| self.json && format.name == "json");
        json.unwrap_or(self.format.0)
    }
}

/// Reports that are written to files, in addition to the result.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ReportFileArgs {
    /// Also write a report in FORMAT to FILE, for example junit=smtpcheck.xml (repeatable); the file is replaced only when the report is complete
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file, help_heading = HEADING)]
    pub report: Vec<ReportFile>,
}

/// One `--report`.
#[derive(Clone, Debug)]
pub struct ReportFile {
    /// The format of the report.
    pub format: ChosenFormat,
    /// The file to write; never empty or `-`.
    pub path: PathBuf,
}

fn report_file(text: &str) -> Result<ReportFile, InvalidValue> {
    let example = "use FORMAT=FILE, for example junit=smtpcheck.xml";
    let Some((name, path)) = text.split_once('=') else { return Err(InvalidValue::new("no file given", example)) };
    let format = format(name)?;
    if path.is_empty() || path == "-" {
        let hint = format!("use --format {} to write it to standard output", format.name);
        return Err(InvalidValue::new("no file given", hint));
    }
    Ok(ReportFile { format: ChosenFormat(format), path: PathBuf::from(path) })
}

/// The flag that writes the result to a file.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct OutputFileArgs {
    /// Write the result to this file instead of standard output; the file is replaced only when the result is complete
    #[arg(short, long, value_name = "FILE", help_heading = HEADING)]
    pub output: Option<PathBuf>,
}

/// The flags that select how much is printed.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct VerbosityArgs {
    /// Print only the verdict line
    #[arg(short, long, help_heading = HEADING, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print full certificates and follow-up probes
    #[arg(short, long, help_heading = HEADING)]
    pub verbose: bool,
}

impl VerbosityArgs {
    /// The verbosity that `-q` or `-v` selects. clap rejects both flags together.
    pub fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        }
    }
}

/// The flag that selects how much of the session is shown.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct TranscriptArgs {
    /// How much of the session to show; with "problems", only the lines that a finding refers to
    #[arg(long, value_name = "AMOUNT", default_value = "full", value_enum, help_heading = HEADING)]
    pub transcript: Transcript,
}

/// Output flags that only `check` has.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct CheckOutputArgs {
    /// With --format nagios, report WARNING if the duration of the check in seconds is outside RANGE, for example 5 or
    /// 1:5 (syntax of the Monitoring Plugins guidelines)
    #[arg(long, value_name = "RANGE", value_parser = range, help_heading = HEADING)]
    pub warning: Option<Range>,
    /// With --format nagios, report CRITICAL if the duration of the check in seconds is outside RANGE (same syntax as
    /// for --warning)
    #[arg(long, value_name = "RANGE", value_parser = range, help_heading = HEADING)]
    pub critical: Option<Range>,
    /// Print this string instead of the result, with each %{NAME} replaced by the value of that name in the report, for
    /// example '%{exit.code} %{tls.version} %{total_ms}\n'
    #[arg(long, value_name = "TEXT", value_parser = template, help_heading = HEADING, conflicts_with_all = ["json", "format", "output"])]
    pub write_out: Option<Template>,
}

impl CheckOutputArgs {
    /// `--warning` and `--critical`.
    pub fn thresholds(&self) -> Thresholds {
        Thresholds { warning: self.warning.clone(), critical: self.critical.clone() }
    }
}

fn range(text: &str) -> Result<Range, InvalidValue> {
    let hint = "use a number of seconds, for example 5, or a range, for example 0:5";
    Range::parse(text).ok_or_else(|| InvalidValue::new("not a number or a range", hint))
}

fn template(text: &str) -> Result<Template, InvalidValue> {
    Template::parse(text).map_err(|fault| InvalidValue::new(fault.to_string(), ""))
}
