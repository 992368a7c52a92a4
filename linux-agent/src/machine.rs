//! What this machine is, by its kernel's files under `/proc`, `/sys` and `/etc`.

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::thread::available_parallelism;

use rustix::io::Errno;

/// What is true of a machine. What its files do not tell is empty or `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The kernel's release: `6.1.0-18-amd64`.
    pub kernel: String,
    /// What the machine is called in its network.
    pub hostname: String,
    /// The distribution and its version, as `/etc/os-release` has its `ID` and `VERSION_ID`:
    /// `debian-12`, `arch`.
    pub distribution: Option<String>,
    /// Thousandths of a core that this process may use at once: affinity and the quota of its
    /// control group are heeded, the latter in whole cores, of which there is one at least.
    pub cpus: u64,
    /// Bytes of memory in all, or of the limit of this process' control group where that is
    /// less.
    pub mem: Option<u64>,
    /// Bytes of the filesystem that tasks may have a part of, in all. Its files do not tell: which
    /// one it is the settings say, and [`filesystem`] asks the kernel. `None` where they say an amount.
    pub disk: Option<u64>,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        Self::read(Path::new("/"))
    }

    /// The machine whose files are under `root`. Its cores are those of this one.
    pub fn read(root: &Path) -> Self {
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let release = ["etc/os-release", "usr/lib/os-release"];
        let cores = available_parallelism().map_or(1, NonZero::get);
        let total = mem_total(&text("proc/meminfo"));
        let limit = group_limit(root, &text("proc/self/cgroup"));
        Self {
            kernel: text("proc/sys/kernel/osrelease").trim().to_owned(),
            hostname: text("proc/sys/kernel/hostname").trim().to_owned(),
            distribution: release
                .into_iter()
                .find_map(|path| distribution(&text(path))),
            cpus: u64::try_from(cores).map_or(u64::MAX, |cores| cores.saturating_mul(1000)),
            mem: total.into_iter().chain(limit).min(),
            disk: None,
        }
    }
}

/// Bytes of the filesystem that `path` is on, in all. Where there is no such file yet, its folder's
/// counts, and so on. `None` where the kernel does not tell.
pub fn filesystem(path: &Path) -> Option<u64> {
    let there = |path: &Path| {
        let path = match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        };
        match rustix::fs::statvfs(path) {
            Err(Errno::NOENT | Errno::NOTDIR) => None,
            // That of the folder around it would be another.
            told => Some(told),
        }
    };
    let told = path.ancestors().find_map(there)?.ok()?;
    told.f_blocks.checked_mul(told.f_frsize)
}

/// Bytes by the line `MemTotal` of `/proc/meminfo`, which has kibibytes.
fn mem_total(meminfo: &str) -> Option<u64> {
    let total = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = total.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The least memory limit of the control groups (version 2) that `cgroup` says this process is
/// in, in bytes. Where there is none, the file says `max` or is not there.
fn group_limit(root: &Path, cgroup: &str) -> Option<u64> {
    let group = cgroup.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let limit = |group: &Path| {
        let path = root.join("sys/fs/cgroup").join(group).join("memory.max");
        fs::read_to_string(path).ok()?.trim().parse().ok()
    };
    Path::new(group).ancestors().filter_map(limit).min()
}

/// `ID-VERSION_ID`, or `ID` alone where the distribution has no versions.
fn distribution(os_release: &str) -> Option<String> {
    let value = |key: &str| {
        let assigned = |line: &'_ str| Some(line.strip_prefix(key)?.strip_prefix('=')?.to_owned());
        let value = os_release.lines().find_map(assigned)?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| value.to_owned())
    };
    let id = value("ID")?;
    Some(match value("VERSION_ID") {
        Some(version) => format!("{id}-{version}"),
        None => id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_read_from_its_files() {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("proc/sys/kernel/osrelease", "6.1.0-18-arm64\n"),
            ("proc/sys/kernel/hostname", "greenhouse\n"),
            (
                "proc/meminfo",
                "MemTotal:        8000000 kB\nMemFree:   12 kB\n",
            ),
            (
                "proc/self/cgroup",
                "1:cpu:/old\n0::/system.slice/edgerm.service\n",
            ),
            ("sys/fs/cgroup/system.slice/memory.max", "1073741824\n"),
            (
                "sys/fs/cgroup/system.slice/edgerm.service/memory.max",
                "max\n",
            ),
            (
                "etc/os-release",
                "NAME=\"Debian\"\nVERSION_ID=\"12\"\nID=debian\n",
            ),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::read(root.path());
        let expected = Machine {
            kernel: "6.1.0-18-arm64".into(),
            hostname: "greenhouse".into(),
            distribution: Some("debian-12".into()),
            cpus: machine.cpus,
            mem: Some(1 << 30),
            disk: None,
        };
        assert_eq!(machine, expected);
        assert!(machine.cpus >= 1000 && machine.cpus.is_multiple_of(1000));
    }

    #[test]
    fn a_machine_without_files_says_little() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::read(root.path());
        let expected = Machine {
            cpus: machine.cpus,
            ..Machine::default()
        };
        assert_eq!(machine, expected);
    }

    #[test]
    fn a_filesystem_is_that_of_the_nearest_folder_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let there = filesystem(folder.path());
        assert!(there.is_some_and(|bytes| bytes > 0), "{there:?}");
        assert_eq!(filesystem(&folder.path().join("not/there/yet")), there);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(filesystem(&file.join("not a folder")), there);
        // Which one a link that leads to itself is on is not known.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&link, &link).unwrap();
        assert_eq!(filesystem(&link), None);
        assert_eq!(
            filesystem(Path::new("no-such-file")),
            filesystem(Path::new("."))
        );
        // Of no size that is kept anywhere.
        assert_eq!(filesystem(Path::new("/proc")), Some(0));
    }

    #[test]
    fn odd_files_tell_nothing() {
        for meminfo in [
            "",
            "MemTotal:",
            "MemTotal: 12",
            "MemTotal: x kB",
            "MemTotal: -1 kB",
        ] {
            assert_eq!(mem_total(meminfo), None, "{meminfo:?}");
        }
        assert_eq!(distribution("ID=\nVERSION_ID=12\n"), None);
        assert_eq!(distribution("ID='arch'\n"), Some("arch".into()));
    }
}
