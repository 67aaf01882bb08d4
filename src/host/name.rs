//! The host name of this machine, which is the EHLO name unless the user gives another name.

/// The host name. `None` if the system has no host name, or if it is not valid UTF-8.
pub fn host_name() -> Option<String> {
    hostname::get().ok().and_then(|name| name.into_string().ok())
}
