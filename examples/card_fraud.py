# %% [markdown]
# # Card fraud: odd payments, with a reason for each alarm
#
# Payments by card, described by 28 columns that the bank has mixed (`V1` to `V28`), a time and an amount. Which are
# odd, why, how many of the alarms are false, and what does it help to know a few frauds?
#
# The table is not part of this repository: `MAINSTAY_DATA` (or `../shared/data`) holds
# `creditcard_fraud_sample/creditcard_sample.csv`, a sample of the public table of ULB with all frauds and few normal
# payments. We keep 60 frauds, so that about one payment in twenty is one; in truth it is one in 600.

# %%
import os
from pathlib import Path

import numpy as np
import polars as pl

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "60s")
DATA = Path(os.environ.get("MAINSTAY_DATA", "../shared/data"))

sample = pl.read_csv(DATA / "creditcard_fraud_sample" / "creditcard_sample.csv").drop("", "Time")
normal, frauds = sample.filter(pl.col("Class") == 0), sample.filter(pl.col("Class") == 1).sample(60, seed=0)
payments = pl.concat([normal, frauds]).sample(fraction=1, shuffle=True, seed=0)
payments["Class"].value_counts(sort=True)

# %% [markdown]
# ## Without knowing anything
#
# Nobody has looked at the payments yet: there may be frauds among them. That is the default, and it is said. The
# labels are known here, so they judge what was found; they are not used to find it.
#
# Somebody has time for 30 payments: `alarm="top=30"` flags the 30 oddest.

# %%
first = mainstay.detect(payments, labels="Class", alarm="top=30", time_budget=BUDGET, seed=0)
first

# %% [markdown]
# Each alarm has its reason: up to three columns, the value, and what is usual.

# %%
for one in first.to_dict()["top"][:5]:
    print(f"row {one['row']:>5}  {one['label']:>7}  {one['reason']}")

# %%
metrics = first.to_dict()["metrics"]
for name in ("average_precision", "roc_auc", "precision", "recall"):
    print(f"{name:>18}: {metrics[name]['value']:.2f} ({metrics[name]['low']:.2f} to {metrics[name]['high']:.2f})")

# %% [markdown]
# How many frauds are found by who looks at so many payments? The curve, and its numbers as a table, are in the report.

# %%
first.model.picture("recall_by_capacity")

# %% [markdown]
# ## How many alarms are false?
#
# With frauds among the rows that are learned from, the rate of false alarms can only be estimated, and where the
# estimate does not allow an alarm there is none. The same detector, asked for another rule:

# %%
careful = first.model.predict(payments.drop("Class"), alarm="fdr=0.1")
print(f"{careful['flagged'].sum()} of {len(careful)} payments flagged; least p-value {careful['p_value'].min():.5f}")

# %% [markdown]
# With payments that are known to be normal it is another matter. Half of them teach what is usual, the other half, that
# no fit has seen, say how often a usual payment looks as odd as a given one. That is a p-value, and from p-values
# follows a rate of false alarms that is kept **on average**, whatever the detector.

# %%
known = normal.sample(fraction=1, shuffle=True, seed=1)
clean, later = known[:900].drop("Class"), pl.concat([known[900:], frauds]).sample(fraction=1, shuffle=True, seed=2)
kept = mainstay.detect(
    later, reference=clean, labels="Class", alarm="fdr=0.1", time_budget=BUDGET, seed=0,
    out=["out/fraud.mainstay", "out/fraud.html"],
)  # fmt: skip
print(kept.headline())

# %%
against = kept.to_dict()["metrics"]
false_alarms = against["false_discovery_rate"]
print(f"false among the {kept.flagged.sum()} alarms: {false_alarms['value']:.0%}", end=" ")
print(f"({false_alarms['low']:.0%} to {false_alarms['high']:.0%}); frauds found: {against['recall']['value']:.0%}")

# %%
kept.model.picture("scores")

# %% [markdown]
# Which columns drive the alarms? Were it one that has nothing to do with fraud, the alarms would be worth nothing.

# %%
kept.model.picture("drivers")

# %% [markdown]
# ## A few labels
#
# After the 30 oddest payments of above were looked at, some frauds are known, and some payments that are fine. Whatever
# is given as labels for **some** rows teaches the detector. The figures it gives then are honest: each label was hidden
# from a detector taught by the others. Here we can do better, and measure on the payments without a label.

# %%
random = np.random.default_rng(1)
truth = payments["Class"].to_numpy()
looked = np.union1d(np.flatnonzero(first.flagged), random.choice(len(truth), 60, replace=False))
labels = [int(truth[row]) if row in set(looked.tolist()) else None for row in range(len(truth))]
taught = mainstay.detect(payments.drop("Class"), labels=labels, ask=5, time_budget=BUDGET, seed=0)

rest = np.setdiff1d(np.arange(len(truth)), looked)
found = {
    name: float(truth[rest][np.argsort(-run.scores[rest])[:20]].mean())
    for name, run in (("without labels", first), ("with labels", taught))
}
print(f"{sum(label == 1 for label in labels)} frauds and {sum(label == 0 for label in labels)} usual payments known")
print({name: f"{share:.0%} of the next 20 payments are frauds" for name, share in found.items()})

# %% [markdown]
# And which payments should be looked at next? `ask=5` names those whose labels would teach most. Written to a `.csv`
# (`-o feedback.csv` on the command line), they have an empty column `label`: fill it in and give the file as `labels`.

# %%
taught.ask.select("row", "label", "why", "score", "reason")

# %% [markdown]
# ## Later payments
#
# The file judges payments one by one, the same in a batch, alone and over HTTP.

# %%
model = mainstay.load("out/fraud.mainstay")
later_answers = model.predict(frauds.head(3).drop("Class"))
later_answers

# %% [markdown]
# ## What can go wrong
#
# - **Odd is not fraud.** A rare customer is odd too. The precision above is what it is worth here.
# - **A promise needs its condition.** The rate is kept where later normal payments are like the clean ones. Prices,
#   habits and machines change: judge again with clean rows of then.
# - **Few clean rows make coarse p-values.** With 450 of them none is below 1 in 451, so a few frauds among many
#   payments cannot be flagged at a strict rate, however odd they are. `power` in the report says so.
