//! Where the repository is.

use std::path::{Path, PathBuf};

/// The path of a file of the repository, given from its root.
#[must_use]
pub fn path(relative: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
        .join(relative)
}
