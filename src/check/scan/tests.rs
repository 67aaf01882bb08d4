//! Scans of simulated servers, which are functions from a ClientHello to a response. The scan must find every item that
//! a server accepts, whatever the server's preference, within the connection limit.

use super::{Level, Preference, Scan, Support, ask, judge, results, verdict};
use crate::cli::{self, Invocation};
use crate::evidence::{Answer, Evidence, Fault, HelloOutcome, HelloSeen, Outcome, Phase, TlsFault, TlsFaultKind};
use crate::plan::Plan;
use crate::question::{Offer, Question, SessionRequest};
use crate::wire::tls::{self, ClientHello, HelloShape, ServerHello, Version, WeakClass, suite_name};

/// A simulated server.
#[derive(Clone)]
struct FakeServer {
    /// Suites of each version, in the server's order of preference.
    suites: Vec<(Version, Vec<u16>)>,
    groups: Vec<u16>,
    order: Preference,
    dh_bits: u32,
    has_master_secret: bool,
    sees_fallback: bool,
    /// The server rejects every connection after this number of ClientHellos.
    hellos_until_limit: usize,
}

const GOOD: &[u16] = &[0xC02F, 0xC030];
const GOOD_13: &[u16] = &[0x1302, 0x1303, 0x1301];

fn sound() -> FakeServer {
    FakeServer {
        suites: vec![(Version::Tls13, GOOD_13.to_vec()), (Version::Tls12, GOOD.to_vec())],
        groups: vec![29, 23],
        order: Preference::Server,
        dh_bits: 2048,
        has_master_secret: true,
        sees_fallback: true,
        hellos_until_limit: usize::MAX,
    }
}

impl FakeServer {
    fn with(mut self, version: Version, suites: &[u16]) -> FakeServer {
        match self.suites.iter_mut().find(|(known, _)| *known == version) {
            Some((_, list)) => list.extend_from_slice(suites),
            None => self.suites.push((version, suites.to_vec())),
        }
        self
    }

    fn answer(&self, hello: &ClientHello) -> tls::TlsAnswer {
        let alert = |code: u8| tls::TlsAnswer::Alert { code, name: tls::alert_name(code) };
        if hello.shape == HelloShape::Sslv2 {
            return alert(40);
        }
        let newest = self.suites.iter().map(|(version, _)| *version).max();
        // Only the ClientHello of a current client offers more than one version.
        let fits = |version: &Version| match (hello.version, hello.shape) {
            (Version::Tls13, HelloShape::Question) => *version == Version::Tls13,
            (Version::Tls13, _) => *version >= Version::Tls12,
            (offered, _) => *version <= offered,
        };
        let chosen = self.suites.iter().filter(|(version, _)| fits(version)).max_by_key(|(version, _)| *version);
        let Some((version, suites)) = chosen else { return alert(70) };
        if self.sees_fallback && hello.suites.contains(&0x5600) && newest > Some(hello.version) {
            return alert(86);
        }
        let usable = |id: &u16| {
            let name = suite_name(*id);
            let needs_group = *version == Version::Tls13 || name.starts_with("TLS_ECDH");
            !needs_group || self.groups.iter().any(|group| hello.groups.contains(group))
        };
        let suite = match self.order {
            Preference::Server => suites.iter().find(|id| hello.suites.contains(id) && usable(id)),
            Preference::Client => hello.suites.iter().find(|id| suites.contains(id) && usable(id)),
        };
        let Some(suite) = suite.copied() else { return alert(40) };
        // The server does not sign with hashes older than SHA-256.
        if hello.signatures == ClientHello::old_hashes().signatures {
            return alert(40);
        }
        let name = suite_name(suite);
        let has_group = *version == Version::Tls13 || name.starts_with("TLS_ECDHE");
        let group = self.groups.iter().copied().find(|group| has_group && hello.groups.contains(group));
        tls::TlsAnswer::ServerHello(ServerHello {
            version: *version,
            suite,
            suite_name: name.clone(),
            group,
            group_name: group.map(tls::group_name),
            is_retry: false,
            downgrade: None,
            secure_renegotiation: *version < Version::Tls13,
            extended_master_secret: self.has_master_secret && *version < Version::Tls13,
            compression: false,
            encrypt_then_mac: false,
            session_ticket: false,
            ocsp_response: false,
            signature: None,
            dh_bits: (name.starts_with("TLS_DHE") || name.starts_with("TLS_DH_anon")).then_some(self.dh_bits),
            client_certificate_requested: false,
            certificates: Vec::new(),
        })
    }
}

fn plan(words: &[&str]) -> Plan {
    let target = "mail.example.net:465";
    let words = [target].iter().chain(words).map(Into::into).collect();
    let Ok(Invocation::Check(args, matches)) = cli::parse(words) else { unreachable!("the words are a check") };
    cli::plan::plan(&args, &matches, target, Some("client.example.org")).expect("a plan")
}

/// The evidence of a scan whose main session failed in the TLS handshake, so that the scan begins without any result.
fn scan(server: &FakeServer, plan: &Plan) -> Evidence {
    let mut evidence = Evidence::new(jiff::Timestamp::UNIX_EPOCH);
    let alert = TlsFaultKind::Alert { code: 40, name: "handshake_failure".to_owned() };
    let tls =
        TlsFault { kind: alert, detail: String::new(), first_bytes: String::new(), server_hello: None, sni: None };
    let fault = Fault::Tls { tls };
    evidence.asked(Question::session(SessionRequest::main(plan)), 0.0, Outcome::Failed { fault });
    for number in 0.. {
        assert!(number < 1200, "the scan does not end");
        let asked = ask(plan, &evidence);
        let [question @ Question::Hello(request)] = asked.as_slice() else { break };
        assert!(evidence.answer_to(question).is_none(), "asked twice: {}", request.offer);
        let received = if number < server.hellos_until_limit {
            HelloOutcome::Answer { answer: server.answer(&request.offer.hello()) }
        } else {
            HelloOutcome::TurnedAway { phase: Phase::Greeting }
        };
        let answer = Answer::Hello(HelloSeen { ms: Some(1.0), heard: received, presented: None });
        evidence.asked(question.clone(), 1.0, Outcome::Done { answer });
    }
    evidence
}

fn seen(server: &FakeServer, words: &[&str]) -> Scan {
    let plan = plan(words);
    results(&plan, &scan(server, &plan)).expect("a scan")
}

fn accepted(scan: &Scan) -> Vec<WeakClass> {
    scan.weak.iter().filter(|weak| weak.accepted == Support::Yes).map(|weak| weak.class).collect()
}

/// For each class, one suite that belongs to no other class.
const WEAK: [(WeakClass, u16); 7] = [
    (WeakClass::Null, 0x0002),
    (WeakClass::Export, 0x0008),
    (WeakClass::Anonymous, 0x0034),
    (WeakClass::Rc4, 0x0005),
    (WeakClass::Des, 0x0009),
    (WeakClass::SmallBlock, 0x0007),
    (WeakClass::TripleDes, 0x000A),
];

#[test]
fn every_set_of_weak_classes_is_found_independently_of_the_order_of_suites() {
    // No class, each class alone, each pair, and all classes together.
    for set in (0..1u32 << WEAK.len()).filter(|set| set.count_ones() <= 2 || set.count_ones() == 7) {
        let chosen: Vec<(WeakClass, u16)> =
            WEAK.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, one)| *one).collect();
        for order in [Preference::Server, Preference::Client] {
            let suites: Vec<u16> = chosen.iter().map(|(_, id)| *id).collect();
            let server = FakeServer { order, ..sound() }.with(Version::Tls12, &suites);
            let scan = seen(&server, &["--tls-scan"]);
            // A suite with EXPORT and DES belongs to both classes.
            let mut expected: Vec<WeakClass> = WeakClass::ALL
                .into_iter()
                .filter(|class| suites.iter().any(|id| class.has(&suite_name(*id))))
                .collect();
            expected.sort_by_key(|class| WeakClass::ALL.iter().position(|known| known == class));
            assert_eq!(accepted(&scan), expected, "{suites:04x?} {order:?}");
            let unknown = scan.weak.iter().filter(|weak| weak.accepted == Support::Unknown).count();
            assert_eq!((unknown, scan.inconclusive.clone()), (0, None), "{suites:04x?} {order:?}");
            assert!(scan.hellos <= 22, "{} for {suites:04x?}", scan.hellos);
        }
    }
}

#[test]
fn weak_suites_that_only_the_oldest_version_accepts_are_found() {
    for id in WEAK.map(|(_, id)| id) {
        let server = sound().with(Version::Tls10, &[0xC013, id]);
        let scan = seen(&server, &["--tls-scan"]);
        let expected: Vec<WeakClass> = WeakClass::ALL.into_iter().filter(|class| class.has(&suite_name(id))).collect();
        assert_eq!(accepted(&scan), expected, "{id:04x}");
        assert!(scan.hellos <= 22, "{}", scan.hellos);
    }
}

#[test]
fn a_server_without_faults_gets_at_most_eleven_client_hellos() {
    let scan = seen(&sound(), &["--tls-scan"]);
    assert!(scan.hellos <= 11, "{}", scan.hellos);
    assert!(scan.weak.iter().all(|weak| weak.accepted == Support::No && weak.suites.is_empty()));
    assert_eq!((scan.dhe, scan.without_forward_secrecy, scan.sslv2), (Support::No, Support::No, Support::Unknown));
    assert_eq!(scan.features.fallback_protection, Support::Yes);
    let versions: Vec<Support> = scan.versions.iter().map(|one| one.accepted).collect();
    assert_eq!(versions, [Support::Yes, Support::Yes, Support::No, Support::No, Support::No]);
}

#[test]
fn a_short_prime_is_found_on_a_server_with_other_faults() {
    for order in [Preference::Server, Preference::Client] {
        let server = FakeServer { order, dh_bits: 1024, ..sound() }.with(Version::Tls12, &[0x0005, 0x009E, 0x009D]);
        let scan = seen(&server, &["--tls-scan"]);
        assert_eq!((scan.dh_bits, scan.dhe, scan.without_forward_secrecy), (Some(1024), Support::Yes, Support::Yes));
    }
}

#[test]
fn a_full_scan_lists_all_suites_and_whose_preference_decides() {
    let common = [0xC030, 0xC02F, 0x0005, 0x009E, 0x0034, 0x0002];
    for order in [Preference::Server, Preference::Client] {
        let mut server = FakeServer { order, groups: vec![23, 29, 24], ..sound() };
        server.suites = vec![
            (Version::Tls13, GOOD_13.to_vec()),
            // The last suite uses ARIA, which few servers support.
            (Version::Tls12, [&common[..], &[0xC060]].concat()),
            (Version::Tls10, vec![0x0005, 0xC013, 0x0008]),
        ];
        let scan = seen(&server, &["--tls-scan=full"]);
        for (version, suites) in &server.suites {
            let one = scan.versions.iter().find(|one| one.version == *version).expect("a version");
            let mut listed = one.suites.clone().expect("a list");
            let mut expected: Vec<String> = suites.iter().map(|id| suite_name(*id)).collect();
            listed.sort();
            expected.sort();
            assert_eq!((&listed, one.suites_complete), (&expected, true), "{version} {order:?}");
            assert_eq!(one.preference, Some(order), "{version}");
        }
        let old = scan.versions.iter().find(|one| one.version == Version::Tls11).expect("a version");
        assert_eq!((&old.suites, old.accepted), (&None, Support::No));
        assert!(scan.suites_complete && scan.groups_complete && scan.groups_before_1_3_complete);
        let mut groups = scan.groups_before_1_3.expect("a list");
        groups.sort();
        assert_eq!(groups, ["X25519", "secp256r1", "secp384r1"]);
    }
}

#[test]
fn items_that_were_not_tested_because_the_server_rejects_connections_are_unknown() {
    for hellos_until_limit in 0..40 {
        let server = FakeServer { hellos_until_limit, ..sound() }.with(Version::Tls12, &[0x0005, 0x0002]);
        for words in [&["--tls-scan"][..], &["--tls-scan=full"]] {
            let scan = seen(&server, words);
            let is_no =
                |class: WeakClass| scan.weak.iter().any(|weak| weak.class == class && weak.accepted == Support::No);
            assert!(!is_no(WeakClass::Rc4) && !is_no(WeakClass::Null), "{hellos_until_limit}");
            if scan.inconclusive.is_none() {
                assert_eq!(accepted(&scan), [WeakClass::Null, WeakClass::Rc4], "{hellos_until_limit}");
            }
        }
    }
}

#[test]
fn the_scan_of_a_server_that_accepts_every_suite_ends() {
    let all = |version: Version| {
        let mut suites = Offer::Version { version }.hello().suites;
        suites.extend(ClientHello::rare(version).suites);
        (version, suites)
    };
    let groups = ClientHello::everything(Version::Tls13).groups;
    let server = FakeServer { suites: Version::ALL.map(all).to_vec(), groups, ..sound() };
    let scan = seen(&server, &["--tls-scan=full", "--max-connections", "1000"]);
    assert!(scan.versions.iter().all(|one| one.suites_complete), "{}", scan.hellos);
    assert!(seen(&server, &["--tls-scan"]).hellos <= 22);
}

#[test]
fn features_that_are_missing_in_the_responses_raise_findings() {
    let rules = |server: &FakeServer| {
        let plan = plan(&["--tls-scan"]);
        judge(&plan, &scan(server, &plan)).into_iter().map(|finding| finding.rule.into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(rules(&sound()), Vec::<String>::new());
    assert_eq!(rules(&FakeServer { has_master_secret: false, ..sound() }), ["tls-extended-master-secret-missing"]);
    // Clients detect a downgrade from TLS 1.3 to TLS 1.2 by the TLS 1.3 downgrade marker.
    assert_eq!(rules(&FakeServer { sees_fallback: false, ..sound() }), Vec::<String>::new());
    let old = FakeServer { sees_fallback: false, ..sound() }.with(Version::Tls11, &[0xC013]);
    assert_eq!(rules(&old), ["tls-old-version-accepted", "tls-fallback-unprotected"]);
}

#[test]
fn a_profile_lists_required_changes_and_items_that_were_not_tested() {
    let compared = |server: &FakeServer, name: &str| {
        let plan = plan(&["--tls-profile", name]);
        verdict(&plan, &scan(server, &plan)).expect("a verdict")
    };
    let must = |server: &FakeServer, name: &str| {
        let verdict = compared(server, name);
        verdict.deviations.into_iter().filter(|one| one.level == Level::Must).map(|one| one.found).collect::<Vec<_>>()
    };
    assert_eq!(must(&sound(), "mozilla-intermediate"), Vec::<String>::new());
    assert_eq!(must(&sound(), "ncsc-nl-2025"), Vec::<String>::new());
    assert_eq!(must(&sound(), "mozilla-modern"), ["the server accepts TLS 1.2"]);
    assert_eq!(must(&sound(), "bsi-tr-03116"), ["the server accepts TLS_CHACHA20_POLY1305_SHA256"]);
    let old =
        FakeServer { dh_bits: 2048, ..sound() }.with(Version::Tls12, &[0x009E, 0xC013]).with(Version::Tls10, &[0xC014]);
    assert_eq!(
        must(&old, "ncsc-nl-2025"),
        [
            "the server accepts TLS 1.0",
            "the server accepts TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "the server uses Diffie-Hellman with a prime of 2048 bits"
        ]
    );
    // The certificates are not known, because TLS 1.3 encrypts them, so it is unknown whether the server meets the
    // profile.
    let verdict = compared(&sound(), "ncsc-nl-2025");
    assert_eq!(
        (verdict.met, verdict.not_tested.first().map(String::as_str)),
        (Support::Unknown, Some("the certificate"))
    );
    assert_eq!(verdict.not_tested.len(), 1, "the scan finished: {:?}", verdict.not_tested);
    assert!(verdict.not_testable.iter().any(|one| one.contains("0-RTT")), "{:?}", verdict.not_testable);
    let cut = compared(&FakeServer { hellos_until_limit: 5, ..sound() }, "mozilla-intermediate");
    assert_eq!(cut.met, Support::Unknown);
    assert!(cut.not_tested.iter().any(|one| one.contains("SSLv2")), "{:?}", cut.not_tested);
    assert_eq!(cut.not_testable, compared(&sound(), "mozilla-intermediate").not_testable);
}

#[test]
fn scan_and_verdict_survive_a_round_trip_through_json() {
    let plan = plan(&["--tls-profile", "ncsc-nl-2025"]);
    let evidence = scan(&sound(), &plan);
    let json = serde_json::to_value(results(&plan, &evidence)).expect("json");
    assert_eq!(serde_json::from_value::<Option<Scan>>(json).expect("the same"), results(&plan, &evidence));
    let json = serde_json::to_value(verdict(&plan, &evidence)).expect("json");
    assert_eq!(
        serde_json::from_value::<Option<super::ProfileVerdict>>(json).expect("the same"),
        verdict(&plan, &evidence)
    );
}
