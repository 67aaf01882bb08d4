//! The types that describe a mail domain: its zone, its mail servers, its MTA-STS policy or its settings for mail
//! programs, and what smtpcheck should find.

use super::zone::ZoneSigning;
use crate::sandbox::scenario::{Recipe, Server};

/// A mail domain `NAME.test` with one fault, or without faults.
#[derive(Clone, Copy, Debug)]
pub struct DomainCase {
    /// The id that users type, in kebab case. The domain is `NAME.test`.
    pub name: &'static str,
    /// A description of the domain, without a full stop.
    pub summary: &'static str,
    /// The zone as a master file (RFC 1035 §5), without SOA and NS records. These placeholders are replaced:
    ///
    /// | placeholder | replacement |
    /// |---|---|
    /// | `{name}` | the name of the domain without `.test` |
    /// | `{mx1}` | the IP address of the host mx1 |
    /// | `{web}` | the IP address of the web server |
    /// | `{spki:mx1}`, `{cert:mx1}` | the SHA-256 digests of mx1's public key and of its certificate |
    /// | `{issuer-spki:mx1}`, `{issuer-cert:mx1}` | the same for the second certificate that mx1 sends |
    /// | `{zeros}` | a digest that matches nothing |
    /// | `{rsa}` | a key for a DKIM record |
    /// | `{host}` | records of an MX host mx1 |
    /// | `{spf}`, `{dkim}`, `{dmarc}` | correct records |
    /// | `{sending}` | all three of these records, and an SPF record for mx1 |
    ///
    /// With a line `!servfail NAME`, queries for this name and the names below it fail. With `!silent NAME`, they are
    /// not answered. With `!tcp NAME`, the answer requires TCP, over which the server does not respond.
    /// With `!case NAME`, the servers have no records if the query is in upper case. With `!hidden NAME`, only the
    /// authoritative servers have the records. With `!nokeys NAME`, queries for DNSKEY records fail. `!raw NAME TYPE VALUE`
    /// is a record that the parser of master files does not accept (A, MX with preference 10, SPF).
    pub zone: &'static str,
    /// How the zone is signed.
    pub signing: ZoneSigning,
    /// What distinguishes the second name server from the first.
    pub second: SecondServer,
    /// The hosts with mail servers.
    pub hosts: &'static [MailHost],
    /// The response of the web server for the MTA-STS policy.
    pub policy: Option<PolicyPage>,
    /// The part before the `@` of the email address that is checked; empty if only the domain is checked.
    pub recipient: &'static str,
    /// More arguments for the check. `{mx1}` is replaced by the IP address of the host mx1.
    pub flags: &'static [&'static str],
    /// The rule ids of all errors and warnings that the check must report, in any order.
    pub expect: &'static [&'static str],
    /// The rule ids of the notices that the check must report, in any order, except the notices of every sandbox
    /// domain.
    pub notices: &'static [&'static str],
    /// The exit code of the check.
    pub exit: u8,
}

impl DomainCase {
    /// The argument for the check: the domain, or an email address in it.
    pub fn target(&self) -> String {
        match self.recipient {
            "" => format!("{}.test", self.name),
            user => format!("{user}@{}.test", self.name),
        }
    }
}

/// A domain with settings for mail programs. The zone, the flags and the pages may contain `{port}`, the port of the
/// mail servers.
#[derive(Clone, Copy, Debug)]
pub struct SettingsCase {
    /// The domain. Its recipient is the part of the address before the `@`.
    pub domain: DomainCase,
    /// The pages of its web servers.
    pub pages: &'static [WebPage],
    /// The password for the search; it is never passed as an argument.
    pub secret: Option<&'static str>,
}

/// A page of a web server. `{name}` is the name of the domain, and `{https}` is the HTTPS port of the web servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebPage {
    /// The labels of the host before the domain; `@` is the domain itself.
    pub host: &'static str,
    /// The path, or `*` for every path.
    pub path: &'static str,
    /// A header field; empty for an XML page. A `Location` makes it a redirect.
    pub head: &'static str,
    /// The body.
    pub body: &'static str,
    /// Whether it is served over HTTPS.
    pub is_encrypted: bool,
    /// Whether the web server's certificate is valid for its name.
    pub verifies: bool,
}

/// An XML page that is served correctly over HTTPS.
pub const fn xml(host: &'static str, path: &'static str, body: &'static str) -> WebPage {
    WebPage { host, path, head: "", body, is_encrypted: true, verifies: true }
}

/// A host with a mail server.
#[derive(Clone, Copy, Debug)]
pub struct MailHost {
    /// The first label of the host name.
    pub label: &'static str,
    /// The behaviour of the server.
    pub server: Server,
}

/// The second name server of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondServer {
    /// It has the same records.
    Same,
    /// It does not have the zone, and refuses queries for it.
    Lame,
    /// It has a different zone, in the form of [`DomainCase::zone`].
    Zone(&'static str),
    /// No server has the zone, and the parent zone does not delegate it: the domain does not exist.
    Missing,
    /// Neither of the first two name servers has the zone, but ns3.test has it. The list contains the servers to which
    /// the parent zone refers.
    Apart(&'static [&'static str]),
}

/// The response of a web server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyPage {
    /// The head of the response, without the final empty line. If this is empty, the usual head for a policy is sent.
    pub head: &'static str,
    /// The body.
    pub body: &'static str,
    /// How the body is sent.
    pub sends: PolicyBody,
    /// The certificate of the web server.
    pub identity: Recipe,
}

/// How a web server sends a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyBody {
    /// Once.
    Whole,
    /// Repeated until it exceeds 64 KiB.
    TooLong,
    /// Repeated until the client closes the connection.
    Endless,
}

/// A policy that is served correctly.
pub const fn page(body: &'static str) -> PolicyPage {
    PolicyPage { head: "", body, sends: PolicyBody::Whole, identity: Recipe::Good }
}
