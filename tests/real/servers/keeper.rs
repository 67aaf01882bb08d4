//! Runs one server so that none of its processes can outlive the test program.
//!
//! A server is started by two shells. The inner one is process 1 of a PID namespace that holds the server and all it
//! forks; when it ends, the kernel kills the whole namespace, whatever sessions and groups the daemons have moved to.
//! It ends when the server does, or when its standard input does, and the other end of that pipe is held by the test
//! program alone: so by `Drop`, by a panic, by the end of the process with the server in a static, and by SIGKILL.
//! The outer shell then removes the directory.
//! The namespace has its own mounts: /etc/hosts knows localhost and /etc/resolv.conf nobody, so that no server waits
//! for DNS.
//! Does not: stop a server gracefully. Nothing is lost, as nothing is ever delivered.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::loopbacks;

/// How long a server may take to come up. They need less than two seconds on two cores; the rest is for a loaded
/// machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What to run, and how to tell that it is up.
pub struct Launch {
    pub directory: TempDir,
    /// The program and its arguments. It must stay in the foreground.
    pub command: Vec<String>,
    pub ready: Vec<Sign>,
    /// Beside standard output and error, which are always kept.
    pub logs: Vec<PathBuf>,
}

/// A server is up when something answers at each of its signs.
pub enum Sign {
    /// On every loopback address.
    Port(u16),
    Address(SocketAddr),
    Socket(PathBuf),
}

/// A running server; dropping it returns when all its processes and its directory are gone.
pub struct Keeper {
    outer_shell: Child,
    directory: TempDir,
    logs: Vec<PathBuf>,
}

/// A directory that daemons which give up root can still enter. Under /tmp whatever TMPDIR says, because of that, and
/// because the path of a Unix socket has room for 107 bytes.
pub fn directory(server: &str) -> TempDir {
    let directory =
        tempfile::Builder::new().prefix(&format!("smtpcheck-{server}-")).tempdir_in("/tmp").expect("a writable /tmp");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("a directory of ours");
    directory
}

impl Keeper {
    pub fn start(launch: Launch) -> Keeper {
        let Launch { directory, command, ready, mut logs } = launch;
        let path = directory.path();
        write(&path.join("hosts"), "127.0.0.1 localhost\n::1 localhost\n");
        write(&path.join("resolv.conf"), "");
        let output = fs::File::create(path.join("output")).expect("a writable directory");
        let outer_shell = Command::new("sh")
            .args(["-c", OUTER_SHELL, "keeper"])
            .arg(path)
            .arg(INNER_SHELL)
            .args(&command)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().expect("an open file"))
            .stderr(output)
            // A group of its own: a Ctrl-C meant for the test program must not take the cleaner too.
            .process_group(0)
            .spawn()
            .expect("a shell");
        logs.insert(0, path.join("output"));
        let keeper = Keeper { outer_shell, directory, logs };
        keeper.wait_until_ready(&ready);
        keeper
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What the server has said so far, with the name of each file.
    pub fn log(&self) -> String {
        let mut text = String::new();
        for path in &self.logs {
            let bytes = fs::read(path).unwrap_or_default();
            text += &format!("--- {}\n", path.display());
            text += &String::from_utf8_lossy(&bytes);
        }
        text
    }

    fn wait_until_ready(&self, signs: &[Sign]) {
        let deadline = Instant::now() + PATIENCE;
        for sign in signs {
            while let Err(why) = sign.answers() {
                if self.path().join("ended").exists() {
                    panic!("the server ended while starting\n{}", self.log());
                }
                if Instant::now() > deadline {
                    panic!("no answer at {sign} within {PATIENCE:?}: {why}\n{}", self.log());
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.outer_shell.stdin.take());
        // Nothing to do about a failure here but to let the test's own panic be seen.
        let _ = self.outer_shell.wait();
    }
}

impl Sign {
    fn answers(&self) -> std::io::Result<()> {
        match self {
            Sign::Port(port) => {
                loopbacks().iter().try_for_each(|address| TcpStream::connect((*address, *port)).map(drop))
            }
            Sign::Address(address) => TcpStream::connect(address).map(drop),
            Sign::Socket(path) => UnixStream::connect(path).map(drop),
        }
    }
}

impl std::fmt::Display for Sign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Sign::Port(port) => write!(f, "port {port}"),
            Sign::Address(address) => write!(f, "{address}"),
            Sign::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Arguments: the directory, the inner shell's script, the server's command.
const OUTER_SHELL: &str = r#"
    directory=$1
    inner_shell=$2
    shift 2
    unshare --mount --pid --fork --kill-child --mount-proc \
        sh -c "$inner_shell" keeper "$directory" "$@"
    echo "ended with status $?" | tee "$directory/ended"
    # Its log is still wanted until the test program lets go.
    cat >/dev/null
    rm -rf -- "${directory:?}"
"#;

/// Arguments: the directory, the server's command. Process 1 of its namespace.
const INNER_SHELL: &str = r#"
    set -e
    directory=$1
    shift
    mount --bind "$directory/hosts" /etc/hosts
    [ ! -e /etc/resolv.conf ] || mount --bind "$directory/resolv.conf" /etc/resolv.conf
    exec 3<&0
    "$@" </dev/null 3<&- &
    server=$!
    { cat >/dev/null; kill -KILL "$server"; } <&3 &
    exec 3<&-
    wait "$server"
"#;

/// Whether a process is left of the server that was started in this directory. Its namespace is known by the files of
/// that directory which are mounted in it; the number of a namespace would not do, as the kernel gives it out again.
pub fn is_inhabited(directory: &Path) -> bool {
    let directory = directory.to_str().expect("a name of ours");
    fs::read_dir("/proc")
        .expect("a /proc")
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("mountinfo")).ok())
        .any(|mounts| mounts.contains(directory))
}

pub fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

pub fn make_directory(path: &Path, mode: u32) {
    match fs::create_dir(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            panic!("{}: {error}", path.display())
        }
        _ => fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a directory of ours"),
    }
}

/// Makes a directory the property of a system user, as the daemon of that user insists.
pub fn give(path: &Path, user: &str) {
    let passwd = fs::read_to_string("/etc/passwd").expect("a Unix machine");
    let fields: Vec<&str> = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&user))
        .unwrap_or_else(|| panic!("no user {user}: run .ci/install-servers"));
    let id = |index: usize| fields.get(index).and_then(|text| text.parse().ok());
    std::os::unix::fs::chown(path, id(2), id(3)).expect("root, as the servers need it");
}
