//! The document as a page for people: plain HTML, nothing to run and nothing from elsewhere.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::encode_value;

/// The page of a document: its paths, by what they are for.
pub(crate) fn page(document: &Json) -> String {
    let mut page = HEAD.to_owned();
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        let about = text(&tag["description"]);
        // To a text, nothing can fail to be written.
        let _ = write!(page, "<section>\n<h2>{}</h2>\n<p>{}</p>\n", escaped(name), escaped(about));
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            let operation = &item["get"];
            if list(&operation["tags"]).iter().any(|of| of == name) {
                write_operation(&mut page, document, path, operation);
            }
        }
        page.push_str("</section>\n");
    }
    page.push_str("</main>\n</html>\n");
    page
}

fn write_operation(page: &mut String, document: &Json, path: &str, operation: &Json) {
    let parameters = list(&operation["parameters"]);
    let in_query: Vec<&Json> = parameters.iter().filter(|one| one["in"] == "query").collect();
    let _ = write!(
        page,
        "<article>\n<h3><a href=\"{}\">{}</a></h3>\n<p>{}</p>\n",
        escaped(&example(path, &in_query)),
        escaped(path),
        escaped(text(&operation["summary"]))
    );
    let about = text(&operation["description"]);
    if !about.is_empty() {
        let _ = writeln!(page, "<p>{}</p>", escaped(about));
    }
    if !in_query.is_empty() {
        page.push_str("<dl>\n");
        for parameter in in_query {
            let name = escaped(text(&parameter["name"]));
            let about = escaped(text(&parameter["description"]));
            let values = escaped(&values(resolved(document, &parameter["schema"])));
            let values = if values.is_empty() { values } else { format!(" <small>{values}</small>") };
            let _ = writeln!(page, "<dt><code>{name}</code></dt>\n<dd>{about}{values}</dd>");
        }
        page.push_str("</dl>\n");
    }
    page.push_str("</article>\n");
}

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>Tallyboard: API</title>
<link rel=\"icon\" type=\"image/svg+xml\" href=\"/page/icon.svg\">
<link rel=\"stylesheet\" href=\"/page/css/colours.css\">
<link rel=\"stylesheet\" href=\"/page/css/api.css\">
<main>
<p><a href=\"/\">Tallyboard</a></p>
<h1>API</h1>
<p>As a document for programs: <a href=\"/api/v1/openapi.json\">OpenAPI 3.1</a>. Errors are problem documents (RFC 9457), whose
<code>detail</code> says what was found and what was expected.</p>
";

fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

/// The path with the parameters that it needs.
fn example(path: &str, parameters: &[&Json]) -> String {
    let required = parameters.iter().filter(|parameter| parameter["required"] == true);
    let pairs: Vec<String> = required
        .map(|parameter| [text(&parameter["name"]), text(&parameter["example"])].map(encode_value).join("="))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// The schema that is meant, where one of the document's is named.
fn resolved<'a>(document: &'a Json, schema: &'a Json) -> &'a Json {
    let pointer = schema["$ref"].as_str().and_then(|named| named.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
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
