//! `Idempotency-Key`, §8: the first answer is the answer for 15 days, whatever the body says.

use std::collections::HashMap;

use super::wire::Reply;

const KEPT_FOR_MS: u64 = 15 * 24 * 60 * 60 * 1000;

/// Longest key, §8.
pub(crate) const LONGEST_KEY: usize = 300;

/// What makes two requests the same one. The body is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    pub(crate) key: String,
    pub(crate) secret_key: String,
    pub(crate) path: String,
    pub(crate) method: String,
}

/// The answers that are kept.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    entries: HashMap<Scope, Entry>,
}

#[derive(Debug)]
struct Entry {
    first_used_at_ms: u64,
    answered: Option<Kept>,
}

/// A kept answer and the trace of the request that got it first.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) reply: Reply,
    pub(crate) trace: String,
}

/// What a key is at this moment.
#[derive(Debug)]
pub(crate) enum Use {
    /// Not in use: it is now, and its request is to be carried out.
    First,
    /// Its first request is not done yet.
    Running,
    /// It has its answer.
    Answered(Kept),
}

impl Memory {
    /// Takes a key into use, or says what became of its first request.
    pub(crate) fn begin(&mut self, scope: &Scope, now_ms: u64) -> Use {
        if let Some(entry) = self.entries.get(scope) {
            let is_over = now_ms >= entry.first_used_at_ms + KEPT_FOR_MS;
            match &entry.answered {
                None => return Use::Running,
                Some(kept) if !is_over => return Use::Answered(kept.clone()),
                Some(_) => {}
            }
        }
        let entry = Entry { first_used_at_ms: now_ms, answered: None };
        self.entries.insert(scope.clone(), entry);
        Use::First
    }

    /// Binds this answer to the key.
    pub(crate) fn keep(&mut self, scope: &Scope, kept: Kept) {
        if let Some(entry) = self.entries.get_mut(scope) {
            entry.answered = Some(kept);
        }
    }

    /// The key has no answer; its next request is a first one.
    pub(crate) fn forget(&mut self, scope: &Scope) {
        self.entries.remove(scope);
    }
}
