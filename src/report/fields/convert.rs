//! Converts values of a report to values of the catalogue. A value that is not known is missing.

use serde::Serialize;

use super::FieldValue;

pub(super) fn missing<T>(value: Option<T>, make: impl FnOnce(T) -> FieldValue) -> FieldValue {
    value.map_or(FieldValue::Missing, make)
}

pub(super) fn text(value: Option<impl ToString>) -> FieldValue {
    missing(value, |value| FieldValue::Text(value.to_string()))
}

pub(super) fn fact(value: Option<bool>) -> FieldValue {
    missing(value, FieldValue::Fact)
}

pub(super) fn count(value: Option<impl TryInto<i64>>) -> FieldValue {
    missing(value.and_then(|value| value.try_into().ok()), FieldValue::Integer)
}

pub(super) fn list(value: Option<&Vec<String>>) -> FieldValue {
    missing(value, |list| FieldValue::List(list.clone()))
}

/// The string that JSON uses for a value of an enum.
pub(super) fn word(value: Option<impl Serialize>) -> FieldValue {
    let word = value.and_then(|value| serde_json::to_value(value).ok()).and_then(|value| match value {
        serde_json::Value::String(word) => Some(word),
        _ => None,
    });
    text(word)
}
