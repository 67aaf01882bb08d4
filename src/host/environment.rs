//! Environment variables. An empty variable counts as not set, because CI systems pass variables without a value as
//! empty.

use std::env::VarError;
use std::ffi::OsString;

/// The value of a variable.
pub fn value(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether a variable is set.
pub fn is_set(name: &str) -> bool {
    value(name).is_some()
}

/// Whether the name of any variable begins with this prefix, in upper or lower case.
pub fn has_prefix(prefix: &str) -> bool {
    let begins = |name: OsString| {
        let start = name.as_encoded_bytes().get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    std::env::vars_os().any(|(name, _)| begins(name))
}

/// The value of a variable as UTF-8 text.
pub fn text(name: &str) -> Result<String, VarError> {
    std::env::var(name).and_then(|text| if text.is_empty() { Err(VarError::NotPresent) } else { Ok(text) })
}
