from __future__ import annotations

from dataclasses import replace

import numpy as np

from model.released import bundle_folder
from training.calibration.development import DevelopmentBrands
from training.calibration.scans import _fingerprint
from training.synthesis.logos import Logo

LOGO = Logo(brand="acme", name="acme", package="made up", svg="<svg/>", monochrome=False)
CUT_OUT = np.zeros((8, 8, 3), np.uint8)
BRANDS = DevelopmentBrands({"acme": [LOGO]}, {}, {}, {}, {"soap": [CUT_OUT]})


def test_kept_scans_are_of_the_drawings_that_were_registered_and_not_of_their_names_alone() -> None:
    other_drawing = replace(BRANDS, registered={"acme": [replace(LOGO, svg="<svg><rect/></svg>")]})
    other_cut_out = replace(BRANDS, packaged={"soap": [CUT_OUT + 1]})
    told = [_fingerprint(bundle_folder(), brands, []) for brands in (BRANDS, other_drawing, other_cut_out, BRANDS)]
    assert told[0] == told[3]
    assert len(set(told)) == 3
