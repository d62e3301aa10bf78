//! A clock that only goes forward, whatever its source does.

use super::Tick;

/// The throttle's own time: starts at zero, and adds up what its timer moves forward.
///
/// The timer's origin does not matter then, nor does a source that is about to overflow, and a
/// source that steps back loses nothing but the step: time goes on from the new reading.
#[derive(Debug)]
pub(crate) struct Steady {
    raw: u64,
    now: u64,
}

impl Steady {
    pub(crate) fn starting_at(raw: Tick) -> Self {
        Self { raw: raw.0, now: 0 }
    }

    /// Takes a reading of the source and answers the steady time.
    #[inline]
    pub(crate) fn read(&mut self, raw: Tick) -> Tick {
        // Read as signed, so that a source which wraps around still moves forward.
        let step = raw.0.wrapping_sub(self.raw).cast_signed();
        self.raw = raw.0;
        self.now = self.now.saturating_add(u64::try_from(step).unwrap_or(0));
        Tick(self.now)
    }

    /// The steady time as of the last reading.
    pub(crate) fn now(&self) -> Tick {
        Tick(self.now)
    }

    /// The last reading of the source.
    pub(crate) fn raw(&self) -> Tick {
        Tick(self.raw)
    }

    /// What the source read at an earlier steady time, if it has not stepped back since.
    pub(crate) fn raw_at(&self, earlier: Tick) -> Tick {
        Tick(self.raw.wrapping_sub(self.now.saturating_sub(earlier.0)))
    }

    /// The steady time of an earlier reading, if the source has not stepped back since.
    pub(crate) fn steady_at(&self, raw: Tick) -> Tick {
        Tick(self.now.saturating_sub(self.raw.wrapping_sub(raw.0)))
    }

    /// The source's reading at which the steady time will be `at`; none if the source cannot get there.
    pub(crate) fn to_raw(&self, at: Tick) -> Option<Tick> {
        if at == Tick::MAX {
            return None;
        }
        self.raw.checked_add(at.0.saturating_sub(self.now)).map(Tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_counts_as_no_time_and_the_clock_goes_on_from_there() {
        let mut clock = Steady::starting_at(Tick(1_000));
        assert_eq!(clock.read(Tick(1_500)), Tick(500));
        assert_eq!(clock.read(Tick(200)), Tick(500));
        assert_eq!(clock.read(Tick(300)), Tick(600));
        assert_eq!(clock.to_raw(Tick(700)), Some(Tick(400)));
    }

    #[test]
    fn a_source_near_its_end_wraps_without_a_leap() {
        let mut clock = Steady::starting_at(Tick(u64::MAX - 5));
        assert_eq!(clock.read(Tick(u64::MAX)), Tick(5));
        assert_eq!(clock.to_raw(Tick(6)), None);
        assert_eq!(clock.read(Tick(4)), Tick(10));
    }
}
