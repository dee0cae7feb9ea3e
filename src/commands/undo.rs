//! `undo`: puts back what a live decision changed, where nobody touched it since, and says so in the ledger.
//!
//! Works whatever the account's mode is by now: who takes a decision back has often stopped the writing first, and nothing
//! is written but what was there before. Interrupted, it is run again: what is back already is not sent twice.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use deskbridge_connectors::settled::Settled;
use deskbridge_connectors::{Directory, Doubt, Refusal, Status, TicketId, Write};
use serde_json::json;

use super::{prepare, runtime, terminal};
use crate::cli::Undo;
use crate::clock::{Clock, SystemClock};
use crate::daemon::open_accounts;
use crate::domain::outcome::{EffectOutcome, EffectRecord, Entry, Outcome};
use crate::offline::undo;
use crate::platform::account::Account;
use crate::platform::{Calls, Change, Journal, Stopped};
use crate::settings::Settings;
use crate::store::{self, Filter, Store};

/// A ticket that moves under our hands is looked at again this often.
const LOOKS: usize = 3;

pub(super) fn run(args: &Undo) -> anyhow::Result<ExitCode> {
    let settings = match prepare::settings(&args.settings) {
        Ok(settings) => settings,
        Err(code) => return Ok(code),
    };
    let store = match prepare::store_or_refuse(&settings) {
        Ok(store) => store,
        Err(code) => return Ok(code),
    };
    runtime()?.block_on(async {
        let entry = decision(&*store, args.decision).await?;
        let account = account(&settings, &entry)?;
        let mut undone = Undone { calls: Calls::new(), records: Vec::new(), version: None };
        undone.take_back(&entry, &account, args.dry_run).await?;
        let wrote = undone.records.iter().any(|one| one.state == EffectOutcome::Applied);
        let line = if wrote { Some(store.record(&undone.entry(args.decision, &entry)).await?) } else { None };
        tell(args, &entry, &undone.records, line)
    })
}

/// The decision with this number.
async fn decision(store: &dyn Store, id: i64) -> anyhow::Result<Entry> {
    let filter = Filter { after: Some(id - 1), before: Some(id + 1), ..Filter::default() };
    let found = store.decisions(&filter).await?.into_iter().next();
    found.map(|(_, entry)| entry).ok_or_else(|| {
        anyhow!(
            "the ledger has no decision {id}; `deskbridge decisions` lists them, with their numbers as `id`"
        )
    })
}

fn account(settings: &Settings, entry: &Entry) -> anyhow::Result<Arc<Account>> {
    let accounts = open_accounts(settings)?;
    accounts
        .get(&entry.account)
        .cloned()
        .ok_or_else(|| anyhow!("the settings have no account `{}`, whose ticket was decided", entry.account))
}

/// What has been done so far.
struct Undone {
    calls: Calls,
    records: Vec<EffectRecord>,
    version: Option<deskbridge_connectors::Version>,
}

impl Undone {
    async fn take_back(&mut self, entry: &Entry, account: &Account, dry_run: bool) -> anyhow::Result<()> {
        let ticket = TicketId::new(entry.ticket.as_str()).map_err(|why| anyhow!(why))?;
        let names = account
            .names_for(&ticket, &mut self.calls)
            .await
            .map_err(|stopped| anyhow!(stopped.about_a_ticket()))?;
        for _ in 0..LOOKS {
            let now = self.look(&ticket, account, &names).await?;
            let steps =
                undo::steps(entry, &now, &names).map_err(|why| anyhow!("nothing to take back: {why}"))?;
            let plan = undo::plan(&steps);
            // A permit of the decision's own mode: taking back is no new decision.
            let permit = entry.mode.permit().filter(|_| !dry_run && !plan.0.is_empty());
            let Some(permit) = permit else {
                self.records = undo::records(&steps, &[]);
                return Ok(());
            };
            let change = Change { plan: &plan, on: &now.ticket, names: &names, doubt: Doubt::None };
            match account.line.perform(&permit, &change, &RunAgain, &mut self.calls).await {
                Ok(applied) => {
                    self.records = undo::records(&steps, &applied.states);
                    self.version = applied.version;
                    return Ok(());
                }
                Err(Stopped::Refused(Refusal::Moved)) => {}
                Err(stopped) => bail!(stopped.about_a_ticket()),
            }
        }
        bail!("the ticket keeps changing; try again when nobody works on it")
    }

    async fn look(
        &mut self,
        ticket: &TicketId,
        account: &Account,
        names: &Directory,
    ) -> anyhow::Result<Settled> {
        let settled = account.line.settled(ticket, names, &mut self.calls).await;
        let settled = settled.map_err(|stopped| anyhow!(stopped.about_a_ticket()))?;
        if settled.ticket.status == Status::Closed {
            bail!("the ticket is closed for good, and the platform accepts no more changes to it");
        }
        Ok(settled)
    }

    /// The ledger's line about it. It decides nothing, so that it holds no scores.
    fn entry(&mut self, id: i64, of: &Entry) -> Entry {
        let now = SystemClock.now();
        Entry {
            delivery: format!("undo:{id}"),
            received_at: now,
            decided_at: now,
            language: serde_json::Value::Null,
            heads: json!({}),
            rules: Vec::new(),
            effects: self.records.clone(),
            outcome: Outcome::Undone,
            reason: Some(format!("takes back decision {id}")),
            digests: None,
            version: None,
            own_version: self.version.clone(),
            calls: std::mem::take(&mut self.calls),
            withheld: None,
            machine: None,
            challenger: None,
            awaiting: None,
            snapshot: None,
            ..of.clone()
        }
    }
}

/// An undo that was interrupted is run again by whoever wanted it, and sees by itself what is back already: there is
/// nothing to remember.
struct RunAgain;

#[async_trait::async_trait]
impl Journal for RunAgain {
    async fn about_to(&self, _write: &Write) -> Result<(), store::Error> {
        Ok(())
    }
}

fn tell(args: &Undo, of: &Entry, records: &[EffectRecord], line: Option<i64>) -> anyhow::Result<ExitCode> {
    let whole = records.iter().all(|one| one.state != EffectOutcome::Refused);
    if args.json {
        terminal::line(json!({
            "decision": args.decision, "account": of.account, "ticket": of.ticket, "dry_run": args.dry_run,
            "effects": records, "ledger": line,
        }))?;
    } else {
        terminal::line(format!("decision {} on {}/{}:", args.decision, of.account, of.ticket))?;
        for one in records {
            let value = match &one.value {
                serde_json::Value::String(text) => text.clone(),
                value => value.to_string(),
            };
            let state = match one.state {
                EffectOutcome::Applied => "put back",
                EffectOutcome::Planned => "would put back",
                EffectOutcome::Unchanged => "already back",
                _ => "left alone",
            };
            let why = one.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            let said = terminal::value(format_args!("{} {value}{why}", one.kind));
            terminal::line(format!("  {state:<15} {said}"))?;
        }
        if let Some(line) = line {
            terminal::line(format!("The ledger has it as entry {line}."))?;
        }
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
