"""The worked examples run, as scripts and as notebooks, and what they show is true."""

import runpy
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
WRITER = runpy.run_path(str(ROOT / "examples" / "write_notebooks.py"))
SCRIPTS = {path.stem: path for path in WRITER["SCRIPTS"]}
ENOUGH, SHORT = "60s", "20s"  # the most that a training may take; small tables need much less

# What must hold at the end of an example, in its own names: numbers with room for chance, not more.
TRUE = {
    "noisy_line": [
        "abs(slope - 3) < 0.1", "abs(intercept - 2) < 0.6", "rmse['low'] < 1.5 < rmse['high']", "0.86 < held < 0.94",
        "abs(line_says - 62) < 2", "trees_say < 36", "warning['code'] == 'range'",
    ],
    "logistic": ["auc['value'] > 0.97", "threshold < 0.4", "recall['value'] > 0.9"],
    "tree": [
        "accuracy['value'] > 0.85", "'petal' in picture.svg()", "'>setosa<' in picture.svg()",
    ],
    "forest": [
        "r2['low'] > 0.1", "importance['noise'].low < 0", "importance['bmi'].low > 0",
        "shared['bmi'] < importance['bmi'].loss",
    ],
    "support_vectors": [
        "raw < 0.8", "scaled > 0.95", "accuracy['value'] > 0.93", "agree == 1",
        "'as seen in training' in warning['message']",
    ],
    "column_pipeline": [
        "60 < errors['mainstay'] < 70", "errors['mainstay'] < 1.05 * errors['by hand']", "'Moon' in warning['message']",
        "verdict.to_dict()['rows'] == 1000",
    ],
    "churn": ["auc['value'] > 0.82", "auc['high'] < 0.9", "len(why.frame) == 5", "figures['rows']['test'] > 1300"],
    "house_prices": ["r2['value'] > 0.75", "0.87 < coverage['value'] < 0.93", "far['value'] < r2['value'] - 0.2"],
    "mall_customers": [
        "found.k == 5", "same == 1", "answers['fits_none'].to_list() == [False, False, False, True]",
        "stability['value'] > 0.7", "nothing.k == 1", "nothing.verdict == 'no structure'",
    ],
    "card_fraud": [
        "metrics['roc_auc']['value'] > 0.85", "first.flagged.sum() == 30",
        "all(one['reason'] for one in first.to_dict()['top'])",
        "false_alarms['low'] < 0.1", "kept.flagged.sum() > 20", "found['with labels'] > found['without labels']",
        "taught.ask.height >= 5", "later_answers.height == 3",
    ],
    "intrusions": [
        "metrics['false_discovery_rate']['value'] < 0.1", "metrics['recall']['value'] > 0.6", "new_found > 0.5",
        "(p_values <= 0.1).mean() < 0.13", "len(new_kinds) > 10",
    ],
    "machine_temperature": [
        "hits['found'].sum() >= 2", "1 <= len(flagged) <= 4",
        "all(one['reason'] for one in found.to_dict()['windows'])", "0 < len(alarms) < 700",
        "alarms['fault'].max() == 1",
    ],
}  # fmt: skip
LARGE = ("churn", "house_prices")
# Run once, as notebooks: a notebook holds the very code of its script, as a test below proves.
ONCE = ("card_fraud", "intrusions", "machine_temperature")
NEEDS = {
    "churn": "telco_churn", "house_prices": "california_housing", "card_fraud": "creditcard_fraud_sample",
    "intrusions": "nsl_kdd", "machine_temperature": "nab",
}  # fmt: skip
EXAMPLES = [
    pytest.param(
        name,
        marks=[pytest.mark.real_data, pytest.mark.skipif(not (SHARED / NEEDS[name]).is_dir(), reason="no shared data")]
        if name in NEEDS
        else [],
    )
    for name in SCRIPTS
]


@pytest.fixture
def beside(request, tmp_path, monkeypatch):
    """Stand in an empty folder, with the paths and the time that the examples ask for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAINSTAY_DATA", str(SHARED))
    large = request.node.callspec.params["name"] in LARGE
    monkeypatch.setenv("MAINSTAY_EXAMPLE_BUDGET", SHORT if large else ENOUGH)
    return tmp_path


def test_every_example_has_something_that_must_hold_and_a_line_in_the_readme():
    assert set(SCRIPTS) == set(TRUE)
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert all(f"({name}.py)" in page for name in SCRIPTS)


@pytest.mark.parametrize("name", [one for one in EXAMPLES if one.values[0] not in ONCE])
def test_the_script_runs_and_what_it_shows_is_true(name, beside):
    ended = runpy.run_path(str(SCRIPTS[name]), run_name="__main__")
    for claim in TRUE[name]:
        assert eval(claim, ended), claim  # our own words
    assert list((beside / "out").glob("*.mainstay"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_notebook_runs_and_what_it_shows_is_true(name, beside):
    notebook = run_notebook(WRITER["place_of"](SCRIPTS[name]), beside, claims=TRUE[name])
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert any(output.output_type == "stream" and output.name == "stdout" for output in shown)
    assert not [output for output in shown if output.output_type == "stream" and output.name == "stderr"]
    assert any("image/svg+xml" in output.get("data", {}) for output in shown)
    assert list((beside / "out").glob("*.mainstay"))


def run_notebook(place, folder, *, claims=()):
    """Run a notebook in a kernel of this Python, then the claims in the same kernel; return it with its outputs."""
    from nbclient import NotebookClient
    from traitlets.config import Config

    notebook = nbformat.read(place, as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(f"assert {claim}") for claim in claims]
    # Files instead of ports: nothing listens on a network while tests run. Their paths must be short.
    with TemporaryDirectory() as sockets:
        quiet = Config(KernelManager={"transport": "ipc", "ip": f"{sockets}/kernel"})
        here = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, kernel_name="python3", timeout=300, resources=here, config=quiet).execute()
    return notebook


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_notebook_is_the_one_that_the_script_makes(name):
    place = WRITER["place_of"](SCRIPTS[name])
    assert place.read_text(encoding="utf-8") == WRITER["notebook"](SCRIPTS[name]), "run: make docs"


def test_no_notebook_is_left_over():
    assert {path.stem for path in (ROOT / "examples" / "notebooks").glob("*")} == set(SCRIPTS)


def test_a_false_claim_fails_in_a_notebook(tmp_path):
    from nbclient.exceptions import CellExecutionError

    place = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=WRITER["cells"]("# %%\na = 1\n")), place)
    run_notebook(place, tmp_path, claims=["a == 1"])
    with pytest.raises(CellExecutionError):
        run_notebook(place, tmp_path, claims=["a == 2"])


def test_a_script_is_cut_into_words_and_code():
    made = WRITER["cells"]("# %% [markdown]\n# # A\n#\n# b\n\n# %%\nx = 1\n\n\ny = 2\n# %%\ny\n")
    assert [(cell.cell_type, cell.source, cell.id) for cell in made] == [
        ("markdown", "# A\n\nb", "cell-0"),
        ("code", "x = 1\n\n\ny = 2", "cell-1"),
        ("code", "y", "cell-2"),
    ]
    with pytest.raises(ValueError, match="begins with"):
        WRITER["cells"]("x = 1\n# %%\n")
