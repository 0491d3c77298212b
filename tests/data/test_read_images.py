"""Folders of pictures become tables, whatever the files are; a file that cannot be read is said and passed over."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainstay.contracts.errors import DataError, MissingPackageError
from mainstay.data.decode import Decoder
from mainstay.data.image_colour import lab_to_srgb, srgb_to_lab
from mainstay.data.image_features import FEATURES, picture_features
from mainstay.data.image_file import open_picture
from mainstay.data.infer import infer
from mainstay.data.read import read

Image = pytest.importorskip("PIL.Image")
DATA = Path(__file__).parents[3] / "shared" / "data"
SHIPPED = pytest.mark.skipif(not DATA.exists(), reason="the development data are not here")
CHANCE = np.random.default_rng(0)


def noise(height=40, width=60, tint=(1, 1, 1)):
    return (CHANCE.integers(0, 256, (height, width, 3)) * np.array(tint)).astype(np.uint8)


def save(pixels, path, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **how)
    return path


def described(pixels):
    return dict(zip(FEATURES, picture_features(np.asarray(pixels, np.uint8)).tolist(), strict=True))


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "b.JPG", "c.webp", "d.bmp"):
        save(noise(), tmp_path / "red" / name)
        save(noise(tint=(0, 0, 1)), tmp_path / "blue" / "deep" / name)
    (tmp_path / "notes.txt").write_text("not a picture")
    save(noise(), tmp_path / ".thumbnails" / "a.png")
    return tmp_path


def test_a_folder_of_folders_is_a_table(folder):
    table = read(folder)
    assert table.columns == ("file", "folder", *FEATURES)
    assert table.frame["file"].to_list()[:2] == ["blue/deep/a.png", "blue/deep/b.JPG"]
    assert table.frame["folder"].to_list() == ["blue/deep"] * 4 + ["red"] * 4
    assert not table.notes
    assert table.digest == read(str(folder)).digest
    assert read(folder).frame.equals(table.frame)


def test_names_and_folders_are_no_features_unless_asked_for(folder):
    table = read(folder)
    roles = {column.name: column.role for column in infer(table).schema.columns}
    assert roles["file"] == roles["folder"] == "ignored"
    assert infer(table, target="folder").schema.target.name == "folder"
    assert infer(table, roles={"folder": "feature"}).schema["folder"].role == "feature"
    arrays = Decoder(infer(table).schema).from_frame(table.frame).arrays
    assert arrays.rows == 8
    assert not arrays.category_names


def test_new_pictures_are_read_by_the_same_schema(folder, tmp_path_factory):
    schema = infer(read(folder)).schema
    other = tmp_path_factory.mktemp("new")
    save(noise(), other / "x.png")
    table = read(other)
    assert "folder" not in table.columns
    assert Decoder(schema).from_frame(table.frame).arrays.rows == 1


def test_a_damaged_file_is_named_and_the_others_are_read(folder):
    (folder / "red" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (folder / "red" / "cut.png").write_bytes((folder / "red" / "a.png").read_bytes()[:800])
    (folder / "red" / "empty.jpg").write_bytes(b"")
    (folder / "red" / "words.jpg").write_text("hello")
    table = read(folder)
    assert table.rows == 8
    note = table.notes[0]
    assert note.code == "images.unreadable"
    assert note.message.startswith("4 of 12 pictures could not be read")
    for name in ("broken.png", "cut.png", "empty.jpg", "words.jpg"):
        assert f"red/{name}" in note.message


def test_when_no_picture_can_be_read_it_is_an_error(tmp_path):
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(DataError, match="no picture of 1 can be read: a picture was expected, and it is none"):
        read(tmp_path)


def test_a_folder_without_pictures_and_a_single_picture_are_refused(tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="a folder came"):
        read(tmp_path)
    path = save(noise(), tmp_path / "more" / "a.png")
    with pytest.raises(DataError, match="a folder of pictures is a table"):
        read(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    save(noise(), tmp_path / "a.png")
    save(noise(400, 400), tmp_path / "large.png")
    monkeypatch.setattr("mainstay.data.image_file._MOST_PIXELS", 100_000)
    table = read(tmp_path)
    assert table.rows == 1
    assert "larger one came" in table.notes[0].message


def test_without_pillow_the_line_that_installs_it_is_said(tmp_path, monkeypatch):
    save(noise(), tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingPackageError, match=r'pip install "mainstay\[images\]"'):
        read(tmp_path)


def test_pictures_are_turned_upright(tmp_path):
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:10] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    turned = open_picture(save(pixels, tmp_path / "a.png", exif=exif))
    assert turned.shape == (20, 40, 3)
    assert turned[:10].max() == 0
    assert turned[10:].min() == 255
    exif[0x0112] = 6  # a quarter
    assert open_picture(save(pixels, tmp_path / "b.png", exif=exif)).shape == (40, 20, 3)


def test_every_mode_becomes_colours_on_white(tmp_path):
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[:2, :, 3] = 255
    assert open_picture(save(clear, tmp_path / "clear.png")).tolist() == [[[0] * 3] * 4] * 2 + [[[255] * 3] * 4] * 2
    grey = np.full((4, 4), 77, np.uint8)
    assert (open_picture(save(grey, tmp_path / "grey.png")) == 77).all()
    deep = np.array([[0, 257, 65535, 32896]] * 2, np.uint16)
    assert open_picture(save(deep, tmp_path / "deep.png"))[0, :, 0].tolist() == [0, 1, 255, 128]
    Image.fromarray(noise(4, 4)).convert("CMYK").save(tmp_path / "ink.jpg")
    assert open_picture(tmp_path / "ink.jpg").shape == (4, 4, 3)
    Image.fromarray(noise(4, 4)).convert("P").save(tmp_path / "palette.png", transparency=0)
    assert open_picture(tmp_path / "palette.png").shape == (4, 4, 3)
    Image.fromarray(noise(4, 4)).convert("1").save(tmp_path / "two.png")
    assert set(np.unique(open_picture(tmp_path / "two.png"))) <= {0, 255}
    frames = [Image.fromarray(np.full((3, 3, 3), value, np.uint8)) for value in (0, 255)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert (open_picture(tmp_path / "moving.gif") == 0).all()
    Image.fromarray(np.full((3, 3), 0.5, np.float32)).save(tmp_path / "real.tiff")
    with pytest.raises(DataError, match="numbers with a fraction"):
        open_picture(tmp_path / "real.tiff")


def test_large_pictures_are_made_small(tmp_path):
    path = save(noise(300, 600), tmp_path / "a.jpg")
    assert open_picture(path, most=128).shape == (64, 128, 3)
    assert open_picture(save(noise(1, 600), tmp_path / "b.png"), most=128).shape == (1, 128, 3)


def test_colours_there_and_back():
    colours = np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3), axis=-1).reshape(-1, 3).astype(np.uint8)
    assert np.array_equal(lab_to_srgb(srgb_to_lab(colours)), colours)
    greys = srgb_to_lab(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
    assert np.abs(greys[:, 1:]).max() < 1e-6
    assert (np.diff(greys[:, 0]) > 0).all()
    blue = srgb_to_lab(np.array([0, 0, 255], np.uint8))
    assert blue == pytest.approx([32.30, 79.19, -107.86], abs=0.02)


@pytest.mark.parametrize(
    ("colour", "hue"),
    [
        ((255, 0, 0), "red"), ((255, 140, 0), "orange"), ((255, 255, 0), "yellow"), ((0, 160, 0), "green"),
        ((0, 200, 200), "turquoise"), ((0, 0, 255), "blue"), ((90, 160, 250), "blue"), ((170, 0, 220), "violet"),
        ((255, 130, 180), "pink"),
    ],
)  # fmt: skip
def test_hues_have_the_names_that_people_give_them(colour, hue):
    found = described(np.zeros((4, 4, 3)) + colour)
    assert found[f"hue_{hue}"] == 1.0
    assert sum(value for name, value in found.items() if name.startswith("hue_")) == 1.0


def test_edges_fields_and_mirrors():
    stripes = np.zeros((32, 32, 3))
    stripes[:, ::8] = stripes[:, 1::8] = stripes[:, 2::8] = stripes[:, 3::8] = 255
    assert described(stripes)["edge_upright"] > 0.99
    assert described(stripes.transpose(1, 0, 2))["edge_flat"] > 0.99
    lit = np.zeros((30, 30, 3))
    lit[:10, :10] = 255
    found = described(lit)
    assert found["lightness_top_left"] > 80
    assert found["lightness_bottom_right"] < 0
    half = np.zeros((30, 30, 3))
    half[:, :15] = 255
    assert described(half)["mirror_left_right"] == pytest.approx(-1)
    assert described(half)["mirror_top_bottom"] == pytest.approx(1)
    fine, rough = noise(64, 64), np.repeat(np.repeat(noise(8, 8), 8, axis=0), 8, axis=1)
    assert described(fine)["detail_finest"] > 10
    assert described(rough)["detail_finest"] == described(rough)["detail_medium"] == 0
    assert described(rough)["detail_coarse"] > 10


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2), (3, 1), (17, 5)])
def test_pictures_of_any_size_have_finite_numbers(size):
    found = picture_features(noise(*size))
    assert found.shape == (len(FEATURES),)
    assert np.isfinite(found).all()


def test_names_are_unique():
    assert len(set(FEATURES)) == len(FEATURES)


@SHIPPED
def test_kinds_of_clothes_fall_apart():
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_mutual_info_score

    from mainstay.prepare.clusters import fit_for_clusters, points_of

    table = read(DATA / "fashion_mnist" / "ten_classes" / "test")
    arrays = Decoder(infer(table).schema).from_frame(table.frame).arrays
    found = KMeans(10, n_init=5, random_state=0).fit_predict(points_of(fit_for_clusters(arrays), arrays).matrix)
    assert adjusted_mutual_info_score(table.frame["folder"].to_list(), found) > 0.4
