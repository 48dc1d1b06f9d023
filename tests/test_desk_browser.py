"""The desk as a reviewer meets it: in a running JupyterLab, in a real browser."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import jupyterlab
import pytest
from playwright import sync_api

from bvn_evidence.reviews import read
from bvn_evidence.runner import run

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
HOSTILE = "<img src=x onerror=\"window.hacked=1\"></span><script>window.hacked=1</script>"
NOTES = {
    "P1/2024-03-05_radiology.txt": "MRI LUMBAR SPINE\n\nFINDINGS:\nL4-L5: Modic type 1 endplate changes. Mild disc bulge. No stenosis. "
    f"Facets normal.\n{HOSTILE}\nIMPRESSION: Modic type 1 change at L4-L5.\n",
    "P1/2024-04-02_clinic.txt": "HPI: 51-year-old with axial low back pain for 3 years. Denies leg pain. Physical therapy for 8 "
    "weeks without relief. ODI 44%.\n",
    "P2/2024-04-02_clinic.txt": "Low back pain for 3 months.\n",
}
CELL = "import bvn_evidence\ndesk = bvn_evidence.Desk('out', 'notes', reviewer='A. Lee')\ndesk"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab over a folder with a run and a notebook that opens the desk: its address and the folder."""
    import nbformat

    folder = tmp_path_factory.mktemp("lab")
    for name, text in NOTES.items():
        (folder / "notes" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "notes" / name).write_text(text)
    run(folder / "notes", folder / "out")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "desk.ipynb")
    kernel = folder / "jupyter/kernels/python3"
    kernel.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": start, "display_name": "Python 3", "language": "python"}))
    installed = Path(jupyterlab.__file__).parents[4] / "share/jupyter"  # where pip put the widget manager
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    homes = {name: str(folder / "home") for name in ("HOME", "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
         f"--IdentityProvider.token={token}", "--LabApp.news_url=None"],
        cwd=folder, env={**os.environ, **homes, "JUPYTER_PATH": f"{folder / 'jupyter'}{os.pathsep}{installed}"},
        stdout=(folder / "server.log").open("w"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        until = time.monotonic() + 40
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}", timeout=2)
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < until, (folder / "server.log").read_text()[-2000:]
                time.sleep(0.3)
        yield f"http://127.0.0.1:{port}/lab/tree/desk.ipynb?token={token}", folder
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()


@pytest.fixture(scope="module")
def page(lab):
    if not Path(CHROMIUM).exists():
        pytest.fail("chromium is missing; `make test` installs it")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1680, "height": 1000})
        page.set_default_timeout(20_000)
        sync_api.expect.set_options(timeout=30_000)
        yield page
        if where := os.environ.get("BVN_SCREENSHOT"):
            page.screenshot(path=where + ".last.png")
        browser.close()


def open_desk(page, address):
    """Load the notebook anew, run its cell and wait for the desk."""
    page.goto(address)
    page.get_by_text("Python 3 | Idle").wait_for()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    desk = page.locator(".bd")
    desk.wait_for()
    return desk


def saved(desk):
    sync_api.expect(desk.locator(".bd-live")).to_contain_text("Saved")


def becomes(desk, criterion, status):
    sync_api.expect(desk.locator(f"[data-criterion={criterion}] .bd-badge")).to_contain_text(f" {status}")


def test_decisions_made_in_the_desk_are_all_there_after_a_reload(lab, page):
    address, folder = lab
    desk = open_desk(page, address)
    becomes(desk, "imaging", "met")
    becomes(desk, "function", "met")

    desk.locator("[data-criterion=imaging]").click()  # from the criterion ...
    desk.locator(".bd-evidence .bd-k-modic").first.click()  # ... to the sentence in two clicks
    chosen = desk.locator(".bd-text .bd-chosen").all_inner_texts()
    assert "".join(chosen) and "Modic type 1" in "".join(chosen)
    assert "L4-L5" in desk.locator(".bd-text .bd-level").all_inner_texts()
    assert HOSTILE.replace('\"', '"') in desk.locator(".bd-text").inner_text().replace("\n", "") and page.evaluate("window.hacked") is None

    desk.locator(".bd-card [data-act=accept]").click()
    saved(desk)
    while desk.locator("[data-criterion=imaging] + .bd-inside .bd-evidence >> nth=0 >> .bd-k-modic:not(.bd-d-reject)").count():
        before = len(read(folder / "out/reviews.jsonl").decisions)
        desk.locator("[data-criterion=imaging] + .bd-inside .bd-evidence >> nth=0 >> .bd-k-modic:not(.bd-d-reject)").first.click()
        desk.locator(".bd-card .bd-why").fill("another patient's scan")
        desk.locator(".bd-card [data-act=reject]").click()
        sync_api.expect(desk.locator(".bd-card .bd-done")).to_contain_text("rejected")
        assert len(read(folder / "out/reviews.jsonl").decisions) == before + 1
    becomes(desk, "imaging", "missing")

    desk.locator("[data-criterion=function]").click()
    desk.locator(".bd-evidence .bd-k-odi").first.click()
    desk.locator(".bd-card [data-act=correct]").click()
    desk.locator(".bd-card [data-field=score]").fill("14")
    desk.locator(".bd-card [data-act=save]").click()
    sync_api.expect(desk.locator(".bd-live")).to_contain_text("needs a reason")  # and what was typed is still there
    desk.locator(".bd-card .bd-why").fill("the form says 14")
    desk.locator(".bd-card [data-act=save]").click()
    saved(desk)
    becomes(desk, "function", "not met")

    desk.locator("[data-criterion=conservative_care]").focus()
    page.keyboard.press("Enter")
    inside = desk.locator("[data-criterion=conservative_care] + .bd-inside")
    inside.locator("[data-act=correct]").click()
    inside.locator("[data-k=to]").select_option("met")
    inside.locator(".bd-why").fill("letter of the plan")
    inside.locator("[data-act=save]").click()
    saved(desk)
    becomes(desk, "conservative_care", "met")

    before = (folder / "out/reviews.jsonl").read_bytes()
    desk = open_desk(page, address)
    for criterion, status in {"imaging": "missing", "function": "not met", "conservative_care": "met", "overall": "not met"}.items():
        becomes(desk, criterion, status)
    desk.locator("[data-criterion=function]").click()
    assert "ODI" in desk.locator(".bd-evidence .bd-k-odi").first.inner_text() and "14" in desk.locator(".bd-evidence .bd-k-odi").first.inner_text()
    decisions = read(folder / "out/reviews.jsonl").latest().values()
    assert {one.what for one in decisions} == {"reject", "correct"} and {one.reviewer for one in decisions} == {"A. Lee"}
    assert (folder / "out/reviews.jsonl").read_bytes() == before
    if where := os.environ.get("BVN_SCREENSHOT"):
        desk.locator(".bd-evidence .bd-k-odi").first.click()
        desk.screenshot(path=where)


def test_patients_are_found_and_filtered_and_kinds_switched_off(lab, page):
    desk = page.locator(".bd") if page.locator(".bd").count() else open_desk(page, lab[0])
    desk.locator("[data-k=find]").fill("P2")
    assert desk.locator(".bd-patient b").all_inner_texts() == ["P2"]
    desk.locator(".bd-patient").first.press("Enter")
    sync_api.expect(desk.locator(".bd-criteria h3")).to_have_text("P2")
    assert desk.locator(".bd-chip").count() > 0
    for kind in desk.locator(".bd-kind").all():
        kind.click()
    assert desk.locator(".bd-chip").count() == 0
    desk.locator("[data-k=find]").fill("")
    assert desk.locator(".bd-patient").count() == 2
