//! How output looks: colours, symbols, width, and how much is shown.

use super::symbols::Symbols;
use super::thresholds::Thresholds;

/// The settings that determine how output is displayed. They are determined once, from the flags, the environment and
/// the terminal.
#[derive(Clone, Debug)]
pub struct Display {
    /// Whether colours are used. No information is conveyed by colour alone.
    pub colour: Colour,
    /// The colour theme.
    pub theme: Theme,
    /// Unicode or ASCII symbols.
    pub signs: Symbols,
    /// The width in columns; at least 40.
    pub width: usize,
    /// The level of detail.
    pub volume: Verbosity,
    /// Which lines of the session are shown.
    pub transcript: Transcript,
    /// Whether the certificate chain is shown as PEM.
    pub chain: ChainDisplay,
    /// The durations at which the `nagios` format reports WARNING or CRITICAL.
    pub thresholds: Thresholds,
}

impl Display {
    /// The settings for output to a pipe: 80 columns, no colours.
    pub fn plain() -> Display {
        Display {
            colour: Colour::Off,
            theme: Theme::Default,
            signs: Symbols::Unicode,
            width: 80,
            volume: Verbosity::Normal,
            transcript: Transcript::Full,
            chain: ChainDisplay::Hidden,
            thresholds: Thresholds::default(),
        }
    }

    /// The settings for output to a file: no colours, and a width that does not depend on the terminal.
    pub fn for_file(&self) -> Display {
        Display { colour: Colour::Off, width: 100, ..self.clone() }
    }
}

/// Whether colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Yes.
    On,
    /// No.
    Off,
}

/// A set of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Fixed colours that are readable on dark and on light backgrounds.
    Default,
    /// The terminal's dark colours, for light backgrounds.
    Light,
    /// Orange and sky blue, which can be distinguished with any kind of colour vision.
    Colorblind,
    /// No colours, only bold and dim text.
    Mono,
}

/// The level of detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// `-q`: only the verdict line.
    Quiet,
    /// Default: the session, the findings and the verdict.
    Normal,
    /// `-v`: also raw bytes, full certificates and follow-up connections.
    Verbose,
}

/// Which lines of the session are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transcript {
    /// All lines.
    Full,
    /// Lines that a finding refers to.
    Problems,
    /// No lines.
    None,
}

/// Whether the certificate chain is shown as PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainDisplay {
    /// Yes (`--show-chain`).
    Shown,
    /// No: only the names and dates of the certificates are shown.
    Hidden,
}
