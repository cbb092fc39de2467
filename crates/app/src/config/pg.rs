//! The PG simulator: where it is, how we treat it, what we know of its manners.
//!
//! Why each number is what it is: `docs/operate/gateways.md`.

use std::time::Duration;

use clap::Args;
use payonce_gateways::{guard, pg_simulator};

use super::duration;

/// The PG simulator's settings.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "the prefix is part of each flag's name")]
pub(crate) struct PgArguments {
    /// Where it is.
    #[arg(long, env = "PAYONCE_PG_URL", default_value = "http://localhost:8082")]
    pub(crate) pg_url: String,
    /// The owner (`X-USER-ID`) that everything is sent under. Keep it: look-ups need the same one.
    #[arg(long, env = "PAYONCE_PG_USER_ID", default_value = "payonce")]
    pub(crate) pg_user_id: String,
    /// Where it calls back; by default this server on its own port.
    #[arg(long, env = "PAYONCE_PG_CALLBACK_URL")]
    pub(crate) pg_callback_url: Option<String>,
    /// Longest wait for the answer to one call.
    #[arg(long, env = "PAYONCE_PG_CALL_WITHIN", default_value = "3s", value_parser = duration::parse)]
    pub(crate) pg_call_within: Duration,
    /// Longest time for one charge with all its tries; no byte of it is sent later.
    #[arg(long, env = "PAYONCE_PG_CHARGE_WITHIN", default_value = "15s", value_parser = duration::parse)]
    pub(crate) pg_charge_within: Duration,
    /// Tries of one charge, as long as each failure is certain.
    #[arg(long, env = "PAYONCE_PG_TRIES", default_value_t = 6)]
    pub(crate) pg_tries: u32,
    /// Longest life of a request inside the gateway: absence is believed only after it.
    #[arg(long, env = "PAYONCE_PG_REQUEST_LIFE", default_value = "2m", value_parser = duration::parse)]
    pub(crate) pg_request_life: Duration,
    /// When a verdict usually comes after acceptance: the first look-up waits this long.
    #[arg(long, env = "PAYONCE_PG_VERDICT_AFTER", default_value = "2s", value_parser = duration::parse)]
    pub(crate) pg_verdict_after: Duration,
    /// How long a payment may stay in doubt before people are alarmed.
    #[arg(long, env = "PAYONCE_PG_HORIZON", default_value = "15m", value_parser = duration::parse)]
    pub(crate) pg_horizon: Duration,
    /// Most charges in flight.
    #[arg(long, env = "PAYONCE_PG_CHARGES_AT_ONCE", default_value_t = 256)]
    pub(crate) pg_charges_at_once: usize,
    /// Most look-ups in flight.
    #[arg(long, env = "PAYONCE_PG_LOOK_UPS_AT_ONCE", default_value_t = 64)]
    pub(crate) pg_look_ups_at_once: usize,
}

impl PgArguments {
    /// Where it is and as whom we call it; `own_port` is where this server listens.
    pub(crate) fn gateway(&self, own_port: u16) -> pg_simulator::Settings {
        let callback_url = self
            .pg_callback_url
            .clone()
            .unwrap_or_else(|| format!("http://localhost:{own_port}/api/v1/payments/callback"));
        let mut manners = pg_simulator::stock_manners();
        manners.charge_within = self.pg_charge_within;
        manners.request_life = self.pg_request_life;
        manners.verdict_after = self.pg_verdict_after;
        manners.horizon = self.pg_horizon;
        pg_simulator::Settings {
            base_url: self.pg_url.trim_end_matches('/').to_owned(),
            user_id: self.pg_user_id.clone(),
            callback_url,
            manners,
        }
    }

    /// The layers around it.
    pub(crate) fn layers(&self) -> guard::Settings {
        guard::Settings {
            charges_at_once: self.pg_charges_at_once,
            look_ups_at_once: self.pg_look_ups_at_once,
            tries: self.pg_tries,
            call_within: self.pg_call_within,
            ..guard::Settings::default()
        }
    }
}

/// The defaults, as if nothing was given on the command line.
impl Default for PgArguments {
    fn default() -> Self {
        #[derive(clap::Parser)]
        struct Alone {
            #[command(flatten)]
            pg: PgArguments,
        }
        <Alone as clap::Parser>::parse_from(["payonce"]).pg
    }
}
