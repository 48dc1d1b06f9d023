"""The report in a browser, as a reviewer uses it: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bvn_evidence.report import file_name
from bvn_evidence.runner import Options, run
from hostile import ATTACKER, write_notes

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"

if not CHROMIUM.exists():
    pytest.skip("no /usr/bin/chromium: run `make browser`", allow_module_level=True)


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    """Many patients, so that sorting and filtering have something to do, and one that attacks."""
    notes = write_notes(tmp_path_factory.mktemp("browser_notes"))
    folder = tmp_path_factory.mktemp("browser") / "out"
    run(notes, folder, Options(policies=("aspn-2022", "cam-394")))
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def view(browser) -> Iterator:
    """A page on which every complaint and every request for anything but files is an error."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url))
    yield page
    context.close()
    assert wrong == []


def index(out: Path) -> str:
    return (out / "report/index.html").as_uri()


def patient(out: Path, name: str) -> str:
    return (out / "report/patients" / file_name(name)).as_uri()


def shown(view) -> list[str]:
    return view.locator("#patients tbody th").all_text_contents()


def test_the_index_sorts(out, view):
    view.goto(index(out))
    assert view.locator("#count").text_content() == "10 of 10 lines"
    first = shown(view)
    assert first == sorted(first) or first[0] == "=2+3"
    header = view.get_by_role("columnheader", name="Patient")
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "descending" and shown(view)[0] == ATTACKER
    view.get_by_role("columnheader", name="Missing").get_by_role("button").click()
    chips = [row.locator(".chip").count() for row in view.locator("#patients tbody tr").all()]
    assert chips == sorted(chips, reverse=True) and chips[0] > chips[-1]
    view.get_by_role("columnheader", name="Overall").get_by_role("button").click()
    words = view.locator("#patients tbody .status").all_text_contents()
    assert [word for number, word in enumerate(words) if number == 0 or words[number - 1] != word] == list(dict.fromkeys(words))


def test_the_index_filters_and_the_way_back_finds_the_filters_again(out, view):
    view.goto(index(out))
    view.get_by_label("Policy").select_option("aspn-2022")
    assert view.locator("#count").text_content() == "5 of 10 lines"
    view.get_by_label("Missing item").select_option("odi")
    assert "P002" in shown(view) and "P001" not in shown(view)
    view.get_by_role("searchbox").fill("p00")
    assert shown(view) == ["P002", "P003"]
    view.get_by_role("link", name="P002").click()
    view.wait_for_url("**/patients/*")
    view.get_by_role("link", name="All patients").wait_for()
    view.go_back()
    view.wait_for_selector("#patients tbody tr")
    assert shown(view) == ["P002", "P003"] and view.get_by_role("searchbox").input_value() == "p00"
    view.get_by_role("searchbox").fill("nobody")
    assert shown(view) == [] and view.get_by_text("No patient fits these filters.").is_visible()
    view.get_by_role("button", name="Clear").click()
    from playwright.sync_api import expect
    expect(view.locator("#patients tbody tr")).to_have_count(10)  # the page's policy forbids evaluated code


def test_the_chart_and_the_tiles_filter(out, view):
    view.goto(index(out))
    item = view.locator("#chart button").first.get_attribute("data-value")
    bar = view.locator(f"#chart button[data-value={item}]")
    bar.click()
    assert bar.get_attribute("aria-pressed") == "true" and view.get_by_label("Missing item").input_value() == item
    assert int(bar.locator(".number").text_content().split()[0]) == len(shown(view))
    assert view.evaluate("document.activeElement.dataset.value") == item
    bar.click()
    tile = view.locator("#statuses button", has_text="Not met")
    tile.click()
    assert int(tile.locator(".big").text_content()) == len(shown(view)) > 0
    assert set(view.locator("#patients tbody .status").all_text_contents()) == {"Not met"}


def test_from_why_to_the_sentence_in_two_clicks(out, view):
    view.goto(index(out))
    view.get_by_role("link", name="P002").first.click()
    row = view.locator("#c0-conservative_care")
    assert "Missing" in row.text_content()
    row.locator(".cite").first.click()
    span = view.locator(".h.now").first
    assert span.text_content().strip().lower().startswith("naproxen") and span.is_visible()
    box = span.bounding_box()
    assert box is not None and 0 <= box["y"] <= 900


def test_a_click_on_evidence_opens_a_closed_note_and_leads_back_to_the_criterion(out, view):
    view.goto(patient(out, "P001"))
    view.evaluate("document.querySelectorAll('details.note').forEach(note => { note.open = false })")
    view.locator("#c0-imaging .cite").first.click()
    span = view.locator(".h.now").first
    assert span.is_visible() and "Modic" in span.text_content()
    number = span.get_attribute("data-n")
    assert view.evaluate("document.activeElement.id") == f"s{number}"
    card = view.locator(f"#f{number}")
    assert "now" in card.get_attribute("class")
    card.get_by_role("link", name="Imaging").first.click()
    assert view.evaluate("document.activeElement.id") == "c0-imaging"
    view.locator(f".tag[data-n='{number}']").first.click()
    assert view.evaluate("document.activeElement.id") == f"f{number}"


def test_kinds_can_be_hidden_and_the_words_stay(out, view):
    view.goto(patient(out, "P001"))
    tag = view.locator(".tag.k-therapy").first
    assert tag.is_visible()
    view.get_by_role("checkbox", name="Therapy").uncheck()
    assert not tag.is_visible() and view.locator(".h.k-therapy").first.is_visible()
    view.get_by_role("checkbox", name="Therapy").check()
    view.get_by_role("checkbox", name="Only evidence").check()
    assert view.locator(".fact.used").first.is_visible() and not view.locator(".fact:not(.used)").first.is_visible()


def test_the_keyboard_reaches_the_content_and_the_notes(out, view):
    view.goto(patient(out, "P001"))
    view.keyboard.press("Tab")
    assert view.evaluate("document.activeElement.className") == "skip"
    view.keyboard.press("Enter")
    assert view.evaluate("document.activeElement.id") == "main"
    summary = view.locator("details.note > summary").first
    summary.focus()
    before = view.locator("details.note").first.get_attribute("open")
    view.keyboard.press("Enter")
    assert view.locator("details.note").first.get_attribute("open") != before
    assert view.locator("main").count() == view.locator("h1").count() == 1


def test_a_hostile_note_does_nothing(out, view):
    for address in (index(out), patient(out, ATTACKER)):
        view.goto(address)
        view.wait_for_timeout(200)
        assert view.evaluate("window.hacked") is None
        assert view.locator("body").is_visible() and view.locator("img").count() == 0
    assert "<script>window.hacked = 1</script>" in view.locator(".text").first.text_content()
    view.locator(".text").first.hover()
    assert view.evaluate("window.hacked") is None
    assert view.locator("h1").text_content() == ATTACKER


def test_the_policy_of_the_page_stops_what_is_not_its_own(out, browser):
    page = browser.new_page()
    page.goto(patient(out, "P001"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 7'; document.body.append(s);"
        " const i = document.createElement('img'); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i);"
        " const d = document.createElement('div'); d.setAttribute('onclick', 'window.hacked = 8'); document.body.append(d); d.click(); }"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'stopped')") == "stopped"
    assert [url for url in asked if url.startswith("http") and "csp" not in url] == [] or page.evaluate("document.images[0].naturalWidth") == 0
    page.close()


def test_it_prints_to_a_pdf_with_the_evidence_and_without_the_controls(out, view):
    view.goto(patient(out, "P001"))
    view.emulate_media(media="print")
    assert not view.get_by_role("button", name="Print or save as PDF").is_visible()
    assert view.get_by_text("Documentation only.").is_visible()
    assert view.locator(".evidence li").first.is_visible() and view.locator("svg.timeline").is_visible()
    pdf = view.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF-") and len(pdf) > 20_000
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= 6


@pytest.mark.parametrize("name", ["", "P001", "P002", "P003", ATTACKER])
def test_axe_finds_nothing_serious(out, view, name):
    from axe_playwright_python.sync_playwright import Axe

    view.goto(patient(out, name) if name else index(out))
    # The page forbids foreign scripts, so axe comes through the debugger, which is not bound by the page's policy.
    result = Axe().run(view).response
    assert len(result["passes"]) > 15
    found = result["violations"]
    serious = [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []


def test_a_thousand_patients_open_fast(browser, tmp_path):
    from bvn_evidence.report import Case, PolicyInfo, Writer, entry
    from bvn_evidence.schema import Verdict

    writer = Writer(tmp_path / "report", [PolicyInfo("aspn-2022", "A policy")])
    for number in range(1000):
        name = f"Q{number:04}"
        state = ("met", "missing", "not_met")[number % 3]
        overall = {"met": "met", "missing": "incomplete", "not_met": "not_met"}[state]
        verdicts = [Verdict(name, "aspn-2022", criterion, state, "x") for criterion in ("duration", "imaging", "function")]
        missing = ["odi"] if state == "missing" else []
        writer.add("<!doctype html>", entry(Case(name, [], {}, [], [*verdicts, Verdict(name, "aspn-2022", "overall", overall, "x", missing)])))
    writer.finish()
    page = browser.new_page()
    page.goto((tmp_path / "report/index.html").as_uri())
    taken = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert taken < 2000
    assert page.locator("#patients tbody tr").count() == 100
    page.get_by_role("button", name="Show 100 more").click()
    assert page.locator("#patients tbody tr").count() == 200
    page.locator("select[name=overall]").select_option("met")
    assert page.locator("#count").text_content() == "334 of 1,000 patients"
    page.close()
