//! DynamoDB's numbers: 38 significant digits, magnitudes from 1E-130 to 9.9..E+125 (Amazon DynamoDB Developer
//! Guide, "Constraints in Amazon DynamoDB", data types). Arithmetic is exact; there is no binary floating point.

use std::cmp::Ordering;
use std::fmt;

/// A decimal number, kept without leading or trailing zeros, so that equal numbers are equal values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    /// Significant digits 0 to 9, most significant first; empty for zero.
    digits: Vec<u8>,
    /// Power of ten of the first digit: 0 for 5, 2 for 500, -1 for 0.5.
    exponent: i32,
}

/// Why a text is not a number of DynamoDB, in DynamoDB's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberError(pub String);

impl Number {
    /// Reads a number: optional sign, digits with at most one point, optional exponent.
    ///
    /// # Errors
    /// Not a number, too large, too small, or too precise.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let invalid = || NumberError(format!("The parameter cannot be converted to a numeric value: {text}"));
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            Some(_) => (false, text),
            None => return Err(NumberError("The parameter cannot be converted to a numeric value".into())),
        };
        let (mantissa, power) = match rest.find(['e', 'E']) {
            Some(at) => {
                let power = rest.get(at + 1..).unwrap_or_default();
                let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(invalid());
                }
                // Beyond a million the range check below speaks anyway.
                let size = digits.parse::<i32>().unwrap_or(1_000_000).min(1_000_000);
                (rest.get(..at).unwrap_or_default(), if power.starts_with('-') { -size } else { size })
            }
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        let digits = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        let first = i32::try_from(whole.len()).unwrap_or(i32::MAX / 2).saturating_sub(1).saturating_add(power);
        Self::normal(negative, digits, first).checked()
    }

    fn normal(negative: bool, mut digits: Vec<u8>, mut exponent: i32) -> Self {
        let leading = digits.iter().take_while(|d| **d == 0).count();
        digits.drain(..leading);
        exponent = exponent.saturating_sub(i32::try_from(leading).unwrap_or(i32::MAX));
        let kept = digits.iter().rposition(|d| *d != 0).map_or(0, |last| last + 1);
        digits.truncate(kept);
        if digits.is_empty() { Self { negative: false, digits, exponent: 0 } } else { Self { negative, digits, exponent } }
    }

    fn checked(self) -> Result<Self, NumberError> {
        let says = if self.digits.is_empty() {
            return Ok(self);
        } else if self.exponent > 125 {
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        } else if self.exponent < -130 {
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        } else if self.digits.len() > 38 {
            "Attempting to store more than 38 significant digits in a Number"
        } else {
            return Ok(self);
        };
        Err(NumberError(says.into()))
    }

    /// The sum.
    ///
    /// # Errors
    /// When it is outside DynamoDB's range or needs more than 38 digits.
    pub fn plus(&self, other: &Self) -> Result<Self, NumberError> {
        if self.digits.is_empty() {
            return Ok(other.clone());
        }
        if other.digits.is_empty() {
            return Ok(self.clone());
        }
        let top = self.exponent.max(other.exponent);
        let bottom = self.last_power().min(other.last_power());
        // Both exponents lie within -168..=125, so that the aligned numbers have at most 294 digits.
        let aligned = |n: &Self| -> Vec<u8> { (bottom..=top).rev().map(|power| n.digit(power)).collect() };
        let (a, b) = (aligned(self), aligned(other));
        let (negative, mut digits) = if self.negative == other.negative {
            (self.negative, add(&a, &b))
        } else if a >= b {
            (self.negative, subtract(&a, &b))
        } else {
            (other.negative, subtract(&b, &a))
        };
        let exponent = top + i32::try_from(digits.len()).unwrap_or(0) - (top - bottom + 1);
        if digits.is_empty() {
            digits.push(0);
        }
        Self::normal(negative, digits, exponent).checked()
    }

    /// The difference.
    ///
    /// # Errors
    /// As for [`Number::plus`].
    pub fn minus(&self, other: &Self) -> Result<Self, NumberError> {
        let mut negated = other.clone();
        negated.negative = !negated.negative && !negated.digits.is_empty();
        self.plus(&negated)
    }

    fn last_power(&self) -> i32 {
        self.exponent - i32::try_from(self.digits.len()).unwrap_or(0) + 1
    }

    fn digit(&self, power: i32) -> u8 {
        usize::try_from(self.exponent - power).ok().and_then(|at| self.digits.get(at)).copied().unwrap_or(0)
    }

    /// A text whose byte order is the numbers' order.
    pub fn sort_key(&self) -> String {
        if self.digits.is_empty() {
            return "1".into();
        }
        let power = self.exponent + 200;
        if self.negative {
            let digits: String = self.digits.iter().map(|d| char::from(b'9' - d)).collect();
            // `~` sorts after every digit: of two negative numbers the shorter one is the larger.
            format!("0{:03}{digits}~", 999 - power)
        } else {
            let digits: String = self.digits.iter().map(|d| char::from(b'0' + d)).collect();
            format!("2{power:03}{digits}")
        }
    }

    /// Bytes it counts for in an item's size.
    pub fn size(&self) -> usize {
        if self.digits.is_empty() { 1 } else { 1 + self.digits.len().div_ceil(2) + usize::from(self.negative) }
    }
}

/// `a + b` for digits of equal length; one digit longer where it carries over.
fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(x, y)| {
            let digit = x + y + carry;
            carry = digit / 10;
            digit % 10
        })
        .collect();
    if carry > 0 {
        sum.push(carry);
    }
    sum.reverse();
    sum
}

/// `a - b` for digits of equal length and `a >= b`.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut rest: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(x, y)| {
            let (digit, next) = if *x >= y + borrow { (x - y - borrow, 0) } else { (x + 10 - y - borrow, 1) };
            borrow = next;
            digit
        })
        .collect();
    rest.reverse();
    rest
}

/// Plain notation, without an exponent, as DynamoDB returns numbers.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        for power in (self.last_power().min(0)..=self.exponent.max(0)).rev() {
            if power == -1 {
                f.write_str(".")?;
            }
            write!(f, "{}", self.digit(power))?;
        }
        Ok(())
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sort_key().cmp(&other.sort_key())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn n(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_normalised() {
        let cases = [
            ("0", "0"),
            ("-0.00", "0"),
            ("007", "7"),
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("-2.5E-3", "-0.0025"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+9", "9"),
            ("100", "100"),
        ];
        for (given, normal) in cases {
            assert_eq!(n(given).to_string(), normal, "{given}");
        }
        assert_eq!(n("1.0"), n("1"));
    }

    #[test]
    fn what_is_no_number_is_said_so() {
        for text in ["", "a", "1e", "--1", "1..2", ".", "1e+", "0x1", " 1", "NaN"] {
            assert!(Number::parse(text).unwrap_err().0.starts_with("The parameter cannot be converted"), "{text}");
        }
        assert!(Number::parse("1e126").unwrap_err().0.contains("overflow"));
        assert!(Number::parse("1e-131").unwrap_err().0.contains("underflow"));
        assert!(Number::parse("1e99999999999").unwrap_err().0.contains("overflow"));
        assert!(Number::parse(&"1".repeat(39)).unwrap_err().0.contains("38 significant"));
        assert_eq!(n(&format!("1{}", "0".repeat(100))).to_string().len(), 101);
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!(n("0.1").plus(&n("0.2")).unwrap(), n("0.3"));
        assert_eq!(n("999").plus(&n("1")).unwrap(), n("1000"));
        assert_eq!(n("1").minus(&n("1")).unwrap(), n("0"));
        assert_eq!(n("5").minus(&n("7.25")).unwrap(), n("-2.25"));
        assert!(n("9.9e125").plus(&n("9.9e125")).unwrap_err().0.contains("overflow"));
    }

    proptest! {
        #[test]
        fn agrees_with_integers(a in -1_000_000_000_i64..1_000_000_000, b in -1_000_000_000_i64..1_000_000_000) {
            let (x, y) = (n(&a.to_string()), n(&b.to_string()));
            prop_assert_eq!(x.plus(&y).unwrap().to_string(), (a + b).to_string());
            prop_assert_eq!(x.minus(&y).unwrap().to_string(), (a - b).to_string());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }

        #[test]
        fn order_holds_across_powers(a in -9_999_i64..9_999, b in -9_999_i64..9_999, p in -30_i32..30, q in -30_i32..30) {
            let (x, y) = (n(&format!("{a}e{p}")), n(&format!("{b}e{q}")));
            let exact = |v: i64, e: i32| i128::from(v) * 10_i128.pow(u32::try_from(e + 30).unwrap().min(30)) ;
            if p <= 0 && q <= 0 {
                prop_assert_eq!(x.cmp(&y), exact(a, p).cmp(&exact(b, q)));
            }
            prop_assert_eq!(n(&x.to_string()), x);
        }
    }
}
