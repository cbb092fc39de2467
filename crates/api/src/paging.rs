//! Lists: one envelope, and the two parameters that walk them.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::{Uri, request::Parts};
use payonce_domain::ids::{Id, Kind};
use serde::Serialize;

use crate::{
    body::unknown_parameter,
    problem::{
        Problem,
        fault::{Fault, FieldFault},
    },
};

const USUAL: u32 = 20;
const AT_MOST: u32 = 100;

/// `?limit&cursor`, as sent.
pub(crate) struct Paging {
    pub(crate) limit: u32,
    cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    pub(crate) has_more: bool,
    pub(crate) next_cursor: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Self::read(parameters(&parts.uri))
    }
}

/// Ids and numbers need no decoding; whatever else was sent is refused as what it looks like.
fn parameters(uri: &Uri) -> BTreeMap<String, String> {
    uri.query()
        .unwrap_or("")
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl Paging {
    /// `?limit&cursor`, and the one parameter that a list is filtered by.
    pub(crate) fn filtered_by(name: &str, uri: &Uri) -> Result<(Self, Option<String>), Problem> {
        let mut sent = parameters(uri);
        let by = sent.remove(name);
        Ok((Self::read(sent)?, by))
    }

    fn read(mut sent: BTreeMap<String, String>) -> Result<Self, Problem> {
        let limit = match sent.remove("limit") {
            None => USUAL,
            Some(limit) => {
                let fault = Fault::OutOfRange { least: 1, most: AT_MOST.into() };
                let limit = limit.parse().ok().filter(|limit| (1..=AT_MOST).contains(limit));
                limit.ok_or_else(|| FieldFault::problem("limit", fault))?
            }
        };
        let cursor = sent.remove("cursor");
        match sent.keys().next() {
            Some(unknown) => Err(unknown_parameter(unknown)),
            None => Ok(Self { limit, cursor }),
        }
    }

    /// The id after which the page begins.
    pub(crate) fn cursor<K: Kind>(&self) -> Result<Option<Id<K>>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let fault = Fault::NotAnId { like: K::PREFIX };
        cursor.parse().map(Some).map_err(|_| FieldFault::problem("cursor", fault))
    }

    /// How many to read: one more than asked for tells whether there are more.
    pub(crate) fn to_read(&self) -> u32 {
        self.limit + 1
    }

    /// The page of what was read.
    pub(crate) fn page<R, T>(
        &self,
        mut read: Vec<R>,
        id: impl Fn(&R) -> String,
        view: impl Fn(&R) -> T,
    ) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = read.len() > limit;
        read.truncate(limit);
        let next_cursor = read.last().filter(|_| has_more).map(id);
        Page { data: read.iter().map(view).collect(), has_more, next_cursor }
    }

    /// The beginning of what was read, for a list that has no way to its rest.
    pub(crate) fn beginning<R, T>(&self, read: Vec<R>, view: impl Fn(&R) -> T) -> Page<T> {
        Page { next_cursor: None, ..self.page(read, |_| String::new(), view) }
    }
}
