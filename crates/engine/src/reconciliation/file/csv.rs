//! CSV (RFC 4180): a header, then a row a line; commas, semicolons or tabs.

use std::collections::BTreeMap;

use payonce_domain::reconciliation::SettlementLine;

use super::{BadFile, Origin, columns::Column, row};

/// Reads every row, or nothing.
pub(super) fn read(text: &str, origin: &Origin) -> Result<Vec<SettlementLine>, BadFile> {
    let mut records = records(text)?.into_iter();
    let header = records.next().ok_or(BadFile::Empty)?;
    let columns = columns(&header)?;
    let mut lines = Vec::new();
    for Record { line, cells } in records {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let cell = |column| {
            let place: &usize = columns.get(&column)?;
            cells.get(*place).map(String::as_str)
        };
        lines.push(row::read(cell, origin).map_err(|bad| BadFile::Cell {
            line,
            column: match columns.get(&bad.column) {
                Some(place) => shown(*place, &header.cells[*place]),
                None => bad.column.example().to_owned(),
            },
            what: bad.what,
        })?);
    }
    Ok(lines)
}

/// Where each column is. Columns that nobody needs are left out.
fn columns(header: &Record) -> Result<BTreeMap<Column, usize>, BadFile> {
    let line = header.line;
    let mut columns = BTreeMap::new();
    for (place, name) in header.cells.iter().enumerate() {
        let Some(column) = Column::named(name) else { continue };
        if columns.insert(column, place).is_some() {
            let (column, wanted) = (shown(place, name), column.wanted());
            return Err(BadFile::TwoColumns { line, column, wanted });
        }
    }
    for column in [Column::OrderId, Column::Amount] {
        if !columns.contains_key(&column) {
            let (wanted, example) = (column.wanted(), column.example());
            return Err(BadFile::NoColumn { line, wanted, example });
        }
    }
    if !columns.contains_key(&Column::Reference) && !columns.contains_key(&Column::Movement) {
        let (wanted, example) = (Column::Reference.wanted(), Column::Reference.example());
        return Err(BadFile::NoColumn { line, wanted, example });
    }
    Ok(columns)
}

fn shown(place: usize, name: &str) -> String {
    format!("{} ({})", place + 1, name.trim())
}

/// Cells, and the line that they begin on.
struct Record {
    line: usize,
    cells: Vec<String>,
}

fn records(text: &str) -> Result<Vec<Record>, BadFile> {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let separator = ['\t', ';', ',']
        .into_iter()
        .max_by_key(|separator| header.matches(*separator).count())
        .unwrap_or(',');
    let (mut records, mut line) = (Vec::new(), 1);
    let mut characters = text.chars().peekable();
    while characters.peek().is_some() {
        let mut record = Record { line, cells: Vec::new() };
        loop {
            let mut cell = String::new();
            if characters.next_if_eq(&'"').is_some() {
                loop {
                    match characters.next() {
                        None => {
                            let what = "a quotation mark is not closed".to_owned();
                            return Err(BadFile::Shape { line: record.line, what });
                        }
                        Some('"') if characters.next_if_eq(&'"').is_some() => cell.push('"'),
                        Some('"') => break,
                        Some(character) => {
                            line += usize::from(character == '\n');
                            cell.push(character);
                        }
                    }
                }
            }
            let rest = |c: &char| *c != separator && *c != '\n';
            cell.extend(std::iter::from_fn(|| characters.next_if(rest)));
            record.cells.push(cell.trim_end_matches('\r').to_owned());
            match characters.next() {
                Some(character) if character == separator => {}
                Some(_) | None => break,
            }
        }
        line += 1;
        let is_blank = record.cells.iter().all(|cell| cell.trim().is_empty());
        if !is_blank {
            records.push(record);
        }
    }
    Ok(records)
}
