//! `PATCH /v1/products/{id}`: name, price, stock, on sale or not. What is left out stays.

use axum::{
    Json as Written,
    extract::{Path, State},
};
use payonce_engine::catalogue::ProductChange;

use super::create::{PRICE_AT_MOST, STOCK_AT_MOST};
use crate::{
    api::Api,
    auth::Caller,
    body::Json,
    json::{
        fields::{Faults, Object},
        shown,
    },
    problem::{Code, Problem},
    views,
};

/// Changes a product. Orders already placed keep their prices.
pub(crate) async fn change(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json,
) -> Result<Written<views::Product>, Problem> {
    caller.must_run_the_shop()?;
    let missing = |_| Problem::new(Code::ProductNotFound).value("id", &shown(&id));
    let product_id = id.parse().map_err(missing)?;
    let mut faults = Faults::default();
    let change = Object::body(&body, &mut faults).map(|mut object| {
        let name = object.take("name").given();
        let name = name.and_then(|name| name.line(1..=200, &mut faults));
        let price = object.take("price").given();
        let price = price.and_then(|price| price.whole(0..=PRICE_AT_MOST, &mut faults));
        let stock = object.take("stock").given();
        let stock = stock.and_then(|stock| stock.whole(0..=STOCK_AT_MOST, &mut faults));
        let on_sale = object.take("on_sale").given();
        let on_sale = on_sale.and_then(|on_sale| on_sale.truth(&mut faults));
        object.end(&mut faults);
        ProductChange {
            name: name.map(|name| name.trim().to_owned()),
            price,
            stock: stock.and_then(|stock| u32::try_from(stock).ok()),
            on_sale,
        }
    });
    let change = faults.or(change)?;
    let product = api.engine().change_product(product_id, change).await?;
    Ok(Written(views::product(&product)))
}
