//! Decides how text received from a peer is shown.
//!
//! In memory, evidence is unchanged, so the checks judge the bytes that the peer sent. When evidence leaves the program
//! (in a report, a live transcript, an event or a sentence of a finding), these rules decide how text received from a
//! peer is shown:
//!
//! 1. Text received before the secret was sent is shown unchanged, because the peer cannot repeat a secret that it does
//!    not have. The same applies to certificates and all other facts about TLS, which precede a login.
//! 2. In the session that sent the secret, or a value computed from it, every later repetition of the secret is masked.
//! 3. Rule 2 also applies to later sessions with the same peer (host or IP address) if the peer's certificate is valid,
//!    or if the user allowed smtpcheck to send the secret without a valid certificate. A retry of the check is also a
//!    later session.
//! 4. In all other later sessions with the same peer, a mask would reveal the password. An on-path attacker who never
//!    received the password could send a list of words, and see in a public CI log which word was masked. But the peer
//!    may also repeat the password in such a session. Therefore the output must not depend on the password. It contains
//!    only ordinary words and the words that were received before the secret was sent. Every other word is left out.
//! 5. Text received in sessions with other peers is shown unchanged. If the session sent the password for a proxy, the
//!    proxy can put it into any later text of the session, so repetitions of this password are masked there.
//! 6. Words written by smtpcheck, values given by the user, reply codes, status codes and words of closed registries
//!    are never masked. Masking them would reveal which of them is the password, and a reader of the output knows them
//!    anyway. The same applies to the words of known phrases in replies, and to ordinary words that match only part of
//!    the password or contain it.
//!
//! All output passes through [`Mask`]: `inquiry` gives listeners only masked events, and `report` stores only masked
//! evidence. Sentences of findings mark the text that they quote (`super::quote`), and only that text is masked.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::Range;

use super::quote::{self, QuoteOrigin};
use super::{
    Answer, Event, EventId, EventKind, Evidence, Fault, HelloOutcome, HelloSeen, Outcome, Phase, Probe, ProbeId,
    ProxyFault, TunnelResult,
};
use crate::lexicon::{keywords, mechanisms, vocabulary};
use crate::plan::{Login, Plaintext, Unverified};
use crate::question::{Question, SessionRequest};
use crate::secret::echo::{Echo, masked};
use crate::wire::{Host, Reply, tls};

/// Replaces words that are not known to be harmless.
pub(crate) const LEFT_OUT: &str = "[text not shown]";

/// How text received from a peer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// Unchanged.
    Whole,
    /// Repetitions of the secret are masked.
    WithoutEchoes,
    /// Only words that are known to be harmless are shown.
    KnownWords,
}

/// When and to whom the secret was sent.
struct Exposure<'a> {
    probe: ProbeId,
    event: EventId,
    at_ms: f64,
    request: &'a SessionRequest,
    login: Option<&'a Login>,
    address: Option<IpAddr>,
}

/// The words received from peers before the secret was first sent, in lower case.
struct Before {
    /// Words received in encrypted sessions with a verified peer.
    protected: HashSet<String>,
    all: HashSet<String>,
}

/// Converts evidence to the form that is shown.
pub struct Mask<'a> {
    evidence: &'a Evidence,
    exposures: Vec<Exposure<'a>>,
    /// The sessions and events in which the password for the proxy was sent.
    proxy_logins: Vec<(ProbeId, EventId)>,
    /// The main session's request, if an earlier run of the check already sent the secret.
    earlier_run: Option<&'a SessionRequest>,
    before: OnceCell<Before>,
}

impl Evidence {
    /// A mask for this evidence.
    pub fn mask(&self) -> Mask<'_> {
        let mut exposures: Vec<Exposure<'_>> = Vec::new();
        // If there is no secret to search for, no text is masked. A loaded report is therefore shown as it was saved.
        let events = if self.echoes.is_empty() { &[][..] } else { self.transcript.as_slice() };
        for event in events.iter().filter(|event| matches!(event.what, EventKind::Sent { redacted: true, .. })) {
            if exposures.iter().any(|known| known.probe == event.probe) {
                continue;
            }
            let Some(request) = self.probe(event.probe).and_then(Probe::request) else { continue };
            exposures.push(Exposure {
                probe: event.probe,
                event: event.seq,
                at_ms: event.at_ms,
                request,
                login: request.script.login.as_ref(),
                address: self.address(event.probe),
            });
        }
        let is_exposed = self.is_exposed && !self.echoes.is_empty();
        let earlier_run = self.main_session().map(|session| session.request).filter(|_| is_exposed);
        let logins = events.iter().filter(|event| matches!(event.what, EventKind::ProxyLogin { .. }));
        let proxy_logins = logins.map(|event| (event.probe, event.seq)).collect();
        Mask { evidence: self, exposures, proxy_logins, earlier_run, before: OnceCell::new() }
    }

    /// The evidence as it is shown. It contains no secret, and no data with which a mask could search for one.
    pub fn masked_evidence(&self) -> Evidence {
        let mask = self.mask();
        Evidence {
            probes: self.probes.iter().map(|probe| mask.probe(probe)).collect(),
            transcript: self.transcript.iter().map(|event| mask.event(event)).collect(),
            ..Evidence::new(self.started_at)
        }
    }

    fn address(&self, probe: ProbeId) -> Option<IpAddr> {
        self.sessions().find(|session| session.probe.id == probe)?.server_address()
    }
}

impl Mask<'_> {
    /// An event as it is shown.
    pub fn event(&self, event: &Event) -> Event {
        let shown = self.how(event);
        let what = match &event.what {
            _ if shown == Shown::Whole => event.what.clone(),
            EventKind::Received { reply, recipient } => {
                EventKind::Received { reply: self.reply(shown, event.phase, reply), recipient: *recipient }
            }
            EventKind::Stray { text, bytes } => EventKind::Stray { text: self.text(shown, text), bytes: *bytes },
            EventKind::Unfinished { text, bytes } => {
                EventKind::Unfinished { text: self.text(shown, text), bytes: *bytes }
            }
            EventKind::Explained { text } => EventKind::Explained { text: self.text(shown, text) },
            EventKind::Tunnelled { target, address, started_ms, result } => EventKind::Tunnelled {
                target: target.clone(),
                address: *address,
                started_ms: *started_ms,
                result: match result {
                    TunnelResult::Connected => TunnelResult::Connected,
                    TunnelResult::Failed { fault } => TunnelResult::Failed { fault: self.proxy_fault(shown, fault) },
                },
            },
            // These events contain only text written by smtpcheck, or facts about TLS.
            EventKind::Dialled { .. }
            | EventKind::SocketOpened { .. }
            | EventKind::ProxyDialled { .. }
            | EventKind::ProxyLogin { .. }
            | EventKind::ProxyHeaderSent { .. }
            | EventKind::Sent { .. }
            | EventKind::Secured { .. }
            | EventKind::Withheld { .. }
            | EventKind::Tickets { .. }
            | EventKind::Token { .. }
            | EventKind::OddPassword { .. }
            | EventKind::AuthCancelled { .. }
            | EventKind::NeedsSmtputf8 { .. }
            | EventKind::ParameterWithheld { .. }
            | EventKind::ClaimWithheld { .. }
            | EventKind::Quiet { .. }
            | EventKind::ClosedWithoutFarewell => event.what.clone(),
        };
        Event { what, ..event.clone() }
    }

    /// A probe as it is shown. Its text was received before TLS, so the peer was not authenticated.
    pub fn probe(&self, probe: &Probe) -> Probe {
        let shown = self.how_outcome(probe);
        let outcome = match probe.outcome.clone() {
            outcome if shown == Shown::Whole => outcome,
            Outcome::Failed { fault: Fault::Tls { mut tls } } => {
                tls.first_bytes = self.text(shown, &tls.first_bytes);
                Outcome::Failed { fault: Fault::Tls { tls } }
            }
            Outcome::Failed { fault: Fault::Proxy { proxy } } => {
                Outcome::Failed { fault: Fault::Proxy { proxy: self.proxy_fault(shown, &proxy) } }
            }
            Outcome::Done { answer: Answer::Hello(HelloSeen { ms, heard, presented }) } => {
                let heard = match heard {
                    HelloOutcome::Answer { answer: tls::TlsAnswer::NotTls { kind, text } } => {
                        HelloOutcome::Answer { answer: tls::TlsAnswer::NotTls { kind, text: self.text(shown, &text) } }
                    }
                    heard => heard,
                };
                Outcome::Done { answer: Answer::Hello(HelloSeen { ms, heard, presented }) }
            }
            outcome @ (Outcome::Underway
            | Outcome::Skipped { .. }
            | Outcome::Failed { .. }
            | Outcome::Done {
                answer: Answer::Names(_) | Answer::Machine(_) | Answer::Records(_) | Answer::Fetch(_) | Answer::Session,
            }) => outcome,
        };
        Probe { outcome, ..probe.clone() }
    }

    /// A sentence written by smtpcheck. The quotes in it are shown according to the rule for the event or probe that
    /// they come from.
    pub fn sentence(&self, sentence: &str) -> String {
        quote::resolve(sentence, |origin, text| {
            let shown = match origin {
                Some(QuoteOrigin::Event(id)) => self.evidence.event(id).map(|event| self.how(event)),
                Some(QuoteOrigin::Attempt(id)) => self.evidence.probe(id).map(|probe| self.how_outcome(probe)),
                None => None,
            };
            let unknown = if self.is_exposed() { Shown::KnownWords } else { self.after_any_proxy_login() };
            self.text(shown.unwrap_or(unknown), text)
        })
    }

    /// The JSON value that an expectation was compared with; it may contain text from any reply.
    pub fn value(&self, json: &str) -> String {
        let shown = if self.is_exposed() { Shown::WithoutEchoes } else { self.after_any_proxy_login() };
        self.text(shown, json)
    }

    fn after_any_proxy_login(&self) -> Shown {
        if self.proxy_logins.is_empty() { Shown::Whole } else { Shown::WithoutEchoes }
    }

    /// Whether the secret was sent to any peer.
    fn is_exposed(&self) -> bool {
        self.earlier_run.is_some() || !self.exposures.is_empty()
    }

    /// The login that an earlier run of the check sent to the peer of this probe.
    fn earlier_login(&self, probe: &Probe) -> Option<&Login> {
        let request = self.earlier_run?;
        host_of(&probe.question).filter(|host| **host == request.host)?;
        request.script.login.as_ref()
    }

    /// Applies the rules to an event.
    fn how(&self, event: &Event) -> Shown {
        if let Some(own) = self.exposures.iter().find(|exposure| exposure.probe == event.probe)
            && own.event < event.seq
        {
            return Shown::WithoutEchoes;
        }
        let Some(probe) = self.evidence.probe(event.probe) else { return Shown::Whole };
        let whole = self.after_proxy_login(event.probe, Some(event.seq));
        let earlier = self.exposures.iter().filter(|earlier| earlier.probe != event.probe && earlier.event < event.seq);
        let same_peer = earlier.filter(|earlier| self.is_same_peer(earlier, probe)).map(|earlier| earlier.login);
        let mut same_peer = same_peer.chain(self.earlier_login(probe).map(Some)).peekable();
        if same_peer.peek().is_none() {
            return whole;
        }
        let is_allowed = |login: Option<&Login>| {
            login.is_some_and(|login| match event.tls {
                true => login.unverified == Unverified::Allowed,
                false => login.plaintext == Plaintext::Allowed,
            })
        };
        if (event.tls && self.is_verified(event.probe)) || same_peer.any(is_allowed) {
            Shown::WithoutEchoes
        } else {
            Shown::KnownWords
        }
    }

    /// Applies the rules to the outcome of a probe: bytes received before TLS or instead of TLS.
    fn how_outcome(&self, probe: &Probe) -> Shown {
        let ended_ms = probe.started_ms + probe.duration_ms.unwrap_or(f64::INFINITY);
        let is_earlier = |exposure: &&Exposure<'_>| exposure.probe != probe.id && exposure.at_ms <= ended_ms;
        let same_peer = self.exposures.iter().filter(is_earlier).filter(|earlier| self.is_same_peer(earlier, probe));
        let same_peer = same_peer.map(|earlier| earlier.login).chain(self.earlier_login(probe).map(Some));
        let mut same_peer = same_peer.peekable();
        if same_peer.peek().is_none() {
            return self.after_proxy_login(probe.id, None);
        }
        match same_peer.any(|login| login.is_some_and(|login| login.plaintext == Plaintext::Allowed)) {
            true => Shown::WithoutEchoes,
            false => Shown::KnownWords,
        }
    }

    /// How to show text that no login to the server affects. Repetitions of the proxy password are masked if this
    /// session sent that password before the event `before`, or, if `before` is `None`, at any time.
    fn after_proxy_login(&self, probe: ProbeId, before: Option<EventId>) -> Shown {
        let is_earlier = |event: EventId| before.is_none_or(|before| event < before);
        match self.proxy_logins.iter().any(|(session, event)| *session == probe && is_earlier(*event)) {
            true => Shown::WithoutEchoes,
            false => Shown::Whole,
        }
    }

    fn is_same_peer(&self, exposure: &Exposure<'_>, probe: &Probe) -> bool {
        let Some(host) = host_of(&probe.question) else { return false };
        *host == exposure.request.host
            || exposure.address.is_some() && self.evidence.address(probe.id) == exposure.address
    }

    fn is_verified(&self, probe: ProbeId) -> bool {
        self.evidence.transcript.iter().any(|event| match &event.what {
            EventKind::Secured { handshake } => event.probe == probe && handshake.verifies(self.evidence.started_at),
            _ => false,
        })
    }

    fn proxy_fault(&self, shown: Shown, fault: &ProxyFault) -> ProxyFault {
        ProxyFault { kind: fault.kind, detail: self.text(shown, &fault.detail) }
    }

    fn text(&self, shown: Shown, text: &str) -> String {
        match shown {
            Shown::Whole => text.to_owned(),
            Shown::WithoutEchoes => masked(text, self.echoes(text, &[])),
            Shown::KnownWords => known_words(text, &self.unknown(text, &[])),
        }
    }

    /// A reply as it is shown. The codes are kept, and the raw bytes are rebuilt from the masked text.
    fn reply(&self, shown: Shown, phase: Phase, reply: &Reply) -> Reply {
        // The lines are joined to find a repetition that is split over several lines.
        let text = reply.text.join("\n");
        let registered = match phase {
            Phase::Ehlo | Phase::EhloTls if reply.is_success() => registered(&text),
            _ => Vec::new(),
        };
        let ranges = match shown {
            Shown::Whole => return reply.clone(),
            Shown::WithoutEchoes => self.echoes(&text, &registered),
            Shown::KnownWords => self.unknown(&text, &registered),
        };
        // The raw bytes contain more than the text: an irregular code, or invalid UTF-8.
        let in_bytes = || {
            shown == Shown::KnownWords && reply.regular_bytes().as_ref() != Some(&reply.raw)
                || !self.echoes(&String::from_utf8_lossy(&reply.raw), &[]).is_empty()
        };
        if ranges.is_empty() {
            return if in_bytes() { reply.clone().saying(reply.text.clone()) } else { reply.clone() };
        }
        if shown == Shown::WithoutEchoes {
            let is_split = |range: &Range<usize>| text.get(range.clone()).is_none_or(|part| part.contains('\n'));
            let text = match ranges.iter().any(is_split) {
                // One mask per line would reveal how many parts the secret was split into.
                true => vec![crate::secret::NOT_SHOWN.to_owned()],
                false => masked(&text, ranges).split('\n').map(str::to_owned).collect(),
            };
            return reply.clone().saying(text);
        }
        reply.clone().saying(known_words(&text, &ranges).split('\n').map(str::to_owned).collect())
    }

    /// The ranges of the text that repeat the secret.
    fn echoes(&self, text: &str, registered: &[Range<usize>]) -> Vec<Range<usize>> {
        let found = self.evidence.echoes.find(text);
        if found.is_empty() {
            return Vec::new();
        }
        let mut harmless = registered.to_vec();
        harmless.extend(self.fields(text));
        let before = self.before();
        harmless.extend(
            words(text).filter(|(word, _)| is_number(word) || before.protected.contains(word)).map(|(_, range)| range),
        );
        let phrases = vocabulary::phrases(text);
        let is_inside = |ranges: &[Range<usize>], inner: &Range<usize>| {
            ranges.iter().any(|outer| outer.start <= inner.start && inner.end <= outer.end)
        };
        let is_harmless = |echo: &Echo| {
            let is_ordinary = |word: &String| {
                let is_part = word.len() > echo.range.len() || !echo.is_whole;
                vocabulary::is_known(word) && (is_part && (echo.is_plain || !echo.is_whole))
            };
            echo.is_plain && (is_inside(&harmless, &echo.range) || is_inside(&phrases, &echo.range))
                || echo.word.as_ref().is_some_and(is_ordinary)
        };
        found.into_iter().filter(|echo| !is_harmless(echo)).map(|echo| echo.range).collect()
    }

    /// The words that are not known to be harmless. The result does not depend on any secret.
    fn unknown(&self, text: &str, registered: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut harmless = registered.to_vec();
        harmless.extend(self.fields(text));
        let before = self.before();
        // A single letter may be part of a password.
        let is_ordinary = |part: &str| (part.len() > 1 || part == "a") && vocabulary::is_known(part);
        let is_known = |word: &str, range: &Range<usize>| {
            is_number(word)
                || before.all.contains(word)
                || harmless.iter().any(|known| known.start <= range.start && range.end <= known.end)
                || word.split(|c: char| !c.is_alphabetic()).all(|part| part.is_empty() || is_ordinary(part))
                    && !word.contains(|c: char| c.is_ascii_digit() || !c.is_ascii())
        };
        words(text).filter(|(word, range)| !is_known(word, range)).map(|(_, range)| range).collect()
    }

    /// The ranges of the text that are values given by the user, as entire words.
    fn fields(&self, text: &str) -> Vec<Range<usize>> {
        let lower = text.to_ascii_lowercase();
        let is_part =
            |at: Option<usize>| at.and_then(|at| lower.as_bytes().get(at)).is_some_and(u8::is_ascii_alphanumeric);
        let mut found = Vec::new();
        let mut searched: HashSet<String> = HashSet::new();
        let requests = self.exposures.iter().map(|exposure| exposure.request).chain(self.earlier_run);
        for field in requests.flat_map(fields_of).map(|field| field.to_ascii_lowercase()) {
            if field.is_empty() || !searched.insert(field.clone()) {
                continue;
            }
            let places = lower.match_indices(&field).map(|(at, _)| at..at + field.len());
            found.extend(places.filter(|range| !is_part(range.start.checked_sub(1)) && !is_part(Some(range.end))));
        }
        found
    }

    fn before(&self) -> &Before {
        self.before.get_or_init(|| {
            let mut before = Before { protected: HashSet::new(), all: HashSet::new() };
            // If an earlier run sent the secret, all text of this run was received after it.
            let first =
                self.exposures.iter().map(|exposure| exposure.event).min().filter(|_| self.earlier_run.is_none());
            let events = self.evidence.transcript.iter().take_while(|event| Some(event.seq) < first);
            for event in events {
                let EventKind::Received { reply, .. } = &event.what else { continue };
                let is_protected = event.tls && self.is_verified(event.probe);
                for (word, _) in reply.text.iter().flat_map(|line| words(line)) {
                    if is_protected {
                        before.protected.insert(word.clone());
                    }
                    before.all.insert(word);
                }
            }
            before
        })
    }
}

/// The values given by the user for a session. They are always shown.
fn fields_of(request: &SessionRequest) -> Vec<String> {
    let script = &request.script;
    let mut fields = vec![request.host.to_string(), script.ehlo.word(None)];
    fields.extend(script.login.as_ref().map(|login| login.user.clone()));
    fields.extend(script.login.as_ref().and_then(|login| login.authzid.clone()));
    if let Some(envelope) = &script.envelope {
        fields.extend(envelope.from.mailbox().map(ToString::to_string));
        fields.extend(envelope.to.iter().map(ToString::to_string));
    }
    fields
}

/// The words of the text, in lower case, without surrounding punctuation.
fn words(text: &str) -> impl Iterator<Item = (String, Range<usize>)> {
    let around = |c: char| c.is_ascii_punctuation();
    text.split_whitespace().filter_map(move |word| {
        // `word` is a slice of `text`.
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        let inner = word.trim_start_matches(around);
        let start = start + (word.len() - inner.len());
        let inner = inner.trim_end_matches(around);
        (!inner.is_empty()).then(|| (inner.to_lowercase(), start..start + inner.len()))
    })
}

/// Whether a word is a reply code or an enhanced status (RFC 3463 §2).
fn is_number(word: &str) -> bool {
    // Other three-digit numbers may be part of a password.
    let is_code =
        word.len() == 3 && word.starts_with(['2', '4', '5']) && word.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = word.split('.').collect();
    let is_part = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    is_code || matches!(parts.as_slice(), ["2" | "4" | "5", _, _]) && parts.iter().all(is_part)
}

/// The ranges of words from closed registries in a reply to EHLO: extension names at the start of a line (RFC 5321
/// §4.1.1.1), mechanisms after AUTH (RFC 4954 §3), and the numeric parameters of extensions.
fn registered(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    // The first line contains the server's name and a greeting.
    for (at, line) in text.split('\n').enumerate() {
        let mut all = line.split([' ', '=']).scan(start, |place, word| {
            let range = *place..*place + word.len();
            *place = range.end + 1;
            Some((word, range))
        });
        start += line.len() + 1;
        if at == 0 {
            continue;
        }
        let Some((keyword, range)) = all.next() else { continue };
        if !keywords::is_registered(keyword) {
            continue;
        }
        found.push(range);
        let is_auth = keyword.eq_ignore_ascii_case("AUTH");
        let is_fixed = |word: &str| match is_auth {
            true => mechanisms::find(word).is_some_and(|row| row.name.eq_ignore_ascii_case(word)),
            false => word.bytes().all(|byte| byte.is_ascii_digit()),
        };
        found.extend(all.filter(|(word, _)| is_fixed(word)).map(|(_, range)| range));
    }
    found
}

/// Replaces the unknown words of the text. Consecutive unknown words are replaced together.
fn known_words(text: &str, unknown: &[Range<usize>]) -> String {
    let mut result = String::with_capacity(text.len());
    let mut shown = 0;
    let mut is_first = true;
    for range in unknown {
        let between = text.get(shown..range.start).unwrap_or_default();
        let is_in_a_row = !is_first && !between.contains(char::is_alphanumeric);
        if !is_in_a_row {
            result.push_str(between);
            result.push_str(LEFT_OUT);
        } else if between.contains('\n') {
            result.push('\n');
            result.push_str(LEFT_OUT);
        }
        (shown, is_first) = (range.end, false);
    }
    result.push_str(text.get(shown..).unwrap_or_default());
    result
}
/// The host to which a question connects with SMTP or TLS; `None` for all other questions, which never send the secret.
fn host_of(question: &Question) -> Option<&Host> {
    match question {
        Question::Session(request) => Some(&request.host),
        Question::Hello(request) => Some(&request.host),
        Question::Resolve { .. } | Question::Records(_) | Question::Fetch(_) | Question::Machine { .. } => None,
    }
}
