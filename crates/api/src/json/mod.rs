//! JSON in: parsed once into a tree that repeats no name and prints nothing of what it holds.
//!
//! [`fields`] reads the tree and collects everything that is wrong. Neither ever shows a value:
//! a card number may be anywhere, also where it does not belong. Texts are wiped when dropped.

pub(crate) mod fields;

use std::{collections::BTreeSet, fmt};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::problem::{Code, Problem};

/// A JSON value. Not `Debug`: it may hold a card number.
pub(crate) enum Tree {
    Null,
    Truth(bool),
    Whole(i128),
    Fraction(f64),
    Text(Zeroizing<String>),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// Reads a body as one JSON value.
pub(crate) fn parse(body: &[u8]) -> Result<Tree, Problem> {
    let tree: Tree = serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::new(Code::MalformedJson).value("where", &place)
    })?;
    match repeated(&tree, "") {
        Some(path) => Err(Problem::new(Code::MalformedJson)
            .value("where", &format!("{path} comes twice"))
            .param(path)),
        None => Ok(tree),
    }
}

/// The path of the first name that an object repeats.
fn repeated(tree: &Tree, path: &str) -> Option<String> {
    match tree {
        Tree::Object(entries) => {
            let mut seen = BTreeSet::new();
            entries.iter().find_map(|(name, value)| {
                let inner = join(path, &shown(name));
                if seen.insert(name) { repeated(value, &inner) } else { Some(inner) }
            })
        }
        Tree::List(entries) => entries
            .iter()
            .enumerate()
            .find_map(|(index, entry)| repeated(entry, &format!("{path}[{index}]"))),
        Tree::Null | Tree::Truth(_) | Tree::Whole(_) | Tree::Fraction(_) | Tree::Text(_) => None,
    }
}

/// A name that a caller sent, as it may be shown: short, and without anything like a card number.
pub(crate) fn shown(name: &str) -> String {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let mask = digits >= 8;
    name.chars()
        .take(64)
        .map(|letter| match letter {
            letter if mask && letter.is_ascii_digit() => '*',
            letter if letter.is_control() => '?',
            letter => letter,
        })
        .collect()
}

pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Writes the tree in the one form that equal values share: names sorted, no blanks.
pub(crate) fn canonical(tree: &Tree, out: &mut Zeroizing<String>) {
    match tree {
        Tree::Null => out.push_str("null"),
        Tree::Truth(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Tree::Whole(number) => out.push_str(&number.to_string()),
        Tree::Fraction(number) => {
            let text = format!("{number:?}");
            out.push_str(&text);
        }
        Tree::Text(text) => quoted(text, out),
        Tree::List(entries) => {
            out.push('[');
            for entry in entries {
                canonical(entry, out);
                out.push(',');
            }
            out.push(']');
        }
        Tree::Object(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|left, right| left.0.cmp(&right.0));
            out.push('{');
            for (name, value) in sorted {
                quoted(name, out);
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

fn quoted(text: &str, out: &mut Zeroizing<String>) {
    out.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
}

/// The tree as `serde_json` writes it: for the shop's own notes, which are stored.
pub(crate) fn plain(tree: &Tree) -> serde_json::Value {
    use serde_json::Value;
    match tree {
        Tree::Null => Value::Null,
        Tree::Truth(truth) => Value::Bool(*truth),
        Tree::Whole(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => Value::from(number),
            (_, Ok(number)) => Value::from(number),
            (Err(_), Err(_)) => Value::Null,
        },
        Tree::Fraction(number) => Value::from(*number),
        Tree::Text(text) => Value::String(String::clone(text)),
        Tree::List(entries) => entries.iter().map(plain).collect(),
        Tree::Object(entries) => {
            entries.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Tree, E> {
        Ok(Tree::Truth(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Whole(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Whole(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Fraction(number))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Tree, E> {
        // Neither database can keep a NUL in a text.
        if text.contains('\0') {
            return Err(E::custom("NUL"));
        }
        Ok(Tree::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_element()? {
            entries.push(entry);
        }
        Ok(Tree::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some((name, value)) = access.next_entry::<String, Tree>()? {
            if name.contains('\0') {
                return Err(A::Error::custom("NUL"));
            }
            entries.push((name, value));
        }
        Ok(Tree::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical_of(body: &str) -> String {
        let tree = parse(body.as_bytes()).unwrap_or(Tree::Null);
        let mut out = Zeroizing::new(String::new());
        canonical(&tree, &mut out);
        String::clone(&out)
    }

    #[test]
    fn the_same_values_have_one_form_whatever_their_order_and_blanks() {
        assert_eq!(
            canonical_of(r#"{"b": [1, "x"], "a": null}"#),
            canonical_of(r#"{"a":null,"b":[1,"x"]}"#)
        );
        assert_ne!(canonical_of(r#"{"a":"1"}"#), canonical_of(r#"{"a":1}"#));
        assert_ne!(canonical_of(r#"{"a":["b","c"]}"#), canonical_of(r#"{"a":["b\",\"c"]}"#));
    }

    #[test]
    fn a_repeated_name_is_refused_wherever_it_is() {
        for body in [r#"{"a":1,"a":2}"#, r#"[{"b":{"c":1,"c":1}}]"#] {
            let problem = parse(body.as_bytes()).err().expect("refused");
            assert_eq!(problem.code(), Code::MalformedJson, "{body}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused_without_repeating_it() {
        let nested = "[".repeat(10_000);
        for body in
            ["", "{", "nonsense", r#"{"a":}"#, "{} {}", nested.as_str(), r#"{"a":"\u0000"}"#]
        {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(parse(b"\xff\xfe").is_err());
    }

    #[test]
    fn a_name_that_looks_like_a_card_is_masked() {
        assert_eq!(shown("1234-5678-9814-1451"), "****-****-****-****");
        assert_eq!(shown("quantty"), "quantty");
    }
}
