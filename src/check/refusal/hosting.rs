//! Evidence for corrections: whether the server belongs to the domain of an address, whether it offers a login, and
//! whether a reply itself states a reason.

use psl::Psl as _;

use crate::evidence::Session;
use crate::evidence::session::ReceivedReply;
use crate::plan::Plan;
use crate::policy::dmarc::search::{is_public_suffix, organizational_domain_by_list};
use crate::wire::{DnsName, DomainName};

/// First labels of servers for mail programs, which are not in the MX record.
const OF_SUBMISSION: [&str; 9] =
    ["smtp", "mail", "submission", "relay", "out", "outbound", "send", "smtps", "outgoing"];

/// Whether the server's name is in the registered domain of an address. A public suffix (`com`) has none.
pub(super) fn is_server_in(plan: &Plan, domain: &str) -> bool {
    let Ok(domain) = DomainName::parse(domain) else { return false };
    let registered = organizational_domain_by_list(&DnsName::from(&domain));
    let host = plan.target.host.name().map(DnsName::from);
    !is_public_suffix(&registered) && host.is_some_and(|host| host.is_within(&registered))
}

/// Whether a domain is a public suffix on the list, such as `com`, and not only a name without a dot.
pub(super) fn is_top_level(domain: &str) -> bool {
    let domain = domain.to_lowercase();
    let suffix = psl::List.suffix(domain.as_bytes());
    suffix.is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == domain.as_bytes())
}

/// Whether the server's name is that of a server for mail programs, which says nothing about the MX record.
pub(super) fn is_named_for_programs(plan: &Plan) -> bool {
    let host = plan.target.host.name().map(|name| name.ascii().to_lowercase()).unwrap_or_default();
    let label = host.split('.').next().unwrap_or_default().trim_end_matches(|one: char| one.is_ascii_digit());
    OF_SUBMISSION.contains(&label)
}

/// Whether the server advertises AUTH, or may advertise it once the session is encrypted: most servers advertise AUTH
/// only over TLS (RFC 3207 §4.2 lets the extensions change).
pub(super) fn may_offer_login(session: Session<'_>, received: ReceivedReply<'_>) -> bool {
    session
        .final_capabilities()
        .is_some_and(|(_, offers)| offers.has("AUTH") || !received.event.tls && offers.has("STARTTLS"))
}

/// Whether the reply states a reason that has nothing to do with relaying or a login: the client's IP address or its
/// name, a list, spam, a policy of the sender's domain, or the settings of a mailbox.
pub(super) fn states_other_reason(received: ReceivedReply<'_>) -> bool {
    const REASONS: [&str; 17] = [
        "reverse",
        "ptr",
        "rdns",
        "dynamic",
        "your ip",
        "ip address",
        "spam",
        "listed",
        "blacklist",
        "blocklist",
        "quota",
        "spf",
        "dkim",
        "dmarc",
        "not found",
        "greylist",
        "resolver.rst",
    ];
    let text = bare_text(received);
    REASONS.iter().any(|word| text.contains(word))
}

/// The text of the reply in lower case, without email addresses, whose words have no meaning.
pub(super) fn bare_text(received: ReceivedReply<'_>) -> String {
    without_addresses(&received.reply.joined())
}

/// A text in lower case, without email addresses.
pub(super) fn without_addresses(text: &str) -> String {
    let text = text.to_lowercase();
    text.split_whitespace().filter(|word| !word.contains('@')).collect::<Vec<_>>().join(" ")
}
