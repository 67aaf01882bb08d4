//! The resources that all checks of a run share.

use std::rc::Rc;

use super::proxies::ProxyPasswords;
use crate::gather::{CheckSecrets, Gatherer, LookupCache, SharedFiles, SharedLookups};
use crate::host::signals::Interruption;
use crate::host::{SetupError, descriptors};
use crate::plan::Plan;
use crate::sasl::Credentials;

/// The certificate files that were read, the resolvers, the passwords for proxies, and the handle for signals.
pub(super) struct Resources {
    pub(super) files: SharedFiles,
    /// The resolvers of a stream of checks.
    pub(super) lookups: SharedLookups,
    /// The passwords for proxies.
    pub(super) proxies: ProxyPasswords,
    pub(super) interruption: Interruption,
}

impl Resources {
    /// A gatherer for one check, if enough file descriptors are free.
    pub(super) fn gatherer(&self, plan: &Plan, credentials: Option<Credentials>) -> Result<Gatherer, SetupError> {
        descriptors::are_left()?;
        self.gatherer_with(plan, credentials, Rc::default())
    }

    /// A gatherer for one check of a stream. The names of the check have already been looked up. The caller limits the
    /// number of concurrent checks to the available file descriptors.
    pub(super) fn gatherer_with(
        &self,
        plan: &Plan,
        credentials: Option<Credentials>,
        names: Rc<LookupCache>,
    ) -> Result<Gatherer, SetupError> {
        let secrets = CheckSecrets { credentials, proxy_password: self.proxies.of(plan) };
        Gatherer::new(plan, secrets, &self.files, names, self.interruption.clone())
    }
}
