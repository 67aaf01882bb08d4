//! Pages of web servers, with their redirects. The rules for redirects:
//!
//! 1. at most three;
//! 2. to HTTPS, or to HTTP within the registrable domain of an HTTP page; never from HTTPS to HTTP;
//! 3. a page that was reached over HTTP in any step is not authenticated;
//! 4. a query that contains the email address is not sent to another registrable domain.

use super::super::sight::{SettingsSight, registrable};
use crate::check::domain::sight::Known;
use crate::evidence::{Fault, HttpResponse, NameMatch, Probe};
use crate::policy::web_address::WebAddress;
use crate::question::{FetchRequest, FetchTransport, Question};

/// The maximum number of redirects.
const MAX_REDIRECTS: usize = 3;

/// The result of requesting a page.
pub(super) enum FetchedPage<'s> {
    /// There is no result yet. The request must be sent, if it is not already in progress.
    Open(Option<Box<Question>>),
    /// The page.
    Found {
        /// The probe of the last request.
        probe: &'s Probe,
        /// The body.
        body: &'s str,
        /// The host to which redirects led, if it is not the first host.
        redirected_to: Option<String>,
    },
    /// There is no such page.
    Absent(String),
    /// The host has no IP address.
    NoAddress(String),
    /// The page could not be requested.
    Failed {
        /// The probe of the last request.
        probe: Option<&'s Probe>,
        /// The reason, as a short phrase.
        why: String,
        /// Whether the reason is the certificate of the web server.
        is_certificate: bool,
    },
}

/// Requests a page, and follows redirects.
pub(super) fn page<'s>(sight: SettingsSight<'s>, first: &FetchRequest) -> FetchedPage<'s> {
    let mut request = first.clone();
    for _ in 0..=MAX_REDIRECTS {
        let (probe, seen) = match sight.fetched(&request) {
            Known::Unasked => return FetchedPage::Open(Some(Box::new(Question::Fetch(request)))),
            Known::Waiting => return FetchedPage::Open(None),
            Known::Skipped => return failed(None, "a limit of this check was reached"),
            Known::Failed(probe, fault) => return of_fault(probe, fault, &request),
            Known::Seen(probe, seen) => (probe, seen),
        };
        let Some(response) = &seen.response else {
            let name = seen.presented.as_ref().map(|presented| &presented.name);
            let why = match name {
                Some(NameMatch::Differs { .. }) => format!("the certificate does not contain {}", request.host),
                _ => format!("the certificate of {} cannot be verified", request.host),
            };
            return FetchedPage::Failed { probe: Some(probe), why, is_certificate: true };
        };
        let Some(location) = response.location.as_deref().filter(|_| is_redirect(response.status)) else {
            return of_response(probe, response, first, &request);
        };
        request = match target(sight, &request, location) {
            Ok(next) => next,
            Err(why) => return failed(Some(probe), why),
        };
    }
    failed(None, "more than 3 redirects")
}

fn failed<'s>(probe: Option<&'s Probe>, why: &str) -> FetchedPage<'s> {
    FetchedPage::Failed { probe, why: why.to_owned(), is_certificate: false }
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

fn target(sight: SettingsSight<'_>, from: &FetchRequest, location: &str) -> Result<FetchRequest, &'static str> {
    let page = WebAddress {
        is_encrypted: from.transport == FetchTransport::Https,
        host: from.host.clone(),
        port: Some(from.port),
        path: from.path.clone(),
    };
    let Some(to) = page.relative(location) else { return Err("the redirect is not valid") };
    let is_same = registrable(to.host.ascii()) == registrable(from.host.ascii());
    if !to.is_encrypted && (page.is_encrypted || !is_same) {
        return Err("a redirect to an unencrypted page is not followed");
    }
    let transport = if to.is_encrypted { FetchTransport::Https } else { FetchTransport::Http };
    let mut path = to.path;
    let contains_address = ["@", "%40"].iter().any(|sign| path.contains(sign));
    if registrable(to.host.ascii()) != registrable(sight.domain()) && contains_address {
        path.truncate(path.find('?').unwrap_or(path.len()));
    }
    let port = to.port.unwrap_or_else(|| sight.port_of(transport));
    Ok(FetchRequest { host: to.host, port, path, transport, ..from.clone() })
}

fn of_response<'s>(
    probe: &'s Probe,
    response: &'s HttpResponse,
    first: &FetchRequest,
    last: &FetchRequest,
) -> FetchedPage<'s> {
    match response.status {
        200 if response.too_long => failed(Some(probe), "the response is longer than 64 KiB"),
        200 if response.is_cut => failed(Some(probe), "the response does not end"),
        200 => {
            let redirected_to = (last.host != first.host).then(|| last.host.ascii().to_owned());
            FetchedPage::Found { probe, body: &response.body, redirected_to }
        }
        status @ 500..=599 => failed(Some(probe), &format!("status {status}")),
        status => FetchedPage::Absent(format!("status {status}")),
    }
}

fn of_fault<'s>(probe: &'s Probe, fault: &'s Fault, request: &FetchRequest) -> FetchedPage<'s> {
    let host = &request.host;
    let why = match fault {
        Fault::NoAddress => return FetchedPage::NoAddress(format!("{host} has no IP address")),
        Fault::NotConnected { connect } => connect.kind.to_string(),
        Fault::NotPublic { address } => format!("{host} has the IP address {address}, which is not public"),
        Fault::Silent { .. } => "no response within the time limit".to_owned(),
        Fault::Closed { .. } => "the web server closes the connection".to_owned(),
        Fault::Tls { .. } => "the TLS handshake fails".to_owned(),
        Fault::Http { .. } => "the response is not HTTP".to_owned(),
        Fault::Dns { .. } => format!("{host} could not be looked up"),
        Fault::TimeUp { .. } => "the overall time limit was reached".to_owned(),
        Fault::Interrupted => "interrupted".to_owned(),
        Fault::Endless { .. }
        | Fault::Unread { .. }
        | Fault::Proxy { .. }
        | Fault::SocketNotConnected { .. }
        | Fault::Binary => "the request fails".to_owned(),
    };
    FetchedPage::Failed { probe: Some(probe), why, is_certificate: false }
}
