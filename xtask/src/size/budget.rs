//! An image and what it may take.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context;

/// What one image may take.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// The ELF file.
    pub(crate) path: PathBuf,
    /// Bytes of flash.
    pub(crate) flash: u64,
    /// Bytes of RAM that the image takes before it runs.
    pub(crate) ram: u64,
}

impl Budget {
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }
}

impl FromStr for Budget {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.rsplitn(3, ':');
        let mut part = || parts.next().context("FILE:FLASH:RAM is meant");
        Ok(Self {
            ram: bytes(part()?)?,
            flash: bytes(part()?)?,
            path: part()?.into(),
        })
    }
}

/// A number of bytes, or of KiB where a `K` follows.
fn bytes(text: &str) -> anyhow::Result<u64> {
    let (digits, unit) = match text.strip_suffix('K') {
        Some(digits) => (digits, 1024),
        None => (text, 1),
    };
    let number: u64 = digits
        .parse()
        .with_context(|| format!("{text} is no number of bytes"))?;
    number
        .checked_mul(unit)
        .with_context(|| format!("{text} is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_read_from_its_end() {
        let budget: Budget = "C:/zephyr.elf:200K:1000".parse().unwrap();
        assert_eq!(budget.path, PathBuf::from("C:/zephyr.elf"));
        assert_eq!((budget.flash, budget.ram), (200 * 1024, 1000));
        for text in ["", "a:1", "a:1:b", "a::1"] {
            assert!(text.parse::<Budget>().is_err(), "{text}");
        }
    }
}
