//! What `smtpcheck explain` prints: for one thing a page, for a log the count per cause, as JSON one object a line.
//!
//! Promises: every key of the JSON is always there (null: does not apply or is not known); text of servers and of the
//! input passes [`escape`]; a page ends with the rule to read on. Does not: read, judge or count.

use serde::Serialize;

use super::style::{Role, StyledLine};
use super::text::{command_line, fix_lines, labelled};
use super::{Display, escape};
use crate::lexicon::{Basis, Category, Confidence, Fix, ReplyPhase};
use crate::wire::{EnhancedStatus, ReplyCode};

/// The JSON Schema (2020-12) of one line of `explain --json`, generated from the type below by this file's test.
pub const SCHEMA: &str = include_str!("../../schema/explain.json");

/// What one reply, code, status, keyword or mechanism means.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Explained {
    /// What it is.
    pub kind: ExplanationKind,
    /// The number of its line on standard input, from 1.
    pub line: Option<u64>,
    /// The thing itself; a reply of several lines has LF between them.
    pub input: String,
    /// The reply code.
    pub code: Option<ReplyCode>,
    /// The enhanced status.
    pub status: Option<EnhancedStatus>,
    /// The step at which it came, as given, as logged, or as the code implies.
    pub phase: Option<ReplyPhase>,
    /// The provider's id, as given or by the host that the log names.
    pub provider: Option<String>,
    /// The rule that a check would raise; none for what is no refusal.
    pub rule: Option<&'static str>,
    /// What kind of refusal it is.
    pub category: Option<Category>,
    /// How sure that is.
    pub confidence: Option<Confidence>,
    /// What standard or registry say.
    pub meaning: Option<String>,
    /// Why it was said.
    pub cause: Option<String>,
    /// What else it could be; none when certain.
    pub otherwise: Option<String>,
    /// What to do, most useful first.
    pub fixes: Vec<Fix>,
    /// By which entry of the lexicon it was read.
    pub basis: Option<Basis>,
    /// Where the entry is known from.
    pub source: Option<String>,
    /// What it means at other steps or providers, for a code or status without more.
    pub also: Vec<ConditionalMeaning>,
    /// Rules with a similar id, for what nobody knows.
    pub nearest: Vec<&'static str>,
}

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExplanationKind {
    /// A reply.
    Reply,
    /// A rule's id.
    Rule,
    /// An EHLO keyword.
    Keyword,
    /// A SASL mechanism.
    Mechanism,
    /// Nobody knows.
    Unknown,
}

/// A meaning under a condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConditionalMeaning {
    /// The step or the provider.
    pub at: String,
    /// What kind of refusal it is there.
    pub category: Category,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why it is said there.
    pub cause: String,
}

impl Explained {
    /// A thing of which nothing is known yet.
    pub fn new(kind: ExplanationKind, input: impl Into<String>) -> Explained {
        Explained {
            kind,
            line: None,
            input: input.into(),
            code: None,
            status: None,
            phase: None,
            provider: None,
            rule: None,
            category: None,
            confidence: None,
            meaning: None,
            cause: None,
            otherwise: None,
            fixes: Vec::new(),
            basis: None,
            source: None,
            also: Vec::new(),
            nearest: Vec::new(),
        }
    }
}

/// Replies of one cause.
#[derive(Clone, Debug)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub example: Explained,
}

/// What was read of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Lines.
    pub lines: u64,
    /// Replies in them.
    pub replies: u64,
    /// Lines that are one word: a rule's id, an enhanced status, a keyword or a mechanism.
    pub words: u64,
}

/// One object on one line.
pub fn json(explained: &Explained) -> String {
    // Serialisation of our own types with string keys cannot fail.
    escape::json(&serde_json::to_string(explained).unwrap_or_default()) + "\n"
}

/// The page of one thing.
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
        lines.extend(labelled("is", Role::Plain, &escape::visible(meaning), look));
    }
    let place: Vec<String> = explained
        .phase
        .map(|phase| format!("said at {}", word(&phase)))
        .into_iter()
        .chain(explained.provider.as_ref().map(|provider| format!("by {provider}")))
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
    lines.extend(basis(explained).iter().flat_map(|basis| labelled("by", Role::Dim, &escape::visible(basis), look)));
    if let Some(rule) = explained.rule {
        lines.extend(labelled("rule", Role::Dim, &format!("{rule}; its page:"), look));
        lines.push(command_line(&format!("smtpcheck explain {rule}")));
    }
    paint(&lines, look)
}

/// The count per cause, in the order in which it is given, with one example each.
pub fn summary(tallies: &[Tally], extent: Extent, look: &Display) -> String {
    let Extent { lines: read, replies, .. } = extent;
    let plural = |count: u64, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    let head = format!("{} in {}", plural(replies, "reply", "replies"), plural(read, "line", "lines"));
    let mut lines = vec![StyledLine::of(Role::Bold, head)];
    for Tally { count, example } in tallies {
        let what = match (example.rule, &example.category) {
            (Some(rule), _) => rule.to_owned(),
            (None, Some(category)) => word(category),
            (None, None) => "unknown".to_owned(),
        };
        lines.push(StyledLine::of(Role::Bold, format!("{count:>9}  ")).and(Role::Plain, what));
        let place = example.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let text = escape::visible(&format!("{place}{}", example.input.replace('\n', " ")));
        lines.push(StyledLine::of(Role::Dim, format!("           {}", cut(&text, look.width.saturating_sub(11)))));
        if let Some(fix) = example.fixes.first() {
            let indented = |line: std::borrow::Cow<'_, str>| StyledLine::of(Role::Plain, format!("           {line}"));
            let text = escape::visible(&fix.text);
            lines.extend(textwrap::wrap(&text, look.width.saturating_sub(11)).into_iter().map(indented));
        }
    }
    if !tallies.is_empty() {
        lines.extend(
            ["", "More on a cause: smtpcheck explain RULE. Each reply: --json"]
                .map(|text| StyledLine::of(Role::Dim, text)),
        );
    }
    paint(&lines, look)
}

/// The answer when a whole input holds nothing that is known.
pub fn nothing(lines: u64) -> String {
    let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
    format!("nothing was recognised: no reply of a server in {lines}\n")
}

fn unknown(explained: &Explained, look: &Display) -> Vec<StyledLine> {
    let text =
        "nothing was recognised: no rule, reply code, enhanced status, reply, log line, EHLO keyword or mechanism";
    let mut lines = labelled("is", Role::Plain, text, look);
    if !explained.nearest.is_empty() {
        lines.extend(labelled("near", Role::Plain, &explained.nearest.join(", "), look));
    }
    lines.extend(labelled("all", Role::Dim, "smtpcheck explain --list", look));
    lines
}

fn basis(explained: &Explained) -> Option<String> {
    let what = match &explained.basis {
        None => None,
        Some(Basis::Phrase { id }) => Some(format!("its words ({id})")),
        Some(Basis::ProviderStatus { provider, status }) => Some(format!("what {provider} means by {status}")),
        Some(Basis::Status { status }) => Some(format!("the status {status}")),
        Some(Basis::CodeAtStep { code }) => Some(format!("the code {code} at this step, not its words")),
        Some(Basis::Code { code }) => Some(format!("the code {code} alone, not its words")),
        Some(Basis::Class { digit }) => Some(format!("the first digit {digit} alone; nobody knows the rest")),
    };
    match (what, &explained.source) {
        (Some(what), Some(source)) => Some(format!("{what}; {source}")),
        (what, source) => what.or_else(|| source.clone()),
    }
}

/// The word of a value in JSON.
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
    use super::{Explained, SCHEMA};

    #[test]
    fn the_published_schema_of_explain_is_that_of_the_types() {
        let schema =
            schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Explained>();
        let json = serde_json::to_string_pretty(&schema).expect("a schema is serialisable") + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write("schema/explain.json", &json).expect("the schema can be written");
        }
        assert!(json == SCHEMA, "schema/explain.json is stale: run UPDATE_SCHEMA=1 cargo test --lib schema");
    }
}
