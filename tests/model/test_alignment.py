import cv2
import numpy as np
import pytest
from drawn_marks import textured, trim

from model.alignment import (
    CROP_MARGIN,
    FEWEST_LOOKS,
    FLOW_CELLS,
    FRAME_SIDE,
    MOST_LOOKS,
    STILL,
    Flow,
    Look,
    align,
    box_frame,
    box_matrix,
    content_bounds,
    corners_of,
    edges,
    laid_in_frame,
    moved,
    prepare_reference,
    reference_corners,
    working_size,
)


def photographed(picture: np.ndarray, quad: np.ndarray, *, size: tuple[int, int]) -> np.ndarray:
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, quad.astype(np.float32))
    return cv2.warpPerspective(picture, matrix, size, borderValue=(230, 230, 230))


QUAD = np.array([[22, 20], [150, 30], [158, 118], [16, 108]], np.float32)


def corner_error(matrix: np.ndarray, quad: np.ndarray) -> float:
    found = cv2.perspectiveTransform(quad[:, None], matrix)[:, 0]
    return float(np.abs(found - reference_corners()).max())


def test_trimming_takes_the_plain_border_away():
    picture = np.full((50, 80, 3), 255, np.uint8)
    picture[10:30, 20:60] = 0
    assert content_bounds(picture) == (10, 30, 20, 60)
    assert trim(picture).shape == (20, 40, 3)


def test_a_picture_without_a_plain_rim_stays_whole():
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    assert trim(picture).shape == picture.shape


def test_the_whole_region_fills_the_frame():
    region = np.zeros((60, 90, 3), np.uint8)
    far = cv2.perspectiveTransform(np.array([[[90.0, 60.0]]]), box_matrix(region))
    assert far.ravel() == pytest.approx([FRAME_SIDE, FRAME_SIDE])


def test_a_box_with_the_scans_margin_lies_on_the_reference():
    reference = prepare_reference(textured())
    whole = 1 + 2 * CROP_MARGIN
    low, high = CROP_MARGIN / whole, 1 - CROP_MARGIN / whole
    region = np.zeros((100, 100, 3), np.uint8)
    box = np.array([[[low * 100, low * 100]], [[high * 100, high * 100]]])
    assert cv2.perspectiveTransform(box, box_matrix(region)).reshape(-1) == pytest.approx(
        reference_corners()[[0, 2]].reshape(-1), abs=1e-3
    )
    assert reference.frame.shape == (FRAME_SIDE, FRAME_SIDE, 3)


def flow_of(change: np.ndarray, *, doubt: float = -3.0) -> Flow:
    """The flow of cells that a homography of the frame moves."""
    places = (np.arange(FLOW_CELLS, dtype=np.float64) + 0.5) * FRAME_SIDE / FLOW_CELLS
    grid = np.stack(np.meshgrid(places, places), axis=-1)
    gone = cv2.perspectiveTransform(grid.reshape(-1, 1, 2), change).reshape(grid.shape) - grid
    moved_by = gone.transpose(2, 0, 1) * FLOW_CELLS / FRAME_SIDE
    return Flow(moved_by.astype(np.float32), np.full((FLOW_CELLS, FLOW_CELLS), doubt, np.float32))


CHANGE = np.array([[0.9, 0.08, 4.0], [-0.05, 1.06, -3.0], [2e-4, -3e-4, 1.0]])


def test_the_corners_follow_the_flow():
    expected = cv2.perspectiveTransform(reference_corners()[None].astype(np.float64), CHANGE)[0]
    assert corners_of(flow_of(CHANGE)) == pytest.approx(expected, abs=0.5)


def test_cells_that_doubt_and_cells_that_lie_off_do_not_pull():
    expected = cv2.perspectiveTransform(reference_corners()[None].astype(np.float64), CHANGE)[0]
    flow = flow_of(CHANGE)
    flow.moved[:, 3:7, 2:9] += 4.0
    flow.doubt[3:7, 2:9] = 2.0
    flow.moved[:, 12:14, 12:14] -= 5.0
    assert corners_of(flow) == pytest.approx(expected, abs=1.0)


def test_a_region_without_any_sure_cell_stays_where_it_is():
    noise = np.random.default_rng(0).normal(size=(2, FLOW_CELLS, FLOW_CELLS)).astype(np.float32) * 3
    unsure = Flow(noise, np.full((FLOW_CELLS, FLOW_CELLS), 4.0, np.float32))
    assert corners_of(unsure) == pytest.approx(reference_corners(), abs=3)


def aligned(region: np.ndarray, look: Look) -> np.ndarray:
    """The matrix where every look, the first at the box too, is by `look`."""
    return align(region, first=look(box_frame(region)), look=look)


def test_a_look_that_knows_the_way_lays_the_mark_on_its_reference():
    region = photographed(trim(textured()), QUAD, size=(176, 136))
    truth = cv2.getPerspectiveTransform(QUAD, reference_corners())
    laid = box_matrix(region)

    def look(frame: np.ndarray) -> Flow:
        nonlocal laid
        change = laid @ np.linalg.inv(truth)
        laid = truth
        return flow_of(change)

    assert corner_error(aligned(region, look), QUAD) < 1.5


def half_way(region: np.ndarray, *, doubt: float) -> tuple[np.ndarray, int]:
    """The alignment by looks that each go half of the way, and how many they were."""
    laid, looks = box_matrix(region), 0

    def look(frame: np.ndarray) -> Flow:
        nonlocal laid, looks
        looks += 1
        there = cv2.perspectiveTransform(QUAD[None].astype(np.float64), laid)[0]
        nearer = ((there + reference_corners()) / 2).astype(np.float32)
        change = cv2.getPerspectiveTransform(reference_corners(), nearer)
        laid = np.linalg.inv(change) @ laid
        return flow_of(change, doubt=doubt)

    return aligned(region, look), looks


def test_a_region_is_looked_at_until_it_lies_still():
    region = photographed(trim(textured()), QUAD, size=(176, 136))
    found, looks = half_way(region, doubt=-3.0)
    assert FEWEST_LOOKS < looks < MOST_LOOKS
    assert corner_error(found, QUAD) < 2 * STILL * FRAME_SIDE


def test_an_unsure_look_is_not_followed_by_a_third():
    region = photographed(trim(textured()), QUAD, size=(176, 136))
    assert half_way(region, doubt=0.0)[1] == FEWEST_LOOKS


def test_a_region_that_never_lies_still_is_looked_at_so_often_and_no_more():
    region, looks = photographed(trim(textured()), QUAD, size=(176, 136)), 0

    def look(frame: np.ndarray) -> Flow:
        nonlocal looks
        looks += 1
        aside = np.array([[1.0, 0, 10 * (-1) ** looks], [0, 1, 0], [0, 0, 1]])
        return flow_of(aside)

    aligned(region, look)
    assert looks == MOST_LOOKS


def test_a_look_that_would_turn_the_mark_inside_out_is_not_followed():
    region = photographed(trim(textured()), QUAD, size=(176, 136))
    mirror = np.array([[-1.0, 0, FRAME_SIDE], [0, 1, 0], [0, 0, 1]])
    assert aligned(region, lambda _: flow_of(mirror)) == pytest.approx(box_matrix(region))


def test_edges_of_a_step_point_one_way():
    grey = np.zeros((20, 20), np.uint8)
    grey[:, 10:] = 200
    strength = edges(grey).sum(axis=(0, 1))
    assert strength[0] > 0
    assert strength[1:] == pytest.approx(0, abs=1e-3)


def test_moving_by_nothing_changes_nothing_and_a_fold_is_refused():
    start = box_matrix(np.zeros((50, 70, 3), np.uint8))
    same = moved(start, reference_corners())
    assert same / same[2, 2] == pytest.approx(start, abs=1e-4)
    assert moved(start, reference_corners()[[0, 2, 1, 3]]) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2), (700, 30)])
def test_tiny_and_odd_regions_are_laid_somewhere(shape):
    region = np.full((*shape, 3), 90, np.uint8)
    small = working_size(region)
    found = aligned(small, lambda _: flow_of(CHANGE))
    assert np.isfinite(found).all()
    assert laid_in_frame(small, found).shape == (FRAME_SIDE, FRAME_SIDE, 3)
