//! `Authorization: Basic base64("{secretKey}:")`, §1: the colon is required, the password empty.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::codes::{self, Code};
use super::settings::Settings;

/// Whether this header is the merchant's.
pub(crate) fn check(header: Option<&str>, settings: &Settings) -> Result<(), &'static Code> {
    let encoded = header
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .map(|(_, encoded)| encoded.trim())
        .ok_or(&codes::UNAUTHORIZED_KEY)?;
    let decoded = STANDARD.decode(encoded).map_err(|_| &codes::UNAUTHORIZED_KEY)?;
    let decoded = String::from_utf8(decoded).map_err(|_| &codes::UNAUTHORIZED_KEY)?;
    let (user, password) = decoded.split_once(':').ok_or(&codes::INCORRECT_BASIC_AUTH_FORMAT)?;
    if user == settings.client_key {
        return Err(&codes::INVALID_API_KEY);
    }
    if user != settings.secret_key || !password.is_empty() {
        return Err(&codes::UNAUTHORIZED_KEY);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_key_with_a_colon_is_let_in() {
        let settings = Settings::default();
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let cases = [
            (Some(basic("test_sk_payonce_simulator:")), None),
            (Some(basic("test_sk_payonce_simulator")), Some("INCORRECT_BASIC_AUTH_FORMAT")),
            (Some(basic("test_sk_payonce_simulator:x")), Some("UNAUTHORIZED_KEY")),
            (Some(basic("test_ck_payonce_simulator:")), Some("INVALID_API_KEY")),
            (Some(basic("live_sk_another:")), Some("UNAUTHORIZED_KEY")),
            (Some("Bearer test_sk_payonce_simulator".to_owned()), Some("UNAUTHORIZED_KEY")),
            (Some("Basic ???".to_owned()), Some("UNAUTHORIZED_KEY")),
            (None, Some("UNAUTHORIZED_KEY")),
        ];
        for (header, expected) in cases {
            let refused = check(header.as_deref(), &settings).err().map(|code| code.name);
            assert_eq!(refused, expected, "{header:?}");
        }
    }
}
