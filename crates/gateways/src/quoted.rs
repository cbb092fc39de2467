//! What a gateway said, as it may be kept and shown.

/// Longest text of a gateway that is kept.
const QUOTED_AT_MOST: usize = 200;
/// A text with so many digits may hold a card number.
const DIGITS_OF_A_CARD: usize = 12;

/// A text as it may be kept and shown: short, without control characters, which not every database
/// takes, and without anything like a card number, which validation messages repeat.
pub(crate) fn quotable(text: &str) -> String {
    let mask = text.chars().filter(|letter| letter.is_numeric()).count() >= DIGITS_OF_A_CARD;
    text.chars()
        .take(QUOTED_AT_MOST)
        .map(|letter| match letter {
            letter if mask && letter.is_numeric() => '*',
            letter if letter.is_control() => ' ',
            letter => letter,
        })
        .collect()
}
