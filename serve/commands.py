"""The service's commands. They import what they need when they run, so that `hallmark --help` is quick."""
# ruff: noqa: PLC0415

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.access.roles import Role
from serve.models.commands import models
from serve.parent import PARENT
from serve.terminal import database_of, fail, quiet_settings, told_errors, whole_service

if TYPE_CHECKING:
    import uvicorn

    from serve.loop.policy.policies import PolicyView
    from serve.settings import Settings

START_FAILED = 3
"""The status of a process that could not open its port, or whose service did not open."""

Images = Annotated[list[Path], typer.Argument(metavar="IMAGE", help="JPEG, PNG, WebP or GIF files")]
SomeImages = Annotated[list[Path] | None, typer.Argument(metavar="IMAGE", help="JPEG, PNG, WebP or GIF files")]
BrandId = Annotated[str, typer.Option("--brand", help="Id of the brand")]
KeyBrandId = Annotated[str | None, typer.Option("--brand", help="Id of the brand that a key of role brand is for")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("serve")(serve)
    app.command("scan")(scan)
    app.command("rescan")(rescan)
    groups: list[tuple[str, str, dict[str, Callable[..., None]]]] = [
        ("brand", "Brands.", {"add": add_brand, "list": list_brands}),
        ("reference", "Genuine pictures of brands.", {"add": add_references}),
        ("key", "API keys.", {"create": create_key, "list": list_keys, "revoke": revoke_key}),
        ("policy", "The thresholds of decisions.", {"fit": fit_policy, "show": show_policy}),
        ("labels", "What decisions teach.", {"export": export_labels}),
        ("audit", "The audit log.", {"verify": verify_audit}),
        ("database", "The embedded database.", {"dump": dump_database, "load": load_database}),
        ("objects", "The files that are kept.", {"strays": list_strays, "adopt": adopt_objects}),
    ]
    for name, text, commands in groups:
        group = typer.Typer(help=text, no_args_is_help=True)
        for command, function in commands.items():
            group.command(command)(function)
        app.add_typer(group, name=name)
    app.add_typer(models, name="model")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port to listen on")] = None,
    processes: Annotated[int | None, typer.Option(help="API processes that share the port")] = None,
) -> None:
    """Serve the HTTP API until stopped. Every setting is an environment variable HALLMARK_…"""
    import structlog
    import uvicorn

    from model.bundle import BundleRejected, verify_manifest
    from serve.models.registry import serving_model
    from serve.pictures.objects import Objects
    from serve.pictures.ownership import claim
    from serve.settings import Settings

    given = {"HALLMARK_HOST": host, "HALLMARK_PORT": port, "HALLMARK_PROCESSES": processes}
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    settings = quiet_settings("json")
    for name, meant in Settings.unknown().items():
        structlog.get_logger(__name__).warning("an environment variable is no setting", name=name, meant=meant or None)
    # uvicorn shuts down and then raises the signal again, which must not end us before the database is closed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Fails early, and keeps the embedded server while processes come and go, or should it die.
    with database_of(settings) as database, database.kept_running():
        with told_errors():
            claim(database, Objects(settings))  # a store that cannot be addressed, or is another's, is told here too
        with database.read() as session:
            setting_counts = serving_model(session) is None
        try:
            if setting_counts:
                verify_manifest(settings.bundle_folder)
        except BundleRejected as error:
            fail(str(error))
        config = uvicorn.Config(
            "serve.app:create_app_from_environment",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.processes,
            http="serve.protocol.bounded_http:BoundedHttpProtocol",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=30,
        )
        with suppress(KeyboardInterrupt):  # it was told to stop, and has
            if settings.processes == 1:
                _serve_alone(config)
            else:
                _serve_together(config, metrics=settings.home / "metrics")


def _serve_alone(config: uvicorn.Config) -> None:
    """Serve in this process."""
    from uvicorn import Server

    server = Server(config)
    server.run()
    if not server.started:
        sys.exit(START_FAILED)


def _serve_together(config: uvicorn.Config, *, metrics: Path) -> None:
    """Serve in several processes, which end with this one. `metrics` are emptied once the port is theirs alone."""
    from uvicorn.supervisors import Multiprocess

    listening = config.bind_socket()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(empty_folder(metrics))
    os.environ[PARENT] = str(os.getpid())
    Multiprocess(config, sockets=[listening]).run()


def scan(
    images: SomeImages = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each result as the API sends it, one a line")] = False,
    listing: Annotated[
        str | None, typer.Option(metavar="JSON", help='What the seller says, as in the API: {"title": "…"}')
    ] = None,
    replay: Annotated[
        str | None, typer.Option(metavar="SCAN", help="Make this scan again, of IMAGE where no listing has its picture")
    ] = None,
) -> None:
    """Scan pictures without a server, or an earlier scan again as it was."""
    from serve.file_scan import scan_files
    from serve.protocol.problems import Problem
    from serve.routes.scans import parsed_listing

    if replay is not None:
        _replay(replay, images or [], as_json=as_json)
        return
    if not images:
        raise typer.BadParameter("name at least one picture", param_hint="IMAGE")
    try:
        said = None if listing is None else parsed_listing(listing)
    except Problem as problem:
        raise typer.BadParameter(problem.detail, param_hint="--listing") from problem
    with whole_service() as service:
        failures = scan_files(service, images, listing=said, as_json=as_json)
    if failures:
        raise typer.Exit(1)


def _replay(scan_id: str, images: list[Path], *, as_json: bool) -> None:
    """Print the scan as it is made again; status 1 when it is not what was answered, or cannot be made."""
    from serve.file_scan import content, lines
    from serve.pictures.objects import Objects
    from serve.scanning.replay import replay
    from serve.service import open_bundles

    if len(images) > 1:
        raise typer.BadParameter("a scan is of one picture", param_hint="IMAGE")
    settings = quiet_settings("text")
    with database_of(settings) as database:
        objects = Objects(settings)
        done = replay(
            database,
            objects,
            scan_id,
            load=open_bundles(database, objects, settings=settings).find,
            picture=content(images[0]) if images else None,
        )
    typer.echo(done.again.model_dump_json() if as_json else "\n".join(lines(scan_id, done.again)))
    if done.differences:
        fail("this is not what was answered: " + "; ".join(done.differences))


def rescan(
    seller: Annotated[str | None, typer.Option(help="Listings of this seller only")] = None,
    before: Annotated[
        datetime | None, typer.Option(help="Listings scanned last before then (UTC); without it, before now")
    ] = None,
) -> None:
    """Scan stored listings again as if they were sent again, and print whose decision changes."""
    from serve.stock_scan import rescan_stock

    moment = datetime.now(UTC) if before is None else before.replace(tzinfo=UTC)
    with whole_service() as service:
        rescan_stock(service, seller=seller, before=moment)


def add_brand(
    name: str,
    alias: Annotated[list[str] | None, typer.Option(help="Another name; may be given again")] = None,
    word: Annotated[list[str] | None, typer.Option(help="A trademark word; may be given again")] = None,
) -> None:
    """Register a brand; its id is the last line."""
    from serve.audit import OPERATOR
    from serve.genuine.brands import NewBrand, create_brand

    with database_of(quiet_settings("text")) as database:
        new = NewBrand(name=name, aliases=alias or [], words=word or [])
        typer.echo(create_brand(database, new, actor=OPERATOR).id)


def list_brands() -> None:
    """List the brands."""
    from serve.genuine import brands

    with database_of(quiet_settings("text")) as database:
        cursor = None
        while True:
            page = brands.list_brands(database, caller=None, limit=500, cursor=cursor)
            for brand in page.items:
                typer.echo(f"{brand.id}  {brand.name}")
            cursor = page.next_cursor
            if cursor is None:
                return


def add_references(
    images: Images,
    brand: BrandId,
    kind: Annotated[str, typer.Option(help="logo or product")] = "logo",
) -> None:
    """Add genuine pictures to a brand; running services find them within a second."""
    from serve.file_scan import add_files

    if kind not in ("logo", "product"):
        raise typer.BadParameter("must be logo or product", param_hint="--kind")
    with whole_service() as service:
        failures = add_files(service, images, brand_id=brand, kind="product" if kind == "product" else "logo")
    if failures:
        raise typer.Exit(1)


def create_key(
    role: Annotated[Role, typer.Option(help="What its holder may do")],
    brand: KeyBrandId = None,
    rights_holder: Annotated[
        str | None, typer.Option(help="Id of the rights holder, in the place of --brand: all its brands")
    ] = None,
) -> None:
    """Make an API key and print it as the last line; it is shown this once."""
    from serve.access import keys

    with database_of(quiet_settings("text")) as database:
        typer.echo(keys.create_key(database, role=role, brand_id=brand, holder_id=rights_holder))


def list_keys() -> None:
    """List the API keys by id and first characters."""
    from serve.access import keys

    with database_of(quiet_settings("text")) as database:
        for key in keys.list_keys(database):
            state = f"revoked {key.revoked:%Y-%m-%d}" if key.revoked else "active"
            typer.echo(f"{key.id}  {key.prefix}…  {key.role:8}  {key.brand_id or key.holder_id or '-':32}  {state}")


def revoke_key(key_id: str) -> None:
    """Make an API key useless at once."""
    from serve.access import keys

    with database_of(quiet_settings("text")) as database:
        keys.revoke_key(database, key_id)


def fit_policy() -> None:
    """Fit the thresholds of each brand to what is settled; running services follow within a second."""
    from serve.loop.policy.policies import refit_policy
    from serve.models.registry import serving_model
    from serve.scanning.policies import policy_in_force

    settings = quiet_settings("text")
    with database_of(settings) as database:
        policy_in_force(database)  # stores the first one where no service ever ran
        with database.read() as session:
            model = serving_model(session) or settings.bundle_folder.name
        made = refit_policy(database, model=model, precision=settings.push_precision, author="command line")
    _tell_policy(made)


def show_policy(
    version: Annotated[int | None, typer.Argument(help="The version; without it, the one in force")] = None,
) -> None:
    """Show the thresholds of each brand and what they rest on."""
    from serve.loop.policy.policies import get_policy
    from serve.scanning.policies import policy_in_force

    with database_of(quiet_settings("text")) as database:
        _tell_policy(get_policy(database, str(policy_in_force(database).version if version is None else version)))


def _tell_policy(policy: PolicyView) -> None:
    """Print a policy, a brand a line; the version is the last line."""
    for one in policy.thresholds:
        block = "never" if one.block_at is None else f"{one.block_at:.2f}"
        bound = "" if one.bound is None else f"  at most {one.bound:.3%} of genuine listings"
        typer.echo(
            f"{one.brand_id or 'all others':32}  review {one.review_at:.2f}  block {block:5}{bound}"
            f"  ({one.genuine} genuine, {one.infringing} infringing)"
        )
    typer.echo(policy.version)


def export_labels(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet, or is empty")],
) -> None:
    """Write the labels that count now and their pictures; the last line is the fingerprint."""
    from serve.loop.teaching import label_export
    from serve.pictures.objects import ObjectMissingError, Objects

    settings = quiet_settings("text")
    with database_of(settings) as database:
        try:
            done = label_export.export_labels(database, Objects(settings), folder, share=settings.label_share)
        except FileExistsError as error:
            fail(str(error))
        except ObjectMissingError as error:
            fail(f"the picture {error} is gone from the object store")
    typer.echo(f"{done.labels} labels, {done.pictures} pictures, {done.references} references in {folder}")
    typer.echo(done.fingerprint)


def dump_database(file: Annotated[Path, typer.Argument(help="File to write")]) -> None:
    """Write the embedded database to one file, while a service runs or not."""
    from serve.database.dumps import dump

    settings = embedded_settings()
    with told_errors():
        dump(settings.home, file)


def load_database(file: Annotated[Path, typer.Argument(help="File that `hallmark database dump` wrote")]) -> None:
    """Load such a file into the embedded database of a new HALLMARK_HOME."""
    from serve.database.dumps import load

    settings = embedded_settings()
    with told_errors():
        load(settings.home, file)


def embedded_settings() -> Settings:
    """The settings; ends the command where the database is an outside one."""
    settings = quiet_settings("text")
    if settings.database_url is not None:
        fail("HALLMARK_DATABASE_URL names an outside database: dump and load that by PostgreSQL's own means")
    return settings


def list_strays(
    remove: Annotated[bool, typer.Option("--remove", help="Remove them too")] = False,
) -> None:
    """List the folders of files that no row of the database knows, a day old or older; how many is the last line."""
    from serve.pictures.objects import Objects
    from serve.pictures.strays import strays

    settings = quiet_settings("text")
    count = 0
    with database_of(settings) as database:
        objects = Objects(settings)
        for folder in strays(database, objects):
            typer.echo(folder)
            if remove:
                objects.delete_folder(folder)
            count += 1
    typer.echo(count)


def adopt_objects() -> None:
    """Make the object store that is set the database's own, where the files of its own were lost for good."""
    from serve.pictures.objects import Objects
    from serve.pictures.ownership import adopt

    settings = quiet_settings("text")
    with database_of(settings) as database, told_errors():
        adopt(database, Objects(settings))


def verify_audit(
    noted: Annotated[
        str | None, typer.Option("--noted", metavar="NUMBER:DIGEST", help="A head that this command printed earlier")
    ] = None,
) -> None:
    """Recompute the chain of the audit log and print its head as the last line; keep it where nobody here can write."""
    from serve.audit import AuditBrokenError, ChainHead, verify

    try:
        head = None if noted is None else ChainHead.parse(noted)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--noted") from error
    with database_of(quiet_settings("text")) as database:
        try:
            typer.echo(verify(database, noted=head))
        except AuditBrokenError as error:
            fail(f"the audit log is broken: {error}")


def empty_folder(folder: Path) -> Path:
    """`folder`, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
