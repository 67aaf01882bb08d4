//! The name of this machine: what EHLO announces if the user gives no other name.

/// The name, unless the system has none or it is not Unicode.
pub fn host_name() -> Option<String> {
    hostname::get().ok().and_then(|name| name.into_string().ok())
}
