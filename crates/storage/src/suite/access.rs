//! Users, server keys and secrets.

use payonce_ports::store::{ServerKey, User};

use super::{
    Books,
    samples::{START, Samples},
};

/// An e-mail belongs to one user.
pub async fn an_email_belongs_to_one_user(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(40);
    let user = User {
        id: samples.mint.id(),
        email: "buyer@example.com".to_owned(),
        password_hash: "$argon2id$…".to_owned(),
        role: "buyer".to_owned(),
        created_at: START,
    };
    let rival = User { id: samples.mint.id(), ..user.clone() };
    assert_eq!(store.add_user(&user).await, Ok(true));
    assert_eq!(store.add_user(&rival).await, Ok(false));
    assert_eq!(store.user_by_email("buyer@example.com").await, Ok(Some(user.clone())));
    assert_eq!(store.user(user.id).await, Ok(Some(user)));
    assert_eq!(store.user(rival.id).await, Ok(None));
    assert_eq!(store.user_by_email("nobody@example.com").await, Ok(None));
}

/// Adding a server key twice is adding it once.
pub async fn a_server_key_is_found_by_its_digest(books: &dyn Books) {
    let store = books.store().await;
    let key = ServerKey {
        digest: "00ff".to_owned(),
        hint: "test_sk_01k5…".to_owned(),
        created_at: START,
    };
    store.add_server_key(&key).await.unwrap();
    store.add_server_key(&ServerKey { hint: "other".to_owned(), ..key.clone() }).await.unwrap();
    assert_eq!(store.server_key("00ff").await, Ok(Some(key)));
    assert_eq!(store.server_key("ffff").await, Ok(None));
}

/// The first candidate becomes the secret, for every store and whoever asks at the same time.
pub async fn the_first_candidate_becomes_the_secret(books: &dyn Books) {
    let mut callers = Vec::new();
    for caller in 0..8 {
        let store = books.store().await;
        callers.push(tokio::spawn(async move {
            store.secret("jwt", &format!("candidate {caller}")).await.unwrap()
        }));
    }
    let mut secrets = Vec::new();
    for caller in callers {
        secrets.push(caller.await.unwrap());
    }
    secrets.dedup();
    assert_eq!(secrets.len(), 1);
    let store = books.store().await;
    assert_eq!(store.secret("jwt", "late").await, Ok(secrets.remove(0)));
    assert_eq!(store.secret("other", "own").await, Ok("own".to_owned()));
}
