//! Identifiers that carry their type: `ord_01k…`, a UUIDv7 (RFC 9562) in Crockford base 32.
//!
//! The text form is the only form outside memory: the API, both databases and the logs show the
//! same characters, so an id can be copied from any of them into any other.

use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use uuid::Uuid;

use crate::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in groups of five.
const DIGITS: usize = 26;

/// What an id names. The prefix is part of the id's text.
pub trait Kind: 'static {
    /// `ord` in `ord_01k…`.
    const PREFIX: &'static str;
}

/// An identifier of one kind of thing.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

impl<K: Kind> Id<K> {
    /// A UUIDv7 of this moment; `chance` fills what the moment leaves free.
    pub fn new(at: Timestamp, chance: u128) -> Self {
        let millis = u64::try_from(at.micros() / 1_000).unwrap_or(0);
        let bytes = chance.to_be_bytes();
        let mut random = [0; 10];
        random.copy_from_slice(&bytes[..10]);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid(), PhantomData)
    }
}

/// Makes the ids that one decision needs, from one moment and one random number.
///
/// The same moment and number give the same ids, so a decision can be repeated exactly.
#[derive(Debug, Clone)]
pub struct Mint {
    at: Timestamp,
    state: u64,
}

impl Mint {
    /// A mint for one command. Two commands must not share a `seed`.
    pub fn new(at: Timestamp, seed: u64) -> Self {
        Self { at, state: seed }
    }

    /// The next id, of whatever kind is asked for.
    pub fn id<K: Kind>(&mut self) -> Id<K> {
        let chance = (u128::from(self.number()) << 64) | u128::from(self.number());
        Id::new(self.at, chance)
    }

    /// The next 64 bits.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STRIDE);
        mixed(self.state)
    }
}

/// What the state of SplitMix64 (Steele et al. 2014) grows by for each number.
pub const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number that SplitMix64 gives for this state.
pub const fn mixed(state: u64) -> u64 {
    let mut mixed = state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0.as_u128();
        let mut digits = [0; DIGITS];
        for (place, digit) in digits.iter_mut().rev().enumerate() {
            *digit = ALPHABET[((bits >> (5 * place)) & 31) as usize];
        }
        f.write_str(K::PREFIX)?;
        f.write_str("_")?;
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

/// Why a text is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not an id like {expected}_01k…")]
pub struct BadId {
    text: String,
    expected: &'static str,
}

impl<K: Kind> FromStr for Id<K> {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId { text: text.chars().take(64).collect(), expected: K::PREFIX };
        let digits = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .filter(|digits| digits.len() == DIGITS)
            .ok_or_else(bad)?;
        let mut bits: u128 = 0;
        for (place, byte) in digits.bytes().enumerate() {
            let value = ALPHABET.iter().position(|letter| *letter == byte).ok_or_else(bad)?;
            if place == 0 && value > 7 {
                return Err(bad());
            }
            bits = (bits << 5) | value as u128;
        }
        Ok(Self(Uuid::from_u128(bits), PhantomData))
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Names a product.
#[derive(Debug)]
pub enum ProductKind {}
/// Names an order.
#[derive(Debug)]
pub enum OrderKind {}
/// Names a hold.
#[derive(Debug)]
pub enum HoldKind {}
/// Names a payment.
#[derive(Debug)]
pub enum PaymentKind {}
/// Names an attempt.
#[derive(Debug)]
pub enum AttemptKind {}
/// Names a refund.
#[derive(Debug)]
pub enum RefundKind {}
/// Names an obligation.
#[derive(Debug)]
pub enum ObligationKind {}
/// Names a journal entry.
#[derive(Debug)]
pub enum EventKind {}
/// Names a ledger entry.
#[derive(Debug)]
pub enum LedgerKind {}
/// Names a fulfilment.
#[derive(Debug)]
pub enum FulfilmentKind {}
/// Names an incident.
#[derive(Debug)]
pub enum IncidentKind {}
/// Names one reconciliation of one day.
#[derive(Debug)]
pub enum ReconciliationKind {}
/// Names a user.
#[derive(Debug)]
pub enum UserKind {}

impl Kind for ProductKind {
    const PREFIX: &'static str = "prd";
}
impl Kind for OrderKind {
    const PREFIX: &'static str = "ord";
}
impl Kind for HoldKind {
    const PREFIX: &'static str = "hld";
}
impl Kind for PaymentKind {
    const PREFIX: &'static str = "pay";
}
impl Kind for AttemptKind {
    const PREFIX: &'static str = "att";
}
impl Kind for RefundKind {
    const PREFIX: &'static str = "rfd";
}
impl Kind for ObligationKind {
    const PREFIX: &'static str = "obl";
}
impl Kind for EventKind {
    const PREFIX: &'static str = "evt";
}
impl Kind for LedgerKind {
    const PREFIX: &'static str = "led";
}
impl Kind for FulfilmentKind {
    const PREFIX: &'static str = "ful";
}
impl Kind for IncidentKind {
    const PREFIX: &'static str = "inc";
}
impl Kind for ReconciliationKind {
    const PREFIX: &'static str = "rec";
}
impl Kind for UserKind {
    const PREFIX: &'static str = "usr";
}

/// `prd_…`
pub type ProductId = Id<ProductKind>;
/// `ord_…`
pub type OrderId = Id<OrderKind>;
/// `hld_…`
pub type HoldId = Id<HoldKind>;
/// `pay_…`
pub type PaymentId = Id<PaymentKind>;
/// `att_…`
pub type AttemptId = Id<AttemptKind>;
/// `rfd_…`
pub type RefundId = Id<RefundKind>;
/// `obl_…`
pub type ObligationId = Id<ObligationKind>;
/// `evt_…`
pub type EventId = Id<EventKind>;
/// `led_…`
pub type LedgerEntryId = Id<LedgerKind>;
/// `ful_…`
pub type FulfilmentId = Id<FulfilmentKind>;
/// `inc_…`
pub type IncidentId = Id<IncidentKind>;
/// `rec_…`
pub type ReconciliationId = Id<ReconciliationKind>;
/// `usr_…`
pub type UserId = Id<UserKind>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_itself_and_sorts_by_time() {
        let mut early = Mint::new(Timestamp::from_micros(1_700_000_000_000_000), 1);
        let mut late = Mint::new(Timestamp::from_micros(1_700_000_001_000_000), 1);
        let (first, second): (OrderId, OrderId) = (early.id(), late.id());
        assert_eq!(first.to_string().parse::<OrderId>(), Ok(first));
        assert!(first < second && first.to_string() < second.to_string());
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let order: OrderId = Mint::new(Timestamp::from_micros(0), 7).id();
        assert!(order.to_string().parse::<PaymentId>().is_err());
        for wrong in ["", "ord_", "ord_zzzzzzzzzzzzzzzzzzzzzzzzzz", "ord_01k", "ORD_0"] {
            assert!(wrong.parse::<OrderId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_mint_never_gives_the_same_id_twice() {
        let mut mint = Mint::new(Timestamp::from_micros(0), 7);
        let (one, two): (OrderId, OrderId) = (mint.id(), mint.id());
        assert_ne!(one, two);
    }
}
