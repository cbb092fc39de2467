//! Reading a body: so much, so fast, or not at all.

use std::time::Duration;

use axum::{
    extract::{FromRequest, Request},
    http::HeaderMap,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::{
    api::Api,
    json::{self, Tree},
    problem::{Code, Problem, fault},
};

/// A whole body.
pub(crate) struct Whole(pub(crate) Bytes);

/// A body that is one JSON value.
pub(crate) struct Json(pub(crate) Tree);

impl FromRequest<Api> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let settings = api.settings();
        Self::of(request, api, settings.body_at_most, settings.body_within).await
    }
}

impl Whole {
    /// Reads a body of at most so many bytes within this time.
    pub(crate) async fn of(
        request: Request,
        api: &Api,
        limit: usize,
        within: Duration,
    ) -> Result<Self, Problem> {
        let reading = Limited::new(request.into_body(), limit).collect();
        tokio::select! {
            read = reading => match read {
                Ok(collected) => Ok(Self(collected.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
                // The caller went away; nobody reads this answer.
                Err(_) => Err(Problem::new(Code::BodyTooSlow)),
            },
            () = api.engine().clock().sleep(within) => Err(Problem::new(Code::BodyTooSlow)),
        }
    }
}

impl FromRequest<Api> for Json {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let Whole(body) = Whole::from_request(request, api).await?;
        Ok(Self(json::parse(&body)?))
    }
}

/// Whether the body says by itself that it is larger than this.
pub(crate) fn says_it_is_larger(headers: &HeaderMap, limit: usize) -> bool {
    headers
        .get(axum::http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        .is_some_and(|length| length > limit as u64)
}

pub(crate) fn too_large(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge).value("limit", &limit)
}

/// A body with no fields at all: none, or an empty object.
pub(crate) fn nothing_in(body: &Whole) -> Result<(), Problem> {
    if body.0.is_empty() {
        return Ok(());
    }
    let tree = json::parse(&body.0)?;
    let mut faults = json::fields::Faults::default();
    let object = json::fields::Object::body(&tree, &mut faults);
    let read = object.map(|object| object.end(&mut faults));
    faults.or(read)
}

/// A query without parameters that this address does not have.
pub(crate) fn unknown_parameter(name: &str) -> Problem {
    let name = json::shown(name);
    let faults = vec![fault::FieldFault { field: name.clone(), fault: fault::Fault::Unknown }];
    Problem::new(Code::UnknownField).value("field", &name).param(name).faults(faults)
}
