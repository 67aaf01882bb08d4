//! The binary: runs the verb and gives its exit code. Results go to standard output, trouble to standard error.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    smtpcheck::logging::start();
    match smtpcheck::verbs::run(std::env::args_os().collect()) {
        Ok(code) => ExitCode::from(code),
        Err(trouble) => {
            // What a command or a user wrote may be in it. Nobody is left to be told when standard error is gone too.
            let lines = trouble.lines();
            let told: Vec<String> = lines.iter().map(|line| smtpcheck::render::escape::visible(line)).collect();
            let _ = writeln!(std::io::stderr(), "smtpcheck: {}", told.join("\n"));
            ExitCode::from(trouble.code())
        }
    }
}
