//! The read side: what the partition workers publish goes in, sums and KPIs of every scope and period come out.
//!
//! This room must not know where events come from, how they are folded, or how numbers are shown. Time comes in as an
//! argument.
//!
//! Invariants: BOARD-1, the sums are those of the latest accepted cells of all partitions, whatever the order, number
//! and repetition of publishes; BOARD-2, a publish is idempotent, and one that is older than what the board has
//! changes nothing; BOARD-3, a reader holds the lock of one period's table for one pass at most, and the first one
//! of a period holds the partitions' cells for a pass over those of its days, so a publish waits for no more than that; BOARD-4, sums that are 0 are not stored.
//!
//! One read of one period is consistent in itself for every partition whose publish it sees; two reads may have a
//! publish between them, and the next read agrees again.
//!
//! A period's table is made when somebody asks for the period, and kept up to date from then on. Sums of any other range of
//! days are those of the few periods that make it up, so that there is one kind of table.
//!
//! What a scope was told last of a table is kept and told again until the table has changed in what it is told from: an
//! event costs those who watch a scope the sums of the periods that it falls in, not those of two years.
//!
//! Memory: a cell costs 20 bytes in its partition, in a row with the others of its rep, territory and day, and as much in
//! each table of its day, week, month, quarter and year that there is (shared there by all days and partitions), beside
//! what a row and its growth cost. Money in foreign currencies also stands by day in each of these tables. Names are stored
//! once. What scopes were told costs 40 bytes a sum, of a million sums at most: those that were asked for last. A publish
//! needs about 150 bytes a cell while it lasts.

mod around;
mod balance;
mod board;
mod closings;
mod contest;
mod history;
mod kept;
mod labels;
mod leaderboard;
mod members;
mod names;
mod needs;
mod organisation;
mod partition;
mod row;
mod scoped;
mod selection;
mod status;
mod table;
mod tables;
mod view;
mod views;

pub use balance::{BalancedTerritory, MovedRep, SuggestedMove, TerritoryBalance};
pub use board::Board;
pub use closings::Announced;
pub use contest::{Contest, ContestStanding, ContestState};
pub use labels::Labels;
pub use leaderboard::{Group, Leaderboard, Order, RankedRow};
pub use members::Membership;
pub use partition::{PartitionWriter, PublishError, Published, Stamp};
pub use status::{NotReady, PartitionReadiness, Readiness, Status};
pub use table::PeriodSlot;
pub use view::{Scope, ScopeTally, View, ViewRow};
