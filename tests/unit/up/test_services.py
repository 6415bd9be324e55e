"""What the settings make of the three services."""

import sys

import pytest

from servery_kit.config import ConfigError
from servery_up.program import CannotStart
from servery_up.services import services

NAMES = ["registry", "serving", "inference"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SERVERY_HOME", str(tmp_path))
    return tmp_path


def env(name):
    return next(dict(each.env) for each in services().programs if each.name == name)


def test_the_defaults_are_those_of_the_services(home):
    found = services()
    assert found.home == home
    assert [each.name for each in found.programs] == NAMES
    assert found.addresses == {
        "registry": "127.0.0.1:8081",
        "serving": "127.0.0.1:8082",
        "inference": "127.0.0.1:8001",
    }
    for each in found.programs:
        assert each.command == (sys.executable, "-m", f"servery_{each.name}")
        assert each.variable == f"SERVERY_{each.name.upper()}_BIND"
        assert each.env["SERVERY_HOME"] == str(home)


def test_those_that_call_a_service_are_told_where_it_was_moved(monkeypatch):
    monkeypatch.setenv("SERVERY_REGISTRY_BIND", "0.0.0.0:9081")
    monkeypatch.setenv("SERVERY_SERVING_BIND", "127.0.0.1:9082")
    assert env("registry")["SERVERY_REGISTRY_BIND"] == "0.0.0.0:9081"
    assert env("serving")["SERVERY_SERVING_REGISTRY_ADDRESS"] == "127.0.0.1:9081"
    assert env("inference")["SERVERY_INFERENCE_REGISTRY_ADDRESS"] == "127.0.0.1:9081"
    assert env("inference")["SERVERY_INFERENCE_SERVING_ADDRESS"] == "127.0.0.1:9082"


def test_who_says_where_another_service_is_is_believed(monkeypatch):
    monkeypatch.setenv("SERVERY_INFERENCE_REGISTRY_ADDRESS", "elsewhere:8081")
    assert "SERVERY_INFERENCE_REGISTRY_ADDRESS" not in env("inference")


def test_the_file_in_the_home_counts_too(home):
    (home / "servery.toml").write_text('drain_s = 3.0\n[registry]\nbind = "127.0.0.1:9081"\n')
    assert services().addresses["registry"] == "127.0.0.1:9081"
    assert {each.drain_s for each in services().programs} == {3.0}
    assert env("registry")["SERVERY_CONFIG"] == str(home / "servery.toml")


def test_a_wrong_setting_of_any_service_is_refused_by_its_variable(monkeypatch):
    monkeypatch.setenv("SERVERY_INFERENCE_MESSAGE_BYTES", "many")
    with pytest.raises(ConfigError, match="SERVERY_INFERENCE_MESSAGE_BYTES"):
        services()


def test_a_bind_without_a_port_is_refused_by_its_variable(monkeypatch):
    monkeypatch.setenv("SERVERY_SERVING_BIND", "localhost")
    with pytest.raises((CannotStart, ConfigError), match="SERVERY_SERVING_BIND"):
        services()
