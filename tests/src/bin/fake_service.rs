//! Stands in for `tallyboard` in the harness's own tests: not ready at first, then ready, and JSON everywhere else.
//! Its one argument is the port.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

fn main() -> anyhow::Result<()> {
    let port: u16 = std::env::args().nth(1).unwrap_or_default().parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    writeln!(std::io::stdout(), "fake service on port {port}")?;
    let mut refusals_left = 2;
    for stream in listener.incoming() {
        let mut stream = stream?;
        let mut lines = BufReader::new(stream.try_clone()?).lines().map_while(Result::ok);
        let request = lines.next().unwrap_or_default();
        // A close with unread lines would reset the connection before the answer is read.
        lines.take_while(|line| !line.is_empty()).for_each(drop);
        let (status, body) = match request.split(' ').nth(1) {
            Some("/readyz") if refusals_left > 0 => {
                refusals_left -= 1;
                ("503 Service Unavailable", "not yet")
            }
            Some("/readyz") => ("200 OK", "ready"),
            Some("/missing") => ("404 Not Found", "no such thing"),
            _ => ("200 OK", r#"{"answer":42}"#),
        };
        let length = body.len();
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")?;
    }
    Ok(())
}
