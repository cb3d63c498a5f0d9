"""What a reading says of an imitation, measured on wordmarks of which every letter is known.

The letters of packaged logos, edited as paths, can seldom be read at all: fitted to those, a reading says next to
nothing. Here half of the imitations are wordmarks with a near miss of the word or another word in its place; the
others, packaged logos and wordmarks edited as paths and pixels, keep it or cannot be read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from model.alignment import prepare_reference, working_size
from model.reading import Outcome, Reader
from model.verifier import ALIGNER, Aligner, Scores, VerdictHead, VerifierRuntime, laid_out
from model.whole_files import write_whole
from training.edits.redrawn import ImpossibleEditError
from training.synthesis.grounds import Backgrounds, data_folder
from training.synthesis.logos import Logo, load_logos, split_of
from training.synthesis.wordmarks import cased, fetch_fonts, near_miss, wordmark
from training.verifier.head import Embed, examined_pairs, fit_reading
from training.verifier.material import Report
from training.verifier.pairs import Pair, clean_reference, draw_pair
from training.verifier.release import CALIBRATION, NETWORK

WORD_LETTERS = (4, 10)
ANOTHER_WORD = 0.2
"""Share of the wordmarks with other letters that show another word altogether."""


@dataclass(frozen=True, slots=True)
class Wordings:
    """Pairs, and the genuine logos that they are compared with, by the number in `Pair.reference`."""

    pairs: list[Pair]
    references: list[Logo]


def fit_wording(folder: Path, *, embed: Embed, seed: int, report: Report, words: int = 400) -> None:
    """Write what each outcome of a reading says of an imitation into the calibration in `folder`.

    `words` wordmarks of dev brands' names are drawn. Raises `RuntimeError` when the typefaces cannot be taken.
    """
    calibration = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    drawn = drawn_wordings(words, fonts=fetch_fonts(), seed=seed, backgrounds=Backgrounds.found_in(data_folder()))
    pictures = [clean_reference(logo) for logo in drawn.references]
    references = [prepare_reference(picture) for picture in pictures]
    runtime, aligner, reader = VerifierRuntime(folder / NETWORK), Aligner(folder / ALIGNER), Reader()
    brands = [logo.name for logo in drawn.references]
    examined = examined_pairs(drawn.pairs, references, pictures, brands, runtime=runtime, embed=embed)
    scores = [Scores(*row) for row in VerdictHead(calibration["head"]).probabilities(examined.numbers).tolist()]
    outcomes: list[Outcome | None] = []
    for pair in examined.pairs:
        region, reference = working_size(pair.region), references[pair.reference]
        laid = laid_out(region, aligner.align(region, reference), reference)
        reading = reader.read(laid, reference, region=region)
        outcomes.append(None if reading is None else reading.outcome)
    odds = fit_reading(scores, outcomes, examined.labels)
    report(
        f"{len(outcomes) - outcomes.count(None)} of {len(outcomes)} pairs have words: log odds of an imitation {odds}"
    )
    write_whole(folder / CALIBRATION, json.dumps({**calibration, "reading": odds}) + "\n")


def drawn_wordings(words: int, *, fonts: Sequence[Path], seed: int, backgrounds: Backgrounds) -> Wordings:
    """Of each word two genuine pairs, one with other letters, and one edited as any logo is, where that is possible."""
    rng = np.random.default_rng(seed)
    names = _names()
    pairs, references = [], []
    for number in range(words):
        font, word = fonts[int(rng.integers(len(fonts)))], names[int(rng.integers(len(names)))]
        another = names[int(rng.integers(len(names)))]
        other = another if rng.random() < ANOTHER_WORD and another != word else near_miss(word, rng=rng)
        genuine, edited = (wordmark(one, font, colour=_colour(rng)) for one in cased([word, other], rng=rng))
        asked = [([genuine], "genuine"), ([genuine], "genuine"), ([edited], "genuine"), ([genuine], "imitation")]
        for logos, label in asked:
            try:
                pair = draw_pair(logos, 0, label=label, rng=rng, backgrounds=backgrounds, unseen=False)
            except ImpossibleEditError:
                continue
            if logos == [edited]:
                pair = replace(pair, label="imitation", edit="letters")
            pairs.append(replace(pair, reference=number, brand=genuine.name))
        references.append(genuine)
    return Wordings(pairs, references)


def _names() -> list[str]:
    """Names of dev brands that are one word of Latin letters."""
    least, most = WORD_LETTERS
    every = {logo.brand for logo in load_logos(None) if split_of(logo.brand) == "dev"}
    return sorted(name for name in every if name.isascii() and name.isalpha() and least <= len(name) <= most)


def _colour(rng: np.random.Generator) -> str:
    red, green, blue = (int(value) for value in rng.integers(0, 200, 3))
    return f"#{red:02x}{green:02x}{blue:02x}"
