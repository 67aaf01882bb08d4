//! Bodies of fuzz targets: each takes any bytes, gives them to a part of the program as a peer or a user could, and panics
//! where a promise is broken. `fuzz/` runs them under libFuzzer, `tests/fuzz_bodies.rs` with inputs of its own making.
//!
//! Promises that are held here: nothing panics; what was read does not depend on how it was cut into pieces; a conversation
//! ends, with a bounded report that can be loaded again; no byte that a terminal acts upon is in any format; the password
//! is not in it either.
//!
//! A new body is a function, a row of [`BODIES`] with inputs to begin with, and a file of three lines in
//! `fuzz/fuzz_targets/`, which a test looks for.

use std::collections::VecDeque;
use std::sync::LazyLock;

use jiff::Timestamp;
use smtpcheck::cli::{self, Invocation};
use smtpcheck::commands::explain;
use smtpcheck::dialogue::{Access, Action, Dialogue, Peer};
use smtpcheck::evidence::{
    Answer, DialResult, Event, EventKind, Fault, Handshake, HandshakeKind, HelloOutcome, HelloSeen, Lookup, Machine,
    NameMatch, NameSource, Names, Outcome, Phase, Presented, ProbeId, TlsFault, TlsFaultKind, Trust, TrustStore,
};
use smtpcheck::expect::Expression;
use smtpcheck::gather;
use smtpcheck::inquiry::{self, Arrival, EvidenceListener, Gather};
use smtpcheck::plan::{LoginProof, Plan};
use smtpcheck::question::{HelloRequest, Question, SessionRequest};
use smtpcheck::render::{self, Display, Verbosity};
use smtpcheck::report::{Document, Report};
use smtpcheck::sasl::{self, Binding, Credentials, ExchangeStart, Means, Proof};
use smtpcheck::secret::{Echoes, Secret};
use smtpcheck::suite::SuiteEnvironment;
use smtpcheck::wire::tls::{self, FlightReader};
use smtpcheck::wire::{Assembler, Capabilities, ForwardPath, Framer, Host, Irregularity, LineEnding, Mailbox, Reply};

/// One body.
pub struct Body {
    /// The name of the file in `fuzz/fuzz_targets/`, and of the folder in `tests/data/fuzz/`.
    pub name: &'static str,
    /// What is done with the bytes.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Inputs that the smoke run makes of them; fewer where one takes long.
    pub rounds: usize,
}

/// Every body.
pub static BODIES: &[Body] = &[
    Body { name: "replies", run: replies, seeds: reply_seeds, rounds: 1500 },
    Body { name: "offers", run: offers, seeds: offer_seeds, rounds: 1500 },
    Body { name: "server_hello", run: server_hello, seeds: hello_seeds, rounds: 1500 },
    Body { name: "challenges", run: challenges, seeds: challenge_seeds, rounds: 150 },
    Body { name: "log", run: log, seeds: log_seeds, rounds: 400 },
    Body { name: "conversation", run: conversation, seeds: conversation_seeds, rounds: 250 },
    Body { name: "certificates", run: certificates, seeds: certificate_seeds, rounds: 60 },
    Body { name: "saved_report", run: saved_report, seeds: report_seeds, rounds: 60 },
    Body { name: "words", run: words, seeds: word_seeds, rounds: 1500 },
    Body { name: "expectation", run: expectation, seeds: expectation_seeds, rounds: 1500 },
    Body { name: "suite", run: suite, seeds: suite_seeds, rounds: 600 },
];

/// Ends a piece of what a server says: then the client has to do something before more comes.
const CUT: u8 = 0x1e;

/// Nothing that a mutation finds by itself, so that a server only knows it if it was told.
const PASSWORD: &str = "Tr0ub4dor-and-3";
const PASSWORD_B64: &str = "VHIwdWI0ZG9yLWFuZC0z";
const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";

fn heard(pieces: &mut dyn Iterator<Item = &[u8]>) -> Vec<Reply> {
    let (mut framer, mut assembler) = (Framer::default(), Assembler::default());
    let mut found = Vec::new();
    for piece in pieces {
        framer.push(piece);
        while let Some(line) = framer.next_line() {
            found.extend(assembler.push(line));
        }
    }
    while let Some(line) = framer.finish() {
        found.extend(assembler.push(line));
    }
    found.extend(assembler.finish());
    found
}

/// Sizes of pieces that the bytes themselves choose.
fn cuts(data: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let (mut rest, mut number) = (data, 0usize);
    while !rest.is_empty() {
        number = number.wrapping_mul(31).wrapping_add(usize::from(rest[0])).wrapping_add(data.len());
        let (piece, after) = rest.split_at((1 + number % 7).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn replies(data: &[u8]) {
    let whole = heard(&mut std::iter::once(data));
    assert_eq!(heard(&mut cuts(data).into_iter()), whole, "replies depend on how the bytes were cut");
    assert_eq!(heard(&mut data.chunks(1)), whole, "replies depend on how the bytes were cut");
    let dropped = |oddity: &Irregularity| matches!(oddity, Irregularity::LineTooLong { .. });
    if !whole.iter().any(|reply| reply.irregularities.iter().any(dropped)) {
        let raw: Vec<u8> = whole.iter().flat_map(|reply| reply.raw.clone()).collect();
        assert_eq!(raw, data, "the bytes cannot be rebuilt");
    }
    for reply in whole {
        assert!(reply.raw.len() <= smtpcheck::wire::reply::MAX_BYTES + smtpcheck::wire::framer::MAX_LINE + 2);
        assert!(reply.text.len() <= smtpcheck::wire::reply::MAX_LINES);
        let json = serde_json::to_string(&reply).unwrap();
        assert_eq!(serde_json::from_str::<Reply>(&json).unwrap(), reply, "a reply does not survive a report");
        let _ = (reply.lines(), reply.joined(), reply.class());
    }
}

fn offers(data: &[u8]) {
    let mut assembler = Assembler::default();
    let lines = data.split(|byte| *byte == b'\n').take(600);
    for (number, line) in lines.enumerate() {
        let head: &[u8] = if number == 0 { b"250-" } else { b"" };
        let bytes = [head, &line[..line.len().min(4096)]].concat();
        let line = smtpcheck::wire::RawLine { bytes, ending: LineEnding::CrLf, dropped: 0 };
        let Some(reply) = assembler.push(line) else { continue };
        let offers = Capabilities::read(&reply);
        for name in offers.auth_mechanisms() {
            assert!(!name.is_empty() && !name.contains(|c: char| c.is_ascii_lowercase()), "{name:?}");
        }
        for offer in &offers.offered {
            assert!(offers.has(&offer.keyword));
            assert!(!offer.keyword.contains([' ', '\t', '\r']), "{:?}", offer.keyword);
        }
        assert_ne!(offers.size(), Some(0));
        assert_eq!(offers.words().len(), offers.offered.len());
        let json = serde_json::to_string(&offers).unwrap();
        assert_eq!(serde_json::from_str::<Capabilities>(&json).unwrap(), offers);
    }
}

fn answer(pieces: &mut dyn Iterator<Item = &[u8]>) -> Option<tls::TlsAnswer> {
    let mut reader = FlightReader::default();
    for piece in pieces {
        if let Some(answer) = reader.push(piece) {
            assert_eq!(reader.push(b"more"), None, "an answer is given once");
            return Some(answer);
        }
    }
    reader.finish()
}

fn server_hello(data: &[u8]) {
    let whole = answer(&mut std::iter::once(data));
    assert_eq!(answer(&mut cuts(data).into_iter()), whole, "the answer depends on how the bytes were cut");
    assert_eq!(answer(&mut data.chunks(1)), whole, "the answer depends on how the bytes were cut");
    assert_eq!(whole.is_none(), data.is_empty());
    let _ = tls::FirstBytes::of(data);
    if let Some(mut answer) = whole {
        if let tls::TlsAnswer::ServerHello(hello) = &mut answer {
            // They stand beside the answer in a report, read.
            hello.certificates.clear();
        }
        let json = serde_json::to_string(&answer).unwrap();
        assert_eq!(serde_json::from_str::<tls::TlsAnswer>(&json).unwrap(), answer);
    }
}

/// Every mechanism against the same challenges. `{nonce}` in one stands for ours, which a server knows.
fn challenges(data: &[u8]) {
    let means =
        Means { host: "mx.example.net".to_owned(), port: 587, nonce: NONCE.to_owned(), unix_time: 1_795_000_000 };
    let binding = Binding { name: "tls-exporter", data: vec![7; 32] };
    for mechanism in sasl::MECHANISMS {
        let proof = match mechanism.needs {
            sasl::CredentialKind::Password | sasl::CredentialKind::PasswordAndBinding => {
                Proof::Password(Secret::new(PASSWORD.to_owned()))
            }
            sasl::CredentialKind::Token => Proof::Token(Secret::new(PASSWORD.to_owned())),
            sasl::CredentialKind::ClientCertificate | sasl::CredentialKind::Nothing => Proof::NoSecret,
        };
        let credentials = Credentials { user: "user@example.net".to_owned(), authzid: None, proof };
        let opening =
            ExchangeStart { credentials: &credentials, means: &means, binding: Some(&binding), offers_plus: true };
        let mut exchange = (mechanism.begin)(&opening);
        let _ = exchange.initial();
        for challenge in data.split(|byte| *byte == CUT).take(8) {
            let text = String::from_utf8_lossy(challenge);
            // Each round of hashing takes time, and that it is bounded another test proves.
            if text.contains("i=") && text.bytes().filter(u8::is_ascii_digit).count() > 4 && !text.contains("i=4096") {
                continue;
            }
            let told =
                if text.contains("{nonce}") { text.replace("{nonce}", NONCE).into_bytes() } else { challenge.to_vec() };
            let Ok(response) = exchange.answer(&told) else { break };
            let shown = format!("{response:?}");
            assert!(!shown.contains(PASSWORD), "{}: {shown}", mechanism.name);
            let is_open = matches!(response.shows, sasl::Shows::All);
            let holds = response.bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
            let said = told.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
            assert!(!(is_open && holds && !said), "{} shows the password", mechanism.name);
        }
        let _ = exchange.is_proved();
    }
}

fn log(data: &[u8]) {
    for form in [explain::ExplainForm::Text, explain::ExplainForm::Json] {
        let mut shown = Vec::new();
        let given = smtpcheck::explain::ExplainContext::default();
        let extent = explain::stream(&mut &data[..], &mut shown, &given, (form, &Display::plain()));
        assert!(extent.is_ok(), "a log in memory can be read");
        let shown = String::from_utf8(shown).expect("UTF-8");
        assert_harmless(&shown);
        if form == explain::ExplainForm::Json {
            for value in serde_json::Deserializer::from_str(&shown).into_iter::<serde_json::Value>() {
                value.expect("JSON");
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = smtpcheck::wire::reply::from_text(text);
    }
}

/// What a user types and a report is loaded from: parsed or refused.
fn words(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for word in text.split('\n').take(16) {
        if let Ok(mailbox) = Mailbox::parse(word) {
            assert!(!mailbox.to_string().contains(['\r', '\n', '\0']));
        }
        if let Ok(path) = ForwardPath::parse(word) {
            assert!(!path.to_string().contains(['\r', '\n', '\0']));
        }
        if let Ok(host) = Host::parse(word) {
            assert!(!host.to_string().contains(['\r', '\n', '\0', ' ']));
        }
        let _ = cli::target::parse(word);
    }
    let words: Vec<std::ffi::OsString> = text.split(['\n', ' ']).take(16).map(Into::into).collect();
    let _ = cli::parse(words);
}

/// What a user expects: read or refused, with a place inside the text, and judged the same each time.
fn expectation(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Expression::parse(&text) {
        Ok(expression) => {
            let mut report: serde_json::Value =
                serde_json::from_str(include_str!("../golden/formats/healthy-submission.json")).expect("JSON");
            report["greeting"]["text"] = [text.as_ref()].into();
            let report: Document = serde_json::from_value(report).expect("a report");
            assert_eq!(expression.judge(&report, None), expression.judge(&report, None));
        }
        Err(mistake) => {
            assert!(mistake.at <= text.chars().count());
            assert!(mistake.pointed().iter().all(|line| !line.contains(char::is_control)));
        }
    }
}

fn expectation_seeds() -> Vec<Vec<u8>> {
    ["tls.version >= 1.2", "rcpt.code in [550, 554]", "greeting.text matches '^m.*$'", "findings excludes greylisted"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}

/// A suite's file, which may include itself: read or refused.
fn suite(data: &[u8]) {
    let load = |_: &std::path::Path| Ok(data.to_vec());
    let around = SuiteEnvironment { load: &load, variable: &|name| Some(name.to_lowercase()), is_private: &|_| false };
    match smtpcheck::suite::read(std::path::Path::new("suite.toml"), &around) {
        Ok(checks) => assert!(!checks.is_empty() && checks.iter().all(|check| !check.name.is_empty())),
        Err(fault) => assert!(fault.at.line >= 1 && fault.at.column >= 1),
    }
}

fn suite_seeds() -> Vec<Vec<u8>> {
    let whole = "[defaults]\ntls = \"none\"\nexpect = [\"tls.version >= 1.2\"]\n[[check]]\nname = \"a\"\ntarget = \"${HOST:-h}\"\n\
                 needs = [\"egress:25\"]\nretry = 2\ninsecure = true\npassword-env = \"P\"\n";
    [whole, "include = \"suite.toml\"\n", "[[check]]\nname = \"b\"\ntarget = \"h\"\nto = \"a@b\"\n"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}

/// A whole check of a server that says these bytes. The first byte chooses what the check wants; [`CUT`] ends what the
/// server says at once. A piece that is `FIN`, `RST`, `WAIT` or `NOTLS` is done and not said.
fn conversation(data: &[u8]) {
    let Some((choice, said)) = data.split_first() else { return };
    let (plan, secret) = &PLANS[usize::from(*choice) % PLANS.len()];
    let whole = check(plan, secret.as_ref(), said, &CHAIN, Pieces::Whole);
    let strays =
        |report: &Report| report.evidence.transcript.iter().any(|event| matches!(event.what, EventKind::Stray { .. }));
    // What comes before its command is no answer to it, and only when it comes decides which of both it is. Bytes behind a
    // 421, and a 421 that was not asked for, likewise.
    if !strays(&whole) && !said.windows(3).any(|part| part == b"421") {
        let pieces = check(plan, secret.as_ref(), said, &CHAIN, Pieces::Cut);
        assert_eq!(untimed(&pieces), untimed(&whole), "a conversation depends on how the bytes were cut");
    }
}

/// The report without the times, of which each step takes some.
fn untimed(report: &Report) -> (Vec<(Phase, EventKind)>, Vec<String>, u8) {
    let events = report.evidence.transcript.iter().map(|event| match &event.what {
        EventKind::Dialled { .. } => (event.phase, EventKind::ClosedWithoutFarewell),
        what => (event.phase, what.clone()),
    });
    let rules = report.findings.iter().map(|finding| format!("{} {}", finding.rule, finding.summary)).collect();
    (events.collect(), rules, report.exit.code())
}

/// A healthy conversation with a server that shows these certificates.
fn certificates(data: &[u8]) {
    let chain: Vec<Vec<u8>> = data.split(|byte| *byte == CUT).take(20).map(<[u8]>::to_vec).collect();
    // Zero bytes of DER hold separators too: the whole in one piece counts as well.
    for chain in [chain, vec![data.to_vec()]] {
        let said = b"220 mx.example.net\x1e250-mx\r\n250 STARTTLS\x1e220 go\x1e250 mx\x1e221 bye";
        let lines: Vec<u8> =
            said.iter().flat_map(|b| if *b == CUT { vec![b'\r', b'\n', CUT] } else { vec![*b] }).collect();
        check(&PLANS[0].0, None, &lines, &chain, Pieces::Whole);
    }
}

fn saved_report(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(report) = Report::load(text) {
        shown(&report, Checked::Formats);
    }
}

type Planned = (Plan, Option<Credentials>);

/// What the checks want, by the words of the command line.
static PLANS: LazyLock<Vec<Planned>> = LazyLock::new(|| {
    [
        "mx.example.net:25",
        "mx.example.net:25 --from a@example.org --to b@example.net --to c@example.net --to d@example.net",
        "mx.example.net --user u@example.net --from a@example.org --to b@example.net",
        "mx.example.net --user u@example.net --auth LOGIN",
        "mx.example.net --user u@example.net --auth SCRAM-SHA-256,CRAM-MD5,DIGEST-MD5,NTLM",
        "mx.example.net --user u@example.net --auth all --insecure",
        "mx.example.net:25 --user u@example.net --tls none --allow-plaintext-auth",
        "mx.example.net:465 --from <> --to postmaster",
        "mx.example.net:25 --tls none --from ü@example.org --to é@example.net",
        "mx.example.net --quit-after starttls",
        "mx.example.net:25 --tls-scan",
    ]
    .iter()
    .filter_map(|line| {
        let words = line.split(' ').map(Into::into).collect();
        let Ok(Invocation::Check(args, matches)) = cli::parse(words) else { return None };
        let plan = cli::plan::plan(&args, &matches, &args.targets[0], Some("client.example.org")).ok()?;
        let credentials = plan.login.as_ref().map(|login| {
            let secret = Secret::new(PASSWORD.to_owned());
            let proof = match login.proof {
                LoginProof::Password => Proof::Password(secret),
                LoginProof::Token => Proof::Token(secret),
                LoginProof::NoSecret => Proof::NoSecret,
            };
            Credentials { user: login.user.clone(), authzid: login.authzid.clone(), proof }
        });
        Some((plan, credentials))
    })
    .collect()
});

/// A certificate that everybody trusts here.
static CHAIN: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| certificate_seeds().into_iter().take(1).collect());

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pieces {
    /// Each piece as it stands in the input.
    Whole,
    /// Each in parts of a few bytes.
    Cut,
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap()
}

fn check(plan: &Plan, credentials: Option<&Credentials>, said: &[u8], chain: &[Vec<u8>], pieces: Pieces) -> Report {
    let mut server = Server {
        plan,
        credentials,
        said: said.split(|byte| *byte == CUT).map(<[u8]>::to_vec).collect(),
        chain,
        pieces,
        echoes: credentials.map(Credentials::echoes).unwrap_or_default(),
        arrivals: VecDeque::new(),
        clock: 0.0,
    };
    let (evidence, ended) = inquiry::at_once(inquiry::inquire(plan, &mut server, now(), &mut Deaf)).unwrap();
    let report = Report::new(plan.clone(), evidence, &ended, server.clock);
    assert!(report.evidence.transcript.len() < 2000, "{} events", report.evidence.transcript.len());
    assert!(report.complete);
    // What came before the password was sent is shown as it is, also if the input happens to hold the password.
    let is_sent = |event: &&Event| matches!(event.what, EventKind::Sent { redacted: true, .. });
    let sent = report.evidence.transcript.iter().find(is_sent).map(|event| event.seq);
    let before: Vec<&Event> =
        report.evidence.transcript.iter().take_while(|event| sent.is_none_or(|sent| event.seq < sent)).collect();
    let before = format!("{before:?}");
    let is_repeated = credentials.is_some() && !before.contains(PASSWORD) && !before.contains(PASSWORD_B64);
    shown(&report, if is_repeated { Checked::FormatsAndSecret } else { Checked::Formats });
    report
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Checked {
    Formats,
    FormatsAndSecret,
}

/// The report in every format.
fn shown(report: &Report, checked: Checked) {
    for format in render::FORMATS {
        for volume in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
            let text = format.one(report, &Display { volume, ..Display::plain() });
            assert_harmless(&text);
            if checked == Checked::FormatsAndSecret {
                assert!(!text.contains(PASSWORD) && !text.contains(PASSWORD_B64), "{} shows the password", format.name);
            }
            if format.name == "json" {
                let back = Report::load(&text).expect("a report of ours can be loaded");
                assert_eq!(back.evidence, report.evidence, "a report changes when it is saved");
            }
        }
    }
}

/// No character that a terminal acts upon, but the ends of our lines.
fn assert_harmless(text: &str) {
    let acts = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let bad: Vec<char> = text.chars().filter(|c| acts(*c)).collect();
    assert!(bad.is_empty(), "{bad:?} in {text}");
}

/// A server and a network without sockets and clock.
struct Server<'a> {
    plan: &'a Plan,
    credentials: Option<&'a Credentials>,
    echoes: Echoes,
    said: VecDeque<Vec<u8>>,
    chain: &'a [Vec<u8>],
    pieces: Pieces,
    arrivals: VecDeque<Arrival>,
    clock: f64,
}

impl Gather for Server<'_> {
    fn echoes(&self) -> Echoes {
        self.echoes.clone()
    }

    fn ask(&mut self, id: ProbeId, question: &Question) {
        let outcome = match question {
            Question::Resolve { host } => Outcome::Done {
                answer: Answer::Names(Names {
                    host: host.clone(),
                    source: NameSource::System,
                    a: Lookup::answered(vec!["192.0.2.25".parse().unwrap()], 1.0),
                    aaaa: Lookup::Empty { ms: 1.0 },
                }),
            },
            Question::Machine { .. } => Outcome::Done { answer: Answer::Machine(Machine::default()) },
            Question::Hello(request) => Outcome::Done { answer: Answer::Hello(self.hello(request)) },
            Question::Session(request) => match self.session(id, request) {
                Ok(()) => Outcome::Done { answer: Answer::Session },
                Err(fault) => Outcome::Failed { fault },
            },
        };
        self.clock += 1.0;
        self.arrivals.push_back(Arrival::Answered { probe: id, at_ms: self.clock, outcome });
    }

    async fn next(&mut self) -> Arrival {
        self.arrivals.pop_front().expect("an open question has an answer")
    }

    fn stop(&mut self, _: ProbeId) {}

    fn now_ms(&self) -> f64 {
        self.clock
    }
}

impl Server<'_> {
    fn note(&mut self, probe: ProbeId, phase: Phase, tls: bool, what: EventKind) {
        self.clock += 1.0;
        self.arrivals.push_back(Arrival::Event { probe, at_ms: self.clock, phase, tls, what });
    }

    fn hello(&mut self, _: &HelloRequest) -> HelloSeen {
        let bytes = self.said.pop_front().unwrap_or_default();
        let heard = match answer(&mut std::iter::once(bytes.as_slice())) {
            Some(answer) => HelloOutcome::Answer { answer },
            None => HelloOutcome::Closed,
        };
        HelloSeen { ms: Some(1.0), heard, presented: None }
    }

    fn session(&mut self, id: ProbeId, request: &SessionRequest) -> Result<(), Fault> {
        let address = "192.0.2.25:25".parse().unwrap();
        let result = DialResult::Connected { local: "192.0.2.9:40000".parse().unwrap() };
        self.note(id, Phase::Connect, false, EventKind::Dialled { address, started_ms: self.clock, result });
        let nonce = NONCE.to_owned();
        let means = Means { host: request.host.to_string(), port: request.port, nonce, unix_time: 1_795_000_000 };
        let access = self.credentials.map(|credentials| Access { credentials, means });
        let mut dialogue = Dialogue::new(&request.script, access, "192.0.2.9".parse().ok());
        let mut rest = Vec::new();
        for _ in 0..200_000 {
            self.echoes.hide(&dialogue.take_made());
            match dialogue.step() {
                Action::Note(phase, what) => self.note(id, phase, dialogue.is_encrypted(), what),
                Action::Send(bytes) => assert!(bytes.ends_with(b"\r\n"), "a line without an end"),
                Action::BeginTls => {
                    if self.said.front().is_some_and(|said| said == b"NOTLS") {
                        self.said.pop_front();
                        let (first_bytes, detail) = (String::new(), String::new());
                        let (kind, sni, server_hello) = (TlsFaultKind::NotTls, None, None);
                        return Err(Fault::Tls { tls: TlsFault { kind, first_bytes, detail, sni, server_hello } });
                    }
                    let handshake = self.handshake(request);
                    let peer = if handshake.verifies(now()) { Peer::Verified } else { Peer::Unverified };
                    self.note(id, Phase::Tls, true, EventKind::Secured { handshake: Box::new(handshake) });
                    dialogue.secured(peer, None);
                }
                Action::Await if !rest.is_empty() => {
                    let later = rest.split_off((1 + rest.len() % 5).min(rest.len()));
                    dialogue.receive(&std::mem::replace(&mut rest, later));
                }
                Action::Await => match self.said.pop_front().as_deref() {
                    None | Some(b"FIN") => dialogue.closed(false),
                    Some(b"RST") => dialogue.closed(true),
                    Some(b"WAIT") => dialogue.timed_out(30_000.0),
                    Some(said) => match self.pieces {
                        Pieces::Whole => dialogue.receive(said),
                        Pieces::Cut => rest = said.to_vec(),
                    },
                },
                Action::HangUp(result) => {
                    dialogue.receive(b"220 more\r\n");
                    assert!(!matches!(dialogue.step(), Action::Send(_)), "something is said after hanging up");
                    return result;
                }
            }
        }
        panic!("the conversation does not end");
    }

    fn handshake(&self, request: &SessionRequest) -> Handshake {
        let (chain, staple) = gather::certificates(self.chain, self.chain.last().map_or(&[], Vec::as_slice));
        let expected = self.plan.tls.sni.clone().unwrap_or_else(|| request.host.to_string());
        Handshake {
            version: "1.3".to_owned(),
            cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
            group: None,
            signature: None,
            alpn: None,
            kind: HandshakeKind::Full,
            sni: None,
            ms: 1.0,
            client_certificate_requested: false,
            client_certificate_sent: false,
            staple,
            presented: Presented {
                chain_length: chain.len(),
                path: Vec::new(),
                trust: Trust::Trusted { path: chain.iter().map(|one| one.subject.clone()).collect() },
                name: NameMatch::Matches { expected },
                store: TrustStore::System { anchors: 1 },
                anchor: None,
                faults: Vec::new(),
                limits: Vec::new(),
                chain,
            },
            signature_fault: None,
            server_hello: None,
        }
    }
}

struct Deaf;

impl EvidenceListener for Deaf {}

fn bytes_of(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn reply_seeds() -> Vec<Vec<u8>> {
    let mut seeds = bytes_of(&[
        "220 mx.example.net ESMTP\r\n",
        "250-mx.example.net\r\n250-SIZE 1000\r\n250 STARTTLS\r\n",
        "550-5.1.1 No such user\r\n550 5.1.1 here\r\n",
        "250-a\n550 b\n\r\n\r\r\n354\r\n2200 x\r\n22 y\r\n220\tz\r\n\u{1b}[1m\0é",
        "421 #4.4.5 Too many connections\r\n",
    ]);
    seeds.push([b"250-".as_slice(), &[b'x'; 5000], b"\r\n250 ok\r\n"].concat());
    seeds.push(b"250-x\r\n".repeat(520));
    seeds
}

fn offer_seeds() -> Vec<Vec<u8>> {
    bytes_of(&[
        "mx.example.net\n250-PIPELINING\n250-SIZE 35882577\n250-AUTH PLAIN LOGIN\n250-AUTH=LOGIN\n250 STARTTLS",
        "mx\n250-auth\u{a0}x\n250-AUTH=é login\n250-SIZE 0\n250-SIZE 99999999999999999999\n250-\n250 ",
        "mx\n250-AUTH=\n250-AUTHé\n250 starttls\r",
    ])
}

fn hello_seeds() -> Vec<Vec<u8>> {
    let mut hello = vec![0x16, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x2f, 0]);
    let mut with_certificate = hello.clone();
    let certificate = certificate_seeds().remove(0);
    let (inner, outer) = (certificate.len() + 3, certificate.len() + 6);
    let size = |length: usize| [(length >> 16) as u8, (length >> 8) as u8, length as u8];
    let body = [&[11], &size(outer)[..], &size(inner), &size(certificate.len()), &certificate].concat();
    with_certificate.extend([0x16, 3, 3, (body.len() >> 8) as u8, body.len() as u8]);
    with_certificate.extend(body);
    with_certificate.extend([0x16, 3, 3, 0, 4, 14, 0, 0, 0]);
    vec![
        hello,
        with_certificate,
        vec![0x15, 3, 3, 0, 2, 2, 40],
        vec![0x15, 3, 3, 0, 2, 1, 112, 0x16, 3, 3, 0, 0],
        vec![0x80, 0x2F, 4, 0, 1, 0, 2, 3, 0xE0, 0, 3, 0, 16],
        b"220 mx.example.net ESMTP\r\n".to_vec(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    ]
}

fn challenge_seeds() -> Vec<Vec<u8>> {
    bytes_of(&[
        "",
        "Username:\u{1e}Password:\u{1e}More:",
        "r={nonce}3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096\u{1e}v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        "m=x,r={nonce}a,s=,i=4096",
        "<1896.697170952@postoffice.reston.mci.net>",
        "realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,charset=utf-8\u{1e}rspauth=ea40f60335c427b5527b84dbabcdfffd",
        "NTLMSSP\0\u{2}\0\0\0\u{c}\0\u{c}\08\0\0\0\u{3}\u{2}\0\0\u{1}#Eg\0\0\0\0\0\0\0\0$\0$\0D\0\0\0",
        "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"https://mail.example/\"}\u{1e}",
    ])
}

fn log_seeds() -> Vec<Vec<u8>> {
    bytes_of(&[
        "Dec  1 16:25:32 mx postfix/smtp[1]: 4C37: to=<u@example.com>, relay=mx.example.net[192.0.2.40]:25, dsn=5.7.1, status=bounced (host mx.example.net[192.0.2.40] said: 554 5.7.1 <u@example.com>: Relay access denied (in reply to RCPT TO command))\n",
        "2012-02-13 15:02:02 1Rwt ** u@example.ru R=d T=r: SMTP error from remote mail server after RCPT TO:<u@example.ru>: host mx.example.ru [192.0.2.3]: 550 5.1.1 User unknown\n",
        "Apr 20 16:35:51 mx sm-mta[6]: n3K: to=<u@example.com>, relay=mx.example.com. [192.0.2.1], dsn=4.7.1, stat=Deferred: 450 4.7.1 Greylisted\n",
        "550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 Please try again\n",
        "Diagnostic-Code: smtp; 550 5.7.26\n   unauthenticated\n\nRemote-MTA: dns; mx.example.net\n",
        "-> AUTH PLAIN\n<- 535 5.7.8 bad\n\u{feff}\u{202e}535 \u{1b}]52;c;x\u{7}\r\n",
        "starttls-not-offered\n535\n5.7.139\nAUTH\nSCRAM-SHA-256\n",
    ])
}

fn conversation_seeds() -> Vec<Vec<u8>> {
    let ehlo =
        "250-mx.example.net\r\n250-PIPELINING\r\n250-AUTH PLAIN LOGIN SCRAM-SHA-256 CRAM-MD5 NTLM\r\n250 STARTTLS\r\n";
    let sessions = [
        format!(
            "220 mx.example.net ESMTP\r\n\u{1e}{ehlo}\u{1e}220 2.0.0 go\r\n\u{1e}{ehlo}\u{1e}250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.1.1 no\r\n250 ok\r\n\u{1e}250 ok\r\n221 bye\r\n"
        ),
        format!(
            "220 mx.example.net ESMTP\r\n\u{1e}{ehlo}\u{1e}220 2.0.0 go\r\n\u{1e}{ehlo}\u{1e}334 VXNlcm5hbWU6\r\n\u{1e}334 UGFzc3dvcmQ6\r\n\u{1e}535 5.7.8 {PASSWORD} {PASSWORD_B64}\r\n\u{1e}221 bye\r\n"
        ),
        format!(
            "220 mx.example.net ESMTP\r\n\u{1e}{ehlo}\u{1e}220 go\r\n\u{1e}{ehlo}\u{1e}334 cj1yT3ByTkdmd0ViZVJXZ2JORWtxT2Escz1RUz09LGk9NDA5Ng==\r\n\u{1e}235 2.7.0 ok\r\n\u{1e}250 ok\r\n\u{1e}452 later\r\n"
        ),
        format!(
            "220-a\r\n220 b\r\n250 early\r\n\u{1e}500 what?\r\n\u{1e}250 mx\r\n\u{1e}WAIT\u{1e}RST\u{1e}554 no\r\n\u{1e}FIN\u{1e}{ehlo}"
        ),
        "421 4.7.0 \u{1b}[2J\u{202e}too many\r\n\u{1e}554 5.7.1 blocked using zen.spamhaus.org\r\n".to_owned(),
        format!(
            "220 mx\r\n\u{1e}{ehlo}\u{1e}220 go\r\n250 injected\r\n\u{1e}NOTLS\u{1e}220 mx\r\n\u{1e}{ehlo}\u{1e}454 no\r\n"
        ),
        "SSH-2.0-OpenSSH_9.6\r\n".to_owned(),
    ];
    let all = (0..u8::try_from(PLANS.len()).unwrap())
        .flat_map(|choice| sessions.iter().map(move |session| [&[choice], session.as_bytes()].concat()));
    all.collect()
}

fn certificate_seeds() -> Vec<Vec<u8>> {
    use rustls::pki_types::pem::PemObject;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/certificates");
    ["p224", "rsa1024", "sha1", "v1", "dsa"]
        .iter()
        .map(|name| {
            let path = format!("{folder}/{name}.pem").replace("/fuzz/tests/", "/tests/");
            rustls::pki_types::CertificateDer::from_pem_file(path).unwrap().to_vec()
        })
        .collect()
}

fn report_seeds() -> Vec<Vec<u8>> {
    let session = conversation_seeds().remove(0);
    let report = check(&PLANS[1].0, None, &session[1..], &CHAIN, Pieces::Whole);
    vec![render::format("json").unwrap().one(&report, &Display::plain()).into_bytes()]
}

fn word_seeds() -> Vec<Vec<u8>> {
    bytes_of(&[
        "mx.example.net:25\n[2001:db8::1]:465\nsmtp://mx.example.net:587\nsmtps://192.0.2.1\nxn--mnchen-3ya.example",
        "a@example.org\n\"a b\"@example.org\n<>\npostmaster\n@a,@b:c@example.org\nü@example.org\na@[192.0.2.1]",
        "mx.example.net --from a@example.org --to b@example.net --timeout 20s --tls none",
        "explain 550 5.1.1 User unknown",
        "sandbox --fleet 7 --dns 5353 --listen 127.0.0.1",
    ])
}
