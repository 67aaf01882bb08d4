//! Removes customer keys from the outcomes of lookups in blocklist zones: every string in an outcome is rewritten
//! without the key.

use serde_json::Value;

use crate::evidence::fault::DnsFaultKind;
use crate::evidence::{Fault, Outcome};
use crate::secret::ListKeys;

/// The outcome without the keys. It is rewritten in its serialised form, so that no string is missed.
pub(super) fn without_keys(outcome: &Outcome, keys: &ListKeys) -> Outcome {
    let rewritten = serde_json::to_value(outcome).map(|value| rewritten(value, keys));
    rewritten.and_then(serde_json::from_value).unwrap_or_else(|_| {
        let detail = "the response is not valid".to_owned();
        Outcome::Failed { fault: Fault::Dns { kind: DnsFaultKind::Malformed, detail } }
    })
}

fn rewritten(value: Value, keys: &ListKeys) -> Value {
    match value {
        Value::String(text) => Value::String(keys.hidden(&text)),
        Value::Array(items) => items.into_iter().map(|item| rewritten(item, keys)).collect(),
        Value::Object(fields) => {
            let mut fields: serde_json::Map<String, Value> =
                fields.into_iter().map(|(name, value)| (name, rewritten(value, keys))).collect();
            // The raw bytes of a string that is not UTF-8 can also contain a key.
            if let Some(raw) = fields.get_mut("raw_b64") {
                *raw = Value::Null;
            }
            let length = fields.get("text").and_then(Value::as_str).map(str::len);
            if let (Some(length), Some(lengths)) = (length, fields.get_mut("lengths")) {
                *lengths = Value::Array(vec![length.into()]);
            }
            Value::Object(fields)
        }
        other => other,
    }
}
