//! The closed lists: causes, which decide the rule, and categories, which are public in JSON.

use super::ReplyPhase;
use serde::{Deserialize, Serialize};

/// Why a server refuses. One rule each; two of them share a category with another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The recipient does not exist.
    UnknownUser,
    /// The recipient's mailbox is full.
    MailboxFull,
    /// The recipient's mailbox is switched off.
    MailboxDisabled,
    /// The recipient has moved.
    MailboxMoved,
    /// A domain does not exist.
    DomainUnknown,
    /// The host or domain takes no mail at all.
    NoMailAccepted,
    /// The server takes no mail for this domain from us.
    RelayDenied,
    /// The envelope sender is not accepted.
    SenderRejected,
    /// SPF, DKIM or DMARC.
    SenderAuthentication,
    /// User name, password or key is wrong.
    Credentials,
    /// An app password is wanted.
    AppPassword,
    /// OAuth is wanted.
    OauthRequired,
    /// The account, tenant or address may not do this.
    AccountRestricted,
    /// The mechanism is unknown, too weak or not for this place.
    AuthMechanism,
    /// A login is wanted first.
    AuthRequired,
    /// Encryption is wanted first.
    EncryptionRequired,
    /// TLS cannot be started.
    StarttlsFailed,
    /// Our address has no fitting name.
    ReverseDns,
    /// The name that we announce is not accepted.
    HeloName,
    /// The client's IP address is listed or has a poor reputation.
    Reputation,
    /// Temporarily rejected, as every unknown client (greylisting).
    Greylisted,
    /// Too much in too short a time.
    RateLimited,
    /// Too many connections at once.
    TooManyConnections,
    /// The message is too large.
    TooLarge,
    /// Too many recipients.
    TooManyRecipients,
    /// Spam, virus, or a policy without another reason.
    ContentPolicy,
    /// Something is written wrongly.
    Syntax,
    /// Commands in the wrong order; mostly the echo of an earlier refusal.
    Sequence,
    /// The server does not do this.
    Unsupported,
    /// The server is broken or badly configured.
    ServerFault,
    /// The server has no room left.
    ServerFull,
    /// The server closes the connection.
    Closing,
    /// The recipient takes mail from inside only.
    RecipientRestricted,
    /// It is no refusal.
    Accepted,
    /// Not known.
    Other,
}

/// What kind of refusal it is, in reports. Closed: a new one comes with a new schema version.
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
    Accepted,
    Other,
}

/// The public category of each cause, in the order of the causes. A demand for a login is about credentials; a recipient that
/// accepts mail from inside only does not accept this sender.
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
    (Cause::RecipientRestricted, Category::SenderRejected),
    (Cause::Accepted, Category::Accepted),
    (Cause::Other, Category::Other),
];

impl Cause {
    /// The public category.
    pub fn category(self) -> Category {
        CATEGORIES.get(self as usize).map_or(Category::Other, |(_, category)| *category)
    }

    /// Whether a rejection in a phase can have this cause. The phase comes first: words and codes that contradict it are read
    /// in another way.
    ///
    /// 1. A recipient is unknown before RCPT, the sender before MAIL, the message before DATA (RFC 5321 §3.3).
    /// 2. A greeting does not answer a command, so it is not about a name, a login or syntax (RFC 5321 §3.1);
    ///    it can complain that the client sent something before it.
    /// 3. Greylisting waits for client, sender and recipient together (RFC 6647 §2.4), so EHLO, STARTTLS and AUTH are never
    ///    greylisted; a few servers do it in the greeting.
    /// 4. STARTTLS is not rejected because encryption or a login is missing: STARTTLS comes before the login and is the
    ///    encryption (RFC 3207 §4).
    /// 5. Only STARTTLS fails to start TLS.
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

    /// Whether it is about one recipient, and not about us, our sender or the server.
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
        assert_eq!(CATEGORIES.len(), Cause::Other as usize + 1, "the last cause");
    }
}
