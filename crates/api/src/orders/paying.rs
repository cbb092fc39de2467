//! What a body says about paying: method, card, gateway. The card goes straight into the type
//! that cannot be printed, and nothing here repeats any part of it.

use payonce_domain::gateway::GatewayName;
use payonce_engine::Engine;
use payonce_ports::gateway::{Card, CardNumber};

use crate::{
    api::Api,
    json::{
        Tree,
        fields::{Faults, Field},
    },
    language::Sentence,
    problem::{engine::no_such_gateway, fault::Fault},
};

/// Methods that are possible here.
const METHODS: &str = "card";
/// Most monthly instalments.
const INSTALMENTS_AT_MOST: i64 = 36;

/// How a buyer pays.
pub(super) struct Paying {
    pub(super) card: Card,
    pub(super) gateway: Option<GatewayName>,
}

/// Reads how a buyer pays.
pub(super) fn paying(api: &Api, field: &Field<'_>, faults: &mut Faults) -> Option<Paying> {
    let mut object = field.object(faults)?;
    let method = method(&object.take("method"), faults);
    let card = object.take("card");
    let card = method.and_then(|()| self::card(api, &card, faults));
    no_points(&object.take("points"), faults);
    if let Some(coupon) = object.take("coupon").given() {
        let sentence = Sentence::new(
            "coupons are not possible yet: leave it out or send null",
            "아직 쿠폰을 쓸 수 없어요. 빼거나 null로 보내 주세요",
        );
        faults.add(coupon.path(), Fault::NotYet(sentence));
    }
    let gateway = object.take("gateway").given();
    let gateway = match gateway {
        Some(gateway) => Some(self::gateway(api.engine(), &gateway, faults)?),
        None => None,
    };
    object.end(faults);
    Some(Paying { card: card?, gateway })
}

fn method(field: &Field<'_>, faults: &mut Faults) -> Option<()> {
    if field.text(faults)? == "card" {
        return Some(());
    }
    faults.add(field.path(), Fault::NotOneOf(METHODS.to_owned()));
    None
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

fn gateway(engine: &Engine, field: &Field<'_>, faults: &mut Faults) -> Option<GatewayName> {
    let name = GatewayName::new(field.text(faults)?);
    if engine.gateway(&name).is_none() {
        faults.add(field.path(), no_such_gateway());
        return None;
    }
    Some(name)
}
