//! The entries of the lexicon, as they are in the files in `src/lexicon/data`. This file is the only list of their
//! keys. The build script compiles the entries into tables, and the tests of `src/lexicon` read their examples, which
//! are not in the tables.
//!
//! An unknown key, a missing key and an unknown word of a closed list are errors with file and line.
//!
//! `check.rs` compares the entries with each other. The header of each file describes its keys.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::cause::Cause;
use super::context::ReplyPhase;
use super::meaning::{Confidence, FixWhen};

/// The folder of the files, relative to the package.
pub(super) const FOLDER: &str = "src/lexicon/data";

/// All files.
pub(super) struct Entries {
    /// The files with phrases, in the order of their names.
    pub(super) phrases: Vec<DataFile<PhrasesFile>>,
    /// The files with error messages, in the order of their names.
    pub(super) errors: Vec<DataFile<ErrorsFile>>,
    pub(super) blocklists: DataFile<BlocklistsFile>,
    pub(super) clouds: DataFile<CloudsFile>,
    pub(super) codes: DataFile<CodesFile>,
    pub(super) statuses: DataFile<StatusesFile>,
    pub(super) keywords: DataFile<KeywordsFile>,
    pub(super) mechanisms: DataFile<MechanismsFile>,
    pub(super) programs: DataFile<ProgramsFile>,
    pub(super) providers: DataFile<ProvidersFile>,
    pub(super) senders: DataFile<SendersFile>,
    pub(super) software: DataFile<SoftwareFile>,
    pub(super) wordings: DataFile<WordingsFile>,
}

/// One file.
pub(super) struct DataFile<T> {
    name: String,
    text: String,
    pub(super) entries: T,
}

impl<T> DataFile<T> {
    /// A message about a place in the file.
    pub(super) fn problem(&self, place: Range<usize>, message: &str) -> String {
        problem(&self.name, &self.text, place.start, message)
    }
}

fn problem(name: &str, text: &str, place: usize, message: &str) -> String {
    let line = 1 + text.bytes().take(place).filter(|byte| *byte == b'\n').count();
    format!("{FOLDER}/{name}:{line}: {message}")
}

impl Entries {
    /// Reads all files. Fails with one message for each file that cannot be read.
    pub(super) fn read(package: &Path) -> Result<Entries, Vec<String>> {
        let names = names(package).map_err(|error| vec![format!("{FOLDER}: {error}")])?;
        let mut reader = Reader { package, problems: Vec::new(), unread: names };
        let entries = reader.all();
        let mut problems = reader.problems;
        problems.extend(reader.unread.iter().map(|name| format!("{FOLDER}/{name}: no loader reads this file")));
        match entries {
            Some(entries) if problems.is_empty() => Ok(entries),
            _ => Err(problems),
        }
    }

    /// All phrases, in order.
    pub(super) fn phrases(&self) -> impl Iterator<Item = &PhraseEntry> {
        self.phrases.iter().flat_map(|file| &file.entries.phrase)
    }

    /// All error messages, in order.
    pub(super) fn errors(&self) -> impl Iterator<Item = &ErrorEntry> {
        self.errors.iter().flat_map(|file| &file.entries.error)
    }
}

/// The names of the files, sorted.
fn names(package: &Path) -> std::io::Result<Vec<String>> {
    let files = std::fs::read_dir(package.join(FOLDER))?;
    let mut names: Vec<String> =
        files.map(|file| Ok(file?.file_name().to_string_lossy().into_owned())).collect::<std::io::Result<_>>()?;
    names.retain(|name| name.ends_with(".toml"));
    names.sort();
    Ok(names)
}

struct Reader<'a> {
    package: &'a Path,
    problems: Vec<String>,
    unread: Vec<String>,
}

impl Reader<'_> {
    /// Every file is read even if one of them is wrong, so that one run shows the errors in all of them.
    fn all(&mut self) -> Option<Entries> {
        let (phrases, errors) = (self.several("phrases-"), self.several("errors-"));
        let (blocklists, clouds) = (self.one("blocklists.toml"), self.one("clouds.toml"));
        let (codes, statuses) = (self.one("codes.toml"), self.one("status.toml"));
        let (keywords, mechanisms) = (self.one("keywords.toml"), self.one("mechanisms.toml"));
        let (programs, providers) = (self.one("programs.toml"), self.one("providers.toml"));
        let (senders, software) = (self.one("sender.toml"), self.one("software.toml"));
        let wordings = self.one("wordings.toml");
        Some(Entries {
            phrases: phrases?,
            errors: errors?,
            blocklists: blocklists?,
            clouds: clouds?,
            codes: codes?,
            statuses: statuses?,
            keywords: keywords?,
            mechanisms: mechanisms?,
            programs: programs?,
            providers: providers?,
            senders: senders?,
            software: software?,
            wordings: wordings?,
        })
    }

    fn several<T: DeserializeOwned>(&mut self, beginning: &str) -> Option<Vec<DataFile<T>>> {
        let names: Vec<String> = self.unread.iter().filter(|name| name.starts_with(beginning)).cloned().collect();
        let files: Vec<Option<DataFile<T>>> = names.iter().map(|name| self.one(name)).collect();
        files.into_iter().collect()
    }

    fn one<T: DeserializeOwned>(&mut self, name: &str) -> Option<DataFile<T>> {
        self.unread.retain(|unread| unread != name);
        let text = match std::fs::read_to_string(self.package.join(FOLDER).join(name)) {
            Ok(text) => text,
            Err(error) => {
                self.problems.push(format!("{FOLDER}/{name}: {error}"));
                return None;
            }
        };
        match toml::from_str(&text) {
            Ok(entries) => Some(DataFile { name: name.to_owned(), text, entries }),
            Err(error) => {
                let place = error.span().map_or(0, |span| span.start);
                self.problems.push(problem(name, &text, place, error.message()));
                None
            }
        }
    }
}

/// An action that the user can take.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FixEntry {
    pub(super) text: String,
    pub(super) command: Option<String>,
    pub(super) url: Option<String>,
    pub(super) when: Option<FixWhen>,
    /// Whether only an administrator of the server or of the recipient's domain can apply it.
    #[serde(default)]
    pub(super) administrator: bool,
    /// The id of the server software that it applies to.
    pub(super) software: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PhrasesFile {
    pub(super) phrase: Vec<PhraseEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PhraseEntry {
    pub(super) id: Spanned<String>,
    pub(super) provider: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) anywhere: bool,
    #[serde(default)]
    pub(super) general: bool,
    pub(super) phase: Option<Vec<ReplyPhase>>,
    pub(super) code: Option<Vec<u16>>,
    pub(super) class: Option<Vec<u16>>,
    pub(super) status: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) all: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) any: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) also: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) none: Vec<Spanned<String>>,
    pub(super) category: Cause,
    pub(super) confidence: Confidence,
    pub(super) means: String,
    #[serde(rename = "else")]
    pub(super) otherwise: Option<String>,
    pub(super) fix: Vec<FixEntry>,
    pub(super) source: String,
    pub(super) matches: Vec<String>,
    pub(super) differs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorsFile {
    pub(super) error: Vec<ErrorEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorEntry {
    pub(super) id: Spanned<String>,
    /// None if the program fails before it contacts a mail server, so that no check reports the fault.
    pub(super) rule: Option<String>,
    #[serde(default)]
    pub(super) generic: bool,
    #[serde(default)]
    pub(super) vagueness: u8,
    #[serde(default)]
    pub(super) instead_of_reply: bool,
    #[serde(default)]
    pub(super) alone: Vec<String>,
    #[serde(default)]
    pub(super) all: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) any: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) also: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) none: Vec<Spanned<String>>,
    pub(super) confidence: Confidence,
    pub(super) means: String,
    #[serde(rename = "else")]
    pub(super) otherwise: Option<String>,
    pub(super) fix: Vec<FixEntry>,
    pub(super) source: String,
    pub(super) matches: Vec<String>,
    pub(super) differs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlocklistsFile {
    pub(super) blocklist: Vec<BlocklistEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlocklistEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: String,
    pub(super) any: Vec<Spanned<String>>,
    /// The meaning of an entry in the list.
    pub(super) means: String,
    pub(super) removal: String,
    /// The kind of entries: `ip`, `domain` or `network`.
    pub(super) kind: String,
    /// Who must act first: `sender`, `provider` or `receiver`.
    pub(super) who: String,
    /// False if the list has been shut down.
    pub(super) active: bool,
    #[serde(default)]
    pub(super) fix: Vec<FixEntry>,
    pub(super) source: String,
    pub(super) example: String,
    pub(super) counter_example: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CloudsFile {
    pub(super) cloud: Vec<CloudEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CloudEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: String,
    pub(super) kind: Spanned<String>,
    #[serde(default)]
    pub(super) env: Vec<String>,
    #[serde(default)]
    pub(super) dmi: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) host_suffix: Vec<String>,
    pub(super) blocks: Vec<u16>,
    pub(super) certainty: Confidence,
    pub(super) means: String,
    #[serde(default)]
    pub(super) fix: Vec<FixEntry>,
    pub(super) source: String,
    pub(super) example: BTreeMap<String, String>,
    pub(super) counter_example: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodesFile {
    pub(super) class: Vec<ClassEntry>,
    pub(super) phase: Vec<ClassAtEntry>,
    pub(super) code: Vec<CodeEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassEntry {
    pub(super) digit: u16,
    pub(super) meaning: String,
    pub(super) category: Cause,
    pub(super) confidence: Confidence,
    pub(super) means: String,
    #[serde(rename = "else")]
    pub(super) otherwise: Option<String>,
    pub(super) fix: Vec<FixEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassAtEntry {
    pub(super) phase: Vec<ReplyPhase>,
    pub(super) digit: u16,
    pub(super) category: Cause,
    pub(super) confidence: Confidence,
    pub(super) means: String,
    #[serde(rename = "else")]
    pub(super) otherwise: Option<String>,
    pub(super) fix: Vec<FixEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeEntry {
    pub(super) code: Spanned<u16>,
    pub(super) meaning: String,
    pub(super) reference: String,
    pub(super) category: Cause,
    #[serde(default)]
    pub(super) at: Vec<CodeAtEntry>,
    pub(super) example: Vec<CodeExample>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeAtEntry {
    pub(super) phase: Vec<ReplyPhase>,
    pub(super) category: Cause,
    pub(super) confidence: Confidence,
    pub(super) means: String,
    #[serde(rename = "else")]
    pub(super) otherwise: Option<String>,
    pub(super) fix: Vec<FixEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeExample {
    pub(super) phase: Option<ReplyPhase>,
    pub(super) reply: String,
    pub(super) expect: Cause,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusesFile {
    pub(super) status: Vec<StatusEntry>,
    pub(super) deviation: Vec<DeviationEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusEntry {
    pub(super) code: Spanned<String>,
    pub(super) text: String,
    pub(super) reference: String,
    #[serde(default)]
    pub(super) basic: Vec<u16>,
    pub(super) meaning: String,
    pub(super) category: Cause,
    pub(super) category4: Option<Cause>,
    pub(super) category5: Option<Cause>,
    pub(super) confidence: Confidence,
    #[serde(default)]
    pub(super) generic: bool,
    #[serde(rename = "else")]
    pub(super) otherwise: Option<String>,
    #[serde(default)]
    pub(super) fix: Vec<FixEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviationEntry {
    pub(super) code: Spanned<String>,
    pub(super) to: Option<Spanned<String>>,
    pub(super) provider: Spanned<String>,
    #[serde(default)]
    pub(super) decisive: bool,
    #[serde(default)]
    pub(super) basic: Vec<u16>,
    pub(super) means: String,
    pub(super) category: Cause,
    pub(super) confidence: Confidence,
    #[serde(rename = "else")]
    pub(super) otherwise: Option<String>,
    #[serde(default)]
    pub(super) fix: Vec<FixEntry>,
    pub(super) source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeywordsFile {
    pub(super) keyword: Vec<KeywordEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeywordEntry {
    pub(super) keyword: Spanned<String>,
    pub(super) pattern: Option<Spanned<String>>,
    pub(super) reference: String,
    pub(super) status: Spanned<String>,
    pub(super) meaning: String,
    pub(super) says: String,
    pub(super) absent: Option<String>,
    pub(super) source: Option<String>,
    pub(super) example: String,
    pub(super) counter_example: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MechanismsFile {
    pub(super) mechanism: Vec<MechanismEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MechanismEntry {
    pub(super) name: Spanned<String>,
    pub(super) pattern: Option<Spanned<String>>,
    pub(super) reference: String,
    pub(super) secret_on_wire: String,
    pub(super) strength: Spanned<String>,
    pub(super) remark: String,
    /// Whether smtpcheck can log in with the mechanism.
    pub(super) can_smtpcheck: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramsFile {
    pub(super) program: Vec<ProgramEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: String,
    #[serde(default)]
    pub(super) also: Vec<String>,
    #[serde(default)]
    pub(super) application: bool,
    #[serde(default)]
    pub(super) signs: Vec<Spanned<String>>,
    pub(super) note: String,
    pub(super) source: String,
    #[serde(default)]
    pub(super) advice: Vec<AdviceEntry>,
    pub(super) matches: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdviceEntry {
    pub(super) rules: Vec<String>,
    pub(super) fix: FixEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProvidersFile {
    pub(super) provider: Vec<ProviderEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: String,
    pub(super) kind: Spanned<String>,
    pub(super) hosts: Vec<String>,
    #[serde(default)]
    pub(super) also: Vec<String>,
    #[serde(default)]
    pub(super) not_for_sending: Vec<String>,
    pub(super) platform: Option<String>,
    pub(super) mailboxes: Option<String>,
    #[serde(default)]
    pub(super) user_is_local_part: bool,
    pub(super) user_is: Option<String>,
    #[serde(default)]
    pub(super) port: Vec<PortEntry>,
    pub(super) recommended: Option<Spanned<u16>>,
    pub(super) why: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) password_url: Option<String>,
    #[serde(default)]
    pub(super) auth: Vec<String>,
    pub(super) rule: Option<String>,
    #[serde(default)]
    pub(super) starttls_always: bool,
    pub(super) sees_after_data: Option<String>,
    #[serde(default)]
    pub(super) sender_checked_after_data: bool,
    #[serde(default)]
    pub(super) banner_any: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) cert_any: Vec<String>,
    #[serde(default)]
    pub(super) ehlo_any: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) reply_any: Vec<Spanned<String>>,
    pub(super) reviewed: String,
    pub(super) source: String,
    pub(super) example: ProviderExample,
    pub(super) counter_example: ProviderExample,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PortEntry {
    pub(super) port: u16,
    pub(super) tls: PortTlsEntry,
}

/// The words for `PortTls`, under its names.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PortTlsEntry {
    Implicit,
    Starttls,
    Plain,
    StarttlsOrPlain,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderExample {
    pub(super) host: Option<String>,
    pub(super) banner: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SendersFile {
    pub(super) sender: Vec<SenderEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SenderEntry {
    pub(super) category: Option<Cause>,
    #[serde(default)]
    pub(super) status: Vec<Spanned<String>>,
    pub(super) to: Spanned<Cause>,
    pub(super) confidence: Confidence,
    pub(super) means: String,
    #[serde(rename = "else")]
    pub(super) otherwise: Option<String>,
    pub(super) fix: Vec<FixEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SoftwareFile {
    pub(super) software: Vec<SoftwareEntry>,
    pub(super) sign: Vec<SignEntry>,
    pub(super) mx: Vec<MxEntry>,
    pub(super) certificate: Vec<CertificateEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SoftwareEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: String,
    pub(super) regex: Spanned<String>,
    pub(super) kind: Spanned<String>,
    pub(super) provider: Option<Spanned<String>>,
    pub(super) source: Option<String>,
    pub(super) example: String,
    pub(super) counter_example: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignEntry {
    pub(super) software: Spanned<String>,
    #[serde(rename = "where")]
    pub(super) place: Spanned<String>,
    pub(super) literal: Spanned<String>,
    pub(super) source: String,
    pub(super) example: String,
    pub(super) counter_example: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MxEntry {
    pub(super) suffix: String,
    pub(super) prefix: Option<String>,
    pub(super) name: String,
    pub(super) provider: Option<Spanned<String>>,
    pub(super) software: Option<Spanned<String>>,
    pub(super) source: String,
    pub(super) example: String,
    pub(super) counter_example: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateEntry {
    #[serde(rename = "where")]
    pub(super) place: Spanned<String>,
    pub(super) literal: String,
    #[serde(default)]
    pub(super) equals: bool,
    pub(super) meaning: String,
    pub(super) kind: Spanned<String>,
    pub(super) provider: Option<Spanned<String>>,
    pub(super) means: String,
    #[serde(default)]
    pub(super) fix: Vec<FixEntry>,
    pub(super) source: Option<String>,
    pub(super) example: String,
    pub(super) counter_example: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WordingsFile {
    pub(super) wording: Vec<WordingEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WordingEntry {
    pub(super) category: Spanned<Cause>,
    pub(super) means: String,
    pub(super) fix: Vec<FixEntry>,
}
