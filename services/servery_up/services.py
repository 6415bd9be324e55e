"""The three services, as the settings describe them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from servery_inference.config import Config as Inference
from servery_kit.config import Settings, config_file, load, variable
from servery_registry.config import Config as Registry
from servery_serving.config import Config as Serving
from servery_up.ports import pinned, reached_at
from servery_up.program import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What is to run, and where."""

    home: Path
    programs: tuple[Program, ...]
    """In the order in which they are started; they are stopped in the opposite one."""

    @property
    def addresses(self) -> dict[str, str]:
        """Name of a service to the address at which it is reached from this machine."""
        return {program.name: reached_at(program.bind) for program in self.programs}


def services() -> Services:
    """Read the settings of all three. Raise ConfigError, or CannotStart, which name the variable that is wrong."""
    registry, serving, inference = load(Registry), load(Serving), load(Inference)
    binds = {
        config.table: pinned(config.bind, variable(type(config), "bind")) for config in (registry, serving, inference)
    }
    reached = {f"{name}_address": reached_at(bind) for name, bind in binds.items()}
    return Services(
        home=registry.home,
        programs=tuple(_program(config, binds[config.table], reached) for config in (registry, serving, inference)),
    )


def _program(config: Registry | Serving | Inference, bind: str, reached: Mapping[str, str]) -> Program:
    kind = type(config)
    env = _shared(config) | {variable(kind, "bind"): bind}
    for field, address in reached.items():
        # Somebody who says where another service is knows better than we do.
        if field in kind.model_fields and field not in config.model_fields_set:
            env[variable(kind, field)] = address
    return Program(
        name=config.table,
        command=(sys.executable, "-m", f"servery_{config.table}"),
        bind=bind,
        variable=variable(kind, "bind"),
        env=env,
        drain_s=config.drain_s,
    )


def _shared(config: Settings) -> dict[str, str]:
    env = {"SERVERY_HOME": str(config.home), "PYTHONUNBUFFERED": "1"}
    if "SERVERY_CONFIG" not in os.environ and (file := config_file()) is not None:
        # It may be the file that says where the home is.
        env["SERVERY_CONFIG"] = str(file.absolute())
    return env
