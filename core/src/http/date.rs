//! Dates as HTTP has them (RFC 9110 §5.6.7), in any of the three forms.
//!
//! Strict: a date that there is not, or that was another day of the week, says nothing. (A library for this would be
//! more in the wasm that browsers download than all other rules together. Tests compare this with one.)

const DAYS: [&[u8]; 7] =
    [b"Sunday", b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday"];
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// The seconds since 1970 began; none if it is no date from then on.
pub(crate) fn seconds(text: &[u8]) -> Option<u64> {
    let comma = text.iter().position(|&byte| byte == b',');
    let mut rest = Rest(text);
    let weekday = rest.weekday(if comma.is_some_and(|place| place > 3) { usize::MAX } else { 3 })?;
    let (day, month, year, time);
    match comma {
        // Sun, 06 Nov 1994 08:49:37 GMT
        Some(3) => {
            rest.expect(b", ")?;
            day = rest.number(2)?;
            rest.expect(b" ")?;
            month = rest.month()?;
            rest.expect(b" ")?;
            year = rest.number(4)?;
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        Some(_) => {
            rest.expect(b", ")?;
            day = rest.number(2)?;
            rest.expect(b"-")?;
            month = rest.month()?;
            rest.expect(b"-")?;
            let short = rest.number(2)?;
            year = if short < 70 { 2000 + short } else { 1900 + short };
        }
        // Sun Nov  6 08:49:37 1994
        None => {
            rest.expect(b" ")?;
            month = rest.month()?;
            rest.expect(b" ")?;
            day = if rest.expect(b" ").is_some() { rest.number(1)? } else { rest.number(2)? };
            time = rest.time()?;
            rest.expect(b" ")?;
            year = rest.number(4)?;
            rest.end()?;
            return combined(weekday, day, month, year, time);
        }
    }
    time = rest.time()?;
    rest.expect(b" GMT")?;
    rest.end()?;
    combined(weekday, day, month, year, time)
}

fn combined(weekday: u64, day: u64, month: u64, year: u64, time: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    // Months are 30 or 31 days long, in turns that begin again with August; but February.
    let length = if month == 1 { 28 + u64::from(leap) } else { 31 - month % 7 % 2 };
    if year < 1970 || !(1..=length).contains(&day) {
        return None;
    }
    let before = year - 1;
    let leap_days = |years: u64| years / 4 - years / 100 + years / 400;
    let february = if month > 1 { 2 - u64::from(leap) } else { 0 };
    // Of the months before, as many as that were a day longer than 30.
    let longer = if month > 7 { month / 2 + 1 } else { month.div_ceil(2) };
    let days =
        (year - 1970) * 365 + leap_days(before) - leap_days(1969) + month * 30 + longer - february + day - 1;
    ((days + 4) % 7 == weekday).then_some(days * 86_400 + time)
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn expect(&mut self, these: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(these)?;
        Some(())
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// A number of just so many digits.
    fn number(&mut self, digits: usize) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number
            .iter()
            .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u64::from(byte - b'0')))
    }

    /// From 0 for Sunday; of its name, so many letters.
    fn weekday(&mut self, letters: usize) -> Option<u64> {
        let place = DAYS.iter().position(|name| self.expect(&name[..letters.min(name.len())]).is_some())?;
        Some(place as u64)
    }

    /// From 0 for January.
    fn month(&mut self) -> Option<u64> {
        let place = MONTHS.chunks(3).position(|name| self.expect(name).is_some())?;
        Some(place as u64)
    }

    /// The seconds of a time of day, with a space before it.
    fn time(&mut self) -> Option<u64> {
        self.expect(b" ")?;
        let hour = self.number(2)?;
        self.expect(b":")?;
        let minute = self.number(2)?;
        self.expect(b":")?;
        let second = self.number(2)?;
        (hour < 24 && minute < 60 && second < 60).then_some((hour * 60 + minute) * 60 + second)
    }
}
