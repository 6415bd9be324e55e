import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery_up.ports import pinned, reached_at, split
from servery_up.program import CannotStart


@pytest.mark.parametrize(
    ("bind", "reached"),
    [
        ("127.0.0.1:8081", "127.0.0.1:8081"),
        ("0.0.0.0:8081", "127.0.0.1:8081"),
        (":8081", "127.0.0.1:8081"),
        ("[::]:8081", "[::1]:8081"),
        ("[::1]:8081", "[::1]:8081"),
        ("machine.example:8081", "machine.example:8081"),
        ("unix:/tmp/registry.sock", "unix:/tmp/registry.sock"),
    ],
)
def test_a_service_is_reached_where_it_listens(bind, reached):
    assert reached_at(bind) == reached


@pytest.mark.parametrize(
    "bind", ["8081", "host", "host:", "host:port", "host:65536", "host:-1", "host:٣", "host: 1", ""]
)
def test_what_is_no_address_is_refused_by_the_name_of_its_variable(bind):
    with pytest.raises(CannotStart, match=r"^SERVERY_REGISTRY_BIND=.*host:port"):
        split(bind, "SERVERY_REGISTRY_BIND")


@given(st.text())
def test_any_text_is_an_address_or_is_refused(bind):
    try:
        host, port = split(bind, "X")
    except CannotStart:
        return
    assert bind.startswith(host)
    assert 0 <= port <= 65535


@pytest.mark.parametrize("bind", ["127.0.0.1:8081", "unix:/tmp/registry.sock"])
def test_an_address_with_a_port_is_left_as_it_is(bind):
    assert pinned(bind, "X") == bind
