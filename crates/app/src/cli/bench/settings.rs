//! The load: how many orders, how fast, over how many products.

use std::time::Duration;

use clap::Args;

use crate::config::duration;

/// The load.
#[derive(Debug, Clone, Args)]
pub(crate) struct Load {
    /// Orders to place.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) orders: u64,
    /// Orders a second; 0 is as fast as `--in-flight` allows (in this process only).
    #[arg(long, default_value_t = 40.0)]
    pub(crate) rate: f64,
    /// Most orders under way at once when `--rate` is 0.
    #[arg(long, default_value_t = 128)]
    pub(crate) in_flight: usize,
    /// Products to spread the orders over; 1 is a single hot product.
    #[arg(long, default_value_t = 100)]
    pub(crate) products: u64,
    /// Stock of each product; by default enough for all.
    #[arg(long)]
    pub(crate) stock: Option<u32>,
    /// How long an order may take to become final.
    #[arg(long, default_value = "5m", value_parser = duration::parse)]
    pub(crate) final_within: Duration,
    /// Product look-ups a second, before and during the orders; over HTTP only.
    #[arg(long, default_value_t = 50.0)]
    pub(crate) look_ups: f64,
}

impl Load {
    /// When order `index` is due, counted from the start.
    pub(crate) fn due(&self, index: u64) -> Duration {
        at(index, self.rate)
    }
}

/// When the `index`th of `rate` a second is due.
#[expect(clippy::cast_precision_loss, reason = "a schedule to the microsecond is exact enough")]
pub(crate) fn at(index: u64, rate: f64) -> Duration {
    if rate > 0.0 { Duration::from_secs_f64(index as f64 / rate) } else { Duration::ZERO }
}
