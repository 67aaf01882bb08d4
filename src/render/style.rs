//! Styled lines and colour themes. A role describes the meaning of a piece of text, and a theme maps roles to colours.
//! No information is conveyed by colour alone.

use anstyle::{Ansi256Color, AnsiColor, Effects, RgbColor, Style};

use super::{Colour, Display};

pub use super::display::Theme;

/// The meaning of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// Sent by smtpcheck.
    Client,
    /// Sent by the server.
    Server,
    /// A 4yz code.
    Temporary,
    /// A 5yz code.
    Permanent,
    /// The bar before an encrypted line.
    Encrypted,
    /// Less important text.
    Dim,
    /// Important text.
    Bold,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// A command to run.
    Command,
}

// Colours of the 256-colour palette, which terminal colour schemes do not change. Each has a contrast ratio (WCAG 2) of
// at least 3.5 to black, white and the usual dark grey; the test below verifies this.
const GREEN: Ansi256Color = Ansi256Color(64);
const BLUE: Ansi256Color = Ansi256Color(32);
const TEAL: Ansi256Color = Ansi256Color(30);
const AMBER: Ansi256Color = Ansi256Color(166);
const RED: Ansi256Color = Ansi256Color(196);

/// The values of `--theme`.
pub const THEMES: &[(&str, Theme)] =
    &[("default", Theme::Default), ("light", Theme::Light), ("colorblind", Theme::Colorblind), ("mono", Theme::Mono)];

impl Theme {
    pub(super) fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let ansi = |colour: AnsiColor| plain.fg_color(Some(colour.into()));
        let fixed = |colour: Ansi256Color| plain.fg_color(Some(colour.into()));
        let rgb = |red, green, blue| plain.fg_color(Some(RgbColor(red, green, blue).into()));
        match (role, self) {
            (Role::Plain, _) => plain,
            (Role::Dim, _) => plain.effects(Effects::DIMMED),
            (Role::Bold, _) => plain.bold(),
            (Role::Client, Theme::Colorblind) => rgb(230, 159, 0),
            (Role::Server, Theme::Colorblind) => rgb(86, 180, 233),
            (Role::Temporary | Role::Warning, Theme::Colorblind) => plain.bold(),
            (Role::Permanent | Role::Error, Theme::Colorblind) => {
                plain.bold().effects(Effects::BOLD | Effects::UNDERLINE)
            }
            // Bold is readable on every background.
            (Role::Command, Theme::Default | Theme::Light | Theme::Colorblind) => plain.bold(),
            (Role::Encrypted, Theme::Colorblind) => plain,
            (Role::Error | Role::Permanent | Role::Warning | Role::Temporary, Theme::Mono) => plain.bold(),
            (_, Theme::Mono) => plain,
            (Role::Client, Theme::Default) => fixed(GREEN),
            (Role::Server, Theme::Default) => fixed(BLUE),
            (Role::Encrypted, Theme::Default) => fixed(TEAL),
            (Role::Temporary, Theme::Default) => fixed(AMBER),
            (Role::Permanent, Theme::Default) => fixed(RED),
            (Role::Warning, Theme::Default) => fixed(AMBER).bold(),
            (Role::Error, Theme::Default) => fixed(RED).bold(),
            (Role::Client, Theme::Light) => ansi(AnsiColor::Green),
            (Role::Server, Theme::Light) => ansi(AnsiColor::Blue),
            (Role::Encrypted, Theme::Light) => ansi(AnsiColor::Cyan),
            (Role::Temporary, Theme::Light) => ansi(AnsiColor::Yellow),
            (Role::Permanent, Theme::Light) => ansi(AnsiColor::Red),
            (Role::Warning, Theme::Light) => ansi(AnsiColor::Yellow).bold(),
            (Role::Error, Theme::Light) => ansi(AnsiColor::Red).bold(),
        }
    }
}

/// One line of text, in pieces with their roles.
#[derive(Clone, Debug, Default)]
pub struct StyledLine(Vec<(Role, String)>);

impl StyledLine {
    /// An empty line.
    pub fn new() -> StyledLine {
        StyledLine::default()
    }

    /// A line that consists of one piece.
    pub fn of(role: Role, text: impl Into<String>) -> StyledLine {
        StyledLine::new().and(role, text)
    }

    /// The line with one more piece.
    pub fn and(mut self, role: Role, text: impl Into<String>) -> StyledLine {
        self.0.push((role, text.into()));
        self
    }

    /// The pieces with their roles.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (Role, &str)> {
        self.0.iter().map(|(role, text)| (*role, text.as_str()))
    }

    /// The line with colours and the line ending.
    pub fn paint(&self, look: &Display) -> String {
        let mut painted = String::new();
        let last = self.0.iter().rposition(|(_, text)| !text.trim_end().is_empty());
        for (at, (role, text)) in self.0.iter().enumerate().take(last.map_or(0, |last| last + 1)) {
            let text = if Some(at) == last { text.trim_end() } else { text };
            let style = look.theme.style(*role);
            if look.colour == Colour::Off || style.is_plain() || text.trim().is_empty() {
                painted.push_str(text);
            } else {
                painted.push_str(&format!("{style}{text}{style:#}"));
            }
        }
        painted.push('\n');
        painted
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may fail loudly")]
mod tests {
    use anstyle::Ansi256Color;

    use super::{AMBER, BLUE, GREEN, RED, TEAL};

    /// Relative luminance (WCAG 2).
    fn luminance(parts: [f64; 3]) -> f64 {
        let linear = parts.map(|part| {
            let part = part / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    fn contrast(one: f64, other: f64) -> f64 {
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn colours_of_the_default_theme_are_readable_on_dark_and_light_backgrounds() {
        let levels = [0.0, 95.0, 135.0, 175.0, 215.0, 255.0];
        for Ansi256Color(number) in [GREEN, BLUE, TEAL, AMBER, RED] {
            let place = usize::from(number) - 16;
            let colour = luminance([levels[place / 36], levels[place / 6 % 6], levels[place % 6]]);
            for background in [[0.0; 3], [30.0; 3], [255.0; 3]] {
                assert!(contrast(colour, luminance(background)) > 3.5, "colour {number} on {background:?}");
            }
        }
    }
}
