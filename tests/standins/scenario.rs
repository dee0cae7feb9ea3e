//! The tickets that the demo plays: thirty customers, each unlike the others, ten a desk.
//!
//! They were written for the demo and stand in no training data. `about` is what a person of the desk would choose;
//! the demo reports how often the model agrees, and never corrects it.

use crate::desk::NewTicket;

/// One ticket and what happens to it on the way.
#[derive(Clone, Debug)]
pub struct Play {
    /// Which desk: an index into the demo's desks.
    pub desk: usize,
    /// What kind of text it is, for the table.
    pub kind: &'static str,
    /// The category a person would choose.
    pub about: &'static str,
    /// The ticket.
    pub ticket: NewTicket,
    /// What goes wrong with it.
    pub twist: Twist,
}

/// What goes wrong with a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// Nothing.
    None,
    /// The platform delivers its webhook twice.
    Duplicate,
    /// Somebody else posts a delivery about it with a wrong signature.
    Forged,
    /// The platform answers 429 once.
    RateLimited,
    /// A person changes the ticket between our look and our write.
    Moved,
}

/// All thirty.
pub fn tickets() -> Vec<Play> {
    let written = [
        (
            "plain",
            "billing",
            "Charged twice in May",
            "Hello, my card shows two payments of 49.00 for the May invoice. Please refund one of them. Thanks, Ines",
        ),
        (
            "chat",
            "technical",
            "",
            "the app crashes every time i open the reports tab, since this morning. nothing helps, reinstalled twice",
        ),
        (
            "misspelt",
            "shipping",
            "were is my parcle",
            "Hi i orderd on monday and the trakcing stil says label created, were is it?? ordr 88213",
        ),
        (
            "angry",
            "billing",
            "THIS IS THE THIRD TIME",
            "THIRD TIME you took money after I cancelled!!! I want every cent back TODAY or I call my bank and my lawyer.",
        ),
        (
            "chat",
            "account",
            "",
            "hey, can't log in, the reset mail for my password never arrives. checked spam too",
        ),
        (
            "polite",
            "returns",
            "Returning a pair of boots",
            "Good afternoon, the boots I received are a size too small. How may I send them back and exchange them for a 43? Kind regards, Mr Okafor",
        ),
        (
            "html",
            "technical",
            "Re: Export fails",
            "<div><p>The CSV export still stops with <b>error 500</b> after about 2,000 rows.</p><p>Could someone look at it before Friday?</p><blockquote>On Tue, Support wrote:<br>&gt; Thank you for your invoice question. We have closed ticket 4411.</blockquote></div>",
        ),
        (
            "chat",
            "sales",
            "",
            "Hi! Do you offer a discount if we take 60 seats for a year? Could we get a quote and a short demo next week",
        ),
        (
            "non-English",
            "shipping",
            "Wo bleibt mein Paket?",
            "Guten Tag, meine Bestellung 77120 sollte letzte Woche geliefert werden. Die Sendung ist immer noch nicht da. Wann kommt das Paket?",
        ),
        (
            "praise",
            "feedback",
            "Just wanted to say thanks",
            "No action needed. Your new dashboard is lovely, and the dark colours are easy on my eyes. Keep it up!",
        ),
        (
            "chat",
            "billing",
            "",
            "why is there VAT on my invoice? we are a registered company, can you correct the bill please",
        ),
        (
            "multi-topic",
            "returns",
            "Broken lamp, and also my address",
            "The lamp came with a cracked shade, I would like to return it and get a replacement. By the way I moved, but that can wait.",
        ),
        (
            "outage",
            "technical",
            "Everything is down",
            "Our whole team gets 'service unavailable' since 9:10. We have a launch in one hour, this is an emergency, please call us.",
        ),
        (
            "chat",
            "shipping",
            "",
            "courier says delivered but theres nothing at my door?? neighbours dont have it either",
        ),
        (
            "security",
            "account",
            "Someone is in my account",
            "I received a notice of a login from a country I have never visited and my e-mail was changed. Please lock the account right now.",
        ),
        (
            "wish",
            "feedback",
            "A small idea",
            "It would be great if the calendar could show week numbers. Not urgent at all, only a suggestion from a long-time user.",
        ),
        (
            "chat",
            "returns",
            "",
            "how many days do i have to send something back? got a sweater as a gift and its not for me",
        ),
        (
            "formal",
            "sales",
            "Request for quotation",
            "Dear Sir or Madam, we are considering your enterprise plan for our clinic and would like a quotation for 120 users including onboarding. Yours faithfully, B. Lindqvist",
        ),
        (
            "html",
            "billing",
            "Invoice 2024-118",
            "<html><body><p>Hi team,</p><p>the amount on <i>invoice 2024-118</i> does not match our contract: we agreed on 1,200.00, you billed 1,450.00.</p><p>Please send a corrected invoice.</p><p>-- <br>Marta, Accounts Payable</p></body></html>",
        ),
        (
            "chat",
            "technical",
            "",
            "webhook integration returns 403 since your last update, token is the same as before. docs dont mention anything",
        ),
        ("short", "account", "delete account", "Please delete my account and all my data."),
        (
            "non-English",
            "billing",
            "Remboursement",
            "Bonjour, j'ai été débité deux fois pour ma facture de mars. Pouvez-vous me rembourser le paiement en double? Merci.",
        ),
        (
            "chat",
            "shipping",
            "",
            "can you still change the delivery address for order 5521? it ships tomorrow i think, i gave the old flat",
        ),
        (
            "damaged",
            "returns",
            "Arrived smashed",
            "The box was crushed and the espresso machine inside is dented and does not turn on. I want my money back for it. Photos attached.",
        ),
        (
            "plain",
            "technical",
            "Sync stopped",
            "Since the update to 6.2 my notes are not synced between phone and laptop. Both show the green tick, but the texts differ.",
        ),
        (
            "chat",
            "feedback",
            "",
            "your survey asked so: checkout was easy, packaging was pretty, delivery was quick. 9 out of 10 :)",
        ),
        (
            "colleague",
            "account",
            "Add a colleague as admin",
            "Please give my colleague Tomás administrator rights in our workspace, I am leaving the company at the end of the month.",
        ),
        (
            "question",
            "sales",
            "Does the Pro plan include the API?",
            "Before we upgrade from Basic: does the Pro plan include API access, and what does it cost per month when paid yearly?",
        ),
        ("chat", "account", "", "lost my phone, so no more 2fa codes. how do i get back into my account"),
        (
            "hold-up",
            "shipping",
            "Customs wants papers",
            "My package is stuck at customs, they ask for a commercial invoice from the sender. Could you send the document to the courier? Tracking 00340434.",
        ),
    ];
    let twist = |at: usize| match at {
        3 => Twist::Duplicate,
        5 => Twist::Forged,
        12 => Twist::Moved,
        19 => Twist::RateLimited,
        _ => Twist::None,
    };
    written
        .into_iter()
        .enumerate()
        .map(|(at, (kind, about, subject, body))| Play {
            desk: at % 3,
            kind,
            about,
            ticket: NewTicket {
                subject: subject.to_owned(),
                body: body.to_owned(),
                email: format!("customer{}@mail.example", at + 1),
                tags: if at % 4 == 0 { vec!["newsletter-reader".to_owned()] } else { Vec::new() },
                touched: None,
            },
            twist: twist(at),
        })
        .collect()
}
