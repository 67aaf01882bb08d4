//! Fills the template of a program. Safety does not depend on the template engine: every value is printed as a quoted
//! literal of the program's language. The exception is `raw`, which is safe only after one of the filters below.

use std::borrow::Cow;
use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

use super::syntax::{self, Syntax, UnwritableValue};

/// The values of a template.
pub(super) type Values = BTreeMap<&'static str, Value>;

/// How a value is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueForm {
    /// A literal of this language.
    Literal(Syntax),
    /// The value itself, for notes.
    Bare,
}

/// Why a template could not be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TemplateError {
    /// The language cannot represent a value.
    Unwritable(UnwritableValue),
    /// The template is invalid. The tests fill every template.
    Template(String),
}

/// Fills a template.
pub(super) fn fill(template: &str, form: ValueForm, values: &Values) -> Result<String, TemplateError> {
    let context = Value::from_pairs(values.iter().map(|(name, value)| (*name, value.clone())));
    environment(form).render_str(template, context).map_err(of_engine)
}

fn of_engine(error: Error) -> TemplateError {
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if let Some(unwritable) = cause.downcast_ref::<UnwritableValue>() {
            return TemplateError::Unwritable(unwritable.clone());
        }
        source = cause.source();
    }
    TemplateError::Template(error.to_string())
}

fn environment(form: ValueForm) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .unwrap_or_default(),
    );
    environment.set_formatter(move |output, _, value| print(output, form, value));
    environment.add_filter("url", |value: Cow<'_, str>| syntax::url(&value));
    environment.add_filter("shell", |value: Cow<'_, str>| syntax::shell(&value));
    environment.add_filter("ruby", |value: Cow<'_, str>| Syntax::Ruby.literal(&value).map_err(unwritable));
    environment.add_filter("curl_text", |value: Cow<'_, str>| syntax::curl_text(&value));
    environment.add_filter("plain", |value: Cow<'_, str>| syntax::plain(&value).map_err(unwritable));
    environment.add_filter("without", |value: Cow<'_, str>, what: Cow<'_, str>| match value.contains(&*what) {
        true => Err(unwritable(UnwritableValue { value: value.into_owned(), reason: "a colon" })),
        false => Ok(value.into_owned()),
    });
    environment.add_filter("doubled", |value: Cow<'_, str>, what: Cow<'_, str>| {
        value.replace(&*what, &format!("{what}{what}"))
    });
    environment.add_filter("raw", raw);
    environment
}

/// Prints text without quotes. The text still cannot contain a line break.
fn raw(state: &State<'_, '_>, value: Cow<'_, str>) -> Result<Value, Error> {
    let _ = state;
    Syntax::Json.literal(&value).map_err(unwritable)?;
    Ok(Value::from_safe_string(value.into_owned()))
}

fn unwritable(error: UnwritableValue) -> Error {
    Error::new(ErrorKind::InvalidOperation, "a value that the language cannot represent").with_source(error)
}

fn print(output: &mut Output<'_>, form: ValueForm, value: &Value) -> Result<(), Error> {
    let written = match (value.kind(), value.as_str(), form) {
        (ValueKind::Number, ..) => output.write_fmt(format_args!("{value}")),
        (_, Some(text), ValueForm::Literal(syntax)) if !value.is_safe() => {
            output.write_str(&syntax.literal(text).map_err(unwritable)?)
        }
        (_, Some(text), _) => output.write_str(text),
        (kind, None, _) => {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("a template prints a value of type {kind}")));
        }
    };
    written.map_err(Error::from)
}
