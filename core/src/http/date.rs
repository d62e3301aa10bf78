//! Dates as HTTP has them (RFC 9110 §5.6.7), in any of the three forms.
//!
//! Strict: a date that there is not, or that was another day of the week, says nothing. (A library for this would be
//! more in the wasm that browsers download than all other rules together. Tests compare this with one.)

/// How the forms are written, letter by letter: `w` and `f` stand for the day of the week, short and in full, `d` and `e`
/// for that of the month (`e` may begin with a space), `m` for the month, `y` and `z` for a year of four and of two digits,
/// `t` for a number of the time. All else stands for itself.
const FORMS: [&[u8]; 3] = [
    // Sun, 06 Nov 1994 08:49:37 GMT
    b"w, d m y t:t:t GMT",
    // Sunday, 06-Nov-94 08:49:37 GMT
    b"f, d-m-z t:t:t GMT",
    // Sun Nov  6 08:49:37 1994
    b"w m e t:t:t y",
];

const DAYS: [&[u8]; 7] =
    [b"Sunday", b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday"];
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// The seconds since 1970 began; none if it is no date from then on.
pub(crate) fn seconds(text: &[u8]) -> Option<u64> {
    FORMS.iter().find_map(|form| Date::read(text, form)?.seconds())
}

/// What a date says, each as it is written but the names: those are counted from 0.
#[derive(Default)]
struct Date {
    weekday: u32,
    day: u32,
    month: u32,
    year: u32,
    /// Hours, then also minutes, then also seconds.
    time: u32,
}

impl Date {
    fn read(text: &[u8], form: &[u8]) -> Option<Self> {
        let mut rest = Rest(text);
        let mut date = Self::default();
        for &letter in form {
            match letter {
                b'w' => date.weekday = rest.name(DAYS.iter().map(|day| &day[..3]))?,
                b'f' => date.weekday = rest.name(DAYS.iter().copied())?,
                b'm' => date.month = rest.name(MONTHS.chunks(3))?,
                b'e' if rest.expect(b" ").is_some() => date.day = rest.number(1)?,
                b'd' | b'e' => date.day = rest.number(2)?,
                b'y' => date.year = rest.number(4)?,
                b'z' => date.year = rest.number(2).map(|year| year + if year < 70 { 2000 } else { 1900 })?,
                b't' => date.time = date.time * 60 + rest.number(2).filter(|&number| number < 60)?,
                _ => rest.expect(&[letter])?,
            }
        }
        rest.0.is_empty().then_some(date)
    }

    fn seconds(&self) -> Option<u64> {
        let Self { weekday, day, month, year, time } = *self;
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        // Months are 30 or 31 days long, in turns that begin again with August; but February.
        let length = if month == 1 { 28 + u32::from(leap) } else { 31 - month % 7 % 2 };
        if year < 1970 || !(1..=length).contains(&day) || time >= 86_400 {
            return None;
        }
        let before = year - 1;
        let leap_days = |years: u32| years / 4 - years / 100 + years / 400;
        let february = if month > 1 { 2 - u32::from(leap) } else { 0 };
        // Of the months before, as many as that were a day longer than 30.
        let longer = if month > 7 { month / 2 + 1 } else { month.div_ceil(2) };
        let days = (year - 1970) * 365 + leap_days(before) - leap_days(1969) + month * 30 + longer - february
            + day
            - 1;
        ((days + 4) % 7 == weekday).then_some(u64::from(days) * 86_400 + u64::from(time))
    }
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn expect(&mut self, these: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(these)?;
        Some(())
    }

    /// A number of just so many digits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number
            .iter()
            .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
    }

    /// Which of these it is.
    fn name<'a>(&mut self, mut names: impl Iterator<Item = &'a [u8]>) -> Option<u32> {
        Some(names.position(|name| self.expect(name).is_some())? as u32)
    }
}
