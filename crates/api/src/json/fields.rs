//! Reading fields out of a tree. Everything that is wrong is collected, so that a caller corrects
//! a request once.

use std::ops::RangeInclusive;

use payonce_domain::ids::{Id, Kind};

use super::{Tree, join, shown};
use crate::problem::{
    Code, Problem,
    fault::{Fault, FieldFault, Shape},
};

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FieldFault>);

impl Faults {
    pub(crate) fn add(&mut self, field: impl Into<String>, fault: Fault) {
        self.0.push(FieldFault { field: field.into(), fault });
    }

    /// The value, unless anything was wrong.
    pub(crate) fn or<T>(self, value: Option<T>) -> Result<T, Problem> {
        let unknown = self.0.iter().find(|found| found.fault == Fault::Unknown);
        if let Some(unknown) = unknown {
            let field = unknown.field.clone();
            return Err(Problem::new(Code::UnknownField)
                .value("field", &field)
                .param(field)
                .faults(self.0));
        }
        match (self.0.first(), value) {
            (None, Some(value)) => Ok(value),
            (None, None) => Err(Problem::new(Code::InvalidRequest)),
            (Some(first), _) => {
                let field = first.field.clone();
                Err(Problem::new(Code::InvalidRequest).param(field).faults(self.0))
            }
        }
    }
}

/// An object whose fields are taken out one by one; what is left at the end is unknown.
pub(crate) struct Object<'t> {
    path: String,
    left: Vec<(&'t str, &'t Tree)>,
}

impl<'t> Object<'t> {
    /// The whole body as an object.
    pub(crate) fn body(tree: &'t Tree, faults: &mut Faults) -> Option<Self> {
        Field::body(tree).object(faults)
    }

    /// Whether a field of this name was sent.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(left, _)| *left == name)
    }

    /// The field of this name. `null` is the same as absent.
    pub(crate) fn take(&mut self, name: &str) -> Field<'t> {
        let at = self.left.iter().position(|(left, _)| *left == name);
        let tree = at.map(|at| self.left.swap_remove(at).1);
        Field { path: join(&self.path, name), tree: tree.filter(|t| !matches!(t, Tree::Null)) }
    }

    /// Everything that may be here was taken.
    pub(crate) fn end(mut self, faults: &mut Faults) {
        self.left.sort_by_key(|(name, _)| *name);
        for (name, _) in self.left.iter().take(20) {
            faults.add(join(&self.path, &shown(name)), Fault::Unknown);
        }
    }
}

/// A place in the request, and what stands there.
pub(crate) struct Field<'t> {
    path: String,
    tree: Option<&'t Tree>,
}

impl<'t> Field<'t> {
    /// The whole body.
    pub(crate) fn body(tree: &'t Tree) -> Self {
        Self { path: String::new(), tree: Some(tree) }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Itself, if anything was sent.
    pub(crate) fn given(self) -> Option<Self> {
        self.tree.is_some().then_some(self)
    }

    /// What stands here; a fault if nothing does.
    fn tree(&self, faults: &mut Faults) -> Option<&'t Tree> {
        if self.tree.is_none() {
            faults.add(self.path.as_str(), Fault::Missing);
        }
        self.tree
    }

    fn not_a(&self, shape: Shape, faults: &mut Faults) {
        faults.add(self.path.as_str(), Fault::NotA(shape));
    }

    pub(crate) fn text(&self, faults: &mut Faults) -> Option<&'t str> {
        let Tree::Text(text) = self.tree(faults)? else {
            self.not_a(Shape::Text, faults);
            return None;
        };
        Some(text.as_str())
    }

    /// A text of this many characters, none of them a control character.
    pub(crate) fn line(
        &self,
        length: RangeInclusive<usize>,
        faults: &mut Faults,
    ) -> Option<&'t str> {
        let text = self.text(faults)?;
        let fits = length.contains(&text.trim().chars().count())
            && text.chars().count() <= *length.end()
            && !text.chars().any(char::is_control);
        if !fits {
            let (least, most) = length.into_inner();
            faults.add(self.path.as_str(), Fault::WrongLength { least, most });
        }
        fits.then_some(text)
    }

    pub(crate) fn whole(&self, range: RangeInclusive<i64>, faults: &mut Faults) -> Option<i64> {
        let Tree::Whole(number) = self.tree(faults)? else {
            self.not_a(Shape::WholeNumber, faults);
            return None;
        };
        let number = i64::try_from(*number).ok().filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = range.into_inner();
            faults.add(self.path.as_str(), Fault::OutOfRange { least, most });
        }
        number
    }

    pub(crate) fn truth(&self, faults: &mut Faults) -> Option<bool> {
        let Tree::Truth(truth) = self.tree(faults)? else {
            self.not_a(Shape::TrueOrFalse, faults);
            return None;
        };
        Some(*truth)
    }

    pub(crate) fn id<K: Kind>(&self, faults: &mut Faults) -> Option<Id<K>> {
        let id = self.text(faults)?.parse().ok();
        if id.is_none() {
            faults.add(self.path.as_str(), Fault::NotAnId { like: K::PREFIX });
        }
        id
    }

    pub(crate) fn object(&self, faults: &mut Faults) -> Option<Object<'t>> {
        let Tree::Object(entries) = self.tree(faults)? else {
            self.not_a(Shape::Object, faults);
            return None;
        };
        let left = entries.iter().map(|(name, value)| (name.as_str(), value)).collect();
        Some(Object { path: self.path.clone(), left })
    }

    /// The entries of a list of this many.
    pub(crate) fn list(
        &self,
        count: RangeInclusive<usize>,
        faults: &mut Faults,
    ) -> Option<Vec<Field<'t>>> {
        let Tree::List(entries) = self.tree(faults)? else {
            self.not_a(Shape::List, faults);
            return None;
        };
        if !count.contains(&entries.len()) {
            let (least, most) = count.into_inner();
            faults.add(self.path.as_str(), Fault::WrongCount { least, most });
            return None;
        }
        let place =
            |(index, tree)| Field { path: format!("{}[{index}]", self.path), tree: Some(tree) };
        Some(entries.iter().enumerate().map(place).collect())
    }

    /// What stands here, whatever it is.
    pub(crate) fn anything(&self) -> Option<&'t Tree> {
        self.tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{asked::Asked, json::parse};

    fn refusal(body: &str) -> serde_json::Value {
        let tree = parse(body.as_bytes()).expect("JSON");
        let mut faults = Faults::default();
        let quantity = Object::body(&tree, &mut faults).and_then(|mut object| {
            let quantity = object.take("quantity").whole(1..=10, &mut faults);
            object.end(&mut faults);
            quantity
        });
        let problem = faults.or(quantity).expect_err(body);
        serde_json::from_str(&problem.body(&Asked::default())).expect("JSON")
    }

    #[test]
    fn a_number_that_is_not_a_count_is_named_with_its_reason() {
        for (body, code) in [
            (r#"{"quantity": 0}"#, "OUT_OF_RANGE"),
            (r#"{"quantity": -1}"#, "OUT_OF_RANGE"),
            (r#"{"quantity": 11}"#, "OUT_OF_RANGE"),
            (r#"{"quantity": 18446744073709551615}"#, "OUT_OF_RANGE"),
            (r#"{"quantity": 1.5}"#, "WRONG_TYPE"),
            (r#"{"quantity": 1e3}"#, "WRONG_TYPE"),
            (r#"{"quantity": 99999999999999999999999}"#, "WRONG_TYPE"),
            (r#"{"quantity": "1"}"#, "WRONG_TYPE"),
            (r#"{"quantity": null}"#, "MISSING"),
            ("{}", "MISSING"),
        ] {
            let refusal = refusal(body);
            assert_eq!(refusal["code"], "INVALID_REQUEST", "{body}");
            assert_eq!(refusal["param"], "quantity", "{body}");
            assert_eq!(refusal["errors"][0]["code"], code, "{body}");
        }
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let refusal = refusal(r#"{"quantity": 1, "quantty": 2}"#);
        assert_eq!(refusal["code"], "UNKNOWN_FIELD");
        assert_eq!(refusal["param"], "quantty");
    }
}
