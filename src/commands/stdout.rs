//! Standard output: whether it is a terminal, and how text is written to it.

use std::io::{self, IsTerminal, Write};

use super::CommandError;
use super::sink;
use crate::cli::flags::display::{ColourEnvironment, OutputTarget};
use crate::host::environment;
use crate::render;

/// Writes to standard output. If the reader has closed the pipe, that is not an error.
pub(super) fn print(text: &str) -> Result<u8, CommandError> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    sink::unless_closed(written).map(|()| 0).map_err(CommandError::Output)
}

/// The properties of standard output that determine how text is displayed.
pub(super) fn outlet() -> OutputTarget {
    locale_target(io::stdout().is_terminal())
}

/// Like [`outlet`], for a caller that knows whether the stream is a terminal.
pub(super) fn locale_target(terminal: bool) -> OutputTarget {
    let variable = |name: &str| environment::text(name).ok();
    OutputTarget {
        terminal,
        symbols: Some(locale_symbols()),
        columns: if terminal { terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)) } else { None },
        environment: ColourEnvironment {
            no_color: variable("NO_COLOR"),
            clicolor_force: variable("CLICOLOR_FORCE"),
            force_color: variable("FORCE_COLOR"),
            clicolor: variable("CLICOLOR"),
            term: variable("TERM"),
        },
    }
}

/// The symbols that the locale of this process can show. Windows does not have these variables, and its consoles
/// support Unicode.
fn locale_symbols() -> render::Symbols {
    let variable = |name: &str| environment::text(name).ok();
    let [lc_all, lc_ctype, lang] = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
    render::Symbols::for_locale(lc_all.as_deref(), lc_ctype.as_deref(), lang.as_deref())
}
