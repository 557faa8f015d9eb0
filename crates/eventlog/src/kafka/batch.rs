//! Reading many messages with one call, which rdkafka has no safe function for.
//!
//! Why it is worth unsafe code: rdkafka hands out one event a message; taking them in batches costs less than half.
//! It also tells for which topic a partition's end was reached, which rdkafka's event leaves out.
//!
//! How rebalancing stays rdkafka's: the consumer's own queue, on which rebalance events arrive, is never read here. Each
//! assigned partition's queue is forwarded to a queue of ours before the partition is assigned; librdkafka respects a
//! forwarding that the application has set. Stopping a partition removes its forwarding, and librdkafka would then keep
//! its messages to itself if it were assigned again (rust-rdkafka #840): so forwarding is renewed before each
//! assignment and every now and then, which moves what has gathered.
//!
//! This is the one room with unsafe code. What it gives out cannot be misused: messages are borrowed for one call of a
//! closure and destroyed after it; the queue keeps the client alive.

#![expect(unsafe_code, reason = "calls librdkafka where rdkafka has no safe wrapper, as said above")]

use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings::{
    rd_kafka_consume_batch_queue, rd_kafka_get_watermark_offsets, rd_kafka_header_get_all,
    rd_kafka_headers_t, rd_kafka_message_destroy, rd_kafka_message_headers, rd_kafka_message_t,
    rd_kafka_message_timestamp, rd_kafka_queue_destroy, rd_kafka_queue_forward, rd_kafka_queue_get_partition,
    rd_kafka_queue_new, rd_kafka_queue_t, rd_kafka_topic_name,
};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;

use crate::log::TopicPartition;

/// A queue on which the messages of all assigned partitions arrive.
pub(super) struct BatchQueue<C: ConsumerContext + 'static> {
    queue: NonNull<rd_kafka_queue_t>,
    forwarded: Vec<NonNull<rd_kafka_queue_t>>,
    messages: Vec<*mut rd_kafka_message_t>,
    /// Keeps the client alive for as long as there are queues.
    consumer: Arc<BaseConsumer<C>>,
}

// SAFETY: librdkafka's functions on queues may be called from any thread; `messages` holds live pointers only within
// `fetch`, which has the queue for itself.
unsafe impl<C: ConsumerContext + 'static> Send for BatchQueue<C> {}

impl<C: ConsumerContext + 'static> BatchQueue<C> {
    /// A queue that fetches up to `capacity` messages at once; none if librdkafka has no memory.
    pub(super) fn new(consumer: Arc<BaseConsumer<C>>, capacity: usize) -> Option<Self> {
        // SAFETY: the client is alive, as `consumer` is.
        let queue = NonNull::new(unsafe { rd_kafka_queue_new(consumer.client().native_ptr()) })?;
        Some(Self {
            queue,
            forwarded: Vec::new(),
            messages: vec![ptr::null_mut(); capacity.max(1)],
            consumer,
        })
    }

    /// Lets the messages of these partitions, and no others, arrive here. Call it before assigning them.
    pub(super) fn forward<'a>(&mut self, partitions: impl Iterator<Item = &'a TopicPartition>) {
        self.clear();
        for partition in partitions {
            let Ok(topic) = CString::new(&*partition.topic) else {
                continue;
            };
            // SAFETY: the client is alive and the name ends with a zero; the call takes no ownership.
            let queue = unsafe {
                rd_kafka_queue_get_partition(
                    self.consumer.client().native_ptr(),
                    topic.as_ptr(),
                    partition.partition.0,
                )
            };
            self.forwarded.extend(NonNull::new(queue));
        }
        self.renew();
    }

    /// Forwards the same partitions again, with what has gathered since a forwarding was lost.
    pub(super) fn renew(&self) {
        for queue in &self.forwarded {
            // SAFETY: both queues are alive until `clear` or `drop` destroys them.
            unsafe { rd_kafka_queue_forward(queue.as_ptr(), self.queue.as_ptr()) };
        }
    }

    /// Lets go of the partitions' queues.
    pub(super) fn clear(&mut self) {
        for queue in self.forwarded.drain(..) {
            // SAFETY: `forward` got it and nothing else destroys it.
            unsafe { rd_kafka_queue_destroy(queue.as_ptr()) };
        }
    }

    /// Waits for up to `most` messages and shows them in order; how many there were. librdkafka waits the whole time unless
    /// `most` have come, so wait for one and then ask for the rest without waiting.
    pub(super) fn fetch(
        &mut self,
        wait: Duration,
        most: usize,
        mut visit: impl FnMut(&Message<'_>),
    ) -> usize {
        let most = most.min(self.messages.len());
        let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive and `messages` has room for `most` pointers.
        let count = unsafe {
            rd_kafka_consume_batch_queue(self.queue.as_ptr(), wait_ms, self.messages.as_mut_ptr(), most)
        };
        // Below 0 on errors, which only a queue of another kind of client can cause.
        let count = usize::try_from(count).unwrap_or(0).min(most);
        for pointer in &mut self.messages[..count] {
            let owned = OwnedMessage(std::mem::replace(pointer, ptr::null_mut()));
            visit(&Message { raw: owned.0, lifetime: PhantomData });
        }
        count
    }

    /// The end of a partition as the last fetch told it.
    pub(super) fn high_offset(&self, partition: &TopicPartition) -> Option<i64> {
        let topic = CString::new(&*partition.topic).ok()?;
        let (mut low, mut high) = (-1, -1);
        // SAFETY: the client is alive, the name ends with a zero, and both numbers may be written.
        let error = unsafe {
            rd_kafka_get_watermark_offsets(
                self.consumer.client().native_ptr(),
                topic.as_ptr(),
                partition.partition.0,
                &raw mut low,
                &raw mut high,
            )
        };
        (error == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some(high)
    }
}

impl<C: ConsumerContext + 'static> Drop for BatchQueue<C> {
    fn drop(&mut self) {
        self.clear();
        // SAFETY: `new` made it and nothing else destroys it; the client lives until after this.
        unsafe { rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

/// A message that is destroyed with this, also when the closure that sees it panics.
struct OwnedMessage(*mut rd_kafka_message_t);

impl Drop for OwnedMessage {
    fn drop(&mut self) {
        // SAFETY: it came from `rd_kafka_consume_batch_queue`, which gave it to us alone.
        unsafe { rd_kafka_message_destroy(self.0) };
    }
}

/// A message of librdkafka: a record, the end of a partition, or an error.
///
/// Invariant: `raw` points to a message that is alive for `'a`.
pub(super) struct Message<'a> {
    raw: *const rd_kafka_message_t,
    lifetime: PhantomData<&'a rd_kafka_message_t>,
}

impl<'a> Message<'a> {
    /// A message that rdkafka holds.
    pub(super) fn of(message: &'a BorrowedMessage<'_>) -> Self {
        Self { raw: message.ptr(), lifetime: PhantomData }
    }

    /// Where librdkafka keeps the topic: the same for all messages of a topic while it is assigned.
    pub(super) fn topic_address(&self) -> usize {
        // SAFETY: the invariant.
        unsafe { (*self.raw).rkt }.addr()
    }

    /// The topic's name.
    pub(super) fn topic(&self) -> &'a str {
        // SAFETY: the invariant; the topic lives as long as a message of it.
        let topic = unsafe { (*self.raw).rkt };
        if topic.is_null() {
            return "";
        }
        // SAFETY: the topic is alive, so its name is, and it ends with a zero.
        let name = unsafe { CStr::from_ptr(rd_kafka_topic_name(topic)) };
        // Topics have ASCII names; another one is none of ours.
        name.to_str().unwrap_or_default()
    }

    /// The partition.
    pub(super) fn partition(&self) -> i32 {
        // SAFETY: the invariant.
        unsafe { (*self.raw).partition }
    }

    /// The record's offset, or the offset at which the end or an error was met.
    pub(super) fn offset(&self) -> i64 {
        // SAFETY: the invariant.
        unsafe { (*self.raw).offset }
    }

    /// What is wrong, if this is no record.
    pub(super) fn error(&self) -> Option<RDKafkaErrorCode> {
        // Read as a number: a broker may send a code that the enumeration lacks.
        // SAFETY: the invariant; the field is an enumeration of C, which is an `i32`.
        let code = unsafe { (&raw const (*self.raw).err).cast::<i32>().read() };
        if code == 0 {
            return None;
        }
        Some(RDKafkaRespErr::try_from(code).map_or(RDKafkaErrorCode::Unknown, Into::into))
    }

    /// librdkafka's words for an error.
    pub(super) fn error_text(&self) -> String {
        String::from_utf8_lossy(self.value().unwrap_or_default()).into_owned()
    }

    /// The key.
    pub(super) fn key(&self) -> Option<&'a [u8]> {
        // SAFETY: the invariant; the message holds this many bytes of key.
        unsafe { bytes((*self.raw).key.cast(), (*self.raw).key_len) }
    }

    /// The value; of an error, the words for it.
    pub(super) fn value(&self) -> Option<&'a [u8]> {
        // SAFETY: the invariant; the message holds this many bytes of value.
        unsafe { bytes((*self.raw).payload.cast(), (*self.raw).len) }
    }

    /// Milliseconds since 1970.
    pub(super) fn timestamp_millis(&self) -> Option<i64> {
        // SAFETY: the invariant; the kind of timestamp is not asked for.
        let millis = unsafe { rd_kafka_message_timestamp(self.raw, ptr::null_mut()) };
        (millis >= 0).then_some(millis)
    }

    /// Shows the headers in order; a name that is not UTF-8 with replacement characters.
    pub(super) fn headers(&self, put: &mut dyn FnMut(&str, Option<&[u8]>)) {
        let mut headers: *mut rd_kafka_headers_t = ptr::null_mut();
        // SAFETY: the invariant; the headers stay the message's.
        let error = unsafe { rd_kafka_message_headers(self.raw, &raw mut headers) };
        if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || headers.is_null() {
            return;
        }
        for index in 0.. {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the headers are alive, and name, value and size may be written.
            let error = unsafe {
                rd_kafka_header_get_all(headers, index, &raw mut name, &raw mut value, &raw mut size)
            };
            if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                return;
            }
            // SAFETY: names end with a zero and live as long as the headers.
            let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
            // SAFETY: the header holds this many bytes.
            put(&name, unsafe { bytes(value.cast(), size) });
        }
    }
}

/// The bytes at a place; none if it is null, which is not the same as no bytes.
///
/// # Safety
/// A place that is not null must hold `length` bytes for `'a`.
unsafe fn bytes<'a>(place: *const u8, length: usize) -> Option<&'a [u8]> {
    if place.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { std::slice::from_raw_parts(place, length) })
}
