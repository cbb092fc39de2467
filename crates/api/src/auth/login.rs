//! `POST /v1/auth/login`: e-mail and password for an access token.

use axum::{Json as Written, extract::State};
use secrecy::SecretString;

use super::signup::{SignedIn, email, signed_in};
use crate::{
    api::Api,
    body::Json,
    json::fields::{Faults, Object},
    problem::{Code, Problem},
};

/// Signs somebody in. An unknown e-mail and a wrong password are the same answer, as late.
pub(crate) async fn login(
    State(api): State<Api>,
    Json(body): Json,
) -> Result<Written<SignedIn>, Problem> {
    let mut faults = Faults::default();
    let asked = Object::body(&body, &mut faults).and_then(|mut object| {
        let email = email(&object.take("email"), &mut faults);
        let password = object.take("password").line(1..=200, &mut faults).map(SecretString::from);
        object.end(&mut faults);
        Some((email?, password?))
    });
    let (email, password) = faults.or(asked)?;
    let user = api.engine().books().user_by_email(&email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let matches = api.passwords().matches(password, hash).await?;
    let user = user.filter(|_| matches).ok_or_else(|| Problem::new(Code::InvalidCredentials))?;
    Ok(Written(signed_in(&api, &user)?))
}
