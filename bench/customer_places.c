/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/customer_places.h"

#include <stddef.h>

static const struct customer_people nordic = {
    "Åse=ase|Bjørn=bjorn|Kari|Ola|Søren=soren|Håkon=hakon|Ingrid|Märta=marta|Jörgen=jorgen|Liv|"
    "Astrid|Nils",
    "Ødegård=odegard|Hansen|Lindström=lindstrom|Bjørnson=bjornson|Åkesson=akesson|Sørensen="
    "sorensen|Berg|"
    "Nygård=nygard|Dahl|Virtanen|Mäkelä=makela|Kjær=kjaer",
};
static const struct customer_people german = {
    "Jürgen=juergen|Anna|Käthe=kaethe|Lukas|Sören=soeren|Björn=bjoern|Ursula|Felix|Heike|Günther="
    "guenther",
    "Müller=mueller|Schmidt|Schröder=schroeder|Weiß=weiss|Groß=gross|Köhler=koehler|Becker|Jäger="
    "jaeger|"
    "von der Heide=vonderheide|Wagner",
};
static const struct customer_people french = {
    "Éloïse=eloise|François=francois|Zoé=zoe|Benoît=benoit|Anaïs=anais|Jean-Luc=jean-luc|Hélène="
    "helene|Marc|"
    "Gaëlle=gaelle|Cédric=cedric",
    "Lefèvre=lefevre|Dupont|L'Hôpital=lhopital|Benoît=benoit|Garçon=garcon|Noël=noel|Moreau|"
    "Béranger=beranger|"
    "d'Artagnan=dartagnan|Petit",
};
static const struct customer_people dutch = {
    "Daan|Sanne|Jörg=jorg|Femke|Loïs=lois|Bram|Noor|Thijs|Zoë=zoe|Sem",
    "de Vries=devries|van den Berg=vandenberg|'t Hart=thart|Jansen|Bakker|van "
    "Dijk=vandijk|Peeters|Maes|Visser|Smit",
};
static const struct customer_people english = {
    "Oliver|Amelia|Robert \"Bob\"=bob|Grace|Siobhán=siobhan|Callum|Zoë=zoe|William "
    "\"Bill\"=bill|Chloe|Noah|Ruby|Jack",
    "Smith|O'Brien=obrien|Jones|MacDonald|Taylor-Green=taylor-green|Ó "
    "Súilleabháin=osuilleabhain|Evans|Brown|Wright|"
    "King, Jr.=king|Walker|Hughes",
};
static const struct customer_people spanish = {
    "José=jose|María=maria|Íñigo=inigo|Lucía=lucia|Sofía=sofia|Andrés=andres|Begoña=begona|Joaquín="
    "joaquin|Inés=ines|Pablo",
    "García=garcia|Muñoz=munoz|Fernández=fernandez|Núñez=nunez|López=lopez|Peña=pena|Ramírez="
    "ramirez|Ibáñez=ibanez|"
    "Castillo|de la Cruz=delacruz",
};
static const struct customer_people portuguese = {
    "João=joao|Inês=ines|Conceição=conceicao|Luís=luis|Antônio=antonio|Mariana|Tomás=tomas|Letícia="
    "leticia|Caio|Beatriz",
    "Gonçalves=goncalves|Araújo=araujo|Magalhães=magalhaes|da "
    "Silva=dasilva|Simões=simoes|Brandão=brandao|Costa|"
    "Guimarães=guimaraes|Souza|Pereira",
};
static const struct customer_people italian = {
    "Niccolò=niccolo|Giulia|Noè=noe|Chiara|Matteo|Alessia|Lorenzo|Desirée=desiree|Sofia|Marco",
    "D'Angelo=dangelo|Rossi|Dell'Acqua=dellacqua|Esposito|Nicolò=nicolo|Bianchi|De "
    "Luca=deluca|Russo|Conti|Ferrari",
};
static const struct customer_people polish = {
    "Łukasz=lukasz|Małgorzata=malgorzata|Paweł=pawel|Zofia|Wojciech|Żaneta=zaneta|Michał=michal|"
    "Agnieszka|Grażyna=grazyna|Jan",
    "Wiśniewski=wisniewski|Wójcik=wojcik|Kowalczyk|Dąbrowska=dabrowska|Zieliński=zielinski|Łoś=los|"
    "Nowak|"
    "Jabłoński=jablonski|Żak=zak|Mazur",
};
static const struct customer_people czech = {
    "Jiří=jiri|Žofie=zofie|Tomáš=tomas|Lenka|Ondřej=ondrej|Veronika|Šárka=sarka|Luboš=lubos|Eliška="
    "eliska|Petr",
    "Dvořák=dvorak|Nováková=novakova|Černý=cerny|Procházka=prochazka|Kučera=kucera|Horák=horak|"
    "Říha=riha|Šťastný=stastny|"
    "Marek|Beneš=benes",
};
static const struct customer_people greek = {
    "Γιώργος=giorgos|Μαρία=maria|Δημήτρης=dimitris|Ελένη=eleni|Κώστας=kostas|Αικατερίνη=aikaterini|"
    "Νίκος=nikos|Ζωή=zoi",
    "Παπαδόπουλος=papadopoulos|Γεωργίου=georgiou|Νικολάου=nikolaou|Οικονόμου=oikonomou|"
    "Αγγελόπουλος=angelopoulos|"
    "Χατζής=chatzis|Βλάχος=vlachos|Καραγιάννη=karagianni",
};
static const struct customer_people cyrillic = {
    "Оксана=oksana|Тарас=taras|Їлья=yilya|Ганна=hanna|Ђорђе=djordje|Љиљана=ljiljana|Георги=georgi|"
    "Мария=maria|Андрій=andrii|"
    "Богдан=bohdan",
    "Шевченко=shevchenko|Коваль=koval|Ткачук=tkachuk|Петровић=petrovic|Ђокић=djokic|Иванов=ivanov|"
    "Димитрова=dimitrova|"
    "Мельник=melnyk|Щербак=shcherbak|Гончар=honchar",
};
static const struct customer_people turkish = {
    "Ayşe=ayse|Çağrı=cagri|Gökçe=gokce|Mehmet|Işıl=isil|Ömer=omer|Şule=sule|Oğuz=oguz|Elif|Can",
    "Yılmaz=yilmaz|Öztürk=ozturk|Şahin=sahin|Çelik=celik|Kılıç=kilic|Doğan=dogan|Güneş=gunes|Aydın="
    "aydin|Koç=koc|Arslan",
};
static const struct customer_people arabic = {
    "محمد=mohamed|فاطمة=fatima|أحمد=ahmed|نور=nour|خالد=khaled|مريم=mariam|يوسف=youssef|ليلى=layla",
    "الشريف=elsherif|حسن=hassan|عبد "
    "الله=abdallah|منصور=mansour|القحطاني=alqahtani|إبراهيم=ibrahim|سليمان=soliman|فاروق=farouk",
};
static const struct customer_people hebrew = {
    "נועה=noa|דוד=david|תמר=tamar|יוסף=yosef|מאיה=maya|איתן=eitan",
    "כהן=cohen|לוי=levi|מזרחי=mizrahi|פרץ=peretz|בן דוד=bendavid|אזולאי=azulay",
};
static const struct customer_people hindi = {
    "आरव=aarav|अनन्या=ananya|विहान=vihaan|दीया=diya|कृष्ण=krishna|सान्वी=saanvi|रोहन=rohan|मीरा=meera",
    "शर्मा=sharma|वर्मा=verma|गुप्ता=gupta|सिंह=singh|पटेल=patel|त्रिपाठी=tripathi|मिश्रा=mishra|जोशी="
    "joshi",
};
static const struct customer_people chinese = {
    "伟=wei|秀英=xiuying|丽=li|强=qiang|静=jing|雪芬=xuefen|子轩=zixuan|雨桐=yutong",
    "王=wang|李=li|张=zhang|刘=liu|陈=chen|"
    "欧阳=ouyang|赵=zhao|黄=huang",
};
static const struct customer_people japanese = {
    "蓮=ren|陽葵=himari|大翔=hiroto|さくら=sakura|ユウキ=yuki|結衣=yui|悠真=yuma|美咲=misaki",
    "佐藤=sato|鈴木=suzuki|高橋=takahashi|田中=tanaka|渡邊=watanabe|小林=kobayashi|齋藤=saito|山本="
    "yamamoto",
};
static const struct customer_people korean = {
    "서연=seoyeon|민준=minjun|지우=jiwoo|하은=haeun|도윤=doyun|수아=sua",
    "김=kim|이=lee|박=park|최=choi|정=jung|강=kang|남궁=namgung",
};
static const struct customer_people vietnamese = {
    "Nguyệt=nguyet|Đức=duc|Hương=huong|Tuấn=tuan|Thảo=thao|Quốc=quoc|Lễ=le|Mỹ=my",
    "Nguyễn=nguyen|Trần=tran|Lê=le|Phạm=pham|Huỳnh=huynh|Đặng=dang|Võ=vo|Bùi=bui",
};
static const struct customer_people thai = {
    "สมชาย=somchai|อรทัย=orathai|ณัฐ=nat|พิมพ์=pim|ธนา=thana|มาลี=malee",
    "ใจดี=jaidee|ทองคำ=thongkham|ศรีสุข=srisuk|แสงจันทร์=saengchan|วงศ์ไทย=wongthai|บุญมา=boonma",
};
static const struct customer_people african = {
    "Chinedu|Amina|Thandiwe|Kwame|Zanele|Sipho|Wanjiru|Babatunde|Ngozi|Olúfẹ́mi=olufemi",
    "Okafor|Nkosi|Mwangi|Adébáyọ̀=adebayo|Dlamini|Kamau|van der "
    "Merwe=vandermerwe|Musa|Botha|Abubakar",
};

const struct customer_place customer_places[] = {
    {60, "nb-NO", "Europe/Oslo", "+474xxxxxxx", "example.com|post.example",
     "Oslo|Tromsø|Ålesund|Bergen|Bodø", &nordic},
    {50, "sv-SE", "Europe/Stockholm", "+4670xxxxxxx", "example.org|brev.example",
     "Göteborg|Malmö|Stockholm|Umeå", &nordic},
    {30, "da-DK", "Europe/Copenhagen", "+452xxxxxxx", "example.net",
     "København|Århus|Aalborg|Rønne", &nordic},
    {25, "fi-FI", "Europe/Helsinki", "+35840xxxxxxx", "posti.example",
     "Helsinki|Jyväskylä|Seinäjoki|Turku", &nordic},
    {120, "de-DE", "Europe/Berlin", "+49151xxxxxxxx", "example.com|brief.example",
     "Berlin|München|Köln|Düsseldorf|Frankfurt (Oder)", &german},
    {25, "de-AT", "Europe/Vienna", "+43664xxxxxxx", "example.org",
     "Wien|Graz|St. Pölten|Klagenfurt", &german},
    {20, "de-CH", "Europe/Zurich", "+4179xxxxxxx", "example.net", "Zürich|Bern|Neuenburg", &german},
    {80, "fr-FR", "Europe/Paris", "+336xxxxxxxx", "example.com|courrier.example",
     "Paris|Besançon|Nîmes|Saint-Étienne|Évry", &french},
    {20, "fr-BE", "Europe/Brussels", "+32470xxxxxx", "example.org", "Bruxelles|Liège|Namur",
     &french},
    {40, "nl-NL", "Europe/Amsterdam", "+316xxxxxxxx", "example.net|post.example",
     "Amsterdam|'s-Hertogenbosch|Utrecht|Den Haag", &dutch},
    {90, "en-GB", "Europe/London", "+4474xxxxxxxx", "example.com|mail.example",
     "London|Newcastle upon Tyne|Bury St Edmunds|Cardiff", &english},
    {15, "en-IE", "Europe/Dublin", "+35387xxxxxxx", "example.org",
     "Dublin|Dún Laoghaire|Cork|Galway", &english},
    {60, "es-ES", "Europe/Madrid", "+346xxxxxxxx", "example.com|correo.example",
     "Madrid|A Coruña|Cádiz|Málaga|León", &spanish},
    {20, "pt-PT", "Europe/Lisbon", "+35191xxxxxxx", "example.net", "Lisboa|Évora|Setúbal|Guimarães",
     &portuguese},
    {60, "it-IT", "Europe/Rome", "+39347xxxxxxx", "example.org|posta.example",
     "Roma|Forlì|L'Aquila|Cefalù|Milano", &italian},
    {50, "pl-PL", "Europe/Warsaw", "+4850xxxxxxx", "example.com|poczta.example",
     "Warszawa|Łódź|Kraków|Gdańsk|Wrocław", &polish},
    {20, "cs-CZ", "Europe/Prague", "+42060xxxxxxx", "example.net",
     "Praha|Plzeň|České Budějovice|Jihlava", &czech},
    {20, "el-GR", "Europe/Athens", "+30697xxxxxxx", "example.org|epistoli.example",
     "Αθήνα|Θεσσαλονίκη|Ηράκλειο|Πάτρα", &greek},
    {15, "bg-BG", "Europe/Sofia", "+35988xxxxxxx", "example.com", "София|Пловдив|Велико Търново",
     &cyrillic},
    {30, "uk-UA", "Europe/Kyiv", "+38050xxxxxxx", "lyst.example", "Київ|Львів|Чернівці|Дніпро",
     &cyrillic},
    {10, "sr-RS", "Europe/Belgrade", "+38164xxxxxxx", "example.net", "Београд|Нови Сад|Ниш",
     &cyrillic},
    {30, "tr-TR", "Europe/Istanbul", "+90532xxxxxxx", "example.org|posta.example",
     "İstanbul|Iğdır|Muğla|Diyarbakır", &turkish},
    {20, "ar-EG", "Africa/Cairo", "+2010xxxxxxxx", "example.com", "القاهرة|الإسكندرية|أسوان",
     &arabic},
    {15, "ar-SA", "Asia/Riyadh", "+9665xxxxxxxx", "barid.example", "الرياض|جدة|الدمام", &arabic},
    {8, "ar-AE", "Asia/Dubai", "+97150xxxxxxx", "example.net", "دبي|أبو ظبي|الشارقة", &arabic},
    {8, "he-IL", "Asia/Jerusalem", "+97252xxxxxxx", "example.org", "תל אביב-יפו|חיפה|באר שבע",
     &hebrew},
    {80, "hi-IN", "Asia/Kolkata", "+9198xxxxxxxx", "example.com|daak.example",
     "मुंबई|दिल्ली|वाराणसी|जयपुर", &hindi},
    {60, "zh-CN", "Asia/Shanghai", "+86138xxxxxxxx", "example.net|youjian.example",
     "上海|北京|乌鲁木齐|深圳", &chinese},
    {10, "zh-TW", "Asia/Taipei", "+8869xxxxxxxx", "example.org", "臺北|高雄|臺南", &chinese},
    {50, "ja-JP", "Asia/Tokyo", "+8190xxxxxxxx", "example.com|yubin.example",
     "東京|大阪|さいたま|札幌|那覇", &japanese},
    {25, "ko-KR", "Asia/Seoul", "+8210xxxxxxxx", "upyeon.example", "서울|부산|제주|대전", &korean},
    {15, "vi-VN", "Asia/Ho_Chi_Minh", "+8490xxxxxxx", "thu.example",
     "Hà Nội|Đà Nẵng|Thành phố Hồ Chí Minh|Huế", &vietnamese},
    {10, "th-TH", "Asia/Bangkok", "+6681xxxxxxx", "example.net", "กรุงเทพมหานคร|เชียงใหม่|ภูเก็ต",
     &thai},
    {50, "pt-BR", "America/Sao_Paulo", "+55119xxxxxxxx", "example.com|correio.example",
     "São Paulo|Brasília|Goiânia|Belém", &portuguese},
    {25, "es-MX", "America/Mexico_City", "+5255xxxxxxxx", "example.org|correo.example",
     "Ciudad de México|Mérida|Querétaro|León", &spanish},
    {90, "en-US", "America/New_York", "+1212Nxxxxxx", "example.com|mail.example",
     "New York, NY|Washington, DC|Winston-Salem, NC|Cañon City, CO", &english},
    {40, "es-US", "America/Los_Angeles", "+1415Nxxxxxx", "example.net",
     "Los Angeles, CA|San José, CA|Española, NM", &spanish},
    {15, "en-CA", "America/Toronto", "+1416Nxxxxxx", "example.org",
     "Toronto, ON|St. John's, NL|Thunder Bay, ON", &english},
    {10, "fr-CA", "America/Montreal", "+1514Nxxxxxx", "example.com",
     "Montréal, QC|Trois-Rivières, QC|Québec, QC", &french},
    {20, "en-AU", "Australia/Sydney", "+614xxxxxxxx", "example.net|mail.example",
     "Sydney|Wagga Wagga|Alice Springs", &english},
    {5, "en-NZ", "Pacific/Auckland", "+6421xxxxxxx", "example.org", "Auckland|Whangārei|Ōtautahi",
     &english},
    {10, "en-ZA", "Africa/Johannesburg", "+2782xxxxxxx", "example.com",
     "Johannesburg|Cape Town|Gqeberha", &african},
    {15, "en-NG", "Africa/Lagos", "+234803xxxxxxx", "example.net", "Lagos|Ìbàdàn|Abuja", &african},
    {8, "sw-KE", "Africa/Nairobi", "+254712xxxxxx", "example.org", "Nairobi|Mombasa|Kisumu",
     &african},
    {0, NULL, NULL, NULL, NULL, NULL, NULL},
};
