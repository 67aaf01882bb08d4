//! Connections to Unix sockets: the fault of a failed attempt, and the file or directory that caused it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of connecting to a Unix socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum SocketResult {
    /// The connection was established.
    Connected,
    /// The connection attempt failed.
    Failed {
        /// The reason.
        fault: SocketFault,
    },
}

/// Why a connection to a Unix socket could not be established.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SocketFault {
    /// The kind of fault, the same on every operating system.
    pub kind: SocketFaultKind,
    /// The operating system's error number; null if there is none.
    pub errno: Option<i32>,
    /// The operating system's error message.
    pub detail: String,
    /// The file or directory that caused the fault: the socket itself, the directory that this user is not allowed
    /// to search, or the last directory that exists. Null if it is not known.
    pub place: Option<PathSeen>,
    /// The name or the number of the user that smtpcheck runs as; null if it is not known.
    pub user: Option<String>,
}

/// Kinds of faults of a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SocketFaultKind {
    /// EACCES or EPERM: this user is not allowed to write to the socket or to search a directory in its path.
    Denied,
    /// ENOENT or ENOTDIR: the path does not exist.
    Missing,
    /// ECONNREFUSED: the socket exists, but no process listens on it.
    NotServed,
    /// EAGAIN until the time limit: a process listens, but does not accept connections.
    Busy,
    /// ECONNREFUSED: the path is a file or a directory.
    NotASocket,
    /// EPROTOTYPE: the socket is of another type, for datagrams.
    OtherType,
    /// This operating system has no Unix sockets.
    Unsupported,
    /// Any other fault.
    Other,
}

impl fmt::Display for SocketFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SocketFaultKind::Denied => "permission denied",
            SocketFaultKind::Missing => "no such file",
            SocketFaultKind::NotServed => "no process listens on this socket",
            SocketFaultKind::Busy => "the process that listens does not accept connections",
            SocketFaultKind::NotASocket => "not a socket",
            SocketFaultKind::OtherType => "a socket of a different type",
            SocketFaultKind::Unsupported => "this system does not support Unix sockets",
            SocketFaultKind::Other => "connection failed",
        })
    }
}

/// A file or directory with its permissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PathSeen {
    /// The path, without symbolic links.
    pub path: String,
    /// What it is.
    pub kind: PathKind,
    /// The name or the number of its owner.
    pub owner: String,
    /// The name or the number of its group.
    pub group: String,
    /// The permissions in octal notation, for example `0700`.
    pub mode: String,
}

/// The kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PathKind {
    /// A Unix socket.
    Socket,
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// Any other kind.
    Other,
}

impl fmt::Display for PathKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PathKind::Socket => "socket",
            PathKind::Directory => "directory",
            PathKind::File => "file",
            PathKind::Other => "special file",
        })
    }
}
