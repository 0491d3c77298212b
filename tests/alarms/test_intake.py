"""Which rows a detector learns from, which calibrate it, and what is left out by name."""

import numpy as np
import polars as pl
import pytest

from mainstay import DataError, SchemaError, UsageError
from mainstay.alarms.intake import schema_for_alarms, take_in
from mainstay.alarms.known import known_anomalies
from mainstay.alarms.settings import Settings
from mainstay.data.read import read

CHANCE = np.random.default_rng(5)
FRAME = pl.DataFrame({
    "who": [f"u{at:04d}" for at in range(200)],
    "amount": CHANCE.normal(50, 9, 200).round(2),
    "town": CHANCE.choice(["Bern", "Rome"], 200),
    "same": [1] * 200,
})  # fmt: skip


def taken(frame=FRAME, *, known=None, clean=None, **wishes):
    settings = Settings(**wishes)
    table, reference = read(frame), None if clean is None else read(clean)
    schema, said = schema_for_alarms(table if reference is None else reference, settings)
    return take_in(table, schema, settings, known=known, clean=reference), said


def test_identifiers_and_constants_are_not_watched_and_that_is_said():
    found, said = taken()
    assert [column.name for column in found.schema.features] == ["amount", "town"]
    assert {one.column for one in said} == {"who", "same"}


def test_a_contaminated_table_is_learned_from_whole():
    found, _ = taken()
    assert found.fit.tolist() == list(range(200))
    assert found.calibrate is None
    assert not found.apart


def test_clean_rows_are_fitted_on_or_calibrate_never_both():
    found, _ = taken(reference="clean")
    assert sorted([*found.fit, *found.calibrate]) == list(range(200))
    assert len(found.calibrate) >= 50


def test_levels_of_words_are_those_of_the_rows_fitted_on():
    frame = FRAME.with_columns(town=pl.Series([f"town {at % 90}" for at in range(200)]))
    found, _ = taken(frame, reference="clean", columns=("town",))
    fitted = set(frame["town"].gather(found.learned.places[found.fit]))
    assert set(found.schema["town"].categories) == fitted
    assert len(fitted) < 90


def test_known_anomalies_are_no_clean_reference():
    known = known_anomalies(pl.Series([1] * 20 + [0] * 180), "label")
    found, _ = taken(known=known, reference="clean")
    assert min(found.learned.places[[*found.fit, *found.calibrate]]) == 20
    assert len(found.judged.places) == 200
    assert any("20 rows that the labels call anomalies" in one.message for one in found.findings)


def test_labels_that_will_teach_do_not_calibrate():
    known = known_anomalies(pl.Series([1, 0] + [None] * 198), "label")
    found, _ = taken(known=known, reference="clean")
    assert min(found.learned.places[[*found.fit, *found.calibrate]]) == 2


def test_clean_rows_of_another_table_say_what_is_usual():
    odd = FRAME.head(5).with_columns(town=pl.lit("Oslo"), same=pl.lit(2))
    found, _ = taken(odd, clean=FRAME, reference="clean")
    assert found.apart
    assert (found.judged.arrays.categories[:, 0] == 2).all()  # a word that no clean row has
    (finding,) = [one for one in found.findings if one.code == "reference.constant"]
    assert finding.column == "same"
    assert "5 rows here" in finding.message


def test_a_table_without_a_column_of_the_clean_rows_is_refused():
    with pytest.raises(SchemaError, match="'town'"):
        taken(FRAME.drop("town"), clean=FRAME, reference="clean")


def test_rows_without_any_value_are_left_out_and_counted():
    frame = FRAME.with_columns(
        amount=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("amount"),
        town=pl.when(pl.int_range(pl.len()) < 4).then(None).otherwise("town"),
    )
    found, _ = taken(frame)
    assert found.judged.places.tolist() == list(range(3, 200))
    (finding,) = [one for one in found.findings if one.code == "rows.refused"]
    assert "3 rows" in finding.message
    assert finding.rows == (1, 2, 3)


@pytest.mark.parametrize(
    ("frame", "wishes", "said"),
    [
        (FRAME.select("who"), {}, "no column is left"),
        (FRAME.select("same"), {}, "no column is left"),
        (FRAME.head(1), {}, "no column is left"),
        (FRAME.head(3), {"reference": "clean"}, "4 rows at least"),
        (
            pl.DataFrame({"a": [None, None], "b": [None, None]}, schema={"a": pl.Float64, "b": pl.String}),
            {},
            "no column",
        ),
    ],
)
def test_what_cannot_be_judged_gets_a_sentence(frame, wishes, said):
    with pytest.raises(DataError, match=said):
        taken(frame, **wishes)


@pytest.mark.parametrize(
    "wishes", [{"seed": -1}, {"seed": True}, {"ask": -1}, {"columns": ()}, {"labels": "a", "columns": ("a",)}]
)
def test_settings_that_cannot_be_are_refused(wishes):
    with pytest.raises(UsageError):
        Settings(**wishes)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="amuont"):
        taken(columns=("amuont",))
