//! Amounts as they travel: JSON numbers in major units of a currency, with decimals only where the
//! currency has them (§5). Nothing is rounded: what is not exact is not an amount.

use payonce_domain::money::{Currency, Money};
use serde_json::Number;

/// An amount that travelled; `None` if the currency is unknown or does not have such an amount.
pub(super) fn read(number: &Number, currency: &str) -> Option<Money> {
    parse(&number.to_string(), currency)
}

/// The same from its decimal text.
pub(super) fn parse(text: &str, currency: &str) -> Option<Money> {
    let currency = Currency::from_code(currency)?;
    let places = usize::from(currency.exponent()?);
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let decimals = decimals.trim_end_matches('0');
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(decimals) || decimals.len() > places {
        return None;
    }
    let minor: i64 = format!("{whole}{decimals:0<places$}").parse().ok()?;
    Some(Money::new(sign * minor, currency))
}
