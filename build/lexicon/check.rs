//! Compares the entries of the lexicon with each other, and checks the rules that apply to all entries. Each problem is
//! a message with file and line.
//!
//! The tests of the program test the examples, and compare the entries with the program's rules and mechanisms.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::cause::Cause;
use super::context::ReplyPhase;
use super::entries::{DataFile, Entries, FixEntry, PhraseEntry};
use super::meaning::Confidence;
use super::normal::normal;

/// The closed lists whose words are strings in the program.
const KEYWORD_STATUSES: &[&str] = &["registered", "historic", "private", "masked"];
const PATTERNS: &[&str] = &["prefix"];
const STRENGTHS: &[&str] = &["strong", "plain-inside-tls", "obsolete", "token", "none", "private"];
const CLOUDS: &[&str] = &["cloud", "platform", "ci", "virtual"];
const PROVIDERS: &[&str] = &["mailbox", "relay", "inbound", "hosting", "local"];
const SOFTWARE: &[&str] = &["server", "provider", "gateway", "test", "mask"];
const SIGN_PLACES: &[&str] = &["ehlo", "reply"];
const CERTIFICATES: &[&str] = &["antivirus", "gateway", "default", "hosting", "local", "provider"];
const CERTIFICATE_PLACES: &[&str] = &["issuer", "subject", "san"];

/// All problems of all files.
pub(super) fn problems(entries: &Entries) -> Vec<String> {
    let known = Known::of(entries);
    let mut found = Vec::new();
    phrases(entries, &known, &mut found);
    errors(entries, &mut found);
    places(entries, &known, &mut found);
    codes(entries, &known, &mut found);
    software(entries, &known, &mut found);
    wordings(entries, &mut found);
    found
}

/// The ids to which entries refer.
struct Known<'a> {
    providers: BTreeSet<&'a str>,
    software: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(entries: &'a Entries) -> Known<'a> {
        let providers = entries.providers.entries.provider.iter().map(|entry| entry.id.get_ref().as_str());
        let software = entries.software.entries.software.iter().map(|entry| entry.id.get_ref().as_str());
        Known { providers: providers.collect(), software: software.collect() }
    }

    fn is_server(&self, id: &str) -> bool {
        self.providers.contains(id) || self.software.contains(id)
    }
}

/// The problems of one file.
struct Problems<'a, T> {
    file: &'a DataFile<T>,
    found: &'a mut Vec<String>,
}

impl<T> Problems<'_, T> {
    fn require(&mut self, holds: bool, place: Range<usize>, message: impl Into<String>) {
        if !holds {
            self.found.push(self.file.problem(place, &message.into()));
        }
    }

    /// Each id is in kebab-case, and used once.
    fn ids<'a>(&mut self, ids: impl Iterator<Item = &'a Spanned<String>>, used: &mut BTreeSet<String>) {
        for id in ids {
            let is_kebab = id.get_ref().split('-').all(|part| {
                !part.is_empty() && part.bytes().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit())
            });
            self.require(is_kebab, id.span(), format!("the id {:?} is not in kebab-case", id.get_ref()));
            let is_new = used.insert(id.get_ref().clone());
            self.require(is_new, id.span(), format!("the id {:?} is used twice", id.get_ref()));
        }
    }

    /// Literals must have the form in which the program searches for them.
    fn literals<'a>(&mut self, literals: impl IntoIterator<Item = &'a Spanned<String>>) {
        for literal in literals {
            let text = literal.get_ref();
            let is_normal = !text.is_empty() && text.trim() == normal(text);
            let message = format!("{text:?} is never found: write literals in lower case with single spaces");
            self.require(is_normal, literal.span(), message);
        }
    }

    fn word(&mut self, word: &Spanned<String>, known: &[&str]) {
        let message = format!("unknown word {:?}, expected one of {}", word.get_ref(), known.join(", "));
        self.require(known.contains(&word.get_ref().as_str()), word.span(), message);
    }

    fn reference(&mut self, id: Option<&Spanned<String>>, what: &str, is_known: impl Fn(&str) -> bool) {
        let Some(id) = id else { return };
        self.require(is_known(id.get_ref()), id.span(), format!("there is no {what} {:?}", id.get_ref()));
    }

    /// `5.7.1`, or `x.7.1` for any class.
    fn status(&mut self, status: &Spanned<String>) {
        let mut parts = status.get_ref().split('.');
        let is_class = parts.next().is_some_and(|class| ["x", "2", "4", "5"].contains(&class));
        let rest: Vec<&str> = parts.collect();
        let is_number = |part: &&str| part.len() <= 3 && part.parse::<u16>().is_ok();
        let is_status = is_class && rest.len() == 2 && rest.iter().all(is_number);
        self.require(is_status, status.span(), format!("{:?} is not an enhanced status code", status.get_ref()));
    }

    /// An entry with a meaning must also have a fix and, unless it is certain, another possible meaning.
    fn statement(&mut self, place: Range<usize>, (confidence, otherwise): (Confidence, bool), fix: &[FixEntry]) {
        let is_complete = confidence == Confidence::Certain || otherwise;
        self.require(is_complete, place.clone(), "`else` is required unless the confidence is certain");
        self.require(!fix.is_empty(), place, "`fix` is empty");
    }
}

fn phrases(entries: &Entries, known: &Known<'_>, found: &mut Vec<String>) {
    let mut ids = BTreeSet::new();
    for file in &entries.phrases {
        let mut problems = Problems { file, found };
        problems.ids(file.entries.phrase.iter().map(|entry| &entry.id), &mut ids);
        for entry in &file.entries.phrase {
            phrase(entry, known, &mut problems);
        }
    }
}

fn phrase<T>(entry: &PhraseEntry, known: &Known<'_>, problems: &mut Problems<'_, T>) {
    let place = entry.id.span();
    problems.literals(entry.all.iter().chain(&entry.any).chain(&entry.also).chain(&entry.none));
    entry.status.iter().flatten().for_each(|status| problems.status(status));
    problems.statement(place.clone(), (entry.confidence, entry.otherwise.is_some()), &entry.fix);
    let has_examples = !entry.matches.is_empty() && !entry.differs.is_empty();
    problems.require(has_examples, place.clone(), "`matches` and `differs` must each contain an example");
    // The wording of a provider's replies may be known even if its servers are not.
    let is_reachable = |id: &str| entry.anywhere || known.is_server(id);
    problems.reference(entry.provider.as_ref(), "provider or software", is_reachable);
    let can_arise = |phase: &ReplyPhase| *phase == ReplyPhase::Mail || entry.category.can_arise_at(*phase);
    let arises = entry.phase.as_ref().is_none_or(|phases| phases.iter().any(can_arise));
    problems.require(arises, place, "the category is impossible in all of the phases");
}

fn errors(entries: &Entries, found: &mut Vec<String>) {
    let mut ids = BTreeSet::new();
    for file in &entries.errors {
        let mut problems = Problems { file, found };
        problems.ids(file.entries.error.iter().map(|entry| &entry.id), &mut ids);
        for entry in &file.entries.error {
            let place = entry.id.span();
            problems.literals(entry.all.iter().chain(&entry.any).chain(&entry.also).chain(&entry.none));
            problems.statement(place.clone(), (entry.confidence, entry.otherwise.is_some()), &entry.fix);
            let has_literal = !entry.all.is_empty() || !entry.any.is_empty();
            problems.require(has_literal, place.clone(), "`all` and `any` are empty");
            let has_examples = !entry.matches.is_empty() && !entry.differs.is_empty();
            problems.require(has_examples, place, "`matches` and `differs` must each contain an example");
        }
    }
}

/// Providers, blocklists, clouds and programs.
fn places(entries: &Entries, known: &Known<'_>, found: &mut Vec<String>) {
    let file = &entries.providers;
    let mut problems = Problems { file, found };
    problems.ids(file.entries.provider.iter().map(|entry| &entry.id), &mut BTreeSet::new());
    for entry in &file.entries.provider {
        problems.word(&entry.kind, PROVIDERS);
        problems.literals(entry.banner_any.iter().chain(&entry.ehlo_any).chain(&entry.reply_any));
        if let Some(port) = &entry.recommended {
            let is_listed = entry.port.iter().any(|listed| listed.port == *port.get_ref());
            problems.require(is_listed, port.span(), format!("port {} is not among the ports", port.get_ref()));
        }
    }
    let file = &entries.blocklists;
    let mut problems = Problems { file, found };
    problems.ids(file.entries.blocklist.iter().map(|entry| &entry.id), &mut BTreeSet::new());
    for entry in &file.entries.blocklist {
        problems.literals(&entry.any);
    }
    let file = &entries.clouds;
    let mut problems = Problems { file, found };
    problems.ids(file.entries.cloud.iter().map(|entry| &entry.id), &mut BTreeSet::new());
    for entry in &file.entries.cloud {
        problems.word(&entry.kind, CLOUDS);
    }
    let file = &entries.programs;
    let mut problems = Problems { file, found };
    problems.ids(file.entries.program.iter().map(|entry| &entry.id), &mut BTreeSet::new());
    for entry in &file.entries.program {
        problems.literals(&entry.signs);
    }
    let file = &entries.software;
    let mut problems = Problems { file, found };
    problems.ids(file.entries.software.iter().map(|entry| &entry.id), &mut BTreeSet::new());
    for entry in &file.entries.software {
        problems.word(&entry.kind, SOFTWARE);
        problems.reference(entry.provider.as_ref(), "provider", |id| known.providers.contains(id));
    }
}

fn codes(entries: &Entries, known: &Known<'_>, found: &mut Vec<String>) {
    let file = &entries.codes;
    let mut problems = Problems { file, found };
    let mut used = BTreeSet::new();
    for entry in &file.entries.code {
        let (code, place) = (*entry.code.get_ref(), entry.code.span());
        problems.require(used.insert(code), place.clone(), format!("the code {code} is used twice"));
        problems.require((200..600).contains(&code), place.clone(), format!("{code} is not a reply code"));
        problems.require(!entry.example.is_empty(), place, "`example` is empty");
    }
    let file = &entries.statuses;
    let mut problems = Problems { file, found };
    for entry in &file.entries.status {
        problems.status(&entry.code);
    }
    for entry in &file.entries.deviation {
        [Some(&entry.code), entry.to.as_ref()].into_iter().flatten().for_each(|status| problems.status(status));
        let is_known = |id: &str| id == "any" || known.is_server(id);
        problems.reference(Some(&entry.provider), "provider or software", is_known);
    }
    let file = &entries.senders;
    let mut problems = Problems { file, found };
    for entry in &file.entries.sender {
        entry.status.iter().for_each(|status| problems.status(status));
        problems.statement(entry.to.span(), (entry.confidence, entry.otherwise.is_some()), &entry.fix);
        let has_condition = entry.category.is_some() || !entry.status.is_empty();
        problems.require(has_condition, entry.to.span(), "`category` and `status` are missing");
        let can_arise = entry.to.get_ref().can_arise_at(ReplyPhase::Mail);
        problems.require(can_arise, entry.to.span(), "this category is impossible at MAIL");
    }
    let file = &entries.keywords;
    let mut problems = Problems { file, found };
    for entry in &file.entries.keyword {
        problems.word(&entry.status, KEYWORD_STATUSES);
        entry.pattern.iter().for_each(|pattern| problems.word(pattern, PATTERNS));
    }
    let file = &entries.mechanisms;
    let mut problems = Problems { file, found };
    for entry in &file.entries.mechanism {
        problems.word(&entry.strength, STRENGTHS);
        entry.pattern.iter().for_each(|pattern| problems.word(pattern, PATTERNS));
    }
}

/// Each cause of a rejection must have one entry, because the classifier can return every cause.
fn wordings(entries: &Entries, found: &mut Vec<String>) {
    let file = &entries.wordings;
    let mut problems = Problems { file, found };
    let mut used = BTreeSet::new();
    for entry in &file.entries.wording {
        let place = entry.category.span();
        let is_new = used.insert(*entry.category.get_ref());
        problems.require(is_new, place.clone(), "the category is used twice");
        problems.statement(place, (Confidence::Possible, true), &entry.fix);
    }
    let missing = |cause: &Cause| !used.contains(cause) && !matches!(cause, Cause::Accepted | Cause::Other);
    for cause in Cause::all().filter(missing) {
        problems.require(false, 0..0, format!("{cause:?} has no entry"));
    }
}

/// Signs of software, other than greetings.
fn software(entries: &Entries, known: &Known<'_>, found: &mut Vec<String>) {
    let file = &entries.software;
    let mut problems = Problems { file, found };
    for entry in &file.entries.sign {
        problems.word(&entry.place, SIGN_PLACES);
        problems.literals([&entry.literal]);
        problems.reference(Some(&entry.software), "provider or software", |id| known.is_server(id));
    }
    for entry in &file.entries.mx {
        problems.reference(entry.provider.as_ref(), "provider", |id| known.providers.contains(id));
        problems.reference(entry.software.as_ref(), "software", |id| known.software.contains(id));
    }
    for entry in &file.entries.certificate {
        problems.word(&entry.place, CERTIFICATE_PLACES);
        problems.word(&entry.kind, CERTIFICATES);
        problems.reference(entry.provider.as_ref(), "provider", |id| known.providers.contains(id));
    }
}
