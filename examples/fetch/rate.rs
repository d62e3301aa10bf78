//! Rates as they are written on the command line: `100/s`, `500/min`, `10/250ms`, `1000/h`.

use tollgate::{Rate, Throttle};

/// Reads a rate. One that no throttle would accept is an error as well.
pub(crate) fn parse(text: &str) -> Result<Rate, String> {
    let expected = "must be CAPACITY/PERIOD such as 100/s, 500/min, 10/250ms or 1000/h";
    let (capacity, period) = text.split_once('/').ok_or(expected)?;
    let capacity = capacity.trim();
    let capacity = capacity.parse().map_err(|_| format!("capacity is not a number; {expected}"))?;

    // A unit alone is one of it.
    let period = period.trim();
    let one = if period.starts_with(|first: char| first.is_ascii_digit()) { "" } else { "1" };
    let period = humantime::parse_duration(&format!("{one}{period}"))
        .map_err(|error| format!("period cannot be read: {error}; {expected}"))?;

    let rate = Rate::new(capacity, period);
    Throttle::builder().rate(rate).build().map_err(|error| error.to_string())?;
    Ok(rate)
}
