//! Who calls: a buyer or an operator with an access token, or a shop with its server key.
//!
//! [`tokens`] and [`server_keys`] are the two kinds of credentials, [`passwords`] what stands
//! behind the first; `signup.rs` and `login.rs` are the calls.

pub(crate) mod login;
pub(crate) mod passwords;
pub(crate) mod server_keys;
pub(crate) mod signup;
pub(crate) mod tokens;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use payonce_domain::ids::UserId;

use crate::{
    api::Api,
    problem::{Code, Problem},
};

pub use passwords::ensure_user;
pub use server_keys::new_server_key;

/// Somebody who buys.
pub const BUYER: &str = "buyer";
/// Somebody who runs the shop's payments.
pub const OPERATOR: &str = "operator";

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Sees what is theirs.
    Buyer(UserId),
    /// Sees everything.
    Operator(UserId),
    /// Sees everything; orders for buyers that it names.
    Shop {
        /// Digest of its key.
        key: String,
        /// The key's first characters, for people.
        hint: String,
    },
}

impl Caller {
    /// Whether what this user owns exists for the caller.
    pub(crate) fn may_see(&self, owner: UserId) -> bool {
        match self {
            Self::Buyer(id) => *id == owner,
            Self::Operator(_) | Self::Shop { .. } => true,
        }
    }

    /// Refuses buyers.
    pub(crate) fn must_run_the_shop(&self) -> Result<(), Problem> {
        match self {
            Self::Buyer(_) => Err(Problem::new(Code::Forbidden)),
            Self::Operator(_) | Self::Shop { .. } => Ok(()),
        }
    }

    /// Whether the caller sees what is for the shop's people alone.
    pub(crate) fn runs_the_shop(&self) -> bool {
        self.must_run_the_shop().is_ok()
    }

    /// The operator who calls. Refuses buyers and server keys: a key is nobody in person.
    pub(crate) fn operator(&self) -> Result<UserId, Problem> {
        match self {
            Self::Operator(id) => Ok(*id),
            Self::Buyer(_) | Self::Shop { .. } => Err(Problem::new(Code::Forbidden)),
        }
    }

    /// Who calls, for the book of privileged acts.
    pub(crate) fn actor(&self) -> String {
        match self {
            Self::Buyer(id) | Self::Operator(id) => id.to_string(),
            Self::Shop { hint, .. } => hint.clone(),
        }
    }

    /// Whose idempotency keys these are.
    pub(crate) fn scope(&self) -> String {
        match self {
            Self::Buyer(id) | Self::Operator(id) => id.to_string(),
            Self::Shop { key, .. } => format!("key:{key}"),
        }
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let nobody = || Problem::new(Code::Unauthenticated);
        let credentials = credentials(&parts.headers).ok_or_else(nobody)?;
        if server_keys::looks_like_one(&credentials) {
            let digest = server_keys::digest(&credentials);
            let known = api.engine().books().server_key(&digest).await?;
            return known
                .map(|key| Self::Shop { key: key.digest, hint: key.hint })
                .ok_or_else(nobody);
        }
        let now = api.engine().clock().now();
        api.tokens().read(&credentials, now).ok_or_else(nobody)
    }
}

/// What was sent after `Bearer`, or the user name of `Basic` with an empty password.
fn credentials(headers: &HeaderMap) -> Option<String> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let (only, more) = (sent.next()?, sent.next());
    let (scheme, rest) = only.to_str().ok().filter(|_| more.is_none())?.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.trim().to_owned()),
        "basic" => {
            let decoded = String::from_utf8(BASE64_STANDARD.decode(rest.trim()).ok()?).ok()?;
            let (key, password) = decoded.split_once(':')?;
            password.is_empty().then(|| key.to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().expect("a header"));
        credentials(&headers)
    }

    #[test]
    fn a_key_may_come_as_bearer_or_as_basic_without_password() {
        assert_eq!(read("Bearer test_sk_1").as_deref(), Some("test_sk_1"));
        assert_eq!(read("bearer  test_sk_1").as_deref(), Some("test_sk_1"));
        assert_eq!(read("Basic dGVzdF9za18xOg==").as_deref(), Some("test_sk_1"));
    }

    #[test]
    fn anything_else_is_no_credentials() {
        for wrong in ["", "Bearer", "Basic !!", "Basic dGVzdF9za18xOng=", "Digest x", "test_sk_1"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
