"""Names that would be scripts, links, formulas or markup, in every place of every own-data notebook, in a browser."""

import csv
import re
import xml.etree.ElementTree as ET

import nbformat
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter

import inprocess
from conftest import ROOT, opened
from helpers.build import page as pages
from helpers.build import safe_html
from helpers.read import saved

pytestmark = [pytest.mark.browser, pytest.mark.build]
SIGNS = [
    "=1+1",
    "<script>window.ran=1</script>",
    "<img src=x onerror=window.ran=2>",
    "[click](javascript:window.ran=3)",
    "$x^2$ *a* `b` | _c_ ~~d~~",
    "http://a.example www.a.example a@a.example",
    "@SUM(1)",
    "--> <svg onload=window.ran=4>",
    "\"'><iframe srcdoc='<script>parent.ran=5</script>'></iframe>",
    "_ &lt;b&gt; {x}[0] %s \\(x\\) # 1.",
]


def hostile(names):
    """For each of some names another that holds it, so that they stay apart and in their order."""
    signs = [SIGNS[place % len(SIGNS)] for place, _ in enumerate(names)]
    return {n: f"{s} {n}" if s[0] in "=@" else f"{n} {s}" for n, s in zip(names, signs, strict=True)}


def spoilt(name, *columns):
    """An example's file with hostile names for its columns and for the levels of these; and what each is called now."""
    frame = pd.read_csv(ROOT / "data" / "simulated" / name)
    levels = {column: hostile(frame[column].drop_duplicates().astype(str)) for column in columns}
    frame = frame.assign(**{column: frame[column].astype(str).map(new) for column, new in levels.items()})
    called = hostile(frame.columns)
    return frame.rename(columns=called), called, levels


def practice():
    frame, new, levels = spoilt("01-students.csv", "school", "district", "band", "gender", "year")
    years = list(levels["year"].values())[:3]
    few = frame[new["school"]].drop_duplicates().iloc[:12]
    frame = frame[frame[new["school"]].isin(few) & frame[new["year"]].isin(years)]
    return frame, {
        "outcome": new["practice"], "school": new["school"], "year": new["year"], "baseline": years[0], "order": years,
        "controls": [new["poverty"]], "categories": [new["gender"]], "by": new["band"], "cluster": new["district"],
    }, [new["practice"], new["district"], *years]  # fmt: skip


def coding():
    frame, new, _ = spoilt("02-coding.csv", "leader", "coder")
    frame = frame.rename(columns=new)
    practices, supports = (
        {new[old]: f"{old} {SIGNS[place]}" for place, old in enumerate(olds)}
        for olds in (["sharing", "inspiring", "collaborating"], ["trust", "time"])
    )
    values = {"practices": practices, "supports": supports, "leader": new["leader"], "coder": new["coder"]}
    return frame, values, [*practices.values(), *supports.values()]


def survey(name="03-survey.csv", group="subject", asked=("share", "plan"), more=("school", "weight")):
    frame, new, levels = spoilt(name, group, "school", *asked)
    said = ["never", "once a year", "once a term", "monthly", "weekly"]
    if name.startswith("02"):
        said = ["never", "once or twice a year", "once or twice a term", "once or twice a month", "weekly"]
    answers = hostile(said)
    for item in asked:
        back = {new: old for old, new in levels[item].items()}
        frame[new[item]] = frame[new[item]].map(back).map(answers)
    items = {new[item]: f"{item} {SIGNS[place + 3]}" for place, item in enumerate(asked)}
    values = {"items": items, "labels": list(answers.values()), "group": new[group]} | {key: new[key] for key in more}
    if name.startswith("02"):
        values["group"] = [new[group]]
    return frame, values, [*items.values(), *answers.values()]


def leaders():
    return survey("02-teachers.csv", "subject", ("planning", "coaching"), ("school",))


def participants():
    frame, new, levels = spoilt("04-participants.csv", "school", "group")
    scales = [new["comfort"], new["commitment"]]
    return frame, {
        "group": new["group"], "compare": list(levels["group"].values())[:2], "scales": scales, "cluster": new["school"],
        "respondent": new["teacher"],
    }, [*scales, *list(levels["group"].values())[:2], new["school"]]  # fmt: skip


def satisfaction():
    frame, new, levels = spoilt("05-satisfaction.csv", "subject")
    items = [new["joint planning"], new["feedback"]]
    labels = list(hostile(["not at all", "a little", "quite", "very"]).values())
    values = {
        "items": items,
        "group": new["subject"],
        "respondent": new["respondent"],
        "low": 1,
        "high": 4,
        "labels": labels,
    }
    return frame, values, [*items, *labels, *levels["subject"].values()]


def signposts():
    frame, new, levels = spoilt("06-signposts.csv", "school", "district", "wave", "subject")
    waves = list(levels["wave"].values())
    scales = {f"comfort {sign}": [new["comfort_1"], new["comfort_2"], new["comfort_3"]] for sign in SIGNS[:1]}
    return frame, {
        "teacher": new["teacher"], "wave": new["wave"], "baseline": waves[0], "order": waves, "school": new["school"],
        "district": new["district"], "scales": scales, "low": 1, "high": 5, "controls": [new["support"]],
        "categories": [new["subject"]], "treated": new["peer_groups"], "cluster": new["district"],
    }, [*scales, *waves, new["district"]]  # fmt: skip


def retellings():
    frame = pd.read_csv(ROOT / "data/simulated/07-retellings.csv")
    names = {column: hostile(frame[column].dropna().drop_duplicates()) for column in ("label", "unit", "source_says")}
    of_documents = hostile(pd.concat([frame["said_by"], frame["after"]]).dropna().drop_duplicates())
    for column in ("label", "unit", "source_says", "said_by", "after"):
        frame[column] = frame[column].map(names.get(column, of_documents))
    return frame, {}, [*names["label"].values(), *names["source_says"].values(), *of_documents.values()]


def effects():
    frame = pd.read_csv(ROOT / "data/simulated/08-effects.csv")
    names = {column: hostile(frame[column].drop_duplicates()) for column in ("study", "label", "unit")}
    return frame.assign(**{column: frame[column].map(new) for column, new in names.items()}), {}, []


CASES = {
    "01": ("01-practice-change", practice),
    "02 survey": ("02-teacher-leadership", leaders),
    "02 coding": ("02-teacher-leadership", coding),
    "03": ("03-talis-deprivatization", survey),
    "04": ("04-participant-comparison", participants),
    "05": ("05-satisfaction", satisfaction),
    "06": ("06-signposts", signposts),
    "07": ("07-reach-and-context", retellings),
    "08": ("08-evidence-ledger", effects),
}


def page_of(run, target):
    """The page of a run, from what its cells showed."""
    shows = DisplayFormatter().format
    outputs = [nbformat.v4.new_output("display_data", shows(thing)[0]) for thing in run.shown]
    values = "\n".join(f"{name} = {value!r}" for name, value in run.variables["run"].parameters.items())
    cells = [nbformat.v4.new_markdown_cell("# A notebook"), nbformat.v4.new_code_cell(values, outputs=outputs)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), target.with_suffix(".ipynb"))
    pages.render(target.with_suffix(".ipynb"), target)


FOUND = """() => ({
    ran: window.ran === undefined ? null : window.ran,
    strange: [...document.querySelectorAll("script, iframe, object, embed, base, foreignObject, form")].map((e) => e.outerHTML),
    handlers: [...document.querySelectorAll("*")].filter((e) => e.getAttributeNames().some((n) => n.startsWith("on"))).map((e) => e.outerHTML),
    links: [...document.querySelectorAll("a, area")].map((e) => e.href),
    broken: [...document.images].filter((e) => !e.naturalWidth).map((e) => e.alt),
    text: [...document.querySelectorAll(".output")].map((e) => e.textContent).join(" ").replace(/\\s+/g, " "),
})"""


@pytest.mark.parametrize(("name", "case"), CASES.values(), ids=CASES)
def test_names_are_data(browser, tmp_path, name, case):
    frame, values, names = case()
    file = tmp_path / "<img src=x onerror=window.ran=6> $a$ *b*.csv"
    saved.write(frame, file)  # names that would be formulas are kept from it, and read as they were
    run = inprocess.run(tmp_path / "run", name, drawn=True, data=str(file), **values)
    page_of(run, tmp_path / "run" / "notebook.html")
    with browser.new_context(device_scale_factor=0.25) as context:
        page = opened(context, (tmp_path / "run" / "notebook.html").as_uri())
        found = page.evaluate(FOUND)
        assert page.troubles == []  # nor did anything try: the policy would tell
    assert found["ran"] is None
    assert found["strange"] == [safe_html.script(safe_html.COPY)]
    assert found["handlers"] == found["broken"] == []
    inside = (tmp_path / "run").as_uri()
    assert all(link.startswith(inside) for link in found["links"])
    for said in [file.name, *names]:
        shown = " ".join(said.split())
        assert shown in found["text"], said
        assert not re.search(f"'{re.escape(shown)}(?!')", found["text"]), said  # the apostrophe of the file
    for table in (tmp_path / "run").rglob("*.csv"):
        with table.open(encoding="utf-8", newline="") as lines:
            assert not [cell for row in csv.reader(lines) for cell in row if cell[:1] in {*"=@+\t"}], table.name
    for picture in (tmp_path / "run" / "figures").glob("*.svg"):
        for element in ET.parse(picture).iter():
            assert element.tag.rpartition("}")[2] not in ("script", "a", "foreignObject", "image")
            assert not [attribute for attribute in element.attrib if attribute.startswith("on")]


def test_a_page_runs_no_script_that_gets_into_it_all_the_same(browser, tmp_path):
    """The third line: a browser is told to run none."""
    own = '<h1>a</h1><img src=x onerror="window.ran=1"><script>window.ran=2</script><a href="javascript:window.ran=3">a</a>'
    (tmp_path / "page.html").write_text(pages.shell("A page", own, "A page"), encoding="utf-8")
    with browser.new_context() as context:
        page = opened(context, (tmp_path / "page.html").as_uri())
        page.locator("a[href^=javascript]").click()
        assert page.evaluate("window.ran === undefined")
        assert len(page.troubles) >= 3
