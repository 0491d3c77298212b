# %% [markdown]
# # Each column prepared in its own way, and a grid search
#
# Rents of 1,200 flats that we make up, so that the truth is known: numbers, some of them missing, and a category. Each
# needs its own preparation, and each preparation must be learned inside the folds.
#
# You learn to do it by hand with scikit-learn's `ColumnTransformer` and `GridSearchCV`, to do it with mainstay, and to
# compare the two on rows that neither has seen.

# %%
import os

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "30s")
DISTRICTS = {"Old Town": 6.0, "Harbour": 4.5, "North": 2.0, "Hills": 5.0}


def flats(rows, seed):
    """Make flats: rent grows with size and district, falls with age; the noise has a deviation of 60."""
    random = np.random.default_rng(seed)
    size = random.uniform(25, 120, rows)
    age = random.integers(0, 100, rows).astype(float)
    district = random.choice(list(DISTRICTS), rows)
    rent = 150 + size * (6 + np.array([DISTRICTS[name] for name in district])) - 1.5 * age + random.normal(0, 60, rows)
    age[random.random(rows) < 0.15] = np.nan
    return pd.DataFrame({"size": size, "age": age, "district": district, "rent": rent})


table, fresh = flats(1200, seed=0), flats(1000, seed=1)
X, y = table.drop(columns="rent"), table["rent"]
table.head()

# %% [markdown]
# ## By hand
#
# Gaps in numbers are filled with the median, and a flag says where they were; numbers are scaled; the district becomes
# one column for each name. All of it stands inside the pipeline, so the search learns it anew in each fold.

# %%
prepare = ColumnTransformer(
    [
        ("numbers", make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
         ["size", "age"]),
        ("district", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["district"]),
    ]
)  # fmt: skip
search = GridSearchCV(
    make_pipeline(prepare, Ridge()),
    [{"ridge__alpha": [0.1, 1.0, 10.0]}, {"ridge": [GradientBoostingRegressor(random_state=0)]}],
    scoring="neg_root_mean_squared_error",
    cv=5,
)
search.fit(X, y)
print(f"best in five folds: {search.best_params_}, RMSE {-search.best_score_:.1f}")

# %% [markdown]
# `best_score_` is the best of four, so it is a little too good. Score on fresh rows: `pack` makes a model file of the
# pipeline and measures it on rows that it was not fitted on.

# %%
by_hand = mainstay.pack(
    search.best_estimator_, fresh.drop(columns="rent"), fresh["rent"], seen=False, out="out/rent-by-hand.mainstay"
)
by_hand

# %% [markdown]
# ## With mainstay
#
# The same preparation in words, and the same kind of search: a grid names learners and their settings, and what these
# learners do by default runs beside it. The best ones are then blended.

# %%
run = mainstay.train(
    table,
    target="rent",
    models=["ridge", "lightgbm"],
    missing="median",
    scale="standard",
    encode="one_hot",
    tune="grid",
    grid={"ridge": {"alpha": [0.1, 1.0, 10.0]}, "lightgbm": {"num_leaves": [7, 15, 31]}},
    time_budget=BUDGET,
    out=["out/rent.mainstay", "out/rent.html"],
)
run

# %%
run.model.picture("leaderboard")

# %% [markdown]
# ## Which one?
#
# Both answer the same 1,000 fresh flats. `compare` says how likely the first is better, and where the rows cannot tell,
# it names the cheaper one.

# %%
verdict = mainstay.compare(run.model, by_hand, fresh)
verdict

# %%
errors = {name: model.evaluate(fresh).to_dict()["metrics"]["rmse"]["value"] for name, model in
          (("mainstay", run.model), ("by hand", by_hand))}  # fmt: skip
print(", ".join(f"{name}: RMSE {error:.1f}" for name, error in errors.items()))

# %% [markdown]
# ## What can go wrong
#
# - **Preparing before splitting.** Medians, scales and above all means of the target per level must come from training
#   rows only. Inside a pipeline they do.
# - **Believing the best of many.** The more settings are tried, the luckier the best one is. Keep rows that no choice
#   has seen.
# - **New levels.** A district that was not there in training gets no column. The file answers, and says so:

# %%
warning = mainstay.predict(run.model, fresh.head(1).assign(district="Moon")).to_dict()["problems"][0]
print(warning["message"])
