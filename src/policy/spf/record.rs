//! The terms of an SPF record (RFC 7208 §4.6.1, §12). Any text can be parsed. For each invalid term, the parser records
//! the position, the reason, and the term that was probably intended. A single invalid term makes the entire record
//! invalid (§4.6).
//!
//! [`SpfRecord::corrected`] returns the intended record, if every invalid term can be corrected.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::macros::{MacroError, MacroString, MacroUse};

/// A parsed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpfRecord {
    /// The terms after the version, in the order in which they are written.
    pub(crate) terms: Vec<SpfTerm>,
}

/// A term with its position in the record, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpfTerm {
    pub(crate) at: Range<usize>,
    pub(crate) kind: SpfTermKind,
}

/// What a term is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SpfTermKind {
    /// A mechanism with its qualifier.
    Directive(SpfQualifier, SpfMechanism),
    /// `redirect=`.
    Redirect(MacroString),
    /// `exp=`.
    Exp(MacroString),
    /// A modifier that this version of SPF does not define. It is ignored (RFC 7208 §6).
    Unknown { name: String },
    /// A syntax error.
    Wrong(SpfMistake),
}

/// The result of a mechanism that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpfQualifier {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

/// A mechanism (RFC 7208 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SpfMechanism {
    All,
    Include(MacroString),
    A {
        target: Option<MacroString>,
        prefixes: SpfPrefixes,
    },
    Mx {
        target: Option<MacroString>,
        prefixes: SpfPrefixes,
    },
    Ptr {
        target: Option<MacroString>,
    },
    /// `ip4` and `ip6`.
    Network {
        ip: IpAddr,
        prefix: u8,
    },
    Exists(MacroString),
}

/// The prefix lengths of `a` and `mx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpfPrefixes {
    pub(crate) v4: u8,
    pub(crate) v6: u8,
}

/// A syntax error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpfMistake {
    pub(crate) why: SpfMistakeKind,
    /// The text to write instead of the term; empty if the term must be removed. `None` if the intended term is not
    /// known.
    pub(crate) instead: Option<String>,
}

/// The kind of a syntax error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpfMistakeKind {
    UnknownMechanism,
    MissingColon,
    MissingArgument,
    BlankAfterColon,
    BlankAfterQualifier,
    UnexpectedArgument,
    Prefix,
    MissingBlank,
    Separator,
    Quotation,
    NotIpv4,
    NotIpv6,
    ShortIpv4,
    Ipv6InIp4,
    Ipv4InIp6,
    HostInNetwork,
    Port,
    AddressAsName,
    DomainEnd,
    Macro(MacroError),
    Twice,
    ModifierWithColon,
    NotAscii,
}

const MECHANISMS: &[&str] = &["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"];

impl SpfRecord {
    /// Parses a record that begins with `v=spf1`.
    pub(crate) fn parse(text: &str) -> SpfRecord {
        let mut terms: Vec<SpfTerm> = Vec::new();
        let mut begin = 0;
        for (number, word) in text.split(' ').enumerate() {
            let at = begin..begin + word.len();
            begin = at.end + 1;
            if number > 0 && !word.is_empty() {
                terms.push(SpfTerm { at, kind: term(word) });
            }
        }
        let mut record = SpfRecord { terms };
        record.mark_repeated();
        record.join_separated(text);
        record
    }

    /// The invalid terms.
    pub(crate) fn mistakes(&self) -> impl Iterator<Item = (&SpfTerm, &SpfMistake)> {
        self.terms.iter().filter_map(|term| match &term.kind {
            SpfTermKind::Wrong(mistake) => Some((term, mistake)),
            _ => None,
        })
    }

    /// The position of the first `all` among the terms, and its qualifier.
    pub(crate) fn all(&self) -> Option<(usize, SpfQualifier)> {
        self.terms.iter().enumerate().find_map(|(at, term)| match term.kind {
            SpfTermKind::Directive(qualifier, SpfMechanism::All) => Some((at, qualifier)),
            _ => None,
        })
    }

    /// The position and the target of `redirect`.
    pub(crate) fn redirect(&self) -> Option<(usize, &MacroString)> {
        self.terms.iter().enumerate().find_map(|(at, term)| match &term.kind {
            SpfTermKind::Redirect(target) => Some((at, target)),
            _ => None,
        })
    }

    /// The target of `exp`.
    pub(crate) fn exp(&self) -> Option<&MacroString> {
        self.terms.iter().find_map(|term| match &term.kind {
            SpfTermKind::Exp(target) => Some(target),
            _ => None,
        })
    }

    /// The record with every invalid term corrected; `None` if a term cannot be corrected. An invalid record allows no
    /// host, so the corrected record must not allow every host: it never contains `all` with the qualifier `+`.
    pub(crate) fn corrected(&self, text: &str) -> Option<String> {
        let mut words = vec![text.split(' ').next()?.to_owned()];
        for term in &self.terms {
            let word = match &term.kind {
                SpfTermKind::Wrong(mistake) => mistake.instead.clone()?,
                // The version of a second record in the same text.
                SpfTermKind::Unknown { name } if name == "v" => continue,
                _ => cautious(text.get(term.at.clone())?).to_owned(),
            };
            if !word.is_empty() {
                words.push(word);
            }
        }
        let result = words.join(" ");
        SpfRecord::parse(&result).mistakes().next().is_none().then_some(result)
    }

    /// Marks repeated modifiers as mistakes: `redirect` and `exp` may each occur only once (RFC 7208 §6).
    fn mark_repeated(&mut self) {
        let (mut redirects, mut explanations) = (0, 0);
        for term in &mut self.terms {
            let count = match term.kind {
                SpfTermKind::Redirect(_) => &mut redirects,
                SpfTermKind::Exp(_) => &mut explanations,
                _ => continue,
            };
            *count += 1;
            if *count > 1 {
                term.kind = wrong(SpfMistakeKind::Twice, None);
            }
        }
    }

    /// Joins terms such as `include: example.com`, in which a space after the colon separates the mechanism from its
    /// argument, and `~ all`, in which a space separates the qualifier from its mechanism.
    fn join_separated(&mut self, text: &str) {
        let mut at = 0;
        while let Some([first, second]) = self.terms.get_mut(at..at + 2) {
            let (head, tail) = (text.get(first.at.clone()), text.get(second.at.clone()));
            if let (Some(head @ ("+" | "-" | "~" | "?")), Some(tail)) = (head, tail)
                && let joined = format!("{head}{tail}")
                && matches!(term(&joined), SpfTermKind::Directive(..))
            {
                first.kind = wrong(SpfMistakeKind::BlankAfterQualifier, Some(cautious(&joined).to_owned()));
                second.kind = wrong(SpfMistakeKind::BlankAfterQualifier, Some(String::new()));
            }
            if let (Some(head), Some(tail)) = (head, tail)
                && (head.ends_with([':', '=']))
                && matches!(&first.kind, SpfTermKind::Wrong(mistake) if mistake.why == SpfMistakeKind::MissingArgument)
                && matches!(second.kind, SpfTermKind::Wrong(_))
            {
                let joined = format!("{head}{tail}");
                if !matches!(term(&joined), SpfTermKind::Wrong(_)) {
                    first.kind = wrong(SpfMistakeKind::BlankAfterColon, Some(joined));
                    second.kind = wrong(SpfMistakeKind::BlankAfterColon, Some(String::new()));
                }
            }
            at += 1;
        }
    }
}

fn wrong(why: SpfMistakeKind, instead: Option<String>) -> SpfTermKind {
    SpfTermKind::Wrong(SpfMistake { why, instead })
}

fn term(word: &str) -> SpfTermKind {
    match parsed(word) {
        Ok(kind) => kind,
        Err(why) => {
            let (why, instead) = explained(word, why);
            let instead = instead.map(|text| text.split(' ').map(cautious).collect::<Vec<_>>().join(" "));
            wrong(why, instead.filter(|text| text.split(' ').all(|word| word.is_empty() || parsed(word).is_ok())))
        }
    }
}

/// Replaces `all` with `~all`, because a corrected term must not allow every host.
fn cautious(word: &str) -> &str {
    match parsed(word) {
        Ok(SpfTermKind::Directive(SpfQualifier::Pass, SpfMechanism::All)) => "~all",
        _ => word,
    }
}

fn parsed(word: &str) -> Result<SpfTermKind, SpfMistakeKind> {
    if !word.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(SpfMistakeKind::NotAscii);
    }
    // RFC 7208 §4.6.1: a modifier has `=` after its name, before any `:` or `/`.
    let name_end = word.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(word.len());
    let (name, rest) = word.split_at(name_end);
    if let Some(value) = rest.strip_prefix('=')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        return modifier(&name.to_ascii_lowercase(), value);
    }
    let (qualifier, directive) = match word.chars().next() {
        Some('+') => (SpfQualifier::Pass, word.get(1..).unwrap_or_default()),
        Some('-') => (SpfQualifier::Fail, word.get(1..).unwrap_or_default()),
        Some('~') => (SpfQualifier::SoftFail, word.get(1..).unwrap_or_default()),
        Some('?') => (SpfQualifier::Neutral, word.get(1..).unwrap_or_default()),
        _ => (SpfQualifier::Pass, word),
    };
    let end = directive.find([':', '/']).unwrap_or(directive.len());
    let (name, rest) = directive.split_at(end);
    let mechanism = match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => SpfMechanism::All,
        "all" => return Err(SpfMistakeKind::UnexpectedArgument),
        "include" => SpfMechanism::Include(required(rest)?),
        "exists" => SpfMechanism::Exists(required(rest)?),
        "ptr" if rest.is_empty() => SpfMechanism::Ptr { target: None },
        "ptr" => SpfMechanism::Ptr { target: Some(required(rest)?) },
        "a" | "mx" => {
            let (rest, prefixes) = prefixes(rest)?;
            let target = if rest.is_empty() { None } else { Some(required(rest)?) };
            if name.eq_ignore_ascii_case("a") {
                SpfMechanism::A { target, prefixes }
            } else {
                SpfMechanism::Mx { target, prefixes }
            }
        }
        "ip4" => network(rest, 32, |text| text.parse::<Ipv4Addr>().ok().map(IpAddr::V4), SpfMistakeKind::NotIpv4)?,
        "ip6" => network(rest, 128, |text| text.parse::<Ipv6Addr>().ok().map(IpAddr::V6), SpfMistakeKind::NotIpv6)?,
        _ => return Err(SpfMistakeKind::UnknownMechanism),
    };
    Ok(SpfTermKind::Directive(qualifier, mechanism))
}

fn modifier(name: &str, value: &str) -> Result<SpfTermKind, SpfMistakeKind> {
    Ok(match name {
        "redirect" => SpfTermKind::Redirect(domain(value)?),
        "exp" => SpfTermKind::Exp(domain(value)?),
        _ => {
            MacroString::parse(value, MacroUse::Record).map_err(SpfMistakeKind::Macro)?;
            SpfTermKind::Unknown { name: name.to_owned() }
        }
    })
}

/// A colon and a domain.
fn required(rest: &str) -> Result<MacroString, SpfMistakeKind> {
    match rest.strip_prefix(':') {
        Some(value) => domain(value),
        None if rest.is_empty() => Err(SpfMistakeKind::MissingArgument),
        None => Err(SpfMistakeKind::Prefix),
    }
}

/// `domain-spec` (RFC 7208 §7.1).
fn domain(text: &str) -> Result<MacroString, SpfMistakeKind> {
    if text.is_empty() {
        return Err(SpfMistakeKind::MissingArgument);
    }
    let parsed = MacroString::parse(text, MacroUse::Record).map_err(SpfMistakeKind::Macro)?;
    if parsed.has_domain_end() { Ok(parsed) } else { Err(SpfMistakeKind::DomainEnd) }
}

/// Separates the prefix lengths `/n`, `//n` or `/n//n` at the end.
fn prefixes(rest: &str) -> Result<(&str, SpfPrefixes), SpfMistakeKind> {
    let numeric = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (rest, v6) = match rest.rsplit_once("//") {
        Some((before, digits)) if numeric(digits) => (before, length(digits, 128)?),
        _ => (rest, 128),
    };
    let (rest, v4) = match rest.rsplit_once('/') {
        Some((before, digits)) if numeric(digits) => (before, length(digits, 32)?),
        _ => (rest, 32),
    };
    Ok((rest, SpfPrefixes { v4, v6 }))
}

/// A number without leading zeros, at most `max`.
fn length(digits: &str, max: u8) -> Result<u8, SpfMistakeKind> {
    let has_leading_zero = digits.len() > 1 && digits.starts_with('0');
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = digits.parse::<u8>().ok().filter(|number| *number <= max && all_digits && !has_leading_zero);
    number.ok_or(SpfMistakeKind::Prefix)
}

fn network(
    rest: &str,
    max: u8,
    address: impl Fn(&str) -> Option<IpAddr>,
    otherwise: SpfMistakeKind,
) -> Result<SpfMechanism, SpfMistakeKind> {
    let value = rest.strip_prefix(':').ok_or(SpfMistakeKind::MissingArgument)?;
    if value.is_empty() {
        return Err(SpfMistakeKind::MissingArgument);
    }
    let (text, prefix) = match value.split_once('/') {
        Some((text, digits)) => (text, Some(digits)),
        None => (value, None),
    };
    let ip = address(text).ok_or(otherwise)?;
    let prefix = prefix.map_or(Ok(max), |digits| length(digits, max))?;
    Ok(SpfMechanism::Network { ip, prefix })
}

/// A more specific reason why a term is invalid, and the term that was probably intended.
fn explained(word: &str, why: SpfMistakeKind) -> (SpfMistakeKind, Option<String>) {
    let unquoted: String = word.chars().filter(|c| !"\"'\\\u{201c}\u{201d}\u{2018}\u{2019}".contains(*c)).collect();
    if unquoted != word {
        return (SpfMistakeKind::Quotation, Some(unquoted));
    }
    if why == SpfMistakeKind::NotAscii {
        let plain =
            word.replace(['\u{2013}', '\u{2014}', '\u{2212}'], "-").replace(['\u{a0}', '\u{200b}', '\u{feff}'], " ");
        return (why, plain.is_ascii().then(|| plain.trim().to_owned()));
    }
    if let Some(parts) = separated(word) {
        return (SpfMistakeKind::Separator, Some(parts));
    }
    if let Some(parts) = without_blank(word) {
        return (SpfMistakeKind::MissingBlank, Some(parts));
    }
    let sign = word.chars().take_while(|c| "+-~?".contains(*c)).count();
    let (sign, bare) = word.split_at(sign);
    let lower = bare.to_ascii_lowercase();
    let (name, value) = bare.split_once(':').unwrap_or((bare, ""));
    match lower.split([':', '/', '=']).next().unwrap_or_default() {
        "redirect" | "exp" => {
            if bare.contains(':') && !bare.contains('=') {
                let instead = format!("{}={value}", name.to_ascii_lowercase());
                (SpfMistakeKind::ModifierWithColon, (!value.is_empty()).then_some(instead))
            } else {
                (why, None)
            }
        }
        "ip4" | "ipv4" | "ip" | "ipv6" | "ip6" => in_network(sign, name, value, why),
        "a" | "mx" | "include" | "exists" | "ptr" => {
            let address = value.split('/').next().unwrap_or_default();
            match address.parse::<IpAddr>() {
                Ok(IpAddr::V4(_)) => (SpfMistakeKind::AddressAsName, Some(format!("{sign}ip4:{value}"))),
                Ok(IpAddr::V6(_)) => (SpfMistakeKind::AddressAsName, Some(format!("{sign}ip6:{value}"))),
                Err(_) => (why, None),
            }
        }
        "all" | "all." => (
            if why == SpfMistakeKind::UnknownMechanism { SpfMistakeKind::Separator } else { why },
            Some(format!("{sign}all")),
        ),
        _ if why == SpfMistakeKind::UnknownMechanism => unknown(sign, bare, &lower),
        _ => (why, None),
    }
}

/// Terms that are separated by commas or semicolons, or a term that is followed by one.
fn separated(word: &str) -> Option<String> {
    let parts: Vec<&str> = word.split([',', ';']).filter(|part| !part.is_empty()).collect();
    let is_separated = word.contains([',', ';']) && !word.contains('%') && !parts.is_empty();
    (is_separated && parts.iter().all(|part| parsed(part).is_ok())).then(|| parts.join(" "))
}

/// Two terms without a space between them: `ip4:192.0.2.1~all`, `include:a.exampleinclude:b.example`.
///
/// The grammar allows the second example, because a domain may contain colons, but it is never intended.
pub(crate) fn without_blank(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    if !lower.is_ascii() {
        return None;
    }
    (1..word.len()).find_map(|at| {
        let (before, after) = (word.get(..at)?, word.get(at..)?);
        let rest = lower.get(at..)?;
        let begins = ["~all", "-all", "?all", "+all"].contains(&rest)
            || ["include:", "ip4:", "ip6:", "exists:", "redirect="].iter().any(|name| rest.starts_with(name));
        let follows_sign = before.ends_with(['+', '-', '~', '?']);
        if !begins || follows_sign || parsed(before).is_err() {
            return None;
        }
        match parsed(after) {
            Ok(_) => Some(format!("{before} {after}")),
            Err(_) => without_blank(after).map(|rest| format!("{before} {rest}")),
        }
    })
}

/// An invalid `ip4`, `ip6` or `ip` term.
fn in_network(sign: &str, name: &str, value: &str, why: SpfMistakeKind) -> (SpfMistakeKind, Option<String>) {
    let (address, prefix) = match value.split_once('/') {
        Some((address, prefix)) => (address, format!("/{prefix}")),
        None => (value, String::new()),
    };
    let name = name.to_ascii_lowercase();
    if value.is_empty() {
        return (SpfMistakeKind::MissingArgument, None);
    }
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(_)) if name != "ip6" => {
            let why = if name == "ip4" { SpfMistakeKind::Ipv6InIp4 } else { SpfMistakeKind::UnknownMechanism };
            return (why, Some(format!("{sign}ip6:{value}")));
        }
        Ok(IpAddr::V4(_)) if name != "ip4" => {
            let why = if name == "ip6" { SpfMistakeKind::Ipv4InIp6 } else { SpfMistakeKind::UnknownMechanism };
            return (why, Some(format!("{sign}ip4:{value}")));
        }
        Ok(_) => return (why, None),
        Err(_) => {}
    }
    if let Some((ip, port)) = address.split_once(':')
        && ip.parse::<Ipv4Addr>().is_ok()
        && port.bytes().all(|b| b.is_ascii_digit())
    {
        return (SpfMistakeKind::Port, Some(format!("{sign}ip4:{ip}{prefix}")));
    }
    let octets: Vec<&str> = address.split('.').filter(|part| !part.is_empty()).collect();
    let are_octets = octets.iter().all(|part| part.parse::<u8>().is_ok());
    if are_octets && octets.len() < 4 && name != "ip6" {
        // The address can be completed only if the prefix length shows that the missing octets do not matter.
        let known = prefix.strip_prefix('/').and_then(|digits| digits.parse::<usize>().ok());
        let fits = known.is_some_and(|bits| bits <= octets.len() * 8);
        let full = octets.iter().copied().chain(std::iter::repeat("0")).take(4).collect::<Vec<_>>().join(".");
        return (SpfMistakeKind::ShortIpv4, fits.then(|| format!("{sign}ip4:{full}{prefix}")));
    }
    if domain(value).is_ok() && address.contains(|c: char| c.is_ascii_alphabetic()) && !address.contains(':') {
        return (SpfMistakeKind::HostInNetwork, Some(format!("{sign}a:{value}")));
    }
    (why, None)
}

/// A name that is not a mechanism: `include.example.com`, `192.0.2.1`, `mx.`.
fn unknown(sign: &str, bare: &str, lower: &str) -> (SpfMistakeKind, Option<String>) {
    let address = bare.split('/').next().unwrap_or_default();
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => return (SpfMistakeKind::MissingColon, Some(format!("{sign}ip4:{bare}"))),
        Ok(IpAddr::V6(_)) => return (SpfMistakeKind::MissingColon, Some(format!("{sign}ip6:{bare}"))),
        Err(_) => {}
    }
    for name in ["include", "exists", "ip4", "ip6", "redirect", "exp", "mx", "ptr", "a"] {
        let Some(rest) = lower.strip_prefix(name) else { continue };
        let Some(rest) = rest.strip_prefix(['.', ';', ',', '-', '_']) else { continue };
        let mark = if matches!(name, "redirect" | "exp") { '=' } else { ':' };
        return (SpfMistakeKind::MissingColon, Some(format!("{sign}{name}{mark}{rest}")));
    }
    let similar = MECHANISMS.iter().find(|name| {
        let word = lower.split(':').next().unwrap_or_default();
        word != **name && name.len() > 2 && is_one_letter_off(word, name)
    });
    let instead = similar.map(|name| match bare.split_once(':') {
        Some((_, value)) => format!("{sign}{name}:{value}"),
        None => format!("{sign}{name}"),
    });
    (SpfMistakeKind::UnknownMechanism, instead)
}

/// Whether the names differ in one missing, added or changed letter, or in a doubled last letter.
fn is_one_letter_off(word: &str, name: &str) -> bool {
    let (word, name): (Vec<char>, Vec<char>) = (word.chars().collect(), name.chars().collect());
    let start = word.iter().zip(&name).take_while(|(a, b)| a == b).count();
    let end = word.iter().rev().zip(name.iter().rev()).take_while(|(a, b)| a == b).count();
    let (longer, shorter) = (word.len().max(name.len()), word.len().min(name.len()));
    longer - shorter <= 1 && start + end + 1 >= longer
}

impl SpfMistakeKind {
    /// The reason, as a sentence without its full stop.
    pub(crate) fn reason(self) -> String {
        match self {
            SpfMistakeKind::UnknownMechanism => "SPF has no mechanism with this name".to_owned(),
            SpfMistakeKind::MissingColon => "the colon between the mechanism and its value is missing".to_owned(),
            SpfMistakeKind::MissingArgument => "the mechanism needs a value".to_owned(),
            SpfMistakeKind::BlankAfterColon => "there is a space between the mechanism and its value".to_owned(),
            SpfMistakeKind::BlankAfterQualifier => {
                "there is a space between the qualifier and the mechanism".to_owned()
            }
            SpfMistakeKind::UnexpectedArgument => "the all mechanism does not accept a value".to_owned(),
            SpfMistakeKind::Prefix => {
                "the prefix length is not allowed here, or is too large (32 for IPv4, 128 for IPv6)".to_owned()
            }
            SpfMistakeKind::MissingBlank => "the space between two terms is missing".to_owned(),
            SpfMistakeKind::Separator => "terms must be separated only by spaces, without punctuation".to_owned(),
            SpfMistakeKind::Quotation => "the record contains quotation marks or backslashes".to_owned(),
            SpfMistakeKind::NotIpv4 => "the value is not an IPv4 address".to_owned(),
            SpfMistakeKind::NotIpv6 => "the value is not an IPv6 address".to_owned(),
            SpfMistakeKind::ShortIpv4 => "an IPv4 address must be written with all four numbers".to_owned(),
            SpfMistakeKind::Ipv6InIp4 => "ip4 does not accept an IPv6 address".to_owned(),
            SpfMistakeKind::Ipv4InIp6 => "ip6 does not accept an IPv4 address".to_owned(),
            SpfMistakeKind::HostInNetwork => "ip4 and ip6 do not accept a host name".to_owned(),
            SpfMistakeKind::Port => "an SPF record cannot contain a port".to_owned(),
            SpfMistakeKind::AddressAsName => "this mechanism needs a domain name, not an IP address".to_owned(),
            SpfMistakeKind::DomainEnd => "the value is not a domain name: its last label is invalid".to_owned(),
            SpfMistakeKind::Macro(error) => error.to_string(),
            SpfMistakeKind::Twice => "redirect and exp may each occur only once".to_owned(),
            SpfMistakeKind::ModifierWithColon => {
                "redirect and exp must be written with = instead of a colon".to_owned()
            }
            SpfMistakeKind::NotAscii => "the term contains characters that are not visible ASCII".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::{SpfMistakeKind, SpfQualifier, SpfRecord, SpfTermKind};

    #[test]
    fn invalid_terms_have_a_reason_and_a_correction() {
        for (term, why, instead) in [
            ("include.spf.example.net", SpfMistakeKind::MissingColon, Some("include:spf.example.net")),
            ("ip4:45.154.45.81~all", SpfMistakeKind::MissingBlank, Some("ip4:45.154.45.81 ~all")),
            ("ip4:192.0.2.1include:b.example", SpfMistakeKind::MissingBlank, Some("ip4:192.0.2.1 include:b.example")),
            ("mx,a:mail.example.com", SpfMistakeKind::Separator, Some("mx a:mail.example.com")),
            ("-all;", SpfMistakeKind::Separator, Some("-all")),
            ("-all.", SpfMistakeKind::Separator, Some("-all")),
            ("ip:192.0.2.1", SpfMistakeKind::UnknownMechanism, Some("ip4:192.0.2.1")),
            ("ipv6:2001:db8::1", SpfMistakeKind::UnknownMechanism, Some("ip6:2001:db8::1")),
            ("ip4:2001:db8::1", SpfMistakeKind::Ipv6InIp4, Some("ip6:2001:db8::1")),
            ("ip6:192.0.2.1", SpfMistakeKind::Ipv4InIp6, Some("ip4:192.0.2.1")),
            ("ip4:mail.example.com", SpfMistakeKind::HostInNetwork, Some("a:mail.example.com")),
            ("ip4:192.0.2", SpfMistakeKind::ShortIpv4, None),
            ("ip4:192.0.2/24", SpfMistakeKind::ShortIpv4, Some("ip4:192.0.2.0/24")),
            ("ip4:192.0.2.1:25", SpfMistakeKind::Port, Some("ip4:192.0.2.1")),
            ("ip4:192.0.2.1/33", SpfMistakeKind::Prefix, None),
            ("a:192.0.2.1", SpfMistakeKind::AddressAsName, Some("ip4:192.0.2.1")),
            ("192.0.2.1", SpfMistakeKind::MissingColon, Some("ip4:192.0.2.1")),
            ("redirect:example.net", SpfMistakeKind::ModifierWithColon, Some("redirect=example.net")),
            ("\"-all\"", SpfMistakeKind::Quotation, Some("-all")),
            ("\u{2013}all", SpfMistakeKind::NotAscii, Some("-all")),
            ("inlcude:a.example", SpfMistakeKind::UnknownMechanism, None),
            ("includ:a.example", SpfMistakeKind::UnknownMechanism, Some("include:a.example")),
            ("a:foo", SpfMistakeKind::DomainEnd, None),
            ("all:x", SpfMistakeKind::UnexpectedArgument, Some("~all")),
        ] {
            let record = SpfRecord::parse(&format!("v=spf1 {term}"));
            let found: Vec<_> =
                record.mistakes().map(|(_, mistake)| (mistake.why, mistake.instead.as_deref())).collect();
            assert_eq!(found, [(why, instead)], "{term}");
        }
    }

    #[test]
    fn corrected_records_are_valid() {
        for (text, corrected) in [
            ("v=spf1 include: a.example -all", Some("v=spf1 include:a.example -all")),
            ("v=spf1 ip4:192.0.2.1~all", Some("v=spf1 ip4:192.0.2.1 ~all")),
            ("v=spf1 mx moo -all", None),
            ("v=spf1 mx ~ all", Some("v=spf1 mx ~all")),
            ("v=spf1 - all", Some("v=spf1 -all")),
            ("v=spf1 mx + all", Some("v=spf1 mx ~all")),
            ("v=spf1 mx all-", Some("v=spf1 mx ~all")),
            ("v=spf1 mx all/24", Some("v=spf1 mx ~all")),
            ("v=spf1 mx all;", Some("v=spf1 mx ~all")),
            ("v=spf1 include: a.example +all", Some("v=spf1 include:a.example ~all")),
            ("v=spf1 ip4:192.0.2.1~all v=spf1 mx -all", Some("v=spf1 ip4:192.0.2.1 ~all mx -all")),
        ] {
            assert_eq!(SpfRecord::parse(text).corrected(text).as_deref(), corrected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_corrected_record_allows_every_host(terms in "(mx|a|ip4:192.0.2.1)?[-+~?=*:;,/0-9 ]{0,2}all[-+~?=*:;,./0-9x ]{0,3}") {
            let text = format!("v=spf1 {terms}");
            let corrected = SpfRecord::parse(&text).corrected(&text);
            let all = corrected.as_deref().map(SpfRecord::parse).and_then(|record| record.all());
            prop_assert!(!matches!(all, Some((_, SpfQualifier::Pass))), "{corrected:?}");
        }
    }

    #[test]
    fn unknown_modifiers_are_kept_and_are_not_mistakes() {
        let record = SpfRecord::parse("v=spf1 ra=postmaster include=a.example -all");
        assert_eq!(record.mistakes().count(), 0);
        let unknown = |term: &super::SpfTerm| matches!(term.kind, SpfTermKind::Unknown { .. });
        assert_eq!(record.terms.iter().filter(|term| unknown(term)).count(), 2);
    }
}
