//! `RUST_LOG=smtpcheck=debug,hickory_net=info` on standard error, for those who look for a fault in smtpcheck itself.
//! Without the variable nothing is set up. No log line of ours holds a secret or text of a server.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging if the environment wants it.
pub fn start() {
    let Some(wanted) = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.is_empty()) else { return };
    let Ok(targets) = wanted.parse::<Targets>() else { return };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(lines).with(targets).init();
}
