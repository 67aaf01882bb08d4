//! Bodies of fuzz targets: each takes any bytes, gives them to a part of the program as a peer or a user could, and panics
//! where a promise is broken. `fuzz/` runs them under libFuzzer, `tests/fuzz_bodies.rs` with inputs of its own making.
//!
//! Promises that are held here: nothing panics; what was read does not depend on how it was cut into pieces; a conversation
//! ends, with a bounded report that can be loaded again; no byte that a terminal acts upon is in any format; the password
//! is not in it either.
//!
//! A new body is a function, a row of [`BODIES`] with inputs to begin with, and a file of three lines in
//! `fuzz/fuzz_targets/`, which a test looks for.

mod seeds;
mod server;

use std::collections::VecDeque;
use std::sync::LazyLock;

use jiff::Timestamp;
use smtpcheck::cli::{self, Invocation};
use smtpcheck::commands::explain;
use smtpcheck::evidence::{Event, EventKind, Phase};
use smtpcheck::expect::Expression;
use smtpcheck::inquiry::{self, EvidenceListener};
use smtpcheck::plan::{LoginProof, Plan};
use smtpcheck::render::{self, Display, Verbosity};
use smtpcheck::report::{Document, Report};
use smtpcheck::sasl::{self, Binding, Credentials, ExchangeStart, Means, Proof};
use smtpcheck::secret::Secret;
use smtpcheck::suite::SuiteEnvironment;
use smtpcheck::wire::tls::{self, FlightReader};
use smtpcheck::wire::{Assembler, Capabilities, ForwardPath, Framer, Host, Irregularity, LineEnding, Mailbox, Reply};

use self::seeds::{
    certificate_seeds, challenge_seeds, conversation_seeds, expectation_seeds, hello_seeds, log_seeds, offer_seeds,
    reply_seeds, report_seeds, suite_seeds, word_seeds,
};
use self::server::Server;

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
                serde_json::from_str(include_str!("../../golden/formats/healthy-submission.json")).expect("JSON");
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

/// A suite's file, which may include itself: read or refused.
fn suite(data: &[u8]) {
    let load = |_: &std::path::Path| Ok(data.to_vec());
    let around = SuiteEnvironment { load: &load, variable: &|name| Some(name.to_lowercase()), is_private: &|_| false };
    match smtpcheck::suite::read(std::path::Path::new("suite.toml"), &around) {
        Ok(checks) => assert!(!checks.is_empty() && checks.iter().all(|check| !check.name.is_empty())),
        Err(fault) => assert!(fault.at.line >= 1 && fault.at.column >= 1),
    }
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
struct Deaf;

impl EvidenceListener for Deaf {}
