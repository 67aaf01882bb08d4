//! The syntax of SMTP and of the TLS handshake: lines, replies, status codes, extensions, commands, email addresses,
//! host names, and the first messages of TLS, for servers that no TLS library can connect to.
//!
//! This module does no I/O, does not read the clock, and allocates a bounded amount of memory. Parsing data from a
//! *peer* cannot fail: it returns a value and a list of [`reply::Irregularity`]s, not an error. Parsing data from the
//! *user* returns `Result`. A parsed value needs no second check: a command line built from it can never contain CR, LF
//! or NUL.
//!
//! Read next: [`framer`] (bytes to lines), [`reply`] (lines to replies), [`capability`] (the reply to EHLO), [`tls`] (a
//! ClientHello and the response to it).

pub(crate) mod address;
pub(crate) mod capability;
mod client_attribute;
pub(crate) mod command;
mod dns;
pub mod framer;
pub(crate) mod host;
mod parameter;
mod proxy_header;
pub mod reply;
mod socket;
pub(crate) mod status;
pub mod tls;

pub use address::{AddressError, ForwardPath, Mailbox, ReversePath};
pub use capability::{Capabilities, Capability};
pub use client_attribute::{ClientAttribute, ClientAttributeError, ClientCommand};
pub use command::{AddressQuery, Command, EhloName};
pub use dns::{DnsName, DnsNameError, RecordKind, reverse_name, reversed};
pub use framer::{Framer, LineEnding, RawLine};
pub use host::{DomainName, Host, HostError};
pub use parameter::{Parameter, ParameterError};
pub use proxy_header::{ProxyHeader, ProxyHeaderVersion};
pub use reply::{Assembler, Irregularity, Reply};
pub use socket::{SocketPath, SocketPathError};
pub use status::{Class, EnhancedStatus, ReplyCode};
