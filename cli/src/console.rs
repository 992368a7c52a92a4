//! Where words go: results to standard output, everything else to standard error.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::exit::Failure;

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // For people.
    #[default]
    Table,
    // For programs: the API's JSON.
    Json,
}

/// What a text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Busy,
    Bad,
    Faint,
    Strong,
}

/// The terminal, or what stands in its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    format: Format,
    quiet: bool,
    colour: bool,
    colour_notes: bool,
}

impl Console {
    /// With colours where a terminal is, unless `NO_COLOR` is set (no-color.org).
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let wanted = !set("NO_COLOR") && !dumb;
        Self {
            format,
            quiet,
            colour: wanted && io::stdout().is_terminal(),
            colour_notes: wanted && io::stderr().is_terminal(),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Writes lines of results.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            stdout.write_all(b"\n")?;
        }
        Ok(stdout.flush()?)
    }

    /// Writes one result as JSON, over several lines.
    pub(crate) fn print_json(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.print(&serde_json::to_string_pretty(value).map_err(io::Error::from)?)
    }

    /// Writes one of a stream of results as JSON, in one line.
    pub(crate) fn print_json_line(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.print(&serde_json::to_string(value).map_err(io::Error::from)?)
    }

    /// Tells how it goes, on standard error. Nobody reading that is no failure.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            drop(writeln!(io::stderr(), "{text}"));
        }
    }

    /// Tells on standard error why the command did not end well.
    pub(crate) fn report(&self, failure: &Failure) {
        let bad = paint("error:", Tone::Bad, self.colour_notes);
        drop(writeln!(
            io::stderr(),
            "{bad} {}",
            visible(&failure.to_string())
        ));
        if let Some(next) = failure.next() {
            drop(writeln!(io::stderr(), "       {next}"));
        }
    }

    /// `text` in the colour of `tone`, where results go to a terminal.
    pub(crate) fn paint(&self, text: &str, tone: Tone) -> String {
        paint(text, tone, self.colour)
    }
}

fn paint(text: &str, tone: Tone, colour: bool) -> String {
    let style = match tone {
        Tone::Plain => return text.to_owned(),
        Tone::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Tone::Busy => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        Tone::Bad => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
        Tone::Faint => Style::new().dimmed(),
        Tone::Strong => Style::new().bold(),
    };
    if colour {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

/// `text` without what could steer a terminal: tasks and agents choose their words.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|c| {
        if steers(c) {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    });
    Cow::Owned(escaped.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_cannot_steer_the_terminal() {
        assert_eq!(visible("21.5 °C\tok\n"), "21.5 °C\tok\n");
        assert_eq!(visible("\u{1b}[2Jgone\r"), "\\u{1b}[2Jgone\\r");
    }

    #[test]
    fn colour_is_around_the_text_or_nowhere() {
        assert_eq!(paint("RUNNING", Tone::Good, false), "RUNNING");
        assert_eq!(
            paint("RUNNING", Tone::Good, true),
            "\u{1b}[32mRUNNING\u{1b}[0m"
        );
    }
}
