//! `smtpcheck explain WHAT...`.

use std::ffi::OsString;

use clap::Args;

use super::{CommandId, CommandSpec, Missing, SettingsUse};
use crate::cli::flags::display::{DisplayArgs, OutputTarget};
use crate::render::{Display, Verbosity};

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Explain,
    name: "explain",
    about: "Explain a reply, an error message, a log or a rule, offline",
    details: "The output states what the input means, how certain this interpretation is, and what to do.",
    usage: &["explain WHAT... [FLAGS]", "explain FILE", "explain - < FILE", "explain --list [--json]"],
    notes: &[
        "For a log, the output ends with the number of replies in each category, the most frequent category first.",
        concat!(
            "Exit codes:",
            "\n  0        at least part of the input was recognised",
            "\n  1        the input was not recognised",
            "\n  2        usage error, or a file cannot be read",
            "\n  74       the output could not be written",
        ),
    ],
    examples: &[
        "smtpcheck explain 535",
        "smtpcheck explain 550 5.1.1 User unknown",
        "smtpcheck explain 5.7.139 --provider microsoft-365",
        "smtpcheck explain 'Error: Greeting never received'",
        "smtpcheck explain - < /var/log/mail.log",
        "smtpcheck explain - --json < bounce.eml | jq -r '.rule'",
    ],
    settings: SettingsUse::Display,
    takes_profile: false,
    missing: Some(Missing {
        reason: "no rule, code or reply given",
        hint: "for example: smtpcheck explain 550 5.1.1 User unknown",
    }),
    is_hidden: false,
    declare: ExplainArgs::augment_args,
};

/// Flags of `smtpcheck explain`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ExplainArgs {
    /// What to explain: a rule id, a reply code (535), an enhanced status code (5.7.139), a reply, an error message
    /// from a program, a log line, an EHLO extension, a SASL mechanism, a mail program or a provider. If the argument
    /// is the name of an existing file, smtpcheck reads that file (a reply, a log or a bounce); - reads standard input
    #[arg(value_name = "WHAT", required_unless_present = "list")]
    pub what: Vec<OsString>,
    /// List all rules
    #[arg(long)]
    pub list: bool,
    /// Phase of the reply, if the input does not show it: greeting, ehlo, starttls, auth, mail, rcpt, data
    #[arg(long, value_name = "PHASE")]
    pub phase: Option<String>,
    /// Provider or software of the server, if the input does not show it: an id, a name or a host name
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// Print one JSON object for each recognised part of the input, one per line
    #[arg(long)]
    pub json: bool,

    /// Show the source of each meaning, for example an RFC or a provider's documentation
    #[arg(short, long)]
    pub verbose: bool,

    #[command(flatten)]
    pub look: DisplayArgs,
}

impl ExplainArgs {
    /// The display options for this output.
    pub fn display(&self, target: &OutputTarget) -> Display {
        let volume = if self.verbose { Verbosity::Verbose } else { Verbosity::Normal };
        Display { volume, ..self.look.display(target) }
    }
}
