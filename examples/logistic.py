# %% [markdown]
# # Logistic regression: yes or no, and how sure
#
# 569 tumours, measured under a microscope (a table that scikit-learn bundles); is one malignant?
#
# You learn to read probabilities and coefficients, and to choose where "yes" begins by what errors cost.

# %%
import os

from sklearn.datasets import load_breast_cancer

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "30s")

bundled = load_breast_cancer(as_frame=True)
table = bundled.data.assign(tumour=bundled.target.map({0: "malignant", 1: "benign"}))

# %% [markdown]
# Overlooking a malignant tumour is far worse than a false alarm: here a miss costs as much as ten false alarms.
# `positive` says which class is looked for, `cost` what errors cost.

# %%
run = mainstay.train(
    table,
    target="tumour",
    positive="malignant",
    models=["logistic"],
    cost={"fp": 1, "fn": 10},
    time_budget=BUDGET,
    out=["out/tumour.mainstay", "out/tumour.html"],
)
run

# %%
scores = run.to_dict()["metrics"]
auc, recall = scores["roc_auc"], scores["recall"]
print(f"ROC-AUC {auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})")
print(f"of the malignant ones it finds {recall['value']:.0%} ({recall['low']:.0%} to {recall['high']:.0%})")

# %% [markdown]
# The threshold was chosen on rows that the model had not learned from, inside the training part, never on the held-out
# rows. It lies well below one half, as it should when misses are dear.

# %%
threshold = run.model.report_data.threshold
print(f"'malignant' is answered from a probability of {threshold:.2f}")

# %%
run.model.predict(table.head(5))

# %% [markdown]
# Each coefficient says how the log-odds move when a column rises by one standard deviation, all else equal.

# %%
run.model.picture("inside")

# %% [markdown]
# ## What can go wrong
#
# - **Columns that say the same.** Radius, perimeter and area are nearly one measure, so they share their weight, and
#   the sign of a single one can look absurd. Read them together, or leave some out.
# - **A probability that is not one.** Of all rows that are given 70 %, 70 % should be malignant. The picture below says
#   how near that is; with 114 held-out rows it says it roughly.
# - **Few held-out rows.** Look at the intervals before you call one model better than another.

# %%
run.model.picture("calibration")
