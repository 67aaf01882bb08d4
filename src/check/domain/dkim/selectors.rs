//! Commonly used selectors. DKIM has no list of a domain's selectors, so smtpcheck tries the names that providers and
//! mail servers use by default. A name without a key proves nothing.

use crate::evidence::{RecordData, RecordsSeen};

/// The maximum number of selectors that are tried.
pub(super) const MAX_SELECTORS: usize = 60;

/// A provider and its selectors.
struct ProviderSelectors {
    /// Parts of names that identify the provider in MX and SPF records.
    signs: &'static [&'static str],
    /// The selectors, most common first.
    selectors: &'static [&'static str],
}

/// The providers, from their documentation and from published zones.
const PROVIDERS: &[ProviderSelectors] = &[
    ProviderSelectors { signs: &["google.com", "googlemail.com"], selectors: &["google", "20230601", "20210112"] },
    ProviderSelectors { signs: &["outlook.com", "office365", "microsoft"], selectors: &["selector1", "selector2"] },
    ProviderSelectors { signs: &["sendgrid", "twilio"], selectors: &["s1", "s2", "smtpapi", "m1"] },
    ProviderSelectors { signs: &["mcsv.net", "mailchimp"], selectors: &["k1", "k2", "k3"] },
    ProviderSelectors { signs: &["mandrill"], selectors: &["mandrill", "mte1", "mte2"] },
    ProviderSelectors {
        signs: &["mailgun"],
        selectors: &["pic", "k1", "mx", "smtp", "mailo", "krs", "mg", "s1", "pdk1", "pdk2"],
    },
    ProviderSelectors { signs: &["mtasv.net", "postmark"], selectors: &["pm"] },
    ProviderSelectors { signs: &["resend"], selectors: &["resend"] },
    ProviderSelectors { signs: &["zoho", "zeptomail"], selectors: &["zoho", "zmail", "1"] },
    ProviderSelectors { signs: &["messagingengine", "fastmail"], selectors: &["fm1", "fm2", "fm3", "mesmtp"] },
    ProviderSelectors { signs: &["protonmail", "proton.me"], selectors: &["protonmail", "protonmail2", "protonmail3"] },
    ProviderSelectors { signs: &["tutanota", "tuta.com"], selectors: &["s1", "s2"] },
    ProviderSelectors { signs: &["icloud.com"], selectors: &["sig1"] },
    ProviderSelectors { signs: &["mailjet"], selectors: &["mailjet"] },
    ProviderSelectors { signs: &["sendinblue", "brevo"], selectors: &["mail", "brevo1", "brevo2"] },
    ProviderSelectors { signs: &["klaviyo"], selectors: &["kl", "kl2"] },
    ProviderSelectors {
        signs: &["salesforce", "exacttarget", "pardot"],
        selectors: &["sf1", "sf2", "pardot", "50dkim1"],
    },
    ProviderSelectors { signs: &["zendesk"], selectors: &["zendesk1", "zendesk2"] },
    ProviderSelectors { signs: &["freshdesk", "freshemail"], selectors: &["fd", "fd2"] },
    ProviderSelectors { signs: &["intercom"], selectors: &["intercom"] },
    ProviderSelectors { signs: &["constantcontact", "ccsend"], selectors: &["ctct1", "ctct2"] },
    ProviderSelectors { signs: &["activecampaign", "acems"], selectors: &["dk", "acdkim1", "acdkim2"] },
    ProviderSelectors { signs: &["createsend", "cmail"], selectors: &["cm"] },
    ProviderSelectors { signs: &["mailerlite", "mlsend"], selectors: &["ml", "litesrv"] },
    ProviderSelectors { signs: &["mailersend"], selectors: &["mlsend", "mlsend2"] },
    ProviderSelectors { signs: &["yahoodns", "yahoo.com"], selectors: &["s2048", "s1024", "y1", "y2"] },
    ProviderSelectors { signs: &["yandex"], selectors: &["mail"] },
    ProviderSelectors { signs: &["mail.ru"], selectors: &["mailru"] },
    ProviderSelectors { signs: &["ionos", "kundenserver", "1and1"], selectors: &["s1-ionos", "s2-ionos"] },
    ProviderSelectors { signs: &["hostinger"], selectors: &["hostingermail-a", "hostingermail-b", "hostingermail-c"] },
    ProviderSelectors { signs: &["titan.email"], selectors: &["titan1"] },
    ProviderSelectors { signs: &["gandi"], selectors: &["gm1", "gm2", "gm3"] },
    ProviderSelectors { signs: &["mailbox.org"], selectors: &["mbo0001", "mbo0002", "mbo0003", "mbo0004"] },
    ProviderSelectors { signs: &["migadu"], selectors: &["key1", "key2", "key3"] },
    ProviderSelectors { signs: &["purelymail"], selectors: &["purelymail1", "purelymail2", "purelymail3"] },
    ProviderSelectors { signs: &["mx.cloudflare.net"], selectors: &["cf2024-1"] },
    ProviderSelectors { signs: &["improvmx"], selectors: &["dkimprovmx1", "dkimprovmx2"] },
    ProviderSelectors { signs: &["simplelogin"], selectors: &["dkim", "dkim02", "dkim03"] },
    ProviderSelectors { signs: &["mxguarddog"], selectors: &["mxvault"] },
];

/// Selectors that mail servers and the most common providers use by default, most common first.
const GENERIC: &[&str] = &[
    "default",
    "google",
    "selector1",
    "selector2",
    "dkim",
    "mail",
    "s1",
    "s2",
    "k1",
    "k2",
    "k3",
    "mx",
    "smtp",
    "x",
    "modoboa",
    "mailjet",
    "mandrill",
    "pm",
    "fm1",
    "fm2",
    "fm3",
    "protonmail",
    "protonmail2",
    "protonmail3",
    "zoho",
    "zmail",
    "sig1",
    "key1",
    "key2",
    "mta",
    "email",
    "m1",
    "dk",
    "kl",
    "kl2",
    "ctct1",
    "ctct2",
    "zendesk1",
    "zendesk2",
    "brevo1",
    "brevo2",
    "resend",
    "mg",
    "pic",
    "cm",
    "ml",
    "20230601",
    "s1024",
    "s2048",
    "1",
    "2",
    "dkim1",
    "dkim2",
    "sel1",
    "sel2",
    "key",
    "private",
    "mesmtp",
    "cf2024-1",
    "hostingermail-a",
];

/// The selectors to try. The selectors of providers that occur in the domain's MX and TXT records come first.
pub(super) fn common(mx: Option<&RecordsSeen>, txt: Option<&RecordsSeen>) -> Vec<&'static str> {
    let mut names = String::new();
    for record in mx.into_iter().chain(txt).flat_map(|seen| &seen.records) {
        match &record.data {
            RecordData::Mx { host, .. } => names.push_str(host.as_str()),
            RecordData::Txt { text, .. } if text.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("v=spf1 ")) => {
                names.push_str(&text.to_ascii_lowercase());
            }
            _ => {}
        }
        names.push(' ');
    }
    let named = PROVIDERS.iter().filter(|provider| provider.signs.iter().any(|sign| names.contains(sign)));
    let mut selectors: Vec<&'static str> = Vec::new();
    for selector in named.flat_map(|provider| provider.selectors).chain(GENERIC) {
        if !selectors.contains(selector) && selectors.len() < MAX_SELECTORS {
            selectors.push(selector);
        }
    }
    selectors
}

#[cfg(test)]
mod tests {
    use super::{GENERIC, MAX_SELECTORS, common};
    use crate::check::domain::world::{name, response};
    use crate::evidence::RecordData;

    #[test]
    fn selectors_of_the_providers_in_use_come_first() {
        let of = name("example.com");
        let mx = response(&of, vec![RecordData::Mx { preference: 10, host: name("mail.protonmail.ch") }]);
        let text = "v=spf1 include:servers.mcsv.net -all".to_owned();
        let txt = response(&of, vec![RecordData::Txt { lengths: vec![text.len()], text, raw_b64: None }]);
        let selectors = common(Some(&mx), Some(&txt));
        assert_eq!(selectors.get(..4), Some(["k1", "k2", "k3", "protonmail"].as_slice()));
        assert_eq!(selectors.len(), MAX_SELECTORS);
        assert_eq!(common(None, None), GENERIC);
        assert!(GENERIC.len() <= MAX_SELECTORS);
    }
}
