//! What to do with a datum of one writer schema, step by step.
//!
//! A plan is made once for a schema and run for every record. It is a flat program as far as a schema is flat: for
//! every field of the writer's, take it into a field of ours, or read over it.

use crate::draft::Field;
use crate::record::RecordKind;

/// What to do with a datum.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) root: Root,
    pub(crate) nodes: Nodes,
}

/// The shape of the whole datum.
#[derive(Debug)]
pub(crate) enum Root {
    Record(RecordPlan),
    /// A record of ours that the topic does not carry, by name.
    Other(String),
    Union(Vec<Branch>),
}

/// A branch of a union of records.
#[derive(Debug)]
pub(crate) enum Branch {
    Record(RecordPlan),
    Null,
    /// Something that the topic does not carry, by name.
    Other(String),
}

/// What to do with a record.
#[derive(Debug)]
pub(crate) struct RecordPlan {
    pub(crate) kind: RecordKind,
    pub(crate) steps: Vec<Step>,
}

/// What to do with one field of the writer's.
#[derive(Debug)]
pub(crate) enum Step {
    Take(Field, Read),
    Skip(Skip),
}

/// How a value is read that has a place here.
#[derive(Debug)]
pub(crate) enum Read {
    Null,
    Boolean,
    Int,
    Long,
    /// Text, or bytes that are text.
    Text,
    Symbol(Vec<String>),
    Moment(Unit),
    Day,
    Decimal {
        scale: u32,
    },
    DecimalFixed {
        scale: u32,
        size: usize,
    },
    Credits(Vec<Step>),
    Union(Vec<Read>),
    /// A branch of a union that the field has no use for, in words: refused if a record has it.
    Refused(String),
}

/// The unit of a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Millis,
    Micros,
    Nanos,
}

/// How a value is read over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Skip {
    /// Takes no bytes.
    Nothing,
    /// An int, a long, a symbol.
    Number,
    /// Bytes or text, with their length before them.
    Bytes,
    /// This many bytes.
    Fixed(usize),
    /// Each of the node's values.
    Record(NodeIndex),
    /// Blocks of items, each with all of the node's values; a map's items are a key and a value.
    Array(NodeIndex),
    /// One of the node's values.
    Union(NodeIndex),
}

/// The place of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeIndex(pub(crate) usize);

/// The compound values that are read over; named ones refer to themselves by index, so types may be recursive.
#[derive(Debug, Default)]
pub(crate) struct Nodes(pub(crate) Vec<Vec<Skip>>);

impl Nodes {
    pub(crate) fn get(&self, NodeIndex(index): NodeIndex) -> &[Skip] {
        self.0.get(index).map_or(&[], Vec::as_slice)
    }
}
