import numpy as np
import pytest

from training.edits.outlines import format_path, group_parts, parse_path


def ends(data: str) -> list[tuple[float, float]]:
    return [tuple(np.round(point, 6)) for outline in parse_path(data) for point in outline.points[::3]]


def test_lines_become_points_in_absolute_coordinates():
    assert ends("M1 2h3v4l-1-1H0z") == [(1, 2), (4, 2), (4, 6), (3, 5), (0, 5)]


def test_a_moveto_with_more_pairs_draws_lines():
    assert ends("m1 1 2 0 0 2") == [(1, 1), (3, 1), (3, 3)]


def test_after_closing_the_pen_stands_at_the_start():
    assert parse_path("M5 5h2v2zl1 0")[1].points[0] == pytest.approx([5, 5])


def test_a_smooth_curve_reflects_the_last_control_point():
    curve = parse_path("M0 0C0 1 1 1 1 0S2-1 2 0")[0]
    assert curve.points[4] == pytest.approx([1, -1])


def test_a_quadratic_curve_passes_through_its_middle():
    start, first, second, end = parse_path("M0 0Q1 2 2 0")[0].points
    assert (start + 3 * first + 3 * second + end) / 8 == pytest.approx([1, 1])


@pytest.mark.parametrize("flags", ["00", "01", "10", "11"])
def test_an_arc_stays_on_its_circle(flags):
    points = parse_path(f"M1 0A1 1 0 {flags[0]} {flags[1]} 0 1")[0].points
    centre = np.array([0, 0]) if flags in ("01", "10") else np.array([1, 1])
    for a, b, c, d in (points[i : i + 4] for i in range(0, len(points) - 1, 3)):
        for t in np.linspace(0, 1, 5):
            place = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
            assert np.hypot(*(place - centre)) == pytest.approx(1, abs=1e-3)
    assert (len(points) - 1) // 3 == (3 if flags[0] == "1" else 1)


def test_flags_of_an_arc_may_touch_the_next_number():
    assert ends("M0 0a1 1 0 012 0") == ends("M0 0 a 1 1 0 0 1 2 0")


def test_a_written_path_reads_back_the_same():
    outlines = parse_path("M1 2c1 0 2 1 2 3s-1 2-2 2zM9 9h1v1z")
    again = parse_path(format_path(outlines))
    for before, after in zip(outlines, again, strict=True):
        assert after.points == pytest.approx(before.points, abs=1e-3)
        assert after.closed == before.closed


def test_a_letter_and_its_hole_are_one_part():
    parts = group_parts(parse_path("M20 0h10v10h-10zM0 0h10v10h-10zM3 3h4v4h-4z"))
    assert [len(part) for part in parts] == [2, 1]


def test_numbers_that_do_not_fit_the_command_are_refused():
    with pytest.raises(ValueError, match="groups of 6"):
        parse_path("M0 0C1 2 3")
