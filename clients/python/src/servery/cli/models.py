"""`servery models …`: register models, look at them, and change what is known of them."""

from typing import Annotated, Any

import typer

from servery.cli import _model_changes as changes
from servery.cli import _model_transfer as transfer
from servery.cli._given import reference
from servery.cli._model_options import Alias, Name, Number
from servery.cli._model_view import facts, show_model, show_version, show_versions
from servery.cli._output import Json, example, put_json, put_table, say, size
from servery.cli._session import client

app = typer.Typer(no_args_is_help=True, help="Register trained models and look at them.", rich_markup_mode=None)

Reference = Annotated[
    str, typer.Argument(metavar="NAME[:VERSION]", help="A model; its version is a number or an alias, else the latest.")
]


def add_to(root: typer.Typer) -> None:
    """Mount the noun."""
    root.add_typer(app, name="models", epilog=example("servery models list", "servery models show iris"))


transfer.add_push(app)


@app.command(
    "list",
    epilog=example(
        "servery models list",
        "servery models list --json",
        "servery models list --filter 'framework = SKLEARN AND metrics.accuracy > 0.9'",
        "servery models list --order-by 'metrics.accuracy desc'",
    ),
)
def list_(
    context: typer.Context,
    prefix: Annotated[str, typer.Option(metavar="TEXT", help="Only models whose name begins so.")] = "",
    filter_: Annotated[
        str, typer.Option("--filter", metavar="FILTER", help="List versions: those that the comparisons take.")
    ] = "",
    order_by: Annotated[
        str, typer.Option(metavar="ORDER", help="List versions: version, create_time, model or metrics.NAME; desc.")
    ] = "",
    json: Json = False,
) -> None:
    """List the models of the project, or with a filter or an order the versions of all of them."""
    if prefix and (filter_ or order_by):
        raise typer.BadParameter("with a filter or an order write: --filter 'model = \"TEXT*\"'", param_hint="--prefix")
    with client(context) as hub:
        if filter_ or order_by:
            versions = list(hub.versions.list(filter=filter_, order_by=order_by))
            put_json(versions) if json else show_versions(versions)
            if not (versions or json):
                say("No version is like that.")
            return
        models = list(hub.models.list(prefix=prefix))
    if json:
        put_json(models)
        return
    put_table(
        ("NAME", "LATEST", "UPDATED", "DESCRIPTION"),
        ((each.name, each.latest_version or "–", each.update_time, each.description) for each in models),
    )
    if not models and not prefix:
        say("No models yet. Register one: servery models push --help")


@app.command(
    epilog=example(
        "servery models show iris",
        "servery models show iris --version 2 --json",
        "servery models show iris --alias champion",
    )
)
def show(context: typer.Context, name: Name, version: Number = None, alias: Alias = None, json: Json = False) -> None:
    """Show a model and its versions, or one version of it."""
    with client(context) as hub:
        if version is not None or alias is not None:
            one = hub.versions.get(name, version, alias=alias)
            put_json(one) if json else show_version(one)
            return
        model, versions = hub.models.get(name), list(hub.versions.list(name))
    if json:
        put_json({"model": model, "versions": versions})
        return
    show_model(model, versions)


@app.command(epilog=example("servery models files iris", "servery models files iris --version 2"))
def files(context: typer.Context, name: Name, version: Number = None, alias: Alias = None, json: Json = False) -> None:
    """List the files of a version."""
    with client(context) as hub:
        if alias is not None:
            version = hub.versions.get(name, version, alias=alias).version
        found = list(hub.files.list(name, version))
    if json:
        put_json(found)
        return
    put_table(("PATH", "SIZE", "SHA256"), ((each.path, size(each.size_bytes), each.sha256) for each in found))


transfer.add_pull(app)


def _direction(value: str) -> str:
    if value not in {"max", "min"}:
        raise typer.BadParameter(f"{value!r} is neither max nor min")
    return value


@app.command(epilog=example("servery models best iris accuracy", "servery models best iris loss --direction min"))
def best(
    context: typer.Context,
    name: Name,
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="Name of the metric.")],
    direction: Annotated[str, typer.Option(metavar="max|min", help="Which end is best.", callback=_direction)] = "max",
    json: Json = False,
) -> None:
    """Show the version with the best value of a metric; of equal ones the newest."""
    with client(context) as hub:
        found = hub.versions.best(name, metric, direction)
    put_json(found) if json else show_version(found)


@app.command(epilog=example("servery models diff iris:1 iris:2", "servery models diff iris:champion iris --json"))
def diff(context: typer.Context, first: Reference, second: Reference, json: Json = False) -> None:
    """Tell two versions apart: their metrics, files, and what else is known of them."""
    which = [reference(first), reference(second)]
    with client(context) as hub:
        left, right = (hub.versions.get(name, number, alias=alias) for name, number, alias in which)
        contents = [
            {file.path: file.sha256 for file in hub.files.list(each.model, each.version)} for each in (left, right)
        ]
    metrics_ = _apart(left.metrics, right.metrics)
    files_ = _apart(*contents)
    known = _apart(dict(facts(left)), dict(facts(right)), without={"Metrics", "Created", "Files", "Manifest"})
    if json:
        put_json({"metrics": metrics_, "files": files_, "metadata": known})
        return
    rows = [(name, *_change(*pair)) for name, pair in (*metrics_.items(), *known.items())]
    rows += [(path, *_file_change(*pair)) for path, pair in files_.items()]
    if not rows:
        say("They are the same.")
        return
    put_table(("WHAT", f"{left.model}:{left.version}", f"{right.model}:{right.version}"), rows)


def _apart(first: Any, second: Any, without: Any = ()) -> dict[str, tuple[Any, Any]]:
    names = dict.fromkeys((*first, *second))
    pairs = {name: (first.get(name), second.get(name)) for name in names if name not in without}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _change(first: Any, second: Any) -> tuple[str, str]:
    return "–" if first in {None, ""} else str(first), "–" if second in {None, ""} else str(second)


def _file_change(first: str | None, second: str | None) -> tuple[str, str]:
    return first[:12] if first else "–", second[:12] if second else "–"


changes.add_to(app)
