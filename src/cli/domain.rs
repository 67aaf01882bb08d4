//! Parses the argument of `smtpcheck domain` (a mail domain, or an email address in it) and builds the plan. Any other
//! argument (an IP address, a server with a port, a URL) is an error with a hint about what to write instead.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::ArgMatches;

use super::commands::SettingsLevel;
use super::commands::batch::BatchArgs;
use super::commands::domain::DomainArgs;
use super::flags::InvalidValue;
use super::flags::connection::ConnectionArgs;
use super::flags::domain::{DnsArgs, ListChoice, PolicyPortArgs, SendingArgs};
use super::flags::exit_status::GateArgs;
use super::flags::session::EhloArgs;
use super::plan::{limits, origins};
use super::template::template;
use super::{UsageError, resolve};
use crate::check::domain::default_lists;
use crate::plan::{DomainPlan, Plan, Protocol, Target, Tls, ValueOrigin};
use crate::secret::ListKeys;
use crate::wire::{DomainName, ForwardPath, Host};

/// The local part of the default for `--relay-recipient`.
const RELAY_TEST: &str = "smtpcheck-relay-test";

/// A mail domain, and the recipient if the user wrote an email address.
#[derive(Debug, PartialEq, Eq)]
pub struct TypedDomain {
    /// The domain.
    pub name: DomainName,
    /// The recipient.
    pub recipient: Option<ForwardPath>,
}

/// The plan for `smtpcheck domain`.
pub fn plan(args: &DomainArgs, matches: &ArgMatches, hostname: Option<&str>) -> Result<Plan, UsageError> {
    let [input] = args.domains.as_slice() else { return Err(several(&args.domains)) };
    let mut origins = origins(matches, &args.from_file);
    if args.settings_level == SettingsLevel::Suite {
        // In a report, values from the `[defaults]` of a suite have the same origin as values from its checks: `flag`.
        origins
            .values_mut()
            .filter(|origin| **origin == ValueOrigin::Config)
            .for_each(|origin| *origin = ValueOrigin::Flag);
    }
    let flags = DomainFlags {
        port: args.port.port,
        max_connections: args.port.max_connections,
        policy: &args.port.policy,
        connection: &args.connection,
        dns: &args.dns,
        ehlo: &args.ehlo,
        sending: &args.sending,
        cacert: args.cacert.as_ref(),
        gate: &args.gate,
    };
    flags.plan(input, origins, hostname)
}

/// The plan for one line of `smtpcheck batch --domain`.
pub fn plan_in_batch(
    args: &BatchArgs,
    matches: &ArgMatches,
    input: &str,
    hostname: Option<&str>,
) -> Result<Plan, UsageError> {
    let flags = DomainFlags {
        port: args.port.unwrap_or(25),
        max_connections: args.max_connections.unwrap_or(CONNECTIONS),
        policy: &args.policy,
        connection: &args.connection,
        dns: &args.dns,
        ehlo: &args.ehlo,
        sending: &args.sending,
        cacert: args.trust.cacert.as_ref(),
        gate: &args.gate,
    };
    flags.plan(input, origins(matches, &args.from_file), hostname)
}

/// The default of `--max-connections`.
const CONNECTIONS: u32 = 64;

/// The flags that the plan for a domain depends on.
struct DomainFlags<'a> {
    port: u16,
    max_connections: u32,
    policy: &'a PolicyPortArgs,
    connection: &'a ConnectionArgs,
    dns: &'a DnsArgs,
    ehlo: &'a EhloArgs,
    sending: &'a SendingArgs,
    cacert: Option<&'a PathBuf>,
    gate: &'a GateArgs,
}

impl DomainFlags<'_> {
    fn plan(
        &self,
        input: &str,
        mut origins: BTreeMap<String, ValueOrigin>,
        hostname: Option<&str>,
    ) -> Result<Plan, UsageError> {
        let domain = self.settings(parse(input)?)?;
        origins.entry("port".to_owned()).or_insert(ValueOrigin::Default);
        if self.ehlo.ehlo.is_none() {
            origins.insert("ehlo".to_owned(), ValueOrigin::Machine);
        }
        let target = Target {
            input: input.to_owned(),
            host: Host::Name(domain.name.clone()),
            port: self.port,
            protocol: Protocol::Smtp,
        };
        let base = template(target, limits(self.connection, self.max_connections));
        Ok(Plan {
            family: self.connection.family(),
            overrides: resolve::overrides(&self.connection.resolve)?,
            resolver: self.connection.resolver,
            source: self.connection.source(),
            ehlo: self.ehlo.name(hostname),
            tls: Tls { cacert: self.cacert.cloned(), ..base.tls },
            gate: self.gate.gate(),
            domain: Some(Box::new(domain)),
            origins,
            ..base
        })
    }

    fn settings(&self, typed: TypedDomain) -> Result<DomainPlan, UsageError> {
        let TypedDomain { name, recipient } = typed;
        let sending = self.sending;
        let mut list_keys = ListKeys::default();
        let too_long = |_| UsageError::flag("--list", "the zone of a blocklist is too long");
        let shown = |zone: DomainName| DomainName::parse(&list_keys.hide(zone.ascii())).map_err(too_long);
        let lists = lists(&sending.list)?.into_iter().map(shown).collect::<Result<_, _>>()?;
        Ok(DomainPlan {
            recipient,
            sending: without_repetition(&sending.sending),
            sending_host: sending.from_host.clone(),
            selectors: without_repetition(&sending.dkim_selector),
            lists,
            list_keys,
            relay_recipient: foreign_recipient(sending.relay_recipient.clone(), &name)?,
            trust_anchor: self.dns.trust_anchor.clone(),
            dns_port: self.dns.dns_port,
            https_port: self.policy.https_port,
            name,
        })
    }
}

/// Parses a mail domain or an email address.
pub fn parse(text: &str) -> Result<TypedDomain, UsageError> {
    // A query can contain a password, as in target.rs. UsageError hides passwords in other places.
    let shown = text.split_once(['?', '#']).map_or_else(|| text.to_owned(), |(before, _)| format!("{before}?..."));
    let wrong = |error: InvalidValue| UsageError::from(error).about("domain", shown.clone());
    let typed = if text.contains('@') && !text.contains("://") { address(text) } else { domain(text) };
    typed.map_err(|error| match error.is_secret {
        true => UsageError { flag: Some("domain".into()), ..UsageError::from(error) },
        false => wrong(error),
    })
}

fn address(text: &str) -> Result<TypedDomain, InvalidValue> {
    let bare = text.trim().strip_prefix("mailto:").unwrap_or(text.trim());
    if let Some(domain) = bare.strip_prefix('@') {
        let hint = format!("write {domain} to check the domain, or someone@{domain} to also check a recipient");
        return Err(InvalidValue::new("there is no text before the @", hint));
    }
    let recipient = ForwardPath::parse(bare).map_err(|error| InvalidValue::new(error.to_string(), ""))?;
    let Some(name) = recipient.mailbox().and_then(|mailbox| mailbox.domain()).cloned() else {
        let reason = "the part after the @ is an IP address, not a domain";
        return Err(InvalidValue::new(reason, "write an email address in a domain, for example someone@example.com"));
    };
    check_name(&name)?;
    Ok(TypedDomain { name, recipient: Some(recipient) })
}

fn domain(text: &str) -> Result<TypedDomain, InvalidValue> {
    let text = text.trim();
    if let Some((scheme, rest)) = text.split_once("://") {
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let host = host.split(['/', '?', '#', ':']).next().unwrap_or_default();
        let domain = host.strip_prefix("www.").unwrap_or(host);
        let hint = match scheme {
            "smtp" | "smtps" => format!("write {domain}; to check one server: smtpcheck {scheme}://{host}"),
            _ => format!("write {domain}"),
        };
        return Err(InvalidValue::new("this is a URL, not a mail domain", hint));
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Err(of_server("this is an IP address, not a mail domain", &Host::Ip(ip).bracketed()));
    }
    if let Some((host, rest)) = text.split_once(':') {
        let is_port = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
        if is_port && DomainName::parse(host).is_ok() {
            let hint = format!(
                "write {host}; --port {rest} sets the port of its mail servers; to check one server: smtpcheck {text}"
            );
            return Err(InvalidValue::new("a mail domain has no port", hint));
        }
    }
    if text.matches(':').count() == 1 {
        let reason =
            "it contains a colon; if the text after it is a password, use smtpcheck settings with --password-file";
        return Err(InvalidValue {
            is_secret: true,
            ..InvalidValue::new(reason, "write only the domain, or an email address in it")
        });
    }
    if let Some((host, _)) = text.split_once('/') {
        return Err(InvalidValue::new("a mail domain has no path", format!("write {host}")));
    }
    if let Some(rest) = text.strip_prefix("*.") {
        return Err(InvalidValue::new("this is a pattern, not a mail domain", format!("write {rest}")));
    }
    if text.is_empty() {
        return Err(InvalidValue::new("the domain is empty", "write a mail domain, for example example.com"));
    }
    let name = match Host::parse(text) {
        Ok(Host::Name(name)) => name,
        Ok(Host::Socket(path)) => {
            return Err(InvalidValue::new(format!("{path} is a Unix socket, not a mail domain"), ""));
        }
        Ok(Host::Ip(ip)) => {
            return Err(of_server("this is an IP address, not a mail domain", &Host::Ip(ip).bracketed()));
        }
        Err(error) => {
            let Some(label) = wrong_a_label(text) else { return Err(InvalidValue::new(error.to_string(), "")) };
            let hint = "compare it letter by letter, or write the name in its own script, for example bücher.example";
            return Err(InvalidValue::new(format!("{label} is not the ASCII form (punycode) of any name"), hint));
        }
    };
    check_name(&name)?;
    Ok(TypedDomain { name, recipient: None })
}

/// A label that begins like the ASCII form of an international name (RFC 5890 §2.3.2.1), but is not valid.
fn wrong_a_label(text: &str) -> Option<String> {
    let is_a_label = |label: &&str| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
    let wrong = |label: &&str| DomainName::parse(&format!("{label}.example")).is_err();
    text.split('.').filter(is_a_label).find(wrong).map(|label| label.escape_debug().to_string())
}

/// An error for an argument that is a server, not a domain.
fn of_server(reason: &'static str, host: &str) -> InvalidValue {
    let hint =
        format!("write the part after the @, for example example.com; to check this server: smtpcheck {host}:25");
    InvalidValue::new(reason, hint)
}

/// Rejects names that cannot be mail domains (RFC 5321 §2.3.5 allows letters, digits and hyphens).
fn check_name(name: &DomainName) -> Result<(), InvalidValue> {
    let ascii = name.ascii();
    if ascii.contains('_') {
        let rest: Vec<&str> = ascii.split('.').skip_while(|label| label.contains('_')).collect();
        let rest = rest.join(".");
        let hint = match rest.contains('.') && !rest.contains('_') {
            true => format!("write {rest}"),
            false => "write the part after the @, for example example.com".to_owned(),
        };
        return Err(InvalidValue::new("a mail domain contains no underscore", hint));
    }
    if !ascii.contains('.') {
        let hint = format!("write the part after the @, for example example.{ascii}");
        return Err(InvalidValue::new(
            "this is a single label (a top-level domain or a host), not a mail domain",
            hint,
        ));
    }
    // A top-level domain is never a number, so this is an IP address or part of an IP address.
    if ascii.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
        let hint = "write a domain, for example example.com";
        return Err(InvalidValue::new("the last part is a number, so this is not a domain", hint));
    }
    if ascii.split('.').any(|label| label.starts_with('-') || label.ends_with('-')) {
        let hint = "write the part after the @, for example example.com";
        return Err(InvalidValue::new("a part between dots begins or ends with a hyphen", hint));
    }
    Ok(())
}

fn several(words: &[String]) -> UsageError {
    match words.get(1) {
        None => UsageError::new("no domain given").with_hint("for example: smtpcheck domain example.com"),
        Some(second) => {
            let reason = "`smtpcheck domain` checks one domain";
            let is_address = second.parse::<IpAddr>().is_ok();
            let hint = if is_address {
                "use --sending for the IP address that sends mail"
            } else {
                "run it once for each domain"
            };
            // A second word that is neither a domain nor an IP address can be a password, so the message does not
            // repeat it.
            match domain(second).is_ok() || is_address {
                true => UsageError::new(reason).about("domain", second.as_str()).with_hint(hint),
                false => UsageError::new(reason).with_hint(hint),
            }
        }
    }
}

/// The blocklists to query.
fn lists(given: &[ListChoice]) -> Result<Vec<DomainName>, UsageError> {
    if given.is_empty() {
        return Ok(default_lists());
    }
    let zones: Vec<DomainName> = given
        .iter()
        .filter_map(|choice| match choice {
            ListChoice::Zone(zone) => Some(zone.clone()),
            ListChoice::None => None,
        })
        .collect();
    if !zones.is_empty() && given.contains(&ListChoice::None) {
        let error =
            UsageError::flag("--list", "queries no blocklist, but a second --list names one").with_value("none");
        return Err(error.with_hint("omit one of them"));
    }
    Ok(without_repetition(&zones))
}

/// The recipient of the relay test. By default, it is in a domain that is reserved for documentation and accepts no mail.
fn foreign_recipient(given: Option<ForwardPath>, domain: &DomainName) -> Result<ForwardPath, UsageError> {
    if let Some(given) = given {
        if given.mailbox().and_then(|mailbox| mailbox.domain()) == Some(domain) {
            let error = UsageError::flag("--relay-recipient", "this address is in the domain that is checked");
            let hint = "write an address in a domain for which the servers are not responsible";
            return Err(error.with_value(given.to_string()).with_hint(hint));
        }
        return Ok(given);
    }
    let other = if domain.ascii() == "example.org" { "example.net" } else { "example.org" };
    let address = format!("{RELAY_TEST}@{other}");
    ForwardPath::parse(&address).map_err(|error| UsageError::flag("--relay-recipient", error.to_string()))
}

fn without_repetition<T: Clone + PartialEq>(given: &[T]) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for one in given {
        if !kept.contains(one) {
            kept.push(one.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::cli::{Invocation, parse as parse_words};
    use crate::plan::Plan;

    fn read(text: &str) -> String {
        match parse(text) {
            Ok(typed) => {
                let recipient = typed.recipient.map(|recipient| format!(" {recipient}")).unwrap_or_default();
                format!("{}{recipient}", typed.name)
            }
            Err(error) => error.to_string(),
        }
    }

    fn made(words: &[&str]) -> Result<Plan, String> {
        let words = words.iter().map(Into::into).collect();
        let Invocation::Domain(args, matches) = parse_words(words).map_err(|error| error.to_string())? else {
            return Err("not a domain check".to_owned());
        };
        super::plan(&args, &matches, None).map_err(|error| error.to_string())
    }

    #[test]
    fn domains_and_email_addresses_are_read() {
        for (text, expected) in [
            ("example.com", "example.com"),
            ("Example.COM.", "example.com"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("someone@example.com", "example.com someone@example.com"),
            ("mailto:someone@example.com", "example.com someone@example.com"),
            ("\"odd user\"@example.com", "example.com \"odd user\"@example.com"),
        ] {
            assert_eq!(read(text), expected);
        }
    }

    #[test]
    fn other_arguments_are_errors_that_say_what_to_write() {
        for (text, needles) in [
            ("192.0.2.1", ["an IP address", "smtpcheck 192.0.2.1:25"]),
            ("[2001:db8::1]", ["an IP address", "smtpcheck [2001:db8::1]:25"]),
            ("https://www.example.com/x?y", ["a URL", "write example.com"]),
            ("smtp://mail.example.com", ["a URL", "smtpcheck smtp://mail.example.com"]),
            ("com", ["single label", "example.com"]),
            ("someone@192.0.2.1", ["last part is a number", "example.com"]),
            ("localhost", ["single label", "write the part after the @"]),
            ("_dmarc.example.com", ["no underscore", "write example.com"]),
            ("my_domain.example", ["no underscore", "write the part after the @"]),
            ("xn--zzzzzzz99999.example", ["xn--zzzzzzz99999 is not the ASCII form", "letter by letter"]),
            ("@example.com", ["no text before the @", "write example.com"]),
            ("a b@example.com", ["", ""]),
            ("someone@[192.0.2.1]", ["an IP address", "someone@example.com"]),
            ("example.com:25", ["no port", "smtpcheck example.com:25"]),
            ("example.com/x", ["no path", "write example.com"]),
            ("*.example.com", ["a pattern", "write example.com"]),
            ("-a.example", ["hyphen", "write"]),
            ("a..example", ["not a host name", ""]),
        ] {
            let message = read(text);
            assert!(
                message.starts_with("domain ") && needles.iter().all(|needle| message.contains(needle)),
                "{message}"
            );
        }
    }

    #[test]
    fn the_plan_has_the_values_of_the_flags() {
        let plan = made(&[
            "domain",
            "u@example.com",
            "--sending",
            "192.0.2.7",
            "--sending",
            "192.0.2.7",
            "--dkim-selector",
            "S1._domainkey.example.com.",
            "--list",
            "bl.example.net",
            "--from-host",
            "mail.example.com",
            "--port",
            "2525",
            "--dns-port",
            "5353",
            "--https-port",
            "8443",
            "-4",
            "--max-connections",
            "9",
        ])
        .expect("a plan");
        let domain = plan.domain.as_ref().expect("a domain");
        assert_eq!((plan.target.port, plan.limits.max_connections, plan.name()), (2525, 9, "example.com".to_owned()));
        assert_eq!((domain.sending.len(), domain.selectors.as_slice()), (1, &["s1".to_owned()][..]));
        assert_eq!((domain.dns_port, domain.https_port, domain.lists.len()), (5353, 8443, 1));
        assert_eq!(domain.relay_recipient.to_string(), "smtpcheck-relay-test@example.org");
        assert_eq!(made(&["domain", "example.com"]).map(|plan| plan.limits.total_ms), Ok(60_000));
    }

    #[test]
    fn a_batch_of_domains_uses_the_flags_of_domain_checks() {
        let words = ["batch", "f", "--domain", "--list", "none", "--dns-port", "5353", "--https-port", "8443"];
        let words = words.iter().map(Into::into).collect();
        let Ok(Invocation::Batch(args, matches)) = parse_words(words) else { unreachable!("a batch") };
        let plan = super::plan_in_batch(&args, &matches, "a.example", None).expect("a plan");
        let domain = plan.domain.expect("a domain");
        assert_eq!((domain.dns_port, domain.https_port, domain.lists.len(), plan.target.port), (5353, 8443, 0, 25));
    }

    #[test]
    fn mistakes_in_flags_are_usage_errors() {
        for (words, needle) in [
            (&["domain"][..], "no domain given"),
            (&["domain", ""], "NAME|ADDRESS is empty"),
            (&["domain", " "], "NAME|ADDRESS is empty"),
            (&["domain", "a.example", "b.example"], "checks one domain"),
            (&["domain", "a.example", "192.0.2.7"], "use --sending for"),
            (&["domain", "a.example", "--sending", "mail.a.example"], "use --from-host for"),
            (&["domain", "a.example", "--from-host", "192.0.2.7"], "use --sending for"),
            (&["domain", "a.example", "--list", "none", "--list", "b.example"], "omit one of them"),
            (&["domain", "a.example", "--list", "192.0.2.1"], "zone of a DNS blocklist"),
            (&["domain", "a.example", "--dkim-selector", "a b"], "not a selector"),
            (&["domain", "a.example", "--relay-recipient", "u@a.example"], "in the domain that is checked"),
            (&["domain", "a.example", "--warning", "5"], "only with --format nagios"),
            (&["domain", "a.example", "--tlsa", "--json"], "--json"),
            (&["domain", "a.example", "--expect", "domain.dane == fine"], "cannot be fine"),
        ] {
            let message = made(words).expect_err("an error");
            assert!(message.contains(needle) && !message.contains('\n'), "{words:?}: {message}");
        }
    }
}
