//! throughput against the limit
