"""How accurate are we within a budget, beside the peers, on the same folds and the same two cores?

Run `make bench-peers` once, then `python benchmarks/accuracy.py` (six tables, one fold: 35 minutes) or, for all tables
and three folds, `python benchmarks/accuracy.py --full` (five hours). Every run is kept under .cache/accuracy and not
run again for the same version, so that what was broken off is taken up where it was. It prints a table per budget and
writes .cache/accuracy.json.

Equal treatment. Every system is a process of its own on two cores, timed from its start: imports and reading count for
all. A peer is told what is left of the budget once it has been imported; one without a budget may take twice the
budget. All get the training rows of the fold, all of them to learn from: ours is given the judged rows as its held-out
part (`--test`), which it needs for its report and which reach no fit and no choice; `mainstay_own_split` is the same
without that, so that a fifth of the training rows is held out. The judged error is taken from the answers to rows
without a target, by this program and for all in the same way: 1 - ROC-AUC, log-loss or RMSE.
"""

import argparse
import json
import platform
import statistics
from dataclasses import asdict
from pathlib import Path

from accuracy_parts.runs import CORES, OURS, PEERS, SYSTEMS, UNBOUND, Judge, Store, run
from accuracy_parts.tables import DATA, FOLDS, NAMES, QUICK, error, load, write_fold

CACHE = Path(__file__).resolve().parents[1] / ".cache"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", help=f"of: {','.join(NAMES)}; default {','.join(QUICK)}")
    parser.add_argument("--folds", help="which folds, default 0")
    parser.add_argument("--budgets", default="10,60", help="seconds, default %(default)s")
    parser.add_argument("--systems", default=",".join(one for one in SYSTEMS if one != OURS[1]), help=str(SYSTEMS))
    parser.add_argument("--full", action="store_true", help="all tables, all folds")
    parser.add_argument("--cached", action="store_true", help="run nothing, sum up what was run")
    parser.add_argument("--again", action="store_true", help="run our own systems again, cached or not")
    told = parser.parse_args()
    every = tuple(range(FOLDS))
    tables = tuple(told.tables.split(",")) if told.tables else NAMES if told.full else QUICK
    folds = tuple(int(fold) for fold in told.folds.split(",")) if told.folds else every if told.full else (0,)
    return told, tables, folds, tuple(float(one) for one in told.budgets.split(","))


def run_all(told, tables, folds, budgets, store):
    """Run what has not been run: all systems on a fold, one after the other, so that load on the machine hits all."""
    systems = told.systems.split(",")
    for name in tables:
        table = load(name)
        for fold in folds:
            judge = Judge(table, write_fold(table, fold, CACHE / "accuracy" / "folds" / f"{name}-{fold}"), error)
            for budget in budgets:
                for system in systems:
                    known = store.get(system, name, fold, budget)
                    if known is not None and not (told.again and system in OURS):
                        continue
                    # one without a budget is run once, under the longest of them
                    found = run(system, judge, max(budgets) if system in UNBOUND else budget)
                    store.put(system, name, fold, budget, found)
                    shown = f"{found.error:.5f}" if found.error is not None else found.reason
                    print(f"{name}-{fold} {budget:g} s  {system:18} {shown}  {found.seconds:.1f} s", flush=True)


def collect(told, tables, folds, budget, store):
    """Return {table: {system: [runs]}} of what is there."""
    systems = told.systems.split(",")
    found = {name: {one: [store.get(one, name, fold, budget) for fold in folds] for one in systems} for name in tables}
    return {
        name: {one: runs for one, runs in of.items() if all(run is not None for run in runs)}
        for name, of in found.items()
    }


def mean_error(runs):
    errors = [run.error for run in runs]
    return None if any(one is None for one in errors) else statistics.fmean(errors)


def sum_up(budget, found):
    """Return the lines of a budget: for each table the best peer and every system's ratio to it."""
    lines = {}
    for name, of in found.items():
        errors = {system: mean_error(runs) for system, runs in of.items()}
        peers = {one: value for one, value in errors.items() if one not in OURS and value is not None}
        if peers:
            best = min(peers, key=peers.get)
            ratios = {one: None if value is None else value / peers[best] for one, value in errors.items()}
            lines[name] = {"best": best, "error": peers[best], "ratios": ratios}
    show(budget, lines, found)
    return lines


def show(budget, lines, found):
    systems = [one for one in SYSTEMS if any(one in line["ratios"] for line in lines.values())]
    print(f"\n{budget:g} s: error as a share of the best peer's (1 - ROC-AUC, log-loss or RMSE; mean of the folds)\n")
    print(f"{'table':15}{'best peer':>14}{'error':>10}" + "".join(f"{one[:12]:>13}" for one in systems))
    for name, line in lines.items():
        cells = (line["ratios"].get(one) for one in systems)
        print(f"{name:15}{line['best']:>14}{line['error']:>10.4g}" + "".join(f"{_cell(one):>13}" for one in cells))

    def row(title, value):
        print(f"{title:39}" + "".join(f"{value(one):>13}" for one in systems))

    def ratios(system):
        return [line["ratios"][system] for line in lines.values() if line["ratios"].get(system) is not None]

    def runs(system):
        return [run for of in found.values() for run in of.get(system, [])]

    row("median", lambda one: _cell(statistics.median(ratios(one)) if ratios(one) else None))
    row("worst", lambda one: _cell(max(ratios(one), default=None)))
    row("against flaml, median", lambda one: _cell(_against(one, "flaml", lines)))
    row("failed runs", lambda one: f"{sum(run.error is None for run in runs(one))}/{len(runs(one))}")
    row("longest run / budget", lambda one: _cell(max((run.seconds for run in runs(one)), default=0) / budget))
    row("most memory, MB", lambda one: f"{max((run.megabytes for run in runs(one)), default=0):,.0f}")


def _against(system, rival, lines):
    pairs = [(line["ratios"].get(system), line["ratios"].get(rival)) for line in lines.values()]
    known = [mine / theirs for mine, theirs in pairs if mine is not None and theirs is not None]
    return statistics.median(known) if known else None


def _cell(value):
    return "-" if value is None else f"{value:.3f}"


def machine():
    words = Path("/proc/cpuinfo").read_text().splitlines()
    return {
        "processor": next((line.split(":")[1].strip() for line in words if line.startswith("model name")), ""),
        "system": platform.platform(), "python": platform.python_version(), "cores": CORES,
    }  # fmt: skip


def main():
    told, tables, folds, budgets = arguments()
    if not DATA.exists():
        raise SystemExit("the tables are not there: ../shared/data")
    if not PEERS.exists():
        print("the peers are not installed (make bench-peers), so only what needs none of them is run")
        told.systems = ",".join(one for one in told.systems.split(",") if one in OURS)
    store = Store(CACHE / "accuracy")
    if not told.cached:
        run_all(told, tables, folds, budgets, store)
    result = {"machine": machine(), "versions": {one: store.version(one) for one in told.systems.split(",")}}
    for budget in budgets:
        found = collect(told, tables, folds, budget, store)
        lines = sum_up(budget, found)
        runs = {name: {one: [asdict(run) for run in of] for one, of in all_.items()} for name, all_ in found.items()}
        result[f"{budget:g}"] = {"lines": lines, "runs": runs}
    (CACHE / "accuracy.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
