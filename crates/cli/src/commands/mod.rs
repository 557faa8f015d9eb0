//! One module a command.

pub(crate) mod check_config;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod kpis;
pub(crate) mod load;
pub(crate) mod openapi;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod verify_cases;
