//! The resources that this process uses, for its own metrics. A value that the system does not report is `None`.

/// The resources of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ProcessResources {
    /// CPU time in seconds.
    pub(crate) cpu_seconds: Option<f64>,
    /// Resident memory in bytes.
    pub(crate) memory_bytes: Option<f64>,
    /// The number of open file descriptors.
    pub(crate) open_files: Option<f64>,
    /// The maximum number of open file descriptors.
    pub(crate) most_files: Option<f64>,
}

/// The resources that this process uses now.
#[cfg(unix)]
pub(crate) fn resources() -> ProcessResources {
    use std::path::Path;

    use rustix::process::{Resource, getrlimit};
    use rustix::time::{ClockId, clock_gettime};

    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let status = super::file::regular(Path::new("/proc/self/status"), 64 * 1024).unwrap_or_default();
    ProcessResources {
        cpu_seconds: std::time::Duration::try_from(cpu).ok().map(|time| time.as_secs_f64()),
        memory_bytes: resident(&String::from_utf8_lossy(&status)),
        open_files: std::fs::read_dir("/proc/self/fd").ok().and_then(|all| counted(all.count())),
        most_files: getrlimit(Resource::Nofile).current.and_then(|most| counted(usize::try_from(most).ok()?)),
    }
}

/// The resources that this process uses now.
#[cfg(not(unix))]
pub(crate) fn resources() -> ProcessResources {
    ProcessResources::default()
}

#[cfg(unix)]
fn counted(count: usize) -> Option<f64> {
    u32::try_from(count).ok().map(f64::from)
}

/// The `VmRSS` line of `/proc/self/status`, which is in kilobytes (proc_pid_status(5)).
#[cfg(unix)]
fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kilobytes) * 1024.0)
}

#[cfg(all(test, unix))]
mod tests {
    use super::resident;

    #[test]
    fn the_memory_is_read_in_kilobytes() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t   12 kB\nThreads:\t1\n"), Some(12_288.0));
        assert_eq!(resident("VmRSS:\t12\n"), None);
        assert_eq!(resident(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_reports_every_resource() {
        let seen = super::resources();
        let all = [seen.cpu_seconds, seen.memory_bytes, seen.open_files, seen.most_files];
        assert!(all.iter().all(|value| value.is_some_and(|value| value > 0.0)), "{seen:?}");
    }
}
