// Makes what is posted and its signature. Pure, so that one test vector covers app and daemon alike.
'use strict';

const crypto = require('crypto');

// The ticket's number, what happened, and when; no text of the ticket ever leaves by this way.
function body(ticketId, event, timestamp) {
  return JSON.stringify({ ticket_id: ticketId, event, timestamp });
}

// `v1=` and the hex HMAC-SHA256 of "<seconds>.<body>". The time is signed too, so that a copy goes stale.
function sign(secret, seconds, text) {
  return 'v1=' + crypto.createHmac('sha256', secret.trim()).update(`${seconds}.${text}`, 'utf8').digest('hex');
}

module.exports = { body, sign };
