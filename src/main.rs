//! The binary: runs the command and returns its exit code. Results go to standard output, errors to standard error.
//!
//! A bug of the program ends with exit code 70 and one sentence, which does not show what the program was doing, because
//! that may be a secret.

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
            // The message may contain what a user or another program wrote.
            let visible: Vec<String> = lines.iter().map(|line| escape::visible(line)).collect();
            // If standard error is closed, the exit code has to suffice.
            let _ = writeln!(std::io::stderr(), "smtpcheck: {}", visible.join("\n"));
            ExitCode::from(code)
        }
    }
}

/// Ends the program, whichever thread panicked: the others would wait for it forever. Prints only the place in the source,
/// because the message of a panic can contain anything.
fn end(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
    let _ = writeln!(
        std::io::stderr(),
        "smtpcheck: internal error{place}. This is a bug in smtpcheck {}; report it with the command that you ran",
        env!("CARGO_PKG_VERSION")
    );
    std::process::exit(commands::INTERNAL.into());
}
