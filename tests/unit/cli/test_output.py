import io

import pytest

import servery
from servery.cli import _bars, _output


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_250_000, "1.2 MB"), (5 * 10**9, "5.0 GB"), (10**15, "1000.0 TB")],
)
def test_sizes_are_for_people(count, text):
    assert _output.size(count) == text


def test_what_looks_like_markup_is_shown_as_it_is(capsys):
    _output.fail("no file fits [sklearn]\nlook  [red]here[/]")
    _output.put_table(("NAME",), [("[bold]x[/]",), ("RUNNING",)])
    _output.put_facts([("Reason", "[a]"), ("Empty", "")])
    shown = capsys.readouterr()
    assert shown.err == "error: no file fits [sklearn] look [red]here[/]\n"
    assert [line.strip() for line in shown.out.splitlines()] == ["NAME", "[bold]x[/]", "RUNNING", "Reason  [a]"]


def test_a_table_in_a_pipe_is_not_cut(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    _output.put_table(("NAME", "REASON"), [("iris", "because " * 20)])
    assert "because " * 19 in capsys.readouterr().out


def test_what_is_not_json_is_no_silent_text():
    with pytest.raises(TypeError, match="object is not JSON"):
        _output.put_json(object())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_bars_show_the_file_and_the_total_on_a_terminal_only(monkeypatch, terminal):
    stderr = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    with _bars.Bars() as bars:
        for stage in ("hash", "send"):
            for path in ("a" * 60, "b.bin"):
                for done in (50, 100):
                    bars(
                        servery.Progress(
                            stage=stage, path=path, file_done=done, file_size=100, total_done=done, total_size=200
                        )
                    )
    shown = stderr.getvalue()
    assert bool(shown) == terminal
    for text in ("Reading", "Uploading", "b.bin", "100/100 bytes", "100/200 bytes") if terminal else ():
        assert text in shown
    assert "a" * 50 not in shown
