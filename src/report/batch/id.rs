//! The identity of a target: two input lines with the same identity are the same check.
//!
//! The identity is the SHA-256 of a string that users can compute themselves: `smtp://HOST:PORT`, or
//! `smtps://HOST:PORT` with implicit TLS, with the host in lower case and an IPv6 address in brackets. For each of
//! `from`, `to`, `tls` and `sni` that the line sets, a line feed and `KEY=VALUE` follow, in this order. If the line sets
//! the interface, or `--interface` is given several times, a line feed and `interface=VALUE` follow.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::plan::{Plan, Protocol, TlsUse};

/// The first 128 bits of the hash of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetId(u128);

/// The values that an input line sets for its target, as they are written there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenTarget {
    /// The sender.
    pub from: Option<String>,
    /// The recipients.
    pub to: Vec<String>,
    /// The TLS mode.
    pub tls: Option<String>,
    /// The server name.
    pub sni: Option<String>,
    /// The interface; also set for each of several `--interface` flags.
    pub interface: Option<String>,
}

impl TargetId {
    /// The identity of a plan's target.
    pub fn of(plan: &Plan, written: &WrittenTarget) -> TargetId {
        TargetId::of_text(&text(plan, written))
    }

    /// The identity of the target of a plan, regardless of the interface.
    pub fn without_interface(plan: &Plan, written: &WrittenTarget) -> TargetId {
        TargetId::of(plan, &WrittenTarget { interface: None, ..written.clone() })
    }

    fn of_text(text: &str) -> TargetId {
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let mut first = [0; 16];
        first.copy_from_slice(hash.split_at(16).0);
        TargetId(u128::from_be_bytes(first))
    }

    /// The number of the shard that the target belongs to, from 1: the first 64 bits of the hash modulo the number of
    /// shards, plus 1. It does not depend on the other targets.
    pub fn shard(self, of: u32) -> u32 {
        let bits = self.0 >> 64;
        let remainder = bits % u128::from(of.max(1));
        u32::try_from(remainder).unwrap_or(0) + 1
    }
}

fn text(plan: &Plan, written: &WrittenTarget) -> String {
    let interface = written.interface.as_ref().map(|interface| format!("\ninterface={interface}")).unwrap_or_default();
    if let Some(domain) = &plan.domain {
        let recipient = domain.recipient.as_ref().map(|recipient| format!("\nto={recipient}")).unwrap_or_default();
        return format!("domain:{}{recipient}{interface}", domain.name);
    }
    let place = plan.target.notation();
    let mut text = match (plan.target.protocol, plan.target.host.socket()) {
        (Protocol::Smtp, None) if plan.tls_use() == TlsUse::Implicit => format!("smtps://{place}"),
        (Protocol::Smtp, None) => format!("smtp://{place}"),
        (Protocol::Lmtp, _) | (Protocol::Smtp, Some(_)) => place,
    };
    let values = [("from", &written.from), ("tls", &written.tls), ("sni", &written.sni)];
    let of = |wanted: &str| values.iter().find(|(key, _)| *key == wanted).and_then(|(_, value)| value.as_deref());
    let lines = [("from", of("from"))].into_iter().chain(written.to.iter().map(|to| ("to", Some(to.as_str()))));
    for (key, value) in lines.chain([("tls", of("tls")), ("sni", of("sni"))]) {
        if let Some(value) = value {
            text.push_str(&format!("\n{key}={value}"));
        }
    }
    text + &interface
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for TargetId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TargetId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TargetId, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let is_hash = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u128::from_str_radix(&text, 16) {
            Ok(number) if is_hash => Ok(TargetId(number)),
            _ => Err(serde::de::Error::custom("not the identity of a target")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests may panic")]

    use super::TargetId;

    #[test]
    fn the_identity_is_the_documented_hash() {
        // printf smtp://mail.example.net:587 | sha256sum
        let id = TargetId::of_text("smtp://mail.example.net:587");
        let hash = <sha2::Sha256 as sha2::Digest>::digest(b"smtp://mail.example.net:587");
        let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(id.to_string(), hex);
        let json = serde_json::to_string(&id).expect("a string");
        assert_eq!(serde_json::from_str::<TargetId>(&json).ok(), Some(id));
        assert!(serde_json::from_str::<TargetId>("\"12\"").is_err());
    }

    #[test]
    fn a_target_keeps_its_shard_and_the_shards_have_similar_sizes() {
        let mut sizes = [0; 4];
        for number in 0..4000 {
            let id = TargetId::of_text(&format!("smtp://h{number}.example:25"));
            let shard = id.shard(4);
            assert_eq!(shard, id.shard(4));
            sizes[shard as usize - 1] += 1;
            assert_eq!(id.shard(1), 1);
        }
        assert!(sizes.iter().all(|size| (900..1100).contains(size)), "{sizes:?}");
    }
}
