"""What the options of a command say, read into values."""

import json
import sys
from pathlib import Path
from typing import Any

import typer

import servery
from servery.client._metadata import model_schema
from servery.errors import InvalidArgument


def json_text(text: str, option: str) -> Any:
    """The value of JSON text, of a file after @, or of stdin for -. Wrong usage when it is none."""
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"can't read {text[1:]}: {error}", param_hint=option) from None
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"this is not JSON: {error}", param_hint=option) from None


def metrics(values: list[str] | None) -> dict[str, float]:
    """Metrics given as accuracy=0.97."""
    given: dict[str, float] = {}
    for value in values or []:
        name, _, number = value.rpartition("=")
        try:
            given[name] = float(number)
        except ValueError:
            name = ""
        if not name:
            raise typer.BadParameter(f"{value!r} is not NAME=NUMBER, as in accuracy=0.97", param_hint="--metric")
    return given


def tags(values: list[str] | None) -> dict[str, Any]:
    """Tags given as team="vision": a name and JSON."""
    given = {}
    for value in values or []:
        name, sign, text = value.partition("=")
        if not name or not sign:
            raise typer.BadParameter(f"{value!r} is not NAME=JSON, as in 'team=\"vision\"'", param_hint="--tag")
        given[name] = json_text(text, "--tag")
    return given


def schema(text: str | None) -> servery.ModelSchema | None:
    """A schema given as JSON, or as a file after @."""
    if text is None:
        return None
    try:
        return model_schema(json_text(text, "--schema"))
    except InvalidArgument as error:
        raise typer.BadParameter(str(error), param_hint="--schema") from None


def reference(text: str) -> tuple[str, int | None, str | None]:
    """Model, number and alias of NAME, NAME:NUMBER or NAME:ALIAS."""
    name, sign, which = text.partition(":")
    if not name or (sign and not which) or ":" in which:
        raise typer.BadParameter(f"{text!r} is not NAME, NAME:NUMBER or NAME:ALIAS")
    if which.isascii() and which.isdigit():
        return name, int(which), None
    return name, None, which or None
