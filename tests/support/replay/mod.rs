//! Plays transcripts: TOML dialogues in, reports out. The dialogue and the checks are the real ones, without sockets or
//! a clock.
//!
//! Each file in `tests/transcripts/` describes a session and its follow-ups, with the complete list of the expected
//! findings. `quiet` names related rules that must not fire. Every rule needs a transcript where it fires and one that
//! lists it as quiet. The files in `field/` are cases from practice, named after the case. The format:
//!
//! ```toml
//! summary = "what happens, in one line"
//! args = ["mx.example.net:25", "--from", "a@example.org"]   # as on the command line
//! password = "..."            # optional; with --user in args
//! expect = ["rule-id"]        # exactly these findings
//! quiet = ["other-rule"]      # related rules that must not fire
//! exit = 0
//! [names]                     # optional; default: a = ["192.0.2.25"], aaaa = "nodata"
//! a = ["192.0.2.25"]          # or "nxdomain", "nodata", "servfail", "timeout", "refused", "unreachable"
//! [machine]                   # optional; default: no information
//! dmi = { sys_vendor = "Amazon EC2" }
//! variables = []
//! zone = ["example.com MX 10 mx.example.com"]   # the records of DNS; a line that ends in ` !` is signed, and a line
//!                             # that ends in ` ?` is answered with SERVFAIL. Without this key, the lookups of a
//!                             # single check fail
//! [[page]]                    # for `domain`: what a web server sends for every path
//! host = "mta-sts.example.com"
//! body = "version: STSv1"
//! [[session]]                    # matched by port and implicit TLS, in the order of the questions
//! port = 25                   # optional; required for other ports of the host, which are closed by default
//! implicit = false            # optional
//! name = "mx.example.net"     # only for a follow-up with this server name (SNI), and for an MX host
//! connect = "ok"              # or "refused", "timed-out", "host-unreachable", "network-unreachable", "denied-here"
//! proxy = "ok"                # with --proxy: or "logged-in", "refused", "timed-out", "denied", "login-required" ...
//! failed = [["2001:db8::25", "refused"]]   # connection attempts that failed before
//! dialogue = """
//! S: 220 mx.example.net ESMTP
//! C: EHLO client.example.org
//! """
//! [session.handshake]            # optional; default: TLS 1.3, trusted, matching name, 60 days left
//! trust = "trusted"           # or "outdated", or a ChainFault: "self-signed", "unknown-issuer", "usage" ...
//! names = ["mx.example.net"]  # names in the certificate
//! store_missing = { places = [] }   # this machine has no trust store; the fields of `MissingStore`
//! leaf = { days_left = 60 }   # and the other fields of TypedCertificate; `chain` has the certificates sent after it
//! lacks = ["renegotiation_info"]   # TLS 1.2 with a ServerHello without this; or "extended_master_secret"
//! fault = "closed"            # or "reset", "silent", "not-tls", "incompatible", "alert 40"
//! ```
//! `[[hello]]` answers a ClientHello of smtpcheck. `offer` is what the ClientHello offers, as `Offer` is displayed, for
//! example `TLS 1.2 with everything`, or `without a name`. The answer is either a ServerHello with `version = "1.0"`,
//! `suite`, `group` (numbers), `dh_bits`, `old = true` (no secure renegotiation), `master_secret = "old"` (RFC 7627 not
//! used), `asks_certificate = true` (requests a client certificate) and `certificate = "RSA 2048"`; or `alert = 70`; or
//! `instead = "closed"`, `"reset"`, `"silent"`, `"rejected"`, `"sslv2"`. If no entry matches, the answer is alert 40.
//!
//! Lines of a dialogue: `S: line`; `S. raw bytes with \r \n \x00, no line end added`; `C: line` (must be sent, secrets
//! as displayed); `TLS` (the handshake); `alert 116` (instead of a reply over TLS); `after 5s`; `ticket` (a session
//! ticket); `quiet` (no data for five seconds); `silent` (the reply deadline passes); `hangs up`; `resets`;
//! `time is up` (the overall time limit is reached while the client waits; no question is asked afterwards).

mod format;
mod handshake;
mod network;
mod records;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::OnceLock;

use smtpcheck::cli::{self, Invocation};
use smtpcheck::evidence::Machine;
use smtpcheck::inquiry::{self, EvidenceListener};
use smtpcheck::plan::LoginProof;
use smtpcheck::report::Report;
use smtpcheck::sasl::{Credentials, Proof};
use smtpcheck::secret::Secret;

pub use self::format::Transcript;
use self::format::{TypedLookup, TypedNames};
use self::network::Replay;

const NOW: &str = "2026-11-21T09:00:00Z";

fn now() -> jiff::Timestamp {
    NOW.parse().unwrap()
}

/// A server used instead of a transcript: returns what to send for each command. The command for the greeting is "".
pub trait Server {
    fn reply(&mut self, command: &str) -> Sends;
}

/// What the server sends for one command.
#[derive(Default)]
pub struct Sends {
    /// Sent at once, in one segment.
    pub now: String,
    /// Sent a moment later: before the reply to the next command, or in the pause before that command.
    pub late: String,
}

type NewServer<'a> = &'a dyn Fn() -> Box<dyn Server>;

/// Runs a check against servers that the function creates, one for each session.
pub fn check_with(args: &[&str], server: NewServer<'_>) -> Report {
    let words = args.iter().map(Into::into).collect();
    let Ok(Invocation::Check(args, matches)) = cli::parse(words) else {
        panic!("the arguments are not those of a check")
    };
    let plan = cli::plan::plan(&args, &matches, &args.targets[0], Some("client.example.org")).unwrap();
    let credentials = plan.login.as_ref().map(|login| Credentials {
        user: login.user.clone(),
        authzid: login.authzid.clone(),
        proof: Proof::Password(Secret::new("c4nary-password".to_owned())),
    });
    let mut replay = Replay {
        plan: plan.clone(),
        echoes: credentials.as_ref().map(Credentials::echoes).unwrap_or_default(),
        credentials,
        names: TypedNames {
            a: Some(TypedLookup::Addresses(vec!["192.0.2.25".parse().unwrap()])),
            aaaa: None,
            ..TypedNames::default()
        },
        zone: Vec::new(),
        pages: Vec::new(),
        machine: Machine { dmi: BTreeMap::new(), variables: Vec::new(), host: None },
        sessions: Vec::new(),
        hellos: Vec::new(),
        server: Some(server),
        arrivals: VecDeque::new(),
        clock: 0.0,
        time_is_up: false,
        problems: Vec::new(),
    };
    let (evidence, ended) = inquiry::at_once(inquiry::inquire(&plan, &mut replay, now(), &mut NoListener)).unwrap();
    Report::new(plan, evidence, &ended, replay.clock)
}

struct NoListener;

impl EvidenceListener for NoListener {}

pub struct Played {
    pub name: String,
    pub transcript: Transcript,
    pub report: Report,
    pub problems: Vec<String>,
}

pub fn play(path: &PathBuf) -> Played {
    let name = path.strip_prefix(folder()).unwrap().with_extension("").to_string_lossy().into_owned();
    play_text(name, &std::fs::read_to_string(path).unwrap())
}

/// Plays a transcript given as text.
pub fn play_text(name: String, text: &str) -> Played {
    play_live(name, text, &mut NoListener)
}

/// Like `play_text`, and reports the events to a listener.
pub fn play_live(name: String, text: &str, listener: &mut dyn EvidenceListener) -> Played {
    let transcript: Transcript = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let words = transcript.args.iter().map(Into::into).collect();
    let plan = match cli::parse(words).unwrap_or_else(|error| panic!("{name}: {error}")) {
        Invocation::Check(args, matches) => {
            let plan = cli::plan::plan(&args, &matches, &args.targets[0], Some("client.example.org"));
            plan.map(|mut plan| {
                cli::resolve::mark_unused(std::slice::from_mut(&mut plan));
                plan
            })
        }
        Invocation::Domain(args, matches) => cli::domain::plan(&args, &matches, Some("client.example.org")),
        _ => panic!("{name}: the arguments are not those of a check"),
    };
    let plan = plan.unwrap_or_else(|error| panic!("{name}: {error}"));
    let credentials = plan.login.as_ref().map(|login| {
        let secret = Secret::new(transcript.password.clone().unwrap_or_else(|| "c4nary-password".to_owned()));
        let proof = match login.proof {
            LoginProof::Password => Proof::Password(secret),
            LoginProof::Token => Proof::Token(secret),
            LoginProof::NoSecret => Proof::NoSecret,
        };
        Credentials { user: login.user.clone(), authzid: login.authzid.clone(), proof }
    });
    let default = TypedNames {
        a: Some(TypedLookup::Addresses(vec!["192.0.2.25".parse().unwrap()])),
        aaaa: None,
        ..TypedNames::default()
    };
    let mut replay = Replay {
        plan: plan.clone(),
        echoes: credentials.as_ref().map(Credentials::echoes).unwrap_or_default(),
        credentials,
        names: transcript.names.clone().unwrap_or(default),
        zone: transcript.zone.clone(),
        pages: transcript.page.clone(),
        machine: Machine {
            dmi: transcript.machine.dmi.clone(),
            variables: transcript.machine.variables.clone(),
            host: None,
        },
        sessions: transcript.session.iter().cloned().map(Some).collect(),
        hellos: transcript.hello.clone(),
        server: None,
        arrivals: VecDeque::new(),
        clock: 0.0,
        time_is_up: false,
        problems: Vec::new(),
    };
    let (evidence, ended) = inquiry::at_once(inquiry::inquire(&plan, &mut replay, now(), listener)).unwrap();
    let mut problems = replay.problems;
    problems.extend(
        replay.sessions.iter().flatten().map(|session| format!("never asked: [[session]] port {:?}", session.port)),
    );
    Played { name, transcript, report: Report::new(plan, evidence, &ended, replay.clock), problems }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// All transcripts, each replayed once for all tests of the program.
pub fn all() -> &'static [Played] {
    static ALL: OnceLock<Vec<Played>> = OnceLock::new();
    ALL.get_or_init(|| {
        let folder = folder();
        let mut paths: Vec<PathBuf> = walk(&folder);
        paths.sort();
        assert!(!paths.is_empty(), "no transcripts in {}", folder.display());
        paths.iter().map(play).collect()
    })
}

fn walk(folder: &PathBuf) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect()
}

/// The report of a check of a domain with two mail servers.
pub fn domain() -> Played {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/domain.toml");
    let played = play_text("domain".to_owned(), &std::fs::read_to_string(file).unwrap());
    assert!(played.problems.is_empty(), "{:?}", played.problems);
    played
}
