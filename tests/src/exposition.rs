//! A page of metrics in Prometheus' text format, to ask for sums.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};

/// The series of a page.
#[derive(Debug, Clone)]
pub struct Exposition(Vec<Series>);

#[derive(Debug, Clone)]
struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Exposition {
    /// Reads a page.
    ///
    /// # Errors
    ///
    /// The first line that is no series.
    pub fn read(page: &str) -> anyhow::Result<Exposition> {
        let lines = page.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let series = lines.map(|line| series(line).with_context(|| format!("the line {line:?}")));
        Ok(Exposition(series.collect::<anyhow::Result<_>>()?))
    }

    /// The sum of all series of this name that have these labels; 0 if there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let of = |series: &&Series| {
            series.name == name
                && labels.iter().all(|(label, value)| series.labels.get(*label).is_some_and(|it| it == value))
        };
        self.0.iter().filter(of).map(|series| series.value).sum()
    }

    /// The sums of all series of this name by the value of a label.
    pub fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for series in self.0.iter().filter(|series| series.name == name) {
            let key = series.labels.get(label).cloned().unwrap_or_default();
            *sums.entry(key).or_insert(0.0) += series.value;
        }
        sums
    }
}

fn series(line: &str) -> anyhow::Result<Series> {
    let end = line.find(['{', ' ']).context("no value")?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            rest = rest.trim_start_matches(',');
            if let Some(behind) = rest.strip_prefix('}') {
                rest = behind;
                break;
            }
            let (label, behind) = rest.split_once("=\"").context("a label without value")?;
            let (value, behind) = unescaped(behind)?;
            labels.insert(label.to_owned(), value);
            rest = behind;
        }
    }
    Ok(Series { name: name.to_owned(), labels, value: rest.trim().parse()? })
}

/// The text up to the closing quote, and what is behind that.
fn unescaped(text: &str) -> anyhow::Result<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped)) => value.push(escaped),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err(anyhow!("a label's value does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_added_up_by_their_labels() {
        let page = "# HELP a b\na{x=\"1\",y=\"say \\\"a}\\\"\"} 2\na{x=\"2\",y=\"b\"} 3.5\n\nab 7\n";
        let page = Exposition::read(page).unwrap();
        assert_eq!(page.sum("a", &[]), 5.5);
        assert_eq!(page.sum("a", &[("y", "say \"a}\"")]), 2.0);
        assert_eq!(page.sum("ab", &[]), 7.0);
        assert_eq!(page.sum("b", &[]), 0.0);
        assert_eq!(page.by("a", "x"), BTreeMap::from([("1".to_owned(), 2.0), ("2".to_owned(), 3.5)]));
        for broken in ["a", "a{x} 1", "a{x=\"1} 1", "a one"] {
            assert!(Exposition::read(broken).is_err(), "{broken}");
        }
    }
}
