//! `smtpcheck exporter`: reads the configuration, listens, and serves requests until a signal arrives. Every mistake in the
//! flags, the configuration and the files that they name ends the program before it listens.

mod modules;

use std::rc::Rc;
use std::time::Duration;

use super::stdout::print;
use super::{CommandError, secrets};
use crate::cli::UsageError;
use crate::cli::commands::exporter::ExporterArgs;
use crate::exporter::{Exporter, ExporterError, ProbePlanner};
use crate::plan::Retry;
use crate::run::{Engine, Job};

use modules::Modules;

impl From<ExporterError> for CommandError {
    fn from(error: ExporterError) -> CommandError {
        match &error {
            ExporterError::Listen { address, error } => {
                UsageError::flag("--listen", error.to_string()).with_value(address.to_string()).into()
            }
            ExporterError::WebConfig(_) => CommandError::usage(error.to_string()),
        }
    }
}

pub(super) fn run(args: &ExporterArgs) -> Result<u8, CommandError> {
    let request = args.request()?;
    let modules = Modules::read(args)?;
    let mut exporter = Exporter::new(request)?;
    let engine = Engine::new()?;
    for plan in modules.examples() {
        let job = Job { plan, secret: None, spent: Duration::ZERO, expectations: Vec::new(), retry: Retry::default() };
        engine.prepare(&job)?;
    }
    modules.warn();
    if args.check_config {
        return print("the configuration is valid\n");
    }
    let urls = exporter.listen()?;
    if let Some(warning) = exporter.warning() {
        secrets::warn(&warning);
    }
    for url in urls {
        secrets::write_note(&format!("listening on {url}"));
    }
    exporter.run(engine, Box::new(modules), Rc::new(secrets::write_note));
    Ok(0)
}
