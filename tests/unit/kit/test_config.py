from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from servery_kit.config import ConfigError, Settings, load


class Registry(Settings):
    model_config = SettingsConfigDict(env_prefix="SERVERY_REGISTRY_")
    bind: str = "127.0.0.1:8081"
    workers: int = 1


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SERVERY_HOME", str(tmp_path))
    return tmp_path


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "servery.toml").write_text(
        'log_level = "DEBUG"\n[registry]\nbind = "file:1"\nworkers = 2\n[serving]\nx = 1'
    )
    monkeypatch.setenv("SERVERY_REGISTRY_WORKERS", "3")
    config = load(Registry)
    assert (config.bind, config.workers, config.log_level, config.home) == ("file:1", 3, "DEBUG", home)


def test_the_home_is_not_taken_from_the_variable_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.delenv("SERVERY_HOME")
    assert load(Registry).home == Path("/somewhere/.servery")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SERVERY_REGISTRY_WORKERS", "many", "SERVERY_REGISTRY_WORKERS='many': .*valid integer"),
        ("SERVERY_LOG_LEVEL", "LOUD", "SERVERY_LOG_LEVEL='LOUD': .*'DEBUG'"),
        ("SERVERY_REGISTRY_WROKERS", "1", "SERVERY_REGISTRY_WROKERS is not .* did you mean SERVERY_REGISTRY_WORKERS"),
        ("SERVERY_CONFIG", "/nowhere.toml", r"/nowhere\.toml"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=message):
        load(Registry)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("log_levle = 'INFO'", "'log_levle' in .*servery.toml is not a setting; did you mean log_level"),
        ("[registry]\nwrokers = 2", "'wrokers' in .*servery.toml is not a setting; did you mean workers"),
        ("= nonsense", "servery.toml: "),
    ],
)
def test_a_wrong_line_of_the_file_is_named(home: Path, content: str, message: str) -> None:
    (home / "servery.toml").write_text(content)
    with pytest.raises(ConfigError, match=message):
        load(Registry)
