//! What the program needs of this machine before it asks anything of the network: a clock that can be right, and file
//! descriptors for its connections. Without them libraries below would panic, or a server would be called unreachable.

use std::io;
use std::time::SystemTime;

use jiff::Timestamp;

use super::SetupError;

/// Descriptors that must be free: a runtime takes about eight, two connections at once two, and files some.
#[cfg(unix)]
const SPARE: usize = 32;

/// 9999-01-01. From there on the dates of certificates end (RFC 5280 section 4.1.2.5), and sums of dates have no value.
const LATEST: i64 = 253_370_764_800;

/// The wall clock.
pub fn clock() -> Result<Timestamp, SetupError> {
    judged(SystemTime::now())
}

fn judged(now: SystemTime) -> Result<Timestamp, SetupError> {
    let wrong = |way: &'static str| SetupError::Clock { way };
    // RFC 5280 allows dates before 1970 in certificates, but TLS libraries count seconds from there.
    let since = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| wrong("before 1970"))?;
    Timestamp::try_from(now)
        .ok()
        .filter(|_| since.as_secs() < LATEST.unsigned_abs())
        .ok_or_else(|| wrong("after the year 9998"))
}

/// Finds out whether descriptors are left, by taking some and giving them back.
#[cfg(unix)]
pub(super) fn descriptors() -> Result<(), SetupError> {
    use std::os::fd::AsFd;
    let stdin = io::stdin();
    let taken: io::Result<Vec<_>> = (0..SPARE).map(|_| stdin.as_fd().try_clone_to_owned()).collect();
    match taken {
        Err(error) if is_lack(error.raw_os_error()) => Err(SetupError::Descriptors),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub(super) fn descriptors() -> Result<(), SetupError> {
    Ok(())
}

/// Whether an error of the system says that this process (EMFILE) or this machine (ENFILE) has no descriptor left.
pub(super) fn is_lack(errno: Option<i32>) -> bool {
    cfg!(unix) && matches!(errno, Some(23 | 24))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{LATEST, is_lack, judged};

    #[test]
    fn a_clock_that_cannot_be_right_is_told_from_one_that_can() {
        let epoch = SystemTime::UNIX_EPOCH;
        let latest = Duration::from_secs(LATEST.unsigned_abs());
        for right in [epoch, epoch + Duration::from_secs(1), epoch + latest - Duration::from_secs(1)] {
            assert!(judged(right).is_ok(), "{right:?}");
        }
        for wrong in [epoch - Duration::from_secs(1), epoch + latest, epoch + latest * 30] {
            assert!(judged(wrong).is_err_and(|error| error.to_string().contains("clock")), "{wrong:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_lack_of_descriptors_is_one() {
        assert!(is_lack(Some(24)) && is_lack(Some(23)));
        assert!(!is_lack(Some(111)) && !is_lack(None));
    }
}
