//! The configuration file and the built program: which settings it changes, where a value comes from, and that no
//! password leaks.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::path::Path;

use crate::support::leak::CANARY as PASSWORD;
use crate::support::program::{Run, command, finish, run, run_with};
use crate::support::server::{Identity, Server};
use serde_json::Value;

const PLAIN: &str = "
    S: 220 localhost ESMTP
    C
    S: 250 localhost
    C
    S: 221 bye";

const LOGIN: &str = "
    S: 220 localhost ESMTP
    C
    S: 250-localhost
    S: 250 STARTTLS
    C
    S: 220 go ahead
    TLS
    C
    S: 250-localhost
    S: 250 AUTH PLAIN
    C
    S: 235 ok
    C
    S: 221 bye";

/// Creates a home directory with this configuration file.
fn home(config: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/smtpcheck");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), config).unwrap();
    home
}

fn at_home(home: &Path, args: &[&str], more: &[(&str, &str)]) -> Run {
    run_with(args, None, &[&[("HOME", home.to_str().unwrap())], more].concat())
}

fn origins(run: &Run) -> Value {
    run.json()["plan"]["origins"].clone()
}

#[test]
fn the_order_of_precedence_is_flag_environment_profile_defaults() {
    let identity = Identity::new();
    let server = Server::start(&[PLAIN, PLAIN, PLAIN, PLAIN], &identity);
    let home = home(&format!(
        "[defaults]\nehlo = \"defaults.example\"\ntls = \"none\"\nformat = \"json\"\n\
         [profile.near]\ntarget = \"127.0.0.1:{}\"\nehlo = \"profile.example\"\n",
        server.port()
    ));
    let target = format!("127.0.0.1:{}", server.port());
    let variable = [("SMTPCHECK_EHLO", "environment.example")];
    for (args, variables, ehlo, origin) in [
        (&[target.as_str()][..], &[][..], "defaults.example", "config"),
        (&["@near"], &[], "profile.example", "profile"),
        (&["--profile", "near"], &variable, "environment.example", "environment"),
        (&["@near", "--ehlo", "flag.example"], &variable, "flag.example", "flag"),
    ] {
        let run = at_home(home.path(), args, variables);
        assert_eq!(server.seen().lines[0], format!("EHLO {ehlo}"), "{args:?} {run}");
        assert_eq!(origins(&run)["ehlo"], origin, "{args:?} {run}");
        assert_eq!(origins(&run)["tls"], "config", "{args:?} {run}");
    }
}

#[test]
fn a_profile_logs_in_and_its_password_is_not_in_the_output() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[LOGIN, LOGIN], &identity));
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), PASSWORD).unwrap();
    let home = home(&format!(
        "[profile.relay]\ntarget = \"localhost:{}\"\nresolve = \"localhost:{0}:127.0.0.1\"\nuser = \"u@example.net\"\npassword-file = {:?}\ncacert = {:?}\n",
        server.port(),
        secret.path(),
        ca.path(),
    ));
    let run = at_home(home.path(), &["@relay", "--json"], &[]);
    assert_eq!(run.code, 0, "{run}");
    let report = run.json();
    assert_eq!(report["plan"]["target"]["input"], format!("localhost:{}", server.port()), "{run}");
    assert_eq!(report["plan"]["login"]["user"], "u@example.net", "{run}");
    assert!(server.seen().lines.iter().any(|line| line.starts_with("AUTH PLAIN ")));
    // The environment and another source on the command line take precedence over the profile.
    let variable = [("SMTPCHECK_PASSWORD", PASSWORD)];
    std::fs::remove_file(secret.path()).unwrap();
    let run = at_home(home.path(), &["@relay", "-q"], &variable);
    assert_eq!(run.code, 0, "{run}");
    let run = at_home(home.path(), &["@relay", "--password-command", "exit 7"], &[]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("--password-command"), "{run}");
}

#[test]
fn a_password_in_the_file_is_rejected_without_repeating_it_and_errors_are_reported_before_anything_is_sent() {
    let identity = Identity::new();
    let server = Server::start(&[PLAIN], &identity);
    let target = format!("127.0.0.1:{}", server.port());
    for (config, place, needle) in [
        (
            format!("[profile.a]\npassword = {}\n", serde_json::to_string(PASSWORD).unwrap()),
            "config.toml:2:1: ",
            "password-command",
        ),
        ("[defaults]\ntmieout = \"1s\"\n".to_owned(), "config.toml:2:1: ", "did you mean timeout?"),
        ("[defaults]\n\ntls = \"ssl\"\n".to_owned(), "config.toml:3:1: tls ssl", "auto, starttls, implicit, none"),
        ("[defaults]\nformat = \"yaml\"\n".to_owned(), "config.toml:2:1: format yaml", "json"),
        ("[defaults]\ntimeout = 1s\n".to_owned(), "config.toml:2:1", ""),
    ] {
        let home = home(&config);
        let run = at_home(home.path(), &[&target], &[]);
        assert_eq!(run.code, 2, "{config} {run}");
        assert!(run.stderr.contains(place) && run.stderr.contains(needle), "{config} {run}");
        assert!(!run.stderr.trim_end().contains('\n') && !run.stderr.contains(PASSWORD), "{run}");
        assert_eq!(at_home(home.path(), &["--help"], &[]).code, 0, "--help does not read the file");
        assert_eq!(at_home(home.path(), &["config", "show"], &[]).code, 2, "{config}");
    }
    assert_eq!(server.sessions(), 0);
}

#[test]
fn a_check_reads_no_file_in_the_working_directory() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("ran");
    let evil = format!(
        "[profile.relay]\ntarget = \"127.0.0.1:1\"\nuser = \"u\"\npassword-command = \"touch {}\"\n[defaults]\nnonsense = 1\n",
        marker.display()
    );
    for name in ["smtpcheck.toml", "config.toml", ".smtpcheck.toml"] {
        std::fs::write(folder.path().join(name), &evil).unwrap();
    }
    // A relative directory in the variable is ignored.
    for variables in [&[][..], &[("XDG_CONFIG_HOME", "."), ("HOME", ".")]] {
        for args in [&["127.0.0.1:1", "-q"][..], &["@relay"]] {
            let mut command = command(args);
            let run = finish(command.current_dir(folder.path()).envs(variables.iter().copied()).spawn().unwrap());
            assert_eq!(run.code, if args[0] == "@relay" { 2 } else { 3 }, "{run}");
            assert!(!run.stderr.contains("nonsense"), "{run}");
        }
    }
    assert!(!marker.exists());
}

#[test]
fn an_error_on_the_command_line_is_not_attributed_to_the_file() {
    let home = home("[defaults]\ntimeout = \"20s\"\n[profile.near]\ntarget = \"127.0.0.1:1\"\n");
    let run = at_home(home.path(), &["127.0.0.1:1", "--timeout", "5"], &[]);
    assert!(run.code == 2 && run.stderr.starts_with("smtpcheck: --timeout 5: "), "{run}");
    let run = at_home(home.path(), &["@near", "--json"], &[]);
    assert_eq!(origins(&run)["timeout"], "config", "{run}");
    let run = at_home(home.path(), &["--profile", "near", "--json"], &[]);
    assert!(origins(&run).as_object().unwrap().keys().all(|key| key.chars().all(|c| !c.is_uppercase())), "{run}");
    let run = run_with(&["explain", "535"], None, &[("SMTPCHECK_PROFILE", "near")]);
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn the_configuration_file_can_be_selected() {
    let home = home("[defaults]\nehlo = \"usual.example\"\n");
    let other = home.path().join("other.toml");
    std::fs::write(&other, "[defaults]\nehlo = \"other.example\"\n").unwrap();
    let other = other.to_str().unwrap();
    let ehlo = |args: &[&str], variables: &[(&str, &str)]| {
        let run = at_home(home.path(), &[&["config", "show", "--json"], args].concat(), variables);
        let shown: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error} {run}"));
        let values = shown["values"].as_array().unwrap().clone();
        values.into_iter().find(|value| value["name"] == "ehlo").unwrap()
    };
    assert_eq!(ehlo(&[], &[])["value"][0], "usual.example");
    assert_eq!(ehlo(&[], &[])["line"], 2);
    assert_eq!(ehlo(&["--config", other], &[])["value"][0], "other.example");
    assert_eq!(ehlo(&[], &[("SMTPCHECK_CONFIG", other)])["value"][0], "other.example");
    assert_eq!(ehlo(&["--no-config"], &[("SMTPCHECK_CONFIG", other)])["origin"], "default");
    let set = ehlo(&[], &[("SMTPCHECK_EHLO", "set.example")]);
    assert_eq!((&set["value"][0], &set["variable"]), (&"set.example".into(), &"SMTPCHECK_EHLO".into()));
    let missing = run(&["mx.example.net", "--config", "/nonexistent/c.toml"]);
    assert!(missing.code == 2 && missing.stderr.contains("no such file"), "{missing}");
}

#[test]
fn config_show_names_only_the_sources_of_secrets() {
    let home = home(&format!(
        "[profile.relay]\ntarget = \"smtp.example.net:587\"\nuser = \"u\"\npassword-command = \"echo '{}'\"\n",
        PASSWORD.replace('\\', "\\\\").replace('"', "\\\"")
    ));
    for args in [&["config", "show", "--profile", "relay"][..], &["config", "show", "--profile", "relay", "--json"]] {
        // `run` searches everything that the program prints for the password.
        let run = at_home(home.path(), args, &[("SMTPCHECK_PASSWORD", PASSWORD)]);
        assert_eq!(run.code, 0, "{run}");
        assert!(run.stdout.contains("set, not shown"), "{run}");
        assert!(run.stdout.contains("smtp.example.net:587"), "{run}");
    }
}

#[test]
fn other_commands_use_only_the_display_settings_of_the_file() {
    let home = home("[defaults]\ncolor = \"always\"\nport = 99\nformat = \"json\"\n");
    let run = at_home(home.path(), &["explain", "535"], &[]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains('\u{1b}') && !run.stdout.starts_with('{'), "{run}");
}

#[test]
fn ports_checks_the_host_of_a_profile() {
    let home = home("[profile.near]\ntarget = \"127.0.0.1:587\"\n[defaults]\nports = \"1\"\n");
    for args in [&["ports", "@near", "--json"][..], &["ports", "--profile", "near", "--json"]] {
        let run = at_home(home.path(), args, &[]);
        assert_eq!(run.code, 3, "{run}");
        let answer: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(answer["ports"].as_array().map(Vec::len), Some(1), "{run}");
    }
}

#[test]
fn ports_also_checks_the_port_of_a_profile_unless_the_ports_are_listed() {
    let home = home(
        "[profile.odd]\ntarget = \"127.0.0.1:1\"\n[profile.set]\ntarget = \"127.0.0.1\"\nport = 1\n[profile.usual]\ntarget = \"127.0.0.1:465\"\n",
    );
    let ports = |args: &[&str]| {
        let run = at_home(home.path(), &[&["ports"], args, &["--json"]].concat(), &[]);
        let answer: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"));
        let list = answer["ports"].as_array().unwrap();
        list.iter().map(|one| one["port"].as_u64().unwrap()).collect::<Vec<u64>>()
    };
    for args in [&["@odd"][..], &["--profile", "odd"], &["@set"]] {
        assert_eq!(ports(args), [25, 465, 587, 2525, 1], "{args:?}");
    }
    assert_eq!(ports(&["@usual"]), [25, 465, 587, 2525]);
    assert_eq!(ports(&["@odd", "--ports", "2"]), [2]);
}

#[cfg(unix)]
#[test]
fn a_file_that_every_user_can_write_is_rejected() {
    use std::os::unix::fs::PermissionsExt;
    let home = home("[defaults]\nascii = true\n");
    let file = home.path().join(".config/smtpcheck/config.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    let run = at_home(home.path(), &["127.0.0.1:1"], &[]);
    assert!(run.code == 2 && run.stderr.contains("chmod go-w"), "{run}");
}

#[test]
fn a_file_that_is_not_utf_8_is_rejected_with_the_line_number() {
    let home = home("");
    std::fs::write(home.path().join(".config/smtpcheck/config.toml"), b"[defaults]\nehlo = \"\xff\"\n").unwrap();
    let run = at_home(home.path(), &["127.0.0.1:1"], &[]);
    assert!(run.code == 2 && run.stderr.contains("line 2 is not valid UTF-8"), "{run}");
    let home = self::home("");
    assert_eq!(at_home(home.path(), &["127.0.0.1:1", "-q"], &[]).code, 3, "an empty file changes no setting");
}

#[test]
fn the_command_line_wins_over_the_environment_and_the_environment_over_a_profile() {
    let home = home("[profile.near]\ntarget = \"127.0.0.1:1\"\n");
    let target = |args: &[&str], variables: &[(&str, &str)]| {
        let run = at_home(home.path(), args, variables);
        assert_eq!(run.code, 3, "{args:?} {variables:?} {run}");
        run.json()["plan"]["target"]["port"].clone()
    };
    let port = [("SMTPCHECK_PORT", "2")];
    assert_eq!(target(&["127.0.0.1:1", "--json"], &port), 1, "the port of the target is part of the command line");
    assert_eq!(target(&["127.0.0.1", "--json"], &port), 2);
    assert_eq!(target(&["127.0.0.1", "--json", "--port", "3"], &port), 3);
    assert_eq!(target(&["@near", "--json"], &port), 2);
    assert_eq!(target(&["@near", "--json", "--port", "3"], &port), 3);
    assert_eq!(target(&["@near", "--json"], &[("SMTPCHECK_PORT", "")]), 1, "an empty variable is ignored");
    let text = at_home(home.path(), &["127.0.0.1:1", "--format", "text", "-q"], &[("SMTPCHECK_JSON", "1")]);
    assert!(text.stdout.starts_with("FAIL"), "{text}");
    let family = at_home(home.path(), &["127.0.0.1:1", "-4", "-q"], &[("SMTPCHECK_IPV6", "1")]);
    assert_eq!(family.code, 3, "{family}");
    let scheme = at_home(home.path(), &["smtps://127.0.0.1:1", "-q"], &[("SMTPCHECK_TLS", "none")]);
    assert_eq!(scheme.code, 3, "{scheme}");
}

#[test]
fn a_wrong_value_is_reported_with_the_name_of_its_variable() {
    for (variable, value, message) in [
        ("SMTPCHECK_TLS", "ssl", "smtpcheck: SMTPCHECK_TLS=ssl: not a valid value; use one of auto"),
        ("SMTPCHECK_PORT", "0", "smtpcheck: SMTPCHECK_PORT=0: not a port"),
        ("SMTPCHECK_TIMEOUT", "5", "smtpcheck: SMTPCHECK_TIMEOUT=5: the unit is missing"),
    ] {
        let run = run_with(&["127.0.0.1"], None, &[(variable, value)]);
        assert!(run.code == 2 && run.stderr.starts_with(message), "{run}");
    }
}

#[test]
fn a_password_without_a_user_is_reported() {
    let run = run_with(&["127.0.0.1:1", "-q"], None, &[("SMTPCHECK_PASSWORD", PASSWORD)]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stderr.contains("SMTPCHECK_PASSWORD is set, but no user name is given"), "{run}");
}
