//! metrics, HTTP API, health
