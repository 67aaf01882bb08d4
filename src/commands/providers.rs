//! `smtpcheck providers [NAME]`: what is known of providers, offline.

use super::{CommandError, outlet, print};
use crate::cli::args::ProvidersArgs;
use crate::cli::display;
use crate::lexicon::providers::{self, Provider};
use crate::render::providers as rendering;

pub(super) fn run(args: &ProvidersArgs) -> Result<u8, CommandError> {
    let look = display::plain(&args.look, &outlet())?;
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
    let hint = match near.as_slice() {
        [] => ";".to_owned(),
        near => format!("; did you mean {}?", near.join(" or ")),
    };
    Err(CommandError::usage(format!(
        "no provider is known as {}{hint} smtpcheck providers lists all of them",
        name.escape_debug()
    )))
}
