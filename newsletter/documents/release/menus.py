"""Words that sites put around a text: entries of menus, links for sharing, names of networks."""

import re

_MENUS = """
home, homepage, menu, main menu, search, search for, about, about us, about the office, about the
agency, about the department, contact, contacts, contact us, news, newsroom, news room, news
center, news & events, news & media, newsletter, newsletters, press, media, press release, press
releases, press room, press office, press center, press kit, press contact, press contacts, media
center, media kit, media room, media contacts, event, events, calendar, career, careers,
employment, internship, internships, volunteer, volunteers, donate, give, get involved, get help,
get started, program, programs, our programs, service, services, our services, departments, our
departments, divisions, projects, our work, our mission, mission, our history, history, our story,
our values, our team, team, staff, our people, our impact, our partners, partners, leadership,
directory, staff directory, employee directory, board, board of directors, board of trustees,
trustees, executive staff, executive team, executive office, management, who we are, what we do,
how it works, how to help, publication, publications, report, reports, annual report, annual
reports, resource, resources, library, form, forms, faq, faqs, documents, permit, permits,
licenses, permits & licenses, accessibility, accessibility statement, privacy, privacy policy,
privacy notice, terms, terms of use, terms of service, terms & conditions, terms and conditions,
sitemap, site map, legal, legal notice, disclaimer, imprint, open data, data, podcast, podcasts,
blog, blogs, op-ed, op-eds, opinion, video, videos, photo, photos, gallery, shop, store, apps,
help, support, feedback, community, victim services, membership, members, residents, business,
businesses, visitors, government, topics, issues, archive, archives, all news, multimedia, stay
informed, take action, join us, our offices, locations, bids, rfps, startseite, aktuelles, über
uns, kontakt, impressum, datenschutz, datenschutzerklärung, karriere, presse, termine, suche,
barrierefreiheit, leichte sprache, service, themen, nachrichten, inicio, noticias, contacto,
quiénes somos, aviso legal, política de privacidad, política de cookies, transparencia, empleo,
sala de prensa, accueil, actualités, mentions légales, plan du site, nous connaître, recrutement,
accessibilité, espace presse, contatti, chi siamo, notizie, contato, quem somos, over ons, nieuws,
vacancies
"""
_BESIDE = """
share, share this, print, email, e-mail, tweet, close, accept, decline, reject, subscribe, log in,
login, sign in, sign up, signup, follow us, follow, you are here, rss, whatsapp, facebook,
twitter, x, linkedin, instagram, youtube, tiktok, flickr, pinterest, bluesky, threads, mastodon,
telegram, vimeo, reddit, feedburner, author, published, stay connected, connect with us, connect,
cookie policy, cookie settings, cookie preferences, cookie notice, english, español, deutsch,
français, italiano, português, nederlands, read more, read less, show more, learn more, load more,
copy link, copy url, teilen, drucken, compartir, imprimir, partager, back, next, previous, top,
scroll to top, back to top, top of page, bottom of page, loading, all rights reserved, alle rechte
vorbehalten, tous droits réservés, todos los derechos reservados
"""
_FREE = re.compile(
    r"(?:bureaus?|departments|divisions) ?& ?\w+|meet .{2,20}|report an? \w+|community \w+"
    r"|(?:\w+ )?policy|legal \w+|permits? (?:&|and) \w+"
)
_AROUND = re.compile(
    r"posted (?:in|by)\b.*|filed under.*|tags?:.*|categor(?:y|ies):?.*|[/|»›>]"
    r"|(?:[←→«»‹›<>] ?)?(?:next|previous|older|newer)"
    r"(?: (?:post|article|page|story|stories|entry|entries)s?)?(?: ?[←→«»‹›<>])?"
    r"|leave a (?:comment|reply)|(?:no )?comments(?: are closed)?|\d+ comments?",
)
_LONGEST = 40
_LONGEST_AROUND = 200


def _entries(text: str) -> frozenset[str]:
    return frozenset(" ".join(entry.split()) for entry in text.split(","))


_MENU_ENTRIES, _BESIDE_ENTRIES = _entries(_MENUS), _entries(_BESIDE)


def is_menu_entry(text: str) -> bool:
    """Whether a line is an entry of a menu that many sites have."""
    if len(text) > _LONGEST:
        return False
    plain = _plain(text)
    return plain in _MENU_ENTRIES or bool(_FREE.fullmatch(plain))


def is_beside_text(text: str) -> bool:
    """Whether a line is what sites put beside a text: for sharing, for going on."""
    if len(text) > _LONGEST_AROUND:
        return False
    plain = _plain(text)
    return plain in _BESIDE_ENTRIES or bool(_AROUND.fullmatch(plain))


def _plain(text: str) -> str:
    return text.casefold().strip(" .:…")
