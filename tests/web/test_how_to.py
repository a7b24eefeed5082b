"""What docs/web-page.md shows works: in Node, and in a browser where there is one."""

import functools
import http.server
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

import selfsame
from support.browser import needs_node
from support.markdown_pages import files_of

PAGE = Path(__file__).parents[2] / "docs" / "web-page.md"
PACKAGE = Path(selfsame.__file__).parent
PICTURE = Path(__file__).parents[1] / "golden" / "v1" / "photo-hybrid.ssm"

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture
def site(tmp_path):
    """A folder with what the page shows, and a picture."""
    for part in ("web/selfsame.mjs", "web/selfsame.wasm", "pifs/tables.npz"):
        target = tmp_path / "site" / "selfsame" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / part, target)
    for name, text in files_of(PAGE).items():
        (tmp_path / name).write_text(text)
    shutil.copy(PICTURE, tmp_path / "site" / "picture.ssm")
    return tmp_path / "site"


@needs_node
def test_the_script_for_node(site):
    command = ["node", site / "describe.mjs", site / "picture.ssm"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    luma = selfsame.load(PICTURE).planes[0]
    assert run.stdout.startswith(f"128x96, {len(luma.blocks)} blocks of luma")


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
def test_the_page_in_a_browser(site, tmp_path):
    asked = set()

    class Noting(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            asked.add(self.path)

    handler = functools.partial(Noting, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/index.html"
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        options += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000"]
        command = [BROWSER, *options, "--dump-dom", address]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        server.shutdown()
    assert "<title>pifs, 256x192</title>" in run.stdout, run.stderr[-2000:]
    assert re.search(r'<canvas [^>]*width="256"', run.stdout)
    assert {"/selfsame/web/selfsame.wasm", "/selfsame/pifs/tables.npz"} <= asked
