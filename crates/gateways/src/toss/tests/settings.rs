use secrecy::SecretString;

use super::{Wire, settings};
use crate::toss::{BadSettings, Keys, Settings, Toss};

#[test]
fn keys_that_do_not_belong_together_are_refused() {
    let with = |secret: &str, client: &str, test_code: Option<&str>| Settings {
        secret_key: SecretString::from(secret),
        client_key: client.to_owned(),
        test_code: test_code.map(str::to_owned),
        ..settings()
    };
    for (settings, expected) in [
        (with("test_sk_1", "test_ck_1", None), Ok(Keys::Test)),
        (with("live_sk_1", "live_ck_1", None), Ok(Keys::Live)),
        (with("test_sk_1", "test_ck_1", Some("COMMON_ERROR")), Ok(Keys::Test)),
        (with("test_gsk_1", "test_gck_1", None), Err(BadSettings::SecretKey)),
        (with("", "", None), Err(BadSettings::SecretKey)),
        (with("live_sk_1", "test_ck_1", None), Err(BadSettings::ClientKey("live_ck_"))),
        (with("test_sk_1", "test_gck_1", None), Err(BadSettings::ClientKey("test_ck_"))),
        (
            with("live_sk_1", "live_ck_1", Some("COMMON_ERROR")),
            Err(BadSettings::TestCodeWithLiveKey),
        ),
        (with("test_sk_1", "test_ck_1", Some("A\r\nB: c")), Err(BadSettings::TestCode)),
    ] {
        assert_eq!(settings.check(), expected);
        let built = Toss::new(settings, Wire::answering([]));
        assert_eq!(built.err(), expected.err());
    }
}

#[test]
fn no_secret_is_ever_printed() {
    let settings = Settings { security_key: Some(SecretString::from("hidden")), ..settings() };
    let toss = Toss::new(settings.clone(), Wire::answering([])).expect("good settings");
    for printed in [format!("{settings:?}"), format!("{toss:?}")] {
        for secret in ["test_sk_", "dGVzdF9za1", "hidden"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}

#[test]
fn an_order_id_is_one_that_toss_takes() {
    use payonce_ports::gateway::Gateway as _;
    let toss = super::toss(&Wire::answering([]));
    for chance in [0, 1, u64::MAX] {
        let order_id = toss.new_order_id(chance);
        assert!(crate::toss::is_order_id(&order_id), "{order_id}");
    }
    assert_ne!(toss.new_order_id(1), toss.new_order_id(2));
}
