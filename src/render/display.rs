//! How output looks: colours, symbols, width, and how much is shown.

use super::symbols::Symbols;
use super::thresholds::Thresholds;

/// How output looks. Decided once, from flags, environment and terminal.
#[derive(Clone, Debug)]
pub struct Display {
    /// Whether colours may be used; they never carry meaning alone.
    pub colour: Colour,
    /// Which colours.
    pub theme: Theme,
    /// Which symbols.
    pub signs: Symbols,
    /// Columns, at least 40.
    pub width: usize,
    /// How much is shown.
    pub volume: Verbosity,
    /// How much of the session is shown.
    pub transcript: Transcript,
    /// Whether the certificates are shown as PEM.
    pub chain: ChainDisplay,
    /// How long a check may take before the format `nagios` alerts.
    pub thresholds: Thresholds,
}

impl Display {
    /// 80 columns, no colour: what a pipe gets.
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

    /// The same for a file: without colours, and with columns that do not depend on a terminal.
    pub fn for_file(&self) -> Display {
        Display { colour: Colour::Off, width: 100, ..self.clone() }
    }
}

/// Whether colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Yes.
    On,
    /// No.
    Off,
}

/// Which colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Fixed colours that are readable on dark and on light backgrounds.
    Default,
    /// The terminal's own dark colours, for light backgrounds.
    Light,
    /// Orange and sky blue, which people with any kind of colour vision can tell apart.
    Colorblind,
    /// Bold and dim only.
    Mono,
}

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// `-q`: the verdict line.
    Quiet,
    /// Everything that helps.
    Normal,
    /// `-v`: raw bytes, certificates, follow-ups in full.
    Verbose,
}

/// How much of the session is shown.
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
