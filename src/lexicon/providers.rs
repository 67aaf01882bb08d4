//! Mail providers: their servers and ports, the user name and password to use, special rules, and the facts by which
//! they are recognised.

use serde::{Deserialize, Serialize};

use super::normal;
use super::pool::{List, Text};

include!(concat!(env!("OUT_DIR"), "/lexicon/providers.rs"));

/// One mail provider.
#[derive(Debug)]
pub struct Provider {
    /// The public id, in kebab-case.
    pub id: Text,
    /// The name as it is shown to the user.
    pub name: Text,
    /// `mailbox`, `relay`, `inbound`, `hosting` or `local`.
    pub kind: Text,
    /// Host names of the servers for sending mail. `*.x` means any name below x.
    pub hosts: List<Text>,
    also: List<Text>,
    /// Web sites, APIs and servers for reading mail that users enter by mistake.
    not_for_sending: List<Text>,
    /// The platform that several brands share; its servers send the same replies.
    platform: Option<Text>,
    /// The id of the mailbox provider that an inbound provider's servers receive mail for.
    mailboxes: Option<Text>,
    user_is_local_part: bool,
    /// The only user name that the servers accept.
    pub user_is: Option<Text>,
    /// The ports, with their use of TLS.
    pub ports: &'static [Port],
    /// The recommended port.
    pub recommended: Option<u16>,
    /// Why this port is recommended.
    pub why: Option<Text>,
    /// The user name to use.
    pub user: Option<Text>,
    /// The password to use.
    pub password: Option<Text>,
    /// The page for creating the password.
    pub password_url: Option<Text>,
    /// The mechanisms that the servers usually advertise.
    pub auth: List<Text>,
    /// Special rules of this provider.
    pub rule: Option<Text>,
    /// Whether the servers always advertise STARTTLS, so that a device on the network path must have removed it if it
    /// is missing.
    pub starttls_always: bool,
    /// Restrictions that the server applies only after the message is sent, so that smtpcheck cannot detect them.
    pub sees_after_data: Option<Text>,
    /// Whether one of these restrictions is about the sender: whether the account may use the address (mailboxes), or
    /// whether the account's owner has verified it (relays).
    pub sender_checked_after_data: bool,
    banner_any: List<Text>,
    cert_any: List<Text>,
    ehlo_any: List<Text>,
    /// Words in any reply that identify its servers.
    reply_any: List<Text>,
    /// When this information was last checked.
    pub reviewed: Text,
    /// The source of this information.
    pub source: Text,
}

impl Provider {
    /// Whether the usual greeting of the provider is known.
    pub fn has_known_greeting(&self) -> bool {
        !self.banner_any.is_empty()
    }

    /// Whether it is a brand of the same platform, so that the same accounts may exist there.
    pub fn is_of_same_platform(&self, other: &Provider) -> bool {
        self.platform.is_some_and(|platform| other.platform.is_some_and(|of_other| platform == of_other))
    }

    /// The mailbox provider that this entry belongs to: itself, or the one that an inbound provider receives mail for.
    /// `None` for relays and for servers in the user's own network.
    pub fn for_mailboxes(&'static self) -> Option<&'static Provider> {
        match (&*self.kind, self.mailboxes) {
            ("mailbox" | "hosting", _) => Some(self),
            (_, Some(id)) => all().iter().find(|provider| provider.id == id.as_str()),
            (_, None) => None,
        }
    }

    /// Whether the provider's mailboxes have addresses at this domain, for example `gmail.com`.
    fn has_addresses_at(&self, domain: &str) -> bool {
        self.kind.as_str() == "mailbox" && self.also.iter().any(|known| known.eq_ignore_ascii_case(domain))
    }

    /// The server for users of a domain or MX host: if the provider has servers for several countries, the one with the
    /// same top-level domain, otherwise the first.
    pub fn host_for(&self, name: &str) -> Option<&'static str> {
        let top = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        let hosts: Vec<&'static str> = self.hosts.texts().filter(|host| !host.starts_with('*')).collect();
        let same = hosts.iter().find(|host| !name.is_empty() && top(host) == top(name));
        same.or(hosts.first()).copied()
    }

    /// The server whose name has the most labels in common with this one, counted from the end.
    fn most_alike(&self, name: &str) -> Option<&'static str> {
        let common = |host: &str| host.rsplit('.').zip(name.rsplit('.')).take_while(|(a, b)| a == b).count();
        let hosts = self.hosts.texts().filter(|host| !host.starts_with('*'));
        // Of several equal ones, the first.
        hosts.min_by_key(|host| std::cmp::Reverse(common(host)))
    }

    /// The form of the user name.
    pub fn user_form(&self) -> UserNameForm {
        if self.user_is_local_part { UserNameForm::LocalPart } else { UserNameForm::Address }
    }

    /// Whether a greeting looks like the provider's own.
    pub fn greets_with(&self, text: &str) -> bool {
        let text = normal(text);
        self.banner_any.iter().any(|literal| text.contains(&**literal))
    }
}

/// The form of a user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserNameForm {
    /// The complete email address.
    Address,
    /// The part of the address before the `@`.
    LocalPart,
}

/// One port of a provider.
#[derive(Debug)]
pub struct Port {
    /// The port number.
    pub port: u16,
    /// How TLS is used on the port.
    pub tls: PortTls,
}

/// How TLS is used on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PortTls {
    /// Implicit TLS: TLS from the first byte.
    Implicit,
    /// STARTTLS is required.
    Starttls,
    /// TLS is not available.
    Plain,
    /// STARTTLS is advertised, but unencrypted sessions are also accepted.
    StarttlsOrPlain,
}

/// Facts about a server that identify its provider.
#[derive(Clone, Debug, Default)]
pub struct ProviderSigns<'a> {
    /// The host name that the user specified.
    pub host: Option<&'a str>,
    /// The text of the greeting.
    pub greeting: Option<&'a str>,
    /// The text of the EHLO reply.
    pub ehlo: Option<&'a str>,
    /// The names in the certificate.
    pub certificate: &'a [String],
}

/// Recognises a provider by the strongest available fact: host name, other names, greeting, reply to EHLO, certificate.
/// The certificate is last, because hosting providers and devices on the network path present the same certificate for
/// many hosts.
pub fn recognise(signs: &ProviderSigns<'_>) -> Option<&'static Provider> {
    let all: &'static [Provider] = &PROVIDERS;
    let by_host = signs.host.and_then(|host| {
        let host = host.to_ascii_lowercase();
        all.iter()
            .find(|provider| provider.hosts.iter().any(|known| is_host(known, &host)))
            .or_else(|| all.iter().find(|provider| provider.also.iter().any(|known| is_also(known, &host))))
    });
    let by_certificate = || {
        signs.certificate.iter().find_map(|name| {
            let name = name.trim_start_matches("*.").to_ascii_lowercase();
            all.iter().find(|provider| provider.cert_any.iter().any(|known| is_below(known, &name)))
        })
    };
    let by_greeting = || signs.greeting.and_then(|text| longest(all, &normal(text), |provider| provider.banner_any));
    let by_ehlo = || signs.ehlo.and_then(|text| longest(all, &normal(text), |provider| provider.ehlo_any));
    by_host.or_else(by_greeting).or_else(by_ehlo).or_else(by_certificate)
}

/// A name of a provider's server that is not for sending mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherUse {
    /// Reading mail: IMAP or POP3.
    Reading,
    /// A web site, webmail or an API.
    Web,
    /// Receiving mail from other servers (MX).
    Receiving,
    /// A name below the domain of a mailbox provider that is not one of its known servers.
    Unknown,
}

/// First labels of servers for reading mail.
const READING: [&str; 8] = ["imap", "imaps", "imap4", "imap-mail", "pop", "pop3", "pops", "pop-mail"];

/// First labels of web sites.
const WEB: [&str; 10] = ["www", "webmail", "web", "login", "account", "accounts", "app", "api", "owa", "cpanel"];

impl OtherUse {
    /// What the first label of a host name says about its use; `None` if it can be a server for sending mail.
    pub fn of_label(name: &str) -> Option<OtherUse> {
        let label = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        if READING.contains(&label.as_str()) {
            Some(OtherUse::Reading)
        } else {
            WEB.contains(&label.as_str()).then_some(OtherUse::Web)
        }
    }
}

/// The known provider that a name belongs to, if the name is not one of its servers for sending mail, with the host name
/// of such a server. The caller must know that the server does not accept mail, because not all servers are known.
pub fn other_use(name: &str) -> Option<(&'static Provider, OtherUse, &'static str)> {
    let name = name.to_ascii_lowercase();
    let found = |provider: &'static Provider, of_use: OtherUse| {
        let sender = provider.for_mailboxes().unwrap_or(provider);
        Some((sender, of_use, sender.most_alike(&name)?))
    };
    match recognise(&ProviderSigns { host: Some(&name), ..ProviderSigns::default() }) {
        Some(provider) if &*provider.kind == "inbound" && provider.for_mailboxes().is_some() => {
            return found(provider, OtherUse::Receiving);
        }
        Some(_) => return None,
        None => {}
    }
    let mut candidates = all().iter().filter(|provider| provider.kind != "local" && !provider.ports.is_empty());
    let listed =
        |provider: &&'static Provider| provider.not_for_sending.iter().any(|known| is_like(known.as_str(), &name));
    if let Some(provider) = candidates.clone().find(listed) {
        return found(provider, OtherUse::of_label(&name).unwrap_or(OtherUse::Web));
    }
    let (label, rest) = name.split_once('.')?;
    let is_domain = |provider: &Provider, name: &str| provider.also.iter().any(|known| known.as_str() == name);
    let is_parent = |provider: &Provider| {
        provider.hosts.iter().any(|host| host.split_once('.').is_some_and(|(_, of)| of == rest)) && rest.contains('.')
    };
    if let Some(of_use) = OtherUse::of_label(&name)
        && let Some(provider) = candidates.clone().find(|provider| is_domain(provider, rest) || is_parent(provider))
    {
        return found(provider, of_use);
    }
    let provider = candidates.find(|provider| {
        let below = provider.also.iter().filter(|known| known.matches('.').count() == 1 && !known.starts_with('.'));
        provider.kind == "mailbox" && below.into_iter().any(|known| is_below(known, &name))
    })?;
    found(provider, if label == "mail" { OtherUse::Web } else { OtherUse::Unknown })
}

/// Whether a name equals a pattern, in which `*` is one label.
fn is_like(pattern: &str, name: &str) -> bool {
    let mut labels = name.split('.');
    pattern.split('.').all(|wanted| labels.next().is_some_and(|label| wanted == "*" || wanted == label))
        && labels.next().is_none()
}

fn is_host(known: &str, host: &str) -> bool {
    match known.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1),
        None => known == host,
    }
}

fn is_also(known: &str, host: &str) -> bool {
    if known.starts_with('.') { host.ends_with(known) } else { known == host }
}

fn is_below(known: &str, name: &str) -> bool {
    name == known || name.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'))
}

fn longest(
    all: &'static [Provider],
    text: &str,
    literals: impl Fn(&'static Provider) -> List<Text>,
) -> Option<&'static Provider> {
    let hits =
        all.iter().flat_map(|provider| literals(provider).as_slice().iter().map(move |literal| (literal, provider)));
    hits.filter(|(literal, _)| text.contains(literal.as_str()))
        .max_by_key(|(literal, _)| literal.len())
        .map(|(_, provider)| provider)
}

/// All providers.
pub fn all() -> &'static [Provider] {
    &PROVIDERS
}

/// Whether two providers' servers send the same replies: they are the same provider, or brands on one platform. A
/// provider that is not in the table shares no platform.
pub(super) fn share_texts(a: &str, b: &str) -> bool {
    let platform = |id: &str| all().iter().find(|provider| provider.id == id)?.platform.as_deref();
    a == b || platform(a).is_some_and(|of_a| platform(b) == Some(of_a))
}

/// Whether a lower-case reply identifies the provider, by a word that only its servers use or by its hosts' domain.
pub(super) fn is_named_in(id: &str, text: &str) -> bool {
    let Some(provider) = all().iter().find(|provider| provider.id == id) else { return false };
    let hosts = provider.hosts.iter().chain(provider.also.as_slice()).filter_map(|host| {
        let (rest, top) = host.rsplit_once('.')?;
        let name = rest.rsplit('.').next().filter(|name| name.len() > 3)?;
        Some(format!("{name}.{top}"))
    });
    let is_name = |name: String| {
        text.match_indices(&name)
            .any(|(at, _)| !text.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric)))
    };
    provider.reply_any.iter().any(|word| text.contains(word.as_str())) || hosts.into_iter().any(is_name)
}

/// Whether an id belongs to a provider, not to software.
pub(super) fn is_provider(id: &str) -> bool {
    all().iter().any(|provider| provider.id == id)
}

/// Finds a provider by its id, one of its host names, or whole words in its name. Part of a word is not sufficient:
/// `Ethereal` contains `here`.
pub fn find(word: &str) -> Vec<&'static Provider> {
    let word = word.to_lowercase();
    let exact: Vec<&'static Provider> = all().iter().filter(|provider| provider.id == word).collect();
    if !exact.is_empty() {
        return exact;
    }
    let by_host = recognise(&ProviderSigns { host: Some(&word), ..ProviderSigns::default() });
    if let Some(provider) = by_host {
        return vec![provider];
    }
    let has_words = |text: &str| {
        text.match_indices(&word).any(|(at, found)| {
            let (before, after) = (text.get(..at), text.get(at + found.len()..));
            !before.is_some_and(|before| before.ends_with(char::is_alphanumeric))
                && !after.is_some_and(|after| after.starts_with(char::is_alphanumeric))
        })
    };
    all().iter().filter(|provider| has_words(&provider.name.to_lowercase()) || has_words(&provider.id)).collect()
}

/// The provider whose mailboxes have addresses at a domain, for example `gmail.com`; none for a company's domain.
pub fn of_addresses_at(domain: &str) -> Option<&'static Provider> {
    all().iter().find(|provider| provider.has_addresses_at(domain))
}

/// The providers whose id, name or host name is most similar to a word, most similar first, at most three.
pub fn nearest(word: &str) -> Vec<&'static Provider> {
    let word = word.to_lowercase();
    let likeness = |provider: &Provider| {
        let names = [provider.id.to_string(), provider.name.to_lowercase()];
        let hosts =
            provider.hosts.iter().chain(provider.also.as_slice()).map(|host| host.trim_start_matches(['*', '.']));
        names
            .iter()
            .map(String::as_str)
            .chain(hosts)
            .map(|known| strsim::jaro_winkler(&word, known))
            .fold(0.0, f64::max)
    };
    let mut alike: Vec<(f64, &'static Provider)> =
        all().iter().map(|provider| (likeness(provider), provider)).collect();
    alike.retain(|(likeness, _)| *likeness > 0.8);
    alike.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    alike.into_iter().take(3).map(|(_, provider)| provider).collect()
}

/// The host name of a provider that the user probably meant, if the name is mistyped.
pub fn nearest_host(typed: &str) -> Option<&'static str> {
    let typed = typed.to_ascii_lowercase();
    let known: Vec<&Text> = all()
        .iter()
        .flat_map(|provider| provider.hosts.iter().chain(provider.also.as_slice()))
        .filter(|host| !host.starts_with(['*', '.']))
        .collect();
    if known.iter().any(|host| **host == typed) {
        return None;
    }
    known
        .into_iter()
        .map(|host| (strsim::damerau_levenshtein(&typed, host), Text::as_str(*host)))
        .filter(|(distance, host)| (1..=2).contains(distance) && *distance * 6 <= host.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::{
        OtherUse, Provider, ProviderSigns, UserNameForm, all, find, is_named_in, nearest_host, other_use, recognise,
    };
    use crate::lexicon::entries;
    use crate::lexicon::entries::ProviderExample;

    #[test]
    fn every_provider_is_recognised_by_its_example_and_not_by_its_counter_example() {
        for provider in &entries().providers.entries.provider {
            let id = Some(provider.id.get_ref().as_str());
            let found = |example: &ProviderExample| {
                let signs = ProviderSigns {
                    host: example.host.as_deref(),
                    greeting: example.banner.as_deref(),
                    ..ProviderSigns::default()
                };
                recognise(&signs).map(|found| found.id.as_str())
            };
            assert_eq!(found(&provider.example), id, "{:?}", provider.example);
            assert_ne!(found(&provider.counter_example), id, "{:?}", provider.counter_example);
        }
    }

    #[test]
    fn inbound_servers_lead_to_the_provider_of_the_mailboxes() {
        let of = |host: &str| {
            let signs = ProviderSigns { host: Some(host), ..ProviderSigns::default() };
            recognise(&signs).and_then(Provider::for_mailboxes).map(|found| found.id.as_str())
        };
        assert_eq!(of("aspmx.l.google.com"), Some("gmail"));
        assert_eq!(of("example-com.mail.protection.outlook.com"), Some("microsoft-365"));
        assert_eq!(of("gmail.com"), Some("gmail"));
        assert_eq!(of("smtp.sendgrid.net"), None, "a relay has no mailboxes");
        for provider in all().iter().filter_map(|provider| provider.mailboxes) {
            assert!(all().iter().any(|known| known.id == provider.as_str()), "{provider}");
        }
    }

    #[test]
    fn a_server_of_the_same_country_is_preferred() {
        let zoho = find("zoho").first().copied().expect("a provider");
        assert_eq!(zoho.host_for("mx.zoho.eu"), Some("smtp.zoho.eu"));
        assert_eq!(zoho.host_for("example.org"), Some("smtp.zoho.com"));
        assert_eq!(find("laposte").first().map(|provider| provider.user_form()), Some(UserNameForm::LocalPart));
    }

    #[test]
    fn a_mistyped_host_yields_the_correct_name() {
        assert_eq!(nearest_host("smtp.gmial.com"), Some("smtp.gmail.com"));
        assert_eq!(nearest_host("smtp.ofice365.com"), Some("smtp.office365.com"));
        assert_eq!(nearest_host("smtp.gmail.com"), None, "the name is correct");
        assert_eq!(nearest_host("mail.example.net"), None);
    }

    #[test]
    fn web_sites_and_servers_for_reading_mail_lead_to_the_server_for_sending() {
        let of = |name: &str| other_use(name).map(|(_, of_use, host)| (of_use, host));
        for (name, expected) in [
            ("imap.gmail.com", (OtherUse::Reading, "smtp.gmail.com")),
            ("mail.google.com", (OtherUse::Web, "smtp.gmail.com")),
            ("outlook.office.com", (OtherUse::Web, "smtp.office365.com")),
            ("pop3.live.com", (OtherUse::Reading, "smtp-mail.outlook.com")),
            ("imap.mail.yahoo.com", (OtherUse::Reading, "smtp.mail.yahoo.com")),
            ("mail.yahoo.com", (OtherUse::Web, "smtp.mail.yahoo.com")),
            ("imap.zoho.eu", (OtherUse::Reading, "smtp.zoho.eu")),
            ("imap.gmx.com", (OtherUse::Reading, "mail.gmx.com")),
            ("webmail.gandi.net", (OtherUse::Web, "mail.gandi.net")),
            ("email.eu-west-1.amazonaws.com", (OtherUse::Web, "email-smtp.eu-west-1.amazonaws.com")),
            ("api.mailgun.net", (OtherUse::Web, "smtp.mailgun.org")),
            ("smtp.google.com", (OtherUse::Receiving, "smtp.gmail.com")),
            ("contoso-com.mail.protection.outlook.com", (OtherUse::Receiving, "smtp.office365.com")),
            ("smtp.yahoo.com", (OtherUse::Unknown, "smtp.mail.yahoo.com")),
            ("smtp.outlook.com", (OtherUse::Unknown, "smtp-mail.outlook.com")),
            ("mailtrap.io", (OtherUse::Web, "live.smtp.mailtrap.io")),
        ] {
            assert_eq!(of(name), Some(expected), "{name}");
        }
        for name in ["smtp.gmail.com", "gmail.com", "mail.gmx.net", "mail.example.net", "imap.example.net"] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn a_reply_identifies_its_provider_by_words_and_domains() {
        assert!(is_named_in("gmail", "https://support.google.com/mail/?p=badcredentials x - gsmtp"));
        assert!(is_named_in("mail-com", "see https://www.mail.com/help"));
        assert!(!is_named_in("mail-com", "see https://www.gmail.com/help"), "the end of another domain");
        assert!(!is_named_in("gmail", "username and password not accepted"));
    }

    #[test]
    fn a_provider_is_found_by_id_name_and_host() {
        for word in ["gmail", "Gmail", "smtp.gmail.com"] {
            assert!(find(word).iter().any(|provider| provider.id == "gmail"), "{word}");
        }
    }
}
