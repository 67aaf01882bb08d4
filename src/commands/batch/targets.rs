//! Plans a check for each line of the input, on the thread that reads the input. Lines of other shards, duplicates, and
//! lines that already have a record are skipped.
//!
//! A login is planned only for a host that the user named for the login, or for the target of a profile.

use std::io::{self, BufRead};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;

use super::input::{InputLine, InputLines, LineMistake, LineTarget};
use super::known::KnownTargets;
use super::profiles::{Profiles, add_proxy};
use super::written::{expectations, with_written};
use crate::cli::commands::batch::BatchArgs;
use crate::cli::commands::check::CheckArgs;
use crate::cli::flags::batch::Shard;
use crate::cli::{UsageError, domain, plan as planning, target};
use crate::report::batch::{InvalidLine, TargetId, WrittenTarget};
use crate::run::{Job, ProxyPasswords, StreamItem};
use crate::secret::Secret;
use crate::wire::Host;

/// An example target, for validating the flags and for reading the files that all checks need.
pub(super) const EXAMPLE: &str = "smtp.example.net";

/// What is known about a line while its target is checked.
pub(super) enum LineLabel {
    /// The line has a target.
    Target { id: TargetId, number: u64, tags: Option<Box<RawValue>> },
    /// The line is invalid.
    Invalid(InvalidLine),
}

/// The counts of the input, which the main thread shows.
#[derive(Debug, Default)]
pub(super) struct InputCounts {
    pub(super) bytes: AtomicU64,
    pub(super) lines: AtomicU64,
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
    /// The flags for hosts with a login, and these hosts.
    pub(super) login: Option<BatchLogin>,
    /// The flags for domains, if each line is a mail domain.
    pub(super) domain: Option<Box<BatchArgs>>,
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
}

impl<R: BufRead> Iterator for Targets<R> {
    type Item = StreamItem<LineLabel>;

    fn next(&mut self) -> Option<StreamItem<LineLabel>> {
        loop {
            let line = match self.lines.next_line() {
                Ok(line) => line?,
                Err(error) => {
                    *self.counts.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return None;
                }
            };
            self.counts.bytes.store(self.lines.bytes, Ordering::Relaxed);
            if let Some(item) = self.item(line) {
                return Some(item);
            }
        }
    }
}

impl<R: BufRead> Targets<R> {
    /// The check of a line; `None` if the line is skipped.
    fn item(&mut self, line: InputLine) -> Option<StreamItem<LineLabel>> {
        let InputLine { number, content } = line;
        let increase = |count: &AtomicU64| {
            count.fetch_add(1, Ordering::Relaxed);
        };
        increase(&self.counts.lines);
        let invalid = |mistake: LineMistake| {
            // The shard of a line without a target depends on the line number.
            let of = u64::from(self.shard.of);
            if (number - 1) % of + 1 != u64::from(self.shard.number) {
                increase(&self.counts.other_shards);
                return None;
            }
            if self.known.has_invalid(number) {
                increase(&self.counts.resumed);
                return None;
            }
            let LineMistake { reason, tags } = mistake;
            Some(StreamItem::Passed(LineLabel::Invalid(InvalidLine::new(number, tags, reason))))
        };
        let content = match content {
            Ok(content) => content,
            Err(mistake) => return invalid(mistake),
        };
        let LineTarget { target, written, tags } = content;
        if written == WrittenTarget::default()
            && let Some(id) = self.known.planned(&target)
        {
            // A target that occurred earlier with the same spelling is skipped without making a plan.
            let is_own = id.shard(self.shard.of) == self.shard.number;
            increase(if is_own { &self.counts.duplicates } else { &self.counts.other_shards });
            return None;
        }
        let job = match self.planner.job(&target, &written) {
            Ok(job) => job,
            Err(error) => return invalid(LineMistake { reason: error.to_string(), tags }),
        };
        let id = TargetId::of(&job.plan, &written);
        if written == WrittenTarget::default() {
            self.known.add_planned(&target, id);
        }
        if id.shard(self.shard.of) != self.shard.number {
            increase(&self.counts.other_shards);
            return None;
        }
        if self.known.is_duplicate(id) {
            increase(&self.counts.duplicates);
            return None;
        }
        if self.known.has_record(id) {
            increase(&self.counts.resumed);
            return None;
        }
        Some(StreamItem::Check(LineLabel::Target { id, number, tags }, Box::new(job)))
    }
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
        if *written != WrittenTarget::default() {
            let error = UsageError::new("the keys from, to, tls and sni have no effect with --domain");
            return Err(error.with_hint("write only the domain"));
        }
        let plan = domain::plan_in_batch(args, &self.matches, target, self.hostname.as_deref())?;
        let (expectations, retry) = expectations(&self.args, &plan)?;
        Ok(Job { plan, secret: None, spent: Duration::ZERO, expectations, retry })
    }
}
