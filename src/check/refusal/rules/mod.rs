//! Rules for rejections, with their pages, grouped by subject. Each category of the lexicon has a rule. Each phase also
//! has a rule, for replies whose text the lexicon does not recognise. The explanations of individual replies are data
//! in the lexicon.

mod login;
mod phase;
mod recipient;
mod sender;
mod server;

use crate::check::finding::Rule;
use crate::lexicon::Cause;

pub(super) use login::{
    ACCOUNT_RESTRICTED, AUTH_APP_PASSWORD_REQUIRED, AUTH_CREDENTIALS_REFUSED, AUTH_MECHANISM_REFUSED,
    AUTH_OAUTH_REQUIRED, AUTH_REQUIRED, ENCRYPTION_REQUIRED,
};
pub(super) use phase::{
    AUTH_REFUSED, AUTH_TEMPORARY_FAILURE, EHLO_REFUSED, GREETING_REFUSED, RECIPIENT_DEFERRED, RECIPIENT_REFUSED,
    SENDER_REFUSED, SERVER_CLOSING, STARTTLS_REFUSED,
};
pub(super) use recipient::{
    DOMAIN_UNKNOWN, MAILBOX_DISABLED, MAILBOX_FULL, MAILBOX_MOVED, NO_MAIL_ACCEPTED, RECIPIENT_RESTRICTED,
    RECIPIENT_UNKNOWN, RELAY_DENIED,
};
pub(super) use sender::{
    CLIENT_REPUTATION, CLIENT_REVERSE_DNS, EHLO_NAME_REFUSED, GREYLISTED, SENDER_AUTHENTICATION_FAILED,
    SENDER_NOT_ACCEPTED,
};
pub(super) use server::{
    COMMAND_OUT_OF_SEQUENCE, COMMAND_SYNTAX_REFUSED, COMMAND_UNSUPPORTED, CONTENT_POLICY, MESSAGE_TOO_LARGE,
    RATE_LIMITED, SERVER_FAULT, SERVER_STORAGE_FULL, TOO_MANY_CONNECTIONS, TOO_MANY_RECIPIENTS,
};

/// The rule of a category; none if the category is not a rejection, or is unknown.
pub(super) fn of(cause: Cause) -> Option<&'static Rule> {
    Some(match cause {
        Cause::UnknownUser => &RECIPIENT_UNKNOWN,
        Cause::MailboxFull => &MAILBOX_FULL,
        Cause::MailboxDisabled => &MAILBOX_DISABLED,
        Cause::MailboxMoved => &MAILBOX_MOVED,
        Cause::DomainUnknown => &DOMAIN_UNKNOWN,
        Cause::NoMailAccepted => &NO_MAIL_ACCEPTED,
        Cause::RelayDenied => &RELAY_DENIED,
        Cause::RecipientRestricted => &RECIPIENT_RESTRICTED,
        Cause::SenderRejected => &SENDER_NOT_ACCEPTED,
        Cause::SenderAuthentication => &SENDER_AUTHENTICATION_FAILED,
        Cause::Credentials => &AUTH_CREDENTIALS_REFUSED,
        Cause::AppPassword => &AUTH_APP_PASSWORD_REQUIRED,
        Cause::OauthRequired => &AUTH_OAUTH_REQUIRED,
        Cause::AccountRestricted => &ACCOUNT_RESTRICTED,
        Cause::AuthMechanism => &AUTH_MECHANISM_REFUSED,
        Cause::AuthRequired => &AUTH_REQUIRED,
        Cause::EncryptionRequired => &ENCRYPTION_REQUIRED,
        Cause::StarttlsFailed => &STARTTLS_REFUSED,
        Cause::ReverseDns => &CLIENT_REVERSE_DNS,
        Cause::HeloName => &EHLO_NAME_REFUSED,
        Cause::Reputation => &CLIENT_REPUTATION,
        Cause::Greylisted => &GREYLISTED,
        Cause::RateLimited => &RATE_LIMITED,
        Cause::TooManyConnections => &TOO_MANY_CONNECTIONS,
        Cause::TooLarge => &MESSAGE_TOO_LARGE,
        Cause::TooManyRecipients => &TOO_MANY_RECIPIENTS,
        Cause::ContentPolicy => &CONTENT_POLICY,
        Cause::Syntax => &COMMAND_SYNTAX_REFUSED,
        Cause::Sequence => &COMMAND_OUT_OF_SEQUENCE,
        Cause::Unsupported => &COMMAND_UNSUPPORTED,
        Cause::ServerFault => &SERVER_FAULT,
        Cause::ServerFull => &SERVER_STORAGE_FULL,
        Cause::Closing => &SERVER_CLOSING,
        Cause::Accepted | Cause::Other => return None,
    })
}

/// Every rule of this check.
pub(super) static RULES: &[&Rule] = &[
    &GREETING_REFUSED,
    &EHLO_REFUSED,
    &STARTTLS_REFUSED,
    &AUTH_REFUSED,
    &AUTH_TEMPORARY_FAILURE,
    &AUTH_REQUIRED,
    &SENDER_REFUSED,
    &RECIPIENT_REFUSED,
    &RECIPIENT_DEFERRED,
    &SERVER_CLOSING,
    &RECIPIENT_UNKNOWN,
    &MAILBOX_FULL,
    &MAILBOX_DISABLED,
    &MAILBOX_MOVED,
    &DOMAIN_UNKNOWN,
    &NO_MAIL_ACCEPTED,
    &RELAY_DENIED,
    &RECIPIENT_RESTRICTED,
    &SENDER_NOT_ACCEPTED,
    &SENDER_AUTHENTICATION_FAILED,
    &AUTH_CREDENTIALS_REFUSED,
    &AUTH_APP_PASSWORD_REQUIRED,
    &AUTH_OAUTH_REQUIRED,
    &ACCOUNT_RESTRICTED,
    &AUTH_MECHANISM_REFUSED,
    &ENCRYPTION_REQUIRED,
    &CLIENT_REVERSE_DNS,
    &EHLO_NAME_REFUSED,
    &CLIENT_REPUTATION,
    &GREYLISTED,
    &RATE_LIMITED,
    &TOO_MANY_CONNECTIONS,
    &MESSAGE_TOO_LARGE,
    &TOO_MANY_RECIPIENTS,
    &CONTENT_POLICY,
    &COMMAND_SYNTAX_REFUSED,
    &COMMAND_OUT_OF_SEQUENCE,
    &COMMAND_UNSUPPORTED,
    &SERVER_FAULT,
    &SERVER_STORAGE_FULL,
];
