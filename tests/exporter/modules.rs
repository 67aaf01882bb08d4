//! Modules: their settings, their logins, and reloads.

use std::time::{Duration, Instant};

use super::client::Exporter;
use super::{address, defaults, sandbox};
use crate::support::leak::CANARY;
use crate::support::program;
use crate::support::server::{Identity, Server};

#[test]
fn a_module_has_its_own_settings_and_expectations() {
    let config = defaults() + "[module.old]\nexpect = [\"tls.version == 1.2\"]\n[module.plain]\ntls = \"none\"\n";
    let exporter = Exporter::start(&config);
    let old = exporter.probe(address("healthy-submission"), "&module=old").is(200);
    assert_eq!((old.value("probe_success"), old.value("probe_failed_due_to_regex")), (Some(0.0), Some(1.0)));
    assert_eq!(old.value("smtpcheck_expectation_held{expression=\"tls.version == 1.2\"}"), Some(0.0));
    let plain = exporter.probe(address("healthy-submission"), "&module=plain").is(200);
    assert_eq!(plain.value("smtpcheck_tls_established"), Some(0.0));
    let config = exporter.get("/config").is(200);
    config.contains("[module.old]").contains("expect = \"tls.version == 1.2\"").contains("[module.default]");
}

/// A profile that reads its password from a file, and a module whose password command fails.
fn login_config(port: &str) -> String {
    defaults()
        + &format!(
            "[profile.relay]\ntarget = \"localhost:{port}\"\nipv4 = true\nuser = \"u@example.net\"\npassword-file = \"password\"\n\
             [module.command]\nipv4 = true\nuser = \"u@example.net\"\npassword-command = \"echo '{}'; echo 'c4nary pw' >&2; exit 1\"\nlogin-host = \"localhost\"\n",
            "c4nary pw"
        )
}

#[test]
fn a_password_is_sent_only_to_the_hosts_of_its_module_and_appears_on_no_page() {
    let port = address("auth-echo").rsplit_once(':').unwrap().1;
    let exporter = Exporter::start_with(&login_config(port), &[("password", CANARY)], &[]);
    let target = format!("localhost:{port}");
    for path in [
        "/probe?module=relay".to_owned(),
        format!("/probe?module=relay&target={target}"),
        format!("/probe?module=relay&target={target}&debug=true"),
    ] {
        let page = exporter.get(&path).is(200);
        page.contains("smtpcheck_exit_code 7").contains("auth-credentials-refused");
    }
    for query in [
        format!("target=127.0.0.1:{port}"),
        "target=mail.example.net".to_owned(),
        format!("target={target}&hostname=other.example.net"),
    ] {
        let page = exporter.get(&format!("/probe?module=relay&{query}")).is(403);
        page.contains("does not send its password to").contains("login-host");
    }
    let page = exporter.get(&format!("/probe?module=relay&target={target}&hostname=localhost")).is(200);
    page.contains("smtpcheck_exit_code 7");
    // The command fails, and both its output and its error message contain the password.
    let failed = exporter.get(&format!("/probe?module=command&target={target}")).is(500);
    failed.contains("the password of module command cannot be read");
    for path in ["/", "/config", "/metrics", "/logs?id=1"] {
        exporter.get(path).is(200);
    }
    exporter.get("/config").contains("password-command = \"echo (the rest is not shown)\"");
    let metrics = exporter.get("/metrics").is(200);
    assert_eq!(metrics.value("smtpcheck_exporter_probes_total{result=\"unable\"}"), Some(1.0));
}

#[test]
fn a_login_receives_the_password_of_its_file_at_each_probe() {
    let identity = Identity::new();
    let script = "S: 220 localhost ESMTP\nC\nS: 250-localhost\nS: 250 STARTTLS\nC\nS: 220 go ahead\nTLS\nC\nS: 250-localhost\nS: 250 AUTH PLAIN\nC\nS: 235 2.7.0 ok\nC\nS: 221 bye";
    let server = Server::start(&[script], &identity);
    let ca = identity.ca_file();
    let config = format!(
        "[profile.relay]\ntarget = \"localhost:{}\"\nipv4 = true\nuser = \"u\"\npassword-file = \"password\"\ncacert = \"{}\"\n",
        server.port(),
        ca.path().display()
    );
    let exporter = Exporter::start_with(&config, &[("password", "first-password")], &[]);
    let mut sent = Vec::new();
    for password in ["first-password", "second-password"] {
        std::fs::write(exporter.folder.path().join("password"), password).unwrap();
        exporter.get("/probe?module=relay").is(200).contains("probe_success 1");
        sent.push(server.seen().lines.into_iter().find(|line| line.starts_with("AUTH PLAIN ")).unwrap());
    }
    assert_ne!(sent[0], sent[1]);
}

#[test]
fn a_profile_without_a_password_source_cannot_be_used_but_does_not_stop_the_exporter() {
    let config = defaults() + "[profile.person]\ntarget = \"mail.example.net\"\nuser = \"u\"\n";
    let exporter = Exporter::start(&config);
    assert!(exporter.log().contains("the profile person cannot be used as a module"), "{}", exporter.log());
    exporter.get("/probe?module=person").is(400).contains("no password given");
    exporter.probe(address("healthy-submission"), "").is(200).contains("probe_success 1");
}

#[test]
fn a_reload_replaces_the_configuration_unless_it_contains_an_error() {
    let exporter = Exporter::start(&defaults());
    let target = address("healthy-submission");
    exporter.probe(target, "&module=late").is(400);
    exporter.write_config(&(defaults() + "[module.late]\nexpect = \"tls.version >= 1.2\"\n"));
    exporter.send("POST", "/-/reload", &["Content-Length: 0"]).is(200);
    exporter.probe(target, "&module=late").is(200);
    for (broken, place, needle) in [
        ("[module.late\n", "config.toml:1:", "invalid TOML"),
        ("[module.late]\nexpct = \"xyzzy\"\n", "config.toml:2:1", "did you mean expect?"),
        ("[module.late]\nexpect = \"tls.xyzzy\"\n", "config.toml:2:1", "tls.xyzzy"),
        ("[module.late]\ncacert = \"missing.pem\"\n", "missing.pem", "missing.pem"),
        ("[module.late]\nuser = \"u\"\n", "the exporter's log", "no password given"),
        ("[module.late]\nuser = \"u\"\npassword-file = \"x\"\n", "the exporter's log", "add login-host"),
        ("[module.late]\ntype = \"domain\"\nlist = \"xyzzy xyzzy\"\n", "config.toml:3:1", "xyzzy"),
    ] {
        exporter.write_config(broken);
        let response = exporter.send("PUT", "/-/reload", &["Content-Length: 0"]).is(500);
        // A value of the file may be a secret, so the response names only the position of the error.
        response.contains("the old configuration remains in use").contains(place);
        assert!(!response.body.contains("xyzzy"), "{response:?}");
        exporter.logs(needle);
        exporter.probe(target, "&module=late").is(200).contains("probe_success 1");
        let metrics = exporter.get("/metrics");
        assert_eq!(metrics.value("smtpcheck_exporter_config_last_reload_successful"), Some(0.0));
    }
    exporter.logs("the configuration was not replaced");
    exporter.write_config(&(defaults() + "[module.later]\nexpect = \"tls.version >= 1.2\"\n"));
    exporter.signal("HUP");
    let began = Instant::now();
    while exporter.probe(target, "&module=later").status != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", exporter.log());
    }
    exporter.probe(target, "&module=late").is(400);
    let metrics = exporter.get("/metrics");
    assert_eq!(metrics.value("smtpcheck_exporter_config_last_reload_successful"), Some(1.0));
}

#[test]
fn a_configuration_error_ends_the_program_before_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml").to_str().unwrap().to_owned();
    let run = |config: &str, flags: &[&str]| {
        std::fs::write(&path, config).unwrap();
        program::run(&[&["exporter", "--config", &path], flags].concat())
    };
    for (config, flags, needle) in [
        ("[module.a]\nexpct = \"x\"", &["--listen", "127.0.0.1:0"][..], "did you mean expect?"),
        ("[module.a]\nretry = 3", &[], "no effect in a module"),
        ("[module.a]\nuser = \"u\"\npassword-file = \"p\"", &[], "add login-host"),
        ("[module.a]\nlogin-host = \"h.example\"", &[], "no effect without a user"),
        ("", &["--listen", "0.0.0.0:0"], "add --allow-target"),
        ("", &["--listen", ":0"], "add --allow-target"),
        ("", &["--listen", "mail.example:1"], "not an address to listen on"),
        ("", &["--allow-target", "a b"], "--allow-target"),
        ("", &["--web-config", "/nonexistent.yml"], "/nonexistent.yml"),
        ("", &["--profile", "x"], "the exporter uses all profiles"),
        ("", &["--max-probes", "0"], "--max-probes"),
        ("", &["--listen", address("healthy-relay")], "--listen"),
    ] {
        let run = run(config, flags);
        assert_eq!(run.code, 2, "{config} {flags:?}: {run}");
        assert!(run.stderr.contains(needle), "{config} {flags:?}: {run}");
    }
    let checked = run(&defaults(), &["--check-config"]);
    assert_eq!((checked.code, checked.stdout.as_str()), (0, "the configuration is valid\n"), "{checked}");
    assert_eq!(run(&format!("[defaults]\ncacert = \"{}x\"", sandbox().authority), &["--check-config"]).code, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_module_can_check_a_mail_domain() {
    use smtpcheck::sandbox::domains::{DOMAIN_CASES, DomainPorts};
    use smtpcheck::sandbox::{Options, Remote, Sandbox};

    let options = Options {
        listen: std::net::Ipv4Addr::LOCALHOST.into(),
        port: None,
        remote: Remote::Refused,
        fleet: None,
        dns: None,
        domains: Some(DomainPorts::default()),
    };
    let servers = Sandbox::open(&[], &options).unwrap();
    let service = servers.domains().unwrap().clone();
    let case = DOMAIN_CASES.iter().find(|case| case.name == "dane-mismatch").unwrap_or(&DOMAIN_CASES[0]);
    let words = service.arguments(case);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), servers.authorities().unwrap()).unwrap();
    std::fs::write(folder.path().join("anchor.txt"), &service.anchor).unwrap();
    let _running = servers.spawn(None).unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let mut config = format!(
        "[module.mail]\ntype = \"domain\"\ncacert = \"{}\"\ntrust-anchor = \"{}\"\n",
        file("ca.pem"),
        file("anchor.txt")
    );
    // The flags of the domain, as keys.
    let mut flags = words.iter().skip(2).peekable();
    while let Some(flag) = flags.next() {
        let key = flag.trim_start_matches('-');
        match flags.peek().filter(|next| !next.starts_with("--")) {
            Some(value) => {
                config.push_str(&format!("{key} = \"{value}\"\n"));
                flags.next();
            }
            None => config.push_str(&format!("{key} = true\n")),
        }
    }
    let exporter = Exporter::start(&config);
    let domain = format!("{}.test", case.name);
    let probe = exporter.get(&format!("/probe?module=mail&target={domain}")).is(200);
    assert!(probe.has("smtpcheck_domain_dane") && probe.has("smtpcheck_domain_mx_reachable"), "{}", probe.body);
    assert!(probe.has("smtpcheck_finding"), "{}", probe.body);
    exporter.get("/probe?module=mail").is(400).contains("target=DOMAIN");
    exporter.get("/probe?module=mail&target=192.0.2.1").is(400);
}
