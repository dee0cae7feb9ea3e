//! What is counted, and what never reaches a log line.

use std::io;
use std::sync::{Arc, Mutex};

use deskbridge::ingress::Limits;
use deskbridge::store::Store;
use deskbridge::telemetry::{Error, LogFormat, init_logs};
use tracing_subscriber::fmt::MakeWriter;

use super::rig::{Manner, Rig, Shelf, created, post, post_to, sign, sign_with};

#[tokio::test]
async fn every_answer_is_counted_by_account_and_outcome() {
    let metrics = crate::harness::recorder();
    let shelf = Shelf::new();
    let store = Arc::clone(&shelf) as Arc<dyn Store>;
    let rig = Rig::over("counted", store, shelf, Limits::default()).await;
    let body = created("1");
    let request = post_to("counted", &sign(&body), &body);
    rig.send(&request).await;
    rig.send(&request).await;
    rig.send(post_to("counted", &sign_with("old-secret-of-acme", super::rig::NOW, "{"), "{")).await;
    rig.send(post_to("counted", "", "{}")).await;
    rig.shelf.behave(Manner::Busy);
    rig.send(&request).await;
    rig.send(post_to("somebody-else", "", "{}")).await;
    let text = metrics.render();
    for (outcome, count) in [("stored", 1), ("known", 1), ("dead", 1), ("bad_signature", 1), ("busy", 1)] {
        let line = format!(
            "deskbridge_webhook_requests_total{{account=\"counted\",outcome=\"{outcome}\"}} {count}\n"
        );
        assert!(text.contains(&line), "{line} is missing in\n{text}");
    }
    assert!(
        text.contains("deskbridge_webhook_requests_total{account=\"unknown\",outcome=\"unknown_account\"}")
    );
    assert!(!text.contains("somebody-else"), "strangers make no labels");
    assert!(text.contains("deskbridge_secret_used_total{account=\"counted\",secret=\"0\"} 3\n"), "{text}");
    assert!(text.contains("deskbridge_secret_used_total{account=\"counted\",secret=\"1\"} 1\n"), "{text}");
    assert!(text.contains("deskbridge_ack_seconds_bucket{le=\"0.001\"}"), "{text}");
    assert!(text.contains("# HELP deskbridge_ack_seconds "));
    assert!(text.contains("deskbridge_build_info{version="));
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

// On one thread, which is the only one that this subscriber hears.
#[tokio::test(flavor = "current_thread")]
async fn a_refusal_is_one_line_without_a_word_of_what_was_sent() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_writer(lines.clone())
        .with_ansi(false)
        .finish();
    let _heard = tracing::subscriber::set_default(subscriber);
    let rig = Rig::open().await;
    let private = "x-private: header-canary\r\nx-zendesk-webhook-signature: c2lnbmF0dXJl\r\nx-zendesk-webhook-signature-timestamp: 2026-11-20T08:00:00Z\r\n";
    let body = r#"{"subject":"body-canary"}"#;
    rig.send(post(private, body)).await;
    rig.send(post_to("path-canary", private, body)).await;
    rig.send(post(&format!("{private}content-encoding: gzip\r\n"), body)).await;
    let unreadable = r#"{"type":"zen:event-type:ticket.created","detail":{"id":["body-canary"]}}"#;
    rig.send(post(&sign(unreadable), unreadable)).await;
    rig.shelf.behave(Manner::Broken);
    rig.send(post(&sign(unreadable), unreadable)).await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("canary") && !text.contains("c2lnbmF0dXJl"), "{text}");
    assert!(text.contains(r#"a request was refused account="acme" reason="bad_signature""#), "{text}");
    assert!(text.contains(r#"account="unknown" reason="unknown_account""#), "{text}");
    assert!(text.contains(r#"account="acme" reason="encoded""#), "{text}");
    assert!(text.contains(r#"account="acme" reason="dead""#), "{text}");
    assert!(text.contains("the disk is full"), "{text}");
}

#[test]
fn a_filter_that_cannot_be_read_is_refused() {
    assert!(matches!(init_logs(LogFormat::Json, "deskbridge=loud"), Err(Error::Filter(_))));
}
