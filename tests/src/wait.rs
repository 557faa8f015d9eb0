//! Waiting with a bound, and the time.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, anyhow};

/// Between two looks: short enough not to slow a test, long enough not to take the processor from what it waits for.
const PAUSE: Duration = Duration::from_millis(50);

/// Calls `probe` until it succeeds.
///
/// # Errors
///
/// The last error of `probe`, when `bound` has passed; `what` says what was waited for.
pub fn eventually<T>(
    what: &str,
    bound: Duration,
    mut probe: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        match probe() {
            Ok(value) => return Ok(value),
            Err(error) if started.elapsed() >= bound => {
                return Err(error).with_context(|| format!("waited {} s for {what}", bound.as_secs_f32()));
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// Waits until no other process holds the lock of a file, which is made if it is not there; it is held until the file is dropped.
pub(crate) fn alone(path: &Path, bound: Duration) -> anyhow::Result<File> {
    let lock = File::create(path).with_context(|| format!("could not make {}", path.display()))?;
    eventually("another test binary that fetches the same", bound, || match lock.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(anyhow!("{} is locked", path.display())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    })?;
    Ok(lock)
}

/// The machine's time in milliseconds since 1970, as Kafka and browsers tell it.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
