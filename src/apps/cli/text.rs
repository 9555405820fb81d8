//! Text for a terminal of 80 columns.

use crate::ports::one_line;

/// What a terminal has.
pub const COLUMNS: usize = 80;

/// What a command prints, line by line: rows and names are strangers' text.
#[derive(Default)]
pub struct Report(pub String);

impl Report {
    /// Each line of a text in as many as it needs, indented as it is. What would be dialled stays in
    /// one, to be copied.
    pub fn of(text: &impl std::fmt::Display) -> String {
        let mut report = Self::default();
        for line in text.to_string().lines() {
            let words = line.trim_start();
            match words.starts_with("Would be dialled") {
                true => report.line(line),
                false => report.wrapped(&line[..line.len() - words.len()], words),
            }
        }
        report.0
    }

    /// One line, as long as it is.
    pub fn line(&mut self, text: impl AsRef<str>) {
        self.0.push_str(&one_line(text.as_ref()));
        self.0.push('\n');
    }

    /// Text in as many lines as it needs: the first begins with `lead`, the others with as many blanks.
    pub fn wrapped(&mut self, lead: &str, text: &str) {
        let width = COLUMNS.saturating_sub(lead.chars().count());
        for (at, line) in lines(&one_line(text), width).iter().enumerate() {
            let lead = match at {
                0 => lead.to_owned(),
                _ => " ".repeat(lead.chars().count()),
            };
            self.line(format!("{lead}{line}"));
        }
    }
}

/// Broken at blanks; a word that is longer than a line stays whole.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut last = String::new();
    for word in text.split_whitespace() {
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut last));
        }
        if !last.is_empty() {
            last += " ";
        }
        last += word;
    }
    lines.push(last);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_and_stay_in_80_columns() {
        let mut report = Report::default();
        report.wrapped("10. ", &"слово ".repeat(40));
        let lines: Vec<&str> = report.0.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("10. слово") && lines[1].starts_with("    слово"));
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS));
        let mut report = Report::default();
        report.wrapped("", &"x".repeat(100));
        assert_eq!(report.0.lines().count(), 1, "a path stays whole");
    }

    #[test]
    fn nothing_of_a_row_moves_the_cursor() {
        let mut report = Report::default();
        report.wrapped("1. ", "a\u{1b}[2J\r\nb");
        assert_eq!(report.0, "1. a?[2J??b\n");
    }
}
