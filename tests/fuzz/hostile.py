"""Runs random texts: a new seed each time, which a failure reports."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.properties import TIMES

hostile = settings(
    deadline=None,  # a loaded machine is no fault
    derandomize=False,
    database=None,
    print_blob=True,
    max_examples=60 * TIMES,
    suppress_health_check=list(HealthCheck),
)
"""Some seconds each. With ``--hypothesis-seed`` a run is repeated."""

PIECES = st.sampled_from(
    [
        *("---\n", "title: ", "date: ", "- ", "# ", "<p>", "</p>", "<!--", "-->", "<![CDATA["),
        *("&amp;", "&#x0;", "\x00", "\u202e", "\ufeff", "\r\n", "\n\n", " " * 300, "\t", "[", "]("),
        *("http://", "@", "9" * 5000, "-1", "1e999", "2026-13-45", "{{", "}}", "{%", "NLMERGE"),
        *('"', "'", "\\", "`", "*|", "%", "../", "//", "💥", "é", "=?utf-8?", "; q=", ","),
    ]
)
TEXT = st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=12).map("".join)
"""Words, marks that mean something somewhere, and whatever there is in Unicode."""
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        TEXT,
        st.sampled_from(["\ud800", "x" * 5000, "0", "-1", "ok", "error", "success", "SUCCESS"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
"""Any value of JSON, and what Python takes for it."""
BYTES = st.one_of(
    st.binary(max_size=400), TEXT.map(lambda text: text.encode("utf-8", "surrogatepass"))
)
