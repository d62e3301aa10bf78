//! As much of structured fields (RFC 9651) as a `RateLimit` field needs: lists, and integers among their parameters.
//!
//! All of the grammar is checked, as a field with anything malformed in it is to be ignored as a whole; of what it
//! says, only integers are kept. (A library for all of it would be a third of the wasm that browsers download. Tests
//! compare this with one.)

/// The members of a list, each with its parameters of these names, where those are integers. None if it is malformed.
pub(crate) fn members<const N: usize>(input: &[u8], names: [&str; N]) -> Option<Vec<[Option<i64>; N]>> {
    let mut parser = Parser { rest: input };
    let mut members = Vec::new();
    parser.skip(b" ");
    while !parser.rest.is_empty() {
        members.push(parser.member(&names)?);
        parser.skip(b" \t");
        if parser.rest.is_empty() {
            break;
        }
        parser.expect(b',')?;
        parser.skip(b" \t");
        // A comma has something behind it.
        parser.peek()?;
    }
    Some(members)
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn accept(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.next();
        }
        there
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.accept(byte).then_some(())
    }

    fn skip(&mut self, these: &[u8]) {
        self.take_while(|byte| these.contains(&byte));
    }

    fn take_while(&mut self, holds: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| !holds(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// An item, or several in parentheses; and its parameters.
    fn member<const N: usize>(&mut self, names: &[&str; N]) -> Option<[Option<i64>; N]> {
        if !self.accept(b'(') {
            self.item()?;
            return self.parameters(names);
        }
        loop {
            self.skip(b" ");
            if self.accept(b')') {
                return self.parameters(names);
            }
            self.item()?;
            self.parameters(&[])?;
            if !matches!(self.peek()?, b' ' | b')') {
                return None;
            }
        }
    }

    /// Of parameters of the same name, the last counts.
    fn parameters<const N: usize>(&mut self, names: &[&str; N]) -> Option<[Option<i64>; N]> {
        let mut values = [None; N];
        while self.accept(b';') {
            self.skip(b" ");
            if !matches!(self.peek()?, b'a'..=b'z' | b'*') {
                return None;
            }
            let in_key = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*');
            let key = self.take_while(in_key);
            let value = if self.accept(b'=') { self.item()? } else { None };
            if let Some(index) = names.iter().position(|name| name.as_bytes() == key) {
                values[index] = value;
            }
        }
        Some(values)
    }

    /// An item without parameters; its value if that is an integer.
    fn item(&mut self) -> Option<Option<i64>> {
        match self.peek()? {
            b'-' | b'0'..=b'9' => return self.number(),
            b'"' => self.string()?,
            b'A'..=b'Z' | b'a'..=b'z' | b'*' => {
                self.take_while(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte));
            }
            b':' => self.bytes()?,
            b'?' => {
                self.next();
                self.next().filter(|byte| matches!(byte, b'0' | b'1'))?;
            }
            b'@' => {
                self.next();
                // A date is a whole number of seconds.
                self.number()??;
            }
            b'%' => self.display()?,
            _ => return None,
        }
        Some(None)
    }

    /// At most 15 digits; or at most 12, a point, and up to 3 more.
    fn number(&mut self) -> Option<Option<i64>> {
        let negative = self.accept(b'-');
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        if self.peek() == Some(b'.') {
            self.next();
            let decimals = self.take_while(|byte| byte.is_ascii_digit());
            let fits = (1..=12).contains(&digits.len()) && (1..=3).contains(&decimals.len());
            return fits.then_some(None);
        }
        if !(1..=15).contains(&digits.len()) {
            return None;
        }
        let value = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        Some(Some(if negative { -value } else { value }))
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => drop(self.next().filter(|byte| matches!(byte, b'"' | b'\\'))?),
                b' '..=b'~' => {}
                _ => return None,
            }
        }
    }

    /// Base64 between colons, padded or not.
    fn bytes(&mut self) -> Option<()> {
        self.expect(b':')?;
        let digits = self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
        let padding = self.take_while(|byte| byte == b'=');
        self.expect(b':')?;
        let whole = match digits.len() % 4 {
            0 => padding.is_empty(),
            1 => false,
            over => padding.is_empty() || over + padding.len() == 4,
        };
        whole.then_some(())
    }

    /// UTF-8 in visible ASCII, the rest of it as lower-case hexadecimals.
    fn display(&mut self) -> Option<()> {
        self.expect(b'%')?;
        self.expect(b'"')?;
        let mut text = Vec::new();
        loop {
            match self.next()? {
                b'"' => return std::str::from_utf8(&text).ok().map(drop),
                b'%' => {
                    let mut digit = || match self.next()? {
                        byte @ b'0'..=b'9' => Some(byte - b'0'),
                        byte @ b'a'..=b'f' => Some(byte - b'a' + 10),
                        _ => None,
                    };
                    text.push(digit()? << 4 | digit()?);
                }
                byte @ b' '..=b'~' => text.push(byte),
                _ => return None,
            }
        }
    }
}
