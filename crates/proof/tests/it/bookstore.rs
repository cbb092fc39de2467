//! The bookstore: 300 purchases through a gateway that fails a third of the time and answers a third
//! of the time after a minute.

use payonce_proof::{
    bookstore::{TOLD_WITHIN, play},
    world::alone,
};

#[test]
fn three_hundred_purchases_at_the_bookstore_end_true() {
    let report = alone(play(300, 41, |_| {}));
    println!("{report:#?}");
    assert!(report.settled, "an hour after the last purchase everything is certain");
    assert!(report.verdict.is_clean(), "{:#?}", report.verdict);
    assert_eq!(report.verdict.orders, 300);
    assert_eq!(report.gateway_keeps, report.we_keep, "the same money in both books");
    assert!(report.longest_uncharged <= TOLD_WITHIN, "{:?}", report.longest_uncharged);
    assert_eq!(report.ends.get("pending"), None);

    // It was not a calm day: each of these must have happened.
    assert!(report.repeats > 10, "{} confirmations were repeated", report.repeats);
    assert!(report.ends["completed"] > 200, "{:?}", report.ends);
    assert!(report.ends["cancelled"] > 3, "{:?}", report.ends);
    assert!(report.ends["failed"] > 10, "{:?}", report.ends);
    assert!(report.refunds > 15, "{} refunds", report.refunds);
    let failed = |word: &str| -> usize {
        let of = report.confirmations.iter().filter(|(answer, _)| answer.contains(word));
        of.map(|(_, count)| count).sum()
    };
    assert!(failed("500") > 60, "{:?}", report.confirmations);
}
