# %% [markdown]
# # Mall customers, from the table to segments that are used
#
# 200 customers of a mall: gender, age, yearly income (thousand dollars) and a spending score from 1 to 100. Which
# groups of customers are there, and to which of them does a new one belong?
#
# The table is not part of this repository. Where `MAINSTAY_DATA` (or `../shared/data`) holds
# `mall_customers/Mall_Customers.csv` it is read; otherwise a table of the same form is **made up** below, so that the
# example runs anywhere. What you learn is the way, not the numbers.

# %%
import os
from pathlib import Path

import numpy as np
import polars as pl

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "60s")
DATA = Path(os.environ.get("MAINSTAY_DATA", "../shared/data"))
TABLE = DATA / "mall_customers" / "Mall_Customers.csv"
AGE, INCOME, SPENDING = "Age", "Annual_Income(k$)", "Spending_Score(1-100)"


def made_up(seed=0):
    """Return 200 customers that do not exist: five groups by income and spending."""
    random = np.random.default_rng(seed)
    sizes = [81, 39, 35, 23, 22]
    income = np.repeat([55, 86, 88, 26, 26], sizes) + random.normal(0, [8] * 81 + [10] * 74 + [7] * 45)
    spending = np.repeat([50, 82, 17, 21, 79], sizes) + random.normal(0, [6] * 81 + [8] * 119)
    age = np.repeat([43, 33, 41, 45, 25], sizes) + random.normal(
        0, [14] * 81 + [4] * 39 + [10] * 35 + [12] * 23 + [5] * 22
    )
    return pl.DataFrame({
        "CustomerID": np.arange(1, 201), "Genre": random.choice(["Female", "Male"], 200, p=[0.56, 0.44]),
        AGE: age.clip(18, 70).round().astype(int), INCOME: income.clip(15, 137).round().astype(int),
        SPENDING: spending.clip(1, 99).round().astype(int),
    }).sample(fraction=1, shuffle=True, seed=seed)  # fmt: skip


customers = pl.read_csv(TABLE) if TABLE.is_file() else made_up()
print("the table was", "read" if TABLE.is_file() else "made up")
customers.head()

# %% [markdown]
# ## Look first
#
# `CustomerID` counts the rows: it names customers and does not describe them. It will be left out by itself.

# %%
mainstay.profile(customers)

# %% [markdown]
# ## How many groups?
#
# What counts is what we group by. For an offer, income and spending matter, so we name these two. K-means is run for
# all numbers of groups at once; the curve of its inertia always falls, and the famous elbow is where it bends.

# %%
look = mainstay.cluster(customers, columns=[INCOME, SPENDING], method="kmeans", time_budget=BUDGET, seed=0)
look.model.picture("elbow")

# %% [markdown]
# The elbow alone is no proof: it bends in pure noise as well. The verdict rests on more, and says what:

# %%
figures = look.to_dict()
print(look.verdict, "-", figures["sentence"])
for one in figures["evidence"]:
    print(f"{one['name']:>20}: {one['k'] or 'no opinion'}")

# %%
curve = pl.DataFrame(look.curve).select("k", "inertia", "silhouette", "calinski_harabasz", "gap", "stability")
curve.head(10)

# %% [markdown]
# The number is ours to set: a shop may want fewer groups than the data allow. Here we take the one that most criteria
# speak for, and write the model, its report and the customers with their groups.

# %%
spoken = [one["k"] for one in figures["evidence"] if one["k"]]
k = max(sorted(set(spoken)), key=spoken.count)
found = mainstay.cluster(
    customers, columns=[INCOME, SPENDING], k=k, method="kmeans", time_budget=BUDGET, seed=0,
    out=["out/mall.mainstay", "out/mall.html", "out/mall.csv"],
)  # fmt: skip
print(
    f"{k} groups: {spoken.count(k)} of {len(spoken)} criteria speak for it; the verdict allows {figures['plausible']}"
)

# %% [markdown]
# ## Who they are
#
# Each group has a name from what sets it apart, a size, and a rule that finds it. Purity and coverage of a rule were
# measured on customers that did not help to find it.

# %%
found

# %% [markdown]
# The groups in the plane, each with its centre. With two columns this is the whole picture; with more it is the plane
# in which the customers differ most.

# %%
found.model.picture("cluster_map")

# %%
largest = found.clusters[0]
print(largest["name"], "-", largest["rows"], "customers; a typical one:", largest["typical"])
for trait in largest["profile"]["traits"]:
    print(" ", trait["words"])

# %% [markdown]
# ## How sure is it?
#
# Halves of the customers were grouped anew: 1 means that the same groups came back. And who does not fit is told: about
# 1 in 100 customers like these will be marked by `fits_none`, and anybody who is far from all groups.

# %%
stability = found.to_dict()["stability"]
print(f"stability {stability['value']:.2f} ({stability['low']:.2f} to {stability['high']:.2f})")

# %% [markdown]
# ## Assign new customers
#
# The file assigns new rows by the very rule that labelled these: asked about the old customers, it gives their labels.

# %%
model = mainstay.load("out/mall.mainstay")
again = model.predict(customers)["cluster"].to_numpy()
same = float((again == found.labels).mean())
new = pl.DataFrame({INCOME: [20, 90, 60, 400], SPENDING: [85, 15, 50, 50]})
answers = model.predict(new)
print(f"{same:.0%} of the old customers get their label again")
pl.concat([new, answers], how="horizontal")

# %% [markdown]
# ## What can go wrong
#
# - **The columns decide.** With age and gender added the groups are others: below. A column that does not matter blurs
#   the groups as much as one that matters makes them.
# - **Groups are found, not discovered.** K-means cuts any table into as many parts as it is told. Where the verdict is
#   *no structure*, as for pure noise below, segments are a convenience like any other cut.
# - **Time.** Customers of next year may fall otherwise: `model.evaluate(later)` shows how the shares have moved.

# %%
wider = mainstay.cluster(customers, method="kmeans", time_budget=BUDGET, seed=0)
print(f"all columns: {wider.k} groups, {wider.verdict}; stability {wider.to_dict()['stability']['value']:.2f}")

noise = pl.DataFrame(np.random.default_rng(0).uniform(size=(300, 2)), schema=["a", "b"])
nothing = mainstay.cluster(noise, method="kmeans", time_budget=BUDGET)
print(f"noise: {nothing.k} group, {nothing.verdict}")
