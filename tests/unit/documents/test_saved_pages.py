"""Pages as Google Docs, Word and WordPress write them: kept parts and reported ones."""

from datetime import date

from newsletter.documents.importing import import_file
from newsletter.documents.release.imported import ImportedDocument

TODAY = date(2026, 11, 24)
TITLE = "Forum Leaves the Advisory Council"
FIRST = "The Example Forum left the council today after two years of work on fair housing for all."
SECOND = "We remain ready to speak with everybody who wants homes that people can pay for."


def imported(page: str) -> ImportedDocument:
    return import_file(page.encode(), today=TODAY, file="page.html")


GOOGLE = f"""<html><head><meta content="text/html; charset=UTF-8" http-equiv="content-type">
<style type="text/css">@import url(https://fonts.example/css);ol{{margin:0}}.c0{{font-weight:700}}
.c1{{color:#000000;font-weight:400}}.c5{{font-style:italic}}</style></head>
<body class="c4 doc-content">
<p class="c2 title" id="h.a"><span class="c0">{TITLE}</span></p>
<p class="c1"><span>May 3, 2024</span></p>
<p class="c1"><span class="c0">CHICAGO &ndash; </span><span class="c1">{FIRST} See </span><span
 class="c6"><a class="c7" href="https://www.google.com/url?q=https://forum.example/report?a%3D1%26b%3D2&amp;sa=D&amp;source=editors&amp;ust=17&amp;usg=AO">the
 report</a></span><span>.</span><sup><a href="#ftnt1" id="ftnt_ref1">[1]</a></sup><sup><a
 href="#cmnt1" id="cmnt_ref1">[a]</a></sup></p>
<h2 class="c0" id="h.b"><span>What Happens Next</span></h2>
<ul class="c9 lst-kix_1-0 start"><li class="c1"><span>Tenants</span></li></ul>
<ul class="c9 lst-kix_1-1 start"><li class="c1"><span class="c5">in the city</span></li></ul>
<ul class="c9 lst-kix_1-0"><li class="c1"><span>Owners</span></li></ul>
<ul class="c9 lst-kix_2-0 start"><li class="c1"><span>Another list</span></li></ul>
<p class="c1"><span>{SECOND}</span></p>
<p class="c1"><span>{FIRST}</span></p><hr class="c13">
<div><p class="c1"><a href="#ftnt_ref1" id="ftnt1">[1]</a><span>&nbsp;See page 5.</span></p></div>
<div class="c14"><p class="c1"><a href="#cmnt_ref1" id="cmnt1">[a]</a><span>Is this right?</span>
</p><p class="c1"><span>I doubt it.</span></p></div></body></html>"""


def test_a_page_of_google_docs_becomes_what_was_seen_in_it() -> None:
    document = imported(GOOGLE)

    assert (document.title, document.date) == (TITLE, date(2024, 5, 3))
    assert document.body == "\n\n".join(
        [
            f"**CHICAGO –** {FIRST} See [the report](https://forum.example/report?a=1&b=2).[^1]",
            "## What Happens Next",
            "- Tenants\n  - *in the city*\n- Owners",
            "* Another list",
            SECOND,
            FIRST,
            "[^1]: See page 5.",
        ]
    )


def test_comments_in_google_docs_never_reach_the_text_and_are_told_of() -> None:
    document = imported(GOOGLE)

    assert "right?" not in document.body + document.summary
    assert "doubt" not in document.body
    assert document.notes == (
        "It has 1 comment, left out.",
        "1 link through a mail program's or Google's redirect made direct.",
    )


def test_tracked_changes_and_comments_in_words_html_are_told_of() -> None:
    document = imported(
        f"""<html><head><meta name=Generator content="Microsoft Word 15"></head><body>
<p class=MsoTitle>{TITLE}</p>
<p class=MsoNormal>{FIRST}<span class=msoIns><ins cite="mailto:Wren" datetime="2024-05-01T10:00"> It
 was put in.</ins></span><span class=msoDel><del cite="mailto:Wren" datetime="2024-05-01T10:00"> It
 was taken out.</del></span><span class=MsoCommentReference><a class=msocomanchor id="_anchor_1"
 href="#_msocom_1" name="_msoanchor_1">[WW1]</a></span></p><p class=MsoNormal>{SECOND}</p>
<div style='mso-element:comment-list'><div style='mso-element:comment'><div id="_com_1"><a
 name="_msocom_1"></a><p class=MsoCommentText><a href="#_msoanchor_1" class=msocomoff>[WW1]</a>Sure?
</p></div></div></div></body></html>"""
    )

    assert document.body == f"{FIRST} It was put in.\n\n{SECOND}"
    assert document.notes[:2] == (
        "It has tracked changes: 1 insertion taken as text, 1 deletion left out. "
        "Is that what was agreed?",
        "It has 1 comment, left out.",
    )


def test_the_heads_and_feet_of_pages_in_libreoffices_html_are_left_out() -> None:
    document = imported(
        f"""<html><head><meta name="generator" content="LibreOffice 7.4"></head><body>
<div title="header"><p>Embargoed until 5 June 2026, 10:00</p></div><h1>{TITLE}</h1><p>{FIRST}</p>
<p>{SECOND}</p><div title="footer"><p><sdfield type=PAGE>1</sdfield></p></div></body></html>"""
    )

    assert (document.title, document.body) == (TITLE, f"{FIRST}\n\n{SECOND}")
    assert document.embargo is not None
    assert [one.text for one in document.dropped] == ["Embargoed until 5 June 2026, 10:00", "1"]


def test_what_an_author_struck_out_is_no_tracked_change() -> None:
    document = imported(
        f"<h1>{TITLE}</h1><p>{FIRST} <del>Old</del> <ins>new</ins>.</p><p>{SECOND}</p>"
    )

    assert document.body == f"{FIRST} ~~Old~~ new.\n\n{SECOND}"
    assert not any("tracked" in note for note in document.notes)


def test_a_wordpress_page_with_bars_for_sharing_gives_the_statement_alone() -> None:
    document = imported(
        f"""<!DOCTYPE html><html lang="en-US"><head><meta charset="UTF-8">
<title>{TITLE} - Example Forum</title><meta property="og:site_name" content="Example Forum">
<link rel="canonical" href="https://forum.example/news/leaves/"></head>
<body class="post-template-default single single-post">
<a class="skip-link screen-reader-text" href="#content">Skip to content</a>
<header id="masthead"><p class="site-title"><a href="/">Example Forum</a></p>
<nav class="main-navigation"><ul><li><a href="/about">About us</a></li></ul></nav></header>
<main id="primary"><article class="post type-post hentry"><header class="entry-header">
<h1 class="entry-title">{TITLE}</h1><div class="entry-meta"><span class="posted-on">Posted on
<a href="x"><time class="entry-date" datetime="2024-05-03T10:00:00-04:00">May 3, 2024</time></a>
</span>
<span class="byline"> by <a href="/author/wren">wren</a></span></div></header>
<div class="entry-content"><div class="addtoany_share_save_container"><div class="a2a_kit"><a
 class="a2a_button_facebook" href="https://share.example/facebook">Facebook</a></div></div>
<figure class="wp-block-image"><img src="/a.jpg" alt="The board at its table"></figure>
<p class="has-drop-cap">{FIRST} <a href="/report">Read the report</a>.</p>
<blockquote class="wp-block-quote"><p>We had to go.</p><cite>Wren Writer</cite></blockquote>
<ul class="wp-block-list"><li>Tenants</li><li>Owners</li></ul><p>{SECOND}</p>
<div class="sharedaddy sd-sharing-enabled"><h3 class="sd-title">Share this:</h3><ul><li><a
 href="?share=x">Click to share on X (Opens in new window)</a></li></ul></div>
<div id="jp-relatedposts" class="jp-relatedposts"><h3><em>Related</em></h3><p>Another one</p></div>
</div><footer class="entry-footer"><span class="cat-links">Posted in <a href="/c">News</a></span>
</footer></article><nav class="navigation post-navigation"><a href="/p">Previous: Old news</a></nav>
<div id="comments" class="comments-area"><ol><li><p>Nice!</p></li></ol></div></main>
<footer id="colophon"><p>Proudly powered by WordPress</p></footer></body></html>"""
    )

    assert (document.title, document.date) == (TITLE, date(2024, 5, 3))
    assert document.body == "\n\n".join(
        [
            f"{FIRST} [Read the report](https://forum.example/report).",
            "> We had to go.\n>\n> *Wren Writer*",
            "- Tenants\n- Owners",
            SECOND,
        ]
    )
    assert document.summary == ""
    said = " ".join(one.text for one in document.dropped)
    for words in ("About us", "Facebook", "The board", "Share this", "Related", "Nice!", "powered"):
        assert words in said
