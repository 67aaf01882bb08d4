//! The binary: runs the verb and gives its exit code. Results go to standard output, trouble to standard error.
//!
//! A fault of the program itself ends with exit code 70 and one sentence; what it was doing is not told, because it may be
//! a secret.

use std::io::Write;
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use smtpcheck::commands;
use smtpcheck::render::escape;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(end));
    smtpcheck::host::signals::end_with(|code| std::process::exit(code.into()));
    smtpcheck::logging::start();
    match commands::run(std::env::args_os().collect()) {
        Ok(code) => ExitCode::from(code),
        Err(trouble) => {
            // What a command or a user wrote may be in it. Without standard error the exit code has to do.
            let lines = trouble.lines();
            let told: Vec<String> = lines.iter().map(|line| escape::visible(line)).collect();
            let _ = writeln!(std::io::stderr(), "smtpcheck: {}", told.join("\n"));
            ExitCode::from(trouble.code())
        }
    }
}

/// Ends the program, in whatever thread or task the fault is: the others would wait for it in vain. Names the place in the
/// source only, since the message of a panic can hold anything.
fn end(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
    let _ = writeln!(
        std::io::stderr(),
        "smtpcheck: internal error{place}. This is a fault in smtpcheck {}: report it with the command that you ran",
        env!("CARGO_PKG_VERSION")
    );
    std::process::exit(commands::INTERNAL.into());
}
