//! Headers as a proxy's log or `curl -i` prints them.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Reads `Name: value` lines up to the first empty one. A request or status line is skipped, and so is the mark that `curl -v`
/// puts before each line.
///
/// # Errors
/// The line that is no header, by its number: the line itself may hold a secret.
pub(super) fn read(text: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    for (at, line) in lines.skip_while(|(_, line)| line.trim().is_empty()) {
        let line = line.strip_prefix("> ").or_else(|| line.strip_prefix("< ")).unwrap_or(line).trim();
        if line.is_empty() || line == ">" || line == "<" {
            break;
        }
        // What `curl -v` says of the connection and of the bytes that pass.
        if line == "*" || ["* ", "{ [", "} ["].iter().any(|mark| line.starts_with(mark)) {
            continue;
        }
        if headers.is_empty() && (line.starts_with("HTTP/") || line.contains(" HTTP/")) {
            continue;
        }
        // The names of HTTP/2's own headers begin with a colon.
        if line.starts_with(':') {
            continue;
        }
        let (name, value) =
            line.split_once(':').ok_or_else(|| format!("line {} is no `Name: value`", at + 1))?;
        let name: HeaderName =
            name.trim().parse().map_err(|_| format!("line {}: this is no header's name", at + 1))?;
        let value = HeaderValue::from_bytes(value.trim().as_bytes())
            .map_err(|_| format!("line {}: the value of {name} cannot stand in a header", at + 1))?;
        headers.append(name, value);
    }
    if headers.is_empty() {
        return Err("there is no header in it".to_owned());
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proxies_and_curl_print_is_read() {
        for text in [
            "X-Signature: a=b:c\nX-Other:  1 \n",
            "POST /hooks/acme HTTP/1.1\r\nX-Signature: a=b:c\r\nX-Other: 1\r\n\r\nNo-Header: 1\r\n",
            "HTTP/2 200\nx-signature: a=b:c\nx-other: 1",
            "> POST /hooks/acme HTTP/2\n> x-signature: a=b:c\n> x-other: 1\n>\n",
            "* Connected to a.example\n*\n> POST /hooks/acme HTTP/1.1\n> x-signature: a=b:c\n} [24 bytes data]\n* more\n> x-other: 1\n>\n< HTTP/1.1 401\n< x: 1\n",
            "\n:method: POST\nx-signature: a=b:c\nx-other: 1\n",
        ] {
            let headers = read(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(headers.len(), 2, "{text:?}");
            assert_eq!(
                (&headers["x-signature"], &headers["x-other"]),
                (&"a=b:c".parse().unwrap(), &"1".parse().unwrap())
            );
        }
        assert_eq!(read("A: 1\nA: 2\n").unwrap().get_all("a").iter().count(), 2);
    }

    #[test]
    fn a_line_that_is_no_header_is_named_and_not_quoted() {
        for (text, at) in
            [("A: 1\nhush hush\n", "line 2"), ("hush hush: 1\n", "line 1"), ("A: hush\u{1}\n", "line 1")]
        {
            let error = read(text).unwrap_err();
            assert!(error.contains(at) && !error.contains("hush"), "{error}");
        }
        assert!(read("").is_err() && read("HTTP/1.1 200 OK\n").is_err());
    }
}
