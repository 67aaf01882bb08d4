//! Contradictions between `--esmtp`, `--xclient`, `--xforward` and the rest of a plan. They are errors regardless of
//! where the values come from, because the check would otherwise not do what was requested.

use super::UsageError;
use crate::plan::{Esmtp, Plan, Protocol, QuitAfter, TlsMode};
use crate::wire::{ClientAttribute, ClientCommand, Command};

/// The maximum length of an XCLIENT or XFORWARD command line (Postfix's XCLIENT_README).
const MAX_LINE: usize = 512;

/// Reports the first contradiction.
pub(super) fn reject_contradictions(plan: &Plan) -> Result<(), UsageError> {
    if plan.esmtp == Esmtp::Never {
        without_extensions(plan)?;
    }
    for (command, attributes) in
        [(ClientCommand::Xclient, &plan.claims.xclient), (ClientCommand::Xforward, &plan.claims.xforward)]
    {
        if !attributes.is_empty() {
            one_command(plan, command, attributes)?;
        }
    }
    Ok(())
}

/// Without EHLO, the server advertises nothing.
fn without_extensions(plan: &Plan) -> Result<(), UsageError> {
    let needs_ehlo = [
        (plan.target.protocol == Protocol::Lmtp, "cannot be used with LMTP, whose first command is LHLO"),
        (plan.tls.mode == TlsMode::Starttls, "cannot be used with --tls starttls, because STARTTLS needs EHLO"),
        (plan.login.is_some(), "cannot be used with a login, because AUTH needs EHLO"),
        (!plan.claims.is_empty(), "cannot be used with --xclient or --xforward, which need EHLO"),
    ];
    match needs_ehlo.into_iter().find(|(is_needed, _)| *is_needed) {
        Some((_, reason)) => Err(UsageError::flag("--esmtp", reason).with_value("never").with_hint("omit one of them")),
        None => Ok(()),
    }
}

fn one_command(plan: &Plan, command: ClientCommand, attributes: &[ClientAttribute]) -> Result<(), UsageError> {
    let flag = format!("--{}", command.to_string().to_lowercase());
    if plan.quit_after < QuitAfter::Auth {
        let error = UsageError::flag(flag, format!("--quit-after ends the session before {command}"));
        return Err(error.with_hint("omit one of them, or use --quit-after auth"));
    }
    let is_repeated = |at: usize, name: &str| attributes.iter().take(at).any(|earlier| earlier.name == name);
    let twice = attributes.iter().enumerate().find(|(at, attribute)| is_repeated(*at, &attribute.name));
    if let Some((_, attribute)) = twice {
        let error = UsageError::flag(flag, format!("the attribute {} is given twice", attribute.name));
        return Err(error.with_hint("remove one of them"));
    }
    let length = Command::Client { command, attributes: attributes.to_vec() }.line().len();
    if length > MAX_LINE {
        let error = UsageError::flag(flag, format!("the command is {length} bytes long, and the limit is {MAX_LINE}"));
        return Err(error.with_hint("use shorter values or fewer attributes"));
    }
    Ok(())
}
