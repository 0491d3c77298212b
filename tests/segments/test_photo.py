"""A photo in a few colours: exact, small, and honest about how many."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import DataError, MissingPackageError, UsageError
from mainstay.data.image_colour import srgb_to_lab
from mainstay.segments.photo import segment_photo

Image = pytest.importorskip("PIL.Image")
CHANCE = np.random.default_rng(0)
COLOURS = np.array([[230, 20, 20], [20, 200, 30], [30, 40, 220], [240, 240, 240]])


def flag(size=40, noise=0.0):
    owner = np.repeat(np.repeat([[0, 1, 1], [2, 3, 3]], size, axis=0), size, axis=1)
    pixels = COLOURS[owner] + noise * CHANCE.normal(size=(*owner.shape, 3))
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8), owner


def gradient():
    ramp = np.linspace(0, 255, 300)
    return np.stack(np.broadcast_arrays(ramp, ramp[::-1, None], 128.0), axis=-1)[::3].astype(np.uint8)


def test_flat_colours_are_kept_as_they_are():
    pixels, _ = flag()
    found = segment_photo(pixels)
    assert found.k == found.different == 4
    assert np.array_equal(found.image(), pixels)
    assert found.shares == pytest.approx([1 / 3, 1 / 3, 1 / 6, 1 / 6])
    assert found.sentence == "The photo has 4 colours, and no others."
    assert found.choice is None


def test_noisy_colours_are_found_again():
    pixels, owner = flag(noise=4.0)
    found = segment_photo(pixels)
    assert found.k == 4
    assert found.different > 1000
    assert found.choice.verdict == "one clear k"
    pairs = {(one, two) for one, two in zip(found.labels.ravel().tolist(), owner.ravel().tolist(), strict=True)}
    assert len(pairs) == 4
    nearest = np.abs(found.colours[:, None] - COLOURS).max(axis=2).min(axis=1)
    assert nearest.max() <= 2


def test_where_colours_flow_it_says_so():
    found = segment_photo(gradient())
    assert "flow into each other" in found.sentence
    assert 2 <= found.k <= 16
    assert found.curve[found.k - 1].explained >= 0.9


@pytest.mark.parametrize("space", ["lab", "rgb"])
def test_the_curve_is_exact_over_all_pixels(space):
    pixels, _ = flag(noise=10.0)
    found = segment_photo(pixels, k=3, space=space)
    rows = pixels.reshape(-1, 3)
    rows = srgb_to_lab(rows) if space == "lab" else rows.astype(np.float64)
    middle = rows.mean(axis=0)
    assert found.curve[0].inertia == pytest.approx(((rows - middle) ** 2).sum(), rel=1e-5)
    labels = found.labels.ravel()
    within = sum(((rows[labels == one] - rows[labels == one].mean(axis=0)) ** 2).sum() for one in range(3))
    assert within <= found.curve[2].inertia * (1 + 1e-5)
    assert [point.k for point in found.curve] == [1, 2, 3]
    assert all(one.inertia >= two.inertia for one, two in zip(found.curve, found.curve[1:], strict=False))


def test_a_large_photo_is_counted_by_table_and_gives_the_same():
    pixels, _ = flag(noise=3.0)
    large = np.tile(pixels, (11, 11, 1))
    assert large[..., 0].size > 1_000_000
    small, big = segment_photo(pixels, k=4), segment_photo(large, k=4)
    assert np.array_equal(big.labels, np.tile(small.labels, (11, 11)))
    assert np.array_equal(big.colours, small.colours)
    assert big.curve[-1].inertia == pytest.approx(121 * small.curve[-1].inertia, rel=1e-4)


def test_the_seed_decides():
    pixels = gradient()
    assert np.array_equal(segment_photo(pixels, k=5, seed=3).labels, segment_photo(pixels, k=5, seed=3).labels)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".bmp", ".gif", ".jpg"])
def test_pictures_are_written(tmp_path, suffix):
    pixels, _ = flag()
    found = segment_photo(pixels, k=3)
    found.save(tmp_path / f"out{suffix}")
    with Image.open(tmp_path / f"out{suffix}") as written:
        back = np.asarray(written.convert("RGB")).astype(int)
    assert back.shape == pixels.shape
    if suffix in (".png", ".bmp", ".gif"):
        assert np.array_equal(back, found.image())


def test_a_png_of_few_colours_is_small(tmp_path):
    pixels, _ = flag(size=300, noise=5.0)
    segment_photo(pixels, k=4).save(tmp_path / "out.png")
    assert (tmp_path / "out.png").stat().st_size < 10_000


def test_a_file_is_read_whatever_it_is(tmp_path):
    pixels, _ = flag()
    Image.fromarray(pixels).save(tmp_path / "flag.png")
    assert segment_photo(tmp_path / "flag.png").k == 4
    clear = np.dstack([pixels, np.zeros(pixels.shape[:2], np.uint8)])
    Image.fromarray(clear).save(tmp_path / "clear.png")
    assert segment_photo(str(tmp_path / "clear.png")).names == ("#ffffff",)
    Image.fromarray(pixels).convert("CMYK").save(tmp_path / "ink.tiff")
    assert segment_photo(tmp_path / "ink.tiff", k=4).k == 4


def test_grey_pixels_and_a_single_one():
    assert segment_photo(np.array([[0, 255], [255, 255]], np.uint8)).names == ("#ffffff", "#000000")
    one = segment_photo(np.array([[[1, 2, 3]]], np.uint8))
    assert one.names == ("#010203",)
    assert one.sentence == "The photo has one colour, and no others."
    assert one.to_dict()["curve"][0]["silhouette"] is None


def test_the_answer_as_plain_data():
    import json

    found = segment_photo(flag(noise=4.0)[0]).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["k"] == len(found["colours"]) == 4
    assert found["width"], found["height"] == (120, 80)
    assert sum(colour["share"] for colour in found["colours"]) == pytest.approx(1)
    assert len(found["curve"]) == 16


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"k": 5}, "the photo has 4"),
        ({"k": 0}, "from 1 to 256"),
        ({"k": "many"}, "auto, a number"),
        ({"k": True}, "auto, a number"),
        ({"k": "300"}, "from 1 to 256"),
        ({"k_max": 0}, "k_max is a number"),
        ({"space": "hsv"}, "lab or rgb"),
    ],
)
def test_wishes_that_cannot_be_are_refused(wishes, words):
    with pytest.raises(UsageError, match=words):
        segment_photo(flag()[0], **wishes)


def test_what_is_no_photo_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        segment_photo(tmp_path / "none.png")
    with pytest.raises(DataError, match="a folder came"):
        segment_photo(tmp_path)
    (tmp_path / "words.png").write_text("hello")
    with pytest.raises(DataError, match="it is none"):
        segment_photo(tmp_path / "words.png")
    with pytest.raises(DataError, match="float64 of shape"):
        segment_photo(np.zeros((3, 3, 3)))
    with pytest.raises(DataError, match="no pixels"):
        segment_photo(np.zeros((0, 3, 3), np.uint8))
    found = segment_photo(flag()[0], k=2)
    with pytest.raises(UsageError, match=r"out\.tga"):
        found.save(tmp_path / "out.tga")
    with pytest.raises(DataError, match="cannot be written"):
        found.save(tmp_path / "nowhere" / "out.png")


def test_pixels_need_no_pillow_and_files_say_that_they_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert segment_photo(flag()[0], k=2).k == 2
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(MissingPackageError, match="mainstay"):
        segment_photo(tmp_path / "a.png")


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 4), st.integers(1, 4))
def test_any_small_photo_has_its_colours_or_a_sentence(height, width, colours, k):
    pixels = COLOURS[np.random.default_rng(height * 8 + width).integers(0, colours, (height, width))].astype(np.uint8)
    different = len(np.unique(pixels.reshape(-1, 3), axis=0))
    if k > different:
        with pytest.raises(UsageError, match="the photo has"):
            segment_photo(pixels, k=k)
        return
    found = segment_photo(pixels, k=k)
    assert found.k == k
    assert found.labels.shape == (height, width)
    if k == different:
        assert np.array_equal(found.image(), pixels)


def test_a_range_of_colours_is_kept_to() -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (40, 60, 3)).astype(np.uint8)
    found = segment_photo(pixels, k="2..3")
    assert found.k in (2, 3)
    assert len(found.curve) == 3
    assert segment_photo(pixels, k=(4, 6)).k in (4, 5, 6)
    with pytest.raises(UsageError, match="a range of such"):
        segment_photo(pixels, k="2..300")


def test_where_the_number_was_given_there_is_no_verdict() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    assert segment_photo(pixels, k=4).to_dict()["verdict"] is None
