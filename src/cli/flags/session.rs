//! SMTP session: the EHLO name, the envelope, and where to stop.

use clap::Args;

use super::{InvalidValue, closed_list};
use crate::plan::QuitAfter;
use crate::wire::{EhloName, ForwardPath, ReversePath};

const HEADING: &str = "SMTP session";

closed_list!(QuitAfter {
    QuitAfter::Connect => "connect",
    QuitAfter::Banner => "banner" | "greeting",
    QuitAfter::Ehlo => "ehlo" | "helo",
    QuitAfter::Starttls => "starttls" | "tls",
    QuitAfter::Auth => "auth",
    QuitAfter::Mail => "mail" | "from",
    QuitAfter::Rcpt => "rcpt" | "to",
});

/// The name in EHLO.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct EhloArgs {
    /// Client name to send in EHLO [default: this machine's host name]
    #[arg(long, value_name = "NAME", visible_alias = "helo", value_parser = ehlo_name, help_heading = HEADING)]
    pub ehlo: Option<EhloName>,
}

impl EhloArgs {
    /// The name, or that of this machine. RFC 5321 §4.1.4: a client without a fully qualified host name sends its address.
    pub fn name(&self, hostname: Option<&str>) -> EhloName {
        if let Some(name) = &self.ehlo {
            return name.clone();
        }
        let full = hostname.filter(|name| name.contains('.') && !name.starts_with("localhost."));
        full.and_then(|name| EhloName::parse(name).ok()).unwrap_or(EhloName::LocalAddress)
    }
}

/// The envelope.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct EnvelopeArgs {
    /// Sender for MAIL FROM; <> is the null sender [default with --to: the user, else <>]
    #[arg(short, long, value_name = "ADDR", value_parser = sender, help_heading = HEADING)]
    pub from: Option<ReversePath>,
    /// Recipient for RCPT TO (repeatable); smtpcheck never sends a message
    #[arg(short, long, value_name = "ADDR", value_parser = recipient, help_heading = HEADING)]
    pub to: Vec<ForwardPath>,
    /// End the session after this phase [default: rcpt]; flags that need a later phase, such as --to or --user, are an error;
    /// if one of the two comes from the environment, a profile or the defaults of a suite, it is ignored
    #[arg(long, value_name = "PHASE", value_enum, help_heading = HEADING)]
    pub quit_after: Option<QuitAfter>,
}

fn ehlo_name(text: &str) -> Result<EhloName, InvalidValue> {
    EhloName::parse(text).map_err(|error| InvalidValue::new(error.to_string(), ""))
}

fn sender(text: &str) -> Result<ReversePath, InvalidValue> {
    ReversePath::parse(text).map_err(|error| InvalidValue::new(error.to_string(), ""))
}

fn recipient(text: &str) -> Result<ForwardPath, InvalidValue> {
    ForwardPath::parse(text).map_err(|error| InvalidValue::new(error.to_string(), ""))
}
