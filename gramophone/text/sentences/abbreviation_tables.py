"""Abbreviation tables: classes of abbreviations by what a full stop means, and their words.

Keys are in lower case, without the last full stop and without spaces ("z.b", "ph.d"). Those of
CLDR are in `cldr_abbreviations`; here are those it lacks, and the classes that it does not have.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final


class Class(Enum):
    """Meaning of a full stop after an abbreviation."""

    TITLE = auto()
    """A name follows, always."""
    LINK = auto()
    """Something of the same sentence follows, always (e.g., vs., bzw.)."""
    NUMBERED = auto()
    """A number, a letter or a name follows; before a common opener the sentence is over."""
    MAYBE = auto()
    """It may end the sentence: a common opener after it says so (Inc., U.S., Jr.)."""
    END = auto()
    """Before a capital it ends the sentence (etc., usw.)."""
    TIME = auto()
    """As END, but a zone, a day or a month may follow (p.m.)."""


SHARED: Final[dict[Class, str]] = {
    Class.TITLE: """
        mr mrs ms mx dr drs prof profs gen brig maj col capt cmdr cpl sgt adm rev hon messrs
        mme mlle mlles sra srta srtas dra dña doña profa exmo exma dott dott.ssa prof.ssa
        sig.ra sig.na ing avv dhr mevr mw hr hrn dipl dipl.-ing mag hl ee frl
        insp assoc asst supt rt atty
    """,
    Class.LINK: """
        e.g eg i.e ie viz cf vs approx a.k.a aka ca resp incl excl esp n.b nb
        z.b d.h u.a u.u v.a z.t s.o s.u m.e i.d.r i.a z.hd bzw evtl ggf ggfs inkl zzgl vgl sog geb
        gest max tägl bes ugs engl dt franz österr einschl gem lt bspw sogen exkl
        p.ex p.ej par.ex c.-à-d càd env cfr p.es ad.es
        bijv bv d.w.z o.a m.a.w i.p.v t.o.v m.b.t a.u.b i.v.m o.l.v t.a.v t.g.v nl
        aprox av.j.-c q.v op loc ibid op.cit
    """,
    Class.NUMBERED: """
        no nos nr nrs num núm fig figs abb tab vol vols bd bde ch chap kap p pp pag pág págs pags
        pagg sec secs sect art arts eq eqs ex app abs ziff tel ext blz hfst jan feb febr mar apr
        jun jul aug sep sept oct okt nov dec dez déc janv févr avr juil fevr ene abr ago dic
        genn febbr magg giu giugn lug sett ott est ed eds ste fasc jg sect par
        mon tue tues wed thu thur thurs fri sat sun ref refs réf éd rep sen gov pres amb det
        lt mt mts ft lib tít hdl ver min av deg mio mrd mln mld mlrd tsd mill std sek
    """,
    Class.MAYBE: """
        inc ltd corp co cos llc plc bros jr sr esq ph.d m.d b.a m.a b.sc m.sc ed.d d.d.s d.phil
        ll.b ll.m m.phil b.s m.s j.d r.n st ave blvd rd sq hwy pkwy ln ct dept univ assn
        al et.al bldg u.s u.k u.n e.u d.c u.s.a n.y l.a n.chr v.chr a.c d.c a.d b.c b.c.e c.e
        s.a s.l s.p.a s.r.l s.a.s n.v b.v uu ltda cia cie gmbh str ag e.v jh
        in ft oz lb lbs yd mi kg km cm mm hrs mins secs pt qt gal
        avda dto u.s.s r.i.p temp ref attn cont misc orig repr
    """,
    Class.END: """
        etc usw usf ecc enz u.ä o.ä u.s.w e.d e.a u.dgl u.v.m
    """,
    Class.TIME: """
        a.m p.m
    """,
}

COMMON: Final[dict[Class, str]] = {
    Class.TITLE: "mr mrs ms dr prof",
    Class.LINK: "e.g i.e vs cf ca",
    Class.NUMBERED: "nr fig vol pp mln mld mlrd mio mrd",
    Class.MAYBE: """
        inc ltd corp co jr sr ph.d u.s u.k e.u u.s.a u.n a.d b.c gmbh st
    """,
    Class.END: "etc",
    Class.TIME: "a.m p.m",
}
"""What texts in any language of Latin script borrow."""

OWN: Final[dict[str, dict[Class, str]]] = {
    "en": {
        Class.TITLE: "lieut pvt rev fr br shri smt sri adv",
        Class.NUMBERED: "bk pt pl exod rs cr sq",
    },
    "de": {
        Class.TITLE: "fr st",
        Class.LINK: """
            med phil rer nat jur habil ca al inkl u a d z o i v vgl hrsg allg jew mind höchst
            urspr
        """,
        Class.NUMBERED: "s art min st kl fa hbf mo di mi do sa so hl jhdt ggü rd anm bl gegr "
        "lfd rn ziff",
        Class.END: "etc u.v.a u.ä.m",
    },
    "fr": {
        Class.TITLE: "m mm me pr st ste mgr",
        Class.LINK: "av apr",
        Class.NUMBERED: "t n bd boul s env mar juin",
    },
    "es": {
        Class.TITLE: "sr sres d ud uds vd vds lic gral cnel sto sta av c pbro fr mons arq ilmo",
        Class.LINK: "ej",
        Class.NUMBERED: "n s ss feb may jun jul",
    },
    "it": {
        Class.TITLE: "sig sigg on arch geom rag egr spett gent s d",
        Class.LINK: "es",
        Class.NUMBERED: "n v nn gen mar mag giu sez sec",
    },
    "nl": {
        Class.TITLE: "ir ds mej jhr st mgr ing",
        Class.LINK: "bijv v d vnl evt",
        Class.END: "etc enz jl",
    },
    "pt": {
        Class.TITLE: "sr srs eng arq des min d r v pe sto sta",
        Class.LINK: "ex obs",
        Class.NUMBERED: "n séc",
    },
    "ru": {
        Class.TITLE: "проф акад доц инж ген полк кап гр св им тов чл.-корр преп ред сост",
        Class.LINK: "т.е т.н т.к т.о напр см ср прим т.ч лат англ нем фр итал исп букв "
        "прибл ок т.наз т.зв яз",
        Class.NUMBERED: "доб рис табл стр гл разд рр пп ст ул пр просп пер пл бул наб ш д кв корп "
        "стр обл р-н пос дер г гг в вв т тт ч с п м о оз р к л н э экз вып илл янв февр фев мар "
        "апр июн июл авг сент сен окт нояб ноя дек тел оф эт каб ауд тыс млн млрд трлн руб коп "
        "шт чел мин сек час км кг ок мл изд журн газ ред отд наст упр х",
        Class.END: "и.т.д т.д т.п др проч",
        Class.MAYBE: "н.э до.н.э сша и.о а.с",
    },
    "uk": {
        Class.TITLE: "проф акад доц інж ген полк св ім тов гр чл.-кор",
        Class.LINK: "т.зв напр див пор прибл англ нім лат рос",
        Class.NUMBERED: "рис табл стор розд гл ст пп вул просп пров пл бульв буд кв корп обл р-н "
        "смт с м р рр ст т тт ч п о н ім січ лют бер квіт трав черв лип серп верес жовт листоп "
        "груд тел тис млн млрд грн коп год хв сек км кг чол оз ред вид",
        Class.END: "т.д т.п ін",
        Class.MAYBE: "н.е до.н.е",
    },
    "bg": {
        Class.TITLE: "проф акад доц инж ген св д-р г-н г-жа арх",
        Class.LINK: "т.е т.нар напр вж срв т.ч",
        Class.NUMBERED: "фиг табл стр гл ул бул пл бл вх ет ап гр с г гг в т чл ал обл млн млрд "
        "хил лв ст тел р",
        Class.END: "т.н др пр",
        Class.MAYBE: "пр.хр сл.хр н.е",
    },
    "sr": {
        Class.TITLE: "проф др мр инж ген св г prof dr mr ing gen sv",
        Class.LINK: "тј тзв нпр в тј tj tzv npr",
        Class.NUMBERED: "сл таб стр гл ул бр год чл st str br god čl sl tab mil mlrd din",
        Class.END: "итд сл др itd sl dr",
    },
    "pl": {
        Class.TITLE: "prof p pp doc hab mgr inż lek gen płk kpt mjr por ks św im o ob bp abp red "
        "dyr prez min sędz",
        Class.LINK: "np tj tzn tzw m.in wg zob por ok ds pt ang niem łac fr pol red jw wł zw "
        "tyt proc pw",
        Class.NUMBERED: "ul al pl os nr rys tab str s t poz rozdz art ust pkt par zał kl woj pow "
        "gm tel godz r w m tys mln mld bln zł gr stul sty lut mar kwi cze lip sie wrz paź lis "
        "gru tg st wyd cz zesz ur zm",
        Class.MAYBE: "p.n.e n.e r.b",
        Class.END: "itd itp etc i.in in",
    },
    "cs": {
        Class.TITLE: "prof doc ing mgr bc mudr judr phdr rndr paeddr mvdr gen plk kpt mjr pí sv p "
        "csc thdr arch dr",
        Class.LINK: "např tj tzn tzv popř příp resp viz cca angl něm lat fr vč zejm mj srov odd "
        "m.j al tzn",
        Class.NUMBERED: "č obr tab str s kap odst čl sv roč ul nám tř nábř tel hod min tis mil mld "
        "kč ks r stol úno bře dub kvě čvn srp zář říj lis § písm bod vyd kat okr zn nar zem",
        Class.MAYBE: "n.l př.n.l př.kr po.kr s.r.o a.s",
        Class.END: "atd apod aj atp ap",
    },
    "sk": {
        Class.TITLE: "prof doc ing mgr bc mudr judr phdr rndr gen plk kpt mjr sv p dr arch",
        Class.LINK: "napr tj tzn tzv t.j t.z t.č príp resp viď cca angl nem lat vr najmä porov",
        Class.NUMBERED: "č obr tab str s kap ods čl zv roč ul nám tr tel hod min tis mil mld ks r "
        "stor jan feb apr jún júl aug sept okt nov dec písm vyd nar",
        Class.MAYBE: "n.l pred.n.l pr.kr po.kr s.r.o a.s",
        Class.END: "atď apod a.i ap",
    },
    "sl": {
        Class.TITLE: "prof doc dr mag inž gen sv ga g gdč akad",
        Class.LINK: "npr tj t.i t.j oz gl prim angl nem lat",
        Class.NUMBERED: "št sl tab str pogl čl odst ul c tel ur min tis mio mrd r stol jan feb mar "
        "apr jun jul avg sept okt nov dec",
        Class.END: "itd ipd itn idr",
    },
    "hr": {
        Class.TITLE: "prof doc dr mr mag ing gen sv g gđa gđica akad fra don",
        Class.LINK: "npr tj tzv odn usp v engl njem lat tzn",
        Class.NUMBERED: "br sl tab str pogl čl st ul tel sat min tis mil mlrd god r stolj sij velj "
        "ožu lip srp kol ruj lis stu kn",
        Class.END: "itd i.sl sl i.dr dr",
        Class.MAYBE: "pr.kr po.kr n.e pr.n.e",
    },
    "sv": {
        Class.TITLE: "dr prof hr fru frk ing kand doc gen löjtn kapt s:t st",
        Class.LINK: "t.ex d.v.s dvs bl.a s.k t.o.m fr.o.m f.d p.g.a pga m.a.o o.d ang ev resp "
        "inkl exkl jfr jmf ca c:a bl t.v tex d.y d.ä avs enl",
        Class.NUMBERED: "kl nr s kap fig tab st art bil vol del jan febr apr aug sept okt "
        "nov dec tel tfn milj mdr tim kr kvm mån tis ons tors fre lör sön st",
        Class.MAYBE: "f.kr e.kr",
        Class.END: "m.m m.fl osv o.s.v etc o.dyl mm mfl",
    },
    "da": {
        Class.TITLE: "dr prof hr fr frk ing cand mag lic adv overl kapt gen",
        Class.LINK: "f.eks fx bl.a d.v.s dvs s.k såk t.o.m p.g.a pga mht m.h.t ang evt hhv inkl "
        "ekskl jf jfr ca vedr if.m ift i.f.t iflg eg ca d.y d.æ pr pga",
        Class.NUMBERED: "kl nr s kap fig tab stk art bd vol jan feb mar apr jun jul aug sept okt "
        "nov dec tlf mio mia kr st tv th mf bilag §§ ca",
        Class.MAYBE: "f.kr e.kr a/s",
        Class.END: "m.m m.fl mv m.v osv o.s.v etc mm o.lign",
    },
    "no": {
        Class.TITLE: "dr prof hr fr frk ing cand mag adv kapt gen st",
        Class.LINK: "f.eks bl.a dvs d.v.s s.k t.o.m pga p.g.a mht m.h.t ang evt hhv inkl ekskl jf "
        "jfr ca vedr ift i.f.t iflg fr.o.m eks d.y d.e pr",
        Class.NUMBERED: "kl nr s kap fig tab pkt art bd vol jan feb apr jun jul aug sept okt "
        "nov des tlf mill mrd kr ca st",
        Class.MAYBE: "f.kr e.kr",
        Class.END: "m.m m.fl mv m.v osv o.s.v etc mm o.l",
    },
    "is": {
        Class.TITLE: "dr próf hr frú sr",
        Class.LINK: "t.d þ.e m.a s.s sbr skv þ.á.m a.m.k",
        Class.NUMBERED: "kl nr bls kafli mynd tafla gr mgr jan feb mar apr jún júl ág sept okt nóv "
        "des s kr millj",
        Class.MAYBE: "f.kr e.kr",
        Class.END: "o.s.frv o.fl",
    },
    "fi": {
        Class.TITLE: "tri prof hra rva nti dos maist fil toht ins kapt ev",
        Class.LINK: "esim ts mm nk ns l vrt ks kts mr yht",
        Class.NUMBERED: "klo nro n s kpl kuva taul luku art tammik helmik maalisk huhtik toukok "
        "kesäk heinäk elok syysk lokak marrask jouluk puh milj mrd kk vk pv as §",
        Class.MAYBE: "eaa jaa eKr jKr ekr jkr",
        Class.END: "jne ym yms tms jms",
    },
    "et": {
        Class.TITLE: "dr prof hr pr prl dots ins",
        Class.LINK: "nt s.t st nn u jms vt vrd ca s.o k.a",
        Class.NUMBERED: "nr lk joon tab ptk art jaan veebr apr aug sept okt nov dets tel mln mld "
        "kl tn pst § lg",
        Class.MAYBE: "e.m.a m.a.j",
        Class.END: "jne jt jms vms",
    },
    "hu": {
        Class.TITLE: "dr prof özv ifj id gr br ing",
        Class.LINK: "pl ill ún vö ld kb ti angol ném lat r t.i n.b",
        Class.NUMBERED: "sz o tábl fej bek köt évf u út tér krt ker em fszt jan febr márc "
        "ápr máj jún júl aug szept okt nov dec tel kb db mrd ft h bek § pont kiad szül",
        Class.MAYBE: "i.e i.sz kr.e kr.u bt kft rt zrt",
        Class.END: "stb st.b",
    },
    "tr": {
        Class.TITLE: "dr prof doç yrd av arş gör öğr müh sn alb yzb gen org bşk hz uzm op hzl",
        Class.LINK: "bkz örn krş yy ing alm fr lat çev yay dpt",
        Class.NUMBERED: "no s sf syf sa cad sok mah bul apt kat md bl böl şek çiz tab c cilt bs "
        "tel dk sn oca şub mar nis tem ağu eyl eki kas ara mr blv vd kr müd",
        Class.MAYBE: "m.ö m.s i.ö i.s t.c a.ş ltd şti",
        Class.END: "vb vs vd",
    },
    "ro": {
        Class.TITLE: "dr prof dl d-na dna d-l dra ing arh conf lect acad gen col cpt sf pr av",
        Class.LINK: "ex cca aprox cf v engl germ lat resp a.k.a",
        Class.NUMBERED: "nr pag p fig tab cap art alin vol str bd bul al bl sc et ap jud mun "
        "com sect ian feb febr mart apr iun iul aug sept oct noiem nov dec tel mil mld ed sec ha",
        Class.MAYBE: "î.hr d.hr î.e.n e.n s.r.l s.a s.u.a",
        Class.END: "etc ș.a ș.a.m.d ş.a ş.a.m.d",
    },
    "el": {
        Class.TITLE: "κ κα κος κκ δρ καθ δις αγ στρ υπ",
        Class.LINK: "π.χ βλ δηλ λ.χ πρβ περ αγγλ γαλλ λατ τ.έ συγκ μτφ εκδ αρχ ν.τ",
        Class.NUMBERED: "σελ σ αρ αριθ εικ πίν κεφ παρ άρθρ τόμ τ λεωφ οδ πλ τηλ ιαν φεβ φεβρ μαρ "
        "απρ ιουν ιουλ αυγ σεπ σεπτ οκτ νοε νοεμ δεκ χιλ εκ εκατ δισ ευρ χλμ στρ",
        Class.MAYBE: "π.χρ μ.χ π.κ.χ α.ε ε.π.ε",
        Class.TIME: "π.μ μ.μ",
        Class.END: "κ.λπ κλπ κ.ά κ.α κτλ κ.τ.λ κ.ο.κ",
    },
    "ca": {
        Class.TITLE: "sr sra srta dr dra prof sant mn",
        Class.LINK: "p.ex aprox cf",
        Class.NUMBERED: "núm pàg fig cap art vol c av pl tel gen febr març abr maig jul ag set oct "
        "nov des",
        Class.MAYBE: "a.c d.c",
        Class.END: "etc",
    },
    "lv": {
        Class.TITLE: "prof dr doc inž kundze",
        Class.LINK: "piem t.i t.s sal skat ap u.c.piem",
        Class.NUMBERED: "nr lpp att tab nod p plkst g gs milj mljrd tūkst tālr",
        Class.END: "utt u.c u.t.t",
    },
    "lt": {
        Class.TITLE: "prof dr doc inž",
        Class.LINK: "pvz t.y plg žr ap vad",
        Class.NUMBERED: "nr p psl pav lent sk g pr al val mln mlrd tūkst tel str m d",
        Class.END: "t.t pan kt ir.kt",
    },
    "id": {
        Class.TITLE: "dr prof ir drs h hj bpk sdr tn ny",
        Class.LINK: "mis a.n s.d",
        Class.NUMBERED: "no hlm jl gg kec kab tgl jan feb mar apr jun jul agt sept okt nov des rp",
        Class.END: "dll dsb dst",
    },
    "hi": {
        Class.TITLE: "डॉ डा प्रो पं श्रीमती कु इंजी ले कर्नल मो ए बी सी डी ई एफ जी एच आई जे के एल एम एन ओ "
        "पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई जेड",
        Class.NUMBERED: "रु सं पृ क्र नं ई.पू कि.मी कि.ग्रा मि.मी से.मी",
    },
    "mr": {
        Class.TITLE: "डॉ प्रा श्री सौ कु पं",
        Class.NUMBERED: "रु क्र पृ सं कि.मी",
    },
    "ar": {
        Class.TITLE: "د أ م أ.د د.م",
        Class.NUMBERED: "ص ج ط ع ت ق هـ",
        Class.MAYBE: "ق.م ب.م",
    },
    "fa": {Class.NUMBERED: "ص ج ش ق", Class.MAYBE: "ق.م ه.ش ه.ق"},
    "he": {Class.TITLE: "פרופ גב", Class.NUMBERED: "עמ מס רח"},
}
"""Abbreviations of one language, besides those that it shares with others."""
