//! Logging to standard error, for debugging smtpcheck itself: `RUST_LOG=smtpcheck=debug,hickory_net=info`. Without this
//! variable, logging is off. The log lines of smtpcheck contain neither secrets nor text from servers. At the
//! `trace` level, rustls logs certificates unmodified, and a server can put any text into them. Therefore this level is
//! disabled for rustls.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::render::escape;
use crate::secret::list_keys::without_known_keys;

/// Starts logging if `RUST_LOG` is set and valid.
pub fn start() {
    let Some(wanted) = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.is_empty()) else { return };
    let Ok(targets) = wanted.parse::<Targets>() else { return };
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Visible(io::stderr())).with_ansi(false);
    let targets = bounded(&targets);
    tracing_subscriber::registry().with(lines).with(targets).init();
}

/// A writer that escapes control characters in each line, because libraries log names and paths unmodified.
struct Visible<W: Write>(W);

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Libraries log the names that they look up, and the names of blocklists can contain keys.
        let text = without_known_keys(&String::from_utf8_lossy(bytes));
        let lines: Vec<String> = text.split('\n').map(escape::visible).collect();
        self.0.write_all(lines.join("\n").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The same filter without rustls's `trace` level, at which rustls logs received data.
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
    fn log_lines_contain_no_control_characters() {
        let mut written = Visible(Vec::new());
        written.write_all("one \u{1b}[31m\u{ad}\ntwo\n".as_bytes()).expect("memory");
        assert_eq!(written.0, b"one \\x1b[31m\\xad\ntwo\n");
    }

    #[test]
    fn data_that_rustls_received_is_never_logged() {
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
