# %% [markdown]
# # Machine temperature: when was something wrong?
#
# The temperature of a part of a large machine, every five minutes for eleven weeks. It was shut down once on purpose,
# one fault was hard to see, and at the end it failed. When was it odd?
#
# The series is not part of this repository: `MAINSTAY_DATA` (or `../shared/data`) holds `nab/`, of the Numenta Anomaly
# Benchmark, with the windows that engineers marked.

# %%
import json
import os
from pathlib import Path

import polars as pl

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "60s")
FOLDER = Path(os.environ.get("MAINSTAY_DATA", "../shared/data")) / "nab"
FILE = "machine_temperature_system_failure.csv"

measured = pl.read_csv(FOLDER / FILE, try_parse_dates=True)
print(f"{len(measured)} measurements, {measured['timestamp'].n_unique()} different times")

# %% [markdown]
# Means of a quarter of an hour are enough for faults that last for hours. The windows that engineers marked become
# labels; they judge what is found, and are not used to find it.

# %%
quarters = measured.sort("timestamp").group_by_dynamic("timestamp", every="15m").agg(pl.col("value").mean())
marked = json.loads((FOLDER / "combined_windows.json").read_text())[FILE]
windows = pl.DataFrame(marked, schema=["start", "end"], orient="row").select(pl.all().str.to_datetime())
inside = [pl.col("timestamp").is_between(start, end) for start, end in windows.iter_rows()]
series = quarters.with_columns(pl.any_horizontal(inside).cast(pl.Int8).alias("fault"))
windows

# %% [markdown]
# ## Which windows are odd?
#
# `time` says that the rows are a series: the period is found, trend and seasons are taken off, and windows are judged,
# not single rows. Nobody has said that the series is free of faults, so p-values are estimates; that is said too.
# `alarm="top=4"` flags the four oddest windows.

# %%
found = mainstay.detect(
    series, time="timestamp", labels="fault", alarm="top=4", time_budget=BUDGET, seed=0,
    out=["out/machine.mainstay", "out/machine.html"],
)  # fmt: skip
print(found.headline())
for one in found.to_dict()["windows"]:
    print(f"{one['start']} to {one['end']}: {one['reason']}")

# %%
found.model.picture("series")

# %% [markdown]
# The dark bars along the top are what engineers marked. A fault is found where a flagged window lies in a marked one;
# the first points of a marked window are often nothing odd, for it begins well before the fault.

# %%
flagged = [(one["start"], one["end"]) for one in found.to_dict()["windows"]]
hits = windows.with_columns(
    pl.Series([
        any(first <= end.isoformat() and last >= start.isoformat() for first, last in flagged)
        for start, end in windows.iter_rows()
    ]).alias("found")
)  # fmt: skip
hits

# %% [markdown]
# ## Watch what comes
#
# In use, the detector has learned from the past and judges what comes. Here it learns from the weeks up to the middle
# of January, with the faults of December among them. `alarm="top=2"` puts the cut where two alarms would have come in
# these weeks; the file judges the weeks behind them by that cut.

# %%
is_past = pl.col("timestamp") < pl.datetime(2014, 1, 15)
past, later = series.filter(is_past), series.filter(~is_past)
learned = mainstay.detect(past.drop("fault"), time="timestamp", alarm="top=2", time_budget=BUDGET, seed=0)
answers = learned.model.predict(later.drop("fault"))
judged = later.hstack(answers)
alarms = judged.filter(pl.col("flagged"))
print(learned.headline())
print(f"later: {len(alarms)} of {len(judged)} quarters of an hour are flagged")

# %%
days = alarms.group_by(pl.col("timestamp").dt.date().alias("day")).agg(
    pl.len().alias("flagged quarters"), pl.col("fault").max().alias("marked"), pl.col("reason").first()
)
days.sort("day")

# %% [markdown]
# ## What can go wrong
#
# - **A fault that lasts becomes usual.** In a series that is mostly out of order nothing tells which part is right.
# - **Usual changes.** A new season, load or sensor is odd at first. Learn again from a stretch of then.
# - **A window is as long as the period.** Faults that are much shorter or longer are seen less well.
