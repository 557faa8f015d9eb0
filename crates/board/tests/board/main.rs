//! The board through its public face.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod around;
#[cfg(test)]
mod balance;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod properties;
