//! Annotations for GitHub Actions: workflow commands on standard output, one for each error or warning, at the line of
//! the suite file that declares the check. GitHub shows ten errors and ten warnings for each step and silently discards
//! the rest. Therefore at most nine are written, and a tenth reports how many more there are. The step summary is a
//! side file in the `markdown` format.

use std::fmt::Write;

use super::view::verdict::{self, FailureReason, OutcomeWord};
use super::{Display, escape};
use crate::report::{CheckResult, FilePosition, Run, RunSource};

/// GitHub's limit of ten, minus one annotation that states how many more there are.
const MOST: usize = 9;

/// All annotations, then one line for each check.
pub fn render_run(run: &Run, _: &Display) -> String {
    let file = match &run.source {
        RunSource::Suite(path) => Some(path.to_string_lossy().into_owned()),
        RunSource::Target | RunSource::Targets => None,
    };
    let mut text = String::new();
    for (level, all) in [("error", errors(run)), ("warning", warnings(run))] {
        for one in all.iter().take(MOST) {
            text.push_str(&one.command(level, file.as_deref()));
        }
        if all.len() > MOST {
            let more = all.len() - MOST;
            let _ = writeln!(text, "::{level} title=smtpcheck::and {more} more; the step summary lists all");
        }
    }
    for case in &run.cases {
        let outcome = verdict::outcome(case);
        let _ = writeln!(
            text,
            "{} {}: {}",
            OutcomeWord::of(case).word(),
            defused(&escape::visible(&case.name)),
            defused(&outcome)
        );
    }
    text
}

struct Annotation {
    title: String,
    message: String,
    place: Option<FilePosition>,
}

impl Annotation {
    fn command(&self, level: &str, file: Option<&str>) -> String {
        let place = match (file, self.place) {
            (Some(file), Some(FilePosition { line, column })) => {
                format!("file={},line={line},col={column},", property(&escape::visible(file)))
            }
            _ => String::new(),
        };
        format!("::{level} {place}title={}::{}\n", property(&self.title), data(&self.message))
    }
}

fn errors(run: &Run) -> Vec<Annotation> {
    let failed = run.cases.iter().filter_map(|case| Some((case, case.report()?)));
    failed
        .flat_map(|(case, report)| FailureReason::all(report).into_iter().map(move |reason| error(case, &reason)))
        .collect()
}

fn error(case: &CheckResult, reason: &FailureReason<'_>) -> Annotation {
    let lines = std::iter::once(reason.summary()).chain(reason.advice());
    Annotation {
        title: format!("{}: {}", escape::visible(&case.name), reason.id()),
        message: lines.collect::<Vec<_>>().join("\n"),
        place: reason.place(case),
    }
}

/// The warnings that do not make a check fail.
fn warnings(run: &Run) -> Vec<Annotation> {
    let mut all = Vec::new();
    for case in &run.cases {
        let Some(report) = case.report() else { continue };
        all.extend(verdict::warnings(report).map(|finding| error(case, &FailureReason::Finding(finding))));
    }
    all
}

/// Escapes the message of a command. A line ending would end the command, and the next line could be another command.
fn data(text: &str) -> String {
    defused(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

/// Escapes the value of a property, in which `:` and `,` also have a special meaning.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Breaks commands in the older form `##[error]`, which are recognised anywhere in a line.
fn defused(text: &str) -> String {
    text.replace("##[", "# #[")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn text_cannot_end_a_command_or_start_another() {
        assert_eq!(data("a\n::error::b\r% ##[error]c"), "a%0A::error::b%0D%25 # #[error]c");
        assert_eq!(property("x,line=1::y"), "x%2Cline=1%3A%3Ay");
    }
}
