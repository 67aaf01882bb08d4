//! The placeholders of autoconfiguration files (draft-ietf-mailmaint-autoconfig): `%EMAILADDRESS%`, `%EMAILLOCALPART%`
//! and `%EMAILDOMAIN%`. They are intended for user names, but are also used in host names.

/// The text, with its placeholders replaced. `None` if a placeholder is not defined, or if it needs the local part of
/// the address and the local part is not known.
pub(crate) fn filled(template: &str, local: Option<&str>, domain: &str) -> Option<String> {
    let mut text = template.replace("%EMAILDOMAIN%", domain);
    if text.contains("%EMAILADDRESS%") || text.contains("%EMAILLOCALPART%") {
        let local = local?;
        text = text.replace("%EMAILADDRESS%", &format!("{local}@{domain}")).replace("%EMAILLOCALPART%", local);
    }
    let has_more = text.split('%').nth(1).is_some_and(|word| word.starts_with("EMAIL"));
    (!has_more).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn placeholders_are_replaced_if_the_address_is_known() {
        let of = |template| filled(template, Some("ann"), "example.com");
        assert_eq!(of("%EMAILADDRESS%").as_deref(), Some("ann@example.com"));
        assert_eq!(of("%EMAILLOCALPART%.%EMAILDOMAIN%").as_deref(), Some("ann.example.com"));
        assert_eq!(of("smtp.%EMAILDOMAIN%").as_deref(), Some("smtp.example.com"));
        assert_eq!(of("fixed").as_deref(), Some("fixed"));
        assert_eq!(of("%EMAILOTHER%"), None);
        assert_eq!(filled("%EMAILADDRESS%", None, "example.com"), None);
        assert_eq!(filled("mail.%EMAILDOMAIN%", None, "example.com").as_deref(), Some("mail.example.com"));
    }
}
