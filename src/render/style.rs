//! Lines of coloured words, and the themes. A role says what a word is; a theme says how it looks; without colour the
//! words alone say everything.

use anstyle::{AnsiColor, Effects, RgbColor, Style};

use super::{Colour, Display};

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing special.
    Plain,
    /// What we said.
    Client,
    /// What the server said.
    Server,
    /// A 4yz code.
    Temporary,
    /// A 5yz code.
    Permanent,
    /// The mark of an encrypted line.
    Encrypted,
    /// Beside the point.
    Dim,
    /// To the point.
    Bold,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// A command to run.
    Command,
}

/// Which colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Bright variants, for dark terminals.
    Default,
    /// Normal variants, for light terminals.
    Light,
    /// Orange and sky blue, which everybody can tell apart.
    Colorblind,
    /// Bold and dim only.
    Mono,
}

/// The words for `--theme`.
pub const THEMES: &[(&str, Theme)] =
    &[("default", Theme::Default), ("light", Theme::Light), ("colorblind", Theme::Colorblind), ("mono", Theme::Mono)];

impl Theme {
    fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let ansi = |bright: AnsiColor, normal: AnsiColor| match self {
            Theme::Light => plain.fg_color(Some(normal.into())),
            Theme::Default => plain.fg_color(Some(bright.into())),
            Theme::Colorblind | Theme::Mono => plain,
        };
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
            (Role::Encrypted | Role::Command, Theme::Colorblind) => plain,
            (Role::Error | Role::Permanent | Role::Warning | Role::Temporary, Theme::Mono) => plain.bold(),
            (_, Theme::Mono) => plain,
            (Role::Client, _) => ansi(AnsiColor::BrightGreen, AnsiColor::Green),
            (Role::Server, _) => ansi(AnsiColor::BrightBlue, AnsiColor::Blue),
            (Role::Temporary, _) => ansi(AnsiColor::BrightYellow, AnsiColor::Yellow),
            (Role::Permanent, _) => ansi(AnsiColor::BrightRed, AnsiColor::Red),
            (Role::Encrypted | Role::Command, _) => ansi(AnsiColor::BrightCyan, AnsiColor::Cyan),
            (Role::Error, _) => ansi(AnsiColor::BrightRed, AnsiColor::Red).bold(),
            (Role::Warning, _) => ansi(AnsiColor::BrightYellow, AnsiColor::Yellow).bold(),
        }
    }
}

/// Words with their roles, on one line.
#[derive(Clone, Debug, Default)]
pub struct StyledLine(Vec<(Role, String)>);

impl StyledLine {
    /// An empty line.
    pub fn new() -> StyledLine {
        StyledLine::default()
    }

    /// One word of one role.
    pub fn of(role: Role, text: impl Into<String>) -> StyledLine {
        StyledLine::new().and(role, text)
    }

    /// One more word.
    pub fn and(mut self, role: Role, text: impl Into<String>) -> StyledLine {
        self.0.push((role, text.into()));
        self
    }

    /// The line as it is written, with its line end.
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
