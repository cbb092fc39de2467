//! `POST /v1/auth/signup`: a new buyer, signed in at once.

use axum::{
    Json as Written,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use secrecy::SecretString;
use serde::Serialize;

use super::{BUYER, passwords};
use crate::{
    api::Api,
    body::Json,
    json::fields::{Faults, Field, Object},
    problem::{Code, Problem, fault::Fault},
};
use payonce_ports::store::User;

/// Longest e-mail address (RFC 5321).
const EMAIL_AT_MOST: usize = 254;

/// Signs somebody up.
pub(crate) async fn signup(State(api): State<Api>, Json(body): Json) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    let asked = Object::body(&body, &mut faults).and_then(|mut object| {
        let email = email(&object.take("email"), &mut faults);
        let password = object.take("password").line(8..=200, &mut faults).map(SecretString::from);
        if let Some(name) = object.take("name").given() {
            name.line(1..=100, &mut faults);
        }
        object.end(&mut faults);
        Some((email?, password?))
    });
    let (email, password) = faults.or(asked)?;
    let engine = api.engine();
    if engine.books().user_by_email(&email).await?.is_some() {
        return Err(taken());
    }
    let hash = api.passwords().hash(password, passwords::salt(engine)).await?;
    let user = passwords::new_user(engine, email, hash, BUYER);
    if !engine.books().add_user(&user).await? {
        return Err(taken());
    }
    Ok((StatusCode::CREATED, Written(signed_in(&api, &user)?)).into_response())
}

fn taken() -> Problem {
    Problem::new(Code::EmailTaken).param("email")
}

/// An e-mail address in lower case.
pub(super) fn email(field: &Field<'_>, faults: &mut Faults) -> Option<String> {
    let text = field.text(faults)?.trim();
    let plausible = text.len() <= EMAIL_AT_MOST
        && text.chars().all(|letter| !letter.is_whitespace() && !letter.is_control())
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.len() > 2 && host.contains('.') && !host.contains('@')
        });
    if !plausible {
        faults.add(field.path(), Fault::NotAnEmail);
    }
    plausible.then(|| text.to_lowercase())
}

/// What somebody gets who is signed in.
#[derive(Serialize)]
pub(crate) struct SignedIn {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    user: Shown,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    object: &'static str,
    email: String,
    role: String,
    created_at: String,
}

pub(super) fn signed_in(api: &Api, user: &User) -> Result<SignedIn, Problem> {
    let now = api.engine().clock().now();
    let token = api.tokens().issue(user.id, &user.role, now);
    Ok(SignedIn {
        access_token: token.ok_or_else(|| Problem::new(Code::InternalError))?,
        token_type: "Bearer",
        expires_in: api.tokens().life_seconds(),
        user: Shown {
            id: user.id.to_string(),
            object: "user",
            email: user.email.clone(),
            role: user.role.clone(),
            created_at: crate::views::moment(user.created_at),
        },
    })
}
