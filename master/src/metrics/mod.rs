//! What a Prometheus reads at `/metrics`, in its text form.
//!
//! What happens outside of the master, at its sockets and its disk, is counted here as it happens;
//! all else is a [`Survey`] of the master at the moment of the scrape. Names begin with `edgerm_`,
//! those of the process with `process_`, as everywhere; units are seconds, bytes and cores. No label
//! is what an agent, a framework or a caller chooses.
//!
//! | file | is |
//! |---|---|
//! | `page` | the page |
//! | `route` | which route of the API a call is of |

mod page;
mod route;

use std::time::Duration;

use prometheus::{
    Error, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
    exponential_buckets,
};
use warp::http::{Method, StatusCode};

#[cfg(doc)]
use crate::master::Survey;

/// A call of the API, from when it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    route: &'static str,
    method: &'static str,
    began: std::time::Instant,
}

impl Call {
    pub(crate) fn new(method: &Method, path: &str) -> Self {
        Self {
            route: route::of(path),
            method: route::method(method),
            began: std::time::Instant::now(),
        }
    }
}

/// What is counted as it happens.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: IntCounterVec,
    call_durations: HistogramVec,
    datagrams_in: IntCounter,
    datagrams_out: IntCounter,
    bytes_in: IntCounter,
    bytes_out: IntCounter,
    unsent: IntCounter,
    commits: Histogram,
    failed_commits: IntCounter,
}

impl Metrics {
    #[expect(
        clippy::expect_used,
        reason = "the names are constants, and every test that starts a server makes these"
    )]
    pub(crate) fn new() -> Self {
        Self::try_new().expect("names are well-formed, and there once each")
    }

    fn try_new() -> Result<Self, Error> {
        let registry = Registry::new_custom(Some("edgerm".to_owned()), None)?;
        let calls = IntCounterVec::new(
            Opts::new("http_requests_total", "Calls of the API that were answered"),
            &["route", "method", "status"],
        )?;
        // From 1 ms to 65 s, over the longest wait of a long poll.
        let opts = HistogramOpts::new(
            "http_request_duration_seconds",
            "Time until the head of the answer; where a call waits for offers or outputs, the wait \
             too",
        );
        let call_durations = HistogramVec::new(
            opts.buckets(exponential_buckets(0.001, 4.0, 9)?),
            &["route"],
        )?;
        let datagrams = IntCounterVec::new(
            Opts::new("coap_datagrams_total", "Datagrams from and to agents"),
            &["direction"],
        )?;
        let bytes = IntCounterVec::new(
            Opts::new("coap_bytes_total", "Bytes of datagrams from and to agents"),
            &["direction"],
        )?;
        let unsent = IntCounter::new(
            "coap_datagrams_unsent_total",
            "Datagrams that the system did not take",
        )?;
        // From 0.25 ms to 4 s.
        let opts = HistogramOpts::new(
            "store_commit_duration_seconds",
            "Time of a batch of rows until it is on the disk, or has failed",
        );
        let commits = Histogram::with_opts(opts.buckets(exponential_buckets(0.00025, 4.0, 8)?))?;
        let failed_commits = IntCounter::new(
            "store_commit_failures_total",
            "Batches of rows that could not be written, tried again included",
        )?;
        registry.register(Box::new(calls.clone()))?;
        registry.register(Box::new(call_durations.clone()))?;
        registry.register(Box::new(datagrams.clone()))?;
        registry.register(Box::new(bytes.clone()))?;
        registry.register(Box::new(unsent.clone()))?;
        registry.register(Box::new(commits.clone()))?;
        registry.register(Box::new(failed_commits.clone()))?;
        Ok(Self {
            registry,
            calls,
            call_durations,
            datagrams_in: datagrams.with_label_values(&["in"]),
            datagrams_out: datagrams.with_label_values(&["out"]),
            bytes_in: bytes.with_label_values(&["in"]),
            bytes_out: bytes.with_label_values(&["out"]),
            unsent,
            commits,
            failed_commits,
        })
    }

    /// A call was answered.
    pub(crate) fn on_answer(&self, call: Call, status: StatusCode) {
        let labels = [call.route, call.method, route::class(status)];
        self.calls.with_label_values(&labels).inc();
        let duration = call.began.elapsed().as_secs_f64();
        let durations = self.call_durations.with_label_values(&[call.route]);
        durations.observe(duration);
    }

    /// A datagram of so many bytes came.
    pub(crate) fn on_received(&self, bytes: usize) {
        self.datagrams_in.inc();
        self.bytes_in.inc_by(whole(bytes));
    }

    /// A datagram of so many bytes went out.
    pub(crate) fn on_sent(&self, bytes: usize) {
        self.datagrams_out.inc();
        self.bytes_out.inc_by(whole(bytes));
    }

    /// A datagram was not taken by the system.
    pub(crate) fn on_unsent(&self) {
        self.unsent.inc();
    }

    /// A batch is on the disk, or has failed.
    pub(crate) fn on_commit(&self, took: Duration, failed: bool) {
        self.commits.observe(took.as_secs_f64());
        if failed {
            self.failed_commits.inc();
        }
    }
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
