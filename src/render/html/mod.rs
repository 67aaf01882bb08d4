//! One HTML page in one file, for people who were not there: verdict, findings with their fixes, where the time went, the
//! certificates, the conversation.
//!
//! Promises: no script, nothing is fetched (a policy in the page forbids it); it reads in light and dark, on paper, on a
//! telephone, with the keyboard and aloud, where tables have headers and no colour, sign or bar says something alone.
//! Words of the server are text: they pass [`escape::visible`] and the escapes of XML, which HTML shares.

mod conversation;
mod times;

use std::fmt::Write;

use super::outcome::{self, OutcomeWord};
use super::{Display, Transcript, escape, text};
use crate::check::{Finding, Severity, certificate};
use crate::evidence::{Certificate, Evidence};
use crate::report::{CheckOutcome, CheckResult, Report, Run, RunSource};
use crate::wire::EhloName;

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub fn render_run(run: &Run, look: &Display) -> String {
    let title = title(run);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{title} - smtpcheck</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        title = words(&title)
    );
    page.push_str(&match run.cases.as_slice() {
        [case] if run.source == RunSource::Target => one(case, look),
        _ => several(run, &title, look),
    });
    let began = run.reports().map(Report::started_at).min();
    let began = began.map(|began| format!(" at {}", began.strftime("%Y-%m-%d %H:%M:%S UTC"))).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    let _ = write!(
        page,
        "<footer><p>Checked by smtpcheck {version}{began}. No message was sent. \
         <code>smtpcheck explain RULE</code> says more about each rule.</p></footer>\n</body>\n</html>\n"
    );
    page
}

fn title(run: &Run) -> String {
    if let ([case], RunSource::Target) = (run.cases.as_slice(), &run.source) {
        return format!("{} {}", OutcomeWord::of(case).word(), case.name);
    }
    let kinds = [OutcomeWord::Fail, OutcomeWord::CutShort, OutcomeWord::Pass, OutcomeWord::Skip];
    let counts = kinds.map(|word| (run.cases.iter().filter(|case| OutcomeWord::of(case) == word).count(), word.word()));
    let told: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if told.is_empty() { "no checks".to_owned() } else { told.join(", ") }
}

/// A page about one check.
fn one(case: &CheckResult, look: &Display) -> String {
    let mut page = format!(
        "<a class=\"skip\" href=\"#check-1-conversation\">Skip to the conversation</a>\n<header>\n<h1>{} {}</h1>\n",
        badge(OutcomeWord::of(case)),
        words(&case.name)
    );
    let Some(report) = case.report() else {
        return page + &skipped(case) + "</header>\n<main></main>\n";
    };
    page.push_str(&facts(report));
    page.push_str("</header>\n<main>\n");
    page.push_str(&sections(1, 2, case, report, look));
    page + "</main>\n"
}

/// A page about several, with a table of contents.
fn several(run: &Run, title: &str, look: &Display) -> String {
    let mut page = format!("<header>\n<h1>{}</h1>\n", words(title));
    if let RunSource::Suite(path) = &run.source {
        let _ = writeln!(page, "<p>Suite <code>{}</code></p>", words(&path.to_string_lossy()));
    }
    page.push_str("</header>\n<main>\n<h2>Checks</h2>\n<table class=\"checks\">\n");
    page.push_str(
        "<tr><th scope=\"col\">Result</th><th scope=\"col\">Check</th><th scope=\"col\">What came of it</th></tr>\n",
    );
    for (at, case) in run.cases.iter().enumerate() {
        let told = outcome::outcome(case);
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td><a href=\"#check-{}\">{}</a></td><td>{}</td></tr>",
            badge(OutcomeWord::of(case)),
            at + 1,
            words(&case.name),
            words(&told)
        );
    }
    page.push_str("</table>\n");
    for (at, case) in run.cases.iter().enumerate() {
        let number = at + 1;
        let _ = write!(
            page,
            "<section aria-labelledby=\"check-{number}\">\n<h2 id=\"check-{number}\">{} {}</h2>\n",
            badge(OutcomeWord::of(case)),
            words(&case.name)
        );
        match case.report() {
            Some(report) => {
                page.push_str(&facts(report));
                page.push_str(&sections(number, 3, case, report, look));
            }
            None => page.push_str(&skipped(case)),
        }
        page.push_str("</section>\n");
    }
    page + "</main>\n"
}

fn skipped(case: &CheckResult) -> String {
    match &case.outcome {
        CheckOutcome::Skipped { reason } => format!("<p>Not tested: {}</p>\n", words(reason)),
        CheckOutcome::Checked { .. } => String::new(),
    }
}

fn facts(report: &Report) -> String {
    let Report { plan, evidence, .. } = report;
    let mut facts = vec![("Result", outcome::result(report))];
    let input = &plan.target.input;
    if let Some(name) = plan.target.host.name().filter(|name| name.is_international()) {
        facts.push(("Name", name.unicode().to_owned()));
    }
    if *input != plan.target.host.with_port(plan.target.port) {
        facts.push(("Asked for", input.clone()));
    }
    facts.push(("Began", report.started_at().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()));
    if let Some((there, here)) = evidence.main_session().and_then(|session| session.connected()) {
        facts.push(("Connected", format!("to {there} from {here}")));
    }
    if let EhloName::Name(name) = &plan.ehlo {
        facts.push(("Announced as", name.clone()));
    }
    facts.push(("Encryption", encryption(report)));
    let mut list = "<dl class=\"facts\">\n".to_owned();
    for (name, value) in facts {
        let _ = writeln!(list, "<dt>{name}</dt><dd>{}</dd>", words(&value));
    }
    list + "</dl>\n"
}

fn encryption(report: &Report) -> String {
    match report.evidence.main_session().and_then(|session| session.handshake()) {
        Some((_, handshake)) => {
            format!("{}; {}", text::tls_summary(handshake), text::tls_verdict(handshake, report.started_at()))
        }
        None => format!("none came about ({})", report.plan.tls_use()),
    }
}

/// The parts about one check; `level` is that of their headings.
fn sections(number: usize, level: u8, case: &CheckResult, report: &Report, look: &Display) -> String {
    let mut page = String::new();
    if let CheckOutcome::Checked { earlier, .. } = &case.outcome
        && !earlier.is_empty()
    {
        page.push_str(&heading(number, level, "probes", "Attempts before this one"));
        page.push_str("<ol>\n");
        for (at, one) in earlier.iter().enumerate() {
            let _ = writeln!(page, "<li>{}</li>", words(&outcome::retry_line(at, one)));
        }
        page.push_str("</ol>\n");
    }
    if !report.expectations.is_empty() {
        page.push_str(&heading(number, level, "expectations", "Expectations"));
        page.push_str("<ul>\n");
        for one in &report.expectations {
            let told = match one.held {
                true => format!("held: <code>{}</code>", words(&one.expression)),
                false => format!("<span class=\"badge error\">did not hold</span> {}", words(&outcome::not_held(one))),
            };
            let _ = writeln!(page, "<li>{told}</li>");
        }
        page.push_str("</ul>\n");
    }
    page.push_str(&heading(number, level, "findings", "Findings"));
    if report.findings.is_empty() {
        let none =
            if report.expectations.iter().all(|one| one.held) { text::counts(report) } else { "none".to_owned() };
        let _ = writeln!(page, "<p>{}</p>", words(&none));
    }
    for one in &report.findings {
        page.push_str(&finding(report, one, level + 1));
    }
    page.push_str(&times::section(number, level, report));
    page.push_str(&certificates(number, level, &report.evidence));
    let scan = text::scanned(report, &outcome::for_readers(look));
    if !scan.is_empty() {
        page.push_str(&heading(number, level, "scan", "What the server accepts"));
        let _ = writeln!(page, "<pre>{}</pre>", lines(&scan));
    }
    if look.transcript != Transcript::None {
        page.push_str(&conversation::section(number, level, report, look));
    }
    page
}

fn heading(number: usize, level: u8, id: &str, text: &str) -> String {
    format!("<h{level} id=\"check-{number}-{id}\">{text}</h{level}>\n")
}

fn finding(report: &Report, finding: &Finding, level: u8) -> String {
    let (class, word) = match finding.severity {
        Severity::Error => ("error", "Error"),
        Severity::Warning => ("warning", "Warning"),
        Severity::Notice => ("notice", "Notice"),
    };
    let ignored = outcome::set_aside(report, finding).map(|word| format!(", {word}")).unwrap_or_default();
    let mut page = format!(
        "<article class=\"finding {class}\">\n<h{level}><span class=\"badge {class}\">{word}</span> {}</h{level}>\n\
         <p class=\"soft\"><code>{}</code>{ignored}, at {}</p>\n<p>{} <span class=\"soft\">({})</span></p>\n",
        words(&finding.summary),
        words(&finding.rule),
        finding.phase,
        words(&finding.cause),
        outcome::sure(finding),
    );
    if let Some(otherwise) = &finding.otherwise {
        let _ = writeln!(page, "<p>It could also be something else: {}</p>", words(otherwise));
    }
    if !finding.consequences.is_empty() {
        let all = finding.consequences.iter().map(|so| format!("<li>{}</li>\n", words(so)));
        let _ = write!(page, "<p>It follows:</p>\n<ul>\n{}</ul>\n", all.collect::<String>());
    }
    if !finding.fixes.is_empty() {
        page.push_str("<p>What to do:</p>\n<ol>\n");
        for fix in &finding.fixes {
            let _ = write!(page, "<li>{}", words(&fix.text));
            if let Some(command) = &fix.command {
                let _ = write!(page, "<code class=\"command\">{}</code>", words(command));
            }
            if let Some(url) = &fix.url {
                let _ = write!(page, " {}", link(url));
            }
            page.push_str("</li>\n");
        }
        page.push_str("</ol>\n");
    }
    page + "</article>\n"
}

/// Only a page of the web becomes a link, whoever wrote the address.
fn link(url: &str) -> String {
    let shown = words(url);
    if url.starts_with("https://") && !url.contains(char::is_whitespace) {
        format!("<a href=\"{shown}\" rel=\"noreferrer\">{shown}</a>")
    } else {
        format!("<code>{shown}</code>")
    }
}

fn certificates(number: usize, level: u8, evidence: &Evidence) -> String {
    let Some((_, handshake)) = evidence.main_session().and_then(|session| session.handshake()) else {
        return String::new();
    };
    let flaws = certificate::flaws(&handshake.presented, evidence.started_at);
    let mut page = heading(number, level, "certificates", "Certificates");
    let _ = write!(
        page,
        "<p>{}</p>\n<ol class=\"certificates\">\n",
        words(&text::tls_verdict(handshake, evidence.started_at))
    );
    for (at, one) in handshake.presented.chain.iter().enumerate() {
        let own: Vec<&certificate::Flaw> = flaws.iter().filter(|flaw| flaw.place == at).collect();
        let class = match own.iter().map(|flaw| flaw.severity).max() {
            Some(Severity::Error) => " error",
            Some(Severity::Warning) => " warning",
            Some(Severity::Notice) | None => "",
        };
        let faults: Vec<&str> = own.iter().map(|flaw| flaw.word).collect();
        page.push_str(&certificate(at, level + 1, class, &faults, one));
    }
    let kept = handshake.presented.chain.len();
    if handshake.presented.chain_length > kept {
        let _ = writeln!(page, "<li>and {} more, which are not kept</li>", handshake.presented.chain_length - kept);
    }
    page + "</ol>\n"
}

fn certificate(at: usize, level: u8, class: &str, faults: &[&str], one: &Certificate) -> String {
    let role = match (at, one.is_authority) {
        (0, _) => "The server's own",
        (_, true) => "An authority's",
        (_, false) => "Another",
    };
    let mut facts = vec![("Subject", one.subject.clone()), ("Issuer", one.issuer.clone())];
    if !one.names.is_empty() {
        let mut names = one.names.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
        let total = one.names_total.max(one.names.len());
        if total > 20 {
            let _ = write!(names, " and {} more", total - 20);
        }
        facts.push(("Names", names));
    }
    if one.is_readable() {
        let date = |moment: jiff::Timestamp| moment.strftime("%Y-%m-%d %H:%M UTC").to_string();
        facts.push(("Valid", format!("from {} to {}", date(one.not_before), date(one.not_after))));
        facts.push(("Key", format!("{}, signed with {}", one.key, one.signature)));
    }
    facts.push(("SHA-256", one.sha256.clone()));
    let faults = match faults {
        [] => String::new(),
        faults => format!(" <span class=\"badge{class}\">{}</span>", words(&faults.join(", "))),
    };
    let mut page =
        format!("<li class=\"certificate{class}\">\n<h{level}>{role}{faults}</h{level}>\n<dl class=\"facts\">\n");
    for (name, value) in facts {
        let _ = writeln!(page, "<dt>{name}</dt><dd>{}</dd>", words(&value));
    }
    page + "</dl>\n</li>\n"
}

fn badge(word: OutcomeWord) -> String {
    let class = match word {
        OutcomeWord::Pass => "pass",
        OutcomeWord::Fail => "fail",
        OutcomeWord::CutShort => "short",
        OutcomeWord::Skip => "skip-word",
    };
    format!("<span class=\"badge {class}\">{}</span>", word.word())
}

/// Words that stay words, between tags and between quotes.
fn words(text: &str) -> String {
    quick_xml::escape::escape(escape::visible(text)).into_owned()
}

/// Lines of the text format, without their colours.
fn lines(all: &[super::style::StyledLine]) -> String {
    let plain = Display::plain();
    all.iter().map(|line| line.paint(&plain)).map(|line| words(line.trim_end()) + "\n").collect()
}
