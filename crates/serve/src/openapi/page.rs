//! The document as a page for people: plain HTML, nothing to run and nothing from elsewhere.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// The page of a document.
pub(crate) fn page(document: &Json) -> String {
    let mut page = HEAD.to_owned();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let operation = &item["get"];
        let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let in_query: Vec<&Json> = parameters.iter().filter(|one| one["in"] == "query").collect();
        // To a text, nothing can fail to be written.
        let _ = write!(
            page,
            "<li><a href=\"{}\">{path}</a>: {}",
            escaped(&example(path, &in_query)),
            escaped(text(&operation["summary"]))
        );
        if !in_query.is_empty() {
            page.push_str("\n<ul>");
            for parameter in in_query {
                let (name, about) = (text(&parameter["name"]), text(&parameter["description"]));
                let values = escaped(&values(&parameter["schema"]));
                let _ = write!(page, "\n<li><code>{name}</code> {values} {}</li>", escaped(about));
            }
            page.push_str("\n</ul>");
        }
        page.push_str("</li>\n");
    }
    page.push_str("</ul>\n</html>\n");
    page
}

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Tallyboard: API</title>
<h1>Tallyboard: API</h1>
<p>As a document for programs: <a href=\"/api/v1/openapi.json\">OpenAPI 3.1</a>. Errors are problem documents (RFC 9457), whose
<code>detail</code> says what was found and what was expected.</p>
<ul>
";

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

/// The path with the parameters that it needs.
fn example(path: &str, parameters: &[&Json]) -> String {
    let required = parameters.iter().filter(|parameter| parameter["required"] == true);
    let pairs: Vec<String> = required
        .map(|parameter| format!("{}={}", text(&parameter["name"]), text(&parameter["example"])))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// What a parameter may be, in short.
fn values(schema: &Json) -> String {
    let names = schema["enum"].as_array().map(|names| names.iter().map(text).collect::<Vec<_>>().join(", "));
    let numbers = schema["maximum"].as_u64().map(|max| format!("1 to {max}"));
    let values = names.or(numbers);
    let default = match &schema["default"] {
        Json::Null => None,
        Json::String(name) => Some(format!("by default {name}")),
        other => Some(format!("by default {other}")),
    };
    match (values, default) {
        (None, None) => String::new(),
        (Some(all), None) => format!("({all})"),
        (None, Some(default)) => format!("({default})"),
        (Some(all), Some(default)) => format!("({all}; {default})"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_never_becomes_markup() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
