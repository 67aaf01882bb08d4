//! A server without STARTTLS: whether the login was withheld, and fixes for the program's user and the server's operator.

use super::super::auth::{SUBMISSION_PORTS, is_for_want_of_tls};
use super::super::{elsewhere, finding::user_flag, place, programs};
use crate::evidence::{EventKind, Evidence, Phase, Session, WithheldReason};
use crate::lexicon::{Fix, software};
use crate::plan::{Plan, TlsUse};

/// Whether the login was not tried because TLS is missing.
pub(super) fn is_withheld(plan: &Plan, session: Session<'_>) -> bool {
    session.events().any(|event| match &event.what {
        EventKind::Withheld { reason: WithheldReason::Plaintext } => true,
        EventKind::Withheld { reason: WithheldReason::NotOffered } => is_for_want_of_tls(plan, session),
        _ => false,
    })
}

/// What to do about a server without STARTTLS. In a private network and on this machine, programs can go without TLS.
/// On the internet, another port is better, and then the server's operator has to act.
pub(super) fn fixes_without_starttls(
    plan: &Plan,
    evidence: &Evidence,
    session: Session<'_>,
    has_login: bool,
) -> Vec<Fix> {
    let (port, host) = (plan.target.port, &plan.target.host);
    let is_needed = plan.tls_use() == TlsUse::Required || is_withheld(plan, session);
    let is_inside = place::is_inside(plan, session);
    let enable = enable_tls(session);
    let other_port = match elsewhere::with_tls(evidence) {
        Some(probe) => Some(elsewhere::fix(plan, probe, "where the server uses TLS")),
        None if elsewhere::are_closed(evidence) => None,
        None => (port != 465).then(|| {
            Fix::run(
                "Check whether the host supports implicit TLS on port 465",
                format!("smtpcheck smtps://{}", host.with_port(465)),
            )
        }),
    };
    let is_verified = elsewhere::with_tls(evidence).is_some();
    let network = Fix::text(
        "Repeat the check from another network. If the server advertises STARTTLS there, a firewall in your network removes it.",
    );
    if is_needed {
        let unencrypted = unencrypted(plan, has_login, is_inside);
        return if is_inside && !is_verified {
            // A relay in a private network often advertises AUTH, but accepts mail by IP address.
            let without_login = (plan.login.is_some() && has_login && !SUBMISSION_PORTS.contains(&port)).then(|| {
                Fix::run(
                    format!(
                        "If the server accepts mail from your network without a login, {}",
                        programs::WITHOUT_LOGIN
                    ),
                    format!("smtpcheck {} --no-auth", host.with_port(port)),
                )
            });
            [Some(unencrypted), without_login, other_port, Some(enable)].into_iter().flatten().collect()
        } else if plan.login.is_some() {
            [other_port, Some(enable), Some(unencrypted), Some(network)].into_iter().flatten().collect()
        } else {
            // A server without logins on port 25 is often a relay for its own network.
            [other_port, Some(unencrypted), Some(enable), Some(network)].into_iter().flatten().collect()
        };
    }
    if is_inside {
        return [Some(enable), other_port].into_iter().flatten().collect();
    }
    [Some(enable), other_port, Some(network)].into_iter().flatten().collect()
}

/// The fix for the server's operator. The greeting shows whether a command for Postfix can be right.
fn enable_tls(session: Session<'_>) -> Fix {
    let greeting = session.reply_at(Phase::Greeting).map(|received| received.reply.joined()).unwrap_or_default();
    match software::by_greeting(&greeting) {
        Some(row) if row.kind == "test" => Fix::text(
            "If the sender cannot do without TLS, use a test server with STARTTLS and give it a certificate (Mailpit: --smtp-tls-cert and --smtp-tls-key; smtp4dev: --tlsmode=StartTls; MailHog has no TLS)",
        ),
        Some(row) if row.kind == "server" && row.id != "postfix" => {
            Fix::text(format!("Server operator: give {} a certificate, and enable STARTTLS", row.name))
        }
        _ => Fix::run(
            "Server operator: enable TLS (command for Postfix)",
            "postconf -e smtpd_tls_security_level=may smtpd_tls_chain_files=/path/to/key-and-chain.pem",
        ),
    }
}

/// The fix to go without TLS, with its limits.
fn unencrypted(plan: &Plan, has_login: bool, is_inside: bool) -> Fix {
    let condition = match (is_inside, plan.login.is_some() && has_login) {
        (true, _) => "If you trust the network between the program and the server",
        (false, false) => "If the mail may cross the network unencrypted, as between mail servers",
        (false, true) => {
            "Only if the server is in a network that you trust, because the password is then sent unencrypted"
        }
    };
    let mut text = format!(
        "{condition}, switch off TLS for this server in the program: select {}",
        programs::encryption(TlsUse::Never)
    );
    let mut command = format!("smtpcheck {} --tls none", plan.target.host.with_port(plan.target.port));
    match &plan.login {
        Some(_) if has_login => command.push_str(&format!("{} --allow-plaintext-auth", user_flag(plan))),
        Some(_) => text.push_str(&format!("; the server advertises no login either, so {}", programs::WITHOUT_LOGIN)),
        None => {}
    }
    Fix::run(text, command)
}
