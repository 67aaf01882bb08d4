//! The search for client settings with simulated servers: what each source reports, the order of candidates, and the
//! findings.

#![allow(clippy::indexing_slicing, reason = "a failing test panics")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::seen::{CandidateState, LoginTrial, SettingSecurity, SettingsSeen, SourceKind, SourceState};
use super::{results, unconfirmed};
use crate::check::domain::world::{MailServer, World, chain};
use crate::check::{self, Finding, PhaseFailure};
use crate::cli::{self, Invocation};
use crate::evidence::fault::{ConnectFaultKind, DnsFaultKind};
use crate::evidence::{Evidence, Fault, FetchSeen, HttpResponse, Outcome, SkipReason};
use crate::lexicon::Confidence;
use crate::plan::{Login, LoginConsent, LoginProof, Plaintext, Plan, Unverified};
use crate::question::{FetchTransport, Question};
use crate::wire::{Host, RecordKind};

const FILE: &str = "/mail/config-v1.1.xml";
const WITH_ADDRESS: &str = "/mail/config-v1.1.xml?emailaddress=ann%40example.com";

fn plan(address: &str) -> Plan {
    plan_of(&[address])
}

/// A plan with these arguments of `smtpcheck settings`.
fn plan_of(arguments: &[&str]) -> Plan {
    let words = ["settings"].iter().chain(arguments).map(Into::into).collect();
    let Ok(Invocation::Settings(args, matches)) = cli::parse(words) else { unreachable!("the words are a search") };
    cli::settings::plan(&args, &matches, None).expect("a plan")
}

/// A plan with a password.
fn with_login(address: &str) -> Plan {
    let login = Login {
        user: address.to_owned(),
        authzid: None,
        proof: LoginProof::Password,
        try_all: false,
        mechanisms: Vec::new(),
        plaintext: Plaintext::Refused,
        unverified: Unverified::Refused,
    };
    Plan { login: Some(login), ..plan(address) }
}

fn page(status: u16, body: &str) -> FetchSeen {
    let presented = chain(&["autoconfig.example.com"], "EC P-256", 60);
    let response = HttpResponse {
        status,
        content_type: None,
        location: None,
        body: body.to_owned(),
        body_bytes: body.len(),
        too_long: false,
        is_cut: false,
        timed_out: false,
    };
    FetchSeen {
        address: "192.0.2.80:443".parse().expect("an address"),
        tls_version: Some("1.3".to_owned()),
        presented: Some(Box::new(presented)),
        response: Some(response),
    }
}

fn redirect(to: &str) -> FetchSeen {
    let mut seen = page(302, "");
    if let Some(response) = &mut seen.response {
        response.location = Some(to.to_owned());
    }
    seen
}

fn file(host: &str, port: u16, socket: &str) -> String {
    format!(
        "<clientConfig version=\"1.1\"><emailProvider id=\"x\"><outgoingServer type=\"smtp\"><hostname>{host}</hostname><port>{port}</port><socketType>{socket}</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></outgoingServer></emailProvider></clientConfig>"
    )
}

struct Searched {
    seen: SettingsSeen,
    findings: Vec<Finding>,
    evidence: Evidence,
}

fn search(world: &mut World, plan: &Plan) -> Searched {
    let evidence = world.evidence(plan);
    let seen = results(plan, &evidence).expect("results");
    Searched { seen, findings: check::judge(plan, &evidence), evidence }
}

impl Searched {
    fn rules(&self) -> Vec<&str> {
        self.findings.iter().map(|finding| finding.rule.as_ref()).collect()
    }

    fn best(&self) -> String {
        let setting = self.seen.recommended.as_ref();
        setting.map_or_else(|| "none".to_owned(), |setting| format!("{}:{}", setting.host, setting.port))
    }

    fn state(&self, kind: SourceKind) -> SourceState {
        self.seen.sources.iter().find(|source| source.source == kind).expect("the source").state
    }

    /// The servers on which a login was tested, in order.
    fn logins(&self) -> Vec<String> {
        let sessions = self.evidence.sessions().filter(|session| session.request.script.login.is_some());
        sessions.map(|session| session.request.host.with_port(session.request.port)).collect()
    }
}

#[test]
fn offline_a_known_provider_is_found_without_another_source() {
    let mut world = World::new();
    world.record("smtp.gmail.com A 192.0.2.1").server("192.0.2.1", MailServer::submission("smtp.gmail.com"));
    let found = search(&mut world, &plan_of(&["ann@gmail.com", "--offline"]));
    assert_eq!((found.best().as_str(), found.rules()), ("smtp.gmail.com:465", Vec::new()));
    assert!(
        found.seen.candidates.iter().all(|one| one.sources == [SourceKind::KnownProvider]),
        "{:?}",
        found.seen.candidates
    );
    let is_network = |question: &Question| matches!(question, Question::Fetch(_) | Question::Records(_));
    assert!(!found.evidence.probes.iter().any(|probe| is_network(&probe.question)));
}

#[test]
fn a_known_provider_is_found_by_its_domain_and_implicit_tls_is_preferred() {
    let mut world = World::new();
    world.record("smtp.gmail.com A 192.0.2.1").server("192.0.2.1", MailServer::submission("smtp.gmail.com"));
    let found = search(&mut world, &plan("ann@gmail.com"));
    assert_eq!((found.best().as_str(), found.rules()), ("smtp.gmail.com:465", Vec::new()));
    let setting = found.seen.recommended.as_ref().expect("a setting");
    assert_eq!((setting.security, setting.user.as_deref()), (SettingSecurity::ImplicitTls, Some("ann@gmail.com")));
    assert!(setting.reason.contains("RFC 8314"), "{}", setting.reason);
    assert!(setting.password.as_deref().is_some_and(|text| text.contains("app password")));
    assert_eq!(found.seen.candidates.len(), 2);
    assert_eq!(setting.not_proved[0], "the login (no password was given)");
}

#[test]
fn a_provider_found_by_the_mx_record_is_authenticated_only_if_the_record_is_signed() {
    let mut world = World::new();
    world.zone("example.com MX 1 aspmx.l.google.com\nsmtp.gmail.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("smtp.gmail.com"));
    let found = search(&mut world, &with_login("ann@example.com"));
    assert_eq!(found.best(), "smtp.gmail.com:465");
    assert_eq!(found.rules(), ["settings-login-not-tested"]);
    assert_eq!(found.logins(), Vec::<String>::new());
    world.signed();
    let found = search(&mut world, &with_login("ann@example.com"));
    assert_eq!((found.rules(), found.logins().len()), (Vec::new(), 1));
}

#[test]
fn a_microsoft_365_organisation_is_found_by_its_alias_and_by_the_response_of_its_own_server() {
    let mut world = World::new();
    world.zone("autodiscover.example.com CNAME autodiscover.outlook.com\nsmtp.office365.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("smtp.office365.com"));
    let found = search(&mut world, &plan("ann@example.com"));
    assert_eq!(
        (found.best().as_str(), found.state(SourceKind::Autodiscover)),
        ("smtp.office365.com:587", SourceState::Found)
    );
    let is_sent = |question: &Question| matches!(question, Question::Fetch(request) if request.host.ascii().starts_with("autodiscover"));
    assert!(!world.asked.iter().any(is_sent), "nothing is sent to a server outside the domain");
    let mut world = World::new();
    world.zone("autodiscover.example.com A 192.0.2.9\nsmtp.office365.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("smtp.office365.com"));
    let body = r#"{"Protocol":"AutodiscoverV1","Url":"https://outlook.office365.com/autodiscover/autodiscover.xml"}"#;
    let path = "/autodiscover/autodiscover.json?Email=postmaster%40example.com&Protocol=AutodiscoverV1";
    world.page("autodiscover.example.com", path, page(200, body));
    let found = search(&mut world, &with_login("ann@example.com"));
    assert_eq!(found.logins(), ["smtp.office365.com:587"]);
}

#[test]
fn srv_targets_in_the_domain_are_authenticated_and_others_need_signed_records_or_consent() {
    let mut inside = World::new();
    inside.zone("_submissions._tcp.example.com SRV 0 1 465 smtp.example.com\nsmtp.example.com A 192.0.2.1");
    inside.server("192.0.2.1", MailServer::submission("smtp.example.com"));
    assert_eq!(search(&mut inside, &with_login("ann@example.com")).rules(), Vec::<&str>::new());
    let outside = || {
        let mut world = World::new();
        world.zone("_submissions._tcp.example.com SRV 0 1 465 smtp.hoster.example\nsmtp.hoster.example A 192.0.2.1");
        world.server("192.0.2.1", MailServer::submission("smtp.hoster.example"));
        world
    };
    let mut plan = with_login("ann@example.com");
    let found = search(&mut outside(), &plan);
    assert_eq!(found.rules(), ["settings-login-not-tested"]);
    assert_eq!(found.findings[0].failure, Some(PhaseFailure::Incomplete));
    let server = unconfirmed(&plan, &found.evidence).expect("a server");
    assert_eq!((server.registrable.as_str(), server.port), ("hoster.example", 465));
    if let Some(settings) = &mut plan.settings {
        settings.consent = LoginConsent::Hosts { hosts: vec![server.host] };
    }
    let found = search(&mut outside(), &plan);
    assert_eq!(found.rules(), ["settings-unauthenticated"]);
    assert_eq!(found.logins(), ["smtp.hoster.example:465"]);
    let mut signed = outside();
    signed.signed();
    assert_eq!(search(&mut signed, &with_login("ann@example.com")).rules(), Vec::<&str>::new());
}

/// Anyone can register a name below a public suffix, so the operator of the suffix is not responsible for it.
#[test]
fn a_host_below_a_public_suffix_does_not_belong_to_the_suffix() {
    for (domain, host) in [("github.io", "mallory.github.io"), ("co.uk", "mallory.co.uk")] {
        let mut world = World::new();
        world.zone(&format!("_submissions._tcp.{domain} SRV 0 1 465 {host}\n{host} A 192.0.2.1"));
        world.server("192.0.2.1", MailServer::submission(host));
        let found = search(&mut world, &with_login(&format!("ann@{domain}")));
        assert_eq!((found.rules(), found.logins()), (vec!["settings-login-not-tested"], Vec::new()));
        let mut world = World::new();
        world.zone(&format!("autoconfig.{domain} A 192.0.2.9\n{host} A 192.0.2.1"));
        world.server("192.0.2.1", MailServer::submission(host));
        let path = format!("/mail/config-v1.1.xml?emailaddress=ann%40{domain}");
        world.page(&format!("autoconfig.{domain}"), &path, page(200, &file(host, 465, "SSL")));
        let found = search(&mut world, &with_login(&format!("ann@{domain}")));
        assert_eq!((found.rules(), found.logins()), (vec!["settings-login-not-tested"], Vec::new()));
    }
}

#[test]
fn each_srv_target_is_judged_by_its_own_host() {
    let mut world = World::new();
    world.zone(
        "_submissions._tcp.example.com SRV 0 1 465 smtp.example.com\n_submission._tcp.example.com SRV 0 1 587 \
         smtp.hoster.example\nsmtp.example.com A 192.0.2.1\nsmtp.hoster.example A 192.0.2.2",
    );
    world.server("192.0.2.1", MailServer::submission("smtp.example.com"));
    world.server("192.0.2.2", MailServer::submission("smtp.hoster.example"));
    let found = search(&mut world, &with_login("ann@example.com"));
    assert_eq!(found.logins(), ["smtp.example.com:465"]);
    assert!(!found.seen.candidates.iter().any(|one| one.host == "smtp.hoster.example" && one.authenticated));
}

#[test]
fn a_failed_lookup_is_not_reported_as_a_missing_record() {
    let mut world = World::new();
    world.fails("example.com", RecordKind::Mx, DnsFaultKind::Timeout);
    let found = search(&mut world, &plan("example.com"));
    assert_eq!(found.state(SourceKind::ProviderOfMx), SourceState::Failed);
    assert_eq!(found.findings[0].rule, "settings-not-found");
    assert!(found.findings[0].confidence < Confidence::Certain, "{:?}", found.findings[0]);
}

/// A NUL separates the fields of SASL PLAIN (RFC 4616 §2).
#[test]
fn a_user_name_with_a_control_character_is_not_used() {
    for user in ["a\0b", "a\u{1b}b", "a&#10;b"] {
        let mut world = World::new();
        world.zone("autoconfig.example.com A 192.0.2.9\nsmtp.example.com A 192.0.2.1");
        world.server("192.0.2.1", MailServer::submission("smtp.example.com"));
        let body = file("smtp.example.com", 465, "SSL").replace("%EMAILADDRESS%", user);
        assert!(body.contains(user), "{body}");
        world.page("autoconfig.example.com", WITH_ADDRESS, page(200, &body));
        let found = search(&mut world, &with_login("ann@example.com"));
        let is_used = |one: &str| one.chars().any(char::is_control);
        assert!(!found.seen.candidates.iter().any(|one| one.user.as_deref().is_some_and(is_used)), "{user:?}");
        assert_ne!(found.state(SourceKind::Autoconfig), SourceState::Found, "{user:?}");
    }
}

#[test]
fn services_that_are_not_offered_are_not_guessed() {
    let mut world = World::new();
    world.zone("_submissions._tcp.example.com SRV 0 0 0 .\nsmtp.example.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("smtp.example.com"));
    let found = search(&mut world, &plan("example.com"));
    assert_eq!(found.best(), "smtp.example.com:587");
    assert!(found.seen.candidates.iter().all(|one| one.port != 465), "{:?}", found.seen.candidates);
    assert_eq!(found.rules(), ["settings-unauthenticated", "submission-not-offered"]);
}

#[test]
fn port_465_in_a_record_for_starttls_uses_implicit_tls() {
    let mut world = World::new();
    world.zone("_submission._tcp.example.com SRV 0 1 465 smtp.example.com\nsmtp.example.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("smtp.example.com"));
    let found = search(&mut world, &plan("example.com"));
    assert_eq!(found.rules(), ["submission-record-invalid"]);
    let setting = found.seen.recommended.expect("a setting");
    assert_eq!((setting.port, setting.security, setting.user), (465, SettingSecurity::ImplicitTls, None));
}

#[test]
fn a_pacc_file_needs_its_digest_in_the_dns() {
    let body = r#"{"protocols":{"smtp":{"host":"smtp.example.com"}},"authentication":{"password":true}}"#;
    let mut world = World::new();
    world.record("smtp.example.com A 192.0.2.1").server("192.0.2.1", MailServer::submission("smtp.example.com"));
    world.page("ua-auto-config.example.com", "/.well-known/user-agent-configuration.json", page(200, body));
    let found = search(&mut world, &plan("example.com"));
    assert_eq!(
        (found.rules(), found.state(SourceKind::Pacc)),
        (vec!["settings-unauthenticated", "pacc-digest"], SourceState::Invalid)
    );
    let digest = STANDARD.encode(Sha256::digest(body.as_bytes()));
    world.record(&format!("_ua-auto-config.example.com TXT v=UAAC1; a=sha256; d={digest}"));
    let found = search(&mut world, &plan("example.com"));
    assert_eq!((found.rules(), found.best().as_str()), (Vec::new(), "smtp.example.com:465"));
    assert_eq!(found.state(SourceKind::Pacc), SourceState::Found);
}

#[test]
fn the_email_address_is_sent_only_to_the_domain_itself_and_http_is_not_used_if_https_works() {
    let mut world = World::new();
    world.record("smtp.example.com A 192.0.2.1").server("192.0.2.1", MailServer::submission("smtp.example.com"));
    world.page("autoconfig.example.com", WITH_ADDRESS, page(200, &file("smtp.example.com", 465, "SSL")));
    let found = search(&mut world, &plan("ann@example.com"));
    assert_eq!((found.rules(), found.best().as_str()), (Vec::new(), "smtp.example.com:465"));
    assert_eq!(found.state(SourceKind::AutoconfigHttp), SourceState::NotAsked);
    for question in &world.asked {
        if let Question::Fetch(request) = question {
            let has_address = request.path.contains("ann");
            assert_eq!(has_address, request.host.ascii() == "autoconfig.example.com", "{request:?}");
            assert_eq!(request.transport, FetchTransport::Https);
            assert_eq!(request.limit_ms, Some(5000));
        }
    }
}

#[test]
fn redirects_follow_the_rules_and_the_email_address_does_not_leave_the_domain() {
    let server = || {
        let mut world = World::new();
        world.record("smtp.example.com A 192.0.2.1").server("192.0.2.1", MailServer::submission("smtp.example.com"));
        world
    };
    let good = || page(200, &file("smtp.example.com", 465, "SSL"));
    let mut world = server();
    world.page(
        "autoconfig.example.com",
        WITH_ADDRESS,
        redirect("https://hoster.example/a.xml?emailaddress=ann%40example.com"),
    );
    world.page("hoster.example", "/a.xml", good());
    let found = search(&mut world, &plan("ann@example.com"));
    assert_eq!(found.state(SourceKind::Autoconfig), SourceState::Found);
    for (location, why) in [
        ("http://autoconfig.example.com/b.xml", "a redirect to an unencrypted page is not followed"),
        ("ftp://autoconfig.example.com/b.xml", "the redirect is not valid"),
    ] {
        let mut world = server();
        world.page("autoconfig.example.com", FILE, redirect(location));
        world.page_over(FetchTransport::Http, "autoconfig.example.com", "/b.xml", good());
        let found = search(&mut world, &plan("example.com"));
        let source = found.seen.sources.iter().find(|one| one.source == SourceKind::Autoconfig).expect("the source");
        assert_eq!((source.state, source.detail.as_str()), (SourceState::Failed, why));
    }
    let mut world = server();
    world.page("autoconfig.example.com", FILE, redirect("/1"));
    for (from, to) in [("/1", "/2"), ("/2", "/3"), ("/3", "/4")] {
        world.page("autoconfig.example.com", from, redirect(to));
    }
    world.page("autoconfig.example.com", "/4", good());
    assert_eq!(search(&mut world, &plan("example.com")).state(SourceKind::Autoconfig), SourceState::Failed);
    let mut world = server();
    world.page_over(
        FetchTransport::Http,
        "autoconfig.example.com",
        FILE,
        redirect("https://autoconfig.example.com/b.xml"),
    );
    world.page("autoconfig.example.com", "/b.xml", good());
    let found = search(&mut world, &plan("example.com"));
    assert_eq!(found.rules(), ["settings-unauthenticated"], "a page behind an unencrypted one is not authenticated");
}

#[test]
fn web_servers_with_private_addresses_are_not_queried_and_their_names_are_shown() {
    let mut world = World::new();
    let fault = Fault::NotPublic { address: [10, 0, 0, 1].into() };
    world.page_fails("autoconfig.example.com", FILE, fault);
    let found = search(&mut world, &plan("example.com"));
    let source = found.seen.sources.iter().find(|one| one.source == SourceKind::Autoconfig).expect("the source");
    assert_eq!(source.detail, "autoconfig.example.com has the IP address 10.0.0.1, which is not public");
    assert_eq!(found.rules(), ["settings-not-found"]);
    assert_eq!(found.findings[0].failure, Some(PhaseFailure::Unreachable));
}

#[test]
fn the_domain_of_the_mx_host_is_queried_only_if_nothing_better_exists() {
    let mut world = World::new();
    world.zone("example.com MX 1 mx.eu.hoster.example\nsmtp.hoster.example A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("smtp.hoster.example"));
    world.page("autoconfig.hoster.example", FILE, page(200, &file("smtp.hoster.example", 587, "STARTTLS")));
    let found = search(&mut world, &plan("ann@example.com"));
    assert_eq!(found.state(SourceKind::AutoconfigOfMx), SourceState::Found);
    assert_eq!((found.best().as_str(), found.rules()), ("smtp.hoster.example:465", vec!["settings-unauthenticated"]));
    assert!(!found.seen.recommended.as_ref().expect("a setting").reason.is_empty());
    world.page("autoconfig.example.com", WITH_ADDRESS, page(200, &file("smtp.hoster.example", 587, "STARTTLS")));
    let found = search(&mut world, &plan("ann@example.com"));
    assert_eq!((found.state(SourceKind::AutoconfigOfMx), found.rules()), (SourceState::NotAsked, Vec::new()));
}

/// A domain whose autoconfiguration file names one server and whose SRV record names another.
fn contradiction(file_reply: &str, srv_reply: &str) -> World {
    let mut world = World::new();
    world.zone("_submissions._tcp.example.com SRV 0 1 465 new.example.com\nnew.example.com A 192.0.2.1\nold.example.com A 192.0.2.2");
    world.server("192.0.2.1", MailServer::submission("new.example.com").replying("AUTH", srv_reply));
    world.server("192.0.2.2", MailServer::submission("old.example.com").replying("AUTH", file_reply));
    world.page("autoconfig.example.com", WITH_ADDRESS, page(200, &file("old.example.com", 465, "SSL")));
    world
}

const ACCEPTED: &str = "235 2.7.0 Authentication successful";
const REJECTED: &str = "535 5.7.8 Authentication credentials invalid";

#[test]
fn after_a_host_rejects_the_login_only_the_next_host_is_tried() {
    let found = search(&mut contradiction(REJECTED, ACCEPTED), &with_login("ann@example.com"));
    assert_eq!(found.logins(), ["old.example.com:465", "new.example.com:465"]);
    assert_eq!((found.best().as_str(), found.rules()), ("new.example.com:465", vec!["settings-sources-disagree"]));
    let setting = found.seen.recommended.as_ref().expect("a setting");
    assert_eq!(setting.mechanism.as_deref(), Some("PLAIN"));
    let rejected = found.seen.candidates.iter().filter(|one| one.host == "old.example.com");
    assert!(rejected.clone().any(|one| one.login == LoginTrial::Rejected));
    assert!(
        rejected.clone().any(|one| one.login_detail.as_deref() == Some("the same host rejected the login on port 465"))
    );
}

#[test]
fn if_every_host_rejects_the_login_nothing_is_recommended() {
    let found = search(&mut contradiction(REJECTED, REJECTED), &with_login("ann@example.com"));
    assert_eq!((found.best().as_str(), found.logins().len()), ("none", 2));
    assert_eq!(found.rules(), ["settings-login-rejected", "settings-sources-disagree"]);
    assert_eq!(found.findings[0].failure, Some(PhaseFailure::Auth));
    let command = found.findings[0].fixes.last().and_then(|fix| fix.command.clone()).expect("a command");
    assert_eq!(command, "smtpcheck settings ann@example.com --user ann");
}

#[test]
fn a_command_that_repeats_the_search_keeps_the_sources_and_the_file_with_the_password() {
    let login = with_login("ann@example.com").login;
    let given = plan_of(&["ann@example.com", "--ispdb", "none", "--password-file", "/run/pw"]);
    let found = search(&mut contradiction(REJECTED, REJECTED), &Plan { login, ..given });
    let command = found.findings[0].fixes.last().and_then(|fix| fix.command.clone()).expect("a command");
    assert_eq!(command, "smtpcheck settings ann@example.com --user ann --password-file /run/pw --ispdb none");
}

#[test]
fn a_temporary_rejection_of_the_login_is_not_a_wrong_password() {
    let deferred = "454 4.7.0 Temporary authentication failure";
    let mut world = World::new();
    world.zone("_submissions._tcp.example.com SRV 0 1 465 smtp.example.com\nsmtp.example.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("smtp.example.com").replying("AUTH", deferred));
    let found = search(&mut world, &with_login("ann@example.com"));
    assert_eq!(found.rules(), ["settings-login-not-tested"]);
    assert_eq!(found.findings[0].failure, Some(PhaseFailure::RefusedTemporary));
    assert_eq!(found.logins().len(), 2, "the other port of the host is tried");
}

#[test]
fn a_setting_published_without_tls_is_recommended_only_with_tls() {
    let mut world = World::new();
    world.record("smtp.example.com A 192.0.2.1").only_on("192.0.2.1", 587);
    world.page("autoconfig.example.com", FILE, page(200, &file("smtp.example.com", 587, "plain")));
    world.server("192.0.2.1", MailServer::submission("smtp.example.com"));
    let found = search(&mut world, &plan("example.com"));
    assert_eq!((found.best().as_str(), found.rules()), ("smtp.example.com:587", vec!["settings-clear-text"]));
    assert_eq!(found.seen.recommended.as_ref().expect("a setting").security, SettingSecurity::Starttls);
    world.server("192.0.2.1", MailServer::submission("smtp.example.com").without_starttls());
    let found = search(&mut world, &plan("example.com"));
    assert_eq!((found.best().as_str(), found.rules()), ("none", vec!["settings-not-proved", "settings-clear-text"]));
}

#[test]
fn other_ports_are_tried_only_if_the_usual_ones_cannot_be_reached() {
    let mut world = World::new();
    world.zone("_submission._tcp.example.com SRV 0 1 587 smtp.example.com\nsmtp.example.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("smtp.example.com")).only_on("192.0.2.1", 2525);
    let found = search(&mut world, &plan("example.com"));
    assert_eq!((found.best().as_str(), found.rules()), ("smtp.example.com:2525", vec!["settings-entry-fails"]));
    world.closed("192.0.2.1", ConnectFaultKind::TimedOut);
    let found = search(&mut world, &plan("example.com"));
    assert_eq!(found.rules(), ["settings-not-proved"]);
    assert_eq!(found.findings[0].failure, Some(PhaseFailure::Unreachable));
}

#[test]
fn a_guess_is_used_only_if_the_certificate_names_the_host() {
    let mut world = World::new();
    world.zone("smtp.example.com A 192.0.2.1\nmail.example.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("cloud7.hoster.example"));
    let found = search(&mut world, &plan("example.com"));
    assert_eq!((found.best().as_str(), found.rules()), ("none", vec!["settings-not-found"]));
    let names = &found.seen.candidates[0].certificate_names;
    assert_eq!(
        (found.seen.candidates[0].state, names.as_slice()),
        (CandidateState::Doubtful, &["cloud7.hoster.example".to_owned()][..])
    );
}

#[test]
fn placeholders_in_host_and_user_names_are_replaced() {
    let mut world = World::new();
    world.record("mail.example.com A 192.0.2.1").server("192.0.2.1", MailServer::submission("mail.example.com"));
    let body = file("mail.%EMAILDOMAIN%", 465, "SSL").replace("%EMAILADDRESS%", "%EMAILLOCALPART%.x");
    world.page("autoconfig.example.com", WITH_ADDRESS, page(200, &body));
    let found = search(&mut world, &plan("ann@example.com"));
    let setting = found.seen.recommended.expect("a setting");
    assert_eq!((setting.host.as_str(), setting.user.as_deref()), ("mail.example.com", Some("ann.x")));
    let mut given = plan("ann@example.com");
    if let Some(settings) = &mut given.settings {
        settings.user = Some("bob".to_owned());
    }
    let found = search(&mut world, &given);
    assert_eq!(found.seen.recommended.expect("a setting").user.as_deref(), Some("bob"));
}

#[test]
fn only_the_domains_own_file_puts_the_mailbox_into_a_host_name() {
    let body = file("%EMAILLOCALPART%.example.com", 465, "SSL");
    for (host, path, is_used) in
        [("autoconfig.example.com", WITH_ADDRESS, true), ("v1.ispdb.net", "/example.com", false)]
    {
        let mut world = World::new();
        world.record("ann.example.com A 192.0.2.1").server("192.0.2.1", MailServer::submission("ann.example.com"));
        world.page(host, path, page(200, &body));
        let found = search(&mut world, &plan("ann@example.com"));
        let recommended = found.seen.recommended.map(|setting| setting.host);
        assert_eq!(recommended.is_some_and(|name| name == "ann.example.com"), is_used, "{host}");
    }
}

#[test]
fn the_certificate_of_a_host_without_a_file_is_not_reported() {
    let mut world = World::new();
    let mut wrong = page(200, "");
    wrong.response = None;
    world.page("autoconfig.example.com", FILE, wrong);
    world.zone("_submissions._tcp.example.com SRV 0 1 465 smtp.example.com\nsmtp.example.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("smtp.example.com"));
    let found = search(&mut world, &plan("example.com"));
    assert_eq!((found.rules(), found.state(SourceKind::Autoconfig)), (Vec::new(), SourceState::Failed));
}

#[test]
fn every_question_about_a_host_is_bounded() {
    let mut world = World::new();
    let mut records = String::new();
    for number in 0..30 {
        records.push_str(&format!("_submissions._tcp.example.com SRV {number} 1 465 s{number}.example.com\n"));
        records.push_str(&format!("s{number}.example.com A 192.0.2.{}\n", number + 1));
        world.server(&format!("192.0.2.{}", number + 1), MailServer::submission(&format!("s{number}.example.com")));
    }
    world.zone(&records);
    let found = search(&mut world, &with_login("ann@example.com"));
    let hosts: std::collections::BTreeSet<&str> = found.seen.candidates.iter().map(|one| one.host.as_str()).collect();
    assert!(hosts.len() <= 8, "{hosts:?}");
    assert_eq!(found.logins(), ["s0.example.com:465"]);
    assert!(found.evidence.sessions().all(|session| matches!(session.request.host, Host::Name(_))));
}

#[test]
fn a_search_that_a_limit_cut_short_is_incomplete() {
    let mut world = World::new();
    world.zone("_submission._tcp.example.com SRV 0 1 587 smtp.example.com\nsmtp.example.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::submission("smtp.example.com"));
    world.closed("192.0.2.1", ConnectFaultKind::TimedOut);
    let plan = plan("example.com");
    let mut found = search(&mut world, &plan);
    assert_eq!(found.findings[0].failure, Some(PhaseFailure::Unreachable));
    // The time limit is reached before the last session.
    let last = found.evidence.probes.iter_mut().rfind(|probe| matches!(probe.question, Question::Session(_)));
    last.expect("a session").outcome = Outcome::Skipped { reason: SkipReason::TimeUp };
    let findings = check::judge(&plan, &found.evidence);
    assert_eq!((&*findings[0].rule, findings[0].failure), ("settings-not-proved", Some(PhaseFailure::Incomplete)));
}

#[test]
fn a_port_that_no_source_names_is_not_called_published() {
    let mut world = World::new();
    world.zone("_submission._tcp.example.com SRV 0 1 587 smtp.example.com\nsmtp.example.com A 192.0.2.1");
    world.server("192.0.2.1", MailServer::new("smtp.example.com")).only_on("192.0.2.1", 465);
    let found = search(&mut world, &plan("example.com"));
    let summary = &found.findings[0].summary;
    assert!(summary.starts_with("no settings work; the best server is ") && summary.contains(":465"), "{summary}");
    world.only_on("192.0.2.1", 587);
    let found = search(&mut world, &plan("example.com"));
    assert!(found.findings[0].summary.starts_with("no published settings work"), "{}", found.findings[0].summary);
}

#[test]
fn the_summary_about_a_certificate_names_the_problem_that_the_cause_explains() {
    let mut world = World::new();
    world.zone("_submission._tcp.example.com SRV 0 1 587 smtp.example.com\nsmtp.example.com A 192.0.2.1");
    let mut wrong = chain(&["localhost"], "EC P-256", 60);
    wrong.chain.iter_mut().for_each(|one| one.self_signed = true);
    world.server("192.0.2.1", MailServer::submission("smtp.example.com").with_chains(vec![wrong]));
    let plan = plan("example.com");
    let found = search(&mut world, &plan);
    // Reports show the results of this server.
    assert!(super::session(&plan, &found.evidence).is_some_and(|session| session.handshake().is_some()));
    let summary = &found.findings[0].summary;
    assert!(!summary.contains("certificate: wrong name") && summary.contains("certificate"), "{summary}");
}
