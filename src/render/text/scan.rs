//! The results of `--tls-scan` and of the comparison with a TLS profile, one labelled line for each fact.

use super::super::style::{Role, StyledLine};
use super::super::{Display, escape};
use super::labels::labelled;
use crate::check::scan::{self, Deviation, Level, Preference, ProfileVerdict, Scan, Support, VersionSeen, WeakSeen};
use crate::render::view::verdict::plural;
use crate::report::Report;

/// The lines about the scan; empty without `--tls-scan`.
pub(in crate::render) fn scanned(report: &Report, look: &Display) -> Vec<StyledLine> {
    let Some(scan) = scan::results(&report.plan, &report.evidence) else { return Vec::new() };
    let mut lines: Vec<StyledLine> =
        facts(&scan).into_iter().flat_map(|(label, text)| labelled(&label, Role::Plain, &text, look)).collect();
    if let Some(verdict) = scan::verdict(&report.plan, &report.evidence) {
        lines.extend(compared(&verdict, look));
    }
    lines
}

fn facts(scan: &Scan) -> Vec<(String, String)> {
    let mut facts = vec![("versions".to_owned(), versions(scan))];
    let mut say = |label: &str, text: String| facts.push((label.to_owned(), text));
    say("weak suites", weak(scan));
    let listed: Vec<&VersionSeen> = scan.versions.iter().filter(|one| one.suites.is_some()).collect();
    for one in &listed {
        say(&one.version.to_string(), suites(one));
    }
    if listed.is_empty() && !scan.suites.is_empty() {
        let names: Vec<String> = scan.suites.iter().map(|suite| escape::visible(&suite.name)).collect();
        say("suites", format!("{}{}", names.join(", "), at_least(scan.suites_complete)));
    }
    if !scan.groups.is_empty() {
        say("groups", format!("{}{}", list(&scan.groups), at_least(scan.groups_complete)));
    }
    if let Some(old) = scan.groups_before_1_3.as_ref().filter(|old| !old.is_empty()) {
        say("groups TLS 1.2", format!("{}{}", list(old), at_least(scan.groups_before_1_3_complete)));
    }
    say("post-quantum", word(scan.post_quantum).to_owned());
    say("forward secrecy", forward_secrecy(scan.without_forward_secrecy).to_owned());
    say("DHE", diffie_hellman(scan));
    say("features", features(scan));
    for one in &scan.certificates {
        let verdict = if one.verifies { "trusted" } else { "not trusted" };
        say("certificate", format!("{}, {verdict}, SHA-256 {}", one.key, one.sha256));
    }
    facts
}

fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| escape::visible(name.as_ref()).to_string()).collect::<Vec<_>>().join(", ")
}

fn at_least(is_complete: bool) -> &'static str {
    if is_complete { "" } else { " (there may be more)" }
}

fn versions(scan: &Scan) -> String {
    let mut words: Vec<String> =
        scan.versions.iter().map(|one| format!("{} {}", one.version, word(one.accepted))).collect();
    if scan.sslv2 != Support::Unknown {
        words.push(format!("SSLv2 {}", word(scan.sslv2)));
    }
    words.join(", ")
}

/// The weak cipher suites that the server accepts, and those for which this is unknown.
fn weak(scan: &Scan) -> String {
    let of = |support: Support| {
        let is_it = |one: &&WeakSeen| one.accepted == support;
        scan.weak.iter().filter(is_it).map(|one| one.class.to_string()).collect::<Vec<_>>()
    };
    let (yes, unknown) = (of(Support::Yes), of(Support::Unknown));
    match (yes.is_empty(), unknown.is_empty()) {
        (true, true) => "none accepted".to_owned(),
        (true, false) => format!("unknown: {}", unknown.join(", ")),
        (false, true) => format!("{} accepted", yes.join(", ")),
        (false, false) => format!("{} accepted; unknown: {}", yes.join(", "), unknown.join(", ")),
    }
}

fn suites(one: &VersionSeen) -> String {
    let names = list(one.suites.iter().flatten());
    let order = match one.preference {
        None => "",
        Some(Preference::Server) => "; server preference",
        Some(Preference::Client) => "; client preference",
    };
    format!("{names}{}{order}", at_least(one.suites_complete))
}

fn forward_secrecy(without: Support) -> &'static str {
    match without {
        Support::Yes => "no, the server accepts a cipher suite without it",
        Support::No => "yes",
        Support::Unknown => "unknown",
    }
}

fn diffie_hellman(scan: &Scan) -> String {
    match (scan.dhe, scan.dh_bits) {
        (_, Some(bits)) => format!("{bits}-bit prime"),
        (support, None) => word(support).to_owned(),
    }
}

fn features(scan: &Scan) -> String {
    let of = scan.features;
    let all = [
        ("extended master secret", of.extended_master_secret),
        ("encrypt-then-MAC", of.encrypt_then_mac),
        ("secure renegotiation", of.secure_renegotiation),
        ("session tickets", of.session_tickets),
        ("compression", of.compression),
        ("OCSP response", of.ocsp_response),
        ("fallback protection", of.fallback_protection),
        ("old hashes", scan.old_hashes),
    ];
    let seen = all.iter().filter(|(_, support)| *support != Support::Unknown);
    let words: Vec<String> = seen.map(|(name, support)| format!("{name} {}", word(*support))).collect();
    if words.is_empty() { "unknown".to_owned() } else { words.join(", ") }
}

fn compared(verdict: &ProfileVerdict, look: &Display) -> Vec<StyledLine> {
    let must = verdict.deviations.iter().filter(|one| one.level == Level::Must).count();
    let (role, text) = match verdict.met {
        Support::Yes if verdict.not_testable.is_empty() => (Role::Plain, "met".to_owned()),
        Support::Yes => (Role::Plain, "met in all tests that are possible from outside".to_owned()),
        Support::No => (Role::Warning, format!("not met, {}", plural(must, "required change", "required changes"))),
        Support::Unknown => (Role::Plain, "unknown, because the scan did not test some items".to_owned()),
    };
    let mut lines = labelled("profile", role, &format!("{}: {text}", verdict.title), look);
    for Deviation { level, found, change, source, .. } in &verdict.deviations {
        let label = match level {
            Level::Must => "must change",
            Level::Should => "should change",
        };
        let text = format!("{}. {} ({source})", escape::visible(found), escape::visible(change));
        lines.extend(labelled(label, Role::Plain, &text, look));
    }
    if !verdict.not_tested.is_empty() {
        lines.extend(labelled("not tested", Role::Plain, &verdict.not_tested.join("; "), look));
    }
    if !verdict.not_testable.is_empty() {
        lines.extend(labelled("not testable", Role::Plain, &verdict.not_testable.join("; "), look));
    }
    lines
}

fn word(support: Support) -> &'static str {
    match support {
        Support::Yes => "yes",
        Support::No => "no",
        Support::Unknown => "unknown",
    }
}
