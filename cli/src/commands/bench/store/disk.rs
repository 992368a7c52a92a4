//! What the disk itself takes: to overwrite 4 KiB of a file and have it for certain.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::exit::Failure;

/// Writes that are measured.
const WRITES: usize = 200;

/// Bytes of each: a page of most file systems, and of the store.
const BLOCK: usize = 4096;

/// Times of an overwrite of 4 KiB and an `fdatasync` in `dir`, one after the other.
pub(super) async fn sync_times(dir: &Path) -> Result<Vec<Duration>, Failure> {
    let path = dir.join("disk");
    let measured = tokio::task::spawn_blocking(move || measure(path)).await;
    let measured = measured.unwrap_or_else(|error| Err(io::Error::other(error)));
    measured.map_err(|error| {
        let what = format!(
            "cannot measure the disk of {}, choose another folder with --dir",
            dir.display()
        );
        Failure::local(what, error)
    })
}

fn measure(path: PathBuf) -> io::Result<Vec<Duration>> {
    let file = File::create(&path)?;
    let mut times = Vec::with_capacity(WRITES);
    // The file has its size before: what is measured is data, and not where it lies.
    file.write_all_at(&vec![0; WRITES * BLOCK], 0)?;
    file.sync_all()?;
    for at in 0..WRITES {
        let start = Instant::now();
        file.write_all_at(&[0x5a; BLOCK], (at * BLOCK) as u64)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok(times)
}
