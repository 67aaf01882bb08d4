//! The modules of the exporter: builds the plan for a request from the settings of its module.
//!
//! Clients choose the target of a request, and a module can contain a login, so a request could send the password to
//! any server. A module therefore sends its password only to the target of its profile and to its `login-host`. The
//! name that the certificate must match (`hostname`) must also be one of these hosts, because it determines which
//! server smtpcheck accepts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;

use clap::ArgMatches;

use super::super::secrets::PromptUse;
use super::super::{CommandError, config, secrets};
use crate::cli::commands::check::CheckArgs;
use crate::cli::commands::domain::DomainArgs;
use crate::cli::commands::exporter::ExporterArgs;
use crate::cli::config::{ModuleSettings, ModuleType, masked};
use crate::cli::flags::password::{PasswordEnvironment, PasswordSource};
use crate::cli::flags::tls::server_name;
use crate::cli::{ErrorOrigin, Invocation, UsageError, domain, located, parse_with, plan as planning, target};
use crate::expect::{Expectation, Expression};
use crate::exporter::{FetchSecret, PlannedProbe, ProbePlanner, ProbeRefusal, ProbeRequest, ReloadMistake};
use crate::host::name;
use crate::plan::{AddressChoice, LoginProof, Plan, ValueOrigin};
use crate::render::exporter::ModuleRow;
use crate::run::ProxyPasswords;
use crate::source::nearest;
use crate::wire::Host;

/// An example server and an example domain, for validating the settings of a module.
const EXAMPLE_SERVER: &str = "smtp.example.net";
const EXAMPLE_DOMAIN: &str = "example.net";

/// The module that is used if a request names no module.
const DEFAULT: &str = "default";

/// All modules of a configuration.
pub(super) struct Modules {
    /// The arguments that select the configuration file.
    words: Vec<OsString>,
    hostname: Option<String>,
    modules: BTreeMap<String, Module>,
    /// The passwords for the proxies of the modules.
    proxies: ProxyPasswords,
}

/// A module whose settings were validated.
struct Module {
    settings: ModuleSettings,
    check: ModuleCheck,
    /// A plan for the target of the profile, or for an example target.
    example: Plan,
}

/// What a module checks.
enum ModuleCheck {
    Server(Box<ServerModule>),
    Domain(Box<DomainArgs>, ArgMatches),
}

struct ServerModule {
    args: CheckArgs,
    matches: ArgMatches,
    login: ModuleLogin,
    /// The target of the profile.
    target: Option<String>,
}

/// The login of a module.
enum ModuleLogin {
    /// The module does not log in.
    None,
    /// The module logs in to these hosts. Without a source, the login needs no password.
    On(Vec<Host>, Option<PasswordSource>),
    /// The profile names no password source that a service can read.
    Unusable(String),
}

impl Modules {
    /// Reads the configuration file that the flags select.
    pub(super) fn read(args: &ExporterArgs) -> Result<Modules, CommandError> {
        let mut words: Vec<OsString> = vec!["exporter".into()];
        if let Some(path) = &args.config.config {
            words.extend(["--config".into(), path.into()]);
        }
        if args.config.no_config {
            words.push("--no-config".into());
        }
        Modules::read_by(words)
    }

    /// The passwords for proxies, which a reload replaces.
    pub(super) fn proxies(&self) -> &ProxyPasswords {
        &self.proxies
    }

    fn read_by(words: Vec<OsString>) -> Result<Modules, CommandError> {
        let hostname = name::host_name();
        let mut modules = BTreeMap::new();
        let proxies = ProxyPasswords::default();
        for settings in config::modules(&words)? {
            let module = Module::new(settings, hostname.as_deref())?;
            if let ModuleCheck::Server(server) = &module.check {
                let plans = std::slice::from_ref(&module.example);
                let added = secrets::add_proxies(&proxies, &server.args.route, plans, PromptUse::Never);
                added.map_err(|error| in_module(&module.settings.name, error))?;
            }
            modules.insert(module.settings.name.clone(), module);
        }
        Ok(Modules { words, hostname, modules, proxies })
    }

    /// Warns about profiles that cannot be used, and about private keys that other users can read.
    pub(super) fn warn(&self) {
        for (name, module) in &self.modules {
            secrets::warn_of_key(&module.example);
            if let ModuleCheck::Server(server) = &module.check
                && let ModuleLogin::Unusable(why) = &server.login
            {
                secrets::warn(&format!("the profile {name} cannot be used as a module: {why}"));
            }
        }
    }
}

impl ProbePlanner for Modules {
    fn plan(&self, request: &ProbeRequest) -> Result<PlannedProbe, ProbeRefusal> {
        let name = request.module.as_deref().unwrap_or(DEFAULT);
        let module = self.modules.get(name).ok_or_else(|| {
            let known = || self.modules.keys().map(String::as_str);
            let hint = match nearest(name, known()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the modules are {}", known().collect::<Vec<_>>().join(", ")),
            };
            ProbeRefusal::UnknownModule(format!("unknown module {}; {hint}", name.escape_debug()))
        })?;
        match &module.check {
            ModuleCheck::Server(server) => server.plan(name, request, self.hostname.as_deref()),
            ModuleCheck::Domain(args, matches) => domain_plan(name, args, matches, request, self.hostname.as_deref()),
        }
    }

    fn modules(&self) -> Vec<ModuleRow> {
        let row = |(name, module): (&String, &Module)| {
            let (target, logs_in) = match &module.check {
                ModuleCheck::Server(server) => (server.target.clone(), !matches!(server.login, ModuleLogin::None)),
                ModuleCheck::Domain(..) => (None, false),
            };
            ModuleRow { name: name.clone(), kind: module.settings.kind.word(), target, logs_in }
        };
        self.modules.iter().map(row).collect()
    }

    fn configuration(&self, module: Option<&str>) -> String {
        let chosen = self.modules.values().filter(|one| module.is_none_or(|name| one.settings.name == name));
        chosen.map(module_toml).collect::<Vec<_>>().join("\n")
    }

    fn examples(&self) -> Vec<Plan> {
        self.modules.values().map(|module| module.example.clone()).collect()
    }

    fn read_again(&self) -> Result<Box<dyn ProbePlanner>, ReloadMistake> {
        let modules = Modules::read_by(self.words.clone()).map_err(|error| {
            let details = error.to_string();
            ReloadMistake { place: format!("{}; the exporter's log contains the reason", place(&error)), details }
        })?;
        modules.warn();
        self.proxies.replace(modules.proxies);
        Ok(Box::new(Modules { proxies: self.proxies.clone(), ..modules }))
    }
}

/// Names the module in an error about the password for its proxy.
fn in_module(name: &str, error: CommandError) -> CommandError {
    match error {
        CommandError::Usage(error) => {
            UsageError { reason: format!("module {name}: {}", error.reason).into(), ..error }.into()
        }
        other @ (CommandError::Output(_) | CommandError::Machine(_)) => other,
    }
}

/// Where the error is. The value is omitted, because a client must not see it.
fn place(error: &CommandError) -> String {
    match error {
        CommandError::Usage(error) => match error.origin.as_deref() {
            Some(ErrorOrigin::File { path, at }) => format!("{}:{}:{}", path.display(), at.line, at.column),
            Some(ErrorOrigin::Variable(name)) => name.clone(),
            None => "the configuration file".to_owned(),
        },
        CommandError::Output(_) | CommandError::Machine(_) => "this machine".to_owned(),
    }
}

/// The settings of a module as TOML. The arguments of a command are hidden, because they may contain a secret.
fn module_toml(module: &Module) -> String {
    let ModuleSettings { name, kind, login_hosts, settings } = &module.settings;
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let list = |values: Vec<String>| match values.as_slice() {
        [one] => quoted(one),
        many => format!("[{}]", many.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ")),
    };
    let mut text = format!("[module.{name}]\ntype = {}\n", quoted(kind.word()));
    for setting in settings.target.iter().chain(&settings.settings) {
        let values = setting.values.iter().map(|value| masked(&setting.key, value)).collect();
        let _ = writeln!(text, "{} = {}", setting.key, list(values));
    }
    if !login_hosts.is_empty() {
        let _ = writeln!(text, "login-host = {}", list(login_hosts.iter().map(ToString::to_string).collect()));
    }
    text
}

impl Module {
    fn new(settings: ModuleSettings, hostname: Option<&str>) -> Result<Module, CommandError> {
        let (command, example) = match settings.kind {
            ModuleType::Server => ("check", EXAMPLE_SERVER),
            ModuleType::Domain => ("domain", EXAMPLE_DOMAIN),
        };
        let words: Vec<OsString> = [command, "--", example].map(Into::into).into();
        let placed = |error: UsageError| located(error, &words, &settings.settings);
        let (check, example) = match parse_with(words.clone(), &settings.settings).map_err(placed)? {
            Invocation::Check(args, matches) => {
                let (server, example) = ServerModule::new(*args, matches, &settings, hostname).map_err(placed)?;
                (ModuleCheck::Server(Box::new(server)), example)
            }
            Invocation::Domain(args, matches) => {
                let example = domain::plan(&args, &matches, hostname).map_err(placed)?;
                planned_expectations(&args.expect.expect, &example).map_err(placed)?;
                (ModuleCheck::Domain(args, matches), example)
            }
            _ => return Err(CommandError::usage("a module has no check")),
        };
        Ok(Module { settings, check, example })
    }
}

impl ServerModule {
    /// The module with a plan for its own target, or for an example target.
    fn new(
        mut args: CheckArgs,
        matches: ArgMatches,
        settings: &ModuleSettings,
        hostname: Option<&str>,
    ) -> Result<(ServerModule, Plan), UsageError> {
        let target = settings.settings.target.as_ref().and_then(|target| target.values.first().cloned());
        if target.is_some() {
            args.target_origin = ValueOrigin::Profile;
        }
        let example = planning::plan(&args, &matches, target.as_deref().unwrap_or(EXAMPLE_SERVER), hostname)?;
        planned_expectations(&args.expect.expect, &example)?;
        let login = match login(&args, &example, settings, target.is_some()) {
            Ok(login) => login,
            // This is not an error, because the profile may be intended only for use in a terminal.
            Err(error) if !settings.settings.is_of_module => ModuleLogin::Unusable(error.to_string()),
            Err(error) => return Err(error),
        };
        Ok((ServerModule { args, matches, login, target }, example))
    }

    fn plan(&self, module: &str, request: &ProbeRequest, hostname: Option<&str>) -> Result<PlannedProbe, ProbeRefusal> {
        let invalid = |error: UsageError| ProbeRefusal::Invalid(error.to_string());
        let Some(target) = request.target.as_ref().or(self.target.as_ref()) else {
            let message = "the parameter target is missing; write /probe?target=HOST:PORT";
            return Err(ProbeRefusal::Invalid(message.to_owned()));
        };
        let typed = target::parse(target).map_err(|error| {
            let with_user = target.contains('@');
            let hint = "write HOST:PORT; set the user name with the module's key \"user\" in the configuration file";
            invalid(if with_user { error.with_hint(hint) } else { error })
        })?;
        let mut args = self.args.clone();
        if self.target.as_ref() != Some(target) {
            // A client of the exporter must not be able to choose a file on the exporter's machine.
            if typed.host.socket().is_some() {
                let message = format!("{target} is a Unix socket, which is allowed only as the target of a module");
                return Err(ProbeRefusal::OtherHost(message));
            }
            args.target_origin = ValueOrigin::Flag;
        }
        let name = match &request.hostname {
            Some(text) => {
                let name = server_name(text);
                let name = name.map_err(|error| invalid(UsageError::from(error).about("hostname", text)))?;
                args.trust.sni = Some(name.clone());
                args.from_file.insert("sni".to_owned(), ValueOrigin::Flag);
                Some(name)
            }
            None => None,
        };
        let source = match &self.login {
            ModuleLogin::None => None,
            ModuleLogin::Unusable(why) => {
                return Err(ProbeRefusal::Invalid(format!("the module {module} cannot be used: {why}")));
            }
            ModuleLogin::On(hosts, source) => {
                let named = name.as_deref().and_then(|name| Host::parse(name).ok());
                let foreign =
                    [Some(&typed.host), named.as_ref()].into_iter().flatten().find(|host| !hosts.contains(host));
                if let Some(host) = foreign {
                    return Err(ProbeRefusal::OtherHost(format!(
                        "the module {module} does not send its password to {host}; to permit this, add login-host = \"{host}\" under [module.NAME]"
                    )));
                }
                source.clone()
            }
        };
        let plan = planning::plan(&args, &self.matches, target, hostname).map_err(invalid)?;
        let expectations = planned_expectations(&args.expect.expect, &plan).map_err(invalid)?;
        let needs_more = plan.tls.scan || !plan.probes.is_empty() || plan.addresses == AddressChoice::Every;
        let is_limited = args.port.max_connections.is_none() && !needs_more;
        let scrape_connections = if is_limited { 1 } else { plan.limits.max_connections };
        let fetch = source.map(fetch);
        Ok(PlannedProbe { module: module.to_owned(), plan, scrape_connections, expectations, fetch })
    }
}

/// The login of a module, with the hosts that the password may be sent to.
fn login(
    args: &CheckArgs,
    example: &Plan,
    settings: &ModuleSettings,
    has_target: bool,
) -> Result<ModuleLogin, UsageError> {
    let hint = "use password-file, password-command or token-command";
    if args.password.netrc {
        return Err(UsageError::flag("--netrc", "the exporter does not read ~/.netrc").with_hint(hint));
    }
    let Some(login) = &example.login else {
        if settings.login_hosts.is_empty() {
            return Ok(ModuleLogin::None);
        }
        let error = UsageError::new(format!("module {}: login-host has no effect without a user", settings.name));
        return Err(error.with_hint("add user = \"...\", or remove login-host"));
    };
    // Every module with a login would send a password from the environment.
    let environment = PasswordEnvironment { variable: false, directory: None, terminal: false };
    let needs_secret = login.proof != LoginProof::NoSecret;
    let source = match args.password.source(args.auth.user.as_deref(), Some(login), environment) {
        Ok(source) => source,
        Err(error) if needs_secret && error.flag.as_deref() == Some("--user") => {
            return Err(UsageError::flag("--user", "no password given").with_hint(hint));
        }
        Err(error) => return Err(error),
    };
    let own = has_target.then(|| example.target.host.clone());
    let hosts: Vec<Host> = settings.login_hosts.iter().cloned().chain(own).collect();
    if hosts.is_empty() {
        let error = UsageError::new(format!("module {}: no host is given for the login", settings.name));
        return Err(error.with_hint("add login-host = [\"...\"], or profile = \"...\" with a target"));
    }
    Ok(ModuleLogin::On(hosts, source))
}

fn fetch(source: PasswordSource) -> FetchSecret {
    Box::new(move |plan| {
        let read = || secrets::fetch(&source, plan).map(Some);
        secrets::measured(Some(&source), read).map_err(|error| error.to_string())
    })
}

fn domain_plan(
    module: &str,
    args: &DomainArgs,
    matches: &ArgMatches,
    request: &ProbeRequest,
    hostname: Option<&str>,
) -> Result<PlannedProbe, ProbeRefusal> {
    let invalid = |error: UsageError| ProbeRefusal::Invalid(error.to_string());
    let Some(target) = &request.target else {
        let message = "the parameter target is missing; write /probe?target=DOMAIN";
        return Err(ProbeRefusal::Invalid(message.to_owned()));
    };
    if request.hostname.is_some() {
        let message = format!("hostname has no effect: the module {module} checks a domain; remove it");
        return Err(ProbeRefusal::Invalid(message));
    }
    let args = DomainArgs { domains: vec![target.clone()], ..args.clone() };
    let plan = domain::plan(&args, matches, hostname).map_err(invalid)?;
    let expectations = planned_expectations(&args.expect.expect, &plan).map_err(invalid)?;
    // A domain has several MX hosts, and each of them needs a session.
    let scrape_connections = plan.limits.max_connections;
    Ok(PlannedProbe { module: module.to_owned(), plan, scrape_connections, expectations, fetch: None })
}

/// The expectations of a module. Fails if one of them cannot be evaluated.
fn planned_expectations(expressions: &[Expression], plan: &Plan) -> Result<Vec<Expectation>, UsageError> {
    let expressions = planning::expectations(expressions, std::slice::from_ref(plan))?;
    Ok(expressions.into_iter().map(|expression| Expectation { expression, place: None }).collect())
}
