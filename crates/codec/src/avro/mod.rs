//! Avro data to drafts, without a value tree between: a writer's schema becomes a plan once, and the plan reads bytes.
//!
//! apache-avro parses schemas; its own reader costs twenty times as much a record and refuses what producers do
//! (decimals of another precision, an amount as text). Resolution goes by names: a field is found by its name, then by
//! our aliases for it, then by the writer's; what has no place here is skipped; what is absent falls to the rules,
//! which know the defaults.
//!
//! | module | what it does |
//! | --- | --- |
//! | `cursor` | bytes to Avro's primitives, with bounds |
//! | `plan` | what to do with a datum, step by step |
//! | `compile` | writer schema to plan |
//! | `skip` | reading over what has no place here |
//! | `read` | plan and bytes to draft |

mod compile;
mod cursor;
mod plan;
mod read;
mod skip;

pub(crate) use compile::{built_in, plan};
pub(crate) use plan::Plan;
pub(crate) use read::decode;
