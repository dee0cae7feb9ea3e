//! Past tickets read from their platforms again and put to another model: reads only, at the platforms' pace.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::{Later, Refusal, Ticket, TicketId};
use deskbridge_onnx::Prediction;
use indicatif::{ProgressBar, ProgressStyle};

use super::Said;
use crate::daemon::open_accounts;
use crate::domain::outcome::Entry;
use crate::inference::brain::Brain;
use crate::inference::triage;
use crate::platform::account::Account;
use crate::platform::{Calls, Standing, Stopped};
use crate::settings::Settings;

/// How often a ticket is asked for whose platform has trouble.
const TRIES: u32 = 4;
/// Tickets in a row without an answer after which an account is left alone.
const GIVE_UP: u32 = 3;
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// What the brain's model says of each decision's ticket, or why it says nothing.
pub(super) async fn all(settings: &Settings, brain: &Brain, chosen: &[(i64, Entry)]) -> anyhow::Result<Said> {
    let accounts = open_accounts(settings)?;
    let bar = bar(chosen.len());
    let mut reader = Reader { accounts, lost: HashMap::new(), failed: HashMap::new() };
    let mut read: HashMap<(&str, &str), Result<Prediction, String>> = HashMap::new();
    let mut said = BTreeMap::new();
    for (id, entry) in chosen {
        // A ticket may have been decided several times; it is read once.
        let ticket = (entry.account.as_str(), entry.ticket.as_str());
        let answer = match read.get(&ticket) {
            Some(known) => known.clone(),
            None => match reader.read(entry).await {
                Ok(ticket) => triage::predict(brain, &ticket).await.map_err(|error| error.to_string()),
                Err(why) => Err(why),
            },
        };
        read.insert(ticket, answer.clone());
        said.insert(*id, answer);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(said)
}

/// Reads tickets; an account that will not be read is given up, so that a thousand tickets do not each wait for it.
struct Reader {
    accounts: HashMap<String, Arc<Account>>,
    /// Accounts that were given up, and why.
    lost: HashMap<String, String>,
    /// Tickets in a row that an account had no usable answer for.
    failed: HashMap<String, u32>,
}

impl Reader {
    async fn read(&mut self, entry: &Entry) -> Result<Ticket, String> {
        let name = &entry.account;
        if let Some(why) = self.lost.get(name) {
            return Err(why.clone());
        }
        let account = self
            .accounts
            .get(name)
            .ok_or_else(|| format!("the settings have no account `{name}` any more"))?;
        let found = ticket(account, entry).await;
        match &found {
            Ok(_) => drop(self.failed.remove(name)),
            Err(Stopped::Refused(Refusal::Credentials)) => {
                self.lost.insert(name.clone(), Stopped::Refused(Refusal::Credentials).about_a_ticket());
            }
            Err(Stopped::Later(_)) => {
                let failed = self.failed.entry(name.clone()).or_default();
                *failed += 1;
                if *failed >= GIVE_UP {
                    self.lost.insert(name.clone(), "the platform gave no usable answers".to_owned());
                }
            }
            Err(_) => {}
        }
        found.map_err(|stopped| stopped.about_a_ticket())
    }
}

async fn ticket(account: &Account, entry: &Entry) -> Result<Ticket, Stopped> {
    let id = TicketId::new(entry.ticket.as_str())
        .map_err(|why| Stopped::Refused(Refusal::Invalid(why.to_owned())))?;
    let mut tried = 0;
    loop {
        tried += 1;
        match account.line.standing() {
            Standing::Open => {}
            Standing::Paused(wait) | Standing::Tripped(wait) => tokio::time::sleep(wait).await,
            Standing::LockedOut(_) => return Err(Stopped::Refused(Refusal::Credentials)),
        }
        let mut calls = Calls::new();
        let looked = async {
            let names = account.names_for(&id, &mut calls).await?;
            account.line.settled(&id, &names, &mut calls).await
        };
        match looked.await {
            Ok(settled) => return Ok(settled.ticket),
            Err(Stopped::Later(Later::Busy { after })) if tried < TRIES => {
                tokio::time::sleep(after.unwrap_or(PAUSE)).await;
            }
            Err(Stopped::Later(Later::Failed)) if tried < TRIES => tokio::time::sleep(PAUSE * tried).await,
            Err(stopped) => return Err(stopped),
        }
    }
}

fn bar(tickets: usize) -> ProgressBar {
    let bar = ProgressBar::new(tickets as u64);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {pos}/{len} tickets read · {per_sec} · {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
