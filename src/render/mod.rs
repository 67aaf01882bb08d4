//! Renders reports. Each format has its own file and one row in [`FORMATS`]; `view` contains what several formats
//! share. This module reads no clock, terminal or file. Every format passes text received from a server through
//! [`escape`].
//!
//! [`text`] can also write while the check runs; the result is the same as for a finished report.

pub mod batch;
pub mod config;
pub mod difference;
mod display;
pub mod escape;
pub mod explain;
pub mod exporter;
pub mod exposition;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod nagios;
pub mod ndjson;
pub mod ports;
pub mod prometheus;
pub mod providers;
pub mod rule;
pub mod sandbox;
pub mod snippets;
pub mod style;
pub mod suite;
mod symbols;
mod table;
pub mod text;
mod thresholds;
mod view;
pub mod watch;
pub mod write_out;

pub use display::{ChainDisplay, Colour, Display, Transcript, Verbosity};
pub use symbols::Symbols;

use self::suite::Planned;
use crate::report::batch::BatchSummary;
use crate::report::{Difference, Report, Run};
use crate::watch::summary::WatchSummary;

/// Every format. A row contains everything that commands need to know about a format: its other name, its exit codes,
/// and what it can show in addition to a finished run (a difference, a watch, a batch, the checks of a suite). No
/// command compares names of formats.
pub static FORMATS: &[Format] = &[
    Format {
        name: "text",
        about: "for people: the session, what failed and how to fix it",
        live: Live::Text,
        difference: Some(difference::render),
        watch: Some(WatchForm::Lines),
        watch_summary: Some(watch::summary::summary),
        batch_summary: Some(batch::text::summary),
        planned: Some(PlannedForms::TEXT),
        ..Format::at_end(text::render_run)
    },
    Format {
        name: "json",
        about: "for programs: one JSON document; see `smtpcheck schema`",
        difference: Some(difference::json),
        watch: Some(WatchForm::Summary(|summary, _| watch::record::summary(summary))),
        watch_summary: Some(|summary, _| watch::record::summary(summary)),
        batch_summary: Some(|summary, _| batch::record::summary(summary)),
        planned: Some(PlannedForms {
            list: |planned, _| suite::planned_json(planned),
            dry_run: |planned, _| suite::planned_json(planned),
        }),
        ..Format::at_end(json::render_run)
    },
    Format {
        name: "ndjson",
        about: "for programs: one JSON object per line, written while the check runs",
        live: Live::Records,
        watch: Some(WatchForm::Records),
        ..Format::at_end(ndjson::render_run)
    },
    Format {
        name: "junit",
        about: "for CI: JUnit XML, one test case for each check",
        ..Format::at_end(junit::render_run)
    },
    Format {
        name: "github",
        about: "for GitHub Actions: annotations and a step summary",
        side_file: Some(SideFile { variable: "GITHUB_STEP_SUMMARY", render: markdown::step_summary }),
        ..Format::at_end(github::render_run)
    },
    Format {
        name: "nagios",
        about: "for monitoring: a plugin result like that of check_smtp, with its exit codes",
        exit_codes: ExitCodes::NagiosPlugin,
        ..Format::at_end(nagios::render_run)
    },
    Format {
        name: "prometheus",
        about: "for monitoring: metrics in the Prometheus text format",
        ..Format::at_end(prometheus::render_run)
    },
    Format {
        name: "markdown",
        alias: Some("md"),
        about: "for people: a summary for a comment or an issue",
        batch_summary: Some(|summary, _| batch::markdown::summary(summary)),
        ..Format::at_end(markdown::render_run)
    },
    Format {
        name: "html",
        about: "for people: one page in a single file, without scripts",
        watch_summary: Some(|summary, _| watch::html::page(summary)),
        batch_summary: Some(|summary, _| batch::html::page(summary)),
        ..Format::at_end(html::render_run)
    },
];

/// One format.
pub struct Format {
    /// The value of `--format`. The file of the format has the same name, with underscores.
    pub name: &'static str,
    /// Another name that `--format` accepts.
    pub alias: Option<&'static str>,
    /// The description in the help.
    pub about: &'static str,
    /// How the format shows a check that is still running.
    pub live: Live,
    /// The exit codes that the program uses with this format.
    pub exit_codes: ExitCodes,
    /// A file that the format writes in addition to its output.
    pub side_file: Option<SideFile>,
    /// Renders the changes between two runs, if the format supports this.
    pub difference: Option<fn(&Difference, &Display) -> String>,
    /// What `smtpcheck watch --format` writes, if it accepts the format.
    pub watch: Option<WatchForm>,
    /// Renders the summary of a watch, for `smtpcheck watch --report` and for saved records, if the format supports
    /// this.
    pub watch_summary: Option<WatchWriter>,
    /// Renders the summary of the records of a batch, if the format supports this.
    pub batch_summary: Option<fn(&BatchSummary, &Display) -> String>,
    /// Renders the checks of a suite before they run, if the format supports this.
    pub planned: Option<PlannedForms>,
    /// Renders a finished run, with a final line ending.
    pub render: fn(&Run, &Display) -> String,
}

/// How a format shows a check that is still running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// It writes the session line by line, and the verdict at the end.
    Text,
    /// It writes one record for each event.
    Records,
    /// It writes everything at the end.
    AtEnd,
}

/// Renders the summary of a watch.
pub type WatchWriter = fn(&WatchSummary, &Display) -> String;

/// What `smtpcheck watch` writes while it runs and at its end.
#[derive(Clone, Copy, Debug)]
pub enum WatchForm {
    /// A line for each check, and the summary as text.
    Lines,
    /// Only the summary.
    Summary(WatchWriter),
    /// A record for each check, and the summary as a record.
    Records,
}

/// How a format shows the checks of a suite before they run.
#[derive(Clone, Copy)]
pub struct PlannedForms {
    /// For `smtpcheck run --list`.
    pub list: fn(&[Planned], &Display) -> String,
    /// For `smtpcheck run --dry-run`.
    pub dry_run: fn(&[Planned], &Display) -> String,
}

impl PlannedForms {
    /// As text.
    pub const TEXT: PlannedForms = PlannedForms { list: |planned, _| suite::list(planned), dry_run: suite::dry_run };
}

/// A set of exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCodes {
    /// Those of `report::Exit`.
    Own,
    /// 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    NagiosPlugin,
}

/// A file that a format appends text to, in addition to its output.
#[derive(Clone, Copy)]
pub struct SideFile {
    /// The environment variable with the path of the file. If it is not set, no file is written.
    pub variable: &'static str,
    /// Renders the text to append.
    pub render: fn(&Run, &Display) -> String,
}

impl Format {
    /// The properties of most formats: output at the end, and smtpcheck's own exit codes.
    const fn at_end(render: fn(&Run, &Display) -> String) -> Format {
        Format {
            name: "",
            alias: None,
            about: "",
            live: Live::AtEnd,
            exit_codes: ExitCodes::Own,
            side_file: None,
            difference: None,
            watch: None,
            watch_summary: None,
            batch_summary: None,
            planned: None,
            render,
        }
    }

    /// Renders a single report.
    pub fn one(&self, report: &Report, look: &Display) -> String {
        (self.render)(&Run::of(report.clone()), look)
    }

    /// The exit code of the program for a run in this format.
    pub fn exit_code(&self, run: &Run, look: &Display) -> u8 {
        match self.exit_codes {
            ExitCodes::Own => run.exit_code(),
            ExitCodes::NagiosPlugin => nagios::state(run, &look.thresholds).code(),
        }
    }
}

/// Finds a format by its name or its other name, in lower or upper case.
pub fn format(name: &str) -> Option<&'static Format> {
    let is_named = |format: &&Format| {
        format.name.eq_ignore_ascii_case(name) || format.alias.is_some_and(|alias| alias.eq_ignore_ascii_case(name))
    };
    FORMATS.iter().find(is_named)
}

/// The names of the formats with a property, for a sentence: "text, json or html".
pub fn names_of_formats(has_property: impl Fn(&Format) -> bool) -> String {
    let names: Vec<&str> = FORMATS.iter().filter(|format| has_property(format)).map(|format| format.name).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
