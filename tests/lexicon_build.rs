//! The part of the build script that compiles the lexicon's data (`build/lexicon`). Its unit tests also run here.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

#[path = "../build/lexicon/mod.rs"]
mod lexicon;

use std::path::Path;

/// The problems in the data after `change`, which receives the folder of the files.
fn problems_after(change: impl Fn(&Path)) -> Vec<String> {
    let package = tempfile::tempdir().unwrap();
    let data = package.path().join(lexicon::FOLDER);
    std::fs::create_dir_all(&data).unwrap();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(lexicon::FOLDER)).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, data.join(path.file_name().unwrap())).unwrap();
    }
    // Here, the classifier learns only from the phrases, which is sufficient and faster.
    std::fs::create_dir_all(package.path().join(lexicon::CORPUS)).unwrap();
    change(&data);
    lexicon::compile(package.path(), &package.path().join("output")).err().unwrap_or_default()
}

/// The problems after the entry `added` was appended to a file, with paths relative to the folder of the files.
fn problems_with(name: &str, added: &str) -> Vec<String> {
    let append = |data: &Path| {
        let path = data.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}\n{added}")).unwrap();
    };
    let found = problems_after(append);
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(lexicon::FOLDER).join(name)).unwrap();
    let lines = text.lines().count() + 1;
    let place = |line: usize| format!("{}/{name}:{}: ", lexicon::FOLDER, lines + line);
    // The lines of the added entry are counted from 1.
    let relative = |problem: String| {
        let line = (1..=added.lines().count()).find(|line| problem.starts_with(&place(*line)));
        line.map_or(problem.clone(), |line| format!("{line}: {}", &problem[place(line).len()..]))
    };
    found.into_iter().map(relative).collect()
}

const PHRASE: &str = r#"[[phrase]]
id = "new-phrase"
any = ["a new phrase"]
category = "syntax"
confidence = "certain"
means = "x."
fix = [{ text = "Do it" }]
source = "x"
matches = ["500 a new phrase"]
differs = ["500 x"]
"#;

#[test]
fn the_data_has_no_problems_and_neither_has_a_new_phrase() {
    assert_eq!(problems_after(|_| {}), Vec::<String>::new());
    assert_eq!(problems_with("phrases-auth.toml", PHRASE), Vec::<String>::new());
}

#[test]
fn a_wrong_entry_is_named_with_its_line() {
    let cases = [
        ("source = \"x\"", "sources = \"x\"", "8: unknown field `sources`, expected one of `id`"),
        ("category = \"syntax\"", "category = \"sintax\"", "4: unknown variant `sintax`, expected one of"),
        ("text = \"Do it\"", "txt = \"Do it\"", "7: unknown field `txt`, expected one of `text`"),
        ("differs = [\"500 x\"]\n", "", "missing field `differs`"),
        ("new-phrase", "New Phrase", "2: the id \"New Phrase\" is not in kebab-case"),
        ("a new phrase\"]\nc", "A new phrase\"]\nc", "3: \"A new phrase\" is never found"),
        ("any =", "status = [\"x.1\"]\nany =", "3: \"x.1\" is not an enhanced status code"),
        ("any =", "provider = \"gmial\"\nany =", "3: there is no provider or software \"gmial\""),
        ("certain\"", "likely\"", "2: `else` is required unless the confidence is certain"),
        ("[{ text = \"Do it\" }]", "[]", "2: `fix` is empty"),
        ("\"syntax\"", "\"unknown-user\"\nphase = [\"ehlo\"]", "2: the category is impossible in all of the phases"),
    ];
    for (from, to, expected) in cases {
        assert!(PHRASE.contains(from), "{from}");
        let found = problems_with("phrases-auth.toml", &PHRASE.replacen(from, to, 1));
        assert!(found.len() == 1 && found[0].contains(expected), "{from} -> {to}: {found:?}");
    }
    let twice = format!("{PHRASE}\n{PHRASE}");
    assert_eq!(problems_with("phrases-auth.toml", &twice), ["13: the id \"new-phrase\" is used twice"]);
}

#[test]
fn the_problems_of_all_files_are_named_at_once() {
    let found = problems_after(|data| {
        std::fs::write(data.join("new.toml"), "x = 1").unwrap();
        std::fs::write(data.join("codes.toml"), "class = 1").unwrap();
        std::fs::remove_file(data.join("sender.toml")).unwrap();
    });
    let names: Vec<&str> = found.iter().map(|problem| problem.split([':', ' ']).next().unwrap()).collect();
    let expected = ["codes.toml", "sender.toml", "new.toml"].map(|name| format!("{}/{name}", lexicon::FOLDER));
    assert_eq!(names, expected, "{found:?}");
}
