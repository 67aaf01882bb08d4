//! The delay between the ClientHellos of a scan. Read next: [`super::hello`], which sends them.

use std::cell::Cell;
use std::time::Duration;

/// The longest delay between two ClientHellos.
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// The delay between ClientHellos. As long as the server accepts every connection, the next ClientHello is sent without
/// delay, but never in parallel. A server that closes or refuses connections may limit their rate: the delay is then as
/// long as the rejected connection took, and doubles with each additional rejection.
#[derive(Default)]
pub(crate) struct HelloPace {
    delay: Cell<Duration>,
}

impl HelloPace {
    pub(super) fn delay(&self) -> Duration {
        self.delay.get()
    }

    pub(super) fn served(&self) {
        self.delay.set(Duration::ZERO);
    }

    pub(super) fn rejected(&self, took: Duration) {
        self.delay.set((self.delay.get() * 2).max(took).min(LONGEST_DELAY));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::HelloPace;

    #[test]
    fn the_delay_grows_with_each_rejection_and_ends_with_the_first_response() {
        let pace = HelloPace::default();
        let delays: Vec<u128> = (0..8)
            .map(|_| {
                pace.rejected(Duration::from_millis(30));
                pace.delay().as_millis()
            })
            .collect();
        assert_eq!(delays, [30, 60, 120, 240, 480, 960, 1000, 1000]);
        pace.served();
        assert!(pace.delay().is_zero());
    }
}
