//! `smtpcheck domain` with real servers: nsd and unbound, Postfix as MX host, a web server for the policy. posttls-finger,
//! Postfix's own diagnosis of DANE, must come to the same result for each host.

use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::servers::{NameServers, POSTFIX, RESOLVER, Signing, WebServer, unpacked};
use crate::support::program::{Run, findings, run_with};

/// SHA-256 of the public key, of the certificate, and of the CA's certificate, in hexadecimal.
struct Digests {
    spki: String,
    certificate: String,
    authority: String,
}

fn digests() -> Digests {
    let der = |text: &str, kind: &str| {
        let input = Command::new("openssl").args(["x509", "-in", text, "-outform", "DER"]).output().unwrap().stdout;
        assert!(!input.is_empty(), "{kind}: {text}");
        input
    };
    let chain = POSTFIX.exchanger_certificate.display().to_string();
    let leaf = der(&chain, "the certificate");
    let (_, parsed) = x509_parser::parse_x509_certificate(&leaf).unwrap();
    let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Digests {
        spki: hex(parsed.public_key().raw),
        certificate: hex(&leaf),
        authority: hex(&der(&POSTFIX.ca.display().to_string(), "the CA")),
    }
}

/// The hosts: the first label, and the TLSA record without its name.
fn tlsa_records() -> Vec<(&'static str, String)> {
    let Digests { spki, certificate, authority } = digests();
    let zeros = "0".repeat(64);
    let sha512 = |text: &str| text.repeat(2);
    vec![
        ("ee-key", format!("3 1 1 {spki}")),
        ("ee-certificate", format!("3 0 1 {certificate}")),
        ("ee-wrong", format!("3 1 1 {zeros}")),
        ("ta-not-sent", format!("2 0 1 {authority}")),
        ("pkix-only", format!("1 1 1 {spki}")),
        ("unknown-matching", format!("3 1 9 {spki}")),
        ("stale-sha512", format!("3 1 2 {}", sha512(&zeros))),
    ]
}

struct Domains {
    names: NameServers,
    web: WebServer,
}

static DOMAINS: LazyLock<Domains> = LazyLock::new(|| {
    let web = WebServer::start(
        &POSTFIX.authority,
        "mta-sts.example.net",
        "version: STSv1\nmode: enforce\nmx: mail.example.org\nmax_age: 2419200\n",
    );
    let port = POSTFIX.exchanger;
    let spki = digests().spki;
    let mut org = String::from("mail A 127.0.0.1\n");
    for at in [25, port] {
        org += &format!("_{at}._tcp.mail TLSA 3 1 1 {spki}\n");
    }
    for (host, record) in tlsa_records() {
        org += &format!(
            "{host} A 127.0.0.1\n@ MX 10 {host}\n_25._tcp.{host} TLSA {record}\n_{port}._tcp.{host} TLSA {record}\n"
        );
    }
    let net = format!(
        "@ MX 10 mail.example.org.\n@ TXT \"v=spf1 a:mail.example.org -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n\
         _mta-sts TXT \"v=STSv1; id=1;\"\nmta-sts A 127.0.0.1\n_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:tls@example.net\"\n"
    );
    let plain = format!("@ MX 10 mail\nmail A 127.0.0.1\n_25._tcp.mail TLSA 3 1 1 {spki}\n");
    let names = NameServers::start(&[
        ("example.org", org, Signing::Signed),
        ("example.net", net.clone(), Signing::WithNsec3),
        ("expired.example", net, Signing::Expired),
        ("plain.example", plain, Signing::No),
    ]);
    Domains { names, web }
});

fn domain(name: &str, more: &[&str]) -> Run {
    let Domains { names, web } = &*DOMAINS;
    let (port, https) = (POSTFIX.exchanger.to_string(), web.port.to_string());
    let (anchor, ca) = (names.anchor().display().to_string(), POSTFIX.ca.display().to_string());
    let fixed = [
        "domain",
        name,
        "--resolver",
        RESOLVER,
        "--port",
        &port,
        "--https-port",
        &https,
        "--trust-anchor",
        &anchor,
        "--cacert",
        &ca,
        "--list",
        "none",
        "--json",
    ];
    run_with(&[&fixed, more].concat(), None, &[])
}

fn host<'r>(report: &'r Value, name: &str) -> &'r Value {
    let hosts = report["domain"]["mx"].as_array().unwrap();
    hosts.iter().find(|host| host["host"] == name).unwrap_or_else(|| panic!("no host {name} in {hosts:?}"))
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn a_domain_with_dane_and_mta_sts_is_authenticated_for_every_sender() {
    let run = domain("example.net", &[]);
    let report = run.json();
    assert_eq!(report["domain"]["dnssec"]["state"], "secure", "{run}\n{}", DOMAINS.names.log());
    assert_eq!(report["domain"]["dane"], "valid", "{run}");
    assert_eq!(report["domain"]["mta_sts"]["mode"], "enforce", "{run}");
    for sender in report["domain"]["senders"].as_array().unwrap() {
        let expected = if sender["sender"] == "neither" { "encrypted" } else { "authenticated" };
        assert_eq!(sender["delivers"], expected, "{sender}");
    }
    assert_eq!(report["domain"]["spf"]["state"], "valid", "{run}");
    assert_eq!(run.code, 0, "{run}");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn posttls_finger_comes_to_the_same_result_for_each_host() {
    let report = domain("example.org", &["--max-connections", "100"]).json();
    let finger = unpacked("postfix").join("usr/sbin/posttls-finger");
    let library = unpacked("postfix").join("usr/lib/postfix");
    for (label, _) in tlsa_records() {
        let name = format!("{label}.example.org");
        let output = DOMAINS
            .names
            .client(&finger)
            .env("LD_LIBRARY_PATH", &library)
            .env("MAIL_CONFIG", POSTFIX.config())
            .args(["-c", "-l", "dane", "-L", "summary", &format!("[{name}]:{}", POSTFIX.exchanger)])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let theirs = text.contains("Verified TLS connection established");
        let state = &host(&report, &name)["addresses"][0]["policies"]["dane"]["state"];
        assert_eq!(state == "valid", theirs, "{name}: {state}\n{text}");
        assert!(text.contains("TLS connection established") || state == "invalid", "{name}: {state}\n{text}");
    }
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn expired_signatures_are_found_behind_a_validating_resolver() {
    let run = domain("expired.example", &[]);
    let report = run.json();
    assert_eq!(report["domain"]["dnssec"]["state"], "bogus", "{run}");
    assert!(findings(&report).iter().any(|(rule, _)| rule == "dnssec-signature-expired"), "{run}");
    assert_eq!(run.code, 3, "{run}");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn a_zone_without_signatures_is_insecure_and_its_tlsa_record_has_no_effect() {
    let run = domain("plain.example", &[]);
    let report = run.json();
    assert_eq!(report["domain"]["dnssec"]["state"], "insecure", "{run}");
    assert_ne!(report["domain"]["dane"], "valid", "{run}");
}
