//! Defects that were reproduced in other breakers, each as the rule that it broke.

use std::num::NonZeroU16;
use std::time::Duration;

use payonce_resilience::breaker::{Outcome, Settings, Span, State};

use crate::world::{FAST, SLOW, World, count, small};

const TEN: NonZeroU16 = NonZeroU16::new(10).unwrap();

/// Calls that fail until the breaker opens; how many it took.
fn failures_until_open(world: &mut World) -> usize {
    let mut failures = 0;
    while world.state() == State::Closed {
        world.play("F");
        failures += 1;
    }
    failures
}

#[test]
fn a_minimum_below_the_window_is_enough_to_open() {
    let mut world =
        World::new(Settings { span: Span::LastCalls(TEN), minimum_calls: count(4), ..small() });
    assert_eq!(failures_until_open(&mut world), 4);
}

#[test]
fn a_healthy_past_does_not_delay_opening() {
    for successes in [0, 100, 1_000, 10_000] {
        let settings = Settings { span: Span::LastCalls(TEN), minimum_calls: TEN, ..small() };
        let mut world = World::after(settings, &"S".repeat(successes));
        let expected = if successes == 0 { 10 } else { 5 };
        assert_eq!(failures_until_open(&mut world), expected, "after {successes} successes");
    }
}

#[test]
fn slow_probes_do_not_close_and_no_more_pass_than_permitted() {
    let mut world = World::after(Settings { probes: count(3), ..small() }, "FFFFF|");
    let permits: Vec<_> = (0..20).filter_map(|_| world.acquire().ok()).collect();
    assert_eq!(permits.len(), 3);
    for permit in permits {
        world.record(permit, Outcome::Success, SLOW);
    }
    assert_eq!(world.state(), State::Open);
}

#[test]
fn forced_open_does_not_end_when_the_open_wait_does() {
    let mut world = World::new(small());
    world.breaker.move_to(State::ForcedOpen, world.now).unwrap();
    for _ in 0..100 {
        world.wait(Duration::from_hours(1));
        assert!(world.acquire().is_err());
    }
    assert_eq!(world.state(), State::ForcedOpen);
}

#[test]
fn one_failure_among_ten_probes_does_not_open_again() {
    let settings =
        Settings { probes: TEN, minimum_calls: TEN, span: Span::LastCalls(TEN), ..small() };
    let world = World::after(settings, "FFFFFFFFFF|SSSSSSSSFS");
    assert_eq!(world.state(), State::Closed);
}

#[test]
fn a_call_admitted_before_the_change_does_not_decide_after_it() {
    let mut world = World::new(Settings { probes: count(1), ..small() });
    let early = world.acquire().unwrap();
    world.play("FFFFF|");
    let probe = world.acquire().unwrap();
    world.record(early, Outcome::Success, FAST);
    assert_eq!(world.state(), State::HalfOpen);
    assert_eq!(world.metrics().totals.stale, 1);
    world.record(probe, Outcome::Failure, FAST);
    assert_eq!(world.state(), State::Open);
}

#[test]
fn a_seldom_called_gateway_that_is_well_closes() {
    let settings = Settings { span: Span::LastSeconds(count(1)), probes: count(3), ..small() };
    let mut world = World::after(settings, "FFFFF|");
    for _ in 0..3 {
        assert!(world.call(Outcome::Success, FAST));
        // Longer than the window and than the patience for probes.
        world.wait(2 * settings.probe_limit);
    }
    assert_eq!(world.state(), State::Closed);
}

#[test]
fn calls_cut_off_by_a_timeout_are_seen_outside_and_judged_inside() {
    let mut outside = World::after(small(), &"C".repeat(20));
    assert_eq!(outside.metrics().totals.cancelled, 20);
    let inside = World::after(small(), &"F".repeat(20));
    assert_eq!(inside.state(), State::Open);
}

#[test]
fn after_a_whole_cycle_metrics_show_one_state() {
    let mut world = World::new(small());
    let mut codes = vec![world.metrics().state.code()];
    for step in ["FFFFF", "|S", "SSS"] {
        world.play(step);
        codes.push(world.metrics().state.code());
    }
    assert_eq!(codes, [0, 1, 2, 0]);
}
