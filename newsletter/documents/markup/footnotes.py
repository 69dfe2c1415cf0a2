"""Find footnotes: of two places that link to each other, the later one is the note."""

from dataclasses import dataclass

from newsletter.documents.markup.inline_markup import BLOCK_TAGS, Element, tag_of

_FOOTNOTE_TAGS = {"li", "div", "p", "dd", "aside"}


@dataclass(frozen=True, kw_only=True)
class Footnotes:
    """The footnotes of a page, removed from its tree."""

    references: dict[Element, str]
    """The link in the text → the name of its note: its number, from 1."""
    notes: dict[str, Element]
    """Name of a note → the element with its words."""


def take_footnotes(root: Element) -> Footnotes:
    """Return all footnotes, and remove them from the tree."""
    places = _find_places(root)
    links = [element for element in root.iter("a") if _links_within_page(element)]
    target_of = {link: places.get(link.get("href")[1:]) for link in links}
    links_to: dict[Element, list[Element]] = {}
    for link, home in target_of.items():
        if home is not None:
            links_to.setdefault(home, []).append(link)
    seen_links: set[Element] = set()
    references: dict[Element, str] = {}
    notes: dict[str, Element] = {}
    label_of: dict[Element, str] = {}
    for link in links:
        seen_links.add(link)  # the mark stands above its note: only links below it lead back
        # A note may lead back to the link, a mark in it or next to it, or the figure around it.
        near = [link, *link, link.getparent(), link.getprevious(), link.getnext()]
        later = [one for home in near for one in links_to.get(home, ()) if one not in seen_links]
        place = target_of[link]
        back = next((one for one in later if place in (one, *one.iterancestors())), None)
        if back is None or place is None:
            continue
        holder = _find_note(back)
        # several marks may lead to one note
        if holder not in label_of:
            label_of[holder] = str(len(label_of) + 1)
            notes[label_of[holder]] = holder
        references[link] = label_of[holder]
    for holder in notes.values():
        for link in [element for element in holder.iter("a") if target_of.get(element) is not None]:
            if link not in references:
                link.drop_tree()
        # a note within another was dropped with it
        if holder.getparent() is not None:
            holder.drop_tree()
    return Footnotes(references=references, notes=notes)


def _find_places(root: Element) -> dict[str, Element]:
    places: dict[str, Element] = {}
    for element in root.iter():
        for key in (element.get("id"), element.get("name")) if tag_of(element) else ():
            if key:
                places.setdefault(key, element)
    return places


def _links_within_page(link: Element) -> bool:
    return (link.get("href") or "").startswith("#")


def _find_note(back_link: Element) -> Element:
    """Return the largest block around a link back that contains no other link within the page."""
    holder = back_link
    while tag_of(holder) not in BLOCK_TAGS and holder.getparent() is not None:
        holder = holder.getparent()
    parent = holder.getparent()
    while parent is not None and tag_of(parent) in _FOOTNOTE_TAGS:
        # another link within the page belongs to another note
        if any(other is not back_link for other in parent.iter("a") if _links_within_page(other)):
            break
        holder, parent = parent, parent.getparent()
    return holder
