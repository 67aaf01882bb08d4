//! Finds what is wrong with a command that a fix suggests. Nothing is sent: smtpcheck's own parser reads smtpcheck
//! commands; commands of other programs are compared with a table, and `sh -n` checks their syntax.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use smtpcheck::cli::{self, Invocation};
use smtpcheck::plan::{Plan, TlsMode};
use smtpcheck::report::{Exit, Report};

/// The placeholders for unknown values, each with a sample value for testing the command.
const PLACEHOLDERS: &[(&str, &str)] = &[
    ("{host}", "mail.host.test"),
    ("{port}", "587"),
    ("{user}", "ann@user.test"),
    ("{from}", "ann@from.test"),
    ("{from_domain}", "from.test"),
    ("{rcpt}", "bob@rcpt.test"),
    ("{rcpt_domain}", "rcpt.test"),
    ("{ip}", "198.18.0.7"),
    ("YOUR-PUBLIC-ADDRESS", "198.18.0.7"),
    ("SUBMISSION-SERVER", "submission.test"),
    ("RECIPIENT-DOMAIN", "rcpt.test"),
    ("OTHER-RECIPIENT", "eve@rcpt.test"),
    ("YOUR-HOST-NAME", "host.test"),
    ("OTHER-ADDRESS", "carol@other.test"),
    ("YOUR-MAIL-SERVER", "own.test"),
    ("SENDER-DOMAIN", "from.test"),
    ("YOUR-DOMAIN", "your.test"),
    ("NEXT-SERVER", "next.test"),
    ("RECIPIENT", "bob@rcpt.test"),
    ("SELECTOR", "s1"),
    ("SENDER", "ann@from.test"),
    ("SERVER", "EXCHANGE1"),
    ("HOST", "mail.host.test"),
    ("PORT", "587"),
    ("USER", "ann@user.test"),
    ("FILE", "file.pem"),
    ("NAME", "name.test"),
    ("CMD", "'cat token'"),
];

/// Programs that fixes may run in a shell.
#[rustfmt::skip]
const PROGRAMS: &[&str] = &[
    "apt-get", "aws", "cat", "certbot", "curl", "date", "df", "dig", "dnf", "docker", "doveadm", "doveconf",
    "exigrep", "exim", "fail2ban-client", "gcloud", "getent", "getsebool", "grep", "host", "ip", "journalctl", "jq",
    "keytool", "klist", "kubectl", "ls", "makemap", "namei", "nc", "newaliases", "nltest", "nslookup", "openssl", "ping", "plesk",
    "postconf", "postfix", "postmap", "postqueue", "sasldblistusers2", "setfacl", "setsebool", "smtpctl", "smtpd", "ss", "ssh", "sudo", "swaks",
    "systemctl", "timedatectl", "tr", "traceroute", "update-ca-certificates", "update-crypto-policies", "uptime", "w32tm",
];

/// Commands that no shell runs: they are entered in the program that the fix names.
const OF_DEVICES: &[&str] = &["no inspect esmtp"];

/// Words that no suggested command may contain, because they destroy something.
#[rustfmt::skip]
const DESTRUCTIVE: &[&str] = &[
    "rm", "dd", "mkfs", "postsuper", "shutdown", "reboot", "kill", "killall", "chmod", "iptables", "nft", "truncate",
    "delete", "prune", "purge", "remove", "--delete", "-delete",
];

/// Programs that only look something up, so the sentence must not promise a change.
const LOOKUPS: &[&str] = &["postmap -q", "dig ", "postconf ", "exim -b", "journalctl ", "Get-", "df ", "klist"];

/// Words in sentences about looking something up.
#[rustfmt::skip]
const OF_LOOKUP: &[&str] = &[
    "check", "show", "look", "find", "list", "test", "compare", "read", "search", "verify", "whether", "which", "confirm",
    "view", "ask for", "ask the table", "see", "query", "print",
];

/// Words that a sentence contains if its command is the one that was just run, because something else must be done
/// first.
const OF_REPETITION: &[&str] =
    &["again", "repeat", "then ", "after", "retry", "until", "new ", "later", "wait", "password", "once "];

/// A command between `;`, `&&` and `|`.
pub struct SimpleCommand {
    pub words: Vec<String>,
    /// The files that `>` writes.
    pub writes: Vec<String>,
}

/// Splits a command as a shell does.
pub fn split(command: &str) -> Result<Vec<SimpleCommand>, String> {
    let mut all = vec![SimpleCommand { words: Vec::new(), writes: Vec::new() }];
    let (mut word, mut quote, mut is_file) = (None::<String>, None::<char>, false);
    let mut letters = command.chars().peekable();
    let end = |all: &mut Vec<SimpleCommand>, word: &mut Option<String>, is_file: &mut bool| {
        let Some(word) = word.take() else { return };
        let last = all.last_mut().unwrap();
        if std::mem::take(is_file) { last.writes.push(word) } else { last.words.push(word) }
    };
    while let Some(c) = letters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(letters.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '$') if letters.peek() == Some(&'(') => {
                let inner: String = letters.by_ref().take_while(|c| *c != ')').collect();
                word.get_or_insert_default().push_str(&format!("${inner})"));
            }
            (None, ' ') => end(&mut all, &mut word, &mut is_file),
            (None, '>' | '<') => {
                end(&mut all, &mut word, &mut is_file);
                is_file = c == '>';
            }
            (None, '|' | ';' | '&') => {
                end(&mut all, &mut word, &mut is_file);
                all.push(SimpleCommand { words: Vec::new(), writes: Vec::new() });
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(format!("a quotation mark is not closed: {command}"));
    }
    end(&mut all, &mut word, &mut is_file);
    all.retain(|one| !one.words.is_empty() || !one.writes.is_empty());
    Ok(all)
}

/// The command with sample values instead of its placeholders.
pub fn filled(command: &str) -> String {
    PLACEHOLDERS.iter().fold(command.to_owned(), |command, (name, value)| command.replace(name, value))
}

/// What is wrong with a fix's command, regardless of the server.
pub fn mistakes(command: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let command = filled(command);
    if command.contains(['{', '}']) && !command.contains("${") {
        wrong.push("an unknown placeholder".to_owned());
    }
    if command.contains("a recipient") {
        wrong.push("a sentence instead of a value".to_owned());
    }
    if OF_DEVICES.contains(&command.as_str()) {
        return wrong;
    }
    let lower = text.to_lowercase();
    let is_lookup = LOOKUPS.iter().any(|start| command.starts_with(start))
        && !["postconf -e", "postconf -P", "&& postfix reload", "| Add-", "| Set-"]
            .iter()
            .any(|change| command.contains(change));
    if is_lookup && !OF_LOOKUP.iter().any(|word| lower.contains(word)) {
        wrong.push("the command only looks something up, and the sentence promises a change".to_owned());
    }
    let commands = match split(&command) {
        Ok(commands) => commands,
        Err(mistake) => return vec![mistake],
    };
    let written: Vec<&String> = commands.iter().flat_map(writes).collect();
    for one in &commands {
        let Some(program) = one.words.first().map(String::as_str) else {
            wrong.push("a command without a program".to_owned());
            continue;
        };
        if one.words.iter().any(|word| DESTRUCTIVE.contains(&word.as_str())) {
            wrong.push(format!("{program} destroys something"));
        }
        if program == "smtpcheck" {
            wrong.extend(of_smtpcheck(&one.words[1..]));
        } else if !PROGRAMS.contains(&program) && !is_cmdlet(program) {
            wrong.push(format!("{program} is not in the table of programs"));
        }
        let read = one.words.windows(2).filter(|pair| pair[0] == "--cacert" || pair[0] == "-CAfile");
        for pair in read.filter(|pair| written.contains(&&pair[1])) {
            wrong.push(format!("{} is overwritten and then trusted", pair[1]));
        }
    }
    if !commands.iter().any(|one| one.words.first().is_some_and(|program| is_cmdlet(program))) {
        wrong.extend(syntax(&command));
    }
    wrong
}

/// The files that a command writes.
fn writes(one: &SimpleCommand) -> impl Iterator<Item = &String> {
    let of_flag = one.words.windows(2).filter(|pair| matches!(pair[0].as_str(), "-o" | "-out" | "--output"));
    one.writes.iter().chain(of_flag.map(|pair| &pair[1]))
}

/// Whether a word is a command of PowerShell, such as `Get-Mailbox`.
fn is_cmdlet(word: &str) -> bool {
    let Some((action, object)) = word.split_once('-') else { return false };
    let is_name = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
    is_name(action) && is_name(object) && !matches!(action, "Remove" | "Clear")
}

/// The errors that smtpcheck's parser finds in a command, and the contradictions in the command's plans.
fn of_smtpcheck(words: &[String]) -> Vec<String> {
    match plans(words) {
        Ok(plans) => plans.iter().flat_map(contradictions).collect(),
        Err(mistake) => vec![mistake],
    }
}

/// The plans of an smtpcheck command; none for commands that do not connect to a server.
fn plans(words: &[String]) -> Result<Vec<Plan>, String> {
    let name = Some("client.example.org");
    let parsed = cli::parse(words.iter().map(Into::into).collect()).map_err(|error| error.to_string())?;
    let plans = match parsed {
        Invocation::Check(args, matches) => {
            args.targets.iter().map(|target| cli::plan::plan(&args, &matches, target, name)).collect()
        }
        Invocation::Ports(args, matches) => cli::plan::ports(&args, &matches, name),
        Invocation::NothingGiven(error) => Err(error),
        _ => Ok(Vec::new()),
    };
    plans.map_err(|error| error.to_string())
}

/// The contradictions in a plan.
fn contradictions(plan: &Plan) -> Vec<String> {
    let (port, mode) = (plan.target.port, plan.tls.mode);
    let mut wrong = Vec::new();
    if port == 465 && mode == TlsMode::Starttls || matches!(port, 25 | 587) && mode == TlsMode::Implicit {
        wrong.push(format!("{mode:?} on port {port}"));
    }
    wrong
}

/// The syntax errors that the shell reports, asked once for each command; `None` if there is no shell.
fn syntax(command: &str) -> Option<String> {
    static ASKED: Mutex<BTreeMap<String, Option<String>>> = Mutex::new(BTreeMap::new());
    if let Some(errors) = ASKED.lock().unwrap().get(command) {
        return errors.clone();
    }
    let errors = errors_of_shell(command);
    ASKED.lock().unwrap().insert(command.to_owned(), errors.clone());
    errors
}

fn errors_of_shell(command: &str) -> Option<String> {
    let mut shell = Command::new("sh");
    shell.arg("-n").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = shell.spawn().ok()?;
    child.stdin.take()?.write_all(command.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What is wrong with the commands of the fixes in a report.
pub fn mistakes_in(report: &Report) -> Vec<String> {
    let seen = LazyCell::new(|| format!("{:?} {:?}", report.plan, report.evidence));
    let mut all = Vec::new();
    for finding in &report.findings {
        for fix in &finding.fixes {
            let Some(command) = &fix.command else { continue };
            let mut wrong = mistakes(command, &fix.text);
            wrong.extend(placeholders(command, &report.plan));
            wrong.extend(invented(command, &seen).map(|name| format!("{name} is invented")));
            for one in split(command).unwrap_or_default() {
                if one.words.first().is_none_or(|program| program != "smtpcheck") {
                    continue;
                }
                if one.words.iter().any(|word| word == "--retry")
                    && !matches!(report.exit, Exit::Unreachable | Exit::RefusedTemporary)
                {
                    wrong.push(format!("nothing is retried after exit code {}", report.exit.code()));
                }
                const SHOWING: [&str; 4] = ["-v", "--transcript", "--retry", "--show-chain"];
                let shows_more = one.words.iter().any(|word| SHOWING.contains(&word.as_str()));
                let words: Vec<String> = one.words[1..].iter().map(|word| filled(word)).collect();
                let lower = fix.text.to_lowercase();
                let is_repetition = OF_REPETITION.iter().any(|word| lower.contains(word));
                let is_same = plans(&words).is_ok_and(|plans| {
                    words.first().is_some_and(|word| word != "ports")
                        && plans.iter().any(|plan| essence(plan) == essence(&report.plan))
                });
                if is_same && !shows_more && !is_repetition {
                    wrong.push("the command is the one that was run".to_owned());
                }
            }
            all.extend(
                wrong.into_iter().map(|wrong| format!("{}: {wrong}\n    {}\n    {command}", finding.rule, fix.text)),
            );
        }
    }
    all
}

/// The settings that determine how a check proceeds.
fn essence(plan: &Plan) -> String {
    let Plan { target, family, overrides, resolver, ehlo, from, to, quit_after, tls, login, probes, .. } = plan;
    let Plan { parameters, esmtp, claims, proxy_header, source, .. } = plan;
    format!(
        "{} {} {family:?} {overrides:?} {resolver:?} {ehlo:?} {from:?} {to:?} {quit_after:?} {tls:?} {login:?} {probes:?} {:?} {parameters:?} {esmtp:?} {claims:?} {proxy_header:?} {source:?}",
        target.host, target.port, target.protocol
    )
}

/// The placeholders in a command whose values are known.
fn placeholders(command: &str, plan: &Plan) -> Vec<String> {
    let known = [
        ("HOST", true),
        ("PORT", true),
        ("USER", plan.login.is_some()),
        ("SENDER", plan.from.as_ref().is_some_and(|from| from.to_string() != "<>")),
        ("RECIPIENT", !plan.to.is_empty()),
        ("RECIPIENT-DOMAIN", !plan.to.is_empty()),
    ];
    let words: Vec<&str> = command.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
    known
        .into_iter()
        .filter(|(name, is_known)| *is_known && words.contains(name))
        .map(|(name, _)| format!("{name} is known"))
        .collect()
}

/// Names and addresses reserved for examples (RFC 2606, RFC 5737) that the run has not seen.
fn invented<'a>(command: &'a str, seen: &'a str) -> impl Iterator<Item = &'a str> {
    let words = command.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.' | '_'));
    // `getent hosts example.com` looks up a name that exists.
    let is_example = move |word: &&str| {
        if command == "getent hosts example.com" {
            return false;
        }
        ["example.com", "example.net", "example.org"].iter().any(|domain| word.ends_with(domain))
            || word.starts_with("192.0.2.")
    };
    words.filter(is_example).filter(move |word| !seen.contains(*word))
}

/// Names and addresses reserved for examples, in a command that does not belong to a run.
pub fn example_names(command: &str) -> Vec<&str> {
    invented(command, "").collect()
}
