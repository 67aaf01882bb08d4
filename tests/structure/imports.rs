//! Which modules import which: the import table between modules, and no cycles between the files of a module.

use std::collections::{BTreeMap, BTreeSet};

use super::TABLE;
use super::source::{ModulePath, circles, dependencies, modules};

#[test]
fn modules_import_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let mut wrong = BTreeSet::new();
    for file in modules() {
        // A file of the library's root: `lib.rs` and `main.rs` may use everything.
        let Some(module) = file.module.first().filter(|module| *module != "main") else { continue };
        let Some(allowed) = table.get(module.as_str()) else {
            wrong.insert(format!("{}: the module {module} is not in the table", file.path.display()));
            continue;
        };
        for used in file.imports.iter().filter_map(|import| import.path.first()) {
            let is_module = table.contains_key(used.as_str());
            if is_module && used != module && used != "secret" && !allowed.contains(&used.as_str()) {
                wrong.insert(format!("{}: {module} may not use {used}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn files_do_not_depend_on_each_other_in_a_cycle() {
    let edges = dependencies(&modules());
    let wrong: Vec<String> = circles(&edges)
        .iter()
        .flat_map(|group| {
            let inside =
                |from: &ModulePath| edges[from].iter().filter(|to| group.contains(to)).cloned().collect::<Vec<_>>();
            let arrows = |from: &ModulePath| {
                inside(from)
                    .into_iter()
                    .map(|to| format!("{} -> {}", from.join("::"), to.join("::")))
                    .collect::<Vec<_>>()
            };
            group.iter().flat_map(arrows).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "imports that are part of a cycle:\n{}", wrong.join("\n"));
}
