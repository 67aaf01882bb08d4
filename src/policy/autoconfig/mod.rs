//! The parts of Mozilla autoconfiguration files (draft-ietf-mailmaint-autoconfig) that are about sending mail.
//! Thunderbird, K-9 Mail, Evolution and Delta Chat read the same files.
//!
//! Only a file that is not an autoconfiguration file at all is an error. Unknown elements are ignored, and a server
//! section without a host, a port or a usable security mode is left out and reported. A document type definition is
//! rejected, because its entities could expand without limit. Only XML's five predefined entities are replaced. The
//! elements `restriction`, `addThisServer` and `useGlobalPreferredServer` of old files are ignored, because clients
//! that followed them sent mail through the wrong server.

mod fields;
#[cfg(test)]
mod tests;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

pub(crate) use fields::{AuthenticationWord, SocketType};

/// The maximum number of servers that are kept from a file.
const MAX_SERVERS: usize = 16;
/// The maximum depth of elements.
const MAX_DEPTH: usize = 32;
/// The maximum length of the text of one element.
const MAX_TEXT: usize = 1024;

/// The information in a file about sending mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Autoconfig {
    /// The name of the provider, as shown to users.
    pub(crate) provider: Option<String>,
    /// The servers for sending mail; the first is the preferred one.
    pub(crate) servers: Vec<OutgoingServer>,
    /// Whether the file names an issuer of OAuth 2.0 tokens.
    pub(crate) oauth_issuer: Option<String>,
    /// The faults in the file, in the order in which they occur.
    pub(crate) faults: Vec<AutoconfigFault>,
}

/// A server for sending mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutgoingServer {
    /// The host name, which may contain placeholders.
    pub(crate) host: String,
    /// The TCP port.
    pub(crate) port: u16,
    /// How TLS is used.
    pub(crate) socket: SocketType,
    /// The methods of authentication, the preferred one first.
    pub(crate) authentication: Vec<AuthenticationWord>,
    /// The user name, which may contain placeholders.
    pub(crate) username: Option<String>,
}

/// Why a file is not usable at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotAutoconfig {
    /// It is an HTML page, which some web servers send for every URL.
    Html,
    /// It is not XML.
    NotXml,
    /// It is XML that is not well-formed. Lines are numbered from 1.
    Malformed {
        /// The line.
        line: usize,
        /// The error message.
        detail: String,
    },
    /// It contains a document type definition.
    Doctype,
    /// It is XML with another root element.
    OtherRoot(String),
}

/// A fault in a file that is otherwise usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AutoconfigFault {
    /// A server section for sending mail has no host name.
    HostMissing,
    /// The port of a server section is missing or is not a number from 1 to 65535.
    Port(String),
    /// The security mode is missing or unknown.
    Socket(String),
    /// A method of authentication is unknown.
    Authentication(String),
    /// A user name contains a control character, which could change the login.
    Username,
    /// There is no server section for sending mail.
    NoServer,
    /// There are more server sections than are kept.
    TooMany,
}

/// Parses a file.
pub(crate) fn parse(text: &str) -> Result<Autoconfig, NotAutoconfig> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if looks_like_html(text) {
        return Err(NotAutoconfig::Html);
    }
    if !text.starts_with('<') {
        return Err(NotAutoconfig::NotXml);
    }
    let mut walk = Walk::default();
    let mut reader = Reader::from_str(text);
    loop {
        let event = reader.read_event().map_err(|error| {
            let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
            malformed(text, at, &error.to_string())
        })?;
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event {
            Event::DocType(_) => return Err(NotAutoconfig::Doctype),
            Event::Start(start) => walk.open(&start).map_err(|error| error.at(text, at))?,
            Event::Empty(start) => {
                walk.open(&start).map_err(|error| error.at(text, at))?;
                walk.close();
            }
            Event::End(_) => walk.close(),
            Event::Text(part) => walk.text(&part.decode().unwrap_or_default()),
            Event::CData(part) => walk.text(&part.decode().unwrap_or_default()),
            Event::GeneralRef(reference) => {
                let name = reference.decode().unwrap_or_default();
                let character = match reference.resolve_char_ref() {
                    Ok(Some(character)) => Some(character.to_string()),
                    Ok(None) => quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned),
                    Err(_) => None,
                };
                let detail = format!("the entity &{name}; is not defined");
                walk.text(&character.ok_or_else(|| malformed(text, at, &detail))?);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    if !walk.path.is_empty() {
        return Err(malformed(text, text.len(), "an element is not closed"));
    }
    match walk.root {
        None => Err(NotAutoconfig::NotXml),
        Some(root) if root != "clientConfig" => Err(NotAutoconfig::OtherRoot(root)),
        Some(_) => Ok(walk.found.finished()),
    }
}

impl Autoconfig {
    fn finished(mut self) -> Autoconfig {
        if self.servers.is_empty() && self.faults.is_empty() {
            self.faults.push(AutoconfigFault::NoServer);
        }
        self
    }
}

fn looks_like_html(text: &str) -> bool {
    let start: String = text.chars().take(512).collect::<String>().to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body"].iter().any(|word| start.contains(word))
}

fn malformed(text: &str, at: usize, detail: &str) -> NotAutoconfig {
    let before = text.bytes().take(at);
    NotAutoconfig::Malformed { line: 1 + before.filter(|byte| *byte == b'\n').count(), detail: detail.to_owned() }
}

/// A limit of this parser was reached.
struct TooDeep;

impl TooDeep {
    fn at(&self, text: &str, at: usize) -> NotAutoconfig {
        malformed(text, at, "the elements are nested too deeply")
    }
}

/// The state while the elements are read.
#[derive(Default)]
struct Walk {
    path: Vec<String>,
    root: Option<String>,
    text: String,
    server: Option<Section>,
    found: Autoconfig,
}

/// A server section that is not complete yet.
#[derive(Default)]
struct Section {
    host: Option<String>,
    port: Option<String>,
    socket: Option<String>,
    authentication: Vec<String>,
    username: Option<String>,
}

impl Walk {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), TooDeep> {
        let name = String::from_utf8_lossy(start.local_name().into_inner()).into_owned();
        if self.path.len() >= MAX_DEPTH {
            return Err(TooDeep);
        }
        if self.root.is_none() {
            self.root = Some(name.clone());
        }
        if name == "outgoingServer" && self.is_at(&["clientConfig", "emailProvider"]) && is_smtp(start) {
            self.server = Some(Section::default());
        }
        self.path.push(name);
        self.text.clear();
        Ok(())
    }

    fn text(&mut self, part: &str) {
        let room = MAX_TEXT.saturating_sub(self.text.len());
        self.text.extend(part.chars().take(room));
    }

    fn close(&mut self) {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let Some(name) = self.path.pop() else { return };
        let value = Some(text).filter(|text| !text.is_empty());
        let parent: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match (parent.as_slice(), name.as_str()) {
            (["clientConfig", "emailProvider", "outgoingServer"], field) => {
                let Some(server) = &mut self.server else { return };
                match field {
                    "hostname" => server.host = value,
                    "port" => server.port = value,
                    "socketType" => server.socket = value,
                    "authentication" => server.authentication.extend(value),
                    "username" => server.username = value,
                    _ => {}
                }
            }
            (["clientConfig", "emailProvider"], "outgoingServer") => {
                if let Some(section) = self.server.take() {
                    self.add(section);
                }
            }
            (["clientConfig", "emailProvider"], "displayName") if self.found.provider.is_none() => {
                self.found.provider = value;
            }
            (["clientConfig", "oAuth2"], "issuer") => self.found.oauth_issuer = value,
            _ => {}
        }
    }

    fn add(&mut self, section: Section) {
        let faults = &mut self.found.faults;
        if self.found.servers.len() >= MAX_SERVERS {
            if !faults.contains(&AutoconfigFault::TooMany) {
                faults.push(AutoconfigFault::TooMany);
            }
            return;
        }
        let Some(host) = section.host else { return faults.push(AutoconfigFault::HostMissing) };
        let port = section.port.unwrap_or_default();
        let Some(number) = port.parse::<u16>().ok().filter(|number| *number != 0) else {
            return faults.push(AutoconfigFault::Port(port));
        };
        let socket = section.socket.unwrap_or_default();
        let Some(socket) = SocketType::read(&socket) else { return faults.push(AutoconfigFault::Socket(socket)) };
        let mut authentication = Vec::new();
        for word in section.authentication {
            match AuthenticationWord::read(&word) {
                Some(word) => authentication.push(word),
                None => faults.push(AutoconfigFault::Authentication(word)),
            }
        }
        if section.username.as_deref().is_some_and(|user| user.chars().any(char::is_control)) {
            return faults.push(AutoconfigFault::Username);
        }
        let server = OutgoingServer { host, port: number, socket, authentication, username: section.username };
        self.found.servers.push(server);
    }

    fn is_at(&self, path: &[&str]) -> bool {
        self.path.iter().map(String::as_str).eq(path.iter().copied())
    }
}

/// Whether a server section is about SMTP. Some files lack the attribute.
fn is_smtp(start: &BytesStart<'_>) -> bool {
    match start.try_get_attribute("type") {
        Ok(Some(attribute)) => attribute.value.eq_ignore_ascii_case(b"smtp"),
        Ok(None) => true,
        Err(_) => false,
    }
}
