//! What the engine asks of a gateway. A call has no error, only an outcome.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use payonce_domain::{
    gateway::{GatewayName, Manners},
    money::Money,
    payment::{
        Attempt,
        evidence::{Outcome, Sighting},
        page::Return,
    },
    reconciliation::{Date, SettlementLine, Source},
    refund::{
        Refund,
        evidence::{RefundOutcome, RefundSighting},
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

    /// Sends this attempt's charge and says what is now known. An attempt with a card needs the `card`;
    /// one that went to the gateway's page is confirmed with what its buyer brought back.
    ///
    /// The attempt is already durable, so dying here loses nothing. Everything is over within
    /// `within`: no byte leaves us later. An answer that never arrives is [`Outcome::Unknown`]:
    /// charging again is then forbidden, unless it is this very request and the manners allow it.
    async fn charge(&self, attempt: &Attempt, card: Option<&Card>, within: Duration) -> Outcome;

    /// Asks what became of an attempt. Moves no money; may be asked any number of times.
    async fn look_up(&self, attempt: &Attempt) -> Sighting;

    /// Whether there is room for a look-up that is owed to nobody: one that a callback or a person
    /// triggers. What is owed comes first, or a flood of triggers would keep it back.
    fn has_room_for_look_ups(&self) -> bool {
        true
    }

    /// Where the buyer agrees to pay, if the gateway has a page of its own. Charges nothing.
    async fn open_page(&self, attempt: &Attempt, opening: &Opening) -> Result<Page, NoPage> {
        let _ = (attempt, opening);
        Err(NoPage::HasNone)
    }

    /// What a buyer's return from the gateway's page says: the query of the page's address, or the
    /// same names and values handed over by a shop. `None` if it is not one of this gateway's.
    fn read_return(&self, fields: &[(String, String)]) -> Option<Returned> {
        let _ = fields;
        None
    }

    /// Sends the request of this refund and says what is now known. `balance` is what should be left
    /// of the charge at the gateway before it: if it is not, nothing may be given back.
    ///
    /// The refund is already durable as sent. Everything is over within `within`.
    async fn refund(
        &self,
        attempt: &Attempt,
        refund: &Refund,
        balance: Money,
        within: Duration,
    ) -> RefundOutcome {
        let _ = (attempt, refund, balance, within);
        RefundOutcome::Refused { text: "the gateway has no refund call".to_owned() }
    }

    /// Asks what was given back of the charge that this refund is about. Moves no money.
    async fn look_up_refunds(&self, attempt: &Attempt, refund: &Refund) -> RefundSighting {
        let _ = (attempt, refund);
        RefundSighting::Unknown { text: "the gateway has no refund call".to_owned() }
    }

    /// Whether it can be asked what moved on a day.
    fn reports_days(&self) -> bool {
        false
    }

    /// What it reports of one day in Seoul, read to its end; an error says why there is no report.
    /// Moves no money; may take minutes.
    async fn settlement(&self, day: Date) -> Result<DayReport, String> {
        let _ = day;
        Err("the gateway has no settlement query".to_owned())
    }
}

/// What a gateway reports of one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayReport {
    /// Every movement that could be read, of all its reports.
    pub lines: Vec<SettlementLine>,
    /// The reports that were read to their end, without a row that could not be read.
    pub complete: Vec<Complete>,
    /// Rows that could not be read, each with the reason.
    pub unreadable: Vec<String>,
}

/// A report that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Complete {
    /// Which.
    pub source: Source,
    /// How many days after a movement it lists it: 0 on the same day, 1 on the next.
    pub listed_after_days: u16,
}

/// What a page at the gateway needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// What is paid for, for the buyer to read, e.g. `A book and 2 more`.
    pub order_name: String,
    /// Names the buyer to the gateway; unguessable.
    pub buyer: String,
    /// Where the buyer comes back to, agreed.
    pub agreed_url: String,
    /// Where the buyer comes back to, not agreed.
    pub refused_url: String,
}

/// Where the buyer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// To this address.
    Redirect(String),
    /// To a page that we serve, which opens the gateway's own.
    Html(HostedPage),
}

/// A page that opens the gateway's own: nothing on it but a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedPage {
    /// Address of the gateway's script.
    pub script_url: String,
    /// What to run once it is loaded. Holds nothing that was not encoded for a script.
    pub inline_script: String,
}

/// Why there is no page to go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPage {
    /// The gateway has none: it is charged directly.
    HasNone,
    /// It could not be opened now.
    Unavailable(String),
}

/// What a buyer brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// Something to confirm.
    Agreed(Return),
    /// Nothing: they turned it down, or the page could not authenticate them.
    TurnedDown {
        /// The order id that it names.
        gateway_order_id: String,
        /// The page's words, for people.
        text: String,
    },
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
