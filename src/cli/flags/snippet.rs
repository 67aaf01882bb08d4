//! The flag that selects a mail program whose configuration is printed.

use std::fmt;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::InvalidValue;
use crate::snippets::{self, PROGRAMS, Program};

const HEADING: &str = "Output";
/// The value that lists the programs.
const LIST: &str = "list";

/// The flag `--for`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct SnippetArgs {
    /// If the check succeeds, print a configuration for this mail program, with the verified settings; the session and
    /// the diagnosis are written to standard error; "--for list" lists the programs
    #[arg(long = "for", id = "for", value_name = "PROGRAM", value_parser = programs(), hide_possible_values = true, help_heading = HEADING, conflicts_with_all = ["json", "format"])]
    pub program: Option<SnippetChoice>,
}

/// A value of `--for`.
#[derive(Clone, Copy)]
pub enum SnippetChoice {
    /// The list of programs.
    List,
    /// A program.
    Program(&'static Program),
}

impl fmt::Debug for SnippetChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SnippetChoice::List => LIST,
            SnippetChoice::Program(program) => program.id,
        })
    }
}

fn programs() -> impl TypedValueParser<Value = SnippetChoice> {
    let value = |program: &'static Program| PossibleValue::new(program.id).help(program.name).aliases(program.aliases);
    let list = PossibleValue::new(LIST).help("the list of programs");
    let values = std::iter::once(list).chain(PROGRAMS.iter().map(value));
    PossibleValuesParser::new(values.collect::<Vec<_>>()).try_map(|word| choice(&word))
}

fn choice(word: &str) -> Result<SnippetChoice, InvalidValue> {
    match snippets::find(word) {
        Some(program) => Ok(SnippetChoice::Program(program)),
        None if word.trim().eq_ignore_ascii_case(LIST) => Ok(SnippetChoice::List),
        None => Err(InvalidValue::new("unknown program", "--for list lists the programs")),
    }
}
