//! Proxy flags: the proxy, the hosts without a proxy, and the source of the proxy's password. As for the password of the
//! mail server, no flag takes the password itself.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::password::{PasswordEnvironment, PasswordSource, only_one};
use crate::cli::UsageError;
use crate::cli::flags::value::closed_list;
use crate::cli::proxy::url;
use crate::plan::{Proxy, ProxyHeaderPlan, ProxyPlan};
use crate::wire::ProxyHeaderVersion;

closed_list!(ProxyHeaderVersion { ProxyHeaderVersion::V1 => "v1", ProxyHeaderVersion::V2 => "v2" });

const BALANCER: &str = "Connection";
const HEADING: &str = "Proxy (also ALL_PROXY and NO_PROXY)";

/// The environment variable that can contain the password for the proxy.
pub const PROXY_VARIABLE: &str = "SMTPCHECK_PROXY_PASSWORD";

/// The list of sources for error messages.
const SOURCES: &str = "--proxy-password-file FILE, --proxy-password-command CMD, --proxy-netrc, SMTPCHECK_PROXY_PASSWORD, smtpcheck-proxy-password in $CREDENTIALS_DIRECTORY, the URL in ALL_PROXY, or a prompt in the terminal";

/// The proxy and its login.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub struct RouteArgs {
    /// Connect through this proxy: socks5h://, socks5://, socks4a://, socks4:// or http://HOST:PORT, as in curl; with
    /// socks5h, socks4a and http, the proxy looks up the target's name
    #[arg(short = 'x', long, value_name = "URL", value_parser = url::flag, help_heading = HEADING)]
    pub proxy: Option<Proxy>,
    /// Connect without a proxy to these hosts; a domain name includes all hosts in the domain
    #[arg(long, value_name = "HOST[,HOST]", help_heading = HEADING)]
    pub noproxy: Option<String>,
    /// Log in to the proxy with this user name
    #[arg(long, value_name = "NAME", value_parser = url::user_name, help_heading = HEADING)]
    pub proxy_user: Option<String>,
    /// Read the password for the proxy from this file
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub proxy_password_file: Option<PathBuf>,
    /// Read the password for the proxy from this command's output
    #[arg(long, value_name = "CMD", help_heading = HEADING)]
    pub proxy_password_command: Option<String>,
    /// Read the password for the proxy from ~/.netrc, or from the file that $NETRC names
    #[arg(long, help_heading = HEADING)]
    pub proxy_netrc: bool,
    /// Begin each connection to the target's port with a PROXY protocol header, as a load balancer does
    #[arg(long, value_name = "VERSION", value_enum, help_heading = BALANCER)]
    pub haproxy_protocol: Option<ProxyHeaderVersion>,
    /// Client IP address in the PROXY header [default: the local IP address]; if --haproxy-protocol is omitted, a version 1 header is sent
    #[arg(long, value_name = "ADDR", help_heading = BALANCER)]
    pub haproxy_clientip: Option<IpAddr>,
    /// Not supported. Declared only so that the error can list the supported sources.
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, action = ArgAction::Append, default_missing_value = "")]
    pub proxy_password: Vec<String>,
}

impl RouteArgs {
    /// The PROXY header. As in curl, `--haproxy-clientip` alone is enough to request one.
    pub fn proxy_header(&self) -> Option<ProxyHeaderPlan> {
        let version = self.haproxy_protocol.or(self.haproxy_clientip.map(|_| ProxyHeaderVersion::V1))?;
        Some(ProxyHeaderPlan { version, client: self.haproxy_clientip })
    }
}

/// The flags of this group whose values no error message repeats, because a user may write the password there.
pub const FLAGS: &[&str] = &["--proxy-password", "--proxy-password-file", "--proxy-password-command", "--proxy-netrc"];

/// A source of the password for a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyPasswordSource {
    /// The URL in this environment variable.
    Url(String),
    /// One of the source kinds for the mail server's password, with a name that begins with `proxy-`.
    Named(PasswordSource),
}

/// The sources that are available without a flag.
#[derive(Clone, Debug)]
pub struct ProxyPasswordEnvironment {
    /// Whether the URL in the variable that names the proxy contains a password.
    pub url: bool,
    /// The other sources.
    pub password: PasswordEnvironment,
}

impl RouteArgs {
    /// The source to read, or `None` if the proxy needs no password. A flag takes precedence over the environment, and the
    /// environment over a prompt.
    pub fn password_source(
        &self,
        plan: Option<&ProxyPlan>,
        environment: ProxyPasswordEnvironment,
    ) -> Result<Option<ProxyPasswordSource>, UsageError> {
        if !self.proxy_password.is_empty() {
            let reason = "not supported: any user of this machine could read the password in the process list";
            return Err(UsageError::flag("--proxy-password", reason).with_hint(format!("use {SOURCES}")));
        }
        let given = [
            self.proxy_password_file.clone().map(|file| ("--proxy-password-file", PasswordSource::File(file))),
            self.proxy_password_command
                .clone()
                .map(|command| ("--proxy-password-command", PasswordSource::Command(command))),
            self.proxy_netrc.then_some(("--proxy-netrc", PasswordSource::Netrc)),
        ];
        let given = only_one(given)?;
        let Some(plan) = plan else {
            return match (given, &self.proxy_user) {
                (Some((flag, _)), _) => {
                    Err(UsageError::flag(flag.to_owned(), "no proxy given").with_hint("add --proxy URL"))
                }
                (None, Some(_)) => Err(UsageError::flag("--proxy-user", "no proxy given").with_hint("add --proxy URL")),
                (None, None) => Ok(None),
            };
        };
        if let Some((flag, _)) = given.as_ref().filter(|_| !plan.proxy.scheme.has_passwords()) {
            let reason = format!("{} does not support passwords", plan.proxy.scheme);
            return Err(
                UsageError::flag((*flag).to_owned(), reason).with_hint("use a SOCKS5 or HTTP proxy, or omit the flag")
            );
        }
        let is_needed = plan.exception.is_none() && plan.proxy.user.is_some() && plan.proxy.scheme.has_passwords();
        match given {
            Some((flag, _)) if plan.proxy.user.is_none() => {
                Err(UsageError::flag(flag.to_owned(), "no user name given").with_hint("add --proxy-user NAME"))
            }
            _ if !is_needed => Ok(None),
            Some((_, source)) => Ok(Some(ProxyPasswordSource::Named(source))),
            None if environment.url && self.proxy_user.is_none() => {
                Ok(plan.variable.clone().map(ProxyPasswordSource::Url))
            }
            None => match environment.password.source() {
                Some(source) => Ok(Some(ProxyPasswordSource::Named(source))),
                None => Err(UsageError::flag("--proxy-user", "no proxy password given")
                    .with_hint(format!("provide the password with {SOURCES}"))),
            },
        }
    }
}
