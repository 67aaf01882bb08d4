//! Every file that the program reads or opens for writing, bounded in size and in time: a name can lead to /dev/zero, to a
//! pipe that no program writes to, or to a directory of a hundred thousand files. `tests/structure.rs` rejects other code
//! that opens a file.
//!
//! [`contents`] and [`report`] read what the user names, pipes included. [`regular`] and [`lines`] read files that the
//! system has at a fixed place, where a pipe or a device is always wrong. [`appended`], [`direct`] and [`write`] open files
//! for writing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

const MIB: u64 = 1024 * 1024;

/// How much is read of one file, and how long that may take.
struct Bounds {
    most: u64,
    /// Until the next byte or the end.
    idle: Duration,
    overall: Duration,
}

/// Settings, certificates, keys, passwords, suites. The largest trust stores have half a megabyte. A program that writes to
/// a pipe may have to ask its user for something.
const SMALL: Bounds = Bounds { most: 8 * MIB, idle: Duration::from_secs(20), overall: Duration::from_secs(20) };

/// Saved reports of thousands of targets. A check that writes to a pipe takes up to a minute (`--max-time`), and writes
/// nothing before it ends.
const REPORT: Bounds = Bounds { most: 128 * MIB, idle: Duration::from_secs(90), overall: Duration::from_secs(600) };

/// How long it may take to open a file: opening a named pipe waits for another program to open its other end.
const OPENING: Duration = Duration::from_secs(20);

/// Bytes of one line of [`lines`].
const MAX_LINE: u64 = 4096;

/// The bytes of a file. They are wiped when dropped.
pub(crate) fn contents(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let path = path.to_owned();
    collect(&SMALL, move || File::open(path))
}

/// The bytes of a saved report; `-` is standard input.
pub(crate) fn report(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    if path.as_os_str() == "-" {
        // The user can see what writes to standard input, so only the size is bounded.
        let mut bytes = Zeroizing::new(Vec::new());
        io::stdin().lock().take(REPORT.most + 1).read_to_end(&mut bytes)?;
        return within(bytes, REPORT.most);
    }
    let path = path.to_owned();
    collect(&REPORT, move || File::open(path))
}

/// The bytes of a file of the system.
pub(crate) fn regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular_file(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    within(bytes, most)
}

/// Passes each line of a file of the system to `take`, up to `most` bytes in all; lines that are too long are left out.
/// Lists of blocked names make `/etc/hosts` several megabytes long, so it is never read into memory.
pub(crate) fn lines(path: &Path, most: u64, mut take: impl FnMut(&str)) -> io::Result<()> {
    let mut file = BufReader::with_capacity(64 * 1024, regular_file(path)?.take(most));
    let mut line = Vec::new();
    loop {
        line.clear();
        if Read::take(&mut file, MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 == MAX_LINE && !line.ends_with(b"\n") {
            file.skip_until(b'\n')?;
        } else if let Ok(text) = std::str::from_utf8(&line) {
            take(text.trim_end());
        }
    }
}

/// Opens a file to read it as a stream.
pub(crate) fn streamed(path: &Path) -> io::Result<File> {
    let path = path.to_owned();
    in_time(OPENING, move || File::open(path))
}

/// Opens a file to add to it.
pub(crate) fn appended(path: &Path) -> io::Result<File> {
    let path = path.to_owned();
    in_time(OPENING, move || File::options().append(true).create(true).open(path))
}

/// Opens a device or a pipe to write to it.
pub(crate) fn direct(path: &Path) -> io::Result<File> {
    let path = path.to_owned();
    in_time(OPENING, move || File::options().write(true).open(path))
}

/// Writes a file, and replaces its content.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = path.to_owned();
    let mut file = in_time(OPENING, move || File::options().write(true).create(true).truncate(true).open(path))?;
    file.write_all(text.as_bytes())
}

/// The terminal of this process.
#[cfg(unix)]
pub(crate) fn terminal() -> io::Result<File> {
    File::open("/dev/tty")
}

/// The result of something that the system may never finish.
pub(crate) fn in_time<T: Send + 'static>(
    most: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = mpsc::channel();
    // A thread that waits for a pipe ends with the program.
    std::thread::Builder::new().name("file".to_owned()).spawn(move || {
        let _ = sender.send(work());
    })?;
    receiver.recv_timeout(most).unwrap_or_else(|_| {
        Err(io::Error::other(format!(
            "it cannot be opened within {} seconds: a pipe that no other program has open",
            most.as_secs()
        )))
    })
}

/// Which other users of this machine can read a file that contains a secret; none if only its owner can. Pipes, devices and
/// files that were opened for this program (`/dev/stdin`, `/dev/fd/3`) do not count, nor do `/run/secrets` and the
/// credentials of systemd, whose modes the platform sets.
#[cfg(unix)]
pub(crate) fn readable_by_others(path: &Path) -> Option<String> {
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
pub(crate) fn readable_by_others(_: &Path) -> Option<String> {
    None
}

/// Whether the owner alone can read a file. Where the system does not show it, false.
#[cfg(unix)]
pub(crate) fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).is_ok_and(|there| there.mode() & 0o077 == 0)
}

/// Other systems have no modes of this kind.
#[cfg(not(unix))]
pub(crate) fn is_private(_: &Path) -> bool {
    false
}

/// Why a file cannot be read, in the same words on every system.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory, not a file".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads on a thread of its own, piece by piece, so that a read which never returns is noticed.
fn collect<R: Read>(
    bounds: &Bounds,
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> io::Result<Zeroizing<Vec<u8>>> {
    // With room for one piece, so that the reading thread is never far ahead.
    let (sender, receiver) = mpsc::sync_channel::<io::Result<Option<Zeroizing<Vec<u8>>>>>(1);
    let most = bounds.most;
    std::thread::Builder::new().name("file".to_owned()).spawn(move || {
        let mut file = match open() {
            Ok(file) => file.take(most.saturating_add(1)),
            Err(error) => return drop(sender.send(Err(error))),
        };
        // Nothing was read yet, but the file is open.
        if sender.send(Ok(None)).is_err() {
            return;
        }
        loop {
            let mut piece = Zeroizing::new(vec![0; 64 * 1024]);
            let read = match file.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return drop(sender.send(Err(error))),
                Ok(read) => read,
            };
            piece.truncate(read);
            // An empty piece is the end. If the receiver is gone, the time limit was reached.
            if sender.send(Ok(Some(piece))).is_err() || read == 0 {
                return;
            }
        }
    })?;
    let began = Instant::now();
    let mut bytes = Zeroizing::new(Vec::new());
    let mut limit = OPENING.min(bounds.overall);
    loop {
        let left = bounds.overall.saturating_sub(began.elapsed());
        match receiver.recv_timeout(limit.min(left)) {
            Ok(piece) => {
                limit = bounds.idle;
                let Some(piece) = piece? else { continue };
                if piece.is_empty() {
                    return within(bytes, most);
                }
                // Not grown by the vector itself: the memory that a reallocation frees would not be wiped.
                if bytes.capacity() - bytes.len() < piece.len() {
                    let mut larger = Zeroizing::new(Vec::with_capacity((bytes.len() + piece.len()) * 2));
                    larger.extend_from_slice(&bytes);
                    bytes = larger;
                }
                bytes.extend_from_slice(&piece);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) if bytes.is_empty() => {
                let waited = limit.as_secs();
                return Err(io::Error::other(format!("nothing can be read from it within {waited} seconds")));
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other(format!("it does not end within {} seconds", began.elapsed().as_secs())));
            }
        }
    }
}

fn within<B: AsRef<[u8]>>(bytes: B, most: u64) -> io::Result<B> {
    if bytes.as_ref().len() as u64 > most {
        return Err(io::Error::other(format!("more than {} MiB, which is too large", most.div_ceil(MIB))));
    }
    Ok(bytes)
}

fn regular_file(path: &Path) -> io::Result<File> {
    // Links are followed. Only a privileged user could replace the file between this test and the opening.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    File::open(path)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};
    use std::path::Path;
    use std::time::Duration;

    #[cfg(unix)]
    use super::readable_by_others;
    use super::{Bounds, collect, in_time, lines, regular};

    const SHORT: Duration = Duration::from_millis(50);
    const BOUNDS: Bounds = Bounds { most: 100, idle: SHORT, overall: SHORT };

    /// Returns one byte, and then never returns again.
    struct Stuck(bool);

    impl Read for Stuck {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, false) {
                to.first_mut().into_iter().for_each(|byte| *byte = b'x');
                return Ok(1);
            }
            loop {
                std::thread::park();
            }
        }
    }

    fn error<T>(result: io::Result<T>) -> String {
        result.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_never_comes_is_given_up() {
        assert!(error(collect(&BOUNDS, || Ok(Stuck(false)))).contains("nothing can be read"));
        assert!(error(collect(&BOUNDS, || Ok(Stuck(true)))).contains("does not end"));
        let never = || -> io::Result<()> {
            loop {
                std::thread::park();
            }
        };
        assert!(error(in_time(SHORT, never)).contains("cannot be opened"));
    }

    #[test]
    fn what_is_too_long_is_not_read_to_its_end() {
        let long = Duration::from_secs(600);
        let bounds = || Bounds { most: 100, idle: long, overall: long };
        assert!(error(collect(&bounds(), || Ok(io::repeat(0)))).contains("more than 1 MiB"));
        assert!(collect(&bounds(), || Ok(&[7u8; 100][..])).is_ok_and(|read| *read == vec![7; 100]));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_at_a_place_of_the_system_is_no_file() {
        assert!(regular(Path::new("/dev/zero"), 10).is_err());
        assert!(lines(Path::new("/dev/zero"), 10, |_| {}).is_err());
    }

    #[test]
    fn a_line_that_is_too_long_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("hosts");
        std::fs::write(&file, format!("a\n{}\nb", "x".repeat(1_000_000))).expect("a file");
        let mut told = Vec::new();
        lines(&file, u64::MAX, |line| told.push(line.to_owned())).expect("lines");
        assert_eq!(told, ["a", "b"]);
        assert!(regular(&file, 100).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_told_from_one_that_they_cannot() {
        use std::os::unix::fs::PermissionsExt;

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
            assert_eq!(readable_by_others(&file).as_deref(), readers, "{mode:o}");
        }
        for path in ["/dev/stdin", "/dev/null", "/proc/self/status", "/nowhere"] {
            assert_eq!(readable_by_others(path.as_ref()), None, "{path}");
        }
    }
}
