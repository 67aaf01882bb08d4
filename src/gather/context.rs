//! The data that all sessions of one inquiry share: the plan, the clock, the credentials, the lookups.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::sign::CertifiedKey;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::dns::source::DnsRecordSource;
use super::duration::milliseconds;
use super::pace::HelloPace;
use super::shared::SharedFiles;
use super::{names, trust};
use crate::evidence::{Outcome, ProbeId};
use crate::host::{SetupError, descriptors};
use crate::inquiry::Arrival;
use crate::plan::Plan;
use crate::sasl::Credentials;
use crate::secret::{Echoes, Secret};

/// The maximum number of bytes that all sessions of an inquiry may read together. This limits the size of the report,
/// which contains all of them.
const MAX_RUN: usize = 1024 * 1024;
/// The data that the tasks of an inquiry share.
pub(crate) struct GatherContext {
    /// The start of the clock. It is set when the time is first read, so the preparation is not counted.
    start: OnceCell<Instant>,
    pub(crate) plan: Rc<Plan>,
    pub(crate) credentials: Option<Credentials>,
    /// The password for the plan's proxy.
    pub(super) proxy_password: Option<Secret>,
    pub(crate) echoes: Echoes,
    pub(crate) names: Rc<names::LookupCache>,
    /// The records of a domain.
    pub(super) dns: DnsRecordSource,
    pub(crate) trust: trust::Anchors,
    pub(crate) identity: Option<Arc<CertifiedKey>>,
    /// The key log that TLS session keys are written to, if the user requested one.
    pub(crate) key_log: Option<Arc<dyn rustls::KeyLog>>,
    /// The wall-clock time at the start, used to judge validity periods.
    pub(crate) started_at: Timestamp,
    pub(crate) stops: StopSignals,
    pub(crate) post: mpsc::UnboundedSender<Arrival>,
    /// The number of bytes received in all sessions.
    received: Cell<usize>,
    /// The delay between ClientHellos.
    pub(crate) pace: HelloPace,
    /// Whether a connection failed because no file descriptor was available.
    lacks_descriptors: Cell<bool>,
}

/// The secrets of one check.
#[derive(Default)]
pub(crate) struct CheckSecrets {
    /// The credentials for the mail server.
    pub(crate) credentials: Option<Credentials>,
    /// The password for the proxy.
    pub(crate) proxy_password: Option<Secret>,
}

/// For each probe, the signal that ends its session early.
#[derive(Default)]
pub(crate) struct StopSignals(RefCell<HashMap<ProbeId, Rc<Notify>>>);

impl GatherContext {
    pub(super) fn new(
        plan: &Plan,
        secrets: CheckSecrets,
        files: &SharedFiles,
        names: Rc<names::LookupCache>,
        started_at: Timestamp,
        post: mpsc::UnboundedSender<Arrival>,
    ) -> Result<GatherContext, SetupError> {
        let CheckSecrets { credentials, proxy_password } = secrets;
        let echoes = credentials.as_ref().map(Credentials::echoes).unwrap_or_default();
        if let Some(password) = &proxy_password {
            echoes.learn(password, &[]);
        }
        Ok(GatherContext {
            start: OnceCell::new(),
            plan: Rc::new(plan.clone()),
            echoes,
            credentials,
            proxy_password,
            names,
            dns: DnsRecordSource::new(plan, files.dnssec_anchors(plan)?),
            trust: files.anchors(plan)?,
            identity: files.identity(plan)?,
            key_log: files.key_log()?,
            started_at,
            stops: StopSignals::default(),
            post,
            received: Cell::new(0),
            pace: HelloPace::default(),
            lacks_descriptors: Cell::new(false),
        })
    }

    /// Whether a connection or a lookup failed because no file descriptor was available.
    pub(super) fn lacks_descriptors(&self) -> bool {
        self.notes_error(self.names.errno.get());
        self.lacks_descriptors.get()
    }

    pub(crate) fn now_ms(&self) -> f64 {
        milliseconds(self.start().elapsed())
    }

    /// Counts received bytes. Returns false if the total exceeds the limit.
    pub(crate) fn receives(&self, bytes: usize) -> bool {
        let received = self.received.get().saturating_add(bytes);
        self.received.set(received);
        received <= MAX_RUN
    }

    /// Records whether an error was caused by a lack of file descriptors. Such an error does not depend on the server.
    pub(crate) fn notes_error(&self, errno: Option<i32>) {
        if descriptors::is_lack(errno) {
            self.lacks_descriptors.set(true);
        }
    }

    pub(super) fn start(&self) -> Instant {
        *self.start.get_or_init(Instant::now)
    }

    /// Sending fails only when the gatherer is about to end, so the error is ignored.
    pub(crate) fn post(&self, arrival: Arrival) {
        let _ = self.post.send(arrival);
    }

    pub(super) fn answered(&self, probe: ProbeId, outcome: Outcome) {
        self.post(Arrival::Answered { probe, at_ms: self.now_ms(), outcome });
    }
}

impl StopSignals {
    pub(crate) fn of(&self, id: ProbeId) -> Rc<Notify> {
        Rc::clone(self.0.borrow_mut().entry(id).or_default())
    }
}
