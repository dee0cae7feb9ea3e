//! What the customer wrote, as far as a delivery itself tells it.

use serde_json::Value;

use crate::ticket::Message;

/// The most bytes of a text that are kept: an urgent matter is said in the beginning.
const MOST_BYTES: usize = 8 * 1024;

/// The subject and the text of a delivery as they were sent, markup included. They rank waiting deliveries by urgency
/// and are used for nothing else: decisions are made on the ticket that is read back from the platform. Nothing is
/// parsed, because nobody has said yet what the text is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// The subject; empty where there is none.
    pub subject: String,
    /// What was written.
    pub text: String,
}

impl Preview {
    /// The first pair of JSON pointers, subject and text, whose text is there.
    pub(crate) fn at(body: &[u8], places: &[(&str, &str)]) -> Option<Self> {
        let json: Value = serde_json::from_slice(body).ok()?;
        let text = |at: &str| {
            let sent = json.pointer(at).and_then(Value::as_str).unwrap_or_default().trim();
            sent[..sent.floor_char_boundary(MOST_BYTES)].to_owned()
        };
        places.iter().find_map(|(subject, written)| {
            let preview = Self { subject: text(subject), text: text(written) };
            (!preview.text.is_empty()).then_some(preview)
        })
    }
}

/// A message that a delivery itself brings, because no reading of the ticket shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The message's id on the platform: the same in a repeat.
    pub id: String,
    /// The message, as the customer saw it.
    pub message: Message,
}

#[cfg(test)]
mod tests {
    use super::Preview;
    use crate::account::Platform;
    use crate::contract::samples;

    #[test]
    fn a_delivery_tells_what_was_written_where_the_platform_sends_it_along() {
        let read = |platform: Platform, body: &[u8]| {
            let sample = samples().into_iter().find(|(of, _)| *of == platform).expect("a sample").1;
            platform.open(&sample.config).expect("an account").connector.preview(body)
        };
        let preview =
            |subject: &str, text: &str| Some(Preview { subject: subject.into(), text: text.into() });
        assert_eq!(
            read(Platform::Zendesk, include_bytes!("zendesk/fixtures/ticket_created.json")),
            preview("Charged twice", "You took the money twice.")
        );
        assert_eq!(
            read(
                Platform::Intercom,
                include_bytes!("intercom/fixtures/notification_conversation_created.json")
            ),
            preview("<p>Charged twice</p>", "<p>I was charged twice.</p>")
        );
        assert_eq!(
            read(Platform::Freshdesk, include_bytes!("freshdesk/fixtures/simple.json")),
            preview("Where is my parcel?", "<div>Ordered last week, order 88213.</div>")
        );
        for platform in Platform::ALL {
            for body in [&b"{}"[..], b"", b"[1,2", br#"{"detail":{"description":7}}"#] {
                assert_eq!(read(platform, body), None, "{platform}");
            }
        }
        assert_eq!(read(Platform::Freshdesk, include_bytes!("freshdesk/fixtures/app_created.json")), None);
    }
}
