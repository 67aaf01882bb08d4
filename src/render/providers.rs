//! The output of `smtpcheck providers`: a table of the known providers, or a page about one. The data is in the
//! lexicon.

use serde::Serialize;

use super::Display;
use super::style::{Role, StyledLine};
use super::table::{self, Column, Side};
use crate::lexicon::providers::{PortTls, Provider};

/// The minimum width at which each provider fits on one line of the table.
const WIDE: usize = 110;
/// The length of the longest id.
const ID: usize = 22;

/// A provider in JSON. Every key is always present; null means "does not apply".
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ProviderDocument<'a> {
    id: &'a str,
    name: &'a str,
    kind: &'a str,
    hosts: Vec<&'a str>,
    ports: Vec<PortView>,
    recommended: Option<u16>,
    why: Option<&'a str>,
    user: Option<&'a str>,
    password: Option<&'a str>,
    password_url: Option<&'a str>,
    auth: Vec<&'a str>,
    rule: Option<&'a str>,
    starttls_always: bool,
    sees_after_data: Option<&'a str>,
    source: &'a str,
    reviewed: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PortView {
    port: u16,
    tls: PortTls,
}

/// The JSON Schema (2020-12) of `providers --json`, generated from the types above by this file's test.
pub const SCHEMA: &str = include_str!("../../schema/providers.json");

/// A JSON list with one object for each provider.
pub fn json(providers: &[&Provider]) -> String {
    let views: Vec<ProviderDocument<'_>> = providers
        .iter()
        .map(|provider| ProviderDocument {
            id: &provider.id,
            name: &provider.name,
            kind: &provider.kind,
            hosts: provider.hosts.texts().collect(),
            ports: provider.ports.iter().map(|port| PortView { port: port.port, tls: port.tls }).collect(),
            recommended: provider.recommended,
            why: provider.why.as_deref(),
            user: provider.user.as_deref(),
            password: provider.password.as_deref(),
            password_url: provider.password_url.as_deref(),
            auth: provider.auth.texts().collect(),
            rule: provider.rule.as_deref(),
            starttls_always: provider.starttls_always,
            sees_after_data: provider.sees_after_data.as_deref(),
            source: &provider.source,
            reviewed: &provider.reviewed,
        })
        .collect();
    super::json::pretty(&views) + "\n"
}

/// A table of providers.
pub fn list(providers: &[&Provider], look: &Display) -> String {
    let lines = if look.width >= WIDE { wide(providers, look) } else { narrow(providers, look) };
    lines.iter().map(|line| line.paint(look)).collect()
}

fn wide(providers: &[&Provider], look: &Display) -> Vec<StyledLine> {
    let column = |width| Column { width, side: Side::Left };
    let (name, server, tls) = (26, 33, 8);
    let columns = [ID, name, server, tls, table::rest(look.width, &[ID, name, server, tls])].map(column);
    let heads = ["ID", "NAME", "SERVER", "TLS", "PASSWORD"].map(|head| (Role::Bold, head.to_owned()));
    let mut lines = table::row(&columns, &heads);
    for provider in providers {
        let cells = [
            (Role::Bold, provider.id.into()),
            (Role::Plain, provider.name.into()),
            (Role::Plain, server_of(provider)),
            (Role::Plain, mode(provider).to_owned()),
            (Role::Plain, password(provider).to_owned()),
        ];
        lines.extend(table::row(&columns, &cells));
    }
    lines
}

fn narrow(providers: &[&Provider], look: &Display) -> Vec<StyledLine> {
    let columns = [ID, table::rest(look.width, &[ID])].map(|width| Column { width, side: Side::Left });
    let heads = ["ID", "NAME, SERVER, TLS, PASSWORD"].map(|head| (Role::Bold, head.to_owned()));
    let mut lines = table::row(&columns, &heads);
    for provider in providers {
        lines.extend(table::row(&columns, &[(Role::Bold, provider.id.into()), (Role::Bold, provider.name.into())]));
        let server = [server_of(provider), mode(provider).to_owned()].join("  ");
        for words in [server.trim_end(), password(provider)] {
            lines.extend(table::row(&columns, &[(Role::Plain, String::new()), (Role::Plain, words.to_owned())]));
        }
    }
    lines
}

/// The page of one provider.
pub fn page(provider: &Provider, look: &Display) -> String {
    let mut lines = vec![
        StyledLine::of(Role::Bold, provider.name.as_str())
            .and(Role::Dim, format!("  {}, {}", provider.id, kind(provider))),
        StyledLine::new(),
    ];
    let mut say = |label: &str, role: Role, words: &str| lines.extend(labelled(label, role, words, look));
    say("host", Role::Plain, &hosts(provider));
    if provider.ports.is_empty() {
        say("ports", Role::Plain, "none: this provider does not offer SMTP access");
    }
    for (at, port) in provider.ports.iter().enumerate() {
        say(if at == 0 { "ports" } else { "" }, Role::Plain, &format!("{:>5}  {}", port.port, spoken(port.tls)));
    }
    if let Some(port) = provider.recommended {
        say("use", Role::Bold, &port.to_string());
        say("", Role::Plain, provider.why.as_deref().unwrap_or_default());
    }
    say("user", Role::Plain, provider.user.as_deref().unwrap_or("-"));
    say("password", Role::Plain, provider.password.as_deref().unwrap_or("-"));
    if let Some(url) = &provider.password_url {
        say("", Role::Command, url);
    }
    if !provider.auth.is_empty() {
        say("AUTH", Role::Plain, &provider.auth.join(" "));
    }
    if let Some(rule) = &provider.rule {
        say("special", Role::Plain, rule);
    }
    if provider.starttls_always {
        say(
            "",
            Role::Plain,
            "The provider always advertises STARTTLS; if it is missing, a device on the network path removed it.",
        );
    }
    if let Some(untested) = &provider.sees_after_data {
        say("untested", Role::Plain, &format!("a check that sends no message cannot test this: {untested}"));
    }
    say("source", Role::Dim, &format!("{}; reviewed {}", provider.source, provider.reviewed));
    if let Some(command) = next(provider) {
        say("next", Role::Command, &command);
    }
    lines.iter().map(|line| line.paint(look)).collect()
}

fn labelled(label: &str, role: Role, words: &str, look: &Display) -> Vec<StyledLine> {
    // URLs and commands are never wrapped, so that they can be copied.
    if role == Role::Command {
        return vec![StyledLine::of(Role::Dim, format!("{label:<8}  ")).and(role, words)];
    }
    let columns = [8, table::rest(look.width.min(100), &[8])].map(|width| Column { width, side: Side::Left });
    table::row(&columns, &[(Role::Dim, label.to_owned()), (role, words.to_owned())])
}

fn kind(provider: &Provider) -> &str {
    match provider.kind.as_str() {
        "mailbox" => "mailbox provider",
        "relay" => "sending service for applications",
        "inbound" => "receives mail from other servers, without login",
        "hosting" => "mailboxes at a web hosting provider",
        "local" => "mail server on this machine or in your organisation",
        other => other,
    }
}

fn hosts(provider: &Provider) -> String {
    if provider.hosts.is_empty() {
        return "your own server; ask its operator or see the settings of your mail program".to_owned();
    }
    provider.hosts.join(", ").replace("*.", "NAME.")
}

fn spoken(tls: PortTls) -> &'static str {
    match tls {
        PortTls::Implicit => "implicit TLS (SSL/TLS)",
        PortTls::Starttls => "STARTTLS, required",
        PortTls::Plain => "never encrypted",
        PortTls::StarttlsOrPlain => "STARTTLS advertised; unencrypted connections are also accepted",
    }
}

/// The TLS mode of the recommended port.
fn mode(provider: &Provider) -> &'static str {
    let port = provider.ports.iter().find(|port| Some(port.port) == provider.recommended);
    match port.map(|port| port.tls) {
        Some(PortTls::Implicit) => "implicit",
        Some(PortTls::Starttls) => "STARTTLS",
        Some(PortTls::Plain) => "none",
        Some(PortTls::StarttlsOrPlain) => "optional",
        None => "",
    }
}

/// The first host name that is not a pattern.
fn host(provider: &Provider) -> Option<&str> {
    provider.hosts.texts().find(|host| !host.starts_with('*'))
}

fn server_of(provider: &Provider) -> String {
    let host = host(provider).unwrap_or("(your host)");
    match provider.recommended {
        Some(port) => format!("{host}:{port}"),
        None => "no SMTP".to_owned(),
    }
}

/// The kind of password, without the explanations that follow.
fn password(provider: &Provider) -> &str {
    let words = provider.password.as_deref().unwrap_or("-");
    words.split([';', '(']).next().unwrap_or(words).trim_end()
}

fn next(provider: &Provider) -> Option<String> {
    let port = provider.recommended?;
    let host = match (host(provider), provider.kind.as_str()) {
        (Some(host), _) => host,
        (None, "local") => "localhost",
        (None, _) => return None,
    };
    let scheme = if mode(provider) == "implicit" { "smtps://" } else { "" };
    let login = match provider.user.as_deref() {
        Some(user) if !user.starts_with("none") => " --user USER",
        _ => "",
    };
    Some(format!("smtpcheck {scheme}{host}:{port}{login}"))
}

#[cfg(test)]
mod tests {
    use super::ProviderDocument;
    use crate::report::published::assert_schema;

    #[test]
    fn the_published_schema_of_providers_matches_the_types() {
        assert_schema::<Vec<ProviderDocument<'_>>>("providers");
    }
}
