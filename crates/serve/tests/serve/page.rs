//! The web page: served whole, with nothing from elsewhere, and safe with hostile names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::http::StatusCode;

use crate::fixture::{empty_board, get, state};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("page")
}

/// The files of the page by their paths in its folder.
fn files() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(&folder(), &mut found);
    let name = |path: &PathBuf| path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
    let file = |path: &PathBuf| (name(path), std::fs::read_to_string(path).unwrap());
    found.iter().map(file).collect()
}

#[tokio::test]
async fn every_file_of_the_page_is_served_as_what_it_is() {
    let state = state(empty_board());
    let found = files();
    assert!(found.len() > 30, "{}", found.len());
    for (path, text) in &found {
        let answer = get(&state, &format!("/page/{path}"), &[]).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, text.as_str()), "{path}");
        let expected = match path.rsplit_once('.').unwrap().1 {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            ending => panic!("{path}: nothing is known of files that end with {ending}"),
        };
        assert_eq!(answer.header("content-type"), expected, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    let index = get(&state, "/", &[]).await;
    assert_eq!(index.text(), found.iter().find(|(path, _)| path == "index.html").unwrap().1);
    for path in ["/page/", "/page/nothing.js", "/page/../Cargo.toml", "/page/css"] {
        assert_eq!(get(&state, path, &[]).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let state = state(empty_board());
    for path in ["/", "/page/page.js", "/page/css/frame.css"] {
        let first = get(&state, path, &[]).await;
        let etag = first.header("etag");
        assert!(etag.starts_with('"') && etag.len() == 18, "{etag}");
        assert_eq!(first.header("cache-control"), "no-cache");
        let weak = format!("\"other\", W/{etag}");
        for known in [etag, &weak, "*"] {
            let again = get(&state, path, &[("if-none-match", known)]).await;
            assert_eq!((again.status, again.text()), (StatusCode::NOT_MODIFIED, ""), "{path} {known}");
            assert_eq!((again.header("etag"), again.header("cache-control")), (etag, "no-cache"));
        }
        let other = get(&state, path, &[("if-none-match", "\"other\"")]).await;
        assert_eq!((other.status, other.text()), (StatusCode::OK, first.text()));
    }
    let [one, other] = ["/page/page.js", "/page/live.js"];
    assert_ne!(get(&state, one, &[]).await.header("etag"), get(&state, other, &[]).await.header("etag"));
}

#[tokio::test]
async fn nothing_comes_from_elsewhere_and_nothing_else_is_run() {
    let state = state(empty_board());
    let expected = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    for path in ["/", "/page/page.js", "/api"] {
        assert_eq!(get(&state, path, &[]).await.header("content-security-policy"), expected, "{path}");
    }
    for (path, text) in files() {
        // The names of SVG are no addresses of anything.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "DOMParser",
            "createContextualFragment",
            "javascript:",
            "http://",
            "https://",
            "<script>",
            "<style",
            " style=\"",
            " onclick",
            " onload",
            " onerror",
            "@import",
        ] {
            assert!(!text.contains(forbidden), "{path} has {forbidden:?}");
        }
    }
}

/// The address of what a file names, from the folder of the page.
fn resolved(from: &str, to: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in to.split('/') {
        match part {
            "." => {}
            ".." => assert!(parts.pop().is_some(), "{from} leaves the page with {to}"),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a module names: in `import … from "…"`, and in `import("…")` for what comes later.
fn imports(path: &str, text: &str) -> (Vec<(String, String)>, Vec<String>) {
    let of_line = |line: &str| {
        let (names, target) = line.split_once(" from \"").unwrap();
        (names.to_owned(), resolved(path, target.strip_suffix("\";").unwrap()))
    };
    let first = text.lines().filter(|line| line.starts_with("import ")).map(of_line).collect();
    let later = text.split("import(\"").skip(1).map(|rest| resolved(path, rest.split('"').next().unwrap()));
    (first, later.collect())
}

/// The styles that come with parts of the page: the words behind the module of each, in `parts.js`.
fn styles_of_parts(files: &[(String, String)]) -> BTreeSet<String> {
    let parts = &files.iter().find(|(path, _)| path == "parts.js").unwrap().1;
    let lines = parts.lines().filter(|line| line.contains("[() => import("));
    let words = lines.flat_map(|line| line.split('"').skip(3).step_by(2));
    words.map(|style| format!("css/{style}.css")).collect()
}

#[test]
fn whatever_a_module_imports_is_there_and_every_module_is_imported() {
    let files = files();
    let names: BTreeSet<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    let index = &files.iter().find(|(path, _)| path == "index.html").unwrap().1;
    let linked = index.split("/page/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    let mut used: BTreeSet<String> = linked.collect();
    used.extend(styles_of_parts(&files));
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".js")) {
        let (first, later) = imports(path, text);
        for (names_part, target) in first {
            let module = files.iter().find(|(path, _)| *path == target);
            let (_, module) = module.unwrap_or_else(|| panic!("{path} imports {target}"));
            if let Some((_, inner)) = names_part.split_once('{') {
                for name in inner.split('}').next().unwrap().split(',') {
                    let name = name.split(" as ").next().unwrap().trim();
                    let is_exported = ["function", "async function", "const", "class"]
                        .iter()
                        .any(|kind| has_word(module, &format!("export {kind} {name}")));
                    assert!(is_exported, "{path} imports {name}, which {target} does not export");
                }
            }
            used.insert(target);
        }
        used.extend(later);
    }
    // Of the page that lists the API.
    used.extend(["index.html", "css/api.css"].map(str::to_owned));
    assert_eq!(names, used.iter().map(String::as_str).collect());
}

/// A module and all that it imports, without what comes later.
fn with_imports(files: &[(String, String)], path: &str, found: &mut BTreeSet<String>) {
    if found.insert(path.to_owned()) {
        let (_, text) = files.iter().find(|(other, _)| other == path).unwrap();
        for (_, target) in imports(path, text).0 {
            with_imports(files, &target, found);
        }
    }
}

/// What is fetched until the leaderboard stands there, in English.
fn first_load(files: &[(String, String)]) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = [
        "index.html",
        "icon.svg",
        "css/colours.css",
        "css/frame.css",
        "css/parts.css",
        "css/leaderboard.css",
    ]
    .map(str::to_owned)
    .into();
    for module in ["start.js", "page.js", "views/leaderboard.js", "text/en.js"] {
        with_imports(files, module, &mut found);
    }
    found
}

/// Or a browser would find them one after another.
#[test]
fn the_modules_of_the_first_load_are_asked_for_at_once() {
    let files = files();
    let index = &files.iter().find(|(path, _)| path == "index.html").unwrap().1;
    let hinted =
        index.split("modulepreload\" href=\"/page/").skip(1).map(|rest| rest.split('"').next().unwrap());
    let hinted: BTreeSet<String> = hinted.map(str::to_owned).collect();
    let later = ["start.js", "page.js", "views/leaderboard.js", "text/en.js"];
    let mut modules = first_load(&files);
    modules.retain(|path| path.ends_with(".js") && !later.contains(&path.as_str()));
    assert_eq!(hinted, modules);
}

/// In bytes as the files are; compressed, it is about a third.
const FIRST_LOAD_MAX: usize = 84_000;
const ALL_MAX: usize = 172_000;

#[test]
fn the_page_is_light() {
    let files = files();
    let sum = |paths: &dyn Fn(&str) -> bool| -> usize {
        files.iter().filter(|(path, _)| paths(path)).map(|(_, text)| text.len()).sum()
    };
    let first = first_load(&files);
    let bytes = sum(&|path| first.contains(path));
    assert!(bytes <= FIRST_LOAD_MAX, "the first load has {bytes} bytes");
    // Nobody reads two languages, or the page of the API beside this one.
    let all = sum(&|path| !path.starts_with("text/ja") && path != "css/api.css");
    assert!(all <= ALL_MAX, "all views together have {all} bytes");
}

fn has_word(text: &str, start: &str) -> bool {
    text.match_indices(start).any(|(at, _)| {
        let next = text[at + start.len()..].chars().next();
        next.is_none_or(|next| !next.is_alphanumeric() && next != '_')
    })
}

/// The words by their keys, as the lines of a language's two tables have them.
fn words(language: &str) -> Vec<(String, String)> {
    ["", "-rest"].iter().flat_map(|which| table(&format!("{language}{which}"))).collect()
}

fn table(language: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(folder().join(format!("text/{language}.js"))).unwrap();
    let quoted: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    assert!(!text.contains('\\'), "{language}: no escapes, or keys and words cannot be told apart");
    quoted.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
}

#[test]
fn all_languages_have_words_for_the_same_and_for_every_kpi() {
    let [en, ja] = ["en", "ja"].map(words);
    let keys = |table: &[(String, String)]| -> Vec<String> {
        let mut keys: Vec<String> = table.iter().map(|(key, _)| key.clone()).collect();
        keys.sort();
        keys
    };
    let known = keys(&en);
    assert_eq!(known, keys(&ja));
    assert_eq!(known.len(), known.iter().collect::<BTreeSet<_>>().len(), "a key is there twice");
    for kpi in kpi::CATALOGUE {
        assert!(known.contains(&format!("kpi.{}", kpi.name)), "{} has no label", kpi.name);
    }
    for (key, words) in en.iter().chain(&ja) {
        assert!(!words.trim().is_empty(), "{key}");
    }
    let places = |words: &str| -> BTreeSet<String> {
        words.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect()
    };
    for (key, english) in &en {
        let japanese = &ja.iter().find(|(other, _)| other == key).unwrap().1;
        assert!(places(japanese).is_subset(&places(english)), "{key}: {japanese}");
    }
}

/// The keys that a module says, with where a key goes on: `view.` of `view.${name}`.
fn said(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let whole = text.split("say(\"").skip(1).map(|rest| (rest.split('"').next().unwrap(), true));
    let begun = ["say(`", "sayIfKnown(`"].into_iter().flat_map(|call| text.split(call).skip(1));
    let begun = begun.filter_map(|rest| Some((rest.split_once("${")?.0, false)));
    whole.chain(begun.filter(|(start, _)| start.ends_with('.')))
}

#[test]
fn every_key_that_is_said_has_words_when_it_is_said() {
    let files = files();
    let keys =
        |words: Vec<(String, String)>| -> Vec<String> { words.into_iter().map(|(key, _)| key).collect() };
    let (all, at_first) = (keys(words("en")), keys(table("en")));
    assert_eq!(keys(table("ja")).iter().collect::<BTreeSet<_>>(), at_first.iter().collect::<BTreeSet<_>>());
    let first = first_load(&files);
    let mut count = 0;
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".js")) {
        let known = if first.contains(path) { &at_first } else { &all };
        for (key, is_whole) in said(text) {
            // Categories are of activities, and stand with the words that all share.
            let is_known = key == "category."
                || known.iter().any(|known| if is_whole { known == key } else { known.starts_with(key) });
            assert!(is_known, "{path} says {key}");
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}

#[test]
fn files_are_small() {
    for (path, text) in files() {
        let lines = text.lines().count();
        assert!(lines < 250, "{path} has {lines} lines");
    }
}
