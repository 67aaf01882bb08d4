//! The binary: runs the command and returns its exit code. Results are written to standard output, and errors to
//! standard error.
//!
//! If the program panics, it ends with exit code 70 and a message. The message contains only the position in the
//! source, because the panic message could contain a secret.

use std::io::Write;
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use smtpcheck::commands::{self, CommandError};
use smtpcheck::render::escape;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(end));
    smtpcheck::host::signals::end_with(|code| std::process::exit(code.into()));
    smtpcheck::logging::start();
    match commands::run(std::env::args_os().collect()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let (lines, code) = match error.downcast_ref::<CommandError>() {
                Some(error) => (error.lines(), error.code()),
                None => (vec![format!("{error:#}")], commands::INTERNAL),
            };
            // The message may contain text from the user or from another program.
            let visible: Vec<String> = lines.iter().map(|line| escape::visible(line)).collect();
            // If standard error is closed, the message is lost.
            let _ = writeln!(std::io::stderr(), "smtpcheck: {}", visible.join("\n"));
            ExitCode::from(code)
        }
    }
}

/// Ends the program after a panic in any thread, because the other threads would wait for this thread forever. Prints
/// only the position in the source, because a panic message can contain any data.
fn end(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
    let _ = writeln!(
        std::io::stderr(),
        "smtpcheck: internal error{place}. This is a bug in smtpcheck {}. Please report it together with the command that you ran.",
        env!("CARGO_PKG_VERSION")
    );
    std::process::exit(commands::INTERNAL.into());
}
