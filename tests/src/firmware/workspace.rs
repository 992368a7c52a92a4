//! Where Zephyr is.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

/// A west workspace that has Zephyr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    zephyr: PathBuf,
}

/// No workspace is where one was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoWorkspace {
    looked: PathBuf,
}

impl fmt::Display for NoWorkspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no Zephyr in {}: set ZEPHYR_BASE to where it is, see docs/zephyr.md",
            self.looked.display()
        )
    }
}

impl std::error::Error for NoWorkspace {}

impl Workspace {
    /// The one that `ZEPHYR_BASE` names, else `~/zephyrproject/zephyr`.
    ///
    /// # Errors
    ///
    /// [`NoWorkspace`] where no Zephyr is there.
    pub fn find() -> Result<Self, NoWorkspace> {
        let named = env::var_os("ZEPHYR_BASE").filter(|named| !named.is_empty());
        let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default());
        let zephyr = named.map_or_else(|| home().join("zephyrproject/zephyr"), PathBuf::from);
        Self::at(zephyr)
    }

    fn at(zephyr: PathBuf) -> Result<Self, NoWorkspace> {
        if zephyr.join("cmake/app/boilerplate.cmake").is_file() && zephyr.join("VERSION").is_file()
        {
            Ok(Self { zephyr })
        } else {
            Err(NoWorkspace { looked: zephyr })
        }
    }

    /// Zephyr's own tree: `ZEPHYR_BASE`.
    #[must_use]
    pub fn zephyr(&self) -> &Path {
        &self.zephyr
    }

    /// The workspace's top, where `west` is run.
    #[must_use]
    pub fn top(&self) -> &Path {
        self.zephyr.parent().unwrap_or(&self.zephyr)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_without_zephyr_is_no_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let zephyr = folder.path().join("zephyr");
        let absent = Workspace::at(zephyr.clone()).unwrap_err();
        assert!(absent.to_string().contains("ZEPHYR_BASE"), "{absent}");

        fs::create_dir_all(zephyr.join("cmake/app")).unwrap();
        fs::write(zephyr.join("cmake/app/boilerplate.cmake"), "").unwrap();
        fs::write(zephyr.join("VERSION"), "").unwrap();
        assert_eq!(Workspace::at(zephyr).unwrap().top(), folder.path());
    }
}
