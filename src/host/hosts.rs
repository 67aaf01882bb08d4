//! Looks up a name in the `hosts` file. The file is read as getaddrinfo reads it: a line contains an IP address and its
//! names, and `#` begins a comment. Only the addresses of this name are kept in memory, because the file can be large.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::file;

/// The number of bytes that are read. Long lists of blocked names can be 20 MB in size.
const MOST: u64 = 64 * 1024 * 1024;
/// The maximum number of addresses for one name in one family.
const MAX_ADDRESSES: usize = 64;

/// The IP addresses of a name in both families. The list is empty if the file does not contain the name, or cannot be
/// read.
pub(crate) fn addresses(name: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    let Some(path) = place() else { return found };
    if let Err(error) = of(&path, name, &mut found) {
        tracing::debug!(?path, %error, "the hosts file cannot be read");
    }
    found
}

fn of(path: &Path, name: &str, found: &mut Vec<IpAddr>) -> std::io::Result<()> {
    let name = name.trim_end_matches('.');
    file::lines(path, MOST, |line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.trim_start_matches('\u{feff}').split_whitespace();
        let Some(address) = words.next() else { return };
        let is_named = words.any(|word| word.trim_end_matches('.').eq_ignore_ascii_case(name));
        if let Some(address) = is_named.then(|| address.parse::<IpAddr>().ok()).flatten()
            && found.iter().filter(|other| other.is_ipv4() == address.is_ipv4()).count() < MAX_ADDRESSES
            && !found.contains(&address)
        {
            found.push(address);
        }
    })
}

#[cfg(unix)]
fn place() -> Option<PathBuf> {
    Some(PathBuf::from("/etc/hosts"))
}

#[cfg(windows)]
fn place() -> Option<PathBuf> {
    let root = std::env::var_os("SystemRoot")?;
    Some(PathBuf::from(root).join("System32").join("drivers").join("etc").join("hosts"))
}

#[cfg(not(any(unix, windows)))]
fn place() -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    #[test]
    fn all_lines_with_the_name_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hosts");
        let blocked = "0.0.0.0 ads.example.net\n".repeat(1000);
        let text = format!(
            "\u{feff}192.0.2.1 mail.example.net mail # 192.0.2.9 mail\n#192.0.2.8 mail\n{blocked}\n2001:db8::1\tMAIL\n192.0.2.2 mail.\nno-address mail\n192.0.2.1 mail\n"
        );
        std::fs::write(&path, text).expect("a file");
        let all = |name: &str, is_ipv4: bool| {
            let mut found: Vec<IpAddr> = Vec::new();
            super::of(&path, name, &mut found).expect("it can be read");
            found.iter().filter(|address| address.is_ipv4() == is_ipv4).map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(all("mail", true), ["192.0.2.1", "192.0.2.2"]);
        assert_eq!(all("mail", false), ["2001:db8::1"]);
        assert_eq!(all("ads.example.net", true), ["0.0.0.0"]);
        assert_eq!(all("other", true), Vec::<String>::new());
    }
}
