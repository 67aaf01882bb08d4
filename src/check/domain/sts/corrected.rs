//! The intended content of an invalid policy file.

use super::published::mode_word;
use crate::check::domain::mx;
use crate::check::domain::sight::Sight;
use crate::evidence::HttpResponse;
use crate::policy::mta_sts::{StsFault, StsFaultKind, StsPolicy};

/// Values of `max_age` below this number of seconds are reported as short.
pub(super) const WEEK: u64 = 604_800;

/// The maximum value of `max_age`, in seconds (RFC 8461 §3.2).
const MAX_AGE: u64 = 31_557_600;

/// The lines of the intended policy, if it is known: senders can read the mode, or would be able to if its field name were
/// spelt correctly. No host is allowed that the file does not name, except the MX hosts if it names none.
pub(super) fn corrected(sight: Sight<'_>, response: &HttpResponse, policy: &StsPolicy<'_>) -> Option<Vec<String>> {
    let is_known = |fault: &StsFault| !matches!(fault.kind, StsFaultKind::Html | StsFaultKind::Pattern);
    if response.is_cut || !policy.faults.iter().all(is_known) {
        return None;
    }
    let values = |field: &str| -> Vec<&str> {
        let misspelt = policy.misspelt(field).map(|(name, _)| name.trim().to_ascii_lowercase());
        let lines = response.body.trim_start_matches('\u{feff}').lines().filter_map(|line| line.split_once(':'));
        let is_field = |name: &str| name == field || misspelt.as_deref() == Some(name);
        lines.filter(|(name, _)| is_field(&name.trim().to_ascii_lowercase())).map(|(_, value)| value.trim()).collect()
    };
    let mode = match policy.mode {
        Some(mode) => mode_word(mode),
        None => {
            let [value] = *values("mode").as_slice() else { return None };
            ["enforce", "testing", "none"].into_iter().find(|known| value.eq_ignore_ascii_case(known))?
        }
    };
    let max_age = policy.max_age.or_else(|| values("max_age").first()?.parse().ok()).unwrap_or(WEEK).clamp(1, MAX_AGE);
    let mut hosts: Vec<String> = match policy.mx.as_slice() {
        [] => values("mx").into_iter().map(str::to_ascii_lowercase).collect(),
        known => known.to_vec(),
    };
    if hosts.is_empty() && mode != "none" {
        hosts = mx::mail_hosts(sight).into_iter().map(|host| host.name.to_string()).collect();
    }
    let lines = std::iter::once("version: STSv1".to_owned()).chain([format!("mode: {mode}")]);
    let lines: Vec<String> =
        lines.chain(hosts.iter().map(|host| format!("mx: {host}"))).chain([format!("max_age: {max_age}")]).collect();
    let text = lines.join("\n");
    let result = StsPolicy::parse(&text);
    (result.is_usable() && result.faults.is_empty()).then_some(lines)
}

/// A command that prints these lines.
pub(super) fn command_that_prints(lines: &[String]) -> String {
    let quoted: Vec<String> = lines.iter().map(|line| format!("'{line}'")).collect();
    format!("printf '%s\\n' {}", quoted.join(" "))
}
