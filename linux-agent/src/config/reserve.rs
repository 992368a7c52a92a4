//! What of a machine tasks may have: all but what is kept from them.

use std::path::Path;

use super::amount::{self, Wanted};
use super::error::ConfigError;
use super::file;
use super::load::{Source, understood};
use crate::machine::filesystem;

/// The most memory that is kept from tasks unless the operator tells: 1 GiB.
pub const MAX_MEM_RESERVE: u64 = 1 << 30;

/// The same of a filesystem: 8 GiB.
pub const MAX_DISK_RESERVE: u64 = 8 << 30;

/// What is kept from tasks, for the system and the agent itself.
///
/// It is taken of what there is in all. What is free at the moment does not matter: a resource is what
/// there is, and what is used of it is the master's to subtract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reserve {
    /// Thousandths of a core; `None`: none.
    pub(super) cpus: Option<u64>,
    /// Bytes of memory; `None`: a quarter, and [`MAX_MEM_RESERVE`] at most.
    pub(super) mem: Option<u64>,
    /// Bytes of the filesystem; `None`: a quarter, and [`MAX_DISK_RESERVE`] at most.
    pub(super) disk: Option<u64>,
}

impl Reserve {
    /// Thousandths of a core that are left of these.
    pub(super) fn cpus_left(self, all: u64) -> u64 {
        all.saturating_sub(self.cpus.unwrap_or(0))
    }

    /// Bytes of memory that are left of these.
    pub(super) fn mem_left(self, all: u64) -> u64 {
        left(all, self.mem, MAX_MEM_RESERVE)
    }

    /// Bytes of a filesystem that are left of these.
    pub(super) fn disk_left(self, all: u64) -> u64 {
        left(all, self.disk, MAX_DISK_RESERVE)
    }
}

fn left(all: u64, reserve: Option<u64>, usually_at_most: u64) -> u64 {
    all.saturating_sub(reserve.unwrap_or((all / 4).min(usually_at_most)))
}

/// What the setting `disk` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disk {
    /// Bytes for tasks.
    Bytes(u64),
    /// All of a filesystem but what is kept from tasks; its bytes.
    Of(u64),
}

/// `2GiB`: so many bytes. `/srv`: a folder, whose filesystem it is.
pub(super) fn disk(text: &str) -> Result<Disk, Wanted> {
    let path = Path::new(text);
    if path.is_absolute() {
        let is_there = path.is_dir();
        let size = is_there.then(|| filesystem(path)).flatten();
        return size.map(Disk::Of).ok_or("name a folder that is there");
    }
    amount::bytes(text).map(Disk::Bytes).map_err(|_| {
        "write whole bytes such as 65536, 512MiB or 2GiB, or the path of a folder, from /, whose \
         filesystem it is"
    })
}

impl Source<'_> {
    /// The table `[reserve]`, understood.
    pub(super) fn reserve(&self, table: file::Reserve) -> Result<Reserve, ConfigError> {
        let amount = |key, scalar: Option<file::Scalar>, parse: fn(&str) -> Result<u64, Wanted>| {
            let setting = self.in_file(&format!("reserve.{key}"));
            let said = scalar.map(|file::Scalar(text)| understood(setting, text, parse));
            said.transpose()
        };
        Ok(Reserve {
            cpus: amount("cpus", table.cpus, amount::cores)?,
            mem: amount("mem", table.mem, amount::bytes)?,
            disk: amount("disk", table.disk, amount::bytes)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_is_kept_and_not_more_than_a_machine_needs() {
        let usual = Reserve::default();
        for (all, mem, disk) in [
            (0, 0, 0),
            (512 << 20, 384 << 20, 384 << 20),
            (4 << 30, 3 << 30, 3 << 30),
            (64 << 30, 63 << 30, 56 << 30),
        ] {
            assert_eq!((usual.mem_left(all), usual.disk_left(all)), (mem, disk));
        }
        assert_eq!(usual.cpus_left(4000), 4000);
    }

    #[test]
    fn what_the_operator_keeps_is_kept_and_no_more() {
        let told = Reserve {
            cpus: Some(500),
            mem: Some(2 << 30),
            disk: Some(0),
        };
        assert_eq!([4000, 400].map(|all| told.cpus_left(all)), [3500, 0]);
        assert_eq!(told.mem_left(64 << 30), 62 << 30);
        assert_eq!(told.mem_left(1 << 30), 0);
        assert_eq!(told.disk_left(64 << 30), 64 << 30);
    }

    #[test]
    fn a_disk_is_an_amount_or_a_folder() {
        assert_eq!(disk("2GiB"), Ok(Disk::Bytes(2 << 30)));
        assert_eq!(disk("0"), Ok(Disk::Bytes(0)));
        let root = filesystem(Path::new("/")).unwrap();
        assert_eq!(disk("/"), Ok(Disk::Of(root)));
        for text in ["much", "srv", "-1", "", "/no/such/folder", "/proc/version"] {
            assert!(disk(text).is_err(), "{text:?}");
        }
    }
}
