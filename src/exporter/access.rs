//! Decides whether a request has access: HTTP basic authentication (RFC 7617) with bcrypt hashes.
//!
//! A comparison of hashes takes about 90 ms of CPU time. Therefore:
//! 1. The result of each comparison is remembered, under a hash of the name, the password and the stored hash.
//! 2. Comparisons run on another thread, one at a time, and only a few requests can wait for a comparison.
//! 3. An unknown user also causes one comparison, so that the time does not show which users exist.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The number of results that are remembered. Correct and wrong passwords have separate limits, so that wrong ones do
/// not displace correct ones.
const REMEMBERED: usize = 128;

/// The number of requests that may wait for a comparison.
const WAITING: usize = 32;

/// Whether a request has access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccessDecision {
    /// Yes.
    Granted,
    /// The user name or the password is missing or wrong.
    Denied,
    /// Too many requests wait for the comparison of their password.
    Busy,
}

/// Compares passwords.
#[derive(Debug)]
pub(super) struct PasswordCheck {
    right: RefCell<HashMap<[u8; 32], ()>>,
    wrong: RefCell<HashMap<[u8; 32], ()>>,
    /// The permit for the one comparison that can run at a time.
    turn: Semaphore,
    /// The permits for the requests that wait.
    queue: Semaphore,
}

impl PasswordCheck {
    pub(super) fn new() -> PasswordCheck {
        PasswordCheck {
            right: RefCell::default(),
            wrong: RefCell::default(),
            turn: Semaphore::new(1),
            queue: Semaphore::new(WAITING),
        }
    }

    /// Decides whether the Authorization header grants access. `users` are the hashes by user name.
    pub(super) async fn access(
        &self,
        users: &BTreeMap<String, String>,
        authorization: Option<&[u8]>,
    ) -> AccessDecision {
        // Without users, no password is needed.
        let Some(any) = users.values().next() else { return AccessDecision::Granted };
        let Some((name, password)) = authorization.and_then(credentials) else { return AccessDecision::Denied };
        let known = users.get(&name);
        // The comparison with the hash of another user takes the same time.
        let hash = known.unwrap_or(any).clone();
        let key = key(&name, &hash, &password);
        if self.right.borrow().contains_key(&key) {
            return if known.is_some() { AccessDecision::Granted } else { AccessDecision::Denied };
        }
        if self.wrong.borrow().contains_key(&key) {
            return AccessDecision::Denied;
        }
        let Ok(_place) = self.queue.try_acquire() else { return AccessDecision::Busy };
        let Ok(_turn) = self.turn.acquire().await else { return AccessDecision::Busy };
        let compared = tokio::task::spawn_blocking(move || bcrypt::verify(password.as_slice(), &hash).unwrap_or(false));
        let is_right = compared.await.unwrap_or(false) && known.is_some();
        let remembered = if is_right { &self.right } else { &self.wrong };
        let mut remembered = remembered.borrow_mut();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, ());
        if is_right { AccessDecision::Granted } else { AccessDecision::Denied }
    }
}

/// The user name and the password in the header (RFC 7617 §2).
fn credentials(header: &[u8]) -> Option<(String, Zeroizing<Vec<u8>>)> {
    let text = std::str::from_utf8(header).ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let name = String::from_utf8(decoded.get(..colon)?.to_vec()).ok()?;
    Some((name, Zeroizing::new(decoded.get(colon + 1..)?.to_vec())))
}

/// The hash that is remembered instead of a password. The lengths separate the parts.
fn key(name: &str, hash: &str, password: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [name.as_bytes(), hash.as_bytes(), password] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{AccessDecision, PasswordCheck, credentials};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use std::collections::BTreeMap;

    /// The lowest cost, so that the tests are fast.
    fn users() -> BTreeMap<String, String> {
        BTreeMap::from([("alice".to_owned(), bcrypt::hash("right", 4).expect("a hash"))])
    }

    fn header(pair: &str) -> Vec<u8> {
        format!("Basic {}", STANDARD.encode(pair)).into_bytes()
    }

    async fn decide(check: &PasswordCheck, pair: &str) -> AccessDecision {
        check.access(&users(), Some(&header(pair))).await
    }

    #[tokio::test]
    async fn only_a_known_user_with_the_right_password_has_access() {
        let check = PasswordCheck::new();
        for (pair, access) in [
            ("alice:right", AccessDecision::Granted),
            ("alice:wrong", AccessDecision::Denied),
            ("alice:", AccessDecision::Denied),
            ("bob:right", AccessDecision::Denied),
            (":right", AccessDecision::Denied),
            ("alice", AccessDecision::Denied),
        ] {
            // The second decision comes from the cache.
            assert_eq!(decide(&check, pair).await, access, "{pair}");
            assert_eq!(decide(&check, pair).await, access, "{pair}");
        }
        assert_eq!(check.access(&users(), None).await, AccessDecision::Denied);
        assert_eq!(check.access(&users(), Some(b"Bearer x")).await, AccessDecision::Denied);
        assert_eq!(check.access(&BTreeMap::new(), None).await, AccessDecision::Granted);
    }

    #[tokio::test]
    async fn an_unknown_user_costs_a_comparison_and_the_number_of_results_is_limited() {
        let check = PasswordCheck::new();
        let users = users();
        check.access(&users, Some(&header("bob:right"))).await;
        assert_eq!(check.wrong.borrow().len(), 1);
        for number in 0..super::REMEMBERED + 10 {
            check.wrong.borrow_mut().insert(super::key("x", "y", &number.to_be_bytes()), ());
        }
        check.access(&users, Some(&header("bob:other"))).await;
        assert!(check.wrong.borrow().len() <= super::REMEMBERED);
    }

    #[tokio::test]
    async fn few_requests_wait_for_a_comparison() {
        let check = PasswordCheck::new();
        let _all = check.queue.acquire_many(u32::try_from(super::WAITING).expect("few")).await.expect("open");
        assert_eq!(decide(&check, "alice:right").await, AccessDecision::Busy);
    }

    #[test]
    fn a_password_may_contain_a_colon() {
        let (name, password) = credentials(&header("a:b:c")).expect("credentials");
        assert_eq!((name.as_str(), password.as_slice()), ("a", b"b:c".as_slice()));
        assert!(credentials(b"Basic !!").is_none());
        assert!(credentials(b"Basic").is_none());
    }
}
