import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.errors import InvalidArgument
from servery_kit.paging import MAX_SIZE, next_token, request_page


@given(st.text(), st.text())
def test_a_token_leads_behind_the_key_it_was_made_from(key: str, scope: str) -> None:
    assert request_page(0, next_token(key, scope), scope).after == key


@given(st.text(), st.text(), st.text())
def test_a_token_is_refused_for_another_list(key: str, scope: str, other: str) -> None:
    if scope != other:
        with pytest.raises(InvalidArgument, match="another list"):
            request_page(0, next_token(key, scope), other)


@given(st.text(min_size=1))
def test_a_token_nobody_gave_out_is_an_invalid_argument(token: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        request_page(0, token, "models")
    assert caught.value.field == "page_token"


def test_the_size_has_a_default_and_a_cap() -> None:
    assert [request_page(size, "").size for size in (0, 7, 5000)] == [50, 7, MAX_SIZE]
    with pytest.raises(InvalidArgument):
        request_page(-1, "")


def test_there_is_no_token_behind_the_last_page() -> None:
    assert next_token(None, "models") == ""
