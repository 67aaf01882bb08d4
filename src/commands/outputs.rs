//! Files beside the result: `--report FORMAT=FILE`, each written completely or not at all, and files that a format appends
//! to, such as the step summary of GitHub Actions. Whether each can be written is found out before anything is sent.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::CommandError;
use super::sink::{Draft, Readers};
use crate::cli::UsageError;
use crate::cli::flags::output::ReportFile;
use crate::host::file;
use crate::render::{Display, Format, SideFile};
use crate::report::Run;

pub(super) struct Outputs {
    files: Vec<(&'static Format, Draft)>,
    side_files: Vec<(SideFile, File)>,
}

impl Outputs {
    /// Opens all of them. `main` is the format of the result itself.
    pub(super) fn begin(reports: &[ReportFile], main: &Format, readers: Readers) -> Result<Outputs, CommandError> {
        let wanted: Vec<(&'static Format, PathBuf)> =
            reports.iter().map(|report| (report.format.0, report.path.clone())).collect();
        for (at, (_, path)) in wanted.iter().enumerate() {
            if wanted.iter().skip(at + 1).any(|(_, other)| other == path) {
                let error = UsageError::flag("--report", "two reports would be written to this file");
                return Err(error.with_value(path.display().to_string()).into());
            }
        }
        let formats = std::iter::once(main).chain(wanted.iter().map(|(format, _)| *format));
        let side_files = side_files(formats)?;
        let open =
            |(format, path): (&'static Format, PathBuf)| Ok((format, Draft::begin_for("--report", &path, readers)?));
        let files = wanted.into_iter().map(open).collect::<Result<_, CommandError>>()?;
        Ok(Outputs { files, side_files })
    }

    /// Whether there is anything to write.
    pub(super) fn are_any(&self) -> bool {
        !self.files.is_empty() || !self.side_files.is_empty()
    }

    /// Writes all of them. If one cannot be written, the others are written nevertheless, and the first error is returned.
    pub(super) fn write(self, run: &Run, look: &Display) -> Result<(), CommandError> {
        let look = look.for_file();
        let mut written = Ok(());
        for (format, draft) in self.files {
            written = written.and(draft.fill(&(format.render)(run, &look)));
        }
        for (side, mut file) in self.side_files {
            let text = (side.render)(run, &look);
            written = written.and(file.write_all(text.as_bytes()).map_err(CommandError::Output));
        }
        written
    }
}

/// The files that formats write beside their output, each once. Other programs append to the same file.
fn side_files<'a>(formats: impl Iterator<Item = &'a Format>) -> Result<Vec<(SideFile, File)>, CommandError> {
    let mut wanted: Vec<SideFile> = Vec::new();
    for side in formats.filter_map(|format| format.side_file) {
        if wanted.iter().all(|known| known.variable != side.variable) {
            wanted.push(side);
        }
    }
    let mut opened = Vec::new();
    for side in wanted {
        let Some(path) = std::env::var_os(side.variable).filter(|path| !path.is_empty()) else { continue };
        let wrong = |error| CommandError::usage(format!("{} {}: {error}", side.variable, Path::new(&path).display()));
        opened.push((side, file::appended(Path::new(&path)).map_err(wrong)?));
    }
    Ok(opened)
}
