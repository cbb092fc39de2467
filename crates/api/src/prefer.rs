//! `Prefer` (RFC 7240): how long the caller would like to wait.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};

/// How long a caller waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Until the first word of the gateway.
    Usual,
    /// Until the order is durable.
    None,
    /// Until the payment is decided, or so long.
    For(Duration),
}

impl Patience {
    /// What `Prefer` asks for, up to `at_most`. What cannot be understood is ignored, as it is a
    /// preference.
    pub(crate) fn of(headers: &HeaderMap, at_most: Duration) -> Self {
        let listed = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let preferences: Vec<_> = listed.flat_map(|value| value.split([',', ';'])).collect();
        let mut patience = Self::Usual;
        for preference in preferences {
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "respond-async" if patience == Self::Usual => patience = Self::None,
                "wait" => {
                    let seconds = value.trim().trim_matches('"').parse().ok();
                    if let Some(seconds) = seconds {
                        patience = Self::For(Duration::from_secs(seconds).min(at_most));
                    }
                }
                _ => {}
            }
        }
        patience
    }

    /// What `Preference-Applied` says of it.
    pub(crate) fn applied(self) -> Option<HeaderValue> {
        match self {
            Self::Usual => None,
            Self::None => Some(HeaderValue::from_static("respond-async")),
            Self::For(wait) => HeaderValue::from_str(&format!("wait={}", wait.as_secs())).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_understood_or_ignored() {
        let cap = Duration::from_secs(30);
        for (sent, expected) in [
            ("respond-async", Patience::None),
            ("wait=5", Patience::For(Duration::from_secs(5))),
            ("respond-async, wait=5", Patience::For(Duration::from_secs(5))),
            ("wait=5, respond-async", Patience::For(Duration::from_secs(5))),
            ("WAIT = 90", Patience::For(cap)),
            ("wait=99999999999999999999", Patience::Usual),
            ("wait=-1", Patience::Usual),
            ("return=minimal", Patience::Usual),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", sent.parse().expect("a header"));
            assert_eq!(Patience::of(&headers, cap), expected, "{sent}");
        }
    }
}
