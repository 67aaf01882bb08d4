//! A self-contained HTML page for sharing: the verdict, the findings with their fixes, the times of the phases, the
//! certificates and the session.
//!
//! The page contains no script and loads nothing; its Content-Security-Policy forbids both. It works in light and dark
//! mode, in print, on small screens, with the keyboard and with screen readers. Tables have headers, and no information
//! is conveyed by colour, a symbol or a bar alone. [`parts::words`] makes a string's invisible characters visible; then
//! the template engine escapes the string.

mod certificates;
mod domain;
pub(in crate::render) mod interfaces;
mod parts;
mod session;
mod settings;
mod times;

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use parts::{Place, heading, list, words};

use super::view::verdict::{self, OutcomeWord};
use super::view::{self, phases, tls};
use super::{Display, Transcript, text};
use crate::check::domain as domain_checks;
use crate::check::settings as client_settings;
use crate::check::{Finding, Severity};
use crate::report::{CheckOutcome, CheckResult, Report, Run, RunSource};
use crate::wire::EhloName;

const STYLE: &str = include_str!("page.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The complete page.
pub fn render_run(run: &Run, look: &Display) -> String {
    let title = verdict::headline(run);
    let body = html! {
        @match run.cases.as_slice() {
            [case] if run.source == RunSource::Target => (single(case, look)),
            _ => (several(run, &title, look)),
        }
    };
    page(&title, run.reports().map(Report::started_at).min(), &body)
}

/// A page with this title and content. `began` is the time of the first check.
pub(in crate::render) fn page(title: &str, began: Option<Timestamp>, body: &Markup) -> String {
    let began = began.map(|began| format!(" at {}", began.strftime("%Y-%m-%d %H:%M:%S UTC"))).unwrap_or_default();
    let page = html! {
        (DOCTYPE) "\n"
        html lang="en" {
            "\n" head {
                "\n" meta charset="utf-8";
                "\n" meta name="viewport" content="width=device-width, initial-scale=1";
                "\n" meta http-equiv="Content-Security-Policy" content=(POLICY);
                "\n" meta name="color-scheme" content="light dark";
                "\n" meta name="robots" content="noindex";
                "\n" title { (title) " - smtpcheck" }
                "\n" style { "\n" (PreEscaped(STYLE)) }
                "\n"
            }
            "\n" body {
                "\n"
                (body)
                footer {
                    p {
                        "Checked by smtpcheck " (env!("CARGO_PKG_VERSION")) (began) ". No message was sent. "
                        code { "smtpcheck explain RULE" } " explains a rule."
                    }
                }
                "\n"
            }
            "\n"
        }
        "\n"
    };
    page.into_string()
}

/// A page about one check.
fn single(case: &CheckResult, look: &Display) -> Markup {
    html! {
        a class="skip" href="#check-1-session" { "Skip to the session" } "\n"
        header {
            "\n" h1 { (badge(OutcomeWord::of(case))) " " (words(&case.name)) } "\n"
            @match case.report() {
                Some(report) => (facts(report)),
                None => (skipped(case)),
            }
        }
        "\n" main {
            "\n"
            @if let Some(report) = case.report() { (sections(&Place { number: 1, level: 2 }, case, report, look)) }
        }
        "\n"
    }
}

/// A page about several checks, with a table of contents.
fn several(run: &Run, title: &str, look: &Display) -> Markup {
    html! {
        header {
            "\n" h1 { (title) } "\n"
            @if let RunSource::Suite(path) = &run.source {
                p { "Suite " code { (words(&path.to_string_lossy())) } } "\n"
            }
        }
        "\n" main {
            "\n" h2 { "Checks" } "\n"
            table class="checks" {
                "\n" thead {
                    tr { th scope="col" { "Result" } th scope="col" { "Check" } th scope="col" { "Reason" } }
                }
                "\n" tbody {
                    "\n"
                    @for (at, case) in run.cases.iter().enumerate() {
                        tr {
                            td { (badge(OutcomeWord::of(case))) }
                            td { a href={ "#check-" (at + 1) } { (words(&case.name)) } }
                            td { (verdict::outcome(case)) }
                        }
                        "\n"
                    }
                }
                "\n"
            }
            "\n"
            @for (at, case) in run.cases.iter().enumerate() {
                section aria-labelledby={ "check-" (at + 1) } {
                    "\n" h2 id={ "check-" (at + 1) } { (badge(OutcomeWord::of(case))) " " (words(&case.name)) } "\n"
                    @match case.report() {
                        Some(report) => {
                            (facts(report))
                            (sections(&Place { number: at + 1, level: 3 }, case, report, look))
                        },
                        None => (skipped(case)),
                    }
                }
                "\n"
            }
        }
        "\n"
    }
}

fn skipped(case: &CheckResult) -> Markup {
    match &case.outcome {
        CheckOutcome::Skipped { reason } => html! { p { "Not tested: " (words(reason)) } "\n" },
        CheckOutcome::Checked { .. } => html! {},
    }
}

fn facts(report: &Report) -> Markup {
    let Report { plan, evidence, .. } = report;
    let mut facts = vec![("Result", verdict::result(report))];
    let input = &plan.target.input;
    if let Some(name) = plan.target.host.name().filter(|name| name.is_international()) {
        facts.push(("Name", name.unicode().to_owned()));
    }
    if *input != plan.name() && plan.domain.as_ref().is_none_or(|domain| domain.recipient.is_some()) {
        facts.push(("Target", input.clone()));
    }
    facts.push(("Started", report.started_at().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()));
    if let Some((there, here)) = evidence.main_session().and_then(|session| session.connected()) {
        facts.push(("Connection", format!("to {there} from {here}")));
    }
    if let Some(proxy) = plan.used_proxy() {
        facts.push(("Proxy", proxy.to_string()));
    }
    if let EhloName::Name(name) = &plan.ehlo {
        facts.push(("EHLO name", name.clone()));
    }
    let of_domain = domain_checks::results(plan, evidence);
    match (of_domain, client_settings::results(plan, evidence)) {
        (Some(seen), _) => facts.push(("Domain", view::domain::headline(&seen).join(", "))),
        (None, Some(seen)) => facts.push(("Settings", view::settings::headline(&seen).1)),
        (None, None) => facts.push(("Encryption", encryption(report))),
    }
    list(&facts)
}

fn encryption(report: &Report) -> String {
    match report.evidence.main_session().and_then(|session| session.handshake()) {
        Some((_, handshake)) => {
            format!("{}; {}", tls::summary(handshake), tls::verdict(handshake, report.started_at()))
        }
        None => format!("none ({})", report.plan.tls_use()),
    }
}

/// The sections about one check.
fn sections(place: &Place, case: &CheckResult, report: &Report, look: &Display) -> Markup {
    let scan = text::scanned(report, &text::for_readers(look));
    let plain = Display::plain();
    let seen = domain_checks::results(&report.plan, &report.evidence);
    let client = client_settings::results(&report.plan, &report.evidence);
    html! {
        @if !case.earlier().is_empty() {
            (place.heading("earlier", "Earlier runs"))
            ol {
                "\n"
                @for (at, one) in case.earlier().iter().enumerate() { li { (verdict::retry_line(at, one)) } "\n" }
            }
            "\n"
        }
        @if !report.expectations.is_empty() {
            (place.heading("expectations", "Expectations"))
            ul {
                "\n"
                @for one in &report.expectations {
                    li {
                        @if one.held {
                            "held: " code { (words(&one.expression)) }
                        } @else {
                            span class="badge error" { "failed" } " " (verdict::not_held(one))
                        }
                    }
                    "\n"
                }
            }
            "\n"
        }
        @if let Some(seen) = &seen { (domain::servers(place, seen)) }
        @if let Some(seen) = &client { (settings::found(place, seen, look)) }
        (place.heading("findings", "Findings"))
        @if report.findings.is_empty() {
            p { @if report.failed_expectations().next().is_none() { (verdict::counts(report)) } @else { "No findings." } } "\n"
        }
        @for one in &report.findings { (finding(report, one, place.level + 1)) }
        @if let Some(seen) = &seen { (domain::published(place, seen)) }
        @if let Some(seen) = &client { (settings::untested(place, seen)) }
        (times::section(place, &phases::rows(report)))
        (certificates::section(place, &report.evidence))
        @if !scan.is_empty() {
            (place.heading("scan", "TLS scan"))
            pre { @for line in &scan { (words(line.paint(&plain).trim_end())) "\n" } } "\n"
        }
        @if look.transcript != Transcript::None { (session::section(place, report, look)) }
    }
}

fn finding(report: &Report, finding: &Finding, level: u8) -> Markup {
    let (class, word) = match finding.severity {
        Severity::Error => ("error", "Error"),
        Severity::Warning => ("warning", "Warning"),
        Severity::Notice => ("notice", "Notice"),
    };
    let title = html! { span class={ "badge " (class) } { (word) } " " (words(&finding.summary)) };
    html! {
        article class={ "finding " (class) } {
            "\n" (heading(level, None, &title))
            p class="soft" {
                code { (words(&finding.rule)) }
                @if let Some(word) = verdict::set_aside(report, finding) { ", " (word) }
                ", phase " (finding.phase.key())
            }
            "\n" p { "Cause " span class="soft" { "(" (verdict::sure(finding)) ")" } ": " (verdict::sentence(&finding.cause)) } "\n"
            @if let Some(otherwise) = &finding.otherwise { p { "Or: " (verdict::sentence(otherwise)) } "\n" }
            @if !finding.consequences.is_empty() {
                p { "Consequences:" } "\n"
                ul { "\n" @for one in &finding.consequences { li { (verdict::sentence(one)) } "\n" } } "\n"
            }
            @if !finding.fixes.is_empty() {
                p { "Fix:" } "\n"
                ol {
                    "\n"
                    @for fix in &finding.fixes {
                        li {
                            (words(&fix.text))
                            @if let Some(command) = &fix.command { code class="command" { (words(command)) } }
                            @if let Some(url) = &fix.url { " " (link(url)) }
                        }
                        "\n"
                    }
                }
                "\n"
            }
        }
        "\n"
    }
}

/// Only an https URL becomes a link; any other text is shown as code.
fn link(url: &str) -> Markup {
    let shown = words(url);
    if url.starts_with("https://") && !url.contains(char::is_whitespace) {
        html! { a href=(shown) rel="noreferrer" { (shown) } }
    } else {
        html! { code { (shown) } }
    }
}

fn badge(word: OutcomeWord) -> Markup {
    let class = match word {
        OutcomeWord::Pass => "pass",
        OutcomeWord::Fail => "fail",
        OutcomeWord::CutShort => "short",
        OutcomeWord::Skip => "skip-word",
    };
    html! { span class={ "badge " (class) } { (word.word()) } }
}
