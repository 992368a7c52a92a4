//! The line that a backup begins with.

use super::RestoreError;

/// How the line begins.
const WORDS: &str = "edgerm backup ";

/// The version of the form.
const FORM: u32 = 1;

/// Bytes of the line at most.
pub(super) const MAX: usize = 128;

/// What the line says of the bytes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Their SHA-256.
    pub(super) digest: [u8; 32],
    /// How many there are.
    pub(super) length: u64,
}

impl Head {
    /// The line, with its end.
    pub(super) fn to_line(self) -> String {
        let digest = hex::encode(self.digest);
        format!("{WORDS}{FORM} {digest} {}\n", self.length)
    }

    /// What a line says, without its end.
    pub(super) fn read(line: &[u8]) -> Result<Self, RestoreError> {
        let line = str::from_utf8(line).map_err(|_| RestoreError::NoBackup)?;
        let rest = line.strip_prefix(WORDS).ok_or(RestoreError::NoBackup)?;
        let mut words = rest.split(' ');
        let form = words.next().and_then(|form| form.parse().ok());
        match form {
            Some(FORM) => {}
            Some(newer) if newer > FORM => return Err(RestoreError::NewerForm(newer)),
            Some(_) | None => return Err(RestoreError::NoBackup),
        }
        let mut digest = [0; 32];
        let read = words.next().map(|it| hex::decode_to_slice(it, &mut digest));
        let length = words.next().and_then(|length| length.parse().ok());
        match (read, length, words.next()) {
            (Some(Ok(())), Some(length), None) => Ok(Self { digest, length }),
            _ => Err(RestoreError::NoBackup),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_follows_and_others_are_refused() {
        let head = Head {
            digest: [0xa5; 32],
            length: 70_000,
        };
        let line = head.to_line();
        assert!(line.len() < MAX);
        let line = line.trim_end_matches('\n');
        assert_eq!(Head::read(line.as_bytes()).unwrap(), head);
        let newer = line.replace("backup 1", "backup 2");
        let newer = Head::read(newer.as_bytes());
        assert!(matches!(newer, Err(RestoreError::NewerForm(2))));
        let short = line.replace("a5a5 ", "a5 ");
        let more = format!("{line} 1");
        for bad in [
            "",
            "edgerm backup",
            "edgerm backup 0",
            &short,
            &more,
            "redb",
        ] {
            let refused = Head::read(bad.as_bytes());
            assert!(matches!(refused, Err(RestoreError::NoBackup)), "{bad}");
        }
    }
}
