//! What shall happen to single calls, in order: a queue in which the first fitting entry is
//! used up. A script takes the place of what chance had drawn.

use serde::{Deserialize, Serialize};

use super::operation::Operation;
use super::plan::Course;
use super::request::Subject;

/// Body of `POST /_sim/script`; entries are added behind those already waiting.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Script {
    /// For calls that are about to be carried out.
    pub calls: Vec<CallScript>,
}

/// What shall happen to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CallScript {
    /// The operation it waits for.
    pub operation: Operation,
    /// The order it waits for; absent means the next call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// How many calls it serves. Default 1.
    #[serde(default = "once")]
    pub times: u32,
    /// What happens.
    pub course: Course,
}

impl CallScript {
    /// For the next call of this operation, whatever its order.
    pub fn next(operation: Operation, course: Course) -> Self {
        Self { operation, order_id: None, times: 1, course }
    }

    /// For the next call of this operation about this order.
    pub fn for_order(operation: Operation, order_id: impl Into<String>, course: Course) -> Self {
        Self { order_id: Some(order_id.into()), ..Self::next(operation, course) }
    }

    /// Serves that many calls.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    fn fits(&self, operation: Operation, subject: &Subject) -> bool {
        self.operation == operation
            && (self.order_id.is_none() || self.order_id == subject.order_id)
    }
}

impl Script {
    pub(crate) fn add(&mut self, more: Self) {
        self.calls.extend(more.calls.into_iter().filter(|entry| entry.times > 0));
    }

    /// Uses up one turn of the first entry that fits.
    pub(crate) fn take(&mut self, operation: Operation, subject: &Subject) -> Option<Course> {
        let found = self.calls.iter().position(|entry| entry.fits(operation, subject))?;
        self.calls[found].times -= 1;
        if self.calls[found].times == 0 {
            return Some(self.calls.remove(found).course);
        }
        Some(self.calls[found].course.clone())
    }
}

const fn once() -> u32 {
    1
}
