//! A sentence for every section and key of the configuration.

/// What stands above a pipeline.
pub(super) const PIPELINES: &str = "\
A pipeline: its stages in the order in which deals pass them. An event of any other stage is a dead letter.
kind is open, won or lost. limit_days says after how many days in the stage an open deal is stalled. One stage may have
role = \"mql\" and a later one role = \"sql\": marketing and sales qualified, between which drop-off is told.";

/// What stands above a contest.
pub(super) const CONTESTS: &str = "\
A contest: who of a group has the most of a KPI from one day to another. /api/v1/contests tells how each stands.";

/// The keys of a contest and their sentences.
pub(super) const CONTEST_KEYS: &[(&str, &str)] = &[
    ("name", "Its name, of which there is only one."),
    ("kpi", "What counts: a KPI that can be told of any days, such as won_amount, won_deals or activities."),
    ("group", "Who competes: rep, team, territory or region."),
    ("members", "The ids of those who take part; none: all of the group."),
    ("start", "The first day."),
    ("end", "The last day."),
    ("target", "What each is to reach: whole units of the reporting currency, deals, activities or minutes."),
];

/// The sentence of a key; without a key, of the section.
pub(super) fn sentence(section: &str, key: &str) -> &'static str {
    let found = SENTENCES.iter().find(|(its_section, its_key, _)| (*its_section, *its_key) == (section, key));
    found.map_or("", |(_, _, sentence)| sentence)
}

/// Section, key, sentence.
pub(super) const SENTENCES: &[(&str, &str, &str)] = &[
    ("organisation", "", "Whose numbers these are."),
    ("organisation", "time_zone", "A name of the tz database; decides on which day an event falls."),
    ("organisation", "fiscal_year_first_month", "The month, 1 to 12, in which the fiscal year begins."),
    ("organisation", "reporting_currency", "The ISO 4217 code of the currency in which money is told."),
    ("fold", "", "For how long things may still change; later events are dead letters with the reason late."),
    ("fold", "deal_retention_days", "For how many days after its close a deal may still change."),
    (
        "fold",
        "activity_horizon_days",
        "For how many days behind the newest activity one may be reported, corrected or taken back.",
    ),
    (
        "fold",
        "future_tolerance_seconds",
        "By how much an event's time may be ahead of the time at which Kafka received it.",
    ),
    (
        "fold",
        "restatement_grace_days",
        "For how many days after its end a month may change without that being told as a restatement.",
    ),
    ("fold", "restatements_kept_max", "How many of the newest restatements are kept in each partition."),
    ("kafka", "", "How Kafka is reached."),
    ("kafka", "bootstrap_servers", "host:port of one or more brokers, with commas between."),
    ("kafka", "group_id", "The consumer group."),
    ("kafka", "client_id", "How the brokers' logs name this client."),
    ("kafka", "security_protocol", "plaintext, ssl, sasl_plaintext or sasl_ssl."),
    ("kafka", "sasl_mechanism", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; with a sasl protocol."),
    ("kafka", "sasl_username", "The user; with a sasl protocol."),
    ("kafka", "sasl_password", "The user's password."),
    ("kafka", "ssl_ca_location", "A file with the certificates of trusted authorities; none: the system's."),
    ("kafka", "ssl_certificate_location", "A file with this client's certificate."),
    ("kafka", "ssl_key_location", "A file with the key of that certificate."),
    ("kafka", "ssl_key_password", "The key file's password."),
    ("kafka", "batch_records_max", "The most records that are handed on at once."),
    (
        "kafka",
        "batch_bytes_max",
        "The most bytes that are handed on at once; a single larger record goes alone.",
    ),
    ("kafka", "queue_kibibytes_max", "How much is fetched ahead, in KiB, over all partitions."),
    ("kafka", "connect_timeout_ms", "How long to try to reach a broker before giving up."),
    ("kafka", "request_timeout_ms", "How long to wait for the answer to one request."),
    ("kafka", "send_timeout_ms", "How long sending waits while too many records are not acknowledged."),
    ("kafka", "dead_letters_outstanding_max", "The most dead letters that are not acknowledged yet."),
    (
        "kafka.properties",
        "",
        "Further properties of librdkafka, each a text in quotes, such as \"session.timeout.ms\" = \"10000\".",
    ),
    ("topics", "", "The topics. Deals and activities have equally many partitions."),
    ("topics", "dead_letters", "Where records go that are not counted, each with its reason."),
    ("topics.deals", "", "What happens to deals."),
    ("topics.deals", "name", "The topic's name."),
    (
        "topics.deals",
        "format",
        "json, avro (the built-in schema) or confluent-avro (framed with a schema registry's id).",
    ),
    ("topics.activities", "", "What reps do."),
    ("topics.activities", "name", "The topic's name."),
    ("topics.activities", "format", "As of deals."),
    ("topics.reference", "", "Reps, territories, quotas, exchange rates and goals; a compacted topic."),
    ("topics.reference", "name", "The topic's name."),
    ("topics.reference", "format", "As of deals."),
    ("registry", "", "The schema registry, for topics with the format confluent-avro."),
    ("registry", "urls", "Addresses of the same registry, tried in order."),
    ("registry", "username", "The user, where one is needed."),
    ("registry", "password", "The user's password."),
    ("registry", "timeout_ms", "How long to wait for an answer."),
    ("snapshots", "", "What a restart goes on from."),
    ("snapshots", "store", "A folder, as a path or a file:/// URL; created when it is missing."),
    ("snapshots", "keep_newest", "How many of a partition's newest snapshots are kept."),
    ("snapshots", "keep_hourly", "For how many of the latest hours one is kept."),
    ("snapshots", "keep_daily", "For how many of the latest days one is kept."),
    ("snapshots", "interval_seconds", "Seconds from one snapshot of a partition to the next."),
    ("snapshots", "compression_level", "Of zstd, 1 to 19; 0 stores without compression."),
    ("runtime", "", "The rhythm of the service."),
    ("runtime", "publish_interval_ms", "How often changed numbers are shown, at most."),
    ("runtime", "batches_waiting_max", "How many batches may wait for a partition before it is paused."),
    ("runtime", "retry_wait_ms_max", "The longest wait between two attempts to reach Kafka or the registry."),
    ("serve", "", "HTTP: /metrics and the API. There is no access control: put a proxy before it."),
    ("serve", "listen", "Address and port to listen on."),
    ("serve", "series_per_metric_max", "The most series of one metric; those left out are counted."),
    ("serve", "request_timeout_seconds", "After how long a request is given up."),
    ("serve", "concurrent_requests_max", "How many requests are worked on at once; others wait."),
    ("serve", "connections_max", "How many connections are open at once; others wait."),
    ("serve", "idle_timeout_seconds", "After how long without a byte a connection is closed."),
    ("serve", "uri_bytes_max", "The longest path and query."),
    ("serve", "header_bytes_max", "The most that all headers of a request hold."),
    ("serve", "leaderboard_rows_max", "The most rows of a leaderboard."),
    (
        "serve",
        "live_clients_max",
        "How many clients listen to the live feed at once, within seven eighths of the connections.",
    ),
    ("serve", "live_watches_per_client_max", "How many documents one client of the live feed watches."),
    ("serve", "live_watches_max", "How many different documents all clients together watch."),
    ("serve", "live_backlog_max", "How many messages wait for a client before it is dropped."),
    ("serve", "live_interval_ms", "How often a watched document is written anew, at most."),
    ("serve", "live_heartbeat_seconds", "After how long without a message a sign of life is sent."),
    (
        "serve",
        "celebrate_within_hours",
        "For how many hours after its close a deal that becomes won is told of in the live feed.",
    ),
    ("serve", "stale_after_seconds", "After how long without word of a partition numbers count as stale."),
    ("serve", "stale_lag_seconds", "With records waiting for longer than this, numbers count as stale."),
    ("kpis", "", "What matters: few KPIs are exported as metrics, the API has all of them."),
    (
        "kpis",
        "objectives",
        "What is to be reached; each name stands for a few KPIs, \"all\" for every one: tallyboard kpis --objectives.",
    ),
    ("kpis", "also", "Further KPIs by name: tallyboard kpis."),
    (
        "kpis",
        "flat_within_percent",
        "An average deal size within so many percent of the previous period's is flat.",
    ),
    ("kpis", "at_quota_percent_min", "With fewer percent of the reps at quota, quotas are too high."),
    ("kpis", "at_quota_percent_max", "With more percent of the reps at quota, quotas are too low."),
    (
        "kpis",
        "balance_within_percent",
        "A territory further than so many percent from the company's work by rep is over- or underloaded.",
    ),
    ("kpis.balance_weights", "", "What counts as work of a territory, and how much."),
    ("kpis.balance_weights", "open_amount", "The weight of the amount of its open deals."),
    ("kpis.balance_weights", "open_deals", "The weight of the number of its open deals."),
    ("kpis.balance_weights", "activity_minutes", "The weight of the time spent on activities there."),
    ("kpis", "selling_time_percent", "The percentage of the tracked time that should go into selling."),
    (
        "kpis",
        "time_sink_percent",
        "From which percentage of the tracked time on a category that does not go with winning is a time sink.",
    ),
    (
        "alerts",
        "",
        "Where the alerts of deploy/prometheus begin; /metrics tells these lines beside the numbers.",
    ),
    (
        "alerts",
        "judged_from_percent",
        "A period is too young to be judged before so many percent of it have passed.",
    ),
    ("alerts", "deals_min", "Shares of fewer deals are not judged."),
    (
        "alerts",
        "stalled_percent_max",
        "More stalled deals than so many percent of a stage's open ones are too many.",
    ),
    (
        "alerts",
        "leakage_rise_points_max",
        "By how many percentage points a share of lost deals may be above the previous period's.",
    ),
    (
        "alerts",
        "pace_percent_min",
        "Below so many percent of what should have been won by now, quotas and goals are at risk.",
    ),
    (
        "alerts",
        "lag_seconds_max",
        "The numbers are not complete while a record waits for longer to be counted.",
    ),
    ("alerts", "silence_seconds_max", "For how long there may be no event; weekends are no trouble."),
    ("alerts", "unsaved_seconds_max", "For how long a partition's changes may be in no snapshot."),
];
