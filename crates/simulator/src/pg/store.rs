//! Keeping the books over the end of the process: one JSON line per change, appended.
//!
//! Only the outer digits of a card are written, so after a new start look-ups show zeros
//! between them. Pending transactions stay pending: nothing resumes them, §10.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::books::Transaction;
use super::plan::Verdict;
use super::request::{CardNumber, known_card_type};

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
        index: usize,
        verdict: Verdict,
        decided_at_ms: u64,
    },
    LostAll,
}

impl Journal {
    /// Reads what is there and continues behind it; a line cut short by a crash ends the story.
    pub(crate) fn open(path: &Path) -> io::Result<(Vec<Transaction>, Self)> {
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)?;
        let mut rows = Vec::new();
        for line in BufReader::new(&file).lines() {
            let change = serde_json::from_str(&line?).map_err(io::Error::other)?;
            replay(&mut rows, change)?;
        }
        Ok((rows, Self { file }))
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

    pub(crate) fn decided(&mut self, index: usize, transaction: &Transaction) {
        if let (Some(verdict), Some(decided_at_ms)) =
            (transaction.verdict, transaction.decided_at_ms)
        {
            self.append(&Change::Decided {
                index,
                verdict,
                decided_at_ms,
            });
        }
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

fn replay(rows: &mut Vec<Transaction>, change: Change) -> io::Result<()> {
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
            let card_type =
                known_card_type(&card_type).ok_or_else(|| io::Error::other("unknown card type"))?;
            rows.push(Transaction {
                key,
                owner,
                order_id,
                card_type,
                card: CardNumber::new(format!("{first}-0000-0000-{last}")),
                amount,
                callback_url,
                idempotency_key,
                verdict: None,
                created_at_ms,
                decided_at_ms: None,
                overwritten: false,
                lost: false,
                callbacks: Vec::new(),
            });
        }
        Change::Decided {
            index,
            verdict,
            decided_at_ms,
        } => {
            let row = rows
                .get_mut(index)
                .ok_or_else(|| io::Error::other("verdict without a transaction"))?;
            row.verdict = Some(verdict);
            row.decided_at_ms = Some(decided_at_ms);
        }
        Change::LostAll => rows.iter_mut().for_each(|row| row.lost = true),
    }
    Ok(())
}
