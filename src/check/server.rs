//! The checks of one server, and the order of their findings.

use super::backends::BackendSeen;
use super::finding::{Check, Finding, Severity, exit_order};
use super::{
    again, auth, backends, certificate, claims, clients, connect, disclosure, ehlo, envelope, greeting, handshake,
    parameters, place, protocol, proxy, proxy_header, refusal, scan, server_name, session, source, starttls,
};
use crate::evidence::{Evidence, quote};
use crate::lexicon::Fix;
use crate::plan::{Plan, Protocol};

/// Every check, in the order of the session.
pub static CHECKS: &[&Check] = &[
    &connect::CHECK,
    &proxy::CHECK,
    &source::CHECK,
    &proxy_header::CHECK,
    &backends::CHECK,
    &greeting::CHECK,
    &ehlo::CHECK,
    &protocol::CHECK,
    &starttls::CHECK,
    &server_name::CHECK,
    &handshake::CHECK,
    &clients::CHECK,
    &certificate::CHECK,
    &scan::CHECK,
    &claims::CHECK,
    &disclosure::CHECK,
    &auth::CHECK,
    &envelope::CHECK,
    &parameters::CHECK,
    &refusal::CHECK,
    &session::CHECK,
];

/// The findings of these checks: errors first, then warnings, then notices, each group in the order of the session.
/// Marks around quotations are kept.
pub(super) fn judge_by(checks: &[&Check], plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let mut findings: Vec<Finding> = checks.iter().flat_map(|check| (check.judge)(plan, evidence)).collect();
    server_name::absorb(plan, evidence, &mut findings);
    proxy_header::absorb(&mut findings);
    proxy::explain_address(plan, &mut findings);
    // If replies and commands are out of step, the finding about this is listed first, because later findings are from
    // a second session. The subjects of a domain have no natural order, so the finding that determines the exit code is
    // listed first.
    findings.sort_by_key(|finding| {
        let severity = std::cmp::Reverse(finding.severity);
        let is_deciding = !plan.is_about_server() && finding.failure.is_some() && finding.severity == Severity::Error;
        (!is_deciding, severity, exit_order(plan, finding), !session::is_about_order(finding))
    });
    if plan.target.protocol == Protocol::Lmtp {
        findings.iter_mut().filter(|finding| !protocol::is_about_protocols(finding)).for_each(in_words_of_lmtp);
    }
    findings.iter_mut().for_each(as_sentences);
    if plan.is_about_server() {
        findings.iter_mut().for_each(|finding| without_unused_ports(plan, finding));
        findings.iter_mut().for_each(for_users);
    }
    again::carry(plan, &mut findings);
    findings
}

/// Removes fixes that lead to a submission port on which the provider's servers do not accept connections.
fn without_unused_ports(plan: &Plan, finding: &mut Finding) {
    let Some(provider) = place::public_provider(plan) else { return };
    let unused = [465, 587].into_iter().filter(|port| provider.ports.iter().all(|known| known.port != *port));
    let targets: Vec<String> = unused.map(|port| plan.target.host.with_port(port)).collect();
    let is_unused = |fix: &Fix| {
        let words = fix.command.iter().flat_map(|command| command.split(' ').skip(1).take(1));
        words.into_iter().any(|word| targets.iter().any(|target| word.trim_start_matches("smtps://") == target))
    };
    if finding.fixes.iter().any(|fix| !is_unused(fix)) {
        finding.fixes.retain(|fix| !is_unused(fix));
    }
}

/// Adds a fix for readers who do not operate the server, if all fixes of a failure are for its operator.
fn for_users(finding: &mut Finding) {
    let is_for_operator = |fix: &Fix| fix.text.starts_with("Server operator");
    let is_failure = finding.severity == Severity::Error && finding.failure.is_some();
    if is_failure && !finding.fixes.is_empty() && finding.fixes.iter().all(is_for_operator) {
        finding.fixes.push(Fix::text(
            "If you do not operate the server, send this report to its operator or to your hosting company",
        ));
    }
}

/// Whether an error of this rule means that the check ended before it reached the server: at the name lookup, on this
/// machine, or at the proxy.
pub fn ends_before_the_server(rule: &str) -> bool {
    let rules = connect::BEFORE_THE_SERVER.iter().chain(source::CHECK.rules).chain(proxy::CHECK.rules);
    rules.into_iter().any(|known| known.id == rule)
}

/// The first command of LMTP is LHLO (RFC 2033 §4.1), which has the same replies as EHLO.
fn in_words_of_lmtp(finding: &mut Finding) {
    let texts = [&mut finding.summary, &mut finding.cause].into_iter();
    let texts = texts.chain(&mut finding.otherwise).chain(&mut finding.consequences);
    for text in texts.chain(finding.fixes.iter_mut().map(|fix| &mut fix.text)) {
        *text = quote::replace_outside(text, "EHLO", "LHLO");
    }
}

/// The findings about differences between the servers behind one name, from the sessions of any number of checks. Marks
/// around quotations are kept.
pub fn judge_backends(plan: &Plan, seen: &[&BackendSeen]) -> Vec<Finding> {
    let mut findings = backends::compare(plan, seen);
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), exit_order(plan, finding)));
    findings.iter_mut().for_each(as_sentences);
    again::carry(plan, &mut findings);
    findings
}

/// Causes, alternatives, consequences and fixes begin with a capital letter; causes and alternatives end with a full
/// stop.
fn as_sentences(finding: &mut Finding) {
    for text in finding.otherwise.iter_mut().chain(std::iter::once(&mut finding.cause)) {
        // The full stop may be inside a closing parenthesis.
        if !text.is_empty() && !text.trim_end_matches([')', '"']).ends_with(['.', '!', '?']) {
            text.push('.');
        }
    }
    let texts = finding
        .otherwise
        .iter_mut()
        .chain(&mut finding.consequences)
        .chain(finding.fixes.iter_mut().map(|fix| &mut fix.text));
    for text in texts.chain(std::iter::once(&mut finding.cause)) {
        // Names keep their spelling: `smtpcheck`, `iCloud`, `postconf -e`.
        let first = text.split([' ', ',']).next().unwrap_or_default();
        let is_word = first.chars().all(|c| c.is_ascii_lowercase()) && !matches!(first, "smtpcheck" | "postconf");
        if is_word && !first.is_empty() {
            let (head, tail) = text.split_at(1);
            *text = head.to_ascii_uppercase() + tail;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::connect;
    use super::super::domain::world;
    use super::super::finding::{Check, Finding, PhaseFailure, Severity, asks_nothing};
    use super::judge_by;
    use crate::evidence::{Evidence, Phase};
    use crate::lexicon::Confidence;
    use crate::plan::{Plan, TlsMode};

    /// Findings that must be reordered; the summary identifies each finding.
    fn findings(_: &Plan, _: &Evidence) -> Vec<Finding> {
        let of = |summary: &str, phase, severity, failure| {
            let rule = connect::CHECK.rules.first().expect("a rule");
            let finding = Finding::new(rule, phase, Confidence::Certain, summary.to_owned());
            Finding { severity, failure, ..finding }
        };
        vec![
            of("notice", Phase::Dns, Severity::Notice, None),
            of("warning", Phase::Dns, Severity::Warning, None),
            of("other error", Phase::Dns, Severity::Error, None),
            of("limit", Phase::Connect, Severity::Error, Some(PhaseFailure::Incomplete)),
            of("rejection", Phase::Greeting, Severity::Error, Some(PhaseFailure::RefusedPermanent)),
            of("policy", Phase::Dns, Severity::Error, Some(PhaseFailure::Tls)),
            of("handshake", Phase::Tls, Severity::Error, Some(PhaseFailure::Tls)),
        ]
    }

    static CHECK: Check = Check { subject: "order", ask: asks_nothing, judge: findings, rules: &[] };

    fn order(plan: &Plan) -> Vec<String> {
        let evidence = Evidence::new(jiff::Timestamp::UNIX_EPOCH);
        judge_by(&[&CHECK], plan, &evidence).into_iter().map(|finding| finding.summary).collect()
    }

    #[test]
    fn in_a_check_of_a_server_findings_are_in_the_order_of_the_session() {
        let mut plan = world::plan("example.com");
        plan.domain = None;
        assert_eq!(order(&plan), ["other error", "policy", "limit", "rejection", "handshake", "warning", "notice"]);
        // With implicit TLS, the handshake precedes the greeting.
        plan.tls.mode = TlsMode::Implicit;
        assert_eq!(order(&plan), ["other error", "policy", "limit", "handshake", "rejection", "warning", "notice"]);
    }

    #[test]
    fn in_a_check_of_a_domain_the_deciding_failure_is_first_and_a_limit_is_last() {
        let plan = world::plan("example.com");
        let expected = ["rejection", "policy", "handshake", "limit", "other error", "warning", "notice"];
        assert_eq!(order(&plan), expected);
    }
}
