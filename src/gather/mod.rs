//! The only I/O and the only async of the checker: sockets, names, TLS, the clock, signals.
//!
//! The rest of the house asks [`Gather::ask`] and takes what comes from [`Gather::next`], one [`Arrival`] at a time.
//! Conversations run side by side as tasks on one thread; the runtime lives in [`Gatherer`] and dies with it, so no
//! task outlives its owner. Deadlines: one per reply and per handshake ([`session`]), one for connecting ([`dial`]), one
//! for everything (here).

mod certificate;
#[cfg(test)]
mod chains;
pub mod config;
mod dial;
pub(crate) mod file;
mod hello;
mod hosts;
mod identity;
mod machine;
mod names;
mod needs;
pub mod netrc;
pub mod password;
mod roots;
mod session;
mod staple;
mod tap;
mod tls;
mod trust;
mod verify;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::evidence::{Answer, Certificate, EventKind, Outcome, Phase, ProbeId, Staple};
use crate::plan::{Family, Plan};
use crate::question::Question;
use crate::sasl::Credentials;
use crate::secret::Echoes;

pub use needs::clock;

/// Something that answers questions.
pub trait Gather {
    /// Starts on a question.
    fn ask(&mut self, id: ProbeId, question: &Question);
    /// Waits for the next thing to happen. Called only while a question is open.
    fn next(&mut self) -> Arrival;
    /// Waits no longer for a conversation: it ends with what was seen, and is answered as usual.
    fn stop(&mut self, id: ProbeId);
    /// Milliseconds since the start, by a monotonic clock.
    fn now_ms(&self) -> f64;
    /// What peers may not be shown repeating, shared with the sessions: it grows when something is made of the secret.
    fn echoes(&self) -> Echoes {
        Echoes::default()
    }
    /// Whether the secret was sent to the same server in an earlier run of the check.
    fn is_exposed(&self) -> bool {
        false
    }
}

/// One thing that happened.
#[derive(Debug)]
pub enum Arrival {
    /// An event of a conversation.
    Event {
        /// The conversation.
        probe: ProbeId,
        /// When, milliseconds since the start.
        at_ms: f64,
        /// The step it belongs to.
        phase: Phase,
        /// Whether the line was encrypted.
        tls: bool,
        /// What.
        what: EventKind,
    },
    /// A question has its outcome.
    Answered {
        /// The question.
        probe: ProbeId,
        /// When, milliseconds since the start.
        at_ms: f64,
        /// The outcome.
        outcome: Outcome,
    },
    /// A signal told us to stop.
    Interrupted(Signal),
    /// The time for everything is up.
    TimeUp,
    /// Nothing new for a while (300 ms, then every 100 ms): a moment to show that we are waiting.
    Waiting,
}

/// A signal that ends the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, or Ctrl-C.
    Interrupt,
    /// SIGTERM, or SIGHUP: the terminal is gone.
    Terminate,
}

/// Why nothing could be started: our machine or the arguments.
#[derive(Debug)]
pub enum SetupError {
    /// A file that a flag names cannot be read, or holds something else.
    File {
        /// Which flag.
        flag: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The runtime could not be made.
    Runtime(std::io::Error),
    /// No file descriptor is left.
    Descriptors,
    /// The wall clock cannot be right.
    Clock {
        /// In which way.
        way: &'static str,
    },
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::File { flag, path, why } => write!(f, "{flag} {}: {why}", path.display()),
            SetupError::Runtime(error) => write!(f, "the program cannot start: {error}"),
            SetupError::Descriptors => f.write_str(
                "no file descriptors are left for connections; raise the limit, for example with: ulimit -n 256",
            ),
            SetupError::Clock { way } => write!(
                f,
                "the clock of this machine is {way}, so no certificate can be judged; set the clock and try again"
            ),
        }
    }
}

impl std::error::Error for SetupError {}

/// The real thing: asks the network.
pub struct Gatherer {
    runtime: Runtime,
    tasks: LocalSet,
    world: Rc<GatherContext>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    signals: Signals,
    total: Duration,
    idle_since: Instant,
    said_time_up: bool,
    is_exposed: bool,
}

/// What the tasks share.
pub(crate) struct GatherContext {
    /// When it was looked at first: of several targets each has a clock of its own, though all are prepared at once.
    start: OnceCell<Instant>,
    pub(crate) plan: Plan,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) echoes: Echoes,
    pub(crate) names: names::LookupCache,
    pub(crate) trust: trust::Anchors,
    pub(crate) identity: Option<Arc<CertifiedKey>>,
    /// Where the keys of sessions are written, if the user asks for it.
    pub(crate) key_log: Option<Arc<dyn rustls::KeyLog>>,
    /// The wall clock at the start, for the dates of certificates.
    pub(crate) started_at: Timestamp,
    pub(crate) stops: StopSignals,
    pub(crate) post: mpsc::UnboundedSender<Arrival>,
    /// Bytes that servers said in all conversations.
    heard: Cell<usize>,
    /// Whether the last ClientHello of ours had an answer, so that the next need not wait.
    pub(crate) answers_hellos: Cell<bool>,
    /// Whether a connection failed because no descriptor was left.
    lacks_descriptors: Cell<bool>,
}

/// Bytes of all conversations of a run that are read: a report holds them all.
const MAX_RUN: usize = 1024 * 1024;

/// Who is told to wait no longer, by the number of the conversation.
#[derive(Default)]
pub(crate) struct StopSignals(RefCell<HashMap<ProbeId, Rc<Notify>>>);

impl StopSignals {
    pub(crate) fn of(&self, id: ProbeId) -> Rc<Notify> {
        Rc::clone(self.0.borrow_mut().entry(id).or_default())
    }
}

impl GatherContext {
    pub(crate) fn now_ms(&self) -> f64 {
        milliseconds(self.start().elapsed())
    }

    /// Counts what came; false when it is more than a report can hold.
    pub(crate) fn receives(&self, bytes: usize) -> bool {
        let heard = self.heard.get().saturating_add(bytes);
        self.heard.set(heard);
        heard <= MAX_RUN
    }

    /// Looks at an error of a connection; one that tells of this process says nothing about a server.
    pub(crate) fn notes_error(&self, errno: Option<i32>) {
        if needs::is_lack(errno) {
            self.lacks_descriptors.set(true);
        }
    }

    fn start(&self) -> Instant {
        *self.start.get_or_init(Instant::now)
    }

    /// Nobody listens any more only when the program is about to end.
    pub(crate) fn post(&self, arrival: Arrival) {
        let _ = self.post.send(arrival);
    }

    fn answered(&self, probe: ProbeId, outcome: Outcome) {
        self.post(Arrival::Answered { probe, at_ms: self.now_ms(), outcome });
    }
}

impl Gatherer {
    /// Prepares everything that can go wrong before something is sent.
    pub fn new(plan: &Plan, credentials: Option<Credentials>) -> Result<Gatherer, SetupError> {
        let started_at = needs::clock()?;
        needs::descriptors()?;
        let trust = trust::Anchors::new(plan)?;
        let identity = plan.tls.identity.as_ref().map(identity::load).transpose()?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SetupError::Runtime)?;
        // From here on a signal is heard, though only the inquiry reacts to it: one that came earlier would end the program
        // without a report.
        let signals = {
            let _inside = runtime.enter();
            Signals::listen()
        };
        let (post, arrivals) = mpsc::unbounded_channel();
        let start = OnceCell::new();
        let (names, stops) = (names::LookupCache::default(), StopSignals::default());
        let world = GatherContext {
            start,
            plan: plan.clone(),
            echoes: credentials.as_ref().map(Credentials::echoes).unwrap_or_default(),
            credentials,
            names,
            trust,
            identity,
            key_log: key_log()?,
            started_at,
            stops,
            post,
            heard: Cell::new(0),
            answers_hellos: Cell::new(true),
            lacks_descriptors: Cell::new(false),
        };
        Ok(Gatherer {
            runtime,
            tasks: LocalSet::new(),
            world: Rc::new(world),
            arrivals,
            signals,
            total: Duration::from_millis(plan.limits.total_ms),
            idle_since: Instant::now(),
            said_time_up: false,
            is_exposed: false,
        })
    }
}

/// The de facto format of browsers and Wireshark; the user asks for it by the variable.
fn key_log() -> Result<Option<Arc<dyn rustls::KeyLog>>, SetupError> {
    let Some(path) = std::env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty()) else { return Ok(None) };
    // The library opens the file, which a named pipe can delay for ever.
    let log = file::in_time(Duration::from_secs(20), || Ok(rustls::KeyLogFile::new()));
    let fault =
        |error: std::io::Error| SetupError::File { flag: "SSLKEYLOGFILE", path: path.into(), why: error.to_string() };
    Ok(Some(Arc::new(log.map_err(fault)?)))
}

impl Gatherer {
    /// Whether what was seen can be judged: a connection that this machine could not open says nothing about a server.
    pub fn is_able(&self) -> Result<(), SetupError> {
        self.world.notes_error(self.world.names.errno.get());
        if self.world.lacks_descriptors.get() { Err(SetupError::Descriptors) } else { Ok(()) }
    }
}

impl Gather for Gatherer {
    fn ask(&mut self, id: ProbeId, question: &Question) {
        let world = Rc::clone(&self.world);
        match question.clone() {
            Question::Resolve { host } => {
                self.tasks.spawn_local(async move {
                    let names = world.names.look_up_all(&world, &host).await;
                    world.answered(id, Outcome::Done { answer: Answer::Names(names) });
                });
            }
            Question::Talk(request) => {
                self.tasks.spawn_local(async move {
                    let outcome = session::hold(&world, id, &request).await;
                    world.answered(id, outcome);
                });
            }
            Question::Hello(request) => {
                self.tasks.spawn_local(async move {
                    let outcome = hello::ask(&world, id, &request).await;
                    world.answered(id, outcome);
                });
            }
            Question::Machine { variables } => {
                let answer = Answer::Machine(machine::inspect(&variables));
                world.answered(id, Outcome::Done { answer });
            }
        }
        self.idle_since = Instant::now();
    }

    fn stop(&mut self, id: ProbeId) {
        self.world.stops.of(id).notify_one();
    }

    fn next(&mut self) -> Arrival {
        if let Some(signal) = RECEIVED.get() {
            return Arrival::Interrupted(*signal);
        }
        let deadline = self.world.start() + self.total;
        let Gatherer { runtime, tasks, arrivals, signals, idle_since, said_time_up, .. } = self;
        let idle = idle_since.elapsed();
        let patience = if idle < Duration::from_millis(300) {
            Duration::from_millis(300) - idle
        } else {
            Duration::from_millis(100)
        };
        let time_up = *said_time_up;
        let arrival = tasks.block_on(runtime, async {
            tokio::select! {
                biased;
                signal = signals.next() => Arrival::Interrupted(signal),
                // The sender lives in `world`, which this gatherer holds.
                Some(arrival) = arrivals.recv() => arrival,
                () = tokio::time::sleep_until(deadline), if !time_up => Arrival::TimeUp,
                () = tokio::time::sleep(patience) => Arrival::Waiting,
            }
        });
        match arrival {
            Arrival::TimeUp => self.said_time_up = true,
            Arrival::Waiting => {}
            Arrival::Event { .. } | Arrival::Answered { .. } | Arrival::Interrupted(_) => {
                self.idle_since = Instant::now();
            }
        }
        arrival
    }

    fn now_ms(&self) -> f64 {
        self.world.now_ms()
    }

    fn echoes(&self) -> Echoes {
        self.world.echoes.clone()
    }

    fn is_exposed(&self) -> bool {
        self.is_exposed
    }
}

impl Gatherer {
    /// The same for a check whose secret an earlier run has sent to this server.
    pub fn after_exposure(self) -> Gatherer {
        Gatherer { is_exposed: true, ..self }
    }
}

/// Waits; a signal ends it early. `tick` is called about every 100 ms with the time that is left.
pub fn pause(time: Duration, tick: &mut dyn FnMut(Duration)) -> Result<Option<Signal>, SetupError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SetupError::Runtime)?;
    Ok(runtime.block_on(async {
        let mut signals = Signals::listen();
        let end = Instant::now() + time;
        loop {
            // One that arrived before this listened.
            if let Some(signal) = RECEIVED.get() {
                return Some(*signal);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            tick(left);
            tokio::select! {
                biased;
                signal = signals.next() => return Some(signal),
                () = tokio::time::sleep(left.min(Duration::from_millis(100))) => {}
            }
        }
    }))
}

/// Whether this machine has a way to addresses of a family. Nothing is sent: only its routes are asked.
pub fn has_route(family: Family) -> bool {
    let reaches = |from: &str, to: &str| std::net::UdpSocket::bind(from).and_then(|socket| socket.connect(to)).is_ok();
    let (v4, v6) = (|| reaches("0.0.0.0:0", "192.0.2.1:9"), || reaches("[::]:0", "[2001:db8::1]:9"));
    match family {
        Family::V4 => v4(),
        Family::V6 => v6(),
        Family::Any => v4() || v6(),
    }
}

/// Hears signals from here on, and ends the program on one that nobody reacts to: the main thread may be stuck in writing
/// to a pipe that nobody reads. Within its first second a signal is left to the inquiry, which ends with a whole report,
/// also if it begins only then.
pub fn end_on_unhandled_signals() {
    /// The output may go to a pipe that is never read, so it cannot be waited for without an end.
    const TIME_FOR_THE_REPORT: Duration = Duration::from_secs(5);

    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (ready, listening) = std::sync::mpsc::channel();
        let watch = move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            let signal = runtime.block_on(async {
                let mut signals = Signals::listen();
                let _ = ready.send(());
                let signal = signals.next().await;
                let _ = RECEIVED.set(signal);
                // A busy machine needs a moment for the report. A second signal ends it at once.
                tokio::select! {
                    () = tokio::time::sleep(TIME_FOR_THE_REPORT) => signal,
                    second = signals.next() => second,
                }
            });
            std::process::exit(code(signal));
        };
        // It belongs to the process and ends with it. Without it signals work as long as the reader reads.
        if std::thread::Builder::new().name("signals".to_owned()).spawn(watch).is_ok() {
            let _ = listening.recv();
        }
    });
}

/// The first signal, once it is there.
static RECEIVED: OnceLock<Signal> = OnceLock::new();

/// Ends the program on a signal while somebody types a password, and gives the terminal its echo back before; for as long
/// as the result is kept. Without a terminal or signals of this kind there is nothing to watch.
#[cfg(unix)]
fn watch_prompt() -> Option<oneshot::Sender<()>> {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

    let terminal = file::terminal().ok()?;
    let before = tcgetattr(&terminal).ok()?;
    let (done, answered) = oneshot::channel();
    let (ready, listening) = std::sync::mpsc::channel();
    let watch = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        let signal = runtime.block_on(async {
            let mut signals = Signals::listen();
            let _ = ready.send(());
            tokio::select! {
                signal = signals.next() => Some(signal),
                _ = answered => None,
            }
        });
        if let Some(signal) = signal {
            let _ = tcsetattr(&terminal, OptionalActions::Flush, &before);
            std::process::exit(code(signal));
        }
    };
    std::thread::Builder::new().name("prompt".to_owned()).spawn(watch).ok()?;
    let _ = listening.recv();
    Some(done)
}

#[cfg(not(unix))]
fn watch_prompt() {}

fn code(signal: Signal) -> i32 {
    match signal {
        Signal::Interrupt => 130,
        Signal::Terminate => 143,
    }
}

/// What a chain of certificates and the OCSP response beside it say, read as those of a handshake are; whom they convince
/// is not looked at.
pub fn certificates(chain: &[Vec<u8>], staple: &[u8]) -> (Vec<Certificate>, Option<Staple>) {
    let ders: Vec<CertificateDer<'_>> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    (certificate::read_chain(&ders), staple::read(staple, ders.first(), None, None, 0))
}

/// Why a file that holds a secret can be read by others than its owner; none if it cannot.
pub fn open_to_others(path: &std::path::Path) -> Option<String> {
    file::open_to_others(path)
}

/// Milliseconds with microseconds behind the point.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// Whether the program was started by `nohup`, which lets it live on without its terminal. Linux tells by a file of the
/// kernel; elsewhere it cannot be found out without unsafe code, and a hangup ends the program.
#[cfg(unix)]
pub fn is_hangup_ignored() -> bool {
    static IGNORED: OnceLock<bool> = OnceLock::new();
    // Looked at before the first handler is set, which replaces what was there.
    *IGNORED.get_or_init(|| {
        let status = file::regular(std::path::Path::new("/proc/self/status"), 64 * 1024).unwrap_or_default();
        ignores_hangup(&String::from_utf8_lossy(&status))
    })
}

/// A mask in hexadecimal digits, of which the lowest bit is signal 1, SIGHUP (proc(5)).
#[cfg(unix)]
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
pub fn is_hangup_ignored() -> bool {
    false
}

#[cfg(unix)]
struct Signals {
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Where a signal cannot be caught it does what it always does: end the program.
    fn listen() -> Signals {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = if is_hangup_ignored() { None } else { signal(SignalKind::hangup()).ok() };
        let (interrupt, terminate) = (signal(SignalKind::interrupt()).ok(), signal(SignalKind::terminate()).ok());
        Signals { interrupt, terminate, hangup }
    }

    async fn next(&mut self) -> Signal {
        async fn next_signal(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = next_signal(&mut self.interrupt) => Signal::Interrupt,
            () = next_signal(&mut self.terminate) => Signal::Terminate,
            () = next_signal(&mut self.hangup) => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Signals {
        Signals
    }

    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::ignores_hangup;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        assert!(ignores_hangup("Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hangup("SigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"));
        assert!(!ignores_hangup(""));
    }
}
