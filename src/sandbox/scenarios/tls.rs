//! Handshakes that fail or should fail: old versions, old cipher suites, downgrades, client certificates.

use crate::sandbox::Scenario;
use crate::sandbox::hello::HelloAnswer;
use crate::sandbox::scenario::{
    BARE, ClientUsage, IMPLICIT, RELAY, Recipe, RequiredBeforeMail, Server, ServerAct, TlsTerms, Trigger,
};

const SCAN: ClientUsage = ClientUsage { flags: &["--tls-scan"], ..BARE };
/// A check with a short timeout.
const HASTY: ClientUsage = ClientUsage { flags: &["--timeout", "1s", "--max-time", "8s"], ..BARE };

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "tls-only-1.0",
        summary: "supports only TLS 1.0",
        server: Server { hello: HelloAnswer::OnlyUpTo(0x0301), ..RELAY },
        client: BARE,
        expect: &["tls-version-too-old"],
        exit: 6,
    },
    Scenario {
        name: "tls-only-1.1",
        summary: "supports only TLS 1.1",
        server: Server { hello: HelloAnswer::OnlyUpTo(0x0302), ..RELAY },
        client: BARE,
        expect: &["tls-version-too-old"],
        exit: 6,
    },
    Scenario {
        name: "tls-only-sslv3",
        summary: "supports only SSLv3",
        server: Server { hello: HelloAnswer::OnlyUpTo(0x0300), ..RELAY },
        client: BARE,
        expect: &["tls-version-too-old"],
        exit: 6,
    },
    Scenario {
        name: "tls-old-suites",
        summary: "supports only TLS 1.2 cipher suites that no current client offers",
        server: Server { hello: HelloAnswer::OnlyOldSuites, ..RELAY },
        client: BARE,
        expect: &["tls-suites-too-old"],
        exit: 6,
    },
    Scenario {
        name: "tls-large-hello-refused",
        summary: "closes the connection if the ClientHello needs two packets, as with post-quantum key exchange",
        server: Server { hello: HelloAnswer::UpTo(1000), ..RELAY },
        client: BARE,
        expect: &["tls-large-hello-refused"],
        exit: 6,
    },
    Scenario {
        name: "tls-downgraded",
        summary: "chooses TLS 1.2 and marks it as a downgrade, as if a device on the network path had removed TLS 1.3",
        server: Server { hello: HelloAnswer::Downgraded, ..RELAY },
        client: BARE,
        expect: &["tls-downgraded"],
        exit: 6,
    },
    Scenario {
        name: "tls-alert",
        summary: "rejects every ClientHello with alert handshake_failure, like a server without a certificate",
        server: Server { hello: HelloAnswer::Alert(40), ..RELAY },
        client: BARE,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "tls-internal-error",
        summary: "rejects every ClientHello with alert internal_error",
        server: Server { hello: HelloAnswer::Alert(80), ..RELAY },
        client: BARE,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "tls-unknown-name",
        summary: "rejects the requested server name with alert unrecognized_name",
        server: Server { hello: HelloAnswer::Alert(112), ..RELAY },
        client: BARE,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "tls-name-needed",
        summary: "rejects the handshake with alert unrecognized_name unless SNI contains the name in the greeting",
        server: Server {
            greeting: "220 tls-name-needed.test ESMTP smtpcheck sandbox",
            hello: HelloAnswer::OnlyNamed("tls-name-needed.test", 112),
            ..RELAY
        },
        client: BARE,
        expect: &["tls-server-name-needed"],
        exit: 6,
    },
    Scenario {
        name: "tls-name-needed-strict-sni",
        summary: "rejects the handshake with alert handshake_failure unless SNI contains the name in the greeting, as HAProxy does",
        server: Server {
            greeting: "220 tls-name-needed-strict-sni.test ESMTP smtpcheck sandbox",
            hello: HelloAnswer::OnlyNamed("tls-name-needed-strict-sni.test", 40),
            ..RELAY
        },
        client: ClientUsage { flags: &["--sni", "typo.test"], ..BARE },
        expect: &["tls-server-name-needed"],
        exit: 6,
    },
    Scenario {
        name: "tls-name-chooses-certificate",
        summary: "sends a certificate for a different host unless SNI contains the name in the greeting",
        server: Server {
            greeting: "220 tls-name-chooses-certificate.test ESMTP smtpcheck sandbox",
            identity: Recipe::ByServerName,
            ..RELAY
        },
        client: BARE,
        expect: &["tls-server-name-needed"],
        exit: 6,
    },
    Scenario {
        name: "tls-only-dhe-1024",
        summary: "supports only Diffie-Hellman key exchange with a 1024-bit prime",
        server: Server { hello: HelloAnswer::OnlyDhe(1024), ..RELAY },
        client: BARE,
        expect: &["tls-suites-too-old"],
        exit: 6,
    },
    Scenario {
        name: "tls-only-dhe-2048",
        summary: "supports only Diffie-Hellman key exchange with a 2048-bit prime",
        server: Server { hello: HelloAnswer::OnlyDhe(2048), ..RELAY },
        client: BARE,
        expect: &["tls-suites-too-old"],
        exit: 6,
    },
    Scenario {
        name: "tls-only-p-521",
        summary: "supports only the P-521 curve for key exchange",
        server: Server { hello: HelloAnswer::OnlyGroup(25), ..RELAY },
        client: BARE,
        expect: &["tls-group-unusual"],
        exit: 6,
    },
    Scenario {
        name: "tls-key-ed448",
        summary: "signs the handshake with Ed448, which some TLS libraries do not support",
        server: Server { hello: HelloAnswer::OnlySignature(0x0808), ..RELAY },
        client: BARE,
        expect: &["tls-key-unusual"],
        exit: 6,
    },
    Scenario {
        name: "tls-half-a-hello",
        summary: "sends half a ServerHello, then no data",
        server: Server { hello: HelloAnswer::Half, ..RELAY },
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "tls-implicit-broken",
        summary: "rejects implicit TLS with an alert",
        server: Server { hello: HelloAnswer::Alert(40), ..IMPLICIT },
        client: ClientUsage { flags: &["--tls", "implicit"], ..BARE },
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "tls-sslv2",
        summary: "replies to the ClientHello with an SSLv2 message",
        server: Server {
            on: &[(
                Trigger::Handshake,
                &[
                    ServerAct::Wait(50),
                    ServerAct::Raw(b"\x80\x2b\x04\x00\x01\x00\x02\x00\x10\x00\x06\x00\x10AAAAAAAAAAAAAAAA"),
                    ServerAct::Silence,
                ],
            )],
            ..RELAY
        },
        client: HASTY,
        expect: &["tls-version-too-old"],
        exit: 6,
    },
    Scenario {
        name: "client-certificate-required",
        summary: "requires a client certificate, but the client has none",
        server: Server { tls: TlsTerms::ClientCertificate, ..RELAY },
        client: BARE,
        expect: &["client-certificate-required"],
        exit: 6,
    },
    Scenario {
        name: "client-certificate-required-1.2",
        summary: "requires a client certificate in TLS 1.2, where the handshake itself fails without one",
        server: Server { tls: TlsTerms::ClientCertificate12, ..RELAY },
        client: BARE,
        expect: &["client-certificate-required"],
        exit: 6,
    },
    Scenario {
        name: "client-certificate-refused",
        summary: "requires a client certificate issued by a CA other than the client's",
        server: Server { tls: TlsTerms::ForeignClientCertificate, ..RELAY },
        client: ClientUsage { flags: &["--cert", "{client-certificate}"], ..BARE },
        expect: &["client-certificate-refused"],
        exit: 6,
    },
    Scenario {
        name: "scan-old-versions",
        summary: "accepts TLS 1.0 and 1.1 in addition to current versions",
        server: Server { hello: HelloAnswer::OldToo, demands: RequiredBeforeMail::Tls, ..RELAY },
        client: SCAN,
        expect: &["tls-old-version-accepted"],
        exit: 0,
    },
    Scenario {
        name: "scan-weak-suites",
        summary: "accepts a weak cipher suite if the client offers it",
        server: Server { hello: HelloAnswer::WeakToo, demands: RequiredBeforeMail::Tls, ..RELAY },
        client: SCAN,
        expect: &["tls-weak-suite-accepted"],
        exit: 0,
    },
    Scenario {
        name: "scan-fallback-unprotected",
        summary: "accepts TLS 1.0 and 1.1, even if the client signals a fallback (TLS_FALLBACK_SCSV)",
        server: Server { hello: HelloAnswer::OldTooUnguarded, demands: RequiredBeforeMail::Tls, ..RELAY },
        client: SCAN,
        expect: &["tls-old-version-accepted", "tls-fallback-unprotected"],
        exit: 0,
    },
    Scenario {
        name: "scan-no-extended-master-secret",
        summary: "supports TLS 1.2 without the extended master secret",
        server: Server { hello: HelloAnswer::NoExtendedMasterSecret, demands: RequiredBeforeMail::Tls, ..RELAY },
        client: SCAN,
        expect: &["tls-extended-master-secret-missing"],
        exit: 0,
    },
    Scenario {
        name: "scan-profile-not-met",
        summary: "a secure server that does not meet Mozilla's modern profile, which allows only TLS 1.3",
        server: Server { demands: RequiredBeforeMail::Tls, ..RELAY },
        client: ClientUsage { flags: &["--tls-profile", "mozilla-modern"], ..BARE },
        expect: &["tls-profile-not-met"],
        exit: 0,
    },
    Scenario {
        name: "scan-insecure-renegotiation",
        summary: "supports TLS 1.2 without secure renegotiation",
        server: Server { hello: HelloAnswer::NoSecureRenegotiation, demands: RequiredBeforeMail::Tls, ..RELAY },
        client: SCAN,
        expect: &["tls-renegotiation-insecure"],
        exit: 0,
    },
    Scenario {
        name: "scan-throttled",
        summary: "rejects the fifth and all later connections within 10 seconds",
        server: Server {
            on: &[(
                Trigger::Visit(5),
                &[ServerAct::Say("421 4.7.0 Too many connections from your address"), ServerAct::Close],
            )],
            demands: RequiredBeforeMail::Tls,
            ..RELAY
        },
        client: SCAN,
        expect: &["tls-scan-inconclusive"],
        exit: 0,
    },
    Scenario {
        name: "scan-healthy",
        summary: "a server without findings in a TLS scan",
        server: Server { demands: RequiredBeforeMail::Tls, ..RELAY },
        client: SCAN,
        expect: &[],
        exit: 0,
    },
];
