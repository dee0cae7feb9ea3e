//! Writes values into columns and reads them back.

use std::time::Duration;

use deskbridge_connectors::printable::one_line;
use deskbridge_connectors::{Content, Notice, VerifiedDelivery};
use jiff::Timestamp;
use rusqlite::types::Type;

use crate::store::Error;

/// No lease and no postponement is as long, in microseconds: 2 hours. What waits longer was put off
/// while the clock was wrong, and is taken at once when the clock is right again.
pub(super) const LONGEST_WAIT: i64 = 2 * 3600 * 1_000_000;

/// A delivery on its way into the inbox.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) account: String,
    pub(super) delivery_id: String,
    pub(super) order_key: String,
    /// The notice as JSON, or why there is none.
    pub(super) notice: Result<String, String>,
    pub(super) body: Vec<u8>,
    pub(super) received_at: i64,
}

impl Incoming {
    /// Everything that can be prepared before the writer's turn.
    pub(super) fn new(delivery: &VerifiedDelivery, received_at: Timestamp) -> Result<Self, Error> {
        let account = delivery.account().as_str();
        let key = delivery.key().as_str();
        let notice = match delivery.content() {
            Content::Notice(notice) => Ok(notice),
            Content::Malformed(why) => Err(why.to_string()),
        };
        Self::from_parts(account, key, notice, delivery.body().to_vec(), received_at)
    }

    pub(super) fn from_parts(
        account: &str,
        key: &str,
        notice: Result<&Notice, String>,
        body: Vec<u8>,
        received_at: Timestamp,
    ) -> Result<Self, Error> {
        Ok(Self {
            account: account.to_owned(),
            delivery_id: key.to_owned(),
            order_key: match &notice {
                Ok(notice) => format!("{account}/{}", notice.ticket),
                // Which ticket it is about is not known, so it waits for none; `!` is in no ticket
                // id.
                Err(_) => format!("{account}/!{key}"),
            },
            notice: match notice {
                Ok(notice) => Ok(to_json(notice)?),
                Err(why) => Err(reason(&why)),
            },
            body,
            received_at: micros(received_at),
        })
    }
}

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;

/// A reason as it is kept: one line that a terminal can show, whatever a platform or a body has put
/// into it.
pub(super) fn reason(why: &str) -> String {
    one_line(why, LONGEST_REASON)
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Unavailable(Box::new(error)))
}

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Unavailable(Box::new(error)))
}

/// A notice that this program cannot read is `None`: the body tells it again.
pub(super) fn notice(json: Option<&str>) -> Option<Notice> {
    json.and_then(|json| serde_json::from_str(json).ok())
}

/// Microseconds since the Unix epoch; what lies between two of them is cut.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Later by a duration, at most the last time there is.
pub(super) fn micros_after(at: Timestamp, by: Duration) -> i64 {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    micros(at).saturating_add(by).min(micros(Timestamp::MAX))
}

/// Reads a time back.
pub(super) fn timestamp(column: usize, micros: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error)))
}

/// A text column that does not hold what it should.
pub(super) fn unreadable(
    column: usize,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}

/// A count that is never negative in the schema.
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
