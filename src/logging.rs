//! `RUST_LOG=smtpcheck=debug,hickory_net=info` on standard error, for those who look for a fault in smtpcheck itself.
//! Without the variable nothing is set up. No log line of ours holds a secret or text of a server; rustls would write down
//! each certificate as it came, in which a server can put what it likes, so its most talkative level is left out.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::render::escape;

/// Starts logging if the environment wants it.
pub fn start() {
    let Some(wanted) = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.is_empty()) else { return };
    let Ok(targets) = wanted.parse::<Targets>() else { return };
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Visible(io::stderr())).with_ansi(false);
    let targets = bounded(&targets);
    tracing_subscriber::registry().with(lines).with(targets).init();
}

/// Writes each line with its characters made visible: libraries log names and files of others as they are.
struct Visible<W: Write>(W);

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<String> = text.split('\n').map(escape::visible).collect();
        self.0.write_all(lines.join("\n").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The same without the level at which rustls tells what it was sent.
fn bounded(wanted: &Targets) -> Targets {
    let default = wanted.default_level().unwrap_or(LevelFilter::OFF);
    let begin = Targets::new().with_default(default).with_target("rustls", default.min(LevelFilter::DEBUG));
    wanted.iter().fold(begin, |targets, (name, level)| {
        let bound = if name.starts_with("rustls") { LevelFilter::DEBUG } else { LevelFilter::TRACE };
        targets.with_target(name, level.min(bound))
    })
}

#[cfg(test)]
mod tests {
    use tracing::Level;
    use tracing_subscriber::filter::Targets;

    use std::io::Write;

    use super::{Visible, bounded};

    #[test]
    fn a_line_of_the_log_has_no_character_that_a_terminal_acts_upon() {
        let mut written = Visible(Vec::new());
        written.write_all("one \u{1b}[31m\u{ad}\ntwo\n".as_bytes()).expect("memory");
        assert_eq!(written.0, b"one \\x1b[31m\\xad\ntwo\n");
    }

    #[test]
    fn what_rustls_was_sent_is_logged_at_no_level() {
        for wanted in ["trace", "rustls=trace", "info,rustls::client=trace", "rustls::client::tls13=trace"] {
            let targets = bounded(&wanted.parse::<Targets>().expect("a filter"));
            assert!(!targets.would_enable("rustls::client::tls13", &Level::TRACE), "{wanted}");
        }
        let targets = bounded(&"info,smtpcheck=trace,rustls=debug".parse::<Targets>().expect("a filter"));
        assert!(
            targets.would_enable("smtpcheck", &Level::TRACE) && targets.would_enable("rustls::conn", &Level::DEBUG)
        );
        assert!(
            targets.would_enable("hickory_net", &Level::INFO) && !targets.would_enable("hickory_net", &Level::DEBUG)
        );
    }
}
