//! The screen of `smtpcheck watch` in tmux: keys, resizing, and the terminal after the end.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::sandboxes::TestSandbox;

/// The time in which the screen must show what a test expects.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// A terminal in tmux, with its own tmux server. It ends when this value is dropped.
struct Tmux {
    socket: String,
}

impl Tmux {
    /// Runs a shell command in a terminal of this size.
    fn start(columns: u16, rows: u16, command: &str) -> Tmux {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let tmux = Tmux { socket: format!("smtpcheck-{}-{number}", std::process::id()) };
        let (x, y) = (columns.to_string(), rows.to_string());
        tmux.run(&["-f", "/dev/null", "new-session", "-d", "-x", &x, "-y", &y, command]);
        tmux
    }

    fn run(&self, words: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.socket]).args(words).env("LANG", "C.UTF-8").env_remove("TMUX");
        let output = command.output().expect("tmux is installed by .ci/install-servers");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn press(&self, key: &str) {
        self.run(&["send-keys", key]);
    }

    fn resize(&self, columns: u16, rows: u16) {
        self.run(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// The text on the screen.
    fn text(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// Waits until `fits` accepts the screen.
    #[track_caller]
    fn shows(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + TIME_LIMIT;
        loop {
            let text = self.text();
            if fits(&text) {
                return text;
            }
            assert!(Instant::now() < end, "{what} is not shown:\n{text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the screen contains this text.
    #[track_caller]
    fn contains(&self, text: &str) -> String {
        self.shows(text, |screen| screen.contains(text))
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}

/// The command line of a watch, followed by its exit code and the state of the terminal.
fn command(sandbox: &TestSandbox, scenarios: &[&str], flags: &str) -> String {
    let targets: Vec<&str> = scenarios.iter().map(|name| sandbox.addresses[name].as_str()).collect();
    format!(
        "{} watch {} --cacert {} --no-config --interval 200ms {flags}; echo \"code=$?\"; stty -a | grep -Eo -- '-?(echo|icanon)\\b'; sleep 60",
        env!("CARGO_BIN_EXE_smtpcheck"),
        targets.join(" "),
        sandbox.authority
    )
}

/// The number of checks in the second line of the screen.
fn checks(screen: &str) -> Option<u64> {
    let line = screen.lines().find(|line| line.contains(" failed ("))?;
    line.split(' ').next()?.parse().ok()
}

#[track_caller]
fn is_restored(tmux: &Tmux) {
    let text = tmux.shows("the end", |screen| screen.contains("code=") && screen.contains("echo"));
    let state: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("code=")).skip(1).take(2).collect();
    assert!(state.contains(&"icanon") && state.contains(&"echo"), "{text}");
    assert_eq!(tmux.run(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]).trim(), "0 1", "{text}");
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn the_table_fits_80_and_120_columns_and_every_key_works() {
    let sandbox = TestSandbox::start(&["backends-differ", "healthy-submission"]);
    for columns in [80, 120] {
        let tmux = Tmux::start(columns, 40, &command(&sandbox, &["backends-differ", "healthy-submission"], ""));
        let table = tmux.shows("nine checks", |screen| checks(screen).is_some_and(|count| count >= 9));
        for word in ["(1 of 2)", "every 200 ms", "connect", "greeting", "STARTTLS", "TLS", "total", "p99", "4 backends"]
        {
            assert!(table.contains(word), "{word}:\n{table}");
        }
        assert!(table.lines().all(|line| line.chars().count() <= usize::from(columns)), "{table}");
        assert!(table.contains('█') && table.contains('✗'), "{table}");
        tmux.press("p");
        tmux.contains("PAUSED");
        // A check that is running ends normally.
        std::thread::sleep(Duration::from_millis(300));
        let paused = checks(&tmux.text());
        std::thread::sleep(Duration::from_millis(600));
        assert_eq!(checks(&tmux.text()), paused);
        tmux.press("Space");
        tmux.shows("more checks", |screen| checks(screen) > paused);
        tmux.press("d");
        tmux.contains("[graph]");
        tmux.press("d");
        tmux.contains("Server operator: install the current certificate on");
        tmux.press("h");
        tmux.contains("end the watch and print the summary");
        tmux.press("Escape");
        tmux.contains("p99");
        tmux.press("Right");
        tmux.contains("(2 of 2)");
        tmux.press("r");
        tmux.shows("a reset", |screen| checks(screen).is_some_and(|count| count < 5));
        tmux.shows("checks after the reset", |screen| checks(screen).is_some_and(|count| count >= 5));
        tmux.press("q");
        tmux.contains("code=6");
        is_restored(&tmux);
    }
}

/// No server listens on the second IP address of the name.
#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn each_ip_address_has_a_row() {
    let sandbox = TestSandbox::start(&["healthy-submission"]);
    let (_, port) = sandbox.addresses["healthy-submission"].rsplit_once(':').unwrap();
    let flags = format!("--every-address --resolve localhost:{port}:127.0.0.1,127.0.0.9 localhost:{port}");
    for columns in [80, 120] {
        let tmux = Tmux::start(columns, 40, &command(&sandbox, &[], &flags));
        let row = |screen: &str, address: &str| {
            let line = screen.lines().find(|line| line.trim_start().starts_with(&format!("{address} ")))?;
            Some(line.to_owned())
        };
        let table = tmux.shows("both addresses", |screen| {
            checks(screen).is_some_and(|count| count >= 6) && row(screen, "127.0.0.9").is_some()
        });
        let (up, down) = (row(&table, "127.0.0.1").unwrap(), row(&table, "127.0.0.9").unwrap());
        assert!(down.contains('✗') && !up.contains('✗'), "{table}");
        assert!(table.lines().all(|line| line.chars().count() <= usize::from(columns)), "{table}");
        tmux.press("q");
        tmux.contains("code=3");
        is_restored(&tmux);
    }
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn the_table_follows_the_size_of_the_terminal() {
    let sandbox = TestSandbox::start(&["healthy-submission"]);
    let tmux = Tmux::start(80, 24, &command(&sandbox, &["healthy-submission"], ""));
    tmux.contains("jitter");
    for (columns, rows) in [(120, 30), (40, 10), (200, 50), (60, 12)] {
        tmux.resize(columns, rows);
        let text = tmux.shows("the new size", |screen| {
            let is_complete = screen.contains(" failed (") && screen.contains("greeting");
            is_complete && screen.lines().position(|line| line.contains("q quit")) == Some(usize::from(rows) - 1)
        });
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(columns)), "{text}");
        assert_eq!(text.contains("jitter"), columns >= 80, "{text}");
        assert_eq!(text.contains("every 200 ms"), columns >= 60, "{text}");
    }
    tmux.press("C-c");
    tmux.contains("code=0");
    is_restored(&tmux);
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn the_summary_stays_on_the_screen_and_nothing_is_printed_twice() {
    let sandbox = TestSandbox::start(&["healthy-submission"]);
    let tmux = Tmux::start(80, 40, &command(&sandbox, &["healthy-submission"], "--count 3"));
    let text = tmux.contains("code=0");
    assert_eq!((text.matches("3 checks in").count(), text.matches("PASS  exit 0").count()), (1, 1), "{text}");
    assert!(!text.contains("q quit"), "{text}");
    is_restored(&tmux);
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn a_signal_restores_the_terminal() {
    let sandbox = TestSandbox::start(&["healthy-submission"]);
    for (signal, more) in [("TERM", 1), ("TERM", 2), ("INT", 1)] {
        let tmux = Tmux::start(80, 40, &command(&sandbox, &["healthy-submission"], &format!("--max-time 5{more}s")));
        tmux.contains("total");
        let shell = tmux.run(&["list-panes", "-F", "#{pane_pid}"]).trim().to_owned();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        let words: Vec<&str> = ["-s", signal].into_iter().chain(children.split_whitespace()).collect();
        for _ in 0..more {
            assert!(Command::new("kill").args(&words).status().is_ok());
        }
        tmux.contains("code=");
        is_restored(&tmux);
    }
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn without_colour_and_unicode_the_screen_is_plain_ascii() {
    let sandbox = TestSandbox::start(&["backends-every-fifth-fails"]);
    let tmux = Tmux::start(100, 30, &command(&sandbox, &["backends-every-fifth-fails"], "--ascii --color never"));
    let text =
        tmux.shows("a failure", |screen| screen.contains('@') && screen.contains('x') && screen.contains("changes"));
    assert!(text.is_ascii(), "{text}");
    let painted = tmux.run(&["capture-pane", "-p", "-e"]);
    assert!(!painted.contains('\u{1b}'), "{painted:?}");
}
