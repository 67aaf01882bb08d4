//! `smtpcheck watch TARGET...`.

use clap::{ArgAction, Args};

use super::check::CheckArgs;
use super::{CommandId, CommandSpec, Missing, SettingsUse};
use crate::cli::flags::{InvalidValue, number};
use crate::render::names_of_formats;

const HEADING: &str = "Watch";

/// The shortest time between two checks, in milliseconds. Each check opens a connection.
const SHORTEST_MS: u64 = 10;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Watch,
    name: "watch",
    about: "Check repeatedly; show failures, response times and changes",
    details: "On a terminal, a table shows each phase and IP address while the watch runs; elsewhere, smtpcheck prints one line for each check. A summary follows at the end. smtpcheck never sends a message.",
    usage: &["watch TARGET... [FLAGS]"],
    notes: &[
        "Keys: p or space pause and resume, r reset, d details, h help, q quit, arrows to scroll or to select another target.",
        "Logins: a watch logs in only with --with-login. A server that counts logins can lock the account, or block your IP address, if each check logs in. Use a long interval and a test account.",
        "The watch ends with q, Ctrl-C or SIGTERM, or after --count or --duration. The records of --format ndjson contain complete reports; smtpcheck report FILE shows the summary of a saved watch.",
        concat!(
            "Exit codes:",
            "\n  0        every check passed, or the percentage of failed checks is within --fail-on-loss",
            "\n  1        a check had findings, or servers behind the name differ",
            "\n  2        usage error; nothing was sent",
            "\n  3 to 8   the exit code of the worst check, as for smtpcheck check",
            "\n  9        for at least one target, no check completed",
            "\n  70       internal error",
            "\n  74       the output could not be written",
        ),
    ],
    examples: &[
        "smtpcheck watch mail.example.net:587 --every-address",
        "smtpcheck watch mail.example.net:25 --count 100 --interval 10s --fail-on-loss 5%",
        "smtpcheck watch mx.example.net:25 --interface 192.0.2.7 --interface 192.0.2.8 --count 20",
        "smtpcheck watch mail.example.net --duration 8h --format ndjson --report html=night.html > night.ndjson",
    ],
    settings: SettingsUse::All,
    takes_profile: true,
    missing: Some(Missing { reason: "no target given", hint: "for example: smtpcheck watch smtp.example.net:587" }),
    is_hidden: false,
    declare: |command| {
        let command = WatchArgs::augment_args(command);
        let command = command.mut_arg("every_address", |arg| {
            arg.help("Use the host's next IP address for each check, and compare the servers behind the addresses")
        });
        let command = command
            .mut_arg("interface", |arg| {
                arg.action(ArgAction::Append).help(
                    "Connect from this IP address of this machine, or through this network interface (repeatable): each target is checked from each of them, and the results are compared",
                )
            })
            .mut_arg("format", |arg| {
                let formats = names_of_formats(|format| format.watch.is_some());
                arg.help(format!("Format of the result: {formats}; json prints only the summary"))
                    .hide_possible_values(true)
            })
            .mut_arg("report", |arg| {
                let formats = names_of_formats(|format| format.watch_summary.is_some());
                arg.help(format!(
                    "Also write a report of the complete watch to FILE; FORMAT is {formats} (repeatable)"
                ))
            })
            .mut_arg("quiet", |arg| arg.help("Print only the summary"))
            .mut_arg("verbose", |arg| arg.help("Print the duration of each phase with each check"));
        ["transcript", "warning", "critical", "show_chain", "for"]
            .into_iter()
            .fold(command, |command, id| command.mut_arg(id, |arg| arg.hide(true)))
    },
};

/// Flags and targets of `smtpcheck watch`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct WatchArgs {
    /// Time between the starts of two checks of a target; it varies by up to 10%
    #[arg(short, long, value_name = "TIME", default_value = "5s", allow_hyphen_values = true, value_parser = interval, help_heading = HEADING)]
    pub interval: u64,
    /// End after N checks of each target
    #[arg(short, long, value_name = "N", allow_hyphen_values = true, value_parser = count, help_heading = HEADING)]
    pub count: Option<u64>,
    /// Do not start another check after this time, for example 10m or 8h
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = long_duration, help_heading = HEADING)]
    pub duration: Option<u64>,
    /// Allow an interval of less than a second for hosts other than this machine
    #[arg(long, help_heading = HEADING)]
    pub force_interval: bool,
    /// Log in with each check; servers can lock an account after many logins
    #[arg(long, help_heading = HEADING)]
    pub with_login: bool,
    /// Exit with 0 if at most this percentage of the checks of each target failed
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true, value_parser = percentage, help_heading = HEADING)]
    pub fail_on_loss: Option<f64>,

    #[command(flatten)]
    pub check: CheckArgs,
}

/// The argument parser accepts values that begin with a hyphen, so that the error for a negative value names the flag.
/// This function therefore detects another flag where a value is expected.
fn unless_flag<'a>(text: &'a str, hint: &'static str) -> Result<&'a str, InvalidValue> {
    let is_flag = text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c == '-' || c.is_alphabetic()));
    if is_flag { Err(InvalidValue::new("this is a flag, and no value is given", hint)) } else { Ok(text) }
}

/// Parses the value of `--count`.
fn count(text: &str) -> Result<u64, InvalidValue> {
    number(1..=u64::MAX)(unless_flag(text, "write a number of at least 1")?)
}

/// Parses the value of `--interval`. Returns milliseconds.
fn interval(text: &str) -> Result<u64, InvalidValue> {
    let text = unless_flag(text, "use a duration, for example 5s")?;
    let ms = crate::cli::flags::duration(text)?;
    if ms < SHORTEST_MS {
        return Err(InvalidValue::new("the interval is too short", "use at least 1s, or 10ms for this machine"));
    }
    Ok(ms)
}

/// Parses a duration of up to a year. Returns milliseconds.
fn long_duration(text: &str) -> Result<u64, InvalidValue> {
    const HINT: &str = "use a duration, for example 90s, 10m, 8h or 7d";
    let wrong = |why: &'static str| InvalidValue::new(why, HINT);
    let text = unless_flag(text, HINT)?.trim();
    if text.parse::<f64>().is_ok() {
        return Err(wrong("the unit is missing"));
    }
    // In this `jiff` type, a day has no fixed length.
    let read: Option<i128> = match text.strip_suffix('d').map(|days| days.trim().parse::<u32>()) {
        Some(Ok(days)) => Some(i128::from(days) * 86_400_000),
        _ => text.parse::<jiff::SignedDuration>().ok().map(|read| read.as_millis()),
    };
    match read {
        None => Err(wrong("not a duration")),
        Some(ms) if ms < 1 => Err(wrong("the duration must be greater than zero")),
        Some(ms) if ms > 366 * 86_400_000 => Err(wrong("the duration is longer than a year")),
        Some(ms) => u64::try_from(ms).map_err(|_| wrong("not a duration")),
    }
}

/// Parses a percentage, with or without its sign.
fn percentage(text: &str) -> Result<f64, InvalidValue> {
    const HINT: &str = "write a number from 0 to 100, for example 5%";
    let text = unless_flag(text, HINT)?.trim();
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>().ok();
    number.filter(|number| (0.0..=100.0).contains(number)).ok_or_else(|| InvalidValue::new("not a percentage", HINT))
}

#[cfg(test)]
mod tests {
    use super::{count, interval, long_duration, percentage};

    #[test]
    fn durations_have_units_and_can_be_days() {
        assert_eq!(long_duration("10m").ok(), Some(600_000));
        assert_eq!(long_duration("7d").ok(), Some(604_800_000));
        assert_eq!(long_duration("1h30m").ok(), Some(5_400_000));
        for wrong in ["10", "0s", "-1s", "400d", "d", "x", ""] {
            assert!(long_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_flag_is_no_value() {
        for flag in ["--json", "-q"] {
            let reasons = [count(flag).err(), interval(flag).err(), long_duration(flag).err(), percentage(flag).err()];
            for reason in reasons {
                assert!(reason.expect("an error").reason.contains("no value is given"), "{flag}");
            }
        }
        assert!(count("-1").is_err_and(|error| error.reason.contains("range")));
        assert!(interval("-5s").is_err_and(|error| error.reason.contains("negative")));
    }

    #[test]
    fn an_interval_has_a_minimum() {
        assert_eq!(interval("5s").ok(), Some(5000));
        assert!(interval("9ms").is_err() && interval("5").is_err());
    }

    #[test]
    fn a_percentage_may_have_its_sign() {
        assert_eq!((percentage("5%").ok(), percentage("2.5").ok()), (Some(5.0), Some(2.5)));
        for wrong in ["101", "-1%", "%", "x", "nan"] {
            assert!(percentage(wrong).is_err(), "{wrong}");
        }
    }
}
