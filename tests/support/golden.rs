//! Golden files, compared with snapbox. SNAPSHOTS=overwrite (or UPDATE_GOLDEN=1) rewrites them; review the diff
//! afterwards.

use std::path::Path;

use snapbox::assert::{Action, DEFAULT_ACTION_ENV};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

/// Compares output with a golden file. The error contains the diff.
pub fn compare(file: &Path, text: &str) -> Result<(), String> {
    let assert = match std::env::var_os("UPDATE_GOLDEN").or_else(|| std::env::var_os("UPDATE_DOCS")) {
        Some(_) => Assert::new().action(Action::Overwrite),
        None => Assert::new().action_env(DEFAULT_ACTION_ENV),
    };
    let expected = Data::read_from(file, Some(DataFormat::Text)).raw();
    assert.try_eq(Some(&file.display()), Data::text(text), expected).map_err(|error| error.to_string())
}
