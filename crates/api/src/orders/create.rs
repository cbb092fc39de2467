//! `POST /v1/orders`: places an order and pays it, in one call.
//!
//! The call is parsed whole, then placed under its idempotency key: from then on it is durable and
//! goes on whether or not the caller stays. What it answers is in `answer.rs`.

use axum::{
    extract::{OriginalUri, State},
    http::{HeaderMap, Method},
    response::Response,
};
use payonce_domain::{
    checkout::{Item, MAX_LINES, MAX_QUANTITY},
    ids::UserId,
};
use payonce_engine::checkout::{Call, PlaceOrder};
use payonce_ports::store::IdempotencyKey;

use super::{answer, paying::paying};
use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    body::Json,
    idempotency,
    json::{
        Tree,
        fields::{Faults, Field, Object},
        plain,
    },
    language::Sentence,
    prefer::Patience,
    problem::{
        Problem,
        fault::{Fault, FieldFault, Shape},
    },
};

/// Largest notes of a shop, in bytes.
const METADATA_AT_MOST: usize = 4 * 1024;

/// Places an order and pays it.
pub(crate) async fn create(
    State(api): State<Api>,
    asked: Asked,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    caller: Caller,
    Json(body): Json,
) -> Result<Response, Problem> {
    let call = call_of(&api, &caller, &headers, uri.path(), &body)?;
    let request = read(&api, &caller, call.clone(), &body)?;
    drop(body);
    if let Caller::Shop { .. } = caller {
        buyer_exists(&api, request.owner).await?;
    }
    let patience = Patience::of(&headers, api.settings().wait_at_most);
    match api.engine().place(request).await {
        Ok(taken) => answer::taken(&api, &asked, call, taken, patience).await,
        Err(error) => answer::refused(&api, &asked, call, error.into(), patience).await,
    }
}

/// The call under its key and digest.
pub(crate) fn call_of(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    path: &str,
    body: &Tree,
) -> Result<Call, Problem> {
    let key = IdempotencyKey { scope: caller.scope(), key: idempotency::key_in(headers)? };
    Ok(api.fingerprints().call(key, &Method::POST, path, body))
}

fn read(api: &Api, caller: &Caller, call: Call, body: &Tree) -> Result<PlaceOrder, Problem> {
    let mut faults = Faults::default();
    let request = Object::body(body, &mut faults).and_then(|mut object| {
        let owner = owner(caller, &object.take("buyer"), &mut faults);
        let items = items(&object.take("items"), &mut faults);
        let paying = paying(api, &object.take("payment"), &mut faults);
        let metadata = metadata(&object.take("metadata"), &mut faults);
        object.end(&mut faults);
        let paying = paying?;
        Some(PlaceOrder {
            call,
            owner: owner?,
            items: items?,
            pay_with: paying.pay_with,
            gateway: paying.gateway,
            metadata: metadata?,
        })
    });
    faults.or(request)
}

/// Whose order it will be: the caller's own, or that of the buyer whom a shop names.
fn owner(caller: &Caller, field: &Field<'_>, faults: &mut Faults) -> Option<UserId> {
    match caller {
        Caller::Shop { .. } => field.id(faults),
        Caller::Buyer(id) | Caller::Operator(id) => {
            let named = field.anything().map(|_| field.id(faults));
            if matches!(named, Some(Some(named)) if named != *id) {
                let sentence = Sentence::new(
                    "only a server key orders for somebody else; leave it out",
                    "다른 사람의 주문은 서버 키로만 할 수 있어요. 이 항목을 빼 주세요",
                );
                faults.add(field.path(), Fault::NotAllowed(sentence));
            }
            Some(*id)
        }
    }
}

async fn buyer_exists(api: &Api, id: UserId) -> Result<(), Problem> {
    if api.engine().books().user(id).await?.is_some() {
        return Ok(());
    }
    let sentence = Sentence::new("there is no such buyer", "그런 구매자가 없어요");
    Err(FieldFault::problem("buyer", Fault::NotAllowed(sentence)))
}

fn items(field: &Field<'_>, faults: &mut Faults) -> Option<Vec<Item>> {
    let entries = field.list(1..=MAX_LINES, faults)?;
    let items: Vec<_> = entries.iter().map(|entry| item(entry, faults)).collect();
    items.into_iter().collect()
}

fn item(field: &Field<'_>, faults: &mut Faults) -> Option<Item> {
    let mut object = field.object(faults)?;
    let product_id = object.take("product_id").id(faults);
    let quantity = object.take("quantity").whole(1..=MAX_QUANTITY.into(), faults);
    object.end(faults);
    Some(Item { product_id: product_id?, quantity: u32::try_from(quantity?).ok()? })
}

/// The shop's notes: a JSON object, written compactly.
fn metadata(field: &Field<'_>, faults: &mut Faults) -> Option<String> {
    let written = match field.anything() {
        None => return Some("{}".to_owned()),
        Some(tree @ Tree::Object(_)) => plain(tree).to_string(),
        Some(_) => {
            faults.add(field.path(), Fault::NotA(Shape::Object));
            return None;
        }
    };
    if written.len() > METADATA_AT_MOST {
        faults.add(field.path(), Fault::WrongLength { least: 2, most: METADATA_AT_MOST });
        return None;
    }
    Some(written)
}
