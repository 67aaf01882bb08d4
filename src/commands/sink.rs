//! Writes the result to standard output or to a file. The file gets its final name only when it is complete.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::CommandError;
use crate::host::file;
use crate::plan::Plan;

/// The destination of the result.
pub(super) enum Sink {
    Stdout,
    /// The result of `--for` is the configuration, so the report is written here.
    Stderr,
    File(Draft),
}

/// The file from `--output`; `-` is standard output, as in curl.
pub(super) fn file_of(output: &Option<PathBuf>) -> Option<&Path> {
    output.as_deref().filter(|path| path.as_os_str() != "-")
}

/// Treats a closed pipe (`smtpcheck ... | head -1`) as success. The run continues to its end, so that the exit code is
/// correct and the report files are written.
pub(super) fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

impl Sink {
    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        match self {
            Sink::Stdout => {
                let mut stdout = io::stdout().lock();
                unless_closed(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
            }
            Sink::Stderr => {
                let mut stderr = io::stderr().lock();
                unless_closed(stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()))
            }
            Sink::File(draft) => draft.write(text.as_bytes()),
        }
    }

    pub(super) fn finish(self) -> Result<(), CommandError> {
        match self {
            Sink::Stdout | Sink::Stderr => Ok(()),
            Sink::File(draft) => draft.keep(),
        }
    }
}

/// An output file. It is written under a temporary name and renamed when it is complete. A device or a named pipe is
/// written directly, because renaming a file to /dev/null would delete the device.
pub(super) enum Draft {
    Complete {
        file: tempfile::NamedTempFile,
        path: PathBuf,
        /// The path that the user gave.
        given: PathBuf,
        /// The file that is replaced.
        before: Option<Box<std::fs::Metadata>>,
    },
    Direct {
        file: File,
        /// The path that the user gave.
        given: PathBuf,
    },
}

/// Who may read a new file. If an existing file is replaced, its mode is kept, because its owner chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// The default of the system, from the umask.
    Usual,
    /// Only the owner, because the file can contain the transcript of a login.
    Owner,
}

impl Readers {
    /// Who may read the reports of the given plans: only the owner, if any plan logs in.
    pub(super) fn of<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Readers {
        match plans.into_iter().any(|plan| plan.login.is_some()) {
            true => Readers::Owner,
            false => Readers::Usual,
        }
    }
}

impl Draft {
    /// Opens the `--output` file. Call this before anything is sent.
    pub(super) fn begin(path: &Path, readers: Readers) -> Result<Draft, CommandError> {
        Draft::begin_for("--output", path, readers)
    }

    /// Like [`Draft::begin`], for the file of another flag.
    pub(super) fn begin_for(flag: &str, path: &Path, readers: Readers) -> Result<Draft, CommandError> {
        let wrong = |error: io::Error| {
            CommandError::usage(format!("{flag} {}: {}", path.display(), file::write_reason(&error)))
        };
        // If the path is a link, the file that it points to is replaced.
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let before = std::fs::metadata(&real).ok().map(Box::new);
        match &before {
            Some(there) if there.is_dir() => {
                return Err(CommandError::usage(format!("{flag} {}: this is a directory", path.display())));
            }
            Some(there) if !there.is_file() => {
                let file = file::direct(&real).map_err(wrong)?;
                return Ok(Draft::Direct { file, given: path.to_owned() });
            }
            _ => {}
        }
        let folder = match real.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        // By default, only the owner can read a temporary file. If it replaces an existing file, it gets the mode of
        // that file when it is complete.
        #[cfg(unix)]
        if readers == Readers::Usual && before.is_none() {
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        }
        #[cfg(not(unix))]
        let _ = readers;
        let file = builder.tempfile_in(folder).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let (path, folder) = (path.display(), folder.display());
                CommandError::usage(format!("{flag} {path}: the directory {folder} does not exist"))
            }
            // The message does not contain the temporary name, because the user did not choose it.
            kind => wrong(kind.into()),
        })?;
        Ok(Draft::Complete { file, path: real, given: path.to_owned(), before })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            // The error of a `NamedTempFile` would contain its temporary name.
            Draft::Complete { file, given, .. } => file.as_file_mut().write_all(bytes).map_err(about(given)),
            Draft::Direct { file, given } => unless_closed(file.write_all(bytes)).map_err(about(given)),
        }
    }

    /// Writes the text, and gives the file its final name.
    pub(super) fn fill(mut self, text: &str) -> Result<(), CommandError> {
        self.write(text.as_bytes()).map_err(CommandError::Output)?;
        self.keep()
    }

    fn keep(self) -> Result<(), CommandError> {
        match self {
            Draft::Complete { file, path, given, before } => {
                let taken = before.map_or(Ok(()), |before| take_after(file.as_file(), &before));
                let complete = taken.and_then(|()| file.as_file().sync_all());
                let kept = complete.and_then(|()| file.persist(&path).map(|_| ()).map_err(|error| error.error));
                kept.map_err(about(&given)).map_err(CommandError::Output)
            }
            Draft::Direct { .. } => Ok(()),
        }
    }
}

/// Adds the path that the user gave to an error.
fn about(given: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: {}", given.display(), file::write_reason(&error)))
}

/// Copies the mode of another file, and its owner and group if the system allows it.
#[cfg(unix)]
fn take_after(file: &File, other: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let there = file.metadata()?;
    let mut mode = other.mode() & 0o777;
    let is_same = there.uid() == other.uid() && there.gid() == other.gid();
    if !is_same && std::os::unix::fs::fchown(file, Some(other.uid()), Some(other.gid())).is_err() {
        // If the group could not be copied, the members of the new group must not be able to read the file: they could
        // not read the old one.
        if there.gid() != other.gid() && std::os::unix::fs::fchown(file, None, Some(other.gid())).is_err() {
            mode &= 0o707;
        }
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

/// Systems other than Unix do not have file modes, so nothing is copied.
#[cfg(not(unix))]
fn take_after(_: &File, _: &std::fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{Draft, Readers};

    fn mode(path: &std::path::Path) -> u32 {
        std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn the_mode_of_a_replaced_file_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report");
        for kept in [0o600, 0o640, 0o644, 0o660, 0o400] {
            for readers in [Readers::Usual, Readers::Owner] {
                let _ = std::fs::remove_file(&path);
                std::fs::write(&path, "old").expect("a file");
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(kept)).expect("its owner");
                Draft::begin(&path, readers).expect("a draft").fill("new").expect("a file");
                assert_eq!((mode(&path), std::fs::read_to_string(&path).expect("readable").as_str()), (kept, "new"));
            }
        }
    }

    #[test]
    fn a_link_is_kept_and_its_target_keeps_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("report"), folder.path().join("link"));
        std::fs::write(&path, "old").expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its owner");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        Draft::begin(&link, Readers::Usual).expect("a draft").fill("new").expect("a file");
        assert_eq!(mode(&path), 0o600);
        assert!(std::fs::symlink_metadata(&link).expect("a link").is_symlink());
    }

    #[test]
    fn only_the_owner_can_read_a_new_file_that_can_contain_a_login() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report");
        Draft::begin(&path, Readers::Owner).expect("a draft").fill("new").expect("a file");
        assert_eq!(mode(&path), 0o600);
        let usual = folder.path().join("usual");
        std::fs::write(folder.path().join("any"), "").expect("a file");
        Draft::begin(&usual, Readers::Usual).expect("a draft").fill("new").expect("a file");
        assert_eq!(mode(&usual), mode(&folder.path().join("any")));
    }
}
