//! What every answer needs to know of its request: its id, the language of its sentences, and where
//! its links lead.

use std::{convert::Infallible, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};

use payonce_domain::ids::PaymentId;

use crate::language::Language;

/// A request's id, its language, and our own address. Put there by the outermost layer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) request_id: String,
    pub(crate) language: Language,
    pub(crate) public_url: Arc<str>,
}

impl Asked {
    /// Where the buyer pays what is paid on a gateway's page.
    pub(crate) fn page_of(&self, id: PaymentId) -> String {
        format!("{}/pay/{id}", self.public_url)
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
