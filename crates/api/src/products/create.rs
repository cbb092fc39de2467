//! `POST /v1/products`: the shop adds something to sell.

use axum::{Json as Written, extract::State, http::StatusCode};
use payonce_domain::{
    money::{Currency, Money},
    product::ProductType,
    words::Word as _,
};
use payonce_engine::catalogue::NewProduct;

use crate::{
    api::Api,
    auth::Caller,
    body::Json,
    json::fields::{Faults, Field, Object},
    problem::{Problem, fault::Fault},
    views,
};

/// Largest price of one piece, in minor units: a hundred lines of ten thousand still have a sum.
pub(super) const PRICE_AT_MOST: i64 = 1_000_000_000_000;
/// Most pieces that can be put in at once.
pub(super) const STOCK_AT_MOST: i64 = 1_000_000_000;

/// Adds a product.
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Json(body): Json,
) -> Result<(StatusCode, Written<views::Product>), Problem> {
    caller.must_run_the_shop()?;
    let mut faults = Faults::default();
    let new = Object::body(&body, &mut faults).and_then(|mut object| {
        let kind = kind(&object.take("kind"), &mut faults);
        let name = object.take("name").line(1..=200, &mut faults);
        let price = object.take("price").whole(0..=PRICE_AT_MOST, &mut faults);
        let currency = object.take("currency").given();
        let currency =
            currency.map_or(Some(Currency::KRW), |field| self::currency(&field, &mut faults));
        let stock = object.take("stock").whole(0..=STOCK_AT_MOST, &mut faults);
        object.end(&mut faults);
        Some(NewProduct {
            kind: kind?,
            name: name?.trim().to_owned(),
            price: Money::new(price?, currency?),
            stock: u32::try_from(stock?).ok()?,
        })
    });
    let product = api.engine().add_product(faults.or(new)?).await?;
    Ok((StatusCode::CREATED, Written(views::product(&product))))
}

fn kind(field: &Field<'_>, faults: &mut Faults) -> Option<ProductType> {
    let kind = ProductType::from_word(field.text(faults)?).ok();
    if kind.is_none() {
        let words: Vec<_> = ProductType::ALL.iter().map(|kind| kind.word()).collect();
        faults.add(field.path(), Fault::NotOneOf(words.join(", ")));
    }
    kind
}

/// Only won for now: no gateway that is here charges anything else.
fn currency(field: &Field<'_>, faults: &mut Faults) -> Option<Currency> {
    let currency = Currency::from_code(field.text(faults)?).filter(|c| *c == Currency::KRW);
    if currency.is_none() {
        faults.add(field.path(), Fault::NotOneOf("KRW".to_owned()));
    }
    currency
}
