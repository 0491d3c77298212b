"""The split keeps its promises for any target: a partition, nothing straddles, every class is learned from."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mainstay.contracts.errors import DataError, UsageError
from mainstay.data.split import folds, read_rule, split

CLASSES = hnp.arrays(np.int64, st.integers(10, 300), elements=st.integers(0, 4))
AMOUNTS = hnp.arrays(np.float64, st.integers(10, 300), elements=st.floats(-1e6, 1e6))
TARGETS = st.one_of(CLASSES, AMOUNTS)
SEEDS = st.integers(0, 5)


def is_partition(rows, *sides):
    joined = np.sort(np.concatenate(sides))
    return np.array_equal(joined, np.arange(rows))


def sets_for(target, kinds, seed):
    return np.random.default_rng(seed).integers(0, kinds, len(target))


class TestRandom:
    @given(TARGETS, SEEDS)
    @settings(max_examples=80, deadline=None)
    def test_partition_size_and_classes(self, target, seed):
        answer = split(target, seed=seed)
        assert is_partition(len(target), answer.train, answer.test)
        assert abs(len(answer.test) - 0.2 * len(target)) <= 2
        if target.dtype == np.int64:
            assert set(target[answer.train]) == set(target)

    @given(CLASSES, st.integers(2, 60), SEEDS)
    @settings(max_examples=80, deadline=None)
    def test_equal_rows_stay_together(self, target, kinds, seed):
        marks = sets_for(target, kinds, seed).astype(np.uint64)
        answer = split(target, seed=seed, fingerprints=marks)
        assert is_partition(len(target), answer.train, answer.test)
        straddle = set(marks[answer.train]) & set(marks[answer.test])
        said = {note.code for note in answer.notes}
        assert not straddle or "split.too_alike" in said
        assert len(answer.test) > 0

    @given(CLASSES, SEEDS)
    @settings(max_examples=40, deadline=None)
    def test_same_seed_same_answer_in_any_row_order(self, target, seed):
        marks = np.random.default_rng(9).permutation(len(target)).astype(np.uint64)
        shuffle = np.random.default_rng(seed).permutation(len(target))
        once = split(target, seed=seed, fingerprints=marks)
        again = split(target[shuffle], seed=seed, fingerprints=marks[shuffle])
        assert set(marks[once.test]) == set(marks[shuffle][again.test])

    def test_another_seed_gives_other_rows(self):
        target = np.zeros(200, np.int64)
        assert not np.array_equal(split(target, seed=0).test, split(target, seed=1).test)

    def test_classes_keep_their_shares(self):
        target = np.repeat([0, 1, 2], [700, 250, 50])
        marks = np.random.default_rng(0).integers(0, 600, 1000).astype(np.uint64)
        answer = split(target, fingerprints=marks)
        assert np.abs(np.bincount(target[answer.test]) / [140, 50, 10] - 1).max() < 0.11

    def test_amounts_keep_their_distribution(self):
        target = np.random.default_rng(0).lognormal(size=2000)
        answer = split(target)
        assert np.quantile(target[answer.test], 0.9) == pytest.approx(np.quantile(target, 0.9), rel=0.06)

    def test_rows_too_alike_are_split_one_by_one_and_said(self):
        answer = split(np.tile([0, 1], 50), fingerprints=np.zeros(100, np.uint64))
        assert len(answer.test) == 20
        assert answer.notes[0].code == "split.too_alike"

    def test_a_class_too_rare_for_the_test_part_is_said(self):
        answer = split(np.array([0] * 30 + [1]))
        assert [note.code for note in answer.notes] == ["split.class_untested"]

    def test_half_a_million_rows_are_fast(self):
        rng = np.random.default_rng(0)
        target, marks = rng.normal(size=500_000), rng.integers(0, 400_000, 500_000).astype(np.uint64)
        began = time.perf_counter()
        split(target, fingerprints=marks)
        assert time.perf_counter() - began < 5  # measured 0.25 s; a crowded machine may take longer


class TestTime:
    @given(hnp.arrays(np.float64, st.integers(10, 200), elements=st.integers(0, 30)), SEEDS)
    @settings(max_examples=80, deadline=None)
    def test_the_test_part_is_the_last_and_ties_are_whole(self, order, seed):
        if len(np.unique(order)) < 2:
            return
        answer = split(np.zeros(len(order)), how="time:day", order=order, seed=seed)
        assert is_partition(len(order), answer.train, answer.test)
        assert order[answer.train].max() < order[answer.test].min()

    def test_missing_times_are_learned_from_and_said(self):
        order = np.arange(20.0)
        order[[3, 19]] = np.nan
        answer = split(np.zeros(20), how="time:day", order=order)
        assert {3, 19} <= set(answer.train.tolist())
        assert answer.notes[0].code == "split.time_missing"
        assert answer.notes[0].rows == (4, 20)

    def test_a_share_far_from_the_one_asked_is_said(self):
        answer = split(np.zeros(20), how="time:day", order=np.repeat([1, 2], 10))
        assert len(answer.test) == 10
        assert "50%" in answer.notes[0].message

    def test_a_class_that_comes_up_later_is_said(self):
        answer = split(np.repeat([0, 1], [90, 10]), how="time:day", order=np.arange(100))
        assert any(
            note.code == "split.class_unseen"
            for note in split(np.repeat([0, 1], [80, 20]), how="time:day", order=np.arange(100)).notes
        )
        assert not any(note.code == "split.class_untested" for note in answer.notes)

    def test_one_time_only_is_refused(self):
        with pytest.raises(DataError, match="at least two different times"):
            split(np.zeros(20), how="time:day", order=np.ones(20))


class TestGroup:
    @given(TARGETS, st.integers(2, 80), SEEDS)
    @settings(max_examples=80, deadline=None)
    def test_no_group_on_both_sides(self, target, kinds, seed):
        groups = sets_for(target, kinds, seed)
        if len(np.unique(groups)) < 2:
            return
        answer = split(target, how="group:g", groups=groups, seed=seed)
        assert is_partition(len(target), answer.train, answer.test)
        assert not set(groups[answer.train]) & set(groups[answer.test])
        assert len(answer.train)
        assert len(answer.test)

    def test_many_groups_keep_share_and_classes(self):
        rng = np.random.default_rng(0)
        groups = rng.zipf(1.5, 5000) % 1500
        target = (rng.random(5000) < 0.1).astype(np.int64)
        answer = split(target, how="group:g", groups=groups)
        assert len(answer.test) / 5000 == pytest.approx(0.2, abs=0.02)
        assert target[answer.test].mean() == pytest.approx(target.mean(), abs=0.02)

    def test_rows_without_a_group_stand_alone(self):
        answer = split(np.zeros(50), how="group:g", groups=np.full(50, -1))
        assert len(answer.test) == 10

    def test_one_group_only_is_refused(self):
        with pytest.raises(DataError, match="at least two groups"):
            split(np.zeros(20), how="group:g", groups=np.ones(20, np.int64))


class TestRefusals:
    @pytest.mark.parametrize("how", ["stratified", "time", "time:", "random:x", ""])
    def test_unknown_ways(self, how):
        with pytest.raises(UsageError, match="random, time:COLUMN or group:COLUMN"):
            read_rule(how)

    def test_near_names_are_offered(self):
        with pytest.raises(UsageError, match="Did you mean 'CustomerID'"):
            read_rule("group:CustomerId", ["InvoiceNo", "CustomerID"])

    def test_columns_are_listed_when_none_is_near(self):
        with pytest.raises(UsageError, match="The columns are: a, b"):
            read_rule("group:zebra", ["a", "b"])

    def test_too_few_rows(self):
        with pytest.raises(DataError, match="at least 10 rows"):
            split(np.zeros(9))

    @pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 20])
    def test_shares_out_of_range(self, share):
        with pytest.raises(UsageError, match="between 0 and 1"):
            split(np.zeros(20), test_share=share)

    def test_missing_or_short_values(self):
        with pytest.raises(UsageError, match="needs the values of column 'day'"):
            split(np.zeros(20), how="time:day")
        with pytest.raises(UsageError, match="one value for each of 20 rows"):
            split(np.zeros(20), how="group:g", groups=np.zeros(3, np.int64))


class TestFolds:
    @given(TARGETS, st.integers(2, 10), SEEDS)
    @settings(max_examples=100, deadline=None)
    def test_each_row_is_validated_once_and_sizes_are_near(self, target, count, seed):
        made = folds(target, count=count, seed=seed)
        assert len(made) == count
        assert is_partition(len(target), *(fold.validation for fold in made))
        for fold in made:
            assert is_partition(len(target), fold.train, fold.validation)
            assert abs(len(fold.validation) - len(target) / count) <= 0.1 * len(target) / count + 2

    @given(CLASSES, st.integers(2, 8), SEEDS)
    @settings(max_examples=100, deadline=None)
    def test_every_class_with_two_rows_is_in_each_training_part(self, target, count, seed):
        common = {int(code) for code, rows in enumerate(np.bincount(target)) if rows >= 2}
        for fold in folds(target, count=count, seed=seed):
            assert common <= set(target[fold.train].tolist())

    @given(CLASSES, st.integers(8, 60), SEEDS)
    @settings(max_examples=80, deadline=None)
    def test_groups_stay_whole(self, target, kinds, seed):
        groups = sets_for(target, kinds, seed)
        if len(np.unique(groups)) < 3:
            return
        for fold in folds(target, count=3, groups=groups, seed=seed):
            assert not set(groups[fold.train]) & set(groups[fold.validation])
            assert len(fold.validation)

    @given(hnp.arrays(np.float64, st.integers(10, 150), elements=st.integers(0, 25)), st.integers(2, 6))
    @settings(max_examples=100, deadline=None)
    def test_stretches_of_time_do_not_overlap(self, order, count):
        if len(np.unique(order)) < count:
            return
        ends = -np.inf
        for fold in folds(np.zeros(len(order)), count=count, order=order):
            assert order[fold.validation].min() > ends
            ends = order[fold.validation].max()

    def test_equal_rows_stay_in_one_fold(self):
        target = np.random.default_rng(0).integers(0, 3, 500)
        marks = np.random.default_rng(1).integers(0, 300, 500).astype(np.uint64)
        for fold in folds(target, fingerprints=marks):
            assert not set(marks[fold.train]) & set(marks[fold.validation])

    def test_classes_have_equal_shares(self):
        target = np.repeat([0, 1], [900, 100])
        assert [int(target[fold.validation].sum()) for fold in folds(target)] == [20] * 5

    def test_same_seed_same_folds(self):
        target = np.random.default_rng(0).normal(size=100)
        one, two, other = (folds(target, seed=seed) for seed in (3, 3, 4))
        assert all(np.array_equal(a.validation, b.validation) for a, b in zip(one, two, strict=True))
        assert not all(np.array_equal(a.validation, b.validation) for a, b in zip(one, other, strict=True))

    def test_rows_without_a_time_are_the_earliest(self):
        order = np.arange(10.0)
        order[7] = np.nan
        assert 7 in folds(np.zeros(10), count=2, order=order)[0].validation

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"count": 1}, "at least 2 folds"),
            ({"count": 30}, "5 rows|30 folds need at least 30 rows"),
            ({"groups": np.zeros(20, np.int64)}, "at least 5 groups"),
            ({"order": np.zeros(20)}, "at least 5 different times"),
            ({"order": np.zeros(20), "groups": np.zeros(20, np.int64)}, "both came"),
        ],
    )
    def test_refusals(self, arguments, words):
        with pytest.raises((UsageError, DataError), match=words):
            folds(np.zeros(20), **arguments)
