//! The result of a suite as text: one line for each check, the report of each failed check below its line, and the
//! counts at the end. Also the output of `--list` and `--dry-run`, and the suite file that `--record` writes.

use serde::Serialize;

use super::style::{Role, StyledLine};
use super::text::{command_line, labelled, render, tries};
use super::view::verdict::{self, FailureReason, OutcomeWord};
use super::{Display, Verbosity, escape};
use crate::report::fields::{self, FieldValue};
use crate::report::{CheckOutcome, CheckResult, Document, Exit, Report, Run};

/// The result of the entire suite.
pub fn render_run(run: &Run, look: &Display) -> String {
    let cases: String = run.cases.iter().map(|each| case(each, look)).collect();
    cases + &summary(run, look)
}

/// The result of one check.
pub fn case(case: &CheckResult, look: &Display) -> String {
    let name = escape::visible(&case.name);
    let dot = look.signs.dot();
    match &case.outcome {
        CheckOutcome::Skipped { reason } => {
            let rest = format!(" {name}: {}", escape::visible(reason));
            StyledLine::of(Role::Warning, "SKIP").and(Role::Plain, rest).paint(look)
        }
        CheckOutcome::Checked { report, earlier } => {
            let word = OutcomeWord::of(case);
            let target = report.plan.name();
            let mut parts = vec![target];
            if !earlier.is_empty() {
                parts.push(verdict::plural(earlier.len(), "retry", "retries"));
            }
            if report.exit != Exit::Ok {
                parts.push(format!("exit {}", report.exit.code()));
                parts.extend(why(report));
            } else {
                parts.extend(warnings(report));
            }
            let rest = format!(" {name}  {}", parts.join(dot));
            let line = StyledLine::of(word.role(), word.word()).and(Role::Plain, rest).paint(look);
            let is_shown = match look.volume {
                Verbosity::Quiet => false,
                Verbosity::Normal => report.exit != Exit::Ok,
                Verbosity::Verbose => true,
            };
            if !is_shown {
                return line;
            }
            let report = tries(earlier, look) + &render(report, look);
            format!("{line}\n{report}\n")
        }
    }
}

/// The root cause in a few words.
fn why(report: &Report) -> Option<String> {
    let counts = |finding: &&crate::check::Finding| !finding.expected && !report.is_ignored(finding);
    match FailureReason::all(report).into_iter().next() {
        Some(FailureReason::Expectation(judged)) => Some(format!("failed: {}", escape::visible(&judged.expression))),
        Some(FailureReason::Finding(finding)) => Some(finding.rule.to_string()),
        Some(FailureReason::CutShort(_)) | None => {
            report.findings.iter().find(counts).map(|finding| finding.rule.to_string())
        }
    }
}

/// The rule ids of the warnings of a check that passed.
fn warnings(report: &Report) -> Option<String> {
    let rules: Vec<&str> = verdict::warnings(report).map(|finding| finding.rule.as_ref()).collect();
    let count = verdict::plural(rules.len(), "warning", "warnings");
    (!rules.is_empty()).then(|| format!("{count}: {}", rules.join(", ")))
}

/// The line with the counts at the end.
pub fn summary(run: &Run, look: &Display) -> String {
    let code = run.exit_code();
    let passed = run.reports().filter(|report| report.exit == Exit::Ok).count();
    let failed = run.reports().count() - passed;
    let skipped = run.cases.len() - passed - failed;
    let counted = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let warned = run.reports().filter(|report| report.exit == Exit::Ok && warnings(report).is_some()).count();
    let with_warnings = if warned > 0 { format!("passed ({warned} with warnings)") } else { "passed".to_owned() };
    let parts: Vec<String> = [counted(failed, "failed"), counted(passed, &with_warnings), counted(skipped, "skipped")]
        .into_iter()
        .flatten()
        .collect();
    let word = match code {
        0 => OutcomeWord::Pass,
        130 | 143 => OutcomeWord::CutShort,
        _ => OutcomeWord::Fail,
    };
    let dot = look.signs.dot();
    let none = if run.cases.is_empty() { "no checks" } else { "" };
    let rest = format!("  {none}{}{dot}exit {code}", parts.join(", "));
    StyledLine::of(word.role(), word.word()).and(Role::Plain, rest).paint(look)
}

/// A check that has not run yet. Its JSON form is an element of the output of `run --list --json`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Planned {
    /// The name of the check.
    pub name: String,
    /// The target.
    pub target: String,
    /// The tags of the check.
    pub tags: Vec<String>,
    /// The requirements on this machine (`needs`).
    pub needs: Vec<String>,
    /// The command-line arguments for the same check.
    #[serde(rename = "arguments")]
    pub words: Vec<String>,
    /// A description of the source of the password, never the password; null if the check does not log in with one.
    pub password: Option<String>,
    /// The expectations, as written.
    pub expect: Vec<String>,
    /// The reason why the check would be skipped; null if it would run.
    pub skipped: Option<String>,
}

/// The JSON Schema (2020-12) of `run --list --json` and `run --dry-run --json`, generated from [`Planned`] by this
/// file's test.
pub const PLANNED_SCHEMA: &str = include_str!("../../schema/run-list.json");

/// The output of `--list`: one line for each check, with name, target and tags separated by tabs.
pub fn list(planned: &[Planned]) -> String {
    let line = |one: &Planned| {
        let tags = one.tags.iter().map(|tag| escape::visible(tag)).collect::<Vec<_>>().join(",");
        format!("{}\t{}\t{tags}\n", escape::visible(&one.name), escape::visible(&one.target))
    };
    planned.iter().map(line).collect()
}

/// The output of `--list --json` and `--dry-run --json`: a list with one object for each check.
pub fn planned_json(planned: &[Planned]) -> String {
    super::json::pretty(&planned) + "\n"
}

/// The output of `--dry-run`.
pub fn dry_run(planned: &[Planned], look: &Display) -> String {
    let mut lines = Vec::new();
    for one in planned {
        lines.push(StyledLine::of(Role::Bold, escape::visible(&one.name)));
        let words = one.words.iter().map(|word| crate::check::in_shell(word)).collect::<Vec<_>>().join(" ");
        lines.push(command_line(&escape::visible(&format!("smtpcheck {words}"))));
        let mut add = |label: &str, text: &str| {
            lines.extend(labelled(label, Role::Plain, &escape::visible(text), look));
        };
        if let Some(password) = &one.password {
            add("password", password);
        }
        for expectation in &one.expect {
            add("expect", expectation);
        }
        if !one.needs.is_empty() {
            add("needs", &one.needs.join(", "));
        }
        if let Some(reason) = &one.skipped {
            add("SKIP", reason);
        }
    }
    let count = verdict::plural(planned.len(), "check", "checks");
    lines.push(StyledLine::of(Role::Bold, count).and(Role::Plain, ", nothing was sent"));
    lines.iter().map(|line| line.paint(look)).collect()
}

/// The message about what `--record` has saved.
pub fn saved_message(report: &Report, file: &str) -> String {
    let count = verdict::plural(expectations(report).len(), "expectation", "expectations");
    let exit = match report.exit {
        Exit::Ok => String::new(),
        failed => format!("; the server failed, so the suite expects exit code {} ({})", failed.code(), failed.name()),
    };
    format!("saved one check of {} with {count} in {file}{exit}; run it with: smtpcheck run {file}", report.plan.name())
}

/// A suite file whose expectations match the report. `keys` contains additional keys of the check, with their values in
/// TOML.
pub fn recorded(report: &Report, target: &str, keys: &[(String, String)]) -> String {
    let quoted = |text: &str| toml_text(&escape::visible(text));
    let name = report.plan.name();
    let mut suite = format!("[[check]]\nname = {}\ntarget = {}\n", quoted(&name), quoted(target));
    for (key, value) in keys {
        suite.push_str(&format!("{key} = {value}\n"));
    }
    suite.push_str("expect = [\n");
    for expectation in expectations(report) {
        suite.push_str(&format!("    {},\n", quoted(&expectation)));
    }
    suite.push_str("]\n");
    suite
}

/// A TOML basic string in which `$` does not start a variable. Its escape sequences are those of JSON.
pub fn toml_text(text: &str) -> String {
    serde_json::Value::from(text.replace("${", "$${")).to_string()
}

/// Expectations that match the report.
fn expectations(report: &Report) -> Vec<String> {
    let document = Document::from(report);
    let value = |name: &str| fields::value(&document, name);
    let advertises = |name: &str| {
        let before = value("capabilities.before_tls");
        before.as_list().is_some_and(|lines| lines.iter().any(|line| line.split(' ').next() == Some(name)))
    };
    let mut all = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.failure.is_some() && !report.is_ignored(finding)) {
        all.push(format!("findings contains {}", finding.rule));
    }
    if report.exit != Exit::Ok {
        all.push(format!("exit.code == {}", report.exit.code()));
    }
    if advertises("STARTTLS") {
        all.push("capabilities.before_tls contains STARTTLS".to_owned());
    }
    if let FieldValue::Text(version) = value("tls.version") {
        all.push(format!("tls.version >= {version}"));
        if value("capabilities.before_tls") != FieldValue::Missing && !advertises("AUTH") {
            all.push("capabilities.before_tls excludes AUTH".to_owned());
        }
    }
    if value("certificate.verifies") == FieldValue::Fact(true) {
        all.push("certificate.verifies == true".to_owned());
        if value("certificate.days_left").as_f64().is_some_and(|days| days > 14.0) {
            all.push("certificate.days_left > 14".to_owned());
        }
    }
    let mechanisms = value("auth.mechanisms");
    // Mechanism names contain no other characters (RFC 4422 §3.1).
    let is_name =
        |name: &&String| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    all.extend(
        mechanisms
            .as_list()
            .unwrap_or_default()
            .iter()
            .filter(is_name)
            .map(|name| format!("auth.mechanisms contains {name}")),
    );
    if value("auth.outcome").as_str() == Some("accepted") {
        all.push("auth.outcome == accepted".to_owned());
    }
    let replies = (0..report.plan.to.len()).map(|number| format!("rcpt[{number}].class"));
    for name in std::iter::once("mail.class".to_owned()).chain(replies) {
        if let FieldValue::Integer(class) = value(&name) {
            all.push(format!("{name} == {class}"));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::Planned;
    use crate::report::published::assert_schema;

    #[test]
    fn the_published_schema_of_the_list_of_a_suite_matches_the_types() {
        assert_schema::<Vec<Planned>>("run-list");
    }
}
