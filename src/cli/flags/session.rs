//! SMTP session flags: the EHLO name, the envelope, and the last phase.

use clap::Args;

use super::{InvalidValue, closed_list};
use crate::plan::{Esmtp, QuitAfter};
use crate::wire::{ClientAttribute, ClientCommand, EhloName, ForwardPath, Parameter, ReversePath};

const HEADING: &str = "SMTP session";

closed_list!(QuitAfter {
    QuitAfter::Connect => "connect",
    QuitAfter::Banner => "greeting" | "banner",
    QuitAfter::Ehlo => "ehlo" | "helo",
    QuitAfter::Starttls => "starttls" | "tls",
    QuitAfter::Auth => "auth",
    QuitAfter::Mail => "mail" | "from",
    QuitAfter::Rcpt => "rcpt" | "to",
});

closed_list!(Esmtp {
    Esmtp::Auto => "auto",
    Esmtp::Always => "always",
    Esmtp::Never => "never",
});

/// The flags for the first command, and for the client that smtpcheck claims to be.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ClientArgs {
    /// When to use ESMTP: "auto" sends EHLO, then HELO if the server does not support EHLO; "always" sends only EHLO;
    /// "never" sends only HELO
    #[arg(long, value_name = "WHEN", default_value = "auto", value_enum, help_heading = HEADING)]
    pub esmtp: Esmtp,
    /// Send this attribute of another client with XCLIENT, such as ADDR=192.0.2.1 (repeatable); the server treats the
    /// session as that client's
    #[arg(long, value_name = "ATTR=VALUE", value_parser = xclient, help_heading = HEADING)]
    pub xclient: Vec<ClientAttribute>,
    /// Send this attribute of another client with XFORWARD (repeatable); the server logs it
    #[arg(long, value_name = "ATTR=VALUE", value_parser = xforward, help_heading = HEADING)]
    pub xforward: Vec<ClientAttribute>,
}

/// The flag for the EHLO name.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct EhloArgs {
    /// Client name to send in EHLO [default: this machine's host name]
    #[arg(long, value_name = "NAME", visible_alias = "helo", value_parser = ehlo_name, help_heading = HEADING)]
    pub ehlo: Option<EhloName>,
}

impl EhloArgs {
    /// The EHLO name: the value of `--ehlo`, otherwise the name of this machine if it is fully qualified, otherwise the
    /// local IP address (RFC 5321 §4.1.4).
    pub fn name(&self, hostname: Option<&str>) -> EhloName {
        if let Some(name) = &self.ehlo {
            return name.clone();
        }
        let full = hostname.filter(|name| name.contains('.') && !name.starts_with("localhost."));
        full.and_then(|name| EhloName::parse(name).ok()).unwrap_or(EhloName::LocalAddress)
    }
}

/// The flags for the envelope, and for the last phase of the session.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct EnvelopeArgs {
    /// Sender for MAIL FROM; <> is the null sender [default: with --to, the user name if it is an email address, else <>]
    #[arg(short, long, value_name = "ADDR", value_parser = sender, help_heading = HEADING)]
    pub from: Option<ReversePath>,
    /// Recipient for RCPT TO (repeatable); smtpcheck never sends a message
    #[arg(short, long, value_name = "ADDR", value_parser = recipient, help_heading = HEADING)]
    pub to: Vec<ForwardPath>,
    /// Parameter for MAIL FROM, such as SIZE=1000 or RET=HDRS (repeatable); sent only if the server advertises its extension
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = parameter, help_heading = HEADING)]
    pub mail_parameter: Vec<Parameter>,
    /// Parameter for every RCPT TO, such as NOTIFY=NEVER (repeatable); sent only if the server advertises its extension
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = parameter, help_heading = HEADING)]
    pub rcpt_parameter: Vec<Parameter>,
    /// Send the parameters even if the server does not advertise their extensions
    #[arg(long, help_heading = HEADING)]
    pub force_parameters: bool,
    /// End the session after this phase; flags that need a later phase cannot be used (for example, --to with
    /// --quit-after auth) [default: rcpt]
    #[arg(long, value_name = "PHASE", value_enum, help_heading = HEADING)]
    pub quit_after: Option<QuitAfter>,
}

fn ehlo_name(text: &str) -> Result<EhloName, InvalidValue> {
    EhloName::parse(text).map_err(|error| InvalidValue::new(error.to_string(), ""))
}

fn xclient(text: &str) -> Result<ClientAttribute, InvalidValue> {
    ClientAttribute::parse(ClientCommand::Xclient, text).map_err(|error| InvalidValue::new(error.to_string(), ""))
}

fn xforward(text: &str) -> Result<ClientAttribute, InvalidValue> {
    ClientAttribute::parse(ClientCommand::Xforward, text).map_err(|error| InvalidValue::new(error.to_string(), ""))
}

fn parameter(text: &str) -> Result<Parameter, InvalidValue> {
    Parameter::parse(text).map_err(|error| InvalidValue::new(error.to_string(), ""))
}

fn sender(text: &str) -> Result<ReversePath, InvalidValue> {
    ReversePath::parse(text).map_err(|error| InvalidValue::new(error.to_string(), ""))
}

fn recipient(text: &str) -> Result<ForwardPath, InvalidValue> {
    ForwardPath::parse(text).map_err(|error| InvalidValue::new(error.to_string(), ""))
}
