//! A ticket to a decision: the one decision path. `serve`, `demo` and `explain` all come through here.

use deskbridge_connectors::Ticket;
use deskbridge_onnx::{Classifier, Prediction, text_of};
use tokio::sync::oneshot;

use crate::domain::decision::Decision;
use crate::inference::brain::Brain;
use crate::rulebook::{self, Facts};

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

/// Classifies what the customer wrote before anybody answered. Inference runs on the classifier's
/// own threads.
///
/// # Errors
/// [`Unanswered`].
pub async fn predict(brain: &Brain, ticket: &Ticket) -> Result<Prediction, Unanswered> {
    let start = tokio::time::Instant::now();
    let mut prediction = ask(&brain.classifier, ticket).await?;
    brain.recent.keep(text_of(&ticket.subject, &ticket.first_customer_text()));
    if let Some(promotions) = &brain.promotions {
        promotions.apply(&mut prediction, &brain.classifier.margins());
    }
    if ticket.subject.trim().is_empty() && ticket.first_customer_text().trim().is_empty() {
        // Whatever a model says to nothing at all, nobody has said anything.
        prediction.heads.values_mut().for_each(|scored| scored.chosen.clear());
    }
    metrics::histogram!("deskbridge_inference_seconds").record(start.elapsed().as_secs_f64());
    Ok(prediction)
}

/// What the challenger says, where there is one. It decides nothing, so that its silence is no trouble either.
pub async fn challenge(brain: &Brain, ticket: &Ticket) -> Option<Prediction> {
    let said = ask(brain.challenger.as_ref()?, ticket).await;
    said.inspect_err(|error| tracing::warn!(%error, "the challenger gave no answer")).ok()
}

/// What the model says to what a delivery tells of its ticket, to order a queue by and nothing else.
pub async fn glance(brain: &Brain, subject: &str, text: &str) -> Option<Prediction> {
    said(&brain.classifier, subject, text).await.ok()
}

async fn ask(classifier: &Classifier, ticket: &Ticket) -> Result<Prediction, Unanswered> {
    said(classifier, &ticket.subject, &ticket.first_customer_text()).await
}

async fn said(classifier: &Classifier, subject: &str, text: &str) -> Result<Prediction, Unanswered> {
    let (answer, answered) = oneshot::channel();
    classifier.submit(
        subject.to_owned(),
        text.to_owned(),
        Box::new(move |prediction| {
            let _ = answer.send(prediction);
        }),
    );
    Ok(answered.await.map_err(|_| Unanswered::Stopped)??)
}

/// Decides. Pure: see [`rulebook::decide`].
pub fn decide(brain: &Brain, facts: &Facts<'_>) -> Decision {
    rulebook::decide(&brain.rulebook, facts)
}
