"""Words that tell an ordinal ("3. Oktober", "2. světová válka") from a number at a sentence end.

Tables by two-letter code of the language; the rule is in `numerals`.
"""

from __future__ import annotations

from typing import Final

ORDINAL_LANGUAGES: Final = frozenset("de da no is cs sk pl hu fi sl hr sr et lv lt tr".split())
"""Languages that write an ordinal as digits and a full stop."""

MONTHS: Final = frozenset(
    "januar jänner februar märz april mai juni juli august september oktober november dezember "
    "jan feb mär apr jun jul aug sep sept okt nov dez mars maj október "
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık "
    "januára leden únor březen duben květen červen červenec srpen září říjen listopad prosinec "
    "ledna února března dubna května června července srpna října listopadu prosince "
    "január február március április május június július augusztus szeptember "
    "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta "
    "syyskuuta lokakuuta marraskuuta joulukuuta desember des dec".split()
)
"""Months in languages that write the day as an ordinal: before them it is a date in any text."""

ORDINAL_NOUNS: Final = {
    "de": """
        jahrhundert jahrhunderts jahrtausend jahrestag weltkrieg weltkriegs klasse liga bundesliga
        platz rang stock stockwerk etage kapitel auflage semester mal runde tag woche monat jahr
        geburtstag lebensjahr spieltag minute stunde sinfonie symphonie akt szene buch band reihe
        strophe staffel folge generation grad ordnung armee division regiment bataillon hälfte
        quartal halbjahr advent sonntag preis hochzeitstag todestag bezirk arrondissement mose
        petrus korinther buch könig samuel timotheus johannes chronik
    """,
    "da": "verdenskrig division klasse etage sal januar symfoni kongebog",
    "no": "verdenskrig divisjon klasse etasje symfoni juledag kongebok",
    "cs": "světová světové liga ligy třída patro kapitola republika divize",
    "sk": "svetová svetovej liga ligy trieda poschodie kapitola",
    "pl": "liga ligi klasa piętro rozdział dywizja armia pułk",
    "hu": "világháború kerület emelet fejezet osztály évad",
    "tr": """
        dünya lig kat cadde sokak bölüm yüzyıl madde ordu gün hafta ay yıl sınıf grup tur sezon
        bab kısım dönem meşrutiyet cumhuriyet murad mehmed selim süleyman abdülhamid mahmud
    """,
    "fi": "divisioona luokka kerros maailmansota päivä",
    "hr": "svjetski svjetskog liga razred kat poglavlje",
    "sl": "svetovna svetovne liga razred nadstropje poglavje",
}
"""Nouns that an ordinal counts, where they may be written with a capital."""

DETERMINERS: Final = {
    "de": """
        der die das dem den des am im zum zur vom beim ans ins ein eine einen einem einer eines
        jeder jede jedes jeden jedem dieser diese dieses diesen diesem mein meine meinen meinem
        meiner dein deine sein seine seinen seinem seiner seines ihr ihre ihren ihrem ihrer ihres
        unser unsere unseren unserem euer eure kein keine keinen bis ab seit vor nach und pro
        montag dienstag mittwoch donnerstag freitag samstag sonntag jedes welcher welche
    """,
    "da": "den det de i på til fra med af ved denne dette hver sin sit din min om under over",
    "no": "den det de i på til fra med av ved denne dette hver sin sitt din min om under over",
    "is": "á í til frá með þann hinn",
    "cs": "v ve na do od ke ze za po u pro před při mezi tento tato toto ten ta to své svého její",
    "sk": "v vo na do od zo za po u pre pred pri medzi tento táto toto ten tá to svoj svojho jej",
    "pl": "w we na do od z ze za po u dla przed przy między ten ta to swój jego jej",
    "hu": "a az ez egy",
    "tr": "bu şu her ve ile",
    "sl": "v na do od za po iz pri pred med ta to svoj",
    "hr": "u na do od za po iz pri pred među taj ta to svoj",
    "sr": "у на до од за по из при пред међу тај та то свој u na do od za po iz",
    "lv": "no līdz ap par",
    "lt": "iki nuo apie",
}
"""Words before digits with a full stop that make them an ordinal, whatever noun follows."""

SPORTS_CLUBS: Final = frozenset("FC FK FFC SC SV SK BC TC HC FSV CfR FCK SSV TSV".split())
"""Kinds of clubs whose names begin with "1."."""

REGNAL_NAMES: Final = frozenset(
    "karl friedrich wilhelm otto ludwig heinrich philipp ferdinand leopold franz joseph georg "
    "josef maximilian rudolf albrecht konrad pius leo johannes paul benedikt gregor clemens urban "
    "innozenz alexander nikolaus katharina elisabeth christian frederik gustav erik haakon harald "
    "olav margrethe karel václav zikmund jan jiří petr pavel karol žigmund kazimierz zygmunt "
    "august władysław stanisław petar aleksandar karlo franjo".split()
)
"""Names after which I, V or X counts kings and popes."""
