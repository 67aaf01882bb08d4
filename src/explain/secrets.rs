//! Masks passwords, tokens and API keys in pasted text before it is shown, because programs print their settings,
//! commands and URLs together with an error.
//!
//! smtpcheck analyses the original text, but shows only the masked text. The mask hides the length of a value. Text
//! that may be a secret is also masked. The secrets of this run are masked by [`crate::secret`].

use std::ops::Range;

use super::secret_places::{is_mixed, is_name, may_contain_secret, shifted};
use super::secret_sentences::places_in_line;
use super::wrapped::{self, Wrapped};

/// The text that replaces a secret.
pub(super) const MASK: &str = "***";

/// The text, with secrets masked.
pub(super) fn without_secrets(text: &str) -> String {
    let ranges = places(text);
    if ranges.is_empty() {
        return text.to_owned();
    }
    let (mut masked, mut shown) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        if range.start >= shown {
            masked.push_str(text.get(shown..range.start).unwrap_or_default());
            masked.push_str(MASK);
        }
        shown = shown.max(range.end);
    }
    masked.push_str(text.get(shown..).unwrap_or_default());
    masked
}

/// Words that describe a password, as in `Password: incorrect`.
const STATES: [&str; 18] = [
    "accepted",
    "changed",
    "correct",
    "denied",
    "empty",
    "expired",
    "failed",
    "hidden",
    "incorrect",
    "invalid",
    "missing",
    "none",
    "null",
    "redacted",
    "rejected",
    "required",
    "unknown",
    "wrong",
];

/// The positions of the secrets in a text that may be long.
pub(super) fn quick_places(text: &str) -> Vec<Range<usize>> {
    if may_contain_secret(text) { places(text) } else { Vec::new() }
}

/// The secrets at these positions in the text that are one word. A word after `password: ` can be part of a sentence, so it counts only if
/// it ends the line or cannot be an ordinary word. A value that is itself such a name (`password: password`) does not
/// count, because a reply that contains the word reveals nothing.
pub(super) fn secret_words<'a>(text: &'a str, found: &[Range<usize>]) -> impl Iterator<Item = &'a str> {
    found.iter().cloned().filter_map(move |range| {
        let (before, after) = (text.get(..range.start)?, text.get(range.end..)?);
        let word = text.get(range)?;
        let is_value = !before.ends_with(char::is_whitespace)
            || before.split_whitespace().next_back().is_some_and(|name| name.starts_with('-'));
        // `password: hunter`, and nothing else on the line.
        let is_line = after.trim().is_empty()
            && before.split_whitespace().count() == 1
            && !STATES.iter().any(|state| word.trim_matches(['.', ',', '!']).eq_ignore_ascii_case(state));
        let is_word = !word.contains(|c: char| c.is_whitespace() || c.is_control());
        (is_word && (is_value || is_line || is_mixed(word)) && !is_name(word)).then_some(word)
    })
}

/// The positions of the secrets in the text, in order, with those that line breaks divide.
fn places(text: &str) -> Vec<Range<usize>> {
    let mut ranges = places_in_line(text);
    let pieces = wrapped::pieces(text);
    if pieces.len() > 1 {
        let mut lines = Wrapped::default();
        for (at, piece) in pieces {
            let in_piece = places_in_line(piece);
            let part = lines.push(piece, &in_piece).map(|part| part.range);
            ranges.extend(in_piece.into_iter().chain(part).map(|range| shifted(range, at)));
        }
        ranges.sort_by_key(|range| (range.start, range.end));
    }
    ranges
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::super::secret_places::{CALLS, NAMES, SHORT_NAMES};
    use super::{may_contain_secret, quick_places, secret_words, without_secrets};

    /// Texts in which `SECRET` is replaced by a password.
    const TEXTS: [&str; 58] = [
        "dial smtp://ann@example.com:SECRET@smtp.example.com:587: connection refused",
        "MAILER_DSN=smtp://ann:SECRET@smtp.example.com:465 failed",
        "MAILER_DSN=\"smtps://ann:SECRET@smtp.example.com\"",
        "{\"dsn\":\"smtp:\\/\\/ann:SECRET@smtp.example.com\"}",
        "url=smtp%3A%2F%2Fann%3ASECRET%40smtp.example.com",
        "ann@example.com:SECRET@smtp.example.com",
        "error with ann:SECRET@smtp.example.com:587",
        "password=SECRET error",
        "user=ann password=SECRET host=smtp.example.com: connection refused",
        "user=ann&password=SECRET&host=smtp.example.com",
        "user=ann;Password=SECRET;Host=smtp.example.com",
        "a,password=SECRET,host=x",
        "password = SECRET",
        "password: SECRET",
        "password:\n  SECRET\n",
        "Passwort: SECRET",
        "密码：SECRET",
        "{\"user\":\"ann\",\"pass\":\"SECRET\",\"port\":587}",
        "{\\\"user\\\":\\\"ann\\\",\\\"pass\\\":\\\"SECRET\\\"}",
        "{'user': 'ann', 'password': 'SECRET'}",
        "{'password': b'SECRET'}",
        "'pass' => 'SECRET', 'port' => 587",
        ":password=>\"SECRET\", :port=>587",
        "auth: { user: 'ann', pass: 'SECRET' }",
        "$mail->Password = 'SECRET';",
        "$config['smtp_pass'] = 'SECRET';",
        "SMTP_PASS=SECRET",
        "smtpPass: SECRET, smtpPort: 587",
        "EMAIL_HOST_PASSWORD = 'SECRET'",
        "<password>SECRET</password>",
        "password=\"SECRET\" in config",
        "password%3DSECRET%26port%3D587",
        "sendemail -xu ann -xp SECRET -o tls=yes",
        "swaks --au ann --ap SECRET",
        "swaks -au ann -ap 'SECRET'",
        "curl --user ann:SECRET smtp://smtp.example.com",
        "curl -u 'ann:SECRET' smtp://smtp.example.com",
        "tool --password SECRET failed",
        "tool --password=SECRET failed",
        "machine smtp.example.com login ann password SECRET",
        "password SECRET",
        "Authorization: Bearer SECRET",
        "api_key=SECRET",
        "apiKey: 'SECRET'",
        "x-api-key: SECRET",
        "client_secret=SECRET&grant_type=refresh_token",
        "refresh_token: \"SECRET\"",
        "server.login('ann', 'SECRET')",
        "server.login(\"ann@example.com\", \"SECRET\") failed",
        "new NetworkCredential(\"ann\", \"SECRET\")",
        "smtp.PlainAuth(\"\", \"ann\", \"SECRET\", \"smtp.example.com\")",
        "Credentials::new(\"ann\".to_string(), \"SECRET\".to_string())",
        "Config { user: \"ann\", password: Some(\"SECRET\") }",
        "Error: bad response on command 'SECRET64': 5.7.8 no",
        "AUTH PLAIN \\0ann\\0SECRET",
        "access_token = SECRET",
        "aws_secret_access_key = SECRET",
        "relay_password SECRET",
    ];

    /// Texts in which no sign follows the name, and `SECRET` is replaced by a password that cannot be a word.
    const WITHOUT_SIGN: [&str; 34] = [
        "with password 'SECRET' failed",
        "username \"ann\" and password \"SECRET\"",
        "using password SECRET to log in",
        "password is SECRET error",
        "Password for ann: SECRET",
        "password entered: SECRET",
        "wrong password (SECRET)",
        "Password (hidden): SECRET",
        "app password SECRET rejected",
        "[password] SECRET",
        "password|SECRET|587",
        "C: PASS SECRET\n-ERR",
        "the token SECRET has expired",
        "MAIL_PASSWORD \"SECRET\" failed",
        "SetEnv SMTP_PASSWORD SECRET\nfailed",
        "fastcgi_param SMTP_PASSWORD SECRET;\nfailed",
        "$mail->setPassword(\"SECRET\");",
        "builder.password('SECRET')",
        "(\"password\", \"SECRET\")",
        "props.put(\"mail.smtp.password\", \"SECRET\")",
        "(:password, \"SECRET\")",
        "<add key=\"smtpPassword\" value=\"SECRET\" />",
        "<property name=\"password\" value=\"SECRET\"/>",
        "<entry key=\"mail.smtp.password\">SECRET</entry>",
        "{\"name\":\"SMTP_PASSWORD\",\"value\":\"SECRET\"}",
        "- name: SMTP_PASSWORD\n  value: \"SECRET\"\n",
        "- name: SMTP_PASSWORD\n  value: SECRET\n",
        "auth: ['ann', 'SECRET']",
        "requests.post(url, auth=(\"ann\", \"SECRET\"))",
        "smtp_sasl_password_maps = static:ann:SECRET",
        "curl --user=ann:SECRET smtp://smtp.example.com",
        "mot de passe : SECRET",
        "heslo: SECRET",
        "passwordeval \"SECRET\"",
    ];

    const SECRETS: [&str; 7] =
        ["hunter2", "Tr0ub4dor&3", "p@ss:w/rd#1", "correcthorsebattery", "P$%^*()!~", "535secret", "a'b"];

    fn leaks(text: &str, secret: &str) -> bool {
        let masked = without_secrets(text);
        masked.contains(secret) || secret.get(..5).is_some_and(|part| masked.contains(part))
    }

    #[test]
    fn the_quick_test_knows_every_name() {
        for name in NAMES.iter().chain(&SHORT_NAMES).chain(&CALLS) {
            assert!(may_contain_secret(name), "{name}");
        }
    }

    #[test]
    fn secrets_that_are_words_are_found() {
        for (text, expected) in [
            ("password=hunter", Some("hunter")),
            ("swaks --auth-password hunter --to a@example.com", Some("hunter")),
            ("smtp://joe:hunter@mx.example.com", Some("hunter")),
            ("\"pass\": \"hunter\"", Some("hunter")),
            ("password: Hunter2", Some("Hunter2")),
            ("wrong password: try again", None),
            ("password: incorrect", None),
            ("password=password", None),
            ("250 2.0.0 queued", None),
        ] {
            assert_eq!(secret_words(text, &quick_places(text)).next(), expected, "{text}");
        }
    }

    #[test]
    fn a_password_is_masked_in_every_place() {
        for text in TEXTS {
            for secret in SECRETS {
                // The quotation marks in the text would end the secret.
                if secret.contains('\'') && text.contains("'SECRET") {
                    continue;
                }
                let pasted = text.replace("SECRET64", &STANDARD.encode(secret)).replace("SECRET", secret);
                let pasted64 = STANDARD.encode(secret);
                let is_leak = leaks(&pasted, secret) || without_secrets(&pasted).contains(&pasted64);
                assert!(!is_leak, "{pasted} is shown as {}", without_secrets(&pasted));
            }
        }
    }

    #[test]
    fn a_password_with_quotation_marks_inside_is_masked() {
        for secret in ["u``&aa!", "``x``&hunter2", "b`a`+hunter2", "@`hunter2", "x'y'&hunter2"] {
            for text in [format!("password: {secret}"), format!("password={secret}"), format!("smtp_pass = {secret} x")]
            {
                assert!(
                    !leaks(&text, secret) && !without_secrets(&text).contains("hunter2"),
                    "{text} is shown as {}",
                    without_secrets(&text)
                );
            }
        }
        for text in [
            "export MAIL_PASSWORD=\"hunter2\" && ./send",
            "MAIL_PASSWORD='hunter2'& ./send",
            "pass='hunter2'&port=587 ./send",
        ] {
            let masked = without_secrets(text);
            assert!(!masked.contains("hunter2") && masked.contains("./send"), "{text} is shown as {masked}");
        }
    }

    #[test]
    fn a_password_without_a_sign_after_its_name_is_masked() {
        for text in WITHOUT_SIGN {
            for secret in ["hunter2", "Tr0ub4dor3", "pass7wrd#1", "535secret"] {
                let pasted = text.replace("SECRET", secret);
                assert!(!leaks(&pasted, secret), "{pasted} is shown as {}", without_secrets(&pasted));
            }
        }
    }

    #[test]
    fn a_login_is_masked_in_every_encoding() {
        for secret in SECRETS {
            let plain = format!("\0ann@example.com\0{secret}");
            let bearer = format!("user=ann@example.com\u{1}auth=Bearer {secret}\u{1}\u{1}");
            for (message, encoded) in [&plain, &bearer].map(|one| (one, STANDARD.encode(one))) {
                let urlsafe = URL_SAFE_NO_PAD.encode(message);
                let part = encoded.get(..24).expect("long enough");
                for text in [
                    format!("AUTH PLAIN {encoded}"),
                    format!("auth plain {encoded}"),
                    format!("send: 'AUTH PLAIN {encoded}\\r\\n'"),
                    format!("CLIENT -> SERVER: AUTH LOGIN {encoded}"),
                    format!("C: {encoded}"),
                    format!("AUTH XOAUTH2 {urlsafe} failed"),
                    format!("initial={encoded} failed"),
                    format!("Error: Invalid login ({encoded}): timeout"),
                ] {
                    assert!(!without_secrets(&text).contains(part), "{text} is shown as {}", without_secrets(&text));
                }
                assert!(!leaks(&bearer, secret), "{bearer:?} is shown as {:?}", without_secrets(&bearer));
            }
            let alone = STANDARD.encode(secret);
            assert!(!without_secrets(&format!("AUTH LOGIN {alone}")).contains(&alone), "{alone}");
        }
    }

    #[test]
    fn passwords_of_several_words_are_masked() {
        for text in [
            "password: abcd efgh ijkl mnop",
            "password=abcd efgh ijkl mnop",
            "password = abcd efgh ijkl mnop",
            "pass: 'abcd efgh ijkl mnop'",
            "password: abcd efgh ijkl mnop, host: smtp.example.com",
            "login('ann', 'abcd efgh ijkl mnop')",
        ] {
            let masked = without_secrets(text);
            assert!(!["abcd", "efgh", "ijkl", "mnop"].iter().any(|part| masked.contains(part)), "{masked}");
        }
    }

    #[test]
    fn tokens_and_keys_are_masked_without_a_name() {
        for token in [
            "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwcyJ9.c2lnbmF0dXJl",
            "ya29.A0AfB_byC7x-Kq3abcdefgh",
            "SG.abcdefghijklmnop.qrstuvwxyz0123456789",
            "xsmtpsib-0123456789abcdef-xyz",
            "key-0123456789abcdef0123456789abcdef",
            "GOCSPX-abcdefghijklmnopqrst",
            "BIaXvU0AbcdEfghIjklMnopQrstUvwxYz0123456789a",
        ] {
            for text in [format!("invalid key {token}"), format!("auth={token}"), format!("\"{token}\"")] {
                assert!(!without_secrets(&text).contains(token), "{text}");
            }
        }
    }

    #[test]
    fn messages_without_a_secret_are_not_changed() {
        for text in [
            "535 5.7.8 Username and Password not accepted. For more information, go to https://support.google.com/mail/?p=BadCredentials x1 - gsmtp",
            "Error: Invalid login: 535-5.7.8 no",
            "smtplib.SMTPAuthenticationError: (535, b'5.7.8 Error: authentication failed')",
            "user name or password: 535 5.7.8 authentication failed",
            "250-AUTH LOGIN PLAIN XOAUTH2 CRAM-MD5",
            "AUTH PLAIN failed",
            "334 VXNlcm5hbWU6",
            "to=<bob@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=4.7.5, status=deferred (Server certificate not verified)",
            "connect to smtp://smtp.example.com:587 failed: ann@example.com",
            "spf=pass dkim=pass dmarc=fail",
            "2024-02-01 08:00:06 1rVabc-000006-2b == bob@example.com R=dnslookup T=remote_smtp defer (-53)",
            "unable to connect to ssl://smtp.example.com:465 (Connection refused)",
            "Diagnostic-Code: smtp; 550 5.1.1 <bob@example.com>: Recipient address rejected",
            "(0x800CCC0E) : 'Outlook cannot connect to your outgoing (SMTP) e-mail server.'",
            "com.sun.mail.util.MailConnectException: Couldn't connect to host, port: smtp.example.com, 587; timeout -1",
            "Invalid password for user123 from mx1.example.com",
            "535 5.7.3 the user credentials were incorrect. [AM0PR10CA0018.EURPRD10.PROD.OUTLOOK.COM 2024-05-06T07:08:09.123Z 08DC123456789ABC]",
            "(535, b'5.7.8 Error: bad username or password') in \"smtplib.py\", line 745",
            "Authentication-Results: mx; spf=pass smtp.mailfrom=ann1@example.com; dkim=pass header.b=Ab12Cd34",
            "550 Invalid credentials for relay [192.0.2.1]",
            "status=deferred (password, \"535 5.7.8 failed\")",
        ] {
            assert_eq!(without_secrets(text), text);
        }
    }

    proptest! {
        #[test]
        fn masking_never_panics_and_keeps_the_text_before_a_secret(text in "\\PC{0,120}", before in "[a-o ]{0,10}") {
            without_secrets(&text);
            let masked = without_secrets(&format!("{before}\npassword={}", text.replace(char::is_whitespace, "")));
            prop_assert!(masked.starts_with(&before));
        }

        #[test]
        fn a_random_password_is_masked(secret in "[!-_a-~][!-~]{6,24}") {
            // Programs escape characters that would otherwise end the value.
            let quoted = secret.replace(['"', '\\', '\''], "x");
            for text in [
                format!("password=\"{quoted}\""),
                format!("{{\"pass\": \"{quoted}\"}}"),
                format!("password: {quoted}"),
                format!("smtp://ann:{}@smtp.example.com:587", quoted.replace(['<', '>', '`'], "x")),
            ] {
                prop_assert!(!without_secrets(&text).contains(&quoted), "{} is shown as {}", text, without_secrets(&text));
            }
        }
    }
}
