"""The language of an imported file: its page's, where its letters agree."""

from datetime import date

from newsletter.documents.importing import import_file
from newsletter.documents.release.imported import ImportedDocument, detect_language, with_language
from tests.rows import rows

ARABIC = "أعلن المنتدى اليوم انسحابه من اللجنة الاستشارية بعد عامين من العمل على الإسكان العادل."
PERSIAN = "انجمن امروز پس از دو سال کار از کمیته مشورتی کناره‌گیری کرد و گفت که ادامه نمی‌دهد."
URDU = "فورم نے آج دو سال کے کام کے بعد مشاورتی کمیٹی سے علیحدگی کا اعلان کیا اور وجہ بتائی۔"
HEBREW = "הפורום הודיע היום על פרישתו מהוועדה המייעצת לאחר שנתיים של עבודה על דיור הוגן."
GERMAN = "Das Forum verlässt heute den Beirat nach zwei Jahren Arbeit für bezahlbaren Wohnraum."


@rows(
    ["text", "said", "language"],
    [
        (ARABIC, "", "ar"),
        (ARABIC, "en-US", "ar"),
        (ARABIC, "ar-EG", "ar-EG"),
        (ARABIC, "ckb", "ckb"),
        (PERSIAN, "", "fa"),
        (URDU, "", "ur"),
        (HEBREW, "", "he"),
        (HEBREW, "iw", "he"),
        (GERMAN, "de-AT", "de-AT"),
        (GERMAN, " de ", "de"),
        (GERMAN, "", ""),
        (GERMAN, "he", ""),
        (GERMAN, 'de"><script>', ""),
        ("1,240", "de", ""),
        ("Σύλλογος Δασκάλων", "en", "el"),
        ("Это наш город", "", "ru"),
        ("Це наше місто і його їжа", "", "uk"),
        ("Гэта наш горад і ўсе", "", "be"),
        ("Това е нашият град", "", ""),
        ("Това е нашият град", "bg", "bg"),
        ("Това е нашият град", "en", ""),
        ("यह हमारा शहर है", "", "hi"),
        ("यह हमारा शहर है", "mr", "mr"),
        ("นี่คือเมืองของเรา", "", "th"),
        ("消费者协会今天呼吁各银行", "en", "zh"),
        ("消費者協會今天呼籲各銀行", "zh-Hant", "zh-Hant"),
        ("市民団体は本日、海岸清掃計画を発表", "", "ja"),
        ("시민단체는 오늘", "", "ko"),
        (GERMAN, "zh", ""),
        (f"{GERMAN} {GERMAN} {ARABIC}", "", ""),
    ],
)
def test_the_language_is_what_is_said_unless_the_letters_are_others(
    text: str, said: str, language: str
) -> None:
    assert detect_language(text, said) == language


def imported(page: str) -> ImportedDocument:
    return import_file(page.encode(), today=date(2026, 11, 1), file="page.html")


def test_a_page_says_its_language() -> None:
    page = f"<html lang='ar' dir='rtl'><h1>المنتدى ينسحب من اللجنة</h1><p>{ARABIC}</p></html>"
    assert imported(page).language == "ar"
    assert imported(page.replace("lang='ar'", "lang='en'")).language == "ar"


def test_only_another_language_than_the_usual_one_is_told() -> None:
    page = imported(f"<html lang='de-AT'><h1>Forum verlässt den Beirat</h1><p>{GERMAN}</p></html>")
    told = with_language(page, "en")
    assert told.language == "de-AT"
    assert told.notes[-1] == (
        "The text was taken to be in German: look whether its language is right."
    )
    usual = with_language(page, "de")
    assert (usual.language, usual.notes) == ("", page.notes)
    assert (
        "in another language (zxx):"
        in with_language(imported(f"<html lang=zxx><p>{GERMAN}</p>"), "en").notes[-1]
    )
