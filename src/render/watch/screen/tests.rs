//! Tests of the screen on a terminal in memory.

use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{ScreenFacts, ScreenKey, ScreenView, draw};
use crate::cli::{self, Invocation, plan};
use crate::plan::Plan;
use crate::render::{Display, Symbols};
use crate::watch::Watch;
use crate::watch::statistics::PhaseEnd;

fn plan_for(target: &str) -> Plan {
    let Ok(Invocation::Check(args, matches)) = cli::parse(vec![target.into()]) else { unreachable!("a check") };
    plan::plan(&args, &matches, target, None).expect("a plan")
}

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

/// A watch with a few durations, and a failure.
fn watch(targets: &[&str]) -> Watch {
    let mut watch = Watch::new(targets.iter().map(|target| plan_for(target)), at(0));
    for target in &mut watch.targets {
        for ms in [12.0, 15.0, 900.0, 11.0] {
            target.total.add(PhaseEnd::Ok(ms));
            target.phases.entry(crate::evidence::Phase::Greeting).or_default().add(PhaseEnd::Ok(ms / 2.0));
        }
        target.total.add(PhaseEnd::TimedOut);
        (target.checks, target.failures, target.timeouts) = (5, 1, 1);
        target.running_since = Some(at(7));
    }
    watch
}

fn screen(watch: &Watch, view: &ScreenView, signs: Symbols, width: u16, height: u16) -> String {
    let look = Display { signs, ..Display::plain() };
    let facts = ScreenFacts { look, interval_ms: 5000, logs_in: false };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
    terminal
        .draw(|frame| {
            draw(frame, watch, view, &facts, at(8) + SignedDuration::from_millis(250));
        })
        .expect("a terminal in memory");
    let buffer = terminal.backend().buffer().clone();
    let rows = buffer.content().chunks(usize::from(width));
    let row = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect::<String>();
    rows.map(|cells| row(cells).trim_end().to_owned() + "\n").collect()
}

#[test]
fn a_terminal_of_80_columns_shows_every_column_and_a_graph() {
    let text = screen(&watch(&["mail.example.net:587"]), &ScreenView::default(), Symbols::Unicode, 80, 10);
    assert_eq!(
        text,
        "mail.example.net:587  every 5 s  running 1.2 s\n\
         5 checks in 8 s, 1 failed (20.0 %), 1 timed out\n\
         phase       runs loss%  last   avg  best worst   p50   p95   p99 jitter\n\
         greeting       4     0   5.5   117   5.5   450   6.0   450   450    296  ▁▁█▁\n\
         total          5  20.0    11   234    11   900    12   900   900    592  ▁▁█▁✗\n\
         \n\n\n\n\
         q quit  p pause  r reset  d display  h help\n"
    );
}

#[test]
fn a_narrow_terminal_leaves_out_columns_and_never_wraps() {
    let watch = watch(&["mail.example.net:587"]);
    let text = screen(&watch, &ScreenView::default(), Symbols::Ascii, 40, 8);
    assert!(text.contains("phase      loss%  last   avg  best worst\n"), "{text}");
    assert!(text.starts_with("mail.example.net:587  running 1.2 s\n5 checks, 1 failed (20.0 %)\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 40) && text.lines().count() == 8, "{text}");
}

#[test]
fn every_size_can_be_drawn() {
    let watch = watch(&["a.example:25", "[2001:db8::1]:25", "a-very-long-name.of-a-server.example.net:25"]);
    for width in [1, 10, 39, 40, 59, 60, 79, 80, 81, 120, 200] {
        for height in [1, 2, 3, 5, 24, 60] {
            for mode in 0..4 {
                let mut view = ScreenView::default();
                (0..mode).for_each(|_| {
                    view.press(ScreenKey::Char(if mode == 3 { 'h' } else { 'd' }), 3, 10);
                });
                for signs in [Symbols::Unicode, Symbols::Ascii] {
                    let text = screen(&watch, &view, signs, width, height);
                    assert_eq!(text.lines().count(), usize::from(height), "{width}x{height}");
                    assert!(signs == Symbols::Unicode || text.is_ascii(), "{text}");
                }
            }
        }
    }
}

#[test]
fn the_selected_target_is_marked_and_the_keys_are_explained() {
    let watch = watch(&["a.example:25", "b.example:25"]);
    let mut view = ScreenView::default();
    view.press(ScreenKey::Right, 2, 10);
    let text = screen(&watch, &view, Symbols::Ascii, 100, 20);
    assert!(text.starts_with("b.example:25 (2 of 2)") && text.contains("\n> b.example:25"), "{text}");
    view.press(ScreenKey::Char('h'), 2, 10);
    view.press(ScreenKey::Char('p'), 2, 10);
    let text = screen(&watch, &view, Symbols::Ascii, 100, 20);
    assert!(text.contains("PAUSED") && text.contains("end the watch and print the summary"), "{text}");
}

#[test]
fn what_does_not_fit_can_be_scrolled_to() {
    let watch = watch(&["a.example:25", "b.example:25"]);
    let mut view = ScreenView::default();
    let top = screen(&watch, &view, Symbols::Ascii, 80, 6);
    assert!(top.contains("4 more lines  q quit"), "{top}");
    (0..3).for_each(|_| {
        view.press(ScreenKey::Down, 2, 7);
    });
    let last = screen(&watch, &view, Symbols::Ascii, 80, 6);
    assert!(last.contains("1 more line  q quit"), "{last}");
    view.press(ScreenKey::Down, 2, 7);
    let end = screen(&watch, &view, Symbols::Ascii, 80, 6);
    assert!(end.contains("\ntotal") && !end.contains("more line"), "{end}");
}
