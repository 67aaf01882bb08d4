//! Mail programs and libraries: how to recognise their error messages, what is special about them, and how to apply a
//! fix in their settings.

use super::normal;
use super::pool::{FixRow, List, Text};

include!(concat!(env!("OUT_DIR"), "/lexicon/programs.rs"));

/// One program or library.
#[derive(Debug)]
pub(crate) struct MailProgram {
    /// The public id, in kebab-case.
    pub id: Text,
    /// The name as it is shown to the user.
    pub name: Text,
    /// Other names that users write.
    also: List<Text>,
    /// Whether it uses a library that is in the same data file. In that case, its signs are tried before the library's.
    application: bool,
    /// Strings that occur only in its error messages, in lower case.
    signs: List<Text>,
    /// Particularities: how it chooses TLS, what it verifies, and what its messages omit.
    pub note: Text,
    /// The source of these facts.
    pub source: Text,
    /// How to correct faults in its settings.
    advice: &'static [Advice],
}

/// How to correct faults in one program's settings.
#[derive(Debug)]
pub(crate) struct Advice {
    /// The rules of the faults.
    pub rules: List<Text>,
    /// What to do.
    pub fix: FixRow,
}

impl MailProgram {
    /// The change in its settings for the fault that a rule describes.
    pub(crate) fn advice_for<'a>(&self, rule: &'a str) -> impl Iterator<Item = &'static FixRow> + 'a {
        self.advice.iter().filter(move |advice| advice.rules.iter().any(|of| *of == rule)).map(|advice| &advice.fix)
    }

    /// All its advice.
    pub(crate) fn advice(&self) -> &'static [Advice] {
        self.advice
    }
}

/// The program that wrote an error message; the message is prepared by [`normal`]. The longest sign decides, and an
/// application takes precedence over the library that it uses.
pub(crate) fn recognised(text: &str) -> Option<&'static MailProgram> {
    let signs = PROGRAMS.iter().flat_map(|program| program.signs.iter().map(move |sign| (sign, program)));
    let found = signs.filter(|(sign, _)| text.contains(&***sign));
    found.max_by_key(|(sign, program)| (program.application, sign.len())).map(|(_, program)| program)
}

/// Finds a program by its id or name, case-insensitively.
pub(crate) fn named(name: &str) -> Option<&'static MailProgram> {
    let name = normal(name);
    PROGRAMS.iter().find(|program| {
        program.id == name || normal(&program.name) == name || program.also.iter().any(|also| *also == name)
    })
}

/// All programs.
#[cfg(test)]
pub(crate) fn all() -> &'static [MailProgram] {
    &PROGRAMS
}

#[cfg(test)]
mod tests {
    use super::{all, named, normal, recognised};
    use crate::lexicon::entries;

    #[test]
    fn programs_are_found_by_name_and_recognised_in_their_messages() {
        for (program, entry) in all().iter().zip(&entries().programs.entries.program) {
            assert_eq!(named(&program.id).map(|found| found.id), Some(program.id));
            assert_eq!(named(&program.name).map(|found| found.id), Some(program.id));
            assert!(program.signs.is_empty() || !entry.matches.is_empty(), "{} lacks an example", program.id);
            for example in &entry.matches {
                assert_eq!(recognised(&normal(example)).map(|found| found.id), Some(program.id), "{example}");
            }
        }
    }
}
