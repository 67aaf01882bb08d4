//! File descriptors. A process without any left could not connect, and the server would be reported as unreachable.

use super::SetupError;

/// Descriptors that must be free: a runtime takes about eight, two connections at once take two, and files some.
#[cfg(unix)]
const SPARE: usize = 32;

/// Finds out whether descriptors are left, by taking some and giving them back.
#[cfg(unix)]
pub(crate) fn are_left() -> Result<(), SetupError> {
    use std::io;
    use std::os::fd::AsFd;

    let stdin = io::stdin();
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

/// Whether an error of the system means that this process (EMFILE) or this machine (ENFILE) has no descriptor left.
pub(crate) fn is_lack(errno: Option<i32>) -> bool {
    cfg!(unix) && matches!(errno, Some(23 | 24))
}

#[cfg(all(test, unix))]
mod tests {
    use super::is_lack;

    #[test]
    fn only_the_lack_of_descriptors_is_one() {
        assert!(is_lack(Some(24)) && is_lack(Some(23)));
        assert!(!is_lack(Some(111)) && !is_lack(None));
    }
}
