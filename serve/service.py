"""Hallmark without a door: all parts put together. The HTTP application and the command line both stand on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import structlog

from model.alignment import prepare_reference
from model.bundle import ModelBundle, load_bundle
from model.regions import Region, RgbImage
from model.rejection import DecodeLimits
from serve.database.engine import Database
from serve.genuine.backfill import embed_missing
from serve.genuine.catalogue import Catalogue
from serve.genuine.references import ReferenceLibrary
from serve.genuine.replica import IndexReplica
from serve.jobs import JobRunner
from serve.loop.listings import ListingDesk
from serve.loop.stock.known_fakes import KnownFakes
from serve.loop.stock.mark_search import MarkSearcher
from serve.loop.stock.stock_search import StockSearch
from serve.loop.stock.suggestions import Suggestions
from serve.loop.stock.traits import TraitLibrary
from serve.loop.tasks import loop_tasks
from serve.loop.texts.text_sweep import TextSweeper
from serve.metrics import Metrics
from serve.models.bundles import Bundles
from serve.models.registry import serving_model
from serve.models.switching import Switching
from serve.pictures.decoding import DecoderPool
from serve.pictures.objects import Objects, decode_stored
from serve.pictures.ownership import claim
from serve.scanning.policies import PolicyFollower
from serve.scanning.scan import Scanner
from serve.scanning.scans import ScanDesk
from serve.settings import Settings
from serve.upkeep import Upkeep

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that answer requests; all are safe to use from several threads."""

    settings: Settings
    database: Database
    bundles: Bundles
    replica: IndexReplica
    references: ReferenceLibrary
    scans: ScanDesk
    listings: ListingDesk
    policies: PolicyFollower
    traits: TraitLibrary
    suggestions: Suggestions
    objects: Objects
    metrics: Metrics

    @property
    def bundle(self) -> ModelBundle:
        """The model that serves now."""
        return self.replica.serving.bundle


@contextmanager
def open_service(settings: Settings, *, metrics: Metrics | None = None, jobs: bool = False) -> Iterator[Service]:
    """Everything started and ready; stopped in reverse order when the block ends. With `jobs` it also runs jobs.

    Raises `BundleRejected`, `EmbeddedPostgresError`, or `sqlalchemy.exc.OperationalError`.
    """
    metrics = metrics or Metrics()
    with ExitStack() as stack:
        database = Database(settings)
        stack.callback(database.close)
        objects = Objects(settings)
        claim(database, objects)
        limits = DecodeLimits(max_bytes=settings.max_upload_bytes, max_pixels=settings.max_pixels)
        decoder = stack.enter_context(DecoderPool(settings.decoder_workers, limits=limits))
        bundles = open_bundles(database, objects, settings=settings)
        with database.read() as session:
            serving = serving_model(session)
        embed_missing(database, objects, bundle=bundles.load(serving))

        def bundle() -> ModelBundle:
            return replica.serving.bundle

        def detect(picture: RgbImage) -> Sequence[Region]:
            return bundle().detector.detect(picture)

        catalogue = Catalogue(
            database,
            objects,
            decode=decode_stored,
            prepare=prepare_reference,
            detect=detect,
            most=settings.prepared_references,
        )
        replica = IndexReplica(
            database,
            bundles=bundles,
            catalogue=catalogue,
            snapshots=settings.home / "index",
            metrics=metrics,
        )
        stack.callback(replica.close)
        replica.start()
        upkeep = Upkeep(database, objects, replica=replica, settings=settings)
        upkeep.start()
        stack.callback(upkeep.close)
        fakes = KnownFakes(database, objects, decode=decode_stored, bundle=bundle)
        policies = PolicyFollower(database)
        policies.start()
        stack.callback(policies.close)

        def scanner() -> Scanner:
            standing = replica.standing
            return Scanner(standing.bundle, state=standing.view, references=catalogue, words=standing.words)

        scans = ScanDesk(database, objects, decoder=decoder, scanner=scanner, policies=policies, metrics=metrics)
        listings = ListingDesk(
            database,
            objects,
            scans=scans,
            fakes=fakes,
            decoder=decoder,
            watch_repeat_infringers=settings.watch_repeat_infringers,
        )
        if jobs:
            stock = StockSearch(database, objects, listings=listings, fakes=fakes, decode=decode_stored, bundle=bundle)
            stock.start()
            marks = MarkSearcher(database, objects, bundle=bundle)
            models = Switching(database, objects, bundles=bundles)
            _run_jobs(stack, database, settings, stock=stock, marks=marks, models=models)
        references = ReferenceLibrary(database, objects, decoder=decoder, replica=replica)
        traits = TraitLibrary(
            database,
            objects,
            scans=scans,
            decoder=decoder,
            bundle=bundle,
            prove_ownership=settings.prove_ownership,
        )
        yield Service(
            settings=settings,
            database=database,
            bundles=bundles,
            replica=replica,
            references=references,
            scans=scans,
            listings=listings,
            policies=policies,
            traits=traits,
            suggestions=Suggestions(database, objects, references=references, traits=traits),
            objects=objects,
            metrics=metrics,
        )


def _run_jobs(
    stack: ExitStack,
    database: Database,
    settings: Settings,
    *,
    stock: StockSearch,
    marks: MarkSearcher,
    models: Switching,
) -> None:
    """Run the jobs of the loop and of the models until `stack` ends."""
    texts = TextSweeper(database)
    tasks = loop_tasks(database, settings, stock=stock, texts=texts, marks=marks)
    runner = JobRunner(database, {**tasks, **models.tasks})
    runner.start()
    for part in (runner, models, stock, texts, marks):
        stack.callback(part.close)


def open_bundles(database: Database, objects: Objects, *, settings: Settings) -> Bundles:
    """The models that this process can load."""
    return Bundles(
        database,
        objects,
        home=settings.home,
        installed=settings.bundle_folder,
        released=settings.named_bundle,
        load=lambda folder: load_bundle(folder, threads=settings.model_threads),
    )
