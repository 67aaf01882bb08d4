//! A report in, text out. One file per format, one row each in [`FORMATS`]; `view` holds what several formats show. Nothing
//! here reads a clock, a terminal or a file. Text of the server passes [`escape`] in every format.
//!
//! [`text`] can also write while the session runs; the result is the same as that of the finished report.

pub mod config;
pub mod difference;
mod display;
pub mod escape;
pub mod explain;
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
pub mod style;
pub mod suite;
mod symbols;
mod table;
pub mod text;
mod thresholds;
mod view;
pub mod write_out;

pub use display::{ChainDisplay, Colour, Display, Transcript, Verbosity};
pub use symbols::Symbols;

use crate::report::{Difference, Report, Run};

/// Every format. What a command must know of one is in its row; no command compares names.
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
        about: "for programs: one JSON object a line, written as things happen",
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
        about: "for people: one page in one file, without scripts",
        ..Format::at_end(html::render_run)
    },
];

/// One format.
pub struct Format {
    /// The value of `--format`.
    pub name: &'static str,
    /// One line for the help.
    pub about: &'static str,
    /// How it follows a check that is still running.
    pub live: Live,
    /// Which exit codes the program uses with it.
    pub exit_codes: ExitCodes,
    /// A file that is written beside the output.
    pub side_file: Option<SideFile>,
    /// Shows what has changed between two runs, if the format can.
    pub difference: Option<fn(&Difference, &Display) -> String>,
    /// Makes the complete output of a finished run, with a final line end.
    pub render: fn(&Run, &Display) -> String,
}

/// How a format follows a check that is still running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// The session line by line, the verdict at its end.
    Text,
    /// One record for each event.
    Records,
    /// Nothing before the end.
    AtEnd,
}

/// Which exit codes the program uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCodes {
    /// Those of `report::Exit`.
    Own,
    /// 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    NagiosPlugin,
}

/// A file that a format appends to beside its output.
#[derive(Clone, Copy)]
pub struct SideFile {
    /// The environment variable that holds its path; if it is not set, no file is written.
    pub variable: &'static str,
    /// Makes what is appended.
    pub render: fn(&Run, &Display) -> String,
}

impl Format {
    /// What most formats are: complete at the end, with the program's own exit codes.
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

    /// The output of a run of one report.
    pub fn one(&self, report: &Report, look: &Display) -> String {
        (self.render)(&Run::of(report.clone()), look)
    }

    /// The exit code of the program after a run that was shown in this format.
    pub fn exit_code(&self, run: &Run, look: &Display) -> u8 {
        match self.exit_codes {
            ExitCodes::Own => run.exit_code(),
            ExitCodes::NagiosPlugin => nagios::state(run, &look.thresholds).code(),
        }
    }
}

/// A format by its name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
