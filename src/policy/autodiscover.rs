//! The response to Microsoft Autodiscover version 2: which service is responsible for a domain. It contains no SMTP
//! server. It is useful because it identifies a Microsoft 365 or Exchange organisation.

use serde::Deserialize;

use super::web_address::WebAddress;

/// The service that is responsible for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Autodiscover {
    /// The host of the service.
    pub(crate) host: String,
}

#[derive(Deserialize)]
struct AutodiscoverReply {
    #[serde(rename = "Url")]
    url: Option<String>,
}

impl Autodiscover {
    /// Whether the service is Microsoft 365.
    pub(crate) fn is_microsoft(&self) -> bool {
        ["outlook.com", "office365.com", "office365.us", "outlook.cn"]
            .iter()
            .any(|known| self.host == *known || self.host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.')))
    }
}

/// Parses a response; `None` if it is not one.
pub(crate) fn parse(text: &str) -> Option<Autodiscover> {
    let document: AutodiscoverReply = serde_json::from_str(text).ok()?;
    let url = WebAddress::parse(&document.url?)?;
    Some(Autodiscover { host: url.host.ascii().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_host_of_the_service_is_read() {
        let text =
            r#"{"Protocol":"AutodiscoverV1","Url":"https://outlook.office365.com/autodiscover/autodiscover.xml"}"#;
        assert!(parse(text).is_some_and(|found| found.is_microsoft()));
        let own = r#"{"Protocol":"AutodiscoverV1","Url":"https://mail.example.com/autodiscover/autodiscover.xml"}"#;
        assert!(parse(own).is_some_and(|found| !found.is_microsoft() && found.host == "mail.example.com"));
        assert_eq!(parse(r#"{"ErrorCode":"InvalidProtocol"}"#), None);
        assert_eq!(parse("<html>"), None);
        let alike = text.replace("outlook.office365.com", "notoffice365.com");
        assert!(parse(&alike).is_some_and(|found| !found.is_microsoft()));
    }
}
