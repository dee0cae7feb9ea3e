// Tells deskbridge of new tickets and of customers' replies, signed. It decides nothing and reads no ticket text.
'use strict';

const { body, sign } = require('./lib/sign');

async function deliver(payload, ticketId) {
  const text = body(ticketId, payload.event, payload.timestamp);
  const seconds = String(Math.floor(Date.now() / 1000));
  try {
    await $request.invokeTemplate('deliver', {
      context: { timestamp: seconds, signature: sign(payload.iparams.secret, seconds, text) },
      body: text
    });
  } catch (error) {
    // The status alone: neither the secret nor the ticket belongs in a log.
    console.error(`deskbridge did not accept the notice of ticket ${ticketId}: status ${error.status}`);
  }
}

exports = {
  onTicketCreateHandler: async function (payload) {
    await deliver(payload, payload.data.ticket.id);
  },

  onConversationCreateHandler: async function (payload) {
    const conversation = payload.data.conversation;
    // Agents' replies and notes, our own among them, would be echoes.
    if (conversation.incoming && !conversation.private) {
      await deliver(payload, conversation.ticket_id);
    }
  }
};
