//! Which fixes of the lexicon apply to a session, and their placeholders. A fix that asks for what this session already
//! did, or that names the commands of another server software, cannot change anything.

use super::super::finding::in_shell;
use super::super::peer;
use super::super::place::is_private;
use super::corrections::SessionFacts;
use super::lookups;
use crate::evidence::Session;
use crate::evidence::session::ReceivedReply;
use crate::lexicon::{self, Fix, FixWhen};
use crate::plan::Plan;

/// The fixes that apply to a rejection, with known values; all of them if none applies.
pub(super) fn selected(
    plan: &Plan,
    session: Session<'_>,
    received: ReceivedReply<'_>,
    facts: &SessionFacts<'_>,
    fixes: Vec<Fix>,
) -> Vec<Fix> {
    let is_address = plan.login.as_ref().is_some_and(|login| login.user.contains('@'));
    let has_user_of_provider =
        plan.login.as_ref().is_some_and(|login| facts.user_of_provider.is_some_and(|user| user == login.user));
    let has_page = plan.login.is_none() && page_in(&received.reply.joined()).is_some();
    let applies = |fix: &Fix| {
        let fits = match fix.when {
            Some(FixWhen::UserWithoutDomain) => !is_address,
            Some(FixWhen::WithoutLogin) => !facts.logged_in,
            Some(FixWhen::WithLogin) => facts.logged_in,
            Some(FixWhen::Unencrypted) => !received.event.tls,
            Some(FixWhen::WithoutPage) => !has_page,
            Some(FixWhen::OtherUser) => !has_user_of_provider,
            Some(FixWhen::OtherSender) | None => true,
        };
        fits && peer::suits(facts.software, fix)
    };
    let all = fixes.iter().any(&applies);
    fixes.into_iter().filter(|fix| !all || applies(fix)).map(|fix| filled(plan, session, received, fix)).collect()
}

/// Replaces the placeholders of a fix with known values, so that the user can copy its command.
pub(super) fn filled(plan: &Plan, session: Session<'_>, received: ReceivedReply<'_>, fix: Fix) -> Fix {
    let user = plan.login.as_ref().map_or_else(|| "USER".to_owned(), |login| login.user.clone());
    let from = plan.from.as_ref().map_or_else(|| "SENDER".to_owned(), ToString::to_string);
    let rcpt = tested_recipient(plan, received).unwrap_or_else(|| "RECIPIENT".to_owned());
    let local = session.connected().map(|(_, local)| local.ip());
    // The address that the server sees comes first.
    let seen = lookups::client_address(plan, session, received);
    let local = [seen, local].into_iter().flatten().find(|ip| !is_private(*ip));
    // The domain of an incomplete user name is usually that of the sender.
    let domain = lexicon::domain_of(&from, "YOUR-DOMAIN").to_owned();
    let values = [
        ("{user}@YOUR-DOMAIN", format!("{user}@{domain}")),
        // A mailbox that exists. This placeholder is replaced before the placeholder for its domain.
        ("postmaster@{rcpt_domain}", known_mailbox(plan, received)),
        ("{host}:{port}", plan.target.host.with_port(plan.target.port)),
        ("{host}", plan.target.host.bracketed()),
        ("{port}", plan.target.port.to_string()),
        ("{user}", user),
        ("{from}", from.clone()),
        ("{rcpt}", rcpt.clone()),
        ("{from_domain}", lexicon::domain_of(&from, "SENDER-DOMAIN").to_owned()),
        ("{rcpt_domain}", lexicon::domain_of(&rcpt, "RECIPIENT-DOMAIN").to_owned()),
        ("{ip}", local.map_or_else(|| "YOUR-PUBLIC-ADDRESS".to_owned(), |ip| ip.to_string())),
    ];
    let command = fix
        .command
        .map(|command| values.iter().fold(command, |command, (name, value)| command.replace(name, &in_shell(value))));
    let text = values.iter().fold(fix.text, |text, (name, value)| text.replace(name, value));
    Fix { text, command, ..fix }
}

/// The recipient of a reply to RCPT TO, or the first recipient of the plan.
fn tested_recipient(plan: &Plan, received: ReceivedReply<'_>) -> Option<String> {
    let number = received.recipient.unwrap_or_default();
    plan.to.get(number).map(ToString::to_string)
}

/// An email address that probably exists in the domain of a rejected recipient (RFC 5321 §4.5.1 requires postmaster).
fn known_mailbox(plan: &Plan, received: ReceivedReply<'_>) -> String {
    let rejected = tested_recipient(plan, received).unwrap_or_default();
    let (name, domain) = rejected.rsplit_once('@').unwrap_or(("", "RECIPIENT-DOMAIN"));
    let name = if name.eq_ignore_ascii_case("postmaster") { "abuse" } else { "postmaster" };
    format!("{name}@{domain}")
}

/// A fix with the page or the email address that a reply about the client's IP address names. It shows the listing, or
/// leads to the people who can remove it, so it comes first.
///
/// Promises to show nothing of a password: the text is a part of the reply, in which a part of a password could not be
/// recognised. Therefore there is no such fix if this run can have sent a password.
pub(super) fn contact_in(plan: &Plan, received: ReceivedReply<'_>) -> Option<Fix> {
    if plan.login.is_some() {
        return None;
    }
    let text = received.reply.joined();
    if let Some(page) = page_in(&text) {
        return Some(Fix::text(format!("Open the page that the reply names: {}", received.quote(page))));
    }
    let is_own = |address: &str| {
        let all = plan.from.iter().map(ToString::to_string).chain(plan.to.iter().map(ToString::to_string));
        all.into_iter().any(|own| own.eq_ignore_ascii_case(address))
    };
    let words: Vec<&str> = text
        .split(|one: char| one.is_whitespace() || "<>()[],;\"'".contains(one))
        .filter(|word| !word.is_empty())
        .collect();
    let is_address = |word: &str| {
        let word = word.trim_end_matches('.');
        word.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.')) && !is_own(word)
    };
    let at = words.iter().position(|word| is_address(word))?;
    let before = words.get(at.saturating_sub(4)..at)?.join(" ").to_lowercase();
    let asks = ["contact", "mail to", "email to", "e-mail to", "write to", "report to"];
    asks.iter().any(|word| before.contains(word)).then(|| {
        Fix::text(format!(
            "Write to the address that the reply names, with your IP address and the time: {}",
            received.quote(words.get(at).copied().unwrap_or_default().trim_end_matches('.').to_owned())
        ))
    })
}

/// The web page that a reply names; none with a user name, which would be a trap.
fn page_in(text: &str) -> Option<String> {
    let start = text.find("https://").or_else(|| text.find("http://"))?;
    let rest = text.get(start..)?;
    let end = rest.find(|one: char| one.is_whitespace() || "<>\"'|".contains(one)).unwrap_or(rest.len());
    let page = rest.get(..end)?.trim_end_matches(['.', ',', ';', ')', ']']);
    let authority = page.split("//").nth(1)?.split(['/', '?', '#']).next()?;
    (authority.contains('.') && !authority.contains('@')).then(|| page.to_owned())
}

#[cfg(test)]
mod tests {
    use super::page_in;

    #[test]
    fn a_page_has_a_host_and_no_user_name() {
        for (text, page) in [
            ("blocked, see https://bl.example.org/?ip=192.0.2.1.", Some("https://bl.example.org/?ip=192.0.2.1")),
            ("see <http://bl.example.org/removal>", Some("http://bl.example.org/removal")),
            ("log in at https://ann:hunter2@bl.example.org/", None),
            ("https://", None),
            ("no page", None),
        ] {
            assert_eq!(page_in(text).as_deref(), page, "{text}");
        }
    }
}
