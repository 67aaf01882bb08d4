//! Bytes and SMTP words: lines, replies, status codes, capabilities, commands, addresses, host names; and the first
//! words of TLS, for servers that no library sessions to.
//!
//! Nothing here does I/O, reads a clock or allocates without bound. Parsing what a *peer* sent is total: it yields a
//! value and a list of [`reply::Irregularity`]s, never an error. Parsing what the *user* typed returns `Result`, and
//! what was parsed once needs no second check: no command line built from it can hold CR, LF or NUL.
//!
//! Read next: [`framer`] (bytes to lines), [`reply`] (lines to replies), [`capability`] (the EHLO answer),
//! [`tls`] (a ClientHello and what is answered to it).

pub(crate) mod address;
pub(crate) mod capability;
pub(crate) mod command;
pub mod framer;
pub(crate) mod host;
pub mod reply;
pub(crate) mod status;
pub mod tls;

pub use address::{AddressError, ForwardPath, Mailbox, ReversePath};
pub use capability::{Capabilities, Capability};
pub use command::{Command, EhloName};
pub use framer::{Framer, LineEnding, RawLine};
pub use host::{DomainName, Host, HostError};
pub use reply::{Assembler, Irregularity, Reply};
pub use status::{Class, EnhancedStatus, ReplyCode};
