//! the binary tallyboard
fn main() {}
