//! The passwords for proxies. All checks of a run share them, because most checks use the same proxy.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::plan::{Plan, Proxy};
use crate::secret::Secret;

/// The passwords that are known, by proxy and user name. Copies of this value share them.
#[derive(Clone, Default)]
pub struct ProxyPasswords(Arc<Mutex<Vec<(Proxy, Secret)>>>);

impl ProxyPasswords {
    /// Adds the password for a proxy, or replaces it.
    pub fn learn(&self, proxy: Proxy, password: Secret) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(other, _)| *other != proxy);
        known.push((proxy, password));
    }

    /// Replaces these passwords with those of another value.
    pub fn replace(&self, other: ProxyPasswords) {
        let other = std::mem::take(&mut *other.0.lock().unwrap_or_else(PoisonError::into_inner));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = other;
    }

    /// Whether the password for a proxy is known.
    pub fn knows(&self, proxy: &Proxy) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|(known, _)| known == proxy)
    }

    /// A copy of the password for the proxy that a plan uses.
    pub(super) fn of(&self, plan: &Plan) -> Option<Secret> {
        let proxy = plan.used_proxy()?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(known, _)| known == proxy).map(|(_, password)| password.duplicate())
    }
}

impl fmt::Debug for ProxyPasswords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyPasswords")
    }
}
