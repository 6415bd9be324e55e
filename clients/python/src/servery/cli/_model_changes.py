"""Commands of `servery models` that change what is known of models."""

from typing import Annotated

import typer

from servery.cli import _given as given
from servery.cli._model_options import Certain, Either, Name
from servery.cli._model_view import show_version
from servery.cli._output import Json, example, put_facts, put_json, say
from servery.cli._session import client
from servery.client._versions import UPDATABLE


def add_to(app: typer.Typer) -> None:
    """Mount the verbs."""
    app.command(
        epilog=example(
            "servery models update iris --description 'flowers'",
            "servery models update iris --version 2 --metric f1=0.9 --clear description",
        )
    )(update)
    app.command(epilog=example("servery models delete iris --version 2", "servery models delete iris --all"))(delete)
    app.command(
        epilog=example(
            "servery models tag iris team '\"vision\"' --version 2", "servery models tag iris owners @o.json"
        )
    )(tag)
    app.command(epilog=example("servery models untag iris team --version 2"))(untag)
    app.command(
        epilog=example(
            "servery models alias iris champion --version 2",
            "servery models alias iris champion --version 3 --previous 2",
        )
    )(alias)
    app.command(epilog=example("servery models unalias iris champion"))(unalias)


def _clear(values: list[str] | None) -> list[str]:
    for value in values or []:
        if value not in UPDATABLE:
            raise typer.BadParameter(f"{value!r} is none of {', '.join(UPDATABLE)}")
    return values or []


def update(
    context: typer.Context,
    name: Name,
    version: Either = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="Free text.")] = None,
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME=NUMBER", help="A metric of the version; the others stay.")
    ] = None,
    input_example: Annotated[
        str | None, typer.Option(metavar="JSON|@FILE|-", help="What a request may look like.")
    ] = None,
    schema: Annotated[
        str | None, typer.Option(metavar="JSON|@FILE|-", help='What it takes and gives: {"input": …, "output": …}.')
    ] = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Empty one of " + ", ".join(UPDATABLE) + ".", callback=_clear),
    ] = None,
    json: Json = False,
) -> None:
    """Change what is known of a version, or the description of a model. Files never change."""
    metrics, shape = given.metrics(metric), given.schema(schema)
    sample = None if input_example is None else given.json_text(input_example, "--input-example")
    if version is None:
        if description is None or metrics or shape or sample is not None or clear:
            raise typer.BadParameter(
                "a model has a --description alone; say which --version the rest is of", param_hint="--version"
            )
        with client(context) as hub:
            model = hub.models.update(name, description=description)
        put_json(model) if json else put_facts([("Name", model.name), ("Description", model.description)])
        return
    with client(context) as hub:
        # Metrics are replaced whole: those that stay are read first, and nobody may change them in between.
        before = hub.versions.get(name, version, show_pending=True) if metrics else None
        made = hub.versions.update(
            name,
            version,
            description=description,
            metrics=None if before is None else {**before.metrics, **metrics},
            input_example=sample,
            schema=shape,
            clear=clear or [],
            etag="" if before is None else before.etag,
        )
    put_json(made) if json else show_version(made)


def delete(
    context: typer.Context,
    name: Name,
    version: Either = None,
    everything: Annotated[bool, typer.Option("--all", help="All versions, and the model.")] = False,
) -> None:
    """Remove a version, or a model that has none left. What a deployment uses stays.

    The number is never used again. Bytes are freed by garbage collection, see servery registry gc.
    """
    if everything and version is not None:
        raise typer.BadParameter("give --version or --all, not both", param_hint="--all")
    with client(context) as hub:
        if version is not None:
            hub.versions.delete(name, version)
            say(f"Version {version} of {name} is deleted.")
            return
        if everything:
            for each in list(hub.versions.list(name, show_pending=True)):
                hub.versions.delete(name, each.version)
                say(f"Version {each.version} of {name} is deleted.")
        hub.models.delete(name)
    say(f"Model {name} is deleted.")


Tag = Annotated[str, typer.Argument(metavar="TAG", help="Name of the tag.")]


def tag(
    context: typer.Context,
    name: Name,
    tag: Tag,
    value: Annotated[str, typer.Argument(metavar="JSON|@FILE|-", help="Its value.")],
    version: Either = None,
) -> None:
    """Set a tag of a version or of a model, or change its value."""
    data = given.json_text(value, "JSON")
    with client(context) as hub:
        hub.tags.set(name, tag, data, version=version)
    say(f"Tag {tag} of {_of(name, version)} is set.")


def untag(context: typer.Context, name: Name, tag: Tag, version: Either = None) -> None:
    """Remove a tag of a version or of a model."""
    with client(context) as hub:
        hub.tags.delete(name, tag, version=version)
    say(f"Tag {tag} of {_of(name, version)} is removed.")


AliasName = Annotated[str, typer.Argument(metavar="ALIAS", help="The alias, such as champion.")]


def alias(
    context: typer.Context,
    name: Name,
    alias: AliasName,
    version: Certain,
    previous: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Only if it names this version now; 0 for none.")
    ] = None,
) -> None:
    """Let an alias name a version, and no other from then on."""
    with client(context) as hub:
        hub.aliases.set(name, alias, version, previous=previous)
    say(f"{alias} of {name} is version {version}.")


def unalias(context: typer.Context, name: Name, alias: AliasName) -> None:
    """Remove an alias. The version stays."""
    with client(context) as hub:
        hub.aliases.delete(name, alias)
    say(f"Alias {alias} of {name} is removed.")


def _of(name: str, version: int | None) -> str:
    return name if version is None else f"version {version} of {name}"
