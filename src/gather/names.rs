//! Resolves names to IP addresses. A and AAAA are looked up at the same time, each with its own duration and result.
//! Several sessions with the same host share one lookup. The resolver is created for the first lookup, so a check of an
//! IP address, or a check with `--resolve`, does not create it.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::sync::watch;

use super::duration::milliseconds;
use crate::evidence::{Lookup, LookupFault, NameSource, Names};
use crate::host::{file, hosts};
use crate::plan::{Family, Plan};
use crate::wire::{DomainName, Host};

/// The IP addresses of a name that are known so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownAddresses {
    pub(crate) a: Option<Lookup>,
    pub(crate) aaaa: Option<Lookup>,
}

/// All lookups of a check.
#[derive(Default)]
pub(crate) struct LookupCache {
    lookups: RefCell<HashMap<DomainName, watch::Receiver<KnownAddresses>>>,
    resolver: OnceCell<Result<(Rc<TokioResolver>, NameSource), String>>,
    /// The system error that caused a lookup to fail, if there was one.
    pub(super) errno: Cell<Option<i32>>,
    /// The number of answers that the resolver keeps. A check looks up each name once, and a follow-up must not be
    /// answered from a cache, so the resolver of a single check keeps none.
    keeps: u64,
}

/// The number of answers that the resolver of many checks keeps.
const SHARED_ANSWERS: u64 = 65_536;

/// If resolv.conf is missing or contains no name server, glibc uses 127.0.0.1.
pub(super) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 53);

/// The resolvers that many checks share. They keep answers for as long as their TTL allows.
#[derive(Default)]
pub(crate) struct SharedLookups {
    by_settings: RefCell<HashMap<ResolverSettings, Rc<LookupCache>>>,
}

/// The DNS server, and the time limit for connecting, which determines the timeout of a lookup.
type ResolverSettings = (Option<SocketAddr>, u64);

/// A name that was looked up before its check began.
pub(crate) struct Resolved {
    /// The check's lookups, which contain the result.
    pub(crate) names: Rc<LookupCache>,
    /// The IP address to which the first connection is attempted.
    pub(crate) first: Option<IpAddr>,
}

impl SharedLookups {
    /// Looks up the IP addresses of a host. The check uses the result and its duration as if it had done the lookup
    /// itself.
    pub(crate) async fn resolve(&self, plan: &Plan, host: &DomainName) -> Resolved {
        let shared = self.of(plan);
        let by_file = in_file(plan, host);
        let look_up = |family| shared.look_up(plan, host, family, &by_file);
        let (aaaa, a) = tokio::join!(look_up(Family::V6), look_up(Family::V4));
        let first = aaaa.addresses().iter().chain(a.addresses()).next().copied();
        let names = LookupCache { errno: Cell::new(shared.errno.take()), ..LookupCache::default() };
        if let Some(resolver) = shared.resolver.get() {
            let _ = names.resolver.set(resolver.clone());
        }
        let (_, known) = watch::channel(KnownAddresses { a: Some(a), aaaa: Some(aaaa) });
        names.lookups.borrow_mut().insert(host.clone(), known);
        Resolved { names: Rc::new(names), first }
    }

    fn of(&self, plan: &Plan) -> Rc<LookupCache> {
        let settings = (plan.resolver, plan.limits.connect_ms);
        let mut known = self.by_settings.borrow_mut();
        let new = || Rc::new(LookupCache { keeps: SHARED_ANSWERS, ..LookupCache::default() });
        Rc::clone(known.entry(settings).or_insert_with(new))
    }
}

impl LookupCache {
    /// Follows the lookup of a name, and starts it if no other session has started it. Must be called inside the local
    /// task set.
    pub(crate) fn follow(self: &Rc<Self>, plan: &Rc<Plan>, host: &DomainName) -> watch::Receiver<KnownAddresses> {
        if let Some(receiver) = self.lookups.borrow().get(host) {
            return receiver.clone();
        }
        let (sender, receiver) = watch::channel(KnownAddresses::default());
        self.lookups.borrow_mut().insert(host.clone(), receiver.clone());
        let sender = Rc::new(sender);
        let by_file: Rc<[IpAddr]> = in_file(plan, host).into();
        for family in [Family::V6, Family::V4] {
            let (names, plan) = (Rc::clone(self), Rc::clone(plan));
            let (host, sender, by_file) = (host.clone(), Rc::clone(&sender), Rc::clone(&by_file));
            // The task belongs to the gatherer's task set. It ends with the response or with the gatherer.
            tokio::task::spawn_local(async move {
                let lookup = names.look_up(&plan, &host, family, &by_file).await;
                sender.send_modify(|known| match family {
                    Family::V4 => known.a = Some(lookup),
                    Family::V6 | Family::Any => known.aaaa = Some(lookup),
                });
            });
        }
        receiver
    }

    /// Looks up the addresses of both families.
    pub(crate) async fn look_up_all(self: &Rc<Self>, plan: &Rc<Plan>, host: &DomainName) -> Names {
        let mut receiver = self.follow(plan, host);
        loop {
            let known = receiver.borrow_and_update().clone();
            if let (Some(a), Some(aaaa)) = (known.a, known.aaaa) {
                let source = self.source(plan, host);
                let is_failed = [&a, &aaaa].into_iter().any(|lookup| matches!(lookup, Lookup::Failed { .. }));
                let resolvers = match source {
                    NameSource::System if is_failed => system_servers().iter().map(SocketAddr::ip).collect(),
                    _ => Vec::new(),
                };
                return Names { host: host.clone(), source, resolvers, a, aaaa };
            }
            // The senders exist until both families have been looked up.
            if receiver.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn source(&self, plan: &Plan, host: &DomainName) -> NameSource {
        if !overrides(plan, host).is_empty() {
            return NameSource::Override;
        }
        match (self.resolver.get(), plan.resolver) {
            (_, Some(resolver)) => NameSource::Given { resolver },
            (Some(Ok((_, source))), None) => source.clone(),
            (Some(Err(_)) | None, None) => NameSource::System,
        }
    }

    /// Looks up the addresses of one family. `by_file` contains the addresses of both families in the hosts file.
    async fn look_up(&self, plan: &Plan, host: &DomainName, family: Family, by_file: &[IpAddr]) -> Lookup {
        let started = Instant::now();
        let ms = || milliseconds(started.elapsed());
        if plan.family != Family::Any && plan.family != family {
            return Lookup::NotAsked;
        }
        let given = overrides(plan, host);
        if !given.is_empty() {
            let addresses: Vec<IpAddr> =
                given.into_iter().filter(|ip| ip.is_ipv4() == (family == Family::V4)).collect();
            return Lookup::answered(addresses, ms());
        }
        if let Some(addresses) = answer_of_file(by_file, plan.family, family) {
            return Lookup::answered(addresses, ms());
        }
        let resolver = match self.resolver.get_or_init(|| build(plan, self.keeps)) {
            Ok((resolver, _)) => Rc::clone(resolver),
            Err(detail) => {
                return Lookup::Failed { why: LookupFault::Unreachable, detail: detail.clone(), ms: ms() };
            }
        };
        let kind = if family == Family::V4 { RecordType::A } else { RecordType::AAAA };
        // The name is parsed as ASCII, not by the rules for host names, because getaddrinfo(3) also looks up
        // `mail_server`.
        let answer = match Name::from_ascii(host.ascii()) {
            Ok(name) => resolver.lookup(name, kind).await,
            Err(error) => Err(NetError::from(error)),
        };
        tracing::debug!(host = host.ascii(), ?kind, ok = answer.is_ok(), "looked up");
        match answer {
            Ok(lookup) => {
                let addresses: Vec<IpAddr> = lookup
                    .answers()
                    .iter()
                    .filter_map(|record| match &record.data {
                        RData::A(a) => Some(IpAddr::V4(a.0)),
                        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                        _ => None,
                    })
                    .collect();
                Lookup::answered(addresses, ms())
            }
            Err(error) => {
                if let NetError::Io(error) = &error {
                    self.errno.set(error.raw_os_error());
                }
                failed(&error, ms())
            }
        }
    }
}

/// The IP addresses in the hosts file, unless `--resolve` replaces them.
fn in_file(plan: &Plan, host: &DomainName) -> Vec<IpAddr> {
    if overrides(plan, host).is_empty() { hosts::addresses(host.ascii()) } else { Vec::new() }
}

/// The answer of the hosts file for one family; `None` if DNS must be asked. Like getaddrinfo, DNS is asked only if the
/// file contains no address of the families that the check uses.
fn answer_of_file(by_file: &[IpAddr], used: Family, family: Family) -> Option<Vec<IpAddr>> {
    let addresses: Vec<IpAddr> = by_file.iter().copied().filter(|ip| ip.is_ipv4() == (family == Family::V4)).collect();
    let is_other_enough = used == Family::Any && !by_file.is_empty();
    (!addresses.is_empty() || is_other_enough).then_some(addresses)
}

/// The IP addresses that `--resolve` specifies for the target's name.
fn overrides(plan: &Plan, host: &DomainName) -> Vec<IpAddr> {
    plan.given_addresses(&Host::Name(host.clone()))
}

fn failed(error: &NetError, ms: f64) -> Lookup {
    let fault = |why| Lookup::Failed { why, detail: error.to_string(), ms };
    match error {
        NetError::Timeout => fault(LookupFault::Timeout),
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Lookup::NotFound { ms },
            ResponseCode::NoError => Lookup::Empty { ms },
            ResponseCode::ServFail => fault(LookupFault::ServerFailure),
            ResponseCode::Refused => fault(LookupFault::Refused),
            _ => fault(LookupFault::Other),
        },
        NetError::Dns(DnsError::ResponseCode(ResponseCode::ServFail)) => fault(LookupFault::ServerFailure),
        NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => fault(LookupFault::Refused),
        NetError::Io(_) | NetError::NoConnections => fault(LookupFault::Unreachable),
        _ => fault(LookupFault::Other),
    }
}

fn build(plan: &Plan, keeps: u64) -> Result<(Rc<TokioResolver>, NameSource), String> {
    let asked_of = |server: SocketAddr| {
        let mut ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
        for way in &mut ways {
            way.port = server.port();
        }
        let server = NameServerConfig::new(server.ip(), true, ways.to_vec());
        ResolverConfig::from_parts(None, Vec::new(), vec![server])
    };
    let from = |config| TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let (mut builder, source) = match plan.resolver {
        Some(server) => (from(asked_of(server)), NameSource::Given { resolver: server }),
        None => match of_the_system() {
            Ok((config, options)) => {
                let mut builder = from(config);
                *builder.options_mut() = options;
                (builder, NameSource::System)
            }
            Err(error) => {
                tracing::debug!(%error, "no resolver is configured, using 127.0.0.1");
                (from(asked_of(LOOPBACK)), NameSource::LoopbackFallback)
            }
        },
    };
    let options = builder.options_mut();
    // `hosts` has already read this file, with a size limit.
    options.use_hosts_file = ResolveHosts::Never;
    options.cache_size = keeps;
    options.timeout = attempt_timeout(plan.limits.connect_ms);
    options.attempts = 1;
    builder.build().map(|resolver| (Rc::new(resolver), source)).map_err(|error| error.to_string())
}

/// The timeout of one query to a DNS server, derived from the time limit for connecting.
pub(super) fn attempt_timeout(connect_ms: u64) -> Duration {
    Duration::from_millis(connect_ms.div_ceil(2).clamp(1, 5000))
}

/// The name servers that this machine is configured to use; empty if there is no configuration.
pub(super) fn system_servers() -> Vec<SocketAddr> {
    let Ok((config, _)) = of_the_system() else { return Vec::new() };
    let address = |server: &NameServerConfig| {
        SocketAddr::new(server.ip, server.connections.first().map_or(53, |connection| connection.port))
    };
    let mut servers: Vec<SocketAddr> = Vec::new();
    for server in config.name_servers.iter().map(address) {
        if !servers.contains(&server) {
            servers.push(server);
        }
    }
    servers
}

/// The resolver configuration of this machine. The file is short on every system. A device or a pipe is not accepted.
#[cfg(all(unix, not(any(target_os = "android", target_vendor = "apple"))))]
fn of_the_system() -> Result<(ResolverConfig, ResolverOpts), NetError> {
    const MOST: u64 = 64 * 1024;
    let text = file::regular(std::path::Path::new("/etc/resolv.conf"), MOST)?;
    hickory_resolver::system_conf::parse_resolv_conf(text)
}

#[cfg(not(all(unix, not(any(target_os = "android", target_vendor = "apple")))))]
fn of_the_system() -> Result<(ResolverConfig, ResolverOpts), NetError> {
    hickory_resolver::system_conf::read_system_conf()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Family, answer_of_file};

    #[test]
    fn dns_is_asked_only_if_the_hosts_file_has_no_address_of_the_families_in_use() {
        let four: IpAddr = [192, 0, 2, 1].into();
        let answer = |used, family| answer_of_file(&[four], used, family);
        assert_eq!(answer(Family::Any, Family::V4), Some(vec![four]));
        assert_eq!(answer(Family::Any, Family::V6), Some(Vec::new()));
        assert_eq!(answer(Family::V6, Family::V6), None);
        assert_eq!(answer_of_file(&[], Family::Any, Family::V4), None);
    }
}
