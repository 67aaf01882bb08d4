//! The source files, their modules and the paths that they import.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A module path from the root of the crate, such as `["wire", "tls", "hello"]`.
pub type ModulePath = Vec<String>;

/// A source file without its tests and comments, and with empty strings.
pub struct SourceFile {
    pub path: PathBuf,
    pub module: ModulePath,
    pub code: String,
    pub imports: Vec<Import>,
    /// Child modules that are in their own files.
    children: Vec<String>,
}

/// A path that a file imports or uses.
pub struct Import {
    /// The path from the root of the crate.
    pub path: ModulePath,
    /// The name of the import in this file.
    name: String,
    /// Whether it is a `pub use`, so that other files can import it from this one.
    is_reexport: bool,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, with its content.
pub fn files(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    found
}

/// Whether a file contains only tests.
pub fn is_tests(path: &Path) -> bool {
    // `chains` makes certificate chains, and `world` is a DNS with servers, both for tests only.
    let is_helper = path.ends_with("chains.rs") || path.components().any(|part| part.as_os_str() == "world");
    path.ends_with("tests.rs") || is_helper
}

/// The part of a file before its tests, which are at the end.
pub fn without_tests(text: &str) -> &str {
    let starts = ["#[cfg(test)]\nmod tests", "#[cfg(test)]\n#[allow(", "#[cfg(all(test, unix))]\nmod tests"];
    let end = starts.iter().filter_map(|start| text.find(start)).min();
    &text[..end.unwrap_or(text.len())]
}

/// The files of the library and the program, without those that contain only tests.
pub fn modules() -> Vec<SourceFile> {
    let all = files("src").into_iter().filter(|(path, _)| !is_tests(path));
    let mut all: Vec<SourceFile> = all
        .map(|(path, text)| {
            let below = path.strip_prefix(root().join("src")).unwrap().with_extension("");
            let mut module: ModulePath =
                below.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            if module.last().is_some_and(|name| matches!(name.as_str(), "mod" | "lib")) {
                module.pop();
            }
            let code = blanked(without_tests(&text));
            let children = words_after(&code, "mod ").filter(|(_, rest)| rest.starts_with(';'));
            let children = children.map(|(name, _)| name.to_owned()).collect();
            SourceFile { path, module, imports: Vec::new(), code, children }
        })
        .collect();
    for file in &mut all {
        file.imports = imports(file);
    }
    all
}

/// The word after each occurrence of `start`, with the text that follows the word.
pub fn words_after<'a>(code: &'a str, start: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    code.match_indices(start).filter_map(move |(at, start)| {
        let is_separate = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &code[at + start.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        (is_separate && end > 0).then(|| rest.split_at(end))
    })
}

/// The text, with spaces instead of comments and instead of the contents of string and character literals.
fn blanked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')).and_then(|raw| {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            let is_separate = !code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            (is_separate && raw[hashes..].starts_with('"')).then_some((raw, hashes))
        });
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some((raw, hashes)) = raw {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = rest.len() - raw.len() + hashes + 1;
            start + rest[start..].find(&end).unwrap() + end.len()
        } else if c == '"' {
            let mut is_escaped = false;
            1 + rest[1..]
                .find(|c| {
                    let ends = c == '"' && !is_escaped;
                    is_escaped = c == '\\' && !is_escaped;
                    ends
                })
                .unwrap()
                + 1
        } else if let Some(length) = character(rest) {
            length
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        code.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    code
}

/// The length of a character literal, escaped or not. `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let quoted = text.strip_prefix('\'')?;
    let first = quoted.chars().next()?;
    let length = if first == '\\' { 2 + quoted.get(2..)?.find('\'')? } else { first.len_utf8() };
    quoted[length..].starts_with('\'').then_some(length + 2)
}

/// Every path of this crate that a file uses, in `use` and in expressions.
fn imports(file: &SourceFile) -> Vec<Import> {
    let mut found = Vec::new();
    let mut others = String::new();
    let mut rest = file.code.as_str();
    while let Some(at) = rest.match_indices("use ").map(|(at, _)| at).find(|at| {
        let before = rest[..*at].trim_end_matches(' ');
        before.is_empty() || before.ends_with(['\n', ';', '{', '}', ')', 'b'])
    }) {
        let before = &rest[..at];
        others.push_str(before);
        let end = at + rest[at..].find(';').unwrap();
        let is_reexport = before.trim_end().ends_with("pub") || before.trim_end().ends_with(')');
        let mut leaves = Vec::new();
        tree(&rest[at + 4..end], &[], &mut leaves);
        for (path, name) in leaves {
            found.extend(absolute(file, &path).map(|path| Import { path, name, is_reexport }));
        }
        rest = &rest[end..];
    }
    others.push_str(rest);
    let mut starts = vec!["crate::".to_owned(), "super::".to_owned(), "self::".to_owned()];
    starts.extend(file.children.iter().map(|child| format!("{child}::")));
    for start in starts {
        for (at, _) in others.match_indices(&start) {
            // A visibility, such as `pub(in crate::render)`, is not an import.
            let is_visibility = others[..at].ends_with("pub(in ");
            if is_visibility || others[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':')) {
                continue;
            }
            let end = others[at..].find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | ':'));
            let path: Vec<String> = others[at..end.map_or(others.len(), |end| at + end)]
                .split("::")
                .take_while(|part| !part.is_empty() && !part.contains(':'))
                .map(str::to_owned)
                .collect();
            found.extend(absolute(file, &path).map(|path| Import { path, name: String::new(), is_reexport: false }));
        }
    }
    found
}

/// The leaves of a `use` tree: `a::{b, c::{d as e}}` has the leaves `a::b` and `a::c::d`.
fn tree(text: &str, before: &[String], leaves: &mut Vec<(Vec<String>, String)>) {
    let text = text.trim();
    if let Some(open) = text.find('{') {
        let path: Vec<String> = before.iter().cloned().chain(parts(&text[..open])).collect();
        let inner = &text[open + 1..text.rfind('}').unwrap()];
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    tree(&inner[start..at], &path, leaves);
                    start = at + 1;
                }
                _ => {}
            }
        }
        tree(&inner[start..], &path, leaves);
    } else if !text.is_empty() {
        let (text, name) = text.split_once(" as ").map_or((text, None), |(text, name)| (text, Some(name.trim())));
        let mut path: Vec<String> = before.iter().cloned().chain(parts(text)).collect();
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        let name = name.map_or_else(|| path.last().cloned().unwrap_or_default(), str::to_owned);
        leaves.push((path, name));
    }
}

fn parts(text: &str) -> impl Iterator<Item = String> {
    text.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty())
}

/// The path from the root of the crate. `None` for a path of another crate.
fn absolute(file: &SourceFile, path: &[String]) -> Option<ModulePath> {
    let (first, rest) = path.split_first()?;
    let mut base = file.module.clone();
    let mut rest = rest;
    match first.as_str() {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            base.pop();
            while rest.first().is_some_and(|next| next == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        child if file.children.iter().any(|known| known == child) => base.push(child.to_owned()),
        _ => return None,
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

/// The files that each file depends on, by module. A re-exported name counts as a dependency on the file that defines
/// it.
pub fn dependencies(all: &[SourceFile]) -> BTreeMap<ModulePath, Vec<ModulePath>> {
    let by_module: BTreeMap<&ModulePath, &SourceFile> = all.iter().map(|file| (&file.module, file)).collect();
    let used = |file: &SourceFile, import: &Import| !import.is_reexport || uses(file, &import.name);
    all.iter()
        .map(|file| {
            let targets = file.imports.iter().filter(|import| used(file, import));
            let mut targets: Vec<ModulePath> =
                targets.filter_map(|import| defined_in(&import.path, &by_module, 0)).collect();
            targets.sort();
            targets.dedup();
            targets.retain(|target| *target != file.module);
            (file.module.clone(), targets)
        })
        .collect()
}

/// Whether the code of a file uses a name that it re-exports. A field or a child module of the same name does not
/// count.
fn uses(file: &SourceFile, name: &str) -> bool {
    let body: String = file.code.split_inclusive(';').filter(|part| !is_use(part)).collect();
    body.match_indices(name).any(|(at, name)| {
        let (before, after) = (&body[..at], &body[at + name.len()..]);
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let is_field = before.ends_with('.') || (after.starts_with(':') && !after.starts_with("::"));
        let is_child = before.ends_with("mod ") && after.starts_with(';');
        !before.ends_with(is_part) && !after.starts_with(is_part) && !is_field && !is_child
    })
}

fn is_use(statement: &str) -> bool {
    let last = statement.trim_start();
    last.starts_with("use ") || last.starts_with("pub") && last.contains(" use ")
}

/// The module of the file that defines the item of a path.
fn defined_in(path: &[String], files: &BTreeMap<&ModulePath, &SourceFile>, depth: usize) -> Option<ModulePath> {
    let length = (0..=path.len()).rev().find(|length| files.contains_key(&path[..*length].to_vec()))?;
    let module = path[..length].to_vec();
    let file = files[&module];
    let imported = path.get(length).and_then(|name| file.imports.iter().find(|import| import.name == *name));
    match imported {
        Some(import) if depth < 5 => defined_in(&import.path, files, depth + 1),
        _ => Some(module),
    }
}

/// Groups of modules whose dependencies form a cycle.
pub fn circles(edges: &BTreeMap<ModulePath, Vec<ModulePath>>) -> Vec<Vec<ModulePath>> {
    let reachable = |start: &ModulePath| {
        let mut seen = std::collections::BTreeSet::new();
        let mut next = vec![start.clone()];
        while let Some(module) = next.pop() {
            for target in edges.get(&module).into_iter().flatten() {
                if seen.insert(target.clone()) {
                    next.push(target.clone());
                }
            }
        }
        seen
    };
    let all: BTreeMap<&ModulePath, _> = edges.keys().map(|module| (module, reachable(module))).collect();
    let mut groups: Vec<Vec<ModulePath>> = Vec::new();
    for (module, reached) in &all {
        if reached.contains(*module) && !groups.iter().any(|group| group.contains(module)) {
            let back = |other: &&ModulePath| all.get(other).is_some_and(|reached| reached.contains(*module));
            groups.push(reached.iter().filter(back).cloned().collect());
        }
    }
    groups
}
