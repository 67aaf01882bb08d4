//! Opens files for reading and writing, with limits for size and time, because a path can name /dev/zero or a pipe that
//! no program writes to. All files are opened in this module. `tests/structure.rs` rejects other code that opens a
//! file.
//!
//! [`contents`] and [`report`] read files that the user names; these files can be pipes. [`regular`] and [`lines`] read
//! files at fixed paths of the system, where a pipe or a device is always an error. [`appended`], [`direct`] and
//! [`write`] open files for writing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

const MIB: u64 = 1024 * 1024;

/// The limits for reading one file.
struct Bounds {
    /// The maximum size in bytes.
    most: u64,
    /// The maximum time until the next bytes or the end of the file.
    idle: Duration,
    overall: Duration,
}

/// Limits for settings, certificates, keys, passwords and suites. The largest trust stores are half a megabyte in size.
/// The time limit allows for a program that prompts its user before it writes to a pipe.
const SMALL: Bounds = Bounds { most: 8 * MIB, idle: Duration::from_secs(20), overall: Duration::from_secs(20) };

/// Limits for saved reports, which can have thousands of targets. A check that writes to a pipe takes up to a minute
/// (`--max-time`), and does not write until it ends.
const REPORT: Bounds = Bounds { most: 128 * MIB, idle: Duration::from_secs(90), overall: Duration::from_secs(600) };

/// The maximum time to open a file. Opening a named pipe waits until another program opens its other end.
const OPENING: Duration = Duration::from_secs(20);

/// The memory for a file that does not state its length, in bytes.
const FIRST_READ: u64 = 4096;

/// The maximum length of a line in [`lines`], in bytes.
const MAX_LINE: u64 = 4096;

/// Reads a file that the user names. The bytes are overwritten when they are dropped.
pub(crate) fn contents(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let path = path.to_owned();
    collect(&SMALL, move || File::open(path))
}

/// Reads a saved report; `-` is standard input.
pub(crate) fn report(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    if path.as_os_str() == "-" {
        // The user chose the program that writes to standard input, so only the size is limited.
        let mut bytes = Zeroizing::new(Vec::new());
        io::stdin().lock().take(REPORT.most + 1).read_to_end(&mut bytes)?;
        return within(bytes, REPORT.most);
    }
    let path = path.to_owned();
    collect(&REPORT, move || File::open(path))
}

/// Reads a regular file at a fixed path of the system, up to `most` bytes.
pub(crate) fn regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = regular_file(path)?;
    // Files in /proc state no length.
    let length = file.metadata()?.len().clamp(FIRST_READ, most.saturating_add(1).max(FIRST_READ));
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default().saturating_add(1));
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    within(bytes, most)
}

/// Passes each line of a system file to `take`, and stops after `most` bytes. Lines that are too long are skipped. The
/// file is not loaded into memory, because `/etc/hosts` can be several megabytes in size if it contains lists of
/// blocked names.
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

/// Opens a file for reading as a stream.
pub(crate) fn streamed(path: &Path) -> io::Result<File> {
    let path = path.to_owned();
    in_time(OPENING, move || File::open(path))
}

/// Opens an existing regular file.
pub(crate) fn streamed_if_file(path: &Path) -> Option<File> {
    path.metadata().is_ok_and(|metadata| metadata.is_file()).then(|| streamed(path).ok()).flatten()
}

/// Opens a file for appending, and creates it if it does not exist.
pub(crate) fn appended(path: &Path) -> io::Result<File> {
    let path = path.to_owned();
    in_time(OPENING, move || File::options().append(true).create(true).open(path))
}

/// Opens a file for reading and writing, and creates it if it does not exist. Its content is kept. Only the owner can
/// read a new private file.
pub(crate) fn kept(path: &Path, is_private: bool) -> io::Result<File> {
    let path = path.to_owned();
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    if is_private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = is_private;
    in_time(OPENING, move || options.open(path))
}

/// Standard output as a file, without a buffer.
#[cfg(unix)]
pub(crate) fn standard_output() -> io::Result<File> {
    use std::os::fd::AsFd;

    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

/// Standard output as a file, without a buffer.
#[cfg(windows)]
pub(crate) fn standard_output() -> io::Result<File> {
    use std::os::windows::io::AsHandle;

    io::stdout().as_handle().try_clone_to_owned().map(File::from)
}

/// Standard input as a file, without a buffer.
#[cfg(unix)]
pub(crate) fn standard_input() -> io::Result<File> {
    use std::os::fd::AsFd;

    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// Standard input as a file, without a buffer.
#[cfg(windows)]
pub(crate) fn standard_input() -> io::Result<File> {
    use std::os::windows::io::AsHandle;

    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

/// Whether two open files are the same file.
#[cfg(unix)]
pub(crate) fn is_same(one: &File, other: &File) -> bool {
    use std::os::unix::fs::MetadataExt;

    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// Other systems do not provide the identity of an open file, so paths are compared.
#[cfg(not(unix))]
pub(crate) fn is_same(_: &File, _: &File) -> bool {
    false
}

/// Whether everything that is written to this file is discarded.
#[cfg(unix)]
pub(crate) fn is_null_device(file: &File) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    match (file.metadata(), std::fs::metadata("/dev/null")) {
        (Ok(one), Ok(null)) => one.file_type().is_char_device() && one.rdev() == null.rdev(),
        _ => false,
    }
}

/// This test is not available on other systems.
#[cfg(not(unix))]
pub(crate) fn is_null_device(_: &File) -> bool {
    false
}

/// Whether standard output was closed when this program started. In that case, Rust's standard library opens the null
/// device instead, for reading and writing. A shell that redirects the output to the null device opens it only for
/// writing.
#[cfg(unix)]
pub(crate) fn is_stdout_closed() -> bool {
    use std::os::fd::AsFd;

    use rustix::fs::{OFlags, fcntl_getfl};

    let stdout = io::stdout();
    let is_for_both = fcntl_getfl(&stdout).is_ok_and(|flags| flags.contains(OFlags::RDWR));
    is_for_both && stdout.as_fd().try_clone_to_owned().is_ok_and(|copy| is_null_device(&File::from(copy)))
}

/// Other systems do not have this test.
#[cfg(not(unix))]
pub(crate) fn is_stdout_closed() -> bool {
    false
}

/// Opens an existing device or pipe for writing.
pub(crate) fn direct(path: &Path) -> io::Result<File> {
    let path = path.to_owned();
    in_time(OPENING, move || File::options().write(true).open(path))
}

/// Writes a file. Existing content is replaced.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = path.to_owned();
    let mut file = in_time(OPENING, move || File::options().write(true).create(true).truncate(true).open(path))?;
    file.write_all(text.as_bytes())
}

/// Opens the terminal of this process.
#[cfg(unix)]
pub(crate) fn terminal() -> io::Result<File> {
    File::open("/dev/tty")
}

/// Runs `work` on a separate thread, and returns an error if it does not end in time.
pub(crate) fn in_time<T: Send + 'static>(
    most: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = mpsc::channel();
    // A thread that still waits for a pipe ends when the program ends.
    std::thread::Builder::new().name("file".to_owned()).spawn(move || {
        let _ = sender.send(work());
    })?;
    receiver.recv_timeout(most).unwrap_or_else(|_| {
        Err(io::Error::other(format!(
            "the file could not be opened within {} seconds; it may be a pipe that no other program has opened",
            most.as_secs()
        )))
    })
}

/// Whether a path names standard input or another open file of this process, so that it means a different file in other
/// processes.
pub(crate) fn is_of_this_process(path: &Path) -> bool {
    let beginnings = ["/dev/fd", "/dev/stdin", "/proc/self/fd"];
    beginnings.iter().any(|beginning| path.starts_with(beginning)) || path.as_os_str() == "-"
}

/// Returns a message if other users of this machine can read a file that contains a secret, and `None` if only its
/// owner can read it. Also returns `None` for pipes, devices and files that were opened for this program (`/dev/stdin`,
/// `/dev/fd/3`), and for files in `/run/secrets` and systemd credentials, whose modes the platform sets.
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

/// Other systems do not have Unix file modes.
#[cfg(not(unix))]
pub(crate) fn readable_by_others(_: &Path) -> Option<String> {
    None
}

/// Whether only the owner can access a file. False if the system does not have Unix file modes.
#[cfg(unix)]
pub(crate) fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).is_ok_and(|there| there.mode() & 0o077 == 0)
}

/// Other systems do not have Unix file modes.
#[cfg(not(unix))]
pub(crate) fn is_private(_: &Path) -> bool {
    false
}

/// The reason why a file cannot be read, with the same wording on every system.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory, not a file".to_owned(),
        _ => error.to_string(),
    }
}

/// The reason why a file cannot be created or written, with the same wording on every system.
pub(crate) fn write_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "the directory does not exist".to_owned(),
        _ => reason(error),
    }
}

/// Reads a file in pieces on a separate thread, so that the time limits apply even if a read never returns.
fn collect<R: Read>(
    bounds: &Bounds,
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> io::Result<Zeroizing<Vec<u8>>> {
    // The channel has room for only one piece, which limits the memory that the reading thread uses.
    let (sender, receiver) = mpsc::sync_channel::<io::Result<Option<Zeroizing<Vec<u8>>>>>(1);
    let most = bounds.most;
    std::thread::Builder::new().name("file".to_owned()).spawn(move || {
        let mut file = match open() {
            Ok(file) => file.take(most.saturating_add(1)),
            Err(error) => return drop(sender.send(Err(error))),
        };
        // `None` reports that the file is open.
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
            // An empty piece marks the end of the file. If the receiver was dropped, a limit was reached.
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
                // A vector that grows on its own would free memory without overwriting it.
                if bytes.capacity() - bytes.len() < piece.len() {
                    let mut larger = Zeroizing::new(Vec::with_capacity((bytes.len() + piece.len()) * 2));
                    larger.extend_from_slice(&bytes);
                    bytes = larger;
                }
                bytes.extend_from_slice(&piece);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) if bytes.is_empty() => {
                let waited = limit.as_secs();
                return Err(io::Error::other(format!("no data could be read within {waited} seconds")));
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other(format!(
                    "the file did not end within {} seconds",
                    began.elapsed().as_secs()
                )));
            }
        }
    }
}

fn within<B: AsRef<[u8]>>(bytes: B, most: u64) -> io::Result<B> {
    if bytes.as_ref().len() as u64 > most {
        return Err(io::Error::other(format!("the file is larger than {} MiB", most.div_ceil(MIB))));
    }
    Ok(bytes)
}

/// Opens a regular file.
pub(crate) fn regular_file(path: &Path) -> io::Result<File> {
    // Links are followed. Only a privileged user could replace the file between this test and the call to open.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
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

    /// A reader that blocks forever, after one byte if the value is true.
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
    fn reading_and_opening_end_at_the_time_limit() {
        assert!(error(collect(&BOUNDS, || Ok(Stuck(false)))).contains("no data could be read"));
        assert!(error(collect(&BOUNDS, || Ok(Stuck(true)))).contains("did not end"));
        let never = || -> io::Result<()> {
            loop {
                std::thread::park();
            }
        };
        assert!(error(in_time(SHORT, never)).contains("could not be opened"));
    }

    #[test]
    fn a_file_above_the_size_limit_is_rejected_without_reading_all_of_it() {
        let long = Duration::from_secs(600);
        let bounds = || Bounds { most: 100, idle: long, overall: long };
        assert!(error(collect(&bounds(), || Ok(io::repeat(0)))).contains("larger than 1 MiB"));
        assert!(collect(&bounds(), || Ok(&[7u8; 100][..])).is_ok_and(|read| *read == vec![7; 100]));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_rejected_where_a_regular_file_is_required() {
        assert!(regular(Path::new("/dev/zero"), 10).is_err());
        assert!(lines(Path::new("/dev/zero"), 10, |_| {}).is_err());
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("hosts");
        std::fs::write(&file, format!("a\n{}\nb", "x".repeat(1_000_000))).expect("a file");
        let mut found = Vec::new();
        lines(&file, u64::MAX, |line| found.push(line.to_owned())).expect("lines");
        assert_eq!(found, ["a", "b"]);
        assert!(regular(&file, 100).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn files_that_other_users_can_read_are_recognised() {
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
