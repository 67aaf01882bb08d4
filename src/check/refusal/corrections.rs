//! The corrections of the lexicon's reading of a rejection. The lexicon knows only the text; the rest of the session can
//! contradict it, or show more: the login, TLS, the server and its provider, the domains of the addresses, DNS.
//!
//! Their order matters. What the session refutes comes first, then whose account it is, then what DNS shows, then whether
//! only the login is missing. Each correction states in its own file what evidence it needs.

use super::super::{peer, place};
use super::{account, login, lookups, relay, sender, server_checks};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Evidence, Phase, Session};
use crate::lexicon::providers::Provider;
use crate::lexicon::software::Software;
use crate::lexicon::{self, Basis, Cause, Confidence, Fix, Reading};
use crate::plan::Plan;

/// The facts about a session that decide which corrections and fixes apply to a rejection in it.
pub(super) struct SessionFacts<'a> {
    plan: &'a Plan,
    evidence: &'a Evidence,
    session: Session<'a>,
    /// The provider of the server, if it is known, and no other server responds in its place.
    pub(super) provider: Option<&'static Provider>,
    /// The provider that the user wanted to reach, and the other server that responds in its place.
    instead: Option<(&'static Provider, &'static Software)>,
    /// The id of the server's software, if it is known.
    pub(super) software: Option<&'a str>,
    /// Whether the server accepted a login.
    pub(super) logged_in: bool,
    /// The user name that the provider gives to all customers, if it does so.
    pub(super) user_of_provider: Option<&'static str>,
    is_inside: bool,
    offers_login: bool,
    offers_tls: bool,
}

impl<'a> SessionFacts<'a> {
    /// The facts about a session.
    pub(super) fn of(
        plan: &'a Plan,
        evidence: &'a Evidence,
        session: Session<'a>,
        software: Option<&'a str>,
    ) -> SessionFacts<'a> {
        let instead = peer::instead_of_provider(plan, session);
        let provider = if instead.is_some() { None } else { peer::provider(plan, session) };
        let offers = |name: &str| session.final_capabilities().is_some_and(|(_, offers)| offers.has(name));
        SessionFacts {
            plan,
            evidence,
            session,
            provider,
            instead,
            software,
            logged_in: session.reply_at(Phase::Auth).is_some_and(|received| received.accepts()),
            user_of_provider: provider.and_then(|provider| provider.user_is).map(|user| user.as_str()),
            is_inside: place::is_inside(plan, session),
            offers_login: offers("AUTH"),
            offers_tls: offers("STARTTLS"),
        }
    }

    /// The reading of a rejection, with all corrections.
    pub(super) fn corrected(&self, received: ReceivedReply<'_>, reading: Reading) -> Reading {
        let SessionFacts { plan, evidence, session, provider, instead, is_inside, logged_in, .. } = *self;
        let is_mx = || lookups::is_mx_of_recipient(plan, evidence, session, received);
        let may_log_in = self.offers_login || !received.event.tls && self.offers_tls;
        let reading = weighed(plan, received, reading, logged_in);
        let reading = login::corrected(plan, session, received, provider, reading);
        let reading = account::of_other_provider(plan, received, provider, is_inside, reading);
        let reading = account::of_private_account(plan, provider, reading);
        let reading = account::of_fixed_user(plan, received, provider, reading);
        let reading = account::at_other_server(plan, received, instead, reading);
        let reading = sender::of_private_name(plan, received, is_inside, reading);
        let reading = lookups::corrected(plan, evidence, session, received, reading);
        // A login at the server that responds instead of the provider's would give it the password.
        let reading = if instead.is_some() {
            reading
        } else {
            sender::of_own_domain(plan, received, self.software, provider, &is_mx, reading)
        };
        let reading = if logged_in {
            relay::after_login(plan, received, server_checks::of_check_after_login(received, reading))
        } else {
            reading.without_login(plan.login.is_some())
        };
        let reading = if plan.login.is_none() && self.offers_login && instead.is_none() {
            login::of_relay_with_login(plan, received, reading)
        } else {
            reading
        };
        let reading = if is_inside && !logged_in { relay::inside(session, reading) } else { reading };
        let reading = match instead {
            Some((expected, _)) => relay::without_login_at_other(plan, received, expected, reading),
            None => {
                let reading = relay::at_server_of_recipient(plan, received, may_log_in, &is_mx, reading);
                sender::of_user_without_login(plan, received, provider, &is_mx, reading)
            }
        };
        let reading = server_checks::before_login(plan, received, reading);
        let reading = server_checks::of_size_limit(session, reading);
        let is_over_v6_loopback =
            session.connected().is_some_and(|(server, _)| server.ip() == std::net::Ipv6Addr::LOCALHOST);
        let reading = if is_over_v6_loopback { relay::over_loopback(plan, reading) } else { reading };
        if plan.login.is_some() || may_log_in {
            reading
        } else {
            sender::of_account_at_receiver(plan, received, reading)
        }
    }
}

/// Corrects the reading of a reply that requires encryption, if the connection is already encrypted.
fn doubted_inside_tls(received: ReceivedReply<'_>, reading: Reading) -> Reading {
    if reading.cause != Cause::EncryptionRequired || !received.event.tls {
        return reading;
    }
    let means =
        "The server requires encryption, although the connection is already encrypted. A device in front of the server may terminate TLS, in which case the server receives an unencrypted session."
            .to_owned();
    let otherwise =
        "The server may use the code for another reason, for example a missing login. Its mail log shows the reason.";
    let fixes = vec![
        Fix::text(
            "Server operator: find the proxy or load balancer that terminates TLS in front of the server. Configure it to pass TLS through to the server, or configure the server to treat sessions from the proxy as encrypted.",
        ),
        Fix::text(
            "To find out whether a device on the network path terminates TLS, repeat the check from another network",
        ),
    ];
    Reading { confidence: Confidence::Possible, means, otherwise: Some(otherwise.to_owned()), fixes, ..reading }
}

/// Corrects the reading of a reply about the size of a message: smtpcheck neither sends a message nor announces a size.
fn doubted_without_message(reading: Reading) -> Reading {
    if reading.cause != Cause::TooLarge {
        return reading;
    }
    let means = "The server replies that the message is too large, although smtpcheck neither sends a message nor announces a size.";
    let otherwise = || "The server may use the reply for another reason, such as a full mailbox.".to_owned();
    Reading {
        confidence: reading.confidence.min(Confidence::Likely),
        means: means.to_owned(),
        otherwise: Some(reading.otherwise.unwrap_or_else(otherwise)),
        ..reading
    }
}

/// Corrects a reading that the rest of the session contradicts: 530 after a successful login does not mean that a login
/// is required, unless the text states it.
fn weighed(plan: &Plan, received: ReceivedReply<'_>, reading: Reading, logged_in: bool) -> Reading {
    let is_contradicted =
        reading.cause == Cause::AuthRequired && logged_in && !matches!(reading.basis, Basis::Phrase { .. });
    let reading = lexicon::by_class(received.reply).filter(|_| is_contradicted).unwrap_or(reading);
    let reading = doubted_inside_tls(received, reading);
    let announces_size = plan.parameters.mail.iter().any(|parameter| parameter.keyword() == "SIZE");
    if announces_size { reading } else { doubted_without_message(reading) }
}
