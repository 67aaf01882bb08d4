//! A report in, text out. One file per format, one row each in [`FORMATS`]; nothing here reads a clock, a terminal or
//! a file. Text of the server passes [`escape`] in every format.
//!
//! [`text`] can also write while the conversation runs; the result is the same as that of the finished report.

pub mod config;
pub mod difference;
pub mod escape;
pub mod explain;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod nagios;
pub mod ndjson;
mod outcome;
pub mod ports;
pub mod prometheus;
pub mod providers;
pub mod rule;
pub mod sandbox;
pub mod style;
pub mod suite;
mod table;
pub mod text;
pub mod write_out;

use crate::report::{Report, Run};

/// Every format.
pub static FORMATS: &[Format] = &[
    Format {
        name: "text",
        summary: "for people: the conversation, what it means, what to do",
        render: text::render_run,
    },
    Format { name: "json", summary: "for programs: one document, see `smtpcheck schema`", render: json::render_run },
    Format { name: "ndjson", summary: "for programs: a line for each thing as it happens", render: ndjson::render_run },
    Format { name: "junit", summary: "for CI: JUnit XML, one test case a check", render: junit::render_run },
    Format {
        name: "github",
        summary: "for GitHub Actions: annotations and a step summary",
        render: github::render_run,
    },
    Format {
        name: "nagios",
        summary: "for monitoring: a plugin's answer, as check_smtp gives it",
        render: nagios::render_run,
    },
    Format { name: "prometheus", summary: "for monitoring: metrics in text form", render: prometheus::render_run },
    Format {
        name: "markdown",
        summary: "for people: a summary for a comment or an issue",
        render: markdown::render_run,
    },
    Format { name: "html", summary: "for people: one page in one file, without scripts", render: html::render_run },
];

/// One format.
pub struct Format {
    /// The word for `--format`.
    pub name: &'static str,
    /// One line for the help.
    pub summary: &'static str,
    /// Makes the whole output, with a final line end.
    pub render: fn(&Run, &Display) -> String,
}

impl Format {
    /// The output of a run of one report.
    pub fn one(&self, report: &Report, look: &Display) -> String {
        (self.render)(&Run::of(report.clone()), look)
    }
}

/// How output looks. Decided once, from flags, environment and terminal.
#[derive(Clone, Debug)]
pub struct Display {
    /// Whether colours may be used; they never carry meaning alone.
    pub colour: Colour,
    /// Which colours.
    pub theme: style::Theme,
    /// Which signs.
    pub signs: Symbols,
    /// Columns, at least 40.
    pub width: usize,
    /// How much is said.
    pub volume: Verbosity,
    /// How much of the conversation is shown.
    pub transcript: Transcript,
    /// Whether the certificates are shown as PEM.
    pub chain: ChainDisplay,
    /// How long a check may take before the format `nagios` says so.
    pub thresholds: nagios::Thresholds,
}

/// Whether colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Yes.
    On,
    /// No.
    Off,
}

/// Which signs are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbols {
    /// Arrows and bars.
    Unicode,
    /// The marks of swaks.
    Ascii,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// `-q`: the verdict line.
    Quiet,
    /// Everything that helps.
    Normal,
    /// `-v`: raw bytes, certificates, follow-ups in full.
    Verbose,
}

/// How much of the conversation is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transcript {
    /// All of it.
    Full,
    /// Lines that a finding points to.
    Problems,
    /// None of it.
    None,
}

/// Whether the certificates are shown as PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainDisplay {
    /// `--show-chain`.
    Shown,
    /// Their names and dates are enough.
    Hidden,
}

impl Display {
    /// 80 columns, no colour: what a pipe gets.
    pub fn plain() -> Display {
        Display {
            colour: Colour::Off,
            theme: style::Theme::Default,
            signs: Symbols::Unicode,
            width: 80,
            volume: Verbosity::Normal,
            transcript: Transcript::Full,
            chain: ChainDisplay::Hidden,
            thresholds: nagios::Thresholds::default(),
        }
    }
}

impl Display {
    /// The same for a file: without colours, and with columns that do not depend on a terminal.
    pub fn for_file(&self) -> Display {
        Display { colour: Colour::Off, width: 100, ..self.clone() }
    }
}

/// A format by its name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
