//! What people and databases read of a finding.

use std::collections::BTreeSet;

use super::{planted::DEFECTS, *};
use crate::words::Word;

#[test]
fn every_finding_is_told_in_both_languages_with_its_subject() {
    let mut world = World::clean();
    for defect in DEFECTS {
        (defect.plant)(&mut world);
    }
    for finding in world.report().findings {
        for difference in Difference::ALL.iter().copied() {
            let finding = Finding { difference, ..finding.clone() };
            for sentence in [finding.english(), finding.korean()] {
                assert!(sentence.contains(&finding.subject()), "{sentence}");
                assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence}");
            }
        }
    }
}

#[test]
fn every_word_names_one_value() {
    fn check<W: Word + PartialEq + std::fmt::Debug>() {
        for value in W::ALL {
            assert_eq!(W::from_word(value.word()), Ok(*value));
        }
    }
    check::<Difference>();
    check::<FindingType>();
    check::<Severity>();
    check::<MovementType>();
    check::<Source>();
    check::<OurCertainty>();
    let kinds: BTreeSet<_> = Difference::ALL.iter().map(|difference| difference.kind()).collect();
    assert_eq!(kinds.len(), FindingType::ALL.len());
}
