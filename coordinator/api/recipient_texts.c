/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/recipient_texts.h"

#include "common/locale.h"
#include "coordinator/http/accept_language.h"

static const struct recipient_texts english = {
    .language = "en",
    .direction = "ltr",
    .ask = "Please confirm that you have received this message.",
    .confirm = "I have received it",
    .thanks = "Thank you. We know now that you have received it, and will not remind you again. "
              "You can close this page.",
    .old_title = "This message is too old",
    .old = "It can no longer be confirmed. There is nothing that you need to do.",
    .later_title = "Please try again in a minute",
    .later = "Your answer could not be stored just now.",
    .broken_title = "This link does not work",
    .broken = "Part of it may be missing. Please open it as it stands in the message, or copy all "
              "of it.",
    .unsubscribe = "Unsubscribe",
    .unsubscribe_ask = "You will get no more messages of ours at this address or number.",
    .unsubscribed_title = "You are unsubscribed",
    .unsubscribed = "We will send nothing more to this address or number. You can close this page.",
    .unchanged_title = "Nothing was changed",
    .unchanged = "Please open the link in your message and press the button.",
};

static const struct recipient_texts german = {
    .language = "de",
    .direction = "ltr",
    .ask = "Bitte bestätigen Sie, dass Sie diese Nachricht erhalten haben.",
    .confirm = "Ich habe sie erhalten",
    .thanks = "Vielen Dank. Wir wissen jetzt, dass Sie sie erhalten haben, und erinnern Sie nicht "
              "noch einmal. Sie können diese Seite schließen.",
    .old_title = "Diese Nachricht ist zu alt",
    .old = "Sie kann nicht mehr bestätigt werden. Sie müssen nichts weiter tun.",
    .later_title = "Bitte versuchen Sie es in einer Minute noch einmal",
    .later = "Ihre Antwort konnte gerade nicht gespeichert werden.",
    .broken_title = "Dieser Link funktioniert nicht",
    .broken = "Vielleicht fehlt ein Teil davon. Bitte öffnen Sie ihn so, wie er in der Nachricht "
              "steht, oder kopieren Sie ihn vollständig.",
    .unsubscribe = "Abmelden",
    .unsubscribe_ask = "Sie erhalten dann unter dieser Adresse oder Nummer keine Nachrichten mehr "
                       "von uns.",
    .unsubscribed_title = "Sie sind abgemeldet",
    .unsubscribed = "Wir senden nichts mehr an diese Adresse oder Nummer. Sie können diese Seite "
                    "schließen.",
    .unchanged_title = "Es wurde nichts geändert",
    .unchanged = "Bitte öffnen Sie den Link in Ihrer Nachricht und drücken Sie auf die "
                 "Schaltfläche.",
};

static const struct recipient_texts french = {
    .language = "fr",
    .direction = "ltr",
    .ask = "Veuillez confirmer que vous avez bien reçu ce message.",
    .confirm = "Je l’ai bien reçu",
    .thanks =
        "Merci. Nous savons maintenant que vous l’avez reçu et ne vous relancerons plus. Vous "
        "pouvez fermer cette page.",
    .old_title = "Ce message est trop ancien",
    .old = "Il n’est plus possible de le confirmer. Vous n’avez rien à faire.",
    .later_title = "Veuillez réessayer dans une minute",
    .later = "Votre réponse n’a pas pu être enregistrée pour le moment.",
    .broken_title = "Ce lien ne fonctionne pas",
    .broken = "Il en manque peut-être une partie. Veuillez l’ouvrir tel qu’il figure dans le "
              "message, ou le copier en entier.",
    .unsubscribe = "Se désabonner",
    .unsubscribe_ask = "Vous ne recevrez plus aucun message de notre part à cette adresse ou à ce "
                       "numéro.",
    .unsubscribed_title = "Vous êtes désabonné(e)",
    .unsubscribed = "Nous n’enverrons plus rien à cette adresse ou à ce numéro. Vous pouvez fermer "
                    "cette page.",
    .unchanged_title = "Rien n’a été modifié",
    .unchanged = "Veuillez ouvrir le lien de votre message et appuyer sur le bouton.",
};

static const struct recipient_texts spanish = {
    .language = "es",
    .direction = "ltr",
    .ask = "Confirme, por favor, que ha recibido este mensaje.",
    .confirm = "Lo he recibido",
    .thanks = "Gracias. Ya sabemos que lo ha recibido y no volveremos a recordárselo. Puede cerrar "
              "esta página.",
    .old_title = "Este mensaje es demasiado antiguo",
    .old = "Ya no se puede confirmar. No tiene que hacer nada.",
    .later_title = "Inténtelo de nuevo en un minuto",
    .later = "Su respuesta no se ha podido guardar en este momento.",
    .broken_title = "Este enlace no funciona",
    .broken = "Puede que falte una parte. Ábralo tal como aparece en el mensaje o cópielo entero.",
    .unsubscribe = "Darse de baja",
    .unsubscribe_ask = "No recibirá más mensajes nuestros en esta dirección o número.",
    .unsubscribed_title = "Se ha dado de baja",
    .unsubscribed = "No enviaremos nada más a esta dirección o número. Puede cerrar esta página.",
    .unchanged_title = "No se ha cambiado nada",
    .unchanged = "Abra el enlace de su mensaje y pulse el botón.",
};

static const struct recipient_texts italian = {
    .language = "it",
    .direction = "ltr",
    .ask = "Confermi di aver ricevuto questo messaggio.",
    .confirm = "L’ho ricevuto",
    .thanks = "Grazie. Ora sappiamo che l’ha ricevuto e non Le invieremo altri promemoria. Può "
              "chiudere questa pagina.",
    .old_title = "Questo messaggio è troppo vecchio",
    .old = "Non è più possibile confermarlo. Non deve fare nulla.",
    .later_title = "Riprovi tra un minuto",
    .later = "In questo momento non è stato possibile salvare la Sua risposta.",
    .broken_title = "Questo link non funziona",
    .broken = "Forse ne manca una parte. Lo apra così come appare nel messaggio, oppure lo copi "
              "per intero.",
    .unsubscribe = "Annulla l’iscrizione",
    .unsubscribe_ask = "Non riceverà più nostri messaggi a questo indirizzo o numero.",
    .unsubscribed_title = "Iscrizione annullata",
    .unsubscribed = "Non invieremo più nulla a questo indirizzo o numero. Può chiudere questa "
                    "pagina.",
    .unchanged_title = "Non è stato modificato nulla",
    .unchanged = "Apra il link nel Suo messaggio e prema il pulsante.",
};

static const struct recipient_texts portuguese = {
    .language = "pt",
    .direction = "ltr",
    .ask = "Por favor, confirme que recebeu esta mensagem.",
    .confirm = "Recebi a mensagem",
    .thanks = "Obrigado. Já sabemos que a recebeu e não enviaremos mais lembretes. Pode fechar "
              "esta página.",
    .old_title = "Esta mensagem é demasiado antiga",
    .old = "Já não pode ser confirmada. Não precisa de fazer nada.",
    .later_title = "Tente novamente dentro de um minuto",
    .later = "Não foi possível guardar a sua resposta neste momento.",
    .broken_title = "Este link não funciona",
    .broken = "Pode faltar uma parte. Abra-o tal como aparece na mensagem ou copie-o por inteiro.",
    .unsubscribe = "Cancelar a subscrição",
    .unsubscribe_ask = "Não receberá mais mensagens nossas neste endereço ou número.",
    .unsubscribed_title = "A subscrição foi cancelada",
    .unsubscribed = "Não enviaremos mais nada para este endereço ou número. Pode fechar esta "
                    "página.",
    .unchanged_title = "Nada foi alterado",
    .unchanged = "Abra o link da sua mensagem e carregue no botão.",
};

static const struct recipient_texts brazilian = {
    .language = "pt-BR",
    .direction = "ltr",
    .ask = "Por favor, confirme que você recebeu esta mensagem.",
    .confirm = "Recebi a mensagem",
    .thanks = "Obrigado. Agora sabemos que você a recebeu e não enviaremos mais lembretes. Você "
              "pode fechar esta página.",
    .old_title = "Esta mensagem é muito antiga",
    .old = "Ela não pode mais ser confirmada. Você não precisa fazer nada.",
    .later_title = "Tente novamente em um minuto",
    .later = "Não foi possível salvar sua resposta neste momento.",
    .broken_title = "Este link não funciona",
    .broken = "Talvez falte uma parte dele. Abra-o como aparece na mensagem ou copie-o por "
              "inteiro.",
    .unsubscribe = "Cancelar inscrição",
    .unsubscribe_ask = "Você não receberá mais mensagens nossas neste endereço ou número.",
    .unsubscribed_title = "Sua inscrição foi cancelada",
    .unsubscribed = "Não enviaremos mais nada para este endereço ou número. Você pode fechar esta "
                    "página.",
    .unchanged_title = "Nada foi alterado",
    .unchanged = "Abra o link da sua mensagem e toque no botão.",
};

static const struct recipient_texts dutch = {
    .language = "nl",
    .direction = "ltr",
    .ask = "Bevestig dat u dit bericht hebt ontvangen.",
    .confirm = "Ik heb het ontvangen",
    .thanks = "Dank u wel. We weten nu dat u het hebt ontvangen en sturen u geen herinnering meer. "
              "U kunt deze pagina sluiten.",
    .old_title = "Dit bericht is te oud",
    .old = "Het kan niet meer worden bevestigd. U hoeft niets te doen.",
    .later_title = "Probeer het over een minuut opnieuw",
    .later = "Uw antwoord kon zojuist niet worden opgeslagen.",
    .broken_title = "Deze link werkt niet",
    .broken = "Misschien ontbreekt er een deel. Open de link zoals hij in het bericht staat, of "
              "kopieer hem helemaal.",
    .unsubscribe = "Afmelden",
    .unsubscribe_ask = "U ontvangt dan geen berichten meer van ons op dit adres of nummer.",
    .unsubscribed_title = "U bent afgemeld",
    .unsubscribed = "We sturen niets meer naar dit adres of nummer. U kunt deze pagina sluiten.",
    .unchanged_title = "Er is niets gewijzigd",
    .unchanged = "Open de link in uw bericht en druk op de knop.",
};

static const struct recipient_texts danish = {
    .language = "da",
    .direction = "ltr",
    .ask = "Bekræft venligst, at du har modtaget denne besked.",
    .confirm = "Jeg har modtaget den",
    .thanks = "Tak. Nu ved vi, at du har modtaget den, og vi sender ikke flere påmindelser. Du kan "
              "lukke denne side.",
    .old_title = "Denne besked er for gammel",
    .old = "Den kan ikke længere bekræftes. Du behøver ikke gøre noget.",
    .later_title = "Prøv igen om et minut",
    .later = "Dit svar kunne ikke gemmes lige nu.",
    .broken_title = "Dette link virker ikke",
    .broken = "Der mangler måske en del af det. Åbn det, som det står i beskeden, eller kopiér "
              "det hele.",
    .unsubscribe = "Afmeld",
    .unsubscribe_ask = "Du får ikke flere beskeder fra os på denne adresse eller dette nummer.",
    .unsubscribed_title = "Du er afmeldt",
    .unsubscribed = "Vi sender ikke mere til denne adresse eller dette nummer. Du kan lukke denne "
                    "side.",
    .unchanged_title = "Intet er ændret",
    .unchanged = "Åbn linket i din besked, og tryk på knappen.",
};

static const struct recipient_texts norwegian = {
    .language = "nb",
    .direction = "ltr",
    .ask = "Vennligst bekreft at du har mottatt denne meldingen.",
    .confirm = "Jeg har mottatt den",
    .thanks = "Takk. Nå vet vi at du har mottatt den, og vi sender deg ingen flere påminnelser. Du "
              "kan lukke denne siden.",
    .old_title = "Denne meldingen er for gammel",
    .old = "Den kan ikke lenger bekreftes. Du trenger ikke å gjøre noe.",
    .later_title = "Prøv igjen om et minutt",
    .later = "Svaret ditt kunne ikke lagres akkurat nå.",
    .broken_title = "Denne lenken virker ikke",
    .broken = "Det mangler kanskje en del av den. Åpne den slik den står i meldingen, eller kopier "
              "hele lenken.",
    .unsubscribe = "Meld deg av",
    .unsubscribe_ask = "Du får ingen flere meldinger fra oss på denne adressen eller dette "
                       "nummeret.",
    .unsubscribed_title = "Du er meldt av",
    .unsubscribed = "Vi sender ikke noe mer til denne adressen eller dette nummeret. Du kan lukke "
                    "denne siden.",
    .unchanged_title = "Ingenting ble endret",
    .unchanged = "Åpne lenken i meldingen din og trykk på knappen.",
};

static const struct recipient_texts swedish = {
    .language = "sv",
    .direction = "ltr",
    .ask = "Bekräfta att du har fått det här meddelandet.",
    .confirm = "Jag har fått det",
    .thanks = "Tack. Nu vet vi att du har fått det, och vi skickar inga fler påminnelser. Du kan "
              "stänga den här sidan.",
    .old_title = "Det här meddelandet är för gammalt",
    .old = "Det kan inte längre bekräftas. Du behöver inte göra något.",
    .later_title = "Försök igen om en minut",
    .later = "Ditt svar kunde inte sparas just nu.",
    .broken_title = "Den här länken fungerar inte",
    .broken = "En del av den kanske saknas. Öppna den som den står i meddelandet, eller kopiera "
              "hela länken.",
    .unsubscribe = "Avsluta utskick",
    .unsubscribe_ask = "Du får inga fler meddelanden från oss till den här adressen eller det här "
                       "numret.",
    .unsubscribed_title = "Utskicken är avslutade",
    .unsubscribed = "Vi skickar inget mer till den här adressen eller det här numret. Du kan "
                    "stänga den här sidan.",
    .unchanged_title = "Inget har ändrats",
    .unchanged = "Öppna länken i ditt meddelande och tryck på knappen.",
};

static const struct recipient_texts finnish = {
    .language = "fi",
    .direction = "ltr",
    .ask = "Vahvista, että olet saanut tämän viestin.",
    .confirm = "Olen saanut viestin",
    .thanks = "Kiitos. Tiedämme nyt, että olet saanut viestin, emmekä muistuta sinua enää. Voit "
              "sulkea tämän sivun.",
    .old_title = "Tämä viesti on liian vanha",
    .old = "Sitä ei voi enää vahvistaa. Sinun ei tarvitse tehdä mitään.",
    .later_title = "Yritä uudelleen minuutin kuluttua",
    .later = "Vastaustasi ei voitu juuri nyt tallentaa.",
    .broken_title = "Tämä linkki ei toimi",
    .broken = "Siitä saattaa puuttua osa. Avaa linkki sellaisena kuin se on viestissä tai kopioi "
              "se kokonaan.",
    .unsubscribe = "Peruuta viestit",
    .unsubscribe_ask = "Et saa meiltä enää viestejä tähän osoitteeseen tai numeroon.",
    .unsubscribed_title = "Viestit on peruutettu",
    .unsubscribed = "Emme lähetä enää mitään tähän osoitteeseen tai numeroon. Voit sulkea tämän "
                    "sivun.",
    .unchanged_title = "Mitään ei muutettu",
    .unchanged = "Avaa viestissäsi oleva linkki ja paina painiketta.",
};

static const struct recipient_texts polish = {
    .language = "pl",
    .direction = "ltr",
    .ask = "Prosimy o potwierdzenie otrzymania tej wiadomości.",
    .confirm = "Potwierdzam otrzymanie",
    .thanks = "Dziękujemy. Wiemy już, że wiadomość dotarła, i nie będziemy jej ponawiać. Możesz "
              "zamknąć tę stronę.",
    .old_title = "Ta wiadomość jest zbyt stara",
    .old = "Nie można jej już potwierdzić. Nie musisz nic robić.",
    .later_title = "Spróbuj ponownie za minutę",
    .later = "Nie udało się teraz zapisać Twojej odpowiedzi.",
    .broken_title = "Ten link nie działa",
    .broken = "Być może brakuje jego części. Otwórz go tak, jak jest podany w wiadomości, albo "
              "skopiuj go w całości.",
    .unsubscribe = "Wypisz się",
    .unsubscribe_ask = "Nie otrzymasz od nas więcej wiadomości na ten adres lub numer.",
    .unsubscribed_title = "Wypisano",
    .unsubscribed = "Nie wyślemy już nic na ten adres lub numer. Możesz zamknąć tę stronę.",
    .unchanged_title = "Niczego nie zmieniono",
    .unchanged = "Otwórz link w wiadomości i naciśnij przycisk.",
};

static const struct recipient_texts czech = {
    .language = "cs",
    .direction = "ltr",
    .ask = "Potvrďte prosím, že jste tuto zprávu obdrželi.",
    .confirm = "Zprávu jsem obdržel(a)",
    .thanks = "Děkujeme. Nyní víme, že jste zprávu obdrželi, a nebudeme ji znovu připomínat. "
              "Stránku můžete zavřít.",
    .old_title = "Tato zpráva je příliš stará",
    .old = "Už ji nelze potvrdit. Nemusíte nic dělat.",
    .later_title = "Zkuste to prosím znovu za minutu",
    .later = "Vaši odpověď se právě nepodařilo uložit.",
    .broken_title = "Tento odkaz nefunguje",
    .broken = "Možná chybí jeho část. Otevřete ho prosím tak, jak je uveden ve zprávě, nebo ho "
              "zkopírujte celý.",
    .unsubscribe = "Odhlásit odběr",
    .unsubscribe_ask = "Na tuto adresu nebo číslo už od nás nebudete dostávat žádné zprávy.",
    .unsubscribed_title = "Odběr je odhlášen",
    .unsubscribed = "Na tuto adresu nebo číslo už nic nepošleme. Stránku můžete zavřít.",
    .unchanged_title = "Nic se nezměnilo",
    .unchanged = "Otevřete prosím odkaz ve své zprávě a stiskněte tlačítko.",
};

static const struct recipient_texts ukrainian = {
    .language = "uk",
    .direction = "ltr",
    .ask = "Будь ласка, підтвердьте, що ви отримали це повідомлення.",
    .confirm = "Повідомлення отримано",
    .thanks = "Дякуємо. Тепер ми знаємо, що ви його отримали, і більше не нагадуватимемо. Можете "
              "закрити цю сторінку.",
    .old_title = "Це повідомлення застаріле",
    .old = "Його вже не можна підтвердити. Вам нічого не потрібно робити.",
    .later_title = "Спробуйте ще раз за хвилину",
    .later = "Зараз не вдалося зберегти вашу відповідь.",
    .broken_title = "Це посилання не працює",
    .broken = "Можливо, бракує його частини. Відкрийте його так, як воно наведене в повідомленні, "
              "або скопіюйте повністю.",
    .unsubscribe = "Відписатися",
    .unsubscribe_ask = "Ви більше не отримуватимете від нас повідомлень на цю адресу чи номер.",
    .unsubscribed_title = "Вас відписано",
    .unsubscribed = "Ми більше нічого не надсилатимемо на цю адресу чи номер. Можете закрити цю "
                    "сторінку.",
    .unchanged_title = "Нічого не змінено",
    .unchanged = "Відкрийте посилання у своєму повідомленні та натисніть кнопку.",
};

static const struct recipient_texts greek = {
    .language = "el",
    .direction = "ltr",
    .ask = "Παρακαλούμε επιβεβαιώστε ότι λάβατε αυτό το μήνυμα.",
    .confirm = "Το έλαβα",
    .thanks = "Ευχαριστούμε. Γνωρίζουμε πλέον ότι το λάβατε και δεν θα σας το υπενθυμίσουμε ξανά. "
              "Μπορείτε να κλείσετε αυτή τη σελίδα.",
    .old_title = "Αυτό το μήνυμα είναι πολύ παλιό",
    .old = "Δεν μπορεί πλέον να επιβεβαιωθεί. Δεν χρειάζεται να κάνετε τίποτα.",
    .later_title = "Δοκιμάστε ξανά σε ένα λεπτό",
    .later = "Η απάντησή σας δεν μπόρεσε να αποθηκευτεί αυτή τη στιγμή.",
    .broken_title = "Αυτός ο σύνδεσμος δεν λειτουργεί",
    .broken = "Ίσως λείπει ένα μέρος του. Ανοίξτε τον όπως είναι στο μήνυμα ή αντιγράψτε τον "
              "ολόκληρο.",
    .unsubscribe = "Διαγραφή",
    .unsubscribe_ask = "Δεν θα λαμβάνετε πλέον μηνύματά μας σε αυτή τη διεύθυνση ή τον αριθμό.",
    .unsubscribed_title = "Η διαγραφή σας έγινε",
    .unsubscribed = "Δεν θα στείλουμε τίποτα άλλο σε αυτή τη διεύθυνση ή τον αριθμό. Μπορείτε να "
                    "κλείσετε αυτή τη σελίδα.",
    .unchanged_title = "Δεν άλλαξε τίποτα",
    .unchanged = "Ανοίξτε τον σύνδεσμο στο μήνυμά σας και πατήστε το κουμπί.",
};

static const struct recipient_texts turkish = {
    .language = "tr",
    .direction = "ltr",
    .ask = "Lütfen bu mesajı aldığınızı onaylayın.",
    .confirm = "Mesajı aldım",
    .thanks = "Teşekkür ederiz. Mesajı aldığınızı artık biliyoruz ve size yeniden "
              "hatırlatmayacağız. Bu sayfayı kapatabilirsiniz.",
    .old_title = "Bu mesaj çok eski",
    .old = "Artık onaylanamaz. Yapmanız gereken bir şey yok.",
    .later_title = "Lütfen bir dakika sonra yeniden deneyin",
    .later = "Yanıtınız şu anda kaydedilemedi.",
    .broken_title = "Bu bağlantı çalışmıyor",
    .broken = "Bir bölümü eksik olabilir. Lütfen bağlantıyı mesajda olduğu gibi açın veya tamamını "
              "kopyalayın.",
    .unsubscribe = "Abonelikten çık",
    .unsubscribe_ask = "Bu adrese veya numaraya artık bizden mesaj gelmeyecek.",
    .unsubscribed_title = "Abonelikten çıktınız",
    .unsubscribed = "Bu adrese veya numaraya artık hiçbir şey göndermeyeceğiz. Bu sayfayı "
                    "kapatabilirsiniz.",
    .unchanged_title = "Hiçbir şey değiştirilmedi",
    .unchanged = "Lütfen mesajınızdaki bağlantıyı açın ve düğmeye basın.",
};

static const struct recipient_texts japanese = {
    .language = "ja",
    .direction = "ltr",
    .ask = "このメッセージを受け取ったことをご確認ください。",
    .confirm = "受け取りました",
    .thanks = "ありがとうございます。受け取りを確認しました。今後、再度のお知らせはいたしません。"
              "このページは閉じてかまいません。",
    .old_title = "このメッセージは期限を過ぎています",
    .old = "受け取りの確認はできなくなりました。お手続きは必要ありません。",
    .later_title = "1分ほど待ってからもう一度お試しください",
    .later = "ただいま回答を保存できませんでした。",
    .broken_title = "このリンクは使用できません",
    .broken = "一部が欠けている可能性があります。メッセージ内のリンクをそのまま開くか、全体をコピー"
              "してください。",
    .unsubscribe = "配信を停止する",
    .unsubscribe_ask = "このアドレスまたは電話番号に、当方からのメッセージは届かなくなります。",
    .unsubscribed_title = "配信を停止しました",
    .unsubscribed = "このアドレスまたは電話番号には今後何も送信しません。このページは閉じてかまいま"
                    "せん。",
    .unchanged_title = "何も変更されていません",
    .unchanged = "メッセージ内のリンクを開き、ボタンを押してください。",
};

static const struct recipient_texts simplified_chinese = {
    .language = "zh-Hans",
    .direction = "ltr",
    .ask = "请确认您已收到此消息。",
    .confirm = "我已收到",
    .thanks = "谢谢。我们已知道您收到了此消息，不会再次提醒您。您可以关闭此页面。",
    .old_title = "此消息已过期",
    .old = "现在无法再确认。您无需进行任何操作。",
    .later_title = "请在一分钟后重试",
    .later = "暂时无法保存您的回复。",
    .broken_title = "此链接无效",
    .broken = "链接可能不完整。请直接打开消息中的链接，或复制完整的链接。",
    .unsubscribe = "退订",
    .unsubscribe_ask = "此地址或号码将不再收到我们的消息。",
    .unsubscribed_title = "您已退订",
    .unsubscribed = "我们不会再向此地址或号码发送任何内容。您可以关闭此页面。",
    .unchanged_title = "未做任何更改",
    .unchanged = "请打开消息中的链接，然后按下按钮。",
};

static const struct recipient_texts traditional_chinese = {
    .language = "zh-Hant",
    .direction = "ltr",
    .ask = "請確認您已收到此訊息。",
    .confirm = "我已收到",
    .thanks = "謝謝。我們已知道您收到了此訊息，不會再次提醒您。您可以關閉此頁面。",
    .old_title = "此訊息已過期",
    .old = "現在無法再確認。您無須進行任何操作。",
    .later_title = "請於一分鐘後再試",
    .later = "暫時無法儲存您的回覆。",
    .broken_title = "此連結無效",
    .broken = "連結可能不完整。請直接開啟訊息中的連結，或複製完整的連結。",
    .unsubscribe = "取消訂閱",
    .unsubscribe_ask = "此地址或號碼將不再收到我們的訊息。",
    .unsubscribed_title = "您已取消訂閱",
    .unsubscribed = "我們不會再向此地址或號碼傳送任何內容。您可以關閉此頁面。",
    .unchanged_title = "未做任何變更",
    .unchanged = "請開啟訊息中的連結，然後按下按鈕。",
};

static const struct recipient_texts arabic = {
    .language = "ar",
    .direction = "rtl",
    .ask = "يرجى تأكيد استلام هذه الرسالة.",
    .confirm = "لقد استلمتها",
    .thanks = "شكرًا لك. علمنا الآن أنك استلمت الرسالة، ولن نذكّرك بها مرة أخرى. يمكنك إغلاق هذه "
              "الصفحة.",
    .old_title = "هذه الرسالة قديمة جدًا",
    .old = "لم يعد من الممكن تأكيدها. ليس عليك القيام بأي شيء.",
    .later_title = "يرجى المحاولة مرة أخرى بعد دقيقة",
    .later = "تعذّر حفظ ردّك في الوقت الحالي.",
    .broken_title = "هذا الرابط لا يعمل",
    .broken = "ربما ينقصه جزء. يرجى فتحه كما ورد في الرسالة، أو نسخه كاملًا.",
    .unsubscribe = "إلغاء الاشتراك",
    .unsubscribe_ask = "لن تصلك منا أي رسائل أخرى على هذا العنوان أو الرقم.",
    .unsubscribed_title = "تم إلغاء اشتراكك",
    .unsubscribed = "لن نرسل أي شيء آخر إلى هذا العنوان أو الرقم. يمكنك إغلاق هذه الصفحة.",
    .unchanged_title = "لم يتغيّر شيء",
    .unchanged = "يرجى فتح الرابط الموجود في رسالتك والضغط على الزر.",
};

/* Each locale that has pages of its own, normalised. Norwegian has three names. */
#define RECIPIENT_LOCALE_MAP(X)                                                                    \
    X("en", english)                                                                               \
    X("de", german)                                                                                \
    X("fr", french)                                                                                \
    X("es", spanish)                                                                               \
    X("it", italian)                                                                               \
    X("pt", portuguese)                                                                            \
    X("pt-br", brazilian)                                                                          \
    X("nl", dutch)                                                                                 \
    X("da", danish)                                                                                \
    X("nb", norwegian)                                                                             \
    X("nn", norwegian)                                                                             \
    X("no", norwegian)                                                                             \
    X("sv", swedish)                                                                               \
    X("fi", finnish)                                                                               \
    X("pl", polish)                                                                                \
    X("cs", czech)                                                                                 \
    X("uk", ukrainian)                                                                             \
    X("el", greek)                                                                                 \
    X("tr", turkish)                                                                               \
    X("ja", japanese)                                                                              \
    X("zh", simplified_chinese)                                                                    \
    X("zh-hant", traditional_chinese)                                                              \
    X("zh-tw", traditional_chinese)                                                                \
    X("zh-hk", traditional_chinese)                                                                \
    X("zh-mo", traditional_chinese)                                                                \
    X("ar", arabic)

#define NAME_OF(name, texts)  name,
#define TEXTS_OF(name, texts) &(texts),
static const char *const names[] = {RECIPIENT_LOCALE_MAP(NAME_OF)};
static const struct recipient_texts *const texts_of[] = {RECIPIENT_LOCALE_MAP(TEXTS_OF)};
#undef NAME_OF
#undef TEXTS_OF

enum { NAMES = sizeof(names) / sizeof(names[0]) };

const struct recipient_texts *recipient_texts_find(struct slice locale)
{
    int found = locale_find(names, NAMES, locale);
    return found < 0 ? NULL : texts_of[found];
}

const struct recipient_texts *recipient_texts_accept(const char *header)
{
    int chosen = header == NULL ? -1 : accept_language_choose(slice_str(header), names, NAMES);
    return chosen < 0 ? &english : texts_of[chosen];
}
