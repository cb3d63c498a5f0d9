"""What ends a training or an evaluation that its user can put right: a message that says what to do, no traceback."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup


class DataMissing(FileNotFoundError):
    """A data set is not there; the message says where it was looked for."""


class DataDamaged(ValueError):
    """A file of a data set cannot be read; the message names it."""


class NoRoom(OSError):
    """The disk is too small for what a training draws; the message says how much it takes."""


class OtherTrainingError(ValueError):
    """What lies in the folder is of another training; the message says what to do."""


class RefusingCommands(TyperGroup):
    """Commands that end with the message of such an error on standard error, and exit with 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        # A part of each command that may raise them, and too slow for `hallmark --help`.
        from client.service import ServiceFailed  # noqa: PLC0415
        from model.bundle import BundleRejected  # noqa: PLC0415

        try:
            return super().invoke(ctx)
        except (BundleRejected, DataDamaged, DataMissing, NoRoom, OtherTrainingError, ServiceFailed) as error:
            typer.echo(f"hallmark: {error}", err=True)
            raise typer.Exit(1) from error
