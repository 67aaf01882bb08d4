//! What the user has selected, and how keys change it.

/// What the screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScreenMode {
    /// The table of phases and IP addresses, and the latest changes.
    #[default]
    Table,
    /// A graph of the durations.
    Graph,
    /// Findings, servers, changes and failed checks.
    Details,
}

/// What the user has selected.
#[derive(Clone, Debug, Default)]
pub struct ScreenView {
    /// The display.
    pub mode: ScreenMode,
    /// The index of the target.
    pub target: usize,
    /// The number of lines that are scrolled past.
    pub scroll: usize,
    /// Whether the watch is paused.
    pub is_paused: bool,
    /// Whether the help is shown.
    pub is_help_shown: bool,
}

/// A key that has a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenKey {
    /// A letter or another character, in lower case.
    Char(char),
    /// Up.
    Up,
    /// Down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Left.
    Left,
    /// Right, or the tab key.
    Right,
    /// Escape.
    Escape,
    /// Ctrl-C. In raw mode, it is a key, not a signal.
    Interrupt,
}

/// What the caller does after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenAnswer {
    /// Draw again.
    Draw,
    /// Nothing.
    Ignore,
    /// Reset the state, and draw again.
    Reset,
    /// End the watch.
    Quit,
}

/// The number of lines that a page key scrolls.
const PAGE: usize = 10;

impl ScreenView {
    /// Handles a key. `targets` is the number of targets, and `lines` is the number of lines of the body.
    pub fn press(&mut self, key: ScreenKey, targets: usize, lines: usize) -> ScreenAnswer {
        let most = lines.saturating_sub(1);
        match key {
            ScreenKey::Interrupt | ScreenKey::Char('q') => return ScreenAnswer::Quit,
            ScreenKey::Char('r') => {
                self.scroll = 0;
                return ScreenAnswer::Reset;
            }
            // As in mtr, `p` pauses and the space bar resumes. `p` also resumes a paused watch.
            ScreenKey::Char('p') => self.is_paused = !self.is_paused,
            ScreenKey::Char(' ') => self.is_paused = false,
            ScreenKey::Char('d') => {
                self.mode = match self.mode {
                    ScreenMode::Table => ScreenMode::Graph,
                    ScreenMode::Graph => ScreenMode::Details,
                    ScreenMode::Details => ScreenMode::Table,
                };
                self.scroll = 0;
                self.is_help_shown = false;
            }
            ScreenKey::Char('h' | '?') => {
                self.is_help_shown = !self.is_help_shown;
                self.scroll = 0;
            }
            ScreenKey::Escape => {
                self.mode = ScreenMode::Table;
                self.is_help_shown = false;
                self.scroll = 0;
            }
            ScreenKey::Up => self.scroll = self.scroll.min(most).saturating_sub(1),
            ScreenKey::Down => self.scroll = (self.scroll + 1).min(most),
            ScreenKey::PageUp => self.scroll = self.scroll.min(most).saturating_sub(PAGE),
            ScreenKey::PageDown => self.scroll = (self.scroll + PAGE).min(most),
            ScreenKey::Left | ScreenKey::Right => {
                let count = targets.max(1);
                let step = if key == ScreenKey::Right { 1 } else { count - 1 };
                self.target = (self.target + step) % count;
                self.scroll = 0;
            }
            ScreenKey::Char(_) => return ScreenAnswer::Ignore,
        }
        ScreenAnswer::Draw
    }
}

#[cfg(test)]
mod tests {
    use super::{ScreenAnswer, ScreenKey, ScreenMode, ScreenView};

    #[test]
    fn the_keys_of_mtr_and_trippy_do_what_their_users_expect() {
        let mut view = ScreenView::default();
        assert_eq!(view.press(ScreenKey::Char('p'), 1, 50), ScreenAnswer::Draw);
        assert!(view.is_paused);
        view.press(ScreenKey::Char(' '), 1, 50);
        assert!(!view.is_paused);
        let modes: Vec<ScreenMode> = (0..3)
            .map(|_| {
                view.press(ScreenKey::Char('d'), 1, 50);
                view.mode
            })
            .collect();
        assert_eq!(modes, [ScreenMode::Graph, ScreenMode::Details, ScreenMode::Table]);
        assert_eq!(view.press(ScreenKey::Char('r'), 1, 50), ScreenAnswer::Reset);
        assert_eq!(view.press(ScreenKey::Char('z'), 1, 50), ScreenAnswer::Ignore);
        for key in [ScreenKey::Char('q'), ScreenKey::Interrupt] {
            assert_eq!(view.press(key, 1, 50), ScreenAnswer::Quit);
        }
    }

    #[test]
    fn scrolling_ends_at_the_last_line_and_targets_follow_each_other_in_a_ring() {
        let mut view = ScreenView::default();
        (0..10).for_each(|_| {
            view.press(ScreenKey::PageDown, 3, 25);
        });
        assert_eq!(view.scroll, 24);
        view.press(ScreenKey::Up, 3, 25);
        assert_eq!(view.scroll, 23);
        view.press(ScreenKey::Left, 3, 25);
        assert_eq!((view.target, view.scroll), (2, 0));
        view.press(ScreenKey::Right, 3, 25);
        assert_eq!(view.target, 0);
    }
}
