"""Writes the command and the Python reference from the code, so that they cannot say something else than it does.

``make docs`` runs it; ``tests/docs`` fails when the files lie behind.
"""

import inspect
import re
from collections import defaultdict
from pathlib import Path

import typer

import mainstay
from mainstay.apps.cli.app import application
from mainstay.contracts.learner import Parameter
from mainstay.learners.anomaly import catalogue as detection
from mainstay.learners.catalogue import LEARNERS, learner
from mainstay.learners.cluster import catalogue as clustering

FOLDER = Path(__file__).resolve().parent

COMMANDS_HEAD = """\
# The commands

*Written by `make docs` from the code; do not edit.*

`mainstay VERB ...` does in a shell what `mainstay.VERB(...)` does in [Python](reference-python.md). Each command takes
`--json`: then exactly one JSON object stands on standard output, and nothing else. Progress and messages go to standard
error, always.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a check failed: `verify` refused the file, or a model did not pass the gate |
| 2 | bad input or usage: a sentence says what was expected, what came, where, and what to do |
| 70 | a bug of mainstay; `MAINSTAY_TRACEBACK=1` shows where |
| 130 | interrupted (Ctrl-C, or a stop signal); the best model so far is kept |

An error is a sentence on standard error, or with `--json` this object on standard output:

```json
{"error": {"code": "data", "message": "...", "where": "new.csv", "hint": "..."}}
```
"""

_TRAIN = """\
{bundle, digest, task, target, metric: {name, value, low, high}, metrics: {NAME: {value, low, high}},
 leaderboard: [{name, value, low, high, seconds, status}], rows: {train, test}, seconds, peak_memory_mb, findings}"""

# The objects that --json writes; more keys may come, none of these will be renamed.
SHAPES = {
    "demo": _TRAIN,
    "train": _TRAIN,
    "cluster": """\
{k, verdict, sentence, plausible, k_found, evidence: [{name, k, words}],
 curve: [{k, inertia, silhouette, calinski_harabasz, davies_bouldin, bic, gap, gap_error, stability}],
 clusters: [{cluster, name, rows, share, rule, typical, profile}], method,
 methods: {tried: [{name, k, stability, note}], names, agreement, reasons} (with --method auto),
 stability: {value, low, high}, silhouette, agreement: {NAME: {value, low, high}} and confusion (with --labels),
 rows, grouped, in_no_group, columns, findings, bundle, outputs, digest, seconds}""",
    "detect": """\
{rows, judged, refused, flagged, alarm, guarantee, power, cut, reference, assumed, reference_source, method,
 members: [{name, weight}], notes, top: [{row, score, p_value, flagged, reason, columns, values, label}],
 columns: [{column, share, first}], labels, metrics: {NAME: {value, low, high}}, labelled: {rows, anomalies, k} and
 judged_how (with --labels), taught and metrics_untaught (where labels taught it), ask (with --ask), feedback,
 findings, bundle, outputs, digest, seconds}""",
    "segment": """\
{k, verdict, sentence, width, height, different_colours, space, colours: [{colour, rgb, share}],
 curve: [{k, inertia, explained, silhouette}], outputs, seconds}""",
    "train-each": """\
{targets, rows: {test}, together: {NAME: {value, low, high}}, runs: {TARGET: what train writes}, seconds}""",
    "profile": """\
{rows, columns: [{name, kind, role, missing, ...}], findings: [{severity, code, column, message, advice}]}""",
    "predict": "{rows, rejected, outputs: [files], clusters and fits_none (of groups), "
    "alarms: {flagged, share, alarm, guarantee} (of a detector)}",
    "evaluate": """\
{task, rows, metrics: {NAME: {value, low, high}}, unweighted: {NAME: {...}} (with row weights),
 cost: {value, low, high} (with costs), at_k: [{k, share, precision, recall}] (with --at-k),
 coverage: {level, share, width} (with sets or intervals)}
of groups: {task, rows, metrics, confusion (with known groups), clusters: [{cluster, name, rows, share, low, high,
 training_share, mean_distance}], fits_none: {rows, share, low, high}, moved}
of a detector: {task, rows, metrics, labelled, meaning (with labels), flagged, share, training_share}""",
    "explain": "{rows, rejected, base, method, how, scale, class, columns: [{name, mean_absolute, low, high, mean}], "
    "largest_gap, outputs, digest}",
    "compare": """\
{task, target, metric, rows, left_out, margin, models: [{name, digest, cost, value, low, high, metrics}],
 comparison: {difference, low, high, probability_better, tied, probability_alike}, metrics: {NAME: {...}},
 recommended}""",
    "inspect": "{format, digest, task, schema, metrics, versions}",
    "pack": "{format, digest, task, schema, metrics, versions}",
    "verify": "{digest, ok, checks: [{name, ok, message}]}",
    "replay": """\
{ok, checked, same, different, other_model, unreadable, missing: [ids],
 differences: [{id, model, stored, recomputed}], gaps: [{run, first, last, missing}], other_digests, digests}""",
    "report": "{report, digest}",
    "serve": """\
{url, models: [{name, digest}], pid} once requests are answered; with --requirements {requirements: [lines]}""",
}

PYTHON_HEAD = """\
# Python

*Written by `make docs` from the code; do not edit.*

`import mainstay` loads nothing of weight; each name below is loaded when it is first used. A verb returns a result that
has `.to_dict()` (what `--json` shows, see [the commands](reference-commands.md)) and shows itself in a notebook.
"""


def commands() -> str:
    """Return the command reference."""
    group = typer.main.get_command(application)
    parts = [COMMANDS_HEAD]
    for name, command in sorted(group.commands.items()):
        arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
        usage = " ".join(["mainstay", name, *(argument.metavar for argument in arguments), "[OPTIONS]"])
        parts.append(f"## {name}\n\n{paragraphs(command.help)}\n\n```\n{usage}\n```\n")
        rows = [(f"`{argument.metavar}`", "required", argument.help) for argument in arguments]
        rows += [option_row(option) for option in command.params if option not in arguments]
        parts.append(table(("option", "default", "meaning"), rows))
        parts.append(f"`--json` writes\n\n```\n{SHAPES[name]}\n```\n")
    return "\n".join(parts)


def option_row(option: object) -> tuple[str, str, str]:
    """Return how one option is written, what it is when not given, and what it means."""
    value = f" {option.metavar}" if option.metavar else ""
    spelled = f"`{', '.join(sorted(option.opts, key=len))}{value}`".replace("|", "\\|")
    if option.required:
        return spelled, "required", option.help
    return spelled, "" if option.default in (None, False) else f"`{option.default}`", option.help


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def paragraphs(text: str) -> str:
    """Join the lines of each paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n"))


def python() -> str:
    """Return the Python reference."""
    chapters = defaultdict(list)
    for name in mainstay.__all__:
        chapters[chapter_of(getattr(mainstay, name))].append(name)
    parts = [PYTHON_HEAD]
    for title in sorted(chapters, key=list(CHAPTERS).index):
        parts.append(f"## {title}\n")
        parts += [entry(name, getattr(mainstay, name)) for name in chapters[title]]
    return "\n".join(parts)


CHAPTERS = {
    "Verbs": lambda thing: callable(thing) and not inspect.isclass(thing),
    "Errors": lambda thing: inspect.isclass(thing) and issubclass(thing, Exception),
    "Records": inspect.isclass,
}


def chapter_of(thing: object) -> str:
    """Return the title of the chapter that a public thing belongs to."""
    return next(title for title, belongs in CHAPTERS.items() if belongs(thing))


def entry(name: str, thing: object) -> str:
    """Return the section of one public name."""
    lines = [f"### {name}\n"]
    verb = CHAPTERS["Verbs"](thing)
    if verb:
        lines.append(f"```python\n{signature(name, thing)}\n```\n")
    lines.append(markdown(thing.__doc__ or ""))
    kind = type(thing) if verb and not inspect.isfunction(thing) else thing
    members = members_of(kind) if inspect.isclass(kind) and not issubclass(kind, Exception) else []
    lines += [f"- `.{written}`: {summary}" for written, summary in members]
    return "\n".join(lines) + ("\n" if members else "")


def signature(name: str, function: object) -> str:
    """Return a signature as it is written in the code, one parameter a line where it is long."""
    parameters = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parameters:
            parameters.append("*")
        default = "" if parameter.default is parameter.empty else f"={default_of(parameter.default)}"
        parameters.append(f"{parameter.name}{default}")
    line = f"{name}({', '.join(parameters)})"
    return line if len(line) <= 100 else f"{name}(\n    " + ",\n    ".join(parameters) + ",\n)"


def default_of(value: object) -> str:
    """Return a default as a reader would write it."""
    return value.__name__ if callable(value) else str(value) if isinstance(value, Path) else repr(value)


def members_of(kind: type) -> list[tuple[str, str]]:
    """Return the documented public methods and properties of a class, with their first sentences."""
    found = []
    for name, member in vars(kind).items():
        written = name if isinstance(member, property) else f"{name}()"
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            found.append((written, prose(" ".join(function.__doc__.strip().split("\n\n")[0].split())).strip()))
    return found


def markdown(docstring: str) -> str:
    """Turn a numpydoc docstring into Markdown: sections to bold words, parameters to a list, examples to code."""
    text = inspect.cleandoc(docstring)
    pieces = re.split(r"\n\n?(\w[\w ]*)\n-{3,}\n", "\n" + text)
    parts = [prose(pieces[0])]
    for title, body in zip(pieces[1::2], pieces[2::2], strict=True):
        if title == "Examples":
            parts.append(f"```python\n{body.strip()}\n```\n")
        else:
            parts.append(f"**{title}**\n\n{listed(body) if title != 'Notes' else prose(body)}")
    return "\n".join(parts)


def prose(text: str) -> str:
    """Return running text; reStructuredText marks become Markdown ones."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text.strip()).replace("``", "`")
    return re.sub(r"::\n", ":\n", text) + "\n"


def listed(body: str) -> str:
    """Return a numpydoc list (a line, then its indented meaning) as a Markdown list."""
    items = []
    for line in body.strip("\n").splitlines():
        if line.startswith(" ") and items:
            items[-1] += f" {line.strip()}"
        elif line.strip():
            name, _, kind = line.partition(" : ")
            items.append(f"- `{name.strip()}`" + (f" : {kind.strip()}." if kind else "."))
    return prose("\n".join(items))


LEARNERS_HEAD = """\
# The learners

*Written by `make docs` from the code; do not edit.*

What `--models` takes, and what `--tune` searches. Each learner passes the same
[contract checks](../CONTRIBUTING.md#add-a-learner-in-8-steps), and what it learned is written into one ONNX graph that
answers as the library does. Under *searched* stands the range that a search walks where no grid is given;
xgboost and catboost come with `pip install "mainstay[boost]"`.
"""


METHODS_HEAD = """\
## Methods that group rows

What `mainstay cluster --method` takes; see [clustering](clustering.md#methods).
"""


DETECTORS_HEAD = """\
## Detectors of anomalies

What `mainstay detect --method` takes; see [anomalies](anomalies.md#members). A parameter of 0 is chosen by the rows
and by `--reference`; the autoencoder comes with `pip install "mainstay[deep]"`.
"""


def learners() -> str:
    """Return the reference of learners and their parameters."""
    parts = [LEARNERS_HEAD]
    for name in LEARNERS:
        one = learner(name)
        traits = [" and ".join(one.tasks)]
        traits += ["takes missing numbers as they are"] if one.takes_missing else []
        traits += ["splits category codes by itself"] if one.takes_codes else []
        traits += ["keeps `--monotone`"] if getattr(one, "takes_monotone", False) else []
        parts.append(f"## {name}\n\n{prose(first_paragraph(type(one)))}\n{'; '.join(traits).capitalize()}.\n")
        rows = [parameter_row(parameter) for parameter in one.parameters]
        parts.append(table(("parameter", "default", "allowed", "searched", "meaning"), rows) if rows else "")
    parts.append(METHODS_HEAD)
    for name in clustering.LEARNERS:
        method = clustering.learner(name)
        parts.append(f"### {name}\n\n{prose(first_paragraph(type(method)))}")
        parts.append("Finds the number of groups by itself where none is given.\n" if method.finds_k else "")
        rows = [parameter_row(parameter) for parameter in method.parameters]
        parts.append(table(("parameter", "default", "allowed", "searched", "meaning"), rows) if rows else "")
    parts.append(DETECTORS_HEAD)
    for name in detection.LEARNERS:
        detector = detection.learner(name)
        parts.append(f"### {name}\n\n{prose(first_paragraph(type(detector)))}")
        rows = [parameter_row(parameter) for parameter in detector.parameters]
        parts.append(table(("parameter", "default", "allowed", "searched", "meaning"), rows) if rows else "")
    return "\n".join(part for part in parts if part)


def first_paragraph(kind: type) -> str:
    """Return the first sentence of a docstring."""
    return " ".join((kind.__doc__ or "").strip().split("\n\n")[0].split())


def parameter_row(parameter: Parameter) -> tuple[str, ...]:
    """Return what is said of one parameter."""
    searched = "" if parameter.search is None else "{:g} to {:g}".format(*parameter.search)
    searched += ", by ratio" if searched and parameter.log else ""
    return f"`{parameter.name}`", f"`{parameter.default}`", parameter.expected(), searched, parameter.meaning


PAGES = {"reference-commands.md": commands, "reference-learners.md": learners, "reference-python.md": python}


if __name__ == "__main__":
    for page, write in PAGES.items():
        (FOLDER / page).write_text(write(), encoding="utf-8")
