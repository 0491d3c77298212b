# %% [markdown]
# # A line through noisy points
#
# Linear regression where we know the truth, because we make it: `y = 3 x + 2`, plus noise of deviation 1.5.
#
# You learn to read a score beside the best one that is possible, to get intervals with the answers, and what a model
# says where it has seen nothing.

# %%
import os

import numpy as np
import polars as pl

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "30s")


def points(rows, low, high, seed):
    """Draw x evenly from low to high, and y on the line with noise."""
    random = np.random.default_rng(seed)
    x = random.uniform(low, high, rows)
    return pl.DataFrame({"x": x, "y": 3 * x + 2 + random.normal(0, 1.5, rows)})


table = points(500, 0, 10, seed=0)

# %% [markdown]
# `ridge` is linear regression with a small penalty. One row in five is held out for the score; the 95 % interval stands
# beside it. In the long run no model can have a lower RMSE than the noise, 1.5; on few rows it can, by luck.
# `intervals=90` asks for bounds that hold nine of ten truths.

# %%
run = mainstay.train(
    table, target="y", models=["ridge"], intervals=90, time_budget=BUDGET, out=["out/line.mainstay", "out/line.html"]
)
run

# %%
rmse = run.to_dict()["metric"]
print(f"RMSE {rmse['value']:.2f}, 95 % interval {rmse['low']:.2f} to {rmse['high']:.2f}; the noise is 1.50")

# %% [markdown]
# The slope is how much the answer rises when x rises by one.

# %%
ends = run.model.predict(pl.DataFrame({"x": [0.0, 10.0]}))["prediction"]
intercept, slope = ends[0], (ends[1] - ends[0]) / 10
print(f"y = {slope:.2f} x + {intercept:.2f}, and the truth is y = 3 x + 2")

# %% [markdown]
# Do the bounds hold nine of ten truths? Fresh rows say so; on your own data, rows that come later do.

# %%
fresh = points(2000, 0, 10, seed=1)
answers = run.model.predict(fresh)
held = ((answers["low"] <= fresh["y"]) & (fresh["y"] <= answers["high"])).mean()
print(f"the bounds hold {held:.1%} of 2,000 fresh truths")

# %%
run.model.picture("predicted")

# %% [markdown]
# ## What can go wrong: rows outside of what was seen
#
# All x so far lie between 0 and 10. At x = 20 the line goes straight on, which is right here and only here, because
# the truth is a line. Boosted trees stay at the height of their last leaf. Neither is to be trusted, and the answer
# comes with a warning.

# %%
trees = mainstay.train(table, target="y", models=["lightgbm"], time_budget=BUDGET)
far = pl.DataFrame({"x": [20.0]})
line_says, trees_say = (one.model.predict(far)["prediction"][0] for one in (run, trees))
print(f"at x = 20 the line says {line_says:.1f}, the trees say {trees_say:.1f}, and the truth is 62")

# %%
warning = mainstay.predict(run.model, far).to_dict()["problems"][0]
print(warning)
