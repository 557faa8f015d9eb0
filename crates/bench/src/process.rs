//! What a process uses, as Linux tells it: memory, and processor time as a whole and by thread.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// `/proc` counts processor time in hundredths of a second on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// Bytes of memory that this process has in use.
pub(crate) fn resident_bytes() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("there is no VmRSS")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().context("VmRSS is not a number")?;
    Ok(kibibytes * 1024)
}

/// Processor time of a process so far, in user and kernel mode together.
pub(crate) fn processor_time(process: u32) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    // The name in parentheses may hold spaces; the times are the 12th and 13th field behind it.
    let (_, fields) = text.rsplit_once(") ").with_context(|| format!("{path} has no name"))?;
    let ticks = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u32>().with_context(|| format!("{path} has {field:?} for a time")))
        .sum::<Result<u32>>()?;
    Ok(TICK * ticks)
}

/// Processor time of the calling thread so far, exact to a few milliseconds: for sums over many stretches. What others do
/// on the machine shows in it far less than in the time that passes.
pub(crate) fn thread_time() -> Result<Duration> {
    let path = "/proc/thread-self/schedstat";
    let text = fs::read_to_string(path).with_context(|| format!("reading {path}"))?;
    let nanoseconds = text.split(' ').next().and_then(|field| field.parse().ok());
    Ok(Duration::from_nanos(nanoseconds.with_context(|| format!("{path} has {text:?}"))?))
}

/// Processor time of a process' living threads so far, summed by name without numbers.
pub(crate) fn processor_time_by_thread(process: u32) -> Result<BTreeMap<String, Duration>> {
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    let tasks = format!("/proc/{process}/task");
    for entry in fs::read_dir(&tasks).with_context(|| format!("reading {tasks}"))? {
        let folder = entry?.path();
        // A thread may end between two reads.
        let (Ok(name), Ok(schedule)) =
            (fs::read_to_string(folder.join("comm")), fs::read_to_string(folder.join("schedstat")))
        else {
            continue;
        };
        let nanoseconds = schedule.split(' ').next().and_then(|field| field.parse().ok()).unwrap_or(0);
        let name = name.trim().trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '-');
        *times.entry(name.to_owned()).or_default() += Duration::from_nanos(nanoseconds);
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_process_has_memory_and_time() {
        let mut sum = 0_u64;
        while processor_time(std::process::id()).unwrap() < 2 * TICK {
            sum = (0..100_000).fold(sum, |sum, number| sum.wrapping_mul(31).wrapping_add(number));
        }
        assert!(resident_bytes().unwrap() > 100_000, "{sum}");
        let times = processor_time_by_thread(std::process::id()).unwrap();
        assert!(times.values().sum::<Duration>() > TICK, "{times:?}");
    }
}
