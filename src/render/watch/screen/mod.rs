//! The screen of a watch on a terminal: a table that is updated in place, as in mtr and trippy. [`draw`] paints the
//! state into a frame, and [`ScreenView::press`] handles a key; neither accesses the terminal, which `commands::watch`
//! controls.
//!
//! There are three displays: [`overview`] (phases, IP addresses, changes), a graph, and the details (findings with
//! their fixes, servers, changes). The screen works with any width from 40 columns and any height from 5 lines. Columns
//! that do not fit are omitted, and lines that do not fit can be scrolled into view.

mod overview;
mod view;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::style::{Role, StyledLine};
use super::super::view::verdict;
use super::super::{Colour, Display};
use super::values::{percent, span};
use super::{graph, summary};
use crate::render::escape::visible;
use crate::watch::Watch;
use crate::watch::target::TargetWatch;

pub use view::{ScreenAnswer, ScreenKey, ScreenMode, ScreenView};

/// The keys, as the help shows them.
const KEYS: [(&str, &str); 9] = [
    ("q, Ctrl-C", "end the watch and print the summary"),
    ("p", "pause; running checks still finish"),
    ("space", "resume"),
    ("r", "reset all numbers"),
    ("d", "next display: table, graph, details"),
    ("up, down", "scroll"),
    ("left, right", "another target"),
    ("esc", "back to the table"),
    ("h, ?", "show or hide this help"),
];

/// The width below which the header and the footer are shorter.
const NARROW: usize = 60;

/// The facts about a watch that do not change.
#[derive(Clone, Debug)]
pub struct ScreenFacts {
    /// The colours and symbols.
    pub look: Display,
    /// The time between two checks in milliseconds.
    pub interval_ms: u64,
    /// Whether each check logs in.
    pub logs_in: bool,
}

/// Paints the state of a watch. Returns the number of lines that the body has, which limits scrolling.
pub fn draw(frame: &mut Frame<'_>, watch: &Watch, view: &ScreenView, facts: &ScreenFacts, now: Timestamp) -> usize {
    let area = frame.area();
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let look = Display { width: width.max(1), ..facts.look.clone() };
    let (lines, body) = lines(watch, view, facts, now, &look, height);
    let lines: Vec<Line<'static>> = lines.iter().map(|line| converted(line, &look)).collect();
    frame.render_widget(Paragraph::new(lines), area);
    body
}

/// The lines of the screen, exactly as many as it has, and the number of lines of the body.
fn lines(
    watch: &Watch,
    view: &ScreenView,
    facts: &ScreenFacts,
    now: Timestamp,
    look: &Display,
    height: usize,
) -> (Vec<StyledLine>, usize) {
    let mut lines = header(watch, view, facts, now, look);
    let room = height.saturating_sub(lines.len() + 1);
    let body = body(watch, view, look, room);
    let total = body.len();
    let scroll = view.scroll.min(total.saturating_sub(room));
    let hidden = total.saturating_sub(scroll + room);
    lines.extend(body.into_iter().skip(scroll).take(room));
    while lines.len() + 1 < height {
        lines.push(StyledLine::new());
    }
    lines.push(footer(view, hidden, look));
    lines.truncate(height);
    (lines, total)
}

fn body(watch: &Watch, view: &ScreenView, look: &Display, room: usize) -> Vec<StyledLine> {
    if view.is_help_shown {
        return KEYS
            .iter()
            .map(|(key, text)| StyledLine::of(Role::Bold, format!("  {key:<12}")).and(Role::Plain, format!(" {text}")))
            .collect();
    }
    let Some(target) = watch.targets.get(view.target) else { return Vec::new() };
    match view.mode {
        ScreenMode::Table => overview::table(watch, view.target, look),
        ScreenMode::Graph => {
            let mut lines = vec![StyledLine::of(Role::Bold, "duration of each check")];
            lines.extend(graph::bars(&target.total.durations, look.width, room.saturating_sub(2).max(2), look.signs));
            lines
        }
        ScreenMode::Details => {
            let lines = summary::details(&target.summary(), look);
            if lines.is_empty() { vec![StyledLine::of(Role::Dim, "no findings and no changes so far")] } else { lines }
        }
    }
}

/// The target, the state of the watch, and the counts.
fn header(watch: &Watch, view: &ScreenView, facts: &ScreenFacts, now: Timestamp, look: &Display) -> Vec<StyledLine> {
    let Some(target) = watch.targets.get(view.target) else { return Vec::new() };
    let several = match watch.targets.len() {
        0 | 1 => String::new(),
        count => format!(" ({} of {count})", view.target + 1),
    };
    let state = state(target, view, now);
    let login = if facts.logs_in { ", with login" } else { "" };
    let elapsed = span(now.duration_since(watch.began).as_secs().max(0));
    let timeouts = if target.timeouts > 0 { format!(", {} timed out", target.timeouts) } else { String::new() };
    // On a narrow terminal, the state is more important than the settings.
    let (every, elapsed, timeouts, last) = match look.width {
        0..NARROW => (String::new(), String::new(), String::new(), String::new()),
        _ => {
            let every = format!("every {}{login}  ", every(facts.interval_ms));
            (every, format!(" in {elapsed}"), timeouts, last_result(target, look))
        }
    };
    let first = StyledLine::of(Role::Bold, format!("{}{several}", visible(&target.label())))
        .and(Role::Plain, format!("  {every}"))
        .and(if view.is_paused { Role::Warning } else { Role::Dim }, state);
    let checks = if target.checks == 1 { "1 check".to_owned() } else { format!("{} checks", target.checks) };
    let failed = format!("{} failed ({} %)", target.failures, percent(rounded(target.loss_percent())));
    let role = if target.failures > 0 { Role::Error } else { Role::Plain };
    let second = StyledLine::of(Role::Plain, format!("{checks}{elapsed}, "))
        .and(role, failed)
        .and(role, timeouts)
        .and(Role::Plain, last);
    vec![first, second]
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn every(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{} s", ms / 1000) } else { format!("{ms} ms") }
}

/// Whether a check is running, and since when.
fn state(target: &TargetWatch, view: &ScreenView, now: Timestamp) -> String {
    match (view.is_paused, target.running_since) {
        (true, _) => "PAUSED".to_owned(),
        (false, Some(since)) => {
            let tenths = now.duration_since(since).as_millis().max(0) / 100;
            format!("running {}.{} s", tenths / 10, tenths % 10)
        }
        (false, None) => "waiting".to_owned(),
    }
}

fn last_result(target: &TargetWatch, look: &Display) -> String {
    let Some(last) = &target.last else { return String::new() };
    let result = match last.exit {
        crate::report::Exit::Ok => "ok".to_owned(),
        exit => format!("exit {} ({})", exit.code(), exit.name()),
    };
    format!("{}last: {result}", look.signs.dot())
}

fn footer(view: &ScreenView, hidden: usize, look: &Display) -> StyledLine {
    let keys = match look.width {
        0..NARROW => "q quit  p pause  h help",
        _ => "q quit  p pause  r reset  d display  h help",
    };
    let mode = match view.mode {
        ScreenMode::Table => "",
        ScreenMode::Graph => "[graph]  ",
        ScreenMode::Details => "[details]  ",
    };
    let below = match hidden {
        0 => String::new(),
        _ => format!("{}  ", verdict::plural(hidden, "more line", "more lines")),
    };
    StyledLine::of(Role::Bold, mode).and(Role::Plain, below).and(Role::Dim, keys)
}

/// A line for the terminal library.
fn converted(line: &StyledLine, look: &Display) -> Line<'static> {
    let spans = line.pieces().map(|(role, text)| {
        let style = if look.colour == Colour::Off { Style::new() } else { style(role, look) };
        Span::styled(text.to_owned(), style)
    });
    Line::from(spans.collect::<Vec<_>>())
}

fn style(role: Role, look: &Display) -> Style {
    let given = look.theme.style(role);
    let colour = given.get_fg_color().map(|colour| match colour {
        anstyle::Color::Ansi(colour) => Color::Indexed(anstyle::Ansi256Color::from_ansi(colour).index()),
        anstyle::Color::Ansi256(colour) => Color::Indexed(colour.index()),
        anstyle::Color::Rgb(anstyle::RgbColor(red, green, blue)) => Color::Rgb(red, green, blue),
    });
    let effects = given.get_effects();
    let mut style = Style::new();
    if let Some(colour) = colour {
        style = style.fg(colour);
    }
    for (effect, modifier) in [
        (anstyle::Effects::BOLD, Modifier::BOLD),
        (anstyle::Effects::DIMMED, Modifier::DIM),
        (anstyle::Effects::UNDERLINE, Modifier::UNDERLINED),
    ] {
        if effects.contains(effect) {
            style = style.add_modifier(modifier);
        }
    }
    style
}

#[cfg(test)]
mod tests;
