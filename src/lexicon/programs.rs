//! Mail programs and libraries: how to recognise their error messages, what is special about them, and how a fix is written
//! in their own settings.

use std::sync::LazyLock;

use serde::Deserialize;

use super::embedded::{embedded, normal};
use super::meaning::Fix;

static PROGRAMS: LazyLock<ProgramsFile> =
    LazyLock::new(|| embedded("programs.toml", include_str!("data/programs.toml")));

#[derive(Deserialize)]
struct ProgramsFile {
    program: Vec<MailProgram>,
}

/// One program or library.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct MailProgram {
    /// Public, kebab-case.
    pub id: String,
    /// For people.
    pub name: String,
    /// Other names that users write.
    #[serde(default)]
    also: Vec<String>,
    /// Whether it uses a library that is in the file too: its signs come before those of the library.
    #[serde(default)]
    application: bool,
    /// Texts that only its error messages contain, in lower case.
    #[serde(default)]
    signs: Vec<String>,
    /// What is special about it: how it chooses TLS, what it verifies, what its messages leave out.
    pub note: String,
    /// Where it is known from.
    pub source: String,
    /// How a fault is corrected in its settings.
    #[serde(default)]
    advice: Vec<Advice>,
    /// Messages in which it is recognised.
    #[cfg(test)]
    matches: Vec<String>,
}

/// How faults are corrected in one program's settings.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Advice {
    /// The rules of the faults.
    pub rules: Vec<String>,
    /// What to do.
    pub fix: Fix,
}

impl MailProgram {
    /// What to change in its settings for the fault of a rule.
    pub(crate) fn advice_for<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = &'a Fix> {
        self.advice.iter().filter(move |advice| advice.rules.iter().any(|of| of == rule)).map(|advice| &advice.fix)
    }

    /// All its advice.
    pub(crate) fn advice(&self) -> &[Advice] {
        &self.advice
    }
}

/// The program whose error message a text is; the text is prepared by [`normal`]. The longest sign decides;
/// an application comes before the library that it uses.
pub(crate) fn recognised(text: &str) -> Option<&'static MailProgram> {
    let signs = PROGRAMS.program.iter().flat_map(|program| program.signs.iter().map(move |sign| (sign, program)));
    let found = signs.filter(|(sign, _)| text.contains(sign.as_str()));
    found.max_by_key(|(sign, program)| (program.application, sign.len())).map(|(_, program)| program)
}

/// A program by its id or name, in any case.
pub(crate) fn named(name: &str) -> Option<&'static MailProgram> {
    let name = normal(name);
    PROGRAMS
        .program
        .iter()
        .find(|program| program.id == name || normal(&program.name) == name || program.also.contains(&name))
}

/// All programs.
#[cfg(test)]
pub(crate) fn all() -> &'static [MailProgram] {
    &PROGRAMS.program
}

#[cfg(test)]
mod tests {
    use super::{all, named, normal, recognised};

    #[test]
    fn programs_are_found_by_name_and_recognised_in_their_messages() {
        for program in all() {
            assert_eq!(named(&program.id).map(|found| &found.id), Some(&program.id));
            assert_eq!(named(&program.name).map(|found| &found.id), Some(&program.id));
            assert!(program.signs.is_empty() || !program.matches.is_empty(), "{} lacks an example", program.id);
            for example in &program.matches {
                assert_eq!(recognised(&normal(example)).map(|found| &found.id), Some(&program.id), "{example}");
            }
        }
    }
}
