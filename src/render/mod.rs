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

use crate::report::{Difference, Report, Run};

/// Every format. Commands read the properties of a format from its row. Only `cli/effect.rs` compares format names, because
/// some commands support only some formats.
pub static FORMATS: &[Format] = &[
    Format {
        name: "text",
        about: "for people: the session, what failed and how to fix it",
        live: Live::Text,
        difference: Some(difference::render),
        ..Format::at_end(text::render_run)
    },
    Format {
        name: "json",
        about: "for programs: one JSON document, see `smtpcheck schema`",
        difference: Some(difference::json),
        ..Format::at_end(json::render_run)
    },
    Format {
        name: "ndjson",
        about: "for programs: one JSON object per line, written while the check runs",
        live: Live::Records,
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
        about: "for people: a summary for a comment or an issue",
        ..Format::at_end(markdown::render_run)
    },
    Format {
        name: "html",
        about: "for people: one page in a single file, without scripts",
        ..Format::at_end(html::render_run)
    },
];

/// One format.
pub struct Format {
    /// The value of `--format`.
    pub name: &'static str,
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
            about: "",
            live: Live::AtEnd,
            exit_codes: ExitCodes::Own,
            side_file: None,
            difference: None,
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

/// Finds a format by its name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
