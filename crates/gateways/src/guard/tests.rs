//! What each layer lets through and keeps back, around a gateway that answers as it was told.

use std::{collections::VecDeque, future::pending, sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::Mutex;
use payonce_domain::{
    gateway::{GatewayName, Manners},
    money::Money,
    payment::{
        Attempt,
        evidence::{Outcome, Sighting},
    },
    refund::{
        Refund,
        evidence::{RefundOutcome, RefundSighting},
    },
    time::Timestamp,
};
use payonce_ports::{
    clock::{Clock, MovedClock},
    entropy::SeededEntropy,
    gateway::{Card, Gateway, HostedPage, NoPage, Opening, Page, Refusal},
};
use payonce_resilience::breaker::State;

use super::{Guarded, Retried, Settings};
use crate::{
    samples::{NOW, attempt, refund},
    toss::{Keys, stock_manners},
};

/// Sleeping takes no time and moves it.
struct Leaping(MovedClock);

#[async_trait]
impl Clock for Leaping {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn monotonic_micros(&self) -> i64 {
        self.0.monotonic_micros()
    }

    async fn sleep(&self, wait: Duration) {
        self.0.advance(wait);
    }
}

/// Answers as it was told, and then never again.
struct Told {
    name: GatewayName,
    manners: Manners,
    charges: Mutex<VecDeque<Outcome>>,
    refunds: Mutex<VecDeque<RefundOutcome>>,
    calls: Mutex<Vec<&'static str>>,
}

#[async_trait]
impl Gateway for Told {
    fn name(&self) -> &GatewayName {
        &self.name
    }

    fn manners(&self) -> &Manners {
        &self.manners
    }

    fn account(&self) -> &'static str {
        "us"
    }

    fn new_order_id(&self, chance: u64) -> String {
        chance.to_string()
    }

    fn refuses_charges(&self) -> Option<Refusal> {
        None
    }

    async fn charge(&self, _: &Attempt, _: Option<&Card>, _: Duration) -> Outcome {
        self.calls.lock().push("charge");
        let told = self.charges.lock().pop_front();
        match told {
            Some(outcome) => outcome,
            None => pending().await,
        }
    }

    async fn look_up(&self, _: &Attempt) -> Sighting {
        self.calls.lock().push("look_up");
        Sighting::Absent
    }

    async fn open_page(&self, _: &Attempt, _: &Opening) -> Result<Page, NoPage> {
        self.calls.lock().push("open_page");
        let (script_url, inline_script) = (String::new(), String::new());
        Ok(Page::Html(HostedPage { script_url, inline_script }))
    }

    async fn refund(&self, _: &Attempt, _: &Refund, _: Money, _: Duration) -> RefundOutcome {
        self.calls.lock().push("refund");
        let told = self.refunds.lock().pop_front();
        match told {
            Some(outcome) => outcome,
            None => pending().await,
        }
    }

    async fn look_up_refunds(&self, _: &Attempt, _: &Refund) -> RefundSighting {
        self.calls.lock().push("look_up_refunds");
        RefundSighting::Seen(Vec::new())
    }
}

struct World {
    told: Arc<Told>,
    clock: MovedClock,
    guarded: Guarded,
}

impl World {
    fn of(
        settings: Settings,
        charges: impl IntoIterator<Item = Outcome>,
        refunds: impl IntoIterator<Item = RefundOutcome>,
    ) -> Self {
        let told = Arc::new(Told {
            name: GatewayName::new("told"),
            manners: stock_manners(Keys::Test),
            charges: Mutex::new(charges.into_iter().collect()),
            refunds: Mutex::new(refunds.into_iter().collect()),
            calls: Mutex::default(),
        });
        let clock = MovedClock::at(NOW);
        let leaping = Arc::new(Leaping(clock.clone()));
        let entropy = Arc::new(SeededEntropy::new(1));
        let inner: Arc<dyn Gateway> = told.clone();
        Self { told, clock, guarded: Guarded::new(inner, settings, leaping, entropy) }
    }

    async fn charge(&self) -> Outcome {
        self.guarded.charge(&attempt(Some("key")), None, Duration::from_secs(25)).await
    }

    async fn refund(&self) -> RefundOutcome {
        let (attempt, refund) = (attempt(Some("key")), refund("key", 5_000));
        let balance = Money::krw(15_000);
        self.guarded.refund(&attempt, &refund, balance, Duration::from_secs(25)).await
    }

    fn calls(&self, of: &str) -> usize {
        self.told.calls.lock().iter().filter(|call| **call == of).count()
    }
}

fn text() -> String {
    "so".to_owned()
}

#[tokio::test]
async fn only_a_refund_that_never_left_us_is_sent_again_at_once() {
    let done = || RefundOutcome::Done { reference: "txrd_1".to_owned() };
    let not_sent = || RefundOutcome::NotSent { text: text() };
    for (name, first, sent) in [
        ("done", done(), 1),
        ("refused", RefundOutcome::Refused { text: text() }, 1),
        ("not done", RefundOutcome::NotDone { text: text() }, 1),
        ("unknown", RefundOutcome::Unknown { text: text() }, 1),
        ("not sent", not_sent(), 3),
    ] {
        let world = World::of(Settings::default(), [], [first.clone(), not_sent(), done()]);
        let outcome = world.refund().await;
        assert_eq!(world.calls("refund"), sent, "{name}");
        assert_eq!(outcome, if sent == 1 { first } else { done() }, "{name}");
    }
}

#[tokio::test]
async fn what_was_not_created_is_tried_again_only_where_that_can_help() {
    for (retried, sent) in [(Retried::NotCreatedToo, 3), (Retried::NotSent, 1)] {
        let not_created = Outcome::NotCreated { text: text() };
        let settings = Settings { retried, ..Settings::for_toss() };
        let world = World::of(settings, vec![not_created.clone(); 9], []);
        assert_eq!(world.charge().await, not_created);
        assert_eq!(world.calls("charge"), sent, "{retried:?}");
    }
}

#[tokio::test]
async fn an_unknown_charge_is_never_sent_again() {
    let unknown = Outcome::Unknown { text: text() };
    let world = World::of(Settings::default(), [unknown.clone()], []);
    assert_eq!(world.charge().await, unknown);
    assert_eq!(world.calls("charge"), 1);
}

#[tokio::test]
async fn a_call_that_hangs_is_unknown_after_its_own_time() {
    let world = World::of(Settings::for_toss(), [], []);
    let expected = "no answer within 10000 ms".to_owned();
    assert_eq!(world.refund().await, RefundOutcome::Unknown { text: expected.clone() });
    assert_eq!(world.charge().await, Outcome::Unknown { text: expected });
    assert_eq!(world.clock.now().since(NOW), Duration::from_secs(20));
}

#[tokio::test]
async fn failing_charges_stop_neither_refunds_nor_look_ups_nor_pages() {
    let unknown = Outcome::Unknown { text: text() };
    let done = RefundOutcome::Done { reference: "txrd_1".to_owned() };
    let world = World::of(Settings::default(), vec![unknown; 30], [done.clone()]);
    for _ in 0..30 {
        world.charge().await;
    }
    assert_eq!(world.guarded.charge_breaker().state(), State::Open);
    assert!(matches!(world.charge().await, Outcome::NotSent { .. }));
    assert_eq!(world.calls("charge"), 30);

    assert_eq!(world.refund().await, done);
    assert_eq!(world.guarded.look_up(&attempt(None)).await, Sighting::Absent);
    let opening = Opening {
        order_name: String::new(),
        buyer: String::new(),
        agreed_url: String::new(),
        refused_url: String::new(),
    };
    assert!(world.guarded.open_page(&attempt(None), &opening).await.is_ok());
}

#[tokio::test]
async fn look_ups_beyond_the_gateways_limit_touch_neither_the_wire_nor_the_breaker() {
    let world = World::of(Settings::default(), [], []);
    let (attempt, refund) = (attempt(None), refund("key", 5_000));
    let mut passed = 0;
    let mut line = Vec::new();
    for round in 0..120_u64 {
        // Two questions each half second, one of each kind: 240 in a minute.
        world.clock.advance(Duration::from_millis(500));
        match world.guarded.look_up(&attempt).await {
            Sighting::Absent => passed += 1,
            Sighting::NotAsked { again_in } => {
                line.push(Duration::from_millis(500 * round) + again_in);
            }
            other => panic!("{round}: {other:?}"),
        }
        let given = world.guarded.look_up_refunds(&attempt, &refund).await;
        passed += usize::from(given == RefundSighting::Seen(Vec::new()));
    }
    let apart = line.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    let least = apart.min().expect("some were kept back");
    assert!(least >= Duration::from_millis(900), "the line moves at 70 % of the limit: {least:?}");
    assert_eq!(passed, world.calls("look_up") + world.calls("look_up_refunds"));
    assert!((95..=100).contains(&passed), "{passed}");
    assert_eq!(world.guarded.look_ups_kept_back(), 240 - passed as u64);
    let now = world.guarded.now();
    let metrics = world.guarded.look_up_breaker().metrics(now);
    assert_eq!((metrics.counts.failed, metrics.totals.ignored), (0, 0));
}

#[tokio::test]
async fn a_look_up_that_nobody_owes_has_room_only_while_nobody_stands_in_line() {
    let world = World::of(Settings::default(), [], []);
    assert!(world.guarded.has_room_for_look_ups());
    for _ in 0..11 {
        world.guarded.look_up(&attempt(None)).await;
    }
    assert!(!world.guarded.has_room_for_look_ups(), "one stands in line");
    world.clock.advance(Duration::from_mins(1));
    assert!(world.guarded.has_room_for_look_ups());
}

#[tokio::test]
async fn a_buyer_who_waits_does_not_stand_in_line_behind_a_backlog() {
    let world = World::of(Settings::default(), [], []);
    let old = attempt(None);
    world.clock.advance(Duration::from_hours(3));
    let kept_back = async |attempt: &Attempt| match world.guarded.look_up(attempt).await {
        Sighting::NotAsked { again_in } => again_in,
        _ => Duration::ZERO,
    };
    let mut line = Duration::ZERO;
    for _ in 0..1_000 {
        line = kept_back(&old).await;
    }
    assert!(line > Duration::from_mins(14), "the backlog's line is {line:?}");
    let new = Attempt { send_before: world.clock.now(), ..attempt(None) };
    let mut again_in = Duration::ZERO;
    for _ in 0..10 {
        again_in = kept_back(&new).await;
    }
    assert!(!again_in.is_zero(), "nothing was permitted any more");
    assert!(again_in < Duration::from_secs(30), "the tenth buyer comes again in {again_in:?}");
}
