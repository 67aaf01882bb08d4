//! Autoconfiguration files of every kind: valid, damaged, hostile.

#![allow(clippy::indexing_slicing, reason = "a failing test panics")]

use super::{AuthenticationWord, Autoconfig, AutoconfigFault, NotAutoconfig, OutgoingServer, SocketType, parse};

fn file(servers: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n<emailProvider id=\"example.com\">\n<domain>example.com</domain>\n<displayName>Example &amp; Co</displayName>\n<incomingServer type=\"imap\"><hostname>imap.example.com</hostname><port>993</port><socketType>SSL</socketType></incomingServer>\n{servers}</emailProvider>\n</clientConfig>\n"
    )
}

fn server(host: &str, port: &str, socket: &str) -> String {
    format!(
        "<outgoingServer type=\"smtp\"><hostname>{host}</hostname><port>{port}</port><socketType>{socket}</socketType><authentication>OAuth2</authentication><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username><useGlobalPreferredServer>true</useGlobalPreferredServer></outgoingServer>\n"
    )
}

#[test]
fn the_outgoing_servers_are_read_in_order_and_incoming_ones_are_ignored() {
    let text = file(&(server("smtp.example.com", "465", "SSL") + &server("smtp.%EMAILDOMAIN%", " 587 ", "STARTTLS")));
    let found = parse(&text).expect("a file");
    assert_eq!(found.provider.as_deref(), Some("Example & Co"));
    assert_eq!(found.faults, []);
    assert_eq!(found.servers.len(), 2);
    assert_eq!(
        found.servers[0],
        OutgoingServer {
            host: "smtp.example.com".to_owned(),
            port: 465,
            socket: SocketType::Implicit,
            authentication: vec![AuthenticationWord::OAuth2, AuthenticationWord::Password],
            username: Some("%EMAILADDRESS%".to_owned()),
        }
    );
    assert_eq!((found.servers[1].port, found.servers[1].socket), (587, SocketType::StartTls));
}

#[test]
fn incomplete_sections_are_left_out_and_reported() {
    let text = file(
        &[
            server("smtp.example.com", "0", "SSL"),
            server("", "465", "SSL"),
            server("smtp.example.com", "465", "QUIC"),
            server("smtp.example.com", "25", "plain").replace("OAuth2", "carrier-pigeon"),
        ]
        .concat(),
    );
    let found = parse(&text).expect("a file");
    assert_eq!(found.servers.len(), 1);
    assert_eq!((found.servers[0].socket, found.servers[0].authentication.len()), (SocketType::Plain, 1));
    assert_eq!(
        found.faults,
        [
            AutoconfigFault::Port("0".to_owned()),
            AutoconfigFault::HostMissing,
            AutoconfigFault::Socket("QUIC".to_owned()),
            AutoconfigFault::Authentication("carrier-pigeon".to_owned()),
        ]
    );
}

#[test]
fn a_file_without_outgoing_servers_has_a_fault_and_the_issuer_is_a_child_of_the_root() {
    assert_eq!(parse(&file("")).map(|found| found.faults), Ok(vec![AutoconfigFault::NoServer]));
    let text = file(&server("a.example", "465", "TLS"))
        .replace("</clientConfig>", "<oAuth2><issuer>login.example</issuer></oAuth2></clientConfig>");
    assert_eq!(parse(&text).expect("a file").oauth_issuer.as_deref(), Some("login.example"));
}

#[test]
fn other_documents_are_distinguished() {
    let doctype = "<!DOCTYPE a [<!ENTITY b \"c\">]><clientConfig/>";
    for (text, expected) in [
        ("<!DOCTYPE html><html><body>Welcome</body></html>", NotAutoconfig::Html),
        ("\u{feff}<HTML>", NotAutoconfig::Html),
        ("not found", NotAutoconfig::NotXml),
        ("", NotAutoconfig::NotXml),
        (doctype, NotAutoconfig::Doctype),
        ("<feed/>", NotAutoconfig::OtherRoot("feed".to_owned())),
    ] {
        assert_eq!(parse(text), Err(expected), "{text}");
    }
    for text in ["<clientConfig>\n<a>\n</clientConfig>", "<clientConfig>&b;</clientConfig>", "<clientConfig>"] {
        assert!(matches!(parse(text), Err(NotAutoconfig::Malformed { .. })), "{text}");
    }
    let deep = "<a>".repeat(40) + &"</a>".repeat(40);
    assert!(matches!(parse(&deep), Err(NotAutoconfig::Malformed { .. })));
    assert_eq!(
        parse("<clientConfig/>").expect("a file"),
        Autoconfig { faults: vec![AutoconfigFault::NoServer], ..Autoconfig::default() }
    );
}

#[test]
fn limits_bound_what_is_kept() {
    let many = file(&server("a.example", "465", "SSL").repeat(30));
    let found = parse(&many).expect("a file");
    assert_eq!((found.servers.len(), found.faults.last()), (16, Some(&AutoconfigFault::TooMany)));
    let long = file(&server(&"a".repeat(5000), "465", "SSL"));
    assert_eq!(parse(&long).expect("a file").servers[0].host.len(), 1024);
}

#[test]
fn no_input_makes_the_parser_panic() {
    use proptest::prelude::proptest;
    let good = file(&server("smtp.example.com", "465", "SSL"));
    proptest!(|(text in "\\PC{0,200}", at in 0usize..800)| {
        let _ = parse(&text);
        let cut: String = good.chars().take(at).collect();
        let _ = parse(&(cut + &text));
    });
}
