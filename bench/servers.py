"""Starts the servers for the measurements: Postfix, Exim, Dovecot's submission server and smtpcheck's
sandbox, and a DNS server for their name.

All servers have certificates from one CA. This CA is added to the trust store of this machine, in a separate mount
namespace, so that every program verifies the certificate with the complete store. A server that is not installed is
omitted; `.ci/install-servers` installs all of them.
"""

import os
import pathlib
import shutil
import socket
import struct
import subprocess
import threading
import time

from common import complain
from line import CLIENT, SERVER

UNPACKED = pathlib.Path(os.environ.get("SMTPCHECK_SERVERS", "/opt/smtpcheck-servers"))
USER, PASSWORD = "u@example.net", "correct-horse"
# The first name leads through the delayed line and is in DNS. The second is in /etc/hosts.
DELAYED, DIRECT = "mail.bench.example", "direct.bench.example"
# The mail domains, and the port of their mail server.
DOMAINS, DOMAIN_PORT = ("one.example", "plain.example", "signed.example"), 2506


class Server:
    def __init__(self, name, port, has_login=True):
        self.name, self.port, self.has_login = name, port, has_login


def program(package, path):
    """The path of a program: unpacked by `.ci/install-servers`, or installed."""
    for place in (UNPACKED / package / path.lstrip("/"), pathlib.Path(path)):
        if place.exists():
            return str(place)
    return shutil.which(pathlib.Path(path).name)


class Servers:
    def __init__(self, folder, smtpcheck):
        self.folder, self.smtpcheck, self.processes = pathlib.Path(folder), smtpcheck, []
        self.folder.chmod(0o755)
        self.write("no-resolver", "")
        self.certificates()
        self.trust()
        self.names()
        started = [self.postfix(), self.exim(), self.dovecot(), self.sandbox()]
        self.all = [server for server in started if server and self.answers(server)]

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, command, **more):
        log = open(self.folder / "output", "ab")
        options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **more}
        # Servers do not look up anything: with an empty resolver file, each query fails immediately.
        shell = f"mount --bind {self.folder}/no-resolver /etc/resolv.conf; exec \"$@\""
        words = ["unshare", "--mount", "sh", "-c", shell, "sh", *(str(word) for word in command)]
        self.processes.append(subprocess.Popen(words, **options))

    def stop(self):
        for process in self.processes:
            process.terminate()

    def answers(self, server):
        for _ in range(200):
            try:
                with socket.create_connection((CLIENT, server.port), 5) as connection:
                    if connection.recv(3) == b"220":
                        return True
            except OSError:
                time.sleep(0.05)
        complain(f"{server.name} does not respond and is omitted; see {self.folder}")
        return False

    def certificates(self):
        """A CA, an intermediate CA and a certificate, like those of a public CA."""
        names = f"subjectAltName=DNS:{DELAYED},DNS:{DIRECT},IP:{CLIENT},IP:{SERVER}"
        of_domains = "subjectAltName=" + ",".join(f"DNS:*.{domain}" for domain in DOMAINS)
        authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
        leaf = (
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
            "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n{}\n"
        )
        rows = [
            ("root", "/O=smtpcheck/CN=Benchmark root", "root", authority),
            ("middle", "/O=smtpcheck/CN=Benchmark intermediate", "root", authority + "authorityKeyIdentifier=keyid\n"),
            ("leaf", f"/CN={DELAYED}", "middle", leaf.format(names)),
            ("domain", "/CN=mail.example", "middle", leaf.format(of_domains)),
        ]
        for name, subject, issuer, extensions in rows:
            self.write(f"{name}.ext", extensions)
            self.openssl(f"genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key")
            self.openssl("req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
            sign = f"-CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial" if issuer != name else f"-signkey {name}.key"
            self.openssl(f"x509 -req -in {name}.csr -days 90 -sha256 -extfile {name}.ext {sign} -out {name}.pem")
        read = lambda name: (self.folder / name).read_text()
        self.chain = self.write("chain.pem", read("leaf.pem") + read("middle.pem"))
        self.domain_chain = self.write("domain-chain.pem", read("domain.pem") + read("middle.pem"))
        self.key, self.domain_key = self.folder / "leaf.key", self.folder / "domain.key"
        self.key.chmod(0o644)
        self.domain_key.chmod(0o644)
        self.root = self.folder / "root.pem"

    def openssl(self, *words):
        command = ["openssl"] + [part for word in words for part in ([word] if len(words) > 1 else word.split())]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    def trust(self):
        """Adds the CA to the trust store of this mount namespace."""
        bundle = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
        if not bundle.exists():
            complain(f"{bundle} does not exist, so programs cannot verify the certificates")
            return
        extended = self.write("bundle.pem", bundle.read_text() + self.root.read_text())
        self.mount(extended, bundle)

    def mount(self, source, target):
        subprocess.run(["mount", "--bind", str(source), str(target)], check=True)

    def names(self):
        self.mount(self.write("hosts", f"127.0.0.1 localhost\n{CLIENT} {DIRECT}\n"), "/etc/hosts")
        self.mount(self.resolve_by(SERVER), "/etc/resolv.conf")
        answering = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Through the delayed line, queries arrive at the same address.
        answering.bind((CLIENT, 53))
        threading.Thread(target=answer, args=(answering,), daemon=True).start()

    def resolve_by(self, address):
        """Programs use this resolver from now on: SERVER is behind the delayed line, CLIENT is not."""
        return self.write("resolv.conf", f"nameserver {address}\n")

    def postfix(self):
        master = program("postfix", "/usr/lib/postfix/sbin/master")
        if not master:
            return complain("Postfix is not installed and is omitted")
        base, root = self.folder / "postfix", pathlib.Path(master).parents[4]
        sasl = self.dovecot_sasl()
        for name in ("pid", "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private"):
            self.owned(base / "queue" / name, "postfix", 0o755 if name == "pid" else 0o700)
        for name in ("saved", "trace"):
            self.owned(base / "queue" / name, "postfix", 0o700)
        for name, mode in (("queue/maildrop", 0o730), ("queue/public", 0o710), ("data", 0o700)):
            self.owned(base / name, "postfix", mode)
        (base / "queue").chmod(0o755)
        shutil.chown(base / "queue", "root")
        shutil.chown(base / "queue" / "pid", "root")
        values = {"base": base, "root": root, "chain": self.chain, "key": self.key, "sasl": sasl}
        self.write("postfix/main.cf", MAIN_CF.format(domains=", ".join(DOMAINS), **values))
        options = (
            "-o smtpd_tls_security_level=encrypt -o smtpd_tls_auth_only=yes -o smtpd_sasl_auth_enable=yes"
            " -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"
        )
        relay = "2502 inet n - n - - smtpd -o smtpd_tls_security_level=none -o smtpd_authorized_xclient_hosts=127.0.0.1\n"
        mx = (
            f"{DOMAIN_PORT} inet n - n - - smtpd -o smtpd_tls_security_level=may"
            f" -o smtpd_tls_cert_file={self.domain_chain} -o smtpd_tls_key_file={self.domain_key}"
            " -o smtpd_sasl_auth_enable=no -o mynetworks=127.0.0.1\n"
        )
        self.write("postfix/master.cf", f"2501 inet n - n - - smtpd {options}\n{relay}{mx}{SERVICES}")
        old = time.time() - 60
        os.utime(base / "main.cf", (old, old))
        env = {"LD_LIBRARY_PATH": str(root / "usr/lib/postfix"), "POSTLOG_HOSTNAME": "localhost", "PATH": os.environ["PATH"]}
        env["POSTLOG_SERVICE"] = f"{base}/queue/public/postlog"
        self.start([master, "-d", "-c", base], env=env)
        return Server("Postfix", 2501, has_login=bool(sasl))

    def owned(self, path, user, mode):
        path.mkdir(parents=True, exist_ok=True)
        shutil.chown(path, user)
        path.chmod(mode)

    def exim(self):
        exim = program("exim4-daemon-light", "/usr/sbin/exim4")
        if not exim:
            return complain("Exim is not installed and is omitted")
        base = self.folder / "exim"
        for name in ("spool", "log"):
            self.owned(base / name, "Debian-exim", 0o750)
        values = {"base": base, "chain": self.chain, "key": self.key, "exim": exim, "user": USER, "password": PASSWORD}
        config = self.write("exim/exim.conf", EXIM.format(**values))
        self.start([exim, "-C", config, "-bdf"])
        return Server("Exim", 2503)

    def dovecot_files(self, name):
        base = self.folder / name
        self.owned(base / "home", "dovecot", 0o777)
        self.write(f"{name}/users", f"{USER}:{{PLAIN}}{PASSWORD}\n")
        return base

    def dovecot_sasl(self):
        if not pathlib.Path("/usr/sbin/dovecot").exists():
            return ""
        base = self.dovecot_files("sasl")
        text = f"protocols = none\nssl = no\nservice auth {{\n  unix_listener {base}/smtp-auth {{\n    mode = 0666\n  }}\n}}\n"
        self.start(["/usr/sbin/dovecot", "-F", "-c", self.write("sasl/dovecot.conf", DOVECOT.format(base=base) + text)])
        return f"smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {base}/smtp-auth"

    def dovecot(self):
        if not pathlib.Path("/usr/lib/dovecot/submission-login").exists():
            return complain("Dovecot's submission server is not installed and is omitted")
        base = self.dovecot_files("dovecot")
        text = SUBMISSION.format(chain=self.chain, key=self.key, address=CLIENT)
        self.start(["/usr/sbin/dovecot", "-F", "-c", self.write("dovecot/dovecot.conf", DOVECOT.format(base=base) + text)])
        return Server("Dovecot", 2504)

    def sandbox(self):
        return self.start_sandbox(["healthy-submission"], 2505)[0]

    def start_sandbox(self, scenarios, port, address=CLIENT):
        """Starts a server for each scenario, on consecutive ports. With "0.0.0.0", they also listen on all addresses of
        127.0.0.0/8."""
        self.start(
            [self.smtpcheck, "sandbox", *scenarios, "--listen", address, "--allow-remote", "--port", str(port), "--quiet"]
            + ["--ca-file", self.folder / f"sandbox-{port}.pem"]
        )
        return [Server("the sandbox", port + index, has_login=False) for index in range(len(scenarios))]


def answer(listener):
    """Answers DNS queries: one IPv4 address for every name, and nothing else."""
    while True:
        query, client = listener.recvfrom(4096)
        end = 12
        while query[end]:
            end += query[end] + 1
        question = query[12 : end + 5]
        is_a = question[-4:-2] == b"\0\1" and question.startswith(b"\4mail")
        header = query[:2] + struct.pack("!HHHHH", 0x8580, 1, int(is_a), 0, 0)
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(SERVER) if is_a else b""
        listener.sendto(header + question + record, client)


MAIN_CF = """compatibility_level = 3.7
maillog_file = {base}/maillog
maillog_file_prefixes = {base}
config_directory = {base}
queue_directory = {base}/queue
data_directory = {base}/data
daemon_directory = {root}/usr/lib/postfix/sbin
command_directory = {root}/usr/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {base}
import_environment = LD_LIBRARY_PATH MAIL_CONFIG MAIL_LOGTAG POSTLOG_SERVICE POSTLOG_HOSTNAME LANG=C
inet_interfaces = all
inet_protocols = ipv4
myhostname = mail.bench.example
mydestination = example.net, {domains}
mynetworks = 127.0.0.0/8
local_recipient_maps = inline:{{ u=x, known=x }}
smtpd_peername_lookup = no
smtpd_client_connection_rate_limit = 0
local_transport = discard:
default_transport = discard:
alias_maps =
smtpd_tls_cert_file = {chain}
smtpd_tls_key_file = {key}
{sasl}
"""

SERVICES = """cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
discard unix - - n - - discard
postlog unix-dgram n - n - 1 postlogd
"""

EXIM = """daemon_smtp_ports = 2503
local_interfaces = 0.0.0.0
spool_directory = {base}/spool
log_file_path = {base}/log/%s
pid_file_path = {base}/spool/exim.pid
exim_path = {exim}
tls_certificate = {chain}
tls_privatekey = {key}
primary_hostname = mail.bench.example
domainlist local_domains = example.net
rfc1413_hosts =
host_lookup =
keep_environment =
smtp_accept_max = 100
smtp_load_reserve = 1000
tls_advertise_hosts = *
auth_advertise_hosts = ${{if eq {{$tls_in_cipher}}{{}} {{}} {{*}}}}
acl_smtp_rcpt = acl_check_rcpt
begin acl
acl_check_rcpt:
  accept
begin authenticators
PLAIN:
  driver = plaintext
  server_set_id = $auth2
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
"""

DOVECOT = """base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = {base}/users
}}
userdb {{
  driver = static
  args = uid=dovecot gid=dovecot home={base}/home/%u
}}
first_valid_uid = 1
"""

SUBMISSION = """protocols = submission
hostname = mail.bench.example
ssl = required
ssl_cert = <{chain}
ssl_key = <{key}
submission_relay_host = 127.0.0.1
submission_relay_port = 2502
mail_location = maildir:~/mail
mail_max_userip_connections = 100
service submission-login {{
  inet_listener submission {{
    address = {address}
    port = 2504
  }}
}}
"""
