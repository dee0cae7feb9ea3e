//! What the captured files themselves say when no secret makes the signature of their body: that they are not the bytes
//! which were sent.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use super::{Cause, Finding};
use crate::delivery::Delivery;
use crate::signature::single;

/// Signs that the body is another one than was posted.
pub(crate) fn findings(delivery: &Delivery) -> Vec<Finding> {
    let length = delivery.body.len();
    let mut found = Vec::new();
    if length == 0 {
        found.push(Finding::new(
            Cause::EmptyBody,
            "the body is empty, and the platform never posts an empty one",
            "save the body as well: many logs leave it out, and so does a handler that has read it once already",
        ));
    }
    if let Some(coding) = single(&delivery.headers, CONTENT_ENCODING.as_str())
        && !coding.trim().is_empty()
        && !coding.trim().eq_ignore_ascii_case("identity")
    {
        found.push(Finding::new(
            Cause::Encoded,
            "a Content-Encoding stands on it: the bytes were packed, or unpacked, on the way, and the platform signs them plain",
            "let the proxy neither pack nor unpack requests; if you saved the body yourself, try it unpacked",
        ));
    }
    let told = single(&delivery.headers, CONTENT_LENGTH.as_str()).map(|told| told.trim().parse::<usize>());
    if let Some(told) = told.filter(|told| *told != Ok(length)) {
        let told = told.map_or_else(|_| "no number".to_owned(), |told| format!("{told} bytes"));
        found.push(Finding::new(
            Cause::Length,
            format!("Content-Length says {told}, and the body has {length}"),
            "it was cut, added to or written anew after it was sent: save the raw bytes, without a newline at the end",
        ));
    }
    found
}

/// The body was signed, and the time that belongs before it was not.
pub(crate) fn body_alone(remedy: &str) -> Finding {
    Finding::new(Cause::Shape, "the secret is right, and the body alone is signed, without the time", remedy)
}
