//! `smtpcheck explain WHAT...`.

use std::ffi::OsString;

use clap::{Args, FromArgMatches};

use super::{CommandSpec, Missing, SettingsUse};
use crate::cli::Invocation;
use crate::cli::flags::display::{DisplayArgs, OutputTarget};
use crate::render::{Display, Verbosity};

/// The facts.
pub const SPEC: CommandSpec = CommandSpec {
    name: "explain",
    about: "Explain a reply, a code, a log or a rule, offline",
    details: "Says what it means, how certain that is, and what to do.",
    usage: &["explain WHAT... [FLAGS]", "explain FILE", "explain - < FILE", "explain --list [--json]"],
    notes: &[
        "The output for a log on standard input ends with a count for each category, the most frequent first.",
        "Exit codes: 0 something was recognised; 1 nothing was recognised; 2 usage; 74 output failed.",
    ],
    examples: &[
        "smtpcheck explain 535",
        "smtpcheck explain 550 5.1.1 User unknown",
        "smtpcheck explain 5.7.139 --provider microsoft-365",
        "smtpcheck explain - < /var/log/mail.log",
        "smtpcheck explain - --json < bounce.eml | jq -r '.rule'",
    ],
    settings: SettingsUse::Display,
    takes_profile: false,
    missing: Some(Missing {
        reason: "nothing to explain",
        hint: "write for example: smtpcheck explain 550 5.1.1 User unknown",
    }),
    is_hidden: false,
    declare: ExplainArgs::augment_args,
    read: |matches| Ok(Invocation::Explain(ExplainArgs::from_arg_matches(&matches)?)),
};

/// Flags of `smtpcheck explain`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ExplainArgs {
    /// A rule id, a reply code (535), an enhanced status code (5.7.139), a reply, a log line, an EHLO extension or a
    /// mechanism; or the name of a file with a reply, a log or a bounce, unless the word has one of these meanings; -
    /// reads standard input
    #[arg(value_name = "WHAT", required_unless_present = "list")]
    pub what: Vec<OsString>,
    /// List all rules
    #[arg(long)]
    pub list: bool,
    /// The phase of the reply, if the input does not show it: greeting, ehlo, starttls, auth, mail, rcpt, data
    #[arg(long, value_name = "PHASE")]
    pub phase: Option<String>,
    /// The server's provider or software, if the input does not show it: an id, a name or a host
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// Print one JSON object per line for each thing that is recognised
    #[arg(long)]
    pub json: bool,

    /// Show where each meaning comes from
    #[arg(short, long)]
    pub verbose: bool,

    #[command(flatten)]
    pub look: DisplayArgs,
}

impl ExplainArgs {
    /// How output to this target looks.
    pub fn display(&self, target: &OutputTarget) -> Display {
        let volume = if self.verbose { Verbosity::Verbose } else { Verbosity::Normal };
        Display { volume, ..self.look.display(target) }
    }
}
