//! What can be wrong with one field of a request. Never repeats what was sent: it may be a card.

use serde::Serialize;

use super::{Code, Problem};
use crate::language::{Language, Sentence};

/// Something wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldFault {
    /// Where, e.g. `items[0].quantity`.
    pub(crate) field: String,
    /// What.
    pub(crate) fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Unknown,
    Missing,
    NotA(Shape),
    OutOfRange { least: i64, most: i64 },
    WrongCount { least: usize, most: usize },
    WrongLength { least: usize, most: usize },
    NotOneOf(String),
    NotAnId { like: &'static str },
    NotACardNumber,
    NotAnEmail,
    NotADate,
    NotYet(Sentence),
    NotAllowed(Sentence),
}

/// The JSON type that a field must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    WholeNumber,
    TrueOrFalse,
    Object,
    List,
}

/// A fault as it goes over the wire.
#[derive(Debug, Serialize)]
pub(crate) struct Written {
    field: String,
    code: &'static str,
    detail: String,
}

impl FieldFault {
    pub(crate) fn written(&self, language: Language) -> Written {
        let (code, sentence) = self.fault.told();
        Written { field: self.field.clone(), code, detail: sentence.in_language(language) }
    }

    /// A problem of this one fault.
    pub(crate) fn problem(field: impl Into<String>, fault: Fault) -> Problem {
        let field = field.into();
        let faults = vec![Self { field: field.clone(), fault }];
        Problem::new(Code::InvalidRequest).param(field).faults(faults)
    }
}

impl Fault {
    fn told(&self) -> (&'static str, Sentence) {
        match self {
            Self::Unknown => {
                ("UNKNOWN", Sentence::new("no such field here", "여기에 없는 항목이에요"))
            }
            Self::Missing => ("MISSING", Sentence::new("is required", "꼭 필요한 항목이에요")),
            Self::NotA(shape) => {
                let (en, ko) = shape.told();
                let sentence =
                    Sentence::new(format!("must be {en}"), format!("{ko} 값이어야 해요"));
                ("WRONG_TYPE", sentence)
            }
            Self::OutOfRange { least, most } => (
                "OUT_OF_RANGE",
                Sentence::new(
                    format!("must be from {least} to {most}"),
                    format!("{least}부터 {most}까지여야 해요"),
                ),
            ),
            Self::WrongCount { least, most } => (
                "WRONG_COUNT",
                Sentence::new(
                    format!("must have {least} to {most} entries"),
                    format!("{least}개에서 {most}개까지여야 해요"),
                ),
            ),
            Self::WrongLength { least, most } => (
                "WRONG_LENGTH",
                Sentence::new(
                    format!("must have {least} to {most} characters"),
                    format!("{least}자에서 {most}자까지여야 해요"),
                ),
            ),
            Self::NotOneOf(possible) => (
                "NOT_POSSIBLE",
                Sentence::new(
                    format!("must be one of: {possible}"),
                    format!("다음 중 하나여야 해요: {possible}"),
                ),
            ),
            Self::NotAnId { like } => (
                "NOT_AN_ID",
                Sentence::new(
                    format!("must be an id like {like}_01k…"),
                    format!("{like}_01k… 모양의 id여야 해요"),
                ),
            ),
            Self::NotACardNumber => (
                "NOT_A_CARD_NUMBER",
                Sentence::new(
                    "must be sixteen digits, in groups of four with dashes or without",
                    "숫자 16자리여야 해요(네 자리마다 - 가능)",
                ),
            ),
            Self::NotAnEmail => {
                ("NOT_AN_EMAIL", Sentence::new("must be an e-mail address", "이메일 주소여야 해요"))
            }
            Self::NotADate => (
                "NOT_A_DATE",
                Sentence::new("must be a day like 2026-01-31", "2026-01-31 모양의 날짜여야 해요"),
            ),
            Self::NotYet(sentence) => ("NOT_POSSIBLE_YET", sentence.clone()),
            Self::NotAllowed(sentence) => ("NOT_ALLOWED", sentence.clone()),
        }
    }
}

impl Shape {
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("a text", "문자열"),
            Self::WholeNumber => {
                ("a whole number without fraction or exponent", "소수가 아닌 정수")
            }
            Self::TrueOrFalse => ("true or false", "true 또는 false"),
            Self::Object => ("a JSON object", "JSON 객체"),
            Self::List => ("a list", "목록"),
        }
    }
}
