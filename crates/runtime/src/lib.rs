//! who owns which partition, recovery, publishing, shutdown
