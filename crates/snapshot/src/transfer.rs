//! Carries bytes between blocking code and an object store.
//!
//! Must not know what the bytes are. An upload appears under its name when it is finished, or not at all (`SNAPSHOT-1`):
//! small ones are put at once, large ones in parts that the store joins at the end.

use std::io::{self, BufReader, Read, Write};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    GetResult, GetResultPayload, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, WriteMultipart,
};
use tokio::runtime::Handle;

/// The size of a part, and up to which an upload is put at once. S3 wants 5 MiB at least and 10 000 parts at most.
const PART_BYTES: usize = 8 << 20;
/// How many parts are under way while the next one is filled.
const PARTS_UNDER_WAY: usize = 2;
/// How much is read from a file at once.
const READ_BYTES: usize = 256 << 10;

/// An object that is being written.
pub(crate) struct Upload {
    store: Arc<dyn ObjectStore>,
    handle: Handle,
    path: Path,
    buffer: Vec<u8>,
    parts: Option<WriteMultipart>,
    /// After a failure nothing more is taken: a part may be missing.
    failure: Option<object_store::Error>,
}

impl Upload {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, handle: Handle, path: Path) -> Self {
        Self { store, handle, path, buffer: Vec::new(), parts: None, failure: None }
    }

    /// What the store said when it failed.
    pub(crate) fn take_failure(&mut self) -> Option<object_store::Error> {
        self.failure.take()
    }

    /// Makes the object appear.
    pub(crate) fn finish(mut self) -> Result<(), object_store::Error> {
        let rest = PutPayload::from(std::mem::take(&mut self.buffer));
        let Self { store, handle, path, parts, .. } = self;
        handle.block_on(async move {
            let Some(mut parts) = parts else {
                return store.put_opts(&path, rest, PutOptions::default()).await.map(|_| ());
            };
            for piece in rest {
                parts.put(piece);
            }
            // Gives the parts up by itself when one of them fails.
            parts.finish().await.map(|_| ())
        })
    }

    /// Gives the object up; what was sent is removed.
    pub(crate) fn abort(self) -> Result<(), object_store::Error> {
        match self.parts {
            Some(parts) => self.handle.block_on(parts.abort()),
            None => Ok(()),
        }
    }

    fn send_part(&mut self) -> Result<(), object_store::Error> {
        let part = PutPayload::from(std::mem::take(&mut self.buffer));
        let Self { store, handle, path, parts, .. } = self;
        handle.block_on(async {
            let parts = match parts {
                Some(parts) => parts,
                None => {
                    let upload = store.put_multipart_opts(path, PutMultipartOptions::default()).await?;
                    parts.insert(WriteMultipart::new_with_chunk_size(upload, PART_BYTES))
                }
            };
            parts.wait_for_capacity(PARTS_UNDER_WAY).await?;
            for piece in part {
                parts.put(piece);
            }
            Ok(())
        })
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Err(io::Error::other("the store failed before"));
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PART_BYTES {
            self.send_part().map_err(|error| {
                self.failure = Some(error);
                io::Error::other("the store failed")
            })?;
        }
        Ok(bytes.len())
    }

    /// Does nothing: only the whole object counts.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A piece of a stream, of whatever type the object store has for it.
type Chunk = Box<dyn AsRef<[u8]> + Send>;

/// An object that is being read.
pub(crate) enum Download {
    /// A file of the local file system.
    File(BufReader<std::fs::File>),
    /// A stream from elsewhere.
    Stream(Stream),
}

pub(crate) struct Stream {
    handle: Handle,
    chunks: BoxStream<'static, io::Result<Chunk>>,
    current: Option<Chunk>,
    consumed: usize,
}

impl Download {
    pub(crate) fn new(result: GetResult, handle: Handle) -> Self {
        match result.payload {
            GetResultPayload::File(file, _) => Self::File(BufReader::with_capacity(READ_BYTES, file)),
            GetResultPayload::Stream(stream) => {
                let chunks = stream
                    .map(|chunk| match chunk {
                        Ok(chunk) => Ok(Box::new(chunk) as Chunk),
                        Err(error) => Err(io::Error::other(error)),
                    })
                    .boxed();
                Self::Stream(Stream { handle, chunks, current: None, consumed: 0 })
            }
        }
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Stream(stream) => stream.read(buffer),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let rest = match &self.current {
                Some(chunk) => &(**chunk).as_ref()[self.consumed..],
                None => &[],
            };
            if !rest.is_empty() {
                let length = rest.len().min(buffer.len());
                buffer[..length].copy_from_slice(&rest[..length]);
                self.consumed += length;
                return Ok(length);
            }
            match self.handle.block_on(self.chunks.next()) {
                Some(chunk) => self.current = Some(chunk?),
                None => return Ok(0),
            }
            self.consumed = 0;
        }
    }
}
