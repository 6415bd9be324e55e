import io
from pathlib import Path

import pytest
from rich.console import Console

from servery_up.panel import show

ADDRESSES = {"registry": "127.0.0.1:8081", "serving": "127.0.0.1:8082", "inference": "127.0.0.1:8001"}


@pytest.mark.parametrize("demo", [False, True], ids=["alone", "with the demo"])
def test_it_says_where_things_are_how_to_stop_and_what_to_try(demo):
    shown = io.StringIO()
    show(Console(file=shown, width=100), ADDRESSES, Path("/data/servery"), demo=demo)
    for words in (*ADDRESSES.values(), "/data/servery", "Ctrl-C"):
        assert words in shown.getvalue()
    assert ("servery models push --help" in shown.getvalue()) is not demo


def test_a_narrow_terminal_loses_no_part_of_the_home():
    shown = io.StringIO()
    home = Path("/a/folder/that/is/deep/down/in/the/tree/of/someone/who/likes/long/names")
    show(Console(file=shown, width=60), ADDRESSES, home, demo=False)
    text = "".join(shown.getvalue().split())
    assert all(part in text for part in ("/a/folder", "names"))
