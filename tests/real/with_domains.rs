//! `smtpcheck domain` with real servers: nsd and unbound, Postfix as MX host, a web server for the policies.
//! posttls-finger, Postfix's own diagnosis of DANE, must reach the same result for each host in `HOSTS`.

use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};

use crate::servers::{CLOSED, DOMAIN, NameServers, POSTFIX, Resolver, Signing, USER, WebServer, loopbacks, unpacked};
use crate::support::program::{Run, findings, run_with};

/// The number of MX hosts in each domain: the first of `HOSTS` belong to `group-0.example.org`, the next to `group-1`,
/// and so on. A check tests at most 20 hosts.
const GROUP: usize = 12;

/// A host of `example.org`: its first label, the state that smtpcheck must report, and its records besides A. In a
/// record, `@` is the first label, and `{key:NAME}`, `{certificate:NAME}` and so on are replaced by data of a
/// certificate (see `filled`).
const HOSTS: &[(&str, &str, &[&str])] = &[
    ("ee-key", "valid", &["TLSA @ 3 1 1 {key:exchanger}"]),
    ("ee-certificate", "valid", &["TLSA @ 3 0 1 {certificate:exchanger}"]),
    ("ee-sha512", "valid", &["TLSA @ 3 1 2 {key-512:exchanger}"]),
    ("ee-full", "valid", &["TLSA @ 3 1 0 {key-full:exchanger}"]),
    ("ee-full-certificate", "valid", &["TLSA @ 3 0 0 {certificate-full:exchanger}"]),
    ("ee-wrong", "invalid", &["TLSA @ 3 1 1 {zeros}"]),
    ("ee-one-of-two", "valid", &["TLSA @ 3 1 1 {zeros}", "TLSA @ 3 1 1 {key:exchanger}"]),
    ("ee-wrong-selector", "invalid", &["TLSA @ 3 0 1 {key:exchanger}"]),
    ("other-ee", "valid", &["TLSA @ 3 1 1 {key:other}"]),
    ("expired-ee", "valid", &["TLSA @ 3 1 1 {key:expired}"]),
    ("ta-certificate", "valid", &["TLSA @ 2 0 1 {certificate:ca}"]),
    ("ta-key", "valid", &["TLSA @ 2 1 1 {key:ca}"]),
    ("ta-sha512", "valid", &["TLSA @ 2 0 2 {certificate-512:ca}"]),
    ("ta-full", "valid", &["TLSA @ 2 0 0 {certificate-full:ca}"]),
    ("ta-wrong", "invalid", &["TLSA @ 2 0 1 {zeros}"]),
    ("ta-not-sent", "invalid", &["TLSA @ 2 0 1 {certificate:ca}"]),
    ("ta-full-not-sent", "valid", &["TLSA @ 2 0 0 {certificate-full:ca}"]),
    ("other-ta", "invalid", &["TLSA @ 2 0 1 {certificate:ca}"]),
    ("expired-ta", "invalid", &["TLSA @ 2 0 1 {certificate:ca}"]),
    ("ta-of-ee", "invalid", &["TLSA @ 2 1 1 {key:exchanger}"]),
    ("pkix-ee-only", "unusable", &["TLSA @ 1 1 1 {key:exchanger}"]),
    ("pkix-ta-only", "unusable", &["TLSA @ 0 0 1 {certificate:ca}"]),
    ("unknown-usage", "unusable", &["TLSA @ 9 1 1 {key:exchanger}"]),
    ("unknown-selector", "unusable", &["TLSA @ 3 9 1 {key:exchanger}"]),
    ("unknown-matching", "unusable", &["TLSA @ 3 1 9 {key:exchanger}"]),
    ("short-digest", "unusable", &["TLSA @ 3 1 1 00"]),
    ("unusable-and-valid", "valid", &["TLSA @ 1 1 1 {zeros}", "TLSA @ 3 1 1 {key:exchanger}"]),
    ("unusable-and-wrong", "invalid", &["TLSA @ 1 1 1 {key:exchanger}", "TLSA @ 3 1 1 {zeros}"]),
    ("stale-sha512", "invalid", &["TLSA @ 3 1 2 {zeros}{zeros}"]),
    ("stale-sha512-beside-valid", "invalid", &["TLSA @ 3 1 2 {zeros}{zeros}", "TLSA @ 3 1 1 {key:exchanger}"]),
    ("stale-certificate-beside-valid", "valid", &["TLSA @ 3 0 2 {zeros}{zeros}", "TLSA @ 3 1 1 {key:exchanger}"]),
    ("no-tlsa", "absent", &[]),
    ("lookup-fails", "error", &["NS _tcp.@"]),
    ("lookup-bogus", "error", &["NS _tcp.@", "DS _tcp.@"]),
    ("alias", "valid", &["CNAME mail"]),
    ("alias-own", "valid", &["CNAME no-tlsa", "TLSA @ 3 1 1 {key:exchanger}"]),
    ("alias-target-first", "valid", &["CNAME mail", "TLSA @ 3 1 1 {zeros}"]),
    ("alias-unsigned", "valid", &["CNAME mail.plain.example.", "TLSA @ 3 1 1 {key:exchanger}"]),
    ("alias-unsigned-without", "absent", &["CNAME mail.plain.example."]),
];

/// Replaces the names of data with the data.
fn filled(text: &str) -> String {
    let paths: [(&str, &Path); 5] = [
        ("exchanger", &POSTFIX.exchanger_certificate),
        ("other", &POSTFIX.by_name.other),
        ("expired", &POSTFIX.by_name.expired),
        ("elliptic", &POSTFIX.by_name.elliptic),
        ("ca", &POSTFIX.ca),
    ];
    let mut filled = text.replace("{zeros}", &"0".repeat(64));
    for (name, path) in paths.into_iter().filter(|(name, _)| text.contains(&format!(":{name}}}"))) {
        let output = Command::new("openssl").args(["x509", "-outform", "DER", "-in"]).arg(path).output().unwrap();
        let certificate = output.stdout;
        let (_, parsed) = x509_parser::parse_x509_certificate(&certificate).expect("openssl wrote a certificate");
        for (what, bytes) in [("key", parsed.public_key().raw), ("certificate", &certificate)] {
            filled = filled
                .replace(&format!("{{{what}:{name}}}"), &hexadecimal(&Sha256::digest(bytes)))
                .replace(&format!("{{{what}-512:{name}}}"), &hexadecimal(&Sha512::digest(bytes)))
                .replace(&format!("{{{what}-full:{name}}}"), &hexadecimal(bytes));
        }
    }
    filled
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The lines of a host in the zone file. In the name of a TLSA record, posttls-finger uses the port of the test server,
/// and smtpcheck uses 25.
fn lines(label: &str, records: &[&str]) -> String {
    let mut lines = String::new();
    if !records.iter().any(|record| record.starts_with("CNAME")) {
        lines += &format!("{label} A 127.0.0.1\n");
    }
    for record in records {
        lines += &match record.split_once(' ').unwrap() {
            ("TLSA", data) => {
                let data = filled(data.trim_start_matches("@ "));
                [25, POSTFIX.exchanger].map(|port| format!("_{port}._tcp.{label} TLSA {data}\n")).concat()
            }
            ("NS", name) => format!("{} NS {CLOSED}.\n", name.replace('@', label)),
            ("DS", name) => format!("{} DS 1 13 2 {}\n", name.replace('@', label), "0".repeat(64)),
            (kind, data) => format!("{label} {kind} {data}\n"),
        };
    }
    lines
}

/// The address at which Postfix is reachable on the port for submission. It is outside 127.53/16, which HAProxy uses.
const SUBMISSION: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 54, 0, 1), 587);

/// Forwards connections to the submission port to Postfix, until the tests end.
fn forward_submission() {
    let listener = TcpListener::bind(SUBMISSION).unwrap();
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    };
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(("127.0.0.1", POSTFIX.exchanger)).unwrap());
            copy(client.try_clone().unwrap(), server.try_clone().unwrap());
            copy(server, client);
        }
    });
}

struct Domains {
    names: NameServers,
    web: WebServer,
}

const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmax_age: 2419200\r\n";

static DOMAINS: LazyLock<Domains> = LazyLock::new(|| {
    let web = WebServer::start(
        &POSTFIX.authority,
        &["mta-sts.example.net", "mta-sts.missing.example"],
        &[("mta-sts.example.net", POLICY), ("mta-sts.wrong-name.example", POLICY)],
    );
    let mut org = lines("mail", &["TLSA @ 3 1 1 {key:exchanger}"]);
    if loopbacks().len() > 1 {
        org += "mail AAAA ::1\n";
    }
    for (at, (label, _, records)) in HOSTS.iter().enumerate() {
        org += &lines(label, records);
        org += &format!("group-{} MX 10 {label}\n", at / GROUP);
    }
    org += &lines("two-keys", &["TLSA @ 3 1 1 {key:elliptic}"]);
    org += "two MX 10 two-keys\n";
    for (label, data) in [("sub", "{key:exchanger}"), ("sub-wrong", "{zeros}")] {
        let data = filled(data);
        org +=
            &format!("{label} A {}\n_587._tcp.{label} TLSA 3 1 1 {data}\nof-{label} MX 10 {label}\n", SUBMISSION.ip());
    }
    forward_submission();
    let net =
        "@ MX 10 mail.example.org.\n@ TXT \"v=spf1 a:mail.example.org -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n\
               _mta-sts TXT \"v=STSv1; id=1;\"\nmta-sts A 127.0.0.1\n_smtp._tls TXT \"v=TLSRPTv1; \
               rua=mailto:tls@example.net\"\n"
            .to_owned();
    let plain = lines("mail", &["TLSA @ 3 1 1 {key:exchanger}"]) + "@ MX 10 mail\n";
    let names = NameServers::start(&[
        ("example.org", org, Signing::Signed),
        ("example.net", net.clone(), Signing::WithNsec3),
        ("expired.example", net.clone(), Signing::Expired),
        ("mismatch.example", net.clone(), Signing::WithOtherDs),
        ("plain.example", plain, Signing::No),
        ("missing.example", net.clone(), Signing::No),
        ("wrong-name.example", net, Signing::No),
    ]);
    Domains { names, web }
});

/// Checks a domain with this resolver and this port of Postfix.
fn checked(name: &str, resolver: Resolver, port: u16, more: &[&str]) -> (Run, Value) {
    let Domains { names, web } = &*DOMAINS;
    let (port, https) = (port.to_string(), web.port.to_string());
    let (anchor, ca) = (names.anchor().display().to_string(), POSTFIX.ca.display().to_string());
    let fixed = [
        "domain",
        name,
        "--resolver",
        &names.ip(resolver),
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
    let run = run_with(&[&fixed, more].concat(), None, &[]);
    let report = run.json();
    (run, report)
}

/// Checks a domain with the resolver that validates.
fn domain(name: &str) -> (Run, Value) {
    checked(name, Resolver::Validating, POSTFIX.exchanger, &[])
}

fn host<'r>(report: &'r Value, name: &str) -> &'r Value {
    let hosts = report["domain"]["mx"].as_array().unwrap();
    hosts.iter().find(|host| host["host"] == name).unwrap_or_else(|| panic!("no host {name} in {hosts:?}"))
}

#[track_caller]
fn assert_finds(rule: &str, report: &Value) {
    let found = findings(report);
    assert!(found.iter().any(|(found, _)| found == rule), "no {rule} in {found:?}\n{report:#}");
}

#[track_caller]
fn assert_does_not_find(rule: &str, report: &Value) {
    assert!(findings(report).iter().all(|(found, _)| found != rule), "{rule}\n{report:#}");
}

/// The result of posttls-finger: the state in the words of smtpcheck, and the output.
struct Theirs {
    state: &'static str,
    text: String,
}

fn posttls_finger(name: &str) -> Theirs {
    let output = DOMAINS
        .names
        .client(&unpacked("postfix").join("usr/sbin/posttls-finger"))
        .env("LD_LIBRARY_PATH", unpacked("postfix").join("usr/lib/postfix"))
        .env("MAIL_CONFIG", POSTFIX.config())
        .args(["-c", "-l", "dane", "-L", "summary", &format!("[{name}]:{}", POSTFIX.exchanger)])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let says = |words: &str| text.contains(words);
    // Without usable records, posttls-finger verifies with the trust store, and only for its output.
    let state = if says("Verified TLS connection established") {
        "valid"
    } else if says("TLSA lookup error") {
        "error"
    } else if !says("Untrusted TLS connection established") {
        "no session"
    } else if says("server certificate verification failed") || says("CA certificate verification failed") {
        "invalid"
    } else if says("unusable TLSA RR") || says("unsupported TLSA certificate usage") {
        "unusable"
    } else {
        "absent"
    };
    Theirs { state, text }
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn posttls_finger_comes_to_the_same_result_for_each_host() {
    let mut differences = Vec::new();
    for (at, group) in HOSTS.chunks(GROUP).enumerate() {
        let (_, report) = domain(&format!("group-{at}.example.org"));
        for (label, expected, _) in group {
            let name = format!("{label}.example.org");
            let ours = &host(&report, &name)["addresses"][0]["policies"]["dane"];
            let theirs = posttls_finger(&name);
            if ours["state"] != *expected || theirs.state != *expected {
                differences.push(format!("{label}: expected {expected}, ours {ours}, theirs\n{}", theirs.text));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn a_domain_with_dane_and_mta_sts_is_authenticated_for_every_sender() {
    for resolver in [Resolver::Validating, Resolver::Iterating, Resolver::Permissive] {
        let (run, report) = checked("example.net", resolver, POSTFIX.exchanger, &[]);
        assert_eq!(report["domain"]["dnssec"]["state"], "secure", "{run}\n{}", DOMAINS.names.log());
        assert_eq!(report["domain"]["dane"], "valid", "{run}");
        assert_eq!(report["domain"]["mta_sts"]["mode"], "enforce", "{run}");
        for sender in report["domain"]["senders"].as_array().unwrap() {
            let expected = if sender["sender"] == "neither" { "encrypted" } else { "authenticated" };
            assert_eq!(sender["delivers"], expected, "{sender}");
        }
        assert_eq!(report["domain"]["spf"]["state"], "valid", "{run}");
        let addresses = host(&report, "mail.example.org")["addresses"].as_array().unwrap();
        assert_eq!(addresses.len(), loopbacks().len(), "{addresses:?}");
        assert!(addresses.iter().all(|address| address["ready"] == true), "{addresses:?}");
        assert_eq!(run.code, 0, "{run}");
    }
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn nothing_is_claimed_about_dnssec_behind_a_resolver_that_strips_signatures() {
    let (run, report) = checked("example.net", Resolver::Stripping, POSTFIX.exchanger, &[]);
    assert_eq!(report["domain"]["dnssec"]["state"], "indeterminate", "{run}");
    assert_finds("dnssec-not-tested", &report);
    assert_eq!(report["domain"]["dane"], Value::Null, "{run}");
    assert_eq!(run.code, 0, "{run}");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn expired_signatures_and_a_wrong_ds_record_are_found_behind_every_resolver() {
    for (name, rule) in [("expired.example", "dnssec-signature-expired"), ("mismatch.example", "dnssec-ds-mismatch")] {
        for resolver in [Resolver::Validating, Resolver::Iterating, Resolver::Permissive] {
            let (run, report) = checked(name, resolver, POSTFIX.exchanger, &[]);
            assert_eq!(report["domain"]["dnssec"]["state"], "bogus", "{run}");
            assert_finds(rule, &report);
            assert_eq!(run.code, 3, "{run}");
        }
    }
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn a_zone_without_signatures_is_insecure_and_its_tlsa_record_has_no_effect() {
    for resolver in [Resolver::Validating, Resolver::Iterating] {
        let (run, report) = checked("plain.example", resolver, POSTFIX.exchanger, &[]);
        assert_eq!(report["domain"]["dnssec"]["state"], "insecure", "{run}");
        assert_eq!(report["domain"]["dane"], "insecure", "{run}");
        let theirs = posttls_finger("mail.plain.example");
        assert_eq!(theirs.state, "absent", "{}", theirs.text);
    }
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn a_policy_that_cannot_be_fetched_has_the_reason() {
    let (run, report) = domain("missing.example");
    assert_eq!(report["domain"]["mta_sts"]["status"], 404, "{run}");
    assert_finds("sts-policy-unreachable", &report);
    let (run, report) = domain("wrong-name.example");
    assert_eq!(report["domain"]["mta_sts"]["state"], "invalid", "{run}");
    assert_eq!(report["domain"]["mta_sts"]["mode"], Value::Null, "{run}");
    assert_finds("sts-policy-unreachable", &report);
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn one_of_two_certificates_does_not_match_the_tlsa_record() {
    let (run, report) = domain("two.example.org");
    let address = &host(&report, "two-keys.example.org")["addresses"][0];
    let states: Vec<(&Value, &Value)> = address["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seen| (&seen["kind"], &seen["policies"]["dane"]["state"]))
        .collect();
    let text = format!("{states:?}");
    assert!(states.iter().any(|(kind, state)| *kind == "ecdsa" && *state == "valid"), "{text}");
    assert!(states.iter().any(|(kind, state)| *kind == "rsa" && *state == "invalid"), "{text}");
    assert_finds("dane-mismatch", &report);
    // Most senders prefer ECDSA, so delivery does not fail.
    assert_eq!(run.code, 1, "{run}");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn the_tlsa_records_of_a_submission_port_are_compared_with_the_certificate() {
    for (name, state) in [("sub", "valid"), ("sub-wrong", "invalid")] {
        let (run, report) = checked(&format!("of-{name}.example.org"), Resolver::Validating, SUBMISSION.port(), &[]);
        let address = &host(&report, &format!("{name}.example.org"))["addresses"][0];
        assert_eq!(address["policies"]["dane"]["state"], state, "{run}");
        assert!(address["tls_version"].is_string(), "{run}");
        assert_eq!(findings(&report).iter().any(|(rule, _)| rule == "dane-mismatch"), state == "invalid", "{run}");
    }
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn an_open_relay_is_found_and_an_ordinary_server_is_not_one() {
    let (_, report) = checked(DOMAIN, Resolver::Validating, POSTFIX.open_relay, &[]);
    assert_finds("mx-relay-accepted", &report);
    let (_, report) = domain(DOMAIN);
    assert_does_not_find("mx-relay-accepted", &report);
    assert_eq!(host(&report, "mail.example.org")["addresses"][0]["relay"]["state"], "rejected");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn recipients_are_tested() {
    let (run, report) = domain(USER);
    let address = &host(&report, "mail.example.org")["addresses"][0];
    assert_eq!(address["null_sender"]["state"], "accepted", "{run}");
    assert_eq!(address["recipient"]["state"], "accepted", "{run}");
    assert_eq!(address["unknown_recipient"]["state"], "rejected", "{run}");
    assert_eq!(report["domain"]["catch_all"], false, "{run}");
    // Postfix always accepts mail for the postmaster of its own domains.
    assert_eq!(address["postmaster"]["state"], "accepted", "{run}");
    assert_does_not_find("mx-postmaster-rejected", &report);
    let (_, report) = domain("two.example.org");
    assert_finds("mx-postmaster-rejected", &report);
    let (run, report) = domain("greylisted@example.net");
    assert_eq!(host(&report, "mail.example.org")["addresses"][0]["recipient"]["state"], "deferred", "{run}");
}
