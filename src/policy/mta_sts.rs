//! MTA-STS records (RFC 8461 §3.1) and policies (RFC 8461 §3.2), and which MX hosts a policy allows (§4.1).
//!
//! Parsers return everything that they could read, and every fault with its position. A fault makes the record or
//! policy invalid either for every sender, or only for senders that follow the grammar exactly (see [`StsEffect`]).
//! TLS-RPT records have the same grammar, so `tls_rpt` also uses [`versioned`] and [`versioned_fields`].

use std::ops::Range;

use crate::wire::DnsName;

/// The maximum of `max_age` in seconds: about one year (RFC 8461 §3.2).
pub(crate) const MAX_MAX_AGE: u64 = 31_557_600;

/// The effect of a fault on senders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StsEffect {
    /// No sender can use the record or the policy.
    Invalid,
    /// The grammar does not allow the text. Some senders ignore the entire record or policy.
    Differs,
}

/// A fault in a record or policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StsFaultKind {
    /// The version is missing or is not at the beginning.
    Version,
    /// There is a space between the version and the semicolon. If there are other TXT records, senders discard such a
    /// record.
    SpaceAfterVersion,
    /// There is no `id`.
    IdMissing,
    /// The `id` is not 1 to 32 letters and digits.
    Id,
    /// A part is not a field, or its name or value has characters that are not allowed.
    Field,
    /// There is nothing between two semicolons.
    EmptyField,
    /// The body is an HTML page.
    Html,
    /// The text begins with a byte order mark.
    ByteOrderMark,
    /// A line is empty.
    EmptyLine,
    /// A line begins with a space.
    LeadingSpace,
    /// A line is not a field, or its name or value has characters that are not allowed.
    Line,
    /// There is no `version: STSv1`.
    PolicyVersion,
    /// There is no `mode`.
    ModeMissing,
    /// The mode is not `enforce`, `testing` or `none`.
    Mode,
    /// There is no `max_age`.
    MaxAgeMissing,
    /// The `max_age` is not a number of 1 to 10 digits.
    MaxAge,
    /// The `max_age` is larger than RFC 8461 allows.
    MaxAgeTooLong,
    /// There is no `mx`, although the mode requires it.
    MxMissing,
    /// An `mx` value is not a host name, or has a `*` that is not the first label.
    Pattern,
}

/// A fault with its position in the text, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StsFault {
    pub(crate) kind: StsFaultKind,
    pub(crate) effect: StsEffect,
    /// The invalid text; empty if something is missing.
    pub(crate) at: Range<usize>,
}

/// An MTA-STS record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StsRecord<'t> {
    /// The first `id`, if it is valid.
    pub(crate) id: Option<&'t str>,
    pub(crate) faults: Vec<StsFault>,
}

/// The mode of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StsMode {
    Enforce,
    Testing,
    None,
}

/// An MTA-STS policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StsPolicy<'t> {
    pub(crate) mode: Option<StsMode>,
    pub(crate) max_age: Option<u64>,
    /// The values of `mx`, in lower case.
    pub(crate) mx: Vec<String>,
    /// The names of other fields, which senders ignore, each with its position. They include misspelt fields.
    pub(crate) extensions: Vec<(&'t str, Range<usize>)>,
    pub(crate) faults: Vec<StsFault>,
}

/// The records in a TXT response that senders do not discard (RFC 8461 §3.1, RFC 8460 §3): those that begin with the
/// version and a semicolon. If there are no such records: those with spaces before the semicolon, or with nothing after
/// the version.
pub(crate) fn versioned<'t>(texts: &[&'t str], version: &str) -> Vec<&'t str> {
    let rest = |text: &&'t str| text.strip_prefix(version);
    let exact = texts.iter().filter(|text| rest(text).is_some_and(|rest| rest.starts_with(';')));
    let found: Vec<&str> = exact.copied().collect();
    if !found.is_empty() {
        return found;
    }
    let spaced = |text: &&&'t str| {
        rest(text).is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with(';') || rest.is_empty())
    };
    texts.iter().filter(spaced).copied().collect()
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VersionedField<'t> {
    pub(crate) name: &'t str,
    pub(crate) value: &'t str,
    pub(crate) at: Range<usize>,
}

/// The fields after the version, and the faults of the record.
pub(crate) fn versioned_fields<'t>(text: &'t str, version: &str) -> (Vec<VersionedField<'t>>, Vec<StsFault>) {
    let mut faults = Vec::new();
    let mut fields = Vec::new();
    let Some(mut rest) = text.strip_prefix(version) else {
        let end = text.char_indices().nth(version.len()).map_or(text.len(), |(end, _)| end);
        faults.push(fault(StsFaultKind::Version, StsEffect::Invalid, 0..end));
        return (fields, faults);
    };
    let spaces = rest.len() - rest.trim_start_matches(BLANKS).len();
    let begin = text.len() - rest.len();
    if spaces > 0 && rest.trim_start_matches(BLANKS).starts_with(';') {
        faults.push(fault(StsFaultKind::SpaceAfterVersion, StsEffect::Differs, begin..begin + spaces));
    }
    rest = rest.trim_start_matches(BLANKS);
    if !rest.is_empty() && !rest.starts_with(';') {
        faults.push(fault(StsFaultKind::Version, StsEffect::Invalid, 0..text.len() - rest.len()));
        return (fields, faults);
    }
    let parts: Vec<&str> = rest.strip_prefix(';').unwrap_or(rest).split(';').collect();
    let mut at = text.len() - rest.strip_prefix(';').unwrap_or(rest).len();
    for (number, part) in parts.iter().enumerate() {
        let part_at = at..at + part.len();
        at = part_at.end + 1;
        let trimmed = part.trim_matches(BLANKS);
        let Some((name, value)) = trimmed.split_once('=') else {
            if !trimmed.is_empty() {
                faults.push(fault(StsFaultKind::Field, StsEffect::Differs, part_at));
            } else if number + 1 < parts.len() {
                faults.push(fault(StsFaultKind::EmptyField, StsEffect::Differs, part_at));
            }
            continue;
        };
        fields.push(VersionedField { name, value, at: part_at });
    }
    (fields, faults)
}

/// Whether a field that is not defined has the form of an extension.
pub(crate) fn is_extension(field: &VersionedField<'_>) -> bool {
    let value = |c: char| c.is_ascii_graphic() && !matches!(c, '=' | ';');
    is_extension_name(field.name) && !field.value.is_empty() && field.value.chars().all(value)
}

fn is_extension_name(name: &str) -> bool {
    let other = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.len() <= 32 && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(other)
}

pub(crate) fn fault(kind: StsFaultKind, effect: StsEffect, at: Range<usize>) -> StsFault {
    StsFault { kind, effect, at }
}

const BLANKS: [char; 2] = [' ', '\t'];

impl<'t> StsRecord<'t> {
    /// Parses a record.
    pub(crate) fn parse(text: &'t str) -> StsRecord<'t> {
        let (fields, mut faults) = versioned_fields(text, "v=STSv1");
        if faults.iter().any(|one| one.kind == StsFaultKind::Version) {
            return StsRecord { id: None, faults };
        }
        let mut id = None;
        for field in &fields {
            let is_id = field.name == "id";
            // Only the first field of each name counts.
            if is_id && id.is_none() {
                id = Some(field);
            } else if !is_id && !is_extension(field) {
                faults.push(fault(StsFaultKind::Field, StsEffect::Differs, field.at.clone()));
            }
        }
        let is_valid =
            |value: &str| (1..=32).contains(&value.len()) && value.chars().all(|c| c.is_ascii_alphanumeric());
        let id = match id {
            None => {
                faults.push(fault(StsFaultKind::IdMissing, StsEffect::Invalid, text.len()..text.len()));
                None
            }
            Some(field) if is_valid(field.value) => Some(field.value),
            Some(field) => {
                faults.push(fault(StsFaultKind::Id, StsEffect::Invalid, field.at.clone()));
                None
            }
        };
        StsRecord { id, faults }
    }

    /// Whether senders that are not strict can use the record.
    pub(crate) fn is_usable(&self) -> bool {
        self.faults.iter().all(|fault| fault.effect != StsEffect::Invalid)
    }
}

impl<'t> StsPolicy<'t> {
    /// Parses a policy. Lines end with LF or CRLF, and may have trailing spaces.
    pub(crate) fn parse(body: &'t str) -> StsPolicy<'t> {
        let mut policy =
            StsPolicy { mode: None, max_age: None, mx: Vec::new(), extensions: Vec::new(), faults: Vec::new() };
        if body.trim_start().starts_with('<') {
            policy.report(StsFaultKind::Html, StsEffect::Invalid, 0..0);
            return policy;
        }
        let text = body.strip_prefix('\u{feff}').unwrap_or(body);
        let mut begin = body.len() - text.len();
        if begin > 0 {
            policy.report(StsFaultKind::ByteOrderMark, StsEffect::Differs, 0..begin);
        }
        let mut known = FirstFields::default();
        let lines: Vec<&str> = text.split('\n').collect();
        for (number, line) in lines.iter().enumerate() {
            let at = begin..begin + line.len();
            begin = at.end + 1;
            let line = line.strip_suffix('\r').unwrap_or(line);
            let at = at.start..at.start + line.trim_end_matches(BLANKS).len();
            // If there is no text after the last line ending, there are no more lines.
            if !(at.is_empty() && number + 1 == lines.len()) {
                policy.read_line(line, at, &mut known);
            }
        }
        policy.report_missing(&known, body.len());
        policy
    }

    fn read_line(&mut self, line: &'t str, at: Range<usize>, known: &mut FirstFields) {
        let line = line.trim_end_matches(BLANKS);
        if line.is_empty() {
            return self.report(StsFaultKind::EmptyLine, StsEffect::Differs, at);
        }
        if line.starts_with(BLANKS) {
            self.report(StsFaultKind::LeadingSpace, StsEffect::Differs, at.clone());
        }
        let Some((name, value)) = line.trim_start_matches(BLANKS).split_once(':') else {
            return self.report(StsFaultKind::Line, StsEffect::Differs, at);
        };
        let value = value.trim_start_matches(BLANKS);
        // Only the first field of each name counts, except for `mx` (RFC 8461 §3.2).
        match name {
            "version" if !known.version => {
                known.version = true;
                if value != "STSv1" {
                    self.report(StsFaultKind::PolicyVersion, StsEffect::Invalid, at);
                }
            }
            "mode" if !known.mode => {
                known.mode = true;
                self.mode = match value {
                    "enforce" => Some(StsMode::Enforce),
                    "testing" => Some(StsMode::Testing),
                    "none" => Some(StsMode::None),
                    _ => None,
                };
                if self.mode.is_none() {
                    self.report(StsFaultKind::Mode, StsEffect::Invalid, at);
                }
            }
            "max_age" if !known.max_age => {
                known.max_age = true;
                self.read_max_age(value, at);
            }
            "mx" if value.is_empty() => self.report(StsFaultKind::Pattern, StsEffect::Differs, at),
            "mx" => {
                if !is_pattern(value) {
                    self.report(StsFaultKind::Pattern, StsEffect::Differs, at);
                }
                self.mx.push(value.to_ascii_lowercase());
            }
            "version" | "mode" | "max_age" => {}
            _ => {
                let is_value = !value.is_empty() && !value.chars().any(char::is_control);
                if !is_extension_name(name) || !is_value {
                    self.report(StsFaultKind::Line, StsEffect::Differs, at.clone());
                }
                self.extensions.push((name, at));
            }
        }
    }

    fn read_max_age(&mut self, value: &str, at: Range<usize>) {
        let is_number = (1..=10).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
        self.max_age = value.parse().ok().filter(|_| is_number);
        match self.max_age {
            None => self.report(StsFaultKind::MaxAge, StsEffect::Invalid, at),
            Some(seconds) if seconds > MAX_MAX_AGE => {
                self.report(StsFaultKind::MaxAgeTooLong, StsEffect::Differs, at);
            }
            Some(_) => {}
        }
    }

    fn report_missing(&mut self, known: &FirstFields, end: usize) {
        for (kind, is_missing) in [
            (StsFaultKind::PolicyVersion, !known.version),
            (StsFaultKind::ModeMissing, !known.mode),
            (StsFaultKind::MaxAgeMissing, !known.max_age),
            (StsFaultKind::MxMissing, self.mx.is_empty() && self.mode != Some(StsMode::None)),
        ] {
            if is_missing {
                self.report(kind, StsEffect::Invalid, end..end);
            }
        }
    }

    fn report(&mut self, kind: StsFaultKind, effect: StsEffect, at: Range<usize>) {
        self.faults.push(fault(kind, effect, at));
    }

    /// Whether senders that are not strict can use the policy.
    pub(crate) fn is_usable(&self) -> bool {
        self.faults.iter().all(|fault| fault.effect != StsEffect::Invalid)
    }

    /// Whether an `mx` value matches the host.
    pub(crate) fn allows(&self, host: &DnsName) -> bool {
        self.mx.iter().any(|pattern| is_match(pattern, host))
    }

    /// The field that is probably a misspelling of the missing field: it differs only in letter case, or in one or two
    /// letters.
    pub(crate) fn misspelt(&self, expected: &str) -> Option<&(&'t str, Range<usize>)> {
        let limit = if expected.len() > 3 { 2 } else { 1 };
        let is_similar = |name: &str| strsim::osa_distance(&name.trim().to_ascii_lowercase(), expected) <= limit;
        self.extensions.iter().find(|(name, _)| is_similar(name))
    }
}

/// The fields that were read.
#[derive(Clone, Copy, Debug, Default)]
struct FirstFields {
    version: bool,
    mode: bool,
    max_age: bool,
}

/// Whether a value of `mx` is a host name, or `*.` and a host name.
fn is_pattern(value: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    value.strip_prefix("*.").unwrap_or(value).split('.').all(is_label)
}

/// Whether a pattern in a policy matches the name of an MX host (RFC 8461 §4.1): `*` replaces exactly one label.
pub(crate) fn is_match(pattern: &str, host: &DnsName) -> bool {
    // Some publishers end the name with a dot. Strict senders ignore such a policy.
    let pattern = pattern.trim_end_matches('.');
    match pattern.strip_prefix("*.") {
        Some(rest) => host.as_str().split_once('.').is_some_and(|(_, parent)| rest.eq_ignore_ascii_case(parent)),
        None => pattern.eq_ignore_ascii_case(host.as_str()),
    }
}

/// The number of the line that contains a position. The first line has the number 1.
pub(crate) fn line_at(body: &str, at: &Range<usize>) -> usize {
    body.get(..at.start).map_or(1, |before| before.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::{StsEffect, StsFaultKind, StsMode, StsPolicy, StsRecord, is_match, line_at, versioned};
    use crate::wire::DnsName;

    /// The test cases of mox for records: first the records that its parser accepts, then those that it rejects.
    const MOX_GOOD_RECORDS: &[(&str, &str)] = &[
        ("v=STSv1; id=20160831085700Z;", "20160831085700Z"),
        ("v=STSv1; \t id=20160831085700Z  \t;", "20160831085700Z"),
        ("v=STSv1; id=a", "a"),
        ("v=STSv1; id=a; more=a; ext=2", "a"),
    ];
    const MOX_BAD_RECORDS: &[&str] = &[
        "v=STSv0",
        "v=STSv10",
        "v=STSv2",
        "v=STSv1",
        "v=STSv1;",
        "v=STSv1; ext=1",
        "v=STSv1; id=",
        "v=STSv1; id=012345678901234567890123456789012",
        "v=STSv1; id=test-123",
        "v=STSv1; id=a; more=",
        "v=STSv1; id=a; a12345678901234567890123456789012=1",
        "v=STSv1; id=a; 1%=a",
        "v=STSv1; id=a; test==",
        "v=STSv1; id=a;;",
    ];

    #[test]
    fn records_are_read_as_by_mox() {
        for (text, id) in MOX_GOOD_RECORDS {
            let record = StsRecord::parse(text);
            assert_eq!((record.id, record.faults), (Some(*id), vec![]), "{text}");
        }
        for text in MOX_BAD_RECORDS {
            assert!(!StsRecord::parse(text).faults.is_empty(), "{text}");
        }
    }

    #[test]
    fn policies_are_read_as_by_mox() {
        let good = [
            "version: STSv1\nmode: testing\nmx: mx1.example.com\nmx: mx2.example.com\nmx: mx.backup-example.com\nmax_age: 1296000\n",
            "version: STSv1\nmode: enforce\t\nmx: *.example.com \nmax_age: 0 \n",
            "version:STSv1\r\nmode:\tenforce\r\nmx:  \t\t *.example.com\nmax_age: 1\nmore:ext e  ns ion",
        ];
        for body in good {
            assert_eq!(StsPolicy::parse(body).faults, [], "{body}");
        }
        let bad = [
            "",
            "version:STSv0\nmode:none\nmax_age:0",
            "version:STSv10\nmode:none\nmax_age:0",
            "version:STSv2\nmode:none\nmax_age:0",
            "version:STSv1\nmax_age:0\nmx:example.com",
            "version:STSv1\nmode:none",
            "version:STSv1\nmax_age:0\nmode:enforce",
            "version:STSv1\nmax_age:0\nmode:testing",
            "max_age:0\nmode:none",
            "version:STSv1\nmode:none\nmax_age:01234567890",
            "version:STSv1\nmode:bad\nmax_age:1",
            "version:STSv1\nmode:none\nmax_age:a",
            "version:STSv1\nmode:enforce\nmax_age:0\nmx:",
            "version:STSv1\nmode:enforce\nmax_age:0\nmx:*.*.example",
            "version:STSv1\nmode:enforce\nmax_age:0\nmx:**.example",
            "version:STSv1\nmode:enforce\nmax_age:0\nmx:**.example-",
            "version:STSv1\nmode:enforce\nmax_age:0\nmx:test.example-",
            "version:STSv1\nmode:none\nmax_age:0\next:",
            "version:STSv1\nmode:none\nmax_age:0\na12345678901234567890123456789012:123",
            "version:STSv1\nmode:none\nmax_age:0\n_bad:test",
            "version:STSv1\nmode:none\nmax_age:0\nmx: m\u{f8}x.example",
        ];
        for body in bad {
            assert!(!StsPolicy::parse(body).faults.is_empty(), "{body}");
        }
    }

    /// The cases of postfix-mta-sts-resolver that are about parsing: 3 invalid records, 6 invalid policies and 3 valid
    /// policies from its list of domains, and 9 texts for its record parser. The test of `check/domain/sts` has the
    /// entire list of domains.
    #[test]
    fn records_and_policies_have_the_results_of_postfix_mta_sts_resolver() {
        let good = "version: STSv1\nmode: enforce\nmx: mail.loc\nmax_age: 86400";
        assert!(StsPolicy::parse(good).is_usable() && StsPolicy::parse(good).mode == Some(StsMode::Enforce));
        assert_eq!(StsPolicy::parse("version: STSv1\nmode: none\nmax_age: 86400").mode, Some(StsMode::None));
        let testing = StsPolicy::parse("version: STSv1\nmode: testing\nmax_age: 86400\nmx: mail.loc\n");
        assert!(testing.faults.is_empty() && testing.mode == Some(StsMode::Testing));
        for text in ["id=20180907T090909; v=STSv1;", "azazaza;asdasdasdasd", "v=STSv12;id=20180907T090909;"] {
            assert!(!StsRecord::parse(text).is_usable(), "{text}");
            assert!(versioned(&[text], "v=STSv1").is_empty(), "{text}");
        }
        for (text, id) in [
            ("v=STSv1; id=20160831085700Z;", Some("20160831085700Z")),
            ("v=STSv1;id=20160831085700Z;", Some("20160831085700Z")),
            ("v=STSv1; id=20160831085700Z", Some("20160831085700Z")),
            ("v=STSv1;id=20160831085700Z", Some("20160831085700Z")),
            ("v=STSv1;        id=20160831085700Z   ", Some("20160831085700Z")),
            ("", None),
            ("   ", None),
            (" ;   ;  ", None),
            ("v=STSv1; id=20160831085700Z;;;", Some("20160831085700Z")),
        ] {
            let record = StsRecord::parse(text);
            assert_eq!(record.id.filter(|_| record.is_usable()), id, "{text}");
        }
        for (body, kind) in [
            ("garbage", StsFaultKind::PolicyVersion),
            ("version: STSv1\nmode: enforce\nmax_age: 86400", StsFaultKind::MxMissing),
            ("version: STSv1\nmode: enforce\nmx: mail.loc\nmax_age: xxx", StsFaultKind::MaxAge),
            ("version: STSv1\nmode: enforce\nmx: mail.loc\nmax_age: 31557601", StsFaultKind::MaxAgeTooLong),
            ("version: STSv1\nmx: mail.loc\nmax_age: 86400", StsFaultKind::ModeMissing),
            ("version: STSv1\nmode: doubt\nmx: mail.loc\nmax_age: 86400", StsFaultKind::Mode),
        ] {
            assert!(StsPolicy::parse(body).faults.iter().any(|fault| fault.kind == kind), "{body}");
        }
    }

    #[test]
    fn misspelt_fields_are_found_with_their_line() {
        let body = "version: STSv1\r\nmode: enforce\r\nnmx: mx0.example.de\r\nmax_age: 604800\r\n";
        let policy = StsPolicy::parse(body);
        assert_eq!(policy.faults.iter().map(|fault| fault.kind).collect::<Vec<_>>(), [StsFaultKind::MxMissing]);
        let (name, at) = policy.misspelt("mx").expect("a similar field");
        assert_eq!((*name, line_at(body, at)), ("nmx", 3));
        let policy = StsPolicy::parse("version: STSv1\nMode: enforce\nmx: a.example\nmax_age: 1\n");
        assert_eq!(policy.misspelt("mode").map(|(name, _)| *name), Some("Mode"));
        assert!(policy.faults.iter().any(|fault| fault.kind == StsFaultKind::ModeMissing));
        let unread = StsPolicy::parse("<html><body>404</body></html>");
        assert_eq!(unread.faults.first().map(|fault| fault.kind), Some(StsFaultKind::Html));
    }

    #[test]
    fn a_wildcard_replaces_one_label() {
        let matches = |pattern: &str, host: &str| is_match(pattern, &DnsName::parse(host).expect("a name"));
        assert!(matches("*.example.com", "mx.example.com"));
        assert!(!matches("*.example.com", "a.b.example.com"));
        assert!(!matches("*.example.com", "example.com"));
        assert!(matches("MX.example.com", "mx.example.com"));
        assert!(!matches("mx.example.com", "notmx.example.com"));
        assert!(!matches("mx.example.com", "mx.example.com.evil.test"));
        assert!(!matches("*.mx.microsoft", "a.h-v1.mx.microsoft"));
    }

    proptest::proptest! {
        #[test]
        fn positions_are_in_the_text(text in "(v=STSv1)?[a-z;:= \\t\\r\\n*.\u{e9}\u{feff}]{0,40}") {
            let record = StsRecord::parse(&text);
            let policy = StsPolicy::parse(&text);
            for fault in record.faults.iter().chain(&policy.faults) {
                proptest::prop_assert!(text.get(fault.at.clone()).is_some(), "{:?}", fault);
            }
        }
    }

    #[test]
    fn records_of_other_kinds_are_discarded() {
        assert_eq!(versioned(&["v=spf1 -all", "v=STSv1; id=1"], "v=STSv1"), ["v=STSv1; id=1"]);
        assert_eq!(versioned(&["v=STSv1 ; id=1"], "v=STSv1"), ["v=STSv1 ; id=1"]);
        assert_eq!(versioned(&["v=STSv1 ; id=1", "v=STSv1;id=2"], "v=STSv1"), ["v=STSv1;id=2"]);
        let spaced = StsRecord::parse("v=STSv1 ; id=1");
        assert!(spaced.is_usable() && spaced.faults.first().map(|one| one.effect) == Some(StsEffect::Differs));
        assert_eq!(StsRecord::parse("v=STSv1; id=1; id=2").id, Some("1"));
    }
}
