//! What tasks emit and log, as people read it.

use edgerm_framework::api::{Output, OutputData};
use edgerm_framework::message::LogLevel;

use crate::console::{Console, Tone, visible};

/// The lines of `output`, each behind `prefix`.
pub(crate) fn lines(console: &Console, prefix: &str, output: &Output) -> String {
    let text = match &output.data {
        OutputData::Text(text) => visible(text).into_owned(),
        OutputData::Hex(digits) => format!("0x{digits}"),
    };
    let (level, tone) = match output.level {
        None => ("", Tone::Plain),
        Some(LogLevel::Error) => ("log error: ", Tone::Bad),
        Some(LogLevel::Warning) => ("log warning: ", Tone::Busy),
        Some(LogLevel::Info) => ("log info: ", Tone::Faint),
        Some(LogLevel::Debug) => ("log debug: ", Tone::Faint),
    };
    let line = |line: &str| {
        format!(
            "{}{}\n",
            prefix,
            console.paint(&format!("{level}{line}"), tone)
        )
    };
    // A text that is empty is a line that is.
    let lines: String = match text.is_empty() {
        true => line(""),
        false => text.lines().map(line).collect(),
    };
    match output.lost {
        0 => lines,
        lost => {
            let gap = format!("log: {lost} lines are lost, for which the node had no room");
            format!("{prefix}{}\n{lines}", console.paint(&gap, Tone::Faint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Format;
    use edgerm_framework::TaskId;

    #[test]
    fn outputs_are_lines() {
        let console = Console::new(Format::Table, false);
        let text = |text: &str| OutputData::Text(text.into());
        let cases = [
            (None, text("21.5"), "n | 21.5\n"),
            (None, text("a\nb\n"), "n | a\nn | b\n"),
            (None, text(""), "n | \n"),
            (
                Some(LogLevel::Warning),
                text("hot"),
                "n | log warning: hot\n",
            ),
            (None, OutputData::Hex("00ff".into()), "n | 0x00ff\n"),
        ];
        for (level, data, expected) in cases {
            let output = Output {
                task: TaskId(1),
                index: 1,
                level,
                lost: 0,
                data,
            };
            assert_eq!(lines(&console, "n | ", &output), expected);
        }
        let output = Output {
            task: TaskId(1),
            index: 1,
            level: Some(LogLevel::Info),
            lost: 3,
            data: text("on"),
        };
        let expected = "log: 3 lines are lost, for which the node had no room\nlog info: on\n";
        assert_eq!(lines(&console, "", &output), expected);
    }
}
