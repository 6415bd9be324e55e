"""Settings of a service: variables `SERVERY_*`, over one TOML file, over defaults.

A service declares a subclass of `Settings` whose `env_prefix` ends in its name. The variable of a field is then the
prefix and the field's name; in the file it stands in the table of that name. What all services share has no prefix:

    SERVERY_HOME=/data SERVERY_REGISTRY_BIND=127.0.0.1:9001       home = "/data"
                                                                  [registry]
                                                                  bind = "127.0.0.1:9001"

The file is `$SERVERY_CONFIG`, or `servery.toml` in the home if there is one. A name that is no setting is refused, in
both places: a setting that is misspelt would else be silently without effect.
"""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from servery_kit.urls import shown

SHARED_PREFIX = "SERVERY_"


class CannotStart(Exception):
    """What the settings name can't be had. The message says what and why, in words for whoever starts the service."""


class ConfigError(CannotStart):
    """A setting is wrong. The message names the variable and says what it should be."""


def shared(name: str, default: Any, description: str) -> Any:
    """A field that all services share: its variable has no service in its name."""
    return Field(default, validation_alias=SHARED_PREFIX + name.upper(), description=description)


class Settings(BaseSettings):
    """What all services can be told."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")
    table: ClassVar[str]

    home: Path = shared("home", Path("~/.servery"), "Folder of all state: databases, blobs, caches, sockets.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = shared("log_level", "INFO", "Least level that is logged.")
    log_format: Literal["text", "json"] = shared("log_format", "text", "Log lines for people, or for programs.")
    drain_s: float = shared("drain_s", 10.0, "Seconds that running calls get to finish when the service is stopped.")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        prefix = str(cls.model_config.get("env_prefix", SHARED_PREFIX))
        cls.table = prefix.removeprefix(SHARED_PREFIX).strip("_").lower()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _File(settings_cls)


class _File(PydanticBaseSettingsSource):
    """The TOML file: shared settings at its top, a service's own in the table of its name."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError  # __call__ answers all fields at once

    def __call__(self) -> dict[str, Any]:
        path = config_file()
        if path is None:
            return {}
        try:
            content = tomllib.loads(path.read_text())
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from error
        own = content.get(getattr(self.settings_cls, "table", ""), {})
        top = {key: value for key, value in content.items() if not isinstance(value, dict)}
        fields = self.settings_cls.model_fields
        # A shared field goes by its variable's name, as it does in the environment.
        return {str(fields[key].validation_alias or key) if key in fields else key: v for key, v in (top | own).items()}


S = TypeVar("S", bound=Settings)


def config_file() -> Path | None:
    """The file that settings are read from; None when there is none."""
    named = os.environ.get("SERVERY_CONFIG")
    if named:
        return Path(named).expanduser()
    path = Path(os.environ.get("SERVERY_HOME", "~/.servery")).expanduser() / "servery.toml"
    return path if path.exists() else None


def load(cls: type[S], **given: Any) -> S:
    """Read the settings of a service. Raise ConfigError, which names the variable, when one is wrong."""
    _refuse_unknown_variables(cls)
    try:
        settings = cls(**given)
    except ValidationError as error:
        raise ConfigError("\n".join(_line(cls, problem) for problem in error.errors())) from error
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})


def variable(cls: type[Settings], field: str) -> str:
    """The environment variable of a field."""
    alias = cls.model_fields[field].validation_alias
    if isinstance(alias, str):
        return alias
    return f"{cls.model_config.get('env_prefix', SHARED_PREFIX)}{field}".upper()


def _line(cls: type[Settings], problem: Any) -> str:
    field = str(problem["loc"][0]) if problem["loc"] else ""
    known = {variable(cls, name): name for name in cls.model_fields}
    name = field if field in known else variable(cls, field) if field in cls.model_fields else field
    if problem["type"] == "extra_forbidden":
        return f"{field!r} in {config_file()} is not a setting{_nearest(field, cls.model_fields)}"
    secret = name in known and not cls.model_fields[known[name]].repr
    return f"{name}={'***' if secret else shown(repr(problem['input']))}: {problem['msg']}"


def _refuse_unknown_variables(cls: type[Settings]) -> None:
    prefix = str(cls.model_config.get("env_prefix", SHARED_PREFIX))
    known = {variable(cls, name) for name in cls.model_fields}
    for name in os.environ:
        if prefix != SHARED_PREFIX and name.startswith(prefix) and name not in known:
            raise ConfigError(f"{name} is not a setting{_nearest(name, known)}")


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
