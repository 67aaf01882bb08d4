//! The Prometheus text format, for the textfile collector of node_exporter (`--report prometheus=FILE` writes the file
//! atomically) or for a push gateway. The metrics `probe_*` have the names of blackbox_exporter, so that existing
//! alerts and dashboards work.
//!
//! Every sample of a check that ran has the labels `target` and `check`. A value that is unknown has no sample; NaN is
//! never written.

use std::fmt::Write;

use serde::Serialize;

use super::{Display, escape};
use crate::check::domain::results;
use crate::check::domain::seen::{DomainSeen, ListState, MxAddressSeen, MxSeen};
use crate::report::{CheckOutcome, CheckResult, Report, Run, Verdict, phases};

/// The complete text, grouped by metric as the format requires.
pub fn render_run(run: &Run, _: &Display) -> String {
    let mut text = String::new();
    for family in FAMILIES {
        let samples: Vec<Sample> = run.cases.iter().flat_map(|case| (family.samples)(case)).collect();
        if samples.is_empty() {
            continue;
        }
        let _ = writeln!(text, "# HELP {} {}\n# TYPE {} gauge", family.name, family.help, family.name);
        for Sample { labels, value } in samples {
            let labels: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", label(value))).collect();
            let _ = writeln!(text, "{}{{{}}} {value}", family.name, labels.join(","));
        }
    }
    text
}

struct MetricFamily {
    name: &'static str,
    help: &'static str,
    samples: fn(&CheckResult) -> Vec<Sample>,
}

struct Sample {
    labels: Vec<(&'static str, String)>,
    value: f64,
}

static FAMILIES: &[MetricFamily] = &[
    MetricFamily {
        name: "probe_success",
        help: "1 if the check passed, otherwise 0.",
        samples: |case| sample(case, |report| Some(truth(report.verdict() == Verdict::Pass))),
    },
    MetricFamily {
        name: "probe_duration_seconds",
        help: "Duration of the check in seconds, including follow-up probes.",
        samples: |case| sample(case, |report| Some(seconds(report.total_ms))),
    },
    MetricFamily {
        name: "probe_ssl_earliest_cert_expiry",
        help: "Earliest expiry date in the certificate chain, as a Unix timestamp.",
        samples: |case| sample(case, earliest_expiry),
    },
    MetricFamily {
        name: "smtpcheck_certificate_verifies",
        help: "1 if the certificate is trusted, matches the host name and is within its validity period, otherwise 0.",
        samples: |case| {
            sample(case, |report| {
                let (_, handshake) = report.evidence.main_session()?.handshake()?;
                Some(truth(handshake.verifies(report.started_at())))
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_exit_code",
        help: "Exit code of the check; see docs/exit-codes.md.",
        samples: |case| sample(case, |report| Some(f64::from(report.exit.code()))),
    },
    MetricFamily {
        name: "smtpcheck_complete",
        help: "1 if the check finished, 0 if it was cut short.",
        samples: |case| sample(case, |report| Some(truth(report.complete))),
    },
    MetricFamily {
        name: "smtpcheck_retries",
        help: "Number of retries after a temporary failure.",
        samples: |case| match &case.outcome {
            CheckOutcome::Checked { earlier, .. } => {
                let retries = u32::try_from(earlier.len()).unwrap_or(u32::MAX);
                vec![Sample { labels: labels(case), value: f64::from(retries) }]
            }
            CheckOutcome::Skipped { .. } => Vec::new(),
        },
    },
    MetricFamily {
        name: "smtpcheck_skipped",
        help: "1 if the check was skipped because this machine does not meet a requirement of the check.",
        samples: |case| match &case.outcome {
            CheckOutcome::Checked { .. } => Vec::new(),
            CheckOutcome::Skipped { .. } => vec![Sample { labels: labels(case), value: 1.0 }],
        },
    },
    MetricFamily {
        name: "smtpcheck_phase_duration_seconds",
        help: "Duration of a phase in seconds; phases that did not run are omitted.",
        samples: |case| {
            several(case, |report| {
                let phases = phases(&report.plan, &report.evidence);
                let timed = phases.into_iter().filter_map(|phase| Some((phase.name.key(), phase.ms?)));
                timed.map(|(name, ms)| (vec![("phase", name.to_owned())], seconds(ms))).collect()
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_reply_code",
        help: "Reply code of the last reply in a phase.",
        samples: |case| several(case, reply_codes),
    },
    MetricFamily {
        name: "smtpcheck_finding",
        help: "Number of findings by rule; ignored and expected findings are omitted.",
        samples: |case| {
            several(case, |report| {
                let mut counted: Vec<(Vec<(&'static str, String)>, f64)> = Vec::new();
                for finding in report.findings.iter().filter(|finding| !report.is_ignored(finding) && !finding.expected)
                {
                    let labels = vec![("rule", finding.rule.to_string()), ("severity", finding.severity.to_string())];
                    match counted.iter_mut().find(|(known, _)| *known == labels) {
                        Some((_, count)) => *count += 1.0,
                        None => counted.push((labels, 1.0)),
                    }
                }
                counted
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_expectation_held",
        help: "1 if the expectation held, otherwise 0.",
        samples: |case| {
            several(case, |report| {
                let mut seen: Vec<&str> = Vec::new();
                let mut samples = Vec::new();
                for one in &report.expectations {
                    if !seen.contains(&one.expression.as_str()) {
                        seen.push(&one.expression);
                        samples.push((vec![("expression", one.expression.clone())], truth(one.held)));
                    }
                }
                samples
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_domain_mx_reachable",
        help: "1 if the MX host accepts connections at this IP address, otherwise 0; addresses that were not tested are omitted.",
        samples: |case| {
            of_addresses(case, |_, address| {
                address.reachable.map(|is_reachable| (Vec::new(), truth(is_reachable))).into_iter().collect()
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_domain_mx_certificate_days",
        help: "Days until the certificate of the MX host expires; negative if it has expired.",
        samples: |case| {
            of_addresses(case, |_, address| {
                let days = address.certificates.iter().filter_map(|one| {
                    let days = i32::try_from(one.days_left?).ok()?;
                    Some((vec![("type", one.kind.clone())], f64::from(days)))
                });
                days.collect()
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_domain_mx_dane",
        help: "DANE state of the MX host, as the label state; always 1.",
        samples: |case| {
            of_addresses(case, |_, address| {
                let state = keyword(&address.policies.dane.state);
                state.map(|state| (vec![("state", state)], 1.0)).into_iter().collect()
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_domain_dane",
        help: "Worst DANE state of all MX hosts of the domain, as the label state; always 1.",
        samples: |case| {
            of_domain(case, |seen| keyword(&seen.dane).map(|state| (vec![("state", state)], 1.0)).into_iter().collect())
        },
    },
    MetricFamily {
        name: "smtpcheck_domain_mta_sts",
        help: "State and mode of the MTA-STS policy of the domain, as labels; always 1.",
        samples: |case| {
            of_domain(case, |seen| {
                let state = keyword(&seen.mta_sts.state).unwrap_or_default();
                let mode = seen.mta_sts.mode.clone().unwrap_or_default();
                vec![(vec![("state", state), ("mode", mode)], 1.0)]
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_domain_spf_lookups",
        help: "Number of DNS lookups that the SPF record needs; receivers allow 10.",
        samples: |case| {
            of_domain(case, |seen| seen.spf.lookups.map(|count| (Vec::new(), f64::from(count))).into_iter().collect())
        },
    },
    MetricFamily {
        name: "smtpcheck_domain_listed",
        help: "1 if the blocklist contains the sending IP address, otherwise 0; lists that do not work are omitted.",
        samples: |case| {
            of_domain(case, |seen| {
                let lists = seen.sending.iter().flat_map(|one| one.lists.iter().map(|list| (one.ip, list)));
                let samples = lists.filter_map(|(ip, list)| {
                    let value = match list.state {
                        ListState::Listed => 1.0,
                        ListState::Clean => 0.0,
                        ListState::Refused | ListState::NotWorking => return None,
                    };
                    Some((vec![("address", ip.to_string()), ("zone", list.zone.clone())], value))
                });
                samples.collect()
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_started_timestamp_seconds",
        help: "Start of the check, as a Unix timestamp.",
        samples: |case| sample(case, |report| Some(report.started_at().as_duration().as_secs_f64())),
    },
    MetricFamily {
        name: "smtpcheck_build_info",
        help: "Version of smtpcheck.",
        samples: |case| several(case, |_| vec![(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0)]),
    },
];

fn sample(case: &CheckResult, value: impl Fn(&Report) -> Option<f64>) -> Vec<Sample> {
    let value = case.report().and_then(value).filter(|value| value.is_finite());
    value.map(|value| Sample { labels: labels(case), value }).into_iter().collect()
}

fn several(case: &CheckResult, samples: impl Fn(&Report) -> LabelledValues) -> Vec<Sample> {
    let Some(report) = case.report() else { return Vec::new() };
    let all = samples(report).into_iter().filter(|(_, value)| value.is_finite());
    all.map(|(more, value)| Sample { labels: [labels(case), more].concat(), value }).collect()
}

/// Samples with the labels that they have in addition to those of the check.
type LabelledValues = Vec<(Vec<(&'static str, String)>, f64)>;

/// Samples about the domain, if the check is about a domain.
fn of_domain(case: &CheckResult, samples: impl Fn(&DomainSeen) -> LabelledValues) -> Vec<Sample> {
    several(case, |report| results(&report.plan, &report.evidence).map(|seen| samples(&seen)).unwrap_or_default())
}

/// Samples about every IP address of every MX host, which are labels.
fn of_addresses(case: &CheckResult, samples: impl Fn(&MxSeen, &MxAddressSeen) -> LabelledValues) -> Vec<Sample> {
    of_domain(case, |seen| {
        let mut all: LabelledValues = Vec::new();
        for mx in &seen.mx {
            for address in &mx.addresses {
                for (more, value) in samples(mx, address) {
                    let own = vec![("mx", mx.host.clone()), ("address", address.ip.to_string())];
                    let labels = [own, more].concat();
                    // A host can have several MX records.
                    if !all.iter().any(|(known, _)| *known == labels) {
                        all.push((labels, value));
                    }
                }
            }
        }
        all
    })
}

/// The word that JSON uses for a state.
fn keyword(state: &impl Serialize) -> Option<String> {
    serde_json::to_value(state).ok()?.as_str().map(str::to_owned)
}

/// The labels that identify the check. Names are unique within a run, so every sample is unique.
fn labels(case: &CheckResult) -> Vec<(&'static str, String)> {
    let target = case.report().map(|report| report.plan.name());
    let mut labels = vec![("check", case.name.clone())];
    labels.extend(target.map(|target| ("target", target)));
    labels
}

fn earliest_expiry(report: &Report) -> Option<f64> {
    let (_, handshake) = report.evidence.main_session()?.handshake()?;
    let readable = handshake.presented.chain.iter().filter(|one| one.is_readable());
    readable.map(|one| one.not_after).min().map(|end| end.as_duration().as_secs_f64())
}

fn reply_codes(report: &Report) -> Vec<(Vec<(&'static str, String)>, f64)> {
    let Some(session) = report.evidence.main_session() else { return Vec::new() };
    let mut codes: Vec<(Vec<(&'static str, String)>, f64)> = Vec::new();
    for received in session.replies() {
        let Some(code) = received.reply.code else { continue };
        let recipient = received.recipient.map(|number| ("recipient", number.to_string()));
        let labels: Vec<(&'static str, String)> =
            std::iter::once(("phase", received.event.phase.key().to_owned())).chain(recipient).collect();
        let value = f64::from(code.number());
        match codes.iter_mut().find(|(known, _)| *known == labels) {
            Some((_, last)) => *last = value,
            None => codes.push((labels, value)),
        }
    }
    codes
}

/// Converts milliseconds to seconds, rounded to microseconds.
fn seconds(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1_000_000.0
}

fn truth(fact: bool) -> f64 {
    if fact { 1.0 } else { 0.0 }
}

/// The value of a label with backslashes, quotation marks, line endings and other control characters escaped.
fn label(text: &str) -> String {
    escape::visible(text).replace('\\', "\\\\").replace('"', "\\\"")
}
