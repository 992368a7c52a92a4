//! Where a new credential is written, and in what form.

use std::io::Write;
use std::path::{Path, PathBuf};

use edgerm_coap::oscore::Credential;
use edgerm_framework::api::IssuedCredential;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::args::{Destination, Form};
use crate::console::Console;
use crate::exit::Failure;

/// A file for a credential that is yet to be made. It is begun before the master is asked, since
/// what the master has made it shows once.
pub(crate) struct Place {
    form: Form,
    force: bool,
    /// Absent: standard output.
    file: Option<(NamedTempFile, PathBuf)>,
}

/// What was written, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    name: &'a str,
    key_id: &'a str,
    file: &'a Path,
}

impl Place {
    /// The place that `to` says for the credential of the agent `name`.
    pub(crate) fn prepare(to: &Destination, name: &str) -> Result<Self, Failure> {
        let ending = match to.form {
            Form::File => Some("toml"),
            Form::Kconfig => Some("conf"),
            Form::Settings => Some("bin"),
            Form::Hex => None,
        };
        let path = match (&to.out, ending) {
            (Some(path), _) => Some(path.clone()),
            // The master says what is wrong with such a name; it must not lead elsewhere before.
            (None, Some(_)) if name.contains(['/', '\0']) => None,
            (None, Some(ending)) => Some(PathBuf::from(format!("{name}.{ending}"))),
            (None, None) => None,
        };
        let file = path.map(|path| begin(path, to.force)).transpose()?;
        Ok(Self {
            form: to.form,
            force: to.force,
            file,
        })
    }

    /// Writes `issued`, and tells what to do with it.
    pub(crate) fn write(self, console: &Console, issued: &IssuedCredential) -> Result<(), Failure> {
        let credential = issued.credential.parse::<Credential>();
        let credential = credential
            .map_err(|error| Failure::Unexpected(format!("the master's credential is {error}")))?;
        let Some((mut file, path)) = self.file else {
            if console.is_json() {
                return console.print_json(issued);
            }
            return console.print(&issued.credential);
        };
        let contents = contents(self.form, &issued.name, &credential);
        let written = file
            .write_all(&contents)
            .and_then(|()| file.as_file().sync_all());
        let lost = |error| {
            let rotate = format!(
                "cannot write {}, so that the credential is lost: `edgerm rotate {}` makes another",
                path.display(),
                issued.name
            );
            Failure::local(rotate, error)
        };
        written.map_err(lost)?;
        let placed = match self.force {
            true => file.persist(&path),
            false => file.persist_noclobber(&path),
        };
        placed.map_err(|error| lost(error.error))?;
        if console.is_json() {
            return console.print_json(&Written {
                name: &issued.name,
                key_id: &issued.key_id,
                file: &path,
            });
        }
        console.note(&next(self.form, &path));
        console.print(&path.display().to_string())
    }
}

/// A file beside `path`, for its owner alone, that takes its place when it is whole.
pub(crate) fn begin(path: PathBuf, force: bool) -> Result<(NamedTempFile, PathBuf), Failure> {
    if !force && path.exists() {
        let what = format!(
            "there is a file {} already: choose another, or overwrite it with --force",
            path.display()
        );
        return Err(Failure::Usage(what));
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let begun = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
    let cannot = |error| Failure::local(format!("cannot write {}", path.display()), error);
    Ok((begun.map_err(cannot)?, path))
}

fn contents(form: Form, name: &str, credential: &Credential) -> Vec<u8> {
    let text = credential.to_text();
    // A name has no character that either syntax quotes.
    match form {
        Form::File => format!("name = \"{name}\"\ncredential = \"{text}\"\n").into_bytes(),
        Form::Kconfig => format!(
            "# Of the device {name} alone. Keep it secret: whoever has it is that device.\n\
             CONFIG_EDGERM_NAME=\"{name}\"\nCONFIG_EDGERM_CREDENTIAL=\"{text}\"\n"
        )
        .into_bytes(),
        Form::Settings => credential.to_bytes().to_vec(),
        Form::Hex => format!("{text}\n").into_bytes(),
    }
}

fn next(form: Form, path: &Path) -> String {
    let file = path.display();
    match form {
        Form::File => format!("start the agent with it: edgerm-agent --credential {file}"),
        Form::Kconfig => format!(
            "build the image of this one device with it: west build ... -- \
             -DEXTRA_CONF_FILE=$(realpath {file})"
        ),
        Form::Settings => {
            "store it on the device as the setting edgerm/credential: edgerm_credential_set() in \
             its firmware does so"
                .to_owned()
        }
        Form::Hex => "nobody can ask for it again".to_owned(),
    }
}
