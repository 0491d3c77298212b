"""A run over a series, from a table to a bundle: times of all sorts, rows in any order, and answers of the bundle."""

import datetime as dt
import itertools
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.alarms.series_finish import find_in_series
from mainstay.alarms.series_run import judge_series
from mainstay.alarms.settings import Settings
from mainstay.bundle import series
from mainstay.bundle.open import open_bundle
from mainstay.bundle.verify import verify
from mainstay.compute.around import Around
from mainstay.compute.clock import Clock
from mainstay.contracts.errors import DataError, MainstayError, UsageError
from mainstay.data.read import read

ROWS, PERIOD = 1_200, 48
START = np.datetime64("2024-01-01T00:00:00")
HURRY = 5.0  # too short for pictures: the page has tables alone


def signal(seed=0, rows=ROWS):
    at = 2 * np.pi * np.arange(rows) / PERIOD
    return 20 + 5 * np.sin(at) + np.random.default_rng(seed).normal(0, 0.4, rows)


def table(values, *, step=30, keep=None):
    times = START + np.arange(len(values)) * np.timedelta64(step, "m")
    frame = pl.DataFrame({"at": times.astype("datetime64[us]"), "load": values})
    return frame if keep is None else frame[keep]


def found(frame, *, clean=None, known=None, **settings):
    around = Around(Clock(HURRY))
    return find_in_series(
        read(frame), Settings(time="at", **settings), around, known=known, clean=None if clean is None else read(clean)
    )


@pytest.fixture(scope="module")
def broken():
    values = signal()
    values[700:748] = 20.0
    return table(values)


@pytest.fixture(scope="module")
def finished(broken):
    return found(broken)


def test_the_missing_cycle_is_the_one_window_and_the_reason_names_column_and_usual_values(finished):
    windows = finished.figures["windows"]
    assert len(windows) == 1
    assert windows[0]["start"] < "2024-01-16T02:00:00"
    assert windows[0]["end"] > "2024-01-15T14:00:00"
    assert windows[0]["column"] == "load"
    assert all(windows[0]["reason"])
    assert finished.figures["period"] == PERIOD
    assert finished.figures["window"] == PERIOD


def test_answers_are_those_that_the_bundle_gives_again(finished, broken):
    detector = finished.bundle.detector
    again = detector.predict_frame(broken)
    assert again.score.tobytes() == finished.answers.get_column("score").to_numpy().tobytes()
    assert again.p_value.tobytes() == finished.answers.get_column("p_value").to_numpy().tobytes()
    assert again.flagged.tolist() == finished.answers.get_column("flagged").to_list()
    assert list(again.reason) == finished.answers.get_column("reason").to_list()
    assert all(again.reason[row] for row in np.flatnonzero(again.flagged))


def test_rows_as_a_table_and_as_plain_rows_get_the_same_bits(finished, broken):
    detector = finished.bundle.detector
    part = broken[650:800]
    framed = detector.predict_frame(part)
    plain = detector.predict_rows([{"at": row["at"].isoformat(), "load": row["load"]} for row in part.to_dicts()])
    assert framed.score.tobytes() == plain.score.tobytes()
    assert framed.reason == plain.reason


def test_rows_in_any_order_get_their_own_answers(finished, broken):
    order = np.random.default_rng(3).permutation(broken.height)
    shuffled = finished.bundle.detector.predict_frame(broken[order])
    assert shuffled.score.tobytes() == finished.bundle.detector.predict_frame(broken).score[order].tobytes()


def test_the_bundle_is_verified_and_its_golden_rows_are_one_stretch(finished):
    bundle = open_bundle(finished.bundle.data)
    assert bundle.task == "series_anomaly_detection"
    assert bundle.manifest.format == 4
    assert all(check.ok for check in verify(finished.bundle.data).checks)
    times = [row.row["at"] for row in bundle.golden.rows]
    assert len(times) == 2 * PERIOD
    assert all(early < late for early, late in itertools.pairwise(times))


def test_a_stretch_shorter_than_a_window_gets_a_sentence(finished, broken):
    with pytest.raises(DataError, match="stretches of 48 points at least"):
        finished.bundle.detector.predict_frame(broken[:20])


def test_decoded_rows_without_times_are_refused(finished, broken):
    detector = finished.bundle.detector
    with pytest.raises(UsageError, match="judged in stretches"):
        detector.predict_arrays(detector.decoder.from_frame(broken).arrays)


def test_repeated_missing_and_unsorted_times_are_reported_and_their_rows_keep_their_places():
    values = signal(1)
    values[300] += 15
    frame = table(values)
    keep = np.concatenate([np.arange(ROWS), [10, 10, 500]])
    keep = np.delete(keep, np.r_[600:603, 800:840])
    frame = frame[np.random.default_rng(0).permutation(keep)].with_columns(
        load=pl.when(pl.int_range(pl.len()).is_in([5, 6])).then(None).otherwise(pl.col("load"))
    )
    run = found(frame)
    codes = {one["code"] for one in run.figures["findings"]}
    assert {"series.repeated", "series.gaps", "series.missing", "series.unsorted"} <= codes
    flagged = frame.with_columns(run.answers).filter(pl.col("flagged"))
    assert (START + 300 * np.timedelta64(30, "m")).astype(object) in flagged.get_column("at").to_list()
    score = run.answers.get_column("score")
    assert score.null_count() == 2
    assert score[5] is None
    assert score[6] is None


def test_a_stretch_between_gaps_that_is_too_short_is_refused_and_said_so():
    frame = table(signal(2), keep=np.r_[0:1000, 1100:1130])
    run = found(frame)
    assert run.answers.get_column("score").null_count() == 30
    assert run.figures["refused"] == 30


def test_many_columns_and_times_that_are_numbers():
    random = np.random.default_rng(5)
    common = np.convolve(random.normal(size=ROWS + 20), np.ones(21) / 4, mode="valid")
    columns = np.stack([common, -common, 2 * common], axis=1) + random.normal(0, 0.1, (ROWS, 3))
    columns[600:660, 1] *= -1
    frame = pl.DataFrame({"at": np.arange(ROWS) * 10, "a": columns[:, 0], "b": columns[:, 1], "c": columns[:, 2]})
    frame = frame.with_columns(kind=pl.lit("machine"))
    run = found(frame, alarm="top=1")
    assert 5_700 <= run.figures["windows"][0]["peak"] <= 6_900
    assert run.figures["windows"][0]["column"] == "b"
    assert run.figures["columns"][0]["column"] == "b"


def test_top_counts_windows_not_rows(broken):
    for wanted in (1, 3):
        assert len(found(broken, alarm=f"top={wanted}").figures["windows"]) == wanted


def test_a_clean_series_judges_another_and_its_own_rest(broken):
    run = found(broken, clean=table(signal(9, 4_000)), reference="clean", alarm="rate=0.05")
    assert run.figures["windows"]
    assert "split-conformal" in run.figures["guarantee"]
    outputs = run.bundle.detector.outputs
    assert outputs.calibration.kind == "conformal"
    quiet = run.bundle.detector.predict_frame(table(signal(10)))
    assert quiet.flagged.mean() < 0.1


@pytest.mark.parametrize(("size", "noise"), [(5, 0.4), (5_000, 0.01)])
def test_a_clean_series_is_judged_whatever_its_size_beside_its_noise(size, noise):
    values = size * np.sin(2 * np.pi * np.arange(ROWS) / PERIOD) + np.random.default_rng(0).normal(0, noise, ROWS)
    run = found(table(values), reference="clean", alarm="top=1")
    assert len(run.figures["windows"]) == 1
    assert all(check.ok for check in verify(run.bundle.data).checks)


def test_a_rhythm_with_little_noise_has_no_false_window_at_its_ends_and_a_fault_is_found():
    values = 500 * np.sin(2 * np.pi * np.arange(ROWS) / PERIOD) + np.random.default_rng(3).normal(0, 0.1, ROWS)
    assert not found(table(values)).figures["windows"]
    values[700:720] += 2.0
    assert len(found(table(values)).figures["windows"]) == 1


def test_labels_judge_and_windows_are_counted(broken):
    labels = np.zeros(ROWS, int)
    labels[700:748] = 1
    result = mainstay.detect(broken, time="at", labels=labels.tolist(), time_budget=HURRY)
    figures = result.to_dict()
    assert figures["windows_known"] == {"known": 1, "found": 1, "missed": 0, "false": 0}
    assert figures["metrics"]["roc_auc"]["value"] > 0.9
    assert "The series" in result.report
    assert result.model.evaluate(broken.with_columns(label=labels), labels="label").to_dict()["metrics"]


def test_a_rule_over_a_batch_counts_its_windows(finished, broken):
    model = mainstay.detect(broken, time="at", time_budget=HURRY).model
    flagged = model.predict(broken, alarm="top=2").filter(pl.col("flagged"))
    assert flagged.height
    assert flagged.get_column("reason").null_count() == 0


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (table(np.full(300, 4.0)), "none is left: load"),
        (table(signal())[:1], "none is left"),
        (table(signal())[:9], "points"),
        (table(signal()).with_columns(load=pl.lit(None, pl.Float64)), "none is left: load"),
        (table(signal()).with_columns(at=pl.lit("soon")), "time"),
        (table(signal()).select("at"), "no other column"),
    ],
)
def test_what_cannot_be_a_series_gets_a_sentence(frame, sentence):
    with pytest.raises(MainstayError, match=sentence):
        found(frame)


def test_options_that_do_not_go_with_a_series_are_refused(broken):
    for options in ({"ask": 3}, {"method": "knn"}, {"columns": ("nothing",)}):
        with pytest.raises(UsageError):
            found(broken, **options)


def test_a_long_series_goes_through_in_parts_with_the_same_bits(finished, broken, monkeypatch):
    whole = finished.bundle.detector.predict_frame(broken)
    monkeypatch.setattr(series, "_AT_ONCE", 100)
    assert finished.bundle.detector.predict_frame(broken).score.tobytes() == whole.score.tobytes()


@pytest.mark.parametrize(
    ("name", "found_at_least"),
    [("art_daily_flatmiddle", 1), ("ec2_request_latency_system_failure", 2), ("nyc_taxi", 2)],
)
def test_real_series_have_their_windows_found_and_few_false_ones(name, found_at_least):
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "nab"
    if not folder.exists():
        pytest.skip("the shared data is not here")
    frame = pl.read_csv(folder / f"{name}.csv", try_parse_dates=True)
    spans = json.loads((folder / "combined_windows.json").read_text())[f"{name}.csv"]
    inside = pl.any_horizontal(
        pl.col("timestamp").is_between(*(dt.datetime.fromisoformat(end) for end in span)) for span in spans
    )
    labels = frame.select(inside.cast(pl.Int8)).to_series()
    judged = judge_series(read(frame), Settings(time="timestamp"), Around())
    odd = labels.to_numpy() == 1
    windows = [(one.start, one.end) for one in judged.found.windows]
    flagged = judged.found.answers.flagged
    assert 1 <= len(windows) <= 2 * len(spans)
    hits = sum(bool((flagged & odd & part).any()) for part in parts_of(odd))
    assert hits >= found_at_least
    assert false_ones(judged, odd) <= 1


def false_ones(judged, odd):
    marked = set(judged.found.grid.point[odd].tolist())
    spans = [range(one.stretch.first, one.stretch.last + 1) for one in judged.found.windows]
    return sum(marked.isdisjoint(span) for span in spans)


def parts_of(odd):
    """Yield each run of rows that are odd."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], odd.astype(int), [0]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        part = np.zeros(len(odd), bool)
        part[start:end] = True
        yield part
