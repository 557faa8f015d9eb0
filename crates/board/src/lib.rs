//! The read side: what the partition workers publish goes in, sums and KPIs of every scope and period come out.
//!
//! This room must not know where events come from, how they are folded, or how numbers are shown. Time comes in as an
//! argument.
//!
//! Invariants: BOARD-1, the sums are those of the latest accepted cells of all partitions, whatever the order, number
//! and repetition of publishes; BOARD-2, a publish is idempotent, and one that is older than what the board has
//! changes nothing; BOARD-3, a reader holds the lock of one period's table for one pass at most, so a publish waits
//! for no more than that; BOARD-4, sums that are 0 are not stored.
//!
//! One read of one period is consistent in itself for every partition whose publish it sees; two reads may have a
//! publish between them, and the next read agrees again.
//!
//! Memory: a cell of a day costs 36 bytes in its partition and 32 bytes in each table of its day, week, month, quarter
//! and year (shared there by all days and partitions), and a byte more each for the hash table, which is 44 to 87 %
//! full: about 175 bytes a cell in all, measured with 3.8 million cells of 1 000 reps over 500 days. Won amounts in
//! foreign currencies also stand by day in each of the five tables. Names are stored once. A publish needs another 96
//! bytes a cell while it lasts.

mod board;
mod leaderboard;
mod names;
mod organisation;
mod partition;
mod status;
mod table;
mod view;

pub use board::Board;
pub use leaderboard::{Group, Leaderboard, Order, RankedRow};
pub use partition::{PartitionWriter, PublishError, Published, Stamp};
pub use status::{NotReady, PartitionReadiness, Readiness, Status};
pub use table::PeriodSlot;
pub use view::{Scope, ScopeTally, View, ViewRow};
