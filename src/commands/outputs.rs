//! Files that are written in addition to the result: `--report` files, which are written atomically, and files that a
//! format appends to, such as the step summary of GitHub Actions. All files are opened before anything is sent, so that
//! a file that cannot be written is a usage error.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::CommandError;
use super::sink::{Draft, Readers};
use crate::cli::UsageError;
use crate::cli::flags::output::ReportFile;
use crate::host::{environment, file};
use crate::render::{Display, Format, SideFile};
use crate::report::Run;

pub(super) struct Outputs {
    files: Vec<(&'static Format, Draft)>,
    side_files: Vec<(SideFile, File)>,
}

impl Outputs {
    /// Opens all files. `main` is the format of the result itself.
    pub(super) fn begin(reports: &[ReportFile], main: &Format, readers: Readers) -> Result<Outputs, CommandError> {
        let wanted: Vec<(&'static Format, PathBuf)> =
            reports.iter().map(|report| (report.format.0, report.path.clone())).collect();
        let formats = std::iter::once(main).chain(wanted.iter().map(|(format, _)| *format));
        let side_files = side_files(formats)?;
        let open =
            |(format, path): (&'static Format, PathBuf)| Ok((format, Draft::begin_for("--report", &path, readers)?));
        let files = wanted.into_iter().map(open).collect::<Result<_, CommandError>>()?;
        Ok(Outputs { files, side_files })
    }

    /// Whether any file will be written.
    pub(super) fn are_any(&self) -> bool {
        !self.files.is_empty() || !self.side_files.is_empty()
    }

    /// Writes all files. If a file cannot be written, the other files are still written, and the first error is
    /// returned.
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

/// Rejects an output file that two flags would write, and an output file that would overwrite an input file. Different
/// paths to the same file are recognised.
pub(super) fn reject_clashes(
    output: Option<&Path>,
    reports: &[ReportFile],
    inputs: &[(&'static str, Option<&Path>)],
) -> Result<(), UsageError> {
    let outputs = output.map(|path| ("--output", path));
    let outputs = outputs.into_iter().chain(reports.iter().map(|report| ("--report", report.path.as_path())));
    let inputs: Vec<(&str, PathBuf)> =
        inputs.iter().filter_map(|(name, path)| Some((*name, real_file((*path)?)?))).collect();
    let mut written: Vec<PathBuf> = Vec::new();
    for (flag, path) in outputs {
        let Some(real) = real_file(path) else { continue };
        let error = |reason: String| UsageError::flag(flag, reason).with_value(path.display().to_string());
        if let Some((name, _)) = inputs.iter().find(|(_, input)| *input == real) {
            return Err(error(format!("this file is also read as {name}, and would be overwritten")));
        }
        if written.contains(&real) {
            return Err(error("two outputs would be written to the same file".to_owned()));
        }
        written.push(real);
    }
    Ok(())
}

/// The path after following all links. Returns `None` for a device or a pipe, which cannot be overwritten.
fn real_file(path: &Path) -> Option<PathBuf> {
    match path.canonicalize() {
        Ok(real) => real.is_file().then_some(real),
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(folder.canonicalize().ok()?.join(path.file_name()?))
        }
    }
}

/// Opens the files that the formats append to, each file once. Other programs append to the same files.
fn side_files<'a>(formats: impl Iterator<Item = &'a Format>) -> Result<Vec<(SideFile, File)>, CommandError> {
    let mut wanted: Vec<SideFile> = Vec::new();
    for side in formats.filter_map(|format| format.side_file) {
        if wanted.iter().all(|known| known.variable != side.variable) {
            wanted.push(side);
        }
    }
    let mut opened = Vec::new();
    for side in wanted {
        let Some(path) = environment::value(side.variable) else { continue };
        let wrong = |error| {
            CommandError::usage(format!(
                "{} {}: {}",
                side.variable,
                Path::new(&path).display(),
                file::write_reason(&error)
            ))
        };
        opened.push((side, file::appended(Path::new(&path)).map_err(wrong)?));
    }
    Ok(opened)
}
