//! The wall clock. The dates of certificates are compared with it. Impossible times are rejected, because TLS libraries
//! panic on them.

use std::time::SystemTime;

use jiff::Timestamp;

use super::SetupError;

/// 9999-01-01. Certificates cannot have later dates (RFC 5280 section 4.1.2.5), and calculations with later dates
/// overflow.
const LATEST: i64 = 253_370_764_800;

/// The current time, or an error if the clock shows an impossible time.
pub fn now() -> Result<Timestamp, SetupError> {
    checked(SystemTime::now())
}

fn checked(now: SystemTime) -> Result<Timestamp, SetupError> {
    let wrong = |way: &'static str| SetupError::Clock { way };
    // RFC 5280 allows dates before 1970 in certificates, but TLS libraries count seconds from 1970.
    let since = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| wrong("before 1970"))?;
    Timestamp::try_from(now)
        .ok()
        .filter(|_| since.as_secs() < LATEST.unsigned_abs())
        .ok_or_else(|| wrong("after the year 9998"))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{LATEST, checked};

    #[test]
    fn a_clock_that_cannot_be_right_is_recognised() {
        let epoch = SystemTime::UNIX_EPOCH;
        let latest = Duration::from_secs(LATEST.unsigned_abs());
        for right in [epoch, epoch + Duration::from_secs(1), epoch + latest - Duration::from_secs(1)] {
            assert!(checked(right).is_ok(), "{right:?}");
        }
        for wrong in [epoch - Duration::from_secs(1), epoch + latest, epoch + latest * 30] {
            assert!(checked(wrong).is_err_and(|error| error.to_string().contains("clock")), "{wrong:?}");
        }
    }
}
