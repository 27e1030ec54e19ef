//! The log: structured, on stderr, JSON where no person reads it. Rooms log ids and codes, never names or clinical words.

use std::io::IsTerminal as _;

use anyhow::Result;
use tracing_subscriber::EnvFilter;

use super::exit::Usage;

/// What is logged unless said: our own affairs, and other people's troubles.
pub(super) const DEFAULT: &str = "medicrypt=info,warn";

/// Starts the log.
pub(super) fn begin(filter: &str) -> Result<()> {
    let wrong = |problem| {
        Usage(format!("`{filter}` is no log filter ({problem}): write `info` or `medicrypt=debug,warn`"))
    };
    // Below `warn` the database layer writes connection addresses, passwords and values: whatever is asked for, it stays quiet.
    let quiet = format!("{filter},sea_orm=warn,sea_orm_migration=warn,sqlx=warn");
    let filter = EnvFilter::builder().parse(quiet).map_err(wrong)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.json().init();
    }
    Ok(())
}
