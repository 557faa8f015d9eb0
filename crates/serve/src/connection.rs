//! Serving a listener, with a limit on connections and on how long one may stand still.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use axum::{Extension, Router};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, Sleep};

use crate::options::ServeOptions;

/// Serves a router until the shutdown ends; then answers what was asked already, ends live feeds, and returns.
///
/// # Errors
/// What the operating system says of the listener.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: &ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = LimitedListener {
        listener,
        connections: Arc::new(Semaphore::new(options.connections_max)),
        idle_timeout: Duration::from_secs(options.idle_timeout_seconds),
    };
    let (end, ended) = watch::channel(());
    let shutdown = async move {
        shutdown.await;
        drop(end);
    };
    let router = router.layer(Extension(Ending(ended)));
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

/// Tells answers that have no end of their own when the server stops.
#[derive(Debug, Clone)]
pub(crate) struct Ending(watch::Receiver<()>);

impl Ending {
    /// Waits for the stop.
    pub(crate) async fn ended(&mut self) {
        // Nothing is ever sent: an error says that the sender is gone.
        while self.0.changed().await.is_ok() {}
    }
}

/// Accepts no more connections than there are permits.
struct LimitedListener {
    listener: TcpListener,
    connections: Arc<Semaphore>,
    idle_timeout: Duration,
}

impl Listener for LimitedListener {
    type Io = LimitedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let permit = Arc::clone(&self.connections).acquire_owned().await.ok();
        // Axum's own accept, which waits where the system has no room for another connection.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let idle = Box::pin(tokio::time::sleep(self.idle_timeout));
        (LimitedStream { stream, idle, idle_timeout: self.idle_timeout, _permit: permit }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection that fails once nothing has moved for the timeout, whichever side is waited for.
struct LimitedStream {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    idle_timeout: Duration,
    _permit: Option<OwnedSemaphorePermit>,
}

impl LimitedStream {
    /// Passes on what is ready; fails what has been pending for too long.
    fn limit<T>(&mut self, polled: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.idle.as_mut().reset(Instant::now() + self.idle_timeout);
            return polled;
        }
        ready!(self.idle.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for LimitedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.limit(polled, context)
    }
}

impl AsyncWrite for LimitedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limit(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.limit(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
