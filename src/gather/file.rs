//! Files that the user names, read before anything is sent: bounded in size and in time, because a name can lead to
//! /dev/zero or to a pipe in which nobody writes.

use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use zeroize::Zeroizing;

/// Bytes of one file. The largest trust stores have half a megabyte.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// How long a file may take; what feeds a pipe may have to ask its user for something.
const PATIENCE: Duration = Duration::from_secs(20);

/// The bytes of a file, wiped when they go.
pub(crate) fn contents(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    // A thread that is stuck in a pipe ends with the program, which ends with an error right away.
    std::thread::Builder::new().name("file".to_owned()).spawn(move || {
        let _ = sender.send(read(&path));
    })?;
    match receiver.recv_timeout(PATIENCE) {
        Ok(read) => read,
        Err(_) => Err(io::Error::other(format!("nothing can be read from it within {} seconds", PATIENCE.as_secs()))),
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other("more than 8 MiB; that is no such file"));
    }
    Ok(bytes)
}

/// Why it cannot be read, in the same words on every system.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "the file may not be read".to_owned(),
        io::ErrorKind::IsADirectory => "is a folder, not a file".to_owned(),
        _ => error.to_string(),
    }
}
