//! The meanings of servers' replies, as data: reply codes, enhanced status codes, phrases of providers and software,
//! EHLO extensions, SASL mechanisms, providers, greetings, cloud providers and blocklists. The module consists of TOML
//! files (`data/`), one Rust file to search each table, and [`read`], which finds the best interpretation of a reply.
//!
//! The sentences about codes are only in the TOML files. The build script (`build/lexicon`) checks these files and
//! compiles them to tables of constants, so the program parses and constructs nothing before the first search. Each
//! Rust file includes its table from the build script's output folder.
//!
//! Each entry has an example that must match and one that must not match, and the tests verify both. The tables contain
//! no examples: the tests read them from the TOML files, with the same code as the build script.
//!
//! Read next: [`cause`] (the closed lists), [`phrases`] (how text is matched), [`read`] (the order of precedence).

pub(crate) mod blocklists;
pub(crate) mod cause;
mod classifier;
pub(crate) mod clouds;
mod context;
mod echo;
#[cfg(test)]
#[path = "../../build/lexicon/entries.rs"]
#[allow(dead_code, reason = "the build script uses the rest")]
mod entries;
mod grams;
mod hints;
pub(crate) mod identifiers;
pub(crate) mod keywords;
mod literals;
mod meaning;
pub(crate) mod mechanisms;
mod normal;
pub(crate) mod phrases;
mod pool;
pub(crate) mod program_errors;
pub(crate) mod programs;
pub mod providers;
mod read;
mod sender;
pub(crate) mod software;
mod spelling;
pub(crate) mod tables;
pub(crate) mod tls_alerts;
#[cfg(test)]
#[path = "../../build/lexicon/classifier.rs"]
#[allow(clippy::indexing_slicing, reason = "a panic stops the test")]
mod training;
pub(crate) mod vocabulary;
mod wording;

pub use cause::{Category, Cause};
pub use context::{Context, ReplyPhase};
pub(crate) use meaning::domain_of;
pub use meaning::{Confidence, Fix, FixWhen};
pub use normal::normal;
pub use pool::{FixRow, List, ListedRow, Text};
pub use read::{Basis, Reading, by_class, by_code_at, read};

/// The data files, with the examples that are not in the tables.
#[cfg(test)]
fn entries() -> &'static entries::Entries {
    static ENTRIES: std::sync::LazyLock<entries::Entries> = std::sync::LazyLock::new(|| {
        let package = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        entries::Entries::read(package).unwrap_or_else(|problems| unreachable!("{}", problems.join("\n")))
    });
    &ENTRIES
}
