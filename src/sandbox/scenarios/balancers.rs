//! Servers behind a load balancer: the PROXY protocol.

use crate::sandbox::Scenario;
use crate::sandbox::scenario::{BARE, ClientUsage, RELAY, SUBMISSION, Server, ServerAct, Trigger};

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "proxy-header-missing",
        summary: "a server for connections from a load balancer, which must begin with a PROXY header",
        server: Server {
            on: &[(
                Trigger::Ehlo,
                &[ServerAct::Say("503 Command refused, required Proxy negotiation failed"), ServerAct::Close],
            )],
            ..RELAY
        },
        client: BARE,
        expect: &["proxy-header-missing"],
        exit: 5,
    },
    Scenario {
        name: "proxy-header-unexpected",
        summary: "an ordinary server that receives a PROXY header",
        server: SUBMISSION,
        client: ClientUsage { flags: &["--haproxy-protocol", "v1"], ..BARE },
        expect: &["proxy-header-unexpected"],
        exit: 8,
    },
];
