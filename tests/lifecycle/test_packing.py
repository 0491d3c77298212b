"""Bring your own: each estimator answers from its bundle as it does in its library, and lies are caught."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xgboost
from catboost import CatBoostClassifier, CatBoostRegressor
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    HuberRegressor,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

import mainstay

ROWS = 240


def table(seed=0):
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": generator.normal(40, 10, ROWS),
            "income": generator.lognormal(8, 1, ROWS),
            "city": generator.choice(["Bern", "Rome", "Oslo"], ROWS),
            "zone": generator.integers(1, 6, ROWS),
            "owner": generator.random(ROWS) > 0.5,
        }
    )
    amount = frame["income"].rank() / ROWS + (frame["city"] == "Rome") * 0.4 + generator.normal(0, 0.3, ROWS)
    frame.loc[::17, "age"] = np.nan
    frame.loc[::23, "city"] = None
    return frame, amount


X, AMOUNT = table()
YES = (AMOUNT > 0.7).map({True: "yes", False: "no"})
THREE = pd.cut(AMOUNT, [-9, 0.4, 0.8, 9], labels=["low", "mid", "high"]).astype(str)


def columns(words=None, numbers=None):
    words = words or make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    numbers = numbers or make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer(
        [("numbers", numbers, ["age", "income"]), ("words", words, ["city"]), ("zone", OneHotEncoder(), ["zone"])],
        remainder="passthrough",
    )


def same(model, estimator, rows):
    """Compare on the values that the bundle reads: float32 numbers, known words."""
    given = model.predict(rows)
    if hasattr(estimator, "predict_proba"):
        names = [f"probability_{label}" for label in model.bundle.outputs.labels]
        own = np.asarray(given[names], float)
        theirs = estimator.predict_proba(rows)
    else:
        own, theirs = np.asarray(given["prediction"], float), estimator.predict(rows).ravel()
    return np.abs(own - theirs).max() / max(1.0, np.abs(theirs).max())


def float32(frame):
    numbers = frame.select_dtypes("float").columns
    return frame.assign(**{name: frame[name].astype("float32").astype("float64") for name in numbers})


CLASSIFIERS = {
    "logistic": LogisticRegression(max_iter=500),
    "one against rest": OneVsRestClassifier(LogisticRegression(max_iter=500)),
    "stochastic": SGDClassifier(loss="log_loss", random_state=0),
    "huber": SGDClassifier(loss="modified_huber", random_state=0),
    "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(7, random_state=0),
    "extra": ExtraTreesClassifier(7, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=5, random_state=0),
    "histogram": HistGradientBoostingClassifier(max_iter=5),
    "adaptive": AdaBoostClassifier(n_estimators=5, random_state=0),
    "lightgbm": LGBMClassifier(n_estimators=5, verbose=-1),
    "bag": BaggingClassifier(n_estimators=3, max_features=0.6, random_state=0),
    "vote": VotingClassifier(
        [("a", GaussianNB()), ("b", DecisionTreeClassifier(max_depth=3))], voting="soft", weights=[1, 2]
    ),
    "stack": StackingClassifier(
        [("a", GaussianNB()), ("b", DecisionTreeClassifier(max_depth=3))], cv=2, passthrough=True
    ),
    "sigmoid": CalibratedClassifierCV(LinearSVC(), cv=2),
    "isotonic": CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2),
    "temperature": CalibratedClassifierCV(LinearSVC(), method="temperature", cv=2),
    "gaussian": GaussianNB(),
    "bernoulli": BernoulliNB(),
    "discriminant": LinearDiscriminantAnalysis(),
    "quadratic": QuadraticDiscriminantAnalysis(reg_param=0.1),
    "dummy": DummyClassifier(),
    "neighbours": KNeighborsClassifier(),
    "near neighbours": KNeighborsClassifier(weights="distance"),
    "neurons": MLPClassifier((6,), max_iter=20, random_state=0),
    "calibrated machine": CalibratedClassifierCV(OneVsRestClassifier(SVC()), cv=2),
    "xgboost": XGBClassifier(n_estimators=5),
    "catboost": CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False),
    "search": GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, cv=2),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", ["two", "three"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_answer_from_their_bundle(name, target):
    rows = float32(X)
    answers = YES if target == "two" else THREE
    if name == "xgboost":
        answers = answers.astype("category").cat.codes
    estimator = make_pipeline(columns(), clone(CLASSIFIERS[name])).fit(rows, answers)
    model = mainstay.pack(estimator, rows, target="bought")
    assert same(model, estimator, rows) <= (1e-5 if name == "xgboost" else 1e-6)
    alone = [model.predict(rows.iloc[[at]]).iloc[0].tolist() for at in range(8)]
    assert alone == model.predict(rows).head(8).to_numpy().tolist()
    if name != "huber":  # its labels come from its margins, its clipped probabilities tie
        assert model.predict(rows)["prediction"].tolist() == estimator.predict(rows).ravel().tolist()


REGRESSORS = {
    "linear": LinearRegression(),
    "ridge": Ridge(),
    "huber": HuberRegressor(max_iter=500),
    "poisson": PoissonRegressor(),
    "tree": DecisionTreeRegressor(random_state=0),
    "forest": RandomForestRegressor(7, random_state=0),
    "boosting": GradientBoostingRegressor(n_estimators=5, random_state=0),
    "histogram": HistGradientBoostingRegressor(max_iter=5),
    "histogram poisson": HistGradientBoostingRegressor(max_iter=5, loss="poisson"),
    "lightgbm": LGBMRegressor(n_estimators=5, verbose=-1),
    "lightgbm gamma": LGBMRegressor(n_estimators=5, verbose=-1, objective="gamma"),
    "lightgbm forest": LGBMRegressor(
        n_estimators=5, boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, verbose=-1
    ),
    "machine": SVR(),
    "neighbours": KNeighborsRegressor(weights="distance"),
    "neurons": MLPRegressor(hidden_layer_sizes=(6,), activation="tanh", max_iter=20, random_state=0),
    "xgboost": XGBRegressor(n_estimators=5),
    "catboost": CatBoostRegressor(iterations=5, verbose=0, allow_writing_files=False),
    "vote": VotingRegressor([("a", Ridge()), ("b", DecisionTreeRegressor(max_depth=3))]),
    "log target": TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
    "scaled target": TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors_answer_from_their_bundle(name):
    rows, answers = float32(X), AMOUNT - AMOUNT.min() + 0.1
    estimator = make_pipeline(columns(), clone(REGRESSORS[name])).fit(rows, answers)
    model = mainstay.pack(estimator, rows, target="price")
    assert same(model, estimator, rows) <= 1e-6
    assert model.evaluate(rows.assign(price=answers)).to_dict()["metrics"]["r2"]["value"] is not None


NUMBERS = {
    "min-max": make_pipeline(SimpleImputer(), MinMaxScaler(clip=True)),
    "robust": make_pipeline(SimpleImputer(strategy="constant", fill_value=-1), RobustScaler()),
    "indicator": make_pipeline(SimpleImputer(add_indicator=True), PCA(2)),
    "polynomial": make_pipeline(SimpleImputer(), PolynomialFeatures(3), StandardScaler(), SelectKBest(k=4)),
    "bins": make_pipeline(SimpleImputer(), KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf")),
    "logarithm": make_pipeline(SimpleImputer(), FunctionTransformer(np.log1p), StandardScaler()),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NUMBERS)
def test_steps_over_numbers(name):
    rows = float32(X)
    rows["age"] = rows["age"].abs()
    estimator = make_pipeline(columns(numbers=clone(NUMBERS[name])), LogisticRegression(max_iter=500)).fit(rows, YES)
    assert same(mainstay.pack(estimator, rows), estimator, rows) <= 1e-6


WORDS = {
    "ordinal": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2),
    "target": TargetEncoder(random_state=0),
    "infrequent": OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.34),
    "dropped": OneHotEncoder(drop="first", handle_unknown="ignore"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WORDS)
def test_encoders_answer_known_missing_and_unseen_words(name):
    rows = float32(X)
    estimator = make_pipeline(columns(words=clone(WORDS[name])), LogisticRegression(max_iter=500)).fit(rows, YES)
    model = mainstay.pack(estimator, rows)
    strange = rows.head(6).copy()
    strange["city"] = ["Bern", None, "Paris", "Oslo", np.nan, "Rome"]
    assert same(model, estimator, strange) <= 1e-6


def test_levels_come_from_the_encoder_and_not_from_the_few_rows_given():
    estimator = make_pipeline(columns(), LogisticRegression(max_iter=500)).fit(float32(X), YES)
    few = float32(X)[X["city"] == "Rome"].head(5)
    model = mainstay.pack(estimator, few)
    assert model.schema["city"].categories == ("Bern", "Oslo", "Rome")
    assert same(model, estimator, float32(X)) <= 1e-6


def test_what_the_library_refuses_the_bundle_refuses():
    rows = float32(X).dropna()
    estimator = make_pipeline(
        ColumnTransformer([("city", OneHotEncoder(), ["city"])], remainder="passthrough"),
        LogisticRegression(max_iter=900),
    ).fit(rows[["city", "zone"]], YES[rows.index])  # fmt: skip
    model = mainstay.pack(estimator, rows[["city", "zone"]])
    assert model.schema["city"].on_unseen == "reject"
    assert not model.schema["zone"].nullable
    answers = model.predict(pd.DataFrame({"city": ["Rome", "Paris", "Bern"], "zone": [1.0, 2.0, None]}))
    assert answers["prediction"].isna().tolist() == [False, True, True]


def test_lightgbm_with_its_own_categories():
    rows = float32(X).assign(city=X["city"].astype("category"))
    estimator = LGBMClassifier(n_estimators=9, min_child_samples=5, verbose=-1).fit(rows, YES)
    model = mainstay.pack(estimator, rows, YES)
    assert same(model, estimator, rows) <= 1e-6
    booster = mainstay.pack(estimator.booster_, rows, YES, labels=["no", "yes"])
    assert booster.predict(rows)["prediction"].tolist() == estimator.predict(rows).tolist()


def test_histogram_trees_with_their_own_categories():
    rows = float32(X).assign(city=X["city"].astype("category"))
    estimator = HistGradientBoostingClassifier(max_iter=9).fit(rows, YES)
    strange = rows.head(3).assign(city=pd.Categorical(["Rome", None, "Oslo"], dtype=rows["city"].dtype))
    model = mainstay.pack(estimator, rows, YES)
    assert same(model, estimator, rows) <= 1e-6
    assert same(model, estimator, strange) <= 1e-6


def test_arrays_and_polars_frames_are_taken_as_they_are():
    numbers = X[["income", "zone"]].to_numpy()
    forest = RandomForestClassifier(5, random_state=0).fit(numbers, YES)
    model = mainstay.pack(forest, numbers, YES)
    assert [column.name for column in model.schema.features] == ["column_1", "column_2"]
    frame = pl.DataFrame(
        {"income": X["income"].to_numpy(), "city": [None if city != city else city for city in X["city"]]}
    )
    steps = ColumnTransformer([("city", OneHotEncoder(handle_unknown="ignore"), ["city"])], remainder="passthrough")
    tree = make_pipeline(steps, DecisionTreeClassifier(max_depth=3)).fit(frame, YES)
    answers = mainstay.pack(tree, frame, YES).predict(frame)
    assert answers["prediction"].to_list() == tree.predict(frame).tolist()


def test_a_library_that_lies_is_caught():
    class Liar(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X) * 0.5 + 0.25

    rows = float32(X)[["income", "zone"]]
    estimator = make_pipeline(StandardScaler(), Liar()).fit(rows, YES)
    with pytest.raises(mainstay.ParityError, match=r"row .* of X") as caught:
        mainstay.pack(estimator, rows, YES)
    assert "Liar" in str(caught.value) or "Pipeline" in str(caught.value)


def test_a_step_that_looks_at_other_rows_is_caught():
    class Ranks(StandardScaler):
        def transform(self, X):
            return super().transform(X) - super().transform(X).mean(axis=0) + 0.1

    rows = float32(X)[["income", "zone"]]
    estimator = make_pipeline(Ranks(), LogisticRegression()).fit(rows, YES)
    with pytest.raises(mainstay.ParityError):
        mainstay.pack(estimator, rows.head(50), YES.head(50))


def test_columns_that_float32_cannot_tell_apart_are_refused():
    times = 1_700_000_000.0 + np.arange(ROWS)
    rows = pd.DataFrame({"time": times})
    estimator = DecisionTreeRegressor().fit(rows - 1_700_000_000.0, np.arange(ROWS))
    booster = HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=2).fit(rows, np.sin(np.arange(ROWS) / 9))
    with pytest.raises(mainstay.ParityError, match=r"float32.*'time'"):
        mainstay.pack(booster, rows)
    assert mainstay.pack(booster, rows, rounding=1.0).report_data is None
    assert mainstay.pack(estimator, rows - 1_700_000_000.0).schema["time"].kind == "number"


def test_thresholds_that_lie_on_values_keep_the_side_of_float64_rows():
    generator = np.random.default_rng(1)
    rows = pd.DataFrame({"a": generator.normal(size=ROWS), "b": generator.normal(size=ROWS)})
    answers = (rows["a"] + rows["b"] > 0).astype(int)
    estimator = HistGradientBoostingClassifier(max_iter=20).fit(rows, answers)
    model = mainstay.pack(estimator, rows, answers)
    assert same(model, estimator, rows) <= 1e-6


def test_the_report_says_what_the_rows_were():
    rows = float32(X)[["income", "zone"]]
    estimator = DecisionTreeClassifier(max_depth=3).fit(rows, YES)
    trained_on = mainstay.pack(estimator, rows, YES)
    assert "not an honest score" in trained_on.report
    assert "no choice has seen" not in trained_on.report
    unseen = mainstay.pack(estimator, rows, YES, seen=False)
    assert "says it was not trained on" in unseen.report
    silent = mainstay.pack(estimator, rows)
    assert "Not scored" in silent.report
    assert mainstay.inspect(silent).to_dict()["metrics"] == {}


def test_the_positive_class_is_named():
    rows = float32(X)[["income", "zone"]]
    estimator = DecisionTreeClassifier(max_depth=3, random_state=0).fit(rows, YES)
    model = mainstay.pack(estimator, rows, YES, positive="no")
    assert model.bundle.outputs.labels == ("yes", "no")
    assert model.predict(rows)["prediction"].tolist() == estimator.predict(rows).tolist()


REFUSED = {
    "no probabilities": (RidgeClassifier, "CalibratedClassifierCV"),
    "code": (lambda: make_pipeline(FunctionTransformer(lambda rows: rows * 2), GaussianNB()), "function"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_written_is_refused_with_a_sentence(name):
    make, words = REFUSED[name]
    rows = float32(X)[["income", "zone"]]
    with pytest.raises(mainstay.UsageError, match=words):
        mainstay.pack(make().fit(rows, YES), rows, YES)


def test_wrong_rows_are_refused_with_a_sentence():
    rows = float32(X)[["income", "zone"]]
    estimator = DecisionTreeClassifier(max_depth=3).fit(rows, YES)
    with pytest.raises(mainstay.UsageError, match="not fitted"):
        mainstay.pack(DecisionTreeClassifier(), rows)
    with pytest.raises(mainstay.UsageError, match="fitted on 'income', 'zone'"):
        mainstay.pack(estimator, rows[["zone", "income"]])
    with pytest.raises(mainstay.UsageError, match="rows and"):
        mainstay.pack(estimator, rows, YES.head(3))
    with pytest.raises(mainstay.DataError):
        mainstay.pack(estimator, [[1, 2]])


def test_the_file_opens_and_verifies(tmp_path):
    rows = float32(X)
    estimator = make_pipeline(columns(), RandomForestClassifier(5, random_state=0)).fit(rows, YES)
    place = tmp_path / "brought.mainstay"
    model = mainstay.pack(estimator, rows.assign(out=YES), "out", out=[place, tmp_path / "report.html"])
    assert mainstay.verify(place).to_dict()["ok"]
    opened = mainstay.load(place)
    assert opened.digest == model.digest
    one_by_one = [opened.predict(rows.iloc[[at]])["probability_yes"].iloc[0] for at in range(20)]
    assert one_by_one == opened.predict(rows)["probability_yes"].head(20).tolist()


def test_lightgbm_on_columns_with_blanks_in_their_names():
    rows = float32(X)[["income", "zone"]].rename(columns={"income": "net income", "zone": "zone of town"})
    estimator = LGBMClassifier(n_estimators=9, min_child_samples=5, verbose=-1).fit(rows, YES)
    for one in (estimator, make_pipeline(estimator), GridSearchCV(estimator, {}, cv=2).fit(rows, YES)):
        model = mainstay.pack(one, rows, YES)
        assert [column.name for column in model.schema.features] == list(rows.columns)
        assert same(model, one, rows) <= 1e-6
        assert model.predict(rows)["prediction"].tolist() == one.predict(rows).tolist()
    with pytest.raises(mainstay.UsageError, match="was fitted on 'net_income'"):
        mainstay.pack(estimator, rows[["zone of town", "net income"]])
    underscored = LogisticRegression(max_iter=500).fit(rows.rename(columns=lambda name: name.replace(" ", "_")), YES)
    with pytest.raises(mainstay.UsageError, match="feature names should match"):
        mainstay.pack(underscored, rows)


def test_answers_that_the_model_does_not_give_are_named():
    rows = float32(X)[["income", "zone"]]
    estimator = LogisticRegression(max_iter=500).fit(rows, (YES == "yes").astype(int))
    with pytest.raises(mainstay.UsageError, match="y holds 'no', 'yes', and the classes of the model are '0', '1'"):
        mainstay.pack(estimator, rows, sorted(YES))
    mixed = [*(YES == "yes").astype(int).tolist()[:-2], 7, None]
    findings = mainstay.pack(estimator, rows, mixed).report_data.findings
    (found,) = [one for one in findings if one.code == "pack.answers"]
    assert found.severity == "warning"
    assert f"1 of {ROWS} answers in y, such as 7" in found.message
    assert found.rows == (ROWS - 1,)
    whole = mainstay.pack(estimator, rows, (YES == "yes").astype(int)).report_data.findings
    assert not [one for one in whole if one.code == "pack.answers"]
    with pytest.raises(mainstay.UsageError, match="the model answers with numbers"):
        mainstay.pack(LinearRegression().fit(rows, AMOUNT), rows, YES)


class Sizeless:
    """A table of no library."""


@pytest.mark.parametrize("rows", [Sizeless(), pl.DataFrame({"a": [1.0]}).lazy(), pl.Series([1.0]), None, 3.0])
def test_rows_of_no_known_kind_are_refused_in_a_sentence(rows):
    estimator = LogisticRegression(max_iter=500).fit(float32(X)[["income", "zone"]], YES)
    with pytest.raises(mainstay.DataError, match="the rows must be a pandas or Polars table"):
        mainstay.pack(estimator, rows, YES)


def test_a_matrix_of_xgboost_and_a_class_are_refused_in_a_sentence():
    rows = float32(X)[["income", "zone"]]
    estimator = XGBClassifier(n_estimators=2).fit(rows, (YES == "yes").astype(int))
    with pytest.raises(mainstay.DataError, match="DMatrix came"):
        mainstay.pack(estimator, xgboost.DMatrix(rows), YES)
    with pytest.raises(mainstay.UsageError, match="the class LogisticRegression itself came"):
        mainstay.pack(LogisticRegression, rows, YES)
    for answers in (5, AMOUNT.to_frame().assign(other=1.0), [1, 2]):
        with pytest.raises(mainstay.UsageError, match="y"):
            mainstay.pack(estimator, rows, answers)


def test_rows_that_the_model_takes_none_of_are_explained_in_a_sentence():
    rows = float32(X)[["income", "zone"]]
    estimator = LogisticRegression(max_iter=500).fit(rows, YES)
    with pytest.raises(mainstay.DataError, match="none of the rows") as caught:
        mainstay.pack(estimator, rows.assign(income=[*[np.nan] * ROWS]), YES)
    assert "Problem(" not in str(caught.value)
    assert "row 1, column 'income'" in str(caught.value)
