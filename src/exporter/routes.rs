//! Selects the page for a request. Every response passes the access check first.

use std::rc::Rc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::access::{AccessDecision, PasswordCheck};
use super::counters::Rejection;
use super::planner::{ProbeRefusal, ProbeRequest};
use super::probe::{self, Detail, ProbeResponse};
use super::service::ExporterService;
use crate::render::exporter as page;
use crate::render::exposition::Form;
use crate::source::nearest;

/// The body of a response.
pub(super) type Page = Full<Bytes>;

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// The header in which Prometheus states how long it waits.
const SCRAPE_TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";

/// The maximum length of a path with its query.
const LONGEST_URI: usize = 4096;

/// The pages.
const PATHS: &[&str] = &["/", "/probe", "/metrics", "/config", "/logs", "/-/healthy", "/-/reload"];

/// The parameters of `/probe`.
const PARAMETERS: &[&str] = &["target", "module", "hostname", "debug"];

/// The response to a request.
pub(super) async fn respond(
    service: &Rc<ExporterService>,
    passwords: &PasswordCheck,
    request: &Request<Incoming>,
) -> Response<Page> {
    let web = service.web.borrow().current();
    let authorization = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let mut response = match passwords.access(&web.users, authorization).await {
        AccessDecision::Granted => page_of(service, request).await,
        AccessDecision::Busy => {
            with(text(StatusCode::TOO_MANY_REQUESTS, "too many logins at the same time"), RETRY_AFTER, "1")
        }
        AccessDecision::Denied => {
            let failures = &service.counters.login_failures;
            failures.set(failures.get() + 1);
            let denied = text(StatusCode::UNAUTHORIZED, "a user name and a password are required");
            with(denied, WWW_AUTHENTICATE, "Basic realm=\"smtpcheck exporter\", charset=\"UTF-8\"")
        }
    };
    let headers = response.headers_mut();
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    for (name, value) in &web.headers {
        headers.insert(name, value.clone());
    }
    service.counters.responded(response.status().as_u16());
    response
}

async fn page_of(service: &Rc<ExporterService>, request: &Request<Incoming>) -> Response<Page> {
    let uri = request.uri();
    if uri.path_and_query().is_some_and(|part| part.as_str().len() > LONGEST_URI) {
        return text(StatusCode::URI_TOO_LONG, &format!("the path and the query are longer than {LONGEST_URI} bytes"));
    }
    let path = uri.path();
    let (allowed, message, allow): (&[Method], &str, &'static str) = match path {
        "/-/reload" => (&[Method::POST, Method::PUT], "this page requires the POST or PUT method", "POST, PUT"),
        // HEAD is not allowed: the result requires a check, and a client that requests no content does not expect one.
        "/probe" => (&[Method::GET], "this page requires the GET method", "GET"),
        _ => (&[Method::GET, Method::HEAD], "this page requires the GET or HEAD method", "GET, HEAD"),
    };
    if PATHS.contains(&path) && !allowed.contains(request.method()) {
        return with(text(StatusCode::METHOD_NOT_ALLOWED, message), ALLOW, allow);
    }
    match path {
        "/" => html(start_page(service)),
        "/probe" => probe_page(service, request).await,
        "/metrics" => {
            let form = form(request.headers());
            let body = service.counters.render(form, service.request.max_probes);
            with(plain(body), CONTENT_TYPE, form.content_type())
        }
        "/config" => plain(service.planner.borrow().configuration(None)),
        "/logs" => log_page(service, uri.query().unwrap_or_default()),
        "/-/healthy" => plain("Healthy\n".to_owned()),
        "/-/reload" => match service.reload() {
            Ok(()) => plain("the configuration was read again\n".to_owned()),
            Err(error) => {
                let message =
                    format!("the old configuration remains in use, because the new one contains an error: {error}");
                text(StatusCode::INTERNAL_SERVER_ERROR, &message)
            }
        },
        _ => {
            let hint = match nearest(path, PATHS.iter().copied().filter(|known| *known != "/")) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the pages are {}", PATHS.join(", ")),
            };
            text(StatusCode::NOT_FOUND, &format!("this page does not exist; {hint}"))
        }
    }
}

fn start_page(service: &ExporterService) -> String {
    let history = service.history.borrow();
    page::start_page(&service.planner.borrow().modules(), history.rows())
}

/// The diagnosis of a probe in the history.
fn log_page(service: &ExporterService, query: &str) -> Response<Page> {
    let id = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "id").map(|(_, value)| value);
    match id.and_then(|id| id.parse().ok()) {
        None => text(StatusCode::BAD_REQUEST, "the number of the probe is missing; write /logs?id=NUMBER"),
        Some(id) => match service.history.borrow().diagnosis(id) {
            Some(diagnosis) => plain(diagnosis.to_owned()),
            None => {
                let message = "there is no diagnosis for this probe: only the diagnoses of the last failed probes are kept; request /probe with debug=true";
                text(StatusCode::NOT_FOUND, message)
            }
        },
    }
}

async fn probe_page(service: &Rc<ExporterService>, request: &Request<Incoming>) -> Response<Page> {
    let refused = |why: Rejection, status: StatusCode, message: &str| {
        service.counters.rejected(why);
        text(status, message)
    };
    let wanted = query(request.uri().query().unwrap_or_default())
        .and_then(|(wanted, detail)| Ok((wanted, detail, scrape_timeout(request.headers())?)));
    let (wanted, detail, wait) = match wanted {
        Ok(wanted) => wanted,
        Err(message) => return refused(Rejection::Invalid, StatusCode::BAD_REQUEST, &message),
    };
    let planned = service.planner.borrow().plan(&wanted);
    let mut planned = match planned {
        Ok(planned) => planned,
        Err(ProbeRefusal::Invalid(message)) => {
            return refused(Rejection::Invalid, StatusCode::BAD_REQUEST, &message);
        }
        Err(ProbeRefusal::UnknownModule(message)) => {
            return refused(Rejection::Module, StatusCode::BAD_REQUEST, &message);
        }
        Err(ProbeRefusal::OtherHost(message)) => return refused(Rejection::Target, StatusCode::FORBIDDEN, &message),
    };
    if !probe::is_allowed(&service.request.allow, &planned.plan) {
        let message = format!("--allow-target does not allow {}", planned.plan.name());
        return refused(Rejection::Target, StatusCode::FORBIDDEN, &message);
    }
    if detail == Detail::Metrics {
        planned.plan.limits.max_connections = planned.scrape_connections;
    }
    probe::limit(&mut planned.plan, wait, service.request.timeout_offset);
    match probe::run(service, planned).await {
        ProbeResponse::Checked { report, module } => {
            let form = form(request.headers());
            let metrics = page::metrics(&report, form);
            match detail {
                Detail::Metrics => with(plain(metrics), CONTENT_TYPE, form.content_type()),
                Detail::Debug => {
                    let configuration = service.planner.borrow().configuration(Some(&module));
                    plain(page::debug(&report, &metrics, &configuration))
                }
            }
        }
        ProbeResponse::Busy => {
            let message = format!("the limit of --max-probes is reached: {}", service.request.max_probes);
            with(refused(Rejection::Busy, StatusCode::TOO_MANY_REQUESTS, &message), RETRY_AFTER, "1")
        }
        ProbeResponse::Stopped => text(StatusCode::SERVICE_UNAVAILABLE, "the exporter is stopping"),
        ProbeResponse::Unable { reason } => text(StatusCode::INTERNAL_SERVER_ERROR, &reason),
    }
}

/// The parameters of `/probe`.
fn query(query: &str) -> Result<(ProbeRequest, Detail), String> {
    let mut wanted = ProbeRequest::default();
    let mut debug = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let slot = match &*name {
            "target" => &mut wanted.target,
            "module" => &mut wanted.module,
            "hostname" => &mut wanted.hostname,
            "debug" => &mut debug,
            _ => {
                let hint = match nearest(&name, PARAMETERS.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("the parameters are {}", PARAMETERS.join(", ")),
                };
                return Err(format!("unknown parameter {}; {hint}", name.escape_debug()));
            }
        };
        if slot.is_some() {
            return Err(format!("the parameter {name} is given more than once"));
        }
        *slot = Some(value.into_owned());
    }
    let given = |value: Option<String>| value.filter(|value| !value.is_empty());
    let detail = match debug.as_deref() {
        None | Some("" | "false" | "0") => Detail::Metrics,
        Some("true" | "1") => Detail::Debug,
        Some(_) => return Err("debug must be true or false".to_owned()),
    };
    let ProbeRequest { target, module, hostname } = wanted;
    Ok((ProbeRequest { target: given(target), module: given(module), hostname: given(hostname) }, detail))
}

/// How long Prometheus waits for the response.
fn scrape_timeout(headers: &HeaderMap) -> Result<Option<Duration>, String> {
    let Some(value) = headers.get(SCRAPE_TIMEOUT) else { return Ok(None) };
    let seconds = value.to_str().ok().and_then(|text| text.trim().parse::<f64>().ok());
    let time = seconds.filter(|seconds| *seconds > 0.0).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.map(Some).ok_or_else(|| "X-Prometheus-Scrape-Timeout-Seconds must be a number of seconds".to_owned())
}

/// The format that the client prefers.
fn form(headers: &HeaderMap) -> Form {
    let accept: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    Form::preferred(&accept.join(","))
}

/// An error: one line.
fn text(status: StatusCode, message: &str) -> Response<Page> {
    let mut response = plain(format!("{}\n", crate::render::escape::visible(message)));
    *response.status_mut() = status;
    response
}

fn plain(body: String) -> Response<Page> {
    with(Response::new(Full::new(Bytes::from(body))), CONTENT_TYPE, TEXT)
}

fn html(body: String) -> Response<Page> {
    let response = with(Response::new(Full::new(Bytes::from(body))), CONTENT_TYPE, HTML);
    with(response, hyper::header::CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY)
}

fn with(mut response: Response<Page>, name: hyper::header::HeaderName, value: &'static str) -> Response<Page> {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

#[cfg(test)]
mod tests {
    use super::{Detail, SCRAPE_TIMEOUT, query, scrape_timeout};
    use hyper::HeaderMap;
    use std::time::Duration;

    #[test]
    fn the_parameters_are_decoded() {
        let (wanted, detail) = query("target=%5B::1%5D:25&module=a+b&debug=true&hostname=").expect("fine");
        assert_eq!((wanted.target.as_deref(), wanted.module.as_deref()), (Some("[::1]:25"), Some("a b")));
        assert_eq!((wanted.hostname, detail), (None, Detail::Debug));
        assert_eq!(query("").expect("fine").1, Detail::Metrics);
    }

    #[test]
    fn a_wrong_parameter_is_an_error() {
        for (text, needle) in [
            ("targt=x", "did you mean target?"),
            ("xyzzy=x", "the parameters are target"),
            ("target=a&target=b", "more than once"),
            ("debug=maybe", "true or false"),
        ] {
            assert!(query(text).expect_err(text).contains(needle), "{text}");
        }
    }

    #[test]
    fn the_scrape_timeout_is_a_positive_number() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(SCRAPE_TIMEOUT, value.parse().expect("a header"));
            scrape_timeout(&headers)
        };
        assert_eq!(of("9.5"), Ok(Some(Duration::from_millis(9500))));
        assert_eq!(scrape_timeout(&HeaderMap::new()), Ok(None));
        for wrong in ["", "x", "0", "-1", "NaN", "inf", "1e300"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
