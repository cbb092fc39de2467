//! The buyer's side without a browser: opening the window, authenticating, running out of time.
//!
//! `window` is the same for a browser.

use serde::{Deserialize, Serialize};

use super::Simulator;
use super::codes::{self, Code};
use super::payment::{Card, Payment, Purchase, ReturnUrls, Status};
use crate::clock::sleep_ms;

/// What the buyer does on the payment page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuyerChoice {
    /// Authenticates with a card that will be approved.
    Pay,
    /// Authenticates with a card whose limit is exceeded when the merchant confirms.
    PayOverLimit,
    /// Gives up.
    Cancel,
    /// Is refused by the card company.
    Declined,
}

/// What the browser carries back to the shop, §4.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ReturnQuery {
    /// To `successUrl`: the merchant may confirm now.
    Success {
        /// `NORMAL`.
        payment_type: &'static str,
        /// What to confirm.
        payment_key: String,
        /// As the window was opened with.
        order_id: String,
        /// As the window was opened with; the merchant compares it with its own order.
        amount: u64,
    },
    /// To `failUrl`.
    Fail {
        /// `PAY_PROCESS_CANCELED`, `PAY_PROCESS_ABORTED` or why the window did not open.
        code: &'static str,
        /// For the buyer, in Korean.
        message: &'static str,
        /// As the window was opened with.
        order_id: String,
    },
}

impl ReturnQuery {
    /// The query parameters in the order in which they travel.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Success { payment_type, payment_key, order_id, amount } => vec![
                ("paymentType", (*payment_type).to_owned()),
                ("paymentKey", payment_key.clone()),
                ("orderId", order_id.clone()),
                ("amount", amount.to_string()),
            ],
            Self::Fail { code, message, order_id } => vec![
                ("code", (*code).to_owned()),
                ("message", (*message).to_owned()),
                ("orderId", order_id.clone()),
            ],
        }
    }

    pub(super) fn failed(code: &'static Code, order_id: impl Into<String>) -> Self {
        Self::Fail { code: code.name, message: code.message, order_id: order_id.into() }
    }
}

impl Simulator {
    /// Opens the payment window and returns the `paymentKey` of a READY payment.
    ///
    /// Panics on an order id, a name or an amount that the window refuses, §2.
    pub fn open_payment(&self, order_id: &str, order_name: &str, amount: u64) -> String {
        let purchase = Purchase {
            order_id: order_id.to_owned(),
            order_name: order_name.to_owned(),
            amount,
            tax_free: 0,
        };
        let checked = purchase.check().map_err(|code| code.name);
        assert!(checked.is_ok(), "the window refuses {purchase:?}: {checked:?}");
        self.open(purchase, None)
    }

    /// The buyer acts on the payment page. `None` for a payment that is not waiting for one.
    ///
    /// Giving up and being declined change nothing: the window can be used again, §3.
    pub fn authenticate(&self, payment_key: &str, choice: BuyerChoice) -> Option<ReturnQuery> {
        self.expire_if_due(payment_key);
        let now_ms = self.now_ms();
        let mut store = self.store();
        let payment = store.payment_mut(payment_key)?;
        if payment.status != Status::Ready {
            return None;
        }
        let order_id = payment.purchase.order_id.clone();
        let over_limit = match choice {
            BuyerChoice::Pay => false,
            BuyerChoice::PayOverLimit => true,
            BuyerChoice::Cancel => {
                return Some(ReturnQuery::failed(&codes::PAY_PROCESS_CANCELED, order_id));
            }
            BuyerChoice::Declined => {
                return Some(ReturnQuery::failed(&codes::PAY_PROCESS_ABORTED, order_id));
            }
        };
        payment.authenticate(Card::of_the_window(), over_limit, now_ms);
        let amount = payment.purchase.amount;
        drop(store);
        self.expire_later(payment_key);
        Some(ReturnQuery::Success {
            payment_type: "NORMAL",
            payment_key: payment_key.to_owned(),
            order_id,
            amount,
        })
    }

    /// Queries deny this payment from now on, or know it again. `false` if there is none.
    pub fn hide(&self, payment_key: &str, hidden: bool) -> bool {
        let mut store = self.store();
        let found = store.payment_mut(payment_key);
        found.map(|payment| payment.hidden = hidden).is_some()
    }

    /// A READY payment for a purchase that was checked.
    pub(super) fn open(&self, purchase: Purchase, return_urls: Option<ReturnUrls>) -> String {
        let mut payment = self.new_payment(purchase, self.now_ms());
        payment.return_urls = return_urls;
        let key = payment.key.clone();
        self.store().insert(payment);
        self.expire_later(&key);
        key
    }

    /// Ends a payment whose time is over, and tells of it.
    pub(super) fn expire_if_due(&self, payment_key: &str) {
        let now_ms = self.now_ms();
        let found = self.store().payment_mut(payment_key).map(|one| one.expire_if_due(now_ms));
        if found == Some(true) {
            self.announce(payment_key);
        }
    }

    /// Looks at a payment once more when its time is over.
    fn expire_later(&self, payment_key: &str) {
        let at_ms = self.store().payment(payment_key).and_then(Payment::expires_at_ms);
        let Some(wait_ms) = at_ms.map(|at_ms| at_ms.saturating_sub(self.now_ms())) else {
            return;
        };
        let (simulator, key) = (self.clone(), payment_key.to_owned());
        self.start_aside(async move {
            sleep_ms(wait_ms).await;
            simulator.expire_if_due(&key);
        });
    }

    /// Keeps an authenticated payment from expiring; `false` when there is nothing to keep.
    pub(super) fn hold_session(&self, payment_key: &str) -> bool {
        self.expire_if_due(payment_key);
        let mut store = self.store();
        let found = store.payment_mut(payment_key);
        let Some(payment) = found.filter(|payment| payment.status == Status::InProgress) else {
            return false;
        };
        payment.confirms_under_way += 1;
        true
    }

    /// Lets it expire again, at once if its time is over.
    pub(super) fn release_session(&self, payment_key: &str) {
        if let Some(payment) = self.store().payment_mut(payment_key) {
            payment.confirms_under_way -= 1;
        }
        self.expire_if_due(payment_key);
    }
}
