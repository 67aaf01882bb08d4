//! Slurm with one node: munged, slurmctld and slurmd in the foreground, with their state in one directory. Jobs run on
//! this machine as root. Read next: `keeper`, then `with_schedulers.rs`.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::free_port;
use super::keeper::{Keeper, Launch, Sign, directory, write};

/// How long the node may take until it accepts jobs.
const TIME_LIMIT: Duration = Duration::from_secs(60);

pub struct Slurm {
    keeper: Keeper,
}

/// Arguments: the directory.
const START: &str = r#"
    set -eu
    cd "$1"
    mkdir state spool
    dd if=/dev/urandom of=munge.key bs=1024 count=1 2>/dev/null
    chmod 400 munge.key
    munged --force --foreground --socket="$1/munge.socket" --key-file="$1/munge.key" --pid-file="$1/munge.pid" \
        --log-file="$1/munge.log" --seed-file="$1/munge.seed" &
    export SLURM_CONF="$1/slurm.conf"
    slurmd -D -N node &
    exec slurmctld -D
"#;

impl Slurm {
    pub fn start() -> Slurm {
        let directory = directory("slurm");
        let path = directory.path().to_str().unwrap().to_owned();
        let [controller, node] = [free_port(), free_port()];
        let settings = format!(
            "ClusterName=test\nSlurmctldHost=localhost(127.0.0.1)\nSlurmctldPort={controller}\nAuthType=auth/munge\n\
             AuthInfo=socket={path}/munge.socket\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_Core\nMpiDefault=none\nReturnToService=2\n\
             SlurmUser=root\nSlurmdUser=root\nStateSaveLocation={path}/state\nSlurmdSpoolDir={path}/spool\n\
             SlurmctldPidFile={path}/slurmctld.pid\nSlurmdPidFile={path}/slurmd.pid\n\
             SlurmctldLogFile={path}/slurmctld.log\nSlurmdLogFile={path}/slurmd.log\n\
             JobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none\n\
             NodeName=node NodeHostname=localhost NodeAddr=127.0.0.1 Port={node} CPUs=2 RealMemory=500 State=UNKNOWN\n\
             PartitionName=main Nodes=node Default=YES MaxTime=00:10:00 State=UP\n"
        );
        write(&directory.path().join("slurm.conf"), &settings);
        let localhost = |port: u16| Sign::Address(([127, 0, 0, 1], port).into());
        let ready = vec![Sign::Socket(directory.path().join("munge.socket")), localhost(controller), localhost(node)];
        let logs = ["slurmctld.log", "slurmd.log", "munge.log"].map(|name| directory.path().join(name));
        let command = ["sh", "-c", START, "slurm", &path].map(str::to_owned);
        let slurm =
            Slurm { keeper: Keeper::start(Launch { directory, command: command.into(), ready, logs: logs.into() }) };
        slurm.wait_until_idle();
        slurm
    }

    /// A client program of Slurm.
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.path().join("slurm.conf"));
        command
    }

    pub fn path(&self) -> PathBuf {
        self.keeper.path().to_owned()
    }

    pub fn log(&self) -> String {
        self.keeper.log()
    }

    fn wait_until_idle(&self) {
        let deadline = Instant::now() + TIME_LIMIT;
        loop {
            let output = self.client("sinfo").args(["--noheader", "--format=%t"]).output().unwrap();
            if String::from_utf8_lossy(&output.stdout).trim() == "idle" {
                return;
            }
            assert!(Instant::now() < deadline, "the node is not idle: {output:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
