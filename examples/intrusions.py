# %% [markdown]
# # Network intrusions: attacks that nobody has seen before
#
# Connections of a network (NSL-KDD): duration, protocol, bytes, rates of errors, and whether it was an attack. What can
# be found by who knows only normal traffic, and which reason is given?
#
# The tables are not part of this repository: `MAINSTAY_DATA` (or `../shared/data`) holds `nsl_kdd/`. The test file has
# kinds of attacks that the training file has not; a classifier that was trained on known attacks has never seen them. A
# detector does not need to have seen any.

# %%
import os
from pathlib import Path

import polars as pl

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "60s")
FOLDER = Path(os.environ.get("MAINSTAY_DATA", "../shared/data")) / "nsl_kdd"

names = [line.split(",")[0] for line in (FOLDER / "Field_Names.csv").read_text().split()]


def read(file):
    """Return connections with their kind, without the score of difficulty, which would tell it."""
    table = pl.read_csv(FOLDER / file, has_header=False, new_columns=[*names, "kind", "difficulty"])
    return table.drop("difficulty")


before, later = read("KDDTrain+_20Percent.txt"), read("KDDTest+.txt").sample(3000, seed=0)
normal = before.filter(pl.col("kind") == "normal").sample(8000, seed=0).drop("kind")
new_kinds = set(later["kind"]) - set(before["kind"])
print(f"{len(normal)} normal connections to learn from; {len(later)} later ones, {len(new_kinds)} new kinds of attacks")

# %% [markdown]
# ## Judge the later connections
#
# `reference` is the table of normal connections. The later ones are judged together, at a rate of one false alarm in
# ten at the most. Their kinds are not used; they only judge the result: all words but "normal" are attacks.

# %%
found = mainstay.detect(
    later, reference=normal, labels="kind", alarm="fdr=0.1", time_budget=BUDGET, seed=0,
    out=["out/intrusions.mainstay", "out/intrusions.html"],
)  # fmt: skip
print(found.headline())

# %%
metrics = found.to_dict()["metrics"]
for name in ("false_discovery_rate", "recall", "roc_auc", "average_precision"):
    print(f"{name:>20}: {metrics[name]['value']:.3f} ({metrics[name]['low']:.3f} to {metrics[name]['high']:.3f})")

# %% [markdown]
# ## Which attacks are found
#
# Some kinds are odd in every connection, others look like normal traffic, one connection at a time: a guessed password
# is a normal login that fails once. Who looks at single connections finds few of those.

# %%
answers = found.frame
by_kind = (
    answers.group_by("kind")
    .agg(pl.len().alias("connections"), pl.col("flagged").mean().alias("share flagged"))
    .with_columns(pl.col("kind").is_in(new_kinds).alias("new"))
    .sort("connections", descending=True)
)
by_kind.head(12)

# %%
unseen = answers.filter(pl.col("kind").is_in(new_kinds))
new_found = float(unseen["flagged"].mean())
print(f"{new_found:.0%} of {len(unseen)} attacks of new kinds are flagged")

# %% [markdown]
# ## Why
#
# One sentence for each alarm: the columns that made it odd, the value, and what is usual. Categories are told by how
# rare they are, alone or beside another column.

# %%
shown = answers.filter(pl.col("flagged")).unique("kind", keep="first", maintain_order=True)
for kind, reason in shown.select("kind", "reason").head(8).iter_rows():
    print(f"{kind:>14}: {reason}")

# %%
found.model.picture("drivers")

# %% [markdown]
# ## Is the promise kept?
#
# It holds for normal connections that are like those learned from. The test file is of other weeks. The p-values of its
# normal connections show whether they are: of usual rows 1 in 100 has one below 0.01, 10 in 100 one below 0.1.

# %%
p_values = answers.filter(pl.col("kind") == "normal")["p_value"].to_numpy()
for limit in (0.01, 0.05, 0.1):
    print(f"normal connections with a p-value up to {limit}: {(p_values <= limit).mean():.3f}")

# %%
found.model.picture("scores")

# %% [markdown]
# ## What can go wrong
#
# - **Traffic changes.** Where the shares above are well over the limits, usual rows have changed, and the rate of false
#   alarms is no longer that of the promise. Learn from normal rows of then.
# - **Columns that tell the answer.** The file's score of difficulty was made from what classifiers say of the attack:
#   left in, it would flag what it should not know.
# - **Attacks that look normal** are not found, and a low rate of false alarms does not say how many there are.
