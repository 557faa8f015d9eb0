//! Settings as a configuration file to go on from: every key with a sentence; what has its default stands behind `#`.

use anyhow::{Context as _, Result};
use model::{Pipeline, Stage};
use toml::{Table, Value};

use super::layers::{ABSENT, HIDDEN};
use super::sentences::{CONTEST_KEYS, CONTESTS, PIPELINES, sentence};
use super::shown::{find, key, known, sections};
use super::{Contest, Settings};

const HEAD: &str = "\
# The configuration of Tallyboard. A key behind # has its default, or with … none: take the # away to set another value.
# A key can be set by an environment variable, too: TALLYBOARD__SECTION__KEY; secrets are best set there.
# `tallyboard check-config` checks this file.
";

/// The text.
pub(super) fn text(settings: &Settings) -> Result<String> {
    let unwritable = "the configuration cannot be written as TOML";
    let set = Table::try_from(settings).context(unwritable)?;
    let known = known()?;
    let mut text = HEAD.to_owned();
    for (section, lines) in sections(&known) {
        text.push('\n');
        put(&mut text, "# ", sentence(section, ""));
        let set = find(&set, section);
        put(&mut text, if set.is_some() { "" } else { "#" }, &format!("[{section}]"));
        for line in lines {
            put(&mut text, "# ", sentence(section, key(line)));
            let assignment =
                set.and_then(|set| set.get(key(line))).map(|value| format!("{} = {value}", key(line)));
            match assignment {
                Some(assignment) if assignment != line => put(&mut text, "", &assignment),
                _ => put(&mut text, "#", &line.replace(HIDDEN, ABSENT)),
            }
        }
    }
    put_pipelines(&mut text, &settings.pipelines, settings.pipelines == Settings::default().pipelines);
    put_contests(&mut text, &settings.contests)?;
    Ok(text)
}

fn put_contests(text: &mut String, contests: &[Contest]) -> Result<()> {
    let example = [Contest::example()];
    let (mark, contests) = if contests.is_empty() { ("#", &example[..]) } else { ("", contests) };
    for contest in contests {
        text.push('\n');
        put(text, "# ", CONTESTS);
        put(text, mark, "[[contests]]");
        let table = Table::try_from(contest).context("a contest cannot be written as TOML")?;
        for (key, sentence) in CONTEST_KEYS {
            put(text, "# ", sentence);
            match table.get(*key) {
                Some(value) => put(text, mark, &format!("{key} = {value}")),
                None => put(text, "#", &format!("{key} = {ABSENT}")),
            }
        }
    }
    Ok(())
}

fn put_pipelines(text: &mut String, pipelines: &[Pipeline], are_default: bool) {
    let mark = if are_default { "#" } else { "" };
    for pipeline in pipelines {
        text.push('\n');
        put(text, "# ", PIPELINES);
        put(text, mark, "[[pipelines]]");
        put(text, mark, &format!("name = {}", Value::from(pipeline.name.as_str())));
        put(text, mark, "stages = [");
        for stage in &pipeline.stages {
            put(text, mark, &format!("    {},", inline(stage)));
        }
        put(text, mark, "]");
    }
}

/// A stage on one line.
fn inline(stage: &Stage) -> String {
    let table = Table::try_from(stage).unwrap_or_default();
    // A table has its keys in the order of the alphabet; people read the name first.
    let keys = ["name", "kind", "role", "limit_days"];
    let pairs = keys.iter().filter_map(|key| Some(format!("{key} = {}", table.get(*key)?)));
    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

fn put(text: &mut String, mark: &str, lines: &str) {
    for line in lines.lines() {
        text.push_str(mark);
        text.push_str(line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::sentences::SENTENCES;
    use super::*;

    #[test]
    fn every_section_and_key_has_a_sentence_and_no_other() {
        let known = known().unwrap();
        let sections = sections(&known);
        let mut expected: BTreeSet<(&str, &str)> = BTreeSet::new();
        for (section, lines) in &sections {
            expected.insert((section, ""));
            expected.extend(lines.iter().map(|line| (*section, key(line))));
        }
        let found: BTreeSet<(&str, &str)> =
            SENTENCES.iter().map(|(section, key, _)| (*section, *key)).collect();
        assert_eq!(found, expected);
        assert_eq!(SENTENCES.len(), expected.len(), "a key has two sentences");
        assert!(SENTENCES.iter().all(|(_, _, sentence)| sentence.ends_with('.')));
    }

    #[test]
    fn every_key_of_a_contest_has_a_sentence() {
        let table = Table::try_from(Contest::example()).unwrap();
        let keys: BTreeSet<&str> = CONTEST_KEYS.iter().map(|(key, _)| *key).collect();
        assert_eq!(table.keys().map(String::as_str).collect::<BTreeSet<_>>(), keys);
        let contest = Contest { target: None, ..Contest::example() };
        let text = Settings { contests: vec![contest], ..Settings::default() }.commented_text().unwrap();
        assert!(text.contains(
            "\n[[contests]]\n# Its name, of which there is only one.\nname = \"Year-end sprint\"\n"
        ));
        assert!(text.ends_with(" minutes.\n#target = …\n"), "{text}");
    }

    #[test]
    fn what_has_its_default_is_a_comment() {
        let mut settings = Settings::default();
        let is_comment = |line: &str| line.is_empty() || line.starts_with(['#', '[']);
        let text = settings.commented_text().unwrap();
        assert!(text.lines().all(is_comment), "{text}");
        assert!(
            text.contains("\n# Address and port to listen on.\n#listen = \"127.0.0.1:8080\"\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "\n#[registry]\n# Addresses of the same registry, tried in order.\n#urls = [\"http"
            )
        );
        assert!(
            text.contains("\n#    { name = \"mql\", kind = \"open\", role = \"mql\", limit_days = 14 },\n")
        );

        settings.serve.listen.set_port(80);
        settings.registry = Some(eventlog::registry::RegistryOptions::default());
        settings.pipelines[0].stages[1].limit_days = None;
        let text = settings.commented_text().unwrap();
        assert!(
            text.contains("\n[registry]\n# Addresses of the same registry, tried in order.\n#urls = [\"http")
        );
        let set: Vec<&str> = text.lines().filter(|line| !is_comment(line)).collect();
        let mql = "    { name = \"mql\", kind = \"open\", role = \"mql\" },";
        assert_eq!((set[0], set[1], set[4]), ("listen = \"127.0.0.1:80\"", "name = \"default\"", mql));
    }

    /// What a person does who takes the marks away from everything that has a value.
    #[test]
    fn without_the_marks_it_says_the_same() {
        let text = Settings::default().commented_text().unwrap();
        let is_sentence = |line: &str| line.starts_with("# ") && !line.starts_with("#  ");
        let is_key = |line: &&str| !is_sentence(line) && !line.contains(ABSENT);
        let uncommented: Vec<&str> =
            text.lines().filter(is_key).map(|line| line.strip_prefix('#').unwrap_or(line)).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), uncommented.join("\n")).unwrap();
        let registry = Some(eventlog::registry::RegistryOptions::default());
        let contests = vec![Contest::example()];
        let expected = Settings { registry, contests, ..Settings::default() };
        assert_eq!(Settings::load(Some(file.path())).unwrap(), expected);
    }
}
