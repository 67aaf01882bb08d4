"""Creates the table about `smtpcheck exporter`: its processor load with 200 targets, and its memory during 10,000 scrapes. The targets are addresses of one sandbox server on the same machine."""

import concurrent.futures
import http.client
import ipaddress
import os
import pathlib
import subprocess
import time

from common import complain, table

PORT, LISTEN = 2521, 9587
FIRST = ipaddress.ip_address("127.2.0.1")
TARGETS, INTERVAL = 200, 15
# The last part is compared with the first, to find memory that grows with each probe.
PARTS = 5
# The limits above which a measurement is reported as a fault: percent of all cores, and the growth of memory.
MOST_LOAD, MOST_GROWTH = 5, 1.1


def exporter_under_load(bench):
    (server,) = bench.sandbox(["healthy-relay"], PORT, "0.0.0.0")
    if not bench.answers(server):
        return ""
    folder = pathlib.Path(os.environ["BENCH_FOLDER"])
    config = folder / "exporter.toml"
    config.write_text(f'[defaults]\ntls = "starttls"\nsni = "localhost"\ncacert = "{folder}/sandbox-{PORT}.pem"\n')
    process = subprocess.Popen([bench.smtpcheck, "exporter", "--config", str(config)], stderr=subprocess.PIPE, text=True)
    if "listening on" not in process.stderr.readline():
        complain("this smtpcheck has no command `exporter`")
        return ""
    try:
        return table(["Exporter", "Probes", "Seconds", "CPU ms / probe", "CPU load, one core", "CPU load, all cores", "Memory MB"], rows(bench))
    finally:
        process.terminate()
        process.wait()


def rows(bench):
    every = 10_000 // PARTS
    parts = [measured(lambda: together(every)) for _ in range(PARTS)]
    for number, part in enumerate(parts, 1):
        yield [f"as fast as possible, part {number} of {PARTS}", *part]
    # The first part fills the buffers and the list of the last probes.
    memory = [float(part[-1]) for part in parts[1:]]
    if memory[-1] > memory[0] * MOST_GROWTH:
        complain(f"memory grew from {memory[0]} MB to {memory[-1]} MB")
    spread_out = measured(lambda: spread(4 if bench.full else 2))
    yield [f"{TARGETS} targets every {INTERVAL} s", *spread_out]
    load = float(spread_out[-2].removesuffix(" %"))
    if load >= MOST_LOAD:
        complain(f"the CPU load with {TARGETS} targets is {load} % of all cores, which is more than {MOST_LOAD} %")


def measured(work):
    before, began = metrics(), time.perf_counter()
    count = work()
    seconds, after = time.perf_counter() - began, metrics()
    passed = after['smtpcheck_exporter_probes_total{result="pass"}'] - before['smtpcheck_exporter_probes_total{result="pass"}']
    if passed != count:
        complain(f"{passed:.0f} of {count} probes passed")
    cpu = after["process_cpu_seconds_total"] - before["process_cpu_seconds_total"]
    load = 100 * cpu / seconds
    memory = after["process_resident_memory_bytes"] / 1e6
    return [
        f"{count:,}",
        f"{seconds:.1f}",
        f"{1000 * cpu / count:.2f}",
        f"{load:.1f} %",
        f"{load / os.cpu_count():.1f} %",
        f"{memory:.1f}",
    ]


def together(count):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(probe, range(count)))
    return count


def spread(rounds):
    """Each target once in each interval, at its own time, as Prometheus does."""
    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for number in range(TARGETS * rounds):
            due = began + number * INTERVAL / TARGETS
            time.sleep(max(0, due - time.perf_counter()))
            pool.submit(probe, number)
    return TARGETS * rounds


def probe(number):
    get(f"/probe?target={FIRST + number % TARGETS}:{PORT}")


def get(path):
    connection = http.client.HTTPConnection("127.0.0.1", LISTEN, timeout=60)
    connection.request("GET", path, headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    if response.status != 200:
        complain(f"{path}: {response.status} {text.strip()}")
    return text


def metrics():
    lines = (line.rsplit(" ", 1) for line in get("/metrics").splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


TABLES = [("Exporter", exporter_under_load)]
