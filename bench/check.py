"""Creates the tables about one check: time over a delayed line, processor time on this machine, and the TLS scan. It
measures smtpcheck and other programs against each server."""

import os
import pathlib

from common import in_turns, measure, median, table
from line import CLIENT, SERVER
from servers import DELAYED, DIRECT, PASSWORD, USER, program


def clients(bench):
    """Each program, with the command that checks STARTTLS at a host and port, and then sends QUIT."""
    found = {"smtpcheck": lambda host, port: ([bench.smtpcheck, "--tls", "starttls", f"{host}:{port}"], b"")}
    if bench.other:
        found["smtpcheck before"] = lambda host, port: ([bench.other, "--tls", "starttls", f"{host}:{port}"], b"")
    rows = [
        ("check_smtp", program("monitoring-plugins-basic", "/usr/lib/nagios/plugins/check_smtp"),
         lambda path, host, port: [path, "-H", host, "-p", str(port), "-S"]),
        ("openssl s_client", program("openssl", "/usr/bin/openssl"),
         lambda path, host, port: [path, "s_client", "-starttls", "smtp", "-connect", f"{host}:{port}", "-quiet"]
         + ["-verify_return_error", "-verify_hostname", host]),
        ("posttls-finger", program("postfix", "/usr/sbin/posttls-finger"),
         lambda path, host, port: [path, "-c", "-l", "secure", "-P", "/etc/ssl/certs", "-F", BUNDLE, f"[{host}]:{port}"]),
        ("curl", program("curl", "/usr/bin/curl"),
         lambda path, host, port: [path, "-sS", "--ssl-reqd", f"smtp://{host}:{port}", "-X", "NOOP"]),
        ("swaks", program("swaks", "/usr/bin/swaks"),
         lambda path, host, port: [path, "-s", host, "-p", str(port), "-tls", "--quit-after", "TLS"]),
    ]
    for name, path, command in rows:
        if path:
            stdin = b"QUIT\r\n" if name == "openssl s_client" else b""
            found[name] = lambda host, port, path=path, command=command, stdin=stdin: (command(path, host, port), stdin)
    return found


BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

# The program as it is published, if it has been built: cargo build --profile dist.
PUBLISHED = pathlib.Path(__file__).resolve().parent.parent / "target/dist/smtpcheck"


def environment(name):
    env = dict(os.environ)
    if name == "posttls-finger":
        env["LD_LIBRARY_PATH"] = str(program("postfix", "/usr/lib/postfix"))
        env["MAIL_CONFIG"] = os.environ["BENCH_FOLDER"] + "/postfix"
    return env


def run_of(bench, name, command, host, port):
    def run():
        words, stdin = command(host, port)
        measurement = measure(words, stdin, environment(name))
        if bench.verbose or measurement.code not in (0, 1):
            print(f"<!-- {name} {host}:{port} ended with {measurement.code}: {measurement.output[-400:]!r} -->")
        return measurement

    return run


def over_the_line(bench):
    """Wall time, round trips, connections and DNS queries, including the name lookup and QUIT. The fastest run counts, because
    other load on the machine can only add time."""
    bench.resolve_by(SERVER)
    rows, round_trip_ms = [], bench.line.round_trip_ms()
    for server in bench.servers:
        runs = {}
        for name, command in clients(bench).items():
            if server.name == "the sandbox" and not name.startswith("smtpcheck"):
                continue
            run = run_of(bench, name, trusting(bench, server, command), DELAYED, server.port)
            runs[name] = counted(bench, run)
        if server.has_login:
            login = lambda host, port: (
                [bench.smtpcheck, "--tls", "starttls", f"{host}:{port}", "-u", USER, "--password-stdin"]
                + ["-f", USER, "-t", "known@example.net"],
                (PASSWORD + "\n").encode(),
            )
            runs["smtpcheck, login and envelope"] = counted(bench, run_of(bench, "smtpcheck", login, DELAYED, server.port))
        results = in_turns(runs, bench.repeat)
        own = min(one.wall_ms for one in results["smtpcheck"])
        for name, all_of in results.items():
            wall = min(one.wall_ms for one in all_of)
            count = lambda key: int(median(all_of, lambda one: one.counts[key]))
            rows.append(
                [f"{server.name}: {name}", count("round_trips"), f"{wall:.0f}", f"{wall / round_trip_ms:.1f}"]
                + [f"{wall / own:.2f}", count("connections"), count("queries"), count("flights")]
            )
    print(f"The measured round trip is {round_trip_ms:.1f} ms.\n")
    headings = ["Server: program", "Round trips", "ms", "ms / round trip", "Ratio", "Connections", "DNS queries", "Flights"]
    return table(headings, rows)


def counted(bench, run):
    def counting():
        bench.line.reset()
        measurement = run()
        measurement.counts = bench.line.counts()
        return measurement

    return counting


def trusting(bench, server, command):
    """The sandbox has its own CA."""
    if server.name != "the sandbox":
        return command

    def with_authority(host, port):
        words, stdin = command(host, port)
        return words + ["--insecure"], stdin

    return with_authority


def on_this_machine(bench):
    """Processor time and wall time without a delay; also those of the `dist` profile, if it has been built."""
    bench.resolve_by(CLIENT)
    rows = []
    for server in bench.servers:
        runs = {}
        for name, command in clients(bench).items():
            if server.name == "the sandbox" and not name.startswith("smtpcheck"):
                continue
            runs[name] = run_of(bench, name, trusting(bench, server, command), DIRECT, server.port)
        if PUBLISHED.is_file():
            command = lambda host, port: ([str(PUBLISHED), "--tls", "starttls", f"{host}:{port}"], b"")
            runs["smtpcheck, profile dist"] = run_of(bench, "", trusting(bench, server, command), DIRECT, server.port)
        if server.name == "the sandbox":
            plain = lambda binary: lambda host, port: ([binary, "--tls", "none", f"{host}:{port}"], b"")
            runs["smtpcheck without TLS"] = run_of(bench, "smtpcheck", plain(bench.smtpcheck), DIRECT, server.port)
            if bench.other:
                runs["smtpcheck before, without TLS"] = run_of(bench, "", plain(bench.other), DIRECT, server.port)
        results = in_turns(runs, bench.repeat_cpu)
        own = median(results["smtpcheck"], lambda one: one.cpu_ms)
        for name, all_of in results.items():
            cpu = median(all_of, lambda one: one.cpu_ms)
            rows.append(
                [f"{server.name}: {name}", f"{cpu:.1f}", f"{cpu / own:.2f}"]
                + [f"{median(all_of, lambda one: one.wall_ms):.1f}"]
            )
    return table(["Server: program", "CPU ms", "Ratio", "Wall ms"], rows)


def scan(bench):
    rows = []
    for server in bench.servers:
        command = lambda host, port: ([bench.smtpcheck, "--tls-scan", "--insecure", f"{host}:{port}"], b"")
        before = lambda host, port: ([bench.other, "--tls-scan", "--insecure", f"{host}:{port}"], b"")
        runs = {"smtpcheck --tls-scan": run_of(bench, "smtpcheck", command, CLIENT, server.port)}
        if bench.other:
            runs["smtpcheck before, --tls-scan"] = run_of(bench, "", before, CLIENT, server.port)
        for name, all_of in in_turns(runs, bench.repeat).items():
            wall, cpu = median(all_of, lambda one: one.wall_ms), median(all_of, lambda one: one.cpu_ms)
            rows.append([f"{server.name}: {name}", f"{wall:.0f}", f"{cpu:.1f}"])
    return table(["Server: program", "Wall ms", "CPU ms"], rows)


TABLES = [
    ("A check over a link with a round-trip time of {round_trip_ms:.0f} ms", over_the_line),
    ("A check on this machine", on_this_machine),
    ("The TLS scan on this machine", scan),
]
