//! What a body says about how much goes back: an amount, or pieces; neither means all that is left.

use payonce_domain::{
    checkout::{MAX_LINES, MAX_QUANTITY},
    refund::{Pieces, request::HowMuch},
};

use crate::{
    json::fields::{Faults, Field, Object},
    language::Sentence,
    problem::fault::Fault,
};

/// Reads `amount` and `items`; at most one of them may be there.
pub(crate) fn how_much(object: &mut Object<'_>, faults: &mut Faults) -> Option<HowMuch> {
    let (amount, items) = (object.take("amount"), object.take("items"));
    match (amount.given(), items.given()) {
        (None, None) => Some(HowMuch::Rest),
        (Some(amount), None) => amount.whole(1..=i64::MAX, faults).map(HowMuch::Amount),
        (None, Some(items)) => pieces(&items, faults).map(HowMuch::Pieces),
        (Some(amount), Some(_)) => {
            let sentence = Sentence::new(
                "send an amount or items, not both",
                "금액과 상품 중 하나만 보내 주세요",
            );
            faults.add(amount.path(), Fault::NotAllowed(sentence));
            None
        }
    }
}

fn pieces(field: &Field<'_>, faults: &mut Faults) -> Option<Vec<Pieces>> {
    let entries = field.list(1..=MAX_LINES, faults)?;
    let pieces: Vec<_> = entries.iter().map(|entry| piece(entry, faults)).collect();
    pieces.into_iter().collect()
}

fn piece(field: &Field<'_>, faults: &mut Faults) -> Option<Pieces> {
    let mut object = field.object(faults)?;
    let product_id = object.take("product_id").id(faults);
    let quantity = object.take("quantity").whole(1..=MAX_QUANTITY.into(), faults);
    object.end(faults);
    Some(Pieces { product_id: product_id?, quantity: u32::try_from(quantity?).ok()? })
}
