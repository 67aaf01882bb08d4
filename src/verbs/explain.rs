//! `smtpcheck explain RULE...`: the pages of rules, offline.

use super::{Trouble, outlet, print};
use crate::check;
use crate::cli::args::ExplainArgs;
use crate::cli::look;
use crate::render::rule;

pub(super) fn run(args: &ExplainArgs) -> Result<u8, Trouble> {
    let look = look::plain(&args.look, &outlet())?;
    if args.list {
        return print(&rule::list(check::rules(), &look));
    }
    let mut text = String::new();
    for id in &args.what {
        match check::rule(id) {
            Some(found) => {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&rule::page(found, &look));
            }
            None => {
                return Err(Trouble::Usage(format!(
                    "there is no rule {}; smtpcheck explain --list shows them",
                    id.escape_debug()
                )));
            }
        }
    }
    print(&text)
}
