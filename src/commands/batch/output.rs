//! Writes records to standard output or to a file. Each record is written in one step, so that a program that is killed
//! loses at most the record that it is writing. If a record cannot be written completely, the written part is removed
//! again, so that the output stays valid.

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::super::CommandError;
use super::super::sink::Readers;
use super::known::KnownTargets;
use crate::cli::UsageError;
use crate::host::file;
use crate::report::batch::{BatchTally, RecordReader, SavedLine};

/// How often the file is flushed to disk; a power failure loses at most the records written since the last flush.
const SYNC: Duration = Duration::from_secs(2);

/// The destination of the records.
pub(super) struct RecordFile {
    file: File,
    kind: FileKind,
    /// When the file was last flushed to disk.
    synced: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FileKind {
    /// A file, which can be shortened.
    Regular,
    /// A pipe, a terminal or a device.
    Stream,
}

impl RecordFile {
    /// Standard output.
    pub(super) fn stdout() -> io::Result<RecordFile> {
        let file = file::standard_output()?;
        Ok(RecordFile::of(file))
    }

    /// Opens the `--output` file and empties it.
    pub(super) fn replaced(path: &Path, readers: Readers) -> Result<RecordFile, CommandError> {
        let file = open(path, readers)?;
        let records = RecordFile::of(file);
        if records.kind == FileKind::Regular {
            records.file.set_len(0).map_err(CommandError::Output)?;
        }
        Ok(records)
    }

    /// Opens the `--output` file and keeps its records. They are counted in the tally, and their targets become known.
    /// An incomplete last record is removed.
    pub(super) fn resumed(
        path: &Path,
        readers: Readers,
        known: &mut KnownTargets,
        tally: &mut BatchTally,
    ) -> Result<(RecordFile, Repair), CommandError> {
        let wrong = |reason: String| {
            let error = UsageError::flag("--resume", reason).with_value(path.display().to_string());
            CommandError::from(error.with_hint("omit --resume to replace the file"))
        };
        let mut records = RecordFile::of(open(path, readers)?);
        if records.kind != FileKind::Regular {
            return Err(wrong("this is not a file".to_owned()));
        }
        let mut reader = RecordReader::new(BufReader::with_capacity(256 * 1024, &records.file));
        let mut repair = Repair::NotNeeded;
        loop {
            let number = tally.records() + 1;
            match reader.next_line().map_err(|error| wrong(error.to_string()))? {
                None => break,
                Some(SavedLine::Target(target)) => {
                    known.add_record(target.id);
                    tally.add(&target);
                }
                Some(SavedLine::Invalid { line, error }) => {
                    known.add_invalid(line);
                    tally.add_invalid(line, &error);
                }
                Some(SavedLine::Torn) => repair = Repair::Removed,
                Some(SavedLine::Foreign) => {
                    return Err(wrong(format!("record {number} was not written by smtpcheck batch")));
                }
            }
        }
        let complete = reader.complete();
        drop(reader);
        records.file.set_len(complete).map_err(CommandError::Output)?;
        records.file.seek(SeekFrom::End(0)).map_err(CommandError::Output)?;
        Ok((records, repair))
    }

    fn of(file: File) -> RecordFile {
        let is_regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let kind = if is_regular { FileKind::Regular } else { FileKind::Stream };
        RecordFile { file, kind, synced: Instant::now() }
    }

    /// Whether the records are written to `other`, the file that the input is read from.
    pub(super) fn is_same(&self, other: &File) -> bool {
        self.kind == FileKind::Regular && file::is_same(&self.file, other)
    }

    /// Whether the records are written to the null device. Rust's runtime library opens the null device if standard
    /// output was closed, so this is also true after `>&-`.
    pub(super) fn is_discarded(&self) -> bool {
        self.kind == FileKind::Stream && file::is_null_device(&self.file)
    }

    /// Writes one record.
    pub(super) fn write(&mut self, record: &str) -> io::Result<()> {
        let mut rest = record.as_bytes();
        let mut written = 0;
        let result = loop {
            if rest.is_empty() {
                break Ok(());
            }
            match self.file.write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    written += count as u64;
                    rest = rest.get(count..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        if result.is_err() && written > 0 {
            self.remove(written);
        }
        result
    }

    /// Removes the last bytes of the file, unless another program has appended to the file. An error here is ignored,
    /// because the error that led to the removal is reported.
    fn remove(&mut self, bytes: u64) {
        let Ok(end) = self.file.stream_position() else { return };
        let is_last = self.file.metadata().is_ok_and(|metadata| metadata.len() == end);
        if self.kind == FileKind::Regular && is_last {
            let _ = self.file.set_len(end.saturating_sub(bytes));
            let _ = self.file.seek(SeekFrom::End(0));
        }
    }

    /// Flushes the file to the disk, if some time has passed since the last flush.
    pub(super) fn sync_sometimes(&mut self) {
        if self.kind == FileKind::Regular && self.synced.elapsed() >= SYNC {
            self.synced = Instant::now();
            if let Ok(file) = self.file.try_clone() {
                // The checks must not wait for a slow disk. If an error occurs here, it occurs again at the end.
                let _ = std::thread::Builder::new().name("sync".to_owned()).spawn(move || file.sync_data());
            }
        }
    }

    /// Flushes the file to the disk.
    pub(super) fn finish(self) -> io::Result<()> {
        match self.kind {
            FileKind::Regular => self.file.sync_all(),
            FileKind::Stream => Ok(()),
        }
    }
}

/// What was done with the last line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repair {
    NotNeeded,
    Removed,
}

fn open(path: &Path, readers: Readers) -> Result<File, CommandError> {
    let wrong =
        |error: io::Error| CommandError::usage(format!("--output {}: {}", path.display(), file::write_reason(&error)));
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => {
            Err(CommandError::usage(format!("--output {}: this is a directory", path.display())))
        }
        Ok(there) if !there.is_file() => file::direct(path).map_err(wrong),
        _ => file::kept(path, readers == Readers::Owner).map_err(wrong),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;

    use super::super::super::sink::Readers;
    use super::super::known::{Duplicates, KnownTargets};
    use super::{RecordFile, Repair};
    use crate::render::batch::record;
    use crate::report::batch::{BatchRecord, BatchTally, InvalidLine};

    #[test]
    fn an_incomplete_last_record_is_removed_and_the_others_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("records");
        let record = |line| record::line(&BatchRecord::InvalidLine(InvalidLine::new(line, None, "x".to_owned())));
        let mut text = record(1) + &record(2);
        let length = text.len();
        text.push_str(&record(3)[..20]);
        std::fs::write(&path, &text).expect("a file");
        let mut known = KnownTargets::new(Duplicates::CheckedOnce);
        let mut tally = BatchTally::default();
        let opened = RecordFile::resumed(&path, Readers::Usual, &mut known, &mut tally);
        let (mut file, repair) = opened.expect("a file of records");
        assert_eq!((repair, tally.records()), (Repair::Removed, 2));
        assert!(known.has_invalid(2) && !known.has_invalid(3));
        file.write(&record(3)).expect("room");
        let whole = std::fs::read_to_string(&path).expect("readable");
        assert_eq!(whole, format!("{}{}", &text[..length], record(3)));
    }

    #[test]
    fn a_file_of_another_program_is_not_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notes");
        for text in ["buy milk\n", "buy milk", "{\"event\":\"start\"}\n"] {
            std::fs::write(&path, text).expect("a file");
            let mut known = KnownTargets::new(Duplicates::CheckedOnce);
            let opened = RecordFile::resumed(&path, Readers::Usual, &mut known, &mut BatchTally::default());
            assert!(opened.is_err());
            assert_eq!(std::fs::read_to_string(&path).expect("readable"), text);
        }
    }

    #[test]
    fn a_part_of_a_record_is_removed_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("records");
        let mut file = RecordFile::replaced(&path, Readers::Usual).expect("a file");
        file.write("one\n").expect("room");
        file.file.write_all(b"tw").expect("room");
        file.remove(2);
        file.write("three\n").expect("room");
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), "one\nthree\n");
    }
}
