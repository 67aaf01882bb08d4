//! The tools whose flags are known, and what each flag corresponds to.

use crate::cli::flags::password::SOURCES;
use crate::secret::written::may_contain_password;

/// A tool whose flags are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignTool {
    /// swaks.
    Swaks,
    /// `openssl s_client`.
    OpenSsl,
    /// check_smtp of the Monitoring Plugins.
    CheckSmtp,
    /// curl.
    Curl,
    /// Any other tool.
    Other,
}

/// Flags of one tool that have the same meaning.
pub(super) struct ForeignFlags {
    /// The flags with their dashes.
    pub(super) names: &'static [&'static str],
    /// The equivalent in smtpcheck.
    pub(super) answer: Equivalent,
}

pub(super) enum Equivalent {
    /// A flag of smtpcheck that takes the same value, and a placeholder for a missing value.
    Flag(&'static str, &'static str),
    /// A hint that does not repeat the value.
    Text(&'static str),
    /// The value is the target, which needs no flag.
    Target,
    /// The value is a password, so no message may repeat it.
    Password,
    /// smtpcheck has the same flag with the same meaning. Only for the documentation.
    Same,
    /// smtpcheck has a flag with this name but a different meaning. The text names what to use instead. Only for the
    /// documentation.
    Differs(&'static str),
}

impl ForeignTool {
    /// The name of the tool.
    pub fn name(self) -> &'static str {
        match self {
            ForeignTool::Swaks => "swaks",
            ForeignTool::OpenSsl => "openssl s_client",
            ForeignTool::CheckSmtp => "check_smtp",
            ForeignTool::Curl => "curl",
            ForeignTool::Other => "another tool",
        }
    }
}

impl Equivalent {
    /// Whether smtpcheck does not have the flag.
    pub(super) fn is_foreign(&self) -> bool {
        !matches!(self, Equivalent::Same | Equivalent::Differs(_))
    }

    pub(super) fn hint(&self, value: Option<String>) -> String {
        let shown = |value: &str| {
            let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "-._:@/[],%+=".contains(c));
            if is_plain { value.to_owned() } else { format!("'{}'", value.escape_debug()) }
        };
        match self {
            Equivalent::Flag(flag, placeholder) => {
                let value = value.as_deref().filter(|value| !may_contain_password(value));
                format!("use {flag} {}", value.map_or_else(|| (*placeholder).to_owned(), shown))
            }
            Equivalent::Text(text) | Equivalent::Differs(text) => (*text).to_owned(),
            Equivalent::Same => "the same".to_owned(),
            Equivalent::Target => {
                let target = value.unwrap_or_else(|| "HOST:PORT".to_owned());
                // smtp://user:password@host is common with curl.
                let target = target.rsplit_once('@').map_or(target.as_str(), |(_, host)| host);
                let target = if may_contain_password(target) { "HOST:PORT" } else { target };
                format!("write the target without a flag: smtpcheck {}", shown(target))
            }
            Equivalent::Password => format!("provide the password with {SOURCES}"),
        }
    }
}
