//! Finds the replies of servers in what people have: logs of Postfix, Exim, Sendmail, OpenSMTPD, qmail and Exchange,
//! bounces (DSN), transcripts of smtpcheck, swaks and curl, and replies as they came. With each reply goes what the
//! line tells about it: the step, and the host that said it.
//!
//! Promises: it never fails and never panics, whatever the bytes are; it looks at [`MAX_LINE`] bytes of a line and
//! keeps at most [`MAX_HELD`] of a reply that spans lines; a line without a reply costs one pass of a byte search.
//! Does not: say what a reply means, which is [`crate::lexicon::read`]'s; report faults that no server told, such as
//! `Connection timed out`.
//!
//! How a line is read, in this order:
//! 1. One pass looks for the words that stand before replies (`MARKS`); a line with none of them, and without a code, a
//!    command or an arrow at its start, is nothing.
//! 2. A mark's row says what the words around it tell. The first code that follows begins the reply.
//! 3. `550-` is held until `550 ` or another line comes; a header or a `said:` is held while lines begin with a blank.
//!
//! Read next: [`crate::lexicon::read`].

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::lexicon::{Context, ReplyPhase, phrases, tables};
use crate::wire::{Class, EnhancedStatus, ReplyCode, reply};

/// Bytes of a line that are looked at.
pub const MAX_LINE: usize = 64 * 1024;
/// Bytes of one reply over several lines that are kept.
pub const MAX_HELD: usize = 64 * 1024;
/// Conversations whose last commands are remembered (Exchange writes many at once).
const MAX_SESSIONS: usize = 256;
/// Replies of a bounce's text that are remembered until its headers.
const MAX_QUOTED: usize = 16;

/// A reply that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundReply {
    /// The number of the line where it begins, from 1.
    pub line: u64,
    /// The reply, one line each with LF between, as `wire::reply::from_text` reads it.
    pub text: String,
    /// The step, if the log tells it or the code allows only one.
    pub step: Option<ReplyPhase>,
    /// The host that said it, lower case, if the log tells it.
    pub host: Option<String>,
}

/// What stands before a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReplyPrefix {
    /// Postfix: `host x[1.2.3.4] said: 550 ... (in reply to RCPT TO command)`; also qmail's `Remote host said:`.
    Said,
    /// Postfix: `refused to talk to me: 554 ...`.
    Greeting,
    /// Postfix: `refused to start TLS: 454 ...`.
    Starttls,
    /// Postfix smtpd: `reject: RCPT from x[1.2.3.4]: 550 ...; from=<`.
    Reject,
    /// Exim: `SMTP error from remote mail server after RCPT TO:<x>: host y [1.2.3.4]: 550 ...`.
    Exim,
    /// Sendmail: `dsn=5.1.1, stat=User unknown`, `stat=Deferred: 450 ...`; OpenSMTPD: `stat="550 ..."`.
    Stat,
    /// Sendmail: `reject=550 ...`, `reply=550 ...`.
    Field,
    /// A header of a bounce.
    Diagnostic,
    /// A header of a bounce: who said it.
    RemoteMta,
    /// Exchange protocol log.
    Exchange,
    /// An arrow of a transcript.
    Arrow,
    /// A word after which some program quotes a reply.
    Quote,
    /// A blank, a code and the beginning of an enhanced status; nothing else is known.
    Status,
}

/// The words, most telling first: of two in one line the earlier row is tried first.
const MARKS: &[(&str, ReplyPrefix)] = &[
    ("Diagnostic-Code:", ReplyPrefix::Diagnostic),
    ("Diagnostic-code:", ReplyPrefix::Diagnostic),
    ("diagnostic-code:", ReplyPrefix::Diagnostic),
    ("Remote-MTA:", ReplyPrefix::RemoteMta),
    ("Remote-Mta:", ReplyPrefix::RemoteMta),
    (",<,", ReplyPrefix::Exchange),
    (",>,", ReplyPrefix::Exchange),
    (" refused to talk to me: ", ReplyPrefix::Greeting),
    (" refused to start TLS: ", ReplyPrefix::Starttls),
    (" said: ", ReplyPrefix::Said),
    ("_said:_", ReplyPrefix::Said),
    ("reject: ", ReplyPrefix::Reject),
    ("SMTP error from remote mail", ReplyPrefix::Exim),
    ("reject=", ReplyPrefix::Field),
    ("reply=", ReplyPrefix::Field),
    ("stat=", ReplyPrefix::Stat),
    ("LED=", ReplyPrefix::Quote),
    ("rejected: ", ReplyPrefix::Quote),
    ("deferred: ", ReplyPrefix::Quote),
    ("bounced: ", ReplyPrefix::Quote),
    ("response: ", ReplyPrefix::Quote),
    ("status=sent (", ReplyPrefix::Quote),
    (" C=\"", ReplyPrefix::Quote),
    ("<-", ReplyPrefix::Arrow),
    ("<~", ReplyPrefix::Arrow),
    ("<**", ReplyPrefix::Arrow),
    ("->", ReplyPrefix::Arrow),
    ("~>", ReplyPrefix::Arrow),
    ("\u{2190} ", ReplyPrefix::Arrow),
    ("\u{2192} ", ReplyPrefix::Arrow),
    // `x50 5.` and `x50 4.`: the last digit of a code and the first of a status.
    ("0 5.", ReplyPrefix::Status),
    ("1 5.", ReplyPrefix::Status),
    ("2 5.", ReplyPrefix::Status),
    ("3 5.", ReplyPrefix::Status),
    ("4 5.", ReplyPrefix::Status),
    ("5 5.", ReplyPrefix::Status),
    ("0 4.", ReplyPrefix::Status),
    ("1 4.", ReplyPrefix::Status),
    ("2 4.", ReplyPrefix::Status),
    ("4 4.", ReplyPrefix::Status),
];

static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = MARKS.iter().map(|(word, _)| word);
    let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(words);
    search.unwrap_or_else(|error| unreachable!("a few short literals: {error}"))
});

/// Reads lines one after the other.
#[derive(Debug, Default)]
pub struct Finder {
    line: u64,
    held: Option<UnfinishedReply>,
    sessions: HashMap<String, VecDeque<ReplyPhase>>,
    /// Exim's bounces have the reply on the line after `SMTP error from remote mail server after ...:`.
    awaited: Option<ReplyPhase>,
    remote: Option<String>,
    /// The last replies: a bounce quotes each one in its text and once more in a header.
    quoted: VecDeque<String>,
}

/// A reply that may go on in the next line.
#[derive(Debug)]
struct UnfinishedReply {
    line: u64,
    cut: ExtractedReply,
    /// The whole text of a header or a `said:`, which may go on in lines that begin with a blank.
    folded: Option<String>,
}

/// A reply cut out of a line.
#[derive(Clone, Debug)]
struct ExtractedReply {
    text: String,
    step: Option<ReplyPhase>,
    host: Option<String>,
    /// The line is a line of the reply itself, so that the next one may be too.
    is_line: bool,
}

impl ExtractedReply {
    fn of(text: impl Into<String>) -> ExtractedReply {
        ExtractedReply { text: text.into(), step: None, host: None, is_line: false }
    }

    fn at(self, step: Option<ReplyPhase>) -> ExtractedReply {
        ExtractedReply { step: step.or(self.step), ..self }
    }

    fn by(self, host: Option<String>) -> ExtractedReply {
        ExtractedReply { host: host.or(self.host), ..self }
    }

    /// Whether `550-` was the last line of it.
    fn is_open(&self) -> bool {
        self.text.rsplit('\n').next().is_some_and(|last| last.as_bytes().get(3) == Some(&b'-'))
    }
}

impl Finder {
    /// Takes one line, without or with its line end; tells what it completes.
    pub fn push(&mut self, line: &[u8], tell: &mut impl FnMut(FoundReply)) {
        self.line += 1;
        let line = line.get(..MAX_LINE).unwrap_or(line);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = if self.line == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        if self.held.is_none() && self.awaited.is_none() && !may_hold(line) {
            // The headers of one recipient in a bounce end with an empty line.
            if line.is_empty() {
                self.remote = None;
            }
            return;
        }
        self.read(&String::from_utf8_lossy(line), tell);
    }

    /// The end of the input: tells what was held.
    pub fn finish(&mut self, tell: &mut impl FnMut(FoundReply)) {
        if let Some(held) = self.held.take() {
            self.release(held, tell);
        }
    }

    fn read(&mut self, line: &str, tell: &mut impl FnMut(FoundReply)) {
        if let Some(mut held) = self.held.take() {
            if held.goes_on(line) {
                self.held = Some(held);
                return;
            }
            self.release(held, tell);
        }
        let awaited = self.awaited.take();
        let cut = self.cut(line).or_else(|| {
            let step = awaited?;
            Some(ExtractedReply::of(first_reply(line)?).by(named_host(line)))
                .map(|cut| ExtractedReply { is_line: true, ..cut }.at(Some(step)))
        });
        let Some(cut) = cut else { return };
        let cut = if awaited.is_some() { ExtractedReply { step: cut.step.or(awaited), ..cut } } else { cut };
        let folded = (line.contains("iagnostic-") || line.contains(" said: ") && !line.contains("(in reply to "))
            .then(|| line.to_owned());
        let held = UnfinishedReply { line: self.line, cut, folded };
        if held.folded.is_some() || held.cut.is_open() {
            self.held = Some(held);
        } else {
            self.release(held, tell);
        }
    }

    fn release(&mut self, held: UnfinishedReply, tell: &mut impl FnMut(FoundReply)) {
        let UnfinishedReply { line, cut, folded } = held;
        let is_header = folded.as_ref().is_some_and(|whole| whole.contains("iagnostic-"));
        // What the first line alone told may have been cut in the middle.
        let cut = folded.and_then(|whole| self.cut(&whole)).unwrap_or(cut);
        let text = unfolded(&cut.text);
        if is_header && self.was_quoted(&text) {
            return;
        }
        if !is_header {
            self.quoted.truncate(MAX_QUOTED - 1);
            self.quoted.push_front(text.clone());
        }
        let code = text.as_bytes().get(..3).and_then(ReplyCode::parse);
        tell(FoundReply { line, text, step: cut.step.or_else(|| code.and_then(step_of)), host: cut.host });
    }

    /// Whether a header of a bounce repeats a reply that stands in its text, line ends and blanks aside. Each repeats once.
    fn was_quoted(&mut self, text: &str) -> bool {
        let same = |known: &String| known.split_whitespace().eq(text.split_whitespace());
        let at = self.quoted.iter().position(same);
        at.and_then(|at| self.quoted.remove(at)).is_some()
    }

    /// The reply in one line.
    fn cut(&mut self, line: &str) -> Option<ExtractedReply> {
        if let Some(cut) = bare(line) {
            let step = self.answered("", &cut);
            return Some(ExtractedReply { is_line: true, ..cut }.at(step));
        }
        if let Some(step) = command(line.trim()) {
            self.commanded("", step);
            return None;
        }
        if let Some(said) = spoken(line) {
            return self.received("", said);
        }
        let mut hits: Vec<(usize, usize)> =
            SEARCH.find_iter(line).map(|hit| (hit.pattern().as_usize(), hit.end())).collect();
        hits.sort_unstable();
        hits.dedup_by_key(|(pattern, _)| *pattern);
        hits.into_iter().find_map(|(pattern, end)| {
            let (_, mark) = MARKS.get(pattern)?;
            let (before, after) = line.split_at_checked(end)?;
            self.marked(*mark, line, before, after)
        })
    }

    fn marked(&mut self, mark: ReplyPrefix, line: &str, before: &str, after: &str) -> Option<ExtractedReply> {
        match mark {
            ReplyPrefix::Said => reply_after(before, after),
            ReplyPrefix::Greeting => {
                Some(closed(line, first_reply(after)?).at(Some(ReplyPhase::Greeting)).by(named_host(before)))
            }
            ReplyPrefix::Starttls => {
                Some(closed(line, first_reply(after)?).at(Some(ReplyPhase::Starttls)).by(named_host(before)))
            }
            ReplyPrefix::Reject => {
                let text = first_reply(after)?;
                let end = text.find("; from=<").or_else(|| text.find("; proto=")).unwrap_or(text.len());
                Some(ExtractedReply::of(text.get(..end)?).at(step_word(after)))
            }
            ReplyPrefix::Exim => {
                let step = after.split_once(" after ").and_then(|(_, words)| step_word(words));
                let Some(text) = first_reply(after) else {
                    self.awaited = step.filter(|_| after.trim_end().ends_with(':'));
                    return None;
                };
                Some(ExtractedReply { is_line: true, ..ExtractedReply::of(text).at(step).by(named_host(after)) })
            }
            ReplyPrefix::Field => Some(ExtractedReply::of(at_start(after.trim_start_matches('"'))?).at(ruleset(line))),
            ReplyPrefix::Stat => stat(line, after),
            ReplyPrefix::Diagnostic => {
                let after = after.split_once(';').map_or(after, |(_, value)| value).trim_start();
                let cut = match after.split_once(" said: ") {
                    Some((before, words)) => reply_after(before, words),
                    None => first_reply(after).map(ExtractedReply::of),
                };
                Some(cut?.by(self.remote.clone()))
            }
            ReplyPrefix::RemoteMta => {
                let (_, name) = after.split_once(';')?;
                self.remote = host_name(name);
                None
            }
            ReplyPrefix::Exchange => {
                let mut fields = line.splitn(8, ',');
                let session = fields.nth(2)?.to_owned();
                let data = fields.nth(4)?;
                self.received(&session, &csv(data))
            }
            // `spoken` has seen those that stand where arrows stand.
            ReplyPrefix::Arrow => None,
            ReplyPrefix::Quote => {
                let text = at_start(after)?;
                let end = text.find(['"', '}']).unwrap_or(text.len());
                Some(closed(line, text.get(..end)?))
            }
            ReplyPrefix::Status => {
                // The mark ends two bytes after the code.
                let start = before.len().checked_sub(6)?;
                let free = start == 0 || !before.as_bytes().get(start - 1)?.is_ascii_alphanumeric();
                let text = line.get(start..)?;
                let code = text.as_bytes().get(..3).and_then(ReplyCode::parse)?;
                let (status, _) = EnhancedStatus::lead(text.get(4..)?)?;
                (free && u16::from(status.class()) == code.number() / 100).then(|| closed(line, text))
            }
        }
    }

    /// Something that one side of a conversation said.
    fn received(&mut self, session: &str, words: &str) -> Option<ExtractedReply> {
        if let Some(text) = at_start(words) {
            let cut = ExtractedReply { is_line: true, ..ExtractedReply::of(text) };
            let step = self.answered(session, &cut);
            return Some(cut.at(step));
        }
        if let Some(step) = command(words) {
            self.commanded(session, step);
        }
        None
    }

    fn commanded(&mut self, session: &str, step: ReplyPhase) {
        if self.sessions.len() >= MAX_SESSIONS && !self.sessions.contains_key(session) {
            self.sessions.clear();
        }
        let waiting = self.sessions.entry(session.to_owned()).or_default();
        waiting.push_back(step);
        // More commands than any client pipelines: replies are missing in this log.
        if waiting.len() > 100 {
            waiting.pop_front();
        }
    }

    /// The command that a reply answers: the oldest one that waits (RFC 2920 §3.1: replies come in order). 334 and 354
    /// leave it waiting, because more is said before its last reply (RFC 4954 §4, RFC 5321 §4.1.1.4).
    fn answered(&mut self, session: &str, cut: &ExtractedReply) -> Option<ReplyPhase> {
        let waiting = self.sessions.get_mut(session)?;
        let step = waiting.front().copied()?;
        let goes_on = cut.is_open() || cut.text.starts_with("334") || cut.text.starts_with("354");
        if !goes_on {
            waiting.pop_front();
        }
        Some(step)
    }
}

impl UnfinishedReply {
    /// Takes the next line if it belongs to this reply.
    fn goes_on(&mut self, line: &str) -> bool {
        if let Some(folded) = &mut self.folded
            && line.starts_with([' ', '\t'])
            && !line.trim().is_empty()
        {
            if folded.len() + line.len() <= MAX_HELD {
                folded.push(' ');
                folded.push_str(line.trim());
            }
            return true;
        }
        if self.folded.is_some() || !self.cut.is_line || !self.cut.is_open() {
            return false;
        }
        let next = spoken(line).unwrap_or_else(|| line.trim_start());
        let code = self.cut.text.get(..3).unwrap_or_default();
        let same = at_start(next).is_some_and(|next| next.starts_with(code));
        if same && self.cut.text.len() + next.len() <= MAX_HELD {
            self.cut.text.push('\n');
            self.cut.text.push_str(next.trim_end());
        }
        // The last line ends it; what follows with the same code is another reply.
        same
    }
}

/// Whether a line is worth a look: see the header, point 1.
fn may_hold(line: &[u8]) -> bool {
    let start = line.trim_ascii_start();
    match start {
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', ..] if matches!(start.get(3), None | Some(b' ' | b'-')) => return true,
        [b'2' | b'4' | b'5', b'.', ..] | [b'<' | b'>', b' ', ..] | [b'S' | b'C', b':', ..] => return true,
        _ => {}
    }
    let word = start.get(..4).unwrap_or_default();
    COMMANDS.iter().any(|(name, _)| name.as_bytes().get(..4).is_some_and(|name| name.eq_ignore_ascii_case(word)))
        || SEARCH.is_match(line)
}

const COMMANDS: [(&str, ReplyPhase); 10] = [
    ("EHLO", ReplyPhase::Ehlo),
    ("HELO", ReplyPhase::Ehlo),
    ("LHLO", ReplyPhase::Ehlo),
    ("STARTTLS", ReplyPhase::Starttls),
    ("AUTH", ReplyPhase::Auth),
    ("MAIL FROM:", ReplyPhase::Mail),
    ("RCPT TO:", ReplyPhase::Rcpt),
    ("DATA", ReplyPhase::Data),
    ("RSET", ReplyPhase::Rset),
    ("QUIT", ReplyPhase::Quit),
];

/// The step of a command line.
fn command(line: &str) -> Option<ReplyPhase> {
    let fits = |name: &str| {
        line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && (name.ends_with(':') || matches!(line.as_bytes().get(name.len()), None | Some(b' ')))
    };
    COMMANDS.iter().find(|(name, _)| fits(name)).map(|(_, step)| *step)
}

/// The step in the words of a log: `RCPT TO command)`, `after pipelined MAIL FROM:<x>`, `end of DATA`.
fn step_word(words: &str) -> Option<ReplyPhase> {
    const WORDS: [(&str, ReplyPhase); 16] = [
        ("RCPT", ReplyPhase::Rcpt),
        ("MAIL", ReplyPhase::Mail),
        ("end of data", ReplyPhase::Data),
        ("END-OF-MESSAGE", ReplyPhase::Data),
        ("sending data", ReplyPhase::Data),
        ("DATA", ReplyPhase::Data),
        ("BDAT", ReplyPhase::Data),
        ("EHLO", ReplyPhase::Ehlo),
        ("HELO", ReplyPhase::Ehlo),
        ("LHLO", ReplyPhase::Ehlo),
        ("STARTTLS", ReplyPhase::Starttls),
        ("AUTH", ReplyPhase::Auth),
        ("initial connection", ReplyPhase::Greeting),
        ("CONNECT", ReplyPhase::Greeting),
        ("RSET", ReplyPhase::Rset),
        ("QUIT", ReplyPhase::Quit),
    ];
    let words = words.strip_prefix("pipelined ").unwrap_or(words);
    let fits = |name: &str| words.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    WORDS.iter().find(|(name, _)| fits(name)).map(|(_, step)| *step)
}

/// The step at which alone a code is used: those of RFC 4954 §6 belong to AUTH, 354 to DATA (RFC 5321 §4.2.2).
pub fn step_of(code: ReplyCode) -> Option<ReplyPhase> {
    match code.number() {
        235 | 334 | 432 | 534 | 535 | 538 => Some(ReplyPhase::Auth),
        354 => Some(ReplyPhase::Data),
        221 => Some(ReplyPhase::Quit),
        _ => None,
    }
}

/// A reply as it came, or a code or status alone. Since numbers begin many lines, there must be more than a number: a
/// status, a code that servers use, or a refusal in known words (`522 sorry, recipient mailbox is full`).
fn bare(line: &str) -> Option<ExtractedReply> {
    let line = line.trim();
    if EnhancedStatus::parse(line).is_some() {
        return Some(ExtractedReply::of(line));
    }
    let text = at_start(line)?;
    let code = text.as_bytes().get(..3).and_then(ReplyCode::parse)?;
    let status = text.get(4..).and_then(EnhancedStatus::lead);
    let is_known = || {
        let refuses = matches!(code.class(), Class::Transient | Class::Permanent);
        refuses && reply::from_text(text).is_some_and(|reply| phrases::find(&reply, &Context::default()).is_some())
    };
    (status.is_some() || tables::code(code).is_some() || is_known()).then(|| ExtractedReply::of(text))
}

/// What one side said in a transcript: after an arrow of swaks or smtpcheck, `S:`, `C:`, or curl's `<` and `>`. Before an
/// arrow stand a time and the mark of an encrypted line at most.
fn spoken(line: &str) -> Option<&str> {
    const SIGNS: [&str; 14] =
        ["<- ", "<~ ", "<** ", "<~* ", "<= ", "-> ", "~> ", "\u{2190} ", "\u{2192} ", "S: ", "C: ", "< ", "> ", "** "];
    let before = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\t' | '.' | '\u{258e}');
    let start = line.trim_start_matches(before);
    SIGNS.iter().find_map(|sign| start.strip_prefix(sign)).map(str::trim)
}

/// The text, if it begins with a code and a separator.
fn at_start(text: &str) -> Option<&str> {
    let text = text.trim();
    let code = text.as_bytes().get(..3).and_then(ReplyCode::parse)?;
    let separated = matches!(text.as_bytes().get(3), None | Some(b' ' | b'-'));
    (separated && code.class() != Class::Undefined).then_some(text)
}

/// The first reply in a text: at its start, or after `: `, `; `, a bracket or a quotation mark.
fn first_reply(text: &str) -> Option<&str> {
    let whole = at_start(text).filter(|text| text.len() > 3);
    whole.or_else(|| {
        let places = text.match_indices([':', ';', '(', '"', '{']);
        places.filter_map(|(at, sign)| text.get(at + sign.len()..)).find_map(|rest| {
            let rest = at_start(rest)?;
            (rest.len() > 3).then_some(rest)
        })
    })
}

/// A reply that ends where the bracket around it ends: `status=bounced (host x said: 550 ...)`.
fn closed(line: &str, text: &str) -> ExtractedReply {
    let opened = line
        .get(..line.len() - text.len())
        .is_some_and(|before| before.matches('(').count() > before.matches(')').count());
    let text = text.trim_end();
    match text.strip_suffix(')') {
        Some(inner) if opened && inner.matches('(').count() == inner.matches(')').count() => ExtractedReply::of(inner),
        _ => ExtractedReply::of(text),
    }
}

/// Postfix's `said: `, and qmail's, which writes `_` for blanks.
fn reply_after(before: &str, after: &str) -> Option<ExtractedReply> {
    if before.ends_with("_said:_") {
        let step = if before.contains("does_not_like_recipient") { Some(ReplyPhase::Rcpt) } else { None };
        let text = after.replace('_', " ");
        let end = text.find("/Giving up").or_else(|| text.find('/').filter(|at| at + 1 == text.len()));
        return Some(ExtractedReply::of(at_start(text.get(..end.unwrap_or(text.len()))?)?).at(step));
    }
    let text = at_start(after).or_else(|| first_reply(after))?;
    let host = named_host(before);
    if let Some((text, words)) = text.rsplit_once(" (in reply to ") {
        return Some(ExtractedReply::of(text).at(step_word(words)).by(host));
    }
    let step = before.contains("SASL authentication failed").then_some(ReplyPhase::Auth);
    Some(closed(&format!("{before}{text}"), text).at(step).by(host))
}

/// Sendmail's `stat=` with the code behind a colon, or with its own words for a code, and then `dsn=` has the status;
/// OpenSMTPD's `stat="550 ..."`.
fn stat(line: &str, after: &str) -> Option<ExtractedReply> {
    /// What Sendmail says in the place of a reply that it has read (sysexits). `Host unknown` and the like are its own.
    const WORDS: [&str; 3] = ["User unknown", "Service unavailable", "Data format error"];
    let host = field(line, "relay=").and_then(host_name);
    let text = after.strip_prefix('"').map_or(after, |quoted| quoted.split('"').next().unwrap_or(quoted));
    if let Some(reply) = first_reply(text) {
        return Some(closed(line, reply).by(host));
    }
    let status = field(line, "dsn=").and_then(|status| EnhancedStatus::parse(status.trim_end_matches(',')))?;
    let word = WORDS.iter().find(|word| after.starts_with(**word))?;
    Some(ExtractedReply::of(format!("{status} {word}")).by(host))
}

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = line.split_once(name)?;
    value.split([' ', ',', '[']).next()
}

/// Sendmail's `ruleset=check_rcpt`.
fn ruleset(line: &str) -> Option<ReplyPhase> {
    match field(line, "ruleset=")? {
        "check_rcpt" => Some(ReplyPhase::Rcpt),
        "check_mail" => Some(ReplyPhase::Mail),
        "check_relay" => Some(ReplyPhase::Greeting),
        _ => None,
    }
}

/// The name after the last ` host ` or `server `, or after `relay=`.
fn named_host(text: &str) -> Option<String> {
    let after = text
        .rsplit_once("host ")
        .or_else(|| text.rsplit_once("server "))
        .or_else(|| text.rsplit_once("relay="))
        .or_else(|| text.rsplit_once("H="))?;
    host_name(after.1)
}

fn host_name(text: &str) -> Option<String> {
    let name = text.trim_start().split(['[', ' ', ',', ':', '(']).next()?.trim_end_matches('.');
    let fits = name.contains('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    fits.then(|| name.to_ascii_lowercase())
}

/// One CSV field with its quotation marks taken off, or what follows up to the next comma.
fn csv(field: &str) -> String {
    match field.strip_prefix('"') {
        None => field.split(',').next().unwrap_or(field).to_owned(),
        Some(quoted) => {
            let end = quoted.rfind("\",").or_else(|| quoted.rfind('"')).unwrap_or(quoted.len());
            quoted.get(..end).unwrap_or(quoted).replace("\"\"", "\"")
        }
    }
}

/// The lines of a reply that a log has put on one: `550-a 550-b 550 c`, with a blank, `?` (Postfix) or `\n` (Exim) between.
fn unfolded(text: &str) -> String {
    if text.as_bytes().get(3) != Some(&b'-') || text.contains('\n') {
        return text.trim_end().to_owned();
    }
    let Some(code) = text.get(..3) else { return text.to_owned() };
    let mut lines = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((line, next)) = next_line(rest, code) {
        lines.push_str(line);
        lines.push('\n');
        rest = next;
        if next.as_bytes().get(3) == Some(&b' ') {
            break;
        }
    }
    lines.push_str(rest.trim_end());
    lines
}

fn next_line<'a>(text: &'a str, code: &str) -> Option<(&'a str, &'a str)> {
    let mut from = 4;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(code)) {
        let at = from + found;
        let before = text.get(..at)?;
        let separated = before.ends_with([' ', '?']) || before.ends_with("\\n");
        if separated && matches!(text.as_bytes().get(at + 3), Some(b' ' | b'-')) {
            let line = before.strip_suffix("\\n").unwrap_or(before).trim_end_matches([' ', '?']);
            return Some((line, text.get(at..)?));
        }
        from = at + 3;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Finder, FoundReply, MAX_LINE};
    use crate::lexicon::ReplyPhase;

    fn all(log: &str) -> Vec<FoundReply> {
        let (mut finder, mut found) = (Finder::default(), Vec::new());
        for line in log.split_inclusive('\n') {
            finder.push(line.as_bytes(), &mut |one| found.push(one));
        }
        finder.finish(&mut |one| found.push(one));
        found
    }

    #[test]
    fn a_code_that_nobody_uses_begins_a_reply_where_the_words_are_known() {
        let texts = |log| all(log).into_iter().map(|found| found.text).collect::<Vec<_>>();
        assert_eq!(texts("522 sorry, recipient mailbox is full"), ["522 sorry, recipient mailbox is full"]);
        assert_eq!(texts("522 files were copied"), [""; 0]);
        assert_eq!(texts("322 mailbox is full"), [""; 0]);
    }

    #[track_caller]
    fn one(log: &str, text: &str, step: Option<ReplyPhase>, host: Option<&str>) {
        let found = all(log);
        let told: Vec<_> = found.iter().map(|found| (found.text.as_str(), found.step, found.host.as_deref())).collect();
        assert_eq!(told, [(text, step, host)], "{log}");
    }

    #[test]
    fn postfix_tells_the_host_and_the_command() {
        one(
            "Dec  1 16:25:32 mx postfix/smtp[1]: 4C37: to=<u@example.com>, relay=mx.example.net[192.0.2.40]:25, delay=1, dsn=5.7.1, status=bounced (host mx.example.net[192.0.2.40] said: 554 5.7.1 <u@example.com>: Relay access denied (in reply to RCPT TO command))",
            "554 5.7.1 <u@example.com>: Relay access denied",
            Some(ReplyPhase::Rcpt),
            Some("mx.example.net"),
        );
        one(
            "status=deferred (host mx.example.net[192.0.2.1] refused to talk to me: 421 4.7.0 too many (see below))",
            "421 4.7.0 too many (see below)",
            Some(ReplyPhase::Greeting),
            Some("mx.example.net"),
        );
        one(
            "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.1.1 <a@example.org>: no; from=<b@example.net> to=<a@example.org> proto=SMTP helo=<x>",
            "550 5.1.1 <a@example.org>: no",
            Some(ReplyPhase::Rcpt),
            None,
        );
        one(
            "status=deferred (SASL authentication failed; server smtp.example.com[192.0.2.1] said: 535-5.7.1 No. ?535 5.7.1 http://example.com/ y8sm.5)",
            "535-5.7.1 No.\n535 5.7.1 http://example.com/ y8sm.5",
            Some(ReplyPhase::Auth),
            Some("smtp.example.com"),
        );
    }

    #[test]
    fn exim_tells_them_in_its_log_and_in_its_bounces() {
        one(
            "2012-02-13 15:02:02 1Rwt ** u@example.ru R=d T=r: SMTP error from remote mail server after RCPT TO:<u@example.ru>: host mx.example.ru [192.0.2.3]: 553 no relay",
            "553 no relay",
            Some(ReplyPhase::Rcpt),
            Some("mx.example.ru"),
        );
        one(
            "SMTP error from remote mail server after MAIL FROM:<u@example.com> SIZE=1409: host smtp.example.com [192.0.2.8]: 530-5.5.1 Authentication Required.\\n530 5.5.1 http://example.com",
            "530-5.5.1 Authentication Required.\n530 5.5.1 http://example.com",
            Some(ReplyPhase::Mail),
            Some("smtp.example.com"),
        );
        one(
            "    SMTP error from remote mail server after end of data:\n    host mx.example.com [192.0.2.1]: 550-no\n    550-such\n    550 thing\n\nbye",
            "550-no\n550-such\n550 thing",
            Some(ReplyPhase::Data),
            Some("mx.example.com"),
        );
    }

    #[test]
    fn sendmail_opensmtpd_and_qmail() {
        one(
            "sm-mta[1]: l8E3: to=<u@example.com>, relay=mx.example.com. [192.0.2.1], dsn=5.1.1, stat=User unknown",
            "5.1.1 User unknown",
            None,
            Some("mx.example.com"),
        );
        one(
            "sm-mta[1]: n3K: relay=mx.example.com. [192.0.2.1], dsn=4.0.0, stat=Deferred: 421 cannot verify",
            "421 cannot verify",
            None,
            Some("mx.example.com"),
        );
        one("ruleset=check_rcpt, relay=[192.0.2.9], reject=550 5.7.1 no", "550 5.7.1 no", Some(ReplyPhase::Rcpt), None);
        one("mta delivery result=\"PermFail\" stat=\"550 5.1.1 no\"", "550 5.1.1 no", None, None);
        one(
            "delivery 3: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_no_such_user/Giving_up_on_192.0.2.1./",
            "550 no such user",
            Some(ReplyPhase::Rcpt),
            None,
        );
        assert_eq!(all("dsn=4.0.0, stat=Deferred: Connection timed out with mx.example.com."), []);
    }

    #[test]
    fn exchange_sessions_keep_their_commands_apart() {
        let log = "2023-08-30T00:37:33Z,C,S1,5,a,b,>,RCPT TO:<u@example.com>,\n\
                   2023-08-30T00:37:33Z,C,S2,5,a,b,>,MAIL FROM:<u@example.com>,\n\
                   2023-08-30T00:37:33Z,C,S1,6,a,b,<,\"550 5.1.1 no, \"\"none\"\"\",\n\
                   2023-08-30T00:37:33Z,C,S2,6,a,b,<,250 2.1.0 ok,\n";
        let found = all(log);
        let told: Vec<_> = found.iter().map(|found| (found.line, found.text.as_str(), found.step)).collect();
        assert_eq!(
            told,
            [(3, "550 5.1.1 no, \"none\"", Some(ReplyPhase::Rcpt)), (4, "250 2.1.0 ok", Some(ReplyPhase::Mail))]
        );
    }

    #[test]
    fn bounces_fold_their_headers_and_name_the_remote_host() {
        one(
            "Remote-MTA: dns; mx.example.com\nDiagnostic-Code: smtp; 550-5.1.1 The account\n    that you wrote to 550 5.1.1 does not exist\n\nx",
            "550-5.1.1 The account that you wrote to\n550 5.1.1 does not exist",
            None,
            Some("mx.example.com"),
        );
        one(
            "<u@example.com>: host mx.example.com[192.0.2.1] said: 552 recipient\n    storage full (in reply to RCPT TO\n    command)\n",
            "552 recipient storage full",
            Some(ReplyPhase::Rcpt),
            Some("mx.example.com"),
        );
        one(
            "Diagnostic-Code: X-Postfix; host mx.example.com[192.0.2.1] said: 552 full (in reply to RCPT TO command)",
            "552 full",
            Some(ReplyPhase::Rcpt),
            Some("mx.example.com"),
        );
    }

    #[test]
    fn a_bounce_that_says_everything_twice_is_counted_once() {
        let said = "host mx.example.com[192.0.2.1] said: 550 5.1.1\n    <u@example.com>: no such user (in reply to RCPT TO command)";
        let bounce = format!(
            "<u@example.com>: {said}\n\n<v@example.com>: {said}\n\n{0}\n\n{0}\n\nRemote-MTA: dns; mx.example.com\nDiagnostic-Code: smtp; 452 full\n",
            "Remote-MTA: dns; mx.example.com\nDiagnostic-Code: smtp; 550 5.1.1 <u@example.com>: no such\n    user"
        );
        let texts: Vec<String> = all(&bounce).into_iter().map(|found| found.text).collect();
        let no = "550 5.1.1 <u@example.com>: no such user";
        assert_eq!(texts, [no, no, "452 full"]);
    }

    #[test]
    fn transcripts_tell_the_step_by_the_order_of_commands() {
        let log =
            " -> MAIL FROM:<a@example.org>\n -> RCPT TO:<b@example.net>\n<-  250 ok\n<** 550-no\n<** 550 really\n";
        let told: Vec<_> = all(log).into_iter().map(|found| (found.text, found.step)).collect();
        assert_eq!(
            told,
            [("250 ok".to_owned(), Some(ReplyPhase::Mail)), ("550-no\n550 really".to_owned(), Some(ReplyPhase::Rcpt))]
        );
        one("\u{258e}  123 \u{2190} 550 5.1.1 no", "550 5.1.1 no", None, None);
        one("< 535 5.7.8 no", "535 5.7.8 no", Some(ReplyPhase::Auth), None);
    }

    #[test]
    fn replies_as_they_came_are_joined_and_told_apart() {
        let texts: Vec<String> =
            all("550-a\n550 b\n550 c\n421-d\nother\n").into_iter().map(|found| found.text).collect();
        assert_eq!(texts, ["550-a\n550 b", "550 c", "421-d"]);
    }

    #[test]
    fn what_no_server_said_is_nothing() {
        for line in [
            "postfix/smtp[1]: connect to mx.example.com[192.0.2.1]:25: Connection timed out",
            "2008-07-30 12:02:35 1KO7Zr <= u@example.com U=u P=local S=412",
            "2026-08-16 550 lines were read",
            "260 sheep were counted",
            "192.0.2.1 - - [10/Oct/2000] \"GET / HTTP/1.0\" 200 5.4",
            "",
        ] {
            assert_eq!(all(line), [], "{line}");
        }
    }

    #[test]
    fn a_reply_beyond_the_looked_at_part_of_a_line_is_not_seen() {
        assert_eq!(all(&format!("{} said: 550 no", "x".repeat(MAX_LINE))), []);
    }

    proptest! {
        #[test]
        fn nothing_panics_whatever_the_lines_are(
            lines in proptest::collection::vec(("( said: |stat=|,<,|<- |Diagnostic-Code: |550-|SMTP error from remote mail)?", any::<Vec<u8>>()), 0..20)
        ) {
            let mut finder = Finder::default();
            let mut count = 0;
            for (start, rest) in &lines {
                finder.push(&[start.as_bytes(), rest].concat(), &mut |_| count += 1);
            }
            finder.finish(&mut |_| count += 1);
            prop_assert!(count <= lines.len());
        }
    }
}
