//! Reads the password from its source, before anything is sent.
//!
//! One line break at the end of a file or of a command's output is removed, because editors and `echo` add it. Other
//! white space is kept, because it may be part of the password.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use super::service;
use crate::inquiry::Signal;
use crate::secret::{Echoes, Secret};

/// The maximum size of a password, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Why the password could not be read. The exit code is 2, and nothing was sent.
#[derive(Debug)]
pub enum PasswordError {
    /// The source could not be read.
    Unreadable {
        /// Which source.
        source: String,
        /// The reason.
        why: String,
    },
    /// The command failed.
    Command {
        /// The flag that named the command.
        source: String,
        /// The standard error output of the command, without the password.
        stderr: String,
        /// Its exit code; `None` if a signal ended the command.
        code: Option<i32>,
    },
    /// The command did not end within the overall time limit.
    CommandTooSlow {
        /// The flag that named the command.
        source: String,
        /// The time limit.
        waited: Duration,
    },
    /// A signal arrived while the command ran.
    Interrupted {
        /// The flag that named the command.
        source: String,
    },
    /// The password is empty.
    Empty {
        /// Which source.
        source: String,
    },
    /// The password contains a NUL or a line break, which no login mechanism supports.
    Control {
        /// Which source.
        source: String,
    },
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PasswordError::Unreadable { source, why } => write!(f, "{source}: {why}"),
            PasswordError::Command { source, stderr, code } => {
                match code {
                    Some(code) => write!(f, "{source} failed with exit code {code}")?,
                    None => write!(f, "{source} was ended by a signal")?,
                }
                let messages = stderr.trim();
                if messages.is_empty() { Ok(()) } else { write!(f, ": {messages}") }
            }
            PasswordError::CommandTooSlow { source, waited } => {
                let seconds = waited.as_secs_f64();
                write!(f, "{source} did not end within the overall time limit ({seconds:.1} s); ")?;
                f.write_str("allow more time with --max-time")
            }
            PasswordError::Interrupted { source } => write!(f, "a signal arrived while {source} was running"),
            PasswordError::Empty { source } => write!(f, "{source}: the password is empty"),
            PasswordError::Control { source } => {
                write!(f, "{source}: the password contains a line break or a NUL byte; a password must be one line")
            }
        }
    }
}

impl std::error::Error for PasswordError {}

/// Reads the password from standard input, up to its end.
pub fn from_stdin() -> Result<Secret, PasswordError> {
    read(io::stdin().lock(), "--password-stdin")
}

/// Reads the password from a file. In messages, `named` precedes the path.
pub fn from_named_file(path: &Path, named: &str) -> Result<Secret, PasswordError> {
    let source = format!("{named}{}", path.display());
    let unreadable =
        |error: io::Error| PasswordError::Unreadable { source: source.clone(), why: super::file::reason(&error) };
    let bytes = super::file::contents(path).map_err(unreadable)?;
    read(bytes.as_slice(), &source)
}

/// Checks the value of `SMTPCHECK_PASSWORD`.
pub fn from_environment(value: String) -> Result<Secret, PasswordError> {
    from_variable(value, "SMTPCHECK_PASSWORD")
}

/// Checks the value of an environment variable that contains a password.
pub fn from_variable(value: String, name: &str) -> Result<Secret, PasswordError> {
    clean(Zeroizing::new(value), name)
}

/// Prompts the user for the password on the terminal, without echo.
pub fn from_prompt(user: &str) -> Result<Secret, PasswordError> {
    let source = "the prompt";
    let question = format!("password for {}: ", user.escape_debug());
    // The echo of the terminal is off until the user has typed the password. If a signal arrives, the echo must be
    // turned on again.
    let _watch = super::terminal::watch_prompt();
    let typed = rpassword::prompt_password(question);
    if typed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
        // This thread noticed the signal first. The thread that watches for signals will end the program in a moment.
        std::thread::park_timeout(Duration::from_secs(1));
    }
    let typed =
        typed.map_err(|error| PasswordError::Unreadable { source: source.to_owned(), why: error.to_string() })?;
    clean(Zeroizing::new(typed), source)
}

/// Runs a command in a shell, without standard input, and reads the password from its output. The command is ended after
/// the time `limit`. `flag` is the flag that named the command, for messages. The standard error output of the command is
/// passed to `show`, without the password.
pub fn from_command(
    command: &str,
    flag: &str,
    limit: Duration,
    show: impl FnOnce(&str),
) -> Result<Secret, PasswordError> {
    let source = flag.to_owned();
    let unreadable = |error: io::Error| PasswordError::Unreadable { source: source.clone(), why: error.to_string() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unreadable)?;
    let (status, stdout, stderr) = runtime.block_on(async {
        let mut signals = (!service::is_running()).then(super::signals::Signals::listen);
        let processes = Processes::start(command).map_err(unreadable)?;
        tokio::select! {
            output = tokio::time::timeout(limit, outcome(processes)) => match output {
                Ok(output) => output.map_err(unreadable),
                Err(_) => Err(PasswordError::CommandTooSlow { source: source.clone(), waited: limit }),
            },
            // Nothing was sent, so no report is written. The processes have already been dropped, which killed them.
            signal = next_signal(signals.as_mut()) => {
                super::signals::end(signal);
                Err(PasswordError::Interrupted { source: source.clone() })
            }
            () = service::ended() => Err(PasswordError::Interrupted { source: source.clone() }),
        }
    })?;
    if !service::is_running() {
        // The runtime that handled signals has ended. Without this call, signals would have no effect from now on.
        super::signals::end_if_unhandled();
    }
    let printed = read(stdout.as_slice(), &source);
    // A command that succeeds without output may have written the password to standard error instead.
    let stderr = match status.success() && stdout.trim_ascii().is_empty() && !stderr.trim_ascii().is_empty() {
        true => NOT_SHOWN_MESSAGES.to_owned(),
        false => shown_stderr(&stderr, &stdout, printed.as_ref().ok()),
    };
    if !status.success() && stdout.len() as u64 <= MAX_BYTES {
        return Err(PasswordError::Command { source, stderr, code: status.code() });
    }
    if !stderr.trim().is_empty() {
        show(stderr.trim_end());
    }
    printed
}

/// The next signal. A service reacts to signals itself.
async fn next_signal(signals: Option<&mut super::signals::Signals>) -> Signal {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}

/// Replaces messages that may contain the password.
const NOT_SHOWN_MESSAGES: &str = "(its messages are not shown, because they may repeat the password)";

/// The standard error output of a command, without the password. Some commands also write the password to standard
/// error, for example with `sh -x`. A fixed text is returned instead if it is not known which part of the output is the
/// password, or if the output contains a password that is too short to be masked reliably.
fn shown_stderr(stderr: &[u8], stdout: &[u8], secret: Option<&Secret>) -> String {
    let text = String::from_utf8_lossy(stderr);
    if text.trim().is_empty() || stdout.is_empty() {
        return text.into_owned();
    }
    let echoes = Echoes::default();
    if let Some(secret) = secret {
        echoes.learn(secret, &[]);
    }
    let is_absent = |secret: &Secret| !text.to_lowercase().contains(&secret.reveal().to_lowercase());
    if echoes.is_empty() && secret.is_some_and(is_absent) {
        return text.into_owned();
    }
    if echoes.is_empty() {
        return NOT_SHOWN_MESSAGES.to_owned();
    }
    echoes.without(&text)
}

/// A password command and the processes that it started. They are killed if this value is dropped before the command
/// has ended, because of the time limit or a signal.
///
/// Without a terminal, the processes are a separate process group. With a terminal, they stay in the process group of
/// smtpcheck, because only processes in the foreground can prompt the user for a PIN. In this case, the processes are
/// found by their parents, if the system shows these.
struct Processes {
    child: tokio::process::Child,
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Processes {
    fn start(command: &str) -> io::Result<Processes> {
        let mut shell = shell(command);
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        let has_terminal = super::file::terminal().is_ok();
        #[cfg(unix)]
        if !has_terminal {
            shell.process_group(0);
        }
        let child = shell.spawn()?;
        #[cfg(unix)]
        let group = child.id().filter(|_| !has_terminal).and_then(pid);
        Ok(Processes {
            child,
            #[cfg(unix)]
            group,
        })
    }

    fn end(&mut self) {
        // `id` returns `None` after the child was waited for, because another process may then have the same id.
        #[cfg(unix)]
        if let Some(id) = self.child.id() {
            use rustix::process::{Signal, kill_process, kill_process_group};

            match self.group {
                // This fails if the processes have already ended.
                Some(group) => {
                    let _ = kill_process_group(group, Signal::KILL);
                }
                None => {
                    for id in descendants(id).into_iter().filter_map(pid) {
                        let _ = kill_process(id, Signal::KILL);
                    }
                }
            }
        }
        let _ = self.child.start_kill();
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(unix)]
fn pid(number: u32) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(i32::try_from(number).ok()?)
}

/// The descendants of a process on Linux. On other systems, the list is empty. Parents precede their children, so that
/// a parent is killed before it can start another child.
#[cfg(unix)]
fn descendants(of: u32) -> Vec<u32> {
    let numbers = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pairs: Vec<(u32, u32)> = numbers
        .filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat =
                String::from_utf8_lossy(&super::file::regular(&entry.path().join("stat"), 4096).ok()?).into_owned();
            // The name of the process is in brackets and can contain any character.
            let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
            Some((parent, id))
        })
        .collect();
    let mut found = vec![of];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        let children = pairs.iter().filter(|(above, id)| *above == parent && !found.contains(id)).map(|(_, id)| *id);
        let children: Vec<u32> = children.collect();
        found.extend(children);
        at += 1;
    }
    found.split_off(1)
}

/// The exit status and the output of the command. If the output is larger than a password can be, the command is
/// killed.
async fn outcome(
    mut processes: Processes,
) -> io::Result<(std::process::ExitStatus, Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>)> {
    let child = &mut processes.child;
    // The capacity is sufficient for normal output, because growing would leave copies of a password in memory.
    let room = || Zeroizing::new(Vec::with_capacity(8 * 1024));
    let (mut stdout, mut stderr) = (room(), room());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let read_out = async {
        if let Some(out) = out {
            out.take(MAX_BYTES + 1).read_to_end(&mut stdout).await?;
        }
        io::Result::Ok(())
    };
    let read_err = async {
        if let Some(err) = err {
            err.take(MAX_BYTES).read_to_end(&mut stderr).await?;
        }
        io::Result::Ok(())
    };
    let (read_out, read_err) = tokio::join!(read_out, read_err);
    read_out.and(read_err)?;
    if stdout.len() as u64 > MAX_BYTES {
        processes.end();
    }
    let status = processes.child.wait().await?;
    Ok((status, stdout, stderr))
}

#[cfg(unix)]
fn shell(command: &str) -> tokio::process::Command {
    let mut shell = tokio::process::Command::new("/bin/sh");
    // The command does not need these variables, which may contain a password.
    shell.arg("-c").arg(command).env_remove("SMTPCHECK_PASSWORD").env_remove("SMTPCHECK_PROXY_PASSWORD");
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> tokio::process::Command {
    let mut shell = tokio::process::Command::new("cmd");
    shell.arg("/C").arg(command).env_remove("SMTPCHECK_PASSWORD").env_remove("SMTPCHECK_PROXY_PASSWORD");
    shell
}

fn read(from: impl Read, source: &str) -> Result<Secret, PasswordError> {
    let unreadable = |error: io::Error| PasswordError::Unreadable { source: source.to_owned(), why: error.to_string() };
    let mut bytes = Zeroizing::new(Vec::new());
    from.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(io::Error::other("the input is larger than 64 KiB; a password must be one line")));
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => Zeroizing::new(text.to_owned()),
        Err(_) => return Err(unreadable(io::Error::other("the password is not UTF-8"))),
    };
    clean(text, source)
}

pub(super) fn clean(text: Zeroizing<String>, source: &str) -> Result<Secret, PasswordError> {
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err(PasswordError::Empty { source: source.to_owned() });
    }
    if line.contains(['\0', '\n', '\r']) {
        return Err(PasswordError::Control { source: source.to_owned() });
    }
    Ok(Secret::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use std::time::Duration;

    use super::{PasswordError, clean, from_command};

    fn cleaned(text: &str) -> Result<String, String> {
        clean(Zeroizing::new(text.to_owned()), "the test")
            .map(|secret| secret.reveal().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_line_break_at_the_end_is_removed_and_spaces_are_kept() {
        assert_eq!(cleaned("p w \n"), Ok("p w ".to_owned()));
        assert_eq!(cleaned("p\r\n"), Ok("p".to_owned()));
        assert_eq!(cleaned(" p"), Ok(" p".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_does_not_end_is_an_error_after_the_time_limit() {
        let result = from_command("sleep 600", "--password-command", Duration::from_millis(50), |_| {});
        assert!(matches!(result, Err(PasswordError::CommandTooSlow { .. })), "{result:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_prints_the_password_to_standard_error_only_does_not_show_it() {
        let mut shown = String::new();
        let show = |text: &str| text.clone_into(&mut shown);
        let result = from_command("echo hunter-2x >&2", "--password-command", Duration::from_secs(30), show);
        assert!(result.is_err() && shown.contains("not shown") && !shown.contains("hunter"), "{shown}");
    }

    #[cfg(unix)]
    #[test]
    fn messages_of_a_failed_command_are_shown_without_the_password() {
        let failed = |command: &str| {
            let result = from_command(command, "--password-command", Duration::from_secs(30), |_| {});
            result.expect_err("a failure").to_string()
        };
        assert_eq!(failed("echo locked >&2; exit 3"), "--password-command failed with exit code 3: locked");
        let traced = failed("set -x; echo hunter-2x; exit 4");
        assert!(traced.contains("exit code 4: ") && traced.contains("[password, not shown]"), "{traced}");
        assert!(!traced.contains("hunter"), "{traced}");
    }

    #[cfg(unix)]
    #[test]
    fn messages_of_a_command_are_hidden_if_its_output_is_not_a_password() {
        for command in [
            "set -x; echo hunter-2x; echo hunter-3x",
            "echo hunter-2x >&2; printf 'hunter-2x\\0'",
            "echo hunter-2x >&2; printf 'hunter-2x\\377'",
            "echo hunter-2x >&2; printf '\\nhunter-2x'",
            "echo hunter-2x >&2; printf '\\n'",
            "echo hunter-2x >&2; head -c 70000 /dev/zero | tr '\\0' x; echo hunter-2x",
            "echo hun >&2; echo hun; exit 3",
        ] {
            let mut shown = String::new();
            let show = |text: &str| shown = text.to_owned();
            let result = from_command(command, "--password-command", Duration::from_secs(30), show);
            let message = result.expect_err("no password").to_string();
            assert!(!message.contains("hun") && !shown.contains("hun"), "{command}: {message} {shown}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn processes_of_a_command_are_killed_at_the_time_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("id");
        let command = format!("sh -c 'echo $$ > {0}.part; mv {0}.part {0}; sleep 600; true'; true", file.display());
        let result = from_command(&command, "--password-command", Duration::from_secs(2), |_| {});
        assert!(matches!(result, Err(PasswordError::CommandTooSlow { .. })), "{result:?}");
        let id = std::fs::read_to_string(&file).expect("it was started");
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        // The process does not exist, or it is a zombie.
        let is_over = || state().rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']));
        let end = std::time::Instant::now() + Duration::from_secs(10);
        while !is_over() && std::time::Instant::now() < end {
            std::thread::yield_now();
        }
        assert!(is_over(), "{}", state());
    }

    #[cfg(unix)]
    #[test]
    fn messages_of_a_successful_command_are_shown_without_the_password() {
        let mut shown = String::new();
        let show = |text: &str| shown = text.to_owned();
        let limit = Duration::from_secs(30);
        let secret = from_command("echo asking for hunter-2x >&2; echo hunter-2x", "--password-command", limit, show);
        assert!(secret.is_ok_and(|secret| secret.reveal() == "hunter-2x"));
        assert_eq!(shown, "asking for [password, not shown]");
    }

    #[cfg(unix)]
    #[test]
    fn a_command_does_not_inherit_the_password_variable() {
        let result = from_command(
            "env | grep -c ^SMTPCHECK_PASSWORD=; true",
            "--password-command",
            Duration::from_secs(30),
            |_| {},
        );
        assert_eq!(
            result.map(|secret| secret.reveal().to_owned()).map_err(|error| error.to_string()),
            Ok("0".to_owned())
        );
    }

    #[test]
    fn an_empty_password_and_a_password_of_several_lines_are_rejected_without_showing_them() {
        assert_eq!(cleaned("\n"), Err("the test: the password is empty".to_owned()));
        for text in ["p\nq", "p\0q"] {
            let message = cleaned(text).expect_err("not one line");
            assert!(message.contains("one line") && !message.contains('q'), "{message}");
        }
    }
}
