//! Which language a caller reads. English unless Korean is wanted more.

use axum::http::{HeaderMap, header};

/// A language that sentences are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// The default.
    #[default]
    English,
    /// For `ko` and its regions.
    Korean,
}

/// One sentence in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) en: String,
    pub(crate) ko: String,
}

impl Sentence {
    pub(crate) fn new(en: impl Into<String>, ko: impl Into<String>) -> Self {
        Self { en: en.into(), ko: ko.into() }
    }

    /// This sentence and the next; one that is empty says nothing.
    pub(crate) fn followed_by(self, next: Self) -> Self {
        let join = |first: String, next: String| match (first.is_empty(), next.is_empty()) {
            (true, _) => next,
            (_, true) => first,
            (false, false) => format!("{first} {next}"),
        };
        Self { en: join(self.en, next.en), ko: join(self.ko, next.ko) }
    }

    pub(crate) fn in_language(self, language: Language) -> String {
        match language {
            Language::English => self.en,
            Language::Korean => self.ko,
        }
    }
}

impl Language {
    /// The language that `Accept-Language` wants (RFC 9110 §12.5.4).
    pub fn of(headers: &HeaderMap) -> Self {
        let mut best = (Self::English, 0.0);
        let listed = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        for range in listed.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(',')) {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f64>().ok());
            let primary = tag.trim().split('-').next().unwrap_or("").to_ascii_lowercase();
            let language = match primary.as_str() {
                "ko" => Self::Korean,
                "en" | "*" => Self::English,
                _ => continue,
            };
            let weight = weight.unwrap_or(0.0);
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }

    /// The tag for `Content-Language`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_wanted_most_is_spoken_and_english_otherwise() {
        for (wanted, expected) in [
            ("ko", Language::Korean),
            ("ko-KR,ko;q=0.9,en;q=0.8", Language::Korean),
            ("en;q=0.5, KO;q=0.7", Language::Korean),
            ("en-US,en;q=0.9,ko;q=0.8", Language::English),
            ("fr, de", Language::English),
            ("ko;q=0", Language::English),
            ("", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, wanted.parse().expect("a header"));
            assert_eq!(Language::of(&headers), expected, "{wanted}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
