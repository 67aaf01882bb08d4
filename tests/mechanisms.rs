//! Every login mechanism in a conversation with a server of its own: one that is good, one that refuses, and hostile ones.
//! The words of the good one are those of the mechanism's specification ([`smtpcheck::sasl::Vector`]), so a mechanism that
//! joins the list is tested here as well.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use smtpcheck::dialogue::{Access, Action, Dialogue, Peer};
use smtpcheck::evidence::{CancelReason, EventKind};
use smtpcheck::plan::{Login, LoginProof, Plaintext, QuitAfter, TlsUse, Unverified};
use smtpcheck::question::{Pacing, Script, Starttls};
use smtpcheck::sasl::{Binding, CredentialKind, Credentials, MECHANISMS, Means, Mechanism, Proof, Vector};
use smtpcheck::secret::{NOT_SHOWN, Secret};
use smtpcheck::wire::EhloName;

/// Lines of ours after which a conversation has gone on for too long: EHLO, the most steps of a mechanism, `*`, QUIT.
const ENOUGH: usize = 12;

/// What came of a conversation.
struct Held {
    /// Our lines, as they went out.
    sent: Vec<String>,
    cancelled: Option<CancelReason>,
    /// Everything that happened in it, as it is shown.
    evidence: String,
}

impl Held {
    fn says_quit_once(&self) -> bool {
        self.sent.iter().filter(|line| *line == "QUIT").count() == 1
    }
}

/// Logs in with the credentials of the vector; `answer` is the server from AUTH on, by how often it has spoken there.
fn hold(mechanism: &Mechanism, vector: &Vector, answer: &dyn Fn(usize) -> String) -> Held {
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
    let mut held = Held { sent: Vec::new(), cancelled: None, evidence: String::new() };
    let mut spoken = 0;
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
                    held.cancelled = Some(*reason);
                }
                held.evidence.push_str(&echoes.without(&serde_json::to_string(&what).unwrap()));
            }
            Action::Send(bytes) => {
                let line = String::from_utf8(bytes.to_vec()).unwrap().trim_end_matches("\r\n").to_owned();
                let reply = match line.as_str() {
                    "QUIT" => "221 bye".to_owned(),
                    line if line.starts_with("EHLO") => format!("250-mail.example.net\r\n250 AUTH {}", mechanism.name),
                    _ => answer(spoken),
                };
                spoken += usize::from(!line.starts_with("EHLO"));
                held.sent.push(line);
                assert!(held.sent.len() <= ENOUGH, "{} goes on for ever: {:?}", mechanism.name, held.sent);
                dialogue.receive(format!("{reply}\r\n").as_bytes());
            }
            Action::Await => panic!("{} waits for more: {:?}", mechanism.name, held.sent),
            Action::HangUp(result) => {
                assert!(result.is_ok(), "{} {result:?}", mechanism.name);
                return held;
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

/// Whether the server has to prove that it knows the password too.
fn proves(mechanism: &Mechanism) -> bool {
    mechanism.name.starts_with("SCRAM") || mechanism.name == "DIGEST-MD5"
}

fn challenge(bytes: &[u8]) -> String {
    format!("334 {}", STANDARD.encode(bytes))
}

#[test]
fn a_good_server_hears_the_words_of_the_specification_and_nothing_secret_is_shown() {
    each(|mechanism, vector| {
        // What a token mechanism is challenged with is a refusal, so the good server has nothing to say there.
        let steps = if mechanism.needs == CredentialKind::Token { &[] } else { vector.steps };
        let held = hold(mechanism, vector, &|spoken| {
            steps.get(spoken).map_or_else(|| "235 welcome".to_owned(), |(said, _)| challenge(said))
        });
        let initial = vector.initial.map(|initial| match initial {
            [] => " =".to_owned(),
            initial => format!(" {}", STANDARD.encode(initial)),
        });
        let mut expected = vec!["EHLO client.example.org".to_owned()];
        expected.push(format!("AUTH {}{}", mechanism.name, initial.unwrap_or_default()));
        expected.extend(steps.iter().map(|(_, answer)| STANDARD.encode(answer)));
        expected.push("QUIT".to_owned());
        assert_eq!(held.sent, expected, "{} {}", mechanism.name, vector.source);
        assert_eq!(held.cancelled, None, "{}", mechanism.name);
        if has_secret(mechanism) {
            let shows = |text: &str| text.len() >= 4 && held.evidence.contains(text);
            assert!(!shows(vector.secret), "{}: {}", mechanism.name, held.evidence);
            // NTLM's first message has no secret yet, and its vector no other.
            assert!(mechanism.name == "NTLM" || held.evidence.contains(NOT_SHOWN), "{}", held.evidence);
            let proof = steps.first().map(|(_, answer)| STANDARD.encode(answer)).filter(|_| proves(mechanism));
            assert!(!proof.is_some_and(|proof| shows(&proof)), "{}", mechanism.name);
            let signature = steps.get(1).map(|(said, _)| STANDARD.encode(said)).filter(|_| proves(mechanism));
            assert!(!signature.is_some_and(|signature| shows(&signature)), "{}: {}", mechanism.name, held.evidence);
        }
    });
}

#[test]
fn a_refusal_ends_the_login_after_one_try() {
    each(|mechanism, vector| {
        let steps = vector.steps;
        for said_before in 0..=steps.len() {
            let held = hold(mechanism, vector, &|spoken| match steps.get(spoken).filter(|_| spoken < said_before) {
                Some((said, _)) => challenge(said),
                None => "535 5.7.8 no".to_owned(),
            });
            assert_eq!(held.sent.iter().filter(|line| line.starts_with("AUTH ")).count(), 1, "{}", mechanism.name);
            assert!(held.says_quit_once() && held.cancelled.is_none(), "{} {:?}", mechanism.name, held.sent);
        }
    });
}

#[test]
fn a_server_that_never_stops_asking_is_cancelled() {
    each(|mechanism, vector| {
        let rubbish = [String::new(), "AAAA".to_owned(), "!!!".to_owned(), STANDARD.encode([b'x'; 3000])];
        for rubbish in rubbish {
            let held = hold(mechanism, vector, &|_| format!("334 {rubbish}"));
            assert!(held.sent.contains(&"*".to_owned()), "{} {rubbish:.9} {:?}", mechanism.name, held.sent);
            assert!(held.cancelled.is_some() && held.says_quit_once(), "{}", mechanism.name);
        }
        // The words of the specification, and then one more.
        let last = vector.steps.len();
        let held = hold(mechanism, vector, &|spoken| match vector.steps.get(spoken) {
            Some((said, _)) => challenge(said),
            None => challenge(b"and one more"),
        });
        assert!(held.sent.contains(&"*".to_owned()) && held.cancelled.is_some(), "{} {last}", mechanism.name);
    });
}

#[test]
fn a_yes_without_proof_is_believed_only_where_no_proof_is_due() {
    each(|mechanism, vector| {
        let held = hold(mechanism, vector, &|_| "235 welcome".to_owned());
        let expected = proves(mechanism).then_some(CancelReason::ServerUnproved);
        assert_eq!(held.cancelled, expected, "{}", mechanism.name);
        assert!(held.says_quit_once());
    });
}
