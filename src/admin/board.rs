//! What the dashboard knows besides the store: the accounts, and the report, made anew at most once a minute.
//!
//! The same figures feed the pages, `/api/report` and the gauges; a measure that begins to drift is logged once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use metrics::gauge;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;

use super::{Admin, Reviewing};
use crate::domain::mode::Mode;
use crate::evidence::gather::{Settled, Unsettled, gather};
use crate::evidence::promotion::Warden;
use crate::evidence::report::drift::{Band, Reference};
use crate::evidence::report::impact::Split;
use crate::evidence::report::observation::Observation;
use crate::evidence::report::readiness::Bar;
use crate::evidence::report::render::words;
use crate::evidence::report::whole::{Report, Terms};
use crate::store::Error;
use crate::telemetry::names;

/// How old figures may be.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// The ledger's entries that drift is measured on: as many of the newest, and of the model's first.
const MEASURED: u32 = 5000;
/// How far back the dashboard's figures reach.
const WINDOW: SignedDuration = SignedDuration::from_hours(180 * 24);
/// How long gathering may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the dashboard knows besides the store.
pub struct Board {
    /// Accounts with how far decisions on them may go.
    accounts: Vec<(String, Mode)>,
    settled: Arc<dyn Settled>,
    training: Option<Reference>,
    bar: Bar,
    warden: Option<Arc<Warden>>,
    reviewing: Option<Arc<Reviewing>>,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    at: Timestamp,
    figures: Arc<Figures>,
    /// What was warned of already.
    warned: BTreeSet<String>,
}

/// The report, and the observations behind it by decision and head.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) report: Report,
    pub(super) settled: BTreeMap<i64, Vec<Observation>>,
}

impl Default for Board {
    fn default() -> Self {
        Self::new(Vec::new(), Arc::new(Unsettled), None, Bar::default())
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
        settled: Arc<dyn Settled>,
        training: Option<Reference>,
        bar: Bar,
    ) -> Self {
        Self { accounts, settled, training, bar, warden: None, reviewing: None, kept: Mutex::new(None) }
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

    /// The figures, at most a minute old. Whoever asks meanwhile waits for the same ones.
    pub(super) async fn figures(&self, admin: &Admin) -> Result<Arc<Figures>, Error> {
        let now = admin.clock.now();
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| now.duration_since(kept.at) < FRESH) {
            return Ok(Arc::clone(&kept.figures));
        }
        let since = Some(now - WINDOW);
        let rows = timeout(PATIENCE, gather(&*admin.store, &*self.settled, since, Some(MEASURED)));
        let rows = rows.await.unwrap_or_else(|late| Err(Error::Unavailable(Box::new(late))))?;
        let in_force = self.warden.as_ref().map(|warden| warden.in_force());
        let (bar, training) = (self.bar, self.training.clone());
        let terms = Terms { since, now, bar, split: Split::Mode, training, in_force, backlog: None };
        let figures = tokio::task::spawn_blocking(move || {
            let report = Report::of(&rows, &terms);
            let mut settled = BTreeMap::<i64, Vec<Observation>>::new();
            for observation in rows.observations {
                settled.entry(observation.decision).or_default().push(observation);
            }
            Arc::new(Figures { report, settled })
        })
        .await
        .map_err(|failed| Error::Unavailable(Box::new(failed)))?;
        let before = kept.take().map(|kept| kept.warned).unwrap_or_default();
        let warned = tell(&figures.report, &before);
        *kept = Some(Kept { at: now, figures: Arc::clone(&figures), warned });
        Ok(figures)
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
