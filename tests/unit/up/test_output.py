import io

import pytest

from servery_up.output import Output, colour_wanted


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    writes = 0

    def write(self, text):
        self.writes += 1
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("stream", "environment", "wanted"),
    [
        pytest.param(Terminal(), {}, True, id="a terminal"),
        pytest.param(Terminal(), {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param(Terminal(), {"NO_COLOR": ""}, True, id="empty NO_COLOR"),
        pytest.param(Terminal(), {"TERM": "dumb"}, False, id="a dumb terminal"),
        pytest.param(io.StringIO(), {}, False, id="a file"),
    ],
)
def test_colour_is_for_terminals_whose_owner_wants_it(stream, environment, wanted):
    assert colour_wanted(stream, environment) is wanted


def test_names_stand_in_a_column():
    stream = io.StringIO()
    output = Output(stream, ["registry", "inference"], colour=False)
    output.line("registry", "ready")
    output.line("inference", "ready")
    output.say("two\nlines")
    assert stream.getvalue() == ("registry  | ready\ninference | ready\nup        | two\nup        | lines\n")


def test_the_name_alone_is_coloured():
    stream = io.StringIO()
    Output(stream, ["registry"], colour=True).line("registry", "ready")
    assert stream.getvalue() == "\x1b[36mregistry | \x1b[0mready\n"


def test_a_reader_that_left_does_not_stop_the_launcher():
    stream = Gone()
    output = Output(stream, ["registry"], colour=False)
    output.line("registry", "ready")
    output.line("registry", "ready")
    assert stream.writes == 1
