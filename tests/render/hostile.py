"""Results in which every text is as bad as it can be, for the tests of formats that programs read."""

from __future__ import annotations

from hypothesis import strategies as st

from costguard.model import Span
from costguard.result import Finding, ScanResult, UnreadReport, Verdict
from tests.render.results import finding, query, result, usd

TEXTS = st.text(st.characters(exclude_categories=()), max_size=30)
"""Control characters, halves of surrogate pairs and characters that no standard knows among them."""
NASTY = st.sampled_from(
    [
        "a|b`c``d\\|e",
        "<script>alert(1)</script>&amp;",
        "]]>",
        "::error::x\r\n::stop-commands::y",
        "%0A%25,:",
        "[click](javascript:alert(1)) ![x](http://e.vil/x.png) <http://e.vil> https://e.vil www.e.vil",
        "@everyone #1 !2 GH-3 a@b.ch ~label &1 %m",
        "\x00\x08\x1b[31m\u202e\ufffe\ud800",
        "{0} {{ this }} 'q' \"r\"",
    ]
)
STRINGS = TEXTS | NASTY
SPANS = st.builds(
    lambda line, more, column, cell: Span(line, column, line + more, column + 1, cell),
    st.integers(1, 40),
    st.integers(0, 3),
    st.integers(1, 40),
    st.none() | st.integers(1, 3),
)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    """A finding with any texts."""
    return finding(
        path=draw(STRINGS.filter(bool)),
        rule=draw(STRINGS.filter(bool)),
        severity=draw(st.sampled_from(["error", "warning", "note"])),
        span=draw(SPANS),
        message=draw(STRINGS),
        help=draw(st.none() | STRINGS),
        suppressed=draw(st.none() | STRINGS),
        fingerprint=draw(st.sampled_from(["one", "two"])),
        wasted_usd=draw(st.none() | st.just(usd("0", "0.25", "1", "modelled"))),
    )


@st.composite
def results(draw: st.DrawFn) -> ScanResult:
    """A scan of hostile code."""
    found = draw(st.lists(findings(), max_size=4))
    unread = draw(
        st.lists(
            st.builds(UnreadReport, STRINGS.filter(bool), SPANS, STRINGS.filter(bool), STRINGS), max_size=3
        )
    )
    queries = [
        query(
            draw(STRINGS.filter(bool)),
            variant=draw(st.none() | STRINGS),
            size=draw(st.none() | st.just(2**40)),
        )
        for _ in range(draw(st.integers(0, 2)))
    ]
    return result(queries, found, unread)


VERDICTS = st.builds(
    Verdict, st.sampled_from(["pass", "fail", "error"]), st.lists(STRINGS, max_size=2).map(tuple)
)
