//! Signs in the headers of a mail. No value is kept.

use crate::machine::MachineMail;

/// Reads the headers that machines set: RFC 3834 (`Auto-Submitted`), RFC 3464 and 8098 (reports),
/// RFC 2369 and 2919 (lists), and the older ones that mail programs still write.
pub(super) fn say(headers: &[(String, String)]) -> Option<MachineMail> {
    let value = |name: &str| {
        let found = headers.iter().find(|(known, _)| known.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_lowercase())
    };
    let has = |name: &str| value(name).is_some_and(|value| !value.is_empty());
    let content = value("content-type").unwrap_or_default();
    if content.starts_with("multipart/report") {
        let bounced = !content.contains("disposition-notification");
        return Some(if bounced { MachineMail::Bounce } else { MachineMail::DeliveryReport });
    }
    if has("x-failed-recipients") {
        return Some(MachineMail::Bounce);
    }
    let submitted = value("auto-submitted").filter(|value| !value.is_empty() && !value.starts_with("no"));
    let precedence = value("precedence").unwrap_or_default();
    let replied = submitted.as_deref().is_some_and(|value| value.starts_with("auto-replied"))
        || ["x-autoreply", "x-autorespond", "x-autoresponder"].into_iter().any(has)
        || ["auto_reply", "auto-reply"].contains(&precedence.as_str());
    if replied {
        return Some(MachineMail::AutoReply);
    }
    let to_many = ["list-id", "list-unsubscribe"].into_iter().any(has)
        || ["bulk", "list", "junk"].contains(&precedence.as_str());
    if to_many {
        return Some(MachineMail::Newsletter);
    }
    // An empty return path: RFC 5321 wants it of every notice that must not be answered.
    // `X-Auto-Response-Suppress` asks for the same.
    let empty_path = value("return-path").is_some_and(|path| path.trim_matches(['<', '>', ' ']).is_empty());
    (submitted.is_some() || empty_path || has("x-auto-response-suppress")).then_some(MachineMail::AutoReply)
}
