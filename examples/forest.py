# %% [markdown]
# # A random forest, and which columns it leans on
#
# 442 people with diabetes, ten measures each, and how far the disease went in a year (a table that scikit-learn
# bundles). We add a column of pure noise, which a fair measure of importance must put near zero.
#
# You learn to read importances with their intervals, and why twins among the columns look less important than they are.

# %%
import os

import numpy as np
from sklearn.datasets import load_diabetes

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "30s")

random = np.random.default_rng(0)
table = load_diabetes(as_frame=True, scaled=False).frame.rename(
    columns={"s1": "tc", "s2": "ldl", "s3": "hdl", "s4": "tch", "s5": "ltg", "s6": "glu"}
)
table["noise"] = random.normal(size=len(table))

# %%
run = mainstay.train(
    table, target="target", models=["random_forest"], time_budget=BUDGET, out=["out/forest.mainstay", "out/forest.html"]
)
run

# %%
r2 = run.to_dict()["metrics"]["r2"]
print(f"R2 {r2['value']:.2f} ({r2['low']:.2f} to {r2['high']:.2f}) on {run.to_dict()['rows']['test']} people")

# %% [markdown]
# Importance is how much worse the score gets when one column is shuffled among the held-out rows. The line over each
# bar is its 95 % interval: where it crosses zero, so few people cannot tell the column from noise.

# %%
run.model.picture("importance")

# %%
importance = {column.column: column for column in run.model.report_data.importance.columns}
for name in ("bmi", "ltg", "noise"):
    one = importance[name]
    print(f"without {name:5} the error grows by {one.loss:6.2f} ({one.low:.2f} to {one.high:.2f})")

# %% [markdown]
# Importance says how much, not which way. The next picture says how the answer moves with a column; the one after it
# what each column adds to the answers of single people.

# %%
run.model.picture("effects-0")

# %%
run.model.picture("pushes")

# %%
run.model.explain(table.head(3))

# %% [markdown]
# ## What can go wrong: twins
#
# We give the forest a near copy of the body mass index. Shuffling one of the two then hurts less, because the other one
# still tells. Neither became less important to the disease: importance speaks of this model, not of the world.

# %%
twins = table.assign(bmi_again=table["bmi"] + random.normal(0, 0.3, len(table)))
with_twins = mainstay.train(twins, target="target", models=["random_forest"], time_budget=BUDGET)
shared = {column.column: column.loss for column in with_twins.model.report_data.importance.columns}
print(f"bmi alone {importance['bmi'].loss:.2f}; beside its twin {shared['bmi']:.2f}")
