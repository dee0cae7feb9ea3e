//! The SQL of cases: tickets with their settled values and the decision that these are compared
//! with.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::row::{micros, unreadable};
use super::settling::key;
use super::summary::{COLUMNS, IS_FIRST, Reading};
use crate::store::{CaseQuery, Decisions, Error, TicketCase};

/// Returns the columns that are read of every case. `?1` is the beginning of the requested time.
/// Whether a decision is the first of its ticket matters only if it wrote something.
fn columns() -> String {
    format!(
        "settling.account, settling.ticket, settling.kept, settling.settled_at >= ?1, {COLUMNS},
         CASE WHEN summary.wrote = 1 THEN {IS_FIRST} ELSE 0 END"
    )
}

/// Returns cases, at most `limit`.
pub(super) fn list(conn: &Connection, query: &CaseQuery, limit: u32) -> Result<Vec<TicketCase>, Error> {
    if matches!(query, CaseQuery::Tickets(tickets) if tickets.is_empty()) {
        return Ok(Vec::new());
    }
    let columns = columns();
    match query {
        CaseQuery::Settled { after, since } => {
            let since = since.map_or(i64::MIN, micros);
            let (account, ticket) =
                after.as_ref().map_or(("", ""), |after| (after.account.as_str(), after.ticket.as_str()));
            // In the order of the table: `+` keeps SQLite from finding everything that settled and
            // sorting it, page after page.
            let sql = format!(
                "SELECT {columns} FROM settling
                     LEFT JOIN summary ON summary.id = settling.decision AND summary.decided_at >= ?1
                 WHERE (settling.account, settling.ticket) > (?2, ?3) AND +settling.settled_at >= ?1
                 ORDER BY settling.account, settling.ticket LIMIT ?4"
            );
            rows(conn, &sql, [&since as &dyn ToSql, &account, &ticket, &limit])
        }
        CaseQuery::Newest { before, since, which } => {
            let since = since.map_or(i64::MIN, micros);
            let before = before.unwrap_or(i64::MAX);
            let wrote = match which {
                Decisions::All => "",
                Decisions::Written => "AND summary.wrote = 1",
            };
            let sql = format!(
                "SELECT {columns} FROM summary CROSS JOIN settling
                     ON settling.account = summary.account AND settling.ticket = summary.ticket
                 WHERE summary.id < ?2 {wrote} AND +summary.decided_at >= ?1
                     AND +settling.settled_at >= ?1 AND settling.decision = summary.id
                 ORDER BY summary.id DESC LIMIT ?3"
            );
            rows(conn, &sql, [&since as &dyn ToSql, &before, &limit])
        }
        CaseQuery::Challenged { after, before, since } => {
            let since = since.map_or(i64::MIN, micros);
            let sql = format!(
                "SELECT {columns} FROM summary CROSS JOIN settling
                     ON settling.account = summary.account AND settling.ticket = summary.ticket
                 WHERE summary.challenged = 1 AND summary.id > ?2 AND summary.id < ?3 AND +summary.decided_at >= ?1
                     AND NOT EXISTS (SELECT 1 FROM ledger JOIN summary AS later ON later.id = ledger.id
                         WHERE ledger.account = summary.account AND ledger.ticket = summary.ticket
                             AND ledger.decided = 1 AND ledger.id > summary.id AND later.challenged = 1)
                 ORDER BY summary.id LIMIT ?4"
            );
            rows(conn, &sql, [&since as &dyn ToSql, after, before, &limit])
        }
        CaseQuery::Of(decisions) => {
            let marks = vec!["?"; decisions.len()].join(", ");
            let sql = format!(
                "SELECT {columns} FROM summary CROSS JOIN settling
                     ON settling.account = summary.account AND settling.ticket = summary.ticket
                 WHERE summary.id IN ({marks}) AND settling.decision = summary.id AND settling.settled_at IS NOT NULL
                 ORDER BY summary.id LIMIT ?"
            );
            let values = [Value::from(i64::MIN)].into_iter();
            let values = values.chain(decisions.iter().map(|id| Value::from(*id))).chain([limit.into()]);
            many(conn, &sql, values)
        }
        CaseQuery::Tickets(tickets) => {
            // Numbered, because `?1` comes later in the statement.
            let mark = |at: usize| format!("(?{}, ?{})", 2 * at + 2, 2 * at + 3);
            let marks = (0..tickets.len()).map(mark).collect::<Vec<_>>().join(", ");
            // DISTINCT: a ticket may be named twice. Joined and not looked for by IN, for which
            // SQLite would read the whole table.
            let sql = format!(
                "WITH named(account, ticket) AS (VALUES {marks})
                 SELECT {columns} FROM (SELECT DISTINCT account, ticket FROM named) AS named
                     CROSS JOIN settling ON settling.account = named.account AND settling.ticket = named.ticket
                     LEFT JOIN summary ON summary.id = settling.decision
                 WHERE settling.settled_at IS NOT NULL ORDER BY settling.account, settling.ticket LIMIT ?"
            );
            let named = tickets.iter().flat_map(|key| [key.account.clone(), key.ticket.to_string()]);
            let values = [Value::from(i64::MIN)].into_iter().chain(named.map(Value::from));
            many(conn, &sql, values.chain([limit.into()]))
        }
    }
}

/// Runs a statement of any length, which is not worth keeping.
fn many(conn: &Connection, sql: &str, values: impl Iterator<Item = Value>) -> Result<Vec<TicketCase>, Error> {
    let mut reading = Reading::default();
    let mut statement = conn.prepare(sql)?;
    let found = statement.query_map(params_from_iter(values), |row| case(conn, row, &mut reading))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn rows<const N: usize>(
    conn: &Connection,
    sql: &str,
    values: [&dyn ToSql; N],
) -> Result<Vec<TicketCase>, Error> {
    let mut reading = Reading::default();
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement.query_map(values.as_slice(), |row| case(conn, row, &mut reading))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn case(conn: &Connection, row: &Row<'_>, reading: &mut Reading) -> rusqlite::Result<TicketCase> {
    let kept = match row.get::<_, Option<bool>>(3)? {
        Some(true) => {
            let kept = serde_json::from_str(row.get_ref(2)?.as_str()?);
            Some(kept.map_err(|error| unreadable(2, error))?)
        }
        _ => None,
    };
    let decision = match row.get::<_, Option<i64>>(4)? {
        Some(_) => Some(reading.decision(conn, row, 4, row.get(10)?)?),
        None => None,
    };
    Ok(TicketCase { ticket: key(row)?, kept, decision })
}
