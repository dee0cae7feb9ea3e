//! Past tickets read from their platforms again and put to another model: reads only, at the platforms' pace.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::{Later, Refusal, Ticket, TicketId};
use indicatif::{ProgressBar, ProgressStyle};

use super::Said;
use crate::account::Account;
use crate::brain::Brain;
use crate::daemon::open_accounts;
use crate::dispatch::{Calls, Standing, Stopped};
use crate::outcome::Entry;
use crate::settings::Settings;
use crate::triage;

/// How often a ticket is asked for whose platform has trouble.
const TRIES: u32 = 4;
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// What the brain's model says of each decision's ticket, or why it says nothing.
pub(super) async fn all(
    settings: &Settings,
    brain: &Brain,
    chosen: &[&(i64, Entry)],
) -> anyhow::Result<Said> {
    let accounts = open_accounts(settings)?;
    let bar = bar(chosen.len());
    let mut said = BTreeMap::new();
    for (id, entry) in chosen {
        let ticket = read(&accounts, entry).await;
        let answer = match ticket {
            Ok(ticket) => triage::predict(brain, &ticket).await.map_err(|error| error.to_string()),
            Err(why) => Err(why),
        };
        said.insert(*id, answer);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(said)
}

async fn read(accounts: &HashMap<String, Arc<Account>>, entry: &Entry) -> Result<Ticket, String> {
    let account = accounts
        .get(&entry.account)
        .ok_or_else(|| format!("the settings have no account `{}` any more", entry.account))?;
    let id = TicketId::new(entry.ticket.as_str())?;
    for tried in 1.. {
        if let Standing::Paused(wait) | Standing::LockedOut(wait) = account.line.standing() {
            tokio::time::sleep(wait).await;
        }
        let mut calls = Calls::new();
        let looked = async {
            let names = account.names(&mut calls).await?;
            account.line.settled(&id, &names, &mut calls).await
        };
        match looked.await {
            Ok(settled) => return Ok(settled.ticket),
            Err(Stopped::Later(Later::Busy { after })) if tried < TRIES => {
                tokio::time::sleep(after.unwrap_or(PAUSE)).await;
            }
            Err(Stopped::Later(Later::Failed)) if tried < TRIES => tokio::time::sleep(PAUSE * tried).await,
            Err(stopped) => return Err(why(&stopped).to_owned()),
        }
    }
    Err("the platform gave no usable answer".to_owned())
}

fn why(stopped: &Stopped) -> &'static str {
    match stopped {
        Stopped::Refused(Refusal::Gone) => "the ticket is not there any more",
        Stopped::Refused(Refusal::Credentials) => "the platform does not let us read this ticket",
        Stopped::Refused(_) => "the platform refuses to show this ticket",
        Stopped::Later(_) | Stopped::Store(_) => "the platform gave no usable answer",
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
