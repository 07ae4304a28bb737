"""Frequent words by language: they tell the language of a text and begin its sentences.

The lists were written for this project: pronouns, articles, conjunctions, adverbs and short
replies ("yes", "good"). No word that is more often a name is among them.
"""

from __future__ import annotations

from typing import Final

FREQUENT: Final = {
    "en": """
        the a an this that these those he she it we they you i his her its our their your my there
        here then but and so yet or nor if when while after before since because although though
        however meanwhile moreover furthermore therefore thus hence instead also still now today
        tomorrow yesterday what who whom whose why how where which did does do is are was were has
        have had can could should would shall must not no yes nobody everyone everybody someone
        anyone nothing everything something many most some few several all both each every any
        another other others once let let's please at by for from with without in on to as of
        it's that's there's here's he's she's we're they're you're i'm i've i'll don't doesn't
        didn't won't can't isn't aren't wasn't perhaps maybe finally first second third next
        later soon sometimes often never always unfortunately fortunately only even until unless
        during despite according overall additionally consequently nevertheless otherwise
        shipping thanks okay ok well sure fine good great right be been about into than very just
        more them me him us said
        people time out up off make like know over own same too much little
    """,
    "de": """
        der die das ein eine er sie es wir ihr ich du man und aber oder doch denn dann danach
        dort hier heute morgen gestern jetzt nun so also wenn als während nach vor bei mit ohne
        in im am an auf aus für von vom zu zum zur was wer wie wo warum wieso ist sind war waren
        hat haben kann können soll muss nicht kein keine nein ja alle viele einige jeder niemand
        seine seiner ihre mein meine unser dies diese dieser dieses deshalb daher trotzdem
        außerdem bitte natürlich vielleicht leider schließlich zuerst später auch nur da damit
        dabei dazu dafür davon bis seit dem den des einen einem einer um wird wurde wurden werden
        sich noch mehr sehr dass über durch gut viel wenig richtig genau danke fertig niemals
        manche andere beide etwas nichts jedoch zudem dennoch hatte bin bist seid sein etwa
        schon immer wieder mal zwischen unter
        würde würden deine dein braucht brauchen gibt geht heißt weil jede meisten zwei drei neun
        uhr leute lange kurz einfach schnell einfacher
    """,
    "nl": """
        de het een hij zij ze wij we jij je ik u zijn haar hun ons onze en maar of dus dan daarna
        toen als wanneer waar wat wie waarom hoe hier daar vandaag morgen gisteren nu ja nee
        niets alles alle iedereen ook echter toch omdat dit dat deze die is was er in op met voor
        van te aan niet naar bij om uit door over tot heeft hebben had kan kunnen moet zal wordt
        werd geen meer nog wel veel goed mooi prima klaar bedankt soms altijd nooit later eerst
        misschien helaas gelukkig iemand niemand mijn jouw zo zeer tussen onder na
        zou zouden mensen meeste twee drie heel kort lang snel
    """,
    "da": """
        og det den de en et er var som på af for til med han hun vi jeg du ikke der at fra om men
        har havde kan skal vil blev bliver så nu her hvor hvad hvem hvorfor hvornår hvis når da
        dette denne disse også efter før under over ved ud ind op ned eller hans hendes deres
        vores min mit din dit sin sit mange nogle alle ingen intet alt meget mere godt fint ja
        nej måske dog derfor desuden senere derefter i dag altid aldrig dem os mig dig kun blandt
        mellem siden være været kunne skulle ville nok tak først
        nogen fleste hurtigt enkel uge lang kort to tre gå gør tag jer
    """,
    "no": """
        og det den de en et er var som på av for til med han hun vi jeg du ikke der at fra om men
        har hadde kan skal vil ble blir så nå her hvor hva hvem hvorfor hvis når da dette denne
        disse også etter før under over ved ut inn opp ned eller hans hennes deres vår min mitt
        din ditt sin sitt ei mange noen alle ingen ingenting alt mye mer godt bra fint ja nei
        kanskje derfor dessuten senere deretter i alltid aldri dem oss meg deg bare blant mellom
        siden være vært kunne skulle ville nok takk først etterpå
        fleste raskt enkel uke uka lang kort to tre gå gjør ta dere øya elva
    """,
    "sv": """
        och det den de en ett är var som på av för till med han hon vi jag du inte där att från om
        men har hade kan ska skall vill blev blir så nu här hur vad vem varför när då detta denna
        dessa också efter före under över vid ut in upp ner eller hans hennes deras vår min mitt
        din ditt sin sitt många några alla ingen inget allt mycket mer bra gott fint ja nej
        kanske därför dessutom senare sedan i alltid aldrig dem oss mig dig bara bland mellan
        vara varit kunde skulle ville nog tack först dock
        flesta enkel vecka lång kort två tre göra går ta er snabbt finns gång
    """,
    "is": """
        og það er að í á sem var ekki við hann hún við ég þú þeir þær þau en um til af með fyrir
        frá þegar ef hvar hvað hver hvernig þetta þessi nú þá hér þar já nei líka eftir hafa hefur
        verið eru voru mjög allt allir gott svo eða því sér
    """,
    "fi": """
        ja on ei se hän me te he minä sinä oli ovat olivat että kun jos mutta tai niin myös sitten
        nyt tänään eilen huomenna tässä täällä siellä missä mikä mitä kuka miksi miten tämä nämä
        joka jotka hyvin hyvä vain vielä jo aina koska kuin sen hänen meidän heidän minun sinun
        kaikki kukaan mitään kyllä ehkä kuitenkin siksi lisäksi lopuksi kiitos paljon enemmän
        ennen jälkeen kanssa ilman olla ole tämän nyt no asia selvä näin olen
        useimmat kuinka nopeasti voi voit ollut kaksi kolme vuonna joten voidaan jonka siitä häntä
        milloin
    """,
    "et": """
        ja on ei see ta me te nad ma sa oli olid et kui kuid aga või siis nüüd täna eile homme siin
        seal kus mis kes miks kuidas need mida väga ka ning hea ainult veel juba alati sest kõik
        keegi midagi jah võib olla oma pärast enne koos ilma aitäh hästi
    """,
    "lv": """
        un ir nav tas tā viņš viņa mēs jūs es tu bija kas ka ja bet vai tad tagad šodien vakar rīt
        šeit tur kur kāpēc kā no uz ar par pie pēc pirms bez arī ļoti tikai jau vēl visi viss
        labi jā nē varbūt tomēr tāpēc paldies šis šī
    """,
    "lt": """
        ir yra nėra tai jis ji mes jūs aš tu buvo kad jei bet ar arba tada dabar šiandien vakar
        rytoj čia ten kur kas kodėl kaip iš į su apie po prieš be taip pat labai tik jau dar visi
        viskas gerai ne galbūt tačiau todėl ačiū šis ši
    """,
    "hu": """
        a az egy és hogy nem is ez de van volt volna vagy mint meg csak már még ha akkor most itt
        ott hol mi ki miért hogyan mikor ma tegnap holnap én te ő mi ti ők aki ami amely minden
        senki semmi nagyon jó jól igen talán azonban ezért azért után előtt között alatt fölött
        nélkül szerint lesz lett kell lehet tud volt voltak vannak ezek azok ezt azt utána később
        végül szintén köszönöm rendben sok több lakik született
        íme milyen gyorsan kérem neked ön kettő három így ennek annak arra erre mindig soha
    """,
    "tr": """
        ve bir bu şu o da de için ile çok daha ama fakat ancak ki ne nasıl neden niçin nerede kim
        var yok değil mi mı gibi kadar sonra önce şimdi bugün dün yarın burada orada ben sen biz
        siz onlar onun benim senin bizim her hiç bazı tüm bütün olarak olan oldu olduğu ise eğer
        çünkü ayrıca böylece evet hayır tamam güzel iyi belki yine hep hemen en iyi teşekkürler
        şöyle böyle artık bile göre vardır yer kez doğru peki lütfen anlaştık
        gerekir işte hangi kısa uzun iki üç olur eder edin insan zaman sabah
    """,
    "pl": """
        i w na z się nie to jest że do jak o po ale co tak za od dla przez przy czy już był była
        było były są jego jej ich tylko gdy kiedy gdzie kto dlaczego ten ta te tego tej tym oraz
        lub albo więc jednak potem teraz dziś dzisiaj wczoraj jutro tu tutaj tam on ona ono oni my
        wy ja ty mój nasz wszystko wszyscy nikt nic każdy bardzo dobrze również także może można
        właśnie następnie później dlatego ponieważ jeśli jeżeli bez między pod nad ze we dziękuję
        proszę świetnie tuż mamy ma
        oto twój twoja prosty szybko dwa trzy czas potrzebuje które który która którzy swój zawsze
        nigdy
    """,
    "cs": """
        a v na se je že s z do o to jak po za od ale by co tak být byl byla bylo byli jsou jsme
        jsem jeho její jejich jen když kde kdo proč ten ta tento tato toto který která které nebo
        proto však potom pak teď nyní dnes včera zítra tady tam on ona ono oni my vy já ty můj
        náš vše všechno všichni nikdo nic každý velmi dobře také může mohou právě později protože
        pokud jestli bez mezi pod nad při před ke ze ve si ano ne děkuji prosím hotovo má mají
        už ještě není podle
        zde váš vaše jednoduchý rychle dva tři čas potřebuje kteří svůj vždy nikdy většina pro až
        tím
    """,
    "sk": """
        a v na sa je že s z do o to ako po za od ale by čo tak byť bol bola bolo boli sú sme som
        jeho jej ich len keď kde kto prečo ten tá tento táto toto ktorý ktorá ktoré alebo preto
        však potom teraz dnes včera zajtra tu tam on ona ono oni my vy ja ty môj náš všetko
        všetci nikto nič každý veľmi dobre tiež môže môžu práve neskôr pretože ak bez medzi pod
        nad pri pred ku zo vo si áno nie ďakujem prosím hotovo má majú už ešte podľa
        váš vaše jednoduchý rýchlo dva tri čas potrebuje ktorí svoj vždy nikdy väčšina pre až tým
    """,
    "sl": """
        in je v na se da za ki so pa z s o po od do bi kot tudi ne ali ko če kje kdo zakaj kako ta
        to ti on ona ono oni mi vi jaz ti sem smo bil bila bilo bili nato potem zdaj danes včeraj
        jutri tukaj tam vse vsi nihče nič zelo dobro lahko samo še že ker brez med pod nad pri
        pred hvala prosim njegov njen njihov vendar zato
    """,
    "hr": """
        i je u na se da za su s o po od do bi kao što ne ali kad kada ako gdje gde tko ko zašto
        kako taj ta to ti on ona ono oni mi vi ja sam smo bio bila bilo bili zatim potom tada sada
        danas jučer juče sutra ovdje ovde tamo sve svi nitko niko ništa vrlo dobro može mogu samo
        još već jer bez među pod nad kod prije pre poslije posle hvala molim njegov njezin njihov
        međutim zato koji koja koje iz ovo ova ovaj
    """,
    "ro": """
        și în de la cu nu este un o pe că a care din pentru mai sunt fi dar ce am ai are au fost
        era el ea ei ele eu tu noi voi se le lui lor sau dacă când unde cine cum acum azi ieri
        mâine aici acolo apoi după înainte fără între sub peste foarte bine doar numai încă toate
        tot toți nimeni nimic da poate totuși deci astfel prin către acest această acesta aceasta
        aceste acestea cel cea mulțumesc gata al ale s-a
        iată tău ta scurt două trei timp cât repede poți aș ar cei mult
    """,
    "it": """
        il lo la i gli le un uno una egli lui lei loro noi voi io tu e ma o poi allora dopo prima
        quando se come dove che chi perché qui oggi domani ieri ora sì no niente tutto tutti
        anche inoltre però questo questa questi quello quella è era sono per con senza in su suo
        di del della dei delle dell nel nella al alla dal da si non più ha hanno aveva essere
        stato fu sua suoi bene molto solo ancora già fra tra ogni mai grazie
        ecco tuo tua breve due tre tempo lungo ci quanto maggior parte nei sul sulla ai agli
    """,
    "es": """
        el la los las un una unos unas él ella ellos ellas nosotros yo tú usted ustedes y pero o
        pues entonces luego después antes cuando si como donde qué quién por para con sin en su
        sus mi mis este esta estos estas ese esa eso esto hoy mañana ayer ahora sí no nada todo
        todos también además aunque porque se es era fue son está de del al que más muy bien lo
        le les ha han había hay ser estar cada nadie nunca siempre solo sólo ya aquí allí hasta
        desde entre sobre gracias vale claro
        tu tiene tienes breve dos tres tiempo junto mayoría cómo cuánto quieres puede puedes
    """,
    "pt": """
        o a os as um uma ele ela eles elas nós eu tu você vocês e mas ou pois então depois antes
        quando se como onde que quem por para com sem em no na seu sua seus suas este esta isto
        isso esse essa hoje amanhã ontem agora sim não nada tudo todos também além é era foi
        de do da dos das ao à pelo pela nos nas mais muito bem só já ainda são está há ser ter
        tem foram numa num até entre sobre cada ninguém nunca sempre obrigado certo ótimo
        aqui breve dois três tempo junto maioria quanto pode podes às dele dela lhe
    """,
    "ca": """
        el la els les un una i però o és són era que de del dels al als amb per sense en no sí
        aquest aquesta això ell ella nosaltres jo tu vostè què qui quan com on avui ahir demà ara
        després abans també molt més hi ha bé tot tots res ningú seva seu
    """,
    "fr": """
        le la les un une des il elle ils elles on nous vous je tu et mais ou donc or car ce cet
        cette ces c'est mon ma mes son sa ses notre nos votre vos leur leurs puis ensuite alors
        après avant quand lorsque si comme où qui que quoi pourquoi comment ici là aujourd'hui
        demain hier maintenant oui non rien tout tous toutes chaque dans en sur sous avec sans
        pour par chez il'y cependant pourtant enfin d'abord de du au aux est était sont ont a été
        ne pas plus très bien être avoir fait aussi encore déjà même parfait merci voilà jamais
        toujours entre depuis se fut qu'il n'est
        voici courte deux trois temps plupart combien peut pouvez s'il d'un d'une l'on
    """,
    "id": """
        yang dan di ini itu dengan untuk dari ke pada adalah tidak akan dia mereka kami kita saya
        anda ada juga atau tetapi karena jika sudah bisa dapat oleh sebagai dalam lebih sangat
        lalu kemudian sekarang hari apa siapa mengapa bagaimana ya baik semua
    """,
    "vi": """
        và là của có được cho không trong một người với các này để những đã khi từ cũng như đến
        về ra nhưng vì nếu thì tôi bạn anh chị chúng họ rất vào ở đó đây nào gì sao vâng
    """,
    "ru": """
        и в на не что он она оно они мы вы я ты с со по к ко от из у за о об для до при но а как
        это этот эта эти так же ли бы был была было были есть его её их наш ваш мой все всё всего
        только когда где кто почему потом затем теперь сейчас сегодня вчера завтра здесь там
        никто ничего каждый очень хорошо также может можно если чтобы или да нет после перед
        между под над без раз уже ещё еще однако поэтому наконец спасибо пожалуйста ладно верно
        тогда именно который которая которые тоже тут чем во себя
        вот ваша простой быстро два три время нужно нужны большинство можете могу
    """,
    "uk": """
        і й в у на не що він вона воно вони ми ви я ти з із зі по до від за о про для при але а як
        це цей ця ці так же чи би був була було були є його її їх наш ваш мій усі всі все всього
        лише тільки коли де хто чому потім тепер зараз сьогодні вчора завтра тут там ніхто нічого
        кожен дуже добре також може можна якщо щоб або та ні після перед між під над без вже ще
        однак тому нарешті дякую будь ласка гаразд саме який яка які тобто
        б ось ваша простий швидко два три час потрібно потрібні більшість можете можу
    """,
    "be": """
        і ў у на не што ён яна яно яны мы вы я ты з са па да ад за аб для пры але а як гэта гэты
        так ці быў была было былі ёсць яго яе іх усе калі дзе хто чаму потым цяпер сёння учора
        заўтра тут там ніхто нічога кожны вельмі добра таксама можа каб або пасля перад без ужо
        яшчэ дзякуй
    """,
    "bg": """
        и в на не че той тя то те ние вие аз ти с със по към от из у за о до при но а как това
        този тази тези така ли би беше бяха е са съм неговата всички всичко само когато къде кой
        защо после сега днес вчера утре тук там никой нищо всеки много добре също може ако за да
        или не след преди между под над без вече още обаче затова благодаря който която които ще
        се си ги му
    """,
    "sr": """
        и је у на се да за су с о по од до би као што не али кад када ако где ко зашто како тај та
        то он она оно они ми ви ја сам смо био била било били затим тада сада данас јуче сутра
        овде тамо све сви нико ништа врло добро може само још већ јер без међу под над код пре
        после хвала који која које из
    """,
    "el": """
        και το η ο τα οι τον την του της των στο στη στην στον με για από σε που να θα δεν είναι
        ήταν έχει έχουν αλλά ή όταν αν πού πώς τι ποιος γιατί αυτό αυτή αυτός αυτά εδώ εκεί τώρα
        σήμερα χθες αύριο εγώ εσύ εμείς εσείς μου σου μας σας τους όλα όλοι κανείς τίποτα κάθε
        πολύ καλά επίσης μετά πριν χωρίς μεταξύ ναι όχι ίσως όμως λοιπόν ευχαριστώ ένα ένας μια
        μία στις ότι
    """,
    "ar": """
        في من على إلى عن مع هذا هذه ذلك تلك هو هي هم نحن أنا أنت كان كانت يكون التي الذي الذين
        أن إن لا لم لن ما ماذا من كيف أين متى لماذا هل نعم ثم بعد قبل بين كل بعض أو و لكن إذا
        حتى عند اليوم أمس غدا الآن هنا هناك أيضا جدا شكرا حسنا وقد كما لقد وهو وهي وكان إنه
        يحتاج يمكن يمكنك لديك إليك قصيرة طويلة سريع وفي
    """,
    "fa": """
        و در به از که را با این آن است بود شد می برای تا بر هم یا اما اگر چون هر همه هیچ خود او ما
        شما آنها من تو چه چرا کجا کی چگونه امروز دیروز فردا اکنون اینجا آنجا پس بعد قبل نیز بسیار
        خوب بله نه ممنون شده کرد کند باید شود دارد دارند های سپس
        کنم کنید دارم چقدر کوتاه بلند زود هستم
    """,
    "ur": """
        اور میں کے کی کا کو سے ہے ہیں تھا تھی تھے یہ وہ نے پر کہ بھی نہیں ایک جو تو ہم آپ تم اس ان
        اگر لیکن یا پھر اب آج کل یہاں وہاں کیا کیوں کہاں کون کب کیسے ہاں جی بہت سب کچھ کوئی
        ساتھ بعد پہلے لیے گیا گئی ہوا ہوئی شکریہ ٹھیک
        گا گی گے ہوں کریں کرتا کرتی چاہیے ہوتا ہوتی
    """,
    "hi": """
        और में के की का को से है हैं था थी थे यह वह ने पर कि भी नहीं एक जो तो हम आप तुम इस उस अगर
        लेकिन या फिर अब आज कल यहाँ वहाँ क्या क्यों कहाँ कौन कब कैसे हाँ जी बहुत सब कुछ कोई साथ
        बाद पहले लिए गया गई हुआ हुई मैं मेरा धन्यवाद ठीक अच्छा
    """,
    "mr": """
        आणि आहे आहेत हे हा ही तो ती ते मी तू आम्ही तुम्ही नाही होते होता होती व की पण किंवा जर
        तर आता आज काल येथे तेथे काय का कुठे कोण कसे खूप सर्व मध्ये साठी धन्यवाद
    """,
    "he": """
        של את על לא הוא היא הם אני אתה אנחנו זה זאת עם כי גם או אם אבל מה מי איך איפה למה מתי כן
        היום אתמול מחר עכשיו כאן שם יש אין היה היתה הייתה כל מאוד רק אחרי לפני תודה
    """,
}
"""Words in lower case by two-letter code; a word may stand in the lists of several languages."""
