//! `--write-out`: one line of the user's own making, for scripts. `%{name}` is a value of the report, `%%` a percent sign,
//! `\n`, `\t` and `\\` are what they are in C. [`VALUES`] is the closed list of names; what was not reached is empty.

use std::fmt;

use serde_json::Value;

use super::escape;
use crate::report::Document;

/// Every name, and where its value stands in the JSON report.
pub static VALUES: &[(&str, &str)] = &[
    ("exit", "/exit/code"),
    ("exit_name", "/exit/name"),
    ("verdict", "/verdict"),
    ("host", "/target/host"),
    ("port", "/target/port"),
    ("address", "connected"),
    ("greeting_code", "/greeting/code"),
    ("tls_version", "/tls/version"),
    ("tls_cipher", "/tls/cipher"),
    ("tls_group", "/tls/group"),
    ("tls_verifies", "/tls/verifies"),
    ("certificate_days_left", "/tls/days_left"),
    ("certificate_not_after", "/tls/not_after"),
    ("auth_mechanism", "/auth/mechanism"),
    ("auth_outcome", "/auth/outcome"),
    ("auth_code", "/auth/code"),
    ("auth_enhanced", "/auth/enhanced"),
    ("mail_code", "/envelope/from/code"),
    ("mail_enhanced", "/envelope/from/enhanced"),
    ("rcpt_code", "/envelope/recipients/0/code"),
    ("rcpt_enhanced", "/envelope/recipients/0/enhanced"),
    ("rule", "/findings/0/rule"),
    ("rules", "rules"),
    ("tries", "tries"),
    ("total_ms", "/total_ms"),
    ("dns_ms", "phase dns"),
    ("connect_ms", "phase connect"),
    ("greeting_ms", "phase greeting"),
    ("ehlo_ms", "phase ehlo"),
    ("starttls_ms", "phase starttls"),
    ("tls_ms", "phase tls"),
    ("auth_ms", "phase auth"),
    ("mail_ms", "phase mail"),
    ("rcpt_ms", "phase rcpt"),
];

/// A text with places for values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(&'static str),
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// There is no such value.
    Unknown {
        /// As it was written.
        name: String,
        /// The nearest one, if one is near.
        nearest: Option<&'static str>,
    },
    /// `%{` without `}`.
    Open,
    /// A percent sign that begins nothing.
    Percent,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateFault::Unknown { name, nearest: Some(nearest) } => {
                write!(f, "there is no %{{{name}}}; the nearest is %{{{nearest}}}")
            }
            TemplateFault::Unknown { name, nearest: None } => {
                let known: Vec<&str> = VALUES.iter().map(|(name, _)| *name).collect();
                write!(f, "there is no %{{{name}}}; write one of {}", known.join(", "))
            }
            TemplateFault::Open => f.write_str("%{ is not closed; write %{exit}"),
            TemplateFault::Percent => f.write_str("% stands before a name, as in %{exit}, or twice for itself: %%"),
        }
    }
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Template, TemplateFault> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            rest = after;
            match c {
                '\\' => {
                    let next = after.chars().next();
                    let known = match next {
                        Some('n') => Some('\n'),
                        Some('t') => Some('\t'),
                        Some('r') => Some('\r'),
                        Some('\\') => Some('\\'),
                        _ => None,
                    };
                    plain.push(known.unwrap_or('\\'));
                    if known.is_some() {
                        rest = after.get(1..).unwrap_or_default();
                    }
                }
                '%' if after.starts_with('%') => {
                    plain.push('%');
                    rest = after.get(1..).unwrap_or_default();
                }
                '%' if after.starts_with('{') => {
                    let inside = after.get(1..).unwrap_or_default();
                    let (name, behind) = inside.split_once('}').ok_or(TemplateFault::Open)?;
                    let pointer = VALUES.iter().find(|(known, _)| *known == name).map(|(_, pointer)| *pointer);
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    pieces.push(Piece::Value(pointer.ok_or_else(|| unknown(name))?));
                    rest = behind;
                }
                '%' => return Err(TemplateFault::Percent),
                c => plain.push(c),
            }
        }
        pieces.push(Piece::Text(plain));
        Ok(Template(pieces))
    }

    /// The text with the values of a report.
    pub fn fill(&self, report: &Document) -> String {
        // Serialisation of our own types with string keys cannot fail.
        let report = serde_json::to_value(report).unwrap_or_default();
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(pointer) => escape::visible(&plain_value(&value(&report, pointer))),
        });
        pieces.collect()
    }
}

fn unknown(name: &str) -> TemplateFault {
    let likeness = |known: &&str| strsim::jaro_winkler(name, known);
    let names = VALUES.iter().map(|(known, _)| *known);
    let nearest = names.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|best| likeness(best) > 0.75);
    TemplateFault::Unknown { name: name.escape_debug().to_string(), nearest }
}

fn value(report: &Value, pointer: &str) -> Value {
    let list = |at: &str| report.pointer(at).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named = |at: &str, key: &str, value: &str| {
        list(at).iter().find(|one| one.get(key).and_then(Value::as_str) == Some(value)).cloned().unwrap_or_default()
    };
    match pointer {
        "connected" => named("/addresses", "status", "connected").get("ip").cloned().unwrap_or_default(),
        "rules" => {
            let rules: Vec<&str> =
                list("/findings").iter().filter_map(|finding| finding.get("rule").and_then(Value::as_str)).collect();
            rules.join(",").into()
        }
        "tries" => (list("/earlier").len() + 1).into(),
        pointer => match pointer.strip_prefix("phase ") {
            Some(name) => named("/phases", "name", name).get("ms").cloned().unwrap_or_default(),
            None => report.pointer(pointer).cloned().unwrap_or_default(),
        },
    }
}

fn plain_value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(ms) => format!("{ms:.1}"),
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{Template, TemplateFault, VALUES};

    #[test]
    fn unknown_names_and_open_ones_are_told() {
        for (text, message) in [
            ("%{tls_verson}", "there is no %{tls_verson}; the nearest is %{tls_version}"),
            ("%{exit", "%{ is not closed; write %{exit}"),
            ("100%", "% stands before a name, as in %{exit}, or twice for itself: %%"),
        ] {
            let fault: TemplateFault = Template::parse(text).expect_err(text);
            assert_eq!(fault.to_string(), message);
        }
        assert!(Template::parse("%{qqq}").expect_err("unknown").to_string().contains("exit, exit_name"));
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<&str> = VALUES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), VALUES.len());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fall(text in any::<String>()) {
            let _ = Template::parse(&text);
        }
    }
}
