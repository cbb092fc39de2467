//! What the documents say that can be checked.

use std::{collections::BTreeSet, fs, path::Path};

use payonce_domain::{payment::transitions::PAYMENT_MOVES, words::Word};

fn architecture() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join("docs/architecture.md")).expect("docs/architecture.md")
}

#[test]
fn the_architecture_names_every_crate_and_no_other() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let there: BTreeSet<String> = fs::read_dir(crates)
        .expect("the crates")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    let text = architecture();
    let named: BTreeSet<String> = text
        .lines()
        .skip_while(|line| !line.starts_with("| crate |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split('`').nth(1).expect("a name in backquotes").to_owned())
        .collect();
    assert_eq!(named, there);
}

#[test]
fn the_state_diagram_has_the_moves_of_the_table() {
    let text = architecture();
    let drawn: BTreeSet<(&str, &str)> = text
        .lines()
        .skip_while(|line| !line.starts_with("stateDiagram"))
        .take_while(|line| !line.starts_with("```"))
        .filter_map(|line| line.trim().split_once(" --> "))
        .map(|(from, to)| (from, to.split(':').next().unwrap_or(to).trim()))
        .filter(|(from, _)| *from != "[*]")
        .collect();
    let table: BTreeSet<(&str, &str)> =
        PAYMENT_MOVES.iter().map(|legal| (legal.from.word(), legal.to.word())).collect();
    assert_eq!(drawn, table);
}
