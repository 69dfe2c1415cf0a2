"""What tries texts at random: a new seed each time, told where something fails."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

hostile = settings(
    deadline=None,  # a loaded machine is no fault
    derandomize=False,
    database=None,
    print_blob=True,
    max_examples=60,
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
BYTES = st.one_of(
    st.binary(max_size=400), TEXT.map(lambda text: text.encode("utf-8", "surrogatepass"))
)
