//! What can be set about snapshots: where they are kept, how often, how many.
//!
//! Must not know the file system: whether a folder can be used shows when the store is opened.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The settings of the snapshot store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Where snapshots are kept: the path of a folder, or a `file:///` URL. The folder is created when it is missing.
    pub store: String,
    /// How many of the newest snapshots of a partition are kept, at least 1.
    pub keep_newest: u32,
    /// For how many of the latest hours (UTC, those that have any) one snapshot is kept.
    pub keep_hourly: u32,
    /// For how many of the latest days (UTC, those that have any) one snapshot is kept.
    pub keep_daily: u32,
    /// Seconds from one snapshot of a partition to the next, at least 1. The caller keeps the rhythm.
    pub interval_seconds: u64,
    /// The zstd level, 1 to 19; 0 stores without compression.
    pub compression_level: i32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            store: "data/snapshots".to_owned(),
            keep_newest: 3,
            keep_hourly: 24,
            keep_daily: 35,
            interval_seconds: 300,
            compression_level: 1,
        }
    }
}

/// What is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionsError {
    /// `store` says nothing.
    #[error("snapshot store is empty; give the path of a folder or a file:/// url")]
    NoStore,
    /// `store` is a URL of a kind that is not built in.
    #[error(
        "snapshot store {0:?} is not supported; give the path of a folder or a file:/// url with an absolute path"
    )]
    UnsupportedStore(String),
    /// A number lies outside its bounds.
    #[error("snapshot option {key} is {found}, expected {low} to {high}")]
    OutOfBounds {
        /// The key.
        key: &'static str,
        /// Its value.
        found: i64,
        /// The least value.
        low: i64,
        /// The greatest value.
        high: i64,
    },
}

/// More rungs than this are a mistake: a century of days.
const MOST_KEPT: i64 = 36_525;

/// A snapshot less often than once in thirty days is a mistake of the unit.
const LONGEST_INTERVAL_SECONDS: i64 = 30 * 86_400;

impl Options {
    /// Checks the bounds of every setting.
    ///
    /// # Errors
    /// The first setting outside its bounds.
    pub fn check(&self) -> Result<(), OptionsError> {
        self.folder()?;
        let interval_seconds = i64::try_from(self.interval_seconds).unwrap_or(i64::MAX);
        for (key, found, low, high) in [
            ("keep_newest", i64::from(self.keep_newest), 1, MOST_KEPT),
            ("keep_hourly", i64::from(self.keep_hourly), 0, MOST_KEPT),
            ("keep_daily", i64::from(self.keep_daily), 0, MOST_KEPT),
            ("interval_seconds", interval_seconds, 1, LONGEST_INTERVAL_SECONDS),
            ("compression_level", i64::from(self.compression_level), 0, 19),
        ] {
            if !(low..=high).contains(&found) {
                return Err(OptionsError::OutOfBounds { key, found, low, high });
            }
        }
        Ok(())
    }

    /// The folder that `store` names.
    pub(crate) fn folder(&self) -> Result<std::path::PathBuf, OptionsError> {
        let text = self.store.trim();
        if text.is_empty() {
            return Err(OptionsError::NoStore);
        }
        let unsupported = || OptionsError::UnsupportedStore(self.store.clone());
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(text.into());
        };
        if scheme != "file" || !rest.starts_with('/') {
            return Err(unsupported());
        }
        let decoded = object_store::path::Path::from_url_path(rest).map_err(|_| unsupported())?;
        Ok(std::path::Path::new("/").join(decoded.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_folders() {
        for (store, expected) in [
            ("data/snapshots", Some("data/snapshots")),
            (" /var/lib/tallyboard ", Some("/var/lib/tallyboard")),
            ("file:///var/lib/tally%20board", Some("/var/lib/tally board")),
            ("file://host/var", None),
            ("file:///var/../etc", None),
            ("s3://bucket/prefix", None),
            ("", None),
            ("  ", None),
        ] {
            let options = Options { store: store.to_owned(), ..Options::default() };
            let folder = options.folder().ok();
            assert_eq!(folder.as_deref(), expected.map(std::path::Path::new), "{store:?}");
            assert_eq!(options.check().is_ok(), expected.is_some(), "{store:?}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(Options::default().check(), Ok(()));
        type Change = fn(&mut Options);
        let table: [(&str, Change); 7] = [
            ("keep_newest is 0", |options| options.keep_newest = 0),
            ("keep_hourly", |options| options.keep_hourly = u32::MAX),
            ("keep_daily", |options| options.keep_daily = u32::MAX),
            ("interval_seconds is 0", |options| options.interval_seconds = 0),
            ("interval_seconds", |options| options.interval_seconds = u64::MAX),
            ("compression_level is -1", |options| {
                options.compression_level = -1;
            }),
            ("compression_level is 20", |options| {
                options.compression_level = 20;
            }),
        ];
        for (expected, change) in table {
            let mut options = Options::default();
            change(&mut options);
            let error = options.check().unwrap_err().to_string();
            assert!(error.contains(expected), "{error:?} does not say {expected:?}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        let read = |text: &str| serde_json::from_str::<Options>(text);
        assert_eq!(read("{}").unwrap(), Options::default());
        assert_eq!(read(r#"{"keep_daily": 7}"#).unwrap().keep_daily, 7);
        assert!(read(r#"{"keep_dayly": 7}"#).is_err());
    }
}
