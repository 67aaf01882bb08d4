//! A report in, text out. One file per format, one row each in [`FORMATS`]; nothing here reads a clock, a terminal or
//! a file. Text of the server passes [`escape`] in every format.
//!
//! [`text`] can also write while the conversation runs; the result is the same as that of the finished report.

pub mod config;
pub mod escape;
pub mod explain;
pub mod json;
pub mod ports;
pub mod providers;
pub mod rule;
pub mod sandbox;
pub mod style;
mod table;
pub mod text;
pub mod write_out;

use crate::report::{Report, Run};

/// Every format.
pub static FORMATS: &[Format] = &[
    Format { name: "text", summary: "for people: the conversation, what it means, what to do", render: text::whole },
    Format { name: "json", summary: "for programs: one document, see `smtpcheck schema`", render: json::whole },
];

/// One format.
pub struct Format {
    /// The word for `--format`.
    pub name: &'static str,
    /// One line for the help.
    pub summary: &'static str,
    /// Makes the whole output, with a final line end.
    pub render: fn(&Run, &Look) -> String,
}

impl Format {
    /// The output of a run of one report.
    pub fn one(&self, report: &Report, look: &Look) -> String {
        (self.render)(&Run::of(report.clone()), look)
    }
}

/// How output looks. Decided once, from flags, environment and terminal.
#[derive(Clone, Debug)]
pub struct Look {
    /// Whether colours may be used; they never carry meaning alone.
    pub colour: Colour,
    /// Which colours.
    pub theme: style::Theme,
    /// Which signs.
    pub signs: Signs,
    /// Columns, at least 40.
    pub width: usize,
    /// How much is said.
    pub volume: Volume,
    /// How much of the conversation is shown.
    pub transcript: Transcript,
    /// Whether the certificates are shown as PEM.
    pub chain: Chain,
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
pub enum Signs {
    /// Arrows and bars.
    Unicode,
    /// The marks of swaks.
    Ascii,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
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
pub enum Chain {
    /// `--show-chain`.
    Shown,
    /// Their names and dates are enough.
    Hidden,
}

impl Look {
    /// 80 columns, no colour: what a pipe gets.
    pub fn plain() -> Look {
        Look {
            colour: Colour::Off,
            theme: style::Theme::Default,
            signs: Signs::Unicode,
            width: 80,
            volume: Volume::Normal,
            transcript: Transcript::Full,
            chain: Chain::Hidden,
        }
    }
}

/// A format by its name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
