import random

import pytest

from benchmarks.mutants import FORMS, mutants, source_files
from benchmarks.mutation import MUTATIONS, parts_of, repaired
from model.decode import ImageRejected, decode

FILES = source_files()[: len(FORMS)]


@pytest.mark.parametrize("data", FILES)
def test_parts_join_to_the_file_again(data):
    parts = parts_of(data)
    assert b"".join(parts) == data
    assert len(parts) > 3
    assert repaired(data) == data


def test_the_same_seed_gives_the_same_mutants_of_every_kind():
    first, second = (list(mutants(FILES, count=60, seed=5)) for _ in range(2))
    assert first == second
    assert {mutation for mutation, _ in first} == set(MUTATIONS)


@pytest.mark.parametrize("mutation", ["truncate", "truncate_and_close"])
def test_no_file_that_was_cut_is_read(mutation):
    chance = random.Random(3)
    for data in FILES * 4:
        with pytest.raises(ImageRejected):
            decode(MUTATIONS[mutation](data, b"", chance))


def test_repairing_reaches_the_decoder_behind_the_checksums():
    chance = random.Random(4)
    png = next(data for data in FILES if data.startswith(b"\x89PNG"))
    details = set()
    for _ in range(40):
        try:
            decode(MUTATIONS["overwrite"](png, b"", chance))
        except ImageRejected as refused:
            details.add(refused.detail)
    assert any("compressed pixels" in detail for detail in details)
    assert not any("checksum" in detail for detail in details)
