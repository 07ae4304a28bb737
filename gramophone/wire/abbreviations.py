"""Abbreviations and sentence openers, by language: what a full stop after a word may mean.

Data and its lookup live here, no rules: `sentences` says what a class means for a boundary.
Keys are lower case, without the last full stop and without spaces ("z.b", "ph.d").
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final


class Class(Enum):
    """What a full stop after an abbreviation means."""

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


_SHARED: Final = {
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
        lt mt mts ft lib tít hdl ver min av deg mio mrd tsd mill std sek
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

_OWN: Final = {
    "en": {Class.TITLE: "lieut pvt rev fr br", Class.NUMBERED: "bk pt pl exod"},
    "de": {
        Class.TITLE: "fr st",
        Class.LINK: """
            med phil rer nat jur habil ca al inkl u a d z o i v vgl hrsg allg jew mind höchst
            urspr
        """,
        Class.NUMBERED: "s art min st kl fa",
        Class.END: "etc",
    },
    "fr": {
        Class.TITLE: "m mm me pr st ste mgr",
        Class.LINK: "av apr",
        Class.NUMBERED: "t n bd boul",
    },
    "es": {
        Class.TITLE: "sr sres d ud uds vd vds lic gral cnel sto sta av c pbro fr mons arq ilmo",
        Class.LINK: "ej",
        Class.NUMBERED: "n",
    },
    "it": {
        Class.TITLE: "sig sigg on arch geom rag egr spett gent s d",
        Class.LINK: "es",
        Class.NUMBERED: "n v nn",
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
}

CAPITALISED: Final = frozenset(
    "jan mar jun jul sat sun wed mon thu fri gen rep sen gov pres maj col capt hon rev st mt mts "
    "ft hr mag".split()
)
"""Abbreviations only when written with a capital: "Rep. Jones", but "one more rep."."""

WORDS: Final = frozenset(
    "no fig sec art rep ed min max ch app est par ex in eq pt mi gal ref ext op ie eg cont add "
    "nos tab bd co al resp lib ver ct ln rd temp mill abs ft mi bl co".split()
)
"""Abbreviations that are also words: a sentence may well end in them."""

UNITS: Final = frozenset("in ft oz lb lbs yd mi kg km cm mm hrs mins secs pt qt gal".split())
"""Abbreviations only after a number."""

LETTER_NOUNS: Final = frozenset(
    "choose pick plan vitamin option grade class group section part point exhibit appendix "
    "hepatitis variable answer team letter drive type step choice case level phase block unit room "
    "gate track column row model figure table chapter size key note war act volume book building "
    "line area zone category schedule route series generation version formula house hall".split()
)
"""Words that a single letter names: "plan B." ends a sentence, "by J." does not."""

I_VERBS: Final = frozenset(
    "do am did can could have had will would was were than should as may might shall must "
    "so either neither are".split()
)
"""Words before "I." that make it the pronoun and not an initial."""

AFTER_TIME: Final = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december est edt cst cdt mst mdt pst pdt et ct "
    "mt pt gmt utc bst cet cest ist jst eastern central mountain pacific".split()
)
"""What follows "5 p.m." within the same sentence."""

MONTHS: Final = frozenset(
    "januar jänner februar märz april mai juni juli august september oktober november dezember "
    "jan feb mär apr jun jul aug sep sept okt nov dez".split()
)
"""German months: an ordinal before them is a date in any text."""

ORDINAL_LANGUAGES: Final = frozenset(
    "de da no nb nn cs sk pl hu fi sl hr sr bs et lv tr is".split()
)
"""Languages that write an ordinal as digits and a full stop."""

DETERMINERS: Final = frozenset(
    "der die das dem den des am im zum zur vom beim ans ins ein eine einen einem einer eines "
    "jeder jede jedes jeden jedem dieser diese dieses diesen diesem mein meine meinen meinem "
    "meiner dein deine sein seine seinen seinem seiner seines ihr ihre ihren ihrem ihrer ihres "
    "unser unsere unseren unserem euer eure kein keine keinen bis ab seit vor nach und pro "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag".split()
)
"""German words after which digits with a full stop are an ordinal, whatever noun follows."""

SPEECH: Final = frozenset(
    "said says asked asks replied replies shouted shouts cried cries whispered yelled answered "
    "added exclaimed called muttered murmured screamed wondered laughed sighed snapped continued "
    "explained insisted demanded begged inquired remarked announced".split()
)
"""Verbs that attribute a quotation to whoever stands between."""

EXCLAIMED_NAMES: Final = frozenset("yahoo jeopardy yum oklahoma mamma".split())
"""Names that are written with a mark of their own."""

LIBRARIES: Final = frozenset(
    "os sys fmt http io json net node java javax com org www app obj self this math strings "
    "console string react vue next system window document module std time path process array "
    "object date promise util utils bytes errors sync context regexp sql db api cls super np pd "
    "plt tf torch ctx req res".split()
)
"""First halves of dotted names in programs."""

_OPENERS: Final = {
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
        shipping please thanks okay ok well sure yes
    """,
    "de": """
        der die das ein eine er sie es wir ihr ich du man und aber oder doch denn dann danach
        dort hier heute morgen gestern jetzt nun so also wenn als während nach vor bei mit ohne
        in im am an auf aus für von vom zu zum zur was wer wie wo warum wieso ist sind war waren
        hat haben kann können soll muss nicht kein keine nein ja alle viele einige jeder niemand
        seine seiner ihre mein meine unser dies diese dieser dieses deshalb daher trotzdem
        außerdem bitte natürlich vielleicht leider schließlich zuerst später auch nur da damit
        dabei dazu dafür davon bis seit
    """,
    "fr": """
        le la les un une des il elle ils elles on nous vous je tu et mais ou donc or car ce cet
        cette ces c'est mon ma mes son sa ses notre nos votre vos leur leurs puis ensuite alors
        après avant quand lorsque si comme où qui que quoi pourquoi comment ici là aujourd'hui
        demain hier maintenant oui non rien tout tous toutes chaque dans en sur sous avec sans
        pour par chez il'y cependant pourtant enfin d'abord
    """,
    "es": """
        el la los las un una unos unas él ella ellos ellas nosotros yo tú usted ustedes y pero o
        pues entonces luego después antes cuando si como donde qué quién por para con sin en su
        sus mi mis este esta estos estas ese esa eso esto hoy mañana ayer ahora sí no nada todo
        todos también además aunque porque se es era fue son está
    """,
    "it": """
        il lo la i gli le un uno una egli lui lei loro noi voi io tu e ma o poi allora dopo prima
        quando se come dove che chi perché qui oggi domani ieri ora sì no niente tutto tutti
        anche inoltre però questo questa questi quello quella è era sono per con senza in su suo
    """,
    "nl": """
        de het een hij zij ze wij we jij je ik u zijn haar hun ons onze en maar of dus dan daarna
        toen als wanneer waar wat wie waarom hoe hier daar vandaag morgen gisteren nu ja nee
        niets alles alle iedereen ook echter toch omdat dit dat deze die is was er in op met voor
    """,
    "pt": """
        o a os as um uma ele ela eles elas nós eu tu você vocês e mas ou pois então depois antes
        quando se como onde que quem por para com sem em no na seu sua seus suas este esta isto
        isso esse essa hoje amanhã ontem agora sim não nada tudo todos também além é era foi
    """,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What one language says about full stops."""

    lang: str
    classes: dict[str, Class]
    openers: frozenset[str]
    ordinals: bool

    def classify(self, key: str) -> Class | None:
        """Give the class of an abbreviation by its key, None for a word."""
        return self.classes.get(key)


@lru_cache(maxsize=32)
def rules_for(lang: str) -> Rules:
    """Give the rules of a language by its code ("en", "de-AT"); an unknown one is generic."""
    code = lang.replace("_", "-").partition("-")[0].lower()
    classes: dict[str, Class] = {}
    for table in (_SHARED, _OWN.get(code, {})):
        for kind, words in table.items():
            classes.update(dict.fromkeys(words.split(), kind))
    openers = frozenset(_OPENERS["en"].split()) | frozenset(_OPENERS.get(code, "").split())
    return Rules(code, classes, openers, code in ORDINAL_LANGUAGES)
