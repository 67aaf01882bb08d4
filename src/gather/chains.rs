//! Tests of certificate chains: each test case adds a fault to a chain and lists exactly the findings that it must
//! cause. The certificates are created here; no sockets are used. Certificates that current libraries cannot create are
//! in `tests/data/certificates`.

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

    use std::sync::LazyLock;

    use jiff::Timestamp;
    use proptest::prelude::*;
    use rcgen::{
        BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
        Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    };
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::super::anchor::StoredAnchor;
    use super::super::trust::Store;
    use super::super::verify::{self, CertificateExpectation};
    use crate::check::{self, Finding, Severity};
    use crate::cli::{self, Invocation};
    use crate::evidence::{
        EventKind, Evidence, Handshake, HandshakeKind, Outcome, Phase, Staple, StapleStatus, TrustStore,
    };
    use crate::question::{Question, SessionRequest};

    const HOST: &str = "mail.example.net";
    const NOW: &str = "2026-12-01T12:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    /// A certificate with its key, which can sign other certificates.
    struct Made {
        params: CertificateParams,
        key: KeyPair,
        der: CertificateDer<'static>,
    }

    fn day(offset: i64) -> time::OffsetDateTime {
        time::OffsetDateTime::from_unix_timestamp(now().as_second() + offset * 86_400).unwrap()
    }

    fn params(name: &str, names: &[&str], days: (i64, i64)) -> CertificateParams {
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = (day(days.0), day(days.1));
        params
    }

    fn authority(name: &str, days: (i64, i64)) -> CertificateParams {
        let mut params = params(name, &[], days);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
    }

    fn server() -> CertificateParams {
        let mut params = params(HOST, &[HOST], (-30, 60));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params
    }

    fn by_itself(params: CertificateParams) -> Made {
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        Made { params, key, der }
    }

    fn by(issuer: &Made, params: CertificateParams) -> Made {
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &Issuer::from_params(&issuer.params, &issuer.key)).unwrap().der().clone();
        Made { params, key, der }
    }

    fn store(roots: &[&CertificateDer<'static>]) -> Store {
        let origin = TrustStore::System { anchors: roots.len() };
        let anchors = roots.iter().map(|der| StoredAnchor::Certificate((*der).clone())).collect();
        Store { origin, anchors, is_whole: true }
    }

    /// The rule ids of the findings for a chain on port 587, sorted.
    fn found(chain: &[&CertificateDer<'static>], store: &Store) -> Vec<String> {
        found_with(chain, store, |_| {})
    }

    fn found_with(chain: &[&CertificateDer<'static>], store: &Store, change: impl Fn(&mut Handshake)) -> Vec<String> {
        let mut ids: Vec<String> =
            judged(chain, store, change).into_iter().map(|finding| finding.rule.into_owned()).collect();
        ids.sort();
        ids
    }

    fn judged(chain: &[&CertificateDer<'static>], store: &Store, change: impl Fn(&mut Handshake)) -> Vec<Finding> {
        let handshake = handshake(chain, store);
        let mut handshake = Box::new(handshake);
        change(&mut handshake);
        let words = ["mail.example.net:587"].iter().map(Into::into).collect();
        let Ok(Invocation::Check(args, matches)) = cli::parse(words) else { unreachable!("a check was parsed") };
        let plan = cli::plan::plan(&args, &matches, &args.targets[0], None).unwrap();
        let mut evidence = Evidence::new(now());
        let id = evidence.asked(Question::session(SessionRequest::main(&plan)), 0.0, Outcome::Underway);
        let doubts: Vec<String> = handshake.doubts(now()).iter().map(|doubt| format!("{doubt:?}")).collect();
        evidence.happened(1.0, id, Phase::Tls, true, EventKind::Secured { handshake });
        let findings = check::judge(&plan, &evidence);
        // The login must be withheld if and only if a finding is an error, because both use the same decision.
        let errors: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert_eq!(errors.is_empty(), doubts.is_empty(), "{errors:#?} for {doubts:#?}");
        findings
    }

    fn handshake(chain: &[&CertificateDer<'static>], store: &Store) -> Handshake {
        let ders: Vec<CertificateDer<'static>> = chain.iter().map(|der| (*der).clone()).collect();
        let expected = CertificateExpectation { name: HOST.to_owned(), now: now() };
        Handshake {
            version: "1.3".to_owned(),
            cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
            group: None,
            signature: None,
            alpn: None,
            kind: HandshakeKind::Full,
            sni: Some(HOST.to_owned()),
            ms: 1.0,
            client_certificate_requested: false,
            client_certificate_sent: false,
            staple: None,
            presented: verify::presented(&ders, ders.len(), store, &expected),
            signature_fault: None,
            server_hello: None,
        }
    }

    /// A root, an intermediate, and a store that trusts the root.
    fn root_and_intermediate() -> (Made, Made, Store) {
        let root = by_itself(authority("Example Root", (-1000, 1000)));
        let middle = by(&root, authority("Example CA", (-500, 500)));
        let trusted = store(&[&root.der]);
        (root, middle, trusted)
    }

    #[test]
    fn a_valid_chain_has_no_findings() {
        let (_, middle, store) = root_and_intermediate();
        let leaf = by(&middle, server());
        assert_eq!(found(&[&leaf.der, &middle.der], &store), [""; 0]);
    }

    #[test]
    fn each_fault_of_the_server_certificate_raises_exactly_one_finding() {
        let (_, middle, store) = root_and_intermediate();
        type Change = fn(&mut CertificateParams);
        let faults: &[(&str, Change, &str)] = &[
            ("expired", |leaf| leaf.not_after = day(-1), "certificate-expired"),
            ("not yet valid", |leaf| leaf.not_before = day(1), "certificate-not-yet-valid"),
            ("expires soon", |leaf| leaf.not_after = day(20), "certificate-expires-soon"),
            ("for ten years", |leaf| leaf.not_after = day(3650), "certificate-lifetime-long"),
            ("another name", |leaf| *leaf = named(&["other.example.net"]), "certificate-name-mismatch"),
            ("a wildcard one label up", |leaf| *leaf = named(&["*.net"]), "certificate-name-mismatch"),
            ("the wildcard's own domain", |leaf| *leaf = named(&["*.mail.example.net"]), "certificate-name-mismatch"),
            // OpenSSL and GnuTLS accept this certificate.
            ("a common name only", |leaf| *leaf = named(&[]), "certificate-limited-clients"),
            ("an IP address", |leaf| *leaf = named(&["192.0.2.1"]), "certificate-name-mismatch"),
            (
                "for mail",
                |leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection],
                "certificate-usage-wrong",
            ),
            (
                "for encryption",
                |leaf| leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment],
                "certificate-usage-wrong",
            ),
            (
                "a CA certificate",
                |leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
                "certificate-usage-wrong",
            ),
            ("must-staple", |leaf| leaf.custom_extensions.push(must_staple()), "certificate-staple-missing"),
        ];
        for (what, change, id) in faults {
            let mut params = server();
            change(&mut params);
            let leaf = by(&middle, params);
            assert_eq!(found(&[&leaf.der, &middle.der], &store), [*id], "{what}");
        }
    }

    fn named(names: &[&str]) -> CertificateParams {
        params(HOST, names, (-30, 60))
    }

    fn must_staple() -> CustomExtension {
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 0x03, 0x02, 0x01, 0x05])
    }

    /// An AuthorityInfoAccess extension with one caIssuers URL of less than 100 bytes.
    fn fetchable_at(url: &str) -> CustomExtension {
        let short = |length: usize| u8::try_from(length).unwrap();
        let oid = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
        let location = [&[0x86, short(url.len())][..], url.as_bytes()].concat();
        let description = [&oid[..], &location].concat();
        let inner = [&[0x30, short(description.len())][..], &description].concat();
        let outer = [&[0x30, short(inner.len())][..], &inner].concat();
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], outer)
    }

    #[test]
    fn a_wildcard_matches_one_label() {
        let (_, middle, store) = root_and_intermediate();
        let leaf = by(&middle, named(&["*.example.net"]));
        assert_eq!(found(&[&leaf.der, &middle.der], &store), [""; 0]);
    }

    #[test]
    fn untrusted_self_signed_and_incomplete_chains_are_distinguished() {
        let (root, middle, trusted) = root_and_intermediate();
        let no_roots = store(&[]);
        let mut fetchable = server();
        fetchable.custom_extensions.push(fetchable_at("http://ca.example/ca.der"));
        let fetchable = by(&middle, fetchable);
        let plain = by(&middle, server());
        assert_eq!(found(&[&fetchable.der], &trusted), ["certificate-chain-incomplete"]);
        assert_eq!(found(&[&plain.der], &trusted), ["certificate-untrusted"]);
        assert_eq!(found(&[&plain.der, &middle.der], &no_roots), ["certificate-untrusted"]);
        let with_root = found(&[&plain.der, &middle.der, &root.der], &no_roots);
        assert_eq!(with_root, ["certificate-chain-unnecessary", "certificate-untrusted"]);
        let mut with_ca_flag = server();
        with_ca_flag.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let alone = by_itself(with_ca_flag);
        assert_eq!(found(&[&alone.der], &trusted), ["certificate-self-signed"]);
        assert_eq!(found(&[&alone.der], &store(&[&alone.der])), [""; 0], "specified with --cacert");
        let without_ca_flag = by_itself(server());
        assert_eq!(found(&[&without_ca_flag.der], &trusted), ["certificate-self-signed"]);
        // This certificate has the issuer's name but a different key.
        let impostor = by(&root, authority("Example CA", (-500, 500)));
        let wrong = found(&[&plain.der, &impostor.der], &trusted);
        assert_eq!(wrong, ["certificate-chain-unnecessary", "certificate-untrusted"]);
    }

    #[test]
    fn the_rest_of_the_chain_is_also_checked() {
        let (root, middle, trusted) = root_and_intermediate();
        let leaf = by(&middle, server());
        let other = by_itself(authority("Another CA", (-10, 500)));
        let duplicate = found(&[&leaf.der, &middle.der, &middle.der], &trusted);
        assert_eq!(duplicate, ["certificate-chain-unnecessary"]);
        assert_eq!(found(&[&leaf.der, &middle.der, &root.der], &trusted), ["certificate-chain-unnecessary"]);
        assert_eq!(found(&[&leaf.der, &other.der, &middle.der], &trusted), ["certificate-chain-unnecessary"]);
        let upper = by(&root, authority("Upper CA", (-400, 400)));
        let lower = by(&upper, authority("Lower CA", (-400, 400)));
        let leaf = by(&lower, server());
        assert_eq!(found(&[&leaf.der, &lower.der, &upper.der], &trusted), [""; 0]);
        assert_eq!(found(&[&leaf.der, &upper.der, &lower.der], &trusted), ["certificate-chain-disordered"]);
        let expired = by(&root, authority("Expired CA", (-400, -1)));
        let leaf = by(&expired, server());
        assert_eq!(found(&[&leaf.der, &expired.der], &trusted), ["certificate-intermediate-expired"]);
        let expiring = by(&root, authority("Expiring CA", (-400, 5)));
        let leaf = by(&expiring, server());
        assert_eq!(found(&[&leaf.der, &expiring.der], &trusted), ["certificate-expires-soon"]);
        let mut narrow = authority("Narrow CA", (-400, 400));
        narrow.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example.com".to_owned())],
            excluded_subtrees: Vec::new(),
        });
        let narrow = by(&root, narrow);
        let leaf = by(&narrow, server());
        assert_eq!(found(&[&leaf.der, &narrow.der], &trusted), ["certificate-name-constrained"]);
    }

    #[test]
    fn three_faults_at_once_are_three_findings() {
        let (_, middle, trusted) = root_and_intermediate();
        let mut params = named(&["other.example.net"]);
        params.not_after = day(-3);
        params.custom_extensions.push(fetchable_at("http://ca.example/ca.der"));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let leaf = by(&middle, params);
        let all = [
            "certificate-chain-incomplete",
            "certificate-expired",
            "certificate-name-mismatch",
            "certificate-usage-wrong",
        ];
        assert_eq!(found(&[&leaf.der], &trusted), all);
        let mut params = named(&["other.example.net"]);
        params.not_before = day(3);
        let alone = by_itself(params);
        let all = ["certificate-name-mismatch", "certificate-not-yet-valid", "certificate-self-signed"];
        assert_eq!(found(&[&alone.der], &trusted), all);
    }

    /// The rules of RFC 5280 §6.1.4 and the trust anchor's certificate, which webpki does not check.
    #[test]
    fn each_violated_rule_of_a_path_is_a_separate_fault() {
        type Change = fn(&mut CertificateParams);
        let unknown = |critical: bool, arc: &[u64]| {
            let mut extension = CustomExtension::from_oid_content(arc, vec![0x05, 0x00]);
            extension.set_criticality(critical);
            extension
        };
        let words = |chain: &[&CertificateDer<'static>], store: &Store| {
            let handshake = handshake(chain, store);
            handshake.doubts(now()).iter().map(|doubt| doubt.word()).collect::<Vec<_>>()
        };
        let of_authority: &[(&str, Change, &str)] = &[
            ("no keyCertSign", |one| one.key_usages = vec![KeyUsagePurpose::CrlSign], "may-not-sign"),
            ("CA:FALSE", |one| one.is_ca = IsCa::ExplicitNoCa, "not-authority"),
            (
                "for clients only",
                |one| one.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
                "other-use",
            ),
            (
                "any purpose, which OpenSSL does not accept for servers",
                |one| one.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any],
                "other-use",
            ),
        ];
        let root = by_itself(authority("Example Root", (-1000, 1000)));
        let trusted = store(&[&root.der]);
        for (what, change, word) in of_authority {
            let mut params = authority("Example CA", (-500, 500));
            change(&mut params);
            let middle = by(&root, params);
            let leaf = by(&middle, server());
            assert_eq!(words(&[&leaf.der, &middle.der], &trusted), [*word], "intermediate: {what}");
            let mut params = authority("Example Root", (-500, 500));
            change(&mut params);
            let root = by_itself(params);
            let leaf = by(&root, server());
            assert_eq!(words(&[&leaf.der], &store(&[&root.der])), [*word], "anchor: {what}");
        }
        // Dates and path length of the trust anchor. GnuTLS counts self-issued certificates.
        let old = by_itself(authority("Old Root", (-500, -1)));
        let leaf = by(&old, server());
        assert_eq!(words(&[&leaf.der], &store(&[&old.der])), ["out-of-date"]);
        let mut short = authority("Short Root", (-500, 500));
        short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let short = by_itself(short);
        let middle = by(&short, authority("Example CA", (-500, 500)));
        let leaf = by(&middle, server());
        assert_eq!(words(&[&leaf.der, &middle.der], &store(&[&short.der])), ["path-too-long"]);
        let twin = by(&short, authority("Short Root", (-400, 400)));
        let leaf = by(&twin, server());
        assert_eq!(words(&[&leaf.der, &twin.der], &store(&[&short.der])), ["path-too-long-with-self-issued"]);
        // Extensions in the leaf certificate.
        for (critical, arc, expected) in [
            (true, &[1, 3, 6, 1, 4, 1, 99_999, 1][..], &["critical-extension"][..]),
            (false, &[1, 3, 6, 1, 4, 1, 99_999, 1], &[]),
            (true, &[2, 5, 29, 14], &["critical-extension", "unreadable-extension"]),
            (true, &[2, 5, 29, 36], &["critical-extension"]),
            (true, &[2, 5, 29, 32], &[]),
            (true, &[2, 5, 29, 54], &[]),
        ] {
            let mut params = server();
            params.custom_extensions.push(unknown(critical, arc));
            let leaf = by(&root, params);
            assert_eq!(words(&[&leaf.der], &trusted), expected, "{arc:?}");
        }
        let mut params = server();
        params.custom_extensions.push(unknown(false, &[1, 3, 6, 1, 4, 1, 99_999, 1]));
        params.custom_extensions.push(unknown(false, &[1, 3, 6, 1, 4, 1, 99_999, 1]));
        let leaf = by(&root, params);
        assert_eq!(words(&[&leaf.der], &trusted), ["repeated-extension"]);
        // An authorityKeyIdentifier that identifies another key.
        let mut params = server();
        let foreign = CustomExtension::from_oid_content(&[2, 5, 29, 35], vec![0x30, 6, 0x80, 4, 1, 2, 3, 4]);
        params.custom_extensions.push(foreign);
        let leaf = by(&root, params);
        assert_eq!(words(&[&leaf.der], &trusted), ["other-authority-key"]);
    }

    #[test]
    fn a_path_may_be_long_and_validity_may_have_no_end() {
        let root = by_itself(authority("Example Root", (-1000, 1000)));
        let mut above = vec![by(&root, authority("CA 0", (-500, 500)))];
        for number in 1..12 {
            let next = by(above.last().unwrap(), authority(&format!("CA {number}"), (-500, 500)));
            above.push(next);
        }
        let mut params = server();
        params.not_before = rcgen::date_time_ymd(1960, 1, 1);
        params.not_after = time::OffsetDateTime::from_unix_timestamp(253_402_300_799).unwrap();
        let leaf = by(above.last().unwrap(), params);
        let mut chain = vec![&leaf.der];
        chain.extend(above.iter().rev().map(|one| &one.der));
        let seen = found(&chain, &store(&[&root.der]));
        let expected = ["certificate-chain-unnecessary", "certificate-lifetime-long", "certificate-limited-clients"];
        assert_eq!(seen, expected);
    }

    /// Twenty certificates with the same name, which could be ordered in a huge number of ways. The search must be
    /// limited.
    #[test]
    fn the_search_in_a_hostile_chain_is_bounded() {
        let root = by_itself(authority("Same", (-1000, 1000)));
        let others: Vec<Made> = (0..19).map(|_| by(&root, authority("Same", (-500, 500)))).collect();
        let leaf = by(&others[0], server());
        let mut chain = vec![&leaf.der];
        chain.extend(others.iter().rev().map(|one| &one.der));
        assert!(found(&chain, &store(&[])).contains(&"certificate-untrusted".to_owned()));
        // A valid path exists, but OpenSSL does not find it: it selects the root, which also has this name.
        let seen = judged(&chain, &store(&[&root.der]), |_| {});
        let wrong = seen.iter().find(|finding| finding.rule == "certificate-untrusted").expect("a finding");
        assert!(
            wrong.summary.starts_with("the signature of the certificate was not made with the key of its issuer"),
            "{}",
            wrong.summary
        );
    }

    #[test]
    fn an_expired_cross_signed_certificate_that_is_not_needed_is_not_a_fault() {
        // Let's Encrypt in October 2021: the root itself is trusted, and the server also sends its cross-signed
        // version, whose issuer has expired.
        let old = by_itself(authority("Old Root", (-2000, -10)));
        let new = by_itself(authority("New Root", (-1000, 1000)));
        let crossed = by(&old, authority("New Root", (-1000, 300)));
        let middle = by(&new, authority("Example CA", (-500, 500)));
        let leaf = by(&middle, server());
        let seen = found(&[&leaf.der, &middle.der, &crossed.der], &store(&[&new.der]));
        assert_eq!(seen, ["certificate-chain-unnecessary"]);
    }

    fn legacy(name: &str) -> CertificateDer<'static> {
        let path = format!("{}/tests/data/certificates/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        CertificateDer::from_pem_file(path).unwrap()
    }

    #[test]
    fn obsolete_keys_and_signatures_are_reported() {
        let trusted = store(&[&legacy("legacy-ca")]);
        for (name, expected) in [
            ("rsa1024", &["certificate-key-weak", "certificate-lifetime-long"][..]),
            // OpenSSL and GnuTLS accept 2048 bits. Current handshakes do not use DSA, but this is not a fault of the
            // key.
            ("dsa", &["certificate-lifetime-long"]),
            ("sha1", &["certificate-lifetime-long", "certificate-signature-weak"]),
            ("md5", &["certificate-lifetime-long", "certificate-signature-weak"]),
            ("p224", &["certificate-lifetime-long", "certificate-self-signed"]),
            // OpenSSL and GnuTLS accept this certificate because of its common name.
            ("v1", &["certificate-lifetime-long", "certificate-limited-clients"]),
        ] {
            assert_eq!(found(&[&legacy(name)], &trusted), expected, "{name}");
        }
    }

    #[test]
    fn the_staple_and_the_handshake_signature_are_checked() {
        let (_, middle, trusted) = root_and_intermediate();
        let mut params = server();
        params.custom_extensions.push(must_staple());
        let leaf = by(&middle, params);
        let chain = [&leaf.der, &middle.der];
        let stapled = |status, next_update| {
            move |handshake: &mut Handshake| {
                handshake.staple = Some(Staple { status, next_update, fault: None });
            }
        };
        assert_eq!(found_with(&chain, &trusted, stapled(StapleStatus::Good, None)), [""; 0]);
        assert_eq!(found_with(&chain, &trusted, stapled(StapleStatus::Revoked, None)), ["certificate-revoked"]);
        let late = "2026-11-30T00:00:00Z".parse().ok();
        assert_eq!(found_with(&chain, &trusted, stapled(StapleStatus::Good, late)), ["certificate-staple-missing"]);
        let with_another_key = |handshake: &mut Handshake| {
            handshake.staple = Some(Staple { status: StapleStatus::Good, next_update: None, fault: None });
            handshake.signature_fault = Some("BadSignature".to_owned());
        };
        assert_eq!(found_with(&chain, &trusted, with_another_key), ["certificate-signature-invalid"]);
    }

    #[test]
    fn remaining_days_are_checked_for_server_and_intermediate_certificates() {
        let (root, middle, trusted) = root_and_intermediate();
        let judged = |leaf_days: i64, middle_days: i64| {
            let middle = by(&root, authority("Example CA", (-500, middle_days)));
            let mut params = server();
            params.not_after = day(leaf_days);
            let leaf = by(&middle, params);
            found(&[&leaf.der, &middle.der], &trusted)
        };
        let soon = "certificate-expires-soon";
        assert_eq!(judged(22, 500), [""; 0]);
        assert_eq!(judged(21, 500), [soon]);
        assert_eq!(judged(0, 500), [soon]);
        assert_eq!(judged(-1, 500), ["certificate-expired"]);
        assert_eq!(judged(60, 22), [""; 0]);
        assert_eq!(judged(60, 21), [soon]);
        assert_eq!(judged(60, 0), [soon]);
        assert_eq!(judged(60, -1), ["certificate-intermediate-expired"]);
        assert_eq!(judged(5, 6), [soon, soon]);
        assert_eq!(judged(-1, -2), ["certificate-expired", "certificate-intermediate-expired"]);
        // The server's operator cannot renew a root that the server sends.
        let leaf = by(&middle, server());
        let expiring = by_itself(authority("Expiring Root", (-500, 5)));
        assert_eq!(found(&[&leaf.der, &middle.der, &expiring.der], &trusted), ["certificate-chain-unnecessary"]);
    }

    #[test]
    fn the_summary_names_the_missing_issuer() {
        let (root, middle, _) = root_and_intermediate();
        let no_roots = store(&[]);
        let mut fetchable = server();
        fetchable.custom_extensions.push(fetchable_at("http://ca.example/ca.der"));
        let fetchable = by(&middle, fetchable);
        let plain = by(&middle, server());
        let summary_contains = |chain: &[&CertificateDer<'static>], words: &[&str]| {
            let findings = judged(chain, &no_roots, |_| {});
            let summary = findings.first().map(|finding| finding.summary.clone()).unwrap_or_default();
            assert!(words.iter().all(|word| summary.contains(word)), "{words:?} in {summary:?}");
        };
        summary_contains(&[&fetchable.der], &["does not send the certificate of the issuer", "CN=Example CA"]);
        summary_contains(&[&plain.der], &["the issuer of the certificate, CN=Example CA"]);
        summary_contains(&[&plain.der, &middle.der], &["ends at CN=Example CA", "CN=Example Root, was not sent"]);
        summary_contains(&[&plain.der, &middle.der, &root.der], &["leads to the root certificate CN=Example Root"]);
        summary_contains(
            &[&fetchable.der, &root.der],
            &["does not send the certificate of the issuer", "CN=Example CA"],
        );
    }

    /// The notes that the chain view shows next to each certificate.
    #[test]
    fn each_fault_is_shown_next_to_its_certificate() {
        let (root, middle, trusted) = root_and_intermediate();
        let no_roots = store(&[]);
        let shown = |chain: &[&CertificateDer<'static>], store: &Store| {
            let flaws = check::certificate::flaws(&handshake(chain, store).presented, now());
            flaws.into_iter().map(|flaw| format!("{} {}", flaw.place, flaw.word)).collect::<Vec<_>>()
        };
        let leaf = by(&middle, server());
        let other = by_itself(authority("Another CA", (-10, 500)));
        let unrelated = by(&other, authority("Unrelated CA", (-10, 500)));
        assert_eq!(shown(&[&leaf.der, &middle.der], &trusted), [""; 0]);
        assert_eq!(shown(&[&leaf.der], &trusted), ["0 its issuer is unknown"]);
        assert_eq!(shown(&[&leaf.der, &middle.der], &no_roots), ["1 its issuer is unknown"]);
        assert_eq!(shown(&[&leaf.der, &middle.der, &root.der], &no_roots), ["2 a root that is not trusted"]);
        assert_eq!(shown(&[&leaf.der, &middle.der, &root.der], &trusted), ["2 a root, not needed"]);
        assert_eq!(shown(&[&leaf.der, &middle.der, &middle.der], &trusted), ["2 sent twice"]);
        assert_eq!(shown(&[&leaf.der, &unrelated.der, &middle.der], &trusted), ["1 not needed"]);
        let lower = by(&middle, authority("Lower CA", (-10, 400)));
        let below = by(&lower, server());
        let disordered = shown(&[&below.der, &middle.der, &lower.der], &trusted);
        assert_eq!(disordered, ["2 sent after its issuer"]);
        // The root is trusted, so only the name or the purpose is reported.
        let mut narrow = authority("Narrow CA", (-400, 400));
        narrow.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example.com".to_owned())],
            excluded_subtrees: Vec::new(),
        });
        let narrow = by(&root, narrow);
        let leaf = by(&narrow, server());
        let constrained = shown(&[&leaf.der, &narrow.der], &trusted);
        assert_eq!(constrained, ["0 a name that its CA is not allowed to certify"]);
        let mut params = named(&["other.example.net"]);
        params.not_after = day(-3);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let leaf = by(&middle, params);
        let three = ["0 expired", "0 issued for another purpose", "0 for another host name"];
        assert_eq!(shown(&[&leaf.der, &middle.der], &trusted), three);
        let invalid = CertificateDer::from(vec![0x30, 0x03, 0x02, 0x01, 0x05]);
        let leaf = by(&middle, server());
        assert_eq!(shown(&[&leaf.der, &middle.der, &invalid], &trusted), ["2 cannot be read"]);
    }

    #[test]
    fn a_certificate_of_a_megabyte_is_reported_as_too_large() {
        let (_, middle, trusted) = root_and_intermediate();
        let mut params = server();
        let filler = vec![0x41; 1024 * 1024];
        params.custom_extensions.push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], filler));
        let leaf = by(&middle, params);
        assert!(leaf.der.len() > 1024 * 1024);
        // Current libraries reject a certificate of more than 64 KiB. The finding reports this instead of an unknown
        // CA.
        assert_eq!(found(&[&leaf.der, &middle.der], &trusted), ["certificate-untrusted"]);
        let findings = judged(&[&leaf.der, &middle.der], &trusted, |_| {});
        assert!(findings[0].summary.contains("too large"), "{}", findings[0].summary);
        // OpenSSL and GnuTLS also abort the handshake if an additional certificate is not valid DER.
        let invalid = CertificateDer::from(vec![0x41; 1024 * 1024]);
        let leaf = by(&middle, server());
        let expected = ["certificate-chain-unnecessary", "certificate-untrusted"];
        assert_eq!(found(&[&leaf.der, &middle.der, &invalid], &trusted), expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// Bytes of a real chain are changed, removed or added. This must not cause a panic, and every change must be
        /// reported.
        #[test]
        fn a_chain_with_broken_der_is_reported_and_never_panics(
            at in any::<prop::sample::Index>(),
            bytes in prop::collection::vec(any::<u8>(), 0..6),
            cut in any::<Option<prop::sample::Index>>(),
            of_leaf in any::<bool>(),
        ) {
            let (leaf, middle, trusted) = &*SOUND;
            let whole = if of_leaf { leaf } else { middle };
            let mut broken = whole.to_vec();
            let at = at.index(broken.len());
            broken.splice(at..(at + bytes.len()).min(whole.len()), bytes);
            if let Some(cut) = cut {
                broken.truncate(cut.index(broken.len()));
            }
            let is_whole = broken == whole.to_vec();
            let broken = CertificateDer::from(broken);
            let chain = if of_leaf { [&broken, middle] } else { [leaf, &broken] };
            // The signatures cover the entire chain, so every change is detected.
            prop_assert_eq!(found(&chain, trusted).is_empty(), is_whole);
        }

        #[test]
        fn any_bytes_instead_of_a_certificate_are_reported(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let (_, middle, trusted) = &*SOUND;
            prop_assert!(!found(&[&CertificateDer::from(bytes), middle], trusted).is_empty());
        }
    }

    /// A server certificate, its intermediate, and a store that trusts their root.
    static SOUND: LazyLock<(CertificateDer<'static>, CertificateDer<'static>, Store)> = LazyLock::new(|| {
        let (_, middle, trusted) = root_and_intermediate();
        let leaf = by(&middle, server());
        (leaf.der, middle.der, trusted)
    });

    #[test]
    fn invalid_bytes_and_very_many_names_or_certificates_are_handled() {
        let (_, middle, trusted) = root_and_intermediate();
        let invalid = CertificateDer::from(vec![0x30, 0x82, 0xff, 0xff, 0x01]);
        let seen = found(&[&invalid], &trusted);
        assert!(seen.contains(&"certificate-untrusted".to_owned()), "{seen:?}");
        let names: Vec<String> = (0..10_000).map(|number| format!("h{number}.example.org")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let leaf = by(&middle, named(&names));
        let many = handshake(&[&leaf.der, &middle.der], &trusted);
        assert_eq!((many.presented.chain[0].names.len(), many.presented.chain[0].names_total), (200, 10_000));
        // Current libraries reject a certificate of more than 64 KiB.
        assert_eq!(found(&[&leaf.der, &middle.der], &trusted), ["certificate-name-mismatch", "certificate-untrusted"]);
        let leaf = by(&middle, server());
        let mut long = vec![&leaf.der];
        long.extend(std::iter::repeat_n(&middle.der, 99));
        assert_eq!(found(&long, &trusted), ["certificate-chain-unnecessary"]);
    }
}
