//! Finds the file or directory that prevents a connection to a Unix socket. It follows the path one component at a
//! time, as the kernel does, because the error number alone does not show which component causes the fault.

use std::path::Path;

use crate::evidence::PathSeen;

/// The result of following a path.
pub(crate) struct PathWalk {
    /// The last file or directory that the kernel reached: the socket, or the directory in which the next component is
    /// missing or cannot be looked up by this user.
    pub(crate) place: Option<PathSeen>,
    /// The name or the number of the user that smtpcheck runs as.
    pub(crate) user: Option<String>,
}

/// Follows the path of a socket.
#[cfg(unix)]
pub(crate) fn follow(path: &Path) -> PathWalk {
    PathWalk { place: walk::end_of(path), user: Some(walk::user(rustix::process::geteuid().as_raw())) }
}

/// Follows the path of a socket. This system has no such paths.
#[cfg(not(unix))]
pub(crate) fn follow(_: &Path) -> PathWalk {
    PathWalk { place: None, user: None }
}

#[cfg(unix)]
mod walk {
    use std::collections::VecDeque;
    use std::ffi::OsString;
    use std::fs::Metadata;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    use std::path::{Component, Path, PathBuf};

    use super::super::file;
    use crate::evidence::{PathKind, PathSeen};

    /// The maximum number of symbolic links in a path, as in Linux.
    const MOST_LINKS: u32 = 40;
    /// The maximum size of the files with the names of users and groups.
    const MOST_NAMES: u64 = 4 * 1024 * 1024;

    /// The last component of `path` that can be examined.
    pub(super) fn end_of(path: &Path) -> Option<PathSeen> {
        let mut at = PathBuf::from("/");
        let mut rest: VecDeque<OsString> = components(path);
        let mut links = 0;
        while let Some(next) = rest.pop_front() {
            if next == ".." {
                at.pop();
                continue;
            }
            let candidate = at.join(&next);
            let Ok(about) = std::fs::symlink_metadata(&candidate) else { break };
            if !about.file_type().is_symlink() {
                at = candidate;
                continue;
            }
            links += 1;
            let target = std::fs::read_link(&candidate).ok().filter(|_| links <= MOST_LINKS)?;
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            let mut of_target = components(&target);
            of_target.append(&mut rest);
            rest = of_target;
        }
        let about = std::fs::symlink_metadata(&at).ok()?;
        Some(seen(&at, &about))
    }

    fn components(path: &Path) -> VecDeque<OsString> {
        path.components()
            .filter_map(|component| match component {
                Component::Normal(name) => Some(name.to_owned()),
                Component::ParentDir => Some(OsString::from("..")),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
            })
            .collect()
    }

    fn seen(path: &Path, about: &Metadata) -> PathSeen {
        let kind = about.file_type();
        PathSeen {
            path: path.display().to_string(),
            kind: match () {
                () if kind.is_socket() => PathKind::Socket,
                () if kind.is_dir() => PathKind::Directory,
                () if kind.is_file() => PathKind::File,
                () => PathKind::Other,
            },
            owner: user(about.uid()),
            group: name_in(Path::new("/etc/group"), about.gid()),
            mode: format!("{:04o}", about.mode() & 0o7777),
        }
    }

    /// The name of a user, or the number if it has no name in the local file.
    pub(super) fn user(number: u32) -> String {
        name_in(Path::new("/etc/passwd"), number)
    }

    /// The name in the first field of the line whose third field is the number.
    fn name_in(path: &Path, number: u32) -> String {
        let wanted = number.to_string();
        let mut found = None;
        let _ = file::lines(path, MOST_NAMES, |line| {
            let mut fields = line.split(':');
            let (name, _, id) = (fields.next(), fields.next(), fields.next());
            if found.is_none() && id == Some(wanted.as_str()) {
                found = name.map(str::to_owned);
            }
        });
        found.unwrap_or(wanted)
    }

    #[cfg(test)]
    mod tests {
        use std::os::unix::fs::{PermissionsExt, symlink};
        use std::os::unix::net::UnixListener;

        use super::end_of;
        use crate::evidence::PathKind;

        #[test]
        fn the_walk_ends_at_the_socket_through_links() {
            let folder = tempfile::tempdir().expect("a directory");
            let real = folder.path().canonicalize().expect("it exists");
            let _listener = UnixListener::bind(real.join("lmtp")).expect("a socket");
            std::fs::set_permissions(real.join("lmtp"), std::fs::Permissions::from_mode(0o640)).expect("its owner");
            symlink(&real, real.join("dir")).expect("a link");
            symlink("./dir/lmtp", real.join("link")).expect("a link");
            let seen = end_of(&real.join("link")).expect("it exists");
            assert_eq!((seen.kind, seen.mode.as_str()), (PathKind::Socket, "0640"));
            assert!(seen.path.ends_with("lmtp"), "{}", seen.path);
        }

        #[test]
        fn the_walk_ends_at_the_last_directory_that_exists() {
            let folder = tempfile::tempdir().expect("a directory");
            let real = folder.path().canonicalize().expect("it exists");
            let seen = end_of(&real.join("no/such/lmtp")).expect("the directory exists");
            assert_eq!((seen.kind, seen.path.as_str()), (PathKind::Directory, real.to_str().expect("a name")));
        }

        #[test]
        fn a_circle_of_links_has_no_end() {
            let folder = tempfile::tempdir().expect("a directory");
            symlink("b", folder.path().join("a")).expect("a link");
            symlink("a", folder.path().join("b")).expect("a link");
            assert_eq!(end_of(&folder.path().join("a")), None);
        }
    }
}
