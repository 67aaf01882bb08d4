//! The closed lists of causes and categories. A cause decides which rule reports a rejection; categories are public in
//! JSON.

use super::ReplyPhase;
use serde::{Deserialize, Serialize};

/// The reason why a server rejects a command. There is one rule for each cause. A required login shares the category
/// of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The recipient does not exist.
    UnknownUser,
    /// The recipient's mailbox is full.
    MailboxFull,
    /// The recipient's mailbox is disabled.
    MailboxDisabled,
    /// The recipient has moved.
    MailboxMoved,
    /// A domain does not exist.
    DomainUnknown,
    /// The host or domain does not accept any mail.
    NoMailAccepted,
    /// The server does not accept mail for this domain from this client.
    RelayDenied,
    /// The envelope sender is not accepted.
    SenderRejected,
    /// SPF, DKIM or DMARC failed.
    SenderAuthentication,
    /// The user name, password or key is wrong.
    Credentials,
    /// An app password is required.
    AppPassword,
    /// OAuth is required.
    OauthRequired,
    /// The account, tenant or email address is restricted.
    AccountRestricted,
    /// The mechanism is unknown, too weak or not allowed on this port.
    AuthMechanism,
    /// The client must log in first.
    AuthRequired,
    /// The client must encrypt the connection first.
    EncryptionRequired,
    /// TLS cannot be started.
    StarttlsFailed,
    /// The client's IP address has no matching reverse DNS name.
    ReverseDns,
    /// The EHLO name is not accepted.
    HeloName,
    /// The client's IP address is listed or has a poor reputation.
    Reputation,
    /// The server temporarily rejects every unknown client (greylisting).
    Greylisted,
    /// The client sent too much mail in a short time.
    RateLimited,
    /// The client has too many simultaneous connections.
    TooManyConnections,
    /// The message is too large.
    TooLarge,
    /// Too many recipients.
    TooManyRecipients,
    /// The message was rejected as spam, because of a virus, or by a policy without a more specific reason.
    ContentPolicy,
    /// The command has a syntax error.
    Syntax,
    /// The command is not allowed at this point, usually as a consequence of an earlier rejection.
    Sequence,
    /// The server does not support the command.
    Unsupported,
    /// The server has an internal error or is misconfigured.
    ServerFault,
    /// The server has no storage space left.
    ServerFull,
    /// The server closes the connection.
    Closing,
    /// The recipient accepts mail only from inside its organisation.
    RecipientRestricted,
    /// The reply is not a rejection.
    Accepted,
    /// The cause is not known.
    Other,
}

/// The category of a rejection in reports. The list is closed: a new category requires a new schema version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words are those of `Cause`")]
pub enum Category {
    UnknownUser,
    MailboxFull,
    MailboxDisabled,
    MailboxMoved,
    DomainUnknown,
    NoMailAccepted,
    RelayDenied,
    SenderRejected,
    SenderAuthentication,
    Credentials,
    AppPassword,
    OauthRequired,
    AccountRestricted,
    AuthMechanism,
    EncryptionRequired,
    StarttlsFailed,
    ReverseDns,
    HeloName,
    Reputation,
    Greylisted,
    RateLimited,
    TooManyConnections,
    TooLarge,
    TooManyRecipients,
    ContentPolicy,
    Syntax,
    Sequence,
    Unsupported,
    ServerFault,
    ServerFull,
    Closing,
    RecipientRestricted,
    Accepted,
    Other,
}

/// The public category of each cause, in the order of the causes. A required login shares the category of credentials.
const CATEGORIES: [(Cause, Category); 35] = [
    (Cause::UnknownUser, Category::UnknownUser),
    (Cause::MailboxFull, Category::MailboxFull),
    (Cause::MailboxDisabled, Category::MailboxDisabled),
    (Cause::MailboxMoved, Category::MailboxMoved),
    (Cause::DomainUnknown, Category::DomainUnknown),
    (Cause::NoMailAccepted, Category::NoMailAccepted),
    (Cause::RelayDenied, Category::RelayDenied),
    (Cause::SenderRejected, Category::SenderRejected),
    (Cause::SenderAuthentication, Category::SenderAuthentication),
    (Cause::Credentials, Category::Credentials),
    (Cause::AppPassword, Category::AppPassword),
    (Cause::OauthRequired, Category::OauthRequired),
    (Cause::AccountRestricted, Category::AccountRestricted),
    (Cause::AuthMechanism, Category::AuthMechanism),
    (Cause::AuthRequired, Category::Credentials),
    (Cause::EncryptionRequired, Category::EncryptionRequired),
    (Cause::StarttlsFailed, Category::StarttlsFailed),
    (Cause::ReverseDns, Category::ReverseDns),
    (Cause::HeloName, Category::HeloName),
    (Cause::Reputation, Category::Reputation),
    (Cause::Greylisted, Category::Greylisted),
    (Cause::RateLimited, Category::RateLimited),
    (Cause::TooManyConnections, Category::TooManyConnections),
    (Cause::TooLarge, Category::TooLarge),
    (Cause::TooManyRecipients, Category::TooManyRecipients),
    (Cause::ContentPolicy, Category::ContentPolicy),
    (Cause::Syntax, Category::Syntax),
    (Cause::Sequence, Category::Sequence),
    (Cause::Unsupported, Category::Unsupported),
    (Cause::ServerFault, Category::ServerFault),
    (Cause::ServerFull, Category::ServerFull),
    (Cause::Closing, Category::Closing),
    (Cause::RecipientRestricted, Category::RecipientRestricted),
    (Cause::Accepted, Category::Accepted),
    (Cause::Other, Category::Other),
];

impl Cause {
    /// All causes, in their order.
    pub fn all() -> impl Iterator<Item = Cause> {
        CATEGORIES.iter().map(|(cause, _)| *cause)
    }

    /// The public category of the cause.
    pub fn category(self) -> Category {
        CATEGORIES.get(self as usize).map_or(Category::Other, |(_, category)| *category)
    }

    /// Whether a rejection in a phase can have this cause. If it cannot, words and codes that usually indicate this
    /// cause have a different meaning in this phase.
    ///
    /// 1. The server has not seen the recipient before RCPT, the sender before MAIL or the message before DATA, so an
    ///    earlier rejection cannot concern them (RFC 5321 §3.3).
    /// 2. A greeting is not a reply to a command, so it cannot reject a name, a login or syntax (RFC 5321 §3.1). It can
    ///    reject data that the client sent too early.
    /// 3. Greylisting depends on the client, sender and recipient together (RFC 6647 §2.4), so EHLO, STARTTLS and AUTH
    ///    are never greylisted. A few servers greylist in the greeting.
    /// 4. STARTTLS is not rejected because encryption or a login is missing: it precedes the login and starts the
    ///    encryption (RFC 3207 §4).
    /// 5. The cause "TLS cannot be started" occurs only in the reply to STARTTLS.
    pub fn can_arise_at(self, phase: ReplyPhase) -> bool {
        use ReplyPhase::{Auth, Data, Ehlo, Greeting, Mail, Quit, Rcpt, Rset, Starttls};
        let phases: &[ReplyPhase] = match self {
            Cause::UnknownUser
            | Cause::MailboxFull
            | Cause::MailboxDisabled
            | Cause::MailboxMoved
            | Cause::RecipientRestricted
            | Cause::TooManyRecipients => &[Rcpt, Data],
            Cause::NoMailAccepted => &[Greeting, Mail, Rcpt, Data],
            Cause::DomainUnknown | Cause::RelayDenied | Cause::SenderRejected | Cause::SenderAuthentication => {
                &[Mail, Rcpt, Data]
            }
            Cause::TooLarge | Cause::ContentPolicy => &[Mail, Rcpt, Data],
            Cause::Greylisted => &[Greeting, Mail, Rcpt, Data],
            Cause::Credentials | Cause::AppPassword | Cause::OauthRequired | Cause::AuthMechanism => {
                &[Auth, Mail, Rcpt, Data]
            }
            Cause::AccountRestricted | Cause::AuthRequired | Cause::EncryptionRequired => {
                &[Ehlo, Auth, Mail, Rcpt, Data]
            }
            Cause::StarttlsFailed => &[Starttls],
            Cause::HeloName => &[Ehlo, Mail, Rcpt, Data],
            Cause::Reputation | Cause::ReverseDns => &[Greeting, Ehlo, Auth, Mail, Rcpt, Data],
            Cause::Syntax | Cause::Unsupported => &[Ehlo, Starttls, Auth, Mail, Rcpt, Data, Rset, Quit],
            Cause::RateLimited
            | Cause::TooManyConnections
            | Cause::ServerFault
            | Cause::ServerFull
            | Cause::Closing
            | Cause::Sequence
            | Cause::Accepted
            | Cause::Other => return true,
        };
        phases.contains(&phase)
    }

    /// Whether the cause concerns one recipient, not the client, the sender or the server.
    pub fn is_about_recipient(self) -> bool {
        matches!(
            self,
            Cause::UnknownUser
                | Cause::MailboxFull
                | Cause::MailboxDisabled
                | Cause::MailboxMoved
                | Cause::DomainUnknown
                | Cause::NoMailAccepted
                | Cause::RecipientRestricted
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{CATEGORIES, Cause};

    #[test]
    fn the_table_of_categories_is_in_the_order_of_the_causes_and_complete() {
        for (place, (cause, category)) in CATEGORIES.iter().enumerate() {
            assert_eq!(*cause as usize, place, "{cause:?}");
            assert_eq!(cause.category(), *category);
        }
        assert_eq!(CATEGORIES.len(), Cause::Other as usize + 1, "the table has a row for every cause");
    }
}
