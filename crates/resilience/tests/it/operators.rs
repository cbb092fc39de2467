//! What operators, settings and the gateway's own word do to a breaker.

use std::time::Duration;

use payonce_resilience::Chance;
use payonce_resilience::backoff::Schedule;
use payonce_resilience::breaker::{
    Event, Limit, MOVES, Outcome, PermitKind, Reason, Refusal, Settings, Span, State,
};

use crate::world::{FAST, WAIT, World, count, small};

fn moved(events: &[Event]) -> Vec<(State, State, Reason)> {
    let moves = events.iter().filter_map(|event| match event {
        Event::Moved { from, to, reason, .. } => Some((*from, *to, *reason)),
        Event::WouldHaveOpened { .. } => None,
    });
    moves.collect()
}

#[test]
fn each_move_is_told_once_with_its_reason() {
    let world = World::after(small(), "FFFFFS|SSSS");
    let failing = Reason::LimitReached { limit: Limit::FailureRate, rate: 100.0 };
    assert_eq!(
        moved(&world.events),
        [
            (State::Closed, State::Open, failing),
            (State::Open, State::HalfOpen, Reason::WaitOver),
            (State::HalfOpen, State::Closed, Reason::ProbesPassed),
        ]
    );
}

#[test]
fn every_legal_move_is_made_and_every_other_is_refused_and_changes_nothing() {
    for (from, targets) in MOVES {
        for to in State::ALL {
            let mut world = World::new(small());
            if from == State::HalfOpen {
                world.breaker.move_to(State::Open, world.now).unwrap();
            }
            world.breaker.move_to(from, world.now).unwrap();
            let legal = world.breaker.move_to(to, world.now).is_ok();
            assert_eq!(legal, targets.contains(&to), "{from} to {to}");
            assert_eq!(world.state(), if legal { to } else { from });
        }
    }
}

#[test]
fn a_disabled_breaker_measures_nothing_and_lets_everything_pass() {
    let mut world = World::new(small());
    world.breaker.move_to(State::Disabled, world.now).unwrap();
    assert_eq!(world.acquire().unwrap().kind(), PermitKind::Unmeasured);
    world.play("FFFFFFFFFF");
    assert_eq!((world.state(), world.metrics().counts.calls), (State::Disabled, 0));
    assert!(world.events.is_empty());
}

#[test]
fn metrics_only_tells_once_per_limit_what_it_would_have_done() {
    let mut world = World::new(small());
    world.breaker.move_to(State::MetricsOnly, world.now).unwrap();
    world.play("FFFFFFFFFSSSSSSSFFFFFfffffff");
    let told = world.events.iter().map(|event| match event {
        Event::WouldHaveOpened { limit, .. } => *limit,
        Event::Moved { .. } => panic!("moved: {event:?}"),
    });
    assert_eq!(told.collect::<Vec<_>>(), [Limit::FailureRate, Limit::SlowRate]);
    assert_eq!(world.metrics().totals.not_permitted, 0);
}

#[test]
fn a_refusal_says_when_to_come_back_and_that_moment_is_the_first_that_passes() {
    let mut world = World::after(small(), "FFFFF");
    world.wait(WAIT / 4);
    let refusal = world.acquire().unwrap_err();
    assert_eq!(refusal, Refusal { state: State::Open, retry_after: Some(WAIT * 3 / 4) });
    world.wait((WAIT * 3 / 4).saturating_sub(Duration::from_micros(1)));
    assert_eq!(world.acquire().unwrap_err().retry_after, Some(Duration::from_micros(1)));
    world.wait(Duration::from_micros(1));
    assert_eq!(world.acquire().unwrap().kind(), PermitKind::Probe);
}

#[test]
fn each_opening_in_a_row_waits_longer_and_closing_starts_again() {
    let open_wait = Schedule { initial: WAIT, factor: 2.0, max: 4 * WAIT, jitter: 0.0 };
    let mut world = World::new(Settings { open_wait, ..small() });
    let mut waits = Vec::new();
    for probes in ["FFFFF", "FFFF", "FFFF", "FFFF", "SSSSFFFFF"] {
        world.play(probes);
        let wait = world.acquire().unwrap_err().retry_after.unwrap();
        waits.push(wait.as_secs() / WAIT.as_secs());
        world.wait(wait);
    }
    assert_eq!(waits, [1, 2, 4, 4, 1]);
}

#[test]
fn chance_shortens_the_open_wait() {
    let open_wait = Schedule { jitter: 0.5, ..Schedule::fixed(WAIT) };
    let mut world = World::after(Settings { open_wait, ..small() }, "FFFF");
    let half = Chance::from_bits(1 << 63);
    let permit = world.breaker.acquire(world.now, half).answer.unwrap();
    world.record(permit, Outcome::Failure, FAST);
    assert_eq!(world.acquire().unwrap_err().retry_after, Some(WAIT * 3 / 4));
}

#[test]
fn the_gateways_own_word_opens_at_once_for_as_long_as_it_says_within_reason() {
    for (asked, believed) in [(7, 7), (90, 90), (86_400, 600)] {
        let mut world = World::new(small());
        let retry_after = Duration::from_secs(asked);
        world.call(Outcome::Busy { retry_after }, FAST);
        let refusal = world.acquire().unwrap_err();
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(believed)));
        let reason = Reason::RetryAfter(retry_after);
        assert_eq!(moved(&world.events), [(State::Closed, State::Open, reason)]);
    }
}

#[test]
fn new_settings_keep_what_is_remembered_and_judge_it_at_once() {
    let mut world = World::after(small(), "SSFF");
    let wider = Settings { span: Span::LastCalls(count(50)), ..small() };
    assert!(world.breaker.reconfigure(wider, world.now).is_empty());
    assert_eq!(world.metrics().counts.calls, 4);
    let stricter = Settings { minimum_calls: count(4), ..wider };
    let events = world.breaker.reconfigure(stricter, world.now);
    let reason = Reason::LimitReached { limit: Limit::FailureRate, rate: 50.0 };
    assert_eq!(moved(&events), [(State::Closed, State::Open, reason)]);
}

#[test]
fn asking_for_fewer_probes_than_have_reported_is_a_verdict() {
    let mut world = World::after(small(), "FFFFF|SSS");
    let events = world.breaker.reconfigure(Settings { probes: count(2), ..small() }, world.now);
    assert_eq!(moved(&events), [(State::HalfOpen, State::Closed, Reason::ProbesPassed)]);
}

#[test]
fn asking_for_more_probes_lets_more_pass() {
    let mut world = World::after(small(), "FFFFF|");
    let held: Vec<_> = (0..4).map(|_| world.acquire().unwrap()).collect();
    assert!(world.acquire().is_err());
    world.breaker.reconfigure(Settings { probes: count(5), ..small() }, world.now);
    assert!(world.acquire().is_ok());
    assert!(world.acquire().is_err());
    drop(held);
}

#[test]
fn a_tick_shows_half_open_before_anybody_calls() {
    let mut world = World::after(small(), "FFFFF|");
    let events = world.breaker.tick(world.now);
    assert_eq!(moved(&events), [(State::Open, State::HalfOpen, Reason::WaitOver)]);
    assert!(world.breaker.tick(world.now).is_empty());
}
