"""Measures contributions against shap.TreeExplainer on a 500-tree LightGBM over adult, and on a forest.

Run `.venv/bin/python benchmarks/explain.py` (about ten minutes: shap takes two to three minutes a run over all 48,842
rows) or with `--rows 5000` for a quick look. shap runs in the peers' environment (`make bench-peers`) or in the one
named by `--peer`. Both sides explain the same trees over the same features in turns; ours come from a bundle's own
graph, and our time includes opening it. Prints a table and writes .cache/explain.json: medians, ratio, additivity,
agreement.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from mainstay.bundle.explain import Explainer
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import Outputs
from mainstay.contracts.learner import NoDeadline, Target
from mainstay.contracts.model import ModelGraph
from mainstay.data.decode import Decoder
from mainstay.data.infer import infer
from mainstay.data.table import Table
from mainstay.learners.supervised.lightgbm_text import read_text
from mainstay.learners.supervised.random_forest import RandomForest
from mainstay.prepare.fitted import fit
from mainstay.prepare.recipe import Recipe
from mainstay.train.assemble import assemble
from mainstay.train.fold import FoldModel

ROOT = Path(__file__).resolve().parents[1]
DATA = (ROOT / ".." / "shared" / "data" / "adult" / "adult.parquet").resolve()

PEER = """
import json, sys, time
import numpy as np
folder, threads = sys.argv[1], int(sys.argv[2])
import lightgbm, shap
matrix = np.load(f"{folder}/matrix.npy")
booster = lightgbm.Booster(model_file=f"{folder}/model.txt", params={"num_threads": threads})
explainer = shap.TreeExplainer(booster)
start = time.perf_counter()
values = explainer.shap_values(matrix)
seconds = time.perf_counter() - start
values = values[-1] if isinstance(values, list) else values
np.save(f"{folder}/theirs.npy", values)
print(json.dumps({"seconds": seconds, "shap": shap.__version__, "lightgbm": lightgbm.__version__}))
"""


def adult(rows):
    """Return the table, its decoded rows, and the target."""
    table = pl.read_parquet(DATA).drop("split")
    table = table.head(rows) if rows else table
    schema = infer(Table(table, DATA.name, ""), target="income").schema
    target = (table["income"] == ">50K").cast(pl.Int64).to_numpy()
    return table, schema, Decoder(schema).from_frame(table).arrays, Target("classification", target, 2)


def boosted(features, target, folder, trees):
    """Train the booster, keep it as text for shap, and return it as data for us."""
    import lightgbm

    data = lightgbm.Dataset(
        features.matrix.astype(np.float64), target.values, categorical_feature=list(features.categorical)
    )
    options = {"objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "verbose": -1, "seed": 0}
    booster = lightgbm.train(options | {"num_threads": 2}, data, trees)
    booster.save_model(str(folder / "model.txt"))
    return ModelGraph(read_text((folder / "model.txt").read_text(), outputs=1), "sigmoid")


def predictor_of(schema, arrays, steps, graph):
    model = assemble(
        [(1.0, [FoldModel(steps, graph)])],
        numbers=arrays.numbers.shape[1],
        categories=arrays.categories.shape[1],
        classes=True,
    )
    return Predictor(schema, Outputs(task="classification", target="income", labels=("<=50K", ">50K")), model)


def ours(predictor, table, threads):
    """Explain all rows; the time includes opening the explainer and decoding the rows."""
    start = time.perf_counter()
    explainer = Explainer(predictor, table.head(100).to_dicts(), threads=threads)
    found = explainer.explain_frame(table, scale="margin")
    return time.perf_counter() - start, found


def theirs(python, folder, threads):
    script = folder / "peer.py"
    script.write_text(PEER)
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [python, script, folder, str(threads)], capture_output=True, text=True, check=True, env=environment
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def lightgbm_figure(arguments, folder):
    table, schema, arrays, target = adult(arguments.rows)
    steps = fit(Recipe(scale="none", missing="none", encode="codes"), arrays, target)
    features = steps.transform(arrays)
    np.save(folder / "matrix.npy", features.matrix.astype(np.float64))
    predictor = predictor_of(schema, arrays, steps, boosted(features, target, folder, arguments.trees))
    mine, peers, found = [], [], None
    for turn in range(arguments.repeats):
        seconds, found = ours(predictor, table, arguments.threads)
        mine.append(seconds)
        if turn < arguments.peer_repeats:
            peers.append(theirs(arguments.peer, folder, arguments.threads))
        print(f"turn {turn + 1}: ours {seconds:.2f} s" + (f", shap {peers[-1]['seconds']:.1f} s" if peers else ""))
    values = np.load(folder / "theirs.npy")
    summed = np.zeros_like(found.contributions)
    for place, name in enumerate(features.names):
        summed[:, found.columns.index(name)] += values[:, place]
    answers = Explainer(predictor, table.head(100).to_dicts()).explain_frame(table)
    gap = np.abs(answers.base + answers.contributions.sum(axis=1) - answers.prediction).max()
    ours_median = statistics.median(mine)
    theirs_median = statistics.median(one["seconds"] for one in peers)
    return {
        "what": f"LightGBM, {arguments.trees} trees",
        "rows": table.height,
        "threads": arguments.threads,
        "ours_seconds": mine,
        "shap_seconds": [one["seconds"] for one in peers],
        "ratio": theirs_median / ours_median,
        "additivity": float(gap),
        "agreement": float(np.abs(summed - found.contributions).max()),
        "versions": {key: peers[0][key] for key in ("shap", "lightgbm")},
    }


def forest_figure(arguments):
    """Our own time and additivity for a forest, whose many deep leaves are the hard case."""
    table, schema, arrays, target = adult(min(arguments.rows or 2000, 2000))
    steps = fit(Recipe(scale="none", missing="median", encode="ordinal"), arrays, target)
    fitted = RandomForest().fit(
        steps.transform(arrays), target, seed=0, deadline=NoDeadline(), settings={"n_estimators": 50}
    )
    predictor = predictor_of(schema, arrays, steps, fitted.graph())
    start = time.perf_counter()
    found = Explainer(predictor, table.head(100).to_dicts(), threads=arguments.threads).explain_frame(table)
    seconds = time.perf_counter() - start
    gap = np.abs(found.base + found.contributions.sum(axis=1) - found.prediction).max()
    return {"what": "forest, 50 trees", "rows": table.height, "ours_seconds": [seconds], "additivity": float(gap)}


def main():
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--rows", type=int, default=0, help="the first rows only; default all 48,842")
    reader.add_argument("--trees", type=int, default=500)
    reader.add_argument("--repeats", type=int, default=3)
    reader.add_argument("--peer-repeats", type=int, default=3)
    reader.add_argument("--threads", type=int, default=2)
    reader.add_argument("--peer", default=str(ROOT / ".bench-peers" / "bin" / "python"))
    arguments = reader.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = [lightgbm_figure(arguments, Path(folder)), forest_figure(arguments)]
    first = figures[0]
    print(
        f"{first['what']} over {first['rows']} rows: ours {statistics.median(first['ours_seconds']):.2f} s, "
        f"shap.TreeExplainer {statistics.median(first['shap_seconds']):.1f} s, {first['ratio']:.1f} times faster; "
        f"additivity {first['additivity']:.1e}, agreement with shap {first['agreement']:.1e}"
    )
    second = figures[1]
    print(f"{second['what']}: {second['ours_seconds'][0]:.2f} s, additivity {second['additivity']:.1e}")
    (ROOT / ".cache").mkdir(exist_ok=True)
    (ROOT / ".cache" / "explain.json").write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
