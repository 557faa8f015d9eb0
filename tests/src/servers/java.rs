//! The Java programs of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::not_run::Missing;

const INSTALL: &str = "apt-get install --no-install-recommends default-jre-headless maven";

/// Loaded classes as the virtual machine lays them out, mapped at the next start instead of read from jars: that more
/// than halves the start of a server. Another Java than the one that wrote the file ignores it.
const CLASSES: &str = "classes.jsa";
const CLASSES_UNFINISHED: &str = "classes.jsa.unfinished";

/// What a virtual machine does with the class archive in its server's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Classes {
    /// Uses it, if there is one.
    Use,
    /// Writes it at an orderly end; [`keep_classes`] makes it count.
    Record,
}

/// `java` for the server in `folder`, with settings for one that is soon gone: little memory, and a start that spends no
/// time on the best machine code.
pub(super) fn virtual_machine(
    heap_mebibytes: u32,
    folder: &Path,
    classes: Classes,
) -> Result<Command, Missing> {
    let mut command = Command::new(tool("java")?);
    command.arg(format!("-Xmx{heap_mebibytes}m"));
    command.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]);
    let archive = folder.join(CLASSES);
    match classes {
        Classes::Use if archive.is_file() => {
            command.arg(format!("-XX:SharedArchiveFile={}", archive.display()));
        }
        Classes::Use => {}
        Classes::Record => {
            let unfinished = folder.join(CLASSES_UNFINISHED);
            command.arg(format!("-XX:ArchiveClassesAtExit={}", unfinished.display()));
        }
    }
    Ok(command)
}

/// Lets later starts use what a virtual machine with [`Classes::Record`] has written.
pub(super) fn keep_classes(folder: &Path) -> std::io::Result<()> {
    std::fs::rename(folder.join(CLASSES_UNFINISHED), folder.join(CLASSES))
}

/// `mvn` in batch mode.
pub(super) fn maven() -> Result<Command, Missing> {
    tool("java")?;
    let mut command = Command::new(tool("mvn")?);
    command.args(["-q", "-B"]);
    Ok(command)
}

fn tool(name: &str) -> Result<PathBuf, Missing> {
    let from_home = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin").join(name));
    let search = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&search).map(|folder| folder.join(name));
    from_home.into_iter().chain(on_path).find(|path| path.is_file()).ok_or_else(|| {
        Missing::new(format!("the program {name} is not on this machine; on Debian: {INSTALL}"))
    })
}
