//! Reading over values that have no place here, whatever a hostile writer makes of them.
//!
//! Invariant: the work for a record is bounded by a budget in proportion to its bytes, even where values take no bytes
//! (a block may claim 2^63 nulls), and the depth by [`MAX_DEPTH`], even where a type is recursive.

use super::cursor::{Cursor, Damage};
use super::plan::{NodeIndex, Nodes, Skip};

/// How deep values may nest.
const MAX_DEPTH: u32 = 64;

/// How many values may be read over beyond the number of bytes.
const SPARE_VALUES: usize = 4_096;

/// Reads over values of one record.
pub(crate) struct Skipper<'p> {
    nodes: &'p Nodes,
    /// How many values may still be read over.
    budget: usize,
}

impl<'p> Skipper<'p> {
    /// For a record of so many bytes.
    pub(crate) const fn new(nodes: &'p Nodes, bytes: usize) -> Self {
        Self { nodes, budget: bytes.saturating_mul(4).saturating_add(SPARE_VALUES) }
    }

    /// Reads over one value.
    pub(crate) fn skip(&mut self, cursor: &mut Cursor<'_>, skip: Skip) -> Result<(), Damage> {
        self.skip_within(cursor, skip, MAX_DEPTH)
    }

    fn skip_within(&mut self, cursor: &mut Cursor<'_>, skip: Skip, depth: u32) -> Result<(), Damage> {
        self.budget = match self.budget.checked_sub(1) {
            Some(rest) => rest,
            None => return Err(cursor.damage("more values than a record of this length can have")),
        };
        match skip {
            Skip::Nothing => Ok(()),
            Skip::Number => cursor.long().map(|_| ()),
            Skip::Bytes => cursor.bytes().map(|_| ()),
            Skip::Fixed(size) => cursor.take(size).map(|_| ()),
            Skip::Record(node) | Skip::Array(node) | Skip::Union(node) => match depth.checked_sub(1) {
                Some(depth) => self.skip_compound(cursor, skip, node, depth),
                None => Err(cursor.damage("values nested too deep")),
            },
        }
    }

    fn skip_compound(
        &mut self,
        cursor: &mut Cursor<'_>,
        skip: Skip,
        node: NodeIndex,
        depth: u32,
    ) -> Result<(), Damage> {
        let parts = self.nodes.get(node);
        match skip {
            Skip::Union(_) => {
                let part = parts[cursor.index(parts.len())?];
                self.skip_within(cursor, part, depth)
            }
            Skip::Array(_) => self.skip_blocks(cursor, parts, depth),
            _ => parts.iter().try_for_each(|&part| self.skip_within(cursor, part, depth)),
        }
    }

    /// Blocks of items, each of the given parts, until the empty block.
    fn skip_blocks(&mut self, cursor: &mut Cursor<'_>, parts: &[Skip], depth: u32) -> Result<(), Damage> {
        loop {
            match cursor.block()? {
                (0, _) => return Ok(()),
                (_, Some(length)) => {
                    cursor.take(length)?;
                }
                (count, None) => {
                    for _ in 0..count {
                        for &part in parts {
                            self.skip_within(cursor, part, depth)?;
                        }
                    }
                }
            }
        }
    }
}
