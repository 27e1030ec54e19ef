//! What is shown: tables for people, JSON for scripts, questions only where somebody sits.
//!
//! Answers go to stdout; everything said about them goes to stderr, so that a pipe gets answers only.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Result;
use clap::Args;
use console::Term;
use secrecy::SecretString;
use serde_json::Value;

use super::{config, exit::Usage};

/// How to print.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Output {
    /// Print JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
}

/// A column of a table, or a field: its heading, and where its value is in the data (RFC 6901).
pub type Column<'a> = (&'a str, &'a str);

impl Output {
    /// The items of a list, one a line.
    ///
    /// # Errors
    /// Where stdout is closed.
    pub fn table(self, items: &Value, columns: &[Column]) -> Result<()> {
        if self.json {
            return self.data(items);
        }
        let rows: Vec<Vec<String>> = items
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| columns.iter().map(|(_, at)| words(item.pointer(at))).collect())
            .collect();
        print(&aligned(&columns.iter().map(|(heading, _)| (*heading).to_owned()).collect::<Vec<_>>(), &rows))
    }

    /// One thing, one field a line.
    ///
    /// # Errors
    /// Where stdout is closed.
    pub fn fields(self, item: &Value, fields: &[Column]) -> Result<()> {
        if self.json {
            return self.data(item);
        }
        let rows: Vec<_> = fields.iter().map(|(name, at)| (*name, words(item.pointer(at)))).collect();
        print(&listed(&rows))
    }

    /// The data as it is.
    ///
    /// # Errors
    /// Where stdout is closed.
    pub fn data(self, data: &Value) -> Result<()> {
        print(&format!("{data:#}\n"))
    }

    /// A heading between tables; scripts don't get it.
    ///
    /// # Errors
    /// Where stdout is closed.
    pub fn heading(self, text: &str) -> Result<()> {
        if self.json { Ok(()) } else { print(&format!("\n{text}\n")) }
    }
}

/// Writes to stdout.
///
/// # Errors
/// Where stdout is closed.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Says something to the person, beside the answer.
pub fn say(text: &str) {
    // Who closed stderr does not want to hear.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Names and values, aligned, one a line.
#[must_use]
pub fn listed(rows: &[(&str, String)]) -> String {
    let widest = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = rows.iter().map(|(name, value)| format!("{name:widest$}  {value}\n"));
    lines.collect::<Vec<_>>().concat()
}

/// Asks before something is signed. `agreed` is the `--yes` of scripts.
///
/// # Errors
/// [`Usage`] where nobody can be asked; a plain error where the answer is no.
pub fn confirm(question: &str, agreed: bool) -> Result<()> {
    if agreed {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Usage("nobody is there to be asked: say `--yes` to sign what is shown".to_owned()).into());
    }
    let mut term = Term::stderr();
    write!(term, "{question} [y/N] ")?;
    let answer = term.read_line()?;
    anyhow::ensure!(matches!(answer.trim(), "y" | "Y" | "yes"), "nothing was signed");
    Ok(())
}

/// The password: from stdin's first line where asked for, else from the environment, else from the terminal.
///
/// # Errors
/// [`Usage`] where there is none of them.
pub fn password(prompt: &str, from_stdin: bool) -> Result<SecretString> {
    if from_stdin {
        let mut line = zeroize::Zeroizing::new(String::new());
        io::stdin().read_line(&mut line)?;
        return Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])));
    }
    if let Some(password) = config::secret(config::PASSWORD) {
        return Ok(password);
    }
    let mut term = Term::stderr();
    if !term.is_term() {
        let problem =
            format!("no terminal to ask for the password: use `--password-stdin` or {}", config::PASSWORD);
        return Err(Usage(problem).into());
    }
    write!(term, "{prompt}: ")?;
    Ok(SecretString::from(term.read_secure_line()?))
}

/// A value in words; what could move the cursor or turn text round is not passed on to the terminal.
fn words(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(other) => other.to_string(),
    };
    visible(&text)
}

/// The same text without characters that steer a terminal or its reader.
#[must_use]
pub fn visible(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

fn aligned(headings: &[String], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .chain([&headings.to_vec()])
            .map(|row| row[column].chars().count())
            .collect::<Vec<_>>();
        cells.into_iter().max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(&headings.iter().map(|heading| heading.to_uppercase()).collect::<Vec<_>>());
    text.extend(rows.iter().map(|row| line(row)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows =
            [vec!["a".to_owned(), "long value".to_owned()], vec!["much longer".to_owned(), "b".to_owned()]];
        let shown = aligned(&["id".to_owned(), "name".to_owned()], &rows);
        assert_eq!(shown, "ID           NAME\na            long value\nmuch longer  b\n");
    }

    #[test]
    fn what_steers_a_terminal_is_not_passed_on() {
        assert_eq!(visible("a\u{1b}[2Jb\u{202e}c"), "a\u{fffd}[2Jb\u{fffd}c");
    }
}
