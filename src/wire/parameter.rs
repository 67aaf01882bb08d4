//! Parameters of MAIL and RCPT (RFC 5321 §4.1.2): a keyword of an extension, and a value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The maximum length of a parameter. RFC 5321 §4.5.3.1.4 allows 512 bytes for a command line, to which extensions add
/// their own lengths.
const MAX_LENGTH: usize = 500;

/// A parameter of MAIL or RCPT.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Parameter {
    /// In upper case.
    keyword: String,
    value: Option<String>,
}

/// Parameters and the extensions that define them. Any other parameter is defined by the extension of the same name.
const EXTENSIONS: &[(&str, &str)] = &[
    // RFC 6152, RFC 3030.
    ("BODY", "8BITMIME"),
    // RFC 3461.
    ("RET", "DSN"),
    ("ENVID", "DSN"),
    ("NOTIFY", "DSN"),
    ("ORCPT", "DSN"),
    // RFC 4865.
    ("HOLDFOR", "FUTURERELEASE"),
    ("HOLDUNTIL", "FUTURERELEASE"),
    // RFC 2852.
    ("BY", "DELIVERBY"),
    // RFC 3865.
    ("SOLICIT", "NO-SOLICITING"),
];

impl Parameter {
    /// Parses `NAME` or `NAME=VALUE`. The value cannot contain a space, an equals sign or a control character (RFC 5321
    /// §4.1.2, esmtp-value); a value with such characters is encoded in xtext.
    pub fn parse(text: &str) -> Result<Parameter, ParameterError> {
        let (keyword, value) = match text.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (text, None),
        };
        let is_in_keyword = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if keyword.is_empty() || keyword.starts_with('-') || !keyword.chars().all(is_in_keyword) {
            return Err(ParameterError::Keyword);
        }
        let is_in_value = |c: char| c.is_ascii_graphic() && c != '=';
        match value {
            Some("") => return Err(ParameterError::EmptyValue),
            Some(value) if !value.chars().all(is_in_value) => return Err(ParameterError::Value),
            _ if text.len() > MAX_LENGTH => return Err(ParameterError::Length),
            _ => {}
        }
        Ok(Parameter { keyword: keyword.to_ascii_uppercase(), value: value.map(str::to_owned) })
    }

    /// The `SMTPUTF8` parameter (RFC 6531 §3.4).
    pub fn smtputf8() -> Parameter {
        Parameter { keyword: "SMTPUTF8".to_owned(), value: None }
    }

    /// The name of the parameter, in upper case.
    pub fn keyword(&self) -> &str {
        &self.keyword
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// The extension that a server must advertise before the parameter may be sent (RFC 5321 §4.1.1.11).
    pub fn extension(&self) -> &str {
        // RFC 3030 §3: BINARYMIME is a separate extension.
        if self.keyword == "BODY" && self.value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("BINARYMIME"))
        {
            return "BINARYMIME";
        }
        EXTENSIONS
            .iter()
            .find(|(keyword, _)| *keyword == self.keyword)
            .map_or(&self.keyword, |(_, extension)| extension)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.keyword),
            None => f.write_str(&self.keyword),
        }
    }
}

impl TryFrom<String> for Parameter {
    type Error = ParameterError;

    fn try_from(text: String) -> Result<Parameter, ParameterError> {
        Parameter::parse(&text)
    }
}

impl From<Parameter> for String {
    fn from(parameter: Parameter) -> String {
        parameter.to_string()
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Parameter {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Parameter".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "a parameter of MAIL or RCPT: NAME or NAME=VALUE" })
    }
}

/// Why a string is not a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterError {
    /// The name is missing or contains a character that is not allowed.
    Keyword,
    /// There is an equals sign but no value.
    EmptyValue,
    /// The value contains a character that is not allowed.
    Value,
    /// It is too long.
    Length,
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParameterError::Keyword => {
                f.write_str("the name of a parameter consists of letters, digits and hyphens; for example: SIZE=1000")
            }
            ParameterError::EmptyValue => f.write_str("the value is empty; omit the equals sign if the parameter has no value"),
            ParameterError::Value => f.write_str(
                "the value contains a space, an equals sign or another character that must be encoded in xtext: for example +20 for a space and +3D for an equals sign",
            ),
            ParameterError::Length => write!(f, "the parameter is longer than {MAX_LENGTH} bytes"),
        }
    }
}

impl std::error::Error for ParameterError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Parameter, ParameterError};

    #[test]
    fn a_parameter_has_a_name_a_value_and_an_extension() {
        for (text, shown, extension) in [
            ("size=1000", "SIZE=1000", "SIZE"),
            ("BODY=8BITMIME", "BODY=8BITMIME", "8BITMIME"),
            ("BODY=BINARYMIME", "BODY=BINARYMIME", "BINARYMIME"),
            ("RET=HDRS", "RET=HDRS", "DSN"),
            ("notify=SUCCESS,FAILURE", "NOTIFY=SUCCESS,FAILURE", "DSN"),
            ("ORCPT=rfc822;a+2Bb@example.net", "ORCPT=rfc822;a+2Bb@example.net", "DSN"),
            ("REQUIRETLS", "REQUIRETLS", "REQUIRETLS"),
            ("X-OWN=1", "X-OWN=1", "X-OWN"),
        ] {
            let parameter = Parameter::parse(text).expect("a parameter");
            assert_eq!((parameter.to_string().as_str(), parameter.extension()), (shown, extension));
        }
    }

    #[test]
    fn a_parameter_cannot_inject_a_command_or_another_parameter() {
        for (text, error) in [
            ("", ParameterError::Keyword),
            ("=1", ParameterError::Keyword),
            ("A B", ParameterError::Keyword),
            ("SIZE=", ParameterError::EmptyValue),
            ("SIZE=1 BODY=7BIT", ParameterError::Value),
            ("SIZE=1\r\nDATA", ParameterError::Value),
            ("ENVID=a=b", ParameterError::Value),
            ("ENVID=é", ParameterError::Value),
        ] {
            assert_eq!(Parameter::parse(text), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_parameter_is_one_word_and_is_read_back(text in any::<String>(), value in "[A-Za-z-]{1,9}(=[ -~]{0,20})?") {
            for text in [text, value] {
                let Ok(parameter) = Parameter::parse(&text) else { continue };
                let shown = parameter.to_string();
                prop_assert!(shown.chars().all(|c| c.is_ascii_graphic()));
                prop_assert_eq!(Parameter::parse(&shown), Ok(parameter));
            }
        }
    }
}
