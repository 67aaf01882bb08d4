"""Creates the table about long lists of targets. It measures `smtpcheck batch` against the sandbox on the same machine, at
two sizes, because memory should not grow with the number of targets. It also measures zgrab2, if it is installed."""

import ipaddress
import json
import os
import pathlib
import shutil

from common import complain, measure, table
from line import CLIENT

PORT = 2520
# A server that listens on all addresses also responds at each address of this network.
NEAR = ipaddress.ip_address("127.1.0.1")
# The delayed line leads to each address of its network.
BEHIND_THE_LINE = ipaddress.ip_address(CLIENT) + 1
PLAIN = ["--tls", "none"]
# The certificate of the sandbox is for this name.
VERIFIED = ["--tls", "starttls", "--sni", "localhost"]


def batch_of_targets(bench):
    (server,) = bench.sandbox(["healthy-relay"], PORT, "0.0.0.0")
    if not bench.answers(server):
        return ""
    if measure([bench.smtpcheck, "batch", "--help"]).code != 0:
        complain("this smtpcheck has no command `batch`")
        return ""
    verified = VERIFIED + ["--cacert", f"{os.environ['BENCH_FOLDER']}/sandbox-{PORT}.pem"]
    plain, secure = (100_000, 20_000) if bench.full else (20_000, 5_000)
    delayed = f"with a round trip of {bench.round_trip_ms:.0f} ms"
    rows = []
    for title, first, sizes, flags in (
        ("without TLS", NEAR, (plain // 4, plain), PLAIN),
        ("with STARTTLS and a verified certificate", NEAR, (secure // 4, secure), verified),
        (f"without TLS, {delayed}", BEHIND_THE_LINE, (200,), PLAIN),
        (f"with STARTTLS, {delayed}", BEHIND_THE_LINE, (200,), verified),
    ):
        for size in sizes:
            for name, run in clients(bench, flags).items():
                rows.append([f"{size:,} {title}: {name}", *run(targets(first, size), size)])
    return table(["Targets: program", "Seconds", "CPU seconds", "CPU ms / target", "Peak MB"], rows)


def targets(first, size):
    """A file with this many addresses, one per line."""
    path = pathlib.Path(os.environ["BENCH_FOLDER"]) / "targets"
    path.write_text("".join(f"{first + index}\n" for index in range(size)))
    return path


def clients(bench, flags):
    found = {"smtpcheck": lambda path, size: of_smtpcheck(bench.smtpcheck, flags, path, size)}
    if bench.other:
        found["smtpcheck before"] = lambda path, size: of_smtpcheck(bench.other, flags, path, size)
    zgrab2 = shutil.which("zgrab2")
    if zgrab2:
        found["zgrab2"] = lambda path, size: of_zgrab2(zgrab2, flags, path, size)
    return found


def of_smtpcheck(program, flags, path, size):
    records = path.with_name("records")
    command = [program, "batch", str(path), "--port", str(PORT), *flags, "--output", str(records), "--quiet"]
    measurement = measure(command)
    passed = 0
    if records.exists():
        with open(records, encoding="utf-8") as lines:
            passed = sum(json.loads(line).get("exit", {}).get("code") == 0 for line in lines)
        records.unlink()
    if passed != size:
        complain(f"{passed} of {size} targets passed: {measurement.output[-300:]}")
    return cells(measurement, size)


def of_zgrab2(program, flags, path, size):
    """By default, zgrab2 does not verify the certificate."""
    records = path.with_name("records-of-zgrab2")
    command = [program, "smtp", "--port", str(PORT), "--send-ehlo", "--ehlo-domain", "bench.example", "--send-quit"]
    command += ["--starttls"] if "starttls" in flags else []
    command += ["--senders", "256", "--input-file", str(path), "--output-file", str(records)]
    measurement = measure(command)
    if measurement.code != 0:
        complain(f"zgrab2 ended with {measurement.code}: {measurement.output[-300:]}")
    return cells(measurement, size)


def cells(measurement, size):
    seconds = f"{measurement.wall_ms / 1000:.1f}"
    return [seconds, f"{measurement.cpu_ms / 1000:.1f}", f"{measurement.cpu_ms / size:.2f}", f"{measurement.peak_mb:.0f}"]


TABLES = [("Long lists of targets", batch_of_targets)]
