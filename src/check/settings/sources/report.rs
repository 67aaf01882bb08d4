//! What a source of client settings reports: its state, the settings, and what is wrong with them.

use crate::check::settings::seen::{SettingSecurity, SourceKind, SourceState};
use crate::check::settings::sight::SettingsSight;
use crate::evidence::Probe;
use crate::policy::autoconfig::AuthenticationWord;
use crate::policy::placeholders;
use crate::question::Question;
use crate::wire::DomainName;

/// The result of one source.
pub(in crate::check::settings) struct SourceReport<'s> {
    pub(in crate::check::settings) kind: SourceKind,
    pub(in crate::check::settings) state: SourceState,
    pub(in crate::check::settings) place: Option<String>,
    pub(in crate::check::settings) detail: String,
    pub(in crate::check::settings) settings: Vec<PublishedSetting<'s>>,
    /// Whether it is proved that the settings come from the domain owner or from a known service.
    pub(in crate::check::settings) is_authenticated: bool,
    /// The name of the provider.
    pub(in crate::check::settings) provider: Option<String>,
    pub(in crate::check::settings) faults: Vec<SourceFault<'s>>,
    /// The questions that must be asked before the result is known.
    pub(in crate::check::settings) questions: Vec<Question>,
}

/// A server that a source names for sending mail.
#[derive(Clone)]
pub(in crate::check::settings) struct PublishedSetting<'s> {
    pub(in crate::check::settings) host: DomainName,
    pub(in crate::check::settings) port: u16,
    pub(in crate::check::settings) security: SettingSecurity,
    pub(in crate::check::settings) user: UserForm,
    pub(in crate::check::settings) methods: Vec<AuthenticationWord>,
    /// The probe whose answer contains it; `None` for built-in knowledge.
    pub(in crate::check::settings) probe: Option<&'s Probe>,
    /// Whether the host belongs to the operator of the domain, so that an SRV record that is not signed is enough.
    pub(in crate::check::settings) is_own: bool,
    /// The id of the provider, if it is in the built-in list.
    pub(in crate::check::settings) provider: Option<&'static str>,
}

/// A user name with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check::settings) struct UserForm(pub(in crate::check::settings) String);

impl UserForm {
    pub(in crate::check::settings) fn address() -> UserForm {
        UserForm("%EMAILADDRESS%".to_owned())
    }

    /// The user name; `None` if it depends on an email address that was not given.
    pub(in crate::check::settings) fn value(&self, sight: SettingsSight<'_>) -> Option<String> {
        let given = sight.settings.user.clone();
        given.or_else(|| placeholders::filled(&self.0, sight.settings.local_part().as_deref(), sight.domain()))
    }

    /// The user name in words.
    pub(in crate::check::settings) fn words(&self, sight: SettingsSight<'_>) -> String {
        if let Some(user) = &sight.settings.user {
            return user.clone();
        }
        match self.0.as_str() {
            "%EMAILADDRESS%" => "the email address".to_owned(),
            "%EMAILLOCALPART%" => "the part of the email address before the @".to_owned(),
            other => other.to_owned(),
        }
    }
}

/// Something that is wrong with what a source publishes.
pub(in crate::check::settings) enum SourceFault<'s> {
    /// An autoconfiguration file, or part of it, cannot be read. The words may quote the file.
    File {
        /// The probe with the file.
        probe: &'s Probe,
        /// What is wrong.
        words: String,
        /// Whether nothing in the file is usable.
        is_useless: bool,
    },
    /// The web server's certificate cannot be verified.
    Certificate {
        /// The probe of the request.
        probe: &'s Probe,
        /// What is wrong.
        words: String,
    },
    /// An SRV record states that a service is not offered.
    NotOffered {
        /// The probe of the lookup.
        probe: &'s Probe,
        /// The name of the record.
        name: String,
    },
    /// Some clients cannot use an SRV record.
    Record {
        /// The probe of the lookup.
        probe: &'s Probe,
        /// What is wrong.
        words: String,
    },
    /// No record contains the digest of a PACC file.
    Digest {
        /// The probe with the file.
        probe: &'s Probe,
        /// What is wrong.
        words: String,
    },
}

impl<'s> SourceReport<'s> {
    pub(super) fn of(kind: SourceKind, state: SourceState, detail: impl Into<String>) -> SourceReport<'s> {
        SourceReport {
            kind,
            state,
            place: None,
            detail: detail.into(),
            settings: Vec::new(),
            is_authenticated: false,
            provider: None,
            faults: Vec::new(),
            questions: Vec::new(),
        }
    }

    pub(super) fn open(kind: SourceKind, questions: impl IntoIterator<Item = Question>) -> SourceReport<'s> {
        let report = SourceReport::of(kind, SourceState::Unfinished, "no answer yet");
        SourceReport { questions: questions.into_iter().collect(), ..report }
    }

    pub(super) fn at(self, place: impl Into<String>) -> SourceReport<'s> {
        SourceReport { place: Some(place.into()), ..self }
    }

    /// Whether the result is known.
    pub(in crate::check::settings) fn is_over(&self) -> bool {
        self.state != SourceState::Unfinished
    }

    /// Whether it contains settings.
    pub(in crate::check::settings) fn is_found(&self) -> bool {
        self.state == SourceState::Found && !self.settings.is_empty()
    }
}
