//! Real connections.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use tallyboard_serve::{ServeOptions, ServeState, router, serve};
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

/// A stream is silent for longer than a connection may be, ends with the server, and leaves room for others.
#[tokio::test(flavor = "multi_thread")]
async fn live_feeds_stay_open_until_the_server_stops() {
    let options = ServeOptions { idle_timeout_seconds: 1, connections_max: 8, ..ServeOptions::default() };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = router(ServeState { options: options.clone(), ..state(board()) });
    let service = tokio::spawn(async move {
        serve(listener, app, &options, async move {
            let _ = stopped.await;
        })
        .await
    });
    let live = "GET /api/v1/live?watch=kpis HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n";
    let streams: Vec<_> = (0..7).map(|_| tokio::task::spawn_blocking(move || ask(address, live))).collect();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(streams.iter().all(|stream| !stream.is_finished()));
    let other = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let others = tokio::task::spawn_blocking(move || (ask(address, live), ask(address, other)));
    let (refused, other) = others.await.unwrap();
    let refused = refused.unwrap_or_default();
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(other.unwrap().ends_with("alive\n"));

    let told_at = std::time::Instant::now();
    stop.send(()).unwrap();
    for stream in streams {
        let text = stream.await.unwrap().unwrap();
        assert!(text.contains("content-type: text/event-stream\r\n"), "{text}");
        assert!(text.contains("event: status\n") && text.contains("event: document\n"), "{text}");
        assert!(text.matches(": \n\n").count() >= 4, "signs of life every half second");
    }
    service.await.unwrap().unwrap();
    assert!(told_at.elapsed() < Duration::from_millis(800), "{:?}", told_at.elapsed());
}
