//! The greetings and error replies of known providers.

use crate::sandbox::Scenario;
use crate::sandbox::login::LoginBehaviour;
use crate::sandbox::scenario::{LOGGING_IN, RELAY, SENDING, SUBMISSION, Server, ServerAct, Trigger};

macro_rules! login {
    ($name:literal, $summary:literal, $greeting:literal, $reply:literal, $rule:literal, $exit:literal) => {
        Scenario {
            name: $name,
            summary: $summary,
            server: Server { greeting: $greeting, login: LoginBehaviour::Ends($reply), ..SUBMISSION },
            client: LOGGING_IN,
            expect: &[$rule],
            exit: $exit,
        }
    };
}

macro_rules! mail {
    ($moment:ident, $name:literal, $summary:literal, $greeting:literal, $reply:literal, $rule:literal, $exit:literal) => {
        Scenario {
            name: $name,
            summary: $summary,
            server: Server { greeting: $greeting, on: &[(Trigger::$moment, &[ServerAct::Say($reply)])], ..RELAY },
            client: SENDING,
            expect: &[$rule],
            exit: $exit,
        }
    };
}

pub(super) static ALL: &[Scenario] = &[
    login!(
        "gmail-wrong-password",
        "Gmail: the user name or password is wrong, or an app password is required",
        "220 smtp.gmail.com ESMTP ffacd0b85a97d-sandbox - gsmtp",
        "535-5.7.8 Username and Password not accepted. For more information, go to\n535 5.7.8  https://support.google.com/mail/?p=BadCredentials ffacd0b85a97d-sandbox - gsmtp",
        "auth-credentials-refused",
        7
    ),
    login!(
        "gmail-app-password",
        "Gmail: 2-step verification is on, so an app password is required",
        "220 smtp.gmail.com ESMTP ffacd0b85a97d-sandbox - gsmtp",
        "534-5.7.9 Application-specific password required. For more information, go to\n534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor ffacd0b85a97d-sandbox - gsmtp",
        "auth-app-password-required",
        7
    ),
    login!(
        "microsoft-365-basic-disabled",
        "Microsoft 365: password logins are disabled, and only OAuth is accepted",
        "220 FR3P281CA0001.outlook.office365.com Microsoft ESMTP MAIL Service ready",
        "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [FR3P281CA0001.DEUP281.PROD.OUTLOOK.COM]",
        "auth-oauth-required",
        7
    ),
    login!(
        "microsoft-365-tenant-off",
        "Microsoft 365: SMTP AUTH is disabled for the tenant",
        "220 FR3P281CA0001.outlook.office365.com Microsoft ESMTP MAIL Service ready",
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. [FR3P281CA0001.DEUP281.PROD.OUTLOOK.COM]",
        "account-restricted",
        7
    ),
    login!(
        "microsoft-365-wrong-password",
        "Microsoft 365: the password is wrong",
        "220 FR3P281CA0001.outlook.office365.com Microsoft ESMTP MAIL Service ready",
        "535 5.7.3 Authentication unsuccessful [FR3P281CA0001.DEUP281.PROD.OUTLOOK.COM]",
        "auth-credentials-refused",
        7
    ),
    login!(
        "yahoo-app-password",
        "Yahoo: the account's password is rejected because an app password is required",
        "220 smtp.mail.yahoo.com ESMTP ready",
        "535 5.7.0 (#AUTH005) Too many bad auth attempts.",
        "auth-app-password-required",
        7
    ),
    login!(
        "icloud-app-password",
        "iCloud: an app-specific password is required",
        "220 p00-iscream-smtp.mail.icloud.com",
        "535 5.7.8 Error: authentication failed: Application-specific password required",
        "auth-app-password-required",
        7
    ),
    login!(
        "ses-wrong-credentials",
        "Amazon SES: the user name and password are not SMTP credentials",
        "220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-SANDBOX",
        "535 Authentication Credentials Invalid",
        "auth-credentials-refused",
        7
    ),
    login!(
        "sendgrid-wrong-key",
        "SendGrid: the user name must be the word apikey, and the password must be the API key",
        "220 SG ESMTP service ready at geopod-ismtpd-0",
        "535 Authentication failed: Bad username / password",
        "auth-credentials-refused",
        7
    ),
    mail!(
        Mail,
        "sendgrid-sender-identity",
        "SendGrid: the sender is not verified",
        "220 SG ESMTP service ready at geopod-ismtpd-0",
        "550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.",
        "sender-not-accepted",
        5
    ),
    mail!(
        Rcpt,
        "ses-sandbox",
        "Amazon SES: the account may send only to verified addresses",
        "220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-SANDBOX",
        "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: you@sandbox.test",
        "sender-not-accepted",
        5
    ),
    mail!(
        Rcpt,
        "gmail-unknown-user",
        "Gmail: the recipient does not exist",
        "220 mx.google.com ESMTP ffacd0b85a97d-sandbox - gsmtp",
        "550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking the recipient's email address for typos or\n550-5.1.1 unnecessary spaces. For more information, go to\n550 5.1.1  https://support.google.com/mail/?p=NoSuchUser ffacd0b85a97d-sandbox - gsmtp",
        "recipient-unknown",
        5
    ),
    mail!(
        Rcpt,
        "gmail-over-quota",
        "Gmail: the mailbox is full",
        "220 mx.google.com ESMTP ffacd0b85a97d-sandbox - gsmtp",
        "452-4.2.2 The recipient's inbox is out of storage space. Please direct the\n452-4.2.2 recipient to\n452 4.2.2  https://support.google.com/mail/?p=OverQuotaTemp ffacd0b85a97d-sandbox - gsmtp",
        "mailbox-full",
        4
    ),
    mail!(
        Rcpt,
        "microsoft-365-unknown-user",
        "Microsoft 365: the recipient does not exist",
        "220 FR3PEPF00000001.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready",
        "550 5.4.1 Recipient address rejected: Access denied. [FR3PEPF00000001.deup281.prod.outlook.com 2026-01-01T00:00:00.000Z 08DE000000000000]",
        "recipient-unknown",
        5
    ),
    mail!(
        Mail,
        "microsoft-block-list",
        "Outlook.com: the client's network is on Microsoft's blocklist",
        "220 HE1EUR01FT001.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready",
        "550 5.7.1 Unfortunately, messages from [127.0.0.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140). You can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors.",
        "client-reputation",
        5
    ),
    mail!(
        Mail,
        "yahoo-deferred",
        "Yahoo: temporarily rejected because of mail volume or spam complaints",
        "220 mtaproxy501.free.mail.ne1.yahoo.com ESMTP ready",
        "421 4.7.0 [TSS04] Messages from 127.0.0.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
        "client-reputation",
        4
    ),
    mail!(
        Mail,
        "gmail-rate-limit",
        "Gmail: too much mail from this IP address",
        "220 mx.google.com ESMTP ffacd0b85a97d-sandbox - gsmtp",
        "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\n421-4.7.28 from your IP address. To protect our users from spam, mail sent from\n421 4.7.28 your IP address has been temporarily rate limited.",
        "rate-limited",
        4
    ),
    mail!(
        Mail,
        "t-online-reverse-dns",
        "T-Online: mail from unknown IP addresses is rejected",
        "220 mailin42.mgt.mul.t-online.de T-Online ESMTP receiver fssmtpd2025 ready.",
        "554 IP=127.0.0.1 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.)",
        "client-reputation",
        5
    ),
];
