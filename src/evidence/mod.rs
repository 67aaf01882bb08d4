//! The evidence of a run: probes (a question and its outcome), and one transcript with the events of all sessions.
//!
//! Evidence is append-only and numbered. Times are milliseconds since the start, measured with a monotonic clock.
//! Evidence contains no judgements: a command that the server rejects is a result, not a fault. Read next: [`fault`]
//! (why a probe has no answer), [`tls`], [`session`] (a view of one session in the transcript).

pub(crate) mod certificate;
mod connect;
pub(crate) mod doubt;
mod event;
pub mod fault;
mod fetched;
pub(crate) mod fit;
pub(crate) mod hello;
mod hello_probe;
pub(crate) mod machine;
pub(crate) mod mask;
pub(crate) mod names;
pub(crate) mod path;
mod place;
pub(crate) mod presented;
mod proxy;
pub mod quote;
mod record;
mod records;
pub(crate) mod sequence;
pub(crate) mod session;
mod socket;
pub(crate) mod tls;
mod views;

pub use crate::sasl::token::{TokenClaims, TokenForm};
pub use certificate::Certificate;
pub use doubt::{Doubt, Misuse};
pub use event::{CancelReason, DialResult, Event, EventKind, PasswordOddity, WithheldReason};
pub use fault::{ConnectFault, DnsFaultKind, Fault, Incompatibility, TlsFault, TlsFaultKind};
pub use fetched::{FetchSeen, HttpResponse, MAX_BODY};
pub use hello::{HelloOutcome, HelloSeen};
pub use hello_probe::HelloProbe;
pub use machine::Machine;
pub use mask::Mask;
pub use names::{Lookup, LookupFault, NameSource, Names};
pub use path::{AnchorSeen, ClientLimit, PathFault, PathFaultKind, PathPlace};
pub use place::{EventId, Phase, ProbeId};
pub use presented::{ChainFault, EmptyPlace, MissingStore, NameMatch, PlaceFault, Presented, Trust, TrustStore};
pub use proxy::{ProxyFault, ProxyFaultKind, ServerUnreachable, SpokenInstead, TunnelResult};
pub use record::{Answer, Evidence, Outcome, Probe, SkipReason};
pub use records::{
    BogusReason, DnsAlias, DnsCode, DnsRecord, DnssecState, IndeterminateReason, MAX_ALIASES, MAX_RECORDS, RecordData,
    RecordSignatures, RecordsSeen, SignatureValidity,
};
pub use session::Session;
pub use socket::{PathKind, PathSeen, SocketFault, SocketFaultKind, SocketResult};
pub use tls::{Handshake, HandshakeKind, Staple, StapleFault, StapleStatus};
