//! JSON: a list of objects, or an object with such a list; the names are those of the columns.
//!
//! A list of fees is summed, and an object `cancel` makes a refund, as gateways write them.

use std::collections::BTreeMap;

use payonce_domain::reconciliation::SettlementLine;
use serde_json::{Map, Value, value::RawValue};

use super::{BadFile, Origin, columns::Column, row};

/// Reads every object, or nothing.
pub(super) fn read(text: &str, origin: &Origin) -> Result<Vec<SettlementLine>, BadFile> {
    let mut lines = Vec::new();
    for row in rows(text)? {
        let line = line_of(text, row.get());
        let object: Map<String, Value> = serde_json::from_str(row.get())
            .map_err(|_| BadFile::Shape { line, what: "there is no object here".to_owned() })?;
        lines.push(read_object(&object, line, origin)?);
    }
    Ok(lines)
}

/// The list, bare or under whatever name.
fn rows(text: &str) -> Result<Vec<&RawValue>, BadFile> {
    let shape = |error: &serde_json::Error| BadFile::Shape {
        line: error.line(),
        what: format!("column {}: {error}", error.column()),
    };
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|error| shape(&error));
    }
    let object: BTreeMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|error| shape(&error))?;
    let mut lists = object.into_values().filter(|value| value.get().starts_with('['));
    match (lists.next(), lists.next()) {
        (Some(list), None) => serde_json::from_str(list.get()).map_err(|error| shape(&error)),
        (None, _) => Err(BadFile::Shape { line: 1, what: "there is no list in it".to_owned() }),
        (Some(_), Some(_)) => {
            Err(BadFile::Shape { line: 1, what: "there are two lists in it".to_owned() })
        }
    }
}

/// The line of the text that this part of it begins on.
fn line_of(text: &str, part: &str) -> usize {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..offset).unwrap_or_default();
    before.matches('\n').count() + 1
}

fn read_object(
    object: &Map<String, Value>,
    line: usize,
    origin: &Origin,
) -> Result<SettlementLine, BadFile> {
    let mut cells: BTreeMap<Column, (&str, String)> = BTreeMap::new();
    for (name, value) in object {
        let Some(column) = Column::named(name) else { continue };
        let Some(text) = text_of(value) else { continue };
        if cells.insert(column, (name.as_str(), text)).is_some() {
            let (column, wanted) = (name.clone(), column.wanted());
            return Err(BadFile::TwoColumns { line, column, wanted });
        }
    }
    if object.get("cancel").is_some_and(Value::is_object) {
        cells.insert(Column::Kind, ("cancel", "refund".to_owned()));
    }
    let cell = |column| cells.get(&column).map(|(_name, text)| text.as_str());
    row::read(cell, origin).map_err(|bad| {
        let name = cells.get(&bad.column).map(|(name, _text)| *name);
        BadFile::Cell {
            line,
            column: name.unwrap_or(bad.column.example()).to_owned(),
            what: bad.what,
        }
    })
}

/// What a value says as text; nothing if it says nothing.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(fees) => sum_of(fees),
        Value::Bool(_) | Value::Object(_) => Some(value.to_string()),
    }
}

/// The sum of a list of fees, each with its amount under `fee`.
fn sum_of(fees: &[Value]) -> Option<String> {
    let mut sum: i64 = 0;
    for fee in fees {
        let part = fee.get("fee")?;
        let part = part.as_i64().or_else(|| part.as_str()?.parse().ok())?;
        sum = sum.checked_add(part)?;
    }
    Some(sum.to_string())
}
