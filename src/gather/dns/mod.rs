//! Answers questions about DNS records.

use std::rc::Rc;

use super::context::GatherContext;
use crate::evidence::{DnsFaultKind, Fault, Outcome};
use crate::question::RecordsRequest;

/// Looks up the records of a name.
pub(super) async fn look_up(_context: &Rc<GatherContext>, _request: &RecordsRequest) -> Outcome {
    Outcome::Failed { fault: Fault::Dns { kind: DnsFaultKind::NoResolver, detail: String::new() } }
}
