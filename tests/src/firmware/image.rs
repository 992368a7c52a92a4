//! An application built for a board.

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::board::Board;
use super::repository;
use super::workspace::Workspace;

/// An application, a board, and what is configured beyond the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Where it runs.
    pub board: Board,
    /// What tells it from other images for the board.
    pub variant: &'static str,
    /// The application's folder in this repository.
    pub application: &'static str,
    /// Kconfig beyond the application's own, a line each.
    pub conf: &'static [&'static str],
    /// Whether its node proves who it is.
    pub proves: bool,
}

impl Image {
    /// The application that ships, with the name and the credential of its board's node.
    #[must_use]
    pub const fn proving(board: Board) -> Self {
        Self {
            board,
            variant: "proving",
            application: "zephyr-app",
            conf: &[],
            proves: true,
        }
    }

    /// The same as it ships: its node proves nothing.
    #[must_use]
    pub const fn plain(board: Board) -> Self {
        Self {
            variant: "shipped",
            proves: false,
            ..Self::proving(board)
        }
    }

    /// The same with other Kconfig.
    #[must_use]
    pub const fn with(self, variant: &'static str, conf: &'static [&'static str]) -> Self {
        Self {
            variant,
            conf,
            ..self
        }
    }

    /// Where it is built.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        repository(&format!("target/zephyr/{self}"))
    }

    /// What is run, once [`Image::build`] has made it.
    #[must_use]
    pub fn product(&self) -> PathBuf {
        self.folder().join("zephyr").join(self.board.product())
    }

    /// Builds it, or what has changed of it.
    ///
    /// # Errors
    ///
    /// [`BuildFailed`], with all that the build printed.
    pub fn build(&self, workspace: &Workspace) -> Result<(), BuildFailed> {
        let folder = self.folder();
        let failed = |error: std::io::Error| BuildFailed {
            image: *self,
            printed: error.to_string(),
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        // Another process may be building it for its own tests.
        let lock = File::create(folder.with_extension("lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let conf = folder.with_extension("conf");
        let mut lines: String = self.conf.iter().map(|line| format!("{line}\n")).collect();
        if self.proves {
            lines += &proof(self.board);
        }
        if fs::read_to_string(&conf).ok().as_deref() != Some(&*lines) {
            fs::write(&conf, &lines).map_err(failed)?;
        }
        let output = self.west(workspace, &folder, &conf).output();
        let output = output.map_err(failed)?;
        if output.status.success() {
            return Ok(());
        }
        let printed = [output.stdout, output.stderr].concat();
        Err(BuildFailed {
            image: *self,
            printed: String::from_utf8_lossy(&printed).into_owned(),
        })
    }

    fn west(&self, workspace: &Workspace, folder: &Path, conf: &Path) -> Command {
        let is_configured = folder.join("build.ninja").is_file();
        let mut west = Command::new("west");
        west.current_dir(workspace.top())
            .env("ZEPHYR_BASE", workspace.zephyr())
            .env("ZEPHYR_TOOLCHAIN_VARIANT", self.board.toolchain())
            .env("GNUARMEMB_TOOLCHAIN_PATH", gnuarmemb())
            .env("CROSS_COMPILE", cross_compile())
            // Most crates are the same in every image.
            .env("EDGERM_CARGO_TARGET_DIR", repository("target/zephyr/cargo"))
            .args(["build", "--board", self.board.name(), "--build-dir"])
            .arg(folder);
        if is_configured {
            // Ninja configures anew by itself where a file that it read has changed.
            return west;
        }
        west.args(["--pristine", "always"])
            .arg(repository(self.application))
            .arg("--")
            .arg(format!("-DEXTRA_CONF_FILE={}", conf.display()));
        if self.board == Board::QemuRiscv32 {
            west.arg(format!("-DCMAKE_EXE_LINKER_FLAGS=-L{}", libgcc().display()));
        }
        west
    }
}

/// What `edgerm enroll --form kconfig` writes.
fn proof(board: Board) -> String {
    let (name, credential) = (board.node(), board.credential().to_text());
    format!("CONFIG_EDGERM_NAME=\"{name}\"\nCONFIG_EDGERM_CREDENTIAL=\"{credential}\"\n")
}

/// The folder on PATH that `program` is in: Debian's where it is in none.
fn folder_of(program: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path);
    let folder = folders.find(|folder| folder.join(program).is_file());
    folder.unwrap_or_else(|| "/usr/bin".into())
}

/// Where Arm's compiler is: the folder above that of the program.
fn gnuarmemb() -> PathBuf {
    let folder = folder_of("arm-none-eabi-gcc");
    folder.parent().map(Path::to_owned).unwrap_or_default()
}

/// What the paths of the programs for RISC-V begin with.
fn cross_compile() -> PathBuf {
    folder_of(&format!("{RISCV}gcc")).join(RISCV)
}

/// What the names of the compiler for RISC-V begin with.
const RISCV: &str = "riscv64-unknown-elf-";

/// Where that compiler has its library for a processor without floating point. Asked for one by
/// Zephyr's name of the processor, which tells more extensions, Debian's finds none.
fn libgcc() -> PathBuf {
    let asked = ["-march=rv32imac", "-mabi=ilp32", "-print-libgcc-file-name"];
    let output = Command::new(format!("{RISCV}gcc")).args(asked).output();
    let printed = output.map(|output| output.stdout).unwrap_or_default();
    let library = PathBuf::from(String::from_utf8_lossy(&printed).trim());
    library.parent().map(Path::to_owned).unwrap_or_default()
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let application = self.application.rsplit('/').next().unwrap_or_default();
        write!(f, "{application}-{}-{}", self.board.name(), self.variant)
    }
}

/// An image that does not build.
#[derive(Clone, Debug)]
pub struct BuildFailed {
    image: Image,
    printed: String,
}

impl fmt::Display for BuildFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { image, printed } = self;
        write!(f, "{printed}\n{image} does not build")
    }
}

impl std::error::Error for BuildFailed {}
