//! Resolves contradictions between requested values: a session that ends before an action that another flag requests,
//! and TLS tests without TLS.
//!
//! A contradiction between values of the same precedence is a usage error. Otherwise the value with the higher
//! precedence is used. [`super::plan`] then builds the plan.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use clap::ValueEnum;

use super::UsageError;
use super::commands::SettingsLevel;
use super::flags::session::EnvelopeArgs;
use super::flags::tls::{ScanChoice, TlsArgs};
use crate::plan::{Login, QuitAfter, ScanDepth, TlsMode, ValueOrigin};

/// The parts of a plan that can contradict each other. Of two contradictory values, the value with the higher rank is used
/// and the other is dropped. Two values with the same rank are an error, because otherwise the check could pass without
/// doing everything that was requested.
pub(super) struct Requested {
    pub(super) mode: TlsMode,
    /// Whether TLS starts before the greeting.
    pub(super) is_implicit: bool,
    pub(super) quit_after: Option<QuitAfter>,
    pub(super) login: Option<Login>,
    pub(super) tls: TlsArgs,
    pub(super) envelope: EnvelopeArgs,
    pub(super) ranks: Ranks,
}

/// An action that a flag requests and that takes place in one phase of the session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PhaseRequest {
    StartTls,
    Login,
    Sender,
    Recipients,
}

impl PhaseRequest {
    const ALL: [PhaseRequest; 4] =
        [PhaseRequest::StartTls, PhaseRequest::Login, PhaseRequest::Sender, PhaseRequest::Recipients];

    /// The flags that request the action.
    fn flags(self) -> &'static [&'static str] {
        match self {
            PhaseRequest::StartTls => &["tls-scan", "tls-profile", "probe", "show-chain", "cert-days", "tls"],
            PhaseRequest::Login => &[
                "user",
                "netrc",
                "password-stdin",
                "password-file",
                "password-command",
                "token-command",
                "auth",
                "authzid",
                "try-all-mechanisms",
            ],
            PhaseRequest::Sender => &["from"],
            PhaseRequest::Recipients => &["to"],
        }
    }

    /// The earliest `--quit-after` that includes the action, and the name of that phase in messages.
    fn phase(self) -> (QuitAfter, &'static str) {
        match self {
            PhaseRequest::StartTls => (QuitAfter::Starttls, "STARTTLS"),
            PhaseRequest::Login => (QuitAfter::Auth, "the login"),
            PhaseRequest::Sender => (QuitAfter::Mail, "MAIL FROM"),
            PhaseRequest::Recipients => (QuitAfter::Rcpt, "RCPT TO"),
        }
    }
}

/// The flags that request a TLS test: all of them need TLS, or at least STARTTLS.
const TLS_TESTS: [&str; 3] = ["tls-scan", "tls-profile", "probe"];

impl Requested {
    /// Resolves the contradiction between `--tls none` and a TLS test, and between implicit TLS and a probe.
    pub(super) fn settle_tls(&mut self, origins: &mut BTreeMap<String, ValueOrigin>) -> Result<(), UsageError> {
        if self.is_implicit && self.has_starttls_probes() {
            if self.ranks.of_flag("probe", origins) == self.ranks.of(ValueOrigin::Flag) {
                let reason = "cannot be used with implicit TLS, because this probe tests STARTTLS";
                return Err(UsageError::flag("--probe", reason).with_hint("omit it, or use a port with STARTTLS"));
            }
            self.drop_starttls_probes(origins);
        }
        if self.mode != TlsMode::None {
            return Ok(());
        }
        let tests = TLS_TESTS.iter().copied().filter(|flag| *flag != "probe" || self.has_starttls_probes());
        let tests: Vec<&str> = tests.collect();
        let Some((flag, rank)) = self.ranks.highest(&tests, origins).filter(|_| self.has_tls_tests()) else {
            return Ok(());
        };
        let none = self.ranks.highest(&["tls"], origins).map_or(0, |(_, rank)| rank);
        match rank.cmp(&none) {
            Ordering::Equal => {
                let reason = "cannot be used with --tls none, because it tests TLS";
                return Err(UsageError::flag(format!("--{flag}"), reason));
            }
            Ordering::Greater => {
                self.mode = TlsMode::Auto;
                origins.remove("tls");
            }
            Ordering::Less => self.drop_tls_tests(origins),
        }
        Ok(())
    }

    /// Resolves the contradiction between `--quit-after` and actions in later phases of the session.
    pub(super) fn settle_end(&mut self, origins: &mut BTreeMap<String, ValueOrigin>) -> Result<(), UsageError> {
        let Some(quit_after) = self.quit_after else { return Ok(()) };
        let end = self.ranks.highest(&["quit-after"], origins).map_or(0, |(_, rank)| rank);
        let late: Vec<(PhaseRequest, &str, u8)> = PhaseRequest::ALL
            .into_iter()
            .filter(|request| request.phase().0 > quit_after)
            .filter_map(|request| {
                let flags: Vec<&str> = request.flags().iter().copied().filter(|flag| self.is_asked_by(flag)).collect();
                let (flag, rank) = self.ranks.highest(&flags, origins).filter(|_| self.has(request))?;
                Some((request, flag, rank))
            })
            .collect();
        if late.iter().any(|(_, _, rank)| *rank > end) {
            self.quit_after = None;
            origins.remove("quit-after");
            return Ok(());
        }
        if let Some((request, flag, _)) = late.iter().find(|(_, _, rank)| *rank == end) {
            let name = |phase: QuitAfter| phase.to_possible_value().map(|value| value.get_name().to_owned());
            let (phase, shown) = request.phase();
            let (given, needed) = (name(quit_after).unwrap_or_default(), name(phase).unwrap_or_default());
            let reason = format!("--quit-after {given} ends the session before {shown}");
            let hint = format!("omit one of them, or use --quit-after {needed}");
            return Err(UsageError::flag(format!("--{flag}"), reason).with_hint(hint));
        }
        for (request, ..) in late {
            self.drop(request, origins);
        }
        Ok(())
    }

    fn has(&self, request: PhaseRequest) -> bool {
        match request {
            PhaseRequest::StartTls => !self.is_implicit,
            PhaseRequest::Login => self.login.is_some(),
            PhaseRequest::Sender => self.envelope.from.is_some(),
            PhaseRequest::Recipients => !self.envelope.to.is_empty(),
        }
    }

    /// Whether the value of a flag requests an action.
    fn is_asked_by(&self, flag: &str) -> bool {
        match flag {
            // `auto` does not need STARTTLS.
            "tls" => self.mode == TlsMode::Starttls,
            "tls-scan" => self.tls.tls_scan != Some(ScanChoice::Off),
            "probe" => self.has_starttls_probes(),
            _ => true,
        }
    }

    fn drop(&mut self, request: PhaseRequest, origins: &mut BTreeMap<String, ValueOrigin>) {
        match request {
            PhaseRequest::StartTls => {
                self.drop_tls_tests(origins);
                if self.mode == TlsMode::Starttls {
                    self.mode = TlsMode::Auto;
                    origins.remove("tls");
                }
                return;
            }
            PhaseRequest::Login => self.login = None,
            PhaseRequest::Sender => self.envelope.from = None,
            PhaseRequest::Recipients => self.envelope.to = Vec::new(),
        }
        forget(request.flags(), origins);
    }

    fn has_tls_tests(&self) -> bool {
        scan_depth(&self.tls).is_some() || self.has_starttls_probes()
    }

    fn has_starttls_probes(&self) -> bool {
        self.tls.probe.iter().any(|probe| probe.is_about_starttls())
    }

    fn drop_starttls_probes(&mut self, origins: &mut BTreeMap<String, ValueOrigin>) {
        self.tls.probe.retain(|probe| !probe.is_about_starttls());
        if self.tls.probe.is_empty() {
            forget(&["probe"], origins);
        }
    }

    fn drop_tls_tests(&mut self, origins: &mut BTreeMap<String, ValueOrigin>) {
        self.tls.tls_scan = None;
        self.tls.tls_profile = None;
        self.drop_starttls_probes(origins);
        forget(&["tls-scan", "tls-profile"], origins);
    }
}

/// Removes the origins of flags that are not used, so that the report does not show them.
fn forget(flags: &[&str], origins: &mut BTreeMap<String, ValueOrigin>) {
    origins.retain(|flag, _| !flags.contains(&flag.as_str()));
}

/// The precedence of values by their origin.
#[derive(Clone, Copy)]
pub(super) struct Ranks {
    /// The meaning of `ValueOrigin::Config`: the configuration file, or the `[defaults]` of a suite.
    pub(super) level: SettingsLevel,
}

impl Ranks {
    /// A higher rank takes precedence.
    pub(super) fn of(self, origin: ValueOrigin) -> u8 {
        match origin {
            ValueOrigin::Flag | ValueOrigin::Target => 5,
            ValueOrigin::Config if self.level == SettingsLevel::Suite => 4,
            ValueOrigin::Environment => 3,
            ValueOrigin::Profile => 2,
            ValueOrigin::Config => 1,
            ValueOrigin::Machine | ValueOrigin::Default => 0,
        }
    }

    pub(super) fn of_flag(self, flag: &str, origins: &BTreeMap<String, ValueOrigin>) -> u8 {
        origins.get(flag).map_or(0, |origin| self.of(*origin))
    }

    /// The flag with the highest rank among `flags`, and its rank. If several have this rank, the first of them.
    pub(super) fn highest<'a>(
        self,
        flags: &[&'a str],
        origins: &BTreeMap<String, ValueOrigin>,
    ) -> Option<(&'a str, u8)> {
        let given = flags.iter().filter_map(|flag| Some((*flag, self.of(*origins.get(*flag)?))));
        given.rev().max_by_key(|(_, rank)| *rank)
    }
}

/// The depth of the TLS scan, if one is requested. A comparison with a TLS profile needs the full scan, because a
/// profile covers all cipher suites.
pub(super) fn scan_depth(args: &TlsArgs) -> Option<ScanDepth> {
    match (args.tls_profile, args.tls_scan) {
        (Some(_), _) | (None, Some(ScanChoice::Full)) => Some(ScanDepth::Full),
        (None, Some(ScanChoice::Basic)) => Some(ScanDepth::Basic),
        (None, Some(ScanChoice::Off) | None) => None,
    }
}
