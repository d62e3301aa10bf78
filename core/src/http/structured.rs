//! As much of structured fields (RFC 9651) as a `RateLimit` field needs: lists, and integers among their parameters.
//!
//! All of the grammar is checked, as a field with anything malformed in it is to be ignored as a whole; of what it
//! says, only integers are kept. (A library for all of it would be a third of the wasm that browsers download. Tests
//! compare this with one.)

/// Two parameters of a member, where they are integers from 0 up.
pub(crate) type Pair = [Option<u64>; 2];

/// Tells `each` of the parameters with these names, member by member. False if the list is malformed: then what has
/// been told is to be forgotten.
pub(crate) fn members(input: &[u8], names: [u8; 2], each: &mut dyn FnMut(Pair)) -> bool {
    let mut parser = Parser { rest: input, names, integer: None, pair: Pair::default() };
    parser.skip(b' ');
    parser.rest.is_empty() || parser.members(each)
}

/// What stands for the end of the input. As a character it is malformed, wherever it is.
const END: u8 = 0;

/// Each of its functions reads what it is named after, and answers whether that was there.
struct Parser<'a> {
    rest: &'a [u8],
    names: [u8; 2],
    /// The item read last, if it was an integer.
    integer: Option<i64>,
    /// The parameters read last.
    pair: Pair,
}

impl Parser<'_> {
    fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(END)
    }

    fn next(&mut self) -> u8 {
        let next = self.peek();
        self.rest = self.rest.get(1..).unwrap_or_default();
        next
    }

    fn accept(&mut self, byte: u8) -> bool {
        let there = self.peek() == byte;
        if there {
            self.next();
        }
        there
    }

    /// Spaces; and tabs, if that is what else there may be.
    fn skip(&mut self, other: u8) {
        while matches!(self.peek(), byte if byte == b' ' || byte == other) {
            self.next();
        }
    }

    /// How many there are of a kind.
    fn count(&mut self, kind: fn(u8) -> bool) -> usize {
        let before = self.rest.len();
        while kind(self.peek()) {
            self.next();
        }
        before - self.rest.len()
    }

    fn members(&mut self, each: &mut dyn FnMut(Pair)) -> bool {
        while self.member() {
            each(self.pair);
            self.skip(b'\t');
            if self.rest.is_empty() {
                return true;
            }
            if !self.accept(b',') {
                break;
            }
            // A comma has something behind it.
            self.skip(b'\t');
        }
        false
    }

    /// An item, or several in parentheses; and its parameters.
    fn member(&mut self) -> bool {
        if !self.accept(b'(') {
            return self.item() && self.parameters();
        }
        loop {
            self.skip(b' ');
            if self.accept(b')') {
                return self.parameters();
            }
            if !(self.item() && self.parameters() && matches!(self.peek(), b' ' | b')')) {
                return false;
            }
        }
    }

    /// Of parameters of the same name, the last counts.
    fn parameters(&mut self) -> bool {
        self.pair = Pair::default();
        while self.accept(b';') {
            self.skip(b' ');
            let name = self.peek();
            let in_name = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*');
            let length = self.count(in_name);
            if !matches!(name, b'a'..=b'z' | b'*') {
                return false;
            }
            self.integer = None;
            if self.accept(b'=') && !self.item() {
                return false;
            }
            for (known, value) in self.names.iter().zip(&mut self.pair) {
                if length == 1 && *known == name {
                    *value = self.integer.and_then(|integer| u64::try_from(integer).ok());
                }
            }
        }
        true
    }

    /// An item without parameters.
    fn item(&mut self) -> bool {
        self.integer = None;
        match self.peek() {
            b'-' | b'0'..=b'9' => return self.number(),
            b'A'..=b'Z' | b'a'..=b'z' | b'*' => {
                self.count(|byte| {
                    matches!(byte, b'!'..=b'~')
                        && !matches!(
                            byte,
                            b'"' | b'(' | b')' | b',' | b';'..=b'@' | b'[' | b'\\' | b']' | b'{' | b'}'
                        )
                });
                return true;
            }
            _ => {}
        }
        match self.next() {
            b'"' => self.string(),
            b':' => self.bytes(),
            b'?' => matches!(self.next(), b'0' | b'1'),
            // A date is a whole number of seconds.
            b'@' => {
                let whole = self.number() && self.integer.is_some();
                self.integer = None;
                whole
            }
            b'%' => self.accept(b'"') && self.display(),
            _ => false,
        }
    }

    /// At most 15 digits; or at most 12, a point, and up to 3 more.
    fn number(&mut self) -> bool {
        let negative = self.accept(b'-');
        let digits = self.rest;
        let count = self.count(|byte| byte.is_ascii_digit());
        if self.accept(b'.') {
            let decimals = self.count(|byte| byte.is_ascii_digit());
            return (1..=12).contains(&count) && (1..=3).contains(&decimals);
        }
        let whole = (1..=15).contains(&count);
        if whole {
            let value = digits[..count].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
            self.integer = Some(if negative { -value } else { value });
        }
        whole
    }

    /// The rest of a string, once its quote has been read.
    fn string(&mut self) -> bool {
        loop {
            match self.next() {
                b'"' => return true,
                b'\\' if matches!(self.next(), b'"' | b'\\') => {}
                b'\\' => return false,
                b' '..=b'~' => {}
                _ => return false,
            }
        }
    }

    /// The rest of base64 between colons, padded or not.
    fn bytes(&mut self) -> bool {
        let digits = self.count(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
        let padding = self.count(|byte| byte == b'=');
        let over = digits % 4;
        over != 1 && (padding == 0 || (over > 0 && over + padding == 4)) && self.accept(b':')
    }

    /// The rest of UTF-8 in visible ASCII, all else of it as lower-case hexadecimals.
    fn display(&mut self) -> bool {
        let mut text = Utf8::default();
        loop {
            let whole = match self.next() {
                b'"' => return text.is_whole(),
                b'%' => match (hexadecimal(self.next()), hexadecimal(self.next())) {
                    (Some(high), Some(low)) => text.push(high << 4 | low),
                    _ => false,
                },
                byte @ b' '..=b'~' => text.push(byte),
                _ => false,
            };
            if !whole {
                return false;
            }
        }
    }
}

/// In lower case.
fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Looks at UTF-8 byte by byte, so that nothing has to be kept.
#[derive(Default)]
struct Utf8 {
    /// Bytes that are to come yet.
    left: u8,
    /// What the next of them may be, from and to.
    next: (u8, u8),
}

impl Utf8 {
    /// Whether it may go on with this.
    fn push(&mut self, byte: u8) -> bool {
        let any = (0x80, 0xbf);
        if self.left > 0 {
            let allowed = self.next.0 <= byte && byte <= self.next.1;
            (self.left, self.next) = (self.left - 1, any);
            return allowed;
        }
        // Neither longer than need be, nor half of a pair, nor beyond the last character there is.
        (self.left, self.next) = match byte {
            ..=0x7f => (0, any),
            0xc2..=0xdf => (1, any),
            0xe0 => (2, (0xa0, 0xbf)),
            0xed => (2, (0x80, 0x9f)),
            0xe1..=0xef => (2, any),
            0xf0 => (3, (0x90, 0xbf)),
            0xf1..=0xf3 => (3, any),
            0xf4 => (3, (0x80, 0x8f)),
            _ => return false,
        };
        true
    }

    fn is_whole(&self) -> bool {
        self.left == 0
    }
}
