//! What the sessions show about a setting.

use super::candidates::{CandidateOrigin, SettingCandidate};
use super::seen::{CandidateState, LoginTrial, SettingSecurity, SourceKind};
use super::sight::SettingsSight;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{
    Answer, EventKind, Fault, Lookup, NameMatch, Outcome, Phase, Presented, Session, SkipReason, WithheldReason,
};
use crate::policy::autoconfig::AuthenticationWord;
use crate::question::Question;
use crate::wire::status::Class;

/// The result of testing a setting.
pub(super) struct Tested {
    pub(super) state: CandidateState,
    /// How the session used TLS, which can be better than the setting specifies.
    pub(super) security: SettingSecurity,
    pub(super) problem: Option<String>,
    /// Whether a lookup of the server's name failed, so that it is not known whether the server exists.
    pub(super) is_unknown: bool,
    pub(super) tls_version: Option<String>,
    pub(super) verifies: Option<bool>,
    pub(super) certificate_names: Vec<String>,
    pub(super) mechanisms: Vec<String>,
    pub(super) login: LoginTrial,
    pub(super) login_detail: Option<String>,
    /// The mechanism of the login.
    pub(super) mechanism: Option<String>,
    /// Whether the host rejected the login, on this port or another.
    pub(super) is_rejected: bool,
}

impl Tested {
    pub(super) fn is_proved(&self) -> bool {
        self.state == CandidateState::Proved
    }
}

/// The result of testing a setting.
pub(super) fn tested<'s>(sight: SettingsSight<'s>, candidate: &SettingCandidate<'s>) -> Tested {
    let nothing = Tested {
        state: CandidateState::NotTested,
        security: candidate.security,
        problem: Some("not tested".to_owned()),
        is_unknown: false,
        tls_version: None,
        verifies: None,
        certificate_names: Vec::new(),
        mechanisms: Vec::new(),
        login: LoginTrial::NotTested,
        login_detail: None,
        mechanism: None,
        is_rejected: false,
    };
    let Some(session) = candidate.session(sight) else { return nothing };
    if let Outcome::Skipped { reason } = session.probe.outcome {
        return Tested { problem: Some(skipped_words(reason).to_owned()), ..nothing };
    }
    if matches!(session.fault(), Some(Fault::TimeUp { .. })) {
        return Tested { problem: Some(skipped_words(SkipReason::TimeUp).to_owned()), ..nothing };
    }
    if !session.is_over() || matches!(session.fault(), Some(Fault::Interrupted)) {
        return Tested { problem: Some("not finished".to_owned()), ..nothing };
    }
    let handshake = session.handshake().map(|(_, handshake)| handshake);
    let security = match (candidate.security, handshake) {
        (SettingSecurity::None, Some(_)) => SettingSecurity::Starttls,
        (security, _) => security,
    };
    let verifies = handshake.map(|handshake| handshake.verifies(sight.evidence.started_at));
    let offers = session.final_capabilities().filter(|(received, _)| handshake.is_none() || received.event.tls);
    let mechanisms = offers.as_ref().map(|(_, offers)| offers.auth_mechanisms()).unwrap_or_default();
    let names = handshake.filter(|_| verifies == Some(false)).and_then(|handshake| handshake.presented.leaf());
    let (state, problem) = match (problem(sight, session), verifies) {
        (Some(problem), _) => (CandidateState::Failed, Some(problem)),
        (None, None) => (CandidateState::Doubtful, Some("the session is not encrypted".to_owned())),
        (None, Some(false)) => {
            let why = handshake.map_or("not trusted", |handshake| certificate_words(sight, &handshake.presented));
            (CandidateState::Doubtful, Some(format!("certificate: {why}")))
        }
        (None, Some(true)) if mechanisms.is_empty() && !needs_no_login(candidate) => {
            (CandidateState::Doubtful, Some("AUTH is not advertised".to_owned()))
        }
        (None, Some(true)) => (CandidateState::Proved, None),
    };
    let login = login(sight, candidate);
    Tested {
        state,
        security,
        problem,
        is_unknown: matches!(session.fault(), Some(Fault::NoAddress)) && lookup(sight, session) == NameLookup::Failed,
        tls_version: handshake.map(|handshake| format!("TLS {}", handshake.version)),
        verifies,
        certificate_names: names.map(|leaf| leaf.names.iter().take(5).cloned().collect()).unwrap_or_default(),
        mechanisms,
        login: login.state,
        login_detail: login.detail,
        mechanism: login.mechanism,
        is_rejected: login.state == LoginTrial::Rejected,
    }
}

/// The limit that prevented a session from being started.
fn skipped_words(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::ConnectionBudget => "the connection limit (--max-connections) was reached",
        SkipReason::TimeUp => "the overall time limit (--max-time) was reached",
    }
}

/// Whether the source states that the server needs no login, or that it recognises the client in another way.
fn needs_no_login(candidate: &SettingCandidate<'_>) -> bool {
    !candidate.methods.is_empty()
        && candidate.methods.iter().all(|method| {
            matches!(
                method,
                AuthenticationWord::None | AuthenticationWord::ClientAddress | AuthenticationWord::ClientCertificate
            )
        })
}

/// The first failure of a session, as a short phrase.
fn problem(sight: SettingsSight<'_>, session: Session<'_>) -> Option<String> {
    let rejected = |phase: Phase| {
        let received = session.reply_at(phase).filter(|received| !received.accepts())?;
        let name = match phase {
            Phase::Greeting => "greeting",
            Phase::Starttls => "STARTTLS",
            _ => "EHLO",
        };
        Some(format!("{name} rejected: {}", code(received)))
    };
    let phases = [Phase::Greeting, Phase::Ehlo, Phase::Starttls, Phase::EhloTls];
    if let Some(found) = phases.into_iter().find_map(rejected) {
        return Some(found);
    }
    if let Some(fault) = session.fault() {
        return Some(fault_words(sight, session, fault));
    }
    let needs_tls = session.request.script.tls == crate::plan::TlsUse::Required;
    let has_ehlo = session.capabilities(Phase::Ehlo).is_some();
    (needs_tls && session.handshake().is_none() && has_ehlo).then(|| "STARTTLS is not advertised".to_owned())
}

fn code(received: ReceivedReply<'_>) -> String {
    received.reply.code.map_or_else(|| "no reply code".to_owned(), |code| code.to_string())
}

fn fault_words(sight: SettingsSight<'_>, session: Session<'_>, fault: &Fault) -> String {
    match fault {
        Fault::NoAddress => match lookup(sight, session) {
            NameLookup::NotFound => "the name does not exist".to_owned(),
            NameLookup::Failed => "the name could not be looked up".to_owned(),
            NameLookup::NoAddress => "the name has no IP address".to_owned(),
        },
        Fault::NotConnected { connect } => connect.kind.to_string(),
        Fault::Silent { phase, .. } => format!("no reply at {phase}"),
        Fault::Closed { phase, .. } => format!("connection closed at {phase}"),
        Fault::Tls { .. } => "the TLS handshake failed".to_owned(),
        Fault::Endless { .. } => "endless reply".to_owned(),
        Fault::Unread { .. } => "the server stopped reading".to_owned(),
        Fault::TimeUp { .. } => "the overall time limit was reached".to_owned(),
        Fault::Interrupted => "interrupted".to_owned(),
        Fault::Binary => "the server sends binary data".to_owned(),
        Fault::Proxy { proxy } => format!("proxy: {}", proxy.kind),
        Fault::SocketNotConnected { .. } | Fault::Dns { .. } | Fault::Http { .. } | Fault::NotPublic { .. } => {
            "the session failed".to_owned()
        }
    }
}

/// The result of looking up the name of a server that has no IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameLookup {
    /// The name does not exist.
    NotFound,
    /// A lookup failed.
    Failed,
    /// The name has no IP address.
    NoAddress,
}

fn lookup(sight: SettingsSight<'_>, session: Session<'_>) -> NameLookup {
    let question = session.request.host.name().map(|host| Question::Resolve { host: host.clone() });
    let probe = question.and_then(|question| sight.evidence.answer_to(&question));
    let Some(Outcome::Done { answer: Answer::Names(names) }) = probe.map(|probe| &probe.outcome) else {
        return NameLookup::NoAddress;
    };
    let lookups = [&names.a, &names.aaaa];
    if lookups.iter().any(|lookup| matches!(lookup, Lookup::NotFound { .. })) {
        NameLookup::NotFound
    } else if lookups.iter().any(|lookup| matches!(lookup, Lookup::Failed { .. })) {
        NameLookup::Failed
    } else {
        NameLookup::NoAddress
    }
}

/// Why a certificate cannot be verified, as a short phrase.
fn certificate_words(sight: SettingsSight<'_>, presented: &Presented) -> &'static str {
    let Some(leaf) = presented.leaf() else { return "none was sent" };
    match &presented.name {
        NameMatch::Differs { .. } => "wrong name",
        NameMatch::Unreadable { .. } => "unreadable",
        NameMatch::Matches { .. } if leaf.not_after < sight.evidence.started_at => "expired",
        NameMatch::Matches { .. } if leaf.self_signed => "self-signed",
        NameMatch::Matches { .. } => "not trusted",
    }
}

/// The result of a login.
struct LoginOutcome {
    state: LoginTrial,
    detail: Option<String>,
    mechanism: Option<String>,
}

fn login<'s>(sight: SettingsSight<'s>, candidate: &SettingCandidate<'s>) -> LoginOutcome {
    let of = |state, detail: Option<String>| LoginOutcome { state, detail, mechanism: None };
    if sight.plan.login.is_none() {
        return of(LoginTrial::NotTested, Some("no password was given".to_owned()));
    }
    let Some(session) = candidate.login_session(sight) else {
        let why = match candidate.user.value(sight) {
            None => "the user name depends on an email address that was not given",
            Some(_) if !candidate.has_consent(sight) => "the source of the server's name is not authenticated",
            Some(_) => "one login is enough",
        };
        return of(LoginTrial::NotTested, Some(why.to_owned()));
    };
    if let Outcome::Skipped { reason } = session.probe.outcome {
        return of(LoginTrial::NotTested, Some(skipped_words(reason).to_owned()));
    }
    let mechanism = session.mechanism().map(str::to_owned);
    let withheld = session.events().find_map(|event| match &event.what {
        EventKind::Withheld { reason, .. } => Some(reason),
        _ => None,
    });
    if let Some(reason) = withheld {
        return of(LoginTrial::Inconclusive, Some(withheld_words(reason).to_owned()));
    }
    let (state, detail) = match session.reply_at(Phase::Auth) {
        Some(received) if received.accepts() => (LoginTrial::Accepted, None),
        Some(received) if received.reply.class() == Class::Permanent => {
            (LoginTrial::Rejected, Some(format!("rejected: {}", code(received))))
        }
        Some(received) => (LoginTrial::Inconclusive, Some(format!("not accepted: {}", code(received)))),
        None => match session.fault() {
            Some(fault) => (LoginTrial::Inconclusive, Some(fault_words(sight, session, fault))),
            None if session.is_over() => (LoginTrial::Inconclusive, Some("the session ended before AUTH".to_owned())),
            None => (LoginTrial::Inconclusive, Some("not finished".to_owned())),
        },
    };
    LoginOutcome { state, detail, mechanism }
}

fn withheld_words(reason: &WithheldReason) -> &'static str {
    match reason {
        WithheldReason::NotOffered => "AUTH is not advertised",
        WithheldReason::NoCommonMechanism { .. } => "no mechanism in common",
        _ => "the password was not sent",
    }
}

/// The rank of a setting in the order of preference; the smallest rank is the best. The criteria, in this order:
///
/// 1. an accepted login first, and a rejected login last;
/// 2. proved: the certificate verifies, and the server advertises AUTH;
/// 3. the source of the host name is authenticated;
/// 4. implicit TLS before STARTTLS, and STARTTLS before no TLS (RFC 8314 §3.3);
/// 5. a port that a source names, then a port of a host that a source names, then a guess;
/// 6. the order of the sources, then the port number.
pub(super) fn preference(candidate: &SettingCandidate<'_>, tested: &Tested) -> SettingPreference {
    SettingPreference {
        is_rejected: tested.is_rejected,
        lacks_login: tested.login != LoginTrial::Accepted,
        is_unproved: !tested.is_proved(),
        state: match tested.state {
            CandidateState::Proved => 0,
            CandidateState::Doubtful => 1,
            CandidateState::Failed => 2,
            CandidateState::NotTested => 3,
        },
        is_unauthenticated: !candidate.is_authenticated,
        security: tested.security,
        origin: candidate.origin,
        source: candidate.sources.iter().min().copied(),
        port: candidate.port,
    }
}

/// See [`preference`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SettingPreference {
    is_rejected: bool,
    lacks_login: bool,
    is_unproved: bool,
    state: u8,
    is_unauthenticated: bool,
    security: SettingSecurity,
    origin: CandidateOrigin,
    source: Option<SourceKind>,
    port: u16,
}
