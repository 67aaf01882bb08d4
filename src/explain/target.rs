//! Finds the server that an error message is about: `mx.example.com[192.0.2.1]:25`, `dial tcp 192.0.2.1:587`,
//! `H=mx.example.com [192.0.2.1]`, `ENOTFOUND smtp.example.com`.
//!
//! A name counts as a server only if it has a known mail port or follows a word that announces a host. Otherwise, a
//! source file with a line number, or a time, would look like a server.

use super::secrets::without_secrets;
use crate::lexicon::Fix;
use crate::wire::host::bracketed;

/// The server in a message. A part is `None` if the message does not contain it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ServerName {
    host: Option<String>,
    port: Option<u16>,
}

impl ServerName {
    /// The host, or a placeholder.
    pub(super) fn host(&self) -> String {
        self.host.clone().unwrap_or_else(|| "HOST".to_owned())
    }

    /// The port, or a placeholder.
    pub(super) fn port(&self) -> String {
        self.port.map_or_else(|| "PORT".to_owned(), |port| port.to_string())
    }

    /// Host and port as `smtpcheck` takes them, with placeholders.
    pub(super) fn place(&self) -> String {
        let host = self.host();
        match self.port {
            Some(port) => format!("{}:{port}", bracketed(&host)),
            None => host,
        }
    }

    /// The known parts of a server's address.
    pub(super) fn of(host: Option<String>, port: Option<u16>) -> ServerName {
        ServerName { host, port }
    }

    /// The host, if it is known.
    pub(super) fn known_host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Fills the placeholders of a fix: with the server, and with words such as USER for values that only a check
    /// knows.
    pub(super) fn fill(&self, fix: Fix) -> Fix {
        let values = [
            ("{host}:{port}", self.place()),
            ("{host}", self.host()),
            ("{port}", self.port()),
            ("{user}", "USER".to_owned()),
            ("{from}", "SENDER".to_owned()),
            ("{rcpt}", "RECIPIENT".to_owned()),
            ("{from_domain}", "SENDER-DOMAIN".to_owned()),
            ("{rcpt_domain}", "RECIPIENT-DOMAIN".to_owned()),
            ("{ip}", "YOUR-PUBLIC-ADDRESS".to_owned()),
        ];
        let fill = |text: &str| values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        Fix {
            text: fill(&fix.text),
            command: fix.command.as_deref().map(fill),
            when: None,
            is_repeat: false,
            software: None,
            ..fix
        }
    }
}

/// Ports on which mail servers listen; any other number after a name may be a line of a source file.
const MAIL_PORTS: [u16; 7] = [24, 25, 26, 465, 587, 588, 2525];

/// Words that precede a host name.
const BEFORE_HOST: [&str; 23] = [
    "host, port: ",
    "SMTP host: ",
    "server (SMTP) ",
    "resolve host: ",
    "getaddrinfo for ",
    "locate host ",
    "Lookup of ",
    "SMTP connection to (",
    "Failed to connect to ",
    "could not be resolved: '",
    "UnknownHostException: ",
    "connect to ",
    "connecting to ",
    "conversation with ",
    "lost connection with ",
    "by host ",
    "to server ",
    "host ",
    "ENOTFOUND ",
    "EAI_AGAIN ",
    "lookup ",
    "H=",
    "relay=",
];

/// Text before the server's name in messages about deliveries.
const BEFORE_SERVER: [&str; 9] = [
    "FQDN=",
    "LastAttemptedServerName=",
    "hostname = \"",
    "relay=\"",
    "mx=\"",
    "refused by ",
    "timed out with ",
    "Server at ",
    "support.google.com/mail/answer/7720 [",
];

/// The server in a message. Two forms are handled separately: a line of Exchange's protocol log, in which the local
/// address is first, and named fields.
pub(super) fn server_of(text: &str) -> ServerName {
    // A password may look like the name of a host.
    let text = &without_secrets(text);
    let fields: Vec<&str> = text.splitn(8, ',').collect();
    if let [_, _, _, _, local, remote, _, _] = fields.as_slice()
        && local.parse::<std::net::SocketAddr>().is_ok()
    {
        return server_in(remote);
    }
    let named = BEFORE_SERVER.iter().find_map(|before| {
        let (_, after) = text.split_once(before)?;
        let name = after.split(['}', ']', ';', ' ', '"', '(', ',']).next()?;
        Some(server_in(&format!("host {name}"))).filter(|server| *server != ServerName::default())
    });
    let server = server_in(text);
    if server == ServerName::default() { named.unwrap_or(server) } else { server }
}

/// The server whose name appears in the text of a message.
fn server_in(text: &str) -> ServerName {
    let parts =
        text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')' | ',' | ';' | '<' | '>' | '='));
    if let Some((host, port)) = parts.clone().find_map(with_port) {
        return ServerName { host: Some(host), port: Some(port) };
    }
    let host = BEFORE_HOST.iter().find_map(|before| {
        let (_, after) = text.split_once(before)?;
        let name =
            after.split(|c: char| c.is_whitespace() || matches!(c, '[' | ',' | ':' | ')' | '"' | '\'' | ';')).next()?;
        is_host(name).then(|| name.trim_end_matches('.').to_owned())
    });
    let port = host.as_ref().and_then(|host| {
        let (_, after) = text.split_once(host.as_str())?;
        // JavaMail: `host, port: smtp.example.com, 587`.
        let follows = after.strip_prefix(", ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let number = follows.or_else(|| after.split_once("port").map(|(_, number)| number))?;
        let number = number.trim_start_matches([':', ' ', '=']);
        let digits = number.find(|c: char| !c.is_ascii_digit()).map_or(number, |end| &number[..end]);
        digits.parse().ok()
    });
    ServerName { host, port }
}

/// `host:port`, `host[address]:port`, `[address]:port`, with or without a scheme.
fn with_port(part: &str) -> Option<(String, u16)> {
    let part = part.rsplit_once("://").map_or(part, |(_, rest)| rest);
    let part = part.trim_end_matches(['.', ':', '/']);
    let (name, port) = part.rsplit_once(':')?;
    let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
    if let Some((host, address)) = name.split_once('[') {
        let address = address.strip_suffix(']')?;
        address.parse::<std::net::IpAddr>().ok()?;
        let host = if host.is_empty() { address } else { host };
        return Some((host.to_owned(), port));
    }
    let is_certain = name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok();
    (is_certain || is_host(name) && MAIL_PORTS.contains(&port)).then(|| (name.to_owned(), port))
}

fn is_host(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    name == "localhost" || name.contains('.') && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::{server_in, server_of};

    #[test]
    fn the_server_of_a_message_is_found_and_nothing_else() {
        for (text, place) in [
            ("connect to mx.example.com[192.0.2.27]:25: Connection timed out", "mx.example.com:25"),
            ("dial tcp 192.0.2.1:587: connect: connection refused", "192.0.2.1:587"),
            ("Error: connect ECONNREFUSED 127.0.0.1:2699", "127.0.0.1:2699"),
            ("Connection to \"localhost:2634\" timed out.", "localhost:2634"),
            ("getaddrinfo ENOTFOUND smtp.example.com", "smtp.example.com"),
            ("lost connection with mx.example.com[192.0.2.1] while performing the EHLO handshake", "mx.example.com"),
            ("Couldn't connect to host, port: smtp.example.com, 587; timeout -1", "smtp.example.com:587"),
            ("Could not connect to SMTP host: smtp.example.com, port: 465, response: -1", "smtp.example.com:465"),
            ("Unknown SMTP host: smtp.example.com;", "smtp.example.com"),
            ("SMTPConnectError: Error connecting to smtp.example.com on port 465: x", "smtp.example.com:465"),
            ("unable to establish SMTP connection to (smtp.example.com) port 587", "smtp.example.com:587"),
            ("curl: (6) Could not resolve host: smtp.example.com", "smtp.example.com"),
            ("Failed to connect to smtp.example.com port 25 after 21 ms", "smtp.example.com:25"),
            ("connection to Outgoing server (SMTP) smtp.example.com timed out", "smtp.example.com"),
            ("The remote name could not be resolved: 'smtp.example.com'", "smtp.example.com"),
            ("getaddrinfo for smtp.example.com failed: Name or service not known", "smtp.example.com"),
            ("cannot connect to smtp.example.com, port 587: Connection refused", "smtp.example.com:587"),
            ("stream_socket_client(): Unable to connect to ssl://smtp.example.com:465", "smtp.example.com:465"),
            ("../deps/openssl/openssl/ssl/record/ssl3_record.c:350:", "HOST"),
            ("Oct 27 09:06:16 h sendmail[1]: timeout", "HOST"),
            ("connect to mx.example.com[2001:db8::1]:25: No route to host", "mx.example.com:25"),
        ] {
            assert_eq!(server_in(text).place(), place, "{text}");
        }
    }

    #[test]
    fn the_server_is_found_in_the_messages_of_mail_servers() {
        for (text, place) in [
            ("2017-10-07T04:42:55Z,Outbound,08D5,11,192.0.2.248:16547,198.51.100.234:25,*,,x", "198.51.100.234:25"),
            ("{LED=450 4.4.316 Connection refused};{MSG=};{FQDN=mx.example.com};{IP=192.0.2.1}", "mx.example.com"),
            ("450 4.4.312 DNS query failed [LastAttemptedServerName=mx.example.com]", "mx.example.com"),
            ("Connection error (delivery.connect-error) hostname = \"mx.example.com\", x", "mx.example.com"),
            ("stat=Deferred: Connection refused by mx.example.com.", "mx.example.com"),
            ("https://support.google.com/mail/answer/7720 [mx.example.com. 192.0.2.182: timed out]", "mx.example.com"),
            ("Remote Server at example.com (192.0.2.1) returned '550 4.4.7 QUEUE.Expired'", "example.com"),
            ("TLS negotiation failed", "HOST"),
        ] {
            assert_eq!(server_of(text).place(), place, "{text}");
        }
    }
}
