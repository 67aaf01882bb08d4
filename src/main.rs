//! The binary: runs the verb and gives its exit code. Results go to standard output, trouble to standard error.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    smtpcheck::logging::start();
    match smtpcheck::verbs::run(std::env::args_os().skip(1).collect()) {
        Ok(code) => ExitCode::from(code),
        Err(trouble) => {
            // Nobody is left to be told when standard error is gone too.
            let _ = writeln!(std::io::stderr(), "smtpcheck: {trouble}");
            ExitCode::from(trouble.code())
        }
    }
}
