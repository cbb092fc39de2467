//! Reading one row, column by column, from either database. What is not as it should be becomes
//! [`StoreError::BadRow`] with its table, column and id.

use std::{fmt::Display, str::FromStr};

use payonce_domain::{
    money::{Currency, Money},
    time::Timestamp,
    words::Word,
};
use payonce_ports::store::StoreError;
use serde::de::DeserializeOwned;

/// A row as a driver gives it. An error is the driver's own text.
pub(crate) trait Row {
    /// The text in this column.
    fn text(&self, at: usize) -> Result<Option<&str>, String>;
    /// The integer in this column.
    fn number(&self, at: usize) -> Result<Option<i64>, String>;
    /// The truth in this column.
    fn flag(&self, at: usize) -> Result<bool, String>;
}

/// The cells of one row, read from left to right.
pub(crate) struct Cells<'r, R> {
    row: &'r R,
    table: &'static str,
    columns: &'static str,
    next: usize,
}

impl<'r, R: Row> Cells<'r, R> {
    /// The cells of a row of `table` that was selected as `columns`, whose first one names it.
    pub(crate) fn of(row: &'r R, table: &'static str, columns: &'static str) -> Self {
        Self { row, table, columns, next: 0 }
    }

    /// Text that must be there.
    pub(crate) fn text(&mut self) -> Result<&'r str, StoreError> {
        self.maybe_text()?.ok_or_else(|| self.bad("is null"))
    }

    /// Text that may be missing.
    pub(crate) fn maybe_text(&mut self) -> Result<Option<&'r str>, StoreError> {
        let at = self.step();
        self.row.text(at).map_err(|error| self.bad(error))
    }

    /// Owned text that must be there.
    pub(crate) fn string(&mut self) -> Result<String, StoreError> {
        self.text().map(str::to_owned)
    }

    /// Owned text that may be missing.
    pub(crate) fn maybe_string(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.maybe_text()?.map(str::to_owned))
    }

    /// An integer that must be there.
    pub(crate) fn number(&mut self) -> Result<i64, StoreError> {
        self.maybe_number()?.ok_or_else(|| self.bad("is null"))
    }

    /// An integer that may be missing.
    pub(crate) fn maybe_number(&mut self) -> Result<Option<i64>, StoreError> {
        let at = self.step();
        self.row.number(at).map_err(|error| self.bad(error))
    }

    /// An integer of a smaller type.
    pub(crate) fn small<T: TryFrom<i64, Error: Display>>(&mut self) -> Result<T, StoreError> {
        self.maybe_small()?.ok_or_else(|| self.bad("is null"))
    }

    /// An integer of a smaller type that may be missing.
    pub(crate) fn maybe_small<T: TryFrom<i64, Error: Display>>(
        &mut self,
    ) -> Result<Option<T>, StoreError> {
        self.maybe_number()?.map(T::try_from).transpose().map_err(|error| self.bad(error))
    }

    /// True or false.
    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        let at = self.step();
        self.row.flag(at).map_err(|error| self.bad(error))
    }

    /// A moment.
    pub(crate) fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.number().map(Timestamp::from_micros)
    }

    /// A moment that may not have come.
    pub(crate) fn maybe_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_number()?.map(Timestamp::from_micros))
    }

    /// An id.
    pub(crate) fn id<T: FromStr<Err: Display>>(&mut self) -> Result<T, StoreError> {
        self.text()?.parse().map_err(|error| self.bad(error))
    }

    /// An id that may be missing.
    pub(crate) fn maybe_id<T: FromStr<Err: Display>>(&mut self) -> Result<Option<T>, StoreError> {
        self.maybe_text()?.map(str::parse).transpose().map_err(|error| self.bad(error))
    }

    /// A value of a closed set.
    pub(crate) fn word<T: Word>(&mut self) -> Result<T, StoreError> {
        T::from_word(self.text()?).map_err(|error| self.bad(error))
    }

    /// A value of a closed set that may be missing.
    pub(crate) fn maybe_word<T: Word>(&mut self) -> Result<Option<T>, StoreError> {
        self.maybe_text()?.map(T::from_word).transpose().map_err(|error| self.bad(error))
    }

    /// Two columns: minor units and currency.
    pub(crate) fn money(&mut self) -> Result<Money, StoreError> {
        let minor = self.number()?;
        let code = self.text()?;
        let currency = Currency::from_code(code)
            .ok_or_else(|| self.bad(format!("unknown currency {code:?}")))?;
        Ok(Money::new(minor, currency))
    }

    /// A value kept as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        serde_json::from_str(self.text()?).map_err(|error| self.bad(error))
    }

    /// A value kept as JSON that may be missing.
    pub(crate) fn maybe_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        let text = self.maybe_text()?;
        text.map(serde_json::from_str).transpose().map_err(|error| self.bad(error))
    }

    fn step(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// The column that was read last is not as it should be.
    pub(crate) fn bad(&self, detail: impl Display) -> StoreError {
        let column = self.columns.split(", ").nth(self.next.saturating_sub(1)).unwrap_or("?");
        let id = self.row.text(0).ok().flatten().unwrap_or("?").to_owned();
        StoreError::BadRow { table: self.table, column, id, detail: detail.to_string() }
    }
}
