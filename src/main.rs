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
    keep_freed_memory();
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

/// Makes glibc keep freed memory. It returns free memory at the end of the heap to the kernel if it exceeds a threshold,
/// and this threshold rises when a large block is freed (mallopt(3), "M_MMAP_THRESHOLD"). Otherwise, the memory of the
/// argument parser is returned, and requested again page by page for the check. The block is never accessed, so it costs
/// nothing. Other allocators are not affected.
fn keep_freed_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(1024 * 1024)));
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
