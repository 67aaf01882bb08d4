//! The configurations of `--for`, used by their programs: with a healthy server the message arrives, with and without
//! implicit TLS, and with the password from a file and from the environment. If STARTTLS is missing, the certificate is
//! for another host, or the password is wrong, no message arrives.
//!
//! If a program has an unsafe default and no option to change it, the message is expected to arrive, as the notes of
//! the configuration say. Two old versions in Debian are exceptions; see `OLD`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smtpcheck::sandbox::journal::{JournalEntry, JournalSpeaker};
use smtpcheck::sandbox::{Options, Remote, Running, Sandbox, login, scenario};
use smtpcheck::snippets::{self, Safeguard};

use crate::program::{Password, smtpcheck};
use crate::servers::{Relayhost, keeper, unpacked};

/// The program sends the message although the server has this fault, because its version lacks the option that the
/// configuration sets.
const OLD: &[(&str, Fault, &str)] = &[
    ("symfony", Fault::NoStartTls, "require_tls needs symfony/mailer 7.3, and Debian 12 has 5.4"),
    ("swaks", Fault::OtherName, "swaks 20201014 does not compare the host name"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    NoStartTls,
    OtherName,
    NoAuth,
    WrongPassword,
}

impl Fault {
    const ALL: [Fault; 4] = [Fault::NoStartTls, Fault::OtherName, Fault::NoAuth, Fault::WrongPassword];

    fn scenario(self) -> &'static str {
        match self {
            Fault::NoStartTls => "starttls-missing",
            Fault::OtherName => "certificate-other-name-with-login",
            Fault::NoAuth => "auth-not-offered",
            Fault::WrongPassword => "healthy-submission",
        }
    }
}

/// A running scenario, and what it received.
struct Served {
    port: u16,
    ca: tempfile::NamedTempFile,
    journal: Arc<Mutex<Vec<String>>>,
    _running: Running,
}

impl Served {
    fn start(name: &str) -> Served {
        let listen = std::net::Ipv4Addr::LOCALHOST.into();
        let options = Options { listen, port: None, remote: Remote::Refused, fleet: None, dns: None, domains: None };
        let sandbox = Sandbox::open(&[scenario(name).unwrap()], &options).unwrap();
        let port = sandbox.services()[0].address.port();
        let ca = tempfile::NamedTempFile::new().unwrap();
        fs::write(ca.path(), sandbox.authorities().unwrap()).unwrap();
        make_readable(ca.path());
        let journal = Arc::new(Mutex::new(Vec::new()));
        let copy = Arc::clone(&journal);
        let listener = move |entry: JournalEntry| {
            if entry.speaker == JournalSpeaker::Server {
                copy.lock().unwrap().push(entry.text);
            }
        };
        let running = sandbox.spawn(Some(Arc::new(listener))).unwrap();
        Served { port, ca, journal, _running: running }
    }

    fn received(&self, text: &str) -> bool {
        self.journal.lock().unwrap().iter().any(|line| line.contains(text))
    }

    /// Whether a message arrived since the last call.
    fn takes_message(&self) -> bool {
        let arrived = self.received("Ok: discarded");
        self.journal.lock().unwrap().clear();
        arrived
    }
}

/// A configuration in the directory of a user, and how the user gives the password.
struct Installed<'a> {
    directory: &'a Path,
    /// The file with the configuration.
    file: PathBuf,
    password: &'a str,
}

impl Installed<'_> {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.directory).env("SMTP_PASSWORD", self.password).stdin(Stdio::null());
        command
    }

    /// A command that runs the file.
    fn run(&self, words: &[&str]) -> Command {
        let mut command = self.command(words[0]);
        command.args(&words[1..]).arg(&self.file);
        command
    }
}

/// How a message is sent with the configuration of a program. The command fails if the program reports an error.
struct Sender {
    id: &'static str,
    command: fn(&Installed<'_>) -> Command,
}

const SENDERS: &[Sender] = &[
    Sender {
        id: "nodemailer",
        command: |installed| {
            let mut command = installed.run(&["node"]);
            command.env("NODE_PATH", unpacked("node").join("node_modules"));
            command
        },
    },
    Sender {
        id: "phpmailer",
        command: |installed| {
            // Composer would create this file.
            let autoload = "<?php require '/usr/share/php/libphp-phpmailer/autoload.php';\n";
            fs::create_dir_all(installed.directory.join("vendor")).unwrap();
            fs::write(installed.directory.join("vendor/autoload.php"), autoload).unwrap();
            installed.run(&["php"])
        },
    },
    Sender {
        id: "symfony",
        command: |installed| {
            // Symfony reads .env.local itself. A shell can read the same syntax.
            let script = "set -a; . ./.env.local; exec php -d openssl.cafile=ca.pem -r \"$1\"";
            let code = r"
            require 'Symfony/Component/Mailer/autoload.php';
            $message = new Symfony\Component\Mime\Email();
            $message->from('demo@sandbox.test')->to('demo@sandbox.test')->subject('Test message')->text('x');
            $transport = Symfony\Component\Mailer\Transport::fromDsn(getenv('MAILER_DSN'));
            (new Symfony\Component\Mailer\Mailer($transport))->send($message);";
            let mut command = installed.command("sh");
            command.args(["-c", script, "sh", code]);
            command
        },
    },
    Sender {
        id: "django",
        command: |installed| {
            let text = fs::read_to_string(&installed.file).unwrap();
            fs::write(&installed.file, text + "SECRET_KEY = 'x'\n").unwrap();
            let mut command = installed.command("python3");
            command.args(["-m", "django", "sendtestemail", "--settings=settings", login::USER]);
            let paths = [unpacked("python"), installed.directory.to_owned()];
            command.env("PYTHONPATH", std::env::join_paths(paths).unwrap());
            command
        },
    },
    Sender {
        id: "flask-mail",
        command: |installed| {
            let mut command = installed.run(&["python3"]);
            command.env("PYTHONPATH", unpacked("python"));
            command
        },
    },
    Sender { id: "smtplib", command: |installed| installed.run(&["python3"]) },
    Sender { id: "actionmailer", command: |installed| installed.run(&["ruby"]) },
    Sender {
        id: "go",
        command: |installed| {
            let mut command = installed.run(&["go", "run"]);
            command.env("GOCACHE", std::env::temp_dir().join("smtpcheck-go-cache")).env("GOFLAGS", "-mod=mod");
            command
        },
    },
    Sender {
        id: "javamail",
        command: |installed| {
            installed.run(&["java", "-cp", "/usr/share/java/jakarta-mail.jar:/usr/share/java/jakarta-activation.jar"])
        },
    },
    Sender {
        id: "lettre",
        command: |installed| {
            // Tests run at the same time, so each program has its own name in the common folder.
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let manifest = "\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\n\
            lettre = { version = \"0.11\", default-features = false, features = [\"builder\", \"smtp-transport\", \"rustls-tls\"] }\n";
            fs::create_dir_all(installed.directory.join("src")).unwrap();
            fs::rename(&installed.file, installed.directory.join("src/main.rs")).unwrap();
            let manifest = format!("[package]\nname = \"send-{number}\"{manifest}");
            fs::write(installed.directory.join("Cargo.toml"), manifest).unwrap();
            let mut command = installed.command(env!("CARGO"));
            command.args(["run", "--quiet"]);
            // One folder for all runs, so that the library is compiled once.
            command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("lettre"));
            command
        },
    },
    Sender {
        id: "msmtp",
        command: |installed| {
            let mut command = installed.command("sh");
            command.args([
                "-c",
                "chmod 600 .msmtprc && printf 'Subject: x\\n\\nx\\n' | msmtp --file=.msmtprc you@elsewhere.test",
            ]);
            command
        },
    },
    Sender { id: "swaks", command: |installed| installed.run(&["sh"]) },
    Sender {
        id: "curl",
        command: |installed| {
            // curl is the last command, so its exit code is that of the script.
            installed.run(&["sh"])
        },
    },
    Sender { id: "exim", command: exim },
];

/// Exim with the sections of the configuration, which delivers in the foreground. It reports a failed delivery only in
/// its log, so only the server shows whether the message arrived.
fn exim(installed: &Installed<'_>) -> Command {
    let text = fs::read_to_string(&installed.file).unwrap();
    let (routers, rest) = text.split_once("# After begin transports:").unwrap();
    let (transports, authenticators) = rest.split_once("# After begin authenticators:").unwrap();
    // The host of the tests is this machine, which Exim normally never sends to.
    let routers = routers.replace("no_more", "self = send\n  no_more");
    let program = unpacked("exim4-daemon-light").join("usr/sbin/exim4");
    let spool = installed.directory.join("spool");
    let configuration = format!(
        "spool_directory = {spool}\nlog_file_path = {spool}/%s\nexim_path = {program}\nkeep_environment =\n\
         primary_hostname = sender.example.net\ndomainlist local_domains = sender.example.net\n\
         begin routers\n{routers}\nbegin transports\n{transports}\nbegin authenticators\n{authenticators}\n\
         begin retry\n* * F,1h,1h\n",
        spool = spool.display(),
        program = program.display(),
    );
    // The processes that deliver run as this user.
    keeper::make_directory(&spool, 0o750);
    keeper::give(&spool, "Debian-exim");
    fs::set_permissions(installed.directory, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&installed.file, configuration).unwrap();
    let mut command = installed.command("sh");
    let script = "printf 'Subject: x\\n\\nx\\n' | \"$1\" -C \"$2\" -odf -f demo@sandbox.test you@elsewhere.test; cat spool/main >&2";
    command.args(["-c", script, "sh"]).arg(program).arg(&installed.file);
    command
}

/// Lets programs that run as another user read a file, which contains only the password of the sandbox.
fn make_readable(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
}

/// Where the password comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Environment,
    File,
}

/// The configuration that the program under test prints after a check of the healthy server.
fn configuration(id: &str, served: &Served, more: &[&str], from: From, file: &Path) -> String {
    let port = served.port.to_string();
    let ca = served.ca.path().to_str().unwrap();
    let common =
        ["localhost", "--port", &port, "--cacert", ca, "--user", login::USER, "--from", login::USER, "--for", id];
    let words = [&common[..], more].concat();
    let run = match from {
        From::Environment => smtpcheck(&words, Password::InEnvironment(login::PASSWORD)),
        From::File => smtpcheck(&[&words, &["--password-file", file.to_str().unwrap()][..]].concat(), Password::None),
    };
    assert_eq!(run.code, 0, "{id}: {}", run.stderr);
    assert!(!run.stdout.contains(login::PASSWORD) && !run.stderr.contains(login::PASSWORD), "{id}");
    run.stdout
}

/// Sends a message with a configuration. Returns the exit code and the output.
fn send(sender: &Sender, text: &str, ca: &Path, password: &str) -> (bool, String) {
    let program = snippets::find(sender.id).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(Path::new(program.file).file_name().unwrap());
    fs::write(&file, text).unwrap();
    fs::copy(ca, directory.path().join("ca.pem")).unwrap();
    let installed = Installed { directory: directory.path(), file, password };
    let mut command = Command::new("timeout");
    let inner = (sender.command)(&installed);
    command.arg("240").arg(inner.get_program()).args(inner.get_args()).current_dir(directory.path());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// A file with the password of the sandbox.
fn password_file(folder: &tempfile::TempDir) -> PathBuf {
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let file = folder.path().join("password");
    fs::write(&file, format!("{}\n", login::PASSWORD)).unwrap();
    make_readable(&file);
    file
}

/// Text for a configuration that can read the password only from a separate file.
fn with_file(text: &str, file: &Path) -> String {
    text.replace("/etc/exim4/smtp_password", file.to_str().unwrap())
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn each_configuration_sends_a_message_to_a_healthy_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = password_file(&folder);
    for (name, more) in [("healthy-submission", &[][..]), ("healthy-implicit", &["--tls", "implicit"][..])] {
        let served = Served::start(name);
        for sender in SENDERS {
            for from in [From::File, From::Environment] {
                let text = configuration(sender.id, &served, more, from, &file);
                served.takes_message();
                let (ended_well, output) = send(sender, &with_file(&text, &file), served.ca.path(), login::PASSWORD);
                let logged_in = served.received("235 ");
                let arrived = served.takes_message();
                assert!(ended_well && logged_in && arrived, "{} {name} {from:?}: {output}", sender.id);
            }
        }
    }
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn no_configuration_sends_a_message_to_a_server_with_a_fault_unless_its_notes_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = password_file(&folder);
    let healthy = Served::start("healthy-submission");
    for fault in Fault::ALL {
        let served = Served::start(fault.scenario());
        for sender in SENDERS {
            let text = configuration(sender.id, &healthy, &[], From::Environment, &file);
            let (from, to) = (healthy.port.to_string(), served.port.to_string());
            let text = with_file(&text, &file)
                .replace(&from, &to)
                .replace(healthy.ca.path().to_str().unwrap(), served.ca.path().to_str().unwrap());
            let password = if fault == Fault::WrongPassword { "wrong" } else { login::PASSWORD };
            fs::write(&file, password).unwrap();
            let (_, output) = send(sender, &text, served.ca.path(), password);
            let is_old = OLD.iter().any(|(id, old, _)| *id == sender.id && *old == fault);
            let defaults = &snippets::find(sender.id).unwrap().defaults;
            let is_said = fault == Fault::NoAuth && defaults.no_login == Some(Safeguard::Missing);
            assert_eq!(served.takes_message(), is_old || is_said, "{} {fault:?}: {output}", sender.id);
        }
    }
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn postfix_relays_with_login_and_tls_and_defers_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = password_file(&folder);
    let healthy = Served::start("healthy-submission");
    let implicit = Served::start("healthy-implicit");
    for (served, more, from) in
        [(&healthy, &[][..], From::Environment), (&implicit, &["--tls", "implicit"][..], From::File)]
    {
        let text = configuration("postfix", served, more, from, &file);
        let relay = Relayhost::start(&text, login::PASSWORD);
        relay.submit();
        assert_eq!(relay.outcome(Duration::from_secs(60)), "sent", "{}", relay.log());
        assert!(served.received("235 ") && served.takes_message());
    }
    let text = configuration("postfix", &healthy, &[], From::Environment, &file);
    healthy.takes_message();
    for fault in [Fault::NoStartTls, Fault::OtherName, Fault::WrongPassword] {
        let served = Served::start(fault.scenario());
        let text = text
            .replace(&healthy.port.to_string(), &served.port.to_string())
            .replace(healthy.ca.path().to_str().unwrap(), served.ca.path().to_str().unwrap());
        let relay = Relayhost::start(&text, if fault == Fault::WrongPassword { "wrong" } else { login::PASSWORD });
        relay.submit();
        assert_eq!(relay.outcome(Duration::from_secs(60)), "deferred", "{fault:?}: {}", relay.log());
        assert!(!served.takes_message(), "{fault:?}");
    }
}

/// The programs that these tests run are those that the documentation calls tested.
#[test]
fn the_list_of_tested_programs_is_that_of_the_documentation() {
    let run: Vec<&str> = SENDERS.iter().map(|sender| sender.id).chain(["postfix"]).collect();
    for program in &snippets::PROGRAMS {
        assert_eq!(!program.tested.is_empty(), run.contains(&program.id), "{}", program.id);
    }
}
