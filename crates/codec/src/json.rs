//! JSON text to a draft, in one pass and whatever the order of its fields.
//!
//! Texts without escapes are borrowed. Fields that no record has are read over, to serde_json's depth limit as
//! everything else. A known field that is there twice is refused, since readers would differ on which one counts.
//! Must not know the rules: a value of a form that no field has is noted as such, and judged only if its field counts.

use model::{MAX_CREDITS, Reject, RejectReason};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::draft::{CreditDraft, Draft, Field, Value};

/// Reads one JSON object.
pub(crate) fn draft(bytes: &[u8]) -> Result<Draft<'_, 'static>, Reject> {
    let undecodable = |detail: String| Reject::new(RejectReason::Undecodable, detail);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| undecodable(format!("not UTF-8 at byte {}", error.valid_up_to())))?;
    let first = text.trim_ascii_start().as_bytes().first();
    if first != Some(&b'{') {
        return Err(undecodable("not a JSON object: does not start with {".to_owned()));
    }
    let mut draft = Draft::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    (&mut reader)
        .deserialize_map(RecordVisitor { draft: &mut draft })
        .and_then(|()| reader.end())
        .map_err(|error| undecodable(format!("not a JSON record: {error}")))?;
    Ok(draft)
}

struct RecordVisitor<'v, 'a> {
    draft: &'v mut Draft<'a, 'static>,
}

impl<'a> Visitor<'a> for RecordVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(field) = map.next_key_seed(FieldName)? {
            match field {
                Some(field) => {
                    only_once(*self.draft.slot(field), field)?;
                    let draft = &mut *self.draft;
                    let value = map.next_value_seed(FieldValue { field, draft })?;
                    *self.draft.slot(field) = value;
                }
                None => map.next_value_seed(ReadOver)?,
            }
        }
        Ok(())
    }
}

fn only_once<E: serde::de::Error>(earlier: Value<'_, '_>, field: Field) -> Result<(), E> {
    if matches!(earlier, Value::Absent) {
        return Ok(());
    }
    Err(E::custom(format_args!("field {} is there more than once", field.name())))
}

/// A key, as the field it names.
struct FieldName;

impl<'a> DeserializeSeed<'a> for FieldName {
    type Value = Option<Field>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldName {
    type Value = Option<Field>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Field::from_name(name))
    }
}

/// The value of a field, in whatever form it is written.
struct FieldValue<'v, 'a> {
    field: Field,
    draft: &'v mut Draft<'a, 'static>,
}

impl<'a> DeserializeSeed<'a> for FieldValue<'_, 'a> {
    type Value = Value<'a, 'static>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for FieldValue<'_, 'a> {
    type Value = Value<'a, 'static>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.draft.escaped(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(number).map_or(Value::Unfit("an integer of more than 63 bits"), Value::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Value::Unfit("a floating-point number"))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Value::Boolean(flag))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<Self::Value, M::Error> {
        ReadOver.visit_map(map)?;
        Ok(Value::Unfit("an object"))
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut items: S) -> Result<Self::Value, S::Error> {
        if self.field != Field::Credits {
            ReadOver.visit_seq(items)?;
            return Ok(Value::Unfit("an array"));
        }
        let mut credits = Vec::new();
        let mut all_objects = true;
        // One more than allowed is kept, so that the rule sees that there are too many.
        while credits.len() <= MAX_CREDITS
            && let Some(credit) = items.next_element_seed(CreditObject { draft: self.draft })?
        {
            match credit {
                Some(credit) => credits.push(credit),
                None => all_objects = false,
            }
        }
        ReadOver.visit_seq(items)?;
        if all_objects {
            self.draft.credits = credits;
            Ok(Value::Credits)
        } else {
            Ok(Value::Unfit("an array with something else than objects"))
        }
    }
}

/// One credit; none if it is not an object.
struct CreditObject<'v, 'a> {
    draft: &'v mut Draft<'a, 'static>,
}

impl<'a> DeserializeSeed<'a> for CreditObject<'_, 'a> {
    type Value = Option<CreditDraft<'a, 'static>>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for CreditObject<'_, 'a> {
    type Value = Option<CreditDraft<'a, 'static>>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a credit")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut credit = CreditDraft::default();
        while let Some(field) = map.next_key_seed(FieldName)? {
            match field.and_then(|field| Some((field, credit.slot(field)?))) {
                Some((field, slot)) => {
                    only_once(*slot, field)?;
                    let draft = &mut *self.draft;
                    *slot = map.next_value_seed(FieldValue { field, draft })?;
                }
                None => map.next_value_seed(ReadOver)?,
            }
        }
        Ok(Some(credit))
    }

    fn visit_seq<S: SeqAccess<'a>>(self, items: S) -> Result<Self::Value, S::Error> {
        ReadOver.visit_seq(items).map(|()| None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Reads over a value. serde's `IgnoredAny` would do so without serde_json's depth limit.
struct ReadOver;

impl<'a> DeserializeSeed<'a> for ReadOver {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ReadOver {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while map.next_key_seed(FieldName)?.is_some() {
            map.next_value_seed(ReadOver)?;
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut items: S) -> Result<(), S::Error> {
        while items.next_element_seed(ReadOver)?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
