//! Which containers were begun: a file for each, made before the container and gone after it.
//!
//! By it an agent that has started again tells a task that never ran, which begins, from one
//! whose container somebody removed meanwhile, which has ended. It holds the boot of the machine
//! in which it was made, and is never written again. How far the master has fetched what the
//! container wrote is in a file of its own, which may be lost.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use edgerm_protocol::TaskId;

use super::logs::Place;
use crate::records::write_to_last;

/// Names the boot of the machine, by the kernel.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// The file with what tells this agent's containers from all others'.
const OWNER: &str = "owner";

/// What is known of a container that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The boot of the machine.
    pub(super) boot: String,
    /// How far what it wrote was fetched.
    pub(super) fetched: Place,
}

/// The marks in a folder.
#[derive(Debug)]
pub(super) struct Marks {
    folder: PathBuf,
    owner: String,
    boot: String,
}

impl Marks {
    /// Those in `folder`, which is made where it is missing.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let owner = match fs::read_to_string(folder.join(OWNER)) {
            Ok(owner) => owner,
            Err(error) if error.kind() == ErrorKind::NotFound => draw_owner(&folder)?,
            Err(error) => return Err(error),
        };
        let boot = fs::read_to_string(BOOT).unwrap_or_default();
        Ok(Self {
            folder,
            owner: owner.trim().to_owned(),
            boot: boot.trim().to_owned(),
        })
    }

    /// What tells this agent's containers from all others'.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    /// Whether the machine has not rebooted since.
    pub(super) fn is_of_this_boot(&self, mark: &Mark) -> bool {
        mark.boot == self.boot
    }

    /// The mark of a task, where it has one.
    ///
    /// # Errors
    ///
    /// Those of the file system. Whether there is a mark is not known then.
    pub(super) async fn read(&self, id: TaskId) -> io::Result<Option<Mark>> {
        let text = match tokio::fs::read_to_string(self.path(id)).await {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // What cannot be read of this is told again.
        let fetched = tokio::fs::read_to_string(self.fetched_path(id)).await;
        Ok(Some(Mark {
            boot: text.trim().to_owned(),
            fetched: fetched.ok().as_deref().and_then(place).unwrap_or_default(),
        }))
    }

    /// Marks a task that is about to have a container: on the disk when this returns.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(super) async fn make(&self, id: TaskId) -> io::Result<()> {
        let (path, folder) = (self.path(id), self.folder.clone());
        let text = format!("{}\n", self.boot);
        let made =
            tokio::task::spawn_blocking(move || write_to_last(&folder, &path, text.as_bytes()));
        made.await.map_err(io::Error::other)?
    }

    /// Remembers how far what it wrote was fetched. A crash may forget some of it, which is told again
    /// then.
    pub(super) async fn remember(&self, id: TaskId, fetched: Place) {
        let (path, beside) = (self.fetched_path(id), self.beside_path(id));
        let Place { second, lines } = fetched;
        let written = async {
            tokio::fs::write(&beside, format!("{second} {lines}")).await?;
            tokio::fs::rename(&beside, &path).await
        };
        if let Err(error) = written.await {
            tracing::warn!(path = %path.display(), %error, "lines may be told again");
        }
    }

    /// Forgets a task whose container is gone.
    pub(super) async fn erase(&self, id: TaskId) {
        self.forget_fetched(id).await;
        remove(&self.path(id)).await;
    }

    /// Forgets what was fetched of a container that is gone.
    pub(super) async fn forget_fetched(&self, id: TaskId) {
        remove(&self.beside_path(id)).await;
        remove(&self.fetched_path(id)).await;
    }

    /// Every task that has one.
    pub(super) fn all(&self) -> Vec<TaskId> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| name.parse().ok()).collect()
    }

    fn path(&self, id: TaskId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    fn fetched_path(&self, id: TaskId) -> PathBuf {
        self.folder.join(format!("{id}.fetched"))
    }

    fn beside_path(&self, id: TaskId) -> PathBuf {
        self.folder.join(format!("{id}.fetched.new"))
    }
}

/// Removes a file, where it is there.
async fn remove(path: &Path) {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "a mark stays");
        }
        _ => {}
    }
}

/// A place as it is written beside a mark.
fn place(text: &str) -> Option<Place> {
    let (second, lines) = text.trim().split_once(' ')?;
    Some(Place {
        second: second.parse().ok()?,
        lines: lines.parse().ok()?,
    })
}

fn draw_owner(folder: &Path) -> io::Result<String> {
    let mut drawn = [0; 16];
    getrandom::fill(&mut drawn).map_err(io::Error::other)?;
    let owner: String = drawn.iter().map(|byte| format!("{byte:02x}")).collect();
    write_to_last(folder, &folder.join(OWNER), owner.as_bytes())?;
    Ok(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_mark_is_there_from_before_the_container_until_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let marks = Marks::open(folder.path().join("containers")).unwrap();
        let id = TaskId(0x1f);
        assert_eq!(marks.read(id).await.unwrap(), None);
        marks.make(id).await.unwrap();
        let mark = marks.read(id).await.unwrap().unwrap();
        assert!(marks.is_of_this_boot(&mark));
        assert_eq!(mark.fetched, Place::default());
        let fetched = Place {
            second: 1_767_225_600,
            lines: 2,
        };
        marks.remember(id, fetched).await;
        assert_eq!(marks.all(), [id]);
        let again = Marks::open(folder.path().join("containers")).unwrap();
        assert_eq!(again.owner(), marks.owner());
        let mark = again.read(id).await.unwrap().unwrap();
        assert_eq!(mark.fetched, fetched);
        let other = Mark {
            boot: "another".to_owned(),
            ..mark
        };
        assert!(!again.is_of_this_boot(&other));
        // Where that is no use, the mark still is.
        fs::write(again.fetched_path(id), "?").unwrap();
        let mark = again.read(id).await.unwrap().unwrap();
        assert!(again.is_of_this_boot(&mark) && mark.fetched == Place::default());
        again.erase(id).await;
        assert_eq!(again.all(), []);
        assert!(!again.fetched_path(id).exists());
        again.erase(id).await;
        fs::create_dir(again.path(id)).unwrap();
        assert!(again.read(id).await.is_err(), "it is not known");
    }

    #[test]
    fn two_agents_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| Marks::open(folder.path().join(name)).unwrap();
        assert_ne!(open("one").owner(), open("other").owner());
        assert_eq!(open("one").owner().len(), 32);
    }
}
