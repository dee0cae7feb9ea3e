//! A ticket to a decision: the one decision path. `serve`, `demo` and `explain` all come through here.

use std::time::Duration;

use deskbridge_connectors::Ticket;
use deskbridge_onnx::{Classifier, Prediction};
use tokio::sync::oneshot;

use crate::decision::Decision;
use crate::rulebook::{self, Facts, Rulebook};

/// What decides: a model and a rulebook, swapped together on reload.
#[derive(Debug)]
pub struct Brain {
    /// The model.
    pub classifier: Classifier,
    /// The rules.
    pub rulebook: Rulebook,
}

/// The model gave no answer; the delivery is tried again.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The model failed on this text.
    #[error(transparent)]
    Model(#[from] deskbridge_onnx::Error),
    /// The model's threads have ended.
    #[error("the classifier has stopped")]
    Stopped,
}

impl Brain {
    /// Classifies what the customer wrote. Inference runs on the classifier's own threads.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn predict(&self, ticket: &Ticket) -> Result<Prediction, Unanswered> {
        self.classify(ticket.subject.clone(), ticket.first_customer_text().to_owned()).await
    }

    /// Classifies a subject and a body.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn classify(&self, subject: String, body: String) -> Result<Prediction, Unanswered> {
        let (answer, answered) = oneshot::channel();
        let start = tokio::time::Instant::now();
        self.classifier.submit(
            subject,
            body,
            Box::new(move |prediction| {
                let _ = answer.send(prediction);
            }),
        );
        let prediction = answered.await.map_err(|_| Unanswered::Stopped)??;
        observe_inference(start.elapsed());
        Ok(prediction)
    }

    /// Decides. Pure: see [`rulebook::decide`].
    pub fn decide(&self, facts: &Facts<'_>) -> Decision {
        rulebook::decide(&self.rulebook, facts)
    }
}

fn observe_inference(took: Duration) {
    metrics::histogram!("deskbridge_inference_seconds").record(took.as_secs_f64());
}
