//! Converts values of a report to values of the catalogue. An unknown value becomes a missing value.

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
    text(value.and_then(json_word))
}

/// The string that JSON uses for a value of an enum; `None` if JSON uses no string.
pub(in crate::report) fn json_word(value: impl Serialize) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Some(word),
        _ => None,
    }
}
