//! Tests whether file descriptors are available. Without this test, a process that has no free descriptors would report
//! the server as unreachable.

use super::SetupError;

/// The number of descriptors that must be free: the runtime needs about eight, each connection needs one, and files
/// need some.
#[cfg(unix)]
const SPARE: usize = 32;

/// The number of descriptors that the program uses itself.
#[cfg(unix)]
const USED: usize = 16;

/// A descriptor limit that this program never reaches with a single check, even if it inherits hundreds of open files.
#[cfg(unix)]
const AMPLE: u64 = 1024;

/// Tests whether enough descriptors are free. If the limit is low, or many descriptors are already in use, this
/// function opens and closes as many descriptors as are needed.
#[cfg(unix)]
pub(crate) fn are_left() -> Result<(), SetupError> {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd};

    let stdin = io::stdin();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let lowest = stdin.as_fd().try_clone_to_owned();
    let is_low = |free: &std::os::fd::OwnedFd| u64::try_from(free.as_raw_fd()).is_ok_and(|free| free < AMPLE / 4);
    if limit >= AMPLE && lowest.as_ref().is_ok_and(is_low) {
        return Ok(());
    }
    let taken: io::Result<Vec<_>> = (0..SPARE).map(|_| stdin.as_fd().try_clone_to_owned()).collect();
    match taken {
        Err(error) if is_lack(error.raw_os_error()) => Err(SetupError::Descriptors),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub(crate) fn are_left() -> Result<(), SetupError> {
    Ok(())
}

/// Raises this process's limit so that `wanted` more descriptors can be opened, if the system allows this. Returns the
/// number that can be opened.
#[cfg(unix)]
pub(crate) fn allowed(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let needed = u64::try_from(wanted.saturating_add(SPARE + USED)).unwrap_or(u64::MAX);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let mut limit = current.unwrap_or(u64::MAX);
    if limit < needed {
        let raised = needed.min(maximum.unwrap_or(u64::MAX));
        if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
            limit = raised;
        }
    }
    usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(SPARE + USED).min(wanted)
}

#[cfg(not(unix))]
pub(crate) fn allowed(wanted: usize) -> usize {
    wanted
}

/// Whether a system error means that this process (EMFILE) or this machine (ENFILE) has no descriptors left.
pub(crate) fn is_lack(errno: Option<i32>) -> bool {
    cfg!(unix) && matches!(errno, Some(23 | 24))
}

#[cfg(all(test, unix))]
mod tests {
    use super::is_lack;

    #[test]
    fn only_emfile_and_enfile_mean_that_no_descriptors_are_left() {
        assert!(is_lack(Some(24)) && is_lack(Some(23)));
        assert!(!is_lack(Some(111)) && !is_lack(None));
    }
}
