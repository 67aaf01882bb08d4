//! Plans the checks of each line of the input, on the thread that reads the input: one check, or one for each interface.
//! Checks of other shards, duplicates, and checks that already have a record are skipped.
//!
//! A login is planned only for a host that the user named for the login, or for the target of a profile.

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;

use super::input::{InputLine, InputLines, LineMistake, LineTarget};
use super::known::KnownTargets;
use super::profiles::{Profiles, add_proxy};
use super::written::{different_interfaces, expectations, set_interface, with_written};
use crate::cli::commands::batch::BatchArgs;
use crate::cli::commands::check::CheckArgs;
use crate::cli::flags::batch::Shard;
use crate::cli::{UsageError, domain, plan as planning, target};
use crate::report::batch::{InvalidLine, RecordOrigin, TargetId, WrittenTarget};
use crate::run::{Job, ProxyPasswords, StreamItem};
use crate::secret::Secret;
use crate::wire::Host;

/// An example target, for validating the flags and for reading the files that all checks need.
pub(super) const EXAMPLE: &str = "smtp.example.net";

/// What is known about a line while its target is checked.
pub(super) enum LineLabel {
    /// The line has a target.
    Target(RecordOrigin),
    /// The line is invalid.
    Invalid(InvalidLine),
}

/// The counts of the input, which the main thread shows.
#[derive(Debug, Default)]
pub(super) struct InputCounts {
    pub(super) bytes: AtomicU64,
    pub(super) lines: AtomicU64,
    /// The checks for the lines: one for each line, or one for each interface of the line.
    pub(super) checks: AtomicU64,
    pub(super) duplicates: AtomicU64,
    pub(super) other_shards: AtomicU64,
    pub(super) resumed: AtomicU64,
    /// The error that ended the input early.
    pub(super) error: Mutex<Option<io::Error>>,
}

/// The settings of all checks.
pub(super) struct BatchPlanner {
    /// The flags for hosts without a login.
    pub(super) args: CheckArgs,
    /// The hosts with a login, and the flags for them.
    pub(super) login: Option<BatchLogin>,
    /// The flags for domains, if each line is a mail domain.
    pub(super) domain: Option<Box<BatchArgs>>,
    /// The interfaces of lines that set none, if several are compared.
    pub(super) interfaces: Vec<String>,
    pub(super) matches: clap::ArgMatches,
    pub(super) hostname: Option<String>,
    pub(super) profiles: Profiles,
    /// The passwords for proxies.
    pub(super) proxies: ProxyPasswords,
}

/// The login for the hosts of `--login-host`.
pub(super) struct BatchLogin {
    pub(super) args: CheckArgs,
    pub(super) hosts: Vec<Host>,
    pub(super) secret: Option<Secret>,
    pub(super) spent: Duration,
}

/// The checks of an input.
pub(super) struct Targets<R> {
    pub(super) lines: InputLines<R>,
    pub(super) planner: BatchPlanner,
    pub(super) known: KnownTargets,
    pub(super) shard: Shard,
    pub(super) counts: Arc<InputCounts>,
    /// The planned checks of the last line.
    pub(super) ready: VecDeque<StreamItem<LineLabel>>,
}

impl<R: BufRead> Iterator for Targets<R> {
    type Item = StreamItem<LineLabel>;

    fn next(&mut self) -> Option<StreamItem<LineLabel>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            let line = match self.lines.next_line() {
                Ok(line) => line?,
                Err(error) => {
                    *self.counts.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return None;
                }
            };
            self.counts.bytes.store(self.lines.bytes, Ordering::Relaxed);
            self.plan(line);
        }
    }
}

impl<R: BufRead> Targets<R> {
    /// Plans the checks of a line.
    fn plan(&mut self, line: InputLine) {
        let InputLine { number, content } = line;
        self.counts.lines.fetch_add(1, Ordering::Relaxed);
        let content = match content {
            Ok(content) => content,
            Err(mistake) => {
                let item = self.invalid(number, mistake);
                return self.ready.extend(item);
            }
        };
        let LineTarget { target, written, interfaces, tags } = content;
        let mut interfaces: Vec<Option<String>> = match different_interfaces(&interfaces) {
            Ok(interfaces) => interfaces.into_iter().map(Some).collect(),
            Err(error) => {
                let item = self.invalid(number, LineMistake { reason: error.to_string(), tags });
                return self.ready.extend(item);
            }
        };
        if interfaces.is_empty() {
            interfaces.extend(self.planner.interfaces.iter().cloned().map(Some));
        }
        if interfaces.is_empty() {
            interfaces.push(None);
        }
        for interface in interfaces {
            let written = WrittenTarget { interface, ..written.clone() };
            match self.check(LineCheck { number, target: &target, written, tags: tags.clone() }) {
                Ok(item) => self.ready.extend(item),
                Err(reason) => {
                    let item = self.invalid(number, LineMistake { reason, tags });
                    return self.ready.extend(item);
                }
            }
        }
    }

    /// The record of an invalid line; `None` if the line is skipped.
    fn invalid(&mut self, number: u64, mistake: LineMistake) -> Option<StreamItem<LineLabel>> {
        self.increase(|counts| &counts.checks);
        // The shard of a line without a target depends on the line number.
        let of = u64::from(self.shard.of);
        if (number - 1) % of + 1 != u64::from(self.shard.number) {
            self.increase(|counts| &counts.other_shards);
            return None;
        }
        if self.known.has_invalid(number) {
            self.increase(|counts| &counts.resumed);
            return None;
        }
        let LineMistake { reason, tags } = mistake;
        Some(StreamItem::Passed(LineLabel::Invalid(InvalidLine::new(number, tags, reason))))
    }

    /// A check of a line; `None` if it is skipped. An error is the reason why the line is invalid.
    fn check(&mut self, check: LineCheck<'_>) -> Result<Option<StreamItem<LineLabel>>, String> {
        let LineCheck { number, target, written, tags } = check;
        let is_plain = written == WrittenTarget::default();
        if is_plain && let Some(id) = self.known.planned(target) {
            // A target that occurred earlier with the same spelling is skipped without making a plan.
            self.increase(|counts| &counts.checks);
            let is_own = id.shard(self.shard.of) == self.shard.number;
            self.increase(|counts| if is_own { &counts.duplicates } else { &counts.other_shards });
            return Ok(None);
        }
        let job = self.planner.job(target, &written).map_err(|error| error.hiding([target]).to_string())?;
        self.increase(|counts| &counts.checks);
        let id = TargetId::of(&job.plan, &written);
        if is_plain {
            self.known.add_planned(target, id);
        }
        if id.shard(self.shard.of) != self.shard.number {
            self.increase(|counts| &counts.other_shards);
            return Ok(None);
        }
        if self.known.is_duplicate(id) {
            self.increase(|counts| &counts.duplicates);
            return Ok(None);
        }
        if self.known.has_record(id) {
            self.increase(|counts| &counts.resumed);
            return Ok(None);
        }
        let target_id = TargetId::without_interface(&job.plan, &written);
        let origin = RecordOrigin { id, target_id, line: number, tags };
        Ok(Some(StreamItem::Check(LineLabel::Target(origin), Box::new(job))))
    }

    fn increase(&self, of: impl Fn(&InputCounts) -> &AtomicU64) {
        of(&self.counts).fetch_add(1, Ordering::Relaxed);
    }
}

/// One check of a line.
struct LineCheck<'a> {
    number: u64,
    target: &'a str,
    written: WrittenTarget,
    tags: Option<Box<RawValue>>,
}

impl BatchPlanner {
    /// A check of the example target with the flags for all checks. It is not run; planning it finds errors in the
    /// flags and in the files that they name.
    pub(super) fn example(&self) -> Result<Job, UsageError> {
        if let Some(args) = &self.domain {
            return self.domain_job(args, EXAMPLE, &WrittenTarget::default());
        }
        let args = self.login.as_ref().map_or(&self.args, |login| &login.args);
        let plan = planning::plan(args, &self.matches, EXAMPLE, self.hostname.as_deref())?;
        Ok(Job { plan, secret: None, spent: Duration::ZERO, expectations: Vec::new(), retry: args.expect.retry() })
    }

    fn job(&mut self, target: &str, written: &WrittenTarget) -> Result<Job, UsageError> {
        if let Some(args) = &self.domain {
            return self.domain_job(args, target, written);
        }
        if let Some(name) = target.strip_prefix('@') {
            return self.profiles.job(name, written, self.hostname.as_deref(), &self.proxies);
        }
        let login = match &self.login {
            Some(login) => {
                Some(login).filter(|login| target::parse(target).is_ok_and(|typed| login.hosts.contains(&typed.host)))
            }
            None => None,
        };
        let args = login.map_or(&self.args, |login| &login.args);
        let plan =
            with_written(args, written, |args| planning::plan(args, &self.matches, target, self.hostname.as_deref()))?;
        add_proxy(&self.proxies, &args.route, &plan)?;
        let (expectations, retry) = expectations(args, &plan)?;
        Ok(Job {
            plan,
            secret: login.and_then(|login| login.secret.as_ref()).map(Secret::duplicate),
            spent: login.map_or(Duration::ZERO, |login| login.spent),
            expectations,
            retry,
        })
    }

    /// The domain check of a line.
    fn domain_job(&self, args: &BatchArgs, target: &str, written: &WrittenTarget) -> Result<Job, UsageError> {
        let of_session = WrittenTarget { interface: None, ..written.clone() };
        if of_session != WrittenTarget::default() {
            let error = UsageError::new("the keys from, to, tls and sni have no effect with --domain");
            return Err(error.with_hint("write only the domain"));
        }
        let mut plan = domain::plan_in_batch(args, &self.matches, target, self.hostname.as_deref())?;
        if let Some(text) = &written.interface {
            set_interface(&mut plan, text)?;
        }
        let (expectations, retry) = expectations(&self.args, &plan)?;
        Ok(Job { plan, secret: None, spent: Duration::ZERO, expectations, retry })
    }
}
