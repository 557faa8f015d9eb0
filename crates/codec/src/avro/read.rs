//! Running a plan over the bytes of a datum.
//!
//! Texts are borrowed from the bytes, symbols from the plan; nothing is allocated but for credits.

use model::{MAX_CREDITS, Reject, RejectReason};

use super::cursor::Cursor;
use super::plan::{Branch, Plan, Read, RecordPlan, Root, Step, Unit};
use super::skip::Skipper;
use crate::draft::{CreditDraft, Draft, Value};
use crate::record::Record;
use crate::rules;

/// The record in a value whose datum begins at `start`, which is at most the value's length.
pub(crate) fn decode<'a>(plan: &Plan, value: &'a [u8], start: usize) -> Result<Record<'a>, Reject> {
    let mut cursor = Cursor::new(value, start);
    let record = match &plan.root {
        Root::Record(record) => record,
        Root::Other(name) => return Err(unexpected(name)),
        Root::Union(branches) => match &branches[cursor.index(branches.len())?] {
            Branch::Record(record) => record,
            Branch::Null => return Err(cursor.damage("the record is null").into()),
            Branch::Other(name) => return Err(unexpected(name)),
        },
    };
    let mut draft = Draft::new();
    let mut reader = Reader { skipper: Skipper::new(&plan.nodes, cursor.remaining()), cursor };
    reader.record(record, &mut draft)?;
    if reader.cursor.remaining() > 0 {
        return Err(reader.cursor.damage("bytes behind the record").into());
    }
    rules::record(record.kind, &mut draft)
}

#[cold]
fn unexpected(name: &str) -> Reject {
    Reject::new(
        RejectReason::UnexpectedType,
        format!("a record of type {name}, which is not what the topic carries"),
    )
}

struct Reader<'a, 'p> {
    cursor: Cursor<'a>,
    skipper: Skipper<'p>,
}

impl<'a, 'p> Reader<'a, 'p> {
    fn record(&mut self, plan: &'p RecordPlan, draft: &mut Draft<'a, 'p>) -> Result<(), Reject> {
        for step in &plan.steps {
            match step {
                Step::Take(field, read) => *draft.slot(*field) = self.value(read, draft)?,
                Step::Skip(skip) => self.skipper.skip(&mut self.cursor, *skip)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn value(&mut self, read: &'p Read, draft: &mut Draft<'a, 'p>) -> Result<Value<'a, 'p>, Reject> {
        let cursor = &mut self.cursor;
        let read = match read {
            Read::Union(reads) => &reads[cursor.index(reads.len())?],
            read => read,
        };
        Ok(match read {
            Read::Null => Value::Null,
            Read::Boolean => Value::Boolean(cursor.boolean()?),
            Read::Int => Value::Integer(i64::from(cursor.int()?)),
            Read::Long => Value::Integer(cursor.long()?),
            Read::Text => Value::Text(cursor.text()?),
            Read::Symbol(symbols) => Value::Symbol(&symbols[cursor.index(symbols.len())?]),
            Read::Moment(unit) => Value::Micros(micros(cursor.long()?, *unit)),
            Read::Day => Value::Day(cursor.int()?),
            Read::Decimal { scale } => Value::Decimal { unscaled: cursor.bytes()?, scale: *scale },
            Read::DecimalFixed { scale, size } => {
                Value::Decimal { unscaled: cursor.take(*size)?, scale: *scale }
            }
            Read::Credits(steps) => {
                draft.credits = self.credits(steps, draft)?;
                Value::Credits
            }
            Read::Union(_) => return Err(cursor.damage("a union within a union").into()),
            Read::Refused(cause) => return Err(rules::refused(cause)),
        })
    }

    #[cold]
    fn credits(
        &mut self,
        steps: &'p [Step],
        draft: &mut Draft<'a, 'p>,
    ) -> Result<Vec<CreditDraft<'a, 'p>>, Reject> {
        let mut credits = Vec::new();
        loop {
            let (count, _) = self.cursor.block()?;
            if count == 0 {
                return Ok(credits);
            }
            for _ in 0..count {
                if credits.len() == MAX_CREDITS {
                    return Err(rules::too_many_credits());
                }
                credits.push(self.credit(steps, draft)?);
            }
        }
    }

    fn credit(
        &mut self,
        steps: &'p [Step],
        draft: &mut Draft<'a, 'p>,
    ) -> Result<CreditDraft<'a, 'p>, Reject> {
        let mut credit = CreditDraft::default();
        for step in steps {
            match step {
                Step::Take(field, read) => {
                    let value = self.value(read, draft)?;
                    if let Some(slot) = credit.slot(*field) {
                        *slot = value;
                    }
                }
                Step::Skip(skip) => self.skipper.skip(&mut self.cursor, *skip)?,
            }
        }
        Ok(credit)
    }
}

/// Beyond what 64 bits of microseconds hold is as far outside the accepted years as their end is.
const fn micros(number: i64, unit: Unit) -> i64 {
    match unit {
        Unit::Millis => number.saturating_mul(1_000),
        Unit::Micros => number,
        Unit::Nanos => number.div_euclid(1_000),
    }
}
