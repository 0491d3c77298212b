"""Data is never code, work never prints, and the one package that phones home is entered through one door."""

import ast

CODE_FROM_DATA = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
# These carry objects between processes as pickles.
PICKLES_INSIDE = {
    "concurrent.futures.ProcessPoolExecutor", "multiprocessing.Pool", "multiprocessing.Queue",
    "multiprocessing.JoinableQueue", "multiprocessing.SimpleQueue", "multiprocessing.Manager", "multiprocessing.pool",
    "multiprocessing.managers", "multiprocessing.queues",
}  # fmt: skip
RUNTIME_DOOR = "mainstay.graph.run"


def calls(module):
    return [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]


def test_nothing_turns_data_into_code(modules):
    wrong = [
        f"{module.place}:{line} imports {name}"
        for module in modules
        for name, line in module.imported
        if name.split(".")[0] in CODE_FROM_DATA or any(f"{name}.".startswith(f"{bad}.") for bad in PICKLES_INSIDE)
    ]
    wrong += [
        f"{module.place}:{node.lineno} calls {node.func.id}"
        for module in modules
        for node in calls(module)
        if isinstance(node.func, ast.Name) and node.func.id in RUNS_TEXT
    ]
    assert not wrong, "\n".join(wrong)


def test_numpy_never_reads_objects(modules):
    wrong = [
        f"{module.place}:{node.lineno}"
        for module in modules
        for node in calls(module)
        for keyword in node.keywords
        if keyword.arg == "allow_pickle" and getattr(keyword.value, "value", True) is not False
    ]
    assert not wrong, "\n".join(wrong)


def test_work_never_prints(modules):
    wrong = []
    for module in modules:
        if module.name.startswith("mainstay.apps"):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "input"}:
                wrong.append(f"{module.place}:{node.lineno} {node.func.id}")
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"sys.stdout.write", "sys.stderr.write"}:
                wrong.append(f"{module.place}:{node.lineno} {ast.unparse(node)}")
    assert not wrong, "emit an event instead:\n" + "\n".join(wrong)


def test_onnxruntime_is_entered_through_one_door(modules):
    entered = {m.name for m in modules for name, _ in m.imported if name.split(".")[0] == "onnxruntime"}
    assert entered <= {RUNTIME_DOOR}, f"import it through {RUNTIME_DOOR}: {sorted(entered)}"


def test_telemetry_is_off_before_the_first_import(modules):
    door = next((module for module in modules if module.name == RUNTIME_DOOR), None)
    assert door is not None, f"{RUNTIME_DOOR} is gone"
    first = min(line for name, line in door.imported if name.split(".")[0] == "onnxruntime")
    switched = [
        number for number, line in enumerate(door.text.splitlines(), start=1) if "ORT_DISABLE_TELEMETRY" in line
    ]
    assert switched, "nothing switches the telemetry of onnxruntime off"
    assert switched[0] < first
    others = [m.place for m in modules if m.name != RUNTIME_DOOR and "ORT_DISABLE_TELEMETRY" in m.text]
    assert not others, f"it is switched in one place only: {others}"


def test_the_rules_catch_what_they_forbid(tmp_path, modules):
    path = tmp_path / "sample.py"
    path.write_text("import pickle\nfrom multiprocessing import Pool\nprint(eval('1'))\n")
    sample = type(modules[0])(path)
    names = {name for name, _ in sample.imported}
    assert names == {"pickle", "multiprocessing.Pool"}
    assert {node.func.id for node in calls(sample)} == {"print", "eval"}
