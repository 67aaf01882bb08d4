//! Where the result goes: standard output, or a file that appears under its name when it is whole.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Trouble;
use crate::gather::file;

/// Where the result goes.
pub(super) enum Sink {
    Stdout,
    File(Draft),
}

/// The file that `--output` names; `-` is standard output, as in curl.
pub(super) fn file_of(output: &Option<PathBuf>) -> Option<&Path> {
    output.as_deref().filter(|path| path.as_os_str() != "-")
}

/// A reader that has gone away (`smtpcheck ... | head -1`) is no failure: the run goes on to its end, so that the exit
/// code is that of the check, and files beside the result are written.
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
            Sink::File(draft) => draft.write(text.as_bytes()),
        }
    }

    pub(super) fn finish(self) -> Result<(), Trouble> {
        match self {
            Sink::Stdout => Ok(()),
            Sink::File(draft) => draft.keep(),
        }
    }
}

/// A file that appears under its name when it is whole, and not before. What is no file (a device, a named pipe) is
/// written to as it is: renaming over /dev/null would take it away from the whole machine.
pub(super) enum Draft {
    Whole { file: tempfile::NamedTempFile, path: PathBuf },
    Direct(File),
}

impl Draft {
    /// Finds out before anything is sent whether the file can be made.
    pub(super) fn begin(path: &Path) -> Result<Draft, Trouble> {
        Draft::begin_for("--output", path)
    }

    /// The same for the file of another flag.
    pub(super) fn begin_for(flag: &str, path: &Path) -> Result<Draft, Trouble> {
        let wrong = |error: io::Error| Trouble::Usage(format!("{flag} {}: {error}", path.display()));
        // A link is followed: the file behind it is meant.
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match std::fs::metadata(&real) {
            Ok(there) if there.is_dir() => {
                return Err(Trouble::Usage(format!("{flag} {}: this is a directory", path.display())));
            }
            Ok(there) if !there.is_file() => {
                return file::direct(&real).map(Draft::Direct).map_err(wrong);
            }
            _ => {}
        }
        let folder = match real.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let (path, folder) = (path.display(), folder.display());
                Trouble::Usage(format!("{flag} {path}: there is no directory {folder}"))
            }
            // Without the name of the draft, which means nothing to the user.
            kind => wrong(kind.into()),
        })?;
        Ok(Draft::Whole { file, path: real })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Draft::Whole { file, .. } => file.write_all(bytes),
            Draft::Direct(file) => unless_closed(file.write_all(bytes)),
        }
    }

    /// Writes the whole text, and lets the file appear.
    pub(super) fn fill(mut self, text: &str) -> Result<(), Trouble> {
        self.write(text.as_bytes()).map_err(Trouble::Output)?;
        self.keep()
    }

    fn keep(self) -> Result<(), Trouble> {
        match self {
            Draft::Whole { file, path } => {
                file.as_file().sync_all().map_err(Trouble::Output)?;
                file.persist(&path).map(|_| ()).map_err(|error| Trouble::Output(error.error))
            }
            Draft::Direct(_) => Ok(()),
        }
    }
}
