//! Blanks the data of a wasm module that only a panic would have worded: where it was, and what was wrong.
//!
//! Nothing reads it once [`snip`](super::snip) has taken the code away, but it is data, which no optimizer drops. Zeros
//! weigh next to nothing once compressed; and what is in there of the machine that built it is nobody's business.

use walrus::{ConstExpr, DataKind, Module, ir::Value};

/// Texts of panics and of errors that JavaScript words itself. One that is not there any more does no harm.
const TEXTS: [&str; 43] = [
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657\
     585960616263646566676869707172737475767778798081828384858687888990919293949596979899",
    " but ends at ",
    " but the index is ",
    " index out of bounds: the len is ",
    " right` failed\n  left: ",
    " right` failed: ",
    "\n  left: ",
    "\n right: ",
    ") should be < len (is ",
    "==!=matches",
    "Box<dyn Any>",
    "Out of bounds access",
    "RefCell already borrowed",
    "RefCell already mutably borrowed",
    "\" out of range for slice of length ",
    "`Acquire` polled after it was ready",
    "a future was polled after it was ready",
    "a number above 0, at most 1e12",
    "a semaphore has at most MAX_PERMITS permits",
    "an `acquire` future was polled after it was ready",
    "assertion `left ",
    "assertion failed: j < self.len()",
    "assertion failed: psize <= size + max_overhead",
    "assertion failed: psize >= size + min_overhead",
    "at least a nanosecond and less than 584 years",
    "attempt to calculate the remainder with a divisor of zero",
    "attempt to divide by zero",
    "burstinterval",
    "cannot recursively acquire mutex",
    "capacity overflow",
    "capacityperiod",
    "cooldown",
    "falsetrue",
    "fewer than 2^64 waits",
    "internal error: entered unreachable code",
    "invalid key",
    "large enough for one unit in 584 years",
    "less than 584 years",
    "range end index ",
    "range start index ",
    "removal index (is ",
    "slice index starts at ",
    "zero while concurrency is unlimited, as there are no slots to rest",
];

/// A place in a source file: where its name lies and how long that is, line, column; four numbers.
const PLACE: usize = 16;

/// Blanks it in all data.
pub(super) fn blank(module: &mut Module) {
    let all: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    for id in all {
        let data = module.data.get_mut(id);
        if let DataKind::Active { offset: ConstExpr::Value(Value::I32(start)), .. } = data.kind {
            blank_places(&mut data.value, start as usize);
            TEXTS.iter().for_each(|text| blank_all(&mut data.value, text.as_bytes()));
        }
    }
}

/// Blanks the places in source files in data that begins at an address, and the files' names.
fn blank_places(data: &mut [u8], start: usize) {
    let names: Vec<(usize, usize, usize)> = (0..data.len().saturating_sub(PLACE - 1))
        .step_by(size_of::<u32>())
        .filter_map(|at| {
            let number = |n: usize| {
                let bytes = data[at + 4 * n..][..4].try_into().expect("four bytes");
                u32::from_le_bytes(bytes) as usize
            };
            let name = number(0).checked_sub(start)?;
            let is_name = data.get(name..name.checked_add(number(1))?)?.ends_with(b".rs");
            // The first line and column are 1.
            (is_name && number(2) > 0 && number(3) > 0).then(|| (at, name, number(1)))
        })
        .collect();
    for (at, name, length) in names {
        data[at..at + PLACE].fill(0);
        data[name..name + length].fill(0);
    }
}

fn blank_all(data: &mut [u8], text: &[u8]) {
    while let Some(at) = data.windows(text.len()).position(|window| window == text) {
        data[at..at + text.len()].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_go_and_what_lies_around_stays() {
        let mut data = b"kept.rs src/a.rskept".to_vec();
        let place = |name: u32, length: u32| [name, length, 7, 3].map(u32::to_le_bytes).concat();
        data.extend(place(1000 + 8, 8));
        data.extend(place(1000, 4));
        blank_places(&mut data, 1000);
        let mut expected = b"kept.rs \0\0\0\0\0\0\0\0kept".to_vec();
        expected.extend([0; 16]);
        expected.extend(place(1000, 4));
        assert_eq!(data, expected);
    }

    #[test]
    fn numbers_that_are_no_places_stay() {
        for numbers in [[0, 4, 7, 3], [1000, u32::MAX, 7, 3], [1000, 8, 0, 3], [u32::MAX, 8, 7, 3]] {
            let mut data = [&b"src/a.rs"[..], &numbers.map(u32::to_le_bytes).concat()].concat();
            let before = data.clone();
            blank_places(&mut data, 1000);
            assert_eq!(data, before);
        }
    }

    #[test]
    fn no_text_is_part_of_one_that_goes_later() {
        for (index, text) in TEXTS.iter().enumerate() {
            assert!(!TEXTS[index + 1..].iter().any(|later| later.contains(text)), "{text:?}");
        }
    }

    #[test]
    fn texts_go_wherever_they_are() {
        let mut data = b"one, two, one".to_vec();
        blank_all(&mut data, b"one");
        assert_eq!(data, b"\0\0\0, two, \0\0\0");
    }
}
