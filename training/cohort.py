"""The marks of `model.cohort`, drawn from the packages of vector logos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from model.encoding import png
from training.evaluation.references import as_uploaded
from training.synthesis.logos import Logo, split_of

NAMES = tuple(
    # ruff: noqa: SIM905 - a long list of words reads better as text
    "nuxt astro tauri webpack matplotlib maven mocha nestjs openapi rails pnpm sass rocksdb mithril bootstrap redis "
    "vulkan subversion materialui coffeescript jhipster stylus jenkins vlang solidjs lumen ceylon processwire ktor "
    "adonisjs clojure tomcat typeorm xamarin replit typo3 pm2 meteor cordova nodewebkit fastapi qwik mercurial jasmine "
    "karma p5js hardhat numpy handlebars logstash zig playwright mobx trpc rabbitmq couchdb ember kibana nodejs nats "
    "stimulus jamstack phalcon kubernetes terraform typescript vagrant bower".split()
)
"""Tools of programming whose marks are on no goods for sale; none is of the brands that figures are reported on."""


def draw_cohort(folder: Path, *, logos: Sequence[Logo]) -> int:
    """Draw one mark of each of `NAMES` into `folder`, numbered in that order; says how many were drawn.

    Raises `ValueError` where a name is of no training brand among `logos`.
    """
    coloured = {logo.brand: logo for logo in reversed(logos) if logo.package == "logos"}
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(NAMES):
        if name not in coloured or split_of(name) != "train":
            raise ValueError(f"{name} is no brand for training in the packages of logos")
        drawn = as_uploaded(coloured[name])
        if drawn is None:
            raise ValueError(f"{name} cannot be seen on white")
        (folder / f"{number:02}-{name}.png").write_bytes(png(drawn))
    return len(NAMES)
