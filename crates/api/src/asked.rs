//! What every answer needs to know of its request: its id and the language of its sentences.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::language::Language;

/// A request's id and language. Put there by the outermost layer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) request_id: String,
    pub(crate) language: Language,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
