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

/// The value of a variable as UTF-8 text.
pub fn text(name: &str) -> Result<String, VarError> {
    std::env::var(name).and_then(|text| if text.is_empty() { Err(VarError::NotPresent) } else { Ok(text) })
}
