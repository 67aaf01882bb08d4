//! The flags of `smtpcheck ports`, and the plans that they make: one a port, alike but for port and TLS mode.
//!
//! Each plan is that of an ordinary check without login and envelope, so each port gets an ordinary report.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{ArgMatches, Args};

use super::UsageError;
use super::args::DisplayArgs;
use super::config::ConfigFlags;
use super::{plan as single, resolve, target};
use crate::plan::{
    CertificateDays, Family, Limits, Override, Plan, QuitAfter, ScanDepth, Target, Tls, TlsMode, TlsVersion,
    ValueOrigin, Verify,
};
use crate::wire::Host;

/// More would be a port scan.
const MOST: usize = 16;

/// Flags of `smtpcheck ports`.
#[derive(Args, Clone, Debug)]
pub struct PortsArgs {
    /// A host name or an address, without a port, or @PROFILE
    #[arg(value_name = "HOST")]
    pub host: Option<String>,
    /// Ports to look at; those that end in 465 speak TLS from the first byte, the others STARTTLS
    #[arg(long, value_name = "PORT[,PORT]", default_value = "25,465,587,2525", help_heading = "Reach")]
    pub ports: String,
    /// Use IPv4 only
    #[arg(short = '4', long, help_heading = "Reach", conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Use IPv6 only
    #[arg(short = '6', long, help_heading = "Reach")]
    pub ipv6: bool,
    /// Use this address for that host, on all ports (repeat)
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR]", allow_hyphen_values = true, help_heading = "Reach")]
    pub resolve: Vec<String>,
    /// Ask this resolver in the place of the system's
    #[arg(long, value_name = "IP[:PORT]", help_heading = "Reach")]
    pub resolver: Option<String>,
    /// Time to connect, look-up included
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = "Reach")]
    pub connect_timeout: String,
    /// Time for one reply
    #[arg(long, value_name = "TIME", default_value = "30s", help_heading = "Reach")]
    pub timeout: String,
    /// Time for everything
    #[arg(short, long, value_name = "TIME", default_value = "60s", help_heading = "Reach")]
    pub max_time: String,

    /// Name to announce [default: this machine's]
    #[arg(long, value_name = "NAME", visible_alias = "helo", help_heading = "Say")]
    pub ehlo: Option<String>,

    /// Name to ask for, and to expect in the certificate [default: the host]
    #[arg(long, value_name = "NAME", help_heading = "TLS")]
    pub sni: Option<String>,
    /// Trust the certificates in this PEM file, in the place of the system's
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub cacert: Option<PathBuf>,

    /// One JSON document, see `smtpcheck schema ports`
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Write to this file, whole or not at all
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// The verdict line only
    #[arg(short, long, help_heading = "Output", conflicts_with = "verbose")]
    pub quiet: bool,
    /// The conversation and the whole report of each port, below the table
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,

    #[command(flatten)]
    pub look: DisplayArgs,

    /// Fail from this severity on: error, warning, notice, never
    #[arg(long, value_name = "SEVERITY", default_value = "error", help_heading = "Gate")]
    pub fail_on: String,
    /// Do not count findings of this rule (repeat)
    #[arg(long, value_name = "RULE", help_heading = "Gate")]
    pub ignore: Vec<String>,

    #[command(flatten)]
    pub config: ConfigFlags,
    /// What the configuration file says
    #[arg(skip)]
    pub from_file: BTreeMap<String, ValueOrigin>,
}

/// The plans, one a port, in the order of the ports.
pub fn plans(args: &PortsArgs, matches: &ArgMatches, hostname: Option<&str>) -> Result<Vec<Plan>, UsageError> {
    let host = host(args.host.as_deref())?;
    let ports = ports(&args.ports)?;
    let mut origins = single::origins(matches, &args.from_file);
    origins.insert("port".to_owned(), origins.get("ports").copied().unwrap_or(ValueOrigin::Default));
    if args.ehlo.is_none() {
        origins.insert("ehlo".to_owned(), ValueOrigin::Machine);
    }
    let template = Plan {
        target: Target { input: args.host.clone().unwrap_or_default(), host, port: 0 },
        family: match (args.ipv4, args.ipv6) {
            (true, _) => Family::V4,
            (false, true) => Family::V6,
            (false, false) => Family::Any,
        },
        overrides: overrides(&args.resolve, &ports)?,
        resolver: args.resolver.as_deref().map(single::resolver).transpose()?,
        limits: Limits {
            connect_ms: single::duration("--connect-timeout", &args.connect_timeout)?,
            reply_ms: single::duration("--timeout", &args.timeout)?,
            total_ms: single::duration("--max-time", &args.max_time)?,
            // For each port; what several of them ask is asked once.
            max_connections: 6,
        },
        ehlo: single::ehlo(args.ehlo.as_deref(), hostname)?,
        from: None,
        to: Vec::new(),
        quit_after: QuitAfter::Rcpt,
        tls: Tls {
            mode: TlsMode::Auto,
            sni: args.sni.as_deref().map(single::sni).transpose()?,
            cacert: args.cacert.clone(),
            identity: None,
            verify: Verify::Required,
            min: TlsVersion::V1_2,
            days: CertificateDays::default(),
            scan: false,
            scan_depth: ScanDepth::Basic,
            profile: None,
        },
        login: None,
        probes: Vec::new(),
        gate: single::gate(&args.fail_on, &args.ignore)?,
        origins,
    };
    let mut plans: Vec<Plan> = ports.into_iter().map(|port| for_port(&template, port)).collect();
    resolve::mark_unused(&mut plans);
    Ok(plans)
}

fn for_port(template: &Plan, port: u16) -> Plan {
    let mut plan = template.clone();
    plan.target.port = port;
    // Servers that open a second port for implicit TLS call it 2465, 4465, 10465.
    if port % 1000 == 465 {
        plan.tls.mode = TlsMode::Implicit;
    }
    plan
}

fn host(typed: Option<&str>) -> Result<Host, UsageError> {
    let Some(typed) = typed else {
        return Err(UsageError::new("a host is missing; write for example: smtpcheck ports smtp.example.net"));
    };
    let target = target::parse(typed)?;
    match target.port {
        Some(port) => Err(UsageError::new(format!(
            "ports looks at several ports of a host: write {} alone, and --ports {port} to look at that one",
            target.host
        ))),
        None => Ok(target.host),
    }
}

fn ports(list: &str) -> Result<Vec<u16>, UsageError> {
    let mut ports = Vec::new();
    for word in list.split(',') {
        let wrong = |why: String| UsageError::new(format!("--ports {}: {why}", list.escape_debug()));
        if word.trim().is_empty() {
            return Err(wrong("a port is empty; write numbers with commas between: 25,465,587".to_owned()));
        }
        let port = target::port_number(word).map_err(wrong)?;
        if ports.contains(&port) {
            return Err(wrong(format!("{port} is there twice")));
        }
        ports.push(port);
    }
    if ports.len() > MOST {
        return Err(UsageError::new(format!("--ports: {} are too many; at most {MOST} are looked at", ports.len())));
    }
    Ok(ports)
}

/// The name is looked up once for all ports, so an address that is given for one of them counts for all.
fn overrides(given: &[String], ports: &[u16]) -> Result<Vec<Override>, UsageError> {
    let mut all: Vec<Override> = Vec::new();
    for one in resolve::overrides(given)? {
        for &port in ports {
            let same = Override { port, ..one.clone() };
            if !all.contains(&same) {
                all.push(same);
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::plans;
    use crate::cli::{Invocation, parse};
    use crate::plan::{Plan, TlsUse};

    fn made(words: &[&str]) -> Result<Vec<Plan>, String> {
        let words = std::iter::once(&"ports").chain(words).map(Into::into).collect();
        match parse(words).map_err(|error| error.to_string())? {
            Invocation::Ports(args, matches) => plans(&args, &matches, None).map_err(|error| error.to_string()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn the_ports_of_mail_are_looked_at_unless_others_are_named() {
        let ports = |words: &[&str]| {
            made(words).map(|plans| plans.iter().map(|plan| (plan.target.port, plan.tls_use())).collect::<Vec<_>>())
        };
        let (implicit, offered) = (TlsUse::Implicit, TlsUse::IfOffered);
        assert_eq!(ports(&["h.example"]), Ok(vec![(25, offered), (465, implicit), (587, offered), (2525, offered)]));
        assert_eq!(ports(&["h.example", "--ports", "2465, 26"]), Ok(vec![(2465, implicit), (26, offered)]));
    }

    #[test]
    fn an_address_that_is_given_counts_for_all_ports() {
        let words = ["h.example", "--ports", "25,587", "--resolve", "h.example:25:192.0.2.1"];
        let plans = made(&words).expect("sound arguments");
        assert!(plans.iter().all(|plan| plan.overrides.iter().any(|given| given.port == plan.target.port)));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (words, needle) in [
            (&[][..], "a host is missing"),
            (&["h.example:25"], "--ports 25"),
            (&["h.example", "--ports", "abc"], "abc is not a port"),
            (&["h.example", "--ports", "25,0"], "0 is not a port"),
            (&["h.example", "--ports", "25,70000"], "70000 is not a port"),
            (&["h.example", "--ports", "25,587,25"], "25 is there twice"),
            (&["h.example", "--ports", "25,,587"], "a port is empty"),
            (&["h.example", "--ports", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"], "at most 16"),
            (&["h.example", "--timeout", "3"], "unit is missing"),
            (&["h.example", "--fail-on", "fatal"], "--fail-on fatal"),
            (&["h.example", "--ignore", "no-such-rule"], "there is no such rule"),
            (&["u@h.example"], "--user"),
        ] {
            let message = made(words).expect_err("a mistake");
            assert!(message.contains(needle), "{words:?} -> {message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
