//! Prometheus with a test's configuration. Read next: `keeper`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::free_port;
use super::keeper::{Keeper, Launch, Sign, directory, write};

pub struct Prometheus {
    port: u16,
    _keeper: Keeper,
}

/// How long a query may have no result. Prometheus scrapes every two seconds.
const TIME_LIMIT: Duration = Duration::from_secs(40);

impl Prometheus {
    /// Starts Prometheus from `programs`. The files are written to its directory; one of them is `prometheus.yml`.
    pub fn start(programs: &Path, files: &[(&str, &str)]) -> Prometheus {
        let directory = directory("prometheus");
        let path = directory.path();
        for (name, text) in files {
            write(&path.join(name), text);
        }
        let port = free_port();
        let command = vec![
            programs.join("prometheus").display().to_string(),
            format!("--config.file={}", path.join("prometheus.yml").display()),
            format!("--storage.tsdb.path={}", path.join("data").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
            "--log.level=warn".to_owned(),
        ];
        let ready = vec![Sign::Address(([127, 0, 0, 1], port).into())];
        Prometheus { port, _keeper: Keeper::start(Launch { directory, command, ready, logs: Vec::new() }) }
    }

    /// The response of the HTTP API to a GET request.
    pub fn api(&self, path: &str) -> Value {
        let began = Instant::now();
        let text = loop {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
            write!(stream, "GET /api/v1/{path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            // It listens before it has loaded its data.
            if !text.starts_with("HTTP/1.0 503") {
                break text;
            }
            assert!(began.elapsed() < TIME_LIMIT, "Prometheus does not become ready");
        };
        let body = text.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The result of a query; an error is a failure of the test.
    pub fn query(&self, expression: &str) -> Vec<Value> {
        let query: String = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let response = self.api(&format!("query?query={query}"));
        assert_eq!(response["status"], "success", "{expression}: {response}");
        response["data"]["result"].as_array().cloned().unwrap_or_default()
    }

    /// The value of a query, as soon as it has exactly one result.
    pub fn value(&self, expression: &str) -> f64 {
        let began = Instant::now();
        loop {
            if let [one] = self.query(expression).as_slice() {
                return one["value"][1].as_str().unwrap().parse().unwrap();
            }
            assert!(began.elapsed() < TIME_LIMIT, "no result: {expression}; {}", self.api("targets"));
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
