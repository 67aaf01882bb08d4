//! `--write-out`: a custom format for scripts. `%{name}` is replaced by a value of [`crate::report::fields`] and `%%`
//! by a percent sign. `\n`, `\t`, `\r` and `\\` have the same meaning as in C. A value that is missing from the report
//! becomes an empty string.

use std::fmt;

use super::escape;
use crate::report::Document;
use crate::report::fields::{Field, FieldValue};

/// A format with placeholders for values.
#[derive(Clone, Debug)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Value(&'static Field, usize),
}

/// An error in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// No value has this name.
    Unknown {
        /// The name as written.
        name: String,
        /// The most similar name, if any is similar.
        nearest: Option<&'static str>,
    },
    /// `%{` without `}`.
    Open,
    /// A percent sign that is not followed by `{` or `%`.
    Percent,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateFault::Unknown { name, nearest: Some(nearest) } => {
                write!(f, "unknown name %{{{name}}}; did you mean %{{{nearest}}}?")
            }
            TemplateFault::Unknown { name, nearest: None } => {
                write!(f, "unknown name %{{{name}}}; docs/expectations.md lists the names, for example %{{exit.code}}")
            }
            TemplateFault::Open => f.write_str("missing } after %{, as in %{exit.code}"),
            TemplateFault::Percent => {
                f.write_str("unexpected %; write a name such as %{exit.code}, or %% for a percent sign")
            }
        }
    }
}

impl Template {
    /// Parses a template.
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
                    let (field, index) = Field::find(name).map_err(|_| unknown(name))?;
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    pieces.push(Piece::Value(field, index));
                    rest = behind;
                }
                '%' => return Err(TemplateFault::Percent),
                c => plain.push(c),
            }
        }
        pieces.push(Piece::Text(plain));
        Ok(Template(pieces))
    }

    /// Replaces the placeholders with the values of a report.
    pub fn fill(&self, report: &Document) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(field, index) => {
                let values: Vec<String> = field.read(report, *index).iter().map(FieldValue::plain).collect();
                escape::visible(&values.join(","))
            }
        });
        pieces.collect()
    }
}

fn unknown(name: &str) -> TemplateFault {
    let likeness = |known: &&str| strsim::jaro_winkler(name, known);
    let names = Field::all().map(|field| field.name);
    let nearest = names.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|best| likeness(best) > 0.75);
    TemplateFault::Unknown { name: name.escape_debug().to_string(), nearest }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{Template, TemplateFault};

    #[test]
    fn the_error_message_names_the_fault_of_a_template() {
        for (text, message) in [
            ("%{tls.verson}", "unknown name %{tls.verson}; did you mean %{tls.version}?"),
            ("%{tls_version}", "unknown name %{tls_version}; did you mean %{tls.version}?"),
            ("%{exit", "missing } after %{, as in %{exit.code}"),
            ("100%", "unexpected %; write a name such as %{exit.code}, or %% for a percent sign"),
        ] {
            let fault: TemplateFault = Template::parse(text).expect_err(text);
            assert_eq!(fault.to_string(), message);
        }
        assert!(Template::parse("%{qqq}").expect_err("unknown").to_string().contains("docs/expectations.md"));
    }

    proptest! {
        #[test]
        fn the_parser_never_panics(text in any::<String>()) {
            let _ = Template::parse(&text);
        }
    }
}
