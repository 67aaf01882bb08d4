//! smtpcheck's verdict about a chain compared with openssl-verify(1) and certtool(1), for each single change to each of
//! three certificates. A chain must verify if both programs accept it.

use std::path::Path;
use std::process::{Command, Stdio};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};

use crate::support::program::run;
use crate::support::server::{Identity, Server};

const HOST: &str = "localhost";

const STARTTLS: &str = "\
S: 220 localhost ESMTP
C
S: 250-localhost
S: 250 STARTTLS
C
S: 220 ready
TLS
C
S: 221 bye
";

type Change = fn(&mut CertificateParams);

/// The changes, each applied to one certificate.
const CHANGES: &[(&str, Change)] = &[
    ("nothing", |_| ()),
    ("expired", |one| one.not_after = day(-1)),
    ("not yet valid", |one| one.not_before = day(1)),
    ("until 9999", |one| one.not_after = time::OffsetDateTime::from_unix_timestamp(253_402_300_799).unwrap()),
    ("CA:TRUE", |one| one.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
    ("CA:FALSE", |one| one.is_ca = IsCa::ExplicitNoCa),
    ("path length 0", |one| one.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))),
    ("path length 1", |one| one.is_ca = IsCa::Ca(BasicConstraints::Constrained(1))),
    ("no keyCertSign", |one| one.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign]),
    ("all key usages", |one| {
        one.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    }),
    ("for servers", |one| one.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
    ("for clients", |one| one.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
    ("for any use", |one| one.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]),
    ("unknown extension", |one| one.custom_extensions.push(unknown(false))),
    ("unknown critical extension", |one| one.custom_extensions.push(unknown(true))),
    ("names permitted", |one| one.name_constraints = Some(constraints(&[HOST], &[]))),
    ("names not permitted", |one| one.name_constraints = Some(constraints(&["example.org"], &[]))),
    ("name excluded", |one| one.name_constraints = Some(constraints(&[], &[HOST]))),
    ("names excluded, not this one", |one| one.name_constraints = Some(constraints(&[], &["example.org"]))),
    ("critical policies", |one| {
        let mut policies = CustomExtension::from_oid_content(
            &[2, 5, 29, 32],
            vec![0x30, 0x0a, 0x30, 0x08, 0x06, 0x06, 0x67, 0x81, 0x0c, 1, 2, 1],
        );
        policies.set_criticality(true);
        one.custom_extensions.push(policies);
    }),
    ("no alternative name", |one| one.subject_alt_names.clear()),
];

fn day(offset: i64) -> time::OffsetDateTime {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().cast_signed();
    time::OffsetDateTime::from_unix_timestamp(now + offset * 86_400).unwrap()
}

fn unknown(critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![0x05, 0x00]);
    extension.set_criticality(critical);
    extension
}

fn constraints(permitted: &[&str], excluded: &[&str]) -> NameConstraints {
    let of = |names: &[&str]| names.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned())).collect();
    NameConstraints { permitted_subtrees: of(permitted), excluded_subtrees: of(excluded) }
}

fn params(name: &str, is_authority: bool) -> CertificateParams {
    let names = if is_authority { Vec::new() } else { vec![HOST.to_owned()] };
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (day(-30), day(60));
    if is_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    } else {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    }
    params
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

fn by_openssl(folder: &Path) -> bool {
    let file = |name: &str| folder.join(name);
    succeeds(
        Command::new("openssl")
            .args(["verify", "-purpose", "sslserver", "-auth_level", "2", "-verify_hostname", HOST, "-no-CApath"])
            .arg("-CAfile")
            .arg(file("root.pem"))
            .arg("-untrusted")
            .arg(file("middle.pem"))
            .arg(file("leaf.pem"))
            .env("OPENSSL_CONF", "/dev/null"),
    )
}

fn by_gnutls(folder: &Path) -> bool {
    succeeds(
        Command::new("certtool")
            .args(["--verify", "--verify-hostname", HOST, "--verify-purpose", "1.3.6.1.5.5.7.3.1"])
            .arg("--load-ca-certificate")
            .arg(folder.join("root.pem"))
            .arg("--infile")
            .arg(folder.join("chain.pem")),
    )
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_chain_verifies_where_openssl_and_gnutls_verify_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut wrong, mut agreed) = (Vec::new(), [0, 0]);
    for (place, where_) in ["leaf", "middle", "root"].into_iter().enumerate() {
        for (what, change) in CHANGES {
            let mut all = [params(HOST, false), params("Middle", true), params("Root", true)];
            change(&mut all[place]);
            let [leaf, middle, root] = all;
            let [of_leaf, of_middle, of_root] = std::array::from_fn(|_| KeyPair::generate().unwrap());
            let top = root.self_signed(&of_root).unwrap();
            let between = middle.signed_by(&of_middle, &Issuer::from_params(&root, &of_root)).unwrap();
            let end = leaf.signed_by(&of_leaf, &Issuer::from_params(&middle, &of_middle)).unwrap();
            let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
            write("root.pem", &top.pem());
            write("middle.pem", &between.pem());
            write("leaf.pem", &end.pem());
            write("chain.pem", &(end.pem() + &between.pem()));
            let (openssl, gnutls) = (by_openssl(folder.path()), by_gnutls(folder.path()));
            let identity = Identity::of(top.pem(), vec![end.der().clone(), between.der().clone()], &of_leaf);
            let server = Server::start(&[STARTTLS], &identity);
            let ca = folder.path().join("root.pem");
            let run = run(&[
                &format!("{HOST}:{}", server.port()),
                "-4",
                "--cacert",
                ca.to_str().unwrap(),
                "--quit-after",
                "starttls",
                "--json",
            ]);
            let own = run.json()["certificate"]["verifies"].as_bool();
            agreed[usize::from(openssl && gnutls)] += 1;
            if own != Some(openssl && gnutls) {
                wrong.push(format!("{where_}: {what}: openssl {openssl}, certtool {gnutls}, smtpcheck {own:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Enough chains must be accepted, and enough rejected, for a useful comparison.
    assert!(agreed.iter().all(|count| *count > 15), "{agreed:?}");
}
