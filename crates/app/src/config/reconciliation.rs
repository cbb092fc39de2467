//! Reconciliation: when, and what fees were agreed.

use std::{collections::BTreeMap, str::FromStr};

use clap::Args;
use payonce_domain::{
    gateway::GatewayName,
    reconciliation::{FeeSchedule, RefundedFee},
};

/// When days are reconciled, and what fees were agreed.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReconciliationArguments {
    /// From which hour in Seoul on the day before is reconciled, or `off`.
    #[arg(long, env = "PAYONCE_RECONCILE_AT", default_value = "10", value_parser = hour)]
    reconcile_at: Hour,
    /// A gateway's fee, e.g. `toss=3.3%` or `toss=3.3%,vat=10,tolerance=1,refund=kept`; several are
    /// separated by `;`. VAT is 10 percent on top, 1 won may be missing, and a refund gives the fee
    /// back, unless it says otherwise. Of other gateways no rate is judged.
    #[arg(long, env = "PAYONCE_AGREED_FEES", value_name = "GATEWAY=FEE", value_delimiter = ';')]
    agreed_fee: Vec<AgreedFee>,
}

impl ReconciliationArguments {
    /// The hour, if it is done by itself.
    pub(crate) fn at(&self) -> Option<u8> {
        self.reconcile_at.0
    }

    /// The agreed fees; the last one of a gateway counts.
    pub(crate) fn fees(&self) -> BTreeMap<GatewayName, FeeSchedule> {
        self.agreed_fee.iter().map(|fee| (fee.gateway.clone(), fee.schedule)).collect()
    }
}

/// An hour of the day, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hour(Option<u8>);

fn hour(text: &str) -> Result<Hour, String> {
    if text == "off" {
        return Ok(Hour(None));
    }
    let hour = text.parse().ok().filter(|hour| *hour < 24);
    hour.map(|hour| Hour(Some(hour)))
        .ok_or_else(|| format!("{text:?} is neither an hour from 0 to 23 nor off"))
}

/// What one gateway may keep.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AgreedFee {
    gateway: GatewayName,
    schedule: FeeSchedule,
}

impl FromStr for AgreedFee {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text:?} is not a fee like toss=3.3% or toss=3.3%,refund=kept");
        let (gateway, fee) = text.split_once('=').ok_or_else(expected)?;
        let mut parts = fee.split(',').map(str::trim);
        let rate = parts.next().and_then(|rate| rate.strip_suffix('%')).and_then(basis_points);
        let mut schedule = FeeSchedule {
            basis_points: rate.ok_or_else(expected)?,
            vat_percent: 10,
            tolerance_minor: 1,
            on_refund: RefundedFee::Returned,
        };
        for part in parts {
            let number = |text: &str| text.trim_end_matches('%').parse().map_err(|_| expected());
            match part.split_once('=') {
                Some(("vat", percent)) => schedule.vat_percent = number(percent)?,
                Some(("tolerance", minor)) => schedule.tolerance_minor = number(minor)?,
                Some(("refund", "kept")) => schedule.on_refund = RefundedFee::Kept,
                Some(("refund", "returned")) => schedule.on_refund = RefundedFee::Returned,
                _ => return Err(expected()),
            }
        }
        Ok(Self { gateway: GatewayName::new(gateway.trim()), schedule })
    }
}

/// Hundredths of a percent: `3.3` are 330.
fn basis_points(percent: &str) -> Option<u32> {
    let (whole, part) = percent.split_once('.').unwrap_or((percent, ""));
    if part.len() > 2 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{whole}{part:0<2}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_reads_as_it_was_agreed() {
        let fee: AgreedFee = "toss=3.3%".parse().unwrap();
        assert_eq!(fee.schedule.basis_points, 330);
        let fee: AgreedFee = "toss=2%, vat=0, tolerance=5, refund=kept".parse().unwrap();
        let schedule = FeeSchedule {
            basis_points: 200,
            vat_percent: 0,
            tolerance_minor: 5,
            on_refund: RefundedFee::Kept,
        };
        assert_eq!(fee, AgreedFee { gateway: GatewayName::new("toss"), schedule });
        for wrong in ["toss", "toss=3", "toss=3.333%", "toss=-1%", "toss=3%,vat", "toss=3%,x=1"] {
            assert!(wrong.parse::<AgreedFee>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_hour_is_of_a_day_or_off() {
        assert_eq!((hour("0"), hour("off")), (Ok(Hour(Some(0))), Ok(Hour(None))));
        assert!(hour("24").is_err() && hour("ten").is_err());
    }
}
