//! `smtpcheck ports HOST`.

use std::collections::BTreeMap;

use clap::Args;

use super::{CommandId, CommandSpec, Missing, SettingsUse};
use crate::cli::flags::InvalidValue;
use crate::cli::flags::config::ConfigFlags;
use crate::cli::flags::connection::ConnectionArgs;
use crate::cli::flags::display::{DisplayArgs, OutputTarget};
use crate::cli::flags::exit_status::GateArgs;
use crate::cli::flags::output::{OutputFileArgs, VerbosityArgs};
use crate::cli::flags::route::RouteArgs;
use crate::cli::flags::session::EhloArgs;
use crate::cli::flags::tls::TrustArgs;
use crate::cli::target;
use crate::plan::ValueOrigin;
use crate::render::Display;

/// The maximum number of ports in `--ports`. More ports would amount to a port scan.
const MOST: usize = 16;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Ports,
    name: "ports",
    about: "Check the mail ports of a host, and recommend one",
    details: "This command never logs in and never sends a message.",
    usage: &["ports HOST [FLAGS]"],
    notes: &[
        "If no port works, the exit code is the one for the port whose check reached the latest phase. If several ports reached the same phase, a port for mail programs takes precedence over port 25.",
        concat!(
            "Exit codes:",
            "\n  0        at least one port works: a greeting arrived, and no error was found",
            "\n  2        usage error; nothing was sent",
            "\n  3        no port responds, or the host has no IP address",
            "\n  4        temporarily rejected (4yz)",
            "\n  5        permanently rejected (5yz)",
            "\n  6        TLS or certificate",
            "\n  8        protocol error, or a service other than SMTP",
            "\n  9        incomplete: a time or connection limit was reached",
            "\n  74       the output could not be written",
            "\n  130, 143 interrupted by a signal",
        ),
    ],
    examples: &[
        "smtpcheck ports mail.example.net",
        "smtpcheck ports mail.example.net --ports 25,465,587,2525,2465 --json",
    ],
    settings: SettingsUse::All,
    takes_profile: true,
    missing: Some(Missing { reason: "no host given", hint: "for example: smtpcheck ports smtp.example.net" }),
    is_hidden: false,
    declare: |command| {
        let command = PortsArgs::augment_args(command);
        let command = command.mut_arg("max_time", |arg| arg.help("Overall time limit"));
        let command = command.mut_arg("resolve", |arg| {
            arg.help("Connect to ADDR for HOST instead of looking up HOST in the DNS; applies to all ports of HOST (repeatable)")
        });
        let command = command.mut_arg("haproxy_protocol", |arg| {
            arg.help("Begin each connection with a PROXY protocol header, as a load balancer does")
        });
        command.mut_arg("verbose", |arg| arg.help("Also print the session and the complete report of each port"))
    },
};

/// Flags of `smtpcheck ports`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct PortsArgs {
    /// Host to check: a host name or an IP address, without a port; or @PROFILE, whose port is also checked unless --ports is given
    #[arg(value_name = "HOST")]
    pub host: Option<String>,
    /// Ports to check; ports whose number ends in 465 use implicit TLS; all others use STARTTLS
    #[arg(long, value_name = "PORT[,PORT]", default_value = "25,465,587,2525", value_parser = port_list, help_heading = "Connection")]
    pub ports: PortList,

    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub route: RouteArgs,
    #[command(flatten)]
    pub ehlo: EhloArgs,
    #[command(flatten)]
    pub trust: TrustArgs,
    /// Print one JSON document (see `smtpcheck schema ports`)
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    #[command(flatten)]
    pub output: OutputFileArgs,
    #[command(flatten)]
    pub verbosity: VerbosityArgs,
    #[command(flatten)]
    pub look: DisplayArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub config: ConfigFlags,

    /// The port in the target of the profile.
    #[arg(skip)]
    pub profile_port: Option<u16>,
    /// The flags that the configuration file sets, and whether a profile or the defaults set them.
    #[arg(skip)]
    pub from_file: BTreeMap<String, ValueOrigin>,
}

impl PortsArgs {
    /// The display options for this output.
    pub fn display(&self, target: &OutputTarget) -> Display {
        Display { volume: self.verbosity.verbosity(), ..self.look.display(target) }
    }
}

/// One or more ports, without duplicates, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortList(pub Vec<u16>);

fn port_list(list: &str) -> Result<PortList, InvalidValue> {
    let hint = "use port numbers separated by commas, for example 25,465,587";
    let mut ports = Vec::new();
    for word in list.split(',').map(str::trim) {
        if word.is_empty() {
            return Err(InvalidValue::new("the list contains an empty item", hint));
        }
        let wrong = |_| InvalidValue::new(format!("{} is not a port", word.escape_debug()), hint);
        let port = target::port_number(word).map_err(wrong)?;
        if ports.contains(&port) {
            return Err(InvalidValue::new(format!("port {port} is listed twice"), "list each port once"));
        }
        ports.push(port);
    }
    if ports.len() > MOST {
        return Err(InvalidValue::new(format!("{} ports are too many", ports.len()), format!("list at most {MOST}")));
    }
    Ok(PortList(ports))
}
