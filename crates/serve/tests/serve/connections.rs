//! Real connections.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use tallyboard_serve::{ServeOptions, router, serve};
use tokio::sync::oneshot;

use crate::fixture::{board, state};

fn ask(address: SocketAddr, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_served_until_the_shutdown_and_not_held_open() {
    let options = ServeOptions { idle_timeout_seconds: 1, connections_max: 1, ..ServeOptions::default() };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = router(state(board()));
    let service = tokio::spawn(async move {
        serve(listener, app, &options, async move {
            let _ = stopped.await;
        })
        .await
    });
    let answers = tokio::task::spawn_blocking(move || {
        // Never ends its request, and holds the only connection until it is thrown out.
        let lazy = ask(address, "GET /healthz HTTP/1.1\r\nHost: a\r\n");
        let keen = ask(address, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        (lazy, keen)
    });
    let (lazy, keen) = answers.await.unwrap();
    assert!(lazy.map_or(true, |answer| !answer.contains("alive")));
    assert!(keen.unwrap().ends_with("alive\n"));
    stop.send(()).unwrap();
    service.await.unwrap().unwrap();
}
