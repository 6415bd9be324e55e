"""Tests skip without a part, unless the machine is said to have them all."""

import pytest

from tests.parts import PARTS, require


@pytest.mark.parametrize("name", sorted(PARTS))
def test_without_a_part_a_test_is_skipped_with_the_command_that_installs_it(name, tmp_path, monkeypatch):
    monkeypatch.delenv("SERVERY_REQUIRE_PARTS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=rf"\({name}\): `make part-{name}` installs it"):
        require(name, folder=tmp_path)


def test_without_a_part_a_test_fails_where_all_are_required(tmp_path, monkeypatch):
    monkeypatch.setenv("SERVERY_REQUIRE_PARTS", "1")
    with pytest.raises(pytest.fail.Exception, match="make part-triton"):
        require("triton", folder=tmp_path)


def test_an_installation_that_was_not_completed_does_not_count(tmp_path, monkeypatch):
    monkeypatch.delenv("SERVERY_REQUIRE_PARTS", raising=False)
    (tmp_path / "triton").mkdir()
    with pytest.raises(pytest.skip.Exception):
        require("triton", folder=tmp_path)
    (tmp_path / "triton.stamp").touch()
    assert require("triton", folder=tmp_path) == tmp_path / "triton"
