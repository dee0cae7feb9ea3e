//! `explain`: the whole decision for one ticket, on paper. It reads, and changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use deskbridge_connectors::plain_text::{self, About};
use deskbridge_connectors::recognise::{Marks, recognise};
use deskbridge_connectors::ticket::{Author, Message, Requester};
use deskbridge_connectors::{
    Directory, Looked, Notice, NoticeKind, Refusal, Status, Ticket, TicketId, Version,
};
use deskbridge_onnx::contract_json;
use jiff::Timestamp;

use super::{check, prepare, runtime, terminal};
use crate::cli::Explain;
use crate::clock::{Clock, SystemClock};
use crate::domain::decision::TicketKey;
use crate::domain::history::{History, requester};
use crate::inference::triage;
use crate::platform::{Calls, Line, Stopped};
use crate::rulebook::{self, Facts};
use crate::settings::{Account, Settings};

pub(super) fn run(args: &Explain) -> anyhow::Result<ExitCode> {
    let prepare::Everything { settings, brain, findings } = prepare::everything(&args.settings);
    let (Ok(settings), Some(brain)) = (settings, brain) else { return Ok(prepare::refuse(&findings)) };
    runtime()?.block_on(async {
        let seen = match &args.ticket {
            Some(ticket) => from_platform(&settings, ticket).await?,
            None => from_text(&settings, args.account.as_deref(), &args.subject, &args.body)?,
        };
        let now = SystemClock.now();
        let prediction = triage::predict(&brain, &seen.ticket).await?;
        let gate = prepare::gate(&settings, &brain).await?;
        let facts = Facts {
            account: seen.account.config.id.as_str(),
            platform: seen.account.platform,
            ticket: &seen.ticket,
            prediction: &prediction,
            history: &seen.history,
            directory: &seen.names,
            ceiling: settings.mode.min(seen.account.mode),
            now,
            segment: seen.account.segment.as_ref().map(|segment| segment.of(&seen.ticket)),
            contacts: &seen.contacts,
            public_replies: seen.account.config.allow_public_replies,
            texts: None,
            gate: &gate,
        };
        let explanation = rulebook::explain(&brain.rulebook, &facts);
        let decision = triage::decide(&brain, &facts);
        if args.json {
            let scores = contract_json(seen.ticket.id.as_str(), &prediction);
            terminal::line(serde_json::json!({
                "machine": seen.ticket.machine,
                "prediction": scores, "rules": explanation, "plan": decision.plan, "mode": facts.ceiling,
            }))?;
        } else {
            print(&seen.ticket, &prediction, &explanation, &decision)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A ticket and what is known around it.
struct Seen<'a> {
    account: &'a Account,
    ticket: Ticket,
    history: History,
    contacts: Vec<Timestamp>,
    names: Arc<Directory>,
}

async fn from_platform<'a>(settings: &'a Settings, ticket: &str) -> anyhow::Result<Seen<'a>> {
    let (name, id) =
        ticket.split_once('/').ok_or_else(|| anyhow!("write --ticket as ACCOUNT/ID, such as acme/35436"))?;
    let account = account(settings, Some(name))?;
    let id = TicketId::new(id).map_err(|why| anyhow!("--ticket: {why}"))?;
    let connector = Arc::clone(&account.connector);
    let line = Line::open(name, &account.config.base_url, connector, settings.worker.call_timeout)?;
    let mut calls = Calls::new();
    let names = line.names(&mut calls).await.map_err(|stopped| {
        anyhow!("the names of account `{name}` cannot be read: {}", check::why(&stopped))
    })?;
    let notice = Notice { kind: NoticeKind::Created, ticket: id.clone(), actor: None, occurred_at: None };
    let looked = line.look(&notice, &mut calls).await.map_err(|stopped| match stopped {
        Stopped::Refused(Refusal::Gone) => anyhow!("account `{name}` has no ticket {id} that we may see"),
        stopped => anyhow!("ticket {id} of account `{name}` cannot be read: {}", check::why(&stopped)),
    })?;
    let names = line.connector().names_for(&id, &names).into_owned();
    let ticket = match looked {
        Looked::Ticket(ticket) => *ticket,
        Looked::Skip(skip) => bail!("ticket {id} would be left alone: {}", skip.as_str()),
    };
    let key = TicketKey { account: name.to_owned(), ticket: id };
    // Before the daemon's first start there is no store, and so nothing is known of the ticket.
    let (mut history, mut contacts) = (History::default(), Vec::new());
    if prepare::store_is_there(settings) {
        let store = prepare::store(settings)?;
        history = store.history(&key).await.context("the ledger cannot be read")?;
        if let Some(who) = requester(name, &ticket.requester) {
            contacts =
                store.contacts(&key, &who, Timestamp::MIN).await.context("the ledger cannot be read")?;
        }
    }
    Ok(Seen { account, ticket, history, contacts, names: Arc::new(names) })
}

fn from_text<'a>(
    settings: &'a Settings,
    name: Option<&str>,
    subject: &str,
    body: &str,
) -> anyhow::Result<Seen<'a>> {
    let account = account(settings, name)?;
    // The text is read like that of a message that comes in.
    let subject = plain_text::subject(subject);
    let text = plain_text::from_plain(body, About { subject: &subject, is_first: true });
    let ticket = Ticket {
        id: TicketId::new("text").map_err(|why| anyhow!(why))?,
        version: Version(String::new()),
        subject,
        messages: vec![Message { author: Author::Customer, public: true, text }],
        requester: Requester::default(),
        status: Status::New,
        priority: None,
        priority_is_default: true,
        tags: BTreeSet::new(),
        group: None,
        assignee: None,
        fields: BTreeMap::new(),
        profile: BTreeMap::new(),
        followers: Vec::new(),
        channel: None,
        brand: None,
        created_at: None,
        machine: None,
    };
    let ticket = Ticket { machine: recognise(&ticket, &Marks::default()), ..ticket };
    let (history, contacts) = (History::default(), Vec::new());
    Ok(Seen { account, ticket, history, contacts, names: Arc::default() })
}

fn account<'a>(settings: &'a Settings, name: Option<&str>) -> anyhow::Result<&'a Account> {
    let known =
        || settings.accounts.iter().map(|account| account.config.id.as_str()).collect::<Vec<_>>().join(", ");
    match name {
        Some(name) => settings
            .accounts
            .iter()
            .find(|account| account.config.id.as_str() == name)
            .ok_or_else(|| anyhow!("there is no account `{name}`; there are: {}", known())),
        None => settings.accounts.first().ok_or_else(|| anyhow!("the settings have no account")),
    }
}

fn print(
    ticket: &Ticket,
    prediction: &deskbridge_onnx::Prediction,
    explanation: &rulebook::Explanation,
    decision: &crate::domain::decision::Decision,
) -> anyhow::Result<()> {
    let language = &prediction.language;
    terminal::line(format!("language  {} ({:.0} %)", language.code, language.confidence * 100.0))?;
    if let Some(machine) = &ticket.machine {
        terminal::line(format!("machine   {machine}; it is not answered in public"))?;
    }
    let mut table = terminal::table(&["head", "says", "scores"]);
    for (head, scored) in &prediction.heads {
        let scores =
            scored.ranked.iter().take(4).map(|(label, score)| format!("{label} {:.1} %", score * 100.0));
        let says = if scored.abstains() { "abstains".into() } else { scored.chosen.join(", ") };
        table.add_row([head.clone(), says, scores.collect::<Vec<_>>().join(" · ")]);
    }
    terminal::line(table)?;
    terminal::line(explanation)?;
    if decision.plan.is_empty() {
        return Ok(terminal::line("nothing would be changed")?);
    }
    let mut table = terminal::table(&["effect", "value", "because of rule", "mode", "held back"]);
    for planned in &decision.plan {
        table.add_row([
            planned.effect.kind().to_owned(),
            planned.effect.value().as_str().map_or_else(|| planned.effect.value().to_string(), str::to_owned),
            planned.because.clone(),
            planned.mode.to_string(),
            planned.held_back.clone().unwrap_or_default(),
        ]);
    }
    Ok(terminal::line(table)?)
}
