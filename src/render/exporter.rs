//! The pages of the exporter for people: the start page with the last probes, the diagnosis of a probe, and the debug
//! page. Names from requests and servers are escaped.

use std::fmt::Write;

use jiff::Timestamp;
use maud::{DOCTYPE, html};

use super::exposition::Form;
use super::{Display, Transcript, Verbosity, escape, prometheus, text};
use crate::report::{Report, Run};

/// The page uses no scripts, and loads nothing.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'";

const STYLE: &str = ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1.5rem 1rem}\
table{border-collapse:collapse;width:100%}th{text-align:left}th,td{padding:.2rem .75rem .2rem 0;vertical-align:top;overflow-wrap:anywhere}\
td.n{text-align:right;font-variant-numeric:tabular-nums}tr+tr>td{border-top:1px solid #8884}input{font:inherit}";

/// A module on the start page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleRow {
    /// The name.
    pub name: String,
    /// `server` or `domain`.
    pub kind: &'static str,
    /// The target that the module checks if the request names no target.
    pub target: Option<String>,
    /// Whether the module logs in.
    pub logs_in: bool,
}

/// A probe on the start page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProbeRow {
    /// Its number.
    pub id: u64,
    /// When the probe ended.
    pub at: Timestamp,
    /// The module.
    pub module: String,
    /// The target as the request named it.
    pub target: String,
    /// The server with its port, or the domain.
    pub name: String,
    /// The result: `pass`, `fail` or `incomplete`.
    pub result: &'static str,
    /// The name of the exit code.
    pub exit: &'static str,
    /// The duration in milliseconds.
    pub ms: f64,
    /// Whether the diagnosis is kept.
    pub has_diagnosis: bool,
}

/// The start page.
pub fn start_page<'a>(modules: &[ModuleRow], probes: impl Iterator<Item = &'a ProbeRow>) -> String {
    let query = |module: &str, target: &str| {
        let mut link = String::from("/probe?module=");
        let _ = write!(link, "{}&target={}&debug=true", percent(module), percent(target));
        link
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "smtpcheck exporter" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { "smtpcheck exporter" }
                p {
                    a href="/metrics" { "Metrics of the exporter" } " · "
                    a href="/config" { "Configuration" } " · "
                    a href="/-/healthy" { "Health" }
                }
                h2 { "Probe" }
                form action="/probe" {
                    p {
                        label { "Target: " input name="target" placeholder="smtp.example.net:587"; } " "
                        label {
                            "Module: "
                            select name="module" { @for module in modules { option { (module.name) } } }
                        }
                        input type="hidden" name="debug" value="true"; " "
                        button { "Check" }
                    }
                }
                h2 { "Modules" }
                table {
                    thead { tr { th { "Module" } th { "Checks" } th { "Default target" } th { "Login" } } }
                    tbody {
                        @for module in modules {
                            tr {
                                td { (module.name) }
                                td { (module.kind) }
                                td {
                                    @if let Some(target) = &module.target {
                                        a href=(query(&module.name, target)) { (escape::visible(target)) }
                                    }
                                }
                                td { (if module.logs_in { "yes" } else { "no" }) }
                            }
                        }
                    }
                }
                h2 { "Last probes" }
                table {
                    thead {
                        tr { th { "Time" } th { "Module" } th { "Target" } th { "Result" } th { "Duration" } th { "" } }
                    }
                    tbody {
                        @for probe in probes {
                            tr {
                                td { (format!("{:.0}", probe.at)) }
                                td { (escape::visible(&probe.module)) }
                                td { (escape::visible(&probe.name)) }
                                td { (probe.result) @if probe.result != "pass" { " (" (probe.exit) ")" } }
                                td class="n" { (format!("{:.0} ms", probe.ms)) }
                                td {
                                    @if probe.has_diagnosis { a href=(format!("/logs?id={}", probe.id)) { "Diagnosis" } " " }
                                    a href=(query(&probe.module, &probe.target)) { "Probe again" }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

/// The metrics of a probe.
pub fn metrics(report: &Report, form: Form) -> String {
    prometheus::render_probe(report, form)
}

/// The diagnosis of a probe, without the session.
pub fn diagnosis(report: &Report) -> String {
    text::render_run(&Run::of(report.clone()), &Display { transcript: Transcript::Problems, ..page_display() })
}

/// The session, the diagnosis, the metrics and the configuration of the module.
pub fn debug(report: &Report, metrics: &str, configuration: &str) -> String {
    let session = text::render_run(&Run::of(report.clone()), &Display { volume: Verbosity::Verbose, ..page_display() });
    format!(
        "Session and diagnosis:\n\n{session}\nMetrics:\n\n{metrics}\nConfiguration of the module:\n\n{configuration}"
    )
}

fn page_display() -> Display {
    Display { width: 100, ..Display::plain() }
}

/// A value in a query: everything except letters, digits and a few punctuation characters is percent-encoded (RFC 3986
/// §2.1).
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{ModuleRow, ProbeRow, percent, start_page};

    #[test]
    fn names_from_requests_are_escaped() {
        let module = ModuleRow { name: "default".to_owned(), kind: "server", target: None, logs_in: false };
        let probe = ProbeRow {
            id: 3,
            module: "<b>".to_owned(),
            target: "a\"&b=c\u{202e}".to_owned(),
            name: "<script>\u{202e}".to_owned(),
            result: "fail",
            exit: "tls",
            has_diagnosis: true,
            ..ProbeRow::default()
        };
        let page = start_page(&[module], [&probe].into_iter());
        assert!(!page.contains("<script>") && !page.contains("<b>") && !page.contains('\u{202e}'), "{page}");
        assert!(page.contains("/logs?id=3") && page.contains("fail (tls)"));
        assert!(page.contains("target=a%22%26b%3Dc%E2%80%AE&amp;debug=true"), "{page}");
    }

    #[test]
    fn a_value_in_a_link_is_percent_encoded() {
        assert_eq!(percent("[::1]:25 a"), "%5B::1%5D:25%20a");
    }
}
