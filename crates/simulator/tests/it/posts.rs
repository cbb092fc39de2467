//! Faults of a POST, scripted and drawn: what the client sees, and what was stored all the same.

use payonce_simulator::pg::outage::OutageMode;
use payonce_simulator::pg::plan::Verdict;
use payonce_simulator::pg::script::{PostScript, Step};
use payonce_simulator::pg::settings::Percent;
use serde_json::json;

use crate::world::{
    Answer, GENERIC, ORDER, UNSTABLE, World, calm, no_key, no_order, pass_ms, payment, settings,
};

#[tokio::test(start_paused = true)]
async fn every_scripted_answer_agrees_with_what_was_stored() {
    type Check = fn(&Answer);
    let rows: [(Step, bool, Check); 10] = [
        (Step::Accept, true, |seen| {
            assert_eq!(seen.data()["status"], "PENDING");
        }),
        (Step::Fail500, false, |seen| seen.refused(500, UNSTABLE)),
        (Step::Generic500, false, |seen| seen.refused(500, GENERIC)),
        (Step::Generic500Created, true, |seen| {
            seen.refused(500, GENERIC);
        }),
        (Step::Reject("안 됩니다".to_owned()), false, |seen| {
            seen.refused(400, "안 됩니다");
        }),
        (Step::DropResponse, true, Answer::dropped),
        (Step::DropRequest, false, Answer::dropped),
        (Step::Foreign5xx, false, |seen| seen.html(502)),
        (Step::Foreign5xxCreated, true, |seen| seen.html(502)),
        (Step::Undecodable, true, |seen| {
            assert_eq!(seen.status.map(|status| status.as_u16()), Some(200));
            assert!(serde_json::from_str::<serde_json::Value>(&seen.text).is_err());
        }),
    ];
    for (step, stored, check) in rows {
        println!("{step:?}");
        let world = World::start(settings(json!({"seed": 7})));
        world.script_post(PostScript::next([step]));
        check(&world.pay(ORDER).await);
        assert_eq!(world.simulator.summary().transactions, usize::from(stored));
    }
}

#[tokio::test(start_paused = true)]
async fn every_drawn_fault_agrees_with_what_was_stored() {
    let rows = [
        ("dropResponse", true, None),
        ("dropRequest", false, None),
        ("foreign5xxCreated", true, Some(502)),
        ("foreign5xxNotCreated", false, Some(502)),
        ("generic500Created", true, Some(500)),
        ("generic500NotCreated", false, Some(500)),
        ("undecodable", true, Some(200)),
    ];
    for (fault, stored, status) in rows {
        println!("{fault}");
        let mut faulty = calm();
        faulty.post_faults = serde_json::from_value(json!({ fault: 100 })).unwrap();
        let world = World::start(faulty);
        let seen = world.pay(ORDER).await;
        assert_eq!(seen.status.map(|status| status.as_u16()), status);
        assert_eq!(world.simulator.summary().transactions, usize::from(stored));
        assert_eq!(world.simulator.summary().counts.spoiled, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_third_of_the_posts_can_hang_and_be_created_all_the_same() {
    let world = World::start(settings(json!({
        "requestThreads": 0, "workers": 0,
        "postFaults": {"hang": 33.3, "hangMs": {"from": 60000, "to": 60000}},
    })));
    let mut hung = 0;
    for _ in 0..600 {
        let seen = world.pay(ORDER).await;
        if seen.elapsed_ms > 1_000 {
            assert!((60_100..=60_501).contains(&seen.elapsed_ms));
            assert_eq!(seen.data()["status"], "PENDING", "a hung POST is created for certain");
            hung += 1;
        }
    }
    assert!((150..=250).contains(&hung), "{hung} of 600 hung");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_does_not_cancel_its_request() {
    let world = World::calm();
    world.script_post(PostScript::next([Step::HangMs(60_000)]));
    tokio::select! {
        answer = world.pay(ORDER) => panic!("{answer:?}"),
        () = pass_ms(500) => {}
    }
    pass_ms(59_000).await;
    world.by_order(ORDER).await.refused(404, &no_order(ORDER));
    pass_ms(2_000).await;
    assert_eq!(world.by_order(ORDER).await.data()["orderId"], ORDER);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_comes_after_the_transaction_can_be_seen() {
    let world = World::calm();
    world.script_post(PostScript::next([Step::LateMs(10_000)]));
    let (answer, seen_meanwhile) = tokio::join!(world.pay(ORDER), async {
        pass_ms(5_000).await;
        world.by_order(ORDER).await.data()
    });
    assert!(answer.elapsed_ms >= 10_000);
    assert_eq!(seen_meanwhile["transactions"][0]["status"], "SUCCESS");
    assert_eq!(answer.data()["status"], "PENDING");
}

#[tokio::test(start_paused = true)]
async fn drawn_delays_after_acceptance_take_effect() {
    let rows = [
        ("lateAnswer", "lateAnswerMs", 10_000_u64),
        ("longPending", "longPendingMs", 0),
        ("neverProcess", "hangMs", 0),
    ];
    for (fault, range, least_ms) in rows {
        let mut faulty = calm();
        faulty.post_faults =
            serde_json::from_value(json!({fault: 100, range: {"from": 10_000, "to": 10_000}}))
                .unwrap();
        let world = World::start(faulty);
        let answer = world.pay(ORDER).await;
        assert!(answer.elapsed_ms >= u128::from(least_ms), "{fault}");
        pass_ms(5_000).await;
        let pending = world.simulator.summary().pending;
        assert_eq!(pending, usize::from(fault != "lateAnswer"), "{fault}");
        pass_ms(100_000).await;
        assert_eq!(
            world.simulator.summary().pending,
            usize::from(fault == "neverProcess"),
            "{fault}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn scripted_courses_are_kept_to_the_millisecond() {
    let world = World::calm();
    world.script_post(PostScript::next([
        Step::DelayMs(250),
        Step::ProcessingMs(7_000),
        Step::Verdict(Verdict::Limit),
    ]));
    let answer = world.pay(ORDER).await;
    assert_eq!(answer.elapsed_ms, 250);
    pass_ms(6_990).await;
    assert_eq!(world.simulator.summary().pending, 1);
    pass_ms(20).await;
    let key = answer.data()["transactionKey"].as_str().unwrap().to_owned();
    let seen = world.by_key(&key).await.data();
    assert_eq!(seen["status"], "FAILED");
    assert_eq!(seen["reason"], "한도초과입니다. 다른 카드를 선택해주세요.");
}

#[tokio::test(start_paused = true)]
async fn verdicts_and_silence_can_be_scripted() {
    let world = World::calm();
    world.script_post(PostScript::next([Step::Verdict(Verdict::Invalid)]));
    world.script_post(PostScript::next([Step::NeverProcess]));
    world.script_post(PostScript::next([Step::Verdict(Verdict::Approve)]));
    let keys =
        [world.accepted(ORDER).await, world.accepted(ORDER).await, world.accepted(ORDER).await];
    pass_ms(3_600_000).await;
    let mut statuses = Vec::new();
    for key in &keys {
        statuses.push(world.by_key(key).await.data()["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(statuses, ["FAILED", "PENDING", "SUCCESS"]);
    assert_eq!(world.received().len(), 2, "a transaction that is never decided is never announced");
}

#[tokio::test(start_paused = true)]
async fn a_script_waits_for_its_order_and_serves_it_that_often() {
    let world = World::calm();
    world.script_post(PostScript::for_order("7777777", [Step::Fail500]).times(2));
    assert_eq!(world.pay(ORDER).await.data()["status"], "PENDING");
    world.pay("7777777").await.refused(500, UNSTABLE);
    world.pay("7777777").await.refused(500, UNSTABLE);
    assert_eq!(world.pay("7777777").await.data()["status"], "PENDING");
}

#[tokio::test(start_paused = true)]
async fn a_colliding_key_hides_the_earlier_transaction_but_not_from_the_books() {
    let world = World::calm();
    let key = "20250816:TR:9577c5";
    world.script_post(PostScript::next([Step::Key(key.to_owned())]).times(2));
    assert_eq!(world.accepted("1111111").await, key);
    pass_ms(2_000).await;
    let mut other = payment("2222222");
    other["amount"] = json!(70);
    assert_eq!(world.post_as(Some("user-2"), &other.to_string()).await.data()["status"], "PENDING");

    world.by_key(key).await.refused(404, &no_key(key));
    world.by_order("1111111").await.refused(404, &no_order("1111111"));
    let newer = world.get_as("user-2", &format!("/api/v1/payments/{key}")).await.data();
    assert_eq!((&newer["amount"], &newer["status"]), (&json!(70), &json!("PENDING")));
    let books = world.simulator.books(None, 10).transactions;
    assert_eq!((books[0].overwritten, books[0].status, books[0].amount), (true, "SUCCESS", 5000));
    assert_eq!((books[1].overwritten, books[1].status, books[1].amount), (false, "PENDING", 70));
}

#[tokio::test(start_paused = true)]
async fn after_a_collision_while_pending_only_one_verdict_is_reached() {
    let world = World::calm();
    let key = "20250816:TR:9577c5".to_owned();
    world.script_post(PostScript::next([Step::Key(key.clone()), Step::Verdict(Verdict::Limit)]));
    world.script_post(PostScript::next([Step::Key(key)]));
    world.accepted("1111111").await;
    pass_ms(500).await;
    world.accepted("2222222").await;
    pass_ms(10_000).await;
    let callbacks = world.received();
    assert_eq!(callbacks.len(), 1);
    assert_eq!(
        (&callbacks[0].body["orderId"], &callbacks[0].body["status"]),
        (&json!("2222222"), &json!("FAILED"))
    );
}

#[tokio::test(start_paused = true)]
async fn fewer_key_bits_bring_collisions_unless_they_are_switched_off() {
    let mut few = calm();
    few.key_bits = 4;
    let colliding = World::start(few.clone());
    few.key_collisions = false;
    let unique = World::start(few);
    for _ in 0..16 {
        colliding.accepted(ORDER).await;
        unique.accepted(ORDER).await;
    }
    assert!(colliding.simulator.summary().overwritten > 0);
    assert_eq!(unique.simulator.summary().overwritten, 0);
}

#[tokio::test(start_paused = true)]
async fn an_outage_spoils_every_answer_while_accepted_payments_go_on() {
    for mode in [OutageMode::Drop, OutageMode::Html503] {
        let check = |seen: &Answer| match mode {
            OutageMode::Drop => seen.dropped(),
            OutageMode::Html503 => seen.html(503),
        };
        let world = World::calm();
        let key = world.accepted(ORDER).await;
        world.script_post(PostScript::next([Step::DelayMs(500)]));
        let (caught, ()) = tokio::join!(world.pay("caught-inside"), async {
            pass_ms(100).await;
            world.simulator.outage(30_000, mode);
        });
        check(&caught);
        check(&world.pay("refused-outside").await);
        check(&world.by_key(&key).await);
        pass_ms(29_000).await;
        check(&world.by_key(&key).await);
        pass_ms(1_000).await;
        assert_eq!(world.by_key(&key).await.data()["status"], "SUCCESS");
        assert_eq!(
            world.by_order("caught-inside").await.data()["transactions"][0]["status"],
            "SUCCESS"
        );
        world.by_order("refused-outside").await.refused(404, &no_order("refused-outside"));
        assert_eq!(world.received().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run() {
    async fn run(seed: u64) -> Vec<String> {
        let mut stock = settings(json!({"seed": seed, "startedAtMs": 1_755_270_000_000_u64}));
        stock.post_faults.drop_response = Percent::new(20.0).unwrap();
        let world = World::start(stock);
        let mut answers = Vec::new();
        for _ in 0..50 {
            let answer = world.pay(ORDER).await;
            answers.push(format!("{:?} {} {}", answer.status, answer.elapsed_ms, answer.text));
        }
        answers
    }
    assert_eq!(run(1).await, run(1).await);
    assert_ne!(run(1).await, run(2).await);
}
