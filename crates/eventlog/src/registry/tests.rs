//! What a client makes of a registry's answers, against a server that gives them.

use std::io::Write as _;
use std::net::TcpListener;
use std::thread;

use super::*;

/// A server that gives these answers, one a connection, and what it was asked.
fn server(answers: Vec<(u16, String)>) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/base", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        answers
            .into_iter()
            .map(|(status, body)| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                let mut piece = [0; 4_096];
                while !complete(&request) {
                    let count = stream.read(&mut piece).unwrap();
                    request.extend_from_slice(&piece[..count]);
                }
                let head = format!(
                    "HTTP/1.1 {status} Any\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                // The client may hang up before it has read an answer that is too long.
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
                String::from_utf8(request).unwrap()
            })
            .collect()
    });
    (url, asked)
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    body.len() >= length
}

fn registry(urls: Vec<String>) -> SchemaRegistry {
    SchemaRegistry::new(&RegistryOptions {
        urls,
        username: Some("me".to_owned()),
        password: Some(Secret::new("open-sesame")),
        timeout_ms: 5_000,
    })
    .unwrap()
}

#[test]
fn schemas_are_found_or_not_or_the_answer_is_no_registrys() {
    let long = format!(r#"{{"schema":"{}"}}"#, "x".repeat(1 << 20));
    let long_page = format!("<html>{}</html>", "x".repeat(1 << 20));
    for (status, body, expected) in [
        (200, r#"{"schema":"\"string\""}"#, Ok(Some("\"string\""))),
        (404, r#"{"error_code":40403,"message":"Schema not found"}"#, Ok(None)),
        (404, r#"{"error_code":404,"message":"HTTP 404"}"#, Err("registry_unexpected")),
        (404, "<html>nothing here</html>", Err("registry_unexpected")),
        (200, "<html>welcome</html>", Err("registry_unexpected")),
        // These are of the one schema, and stay as they are.
        (200, &long, Err("registry_unreadable")),
        (422, r#"{"error_code":42201,"message":"Invalid schema"}"#, Err("registry_unreadable")),
        (400, r#"{"error_code":400,"message":"Bad request"}"#, Err("registry_unreadable")),
        // These are of all schemas: the address is wrong.
        (200, &long_page, Err("registry_unexpected")),
        (400, "plain HTTP request sent to HTTPS port", Err("registry_unexpected")),
        (405, r#"{"error_code":405,"message":"HTTP 405"}"#, Err("registry_unexpected")),
        (401, "{}", Err("registry_not_allowed")),
        (403, r#"{"error_code":40301,"message":"Forbidden"}"#, Err("registry_not_allowed")),
        (408, r#"{"error_code":408,"message":"late"}"#, Err("registry_unreachable")),
        (429, r#"{"error_code":42901,"message":"slow down"}"#, Err("registry_unreachable")),
        (503, "busy", Err("registry_unreachable")),
    ] {
        let (url, asked) = server(vec![(status, body.to_owned())]);
        let found = registry(vec![url]).schema_by_id(7);
        let concerns_one = found.as_ref().is_err_and(RegistryError::concerns_one_schema);
        let found = found.as_ref().map(Option::as_deref).map_err(RegistryError::code);
        assert_eq!(found, expected, "{status}");
        assert_eq!(concerns_one, expected == Err("registry_unreadable"), "{status}");
        let asked = asked.join().unwrap();
        assert!(asked[0].starts_with("GET /base/schemas/ids/7 HTTP/1.1\r\n"), "{}", asked[0]);
        assert!(asked[0].contains("authorization: Basic bWU6b3Blbi1zZXNhbWU="), "{}", asked[0]);
    }
}

#[test]
fn schemas_are_registered_or_refused() {
    let (url, asked) = server(vec![
        (200, r#"{"id":12}"#.to_owned()),
        (409, r#"{"error_code":409,"message":"incompatible"}"#.to_owned()),
    ]);
    let registry = registry(vec![url]);
    assert_eq!(registry.register("deals/a-value", "\"string\""), Ok(12));
    let error = registry.register("deals/a-value", "\"int\"").unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("registry_refused", false));
    assert!(error.to_string().contains("incompatible"), "{error}");
    let asked = asked.join().unwrap();
    assert!(asked[0].starts_with("POST /base/subjects/deals%2Fa-value/versions "), "{}", asked[0]);
    assert!(asked[0].ends_with(r#"{"schema":"\"string\"","schemaType":"AVRO"}"#), "{}", asked[0]);
}

#[test]
fn the_next_address_is_tried_and_no_message_shows_the_password() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (url, asked) = server(vec![(200, r#"{"schema":"{}"}"#.to_owned())]);
    let both = registry(vec![format!("http://{dead}"), url]);
    assert_eq!(both.schema_by_id(1), Ok(Some("{}".to_owned())));
    asked.join().unwrap();
    let error = registry(vec![format!("http://{dead}")]).schema_by_id(1).unwrap_err();
    assert!(error.is_retryable());
    assert!(!format!("{error} {both:?}").contains("open-sesame"));
}

#[test]
fn wrong_options_are_named() {
    for (urls, timeout_ms) in [
        (vec![], 1_000),
        (vec!["registry:8081"], 1_000),
        (vec!["ftp://registry"], 1_000),
        (vec!["http://me:open-sesame@registry"], 1_000),
        (vec!["http://registry"], 1),
    ] {
        let options = RegistryOptions {
            urls: urls.into_iter().map(str::to_owned).collect(),
            timeout_ms,
            ..RegistryOptions::default()
        };
        let error = SchemaRegistry::new(&options).unwrap_err();
        assert_eq!(error.code(), "registry_configuration");
        assert!(!error.to_string().contains("open-sesame"), "{error}");
    }
}
