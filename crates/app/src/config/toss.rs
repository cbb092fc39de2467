//! Toss Payments: its keys, where it is and how we treat it. Without a secret key it is off.
//!
//! Why each number is what it is: `docs/operate/gateways.md`.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use clap::Args;
use payonce_gateways::{guard, toss};
use secrecy::SecretString;

use super::duration;

/// Toss Payments' settings.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "the prefix is part of each flag's name")]
pub(crate) struct TossArguments {
    /// Secret key of the core API, `test_sk_…` or `live_sk_…`; without it Toss is off.
    #[arg(long, env = "PAYONCE_TOSS_SECRET_KEY", hide_env_values = true)]
    toss_secret_key: Option<SecretString>,
    /// The same from a file.
    #[arg(long, env = "PAYONCE_TOSS_SECRET_KEY_FILE", conflicts_with = "toss_secret_key")]
    toss_secret_key_file: Option<PathBuf>,
    /// Client key for browsers, `test_ck_…` or `live_ck_…`, of the same pair.
    #[arg(long, env = "PAYONCE_TOSS_CLIENT_KEY")]
    toss_client_key: Option<String>,
    /// What attempts are kept under, e.g. the merchant id. Keep it: look-ups need the same one.
    #[arg(long, env = "PAYONCE_TOSS_ACCOUNT", default_value = "toss")]
    toss_account: String,
    /// Where its API is.
    #[arg(long, env = "PAYONCE_TOSS_URL", default_value = toss::BASE_URL)]
    toss_url: String,
    /// Where its script for browsers is.
    #[arg(long, env = "PAYONCE_TOSS_SCRIPT_URL", default_value = toss::SCRIPT_URL)]
    toss_script_url: String,
    /// Look-ups a minute that it permits; by default 100 with test keys and no limit with live ones.
    #[arg(long, env = "PAYONCE_TOSS_LOOK_UPS_PER_MINUTE")]
    toss_look_ups_per_minute: Option<u32>,
    /// Longest wait for the answer to one call; what is slower is looked up.
    #[arg(long, env = "PAYONCE_TOSS_CALL_WITHIN", default_value = "10s", value_parser = duration::parse)]
    toss_call_within: Duration,
    /// How long a payment may stay in doubt before people are alarmed.
    #[arg(long, env = "PAYONCE_TOSS_HORIZON", default_value = "15m", value_parser = duration::parse)]
    toss_horizon: Duration,
}

impl TossArguments {
    /// Its settings, if it is on.
    pub(crate) fn gateway(&self) -> anyhow::Result<Option<toss::Settings>> {
        let secret_key = match (&self.toss_secret_key, &self.toss_secret_key_file) {
            (Some(key), _) => key.clone(),
            (None, Some(file)) => {
                let key = std::fs::read_to_string(file)
                    .with_context(|| format!("Toss's secret key in {}", file.display()))?;
                SecretString::from(key.trim().to_owned())
            }
            (None, None) => return Ok(None),
        };
        let client_key = self.toss_client_key.clone();
        let client_key = client_key.context(
            "Toss has a secret key and no client key: set PAYONCE_TOSS_CLIENT_KEY to its pair",
        )?;
        let mut settings = toss::Settings {
            base_url: self.toss_url.trim_end_matches('/').to_owned(),
            script_url: self.toss_script_url.clone(),
            secret_key,
            client_key,
            security_key: None,
            account: self.toss_account.clone(),
            test_code: None,
            manners: toss::stock_manners(toss::Keys::Live),
        };
        let keys = settings.check().context("Toss's settings")?;
        settings.manners = toss::stock_manners(keys);
        settings.manners.horizon = self.toss_horizon;
        if let Some(limit) = self.toss_look_ups_per_minute {
            settings.manners.look_ups_per_minute = Some(limit);
        }
        Ok(Some(settings))
    }

    /// The layers around it.
    pub(crate) fn layers(&self) -> guard::Settings {
        guard::Settings { call_within: self.toss_call_within, ..guard::Settings::for_toss() }
    }
}
