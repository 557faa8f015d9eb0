//! A server process that does not outlive its test, whatever ends the test.
//!
//! Dropping a [`GuardedProcess`] kills it. A test binary that is itself killed drops nothing, and statics are never
//! dropped, so each process has a watcher: a shell that reads from a pipe whose other end only the test binary holds.
//! When the pipe closes without a word, the watcher kills the process and removes its scratch directory.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, anyhow, bail};

use crate::paths;

/// The shell becomes the program (so the child's pid is the program's) after it has left the watcher behind.
/// `$1` is the scratch directory or empty. The watcher holds no output of the test's, or cargo would wait for it.
const GUARD: &str = r#"
exec 3<&0 </dev/null
(
  read -r _ <&3 && exit 0
  kill -KILL $$
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 $$ || break; sleep 0.2; done
  [ -z "$1" ] || rm -rf -- "$1"
) >/dev/null 2>&1 &
exec 3<&-
shift
exec "$@"
"#;

const TAIL_LINES: usize = 40;
const TAIL_BYTES: u64 = 16 * 1024;
/// How long a process may take to vanish after SIGKILL.
const KILL_BOUND: Duration = Duration::from_secs(10);
/// Logs of earlier runs are of no use for longer.
const LOG_AGE_MAX: Duration = Duration::from_secs(24 * 3600);

/// A running process whose output goes to a log file under `target/end-to-end`.
#[derive(Debug)]
pub struct GuardedProcess {
    name: String,
    child: Child,
    lifeline: Option<ChildStdin>,
    ended: Option<ExitStatus>,
    log: PathBuf,
}

impl GuardedProcess {
    /// Starts `command` (its program, arguments, environment and directory count; its streams do not).
    ///
    /// `scratch` is removed if the test binary ends without dropping this.
    ///
    /// # Errors
    ///
    /// If the log cannot be written or the shell not started. A program that cannot be started shows as an early end.
    pub fn spawn(name: &str, command: &Command, scratch: Option<&Path>) -> anyhow::Result<GuardedProcess> {
        GuardedProcess::spawn_into(name, command, scratch, None)
    }

    /// As [`GuardedProcess::spawn`], with standard output in a file of its own.
    pub(crate) fn spawn_into(
        name: &str,
        command: &Command,
        scratch: Option<&Path>,
        stdout: Option<File>,
    ) -> anyhow::Result<GuardedProcess> {
        let log = new_log(name)?;
        let output = OpenOptions::new().create(true).append(true).open(&log)?;
        let mut guarded = Command::new("sh");
        guarded.arg("-c").arg(GUARD).arg("guard").arg(scratch.map_or_else(OsString::new, OsString::from));
        guarded.arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => guarded.env(key, value),
                None => guarded.env_remove(key),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            guarded.current_dir(directory);
        }
        let mut child = guarded
            .stdin(Stdio::piped())
            .stdout(stdout.map_or_else(|| output.try_clone(), Ok)?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("could not start {name} through sh"))?;
        let lifeline = child.stdin.take();
        Ok(GuardedProcess { name: name.to_owned(), child, lifeline, ended: None, log })
    }

    /// The process id, of use as long as the process runs.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the process wrote to standard output and standard error.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// The status, if the process has ended.
    ///
    /// # Errors
    ///
    /// If the system cannot tell.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
            if self.ended.is_some() {
                self.release_watcher();
            }
        }
        Ok(self.ended)
    }

    /// Calls `probe` until it succeeds.
    ///
    /// # Errors
    ///
    /// If the process ends or `bound` passes first: with the last error of `probe` and the end of the log.
    pub fn wait_until<T>(
        &mut self,
        what: &str,
        bound: Duration,
        mut probe: impl FnMut() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let started = Instant::now();
        loop {
            let error = match probe() {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if let Some(status) = self.ended()? {
                bail!("{} ended ({status}) before it was {what}\n{}", self.name, self.log_tail());
            }
            if started.elapsed() >= bound {
                let seconds = bound.as_secs_f32();
                bail!("{} was not {what} within {seconds} s: {error:#}\n{}", self.name, self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What stands behind these words in the first line of the log that begins with them, as soon as it is there.
    ///
    /// # Errors
    ///
    /// If the process ends or `bound` passes first, with the end of the log.
    pub fn wait_line(&mut self, words: &str, bound: Duration) -> anyhow::Result<String> {
        let log = self.log.clone();
        let look = || {
            let text = fs::read_to_string(&log)?;
            let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            let found = lines.filter_map(|line| line.strip_prefix(words)).next();
            found.map(str::to_owned).with_context(|| format!("no line begins with {words:?}"))
        };
        // It may say so and end between two looks.
        self.wait_until(&format!("saying {words:?}"), bound, look).or_else(|error| look().map_err(|_| error))
    }

    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// If the process still runs after `bound`; it goes on running.
    pub fn wait(&mut self, bound: Duration) -> anyhow::Result<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if started.elapsed() >= bound {
                bail!("{} still runs after {} s\n{}", self.name, bound.as_secs_f32(), self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// SIGTERM, then waits for the end.
    ///
    /// # Errors
    ///
    /// If the process still runs after `bound`; it goes on running.
    pub fn terminate(&mut self, bound: Duration) -> anyhow::Result<ExitStatus> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        let pid = self.pid().to_string();
        // The shell's own kill: the program of that name is not on every machine.
        let sent = Command::new("sh").args(["-c", r#"kill -TERM "$1""#, "kill", &pid]).status()?;
        if !sent.success() && self.ended()?.is_none() {
            bail!("SIGTERM could not be sent to {} ({pid})", self.name);
        }
        self.wait(bound)
    }

    /// SIGKILL, as a crash of the machine would end it.
    ///
    /// # Errors
    ///
    /// If the process does not vanish.
    pub fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        if self.ended()?.is_none() {
            self.child.kill()?;
        }
        self.wait(KILL_BOUND)
    }

    /// The whole log so far.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn log_text(&self) -> anyhow::Result<String> {
        let bytes = fs::read(&self.log).with_context(|| format!("could not read {}", self.log.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The last lines of the log, headed by its path.
    pub fn log_tail(&self) -> String {
        let text = read_end(&self.log).unwrap_or_else(|error| format!("(unreadable: {error})"));
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().saturating_sub(TAIL_LINES);
        format!("--- the end of {}\n{}\n---", self.log.display(), lines[first..].join("\n"))
    }

    /// The process is gone and its pid free for others: from now on the watcher must not kill.
    fn release_watcher(&mut self) {
        if let Some(mut lifeline) = self.lifeline.take() {
            // An error means that the watcher is gone already.
            drop(lifeline.write_all(b"\n"));
        }
    }
}

impl Drop for GuardedProcess {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            // A panic during a panic would abort the other tests. The watcher tries again when the pipe closes.
            let line = format!("{} (pid {}) could not be ended: {error:#}\n", self.name, self.pid());
            drop(std::io::stderr().write_all(line.as_bytes()));
        }
    }
}

/// Runs `command` to its end.
///
/// # Errors
///
/// If it fails or takes longer than `bound`, with the end of its output.
pub(crate) fn run(name: &str, command: &Command, bound: Duration) -> anyhow::Result<()> {
    let mut process = GuardedProcess::spawn(name, command, None)?;
    let status = process.wait(bound)?;
    if status.success() {
        return Ok(());
    }
    Err(anyhow!("{name} failed ({status})\n{}", process.log_tail()))
}

fn new_log(name: &str) -> anyhow::Result<PathBuf> {
    static PRUNE: Once = Once::new();
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let folder = paths::logs();
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    PRUNE.call_once(|| prune(&folder));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Ok(folder.join(format!("{}-{}-{number}-{name}.log", paths::test_binary(), std::process::id())))
}

/// Errors are passed over: another test binary may be removing the same files.
fn prune(folder: &Path) {
    let now = SystemTime::now();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        if modified.is_ok_and(|modified| now.duration_since(modified).is_ok_and(|age| age > LOG_AGE_MAX)) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

fn read_end(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
