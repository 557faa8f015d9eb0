//! The faces over a small, fixed board.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod balance;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod explanation;
#[cfg(test)]
mod exposition;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod listener;
#[cfg(test)]
mod live;
mod live_events;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod page;
#[cfg(test)]
mod ranges;
#[cfg(test)]
mod restatements;
#[cfg(test)]
mod strict;
