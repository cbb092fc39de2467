//! In doubt: callbacks, look-ups and answers that are late, lost, doubled or lies.

use std::{sync::Arc, time::Duration};

use http::Method;
use parking_lot::Mutex;
use payonce_domain::{
    incident::IncidentType,
    order::OrderStatus,
    payment::{AttemptState, PaymentState},
};
use payonce_engine::checkout::CheckoutError;
use payonce_gateways::transport::{Request, Transport};
use payonce_proof::{
    in_process::InProcess,
    world::{alone, order_of},
};
use payonce_simulator::pg::{
    faults::{CallbackFaults, LookUpFaults},
    outage::OutageMode,
    plan::Verdict,
    script::{CallbackStep, PostScript, Script, Step},
    settings::{Percent, Settings},
};

use crate::shop::{LONG, Shop, kind};

const ALL: Percent = Percent::ALWAYS;
/// Slower than the gateway's pool of eight works (2.7 a second).
const UNHURRIED: Duration = Duration::from_millis(450);

fn scripted(shop: &Shop, posts: Vec<PostScript>) {
    shop.world.simulator.script(Script { posts, look_ups: Vec::new() });
}

#[test]
fn without_any_callback_every_order_becomes_final() {
    alone(async {
        let settings = Settings { callbacks: false, ..Settings::stock(11) };
        let shop = Shop::open(settings, 100).await;
        shop.orders(60, UNHURRIED).await;
        shop.assert_ends_true("no callbacks", &[]).await;
        assert_eq!(shop.world.simulator.summary().counts.callbacks_sent, 0);
        assert!(shop.ends().await["completed"] > 20);
    });
}

/// 60 orders with this fault of every callback. Returns how many callbacks of that kind were sent.
fn check_callbacks(name: &str, faults: CallbackFaults, kind: &str) -> usize {
    alone(async {
        let settings = Settings { callback_faults: faults, ..Settings::stock(12) };
        let shop = Shop::open(settings, 100).await;
        shop.orders(60, UNHURRIED).await;
        shop.assert_ends_true(name, &[]).await;
        shop.world.pass(Duration::from_mins(25)).await;
        shop.assert_ends_true(name, &[]).await;
        let books = shop.world.simulator.books(None, 10_000);
        let sent = books.transactions.iter().flat_map(|row| &row.callbacks);
        sent.filter(|sent| sent.kind == kind).count()
    })
}

#[test]
fn callbacks_lost_doubled_early_late_reordered_wrong_or_forged_change_nothing_untrue() {
    let none = CallbackFaults::default();
    let delay_ms = payonce_simulator::pg::settings::Millis::exactly(20 * 60_000);
    let cases = [
        ("lost", CallbackFaults { drop: ALL, ..none }, "duplicate", 0..=0),
        ("doubled", CallbackFaults { duplicate: ALL, ..none }, "duplicate", 40..=80),
        ("late", CallbackFaults { delay: ALL, delay_ms, ..none }, "verdict", 40..=80),
        ("reordered", CallbackFaults { reorder: ALL, ..none }, "verdict", 40..=80),
        ("early", CallbackFaults { early: ALL, ..none }, "verdict", 40..=80),
        ("wrong amount", CallbackFaults { wrong_amount: ALL, ..none }, "verdict", 40..=80),
        ("wrong order", CallbackFaults { wrong_order: ALL, ..none }, "verdict", 40..=80),
        (
            "forged before the verdict",
            CallbackFaults { forged_before_verdict: ALL, ..none },
            "forgedBeforeVerdict",
            40..=80,
        ),
        (
            "forged for an unknown key",
            CallbackFaults { forged_unknown_key: ALL, ..none },
            "forgedUnknownKey",
            40..=80,
        ),
    ];
    for (name, faults, kind, expected) in cases {
        let seen = check_callbacks(name, faults, kind);
        println!("callbacks {name}: {seen} of kind {kind}");
        assert!(expected.contains(&seen), "{name}: {seen} callbacks of kind {kind}");
    }
}

/// Somebody sends an approval of this order that the gateway never decided.
async fn forge_approval(shop: &Shop, gateway_order_id: &str, key: &str) {
    let callback = format!(
        r#"{{"transactionKey":"{key}","orderId":"{gateway_order_id}","cardType":"SAMSUNG",
            "cardNo":"1234-5678-9814-1451","amount":15000,"status":"SUCCESS","reason":"forged"}}"#
    );
    let url = "http://localhost:8080/api/v1/payments/callback";
    let body = format!(r#"{{"url":"{url}","body":{callback}}}"#);
    let request = Request {
        method: Method::POST,
        url: "http://localhost:8082/_sim/callbacks/forge".to_owned(),
        headers: Vec::new(),
        body: Some(body.into()),
    };
    let sent = InProcess(shop.world.simulator.router()).send(request).await.expect("forged");
    assert_eq!(sent.status, 200);
    assert!(String::from_utf8_lossy(&sent.body).contains("200"), "the callback was not taken");
}

#[test]
fn a_forged_approval_of_a_pending_or_failed_transaction_moves_nothing() {
    alone(async {
        let shop = Shop::open(kind(13), 5).await;
        let slow = [
            Step::ProcessingMs(60_000),
            Step::Callback(CallbackStep::ForgedBeforeVerdict),
            Step::Verdict(Verdict::Limit),
        ];
        scripted(&shop, vec![PostScript::next(slow)]);
        let id = shop.order("forged").await;
        shop.world.pass(Duration::from_secs(10)).await;
        let pending = shop.sale(id).await;
        assert_eq!(pending.attempts[0].state, AttemptState::Accepted);
        assert_eq!(pending.payment.state, PaymentState::Processing);
        let (order_id, key) =
            (&pending.attempts[0].gateway_order_id, pending.attempts[0].reference.clone().unwrap());
        forge_approval(&shop, order_id, &key).await;
        shop.world.pass(Duration::from_secs(10)).await;
        assert_eq!(shop.sale(id).await.payment.state, PaymentState::Processing);

        shop.world.pass(Duration::from_mins(1)).await;
        let failed = shop.sale(id).await;
        assert_eq!(failed.attempts[0].state, AttemptState::Declined);
        forge_approval(&shop, order_id, &key).await;
        shop.world.pass(Duration::from_secs(10)).await;
        let after = shop.sale(id).await;
        assert_eq!(after.attempts[0].state, AttemptState::Declined);
        assert_eq!(after.version, failed.version, "nothing was written");
        shop.assert_ends_true("forged", &[]).await;
        assert_eq!(shop.product().await.available, 5);
    });
}

/// Look-ups of twelve orders go wrong in this way for ten minutes, then tell the truth.
fn check_look_ups(name: &str, faults: LookUpFaults, mismatches: usize) {
    alone(async {
        let settings = Settings { callbacks: false, look_up_faults: faults, ..Settings::stock(14) };
        let shop =
            Shop::open(Settings { acceptance_failure: Percent::NEVER, ..settings }, 20).await;
        shop.orders(12, UNHURRIED).await;
        shop.world.pass(Duration::from_mins(10)).await;
        assert_eq!(shop.ends().await.get("pending"), Some(&12), "{name}: the fault came too late");
        let healed = Settings {
            look_up_faults: LookUpFaults::default(),
            ..shop.world.simulator.settings().as_ref().clone()
        };
        shop.world.simulator.change(healed).expect("healed");
        shop.assert_ends_true(name, &[(IncidentType::EvidenceMismatch, mismatches)]).await;
        assert!(shop.ends().await["completed"] > 4, "{name}");
    });
}

#[test]
fn wrong_look_ups_for_a_while_end_true_and_alarm_once() {
    let none = LookUpFaults::default();
    check_look_ups("404 for a known key", LookUpFaults { not_found: ALL, ..none }, 0);
    check_look_ups("another order", LookUpFaults { wrong_order: ALL, ..none }, 12);
    check_look_ups("another amount", LookUpFaults { wrong_amount: ALL, ..none }, 12);
    check_look_ups("generic 500", LookUpFaults { generic_500: ALL, ..none }, 0);
    check_look_ups("foreign 502", LookUpFaults { foreign_5xx: ALL, ..none }, 0);
    check_look_ups("undecodable", LookUpFaults { undecodable: ALL, ..none }, 0);
    check_look_ups("dropped", LookUpFaults { drop_response: ALL, ..none }, 0);
    check_look_ups("hanging", LookUpFaults { hang: ALL, ..none }, 0);
}

#[test]
fn a_lie_about_absence_that_was_believed_is_alarmed_when_the_charge_surfaces() {
    alone(async {
        let faults = LookUpFaults { not_found: ALL, ..LookUpFaults::default() };
        let settings = Settings { callbacks: false, look_up_faults: faults, ..kind(15) };
        let shop = Shop::open(settings, 5).await;
        scripted(&shop, vec![PostScript::next([Step::DropResponse])]);
        let id = shop.order("lied about").await;
        shop.world.pass(Duration::from_mins(5)).await;
        let open = shop.sale(id).await;
        assert_eq!(open.attempts[0].state, AttemptState::NotCharged, "two absences are believed");
        assert_eq!(open.payment.state, PaymentState::Created);
        assert_eq!(open.order.status, OrderStatus::Pending);
        let healed = Settings {
            look_up_faults: LookUpFaults::default(),
            ..shop.world.simulator.settings().as_ref().clone()
        };
        shop.world.simulator.change(healed).expect("healed");
        shop.world.pass(Duration::from_mins(40)).await;
        let after = shop.sale(id).await;
        assert_eq!(after.attempts[0].state, AttemptState::Approved, "the charge was adopted");
        let seen: Vec<_> = shop.incidents().await.iter().map(|incident| incident.kind).collect();
        match after.payment.state {
            PaymentState::Paid => assert_eq!(seen, []),
            PaymentState::CompensationFailed => {
                assert_eq!(seen, [IncidentType::ChargedAfterGivenUp]);
            }
            other => panic!("{other:?}"),
        }
        shop.world.assert_true("lied about").await;
    });
}

#[test]
fn a_buyer_who_asks_again_finds_the_charge_whose_absence_was_believed() {
    alone(async {
        let faults = LookUpFaults { not_found: ALL, ..LookUpFaults::default() };
        let settings = Settings { callbacks: false, look_up_faults: faults, ..kind(22) };
        let shop = Shop::open(settings, 5).await;
        scripted(&shop, vec![PostScript::next([Step::DropResponse])]);
        let id = shop.order("asked about").await;
        shop.world.pass(Duration::from_mins(5)).await;
        assert_eq!(shop.sale(id).await.attempts[0].state, AttemptState::NotCharged, "believed");
        let healed = Settings {
            look_up_faults: LookUpFaults::default(),
            ..shop.world.simulator.settings().as_ref().clone()
        };
        shop.world.simulator.change(healed).expect("healed");
        let now = shop.engine.check(id).await.expect("checked").expect("the order");
        assert_eq!(now.order.status, OrderStatus::Completed, "found at once");
        shop.assert_ends_true("asked again", &[]).await;
    });
}

#[test]
fn a_transaction_that_is_never_processed_becomes_unresolved_keeps_its_stock_and_is_asked_less() {
    alone(async {
        let shop = Shop::open(kind(16), 5).await;
        let truth_later = [Step::ProcessingMs(5 * 3_600_000)];
        scripted(
            &shop,
            vec![PostScript::next(truth_later), PostScript::next([Step::NeverProcess])],
        );
        let late = shop.order("late").await;
        shop.world.pass(Duration::from_secs(1)).await;
        let never = shop.order("never").await;

        let mut asked = Vec::new();
        let mut before = 0;
        for _ in 0..16 {
            shop.world.pass(Duration::from_mins(15)).await;
            let look_ups = shop.world.simulator.summary().counts.look_ups;
            asked.push(look_ups - before);
            before = look_ups;
        }
        println!("look-ups in each quarter of an hour: {asked:?}");
        assert!(asked[0] > 40, "young payments are asked about often");
        assert!((6..=14).contains(&asked[1]), "then at intervals that grow");
        let later: u64 = asked[4..].iter().sum();
        assert!((16..=26).contains(&later), "then each nearly four times an hour, for three hours");
        for id in [late, never] {
            let sale = shop.sale(id).await;
            assert_eq!(sale.payment.state, PaymentState::Unresolved);
            assert_eq!(sale.order.status, OrderStatus::Pending);
        }
        let kinds: Vec<_> = shop.incidents().await.iter().map(|incident| incident.kind).collect();
        assert_eq!(kinds, [IncidentType::Unresolved; 2], "one for each");
        assert_eq!(shop.product().await.available, 3, "both keep their stock");

        shop.world.pass(Duration::from_hours(2)).await;
        assert_eq!(shop.sale(late).await.order.status, OrderStatus::Completed, "later truth");
        assert_eq!(shop.sale(never).await.payment.state, PaymentState::Unresolved);
        assert_eq!(shop.incidents().await.len(), 2);
        assert_eq!(shop.product().await.available, 3);
        shop.world.assert_true("never processed").await;
    });
}

/// World seconds from placing to final, order by order.
async fn times_to_final(shop: &Shop, count: usize) -> Vec<f64> {
    let times = Arc::new(Mutex::new(vec![f64::INFINITY; count]));
    let mut waiting = Vec::new();
    for number in 0..count {
        let id = shop.order(&format!("order {number}")).await;
        let (engine, times) = (shop.engine.clone(), Arc::clone(&times));
        let began = engine.clock().monotonic_micros();
        waiting.push(tokio::spawn(async move {
            let is_final =
                |sale: &payonce_domain::sale::Sale| sale.order.status != OrderStatus::Pending;
            engine.wait_for(id, LONG, is_final).await.expect("books");
            let took = engine.clock().monotonic_micros() - began;
            #[expect(clippy::cast_precision_loss, reason = "microseconds of minutes")]
            let took = took as f64 / 1e6;
            times.lock()[number] = took;
        }));
        shop.world.pass(UNHURRIED).await;
    }
    for task in waiting {
        task.await.expect("waited");
    }
    Arc::into_inner(times).expect("nobody waits any more").into_inner()
}

fn median(times: impl Iterator<Item = f64>) -> f64 {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[test]
fn a_gateway_that_hangs_on_a_third_of_its_calls_does_not_slow_the_others() {
    const ORDERS: usize = 60;
    let run = |hangs: bool| {
        alone(async move {
            let shop = Shop::open(kind(17), 100).await;
            if hangs {
                let every_third = [vec![Step::HangMs(60_000)], vec![], vec![]];
                let posts = every_third.into_iter().cycle().take(ORDERS);
                scripted(&shop, posts.map(PostScript::next).collect());
            }
            let times = times_to_final(&shop, ORDERS).await;
            shop.assert_ends_true("hangs", &[]).await;
            assert_eq!(shop.ends().await["completed"], ORDERS);
            times
        })
    };
    let unhung = |times: Vec<f64>| {
        median(times.into_iter().enumerate().filter(|(number, _)| number % 3 != 0).map(|(_, t)| t))
    };
    let hung = run(true);
    let slowest = hung.iter().copied().fold(0.0, f64::max);
    let (without, with) = (unhung(run(false)), unhung(hung));
    println!(
        "median to final: {without:.2} s without hangs, {with:.2} s with; slowest {slowest:.1} s"
    );
    assert!(slowest > 60.0, "nothing hung");
    assert!(with <= 1.2 * without, "{with} against {without}");
}

#[test]
fn while_the_gateway_is_down_orders_are_refused_before_anything_is_held() {
    alone(async {
        let shop = Shop::open(kind(18), 1_000).await;
        shop.orders(10, UNHURRIED).await;
        shop.world.simulator.outage(60_000, OutageMode::Drop);
        let (mut taken, mut refused) = (Vec::new(), 0);
        for number in 0..300 {
            let before = shop.product().await.available;
            match shop.place(&format!("down {number}")).await {
                Ok(order) => taken.push(order_of(&order).expect("an order")),
                Err(CheckoutError::GatewayRefuses(refusal)) => {
                    refused += 1;
                    assert!(!refusal.retry_after.is_zero());
                    assert_eq!(shop.product().await.available, before, "nothing is held");
                }
                Err(error) => panic!("{error}"),
            }
            shop.world.pass(Duration::from_millis(200)).await;
        }
        println!("gateway down for a minute: {} taken, {refused} refused", taken.len());
        assert!(refused > 150, "the breaker did not open: only {refused} refused");
        shop.world.pass(Duration::from_mins(2)).await;
        let mut after = 0;
        for number in 0..30 {
            after += usize::from(shop.place(&format!("after {number}")).await.is_ok());
            shop.world.pass(UNHURRIED).await;
        }
        assert!(after >= 28, "only {after} of 30 orders were taken after the outage");
        shop.assert_ends_true("down", &[]).await;
        let sales = shop.sales().await;
        assert_eq!(sales.len(), 10 + taken.len() + after, "a refused order left something behind");
        let lost = sales.iter().filter(|sale| sale.order.status == OrderStatus::Failed).count();
        assert!(lost >= 10, "only {lost} requests were lost: the outage was none");
        assert_eq!(shop.ends().await["completed"], sales.len() - lost);
    });
}

#[test]
fn a_gateway_that_loses_its_books_leaves_payments_unresolved_and_never_failed() {
    alone(async {
        let shop = Shop::open(kind(19), 20).await;
        let slow = PostScript::next([Step::ProcessingMs(30_000)]).times(10);
        scripted(&shop, vec![slow]);
        shop.orders(10, Duration::from_millis(200)).await;
        shop.world.pass(Duration::from_secs(3)).await;
        shop.world.simulator.restart();
        for _ in 0..12 {
            shop.world.pass(Duration::from_mins(5)).await;
            for sale in shop.sales().await {
                assert_eq!(
                    sale.order.status,
                    OrderStatus::Pending,
                    "a lost transaction is not failed"
                );
                assert_eq!(sale.attempts[0].state, AttemptState::Accepted);
            }
        }
        for sale in shop.sales().await {
            assert_eq!(sale.payment.state, PaymentState::Unresolved);
        }
        let kinds: Vec<_> = shop.incidents().await.iter().map(|incident| incident.kind).collect();
        assert_eq!(kinds, [IncidentType::Unresolved; 10]);
        assert_eq!(shop.product().await.available, 10);
        assert_eq!(shop.world.simulator.summary().lost, 10);
        shop.world.assert_true("books lost").await;
        let after = shop.order("after the restart").await;
        shop.world.pass(Duration::from_mins(1)).await;
        assert_eq!(shop.sale(after).await.order.status, OrderStatus::Completed);
    });
}

#[test]
fn a_colliding_key_is_alarmed_and_never_believed() {
    alone(async {
        let shop = Shop::open(kind(20), 20).await;
        let same = || PostScript::next([Step::Key("20260921:TR:abcdef".to_owned())]);
        scripted(&shop, vec![same(), same()]);
        let ids = shop.orders(2, Duration::from_millis(900)).await;
        shop.world.pass(Duration::from_mins(30)).await;
        let first = shop.sale(ids[0]).await;
        assert_eq!(first.payment.state, PaymentState::Unresolved, "overwritten: nobody knows");
        assert_eq!(shop.sale(ids[1]).await.order.status, OrderStatus::Completed);
        let mut kinds: Vec<_> =
            shop.incidents().await.iter().map(|incident| format!("{:?}", incident.kind)).collect();
        kinds.sort();
        assert_eq!(kinds, ["EvidenceMismatch", "Unresolved"]);
        shop.world.assert_true("collision").await;
    });
}

#[test]
fn at_the_stock_gateway_nearly_every_charge_is_accepted_and_every_order_becomes_final() {
    alone(async {
        const ORDERS: usize = 300;
        let shop = Shop::open(Settings::stock(21), 1_000).await;
        shop.orders(ORDERS, UNHURRIED).await;
        shop.assert_ends_true("stock gateway", &[]).await;
        let sales = shop.sales().await;
        let accepted = sales.iter().filter(|sale| sale.attempts[0].reference.is_some()).count();
        let counts = shop.world.simulator.summary().counts;
        println!(
            "stock gateway: {accepted} of {ORDERS} accepted with {} POSTs, {} refused; {:?}",
            counts.posts,
            counts.refused500,
            shop.ends().await
        );
        assert!(accepted * 100 >= ORDERS * 97, "only {accepted} of {ORDERS} were accepted");
        assert!(counts.refused500 > 100, "the gateway was too kind");
    });
}
