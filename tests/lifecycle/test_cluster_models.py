"""A model that groups rows, through the verbs that use a model file."""

import numpy as np
import polars as pl
import pytest
from tests.bundle.clusters import NAMES, ROWS, one_group, people, table

import mainstay
from mainstay.apps.cli.app import run
from mainstay.contracts.errors import UsageError

COLUMNS = ["cluster", "cluster_name", "distance", "second_cluster", "second_distance", "fits_none"]


@pytest.fixture
def path(tmp_path):
    people().save(tmp_path / "people.mainstay")
    return tmp_path / "people.mainstay"


def test_predict_writes_the_answers_beside_the_rows(path, tmp_path):
    frame = table(50, seed=8)
    result = mainstay.predict(path, frame, out=[tmp_path / "found.csv", tmp_path / "found.parquet"])
    answers = people().clusters.predict_frame(frame)
    assert result.answers.columns == COLUMNS
    assert result.answers["cluster"].to_list() == answers.cluster.tolist()
    assert result.answers["cluster_name"].to_list() == [NAMES[at] for at in answers.cluster]
    assert result.answers["distance"].to_numpy().tobytes() == answers.distance.tobytes()
    assert result.answers["second_distance"].to_numpy().tobytes() == answers.second_distance.tobytes()
    kept = pl.read_parquet(tmp_path / "found.parquet")
    assert kept.columns == [*frame.columns, *COLUMNS]
    assert pl.read_csv(tmp_path / "found.csv")["cluster"].to_list() == answers.cluster.tolist()
    figures = result.to_dict()
    assert sum(one["rows"] for one in figures["clusters"]) == 50
    assert figures["fits_none"] == {"rows": int(answers.fits_none.sum()), "share": answers.fits_none.mean()}


def test_a_refused_row_is_null_everywhere(path):
    found = mainstay.load(path).predict(pl.DataFrame(ROWS, strict=False, infer_schema_length=None))
    assert found.select(pl.all().is_null()).row(4) == (True,) * 6
    assert found.select(pl.all().is_null()).row(3) == (False,) * 6
    assert found.row(3)[-1] is True
    assert found.schema == pl.Schema(
        dict(zip(COLUMNS, (pl.Int64, pl.String, pl.Float64, pl.Int64, pl.Float64, pl.Boolean), strict=True))
    )


def test_one_cluster_has_no_second(tmp_path):
    one_group().save(tmp_path / "one.mainstay")
    found = mainstay.predict(tmp_path / "one.mainstay", table(5)).answers
    assert found["cluster"].to_list() == [0] * 5
    assert found["second_cluster"].null_count() == found["second_distance"].null_count() == 5


def test_a_pandas_frame_comes_back_as_one(path):
    pd = pytest.importorskip("pandas")
    rows = pd.DataFrame(table(4).to_dicts(), index=[7, 5, 3, 1])
    found = mainstay.load(path).predict(rows)
    assert list(found.columns) == COLUMNS
    assert found.index.tolist() == [7, 5, 3, 1]


def test_inspect_and_verify_know_what_it_is(path):
    figures = mainstay.inspect(path).to_dict()
    assert (figures["task"], figures["target"], figures["labels"], figures["format"]) == (
        "clustering", None, list(NAMES), 3,
    )  # fmt: skip
    assert [one["limit"] for one in figures["clusters"]] == [1.5, 1.5, 2.5]
    assert sum(one["rows"] for one in figures["clusters"]) == 300
    assert mainstay.verify(path).to_dict()["ok"]
    assert "3 clusters from 3 columns" in repr(mainstay.load(path))


def test_explain_says_which_columns_speak_for_the_cluster(path):
    frame = table(12, seed=4)
    result = mainstay.explain(path, frame, top=1)
    answers = people().clusters.predict_frame(frame)
    found = result.frame
    assert found["prediction"].to_list() == answers.cluster.tolist()
    assert found["class"].to_list() == [NAMES[at] for at in answers.cluster]
    np.testing.assert_allclose(found["answer"], answers.second_distance - answers.distance)
    total = found.select(pl.sum_horizontal("base", *frame.columns)).to_series()
    np.testing.assert_allclose(total, found["answer"], atol=1e-6)
    assert (result.to_dict()["task"], result.to_dict()["target"]) == ("clustering", None)
    assert result.to_dict()["scale"] == "second_distance - distance"
    assert "the distance to the second nearest cluster minus that to its own" in result.report
    for words in ({"label": "dear"}, {"scale": "margin"}):
        with pytest.raises(UsageError, match=r"groups rows|no margin"):
            mainstay.explain(path, frame, **words)


def test_what_needs_a_target_says_so(path):
    with pytest.raises(UsageError, match="groups rows into 3 clusters"):
        mainstay.compare(path, path, table(3))


def test_the_commands(path, tmp_path, capsys):
    table(30).write_csv(tmp_path / "new.csv")
    assert run(["predict", str(path), str(tmp_path / "new.csv"), "-o", str(tmp_path / "out.csv")]) == 0
    said = capsys.readouterr().out
    assert "30 rows answered" in said
    assert "fit none of the groups" in said
    assert "100 %" in said
    assert run(["predict", str(path), str(tmp_path / "new.csv")]) == 0
    assert capsys.readouterr().out.splitlines()[0] == ",".join(COLUMNS)
    for verb, words in (("inspect", "by euclidean distance"), ("verify", "clustering into 3")):
        assert run([verb, str(path)]) == 0
        assert words in capsys.readouterr().out
    assert np.isin(pl.read_csv(tmp_path / "out.csv")["cluster"], (0, 1, 2)).all()
