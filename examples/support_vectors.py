# %% [markdown]
# # Support vectors need one scale
#
# 178 wines from three growers, 13 measures each (a table that scikit-learn bundles). A support vector machine compares
# wines by distance. Proline is counted in hundreds and hue in tenths: without scaling, distance is proline alone.
#
# You learn what scaling changes, where it must be learned, and how to ship a scikit-learn pipeline as one file.

# %%
import os

from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "30s")

X, y = load_wine(as_frame=True, return_X_y=True)
grower = y.map({0: "A", 1: "B", 2: "C"}).rename("grower")
X_train, X_test, y_train, y_test = train_test_split(X, grower, test_size=0.3, stratify=grower, random_state=0)

# %% [markdown]
# In scikit-learn scaling is up to you. The scaler stands inside the pipeline, so that each fold learns it from its own
# training rows. Scaling the whole table first would let held-out rows speak: a leak, small here, large elsewhere.

# %%
raw = cross_val_score(SVC(), X_train, y_train, cv=5).mean()
scaled = cross_val_score(make_pipeline(StandardScaler(), SVC()), X_train, y_train, cv=5).mean()
print(f"accuracy in five folds: as it is {raw:.2f}, scaled {scaled:.2f}")

# %% [markdown]
# mainstay's `svm` always scales, inside each fold. So units do not matter: proline in other units, the same answers.

# %%
table = X_train.assign(grower=y_train)
run = mainstay.train(
    table, target="grower", models=["svm"], time_budget=BUDGET, out=["out/wine.mainstay", "out/wine.html"]
)
run

# %%
fresh = mainstay.evaluate(run.model, X_test.assign(grower=y_test))
accuracy = fresh.to_dict()["metrics"]["accuracy"]
print(f"accuracy {accuracy['value']:.2f} ({accuracy['low']:.2f} to {accuracy['high']:.2f}) on {len(X_test)} wines")

# %%
run.model.picture("confusion")

# %% [markdown]
# A pipeline that you already have becomes a model file too, its scaler included. `pack` compares every answer of the
# file with scikit-learn's before it writes; `seen=False` says that these rows were not learned from. Files answer with
# probabilities, which `SVC` alone does not have: `CalibratedClassifierCV` learns them from inner folds, one machine for
# each grower against the others.

# %%
machine = OneVsRestClassifier(CalibratedClassifierCV(SVC(), ensemble=False))
pipeline = make_pipeline(StandardScaler(), machine).fit(X_train, y_train)
packed = mainstay.pack(pipeline, X_test, y_test, seen=False, out="out/wine-pipeline.mainstay")
agree = (packed.predict(X_test)["prediction"] == pipeline.predict(X_test)).mean()
print(f"the file answers as the pipeline does on {agree:.0%} of the wines")

# %% [markdown]
# ## What can go wrong
#
# - **A new machine with other units.** Scaling learned from milligrams cannot know of grams. The file knows the range
#   that each column had, and says so when a row lies outside.
# - **One wild value** widens the scale for everyone: look at `mainstay.profile` first, or scale by quartiles
#   (`scale="robust"`).
# - **Many rows.** The time of a kernel machine grows faster than the square of the rows; beyond some thousands it
#   learns from a sample, and boosted trees are the better choice.

# %%
grams = X_test.head(1).assign(proline=X_test["proline"].head(1) / 1000)
warning = mainstay.predict(run.model, grams).to_dict()["problems"][0]
print(warning["message"])
