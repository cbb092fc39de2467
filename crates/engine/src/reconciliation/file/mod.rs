//! Lines that people bring: a gateway's settlement or list of transactions as CSV or JSON.
//!
//! Read `columns` (what a column may be called), [`csv`] and [`json`] (two ways to have rows), `row` (what
//! a row says). The first thing that is wrong ends it, with its line and column: of a file that is not
//! understood nothing is used.

mod columns;
mod csv;
mod json;
mod row;
#[cfg(test)]
mod tests;

use payonce_domain::{
    gateway::GatewayName,
    reconciliation::{Date, SettlementLine},
};
use thiserror::Error;

/// Whose lines these are, and of which day where a line does not say.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The gateway.
    pub gateway: GatewayName,
    /// The day that is reconciled.
    pub day: Date,
}

/// Why a file is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadFile {
    /// Not text that we can read.
    #[error("it is not UTF-8: save it as \"CSV UTF-8\"")]
    Encoding,
    /// There is nothing in it.
    #[error("there is no line in it")]
    Empty,
    /// A column is missing.
    #[error("line {line}: there is no column for the {wanted}, e.g. {example:?}")]
    NoColumn {
        /// The line of the header.
        line: usize,
        /// What it is for.
        wanted: &'static str,
        /// A name that would do.
        example: &'static str,
    },
    /// Two columns say the same.
    #[error("line {line}: column {column} is for the {wanted}, as another one is")]
    TwoColumns {
        /// The line of the header.
        line: usize,
        /// Its place, from 1, and its name.
        column: String,
        /// What both are for.
        wanted: &'static str,
    },
    /// A cell does not say what it should.
    #[error("line {line}, column {column}: {what}")]
    Cell {
        /// Counts from 1.
        line: usize,
        /// Its place, from 1, and its name.
        column: String,
        /// What was seen and what was expected.
        what: String,
    },
    /// It is not CSV or JSON.
    #[error("line {line}: {what}")]
    Shape {
        /// Counts from 1.
        line: usize,
        /// What was seen and what was expected.
        what: String,
    },
}

/// Reads lines, JSON if it begins like JSON, else CSV.
pub fn read(bytes: &[u8], origin: &Origin) -> Result<Vec<SettlementLine>, BadFile> {
    let text = std::str::from_utf8(bytes).map_err(|_| BadFile::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = match text.trim_start().chars().next() {
        None => return Err(BadFile::Empty),
        Some('[' | '{') => json::read(text, origin)?,
        Some(_) => csv::read(text, origin)?,
    };
    if lines.is_empty() { Err(BadFile::Empty) } else { Ok(lines) }
}
