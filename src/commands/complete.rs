//! `smtpcheck complete`: provides `cli::complete` with the lists of words, for the completion scripts. Errors are not
//! reported, because a message would disturb the user who is typing.

use std::path::Path;

use super::stdout::print;
use super::{CommandError, config};
use crate::cli::commands::complete::CompleteArgs;
use crate::cli::complete::{DescribedWord, WordList, candidates, lines};
use crate::lexicon::{ReplyPhase, providers};
use crate::report::fields::Field;
use crate::sandbox;

pub(super) fn run(args: &CompleteArgs) -> Result<u8, CommandError> {
    print(&lines(&candidates(args, &words)))
}

fn words(list: WordList) -> Vec<DescribedWord> {
    let described = |word: &str, meaning: &str| (word.to_owned(), meaning.to_owned());
    match list {
        WordList::Scenarios => sandbox::scenarios().map(|one| described(one.name, one.summary)).collect(),
        WordList::Providers => providers::all().iter().map(|one| described(&one.id, &one.name)).collect(),
        WordList::Profiles => config::profiles().iter().map(|name| described(name, "profile")).collect(),
        WordList::Checks => super::suite::names(Path::new("smtpcheck.toml")),
        WordList::ReportValues => Field::all().map(|field| described(field.name, field.about)).collect(),
        WordList::ReplyPhases => ReplyPhase::ALL.iter().map(|(name, _)| described(name, "")).collect(),
    }
}
