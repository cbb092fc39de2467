//! States as words: how a closed set of values is written in the databases, the API and the docs.

use thiserror::Error;

/// A closed set of values, each with one stable word.
///
/// The word is what both databases and the API carry; renaming one is a migration.
pub trait Word: Sized + Copy + 'static {
    /// Every value, in the order a reader should meet them.
    const ALL: &'static [Self];
    /// What the set is called in an error, e.g. `payment state`.
    const SET: &'static str;

    /// The stable word of this value.
    fn word(self) -> &'static str;

    /// The value with this word.
    fn from_word(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.word() == word)
            .ok_or_else(|| UnknownWord { set: Self::SET, word: word.to_owned() })
    }
}

/// A word that its set does not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown {set} {word:?}")]
pub struct UnknownWord {
    /// The set that was asked.
    pub set: &'static str,
    /// The word that it lacks.
    pub word: String,
}
