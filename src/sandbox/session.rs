//! One client connection to a scenario: reads command lines and performs the server's acts.
//!
//! [`SandboxSession::obey`] decides what a command does: the scenario's own acts have priority; otherwise the rules of
//! a small SMTP server apply (RFC 5321 §4.1.4: MAIL, then RCPT, then DATA; RFC 3207 §4.2: data received before TLS is
//! discarded). A message is accepted and discarded. So that a hostile client cannot exhaust resources, a line is
//! limited to 64 KiB, a message to 64 MiB and a connection to 10 minutes.
//!
//! Read next: [`super::acts`], which performs the acts.

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::certificates::Certificates;
use super::journal::{JournalEntry, JournalListener, JournalSpeaker};
use super::login::{self, LoginExchange, ServerTurn};
use super::scenario::{ConnectionStart, Pace, RequiredBeforeMail, Scenario, Server, ServerAct, Trigger};
use super::transport::Transport;

const MAX_LINE: usize = 64 * 1024;
const MAX_MESSAGE: usize = 64 * 1024 * 1024;
/// The maximum duration of a connection.
pub(super) const LIFETIME: Duration = Duration::from_secs(600);

/// Facts about a connection.
pub(super) struct ConnectionFacts {
    /// The number of the connection, counted across all scenarios.
    pub number: u64,
    /// The number of connections to this scenario in the last 10 seconds, including this one.
    pub recent: u32,
    /// The number of this connection to the scenario, from 1, if it has several servers.
    pub turn: u64,
    /// The local IP address that the client connected to.
    pub at: IpAddr,
}

/// Serves one client until the connection ends.
pub(super) async fn serve(
    stream: TcpStream,
    scenario: &'static Scenario,
    visit: ConnectionFacts,
    certificates: &Certificates,
    listener: Option<&JournalListener>,
) {
    // Without TCP_NODELAY, each small reply would wait for the ACK of the previous one.
    let _ = stream.set_nodelay(true);
    let mut session = SandboxSession {
        scenario,
        server: scenario.server_for(visit.turn),
        visit,
        certificates,
        listener,
        began: Instant::now(),
        line: Transport::Plain(stream),
        inbox: Vec::new(),
        inside: false,
        logged_in: false,
        has_sender: false,
        recipients: 0,
        answers: 0,
        client_certificate: false,
        binding: None,
    };
    session.record(JournalSpeaker::Neither, || "connected".to_owned());
    let ended = tokio::time::timeout(LIFETIME, session.run()).await;
    let why = match ended {
        Err(_) => "closed after 10 minutes".to_owned(),
        Ok(Ok(())) => "connection ended".to_owned(),
        Ok(Err(error)) => format!("connection lost: {error}"),
    };
    session.record(JournalSpeaker::Neither, || why);
}

/// Whether the session continues.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Over,
}

pub(super) struct SandboxSession<'a> {
    pub(super) scenario: &'static Scenario,
    /// The server of the scenario that serves this connection.
    pub(super) server: &'static Server,
    pub(super) visit: ConnectionFacts,
    pub(super) certificates: &'a Certificates,
    pub(super) listener: Option<&'a JournalListener>,
    pub(super) began: Instant,
    pub(super) line: Transport,
    pub(super) inbox: Vec<u8>,
    pub(super) inside: bool,
    pub(super) logged_in: bool,
    pub(super) has_sender: bool,
    pub(super) recipients: u32,
    pub(super) answers: u32,
    pub(super) client_certificate: bool,
    pub(super) binding: Option<Vec<u8>>,
}

impl SandboxSession<'_> {
    async fn run(&mut self) -> io::Result<()> {
        let mut flow = match self.server.visited(self.visit.recent) {
            Some(acts) => self.perform(acts).await?,
            None => Flow::On,
        };
        if flow == Flow::On && self.server.door == ConnectionStart::Implicit {
            flow = self.handshake().await?;
        }
        if flow == Flow::On {
            flow = match self.server.on(Trigger::Connect) {
                Some(acts) => self.perform(acts).await?,
                None => self.send(self.server.greeting).await?,
            };
        }
        while flow == Flow::On {
            let Some(line) = self.read_line().await? else { break };
            flow = self.obey(&line).await?;
        }
        let _ = self.line.shutdown().await;
        Ok(())
    }

    /// Executes a command: performs the scenario's own acts for it, or the default behaviour if the scenario defines
    /// none.
    async fn obey(&mut self, line: &str) -> io::Result<Flow> {
        let (name, argument) = line.split_once(' ').unwrap_or((line, ""));
        let name = name.to_ascii_uppercase();
        let shown = if name == "AUTH" { mechanism_only(line) } else { line.to_owned() };
        self.record(JournalSpeaker::Client, || shown);
        let inside = self.inside;
        match name.as_str() {
            "EHLO" => {
                self.forget_transaction();
                match self.server.on(if inside { Trigger::EhloInside } else { Trigger::Ehlo }) {
                    Some(acts) => self.perform(acts).await,
                    None => self.perform(&[ServerAct::Capabilities]).await,
                }
            }
            "HELO" => {
                self.forget_transaction();
                self.own_or(Trigger::Helo, "250 localhost").await
            }
            "LHLO" => {
                self.forget_transaction();
                self.own_or(Trigger::Lhlo, "500 5.5.2 Command not recognised").await
            }
            "STARTTLS" => match self.server.on(Trigger::Starttls) {
                Some(acts) => self.perform(acts).await,
                None if inside => self.send("503 5.5.1 TLS is already active").await,
                None if self.offers("STARTTLS") => {
                    self.perform(&[ServerAct::Say("220 2.0.0 Ready to start TLS"), ServerAct::Tls]).await
                }
                None => self.send("502 5.5.1 Command not implemented").await,
            },
            "AUTH" => self.auth(argument).await,
            "MAIL" => self.mail(argument).await,
            "RCPT" => self.recipient(argument).await,
            "DATA" => self.data().await,
            "RSET" => {
                self.forget_transaction();
                self.own_or(Trigger::Rset, "250 2.0.0 Ok").await
            }
            "NOOP" => self.own_or(Trigger::Other, "250 2.0.0 Ok").await,
            "XCLIENT" if self.keywords().iter().any(|line| line.starts_with("XCLIENT")) => {
                self.forget_transaction();
                self.own_or(Trigger::Xclient, self.server.greeting).await
            }
            "EXPN" => self.own_or(Trigger::Expn, "502 5.5.1 Command not implemented").await,
            "VRFY" if self.server.on_question(argument).is_some() => {
                self.perform(self.server.on_question(argument).unwrap_or_default()).await
            }
            "VRFY" => self.own_or(Trigger::Other, "252 2.0.0 Cannot verify, send and see").await,
            "QUIT" => match self.server.on(Trigger::Quit) {
                Some(acts) => self.perform(acts).await,
                None => {
                    self.send("221 2.0.0 Bye").await?;
                    Ok(Flow::Over)
                }
            },
            _ => self.own_or(Trigger::Other, "500 5.5.2 Command not recognised").await,
        }
    }

    async fn own_or(&mut self, moment: Trigger, default_reply: &'static str) -> io::Result<Flow> {
        match self.server.on(moment) {
            Some(acts) => self.perform(acts).await,
            None => self.send(default_reply).await,
        }
    }

    async fn mail(&mut self, argument: &str) -> io::Result<Flow> {
        if let Some(acts) = self.server.on_sender(argument) {
            return self.perform(acts).await;
        }
        let own = if self.inside { None } else { self.server.on(Trigger::MailPlain) };
        if let Some(acts) = own {
            return self.perform(acts).await;
        }
        match self.server.demands {
            RequiredBeforeMail::Tls | RequiredBeforeMail::Login
                if !self.inside && self.server.plain.contains(&"STARTTLS") =>
            {
                return self.send("530 5.7.0 Must issue a STARTTLS command first").await;
            }
            RequiredBeforeMail::Login if !self.logged_in => {
                return self.send("530 5.7.0 Authentication required").await;
            }
            RequiredBeforeMail::Nothing | RequiredBeforeMail::Tls | RequiredBeforeMail::Login => {}
        }
        self.has_sender = true;
        self.own_or(Trigger::Mail, "250 2.1.0 Ok").await
    }

    async fn recipient(&mut self, argument: &str) -> io::Result<Flow> {
        if !self.has_sender {
            return self.send("503 5.5.1 Need MAIL command").await;
        }
        self.recipients += 1;
        match self.server.on_recipient(argument, self.recipients) {
            Some(acts) => self.perform(acts).await,
            None => self.send("250 2.1.5 Ok").await,
        }
    }

    async fn data(&mut self) -> io::Result<Flow> {
        if self.recipients == 0 {
            return self.send("503 5.5.1 Need RCPT command").await;
        }
        if let Some(acts) = self.server.on(Trigger::Data) {
            return self.perform(acts).await;
        }
        self.send("354 End data with <CR><LF>.<CR><LF>").await?;
        let mut bytes = 0;
        loop {
            let Some(line) = self.read_line().await? else { return Ok(Flow::Over) };
            if line == "." {
                break;
            }
            bytes += line.len() + 2;
            if bytes > MAX_MESSAGE {
                return self.send("552 5.3.4 Message too large").await.map(|_| Flow::Over);
            }
        }
        self.record(JournalSpeaker::Client, || format!("[a message of {bytes} bytes, discarded]"));
        self.forget_transaction();
        self.own_or(Trigger::Message, "250 2.0.0 Ok: discarded").await
    }

    async fn auth(&mut self, argument: &str) -> io::Result<Flow> {
        if let Some(acts) = self.server.on(Trigger::Auth) {
            return self.perform(acts).await;
        }
        let mut words = argument.split_ascii_whitespace();
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let offers = |line: &&str| line.split([' ', '=']).skip(1).any(|word| word.eq_ignore_ascii_case(&mechanism));
        if self.logged_in {
            return self.send("503 5.5.1 Already logged in").await;
        }
        if !self.keywords().iter().any(offers) {
            return self.send("504 5.5.4 Unrecognized authentication type").await;
        }
        let line = login::LoginChannel {
            binding: self.binding.clone(),
            client_certificate: self.client_certificate,
            number: self.visit.number,
        };
        let begun = LoginExchange::begin(&mechanism, words.next(), self.server.login, line);
        let Some((mut exchange, mut turn)) = begun else {
            return self.send("504 5.5.4 Unrecognized authentication type").await;
        };
        loop {
            match turn {
                ServerTurn::Welcome => {
                    self.logged_in = true;
                    return self.send("235 2.7.0 Authentication successful").await;
                }
                ServerTurn::Reply(reply) => return self.send(&reply).await,
                ServerTurn::Challenge(challenge) => {
                    let Some(answer) = self.challenge(&encoded(&challenge)).await? else { return Ok(Flow::Over) };
                    if let Some(acts) = self.server.on(Trigger::AuthAnswer) {
                        return self.perform(acts).await;
                    }
                    turn = exchange.answer(&answer);
                }
            }
        }
    }

    /// Sends a challenge that is already encoded, and reads the client's response. The response is not recorded.
    pub(super) async fn challenge(&mut self, text: &str) -> io::Result<Option<String>> {
        self.send(&format!("334 {text}")).await?;
        let answer = self.read_line().await?;
        self.answers += 1;
        if let Some(answer) = &answer {
            let shown = if answer == "*" { "*" } else { "[response not shown]" };
            self.record(JournalSpeaker::Client, || shown.to_owned());
        }
        Ok(answer)
    }

    fn forget_transaction(&mut self) {
        self.has_sender = false;
        self.recipients = 0;
    }

    /// The server's name in replies: the name in a mail domain's greeting, or `localhost`.
    pub(super) fn host_name(&self) -> &'static str {
        let name = self.server.greeting.split(' ').nth(1);
        name.filter(|name| name.strip_suffix(".test") == Some(self.scenario.name)).unwrap_or("localhost")
    }

    pub(super) fn keywords(&self) -> &'static [&'static str] {
        if self.inside { self.server.inside } else { self.server.plain }
    }

    fn offers(&self, keyword: &str) -> bool {
        self.keywords().iter().any(|line| line.eq_ignore_ascii_case(keyword))
    }

    pub(super) async fn send(&mut self, reply: &str) -> io::Result<Flow> {
        let mut bytes = Vec::with_capacity(reply.len() + 2);
        for line in reply.split('\n') {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
            self.record(JournalSpeaker::Server, || line.to_owned());
        }
        self.write(&bytes).await?;
        Ok(Flow::On)
    }

    /// The next line without its line ending; `None` at the end of the stream.
    async fn read_line(&mut self) -> io::Result<Option<String>> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.inbox.iter().skip(searched).position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.inbox.drain(..=searched + at).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()));
            }
            searched = self.inbox.len();
            if searched > MAX_LINE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line of more than 64 KiB"));
            }
            if self.fill().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads once into the inbox. Returns 0 at the end of the stream.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        self.line.read(&mut self.inbox).await
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.server.pace {
            Pace::Whole => self.line.write(bytes).await,
            Pace::Bytes => {
                for byte in bytes {
                    self.line.write(&[*byte]).await?;
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
        }
    }

    pub(super) fn record(&self, speaker: JournalSpeaker, text: impl FnOnce() -> String) {
        if let Some(listener) = self.listener {
            let at_ms = self.began.elapsed().as_secs_f64() * 1000.0;
            let (session, scenario) = (self.visit.number, self.scenario.name);
            listener(JournalEntry { session, scenario, at_ms, speaker, text: text() });
        }
    }
}

fn encoded(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// An AUTH command line without the initial response, which contains the password.
fn mechanism_only(line: &str) -> String {
    let mut words = line.split_ascii_whitespace();
    let shown: Vec<&str> = words.by_ref().take(2).collect();
    let rest = if words.next().is_some() { " [response not shown]" } else { "" };
    format!("{}{rest}", shown.join(" "))
}

#[cfg(test)]
mod tests {
    use super::mechanism_only;

    #[test]
    fn only_the_mechanism_of_an_auth_command_is_recorded() {
        assert_eq!(mechanism_only("AUTH PLAIN AHUAcA=="), "AUTH PLAIN [response not shown]");
        assert_eq!(mechanism_only("auth login"), "auth login");
    }
}
