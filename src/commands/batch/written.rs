//! The values that a line sets for its target, and the expectations of its check.

use clap::ValueEnum;

use crate::cli::UsageError;
use crate::cli::commands::check::CheckArgs;
use crate::cli::flags::connection;
use crate::cli::flags::tls::server_name;
use crate::expect::Expectation;
use crate::plan::{Plan, Retry, SourceInterface, TlsMode, ValueOrigin};
use crate::report::batch::WrittenTarget;
use crate::wire::{ForwardPath, ReversePath};

/// The expectations and the retries of a check. Fails if an expectation cannot be evaluated.
pub(super) fn expectations(args: &CheckArgs, plan: &Plan) -> Result<(Vec<Expectation>, Retry), UsageError> {
    let mut expectations = Vec::with_capacity(args.expect.expect.len());
    for expression in &args.expect.expect {
        expression.fits(plan)?;
        expectations.push(Expectation { expression: expression.clone(), place: None });
    }
    Ok((expectations, args.expect.retry()))
}

/// Builds a plan with the values that a line sets. They take precedence over the flags.
pub(super) fn with_written(
    args: &CheckArgs,
    written: &WrittenTarget,
    make: impl FnOnce(&CheckArgs) -> Result<Plan, UsageError>,
) -> Result<Plan, UsageError> {
    if *written == WrittenTarget::default() {
        return make(args);
    }
    let WrittenTarget { from, to, tls, sni, interface: given } = written;
    let mut args = args.clone();
    let mut is_set = |key: &str| {
        args.from_file.insert(key.to_owned(), ValueOrigin::Flag);
    };
    if let Some(text) = from {
        let path = ReversePath::parse(text);
        args.envelope.from = Some(path.map_err(|error| UsageError::new(error.to_string()).about("from", text))?);
        is_set("from");
    }
    if !to.is_empty() {
        let path = |text: &String| {
            ForwardPath::parse(text).map_err(|error| UsageError::new(error.to_string()).about("to", text))
        };
        args.envelope.to = to.iter().map(path).collect::<Result<_, _>>()?;
        is_set("to");
    }
    if let Some(text) = tls {
        let mode = TlsMode::from_str(text, true);
        args.tls.tls = mode.map_err(|_| {
            let error = UsageError::new("not a TLS mode").about("tls", text);
            error.with_hint("use auto, starttls, implicit or none")
        })?;
        is_set("tls");
    }
    if let Some(text) = sni {
        args.trust.sni = Some(server_name(text).map_err(|error| UsageError::from(error).about("sni", text))?);
        is_set("sni");
    }
    if let Some(text) = given {
        args.connection.interface = vec![interface(text)?];
        is_set("interface");
    }
    make(&args)
}

/// Sets the interface of a plan that was made without the values of a line.
pub(super) fn set_interface(plan: &mut Plan, text: &str) -> Result<(), UsageError> {
    plan.source.interface = Some(interface(text)?);
    plan.origins.insert("interface".to_owned(), ValueOrigin::Flag);
    Ok(())
}

/// The interfaces of a line, each in one spelling. Fails if two of them are the same.
pub(super) fn different_interfaces(texts: &[String]) -> Result<Vec<String>, UsageError> {
    let all = texts.iter().map(|text| interface(text)).collect::<Result<Vec<_>, _>>()?;
    match connection::given_twice(&all) {
        Some(twice) => Err(UsageError::new("given twice").about("interface", twice.to_string())),
        None => Ok(all.iter().map(ToString::to_string).collect()),
    }
}

fn interface(text: &str) -> Result<SourceInterface, UsageError> {
    connection::interface(text).map_err(|error| UsageError::from(error).about("interface", text))
}
