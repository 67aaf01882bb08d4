//! Display flags: colours, symbols and width. A flag takes precedence over the environment variables for colour, which take
//! precedence over the default: colours are used if the output is a terminal.

use clap::Args;

use super::output::{TranscriptArgs, VerbosityArgs};
use super::{closed_list, number, one_of};
use crate::render::style::{THEMES, Theme};
use crate::render::{Colour, Display, Symbols};

const HEADING: &str = "Display";

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourChoice {
    /// On a terminal, unless an environment variable turns colours on or off.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

closed_list!(ColourChoice {
    ColourChoice::Auto => "auto",
    ColourChoice::Always => "always",
    ColourChoice::Never => "never",
});

/// The flags of this group. Every command that prints text for people takes them.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct DisplayArgs {
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", value_enum, help_heading = HEADING)]
    pub color: ColourChoice,
    /// Colour theme
    #[arg(long, value_name = "THEME", default_value = "default", value_parser = one_of(THEMES.iter().copied()), help_heading = HEADING)]
    pub theme: Theme,
    /// Use only ASCII symbols
    #[arg(long, help_heading = HEADING)]
    pub ascii: bool,
    /// Width of the output in columns [default: the width of the terminal, else 80]
    #[arg(long, value_name = "N", value_parser = number(40..=1000usize), help_heading = HEADING)]
    pub width: Option<usize>,
}

/// The properties of the output that determine how it is displayed.
#[derive(Clone, Debug, Default)]
pub struct OutputTarget {
    /// Whether the output is a terminal.
    pub terminal: bool,
    /// The width of the terminal in columns.
    pub columns: Option<usize>,
    /// The symbols that the locale can show; `None` if the locale is unknown.
    pub symbols: Option<Symbols>,
    /// The values of `NO_COLOR`, `CLICOLOR_FORCE`, `FORCE_COLOR`, `CLICOLOR` and `TERM`.
    pub environment: ColourEnvironment,
}

/// The environment variables that turn colours on or off. `None` means that a variable is not set.
#[derive(Clone, Debug, Default)]
pub struct ColourEnvironment {
    /// `NO_COLOR`: any non-empty value turns colours off.
    pub no_color: Option<String>,
    /// `CLICOLOR_FORCE`: any value except `0` turns colours on.
    pub clicolor_force: Option<String>,
    /// `FORCE_COLOR`: any value except `0` turns colours on.
    pub force_color: Option<String>,
    /// `CLICOLOR`: `0` turns colours off.
    pub clicolor: Option<String>,
    /// `TERM`: `dumb` turns colours off.
    pub term: Option<String>,
}

impl DisplayArgs {
    /// The display options for this output. The command adds the options from its other groups of flags.
    pub fn display(&self, target: &OutputTarget) -> Display {
        let colour = match self.color {
            ColourChoice::Always => Colour::On,
            ColourChoice::Never => Colour::Off,
            ColourChoice::Auto => automatic(target),
        };
        let width = self.width.unwrap_or_else(|| target.columns.unwrap_or(80).clamp(40, 160));
        let signs = if self.ascii { Symbols::Ascii } else { target.symbols.unwrap_or(Symbols::Unicode) };
        Display { colour, theme: self.theme, signs, width, ..Display::plain() }
    }

    /// Like [`DisplayArgs::display`], and also sets how much of a session is shown.
    pub fn of_session(&self, target: &OutputTarget, verbosity: &VerbosityArgs, transcript: &TranscriptArgs) -> Display {
        Display { volume: verbosity.verbosity(), transcript: transcript.transcript, ..self.display(target) }
    }
}

fn automatic(target: &OutputTarget) -> Colour {
    let is = |value: &Option<String>, no: &str| value.as_deref().is_some_and(|value| !value.is_empty() && value != no);
    let environment = &target.environment;
    let on = if is(&environment.no_color, "") {
        false
    } else if is(&environment.clicolor_force, "0") || is(&environment.force_color, "0") {
        true
    } else if environment.clicolor.as_deref() == Some("0") || environment.term.as_deref() == Some("dumb") {
        false
    } else {
        target.terminal
    };
    if on { Colour::On } else { Colour::Off }
}

#[cfg(test)]
mod tests {
    use super::{ColourEnvironment, OutputTarget, automatic};
    use crate::render::Colour;

    fn colour(terminal: bool, set: &[(&str, &str)]) -> Colour {
        let get = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let environment = ColourEnvironment {
            no_color: get("NO_COLOR"),
            clicolor_force: get("CLICOLOR_FORCE"),
            force_color: get("FORCE_COLOR"),
            clicolor: get("CLICOLOR"),
            term: get("TERM"),
        };
        automatic(&OutputTarget { terminal, columns: None, symbols: None, environment })
    }

    #[test]
    fn colour_variables_are_honoured_in_order_of_precedence() {
        assert_eq!(colour(true, &[]), Colour::On);
        assert_eq!(colour(false, &[]), Colour::Off);
        assert_eq!(colour(true, &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")]), Colour::Off);
        assert_eq!(colour(true, &[("NO_COLOR", "")]), Colour::On);
        assert_eq!(colour(false, &[("FORCE_COLOR", "1")]), Colour::On);
        assert_eq!(colour(false, &[("CLICOLOR_FORCE", "1")]), Colour::On);
        assert_eq!(colour(true, &[("CLICOLOR", "0")]), Colour::Off);
        assert_eq!(colour(true, &[("TERM", "dumb")]), Colour::Off);
    }
}
