//! Files that the user names, read before anything is sent: bounded in size and in time, because a name can lead to
//! /dev/zero or to a pipe in which nobody writes.

use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use zeroize::Zeroizing;

/// Bytes of one file. The largest trust stores have half a megabyte.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// How long a file may take; what feeds a pipe may have to ask its user for something.
const PATIENCE: Duration = Duration::from_secs(20);

/// The bytes of a file, wiped when they go.
pub(crate) fn contents(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    // A thread that is stuck in a pipe ends with the program, which ends with an error right away.
    std::thread::Builder::new().name("file".to_owned()).spawn(move || {
        let _ = sender.send(read(&path));
    })?;
    match receiver.recv_timeout(PATIENCE) {
        Ok(read) => read,
        Err(_) => Err(io::Error::other(format!("nothing can be read from it within {} seconds", PATIENCE.as_secs()))),
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other("more than 8 MiB; that is no such file"));
    }
    Ok(bytes)
}

/// Why a file that holds a secret is not one: users of this machine other than its owner can read it. Pipes, devices and
/// what was opened for this program (`/dev/stdin`, `/dev/fd/3`) have no readers of that kind; nor have `/run/secrets` and
/// the credentials of systemd, whose modes the platform sets.
#[cfg(unix)]
pub(crate) fn open_to_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;

    let real = std::fs::canonicalize(path).ok()?;
    let is_opened = ["/dev", "/proc", "/run/secrets", "/run/credentials"]
        .iter()
        .any(|folder| path.starts_with(folder) || real.starts_with(folder));
    let there = std::fs::metadata(&real).ok().filter(|there| there.is_file() && !is_opened)?;
    let readers = match there.mode() & 0o044 {
        0 => return None,
        0o040 => "its group",
        _ => "every user of this machine",
    };
    Some(format!("{readers} can read it (mode {:04o})", there.mode() & 0o7777))
}

/// Other systems have no modes of this kind.
#[cfg(not(unix))]
pub(crate) fn open_to_others(_: &Path) -> Option<String> {
    None
}

/// Why it cannot be read, in the same words on every system.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "the file may not be read".to_owned(),
        io::ErrorKind::IsADirectory => "is a folder, not a file".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::open_to_others;

    #[test]
    fn a_file_that_others_can_read_is_told_from_one_that_they_cannot() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("password");
        std::fs::write(&file, "secret").expect("a file");
        for (mode, readers) in [
            (0o600, None),
            (0o400, None),
            (0o610, None),
            (0o640, Some("its group can read it (mode 0640)")),
            (0o644, Some("every user of this machine can read it (mode 0644)")),
            (0o604, Some("every user of this machine can read it (mode 0604)")),
        ] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("its owner");
            assert_eq!(open_to_others(&file).as_deref(), readers, "{mode:o}");
        }
        for path in ["/dev/stdin", "/dev/null", "/proc/self/status", "/nowhere"] {
            assert_eq!(open_to_others(path.as_ref()), None, "{path}");
        }
    }
}
