//! Who imports whom: the import table between modules, and no circles between the files of a module.

use std::collections::{BTreeMap, BTreeSet};

use super::TABLE;
use super::source::{ModulePath, circles, dependencies, modules};

/// Modules whose files still depend on each other in circles. This list only shrinks.
const CIRCLES_STILL: &[&str] = &[];

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
fn files_do_not_depend_on_each_other_in_a_circle() {
    let edges = dependencies(&modules());
    let found = circles(&edges);
    let is_pending = |group: &Vec<ModulePath>| CIRCLES_STILL.contains(&group[0][0].as_str());
    let wrong: Vec<String> = found
        .iter()
        .filter(|group| !is_pending(group))
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
    assert!(wrong.is_empty(), "imports that are part of a circle:\n{}", wrong.join("\n"));
    for still in CIRCLES_STILL {
        assert!(
            found.iter().any(|group| group[0][0] == *still),
            "{still} has no circles: remove it from CIRCLES_STILL"
        );
    }
}
