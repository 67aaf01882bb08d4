//! What the exporter needs to make the plan for a request.

use std::rc::Rc;
use std::time::Duration;

use crate::expect::Expectation;
use crate::plan::Plan;
use crate::render::exporter::ModuleRow;
use crate::secret::Secret;

/// Makes the plans of probes. `commands` implements this trait based on the configuration file.
pub trait ProbePlanner {
    /// The plan for a request.
    fn plan(&self, request: &ProbeRequest) -> Result<PlannedProbe, ProbeRefusal>;
    /// The names of the modules.
    fn modules(&self) -> Vec<ModuleRow>;
    /// The configuration of all modules, or of one, without secrets.
    fn configuration(&self, module: Option<&str>) -> String;
    /// One plan for each module. The plans are not run; they name the files that the modules' checks need.
    fn examples(&self) -> Vec<Plan>;
    /// The planner for the current configuration.
    fn read_again(&self) -> Result<Box<dyn ProbePlanner>, ReloadMistake>;
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadMistake {
    /// The complete reason, for the log. It can repeat a value from the file, which may be a key that a client must not
    /// see.
    pub details: String,
    /// What a client may see: the position of the error.
    pub place: String,
}

/// The parameters of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeRequest {
    /// The target, if the request names one.
    pub target: Option<String>,
    /// The name of the module, if the request names one.
    pub module: Option<String>,
    /// The name that the certificate must cover, if it differs from the name of the target.
    pub hostname: Option<String>,
}

/// A check that has not begun.
pub struct PlannedProbe {
    /// The name of the module.
    pub module: String,
    /// The plan of a request with `debug=true`.
    pub plan: Plan,
    /// The maximum number of connections to the server for a scrape. Scrapes are repeated, so they open no follow-up
    /// sessions unless the module requires more than one session.
    pub scrape_connections: u32,
    /// The expectations of the module.
    pub expectations: Vec<Expectation>,
    /// Reads the password, if the check needs one.
    pub fetch: Option<FetchSecret>,
}

/// Reads the password for a plan, within its time limit. Also returns how long this took, which counts towards the time
/// limit of the check. It blocks the calling thread.
pub type FetchSecret = Box<dyn FnOnce(&Plan) -> Result<(Option<Secret>, Duration), String> + Send>;

/// Why a request does not lead to a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeRefusal {
    /// The request contains an error. The message contains a hint about what to write instead.
    Invalid(String),
    /// There is no such module.
    UnknownModule(String),
    /// The module would send its password to a host that is not permitted for it.
    OtherHost(String),
}

/// Writes a line to the log.
pub type LogLine = Rc<dyn Fn(&str)>;
