//! Finds server replies in logs of Postfix, Exim, Sendmail, OpenSMTPD, qmail and Exchange, in bounces (DSN), in
//! transcripts of smtpcheck, swaks and curl, and in plain replies. Each reply is returned with its phase and host, if
//! the input shows them.
//!
//! The module never fails or panics on any input. It examines the first [`MAX_LINE`] bytes of a line, and keeps at most
//! [`MAX_HELD`] bytes of a multi-line reply. A line without a reply needs only one pass of a byte search.
//!
//! The module does not interpret replies; [`crate::lexicon::read`] does. The module does not report failures without a
//! reply, such as `Connection timed out`.
//!
//! A line is processed in these steps:
//! 1. One pass searches for words that precede replies (`MARKS`). A line is skipped if it contains no mark and does not
//!    begin with a code, a command or an arrow.
//! 2. Each row of `MARKS` has a mark and the function that reads the log format of this mark. The reply begins with the
//!    first code after the mark.
//! 3. A reply that ends with a `550-` line is kept until a `550 ` line or another line follows, even if words precede
//!    the reply on its first line. A header or `said:` line is kept while the next lines begin with a space. A
//!    rejection is kept while the next lines begin with its status, or if its text begins on the next line.
//!
//! To support another program, add a file to this folder and rows to `MARKS`. Read next: `postfix`, as an example.

pub(super) mod anywhere;
mod bounce;
mod exchange;
mod exim;
mod extract;
mod fields;
mod haraka;
mod libraries;
mod marks;
mod memory;
mod opensmtpd;
mod other;
mod postfix;
mod qmail;
mod sendmail;
mod session;
mod transcript;
mod unfinished;
pub(super) mod web;

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use self::extract::{ExtractedReply, MarkedLine, bare, phase_in_words, unfolded};
use self::libraries::Repetition;
use self::marks::MARKS;
use self::memory::Memory;
use self::transcript::line_of_session;
use self::unfinished::UnfinishedReply;
use super::side::LogSide;
use crate::lexicon::ReplyPhase;
use crate::wire::ReplyCode;

pub(crate) use self::extract::{inner_reply, phase_of_code};
pub(super) use self::libraries::{is_phrase, standard_sentence};
pub use self::unfinished::MAX_HELD;

/// The number of bytes that are examined in a line.
pub const MAX_LINE: usize = 64 * 1024;
/// The maximum number of replies from a bounce's text that are kept, to recognise them when the headers repeat them.
const MAX_QUOTED: usize = 16;

/// A reply that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundReply {
    /// The number of its first line, from 1.
    pub line: u64,
    /// The reply, with LF between its lines, as `wire::reply::from_text` parses it.
    pub text: String,
    /// The phase, if the log shows it or the code allows only one.
    pub phase: Option<ReplyPhase>,
    /// The host that sent it, in lower case, if the log shows it.
    pub host: Option<String>,
    /// Its port, if the log shows it.
    pub port: Option<u16>,
    /// The side that logged it.
    pub side: LogSide,
}

/// The type of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineUse {
    /// A reply, or part of one.
    Reply,
    /// Not part of a reply.
    Unused,
}

static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = MARKS.iter().map(|(word, _)| word);
    let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(words);
    search.unwrap_or_else(|error| unreachable!("a few short literals: {error}"))
});

/// Finds the replies in lines that are passed to it one after the other.
#[derive(Debug, Default)]
pub struct Finder {
    line: u64,
    held: Option<UnfinishedReply>,
    /// The beginning of a header or sentence that continues on the next line, and the number of its line. The reply may
    /// be on that next line.
    begun: Option<(u64, String)>,
    memory: Memory,
    /// The last replies, used to recognise repetitions: a bounce contains each reply in its text and in a header.
    quoted: VecDeque<String>,
    /// The last reply in an exception, and the number of its line. Stack traces repeat the text of an exception.
    thrown: Option<(u64, String)>,
}

/// The number of lines after a reply in a stack trace within which the same text is a repetition.
const TRACE_REACH: u64 = 150;
/// The number of lines after an exception within which several lines of its reply are a repetition: Nodemailer writes a
/// rejecting greeting twice.
const MESSAGE_REACH: u64 = 8;

impl Finder {
    /// Takes one line, with or without its line ending, and passes on the replies that it completes.
    pub fn push(&mut self, line: &[u8], found: &mut impl FnMut(FoundReply)) -> LineUse {
        self.line += 1;
        let line = line.get(..MAX_LINE).unwrap_or(line);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.thrown.is_some() && libraries::begins_exception(line) {
            self.thrown = None;
        }
        let line = if self.line == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        if self.held.is_none()
            && self.begun.is_none()
            && self.memory.awaited.is_none()
            && !may_contain_reply(line)
            && !begins_quotation(line)
        {
            // In a bounce, an empty line ends the headers about one recipient.
            if line.is_empty() {
                self.memory.remote = None;
            }
            return LineUse::Unused;
        }
        self.read(&web::without_status(&String::from_utf8_lossy(line)), found)
    }

    /// Counts lines that were joined to the line before them.
    pub(super) fn skip(&mut self, lines: u64) {
        self.line += lines;
    }

    /// Must be called at the end of the input. `found` receives a reply that was still incomplete.
    pub fn finish(&mut self, found: &mut impl FnMut(FoundReply)) {
        if let Some(held) = self.held.take() {
            self.release(held, found);
        }
    }

    fn read(&mut self, line: &str, found: &mut impl FnMut(FoundReply)) -> LineUse {
        let Some((number, mut begun)) = self.begun.take().filter(|_| line.starts_with([' ', '\t'])) else {
            return self.read_whole(self.line, line, found);
        };
        begun.push(' ');
        begun.push_str(line.trim());
        self.read_whole(number, &begun, found)
    }

    /// Reads a line, or several lines joined into one.
    fn read_whole(&mut self, number: u64, line: &str, found: &mut impl FnMut(FoundReply)) -> LineUse {
        if let Some(mut held) = self.held.take() {
            if held.continues_with(line) {
                if !held.reply.is_open() {
                    self.memory.sessions.completed("", &held.reply);
                }
                self.held = Some(held);
                return LineUse::Reply;
            }
            self.release(held, found);
        }
        let awaited = self.memory.awaited.take();
        let extracted = self.memory.extract(line).or_else(|| exim::next_line(line, awaited?));
        let Some(reply) = extracted else {
            if begins_quotation(line.as_bytes()) && line.len() < MAX_HELD {
                self.begun = Some((number, line.to_owned()));
            }
            // Exim announces a reply that is on the next line.
            return if self.memory.awaited.is_some() { LineUse::Reply } else { LineUse::Unused };
        };
        let reply = ExtractedReply { phase: reply.phase.or(awaited), ..reply };
        let is_header = line.contains("iagnostic-") || line.starts_with("X-") && line.contains(": ");
        let folded = (is_header || quotes_server(line) && !line.contains("(in reply to ")).then(|| line.to_owned());
        let from_exception = libraries::repetition(line);
        let port = reply.host.as_deref().and_then(|host| extract::port_of(line, host));
        let held = UnfinishedReply {
            line: number,
            side: LogSide::of(line),
            port,
            reply,
            folded,
            wrapped: None,
            from_exception,
        };
        if held.folded.is_some() || held.reply.is_open() || held.reply.may_continue() {
            self.held = Some(held);
        } else {
            self.release(held, found);
        }
        LineUse::Reply
    }

    fn release(&mut self, held: UnfinishedReply, found: &mut impl FnMut(FoundReply)) {
        let UnfinishedReply { line, side, port, reply, folded, from_exception, .. } = held;
        let is_header = folded.as_ref().is_some_and(|folded| folded.contains("iagnostic-"));
        // The reply that was extracted from the first line may be incomplete.
        let mut reply = folded.and_then(|folded| self.memory.extract(&folded)).unwrap_or(reply);
        if let Some((text, words)) = reply.text.rsplit_once("(in reply to ") {
            reply = ExtractedReply { text: text.trim_end().to_owned(), ..reply.clone() }.at(phase_in_words(words));
        }
        let text = unfolded(postfix::without_envelope(&reply.text));
        let reach = match from_exception {
            Repetition::Possible => TRACE_REACH,
            Repetition::No if text.contains('\n') => MESSAGE_REACH,
            _ => 0,
        };
        if self.was_thrown(line, &text, reach) {
            return;
        }
        if from_exception == Repetition::First {
            self.thrown = Some((line, text.clone()));
        }
        if is_header && self.was_quoted(&text) {
            return;
        }
        if !is_header {
            self.quoted.truncate(MAX_QUOTED - 1);
            self.quoted.push_front(text.clone());
        }
        let text = extract::inner_reply(&text).map_or(text.clone(), str::to_owned);
        let code = text.as_bytes().get(..3).and_then(ReplyCode::parse);
        let phase = reply.phase.or_else(|| code.and_then(phase_of_code));
        found(FoundReply { line, text, phase, host: reply.host, port, side });
    }

    /// Whether a line at most `reach` lines after an exception repeats the exception's reply or one line of it.
    fn was_thrown(&self, line: u64, text: &str, reach: u64) -> bool {
        let Some((at, thrown)) = &self.thrown else { return false };
        let whole = |line: &'_ str| line.find("...'").unwrap_or(line.len());
        let same = |line: &str| {
            thrown.contains(
                line.get(..whole(line)).unwrap_or_default().trim().trim_end_matches(['\'', '"', ',', '.', '+', ' ']),
            )
        };
        reach > 0 && line.abs_diff(*at) <= reach && text.lines().all(same)
    }

    /// Whether a header of a bounce repeats a reply from its text; whitespace is ignored. Each reply can be repeated
    /// once.
    fn was_quoted(&mut self, text: &str) -> bool {
        let same = |known: &String| known.split_whitespace().eq(text.split_whitespace());
        let at = self.quoted.iter().position(same);
        at.and_then(|at| self.quoted.remove(at)).is_some()
    }
}

impl Memory {
    /// Extracts the reply from one line.
    fn extract(&mut self, line: &str) -> Option<ExtractedReply> {
        if let Some(reply) = bare(line) {
            let phase = self.sessions.replied("", &reply);
            return Some(ExtractedReply { is_line: true, ..reply }.at(phase));
        }
        if let Some(phase) = session::command(extract::without_bullet(line.trim())) {
            self.sessions.commanded("", phase);
            return None;
        }
        if let Some(words) = line_of_session(line) {
            let reply = self.sessions.received("", words);
            // `** a@example.com R=dnslookup ...` is a line of Exim's log.
            if reply.is_some() || !line.trim_start().starts_with("** ") {
                return reply;
            }
        }
        if let Some(reply) = libraries::status_first(line) {
            return Some(reply);
        }
        let mut hits: Vec<(usize, usize)> =
            SEARCH.find_iter(line).map(|hit| (hit.pattern().as_usize(), hit.end())).collect();
        hits.sort_unstable();
        hits.dedup_by_key(|(pattern, _)| *pattern);
        hits.into_iter().find_map(|(pattern, end)| {
            let (_, reader) = MARKS.get(pattern)?;
            let (before, after) = line.split_at_checked(end)?;
            reader(self, MarkedLine { line, before, after })
        })
    }
}

/// Whether a line begins a header or sentence of a bounce in which a reply may follow on the next line:
/// `<a@example.com>: host mx.example.com[192.0.2.1]` before `    said: 550 ...`.
fn begins_quotation(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let contains = |word: &[u8]| line.windows(word.len()).any(|part| part == word);
    line.ends_with(b" said:")
        || line.first() == Some(&b'<') && contains(b">: host ")
        || line.get(..16).is_some_and(|start| start.eq_ignore_ascii_case(b"diagnostic-code:"))
}

/// Whether Postfix quotes a reply in the line, which may continue on the next lines of a bounce.
fn quotes_server(line: &str) -> bool {
    line.contains(" said: ") || line.starts_with('<') && line.contains(" refused to talk to me: ")
}

/// Whether a line may contain a reply: see step 1 in the header of this file.
fn may_contain_reply(line: &[u8]) -> bool {
    // A program may draw lines and bullets before a reply, which are not ASCII.
    let is_drawn = |byte: &u8| !byte.is_ascii();
    let start = line.trim_ascii_start();
    let drawn = start.iter().take_while(|byte| is_drawn(byte)).count();
    let start = start.get(drawn..).unwrap_or_default().trim_ascii_start();
    match start {
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', ..] if matches!(start.get(3), None | Some(b' ' | b'-')) => return true,
        [b'2' | b'4' | b'5', b'.', ..] | [b'<' | b'>', b' ', ..] | [b'S' | b'C', b':', ..] => return true,
        _ => {}
    }
    session::begins_like_command(start) || SEARCH.is_match(line)
}

/// Reads the next line and stores its first [`MAX_LINE`] bytes. Returns false at the end of the input.
pub(super) fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let most = MAX_LINE as u64;
    if input.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.len() == MAX_LINE && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Finder, FoundReply, MAX_LINE};
    use crate::lexicon::ReplyPhase;

    /// The replies in a log; the readers' tests also use this function.
    pub(super) fn all(log: &str) -> Vec<FoundReply> {
        let (mut finder, mut found) = (Finder::default(), Vec::new());
        for line in log.split_inclusive('\n') {
            finder.push(line.as_bytes(), &mut |one| found.push(one));
        }
        finder.finish(&mut |one| found.push(one));
        found
    }

    #[test]
    fn an_unknown_code_begins_a_reply_if_its_text_is_known() {
        let texts = |log| all(log).into_iter().map(|found| found.text).collect::<Vec<_>>();
        assert_eq!(texts("522 sorry, recipient mailbox is full"), ["522 sorry, recipient mailbox is full"]);
        assert_eq!(texts("522 files were copied"), [""; 0]);
        assert_eq!(texts("322 mailbox is full"), [""; 0]);
    }

    #[track_caller]
    fn one(log: &str, text: &str, phase: Option<ReplyPhase>, host: Option<&str>) {
        let found = all(log);
        let actual: Vec<_> =
            found.iter().map(|found| (found.text.as_str(), found.phase, found.host.as_deref())).collect();
        assert_eq!(actual, [(text, phase, host)], "{log}");
    }

    #[test]
    fn the_port_of_the_server_is_read_where_the_log_shows_it() {
        let port = |log: &str| all(log).into_iter().map(|found| found.port).collect::<Vec<_>>();
        let said = "status=bounced (host mx.example.net[192.0.2.40] said: 550 5.1.1 no (in reply to RCPT TO command))";
        assert_eq!(port(&format!("to=<u@example.com>, relay=mx.example.net[192.0.2.40]:587, {said}")), [Some(587)]);
        assert_eq!(port(&format!("relay=other.example.net[192.0.2.40]:587, {said}")), [None]);
        assert_eq!(port(said), [None]);
        let exim = "H=mx.example.net [192.0.2.1]:465: SMTP error from remote mail server after RCPT TO:<a@b.example>";
        assert_eq!(port(&format!("{exim}: 550 5.1.1 no such user")), [Some(465)]);
    }

    #[test]
    fn postfix_replies_have_a_host_and_a_phase() {
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
    fn exim_replies_are_found_in_logs_and_bounces() {
        one(
            "2012-02-13 15:02:02 1Rwt ** u@example.ru R=d T=r: SMTP error from remote mail server after RCPT TO:<u@example.ru>: host mx.example.ru [192.0.2.3]: 553 no relay",
            "553 no relay",
            Some(ReplyPhase::Rcpt),
            Some("mx.example.ru"),
        );
        one(
            "** u@example.ru R=d T=r H=mx.example.ru [192.0.2.3]: SMTP error from remote mail server after RCPT TO:<u@example.ru>: 553 no relay",
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
    fn replies_are_found_in_sendmail_opensmtpd_and_qmail_logs() {
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
    fn replies_and_phases_are_found_in_logs_of_appliances_and_qmail() {
        one(
            "Mon Mar 31 20:00:27 2003 Info: Bounced: DCID 3 MID 4 to RID 0 - 5.1.0 - Unknown address error ('550', ['<u@example.com>... Relaying denied']) []",
            "550 <u@example.com>... Relaying denied",
            None,
            None,
        );
        one(
            "delivery 3: deferral: Connected_to_192.0.2.1_but_sender_was_rejected./Remote_host_said:_451_try_later/",
            "451 try later",
            Some(ReplyPhase::Mail),
            None,
        );
        assert_eq!(all("Delayed: DCID 0 MID 4 to RID 0 - 4.4.0 - Other network problem ('000', ['timeout']) []"), []);
    }

    #[test]
    fn commands_of_concurrent_exchange_sessions_are_not_mixed() {
        let log = "2023-08-30T00:37:33Z,C,S1,5,a,b,>,RCPT TO:<u@example.com>,\n\
                   2023-08-30T00:37:33Z,C,S2,5,a,b,>,MAIL FROM:<u@example.com>,\n\
                   2023-08-30T00:37:33Z,C,S1,6,a,b,<,\"550 5.1.1 no, \"\"none\"\"\",\n\
                   2023-08-30T00:37:33Z,C,S2,6,a,b,<,250 2.1.0 ok,\n";
        let found = all(log);
        let actual: Vec<_> = found.iter().map(|found| (found.line, found.text.as_str(), found.phase)).collect();
        assert_eq!(
            actual,
            [(3, "550 5.1.1 no, \"none\"", Some(ReplyPhase::Rcpt)), (4, "250 2.1.0 ok", Some(ReplyPhase::Mail))]
        );
    }

    #[test]
    fn folded_headers_of_bounces_are_joined_and_the_remote_host_is_found() {
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
    fn a_bounce_may_break_the_line_before_the_reply() {
        one(
            "<u@example.com>: host mx.example.com[192.0.2.1]\n    said: 550 5.1.1 <u@example.com>: no such user (in\n    reply to RCPT TO command)\n",
            "550 5.1.1 <u@example.com>: no such user",
            Some(ReplyPhase::Rcpt),
            Some("mx.example.com"),
        );
        one(
            "<u@example.com>: host mx.example.com[192.0.2.1] said:\n    552 5.2.2 full (in reply to end of DATA command)\n",
            "552 5.2.2 full",
            Some(ReplyPhase::Data),
            Some("mx.example.com"),
        );
        one("Diagnostic-Code: smtp;\n    550 5.7.1 not\n    allowed\n", "550 5.7.1 not allowed", None, None);
        assert_eq!(
            all("Diagnostic-Code: X-Postfix; connect to mx.example.com[192.0.2.1]:25:\n    Connection refused"),
            []
        );
    }

    #[test]
    fn a_bounce_that_repeats_its_replies_is_counted_once() {
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
    fn the_order_of_commands_in_a_transcript_determines_the_phase() {
        let log =
            " -> MAIL FROM:<a@example.org>\n -> RCPT TO:<b@example.net>\n<-  250 ok\n<** 550-no\n<** 550 really\n";
        let actual: Vec<_> = all(log).into_iter().map(|found| (found.text, found.phase)).collect();
        assert_eq!(
            actual,
            [("250 ok".to_owned(), Some(ReplyPhase::Mail)), ("550-no\n550 really".to_owned(), Some(ReplyPhase::Rcpt))]
        );
        one("\u{258e}  123 \u{2190} 550 5.1.1 no", "550 5.1.1 no", None, None);
        one("< 535 5.7.8 no", "535 5.7.8 no", Some(ReplyPhase::Auth), None);
    }

    #[test]
    fn lines_of_a_reply_are_joined_and_replies_are_separated() {
        let texts: Vec<String> =
            all("550-a\n550 b\n550 c\n421-d\nother\n").into_iter().map(|found| found.text).collect();
        assert_eq!(texts, ["550-a\n550 b", "550 c", "421-d"]);
    }

    #[test]
    fn the_lines_of_a_reply_after_words_are_joined() {
        one(
            "Remote host said: 550-5.7.1 [192.0.2.1] this message does\n550-5.7.1 not meet the guidelines\n550 5.7.1 information. x - gsmtp",
            "550-5.7.1 [192.0.2.1] this message does\n550-5.7.1 not meet the guidelines\n550 5.7.1 information. x - gsmtp",
            None,
            None,
        );
        one(
            "host mx.example.com[192.0.2.1] refused to talk to me: 554-no\n554 service",
            "554-no\n554 service",
            Some(ReplyPhase::Greeting),
            Some("mx.example.com"),
        );
        one("x said: 550-a 550 b\n", "550-a\n550 b", None, None);
        let texts = |log| all(log).into_iter().map(|found| found.text).collect::<Vec<_>>();
        assert_eq!(texts("x said: 550-a 550 b\n550 c"), ["550-a\n550 b", "550 c"]);
    }

    #[test]
    fn the_lines_of_a_reply_may_have_the_status_without_the_code() {
        one(
            "expected reply code 250, but received 550 5.7.1 [192.0.2.1] this message does\n5.7.1 not meet the guidelines\n5.7.1 . x - gsmtp\n",
            "550 5.7.1 [192.0.2.1] this message does not meet the guidelines . x - gsmtp",
            None,
            None,
        );
        let texts = |log| all(log).into_iter().map(|found| found.text).collect::<Vec<_>>();
        assert_eq!(texts("550 5.7.1 Relay access denied\n5.1.1 <a@example.com>: User unknown").len(), 2);
    }

    #[test]
    fn the_text_of_a_reply_may_begin_on_the_line_after_its_code() {
        let said = "[TSS04] Messages from 192.0.2.1 temporarily deferred due to\nunexpected volume; see\nhttps://example.com/codes (in reply to MAIL FROM command)";
        let whole = "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume; see";
        let found = all(&format!("421\n4.7.0 {said}\n"));
        assert_eq!(
            found.first().map(|found| (found.text.starts_with(whole), found.phase)),
            Some((true, Some(ReplyPhase::Mail)))
        );
        assert_eq!(found.len(), 1, "{found:?}");
        one(
            "550 5.7.1\n    Unfortunately, messages were not sent. Please contact\n    your provider. (in reply to MAIL\n    FROM command)\n\nother words",
            "550 5.7.1 Unfortunately, messages were not sent. Please contact your provider.",
            Some(ReplyPhase::Mail),
            None,
        );
        let texts = |log| all(log).into_iter().map(|found| found.text).collect::<Vec<_>>();
        assert_eq!(texts("550\n551\nQUIT now\n"), ["550", "551"]);
        assert_eq!(texts("550\nrelay-denied\n"), ["550"]);
        assert_eq!(texts("250\nsome words follow\n"), ["250"]);
    }

    #[test]
    fn lines_without_a_reply_are_ignored() {
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
    fn a_reply_beyond_the_examined_part_of_a_line_is_ignored() {
        assert_eq!(all(&format!("{} said: 550 no", "x".repeat(MAX_LINE))), []);
    }

    proptest! {
        #[test]
        fn the_finder_never_panics(
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
