"""Templates of JSON: what they can say, and what they cannot be made to say."""

import json
from typing import Any

import pytest

from newsletter.providers.http.body import MESSAGE_FIELDS, BodyTemplate
from tests.rows import rows

MESSAGE: dict[str, Any] = {
    "id": "letter1",
    "to": "ana@a.example",
    "name": "",
    "subject": "Subject",
    "html": "<p>Page</p>",
    "text": "Text",
    "headers": {"List-Id": "Press <press.forum.example>"},
    "from_name": "Forum",
    "from_address": "news@forum.example",
    "reply_to": "",
}
LEAST = '"to": "{{ message.to }}", "s": "{{ message.subject }}", "t": "{{ message.text }}"'


def filled(source: str, **changes: Any) -> Any:
    return json.loads(BodyTemplate(source, several=False).fill([MESSAGE | changes]))


def test_a_message_has_the_fields_that_are_named() -> None:
    assert tuple(MESSAGE) == MESSAGE_FIELDS
    said = filled("{{ message | tojson }}")
    assert said == MESSAGE


def test_the_same_message_gives_the_same_bytes() -> None:
    template = BodyTemplate(f"{{{LEAST}}}", several=False)
    again = BodyTemplate(f"{{{LEAST}}}", several=False)
    assert template.fill([MESSAGE]) == template.fill([MESSAGE]) == again.fill([MESSAGE])


@rows(
    "text",
    [
        '"',
        "\\",
        '\\"',
        '", "bcc": "eve@example.org',
        "}",
        "]}",
        "{{ 7 * 7 }}",
        "{% for x in message %}",
        "{# note #}",
        "${HOME}",
        "line\nbreak\r\t\x00\x1f",
        "\u2028\u2029",
        "<script>&amp;'",
        "true",
        "1",
        "",
        "論壇 🎉",
    ],
)
def test_text_stays_what_it_is(text: str) -> None:
    """In quotes of the template's, with those of tojson, joined to others, and as a key."""
    source = (
        f'{{{LEAST}, "quoted": "<{{{{ message.subject }}}}>", '
        '"json": {{ message.subject | tojson }}, '
        '"joined": {{ ("<" ~ message.subject ~ ">") | tojson }}, '
        '"upper": "{{ message.subject | upper }}", '
        '"both": "{{ message.subject }}{{ message.subject }}", '
        '"under": {"k{{ message.subject }}": 1}}'
    )
    said = filled(source, subject=text)
    assert said == {
        "to": MESSAGE["to"],
        "s": text,
        "t": "Text",
        "quoted": f"<{text}>",
        "json": text,
        "joined": f"<{text}>",
        "upper": text.upper(),
        "both": text * 2,
        "under": {f"k{text}": 1},
    }


def test_json_that_a_filter_changed_is_text_again() -> None:
    with pytest.raises(ValueError, match="gives no JSON"):
        BodyTemplate(f'{{{LEAST}, "x": {{{{ message.to | tojson | upper }}}}}}', several=False)
    source = f'{{{LEAST}, "x": "{{{{ message.subject | tojson | upper }}}}"}}'
    assert filled(source, subject='a"b')["x"] == '"A\\"B"'


def test_numbers_stand_without_quotes() -> None:
    source = f'{{{LEAST}, "n": {{{{ message.subject | length }}}}, "h": {{{{ 1.5 }}}}}}'
    said = filled(source)
    assert (said["n"], said["h"]) == (7, 1.5)


def test_what_is_no_text_asks_for_tojson(subtests: pytest.Subtests) -> None:
    for value in ["message.headers", "message", "[1]", "none", "true"]:
        with subtests.test(value=value):
            with pytest.raises(ValueError, match="tojson"):
                BodyTemplate(f'{{{LEAST}, "x": {{{{ {value} }}}}}}', several=False)
            assert "x" in filled(f'{{{LEAST}, "x": {{{{ {value} | tojson }}}}}}')


def test_what_is_wrong_is_said_when_it_is_parsed(subtests: pytest.Subtests) -> None:
    for source, says in [
        ("{{ message.to", "is not a template"),
        ('{"to": {{ message.too }}}', "did you mean to?"),
        ('{"to": {{ message.too | tojson }}}', "did you mean to?"),
        ('{"to": {{ mesage.to }}}', "did you mean message?"),
        ('{"to": {{ xyzzy }}}', "uses 'xyzzy', which is not there"),
        ('{"to": {{ messages[0].to }}}', "there is message instead"),
        ('{"to": "{{ message.to }}"', "gives no JSON"),
        ('{"to": "{{ message.to }}",}', "gives no JSON"),
        ('{"to": {{ message.to }}}', "gives no JSON"),
        ('{"to": NaN}', "it has no NaN"),
        ('{"to": 1, "to": 2}', "'to' appears twice"),
        ('"{{ message.to }}"', "neither an object nor a list"),
        ("[" * 100_000, "nested too deeply"),
        ("{}", "does not say message.to"),
        ('{"to": "{{ message.to }}"}', "does not say message.subject"),
        (
            '{"to": "{{ message.to }}", "s": "{{ message.subject }}"}',
            "does not say message.html nor message.text",
        ),
        ("{{ 1 / 0 }}", "cannot be filled"),
        ("{% include 'other' %}", "cannot be filled"),
        ("{{ message.__class__ }}", "unsafe"),
        ("{{ message.to.__class__.__mro__ }}", "unsafe"),
        ("{{ message.headers.clear() }}", "cannot be filled"),
        ("{{ message.update({}) }}", "cannot be filled"),
        ("{{ lipsum() }}", "uses 'lipsum'"),
        ("{{ range(3) }}", "uses 'range'"),
        ("{{ message.to | random }}", "No filter named 'random'"),
        ("{{ '%s' | format(message.__init__) }}", "unsafe"),
        ("{{ message.to.format_map }}", "is no text"),
    ]:
        with subtests.test(source=source, says=says):
            with pytest.raises(ValueError) as caught:  # noqa: PT011 - its words are what is tested
                BodyTemplate(source, several=False)
            assert says in str(caught.value)


def test_the_line_of_a_fault_is_that_of_the_template() -> None:
    for source in ("{\n\n{{ message.x }}}", "{\n\n{% if %}}", "{\n\n{{ 1 / 0 }}}"):
        with pytest.raises(ValueError, match="in its line 3"):
            BodyTemplate(source, several=False)


def test_a_list_is_tried_with_several_messages() -> None:
    one = '{"to": "{{ m.to }}", "s": "{{ m.subject }}", "t": "{{ m.text }}"}'
    comma = "{% if not loop.last %},{% endif %}"
    BodyTemplate(f"[{{% for m in messages %}}{one}{comma}{{% endfor %}}]", several=True)
    with pytest.raises(ValueError, match="gives no JSON"):
        BodyTemplate(f"[{{% for m in messages %}}{one}{{% endfor %}}]", several=True)
    with pytest.raises(ValueError, match="does not say"):
        BodyTemplate(f"[{one.replace('m.', 'messages[0].')}]", several=True)
    with pytest.raises(ValueError, match="there is messages instead"):
        BodyTemplate(one.replace("m.", "message."), several=True)


def test_what_readers_would_lack_is_listed() -> None:
    assert BodyTemplate("{{ message | tojson }}", several=False).find_missing_parts() == []
    assert BodyTemplate("{{ messages | tojson }}", several=True).find_missing_parts() == []
    least = BodyTemplate(f"{{{LEAST}}}", several=False)
    assert least.find_missing_parts() == [
        "html",
        "from_address",
        "Message-ID",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Feedback-ID",
    ]
