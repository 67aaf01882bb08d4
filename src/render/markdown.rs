//! Markdown for a step summary, a comment or an issue: a table with the verdicts, then each check with its findings,
//! their fixes, and the session in a code block.
//!
//! Text received from the server cannot become markup: outside code, every character with a special meaning in Markdown
//! is escaped, and the fence of a code block has more backticks than any sequence of backticks inside it.

use std::fmt::Write;

use super::view::domain::{self, DomainPart};
use super::view::phases;
use super::view::settings as view_of_settings;
use super::view::verdict::{self, OutcomeWord};
use super::{Display, Transcript, escape, text as plain_text};
use crate::check::domain::{results, seen::DomainSeen};
use crate::check::settings::{self as client_settings, seen::SettingsSeen};
use crate::check::{Finding, Severity};
use crate::report::{CheckOutcome, CheckResult, Report, Run, RunSource};

/// The complete text.
pub fn render_run(run: &Run, look: &Display) -> String {
    let mut text = format!("# smtpcheck: {}\n\n", plain(&verdict::headline(run)));
    if let RunSource::Suite(path) = &run.source {
        let _ = writeln!(text, "Suite {}\n", code(&path.to_string_lossy()));
    }
    if let ([case], Some(report)) = (run.cases.as_slice(), run.reports().next()) {
        text.push_str(&checked(case, report, look));
        return text;
    }
    text.push_str("| | check | result |\n|---|---|---|\n");
    for case in &run.cases {
        let outcome = verdict::outcome(case);
        let word = OutcomeWord::of(case).word();
        let _ = writeln!(text, "| **{word}** | {} | {} |", plain(&case.name), plain(&outcome));
    }
    for case in &run.cases {
        let Some(report) = case.report() else { continue };
        let _ = write!(text, "\n## {} {}\n\n", OutcomeWord::of(case).word(), plain(&case.name));
        text.push_str(&checked(case, report, look));
    }
    text
}

/// The maximum size of a step summary. GitHub rejects a summary of more than 1 MiB. The remaining space is left for
/// other commands in the same step.
const SUMMARY_BYTES: usize = 900_000;

/// The text for the step summary of GitHub Actions.
pub fn step_summary(run: &Run, look: &Display) -> String {
    cut(render_run(run, look), SUMMARY_BYTES)
}

fn checked(case: &CheckResult, report: &Report, look: &Display) -> String {
    let mut text = format!("{}\n\n", plain(&verdict::result(report)));
    if let CheckOutcome::Checked { earlier, .. } = &case.outcome {
        for (at, one) in earlier.iter().enumerate() {
            let _ = writeln!(text, "- {}", plain(&verdict::retry_line(at, one)));
        }
        if !earlier.is_empty() {
            text.push('\n');
        }
    }
    for one in &report.expectations {
        let word = if one.held { "held" } else { "**failed**" };
        let expected = if one.held { plain(&one.expression) } else { plain(&verdict::not_held(one)) };
        let _ = writeln!(text, "- expectation {word}: {expected}");
    }
    if !report.expectations.is_empty() {
        text.push('\n');
    }
    let seen = results(&report.plan, &report.evidence);
    text.extend(seen.as_ref().map(matrix));
    let client = client_settings::results(&report.plan, &report.evidence);
    text.extend(client.as_ref().map(|seen| settings(seen, look)));
    for one in &report.findings {
        text.push_str(&finding(report, one));
    }
    if let Some(seen) = &client {
        text.push_str(&untested(&view_of_settings::not_tested(seen)));
        return text;
    }
    if let Some(seen) = &seen {
        text.push_str(&published(seen, look));
        return text;
    }
    text.push_str(&times(report));
    if look.transcript != Transcript::None {
        let session = plain_text::plain_session(report, look);
        let _ = write!(text, "<details><summary>Session</summary>\n\n{}\n</details>\n", block(&session));
    }
    text
}

fn finding(report: &Report, finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
        Severity::Notice => "Notice",
    };
    let ignored = verdict::set_aside(report, finding).map(|word| format!(" ({word})")).unwrap_or_default();
    let mut text = format!("### {word}: {}{ignored}\n\n", plain(&finding.summary));
    let _ = write!(
        text,
        "{}, {}: {}\n\n",
        code(&finding.rule),
        verdict::sure(finding),
        plain(&verdict::sentence(&finding.cause))
    );
    for (label, sentence) in finding
        .otherwise
        .iter()
        .map(|sentence| ("Or", sentence))
        .chain(finding.consequences.iter().map(|sentence| ("Consequence", sentence)))
    {
        let _ = write!(text, "{label}: {}\n\n", plain(&verdict::sentence(sentence)));
    }
    for (at, fix) in finding.fixes.iter().enumerate() {
        let _ = writeln!(text, "{}. {}", at + 1, plain(&fix.text));
        for more in fix.command.iter().chain(&fix.url) {
            let _ = writeln!(text, "   {}", code(more));
        }
    }
    if !finding.fixes.is_empty() {
        text.push('\n');
    }
    text
}

/// The mail servers of a domain.
fn matrix(seen: &DomainSeen) -> String {
    let hosts = domain::matrix(seen);
    if hosts.is_empty() {
        return String::new();
    }
    let heads = domain::matrix_heads(&hosts);
    let mut text = format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for (host, row) in hosts.iter().flat_map(|host| host.rows.iter().map(move |row| (host, row))) {
        let cells = std::iter::once(&row.address).chain(&row.cells).map(|cell| plain(&cell.text));
        let cells: Vec<String> = std::iter::once(plain(&host.name)).chain(cells).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text + "\n"
}

/// The recommended client settings, the sources, and the settings that were tested.
fn settings(seen: &SettingsSeen, look: &Display) -> String {
    let mut text = String::new();
    if let Some(setting) = &seen.recommended {
        text.push_str("### Recommended settings\n\n");
        for (label, value) in view_of_settings::recommended(setting) {
            let _ = writeln!(text, "- {label}: {}", plain(&value));
        }
        let _ = write!(text, "- check again: {}\n\n", code(&setting.command));
    }
    for (heading, first, rows) in [
        ("Sources", "Source", view_of_settings::sources(seen, look)),
        ("Tested settings", "Server", view_of_settings::candidates(seen, look)),
    ] {
        if rows.is_empty() {
            continue;
        }
        let _ = write!(text, "### {heading}\n\n| {first} | Result | Details |\n|---|---|---|\n");
        for row in rows {
            let _ = writeln!(text, "| {} | {} | {} |", plain(&row.name), row.word, plain(&row.detail));
        }
        text.push('\n');
    }
    text
}

fn untested(list: &[String]) -> String {
    let mut text = String::new();
    if !list.is_empty() {
        text.push_str("### Not tested\n\n");
        for one in list {
            let _ = writeln!(text, "- {}", plain(one));
        }
        text.push('\n');
    }
    text
}

/// What senders do, what the domain publishes, the SPF tree, and what was not tested.
fn published(seen: &DomainSeen, look: &Display) -> String {
    let mut text = String::new();
    let senders = domain::senders(seen);
    if senders.iter().any(|(_, cells)| !cells.is_empty()) {
        text.push_str("### What senders do\n\n");
        for (name, cells) in senders {
            let cells: Vec<String> = cells.iter().map(|(_, cell)| plain(cell)).collect();
            let _ = writeln!(text, "- {name}: {}", cells.join("; "));
        }
        text.push('\n');
    }
    let recipient = domain::recipient(seen);
    if !recipient.is_empty() {
        text.push_str(&parts("Recipient", &recipient));
    }
    text.push_str(&parts("Policies for mail to the domain", &domain::receiving(seen)));
    text.push_str(&parts("Mail from the domain", &domain::sending(seen)));
    let tree = plain_text::spf_lines(seen, &plain_text::for_readers(look));
    if !tree.is_empty() {
        let _ = write!(text, "<details><summary>SPF record</summary>\n\n{}\n</details>\n\n", block(&tree));
    }
    text + &untested(&domain::not_tested(seen))
}

fn parts(title: &str, parts: &[DomainPart]) -> String {
    let mut text = format!("### {title}\n\n| subject | result | details |\n|---|---|---|\n");
    for part in parts {
        let _ = writeln!(text, "| {} | {} | {} |", plain(&part.name), part.state.word(), plain(&part.detail));
    }
    text + "\n"
}

fn times(report: &Report) -> String {
    let rows = phases::rows(report);
    if rows.is_empty() {
        return String::new();
    }
    let mut text = "| phase | result | ms |\n|---|---|---:|\n".to_owned();
    for row in rows {
        let ms = row.ms.map(|ms| format!("{ms:.1}")).unwrap_or_default();
        let _ = writeln!(text, "| {} | {} | {ms} |", row.name, plain(&row.result));
    }
    text.push('\n');
    text
}

/// Escapes text: every character with a special meaning in Markdown gets a backslash, and URLs do not become links.
pub(super) fn plain(text: &str) -> String {
    let mut safe = String::new();
    for c in escape::visible(text).chars() {
        if "\\`*_{}[]<>#|!&~@$".contains(c) {
            safe.push('\\');
        }
        safe.push(c);
    }
    // GitHub turns URLs into links; a URL received from a server must not be clickable.
    safe.replace("://", ":\\//").replace("www.", "www\\.")
}

/// Formats text as inline code.
fn code(text: &str) -> String {
    let text = escape::visible(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    // Markdown removes one space at each end. Without these spaces, a backtick at either end would belong to the fence.
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Truncates text that is longer than `most` bytes and adds a note.
pub fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        // Closes a code block that was truncated.
        let fence = "`".repeat((longest_run(&text) + 1).max(3));
        text.push_str(&format!("\n{fence}\n\nThis summary was truncated here because it is too long.\n"));
    }
    text
}

/// Formats text as a code block.
fn block(text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}text\n{text}{fence}\n")
}

/// The length of the longest sequence of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
