//! Logs: for people on a terminal, or one JSON object a line. Always on stderr.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// How to log.
#[derive(Debug, Clone, Args)]
pub(crate) struct LogArguments {
    /// Which log lines, e.g. `info` or `payonce_engine=debug,warn`.
    #[arg(long = "log", env = "PAYONCE_LOG", default_value = "warn", global = true)]
    filter: String,
    /// For people, or one JSON object a line.
    #[arg(
        long = "log-format",
        env = "PAYONCE_LOG_FORMAT",
        value_enum,
        default_value = "human",
        global = true
    )]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// Starts logging. A filter that cannot be read is told and replaced by `warn`.
pub(crate) fn start(arguments: &LogArguments) {
    let filter = EnvFilter::try_new(&arguments.filter).unwrap_or_else(|error| {
        eprintln!("warning: --log {:?} cannot be read ({error}); using warn", arguments.filter);
        EnvFilter::new("warn")
    });
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match arguments.format {
        Format::Human => lines.try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        eprintln!("warning: no logs: {error}");
    }
}
