//! Reports beside the result: `--report KIND=PATH`, each a file that appears whole or not at all, and the summary of a
//! step of GitHub Actions. That each can be written is found out before anything is sent.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::CommandError;
use super::sink::{Draft, Readers};
use crate::cli::UsageError;
use crate::cli::flags::output::ReportFile;
use crate::gather::file;
use crate::render::{Display, Format, markdown};
use crate::report::Run;

/// GitHub refuses a summary of more than 1 MiB; this many bytes leave room for those of other commands of the step.
const MOST: usize = 900_000;
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

pub(super) struct Outputs {
    files: Vec<(&'static Format, Draft)>,
    summary: Option<File>,
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
        let summary = main.name == "github" || wanted.iter().any(|(format, _)| format.name == "github");
        let open =
            |(format, path): (&'static Format, PathBuf)| Ok((format, Draft::begin_for("--report", &path, readers)?));
        let files = wanted.into_iter().map(open).collect::<Result<_, CommandError>>()?;
        Ok(Outputs { files, summary: if summary { step_summary()? } else { None } })
    }

    /// Writes all of them. The first trouble is told, and the others are written nevertheless.
    pub(super) fn write(self, run: &Run, look: &Display) -> Result<(), CommandError> {
        let look = look.for_file();
        let mut trouble = Ok(());
        for (format, draft) in self.files {
            trouble = trouble.and(draft.fill(&(format.render)(run, &look)));
        }
        if let Some(mut file) = self.summary {
            let text = markdown::cut(markdown::render_run(run, &look), MOST);
            trouble = trouble.and(file.write_all(text.as_bytes()).map_err(CommandError::Output));
        }
        trouble
    }
}

/// Other commands of the step write to the same file.
fn step_summary() -> Result<Option<File>, CommandError> {
    let Some(path) = std::env::var_os(SUMMARY).filter(|path| !path.is_empty()) else { return Ok(None) };
    let wrong = |error| CommandError::usage(format!("{SUMMARY} {}: {error}", Path::new(&path).display()));
    file::appended(Path::new(&path)).map(Some).map_err(wrong)
}
