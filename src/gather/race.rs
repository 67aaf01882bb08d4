//! Happy Eyeballs (RFC 8305): connects to the addresses of one host. IPv6 and IPv4 addresses alternate, and a new
//! attempt starts every 250 ms or as soon as the previous one has failed. The first connection is used. Every attempt
//! is recorded as evidence.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connecting;
use super::context::GatherContext;
use super::names::KnownAddresses;
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{ConnectFault, DialResult, EventKind, Fault};
use crate::plan::AddressChoice;
use crate::question::SessionRequest;
use crate::wire::Host;

/// Connection Attempt Delay (RFC 8305 §5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// Resolution Delay (RFC 8305 §3): the time to wait for the AAAA answer after the A answer.
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// The attempts to connect to one host.
pub(super) struct Race<'a> {
    context: &'a Rc<GatherContext>,
    port: u16,
    /// The only IP address that may be used. `None` if the name does not have this IP address, or if there is no
    /// restriction.
    only: Option<IpAddr>,
    source: Option<watch::Receiver<KnownAddresses>>,
    six: VecDeque<IpAddr>,
    four: VecDeque<IpAddr>,
    six_next: bool,
    seen: (bool, bool),
    running: JoinSet<(SocketAddr, f64, Result<TcpStream, ConnectFault>)>,
    underway: Vec<(SocketAddr, f64)>,
    worst: Option<ConnectFault>,
    /// Whether an IP address was left out, because the plan's source belongs to the other address family.
    leaves_out: bool,
}

impl<'a> Race<'a> {
    pub(super) fn of_port(context: &'a Rc<GatherContext>, port: u16) -> Race<'a> {
        Race {
            context,
            port,
            only: None,
            source: None,
            six: VecDeque::new(),
            four: VecDeque::new(),
            six_next: true,
            seen: (false, false),
            running: JoinSet::new(),
            underway: Vec::new(),
            worst: None,
            leaves_out: false,
        }
    }

    /// A race to the addresses of a host other than the target.
    pub(super) fn to_host(context: &'a Rc<GatherContext>, host: &Host, port: u16) -> Race<'a> {
        let mut race = Race::of_port(context, port);
        match host {
            Host::Ip(ip) => race.add(*ip),
            // The module `socket` connects to Unix sockets.
            Host::Socket(_) => {}
            Host::Name(name) => race.source = Some(context.names.follow(&context.plan, name)),
        }
        race
    }

    pub(super) fn new(context: &'a Rc<GatherContext>, request: &SessionRequest) -> Race<'a> {
        let mut race = Race::of_port(context, request.port);
        let own = match context.plan.settings {
            Some(_) => context.plan.given_addresses_at(&request.host, request.port),
            None => Vec::new(),
        };
        match &request.host {
            Host::Ip(ip) => {
                let given = context.plan.given_addresses(&request.host);
                let addresses = if given.is_empty() { vec![*ip] } else { given };
                addresses.into_iter().for_each(|ip| race.add(ip));
            }
            // The module `socket` connects to Unix sockets.
            Host::Socket(_) => {}
            // In a search for client settings, sessions have several hosts and ports.
            Host::Name(_) if !own.is_empty() => own.into_iter().for_each(|ip| race.add(ip)),
            Host::Name(name) => {
                race.source = Some(context.names.follow(&context.plan, name));
                if let (AddressChoice::Only { address }, true) =
                    (context.plan.addresses, request.host == context.plan.target.host)
                {
                    race.only = Some(address);
                }
            }
        }
        race
    }

    pub(super) async fn run(&mut self, note: &mut impl FnMut(EventKind)) -> Result<(TcpStream, SocketAddr), Fault> {
        self.first_addresses().await;
        loop {
            self.start_next();
            if self.running.is_empty() {
                if self.learn().await {
                    continue;
                }
                return Err(self.failed());
            }
            let more = !self.six.is_empty() || !self.four.is_empty();
            tokio::select! {
                Some(ended) = self.running.join_next() => {
                    let Ok((address, started_ms, result)) = ended else { continue };
                    self.underway.retain(|(dialled, _)| *dialled != address);
                    match result {
                        Ok(stream) => {
                            let local = stream.local_addr().unwrap_or(address);
                            note(EventKind::Dialled { address, started_ms, result: DialResult::Connected { local } });
                            self.overtaken(note);
                            return Ok((stream, local));
                        }
                        Err(fault) => self.lost(address, started_ms, fault, note),
                    }
                }
                () = tokio::time::sleep(ATTEMPT_DELAY), if more => {}
                true = wait_for_change(&mut self.source) => self.take_known(),
            }
        }
    }

    /// Waits for the first IP addresses. IPv6 addresses are used immediately; IPv4 addresses are used after waiting 50
    /// ms for IPv6.
    async fn first_addresses(&mut self) {
        loop {
            self.take_known();
            match self.seen {
                (_, true) => return,
                (true, false) => {
                    let grace = async {
                        while !self.seen.1 && wait_for_change(&mut self.source).await {
                            self.take_known();
                        }
                    };
                    let _ = tokio::time::timeout(RESOLUTION_DELAY, grace).await;
                    return;
                }
                (false, false) => {
                    if !wait_for_change(&mut self.source).await {
                        return;
                    }
                }
            }
        }
    }

    /// Waits for the IP addresses of the other family. Returns false if there are no more.
    async fn learn(&mut self) -> bool {
        if self.seen == (true, true) || !wait_for_change(&mut self.source).await {
            return false;
        }
        self.take_known();
        true
    }

    fn take_known(&mut self) {
        let Some(source) = &mut self.source else {
            self.seen = (true, true);
            return;
        };
        let known = source.borrow_and_update().clone();
        if let Some(only) = self.only {
            let Some(lookup) = (if only.is_ipv6() { &known.aaaa } else { &known.a }) else { return };
            self.only = None;
            if lookup.addresses().contains(&only) {
                self.add(only);
                self.seen = (true, true);
                self.source = None;
                return;
            }
            // The name no longer has this IP address, so any other address is used.
        }
        if let Some(lookup) = known.a.filter(|_| !self.seen.0) {
            self.seen.0 = true;
            lookup.addresses().iter().for_each(|ip| self.add(*ip));
        }
        if let Some(lookup) = known.aaaa.filter(|_| !self.seen.1) {
            self.seen.1 = true;
            lookup.addresses().iter().for_each(|ip| self.add(*ip));
        }
        if self.seen == (true, true) {
            self.source = None;
        }
    }

    pub(super) fn add(&mut self, ip: IpAddr) {
        if !self.context.plan.source.can_reach(ip) {
            self.leaves_out = true;
            return;
        }
        if ip.is_ipv6() { self.six.push_back(ip) } else { self.four.push_back(ip) }
    }

    fn start_next(&mut self) {
        // RFC 8305 §4: the address families alternate, IPv6 first.
        let next = if self.six_next {
            self.six.pop_front().or_else(|| self.four.pop_front())
        } else {
            self.four.pop_front().or_else(|| self.six.pop_front())
        };
        let Some(ip) = next else { return };
        self.six_next = ip.is_ipv4();
        let address = SocketAddr::new(ip, self.port);
        let started_ms = self.context.now_ms();
        self.underway.push((address, started_ms));
        let plan = Rc::clone(&self.context.plan);
        self.running
            .spawn_local(async move { (address, started_ms, connecting::connect(address, &plan.source).await) });
    }

    fn lost(&mut self, address: SocketAddr, started_ms: f64, fault: ConnectFault, note: &mut impl FnMut(EventKind)) {
        self.context.notes_error(fault.errno);
        if self.worst.as_ref().is_none_or(|worst| most_telling_fault(fault.kind) > most_telling_fault(worst.kind)) {
            self.worst = Some(fault.clone());
        }
        note(EventKind::Dialled { address, started_ms, result: DialResult::Failed { fault } });
    }

    fn overtaken(&mut self, note: &mut impl FnMut(EventKind)) {
        for (address, started_ms) in self.underway.drain(..) {
            note(EventKind::Dialled { address, started_ms, result: DialResult::Overtaken });
        }
    }

    pub(super) fn out_of_time(&mut self, note: &mut impl FnMut(EventKind)) -> Fault {
        for (address, started_ms) in std::mem::take(&mut self.underway) {
            let waited = self.context.now_ms() - started_ms;
            let detail = format!("no response within {waited:.0} ms");
            let fault = ConnectFault { kind: ConnectFaultKind::TimedOut, errno: None, detail };
            self.lost(address, started_ms, fault, note);
        }
        self.failed()
    }

    fn failed(&mut self) -> Fault {
        match self.worst.take() {
            Some(connect) => Fault::NotConnected { connect },
            None if self.leaves_out => {
                let detail = "the server has no IP address in the source's address family".to_owned();
                let connect = ConnectFault { kind: ConnectFaultKind::SourceFamily, errno: None, detail };
                Fault::NotConnected { connect }
            }
            None => Fault::NoAddress,
        }
    }
}

/// Returns true when new IP addresses are available, and false if there will be no more.
async fn wait_for_change(source: &mut Option<watch::Receiver<KnownAddresses>>) -> bool {
    match source {
        Some(receiver) => receiver.changed().await.is_ok(),
        None => false,
    }
}

/// The significance of a fault. A response from the server is more significant than silence, and silence is more
/// significant than a fault on this machine.
fn most_telling_fault(kind: ConnectFaultKind) -> u8 {
    match kind {
        ConnectFaultKind::Refused | ConnectFaultKind::Reset => 5,
        ConnectFaultKind::TimedOut => 4,
        ConnectFaultKind::DeniedHere => 3,
        ConnectFaultKind::HostUnreachable => 2,
        ConnectFaultKind::Other => 1,
        ConnectFaultKind::NetworkUnreachable
        | ConnectFaultKind::NoSourceAddress
        | ConnectFaultKind::SourceMissing
        | ConnectFaultKind::SourceFamily
        | ConnectFaultKind::SourcePorts => 0,
    }
}
