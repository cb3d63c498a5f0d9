"""The brands that are looked for in a picture as if its listing named them, and what speaks for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from serve.scanning.results import ScanResult


class Speaks(StrEnum):
    """What speaks for a brand beside what is looked at, as it is put before the brand's name."""

    LISTING = "the listing names"
    DENIAL = "the listing denies to be of"
    OTHER_PICTURE = "another picture of the listing shows a mark of"
    SELLER = "the seller was found to infringe marks of"
    KNOWN_FAKE = "the photo is that of a known fake of"
    PRODUCT = "the photo shows a product of"
    MARK = "it stands beside a mark of"


@dataclass(frozen=True, slots=True)
class Sought:
    """The ids of the brands: `claimed` by the listing, `denied` those of them that it names only to deny that its goods
    are theirs, `known_fakes_of` those of whose known fakes it is the photo or
    the listing has the words, `shown_beside` those that other pictures of the listing show, and `infringed_before`
    those whose marks the seller was found to infringe.
    """

    claimed: Sequence[str] = ()
    denied: Sequence[str] = ()
    known_fakes_of: Sequence[str] = ()
    shown_beside: Sequence[str] = ()
    infringed_before: Sequence[str] = ()

    @property
    def meant(self) -> list[str]:
        """The ids of the brands that the listing names and does not deny."""
        return [brand for brand in self.claimed if brand not in self.denied]

    def speaking(self) -> dict[str, Speaks]:
        """Each of the brands, with what speaks for it most."""
        return (
            dict.fromkeys(self.denied, Speaks.DENIAL)
            | dict.fromkeys(self.infringed_before, Speaks.SELLER)
            | dict.fromkeys(self.shown_beside, Speaks.OTHER_PICTURE)
            | dict.fromkeys(self.known_fakes_of, Speaks.KNOWN_FAKE)
            | dict.fromkeys(self.meant, Speaks.LISTING)
        )


NOBODY = Sought()


def sought_in(result: ScanResult) -> Sought:
    """The brands that were looked for in the scan that gave an answer."""
    return Sought(
        result.brands_claimed, result.brands_denied, result.known_fakes_of, result.shown_beside, result.infringed_before
    )
