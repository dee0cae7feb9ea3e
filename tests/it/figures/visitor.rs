//! Somebody who scrapes the metrics every second and opens every page in turn.

use std::time::Duration;

use crate::process::Served;

/// Every page and list, with searches that fit much, little and nothing.
pub(crate) const PAGES: [&str; 20] = [
    "/",
    "/decisions",
    "/decisions?account=zendesk",
    "/decisions?outcome=applied",
    "/decisions?rule=no-such-rule",
    "/decisions?ticket=1",
    "/decisions?since=2020-01-01&account=freshdesk",
    "/decisions.csv",
    "/agreement",
    "/promotion",
    "/impact",
    "/drift",
    "/review",
    "/review?order=disagreed",
    "/dead",
    "/api/decisions",
    "/api/decisions?limit=1000",
    "/api/decisions?since=2020-01-01&limit=1000",
    "/api/report",
    "/metrics",
];

/// How long anybody waits for a page.
const PATIENCE: Duration = Duration::from_secs(60);

/// A visitor of a daemon's dashboard.
#[derive(Clone)]
pub(crate) struct Visitor {
    client: reqwest::Client,
    admin: String,
}

impl Visitor {
    pub(crate) fn of(served: &Served) -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { client, admin: served.admin.clone() }
    }

    /// Opens a page; it must be whole. Returns its text.
    pub(crate) async fn open(&self, page: &str) -> String {
        let answer = self.client.get(format!("{}{page}", self.admin)).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{page}: {error:?}"));
        let status = answer.status();
        let text = answer.text().await.unwrap_or_else(|error| panic!("{page}: {error:?}"));
        assert!(status.is_success(), "{page}: {status}: {text}");
        let problem = text.split_once("role=\"alert\">").map(|(_, rest)| rest.split('<').next());
        assert!(problem.is_none(), "{page} shows a problem: {problem:?}");
        text
    }

    /// Opens every page in turn, and the newest decision.
    pub(crate) async fn open_every_page(&self) {
        for page in PAGES {
            self.open(page).await;
        }
        let listed = self.open("/decisions").await;
        let newest = listed.split("href=\"/decisions/").nth(1).and_then(|rest| rest.split('"').next());
        if let Some(newest) = newest {
            self.open(&format!("/decisions/{newest}")).await;
        }
    }

    /// Scrapes the metrics until the report compares this many settled tickets with their predicted category.
    pub(crate) async fn sees_figures_of(&self, settled: u64) {
        let mut every = tokio::time::interval(Duration::from_millis(500));
        while self.settled_categories().await != settled {
            every.tick().await;
            self.open("/metrics").await;
        }
    }

    /// Counts the settled tickets in the report; 0 while it has none to show.
    async fn settled_categories(&self) -> u64 {
        let answer = self.client.get(format!("{}/api/report", self.admin)).send().await.unwrap();
        let report: serde_json::Value = answer.json().await.unwrap_or_default();
        report["agreement"]["category"]["n"].as_u64().unwrap_or_default()
    }

    /// Scrapes the metrics every second and opens a page four times a second, each in turn, until it is dropped.
    pub(crate) async fn stay(self) {
        let scraping = async {
            let mut every = tokio::time::interval(Duration::from_secs(1));
            loop {
                every.tick().await;
                self.open("/metrics").await;
            }
        };
        let leafing = async {
            let mut every = tokio::time::interval(Duration::from_millis(250));
            for page in PAGES.iter().cycle() {
                every.tick().await;
                self.open(page).await;
            }
        };
        tokio::join!(scraping, leafing);
    }
}
