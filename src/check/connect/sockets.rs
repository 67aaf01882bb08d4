//! Failed connections to Unix sockets.

use super::super::finding::{Finding, PhaseFailure, Rule, in_shell};
use super::rules::{SOCKET_ACCESS_DENIED, SOCKET_MISSING, SOCKET_NOT_SERVED, SOCKET_UNSUITABLE};
use crate::evidence::{PathKind, PathSeen, Phase, Session, SocketFault, SocketFaultKind};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;

/// The finding about a socket that smtpcheck could not connect to.
pub(super) fn not_connected(plan: &Plan, session: Session<'_>, socket: &SocketFault) -> Finding {
    let path = plan.target.host.to_string();
    let (rule, summary, cause): (&'static Rule, String, String) = match socket.kind {
        SocketFaultKind::Denied => return denied(plan, session, socket),
        SocketFaultKind::Missing => (&SOCKET_MISSING, format!("the socket {path} does not exist"), where_it_ends(socket)),
        SocketFaultKind::NotServed => (
            &SOCKET_NOT_SERVED,
            format!("no process listens on the socket {path}"),
            "The socket file exists, but the server that created it is not running, or has since created another socket.".to_owned(),
        ),
        SocketFaultKind::Busy => (
            &SOCKET_NOT_SERVED,
            format!("the process that listens on the socket {path} does not accept connections"),
            "The queue of connections stayed full until the time limit. The server is overloaded or suspended, or has reached its process limit.".to_owned(),
        ),
        SocketFaultKind::NotASocket => (
            &SOCKET_UNSUITABLE,
            format!("{path} is a {}, not a socket", kind(socket)),
            "smtpcheck can connect to a path only if it is a Unix socket.".to_owned(),
        ),
        SocketFaultKind::OtherType => (
            &SOCKET_UNSUITABLE,
            format!("the socket {path} is not a stream socket"),
            "The socket is for datagrams or packets, like the system log's socket. SMTP and LMTP need a stream socket.".to_owned(),
        ),
        SocketFaultKind::Unsupported => (
            &SOCKET_UNSUITABLE,
            "this operating system has no Unix sockets".to_owned(),
            "The path of a Unix socket can be used only on Unix systems.".to_owned(),
        ),
        SocketFaultKind::Other => (
            &SOCKET_UNSUITABLE,
            format!("smtpcheck cannot connect to the socket {path}: {}", socket.detail),
            "The operating system rejected the connection.".to_owned(),
        ),
    };
    let fixes = match socket.kind {
        SocketFaultKind::Missing => missing(socket),
        SocketFaultKind::NotServed => {
            vec![Fix::text("Start the server that creates the socket, for example Dovecot or Cyrus"), listening()]
        }
        SocketFaultKind::Busy => vec![
            Fix::text(
                "Read the mail log of the server, and raise the process limit of the service (Dovecot: process_limit of service lmtp)",
            ),
            listening(),
        ],
        SocketFaultKind::Unsupported => {
            vec![Fix::text("Check the server on a Unix system, or over TCP (lmtp://HOST:PORT)")]
        }
        _ => vec![Fix::text("Use the path of the stream socket from the server's configuration"), listening()],
    };
    finish(session, Finding { cause, fixes, ..Finding::new(rule, Phase::Connect, Confidence::Certain, summary) })
}

fn finish(session: Session<'_>, mut finding: Finding) -> Finding {
    for event in session.events() {
        finding.evidence.events.push(event.seq);
    }
    finding.failure = Some(PhaseFailure::Unreachable);
    finding.tried(session.probe.id)
}

/// Lists the sockets that a process listens on.
fn listening() -> Fix {
    Fix::run("List the listening Unix sockets and their processes (as root)", "ss -xlp")
}

/// The permissions of a file or directory, for use in a sentence.
fn permissions(place: &PathSeen) -> String {
    let PathSeen { owner, group, mode, .. } = place;
    format!("owner {owner}, group {group}, mode {mode}")
}

fn kind(socket: &SocketFault) -> PathKind {
    socket.place.as_ref().map_or(PathKind::Other, |place| place.kind)
}

fn where_it_ends(socket: &SocketFault) -> String {
    match &socket.place {
        Some(place) if place.kind == PathKind::Directory => {
            format!("The path exists only up to the directory {}.", place.path)
        }
        Some(place) => format!("{} is a {}, not a directory.", place.path, place.kind),
        None => "The path, or a directory in it, does not exist.".to_owned(),
    }
}

fn missing(socket: &SocketFault) -> Vec<Fix> {
    let mut fixes = vec![
        Fix::text(
            "Compare the path with the server's configuration, and start the server if it is not running. A path in Postfix's configuration is relative to the queue directory, normally /var/spool/postfix.",
        ),
        listening(),
    ];
    if let Some(place) = socket.place.as_ref().filter(|place| place.kind == PathKind::Directory) {
        fixes.push(Fix::run(
            "List the contents of the directory that exists",
            format!("ls -l {}", in_shell(&place.path)),
        ));
    }
    fixes
}

fn allow_search(name: Option<&str>, user: &str, directory: &str) -> Fix {
    let text = format!(
        "Allow {user} to search the directory (as root; do not change Postfix's directories, because Postfix checks their permissions)"
    );
    match name {
        Some(name) => Fix::run(text, format!("setfacl -m u:{}:x {}", in_shell(name), in_shell(directory))),
        None => Fix::text(text),
    }
}

fn denied(plan: &Plan, session: Session<'_>, socket: &SocketFault) -> Finding {
    let path = plan.target.host.to_string();
    let name = socket.user.as_deref();
    let user = name.map_or_else(|| "this user".to_owned(), |name| format!("the user {name}"));
    let target = plan.target.notation();
    let (summary, cause, mut fixes) = match &socket.place {
        Some(place) if place.kind == PathKind::Directory => (
            format!("{user} is not allowed to search the directory {} in the path of the socket", place.path),
            format!(
                "The directory {} ({}) does not give {user} execute permission (x), which is needed to access anything in the directory.",
                place.path,
                permissions(place)
            ),
            vec![allow_search(name, &user, &place.path)],
        ),
        Some(place) => (
            format!("{user} is not allowed to write to the socket {path}"),
            format!(
                "The socket ({}) does not give {user} write permission (w), which a client needs to connect. If the permissions do allow writing, a security module such as SELinux or AppArmor denies the connection.",
                permissions(place)
            ),
            vec![Fix::text(format!(
                "Server operator: allow {user} to write to the socket. In Dovecot, set user, group and mode in the service's unix_listener (for example mode = 0660 and the user's group), and reload Dovecot."
            ))],
        ),
        None => (
            format!("{user} is not allowed to connect to the socket {path}"),
            "A directory in the path, or the socket itself, does not give this user access.".to_owned(),
            vec![Fix::run(
                "Show the permissions of every part of the path (as root)",
                format!("namei -l {}", in_shell(&path)),
            )],
        ),
    };
    let owner = socket.place.as_ref().map_or("root", |place| place.owner.as_str());
    fixes.insert(
        0,
        Fix::run(
            "Run the check as a user who has access, for example the mail server's user",
            format!("sudo -u {} smtpcheck {}", in_shell(owner), in_shell(&target)),
        ),
    );
    let finding = Finding::new(&SOCKET_ACCESS_DENIED, Phase::Connect, Confidence::Certain, summary);
    finish(session, Finding { cause, fixes, ..finding })
}
