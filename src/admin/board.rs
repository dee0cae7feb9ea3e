//! Keeps the dashboard's figures: made in the background, one computation at a time, and shown with their age.
//!
//! The same figures feed the pages, `/api/report` and the gauges. Nobody who asks waits for a computation, but for the very first one.
//! A measure that begins to drift is logged once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use metrics::gauge;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::{Admin, Reviewing};
use crate::domain::mode::Mode;
use crate::evidence::gather::{self, EvidenceSource, NoEvidence, Pace};
use crate::evidence::promotion::Warden;
use crate::evidence::report::drift::{Band, Reference};
use crate::evidence::report::impact::Split;
use crate::evidence::report::observation::Observation;
use crate::evidence::report::readiness::Bar;
use crate::evidence::report::render::words;
use crate::evidence::report::terms::Terms;
use crate::evidence::report::whole::Report;
use crate::store::{Depth, Error};
use crate::telemetry::names;

/// Figures older than this are made anew when somebody asks for them.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// Figures are made anew this often when nobody asks for them, so that drift is logged all the same.
const WATCH: Duration = Duration::from_secs(600);
/// The time between two computations, as a multiple of how long the last one took.
const RESTS: u32 = 4;
/// The least time between two computations.
const LEAST_REST: Duration = Duration::from_secs(1);
/// How far back the dashboard's figures reach.
const WINDOW: SignedDuration = SignedDuration::from_hours(180 * 24);
/// A page waits this long for the first figures.
const PATIENCE: Duration = Duration::from_secs(2);
/// The inbox is counted this often, for its gauges.
const COUNTED: Duration = Duration::from_secs(2);

/// What the dashboard knows besides the store.
pub struct Board {
    /// Accounts with how far decisions on them may go.
    accounts: Vec<(String, Mode)>,
    evidence: Arc<dyn EvidenceSource>,
    training: Option<Reference>,
    bar: Bar,
    warden: Option<Arc<Warden>>,
    reviewing: Option<Arc<Reviewing>>,
    known: watch::Sender<Known>,
    depth: watch::Sender<Option<Depth>>,
    /// Rung when somebody was shown old figures.
    asked: Notify,
}

/// What is known of the figures.
#[derive(Clone, Debug, Default)]
struct Known {
    figures: Option<Arc<Figures>>,
    /// Why there are none.
    missing: FiguresMissing,
}

/// Why there are no figures.
#[derive(Clone, Debug, Default, thiserror::Error)]
pub(super) enum FiguresMissing {
    /// The first computation goes on.
    #[default]
    #[error("the figures are being made; open the page again in a moment")]
    BeingMade,
    /// The ledger of an earlier version is read first.
    #[error(
        "the ledger is being read for the first time by this version, {left} entries are left; figures come then"
    )]
    Reading {
        /// Entries that are left.
        left: u64,
    },
    /// The computation failed and is tried again.
    #[error("the figures cannot be made: {0}")]
    Failed(String),
}

/// The report of one moment.
#[derive(Debug)]
pub(super) struct Figures {
    /// The moment.
    pub(super) at: Timestamp,
    pub(super) report: Report,
}

impl Default for Board {
    fn default() -> Self {
        Self::new(Vec::new(), Arc::new(NoEvidence), None, Bar::default())
    }
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board")
            .field("accounts", &self.accounts)
            .field("bar", &self.bar)
            .finish_non_exhaustive()
    }
}

impl Board {
    /// Of these accounts; labels are held to `bar`, drift to what the bundle was trained on.
    pub fn new(
        accounts: Vec<(String, Mode)>,
        evidence: Arc<dyn EvidenceSource>,
        training: Option<Reference>,
        bar: Bar,
    ) -> Self {
        Self {
            accounts,
            evidence,
            training,
            bar,
            warden: None,
            reviewing: None,
            known: watch::Sender::default(),
            depth: watch::Sender::default(),
            asked: Notify::new(),
        }
    }

    /// The same with who knows how far labels may go.
    #[must_use]
    pub fn guarded_by(self, warden: Arc<Warden>) -> Self {
        Self { warden: Some(warden), ..self }
    }

    /// The same with what the review queue needs; without it there is none.
    #[must_use]
    pub fn with_review(self, reviewing: Reviewing) -> Self {
        Self { reviewing: Some(Arc::new(reviewing)), ..self }
    }

    pub(super) fn reviewing(&self) -> Option<&Reviewing> {
        self.reviewing.as_deref()
    }

    pub(super) fn accounts(&self) -> &[(String, Mode)] {
        &self.accounts
    }

    /// Returns the last known figures. The first ones are waited for a moment.
    pub(super) async fn figures(&self, now: Timestamp) -> Result<Arc<Figures>, FiguresMissing> {
        let mut seen = self.known.subscribe();
        let there = seen.wait_for(|known| known.figures.is_some());
        // The sender is this board's own and outlives the wait.
        let _ = timeout(PATIENCE, there).await;
        let known = self.known.borrow().clone();
        let figures = known.figures.ok_or(known.missing)?;
        if now.duration_since(figures.at) >= FRESH {
            self.asked.notify_one();
        }
        Ok(figures)
    }

    /// Returns the age of the figures and the inbox as it was counted last; neither computes anything.
    pub(super) fn known(&self, now: Timestamp) -> (Option<SignedDuration>, Option<Depth>) {
        let at = self.known.borrow().figures.as_ref().map(|figures| figures.at);
        (at.map(|at| now.duration_since(at)), *self.depth.borrow())
    }

    /// Returns the observations of these decisions.
    pub(super) async fn observed(&self, decisions: &[i64]) -> Result<BTreeMap<i64, Vec<Observation>>, Error> {
        self.evidence.observed(decisions).await
    }

    /// Makes the figures anew now and then; never ends.
    pub(super) async fn keep_fresh(&self, admin: &Admin) {
        let mut warned = BTreeSet::new();
        loop {
            let begun = Instant::now();
            match self.make(admin).await {
                Ok(figures) => {
                    warned = tell(&figures.report, &warned);
                    self.known.send_modify(|known| known.figures = Some(Arc::new(figures)));
                }
                Err(error) => {
                    warn!(%error, "the figures cannot be made; the last ones stay");
                    self.known.send_modify(|known| known.missing = FiguresMissing::Failed(error.to_string()));
                }
            }
            sleep((begun.elapsed() * RESTS).clamp(LEAST_REST, WATCH)).await;
            // Where nobody asks, or nothing that is old is asked for, the time is up some day.
            let _ = timeout(WATCH, self.asked_for_old(admin)).await;
        }
    }

    async fn asked_for_old(&self, admin: &Admin) {
        loop {
            self.asked.notified().await;
            let (age, _) = self.known(admin.clock.now());
            if age.is_none_or(|age| age >= FRESH) {
                return;
            }
        }
    }

    async fn make(&self, admin: &Admin) -> Result<Figures, Error> {
        let reading = |left| {
            self.known.send_if_modified(|known| {
                if !matches!(known.missing, FiguresMissing::Reading { .. }) {
                    info!(left, "the ledger of an earlier version is read once, for its figures");
                }
                known.missing = FiguresMissing::Reading { left };
                false
            });
        };
        gather::summarise(&*admin.store, Pace::Background, reading).await?;
        let now = admin.clock.now();
        let in_force = self.warden.as_ref().map(|warden| warden.in_force());
        let terms = Terms {
            since: Some(now - WINDOW),
            now,
            bar: self.bar,
            split: Split::Mode,
            training: self.training.clone(),
            in_force,
            backlog: None,
        };
        let sums = self.evidence.sums(&terms, Pace::Background).await?;
        let report = tokio::task::spawn_blocking(move || Report::of(&sums, &terms)).await;
        Ok(Figures { at: now, report: report.map_err(|failed| Error::Unavailable(Box::new(failed)))? })
    }

    /// Counts the inbox now and then; never ends.
    pub(super) async fn count_inbox(&self, admin: &Admin) {
        loop {
            match super::promptly(admin.store.depth()).await {
                Ok(depth) => drop(self.depth.send_replace(Some(depth))),
                Err(error) => warn!(%error, "the inbox's gauges keep their last values"),
            }
            sleep(COUNTED).await;
        }
    }
}

/// Sets the gauges, and logs what has begun to drift.
fn tell(report: &Report, before: &BTreeSet<String>) -> BTreeSet<String> {
    for (head, labels) in &report.labels {
        for (label, row) in labels {
            if let Some(precision) = row.precision {
                let (head, label) = (head.clone(), label.clone());
                gauge!(names::AGREEMENT_RATIO, "head" => head, "label" => label).set(precision);
            }
        }
    }
    for row in &report.drift {
        let level = match row.band {
            Band::TooFew | Band::Stable => 0.0,
            Band::Shifting => 1.0,
            Band::Shifted => 2.0,
        };
        let head = row.head.clone().unwrap_or_default();
        gauge!(names::DRIFT_LEVEL, "head" => head, "measure" => row.measure.as_str()).set(level);
    }
    let mut warned = BTreeSet::new();
    for row in report.warnings() {
        let what = format!("{} {}", words::measured(row), words::band(row.band));
        if !before.contains(&what) {
            let (head, measure) = (row.head.as_deref().unwrap_or_default(), row.measure.as_str());
            warn!(head, measure, value = row.value, "drift: {}", words::warning(row));
        }
        warned.insert(what);
    }
    warned
}
