//! Every login mechanism in a session with a simulated server: one that behaves correctly, one that rejects the login,
//! and hostile ones. The challenges are those of the mechanism's specification ([`smtpcheck::sasl::Vector`]), so a new
//! mechanism is tested here without additional code.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use smtpcheck::dialogue::{Access, Action, Dialogue, Peer};
use smtpcheck::evidence::{CancelReason, EventKind};
use smtpcheck::plan::{Login, LoginProof, Plaintext, QuitAfter, TlsUse, Unverified};
use smtpcheck::question::{Pacing, Script, Starttls};
use smtpcheck::sasl::{Binding, CredentialKind, Credentials, MECHANISMS, Means, Mechanism, Proof, Vector};
use smtpcheck::secret::{NOT_SHOWN, Secret};
use smtpcheck::wire::EhloName;

/// The maximum number of client lines: EHLO, the longest exchange of any mechanism, `*`, QUIT. A session with more
/// lines does not end.
const MAX_LINES: usize = 12;

/// The result of a session.
struct Session {
    /// The lines of the client, as they were sent.
    sent: Vec<String>,
    cancelled: Option<CancelReason>,
    /// All events of the session as JSON, with masks applied.
    evidence: String,
}

impl Session {
    fn sent_quit_once(&self) -> bool {
        self.sent.iter().filter(|line| *line == "QUIT").count() == 1
    }
}

/// Logs in with the credentials of the vector. From AUTH on, `answer` responds as the server; its argument is the
/// number of replies sent so far.
fn log_in(mechanism: &Mechanism, vector: &Vector, answer: &dyn Fn(usize) -> String) -> Session {
    let secret = Secret::new(vector.secret.to_owned());
    let (proof, kind) = match mechanism.needs {
        CredentialKind::Password | CredentialKind::PasswordAndBinding => {
            (Proof::Password(secret), LoginProof::Password)
        }
        CredentialKind::Token => (Proof::Token(secret), LoginProof::Token),
        CredentialKind::ClientCertificate | CredentialKind::Nothing => (Proof::NoSecret, LoginProof::NoSecret),
    };
    let user = vector.user.to_owned();
    let login = Login {
        user: user.clone(),
        authzid: None,
        proof: kind,
        try_all: false,
        mechanisms: vec![mechanism.name.to_owned()],
        plaintext: Plaintext::Refused,
        unverified: Unverified::Refused,
    };
    let script = Script {
        protocol: smtpcheck::plan::Protocol::Smtp,
        esmtp: smtpcheck::plan::Esmtp::Auto,
        claims: smtpcheck::plan::ClientClaims::default(),
        queries: Vec::new(),
        ehlo: EhloName::Name("client.example.org".to_owned()),
        tls: TlsUse::Implicit,
        asks_for_auth: false,
        pacing: Pacing::Prompt,
        login: Some(login),
        envelope: None,
        quit_after: QuitAfter::Auth,
        starttls: Starttls::Alone,
        sni: None,
    };
    let credentials = Credentials { user, authzid: None, proof };
    let means =
        Means { host: vector.host.to_owned(), port: 587, nonce: vector.nonce.to_owned(), unix_time: 1_700_000_000 };
    let mut dialogue = Dialogue::new(&script, Some(Access { credentials: &credentials, means }), None);
    let mut session = Session { sent: Vec::new(), cancelled: None, evidence: String::new() };
    let mut replies = 0;
    let echoes = credentials.echoes();
    loop {
        echoes.hide(&dialogue.take_made());
        match dialogue.step() {
            Action::BeginTls => {
                let binding = vector.binding.map(|data| Binding { name: "tls-exporter", data: data.to_vec() });
                dialogue.secured(Peer::Verified, binding);
                dialogue.receive(b"220 mail.example.net\r\n");
            }
            Action::Note(_, what) => {
                if let EventKind::AuthCancelled { reason } = &what {
                    session.cancelled = Some(*reason);
                }
                session.evidence.push_str(&echoes.without(&serde_json::to_string(&what).unwrap()));
            }
            Action::Send(bytes) => {
                let line = String::from_utf8(bytes.to_vec()).unwrap().trim_end_matches("\r\n").to_owned();
                let reply = match line.as_str() {
                    "QUIT" => "221 bye".to_owned(),
                    line if line.starts_with("EHLO") => format!("250-mail.example.net\r\n250 AUTH {}", mechanism.name),
                    _ => answer(replies),
                };
                replies += usize::from(!line.starts_with("EHLO"));
                session.sent.push(line);
                assert!(session.sent.len() <= MAX_LINES, "{} does not end: {:?}", mechanism.name, session.sent);
                dialogue.receive(format!("{reply}\r\n").as_bytes());
            }
            Action::Await => panic!("{} waits for a reply that does not come: {:?}", mechanism.name, session.sent),
            Action::HangUp(result) => {
                assert!(result.is_ok(), "{} {result:?}", mechanism.name);
                return session;
            }
        }
    }
}

fn each(test: impl Fn(&Mechanism, &Vector)) {
    for mechanism in MECHANISMS {
        for vector in mechanism.vectors {
            test(mechanism, vector);
        }
    }
}

fn has_secret(mechanism: &Mechanism) -> bool {
    !matches!(mechanism.needs, CredentialKind::ClientCertificate | CredentialKind::Nothing)
}

/// Whether the server must also prove that it knows the password.
fn proves(mechanism: &Mechanism) -> bool {
    mechanism.name.starts_with("SCRAM") || mechanism.name == "DIGEST-MD5"
}

fn challenge(bytes: &[u8]) -> String {
    format!("334 {}", STANDARD.encode(bytes))
}

#[test]
fn the_messages_match_the_specification_and_contain_no_visible_secret() {
    each(|mechanism, vector| {
        // With a token mechanism, a challenge means rejection, so a server that accepts the token sends none.
        let steps = if mechanism.needs == CredentialKind::Token { &[] } else { vector.steps };
        let session = log_in(mechanism, vector, &|replies| {
            steps.get(replies).map_or_else(|| "235 welcome".to_owned(), |(sent, _)| challenge(sent))
        });
        let initial = vector.initial.map(|initial| match initial {
            [] => " =".to_owned(),
            initial => format!(" {}", STANDARD.encode(initial)),
        });
        let mut expected = vec!["EHLO client.example.org".to_owned()];
        expected.push(format!("AUTH {}{}", mechanism.name, initial.unwrap_or_default()));
        expected.extend(steps.iter().map(|(_, answer)| STANDARD.encode(answer)));
        expected.push("QUIT".to_owned());
        assert_eq!(session.sent, expected, "{} {}", mechanism.name, vector.source);
        assert_eq!(session.cancelled, None, "{}", mechanism.name);
        if has_secret(mechanism) {
            let shows = |text: &str| text.len() >= 4 && session.evidence.contains(text);
            assert!(!shows(vector.secret), "{}: {}", mechanism.name, session.evidence);
            // The first NTLM message contains no secret yet, and the vector has no other message.
            assert!(mechanism.name == "NTLM" || session.evidence.contains(NOT_SHOWN), "{}", session.evidence);
            let proof = steps.first().map(|(_, answer)| STANDARD.encode(answer)).filter(|_| proves(mechanism));
            assert!(!proof.is_some_and(|proof| shows(&proof)), "{}", mechanism.name);
            let signature = steps.get(1).map(|(sent, _)| STANDARD.encode(sent)).filter(|_| proves(mechanism));
            assert!(!signature.is_some_and(|signature| shows(&signature)), "{}: {}", mechanism.name, session.evidence);
        }
    });
}

#[test]
fn a_rejection_ends_the_login_after_one_attempt() {
    each(|mechanism, vector| {
        let steps = vector.steps;
        for challenges_before in 0..=steps.len() {
            let session = log_in(mechanism, vector, &|replies| match steps
                .get(replies)
                .filter(|_| replies < challenges_before)
            {
                Some((sent, _)) => challenge(sent),
                None => "535 5.7.8 no".to_owned(),
            });
            assert_eq!(session.sent.iter().filter(|line| line.starts_with("AUTH ")).count(), 1, "{}", mechanism.name);
            assert!(session.sent_quit_once() && session.cancelled.is_none(), "{} {:?}", mechanism.name, session.sent);
        }
    });
}

#[test]
fn a_login_with_endless_challenges_is_cancelled() {
    each(|mechanism, vector| {
        let rubbish = [String::new(), "AAAA".to_owned(), "!!!".to_owned(), STANDARD.encode([b'x'; 3000])];
        for rubbish in rubbish {
            let session = log_in(mechanism, vector, &|_| format!("334 {rubbish}"));
            assert!(session.sent.contains(&"*".to_owned()), "{} {rubbish:.9} {:?}", mechanism.name, session.sent);
            assert!(session.cancelled.is_some() && session.sent_quit_once(), "{}", mechanism.name);
        }
        // The challenges of the specification, followed by an extra one.
        let last = vector.steps.len();
        let session = log_in(mechanism, vector, &|replies| match vector.steps.get(replies) {
            Some((sent, _)) => challenge(sent),
            None => challenge(b"and one more"),
        });
        assert!(session.sent.contains(&"*".to_owned()) && session.cancelled.is_some(), "{} {last}", mechanism.name);
    });
}

#[test]
fn success_without_a_server_proof_is_accepted_only_if_the_mechanism_has_none() {
    each(|mechanism, vector| {
        let session = log_in(mechanism, vector, &|_| "235 welcome".to_owned());
        let expected = proves(mechanism).then_some(CancelReason::ServerUnproved);
        assert_eq!(session.cancelled, expected, "{}", mechanism.name);
        assert!(session.sent_quit_once());
    });
}
