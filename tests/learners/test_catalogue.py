import importlib.metadata
import subprocess
import sys

import pytest

from mainstay.contracts.errors import UsageError
from mainstay.learners import catalogue


class Plugin:
    name = "plugin"
    tasks = ("regression",)
    parameters = ()
    takes_missing = False
    takes_codes = False
    uses_validation = False

    def fit(self, features, target, *, seed, deadline, settings=None, validation=None):
        raise NotImplementedError


def offer(monkeypatch, name, value):
    entry = importlib.metadata.EntryPoint(name, value, catalogue.GROUP)
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [entry] if group == catalogue.GROUP else [])


@pytest.mark.parametrize("name", catalogue.LEARNERS)
def test_a_name_gives_the_learner_of_that_name(name):
    assert catalogue.learner(name).name == name
    assert catalogue.learner(name) is catalogue.learner(name)


def test_names_by_task_begin_with_the_cheap_ones():
    assert catalogue.names("classification")[:2] == ("baseline", "logistic")
    assert catalogue.names("regression")[:2] == ("baseline", "ridge")
    assert "ridge" not in catalogue.names("classification")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"no learner 'forest'.*random_forest"):
        catalogue.learner("forest")


def test_a_plugin_comes_through_the_same_door(monkeypatch):
    offer(monkeypatch, "plugin", f"{__name__}:Plugin")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    assert catalogue.learner("plugin").tasks == ("regression",)
    assert catalogue.names("regression")[-1] == "plugin"
    assert "plugin" not in catalogue.names("classification")


def test_a_plugin_may_not_take_a_name_that_is_taken(monkeypatch):
    offer(monkeypatch, "ridge", "elsewhere:Ridge")
    with pytest.raises(UsageError, match="'ridge' is taken"):
        catalogue.learner("ridge")


def test_a_plugin_that_is_no_learner_is_refused(monkeypatch):
    offer(monkeypatch, "plugin", "collections:OrderedDict")
    with pytest.raises(UsageError, match=r"collections\.OrderedDict is a OrderedDict without some"):
        catalogue.learner("plugin")


def test_naming_learners_imports_nothing_heavy():
    program = (
        "import sys; from mainstay.learners.catalogue import learner, names; "
        "[learner(name) for name in names('classification') + names('regression')]; "
        "heavy = {'sklearn', 'lightgbm', 'scipy', 'onnx', 'onnxruntime', 'polars'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_learner_without_its_package_says_how_to_get_it(monkeypatch):
    import numpy as np

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.errors import MissingPackageError
    from mainstay.contracts.learner import NoDeadline, Target
    from mainstay.learners.supervised import optional

    found = optional.find_spec
    monkeypatch.setattr(optional, "find_spec", lambda name: None if name in ("xgboost", "catboost") else found(name))
    assert dict(catalogue.absent()) == dict.fromkeys(("xgboost", "catboost"), 'pip install "mainstay[boost]"')
    assert not {"xgboost", "catboost"} & set(catalogue.names("regression"))
    features, target = Features(np.zeros((4, 1), np.float32), ("x",)), Target("regression", np.arange(4.0))
    for name in catalogue.absent():
        with pytest.raises(MissingPackageError, match=f"needs the package {name}.*mainstay\\[boost\\]"):
            catalogue.learner(name).fit(features, target, seed=0, deadline=NoDeadline())


def test_naming_the_learners_imports_no_package_of_theirs():
    import subprocess

    program = (
        "import sys; from mainstay.learners import catalogue; catalogue.names('regression');"
        "sys.exit(any(name in sys.modules for name in ('xgboost', 'catboost', 'lightgbm', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_other_packages_offer_is_read_once(monkeypatch):
    asked = []
    monkeypatch.setattr(catalogue, "entry_points", lambda group: asked.append(group) or [])
    for _ in range(3):
        catalogue.names("regression")
    assert asked == [catalogue.GROUP]
