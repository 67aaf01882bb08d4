//! Limits: which targets are allowed, how many probes run, how long they run, and how large a request may be.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::client::{Exporter, read};
use super::{address, defaults};

/// A server that accepts connections and sends nothing.
fn silent_server() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (listener.local_addr().unwrap().to_string(), listener)
}

#[test]
fn only_allowed_targets_are_checked() {
    let target = address("healthy-submission");
    let exporter = Exporter::start_with(
        &(defaults() + "[module.mail]\ntype = \"domain\"\n"),
        &[],
        &[
            "--allow-target",
            &format!("127.0.0.1:{}", target.rsplit_once(':').unwrap().1),
            "--allow-target",
            "*.example.net",
        ],
    );
    exporter.probe(target, "").is(200).contains("probe_success 1");
    for query in
        ["127.0.0.1:22", address("healthy-relay"), "mail.example.net:22", "mail.example.org", "example.net&module=mail"]
    {
        exporter.probe(query, "").is(403).contains("--allow-target does not allow");
    }
    let metrics = exporter.get("/metrics");
    assert_eq!(metrics.value("smtpcheck_exporter_probes_rejected_total{reason=\"target\"}"), Some(5.0));
}

/// Without --allow-target, every server may be checked, but no Unix socket of this machine.
#[test]
fn a_client_cannot_name_a_unix_socket() {
    let exporter = Exporter::start_with(&defaults(), &[], &[]);
    exporter.probe("smtp%2Bunix:/run/dovecot/lmtp", "").is(403).contains("is a Unix socket");
}

#[test]
fn an_exporter_for_other_machines_warns_unless_it_is_protected() {
    let flags = ["--listen", "0.0.0.0:0", "--allow-target", "*.example.net"];
    let exporter = Exporter::start_with("", &[], &flags);
    assert!(exporter.log().contains("warning: every client can use the exporter"), "{}", exporter.log());
}

#[test]
fn a_slow_target_does_not_delay_others_and_probes_beyond_the_limit_are_429() {
    let (silent, _listener) = silent_server();
    let exporter = Exporter::start_with(&defaults(), &[], &["--max-probes", "3"]);
    let timeout = "X-Prometheus-Scrape-Timeout-Seconds: 4.5";
    let path = format!("/probe?target={silent}");
    let slow: Vec<TcpStream> = (0..2).map(|_| exporter.request("GET", &path, &[timeout])).collect();
    while exporter.get("/metrics").value("smtpcheck_exporter_probes_running") != Some(2.0) {}
    let began = Instant::now();
    exporter.probe(address("healthy-submission"), "").is(200).contains("probe_success 1");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let third = exporter.request("GET", &path, &[timeout]);
    while exporter.get("/metrics").value("smtpcheck_exporter_probes_running") != Some(3.0) {}
    let busy = exporter.probe(address("healthy-submission"), "").is(429);
    busy.contains("--max-probes");
    assert!(busy.head.contains("retry-after: 1"), "{}", busy.head);
    for stream in slow.into_iter().chain([third]) {
        let probe = read(stream, "GET").is(200);
        assert_eq!((probe.value("probe_success"), probe.value("smtpcheck_exit_code")), (Some(0.0), Some(3.0)));
        assert_eq!(probe.value("probe_timeout_seconds"), Some(4.0));
        assert!(probe.value("probe_duration_seconds").unwrap() < 4.4, "{}", probe.body);
    }
    exporter.probe(address("healthy-submission"), "").is(200).contains("probe_success 1");
}

/// All requests are sent before the first response is read.
#[test]
fn a_thousand_requests_at_once_are_all_answered() {
    // Each request is a connection of this process.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(maximum.unwrap_or(8192).min(8192)), maximum }).unwrap();
    }
    let exporter = Exporter::start_with(&defaults(), &[], &["--max-probes", "4"]);
    let path = format!("/probe?target={}", address("healthy-relay"));
    let requests: Vec<TcpStream> = (0..1000).map(|_| exporter.request("GET", &path, &[])).collect();
    let statuses: Vec<u16> = requests.into_iter().map(|stream| read(stream, "GET").status).collect();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 429)), "{statuses:?}");
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert!(count(200) > 0 && count(429) > 0, "{} {}", count(200), count(429));
    let metrics = exporter.get("/metrics");
    assert_eq!(metrics.value("smtpcheck_exporter_probes_running"), Some(0.0));
    let passed = metrics.value("smtpcheck_exporter_probes_total{result=\"pass\"}").unwrap();
    assert_eq!(passed, f64::from(u32::try_from(count(200)).unwrap()));
    let busy = metrics.value("smtpcheck_exporter_probes_rejected_total{reason=\"busy\"}").unwrap();
    assert_eq!(busy, f64::from(u32::try_from(count(429)).unwrap()));
    assert_eq!(metrics.value("smtpcheck_exporter_http_connections_closed_total"), Some(0.0));
}

#[test]
fn a_client_that_sends_its_request_slowly_is_disconnected() {
    let exporter = Exporter::start(&defaults());
    let mut stream = TcpStream::connect(&exporter.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
    let began = Instant::now();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    assert!(!String::from_utf8_lossy(&bytes).contains("200 OK"), "the request never ended");
    assert!((4..15).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[test]
fn requests_that_are_too_large_or_are_not_http_are_refused() {
    let exporter = Exporter::start(&defaults());
    exporter.get(&format!("/probe?target={}", "a".repeat(5000))).is(414);
    let status = |request: &[u8]| {
        let mut stream = TcpStream::connect(&exporter.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).split(' ').nth(1).unwrap_or("closed").to_owned()
    };
    let many: String = (0..100).map(|number| format!("X-{number}: y\r\n")).collect();
    let head = "GET / HTTP/1.1\r\nHost: x\r\n";
    assert_eq!(status(format!("{head}{many}\r\n").as_bytes()), "431");
    assert_eq!(status(format!("{head}X: {}\r\n\r\n", "y".repeat(40_000)).as_bytes()), "431");
    assert_eq!(status(b"EHLO there\r\n\r\n"), "400");
    assert_eq!(status(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), "400");
    exporter.get("/-/healthy").is(200);
}

/// Clients that connect and send nothing, or only a part of a request, use up the connections, but their connections
/// are closed when another client needs one.
#[test]
fn connections_without_a_request_keep_no_client_out() {
    let exporter = Exporter::start_with(&defaults(), &[], &["--max-probes", "4"]);
    for round in 0..2 {
        let open: Vec<TcpStream> = (0..350)
            .map(|number| {
                let mut stream = TcpStream::connect(&exporter.address).unwrap();
                if number % 2 == 0 {
                    let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n");
                }
                stream
            })
            .collect();
        let began = Instant::now();
        exporter.get("/-/healthy").is(200);
        exporter.probe(address("healthy-relay"), "").is(200).contains("probe_success 1");
        assert!(began.elapsed() < Duration::from_millis(4500), "round {round}: {:?}", began.elapsed());
        drop(open);
    }
    let closed = exporter.get("/metrics").value("smtpcheck_exporter_http_connections_closed_total");
    assert!(closed.is_some_and(|closed| closed >= 90.0), "{closed:?}");
}

/// A server that sends a greeting and closes each connection after the first command, and the number of connections.
fn counting_server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"220 localhost ESMTP\r\n");
            std::thread::spawn(move || stream.read(&mut [0; 4096]));
        }
    });
    (address, connections)
}

#[test]
fn a_scrape_of_a_failing_server_opens_one_session_and_a_person_can_request_the_diagnosis() {
    let (target, connections) = counting_server();
    let config =
        "[defaults]\ntls = \"implicit\"\n[module.two]\nmax-connections = 2\n[module.every]\nevery-address = true\n";
    let exporter = Exporter::start(config);
    for scrapes in 1..=3 {
        exporter.probe(&target, "").is(200).contains("smtpcheck_exit_code 6");
        assert_eq!(connections.load(Ordering::SeqCst), scrapes);
    }
    let debug = exporter.probe(&target, "&debug=true").is(200);
    debug.contains("smtpcheck_exit_code 6");
    let follow_ups = connections.load(Ordering::SeqCst) - 3;
    assert!((2..=6).contains(&follow_ups), "{follow_ups}: {}", debug.body);
    for module in ["two", "every"] {
        connections.store(0, Ordering::SeqCst);
        exporter.probe(&target, &format!("&module={module}")).is(200).contains("smtpcheck_exit_code 6");
        assert!(connections.load(Ordering::SeqCst) >= 2, "{module}");
    }
}
