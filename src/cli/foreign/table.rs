//! The flags of other tools and their equivalents in smtpcheck, one list for each tool. Only flags that concern SMTP, TLS,
//! DNS or the output are listed.
//!
//! `docs/from-*.md` and the error message for a foreign flag are generated from this table.

use super::equivalent::Equivalent::{self, Differs, Flag, Password, Same, Target, Text};
use super::equivalent::{ForeignFlags, ForeignTool};

const fn row(names: &'static [&'static str], answer: Equivalent) -> ForeignFlags {
    ForeignFlags { names, answer }
}

const NEVER_SENDS: Equivalent = Text("omit it: smtpcheck never sends a message");
const VERIFIES: Equivalent = Text("omit it: smtpcheck always verifies the certificate");
const SCAN: Equivalent = Text("use --tls-scan, or --tls-scan=full for all cipher suites");
const VERSION_1_2: Equivalent =
    Text("use --tls-min 1.2, the default; --tls-scan finds all versions that the server accepts");
const VERSION_1_3: Equivalent = Text("use --tls-min 1.3");
const IMPLICIT: Equivalent = Text("use --tls implicit, or write the target as smtps://HOST");
const STARTTLS: Equivalent = Text("use --tls starttls");
const VERBOSE: Equivalent = Text("use --verbose; the session is always shown");
const HIDDEN_PASSWORD: Equivalent = Text("omit it: smtpcheck never shows a password");
const OMIT: Equivalent = Text("omit it");

/// The tables of all tools.
pub(super) const TABLE: &[(ForeignTool, &[ForeignFlags])] = &[
    (ForeignTool::Swaks, SWAKS),
    (ForeignTool::OpenSsl, OPENSSL),
    (ForeignTool::CheckSmtp, CHECK_SMTP),
    (ForeignTool::Curl, CURL),
    (ForeignTool::Other, OTHER),
];

const SWAKS: &[ForeignFlags] = &[
    row(&["--server", "-s"], Target),
    row(&["-p", "--port", "-4", "-6"], Same),
    row(&["-f", "--from", "-t", "--to", "--ehlo", "--helo"], Same),
    row(&["-h"], Differs("use --ehlo NAME; -h shows the help")),
    row(&["--lhlo"], Text("write the target as lmtp://HOST, and use --ehlo NAME")),
    row(&["--quit-after"], Same),
    row(&["-q"], Differs("use --quit-after PHASE; -q is --quiet")),
    row(
        &["--quit", "--drop-after", "--drop-after-send", "-da", "--da", "-das", "--das"],
        Flag("--quit-after", "PHASE"),
    ),
    row(&["--timeout"], Differs("the same (the time limit for each reply), but with a unit: --timeout 30s")),
    row(&["--protocol"], Text("use --tls implicit or --tls starttls; write the target as lmtp://HOST for LMTP")),
    row(&["--local-interface", "-li"], Flag("--interface", "ADDR")),
    row(&["--local-port"], Same),
    row(&["-lp"], Flag("--local-port", "PORT")),
    row(&["--xclient"], Differs("the same flag, once for each attribute: --xclient ADDR=IP --xclient NAME=HOST")),
    row(
        &[
            "--xclient-addr",
            "--xclient-name",
            "--xclient-port",
            "--xclient-proto",
            "--xclient-destaddr",
            "--xclient-destport",
            "--xclient-helo",
            "--xclient-login",
            "--xclient-reverse-name",
        ],
        Flag("--xclient", "ATTR=VALUE"),
    ),
    row(&["--copy-routing"], Text("use smtpcheck domain DOMAIN, which checks a domain's mail servers")),
    row(&["--socket"], Text("write the target as smtp+unix:PATH or lmtp+unix:PATH")),
    row(&["-tls"], STARTTLS),
    row(&["--tls"], Differs("use --tls starttls: --tls takes a value")),
    row(&["--tls-optional", "-tlso", "--tls-optional-strict", "-tlsos"], Text("use --tls auto, the default")),
    row(&["--tls-on-connect", "--tlsc", "-tlsc"], IMPLICIT),
    row(
        &["--tls-protocol", "-tlsp"],
        Text("use --tls-min VERSION; --tls-scan finds all versions that the server accepts"),
    ),
    row(&["--tls-cipher"], SCAN),
    row(&["--tls-verify", "--tls-verify-ca", "--tls-verify-host"], VERIFIES),
    row(&["--tls-target", "--tls-sni"], Flag("--sni", "NAME")),
    row(&["--tls-ca-path"], Flag("--cacert", "FILE")),
    row(&["--tls-cert"], Flag("--cert", "FILE")),
    row(&["--tls-key"], Flag("--key", "FILE")),
    row(&["--tls-chain"], Text("append the chain to the file given with --cert")),
    row(&["--tls-get-peer-cert", "--tls-get-peer-chain"], Text("use --show-chain")),
    row(&["--auth"], Same),
    row(&["-a", "-ao", "--auth-optional", "-aos", "--auth-optional-strict"], Flag("--auth", "MECH")),
    row(&["-au", "--auth-user"], Flag("--user", "USER")),
    row(&["-ap", "--auth-password"], Password),
    row(&["-apt", "--auth-plaintext", "-ahp", "--auth-hide-password", "--protect-prompt", "-pp"], HIDDEN_PASSWORD),
    row(
        &[
            "-d",
            "--data",
            "--body",
            "--attach",
            "--attach-body",
            "-ah",
            "--add-header",
            "--header",
            "--h-Subject",
            "-g",
        ],
        NEVER_SENDS,
    ),
    row(&["--suppress-data"], NEVER_SENDS),
    row(&["-n"], Differs("omit it: smtpcheck never sends a message; -n is --netrc")),
    row(&["--silent", "-S"], Text("use --quiet")),
    row(&["--hide-receive", "-hr", "--hide-send", "-hs", "--hide-all", "-ha"], Text("use --transcript none")),
    row(&["--show-time-lapse", "-stl"], Text("omit it: the duration of each phase is always shown")),
    row(&["--output"], Same),
    row(&["--output-file"], Flag("--output", "FILE")),
    row(&["--no-hints", "-nth", "--no-info-hints", "-nih", "--hints"], OMIT),
    row(&["--pipeline"], Text("omit it: commands are pipelined if the server advertises PIPELINING")),
];

const OPENSSL: &[ForeignFlags] = &[
    row(&["-connect", "-host"], Target),
    row(&["-port"], Flag("--port", "N")),
    row(&["-4", "-6"], Same),
    row(&["-unix"], Text("write the target as smtp+unix:PATH or lmtp+unix:PATH")),
    row(&["-bind"], Flag("--interface", "ADDR")),
    row(&["-starttls"], STARTTLS),
    row(&["-name", "-xmpphost"], Flag("--ehlo", "NAME")),
    row(&["-servername"], Flag("--sni", "NAME")),
    row(&["-noservername"], Text("omit it: follow-up probes test the server without SNI if the handshake fails")),
    row(&["-CAfile", "-CApath", "-verifyCAfile"], Flag("--cacert", "FILE")),
    row(&["-cert"], Flag("--cert", "FILE")),
    row(&["-key"], Flag("--key", "FILE")),
    row(&["-verify_hostname", "-verify_name"], Flag("--sni", "NAME")),
    row(&["-verify", "-verify_return_error", "-verify_quiet", "-x509_strict", "-purpose"], VERIFIES),
    row(&["-showcerts"], Text("use --show-chain")),
    row(&["-status"], Text("omit it: an OCSP response is always requested and verified")),
    row(&["-tlsextdebug", "-debug", "-msg", "-state", "-trace", "-security_debug"], VERBOSE),
    row(&["-brief", "-quiet", "-crlf", "-ign_eof", "-no_ign_eof", "-prexit", "-nocommands"], OMIT),
    row(&["-tls1_2", "-no_tls1_1"], VERSION_1_2),
    row(&["-tls1_3", "-no_tls1_2"], VERSION_1_3),
    row(&["-min_protocol"], Text("use --tls-min 1.2 or --tls-min 1.3")),
    row(&["-ssl3", "-tls1", "-tls1_1", "-max_protocol", "-cipher", "-ciphersuites", "-groups", "-curves"], SCAN),
    row(
        &["-sigalgs"],
        Text("omit it: the report shows the handshake signature, and --tls-scan=full tests all groups and suites"),
    ),
    row(
        &["-dane_tlsa_domain", "-dane_tlsa_rrdata"],
        Text("use smtpcheck domain DOMAIN, which looks up TLSA records and compares them"),
    ),
    row(&["-reconnect"], Text("omit it")),
    row(&["-proxy"], Flag("--proxy", "URL")),
];

const CHECK_SMTP: &[ForeignFlags] = &[
    row(&["-H", "--hostname"], Target),
    row(&["-p", "--port", "-4", "-6", "-f", "--from"], Same),
    row(&["--use-ipv4"], Text("use --ipv4")),
    row(&["--use-ipv6"], Text("use --ipv6")),
    row(&["-F", "--fqdn"], Flag("--ehlo", "NAME")),
    row(&["-L", "--lmtp"], Text("write the target as lmtp://HOST")),
    row(&["-S", "--starttls"], STARTTLS),
    row(&["--ssl"], IMPLICIT),
    row(&["-D", "--certificate"], Flag("--cert-days", "WARN[,ERROR]")),
    row(&["-A", "--authtype"], Flag("--auth", "MECH")),
    row(&["-U", "--authuser"], Flag("--user", "USER")),
    row(&["-P", "--authpass"], Password),
    row(&["-w"], Flag("--warning", "RANGE")),
    row(&["-c"], Flag("--critical", "RANGE")),
    row(&["--warning", "--critical"], Differs("the same, with --format nagios")),
    row(&["-e"], Text("use --expect 'greeting.text contains TEXT'")),
    row(&["--expect"], Differs("use --expect 'greeting.text contains TEXT'; the value is an expression")),
    row(
        &["-C", "--command", "-R", "--response"],
        Text("omit it: smtpcheck sends the commands of a session itself; use --expect to test the replies"),
    ),
    row(&["-t"], Differs("use --max-time TIME; -t is --to")),
    row(&["--timeout"], Differs("use --max-time TIME; --timeout is the time limit for each reply")),
    row(&["--ignore-quit-failure"], OMIT),
    row(&["-q"], Differs("omit it; -q is --quiet")),
    row(&["--extra-opts"], Text("use --profile NAME or --config FILE")),
    row(&["-v", "--verbose"], Same),
];

const CURL: &[ForeignFlags] = &[
    row(&["--url"], Target),
    row(&["-4", "--ipv4", "-6", "--ipv6", "--resolve", "--connect-timeout", "-m", "--max-time"], Same),
    row(&["--interface", "--local-port", "--proxy", "--noproxy", "--haproxy-protocol", "--haproxy-clientip"], Same),
    row(&["-x"], Same),
    row(&["-U"], Flag("--proxy-user", "USER")),
    row(
        &["--proxy-user"],
        Differs("the same, without the password: use --proxy-password-file or --proxy-password-command"),
    ),
    row(
        &["--socks5", "--socks5-hostname", "--socks4", "--socks4a", "--preproxy"],
        Text("use --proxy socks5h://HOST:PORT, or socks5://, socks4a://, socks4://"),
    ),
    row(&["--proxytunnel"], Text("omit it: --proxy http://HOST:PORT always uses CONNECT")),
    row(&["--dns-servers"], Flag("--resolver", "IP[:PORT]")),
    row(&["--connect-to"], Flag("--resolve", "HOST:PORT:ADDR")),
    row(&["--unix-socket"], Text("write the target as smtp+unix:PATH or lmtp+unix:PATH")),
    row(&["--ssl-reqd"], STARTTLS),
    row(&["--ssl"], Text("use --tls auto, the default")),
    row(&["--cacert", "--key", "-k", "--insecure"], Same),
    row(&["--cert"], Differs("the same, without the key's password")),
    row(&["-E"], Flag("--cert", "FILE")),
    row(&["--capath"], Flag("--cacert", "FILE")),
    row(&["--cert-status"], Text("omit it: an OCSP response is always requested and verified")),
    row(&["--ciphers", "--tls13-ciphers", "--tls-max", "--tlsv1", "--tlsv1.0", "--tlsv1.1", "--sslv3"], SCAN),
    row(&["--tlsv1.2"], VERSION_1_2),
    row(&["--tlsv1.3"], VERSION_1_3),
    row(
        &["-u", "--user"],
        Differs("the same, without the password: use --password-file or another --password-... flag"),
    ),
    row(&["-n", "--netrc", "--retry", "-v", "--verbose", "-o", "--output", "--write-out"], Same),
    row(&["--netrc-file"], Text("use --netrc, and set the environment variable NETRC to the file")),
    row(&["--login-options"], Text("use --auth MECH instead of AUTH=MECH")),
    row(&["--sasl-authzid"], Flag("--authzid", "USER")),
    row(&["--oauth2-bearer"], Text("use --token-command CMD, with a command that prints the token")),
    row(&["--mail-from"], Flag("--from", "ADDR")),
    row(&["--mail-rcpt"], Flag("--to", "ADDR")),
    row(&["--mail-rcpt-allowfails", "--crlf", "--sasl-ir"], OMIT),
    row(&["--mail-auth", "-T", "--upload-file", "-F", "--form", "-H", "--header", "--data", "-d"], NEVER_SENDS),
    row(&["-X", "--request"], Text("omit it: smtpcheck sends the commands of a session itself")),
    row(&["-s", "--silent"], Text("use --quiet")),
    row(&["--trace", "--trace-ascii", "--trace-time"], VERBOSE),
    row(&["--retry-max-time", "--retry-delay"], Flag("--wait", "TIME")),
    row(&["-K"], Flag("--config", "FILE")),
    row(&["--config"], Differs("the same flag, but the file has a different format (TOML)")),
];

/// Flags of testssl, nmap, msmtp and other tools, and flags that a user could guess.
const OTHER: &[ForeignFlags] = &[
    row(&["--connect", "--host", "--smtp-server"], Target),
    row(&["--servername", "--server-name", "--tls-servername", "--verify-name"], Flag("--sni", "NAME")),
    row(&["--cafile", "--ca-file", "--ca-cert", "--ca-bundle"], Flag("--cacert", "FILE")),
    row(&["--client-cert", "--certfile"], Flag("--cert", "FILE")),
    row(&["--client-key", "--keyfile", "--private-key"], Flag("--key", "FILE")),
    row(&["--smtps", "--tls-implicit", "--implicit-tls"], IMPLICIT),
    row(&["--require-tls", "--force-tls"], STARTTLS),
    row(&["--try-tls", "--opportunistic"], Text("use --tls auto, the default")),
    row(&["--no-tls", "--notls", "--no-starttls", "--plain", "--disable-starttls"], Text("use --tls none")),
    row(&["--pass", "--passwd", "--pwd", "--smtp-password", "--auth-pass"], Password),
    row(&["--passwordeval"], Flag("--password-command", "CMD")),
    row(&["--token", "--access-token"], Text("use --token-command CMD, with a command that prints the token")),
    row(&["--username", "--login", "--smtp-user"], Flag("--user", "USER")),
    row(&["--auth-type", "--mechanism", "--sasl-mech"], Flag("--auth", "MECH")),
    row(&["--sender", "--mailfrom", "--envelope-from"], Flag("--from", "ADDR")),
    row(&["--rcpt", "--rcpt-to", "--recipient", "--rcptto"], Flag("--to", "ADDR")),
    row(&["--hello", "--ehlo-name", "--helo-name"], Flag("--ehlo", "NAME")),
    row(&["--stop-after", "-q-after"], Flag("--quit-after", "PHASE")),
    row(&["--subject", "--send"], NEVER_SENDS),
    row(&["--show-certs", "--showcerts"], Text("use --show-chain")),
    row(&["--tls1_2", "--tls1.2"], VERSION_1_2),
    row(&["--tls1_3", "--tls1.3"], VERSION_1_3),
    row(
        &[
            "--protocols",
            "--each-cipher",
            "-e",
            "--cipher-per-proto",
            "--server-defaults",
            "--vulnerable",
            "--script",
            "--full",
        ],
        SCAN,
    ),
    row(&["--severity"], Flag("--fail-on", "SEVERITY")),
    row(
        &["--jsonfile", "--jsonfile-pretty", "--json-pretty", "-oJ", "-oj", "--json_out"],
        Text("use --json; add --output FILE to write to a file"),
    ),
    row(&["--htmlfile", "-oH", "-oh"], Text("use --format html --output FILE")),
    row(&["--output-format", "--out-format"], Flag("--format", "FORMAT")),
    row(&["--ip4", "-inet4"], Text("use --ipv4")),
    row(&["--ip6", "-inet6"], Text("use --ipv6")),
    row(&["--silence"], Text("use --quiet")),
    row(&["--debug"], VERBOSE),
    row(&["--verify"], VERIFIES),
    row(
        &["--no-check-certificate", "--no-verify", "--tls-no-verify", "--insecure-tls", "--no-certificate-check"],
        Text("use --insecure"),
    ),
    row(&["--dns", "--nameserver", "--dns-server"], Flag("--resolver", "IP[:PORT]")),
    row(&["--source-ip", "--source-address", "--bind", "--bind-address"], Flag("--interface", "ADDR")),
    row(&["--source-port"], Flag("--local-port", "PORT")),
    row(&["--socks", "--proxy-host"], Text("use --proxy socks5h://HOST:PORT, or socks5://, socks4a://, socks4://")),
    row(&["--retries", "--max-retries"], Flag("--retry", "N")),
    row(&["--nodns"], OMIT),
];
