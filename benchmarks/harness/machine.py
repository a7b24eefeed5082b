"""What figures depend on besides the work: machine, versions, commit."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

PACKAGES = ("selfsame", "torch", "numpy", "numba", "scipy", "pillow")


def machine(threads: int | None = None) -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, threads used, memory, load."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = 0.0
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "cpu": _cpu_name(),
        "cores": cores or 1,
        "threads": threads or _torch_threads() or cores or 1,
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
    }


def _torch_threads() -> int | None:
    """Return what torch uses, which the environment may limit, if the script loaded it."""
    torch = sys.modules.get("torch")
    return None if torch is None else int(torch.get_num_threads())


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine() or "unknown"


def versions() -> dict[str, str]:
    """Return the version of every package that the figures depend on."""
    return {name: metadata.version(name) for name in PACKAGES}


def commit() -> str:
    """Return the checkout's commit, with ``+`` if its files differ from it; else ``unknown``."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "src") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
