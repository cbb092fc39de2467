//! Passwords: hashed with Argon2id, off the async threads, a few at a time.

use std::sync::Arc;

use argon2::{
    Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash,
};
use payonce_domain::ids::Mint;
use payonce_engine::Engine;
use payonce_ports::store::{StoreError, User};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::problem::{Code, Problem};

/// A hash that no password has, so that an unknown e-mail takes as long as a known one.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and compares passwords, a few at a time.
#[derive(Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Passwords {
    pub(crate) fn new(at_once: usize, waiting: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once.max(1))),
            waiting: Semaphore::new(waiting.max(1)),
        }
    }

    /// The password's hash in PHC format.
    pub(crate) async fn hash(
        &self,
        password: SecretString,
        salt: [u8; 16],
    ) -> Result<String, Problem> {
        let hashed = self.in_turn(move || hash(&password, salt)).await?;
        hashed.ok_or_else(|| Problem::new(Code::InternalError))
    }

    /// Whether the password has this hash. Without a hash it takes as long, and is `false`.
    pub(crate) async fn matches(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, Problem> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
        let matches = self
            .in_turn(move || {
                PasswordHash::new(&hash).is_ok_and(|hash| {
                    let password = password.expose_secret().as_bytes();
                    Argon2::default().verify_password(password, &hash).is_ok()
                })
            })
            .await?;
        Ok(matches && known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let overloaded = || Problem::new(Code::Overloaded).retry_after(1);
        let broken = || Problem::new(Code::InternalError);
        let _waiting = self.waiting.try_acquire().map_err(|_| overloaded())?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| broken())?;
        let worked = tokio::task::spawn_blocking(move || {
            // The turn ends with the work, also if the caller has gone.
            let _turn = turn;
            work()
        });
        worked.await.map_err(|_| broken())
    }
}

fn hash(password: &SecretString, salt: [u8; 16]) -> Option<String> {
    let hashed: Result<PasswordHash, _> =
        Argon2::default().hash_password_with_salt(password.expose_secret().as_bytes(), &salt);
    hashed.ok().map(|hash| hash.to_string())
}

/// A user as they are kept.
pub(crate) fn new_user(engine: &Engine, email: String, password_hash: String, role: &str) -> User {
    let now = engine.clock().now();
    User {
        id: Mint::new(now, engine.entropy().number()).id(),
        email,
        password_hash,
        role: role.to_owned(),
        created_at: now,
    }
}

/// Sixteen bytes of chance.
pub(crate) fn salt(engine: &Engine) -> [u8; 16] {
    let chance = [engine.entropy().number(), engine.entropy().number()];
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&chance[0].to_be_bytes());
    salt[8..].copy_from_slice(&chance[1].to_be_bytes());
    salt
}

/// Makes sure that a user with this e-mail exists and returns them; for set-up, not for callers.
///
/// An existing user stays as they are, with their password and role.
pub async fn ensure_user(
    engine: &Engine,
    email: &str,
    password: SecretString,
    role: &str,
) -> Result<User, StoreError> {
    let email = email.to_ascii_lowercase();
    if let Some(user) = engine.books().user_by_email(&email).await? {
        return Ok(user);
    }
    let salt = salt(engine);
    let hashed = tokio::task::spawn_blocking(move || hash(&password, salt)).await;
    let hashed = hashed
        .ok()
        .flatten()
        .ok_or_else(|| StoreError::Refused("the password cannot be hashed".to_owned()))?;
    let user = new_user(engine, email.clone(), hashed, role);
    if engine.books().add_user(&user).await? {
        return Ok(user);
    }
    let first = engine.books().user_by_email(&email).await?;
    first.ok_or_else(|| StoreError::Refused(format!("{email} is taken and missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_hash_and_nothing_else_does() {
        let passwords = Passwords::new(1, 8);
        let hash = passwords.hash("correct horse".into(), [7; 16]).await.expect("a hash");
        assert!(hash.starts_with("$argon2id$"));
        assert!(PasswordHash::new(NOBODYS).is_ok(), "an unknown e-mail must take as long");
        for (password, kept, expected) in [
            ("correct horse", Some(hash.clone()), true),
            ("wrong horse", Some(hash), false),
            ("correct horse", None, false),
        ] {
            let matches = passwords.matches(password.into(), kept).await;
            assert_eq!(matches.ok(), Some(expected), "{password}");
        }
    }
}
