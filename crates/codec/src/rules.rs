//! From a draft to a record: the rules of every field, the same for all wire forms.
//!
//! A rule that is broken is a [`Reject`] that names the field, what was found and what was expected; texts from
//! outside are quoted and cut. Must not know bytes, schemas or JSON, nor anything that only a configuration can judge
//! (stages, periods).

use std::borrow::Cow;

use model::{
    ActivityEvent, Category, Credit, Currency, Day, DealEvent, Event, FxRate, Goal, GoalScope, MAX_CREDITS,
    Money, Quota, ReferenceRecord, Reject, RejectReason, Rep, Territory, Timestamp, WHOLE_SHARE_BASIS_POINTS,
    check_identifier, parse_decimal,
};

use crate::draft::{CreditDraft, Draft, Field, Value};
use crate::record::{Record, RecordKind};
use crate::words::quoted;

/// The longest activity that is accepted, in seconds: 30 days.
pub const MAX_DURATION_SECONDS: u32 = 30 * 86_400;

/// The longest of the texts that are checked and not kept, in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 4_096;

/// The record of a kind in a draft.
pub(crate) fn record<'a>(kind: RecordKind, draft: &mut Draft<'a, '_>) -> Result<Record<'a>, Reject> {
    let reference = match kind {
        RecordKind::Deal => return deal(draft).map(|event| Record::Event(Event::Deal(event))),
        RecordKind::Activity => return activity(draft).map(|event| Record::Event(Event::Activity(event))),
        RecordKind::Rep => ReferenceRecord::Rep(rep(draft)?),
        RecordKind::Territory => ReferenceRecord::Territory(territory(draft)?),
        RecordKind::Quota => ReferenceRecord::Quota(quota(draft)?),
        RecordKind::FxRate => ReferenceRecord::FxRate(fx_rate(draft)?),
        RecordKind::Goal => ReferenceRecord::Goal(goal(draft)?),
    };
    Ok(Record::Reference(reference))
}

fn deal<'a>(draft: &mut Draft<'a, '_>) -> Result<DealEvent<'a>, Reject> {
    optional_text(draft, Field::LeadSource)?;
    optional_text(draft, Field::LossReason)?;
    Ok(DealEvent {
        event_id: identifier(draft, Field::EventId)?,
        deal_id: identifier(draft, Field::DealId)?,
        occurred_at: required(Field::OccurredAt, moment(draft)?)?,
        version: integer(draft, Field::Version)?,
        pipeline: optional_identifier(draft, Field::Pipeline)?.unwrap_or(Cow::Borrowed("default")),
        stage: identifier(draft, Field::Stage)?,
        rep_id: identifier(draft, Field::RepId)?,
        territory_id: identifier(draft, Field::TerritoryId)?,
        amount: money(draft, Field::Amount)?,
        expected_close: day(draft, Field::ExpectedClose)?,
        credits: credits(draft)?,
        deleted: boolean(draft, Field::Deleted)?,
    })
}

fn activity<'a>(draft: &mut Draft<'a, '_>) -> Result<ActivityEvent<'a>, Reject> {
    optional_identifier(draft, Field::AccountId)?;
    optional_text(draft, Field::Outcome)?;
    Ok(ActivityEvent {
        event_id: identifier(draft, Field::EventId)?,
        activity_id: identifier(draft, Field::ActivityId)?,
        occurred_at: required(Field::OccurredAt, moment(draft)?)?,
        version: integer(draft, Field::Version)?,
        rep_id: identifier(draft, Field::RepId)?,
        territory_id: identifier(draft, Field::TerritoryId)?,
        deal_id: optional_identifier(draft, Field::DealId)?,
        category: category(draft)?,
        kind: identifier(draft, Field::Kind)?,
        duration_seconds: duration(draft)?,
        retracted: boolean(draft, Field::Retracted)?,
    })
}

fn rep(draft: &mut Draft<'_, '_>) -> Result<Rep, Reject> {
    Ok(Rep {
        rep_id: identifier(draft, Field::RepId)?.into_owned(),
        name: identifier(draft, Field::Name)?.into_owned(),
        team_id: optional_identifier(draft, Field::TeamId)?.map(Cow::into_owned),
        territory_id: optional_identifier(draft, Field::TerritoryId)?.map(Cow::into_owned),
        started_on: day(draft, Field::StartedOn)?,
        ended_on: day(draft, Field::EndedOn)?,
    })
}

fn territory(draft: &mut Draft<'_, '_>) -> Result<Territory, Reject> {
    Ok(Territory {
        territory_id: identifier(draft, Field::TerritoryId)?.into_owned(),
        name: identifier(draft, Field::Name)?.into_owned(),
        parent_id: optional_identifier(draft, Field::ParentId)?.map(Cow::into_owned),
    })
}

fn quota(draft: &mut Draft<'_, '_>) -> Result<Quota, Reject> {
    Ok(Quota {
        rep_id: identifier(draft, Field::RepId)?.into_owned(),
        period: identifier(draft, Field::Period)?.into_owned(),
        amount: required(Field::Amount, money(draft, Field::Amount)?)?,
        effective_from: day(draft, Field::EffectiveFrom)?,
    })
}

fn fx_rate(draft: &mut Draft<'_, '_>) -> Result<FxRate, Reject> {
    Ok(FxRate {
        currency: required(Field::Currency, currency(draft)?)?,
        rate: rate(draft)?,
        effective_from: required(Field::EffectiveFrom, day(draft, Field::EffectiveFrom)?)?,
    })
}

fn goal(draft: &mut Draft<'_, '_>) -> Result<Goal, Reject> {
    let scope = identifier(draft, Field::Scope)?;
    let scope_id = optional_identifier(draft, Field::ScopeId)?.map(Cow::into_owned);
    let scope = match &*scope {
        "company" if scope_id.is_some() => {
            return Err(invalid(Field::ScopeId, "is there, but a company's goal has none"));
        }
        "company" => GoalScope::Company,
        "territory" => GoalScope::Territory(required(Field::ScopeId, scope_id)?),
        "team" => GoalScope::Team(required(Field::ScopeId, scope_id)?),
        "rep" => GoalScope::Rep(required(Field::ScopeId, scope_id)?),
        _ => {
            return Err(invalid(
                Field::Scope,
                format_args!("{} is none of company, territory, team, rep", quoted(&scope)),
            ));
        }
    };
    Ok(Goal {
        scope,
        period: identifier(draft, Field::Period)?.into_owned(),
        won_amount: required(Field::WonAmount, money(draft, Field::WonAmount)?)?,
    })
}

/// A reject for a field's value.
#[cold]
pub(crate) fn invalid(field: Field, what: impl std::fmt::Display) -> Reject {
    Reject::new(RejectReason::InvalidField, format!("field {}: {what}", field.name()))
}

/// A reject for a field that is written as what it cannot be read as, in words that name the field.
#[cold]
pub(crate) fn refused(cause: &str) -> Reject {
    Reject::new(RejectReason::InvalidField, cause)
}

#[cold]
fn missing(field: Field) -> Reject {
    Reject::new(RejectReason::MissingField, format!("field {} is missing", field.name()))
}

fn required<T>(field: Field, value: Option<T>) -> Result<T, Reject> {
    value.ok_or_else(|| missing(field))
}

#[cold]
fn unfit(field: Field, found: Value<'_, '_>) -> Reject {
    let found = match found {
        Value::Absent | Value::Null => "nothing",
        Value::Text(_) | Value::Escaped(_) | Value::Symbol(_) => "text",
        Value::Integer(_) => "an integer",
        Value::Boolean(_) => "true or false",
        Value::Micros(_) => "a time",
        Value::Day(_) => "a date",
        Value::Decimal { .. } => "a decimal number",
        Value::Credits => "credits",
        Value::Unfit(words) => words,
    };
    invalid(field, format_args!("is {found}, expected {}", field.shape().expected()))
}

/// The text in a field, if there is one.
fn text<'d>(draft: &'d Draft<'_, '_>, field: Field) -> Result<Option<&'d str>, Reject> {
    match draft.get(field) {
        Value::Absent | Value::Null => Ok(None),
        value => draft.text(value).map(Some).ok_or_else(|| unfit(field, value)),
    }
}

fn checked_identifier<'a, 'p>(
    draft: &mut Draft<'a, 'p>,
    field: Field,
    value: Value<'a, 'p>,
) -> Result<Option<Cow<'a, str>>, Reject> {
    if let Value::Absent | Value::Null = value {
        return Ok(None);
    }
    let Some(text) = draft.take_text(value) else {
        return Err(unfit(field, value));
    };
    match check_identifier(&text) {
        Ok(()) => Ok(Some(text)),
        Err(error) => Err(invalid(field, format_args!("{} {error}", quoted(&text)))),
    }
}

fn optional_identifier<'a>(draft: &mut Draft<'a, '_>, field: Field) -> Result<Option<Cow<'a, str>>, Reject> {
    checked_identifier(draft, field, draft.get(field))
}

fn identifier<'a>(draft: &mut Draft<'a, '_>, field: Field) -> Result<Cow<'a, str>, Reject> {
    required(field, optional_identifier(draft, field)?)
}

fn optional_text(draft: &Draft<'_, '_>, field: Field) -> Result<(), Reject> {
    match text(draft, field)? {
        Some(text) if text.len() > MAX_TEXT_BYTES => Err(invalid(
            field,
            format_args!("is {} bytes long, expected at most {MAX_TEXT_BYTES}", text.len()),
        )),
        _ => Ok(()),
    }
}

fn checked_integer(field: Field, value: Value<'_, '_>) -> Result<Option<i64>, Reject> {
    match value {
        Value::Integer(number) => Ok(Some(number)),
        Value::Absent | Value::Null => Ok(None),
        other => Err(unfit(field, other)),
    }
}

fn integer(draft: &Draft<'_, '_>, field: Field) -> Result<Option<i64>, Reject> {
    checked_integer(field, draft.get(field))
}

fn checked_boolean(field: Field, value: Value<'_, '_>) -> Result<bool, Reject> {
    match value {
        Value::Boolean(flag) => Ok(flag),
        Value::Absent | Value::Null => Ok(false),
        other => Err(unfit(field, other)),
    }
}

fn boolean(draft: &Draft<'_, '_>, field: Field) -> Result<bool, Reject> {
    checked_boolean(field, draft.get(field))
}

fn moment(draft: &Draft<'_, '_>) -> Result<Option<Timestamp>, Reject> {
    let field = Field::OccurredAt;
    if let Value::Micros(micros) = draft.get(field) {
        return Timestamp::from_micros(micros)
            .map(Some)
            .map_err(|error| invalid(field, format_args!("{micros} microseconds since 1970 {error}")));
    }
    text(draft, field)?
        .map(|text| {
            Timestamp::parse(text).map_err(|error| invalid(field, format_args!("{} {error}", quoted(text))))
        })
        .transpose()
}

fn day(draft: &Draft<'_, '_>, field: Field) -> Result<Option<Day>, Reject> {
    if let Value::Day(number) = draft.get(field) {
        return Day::checked(number)
            .map(Some)
            .map_err(|error| invalid(field, format_args!("{number} days since 1970 {error}")));
    }
    text(draft, field)?
        .map(|text| {
            Day::parse(text).map_err(|error| invalid(field, format_args!("{} {error}", quoted(text))))
        })
        .transpose()
}

fn currency(draft: &Draft<'_, '_>) -> Result<Option<Currency>, Reject> {
    let field = Field::Currency;
    text(draft, field)?
        .map(|code| {
            Currency::from_code(code)
                .map_err(|error| invalid(field, format_args!("{} {error}", quoted(code))))
        })
        .transpose()
}

/// The decimal number in a field, if there is one, with its words for messages.
fn decimal<'d>(draft: &'d Draft<'_, '_>, field: Field) -> Result<Option<(i128, u32, Numeral<'d>)>, Reject> {
    if let Value::Decimal { unscaled, scale } = draft.get(field) {
        let number = wide(unscaled).ok_or_else(|| {
            invalid(field, format_args!("is a decimal of {} bytes, beyond any amount", unscaled.len()))
        })?;
        return Ok(Some((number, scale, Numeral::Parts(number, scale))));
    }
    let Some(text) = text(draft, field)? else {
        return Ok(None);
    };
    let (unscaled, scale) = parse_decimal(text).ok_or_else(|| {
        invalid(field, format_args!("{} is not a decimal number such as 1250.00", quoted(text)))
    })?;
    Ok(Some((unscaled, scale, Numeral::Text(text))))
}

/// A number as it was written.
enum Numeral<'v> {
    Text(&'v str),
    Parts(i128, u32),
}

impl std::fmt::Display for Numeral<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Text(text) => formatter.write_str(&quoted(text)),
            Self::Parts(unscaled, 0) => write!(formatter, "\"{unscaled}\""),
            Self::Parts(unscaled, scale @ 1..=40) => {
                let scale = scale as usize;
                let sign = if unscaled < 0 { "-" } else { "" };
                let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
                let (whole, fraction) = digits.split_at(digits.len() - scale);
                write!(formatter, "\"{sign}{whole}.{fraction}\"")
            }
            Self::Parts(unscaled, scale) => write!(formatter, "{unscaled} of scale {scale}"),
        }
    }
}

/// A big-endian two's complement number of any length, if it fits.
fn wide(bytes: &[u8]) -> Option<i128> {
    if let Ok(eight) = <[u8; 8]>::try_from(bytes) {
        return Some(i128::from(i64::from_be_bytes(eight)));
    }
    let filler = match bytes.first() {
        Some(first) if first & 0x80 != 0 => 0xff,
        _ => 0,
    };
    let mut all = [filler; 16];
    let spare = bytes.len().saturating_sub(16);
    let (beyond, kept) = bytes.split_at(spare);
    all[16 - kept.len()..].copy_from_slice(kept);
    let number = i128::from_be_bytes(all);
    let sign_held = kept.len() < 16 || (number < 0) == (filler == 0xff);
    (sign_held && beyond.iter().all(|&byte| byte == filler)).then_some(number)
}

/// The amount in a field in the draft's currency; a currency without an amount is checked all the same.
fn money(draft: &Draft<'_, '_>, field: Field) -> Result<Option<Money>, Reject> {
    let currency = currency(draft)?;
    let Some((unscaled, scale, numeral)) = decimal(draft, field)? else {
        return Ok(None);
    };
    let currency = required(Field::Currency, currency)?;
    Money::from_decimal(unscaled, scale, currency)
        .map(Some)
        .map_err(|error| invalid(field, format_args!("{numeral} {error}")))
}

/// The rate, times 10^[`FxRate::SCALE`].
fn rate(draft: &Draft<'_, '_>) -> Result<i64, Reject> {
    let (unscaled, scale, numeral) = required(Field::Rate, decimal(draft, Field::Rate)?)?;
    let scaled = if scale <= FxRate::SCALE {
        unscaled.checked_mul(10_i128.pow(FxRate::SCALE - scale))
    } else {
        match 10_i128.checked_pow(scale - FxRate::SCALE) {
            Some(divisor) if unscaled % divisor == 0 => Some(unscaled / divisor),
            _ => {
                let what = format_args!("{numeral} has more than {} fraction digits", FxRate::SCALE);
                return Err(invalid(Field::Rate, what));
            }
        }
    };
    match scaled.and_then(|scaled| i64::try_from(scaled).ok()) {
        Some(rate) if rate > 0 => Ok(rate),
        _ => Err(invalid(Field::Rate, format_args!("{numeral} is not above 0 and below 9223372"))),
    }
}

fn category(draft: &Draft<'_, '_>) -> Result<Category, Reject> {
    let name = required(Field::Category, text(draft, Field::Category)?)?;
    Category::from_name(name).ok_or_else(|| {
        let known = Category::ALL.map(Category::name).join(", ");
        invalid(Field::Category, format_args!("{} is none of {known}", quoted(name)))
    })
}

fn duration(draft: &Draft<'_, '_>) -> Result<u32, Reject> {
    let field = Field::DurationSeconds;
    let seconds = required(field, integer(draft, field)?)?;
    match u32::try_from(seconds) {
        Ok(seconds) if seconds <= MAX_DURATION_SECONDS => Ok(seconds),
        _ => Err(invalid(field, format_args!("{seconds} is not 0 to {MAX_DURATION_SECONDS} (30 days)"))),
    }
}

fn credits<'a>(draft: &mut Draft<'a, '_>) -> Result<Vec<Credit<'a>>, Reject> {
    match draft.get(Field::Credits) {
        Value::Absent | Value::Null => return Ok(Vec::new()),
        Value::Credits => {}
        other => return Err(unfit(Field::Credits, other)),
    }
    let drafts = std::mem::take(&mut draft.credits);
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    if drafts.len() > MAX_CREDITS {
        return Err(too_many_credits());
    }
    let mut credits: Vec<Credit<'a>> = Vec::with_capacity(drafts.len());
    let mut whole = 0;
    for one in drafts {
        let credit = credit(draft, one)?;
        if credits.iter().any(|earlier| earlier.rep_id == credit.rep_id) {
            return Err(invalid(
                Field::Credits,
                format_args!("rep {} is there more than once", quoted(&credit.rep_id)),
            ));
        }
        if !credit.overlay {
            whole += credit.share_basis_points;
        }
        credits.push(credit);
    }
    if whole == WHOLE_SHARE_BASIS_POINTS {
        Ok(credits)
    } else {
        Err(invalid(
            Field::Credits,
            format_args!(
                "the shares of those that are not overlays add up to {whole}, expected {WHOLE_SHARE_BASIS_POINTS}"
            ),
        ))
    }
}

#[cold]
pub(crate) fn too_many_credits() -> Reject {
    invalid(Field::Credits, format_args!("has more than the {MAX_CREDITS} that one deal may carry"))
}

fn credit<'a, 'p>(draft: &mut Draft<'a, 'p>, credit: CreditDraft<'a, 'p>) -> Result<Credit<'a>, Reject> {
    let within = |mut reject: Reject| {
        reject.detail = format!("field credits: {}", reject.detail);
        reject
    };
    let rep_id = checked_identifier(draft, Field::RepId, credit.rep_id)
        .and_then(|rep_id| required(Field::RepId, rep_id))
        .map_err(within)?;
    let share = checked_integer(Field::ShareBasisPoints, credit.share_basis_points)
        .and_then(|share| required(Field::ShareBasisPoints, share))
        .map_err(within)?;
    let overlay = checked_boolean(Field::Overlay, credit.overlay).map_err(within)?;
    match u32::try_from(share) {
        Ok(share_basis_points @ 1..=WHOLE_SHARE_BASIS_POINTS) => {
            Ok(Credit { rep_id, share_basis_points, overlay })
        }
        _ => Err(within(invalid(
            Field::ShareBasisPoints,
            format_args!("{share} is not 1 to {WHOLE_SHARE_BASIS_POINTS}"),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_read_if_they_fit() {
        let wider = |first: &[u8], number: i128| [first, &number.to_be_bytes()].concat();
        for (bytes, expected) in [
            (vec![], Some(0)),
            (vec![0x7f], Some(127)),
            (vec![0x80], Some(-128)),
            (vec![0x00, 0x80], Some(128)),
            ((-5_i64).to_be_bytes().to_vec(), Some(-5)),
            (i128::MIN.to_be_bytes().to_vec(), Some(i128::MIN)),
            (wider(&[0, 0], i128::MAX), Some(i128::MAX)),
            (wider(&[0xff; 9], -7), Some(-7)),
            (wider(&[0], -7), None),
            (wider(&[0xff], 7), None),
            (wider(&[1], 7), None),
            (wider(&[0xff, 0], 7), None),
        ] {
            assert_eq!(wide(&bytes), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn decimals_are_shown_as_written() {
        for (unscaled, scale, expected) in
            [(12_345, 3, "\"12.345\""), (-5, 4, "\"-0.0005\""), (-7, 0, "\"-7\""), (7, 41, "7 of scale 41")]
        {
            assert_eq!(Numeral::Parts(unscaled, scale).to_string(), expected);
        }
    }
}
