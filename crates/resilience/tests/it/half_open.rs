//! Half-open never sticks, never lets too many pass, and held states stay: for any history.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use payonce_resilience::breaker::{
    Event, Outcome, Permit, PermitKind, Reason, Settings, SharedBreaker, State,
};
use payonce_resilience::{Chance, Moment};
use proptest::prelude::*;

use crate::world::{FAST, SLOW, WAIT, World, count, small};

#[derive(Debug, Clone, Copy)]
enum Step {
    Acquire,
    Record {
        which: usize,
        outcome: Outcome,
        slow: bool,
    },
    Release(usize),
    /// A permit that never comes back.
    Lose(usize),
    Wait(Duration),
    Tick,
    Reconfigure {
        probes: u16,
        minimum: u16,
    },
    Operate(State),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        4 => Just(Outcome::Success),
        6 => Just(Outcome::Failure),
        1 => Just(Outcome::Busy { retry_after: WAIT / 2 }),
        1 => Just(Outcome::Ignored),
        1 => Just(Outcome::Cancelled),
    ];
    let record = (any::<usize>(), outcome, prop::bool::weighted(0.2));
    prop_oneof![
        12 => Just(Step::Acquire),
        12 => record.prop_map(|(which, outcome, slow)| Step::Record { which, outcome, slow }),
        1 => any::<usize>().prop_map(Step::Release),
        2 => any::<usize>().prop_map(Step::Lose),
        3 => (0_u64..90).prop_map(|secs| Step::Wait(Duration::from_secs(secs))),
        1 => Just(Step::Tick),
        1 => (1_u16..6, 1_u16..6).prop_map(|(probes, minimum)| Step::Reconfigure { probes, minimum }),
    ]
}

/// Permits that are out, each with the number of moves that had been made when it was given.
#[derive(Default)]
struct Out {
    held: Vec<(usize, Permit)>,
    lost: Vec<usize>,
}

impl Out {
    fn take(&mut self, which: usize) -> Option<(usize, Permit)> {
        let index = which.checked_rem(self.held.len())?;
        Some(self.held.swap_remove(index))
    }

    /// Permits of this stay that have not reported, lost ones included.
    fn of(&self, stay: usize) -> usize {
        let held = self.held.iter().filter(|(given, _)| *given == stay).count();
        held + self.lost.iter().filter(|given| **given == stay).count()
    }
}

fn stays(world: &World) -> usize {
    world.events.iter().filter(|event| matches!(event, Event::Moved { .. })).count()
}

/// Plays one step and says when half-open let more pass than it may.
fn play(world: &mut World, out: &mut Out, step: Step) -> Result<(), TestCaseError> {
    match step {
        Step::Acquire => {
            let Ok(permit) = world.acquire() else {
                return Ok(());
            };
            let kind = permit.kind();
            out.held.push((stays(world), permit));
            if kind == PermitKind::Probe {
                let reported = usize::try_from(world.metrics().counts.calls).unwrap();
                let probes = usize::from(world.breaker.settings().probes.get());
                prop_assert!(out.of(stays(world)) + reported <= probes);
            }
        }
        Step::Record { which, outcome, slow } => {
            if let Some((_, permit)) = out.take(which) {
                world.record(permit, outcome, if slow { SLOW } else { FAST });
            }
        }
        Step::Release(which) => {
            if let Some((_, permit)) = out.take(which) {
                world.breaker.release(permit);
            }
        }
        Step::Lose(which) => {
            let lost = out.take(which).map(|(given, _)| given);
            out.lost.extend(lost);
        }
        Step::Wait(wait) => world.wait(wait),
        Step::Tick => {
            let events = world.breaker.tick(world.now);
            world.events.extend(events);
        }
        Step::Reconfigure { probes, minimum } => {
            let settings =
                Settings { probes: count(probes), minimum_calls: count(minimum), ..small() };
            let events = world.breaker.reconfigure(settings, world.now);
            world.events.extend(events);
        }
        Step::Operate(state) => world.events.extend(world.breaker.move_to(state, world.now)),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_happens_the_cap_holds_the_story_is_gapless_and_a_call_passes_in_the_end(
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let (mut world, mut out) = (World::new(small()), Out::default());
        for step in steps {
            play(&mut world, &mut out, step)?;
        }
        let mut state = State::Closed;
        for event in &world.events {
            let Event::Moved { from, to, .. } = event else { panic!("only watching: {event:?}") };
            prop_assert_eq!(*from, state);
            prop_assert!(from.may_become(*to) && from != to);
            state = *to;
        }
        prop_assert_eq!(world.state(), state);
        // Nobody reports any more: lost probes are given up, then the open wait ends.
        world.wait(WAIT);
        if world.acquire().is_err() {
            world.wait(WAIT);
            prop_assert!(world.acquire().is_ok());
        }
    }

    #[test]
    fn a_held_state_ends_by_an_operator_alone(
        before in prop::collection::vec(step(), 0..60),
        held in prop::sample::select(vec![State::Disabled, State::ForcedOpen, State::MetricsOnly]),
        after in prop::collection::vec(step(), 1..100),
    ) {
        let (mut world, mut out) = (World::new(small()), Out::default());
        for step in before.into_iter().chain([Step::Operate(held)]) {
            play(&mut world, &mut out, step)?;
        }
        for step in after {
            play(&mut world, &mut out, step)?;
            prop_assert_eq!(world.state(), held);
        }
    }
}

#[test]
fn probes_that_never_come_back_are_given_up_and_their_late_results_discarded() {
    let mut world = World::after(small(), "FFFFF|");
    let lost: Vec<_> = (0..4).map(|_| world.acquire().unwrap()).collect();
    assert_eq!(world.acquire().unwrap_err().retry_after, Some(small().probe_limit));
    world.wait(small().probe_limit);
    assert_eq!(world.acquire().unwrap_err().state, State::Open);
    let Some(Event::Moved { reason, .. }) = world.events.last() else { panic!("no move") };
    assert_eq!(*reason, Reason::ProbesLost);
    for late in lost {
        world.record(late, Outcome::Success, FAST);
    }
    assert_eq!((world.state(), world.metrics().totals.stale), (State::Open, 4));
}

#[test]
fn patience_with_probes_is_not_renewed_by_one_of_too_many_coming_back() {
    let mut world = World::after(small(), "FFFFF|");
    let mut held: Vec<_> = (0..4).map(|_| world.acquire().unwrap()).collect();
    let fewer = Settings { probes: count(2), ..small() };
    world.wait(WAIT / 4);
    world.breaker.reconfigure(fewer, world.now);
    world.wait(WAIT / 4);
    world.breaker.release(held.remove(0));
    assert_eq!(world.acquire().unwrap_err().retry_after, Some(WAIT / 2));
}

#[test]
fn a_dropped_guard_gives_its_probe_back() {
    let breaker = SharedBreaker::new(Settings { probes: count(1), ..small() });
    breaker.move_to(State::Open, Moment::ZERO).unwrap();
    breaker.move_to(State::HalfOpen, Moment::ZERO).unwrap();
    let acquire = || breaker.acquire(Moment::ZERO, Chance::LEAST).answer;
    let guard = acquire().unwrap();
    assert!(acquire().is_err());
    drop(guard);
    let probe = acquire().unwrap();
    assert_eq!(probe.kind(), PermitKind::Probe);
    assert_eq!(probe.record(Outcome::Success, FAST, Moment::ZERO).len(), 1);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn many_threads_together_never_have_more_probes_out_than_permitted() {
    let breaker = SharedBreaker::new(Settings { probes: count(3), ..small() });
    breaker.move_to(State::Open, Moment::ZERO).unwrap();
    breaker.move_to(State::HalfOpen, Moment::ZERO).unwrap();
    let (out, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let Ok(guard) = breaker.acquire(Moment::ZERO, Chance::LEAST).answer else {
                        continue;
                    };
                    most.fetch_max(out.fetch_add(1, SeqCst) + 1, SeqCst);
                    std::thread::yield_now();
                    out.fetch_sub(1, SeqCst);
                    drop(guard);
                }
            });
        }
    });
    assert!((1..=3).contains(&most.load(SeqCst)));
    assert_eq!(breaker.state(), State::HalfOpen);
}
