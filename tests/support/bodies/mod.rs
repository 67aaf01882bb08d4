//! Bodies of fuzz targets. Each passes arbitrary bytes to a part of the program, as a peer or a user could, and panics
//! when a promise is broken. `fuzz/` runs them with libFuzzer, and `tests/fuzz_bodies.rs` runs them with its own
//! inputs.
//!
//! Promises checked here: no panic; the result does not depend on how the bytes were split; a session ends, with a
//! bounded report that can be loaded again; and no format contains the password or a byte that a terminal interprets.
//!
//! To add a body, write a function, add a row with seed inputs to [`BODIES`], and add a file of three lines to
//! `fuzz/fuzz_targets/`. A test checks that the file exists.

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
    argument_seeds, certificate_seeds, challenge_seeds, expectation_seeds, hello_seeds, log_seeds, offer_seeds,
    reply_seeds, report_seeds, session_seeds, suite_seeds,
};
use self::server::Server;

/// A fuzz target.
pub struct Body {
    /// The name of its file in `fuzz/fuzz_targets/` and of its folder in `tests/data/fuzz/`.
    pub name: &'static str,
    /// Tests the program with the bytes.
    pub run: fn(&[u8]),
    /// Inputs from which mutation starts.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Number of mutated inputs in the smoke test. It is smaller for slow bodies.
    pub rounds: usize,
}

/// All fuzz targets.
pub static BODIES: &[Body] = &[
    Body { name: "replies", run: replies, seeds: reply_seeds, rounds: 1500 },
    Body { name: "offers", run: offers, seeds: offer_seeds, rounds: 1500 },
    Body { name: "server_hello", run: server_hello, seeds: hello_seeds, rounds: 1500 },
    Body { name: "challenges", run: challenges, seeds: challenge_seeds, rounds: 150 },
    Body { name: "log", run: log, seeds: log_seeds, rounds: 400 },
    Body { name: "session", run: session, seeds: session_seeds, rounds: 2000 },
    Body { name: "certificates", run: certificates, seeds: certificate_seeds, rounds: 600 },
    Body { name: "saved_report", run: saved_report, seeds: report_seeds, rounds: 600 },
    Body { name: "arguments", run: arguments, seeds: argument_seeds, rounds: 1500 },
    Body { name: "expectation", run: expectation, seeds: expectation_seeds, rounds: 1500 },
    Body { name: "suite", run: suite, seeds: suite_seeds, rounds: 600 },
];

/// Separates what the server sends: before the next part is sent, the client must act.
const CUT: u8 = 0x1e;

/// The password is too long to be found by mutation, so the server can only repeat it if it received it.
const PASSWORD: &str = "Tr0ub4dor-and-3";
const PASSWORD_B64: &str = "VHIwdWI0ZG9yLWFuZC0z";
const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";

fn parsed(pieces: &mut dyn Iterator<Item = &[u8]>) -> Vec<Reply> {
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

/// Splits the bytes into pieces whose sizes depend on the bytes.
fn pieces_of(data: &[u8]) -> Vec<&[u8]> {
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
    let whole = parsed(&mut std::iter::once(data));
    assert_eq!(parsed(&mut pieces_of(data).into_iter()), whole, "replies depend on how the bytes were split");
    assert_eq!(parsed(&mut data.chunks(1)), whole, "replies depend on how the bytes were split");
    let dropped = |oddity: &Irregularity| matches!(oddity, Irregularity::LineTooLong { .. });
    if !whole.iter().any(|reply| reply.irregularities.iter().any(dropped)) {
        let raw: Vec<u8> = whole.iter().flat_map(|reply| reply.raw.clone()).collect();
        assert_eq!(raw, data, "the bytes cannot be restored from the replies");
    }
    for reply in whole {
        assert!(reply.raw.len() <= smtpcheck::wire::reply::MAX_BYTES + smtpcheck::wire::framer::MAX_LINE + 2);
        assert!(reply.text.len() <= smtpcheck::wire::reply::MAX_LINES);
        let json = serde_json::to_string(&reply).unwrap();
        assert_eq!(serde_json::from_str::<Reply>(&json).unwrap(), reply, "a reply changes when it is saved and loaded");
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
            assert_eq!(reader.push(b"more"), None, "the answer is returned only once");
            return Some(answer);
        }
    }
    reader.finish()
}

fn server_hello(data: &[u8]) {
    let whole = answer(&mut std::iter::once(data));
    assert_eq!(answer(&mut pieces_of(data).into_iter()), whole, "the answer depends on how the bytes were split");
    assert_eq!(answer(&mut data.chunks(1)), whole, "the answer depends on how the bytes were split");
    assert_eq!(whole.is_none(), data.is_empty());
    let _ = tls::FirstBytes::of(data);
    if let Some(mut answer) = whole {
        if let tls::TlsAnswer::ServerHello(hello) = &mut answer {
            // A report contains the parsed certificates in another field.
            hello.certificates.clear();
        }
        let json = serde_json::to_string(&answer).unwrap();
        assert_eq!(serde_json::from_str::<tls::TlsAnswer>(&json).unwrap(), answer);
    }
}

/// Every mechanism with the same challenges. `{nonce}` in a challenge is replaced by the client's nonce, which a server
/// knows.
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
            // A high iteration count takes a long time. Another test checks that the count is bounded.
            if text.contains("i=") && text.bytes().filter(u8::is_ascii_digit).count() > 4 && !text.contains("i=4096") {
                continue;
            }
            let challenge =
                if text.contains("{nonce}") { text.replace("{nonce}", NONCE).into_bytes() } else { challenge.to_vec() };
            let Ok(response) = exchange.answer(&challenge) else { break };
            let shown = format!("{response:?}");
            assert!(!shown.contains(PASSWORD), "{}: {shown}", mechanism.name);
            let is_unmasked = matches!(response.shows, sasl::Shows::All);
            let has_password = response.bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
            let is_repeated = challenge.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
            assert!(!(is_unmasked && has_password && !is_repeated), "{} shows the password", mechanism.name);
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

/// Command line arguments and addresses: parsing succeeds or fails, but does not panic.
fn arguments(data: &[u8]) {
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

/// An expectation is rejected with a position inside the text, or is evaluated to the same result each time.
fn expectation(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Expression::parse(&text) {
        Ok(expression) => {
            let mut report = HEALTHY.clone();
            report["greeting"]["text"] = [text.as_ref()].into();
            let report: Document = serde_json::from_value(report).expect("the report can be parsed");
            assert_eq!(expression.judge(&report, None), expression.judge(&report, None));
        }
        Err(mistake) => {
            assert!(mistake.at <= text.chars().count());
            assert!(mistake.pointed().iter().all(|line| !line.contains(char::is_control)));
        }
    }
}

/// A suite file that may include itself: it is read, or rejected with a position.
fn suite(data: &[u8]) {
    let load = |_: &std::path::Path| Ok(data.to_vec());
    let around = SuiteEnvironment { load: &load, variable: &|name| Some(name.to_lowercase()), is_private: &|_| false };
    match smtpcheck::suite::read(std::path::Path::new("suite.toml"), &around) {
        Ok(checks) => assert!(!checks.is_empty() && checks.iter().all(|check| !check.name.is_empty())),
        Err(fault) => assert!(fault.at.line >= 1 && fault.at.column >= 1),
    }
}

/// A complete check of a server that sends these bytes. The first byte selects the plan. [`CUT`] separates what the
/// server sends at once. The parts `FIN`, `RST`, `WAIT` and `NOTLS` are actions and are not sent.
fn session(data: &[u8]) {
    let Some((choice, said)) = data.split_first() else { return };
    let (plan, secret) = &PLANS[usize::from(*choice) % PLANS.len()];
    let whole = check(plan, secret.as_ref(), said, &CHAIN, Pieces::Whole);
    let strays =
        |report: &Report| report.evidence.transcript.iter().any(|event| matches!(event.what, EventKind::Stray { .. }));
    // Bytes that arrive before their command are not a reply to it. Whether they arrive before or after the command
    // depends on timing, and therefore on how the input is split. The same is true of bytes after a 421 reply and of an
    // unsolicited 421.
    if !strays(&whole) && !said.windows(3).any(|part| part == b"421") {
        let pieces = check(plan, secret.as_ref(), said, &CHAIN, Pieces::Cut);
        assert_eq!(untimed(&pieces), untimed(&whole), "a session depends on how the bytes were split");
    }
}

/// The report without times, because each step takes a different time.
fn untimed(report: &Report) -> (Vec<(Phase, EventKind)>, Vec<String>, u8) {
    let events = report.evidence.transcript.iter().map(|event| match &event.what {
        EventKind::Dialled { .. } | EventKind::SocketOpened { .. } => (event.phase, EventKind::ClosedWithoutFarewell),
        what => (event.phase, what.clone()),
    });
    let rules = report.findings.iter().map(|finding| format!("{} {}", finding.rule, finding.summary)).collect();
    (events.collect(), rules, report.exit.code())
}

/// A successful session with a server that presents these certificates.
fn certificates(data: &[u8]) {
    let chain: Vec<Vec<u8>> = data.split(|byte| *byte == CUT).take(20).map(<[u8]>::to_vec).collect();
    // DER can contain the separator byte, so the entire input is also tried as one certificate.
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
        render_one(&report, Checked::Formats, data);
    }
}

type Planned = (Plan, Option<Credentials>);

/// The plans of the checks, given as command line arguments.
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

/// A certificate that the test server presents as trusted.
static CHAIN: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| certificate_seeds().into_iter().take(1).collect());

/// The report that an expectation is evaluated for.
static HEALTHY: LazyLock<serde_json::Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../golden/formats/healthy-submission.json")).expect("JSON"));

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pieces {
    /// Each part is received as it is in the input.
    Whole,
    /// Each part is received in pieces of a few bytes.
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
    let (evidence, ended) = inquiry::at_once(inquiry::inquire(plan, &mut server, now(), &mut NoListener)).unwrap();
    let report = Report::new(plan.clone(), evidence, &ended, server.clock);
    assert!(report.evidence.transcript.len() < 2000, "{} events", report.evidence.transcript.len());
    assert!(report.complete);
    // Before the password is sent, received text is shown unmasked, even if the input happens to contain the password.
    let is_sent = |event: &&Event| matches!(event.what, EventKind::Sent { redacted: true, .. });
    let sent = report.evidence.transcript.iter().find(is_sent).map(|event| event.seq);
    let before: Vec<&Event> =
        report.evidence.transcript.iter().take_while(|event| sent.is_none_or(|sent| event.seq < sent)).collect();
    let before = format!("{before:?}");
    let is_repeated = credentials.is_some() && !before.contains(PASSWORD) && !before.contains(PASSWORD_B64);
    render_one(&report, if is_repeated { Checked::FormatsAndSecret } else { Checked::Formats }, said);
    report
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Checked {
    Formats,
    FormatsAndSecret,
}

/// Renders the report in one format with one verbosity, which the input selects. Each execution is therefore fast, and
/// a fuzzer, which runs many inputs, reaches all formats.
fn render_one(report: &Report, checked: Checked, data: &[u8]) {
    const VOLUMES: [Verbosity; 3] = [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose];
    let choice = data.iter().fold(data.len(), |sum, &byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let format = &render::FORMATS[choice % render::FORMATS.len()];
    let volume = VOLUMES[choice / render::FORMATS.len() % VOLUMES.len()];
    let text = format.one(report, &Display { volume, ..Display::plain() });
    assert_harmless(&text);
    if checked == Checked::FormatsAndSecret {
        assert!(!text.contains(PASSWORD) && !text.contains(PASSWORD_B64), "{} shows the password", format.name);
    }
    if format.name == "json" {
        let back = Report::load(&text).expect("a report of this version can be loaded");
        assert_eq!(back.evidence, report.evidence, "a report changes when it is saved");
    }
}

/// Asserts that the text contains no character that a terminal interprets, except line feeds.
fn assert_harmless(text: &str) {
    let acts = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let bad: Vec<char> = text.chars().filter(|c| acts(*c)).collect();
    assert!(bad.is_empty(), "{bad:?} in {text}");
}
struct NoListener;

impl EvidenceListener for NoListener {}
