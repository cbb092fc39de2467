//! Keeping the books over the end of the process: one JSON line per change, appended.
//!
//! Only the outer digits of a card are written, so after a new start look-ups show zeros
//! between them. Pending transactions stay pending: nothing resumes them, §10.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::books::{Books, Transaction};
use super::plan::Verdict;
use super::request::{CardNumber, PaymentRequest, known_card_type};

/// The file that changes are appended to.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "change")]
enum Change {
    #[serde(rename_all = "camelCase")]
    Created {
        key: String,
        owner: String,
        order_id: String,
        card_type: String,
        card_ends: (String, String),
        amount: i64,
        callback_url: String,
        idempotency_key: Option<String>,
        created_at_ms: u64,
    },
    #[serde(rename_all = "camelCase")]
    Decided {
        key: String,
        verdict: Verdict,
        decided_at_ms: u64,
    },
    LostAll,
}

impl Journal {
    /// The books as `path` tells them, which are then kept there. What a crash cut short in
    /// the middle of its line never happened.
    pub(crate) fn open(path: &Path) -> io::Result<Books> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut written = String::new();
        file.read_to_string(&mut written)?;
        let whole = written.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64)?;
        let mut books = Books::default();
        for line in written[..whole].lines() {
            replay(&mut books, serde_json::from_str(line).map_err(io::Error::other)?)?;
        }
        Ok(books.kept_in(Self { file }))
    }

    pub(crate) fn created(&mut self, transaction: &Transaction) {
        let number = transaction.card.on_the_wire();
        let end = |range: std::ops::Range<usize>| number.get(range).unwrap_or_default().to_owned();
        self.append(&Change::Created {
            key: transaction.key.clone(),
            owner: transaction.owner.clone(),
            order_id: transaction.order_id.clone(),
            card_type: transaction.card_type.to_owned(),
            card_ends: (end(0..4), end(15..19)),
            amount: transaction.amount,
            callback_url: transaction.callback_url.clone(),
            idempotency_key: transaction.idempotency_key.clone(),
            created_at_ms: transaction.created_at_ms,
        });
    }

    pub(crate) fn decided(&mut self, key: &str, verdict: Verdict, decided_at_ms: u64) {
        self.append(&Change::Decided { key: key.to_owned(), verdict, decided_at_ms });
    }

    pub(crate) fn lost_all(&mut self) {
        self.append(&Change::LostAll);
    }

    /// A gateway whose disk is full forgets; so does this one.
    fn append(&mut self, change: &Change) {
        if let Ok(mut line) = serde_json::to_vec(change) {
            line.push(b'\n');
            let _ = self.file.write_all(&line);
        }
    }
}

/// Repeats the change, so that collisions and restarts come out as they did.
fn replay(books: &mut Books, change: Change) -> io::Result<()> {
    match change {
        Change::Created {
            key,
            owner,
            order_id,
            card_type,
            card_ends: (first, last),
            amount,
            callback_url,
            idempotency_key,
            created_at_ms,
        } => {
            let card_type = known_card_type(&card_type).ok_or_else(|| {
                io::Error::other(format!("cardType is {card_type}, expected a known one"))
            })?;
            let card = CardNumber::new(format!("{first}-0000-0000-{last}"));
            let request = PaymentRequest {
                owner,
                order_id,
                card_type,
                card,
                amount,
                callback_url,
                idempotency_key,
            };
            books.insert(Transaction::pending(key, request, created_at_ms));
        }
        Change::Decided { key, verdict, decided_at_ms } => {
            books.decide(&key, verdict, decided_at_ms).ok_or_else(|| {
                io::Error::other(format!("{key} is decided, expected it to be pending"))
            })?;
        }
        Change::LostAll => books.lose_all(),
    }
    Ok(())
}
