//! The resources that all checks of a run share.

use crate::gather::{Gatherer, SharedFiles};
use crate::host::SetupError;
use crate::host::signals::Interruption;
use crate::plan::Plan;
use crate::sasl::Credentials;

/// The certificate files that were read, and the handle for signals.
pub(super) struct Resources {
    pub(super) files: SharedFiles,
    pub(super) interruption: Interruption,
}

impl Resources {
    pub(super) fn gatherer(&self, plan: &Plan, credentials: Option<Credentials>) -> Result<Gatherer, SetupError> {
        Gatherer::new(plan, credentials, &self.files, self.interruption.clone())
    }
}
