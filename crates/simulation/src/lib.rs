//! the whole service in one thread with faults, by seed
