//! Exit status flags: which findings are failures, which results are expected, and when to retry.

use clap::Args;

use super::{InvalidValue, closed_list, duration, number};
use crate::check;
use crate::expect::Expression;
use crate::plan::{FailOn, Gate, Retry};
use crate::source::nearest;

const HEADING: &str = "Exit status";

closed_list!(FailOn {
    FailOn::Error => "error",
    FailOn::Warning => "warning",
    FailOn::Notice => "notice",
    FailOn::Never => "never",
});

/// Which findings are failures.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct GateArgs {
    /// Fail on findings of this severity or higher
    #[arg(long, value_name = "SEVERITY", default_value = "error", value_enum, help_heading = HEADING)]
    pub fail_on: FailOn,
    /// Ignore findings of this rule when determining the exit code (repeatable)
    #[arg(long, value_name = "RULE", value_parser = rule, help_heading = HEADING)]
    pub ignore: Vec<String>,
}

impl GateArgs {
    /// Which findings make a check fail.
    pub fn gate(&self) -> Gate {
        Gate { fail_on: self.fail_on, ignore: self.ignore.clone() }
    }
}

/// Which results are expected, and when to retry.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ExpectArgs {
    /// Fail unless this expression is true, such as 'tls.version >= 1.2' or 'rcpt.class == 5' (repeatable)
    #[arg(long, value_name = "EXPR", value_parser = Expression::parse, help_heading = HEADING)]
    pub expect: Vec<Expression>,
    /// Retry up to N times on exit code 3 or 4, with increasing delays
    #[arg(long, value_name = "N", value_parser = number(0..=100u32), help_heading = HEADING)]
    pub retry: Option<u32>,
    /// Spread the retries of --retry over this time; without --retry, retry until this time has passed
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = HEADING)]
    pub wait: Option<u64>,
}

impl ExpectArgs {
    /// `--retry` and `--wait`.
    pub fn retry(&self) -> Retry {
        Retry { tries: self.retry, wait_ms: self.wait }
    }
}

fn rule(id: &str) -> Result<String, InvalidValue> {
    if check::rule(id).is_some() {
        return Ok(id.to_owned());
    }
    let hint = match nearest(id, check::rules().map(|rule| rule.id)) {
        Some(near) => format!("did you mean {near}?"),
        None => "smtpcheck explain --list lists all rules".to_owned(),
    };
    Err(InvalidValue::new("unknown rule", hint))
}
