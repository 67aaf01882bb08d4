//! The output of `smtpcheck sandbox` and `smtpcheck demo`: the list of servers, and the log of client and server
//! activity. Text received from clients is as untrusted as text received from servers.

use std::net::SocketAddr;

use serde::Serialize;

use super::style::{Role, StyledLine};
use super::{Display, escape};
use crate::sandbox::domains::case::DomainCase;
use crate::sandbox::domains::{DomainService, own_flags};
use crate::sandbox::journal::{JournalEntry, JournalSpeaker};
use crate::sandbox::scenario::ClientTrust;
use crate::sandbox::{Scenario, login};

/// One line of `--json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Record<'a> {
    /// One sandbox server.
    Server {
        scenario: &'a str,
        /// `host:port`; null with `--list`, which starts no servers.
        address: Option<String>,
        summary: &'a str,
        /// The rule ids that smtpcheck is expected to report, in order.
        expect: &'a [&'a str],
        /// The expected exit code of smtpcheck.
        exit: u8,
        /// The scheme of the target, with its slashes; empty for SMTP.
        scheme: &'a str,
        /// The host name to pass as the target (with `--resolve`); null if the IP address is the target.
        host: Option<&'a str>,
        /// The flags that make smtpcheck find the fault.
        flags: &'a [&'a str],
        /// The password or token for these flags. It is not secret: it is the same in every sandbox.
        login: Option<&'a str>,
        /// Whether the client must trust the sandbox's CA.
        trusts_authority: bool,
    },
    /// Facts about the sandbox that clients need.
    Ready {
        authority: &'a str,
        user: &'a str,
        password: &'a str,
        token: &'a str,
        fleet_port: Option<u16>,
        dns: Option<SocketAddr>,
        /// The arguments for a domain check; null without `--domains`.
        domains: Option<String>,
        /// The arguments for `smtpcheck settings`; null without `--domains`.
        settings: Option<String>,
    },
    /// One mail domain.
    Domain {
        domain: String,
        summary: &'a str,
        /// The rule ids of the errors and warnings that smtpcheck is expected to report.
        expect: &'a [&'a str],
        /// The rule ids of the notices that smtpcheck is expected to report, not counting those for every sandbox
        /// domain.
        notices: &'a [&'a str],
        /// The expected exit code of smtpcheck.
        exit: u8,
        /// The flags that make smtpcheck find the fault.
        flags: Vec<String>,
    },
    /// One action of a client or server.
    Said { session: u64, scenario: &'a str, at_ms: f64, speaker: &'a str, text: &'a str },
}

/// The facts that are printed before the list of servers.
#[derive(Clone, Copy, Debug)]
pub struct SandboxStart<'a> {
    /// The path of the file with the CA certificates.
    pub authority: &'a str,
    /// The port of the fleet, if there is one.
    pub fleet_port: Option<u16>,
    /// The IP address and port of the DNS server, if there is one.
    pub dns: Option<SocketAddr>,
    /// Where the mail domains are served, and the path of the file with the trust anchor.
    pub domains: Option<(&'a DomainService, &'a str)>,
}

impl SandboxStart<'_> {
    /// The arguments for a domain check.
    fn domain_arguments(&self) -> Option<String> {
        let (domains, anchor) = self.domains?;
        let DomainService { resolver, mail, dns, https, .. } = domains;
        Some(format!(
            "--resolver {resolver} --port {mail} --dns-port {dns} --https-port {https} --trust-anchor {anchor} --list none --cacert {}",
            self.authority
        ))
    }

    /// The arguments for `smtpcheck settings`.
    fn settings_arguments(&self) -> Option<String> {
        let (DomainService { resolver, https, http, .. }, anchor) = self.domains?;
        Some(format!(
            "--resolver {resolver} --https-port {https} --http-port {http} --trust-anchor {anchor} --cacert {}",
            self.authority
        ))
    }
}

/// The lines before the list of servers.
pub fn ready(ready: SandboxStart<'_>, look: &Display) -> String {
    let mut lines = vec![
        format!(
            "# CA to trust: {} (smtpcheck --cacert, curl --cacert, SSL_CERT_FILE)",
            escape::visible(ready.authority)
        ),
        format!("# login: user {}, password {}, token {}", login::USER, login::PASSWORD, login::TOKEN),
    ];
    lines.extend(ready.fleet_port.map(|port| format!("# fleet: port {port} on every address in 127.0.0.0/8")));
    lines.extend(ready.dns.map(|at| format!("# DNS: names below .test, served by {at} (smtpcheck --resolver {at})")));
    let domains = ready.domain_arguments();
    lines.extend(domains.map(|words| format!("# domains: smtpcheck domain NAME.test {}", escape::visible(&words))));
    let settings = ready.settings_arguments();
    lines.extend(settings.map(|words| {
        let words = escape::visible(&words);
        format!(
            "# settings-*: smtpcheck settings demo@NAME.test {words} --password-file FILE (with the password above)"
        )
    }));
    lines.iter().map(|line| StyledLine::of(Role::Dim, line.clone()).paint(look)).collect()
}

/// The line of a mail domain.
pub fn domain(case: &DomainCase, look: &Display) -> String {
    let mut text = format!("{}  {}", case.target(), case.summary);
    if !case.flags.is_empty() {
        let flags = own_flags(case).join(" ").replace("{port}", "PORT");
        let instead = if case.flags.contains(&"--list") && !case.flags.contains(&"none") {
            " instead of --list none"
        } else {
            ""
        };
        text.push_str(&format!(" ({flags}{instead})"));
    }
    StyledLine::of(Role::Plain, text).paint(look)
}

/// Like [`domain`], as JSON.
pub fn domain_json(case: &DomainCase) -> String {
    let DomainCase { summary, expect, notices, exit, .. } = case;
    line(&Record::Domain { domain: case.target(), summary, expect, notices, exit: *exit, flags: own_flags(case) })
}

/// Like [`ready`], as JSON.
pub fn ready_json(ready: SandboxStart<'_>) -> String {
    let domains = ready.domain_arguments();
    let settings = ready.settings_arguments();
    let SandboxStart { authority, fleet_port, dns, .. } = ready;
    let (user, password, token) = (login::USER, login::PASSWORD, login::TOKEN);
    line(&Record::Ready { authority, user, password, token, fleet_port, dns, domains, settings })
}

/// One line about a server.
pub fn server(scenario: &Scenario, address: Option<&str>, look: &Display) -> String {
    let expected = if scenario.expect.is_empty() { "no findings".to_owned() } else { scenario.expect.join(" ") };
    let mut row = StyledLine::of(Role::Bold, format!("{:<36}", scenario.name));
    if let Some(address) = address {
        row = row.and(Role::Plain, format!(" {address:<16}"));
    }
    row.and(Role::Plain, format!(" {}", scenario.summary))
        .and(Role::Dim, format!(" -> {expected}, exit {}", scenario.exit))
        .paint(look)
}

/// Like [`server`], as JSON.
pub fn server_json(scenario: &Scenario, address: Option<&str>) -> String {
    line(&Record::Server {
        scenario: scenario.name,
        address: address.map(str::to_owned),
        summary: scenario.summary,
        expect: scenario.expect,
        exit: scenario.exit,
        scheme: scenario.client.scheme,
        host: scenario.client.host,
        flags: scenario.client.flags,
        login: scenario.client.secret,
        trusts_authority: scenario.client.trust == ClientTrust::Sandbox,
    })
}

/// The heading of a demo: a description of the server, and the command that checks it.
pub fn lesson(scenario: &Scenario, place: Option<(usize, usize)>, words: &[String], look: &Display) -> String {
    let number = place.map(|(at, all)| format!("{at} of {all}: ")).unwrap_or_default();
    let title = format!("Demo {number}{}", scenario.name);
    let mut text = StyledLine::of(Role::Bold, title).paint(look);
    for line in textwrap::wrap(&format!("Server: {}.", scenario.summary), super::text::columns(look.width)) {
        text.push_str(&StyledLine::of(Role::Plain, line.into_owned()).paint(look));
    }
    let command = words.iter().map(|word| crate::check::in_shell(word)).collect::<Vec<_>>().join(" ");
    text + &StyledLine::of(Role::Command, format!("$ smtpcheck {command}")).paint(look) + "\n"
}

/// The note that the server was stopped, and how to keep it running.
pub fn end_of_lesson(scenario: &Scenario, look: &Display) -> String {
    let text = format!("The demo server has stopped. To run it again: smtpcheck sandbox {}", scenario.name);
    let lines = textwrap::wrap(&text, super::text::columns(look.width));
    "\n".to_owned()
        + &lines.into_iter().map(|line| StyledLine::of(Role::Dim, line.into_owned()).paint(look)).collect::<String>()
}

/// The heading of a domain demo.
pub fn domain_lesson(case: &DomainCase, words: &[String], look: &Display) -> String {
    let mut text = StyledLine::of(Role::Bold, format!("Demo {}.test", case.name)).paint(look);
    for line in textwrap::wrap(&format!("Domain: {}.", case.summary), super::text::columns(look.width)) {
        text.push_str(&StyledLine::of(Role::Plain, line.into_owned()).paint(look));
    }
    let command = words.iter().map(|word| crate::check::in_shell(word)).collect::<Vec<_>>().join(" ");
    text + &StyledLine::of(Role::Command, format!("$ smtpcheck {command}")).paint(look) + "\n"
}

/// The note after a domain demo.
pub fn end_of_domain_lesson(look: &Display) -> String {
    let text = format!(
        "The demo servers have stopped. There are {} domains; to list them: smtpcheck sandbox --domains --list. To check \
         another domain: smtpcheck demo NAME. To run the servers of these domains: smtpcheck sandbox --domains.",
        crate::sandbox::domains::DOMAIN_CASES.len() + crate::sandbox::domains::SETTINGS_CASES.len()
    );
    let lines = textwrap::wrap(&text, super::text::columns(look.width));
    "\n".to_owned()
        + &lines.into_iter().map(|line| StyledLine::of(Role::Dim, line.into_owned()).paint(look)).collect::<String>()
}

/// The note after the last demo, with the next commands.
pub fn end_of_lessons(look: &Display) -> String {
    let count = crate::sandbox::scenarios().count();
    let text = format!(
        "The demo showed 4 of {count} servers. To list all: smtpcheck sandbox --list. To show another server: smtpcheck demo NAME. \
                 To test your own mail program with such a server: smtpcheck sandbox NAME."
    );
    textwrap::wrap(&text, super::text::columns(look.width))
        .into_iter()
        .map(|line| StyledLine::of(Role::Plain, line.into_owned()).paint(look))
        .collect()
}

/// One line about an action of a client or a server.
pub fn entry_text(entry: &JournalEntry, look: &Display) -> String {
    let (sign, role) = match entry.speaker {
        JournalSpeaker::Client => ("C:", Role::Client),
        JournalSpeaker::Server => ("S:", Role::Server),
        JournalSpeaker::Neither => ("--", Role::Dim),
    };
    let prefix = format!("{:>7.0} {}#{} {sign} ", entry.at_ms, entry.scenario, entry.session);
    StyledLine::of(Role::Dim, prefix).and(role, shortened(&escape::visible(&entry.text))).paint(look)
}

/// Like [`entry_text`], as JSON.
pub fn entry_json(entry: &JournalEntry) -> String {
    let speaker = match entry.speaker {
        JournalSpeaker::Client => "client",
        JournalSpeaker::Server => "server",
        JournalSpeaker::Neither => "neither",
    };
    let JournalEntry { session, scenario, at_ms, text, .. } = entry;
    line(&Record::Said { session: *session, scenario, at_ms: *at_ms, speaker, text })
}

/// Shortens a line for display: a client can send lines of up to 64 KiB.
fn shortened(text: &str) -> String {
    const MOST: usize = 400;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let head: String = text.chars().take(MOST).collect();
    format!("{head} [truncated]")
}

fn line(record: &Record<'_>) -> String {
    // Serialisation of strings and numbers cannot fail.
    let json = serde_json::to_string(record).unwrap_or_default();
    format!("{}\n", escape::json(&json))
}
