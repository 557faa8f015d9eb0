//! Fields that are more than text: dates, amounts and rates, with what the report should note about them.

use anyhow::{Context as _, ensure};
use model::{Currency, Day, FxRate, Money, MoneyError, Timestamp, parse_decimal};

use super::binder::RuleBinder;
use super::dates::{DateProblem, DateReader, Reading};
use super::field::{Field, Row};
use super::mapping::{Amounts, Dates, ExcessDigits, Expression};
use super::problem::{Problem, ProblemKind, shown};
use super::report::{NoteKind, Notes};

/// A date or time.
#[derive(Debug)]
pub(super) struct DateField {
    /// The text.
    pub(super) field: Field,
    /// How it is written.
    pub(super) reader: DateReader,
}

impl DateField {
    /// The field of this name, in the formats of the rule or else of the mapping.
    ///
    /// # Errors
    /// The field, or the formats.
    pub(super) fn bind(
        binder: &mut RuleBinder<'_, '_>,
        name: &str,
        expression: &Expression,
        dates: Option<&Dates>,
    ) -> anyhow::Result<Self> {
        let (dates, place) = match dates {
            Some(dates) => (dates, format!("{}.dates", binder.path())),
            None => (&binder.mapping().dates, "dates".to_owned()),
        };
        Ok(Self { reader: DateReader::new(dates).context(place)?, field: binder.field(name, expression)? })
    }

    /// The field of this name, if it is given.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub(super) fn optional(
        binder: &mut RuleBinder<'_, '_>,
        name: &str,
        expression: Option<&Expression>,
        dates: Option<&Dates>,
    ) -> anyhow::Result<Option<Self>> {
        expression.map(|expression| Self::bind(binder, name, expression, dates)).transpose()
    }

    /// The moment, if there is a text.
    pub(super) fn moment(&self, row: &Row<'_>, notes: &mut Notes) -> Result<Option<Timestamp>, Problem> {
        self.read(row, notes, |reader, text| reader.moment(text))
    }

    /// The day, if there is a text.
    pub(super) fn day(&self, row: &Row<'_>, notes: &mut Notes) -> Result<Option<Day>, Problem> {
        self.read(row, notes, |reader, text| reader.day(text))
    }

    fn read<T>(
        &self,
        row: &Row<'_>,
        notes: &mut Notes,
        read: impl Fn(&DateReader, &str) -> Result<Reading<T>, DateProblem>,
    ) -> Result<Option<T>, Problem> {
        let text = self.field.text(row)?;
        if text.is_empty() {
            return Ok(None);
        }
        let reading = read(&self.reader, &text).map_err(|problem| {
            let kind = match problem {
                DateProblem::NoFormat => ProblemKind::BadDate,
                DateProblem::OutOfRange => ProblemKind::DateOutOfRange,
                DateProblem::Skipped => ProblemKind::SkippedTime,
            };
            let expected = self.reader.expected(problem);
            self.field.problem(kind, format!("found {}, {expected}", shown(&text)))
        })?;
        if let Some((first, second)) = reading.also {
            notes.add(&self.field, NoteKind::DateReadTwoWays { first, second }, row, &text);
        }
        if reading.clock_set_back {
            notes.add(&self.field, NoteKind::ClockSetBack, row, &text);
        }
        Ok(Some(reading.value))
    }
}

/// A decimal number as a mapping says that it is written.
#[derive(Debug)]
struct DecimalReader {
    decimal_separator: char,
    thousands_separator: Option<char>,
    strip: Vec<String>,
    excess_digits: ExcessDigits,
}

impl DecimalReader {
    fn new(amounts: &Amounts) -> anyhow::Result<Self> {
        let separators = [Some(amounts.decimal_separator), amounts.thousands_separator];
        ensure!(
            separators[0] != separators[1],
            "decimal_separator and thousands_separator are both {:?}; expected two different characters",
            amounts.decimal_separator
        );
        for separator in separators.into_iter().flatten() {
            ensure!(
                !separator.is_alphanumeric() && separator != '-' && separator != '+',
                "{separator:?} is not a separator"
            );
        }
        ensure!(
            amounts.strip.iter().all(|symbol| !symbol.trim().is_empty()),
            "strip holds an empty text; expected symbols such as \"$\""
        );
        Ok(Self {
            decimal_separator: amounts.decimal_separator,
            thousands_separator: amounts.thousands_separator,
            strip: amounts.strip.iter().map(|symbol| symbol.trim().to_owned()).collect(),
            excess_digits: amounts.excess_digits,
        })
    }

    /// The number as unscaled digits and their scale.
    fn read(&self, text: &str) -> Option<(i128, u32)> {
        let text = self.stripped(text);
        let (sign, text) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let text = self.stripped(text);
        let (whole, fraction) = text.split_once(self.decimal_separator).unwrap_or((text, ""));
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let whole = match self.thousands_separator {
            Some(separator) if whole.contains(separator) => ungrouped(whole, separator)?,
            _ => whole.to_owned(),
        };
        if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        parse_decimal(&format!("{sign}{whole}.{fraction}"))
    }

    fn stripped<'t>(&self, text: &'t str) -> &'t str {
        let mut text = text.trim();
        let symbols = |text: &'t str| {
            self.strip.iter().find_map(|symbol| {
                text.strip_prefix(symbol.as_str()).or_else(|| text.strip_suffix(symbol.as_str()))
            })
        };
        while let Some(rest) = symbols(text) {
            text = rest.trim();
        }
        text
    }

    fn expected(&self) -> String {
        let decimal = self.decimal_separator;
        let sample = match self.thousands_separator {
            Some(thousands) => format!("1{thousands}250{decimal}00"),
            None => format!("1250{decimal}00"),
        };
        let strip =
            if self.strip.is_empty() { String::new() } else { format!(", with or without {:?}", self.strip) };
        format!("expected a number as {sample}{strip}")
    }
}

/// The digits of a whole number in groups: the last has three, those before two or three, so that `1,25` is no 125.
fn ungrouped(whole: &str, separator: char) -> Option<String> {
    let groups: Vec<&str> = whole.split(separator).collect();
    let (last, before) = groups.split_last()?;
    let (first, between) = before.split_first()?;
    let fits = last.len() == 3
        && (1..=3).contains(&first.len())
        && between.iter().all(|group| (2..=3).contains(&group.len()));
    fits.then(|| groups.concat())
}

/// An amount and its currency.
#[derive(Debug)]
pub(super) struct MoneyField {
    field: Field,
    currency: Field,
    reader: DecimalReader,
}

impl MoneyField {
    /// The field of this name, as the rule or else the mapping says that amounts are written.
    ///
    /// # Errors
    /// The field, the separators, or that there is no currency.
    pub(super) fn bind(
        binder: &mut RuleBinder<'_, '_>,
        name: &str,
        expression: &Expression,
        amounts: Option<&Amounts>,
    ) -> anyhow::Result<Self> {
        let (amounts, place) = amounts_of(binder, amounts);
        let currency = amounts.currency.as_ref();
        let currency = currency.with_context(|| {
            format!(
                "{}.{name}: {place}.currency is missing; expected such as \"USD\" or \"{{column}}\"",
                binder.path()
            )
        })?;
        Ok(Self {
            field: binder.field(name, expression)?,
            currency: binder.field(&format!("{name} ({place}.currency)"), currency)?,
            reader: DecimalReader::new(amounts).context(place)?,
        })
    }

    /// The amount, if there is a text.
    pub(super) fn money(&self, row: &Row<'_>, notes: &mut Notes) -> Result<Option<Money>, Problem> {
        let text = self.field.text(row)?;
        if text.is_empty() {
            return Ok(None);
        }
        let currency = currency(&self.currency, row)?;
        let bad = |what: String| {
            let expected = self.reader.expected();
            let detail = format!("found {}{what}, {expected}", shown(&text));
            self.field.problem(ProblemKind::BadAmount, detail)
        };
        let (unscaled, scale) = self.reader.read(&text).ok_or_else(|| bad(String::new()))?;
        let digits = currency.fraction_digits();
        let money = match Money::from_decimal(unscaled, scale, currency) {
            Err(MoneyError::TooManyDigits { .. }) if self.reader.excess_digits == ExcessDigits::Round => {
                notes.add(&self.field, NoteKind::Rounded, row, &text);
                Money::from_decimal(rounded(unscaled, scale, digits), digits, currency)
            }
            other => other,
        };
        let money = money.map_err(|error| bad(format!(", which {error}")))?;
        if scale == 3 && digits < 3 {
            notes.add(&self.field, NoteKind::ThreeFractionDigits, row, &text);
        }
        Ok(Some(money))
    }

    /// The amount, which must be there and not below 0.
    pub(super) fn required(&self, row: &Row<'_>, notes: &mut Notes) -> Result<Money, Problem> {
        let text = self.field.required(row)?;
        match self.money(row, notes)? {
            Some(money) if money.minor >= 0 => Ok(money),
            _ => {
                let detail = format!("found {}, expected an amount from 0 on", shown(&text));
                Err(self.field.problem(ProblemKind::BadAmount, detail))
            }
        }
    }
}

/// The currency in a field.
pub(super) fn currency(field: &Field, row: &Row<'_>) -> Result<Currency, Problem> {
    let code = field.required(row)?;
    Currency::from_code(&code.to_ascii_uppercase()).map_err(|error| {
        field.problem(ProblemKind::BadCurrency, format!("found {}, which {error}", shown(&code)))
    })
}

/// An exchange rate.
#[derive(Debug)]
pub(super) struct RateField {
    field: Field,
    reader: DecimalReader,
}

impl RateField {
    /// The field of this name.
    ///
    /// # Errors
    /// The field or the separators.
    pub(super) fn bind(
        binder: &mut RuleBinder<'_, '_>,
        name: &str,
        expression: &Expression,
        amounts: Option<&Amounts>,
    ) -> anyhow::Result<Self> {
        let (amounts, place) = amounts_of(binder, amounts);
        Ok(Self {
            field: binder.field(name, expression)?,
            reader: DecimalReader::new(amounts).context(place)?,
        })
    }

    /// The rate, times 10^[`FxRate::SCALE`].
    pub(super) fn rate(&self, row: &Row<'_>, notes: &mut Notes) -> Result<i64, Problem> {
        let text = self.field.required(row)?;
        let bad = |what: &str| {
            let detail = format!("found {}{what}, {}", shown(&text), self.reader.expected());
            self.field.problem(ProblemKind::BadAmount, detail)
        };
        let (unscaled, scale) = self.reader.read(&text).ok_or_else(|| bad(""))?;
        let scaled = if scale <= FxRate::SCALE {
            unscaled.checked_mul(10_i128.pow(FxRate::SCALE - scale))
        } else {
            let whole = rounded(unscaled, scale, FxRate::SCALE);
            if whole.checked_mul(10_i128.pow(scale - FxRate::SCALE)) != Some(unscaled) {
                if self.reader.excess_digits == ExcessDigits::Reject {
                    return Err(bad(", which has more than 12 fraction digits"));
                }
                notes.add(&self.field, NoteKind::Rounded, row, &text);
            }
            Some(whole)
        };
        match scaled.and_then(|rate| i64::try_from(rate).ok()) {
            Some(rate) if rate > 0 => Ok(rate),
            _ => Err(bad(", which is not above 0 and below 9223372")),
        }
    }
}

fn amounts_of<'a, 'm: 'a>(
    binder: &RuleBinder<'_, 'm>,
    amounts: Option<&'a Amounts>,
) -> (&'a Amounts, String) {
    match amounts {
        Some(amounts) => (amounts, format!("{}.amounts", binder.path())),
        None => (&binder.mapping().amounts, "amounts".to_owned()),
    }
}

/// A number of fewer fraction digits, to the nearest, halves away from zero. `scale - digits` is at most 30.
fn rounded(unscaled: i128, scale: u32, digits: u32) -> i128 {
    let divisor = 10_i128.pow(scale - digits);
    let (whole, rest) = (unscaled / divisor, unscaled % divisor);
    if rest.abs() * 2 >= divisor { whole + rest.signum() } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(text: &str) -> anyhow::Result<DecimalReader> {
        DecimalReader::new(&toml::from_str(text).unwrap())
    }

    #[test]
    fn numbers_are_read_as_they_are_said_to_be_written() {
        let plain = "";
        let american = "thousands_separator = \",\"\nstrip = [\"$\", \"USD\"]";
        let german = "decimal_separator = \",\"\nthousands_separator = \".\"\nstrip = [\"€\"]";
        for (options, text, expected) in [
            (plain, "1054", Some((1054, 0))),
            (plain, "1250.50", Some((125_050, 2))),
            (plain, "-.5", Some((-5, 1))),
            (plain, "1,250", None),
            (plain, "$5", None),
            (plain, "1.2.3", None),
            (plain, "1e3", None),
            (plain, ".", None),
            (plain, "-", None),
            (plain, "--5", None),
            (plain, "٣", None),
            (american, "$1,234,567.80", Some((123_456_780, 2))),
            (american, "-$1,250.00", Some((-125_000, 2))),
            (american, "$ -1,250", Some((-1250, 0))),
            (american, "1250 USD", Some((1250, 0))),
            (american, "12,34,567", Some((1_234_567, 0))),
            (american, "1,25", None),
            (american, "1,2,345", None),
            (american, ",250", None),
            (american, "1234,567", None),
            (american, "1.234,56", None),
            (american, "$", None),
            (german, "1.234.567,80 €", Some((123_456_780, 2))),
            (german, "1.25", None),
            (german, "0,5", Some((5, 1))),
        ] {
            assert_eq!(reader(options).unwrap().read(text), expected, "{text:?} with {options:?}");
        }
        let long = "9".repeat(100_000);
        assert_eq!(reader("").unwrap().read(&long), None);
    }

    #[test]
    fn separators_must_make_sense() {
        for (options, expected) in [
            ("thousands_separator = \".\"", "are both '.'"),
            ("decimal_separator = \"0\"", "'0' is not a separator"),
            ("thousands_separator = \"-\"", "'-' is not a separator"),
            ("strip = [\" \"]", "strip holds an empty text"),
        ] {
            let error = reader(options).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (unscaled, expected) in
            [(12_344, 1234), (12_345, 1235), (-12_344, -1234), (-12_345, -1235), (4, 0), (5, 1)]
        {
            assert_eq!(rounded(unscaled, 3, 2), expected, "{unscaled}");
        }
    }
}
