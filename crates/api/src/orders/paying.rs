//! What a body says about paying: method, card, gateway. The method is `card`, or the name of a
//! gateway with a page of its own. The card goes straight into the type that cannot be printed, and
//! nothing here repeats any part of it.

use payonce_domain::gateway::GatewayName;
use payonce_engine::{Engine, checkout::PayWith};
use payonce_ports::gateway::{Card, CardNumber};

use crate::{
    api::Api,
    json::{
        Tree,
        fields::{Faults, Field},
    },
    language::Sentence,
    problem::{
        engine::{no_such_gateway, not_paid_so},
        fault::Fault,
    },
    views,
};

/// Most monthly instalments.
const INSTALMENTS_AT_MOST: i64 = 36;

/// How a buyer pays.
pub(super) struct Paying {
    pub(super) pay_with: PayWith,
    pub(super) gateway: Option<GatewayName>,
}

/// Reads how a buyer pays.
pub(super) fn paying(api: &Api, field: &Field<'_>, faults: &mut Faults) -> Option<Paying> {
    let mut object = field.object(faults)?;
    let method = method(api.engine(), &object.take("method"), faults);
    let card = object.take("card");
    let pay_with = match &method {
        Some(Method::Card) => self::card(api, &card, faults).map(PayWith::Card),
        Some(Method::Page(_)) => no_card(&card, faults).map(|()| PayWith::Page),
        None => None,
    };
    no_points(&object.take("points"), faults);
    if let Some(coupon) = object.take("coupon").given() {
        let sentence = Sentence::new(
            "coupons are not possible yet: leave it out or send null",
            "아직 쿠폰을 쓸 수 없어요. 빼거나 null로 보내 주세요",
        );
        faults.add(coupon.path(), Fault::NotYet(sentence));
    }
    let gateway = object.take("gateway").given();
    let gateway = gateway.map(|field| self::gateway(api.engine(), method.as_ref(), &field, faults));
    object.end(faults);
    let named = match (gateway, method?) {
        (Some(gateway), _) => Some(gateway?),
        (None, Method::Page(name)) => Some(name),
        (None, Method::Card) => None,
    };
    Some(Paying { pay_with: pay_with?, gateway: named })
}

enum Method {
    Card,
    Page(GatewayName),
}

fn method(engine: &Engine, field: &Field<'_>, faults: &mut Faults) -> Option<Method> {
    let wanted = field.text(faults)?;
    if wanted == views::CARD {
        return Some(Method::Card);
    }
    let pages = engine.gateways().filter(|gateway| gateway.manners().has_page);
    let pages: Vec<_> = pages.map(|gateway| gateway.name()).collect();
    if let Some(name) = pages.iter().find(|name| name.as_str() == wanted) {
        return Some(Method::Page((*name).clone()));
    }
    let possible = pages.iter().map(|name| name.as_str());
    let possible: Vec<_> = [views::CARD].into_iter().chain(possible).collect();
    faults.add(field.path(), Fault::NotOneOf(possible.join(", ")));
    None
}

fn no_card(field: &Field<'_>, faults: &mut Faults) -> Option<()> {
    if field.anything().is_some() {
        let sentence = Sentence::new(
            "the buyer pays on the gateway's page: leave the card out",
            "결제창에서 결제하는 방법이에요. 카드 정보는 빼 주세요",
        );
        faults.add(field.path(), Fault::NotAllowed(sentence));
        return None;
    }
    Some(())
}

fn card(api: &Api, field: &Field<'_>, faults: &mut Faults) -> Option<Card> {
    let mut object = field.object(faults)?;
    let company = company(api, &object.take("company"), faults);
    let number = object.take("number");
    let number = number.text(faults).and_then(|text| {
        let parsed = CardNumber::parse(text);
        if parsed.is_none() {
            faults.add(number.path(), Fault::NotACardNumber);
        }
        parsed
    });
    let instalments = object.take("instalments").given();
    let instalments = instalments
        .map_or(Some(0), |instalments| instalments.whole(0..=INSTALMENTS_AT_MOST, faults));
    object.end(faults);
    Some(Card {
        company: company?,
        number: number?,
        instalments: u32::try_from(instalments?).ok()?,
    })
}

fn company(api: &Api, field: &Field<'_>, faults: &mut Faults) -> Option<String> {
    let company = field.text(faults)?;
    let known = &api.settings().card_companies;
    if known.iter().any(|known| known == company) {
        return Some(company.to_owned());
    }
    faults.add(field.path(), Fault::NotOneOf(known.join(", ")));
    None
}

fn no_points(field: &Field<'_>, faults: &mut Faults) {
    if !matches!(field.anything(), None | Some(Tree::Whole(0))) {
        let sentence = Sentence::new(
            "points are not possible yet: leave it out or send 0",
            "아직 포인트를 쓸 수 없어요. 빼거나 0으로 보내 주세요",
        );
        faults.add(field.path(), Fault::NotYet(sentence));
    }
}

/// The gateway that was named: it must be there and be paid in this way.
fn gateway(
    engine: &Engine,
    method: Option<&Method>,
    field: &Field<'_>,
    faults: &mut Faults,
) -> Option<GatewayName> {
    let name = GatewayName::new(field.text(faults)?);
    let fault = match (engine.gateway(&name), method) {
        (None, _) => no_such_gateway(),
        (Some(_), Some(Method::Page(page))) if *page != name => not_paid_so(),
        (Some(gateway), Some(Method::Card)) if gateway.manners().has_page => not_paid_so(),
        (Some(_), _) => return Some(name),
    };
    faults.add(field.path(), fault);
    None
}
