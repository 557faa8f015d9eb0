//! Money: whole minor units of an ISO 4217 currency. No floating point anywhere.

use thiserror::Error;

/// The largest absolute amount of one deal, in minor units: ten trillion dollars, far above any deal and
/// small enough that sums of a billion of them stay exact in 128 bits after conversion.
pub const MAX_MINOR_UNITS: i64 = 1_000_000_000_000_000;

/// Why an amount or a currency is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// The text is not a currency code in use.
    #[error("is not an ISO 4217 currency code in use, such as USD")]
    UnknownCurrency,
    /// The text is not a decimal number.
    #[error("is not a decimal number such as 1250.00")]
    NotADecimal,
    /// The amount has more fraction digits than the currency has.
    #[error("has more than the {digits} fraction digits of {currency}")]
    TooManyDigits {
        /// The currency.
        currency: Currency,
        /// Its number of fraction digits.
        digits: u32,
    },
    /// The amount is beyond [`MAX_MINOR_UNITS`].
    #[error("is beyond {MAX_MINOR_UNITS} minor units")]
    OutOfRange,
}

/// A currency: the three letters of its ISO 4217 code in 15 bits, so that it is as small as an index and never
/// depends on the order of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(u16);

/// ISO 4217, active codes of countries, those with other than two fraction digits below.
const CODES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP \
    BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP \
    GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD \
    KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK \
    NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN \
    SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD \
    XCG XOF XPF YER ZAR ZMW ZWG";

impl Currency {
    /// The currency of an ISO 4217 code, upper case.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] for anything that is not a code in use.
    pub fn from_code(code: &str) -> Result<Self, MoneyError> {
        let &[first, second, third] = code.as_bytes() else {
            return Err(MoneyError::UnknownCurrency);
        };
        if ![first, second, third].iter().all(u8::is_ascii_uppercase) {
            return Err(MoneyError::UnknownCurrency);
        }
        let currency = Self::pack(first, second, third);
        if KNOWN[usize::from(currency.0)] { Ok(currency) } else { Err(MoneyError::UnknownCurrency) }
    }

    const fn pack(first: u8, second: u8, third: u8) -> Self {
        Self(((first - b'A') as u16) << 10 | ((second - b'A') as u16) << 5 | (third - b'A') as u16)
    }

    /// The currency with this number, as [`number`](Self::number) gives it; for stored forms.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        KNOWN.get(usize::from(number)).copied().unwrap_or(false).then_some(Self(number))
    }

    /// A number that stands for the currency, below 2^15; the same in every version.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The ISO 4217 code.
    #[must_use]
    pub fn code(self) -> String {
        self.letters().map(char::from).iter().collect()
    }

    const fn letters(self) -> [u8; 3] {
        let [high, low] = self.0.to_be_bytes();
        [b'A' + (high >> 2), b'A' + ((high & 3) << 3 | low >> 5), b'A' + (low & 31)]
    }

    /// How many fraction digits an amount has: 2 for USD, 0 for JPY, 3 for KWD.
    #[must_use]
    pub const fn fraction_digits(self) -> u32 {
        match &self.letters() {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

/// Which 15-bit numbers are codes in use; built when compiled.
static KNOWN: [bool; 1 << 15] = known_codes();

const fn known_codes() -> [bool; 1 << 15] {
    let mut known = [false; 1 << 15];
    let bytes = CODES.as_bytes();
    let mut index = 0;
    while index + 2 < bytes.len() {
        if bytes[index] == b' ' {
            index += 1;
        } else {
            known[Currency::pack(bytes[index], bytes[index + 1], bytes[index + 2]).0 as usize] = true;
            index += 3;
        }
    }
    known
}

impl std::fmt::Display for Currency {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.code())
    }
}

/// An amount of money in whole minor units (cents for USD) of its currency; `|minor| <=` [`MAX_MINOR_UNITS`] for
/// amounts that came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    /// Whole minor units.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// The amount of a decimal text such as `1250.00`, `-3` or `.5`.
    ///
    /// # Errors
    /// What is wrong with the text; digits that the currency does not have are an error unless they are zeros.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (unscaled, scale) = parse_decimal(text).ok_or(MoneyError::NotADecimal)?;
        Self::from_decimal(unscaled, scale, currency)
    }

    /// The amount `unscaled` x 10^-`scale`, as Avro's decimals are written.
    ///
    /// # Errors
    /// [`MoneyError::TooManyDigits`] or [`MoneyError::OutOfRange`]; never rounds.
    pub fn from_decimal(unscaled: i128, scale: u32, currency: Currency) -> Result<Self, MoneyError> {
        let digits = currency.fraction_digits();
        let minor = if scale <= digits {
            let factor = 10_i128.checked_pow(digits - scale).ok_or(MoneyError::OutOfRange)?;
            unscaled.checked_mul(factor).ok_or(MoneyError::OutOfRange)?
        } else {
            let divisor = 10_i128.checked_pow(scale - digits).ok_or(MoneyError::OutOfRange)?;
            if unscaled % divisor != 0 {
                return Err(MoneyError::TooManyDigits { currency, digits });
            }
            unscaled / divisor
        };
        match i64::try_from(minor) {
            Ok(minor) if minor.abs() <= MAX_MINOR_UNITS => Ok(Self { minor, currency }),
            _ => Err(MoneyError::OutOfRange),
        }
    }

    /// The amount as decimal text with all the fraction digits of its currency: `1250.00`.
    #[must_use]
    pub fn decimal(self) -> String {
        decimal_text(i128::from(self.minor), self.currency)
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.decimal(), self.currency)
    }
}

/// A sum of minor units as decimal text, `1250.00`; sums may be larger than any one [`Money`].
#[must_use]
pub fn decimal_text(minor: i128, currency: Currency) -> String {
    let digits = currency.fraction_digits() as usize;
    let sign = if minor < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", minor.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Reads `[+-]digits[.digits]` into an unscaled number and its count of fraction digits; at most 30 digits.
#[must_use]
pub fn parse_decimal(text: &str) -> Option<(i128, u32)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let count = whole.len() + fraction.len();
    if count == 0 || count > 30 {
        return None;
    }
    let mut unscaled: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        unscaled = unscaled * 10 + i128::from(byte - b'0');
    }
    let scale = u32::try_from(fraction.len()).ok()?;
    Some((if negative { -unscaled } else { unscaled }, scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).unwrap()
    }

    #[test]
    fn codes_go_both_ways() {
        for code in CODES.split_ascii_whitespace() {
            let currency = currency(code);
            assert_eq!(currency.code(), code);
            assert_eq!(Currency::from_number(currency.number()), Some(currency));
        }
        for code in ["", "US", "usd", "USDX", "ZZZ", "DEM", "U$D"] {
            assert_eq!(Currency::from_code(code), Err(MoneyError::UnknownCurrency), "{code}");
        }
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        let usd = currency("USD");
        for (text, code, expected) in [
            ("1250.00", "USD", Ok(125_000)),
            ("-0.5", "USD", Ok(-50)),
            (".5", "USD", Ok(50)),
            ("7.", "USD", Ok(700)),
            ("1.2300", "USD", Ok(123)),
            ("1.234", "USD", Err(MoneyError::TooManyDigits { currency: usd, digits: 2 })),
            ("1.234", "KWD", Ok(1234)),
            ("125000", "JPY", Ok(125_000)),
            ("10000000000000.00", "USD", Ok(MAX_MINOR_UNITS)),
            ("10000000000000.01", "USD", Err(MoneyError::OutOfRange)),
            ("999999999999999999999999999999", "USD", Err(MoneyError::OutOfRange)),
            ("9999999999999999999999999999999", "USD", Err(MoneyError::NotADecimal)),
            ("", "USD", Err(MoneyError::NotADecimal)),
            ("1,250", "USD", Err(MoneyError::NotADecimal)),
            ("1e3", "USD", Err(MoneyError::NotADecimal)),
            ("--1", "USD", Err(MoneyError::NotADecimal)),
        ] {
            assert_eq!(
                Money::parse(text, currency(code)).map(|money| money.minor),
                expected,
                "{text} {code}"
            );
        }
    }

    proptest! {
        #[test]
        fn text_goes_both_ways(minor in -MAX_MINOR_UNITS..=MAX_MINOR_UNITS, code in prop::sample::select(vec!["USD", "JPY", "KWD", "CLF"])) {
            let money = Money { minor, currency: currency(code) };
            prop_assert_eq!(Money::parse(&money.decimal(), money.currency), Ok(money));
        }
    }
}
