"""`hallmark model …`. The commands import what they need when they run."""
# ruff: noqa: PLC0415

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.terminal import database_of, fail, quiet_settings

if TYPE_CHECKING:
    from serve.models.bundles import Bundles
    from serve.models.promotion import AskedSwitch
    from serve.models.switching import Switching

models = typer.Typer(help="Model bundles: which serves, and which shall.", no_args_is_help=True)

ACTOR = "command line"


@models.command("list")
def list_models() -> None:
    """List the models that are installed or were promoted; * serves, > is about to."""
    from model.released import RELEASED
    from serve.models.registry import known_models, serving_model, switch_under_way

    settings = quiet_settings("text")
    with database_of(settings) as database:
        known = {record.name: record for record in known_models(database)}
        with database.read() as session:
            serving, going = serving_model(session) or settings.bundle_folder.name, switch_under_way(session)
    installed = {folder.name: folder for folder in (*RELEASED.glob("*/"), settings.bundle_folder)}
    for name in [*sorted(installed.keys() - known.keys()), *known]:
        mark = "*" if name == serving else ">" if going is not None and going.model == name else " "
        typer.echo(f"{mark} {name}{'' if name in known else _state_of(installed[name])}")


def _state_of(folder: Path) -> str:
    return "" if (folder / "manifest.json").is_file() else "  (incomplete)"


@models.command()
def promote(
    candidate: Annotated[str, typer.Argument(help="Folder of the bundle, or the name of one that served before")],
    override: Annotated[
        str | None, typer.Option(help="Promote in spite of the grounds against it, for this reason, which is logged")
    ] = None,
) -> None:
    """Put a model in place of the one that serves: embed every reference for it, then switch in one step.

    It is carried on by the service, or by the same command, when it is interrupted.
    """
    from serve.models.promotion import promote as ask

    with _models() as (bundles, switching):
        named = Path(candidate)
        folder = named.resolve() if named.is_dir() else bundles.folder(candidate)
        _carry_out(switching, ask(bundles.database, bundles, folder, actor=ACTOR, override=override))


@models.command()
def rollback() -> None:
    """Put the model back in whose place the present one was promoted: the same step backward."""
    from serve.models.promotion import roll_back

    with _models() as (bundles, switching):
        _carry_out(switching, roll_back(bundles.database, actor=ACTOR))


@models.command("call-off")
def call_off_switch() -> None:
    """End a promotion or rollback that is under way, undone; what serves goes on serving."""
    from serve.models.promotion import call_off

    with _models() as (bundles, _):
        typer.echo(f"the switch to {call_off(bundles.database, actor=ACTOR)} is called off")


@models.command()
def export(
    folder: Annotated[Path, typer.Argument(help="The bundle becomes a folder in this one, which is made if need be")],
    model: Annotated[str | None, typer.Option(help="A model that was promoted; by default the one that serves")] = None,
) -> None:
    """Write a model's files into FOLDER, for a round or an evaluation; the last line is their path."""
    from serve.models.registry import serving_model

    with _models() as (bundles, _):
        with bundles.database.read() as session:
            name = model or serving_model(session)
        source = bundles.installed if name is None else bundles.folder(name)
        target = folder / source.name
        if target.exists():
            fail(f"{target} exists; name another folder")
        shutil.copytree(source, target)
    typer.echo(str(target))


@models.command()
def prune(model: Annotated[str, typer.Argument(help="A model that served before")]) -> None:
    """Drop a model's vectors; going back to it then embeds every reference first."""
    from serve.models.promotion import forget_vectors

    with _models() as (bundles, _):
        typer.echo(f"{forget_vectors(bundles.database, model, actor=ACTOR)} vectors of {model} dropped")


@contextmanager
def _models() -> Iterator[tuple[Bundles, Switching]]:
    """The models of the configured database; errors that a person can mend are told in a line."""
    from model.bundle import BundleRejected
    from serve.models.promotion import PromotionRefused
    from serve.models.switching import Switching
    from serve.pictures.objects import Objects
    from serve.service import open_bundles

    settings = quiet_settings("text")
    with database_of(settings) as database:
        objects = Objects(settings)
        bundles = open_bundles(database, objects, settings=settings)
        try:
            yield bundles, Switching(database, objects, bundles=bundles)
        except BundleRejected as error:
            fail(str(error))
        except PromotionRefused as error:
            fail("refused: " + "; ".join(error.grounds))


def _carry_out(switching: Switching, asked: AskedSwitch) -> None:
    """Do it here, with a bar; a job of the service that does it already is waited for."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as shown:
        bar = shown.add_task(f"references for {asked.model}", total=None)
        version = switching.carry_out(
            asked.id, progress=lambda done, total: shown.update(bar, completed=done, total=total)
        )
    typer.echo(f"{asked.model} serves in place of {asked.replaces} from index version {version} on")
