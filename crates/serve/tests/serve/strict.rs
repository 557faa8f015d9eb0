//! A strict reader of both text formats, written from their specifications and independent of the writer.

use std::collections::{BTreeMap, BTreeSet};

/// Series by name and labels in order, with their values.
pub(crate) type Series = BTreeMap<(String, Vec<(String, String)>), f64>;

/// Reads a page.
///
/// # Panics
/// At the first rule that the page breaks.
pub(crate) fn read(page: &str, is_open: bool) -> Series {
    let body = if is_open { page.strip_suffix("# EOF\n").expect("ends with EOF") } else { page };
    assert!(body.ends_with('\n') && !body.contains("# EOF"));
    let mut types: BTreeMap<String, String> = BTreeMap::new();
    let mut helps: BTreeSet<String> = BTreeSet::new();
    let mut closed: BTreeSet<String> = BTreeSet::new();
    let mut current = String::new();
    let mut series = Series::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (keyword, name, text) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            check_name(name, true);
            if name != current {
                assert!(!closed.contains(name), "{name} is in two places");
                closed.insert(std::mem::replace(&mut current, name.to_owned()));
            }
            match keyword {
                "HELP" => {
                    assert!(helps.insert(name.to_owned()), "second help of {name}");
                    assert!(unescape(text, is_open).is_some(), "help of {name}: {text}");
                }
                "TYPE" => {
                    assert!(["gauge", "counter", "histogram", "summary"].contains(&text), "{line}");
                    assert!(
                        types.insert(name.to_owned(), text.to_owned()).is_none(),
                        "second type of {name}"
                    );
                }
                _ => panic!("unknown comment {line}"),
            }
            continue;
        }
        let (name, labels, value) = sample(line);
        let kind = types.get(&current).unwrap_or_else(|| panic!("no type before {line}"));
        assert!(helps.contains(&current), "no help before {line}");
        let suffixes: &[&str] = match kind.as_str() {
            "counter" if is_open => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "summary" => &["", "_sum", "_count"],
            _ => &[""],
        };
        let suffix = name.strip_prefix(&current).unwrap_or_else(|| panic!("{line} stands under {current}"));
        assert!(suffixes.contains(&suffix), "{line} stands under {current} of type {kind}");
        assert!(series.insert((name, labels), value).is_none(), "second series {line}");
    }
    series
}

fn check_name(name: &str, colons: bool) {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || (colons && c == ':');
    assert!(name.starts_with(is_first), "{name:?}");
    assert!(name.chars().all(|c| is_first(c) || c.is_ascii_digit()), "{name:?}");
}

fn sample(line: &str) -> (String, Vec<(String, String)>, f64) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no value: {line}"));
    let (name, mut rest) = line.split_at(end);
    check_name(name, true);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("label: {line}"));
            check_name(label, false);
            let end = closing_quote(after).unwrap_or_else(|| panic!("open label: {line}"));
            labels.push((label.to_owned(), unescape(&after[..end], true).unwrap()));
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => assert!(rest.starts_with('}'), "{line}"),
            }
        }
        rest = &rest[1..];
    }
    let names: BTreeSet<&String> = labels.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), labels.len(), "a label twice: {line}");
    labels.sort();
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("no space: {line}"));
    assert!(value == "+Inf" || !value.contains(|c: char| c.is_alphabetic() || c == ' '), "{line}");
    (name.to_owned(), labels, value.parse().unwrap_or_else(|_| panic!("value: {line}")))
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, character)| {
        let is_end = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        is_end.then_some(at)
    })
}

fn unescape(text: &str, quotes: bool) -> Option<String> {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                '\\' => plain.push('\\'),
                'n' => plain.push('\n'),
                '"' if quotes => plain.push('"'),
                _ => return None,
            },
            '"' if quotes => return None,
            _ => plain.push(character),
        }
    }
    Some(plain)
}

#[test]
fn the_reader_refuses_what_is_wrong() {
    let head = "# HELP a b\n# TYPE a gauge\n";
    assert_eq!(read(&format!("{head}a{{x=\"\\\"\\\\\\n\"}} 1\n"), false).len(), 1);
    for wrong in [
        "a 1\n".to_owned(),
        format!("{head}b 1\n"),
        format!("{head}a 1\na 1\n"),
        format!("{head}{head}a 1\n"),
        format!("{head}a{{x=\"\\q\"}} 1\n"),
        format!("{head}a{{x=\"1\",x=\"2\"}} 1\n"),
        format!("{head}a x\n"),
        format!("{head}a 1"),
        format!("{head}a 1\n# HELP b c\n# TYPE b gauge\nb 1\n# HELP a b\na 2\n"),
    ] {
        assert!(std::panic::catch_unwind(|| read(&wrong, false)).is_err(), "{wrong}");
    }
    assert!(std::panic::catch_unwind(|| read(&format!("{head}a 1\n"), true)).is_err());
    let counter = "# HELP a b\n# TYPE a counter\na 1\n# EOF\n";
    assert!(std::panic::catch_unwind(|| read(counter, true)).is_err());
}
