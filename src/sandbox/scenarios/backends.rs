//! Several servers behind one IP address, for `smtpcheck watch`. A single check reaches the first of them, which has no
//! fault.

use crate::sandbox::Scenario;
use crate::sandbox::scenario::{BARE, Backends, RELAY, Recipe, Server, ServerAct, Trigger};

/// A server with this greeting, behind a load balancer.
const fn member(greeting: &'static str) -> Server {
    Server { greeting, ..RELAY }
}

/// A valid certificate that differs from the usual one.
const RENEWED: Server = Server { identity: Recipe::Dates(-1, 80), ..RELAY };

/// A server that closes the connection before the greeting.
const BROKEN: Server = Server { on: &[(Trigger::Connect, &[ServerAct::Close])], ..RELAY };

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "backends-differ",
        summary: "four servers serve the connections in turn; the certificate of the third expired 3 days ago, and the fourth lacks an extension",
        server: Server {
            backends: Backends::InTurn(&[
                member("220 mx1.sandbox.test ESMTP smtpcheck sandbox"),
                member("220 mx2.sandbox.test ESMTP smtpcheck sandbox"),
                Server { identity: Recipe::Dates(-90, -3), ..member("220 mx3.sandbox.test ESMTP smtpcheck sandbox") },
                Server {
                    inside: &["PIPELINING", "SIZE 10240000", "ENHANCEDSTATUSCODES", "DSN"],
                    ..member("220 mx4.sandbox.test ESMTP smtpcheck sandbox")
                },
            ]),
            ..RELAY
        },
        client: BARE,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "backends-every-fifth-fails",
        summary: "closes every fifth connection before the greeting",
        server: Server { backends: Backends::InTurn(&[RELAY, RELAY, RELAY, RELAY, BROKEN]), ..RELAY },
        client: BARE,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "backends-certificate-replaced",
        summary: "sends a different certificate from the fifth connection on",
        server: Server { backends: Backends::Replaced { after: 4, by: &RENEWED }, ..RELAY },
        client: BARE,
        expect: &[],
        exit: 0,
    },
];
