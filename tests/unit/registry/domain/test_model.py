import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.errors import FailedPrecondition
from servery_registry.domain.model import MAX_NUMBER, is_name, next_number


@pytest.mark.parametrize("name", ["", " ", "a b", "a.b", "a/b", "..", "a\n", "a\0", "größe", "１", "x" * 256, "%2e"])
def test_a_name_outside_of_the_rule_is_refused(name):
    assert not is_name(name)


@given(st.from_regex(r"[A-Za-z0-9_-]{1,255}", fullmatch=True))
def test_every_name_of_the_rule_is_fine(name):
    assert is_name(name)


@given(st.text(max_size=300))
def test_the_rule_is_what_the_contract_says(text):
    assert is_name(text) == (re.fullmatch("[A-Za-z0-9_-]{1,255}", text) is not None)


@given(st.integers(0, MAX_NUMBER - 1))
def test_the_next_number_is_behind_the_last(last):
    assert next_number(last, 0) == last + 1
    assert next_number(last, 7) == 7


def test_there_is_no_number_behind_the_greatest():
    with pytest.raises(FailedPrecondition):
        next_number(MAX_NUMBER, 0)
    assert next_number(MAX_NUMBER, 3) == 3
