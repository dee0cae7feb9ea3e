//! One configured account at work: the line to its platform, its ceiling, and its names as last read.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use deskbridge_connectors::{Directory, Platform, TicketId};
use tokio::time::Instant;

use crate::domain::decision::Suggestion;
use crate::domain::mode::Mode;
use crate::platform::{Calls, Line, Stopped};
use crate::settings::Segment;

/// Names are read again after this long: groups and fields change rarely, and each reading costs calls.
const NAMES_LIVE: Duration = Duration::from_secs(3600);

/// Old names serve this long after they could not be read again, so that a platform in trouble is not asked by every ticket.
const NAMES_RETRY: Duration = Duration::from_secs(60);

/// An account at work.
#[derive(Debug)]
pub struct Account {
    /// The line to its platform.
    pub line: Line,
    /// Its platform.
    pub platform: Platform,
    /// The strictest of daemon and account.
    pub ceiling: Mode,
    /// How its customers are told apart.
    pub segment: Option<Segment>,
    /// Whether answers may be sent that the customer sees.
    pub public_replies: bool,
    /// The number of public answers of one template that a requester gets within a day; unlimited
    /// if `None`.
    pub reply_limit: Option<u32>,
    /// Where agents are told suggestions.
    pub suggestion: Suggestion,
    names: RwLock<Option<Names>>,
}

#[derive(Clone, Debug)]
struct Names {
    directory: Arc<Directory>,
    stale_at: Instant,
}

impl Account {
    /// An account whose names are not read yet.
    pub fn new(line: Line, platform: Platform, ceiling: Mode) -> Self {
        Self {
            line,
            platform,
            ceiling,
            segment: None,
            public_replies: false,
            reply_limit: Some(1),
            suggestion: Suggestion::Note,
            names: RwLock::new(None),
        }
    }

    /// The same with what its settings say of its customers.
    #[must_use]
    pub fn with_customers(self, segment: Option<Segment>, public_replies: bool) -> Self {
        Self { segment, public_replies, ..self }
    }

    /// Sets the number of public answers of one template that a requester gets within a day.
    #[must_use]
    pub fn answering_at_most(self, reply_limit: Option<u32>) -> Self {
        Self { reply_limit, ..self }
    }

    /// The same with the field that agents are told suggestions in; a private note where there is none.
    #[must_use]
    pub fn suggesting_in(self, field: Option<String>) -> Self {
        Self { suggestion: field.map_or(Suggestion::Note, Suggestion::Field), ..self }
    }

    /// The account's names: as last read, or read now where that is too long ago. Old names serve on while the
    /// platform cannot be asked.
    ///
    /// # Errors
    /// [`Stopped`] when they were never read and cannot be read now.
    pub async fn names(&self, calls: &mut Calls) -> Result<Arc<Directory>, Stopped> {
        let known = self.names.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(names) = known.as_ref().filter(|names| Instant::now() < names.stale_at) {
            return Ok(Arc::clone(&names.directory));
        }
        match (self.line.names(calls).await, known) {
            (Ok(directory), _) => {
                let directory = Arc::new(directory);
                let names =
                    Names { directory: Arc::clone(&directory), stale_at: Instant::now() + NAMES_LIVE };
                *self.names.write().unwrap_or_else(PoisonError::into_inner) = Some(names);
                Ok(directory)
            }
            (Err(_), Some(old)) => {
                let names = Names { stale_at: Instant::now() + NAMES_RETRY, ..old.clone() };
                *self.names.write().unwrap_or_else(PoisonError::into_inner) = Some(names);
                Ok(old.directory)
            }
            (Err(stopped), None) => Err(stopped),
        }
    }

    /// Returns the account's names as they apply to one ticket.
    ///
    /// # Errors
    /// Those of [`Self::names`].
    pub async fn names_for(&self, ticket: &TicketId, calls: &mut Calls) -> Result<Arc<Directory>, Stopped> {
        let names = self.names(calls).await?;
        Ok(match self.line.connector().names_for(ticket, &names) {
            Cow::Borrowed(_) => names,
            Cow::Owned(own) => Arc::new(own),
        })
    }
}
