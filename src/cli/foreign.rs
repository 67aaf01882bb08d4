//! Recognises flags of other tools (swaks, openssl s_client, curl, check_smtp, testssl, posttls-finger, nmap). The
//! error message suggests the flag of smtpcheck that has the same effect, not the flag with the most similar name.

use std::ffi::OsString;

use clap::Command;

use super::UsageError;
use super::flags::names::{names, takes_value};
use super::flags::password::SOURCES;

/// Flags of other tools that have the same meaning.
struct ForeignFlags {
    /// The flags with their dashes.
    names: &'static [&'static str],
    /// The equivalent in smtpcheck.
    answer: Equivalent,
}

enum Equivalent {
    /// A flag of smtpcheck that takes the same value, and a placeholder for a missing value.
    Flag(&'static str, &'static str),
    /// A hint that does not repeat the value.
    Text(&'static str),
    /// The value is the target, which needs no flag.
    Target,
    /// The value is a password, so no message may repeat it.
    Password,
}

const fn row(names: &'static [&'static str], answer: Equivalent) -> ForeignFlags {
    ForeignFlags { names, answer }
}

const TABLE: &[ForeignFlags] = &[
    row(
        &["--server", "-connect", "--connect", "--hostname", "-H", "--host", "-host", "--url", "--smtp-server"],
        Equivalent::Target,
    ),
    row(
        &["-s"],
        Equivalent::Text(
            "instead of `swaks -s HOST`, write the host without a flag; instead of `curl -s`, use --quiet",
        ),
    ),
    row(
        &["--tls-sni", "-servername", "--servername", "--server-name", "--tls-servername"],
        Equivalent::Flag("--sni", "NAME"),
    ),
    row(
        &["--cafile", "-CAfile", "--ca-file", "--ca-cert", "--tls-ca-path", "-CApath", "--capath", "--ca-bundle"],
        Equivalent::Flag("--cacert", "FILE"),
    ),
    row(&["--tls-cert", "-cert", "--client-cert", "--certfile"], Equivalent::Flag("--cert", "FILE")),
    row(&["--tls-key", "-key", "--client-key", "--keyfile", "--private-key"], Equivalent::Flag("--key", "FILE")),
    row(
        &["--tls-on-connect", "--tlsc", "-tlsc", "--ssl", "--smtps", "--tls-implicit", "--implicit-tls"],
        Equivalent::Text("use --tls implicit, or write the target as smtps://HOST"),
    ),
    row(
        &["--local-interface", "-li", "--source-ip", "--source-address", "--bind", "--bind-address"],
        Equivalent::Flag("--interface", "ADDR"),
    ),
    row(&["-lp", "--source-port"], Equivalent::Flag("--local-port", "PORT")),
    row(
        &["--socks5", "--socks5-hostname", "--socks4", "--socks4a", "--proxy-host", "--socks", "--preproxy"],
        Equivalent::Text("use --proxy socks5h://HOST:PORT, or socks5://, socks4a://, socks4://"),
    ),
    row(&["--proxytunnel"], Equivalent::Text("omit it: --proxy http://HOST:PORT always uses CONNECT")),
    row(
        &["-starttls", "--starttls", "-tls", "-S", "--ssl-reqd", "--require-tls", "--force-tls"],
        Equivalent::Text("use --tls starttls"),
    ),
    row(&["--tls-optional", "-tlso", "--try-tls", "--opportunistic"], Equivalent::Text("use --tls auto, the default")),
    row(&["--no-tls", "--notls", "--no-starttls", "--plain", "--disable-starttls"], Equivalent::Text("use --tls none")),
    row(
        &[
            "--auth-password",
            "-ap",
            "--authpass",
            "-P",
            "--pass",
            "--passwd",
            "--pwd",
            "--smtp-password",
            "--auth-pass",
        ],
        Equivalent::Password,
    ),
    row(&["--passwordeval"], Equivalent::Flag("--password-command", "CMD")),
    row(
        &["--oauth2-bearer", "--token", "--access-token"],
        Equivalent::Text("use --token-command CMD, with a command that prints the token"),
    ),
    row(
        &["--auth-user", "-au", "--authuser", "-U", "--username", "--login", "--smtp-user"],
        Equivalent::Flag("--user", "USER"),
    ),
    row(&["--auth-type", "--authtype", "-A", "-a", "--mechanism", "--sasl-mech"], Equivalent::Flag("--auth", "MECH")),
    row(
        &["--auth-hide-password", "-ahp", "--protect-prompt", "-pp"],
        Equivalent::Text("omit it: smtpcheck never shows a password"),
    ),
    row(&["--mail-from", "--sender", "--mailfrom", "--envelope-from"], Equivalent::Flag("--from", "ADDR")),
    row(&["--mail-rcpt", "--rcpt", "--rcpt-to", "--recipient", "--rcptto"], Equivalent::Flag("--to", "ADDR")),
    row(
        &["--fqdn", "-F", "--hello", "--lhlo", "-name", "--ehlo-name", "--helo-name"],
        Equivalent::Flag("--ehlo", "NAME"),
    ),
    row(
        &["--socket", "--unix-socket", "--lmtp"],
        Equivalent::Text("write the protocol in the target: lmtp://HOST, lmtp+unix:/path or smtp+unix:/path"),
    ),
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
        Equivalent::Flag("--xclient", "ATTR=VALUE"),
    ),
    row(&["--quit", "--stop-after", "--drop-after", "-q-after"], Equivalent::Flag("--quit-after", "PHASE")),
    row(
        &[
            "--data",
            "-d",
            "--body",
            "--header",
            "--add-header",
            "--attach",
            "--upload-file",
            "-T",
            "--subject",
            "--h-Subject",
            "--send",
            "--mail-auth",
        ],
        Equivalent::Text("omit it: smtpcheck never sends a message"),
    ),
    row(&["-showcerts", "--show-certs", "--showcerts"], Equivalent::Text("use --show-chain")),
    row(
        &["-tls1_2", "--tlsv1.2", "--tls1_2", "--tls1.2"],
        Equivalent::Text("use --tls-min 1.2, the default; --tls-scan finds all versions that the server accepts"),
    ),
    row(&["-tls1_3", "--tlsv1.3", "--tls1_3", "--tls1.3"], Equivalent::Text("use --tls-min 1.3")),
    row(
        &[
            "-tls1",
            "-tls1_1",
            "-ssl3",
            "--tlsv1",
            "--tlsv1.0",
            "--tlsv1.1",
            "--protocols",
            "--each-cipher",
            "-E",
            "-e",
            "--cipher-per-proto",
            "--server-defaults",
            "--vulnerable",
            "--script",
            "--full",
        ],
        Equivalent::Text("use --tls-scan, or --tls-scan=full for all cipher suites"),
    ),
    row(&["--severity"], Equivalent::Flag("--fail-on", "SEVERITY")),
    row(
        &["--jsonfile", "--jsonfile-pretty", "--json-pretty", "-oJ", "-oj", "--json_out"],
        Equivalent::Text("use --json; add --output FILE to write to a file"),
    ),
    row(&["--htmlfile", "-oH", "-oh"], Equivalent::Text("use --format html --output FILE")),
    row(&["--output-format", "--out-format"], Equivalent::Flag("--format", "FORMAT")),
    row(&["--certificate", "-D"], Equivalent::Flag("--cert-days", "WARN[,ERROR]")),
    row(&["--use-ipv4", "--ip4", "-inet4"], Equivalent::Text("use --ipv4")),
    row(&["--use-ipv6", "--ip6", "-inet6"], Equivalent::Text("use --ipv6")),
    row(&["--silent", "--silence"], Equivalent::Text("use --quiet")),
    row(
        &["--trace", "--trace-ascii", "-debug", "--debug", "-msg", "-state", "--trace-time"],
        Equivalent::Text("use --verbose; the session is always shown"),
    ),
    row(
        &["--tls-verify", "--verify", "-verify", "-verify_return_error", "--tls-verify-ca"],
        Equivalent::Text("omit it: smtpcheck always verifies the certificate"),
    ),
    row(
        &["--no-check-certificate", "--no-verify", "--tls-no-verify", "--insecure-tls", "--no-certificate-check"],
        Equivalent::Text("use --insecure"),
    ),
    row(&["-verify_hostname", "--verify-name"], Equivalent::Flag("--sni", "NAME")),
    row(&["--dns", "--nameserver", "--dns-servers", "--dns-server"], Equivalent::Flag("--resolver", "IP[:PORT]")),
    row(&["--retries", "--max-retries"], Equivalent::Flag("--retry", "N")),
    row(&["--retry-max-time", "--retry-delay"], Equivalent::Flag("--wait", "TIME")),
    row(&["-crlf", "--crlf", "-ign_eof", "-quiet", "-brief", "--hints", "--nodns"], Equivalent::Text("omit it")),
];

/// Returns an error for the first flag of another tool in the arguments.
pub(super) fn reject(command: &Command, words: &[OsString]) -> Result<(), UsageError> {
    let mut at = 0;
    while let Some(word) = words.get(at).map(|word| word.to_string_lossy()) {
        if word == "--" {
            break;
        }
        let (name, attached) = word.split_once('=').map_or((&*word, None), |(name, value)| (name, Some(value)));
        let is_own = command.get_arguments().any(|arg| names(arg).any(|own| own == name));
        if let Some(row) = TABLE.iter().find(|row| !is_own && row.names.contains(&name)) {
            let next = words.get(at + 1).map(|next| next.to_string_lossy().into_owned());
            let value = attached.map(str::to_owned).or(next.filter(|next| !next.starts_with('-') && !next.is_empty()));
            return Err(UsageError::flag(name.to_owned(), "not a flag of smtpcheck").with_hint(row.answer.hint(value)));
        }
        at += if takes_value(command, &word) { 2 } else { 1 };
    }
    Ok(())
}

impl Equivalent {
    fn hint(&self, value: Option<String>) -> String {
        let shown = |value: &str| {
            let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "-._:@/[],%+=".contains(c));
            if is_plain { value.to_owned() } else { format!("'{}'", value.escape_debug()) }
        };
        match self {
            Equivalent::Flag(flag, placeholder) => {
                format!("use {flag} {}", value.as_deref().map_or_else(|| (*placeholder).to_owned(), shown))
            }
            Equivalent::Text(text) => (*text).to_owned(),
            Equivalent::Target => {
                let target = value.unwrap_or_else(|| "HOST:PORT".to_owned());
                // smtp://user:password@host is common with curl.
                let target = target.rsplit_once('@').map_or(target.as_str(), |(_, host)| host);
                format!("write the target without a flag: smtpcheck {}", shown(target))
            }
            Equivalent::Password => format!("provide the password with {SOURCES}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Equivalent, TABLE};
    use crate::cli::parse;

    fn message(words: &[&str]) -> String {
        parse(words.iter().map(Into::into).collect()).expect_err("a flag of another tool").to_string()
    }

    #[test]
    fn the_hint_for_a_flag_of_another_tool_names_the_equivalent_flag() {
        for (words, hint) in [
            (&["--server", "mx.example.net"][..], "smtpcheck mx.example.net"),
            (&["-connect", "mx.example.net:25", "-starttls", "smtp"], "smtpcheck mx.example.net:25"),
            (&["mx.example.net", "-starttls", "smtp"], "use --tls starttls"),
            (&["mx.example.net", "--tls-sni", "a.example"], "use --sni a.example"),
            (&["mx.example.net", "--tls-sni=a.example"], "use --sni a.example"),
            (&["mx.example.net", "-servername"], "use --sni NAME"),
            (&["mx.example.net", "--cafile", "ca.pem"], "use --cacert ca.pem"),
            (&["mx.example.net", "--tls-on-connect"], "use --tls implicit"),
            (&["-H", "mx.example.net"], "smtpcheck mx.example.net"),
            (&["smtp://h", "--mail-from", "a@example.net"], "use --from a@example.net"),
            (&["smtp://h", "--mail-rcpt", "a b"], "use --to 'a b'"),
            (&["h.example", "--auth-user", "u"], "use --user u"),
            (&["ports", "h.example", "--nameserver", "192.0.2.53"], "use --resolver 192.0.2.53"),
        ] {
            let message = message(words);
            assert!(message.contains(hint) && !message.contains('\n'), "{words:?}: {message}");
        }
    }

    #[test]
    fn a_password_is_never_repeated() {
        for words in [
            &["h.example", "--auth-password", "hunter2"][..],
            &["h.example", "--auth-password=hunter2"],
            &["h.example", "-ap", "hunter2"],
            &["h.example", "-P", "hunter2"],
            &["--url", "smtp://u:hunter2@h.example"],
            &["h.example", "--oauth2-bearer", "hunter2"],
        ] {
            let message = message(words);
            assert!(!message.contains("hunter2"), "{message}");
        }
        assert!(message(&["h.example", "--auth-password", "x"]).contains("--password-file"));
    }

    #[test]
    fn every_hint_names_a_flag_of_a_check_and_no_flag_of_a_check_is_in_the_table() {
        let check = crate::cli::commands::check::SPEC.command(&[]);
        let own: Vec<String> = check.get_arguments().flat_map(crate::cli::flags::names::names).collect();
        for row in TABLE {
            if let Equivalent::Flag(flag, _) = row.answer {
                assert!(own.iter().any(|own| own == flag), "{flag}");
            }
            for name in row.names {
                assert!(!own.iter().any(|own| own == name), "{name} is a flag of smtpcheck");
                assert_eq!(TABLE.iter().filter(|row| row.names.contains(name)).count(), 1, "{name}");
            }
        }
        // The value of a flag is not a flag, and neither are words after --.
        assert!(parse(["h.example", "--expect", "rcpt.class == 5", "--", "--server"].map(Into::into).into()).is_ok());
    }
}
