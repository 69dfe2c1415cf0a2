"""What is said of a statement that was corrected or withdrawn, or that corrects another one."""

from datetime import date

from newsletter.rendering.mail import details
from newsletter.rendering.mail.values import Wordings
from newsletter.web.http.frame import Notice
from newsletter.web.public.archive.shelf import Published

# Kept apart from the words of the mails: a word that changed there would change every hash.
_WORDS = {
    "en": (
        "This statement was corrected on {day}.",
        "Read the correction",
        "This statement was withdrawn on {day}.",
        "This corrects an earlier statement.",
        "Read the original statement",
    ),
    "es": (
        "Este comunicado fue rectificado el {day}.",
        "Leer la rectificación",
        "Este comunicado fue retirado el {day}.",
        "Este comunicado rectifica uno anterior.",
        "Leer el comunicado original",
    ),
    "fr": (
        "Ce communiqué a fait l’objet d’un rectificatif le {day}.",
        "Lire le rectificatif",
        "Ce communiqué a été retiré le {day}.",
        "Ce communiqué en rectifie un autre.",
        "Lire le communiqué d’origine",
    ),
    "de": (
        "Diese Mitteilung wurde berichtigt ({day}).",
        "Zur Berichtigung",
        "Diese Mitteilung wurde zurückgezogen ({day}).",
        "Diese Mitteilung berichtigt eine frühere.",
        "Zur ursprünglichen Mitteilung",
    ),
    "pt": (
        "Este comunicado foi retificado em {day}.",
        "Ler a retificação",
        "Este comunicado foi retirado em {day}.",
        "Este comunicado retifica um anterior.",
        "Ler o comunicado original",
    ),
    "ar": (
        "صُحِّح هذا البيان في {day}.",
        "قراءة التصحيح",
        "سُحب هذا البيان في {day}.",
        "هذا البيان يصحّح بيانًا سابقًا.",
        "قراءة البيان الأصلي",
    ),
}


def notice_of(shown: Published, day: date, language: str, wordings: Wordings) -> Notice | None:
    """What to say of a statement in this language, or None: it may also be a correction itself.

    ``day`` is the local date of its last change.
    """
    spoken = details.base_language(language)
    spoken = spoken if spoken in _WORDS else "en"
    corrected, read, withdrawn, corrects, read_original = _WORDS[spoken]
    if shown.corrected_by:
        said = corrected, shown.corrected_by, read
    elif shown.withdrawn:
        said = withdrawn, "", ""
    elif shown.corrects:
        said = corrects, shown.corrects, read_original
    else:
        return None
    written = details.written_date(day, spoken, wordings.of(spoken)[0])
    text, link, link_text = said
    return Notice(
        text=text.format(day=written),
        language=spoken,
        direction=details.direction(spoken),
        link=link,
        link_text=link_text,
    )
