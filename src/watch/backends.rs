//! The servers behind a name, distinguished by facts from many sessions.
//!
//! Sessions with the same IP address and the same host name in the greeting belong to one server, unless other facts
//! differ and alternate. If the facts of a server change once, for example because its certificate was renewed, the
//! later facts replace the earlier ones. If the earlier facts are seen again afterwards, there are two servers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::check::backends::BackendSeen;
use crate::check::{Finding, judge_backends};
use crate::evidence::Evidence;
use crate::plan::Plan;

/// The maximum number of different observations that are kept.
pub const MOST_OBSERVATIONS: usize = 64;

/// What the sessions with the servers behind a name have shown.
#[derive(Debug, Default)]
pub struct BackendHistory {
    observations: Vec<ObservedBackend>,
    sessions: u64,
}

/// Sessions that showed the same facts.
#[derive(Clone, Debug)]
pub struct ObservedBackend {
    /// The facts.
    pub seen: BackendSeen,
    /// The numbers of the first and the last session that showed them, from 1.
    pub first: u64,
    /// The number of the last session.
    pub last: u64,
    /// The number of sessions.
    pub sessions: u64,
}

impl BackendHistory {
    /// Adds what one session has shown. If too many different facts have been seen, those that have not been seen for
    /// the longest time are removed.
    pub fn add(&mut self, seen: BackendSeen) {
        self.sessions += 1;
        let number = self.sessions;
        if let Some(known) = self.observations.iter_mut().find(|known| known.seen.is_like(&seen)) {
            known.last = number;
            known.sessions += 1;
            return;
        }
        if self.observations.len() == MOST_OBSERVATIONS
            && let Some((oldest, _)) = self.observations.iter().enumerate().min_by_key(|(_, known)| known.last)
        {
            self.observations.remove(oldest);
        }
        self.observations.push(ObservedBackend { seen, first: number, last: number, sessions: 1 });
    }

    /// The servers, each with its latest facts, in the order in which they were first seen.
    pub fn servers(&self) -> Vec<&ObservedBackend> {
        let mut places: BTreeMap<(Option<IpAddr>, Option<&str>), Vec<&ObservedBackend>> = BTreeMap::new();
        for known in &self.observations {
            let place = (known.seen.address, known.seen.greeting_host.as_deref());
            places.entry(place).or_default().push(known);
        }
        let greets = |address: Option<IpAddr>| {
            self.observations.iter().any(|known| known.seen.address == address && known.seen.greeting_host.is_some())
        };
        let mut servers: Vec<&ObservedBackend> = Vec::new();
        for ((address, host), known) in &places {
            // A session without a greeting does not show which of the servers at this IP address it reached.
            if host.is_none() && greets(*address) {
                continue;
            }
            servers.extend(current(known));
        }
        servers.sort_by_key(|known| known.first);
        servers
    }

    /// The findings about servers that differ from the others.
    pub fn findings(&self, plan: &Plan) -> Vec<Finding> {
        let servers = self.servers();
        let seen: Vec<&BackendSeen> = servers.iter().map(|known| &known.seen).collect();
        let mut findings = judge_backends(plan, &seen);
        // Text from the servers was masked when the check ended. Only the marks around it are removed here.
        let none = Evidence::new(jiff::Timestamp::UNIX_EPOCH);
        let mask = none.mask();
        for finding in &mut findings {
            finding.evidence = crate::check::Grounds::default();
            finding.texts().for_each(|text| *text = mask.sentence(text));
        }
        findings
    }
}

/// The servers with one IP address and one host name. An observation is left out if another one replaced it: the other
/// one was first seen after this one was last seen. An incomplete session counts only if there is no complete session.
fn current<'a>(known: &[&'a ObservedBackend]) -> Vec<&'a ObservedBackend> {
    let complete: Vec<&ObservedBackend> = known.iter().copied().filter(|one| one.seen.is_complete()).collect();
    let known = if complete.is_empty() { known.to_vec() } else { complete };
    let is_replaced = |one: &ObservedBackend| known.iter().any(|other| other.first > one.last);
    let mut servers: Vec<&ObservedBackend> = known.iter().copied().filter(|one| !is_replaced(one)).collect();
    if servers.first().is_some_and(|one| !one.seen.is_complete()) {
        // Sessions that failed in different phases look different, but may belong to the same server.
        servers.sort_by_key(|one| std::cmp::Reverse(one.last));
        servers.truncate(1);
    }
    servers
}

#[cfg(test)]
mod tests {
    use super::{BackendHistory, MOST_OBSERVATIONS};
    use crate::check::backends::BackendSeen;
    use crate::evidence::ProbeId;

    fn seen(address: &str, host: &str, extensions: &[&str]) -> BackendSeen {
        BackendSeen {
            address: address.parse().ok(),
            greeting_host: (!host.is_empty()).then(|| host.to_owned()),
            extensions: Some(extensions.iter().map(|word| (*word).to_owned()).collect()),
            tls_version: None,
            certificate: None,
            tickets: None,
            failure: None,
            probe: ProbeId(1),
            greeting_event: None,
        }
    }

    fn servers(all: &[(&str, &str, &[&str])]) -> Vec<(String, u64)> {
        let mut history = BackendHistory::default();
        all.iter().for_each(|(address, host, extensions)| history.add(seen(address, host, extensions)));
        let name = |host: &Option<String>| host.clone().unwrap_or_default();
        history.servers().into_iter().map(|known| (name(&known.seen.greeting_host), known.sessions)).collect()
    }

    #[test]
    fn servers_are_distinguished_by_address_and_by_the_host_in_the_greeting() {
        let all: [(&str, &str, &[&str]); 4] =
            [("192.0.2.1", "a", &[]), ("192.0.2.2", "a", &[]), ("192.0.2.1", "b", &[]), ("192.0.2.1", "a", &[])];
        assert_eq!(servers(&all), [("a".to_owned(), 2), ("a".to_owned(), 1), ("b".to_owned(), 1)]);
    }

    #[test]
    fn a_change_is_one_server_and_alternating_facts_are_two() {
        let (old, new): (&[&str], &[&str]) = (&["SIZE 1"], &["SIZE 2"]);
        let at = |facts| ("192.0.2.1", "a", facts);
        assert_eq!(servers(&[at(old), at(old), at(new), at(new)]), [("a".to_owned(), 2)]);
        assert_eq!(servers(&[at(old), at(new), at(old), at(new)]), [("a".to_owned(), 2), ("a".to_owned(), 2)]);
    }

    #[test]
    fn the_number_of_observations_is_limited() {
        let mut history = BackendHistory::default();
        (0..10_000).for_each(|number| history.add(seen("192.0.2.1", &format!("host{number}"), &[])));
        assert_eq!((history.observations.len(), history.sessions), (MOST_OBSERVATIONS, 10_000));
    }
}
