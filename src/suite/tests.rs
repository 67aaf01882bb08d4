//! Tests of the suite parser: the checks that it returns, and the positions of errors.

#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::path::Path;

use proptest::prelude::{any, proptest};
use serde_json::{Value, json};

use super::{KEYS, KeyShape, MOST_CHECKS, Need, Password, SCHEMA, Scope, SuiteCheck, SuiteEnvironment, read};

const HEAD: &str = "[[check]]\nname = \"a\"\ntarget = \"mx.example.net\"\n";

fn suite(files: &[(&str, &[u8])], is_private: bool) -> Result<Vec<SuiteCheck>, String> {
    let load = |path: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, bytes)| bytes.to_vec()).ok_or_else(|| "no such file".to_owned())
    };
    let variable = |name: &str| (name == "HOST").then(|| "mx.example.net".to_owned());
    let around = SuiteEnvironment { load: &load, variable: &variable, is_private: &|_| is_private };
    read(Path::new("s.toml"), &around).map_err(|fault| fault.to_string())
}

fn one(text: &str) -> Result<Vec<SuiteCheck>, String> {
    suite(&[("s.toml", text.as_bytes())], false)
}

#[test]
fn values_of_a_check_replace_defaults_and_lists_are_added_to_them() {
    let checks = one(
        "[defaults]\ntls = \"starttls\"\nto = [\"a@example.net\"]\nexpect = [\"tls.version >= 1.2\"]\ntags = \"all\"\npassword-env = \"P\"\n\
         [[check]]\nname = \"one\"\ntarget = \"${HOST}:25\"\nexpect = \"rcpt.class == 5\"\ntags = [\"relay\"]\nneeds = [\"egress:25\", \"ipv6\", \"env:P\"]\n\
         [[check]]\nname = \"two\"\ntarget = \"${NONE:-mx2.example.net}\"\nto = [\"b@example.net\"]\ntls = \"none\"\nport = 2525\ninsecure = true\nipv4 = false\npassword-command = \"pass\"\n",
    )
    .unwrap_or_else(|fault| panic!("{fault}"));
    let [first, second] = checks.as_slice() else { panic!("{checks:?}") };
    assert_eq!(first.target, "mx.example.net:25");
    assert_eq!(first.flags, ["--tls=starttls", "--to=a@example.net"]);
    assert_eq!(first.tags, ["all", "relay"]);
    assert_eq!(first.needs, [Need::Egress(25), Need::Ipv6, Need::Variable("P".to_owned())]);
    let expected: Vec<(&str, usize, usize)> =
        first.expect.iter().map(|one| (one.expression.text.as_str(), one.at.line, one.at.column)).collect();
    assert_eq!(expected, [("tls.version >= 1.2", 4, 11), ("rcpt.class == 5", 10, 10)]);
    assert!(matches!(&first.password, Some(Password::Environment(name)) if name == "P"));
    assert_eq!(second.target, "mx2.example.net");
    assert_eq!(second.flags, ["--insecure", "--port=2525", "--tls=none", "--to=b@example.net"]);
    assert!(matches!(&second.password, Some(Password::Command(command)) if command == "pass"));
}

#[test]
fn every_error_has_a_line_and_a_column() {
    for (text, message) in [
        ("", "s.toml:1:1: the file is empty"),
        ("# nothing\n", "s.toml:1:1: this suite has no [[check]]"),
        ("x = [", "s.toml:1:"),
        ("[[chek]]\nname = \"a\"\n", "s.toml:1:3: unknown key \"chek\" in a suite; did you mean check?"),
        ("[check]\nname = \"a\"\n", "s.toml:1:1: check must be a list of tables: [[check]], but this is a table"),
        (
            "[[check]]\nname = \"a\"\ntarget = \"h\"\nexpekt = []\n",
            "s.toml:4:1: unknown key \"expekt\" in a check; did you mean expect?",
        ),
        (
            "[[check]]\nname = \"a\"\ntarget = \"h\"\npassword_file = \"x\"\n",
            "s.toml:4:1: unknown key \"password_file\" in a check; did you mean password-file?",
        ),
        ("[defaults]\nname = \"a\"\n", "s.toml:2:1: unknown key \"name\" in [defaults]"),
        ("[[check]]\nname = 5\n", "s.toml:2:8: name must be a string in quotes, but this is a number"),
        (
            "[[check]]\nname = \"a\"\n  insecure = \"yes\"\n",
            "s.toml:3:14: insecure must be true or false, but this is a string",
        ),
        (
            "[[check]]\nname = \"a\"\nto = [\"x@y\", 5]\n",
            "s.toml:3:14: to must be a list of strings, but this is a number",
        ),
        ("[[check]]\ntarget = \"h\"\n", "s.toml:1:1: this check has no name"),
        ("[[check]]\nname = \"\"\ntarget = \"h\"\n", "s.toml:2:8: a name must have 1 to 200"),
        ("[[check]]\nname = \"a\"\n", "s.toml:1:1: the check \"a\" has no target"),
        (
            "[[check]]\nname = \"a\"\ntarget = \"h\"\n[[check]]\nname = \"a\"\ntarget = \"h\"\n",
            "s.toml:5:8: another check has the name \"a\", at s.toml:1",
        ),
        ("[[check]]\nname = \"a\"\ntarget = \"${NONE}\"\n", "s.toml:3:10: the variable NONE is not set"),
        ("[[check]]\nname = \"a\"\ntarget = \"${\"\n", "s.toml:3:10: the closing } is missing"),
        ("[[check]]\nname = \"a\"\ntarget = \"${a b}\"\n", "s.toml:3:10: ${..} must contain the name"),
        ("include = \"gone.toml\"\n", "s.toml:1:11: gone.toml: no such file"),
        ("include = [\"s.toml\"]\n", "s.toml:1:12: s.toml: this file includes itself"),
        ("[[check]]\nname = \"a\"\ntarget = \"h\"\nneeds = [\"egress\"]\n", "s.toml:4:10: unknown need \"egress\""),
        (
            "[[check]]\nname = \"a\"\ntarget = \"h\"\npassword-env = \"A\"\npassword-file = \"b\"\n",
            "s.toml:5:17: password-env and password-file both specify a password",
        ),
        (
            "[[check]]\nname = \"ü\"\ntarget = \"h\"\nexpect = [\"tls.verson >= 1.2\"]\n",
            "s.toml:4:12: unknown name tls.verson; did you mean tls.version?",
        ),
        (
            "[[check]]\nname = \"a\"\ntarget = \"h\"\nexpect = [\"ü\", \"tls.version >= x\"]\n",
            "s.toml:4:12: unknown name ü",
        ),
        (
            "[[check]]\nname = \"a\"\ntarget = \"h\"\nexpect = [\"tls.version >= x\"]\n",
            "s.toml:4:27: tls.version is a version",
        ),
    ] {
        let fault = one(text).expect_err(text);
        assert!(fault.starts_with(message), "{text:?}\n  says  {fault}\n  not   {message}");
        assert!(!fault.contains('\n'), "{fault}");
    }
    let latin1 = suite(&[("s.toml", b"[[check]]\nname = \"M\xfcller\"\n")], false).expect_err("not UTF-8");
    assert!(latin1.starts_with("s.toml:2:10: this byte is not UTF-8"), "{latin1}");
}

#[test]
fn too_many_checks_are_reported_once() {
    let text: String = (0..10_000).map(|at| format!("[[check]]\nname = \"{at}\"\ntarget = \"h\"\n")).collect();
    let fault = one(&text).expect_err("too many");
    assert_eq!(
        fault,
        format!("s.toml:{}:1: a suite can have at most 1000 checks; split it into several suites", MOST_CHECKS * 3 + 1)
    );
}

#[test]
fn a_password_in_a_file_that_other_users_can_read_is_rejected_and_not_shown() {
    let text = format!("{HEAD}user = \"u\"\npassword = \"hunter2\"\n");
    let refused = one(&text).expect_err("others can read it");
    assert!(
        refused.starts_with("s.toml:5:12: other users can read this file") && !refused.contains("hunter2"),
        "{refused}"
    );
    let private = suite(&[("s.toml", text.as_bytes())], true);
    assert!(private.is_ok_and(|checks| matches!(checks[0].password, Some(Password::Plain(_)))));
    // If the value is a variable, the file does not contain the password.
    let variable = one(&format!("{HEAD}user = \"u\"\npassword = \"${{HOST}}\"\n"));
    assert!(variable.is_ok_and(|checks| matches!(checks[0].password, Some(Password::Plain(_)))));
    let mixed = one(&format!("{HEAD}user = \"u\"\npassword = \"x${{HOST}}\"\n"));
    assert!(mixed.is_err());
}

#[test]
fn checks_of_an_included_file_come_first_and_errors_name_that_file() {
    let head = "include = [\"sub/base.toml\"]\n";
    let base = "[defaults]\ncacert = \"ca.pem\"\ntls = \"none\"\n[[check]]\nname = \"base\"\ntarget = \"h\"\n";
    let checks = suite(&[("s.toml", format!("{head}{HEAD}").as_bytes()), ("sub/base.toml", base.as_bytes())], false)
        .unwrap_or_else(|fault| panic!("{fault}"));
    let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["base", "a"]);
    assert_eq!(checks[1].flags, ["--cacert=sub/ca.pem", "--tls=none"]);
    let error = checks[1].error_at(Some("tls"), "no").to_string();
    assert_eq!(error, "sub/base.toml:3:7: no");
    let wrong = suite(&[("s.toml", head.as_bytes()), ("sub/base.toml", b"[defaults]\nx = 1\n")], false);
    assert!(wrong.expect_err("unknown").starts_with("sub/base.toml:2:1: "));
}

#[test]
fn errors_have_the_position_of_their_key_or_of_the_check() {
    let checks = one(&format!("{HEAD}tls = \"x\"\ntls-min = \"9\"\n")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(checks[0].error_at(Some("tls-min"), "no").to_string(), "s.toml:5:11: no");
    assert_eq!(checks[0].error_at(Some("target"), "no").to_string(), "s.toml:3:10: no");
    assert_eq!(checks[0].error_at(Some("nonsense"), "no").to_string(), "s.toml:1:1: no");
    assert_eq!(checks[0].error_at(None, "no").to_string(), "s.toml:1:1: no");
}

#[test]
fn the_published_schema_of_suites_is_generated_from_the_keys() {
    let shape = |shape: KeyShape| match shape {
        KeyShape::Text => json!({"type": "string"}),
        KeyShape::Number => json!({"type": "integer"}),
        KeyShape::NumberOrText => json!({"type": ["number", "string"]}),
        KeyShape::Switch => json!({"type": "boolean"}),
        KeyShape::SwitchOrText => json!({"type": ["boolean", "string"]}),
        KeyShape::List => json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    };
    let properties = |is_default: bool| -> Value {
        let keys = KEYS.iter().filter(|key| !is_default || key.scope != Scope::Check);
        keys.map(|key| {
            let mut schema = shape(key.shape);
            schema["description"] = key.about.into();
            (key.name.to_owned(), schema)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
    };
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Suite",
        "description": "Checks of smtpcheck run.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "include": {"description": "files whose defaults and checks are inserted before those of this file", "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "defaults": {"type": "object", "additionalProperties": false, "properties": properties(true)},
            "check": {"type": "array", "maxItems": MOST_CHECKS, "items": {
                "type": "object", "additionalProperties": false, "properties": properties(false), "required": ["name"]
            }},
        },
    });
    let json = serde_json::to_string_pretty(&schema).expect("a schema is serialisable") + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write("schema/suite.json", &json).expect("the schema can be written");
    }
    assert!(json == SCHEMA, "schema/suite.json is stale: run UPDATE_SCHEMA=1 cargo test --lib schema");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_cause_a_panic(bytes in any::<Vec<u8>>()) {
        let _ = suite(&[("s.toml", &bytes)], false);
    }

    #[test]
    fn arbitrary_suites_never_cause_a_panic(text in "(\\[\\[?(check|defaults)\\]?\\]\n|[a-z-]{1,8} = (\"[a-z${}:-]{0,8}\"|[0-9]{1,3}|true|\\[\"a\", 5?\\])\n){0,8}") {
        let _ = one(&text);
    }
}
