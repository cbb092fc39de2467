//! Faults of the look-ups, scripted and drawn.

use payonce_simulator::pg::plan::LookUpFault;
use payonce_simulator::pg::script::LookUpScript;
use serde_json::json;

use crate::world::{Answer, GENERIC, ORDER, World, calm, no_key, no_order};

#[tokio::test(start_paused = true)]
async fn a_look_up_by_key_can_lie_in_every_way_once() {
    type Check = fn(&Answer, &str);
    let rows: [(LookUpFault, Check); 8] = [
        (LookUpFault::NotFound, |seen, key| {
            seen.refused(404, &no_key(key));
        }),
        (LookUpFault::WrongOrder, |seen, _| {
            assert_ne!(seen.data()["orderId"], ORDER);
        }),
        (LookUpFault::WrongAmount, |seen, _| {
            assert_ne!(seen.data()["amount"], 5000);
        }),
        (LookUpFault::Generic500, |seen, _| {
            seen.refused(500, GENERIC);
        }),
        (LookUpFault::Foreign5xx, |seen, _| seen.html(502)),
        (LookUpFault::Undecodable, |seen, _| {
            assert!(serde_json::from_str::<serde_json::Value>(&seen.text).is_err());
        }),
        (LookUpFault::DropResponse, |seen, _| seen.dropped()),
        (LookUpFault::HangMs(4_000), |seen, _| {
            assert_eq!(seen.elapsed_ms, 4_000);
        }),
    ];
    let world = World::calm();
    let key = world.accepted(ORDER).await;
    for (fault, check) in rows {
        println!("{fault:?}");
        world.script_look_up(LookUpScript::for_order(ORDER, fault));
        check(&world.by_key(&key).await, &key);
        let truth = world.by_key(&key).await.data();
        assert_eq!((&truth["orderId"], &truth["amount"]), (&json!(ORDER), &json!(5000)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_by_order_can_lie_too() {
    let world = World::calm();
    world.accepted(ORDER).await;
    world.script_look_up(LookUpScript::next(LookUpFault::NotFound).times(2));
    world.by_order(ORDER).await.refused(404, &no_order(ORDER));
    world.by_order(ORDER).await.refused(404, &no_order(ORDER));
    world.script_look_up(LookUpScript::next(LookUpFault::WrongOrder));
    assert_ne!(world.by_order(ORDER).await.data()["orderId"], ORDER);
    assert_eq!(world.by_order(ORDER).await.data()["orderId"], ORDER);
}

#[tokio::test(start_paused = true)]
async fn every_drawn_fault_of_a_look_up_is_seen() {
    for (fault, status) in [
        ("notFound", Some(404)),
        ("generic500", Some(500)),
        ("foreign5xx", Some(502)),
        ("undecodable", Some(200)),
        ("dropResponse", None),
        ("wrongOrder", Some(200)),
        ("wrongAmount", Some(200)),
        ("hang", Some(200)),
    ] {
        println!("{fault}");
        let mut faulty = calm();
        faulty.look_up_faults = serde_json::from_value(json!({ fault: 100 })).unwrap();
        let world = World::start(faulty);
        let key = world.accepted(ORDER).await;
        let seen = world.by_key(&key).await;
        assert_eq!(seen.status.map(|status| status.as_u16()), status);
        assert_eq!(seen.elapsed_ms, if fault == "hang" { 60_000 } else { 0 });
        let true_body =
            seen.text.contains(r#""amount":5000,"#) && seen.text.contains(r#""1351039135""#);
        assert_eq!(true_body, fault == "hang");
    }
}
