//! Aligned tables.

use crate::console::{Console, Tone, visible};

/// Blanks between columns.
const GAP: usize = 3;

/// One cell: what it says and what that is.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A text in the colour of `tone`.
    pub(crate) fn new(text: impl ToString, tone: Tone) -> Self {
        Self {
            text: visible(&text.to_string()).replace(['\n', '\t'], " "),
            tone,
        }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// A table with a heading.
#[derive(Debug)]
pub(crate) struct Table<const COLUMNS: usize> {
    heading: [&'static str; COLUMNS],
    rows: Vec<[Cell; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// An empty table.
    pub(crate) const fn new(heading: [&'static str; COLUMNS]) -> Self {
        Self {
            heading,
            rows: Vec::new(),
        }
    }

    /// One more row.
    pub(crate) fn row(&mut self, cells: [Cell; COLUMNS]) {
        self.rows.push(cells);
    }

    /// The lines, each column as wide as its widest cell, without blanks at a line's end.
    pub(crate) fn render(&self, console: &Console) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].text.chars().count());
            cells.chain([self.heading[column].len()]).max().unwrap_or(0)
        };
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        let heading = self.heading.map(|text| Cell::new(text, Tone::Strong));
        let mut lines = String::new();
        for row in [&heading].into_iter().chain(&self.rows) {
            let last = row
                .iter()
                .rposition(|cell| !cell.text.is_empty())
                .unwrap_or(0);
            for (column, cell) in row.iter().enumerate().take(last + 1) {
                lines.push_str(&console.paint(&cell.text, cell.tone));
                if column < last {
                    let pad = widths[column] - cell.text.chars().count() + GAP;
                    lines.extend(std::iter::repeat_n(' ', pad));
                }
            }
            lines.push('\n');
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Format;

    #[test]
    fn columns_stand_below_each_other() {
        let mut table = Table::new(["NAME", "STATE", "WHY"]);
        table.row(["greenhouse".into(), "RUNNING".into(), "".into()]);
        table.row(["kü".into(), "".into(), "a\nb".into()]);
        let lines = table.render(&Console::new(Format::Table, false));
        assert_eq!(
            lines,
            "NAME         STATE     WHY\n\
             greenhouse   RUNNING\n\
             kü                     a b\n"
        );
    }
}
