"""Whether the numbers are of now, and what they cost."""

from parts import ALERTING, line, lines, number, row


def service():
    def recent(metric, labels=""):
        return f"rate({metric}{labels}[$__rate_interval])"

    def or_nothing(expr):
        return f"{expr} or vector(0)"

    ready = ((None, "red"), (1, "green"))
    yield number(
        "Up",
        "Whether it can be scraped.",
        'up{job="tallyboard"}',
        legend="{{instance}}",
        colours=ready,
        runbook="TallyboardDown",
    )
    yield number(
        "Ready",
        "Whether it has caught up since it started.",
        "tallyboard_ready",
        colours=ready,
        runbook="TallyboardNotReady",
    )
    yield number(
        "Complete",
        "Whether the numbers are of now; business alerts are silent otherwise.",
        "tallyboard_numbers_complete",
        colours=ready,
        runbook="TallyboardLagging",
    )
    yield number(
        "Partitions",
        "That are read.",
        "job:tallyboard_partitions_owned:sum",
        decimals=0,
        runbook="TallyboardPartitionsUnowned",
    )
    yield number("Version", "That runs.", "tallyboard_build_info", legend="{{version}}", sparkline=False)
    yield number(
        "Alerts", "Of the service, that fire.", ALERTING.format("on-call"), legend="{{alertname}}", sparkline=False
    )
    yield row("Events")
    yield lines("Events", "By what became of them.", [("instance:tallyboard_events:rate5m", "{{outcome}}")], "eps")
    yield lines(
        "From the log to the board",
        "99 of 100 events are visible within.",
        [("instance:tallyboard_event_to_visible_seconds:p99_5m", "p99")],
        "s",
    )
    yield lines(
        "Lag",
        "How long records have waited.",
        [("instance:tallyboard_lag_seconds:max", "{{instance}}"), line("lag_seconds_max")],
        "s",
        runbook="TallyboardLagging",
    )
    yield lines(
        "Records behind",
        "By topic.",
        [("sum by (topic) (tallyboard_lag_records)", "{{topic}}")],
        decimals=0,
        runbook="TallyboardLagging",
    )
    yield lines(
        "Silence",
        "Since the newest record was received.",
        [("time() - tallyboard_last_received_timestamp_seconds", "{{topic}}"), line("silence_seconds_max")],
        "s",
        runbook="TallyboardNoNewEvents",
    )
    yield lines(
        "Dead letters",
        "Of 15 minutes, by reason.",
        [("instance:tallyboard_dead_letters:increase15m", "{{reason}}")],
        decimals=0,
        runbook="TallyboardDeadLetters",
    )
    yield lines(
        "Restatements",
        "Changes to months that had ended, of an hour.",
        [("sum by (measure) (increase(tallyboard_restatements_total[1h]))", "{{measure}}")],
        decimals=0,
    )
    yield lines(
        "Trouble",
        "Errors of the log, waits for schemas, failed snapshots, records with a wrong key.",
        [
            (or_nothing(f"sum({recent('tallyboard_log_errors_total')})"), "log"),
            (f"sum({recent('tallyboard_schema_waits_total')})", "schemas"),
            (f"sum({recent('tallyboard_snapshot_failures_total')})", "snapshots"),
            (f"sum({recent('tallyboard_key_mismatches_total')})", "keys"),
        ],
    )
    yield row("State")
    yield lines(
        "Not in a snapshot",
        "For how long, of the worst partition.",
        [("max(tallyboard_unsaved_seconds)", "unsaved"), line("unsaved_seconds_max")],
        "s",
        runbook="TallyboardSnapshotTooOld",
    )
    yield lines(
        "Memory",
        "Of the process, and of its deals, activities and cells.",
        [('process_resident_memory_bytes{job="tallyboard"}', "process"), ("tallyboard_state_memory_bytes", "state")],
        "bytes",
    )
    yield lines("Deals", "In memory.", [("tallyboard_deals", "{{state}}")], decimals=0)
    yield lines("Processor", "Cores in use.", [(recent("process_cpu_seconds_total", '{job="tallyboard"}'), "cores")])
    yield lines(
        "Scrapes",
        "How long they take.",
        [('scrape_duration_seconds{job="tallyboard"}', "duration")],
        "s",
        runbook="TallyboardDown",
    )
    yield lines(
        "Series",
        "Of a scrape, and those that were left out.",
        [
            ('scrape_samples_scraped{job="tallyboard"}', "scraped"),
            (or_nothing("sum(tallyboard_series_dropped)"), "left out"),
        ],
        decimals=0,
        runbook="TallyboardSeriesDropped",
    )
