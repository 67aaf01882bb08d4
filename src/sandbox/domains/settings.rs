//! The mail domains of the sandbox that publish settings for mail programs, correctly or with a fault. They are checked
//! with `smtpcheck settings`.

use super::case::{DomainCase, MailHost, SettingsCase, WebPage, xml};
use super::cases::PLAIN;
use crate::sandbox::login::{self, LoginBehaviour};
use crate::sandbox::scenario::{IMPLICIT, Recipe, SUBMISSION, Server};

/// A server for sending mail with implicit TLS, and a server with STARTTLS.
const SMTP: MailHost = MailHost { label: "smtp", server: IMPLICIT };
const STARTTLS: MailHost = MailHost { label: "smtp", server: SUBMISSION };

const FILE: &str = "/mail/config-v1.1.xml";

/// A domain without web pages.
const DOMAIN: DomainCase = DomainCase { hosts: &[SMTP], ..PLAIN };

/// A domain that publishes nothing.
const SETTINGS: SettingsCase = SettingsCase { domain: DOMAIN, pages: &[], secret: None };

/// A search with the sandbox user's email address and password.
const WITH_PASSWORD: SettingsCase = SettingsCase { secret: Some(login::PASSWORD), ..SETTINGS };

macro_rules! file {
    ($host:literal, $socket:literal) => {
        concat!(
            "<?xml version=\"1.0\"?>\n<clientConfig version=\"1.1\">\n <emailProvider id=\"{name}.test\">\n",
            "  <domain>{name}.test</domain>\n  <displayName>Sandbox mail</displayName>\n",
            "  <outgoingServer type=\"smtp\">\n   <hostname>",
            $host,
            ".{name}.test</hostname>\n   <port>{port}</port>\n   <socketType>",
            $socket,
            "</socketType>\n   <authentication>password-cleartext</authentication>\n",
            "   <username>%EMAILADDRESS%</username>\n  </outgoingServer>\n </emailProvider>\n</clientConfig>\n"
        )
    };
}

/// The domains.
pub(super) const SETTINGS_DOMAINS: &[SettingsCase] = &[
    SettingsCase {
        domain: DomainCase {
            name: "settings-autoconfig",
            summary: "an autoconfiguration file over HTTPS names a server with implicit TLS",
            zone: "smtp A {smtp}\nautoconfig A {web}\n",
            recipient: "demo",
            ..DOMAIN
        },
        pages: &[xml("autoconfig", FILE, file!("smtp", "SSL"))],
        ..WITH_PASSWORD
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-srv",
            summary: "SRV records name a server with implicit TLS and a server with STARTTLS",
            zone: "_submissions._tcp SRV 0 1 {port} smtp\n_submission._tcp SRV 10 1 {port} starttls\nsmtp A {smtp}\nstarttls A {starttls}\n",
            hosts: &[SMTP, MailHost { label: "starttls", server: SUBMISSION }],
            recipient: "demo",
            ..DOMAIN
        },
        ..WITH_PASSWORD
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-contradiction",
            summary: "the autoconfiguration file names a server that no longer exists; the SRV records are correct",
            zone: "_submissions._tcp SRV 0 1 {port} smtp\nsmtp A {smtp}\nautoconfig A {web}\n",
            recipient: "demo",
            expect: &["settings-entry-fails", "settings-sources-disagree"],
            ..DOMAIN
        },
        pages: &[xml("autoconfig", FILE, file!("old", "SSL"))],
        ..WITH_PASSWORD
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-http-only",
            summary: "the autoconfiguration file is published only over HTTP, so the login needs --yes",
            zone: "smtp A {smtp}\nautoconfig A {web}\n",
            recipient: "demo",
            expect: &["settings-login-not-tested"],
            exit: 9,
            ..DOMAIN
        },
        pages: &[WebPage { is_encrypted: false, ..xml("autoconfig", FILE, file!("smtp", "SSL")) }],
        ..WITH_PASSWORD
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-nothing",
            summary: "the domain publishes no settings",
            zone: "@ A {web}\n",
            hosts: &[],
            expect: &["settings-not-found"],
            exit: 3,
            ..DOMAIN
        },
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-not-offered",
            summary: "the SRV records state that the domain offers no submission service",
            zone: "_submissions._tcp SRV 0 0 0 .\n_submission._tcp SRV 0 0 0 .\n",
            hosts: &[],
            expect: &["settings-not-found"],
            exit: 3,
            ..DOMAIN
        },
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-clear-text",
            summary: "the autoconfiguration file specifies no TLS, although the server supports STARTTLS",
            zone: "smtp A {smtp}\nautoconfig A {web}\n",
            hosts: &[STARTTLS],
            expect: &["settings-clear-text"],
            ..DOMAIN
        },
        pages: &[xml("autoconfig", FILE, file!("smtp", "plain"))],
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-broken-file",
            summary: "the autoconfiguration file is not valid XML; the SRV records are correct",
            zone: "_submissions._tcp SRV 0 1 {port} smtp\nsmtp A {smtp}\nautoconfig A {web}\n",
            expect: &["autoconfig-invalid"],
            ..DOMAIN
        },
        pages: &[xml("autoconfig", FILE, "<clientConfig version=\"1.1\"><emailProvider></clientConfig>")],
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-certificate",
            summary: "the autoconfiguration host's certificate is for a different name, so only HTTP works",
            zone: "smtp A {smtp}\nautoconfig A {web}\n",
            expect: &["autoconfig-certificate", "settings-unauthenticated"],
            ..DOMAIN
        },
        pages: &[
            WebPage { verifies: false, ..xml("autoconfig", FILE, file!("smtp", "SSL")) },
            WebPage { is_encrypted: false, ..xml("autoconfig", FILE, file!("smtp", "SSL")) },
        ],
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-srv-alias",
            summary: "the target of the SRV record is an alias",
            zone: "_submission._tcp SRV 0 1 {port} mail\nmail CNAME smtp\nsmtp A {mail}\n",
            hosts: &[MailHost { label: "mail", server: SUBMISSION }],
            expect: &["submission-record-invalid"],
            ..DOMAIN
        },
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-pacc-digest",
            summary: "the PACC file has no digest in the DNS; the SRV records are correct",
            zone: "_submissions._tcp SRV 0 1 {port} smtp\nsmtp A {smtp}\nua-auto-config A {web}\n",
            expect: &["pacc-digest"],
            ..DOMAIN
        },
        pages: &[WebPage {
            head: "Content-Type: application/json",
            ..xml(
                "ua-auto-config",
                "/.well-known/user-agent-configuration.json",
                "{\"protocols\":{\"smtp\":{\"host\":\"smtp.{name}.test\"}},\"authentication\":{\"password\":true}}",
            )
        }],
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-wrong-password",
            summary: "the SRV records are correct, but the client has the wrong password (not-the-password)",
            zone: "_submissions._tcp SRV 0 1 {port} smtp\nsmtp A {smtp}\n",
            recipient: "demo",
            expect: &["settings-login-rejected"],
            exit: 7,
            ..DOMAIN
        },
        secret: Some("not-the-password"),
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-expired",
            summary: "the certificate of the server named in the SRV records has expired",
            zone: "_submissions._tcp SRV 0 1 {port} smtp\nsmtp A {smtp}\n",
            hosts: &[MailHost { label: "smtp", server: Server { identity: Recipe::Dates(-100, -10), ..IMPLICIT } }],
            expect: &["settings-not-proved"],
            exit: 6,
            ..DOMAIN
        },
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-without-auth",
            summary: "the server named in the SRV records does not support logins",
            zone: "_submissions._tcp SRV 0 1 {port} smtp\nsmtp A {smtp}\n",
            hosts: &[MailHost {
                label: "smtp",
                server: Server { inside: &["SIZE 10240000"], login: LoginBehaviour::Right, ..IMPLICIT },
            }],
            expect: &["settings-not-proved"],
            exit: 7,
            ..DOMAIN
        },
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-guess",
            summary: "the domain publishes no settings, but a server with a typical host name responds",
            zone: "smtp A {smtp}\n",
            hosts: &[STARTTLS],
            flags: &["--port", "{port}"],
            expect: &["settings-unauthenticated"],
            ..DOMAIN
        },
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-catch-all",
            summary: "the web server sends the same page for every name; the SRV records are correct",
            zone: "_submissions._tcp SRV 0 1 {port} smtp\nsmtp A {smtp}\n@ A {web}\nautoconfig A {web}\n",
            ..DOMAIN
        },
        pages: &[
            WebPage { head: "Content-Type: text/html", ..xml("@", "*", "<!DOCTYPE html><html>Welcome</html>") },
            WebPage {
                head: "Content-Type: text/html",
                ..xml("autoconfig", "*", "<!DOCTYPE html><html>Welcome</html>")
            },
        ],
        ..SETTINGS
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-redirect",
            summary: "a redirect leads to the autoconfiguration file on a different host",
            zone: "smtp A {smtp}\nautoconfig A {web}\nweb A {web}\n",
            recipient: "demo",
            ..DOMAIN
        },
        pages: &[
            WebPage { head: "Location: https://web.{name}.test:{https}/settings.xml", ..xml("autoconfig", FILE, "") },
            xml("web", "/settings.xml", file!("smtp", "SSL")),
        ],
        ..WITH_PASSWORD
    },
    SettingsCase {
        domain: DomainCase {
            name: "settings-database",
            summary: "only the public database has settings for the domain",
            zone: "smtp A {smtp}\nispdb A {web}\n",
            recipient: "demo",
            flags: &["--ispdb", "ispdb.settings-database.test"],
            ..DOMAIN
        },
        pages: &[xml("ispdb", "/settings-database.test", file!("smtp", "SSL"))],
        ..WITH_PASSWORD
    },
];
