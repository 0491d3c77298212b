"""A picture in its main colours, as a user meets it."""

import json
from pathlib import Path

import numpy as np
import pytest

import mainstay

PHOTO = Path(__file__).parents[3] / "shared/data/photos/flower.jpg"


def flag():
    """A white field with a red and a small blue stripe, a little noisy."""
    pixels = np.full((40, 60, 3), 250, np.int64)
    pixels[:, 35:] = [200, 10, 10]
    pixels[:, 52:] = [10, 20, 190]
    return np.clip(pixels + np.random.default_rng(0).integers(-5, 6, pixels.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("space", ["lab", "rgb"])
def test_colours_are_found_and_written(space, tmp_path):
    found = mainstay.segment(flag(), k=3, space=space, out=tmp_path / "out.png")
    assert np.bincount(found.labels.ravel()).tolist() == [40 * 35, 40 * 17, 40 * 8]
    assert found.pixels.shape == (40, 60, 3)
    figures = found.to_dict()
    assert [round(one["share"], 3) for one in figures["colours"]] == [0.583, 0.283, 0.133]
    assert figures["outputs"] == [str(tmp_path / "out.png")]
    json.dumps(figures, allow_nan=False)
    from PIL import Image

    with Image.open(tmp_path / "out.png") as written:
        assert np.array_equal(np.asarray(written.convert("RGB")), found.pixels)
    assert "3 colours" in found.headline()
    assert len(found.table()) == 4


def test_the_number_of_colours_is_found():
    assert mainstay.segment(flag()).to_dict()["k"] == 3


@pytest.mark.parametrize(
    ("photo", "options", "said"),
    [("nowhere.png", {}, "no such file"), (np.zeros((0, 3, 3), np.uint8), {}, "no pixels"), (flag(), {"k": 0}, "k is"),
     (flag(), {"space": "hsv"}, "lab or rgb"), (flag(), {"out": "a.txt"}, "must end in"),
     (np.zeros((2, 2, 3), np.uint8), {"k": 2}, "the photo has 1")],
)  # fmt: skip
def test_what_cannot_be_done_gets_a_sentence(photo, options, said):
    with pytest.raises(mainstay.MainstayError, match=said):
        mainstay.segment(photo, **options)


@pytest.mark.real_data
@pytest.mark.skipif(not PHOTO.is_file(), reason="no shared data")
def test_a_photo_keeps_all_of_its_pixels():
    found = mainstay.segment(PHOTO, k=6)
    assert found.labels.shape == (427, 640)
    assert sum(one["share"] for one in found.to_dict()["colours"]) == pytest.approx(1)
