//! A day's report: the settlement and the list of what moved, in the words of reconciliation.

use jiff::civil;
use payonce_domain::reconciliation::{Date, MovementType, Settled, SettlementLine, Source};
use payonce_ports::gateway::{Complete, DayReport};

use super::{
    Toss,
    settlement::{Kind, SettledLine, TransactionRow},
};

/// The settlement lists a movement from the day after on (§13).
const SETTLED_AFTER_DAYS: u16 = 1;

impl Toss {
    pub(super) async fn report(&self, day: Date) -> Result<DayReport, String> {
        let day = civil_day(day)?;
        let moved = self.transactions(day).await?;
        let settled = self.settlements(day).await?;
        let mut report = DayReport::default();
        if moved.unreadable.is_empty() {
            report.complete.push(Complete { source: Source::Transactions, listed_after_days: 0 });
        }
        // Test keys have no settlement: an empty one beside movements has nothing to be missed in.
        let is_settled = !settled.rows.is_empty() || moved.rows.is_empty();
        if settled.unreadable.is_empty() && is_settled {
            let listed_after_days = SETTLED_AFTER_DAYS;
            report.complete.push(Complete { source: Source::Settlement, listed_after_days });
        }
        report.unreadable.extend(moved.unreadable);
        report.unreadable.extend(settled.unreadable);
        report.lines.extend(moved.rows.into_iter().map(|row| self.moved_line(row)));
        for row in settled.rows {
            match self.settled_line(row) {
                Ok(line) => report.lines.push(line),
                Err(why) => report.unreadable.push(why),
            }
        }
        Ok(report)
    }

    fn moved_line(&self, row: TransactionRow) -> SettlementLine {
        SettlementLine {
            gateway: self.name.clone(),
            reference: row.reference,
            movement: row.movement,
            gateway_order_id: row.order_id,
            kind: direction(row.kind),
            amount: row.amount,
            at: Some(row.at),
            settled: None,
        }
    }

    fn settled_line(&self, row: SettledLine) -> Result<SettlementLine, String> {
        let on = |date: civil::Date| {
            our_day(date).ok_or_else(|| format!("{}: {date} is no day of ours", row.movement))
        };
        let settled = Settled {
            fee: row.fee,
            vat: row.vat,
            pay_out: row.pay_out,
            sold_on: on(row.sold_on)?,
            paid_out_on: on(row.paid_out_on)?,
        };
        Ok(SettlementLine {
            gateway: self.name.clone(),
            reference: row.reference,
            movement: row.movement,
            gateway_order_id: row.order_id,
            kind: direction(row.kind),
            amount: row.amount,
            at: row.at,
            settled: Some(settled),
        })
    }
}

fn direction(kind: Kind) -> MovementType {
    match kind {
        Kind::Charge => MovementType::Charge,
        Kind::Refund => MovementType::Refund,
    }
}

fn civil_day(day: Date) -> Result<civil::Date, String> {
    day.to_string().parse().map_err(|error| format!("{day}: {error}"))
}

fn our_day(date: civil::Date) -> Option<Date> {
    let (month, day) = (u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?);
    Date::new(i32::from(date.year()), month, day)
}
