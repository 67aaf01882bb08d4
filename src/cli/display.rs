//! How output looks: flags first, then what the environment says about colours, then what the terminal is.

use super::UsageError;
use super::args::{CheckArgs, DisplayArgs, ExplainArgs};
use super::ports::PortsArgs;
use super::report::ReportArgs;
use super::run::RunArgs;
use crate::render::nagios::{Range, Thresholds};
use crate::render::style::THEMES;
use crate::render::{ChainDisplay, Colour, Display, Symbols, Transcript, Verbosity};

/// What the output goes to.
#[derive(Clone, Debug, Default)]
pub struct OutputTarget {
    /// Whether it is a terminal.
    pub terminal: bool,
    /// Its columns, if it is one.
    pub columns: Option<usize>,
    /// `NO_COLOR`, `CLICOLOR_FORCE`, `FORCE_COLOR`, `CLICOLOR` and `TERM`, as they are set.
    pub environment: ColourEnvironment,
}

/// The variables that speak about colour.
#[derive(Clone, Debug, Default)]
pub struct ColourEnvironment {
    /// `NO_COLOR`: any value but the empty one says no.
    pub no_color: Option<String>,
    /// `CLICOLOR_FORCE`: any value but `0` says yes.
    pub clicolor_force: Option<String>,
    /// `FORCE_COLOR`: any value but `0` says yes.
    pub force_color: Option<String>,
    /// `CLICOLOR`: `0` says no.
    pub clicolor: Option<String>,
    /// `TERM`: `dumb` says no.
    pub term: Option<String>,
}

/// The look of a verb that only prints.
pub fn plain(args: &DisplayArgs, outlet: &OutputTarget) -> Result<Display, UsageError> {
    let colour = match args.color.as_str() {
        "always" => Colour::On,
        "never" => Colour::Off,
        "auto" => automatic(outlet),
        other => return Err(choice("--color", other, &["auto", "always", "never"])),
    };
    let theme = THEMES.iter().find(|(name, _)| *name == args.theme).map(|(_, theme)| *theme);
    let names: Vec<&str> = THEMES.iter().map(|(name, _)| *name).collect();
    let theme = theme.ok_or_else(|| choice("--theme", &args.theme, &names))?;
    let width = match &args.width {
        Some(text) => match text.parse::<usize>() {
            Ok(width @ 40..=1000) => width,
            _ => {
                return Err(UsageError::new(format!(
                    "--width {}: write a number from 40 to 1000",
                    text.escape_debug()
                )));
            }
        },
        None => outlet.columns.unwrap_or(80).clamp(40, 160),
    };
    let signs = if args.ascii { Symbols::Ascii } else { Symbols::Unicode };
    Ok(Display { colour, theme, signs, width, ..Display::plain() })
}

/// The display of explanations.
pub fn explain(args: &ExplainArgs, outlet: &OutputTarget) -> Result<Display, UsageError> {
    Ok(Display { volume: volume(false, args.verbose), ..plain(&args.look, outlet)? })
}

/// The look of a check.
pub fn check(args: &CheckArgs, outlet: &OutputTarget) -> Result<Display, UsageError> {
    let transcript = transcript(&args.transcript)?;
    let chain = if args.show_chain { ChainDisplay::Shown } else { ChainDisplay::Hidden };
    let thresholds = Thresholds {
        warning: args.warning.as_deref().map(|text| range("--warning", text)).transpose()?,
        critical: args.critical.as_deref().map(|text| range("--critical", text)).transpose()?,
    };
    Ok(Display {
        volume: volume(args.quiet, args.verbose),
        transcript,
        chain,
        thresholds,
        ..plain(&args.look, outlet)?
    })
}

fn range(flag: &str, text: &str) -> Result<Range, UsageError> {
    Range::parse(text).ok_or_else(|| {
        UsageError::new(format!(
            "{flag} {}: write seconds, for example 5, or a range as of a monitoring plugin, 0:5",
            text.escape_debug()
        ))
    })
}

/// The look of a saved report.
pub fn report(args: &ReportArgs, outlet: &OutputTarget) -> Result<Display, UsageError> {
    let transcript = transcript(&args.transcript)?;
    Ok(Display { volume: volume(args.quiet, args.verbose), transcript, ..plain(&args.look, outlet)? })
}

fn transcript(word: &str) -> Result<Transcript, UsageError> {
    match word {
        "full" => Ok(Transcript::Full),
        "problems" => Ok(Transcript::Problems),
        "none" => Ok(Transcript::None),
        other => Err(choice("--transcript", other, &["full", "problems", "none"])),
    }
}

/// The look of the answer about several ports.
pub fn ports(args: &PortsArgs, outlet: &OutputTarget) -> Result<Display, UsageError> {
    Ok(Display { volume: volume(args.quiet, args.verbose), ..plain(&args.look, outlet)? })
}

/// The look of a run of a suite.
pub fn run(args: &RunArgs, outlet: &OutputTarget) -> Result<Display, UsageError> {
    let transcript = transcript(&args.transcript)?;
    Ok(Display { volume: volume(args.quiet, args.verbose), transcript, ..plain(&args.look, outlet)? })
}

/// What `-q` and `-v` say; the parser lets only one of them through.
fn volume(quiet: bool, verbose: bool) -> Verbosity {
    match (quiet, verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    }
}

fn automatic(outlet: &OutputTarget) -> Colour {
    let is = |value: &Option<String>, no: &str| value.as_deref().is_some_and(|value| !value.is_empty() && value != no);
    let environment = &outlet.environment;
    let on = if is(&environment.no_color, "") {
        false
    } else if is(&environment.clicolor_force, "0") || is(&environment.force_color, "0") {
        true
    } else if environment.clicolor.as_deref() == Some("0") || environment.term.as_deref() == Some("dumb") {
        false
    } else {
        outlet.terminal
    };
    if on { Colour::On } else { Colour::Off }
}

/// A word that is none of those that are known.
pub(super) fn choice(flag: &str, given: &str, known: &[&str]) -> UsageError {
    UsageError::new(format!("{flag} {}: write one of {}", given.escape_debug(), known.join(", ")))
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
        automatic(&OutputTarget { terminal, columns: None, environment })
    }

    #[test]
    fn the_environment_is_honoured_in_its_order() {
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
