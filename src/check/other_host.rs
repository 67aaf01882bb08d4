//! The host that was probably meant if the target is a web site, a server for reading mail, or a name that has no mail
//! server: the server of the known provider, or `smtp.` and `mail.` of the same domain if they exist. Other checks use
//! these functions to choose the first fix. This file raises no findings.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::finding::user_flag;
use super::peer;
use super::place::PrivateName;
use crate::evidence::{Answer, Evidence, Names, Outcome};
use crate::lexicon::Fix;
use crate::lexicon::providers::{self, OtherUse, Provider};
use crate::plan::{Plan, Protocol, TlsUse};
use crate::question::Question;
use crate::wire::DomainName;

/// First labels of servers for sending mail.
const SENDING: [&str; 2] = ["smtp", "mail"];

/// The known provider, if the target is not one of its servers for sending mail, and what the target is. The caller must
/// know that the port does not accept mail. Port 25 of a server that receives mail is right for mail servers.
pub(super) fn not_for_sending(plan: &Plan) -> Option<(&'static Provider, String)> {
    let (name, provider, of_use, _) = other_use(plan)?;
    let of = provider.name;
    let what = match of_use {
        OtherUse::Reading => {
            format!("{name} is a server of {of} for reading mail (IMAP or POP3), not for sending mail (SMTP).")
        }
        OtherUse::Web => format!("{name} is a web address of {of}, not its server for sending mail (SMTP)."),
        OtherUse::Receiving => {
            format!(
                "{name} receives mail from other mail servers on port 25 for {of}. Programs cannot send mail through it."
            )
        }
        OtherUse::Unknown => format!("{name} is not one of the known servers of {of} for sending mail."),
    };
    Some((provider, what))
}

/// Whether the target is a known server that only receives mail from other servers.
pub(super) fn only_receives(plan: &Plan) -> bool {
    other_use(plan).is_some_and(|(_, _, of_use, _)| of_use == OtherUse::Receiving)
}

fn other_use(plan: &Plan) -> Option<(&str, &'static Provider, OtherUse, &'static str)> {
    let name = plan.target.host.name()?.ascii();
    let (provider, of_use, host) = providers::other_use(name)?;
    let is_usable = of_use == OtherUse::Receiving && plan.target.port == 25;
    (!is_usable).then_some((name, provider, of_use, host))
}

/// Lookups of the names that the mail server of the same domain usually has.
pub(super) fn questions(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    candidates(plan, evidence).into_iter().map(|host| Question::Resolve { host }).collect()
}

fn candidates(plan: &Plan, evidence: &Evidence) -> Vec<DomainName> {
    let host = plan.target.host.name().filter(|_| plan.is_about_server() && plan.resolves_here());
    let Some(name) = host.map(DomainName::ascii) else { return Vec::new() };
    let is_given = !plan.given_addresses(&plan.target.host).is_empty();
    let is_private = evidence
        .names()
        .and_then(|(_, names)| names)
        .is_some_and(|names| names.addresses().any(super::place::is_private));
    if is_given
        || is_private
        || plan.target.protocol != Protocol::Smtp
        || PrivateName::of(name).is_some()
        || peer::provider_by_name(plan).is_some()
        || not_for_sending(plan).is_some()
    {
        return Vec::new();
    }
    let Some((label, rest)) = name.split_once('.') else { return Vec::new() };
    let is_sending = SENDING.contains(&label);
    let domain = match () {
        () if is_sending || OtherUse::of_label(name).is_some() => rest,
        () if is_domain(name) => name,
        () => return Vec::new(),
    };
    let names = SENDING.into_iter().filter(|first| !is_sending || *first != label);
    names.filter_map(|first| DomainName::parse(&format!("{first}.{domain}")).ok()).collect()
}

/// Whether a name is probably a mail domain, as in `example.net` and `example.co.uk`, and not a host in it.
fn is_domain(name: &str) -> bool {
    match name.split('.').rev().collect::<Vec<_>>().as_slice() {
        [_, _] => true,
        [top, second, _] => {
            top.len() == 2 && matches!(*second, "co" | "com" | "net" | "org" | "ac" | "gov" | "edu" | "or")
        }
        _ => false,
    }
}

/// The fix to enter the host that was probably meant.
pub(super) fn fix(plan: &Plan, evidence: &Evidence) -> Option<Fix> {
    let (host, port, text) = match other_use(plan) {
        Some((_, listed, _, host)) => {
            let is_listed = listed.ports.iter().any(|known| known.port == plan.target.port);
            let port = if is_listed { Some(plan.target.port) } else { listed.recommended };
            let text =
                format!("In the program, enter {host} as the server, which {} uses for sending mail", listed.name);
            (host.to_owned(), port.unwrap_or(587), text)
        }
        None => {
            let host = existing(plan, evidence)?;
            let text = format!(
                "In the program, enter {host} as the server: this name exists, and mail servers usually have such a name"
            );
            (host, plan.target.port, text)
        }
    };
    let is_odd = plan.tls_use() == TlsUse::Implicit && port != 465 && port == plan.target.port;
    let scheme = if is_odd { "smtps://" } else { "" };
    Some(Fix::run(text, format!("smtpcheck {scheme}{host}:{port}{}", user_flag(plan))))
}

/// The first of the usual names that exists and leads to another machine than the target. A wildcard record, or a machine
/// with all services, yields the same address.
fn existing(plan: &Plan, evidence: &Evidence) -> Option<String> {
    let (_, own) = evidence.names()?;
    let own: BTreeSet<IpAddr> = own.into_iter().flat_map(Names::addresses).collect();
    candidates(plan, evidence).into_iter().find_map(|host| {
        let probe = evidence.answer_to(&Question::Resolve { host: host.clone() })?;
        let Outcome::Done { answer: Answer::Names(names) } = &probe.outcome else { return None };
        let mut found = names.addresses().peekable();
        let is_other = found.peek().is_some() && found.all(|ip| !own.contains(&ip));
        is_other.then(|| host.ascii().to_owned())
    })
}
