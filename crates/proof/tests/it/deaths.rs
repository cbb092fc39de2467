//! Deaths: the same story again and again, and each time a process dies at another step of it.
//!
//! `PAYONCE_PROOF=full` kills at every step.

use payonce_ports::entropy::{Entropy, SeededEntropy};
use payonce_proof::world::World;
use payonce_simulator::pg::settings::Settings;

use crate::{is_full, postgres::Database};

/// Where the books of these stories are.
#[derive(Clone, Copy)]
pub(crate) enum Books<'a> {
    Sqlite,
    Postgres(&'a Database),
}

impl Books<'_> {
    /// A world with these books.
    pub(crate) async fn world(self, settings: Settings, seed: u64) -> World {
        match self {
            Self::Sqlite => World::on_sqlite(settings, seed).await,
            Self::Postgres(database) => {
                World::on_postgres(database.emptied(), settings, seed).await
            }
        }
    }
}

impl std::fmt::Debug for Books<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        })
    }
}

/// At which steps the first process dies, and the one that takes over from it; 0 is never.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deaths {
    pub(crate) first: u64,
    pub(crate) second: u64,
}

/// What a story shows besides its end.
pub(crate) struct Told {
    /// Steps that the first process took.
    pub(crate) first: u64,
    /// Whether the second process died, too.
    pub(crate) second_died: bool,
}

/// The first deaths one by one, then a sample of the later ones.
fn chosen(steps: u64, one_by_one: u64, sampled: usize, chance: &SeededEntropy) -> Vec<u64> {
    if is_full() || steps <= one_by_one {
        return (1..=steps).collect();
    }
    let later = steps - one_by_one;
    let mut chosen: Vec<u64> = (1..=one_by_one).collect();
    chosen.extend((0..sampled).map(|_| one_by_one + 1 + chance.number() % later));
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// Tells the story of each way once unharmed, and then with a death at each chosen step.
pub(crate) fn matrix<W>(
    books: Books<'_>,
    ways: &[(&'static str, W)],
    one_by_one: u64,
    sampled: usize,
    story: impl Fn(&W, Deaths) -> Told,
) {
    for (index, (name, way)) in (0..).zip(ways) {
        let chance = SeededEntropy::new(77 + index);
        let steps = story(way, Deaths { first: 0, second: 0 }).first;
        assert!(steps >= 2, "{name}: {steps} steps, and one commit alone is two");
        let deaths = chosen(steps, one_by_one, sampled, &chance);
        let mut died = 0;
        for &first in &deaths {
            let told = story(way, Deaths { first, second: 0 });
            // PostgreSQL answers two questions in either order, and a life may end a step sooner.
            died += usize::from(told.first >= first);
        }
        println!("{books:?}, {name:<26} {died} deaths of {steps} steps");
        assert!(died + 2 >= deaths.len(), "{name}: of {deaths:?} only {died} came");
    }
}

/// The process that takes over dies as well, in this many stories of each way.
pub(crate) fn double_deaths<W>(
    books: Books<'_>,
    ways: &[(&'static str, W)],
    each: usize,
    story: impl Fn(&W, Deaths) -> Told,
) {
    let mut died_twice = 0;
    for (index, (_, way)) in (0..).zip(ways) {
        let chance = SeededEntropy::new(99 + index);
        for _ in 0..each {
            let first = 1 + chance.number() % 8;
            let second = 1 + chance.number() % 8;
            let told = story(way, Deaths { first, second });
            died_twice += usize::from(told.second_died);
        }
    }
    println!("{books:?}: {died_twice} double deaths");
    assert!(2 * died_twice >= each * ways.len(), "only {died_twice} stories had two deaths");
}
