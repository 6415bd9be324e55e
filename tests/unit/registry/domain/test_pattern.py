import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery_registry.domain.pattern import MAX_WORK, pattern_problem, pattern_work


@pytest.mark.parametrize(
    "pattern",
    [
        "", "a", "^[a-z]+$", "^(dev|staging|prod)$", "^(?:a|b)?$", r"^\d{4}-\d{2}-\d{2}$", r"^v\d+\.\d+$",
        r"[\]\[a&~|-]",
        r"^[^@\]]+@[^@]+\.[a-z]{2,3}$", "x*?", "^(ab){2,3}$", "größe", r"\u00e4", "a|b|c",
    ],
)  # fmt: skip
def test_plain_patterns_are_taken(pattern):
    assert pattern_problem(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        ("(", "plain"),
        ("[", "plain"),
        ("*", "plain"),
        ("a{2", "plain"),
        ("(?=a)", "plain"),
        ("(?P<n>a)", "plain"),
        (r"(a)\1", "plain"),
        ("a++", "plain"),
        (r"\Aa", "plain"),
        ("(" * 30 + ")" * 30, "plain"),
        ("(a+)+$", "too long"),
        ("(a|a)*$", "too long"),
        ("(a*)*", "too long"),
        ("(a|aa)+$", "too long"),
        ("(x+x+)+y", "too long"),
        (".*.*.*.*=", "too long"),
        ("(a|a)" * 40 + "b", "too long"),
        ("((a{0,9}){0,9}){0,9}b", "too long"),
        ("(a?){60}" + "a" * 60, "too long"),
        ("a{9999}{9999}", "plain"),
        ("[]a]", "plain"),
        ("[^](a+)+]", "plain"),
        ("[[a]", "plain"),
        ("[a--b]", "plain"),
        ("[z-a]", "regular expression"),
        ("a{3,2}", "regular expression"),
    ],
)
def test_others_are_refused(pattern, word):
    problem = pattern_problem(pattern)
    assert problem is not None
    assert word in problem


PART = st.sampled_from(["a", "b", ".", "[ab]", "^", "$", r"\w"])
PATTERN = st.recursive(
    PART,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,3}", "*?"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        )
        | st.lists(inner, min_size=1, max_size=4).map("".join)
        | st.lists(inner, min_size=2, max_size=3).map("|".join).map("({})".format)
    ),
    max_leaves=8,
)


@given(PATTERN, st.text("ab", max_size=64), st.sampled_from(["", "c", "\n"]))
def test_what_is_taken_is_matched_in_time(pattern, text, end):
    if pattern_problem(pattern) is not None or pattern_work(pattern, 65) > MAX_WORK:
        return
    begin = time.process_time()
    re.search(pattern, text + end)
    assert time.process_time() - begin < 3


@given(st.text(r"ab()[]{}|*+?^$.,-&\12", max_size=12))
def test_any_text_gets_an_answer(pattern):
    problem = pattern_problem(pattern)
    if problem is None:
        re.compile(pattern)
        assert pattern_work(pattern, 64) <= MAX_WORK
