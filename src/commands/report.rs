//! `report`: agreement, thresholds, promotion, impact and drift, as text, JSON or one HTML file. It reads, and changes nothing.

use std::process::ExitCode;

use anyhow::Context;

use super::{decisions, prepare, runtime, terminal};
use crate::cli::{self, ReportFormat};
use crate::clock::{Clock, SystemClock};
use crate::daemon::sources::sources;
use crate::evidence::gather::{self, EvidenceSource, Pace, trained_on};
use crate::evidence::promotion;
use crate::evidence::report::impact::Split;
use crate::evidence::report::readiness::Bar;
use crate::evidence::report::render;
use crate::evidence::report::rows::Rows;
use crate::evidence::report::terms::Terms;
use crate::evidence::report::whole::Report;
use crate::evidence::settling::Readings;

pub(super) fn run(args: &cli::Report) -> anyhow::Result<ExitCode> {
    let now = SystemClock.now();
    let since = args.since.as_deref().map(|text| decisions::since(text, now)).transpose()?;
    let before = args.before.as_deref().map(|text| decisions::since(text, now)).transpose()?;
    let split = before.map_or(Split::Mode, Split::Opened);
    let report = match &args.rows {
        Some(file) => {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            let mut rows = Rows::read(&text).with_context(|| file.display().to_string())?;
            rows.observations.retain(|row| since.is_none_or(|since| row.decided_at >= since));
            // A file of rows is looked at as of its own last decision: drift asks for the last days.
            let now = rows.latest().unwrap_or(now);
            let bar = Bar::default();
            let terms = Terms { since, now, bar, split, training: None, in_force: None, backlog: None };
            Report::of(&rows.sums(&terms), &terms)
        }
        None => {
            let prepare::Everything { settings, brain, findings } = prepare::everything(&args.settings);
            let (Ok(settings), Some(brain)) = (settings, brain) else {
                return Ok(prepare::refuse(&findings));
            };
            let store = match prepare::store_or_refuse(&settings) {
                Ok(store) => store,
                Err(code) => return Ok(code),
            };
            let readings = Readings { store, sources: sources(&settings, &brain) };
            let mut terms = Terms {
                since,
                now,
                bar: settings.promotion.bar(),
                split,
                training: trained_on(&settings.model.bundle),
                in_force: None,
                backlog: None,
            };
            runtime()?.block_on(async {
                let fallen = readings.store.demotions().await?;
                terms.in_force = Some(promotion::in_force(brain.promotions.as_ref(), &fallen));
                terms.backlog = Some(gather::backlog(&*readings.store, now).await?);
                prepare::summaries(&*readings.store).await?;
                let sums = readings.sums(&terms, Pace::Foreground).await?;
                anyhow::Ok(Report::of(&sums, &terms))
            })?
        }
    };
    let page = match args.format {
        ReportFormat::Text if args.out.is_some() => render::text::text(&report, None),
        ReportFormat::Text => render::text::text(&report, terminal::width()),
        ReportFormat::Json => render::json(&report)? + "\n",
        ReportFormat::Html => render::html::html(&report)?,
    };
    match &args.out {
        Some(file) => {
            std::fs::write(file, page).with_context(|| format!("cannot write {}", file.display()))?;
            terminal::remark(format!("wrote {}", file.display()));
        }
        None => terminal::out(&page)?,
    }
    Ok(ExitCode::SUCCESS)
}
