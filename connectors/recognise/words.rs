//! The words that machines use in mail. Subjects are as mail programs and servers write them in
//! each language; texts are turns of phrase that such mail is made of. All in lower case, `|`
//! between two.

use crate::machine::MachineMail::{self, AutoReply, Bounce, DeliveryReport};

/// Phrases that a subject begins with.
pub(super) struct Subjects {
    pub(super) mail: MachineMail,
    /// True where people do not begin a subject so.
    pub(super) sure: bool,
    phrases: &'static str,
}

impl Subjects {
    pub(super) fn words(&self) -> impl Iterator<Item = &'static str> {
        split(self.phrases)
    }
}

/// The part that a phrase plays in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Somebody is away.
    Absence,
    /// Thanks for a mail that came.
    Opening,
    /// Names who helps meanwhile, or when an answer comes.
    Instead,
    /// A mail did not arrive.
    Undelivered,
    /// A mail did arrive, or was read.
    Reported,
    /// A way to get no more of these.
    Unsubscribe,
}

/// Phrases of a text.
pub(super) struct Texts {
    pub(super) shape: Shape,
    phrases: &'static str,
}

impl Texts {
    pub(super) fn words(&self) -> impl Iterator<Item = &'static str> {
        split(self.phrases)
    }
}

/// Words of thanks; `core` ones say it, the others only stand beside.
pub(super) struct Thanks {
    pub(super) core: bool,
    phrases: &'static str,
}

impl Thanks {
    pub(super) fn words(&self) -> impl Iterator<Item = &'static str> {
        split(self.phrases)
    }
}

fn split(phrases: &'static str) -> impl Iterator<Item = &'static str> {
    phrases.split('|').map(str::trim).filter(|phrase| !phrase.is_empty())
}

/// Local parts of addresses, of which only letters and digits are compared.
pub(super) const BOUNCERS: [&str; 6] =
    ["mailerdaemon", "postmaster", "maildaemon", "mailerdemon", "bounce", "bounces"];
pub(super) const BOUNCER_BEGINNINGS: [&str; 2] = ["mailerdaemon", "microsoftexchange329e71ec"];
pub(super) const UNANSWERED: [&str; 19] = [
    "noreply",
    "donotreply",
    "dontreply",
    "noreplies",
    "notreply",
    "noresponse",
    "autoreply",
    "autoresponder",
    "autoresponse",
    "nichtantworten",
    "keineantwort",
    "nepasrepondre",
    "noresponder",
    "nonrispondere",
    "naoresponda",
    "naoresponder",
    "nieodpowiadaj",
    "nietbeantwoorden",
    "svarejej",
];
pub(super) const NEWSLETTERS: [&str; 4] = ["newsletter", "newsletters", "mailinglist", "mailings"];
pub(super) const PERHAPS_NEWSLETTERS: [&str; 7] =
    ["news", "marketing", "promo", "promotions", "offers", "deals", "updates"];

pub(super) const SUBJECTS: [Subjects; 6] = [
    Subjects {
        mail: AutoReply,
        sure: true,
        phrases: "automatic reply | auto reply | auto-reply | autoreply | automated reply \
            | auto response | auto-response | autoresponse | automatic response | out of office \
            | out of the office | out-of-office | out of office autoreply \
            | out of office auto-reply | out of office reply | vacation reply \
            | vacation response | automatische antwort | automatische antwort und abwesenheit \
            | abwesenheitsnotiz | abwesenheitsmeldung | abwesenheitsnachricht \
            | abwesenheitsassistent | autoantwort | réponse automatique | reponse automatique \
            | message d'absence | absence du bureau | absent du bureau | notification d'absence \
            | respuesta automática | respuesta automatica | fuera de la oficina \
            | fuera de oficina | mensaje de ausencia | risposta automatica | fuori ufficio \
            | fuori sede | messaggio di assenza | resposta automática | resposta automatica \
            | fora do escritório | fora do escritorio | ausência temporária \
            | mensagem de ausência | automatisch antwoord | automatische beantwoording \
            | afwezigheidsbericht | afwezigheidsmelding | niet op kantoor \
            | automatyczna odpowiedź | odpowiedź automatyczna | autoodpowiedź | poza biurem \
            | nieobecność w biurze | automatiskt svar | autosvar | frånvaromeddelande \
            | frånvarobesked | automatisk svar | fraværsbesked | fraværsmelding \
            | fraværsmeddelelse | automaattinen vastaus | poissaoloilmoitus \
            | automatická odpověď | oznámení o nepřítomnosti | mimo kancelář \
            | automatikus válasz | házon kívül | răspuns automat | raspuns automat \
            | otomatik yanıt | otomatik cevap | ofis dışında | автоматический ответ | автоответ \
            | автоматична відповідь | автовідповідь | αυτόματη απάντηση | automatická odpoveď \
            | 自動応答 | 自動返信 | 不在通知 | 不在のお知らせ | 自动答复 | 自动回复 | 自動回覆 | 自動回復 | 자동 회신 | 자동 응답 \
            | 부재 중 자동 회신 | תשובה אוטומטית | رد تلقائي",
    },
    Subjects {
        mail: AutoReply,
        sure: false,
        phrases: "vacation | on vacation | on leave | annual leave | away | away from the office | ooo \
            | absence | abwesend | abwesenheit | urlaub | im urlaub | nicht im büro | absent \
            | congés | en congé | vacances | ausente | ausencia | vacaciones | assente | assenza \
            | ferie | in ferie | ausência | férias | de férias | afwezig | afwezigheid \
            | vakantie | urlop | nieobecność | nieobecny | frånvaro | frånvarande | semester \
            | på semester | fravær | fraværende | ferie | på ferie | poissa | lomalla \
            | nepřítomnost | dovolená | szabadság | szabadságon | concediu | izinli \
            | yıllık izin | izindeyim | отпуск | в отпуске | нет на месте | вне офиса \
            | відпустка | у відпустці | άδεια | εκτός γραφείου | 不在 | 休暇 | 休假 | 외출 중 | 부재중 | 휴가",
    },
    Subjects {
        mail: Bounce,
        sure: true,
        phrases: "undelivered mail returned to sender | delivery status notification (failure) \
            | mail delivery failed: returning message to sender \
            | returned mail: see transcript for details | returned mail: user unknown \
            | delivery notification: delivery has failed | mail delivery subsystem \
            | nondeliverable mail | non-delivery report | undeliverable mail \
            | benachrichtigung zum übermittlungsstatus (fehlgeschlagen) \
            | notification d'état de remise (échec) | notificación de estado de entrega (error) \
            | notifica sullo stato del recapito (errore)",
    },
    Subjects {
        mail: Bounce,
        sure: false,
        phrases: "undeliverable | undelivered | undelivered mail | mail delivery failed \
            | mail delivery failure | message delivery failure | delivery failure \
            | delivery failed | failure notice | returned mail | mail system error \
            | rejected mail | unzustellbar | nicht zustellbar | zustellung fehlgeschlagen \
            | mail-zustellung fehlgeschlagen | non remis | non délivré | échec de la remise \
            | échec de remise | no entregado | no se puede entregar | error de entrega \
            | non recapitabile | impossibile recapitare | mancato recapito | não entregue \
            | não é possível entregar | falha na entrega | onbestelbaar | niet bezorgd \
            | niet te bezorgen | niedostarczone | nie można dostarczyć | niedostarczalne \
            | går inte att leverera | olevererat | kan ikke leveres | ikke leveret | ikke levert \
            | ei voi toimittaa | toimittamaton | nedoručitelné | nedoručeno | kézbesíthetetlen \
            | nelivrabil | teslim edilemedi | teslim edilemez | не доставлено \
            | недоставленное сообщение | не вдалося доставити | αδυναμία παράδοσης | 配信不能 \
            | 配信できません | 未送达 | 无法送达 | 退信 | 無法傳遞 | 배달되지 않음 | 배달 불가",
    },
    Subjects {
        mail: DeliveryReport,
        sure: true,
        phrases: "delivery status notification (delay) | delivery status notification (success) \
            | return receipt (displayed) | disposition notification | warning: message delayed \
            | warning: could not send message for past 4 hours \
            | benachrichtigung zum übermittlungsstatus (verzögerung)",
    },
    Subjects {
        mail: DeliveryReport,
        sure: false,
        phrases: "read: | delivered: | relayed: | not read: | read receipt | return receipt \
            | delivery receipt | delivery delayed | gelesen: | zugestellt: | lesebestätigung \
            | zustellungsbestätigung | lu: | lu : | remis: | remis : | accusé de réception \
            | accusé de lecture | leído: | entregado: | confirmación de lectura | letto: \
            | recapitato: | ricevuta di ritorno | conferma di lettura | lida: | entregue: \
            | confirmação de leitura | gelezen: | bezorgd: | leesbevestiging | przeczytano: \
            | przeczytane: | dostarczono: | potwierdzenie przeczytania | läst: | levererat: \
            | läskvitto | læst: | leveret: | lest: | levert: | lesebekreftelse | luettu: \
            | toimitettu: | přečteno: | doručeno: | olvasott: | citit: | okundu: \
            | teslim edildi: | прочтено: | прочитано: | доставлено: | διαβάστηκε: | 開封済み: \
            | 配信済み: | 已读: | 已送达: | 읽음: | 배달됨:",
    },
];

pub(super) const TEXTS: [Texts; 6] = [
    Texts {
        shape: Shape::Absence,
        phrases: "out of office | out of the office | away from the office | not in the office \
            | away from my desk | on holiday | on vacation | on annual leave | on leave \
            | on parental leave | on maternity leave | currently away | i am away | i'm away \
            | currently unavailable | i will be back | i'll be back | nicht im büro \
            | nicht im hause | außer haus | ausser haus | im urlaub | abwesend | in elternzeit \
            | nicht erreichbar | wieder erreichbar | wieder im büro | absent du bureau \
            | absente du bureau | suis absent | suis absente | serai absent | serai absente \
            | en congé | en congés | en vacances | de retour le | fuera de la oficina \
            | fuera de oficina | de vacaciones | estoy ausente | estaré ausente | de baja \
            | fuori ufficio | fuori sede | in ferie | sono assente | sarò assente \
            | fora do escritório | de férias | estou ausente | estarei ausente | niet op kantoor \
            | niet aanwezig | afwezig | met vakantie | op vakantie | met verlof | poza biurem \
            | na urlopie | jestem nieobecny | jestem nieobecna | nieobecności | på semester \
            | inte på kontoret | frånvarande | på ferie | ikke på kontoret | har ferie \
            | fraværende | på barsel | lomalla | poissa toimistosta | en ole tavoitettavissa \
            | na dovolené | mimo kancelář | nejsem v kanceláři | nepřítomen | nepřítomna \
            | szabadságon | házon kívül | nem vagyok az irodában | în concediu \
            | nu sunt la birou | ofis dışında | ofiste değilim | izindeyim | yıllık izinde \
            | izinliyim | в отпуске | нет на рабочем месте | вне офиса | отсутствую \
            | у відпустці | мене немає в офісі | σε άδεια | εκτός γραφείου | 不在に | 不在の | 休暇 | 休業 \
            | 席を外し | 休假 | 不在办公室 | 外出 | 휴가 | 부재 | 자리를 비",
    },
    Texts {
        shape: Shape::Opening,
        phrases: "thank you for your message | thank you for your mail | thank you for your email \
            | thank you for your e-mail | thanks for your message | thanks for your mail \
            | thanks for your email | thanks for your e-mail | thank you for contacting \
            | thank you for writing | this is an automatic | this is an automated \
            | automatic reply | danke für ihre nachricht | danke für deine nachricht \
            | vielen dank für ihre nachricht | vielen dank für ihre e-mail \
            | vielen dank für ihre mail | danke für ihre e-mail | danke für ihre mail \
            | merci pour votre message | merci de votre message | merci pour votre e-mail \
            | merci pour votre mail | gracias por su mensaje | gracias por tu mensaje \
            | gracias por su correo | gracias por tu correo | grazie per il messaggio \
            | grazie per la mail | grazie per il tuo messaggio | grazie per la tua mail \
            | obrigado pela sua mensagem | obrigada pela sua mensagem | obrigado pelo seu e-mail \
            | bedankt voor uw bericht | bedankt voor je bericht | bedankt voor uw e-mail \
            | dank voor uw bericht | dziękuję za wiadomość | dziękujemy za wiadomość \
            | tack för ditt meddelande | tack för ditt mail | tack för ditt mejl \
            | tak for din mail | tak for din besked | takk for din e-post | takk for meldingen \
            | takk for mailen | kiitos viestistäsi | kiitos viestistänne | děkuji za zprávu \
            | děkuji za vaši zprávu | děkuji za váš e-mail | köszönöm levelét \
            | köszönöm az üzenetét | vă mulțumesc pentru mesaj | mesajınız için teşekkür \
            | e-postanız için teşekkür | спасибо за ваше сообщение | спасибо за ваше письмо \
            | благодарю за письмо | дякую за ваш лист | ευχαριστώ για το μήνυμά | メールありがとう \
            | ご連絡ありがとう | お問い合わせありがとう | 感谢您的来信 | 感谢您的邮件 | 谢谢您的来信 | 메일 감사합니다 | 메일 주셔서",
    },
    Texts {
        shape: Shape::Instead,
        phrases: "limited access | no access to my e-mail | no access to my email | no access to email \
            | read no mail | not reading mail | will not be forwarded | not be forwarded \
            | is not monitored | in urgent cases | for urgent matters | if urgent \
            | if it is urgent | in my absence | during my absence | please contact my colleague \
            | contact my colleague | reply when i return | respond when i return \
            | reply upon my return | respond upon my return | on my return | upon my return \
            | as soon as i am back | in dringenden fällen | in dringenden angelegenheiten \
            | wenden sie sich bitte | nicht weitergeleitet | während meiner abwesenheit \
            | nach meiner rückkehr | en cas d'urgence | en mon absence | pendant mon absence \
            | à mon retour | dès mon retour | en caso de urgencia | en mi ausencia \
            | durante mi ausencia | a mi regreso | a mi vuelta | acceso limitado \
            | in caso di urgenza | per urgenze | in mia assenza | durante la mia assenza \
            | al mio rientro | em caso de urgência | na minha ausência \
            | durante a minha ausência | no meu regresso | bij dringende | in dringende gevallen \
            | tijdens mijn afwezigheid | na mijn terugkeer | niet doorgestuurd \
            | w pilnych sprawach | podczas mojej nieobecności | po powrocie | vid brådskande \
            | under min frånvaro | när jag är tillbaka | i hastetilfælde | i presserende \
            | i mit fravær | under mit fravær | når jeg er tilbage | i mitt fravær | haster det \
            | når jeg er tilbake | kiireellisissä | poissaoloni aikana | palattuani \
            | v naléhavých případech | v mé nepřítomnosti | po návratu | sürgős esetben \
            | távollétem | visszatérésem | în cazuri urgente | în absența mea | la întoarcere \
            | acil durumlarda | acil konular | yokluğumda | döndüğümde | döndükten sonra \
            | по срочным вопросам | в мое отсутствие | в моё отсутствие | после возвращения \
            | по возвращении | у термінових | за моєї відсутності | після повернення \
            | σε επείγουσα | επιστροφή μου | お急ぎの | 緊急の場合 | 戻り次第 | 紧急情况 | 如有急事 | 回来后 | 급한 용무 \
            | 급하신 | 복귀",
    },
    Texts {
        shape: Shape::Undelivered,
        phrases: "mail delivery system | mail delivery subsystem | mail delivery software \
            | mailer-daemon | diagnostic-code | final-recipient \
            | delivery has failed to these recipients | message could not be delivered to \
            | your message wasn't delivered to | recipient address rejected | user unknown \
            | mailbox unavailable | permanent fatal errors | all hosts have been failing \
            | remote server returned | 550 5. | 550-5. | 554 5. | 5.1.1 | 5.1.10 | 5.2.2 | 5.4.1 \
            | 5.7.1 | postfach des empfängers | e-mail-adresse des empfängers | remoteserver \
            | serveur distant | servidor remoto | server remoto | externe server | serwer zdalny \
            | fjärrservern | fjernserveren | etäpalvelin | vzdálený server | távoli kiszolgáló \
            | uzak sunucu | удаленный сервер | удалённый сервер | віддалений сервер | リモート サーバー \
            | 远程服务器 | 遠端伺服器 | 원격 서버",
    },
    Texts {
        shape: Shape::Reported,
        phrases: "was read on | was displayed on | has been displayed | this is a receipt \
            | original-message-id | reporting-ua | disposition: | your message to \
            | your message was read | has been successfully delivered \
            | will continue to be tried | no further action is required | ihre nachricht an \
            | ihre nachricht wurde | votre message à | votre message a été | su mensaje para \
            | su mensaje ha | il messaggio inviato | a sua mensagem para | uw bericht aan \
            | twoja wiadomość do | ditt meddelande till | din meddelelse til | din melding til \
            | viestisi vastaanottajalle | vaše zpráva pro | ваше сообщение для \
            | ваше сообщение было | 宛てのメッセージ | 您发送给",
    },
    Texts {
        shape: Shape::Unsubscribe,
        phrases: "unsubscribe | view in browser | view this email in your browser \
            | manage your preferences | abmelden | abbestellen | im browser ansehen \
            | se désabonner | se désinscrire | désinscription | darse de baja \
            | cancelar suscripción | annulla l'iscrizione | disiscriviti | cancelar a inscrição \
            | cancelar inscrição | uitschrijven | afmelden | wypisz się \
            | zrezygnuj z subskrypcji | avregistrera | avprenumerera | afmeld | avmeld \
            | peru tilaus | odhlásit | leiratkozás | dezabonare | abonelikten çık | отписаться \
            | відписатися | 配信停止 | 退订 | 取消订阅 | 수신거부",
    },
];

pub(super) const THANKS: [Thanks; 2] = [
    Thanks {
        core: true,
        phrases: "thank you | thank you very much | thank you so much | thanks | many thanks \
            | thanks a lot | thanks so much | thx | ty | cheers | much appreciated | solved \
            | it is solved | it's solved | problem solved | issue solved | resolved \
            | it is resolved | it's resolved | issue resolved | problem resolved | works now \
            | it works now | it works | it works again | works again | all good now | all good \
            | danke | danke schön | danke sehr | vielen dank | herzlichen dank | besten dank \
            | hat sich erledigt | hat sich schon erledigt | erledigt | problem gelöst \
            | es funktioniert jetzt | funktioniert jetzt | es geht wieder | geht wieder | merci \
            | merci beaucoup | mille mercis | c'est résolu | problème résolu | résolu \
            | ça marche maintenant | ça marche | gracias | muchas gracias | mil gracias \
            | solucionado | problema resuelto | resuelto | ya funciona | grazie | grazie mille \
            | molte grazie | risolto | problema risolto | ora funziona | obrigado | obrigada \
            | muito obrigado | muito obrigada | resolvido | problema resolvido | já funciona \
            | bedankt | dank je | dank u | dank je wel | dank u wel | hartelijk dank | opgelost \
            | probleem opgelost | het werkt weer | het werkt nu | dziękuję | dziękuję bardzo \
            | dzięki | rozwiązane | problem rozwiązany | już działa | tack | tack så mycket \
            | tusen tack | löst | det fungerar nu | tak | mange tak | tusind tak | løst \
            | det virker nu | takk | tusen takk | mange takk | det virker igjen | kiitos \
            | paljon kiitoksia | kiitoksia | ratkaistu | toimii nyt | děkuji | moc děkuji | díky \
            | vyřešeno | už to funguje | köszönöm | köszönöm szépen | megoldva | már működik \
            | mulțumesc | mulțumesc mult | rezolvat | teşekkürler | teşekkür ederim \
            | çok teşekkürler | sorun çözüldü | çözüldü | спасибо | большое спасибо \
            | спасибо большое | решено | проблема решена | всё работает | все работает | дякую \
            | дуже дякую | вирішено | ευχαριστώ | ευχαριστώ πολύ | ありがとうございます | ありがとうございました \
            | ありがとう | 解決しました | 谢谢 | 非常感谢 | 感谢 | 已解决 | 감사합니다 | 고맙습니다 | 해결되었습니다",
    },
    Thanks {
        core: false,
        phrases: "hi | hello | hey | dear team | team | ok | okay | great | perfect | super | awesome \
            | excellent | wonderful | all | for your help | for your quick help | for the help \
            | for the quick reply | for your quick reply | for your reply | for the reply \
            | again | everyone | guys | very much | so much | a lot | now | yes | that | this \
            | and | you | hallo | prima | alles | klar | alles klar | für ihre hilfe \
            | für die hilfe | für die schnelle hilfe | für die schnelle antwort | ja | und \
            | bonjour | parfait | pour votre aide | pour votre réponse | oui | et | hola \
            | perfecto | por su ayuda | por la ayuda | y | ciao | perfetto | per l'aiuto \
            | per la risposta | e | olá | perfeito | pela ajuda | top | voor uw hulp \
            | voor de hulp | en | cześć | za pomoc | i | hej | för hjälpen | och | for hjælpen \
            | for hjelpen | og | avusta | za pomoc | merhaba | yardımınız için | за помощь \
            | за допомогу",
    },
];
