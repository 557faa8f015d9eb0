//! An object store that fails when told to.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::stream::{self, BoxStream, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Put,
    Part,
    Complete,
    Get,
    /// Getting begins well and ends with an error.
    MiddleOfGet,
    List,
    Delete,
    Copy,
}

/// Keeps objects in memory; fails at `fault` from now on.
#[derive(Debug, Default, Clone)]
pub(crate) struct Faulty {
    objects: InMemory,
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Faulty {
    pub(crate) fn set(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    fn check(&self, fault: Fault) -> Result<()> {
        match *self.fault.lock().unwrap() {
            Some(set) if set == fault => Err(failure()),
            _ => Ok(()),
        }
    }
}

fn failure() -> Error {
    Error::Generic { store: "faulty", source: "told to fail".into() }
}

impl fmt::Display for Faulty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("faulty")
    }
}

impl ObjectStore for Faulty {
    fn put_opts<'a, 'b, 'c>(
        &'a self,
        location: &'b Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Later<'c, PutResult>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(async move {
            self.check(Fault::Put)?;
            self.objects.put_opts(location, payload, opts).await
        })
    }

    fn put_multipart_opts<'a, 'b, 'c>(
        &'a self,
        location: &'b Path,
        opts: PutMultipartOptions,
    ) -> Later<'c, Box<dyn MultipartUpload>>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(async move {
            let upload = self.objects.put_multipart_opts(location, opts).await?;
            Ok(Box::new(FaultyUpload { upload, store: self.clone() }) as Box<dyn MultipartUpload>)
        })
    }

    fn get_opts<'a, 'b, 'c>(&'a self, location: &'b Path, options: GetOptions) -> Later<'c, GetResult>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(async move {
            self.check(Fault::Get)?;
            let mut result = self.objects.get_opts(location, options).await?;
            if self.check(Fault::MiddleOfGet).is_err() {
                let GetResultPayload::Stream(stream) = result.payload else { panic!("memory streams") };
                let bytes = stream::once(async move { stream.collect::<Vec<_>>().await.remove(0) });
                let half = bytes.map(|bytes| bytes.map(|bytes| bytes.slice(..bytes.len() / 2)));
                let payload = half.chain(stream::once(async { Err(failure()) })).boxed();
                result.payload = GetResultPayload::Stream(payload);
            }
            Ok(result)
        })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        match self.check(Fault::Delete) {
            Ok(()) => self.objects.delete_stream(locations),
            Err(_) => locations.map(|_| Err(failure())).boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.check(Fault::List) {
            Ok(()) => self.objects.list(prefix),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    fn list_with_delimiter<'a, 'b, 'c>(&'a self, prefix: Option<&'b Path>) -> Later<'c, ListResult>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(async move {
            self.check(Fault::List)?;
            self.objects.list_with_delimiter(prefix).await
        })
    }

    fn copy_opts<'a, 'b, 'd, 'c>(
        &'a self,
        from: &'b Path,
        to: &'d Path,
        options: CopyOptions,
    ) -> Later<'c, ()>
    where
        'a: 'c,
        'b: 'c,
        'd: 'c,
    {
        Box::pin(async move {
            self.check(Fault::Copy)?;
            self.objects.copy_opts(from, to, options).await
        })
    }
}

#[derive(Debug)]
struct FaultyUpload {
    upload: Box<dyn MultipartUpload>,
    store: Faulty,
}

impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match self.store.check(Fault::Part) {
            Ok(()) => self.upload.put_part(data),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn complete<'a, 'c>(&'a mut self) -> Later<'c, PutResult>
    where
        'a: 'c,
    {
        Box::pin(async move {
            self.store.check(Fault::Complete)?;
            self.upload.complete().await
        })
    }

    fn abort<'a, 'c>(&'a mut self) -> Later<'c, ()>
    where
        'a: 'c,
    {
        self.upload.abort()
    }
}
