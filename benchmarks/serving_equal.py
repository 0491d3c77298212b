"""Is a served answer the very answer of `mainstay predict`, bit for bit?

    python benchmarks/serving_equal.py [--tables telco,california,wine,penguins,taxis] [--budget 20] [--quick]

For each table a model is trained on three quarters of it; `mainstay predict` answers the rest into a Parquet file. Then
the server is asked the same rows: one by one, in batches of 7 and of 500, and through the Open Inference Protocol V2.
Every number must have the same bits (JSON carries them in full) and every label the same name; a row that one refuses
the other must refuse. Writes .cache/serving_equal.json.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import polars as pl
from serving_parts import ours, v2
from serving_parts.answers import of_frame, of_json
from serving_parts.report import finish
from serving_parts.tables import DATA, TABLES, halves, rows_of

REFUSED = "refused"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", default=",".join(TABLES), help="of: %(default)s")
    parser.add_argument("--budget", type=float, default=20, help="seconds of training, %(default)s")
    parser.add_argument("--quick", action="store_true", help="three tables, 6 s of training")
    parser.add_argument("--json")
    told = parser.parse_args()
    if told.quick:
        told.tables, told.budget = "telco,california,penguins", 6
    return told


def mainstay(*words):
    ran = subprocess.run([str(ours.COMMAND), *map(str, words)], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"mainstay {words[0]} ended with {ran.returncode}: {(ran.stdout + ran.stderr)[-500:]}")


def known_answers(table, folder, budget):
    """Train, predict; return (bundle, rows, answers), an answer REFUSED where there is none."""
    train, test = halves(table, folder)
    bundle, out = folder / f"{table.name}.mainstay", folder / "out.parquet"
    words = ["--target", table.target, "--task", table.task, "--time-budget", f"{budget:g}s", "-o", bundle, "--json"]
    mainstay("train", train, *words)
    mainstay("predict", bundle, test, "-o", out, "--json")
    answers = [REFUSED if row["prediction"] is None else of_frame(row) for row in pl.read_parquet(out).to_dicts()]
    return bundle, rows_of(test, table.target), answers


def one_by_one(server, rows):
    for row in rows:
        status, body = server.post("/predict", json.dumps(row).encode())
        yield of_json(json.loads(body)) if status == 200 else REFUSED if status == 422 else f"{status} {body[:200]!r}"


def in_batches(size):
    def ask(server, rows):
        for start in range(0, len(rows), size):
            asked = {"rows": rows[start : start + size], "on_error": "row"}
            status, body = server.post("/predict", json.dumps(asked).encode())
            if status != 200:
                yield from [f"{status} {body[:200]!r}"] * len(asked["rows"])
                continue
            for answer in json.loads(body)["predictions"]:
                yield REFUSED if "error" in answer else of_json(answer)

    return ask


WAYS = {"single": one_by_one, "batch of 7": in_batches(7), "batch of 500": in_batches(500), "V2": v2.ask}


def compare(server, rows, answers):
    """Return {way: {"rows", "equal", "first": a difference}}."""
    found = {}
    for name, way in WAYS.items():
        got = list(way(server, rows))
        pairs = zip(got, answers, strict=False)
        wrong = [{"row": row, "served": mine, "predict": due} for row, (mine, due) in enumerate(pairs) if mine != due]
        found[name] = {"rows": len(got), "equal": len(answers) - len(wrong), "first": wrong[:2]}
    return found


def main():
    told = arguments()
    if not DATA.exists():
        raise SystemExit("the tables are not there: ../shared/data")
    result, good, total = {}, True, 0
    for name in told.tables.split(","):
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            bundle, rows, answers = known_answers(TABLES[name], folder, told.budget)
            with ours.serve(bundle, folder) as server:
                found = compare(server, rows, answers)
        result[name] = {"held_out": len(answers), "refused": answers.count(REFUSED), "ways": found}
        for way, one in found.items():
            same = one["equal"] == one["rows"] == len(answers)
            good, total = good and same, total + one["equal"]
            print(
                f"{name:12}{way:14}{one['equal']:>7,} of {len(answers):,} {'equal' if same else one['first']}",
                flush=True,
            )
    words = f"{total:,} answers bit-equal to mainstay predict" if good else "not all answers are equal"
    finish("serving_equal", result, good, f"{words}, {len(result)} tables, {len(WAYS)} ways", told.json)


if __name__ == "__main__":
    main()
