# %% [markdown]
# # House prices, from the table to the answer
#
# 20,640 districts of California in 1990: what is the median house worth? (StatLib; the copy with a category and gaps.)
# Its path comes from `MAINSTAY_DATA`, the folder that holds `california_housing/housing.csv`.
#
# You learn the whole way for amounts: gaps, derived columns, cross-validation, intervals, where the model is worst.

# %%
import os
from pathlib import Path

import polars as pl

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "60s")
DATA = Path(os.environ.get("MAINSTAY_DATA", "../shared/data"))
TABLE = DATA / "california_housing" / "housing.csv"

# %% [markdown]
# ## Look first
#
# `total_bedrooms` has 207 gaps. The target ends at 500,001: whatever was worth more was written down as that, for 965
# districts. No model can learn what lies above, so we leave these districts out, and must say so: this model is for
# districts below half a million. 2,000 others are put aside for the end, as if they came later.

# %%
whole = pl.read_csv(TABLE)
below = whole.filter(pl.col("median_house_value") < 500_001).sample(fraction=1, shuffle=True, seed=0)
later, table = below.head(2000), below.tail(-2000)
print(f"{len(whole) - len(below)} of {len(whole):,} districts are capped and left out")
look = mainstay.profile(table, target="median_house_value")
look

# %% [markdown]
# ## Train
#
# Totals say how large a district is, not how its houses are. Ratios do, so we derive them. They are computed inside the
# model file: whoever asks later gives the raw columns. Without `models` all models would be tried that the time allows.

# %%
run = mainstay.train(
    table,
    target="median_house_value",
    derive=[
        "rooms_per_household = total_rooms / households",
        "bedrooms_per_room = total_bedrooms / total_rooms",
        "people_per_household = population / households",
    ],
    models=["ridge", "lightgbm_tuned"],
    intervals=90,
    time_budget=BUDGET,
    out=["out/houses.mainstay", "out/houses.html"],
)
run

# %%
scores = run.to_dict()["metrics"]
r2, mae = scores["r2"], scores["mae"]
print(f"R2 {r2['value']:.3f} ({r2['low']:.3f} to {r2['high']:.3f}); on average {mae['value']:,.0f} dollars off")

# %%
run.model.picture("predicted")

# %%
run.model.picture("importance")

# %% [markdown]
# ## Save, load, answer
#
# Each answer comes with bounds that hold nine of ten truths: for a buyer they say more than the amount alone.

# %%
model = mainstay.load("out/houses.mainstay")
model.predict(later.drop("median_house_value").head(5))

# %%
coverage = model.evaluate(later).to_dict()["coverage"]["share"]
print(f"the bounds hold {coverage['value']:.1%} of the 2,000 districts that were put aside")

# %% [markdown]
# ## What can go wrong
#
# - **Neighbours.** With a random split, a held-out district has neighbours among the training rows, and longitude and
#   latitude nearly give it away. For a new *region* the score is too good: below we hold out the whole south.
# - **The cap.** With the capped districts left in, the error would look smaller on them and mean nothing.
# - **Age.** Prices of 1990 are no prices of today. The order of importance may have lasted, the amounts have not.

# %%
north = table.filter(pl.col("latitude") > 36)
south = table.filter(pl.col("latitude") <= 36)
elsewhere = mainstay.train(
    north, target="median_house_value", models=["lightgbm_small"], test=south, time_budget=BUDGET
)
far = elsewhere.to_dict()["metrics"]["r2"]
print(f"R2 at home {r2['value']:.2f}; learned in the north and asked about the south {far['value']:.2f}")
