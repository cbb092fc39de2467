//! Durations as people write them: `500ms`, `3s`, `15m`, `1h 30m`.

use std::time::Duration;

use jiff::SignedDuration;

/// Reads a duration; negative ones and other texts are refused.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let expected = || format!("{text:?} is not a duration like 500ms, 3s or 15m");
    let signed: SignedDuration = text.parse().map_err(|_| expected())?;
    Duration::try_from(signed).map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_reads_as_people_write_it() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("1h 30m"), Ok(Duration::from_mins(90)));
        for wrong in ["", "5", "-3s", "soon"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
