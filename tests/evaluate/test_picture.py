"""A picture that a notebook shows and a file keeps."""

import pytest

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.charts import class_balance_chart
from mainstay.evaluate.picture import Picture

PICTURE = Picture("balance", class_balance_chart({"No": 3, "Yes": 1}))


def test_a_notebook_shows_it_without_a_script_or_an_address():
    shown = PICTURE._repr_svg_()
    assert shown.startswith("<svg")
    assert ">Yes<" in shown
    assert "<script" not in shown
    assert "http" not in shown.replace("http://www.w3.org/", "")


def test_it_is_kept_as_svg_and_png(tmp_path):
    assert PICTURE.save(tmp_path / "new" / "a.svg").read_text().startswith("<svg")
    assert PICTURE.save(tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")


def test_another_ending_or_no_room_gets_a_sentence(tmp_path):
    with pytest.raises(UsageError, match=r"svg or \.png"):
        PICTURE.save(tmp_path / "a.gif")
    (tmp_path / "taken").write_text("")
    with pytest.raises(UsageError, match="could not be written"):
        PICTURE.save(tmp_path / "taken" / "a.svg")


def test_it_says_what_it_is():
    assert "'balance'" in repr(PICTURE)
