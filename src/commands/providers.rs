//! `smtpcheck providers [NAME]`: shows the known mail providers, whose data is part of the program.

use super::CommandError;
use super::stdout::{outlet, print};
use crate::cli::UsageError;
use crate::cli::commands::providers::ProvidersArgs;
use crate::lexicon::providers::{self, Provider};
use crate::render::providers as rendering;

pub(super) fn run(args: &ProvidersArgs) -> Result<u8, CommandError> {
    let look = args.look.display(&outlet());
    let chosen: Vec<&Provider> = match &args.name {
        None => providers::all().iter().collect(),
        Some(name) => named(name)?,
    };
    print(&match (args.json, &args.name, chosen.as_slice()) {
        (true, _, chosen) => rendering::json(chosen),
        (false, Some(_), [one]) => rendering::page(one, &look),
        (false, _, several) => rendering::list(several, &look),
    })
}

fn named(name: &str) -> Result<Vec<&'static Provider>, CommandError> {
    let name = name.trim();
    let found = if name.is_empty() { Vec::new() } else { providers::find(name) };
    if !found.is_empty() {
        return Ok(found);
    }
    let near: Vec<&str> = providers::nearest(name).into_iter().map(|provider| provider.id.as_str()).collect();
    let error = UsageError::new(format!("unknown provider {}", name.escape_debug()));
    Err(CommandError::Usage(match near.as_slice() {
        [] => error.with_hint("smtpcheck providers lists all providers"),
        near => error.with_hint(format!("did you mean {}? smtpcheck providers lists all providers", near.join(" or "))),
    }))
}
