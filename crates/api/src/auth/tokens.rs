//! Access tokens: short, signed (HS256), read without asking the books.

use std::{collections::HashSet, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto};
use payonce_domain::{ids::UserId, time::Timestamp};
use serde::{Deserialize, Serialize};

use super::{BUYER, Caller, OPERATOR};

const ISSUER: &str = "payonce";

/// Signs and reads access tokens.
pub(crate) struct Tokens {
    sign: EncodingKey,
    verify: DecodingKey,
    validation: Validation,
    life: Duration,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: UserId,
    role: String,
    iat: i64,
    exp: i64,
}

impl Tokens {
    pub(crate) fn new(secret: &[u8], life: Duration) -> Self {
        // A second call finds the first one's choice: the same one.
        let _chosen_before = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let mut validation = Validation::new(Algorithm::HS256);
        // Expiry is judged below, by our own clock, which a test can move.
        validation.validate_exp = false;
        validation.required_spec_claims = HashSet::from(["exp".to_owned(), "iss".to_owned()]);
        validation.set_issuer(&[ISSUER]);
        Self {
            sign: EncodingKey::from_secret(secret),
            verify: DecodingKey::from_secret(secret),
            validation,
            life,
        }
    }

    /// Seconds that a new token is good for.
    pub(crate) fn life_seconds(&self) -> u64 {
        self.life.as_secs()
    }

    /// A token for this user; `None` only if signing itself is broken.
    pub(crate) fn issue(&self, user: UserId, role: &str, now: Timestamp) -> Option<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user,
            role: role.to_owned(),
            iat: seconds(now),
            exp: seconds(now.after(self.life)),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign).ok()
    }

    /// Who the token says calls; `None` if it is not ours, was changed or is out of date.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let claims =
            jsonwebtoken::decode::<Claims>(token, &self.verify, &self.validation).ok()?.claims;
        if seconds(now) >= claims.exp {
            return None;
        }
        match claims.role.as_str() {
            BUYER => Some(Caller::Buyer(claims.sub)),
            OPERATOR => Some(Caller::Operator(claims.sub)),
            _ => None,
        }
    }
}

fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("life", &self.life).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use payonce_domain::ids::Mint;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn a_token_is_read_by_its_issuer_until_it_ends() {
        let now = Timestamp::from_micros(1_795_000_000_000_000);
        let user = Mint::new(now, 1).id();
        let tokens = Tokens::new(b"one secret of this installation", HOUR);
        let token = tokens.issue(user, OPERATOR, now).expect("a token");
        assert_eq!(tokens.read(&token, now), Some(Caller::Operator(user)));
        assert_eq!(tokens.read(&token, now.after(HOUR)), None);
        assert_eq!(Tokens::new(b"another secret", HOUR).read(&token, now), None);
    }

    #[test]
    fn a_changed_or_unsigned_token_is_nobodys() {
        let now = Timestamp::from_micros(1_795_000_000_000_000);
        let tokens = Tokens::new(b"one secret of this installation", HOUR);
        let buyer = tokens.issue(Mint::new(now, 1).id(), BUYER, now).expect("a token");
        let operator = tokens.issue(Mint::new(now, 1).id(), OPERATOR, now).expect("a token");
        let parts: Vec<_> = buyer.split('.').collect();
        let payload = operator.split('.').nth(1).expect("a payload");
        let forged = format!("{}.{payload}.{}", parts[0], parts[2]);
        // {"alg":"none"}
        let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
        for wrong in [forged.as_str(), unsigned.as_str(), "", "a.b.c"] {
            assert_eq!(tokens.read(wrong, now), None, "{wrong}");
        }
    }
}
