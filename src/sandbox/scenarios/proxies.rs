//! Faults in proxies. The sandbox server acts as the proxy, and there is no mail server behind it. Each response is
//! sent immediately, before the request arrives.

use crate::sandbox::Scenario;
use crate::sandbox::scenario::{BARE, ClientTrust, ClientUsage, SUBMISSION, Server, ServerAct, Trigger};

/// A check through an HTTP proxy at the address of the scenario.
const THROUGH_HTTP: ClientUsage =
    ClientUsage { flags: &["--proxy", "{http-proxy}"], trust: ClientTrust::Machine, ..BARE };
/// A check through a SOCKS5 proxy at the address of the scenario.
const THROUGH_SOCKS5: ClientUsage = ClientUsage { flags: &["--proxy", "{socks5-proxy}"], ..THROUGH_HTTP };
/// A check through a SOCKS4 proxy at the address of the scenario.
const THROUGH_SOCKS4: ClientUsage = ClientUsage { flags: &["--proxy", "{socks4-proxy}"], ..THROUGH_HTTP };

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "proxy-denies-port",
        summary: "an HTTP proxy that allows CONNECT only to port 443",
        server: Server {
            on: &[(
                Trigger::Connect,
                &[ServerAct::Raw(b"HTTP/1.1 403 Filtered\r\nConnection: close\r\n\r\n"), ServerAct::Silence],
            )],
            ..SUBMISSION
        },
        client: THROUGH_HTTP,
        expect: &["proxy-denies-connection"],
        exit: 3,
    },
    Scenario {
        name: "proxy-needs-login",
        summary: "a SOCKS5 proxy that requires a user name and a password",
        server: Server { on: &[(Trigger::Connect, &[ServerAct::Raw(&[5, 0xff]), ServerAct::Silence])], ..SUBMISSION },
        client: THROUGH_SOCKS5,
        expect: &["proxy-login-required"],
        exit: 3,
    },
    Scenario {
        name: "proxy-rejects-user",
        summary: "a SOCKS4 proxy that does not accept the user",
        server: Server {
            on: &[(Trigger::Connect, &[ServerAct::Raw(&[0, 93, 0, 0, 0, 0, 0, 0]), ServerAct::Silence])],
            ..SUBMISSION
        },
        client: THROUGH_SOCKS4,
        expect: &["proxy-login-rejected"],
        exit: 3,
    },
    Scenario {
        name: "proxy-cannot-connect",
        summary: "a SOCKS5 proxy whose connections to mail servers are all refused",
        server: Server {
            on: &[(Trigger::Connect, &[ServerAct::Raw(&[5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0]), ServerAct::Silence])],
            ..SUBMISSION
        },
        client: THROUGH_SOCKS5,
        expect: &["proxy-server-unreachable"],
        exit: 3,
    },
    Scenario {
        name: "proxy-is-web-server",
        summary: "a web server at the proxy's address",
        server: Server {
            on: &[(
                Trigger::Connect,
                &[ServerAct::Raw(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n\r\n"), ServerAct::Silence],
            )],
            ..SUBMISSION
        },
        client: THROUGH_HTTP,
        expect: &["proxy-unsupported"],
        exit: 3,
    },
    Scenario {
        name: "proxy-is-mail-server",
        summary: "a mail server at the proxy's address",
        server: SUBMISSION,
        client: THROUGH_SOCKS5,
        expect: &["proxy-no-proxy"],
        exit: 3,
    },
];
