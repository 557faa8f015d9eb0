//! `health`: the exit code tells, and the message says why.

use serde_json::json;

use crate::explain::service;
use crate::run::Folder;

#[test]
fn the_exit_code_tells_whether_a_service_lives_and_is_ready() {
    let waiting = json!({ "ready": false, "why": ["partition 3 has 17 records to count", "and so has 4"] });
    let folder = Folder::new();
    for (arguments, answer, asked_for, code, said) in [
        (vec![], (200, json!("alive")), "GET /board/healthz HTTP/1.1", 0, "alive\n"),
        (vec!["--ready"], (200, json!({ "ready": true })), "GET /board/readyz HTTP/1.1", 0, "ready\n"),
        (
            vec!["--ready"],
            (503, waiting),
            "GET /board/readyz HTTP/1.1",
            1,
            "not ready: partition 3 has 17 records to count; and so has 4",
        ),
        (
            vec![],
            (502, json!(null)),
            "GET /board/healthz HTTP/1.1",
            1,
            "not alive: /healthz answers with status 502",
        ),
    ] {
        let (address, asked) = service(vec![answer]);
        let found = folder.call(&[vec!["health", "--server", &address], arguments].concat(), &[]);
        assert_eq!(asked.join().unwrap(), [asked_for]);
        assert_eq!(found.code, Some(code), "{}", found.stderr);
        let told = if code == 0 { &found.stdout } else { &found.stderr };
        assert!(told.contains(said), "{told:?} lacks {said:?}");
    }
}

#[test]
fn nobody_there_is_not_alive() {
    let folder = Folder::new();
    // The port of a listener that is gone.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let found = folder.call(&["health", "--server", &format!("http://{address}")], &[]);
    assert_eq!(found.code, Some(1));
    assert!(found.stderr.contains("check the address and that the service runs"), "{}", found.stderr);
}
