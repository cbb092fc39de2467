//! What the engine asks of a gateway. A call has no error, only an outcome.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use payonce_domain::{
    gateway::{GatewayName, Manners},
    payment::{
        Attempt,
        evidence::{Outcome, Sighting},
    },
};
use secrecy::{ExposeSecret, SecretString};

/// A payment provider, behind whatever layers protect us from it.
#[async_trait]
pub trait Gateway: Send + Sync + 'static {
    /// Its name in settings, metrics and the API.
    fn name(&self) -> &GatewayName;

    /// What it is known to do.
    fn manners(&self) -> &Manners;

    /// The account at the gateway under which attempts are sent; kept with each attempt, because
    /// look-ups need the same one.
    fn account(&self) -> &str;

    /// A fresh order id in the gateway's own format, unique by chance and checked by the books.
    fn new_order_id(&self, chance: u64) -> String;

    /// Why a charge would not be sent now, if so. Asked before anything is held for an order.
    fn refuses_charges(&self) -> Option<Refusal>;

    /// Sends this attempt's charge and says what is now known.
    ///
    /// The attempt is already durable, so dying here loses nothing. Everything is over within
    /// `within`: no byte leaves us later. An answer that never arrives is [`Outcome::Unknown`]:
    /// charging again is then forbidden; only a look-up or other evidence resolves it.
    async fn charge(&self, attempt: &Attempt, card: &Card, within: Duration) -> Outcome;

    /// Asks what became of an attempt. Moves no money; may be asked any number of times.
    async fn look_up(&self, attempt: &Attempt) -> Sighting;
}

/// Charges are not sent at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why, e.g. `circuit breaker is open`.
    pub reason: String,
    /// When trying again makes sense.
    pub retry_after: Duration,
}

/// A buyer's card, for the gateway's wire alone.
#[derive(Debug, Clone)]
pub struct Card {
    /// Who issued it, e.g. `SAMSUNG`.
    pub company: String,
    /// Its number.
    pub number: CardNumber,
    /// Monthly instalments; 0 or 1 is at once.
    pub instalments: u32,
}

/// A card number. It exists only in memory, cannot be printed and is wiped when dropped.
#[derive(Clone)]
pub struct CardNumber(SecretString);

impl CardNumber {
    /// Four groups of four digits, with or without dashes or spaces; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        let is_card = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_card.then(|| Self(SecretString::from(digits)))
    }

    /// `1234-5678-…`, for the wire of a gateway and nothing else.
    pub fn on_the_wire(&self) -> String {
        let digits = self.0.expose_secret();
        [&digits[0..4], &digits[4..8], &digits[8..12], &digits[12..16]].join("-")
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardNumber(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_cannot_be_printed() {
        let card = CardNumber::parse("1234-5678-9814-1451").expect("a card number");
        assert!(!format!("{card:?}").contains("1451"));
        assert_eq!(card.on_the_wire(), "1234-5678-9814-1451");
    }

    #[test]
    fn only_sixteen_digits_are_a_card_number() {
        for wrong in
            ["", "1234", "1234-5678-9814-145x", "１２３４567898141451", "12345678981414511"]
        {
            assert!(CardNumber::parse(wrong).is_none(), "{wrong}");
        }
    }
}
