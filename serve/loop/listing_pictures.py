"""The pictures of a listing, each scanned; once more where something else speaks for a brand that was not found in it.

The photo of a known fake is searched for the mark of that fake's brand, and the first picture of a listing that names
a brand and has the words of its known fakes, where nothing of it was found in any. A picture in which nothing was found
is searched for the brands that other pictures show, for a seller may show a mark in one and cover it in another, and
for those whose marks the seller was found to infringe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from model.rejection import ImageRejected
from serve.loop.stock.known_fakes import KnownFakes
from serve.pictures.decoding import Decode
from serve.protocol.problems import Problem, of_picture
from serve.scanning.candidates import MAX_CLAIMED
from serve.scanning.results import ScanResult
from serve.scanning.scans import Moment, ScanDesk, ScanWithVectors
from serve.scanning.sought import Sought, sought_in

UNSURE: Final = 0.5
"""Probability that a mark is not the brand's above which other pictures are not searched for it."""


class PictureScans:
    """Scans the pictures of listings; safe to use from several threads."""

    def __init__(self, scans: ScanDesk, fakes: KnownFakes) -> None:
        self._scans = scans
        self._fakes = fakes

    def scan(
        self, pictures: Sequence[bytes], *, moment: Moment, infringed: Sequence[str], told: Sequence[str],
        decode: Decode,
    ) -> list[ScanWithVectors]:  # fmt: skip
        """What scans found in each; `infringed` are the ids of the brands whose marks the seller was found to infringe,
        `told` those of brands that the text names and of whose known fakes it has the words.

        Raises `Problem` of a picture that cannot be read, with its number in `image`.
        """
        scan = partial(self._scan, moment=moment, decode=decode)
        examined = [scan(data, number=number, sought=moment.sought) for number, data in enumerate(pictures)]
        results = [one.result for one in examined]
        claimed = moment.sought.meant
        most = max(MAX_CLAIMED - len(claimed), 0)
        shown = _shown(results)[:most]
        before = [brand for brand in infringed if brand not in (*claimed, *shown)][: most - len(shown)]
        sought = replace(moment.sought, shown_beside=shown, infringed_before=before)
        if shown or before:
            examined = [
                one if one.result.findings else scan(pictures[number], number=number, sought=sought)
                for number, one in enumerate(examined)
            ]
        found = {finding.brand_id for one in examined for finding in one.result.findings}
        hidden = [brand for brand in told if brand not in found]
        if hidden:
            examined[0] = scan(pictures[0], number=0, sought=replace(sought, known_fakes_of=hidden))
        return examined

    def _scan(self, data: bytes, *, number: int, moment: Moment, sought: Sought, decode: Decode) -> ScanWithVectors:
        """What a scan found; the photo of a known fake is scanned once more, for the mark of that fake's brand."""
        examine = partial(self._scans.examine, data, moment=moment, decode=decode)
        try:
            examined = examine(sought=sought)
            known = self._fakes.photographed(
                examined.vectors, examined.pictures, model=examined.result.model, picture=lambda: decode(data)
            )
            if {one.brand_id for one in examined.result.findings}.issuperset(known):
                return examined
            known_fakes = list(dict.fromkeys([*sought.known_fakes_of, *known]))
            return examine(sought=replace(sought, known_fakes_of=known_fakes))
        except ImageRejected as rejected:
            problem = of_picture(rejected)
            detail = f"Picture {number} of the listing (from 0): {problem.detail}"
            raise Problem(problem.status_code, problem.code, detail, extra={"image": number}) from rejected


def _shown(results: Sequence[ScanResult]) -> list[str]:
    """The ids of the brands that pictures surely show, and that were not looked for at any rate, the surest first."""
    unrelated: dict[str, float] = {}
    for finding in (one for result in results for one in result.findings):
        unrelated[finding.brand_id] = min(finding.scores.unrelated, unrelated.get(finding.brand_id, 1.0))
    sought = {brand for result in results for brand in (*sought_in(result).meant, *result.known_fakes_of)}
    surely = [brand for brand, doubt in unrelated.items() if doubt <= UNSURE and brand not in sought]
    return sorted(surely, key=lambda brand: (unrelated[brand], brand))
