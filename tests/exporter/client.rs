//! A running exporter, and an HTTP client for it.

#![allow(dead_code, reason = "each test program uses only some of these functions")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::leak::leaks;
use crate::support::program::{Run, command, finish};

/// How long a response may take.
const LIMIT: Duration = Duration::from_secs(40);

/// An exporter with its configuration file in a directory of its own.
pub struct Exporter {
    pub folder: tempfile::TempDir,
    pub address: String,
    child: Option<Child>,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

/// A response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Exporter {
    /// Starts an exporter with this configuration file.
    #[track_caller]
    pub fn start(config: &str) -> Exporter {
        Exporter::start_with(config, &[], &[])
    }

    /// Starts an exporter with additional files and flags. `{folder}` in a flag or a file stands for its directory.
    #[track_caller]
    pub fn start_with(config: &str, files: &[(&str, &str)], flags: &[&str]) -> Exporter {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        for (name, text) in files.iter().copied().chain([("config.toml", config)]) {
            std::fs::write(folder.path().join(name), text.replace("{folder}", &path)).unwrap();
        }
        let config = format!("{path}/config.toml");
        let flags: Vec<String> = flags.iter().map(|flag| flag.replace("{folder}", &path)).collect();
        let mut words = vec!["exporter", "--config", &config];
        if !flags.iter().any(|flag| flag == "--listen") {
            words.extend(["--listen", "127.0.0.1:0"]);
        }
        words.extend(flags.iter().map(String::as_str));
        let mut child = command(&words).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let address = loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the exporter ended: {}", log.lock().unwrap());
            log.lock().unwrap().push_str(&line);
            if let Some((_, url)) = line.trim_end().split_once("listening on ") {
                break url.split_once("://").unwrap().1.to_owned();
            }
        };
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Exporter { folder, address, child: Some(child), log, reader: Some(reader) }
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log contains a text, because another thread reads the log.
    #[track_caller]
    pub fn logs(&self, text: &str) {
        let began = Instant::now();
        while !self.log().contains(text) {
            assert!(began.elapsed() < LIMIT, "{text}: {}", self.log());
            std::thread::yield_now();
        }
    }

    /// Replaces its configuration file.
    pub fn write_config(&self, text: &str) {
        std::fs::write(self.folder.path().join("config.toml"), text).unwrap();
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Run {
        let run = finish(self.child.take().unwrap());
        self.reader.take().unwrap().join().unwrap();
        assert!(leaks(self.log().as_bytes()).is_empty(), "{}", self.log());
        Run { stderr: self.log(), ..run }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[])
    }

    /// Requests a probe of a target.
    #[track_caller]
    pub fn probe(&self, target: &str, more: &str) -> Response {
        self.get(&format!("/probe?target={target}{more}"))
    }

    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[&str]) -> Response {
        read(self.request(method, path, headers), method)
    }

    /// Sends a request, and returns the connection.
    pub fn request(&self, method: &str, path: &str, headers: &[&str]) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.write_all(text(method, path, headers).as_bytes()).unwrap();
        stream
    }
}

/// The text of a request.
pub fn text(method: &str, path: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n{headers}\r\n")
}

/// Reads a response, and searches it for the test password.
#[track_caller]
pub fn read(mut stream: impl Read, method: &str) -> Response {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(leaks(text.as_bytes()).is_empty(), "the response shows the password: {text}");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("not a response: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    if method == "HEAD" {
        assert_eq!(body, "");
    }
    Response { status, head: head.to_lowercase(), body: body.to_owned() }
}

impl Response {
    /// Returns the response after checking its status.
    #[track_caller]
    pub fn is(self, status: u16) -> Response {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The value of a sample, with its labels as written.
    pub fn value(&self, sample: &str) -> Option<f64> {
        self.body.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok())
    }

    /// Whether there is a sample with this name.
    pub fn has(&self, name: &str) -> bool {
        self.body.lines().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])))
    }

    #[track_caller]
    pub fn contains(&self, text: &str) -> &Response {
        assert!(self.body.contains(text), "{text}: {self:?}");
        self
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
            if !std::thread::panicking() {
                assert!(leaks(self.log().as_bytes()).is_empty(), "{}", self.log());
            }
        }
    }
}
