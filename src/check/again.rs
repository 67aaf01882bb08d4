//! Adds the flags of this run to the commands that fixes suggest. Without `--cacert` or `--resolve`, for example, the
//! suggested command could fail for a different reason.
//!
//! Only the command-line flags for the connection, names and trust are added to every command. The flags for login,
//! sender and recipients are added to commands that repeat the check: fixes that are marked as a repeated check,
//! retries, and checks of the same port after a rejected MAIL or RCPT. Other fixes contain the flags that they need.
//! Values from the environment are not added, because they also apply to the next run.

use super::finding::{Finding, PhaseFailure, in_shell};
use crate::evidence::Phase;
use crate::plan::{Esmtp, Family, OverrideHost, Plan, TlsMode, TlsVersion, ValueOrigin, Verify};
use crate::wire::{EhloName, Parameter};

/// A fix that contains one of these words may suggest the same command again, because the user takes another step
/// first.
const OF_REPETITION: [&str; 9] = ["again", "repeat", "then ", "after", "retry", "new ", "test ", "later", "wait"];

/// Completes the commands of all findings, and removes pointless commands: `--retry` after a result that is not
/// retried, and the command that was run.
pub(super) fn carry(plan: &Plan, findings: &mut [Finding]) {
    for finding in findings {
        // A Unix socket has no second port with implicit TLS.
        let is_impossible = |command: &String| command.contains(" smtps:///");
        // With `--esmtp auto`, smtpcheck has already tried HELO, because the server rejected EHLO.
        let is_tried = |command: &String| command.ends_with(" --esmtp never") && plan.esmtp != Esmtp::Always;
        finding.fixes.retain(|fix| !fix.command.as_ref().is_some_and(|one| is_impossible(one) || is_tried(one)));
        let is_retried =
            matches!(finding.failure, Some(PhaseFailure::Unreachable | PhaseFailure::RefusedTemporary) | None);
        for fix in &mut finding.fixes {
            let text = fix.text.to_lowercase();
            let Some(command) = fix.command.as_deref() else { continue };
            let command = &in_notation(plan, command);
            // The flags are added below, so the mark for a repeated check is no longer needed.
            let is_repeat = std::mem::take(&mut fix.is_repeat);
            let needs_envelope = is_repeat || repeats(plan, finding.phase, command);
            let repeated = if needs_envelope { with_envelope(plan, command) } else { command.to_owned() };
            let command = completed(plan, &repeated);
            let is_after_another_step = is_repeat || OF_REPETITION.iter().any(|word| text.contains(word));
            let is_useless = command.contains(" --retry ") && !is_retried
                || is_run_command(plan, &command) && !is_after_another_step;
            fix.command = (!is_useless).then_some(command);
        }
    }
}

/// The target as an argument of a command.
fn target_word(plan: &Plan) -> String {
    let notation = plan.target.notation();
    if plan.target.host.socket().is_some() { in_shell(&notation) } else { notation }
}

/// Adds the target's protocol to a command. Checks write commands without the protocol, and smtpcheck would check
/// `HOST:PORT` or the path of a socket alone as SMTP.
fn in_notation(plan: &Plan, command: &str) -> String {
    let (place, notation) = (plan.target.host.with_port(plan.target.port), target_word(plan));
    let Some(rest) = command.strip_prefix("smtpcheck ").filter(|_| place != notation) else {
        return command.to_owned();
    };
    // The lexicon writes `{host}:{port}`, but a socket has no port.
    let written = [format!("{}:{}", in_shell(&place), plan.target.port), in_shell(&place), place];
    let flags = written.iter().find_map(|written| {
        rest.strip_prefix(written.as_str()).filter(|flags| flags.is_empty() || flags.starts_with(' '))
    });
    match flags {
        Some(flags) => format!("smtpcheck {notation}{flags}"),
        None => command.to_owned(),
    }
}

/// Whether a command repeats the check and therefore needs the sender and the recipients. A retry does, and so does a
/// check of the same port that leads to MAIL or RCPT: without them, the check would pass before reaching the command
/// that the server rejected.
fn repeats(plan: &Plan, phase: Phase, command: &str) -> bool {
    let words = || command.split(' ');
    let is_about_target = words().nth(1) == Some(&target_word(plan)) && plan.domain.is_none();
    let is_of_envelope = matches!(phase, Phase::Mail | Phase::Rcpt) && !words().any(|word| word == "--no-auth");
    is_about_target && (is_of_envelope || words().any(|word| word == "--retry"))
}

/// Adds the user, the sender and the recipients. Without them, a repeated check would end in an earlier phase.
fn with_envelope(plan: &Plan, command: &str) -> String {
    let mut whole = command.to_owned();
    let is_check = CommandKind::of(command) == Some(CommandKind::Check);
    if !is_check || !command.contains(&plan.target.host.to_string()) || command.contains(" --quit-after ") {
        return whole;
    }
    let is_given = |name: &str| plan.origin(name) == ValueOrigin::Flag && !command.contains(&format!(" --{name} "));
    let user = plan.login.as_ref().filter(|_| is_given("user")).map(|login| ("user", login.user.clone()));
    let from = plan.from.as_ref().filter(|_| is_given("from")).map(|from| ("from", from.to_string()));
    let to = plan.to.iter().filter(|_| is_given("to")).map(|to| ("to", to.to_string()));
    let parameters = |name: &'static str, given: &[Parameter]| {
        let given: Vec<String> = given.iter().filter(|_| is_given(name)).map(Parameter::to_string).collect();
        given.into_iter().map(move |parameter| (name, parameter))
    };
    let of_mail = parameters("mail-parameter", &plan.parameters.mail);
    let of_rcpt = parameters("rcpt-parameter", &plan.parameters.rcpt);
    for (name, value) in user.into_iter().chain(from).chain(to).chain(of_mail).chain(of_rcpt) {
        whole.push_str(&format!(" --{name} {}", in_shell(&value)));
    }
    whole
}

/// Whether a command is the command of this run.
fn is_run_command(plan: &Plan, command: &str) -> bool {
    let is_given = |name: &str| plan.origin(name) == ValueOrigin::Flag;
    if !command.starts_with("smtpcheck ") || ["auth", "no-auth", "quit-after", "probe"].into_iter().any(is_given) {
        return false;
    }
    let mut run = format!("smtpcheck {}", target_word(plan));
    let mut add = |flag: &str, value: String| {
        run.push_str(&format!(" {flag} {}", in_shell(&value)));
    };
    if let Some(login) = &plan.login {
        add("--user", login.user.clone());
    }
    let sender = plan.from.as_ref().filter(|_| is_given("from") || command.contains(" --from "));
    sender.iter().for_each(|from| add("--from", from.to_string()));
    plan.to.iter().for_each(|to| add("--to", to.to_string()));
    if let Some(domain) = &plan.domain {
        run = format!("smtpcheck domain {}", domain.name);
    }
    if plan.settings.is_some() {
        run = format!("smtpcheck settings {}", in_shell(&plan.target.input));
    }
    let run = completed(plan, &run);
    let sorted = |text: &str| {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    sorted(&run) == sorted(command)
}

/// A command with the flags of this run that determine which server is reached and whether its certificate is valid.
pub(super) fn completed(plan: &Plan, command: &str) -> String {
    let Some(kind) = CommandKind::of(command) else { return command.to_owned() };
    let host = in_shell(&plan.target.host.to_string());
    let target = command.split(' ').find(|word| word.contains(&host));
    let mut whole = command.to_owned();
    for (flag, value) in flags(plan, target.map(|word| port_in(word, plan.target.port)), kind) {
        let in_target = flag == "--tls" && command.contains("smtps://");
        let given = in_target || command.split(' ').any(|word| word == flag || spellings(flag).contains(&word));
        if !given {
            whole.push(' ');
            whole.push_str(flag);
            if let Some(value) = value {
                whole.push(' ');
                whole.push_str(&in_shell(&value));
            }
        }
    }
    whole
}

/// The flags that a command accepts. Only these can be added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommandKind {
    /// All flags of a check.
    Check,
    /// The flags of `smtpcheck ports`.
    Ports,
    /// The flags of `smtpcheck domain`.
    Domain,
    /// The flags of `smtpcheck settings`.
    Settings,
}

/// The commands of smtpcheck, with the flags that can be added to them; `None` if no flags can be added. A test
/// compares this list with `cli::commands::COMMANDS`, which this module cannot import.
const COMMAND_KINDS: &[(&str, Option<CommandKind>)] = &[
    ("check", Some(CommandKind::Check)),
    ("domain", Some(CommandKind::Domain)),
    ("settings", Some(CommandKind::Settings)),
    ("run", None),
    ("batch", None),
    ("ports", Some(CommandKind::Ports)),
    ("watch", Some(CommandKind::Check)),
    ("exporter", None),
    ("explain", None),
    ("demo", None),
    ("sandbox", None),
    ("providers", None),
    ("report", None),
    ("config", None),
    ("completions", None),
    ("man", None),
    ("schema", None),
    ("complete", None),
];

impl CommandKind {
    /// `None` for commands of other programs and for commands that accept no added flags. A first word that is not a
    /// command is the target of a check.
    fn of(command: &str) -> Option<CommandKind> {
        let first = command.strip_prefix("smtpcheck ")?.split(' ').next()?;
        let listed = COMMAND_KINDS.iter().find(|(name, _)| *name == first);
        listed.map_or(Some(CommandKind::Check), |(_, kind)| *kind)
    }
}

/// Flags that the user gave, with their values. Flags about one host are added only to commands about that host:
/// `same_host` is the port if the command is about the target's host.
fn flags(plan: &Plan, same_host: Option<u16>, kind: CommandKind) -> Vec<(&'static str, Option<String>)> {
    let mut flags = Vec::new();
    let add = |flags: &mut Vec<_>, name: &str, flag: &'static str, value: Option<String>| {
        if plan.origin(name) == ValueOrigin::Flag {
            flags.push((flag, value));
        }
    };
    match plan.family {
        Family::Any => {}
        Family::V4 => add(&mut flags, "ipv4", "-4", None),
        Family::V6 => add(&mut flags, "ipv6", "-6", None),
    }
    if let Some(proxy) = plan.used_proxy().filter(|_| kind != CommandKind::Domain) {
        add(&mut flags, "proxy", "--proxy", Some(proxy.to_string()));
        // The user name can also be in the URL of --proxy.
        let is_user_given = ["proxy-user", "proxy"].iter().any(|name| plan.origin(name) == ValueOrigin::Flag);
        if let Some(user) = proxy.user.clone().filter(|_| is_user_given) {
            flags.push(("--proxy-user", Some(user)));
        }
    }
    if let Some(header) = plan.proxy_header.as_ref().filter(|_| kind == CommandKind::Check && same_host.is_some()) {
        add(&mut flags, "haproxy-protocol", "--haproxy-protocol", Some(header.version.to_string()));
        let client = header.client.map(|ip| ip.to_string());
        client.into_iter().for_each(|ip| add(&mut flags, "haproxy-clientip", "--haproxy-clientip", Some(ip)));
    }
    if let Some(interface) = &plan.source.interface {
        add(&mut flags, "interface", "--interface", Some(interface.to_string()));
    }
    if let Some(ports) = plan.source.ports {
        add(&mut flags, "local-port", "--local-port", Some(ports.to_string()));
    }
    if let Some(resolver) = plan.resolver {
        add(&mut flags, "resolver", "--resolver", Some(resolver.to_string()));
    }
    if let (Some(domain), CommandKind::Domain) = (&plan.domain, kind) {
        for given in grouped_overrides(plan) {
            add(&mut flags, "resolve", "--resolve", Some(given));
        }
        if let Some(path) = &plan.tls.cacert {
            add(&mut flags, "cacert", "--cacert", Some(path.display().to_string()));
        }
        if let Some(path) = &domain.trust_anchor {
            add(&mut flags, "trust-anchor", "--trust-anchor", Some(path.display().to_string()));
        }
        for (name, flag, port) in [
            ("port", "--port", plan.target.port),
            ("dns-port", "--dns-port", domain.dns_port),
            ("https-port", "--https-port", domain.https_port),
        ] {
            add(&mut flags, name, flag, Some(port.to_string()));
        }
    } else if let (Some(settings), CommandKind::Settings) = (&plan.settings, kind) {
        for given in grouped_overrides(plan) {
            add(&mut flags, "resolve", "--resolve", Some(given));
        }
        if let Some(path) = &plan.tls.cacert {
            add(&mut flags, "cacert", "--cacert", Some(path.display().to_string()));
        }
        if let Some(path) = &settings.trust_anchor {
            add(&mut flags, "trust-anchor", "--trust-anchor", Some(path.display().to_string()));
        }
        if let Some(path) = &settings.password_file {
            add(&mut flags, "password-file", "--password-file", Some(path.display().to_string()));
        }
        let database = settings.database.as_ref().map_or("none", |host| host.ascii());
        add(&mut flags, "ispdb", "--ispdb", Some(database.to_owned()));
        for (name, flag, port) in
            [("https-port", "--https-port", settings.https_port), ("http-port", "--http-port", settings.http_port)]
        {
            add(&mut flags, name, flag, Some(port.to_string()));
        }
    } else if plan.settings.is_some() && kind == CommandKind::Check {
        if let Some(path) = &plan.tls.cacert {
            add(&mut flags, "cacert", "--cacert", Some(path.display().to_string()));
        }
    } else if let (Some(_), Some(_), CommandKind::Check) = (&plan.domain, same_host, kind) {
        if let Some(path) = &plan.tls.cacert {
            add(&mut flags, "cacert", "--cacert", Some(path.display().to_string()));
        }
    } else if let Some(port) = same_host {
        let given = plan.given_addresses(&plan.target.host);
        if !given.is_empty() {
            let port = if kind == CommandKind::Ports { plan.target.port } else { port };
            let addresses = given.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            let host = plan.target.host.with_port(port);
            add(&mut flags, "resolve", "--resolve", Some(format!("{host}:{addresses}")));
        }
        if let Some(sni) = &plan.tls.sni {
            add(&mut flags, "sni", "--sni", Some(sni.clone()));
        }
        if let Some(path) = &plan.tls.cacert {
            add(&mut flags, "cacert", "--cacert", Some(path.display().to_string()));
        }
        if plan.tls.verify == Verify::Insecure && kind == CommandKind::Check {
            add(&mut flags, "insecure", "--insecure", None);
        }
    }
    if let Some(identity) = plan.tls.identity.as_ref().filter(|_| same_host.is_some() && kind == CommandKind::Check) {
        add(&mut flags, "cert", "--cert", Some(identity.cert.display().to_string()));
        add(&mut flags, "key", "--key", Some(identity.key.display().to_string()));
    }
    // `smtps://` in the target, or port 465, selects implicit TLS without a flag.
    let mode = match plan.tls.mode {
        TlsMode::Implicit => Some("implicit"),
        TlsMode::Starttls => Some("starttls"),
        TlsMode::Auto | TlsMode::None => None,
    };
    if let Some(mode) =
        mode.filter(|_| kind == CommandKind::Check && same_host == Some(plan.target.port) && plan.target.port != 465)
    {
        flags.push(("--tls", Some(mode.to_owned())));
    }
    if plan.tls.min == TlsVersion::V1_3 && kind == CommandKind::Check {
        add(&mut flags, "tls-min", "--tls-min", Some("1.3".to_owned()));
    }
    if same_host.is_some() && kind == CommandKind::Check && plan.domain.is_none() {
        for attribute in &plan.claims.xclient {
            add(&mut flags, "xclient", "--xclient", Some(format!("{}={}", attribute.name, attribute.value)));
        }
        for attribute in &plan.claims.xforward {
            add(&mut flags, "xforward", "--xforward", Some(format!("{}={}", attribute.name, attribute.value)));
        }
        if plan.esmtp != Esmtp::Auto {
            let value = if plan.esmtp == Esmtp::Never { "never" } else { "always" };
            add(&mut flags, "esmtp", "--esmtp", Some(value.to_owned()));
        }
    }
    if let EhloName::Name(name) = &plan.ehlo {
        add(&mut flags, "ehlo", "--ehlo", Some(name.clone()));
    }
    flags
}

/// The `--resolve` entries, one for each host and port.
fn grouped_overrides(plan: &Plan) -> Vec<String> {
    let mut entries: Vec<(String, Vec<String>)> = Vec::new();
    for one in &plan.overrides {
        let place = match &one.host {
            OverrideHost::Every => format!("*:{}", one.port),
            OverrideHost::One(host) => host.with_port(one.port),
        };
        match entries.iter_mut().find(|(known, _)| *known == place) {
            Some((_, addresses)) => addresses.push(one.address.to_string()),
            None => entries.push((place, vec![one.address.to_string()])),
        }
    }
    entries.into_iter().map(|(place, addresses)| format!("{place}:{}", addresses.join(","))).collect()
}

/// Other spellings of a flag that a command may already contain, and flags that conflict with it.
fn spellings(flag: &str) -> &'static [&'static str] {
    match flag {
        "-4" => &["-6", "--ipv4", "--ipv6"],
        "-6" => &["-4", "--ipv4", "--ipv6"],
        "--insecure" => &["-k"],
        "--ehlo" => &["--helo"],
        "--proxy" => &["-x"],
        _ => &[],
    }
}

fn port_in(word: &str, otherwise: u16) -> u16 {
    let digits = word.rsplit(':').next().unwrap_or_default();
    digits.parse().unwrap_or(if word.starts_with("smtps://") { 465 } else { otherwise })
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Docs, Rule, Severity};
    use super::*;
    use crate::cli::{self, Invocation};
    use crate::lexicon::{Confidence, Fix};

    static RULE: Rule = Rule {
        id: "x",
        severity: Severity::Error,
        title: "",
        docs: Docs { sees: "", matters: "", action: "", example: "", references: "" },
    };

    fn plan(words: &[&str]) -> Plan {
        let words = words.iter().map(Into::into).collect();
        let Ok(Invocation::Check(args, matches)) = cli::parse(words) else { unreachable!("the words are a check") };
        let target = args.targets.first().expect("a check has a target");
        cli::plan::plan(&args, &matches, target, None).expect("a plan")
    }

    #[test]
    fn a_command_about_the_same_host_gets_the_flags_that_were_given() {
        let given = ["mail.example.net:587", "--cacert", "my ca.pem", "--resolve", "mail.example.net:587:192.0.2.7"];
        assert_eq!(
            completed(&plan(&given), "smtpcheck smtps://mail.example.net:465"),
            "smtpcheck smtps://mail.example.net:465 --resolve mail.example.net:465:192.0.2.7 --cacert 'my ca.pem'"
        );
        assert_eq!(
            completed(&plan(&given), "smtpcheck ports mail.example.net"),
            "smtpcheck ports mail.example.net --resolve mail.example.net:587:192.0.2.7 --cacert 'my ca.pem'"
        );
    }

    #[test]
    fn flags_that_the_command_already_has_are_kept() {
        let given = ["mail.example.net", "-6", "--ehlo", "a.example.org", "-k"];
        assert_eq!(
            completed(&plan(&given), "smtpcheck mail.example.net:587 -4 --helo b.example.org"),
            "smtpcheck mail.example.net:587 -4 --helo b.example.org --insecure"
        );
    }

    #[test]
    fn only_a_fix_that_repeats_the_check_gets_the_recipients_whatever_its_text_is() {
        let given = plan(&["mail.example.net:587", "--to", "b@example.org"]);
        let command = "smtpcheck mail.example.net:587 --timeout 300s";
        let mut finding = Finding::new(&RULE, Phase::Tls, Confidence::Certain, String::new());
        finding.fixes = vec![Fix::repeat("Use a longer timeout", command), Fix::run("Repeat the check", command)];
        let mut findings = [finding];
        carry(&given, &mut findings);
        let commands: Vec<Option<&str>> =
            findings.iter().flat_map(|one| &one.fixes).map(|fix| fix.command.as_deref()).collect();
        assert_eq!(commands, [Some(format!("{command} --to b@example.org").as_str()), Some(command)]);
    }

    #[test]
    fn a_repeated_check_gets_the_sender_and_the_recipients_that_were_given() {
        let given =
            ["mail.example.net:587", "--from", "a@example.org", "--to", "b@example.org", "--to", "c@example.org"];
        let command = "smtpcheck mail.example.net:587 --timeout 300s";
        assert_eq!(
            with_envelope(&plan(&given), command),
            "smtpcheck mail.example.net:587 --timeout 300s --from a@example.org --to b@example.org --to c@example.org"
        );
        assert_eq!(with_envelope(&plan(&given[..1]), command), command);
        let has_sender = "smtpcheck mail.example.net:587 --from OTHER --to b@example.org";
        assert_eq!(with_envelope(&plan(&given), has_sender), has_sender);
        let other_host = "smtpcheck smtp.example.com:587";
        assert_eq!(with_envelope(&plan(&given), other_host), other_host);
    }

    #[test]
    fn a_retry_and_a_check_after_a_rejected_recipient_get_the_recipients() {
        let given = plan(&["mail.example.net:587", "--to", "b@example.org"]);
        let whole = |phase: Phase, command: &str| {
            let mut finding = Finding::new(&RULE, phase, Confidence::Certain, String::new());
            finding.fixes = vec![Fix::run("Do something", command)];
            let mut findings = [finding];
            carry(&given, &mut findings);
            findings.iter().flat_map(|one| &one.fixes).find_map(|fix| fix.command.clone()).unwrap_or_default()
        };
        let [retry, verbose, other, without] = [
            "smtpcheck mail.example.net:587 --retry 3 --wait 10m",
            "smtpcheck mail.example.net:587 -v",
            "smtpcheck smtps://mail.example.net:465",
            "smtpcheck mail.example.net:587 --no-auth",
        ];
        let with_recipient = |command: &str| format!("{command} --to b@example.org");
        assert_eq!(whole(Phase::Tls, retry), with_recipient(retry));
        assert_eq!(whole(Phase::Rcpt, verbose), with_recipient(verbose));
        for (phase, command) in [(Phase::Tls, verbose), (Phase::Rcpt, other), (Phase::Rcpt, without)] {
            assert_eq!(whole(phase, command), command);
        }
    }

    #[test]
    fn a_command_about_another_host_gets_only_flags_that_apply_to_every_host() {
        let given = ["mail.example.net", "-4", "--cacert", "ca.pem", "-k", "--sni", "x.example.net"];
        assert_eq!(
            completed(&plan(&given), "smtpcheck smtp.gmail.com:587 --user u"),
            "smtpcheck smtp.gmail.com:587 --user u -4"
        );
    }

    #[test]
    fn implicit_tls_is_kept_on_a_custom_port() {
        let given = plan(&["smtps://mail.example.net:2465"]);
        assert_eq!(
            completed(&given, "smtpcheck mail.example.net:2465 --tls-scan"),
            "smtpcheck mail.example.net:2465 --tls-scan --tls implicit"
        );
        assert_eq!(completed(&given, "smtpcheck mail.example.net:587"), "smtpcheck mail.example.net:587");
        let as_it_is = "smtpcheck smtps://mail.example.net:2465 -v";
        assert_eq!(completed(&given, as_it_is), as_it_is);
        let other = "smtpcheck mail.example.net:2465 --tls starttls";
        assert_eq!(completed(&given, other), other);
    }

    #[test]
    fn every_command_is_listed_with_the_flags_that_can_be_added_to_it() {
        let known: Vec<&str> = cli::commands::COMMANDS.iter().map(|spec| spec.name).collect();
        let listed: Vec<&str> = COMMAND_KINDS.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, known, "add the command to COMMAND_KINDS, in the order of COMMANDS");
    }

    #[test]
    fn other_programs_and_offline_commands_are_not_changed() {
        let given = plan(&["mail.example.net", "-4"]);
        for command in ["postconf -e smtpd_tls_security_level=may", "smtpcheck providers", "smtpcheck explain 550"] {
            assert_eq!(completed(&given, command), command);
        }
    }
}
