# %% [markdown]
# # Customer churn, from the table to the answer
#
# 7,043 customers of a telephone company: who will leave? The table is IBM's Telco sample, used in many courses. Its
# path comes from `MAINSTAY_DATA`, the folder that holds `telco_churn/Telco-Customer-Churn.csv`.
#
# You learn the whole way: look, clean, derive a column, cross-validate, score once, save, answer, explain.

# %%
import os
from pathlib import Path

import polars as pl

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "60s")
DATA = Path(os.environ.get("MAINSTAY_DATA", "../shared/data"))
TABLE = DATA / "telco_churn" / "Telco-Customer-Churn.csv"

# %% [markdown]
# ## Look first
#
# The profile finds what is odd before a model does: the number of the customer, which must not be learned from;
# `TotalCharges`, which is blank for 11 new customers; columns that say the same.

# %%
look = mainstay.profile(TABLE, target="Churn")
look

# %% [markdown]
# ## Train
#
# - Blanks in `TotalCharges` are read as missing. With `missing="median"` the median stands in, and a flag says where.
#   (Left at "auto", boosted trees take gaps as they are.)
# - `derive` adds what the customer paid beyond tenure times today's price: did the price change?
# - Three models of different kinds are tried and blended; without `models` it would be all that the time allows.
# - A customer who leaves unnoticed costs as much as five needless calls.
# - One customer in five is held out. Everything is chosen by cross-validation on the others.

# %%
run = mainstay.train(
    TABLE,
    target="Churn",
    positive="Yes",
    models=["logistic", "lightgbm_small", "random_forest"],
    derive=["price_change = TotalCharges - tenure * MonthlyCharges"],
    missing="median",
    cost={"fp": 1, "fn": 5},
    time_budget=BUDGET,
    out=["out/churn.mainstay", "out/churn.html"],
)
run

# %% [markdown]
# ## How good is it?
#
# Which models to take was decided in cross-validation on four fifths of the customers. The score below is from the
# other fifth, who were looked at once.

# %%
figures = run.to_dict()
auc = figures["metric"]
print(f"ROC-AUC {auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f}) on {figures['rows']['test']:,} customers")

# %%
run.model.picture("calibration")

# %%
run.model.picture("importance")

# %% [markdown]
# ## Save, load, answer
#
# The file holds everything: the preparation, the model, the contract of the columns, the report. Opening it checks
# every byte; nothing in it is run.

# %%
model = mainstay.load("out/churn.mainstay")
customers = pl.read_csv(TABLE).drop("Churn").head(5)
model.predict(customers)

# %% [markdown]
# Why? What each column added to the answer of each customer; base and contributions add up to the probability.

# %%
why = mainstay.explain(model, customers, top=3)
why.frame.select("prediction", "base", "reason")

# %% [markdown]
# ## What can go wrong
#
# - **A leak.** A column that is filled in only after the customer left, such as a closing date, makes any model look
#   perfect and worthless. The leak audit in the report looks for such columns; none stands out here.
# - **Time.** This table is one month. Next month's customers differ: score the file on them with
#   `mainstay evaluate out/churn.mainstay next-month.csv` before you trust it.
# - **Cause.** Customers with two-year contracts stay. That does not mean that a two-year contract keeps those who would
#   leave.
