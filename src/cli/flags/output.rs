//! Output: the format, how much of it, and where it goes.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::{InvalidValue, closed_list};
use crate::render::nagios::{Range, Thresholds};
use crate::render::write_out::Template;
use crate::render::{FORMATS, Format, Transcript, Verbosity};

const HEADING: &str = "Output";

closed_list!(Transcript {
    Transcript::Full => "full",
    Transcript::Problems => "problems",
    Transcript::None => "none",
});

/// A format, chosen by its name.
#[derive(Clone, Copy)]
pub struct ChosenFormat(pub &'static Format);

impl fmt::Debug for ChosenFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

fn formats() -> impl TypedValueParser<Value = ChosenFormat> {
    let value = |format: &Format| match format.name {
        "markdown" => PossibleValue::new("markdown").alias("md"),
        name => PossibleValue::new(name),
    };
    PossibleValuesParser::new(FORMATS.iter().map(value)).try_map(|word| format(&word).map(ChosenFormat))
}

fn format(word: &str) -> Result<&'static Format, InvalidValue> {
    let name = if word.eq_ignore_ascii_case("md") { "markdown" } else { word.trim() };
    FORMATS.iter().find(|format| format.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        InvalidValue::new("unknown format", format!("write one of {}", names.join(", ")))
    })
}

/// The format.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct FormatArgs {
    /// Format of the result
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = formats(), help_heading = HEADING)]
    pub format: ChosenFormat,
    /// Short for --format json
    #[arg(long, help_heading = HEADING, conflicts_with = "format")]
    pub json: bool,
}

impl FormatArgs {
    /// The format of the result.
    pub fn chosen(&self) -> &'static Format {
        let json = FORMATS.iter().find(|format| self.json && format.name == "json");
        json.unwrap_or(self.format.0)
    }
}

/// Other reports beside the result.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ReportFileArgs {
    /// Also write a report to this file, completely or not at all (repeatable): junit=smtpcheck.xml
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file, help_heading = HEADING)]
    pub report: Vec<ReportFile>,
}

/// A format and the file for it.
#[derive(Clone, Debug)]
pub struct ReportFile {
    /// Which format.
    pub format: ChosenFormat,
    /// Into which file.
    pub path: PathBuf,
}

fn report_file(text: &str) -> Result<ReportFile, InvalidValue> {
    let example = "write FORMAT=FILE, for example junit=smtpcheck.xml";
    let Some((name, path)) = text.split_once('=') else { return Err(InvalidValue::new("no file given", example)) };
    let format = format(name)?;
    if path.is_empty() || path == "-" {
        let hint = format!("use --format {} to write it to standard output", format.name);
        return Err(InvalidValue::new("no file given", hint));
    }
    Ok(ReportFile { format: ChosenFormat(format), path: PathBuf::from(path) })
}

/// Where the result goes.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct OutputFileArgs {
    /// Write the result to this file, completely or not at all
    #[arg(short, long, value_name = "FILE", help_heading = HEADING)]
    pub output: Option<PathBuf>,
}

/// How much is printed.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct VerbosityArgs {
    /// Print only the verdict line
    #[arg(short, long, help_heading = HEADING, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print certificates and follow-up probes in full
    #[arg(short, long, help_heading = HEADING)]
    pub verbose: bool,
}

impl VerbosityArgs {
    /// What `-q` and `-v` mean; clap accepts only one of them.
    pub fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        }
    }
}

/// How much of the session is shown.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct TranscriptArgs {
    /// How much of the session to show
    #[arg(long, value_name = "AMOUNT", default_value = "full", value_enum, help_heading = HEADING)]
    pub transcript: Transcript,
}

/// What a single check has besides.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct CheckOutputArgs {
    /// With --format nagios: seconds that are a WARNING, a number or a range [@]start:end
    #[arg(long, value_name = "RANGE", value_parser = range, help_heading = HEADING)]
    pub warning: Option<Range>,
    /// With --format nagios: seconds that are CRITICAL
    #[arg(long, value_name = "RANGE", value_parser = range, help_heading = HEADING)]
    pub critical: Option<Range>,
    /// Print this text instead, such as '%{exit.code} %{tls.version} %{total_ms}\n'
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
    let hint = "write seconds, for example 5, or a range of a monitoring plugin, 0:5";
    Range::parse(text).ok_or_else(|| InvalidValue::new("not a range", hint))
}

fn template(text: &str) -> Result<Template, InvalidValue> {
    Template::parse(text).map_err(|fault| InvalidValue::new(fault.to_string(), ""))
}
