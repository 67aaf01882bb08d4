//! The metrics of a check: for the textfile collector of node_exporter (`--report prometheus=FILE` writes the file
//! atomically), for a push gateway, and for a probe of the exporter. The `probe_*` metrics have the same names as in
//! blackbox_exporter, so that existing alerts and dashboards work.
//!
//! In a file, every sample of a check that ran has the labels `target` and `check`. A probe of the exporter has one
//! target, which Prometheus itself adds as a label. An unknown value has no sample; NaN is never written.
//!
//! The expiry of a certificate is published whenever a certificate was received, even if it fails verification.
//! blackbox_exporter publishes it only after a successful verification. Its expiry alert therefore stops firing when
//! the certificate expires.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use super::Display;
use super::exposition::{Exposition, Form, MetricType, Sample};
use crate::check::domain::results;
use crate::check::domain::seen::{DomainSeen, ListState, MxAddressSeen, MxSeen};
use crate::check::{Finding, Severity};
use crate::evidence::{Certificate, Handshake, Phase};
use crate::report::{CheckOutcome, CheckResult, Report, Run, Verdict, phases};

/// The complete text of a run.
pub fn render_run(run: &Run, _: &Display) -> String {
    let mut text = Exposition::new(Form::Text);
    for family in FAMILIES {
        let with_labels = |case: &CheckResult| {
            let base = labels(case);
            let samples = (family.samples)(case).into_iter();
            samples.map(|(more, value)| Sample { labels: [base.clone(), more].concat(), value }).collect::<Vec<_>>()
        };
        let samples = run.cases.iter().flat_map(with_labels).collect();
        text.family(family.name, family.help, MetricType::Gauge, samples);
    }
    text.finish()
}

/// The metrics of one probe of the exporter.
pub fn render_probe(report: &Report, form: Form) -> String {
    let case = CheckResult::of(report.clone());
    let mut text = Exposition::new(form);
    for family in FAMILIES.iter().filter(|family| !OF_FILES.contains(&family.name)) {
        let samples = (family.samples)(&case).into_iter().map(|(labels, value)| Sample { labels, value }).collect();
        text.family(family.name, family.help, MetricType::Gauge, samples);
    }
    text.finish()
}

/// Metrics that a probe of the exporter does not have: a probe is never skipped or retried, and the exporter publishes
/// its version itself.
const OF_FILES: &[&str] = &["smtpcheck_retries", "smtpcheck_skipped", "smtpcheck_build_info"];

/// The maximum number of characters of a certificate name in a label. A server chooses these names.
const LONGEST_NAME: usize = 512;

struct MetricFamily {
    name: &'static str,
    help: &'static str,
    samples: fn(&CheckResult) -> LabelledValues,
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
        name: "probe_ssl_last_chain_expiry_timestamp_seconds",
        help: "Earliest expiry date on the path to the trust anchor, as a Unix timestamp; if there is no path, the expiry date of the server's certificate.",
        samples: |case| sample(case, |report| Some(unix_seconds(chain_expiry(handshake(report)?)?))),
    },
    MetricFamily {
        name: "probe_ssl_last_chain_info",
        help: "The server's certificate, as labels; the value is always 1.",
        samples: |case| {
            several(case, |report| {
                let leaf = handshake(report).and_then(Handshake::leaf).filter(|leaf| leaf.is_readable());
                leaf.map(|leaf| (certificate_labels(leaf), 1.0)).into_iter().collect()
            })
        },
    },
    MetricFamily {
        name: "probe_tls_version_info",
        help: "TLS version, as a label; the value is always 1.",
        samples: |case| {
            several(case, |report| {
                let version = handshake(report).map(|handshake| format!("TLS {}", handshake.version));
                version.map(|version| (vec![("version", version)], 1.0)).into_iter().collect()
            })
        },
    },
    MetricFamily {
        name: "probe_tls_cipher_info",
        help: "TLS cipher suite, as a label; the value is always 1.",
        samples: |case| {
            several(case, |report| {
                let cipher = handshake(report).map(|handshake| handshake.cipher.clone());
                cipher.map(|cipher| (vec![("cipher", cipher)], 1.0)).into_iter().collect()
            })
        },
    },
    MetricFamily {
        name: "probe_dns_lookup_time_seconds",
        help: "Duration of the DNS lookup in seconds; omitted for IP addresses.",
        samples: |case| {
            sample(case, |report| {
                let dns = phases(&report.plan, &report.evidence).into_iter().find(|phase| phase.name == Phase::Dns)?;
                Some(seconds(dns.ms?))
            })
        },
    },
    MetricFamily {
        name: "probe_ip_protocol",
        help: "IP version of the connection, 4 or 6.",
        samples: |case| sample(case, |report| Some(if peer(report)?.is_ipv4() { 4.0 } else { 6.0 })),
    },
    MetricFamily {
        name: "probe_ip_addr_hash",
        help: "Hash of the server's IP address; a new value means that the address has changed.",
        samples: |case| sample(case, |report| Some(f64::from(address_hash(peer(report)?)))),
    },
    MetricFamily {
        name: "probe_failed_due_to_regex",
        help: "1 if an expectation failed, otherwise 0.",
        samples: |case| sample(case, |report| Some(truth(report.failed_expectations().next().is_some()))),
    },
    MetricFamily {
        name: "probe_timeout_seconds",
        help: "Overall time limit of the check in seconds.",
        samples: |case| {
            sample(case, |report| {
                let ms = u32::try_from(report.plan.limits.total_ms).unwrap_or(u32::MAX);
                Some(seconds(f64::from(ms)))
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_tls_established",
        help: "1 if the session was encrypted, otherwise 0.",
        samples: |case| sample(case, |report| report.plan.domain.is_none().then(|| truth(handshake(report).is_some()))),
    },
    MetricFamily {
        name: "smtpcheck_certificate_seconds_left",
        help: "Seconds until the earliest expiry date in the certificate chain; negative if that date has passed.",
        samples: |case| {
            sample(case, |report| Some((earliest_expiry(report)? - unix_seconds(report.started_at())).round()))
        },
    },
    MetricFamily {
        name: "smtpcheck_certificate_verifies",
        help: "1 if the certificate is trusted, matches the host name and is within its validity period, otherwise 0.",
        samples: |case| sample(case, |report| Some(truth(handshake(report)?.verifies(report.started_at())))),
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
                vec![(Vec::new(), f64::from(retries))]
            }
            CheckOutcome::Skipped { .. } => Vec::new(),
        },
    },
    MetricFamily {
        name: "smtpcheck_skipped",
        help: "1 if the check was skipped because this machine does not meet a requirement of the check.",
        samples: |case| match &case.outcome {
            CheckOutcome::Checked { .. } => Vec::new(),
            CheckOutcome::Skipped { .. } => vec![(Vec::new(), 1.0)],
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
        name: "smtpcheck_findings",
        help: "Number of findings by severity; ignored and expected findings are omitted.",
        samples: |case| {
            several(case, |report| {
                let counted = [Severity::Error, Severity::Warning, Severity::Notice].map(|severity| {
                    let is_counted = |finding: &&Finding| {
                        finding.severity == severity && !report.is_ignored(finding) && !finding.expected
                    };
                    let count = u32::try_from(report.findings.iter().filter(is_counted).count()).unwrap_or(u32::MAX);
                    (vec![("severity", severity.to_string())], f64::from(count))
                });
                counted.into()
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_expectation_held",
        help: "1 if the expectation is true, otherwise 0.",
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
        help: "Days until the MX host's certificate expires; negative if it has expired.",
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
        help: "DANE state of the MX host, as the state label; the value is always 1.",
        samples: |case| {
            of_addresses(case, |_, address| {
                let state = keyword(&address.policies.dane.state);
                state.map(|state| (vec![("state", state)], 1.0)).into_iter().collect()
            })
        },
    },
    MetricFamily {
        name: "smtpcheck_domain_dane",
        help: "Worst DANE state among the domain's MX hosts, as the state label; the value is always 1.",
        samples: |case| {
            of_domain(case, |seen| keyword(&seen.dane).map(|state| (vec![("state", state)], 1.0)).into_iter().collect())
        },
    },
    MetricFamily {
        name: "smtpcheck_domain_mta_sts",
        help: "State and mode of the domain's MTA-STS policy, as labels; the value is always 1.",
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
        samples: |case| sample(case, |report| Some(unix_seconds(report.started_at()))),
    },
    MetricFamily {
        name: "smtpcheck_build_info",
        help: "Version of smtpcheck.",
        samples: |case| several(case, |_| vec![(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0)]),
    },
];

fn sample(case: &CheckResult, value: impl Fn(&Report) -> Option<f64>) -> LabelledValues {
    let value = case.report().and_then(value).filter(|value| value.is_finite());
    value.map(|value| (Vec::new(), value)).into_iter().collect()
}

fn several(case: &CheckResult, samples: impl Fn(&Report) -> LabelledValues) -> LabelledValues {
    let Some(report) = case.report() else { return Vec::new() };
    samples(report).into_iter().filter(|(_, value)| value.is_finite()).collect()
}

/// Samples with their own labels, which are added to those of the check.
type LabelledValues = Vec<(Vec<(&'static str, String)>, f64)>;

/// Samples about the domain, if the check is a domain check.
fn of_domain(case: &CheckResult, samples: impl Fn(&DomainSeen) -> LabelledValues) -> LabelledValues {
    several(case, |report| results(&report.plan, &report.evidence).map(|seen| samples(&seen)).unwrap_or_default())
}

/// Samples for every IP address of every MX host, with both as labels.
fn of_addresses(case: &CheckResult, samples: impl Fn(&MxSeen, &MxAddressSeen) -> LabelledValues) -> LabelledValues {
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

/// The handshake of the main session, in which the certificate was received.
fn handshake(report: &Report) -> Option<&Handshake> {
    report.session()?.handshake().map(|(_, handshake)| handshake)
}

/// The IP address of the server.
fn peer(report: &Report) -> Option<IpAddr> {
    report.session()?.server_address()
}

fn earliest_expiry(report: &Report) -> Option<f64> {
    let readable = handshake(report)?.presented.chain.iter().filter(|one| one.is_readable());
    readable.map(|one| one.not_after).min().map(unix_seconds)
}

fn chain_expiry(handshake: &Handshake) -> Option<Timestamp> {
    let presented = &handshake.presented;
    let on_path = presented.path.iter().filter_map(|at| presented.chain.get(*at));
    let earliest = on_path.filter(|one| one.is_readable()).map(|one| one.not_after).min();
    earliest.or_else(|| handshake.leaf().filter(|leaf| leaf.is_readable()).map(|leaf| leaf.not_after))
}

/// The labels that blackbox_exporter uses for a certificate.
fn certificate_labels(leaf: &Certificate) -> Vec<(&'static str, String)> {
    let short = |text: &str| text.chars().take(LONGEST_NAME).collect::<String>();
    vec![
        ("fingerprint_sha256", leaf.sha256.clone()),
        ("issuer", short(&leaf.issuer)),
        ("subject", short(&leaf.subject)),
        ("subjectalternative", short(&leaf.names.join(","))),
        ("serialnumber", short(&leaf.serial)),
    ]
}

/// The 32-bit FNV-1a hash of an IP address, which blackbox_exporter uses.
fn address_hash(address: IpAddr) -> u32 {
    let bytes = match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn unix_seconds(time: Timestamp) -> f64 {
    time.as_duration().as_secs_f64()
}

fn reply_codes(report: &Report) -> Vec<(Vec<(&'static str, String)>, f64)> {
    let Some(session) = report.session() else { return Vec::new() };
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

#[cfg(test)]
mod tests {
    use super::address_hash;

    /// The values that Go's hash/fnv computes for the bytes of these addresses.
    #[test]
    fn the_hash_of_an_address_is_that_of_blackbox_exporter() {
        for (address, hash) in
            [("127.0.0.1", 3_668_918_509), ("::ffff:127.0.0.1", 3_668_918_509), ("2001:db8::1", 1_851_458_804)]
        {
            assert_eq!(address_hash(address.parse().expect("an address")), hash, "{address}");
        }
    }
}
