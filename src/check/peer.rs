//! Recognises the server's provider and software by host name, greeting, EHLO reply and certificate. This module asks
//! no questions and raises no findings. Checks use it to choose the wording of a finding, never to decide whether there
//! is a fault.

use crate::evidence::{NameMatch, Phase, Session, TrustStore};
use crate::lexicon::Fix;
use crate::lexicon::providers::{self, Provider, ProviderSigns};
use crate::lexicon::software;
use crate::plan::Plan;

/// The provider, if it is known.
pub(crate) fn provider(plan: &Plan, session: Session<'_>) -> Option<&'static Provider> {
    let host = plan.target.host.name().map(|name| name.ascii().to_owned());
    let greeting = text(session, Phase::Greeting);
    let ehlo = text(session, Phase::EhloTls).or_else(|| text(session, Phase::Ehlo));
    let names = session.handshake().and_then(|(_, handshake)| handshake.leaf()).map(|leaf| leaf.names.clone());
    providers::recognise(&ProviderSigns {
        host: host.as_deref(),
        greeting: greeting.as_deref(),
        ehlo: ehlo.as_deref(),
        certificate: names.as_deref().unwrap_or_default(),
    })
}

/// The provider whose server the user wants to reach, recognised by the target's host name only.
pub(crate) fn provider_by_name(plan: &Plan) -> Option<&'static Provider> {
    let host = plan.target.host.name()?.ascii();
    providers::recognise(&ProviderSigns { host: Some(host), ..ProviderSigns::default() })
}

/// The provider that the user wants to reach, and the software of another server that responds in its place, as its
/// greeting shows.
pub(crate) fn instead_of_provider(
    plan: &Plan,
    session: Session<'_>,
) -> Option<(&'static Provider, &'static software::Software)> {
    let received = session.reply_at(Phase::Greeting).filter(|received| received.accepts())?;
    let provider = provider_by_name(plan).filter(|provider| provider.has_known_greeting())?;
    let text = received.reply.joined();
    let other = software::by_greeting(&text).filter(|row| row.kind == "server" && row.provider.is_none())?;
    // A server with a valid certificate for the provider's name is the provider's. With --sni, the certificate is for
    // another name, and with --cacert, any CA can have issued it.
    let is_usual = |store: &TrustStore| plan.tls.sni.is_none() && !matches!(store, TrustStore::File { .. });
    let is_proved = session.handshake().is_some_and(|(_, handshake)| {
        let presented = &handshake.presented;
        is_usual(&presented.store)
            && presented.is_trusted()
            && presented.faults.is_empty()
            && matches!(presented.name, NameMatch::Matches { .. })
    });
    (!is_proved && !provider.greets_with(&text)).then_some((provider, other))
}

/// The software's id, if it is known.
pub(crate) fn software(session: Session<'_>) -> Option<String> {
    let by_greeting: Option<String> =
        text(session, Phase::Greeting).and_then(|text| software::by_greeting(&text)).map(|row| row.id.into());
    let by_words = || {
        let ehlo = text(session, Phase::EhloTls).or_else(|| text(session, Phase::Ehlo));
        let replies: Vec<String> = session.replies().map(|received| received.reply.joined()).collect();
        software::by_words(ehlo.as_deref(), &replies).map(str::to_owned)
    };
    // A device that masks the greeting does not mask the words of the server behind it.
    let is_mask = by_greeting.as_deref() == Some(MASK);
    if is_mask { by_words().or(by_greeting) } else { by_greeting.or_else(by_words) }
}

/// The software's id of a device that replaces the letters of a greeting.
const MASK: &str = "asa-mask";

fn text(session: Session<'_>, phase: Phase) -> Option<String> {
    session.reply_at(phase).map(|received| received.reply.joined())
}

/// Whether a fix can be applied to a server with a software: its commands are those of this software, or neither is
/// known.
pub(crate) fn suits(software: Option<&str>, fix: &Fix) -> bool {
    let (Some(software), Some(of)) = (software, fix.software) else { return true };
    match (software, of) {
        // Products that contain the program. A device that masks the greeting does not show what is behind it.
        (MASK, _) | ("mailinabox", "postfix") | ("cpanel", "exim") => true,
        // Dovecot checks the passwords of other servers.
        ("postfix" | "exim" | "mailinabox" | "cpanel" | "opensmtpd" | "sendmail", "dovecot") => true,
        ("m365-submission" | "m365-mx" | "iis-smtp", "exchange") => true,
        _ => software == of,
    }
}
