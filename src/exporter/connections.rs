//! Keeps the list of open connections. If their number has reached its limit and another client connects, one of them
//! is closed. Connections that send no request therefore cannot keep other clients out.
//!
//! A connection whose request is being processed is never closed. The number of these connections is below the limit,
//! because only `max_probes` checks run, few requests wait for a password comparison, and every other response is ready
//! immediately.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The minimum time for which a connection is kept. A client normally sends its request within this time.
pub(super) const KEPT: Duration = Duration::from_secs(1);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ConnectionState {
    /// It has sent no complete request yet.
    New,
    /// It has received a response, and has sent no other request yet.
    Idle,
    /// A response is being prepared. A check has its own time limit.
    Busy,
}

/// One connection.
#[derive(Debug)]
pub(super) struct HttpConnection {
    number: u64,
    state: Cell<ConnectionState>,
    /// The end of the last response, or the start of the connection.
    since: Cell<Instant>,
    /// How long the connection may last after that.
    limit: Cell<Duration>,
    closing: Notify,
}

impl HttpConnection {
    /// The client now has this long for its first request.
    pub(super) fn expects_request(&self, now: Instant, limit: Duration) {
        self.since.set(now);
        self.limit.set(limit);
    }

    /// A response is being prepared.
    pub(super) fn is_processing(&self) {
        self.state.set(ConnectionState::Busy);
    }

    /// The response is ready. The client now has this long to read it and to send the next request.
    pub(super) fn has_response(&self, now: Instant, limit: Duration) {
        self.state.set(ConnectionState::Idle);
        self.expects_request(now, limit);
    }

    /// When the connection ends, unless a request arrives first; `None` while a response is being prepared.
    pub(super) fn end(&self) -> Option<Instant> {
        (self.state.get() != ConnectionState::Busy).then(|| self.since.get() + self.limit.get())
    }

    /// Waits until this connection is closed to make room for another one.
    pub(super) async fn closed(&self) {
        self.closing.notified().await;
    }
}

/// All connections that may be closed.
#[derive(Debug, Default)]
pub(super) struct HttpConnections {
    open: RefCell<BTreeMap<u64, Rc<HttpConnection>>>,
    last: Cell<u64>,
}

impl HttpConnections {
    /// Adds a connection, which has this long to send its first request.
    pub(super) fn add(&self, now: Instant, limit: Duration) -> Rc<HttpConnection> {
        let number = self.last.get() + 1;
        self.last.set(number);
        let connection = Rc::new(HttpConnection {
            number,
            state: Cell::new(ConnectionState::New),
            since: Cell::new(now),
            limit: Cell::new(limit),
            closing: Notify::new(),
        });
        self.open.borrow_mut().insert(number, Rc::clone(&connection));
        connection
    }

    /// Removes a connection that has ended.
    pub(super) fn remove(&self, connection: &HttpConnection) {
        self.open.borrow_mut().remove(&connection.number);
    }

    /// Closes the connection that has waited for a request for the longest time: one that has never sent a request, if
    /// there is one. Connections that have waited for less than [`KEPT`] remain open. Returns whether one was closed.
    pub(super) fn close_one(&self, now: Instant) -> bool {
        let mut open = self.open.borrow_mut();
        let waiting = open.values().filter(|one| {
            one.state.get() != ConnectionState::Busy && now.saturating_duration_since(one.since.get()) >= KEPT
        });
        let Some(chosen) = waiting.min_by_key(|one| (one.state.get(), one.since.get())).map(|one| one.number) else {
            return false;
        };
        if let Some(connection) = open.remove(&chosen) {
            connection.closing.notify_one();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::{HttpConnection, HttpConnections, KEPT};

    const LIMIT: Duration = Duration::from_secs(5);

    /// Whether a connection is being closed.
    async fn is_closed(connection: &Rc<HttpConnection>) -> bool {
        timeout(Duration::ZERO, connection.closed()).await.is_ok()
    }

    #[tokio::test]
    async fn connections_without_a_request_are_closed_first_and_the_oldest_of_them_first() {
        let (connections, now) = (HttpConnections::default(), Instant::now());
        let (busy, idle) = (connections.add(now, LIMIT), connections.add(now, LIMIT));
        busy.is_processing();
        idle.is_processing();
        idle.has_response(now, LIMIT);
        let older = connections.add(now, LIMIT);
        let newer = connections.add(now + KEPT, LIMIT);
        assert!(connections.close_one(now + KEPT) && is_closed(&older).await);
        assert!(!is_closed(&newer).await && !is_closed(&idle).await);
        // The newer connection has not waited long enough.
        assert!(connections.close_one(now + KEPT) && is_closed(&idle).await);
        assert!(!connections.close_one(now + KEPT));
        assert!(connections.close_one(now + KEPT * 2) && is_closed(&newer).await);
        assert!(!connections.close_one(now + KEPT * 9) && !is_closed(&busy).await);
    }

    #[tokio::test]
    async fn a_connection_that_has_ended_is_not_closed_again() {
        let (connections, now) = (HttpConnections::default(), Instant::now());
        let connection = connections.add(now, LIMIT);
        connections.remove(&connection);
        assert!(!connections.close_one(now + KEPT));
    }
}
