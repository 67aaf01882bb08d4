//! Compiles the data files of the lexicon (`src/lexicon/data/*.toml`) into Rust tables, so that the program parses
//! nothing when it starts. An invalid word in the data stops the build with a message that contains the file and line.
//!
//! 1. `entries.rs` reads the files; it is the list of all keys.
//! 2. `check.rs` compares the entries with each other: ids, references, literals.
//! 3. `rows.rs` writes a Rust file for each file in `src/lexicon` that includes a table. `literals.rs` writes the index
//!    of the literals, `greetings.rs` the literals in expressions, and `pool.rs` the string that contains all others.
//! 4. `classifier.rs` learns the weights of the classifier from the labelled replies.
//!
//! The words of closed lists and the normal form of text come from files in `src/lexicon` that are also modules here.
//! The tables contain no examples: tests read them from the data files.

#[path = "../../src/lexicon/cause.rs"]
#[allow(dead_code, reason = "the program uses the rest")]
mod cause;
mod check;
#[allow(dead_code, reason = "the tests of the program use the rest")]
mod classifier;
#[path = "../../src/lexicon/context.rs"]
#[allow(dead_code, reason = "the program uses the rest")]
mod context;
#[allow(dead_code, reason = "the tests of the program use the rest")]
mod entries;
#[path = "../../src/lexicon/grams.rs"]
mod grams;
mod greetings;
mod literals;
#[path = "../../src/lexicon/meaning.rs"]
#[allow(dead_code, reason = "the program uses the rest")]
mod meaning;
#[path = "../../src/lexicon/normal.rs"]
mod normal;
mod pool;
mod rows;
#[path = "../../src/lexicon/spelling.rs"]
mod spelling;
#[path = "../../src/lexicon/wording.rs"]
mod wording;

use std::collections::BTreeSet;
use std::path::Path;

use self::context::ReplyPhase;
use self::entries::Entries;

/// The folder of the data files, relative to the package.
pub(super) const FOLDER: &str = entries::FOLDER;

/// The folder of the labelled replies.
pub(super) const CORPUS: &str = classifier::CORPUS;

/// Writes the tables to a folder. Fails with messages about wrong entries.
pub(super) fn compile(package: &Path, output: &Path) -> Result<(), Vec<String>> {
    let entries = Entries::read(package)?;
    let problems = check::problems(&entries);
    if !problems.is_empty() {
        return Err(problems);
    }
    let examples = classifier::examples(package, &entries)?;
    let model = classifier::train(&examples.iter().collect::<Vec<_>>());
    let mut pool = pool::Pool::default();
    let mut files = rows::sources(&entries, &mut pool);
    files.push(("pool.txt", pool.content().to_owned()));
    files.push(("scale.rs", format!("const SCALE: f32 = {:?};\n", model.scale)));
    let write = || {
        std::fs::create_dir_all(output)?;
        files.iter().try_for_each(|(name, content)| std::fs::write(output.join(name), content))?;
        std::fs::write(output.join("classifier.bin"), &model.weights)
    };
    write().map_err(|error| vec![format!("{}: {error}", output.display())])
}

/// The words in the literals and examples of the phrases, in lower case, sorted.
fn words(entries: &Entries) -> BTreeSet<String> {
    let literals = entries.phrases().flat_map(|entry| [&entry.all, &entry.any, &entry.none]).flatten();
    let examples = entries.phrases().flat_map(|entry| entry.matches.iter().chain(&entry.differs));
    let texts = literals.map(|literal| literal.get_ref()).chain(examples);
    texts.flat_map(|text| text.split(|one: char| !one.is_alphabetic())).map(str::to_lowercase).collect()
}
