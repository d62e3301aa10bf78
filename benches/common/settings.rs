//! How long is measured: short enough that all benches together take two minutes.

use std::time::Duration;

use criterion::Criterion;
use criterion::measurement::Measurement;

/// Criterion with the settings of all groups, then those of the command line.
pub(crate) fn criterion<M: Measurement + 'static>(measurement: M) -> Criterion<M> {
    Criterion::default()
        .with_measurement(measurement)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2))
        .nresamples(10_000)
        .configure_from_args()
}
