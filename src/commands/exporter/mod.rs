//! `smtpcheck exporter`: reads the configuration, listens, and serves requests until a signal arrives. An error in the
//! flags, in the configuration or in a file that they name ends the program before it listens.

mod modules;

use std::rc::Rc;

use super::stdout::print;
use super::{CommandError, secrets};
use crate::cli::UsageError;
use crate::cli::commands::exporter::ExporterArgs;
use crate::exporter::{Exporter, ExporterError};
use crate::run::Engine;

use modules::Modules;

impl From<ExporterError> for CommandError {
    fn from(error: ExporterError) -> CommandError {
        match error {
            ExporterError::Listen { address, error } => {
                UsageError::flag("--listen", error.to_string()).with_value(address.to_string()).into()
            }
            ExporterError::WebConfig(_) => CommandError::usage(error.to_string()),
            ExporterError::Setup(error) => error.into(),
        }
    }
}

pub(super) fn run(args: &ExporterArgs) -> Result<u8, CommandError> {
    let modules = Modules::read(args)?;
    let exporter = Exporter::new(args.request()?)?;
    modules.warn();
    if args.check_config {
        Exporter::prepare(Engine::new()?, &modules)?;
        return print("the configuration is valid\n");
    }
    if let Some(warning) = exporter.warning() {
        secrets::warn(&warning);
    }
    let mut engine = Engine::new()?;
    engine.use_proxies(modules.proxies());
    exporter.run(engine, Box::new(modules), Rc::new(secrets::write_note))?;
    Ok(0)
}
