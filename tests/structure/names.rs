//! Names and sizes: each type name is defined once, function names describe what the function does, and no file is too
//! long.

use std::collections::BTreeMap;

use super::source::{files, is_tests, modules, root, without_tests};

/// Type names that are defined more than once, with the reason.
const SHARED_TYPES: &[(&str, &str)] = &[
    ("ShutdownSignals", "one definition for each kind of operating system"),
    ("Signals", "one definition for each kind of operating system"),
];

/// Words that do not describe what a function does.
const VAGUE: &[&str] = &[
    "done", "given", "handle", "hear", "heard", "helper", "look", "looks", "manage", "meant", "more", "odd", "one",
    "ours", "process", "said", "say", "says", "seen", "shown", "stands", "stuff", "talk", "talks", "tell", "tells",
    "thing", "told", "whole",
];

/// The maximum length of a file in lines, without its tests.
const MAX_LINES: usize = 600;

/// The definitions without indentation that begin with one of the words, each with its file.
fn definitions(words: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in modules() {
        let name = file.path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        for line in file.code.lines() {
            let mut rest = line;
            while let Some((first, more)) = rest.split_once(' ') {
                let is_visibility = first == "pub" || first.starts_with("pub(");
                if words.contains(&first) {
                    let end = more.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(more.len());
                    found.push((more[..end].to_owned(), name.clone()));
                    break;
                }
                if !is_visibility && !matches!(first, "async" | "const" | "unsafe") && !first.ends_with(')') {
                    break;
                }
                rest = more;
            }
        }
    }
    found
}

#[test]
fn no_type_name_is_defined_twice() {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, file) in definitions(&["struct", "enum", "trait", "type", "union"]) {
        all.entry(name).or_default().push(file);
    }
    let wrong: Vec<String> = all
        .iter()
        .filter(|(name, files)| files.len() > 1 && !SHARED_TYPES.iter().any(|(shared, _)| shared == name))
        .map(|(name, files)| format!("{name}: {}", files.join(", ")))
        .collect();
    assert!(wrong.is_empty(), "type names that are defined more than once:\n{}", wrong.join("\n"));
    for (name, reason) in SHARED_TYPES {
        assert!(all.get(*name).is_some_and(|files| files.len() > 1), "{name} is defined once: remove it ({reason})");
    }
}

#[test]
fn function_names_describe_what_the_function_does() {
    let functions = definitions(&["fn"]);
    let wrong: Vec<String> = functions
        .iter()
        .filter(|(name, _)| VAGUE.contains(&name.as_str()))
        .map(|(name, file)| format!("(\"{name}\", \"{file}\"),"))
        .collect();
    assert!(wrong.is_empty(), "function names that do not describe what the function does:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let mut wrong = Vec::new();
    for (path, text) in files("src").into_iter().chain(files("tests")) {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        let lines = without_tests(&text).lines().count();
        if lines > MAX_LINES && !is_tests(&path) {
            wrong.push(format!("{name}: {lines} lines"));
        }
    }
    assert!(wrong.is_empty(), "files with more than {MAX_LINES} lines:\n{}", wrong.join("\n"));
}
