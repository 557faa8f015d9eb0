//! The in-process broker: librdkafka's mock, which speaks the real Kafka protocol over loopback, keeps little and stores
//! nothing.

use anyhow::Context as _;
use rdkafka::mocking::MockCluster;

use crate::settings::Settings;

/// Of deals, and of activities.
pub(super) const PARTITIONS: i32 = 12;

/// The in-process broker. It is tied to the thread that makes it, so it gets one of its own.
pub(super) struct Broker {
    pub(super) bootstrap: String,
    end: Option<std::sync::mpsc::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Broker {
    pub(super) fn start() -> anyhow::Result<Self> {
        let topics = Settings::default().topics;
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("broker".to_owned()).spawn(move || {
            let cluster = MockCluster::new(1).and_then(|cluster| {
                for (topic, partitions) in [
                    (&topics.deals.name, PARTITIONS),
                    (&topics.activities.name, PARTITIONS),
                    (&topics.reference.name, 1),
                    (&topics.dead_letters, 1),
                ] {
                    cluster.create_topic(topic, partitions, 1)?;
                }
                Ok(cluster)
            });
            match cluster {
                Ok(cluster) => {
                    let _ = tell.send(Ok(cluster.bootstrap_servers()));
                    // Until the demo is over: the channel is closed then.
                    let _ = ended.recv();
                }
                Err(error) => {
                    let _ = tell.send(Err(error));
                }
            }
        })?;
        let bootstrap =
            told.recv().context("the in-process broker died")?.context("the in-process broker")?;
        Ok(Self { bootstrap, end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
