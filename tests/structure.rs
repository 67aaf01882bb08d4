//! The structure of the project: import directions, complete lists, unique ids, known citations, no output outside the
//! modules that are responsible for it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

#[path = "structure/imports.rs"]
mod imports;
#[path = "structure/names.rs"]
mod names;
#[path = "structure/source.rs"]
mod source;
#[path = "structure/words.rs"]
mod words;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use smtpcheck::cli::commands::{COMMANDS, CommandId};
use smtpcheck::{check, render, sasl};

use self::source::{files, root, without_tests};

/// The import table of `src/lib.rs`: each module and the modules that it may import. Every module may also import
/// `secret`.
const TABLE: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("secret", &[]),
    ("logging", &["render"]),
    ("lexicon", &["wire"]),
    ("sasl", &[]),
    ("plan", &["wire"]),
    ("question", &["plan", "wire"]),
    ("evidence", &["lexicon", "plan", "question", "sasl", "wire"]),
    ("dialogue", &["evidence", "plan", "question", "sasl", "wire"]),
    ("pkix", &["evidence"]),
    ("policy", &["evidence", "pkix", "wire"]),
    ("host", &["evidence", "inquiry", "plan"]),
    ("gather", &["dialogue", "evidence", "host", "inquiry", "pkix", "plan", "question", "sasl", "wire"]),
    ("check", &["evidence", "lexicon", "plan", "policy", "question", "sasl", "wire"]),
    ("inquiry", &["check", "evidence", "plan", "question"]),
    ("expect", &["check", "plan", "report", "source"]),
    ("explain", &["check", "lexicon", "wire"]),
    ("report", &["check", "evidence", "inquiry", "plan", "question", "snippets", "wire"]),
    ("run", &["evidence", "expect", "gather", "host", "inquiry", "plan", "question", "report", "sasl"]),
    ("watch", &["check", "evidence", "plan", "question", "report", "wire"]),
    ("snippets", &["source", "wire"]),
    ("source", &[]),
    ("suite", &["expect", "source"]),
    ("sandbox", &["sasl", "wire"]),
    (
        "render",
        &[
            "check", "evidence", "explain", "lexicon", "plan", "question", "report", "sandbox", "snippets", "watch",
            "wire",
        ],
    ),
    ("exporter", &["cli", "evidence", "expect", "host", "plan", "render", "report", "run", "source"]),
    ("cli", &["check", "expect", "host", "lexicon", "plan", "render", "report", "sasl", "snippets", "source", "wire"]),
    (
        "commands",
        &[
            "check", "cli", "evidence", "expect", "explain", "exporter", "gather", "host", "inquiry", "lexicon",
            "plan", "question", "render", "report", "run", "sandbox", "sasl", "snippets", "source", "suite", "watch",
            "wire",
        ],
    ),
];

/// Functions that open a file. Only `host/file.rs` may call them, with limits on size and time.
const OPENERS: &[&str] = &[
    "File::open",
    "File::create",
    "File::options",
    "OpenOptions",
    "fs::read(",
    "fs::read_to_string(",
    "fs::write(",
    "fs::copy(",
    "pem_file_iter",
    "from_pem_file",
    "load_native_certs",
    "builder_tokio",
    "read_system_conf",
    "Hosts::from",
];

/// Exceptions, and their reasons.
const OPENERS_ELSEWHERE: &[(&str, &str)] = &[
    // Systems whose trust store is not a file.
    ("src/gather/roots.rs", "load_native_certs"),
    // Systems whose resolver configuration is not a file.
    ("src/gather/names.rs", "read_system_conf"),
];

/// The current RFCs that may be cited.
const CURRENT: &[u32] = &[
    959, 1034, 1035, 1870, 1928, 1929, 1985, 2033, 2034, 2045, 2104, 2181, 2195, 2308, 2444, 2606, 2645, 2782, 2808,
    2852, 2920, 3030, 3163, 3207, 3279, 3461, 3463, 3596, 3820, 3865, 3885, 3886, 3977, 3986, 4033, 4034, 4035, 4055,
    4141, 4158, 4178, 4180, 4255, 4291, 4343, 4422, 4468, 4505, 4592, 4616, 4632, 4648, 4752, 4865, 4954, 4985, 5056,
    5155, 5248, 5280, 5321, 5322, 5469, 5480, 5737, 5746, 5758, 5782, 5801, 5802, 5890, 5891, 5929, 6052, 6066, 6068,
    6147, 6152, 6186, 6331, 6376, 6409, 6531, 6595, 6598, 6616, 6647, 6672, 6698, 6710, 6749, 6750, 6761, 6781, 6840,
    6891, 6895, 6960, 7055, 7208, 7293, 7301, 7366, 7372, 7435, 7465, 7468, 7504, 7505, 7507, 7519, 7568, 7617, 7627,
    7628, 7633, 7671, 7672, 7673, 7677, 7685, 7766, 7919, 8017, 8020, 8032, 8058, 8080, 8259, 8301, 8305, 8314, 8410,
    8422, 8446, 8460, 8461, 8463, 8617, 8624, 8659, 8689, 8996, 9110, 9112, 9149, 9155, 9266, 9276, 9293, 9325, 9364,
    9422, 9495, 9520, 9525, 9598, 9904, 9905, 9989, 9990, 9991,
];
/// The obsolete RFCs that may be cited, but only together with the word "historic" or "obsolete".
const OBSOLETE: &[u32] =
    &[821, 1845, 1846, 2222, 2487, 2554, 2821, 2831, 3464, 4013, 4346, 4405, 5077, 5246, 5336, 6101, 7489];

/// The data files of the lexicon. The same rule applies to their citations.
fn data() -> Vec<(PathBuf, String)> {
    let folder = root().join("src/lexicon/data");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap())).collect()
}

/// The module of a file: the first part of its path below `src`.
fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn the_map_in_lib_rs_matches_the_import_table() {
    let map = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for (module, allowed) in TABLE.iter().filter(|(module, _)| !matches!(*module, "secret" | "logging" | "commands")) {
        let words = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        let row = format!("//! | {module} | {words} |");
        assert!(map.contains(&row), "src/lib.rs does not contain the row: {row}");
    }
}

/// A file that no program lists would never run, because Cargo.toml turns off the search for test programs.
#[test]
fn every_file_of_tests_belongs_to_a_test_program() {
    let folder = root().join("tests");
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let lists = ["program.rs", "library.rs"].map(|name| std::fs::read_to_string(folder.join(name)).unwrap()).concat();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_program = manifest.contains(&format!("path = \"tests/{name}.rs\""));
        let is_listed = lists.lines().any(|line| line == format!("mod {name};"));
        assert!(path.is_dir() || is_program || is_listed, "tests/{name}.rs is in no test program");
    }
}

#[test]
fn network_and_terminal_libraries_are_used_only_in_their_modules() {
    for (path, text) in files("src") {
        let (module, code) = (module_of(&path), without_tests(&text));
        let names = |library: &str| {
            code.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && (line.contains(&format!("{library}::")) || line.starts_with(&format!("use {library}")))
            })
        };
        for library in ["tokio", "rustls", "hickory_resolver", "hyper", "webpki", "tokio_rustls"] {
            let is_async = matches!(module.as_str(), "host" | "run") && library == "tokio"
                || module == "exporter" && matches!(library, "tokio" | "rustls" | "hyper" | "tokio_rustls");
            assert!(
                module == "gather" || module == "sandbox" || is_async || !names(library),
                "{} names {library}",
                path.display()
            );
        }
        assert!(module == "render" || !names("anstyle"), "{} names anstyle", path.display());
    }
}

#[test]
fn files_that_belong_to_a_list_are_in_it() {
    let listed = |folder: &str, list: &str, known: Vec<String>| {
        for entry in std::fs::read_dir(root().join("src").join(folder)).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().trim_end_matches(".rs").to_owned();
            assert!(
                name == "mod" || known.contains(&name),
                "src/{folder}/{name}.rs is neither in {list} nor in the list of other files in tests/structure.rs"
            );
        }
    };
    let mut checks: Vec<String> = check::CHECKS.iter().map(|check| check.subject.to_owned()).collect();
    checks.extend(
        [
            "again",
            "domain",
            "elsewhere",
            "finding",
            "other_host",
            "peer",
            "place",
            "programs",
            "server",
            "service",
            "settings",
        ]
        .map(str::to_owned),
    );
    listed("check", "CHECKS", checks);
    // One file implements all SCRAM mechanisms, which differ only in their hashes.
    let file = |mechanism: &&sasl::Mechanism| {
        let name = mechanism.name.to_lowercase().replace('-', "_");
        if name.starts_with("scram_") { "scram".to_owned() } else { name }
    };
    let mut mechanisms: Vec<String> = sasl::MECHANISMS.iter().map(file).collect();
    mechanisms.extend(["checksums", "mechanism", "token"].map(str::to_owned));
    listed("sasl", "MECHANISMS", mechanisms);
    let mut formats: Vec<String> = render::FORMATS.iter().map(|format| format.name.replace('-', "_")).collect();
    // A command whose output has more than one line has a file of its own.
    formats.extend(COMMANDS.iter().map(|spec| spec.name.replace('-', "_")));
    let others = [
        "difference",
        "display",
        "escape",
        "exposition",
        "rule",
        "snippets",
        "style",
        "suite",
        "symbols",
        "table",
        "thresholds",
        "view",
        "write_out",
    ];
    formats.extend(others.map(str::to_owned));
    listed("render", "FORMATS or COMMANDS", formats);
}

/// The lines of a file's description.
fn description(text: &str) -> String {
    text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n")
}

/// The words between backticks that are paths of source files, without patterns and placeholders.
fn named_paths(text: &str) -> Vec<&str> {
    let is_path_character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.ends_with(".rs") && word.chars().all(is_path_character)).collect()
}

#[test]
fn files_that_descriptions_and_readme_md_name_exist() {
    let mut count = 0;
    for (path, text) in files("src") {
        let folder = path.parent().unwrap().to_path_buf();
        let folders = [root(), root().join("src"), root().join("tests"), folder, path.with_extension("")];
        for line in text.lines().filter(|line| line.trim_start().starts_with("//")) {
            for named in named_paths(line) {
                count += 1;
                let exists = folders.iter().any(|folder| folder.join(named).is_file());
                assert!(exists, "{} names {named}, which does not exist", path.display());
            }
        }
    }
    assert!(count > 30, "{count}");
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let named: Vec<&str> = readme.lines().filter(|line| line.starts_with('|')).flat_map(named_paths).collect();
    assert!(named.len() > 10, "{named:?}");
    for file in named {
        assert!(root().join(file).is_file(), "README.md names {file}, which does not exist");
    }
}

/// A new variant needs a branch in these files. The compiler reports one after the other, so the description of the
/// type lists all of them.
#[test]
fn descriptions_list_every_file_with_a_match_on_a_new_variant() {
    let sources: Vec<(PathBuf, String)> = files("src").into_iter().chain(files("tests")).collect();
    for (described_in, variants) in [
        ("src/question.rs", ["Question::Resolve", "Question::Machine"]),
        ("src/question.rs", ["Answer::Names", "Answer::Machine"]),
        ("src/cli/commands/spec.rs", ["CommandId::Man", "CommandId::Schema"]),
        ("src/cli/commands/spec.rs", ["Invocation::Man", "Invocation::Schema"]),
    ] {
        let listed = description(&std::fs::read_to_string(root().join(described_in)).unwrap());
        let mut count = 0;
        for (path, text) in &sources {
            let short = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            let is_concerned = variants.iter().all(|variant| text.contains(variant));
            if !is_concerned || short == described_in || short == "tests/structure.rs" {
                continue;
            }
            count += 1;
            let short = short.strip_prefix("src/").unwrap_or(&short);
            assert!(listed.contains(&format!("`{short}`")), "the description of {described_in} does not name {short}");
        }
        assert!(count > 0, "{variants:?}");
    }
}

#[test]
fn readme_md_names_every_command_and_format() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let section = |title: &str| {
        let start = readme.find(&format!("## {title}\n")).unwrap();
        let text = &readme[start + 3..];
        text[..text.find("\n## ").unwrap()].to_owned()
    };
    let formats = section("Formats");
    for spec in COMMANDS.iter().filter(|spec| !spec.is_hidden && spec.id != CommandId::Check) {
        assert!(readme.contains(&format!("smtpcheck {}", spec.name)), "README.md does not mention {}", spec.name);
    }
    for format in render::FORMATS {
        assert!(formats.contains(&format!("`{}`", format.name)), "\"Formats\" does not mention {}", format.name);
    }
}

#[test]
fn rules_have_unique_kebab_case_ids_and_complete_pages() {
    let mut seen = BTreeSet::new();
    for rule in check::rules() {
        let kebab = rule
            .id
            .split('-')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        assert!(kebab, "{} is not kebab-case", rule.id);
        assert!(seen.insert(rule.id), "{} is used twice", rule.id);
        let docs = &rule.docs;
        for (heading, text) in [
            ("sees", docs.sees),
            ("matters", docs.matters),
            ("action", docs.action),
            ("example", docs.example),
            ("references", docs.references),
        ] {
            assert!(text.len() > 10, "{}: {heading} is too short", rule.id);
        }
        assert!(
            !rule.title.ends_with('.') && rule.title.chars().next().is_some_and(char::is_lowercase),
            "{}",
            rule.title
        );
    }
    assert!(seen.len() > 30);
}

#[test]
fn each_file_of_checks_declares_exactly_the_rules_that_it_lists() {
    for check in check::CHECKS {
        let of = |path: &str| root().join(format!("src/check/{}{path}", check.subject));
        let files: Vec<PathBuf> = match std::fs::read_dir(of("/rules")) {
            Ok(folder) => folder.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => vec![if of(".rs").exists() { of(".rs") } else { of("/rules.rs") }],
        };
        let declared: usize =
            files.iter().map(|file| std::fs::read_to_string(file).unwrap().matches(": Rule = Rule {").count()).sum();
        assert_eq!(declared, check.rules.len(), "{}: the declared and the listed rules differ", check.subject);
    }
}

#[test]
fn every_cited_rfc_is_known() {
    let mut wrong = Vec::new();
    for (path, text) in files("src").into_iter().chain(data()) {
        for (at, line) in text.lines().enumerate() {
            for part in line.split("RFC ").skip(1) {
                let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
                let Ok(number) = digits.parse::<u32>() else { continue };
                let is_marked = OBSOLETE.contains(&number) && (text.contains("historic") || text.contains("obsolete"));
                if !CURRENT.contains(&number) && !is_marked {
                    wrong.push(format!("{}:{}: RFC {number}", path.display(), at + 1));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "unknown or obsolete RFCs (the latter need the word historic or obsolete): {}",
        wrong.join("\n")
    );
}

#[test]
fn only_the_intended_modules_print() {
    for (path, text) in files("src") {
        for macro_name in ["println!", "print!(", "eprintln!", "eprint!(", "dbg!"] {
            assert!(!without_tests(&text).contains(macro_name), "{} uses {macro_name}", path.display());
        }
    }
}

#[test]
fn every_file_begins_with_a_description() {
    for (path, text) in files("src") {
        assert!(text.starts_with("//!"), "{} has no header", path.display());
    }
}

#[test]
fn docs_rules_md_is_up_to_date() {
    let page = render::rule::markdown(
        check::CHECKS.iter().chain(check::domain::DOMAIN_CHECKS).chain(check::settings::SETTINGS_CHECKS).copied(),
    );
    let missing: Vec<&str> =
        check::rules().map(|rule| rule.id).filter(|id| !page.contains(&format!("\n### {id}\n"))).collect();
    assert!(missing.is_empty(), "docs/rules.md does not contain {missing:?}");
    let file = root().join("docs/rules.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    assert!(kept == page, "docs/rules.md is stale: run UPDATE_DOCS=1 cargo test --test structure");
}

/// Compares a generated page with its file.
fn assert_is_current(page: &str, text: &str) {
    let file = root().join(page);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    assert!(kept == text, "{page} is stale: run UPDATE_DOCS=1 cargo test --test structure");
}

#[test]
fn pages_about_mail_programs_and_other_tools_are_up_to_date_and_linked() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let tools = smtpcheck::cli::foreign::ForeignTool::PAGES.map(|(file, tool)| (file, tool.page()));
    for (file, text) in tools.into_iter().chain([("snippets.md", render::snippets::markdown())]) {
        assert_is_current(&format!("docs/{file}"), &text);
        assert!(readme.contains(&format!("docs/{file}")), "README.md does not link to docs/{file}");
    }
}

#[test]
fn man_pages_are_up_to_date() {
    use smtpcheck::cli::commands::{COMMANDS, man::ManArgs};
    use smtpcheck::cli::pages::manual;
    let mut pages = vec![("docs/man/smtpcheck.1".to_owned(), manual(&ManArgs { command: None }).unwrap())];
    for spec in COMMANDS.iter().filter(|spec| !spec.is_hidden) {
        let page = manual(&ManArgs { command: Some(spec.name.to_owned()) }).unwrap();
        pages.push((format!("docs/man/smtpcheck-{}.1", spec.name), page));
    }
    for folder in ["docs/man"] {
        std::fs::create_dir_all(root().join(folder)).unwrap();
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
            assert!(pages.iter().any(|(page, _)| *page == name), "{name} belongs to no command; delete it");
        }
    }
    for (page, text) in &pages {
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(root().join(page), text).unwrap();
        }
        let kept = std::fs::read_to_string(root().join(page)).unwrap_or_default().replace("\r\n", "\n");
        assert!(kept == *text, "{page} is stale: run UPDATE_DOCS=1 cargo test --test structure");
    }
}

/// The simple commands of a shell line, as words without quotes. Only the syntax that the documentation uses is
/// supported.
fn commands(line: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut word, mut quote) = (Vec::new(), Vec::new(), None::<String>, None::<char>);
    let mut letters = line.chars().peekable();
    while let Some(c) = letters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(letters.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, ' ') => words.extend(word.take()),
            // The word after < or > is a file.
            (None, '<' | '>') if letters.peek() != Some(&'(') => {
                words.extend(word.take().filter(|word| word != "2"));
                while letters.next_if(|c| matches!(c, ' ' | '>' | '&')).is_some() {}
                while letters.next_if(|c| !matches!(c, ' ' | ')' | ';' | '|')).is_some() {}
            }
            (None, '|' | '&' | ';' | '(' | ')' | '`' | '<' | '>') => {
                words.extend(word.take());
                all.push(std::mem::take(&mut words));
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    all.push(words);
    let before = |word: &String| {
        matches!(word.as_str(), "$" | "if" | "then" | "do" | "while" | "until" | "else" | "!" | "exec" | "time" | "-")
            || word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    all.into_iter().map(|words| words.into_iter().skip_while(before).collect()).collect()
}

/// Every smtpcheck command in a code block of the documentation, as words, with its position.
fn commands_in_pages() -> Vec<(String, Vec<String>)> {
    let mut pages = vec![root().join("README.md")];
    pages.extend(std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    let mut found = Vec::new();
    for page in pages.into_iter().filter(|page| page.is_file()) {
        let text = std::fs::read_to_string(&page).unwrap().replace("\\\n", " ");
        let is_code = page.extension().is_none_or(|ending| ending != "md");
        let mut fenced = is_code;
        for (at, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if fenced || line.starts_with("    ") {
                let all = commands(line.trim())
                    .into_iter()
                    .filter(|words| words.first().is_some_and(|word| word == "smtpcheck"));
                found.extend(all.map(|words| (format!("{}:{}", page.display(), at + 1), words)));
            }
        }
    }
    found
}

/// Whether this version accepts the arguments and the values of the flags.
fn is_accepted(words: &[String]) -> Result<(), String> {
    use smtpcheck::cli::{Invocation, config, parse_with, plan};
    let file = "[profile.relay]\ntarget = \"smtp.example.net:587\"\nuser = \"u\"\npassword-command = \"pass mail\"\n";
    let profile = words.iter().any(|word| word == "@relay" || word == "relay").then_some("relay");
    let settings = config::read(file, Path::new("config.toml"), profile, None).map_err(|error| error.to_string())?;
    let words = words.iter().skip(1).map(Into::into).collect();
    let invocation = parse_with(words, &settings).map_err(|error| error.to_string())?;
    if let Invocation::Check(args, matches) = &invocation {
        for target in &args.targets {
            plan::plan(args, matches, target, None).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

#[test]
fn every_command_in_the_documentation_is_accepted() {
    let all = commands_in_pages();
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|(place, words)| Some(format!("{place}: {}: {}", words.join(" "), is_accepted(words).err()?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all.len() > 15, "only {} commands were found", all.len());
    let words = commands("if ! FOO=1 smtpcheck 'a b' -q 2>&1 | grep x; then smtpcheck b > f # smtpcheck c");
    assert_eq!(words[0], ["smtpcheck", "a b", "-q"]);
    assert_eq!(words[2], ["smtpcheck", "b"]);
    assert!(is_accepted(&["smtpcheck", "h.example", "--tls", "ssl"].map(str::to_owned)).is_err());
    assert!(is_accepted(&["smtpcheck", "h.example", "--prot", "1"].map(str::to_owned)).is_err());
}

#[test]
fn only_the_file_module_opens_files() {
    let mut wrong = Vec::new();
    for (path, text) in files("src") {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        // Tests are at the end of a file, or in their own file.
        let is_test = name.ends_with("/tests.rs") || name.ends_with("/chains.rs");
        if name == "src/host/file.rs" || is_test {
            continue;
        }
        let code = without_tests(&text);
        for opener in OPENERS.iter().filter(|opener| !OPENERS_ELSEWHERE.contains(&(name.as_str(), **opener))) {
            for (number, line) in code.lines().enumerate() {
                if line.contains(opener) && !line.trim_start().starts_with("//") {
                    wrong.push(format!("{name}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "open files through host::file:\n{}", wrong.join("\n"));
}
