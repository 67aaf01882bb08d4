//! A test helper for the published JSON Schemas in `schema/`. They are generated from the types, and a test of each
//! type compares its file with the type. SNAPSHOTS=overwrite or UPDATE_SCHEMA=1 rewrites the files.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use snapbox::assert::{Action, DEFAULT_ACTION_ENV};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

/// Fails if `schema/NAME.json` does not match the type.
pub(crate) fn assert_schema<T: JsonSchema>(name: &str) {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    let json = serde_json::to_string_pretty(&schema).expect("a schema is serialisable") + "\n";
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(format!("{name}.json"));
    let assert = match std::env::var_os("UPDATE_SCHEMA") {
        Some(_) => Assert::new().action(Action::Overwrite),
        None => Assert::new().action_env(DEFAULT_ACTION_ENV),
    };
    assert.eq(json, Data::read_from(&file, Some(DataFormat::Text)).raw());
}
