"""Creates the table about a mail domain: four MX hosts with two addresses each behind the delayed line. nsd is the name
server, unbound is the resolver, Postfix is every MX host, and a web server has the MTA-STS policy.

Every address behind the line is the same machine (see line.py), so the eight addresses lead to one Postfix. The resolver has
cached every answer after the first run, and validates DNSSEC; smtpcheck validates it again. A check that takes longer than the
target ends the benchmark with exit code 1.
"""

import hashlib
import http.server
import pathlib
import shutil
import ssl
import subprocess
import threading
import time

from common import complain, in_turns, median, measure, table
from line import CLIENT, SERVER
from servers import DOMAIN_PORT, DOMAINS

WEB, RESOLVER, NAMES = 2543, 2553, 2554
# The longest time that a check may take at a round trip of 50 ms.
TARGET_MS = 1500
NET = SERVER.rsplit(".", 1)[0]
POLICY = "version: STSv1\r\nmode: enforce\r\nmx: *.{domain}\r\nmax_age: 2419200\r\n"


def domain(bench):
    """A check of a domain, compared with one session on the same line."""
    programs = ("nsd", "unbound", "ldns-signzone", "ldns-keygen")
    missing = [name for name in programs if not (shutil.which(name) or pathlib.Path("/usr/sbin", name).exists())]
    postfix = next((server for server in bench.servers if server.name == "Postfix"), None)
    if missing or not postfix:
        return complain(f"{', '.join(missing) or 'Postfix'} is not installed, so the table about a domain is omitted") or ""
    service = Domains(bench)
    round_trip_ms = bench.line.round_trip_ms()
    session = [bench.smtpcheck, "--tls", "starttls", "--insecure", "--connect-timeout", "5s", f"{NET}.11:{DOMAIN_PORT}"]
    runs = {"one session with one address": session}
    for name, label in service.labels.items():
        runs[label] = service.command(bench.smtpcheck, name)
        if bench.other:
            runs[f"{label}, before"] = service.command(bench.other, name)
    results = in_turns({label: counted(bench, command) for label, command in runs.items()}, bench.repeat)
    own = min(one.wall_ms for one in results["one session with one address"])
    rows = []
    for label, all_of in results.items():
        if bench.verbose:
            print(all_of[-1].output)
        wall = min(one.wall_ms for one in all_of)
        if label in service.labels.values() and wall > TARGET_MS and bench.round_trip_ms <= 50:
            bench.misses.append(f"{label}: {wall:.0f} ms, and the target is {TARGET_MS} ms")
        count = lambda key: int(median(all_of, lambda one: one.counts[key]))
        rows.append(
            [label, count("round_trips"), f"{wall:.0f}", f"{wall / round_trip_ms:.1f}", f"{wall / own:.2f}"]
            + [count("connections"), count("queries"), f"{median(all_of, lambda one: one.cpu_ms):.0f}"]
            + [f"{median(all_of, lambda one: one.peak_mb):.0f}", all_of[-1].code]
        )
    print(f"The measured round trip is {round_trip_ms:.1f} ms.\n")
    headings = ["Check", "Round trips", "ms", "ms / round trip", "Ratio", "Connections", "DNS queries", "CPU ms", "MB"]
    return table([*headings, "Exit code"], rows)


def counted(bench, command):
    def run():
        bench.line.reset()
        measurement = measure(command)
        measurement.counts = bench.line.counts()
        return measurement

    return run


class Domains:
    """Zones, name server, resolver, and web server."""

    labels = dict(
        zip(
            DOMAINS,
            (
                "domain, 1 host, 1 address, no policy",
                "domain, 4 hosts, 8 addresses, no policy",
                "domain, 4 hosts, 8 addresses, DNSSEC, DANE, MTA-STS",
            ),
        )
    )

    def __init__(self, bench):
        self.servers = bench.all_servers
        self.folder = self.servers.folder / "domain"
        self.folder.mkdir()
        self.zones()
        self.web()
        text = lambda name, content: self.servers.write(f"domain/{name}", content)
        served = "".join(f'zone:\n  name: "{name}"\n  zonefile: {self.folder}/{file}\n' for name, file in self.files.items())
        nsd = text(
            "nsd.conf",
            f'server:\n  ip-address: {CLIENT}@{NAMES}\n  username: root\n  chroot: ""\n  zonesdir: {self.folder}\n  database: ""\n'
            f"  pidfile: {self.folder}/nsd.pid\n  logfile: {self.folder}/nsd.log\n  xfrdfile: {self.folder}/xfrd\n"
            f"  zonelistfile: {self.folder}/zonelist\nremote-control:\n  control-enable: no\n{served}",
        )
        stubs = "".join(f'stub-zone:\n  name: "{name}"\n  stub-addr: {CLIENT}@{NAMES}\n' for name in self.files)
        unbound = text(
            "unbound.conf",
            f'server:\n  interface: {CLIENT}@{RESOLVER}\n  access-control: 10.0.0.0/8 allow\n  username: ""\n  chroot: ""\n'
            f"  directory: {self.folder}\n  pidfile: {self.folder}/unbound.pid\n  use-syslog: no\n"
            f"  logfile: {self.folder}/unbound.log\n  do-not-query-localhost: no\n  do-ip6: no\n  trust-anchor-file: "
            f'{self.folder}/root.key\n  module-config: "validator iterator"\nremote-control:\n  control-enable: no\n{stubs}',
        )
        self.servers.start(["/usr/sbin/nsd", "-d", "-c", nsd])
        self.servers.start(["/usr/sbin/unbound", "-d", "-c", unbound])
        time.sleep(2)

    def zones(self):
        key = hashlib.sha256(self.public_key()).hexdigest()
        soa = lambda zone: f"$TTL 3600\n$ORIGIN {zone.rstrip('.')}.\n@ SOA ns. host.ns. 1 3600 600 864000 60\n@ NS ns.\n"
        root = f"$TTL 3600\n. SOA ns. host.ns. 1 3600 600 864000 60\n. NS ns.\nns. A {SERVER}\n"
        self.files = {".": "root.signed"}
        for name in self.labels:
            hosts = 1 if name == "one.example" else 4
            lines = soa(name) + '@ TXT "v=spf1 mx -all"\n_dmarc TXT "v=DMARC1; p=reject"\n'
            for host in range(1, hosts + 1):
                lines += f"@ MX {host}0 mx{host}\n"
                for address in range(1 if hosts == 1 else 2):
                    lines += f"mx{host} A {NET}.{9 + 2 * host + address}\n"
                if name == "signed.example":
                    lines += f"_25._tcp.mx{host} TLSA 3 1 1 {key}\n"
            if name == "signed.example":
                lines += f'_mta-sts TXT "v=STSv1; id=1;"\nmta-sts A {SERVER}\n'
                lines += '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@signed.example"\n'
            (self.folder / f"{name}.zone").write_text(lines)
            root += f"{name}. NS ns.\n"
            self.files[name] = f"{name}.zone"
        self.files["signed.example"] = "signed.example.signed"
        root += (self.folder / f"{self.signed('signed.example')}.ds").read_text()
        (self.folder / "root.zone").write_text(root)
        anchor = (self.folder / f"{self.signed('.', 'root')}.key").read_text()
        (self.folder / "root.key").write_text(anchor)

    def signed(self, zone, file=None):
        """Signs a zone that is written when the key exists; returns the name of the key's files."""
        run = lambda *words: subprocess.run(words, cwd=self.folder, check=True, capture_output=True, text=True).stdout
        key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone).strip()
        run("ldns-signzone", "-f", f"{file or zone}.signed", f"{file or zone}.zone", key)
        return key

    def public_key(self):
        """The public key of the MX hosts in DER."""
        command = ["openssl", "pkey", "-in", str(self.servers.domain_key), "-pubout", "-outform", "DER"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def web(self):
        class Page(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = POLICY.format(domain="signed.example").encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer((CLIENT, WEB), Page)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.servers.domain_chain, self.servers.domain_key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def command(self, binary, name):
        return [
            binary, "domain", name, "--resolver", f"{SERVER}:{RESOLVER}", "--dns-port", str(NAMES), "--port", str(DOMAIN_PORT),
            "--https-port", str(WEB), "--trust-anchor", str(self.folder / "root.key"), "--list", "none",
        ]  # fmt: skip


TABLES = [
    ("A mail domain over a link with a round-trip time of {round_trip_ms:.0f} ms", domain),
]
