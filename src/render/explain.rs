//! The output of `smtpcheck explain`: a page for each argument, the number of replies per cause for a log, or one
//! object per line with `--json`.
//!
//! Every key of the JSON output is always present; null means that the value does not apply or is unknown. Text from
//! servers and from the input passes through [`escape`]. A page ends with the rule to look up next. Sources are shown
//! only with `-v`. [`crate::explain`] reads the input and counts the replies.

use serde::Serialize;

use super::style::{Role, StyledLine};
use super::text::{command_line, fix_lines, labelled};
use super::view::verdict::plural;
use super::{Display, Verbosity, escape};
use crate::explain::{Explained, ExplanationKind, Extent, FailureLine, Tally};
use crate::lexicon::Basis;

/// The JSON Schema (2020-12) of one line of `explain --json`, generated from [`Explained`] by this file's test.
pub const SCHEMA: &str = include_str!("../../schema/explain.json");

/// One object on one line.
pub fn json(explained: &Explained) -> String {
    // Serialisation of types with string keys cannot fail.
    escape::json(&serde_json::to_string(explained).unwrap_or_default()) + "\n"
}

/// The page of one explanation.
pub fn page(explained: &Explained, look: &Display) -> String {
    let mut lines: Vec<StyledLine> = Vec::new();
    for line in explained.input.lines().take(20) {
        lines.push(StyledLine::of(Role::Bold, cut(&escape::visible(line), look.width.max(400))));
    }
    if explained.kind == ExplanationKind::Unknown {
        lines.extend(unknown(explained, look));
        return paint(&lines, look);
    }
    if let Some(meaning) = &explained.meaning {
        lines.extend(labelled("means", Role::Plain, &escape::visible(meaning), look));
    }
    let place: Vec<String> = explained
        .phase
        .map(|phase| format!("phase {}", word(&phase)))
        .into_iter()
        .chain(explained.provider.as_ref().map(|provider| format!("provider {provider}")))
        .collect();
    if !place.is_empty() {
        lines.extend(labelled("where", Role::Plain, &escape::visible(&place.join(", ")), look));
    }
    if let (Some(cause), Some(confidence)) = (&explained.cause, &explained.confidence) {
        let text = format!("{}: {}", word(confidence), escape::visible(cause));
        lines.extend(labelled("cause", Role::Plain, &text, look));
    }
    if let Some(otherwise) = &explained.otherwise {
        lines.extend(labelled("or", Role::Dim, &escape::visible(otherwise), look));
    }
    for one in &explained.also {
        let text = format!("{} ({}): {}", one.at, word(&one.confidence), one.cause);
        lines.extend(labelled("at", Role::Plain, &escape::visible(&text), look));
    }
    lines.extend(fix_lines(&explained.fixes, look));
    lines.extend(
        basis(explained, look).iter().flat_map(|basis| labelled("basis", Role::Dim, &escape::visible(basis), look)),
    );
    if let Some(rule) = explained.rule {
        lines.extend(labelled("rule", Role::Dim, &format!("{rule}; for details:"), look));
        lines.push(command_line(&format!("smtpcheck explain {rule}")));
    }
    paint(&lines, look)
}

/// The number of replies and error messages per cause, in the given order, with one example each, and the first failure
/// that is not recognised.
pub fn summary(tallies: &[Tally], extent: Extent, unknown: Option<&FailureLine>, look: &Display) -> String {
    let Extent { lines: read, replies, errors, .. } = extent;
    let found = match (replies, errors) {
        (replies, 0) => plural(replies, "reply", "replies"),
        (0, errors) => plural(errors, "error message", "error messages"),
        _ => {
            format!("{} and {}", plural(replies, "reply", "replies"), plural(errors, "error message", "error messages"))
        }
    };
    let mut lines = vec![StyledLine::of(Role::Bold, format!("{found} in {}", plural(read, "line", "lines")))];
    for Tally { count, example } in tallies {
        let what = match (example.rule, &example.category) {
            (Some(rule), _) => rule.to_owned(),
            (None, Some(category)) => word(category),
            (None, None) if example.kind == ExplanationKind::Error => "not-a-mail-server".to_owned(),
            (None, None) => "unknown".to_owned(),
        };
        lines.push(StyledLine::of(Role::Bold, format!("{count:>9}  ")).and(Role::Plain, what));
        let place = example.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let text = escape::visible(&format!("{place}{}", example.input.replace('\n', " ")));
        lines.push(StyledLine::of(Role::Dim, format!("           {}", cut(&text, look.width.saturating_sub(11)))));
        if let Some(fix) = example.fixes.first() {
            let indented = |line: std::borrow::Cow<'_, str>| StyledLine::of(Role::Plain, format!("           {line}"));
            let text = escape::visible(&fix.text);
            lines.extend(
                textwrap::wrap(&text, super::text::columns(look.width.saturating_sub(11))).into_iter().map(indented),
            );
        }
    }
    lines.extend(unrecognised(extent.unknown, unknown, look));
    if !tallies.is_empty() {
        lines.extend(
            ["", "For details about a cause, run: smtpcheck explain RULE. To list every reply, add --json."]
                .map(|text| StyledLine::of(Role::Dim, text)),
        );
    }
    paint(&lines, look)
}

/// The output if an input contains neither a reply nor a known error message.
pub fn nothing(extent: Extent, unknown: Option<&FailureLine>, look: &Display) -> String {
    let head = format!(
        "not recognised: no server reply or known error message in {}\n",
        plural(extent.lines, "line", "lines")
    );
    head + &paint(&unrecognised(extent.unknown, unknown, look), look)
}

/// The number of failures that are not recognised, and the first of them.
fn unrecognised(count: u64, first: Option<&FailureLine>, look: &Display) -> Vec<StyledLine> {
    let Some(first) = first else { return Vec::new() };
    let text = format!("line {}: {}", first.number, first.text.replace('\n', " "));
    let text = cut(&escape::visible(&text), look.width.saturating_sub(11));
    vec![
        StyledLine::of(Role::Bold, format!("{count:>9}  "))
            .and(Role::Plain, "not recognised, but the text reports a failure"),
        StyledLine::of(Role::Dim, format!("           {text}")),
    ]
}

fn unknown(explained: &Explained, look: &Display) -> Vec<StyledLine> {
    let text = "not recognised: expected a rule id, reply code, enhanced status, reply, log line, error message, EHLO extension, SASL mechanism, program or provider";
    let mut lines = labelled("error", Role::Plain, text, look);
    if !explained.nearest.is_empty() {
        lines.extend(labelled("similar", Role::Plain, &explained.nearest.join(", "), look));
    }
    lines.extend(labelled("list", Role::Dim, "smtpcheck explain --list", look));
    lines
}

/// The basis of the meaning. With `-v`, the lexicon entry and its source; without `-v`, only a basis that limits the
/// certainty, such as a code without recognised text.
fn basis(explained: &Explained, look: &Display) -> Option<String> {
    let is_verbose = look.volume == Verbosity::Verbose;
    let basis = explained.basis.as_ref().and_then(|basis| match basis {
        Basis::Phrase { id } => is_verbose.then(|| format!("the text of the reply ({id})")),
        Basis::ProviderStatus { provider, status } => {
            is_verbose.then(|| format!("the enhanced status {status} as {provider} uses it"))
        }
        Basis::Status { status } => is_verbose.then(|| format!("the enhanced status {status}")),
        Basis::CodeAtStep { code } => Some(format!("only the code {code} in this phase; the text is not recognised")),
        Basis::Code { code } => Some(format!("only the code {code}; the text is not recognised")),
        Basis::Class { digit } => {
            Some(format!("only the first digit {digit}; the rest of the reply is not recognised"))
        }
        Basis::Wording => Some("only the similarity to other replies; the text is not recognised".to_owned()),
    });
    let source = explained.source.clone().filter(|_| is_verbose);
    let parts: Vec<String> = basis.into_iter().chain(source).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The string that JSON uses for an enum value.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(3)).collect();
    kept + "..."
}

fn paint(lines: &[StyledLine], look: &Display) -> String {
    lines.iter().map(|line| line.paint(look)).collect()
}

#[cfg(test)]
mod tests {
    use super::SCHEMA;
    use crate::explain::Explained;

    #[test]
    fn the_published_schema_of_explain_matches_the_types() {
        let schema =
            schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Explained>();
        let json = serde_json::to_string_pretty(&schema).expect("a schema is serialisable") + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write("schema/explain.json", &json).expect("the schema can be written");
        }
        assert!(json == SCHEMA, "schema/explain.json is stale: run UPDATE_SCHEMA=1 cargo test --lib schema");
    }
}
