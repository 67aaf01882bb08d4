//! What changed while the watch ran: the certificate, the greeting, and so on, each with the time at which it was first
//! and last seen. A value that alternates with another, as behind a load balancer, is one change that occurred several
//! times.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The maximum number of changes that are kept. The oldest are dropped, but counted.
pub const MOST_CHANGES: usize = 100;

/// The maximum number of servers whose current values are kept, for all subjects.
const MOST_VALUES: usize = 512;

/// The maximum number of values per server that are recognised when they are seen again.
const MOST_KNOWN: usize = 64;

/// What can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChangeSubject {
    /// The certificate.
    Certificate,
    /// The greeting.
    Greeting,
    /// The server's name in its reply to EHLO.
    EhloName,
    /// The extensions.
    Extensions,
    /// The TLS version.
    TlsVersion,
    /// The IP addresses of the host.
    Addresses,
    /// The result of the check.
    Verdict,
}

impl ChangeSubject {
    /// The name in a list.
    pub fn name(self) -> &'static str {
        match self {
            ChangeSubject::Certificate => "certificate",
            ChangeSubject::Greeting => "greeting",
            ChangeSubject::EhloName => "EHLO name",
            ChangeSubject::Extensions => "extensions",
            ChangeSubject::TlsVersion => "TLS version",
            ChangeSubject::Addresses => "IP addresses",
            ChangeSubject::Verdict => "result",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WatchChange {
    /// What changed.
    pub subject: ChangeSubject,
    /// The server on which it changed.
    #[serde(flatten)]
    pub server: ChangedServer,
    /// The earlier value.
    pub from: String,
    /// The new value.
    pub to: String,
    /// When the new value was first seen.
    #[cfg_attr(test, schemars(with = "String"))]
    pub first: Timestamp,
    /// When this change last occurred.
    #[cfg_attr(test, schemars(with = "String"))]
    pub last: Timestamp,
    /// How often it occurred.
    pub times: u64,
}

/// The server on which a value changed, if it can be distinguished from others. Both fields are null if the value is
/// not about one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangedServer {
    /// The IP address.
    pub address: Option<IpAddr>,
    /// The host name in the greeting.
    pub greeting_host: Option<String>,
}

/// The changes of one target.
#[derive(Debug, Default)]
pub struct ChangeHistory {
    current: VecDeque<CurrentValue>,
    changes: Vec<WatchChange>,
    dropped: u64,
}

#[derive(Debug)]
struct CurrentValue {
    subject: ChangeSubject,
    server: ChangedServer,
    value: String,
    /// Hashes of all values that were seen.
    known: Vec<u64>,
}

impl ChangeHistory {
    /// Records a value. Returns the change if the value differs from the earlier one; `times` shows how often this
    /// change has occurred. Several servers behind one IP address can send their greetings in turn, so a greeting is a
    /// change only when it is seen for the first time.
    pub fn observe(
        &mut self,
        subject: ChangeSubject,
        server: ChangedServer,
        value: &str,
        at: Timestamp,
    ) -> Option<WatchChange> {
        let hash = hash_of(value);
        let known = self.current.iter_mut().find(|one| one.subject == subject && one.server == server);
        let Some(known) = known else {
            if self.current.len() == MOST_VALUES {
                self.current.pop_front();
            }
            let value = value.to_owned();
            self.current.push_back(CurrentValue { subject, server, value, known: vec![hash] });
            return None;
        };
        if known.value == value {
            return None;
        }
        let is_new = !known.known.contains(&hash);
        if is_new && known.known.len() < MOST_KNOWN {
            known.known.push(hash);
        }
        let old = std::mem::replace(&mut known.value, value.to_owned());
        if subject == ChangeSubject::Greeting && !is_new {
            return None;
        }
        let (from, to) = parts_that_differ(subject, old, value);
        let same = |change: &&mut WatchChange| {
            change.subject == subject && change.server == server && change.from == from && change.to == to
        };
        if let Some(change) = self.changes.iter_mut().find(same) {
            change.times += 1;
            change.last = at;
            return Some(change.clone());
        }
        let change = WatchChange { subject, server, from, to, first: at, last: at, times: 1 };
        if self.changes.len() == MOST_CHANGES
            && let Some((oldest, _)) = self.changes.iter().enumerate().min_by_key(|(_, change)| change.last)
        {
            self.changes.remove(oldest);
            self.dropped += 1;
        }
        self.changes.push(change.clone());
        Some(change)
    }

    /// The changes, in the order in which they first occurred.
    pub fn all(&self) -> &[WatchChange] {
        &self.changes
    }

    /// The number of changes that are no longer kept.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

fn hash_of(value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The values in the form that a change shows. For lists, only the elements that differ are shown.
fn parts_that_differ(subject: ChangeSubject, old: String, new: &str) -> (String, String) {
    if !matches!(subject, ChangeSubject::Extensions | ChangeSubject::Addresses) {
        return (old, new.to_owned());
    }
    let only = |of: &str, without: &str| {
        let without: Vec<&str> = without.split(", ").collect();
        let rest: Vec<&str> = of.split(", ").filter(|word| !word.is_empty() && !without.contains(word)).collect();
        if rest.is_empty() { "none".to_owned() } else { rest.join(", ") }
    };
    (only(&old, new), only(new, &old))
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{ChangeHistory, ChangeSubject, ChangedServer, MOST_CHANGES};

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    #[test]
    fn the_first_value_is_not_a_change_but_the_next_one_is() {
        let mut history = ChangeHistory::default();
        let subject = ChangeSubject::Certificate;
        assert_eq!(history.observe(subject, ChangedServer::default(), "a", at(0)), None);
        assert_eq!(history.observe(subject, ChangedServer::default(), "a", at(1)), None);
        let change = history.observe(subject, ChangedServer::default(), "b", at(2)).expect("a change");
        assert_eq!((change.from.as_str(), change.to.as_str(), change.first, change.times), ("a", "b", at(2), 1));
    }

    #[test]
    fn alternating_values_are_two_changes_that_occurred_often() {
        let mut history = ChangeHistory::default();
        let seen: Vec<u64> = (0..100)
            .filter_map(|second| {
                let value = if second % 2 == 0 { "a" } else { "b" };
                history.observe(ChangeSubject::Certificate, ChangedServer::default(), value, at(second))
            })
            .map(|change| change.times)
            .collect();
        // Each change is returned, with the number of its occurrences.
        assert_eq!((seen.len(), seen.first(), seen.last()), (99, Some(&1), Some(&50)));
        let times: Vec<u64> = history.all().iter().map(|change| change.times).collect();
        assert_eq!((times, history.all().first().map(|change| change.last)), (vec![50, 49], Some(at(99))));
    }

    #[test]
    fn a_greeting_that_was_seen_before_is_not_a_change() {
        let mut history = ChangeHistory::default();
        let greet = |second: i64| {
            ["mx1", "mx2", "mx3"].iter().copied().cycle().nth(usize::try_from(second).expect("small")).expect("endless")
        };
        let new = (0..30).filter_map(|second| {
            history.observe(ChangeSubject::Greeting, ChangedServer::default(), greet(second), at(second))
        });
        assert_eq!(new.count(), 2);
    }

    #[test]
    fn a_server_that_always_sends_something_new_uses_no_more_memory() {
        let mut history = ChangeHistory::default();
        for second in 0..10_000 {
            history.observe(ChangeSubject::Certificate, ChangedServer::default(), &second.to_string(), at(second));
        }
        assert_eq!((history.all().len(), history.dropped()), (MOST_CHANGES, 9_999 - MOST_CHANGES as u64));
    }

    #[test]
    fn each_address_has_its_own_values() {
        let mut history = ChangeHistory::default();
        for (address, value) in [("192.0.2.1", "a"), ("192.0.2.2", "b"), ("192.0.2.1", "a")] {
            let server = ChangedServer { address: address.parse().ok(), greeting_host: None };
            assert_eq!(history.observe(ChangeSubject::TlsVersion, server, value, at(0)), None);
        }
    }
}
