//! Columns of text.

use super::text::clean;
use std::fmt;

/// Rows under headings. A heading that begins with `>` has its column aligned to the right.
pub(super) struct Table {
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty one.
    pub(super) fn new(headings: &[&str]) -> Self {
        let right = headings.iter().map(|one| one.starts_with('>')).collect();
        let plain = |one: &&str| one.trim_start_matches('>').to_owned();
        Self {
            right,
            rows: vec![headings.iter().map(plain).collect()],
        }
    }

    /// Adds a row; cells are made harmless for terminals, empty ones are shown as `-`.
    pub(super) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let cell = |text: &str| match clean(text) {
            empty if empty.is_empty() => "-".to_owned(),
            text => text,
        };
        self.rows.push(cells.map(cell).into());
    }

    /// The rows alone.
    pub(super) fn without_headings(mut self) -> String {
        if let Some(headings) = self.rows.first_mut() {
            headings.fill(String::new());
        }
        self.to_string().trim_start_matches('\n').to_owned()
    }

    /// Whether there are headings only.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.right.len()).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, &width), &right) in row.iter().zip(&widths).zip(&self.right) {
                if !line.is_empty() {
                    line.push_str("  ");
                }
                if right {
                    line.push_str(&format!("{cell:>width$}"));
                } else {
                    line.push_str(&format!("{cell:<width$}"));
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut table = Table::new(&[">JOB", "STATE", "WHY"]);
        assert!(table.is_empty());
        table.row(["7", "done", ""]);
        table.row(["1024", "deferred", "450 \u{1b}later"]);
        assert_eq!(
            table.to_string(),
            " JOB  STATE     WHY\n   7  done      -\n1024  deferred  450 \u{fffd}later\n"
        );
    }
}
