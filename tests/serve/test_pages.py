"""The pages at / and /docs, in a real browser before a real server: what is typed is asked, what is said is shown."""

import json
import subprocess
import sys
import zipfile
from urllib.parse import urlsplit

import pytest
from tests.bundle.clusters import NAMES, people
from tests.bundle.detectors import watch
from tests.serve.browser import Browser, chromium
from tests.serve.live import served
from tests.serve.models import NASTY, NASTY_ROW, QUOTES, churn, fees, nasty, sets

from mainstay.serve.app import create_app
from mainstay.serve.describe import example_row
from mainstay.serve.pages import PAGE_HEADERS, PAGE_NAMES, page

FIELD = ".field[data-column={}] :is(input:not([type=range]):not(.other), select, textarea)"


def field(name):
    return FIELD.format(json.dumps(name))


@pytest.fixture(scope="module")
def address():
    models = {"churn": churn(), "fees": fees(), "sets": sets(), "nasty": nasty(), "people": people(), "watch": watch()}
    with served(create_app(models)) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    program = chromium()
    if program is None:
        pytest.skip("there is no chromium here; on Debian: apt-get install chromium")
    with Browser(program) as found:
        yield found


@pytest.fixture
def open_page(browser, address):
    """Open a page of the server; at the end nothing may have been complained of or asked for elsewhere."""
    opened = []

    def open_one(path, ready="document.querySelectorAll('.field').length > 0", *, refusals=0, **kind):
        found = browser.page(**kind)
        opened.append((found, refusals))
        found.open(address + path, ready)
        return found

    yield open_one
    for found, refusals in opened:
        asked = {urlsplit(request).netloc for request in found.requests if not request.startswith("data:")}
        complaints = [error for error in found.errors if "status of 422" not in error]
        found.close()
        assert asked == {urlsplit(address).netloc}
        assert complaints == []
        assert len(found.errors) == refusals, found.errors  # the browser itself notes each refusal of the server


def predict(page):
    page.click("#predict")
    page.wait("document.querySelector('#prediction') && document.querySelector('.reasons .sum')")


def shown_values(page, selector):
    return page.ask(f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => Number(one.dataset.value))")


def answer_of(bundle, row):
    """Return the model's own answer, with each probability as the shortest number that is the same float32."""
    answers = bundle.predict_rows([row])
    assert not answers.rejected[0]
    return answers


def test_the_form_is_filled_with_a_row_that_is_answered_at_once(open_page):
    page = open_page("/?model=churn")
    predict(page)
    answers = answer_of(churn(), example_row(churn()))
    assert json.loads(page.ask("document.querySelector('#prediction').dataset.value")) == answers.prediction[0]
    assert shown_values(page, ".bars li") == answers.probabilities[0].tolist()
    assert page.ask("document.querySelectorAll('.message:not(:empty)').length") == 0


def test_changed_values_get_the_models_own_answer_and_reasons_that_add_up(open_page):
    page = open_page("/?model=churn")
    page.type(field("age"), "64")
    page.type(field("fee"), "20.25")
    page.choose(field("plan"), "plus")
    page.choose(field("city"), "Z\u00fcrich")
    predict(page)
    row = {"age": 64, "fee": 20.25, "plan": "plus", "city": "Z\u00fcrich"}
    answers = answer_of(churn(), row)
    assert page.ask("document.querySelector('#prediction').textContent") == answers.prediction[0]
    assert shown_values(page, ".bars li") == answers.probabilities[0].tolist()
    base, total = shown_values(page, ".reasons .end")
    steps = shown_values(page, ".reasons li[data-column]")
    assert len(steps) == 4
    assert base + sum(steps) == pytest.approx(total, abs=1e-6)
    assert total == pytest.approx(float(answers.probabilities[0][1]), abs=1e-6)
    assert page.ask("document.querySelector('#answer-digest').title") == churn().digest


def test_control_and_enter_ask_too_and_the_answer_before_is_compared(open_page):
    page = open_page("/?model=fees")
    predict(page)
    first = page.ask("document.querySelector('#answer-id').textContent")
    page.type(field("age"), "90")
    assert page.ask("document.querySelector('#answer').classList.contains('stale')")
    page.press("Enter", control=True)
    page.wait(f"document.querySelector('#answer-id') && document.querySelector('#answer-id').textContent !== '{first}'")
    answers = answer_of(fees(), {**example_row(fees()), "age": 90})
    assert json.loads(page.ask("document.querySelector('#prediction').dataset.value")) == answers.prediction[0]
    interval = page.ask("({...document.querySelector('#interval').dataset})")
    assert (float(interval["low"]), float(interval["high"])) == (answers.low[0], answers.high[0])
    assert "was" in page.ask("document.querySelector('p.moved').textContent")
    assert not page.ask("document.querySelector('#answer').classList.contains('stale')")


def test_a_prediction_set_is_shown(open_page):
    page = open_page("/?model=sets")
    predict(page)
    answers = answer_of(sets(), example_row(sets()))
    chips = page.ask("[...document.querySelectorAll('#prediction-set .chip')].map((one) => one.textContent)")
    members = [str(label) for label, inside in zip((1, 2, 3), answers.members[0], strict=True) if inside]
    assert sorted(chips) == sorted(members or ["no class is likely enough"])


def test_a_cluster_is_shown_with_its_name_and_a_mark_where_the_row_fits_none(open_page):
    page = open_page("/?model=people")
    assert page.ask("document.querySelector('#about').textContent") == "clustering into 3"
    for age, fits_none in (("66", False), ("99", True)):
        page.type(field("age"), age)
        page.type(field("fee"), "20")
        page.choose(field("plan"), "plus")
        page.click("#predict")
        page.wait(f"Boolean(document.querySelector('#fits-none')) === {str(fits_none).lower()}")
        page.wait("document.querySelector('#prediction')")
        answers = people().clusters.predict_rows([{"age": int(age), "fee": 20, "plan": "plus"}])
        assert answers.fits_none.tolist() == [fits_none]
        assert page.ask("document.querySelector('#prediction').textContent") == NAMES[answers.cluster[0]]
        assert shown_values(page, "#distance") == answers.distance.tolist()
        assert shown_values(page, "#second") == answers.second.tolist()
        page.wait("document.querySelector('.reasons .sum')")
        base, total = shown_values(page, ".reasons .end")
        assert base + sum(shown_values(page, ".reasons li[data-column]")) == pytest.approx(total, abs=1e-6)
        assert total == pytest.approx(answers.second_distance[0] - answers.distance[0], rel=1e-9)


def test_an_alarm_is_shown_with_its_reason(open_page):
    page = open_page("/?model=watch")
    assert page.ask("document.querySelector('#about').textContent") == "anomaly detection"
    for age, fee, flagged in (("65", "20", False), ("97", "250", True)):
        page.type(field("age"), age)
        page.type(field("fee"), fee)
        page.choose(field("plan"), "plus")
        page.click("#predict")
        page.wait(f"Boolean(document.querySelector('#reason')) === {str(flagged).lower()}")
        page.wait("document.querySelector('#prediction')")
        answers = watch().detector.predict_rows([{"age": int(age), "fee": int(fee), "plan": "plus"}])
        assert answers.flagged.tolist() == [flagged]
        assert shown_values(page, "#score") == answers.score.tolist()
        assert shown_values(page, "#p-value") == answers.p_value.tolist()
        if flagged:
            assert page.ask("document.querySelector('#reason').textContent") == answers.reason[0]
        page.wait("document.querySelector('.reasons .sum')")
        base, total = shown_values(page, ".reasons .end")
        assert base + sum(shown_values(page, ".reasons li[data-column]")) == pytest.approx(total, abs=1e-6)
        assert total == pytest.approx(answers.score[0], rel=1e-9)


def test_a_bad_value_is_refused_at_its_field(open_page):
    page = open_page("/?model=churn", refusals=1)
    page.type(field("age"), "old")
    page.click("#predict")
    page.wait("document.querySelector('.refused')")
    message = page.ask("document.querySelector('.field[data-column=age] .message').textContent")
    assert "expected a number" in message
    assert "'old' came" in message
    assert page.ask(f"document.querySelector({json.dumps(field('age'))}).getAttribute('aria-invalid')") == "true"
    assert page.ask("document.activeElement.id") == page.ask(f"document.querySelector({json.dumps(field('age'))}).id")
    page.type(field("age"), "31")
    assert page.ask("document.querySelector('.field[data-column=age] .message').textContent") == ""
    predict(page)


def test_warnings_stand_at_their_fields(open_page):
    page = open_page("/?model=churn")
    page.type(field("age"), "120")
    page.choose(field("plan"), "other \u2026")
    page.type(".field[data-column=plan] .other", "gold")
    page.choose(field("city"), "missing")
    predict(page)
    said = page.ask(
        "[...document.querySelectorAll('.field')].map((one) =>"
        " [one.dataset.column, one.querySelector('.message').textContent])"
    )
    assert {name for name, message in said if message} == {"age", "plan"}
    row = {"age": 120, "fee": example_row(churn())["fee"], "plan": "gold", "city": None}
    answers = answer_of(churn(), row)
    assert dict(said)["plan"] in [problem.message for problem in answers.problems]
    assert shown_values(page, ".bars li") == answers.probabilities[0].tolist()


def test_another_model_brings_its_own_form(open_page):
    page = open_page("/?model=churn")
    page.choose("#model", "nasty")
    page.wait("document.title.startsWith('nasty')")
    assert page.ask("document.querySelectorAll('.field').length") == 4
    page.choose("#model", "fees")
    page.wait("document.title.startsWith('fees')")
    predict(page)
    assert page.ask("document.querySelector('.target').textContent") == "fee"


def test_nasty_names_are_shown_as_text_and_sent_as_they_are(open_page):
    page = open_page("/?model=nasty")
    labels = page.ask("[...document.querySelectorAll('.field-head label')].map((one) => one.firstChild.textContent)")
    assert labels == [column.name for column in nasty().schema.features]
    page.type(field(NASTY), "77")
    page.choose(field("__proto__"), "'\"")
    predict(page)
    answers = answer_of(nasty(), {**NASTY_ROW, NASTY: 77, "__proto__": "'\""})
    assert page.ask("document.querySelector('#prediction').textContent") == answers.prediction[0]
    assert shown_values(page, ".bars li") == answers.probabilities[0].tolist()
    assert page.ask("document.querySelectorAll('main img, main b, main i').length") == 0
    assert page.ask("document.title") == "nasty: try it"
    reasons = page.ask("[...document.querySelectorAll('.reasons li[data-column]')].map((one) => one.dataset.column)")
    assert sorted(reasons) == sorted(NASTY_ROW)


def test_a_refusal_of_a_nasty_column_finds_its_field(open_page):
    page = open_page("/?model=nasty", refusals=1)
    page.type(field(QUOTES), "")
    page.click("#predict")
    page.wait("document.querySelector('.refused')")
    place = page.ask("document.activeElement.closest('.field').dataset.column")
    assert place == QUOTES


@pytest.mark.parametrize("model", ["churn", "nasty"])
def test_the_snippets_work_when_pasted(open_page, model):
    page = open_page(f"/?model={model}")
    predict(page)
    shown = shown_values(page, ".bars li")
    programs = {"curl": ["bash", "-c"], "python": [sys.executable, "-c"]}
    for name, command in programs.items():
        page.click(f"#tab-{name}")
        code = page.ask("document.querySelector('#code').textContent")
        ran = subprocess.run([*command, code], check=False, capture_output=True, text=True, timeout=30)
        assert ran.returncode == 0, ran.stderr
        said = json.loads(ran.stdout) if name == "curl" else eval(ran.stdout, {})
        assert list(said["probabilities"].values()) == shown


def test_the_page_works_on_a_phone_without_sideways_scrolling(open_page):
    for path, ready in (
        ("/?model=nasty", "document.querySelector('.field')"),
        ("/docs", "document.querySelector('table')"),
    ):
        page = open_page(path, ready, width=360, height=700, touch=True)
        if "model" in path:
            predict(page)
        assert page.ask("document.documentElement.scrollWidth") <= 360


def test_every_input_has_a_label_and_every_button_a_name(open_page):
    page = open_page("/?model=churn")
    predict(page)
    unnamed = page.ask(
        "[...document.querySelectorAll('input:not([aria-hidden]), select, textarea, button')].filter((one) =>"
        " !one.getAttribute('aria-label') && !(one.labels && one.labels.length) && !one.textContent.trim())"
        ".map((one) => one.outerHTML)"
    )
    assert unnamed == []
    assert page.ask("document.querySelector('#answer').getAttribute('aria-live')") == "polite"
    assert page.ask("new Set([...document.querySelectorAll('[id]')].map((one) => one.id)).size") == page.ask(
        "document.querySelectorAll('[id]').length"
    )


def test_the_reference_lists_every_column_of_every_model(open_page):
    page = open_page("/docs", "document.querySelectorAll('table.columns').length === 6")
    names = page.ask(
        "[...document.querySelectorAll('table.columns')].map((table) =>"
        " [...table.querySelectorAll('td.name')].map((one) => one.textContent))"
    )
    assert [set(found) for found in names] == [
        {column.name for column in bundle.schema.columns}
        for bundle in (churn(), fees(), sets(), nasty(), people(), watch())
    ]
    paths = page.ask("[...document.querySelectorAll('.operation .path')].map((one) => one.textContent)")
    assert {"/predict", "/models/nasty/predict", "/v2/models/nasty/infer", "/health/ready", "/metrics"} <= set(paths)
    assert page.ask("document.querySelectorAll('#reference img, #reference b').length") == 0


def test_the_pages_work_under_a_prefix(browser):
    from starlette.applications import Starlette
    from starlette.routing import Mount

    app = Starlette(routes=[Mount("/ml", app=create_app({"churn": churn()}))])
    with served(app) as root:
        page = browser.page()
        page.open(f"{root}/ml/", "document.querySelector('.field')")
        predict(page)
        assert "/ml/models/churn/predict" in page.ask("document.querySelector('#code').textContent")
        page.open(f"{root}/ml/docs", "document.querySelector('table.columns')")
        assert page.errors == []
        assert {urlsplit(request).path.split("/")[1] for request in page.requests} == {"ml"}
        page.close()


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_a_page_brings_nothing_from_elsewhere_and_runs_nothing_inline(name):
    data, kind = page(name)
    text = data.decode()
    assert kind.endswith("charset=utf-8")
    links = text.replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in links
    assert "https://" not in links
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert forbidden not in text
    if name.endswith("html"):
        assert " style=" not in text
        assert "<style" not in text
        assert " on" not in text.replace(" on ", "")
        assert all("src=" in part.partition(">")[0] for part in text.split("<script")[1:])


def test_only_named_files_are_pages():
    for name in ("../openapi.py", "__init__.py", "", "index.html/", "C:\\index.html"):
        with pytest.raises(KeyError):
            page(name)


def test_the_policy_allows_nothing_but_this_server():
    parts = dict(part.strip().split(" ", 1) for part in PAGE_HEADERS["content-security-policy"].split(";"))
    assert parts["default-src"] == "'none'"
    assert all("unsafe" not in value and "*" not in value for value in parts.values())


def test_the_pages_are_in_the_wheel(tmp_path, request):
    hatchling = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed here")
    builder = hatchling.WheelBuilder(str(request.config.rootpath))
    (wheel,) = builder.build(directory=str(tmp_path), versions=["standard"])
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {f"mainstay/serve/pages/{name}" for name in PAGE_NAMES} <= inside
