//! Server keys of shops: `test_sk_…`. The books have a digest and the first characters only.

use aws_lc_rs::digest::{SHA256, digest as sha};
use payonce_ports::{clock::Clock, entropy::Entropy, store::ServerKey};

use crate::idempotency::hex;

const TEST: &str = "test_sk_";
const LIVE: &str = "live_sk_";

/// A fresh test key, to be shown once, and the row to keep of it.
pub fn new_server_key(entropy: &dyn Entropy, clock: &dyn Clock) -> (String, ServerKey) {
    let chance: Vec<u8> = (0..4).flat_map(|_| entropy.number().to_be_bytes()).collect();
    let plain = format!("{TEST}{}", hex(&chance));
    let key = ServerKey {
        digest: digest(&plain),
        hint: format!("{}…", &plain[..TEST.len() + 4]),
        created_at: clock.now(),
    };
    (plain, key)
}

/// SHA-256 in hexadecimal: under this name a key is in the books. A key has 256 bits of chance, so
/// nobody can try them all.
pub fn digest(key: &str) -> String {
    hex(sha(&SHA256, key.as_bytes()).as_ref())
}

/// Whether these credentials claim to be a server key.
pub(crate) fn looks_like_one(credentials: &str) -> bool {
    credentials.starts_with(TEST) || credentials.starts_with(LIVE)
}

#[cfg(test)]
mod tests {
    use payonce_domain::time::Timestamp;
    use payonce_ports::{clock::MovedClock, entropy::SeededEntropy};

    use super::*;

    #[test]
    fn a_new_key_is_kept_as_a_digest_and_a_hint() {
        let chance = SeededEntropy::new(7);
        let (plain, kept) = new_server_key(&chance, &MovedClock::at(Timestamp::from_micros(0)));
        assert!(looks_like_one(&plain));
        assert_eq!(digest(&plain), kept.digest);
        assert!(kept.hint.len() < 20 && plain.len() == 72);
    }
}
