//! Runs a server so that none of its processes can outlive the test program.
//!
//! Two shells start the server. The inner shell is process 1 of a PID namespace with all processes of the server. When
//! it ends, the kernel kills all processes in the namespace, even daemons that have changed their session or process
//! group. The inner shell ends when the server ends, or when its own standard input is closed. Only the test program
//! has the other end of that pipe, so `Drop`, a panic, the end of the process and SIGKILL all close it. The outer shell
//! then removes the directory. The namespace has its own mounts: /etc/hosts contains only localhost and
//! /etc/resolv.conf no resolver, so that no server waits for DNS. Servers are killed without a graceful shutdown. No
//! data is lost, because the servers deliver no mail.

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

/// How long a server may take to start. On two cores it takes less than two seconds; the rest is for a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// What to run, and how to determine that the server is ready.
pub struct Launch {
    pub directory: TempDir,
    /// The program and its arguments. The program must stay in the foreground.
    pub command: Vec<String>,
    pub ready: Vec<Sign>,
    /// Log files in addition to standard output and standard error, which are always kept.
    pub logs: Vec<PathBuf>,
}

/// A server is ready when each of its signs responds.
pub enum Sign {
    /// A TCP port, on every loopback address.
    Port(u16),
    Address(SocketAddr),
    Socket(PathBuf),
}

/// A running server. Dropping it returns when all its processes and its directory are gone.
pub struct Keeper {
    outer_shell: Child,
    directory: TempDir,
    logs: Vec<PathBuf>,
}

/// A directory that daemons can still access after they give up root. It is always under /tmp, for that reason and
/// because the path of a Unix socket is limited to 107 bytes.
pub fn directory(server: &str) -> TempDir {
    let directory =
        tempfile::Builder::new().prefix(&format!("smtpcheck-{server}-")).tempdir_in("/tmp").expect("/tmp is writable");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("the directory can be changed");
    directory
}

impl Keeper {
    pub fn start(launch: Launch) -> Keeper {
        let Launch { directory, command, ready, mut logs } = launch;
        let path = directory.path();
        write(&path.join("hosts"), "127.0.0.1 localhost\n::1 localhost\n");
        write(&path.join("resolv.conf"), "");
        let output = fs::File::create(path.join("output")).expect("the directory is writable");
        let outer_shell = Command::new("sh")
            .args(["-c", OUTER_SHELL, "keeper"])
            .arg(path)
            .arg(INNER_SHELL)
            .args(&command)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().expect("the file is open"))
            .stderr(output)
            // A separate process group, so that Ctrl-C in the terminal of the test program does not kill the shell that
            // cleans up.
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        logs.insert(0, path.join("output"));
        let keeper = Keeper { outer_shell, directory, logs };
        keeper.wait_until_ready(&ready);
        keeper
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The output of the server so far, with the name of each log file.
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
        let deadline = Instant::now() + TIME_LIMIT;
        for sign in signs {
            while let Err(why) = sign.answers() {
                if self.path().join("ended").exists() {
                    panic!("the server ended while starting\n{}", self.log());
                }
                if Instant::now() > deadline {
                    panic!("no response at {sign} within {TIME_LIMIT:?}: {why}\n{}", self.log());
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.outer_shell.stdin.take());
        // An error cannot be handled here, and must not hide a panic of the test.
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
    # Keep the log until the test program closes the pipe.
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

/// Whether a process of the server that was started in this directory still exists. Its namespace is recognised by the
/// files of the directory that are mounted in it. The number of the namespace would not be reliable, because the kernel
/// reuses numbers.
pub fn is_inhabited(directory: &Path) -> bool {
    let directory = directory.to_str().expect("the path is UTF-8");
    fs::read_dir("/proc")
        .expect("/proc is mounted")
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
        _ => fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the directory can be changed"),
    }
}

/// Makes a system user the owner of a path, which the daemon of that user requires.
pub fn give(path: &Path, user: &str) {
    let passwd = fs::read_to_string("/etc/passwd").expect("/etc/passwd can be read");
    let fields: Vec<&str> = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&user))
        .unwrap_or_else(|| panic!("no user {user}: run .ci/install-servers"));
    let id = |index: usize| fields.get(index).and_then(|text| text.parse().ok());
    std::os::unix::fs::chown(path, id(2), id(3)).expect("the tests run as root");
}
