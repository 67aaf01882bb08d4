//! Settings of programs that send mail, in the words of those programs, for fixes that users of a server can apply.
//! This file raises no findings.

use crate::plan::TlsUse;

/// Implicit TLS.
const IMPLICIT: &str = "SSL/TLS (Nodemailer: secure: true; PHPMailer: SMTPSecure = 'ssl'; Django: EMAIL_USE_SSL; Python: SMTP_SSL; Java: mail.smtp.ssl.enable; MailKit: SslOnConnect)";

/// STARTTLS.
const STARTTLS: &str = "STARTTLS (Nodemailer: secure: false; PHPMailer: SMTPSecure = 'tls'; Django: EMAIL_USE_TLS; Python: starttls(); Java: mail.smtp.starttls.enable; .NET: EnableSsl)";

/// No TLS, not even if the server advertises STARTTLS.
const UNENCRYPTED: &str = "no encryption (Nodemailer: secure: false, ignoreTLS: true; PHPMailer: SMTPSecure = '', SMTPAutoTLS = false; Laravel: MAIL_ENCRYPTION=null; Django: EMAIL_USE_TLS and EMAIL_USE_SSL = False; Java: mail.smtp.starttls.enable=false; Grafana: startTLS_policy = NoStartTLS; GitLab: smtp_enable_starttls_auto = false)";

/// No login.
pub(super) const WITHOUT_LOGIN: &str = "leave the user name and password empty in the program (Nodemailer: no auth; PHPMailer: SMTPAuth = false; Java: mail.smtp.auth=false; Django: EMAIL_HOST_USER = ''; WordPress, Nextcloud: authentication off)";

/// A login.
pub(super) const WITH_LOGIN: &str = "enter a user name and password for the outgoing server, and switch on authentication (Nodemailer: auth; PHPMailer: SMTPAuth = true; Java: mail.smtp.auth=true; Django: EMAIL_HOST_USER)";

/// Where programs read additional CA certificates.
pub(super) const TRUST: &str = "Node.js: NODE_EXTRA_CA_CERTS; PHP: openssl.cafile; Java: keytool -importcert; Python, Go: SSL_CERT_FILE; GitLab: /etc/gitlab/trusted-certs; Debian and Ubuntu, also in containers: /usr/local/share/ca-certificates and update-ca-certificates";

/// No verification of the certificate.
pub(super) const UNVERIFIED: &str = "Nodemailer: tls.rejectUnauthorized: false; PHPMailer: SMTPOptions with verify_peer and verify_peer_name false; Java: mail.smtp.ssl.trust; Grafana: skip_verify = true; GitLab: smtp_openssl_verify_mode = 'none'; Nextcloud: mail_smtpstreamoptions";

/// How long a program waits for a reply.
pub(super) const TIMEOUT: &str =
    "Nodemailer: greetingTimeout, in ms; PHPMailer: Timeout; Java: mail.smtp.timeout, in ms; Python: timeout";

/// The name that the certificate must contain, if it is not the server that is entered in the program.
pub(super) const EXPECTED_NAME: &str =
    "Nodemailer: tls.servername; PHPMailer: SMTPOptions with peer_name; Go: ServerName";

/// The settings for servers with old TLS versions, until their operators update them.
pub(super) const OLD_TLS: &str = "Until the server has been updated, allow old TLS versions in the program (OpenSSL: MinProtocol = TLSv1 and CipherString = DEFAULT@SECLEVEL=0 in openssl.cnf; Java: jdk.tls.disabledAlgorithms), or send through another server";

/// The settings for servers with old cipher suites, until their operators update them.
pub(super) const OLD_SUITES: &str = "Until the server has been updated, allow its cipher suites in the program (OpenSSL: CipherString = DEFAULT@SECLEVEL=0 in openssl.cnf; Java: jdk.tls.disabledAlgorithms), or send through another server";

/// The name of a TLS mode, with the settings of programs only if it differs from the mode that the user has chosen.
pub(super) fn encryption_instead_of(now: TlsUse, tls: TlsUse) -> &'static str {
    match (now, tls) {
        (TlsUse::Implicit, TlsUse::Implicit) => "SSL/TLS",
        (TlsUse::IfOffered | TlsUse::Required, TlsUse::IfOffered | TlsUse::Required) => "STARTTLS",
        _ => encryption(tls),
    }
}

/// The name of a TLS mode in the settings of programs.
pub(super) fn encryption(tls: TlsUse) -> &'static str {
    match tls {
        TlsUse::Implicit => IMPLICIT,
        TlsUse::IfOffered | TlsUse::Required => STARTTLS,
        TlsUse::Never => UNENCRYPTED,
    }
}
