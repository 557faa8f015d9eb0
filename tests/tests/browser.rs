//! The web page before a real service, in a real browser. What is checked is in `tests/browser/checks.mjs`.

use std::time::Duration;

use tallyboard_end_to_end::{Browser, Service, ServiceOptions, free_ports, require};

#[test]
fn readers_see_live_numbers_that_open() {
    let Some(browser) = require("readers_see_live_numbers_that_open", Browser::find) else { return };
    let [port] = free_ports().unwrap();
    let options = ServiceOptions {
        binary: None,
        // Fast enough that deals are won while somebody looks.
        arguments: ["demo", "--speed", "1200", "--history", "90", "--listen", &format!("127.0.0.1:{port}")]
            .map(str::to_owned)
            .to_vec(),
        environment: Vec::new(),
        port,
        ready_bound: Duration::from_secs(120),
    };
    let Some(service) = require("readers_see_live_numbers_that_open", || Service::start(&options)) else {
        return;
    };
    browser.check(&service.url("/")).unwrap();
}
